// The command is killed after each of its steps. Run again it goes on; with --abort before the switch everything is as it was. A
// writer goes on all the time.

import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  eventually,
  type Home,
  hasOwnServers,
  moveAndExpect,
  moveNetwork,
  removeCommand,
  startMove,
  startServerOfHomes,
  wait,
} from './homes.js';
import { checksums, expectNoErrors, faults, prepare, Writer } from './traffic.js';

afterAll(removeCommand);
if (!hasOwnServers) console.log('SKIPPED: a move that is killed (no servers of our own on this machine)');

const BEFORE_THE_SWITCH = ['begun', 'receiving', 'copying', 'copied'];
let a: Home;
let b: Home;

beforeAll(async () => {
  if (!hasOwnServers) return;
  const one = await startServerOfHomes();
  const other = await startServerOfHomes();
  [a, b] = [await one.home(), await other.home()];
  await prepare(a, 'yellow_dot', 1);
}, 120_000);

/** Starts the command and kills it as soon as the sender's record has come to this step. */
async function killAt(step: string): Promise<void> {
  const { child, ended, said } = await startMove('yellow_dot', a, b);
  let isRunning = true;
  void ended.then(() => {
    isRunning = false;
  });
  const isKilled = (async () => {
    while (isRunning) {
      const [record] = await a.sql`select m.step from dpg_private.moves m where m.network = 'yellow_dot'`;
      if (record?.step === step) return child.kill('SIGKILL');
    }
    return false;
  })();
  expect(await isKilled, `killed at ${step}, after ${said.join('; ')}`).toBe(true);
  expect(await ended).toBeNull();
}

/** What a move leaves on a server. */
async function traces({ sql }: Home): Promise<unknown> {
  const [row] = await sql`
    select
      array(
        select c.relname::text from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('dpg', 'dpg_private') and c.relkind in ('r', 'p', 'i', 'I')
        order by 1
      ) as relations,
      array(select t.tgname || ' ' || t.tgrelid::regclass || ' ' || t.tgenabled::text from pg_trigger t where not t.tgisinternal order by 1)
        as triggers,
      array(select p.pubname::text from pg_publication p order by 1) as publications,
      array(select s.slot_name::text from pg_replication_slots s order by 1) as slots,
      array(select s.subname::text from pg_subscription s order by 1) as subscriptions,
      array(select m.network || ' ' || m.step from dpg_private.moves m) as moves,
      array(select h.network || ' ' || h.server from dpg.homes h) as homes,
      array(select p.name from dpg_private.partition_names p where p.is_closed order by 1) as closed,
      dpg_private.moved_networks() as moved_networks,
      array(select u.id from public."user" u where u.id <> dpg_private.tombstone() order by 1) as users`;
  return row;
}

test.skipIf(!hasOwnServers)(
  'killed before the switch and aborted: everything is as it was, each time',
  async () => {
    await moveAndExpect('planned', 'yellow_dot', a, b, '--dry-run');
    const before = [await traces(a), await traces(b)];
    const sums = await checksums(a, 'yellow_dot');
    for (const step of BEFORE_THE_SWITCH) {
      await killAt(step);
      await moveAndExpect('aborted', 'yellow_dot', a, b, '--abort');
      expect([await traces(a), await traces(b)], step).toEqual(before);
      expect(await checksums(a, 'yellow_dot')).toEqual(sums);
    }
    const again = await moveNetwork('yellow_dot', a, b, '--abort');
    expect(again.exitCode).toBe(4);
    expect(again.stderr).toContain('there is no move of the network yellow_dot');
  },
  120_000,
);

test.skipIf(!hasOwnServers)(
  'killed after each step and run again: it goes on, and what was acknowledged is there',
  async () => {
    let isRunning = true;
    const writer = new Writer(1, 'yellow_dot', [a, b]);
    const traffic = writer.run(() => isRunning);
    for (const step of BEFORE_THE_SWITCH) await killAt(step);
    await killAt('closed');

    // there is no way back any more, and that is said
    const refused = await moveNetwork('yellow_dot', a, b, '--abort');
    expect(refused.exitCode).toBe(4);
    expect(refused.stderr).toContain('the network yellow_dot has been switched');
    const status = await moveNetwork('yellow_dot', a, b, '--status');
    const isClosed = status.document.step === 'closed';
    expect(status.exitCode).toBe(isClosed ? 1 : 0);
    if (isClosed)
      expect(status.document.status.problems[0]).toMatch(/^the network is closed here and not open there/);

    await moveAndExpect('moved', 'yellow_dot', a, b);
    await moveAndExpect('moved', 'yellow_dot', a, b);
    const calls = writer.calls;
    await eventually('the writer goes on', async () => writer.calls > calls + 50);
    isRunning = false;
    await traffic;
    expectNoErrors([writer]);
    expect(await faults(b, 'yellow_dot', writer.noted)).toEqual({ missing: 0, different: 0, doubled: 0 });

    // finished in spite of kills as well
    for (let killed = 0; killed < 3; killed += 1) {
      const { child, ended } = await startMove('yellow_dot', a, b, '--finish');
      await wait(400 + 150 * killed);
      child.kill('SIGKILL');
      await ended;
    }
    const finished = await moveNetwork('yellow_dot', a, b, '--finish');
    expect(finished.stderr).toMatch(/^$|there is no move of the network/);
    // the home of the users is followed, and follows who owns items there
    const owners = expect.stringMatching(/^dpg_owners_/);
    expect(await traces(a)).toMatchObject({
      publications: ['dpg_users'],
      subscriptions: [owners],
      moves: [],
    });
    const slots = await a.sql`select s.slot_name::text from pg_replication_slots s`;
    expect(slots.map(({ slot_name }) => slot_name)).toEqual([expect.stringMatching(/^dpg_users_/)]);
    expect(await traces(b)).toMatchObject({
      slots: [owners],
      publications: ['dpg_owners'],
      subscriptions: ['dpg_users'],
      moves: [],
      homes: [],
      moved_networks: [],
    });
    const leaves = await a.sql`select from dpg.partitions p where p.network = 'yellow_dot'`;
    expect(leaves).toHaveLength(0);
  },
  120_000,
);
