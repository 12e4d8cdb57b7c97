// What the options change, and what is in the way of an adoption besides rows.

import { expect, test } from 'vitest';
import { adopt } from '../../sdk/cli/adopt/index.js';
import { Refusal } from '../../sdk/cli/command.js';
import { errorOf } from '../sdk/story.js';
import { type TestDatabase, temporaryDatabase } from '../support/test-database.js';
import { createOldPartitions, OUR_URL, type Shape } from './old-deployment.js';
import { fingerprints } from './rows.js';
import { action, copyOf, events, oldStory, student, tutor } from './story.js';

async function withStory(use: (database: TestDatabase) => Promise<void>, shape: Shape = {}): Promise<void> {
  const { drop, ...database } = await temporaryDatabase();
  try {
    await oldStory(database.sql, shape);
    await use(database);
  } finally {
    await drop();
  }
}

test('--time-zone: times without one are of that zone; with one they stay', () =>
  withStory(async ({ sql }) => {
    await sql.unsafe(
      `alter table public.items alter column updated_at type timestamptz using updated_at at time zone 'UTC'`,
    );
    const report = await adopt(sql, { timeZone: 'Asia/Kolkata', execute: true });
    expect(report.notes).toContain('times without a time zone are taken as Asia/Kolkata');
    const [row] = await sql`
      select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as created_at,
        to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as updated_at
      from dpg.items where item_id = ${student}`;
    expect(row).toEqual({
      created_at: '2025-01-01 04:30:00.000001',
      updated_at: '2025-01-01 10:00:00.000001',
    });
    // remembered: rows that come out of quarantine later mean the same
    expect(await adopt(sql)).toMatchObject({
      outcome: 'adopted_before',
      time_zone: 'Asia/Kolkata',
      problems: [],
    });
    expect(await errorOf(adopt(sql, { timeZone: 'UTC' }))).toMatchObject({
      message: 'these tables were adopted with times without a time zone taken as Asia/Kolkata',
    });
    expect(await errorOf(adopt(sql, { timeZone: 'Mars/Olympus' }))).toMatchObject({
      message: /no time zone 'Mars\/Olympus'/,
    });
  }));

test('--feed: the moved events of this instance are read first, in order', () =>
  withStory(async ({ sql }) => {
    // a clock that was set back: the later update has the earlier time
    await sql`update public.action_events set created_at = '2025-01-31' where event_id = ${events[1]}`;
    await adopt(sql, { feed: true, execute: true });
    await sql`select dpg.create_subscription('reader')`;
    const read = await sql`select event_id from dpg.read_events('reader')`;
    expect(read.map(({ event_id }) => event_id)).toEqual([events[0], events[1]]);
  }));

test('--leave-writable: what is written to the old tables later is moved by the next run', () =>
  withStory(async ({ sql }) => {
    expect(await adopt(sql, { leaveWritable: true, execute: true })).toMatchObject({ outcome: 'adopted' });
    const late = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
    await sql.unsafe(copyOf('items', `item_id = '${tutor}'`, { item_id: `'${late}'` }));
    const again = await adopt(sql, { leaveWritable: true, execute: true });
    expect(again.tables.map((table) => [table.rows, table.to_move, table.already_there])).toEqual([
      [3, 1, 2],
      [1, 0, 1],
      [3, 0, 3],
    ]);
    expect(again.moved.map((leaf) => [leaf.leaf, leaf.rows])).toEqual([['dpg.i_p_yellowdot_tutor', 1]]);
    await sql`select dpg.transition_action('ravi', 'yellow_dot', 'connect', ${action}, 'accepted')`;
    const third = await adopt(sql, { execute: true });
    expect(third).toMatchObject({
      outcome: 'stopped',
      problems: [{ root: 'item_actions', reason: 'differs', rows: 1 }],
    });
  }));

test('--leave-writable with --quarantine: a row is put there once', () =>
  withStory(
    async ({ sql }) => {
      await sql.unsafe(
        copyOf('items', `item_id = '${tutor}'`, { item_id: 'gen_random_uuid()', item_state: `'1'` }),
      );
      const options = { leaveWritable: true, quarantine: true, execute: true };
      expect(await adopt(sql, options)).toMatchObject({ outcome: 'adopted', quarantined: 1 });
      expect(await adopt(sql, { ...options, quarantine: false })).toMatchObject({
        outcome: 'adopted',
        quarantined: 0,
        problems: [],
      });
      const [row] = await sql`select count(*)::int from dpg.quarantined_rows`;
      expect(row?.count).toBe(1);
    },
    { keys: false },
  ));

test('after an adoption the report says what differs, and a row that came later is not moved unseen', () =>
  withStory(async ({ sql }) => {
    await adopt(sql, { execute: true });
    await sql`select dpg.update_item('ravi', 'yellow_dot', 'tutor', 'profile_1.0', ${tutor}, '{"item_state": {}}')`;
    // whoever takes the trouble to disable the trigger
    await sql`alter table public.items disable trigger adopted_by_dpg`;
    await sql.unsafe(copyOf('items', `item_id = '${tutor}'`, { item_id: 'gen_random_uuid()' }));
    const report = await adopt(sql, { execute: true });
    expect(report).toMatchObject({
      outcome: 'adopted_before',
      problems: [
        { root: 'items', reason: 'differs', rows: 1, examples: [{ item_id: tutor }] },
        { root: 'items', reason: 'missing', rows: 1, examples: [{ item_domain: 'tutor' }] },
      ],
      moved: [],
      drop_statements: [],
    });
    expect(report.tables.map((table) => [table.to_move, table.already_there])).toEqual([
      [0, 1],
      [0, 1],
      [0, 3],
    ]);
  }));

test('a row that dpg has already, with other content, stops it', () =>
  withStory(async ({ sql }) => {
    await sql`
      select dpg.upsert_item('ravi', 'yellow_dot', 'tutor', 'profile_1.0', ${OUR_URL}, 'https://schemas.example.com/other.json',
        item_id => ${tutor})`;
    const report = await adopt(sql, { execute: true });
    expect(report).toMatchObject({
      outcome: 'stopped',
      problems: [{ root: 'items', reason: 'differs', rows: 1 }],
    });
    // the action's target is there, the one of dpg
    const kept = await adopt(sql, { execute: true, quarantine: true });
    expect(kept).toMatchObject({ outcome: 'adopted', quarantined: 1 });
    expect(kept.moved.map((leaf) => [leaf.root, leaf.rows])).toEqual([
      ['items', 1],
      ['item_actions', 1],
      ['action_events', 3],
    ]);
  }));

test('beside rows that dpg has already: only the new ones are counted and compared', () =>
  withStory(async ({ sql }) => {
    await sql`select dpg.upsert_item('ravi', 'yellow_dot', 'tutor', 'profile_1.0', ${OUR_URL}, 'https://schemas.example.com/own.json')`;
    const report = await adopt(sql, { execute: true });
    expect(report.moved.map((leaf) => leaf.rows)).toEqual([1, 1, 1, 3]);
    expect([...(await fingerprints(sql, 'dpg', 'items', `item_id in ('${student}', '${tutor}')`))]).toEqual([
      ...(await fingerprints(sql, 'public', 'items')),
    ]);
  }));

test('columns with values that dpg has no place for, and detached partitions with rows, stop it unless left behind', () =>
  withStory(async ({ sql }) => {
    await sql`alter table public.items add column rating integer, add column unused text,
      add column upper_name text generated always as (upper(item_state ->> 'name')) stored`;
    await sql`update public.items set rating = 5 where item_id = ${tutor}`;
    await createOldPartitions(sql, 'items', 'yellow_dot 2', ['student']);
    await sql.unsafe(copyOf('items', `item_id = '${student}'`, { item_network: `'yellow_dot 2'` }));
    await sql`alter table public.items detach partition public.i_p_yellowdot2`;
    const report = await adopt(sql, { execute: true });
    expect(report.outcome).toBe('stopped');
    expect(report.obstacles.map(({ message, may_stay }) => [message, may_stay])).toEqual([
      ['public.i_p_yellowdot2 has 1 row and is attached to no table', true],
      ['public.items."rating" has a value in 1 row, and dpg has no such column', true],
    ]);
    expect(await adopt(sql, { execute: true, leaveBehind: true })).toMatchObject({ outcome: 'adopted' });
  }));

test('columns that are missing or of another type stop it, also with every option', () =>
  withStory(async ({ sql }) => {
    await sql.unsafe(
      'alter table public.action_events alter column remarks type json using to_json(remarks)',
    );
    await sql.unsafe('alter table public.items drop column item_schema_url');
    const report = await adopt(sql, { execute: true, leaveBehind: true, quarantine: true });
    expect(report.outcome).toBe('stopped');
    expect(report.obstacles.map(({ message }) => message)).toEqual([
      'public.items has no column item_schema_url',
      'public.action_events.remarks is json, not text or character varying',
    ]);
  }));

test('older columns of narrower types, without remarks, requirements and places', () =>
  withStory(async ({ sql }) => {
    await sql.unsafe(`
      alter table public.item_actions drop column remarks, drop column requirements_snapshot,
        alter column update_count type smallint, alter column action_status type varchar(50);
      alter table public.action_events drop column remarks, drop column source_item_latitude, drop column source_item_longitude,
        drop column target_item_latitude, drop column target_item_longitude;
      drop index public.items_ll_to_earth_idx;
      alter table public.items alter column item_latitude type real, alter column item_longitude type numeric;`);
    const report = await adopt(sql, { execute: true });
    expect(report).toMatchObject({ outcome: 'adopted', obstacles: [], problems: [] });
    const [row] = await sql`
      select remarks, requirements_snapshot, source_item_latitude, target_item_longitude from dpg.item_actions`;
    // neither item has changed since the action was made
    expect(row).toEqual({
      remarks: null,
      requirements_snapshot: {},
      source_item_latitude: 12.971599578857422,
      target_item_longitude: 77.6,
    });
  }));

test('an item that changed after an action whose events say no place: the action has none', () =>
  withStory(async ({ sql }) => {
    await sql`update public.action_events set source_item_latitude = null, source_item_longitude = null`;
    await sql`update public.items set updated_at = '2025-02-02' where item_id = ${student}`;
    await adopt(sql, { execute: true });
    const [row] = await sql`select source_item_latitude, target_item_latitude from dpg.item_actions`;
    expect(row).toEqual({ source_item_latitude: null, target_item_latitude: 12.98 });
  }));

test('limits of dpg are told beforehand', () =>
  withStory(async ({ sql }) => {
    await sql`update dpg.limits set limit_value = 1 where limit_name = 'leaves_per_network'`;
    const report = await adopt(sql, { execute: true });
    expect(report.outcome).toBe('stopped');
    expect(report.obstacles.map(({ message }) => message)).toEqual([
      `the leaves of items of network 'yellow_dot' would be 2, and the limit leaves_per_network is 1`,
    ]);
  }));

test('a role that lacks rights is told which', async () => {
  const { drop, ...database } = await temporaryDatabase();
  try {
    await oldStory(database.sql);
    const url = await database.createLogin('dpg_app');
    const user = new URL(url).username;
    const login = database.connect({ url, max: 1 });
    const report = await adopt(login, { execute: true });
    expect(report.obstacles.map(({ message }) => message)).toEqual([
      `${user} does not own the tables of dpg`,
      `${user} may not create a function in schema public, which refuses writes to the old tables afterwards`,
      `${user} does not own public.items, which is to refuse writes afterwards`,
      `${user} does not own public.item_actions, which is to refuse writes afterwards`,
      `${user} does not own public.action_events, which is to refuse writes afterwards`,
    ]);
    expect(report.obstacles[2]?.hint).toMatch(
      new RegExp(`^An administrator must run: grant \\S+ to ${user}; or leave the tables writable`),
    );
    expect(report.outcome).toBe('stopped');
    const writable = await adopt(login, { leaveWritable: true });
    expect(writable.obstacles.map(({ message, hint }) => [message, hint])).toContainEqual([
      `${user} lacks on public.items: select, update`,
      `Its owner must run: grant select, update on public.items to ${user};`,
    ]);
  } finally {
    await drop();
  }
});

test('a policy that would hide rows is an error', () =>
  withStory(async ({ sql, createLogin, connect }) => {
    const url = await createLogin('dpg_app');
    const user = new URL(url).username;
    await sql.unsafe(`
      do $$ begin execute format('grant %I to ${user}', (select relowner::regrole from pg_class where oid = 'dpg.items'::regclass)); end $$;
      grant all on all tables in schema public to ${user}; grant create on schema public to ${user};
      alter table public.items enable row level security;
      alter table public.items force row level security;
      create policy tutors on public.items using (item_domain = 'tutor');`);
    const login = connect({ url, max: 1 });
    const refusal = await errorOf(adopt(login, { execute: true, leaveWritable: true }));
    expect(refusal).toBeInstanceOf(Refusal);
    expect(refusal).toMatchObject({
      message: /row-level security policy for table "items"; nothing was changed$/,
      hint: /disable row level security/,
    });
    await sql.unsafe(`
      do $$ begin execute format('revoke %I from ${user}', (select relowner::regrole from pg_class where oid = 'dpg.items'::regclass)); end $$;
      revoke all on all tables in schema public from ${user}; revoke create on schema public from ${user};`);
  }));

test('what is tied to the old tables is named', () =>
  withStory(async ({ sql }) => {
    await sql.unsafe(`
      create view public.names as select item_id from public.items;
      create table public.bookmarks (
        network text, domain text, type text, id uuid,
        constraint bookmarks_item foreign key (network, domain, type, id) references public.items
      );
      create function public.touch() returns trigger language plpgsql as 'begin return new; end';
      create trigger touch before update on public.items for each row execute function public.touch();
      create policy tutors on public.items using (item_domain = 'tutor');`);
    const tied = [
      'foreign keys of other tables: bookmarks_item of public.bookmarks to public.items; let them refer to dpg before you drop the old tables',
      'views on the old tables: public.names; create them anew on dpg before you drop the old tables',
      'triggers that do not come along: touch of public.items',
      'policies that do not come along: tutors of public.items',
    ];
    for (const execute of [false, true, true])
      expect((await adopt(sql, { execute })).notes).toEqual(expect.arrayContaining(tied));
  }));

test('a database without dpg, without old tables, with a view in their place; and the tables of dpg themselves', async () => {
  const empty = await temporaryDatabase({ from: 'empty' });
  const migrated = await temporaryDatabase();
  try {
    expect(await errorOf(adopt(empty.sql))).toBeInstanceOf(Refusal);
    expect(await errorOf(adopt(empty.sql))).toMatchObject({
      message: /^the tables of dpg are not in this database/,
    });
    expect(await errorOf(adopt(migrated.sql))).toMatchObject({
      message: 'there is no table public.items to adopt',
    });
    expect(await errorOf(adopt(migrated.sql, { schema: 'dpg', execute: true }))).toMatchObject({
      message: 'schema dpg is where rows are moved to',
    });
    await migrated.sql`create view public.items as select 1 as item_id`;
    expect(await errorOf(adopt(migrated.sql))).toMatchObject({ message: 'public.items is no table' });
  } finally {
    await empty.drop();
    await migrated.drop();
  }
});

test('an event of an action of ours with another origin, and a party that is no user any more, are moved and told', () =>
  withStory(async ({ sql }) => {
    await sql`update public.action_events set origin_instance_domain = 'tutor.yellowdot' where event_id = ${events[1]}`;
    await sql`update public.item_actions set target_item_owner = 'gone'`;
    const report = await adopt(sql, { execute: true });
    expect(report.notes).toEqual([
      'mirrored from other instances: 1 event',
      'of actions of this instance, but with an origin that is none of its URLs: 1 event, moved as they are',
      'parties of actions that are no users in public."user" any more: 1; their actions are moved as they are',
      'times without a time zone are taken as UTC',
    ]);
    const [row] = await sql`select target_item_is_local from dpg.action_events where event_id = ${events[1]}`;
    expect(row?.target_item_is_local).toBe(true);
    expect(report.instance_urls.map(({ instance_url }) => instance_url)).toEqual([OUR_URL]);
  }));
