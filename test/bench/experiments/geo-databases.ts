// The same points in three databases, in several numbers: in one domain, and spread over ten.

import { finished } from 'node:stream/promises';
import type postgres from 'postgres';
import { withAdmin } from '../../support/server.js';
import type { Bench } from '../experiment.js';
import { createIndexes, dropSecondaryIndexes } from './indexes.js';
import { CITIES, isOne, oneDomain, type PointSet, sizes, tenDomains } from './points.js';

const OWNER = 'mapper';
const USER = `insert into public."user" (id, name, email) values ('${OWNER}', 'Mapper', 'mapper@example.com')`;
const STATES = ['quiet', 'busy', 'closed', 'open'];

export interface GeoDatabases {
  dpg: string;
  seed: string;
  /** Where PostGIS is installed. */
  postgis: string | undefined;
}

/** PostGIS with one table for a set. */
export const postgisTable = (set: PointSet) => `points_${set.count}_${isOne(set) ? 'one' : 'ten'}`;

let made: Promise<GeoDatabases> | undefined;

/** Of all sizes. Made once a run: several experiments ask them. */
export function geoDatabases(bench: Bench): Promise<GeoDatabases> {
  made ??= make(bench);
  return made;
}

async function make(bench: Bench): Promise<GeoDatabases> {
  const withPostgis = await bench.databases.serverWithPostgis();
  const server = withPostgis ?? (await bench.databases.server());
  const sets = sizes(bench).flatMap((count) => [oneDomain(count), tenDomains(count)]);
  bench.say(
    `loading ${sizes(bench)
      .map((count) => count.toLocaleString('en'))
      .join(' and ')} points, in one domain and over ten`,
  );
  // a template is copied by one at a time
  const urls = { dpg: await bench.databases.migrated(server), seed: await bench.databases.seed(server) };
  const withGeography = withPostgis && (await bench.databases.seed(server));
  await Promise.all([
    fillDpg(urls.dpg, sets),
    fillSeed(urls.seed, sets),
    withGeography && fillPostgis(withGeography, sets),
  ]);
  bench.say('loaded');
  return { ...urls, postgis: withGeography };
}

export async function fillDpg(url: string, sets: PointSet[]): Promise<void> {
  await withAdmin(url, async (sql) => {
    await sql.unsafe(USER);
    for (const { network, domains } of sets)
      for (const domain of domains) await sql`select dpg.ensure_item_partition(${network}, ${domain})`;
    await dropSecondaryIndexes(sql, 'dpg.items');
    for (const set of sets) await copyItems(sql, 'dpg.items', set);
    await createIndexes(sql, 'items/items_indexes.sql');
    await sql`vacuum analyze`;
  });
}

async function fillSeed(url: string, sets: PointSet[]): Promise<void> {
  await withAdmin(url, async (sql) => {
    await sql.unsafe(USER);
    await makeLeaves(sql, sets);
    await sql.unsafe('drop index items_geo_idx');
    for (const set of sets) await copyItems(sql, 'items', set);
    await sql.unsafe(
      'create index items_geo_idx on items using gist (ll_to_earth(item_latitude, item_longitude))',
    );
    await sql`vacuum analyze`;
  });
}

/** As an expert would: the same rows with a stored geography and GiST on it, in one table, and in a table for each domain. */
export async function fillPostgis(url: string, sets: PointSet[]): Promise<void> {
  await withAdmin(url, async (sql) => {
    await sql.unsafe('create extension postgis');
    await sql.unsafe(USER);
    await makeLeaves(sql, sets);
    await sql.unsafe('drop index items_geo_idx');
    await sql.unsafe(`alter table items add column place geography(point, 4326)
      generated always as (st_setsrid(st_makepoint(item_longitude, item_latitude), 4326)::geography) stored`);
    for (const set of sets) {
      await copyItems(sql, 'items', set);
      const table = postgisTable(set);
      const domains = set.domains.map((domain) => `'${domain}'`).join(', ');
      await sql.unsafe(
        `create table ${table} as select * from items where item_network = '${set.network}' and item_domain in (${domains})`,
      );
      await sql.unsafe(`alter table ${table} add primary key (item_domain, item_type, item_id)`);
      await sql.unsafe(`create index on ${table} using gist (place)`);
      await sql.unsafe(`create index on ${table} (created_at desc)`);
    }
    await sql.unsafe('create index items_place_idx on items using gist (place)');
    await sql.unsafe('create index items_created_at_idx on items (created_at desc)');
    await sql`vacuum analyze`;
  });
}

async function makeLeaves(sql: postgres.Sql, sets: PointSet[]): Promise<void> {
  for (const { network, domains } of sets) {
    const table = `i_p_${network.replaceAll(' ', '')}`;
    await sql.unsafe(
      `create table if not exists ${table} partition of items for values in ('${network}') partition by list (item_domain)`,
    );
    for (const domain of domains)
      await sql.unsafe(
        `create table ${table}_${domain.replaceAll(' ', '')} partition of ${table} for values in ('${domain}')`,
      );
  }
}

async function copyItems(
  sql: postgres.Sql,
  table: string,
  { count, network, domains, points, state: stateOf }: PointSet,
): Promise<void> {
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
  for (const [n, { latitude, longitude }] of points.entries()) {
    // each domain has points in each city
    const domain = domains[Math.floor(n / CITIES) % domains.length];
    const type = n % 5 === 0 ? 'shop_1.0' : 'house_1.0';
    const state =
      stateOf?.(n) ??
      `{"name": "Point ${n}", "state": "${STATES[n % STATES.length]}", "group": "group ${n % 1000}"}`;
    const at = new Date(1.7e12 + ((n * 7919) % count) * 1000).toISOString();
    lines += `${network}\t${domain}\t${type}\thttps://points.example.com\thttps://schemas.example.com/point_v1.json\t${state}\t${latitude}\t${longitude}\t${OWNER}\t${at}\n`;
    if (lines.length > 1_000_000) {
      await write(lines);
      lines = '';
    }
  }
  stream.end(lines);
  await finished(stream);
}
