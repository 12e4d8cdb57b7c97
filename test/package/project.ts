// The package as others get it: what `npm pack` makes of a fresh clone, installed with npm in an empty project. Nothing is
// asked of a registry: what the package depends on is packed from node_modules.

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from '../support/migrations.js';

const execute = promisify(execFile);

const SOURCES = [
  'package.json',
  'tsup.config.ts',
  'tsconfig.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'docs',
  'examples',
  'sdk',
  'sql',
  'test/bench/results',
  'migrations',
];
const DEPENDENCIES = ['@cfworker/json-schema', 'lossless-json', 'postgres', 'zod'];

export interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Project {
  folder: string;
  /** Where the package was packed. */
  clone: string;
  /** The packed package. */
  tarball: string;
  /** Runs Node.js in the project. */
  node(args: string[], env?: NodeJS.ProcessEnv): Promise<Run>;
  /** Runs the package's command, as `npx dpg-database …`. */
  npx(args: string[], env?: NodeJS.ProcessEnv): Promise<Run>;
  /** Runs npm in the project, without a registry. */
  npm(args: string[]): Promise<Run>;
  /** Runs a program of this repository's dependencies in the project: the path of its script in node_modules. */
  tool(script: string, ...args: string[]): Promise<Run>;
  write(name: string, text: string): Promise<void>;
  /** What the project has installed besides: packages of this repository. */
  link(...packages: string[]): Promise<void>;
  remove(): Promise<void>;
}

export async function makeProject(): Promise<Project> {
  const place = await mkdtemp(join(tmpdir(), 'dpg-package-'));
  const tarballs = join(place, 'tarballs');
  const folder = join(place, 'application');
  const clone = join(place, 'clone');
  for (const source of SOURCES)
    await cp(join(projectFolder, source), join(clone, source), { recursive: true });
  await symlink(join(projectFolder, 'node_modules'), join(clone, 'node_modules'));
  await mkdir(tarballs);
  await mkdir(folder);

  const offline = ['--offline', '--cache', join(place, 'cache'), '--loglevel', 'error'];
  const npm = (cwd: string, ...args: string[]) => succeed('npm', [...args, ...offline], cwd);
  const into = ['--pack-destination', tarballs];
  await npm(clone, 'pack', ...into);
  await npm(
    place,
    'pack',
    ...DEPENDENCIES.map((name) => join(projectFolder, 'node_modules', name)),
    '--ignore-scripts',
    ...into,
  );
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'application', private: true }));
  const packed = (await readdir(tarballs)).filter((name) => name.endsWith('.tgz'));
  await npm(
    folder,
    'install',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    ...packed.map((name) => join(tarballs, name)),
  );

  const node: Project['node'] = (args, env = {}) =>
    run(process.execPath, args, folder, { ...process.env, ...env });
  return {
    folder,
    clone,
    tarball: join(tarballs, packed.find((name) => name.startsWith('dpg-database-')) ?? ''),
    node,
    tool: (script, ...args) => node([join(projectFolder, 'node_modules', script), ...args]),
    npx: (args, env = {}) =>
      run('npx', ['--offline', 'dpg-database', ...args], folder, {
        ...process.env,
        npm_config_loglevel: 'error',
        npm_config_cache: join(place, 'cache'),
        ...env,
      }),
    npm: (args) => run('npm', [...args, ...offline], folder),
    write: (name, text) => writeFile(join(folder, name), text),
    async link(...packages) {
      for (const name of packages) {
        const target = join(folder, 'node_modules', name);
        await mkdir(dirname(target), { recursive: true }); // of a scope
        await symlink(join(projectFolder, 'node_modules', name), target);
      }
    },
    remove: () => rm(place, { recursive: true, force: true }),
  };
}

async function run(command: string, args: string[], cwd: string, env = process.env): Promise<Run> {
  try {
    return { code: 0, ...(await execute(command, args, { cwd, env })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    if (typeof code !== 'number') throw error;
    return { code, stdout, stderr };
  }
}

async function succeed(command: string, args: string[], cwd: string): Promise<void> {
  const { code, stdout, stderr } = await run(command, args, cwd);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
}
