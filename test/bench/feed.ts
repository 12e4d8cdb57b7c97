// What the feed costs a writer: node --import tsx test/bench/feed.ts. A server that flushes as one in production does,
// 16 sessions that each move an action of their own, in turns with the feed and without it (append_event as it is, and
// with the statement taken out that queues the event). Prints each pair and the median of the ratios.

import postgres from 'postgres';
import { migrateToCurrent } from '../support/migrations.js';
import { startServer } from '../support/server.js';

const WRITERS = 16;
const SECONDS = Number(process.env.DPG_BENCH_SECONDS ?? 5);
const ROUNDS = Number(process.env.DPG_BENCH_ROUNDS ?? 7);
const URL_HERE = 'https://yellowdot.example.com';

const server = await startServer({ durable: true });
try {
  const url = await server.createDatabase('bench_feed');
  await migrateToCurrent(url);
  const sql = postgres(url, { max: WRITERS, onnotice: () => undefined });
  console.log(`PostgreSQL ${server.version}, ${WRITERS} writers, flush on, ${ROUNDS} rounds of ${SECONDS} s`);
  const actions = await prepare(sql);
  const withFeed = await definition(sql);
  const withoutFeed = withFeed.replace(/insert into dpg_private\.event_queue [^;]*;/, '');
  if (withoutFeed === withFeed)
    throw new Error('append_event does not queue events any more: change this script');

  await write(sql, actions, 1);
  const ratios: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const rates = new Map<string, number>();
    for (const text of round % 2 ? [withFeed, withoutFeed] : [withoutFeed, withFeed]) {
      await sql.unsafe(text);
      await sql`vacuum dpg_private.event_queue`;
      rates.set(text, await write(sql, actions, SECONDS));
    }
    const [fed, bare] = [rates.get(withFeed) ?? 0, rates.get(withoutFeed) ?? 0];
    ratios.push(bare / fed);
    console.log(
      `${round}: with ${fed.toFixed(0)}/s, without ${bare.toFixed(0)}/s, cost ${(bare / fed).toFixed(3)}`,
    );
  }
  ratios.sort((left, right) => left - right);
  console.log(
    `median cost of a write with the feed: ${ratios[Math.floor(ROUNDS / 2)]?.toFixed(3)} × without`,
  );
  await sql.end();
} finally {
  await server.stop();
}

async function prepare(sql: postgres.Sql): Promise<string[]> {
  await sql`insert into public."user" (id, name, email) values ('asha', 'a', 'a@x'), ('ravi', 'r', 'r@x')`;
  for (const [owner, domain] of [
    ['asha', 'student'],
    ['ravi', 'tutor'],
  ] as const) {
    await sql`
      select dpg.upsert_item(${owner}, 'yellow_dot', ${domain}, 'profile_1.0', ${URL_HERE}, 's',
        item_id => '11111111-1111-4111-8111-111111111111')`;
  }
  const ids: string[] = [];
  for (let i = 0; i < WRITERS; i++) {
    const [made] = await sql`
      select a.action_id
      from dpg.perform_action('asha', 'connect',
        row('yellow_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111'),
        row('yellow_dot', 'tutor', 'profile_1.0', '11111111-1111-4111-8111-111111111111')) a`;
    ids.push(made?.action_id);
  }
  return ids;
}

async function definition(sql: postgres.Sql): Promise<string> {
  const [row] = await sql`
    select pg_get_functiondef('dpg_private.append_event(dpg.item_actions, uuid, jsonb, text)'::regprocedure) as text`;
  return row?.text;
}

/** Transitions a second, all writers together. */
async function write(sql: postgres.Sql, actions: string[], seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000;
  const start = performance.now();
  const counts = await Promise.all(
    actions.map(async (action) => {
      let count = 0;
      for (; performance.now() < end; count++) {
        await sql`select dpg.transition_action('ravi', 'yellow_dot', 'connect', ${action}, 'seen')`;
      }
      return count;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - start) / 1000);
}
