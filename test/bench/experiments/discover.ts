// The list, the map and the counts beside it: boxes, map_items, facets, count_facets and searches, each beside what an expert would write
// by hand, with PostGIS where it is about places.

import postgres from 'postgres';
import { withAdmin } from '../../support/server.js';
import { leafOf } from '../contestants/bare.js';
import { BARE, POSTGIS, THIS } from '../contestants/contestant.js';
import { type Experiment, type Measurement, measurements, median, type Ratio } from '../experiment.js';
import { interleaved, seededRandom } from '../measure.js';
import { fillDpg } from './geo-databases.js';
import { centres, oneDomain, tenDomains } from './points.js';

const BOX = 'box of a city, newest 20';
const BOX_COUNT = 'box of a city, how many';
const WORLD = 'map of the world, 1,000 markers';
const CITY = 'map of a city, 1,000 markers';
const FACETS = 'two facets of three values, newest 20';
const COUNTS = 'counts of three fields over a hundredth of the items';
const NEWEST = 'two words with prefix, newest 20';
const BEST = 'two words with prefix, best 20';
/** The same function, asked for something less: the difference is what matters. */
const ONLY_COUNT = 'count_items';

/** So that the box of a city holds some 500 of a million. */
const HALF_SIDE = 0.05;
/** Level 4 of the grid: the finest with at most 1,000 cells for the world. */
const CELL = [22.5, 11.25];

const COLUMNS = `item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
  item_latitude, item_longitude, created_by, created_at, updated_at`;

export const discover: Experiment = {
  name: 'discover',
  title: 'The list, the map and the counts: boxes, markers, facets, words',
  done: 'Places in and around the hundred largest cities in one domain, and a tenth of them in each of ten more. Boxes of a city, the map of the world and of a city, two facets with three values each, the counts of three fields, and two words of which the second is not finished. PostGIS and the hand-written SQL have a table of their own with the same rows: a GiST index on the geometry, btrees on the time and on an expression for each field, GIN on the state and on a column of words.',
  limits: [
    'The map of PostGIS has the mean place and the number of a cell, as ours has; not its edges, and no key where it holds one item.',
    'How a facet finds its rows depends on how many have it. These have 2 of 100 items, which lie close together in the order of time.',
  ],
  missed: [
    'A function of ours checks its arguments, finds the leaf and gives each row its token, in 0.1 to 0.3 ms. A statement of 0.2 ms by hand has nothing of it.',
    'A search reads its definition, and makes the query of each language that its domains have: a millisecond, which few matches show.',
    'Facets are jsonpath, which one index serves for every field, for arrays and for scalars. To look at a row takes three times as long as an expression on a text.',
  ],
  async run(bench) {
    const withPostgis = await bench.databases.serverWithPostgis();
    const server = withPostgis ?? (await bench.databases.server());
    const count = bench.amount(1_000_000, 100_000);
    const random = seededRandom(3);
    // fields with 32, 8 and 2 values, and one with 100
    const one = {
      ...oneDomain(count),
      state: (n: number) =>
        JSON.stringify({
          name: `Point ${n}`,
          subject: `subject ${Math.floor(random() * 32)}`,
          level: Math.floor(random() * 8),
          verified: random() < 0.5,
          hundredth: Math.floor(random() * 100),
          about: Array.from({ length: 8 }, () => `word${Math.floor(3000 * random() ** 2)}`).join(' '), // some words are frequent
        }),
    };
    bench.say(`loading ${count.toLocaleString('en')} points twice`);
    const url = await bench.databases.migrated(server);
    await fillDpg(url, [one, tenDomains(count)]);
    const [domain = ''] = one.domains;
    const keys = `'${one.network}', '${domain}'`;
    const leaf = leafOf('i', one.network, domain);
    await withAdmin(url, async (sql) => {
      await sql.unsafe(`
        create schema theirs;
        ${withPostgis ? 'create extension postgis;' : ''}
        create table theirs.points as
          select i.*${withPostgis ? ', st_setsrid(st_makepoint(item_longitude, item_latitude), 4326) as place' : ''} from ${leaf} i;
        create unique index on theirs.points (item_domain, item_type, item_id);
        create index on theirs.points (created_at desc);
        create index on theirs.points ((item_state ->> 'subject'));
        create index on theirs.points ((item_state ->> 'level'));
        create index on theirs.points using gin (item_state jsonb_path_ops);
        alter table theirs.points add words tsvector generated always as (
          setweight(to_tsvector('simple', item_state ->> 'name'), 'A') || setweight(to_tsvector('simple', item_state ->> 'about'), 'B')
        ) stored;
        create index on theirs.points using gin (words)`);
      await sql`select dpg.define_search(${one.network}, ${domain}, (select item_type from theirs.points limit 1), '{name,about}')`;
      for (let refreshed = 1; refreshed > 0; )
        refreshed = (await sql`select dpg.refresh_search(${one.network}, ${domain}) as n`)[0]?.n;
      await sql.unsafe(withPostgis ? 'create index on theirs.points using gist (place)' : 'select');
      await sql.unsafe('vacuum analyze');
    });
    bench.say('loaded');

    const sql = postgres(url, { max: 1, onnotice: () => {} });
    const boxes = centres(40).map(({ latitude, longitude }) => [
      latitude - HALF_SIDE,
      longitude - HALF_SIDE,
      latitude + HALF_SIDE,
      longitude + HALF_SIDE,
    ]);
    const world = [[-90, -180, 90, 180]];
    const facet = (n: number) => [
      JSON.stringify({
        subject: [n, n + 1, n + 2].map((each) => `subject ${each % 32}`),
        level: [n % 8, (n + 1) % 8, (n + 2) % 8],
      }),
    ];
    const facets = Array.from({ length: 20 }, (_, n) => facet(n));
    const byHand = facets.map(([text = '']) => {
      const { subject, level } = JSON.parse(text);
      return [subject, level.map(String)];
    });
    const words = Array.from({ length: 20 }, (_, n) => [`word${50 + n} word${10 + n}`]);
    const queries = Array.from({ length: 20 }, (_, n) => [`word${50 + n} & word${10 + n}:*`]);
    const edges = 'south => $1, west => $2, north => $3, east => $4';
    const envelope = 'st_makeenvelope($2, $1, $4, $3, 4326)';
    const cases: {
      what: string;
      atMost?: number;
      contestants: { name: string; text: string; calls: unknown[][] }[];
      calls: number;
    }[] = [
      {
        what: BOX,
        atMost: 0.8,
        calls: 40,
        contestants: [
          { name: THIS, text: `select * from dpg.find_items(${keys}, ${edges})`, calls: boxes },
          {
            name: POSTGIS,
            text: `select ${COLUMNS} from theirs.points where place && ${envelope} order by created_at desc limit 20`,
            calls: boxes,
          },
        ],
      },
      {
        what: BOX_COUNT,
        atMost: 0.8,
        calls: 40,
        contestants: [
          { name: THIS, text: `select dpg.count_items(${keys}, ${edges})`, calls: boxes },
          {
            name: POSTGIS,
            text: `select count(*) from theirs.points where place && ${envelope}`,
            calls: boxes,
          },
        ],
      },
      {
        what: WORLD,
        atMost: 0.7,
        calls: 2,
        contestants: [
          { name: THIS, text: `select * from dpg.map_items(${keys}, ${edges})`, calls: world },
          {
            name: POSTGIS,
            text: `select st_snaptogrid(place, -180, -90, ${CELL.join(', ')}) as cell, count(*), avg(item_latitude), avg(item_longitude)
              from theirs.points where place && ${envelope} group by 1`,
            calls: world,
          },
        ],
      },
      {
        what: CITY,
        calls: 40,
        contestants: [
          { name: THIS, text: `select * from dpg.map_items(${keys}, ${edges})`, calls: boxes },
          { name: ONLY_COUNT, text: `select dpg.count_items(${keys}, ${edges})`, calls: boxes },
        ],
      },
      {
        what: FACETS,
        atMost: 1.2,
        calls: 20,
        contestants: [
          {
            name: THIS,
            text: `select * from dpg.find_items(${keys}, facets => $1::text::jsonb)`,
            calls: facets,
          },
          {
            name: BARE,
            text: `select ${COLUMNS} from theirs.points
              where item_state ->> 'subject' = any ($1::text[]) and item_state ->> 'level' = any ($2::text[])
              order by created_at desc limit 20`,
            calls: byHand,
          },
        ],
      },
      {
        what: COUNTS,
        atMost: 1.2,
        calls: 10,
        contestants: [
          {
            name: THIS,
            text: `select * from dpg.count_facets(${keys}, '{subject,level,verified}', item_state => $1::text::jsonb)`,
            calls: facets.map((_, n) => [JSON.stringify({ hundredth: n })]),
          },
          {
            name: BARE,
            text: `
              with matching as materialized (
                select item_state -> 'subject' as subject, item_state -> 'level' as level, item_state -> 'verified' as verified
                from theirs.points where item_state @> $1::text::jsonb
              ),
              counted as (
                select case when grouping(subject) = 0 then 'subject' when grouping(level) = 0 then 'level' else 'verified' end as field,
                  coalesce(subject, level, verified) as value, count(*) as item_count
                from matching group by grouping sets ((subject), (level), (verified))
              )
              select * from counted order by field, item_count desc, value`,
            calls: facets.map((_, n) => [JSON.stringify({ hundredth: n })]),
          },
        ],
      },
      ...(
        [
          [NEWEST, `dpg.find_items(${keys}, search => $1)`, 'created_at desc'],
          [
            BEST,
            `dpg.search_items(${keys}, $1)`,
            `ts_rank(words, to_tsquery('simple', $1)) desc, created_at desc`,
          ],
        ] as const
      ).map(([what, call, order]) => ({
        what,
        atMost: 1.2,
        calls: 20,
        contestants: [
          { name: THIS, text: `select * from ${call}`, calls: words },
          {
            name: BARE,
            text: `select ${COLUMNS} from theirs.points where words @@ to_tsquery('simple', $1) order by ${order} limit 20`,
            calls: queries,
          },
        ],
      })),
    ];

    const found: Measurement[] = [];
    const ratios: Ratio[] = [];
    for (const { what, atMost, contestants, calls } of cases) {
      const those = contestants.filter(({ name }) => withPostgis || name !== POSTGIS);
      const turns = those.map(({ name, text, calls: given }) => {
        let n = -1;
        return {
          name,
          call: () => {
            n += 1;
            return sql.unsafe(text, given[n % given.length] as never[], { prepare: true });
          },
        };
      });
      const times = await interleaved(turns, {
        rounds: bench.amount(8, 4),
        calls,
        warmUp: Math.min(calls, 12),
      });
      const of = measurements(what, times);
      found.push(...of);
      const [, other] = those;
      if (!other) continue;
      if (what === CITY)
        ratios.push({
          what: `ms more than ${ONLY_COUNT}, ${what}`,
          value: median(of, THIS) - median(of, ONLY_COUNT),
          atMost: 3,
        });
      else
        ratios.push({
          what: `× ${other.name}, ${what}`,
          value: median(of, THIS) / median(of, other.name),
          ...(atMost !== undefined && { atMost }),
        });
    }
    await sql.end();
    return {
      unit: 'ms',
      measurements: found,
      ratios,
      notes: [
        `${count.toLocaleString('en')} places in the domain that is asked, and as many in ten others.`,
        ...(withPostgis ? [] : ["PostGIS was skipped: Debian's postgresql-15-postgis-3 is not installed."]),
      ],
    };
  },
};
