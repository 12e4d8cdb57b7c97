// Tables of the newest older form: no value of any column is lost, and what dpg adds goes on working.

import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { adopt } from '../../sdk/cli/adopt/index.js';
import { examine } from '../../sdk/cli/doctor.js';
import { addUsers, errorOf } from '../sdk/story.js';
import { type TestDatabase, temporaryDatabase } from '../support/test-database.js';
import { createNewestTables } from './newest-deployment.js';
import { OTHER_URL, OUR_URL } from './old-deployment.js';
import { action, oldStory, student, tutor } from './story.js';

const id = (n: number) => `00000000-0000-4000-8000-0000000000${String(n).padStart(2, '0')}`;

/** From the last digits of an id to its locations, coordinates, and the place that it has afterwards. */
const located: [n: number, locations: string, place: string, expected: [number, number] | null][] = [
  [
    1,
    '[{"lat": 12.9716, "lng": 77.5946, "label": "home"}, {"lat": 1, "lng": 2}]',
    'null, null',
    [12.9716, 77.5946],
  ],
  [2, '[{"lat": "12.98", "lng": " -7.76e1 "}]', 'null, null', [12.98, -77.6]],
  [3, '[{"lat": 1, "lng": 2}]', '50.5, 8.25', [50.5, 8.25]],
  [4, '[]', 'null, null', null],
  [5, 'null', 'null, null', null],
  [6, '[{"lat": "north", "lng": 2}, {"lat": 1, "lng": 2}]', 'null, null', null],
  [7, '[{"lat": 90.5, "lng": 2}]', 'null, null', null],
  [8, '{"lat": 1, "lng": 2}', 'null, null', null],
  [9, '[{"lat": 1e400, "lng": 2}]', '3, 4', [3, 4]],
];

async function story(sql: postgres.Sql): Promise<void> {
  await createNewestTables(sql);
  await addUsers(sql, 'asha', 'ravi', 'the office');
  for (const [n, locations, place] of located)
    await sql.unsafe(`
      insert into public.items (item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url,
        item_locations, item_latitude, item_longitude, item_private_state, lifecycle_status, created_by, created_at, updated_at,
        "Größe", completeness, tags, row_id, rating)
      values ('yellow_dot', '${n === 2 ? 'tutor' : 'student'}', 'profile_1.0', '${id(n)}', '${OUR_URL}', 'https://example.com/schema',
        ${n === 5 ? 'null' : `'${locations}'`}, ${place}, '{"phone": "+91 ${n}"}',
        ${['null', `'draft'`, `'live'`][n % 3]}, ${n === 4 ? 'null' : n === 2 ? `'ravi'` : `'asha'`},
        '2025-01-01', '2025-01-01', ${n % 2 ? `'small'` : `'large'`}, ${n}.5, array['a', 'it''s ${n}'], '{"a":1,  "a":${n}}', ${n})`);
  await sql.unsafe(`
    insert into public.items (item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, created_by,
      completeness, rating)
    values ('blue_dot', 'tutor', 'profile_1.0', '${id(10)}', '${OUR_URL}', 'https://example.com/schema', 'ravi', 0, 1)`);
  const action = (n: number, sourceId: string, sourceUrl: string, more: Record<string, string>) => `
    insert into public.item_actions (partition_network, action_type, action_id, action_status, update_count,
      source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
      target_item_network, target_item_domain, target_item_type, target_item_id, target_item_instance_url, created_at, updated_at
      ${Object.keys(more)
        .map((name) => `, ${name}`)
        .join('')})
    values ('yellow_dot', 'connect', '${id(n)}', 'created', 0, 'yellow_dot', 'student', 'profile_1.0', '${sourceId}', '${sourceUrl}',
      'yellow_dot', 'tutor', 'profile_1.0', '${id(2)}', '${OUR_URL}', '2025-02-01', '2025-02-01'
      ${Object.values(more)
        .map((value) => `, ${value}`)
        .join('')})`;
  await sql.unsafe(
    action(20, id(1), OUR_URL, {
      performed_by_org_id: `'an organisation'`,
      performed_by_service_user_id: `'a service'`,
      match_score: '0.1',
    }),
  );
  // its source was deleted: nothing held it
  await sql.unsafe(action(21, id(99), OUR_URL, { source_item_owner: `'asha'`, performed_by_org_id: `' '` }));
  await sql.unsafe(action(22, id(98), OUR_URL, { match_score: `'NaN'` }));
  await sql.unsafe(action(23, id(97), OTHER_URL, { source_item_owner: `'mira'` }));
  const event = (
    n: number,
    network: string,
    actionId: string,
    origin: string,
    target: string,
    more: Record<string, string> = {},
  ) => `
    insert into public.action_events (partition_network, action_type, event_id, origin_instance_domain, action_id, action_status,
      update_count, source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
      target_item_network, target_item_domain, target_item_type, target_item_id, target_item_instance_url, target_item_owner, created_at
      ${Object.keys(more)
        .map((name) => `, ${name}`)
        .join('')})
    values ('${network}', 'connect', '${id(n)}', '${origin}', '${actionId}', 'created', 0,
      'yellow_dot', 'student', 'profile_1.0', '${id(1)}', '${OUR_URL}', ${target}, '2025-02-01'
      ${Object.values(more)
        .map((value) => `, ${value}`)
        .join('')})`;
  const here = `'yellow_dot', 'tutor', 'profile_1.0', '${id(2)}', '${OUR_URL}', 'ravi'`;
  const there = `'blue_dot', 'tutor', 'profile_1.0', '${id(96)}', '${OTHER_URL}', 'mira'`;
  await sql.unsafe(
    event(30, 'yellow_dot', id(20), OUR_URL, here, {
      source_item_locations: `'[{"lat": "12.9", "lng": "77.5"}]'`,
      target_item_locations: `'[{"lat": 99, "lng": 1}]'`,
      performed_by_org_id: `'an organisation'`,
    }),
  );
  // mirrored: one lies in the network of the source, one in that of the target
  await sql.unsafe(
    event(31, 'yellow_dot', id(40), OTHER_URL, there, { target_item_locations: `'[{"lat": 5, "lng": 6}]'` }),
  );
  await sql.unsafe(event(32, 'blue_dot', id(41), OTHER_URL, there));
}

async function withStory(use: (database: TestDatabase) => Promise<void>): Promise<void> {
  const { drop, ...database } = await temporaryDatabase();
  try {
    await story(database.sql);
    await use(database);
  } finally {
    await drop();
  }
}

/** How many values of a column differ from those of the old table, and how many there are. */
async function lost(sql: postgres.Sql, root: string, key: string, name: string): Promise<[number, number]> {
  const [row] = await sql.unsafe<{ differ: number; filled: number }[]>(`
    select count(*) filter (where o."${name}"::text is distinct from d."${name}"::text)::int as differ,
      count(d."${name}")::int as filled
    from public.${root} o left join dpg.${root} d using (${key})`);
  return [row?.differ ?? -1, row?.filled ?? -1];
}

test('what dpg has no place for is in the way, and each hint fits its table', () =>
  withStory(async ({ sql }) => {
    const report = await adopt(sql, { execute: true });
    expect(report.outcome).toBe('stopped');
    expect(report.obstacles.map(({ message, hint }) => [message, hint])).toEqual(
      [
        ['items', '"item_locations" has a value in 9 rows, and dpg has no such column'],
        ['items', '"item_private_state" has a value in 9 rows, and dpg has no such column'],
        ['items', '"Größe" has a value in 10 rows, and dpg has no such column'],
        ['items', '"completeness" has a value in 10 rows, and dpg has no such column'],
        ['items', '"tags" has a value in 9 rows, and dpg has no such column'],
        ['items', '"number" has a value in 10 rows, and dpg has no such column'],
        ['items', '"row_id" has a value in 9 rows, and dpg has no such column'],
        ['items', '"rating" has a value in 10 rows, and dpg has no such column'],
        ['item_actions', '"match_score" has a value in 2 rows, and dpg has no such column'],
        [
          'item_actions',
          '"performed_by_org_id" has another value than performed_by_service_user_id in 1 row, and dpg has room for one in performed_by',
        ],
        ['action_events', '"source_item_locations" has a value in 1 row, and dpg has no such column'],
        ['action_events', '"target_item_locations" has a value in 2 rows, and dpg has no such column'],
      ].map(([root, message]) => [
        `public.${root}.${message}`,
        expect.stringContaining(`Keep it as a column of your own of dpg.${root} with --keep-columns`),
      ]),
    );
    expect(report.problems).toMatchObject([
      {
        root: 'items',
        reason: 'owner created_by',
        rows: 1,
        hint: expect.stringContaining('--owner-of-none'),
      },
      {
        root: 'item_actions',
        reason: 'owner source_item_owner',
        rows: 1,
        hint: expect.stringContaining('--owner-of-none'),
      },
    ]);
    expect(await errorOf(adopt(sql, { ownerOfNone: 'nobody' }))).toMatchObject({
      message: `there is no user 'nobody' in public."user"`,
    });
  }));

test('columns are kept with their indexes, no value is lost, and a second run finds it done', () =>
  withStory(async ({ sql }) => {
    const options = { keepColumns: true, ownerOfNone: 'the office' };
    const plan = await adopt(sql, options);
    expect(plan).toMatchObject({ outcome: 'planned', problems: [], obstacles: [] });
    const [untouched] =
      await sql`select count(*)::int from pg_attribute where attrelid = 'dpg.items'::regclass and attnum > 0`;
    expect(untouched?.count).toBe(13);
    const done = await adopt(sql, { ...options, execute: true });
    expect(done.outcome).toBe('adopted');
    expect(done.moved.every((leaf) => leaf.old_checksum === leaf.checksum)).toBe(true);

    // every column is accounted for
    const accounts = (root: string) =>
      done.columns
        .filter((column) => column.root === root && column.became !== 'moved')
        .map(({ column, became, into }) => `${column} ${became} ${into.join(' ')}`);
    const [names] = await sql`
      select array_agg(attrelid::regclass || '.' || attname order by attrelid::regclass::text, attname)::text[] as all
      from pg_attribute
      where attnum > 0 and not attisdropped
        and attrelid in ('public.items'::regclass, 'public.item_actions'::regclass, 'public.action_events'::regclass)`;
    expect(done.columns.map(({ root, column }) => `${root}.${column}`).sort()).toEqual(
      [...(names?.all ?? [])].map((name: string) => name.replace('public.', '')).sort(),
    );
    expect(accounts('items')).toEqual([
      'item_locations kept item_locations item_latitude item_longitude',
      'item_private_state kept item_private_state',
      'lifecycle_status turned item_status',
      'Größe kept Größe',
      'completeness kept completeness',
      'tags kept tags',
      'number kept number',
      'row_id kept row_id',
      'rating kept rating',
      'label kept label',
    ]);
    expect(accounts('item_actions')).toEqual([
      'performed_by_org_id kept performed_by performed_by_org_id',
      'performed_by_service_user_id turned performed_by',
      'match_score kept match_score',
    ]);

    // no value is lost
    for (const [name, filled] of [
      ['item_locations', 9],
      ['item_private_state', 9],
      ['Größe', 10],
      ['completeness', 10],
      ['tags', 9],
      ['number', 10],
      ['row_id', 9],
      ['rating', 10],
      ['label', 6],
    ] as const)
      expect([name, await lost(sql, 'items', 'item_id', name)]).toEqual([name, [0, filled]]);
    expect(await lost(sql, 'item_actions', 'action_id', 'match_score')).toEqual([0, 2]);
    expect(await lost(sql, 'item_actions', 'action_id', 'performed_by_org_id')).toEqual([0, 2]);
    for (const [name, filled] of [
      ['source_item_locations', 1],
      ['target_item_locations', 2],
      ['performed_by_org_id', 1],
    ] as const)
      expect([name, await lost(sql, 'action_events', 'event_id', name)]).toEqual([name, [0, filled]]);

    const items = await sql`
      select right(item_id::text, 2)::int as n, item_latitude as latitude, item_longitude as longitude, item_status, created_by
      from dpg.items where item_network = 'yellow_dot' order by 1`;
    expect(
      items.map(({ n, latitude, longitude }) => [n, latitude === null ? null : [latitude, longitude]]),
    ).toEqual(located.map(([n, , , expected]) => [n, expected]));
    expect(items.map(({ item_status }) => item_status)).toEqual(
      [1, 2, 0, 1, 2, 0, 1, 2, 0].map((n) => ['live', 'draft', 'live'][n]),
    );
    expect(items[3]?.created_by).toBe('the office');
    expect(done.notes).toEqual(
      expect.arrayContaining([
        'statuses of items: live (7), draft (3); until dpg.define_item says otherwise items are found in all of them, and may act',
        `items with item_locations that do not begin with a place: 3, moved without one (such as ${[6, 7, 8].map(id).join(', ')})`,
        `action_events with target_item_locations that do not begin with a place: 1, moved without one (such as ${id(30)})`,
        `action_events in the network of the source: 1, filed under that of the target (such as ${id(31)})`,
        'with a source of this instance that is gone: 2 actions, moved as they are',
      ]),
    );

    const actions = await sql`
      select right(action_id::text, 2)::int as n, source_item_is_local as is_local, source_local_item_id as held,
        source_item_owner as owner, performed_by
      from dpg.item_actions order by 1`;
    expect(Array.from(actions)).toEqual([
      { n: 20, is_local: true, held: id(1), owner: 'asha', performed_by: 'a service' },
      { n: 21, is_local: true, held: null, owner: 'asha', performed_by: null },
      { n: 22, is_local: true, held: null, owner: 'the office', performed_by: null },
      { n: 23, is_local: false, held: null, owner: 'mira', performed_by: null },
    ]);
    const events = await sql`
      select right(event_id::text, 2)::int as n, partition_network as network, source_item_latitude as latitude,
        target_item_latitude as target_latitude, target_item_is_local as is_local, performed_by
      from dpg.action_events order by 1`;
    expect(Array.from(events)).toEqual([
      {
        n: 30,
        network: 'yellow_dot',
        latitude: 12.9,
        target_latitude: null,
        is_local: true,
        performed_by: 'an organisation',
      },
      { n: 31, network: 'blue_dot', latitude: null, target_latitude: 5, is_local: false, performed_by: null },
      {
        n: 32,
        network: 'blue_dot',
        latitude: null,
        target_latitude: null,
        is_local: false,
        performed_by: null,
      },
    ]);

    // what comes along
    expect(done.additions.indexes.map((index) => index.replace(/^create /, ''))).toEqual([
      `unique index items_item_network_item_domain_number_key on dpg.items USING btree (item_network, item_domain, number)`,
      'index items_locations_idx on dpg.items USING gin (item_locations jsonb_path_ops)',
      `index items_rating_idx on dpg.items USING btree (rating DESC NULLS LAST, created_at) INCLUDE (tags) WHERE ((item_status = 'live'::text) AND (tags IS NOT NULL))`,
      `index on dpg.items USING btree (lower((item_private_state ->> 'lifecycle_status'::text)))`,
      'index on dpg.items USING gin (tags)',
      'index item_actions_match_score_idx on dpg.item_actions USING btree (match_score)',
    ]);
    expect(done.additions.notes).toEqual([
      'public.items."completeness" may be null in dpg: the functions of dpg do not know it, and it has no default',
      'public.items."number" has its numbers in dpg from the sequence public."dpg_items_number_seq"',
      'public.items."rating" may be null in dpg: the functions of dpg do not know it, and it has no default',
      'constraint items_rating_check of public.items does not come along',
    ]);
    const [comment] = await sql`
      select col_description('dpg.items'::regclass, attnum) as comment from pg_attribute
      where attrelid = 'dpg.items'::regclass and attname = 'rating'`;
    expect(comment?.comment).toBe(`It's how others rate it.`);

    expect(await adopt(sql, { execute: true })).toMatchObject({
      outcome: 'adopted_before',
      problems: [],
      obstacles: [],
    });

    // and it goes on working, without the old tables
    for (const statement of done.drop_statements) await sql.unsafe(statement);
    const [fresh] = await sql`
      select item_status, rating, "Größe", number, label
      from dpg.upsert_item('asha', 'yellow_dot', 'parent', 'profile_1.0', ${OUR_URL}, 'https://example.com/schema')`;
    expect(fresh).toEqual({ item_status: 'live', rating: null, Größe: 'small', number: '11', label: null });
    const moved = await sql`
      select action_status from dpg.transition_action('asha', 'yellow_dot', 'connect', ${id(21)}, 'withdrawn')`;
    expect(moved).toEqual([{ action_status: 'withdrawn' }]);
    expect(
      await errorOf(sql`select dpg.delete_item('ravi', 'yellow_dot', 'tutor', 'profile_1.0', ${id(2)})`),
    ).toMatchObject({ code: 'DP013' });
    const { found } = await examine(sql);
    expect(found.filter(({ severity }) => severity === 'error')).toEqual([]);
  }));

test('what cannot be kept as it is, or has another type in dpg, is in the way; a unique index without the keys is not unique', async () => {
  const { sql, drop } = await temporaryDatabase();
  try {
    await oldStory(sql, { levels: 0 });
    await sql.unsafe(`
      alter table public.items add lifecycle_status varchar(40) default 'live', add reference text unique, add rating integer default 1,
        add day timestamp generated always as (date_trunc('day', created_at)) stored;
      update public.items set lifecycle_status = ' ' where item_id = '${student}';
      update public.items set reference = 'R ' || item_id;
      alter table dpg.items add rating text;`);
    const report = await adopt(sql, { keepColumns: true, quarantine: true, execute: true });
    expect(report.outcome).toBe('stopped');
    expect(report.obstacles.map(({ message, may_stay }) => [message, may_stay])).toEqual([
      ['public.items."rating" has a value in 2 rows, and dpg has it with the type text', true],
      ['public.items."day" cannot be kept as it is: generation expression is not immutable', true],
    ]);
    const options = { keepColumns: true, leaveBehind: true, execute: true };
    expect(await adopt(sql, options)).toMatchObject({
      outcome: 'stopped',
      problems: [
        { root: 'items', reason: 'key item_status', rows: 1 },
        { root: 'item_actions', reason: 'source_missing', rows: 1 },
        { root: 'action_events', reason: 'action_missing', rows: 2 },
      ],
    });
    const done = await adopt(sql, { ...options, quarantine: true });
    expect(done).toMatchObject({ outcome: 'adopted', quarantined: 4 });
    expect(done.additions.notes).toEqual([
      'index items_reference_key of public.items is not unique in dpg: it lacks item_network and item_domain',
    ]);
    expect(
      done.columns.flatMap(({ column, became }) => (became === 'moved' ? [] : [`${column} ${became}`])),
    ).toEqual(['lifecycle_status turned', 'reference kept', 'rating left', 'day computed']);
    const [row] = await sql`select item_id, item_status, reference from dpg.items`;
    expect(row).toEqual({ item_id: tutor, item_status: 'live', reference: `R ${tutor}` });

    // mended: it comes out of quarantine with its column, and the action with it
    await sql`alter table public.items disable trigger adopted_by_dpg`;
    await sql`update public.items set lifecycle_status = 'draft' where item_id = ${student}`;
    await sql`
      update dpg.quarantined_rows set source_row = (select to_jsonb(o) from public.items o where item_id = ${student})
      where source_table = 'public.items'`;
    expect(await adopt(sql, { execute: true })).toMatchObject({ outcome: 'released', problems: [] });
    const [released] = await sql`select item_status, reference from dpg.items where item_id = ${student}`;
    expect(released).toEqual({ item_status: 'draft', reference: `R ${student}` });
    const [held] =
      await sql`select source_local_item_id as id from dpg.item_actions where action_id = ${action}`;
    expect(held?.id).toBe(student);
  } finally {
    await drop();
  }
});
