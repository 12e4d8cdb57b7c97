// The migrations that come with the package, as graphile-migrate has written them: headers, an empty line, statements.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from './migration-error.js';
import { packageFolder } from './package-folder.js';

export interface ShippedMigration {
  /** Of the file: `000001-the-data-layer.sql`. */
  name: string;
  /** As graphile-migrate records it: `000001.sql`. */
  filename: string;
  hash: string;
  previousHash: string | null;
  text: string;
}

const NAME = /^(\d+)(-[-\w]*)?\.sql$/;
const HEADERS = /^(?:--! [A-Z]\w*(?::.*)?\n)+/;
const DROP = /^drop (function|view|table|type|index|trigger|policy)\s+(?:if\s+exists\s+)?([^;]+)/gm;
const GONE = /^-- No longer in sql\/: (.+\.sql)$/gm;
const INCLUDED = /^--! Included (.+\.sql)\n([\s\S]*?)\n--! EndIncluded \1$/gm;

/** The folder that holds `committed/`. */
export function migrationsFolder(): string {
  const folder = packageFolder();
  if (folder) return join(folder, 'migrations');
  throw new MigrationError('the migrations of dpg-database are not beside this module', {
    hint: 'A bundle does not hold them: leave dpg-database out of it, or say where they are with migrationsFolder.',
  });
}

/** In order. */
export async function shippedMigrations(folder = migrationsFolder()): Promise<ShippedMigration[]> {
  const committed = join(folder, 'committed');
  const files = await readdir(committed).catch((cause: Error) => {
    throw new MigrationError(`there are no migrations: ${cause.message}`, { cause });
  });
  const names = files.filter((file) => NAME.test(file)).sort();
  return Promise.all(names.map(async (name) => read(name, await readFile(join(committed, name), 'utf8'))));
}

function read(name: string, file: string): ShippedMigration {
  const headers = HEADERS.exec(file)?.[0] ?? '';
  const header = (key: string) => new RegExp(`^--! ${key}: (.*)$`, 'm').exec(headers)?.[1]?.trim();
  const text = file.slice(headers.length).trim();
  const hash = header('Hash') ?? '';
  const previous = header('Previous') ?? '-';
  const previousHash = previous === '-' ? null : previous;
  // graphile-migrate's own rule
  const actual = createHash('sha1')
    .update(`${`${previousHash ?? ''}\n${text}`.trim()}\n`)
    .digest('hex');
  if (hash !== `sha1:${actual}`) {
    throw new MigrationError(`the migration ${name} was changed after it was made`, {
      hint: `It says that it is ${hash || 'of no hash'} and is sha1:${actual}: install dpg-database again.`,
    });
  }
  return { name, filename: name.replace(NAME, '$1.sql'), hash, previousHash, text };
}

/** The names of a list: without the arguments of functions, and what follows the last. */
const dropped = (list: string) =>
  list
    .replace(/--.*$/gm, '')
    .replace(/\([^)]*\)/g, '')
    .split(',')
    .flatMap((entry) => /^[\w.]+/.exec(entry.trim())?.[0] ?? []);

/**
 * The files that the migrations consist of, as committed last, in the order of the first migration that has them. Without
 * those that a later migration says are gone, and without those whose object a later migration drops (a statement that is
 * written by hand beside its files).
 */
export function shippedFiles(migrations: readonly Pick<ShippedMigration, 'text'>[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const { text } of migrations) {
    for (const [, kind = '', list = ''] of text.replace(INCLUDED, '').matchAll(DROP)) {
      for (const name of dropped(list)) {
        const creation = new RegExp(
          `^create (or replace )?(unique )?${kind} (if not exists )?${name.replace('.', '\\.')}\\b`,
          'm',
        );
        for (const [path, content] of files) if (creation.test(content)) files.delete(path);
      }
    }
    for (const [, path = ''] of text.matchAll(GONE)) files.delete(path);
    for (const [, path = '', content = ''] of text.matchAll(INCLUDED)) files.set(path, content);
  }
  return files;
}
