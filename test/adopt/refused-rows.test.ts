// Rows that dpg cannot hold, each kind planted alone: it stops the adoption and is named, with an example. Then all of
// them at once, kept in quarantine while the others move.

import { expect, test } from 'vitest';
import { adopt } from '../../sdk/cli/adopt/index.js';
import { errorOf } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';
import { OTHER_URL } from './old-deployment.js';
import { action, copyOf, events, mirrored, oldStory, student, tutor } from './story.js';

const database = await testDatabase();
const { sql } = database;

const longUrl = `'https://example.com/' || repeat('x', 1005)`;
const isTutor = `item_id = '${tutor}'`;
const isAction = `action_id = '${action}'`;
const isFirstEvent = `event_id = '${events[0]}'`;

type Bad = [
  root: 'items' | 'item_actions' | 'action_events',
  id: string,
  changes: Record<string, string>,
  ...reasons: string[],
];

/** Ids that nothing else has: each stands for one bad row. */
const id = (n: number) => `bad00000-0000-4000-8000-0000000000${String(n).padStart(2, '0')}`;
const item = (n: number, changes: Record<string, string>, ...reasons: string[]): Bad => [
  'items',
  id(n),
  changes,
  ...reasons,
];
const anAction = (n: number, changes: Record<string, string>, ...reasons: string[]): Bad => [
  'item_actions',
  id(n),
  changes,
  ...reasons,
];
const event = (n: number, changes: Record<string, string>, ...reasons: string[]): Bad => [
  'action_events',
  id(n),
  { update_count: String(n), ...changes },
  ...reasons,
];

const bad: Bad[] = [
  item(1, { item_type: `' '` }, 'key item_type'),
  item(2, { item_type: `repeat('n', 121)` }, 'key item_type'),
  item(3, { item_domain: `E'\\u00a0'` }, 'key item_domain'),
  item(4, { item_instance_url: longUrl }, 'url item_instance_url'),
  item(5, { item_schema_url: `''` }, 'url item_schema_url'),
  item(6, { item_state: `'[1]'` }, 'object item_state'),
  item(7, { item_state: 'null' }, 'object item_state'),
  item(8, { item_state: `jsonb_build_object('text', repeat('x', 1048576))` }, 'size item_state'),
  item(9, { item_latitude: 'null' }, 'coordinates item'),
  item(10, { item_latitude: '90.1' }, 'coordinates item'),
  item(11, { item_longitude: `'NaN'` }, 'coordinates item'),
  item(12, { item_latitude: `'-Infinity'` }, 'coordinates item'),
  item(13, { created_by: `'nobody'` }, 'user created_by'),
  item(14, { created_at: `'infinity'` }, 'time created_at'),
  item(15, { updated_at: 'null' }, 'time updated_at'),

  anAction(20, { action_status: `E'\\t'` }, 'key action_status'),
  anAction(21, { partition_network: `'blue_dot'` }, 'network'),
  anAction(22, { requirements_snapshot: `'"text"'` }, 'object requirements_snapshot'),
  anAction(23, { update_count: '-1' }, 'count update_count'),
  anAction(24, { remarks: `repeat('x', 65537)` }, 'note remarks'),
  anAction(25, { target_item_instance_url: longUrl }, 'url target_item_instance_url'),
  anAction(26, { target_item_id: `'${id(99)}'` }, 'target_missing'),
  anAction(
    28,
    { source_item_id: `'${id(99)}'`, source_item_instance_url: `'${OTHER_URL}'`, source_item_owner: 'null' },
    'owner source_item_owner',
  ),
  anAction(29, { source_item_owner: `repeat('x', 121)` }, 'key source_item_owner'),
  anAction(30, { source_item_id: 'null', source_item_instance_url: `'${OTHER_URL}'` }, 'id source_item_id'),
  anAction(31, { created_at: 'null' }, 'time created_at'),

  event(40, { action_id: `'${id(99)}'` }, 'action_missing'),
  event(41, {}, 'ahead'),
  event(42, { update_count: '0' }, 'event_twice'),
  event(43, { update_count: '1', origin_instance_domain: `' '` }, 'url origin_instance_domain'),
  event(
    44,
    { event_payload: `'null'`, update_count: '1', origin_instance_domain: `'https://else.example.com'` },
    'object event_payload',
  ),
  event(
    45,
    { target_item_latitude: 'null', action_id: `'${id(45)}'`, origin_instance_domain: `'${OTHER_URL}'` },
    'coordinates target_item',
  ),
  event(
    46,
    { target_item_owner: `''`, action_id: `'${id(46)}'`, origin_instance_domain: `'${OTHER_URL}'` },
    'owner target_item_owner',
  ),
  event(
    47,
    { created_at: `'-infinity'`, action_id: `'${id(47)}'`, origin_instance_domain: `'${OTHER_URL}'` },
    'time created_at',
  ),
  event(
    48,
    { update_count: 'null', action_id: `'${id(48)}'`, origin_instance_domain: `'${OTHER_URL}'` },
    'count update_count',
  ),
  event(
    49,
    { partition_network: `'blue_dot'`, action_id: `'${id(49)}'`, origin_instance_domain: `'${OTHER_URL}'` },
    'network',
  ),
];

const idColumn = { items: 'item_id', item_actions: 'action_id', action_events: 'event_id' };
const model = { items: isTutor, item_actions: isAction, action_events: isFirstEvent };
const plant = ([root, badId, changes]: Bad) =>
  copyOf(root, model[root], { [idColumn[root]]: `'${badId}'`, ...changes });

await oldStory(sql, { levels: 0, keys: false, unique: false });
// it takes neither NaN nor infinity, and is lost when a dump is restored on PostgreSQL 15
await sql`drop index public.items_ll_to_earth_idx`;
for (const root of ['items', 'item_actions', 'action_events'] as const) {
  const columns = await sql`
    select attname as name from pg_attribute where attrelid = ${`public.${root}`}::regclass and attnum > 0`;
  for (const { name } of columns)
    await sql.unsafe(`alter table public.${root} alter column ${name} drop not null`);
}

async function countsOfDpg(): Promise<unknown> {
  const [row] = await sql`
    select (select count(*)::int from dpg.items) as items, (select count(*)::int from dpg.item_actions) as actions,
      (select count(*)::int from dpg.action_events) as events, (select count(*)::int from dpg.partitions) as partitions,
      to_regclass('dpg.quarantined_rows') as quarantine`;
  return row;
}

const untouched = { items: 0, actions: 0, events: 0, partitions: 0, quarantine: null };

test.each(bad)('%s %s %j: %s', async (...row) => {
  const [root, badId, , ...reasons] = row as Bad;
  await sql.unsafe(plant(row as Bad));
  try {
    const report = await adopt(sql, { execute: true });
    expect(report.outcome).toBe('stopped');
    expect(report.problems.map((problem) => [problem.root, problem.reason, problem.rows])).toEqual(
      reasons.map((reason) => [root, reason, 1]),
    );
    expect(report.problems[0]?.examples[0]).toMatchObject({ [idColumn[root]]: badId });
    expect(report.problems[0]?.explanation).toMatch(/^[a-z"].{10,}/);
    expect(report.tables.map((table) => [table.root, table.refused, table.to_move])).toEqual([
      ['items', root === 'items' ? 1 : 0, 2],
      ['item_actions', root === 'item_actions' ? 1 : 0, 1],
      ['action_events', root === 'action_events' ? 1 : 0, 3],
    ]);
    expect(await countsOfDpg()).toEqual(untouched);
    await sql.unsafe(`update public.${root} set ${idColumn[root]} = ${idColumn[root]}`); // nothing refuses writes
  } finally {
    await sql.unsafe(`delete from public.${root} where ${idColumn[root]} = '${badId}'`);
  }
});

test('a row without an id, twice the same row, and two rows with one key', async () => {
  await sql.unsafe(copyOf('items', isTutor, { item_id: 'null' }));
  await sql.unsafe(copyOf('items', isTutor, {}));
  await sql.unsafe(
    copyOf('items', `item_id = '${student}'`, {
      item_state: `'{"older": true}'`,
      updated_at: `'2024-12-31'`,
    }),
  );
  const report = await adopt(sql, { execute: true });
  expect(report.problems).toMatchObject([
    { root: 'items', reason: 'repeated', rows: 2 },
    { root: 'items', reason: 'id item_id', rows: 1, examples: [{ item_id: null, item_domain: 'tutor' }] },
  ]);
  expect(await countsOfDpg()).toEqual(untouched);
  await sql`delete from public.items where item_id is null or item_state ? 'older'`;
  await sql`delete from public.items where ctid in (select max(ctid) from public.items group by item_id having count(*) > 1)`;
});

test('owners that are no users are named with how many items each has', async () => {
  await sql.unsafe(copyOf('items', isTutor, { item_id: `'${id(60)}'`, created_by: `'gone'` }));
  await sql.unsafe(copyOf('items', isTutor, { item_id: `'${id(61)}'`, created_by: `'gone'` }));
  await sql.unsafe(copyOf('items', isTutor, { item_id: `'${id(62)}'`, created_by: `'Asha'` }));
  const report = await adopt(sql);
  expect(report.missing_users).toEqual([
    { user: 'gone', items: 2 },
    { user: 'Asha', items: 1 },
  ]);
  await sql`delete from public.items where item_id::text like 'bad%'`;
});

test('what is refused takes along what depends on it', async () => {
  await sql`update public.items set item_state = '1' where item_id = ${tutor}`;
  const report = await adopt(sql);
  expect(report.problems.map((problem) => [problem.root, problem.reason, problem.rows])).toEqual([
    ['items', 'object item_state', 1],
    ['item_actions', 'target_missing', 1],
    ['action_events', 'action_missing', 2],
  ]);
  await sql`update public.items set item_state = '{"name": "Ravi", "subject": "math"}' where item_id = ${tutor}`;
  await sql`update public.items set item_state = '1' where item_id = ${student}`;
  expect((await adopt(sql)).problems.map((problem) => [problem.root, problem.reason, problem.rows])).toEqual([
    ['items', 'object item_state', 1],
    ['item_actions', 'source_missing', 1],
    ['action_events', 'action_missing', 2],
  ]);
  await sql`update public.items set item_state = '{"name": "Asha"}' where item_id = ${student}`;
});

test('an event in which the owner of another instance is missing can name the tombstone', async () => {
  await sql`update public.action_events set target_item_owner = null where event_id = ${mirrored}`;
  expect((await adopt(sql)).problems).toMatchObject([{ reason: 'owner target_item_owner', rows: 1 }]);
  expect(await adopt(sql, { unknownOwners: true })).toMatchObject({ outcome: 'planned', problems: [] });
  await sql`update public.action_events set target_item_owner = 'mira' where event_id = ${mirrored}`;
});

test('with quarantine all of them are kept whole, for dpg_admin only, and the others are moved', async () => {
  for (const row of bad) await sql.unsafe(plant(row));
  const old = await sql.unsafe(`
    select 'public.items' as source_table, to_jsonb(o) as source_row from public.items o where item_id::text like 'bad%'
    union all
    select 'public.item_actions', to_jsonb(o) from public.item_actions o where action_id::text like 'bad%'
    union all
    select 'public.action_events', to_jsonb(o) from public.action_events o where event_id::text like 'bad%'`);
  expect(old.length).toBe(bad.length);

  const plan = await adopt(sql, { quarantine: true });
  expect(plan.outcome).toBe('planned');
  expect(await countsOfDpg()).toEqual(untouched);
  const report = await adopt(sql, { quarantine: true, execute: true });
  expect(report).toMatchObject({ outcome: 'adopted', quarantined: bad.length });
  expect(await countsOfDpg()).toMatchObject({
    items: 2,
    actions: 1,
    events: 3,
    quarantine: 'dpg.quarantined_rows',
  });

  const kept = await sql`
    select source_table, source_row, reasons, source_leaf from dpg.quarantined_rows order by quarantined_row_id`;
  const byId = ({ source_row }: { source_row?: Record<string, string> }) =>
    JSON.stringify([source_row?.event_id ?? source_row?.action_id ?? source_row?.item_id]);
  const sorted = (rows: Iterable<object>) =>
    [...rows].sort((left, right) => (byId(left) < byId(right) ? -1 : 1));
  expect(sorted(kept.map(({ source_table, source_row }) => ({ source_table, source_row })))).toEqual(
    sorted(old),
  );
  expect(kept.every(({ source_table, source_leaf }) => source_table === source_leaf)).toBe(true);
  expect(sorted(kept).map((row) => (row as { reasons: string[] }).reasons)).toEqual(
    sorted(
      bad.map(([root, badId, , ...reasons]) => ({ source_row: { [idColumn[root]]: badId }, reasons })),
    ).map((row) => (row as { reasons: string[] }).reasons),
  );

  const [asAdmin] = await database.connect({
    role: 'dpg_admin',
  })`select count(*)::int from dpg.quarantined_rows`;
  expect(asAdmin?.count).toBe(bad.length);
  for (const role of ['dpg_app', 'dpg_readonly'])
    expect(await errorOf(database.connect({ role })`select from dpg.quarantined_rows`)).toMatchObject({
      code: '42501',
    });
  expect(
    await errorOf(database.connect({ role: 'dpg_admin' })`delete from dpg.quarantined_rows`),
  ).toMatchObject({
    code: '42501',
  });

  const again = await adopt(sql, { quarantine: true, execute: true });
  expect(again).toMatchObject({ outcome: 'adopted_before', problems: [], quarantined: 0 });
  expect(again.tables.map((table) => [table.already_there, table.quarantined_before, table.to_move])).toEqual(
    [
      [2, 15, 0],
      [1, 11, 0],
      [3, 10, 0],
    ],
  );
});

test('every check of the tables of dpg has a reason above', async () => {
  const checks = await sql`
    select conname from pg_constraint
    where conrelid in ('dpg.items'::regclass, 'dpg.item_actions'::regclass, 'dpg.action_events'::regclass)
      and contype in ('c', 'f', 'p', 'u')
    order by conname`;
  expect(checks.map(({ conname }) => conname)).toEqual([
    'action_events_payload_check', // object event_payload
    'action_events_pkey', // repeated
    'action_events_update_count_check', // count update_count
    'action_events_update_key', // event_twice
    'item_actions_partition_check', // network
    'item_actions_pkey', // repeated
    'item_actions_requirements_check', // object requirements_snapshot
    'item_actions_source_local_check', // of a column that is made here
    'item_actions_update_count_check', // count update_count
    'items_coordinates_check', // coordinates item
    'items_created_by_fkey', // user created_by
    'items_pkey', // repeated
    'items_state_check', // object item_state
  ]);
});
