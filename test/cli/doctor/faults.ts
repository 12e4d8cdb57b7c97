// What can be wrong with a database, planted in a copy of one that is well and has something of everything.

import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { expect, inject, test } from 'vitest';
import { connect } from '../../../sdk/cli/connection.js';
import { doctorCommand, examine } from '../../../sdk/cli/doctor.js';
import { fill } from '../../restores/story.js';
import { connectTo, type Databases, identifier, withAdmin } from '../../support/server.js';

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
export async function withPatient<T>(
  use: (patient: Patient) => Promise<T>,
  server: Databases = connectTo(inject('adminUrl')),
  template = inject('template'),
): Promise<T> {
  const healthy = await healthyDatabase(server, template);
  const name = `${inject('prefix')}_doctor_${randomBytes(4).toString('hex')}`;
  const copy = await server.createDatabase(name, { template: healthy });
  // one connection, since what mends may be a transaction of several statements
  const sql = postgres(copy, { max: 1, onnotice: () => {} });
  try {
    return await use({ url: copy, sql });
  } finally {
    await sql.end({ timeout: 1 });
    await server.dropDatabase(name);
  }
}

/** Its name. It is made once in a run, by the first who asks; the others wait. Nobody connects to it. */
async function healthyDatabase(server: Databases, template: string): Promise<string> {
  const healthy = `${inject('prefix')}_healthy`;
  await withAdmin(server.adminUrl, async (admin) => {
    await admin`select pg_advisory_lock(hashtext(${healthy}))`;
    const [there] = await admin`select from pg_database where datname = ${healthy}`;
    if (there) return;
    const unfinished = `${healthy}_unfinished`;
    await server.dropDatabase(unfinished);
    await withAdmin(await server.createDatabase(unfinished, { template }), async (sql) => {
      await fill(sql);
      await sql`select dpg.create_subscription('reader')`;
      await sql`select count(*) from dpg.read_events('reader', 5)`;
      await sql`select dpg.acknowledge('reader', (select max("position") from dpg_private.feed_positions where "position" <= 5))`;
      await sql`select dpg.release_events('reader')`;
    });
    await admin.unsafe(`alter database ${identifier(unfinished)} rename to ${identifier(healthy)}`);
  });
  return healthy;
}

/**
 * What `dpg-database doctor --json` says, and how it ends, without a process for it. That the program says the same is
 * tested in report.test.ts.
 */
export async function examined(url: string): Promise<{ exitCode: number; findings: Finding[] }> {
  const sql = connect(url);
  let document = '{}';
  try {
    const exitCode = await doctorCommand.run({
      sql,
      url,
      json: true,
      values: {},
      positionals: [],
      write: () => {},
      note: () => {},
      writeJson: (object) => {
        document = JSON.stringify(object);
      },
    });
    return { exitCode, findings: JSON.parse(document).findings };
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Runs the statements that findings name, one after the other, in the order of the report. */
export async function mend(sql: postgres.Sql, findings: Finding[]): Promise<void> {
  for (const { mend, mend_with } of findings) {
    if (mend_with !== 'sql') throw new Error(`not for SQL: ${mend.join(' ')}`);
    for (const statement of mend) await sql.unsafe(statement).simple();
  }
}

export const about = ({ check, severity, object, problem }: Finding): About => ({
  check,
  severity,
  object,
  problem,
});

export const error = (check: string, object: string, problem: RegExp): About => ({
  check,
  severity: 'error',
  object,
  problem: expect.stringMatching(problem),
});
export const warning = (check: string, object: string, problem: RegExp): About => ({
  ...error(check, object, problem),
  severity: 'warning',
});
export const notice = (check: string, object: string, problem: RegExp): About => ({
  ...error(check, object, problem),
  severity: 'notice',
});

export interface Fault {
  plant: string | ((patient: Patient) => Promise<unknown>);
  found: About[];
  /** 1 unless told: what is only noticed is no reason to stop. */
  exitCode?: number;
  /** Whether there is no statement, since somebody has to decide. */
  isDecision?: boolean;
}

/** Planted, reported, mended, gone. */
export function faults(list: Record<string, Fault>): void {
  test.each(Object.entries(list))('%s', async (_, { plant, found, exitCode = 1, isDecision = false }) => {
    await withPatient(async (patient) => {
      if (typeof plant === 'string') await patient.sql.unsafe(plant).simple();
      else await plant(patient);
      const ill = await examined(patient.url);
      expect(ill.findings.map(about)).toEqual(found);
      expect(ill.exitCode).toBe(exitCode);
      if (isDecision) return expect(ill.findings.flatMap(({ mend: statements }) => statements)).toEqual([]);
      await mend(patient.sql, ill.findings);
      expect((await examine(patient.sql)).found).toEqual([]);
    });
  });
}
