// A pnpm workspace of two packages that both query with drizzle-orm: one has the tables of the packed package and a
// connection, the other imports them. What they depend on comes from node_modules; nothing is asked of a registry.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from '../support/migrations.js';

const execute = promisify(execFile);
const modules = join(projectFolder, 'node_modules');

const WRITES = `
import { drizzle } from 'drizzle-orm/postgres-js';
export { items } from 'dpg-database/drizzle';
export const db = drizzle('postgres://localhost/none');
`;
const READS = `
import { eq } from 'drizzle-orm';
import { db, items } from 'writes';
export const found = () => db.select().from(items).where(eq(items.item_network, 'yellow_dot'));
`;

/** How many copies of drizzle-orm pnpm makes, and what the compiler finds, where the second package has these drivers. */
export async function twoPackages(
  tarball: string,
  drivers: readonly string[],
): Promise<{ copies: number; errors: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'dpg-pnpm-'));
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  const packageOf = (name: string, dependencies: readonly string[], source: string) => {
    const listed = dependencies.map((one) => [one, one === 'writes' ? 'workspace:*' : '*']);
    const manifest = {
      name,
      private: true,
      type: 'module',
      types: 'index.ts',
      dependencies: Object.fromEntries(listed),
    };
    return Promise.all([
      write(`${name}/package.json`, JSON.stringify(manifest)),
      write(`${name}/index.ts`, source),
    ]);
  };
  try {
    await Promise.all(['writes', 'reads'].map((name) => mkdir(join(folder, name))));
    await packageOf('writes', ['drizzle-orm', 'postgres', 'dpg-database'], WRITES);
    await packageOf('reads', ['drizzle-orm', 'writes', ...drivers], READS);
    const names = await closure([
      'drizzle-orm',
      'postgres',
      'pg',
      'zod',
      'lossless-json',
      '@cfworker/json-schema',
    ]);
    const overrides = [['dpg-database', tarball], ...names.map((name) => [name, join(modules, name)])].map(
      ([name, path]) => `  '${name}': 'file:${path}'\n`,
    );
    await write('package.json', '{"private": true}');
    await write('pnpm-workspace.yaml', `packages: [reads, writes]\noverrides:\n${overrides.join('')}`);
    const compilerOptions = {
      strict: true,
      noEmit: true,
      module: 'nodenext',
      target: 'es2022',
      skipLibCheck: true,
      types: [],
    };
    await write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['reads/index.ts'] }));
    const options = { cwd: folder };
    await execute(
      process.execPath,
      [
        join(modules, 'pnpm/bin/pnpm.cjs'),
        'install',
        '--offline',
        '--ignore-scripts',
        '--store-dir',
        join(folder, 'store'),
      ],
      options,
    );
    const installed = await readdir(join(folder, 'node_modules/.pnpm'));
    const compiled = await execute(
      process.execPath,
      [join(modules, 'typescript/bin/tsc'), '-p', '.'],
      options,
    ).catch((error: { stdout: string }) => error);
    return {
      copies: installed.filter((name) => name.startsWith('drizzle-orm@')).length,
      errors: compiled.stdout.split('\n').filter((line) => /error TS/.test(line)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** These packages and what they depend on. */
async function closure(names: readonly string[], seen: Set<string> = new Set()): Promise<string[]> {
  for (const name of names) {
    if (seen.has(name)) continue;
    seen.add(name);
    const { dependencies = {} } = JSON.parse(await readFile(join(modules, name, 'package.json'), 'utf8'));
    await closure(Object.keys(dependencies), seen);
  }
  return [...seen];
}
