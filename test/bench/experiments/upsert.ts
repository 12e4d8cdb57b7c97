// A new item, one connection: how long each call takes.

import { BARE, SEED, THIS } from '../contestants/contestant.js';
import { type Experiment, measurements, median } from '../experiment.js';
import { interleaved } from '../measure.js';
import { contestants, newItem, SOURCE_OWNER } from './world.js';

export const upsert: Experiment = {
  name: 'upsert',
  title: 'Upsert of a new item, one connection',
  done: 'Each contestant creates items in one domain of a network of 100 leaves, one call after another, each in a transaction of its own.',
  limits: [
    "On loopback a round trip costs little, and so do the many trips of the seed's use. [At a distance](#one-round-trip-the-same-calls-across-a-network) they decide.",
  ],
  missed: [
    'What is above bare SQL: the arguments are checked with words for each refusal, the leaf is found, and the item is looked for before it is written, so that a repeated call writes nothing.',
  ],
  async run(bench) {
    const those = await contestants(bench);
    const turns = those.map(({ name, upsertItem }) => ({
      name,
      call: () => upsertItem(SOURCE_OWNER, newItem()),
    }));
    const times = await interleaved(turns, { rounds: bench.amount(12, 4), calls: 60, warmUp: 60 });
    await Promise.all(those.map((contestant) => contestant.end()));
    const found = measurements('upsert of a new item', times);
    return {
      unit: 'ms',
      measurements: found,
      ratios: [
        { what: "× bare SQL's time", value: median(found, THIS) / median(found, BARE), atMost: 1.15 },
        { what: "of the seed's time", value: median(found, THIS) / median(found, SEED) },
      ],
      notes: [],
    };
  },
};
