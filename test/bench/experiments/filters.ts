// Circle + type + item_state @>: what the planner makes of both indexes, against the same query with only one of them.

import type { Sql } from 'postgres';
import { createDpg } from '../../../sdk/index.js';
import { THIS } from '../contestants/contestant.js';
import { type Experiment, type Measurement, measurements, median } from '../experiment.js';
import { interleaved } from '../measure.js';
import { geoDatabases } from './geo-databases.js';
import { centres, GEO_NETWORK, type Point } from './points.js';

const BOTH = 'the same as a statement';
const PLACE_ONLY = 'index on the place alone';
const STATE_ONLY = 'index on the state alone';
const CASES = [
  { what: 'small circle, common state', radius: 5000, state: { state: 'busy' } },
  { what: 'small circle, rare state', radius: 5000, state: { group: 'group 5' } },
  { what: 'large circle, rare state', radius: 2_000_000, state: { group: 'group 5' } },
];
const TYPE = 'shop_1.0';

export const filters: Experiment = {
  name: 'filters',
  title: 'Circle, type and item_state together',
  async run(bench) {
    const { dpg: url } = await geoDatabases(bench);
    const around = centres(20);
    const dpg = createDpg(url, { max: 1 });
    const { sql } = dpg;
    // The same statement each time, planned for its values as the function's own; what hides an index is a "is true" or
    // a "+ 0" around its condition, which costs nothing to compute.
    const leaf = 'dpg.i_p_points_all';
    const circles = new Map<string, string>();
    for (const { radius } of CASES)
      for (const centre of around) circles.set(key(centre, radius), await circleOf(sql, centre, radius));
    const search = (hidePlace: boolean, state: string) => (centre: Point, radius: number, wanted: string) => {
      const circle = circles.get(key(centre, radius)) ?? 'false';
      return sql.unsafe(
        `select * from ${leaf} i
           where i.item_type = '${TYPE}'
             and ${hidePlace ? circle.replaceAll('i.item_latitude', '(i.item_latitude + 0)') : circle}
             and (i.item_state @> '${wanted}')${state}
           order by i.created_at desc, i.item_type, i.item_id
           limit 20`,
        [],
        { prepare: false },
      );
    };
    const contestants = [
      {
        name: THIS,
        find: ({ latitude, longitude }: Point, radius_meters: number, wanted: string) =>
          dpg.items.find({
            item_network: GEO_NETWORK,
            item_domain: 'all',
            item_type: TYPE,
            item_state: JSON.parse(wanted),
            latitude,
            longitude,
            radius_meters,
          }),
      },
      { name: BOTH, find: search(false, '') },
      { name: PLACE_ONLY, find: search(false, ' is true') },
      { name: STATE_ONLY, find: search(true, '') },
    ];
    const found: Measurement[] = [];
    for (const { what, radius, state } of CASES) {
      const turns = contestants.map(({ name, find }) => {
        let n = 0;
        return {
          name,
          call: () => {
            n += 1;
            return find(
              around[n % around.length] ?? { latitude: 0, longitude: 0 },
              radius,
              JSON.stringify(state),
            );
          },
        };
      });
      const times = await interleaved(turns, {
        rounds: bench.amount(4, 2),
        calls: around.length,
        warmUp: 10,
      });
      found.push(...measurements(what, times));
    }
    await dpg.end();
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
      notes: ['Each finds the newest 20; a tenth more is taken for noise.'],
    };
  },
};

const key = (centre: Point, radius: number) => `${centre.latitude} ${centre.longitude} ${radius}`;

/** The condition of the circle as the functions have it, with its values in the text. */
async function circleOf(sql: Sql, { latitude, longitude }: Point, radius: number): Promise<string> {
  const [row] = await sql`
    select dpg_private.circle_condition(circle) as condition,
      array[
        ${latitude}::text, ${longitude}::text, quote_literal(circle.bands), circle.south::text, circle.north::text,
        circle.west::text, circle.east::text, circle.reach::text
      ] as values
    from dpg_private.bounds_of(${latitude}, ${longitude}, ${radius}) circle`;
  return row?.condition.replace(/\$(\d+)/g, (_: string, n: string) => `(${row.values[Number(n) - 6]})`);
}
