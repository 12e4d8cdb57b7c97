// Upserts into leaves that are there, while new leaves come: the slowest of them.

import { createDpg } from '../../../sdk/index.js';
import { withAdmin } from '../../support/server.js';
import { dpgContestant } from '../contestants/dpg.js';
import type { Bench, Experiment } from '../experiment.js';
import { quantile, summary, timed } from '../measure.js';
import { newItem, SOURCE_OWNER } from './world.js';

const WRITERS = 4;
const QUIET = 'no new leaves';
const NOISY = 'while new leaves come';

export const creation: Experiment = {
  name: 'creation',
  title: 'Upserts into existing leaves while new leaves come',
  done: 'Four writers create items in leaves that are there, while another connection creates new leaves. The median and the slowest hundredth (p99) are compared with those of quiet times.',
  limits: [
    'Creating leaves takes a share of two cores. So the median grows even where nobody waits for a lock.',
    'A transaction that creates a leaf and stays open does hold up writers of that network: create leaves in transactions of their own.',
  ],
  async run(bench) {
    const leaves = bench.amount(200, 60);
    const rounds = bench.amount(5, 3);
    const url = await database(bench);
    const { dpg: writer, end } = dpgContestant(url, WRITERS);
    const maker = createDpg(url, { max: 1 });
    let made = 0;
    const makeLeaves = async () => {
      for (let i = 0; i < leaves / rounds; i += 1) {
        made += 1;
        // now and then in a network of its own
        const item_network = made % 10 === 0 ? `new network ${made}` : 'yellow_dot';
        await maker.partitions.ensureItem({ item_network, item_domain: `new ${made}` });
      }
    };

    const times = new Map<string, number[]>([
      [QUIET, []],
      [NOISY, []],
    ]);
    const write = async (name: string, until: Promise<unknown>) => {
      let isOver = false;
      until.then(() => {
        isOver = true;
      });
      const lane = async () => {
        while (!isOver)
          times.get(name)?.push(await timed(() => writer.as(SOURCE_OWNER).items.upsert(newItem())));
      };
      await Promise.all(Array.from({ length: WRITERS }, lane));
    };
    await write(QUIET, pause(500));
    times.set(QUIET, []);
    for (let round = 0; round < rounds; round += 1) {
      const took = await timed(() => write(NOISY, makeLeaves()));
      await write(QUIET, pause(took));
    }
    await end();
    await maker.end();

    const quiet = times.get(QUIET) ?? [];
    const noisy = times.get(NOISY) ?? [];
    const p99s = [quiet, noisy].map((values) => quantile(values, 0.99));
    const single = (value: number, samples: number) => ({ median: value, q1: value, q3: value, samples });
    return {
      unit: 'ms',
      measurements: [
        { what: 'median', who: QUIET, ...summary(quiet) },
        { what: 'median', who: NOISY, ...summary(noisy) },
        { what: 'p99', who: QUIET, ...single(p99s[0] ?? 0, quiet.length) },
        { what: 'p99', who: NOISY, ...single(p99s[1] ?? 0, noisy.length) },
      ],
      ratios: [{ what: '× the p99 without new leaves', value: (p99s[1] ?? 0) / (p99s[0] ?? 1), atMost: 2 }],
      notes: [`${made} new leaves, a tenth of them in new networks; ${WRITERS} writers.`],
    };
  },
};

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function database(bench: Bench): Promise<string> {
  const url = await bench.databases.migrated();
  await withAdmin(url, async (sql) => {
    await sql`insert into public."user" (id, name, email) values (${SOURCE_OWNER}, 'Asha', 'asha@example.com')`;
    await sql`select dpg.ensure_item_partition('yellow_dot', 'student')`;
    await sql`update dpg.limits set limit_value = 1000 where limit_name in ('leaves_per_network', 'networks')`;
  });
  return url;
}
