// The nearest 20 items, in one leaf of a million and over ten leaves of a hundred thousand.

import { POSTGIS, SEED, THIS } from '../contestants/contestant.js';
import { type Experiment, type Measurement, measurements, median } from '../experiment.js';
import { interleaved } from '../measure.js';
import { geoContestants } from './geo-contestants.js';
import { geoDatabases } from './geo-databases.js';
import { centres } from './points.js';

export const nearest: Experiment = {
  name: 'nearest',
  title: 'Nearest 20 in 1,000,000 points',
  done: 'The nearest 20 items to points in the same cities.',
  limits: ["The seed's query reads every row. It was measured a few times only."],
  missed: [
    'One leaf: half of our time in the server goes into a statement that is parsed and planned at each call ([why](../sql/README.md)). PostGIS has a prepared plan.',
  ],
  async run(bench) {
    const those = geoContestants(await geoDatabases(bench));
    const around = centres(40);
    const found: Measurement[] = [];
    for (const overTen of [false, true]) {
      const what = overTen ? 'ten leaves' : 'one leaf';
      const turn = (contestant: (typeof those)[number]) => {
        let n = 0;
        return {
          name: contestant.name,
          call: () => {
            n += 1;
            return contestant.nearest(around[n % around.length] ?? { latitude: 0, longitude: 0 }, overTen);
          },
        };
      };
      const fast = those.filter(({ name }) => name !== SEED).map(turn);
      const slow = those.filter(({ name }) => name === SEED).map(turn);
      const rounds = bench.amount(4, 2);
      // the seed's query reads every row: a few calls say enough
      found.push(
        ...measurements(what, await interleaved(fast, { rounds: rounds * 2, calls: 40, warmUp: 40 })),
      );
      found.push(...measurements(what, await interleaved(slow, { rounds: 1, calls: rounds, warmUp: 1 })));
    }
    await Promise.all(those.map(({ end }) => end()));
    const hasPostgis = those.some(({ name }) => name === POSTGIS);
    const ratios = ['one leaf', 'ten leaves'].flatMap((what) => [
      {
        what: `of the seed's time, ${what}`,
        value: median(found, THIS, what) / median(found, SEED, what),
        atMost: 0.05,
      },
      ...(hasPostgis
        ? [
            {
              what: `× PostGIS, ${what}`,
              value: median(found, THIS, what) / median(found, POSTGIS, what),
              atMost: what === 'one leaf' ? 1.3 : 1,
            },
          ]
        : []),
    ]);
    const notes = hasPostgis
      ? []
      : ["PostGIS was skipped: Debian's postgresql-15-postgis-3 is not installed."];
    return { unit: 'ms', measurements: found, ratios, notes };
  },
};
