// Starting and killing the mirror process.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { dim, say } from '../output.js';
import type { Instance } from './instance.js';

const program = fileURLToPath(new URL('mirror-process.ts', import.meta.url));
const running = new Set<ChildProcess>();

export interface MirrorProcess {
  pid: number;
  /** SIGTERM: it lets go of what it has leased, and ends. Its exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL: it has no time for anything. */
  kill(): Promise<void>;
}

export function startMirror(of: Instance, secret: string): MirrorProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', program], {
    env: { ...process.env, DATABASE_URL: of.databaseUrl, DPG_SECRET: secret },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  running.add(child);
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  child.once('exit', () => running.delete(child));
  let said = '';
  child.on('message', ({ what, why }: { what: string; why: string }) => {
    if (said !== what) say(dim(`  the mirror: ${what}, ${why}`));
    said = what;
  });
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      return exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** None may outlive the demo. */
export async function killMirrors(): Promise<void> {
  await Promise.all(
    [...running].map((child) => {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      return exited;
    }),
  );
}
