// npm run demo: a server, 135,000 real places, questions about them, and the story of a student and a tutor. It checks
// what it shows, and leaves nothing behind however it ends.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createDpg } from '../../sdk/index.js';
import { committedMigrations, migrateToCurrent } from '../support/migrations.js';
import { type Server, startServer, withAdmin } from '../support/server.js';
import { discover } from './discover.js';
import { loadPlaces, showSizes } from './load.js';
import { bold, count, dim, done, expect, heading, restoreTerminal, say, seconds, timed } from './output.js';
import { readPlaces } from './places.js';
import { showPlan } from './plan.js';
import { askQuestions } from './questions.js';
import { tellStory } from './story.js';

const start = performance.now();
let starting: Promise<Server> | undefined;
let interruption: Promise<void> | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () =>
    interrupt(() => {
      restoreTerminal();
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }),
  );
}
// Whoever reads us has gone, as in npm run demo | head.
process.stdout.on('error', () => interrupt(() => process.exit(1)));

try {
  await demonstrate();
} catch (error) {
  if (interruption) await interruption;
  console.error(error);
  process.exitCode = 1;
}

async function demonstrate(): Promise<void> {
  heading('1 · A server');
  starting = startServer();
  const { result: server, milliseconds } = await timed(() => starting as Promise<Server>);
  try {
    done(
      `PostgreSQL ${server.version} (${server.kind}) up in ${seconds(milliseconds)} ${dim(`· Node ${process.version.slice(1)}`)}`,
    );
    await showAll(server);
  } finally {
    await server.stop();
  }
  const { directory } = server.embedded ?? {};
  expect(directory === undefined || !existsSync(directory), `${directory} to be gone`);
  const end =
    server.kind === 'existing'
      ? 'Its database is dropped.'
      : 'The server is stopped and its files are removed.';
  say(`\n${bold(`Done in ${seconds(performance.now() - start)}.`)} ${end}`);
}

async function showAll(server: Server): Promise<void> {
  const url = await server.createDatabase(`dpg_demo_${randomBytes(4).toString('hex')}`);
  await migrate(url);
  // As an application would: with no rights but those of dpg_app.
  const dpg = createDpg(url, { max: 7, connection: { role: 'dpg_app' } });
  try {
    heading('2 · The places of the world as items');
    const places = readPlaces();
    await loadPlaces(dpg, places);
    const { milliseconds } = await timed(() => withAdmin(url, (sql) => sql`vacuum analyze dpg.items`));
    done(`vacuum analyze, as after any large load, in ${seconds(milliseconds)}`);
    await showSizes(dpg, places);

    heading('3 · Questions');
    await askQuestions(dpg, places);
    await discover(dpg, places);
    await showPlan(url);

    heading('4 · A student and a tutor');
    await tellStory(dpg);
  } finally {
    await dpg.end({ timeout: 1 });
  }
}

async function migrate(url: string): Promise<void> {
  const { milliseconds } = await timed(() => migrateToCurrent(url));
  const committed = await committedMigrations();
  const [made] = await withAdmin(
    url,
    (sql) => sql`
      select
        (select count(*) from pg_proc where pronamespace = 'dpg'::regnamespace) as functions,
        (select string_agg(format('%s %s', extname, extversion), ', ' order by extname)
         from pg_extension where extname <> 'plpgsql') as extensions`,
  );
  done(
    `Migrated in ${seconds(milliseconds)}: committed migrations ${committed.length}, then sql/ as it is; ` +
      `${count(BigInt(made?.functions))} functions ${dim(`· ${made?.extensions}`)}`,
  );
}

/** Once: stops the server, then ends the process. */
function interrupt(end: () => void): void {
  interruption ??= (async () => {
    // A start that is under way is let finish, to know what there is to stop.
    const server = await starting?.catch(() => undefined);
    await server?.stop();
    end();
    // Until then nobody goes on.
    await new Promise(() => undefined);
  })();
}
