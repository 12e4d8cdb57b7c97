// What a call costs in the server alone: prepared statements that a loop in the server executes. A client hides much of it.

import postgres from 'postgres';
import { leafOf } from '../contestants/bare.js';
import { BARE, POSTGIS, THIS } from '../contestants/contestant.js';
import { type Experiment, type Measurement, measurements, median, type Ratio } from '../experiment.js';
import { rotated } from '../measure.js';
import { fillDpg, fillPostgis, postgisTable } from './geo-databases.js';
import { inCountry, oneDomain } from './points.js';

const RADIUS = 20_000;
const KEYS = 200;
const COLUMNS = `item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
  item_latitude, item_longitude, created_by, created_at, updated_at`;
/** Executes each text; the mean of their times in milliseconds. */
const LOOP = `
  create function pg_temp.mean_time(texts text[]) returns double precision language plpgsql as $body$
  declare
    started timestamptz := clock_timestamp();
    a_text text;
    a_row record;
  begin
    foreach a_text in array texts loop
      for a_row in execute a_text loop
      end loop;
    end loop;
    return extract(epoch from clock_timestamp() - started) * 1000 / cardinality(texts);
  end
  $body$`;

interface Case {
  what: string;
  atMost: number;
  /** Who, in which database, and the statement that is prepared there. */
  contestants: { name: string; sql: postgres.Sql; prepared: string }[];
  /** The arguments of each call. */
  calls: string[];
}

export const inServer: Experiment = {
  name: 'in-server',
  title: 'In the server alone, 200,000 places in one domain',
  done: 'No client: a loop in PL/pgSQL executes a prepared statement again and again. Ours calls the function; the other one is what the function does, written by hand. The places are spread evenly over a country, some 50 in a circle of 20 km. A sample is the mean of 40 calls, of `get_item` of 200.',
  limits: [
    'A call from an application adds its round trip to both sides, so that the ratios come closer to 1: the experiments before show them with a client.',
  ],
  missed: [
    'The hand-written statements are planned once, for one table. A function of ours checks its arguments, finds the leaf by its keys, and gives each row its page token.',
  ],
  async run(bench) {
    const count = bench.amount(200_000, 50_000);
    const set = { ...oneDomain(count), points: inCountry(count, 7) };
    const [domain = ''] = set.domains;
    const withPostgis = await bench.databases.serverWithPostgis();
    const server = withPostgis ?? (await bench.databases.server());
    bench.say(`loading ${count.toLocaleString('en')} points`);
    const url = await bench.databases.migrated(server);
    await fillDpg(url, [set]);
    const sql = postgres(url, { max: 1, onnotice: () => {} });
    await sql.unsafe(LOOP);
    const key = `'${set.network}', '${domain}'`;
    const leaf = leafOf('i', set.network, domain);
    const items = await sql`
      select format('(%L, %L)', item_type, item_id) as key from ${sql.unsafe(leaf)} order by item_id limit ${KEYS}`;

    const cases: Case[] = [
      {
        what: 'get_item',
        atMost: 4,
        calls: items.map((item) => item.key),
        contestants: [
          {
            name: THIS,
            sql,
            prepared: `get_ours(text, uuid) as select * from dpg.get_item(${key}, $1, $2)`,
          },
          {
            name: BARE,
            sql,
            prepared: `get_bare(text, uuid) as select * from ${leaf}
              where item_network = '${set.network}' and item_domain = '${domain}' and item_type = $1 and item_id = $2`,
          },
        ],
      },
    ];
    const ends = [() => sql.end()];
    if (withPostgis) {
      const theirUrl = await bench.databases.seed(withPostgis);
      await fillPostgis(theirUrl, [set]);
      const theirs = postgres(theirUrl, { max: 1, onnotice: () => {} });
      ends.push(() => theirs.end());
      await theirs.unsafe(LOOP);
      const calls = inCountry(40, 11).map(({ latitude, longitude }) => `(${latitude}, ${longitude})`);
      const point = 'st_setsrid(st_makepoint($2, $1), 4326)::geography';
      const from = `from ${postgisTable(set)} where item_network = '${set.network}' and item_domain = '${domain}'`;
      const of = (what: string, atMost: number, ours: string, their: string): Case => ({
        what,
        atMost,
        calls,
        contestants: [
          { name: THIS, sql, prepared: ours },
          { name: POSTGIS, sql: theirs, prepared: their },
        ],
      });
      cases.push(
        of(
          'nearest 20',
          1.4,
          `nearest_ours(double precision, double precision) as select * from dpg.nearest_items(${key}, $1, $2)`,
          `nearest_theirs(double precision, double precision) as
            select ${COLUMNS}, place <-> ${point} as distance ${from} order by place <-> ${point} limit 20`,
        ),
        of(
          'circle of 20 km, newest 20',
          1.2,
          `circle_ours(double precision, double precision) as
            select * from dpg.find_items(${key}, latitude => $1, longitude => $2, radius_meters => ${RADIUS})`,
          `circle_theirs(double precision, double precision) as
            select ${COLUMNS} ${from} and st_dwithin(place, ${point}, ${RADIUS}, false) order by created_at desc limit 20`,
        ),
      );
    }

    const found: Measurement[] = [];
    const ratios: Ratio[] = [];
    for (const { what, atMost, contestants, calls } of cases) {
      const times = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
      for (const one of contestants) await one.sql.unsafe(`prepare ${one.prepared}`);
      const rounds = bench.amount(60, 12);
      for (let round = -2; round < rounds; round += 1)
        for (const one of rotated(contestants, round + 2)) {
          const name = one.prepared.slice(0, one.prepared.indexOf('('));
          const texts = calls.map((call) => `execute ${name}${call}`);
          const [row] = await one.sql`select pg_temp.mean_time(${texts}::text[]) as mean`;
          // the first two warm up
          if (round >= 0) times.get(one.name)?.push(row?.mean);
        }
      const of = measurements(what, times);
      found.push(...of);
      const other = contestants.find(({ name }) => name !== THIS)?.name ?? '';
      ratios.push({ what: `× ${other}, ${what}`, value: median(of, THIS) / median(of, other), atMost });
    }
    await Promise.all(ends.map((end) => end()));
    const notes = [
      `The prepared statements are of the default \`plan_cache_mode\`. ${count.toLocaleString('en')} places.`,
      ...(withPostgis ? [] : ["PostGIS was skipped: Debian's postgresql-15-postgis-3 is not installed."]),
    ];
    return { unit: 'ms', measurements: found, ratios, notes };
  },
};
