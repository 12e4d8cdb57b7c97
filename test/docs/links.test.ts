// Links within the repository lead to files and headings that are there.

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { anchorOf } from '../../docs/.vitepress/links.js';
import { projectFolder } from '../support/migrations.js';

const guides = (await readdir(join(projectFolder, 'docs')))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'sql/README.md',
  'test/bench/results/README.md',
  ...guides,
];
const read = (path: string) => readFile(join(projectFolder, path), 'utf8');

/** As GitHub names headings: the second of a name is `name-1`. */
function anchorsOf(document: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutCode(document).matchAll(/^#{1,6} +(.*?) *$/gm)) {
    const name = anchorOf(heading);
    let anchor = name;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${name}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

function withoutCode(document: string): string {
  return document.replace(/^```[\s\S]*?^```/gm, '').replace(/<!--[\s\S]*?-->/g, '');
}

test.each(documents)('%s', async (from) => {
  const text = withoutCode(await read(from)).replace(/`[^`\n]*`/g, (code) => code.replace(/[()[\]]/g, ' '));
  const broken: string[] = [];
  let count = 0;
  for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(target)) continue;
    count++;
    const [file = '', anchor] = target.split('#');
    const path = file === '' ? from : normalize(join(dirname(from), file));
    if (!existsSync(join(projectFolder, path))) broken.push(target);
    else if (anchor !== undefined && !anchorsOf(await read(path)).has(anchor)) broken.push(target);
  }
  expect(broken).toEqual([]);
  expect(count, 'no link was found').toBeGreaterThan(0);
});
