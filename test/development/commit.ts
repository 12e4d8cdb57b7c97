// npm run db:commit -- "what it does": makes a committed migration of the files under sql/ that changed since they were
// committed last, and of the statements that migrations/current.sql holds besides its include of all.sql.
// With --amend the last committed migration is made anew: for one that no database has yet but your own.

import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commit } from 'graphile-migrate';
import { compile } from '../support/compiled.js';
import { describeFailure } from '../support/failure.js';
import {
  changedFiles,
  committedMigrations,
  connectionsClosed,
  listedFiles,
  listMistakes,
  migrationsFolder,
  presentFiles,
  projectFolder,
  settings,
} from '../support/migrations.js';
import { blankMigration } from './blank-migration.js';
import { startDevelopment } from './development.js';

/** What current.sql holds at rest: .gmrc has it, for graphile-migrate's own commands as well. */
const REST = blankMigration(await readFile(join(projectFolder, '.gmrc'), 'utf8'));

/** They look at what is there when they run, and so are part of every migration: what is new has no grants yet. */
const EACH_TIME = [
  'access/known_objects.sql',
  'access/comments.sql',
  'access/privileges.sql',
  'partitions/guard_partitions.sql',
];

const { values, positionals } = parseArgs({
  options: { amend: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const current = join(migrationsFolder, 'current.sql');

const refusal = await commitChanges(positionals.join(' '), values.amend).catch(
  (error: Error) => error.message,
);
if (refusal) console.error(refusal);
process.exit(refusal ? 1 : 0);

async function commitChanges(message: string, amend: boolean): Promise<string | undefined> {
  const listed = await listedFiles();
  const mistakes = listMistakes(listed, await presentFiles());
  for (const path of EACH_TIME)
    if (!listed.includes(path)) mistakes.push(`sql/${path} is part of every migration, and is not there`);
  if (mistakes.length) return mistakes.join('\n');
  const before = await readFile(current, 'utf8');
  if (!/^--!\s*include all\.sql$/m.test(before)) return 'migrations/current.sql does not include all.sql.';

  const last = (await committedMigrations()).at(-1);
  const amended = amend && last ? await takeAway(last) : undefined;
  if (amend && !amended) return 'Nothing is committed that could be amended.';
  const title = message || amended?.message;

  let done = false;
  try {
    if (!title) return 'Say what the migration does: npm run db:commit -- "add the view of partitions"';
    const changed = await changedFiles();
    const byHand = before.replace(/^--.*$/gm, '').trim() !== '';
    if (changed.length === 0 && !byHand)
      return 'Nothing changed under sql/ since the last committed migration.';
    // A comment of its own line is no statement; what is above the include may be.
    // in the order of all.sql: what is known comes before what is new
    const included = listed.filter((path) => changed.includes(path) || EACH_TIME.includes(path));
    const includes = included.map((path) => `--!include ${path}`).join('\n');
    await writeFile(
      current,
      before
        .replace(REST.split('\n')[0] ?? '', '')
        .replace(/^--!\s*include all\.sql$/m, includes)
        .trimStart(),
    );
    await commitOnServer(title);
    done = true;
    console.log(included.map((path) => `  ${path}`).join('\n'));
    return undefined;
  } finally {
    // graphile-migrate leaves the compiled text there when it fails.
    await writeFile(current, done ? REST : before);
    if (!done && amended) await writeFile(amended.path, amended.text);
  }
}

async function commitOnServer(message: string): Promise<void> {
  const { DATABASE_URL, SHADOW_DATABASE_URL, ROOT_DATABASE_URL } = process.env;
  const given = DATABASE_URL && SHADOW_DATABASE_URL && ROOT_DATABASE_URL;
  const urls = { DATABASE_URL, SHADOW_DATABASE_URL, ROOT_DATABASE_URL };
  const development = given ? undefined : await startDevelopment();
  Object.assign(urls, development?.urls);
  // before graphile-migrate, which leaves its own text there when it fails
  const compiled = await compile(migrationsFolder);
  try {
    await commit(
      {
        ...settings(urls.DATABASE_URL ?? ''),
        shadowConnectionString: urls.SHADOW_DATABASE_URL ?? '',
        rootConnectionString: urls.ROOT_DATABASE_URL ?? '',
        blankMigrationContent: REST,
      },
      message,
    );
    const name = (await committedMigrations()).at(-1) ?? '';
    const path = join(migrationsFolder, 'committed', name);
    // It makes the file read-only, which git does not record.
    await chmod(path, 0o644);
    console.log(`migrations/committed/${name}`);
  } catch (error) {
    const where = [compiled, urls.SHADOW_DATABASE_URL ?? '', projectFolder] as const;
    throw new Error(await describeFailure(error as Error, ...where), { cause: error });
  } finally {
    await connectionsClosed();
    await development?.server.stop();
  }
}

async function takeAway(name: string): Promise<{ path: string; text: string; message: string | undefined }> {
  const path = join(migrationsFolder, 'committed', name);
  const text = await readFile(path, 'utf8');
  await rm(path);
  return { path, text, message: /^--! Message: (.*)$/m.exec(text)?.[1] };
}
