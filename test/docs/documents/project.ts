// An empty project of somebody who uses dpg-database: what a document's files, programs and commands run in. The package is
// there as it is exported, but out of the working copy; other packages are those of this repository.

import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectFolder } from '../../support/migrations.js';

export const LOADER = join(projectFolder, 'node_modules/tsx/dist/loader.mjs');

export interface Project {
  folder: string;
  write(path: string, text: string): Promise<void>;
  remove(): Promise<void>;
}

export async function makeProject(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'dpg-docs-'));
  // a server of a test may belong to another user, who has to get through
  await chmod(folder, 0o755);
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  await linkPackages(folder);
  await write('node_modules/dpg-database/package.json', await ownPackage());
  for (const name of ['sdk', 'migrations', 'sql', 'node_modules']) {
    await symlink(join(projectFolder, name), join(folder, 'node_modules/dpg-database', name));
  }
  const command = join(folder, 'node_modules/.bin/dpg-database');
  await writeFile(
    command,
    `#!/bin/sh\nexec env TSX_DISABLE_CACHE=1 node --import '${LOADER}' '${join(projectFolder, 'sdk/cli/index.ts')}' "$@"\n`,
  );
  await chmod(command, 0o755);
  await write('package.json', JSON.stringify({ name: 'application', private: true, type: 'module' }));
  return { folder, write, remove: () => rm(folder, { recursive: true, force: true }) };
}

async function linkPackages(folder: string): Promise<void> {
  const from = join(projectFolder, 'node_modules');
  await mkdir(join(folder, 'node_modules/.bin'), { recursive: true });
  for (const name of await readdir(from)) {
    if (!name.startsWith('.')) await symlink(join(from, name), join(folder, 'node_modules', name));
  }
  for (const name of await readdir(join(from, '.bin'))) {
    await symlink(join(from, '.bin', name), join(folder, 'node_modules/.bin', name));
  }
}

/** `./mirror` is built of sdk/mirror/index.ts, and so on. */
async function ownPackage(): Promise<string> {
  const { name, version, type, exports } = JSON.parse(
    await readFile(join(projectFolder, 'package.json'), 'utf8'),
  );
  const entries = Object.keys(exports).map((entry) =>
    entry.endsWith('.json')
      ? [entry, entry]
      : [entry, `./sdk${entry === '.' ? '' : entry.slice(1)}/index.ts`],
  );
  return JSON.stringify({ name, version, type, exports: Object.fromEntries(entries) }, null, 2);
}
