// The packed package in an empty project: what is in it, what its checkers find, and a script of each kind for each of its
// entries.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect, stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addUsers } from '../sdk/story.js';
import { committedMigrations, migrationsFolder, projectFolder } from '../support/migrations.js';
import { temporaryDatabase, testDatabase } from '../support/test-database.js';
import { makeProject, type Project } from './project.js';

const database = await testDatabase();
let project: Project;
let installed: string;

beforeAll(async () => {
  project = await makeProject();
  installed = join(project.folder, 'node_modules/dpg-database');
  await addUsers(database.sql, 'asha');
}, 600_000);
afterAll(() => project?.remove());

const filesOf = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

describe('what is in it', () => {
  test('what is built, the migrations, README and licence: nothing else', async () => {
    const files = await filesOf(installed);
    expect(files.filter((name) => !/^dist\/[\w-]+\.(js|cjs|d\.ts|d\.cts)(\.map)?$/.test(name))).toEqual([
      'LICENSE',
      'README.md',
      ...(await committedMigrations()).map((name) => `migrations/committed/${name}`),
      'package.json',
    ]);
  });

  test('the migrations are those of this repository', async () => {
    for (const name of await committedMigrations()) {
      expect(await readFile(join(installed, 'migrations/committed', name), 'utf8')).toBe(
        await readFile(join(migrationsFolder, 'committed', name), 'utf8'),
      );
    }
  });

  test('source maps carry their sources', async () => {
    const maps = (await filesOf(installed)).filter((name) => name.endsWith('.map'));
    expect(maps).toContain('dist/index.js.map');
    for (const name of maps) {
      const { sources, sourcesContent = [] } = JSON.parse(await readFile(join(installed, name), 'utf8'));
      expect(sourcesContent.length, name).toBe(sources.length);
      for (const source of sources) expect(source, name).toMatch(/^\.\.\/sdk\//);
    }
  });

  test('nothing says where it was built', async () => {
    for (const name of await filesOf(installed)) {
      const text = await readFile(join(installed, name), 'utf8');
      expect(text.includes(project.clone), name).toBe(false);
    }
  });

  test('a private name is the same in CommonJS', async () => {
    const files = (await filesOf(installed)).filter((name) => /^dist\/(?!cli).+\.c?js$/.test(name));
    const names = { js: new Map<string, number>(), cjs: new Map<string, number>() };
    for (const name of files) {
      const code = (await readFile(join(installed, name), 'utf8')).replace(/\/\/.*$/gm, '');
      expect(code, name).not.toMatch(/\[\s*#\w|#\w+\s*=\s*exports\b|_optionalChain|_nullishCoalesce/);
      const counts = names[name.endsWith('.cjs') ? 'cjs' : 'js'];
      for (const [, use = ''] of code.matchAll(/\bthis(\.#\w+)/g))
        counts.set(use, (counts.get(use) ?? 0) + 1);
    }
    expect(names.js.get('.#page')).toBeGreaterThan(1);
    expect(names.cjs).toEqual(names.js);
  });

  test('nothing was installed with it but what it names', async () => {
    const folders = await readdir(join(project.folder, 'node_modules'));
    expect(folders.filter((name) => !name.startsWith('.')).sort()).toEqual([
      '@cfworker',
      'dpg-database',
      'lossless-json',
      'postgres',
      'zod',
    ]);
    expect(await readdir(join(project.folder, 'node_modules/@cfworker'))).toEqual(['json-schema']);
    const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
    expect(dependencies).toEqual({
      '@cfworker/json-schema': '4.1.6',
      'lossless-json': '4.3.3',
      postgres: '3.4.9',
      zod: '4.6.7',
    });
  });

  test('comments come with the declarations', async () => {
    const files = (await filesOf(installed)).filter((name) => name.endsWith('.d.ts'));
    const texts = await Promise.all(files.map((name) => readFile(join(installed, name), 'utf8')));
    for (const comment of ['nearest first, each with `distance_meters`', 'Degrees, -90 to 90', 'appended']) {
      expect(texts.join()).toContain(comment);
    }
  });
});

describe('its checkers find nothing:', () => {
  test('publint', async () => {
    const { code, stdout, stderr } = await project.tool(
      'publint/src/cli.js',
      'run',
      '--strict',
      project.tarball,
    );
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
    expect(stripVTControlCharacters(stdout)).toMatch(/All good!\s*$/); // coloured where CI is set
  });

  test('@arethetypeswrong/cli', async () => {
    const { code, stdout } = await project.tool(
      '@arethetypeswrong/cli/dist/index.js',
      project.tarball,
      '--profile=strict',
      '--no-definitely-typed', // nothing is asked of a registry
      '--format=json',
    );
    expect(code, stdout).toBe(0);
    const { analysis, problems } = JSON.parse(stdout);
    expect(problems ?? {}).toEqual({});
    expect(Object.keys(analysis.entrypoints).sort()).toEqual([
      '.',
      './drizzle',
      './migrate',
      './mirror',
      './network',
      './package.json',
    ]);
  });
});

interface Script {
  entry: string;
  /** Of its file, where the entry has another. */
  name?: string;
  imports: Record<string, string>;
  /** The same in each kind of module; `main` is called. */
  body: string;
  /** With what it is run besides. */
  database?: 'empty';
  expected: string;
}

const SCRIPTS: Script[] = [
  {
    entry: '.',
    imports: { 'dpg-database': 'createDpg, ItemNotFoundError' },
    body: `
      async function main() {
        const dpg = createDpg(process.env.DATABASE_URL ?? '', { max: 1 });
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
      }`,
    expected: "found { name: 'Asha' }\nDP002 other\n",
  },
  {
    entry: './mirror',
    imports: {
      'dpg-database': 'createDpg, InvalidArgumentError',
      'dpg-database/mirror': 'follow, handler, mirror',
    },
    body: `
      async function main() {
        const stop = new AbortController();
        const dpg = createDpg(process.env.DATABASE_URL ?? '', { max: 1 });
        const handle = handler({ dpg, secretOf: () => undefined });
        console.log((await handle(new Request('http://x/', { method: 'POST' }))).status);
        await dpg.subscriptions.create({ subscription: 'package' });
        setTimeout(() => stop.abort(), 100);
        for await (const batch of follow({ dpg, subscription: 'package', signal: stop.signal })) await batch.acknowledge();
        await mirror({ dpg, deliver: async () => undefined, signal: stop.signal });
        await follow({ dpg, subscription: 'unknown' }).next().catch((error) =>
          console.log(error instanceof InvalidArgumentError, error.code));
        await dpg.subscriptions.drop({ subscription: 'package' });
        await dpg.end();
      }`,
    expected: '401\ntrue DP001\n',
  },
  {
    entry: './network',
    imports: {
      zod: 'z',
      'dpg-database': 'createDpg, JsonNumber, NotInNetworkError',
      'dpg-database/network': 'defineNetwork, loadNetwork, withNetwork',
    },
    body: `
      const network = defineNetwork({
        name: 'green_dot',
        domains: [{ name: 'library', item_schemas: { 'book_1.0': z.object({ title: z.string() }) } }],
        instances: [{ domain_name: 'library', instance_url: 'https://library.greendot.example.com' }],
      });
      async function main() {
        const dpg = createDpg(process.env.DATABASE_URL ?? '', { max: 1 });
        const urls = {
          item_instance_url: 'https://library.greendot.example.com',
          item_schema_url: 'https://schemas.example.com/book_v1.json',
        };
        const asha = withNetwork(dpg, network).as('asha');
        const book = await asha.items.upsert({
          ...urls, item_domain: 'library', item_type: 'book_1.0', item_state: { title: 'Emma' },
        });
        console.log(book.item_network, book.item_state.title.toUpperCase());
        const loaded = withNetwork(dpg, loadNetwork(JSON.parse(JSON.stringify(network)))).as('asha');
        await loaded.items.upsert({ ...urls, item_domain: 'school', item_type: 'book_1.0', item_state: {} }).catch((error) =>
          console.log(error instanceof NotInNetworkError, error.code));
        await loaded.items.upsert({ ...urls, item_domain: 'library', item_type: 'book_1.0', item_state: {} }).catch((error) =>
          console.log(error.code, error.detail?.argument));
        const exact = createDpg(dpg.sql, { numbers: 'exact' });
        const item_state = { title: 'Emma', isbn: new JsonNumber('9007199254740993') };
        const { item_id } = await exact.as('asha').items.upsert({
          ...urls, item_network: 'green_dot', item_domain: 'library', item_type: 'book_1.0', item_state,
        });
        const read = await exact.items.get({ item_network: 'green_dot', item_domain: 'library', item_type: 'book_1.0', item_id });
        console.log(String(read.item_state.isbn));
        await dpg.end();
      }`,
    expected: 'green_dot EMMA\ntrue DP014\nDP001 item_state.title\n9007199254740993\n',
  },
  {
    entry: './drizzle',
    imports: {
      'drizzle-orm': 'eq',
      'drizzle-orm/node-postgres': 'drizzle',
      'dpg-database': 'InvalidArgumentError',
      'dpg-database/drizzle': 'ensureItemPartition, items',
    },
    body: `
      async function main() {
        const db = drizzle(process.env.DATABASE_URL ?? '');
        console.log(await ensureItemPartition(db, 'blue_dot', 'student'));
        console.log(await db.select({ id: items.item_id }).from(items).where(eq(items.item_network, 'blue_dot')));
        await ensureItemPartition(db, 'blue_dot', ' ').catch((error) =>
          console.log(error instanceof InvalidArgumentError, error.code));
        await db.$client.end();
      }`,
    expected: 'dpg.i_p_bluedot_student\n[]\ntrue DP001\n',
  },
  {
    entry: './migrate',
    imports: { 'dpg-database': 'createDpg', 'dpg-database/migrate': 'migrate, migrationStatus' },
    database: 'empty',
    body: `
      async function main() {
        const url = process.env.DATABASE_URL ?? '';
        const { applied } = await migrate(url);
        console.log(applied);
        console.log((await migrate(url)).applied, typeof migrationStatus);
        const dpg = createDpg(url, { max: 1 });
        console.log(await dpg.partitions.ensureItem({ item_network: 'yellow_dot', item_domain: 'student' }));
        await dpg.end();
      }`,
    expected: `${inspect(await committedMigrations())}\n[] function\ndpg.i_p_yellowdot_student\n`,
  },
];

/** Every method that returns a list, awaited twice and iterated. */
const LISTS: Script = {
  entry: '.',
  name: 'lists',
  imports: { 'dpg-database': 'createDpg', 'dpg-database/network': 'loadNetwork, withNetwork' },
  body: `
      async function main() {
        const dpg = createDpg(process.env.DATABASE_URL ?? '', { max: 1 });
        const asha = dpg.as('asha');
        const name = 'red_dot_' + process.pid; // each run counts its own
        const network = loadNetwork({
          name,
          domains: [{ name: 'student', item_schemas: { 'profile_1.0': true } }],
          actions: { connect: { interactions: [{ from_domain: 'student', to_domain: 'student' }] } },
        });
        const held = withNetwork(dpg, network);
        const rows = [1, 2, 3].map(() => ({
          item_network: name,
          item_domain: 'student',
          item_type: 'profile_1.0',
          item_instance_url: 'https://tutor.reddot.example.com',
          item_schema_url: 'https://schemas.example.com/student_profile_v1.json',
          item_latitude: 12.9,
          item_longitude: 77.5,
        }));
        const [source, target] = await asha.items.upsertMany(rows);
        if (!source || !target) throw new Error('no items');
        for (let i = 0; i < 3; i++) await asha.actions.perform({ action_type: 'connect', source, target });

        const domain = { item_network: name, item_domain: 'student', page_size: 2 };
        const around = { ...domain, latitude: 12.9, longitude: 77.5 };
        const lists = {
          'dpg items.find': dpg.items.find(domain),
          'dpg items.nearest': dpg.items.nearest(around),
          'actor items.find': asha.items.find(domain),
          'actor items.nearest': asha.items.nearest(around),
          'actor actions.find': asha.actions.find({ partition_network: name, page_size: 2 }),
          'actor events.find': asha.events.find({ partition_network: name, page_size: 2 }),
          'network items.find': held.items.find({ item_domain: 'student', page_size: 2 }),
          'network items.nearest': held.items.nearest({ item_domain: 'student', page_size: 2, latitude: 12.9, longitude: 77.5 }),
          'network actor items.find': held.as('asha').items.find({ item_domain: 'student', page_size: 2 }),
          'network actor items.nearest': held.as('asha').items.nearest({ ...around, item_domain: 'student' }),
          'network actor actions.find': held.as('asha').actions.find({ partition_network: name, page_size: 2 }),
          'network actor events.find': held.as('asha').events.find({ partition_network: name, page_size: 2 }),
        };
        for (const [name, list] of Object.entries(lists)) {
          const page = await list;
          const again = await list.then((same) => same === page).finally(() => undefined);
          let count = 0;
          for await (const row of list) if (row.next_page_token) count += 1;
          console.log(name, page.rows.length, page.next_page_token !== null, again, count);
        }

        // what there is of them, asked of the objects themselves
        const subjects = { dpg, actor: asha, network: held, 'network actor': held.as('asha') };
        const found = [];
        for (const [subject, api] of Object.entries(subjects))
          for (const [part, methods] of Object.entries(api))
            if (typeof methods === 'object' && part !== 'network')
              for (const [name, method] of Object.entries(methods)) {
                if (typeof method !== 'function') continue;
                const made = Reflect.apply(method, undefined, [7]);
                if (String(made) === '[object List]') found.push(subject + ' ' + part + '.' + name);
                await Promise.resolve(made).catch(() => undefined);
              }
        console.log(found.filter((name) => !(name in lists)), found.length === Object.keys(lists).length);
        await dpg.end();
      }`,
  expected: [
    ...['dpg items', 'actor items'].flatMap((name) => [`${name}.find`, `${name}.nearest`]),
    ...['actor actions.find', 'actor events.find'],
    ...['network items', 'network actor items'].flatMap((name) => [`${name}.find`, `${name}.nearest`]),
    ...['network actor actions.find', 'network actor events.find'],
  ]
    .map((name) => `${name} 2 true true 3\n`)
    .join('')
    .concat('[] true\n'),
};

const heads = {
  mjs: (imports: Script['imports']) =>
    Object.entries(imports).map(([source, names]) => `import { ${names} } from '${source}';\n`),
  cjs: (imports: Script['imports']) =>
    Object.entries(imports).map(([source, names]) => `const { ${names} } = require('${source}');\n`),
};
const program = (kind: 'mjs' | 'cjs', { imports, body }: Script) => `${heads[kind](imports).join('')}${body}
  main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });`;
const fileName = ({ entry, name }: Script) => name ?? (entry.replace(/\W+/g, '') || 'main');

test('each entry has a script', async () => {
  const { exports } = JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8'));
  expect([...SCRIPTS.map(({ entry }) => entry), './package.json'].sort()).toEqual(
    Object.keys(exports).sort(),
  );
});

// Before anything else is installed: these stand in order.
describe('without the optional peers', () => {
  test.each(['.', './mirror', './network', './migrate'])('%s can be imported', async (entry) => {
    const name = `dpg-database${entry.slice(1)}`;
    expect(await project.node(['--input-type=module', '-e', `await import('${name}')`])).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(await project.node(['-e', `require('${name}')`])).toMatchObject({ code: 0, stderr: '' });
  });

  test('./drizzle says which it needs', async () => {
    const { code, stderr } = await project.node([
      '--input-type=module',
      '-e',
      "await import('dpg-database/drizzle')",
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("Cannot find package 'drizzle-orm'");
  });

  test('the command helps', async () => {
    const { code, stdout } = await project.npx(['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: dpg-database <command> \[options\]\n/);
  });
});

describe('with the optional peers', () => {
  beforeAll(() =>
    project.link('drizzle-orm', 'pg', 'graphile-migrate', '@types/node', '@types/pg', 'undici-types'),
  );

  describe.each([...SCRIPTS, LISTS])('$entry', (script) => {
    test.each(['mjs', 'cjs'] as const)('as .%s', async (kind) => {
      const empty = script.database ? await temporaryDatabase({ from: script.database }) : undefined;
      try {
        const file = `${fileName(script)}.${kind}`;
        await project.write(file, program(kind, script));
        expect(await project.node([file], { DATABASE_URL: (empty ?? database).url })).toEqual({
          code: 0,
          stdout: script.expected,
          stderr: '',
        });
      } finally {
        await empty?.drop();
      }
    });

    test('exports the same names to both', async () => {
      const name = `dpg-database${script.entry.slice(1)}`;
      const print = 'console.log(Object.keys(module).filter((name) => name !== "__esModule").sort().join())';
      const [esm, commonJs] = await Promise.all([
        project.node([
          '--input-type=module',
          '-e',
          `const module = { ...await import('${name}') }; ${print}`,
        ]),
        project.node(['-e', `{ const module = require('${name}'); ${print} }`]),
      ]);
      expect(esm).toEqual(commonJs);
      expect(esm.stdout.trim()).not.toBe('');
    });
  });

  test('the command brings a database up to date', async () => {
    const empty = await temporaryDatabase({ from: 'empty' });
    try {
      const { code, stdout } = await project.npx(['migrate'], {
        DATABASE_URL: empty.url,
      });
      expect(code, stdout).toBe(0);
      const [row] = await empty.sql`select to_regclass('dpg.items') is not null as is_there`;
      expect(row?.is_there).toBe(true);
    } finally {
      await empty.drop();
    }
  });

  describe('the compiler accepts the scripts and the declarations', () => {
    const resolutions: [string, string[], string[]][] = [
      ['node16', ['--module', 'node16', '--moduleResolution', 'node16'], ['mts', 'cts']],
      ['nodenext', ['--module', 'nodenext', '--moduleResolution', 'nodenext'], ['mts', 'cts']],
      ['bundler', ['--module', 'esnext', '--moduleResolution', 'bundler'], ['ts', 'mts', 'cts']],
    ];
    const typed = (script: Script) => heads.mjs(script.imports).join('') + script.body;

    test.each(resolutions)(
      'by %s',
      async (_resolution, options, extensions) => {
        const scripts = [...SCRIPTS, LISTS].filter(({ entry }) => entry !== './drizzle');
        await accepts(scripts, options, extensions);
      },
      180_000,
    );

    // drizzle-orm's own declarations name drivers that are not installed; nodenext reads them as node16 does
    test.each(resolutions.filter(([name]) => name !== 'nodenext'))(
      'by %s, with drizzle',
      async (_resolution, options, extensions) => {
        const scripts = SCRIPTS.filter(({ entry }) => entry === './drizzle');
        await accepts(scripts, [...options, '--skipLibCheck'], extensions);
      },
      180_000,
    );

    async function accepts(scripts: Script[], options: string[], extensions: string[]) {
      const files: string[] = [];
      for (const script of scripts) {
        for (const extension of extensions) {
          const file = `typed-${fileName(script)}.${extension}`;
          await project.write(file, `${typed(script)}\nvoid main();\n`);
          files.push(file);
        }
      }
      expect(files.length).toBe(scripts.length * extensions.length);
      const { stdout } = await project.tool(
        'typescript/bin/tsc',
        '--noEmit',
        '--strict',
        ...['--target', 'es2022', '--types', 'node'],
        ...options,
        ...files,
      );
      expect(stdout).toBe('');
    }

    test('and refuses what is not so', async () => {
      await project.write(
        'wrong.mts',
        `import { createDpg } from 'dpg-database';
         import { items } from 'dpg-database/drizzle';
         createDpg(1);
         const wrong: number = items.item_id;
         void wrong;`,
      );
      const { stdout } = await project.tool(
        'typescript/bin/tsc',
        ...['--noEmit', '--strict', '--skipLibCheck', '--module', 'node16', '--types', 'node', 'wrong.mts'],
      );
      expect(stdout.match(/^wrong\.mts\(\d+/gm)).toEqual(['wrong.mts(3', 'wrong.mts(4']);
    }, 180_000);
  });
});
