// What hostile calls go through: an application with the rights of dpg_app and two users, by the SDK and in plain SQL.

import type postgres from 'postgres';
import { createDpg, type Dpg } from '../../sdk/index.js';
import { addUsers } from '../sdk/story.js';
import type { TestDatabase } from '../support/test-database.js';

export async function application(database: TestDatabase): Promise<{ sql: postgres.Sql; dpg: Dpg }> {
  const sql = database.connect({ role: 'dpg_app', max: 4 });
  await addUsers(database.sql, 'asha', 'ravi');
  return { sql, dpg: createDpg(sql) };
}

/** The SQLSTATE of a statement, or its rows. */
export async function outcome(statement: PromiseLike<unknown>): Promise<unknown> {
  try {
    return await statement;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}
