// The nearest 20 items, of more and more points, in one domain and over ten.

import { POSTGIS, POSTGIS_TABLES, SEED, THIS } from '../contestants/contestant.js';
import { type Experiment, type Measurement, measurements, median, type Ratio } from '../experiment.js';
import { interleaved } from '../measure.js';
import { geoContestants } from './geo-contestants.js';
import { geoDatabases } from './geo-databases.js';
import { centres, inTurn, isOne, oneDomain, sizes, tenDomains } from './points.js';

/** At most so many times somebody else's. */
const TARGETS: Record<string, number> = { [POSTGIS]: 1, [POSTGIS_TABLES]: 0.5 };

export const nearest: Experiment = {
  name: 'nearest',
  title: 'Nearest 20 in 10,000 to 1,000,000 points',
  done: 'The nearest 20 items to points in the same cities, in one domain and over ten.',
  limits: ["The seed's query reads every row. It was measured a few times only."],
  missed: [
    'The plan is kept. What is left is to check the arguments, to find the leaf, and a page token for each row.',
    'Ten domains are ten leaves. One statement, whose plan is kept, merges them and reads some 30 places; but it opens ten indexes where one table has one.',
  ],
  async run(bench) {
    const databases = await geoDatabases(bench);
    const around = centres(40);
    const found: Measurement[] = [];
    const ratios: Ratio[] = [];
    const span = `${sizes(bench)[0]?.toLocaleString('en')} to ${sizes(bench).at(-1)?.toLocaleString('en')} points`;
    const sets = [...sizes(bench).map(oneDomain), ...sizes(bench).map(tenDomains)];
    for (const set of sets) {
      const those = await geoContestants(databases, set);
      const where = isOne(set) ? 'one domain' : 'ten domains';
      const what = `${set.count.toLocaleString('en')} points, ${where}`;
      const turns = those.map((contestant) => {
        const next = inTurn(around);
        return { name: contestant.name, call: () => contestant.nearest(next()) };
      });
      const rounds = bench.amount(4, 2);
      const fast = turns.filter(({ name }) => name !== SEED);
      const slow = turns.filter(({ name }) => name === SEED);
      const of = [
        ...measurements(what, await interleaved(fast, { rounds: rounds * 2, calls: 40, warmUp: 40 })),
        // the seed's query reads every row: a few calls say enough
        ...measurements(what, await interleaved(slow, { rounds: 1, calls: rounds, warmUp: 1 })),
      ];
      await Promise.all(those.map(({ end }) => end()));
      found.push(...of);
      for (const { name } of those.filter((each) => each.name !== THIS)) {
        const words = name === SEED ? "of the seed's time" : `× ${name}`;
        const atMost = TARGETS[name];
        ratios.push({
          what: `${words}, ${where}, ${set.count.toLocaleString('en')} points`,
          value: median(of, THIS) / median(of, name),
          ...(atMost !== undefined && { atMost }),
          shown: `${words}, ${where}, ${span}`,
        });
      }
    }
    const notes = found.some(({ who }) => who === POSTGIS)
      ? []
      : ["PostGIS was skipped: Debian's postgresql-15-postgis-3 is not installed."];
    return { unit: 'ms', measurements: found, ratios, notes };
  },
};
