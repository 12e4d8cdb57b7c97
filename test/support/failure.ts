// What somebody who has just saved a file wants to know of an error: which file, which line, what is wrong, what to do.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import type { Compiled, Place, Statement } from './compiled.js';

/** An error as pg, postgres.js or pg-minify give it. */
export type Failure = Error & {
  code?: string | number;
  detail?: string;
  hint?: string;
  where?: string;
  position?: string | { line: number; column: number };
  internalPosition?: string;
  internalQuery?: string;
  /** As postgres.js calls the last two. */
  internal_position?: string;
  internal_query?: string;
};

const WIDTH = 80;

interface Failing {
  place: Place;
  /** Known where the statements were run again. */
  statement?: Statement;
}

/** What failed, in migrations/current.sql or a file that it includes; undefined where the error is about none of them. */
async function failing(error: Failure, compiled: Compiled, url: string): Promise<Failing | undefined> {
  const at = (place: Place | undefined) => place && { place };
  const included = /^Include of '(.*?)' failed/.exec(error.message)?.[1];
  if (included !== undefined)
    return at(compiled.at(compiled.text.split('\n').indexOf(`--! Included ${included}`) + 1));
  if (typeof error.position === 'object')
    return at(compiled.unclosed ?? compiled.at(error.position.line, error.position.column));
  if (error.position !== undefined) return at(compiled.placeOfError(indexOf(compiled.text, error.position)));
  return error.code === undefined ? undefined : await failingStatement(compiled, url);
}

/**
 * The server does not say which of many statements failed, unless the error has a position. So they are run again, one at
 * a time, in a transaction that is rolled back.
 */
async function failingStatement(compiled: Compiled, url: string): Promise<Failing | undefined> {
  return await rolledBack(url, async (sql) => {
    for (const statement of compiled.statements) {
      const error: Failure | undefined = await sql
        .unsafe(statement.text)
        .simple()
        .then(
          () => undefined,
          (error) => error,
        );
      if (error) return { statement, place: placeWithin(statement, error, compiled) };
    }
    return undefined;
  }).catch(() => undefined);
}

/** Where in a statement its error is: as exactly as the server says. */
function placeWithin(statement: Statement, error: Failure, compiled: Compiled): Place {
  if (typeof error.position === 'string') {
    const place = compiled.placeOfError(statement.start + indexOf(statement.text, error.position));
    if (place) return place;
  }
  const body = compiled.bodyOf(statement);
  if (!body) return statement.place;
  const { path, line } = body.place;
  const query = error.internal_query;
  if (query === body.text)
    return { path, line: line + linesBefore(query, indexOf(query, error.internal_position ?? '1')) };
  const inBlock = /function inline_code_block line (\d+) at /.exec(error.where ?? '')?.[1];
  return inBlock ? { path, line: line + Number(inBlock) - 1 } : statement.place;
}

function linesBefore(text: string, index: number): number {
  return text.slice(0, index).split('\n').length - 1;
}

/** Runs it on a connection of its own, in a transaction that leaves nothing behind. */
export async function rolledBack<T>(url: string, use: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql`begin`;
    return await use(sql);
  } finally {
    // the end of the session rolls back
    await sql.end();
  }
}

/** PostgreSQL counts characters from 1, JavaScript units of UTF-16 from 0. */
function indexOf(text: string, position: string): number {
  let index = 0;
  for (let left = Number(position) - 1; left > 0 && index < text.length; left--)
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  return index;
}

/** Place, message, four lines of the file, what the server says besides, and what helps: within 80 columns. */
export async function describeFailure(
  error: Failure,
  compiled: Compiled,
  url: string,
  projectFolder: string,
): Promise<string> {
  const found = await failing(error, compiled, url).catch(() => undefined);
  const remedy = remedyOf(error, found?.statement);
  return [
    ...(await described(found?.place, messageOf(error), projectFolder)),
    ...labelled('Detail', error.detail),
    ...(remedy ?? labelled('Hint', error.hint)),
    ...labelled('Where', error.where?.split('\n')[0]),
  ]
    .join('\n')
    .trimEnd();
}

/** A message about a place, with four lines of the file. */
export async function described(
  place: Place | undefined,
  message: string,
  projectFolder: string,
): Promise<string[]> {
  if (!place) return wrapped(message);
  return [
    [place.path, place.line, place.column].filter((part) => part !== undefined).join(':'),
    ...wrapped(message, '  '),
    ...(await excerpt(place, projectFolder)),
  ];
}

export function messageOf(error: Failure): string {
  const text =
    /^Error parsing SQL at \{.*?\}: (.*)$/s.exec(error.message)?.[1] ??
    error.message.replace(/^(Include of '.*?' failed) because '.*' doesn't.*$/s, '$1: there is no such file');
  const isServers = typeof error.code === 'string';
  // of several addresses that do not answer Node.js says the code only
  return isServers && text ? `${text} (${error.code})` : text || String(error.code ?? error.name);
}

/**
 * What `create or replace` refuses to change has to be dropped before: the statement for migrations/current.sql. `db:watch`
 * runs it at each save, and the files create the object again.
 */
function remedyOf({ code, hint }: Failure, statement: Statement | undefined): string[] | undefined {
  const [, kind = '', signature = ''] = /^Use DROP (\w+) (.+) first\.$/.exec(hint ?? '') ?? [];
  if (code === '42P13' && signature)
    return toCurrent(`drop ${kind.toLowerCase()} if exists ${spaced(signature)};`);
  const view = /^create\s+or\s+replace\s+view\s+(\w+\.\w+)/i.exec(statement?.text ?? '')?.[1];
  if (code === '42P16' && view) return toCurrent(`drop view if exists ${view};`);
  if (code === '2BP01')
    return wrapped(
      'Drop what depends on it before it, in migrations/current.sql; its file creates it again. ' +
        'Not with "cascade", which drops what nobody has listed.',
      '  ',
    );
  return undefined;
}

/** A signature as people write it. */
export function spaced(signature: string): string {
  return signature.replace(/,(?=\S)/g, ', ');
}

export function toCurrent(statement: string): string[] {
  return [
    'For migrations/current.sql, above its include:',
    ...wrapped(statement, '  '),
    // what callers were granted on it, and what they have built on it
    ...(/ dpg\./.test(statement)
      ? ['Of the API: see CONTRIBUTING.md, "A function or type that grows".']
      : []),
  ];
}

const BEFORE = 2;
const AFTER = 1;

async function excerpt({ path, line, column }: Place, projectFolder: string): Promise<string[]> {
  const text = await readFile(join(projectFolder, path), 'utf8').catch(() => '');
  const lines = text.replace(/\n$/, '').split('\n');
  const first = Math.max(1, Math.min(line - BEFORE, lines.length - BEFORE - AFTER));
  const shown: string[] = [''];
  const digits = String(first + BEFORE + AFTER).length;
  for (const [index, each] of lines.slice(first - 1, first + BEFORE + AFTER).entries()) {
    const number = first + index;
    const margin = `${number === line ? '>' : ' '} ${String(number).padStart(digits)}  `;
    const width = WIDTH - margin.length;
    // a long line is shown from where the error is visible
    const from = number === line && column !== undefined && column > width ? column - (width >> 1) : 0;
    shown.push(`${margin}${each.slice(from, from + width)}`.trimEnd());
    if (number === line && column !== undefined)
      shown.push(`${' '.repeat(margin.length + column - 1 - from)}^`);
  }
  return [...shown, ''];
}

function labelled(name: string, text: string | undefined): string[] {
  return text ? wrapped(`${name}: ${text}`, '  ') : [];
}

/** Broken at spaces; what has none is left as it is. */
export function wrapped(text: string, indent = ''): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(/ +/)) {
      if (line && indent.length + line.length + 1 + word.length > WIDTH) {
        lines.push(indent + line);
        line = word;
      } else line = line ? `${line} ${word}` : word;
    }
    return [...lines, indent + line];
  });
}
