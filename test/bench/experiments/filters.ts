// Circle + type + item_state @>: what find_items makes of both indexes, against itself with only one of them there.

import { createDpg, type Dpg } from '../../../sdk/index.js';
import { THIS } from '../contestants/contestant.js';
import { type Experiment, type Measurement, measurements, median } from '../experiment.js';
import { rotated, timed } from '../measure.js';
import { geoDatabases } from './geo-databases.js';
import { centres, oneDomain, sizes } from './points.js';

const PLACE_ONLY = 'index on the place alone';
const STATE_ONLY = 'index on the state alone';
const CASES = [
  { what: 'small circle, common state', radius: 5000, state: { state: 'busy' } },
  { what: 'small circle, rare state', radius: 5000, state: { group: 'group 5' } },
  { what: 'large circle, rare state', radius: 2_000_000, state: { group: 'group 5' } },
];
const CONTESTANTS = [
  { name: THIS, without: [] },
  { name: PLACE_ONLY, without: ['items_state_idx'] },
  { name: STATE_ONLY, without: ['items_band_idx', 'items_place_idx'] },
];

export const filters: Experiment = {
  name: 'filters',
  title: 'Circle, type and item_state together',
  done: '`find_items` with a circle, a type and a condition on `item_state`. It may use the index on the place and the one on the state. The hollow dots are the same call where one of the two was dropped.',
  limits: [
    'The target is that having both indexes never misleads the planner. Conditions of other shapes may.',
  ],
  async run(bench) {
    const { dpg: url } = await geoDatabases(bench);
    const around = centres(20);
    const { network, domains } = oneDomain(sizes(bench).at(-1) ?? 0);
    const { sql, end } = createDpg(url, { max: 1 });
    const found: Measurement[] = [];
    for (const { what, radius, state } of CASES) {
      const times = new Map<string, number[]>(CONTESTANTS.map(({ name }) => [name, []]));
      const find = ({ items }: Pick<Dpg, 'items'>, n: number) =>
        items.find({
          item_network: network,
          item_domain: domains[0] ?? '',
          item_type: 'shop_1.0',
          item_state: state,
          ...(around[n % around.length] ?? { latitude: 0, longitude: 0 }),
          radius_meters: radius,
        });
      for (let round = 0; round < bench.amount(6, 2); round += 1) {
        for (const { name, without } of rotated(CONTESTANTS, round)) {
          // an index that is dropped in a transaction is back after it
          await sql
            .begin(async (tx) => {
              for (const index of without) await tx.unsafe(`drop index dpg.${index}`);
              const dpg = createDpg(tx);
              for (let n = 0; n < 5; n += 1) await find(dpg, n);
              for (let n = 0; n < around.length; n += 1)
                times.get(name)?.push(await timed(() => find(dpg, n)));
              throw new RolledBack();
            })
            .catch((error) => {
              if (!(error instanceof RolledBack)) throw error;
            });
        }
      }
      found.push(...measurements(what, times));
    }
    await end();
    const ratios = CASES.map(({ what }) => ({
      what: `× the better of the two indexes alone, ${what}`,
      value:
        median(found, THIS, what) /
        Math.min(median(found, PLACE_ONLY, what), median(found, STATE_ONLY, what)),
      atMost: 1.1,
    }));
    return {
      unit: 'ms',
      measurements: found,
      ratios,
      notes: ['Each call finds the newest 20; up to a tenth more is taken for noise.'],
    };
  },
};

class RolledBack extends Error {}
