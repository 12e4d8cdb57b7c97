// migrations/current.sql as graphile-migrate sends it: one text, the files of sql/ put in where it includes them. An error
// of the server counts in that text. Here is the way back to the file and its line.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Place {
  /** From the project's folder: sql/items/get_item.sql. */
  path: string;
  /** From 1. */
  line: number;
  /** From 1, where it is known. */
  column?: number;
}

export interface Line {
  text: string;
  path: string;
  line: number;
}

export interface Statement {
  text: string;
  /** Where it begins in the whole text, without the comments before it. */
  start: number;
  place: Place;
}

/** A statement that creates a function. */
export interface FunctionStatement extends Statement {
  schema: string;
  name: string;
  /** Its text between the dollar quotes, and the line on which that begins. */
  body?: { text: string; place: Place };
}

export class Compiled {
  readonly text: string;
  readonly #lines: Line[];
  #statements: Statement[] | undefined;

  constructor(lines: Line[]) {
    this.#lines = lines;
    this.text = lines.map(({ text }) => text).join('\n');
  }

  /** The place of a line and column of the whole text, both from 1. */
  at(line: number, column?: number): Place | undefined {
    const found = this.#lines[line - 1];
    return found && { path: found.path, line: found.line, ...(column && { column }) };
  }

  /** The place of an index into the whole text. */
  placeOf(index: number): Place | undefined {
    const before = this.text.slice(0, index);
    return this.at(before.split('\n').length, index - before.lastIndexOf('\n'));
  }

  /**
   * The same for an error: a statement that is not ended runs on into the next file, which is then told to be wrong. The
   * end of the file in which it began is meant.
   */
  placeOfError(index: number): Place | undefined {
    const place = this.placeOf(index);
    const statement = this.statements.findLast(({ start }) => start <= index);
    if (!place || !statement || statement.place.path === place.path) return place;
    const { path } = statement.place;
    return { path, line: this.#lines.findLast((line) => line.path === path && line.text.trim())?.line ?? 1 };
  }

  /** A quote that is opened and not closed in its file. */
  get unclosed(): Place | undefined {
    const files = new Map<string, Line[]>();
    for (const line of this.#lines) files.set(line.path, [...(files.get(line.path) ?? []), line]);
    for (const lines of files.values()) {
      const text = lines.map((line) => line.text).join('\n');
      const lone = [...text.matchAll(TOKEN)].find(([token]) => token === "'" || token === '"');
      const line = lone && lines[text.slice(0, lone.index).split('\n').length - 1];
      if (line) return { path: line.path, line: line.line };
    }
    return undefined;
  }

  get statements(): Statement[] {
    this.#statements ??= statementsOf(this.text).map((statement) => ({
      ...statement,
      place: this.#lineOf(statement.start),
    }));
    return this.#statements;
  }

  #lineOf(index: number): Place {
    const { path = '', line = 1 } = this.placeOf(index) ?? {};
    return { path, line };
  }

  get functions(): FunctionStatement[] {
    return this.statements.flatMap((statement) => {
      const named = CREATES_FUNCTION.exec(statement.text);
      if (!named) return [];
      const [, schema = '', name = ''] = named;
      const body = this.bodyOf(statement);
      return [{ ...statement, schema, name, ...(body && { body }) }];
    });
  }

  /** What stands between the first dollar quotes of a statement. PL/pgSQL counts its lines from there. */
  bodyOf({ text, start }: Statement): FunctionStatement['body'] {
    const found = DOLLAR_QUOTED.exec(text);
    return found ? { text: found[2] ?? '', place: this.#lineOf(start + found.index) } : undefined;
  }
}

const INCLUDE = /^--![ \t]*include[ \t]+(.*\.sql)[ \t]*$/;
const CREATES_FUNCTION = /^create\s+(?:or\s+replace\s+)?(?:function|procedure)\s+(\w+)\.(\w+)/i;
const DOLLAR_QUOTED = /(\$(?:[a-z_]\w*)?\$)([\s\S]*?)\1/i;

/** Reads what graphile-migrate would read now. A file that cannot be read is left out: graphile-migrate says so. */
export async function compile(migrationsFolder: string): Promise<Compiled> {
  const read = (path: string) => readFile(path, 'utf8').catch(() => '');
  const linesOf = async (path: string, text: string): Promise<Line[]> => {
    const lines: Line[] = [];
    for (const [index, each] of text.split('\n').entries()) {
      const here = { path, line: index + 1 };
      const included = INCLUDE.exec(each)?.[1];
      if (included === undefined) {
        lines.push({ text: each, ...here });
        continue;
      }
      const content = await read(join(migrationsFolder, 'fixtures', included));
      lines.push({ text: `--! Included ${included}`, ...here });
      lines.push(...trimmed(await linesOf(`sql/${included}`, content)));
      lines.push({ text: `--! EndIncluded ${included}`, ...here });
    }
    return lines;
  };
  const current = await read(join(migrationsFolder, 'current.sql'));
  return new Compiled(await linesOf('migrations/current.sql', current));
}

function trimmed(lines: Line[]): Line[] {
  const isFull = ({ text }: Line) => text.trim() !== '';
  const first = lines.findIndex(isFull);
  if (first < 0) return lines.slice(0, 1).map((line) => ({ ...line, text: '' }));
  const kept = lines.slice(first, lines.findLastIndex(isFull) + 1);
  return kept.map((line, index) => {
    const text = index === 0 ? line.text.trimStart() : line.text;
    return { ...line, text: index === kept.length - 1 ? text.trimEnd() : text };
  });
}

// In this order: comments, strings with backslashes, strings, quoted names, dollar quotes, words, all else.
const TOKEN =
  /--.*|\/\*[\s\S]*?\*\/|\be'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$(?:[a-z_]\w*)?\$)[\s\S]*?\1|\w+|\S/gi;

/** A `;` ends a statement, but not in quotes or comments, and not between `begin atomic` and its `end`. */
function statementsOf(text: string): { text: string; start: number }[] {
  const statements: { text: string; start: number }[] = [];
  let start: number | undefined;
  let depth = 0;
  let before = '';
  for (const match of text.matchAll(TOKEN)) {
    const token = match[0].toLowerCase();
    if (/^(--|\/\*)/.test(token)) continue;
    start ??= match.index;
    if (token === 'atomic' && before === 'begin') depth = 1;
    else if (token === 'case' && depth > 0) depth++;
    else if (token === 'end' && depth > 0) depth--;
    else if (token === ';' && depth === 0) {
      statements.push({ text: text.slice(start, match.index + 1), start });
      start = undefined;
    }
    before = token;
  }
  if (start !== undefined) statements.push({ text: text.slice(start), start });
  return statements;
}
