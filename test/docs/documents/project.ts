// An empty project of somebody who uses dpg-database: what a document's files, programs and commands run in. The package is
// there as it is exported, out of the working copy: its programs as JavaScript that is built once for all documents, its types
// from sdk/. Other packages are those of this repository.

import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';
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
  built ??= buildPackage();
  for (const [path, text] of await built) await write(`node_modules/dpg-database/${path}`, text);
  const command = join(folder, 'node_modules/.bin/dpg-database');
  await writeFile(
    command,
    `#!/bin/sh\nexec node '${join(folder, 'node_modules/dpg-database/dist/cli/index.js')}' "$@"\n`,
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

let built: Promise<[path: string, text: string][]> | undefined;

/** A process that compiled sdk/ itself would take a second for it. */
async function buildPackage(): Promise<[path: string, text: string][]> {
  const { outputFiles } = await build({
    absWorkingDir: projectFolder,
    entryPoints: [...(await entries()), 'cli'].map((entry) => join('sdk', entry, 'index.ts')),
    outbase: 'sdk',
    outdir: 'dist',
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    write: false,
  });
  return outputFiles.map(({ path, text }) => [relative(projectFolder, path), text]);
}

/** Folders of sdk/ that are exported: `.`, `./mirror` and so on. */
async function entries(): Promise<string[]> {
  const { exports } = await packageJson();
  return Object.keys(exports).filter((entry) => !entry.endsWith('.json'));
}

async function ownPackage(): Promise<string> {
  const { name, version, type } = await packageJson();
  const exported = (await entries()).map((entry) => [
    entry,
    { types: `./${join('sdk', entry, 'index.ts')}`, default: `./${join('dist', entry, 'index.js')}` },
  ]);
  const exports = { ...Object.fromEntries(exported), './package.json': './package.json' };
  return JSON.stringify({ name, version, type, exports }, null, 2);
}

async function packageJson(): Promise<{
  name: string;
  version: string;
  type: string;
  exports: Record<string, unknown>;
}> {
  return JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8'));
}
