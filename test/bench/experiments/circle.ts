// All items within 5 km, in one leaf of a million and over ten leaves of a hundred thousand.

import { POSTGIS, SEED, THIS } from '../contestants/contestant.js';
import { type Experiment, type Measurement, measurements, median } from '../experiment.js';
import { interleaved } from '../measure.js';
import { geoContestants } from './geo-contestants.js';
import { geoDatabases } from './geo-databases.js';
import { centres } from './points.js';

const RADIUS = 5000;

export const circle: Experiment = {
  name: 'circle',
  title: 'Circle of 5 km in 1,000,000 points',
  done: 'Circles of 5 km in and around the hundred largest cities: the newest 20 items, how many there are, and all rows (at most 1,000). All points are in one leaf, or spread over ten.',
  limits: [
    'PostGIS takes the earth for a little smaller than `earthdistance` does. So the numbers of rows differ a little.',
  ],
  missed: [
    'All rows: each of ours has a page token and its times as ISO 8601 text. The `select *` of PostGIS has neither.',
    'Ten leaves: one statement of ours joins ten calls, and each plans its own statement. PostGIS has one prepared plan.',
  ],
  async run(bench) {
    const those = geoContestants(await geoDatabases(bench));
    const around = centres(40);
    const counts = new Map<string, number>();
    const found: Measurement[] = [];
    for (const overTen of [false, true]) {
      for (const kind of ['newest 20', 'how many', 'all rows']) {
        const turns = those.map((contestant) => {
          let n = 0;
          return {
            name: contestant.name,
            call: async () => {
              const centre = around[n % around.length] ?? { latitude: 0, longitude: 0 };
              n += 1;
              const rows =
                kind === 'how many'
                  ? await contestant.count(centre, RADIUS, overTen)
                  : await contestant.circle(centre, RADIUS, overTen, kind === 'all rows' ? 1000 : 20);
              counts.set(contestant.name, (counts.get(contestant.name) ?? 0) + rows);
            },
          };
        });
        const times = await interleaved(turns, {
          rounds: bench.amount(3, 2),
          calls: around.length,
          warmUp: around.length,
        });
        const what = `${kind}, ${overTen ? 'ten leaves' : 'one leaf'}`;
        found.push(...measurements(what, times));
      }
    }
    await Promise.all(those.map(({ end }) => end()));
    const whats = [...new Set(found.map(({ what }) => what))];
    const hasPostgis = those.some(({ name }) => name === POSTGIS);
    const ratios = whats.flatMap((what) => [
      {
        what: `of the seed's time, ${what}`,
        value: median(found, THIS, what) / median(found, SEED, what),
        atMost: 0.3,
      },
      ...(hasPostgis
        ? [
            {
              what: `× PostGIS, ${what}`,
              value: median(found, THIS, what) / median(found, POSTGIS, what),
              atMost: 1,
            },
          ]
        : []),
    ]);
    const notes = [
      `Rows found in all: ${[...counts].map(([name, count]) => `${name} ${count.toLocaleString('en')}`).join(', ')}.`,
      ...(hasPostgis ? [] : ["PostGIS was skipped: Debian's postgresql-15-postgis-3 is not installed."]),
    ];
    return { unit: 'ms', measurements: found, ratios, notes };
  },
};
