// Three servers of several versions: a network moves from an older one to a newer one, and on to a third. The users stay at home on
// the first, and every other one follows it.

import { afterAll, expect, test } from 'vitest';
import {
  eventually,
  type Home,
  hasOwnServers,
  moveAndExpect,
  moveNetwork,
  removeCommand,
  startServerOfHomes,
} from './homes.js';
import { expectNoErrors, faults, prepare, Writer } from './traffic.js';

afterAll(removeCommand);
if (!hasOwnServers) console.log('SKIPPED: three homes (no servers of our own on this machine)');

test.skipIf(!hasOwnServers)(
  'from PostgreSQL 15 to 18 and on to a third server, with a writer; never to an older one',
  async () => {
    const [old, first, second] = [
      // follows who owns items on the two others, beside what a move takes
      await startServerOfHomes('15', { max_logical_replication_workers: '8', max_worker_processes: '16' }),
      await startServerOfHomes('18'),
      await startServerOfHomes('18'),
    ];
    const [a, b, c] = [await old.home(), await first.home(), await second.home()];
    await prepare(a, 'yellow_dot', 1);
    await prepare(a, 'red_dot', 1);

    let isRunning = true;
    const writer = new Writer(1, 'yellow_dot', [a, b, c]);
    const traffic = writer.run(() => isRunning);
    await eventually('there is something to move', async () => writer.calls > 100);
    const moved = await moveAndExpect('moved', 'yellow_dot', a, b, '--verify');
    expect(moved.switch.verified.every((leaf: { is_equal: boolean }) => leaf.is_equal)).toBe(true);
    await moveAndExpect('finished', 'yellow_dot', a, b, '--finish');
    const further = await moveAndExpect('moved', 'yellow_dot', b, c, '--verify');
    expect(further.switch.verified.every((leaf: { is_equal: boolean }) => leaf.is_equal)).toBe(true);
    isRunning = false;
    await traffic;
    expectNoErrors([writer]);
    expect(await faults(c, 'yellow_dot', writer.noted)).toEqual({ missing: 0, different: 0, doubled: 0 });

    // each of the two others follows the first by a slot of its own
    const slots = await a.sql`select s.active from pg_replication_slots s where s.slot_name ~ '^dpg_users_'`;
    expect([...slots]).toEqual([{ active: true }, { active: true }]);
    await a.sql`insert into public."user" (id, name, email) values ('nila', 'Nila', 'nila@example.com')`;
    for (const home of [b, c]) await eventually('a new user is there', () => hasUser(home, 'nila'));

    // whoever asks the first is sent to the second, and from there to the third
    for (const [home, next] of [
      [a, b],
      [b, c],
    ] as const) {
      const [row] = await home.sql`select h.server from dpg.homes h where h.network = 'yellow_dot'`;
      expect(row?.server).toBe(next.server);
    }

    // home again: not before this move is finished, and not to a server that is older
    const early = await moveNetwork('yellow_dot', c, a, '--dry-run');
    expect(early.stderr).toContain(`from ${b.server} to here is not finished`);
    await moveAndExpect('finished', 'yellow_dot', b, c, '--finish');
    const back = await moveAndExpect('stopped', 'yellow_dot', c, a, '--dry-run');
    expect(back.plan.obstacles.map(({ message }: { message: string }) => message)).toEqual([
      'the receiver runs an older PostgreSQL (15) than the sender (18)',
    ]);
  },
  120_000,
);

async function hasUser({ sql }: Home, id: string): Promise<boolean> {
  return (await sql`select from public."user" u where u.id = ${id}`).length === 1;
}
