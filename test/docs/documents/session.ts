// A session like that of psql: statements one by one, and their output as psql would print it.

import postgres from 'postgres';
import { statementsOf } from './statements.js';

export interface Session {
  /** The output of the last statement, or of the one that failed, after which nothing is run. */
  run(text: string): Promise<{ output: string; failed: boolean }>;
  end(): Promise<void>;
}

// smallint, integer, bigint, real, double precision, numeric, oid, xid, cid, money, xid8
const NUMBERS = new Set([21, 23, 20, 700, 701, 1700, 26, 28, 29, 790, 5069]);

export function session(url: string): Session {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  return {
    async run(text) {
      let output = '';
      for (const statement of statementsOf(text)) {
        try {
          output = printed((await sql.unsafe(statement).raw()) as unknown as Result);
        } catch (error) {
          if (!(error instanceof postgres.PostgresError)) throw error;
          return { output: printedError(error), failed: true };
        }
      }
      return { output, failed: false };
    },
    end: () => sql.end({ timeout: 1 }),
  };
}

interface Result extends Iterable<(Buffer | null)[]> {
  columns?: { name: string; type: number }[];
  command: string;
  count: number | null;
}

function printed(result: Result): string {
  const { columns = [], command, count } = result;
  if (columns.length === 0) return `${command}${count === null ? '' : ` ${count}`}`;
  const rows = [...result].map((row) => row.map((value) => value?.toString('utf8') ?? ''));
  const widths = columns.map(({ name }, at) =>
    Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const width = (at: number) => widths[at] ?? 0;
  const head = columns.map(({ name }, at) => {
    const left = Math.floor((width(at) - name.length) / 2);
    return ` ${' '.repeat(left)}${name}`.padEnd(width(at) + 2);
  });
  const line = (row: string[]) =>
    row.map((value, at) =>
      NUMBERS.has(columns[at]?.type ?? 0) ? ` ${value.padStart(width(at))} ` : ` ${value.padEnd(width(at))} `,
    );
  return [
    head.join('|'),
    widths.map((each) => '-'.repeat(each + 2)).join('+'),
    ...rows.map((row) => line(row).join('|')),
  ]
    .map((each) => each.trimEnd())
    .join('\n');
}

function printedError({ severity, message, detail, hint }: postgres.PostgresError): string {
  const parts = { [severity]: message, DETAIL: detail, HINT: hint };
  return Object.entries(parts)
    .filter(([, text]) => text)
    .map(([name, text]) => `${name}:  ${text}`)
    .join('\n');
}
