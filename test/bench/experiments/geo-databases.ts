// The same points in three databases: in one leaf of 1,000,000, and in ten of 100,000.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type postgres from 'postgres';
import { sqlFolder } from '../../support/migrations.js';
import { withAdmin } from '../../support/server.js';
import type { Bench } from '../experiment.js';
import { GEO_NETWORK, ONE, type Point, points, TEN } from './points.js';

const OWNER = 'mapper';
const USER = `insert into public."user" (id, name, email) values ('${OWNER}', 'Mapper', 'mapper@example.com')`;
/** Secondary indexes are built after the load. */
const INDEXES = [
  'items_band_idx',
  'items_place_idx',
  'items_state_idx',
  'items_created_at_idx',
  'items_created_by_idx',
];
const STATES = ['quiet', 'busy', 'closed', 'open'];

export interface GeoDatabases {
  dpg: string;
  seed: string;
  /** Where PostGIS is installed. */
  postgis: string | undefined;
}

let made: Promise<GeoDatabases> | undefined;

/** Made once a run: several experiments ask them. */
export function geoDatabases(bench: Bench): Promise<GeoDatabases> {
  made ??= make(bench);
  return made;
}

async function make(bench: Bench): Promise<GeoDatabases> {
  const withPostgis = await bench.databases.serverWithPostgis();
  const server = withPostgis ?? (await bench.databases.server());
  const all = points(bench.amount(1_000_000, 50_000));
  bench.say(`loading ${all.length.toLocaleString('en')} points, in one leaf and over ten`);
  // a template is copied by one at a time
  const urls = { dpg: await bench.databases.migrated(server), seed: await bench.databases.seed(server) };
  const withGeography = withPostgis && (await bench.databases.seed(server));
  const [dpg, seed, postgis] = await Promise.all([
    dpgDatabase(urls.dpg, all),
    seedDatabase(urls.seed, all),
    withGeography && postgisDatabase(withGeography, all),
  ]);
  bench.say('loaded');
  return { dpg, seed, postgis };
}

async function dpgDatabase(url: string, all: Point[]): Promise<string> {
  await withAdmin(url, async (sql) => {
    await sql.unsafe(USER);
    for (const domain of [...ONE, ...TEN])
      await sql`select dpg.ensure_item_partition(${GEO_NETWORK}, ${domain})`;
    for (const index of INDEXES) await sql.unsafe(`drop index dpg.${index}`);
    await copyItems(sql, 'dpg.items', all);
    await sql.unsafe(await readFile(join(sqlFolder, 'items/items_indexes.sql'), 'utf8')).simple();
    await sql`vacuum analyze`;
  });
  return url;
}

async function seedDatabase(url: string, all: Point[]): Promise<string> {
  await withAdmin(url, async (sql) => {
    await sql.unsafe(USER);
    await makeLeaves(sql, 'items');
    await sql.unsafe('drop index items_geo_idx');
    await copyItems(sql, 'items', all);
    await sql.unsafe(
      'create index items_geo_idx on items using gist (ll_to_earth(item_latitude, item_longitude))',
    );
    await sql`vacuum analyze`;
  });
  return url;
}

/** As an expert would: the same table with a stored geography, and GiST on it. */
async function postgisDatabase(url: string, all: Point[]): Promise<string> {
  await withAdmin(url, async (sql) => {
    await sql.unsafe('create extension postgis');
    await sql.unsafe(USER);
    await makeLeaves(sql, 'items');
    await sql.unsafe('drop index items_geo_idx');
    await sql.unsafe(`alter table items add column place geography(point, 4326)
      generated always as (st_setsrid(st_makepoint(item_longitude, item_latitude), 4326)::geography) stored`);
    await copyItems(sql, 'items', all);
    await sql.unsafe('create index items_place_idx on items using gist (place)');
    await sql.unsafe('create index items_created_at_idx on items (created_at desc)');
    await sql`vacuum analyze`;
  });
  return url;
}

async function makeLeaves(sql: postgres.Sql, root: string): Promise<void> {
  await sql.unsafe(
    `create table i_p_points partition of ${root} for values in ('${GEO_NETWORK}') partition by list (item_domain)`,
  );
  for (const domain of [...ONE, ...TEN])
    await sql.unsafe(
      `create table "i_p_points_${domain.replaceAll(' ', '')}" partition of i_p_points for values in ('${domain}')`,
    );
}

async function copyItems(sql: postgres.Sql, table: string, all: Point[]): Promise<void> {
  const stream = await sql
    .unsafe(
      `copy ${table} (
        item_network, item_domain, item_type, item_instance_url, item_schema_url, item_state,
        item_latitude, item_longitude, created_by, created_at
      ) from stdin`,
    )
    .writable();
  const write = async (text: string) => {
    if (!stream.write(text)) await new Promise((resolve) => stream.once('drain', resolve));
  };
  let lines = '';
  for (const [domains, perDomain] of [[ONE, all.length] as const, [TEN, all.length / TEN.length] as const]) {
    for (const [n, { latitude, longitude }] of all.entries()) {
      const domain = domains[Math.floor(n % domains.length)];
      const type = n % 5 === 0 ? 'shop_1.0' : 'house_1.0';
      const state = `{"name": "Point ${n}", "state": "${STATES[n % STATES.length]}", "group": "group ${n % 1000}"}`;
      const at = new Date(1.7e12 + ((n * 7919) % perDomain) * 1000).toISOString();
      lines += `${GEO_NETWORK}\t${domain}\t${type}\thttps://points.example.com\thttps://schemas.example.com/point_v1.json\t${state}\t${latitude}\t${longitude}\t${OWNER}\t${at}\n`;
      if (lines.length > 1_000_000) {
        await write(lines);
        lines = '';
      }
    }
  }
  stream.end(lines);
  await finished(stream);
}
