// Who carried out a change: tables of somebody's own make have it under other names, as text or as an id, sometimes twice.

import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { adopt } from '../../sdk/cli/adopt/index.js';
import { type TestDatabase, temporaryDatabase } from '../support/test-database.js';
import { action, copyOf, events, mirrored, oldStory } from './story.js';

const SERVICE = 'eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee';
const id = (i: number) => `aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaa${i}`;

async function withStory(use: (database: TestDatabase) => Promise<void>): Promise<void> {
  const { drop, ...database } = await temporaryDatabase();
  try {
    await oldStory(database.sql);
    await use(database);
  } finally {
    await drop();
  }
}

async function withColumns(sql: postgres.Sql) {
  await sql.unsafe(`
    alter table public.item_actions add performed_by_org_id text, add performed_by_service_user_id uuid;
    alter table public.action_events add performed_by_org_id varchar(200), add performed_by_service_user_id text;
    update public.item_actions set performed_by_service_user_id = '${SERVICE.toUpperCase()}';
    update public.action_events set performed_by_org_id = 'an organisation' where event_id = '${events[1]}';
    update public.action_events set performed_by_service_user_id = 'a service there', performed_by_org_id = ' '
    where event_id = '${mirrored}';`);
}

const performers = (sql: postgres.Sql) => sql`
  select 'action' as what, action_id as id, performed_by, null as acting_side from dpg.item_actions
  union all
  select 'event', event_id, performed_by, acting_side from dpg.action_events
  union all
  select 'mirrored', action_id, performed_by, null from dpg_private.mirrored_actions
  order by 1, 2`;

test('older names are performed_by here, and what is blank is nobody', () =>
  withStory(async ({ sql }) => {
    await withColumns(sql);
    const report = await adopt(sql, { execute: true });
    expect(report).toMatchObject({ outcome: 'adopted', problems: [], obstacles: [] });
    expect(report.notes).toContain(
      'performed_by of item_actions is taken from performed_by_service_user_id, or else from performed_by_org_id',
    );
    expect(await performers(sql)).toEqual([
      { what: 'action', id: action, performed_by: SERVICE, acting_side: null },
      { what: 'event', id: events[0], performed_by: null, acting_side: null },
      { what: 'event', id: events[1], performed_by: 'an organisation', acting_side: null },
      { what: 'event', id: mirrored, performed_by: 'a service there', acting_side: null },
      {
        what: 'mirrored',
        id: '66666666-6666-4666-8666-666666666666',
        performed_by: 'a service there',
        acting_side: null,
      },
    ]);
    expect(await adopt(sql)).toMatchObject({ outcome: 'adopted_before', problems: [] });
  }));

test('a row with both keeps the service user; that the other stays behind is said first', () =>
  withStory(async ({ sql }) => {
    await withColumns(sql);
    await sql.unsafe(`
      update public.item_actions set performed_by_org_id = 'its organisation';
      update public.action_events set performed_by_org_id = performed_by_service_user_id where event_id = '${mirrored}'`);
    const stopped = await adopt(sql, { execute: true });
    expect(stopped).toMatchObject({
      outcome: 'stopped',
      obstacles: [
        {
          message:
            'public.item_actions."performed_by_org_id" has another value than performed_by_service_user_id in 1 row, and dpg has room for one in performed_by',
          may_stay: true,
        },
      ],
    });
    expect(await adopt(sql, { execute: true, leaveBehind: true })).toMatchObject({ outcome: 'adopted' });
    const [row] = await sql`select performed_by from dpg.item_actions`;
    expect(row).toEqual({ performed_by: SERVICE });
  }));

test('performed_by itself comes first; a column of another type is one that dpg has no place for', () =>
  withStory(async ({ sql }) => {
    await sql.unsafe(`
      alter table public.item_actions add performed_by text default 'by name', add performed_by_org_id bigint default 7;
      alter table public.action_events add performed_by jsonb default '{"org": 1}'`);
    const stopped = await adopt(sql, { execute: true });
    expect(stopped.obstacles.map(({ message }) => message)).toEqual([
      'public.item_actions."performed_by_org_id" has a value in 1 row, and dpg has no such column',
      'public.action_events."performed_by" has a value in 3 rows, and dpg has a column of that name for something else',
    ]);
    expect(await adopt(sql, { execute: true, leaveBehind: true })).toMatchObject({ outcome: 'adopted' });
    expect((await performers(sql)).map(({ performed_by }) => performed_by)).toEqual([
      'by name',
      null,
      null,
      null,
      null,
    ]);
  }));

test('what is no key is refused as a row, and quarantined', () =>
  withStory(async ({ sql }) => {
    await withColumns(sql);
    await sql.unsafe(copyOf('item_actions', 'true', { action_id: `'${id(1)}'` }));
    await sql`update public.item_actions set performed_by_service_user_id = null, performed_by_org_id = ${'x'.repeat(121)} where action_id = ${id(1)}`;
    expect(await adopt(sql, { execute: true })).toMatchObject({
      outcome: 'stopped',
      problems: [{ root: 'item_actions', reason: 'key performed_by', rows: 1 }],
    });
    expect(await adopt(sql, { execute: true, quarantine: true })).toMatchObject({
      outcome: 'adopted',
      quarantined: 1,
    });
  }));

test('rows that a release of before has adopted without it are there already', () =>
  withStory(async ({ sql }) => {
    await withColumns(sql);
    await adopt(sql, { execute: true });
    await sql.unsafe(`
      alter table dpg.action_events disable trigger action_events_immutable;
      update dpg.action_events set performed_by = null;
      update dpg.item_actions set performed_by = null;
      alter table dpg.action_events enable always trigger action_events_immutable;`);
    expect(await adopt(sql)).toMatchObject({ outcome: 'adopted_before', problems: [] });
  }));
