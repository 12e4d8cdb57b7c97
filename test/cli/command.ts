// The command as others get it: built, in a project of its own with the packages that it needs, run as a process.

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { projectFolder } from '../support/migrations.js';

const run = promisify(execFile);

export interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface Installed {
  remove(): Promise<void>;
  /** The project's folder. */
  project: string;
  /** The package in it. */
  folder: string;
  /** Runs `dpg-database` with these arguments; DATABASE_URL is what `url` says. */
  dpgDatabase(url: string | undefined, ...args: string[]): Promise<Ended>;
  /** The same with --json, and its document. */
  document(url: string, ...args: string[]): Promise<{ exitCode: number; document: Record<string, unknown> }>;
}

/** What comes with dpg-database. */
export const DEPENDENCIES = ['@cfworker/json-schema', 'lossless-json', 'postgres', 'zod'];

/** A program in a project where these packages are installed, beside dpg-database. */
export async function installedCommand(packages = [...DEPENDENCIES, 'graphile-migrate']): Promise<Installed> {
  const project = await mkdtemp(join(tmpdir(), 'dpg-command-'));
  const folder = join(project, 'node_modules', 'dpg-database');
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [join(projectFolder, 'sdk/cli/index.ts')],
    outfile: join(folder, 'dist/index.js'),
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  await cp(join(projectFolder, 'package.json'), join(folder, 'package.json'));
  await cp(join(projectFolder, 'migrations/committed'), join(folder, 'migrations/committed'), {
    recursive: true,
  });
  await linkPackages(project, packages);
  const remove = () => rm(project, { recursive: true, force: true });
  return { project, folder, remove, ...commandAt(project, join(folder, 'dist/index.js')) };
}

export async function linkPackages(project: string, packages: string[]): Promise<void> {
  for (const name of packages) {
    const link = join(project, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(projectFolder, 'node_modules', name), link);
  }
}

export function commandAt(project: string, file: string): Pick<Installed, 'dpgDatabase' | 'document'> {
  const dpgDatabase = async (url: string | undefined, ...args: string[]): Promise<Ended> => {
    const { DATABASE_URL, ...others } = process.env;
    const env = { ...others, ...(url !== undefined && { DATABASE_URL: url }) };
    try {
      return { exitCode: 0, ...(await run(process.execPath, [file, ...args], { cwd: project, env })) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code?: unknown; stdout: string; stderr: string };
      if (typeof code !== 'number') throw error;
      return { exitCode: code, stdout, stderr };
    }
  };
  const document = async (url: string, ...args: string[]) => {
    const { exitCode, stdout, stderr } = await dpgDatabase(url, ...args, '--json');
    if (stderr !== '') throw new Error(stderr);
    return { exitCode, document: JSON.parse(stdout) as Record<string, unknown> };
  };
  return { dpgDatabase, document };
}
