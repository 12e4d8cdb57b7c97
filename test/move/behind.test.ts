// A receiver that is behind or slow at the wrong moment: no row is lost, and the sender's writers do not wait for it.

import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Home, hasOwnServers, moveAndExpect, removeCommand, startServerOfHomes } from './homes.js';

afterAll(removeCommand);
if (!hasOwnServers)
  console.log('SKIPPED: a receiver that is behind at the switch (no servers of our own on this machine)');

const item = "dpg.upsert_item('asha', 'yellow_dot', 'student', 'p', 'https://here.example.com', 's')";
let a: Home;
let b: Home;

beforeAll(async () => {
  if (!hasOwnServers) return;
  const one = await startServerOfHomes();
  const other = await startServerOfHomes();
  [a, b] = [await one.home(), await other.home()];
  await a.sql`insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com')`;
  await a.sql.unsafe(`select ${item}`);
  await a.sql`select dpg.define_network('yellow_dot', '{"max_items_per_owner": 9}')`;
}, 120_000);

test.skipIf(!hasOwnServers)('a receiver that opens slowly is a try in vain', async () => {
  await b.sql.unsafe(`
    create function public.slow() returns trigger language plpgsql as 'begin perform pg_sleep(5); return null; end';
    create trigger slow after insert on dpg.network_rules for each statement execute function public.slow()`);
  const { switch: tried } = await moveAndExpect(
    'waiting',
    'yellow_dot',
    a,
    b,
    '--hold',
    '500',
    '--patience',
    '3',
  );
  expect(tried.reason).toMatch(/^the receiver could not open it: .*statement timeout/);
  await b.sql`drop trigger slow on dpg.network_rules`;
  expect(await a.sql`select from dpg.homes`).toHaveLength(0);
});

test.skipIf(!hasOwnServers)(
  'what was applied and lost with the server of the receiver arrives before the network is opened',
  async () => {
    // as after a crash between the two commits: the sender is closed, and the last row has to be sent once more
    const [worker] = await b.sql`
      select s.pid from pg_stat_subscription s where s.subname ~ '^dpg_move_' and s.pid is not null`;
    const pid = Number(worker?.pid);
    process.kill(pid, 'SIGSTOP');
    const goesOn = setTimeout(() => process.kill(pid, 'SIGCONT'), 5000);
    const closing = postgres(a.url, { max: 1 });
    try {
      await a.sql.unsafe(`select ${item}`);
      await closing.begin(async (sql) => {
        await sql`select dpg_private.lock_network('yellow_dot', 1000)`;
        await sql`select dpg_private.close_network('yellow_dot', ${b.server})`;
      });
      await moveAndExpect('moved', 'yellow_dot', a, b);
    } finally {
      clearTimeout(goesOn);
      await closing.end({ timeout: 1 });
    }
    expect(await b.sql`select from dpg.items`).toHaveLength(2);
  },
  60_000,
);
