// The functions of the data layer beside drizzle: in its transactions, and through the SDK on the same instance.

import { eq, sql } from 'drizzle-orm';
import { drizzle as overPg } from 'drizzle-orm/node-postgres';
import { drizzle as overPostgresJs } from 'drizzle-orm/postgres-js';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { items } from '../../sdk/drizzle/index.js';
import { createDpg, NotItemOwnerError, toDpgError } from '../../sdk/index.js';
import { addUsers, errorOf, student } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
let pool: pg.Pool;

beforeAll(async () => {
  await addUsers(database.sql, 'asha', 'ravi');
  pool = new pg.Pool({ connectionString: await database.createLogin('dpg_app') });
});
afterAll(() => pool.end());

test('a function called in a transaction of drizzle’s is part of it', async () => {
  const db = overPg(pool);
  const upsert = sql`select item_id from dpg.upsert_item(actor => 'asha', item_network => 'yellow_dot',
    item_domain => 'student', item_type => 'profile_1.0', item_instance_url => 'https://student.example.com',
    item_schema_url => 'https://schemas.example.com/student_profile_v1.json')`;
  await errorOf(
    db.transaction(async (tx) => {
      await tx.execute(upsert);
      expect(await tx.$count(items)).toBe(1);
      tx.rollback();
    }),
  );
  expect(await db.$count(items)).toBe(0);

  const { rows } = await db.transaction((tx) => tx.execute(upsert));
  const [item] = await db
    .select({ created_by: items.created_by })
    .from(items)
    .where(eq(items.item_id, String(rows[0]?.item_id)));
  expect(item).toEqual({ created_by: 'asha' });

  const refused = await errorOf(
    db.execute(
      sql`select dpg.delete_item('ravi', 'yellow_dot', 'student', 'profile_1.0', ${rows[0]?.item_id})`,
    ),
  );
  const error = toDpgError((refused as Error).cause);
  expect(error).toBeInstanceOf(NotItemOwnerError);
  expect(error).toMatchObject({
    code: 'DP003',
    detail: { actor: 'ravi', item_id: rows[0]?.item_id },
    hint: expect.any(String),
  });
  expect(await db.$count(items)).toBe(1);
});

test('one instance of postgres.js serves drizzle and the SDK, and each reads in its own way', async () => {
  // drizzle changes how its instance reads and writes times and JSON
  const db = overPostgresJs(database.connect({ prepare: false }));
  const dpg = createDpg(db.$client);
  const item = await dpg.as('asha').items.upsert(student({ item_state: { name: 'Asha', tags: ['a', 'b'] } }));
  expect(item.created_at).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  const changed = await dpg
    .as('asha')
    .items.update(item, { changes: { item_state: { name: 'Meera' } }, expected_updated_at: item.updated_at });
  expect(changed.item_state).toEqual({ name: 'Meera' });

  const [row] = await db.select().from(items).where(eq(items.item_id, item.item_id));
  expect(row).toMatchObject({
    item_state: { name: 'Meera' },
    created_at: expect.stringMatching(/^20\d\d-\d\d-\d\d \d\d:/),
  });
});
