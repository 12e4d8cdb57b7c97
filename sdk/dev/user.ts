// Whom the server runs as: PostgreSQL refuses to run as root.

import { spawn, spawnSync } from 'node:child_process';

export interface User {
  /** Undefined: the user of this process. */
  ids?: { uid: number; gid: number };
  can(command: string, ...args: string[]): boolean;
}

/** The user of this process; as root the user postgres where there is one, else nobody. */
export function unprivilegedUser(): User {
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

export async function runAs(owner: User, command: string, args: string[], cwd: string): Promise<void> {
  const child = spawn(command, args, { ...owner.ids, cwd, env: serverEnvironment() });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`${command} failed:\n${said}`);
}

/** No PG… variable of the caller may lead the server astray. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(kept), LC_MESSAGES: 'C' };
}
