// The process that looks after a server.
//
// The server runs under a small shell script, its keeper, which waits for the end of its standard input. This process
// holds the other end, so however it goes (a return, an exception, Ctrl-C, kill -9) the keeper sees it, stops the
// server and, unless they are kept, removes its files. Nothing else cleans up, so there is one way to do it and it is
// used each time.

import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { serverEnvironment, type User } from './user.js';

// Arguments: the folder, "keep" or "remove", who has started it (a later start reads that: former.ts), then the command. The server's standard output is this script's own, so
// that its end tells the parent that the last process of the server is gone.
const KEEPER = `
directory=$1 end=$2; shift 3
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

export interface Keeper {
  /** The server's. */
  pid: number;
  /** What the server said when it failed to start; undefined when it is ready. */
  ready: Promise<string | undefined>;
  /** The last process of the server is gone; waiting for it keeps no process alive. */
  over: Promise<void>;
  /** The same for a caller who does nothing else. */
  gone(): Promise<void>;
  end(how: 'keep' | 'remove'): Promise<void>;
  /** The same for a process that is about to exit and cannot wait otherwise. */
  endNow(): void;
}

export async function launch(
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
      String(process.pid),
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
    over: lastGone,
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

/**
 * The keeper cleans up without us too, but shortly after: whoever waits for this process to end shall find nothing left.
 */
export function beforeExit(end: () => void, endsBySignal = true): () => void {
  const signals = endsBySignal ? (['SIGINT', 'SIGTERM', 'SIGHUP'] as const) : [];
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
