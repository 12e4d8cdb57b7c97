// An application that migrates its database and goes on whatever comes of it: run by the tests as a process of its own.
// It writes one line of JSON: what migrate did, and what has happened outside of its promise.

import { migrate } from '../../sdk/migrate/index.js';

const [url = '', migrationsFolder = '', waitSeconds = '60'] = process.argv.slice(2);
const unhandled: string[] = [];
process.on('uncaughtException', (error) => unhandled.push(String(error)));
process.on('unhandledRejection', (error) => unhandled.push(String(error)));

const outcome = await migrate(url, { migrationsFolder, waitSeconds: Number(waitSeconds) }).then(
  ({ applied }) => ({ applied }),
  ({ name, code, message, hint }) => ({ name, code, message, hint }),
);
// what a connection leaves behind comes later
await new Promise((resolve) => setTimeout(resolve, 600));
process.stdout.write(`${JSON.stringify({ outcome, unhandled })}\n`);
