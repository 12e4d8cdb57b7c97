import type postgres from 'postgres';
import { type Command, exitCodes, UsageError } from './command.js';
import type { Check, Expected, Finding, Severity, Sql } from './doctor/check.js';
import { checks } from './doctor/checks.js';
import { expectations } from './doctor/expected.js';
import { migrations as ofMigrations } from './doctor/migrations.js';
import { objects as ofObjects } from './doctor/objects.js';
import { count, plain } from './text.js';

type Found = Finding & { check: string };

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'notice'];
/** Of a statement, for people; --sql and --json have the whole. */
const SHOWN_LINES = 6;

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'what is wrong with the database, and what mends it',
  help: `
Examines the database, in a transaction that is read only, and says what it finds: how bad it is, what it is about, one
sentence, and the statement that mends it. It looks at the catalogues, so that it works where our objects are missing,
and as fast with thousands of partitions; expressions of an application it tries, as the owner of the tables. Connect as
the role that migrates, or as a superuser.

It looks for: migrations missing or altered; extensions, roles and grants missing, and grants too many; objects missing,
changed or added by somebody else, other owners; partitions without the policies of their root; rights on "user" that
were lost; collations whose version has changed; triggers, expressions and columns of an application with which our
calls fail; partitions that are detached, renamed, unlogged,
attached by hand, have another bound or lack an index, a trigger or a foreign key; triggers of immutability dropped or
disabled; invalid indexes; dead rows; sequences near their end; settings that will hurt (plan_cache_mode,
max_locks_per_transaction, jit, autovacuum); limits that are near; events that no subscription gets, or that are lost;
subscriptions that lag; moves of networks that stand still, or have not ended as they should; replication slots and
subscriptions of ours that stand still or fail; users who were kept.

On a standby it finds no dead rows and no subscriptions that nobody reads: only the primary knows these. What mends is
run on the primary, but for settings of the standby itself.

An error: something that the data layer promises does not hold. A warning: it will hurt. A notice: it may, depending on
what else the database is used for. Read a statement before you run it: it may lock, and some need a decision.

With --json: is_standby, checks (the names of those that were made), findings (check, severity, object, problem, mend:
statements in order, mend_with: sql or shell).

Exit codes: 0 no error and no warning, 1 some, 2 wrong usage, 3 no connection, 4 refused.`,
  options: {
    sql: {
      type: 'boolean',
      description: 'only the statements that mend, as a script for psql, to be read first',
    },
  },

  async run({ sql, json, values, write, writeJson, note }) {
    if (json && values.sql) throw new UsageError('--sql and --json exclude one another');
    const { is_standby, made, found } = await examine(sql);
    const bad = found.filter(({ severity }) => severity !== 'notice').length;

    if (is_standby && !json)
      note(
        'This is a standby. Dead rows and subscriptions are examined on its primary, where what mends is run.',
      );
    if (json) writeJson({ is_standby, checks: made, findings: found });
    else if (values.sql) write(script(found));
    else {
      for (const severity of SEVERITIES)
        for (const finding of found.filter((one) => one.severity === severity))
          write(`${paragraph(finding)}\n`);
      write(summary(found, made.length));
    }
    return bad > 0 ? exitCodes.found : exitCodes.fine;
  },
};

/** Which checks were made, and what they have found, in the order in which it is mended. */
export async function examine(
  sql: postgres.Sql,
): Promise<{ is_standby: boolean; made: string[]; found: Found[] }> {
  return await sql.begin('read only', async (transaction) => {
    // names are written with their schema; and nobody waits for us, nor we for long
    await transaction`set local search_path = pg_catalog`;
    await transaction`set local lock_timeout = '2s'`;
    await transaction`set local statement_timeout = '60s'`;
    await transaction`set local jit = off`;
    const expected = await expectations(transaction);
    const found: Found[] = [];
    const [server] = await transaction`select pg_is_in_recovery() as is_standby`;
    const is_standby = server?.is_standby as boolean;
    const possible = await possibleChecks(transaction, expected);
    for (const check of possible) {
      for (const finding of await findingsOf(check, transaction, expected)) {
        // what a check before has said of an object in words of its own is not said again
        const isSaid =
          check.name === 'shape' &&
          found.some((one) => one.check === 'objects' && one.object === finding.object);
        if (!isSaid) found.push({ check: check.name, ...finding });
      }
    }
    return { is_standby, made: possible.map(({ name }) => name), found };
  });
}

/** Where migrations are missing, that is all that there is to say: what they would create is missing too. */
async function possibleChecks(sql: Sql, { migrations }: Expected): Promise<readonly Check[]> {
  if (migrations.some(({ state }) => state === 'pending')) return [ofMigrations];
  const [row] =
    await sql`select to_regnamespace('dpg') is null or to_regnamespace('dpg_private') is null as is_gone`;
  return row?.is_gone ? [ofMigrations, ofObjects] : checks;
}

/** A check that cannot be made (a table that it needs is missing, or may not be read) says so, and the others go on. */
async function findingsOf(check: Check, sql: Sql, expected: Expected): Promise<Finding[]> {
  try {
    return await sql.savepoint((savepoint) => check.find(savepoint, expected));
  } catch (error) {
    const { message, code } = error as { message: string; code?: string };
    if (code === undefined) throw error;
    return [
      {
        severity: 'warning',
        object: `check of ${check.name}`,
        problem: `It could not be made: ${message}.`,
        mend: [],
        mend_with: 'sql',
      },
    ];
  }
}

function paragraph({ severity, object, problem, mend }: Found): string {
  const lines = mend.flatMap((statement) => statement.split('\n'));
  const more = lines.length - SHOWN_LINES;
  return [
    `${severity}: ${plain(object)}`,
    `  ${plain(problem)}`,
    ...lines.slice(0, SHOWN_LINES).map((line) => `    ${plain(line)}`),
    ...(more > 0 ? [`    … ${count(more, 'more line')}: see --sql`] : []),
  ].join('\n');
}

function summary(found: Found[], made: number): string {
  if (found.length === 0) return `Nothing was found by ${made} checks.`;
  const counts = SEVERITIES.map((severity) => ({
    severity,
    quantity: found.filter((one) => one.severity === severity).length,
  }));
  return `${counts
    .filter(({ quantity }) => quantity > 0)
    .map(({ severity, quantity }) => count(quantity, severity))
    .join(', ')}.`;
}

function script(found: Found[]): string {
  return found
    .flatMap(({ severity, object, problem, mend, mend_with }) => [
      `-- ${severity}: ${plain(object)}: ${plain(problem)}`,
      ...mend.map((statement) => (mend_with === 'sql' ? statement : `-- run in a shell: ${statement}`)),
      '',
    ])
    .join('\n');
}
