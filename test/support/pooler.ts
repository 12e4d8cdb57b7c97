// PgBouncer in transaction mode before a server: any statement outside of a transaction may run on another connection of
// the server than the last one. It is a package of the operating system (Debian: pgbouncer).

import { spawn, spawnSync } from 'node:child_process';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverVersion, withAdmin } from './server.js';

/** As it says it itself: 1.18.0; undefined where it is not installed. */
export function poolerVersion(): string | undefined {
  const said = spawnSync('pgbouncer', ['--version'], { encoding: 'utf8', env: environment() });
  return said.status === 0 ? (/PgBouncer (\S+)/.exec(said.stdout)?.[1] ?? 'unknown') : undefined;
}

export interface Pooler {
  /** Of the superuser; every user and database of the server can be reached at its host and port. */
  url: string;
  stop(): Promise<void>;
}

// Ends with whoever holds the other end of its standard input, however that goes.
const KEEPER = '"$@" </dev/null >/dev/null 2>&1 & pooler=$!; read -r word; kill $pooler; wait $pooler';

export async function startPooler(adminUrl: string, settings: Record<string, string> = {}): Promise<Pooler> {
  const { hostname, port, username, password } = new URL(adminUrl);
  const folder = await mkdtemp(join(tmpdir(), 'dpg-pooler-'));
  const quoted = (text: string) => `"${decodeURIComponent(text).replaceAll('"', '""')}"`;
  const own = await freePort();
  const files = {
    'users.txt': `${quoted(username)} ${quoted(password)}\n`,
    // The users that tests make are looked up in the server.
    'pgbouncer.ini': `
[databases]
* = host=${hostname} port=${port || 5432}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
pool_mode = transaction
auth_type = scram-sha-256
auth_file = ${join(folder, 'users.txt')}
auth_user = ${decodeURIComponent(username)}
auth_query = select usename, passwd from pg_catalog.pg_shadow where usename = $1
max_client_conn = 1000
${Object.entries({ default_pool_size: '20', server_idle_timeout: '5', ...settings })
  .map(([name, value]) => `${name} = ${value}`)
  .join('\n')}
`,
  };
  // It refuses to run as root, and takes the user postgres, which its package has.
  const root = process.getuid?.() === 0;
  const ids = root ? ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, 'postgres']).stdout)) : [];
  await chmod(folder, 0o700);
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    if (root) await chown(join(folder, name), ids[0] as number, ids[1] as number);
  }
  if (root) await chown(folder, ids[0] as number, ids[1] as number);
  const child = spawn(
    '/bin/sh',
    ['-c', KEEPER, 'keeper', 'pgbouncer', ...(root ? ['-u', 'postgres'] : []), join(folder, 'pgbouncer.ini')],
    { stdio: ['pipe', 'ignore', 'ignore'], env: environment(), detached: true },
  );
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin.end();
    await ended;
    await rm(folder, { recursive: true });
  };
  const url = new URL(adminUrl);
  url.hostname = '127.0.0.1';
  url.port = String(own);
  try {
    await untilReady(url.href);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: url.href, stop };
}

async function untilReady(url: string): Promise<void> {
  for (let left = 100; ; left--) {
    try {
      await withAdmin(url, serverVersion);
      return;
    } catch (error) {
      if (left === 0)
        throw new Error(`PgBouncer does not answer: ${(error as Error).message}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function environment(): NodeJS.ProcessEnv {
  // Where Debian has it, which is not in everybody's PATH.
  return { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (!address || typeof address === 'string') throw new Error('The system gave no free port.');
  return address.port;
}
