// Migrations written for one test: a folder as graphile-migrate commits it.

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Written {
  folder: string;
  names: string[];
  remove(): Promise<void>;
}

/** A folder whose migrations are these texts. */
export async function writtenMigrations(...texts: string[]): Promise<Written> {
  const folder = await mkdtemp(join(tmpdir(), 'dpg-written-'));
  const names = await writeMigrations(join(folder, 'committed'), ...texts);
  return { folder, names, remove: () => rm(folder, { recursive: true }) };
}

/** The same in a folder that may have others, which are removed. */
export async function writeMigrations(committed: string, ...texts: string[]): Promise<string[]> {
  await rm(committed, { recursive: true, force: true });
  await mkdir(committed, { recursive: true });
  const names: string[] = [];
  let previous = '-';
  for (const [index, text] of texts.entries()) {
    const before = previous === '-' ? '' : previous;
    const hash = `sha1:${createHash('sha1')
      .update(`${`${before}\n${text}`.trim()}\n`)
      .digest('hex')}`;
    const name = `${String(index + 1).padStart(6, '0')}-written.sql`;
    await writeFile(
      join(committed, name),
      `--! Previous: ${previous}\n--! Hash: ${hash}\n--! Message: written\n\n${text}\n`,
    );
    names.push(name);
    previous = hash;
  }
  return names;
}
