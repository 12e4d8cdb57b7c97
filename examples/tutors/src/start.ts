// npm start: the database, what is in it, the application.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { serve } from '@hono/node-server';
import { betterAuth } from 'better-auth';
import { createDpg } from 'dpg-database';
import { startServer } from 'dpg-database/dev';
import { Pool } from 'pg';
import { makeApp } from './app.js';
import { followChanges } from './live.js';
import { loadPlaces } from './places.js';
import { authOptions, setUp } from './set-up.js';

const { DATABASE_URL, BETTER_AUTH_SECRET, PORT = '3000', PLACES } = process.env;
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopping.abort());
process.on('uncaughtException', (error) => {
  const isTaken = error.message.includes('EADDRINUSE');
  if (isTaken) console.error(`Port ${PORT} is in use. Choose another: PORT=3001 npm start`);
  else if (!stopping.signal.aborted) console.error(error); // what Ctrl-C interrupts is no fault
  process.exit(1);
});

// without a database of yours: a server that keeps its data in the folder `data`
const server = DATABASE_URL ? undefined : await startServer({ directory: 'data' });
const url = DATABASE_URL ?? server?.url ?? '';
await setUp(url);

// The application has the rights of dpg_app alone, as in production: it calls the functions, and cannot write the tables.
const dpg = createDpg(url, { connection: { role: 'dpg_app' } });
const database = new Pool({ connectionString: url, options: '-c role=dpg_app' });
database.on('error', ({ message }) => console.error(message)); // cut while idle; the next query makes a new one
await loadPlaces(dpg, PLACES ? Number(PLACES) : undefined);

const baseURL = `http://localhost:${PORT}`;
const secret = BETTER_AUTH_SECRET ?? (await keptSecret());
const { fetch } = await makeApp(dpg, betterAuth({ ...authOptions, database, secret, baseURL }));
const listening = serve({ fetch, hostname: 'localhost', port: Number(PORT) });
await once(listening, 'listening');
console.log(`Open ${baseURL}. Ctrl-C stops it.`);

await followChanges(dpg, stopping.signal); // until then
await Promise.all([dpg.end(), database.end()]);
await server?.stop();
process.exit(0);

/** It signs the cookies: made at the first start, and kept. */
async function keptSecret(): Promise<string> {
  await mkdir('data', { recursive: true });
  const made = writeFile('data/secret', randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 });
  await made.catch(() => 'it is there');
  return readFile('data/secret', 'utf8');
}
