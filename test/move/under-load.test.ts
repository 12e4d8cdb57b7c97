// A network moves while four writers write in it: nothing that was acknowledged is lost or doubled, both servers agree, and a
// writer of another network hears nothing of it. Once there and back; ten moves of more rows in a soak (DPG_SOAK_SECONDS).

import { afterAll, expect, test } from 'vitest';
import { isSoak, soak } from '../support/soak.js';
import {
  eventually,
  type Home,
  hasOwnServers,
  moveAndExpect,
  removeCommand,
  startServerOfHomes,
  wait,
} from './homes.js';
import { expectNoErrors, faults, figures, HERE, prepare, Writer } from './traffic.js';

afterAll(removeCommand);
if (!hasOwnServers) console.log('SKIPPED: a move under load (no servers of our own on this machine)');

const MOVES = soak(2, 10);
const ITEMS = soak(500, 50_000);

test.skipIf(!hasOwnServers)(
  'under load there and back',
  async () => {
    const one = await startServerOfHomes();
    const other = await startServerOfHomes();
    let [from, to] = [await one.home(), await other.home()];
    const homes = [from, to];
    const shared = await prepare(from, 'yellow_dot', 4);
    await prepare(from, 'red_dot', 0);
    await from.sql`
      insert into dpg.items (item_network, item_domain, item_type, item_instance_url, item_schema_url, item_state, created_by)
      select 'yellow_dot', 'student', 'p', ${HERE}, 's', jsonb_build_object('name', 'student ' || n), 'ravi'
      from generate_series(1, ${ITEMS}) n`;
    await from.sql`select dpg.create_subscription('all')`;

    let isRunning = true;
    const sharedNoted = new Map<string, number>();
    const writers = [1, 2, 3, 4].map(
      (number) => new Writer(number, 'yellow_dot', homes, shared, sharedNoted),
    );
    const neighbour = new Writer(1, 'red_dot', homes);
    const traffic = Promise.all([...writers, neighbour].map((writer) => writer.run(() => isRunning)));
    await wait(1000);
    const quiet = neighbour.waits.length;

    for (let number = 1; number <= MOVES; number += 1) {
      const before = writers.map(({ waits }) => waits.length);
      // in a soak every fifth time: to compare so many rows takes a while, in which the writers wait
      const verify = !isSoak || number % 5 === 0 ? ['--verify'] : [];
      const moved = await moveAndExpect('moved', 'yellow_dot', from, to, ...verify);
      expect(moved.switch.verified).toHaveLength(4 * verify.length);
      for (const leaf of moved.switch.verified) expect(leaf).toMatchObject({ is_equal: true });
      expect(moved.created_subscriptions).toEqual(number === 1 ? ['all'] : []);
      await wait(500);
      const waits = writers.flatMap((writer, place) => writer.waits.slice(before[place]));
      console.log(
        `move ${number}: ${moved.seconds} s, held for ${moved.switch.locked_milliseconds} ms${verify.length > 0 ? ' (with --verify)' : ''}; writers: ${figures(waits)}`,
      );
      await readAll(from);
      await moveAndExpect('finished', 'yellow_dot', from, to, '--finish');
      [from, to] = [to, from];
    }
    isRunning = false;
    await traffic;

    const fine = { missing: 0, different: 0, doubled: 0 };
    expectNoErrors([...writers, neighbour]);
    for (const { noted, redirections } of writers) {
      expect(redirections).toBeGreaterThanOrEqual(MOVES);
      expect(await faults(from, 'yellow_dot', noted)).toEqual(fine);
    }
    expect(await faults(from, 'yellow_dot', { items: new Map(), actions: sharedNoted })).toEqual(fine);
    expect(await faults(homes[0] ?? from, 'red_dot', neighbour.noted)).toEqual(fine);
    console.log(
      `another network before: ${figures(neighbour.waits.slice(0, quiet))}; and during the moves: ${figures(neighbour.waits.slice(quiet))}`,
    );
  },
  soak(120_000, 1_200_000),
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
