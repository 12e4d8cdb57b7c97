// Sessions that keep plans of a leaf, when the leaf changes under them, and when their caller tries to get in between. Whatever
// happens, a session that has made every call many times answers as one that has made none.

import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../support/test-database.js';

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

// Above 64 pages changes have kept plans, too.
const GROWN = `
  insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com'), ('ravi', 'Ravi', 'ravi@example.com')
  on conflict do nothing;
  select dpg.ensure_item_partition('n', 'd'), dpg.ensure_item_partition('n', 'e'), dpg.ensure_item_partition('n', 'f');
  select dpg.ensure_action_partition('n', 'connect'), dpg.ensure_action_event_partition('n', 'connect');
  insert into dpg.items (item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
    item_latitude, item_longitude, created_by, created_at, updated_at)
  select 'n', 'd', 't', ('00000000-0000-4000-8000-' || lpad(g::text, 12, '0'))::uuid, 'https://one.example.com', 'https://s',
    jsonb_build_object('text', repeat('x', 300)), 12 + g % 60 * 0.001, 77 + g / 60 * 0.001, case g % 2 when 0 then 'ravi' else 'asha' end,
    timestamptz '2026-01-01' + g * interval '1 minute', timestamptz '2026-01-01'
  from generate_series(1, 2000) g
  on conflict do nothing;
  insert into dpg.items (item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url,
    item_latitude, item_longitude, created_by, created_at, updated_at)
  select 'n', 'e', 't', ('00000000-0000-4000-8000-' || lpad(g::text, 12, '0'))::uuid, 'https://one.example.com', 'https://s',
    12 + g * 0.001, 77.0001, 'asha', timestamptz '2026-01-02' + g * interval '1 minute', timestamptz '2026-01-01'
  from generate_series(1, 30) g
  on conflict do nothing;
  insert into dpg.item_actions
  select a.*
  from dpg.perform_action('asha', 'connect', row('n', 'd', 't', '${id(1)}'), row('n', 'd', 't', '${id(2)}')) p
  cross join lateral (
    select (jsonb_populate_record(p, jsonb_build_object(
      'action_id', ('00000000-0000-4000-9000-' || lpad(g::text, 12, '0'))::uuid, 'requirements_snapshot', jsonb_build_object('text', repeat('x', 300))
    ))).*
    from generate_series(1, 1500) g
  ) a
  on conflict do nothing;`;

const READS = [
  `select g.* from dpg.get_item('n', 'd', 't', '${id(7)}') g`,
  `select f.item_id from dpg.find_items('n', 'd') f`,
  `select f.item_domain, f.item_id from dpg.find_items('n') f`,
  `select f.item_domain, f.item_id from dpg.find_items('n', item_domains => '{d, f}') f`,
  `select f.item_domain, f.item_id from dpg.find_items('n', latitude => 12.01, longitude => 77.01, radius_meters => 500) f`,
  `select f.item_domain, f.item_id from dpg.find_items('n', latitude => 12.01, longitude => 77.01, radius_meters => 50000) f`,
  `select dpg.count_items('n', latitude => 12.01, longitude => 77.01, radius_meters => 500) as count`,
  `select dpg.count_items('n', latitude => 12.01, longitude => 77.01, radius_meters => 500, item_domains => '{d, f}') as count`,
  `select f.item_domain, f.item_id from dpg.nearest_items('n', null, 12.01, 77.01) f`,
  `select f.item_domain, f.item_id from dpg.nearest_items('n', null, 12.01, 77.01, 800, item_domains => '{e, f}') f`,
  `select f.item_id from dpg.find_items('n', 'd', latitude => 12.01, longitude => 77.01, radius_meters => 500) f`,
  `select f.item_id from dpg.find_items('n', 'd', latitude => 12.01, longitude => 77.01, radius_meters => 50000) f`,
  `select dpg.count_items('n', 'd', latitude => 12.01, longitude => 77.01, radius_meters => 500) as count`,
  `select f.* from dpg.find_actions('ravi') f`,
  `select f.* from dpg.find_actions('asha', 'initiated', 'n', 'connect', 'seen', page_size => 2) f`,
  `select g.* from dpg.find_actions('asha', page_size => 1) f, dpg.get_action('asha', 'n', 'connect', f.action_id) g`,
  `select f.* from dpg.find_events('ravi') f`,
  `select f.* from dpg.find_events('asha', action_id => (select e.action_id from dpg.find_events('asha', page_size => 1) e)) f`,
  `select f.item_id, f.distance_meters from dpg.nearest_items('n', 'd', 12.01, 77.01) f`,
  `select f.item_id from dpg.nearest_items('n', 'd', 12.01, 77.01, 800) f`,
];
const WRITES = [
  `select u.created_by from dpg.update_item('asha', 'n', 'd', 't', '${id(1)}',
    jsonb_build_object('item_state', jsonb_build_object('n', clock_timestamp()))) u`,
  `select u.created_by from dpg.upsert_item('asha', 'n', 'd', 't', 'https://one.example.com', 'https://s',
    jsonb_build_object('n', clock_timestamp()), item_id => '${id(3)}') u`,
  `select p.action_status from dpg.perform_action('asha', 'connect', row('n', 'd', 't', '${id(1)}'), row('n', 'd', 't', '${id(2)}')) p`,
  `select t.action_status from dpg.transition_action('ravi', 'n', 'connect',
    (select f.action_id from dpg.find_actions('ravi', action_status => 'created', page_size => 1) f), 'seen') t`,
];

async function answers(sql: postgres.ISql, statements = READS): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const statement of statements) all.push([...(await sql.unsafe(statement))]);
  return all;
}

async function warm(sql: postgres.ISql): Promise<void> {
  for (let round = 0; round < 7; round += 1) await answers(sql, [...READS, ...WRITES]);
}

async function grown(): Promise<TestDatabase> {
  const database = await testDatabase();
  await database.sql.unsafe(GROWN).simple();
  return database;
}

const owner = (sql: postgres.Sql, text: string) => sql.unsafe(text).simple();

describe('a leaf changes under a session that keeps its plans', async () => {
  const database = await grown();
  const leaf = 'dpg.i_p_n_d';
  const changes: Record<string, string> = {
    'it is analysed': `analyze ${leaf}`,
    'an index comes': `create index on ${leaf} (created_by, item_state)`,
    'an index of ours is built anew': `reindex table ${leaf}`,
    'a column comes':
      'alter table dpg.items add column score integer default 3; alter table dpg.item_actions add column score integer',
    'a column goes':
      'alter table dpg.items drop column score; alter table dpg.item_actions drop column score',
    'its functions are made anew': `select dpg_private.give_slot('items', 'n', 'd'), dpg_private.give_slot('items', 'n', null), dpg_private.give_slot('item_actions', 'n', 'connect')`,
    'the functions of slots are replaced': `
      do $body$
      declare
        definition text;
      begin
        for definition in
          select pg_get_functiondef(p.oid) from pg_proc p where p.pronamespace = 'dpg_private'::regnamespace and p.proname ~ '_of_slot$'
        loop
          execute definition;
        end loop;
      end
      $body$`,
    'it loses its slot': `update dpg_private.partition_names set slot = null where network = 'n' and (key in ('d', 'connect') or key is null);
      select dpg_private.create_slot_functions(root) from unnest('{items,item_actions,action_events}'::text[]) root`,
    'it gets another one': `select dpg_private.give_slot(p.root, p.network, p.key) from dpg_private.partition_names p where p.network = 'n' and (p.key is not null or p.root = 'items')`,
    'it becomes empty': `delete from dpg.item_actions; delete from dpg.items where item_id not in ('${id(1)}', '${id(2)}', '${id(3)}', '${id(7)}')`,
    'it grows again': GROWN,
    'it is dropped and made anew': `drop table dpg.a_p_n_connect; drop table ${leaf} cascade; ${GROWN}`,
  };
  const sessions: postgres.ReservedSql[] = [];

  beforeAll(async () => {
    for (const login of [undefined, await database.createLogin('dpg_app')]) {
      const session = await database.connect({ ...(login ? { url: login } : {}), max: 1 }).reserve();
      await warm(session);
      sessions.push(session);
    }
    return () => {
      for (const session of sessions) session.release();
    };
  });

  for (const [what, statements] of Object.entries(changes))
    test(what, async () => {
      await owner(database.sql, statements);
      const fresh = database.connect({ max: 1 });
      for (const session of sessions) {
        expect(await answers(session)).toEqual(await answers(fresh));
        await answers(session, WRITES);
        await warm(session);
        expect(await answers(session)).toEqual(await answers(fresh));
      }
      await fresh.end();
    });
});

test('the caller takes names of ours, throws plans away and changes settings: the answers are the same', async () => {
  const database = await grown();
  const session = await database.connect({ url: await database.createLogin('dpg_app'), max: 1 }).reserve();
  const careful = database.connect({ max: 1 });
  try {
    const attempts = [
      `create type pg_temp.slot_1 as enum ('evil');
       create function pg_temp.item_rows(slot pg_temp.slot_1) returns setof dpg.items language plpgsql as $f$ begin raise 'mine'; end $f$;
       create function pg_temp.item_in_slot(slot smallint, item dpg.item_ref) returns dpg.items language plpgsql as $f$ begin raise 'mine'; end $f$;
       create function pg_temp.slot_keys(root text) returns text[] language plpgsql as $f$ begin raise 'mine'; end $f$;
       create function pg_temp.clock_timestamp() returns timestamptz language plpgsql as $f$ begin raise 'mine'; end $f$;
       create temp table i_p_n_d (like dpg.items);
       set search_path = pg_temp, public, pg_catalog`,
      `prepare item_in_slot(text) as select 'mine'; prepare "dpg_private.item_in_slot" as select 'mine'`,
      'deallocate all',
      'discard plans',
      'discard all',
      'set plan_cache_mode = force_custom_plan',
      'set plan_cache_mode = force_generic_plan',
      'set enable_indexscan = off; set enable_sort = off; set enable_seqscan = on',
      'set jit = on; set jit_above_cost = 0; set jit_inline_above_cost = 0',
      'reset all; set search_path = pg_temp',
    ];
    for (const attempt of attempts) {
      await session.unsafe(attempt).simple();
      for (let round = 0; round < 7; round += 1)
        expect(await answers(session), attempt).toEqual(await answers(careful));
      await answers(session, WRITES);
    }
    const prepared = await session`select p.statement from pg_prepared_statements p where p.from_sql`;
    expect(prepared.map(({ statement }) => statement as string).filter((text) => !/mine/.test(text))).toEqual(
      [],
    );
    // what belongs to a slot is nobody's
    for (const call of [
      'select dpg_private.item_rows(null)',
      `select dpg_private.item_in_slot(1::smallint, row('n', 'd', 't', '${id(1)}')::dpg.item_ref)`,
      `select dpg_private.newest_of_slot(null::pg_temp.slot_1, null, null)`,
      `select dpg_private.give_slot('items', 'n', 'd')`,
    ])
      await expect(session.unsafe(call)).rejects.toMatchObject({
        code: expect.stringMatching(/^(42501|3F000|42704)$/),
      });
  } finally {
    session.release();
  }
});

test('in a cursor, an exception block, a read-only and a repeatable transaction', async () => {
  const database = await grown();
  const session = await database.connect({ url: await database.createLogin('dpg_app'), max: 1 }).reserve();
  try {
    await warm(session);
    const expected = await answers(session);
    for (const begin of [
      'begin read only',
      'begin isolation level repeatable read',
      'begin isolation level serializable read only deferrable',
    ]) {
      await session.unsafe(begin);
      expect(await answers(session), begin).toEqual(expected);
      for (const [number, statement] of READS.entries()) {
        await session.unsafe(`declare c${number} cursor for ${statement}`);
        const rows: unknown[] = [];
        for (
          let one = await session.unsafe(`fetch 3 from c${number}`);
          one.length > 0;
          one = await session.unsafe(`fetch 3 from c${number}`)
        )
          rows.push(...one);
        expect(rows).toEqual(expected[number]);
      }
      await session.unsafe('rollback');
    }
    // what an aborted subtransaction planned is kept as well
    await session.unsafe(`
      do $body$
      begin
        for round in 1..10 loop
          begin
            perform count(*) from dpg.find_items('n', 'd'), dpg.nearest_items('n', 'd', 12, 77);
            perform dpg.get_item('n', 'd', 't', '${id(7)}');
            raise exception 'back';
          exception
            when raise_exception then null;
          end;
        end loop;
      end
      $body$`);
    expect(await answers(session)).toEqual(expected);
    // a statement sees what was there when it began: what it has written itself, it does not find
    const [row] = await session.unsafe(`
      with written as (
        select u.item_id from dpg.upsert_item('asha', 'n', 'd', 't', 'https://one.example.com', 'https://s') u
      )
      select (select count(*) from dpg.find_items('n', 'd', page_size => 1000) f join written w using (item_id)) as found from written`);
    expect(row?.found).toBe('0');
  } finally {
    session.release();
  }
});
