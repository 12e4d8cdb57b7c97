// A project of its own with a few files under sql/, and `npm run db:watch` on it: a real process, which prints what somebody
// at a terminal would read.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { vi } from 'vitest';
import { projectFolder } from '../support/migrations.js';

export interface Watched {
  /**
   * Writes files under sql/ (current.sql under migrations/), waits until this is said, and the end of that run. Returns all
   * that was said meanwhile.
   */
  save(files: Record<string, string | undefined>, said: RegExp): Promise<string>;
  /** Everything that was said so far. */
  said(): string;
  stop(): Promise<void>;
}

export const IS_AS_FILES = /The database is as the files say\./;
export const IS_UNCHANGED = /Nothing changed in the database\./;
export const CURRENT = '-- Once.\n--!include all.sql\n';

/** A project with nothing committed and these files, all in its list in this order. */
export async function watching(url: string, files: Record<string, string>): Promise<Watched> {
  const folder = await mkdtemp(join(tmpdir(), 'dpg-watch-'));
  await mkdir(join(folder, 'migrations/committed'), { recursive: true });
  await symlink('../sql', join(folder, 'migrations/fixtures'));
  const project = { 'current.sql': CURRENT, ...files, 'all.sql': listOf(Object.keys(files)) };
  for (const [path, text] of Object.entries(project)) await write(folder, path, text);
  return await watchingProject(url, folder);
}

export function listOf(paths: string[]): string {
  return paths.map((path) => `--!include ${path}\n`).join('');
}

/** The folder is removed at the end. */
export async function watchingProject(url: string, folder: string): Promise<Watched> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(projectFolder, 'test/development/watch.ts'), folder],
    { cwd: projectFolder, env: { ...process.env, DATABASE_URL: url }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += chunk;
    });
  const ended = once(child, 'exit');
  const until = async (from: number, pattern: RegExp) => {
    await vi.waitFor(
      () => {
        const rest = said.slice(from);
        if (!/Waiting for the next save\.\n/.test(rest.slice(pattern.exec(rest)?.index ?? rest.length)))
          throw new Error(`It says:\n${rest}`);
      },
      { timeout: 20_000, interval: 50 },
    );
    return said.slice(from);
  };
  await until(0, /^/);
  return {
    async save(files, pattern) {
      const from = said.length;
      for (const [path, text] of Object.entries(files)) await write(folder, path, text);
      return await until(from, pattern);
    },
    said: () => said,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** As an editor does: the file is whole at any time. Undefined takes it away. */
async function write(folder: string, path: string, text: string | undefined): Promise<void> {
  const full = join(folder, path === 'current.sql' ? 'migrations' : 'sql', path);
  if (text === undefined) return await rm(full);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(`${full}~`, text);
  await rename(`${full}~`, full);
}
