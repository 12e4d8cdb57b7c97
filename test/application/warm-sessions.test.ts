// Sessions that have used every call, and keep plans, when an application adds a column or a trigger; and calls that meet one in
// the making.

import { describe, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const STUDENT = '00000000-0000-4000-8000-000000000001';
const TUTOR = '00000000-0000-4000-8000-000000000002';

async function prepared() {
  const database = await testDatabase();
  await database.sql.unsafe(`
    insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com'), ('ravi', 'Ravi', 'ravi@example.com');
    select dpg.upsert_item('asha', 'n', 'd', 't', 'https://one.example.com', 'https://s', item_id => '${STUDENT}'),
      dpg.upsert_item('ravi', 'n', 'd', 't', 'https://one.example.com', 'https://s', item_id => '${TUTOR}');
    select dpg.create_subscription('all');
    create function public.upper_status() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $body$
    begin
      new.action_status := upper(new.action_status);
      return new;
    end
    $body$;
    create function public.accept() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $body$
    begin
      perform dpg.transition_action('ravi', new.partition_network, new.action_type, new.action_id, 'accepted', 0);
      return null;
    end
    $body$;
    create function public.mark() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $body$
    begin
      new.item_state := '{"marked": true}';
      return new;
    end
    $body$;`);
  return database;
}

const perform = `select a.action_status, a.update_count from dpg.perform_action('asha', 'connect',
  row('n', 'd', 't', '${STUDENT}'), row('n', 'd', 't', '${TUTOR}')) a`;
const upsert = `select u.* from dpg.upsert_item('asha', 'n', 'd', 't', 'https://one.example.com', 'https://s', '{"a": 1}') u`;
const many = `select u.* from dpg.upsert_items('asha', '[{"item_network": "n", "item_domain": "d", "item_type": "t",
  "item_instance_url": "https://one.example.com", "item_schema_url": "https://s", "item_id": "${STUDENT}"}]') u`;
const CALLS = [
  perform,
  upsert,
  many,
  `select u.* from dpg.update_item('asha', 'n', 'd', 't', '${STUDENT}', '{"item_state": {}}') u`,
  `select g.* from dpg.get_item('n', 'd', 't', '${STUDENT}') g`,
  `select f.item_id from dpg.find_items('n', 'd') f`,
  `select f.item_id from dpg.nearest_items('n', 'd', 1, 1) f`,
  `select f.action_id from dpg.find_actions('asha') f`,
  `select f.event_id from dpg.find_events('asha') f`,
  `select t.action_status from dpg.transition_action('ravi', 'n', 'connect',
    (select f.action_id from dpg.find_actions('ravi', action_status => 'created', page_size => 1) f), 'seen') t`,
];

test('a session that has used every call goes on when a column comes', async () => {
  const database = await prepared();
  const session = await database.connect({ max: 1 }).reserve();
  try {
    for (let round = 0; round < 7; round += 1) for (const call of CALLS) await session.unsafe(call);
    for (const table of ['items', 'item_actions', 'action_events'])
      await database.sql.unsafe(`alter table dpg.${table} add column score numeric not null default 7`);
    for (const call of CALLS) await session.unsafe(call);
    expect((await session.unsafe(upsert))[0]?.score).toBe('7');
    expect((await session.unsafe(many))[0]?.score).toBe('7');
  } finally {
    session.release();
  }
});

/** What a call gives that begins while a trigger is made, and waits for it; or that has an older snapshot. */
async function meanwhile(trigger: string, call: string, isolation = 'read committed') {
  const database = await prepared();
  await database.sql.unsafe(perform);
  const session = await database.connect({ max: 1 }).reserve();
  const maker = await database.connect({ max: 1 }).reserve();
  try {
    for (let round = 0; round < 7; round += 1) await session.unsafe(call);
    await database.sql`delete from dpg_private.event_queue`;
    const [own] = await session`select pg_backend_pid() as pid`;
    await session.unsafe(`begin isolation level ${isolation}`);
    await session`select count(*) from dpg.items where item_network = 'n' and item_domain = 'd'`;
    await maker`begin`;
    await maker.unsafe(`create trigger made ${trigger}`);
    if (isolation !== 'read committed') await maker`commit`;
    const answer = session.unsafe(call).execute();
    while (isolation === 'read committed') {
      const [waiting] = await database.sql`
        select from pg_locks l where l.pid = ${own?.pid} and not l.granted`;
      if (waiting) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    if (isolation === 'read committed') await maker`commit`;
    const [row] = await answer;
    await session`commit`;
    return { row, database };
  } finally {
    session.release();
    maker.release();
  }
}

const feed = `
  select string_agg(e.update_count || ' ' || e.action_status, ', ' order by q.seq) as events
  from dpg_private.event_queue q
  join dpg.action_events e on e.partition_network = 'n' and e.action_type = 'connect' and e.event_id = q.event_id`;

describe.each([
  ['read committed', 'dpg.items', 'dpg.item_actions'],
  ['repeatable read', 'dpg.items', 'dpg.item_actions'],
  ['read committed', 'dpg.i_p_n_d', 'dpg.a_p_n_connect'],
  ['repeatable read', 'dpg.i_p_n_d', 'dpg.a_p_n_connect'],
])('a trigger that comes while a call of %s is under way, on %s or %s', (isolation, items, actions) => {
  test('and changes the status: row and event agree', async () => {
    const { row, database } = await meanwhile(
      `before insert on ${actions} for each row execute function public.upper_status()`,
      perform,
      isolation,
    );
    expect(row).toMatchObject({ action_status: 'CREATED', update_count: 0 });
    expect((await database.sql.unsafe(feed))[0]?.events).toBe('0 CREATED');
  });

  test('and accepts at once: created comes first', async () => {
    const { row, database } = await meanwhile(
      `after insert on ${actions} for each row execute function public.accept()`,
      perform,
      isolation,
    );
    expect(row).toMatchObject({ action_status: 'accepted', update_count: 1 });
    expect((await database.sql.unsafe(feed))[0]?.events).toBe('0 created, 1 accepted');
  });

  test('and changes an item: the result is what is stored', async () => {
    const { row } = await meanwhile(
      `before insert or update on ${items} for each row execute function public.mark()`,
      upsert,
      isolation,
    );
    expect(row?.item_state).toEqual({ marked: true });
  });
});

test('a session that has used every call sees a trigger of a leaf come and go', async () => {
  const database = await prepared();
  const session = await database.connect({ max: 1 }).reserve();
  try {
    for (let round = 0; round < 7; round += 1) for (const call of CALLS) await session.unsafe(call);
    for (const [trigger, marked] of [
      ['create trigger made before insert on dpg.i_p_n_d for each row execute function public.mark()', true],
      ['alter table dpg.i_p_n_d disable trigger made', false],
      ['alter table dpg.i_p_n_d enable trigger made', true],
      ['drop trigger made on dpg.i_p_n_d', false],
    ] as const) {
      await database.sql.unsafe(trigger);
      expect((await session.unsafe(upsert))[0]?.item_state).toEqual(marked ? { marked: true } : { a: 1 });
    }
  } finally {
    session.release();
  }
});
