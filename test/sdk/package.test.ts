// The package as others get it: built, packed, and used from an empty project by ESM, CommonJS and the compiler.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';
import { addUsers } from './story.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const database = await testDatabase();
let project: string;

const application = `
const dpg = createDpg(process.env.DATABASE_URL, { max: 1 });
async function main() {
  const asha = dpg.as('asha');
  const item = await asha.items.upsert({
    item_network: 'yellow_dot',
    item_domain: 'student',
    item_type: 'profile_1.0',
    item_instance_url: 'https://tutor.yellowdot.example.com',
    item_schema_url: 'https://schemas.example.com/student_profile_v1.json',
    item_state: { name: 'Asha' },
  });
  for await (const found of dpg.items.find({ item_network: 'yellow_dot', item_domain: 'student' })) {
    if (found.item_id === item.item_id) console.log('found', found.item_state);
  }
  try {
    await dpg.items.get({ ...item, item_type: 'other' });
  } catch (error) {
    if (error instanceof ItemNotFoundError) console.log(error.code, error.detail?.item_type);
  }
  await asha.items.delete(item);
  await dpg.end();
}
main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
`;
const asJavaScript = application.replace('error: unknown', 'error');

beforeAll(async () => {
  await addUsers(database.sql, 'asha');
  project = await mkdtemp(join(tmpdir(), 'dpg-package-'));
  const installed = join(project, 'node_modules', 'dpg-database');
  await mkdir(join(project, 'node_modules', '@types'), { recursive: true });
  await run(
    process.execPath,
    [join(root, 'node_modules/tsup/dist/cli-default.js'), '--out-dir', join(installed, 'dist')],
    {
      cwd: root,
    },
  );
  await writeFile(join(installed, 'package.json'), await readFile(join(root, 'package.json')));
  for (const name of ['postgres', 'zod', '@types/node', 'undici-types']) {
    await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name));
  }
  await writeFile(join(project, 'package.json'), '{}');
}, 120_000);

afterAll(() => rm(project, { recursive: true, force: true }));

const env = () => ({ ...process.env, DATABASE_URL: database.url });

test('ESM', async () => {
  const file = join(project, 'application.mjs');
  await writeFile(file, `import { createDpg, ItemNotFoundError } from 'dpg-database';${asJavaScript}`);
  const { stdout } = await run(process.execPath, [file], { env: env() });
  expect(stdout).toBe("found { name: 'Asha' }\nDP002 other\n");
});

test('CommonJS', async () => {
  const file = join(project, 'application.cjs');
  await writeFile(file, `const { createDpg, ItemNotFoundError } = require('dpg-database');${asJavaScript}`);
  const { stdout } = await run(process.execPath, [file], { env: env() });
  expect(stdout).toBe("found { name: 'Asha' }\nDP002 other\n");
});

test('the compiler, for both kinds of module, checking the declarations too', async () => {
  const source = `import { createDpg, ItemNotFoundError } from 'dpg-database';${application.replace(
    'process.env.DATABASE_URL',
    "process.env.DATABASE_URL ?? ''",
  )}`;
  const mirroring = `
    import { type Deliver, httpDeliver, mirror } from 'dpg-database/mirror';
    const deliver: Deliver = httpDeliver({ secretOf: (peer: string) => peer });
    void mirror({ dpg: createDpg(process.env.DATABASE_URL ?? ''), deliver });`;
  await writeFile(join(project, 'esm.mts'), source + mirroring);
  await writeFile(join(project, 'commonjs.cts'), source + mirroring);
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node'];
  const { stdout } = await run(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), ...options, 'esm.mts', 'commonjs.cts'],
    { cwd: project },
  ).catch((error: { stdout: string }) => error);
  expect(stdout).toBe('');
});

test('the mirror, an entry point of its own, with the errors and events of the other', async () => {
  const use = `
    const stop = new AbortController();
    async function main() {
      const dpg = createDpg(process.env.DATABASE_URL, { max: 1 });
      const handle = handler({ dpg, secretOf: () => undefined });
      console.log((await handle(new Request('http://x/', { method: 'POST' }))).status);
      await dpg.subscriptions.create({ subscription: 'package' });
      setTimeout(() => stop.abort(), 100);
      for await (const batch of follow({ dpg, subscription: 'package', signal: stop.signal })) await batch.acknowledge();
      await mirror({ dpg, deliver: async () => undefined, signal: stop.signal });
      await follow({ dpg, subscription: 'unknown' }).next().catch((error) =>
        console.log(error instanceof InvalidArgumentError, error.code));
      await dpg.end();
    }
    main();`;
  const esm = join(project, 'mirror.mjs');
  await writeFile(
    esm,
    `import { createDpg, InvalidArgumentError } from 'dpg-database';
     import { follow, handler, mirror } from 'dpg-database/mirror';${use}`,
  );
  const commonJs = join(project, 'mirror.cjs');
  await writeFile(
    commonJs,
    `const { createDpg, InvalidArgumentError } = require('dpg-database');
     const { follow, handler, mirror } = require('dpg-database/mirror');${use}`,
  );
  for (const file of [esm, commonJs]) {
    const { stdout } = await run(process.execPath, [file], { env: env() });
    expect(stdout, file).toBe('401\ntrue DP001\n');
  }
});

test('comments come with the declarations', async () => {
  const dist = join(project, 'node_modules/dpg-database/dist');
  const files = (await readdir(dist)).filter((name) => name.endsWith('.d.ts'));
  const declarations = (await Promise.all(files.map((name) => readFile(join(dist, name), 'utf8')))).join();
  for (const comment of ['nearest first, each with `distance_meters`', 'Degrees, -90 to 90', 'appended']) {
    expect(declarations).toContain(comment);
  }
});
