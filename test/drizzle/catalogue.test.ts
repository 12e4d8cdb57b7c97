// The reference tables say of their tables what PostgreSQL's catalogue says.

import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core';
import type postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import * as exported from '../../sdk/drizzle/index.js';
import { temporaryDatabase, testDatabase } from '../support/test-database.js';

const { items, item_actions, action_events } = exported;
const tables: Record<string, PgTable> = { items, item_actions, action_events };
const database = await testDatabase();

/** `dpg.items.item_id` to `column 4, uuid, not null, default`; keys by their names. */
type Description = Map<string, string>;

function inDrizzle(table: PgTable): Description {
  const { schema, name, columns, primaryKeys, uniqueConstraints } = getTableConfig(table);
  const object = (part: string) => `${schema}.${name}.${part}`;
  const list = (listed: { name: string }[]) => listed.map((column) => column.name).join(', ');
  return new Map([
    ...columns.map((column, index): [string, string] => [
      object(column.name),
      `column ${index + 1}, ${column.getSQLType()}, ${column.notNull ? 'not null' : 'nullable'}, ${column.hasDefault ? 'default' : 'no default'}`,
    ]),
    ...primaryKeys.map((key): [string, string] => [
      object(key.getName()),
      `primary key (${list(key.columns)})`,
    ]),
    ...uniqueConstraints.map((key): [string, string] => [
      object(String(key.getName())),
      `unique (${list(key.columns)})`,
    ]),
  ]);
}

async function inCatalogue(sql: postgres.Sql, table: string): Promise<Description> {
  const rows = await sql`
    select
      format('dpg.%s.%s', c.relname, a.attname) as object,
      format(
        'column %s, %s, %s, %s', row_number() over (order by a.attnum), format_type(a.atttypid, a.atttypmod),
        case when a.attnotnull then 'not null' else 'nullable' end,
        case when a.atthasdef then 'default' else 'no default' end
      ) as description
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.oid = format('dpg.%I', ${table}::text)::regclass
    union all
    select format('dpg.%s.%s', ${table}::text, k.conname), lower(split_part(d, ' (', 1)) || ' (' || split_part(d, ' (', 2)
    from pg_constraint k, pg_get_constraintdef(k.oid) d
    where k.conrelid = format('dpg.%I', ${table}::text)::regclass and k.contype in ('p', 'u')`;
  return new Map(rows.map(({ object, description }) => [object, description]));
}

async function differences(sql: postgres.Sql): Promise<string[]> {
  const found: string[] = [];
  for (const [name, table] of Object.entries(tables)) {
    const [drizzle, catalogue] = [inDrizzle(table), await inCatalogue(sql, name)];
    for (const object of new Set([...drizzle.keys(), ...catalogue.keys()])) {
      const [ours, theirs] = [drizzle.get(object) ?? 'missing', catalogue.get(object) ?? 'missing'];
      if (ours !== theirs) found.push(`${object}: in drizzle ${ours}; in the catalogue ${theirs}`);
    }
  }
  return found;
}

test('every column and key of the three tables, and nothing else', async () => {
  expect(await differences(database.sql)).toEqual([]);
  expect(inDrizzle(items).get('dpg.items.item_id')).toBe('column 4, uuid, not null, default');
  expect((await inCatalogue(database.sql, 'items')).size).toBe(14);
});

test('no table is exported that is not compared', () => {
  const functions = ['ensureActionEventPartition', 'ensureActionPartition', 'ensureItemPartition'];
  expect(Object.keys(exported).sort()).toEqual([...Object.keys(tables), ...functions].sort());
});

describe('the check names what differs:', () => {
  const changes: [string, string, string[]][] = [
    [
      'a column more',
      'alter table dpg.items add item_rank integer',
      ['dpg.items.item_rank: in drizzle missing; in the catalogue column 14, integer, nullable, no default'],
    ],
    [
      'a column less',
      'alter table dpg.action_events drop acting_side cascade',
      [
        'dpg.action_events.acting_side: in drizzle column 30, text, nullable, no default; in the catalogue missing',
      ],
    ],
    [
      'another type',
      'alter table dpg.item_actions alter update_count type bigint',
      [
        'dpg.item_actions.update_count: in drizzle column 5, integer, not null, default; in the catalogue column 5, bigint, not null, default',
      ],
    ],
    [
      'null allowed',
      'alter table dpg.items alter created_by drop not null',
      [
        'dpg.items.created_by: in drizzle column 10, text, not null, no default; in the catalogue column 10, text, nullable, no default',
      ],
    ],
    [
      'a default less',
      'alter table dpg.item_actions alter created_at drop default',
      [
        'dpg.item_actions.created_at: in drizzle column 20, timestamp with time zone, not null, default; in the catalogue column 20, timestamp with time zone, not null, no default',
      ],
    ],
    [
      'another key',
      `alter table dpg.item_actions drop constraint item_actions_pkey;
       alter table dpg.item_actions add constraint item_actions_pkey primary key (partition_network, action_id, action_type)`,
      [
        'dpg.item_actions.item_actions_pkey: in drizzle primary key (partition_network, action_type, action_id); in the catalogue primary key (partition_network, action_id, action_type)',
      ],
    ],
  ];
  test.each(changes)('%s', async (_what, statement, expected) => {
    const changed = await temporaryDatabase();
    try {
      await changed.sql.unsafe(statement);
      expect(await differences(changed.sql)).toEqual(expected);
    } finally {
      await changed.drop();
    }
  });
});
