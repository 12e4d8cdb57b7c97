// A server's files, its port and its start.

import { randomBytes } from 'node:crypto';
import { chown, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Keeper, launch } from './keeper.js';
import { ServerError } from './server-error.js';
import { runAs, type User } from './user.js';

/**
 * Makes the data directory and the superuser's password, which stay beside one another: `data`, `password`. The directory
 * has its name when it is whole, so that one that was interrupted is made anew.
 */
export async function initdb(binaries: string, directory: string, owner: User): Promise<string> {
  const unfinished = join(directory, 'data.new');
  const passwordFile = join(directory, 'password');
  const password = randomBytes(12).toString('hex');
  await rm(unfinished, { recursive: true, force: true });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (owner.ids) await chown(passwordFile, owner.ids.uid, owner.ids.gid);
  // A UTF-8 locale, because that is what servers have in production: lower() and the like then know all letters.
  const locale = process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8';
  await runAs(
    owner,
    join(binaries, 'initdb'),
    [
      '-D',
      unfinished,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--no-sync',
      '-E',
      'UTF8',
      `--locale=${locale}`,
    ],
    directory,
  );
  await rename(unfinished, join(directory, 'data'));
  return password;
}

export interface Started {
  keeper: Keeper;
  port: number;
}

export interface Launch {
  binaries: string;
  directory: string;
  owner: User;
  settings: Record<string, string>;
  keep: boolean;
  /** The port to listen on and no other. */
  port?: number | undefined;
  /** The one to try first; a free one where it is taken. */
  likedPort?: number | undefined;
}

/** Starts a server on its files. */
export async function startOnPort(options: Launch): Promise<Started> {
  const { binaries, directory, owner, settings, keep } = options;
  let port = options.port ?? options.likedPort ?? (await freePort());
  // Between the choice of a free port and its use somebody else may take it.
  for (let attempt = 1; ; attempt++) {
    const keeper = await launch(binaries, directory, owner, port, settings, keep);
    const failure = await keeper.ready;
    if (!failure) return { keeper, port };
    const isTaken = failure.includes('could not bind');
    if (options.port !== undefined && isTaken)
      // those below 1024 are root's, and PostgreSQL does not run as root
      throw new ServerError(
        failure.includes('Permission denied')
          ? `PostgreSQL may not listen on port ${port}`
          : `port ${port} is taken`,
        { hint: 'Choose another, or none: then a free one is found.' },
      );
    if (attempt === 5 || !isTaken)
      throw new ServerError(`PostgreSQL did not start in ${directory}:\n${failure}`);
    port = await freePort();
  }
}

export async function freePort(): Promise<number> {
  return (await listeningPort(0)) ?? (await freePort());
}

/** The first free port from this one on, of a hundred. */
export async function firstFreePort(from: number): Promise<number> {
  for (let port = from; port < from + 100; port++) if (await listeningPort(port)) return port;
  return await freePort();
}

/** The port, where it can be listened on; 0: one that the system chooses. */
function listeningPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(undefined));
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}
