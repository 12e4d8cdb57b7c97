// PostgreSQL as the operating system has installed it: programs that the embedded servers lack (pg_dump, pg_restore),
// and servers with extensions of theirs. They are found in PATH, and where Debian keeps each version.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Embedded, startEmbedded } from './embedded.js';
import { connectTo, type Databases } from './server.js';

export interface Installed {
  /** Major version. */
  version: number;
  /** The folder of its programs. */
  bin: string;
}

const DEBIAN = '/usr/lib/postgresql';

/** Every installed PostgreSQL that has all of these programs, the newest first. */
export function installedWith(...programs: [string, ...string[]]): Installed[] {
  const debian = existsSync(DEBIAN) ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin')) : [];
  return [...debian, ...(process.env.PATH ?? '').split(delimiter)]
    .filter((bin) => programs.every((program) => existsSync(join(bin, program))))
    .map((bin) => ({ version: majorVersion(join(bin, programs[0])), bin }))
    .filter(({ version }) => version > 0)
    .sort((left, right) => right.version - left.version);
}

/** An installed server, of a version that we support, that can make this extension. */
export function installedServer(extension: string): Installed | undefined {
  return installedWith('postgres', 'initdb').find(({ version, bin }) => {
    const asked = spawnSync(join(bin, 'pg_config'), ['--sharedir'], { encoding: 'utf8' });
    const folders = [asked.stdout?.trim(), `/usr/share/postgresql/${version}`].filter((folder) => folder);
    return version >= 15 && folders.some((folder) => existsSync(`${folder}/extension/${extension}.control`));
  });
}

export async function startInstalled({ version, bin }: Installed): Promise<Databases & Embedded> {
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  const server = await startEmbedded(String(version), { binaries: bin, settings });
  return { ...connectTo(server.adminUrl), ...server };
}

/** Runs a program to its end and returns what it said; an exit other than 0 is an error that has it. */
export async function run(
  command: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${said}`);
  return said;
}

function majorVersion(program: string): number {
  const said = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout ?? '';
  return Number(/\(PostgreSQL\) (\d+)/.exec(said)?.[1] ?? 0);
}
