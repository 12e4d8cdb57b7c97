// What can be wrong with a database, planted in a copy of one that is well and has something of everything.

import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';
import { fill } from '../restores/story.js';
import { connectTo, type Databases, withAdmin } from '../support/server.js';

export interface Finding {
  check: string;
  severity: string;
  object: string;
  problem: string;
  mend: string[];
  mend_with: string;
}

/** What a finding is about, without the rest of its words. */
export type About = Pick<Finding, 'check' | 'severity' | 'object'> & { problem: unknown };

export interface Patient {
  url: string;
  sql: postgres.Sql;
}

/** Copies of one healthy database on the server, each dropped when it is no longer needed. */
export async function healthyDatabases(
  server: Databases = connectTo(inject('adminUrl')),
  template = inject('template'),
): Promise<{
  url: string;
  drop(): Promise<void>;
  withPatient<T>(use: (patient: Patient) => Promise<T>): Promise<T>;
}> {
  const unique = () => `${inject('prefix')}_doctor_${randomBytes(4).toString('hex')}`;
  const healthy = unique();
  const url = await server.createDatabase(healthy, { template });
  await withAdmin(url, async (sql) => {
    await fill(sql);
    await sql`select dpg.create_subscription('reader')`;
    await sql`select count(*) from dpg.read_events('reader', 5)`;
    await sql`select dpg.acknowledge('reader', (select max("position") from dpg_private.event_feed where "position" <= 5))`;
    await sql`select dpg.release_events('reader')`;
  });
  return {
    url,
    drop: () => server.dropDatabase(healthy),
    async withPatient(use) {
      const name = unique();
      const copy = await server.createDatabase(name, { template: healthy });
      // one connection, since what mends may be a transaction of several statements
      const sql = postgres(copy, { max: 1, onnotice: () => {} });
      try {
        return await use({ url: copy, sql });
      } finally {
        await sql.end({ timeout: 1 });
        await server.dropDatabase(name);
      }
    },
  };
}

/** Runs the statements that findings name, one after the other, in the order of the report. */
export async function mend(sql: postgres.Sql, findings: Finding[]): Promise<void> {
  for (const { mend, mend_with } of findings) {
    if (mend_with !== 'sql') throw new Error(`not for SQL: ${mend.join(' ')}`);
    for (const statement of mend) await sql.unsafe(statement).simple();
  }
}
