import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { unprivilegedUser } from '../../dev/user.js';

const NAME = '.dpg-database';

/**
 * Where the data stay by default: in the current folder. As root the server runs as another user, who may not reach that
 * (a project in /root): then in one of root's own, which nobody else can make before.
 */
export function devFolder(given: unknown): string {
  if (typeof given === 'string') return given;
  const here = process.cwd();
  if (unprivilegedUser().can('/bin/sh', '-c', 'cd "$1"', 'sh', here)) return NAME;
  const parent = '/var/lib/dpg-database';
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  return resolve(parent, `${basename(here)}-${createHash('sha256').update(here).digest('hex').slice(0, 8)}`);
}
