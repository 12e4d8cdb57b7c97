// npm run db:watch: graphile-migrate watch against DATABASE_URL, or a server of its own where that is not set. It follows
// the files that sql/all.sql lists; we say which it does not.

import { spawn } from 'node:child_process';
import { command } from '../support/graphile-migrate.js';
import { projectFolder } from '../support/migrations.js';
import { describe, startDevelopment, untilTold } from './development.js';
import { watchList } from './watch-list.js';

const told = untilTold();
const development = process.env.DATABASE_URL ? undefined : await startDevelopment();
if (development) console.log(describe(development));
const watcher = spawn(process.execPath, [command, 'watch'], {
  cwd: projectFolder,
  env: { ...process.env, ...development?.urls },
  stdio: 'inherit',
});
const ended = new Promise<void>((resolve) => watcher.once('exit', () => resolve()));
const list = await watchList(console.error);
await Promise.race([told, ended]);
list.close();
watcher.kill();
await ended;
await development?.server.stop();
process.exit(watcher.exitCode ?? 0);
