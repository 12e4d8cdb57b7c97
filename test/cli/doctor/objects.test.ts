// Objects that are missing, changed, or somebody else's: planted, reported, mended by the very statements that the report names, and gone.

import { describe, expect, test } from 'vitest';
import { error, examined, faults, notice, warning, withPatient } from './faults.js';

describe('objects', () => {
  test('the schema is gone: one finding, with nothing that would make it worse', async () => {
    await withPatient(async ({ url, sql }) => {
      await sql`drop schema dpg cascade`;
      const { exitCode, findings } = await examined(url);
      expect(exitCode).toBe(1);
      expect(findings).toMatchObject([{ object: 'schema dpg', severity: 'error', mend: [] }]);
    });
  });

  faults({
    'a function is missing': {
      plant: 'drop function dpg.count_items',
      found: [error('objects', 'function dpg.count_items', /missing/)],
    },
    'a private function is missing': {
      plant: 'drop function dpg_private.limit_of',
      found: [error('objects', 'function dpg_private.limit_of', /missing/)],
    },
    'a function was changed': {
      plant: `create or replace function dpg_private.refuse_event_change() returns trigger language plpgsql security invoker
        set search_path = pg_catalog, pg_temp as $$ begin return new; end $$`,
      found: [
        error(
          'objects',
          'function dpg_private.refuse_event_change()',
          /not as the migration made it: its body\./,
        ),
      ],
    },
    'a function runs as its caller': {
      plant: 'alter function dpg.get_item security invoker',
      found: [error('objects', 'function dpg.get_item(text,text,text,uuid)', /security invoker/)],
    },
    'a function has lost its search_path': {
      plant: 'alter function dpg.get_item reset search_path',
      found: [error('objects', 'function dpg.get_item(text,text,text,uuid)', /pinned search_path/)],
    },
    'a table and a view on it are missing': {
      plant: 'drop table dpg_private.instance_url_sightings cascade',
      found: [
        error('objects', 'table dpg_private.instance_url_sightings', /missing/),
        warning('objects', 'index dpg_private.instance_url_sightings_idx', /missing/),
        warning('objects', 'index dpg_private.instance_url_sightings_form_idx', /missing/),
        error('objects', 'view dpg.instance_urls', /missing/),
        error('objects', 'view dpg.peers', /missing/),
      ],
    },
    'an index of a root is missing': {
      plant: 'drop index dpg.items_created_at_idx',
      found: [warning('objects', 'index dpg.items_created_at_idx', /missing/)],
    },
    'the foreign key of items to users is missing': {
      plant: 'alter table dpg.items drop constraint items_created_by_fkey',
      found: [error('objects', 'constraint items_created_by_fkey on dpg.items', /missing/)],
    },
    'the foreign key of items to users deletes with the user': {
      plant: `alter table dpg.items drop constraint items_created_by_fkey,
        add constraint items_created_by_fkey foreign key (created_by) references public."user" (id) on delete cascade`,
      found: [
        error('shape', 'constraint items_created_by_fkey on dpg.items', /ON DELETE CASCADE instead of/),
      ],
    },
    'a check was made anew, and lets everything pass': {
      plant: `alter table dpg.items drop constraint items_coordinates_check,
        add constraint items_coordinates_check check (true)`,
      found: [error('shape', 'constraint items_coordinates_check on dpg.items', /CHECK \(true\) instead of/)],
    },
    'a check of somebody else': {
      plant: `alter table dpg.networks add constraint theirs check (network <> 'x')`,
      found: [warning('shape', 'constraint theirs on dpg.networks', /made no such constraint/)],
      isDecision: true,
    },
    'a column may be null, and another has lost its default': {
      plant: `alter table dpg.items alter column item_state drop not null;
        alter table dpg.item_actions alter column updated_at drop default`,
      found: [
        error('shape', 'column item_state of dpg.items', /instead of jsonb not null/),
        error('shape', 'column updated_at of dpg.item_actions', /instead of .* default clock_timestamp\(\)/),
      ],
    },
    'a column of somebody else': {
      plant: 'alter table dpg.networks add column theirs text',
      found: [warning('shape', 'column theirs of dpg.networks', /made no such column/)],
      isDecision: true,
    },
    'a function with a parsed body was changed': {
      plant: `create or replace function dpg_private.is_key(value text) returns boolean language sql immutable parallel safe
        return true`,
      found: [error('shape', 'function dpg_private.is_key(text)', /its definition/)],
    },
    'a policy lets everybody see everything': {
      plant: `alter policy action_events_parties_only on dpg.action_events using (true)`,
      found: [
        error('shape', 'policy action_events_parties_only on dpg.action_events', /using true instead of/),
      ],
    },
    'a policy of somebody else': {
      plant: `create policy theirs on dpg.action_events for select to dpg_app using (true)`,
      found: [notice('shape', 'policy theirs on dpg.action_events', /may see rows besides their own/)],
      exitCode: 0,
    },
    'a policy of somebody else, of a table to which nobody adds': {
      plant: `alter table dpg.networks enable row level security;
        create policy theirs on dpg.networks for select to dpg_app using (false);
        alter table dpg.networks disable row level security`,
      found: [warning('shape', 'policy theirs on dpg.networks', /not of the migrations/)],
    },
    'another function of the same name': {
      plant: `create function dpg.upsert_item(actor text) returns text language sql return actor;
        revoke all on function dpg.upsert_item(text) from public`,
      found: [error('shape', 'function dpg.upsert_item(text)', /no function of these arguments/)],
    },
    'another function has taken the name of one': {
      plant: `drop function dpg.get_item; create function dpg.get_item(id uuid) returns uuid language sql return id;
        revoke all on function dpg.get_item(uuid) from public`,
      found: [
        error('shape', 'function dpg.get_item(uuid)', /no function of these arguments/),
        error('shape', 'function dpg.get_item(text,text,text,uuid)', /missing; there is another of its name/),
      ],
    },
    'a check is missing': {
      plant: 'alter table dpg.items drop constraint items_coordinates_check',
      found: [error('objects', 'constraint items_coordinates_check on dpg.items', /missing/)],
    },
    'row level security is off': {
      plant: 'alter table dpg.action_events disable row level security',
      found: [error('objects', 'table dpg.action_events', /Row level security is off/)],
    },
    'a policy is missing': {
      plant: 'drop policy item_actions_parties_only on dpg.item_actions',
      found: [error('objects', 'policy item_actions_parties_only on dpg.item_actions', /missing/)],
    },
  });
});
