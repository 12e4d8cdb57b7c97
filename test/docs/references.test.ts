// What is no page but sends its reader to one: the heading is there. And what CONTRIBUTING.md says of scripts and of continuous
// integration is so.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { blankMigration } from '../development/blank-migration.js';
import { projectFolder } from '../support/migrations.js';

const read = (path: string) => readFile(join(projectFolder, path), 'utf8');
const scripts = Object.keys((JSON.parse(await read('package.json')) as { scripts: object }).scripts);
const guide = await read('CONTRIBUTING.md');

/** The pages that a text names, and the headings where it names one: CONTRIBUTING.md, "What a file cannot say". */
function references(text: string): { page: string; heading: string | undefined }[] {
  // in .gmrc the quotes stand in a string
  return [...text.matchAll(/([\w/-]+\.md)(?:, \\?"([^"\\]+)\\?")?/g)].map(([, page = '', heading]) => ({
    page,
    heading,
  }));
}

async function headings(page: string): Promise<string[]> {
  return [...(await read(page)).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
}

test.each(['.gmrc', 'migrations/current.sql', '.ci/run', 'package.json', 'test/support/failure.ts'])(
  'what %s refers to is there',
  async (from) => {
    for (const { page, heading } of references(await read(from)))
      if (heading === undefined) expect(await headings(page), page).not.toEqual([]);
      else expect(await headings(page), `${from}: ${page}, "${heading}"`).toContain(heading);
  },
);

test('.gmrc and current.sql refer to the same place, a heading of CONTRIBUTING.md', async () => {
  const [reference] = references(blankMigration(await read('.gmrc')));
  expect(reference).toEqual({ page: 'CONTRIBUTING.md', heading: 'What a file cannot say' });
  expect(references(await read('migrations/current.sql'))).toContainEqual(reference);
  expect(references(await read('.gmrc'))).toContainEqual({
    page: 'CONTRIBUTING.md',
    heading: 'graphile-migrate by itself',
  });
});

test('current.sql holds what .gmrc says, around the statements for one migration', async () => {
  const [comment, ...rest] = blankMigration(await read('.gmrc')).split(/(?<=\n)/);
  const current = await read('migrations/current.sql');
  expect(current.slice(0, comment?.length)).toBe(comment);
  expect(current.slice(-rest.join('').length)).toBe(rest.join(''));
});

test('each script that CONTRIBUTING.md names is in package.json, and each of package.json is named', () => {
  const code = [...guide.matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);
  const named = code.flatMap((text) => /^npm run ([\w:]+)/.exec(text)?.[1] ?? []);
  expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
  const words = new Set(code.flatMap((text) => text.split(' ')));
  const own = scripts.filter((name) => !/^pre|^post/.test(name));
  expect(own.filter((name) => !words.has(name))).toEqual([]);
});

test('CONTRIBUTING.md lists what .ci/run runs', async () => {
  const steps = /^steps=\((.*?)^\)$/ms.exec(await read('.ci/run'))?.[1] ?? '';
  const said = /^6\. .*?\n(?= *\n|7\. )/ms.exec(guide)?.[0] ?? '';
  const commands = [...steps.matchAll(/"([^"]+)"/g)].map(([, step = '']) => step);
  expect(commands.length).toBeGreaterThan(5);
  expect([...said.matchAll(/`((?:npm |\.ci\/programs)[^`]*)`/g)].map(([, step]) => step)).toEqual(commands);
});

test('the map in sql/README.md names each folder of sql/', async () => {
  const map = /^## The folders$(.*?)^## /ms.exec(await read('sql/README.md'))?.[1] ?? '';
  const entries = await readdir(join(projectFolder, 'sql'), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  expect(folders).toContain('items');
  expect(folders.filter((name) => !map.includes(`\`${name}\``))).toEqual([]);
});
