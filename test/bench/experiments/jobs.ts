// Handing out and completing: graphile-worker, which is made for it, and the two ways of the feed.

import { withAdmin } from '../../support/server.js';
import { GRAPHILE_WORKER, THIS } from '../contestants/contestant.js';
import { dpgContestant } from '../contestants/dpg.js';
import { addJobs, installGraphileWorker, workOff } from '../contestants/graphile-worker.js';
import { type Experiment, type Measurement, measurements, median } from '../experiment.js';
import { rotated } from '../measure.js';
import { dpgEvents, withoutFlush } from './event-worlds.js';

const FEED = THIS;
const RETRIES = `${THIS}, retries`;
const BATCH = 100;
const CASES = [
  { what: 'one at a time', batch: 1, flush: true },
  { what: 'one at a time, no flush', batch: 1, flush: false },
  { what: 'a hundred at a time', batch: BATCH, flush: true },
];

export const jobs: Experiment = {
  name: 'jobs',
  title: 'Hand out and complete',
  done: 'One worker gets something to do, does nothing, and says that it is done: jobs of graphile-worker by its own library; events of the feed by `read_events` and `acknowledge`; events that failed before by `read_retries` and `settle_event`. A sample is a count over some hundreds.',
  limits: [
    'The work is not the same. graphile-worker hands jobs to many workers at once, in the order of priority and time, and deletes what is done; a failed job waits and comes again. A subscription of the feed is read in order, by one reader at a time, and one acknowledgement completes a batch; its retries are settled one by one.',
    'graphile-worker fetches and completes a hundred at a time where its options say so (`localQueue`, `completeJobBatchDelay`). By default it is one at a time.',
  ],
  async run(bench) {
    const count = bench.amount(1000, 200);
    const rounds = bench.amount(5, 2);
    const needed = count * rounds * CASES.length;
    const dpg = await dpgEvents(bench, Math.ceil(needed / 10), 9);
    const queue = await bench.databases.create(await bench.databases.server());
    await installGraphileWorker(queue);
    const worlds = new Map([[true, { dpg, queue }]]);
    const copied = { dpg: await bench.databases.copy(dpg), queue: await bench.databases.copy(queue) };
    for (const url of Object.values(copied)) await withoutFlush(url);
    worlds.set(false, copied);
    for (const world of worlds.values())
      await withAdmin(world.dpg, async (sql) => {
        for (const subscription of ['feed', 'retries'])
          await sql`select dpg.create_subscription(${subscription})`;
      });
    const found: Measurement[] = [];
    for (const { what, batch, flush } of CASES) {
      const world = worlds.get(flush) ?? copied;
      const { dpg: ours, end } = dpgContestant(world.dpg);
      const turns = [
        { name: FEED, run: () => followFeed(ours, count, batch) },
        { name: RETRIES, run: () => settleRetries(ours, count, batch) },
        { name: GRAPHILE_WORKER, run: () => workOff(world.queue, count, batch) },
      ];
      const rates = new Map<string, number[]>(turns.map(({ name }) => [name, []]));
      for (let round = 0; round < rounds; round += 1) {
        await addJobs(world.queue, count);
        await failAll(world.dpg, count);
        for (const { name, run } of rotated(turns, round)) rates.get(name)?.push(await run());
      }
      await end();
      found.push(...measurements(what, rates));
    }
    return {
      unit: 'events a second',
      measurements: found,
      ratios: CASES.flatMap(({ what }) =>
        [FEED, RETRIES].map((who) => ({
          what: `× graphile-worker's jobs a second, ${who === FEED ? 'the feed' : 'retries'}, ${what}`,
          value: median(found, who, what) / median(found, GRAPHILE_WORKER, what),
        })),
      ),
      notes: [`${count.toLocaleString('en')} in a sample, on one connection; graphile-worker has two.`],
    };
  },
};

type Ours = ReturnType<typeof dpgContestant>['dpg'];

/** How many a second, of `count`. */
async function rateOf(count: number, work: () => Promise<number>): Promise<number> {
  const start = performance.now();
  let done = 0;
  while (done < count) {
    const more = await work();
    if (more === 0) throw new Error(`There were ${done} events instead of ${count}.`);
    done += more;
  }
  return (done / (performance.now() - start)) * 1000;
}

function followFeed({ subscriptions }: Ours, count: number, batch: number): Promise<number> {
  return rateOf(count, async () => {
    const events = await subscriptions.read({ subscription: 'feed', max_events: batch });
    const last = events.at(-1);
    if (last)
      await subscriptions.acknowledge({
        subscription: 'feed',
        position: last.position,
        lease_id: last.lease_id,
      });
    return events.length;
  });
}

function settleRetries({ subscriptions }: Ours, count: number, batch: number): Promise<number> {
  return rateOf(count, async () => {
    const events = await subscriptions.readRetries({ subscription: 'retries', max_events: batch });
    await Promise.all(
      events.map(({ position, lease_id }) =>
        subscriptions.settle({ subscription: 'retries', position, lease_id }),
      ),
    );
    return events.length;
  });
}

/** The next events of that subscription have failed, and are to be tried again. */
async function failAll(url: string, count: number): Promise<void> {
  await withAdmin(url, async (sql) => {
    let left = count;
    while (left > 0) {
      const batch = await sql`
        select e."position", e.lease_id
        from dpg.read_events('retries', ${Math.min(left, 1000)}) e
        order by e."position"`;
      const last = batch.at(-1);
      if (!last) throw new Error('There are not enough events to fail.');
      await sql`
        select count(dpg.fail_event('retries', p, 'not now', max_attempts => 1, lease_id => ${last.lease_id}))
        from unnest(${batch.map(({ position }) => position)}::bigint[]) p`;
      await sql`select dpg.acknowledge('retries', ${last.position}, ${last.lease_id})`;
      left -= batch.length;
    }
    await sql`select count(*) from dpg.retry_events('retries')`;
    await sql`vacuum analyze dpg.failed_events`;
  });
}
