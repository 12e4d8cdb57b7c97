// How each contestant asks for a circle and for the nearest: the same rows, by its own means.

import { and, desc, sql as drizzleSql, eq } from 'drizzle-orm';
import postgres from 'postgres';
import { POSTGIS, SEED, THIS } from '../contestants/contestant.js';
import { dpgContestant } from '../contestants/dpg.js';
import { items } from '../contestants/seed/tables.js';
import { seedContestant } from '../contestants/seed.js';
import type { GeoDatabases } from './geo-databases.js';
import { GEO_NETWORK, ONE, type Point, TEN } from './points.js';

export interface GeoContestant {
  name: string;
  /** The newest so many within the radius in the one leaf, or over ten: how many rows came. */
  circle(centre: Point, radius: number, overTen: boolean, limit: number): Promise<number>;
  /** How many there are within the radius. */
  count(centre: Point, radius: number, overTen: boolean): Promise<number>;
  /** The nearest 20: the distance of the last one in metres. */
  nearest(centre: Point, overTen: boolean): Promise<number>;
  end(): Promise<void>;
}

export function geoContestants({ dpg, seed, postgis }: GeoDatabases): GeoContestant[] {
  return [thisProject(dpg), ...(postgis ? [withPostgis(postgis)] : []), theSeed(seed)];
}

const domains = (overTen: boolean) => (overTen ? TEN : ONE);

/** One domain is one call. Over ten, one statement joins the calls, as our README shows it. */
function thisProject(url: string): GeoContestant {
  const { dpg, end } = dpgContestant(url);
  const { sql } = dpg;
  return {
    name: THIS,
    async circle({ latitude, longitude }, radius_meters, overTen, limit) {
      if (!overTen) {
        const where = { item_network: GEO_NETWORK, item_domain: 'all', latitude, longitude, radius_meters };
        return (await dpg.items.find({ ...where, page_size: limit })).rows.length;
      }
      const rows = await sql`
        select i.*
        from unnest(${TEN}::text[]) d(domain)
        cross join lateral dpg.find_items(
          ${GEO_NETWORK}, d.domain, latitude => ${latitude}, longitude => ${longitude}, radius_meters => ${radius_meters},
          page_size => ${limit}
        ) i
        order by i.created_at desc
        limit ${limit}`;
      return rows.length;
    },
    async count({ latitude, longitude }, radius_meters, overTen) {
      if (!overTen) {
        const where = { item_network: GEO_NETWORK, item_domain: 'all', latitude, longitude, radius_meters };
        return Number(await dpg.items.count(where));
      }
      const [row] = await sql`
        select sum(dpg.count_items(
          ${GEO_NETWORK}, d.domain, latitude => ${latitude}, longitude => ${longitude}, radius_meters => ${radius_meters}
        ))::integer as count
        from unnest(${TEN}::text[]) d(domain)`;
      return row?.count;
    },
    async nearest({ latitude, longitude }, overTen) {
      if (!overTen) {
        const { rows } = await dpg.items.nearest({
          item_network: GEO_NETWORK,
          item_domain: 'all',
          latitude,
          longitude,
        });
        return rows.at(-1)?.distance_meters ?? 0;
      }
      const rows = await sql`
        select i.*
        from unnest(${TEN}::text[]) d(domain)
        cross join lateral dpg.nearest_items(${GEO_NETWORK}, d.domain, ${latitude}, ${longitude}) i
        order by i.distance_meters
        limit 20`;
      return rows.at(-1)?.distance_meters;
    },
    end,
  };
}

/** Prepared statements through postgres.js, on a stored geography. */
function withPostgis(url: string): GeoContestant {
  const sql = postgres(url, { max: 1 });
  // the keys stand in the text: with parameters the sixth call would make a plan that reads all leaves
  const keys = (overTen: boolean) => domains(overTen).map((domain) => `'${domain}'`);
  const of = (overTen: boolean) =>
    sql.unsafe(`item_network = '${GEO_NETWORK}' and item_domain in (${keys(overTen).join(', ')})`);
  const point = ({ latitude, longitude }: Point) =>
    sql`st_setsrid(st_makepoint(${longitude}, ${latitude}), 4326)::geography`;
  return {
    name: POSTGIS,
    async circle(centre, radius, overTen, limit) {
      const rows = await sql`
        select * from items where ${of(overTen)} and st_dwithin(place, ${point(centre)}, ${radius}, false)
        order by created_at desc limit ${limit}`;
      return rows.length;
    },
    async count(centre, radius, overTen) {
      const [row] = await sql`
        select count(*)::integer from items where ${of(overTen)} and st_dwithin(place, ${point(centre)}, ${radius}, false)`;
      return row?.count;
    },
    async nearest(centre, overTen) {
      const rows = await sql`
        select *, place <-> ${point(centre)} as distance from items where ${of(overTen)}
        order by place <-> ${point(centre)} limit 20`;
      return rows.at(-1)?.distance;
    },
    end: () => sql.end(),
  };
}

/** The queries of the seed's page: earth_box and earth_distance. */
function theSeed(url: string): GeoContestant {
  const { db, end } = seedContestant(url);
  const of = (overTen: boolean) =>
    overTen
      ? and(eq(items.item_network, GEO_NETWORK), drizzleSql`${items.item_domain} <> 'all'`)
      : and(eq(items.item_network, GEO_NETWORK), eq(items.item_domain, 'all'));
  const within = ({ latitude, longitude }: Point, radius: number) => drizzleSql`
    earth_box(ll_to_earth(${latitude}, ${longitude}), ${radius}) @> ll_to_earth(${items.item_latitude}, ${items.item_longitude})
    and earth_distance(
      ll_to_earth(${latitude}, ${longitude}), ll_to_earth(${items.item_latitude}, ${items.item_longitude})
    ) <= ${radius}`;
  return {
    name: SEED,
    async circle(centre, radius, overTen, limit) {
      const where = and(of(overTen), within(centre, radius));
      return (await db.select().from(items).where(where).orderBy(desc(items.created_at)).limit(limit)).length;
    },
    async count(centre, radius, overTen) {
      const [row] = await db
        .select({ count: drizzleSql<number>`count(*)::integer` })
        .from(items)
        .where(and(of(overTen), within(centre, radius)));
      return row?.count ?? 0;
    },
    async nearest({ latitude, longitude }, overTen) {
      const distance = drizzleSql<number>`earth_distance(
        ll_to_earth(${latitude}, ${longitude}), ll_to_earth(${items.item_latitude}, ${items.item_longitude})
      )`;
      const rows = await db
        .select({ item_id: items.item_id, item_state: items.item_state, distance })
        .from(items)
        .where(of(overTen))
        .orderBy(distance)
        .limit(20);
      return rows.at(-1)?.distance ?? 0;
    },
    end,
  };
}
