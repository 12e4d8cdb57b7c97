// The seed's story, for tests: users of an instance, and items of theirs.

import type postgres from 'postgres';
import type { UpsertItem } from '../../sdk/index.js';

export const OUR_URL = 'https://tutor.yellowdot.example.com';
export const OTHER_URL = 'https://student.bluedot.example.com';

export async function addUsers(sql: postgres.Sql, ...ids: string[]): Promise<void> {
  for (const id of ids) {
    await sql`insert into public."user" (id, name, email) values (${id}, ${id}, ${`${id}@example.com`})`;
  }
}

/** What an application would write: Asha of Bengaluru, a student, unless told otherwise. */
export function student(changes: Partial<UpsertItem> = {}): UpsertItem {
  return {
    item_network: 'yellow_dot',
    item_domain: 'student',
    item_type: 'profile_1.0',
    item_instance_url: OUR_URL,
    item_schema_url: 'https://schemas.example.com/student_profile_v1.json',
    item_state: { name: 'Asha' },
    item_latitude: 12.9716,
    item_longitude: 77.5946,
    ...changes,
  };
}

export function tutor(changes: Partial<UpsertItem> = {}): UpsertItem {
  return student({
    item_domain: 'tutor',
    item_schema_url: 'https://schemas.example.com/tutor_profile_v1.json',
    item_state: { name: 'Ravi', subject: 'math' },
    item_latitude: 12.9352,
    item_longitude: 77.6245,
    ...changes,
  });
}

/** Options for an instance that notes each statement it sends. */
export function noting(statements: string[]) {
  return {
    max: 1,
    fetch_types: false,
    debug: (_connection: number, statement: string) => {
      statements.push(statement);
    },
  };
}

/** The error that a promise ends in; fails when it does not. */
export async function errorOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a refusal');
}
