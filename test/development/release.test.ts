// What keeps a version from being published, and that the workflows run what is there.

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { projectFolder } from '../support/migrations.js';
import { obstacles, type State } from './release.js';

const ready: State = {
  manifest: {
    version: '0.2.0',
    repository: { url: 'git+https://github.com/somebody/dpg-database.git' },
    homepage: 'https://github.com/somebody/dpg-database#readme',
    bugs: 'https://github.com/somebody/dpg-database/issues',
  },
  changelog: '# Changelog\n\n## [0.2.0] - 2027-01-31\n\n- Faster.\n\n## [0.1.0] - 2026-12-01\n',
  changes: '',
  tag: 'v0.2.0',
};

test('a version that is ready may be published', () => {
  expect(obstacles(ready)).toEqual([]);
  expect(obstacles({ ...ready, changelog: `## [Unreleased]\n\n${ready.changelog.slice(13)}` })).toEqual([]);
});

test.each<[string, Partial<State>]>([
  ['in place of OWNER', { manifest: { ...ready.manifest, bugs: 'https://github.com/OWNER/x/issues' } }],
  ['of different addresses', { manifest: { ...ready.manifest, homepage: 'https://example.com' } }],
  ['is not "## [0.3.0] -', { manifest: { ...ready.manifest, version: '0.3.0' } }],
  ['is not "## [0.2.0] -', { changelog: '## [0.2.0]\n' }],
  ['under "Unreleased"', { changelog: `## [Unreleased]\n\n- More.\n\n${ready.changelog}` }],
  ['the tag v0.3.0 is not', { tag: 'v0.3.0' }],
  ['that are not committed:\n M README.md', { changes: ' M README.md\n' }],
])('one that is not, is not: %s', (why, change) => {
  const found = obstacles({ ...ready, ...change });
  expect(found.join('\n')).toContain(why);
});

test('the manifest has one address, which may not be filled in yet', async () => {
  const text = await readFile(join(projectFolder, 'package.json'), 'utf8');
  const names = text
    .split('\n', 9)
    .slice(6)
    .map((line) => line.trim().split(':')[0]);
  expect(names, 'CONTRIBUTING.md says lines 7 to 9').toEqual(['"repository"', '"homepage"', '"bugs"']);
  const manifest = JSON.parse(text);
  const changelog = `## [${manifest.version}] - 2027-01-31\n`;
  expect(obstacles({ manifest, changelog, changes: '' }).filter((why) => !why.includes('OWNER'))).toEqual([]);
});

const workflows = '.github/workflows';

test.each(await readdir(join(projectFolder, workflows)))('%s runs what is there', async (name) => {
  const text = await readFile(join(projectFolder, workflows, name), 'utf8');
  const { on, permissions, jobs } = parse(text);
  const { scripts } = JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8'));
  expect(on).toBeTypeOf('object');
  expect(permissions).toEqual({ contents: 'read' });
  expect(Object.keys(jobs).length).toBeGreaterThan(0);
  const steps = Object.values<Job>(jobs).flatMap((job) => job.steps);
  for (const { uses } of steps) if (uses) expect(uses).toMatch(/^actions\/[\w-]+@v\d+$/);
  const commands = Object.values<Job>(jobs).flatMap(({ steps, strategy }) => [
    ...steps.flatMap(({ run }) => run ?? []),
    ...(strategy?.matrix.include.map(({ run }) => run) ?? []),
  ]);
  for (const command of commands.flatMap((run) => run.split(/\n|&&/))) {
    const [program = '', verb = '', script = ''] = command
      .trim()
      .replace(/^sudo /, '')
      .split(/\s+/);
    if (program.startsWith('.')) expect(existsSync(join(projectFolder, program)), command).toBe(true);
    else if (program === 'npm' && verb === 'run') expect(Object.keys(scripts), command).toContain(script);
    else
      expect(['npm ci', 'npm test', 'npm publish', '${{ matrix.run'], command).toContain(
        `${program} ${verb}`,
      );
  }
});

interface Job {
  steps: { uses?: string; run?: string }[];
  strategy?: { matrix: { include: { run: string }[] } };
}
