// npm run demo:move: a network moves from one server to another while four writers write. The demo counts what was
// acknowledged, and compares it with what is there in the end. It leaves nothing behind however it ends.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { createDpg } from '../../sdk/index.js';
import { type Embedded, startEmbedded } from '../support/embedded.js';
import { migrateToCurrent } from '../support/migrations.js';
import { connectTo } from '../support/server.js';
import { Counter, indented } from './move/counter.js';
import { Writer } from './move/writers.js';
import {
  bold,
  count,
  dim,
  done,
  expect,
  heading,
  restoreTerminal,
  say,
  seconds,
  table,
  timed,
} from './output.js';

const start = performance.now();
const VERSION = process.env.DPG_POSTGRES_VERSION ?? '18';
const MOVING = 'yellow_dot';
const STAYING = 'green_dot';
const WRITERS = 4;
/** Milliseconds of writing before the move, and after it. */
const BEFORE = 6_000;
const AFTER = 4_000;
const SETTINGS = { wal_level: 'logical', max_replication_slots: '10', max_wal_senders: '10' };
const CLI = fileURLToPath(new URL('../../sdk/cli/index.ts', import.meta.url));

interface Place {
  name: string;
  url: string;
  /** As dpg.homes has it. */
  server: string;
  sql: postgres.Sql;
}

const servers: Embedded[] = [];
const places: Place[] = [];
try {
  await demonstrate();
} catch (error) {
  restoreTerminal();
  console.error(error);
  process.exitCode = 1;
} finally {
  await Promise.all(places.map(({ sql }) => sql.end({ timeout: 1 })));
  await Promise.all(servers.map((server) => server.stop()));
}
if (!process.exitCode)
  say(
    `\n${bold(`Done in ${seconds(performance.now() - start)}.`)} Both servers are stopped and their files are removed.`,
  );

async function demonstrate(): Promise<void> {
  heading('1 · Two servers');
  const { milliseconds } = await timed(async () => {
    for (const name of ['A', 'B']) places.push(await startPlace(name));
  });
  const [a, b] = places as [Place, Place];
  done(`PostgreSQL ${servers[0]?.version} twice, migrated, in ${seconds(milliseconds)}`);
  for (const { name, server } of [a, b]) say(dim(`  ${name} is ${server}`));

  heading(`2 · ${WRITERS} writers of ${MOVING} on A, one of ${STAYING}`);
  await a.sql`
    insert into public."user" (id, name, email)
    select 'writer ' || n, 'Writer ' || n, 'writer' || n || '@example.com' from generate_series(1, ${WRITERS + 1}) n`;
  for (const network of [MOVING, STAYING]) {
    await a.sql`select dpg.ensure_item_partition(${network}, 'note')`;
    await a.sql`select dpg.ensure_action_partition(${network}, 'answer'), dpg.ensure_action_event_partition(${network}, 'answer')`;
  }
  // B is known as the home of a network that nobody uses: so the SDK has its password when A says where yellow_dot went
  const dpg = createDpg({ default: a.url, homes: { blue_dot: b.url } }, { max: WRITERS + 1 });
  const moving = Array.from({ length: WRITERS }, (_, n) => new Writer(dpg, MOVING, `writer ${n + 1}`));
  const staying = new Writer(dpg, STAYING, `writer ${WRITERS + 1}`);
  let isRunning = true;
  let lives = 'A';
  let step = '';
  const counter = new Counter(() => ({
    writes: moving.reduce((sum, { writes }) => sum + writes, 0),
    longest: Math.max(...moving.map(({ longest }) => longest)),
    lives,
    step,
  }));
  const writing = Promise.all([...moving, staying].map((writer) => writer.run(() => isRunning)));
  // a writer that fails ends the demo where its end is awaited
  let failure: unknown;
  writing.catch((error) => {
    failure = error;
    isRunning = false;
  });
  counter.start();
  try {
    await pause(BEFORE);
    if (failure) throw failure;
    const before = moving.map(({ longest }) => longest);
    for (const writer of [...moving, staying]) writer.longest = 0;

    counter.stop();
    heading(`3 · npx dpg-database move ${MOVING} --to B`);
    counter.start();
    step = 'moving';
    const { milliseconds: took, result: code } = await timed(() =>
      runCli(a.url, ['move', MOVING, '--to', b.url], (line) => counter.say(inLetters(line))),
    );
    expect(code === 0, `the command to end with 0, not with ${code}`);
    lives = 'B';
    step = 'moved';
    await pause(AFTER);
    isRunning = false;
    await writing;
    counter.stop();
    done(`${MOVING} lives on B, ${seconds(took)} after the command began; no writer was told`);

    heading('4 · What was acknowledged, and what is there');
    await compare(a, b, moving);
    table(
      ['longest call of a writer', 'before', 'during and after the move'],
      [
        [MOVING, milli(Math.max(...before)), milli(Math.max(...moving.map(({ longest }) => longest)))],
        [STAYING, '', milli(staying.longest)],
      ],
    );

    heading(`5 · npx dpg-database move ${MOVING} --to B --finish`);
    const finished = await runCli(a.url, ['move', MOVING, '--to', b.url, '--finish'], (line) =>
      say(dim(indented(inLetters(line)))),
    );
    expect(finished === 0, `the command to end with 0, not with ${finished}`);
    const [left] =
      await a.sql`select count(*)::integer as leaves from dpg.partitions where network = ${MOVING}`;
    expect(left?.leaves === 0, 'no leaf to be left on A');
    done('A has no row of it any more, and goes on saying where it lives');
  } finally {
    isRunning = false;
    counter.stop();
    await writing.catch(() => undefined);
    await dpg.end({ timeout: 1 });
  }
}

/** Each acknowledged write is there, once, and nothing else is. */
async function compare(a: Place, b: Place, writers: Writer[]): Promise<void> {
  const items = new Map(writers.flatMap(({ acknowledged }) => [...acknowledged.items]));
  const actions = new Map(writers.flatMap(({ acknowledged }) => [...acknowledged.actions]));
  const foundItems = await b.sql`
    select item_id, (item_state ->> 'number')::integer as number from dpg.items where item_network = ${MOVING}`;
  const foundActions = await b.sql`
    select action_id, update_count from dpg.item_actions where partition_network = ${MOVING}`;
  const [events] = await b.sql`
    select count(*)::integer as number from dpg.action_events where partition_network = ${MOVING}`;
  const wrongItems = foundItems.filter(({ item_id, number }) => items.get(item_id) !== number).length;
  const wrongActions = foundActions.filter((row) => actions.get(row.action_id) !== row.update_count).length;
  const changes = [...actions.values()].reduce((sum, number) => sum + number, 0);
  table(
    ['', 'acknowledged', 'on B', 'otherwise'],
    [
      ['items', items.size, foundItems.length, wrongItems],
      ['actions', actions.size, foundActions.length, wrongActions],
      ['events', actions.size + changes, Number(events?.number), 0],
    ],
  );
  expect(foundItems.length === items.size && wrongItems === 0, 'each item on B, once');
  expect(
    foundActions.length === actions.size && wrongActions === 0,
    'each action on B, with each of its changes',
  );
  expect(events?.number === actions.size + changes, 'each event on B, once');
  const refused = await a.sql`select dpg.count_items(${MOVING}, 'note')`.catch((error) => error);
  expect(refused.code === 'DP017', 'A to refuse the network');
  done('nothing is lost, nothing is there twice');
  say(dim(`  A says: ${inLetters(refused.message)}`));
}

async function startPlace(name: string): Promise<Place> {
  const server = await startEmbedded(VERSION, { durable: true, settings: SETTINGS });
  servers.push(server);
  const url = await connectTo(server.adminUrl).createDatabase(`dpg_demo_${name.toLowerCase()}`);
  await migrateToCurrent(url);
  const { hostname, port, pathname } = new URL(url);
  const sql = postgres(url, { max: 2, onnotice: () => undefined });
  return { name, url, server: `postgres://${hostname}:${port}${pathname}`, sql };
}

/** The program as it is shipped, but from its source. What it says on the way goes to `hear`. */
function runCli(url: string, args: string[], hear: (line: string) => void): Promise<number | null> {
  const child = spawn(process.execPath, ['--import', 'tsx', CLI, ...args], {
    env: { ...process.env, DATABASE_URL: url, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', hear);
  return new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The servers by their letters: their addresses are long. */
function inLetters(text: string): string {
  return places.reduce((said, { name, server }) => said.replaceAll(server, name), text);
}

function milli(value: number): string {
  return `${count(Math.round(value))} ms`;
}
