// The way back out of quarantine, and when it is no way at all.

import { expect, test } from 'vitest';
import { adopt } from '../../sdk/cli/adopt/index.js';
import { addUsers } from '../sdk/story.js';
import { type TestDatabase, temporaryDatabase } from '../support/test-database.js';
import type { Shape } from './old-deployment.js';
import { fingerprints } from './rows.js';
import { action, copyOf, oldStory, student, tutor } from './story.js';

async function withStory(use: (database: TestDatabase) => Promise<void>, shape: Shape = {}): Promise<void> {
  const { drop, ...database } = await temporaryDatabase();
  try {
    await oldStory(database.sql, { keys: false, ...shape });
    await use(database);
  } finally {
    await drop();
  }
}

const quarantined = async (sql: TestDatabase['sql']) =>
  (await sql`select source_table, reasons from dpg.quarantined_rows order by quarantined_row_id`).map(
    ({ source_table, reasons }) => [source_table, reasons],
  );

const drops = [
  'drop table public.action_events, public.item_actions, public.items;',
  'drop function public.refuse_write_after_adoption();',
];

test('where not one item fits it stops, also with quarantine', () =>
  withStory(async ({ sql }) => {
    await sql`delete from public."user"`;
    for (const execute of [false, true]) {
      const report = await adopt(sql, { execute, quarantine: true });
      expect(report).toMatchObject({ outcome: 'stopped', moved: [], drop_statements: [] });
      expect(report.obstacles.map(({ message }) => message)).toEqual([
        'not one item fits: that is no matter of single rows, and quarantine is not for it',
      ]);
    }
    const [row] = await sql`select to_regclass('dpg.quarantined_rows') as quarantine`;
    expect(row?.quarantine).toBeNull();
    await addUsers(sql, 'asha', 'ravi');
    expect(await adopt(sql, { execute: true })).toMatchObject({ outcome: 'adopted', drop_statements: drops });
  }));

test('rows that fit later are moved out of quarantine by a later run, with what depends on them', () =>
  withStory(async ({ sql }) => {
    await sql`delete from public."user" where id = 'ravi'`;
    expect(await adopt(sql, { execute: true, quarantine: true })).toMatchObject({
      outcome: 'adopted',
      quarantined: 4,
      drop_statements: drops,
    });
    expect(await quarantined(sql)).toEqual([
      ['public.items', ['user created_by']],
      ['public.item_actions', ['target_missing']],
      ['public.action_events', ['action_missing']],
      ['public.action_events', ['action_missing']],
    ]);
    expect(await adopt(sql, { execute: true })).toMatchObject({
      outcome: 'adopted_before',
      problems: [],
      drop_statements: drops,
    });

    await addUsers(sql, 'ravi');
    const plan = await adopt(sql);
    expect(plan).toMatchObject({ outcome: 'adopted_before', problems: [], drop_statements: [] });
    expect(plan.tables.map((table) => [table.to_move, table.from_quarantine, table.already_there])).toEqual([
      [1, 1, 1],
      [1, 1, 0],
      [2, 2, 1],
    ]);
    expect((await quarantined(sql)).length).toBe(4);

    const report = await adopt(sql, { execute: true });
    expect(report).toMatchObject({ outcome: 'released', problems: [], drop_statements: drops });
    expect(report.moved.map((leaf) => [leaf.root, leaf.rows])).toEqual([
      ['items', 1],
      ['item_actions', 1],
      ['action_events', 2],
    ]);
    expect(await quarantined(sql)).toEqual([]);
    for (const root of ['items', 'item_actions', 'action_events'] as const)
      expect(await fingerprints(sql, 'dpg', root)).toEqual(await fingerprints(sql, 'public', root));
    await sql`select dpg.transition_action('ravi', 'yellow_dot', 'connect', ${action}, 'accepted')`;
    expect(await adopt(sql, { execute: true })).toMatchObject({ outcome: 'adopted_before', moved: [] });
  }));

test('only what is in quarantine comes: not what was deleted in dpg since, nor what its place was taken by', () =>
  withStory(
    async ({ sql }) => {
      const gone = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
      const twice = 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb';
      const late = 'cccccccc-cccc-4ccc-8ccc-cccccccccccc';
      const copy = (id: string, changes: Record<string, string> = {}) =>
        sql.unsafe(copyOf('items', `item_id = '${student}'`, { item_id: `'${id}'`, ...changes }));
      await copy(gone);
      await copy(twice);
      await copy(twice, { item_state: `'{"older": true}'`, updated_at: `'2024-12-31'` });
      await copy(late, { created_by: `'mira'` });
      expect(await adopt(sql, { execute: true, quarantine: true })).toMatchObject({ quarantined: 2 });
      await sql`delete from dpg.items where item_id in (${gone}, ${twice})`;
      await addUsers(sql, 'mira');

      const report = await adopt(sql, { execute: true });
      expect(report).toMatchObject({
        outcome: 'released',
        problems: [{ root: 'items', reason: 'missing', rows: 2 }],
        drop_statements: [],
      });
      expect(report.moved.map((leaf) => [leaf.root, leaf.key, leaf.rows])).toEqual([['items', 'student', 1]]);
      expect(await quarantined(sql)).toEqual([['public.items', ['repeated']]]);
      const items = await sql`select item_id from dpg.items order by item_id`;
      expect(items.map(({ item_id }) => item_id)).toEqual([student, tutor, late]);
    },
    { levels: 0, unique: false },
  ));

test('an action stays in quarantine as long as its source does', () =>
  withStory(async ({ sql }) => {
    await sql`delete from public."user" where id = 'asha'`;
    await adopt(sql, { execute: true, quarantine: true });
    const before = await quarantined(sql);
    expect(before).toContainEqual(['public.item_actions', ['source_missing']]);
    expect(await adopt(sql, { execute: true })).toMatchObject({ outcome: 'adopted_before', moved: [] });
    expect(await quarantined(sql)).toEqual(before);

    await addUsers(sql, 'asha');
    expect(await adopt(sql, { execute: true })).toMatchObject({ outcome: 'released' });
    const [held] = await sql`select source_local_item_id as id from dpg.item_actions`;
    expect(held?.id).toBe(student);
    expect(await quarantined(sql)).toEqual([]);
  }));

test('rows are kept whole, also what jsonb cannot hold, and found again', () =>
  withStory(async ({ sql, connect }) => {
    await sql.unsafe(`
      create extension if not exists hstore schema public;
      alter table public.items add column raw json, add column pairs public.hstore, add column tags text[],
        add column note jsonb, add column lasts interval;
      update public.items set tags = '[5:6]={x,"y z"}', note = 'null', pairs = 'a=>1, "b c"=>NULL', lasts = '1 mon -1 day',
        raw = case item_domain when 'tutor' then '{"a": "\\u0000",  "a": 1e9999}' else '{"b": 1,  "b": 2}' end::json;
      delete from public."user" where id = 'ravi';`);
    const options = { execute: true, quarantine: true, keepColumns: true };
    expect(await adopt(sql, options)).toMatchObject({ outcome: 'adopted', quarantined: 4 });
    const [kept] = await sql`
      select q.source_text = o::text as is_text,
        (q.source_text::public.items)::text = o::text as is_whole,
        (jsonb_populate_record(null::public.items, q.source_row)).pairs = o.pairs as is_pairs
      from dpg.quarantined_rows q
      join public.items o on o.item_domain = 'tutor'
      where q.source_table = 'public.items'`;
    expect(kept).toMatchObject({ is_text: true, is_whole: true, is_pairs: true });
    const other = connect({ max: 1 });
    await other.unsafe(`set intervalstyle = 'iso_8601'; set datestyle = 'German'`);
    expect(await adopt(other, options)).toMatchObject({ outcome: 'adopted_before', problems: [] });
    await addUsers(sql, 'ravi');
    expect(await adopt(other, options)).toMatchObject({ outcome: 'released', problems: [] });
    const [same] = await sql`
      select bool_and((o.raw::text, o.pairs::text, o.tags::text, o.note::text, o.lasts)
        is not distinct from (d.raw::text, d.pairs::text, d.tags::text, d.note::text, d.lasts)) as is_same, count(*)::int
      from public.items o
      join dpg.items d using (item_network, item_domain, item_type, item_id)`;
    expect(same).toEqual({ is_same: true, count: 2 });
  }));

test('without the trigger as well', () =>
  withStory(async ({ sql }) => {
    await sql`delete from public."user" where id = 'ravi'`;
    const options = { execute: true, quarantine: true, leaveWritable: true };
    expect(await adopt(sql, options)).toMatchObject({ outcome: 'adopted', quarantined: 4 });
    await addUsers(sql, 'ravi');
    const report = await adopt(sql, options);
    expect(report).toMatchObject({ outcome: 'adopted', quarantined: 0 });
    expect(report.tables.map((table) => table.from_quarantine)).toEqual([1, 1, 2]);
    expect(await quarantined(sql)).toEqual([]);
  }));

// the row types that mended tables are made of: the old tables, or those of dpg once the old ones are dropped
test.each(['public', 'dpg'])(
  'rows that have to be mended are mended in tables beside, as docs/adopt.md says: of the types of %s',
  (types) =>
    withStory(async ({ sql }) => {
      await sql`update public.items set item_state = '1' where item_id = ${tutor}`;
      const { drop_statements } = await adopt(sql, { execute: true, quarantine: true });
      if (types === 'dpg') await sql.unsafe(drop_statements.join('\n'));
      await sql.begin((tx) =>
        tx.unsafe(`
          set local time zone 'UTC';
          create schema mended;
          create table mended.items as
            select r.* from dpg.quarantined_rows q, jsonb_populate_record(null::${types}.items, q.source_row) r
            where q.source_table = 'public.items';
          create table mended.item_actions as
            select r.* from dpg.quarantined_rows q, jsonb_populate_record(null::${types}.item_actions, q.source_row) r
            where q.source_table = 'public.item_actions';
          create table mended.action_events as
            select r.* from dpg.quarantined_rows q, jsonb_populate_record(null::${types}.action_events, q.source_row) r
            where q.source_table = 'public.action_events';`),
      );
      await sql`update mended.items set item_state = '{"name": "Ravi"}'`;
      expect(await adopt(sql, { schema: 'mended', execute: true })).toMatchObject({
        outcome: 'adopted',
        obstacles: [],
      });
      const [row] = await sql`
        select (select count(*)::int from dpg.items) as items, (select count(*)::int from dpg.item_actions) as actions,
          (select count(*)::int from dpg.action_events) as events,
          (select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') from dpg.item_actions) as created_at`;
      expect(row).toEqual({ items: 2, actions: 1, events: 3, created_at: '2025-02-01 10:00:00' });
    }),
);
