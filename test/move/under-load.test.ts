// A network moves while four writers write in it: nothing that was acknowledged is lost or doubled, both servers agree, and a
// writer of another network hears nothing of it.

import { afterAll, expect, test } from 'vitest';
import {
  eventually,
  type Home,
  hasOwnServers,
  moveAndExpect,
  removeCommand,
  startServerOfHomes,
  wait,
} from './homes.js';
import { expectNoErrors, faults, figures, prepare, Writer } from './traffic.js';

afterAll(removeCommand);
if (!hasOwnServers) console.log('SKIPPED: a move under load (no servers of our own on this machine)');

test.skipIf(!hasOwnServers)(
  'under load there and back',
  async () => {
    const one = await startServerOfHomes();
    const other = await startServerOfHomes();
    const [a, b] = [await one.home(), await other.home()];
    const shared = await prepare(a, 'yellow_dot', 4);
    await prepare(a, 'red_dot', 0);
    await a.sql`select dpg.create_subscription('all')`;

    let isRunning = true;
    const sharedNoted = new Map<string, number>();
    const writers = [1, 2, 3, 4].map(
      (number) => new Writer(number, 'yellow_dot', [a, b], shared, sharedNoted),
    );
    const neighbour = new Writer(1, 'red_dot', [a, b]);
    const traffic = Promise.all([...writers, neighbour].map((writer) => writer.run(() => isRunning)));
    await wait(1000);
    const quiet = neighbour.waits.length;

    const there = await moveAndExpect('moved', 'yellow_dot', a, b, '--verify');
    expect(there.switch.verified).toHaveLength(4);
    expect(there.switch.verified.every((leaf: { is_equal: boolean }) => leaf.is_equal)).toBe(true);
    expect(there.created_subscriptions).toEqual(['all']);
    await wait(500);
    await readAll(a);
    await moveAndExpect('finished', 'yellow_dot', a, b, '--finish');
    const back = await moveAndExpect('moved', 'yellow_dot', b, a);
    await wait(500);
    isRunning = false;
    await traffic;

    expectNoErrors([...writers, neighbour]);
    for (const { noted, redirections } of writers) {
      expect(redirections).toBeGreaterThan(1);
      expect(await faults(a, 'yellow_dot', noted)).toEqual({ missing: 0, different: 0, doubled: 0 });
    }
    expect(await faults(a, 'yellow_dot', { items: new Map(), actions: sharedNoted })).toEqual({
      missing: 0,
      different: 0,
      doubled: 0,
    });
    expect(await faults(a, 'red_dot', neighbour.noted)).toEqual({ missing: 0, different: 0, doubled: 0 });
    console.log(
      [
        `writers: ${figures(writers.flatMap(({ waits }) => waits))}; held for ${there.switch.locked_milliseconds} ms (with --verify) and ${back.switch.locked_milliseconds} ms`,
        `another network before: ${figures(neighbour.waits.slice(0, quiet))}; and during the moves: ${figures(neighbour.waits.slice(quiet))}`,
      ].join('\n'),
    );
  },
  120_000,
);

/** A reader of the old feed gets what it has. */
async function readAll({ sql }: Home): Promise<void> {
  await eventually('the feed is read to its end', async () => {
    const events = await sql`select "position", lease_id from dpg.read_events('all', 1000)`;
    const last = events.at(-1);
    if (last) await sql`select dpg.acknowledge('all', ${last.position}, ${last.lease_id})`;
    const [left] = await sql`select undelivered::integer from dpg_private.undelivered_events('yellow_dot')`;
    return left?.undelivered === 0;
  });
}
