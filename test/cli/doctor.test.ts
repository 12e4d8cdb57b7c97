// Every fault that the doctor knows: planted, reported with its severity and object, mended by the very statements that
// the report names, and gone. What concerns the whole server (roles, settings) is in doctor-server.test.ts.

import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { examine } from '../../sdk/cli/doctor.js';
import { until } from '../concurrency/sessions.js';
import { catalogue, differences } from '../support/catalogue.js';
import { committedMigrations } from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';
import { type Installed, installedCommand } from './command.js';
import { type About, type Finding, healthyDatabases, mend, type Patient } from './faults.js';

const fresh = await testDatabase();
const empty = await testDatabase({ from: 'empty' });
let command: Installed;
let databases: Awaited<ReturnType<typeof healthyDatabases>>;

beforeAll(async () => {
  command = await installedCommand();
  databases = await healthyDatabases();
});
afterAll(async () => {
  await databases.drop();
  await command.remove();
});

/** The last migration: others refer to those before it. */
const last = (await committedMigrations()).at(-1) ?? '';
const recorded = last.replace(/-.*/, '.sql');

async function examined(url: string): Promise<{ exitCode: number; findings: Finding[] }> {
  const { exitCode, document } = await command.document(url, 'doctor');
  return { exitCode, findings: document.findings as Finding[] };
}

const about = ({ check, severity, object, problem }: Finding): About => ({
  check,
  severity,
  object,
  problem,
});

const error = (check: string, object: string, problem: RegExp): About => ({
  check,
  severity: 'error',
  object,
  problem: expect.stringMatching(problem),
});
const warning = (check: string, object: string, problem: RegExp): About => ({
  ...error(check, object, problem),
  severity: 'warning',
});
const notice = (check: string, object: string, problem: RegExp): About => ({
  ...error(check, object, problem),
  severity: 'notice',
});

interface Fault {
  plant: string | ((patient: Patient) => Promise<unknown>);
  found: About[];
  /** 1 unless told: what is only noticed is no reason to stop. */
  exitCode?: number;
  /** Whether there is no statement, since somebody has to decide. */
  isDecision?: boolean;
}

/** Planted, reported, mended, gone. */
function faults(list: Record<string, Fault>): void {
  test.each(Object.entries(list))('%s', async (_, { plant, found, exitCode = 1, isDecision = false }) => {
    await databases.withPatient(async (patient) => {
      if (typeof plant === 'string') await patient.sql.unsafe(plant).simple();
      else await plant(patient);
      const ill = await examined(patient.url);
      expect(ill.findings.map(about)).toEqual(found);
      expect(ill.exitCode).toBe(exitCode);
      if (isDecision) return expect(ill.findings.flatMap(({ mend: statements }) => statements)).toEqual([]);
      await mend(patient.sql, ill.findings);
      expect((await examine(patient.sql)).found).toEqual([]);
    });
  });
}

describe('a healthy database', () => {
  test('that is fresh has nothing', async () => {
    expect(await examined(fresh.url)).toEqual({ exitCode: 0, findings: [] });
    expect(await command.dpgDatabase(fresh.url, 'doctor')).toEqual({
      exitCode: 0,
      stdout: 'Nothing was found by 23 checks.\n',
      stderr: '',
    });
    expect((await command.dpgDatabase(fresh.url, 'doctor', '--sql')).stdout.trim()).toBe('');
  });

  test('that has items, actions, events of several networks and a subscription has nothing', async () => {
    expect(await examined(databases.url)).toEqual({ exitCode: 0, findings: [] });
  });
});

test('it changes nothing; --sql is one script, which mends everything', async () => {
  await databases.withPatient(async ({ url, sql }) => {
    await sql
      .unsafe(`drop trigger action_events_no_truncate on dpg.e_p_restoreone_visit;
        alter table dpg.a_p_restoreone detach partition dpg.a_p_restoreone_visit;
        drop function dpg.get_item;
        update graphile_migrate.migrations set hash = 'sha1:other' where filename = '${recorded}'`)
      .simple();
    const before = await catalogue(sql);
    const told = await command.dpgDatabase(url, 'doctor');
    expect(told.stdout.startsWith(`error: ${last}\n  It was run here with other content`)).toBe(true);
    expect(told.stdout).toMatch(/… \d+ more lines: see --sql\n/);
    expect(told.stdout).toMatch(/\n4 errors\.\n$/);
    const { stdout: script } = await command.dpgDatabase(url, 'doctor', '--sql');
    expect(differences(before, await catalogue(sql), ['before', 'after'])).toEqual([]);
    await sql.unsafe(script).simple();
    expect((await examine(sql)).found).toEqual([]);
  });
});

describe('migrations', () => {
  test('none was run: that is all it says, and migrating mends it', async () => {
    await databases.withPatient(async ({ url, sql }) => {
      await sql`delete from graphile_migrate.migrations`;
      const { exitCode, findings } = await examined(url);
      expect(exitCode).toBe(1);
      expect(findings).toEqual([
        {
          check: 'migrations',
          severity: 'error',
          object: (await committedMigrations()).join(', '),
          problem:
            'It was not run on this database. What else is to be found is examined when all have been run.',
          mend: ['npx dpg-database migrate'],
          mend_with: 'shell',
        },
      ]);
      expect((await command.dpgDatabase(url, 'migrate')).exitCode).toBe(0);
      expect(await examined(url)).toEqual({ exitCode: 0, findings: [] });
    });
  });

  test('an empty database: the same', async () => {
    const { sql, url } = empty;
    expect((await examined(url)).findings.map(({ object }) => object)).toEqual([
      (await committedMigrations()).join(', '),
    ]);
    expect(await sql`select from pg_namespace where nspname in ('dpg', 'graphile_migrate')`).toHaveLength(0);
  });

  test('the database is newer than the package', async () => {
    await databases.withPatient(async ({ url, sql }) => {
      await sql`insert into graphile_migrate.migrations (hash, filename) values ('sha1:later', '000099.sql')`;
      const { findings } = await examined(url);
      expect(findings.map(about)).toEqual([warning('migrations', '000099.sql', /newer than the package/)]);
      expect(findings[0]?.mend).toEqual(['npm install dpg-database@latest']);
    });
  });

  faults({
    'one was run with other content': {
      plant: `update graphile_migrate.migrations set hash = 'sha1:other' where filename = '${recorded}'`,
      found: [error('migrations', last, /other content/)],
    },
  });
});

describe('extensions', () => {
  faults({
    'cube is gone, and with it what has to do with places': {
      plant: 'drop extension cube cascade',
      found: [
        error('extensions', 'extension cube', /missing/),
        notice('extensions', 'extension earthdistance', /no function of ours needs it/),
        ...['place', 'place_box', 'circle_box', 'is_in_box', 'nearness'].map((name) =>
          error('objects', `function dpg_private.${name}`, /missing/),
        ),
        warning('objects', 'index dpg.items_place_idx', /missing/),
      ],
    },
    'one that only queries of your own need': {
      plant: 'drop extension pgcrypto',
      found: [notice('extensions', 'extension pgcrypto', /no function of ours needs it/)],
      exitCode: 0,
    },
  });
});

describe('objects', () => {
  test('the schema is gone: one finding, with nothing that would make it worse', async () => {
    await databases.withPatient(async ({ url, sql }) => {
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
        error('objects', 'function dpg_private.refuse_event_change()', /not as the migration made it: its body\./),
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
        error('objects', 'view dpg.instance_urls', /missing/),
        error('objects', 'view dpg.peers', /missing/),
        warning('objects', 'index dpg_private.instance_url_sightings_form_idx', /missing/),
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

describe('immutability', () => {
  faults({
    'the trigger of events was dropped, and with it those of the leaves': {
      plant: 'drop trigger action_events_immutable on dpg.action_events',
      found: [error('objects', 'trigger action_events_immutable on dpg.action_events', /missing/)],
    },
    'it was disabled, and with it those of the leaves': {
      plant: 'alter table dpg.action_events disable trigger action_events_immutable',
      found: [error('triggers', 'table dpg.action_events', /action_events_immutable is disabled/)],
    },
    'it was disabled on one leaf': {
      plant: 'alter table dpg.e_p_restoreone_connect disable trigger action_events_immutable',
      found: [error('triggers', 'table dpg.e_p_restoreone_connect', /action_events_immutable is disabled/)],
    },
    'it holds no longer for replicas': {
      plant: 'alter table dpg.e_p_restoreone_connect enable trigger action_events_immutable',
      found: [
        error(
          'triggers',
          'table dpg.e_p_restoreone_connect',
          /action_events_immutable is not enabled always/,
        ),
      ],
    },
    'a leaf can be emptied': {
      plant: 'drop trigger action_events_no_truncate on dpg.e_p_restoreone_visit',
      found: [
        error('triggers', 'table dpg.e_p_restoreone_visit', /lacks the trigger action_events_no_truncate/),
      ],
    },
    'the root can be emptied': {
      plant: 'drop trigger action_events_no_truncate on dpg.action_events',
      found: [error('objects', 'trigger action_events_no_truncate on dpg.action_events', /missing/)],
    },
    'the trigger of events was made anew, and does nothing': {
      plant: `create or replace trigger action_events_immutable before update or delete on dpg.action_events
          for each row when (false) execute function dpg_private.refuse_event_change();
        alter table dpg.action_events enable always trigger action_events_immutable`,
      found: [
        error('shape', 'trigger action_events_immutable on dpg.action_events', /WHEN \(false\).* instead of/),
      ],
    },
    'it was made anew for updates only, and of another function': {
      plant: `create function public.lenient() returns trigger language plpgsql set search_path = public, pg_temp as 'begin return new; end';
        create or replace trigger redactions_append_only before update on dpg.redactions
          for each row execute function public.lenient();
        alter table dpg.redactions enable always trigger redactions_append_only`,
      found: [error('shape', 'trigger redactions_append_only on dpg.redactions', /lenient\(\) instead of/)],
    },
    'that of a leaf against emptying was made anew, and does nothing': {
      plant: `create or replace trigger action_events_no_truncate before truncate on dpg.e_p_restoreone_visit
          for each statement when (false) execute function dpg_private.refuse_event_change();
        alter table dpg.e_p_restoreone_visit enable always trigger action_events_no_truncate`,
      found: [
        error('triggers', 'table dpg.e_p_restoreone_visit', /lacks the trigger action_events_no_truncate/),
      ],
    },
    'the record of redactions is guarded no longer': {
      plant: `drop trigger redactions_append_only on dpg.redactions;
        alter table dpg.redactions disable trigger redactions_no_truncate`,
      found: [
        error('objects', 'trigger redactions_append_only on dpg.redactions', /missing/),
        error('triggers', 'table dpg.redactions', /redactions_no_truncate is disabled/),
      ],
    },
  });
});

/** What the feed says of events whose partition is detached. */
const unread = (type: string) => error('lost events', `events of 'restore one'/'${type}'`, /attach it again/);

describe('partitions', () => {
  faults({
    'a leaf is detached': {
      plant: 'alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_visit',
      found: [error('partitions', 'table dpg.e_p_restoreone_visit', /detached/), unread('visit')],
    },
    'a network is detached': {
      plant: 'alter table dpg.action_events detach partition dpg.e_p_restoreone',
      found: [
        error('partitions', 'table dpg.e_p_restoreone', /detached/),
        unread('connect'),
        unread('visit'),
      ],
    },
    'a network is detached, and a leaf from it': {
      plant: `alter table dpg.action_events detach partition dpg.e_p_restoreone;
        alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_visit`,
      found: [
        error('partitions', 'table dpg.e_p_restoreone', /detached/),
        error('partitions', 'table dpg.e_p_restoreone_visit', /detached/),
        unread('connect'),
        unread('visit'),
      ],
    },
    'leaves outlived their network': {
      plant: `alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_connect;
        alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_visit;
        drop table dpg.e_p_restoreone cascade`,
      found: [
        error('partitions', 'table dpg.e_p_restoreone_connect', /detached/),
        error('partitions', 'table dpg.e_p_restoreone_visit', /detached/),
        unread('connect'),
        unread('visit'),
      ],
    },
    'a leaf of items is detached, with keys that need quotation marks': {
      plant: `select dpg.ensure_item_partition('restore one', $$o'brien \\ "x"$$);
        alter table dpg.i_p_restoreone detach partition dpg.i_p_restoreone_obrienx`,
      found: [error('partitions', 'table dpg.i_p_restoreone_obrienx', /detached/)],
    },
    'detaching concurrently was begun and not ended': {
      plant: `update pg_inherits set inhdetachpending = true where inhrelid = 'dpg.e_p_restoreone_visit'::regclass`,
      found: [
        error('partitions', 'table dpg.e_p_restoreone_visit', /begun with concurrently/),
        unread('visit'),
      ],
    },
    'a leaf has another bound': {
      plant: `select dpg.ensure_item_partition('restore one', 'school');
        alter table dpg.i_p_restoreone detach partition dpg.i_p_restoreone_school;
        alter table dpg.i_p_restoreone attach partition dpg.i_p_restoreone_school for values in ('pupil', 'school')`,
      found: [
        error(
          'partitions',
          'table dpg.i_p_restoreone_school',
          /bound is FOR VALUES IN \('pupil', 'school'\) instead of FOR VALUES IN \('school'\)/,
        ),
      ],
    },
    'a leaf is in another network': {
      plant: `select dpg.ensure_action_event_partition('restore one', 'call');
        alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_call;
        alter table dpg.e_p__99fdfc4e attach partition dpg.e_p_restoreone_call for values in ('call')`,
      found: [
        error(
          'partitions',
          'table dpg.e_p_restoreone_call',
          /attached to dpg.e_p__99fdfc4e instead of dpg.e_p_restoreone/,
        ),
      ],
    },
    'a leaf is unlogged': {
      plant: 'alter table dpg.a_p_restoreone_visit set unlogged',
      found: [error('partitions', 'table dpg.a_p_restoreone_visit', /unlogged/)],
    },
    'a leaf was attached by hand': {
      plant: `create table dpg.by_hand (like dpg.items including all excluding indexes);
        alter table dpg.i_p_restoreone attach partition dpg.by_hand for values in ('o''clock')`,
      found: [error('partitions', 'table dpg.by_hand', /attached by hand/)],
    },
    'a leaf of events was attached by hand, and can be emptied': {
      plant: `create table dpg.by_hand partition of dpg.e_p_restoreone for values in ('by hand')`,
      found: [
        error('partitions', 'table dpg.by_hand', /attached by hand/),
        error('partition policies', 'table dpg.by_hand', /Row level security is off/),
        error('triggers', 'table dpg.by_hand', /lacks the trigger action_events_no_truncate/),
      ],
    },
    'a default partition takes what no leaf is for': {
      plant: 'create table dpg.others partition of dpg.i_p_restoreone default',
      found: [error('partitions', 'table dpg.others', /attached by hand, with the bound DEFAULT/)],
    },
    'an empty table stands in the place of a leaf that was detached': {
      plant: `alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_visit;
        create table dpg.by_hand partition of dpg.e_p_restoreone for values in ('visit')`,
      found: [
        error('partitions', 'table dpg.by_hand', /attached by hand/),
        error('partitions', 'table dpg.e_p_restoreone_visit', /detached/),
        error('partition policies', 'table dpg.by_hand', /Row level security is off/),
        error('triggers', 'table dpg.by_hand', /lacks the trigger action_events_no_truncate/),
        unread('visit'),
      ],
    },
  });

  const rowsOf = async (sql: postgres.Sql) => {
    const [row] = await sql`
      select (select count(*)::integer from dpg.items) as items, (select count(*)::integer from dpg.item_actions) as actions,
        (select count(*)::integer from dpg.action_events) as events`;
    return row;
  };

  /** Mended, every row is where it was, in one tree, and the functions write there. */
  test.each(
    Object.entries({
      'a leaf has another name': {
        plant: 'alter table dpg.e_p_restoreone_visit rename to events_of_visits',
        found: [
          error('partitions', 'table dpg.events_of_visits', /dpg\.e_p_restoreone_visit under another name/),
        ],
      },
      'a network has another name': {
        plant: 'alter table dpg.i_p_restoreone rename to items_of_one',
        found: [error('partitions', 'table dpg.items_of_one', /dpg\.i_p_restoreone under another name/)],
      },
      'a leaf is in another schema, under another name': {
        plant: `alter table dpg.e_p_restoreone_visit rename to visits;
          create schema archive; alter table dpg.visits set schema archive`,
        found: [error('partitions', 'table archive.visits', /dpg\.e_p_restoreone_visit under another name/)],
      },
      'a network is not recorded, nor are its leaves': {
        plant: `delete from dpg_private.partition_names where network = 'restore one'`,
        found: ['a_p_restoreone', 'e_p_restoreone', 'i_p_restoreone']
          .concat([
            ...['a_p_restoreone_connect', 'a_p_restoreone_visit'],
            ...['e_p_restoreone_connect', 'e_p_restoreone_visit'],
            ...['i_p_restoreone_student', 'i_p_restoreone_tutor'],
          ])
          .map((name) => error('partitions', `table dpg.${name}`, /attached by hand/)),
      },
      'a network is not recorded, and a leaf of it is detached': {
        plant: `delete from dpg_private.partition_names where name = 'e_p_restoreone';
          alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_visit`,
        found: [
          error('partitions', 'table dpg.e_p_restoreone', /attached by hand/),
          error('partitions', 'table dpg.e_p_restoreone_visit', /detached/),
          unread('visit'),
        ],
      },
    } satisfies Record<string, Fault>),
  )('%s: no row is lost', async (_, { plant, found }) => {
    await databases.withPatient(async ({ sql, url }) => {
      const before = {
        rows: await rowsOf(sql),
        leaves: await sql`select * from dpg.partitions order by leaf::text`,
      };
      expect(before.rows).toMatchObject({ items: expect.any(Number), events: expect.any(Number) });
      await sql.unsafe(plant).simple();
      const { findings } = await examined(url);
      expect(findings.map(about)).toEqual(found);
      await mend(sql, findings);
      expect((await examine(sql)).found).toEqual([]);
      expect({
        rows: await rowsOf(sql),
        leaves: await sql`select * from dpg.partitions order by leaf::text`,
      }).toEqual(before);
    });
  });

  test('a table with rows and a bound that no leaf has is not detached by what mends', async () => {
    await databases.withPatient(async ({ sql, url }) => {
      await sql
        .unsafe(
          `create table dpg.by_hand (like dpg.items including all excluding indexes);
           alter table dpg.i_p_restoreone attach partition dpg.by_hand for values in ('one', 'two');
           insert into dpg.by_hand select (jsonb_populate_record(null::dpg.items, to_jsonb(i) || '{"item_domain": "two"}')).*
             from dpg.items i where item_network = 'restore one' limit 1`,
        )
        .simple();
      const { findings } = await examined(url);
      expect(findings).toMatchObject([
        {
          object: 'table dpg.by_hand',
          severity: 'error',
          mend: [],
          problem: expect.stringMatching(/holds rows/),
        },
      ]);
    });
  });

  test('two tables of the same keys, each with rows: which is kept is not for it to say', async () => {
    await databases.withPatient(async ({ sql, url }) => {
      await sql
        .unsafe(
          `alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_visit;
           create table dpg.visits partition of dpg.e_p_restoreone for values in ('visit');
           insert into dpg.visits select * from dpg.e_p_restoreone_visit`,
        )
        .simple();
      const { findings } = await examined(url);
      expect(findings.filter(({ check }) => check === 'partitions')).toMatchObject([
        { object: 'table dpg.visits', mend: [] },
        { object: 'table dpg.e_p_restoreone_visit', mend: [] },
      ]);
    });
  });

  test('a table with rows that was detached and renamed is told of', async () => {
    await databases.withPatient(async ({ sql, url }) => {
      await sql
        .unsafe(
          `alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_visit;
           alter table dpg.e_p_restoreone_visit rename to e_p_old_visits`,
        )
        .simple();
      expect((await examined(url)).findings.map(about)).toEqual([
        warning(
          'partitions',
          'table dpg.e_p_old_visits',
          /columns of dpg\.action_events and rows.*attached to nothing/,
        ),
        unread('visit'),
      ]);
    });
  });
});

describe('indexes', () => {
  faults({
    'a network and its leaves lack an index of the root': {
      plant: `drop index dpg.items_state_idx;
        create index items_state_idx on only dpg.items using gin (item_state jsonb_path_ops)`,
      found: ['i_p__99fdfc4e', 'i_p_ncodequotednet', 'i_p_restoreone', 'i_p_restoreone_939020b4'].map(
        (name) => warning('indexes', `table dpg.${name}`, /lacks the index .* dpg.items_state_idx/),
      ),
    },
    'one leaf lacks an index': {
      // an index of a partition cannot be dropped
      plant: `delete from pg_inherits where inhrelid = 'dpg.i_p_restoreone_student_item_state_idx'::regclass;
        delete from pg_depend where objid = 'dpg.i_p_restoreone_student_item_state_idx'::regclass and deptype in ('P', 'S');
        update pg_class set relispartition = false where oid = 'dpg.i_p_restoreone_student_item_state_idx'::regclass;
        drop index dpg.i_p_restoreone_student_item_state_idx`,
      found: [warning('indexes', 'table dpg.i_p_restoreone_student', /lacks the index/)],
    },
    'the index of one leaf is no longer its parent’s': {
      plant: `delete from pg_inherits where inhrelid = 'dpg.i_p_restoreone_student_item_state_idx'::regclass;
        update pg_class set relispartition = false where oid = 'dpg.i_p_restoreone_student_item_state_idx'::regclass`,
      found: [warning('indexes', 'table dpg.i_p_restoreone_student', /lacks the index/)],
    },
    'an index was begun with concurrently and not ended': {
      plant: ({ sql }) =>
        expect(
          sql`create unique index concurrently by_hand on dpg.a_p_restoreone_visit (partition_network)`,
        ).rejects.toMatchObject({ code: '23505' }),
      found: [error('indexes', 'index dpg.by_hand', /begun with concurrently/)],
    },
    'the index of a leaf is not valid': {
      plant: `update pg_index set indisvalid = false where indexrelid = 'dpg.i_p_restoreone_student_item_state_idx'::regclass`,
      found: [error('indexes', 'index dpg.i_p_restoreone_student_item_state_idx', /not valid/)],
    },
    'the index of a root is not valid': {
      plant: `update pg_index set indisvalid = false where indexrelid = 'dpg.items_state_idx'::regclass`,
      found: [
        warning('indexes', 'index dpg.items_state_idx', /not valid, though each partition has its own/),
      ],
    },
  });
});

describe('triggers', () => {
  faults({
    'a leaf has lost the clone of a trigger': {
      // a clone cannot be dropped
      plant: `delete from pg_depend where objid in
          (select oid from pg_trigger where tgrelid = 'dpg.e_p_restoreone_visit'::regclass and tgparentid <> 0);
        delete from pg_trigger where tgrelid = 'dpg.e_p_restoreone_visit'::regclass and tgname = 'action_events_immutable'`,
      found: [
        error('triggers', 'table dpg.e_p_restoreone_visit', /lacks the trigger action_events_immutable/),
      ],
    },
    'a trigger that keeps other tables is disabled': {
      plant: 'alter table dpg.item_actions disable trigger item_actions_note_parties',
      found: [error('triggers', 'table dpg.item_actions', /item_actions_note_parties is disabled/)],
    },
    'the triggers of a foreign key are disabled': {
      plant: `alter table dpg.i_p_restoreone_student disable trigger all`,
      found: [
        /foreign key from dpg\.a_p_restoreone to dpg\.i_p_restoreone_student are disabled/,
        /foreign key from dpg\.i_p_restoreone_student to public\."user" are disabled/,
      ].map((problem) => error('triggers', 'table dpg.i_p_restoreone_student', problem)),
    },
  });
});

describe('foreign keys', () => {
  faults({
    'a network’s actions refer to its items no longer': {
      plant: `alter table dpg.a_p_restoreone drop constraint item_actions_source_item_fkey, drop constraint item_actions_target_item_fkey`,
      found: ['source', 'target'].map((side) =>
        error(
          'foreign keys',
          'table dpg.a_p_restoreone',
          new RegExp(`lacks the foreign key item_actions_${side}_item_fkey to dpg.i_p_restoreone`),
        ),
      ),
    },
    'a network’s items were dropped': {
      plant: `select dpg.ensure_action_partition('red_dot', 'connect'); drop table dpg.i_p_reddot cascade`,
      found: [error('foreign keys', 'table dpg.a_p_reddot', /items of its network have no table/)],
    },
    'a leaf has lost its foreign key': {
      // a clone cannot be dropped
      plant: `create temp table lost as select oid from pg_constraint
          where conrelid = 'dpg.i_p_restoreone_tutor'::regclass and contype = 'f';
        delete from pg_depend where refobjid in (select oid from lost) or objid in (select oid from lost);
        delete from pg_trigger where tgconstraint in (select oid from lost);
        delete from pg_constraint where oid in (select oid from lost)`,
      found: [
        error(
          'foreign keys',
          'table dpg.i_p_restoreone_tutor',
          /lacks the foreign key items_created_by_fkey of its parent/,
        ),
      ],
    },
    'one is not valid': {
      plant: `alter table dpg.failed_events drop constraint failed_events_subscription_fkey;
        alter table dpg.failed_events add constraint failed_events_subscription_fkey
          foreign key (subscription) references dpg.subscriptions not valid`,
      found: [
        error('foreign keys', 'table dpg.failed_events', /failed_events_subscription_fkey is not enforced/),
      ],
    },
  });
});

test.runIf(Number.parseInt(inject('serverVersion'), 10) >= 18)(
  'a foreign key that is not enforced is enforced again',
  async () => {
    await databases.withPatient(async ({ sql, url }) => {
      await sql`alter table dpg.items alter constraint items_created_by_fkey not enforced`;
      const { findings } = await examined(url);
      expect(findings.filter(({ check }) => check !== 'triggers')).toMatchObject([
        {
          object: 'table dpg.items',
          problem: 'Its foreign key items_created_by_fkey is not enforced.',
          mend: ['alter table dpg.items alter constraint items_created_by_fkey enforced;'],
        },
      ]);
      await mend(sql, findings);
      expect((await examine(sql)).found).toEqual([]);
    });
  },
);

describe('grants and owners', () => {
  faults({
    'a function may not be called': {
      plant: `revoke execute on function dpg.get_item from dpg_app, dpg_readonly`,
      found: ['dpg_app', 'dpg_readonly'].map((role) =>
        error(
          'grants',
          'function dpg.get_item(text,text,text,uuid)',
          new RegExp(`^${role} lacks the privilege execute`),
        ),
      ),
    },
    'a schema, a table, a column and a type may not be used': {
      plant: `revoke usage on schema dpg from dpg_app;
        revoke select on dpg.items from dpg_readonly;
        revoke update (limit_value) on dpg.limits from dpg_admin;
        revoke usage on type dpg.item_ref from dpg_app`,
      found: [
        error('grants', 'schema dpg', /^dpg_app lacks the privilege usage/),
        error('grants', 'table dpg.items', /^dpg_readonly lacks the privilege select/),
        error('grants', 'table dpg.limits', /^dpg_admin lacks the privilege update \(limit_value\)/),
        error('grants', 'type dpg.item_ref', /^dpg_app lacks the privilege usage/),
      ],
    },
    'everybody may call what is private': {
      plant: 'grant execute on function dpg_private.find_leaf to public',
      found: [
        error(
          'grants',
          'function dpg_private.find_leaf(text,text,text)',
          /^public may call the function, which the migration has not granted/,
        ),
      ],
    },
    'an application may redact': {
      plant: 'grant execute on function dpg.erase_user to dpg_app',
      found: [error('grants', 'function dpg.erase_user(text,text,text)', /^dpg_app may call the function/)],
    },
    'an application may write without the functions': {
      plant: 'grant insert, update on dpg.items to dpg_app',
      found: [warning('grants', 'table dpg.items', /^dpg_app may insert, update without the functions/)],
    },
    'a leaf may be read past the policies of its root': {
      plant: 'grant select on dpg.e_p_restoreone_visit to dpg_app',
      found: [
        warning(
          'grants',
          'table dpg.e_p_restoreone_visit',
          /^dpg_app has privileges on what is a partition by itself \(select\)/,
        ),
      ],
    },
    'all may be read by a role of your own, the partitions past their policies': {
      async plant({ sql }) {
        await sql
          .unsafe(`grant select on all tables in schema dpg to pg_monitor;
          grant execute on function dpg.redact_event to pg_monitor`)
          .simple();
      },
      found: [
        error(
          'grants',
          'function dpg.redact_event(text,text,text,uuid,text)',
          /^pg_monitor may call the function/,
        ),
        notice(
          'grants',
          '30 partitions',
          /^pg_monitor has privileges on what is a partition by itself \(select\)/,
        ),
        notice('grants', '14 tables', /^pg_monitor has privileges .* not granted \(select\)/),
      ],
    },
    'a leaf and a function belong to somebody else': {
      plant: `alter table dpg.i_p_restoreone_student owner to dpg_admin; alter function dpg.get_item owner to dpg_admin;
        grant execute on function dpg.get_item to dpg_app, dpg_admin, dpg_readonly`,
      found: [
        error('owners', 'table dpg.i_p_restoreone_student', /belongs to dpg_admin/),
        error('owners', 'function dpg.get_item(text,text,text,uuid)', /belongs to dpg_admin/),
      ],
    },
  });
});

describe('sequences', () => {
  faults({
    'one is near its end': {
      plant: `alter sequence dpg_private.event_feed_position_seq maxvalue 2000;
        select setval('dpg_private.event_feed_position_seq', 1600)`,
      found: [
        error(
          'sequences',
          'sequence dpg_private.event_feed_position_seq',
          /used 80 % of its numbers up to 2000/,
        ),
      ],
    },
    'one begins anew at its end': {
      plant: `alter sequence dpg_private.event_queue_seq_seq cycle`,
      found: [error('sequences', 'sequence dpg_private.event_queue_seq_seq', /begins anew/)],
    },
    'one is behind its table': {
      plant: `select setval('dpg_private.event_feed_position_seq', 3)`,
      found: [
        error(
          'sequences',
          'sequence dpg_private.event_feed_position_seq',
          /not beyond the highest of dpg_private.event_feed."?position"?/,
        ),
      ],
    },
  });

  test('one that has no more to give has no statement either', async () => {
    await databases.withPatient(async ({ url, sql }) => {
      await sql`select setval('dpg.redactions_redaction_id_seq', 9223372036854775806)`;
      const { findings } = await examined(url);
      expect(findings.map(about)).toEqual([
        error(
          'sequences',
          'sequence dpg.redactions_redaction_id_seq',
          /used 99 % of its numbers, of which nobody needs/,
        ),
      ]);
      expect(findings[0]?.mend).toEqual([]);
    });
  });
});

describe('vacuum', () => {
  faults({
    'dead rows beyond reason, in a table that autovacuum leaves out': {
      async plant({ sql }) {
        await sql`alter table dpg_private.event_queue set (autovacuum_enabled = false)`;
        await sql`
          insert into dpg_private.event_queue (partition_network, action_type, event_id, source_item_instance_url, created_at)
          select 'n', 'a', gen_random_uuid(), 'u', now() from generate_series(1, 10500)`;
        await sql`delete from dpg_private.event_queue where partition_network = 'n'`;
        await sql`select pg_stat_force_next_flush()`;
        await sql`select 1`;
      },
      found: [
        warning('vacuum', 'table dpg_private.event_queue', /left out of autovacuum/),
        warning(
          'vacuum',
          'table dpg_private.event_queue',
          /has 10500 dead rows: autovacuum, which begins at 2000,/,
        ),
      ],
    },
  });
});

describe('settings of the database', () => {
  const reset = (name: string): Fault['plant'] => `do $$ begin
    execute format('alter database %I set ${name}', current_database()); end $$`;
  const about = (name: string, problem: RegExp): About => ({
    ...error('settings', '', problem),
    object: expect.stringContaining(`setting ${name} of database`) as unknown as string,
  });
  faults({
    'plans for every leaf are forced': {
      plant: reset('plan_cache_mode = force_generic_plan'),
      found: [about('plan_cache_mode', /force_generic_plan/)],
    },
    'foreign keys are not checked': {
      plant: reset('session_replication_role = replica'),
      found: [about('session_replication_role', /foreign keys are not checked/)],
    },
  });
});

describe('limits', () => {
  faults({
    'leaves of a network': {
      plant: `update dpg.limits set limit_value = 2 where limit_name = 'leaves_per_network'`,
      found: [
        ['items', 'Ünïcode "quoted" \\\\\' net'],
        ['items', '日本'],
        ['items', 'restore one'],
        ['items', 'restore_one'],
        ['action_events', 'restore one'],
        ['item_actions', 'restore one'],
      ].map(() =>
        warning('limits', expect.stringMatching(/^network/) as unknown as string, /has 2 of the 2 leaves/),
      ),
    },
    networks: {
      plant: `update dpg.limits set limit_value = 4 where limit_name = 'networks'`,
      found: ['action_events', 'item_actions', 'items'].map((root) =>
        warning('limits', `table dpg.${root}`, /has 4 of the 4 networks/),
      ),
    },
  });
});

describe('subscriptions', () => {
  faults({
    'nobody reads one': {
      plant: `update dpg_private.event_feed set created_at = created_at - interval '3 hours';
        update dpg.subscriptions set created_at = created_at - interval '3 hours', leased_at = leased_at - interval '3 hours',
          acknowledged_at = acknowledged_at - interval '3 hours'`,
      found: [
        warning(
          'subscriptions',
          'subscription reader',
          /Nobody has read it for an hour, and \d+ events wait/,
        ),
      ],
    },
    'events were given up': {
      plant: `select dpg.fail_event('reader', (select min("position") from dpg.read_events('reader', 5)), 'unreachable', 1)
        from dpg.subscriptions`,
      found: [warning('subscriptions', 'subscription reader', /1 of its events were given up/)],
    },
  });

  test('one is read, but too slowly, and then held back by an open transaction', async () => {
    await databases.withPatient(async ({ url, sql }) => {
      const late = (problem: RegExp) => [warning('subscriptions', 'subscription reader', problem)];
      await sql`update dpg_private.event_feed set created_at = created_at - interval '3 hours'`;
      await sql`select count(*) from dpg.read_events('reader', 1, 86400)`;
      const leased = await examined(url);
      expect(leased.exitCode).toBe(1);
      expect(leased.findings.map(about)).toEqual(late(/has waited for \d{5} s, though somebody reads/));
      expect(leased.findings[0]?.mend).toEqual(["select dpg.release_events('reader');"]);
      await mend(sql, leased.findings);

      const holder = postgres(url, { max: 1, onnotice: () => {} });
      const [{ pid } = { pid: 0 }] = await holder<{ pid: number }[]>`select pg_backend_pid() as pid`;
      await holder
        .unsafe(`begin; select dpg.perform_action('restore asha', 'visit',
        row('restore one', 'student', 'profile', '00000000-0000-4000-8000-000000000001'),
        row('restore one', 'tu.tor', 'profile', '00000000-0000-4000-8000-000000000011'))`)
        .simple();
      const held = await examined(url);
      expect(held.findings.map(about)).toEqual(
        late(/process \d+ holds it back: it has made events and has not committed/),
      );
      await mend(sql, held.findings);
      await until(`process ${pid} is gone`, async () => {
        const [row] = await sql`select from pg_stat_activity where pid = ${pid}`;
        return row === undefined;
      });
      await holder.end({ timeout: 1 });

      // what is left is for the reader to do
      expect((await examined(url)).findings).toMatchObject([{ object: 'subscription reader', mend: [] }]);
      await sql`select dpg.acknowledge('reader', (select max("position") from dpg.read_events('reader')))`;
      expect(await examined(url)).toEqual({ exitCode: 0, findings: [] });
    });
  });
});
