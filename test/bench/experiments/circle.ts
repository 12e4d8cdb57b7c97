// All items within 5 km, of more and more points, in one domain and over ten.

import { POSTGIS, POSTGIS_TABLES, SEED, THIS } from '../contestants/contestant.js';
import { type Experiment, type Measurement, measurements, median, type Ratio } from '../experiment.js';
import { interleaved } from '../measure.js';
import { geoContestants } from './geo-contestants.js';
import { geoDatabases } from './geo-databases.js';
import { centres, inTurn, isOne, oneDomain, sizes, tenDomains } from './points.js';

const RADIUS = 5000;
const KINDS = ['newest 20', 'how many', 'all rows'];

export const circle: Experiment = {
  name: 'circle',
  title: 'Circle of 5 km in 10,000 to 1,000,000 points',
  done: 'Circles of 5 km in and around the hundred largest cities: the newest 20 items, how many there are, and all rows (at most 1,000). The points are in one domain, or spread over ten.',
  limits: [
    'PostGIS takes the earth for a little smaller than `earthdistance` does. So the numbers of rows differ a little.',
  ],
  missed: [
    'All rows: each of ours has a page token and its times as ISO 8601 text. The rows of PostGIS have neither.',
    'Few points: the plan is kept. What is left is to check the arguments, to find the leaf, and to search the index once for each hundredth of a degree.',
    'Ten domains are ten leaves. One statement, whose plan is kept, searches ten indexes where PostGIS with one table searches one.',
  ],
  async run(bench) {
    const databases = await geoDatabases(bench);
    const around = centres(40);
    const counts = new Map<string, number>();
    const found: Measurement[] = [];
    const ratios: Ratio[] = [];
    const span = `${sizes(bench)[0]?.toLocaleString('en')} to ${sizes(bench).at(-1)?.toLocaleString('en')} points`;
    for (const set of sizes(bench).flatMap((count) => [oneDomain(count), tenDomains(count)])) {
      const those = await geoContestants(databases, set);
      const where = isOne(set) ? 'one domain' : 'ten domains';
      const what = set.count.toLocaleString('en');
      for (const kind of KINDS) {
        const turns = those.map((contestant) => {
          const next = inTurn(around);
          return {
            name: contestant.name,
            call: async () => {
              const centre = next();
              const rows =
                kind === 'how many'
                  ? await contestant.count(centre, RADIUS)
                  : await contestant.circle(centre, RADIUS, kind === 'all rows' ? 1000 : 20);
              counts.set(contestant.name, (counts.get(contestant.name) ?? 0) + rows);
            },
          };
        });
        const times = await interleaved(turns, {
          rounds: bench.amount(3, 2),
          calls: around.length,
          warmUp: around.length,
        });
        const panel = `${kind}, ${where}`;
        const of = measurements(what, times).map((m) => ({ ...m, panel }));
        found.push(...of);
        for (const { name } of those.filter((each) => each.name !== THIS)) {
          const words = name === SEED ? "of the seed's time" : `× ${name}`;
          const atMost =
            name === SEED || name === POSTGIS_TABLES
              ? undefined
              : isOne(set) && kind !== 'all rows'
                ? 0.8
                : 1;
          ratios.push({
            what: `${words}, ${panel}, ${what} points`,
            value: median(of, THIS) / median(of, name),
            ...(atMost !== undefined && { atMost }),
            shown: `${words}, ${name === SEED ? where : panel}, ${span}`,
          });
        }
      }
      await Promise.all(those.map(({ end }) => end()));
    }
    // one domain and ten stand side by side
    const panels = KINDS.flatMap((kind) => [`${kind}, one domain`, `${kind}, ten domains`]);
    found.sort((a, b) => panels.indexOf(a.panel ?? '') - panels.indexOf(b.panel ?? ''));
    const hasPostgis = found.some(({ who }) => who === POSTGIS);
    const notes = [
      `Rows found in all: ${[...counts].map(([name, count]) => `${name} ${count.toLocaleString('en')}`).join(', ')}. "${POSTGIS_TABLES}" is asked over ten domains alone.`,
      ...(hasPostgis ? [] : ["PostGIS was skipped: Debian's postgresql-15-postgis-3 is not installed."]),
    ];
    return { unit: 'ms', measurements: found, ratios, notes, chart: 'lines', axis: 'points' };
  },
};
