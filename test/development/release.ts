// npm run release: publishes the version of package.json. It sets the tag, and the workflow of that tag publishes, so that what
// npm has was built in the open and carries its provenance. npm publish runs the same checks before (--check).

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { projectFolder } from '../support/migrations.js';

export interface State {
  manifest: { version: string; repository: { url: string }; homepage: string; bugs: string };
  changelog: string;
  /** What `git status --porcelain` prints. */
  changes: string;
  /** The tag of which a workflow runs. */
  tag?: string | undefined;
}

/** Why this must not be published; nothing if it may. */
export function obstacles({ manifest, changelog, changes, tag }: State): string[] {
  const found: string[] = [];
  const { version, repository, homepage, bugs } = manifest;
  const address = repository.url.replace(/^git\+|\.git$/g, '');
  if ([address, homepage, bugs].some((url) => url.includes('OWNER')))
    found.push('package.json does not say where the repository lives: put your account in place of OWNER');
  if (homepage !== `${address}#readme` || bugs !== `${address}/issues`)
    found.push('repository, homepage and bugs of package.json are of different addresses');
  if (tag !== undefined && tag !== `v${version}`)
    found.push(`the tag ${tag} is not that of the version in package.json, v${version}`);
  const [, newest, rest = ''] = /^## \[(?!Unreleased)([^\]]+)\](.*)$/m.exec(changelog) ?? [];
  if (newest !== version || !/^ - \d{4}-\d\d-\d\d$/.test(rest))
    found.push(`the newest version of CHANGELOG.md is not "## [${version}] - <year>-<month>-<day>"`);
  const [, unreleased = ''] = /^## \[Unreleased\]\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(changelog) ?? [];
  if (unreleased.trim() !== '') found.push('CHANGELOG.md has changes under "Unreleased"');
  if (changes !== '') found.push(`the clone has changes that are not committed:\n${changes.trimEnd()}`);
  return found;
}

const git = (...args: string[]) => execFileSync('git', args, { cwd: projectFolder, encoding: 'utf8' });
const read = (name: string) => readFileSync(join(projectFolder, name), 'utf8');

function release() {
  const { values } = parseArgs({ options: { check: { type: 'boolean' }, 'dry-run': { type: 'boolean' } } });
  const manifest = JSON.parse(read('package.json'));
  const found = obstacles({
    manifest,
    changelog: read('CHANGELOG.md'),
    changes: git('status', '--porcelain'),
    tag: process.env.GITHUB_REF_TYPE === 'tag' ? process.env.GITHUB_REF_NAME : undefined,
  });
  if (found.length > 0) {
    console.error(
      `dpg-database ${manifest.version} cannot be published:\n${found.map((each) => `- ${each}\n`).join('')}`,
    );
    process.exit(1);
  }
  const tag = `v${manifest.version}`;
  const commands = [
    ['tag', '--annotate', tag, '--message', `dpg-database ${manifest.version}`],
    ['push', 'origin', tag],
  ];
  if (values.check) return;
  for (const command of commands) {
    console.log(`git ${command.join(' ')}`);
    if (!values['dry-run']) git(...command);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) release();
