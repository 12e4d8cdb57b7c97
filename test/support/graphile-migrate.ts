// graphile-migrate's own command, as it is run at a deployment: DATABASE_URL is all that it is told.

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { projectFolder } from './migrations.js';

export const command = join(dirname(createRequire(import.meta.url).resolve('graphile-migrate')), 'cli.js');

export async function graphileMigrate(url: string, ...args: string[]): Promise<string> {
  const { SHADOW_DATABASE_URL, ROOT_DATABASE_URL, ...others } = process.env;
  const child = spawn(process.execPath, [command, ...args], {
    cwd: projectFolder,
    env: { ...others, DATABASE_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`graphile-migrate ${args.join(' ')} failed:\n${said}`);
  return said;
}
