// An example as somebody has it who copied its folder: with the packages that its package.json names, and dpg-database
// as it is built.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { DEPENDENCIES, linkPackages } from '../cli/command.js';
import { projectFolder } from '../support/migrations.js';

export interface Example {
  /** Where it listens. */
  origin: string;
  /** What it has printed. */
  printed(): string;
  /** Ends it as Ctrl-C does: its exit code. */
  stop(): Promise<number | null>;
}

/** Copies examples/<name> and starts it with `npm start` on the database. */
export async function startExample(name: string, env: NodeJS.ProcessEnv): Promise<Example> {
  const place = await mkdtemp(join(tmpdir(), `dpg-${name}-`));
  const folder = join(place, name);
  const source = join(projectFolder, 'examples', name);
  const isOwn = (path: string) => !['node_modules', 'data'].some((part) => path === join(source, part));
  await cp(source, folder, { recursive: true, filter: isOwn });
  const { dependencies } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const others = Object.keys(dependencies).filter((dependency) => dependency !== 'dpg-database');
  await linkPackages(folder, [...new Set([...others, ...DEPENDENCIES])]);
  await installPackage(join(folder, 'node_modules/dpg-database'));

  const port = await freePort();
  const child = spawn('npm', ['start'], {
    cwd: folder,
    detached: true, // a group of its own, which gets the signal as that of a terminal does
    env: { ...process.env, TSX_DISABLE_CACHE: '1', PORT: String(port), ...env },
  });
  let printed = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (text) => (printed += text));
  const end = async () => {
    if (child.exitCode === null && child.pid) {
      process.kill(-child.pid, 'SIGINT');
      await once(child, 'exit');
    }
    await rm(place, { recursive: true, force: true });
    return child.exitCode;
  };
  const origin = `http://localhost:${port}`;
  await untilPrinted(child, () => printed.includes(origin)).catch(async (error) => {
    await end();
    throw new Error(`${error.message}\n${printed}`);
  });
  return { origin, printed: () => printed, stop: end };
}

/** What `npm run build` makes of it, in a second and without declarations. */
async function installPackage(folder: string): Promise<void> {
  const entries = ['mirror', 'network', 'migrate', 'dev'].map((name) => [
    name,
    join(projectFolder, `sdk/${name}/index.ts`),
  ]);
  await build({
    entryPoints: { index: join(projectFolder, 'sdk/index.ts'), ...Object.fromEntries(entries) },
    outdir: join(folder, 'dist'),
    bundle: true,
    splitting: true, // the entries share what they have in common, as in the package
    packages: 'external',
    format: 'esm',
    platform: 'node',
  });
  await cp(join(projectFolder, 'package.json'), join(folder, 'package.json'));
  await cp(join(projectFolder, 'migrations/committed'), join(folder, 'migrations/committed'), {
    recursive: true,
  });
}

async function untilPrinted(child: ChildProcess, isPrinted: () => boolean): Promise<void> {
  while (!isPrinted()) {
    if (child.exitCode !== null) throw new Error(`the example ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
