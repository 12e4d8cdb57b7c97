// Networks that are moving or have moved: what is as it should be is no finding, and what is not is planted, reported, mended.

import { describe, expect, test } from 'vitest';
import { error, examined, faults, warning, withPatient } from './faults.js';

const SERVER = 'postgres://elsewhere.example.com:5432/dpg';
const CLOSED = `
  select dpg_private.begin_move('restore one', '${SERVER}');
  begin;
  select dpg_private.lock_network('restore one', 1000);
  select dpg_private.close_network('restore one', '${SERVER}');
  commit`;
/** By hand, past the trigger that would refuse it; the constant follows. */
const homes = (statement: string) => `
  alter table dpg.homes disable trigger homes_note_moved_networks;
  ${statement};
  alter table dpg.homes enable trigger homes_note_moved_networks;
  do $$ begin
    execute format('create or replace function dpg_private.moved_networks() returns text[] language sql stable parallel safe
      security invoker return %L::text[]', array(select h.network from dpg.homes h order by h.network collate "C"));
  end $$`;

describe('nothing is found', () => {
  test('of a network that has moved away', async () => {
    await withPatient(async ({ url, sql }) => {
      await sql.unsafe(CLOSED).simple();
      expect(await examined(url)).toEqual({ exitCode: 0, findings: [] });
    });
  });

  test('of one that is moving here', async () => {
    await withPatient(async ({ url, sql }) => {
      const leaves = [
        { root: 'items', key: 'student' },
        { root: 'items', key: 'tutor' },
        { root: 'item_actions', key: 'connect' },
        { root: 'action_events', key: 'connect' },
      ];
      const contents = { leaves, mirrored_leaves: [], item_searches: [] };
      await sql`select dpg_private.receive_network('coming', ${SERVER}, ${JSON.stringify(contents)}::text::jsonb)`;
      const [row] = await sql`
        select count(*)::integer as others from pg_trigger
        where tgrelid = 'dpg.e_p_coming_connect'::regclass and tgenabled in ('D', 'A')`;
      expect(row?.others).toBeGreaterThan(0);
      expect(await examined(url)).toEqual({ exitCode: 0, findings: [] });
    });
  });
  test('of users who are guarded, as on a server of several', async () => {
    await withPatient(async ({ url, sql }) => {
      await sql`select dpg_private.guard_users(), dpg_private.guard_copied_users()`;
      expect(await examined(url)).toEqual({ exitCode: 0, findings: [] });
    });
  });
});

describe('moves', () => {
  faults({
    'one has stood still': {
      plant: `select dpg_private.begin_move('restore one', '${SERVER}');
        update dpg_private.moves set changed_at = clock_timestamp() - interval '25 hours' where network = 'restore one'`,
      found: [warning('moves', `network 'restore one'`, /at the step begun .* end it by --abort\.$/)],
      isDecision: true,
    },
    'one was never finished': {
      plant: `${CLOSED}; update dpg_private.moves set changed_at = clock_timestamp() - interval '25 hours' where network = 'restore one'`,
      found: [warning('moves', `network 'restore one'`, /at the step closed .* end it by --finish\.$/)],
      isDecision: true,
    },
    'the constant is not what the table says': {
      plant: `insert into dpg.homes (network, server) values ('far', '${SERVER}');
        create or replace function dpg_private.moved_networks() returns text[] language sql stable parallel safe security invoker
          return '{}'::text[]`,
      found: [error('moves', 'function dpg_private.moved_networks()', /dpg\.homes/)],
    },
    'leaves are closed, and nobody says where the network lives': {
      plant: `${CLOSED}; ${homes(`delete from dpg.homes where network = 'restore one'`)}`,
      found: [error('moves', `network 'restore one'`, /does not say where it lives/)],
      isDecision: true,
    },
    'the network lives elsewhere, and its leaves are open': {
      plant: homes(`insert into dpg.homes (network, server) values ('restore one', '${SERVER}')`),
      found: [error('moves', `network 'restore one'`, /its leaves here are open/)],
      isDecision: true,
    },
    'a closed leaf can be written': {
      plant: `${CLOSED}; alter table dpg.i_p_restoreone_student disable trigger network_closed;
        drop trigger network_closed on dpg.i_p_restoreone_tutor`,
      found: [
        error('moves', 'table dpg.i_p_restoreone_student', /missing or disabled/),
        error('moves', 'table dpg.i_p_restoreone_tutor', /missing or disabled/),
      ],
    },
    'a leaf refuses every write': {
      plant: `select dpg_private.close_leaf('dpg.i_p_restoreone_student', 'restore one', '${SERVER}', 'out')`,
      found: [error('moves', 'table dpg.i_p_restoreone_student', /refuses every write/)],
    },
    'a user was kept': {
      plant: `insert into dpg_private.kept_users (id)
        select i.created_by from dpg.items i where i.created_by <> 'dpg_erased_user' order by 1 limit 1`,
      found: [
        warning('moves', expect.stringMatching(/^user '/) as unknown as string, /still owns items here/),
      ],
    },
    'a user was kept, and has gone since': {
      plant: `insert into dpg_private.kept_users (id) values ('gone')`,
      found: [],
      exitCode: 0,
    },
  });
});
