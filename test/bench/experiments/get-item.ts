// One item by its key.

import { BARE, SEED, THIS } from '../contestants/contestant.js';
import { type Experiment, measurements, median } from '../experiment.js';
import { interleaved } from '../measure.js';
import { contestants, knownItem } from './world.js';

export const getItem: Experiment = {
  name: 'get-item',
  title: 'get_item, one connection',
  done: 'Items of one domain are read by their keys, one call after another, in a network of 100 leaves.',
  limits: [],
  missed: [
    'Bare SQL names the table. `get_item` finds it by the keys and then runs a statement whose plan is kept: two statements more. In a loop they take 12 microseconds each; after a round trip, when the caches of the processor are cold, 30 to 50.',
  ],
  async run(bench) {
    const those = await contestants(bench);
    const turns = those.map((contestant) => {
      let n = 0;
      return {
        name: contestant.name,
        call: () => {
          n += 7;
          return contestant.getItem(knownItem('student', n));
        },
      };
    });
    const times = await interleaved(turns, { rounds: bench.amount(16, 5), calls: 60, warmUp: 100 });
    await Promise.all(those.map((contestant) => contestant.end()));
    const found = measurements('get an item', times);
    return {
      unit: 'ms',
      measurements: found,
      ratios: [
        { what: "× bare SQL's time", value: median(found, THIS) / median(found, BARE), atMost: 1.3 },
        { what: "of the seed's time", value: median(found, THIS) / median(found, SEED) },
      ],
      notes: ["Bare SQL is a prepared select on the item's leaf."],
    };
  },
};
