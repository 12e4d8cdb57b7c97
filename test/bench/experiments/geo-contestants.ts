// How each contestant asks for a circle and for the nearest: the same rows, by its own means.

import { and, desc, sql as drizzleSql, eq, inArray } from 'drizzle-orm';
import postgres from 'postgres';
import { POSTGIS, POSTGIS_TABLES, SEED, THIS } from '../contestants/contestant.js';
import { dpgContestant } from '../contestants/dpg.js';
import { items } from '../contestants/seed/tables.js';
import { seedContestant } from '../contestants/seed.js';
import { type GeoDatabases, postgisTable } from './geo-databases.js';
import { isOne, type Point, type PointSet } from './points.js';

export interface GeoContestant {
  name: string;
  /** The newest so many within the radius: how many rows came. */
  circle(centre: Point, radius: number, limit: number): Promise<number>;
  /** How many there are within the radius. */
  count(centre: Point, radius: number): Promise<number>;
  /** The nearest 20: the distance of the last one in metres. */
  nearest(centre: Point): Promise<number>;
  end(): Promise<void>;
}

/** Who can ask for that set of points. */
export async function geoContestants(
  { dpg, seed, postgis }: GeoDatabases,
  set: PointSet,
): Promise<GeoContestant[]> {
  const keys = `item_network = '${set.network}' and item_domain in (${set.domains.map((domain) => `'${domain}'`).join(', ')})`;
  return [
    thisProject(dpg, set),
    ...(postgis
      ? [
          withPostgis(POSTGIS, postgis, postgisTable(set), keys),
          ...(isOne(set) ? [] : [withPostgis(POSTGIS_TABLES, postgis, 'items', keys)]),
        ]
      : []),
    theSeed(seed, set),
  ];
}

/** One call, for one domain or for several. */
function thisProject(url: string, set: PointSet): GeoContestant {
  const { dpg, end } = dpgContestant(url);
  const { network: item_network, domains } = set;
  const where = isOne(set)
    ? { item_network, item_domain: domains[0] ?? '' }
    : { item_network, item_domains: domains };
  return {
    name: THIS,
    async circle(centre, radius_meters, limit) {
      return (await dpg.items.find({ ...where, ...centre, radius_meters, page_size: limit })).rows.length;
    },
    async count(centre, radius_meters) {
      return Number(await dpg.items.count({ ...where, ...centre, radius_meters }));
    },
    async nearest(centre) {
      return (await dpg.items.nearest({ ...where, ...centre })).rows.at(-1)?.distance_meters ?? 0;
    },
    end,
  };
}

/** The columns of an item; the stored geography stays in the database. */
const COLUMNS = `item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
  item_latitude, item_longitude, created_by, created_at, updated_at`;

/** Prepared statements through postgres.js, on a stored geography. `keys` is text: with parameters the sixth call would make a plan that reads all leaves. */
function withPostgis(name: string, url: string, table: string, keys: string): GeoContestant {
  const sql = postgres(url, { max: 1 });
  const [from, columns] = [sql.unsafe(`from ${table} where ${keys}`), sql.unsafe(COLUMNS)];
  const point = ({ latitude, longitude }: Point) =>
    sql`st_setsrid(st_makepoint(${longitude}, ${latitude}), 4326)::geography`;
  return {
    name,
    async circle(centre, radius, limit) {
      const rows = await sql`
        select ${columns} ${from} and st_dwithin(place, ${point(centre)}, ${radius}, false)
        order by created_at desc limit ${limit}`;
      return rows.length;
    },
    async count(centre, radius) {
      const [row] = await sql`
        select count(*)::integer ${from} and st_dwithin(place, ${point(centre)}, ${radius}, false)`;
      return row?.count;
    },
    async nearest(centre) {
      const rows = await sql`
        select ${columns}, place <-> ${point(centre)} as distance ${from}
        order by place <-> ${point(centre)} limit 20`;
      return rows.at(-1)?.distance;
    },
    end: () => sql.end(),
  };
}

/** The queries of the seed's page: earth_box and earth_distance. */
function theSeed(url: string, { network, domains }: PointSet): GeoContestant {
  const { db, end } = seedContestant(url);
  const keys = and(eq(items.item_network, network), inArray(items.item_domain, domains));
  const within = ({ latitude, longitude }: Point, radius: number) => drizzleSql`
    earth_box(ll_to_earth(${latitude}, ${longitude}), ${radius}) @> ll_to_earth(${items.item_latitude}, ${items.item_longitude})
    and earth_distance(
      ll_to_earth(${latitude}, ${longitude}), ll_to_earth(${items.item_latitude}, ${items.item_longitude})
    ) <= ${radius}`;
  return {
    name: SEED,
    async circle(centre, radius, limit) {
      const where = and(keys, within(centre, radius));
      return (await db.select().from(items).where(where).orderBy(desc(items.created_at)).limit(limit)).length;
    },
    async count(centre, radius) {
      const [row] = await db
        .select({ count: drizzleSql<number>`count(*)::integer` })
        .from(items)
        .where(and(keys, within(centre, radius)));
      return row?.count ?? 0;
    },
    async nearest({ latitude, longitude }) {
      const distance = drizzleSql<number>`earth_distance(
        ll_to_earth(${latitude}, ${longitude}), ll_to_earth(${items.item_latitude}, ${items.item_longitude})
      )`;
      const rows = await db
        .select({ item_id: items.item_id, item_state: items.item_state, distance })
        .from(items)
        .where(keys)
        .orderBy(distance)
        .limit(20);
      return rows.at(-1)?.distance ?? 0;
    },
    end,
  };
}
