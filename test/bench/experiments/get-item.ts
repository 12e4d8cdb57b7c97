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
    'Bare SQL is one prepared statement that names the table. `get_item` is a function around such a statement: it checks the arguments, finds the leaf in an expression, and hands a row from function to function. That takes some 70 microseconds of the processor after a round trip, and 10 in a loop.',
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
