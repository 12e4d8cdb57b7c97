// Runs a pgTAP file as pg_prove would: the whole file on one connection, its rows read as TAP. Each file rolls back what it
// has done, so all that a process runs share one database.

import { readFile } from 'node:fs/promises';
import postgres from 'postgres';
import { Parser, type Result } from 'tap-parser';
import { type TestDatabase, temporaryDatabase } from './test-database.js';

/** It goes with the server, or at the end of the run. */
let shared: ReturnType<typeof temporaryDatabase> | undefined;

/** What went wrong in the file, ready to be read; undefined when all is well. */
export async function pgtapFailure(file: string): Promise<string | undefined> {
  shared ??= temporaryDatabase({ from: 'pgtap' });
  return await failureOfFile(await shared, file);
}

export async function failureOfFile(database: TestDatabase, file: string): Promise<string | undefined> {
  // One connection: the file's transaction lives on it, and it is closed whatever state the file left it in.
  const sql = database.connect({ max: 1, connection: { search_path: 'public, tap' } });
  try {
    return await failureOf(sql, await readFile(file, 'utf8'));
  } finally {
    await sql.end({ timeout: 1 });
  }
}

export async function failureOf(sql: postgres.Sql, text: string): Promise<string | undefined> {
  const lines: string[] = [];
  let stop: string | undefined;
  try {
    // Row by row: after an error in mid-file those before it are still of interest.
    await sql
      .unsafe(text)
      .simple()
      .forEach((row) => {
        lines.push(Object.values(row).map(asText).join('|'));
      });
  } catch (error) {
    stop = describeError(error, text);
  }
  const tap = lines.join('\n');
  const { failures, mistakes } = read(tap);
  const complaints = [...failures, ...mistakes];
  if (stop === undefined) return complaints.length ? complaints.join('\n') : undefined;
  const last = lines.findLast((line) => /^(not )?ok /.test(line));
  return [...failures, `Bail out! ${stop}`, last ? `after: ${last.split('\n')[0]}` : 'before any test'].join(
    '\n',
  );
}

function read(tap: string): { failures: string[]; mistakes: string[] } {
  const failures: string[] = [];
  const mistakes: string[] = [];
  const parser = new Parser();
  // pgTAP writes what it found below the failed line, as comments.
  let failed = false;
  parser.on('assert', (result: Result) => {
    failed = !result.ok && !result.todo && !result.skip;
    if (failed) failures.push(`not ok ${result.id} - ${result.name}`);
  });
  parser.on('comment', (line: string) => {
    if (failed) failures.push(`    ${line.trimEnd()}`);
  });
  parser.on('bailout', (reason: string) => mistakes.push(`Bail out! ${reason}`));
  parser.on('complete', (results) => {
    const planned = results.plan?.end ?? 0;
    if (results.count > 0 && results.count !== planned) {
      mistakes.push(`planned ${planned} tests but ran ${results.count}`);
    }
    if (results.count === 0) mistakes.push('the file ran no test');
    if (!results.ok && !failures.length && !mistakes.length)
      mistakes.push('the file failed, but says not why');
  });
  parser.end(tap);
  return { failures, mistakes };
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function describeError(error: unknown, text: string): string {
  if (!(error instanceof postgres.PostgresError)) return String(error);
  const parts = [`${error.code}: ${error.message}`];
  if (error.position) {
    const before = text.slice(0, Number(error.position) - 1).split('\n');
    parts.push(
      `at line ${before.length}, column ${(before.at(-1) ?? '').length + 1}: ${text.split('\n')[before.length - 1]?.trim()}`,
    );
  }
  for (const more of [error.detail, error.hint, error.where]) if (more) parts.push(more);
  return parts.join('\n    ');
}
