// New items on 16 connections: how many calls a second.

import { BARE, type Contestant, SEED, THIS } from '../contestants/contestant.js';
import { type Experiment, measurements, median } from '../experiment.js';
import { rotated, throughput } from '../measure.js';
import { contestants, newItem, SOURCE_OWNER } from './world.js';

const CONNECTIONS = 16;

export const upsertConcurrently: Experiment = {
  name: 'upsert-concurrently',
  title: `Upsert of new items, ${CONNECTIONS} connections`,
  done: 'The same call from 16 connections at once. A sample is a count of the calls of a second or two.',
  limits: [],
  missed: [
    'The machine has two cores, and the client works on them as well. So the processor is the limit, not locks or the disk.',
  ],
  async run(bench) {
    const those = await contestants(bench, CONNECTIONS);
    const run = (seconds: number, { upsertItem }: Contestant) =>
      throughput(CONNECTIONS, seconds, () => upsertItem(SOURCE_OWNER, newItem()));
    for (const contestant of those) await run(0.5, contestant);
    const rates = new Map<string, number[]>(those.map(({ name }) => [name, []]));
    for (let round = 0; round < bench.amount(6, 3); round += 1)
      for (const contestant of rotated(those, round))
        rates.get(contestant.name)?.push(await run(bench.amount(1.5, 0.7), contestant));
    await Promise.all(those.map((contestant) => contestant.end()));
    const found = measurements('upserts of new items', rates);
    return {
      unit: 'calls a second',
      measurements: found,
      ratios: [
        {
          what: "× bare SQL's calls a second",
          value: median(found, THIS) / median(found, BARE),
          atLeast: 0.85,
        },
        { what: "× the seed's calls a second", value: median(found, THIS) / median(found, SEED) },
      ],
      notes: [],
    };
  },
};
