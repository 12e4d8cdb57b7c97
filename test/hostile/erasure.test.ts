// A user is erased while the user's calls, and those of others for the user's items, are under way. Whoever came first is
// waited for and erased with the rest; whoever comes later finds the user's items gone. In each case the row of the user
// can be deleted in the transaction that erases.

import { randomUUID } from 'node:crypto';
import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const observer = database.connect({ max: 1 });

interface Story {
  user: string;
  other: string;
  network: string;
  own: string;
  theirs: string;
}

/** A user with an item, another user with one, in a network of their own; nothing else is there yet. */
async function story(): Promise<Story> {
  const id = randomUUID().slice(0, 8);
  const [user, other, network] = [`user ${id}`, `other ${id}`, `network ${id}`];
  const [own, theirs] = [randomUUID(), randomUUID()];
  for (const name of [user, other])
    await database.sql`insert into public."user" (id, name, email) values (${name}, ${name}, ${`${name}@example.com`})`;
  await upsert(database.sql, user, network, own);
  await upsert(database.sql, other, network, theirs);
  return { user, other, network, own, theirs };
}

const upsert = (sql: postgres.Sql, actor: string, network: string, id: string, domain = 'student') => sql`
  select * from dpg.upsert_item(${actor}, ${network}, ${domain}, 'profile', 'https://example.com',
    'https://schemas.example.com', '{"name": "somebody"}', item_id => ${id}::uuid)`;

const perform = (
  sql: postgres.Sql,
  actor: string,
  network: string,
  source: string,
  target: string,
  id: string,
) => sql`
  select * from dpg.perform_action(${actor}, 'connect', row(${network}, 'student', 'profile', ${source}::uuid)::dpg.item_ref,
    row(${network}, 'student', 'profile', ${target}::uuid)::dpg.item_ref, action_id => ${id}::uuid)`;

/** Starts a call in a transaction of its own and leaves that open. */
async function begun(call: (sql: postgres.Sql) => PromiseLike<unknown>) {
  const sql = database.connect({ max: 1 });
  await sql`begin`;
  await sql`set role dpg_app`;
  await call(sql);
  return { commit: () => sql`commit` };
}

/** Erases the user and deletes the row in one transaction; resolves when that is committed. */
function eraseAndDelete({ user }: Story) {
  return database.sql.begin(async (sql) => {
    const [row] = await sql`select pg_backend_pid() as pid`;
    pids.push(Number(row?.pid));
    await sql`select dpg.erase_user('data officer', ${user}, 'request')`;
    await sql`delete from public."user" where id = ${user}`;
  });
}
const pids: number[] = [];

async function untilWaiting(pid: () => number | undefined): Promise<void> {
  for (let left = 500; left > 0; left--) {
    const [row] = await observer`
      select exists (select from pg_stat_activity where pid = ${pid() ?? 0} and wait_event_type = 'Lock') as waiting`;
    if (row?.waiting) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it does not wait');
}

async function traces(user: string): Promise<string[]> {
  const places = ['dpg.items', 'dpg.item_actions', 'dpg.action_events', 'dpg.redactions', 'public."user"'];
  const found: string[] = [];
  for (const place of [...places, 'dpg_private.party_leaves', 'dpg_private.owner_leaves']) {
    const rows = await database.sql.unsafe(`select from ${place} r where strpos(r::text, $1) > 0`, [user]);
    if (rows.length) found.push(place);
  }
  return found;
}

const CALLS: [string, (sql: postgres.Sql, story: Story) => PromiseLike<unknown>][] = [
  ['upserts a new item', (sql, { user, network }) => upsert(sql, user, network, randomUUID())],
  [
    'upserts a new item in a new domain',
    (sql, { user, network }) => upsert(sql, user, network, randomUUID(), 'another'),
  ],
  [
    'upserts many',
    (sql, { user, network }) => sql`
      select from dpg.upsert_items(${user}, jsonb_build_array(jsonb_build_object(
        'item_network', ${network}::text, 'item_domain', 'many', 'item_type', 'profile',
        'item_instance_url', 'https://example.com', 'item_schema_url', 'https://schemas.example.com')))`,
  ],
  [
    'updates an item',
    (sql, { user, network, own }) => sql`
      select from dpg.update_item(${user}, ${network}, 'student', 'profile', ${own}::uuid, '{"item_state": {"name": "other"}}')`,
  ],
  [
    'performs the first action of a type',
    (sql, { user, network, own, theirs }) => perform(sql, user, network, own, theirs, randomUUID()),
  ],
  [
    'is the target of the first action of a type',
    (sql, { other, network, own, theirs }) => perform(sql, other, network, theirs, own, randomUUID()),
  ],
  [
    'receives an action from another instance',
    (sql, { network, own }) => sql`
      select from dpg.receive_action('visit', row('elsewhere', 'x', 'y', gen_random_uuid())::dpg.item_ref,
        'https://far.example.com', 'far', row(${network}, 'student', 'profile', ${own}::uuid)::dpg.item_ref)`,
  ],
];

test.each(CALLS)('who %s while being erased is erased with that, and can be deleted', async (_what, call) => {
  const told = await story();
  const first = await begun((sql) => call(sql, told));
  const before = pids.length;
  const erased = eraseAndDelete(told);
  await untilWaiting(() => pids[before]);
  await first.commit();
  await erased;
  expect(await traces(told.user)).toEqual([]);
  const rows = await database.sql`
    select item_state from dpg.items where item_network = ${told.network} and created_by = 'dpg_erased_user'`;
  expect(rows.length).toBeGreaterThan(0);
  for (const { item_state } of rows) expect(item_state).toEqual({});
});

test('a transition under way is waited for, and its event is erased', async () => {
  const told = await story();
  const action = randomUUID();
  await perform(database.sql, told.user, told.network, told.own, told.theirs, action);
  const first = await begun(
    (sql) =>
      sql`select from dpg.transition_action(${told.other}, ${told.network}, 'connect', ${action}::uuid, 'accepted')`,
  );
  const before = pids.length;
  const erased = eraseAndDelete(told);
  await untilWaiting(() => pids[before]);
  await first.commit();
  await erased;
  expect(await traces(told.user)).toEqual([]);
  const events = await database.sql`
    select update_count, source_item_owner from dpg.action_events where action_id = ${action} order by update_count`;
  expect([...events]).toEqual([
    { update_count: 0, source_item_owner: 'dpg_erased_user' },
    { update_count: 1, source_item_owner: 'dpg_erased_user' },
  ]);
});

test('who comes while an erasure is under way finds the user erased', async () => {
  const told = await story();
  const action = randomUUID();
  await perform(database.sql, told.user, told.network, told.own, told.theirs, action);
  const app = database.connect({ role: 'dpg_app', max: 8 });
  const { user, other, network, own, theirs } = told;
  let calls: Promise<unknown>[] = [];
  await database.sql.begin(async (sql) => {
    await sql`select dpg.erase_user('data officer', ${user}, 'request')`;
    await sql`delete from public."user" where id = ${user}`;
    calls = [
      upsert(app, user, network, own),
      perform(app, user, network, own, theirs, randomUUID()),
      app`select from dpg.transition_action(${user}, ${network}, 'connect', ${action}::uuid, 'withdrawn')`,
      upsert(app, user, network, randomUUID()),
      app`select source_item_owner from dpg.transition_action(${other}, ${network}, 'connect', ${action}::uuid, 'accepted')`,
    ].map((call) =>
      call.then(
        (rows) => rows[0],
        (error) => error.code,
      ),
    );
    // Three wait for rows that are being erased, one for the user; the last waits for the action.
    for (let left = 500; left > 0; left--) {
      const [row] = await observer`
        select count(*)::int as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      if (row?.waiting === 5) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('they do not wait');
  });
  const [upserted, performed, moved, made, accepted] = await Promise.all(calls);
  expect([upserted, performed, moved]).toEqual(['DP003', 'DP003', 'DP005']);
  // The user was there when it looked, and is not when the row is stored: PostgreSQL's own code, and nothing is stored.
  expect(made).toBe('23503');
  expect(accepted).toEqual({ source_item_owner: 'dpg_erased_user' });
  expect(await traces(user)).toEqual([]);
});

test('users who deal with one another are erased at once, while they go on', {
  timeout: 120_000,
}, async () => {
  const told = await Promise.all(Array.from({ length: 4 }, story));
  const app = database.connect({ role: 'dpg_app', max: 8 });
  const outcomes = new Map<string, number>();
  const count = (key: string) => outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
  let going = true;
  const traffic = Array.from({ length: 8 }, async (_, session) => {
    while (going) {
      const { user, other, network, own, theirs } = told[session % told.length] as Story;
      const calls = [
        () => perform(app, user, network, own, theirs, randomUUID()),
        () => perform(app, other, network, theirs, own, randomUUID()),
        () => upsert(app, user, network, randomUUID(), `domain ${session}`),
        () => upsert(app, other, network, theirs),
      ];
      for (const call of calls)
        await call().then(
          () => count('done'),
          (error) => count(error.code),
        );
    }
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  // Both parties of each network, all at once.
  const users = told.flatMap(({ user, other }) => [user, other]);
  const officers = database.connect({ max: 8 });
  const erased = await Promise.allSettled(
    users.map((user) =>
      officers.begin(async (sql) => {
        await sql`select dpg.erase_user('data officer', ${user}, 'request')`;
        await sql`delete from public."user" where id = ${user}`;
      }),
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  going = false;
  await Promise.all(traffic);
  expect(erased.map((result) => (result.status === 'rejected' ? String(result.reason) : 'erased'))).toEqual(
    users.map(() => 'erased'),
  );
  expect([...outcomes.keys()].filter((key) => !['done', 'DP003', 'DP009', '23503'].includes(key))).toEqual(
    [],
  );
  expect(outcomes.get('done')).toBeGreaterThan(0);
  for (const user of users) expect(await traces(user)).toEqual([]);
  const [row] = await database.sql`
    select count(*)::int as actions, (select count(*)::int from dpg.action_events where update_count = 0) as events
    from dpg.item_actions`;
  expect(row?.actions).toBe(row?.events);
});
