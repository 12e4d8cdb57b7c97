// npm start: the database, what is in it, the application.

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { betterAuth } from 'better-auth';
import { createDpg } from 'dpg-database';
import { Pool } from 'pg';
import { makeApp } from './app.js';
import { startDatabase } from './database.js';
import { followChanges } from './live.js';
import { loadPlaces } from './places.js';
import { authOptions, setUp } from './set-up.js';

const { PORT = '3000', PLACES, DATA = 'data' } = process.env;
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());

await mkdir(DATA, { recursive: true });
const database = await startDatabase(join(DATA, 'postgres'));
await setUp(database.url);

// The application has the rights of dpg_app only: it calls the functions, and cannot write the tables.
const dpg = createDpg(database.url, { connection: { role: 'dpg_app' } });
await loadPlaces(dpg, PLACES ? Number(PLACES) : undefined);

const pool = new Pool({ connectionString: database.url, options: '-c role=dpg_app' });
const origin = `http://localhost:${PORT}`;
const secret = await readSecret(join(DATA, 'secret'));
const auth = betterAuth({ ...authOptions, database: pool, secret, baseURL: origin });
const { fetch } = await makeApp(dpg, auth);
const server = serve({ fetch, port: Number(PORT), hostname: 'localhost' });
console.log(`Open ${origin}. Ctrl-C stops it.`);

await followChanges(dpg, stopping.signal); // until the signal

server.close();
if ('closeAllConnections' in server) server.closeAllConnections(); // those of pages that are open
await Promise.all([dpg.end(), pool.end()]);
await database.stop();
process.exit(0);

/** Signs the cookies. Made at the first start, and kept. */
async function readSecret(file: string): Promise<string> {
  if (process.env.BETTER_AUTH_SECRET) return process.env.BETTER_AUTH_SECRET;
  await writeFile(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 }).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return readFile(file, 'utf8');
}
