// What the migrations consist of: the files of sql/ in the order of sql/all.sql, and the text of each as it was
// committed last (graphile-migrate writes it into committed migrations between Included and EndIncluded markers).

import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Logger, migrate as migrateCommitted, type Settings, watch } from 'graphile-migrate';
import { compile } from './compiled.js';
import { describeFailure, messageOf } from './failure.js';

export const projectFolder = fileURLToPath(new URL('../../', import.meta.url));
export const migrationsFolder = join(projectFolder, 'migrations');
export const sqlFolder = join(projectFolder, 'sql');

const LIST = 'all.sql';
const INCLUDE = /^--![ \t]*include[ \t]+(.*\.sql)[ \t]*$/gm;
const GONE = /^-- No longer in sql\/: (.+\.sql)$/gm;
const INCLUDED = /^--! Included (?!all\.sql$)(.+\.sql)\n([\s\S]*?)\n--! EndIncluded \1$/gm;

/** Runs the committed migrations, as a deployment does. */
export async function migrate(url: string, folder = migrationsFolder): Promise<void> {
  await migrateCommitted(settings(url, folder)).finally(connectionsClosed);
}

/** Runs the committed migrations and then the current one: the database as the working copy describes it. */
export async function migrateToCurrent(url: string, folder = migrationsFolder): Promise<void> {
  await migrate(url, folder).catch((error: Error) => {
    throw new Error(`migrations: ${messageOf(error)}`, { cause: error });
  });
  try {
    await watch(settings(url, folder), true).finally(connectionsClosed);
  } catch (error) {
    const described = await describeFailure(error as Error, await compile(folder), url, dirname(folder));
    throw new Error(described, { cause: error });
  }
}

/**
 * graphile-migrate keeps its connections for 200 ms, in which nobody can copy the database, and ends this process if
 * the database goes away.
 */
export function connectionsClosed(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 300));
}

export function settings(url: string, folder = migrationsFolder): Settings {
  return { connectionString: url, migrationsFolder: folder, logger: quietLogger };
}

/** graphile-migrate says a line a step; what it says of an error comes with the exception as well. */
const quietLogger = new Logger(() => (level, message, details) => {
  if (String(level) === 'error' && !details?.error) console.error(message);
});

/** The files that sql/all.sql lists, in its order. */
export async function listedFiles(folder = sqlFolder): Promise<string[]> {
  return includes(await readFile(join(folder, LIST), 'utf8'));
}

/** The files that are under sql/. */
export async function presentFiles(folder = sqlFolder): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.sql'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => path !== LIST)
    .sort();
}

/** What is wrong with the list: a file that it lacks, lists twice, or that is not there. */
export function listMistakes(listed: string[], present: string[]): string[] {
  return [
    ...present.filter((path) => !listed.includes(path)).map((path) => `sql/all.sql does not list ${path}`),
    ...listed
      .filter((path) => !present.includes(path))
      .map((path) => `sql/all.sql lists ${path}, which is not there`),
    ...listed
      .filter((path, index) => listed.indexOf(path) !== index)
      .map((path) => `sql/all.sql lists ${path} twice`),
  ];
}

export function includes(text: string): string[] {
  return [...text.matchAll(INCLUDE)].map((match) => match[1] ?? '');
}

export async function fileTexts(paths: string[], folder = sqlFolder): Promise<Map<string, string>> {
  const texts = await Promise.all(paths.map((path) => readFile(join(folder, path), 'utf8')));
  return new Map(paths.map((path, index) => [path, (texts[index] ?? '').trim()]));
}

/** The names of the committed migrations, in order. */
export async function committedMigrations(folder = migrationsFolder): Promise<string[]> {
  const names = await readdir(join(folder, 'committed'));
  return names.filter((name) => /^\d+.*\.sql$/.test(name)).sort();
}

/** A migrations folder that has the first committed migrations alone, and nothing current: a former release. */
export async function folderOfRelease(count: number): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'dpg-migrations-'));
  await mkdir(join(folder, 'committed'));
  for (const name of (await committedMigrations()).slice(0, count))
    await cp(join(migrationsFolder, 'committed', name), join(folder, 'committed', name));
  await symlink(sqlFolder, join(folder, 'fixtures'));
  await writeFile(join(folder, 'current.sql'), '');
  return { folder, remove: () => rm(folder, { recursive: true }) };
}

/** The text of each file as it was committed last, without those that a migration says are gone. */
export async function committedTexts(folder = migrationsFolder): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const name of await committedMigrations(folder)) {
    const migration = await readFile(join(folder, 'committed', name), 'utf8');
    for (const [, path = ''] of migration.matchAll(GONE)) texts.delete(path);
    for (const [, path = '', text = ''] of migration.matchAll(INCLUDED)) texts.set(path, text);
  }
  return texts;
}

/** The listed files whose text is not the one committed last. */
export async function changedFiles(): Promise<string[]> {
  const listed = await listedFiles();
  return differingFiles(await fileTexts(listed), await committedTexts());
}

/** A file that was put together of whole committed ones does not differ: to create its indexes or policies anew would lock tables. */
export function differingFiles(texts: Map<string, string>, committed: Map<string, string>): string[] {
  const isKnown = (path: string, text: string) =>
    committed.get(path) === text || partsOf(path, text, committed).length > 0;
  return [...texts].filter(([path, text]) => !isKnown(path, text)).map(([path]) => path);
}

/** The committed files that are gone, but for those of which a listed one was put together. */
export function goneFiles(texts: Map<string, string>, committed: Map<string, string>): string[] {
  const parts = [...texts].flatMap(([path, text]) => partsOf(path, text, committed));
  return [...committed.keys()].filter((path) => !texts.has(path) && !parts.includes(path));
}

/** The committed files of which a new one consists; none when it has anything else. */
function partsOf(path: string, text: string, committed: Map<string, string>): string[] {
  if (committed.has(path)) return [];
  const parts: string[] = [];
  let rest = text;
  for (const [part, content] of [...committed].sort(([, one], [, other]) => other.length - one.length)) {
    if (content === '' || !rest.includes(content)) continue;
    rest = rest.replace(content, '');
    parts.push(part);
  }
  return rest.trim() === '' ? parts : [];
}
