// npm run db:watch: graphile-migrate watch against DATABASE_URL, or a server of its own where that is not set.

import { spawn } from 'node:child_process';
import { command } from '../graphile-migrate.js';
import { projectFolder } from '../migrations.js';
import { describe, startDevelopment, untilTold } from './development.js';

const told = untilTold();
const development = process.env.DATABASE_URL ? undefined : await startDevelopment();
if (development) console.log(describe(development));
const watcher = spawn(process.execPath, [command, 'watch'], {
  cwd: projectFolder,
  env: { ...process.env, ...development?.urls },
  stdio: 'inherit',
});
const ended = new Promise<void>((resolve) => watcher.once('exit', () => resolve()));
await Promise.race([told, ended]);
watcher.kill();
await ended;
await development?.server.stop();
process.exit(watcher.exitCode ?? 0);
