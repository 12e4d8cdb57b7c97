// What old and new tables hold, said independently of the command: each row as text, hashed, in one value a leaf.

import type postgres from 'postgres';
import { type Catalogue, catalogue } from '../support/catalogue.js';

const ITEM = [
  'item_network',
  'item_domain',
  'item_type',
  'item_id',
  'item_instance_url',
  'item_schema_url',
  'item_state',
  'item_latitude',
  'item_longitude',
  'created_by',
  'created_at',
  'updated_at',
];
const SIDES = ['source', 'target'].flatMap((side) =>
  ['network', 'domain', 'type', 'id', 'instance_url'].map((name) => `${side}_item_${name}`),
);
const ACTION = [
  ...['partition_network', 'action_type', 'action_id', 'action_status', 'update_count'],
  ...['requirements_snapshot', 'remarks'],
  ...SIDES,
  ...['created_at', 'updated_at'],
];
const EVENT = [
  ...['partition_network', 'action_type', 'event_id', 'origin_instance_domain', 'action_id', 'action_status'],
  ...['update_count', 'event_payload', 'remarks'],
  ...SIDES,
  ...['source_item_latitude', 'source_item_longitude', 'target_item_latitude', 'target_item_longitude'],
  'created_at',
];
export const columnsOf = { items: ITEM, item_actions: ACTION, action_events: EVENT };
export type Root = keyof typeof columnsOf;

/** From the keys of a leaf to the count and an md5 over its rows in the order of their texts; times as text of UTC. */
export async function fingerprints(
  sql: postgres.Sql,
  schema: string,
  root: Root,
  where = 'true',
): Promise<Map<string, string>> {
  const columns = columnsOf[root];
  const [network, key] = columns;
  const values = columns.map((name) =>
    !name.endsWith('_at')
      ? `o.${name}::text`
      : schema === 'dpg'
        ? `(o.${name} at time zone 'UTC')::text`
        : `o.${name}::text`,
  );
  const rows = await sql.unsafe<{ network: string; key: string; print: string }[]>(`
    select ${network} as network, ${key} as key,
      count(*) || ' ' || md5(string_agg(row, E'\\n' order by row collate "C")) as print
    from (
      select o.${network}, o.${key}, row(${values.join(', ')})::text as row from ${schema}.${root} o where ${where}
    ) r
    group by 1, 2`);
  return new Map(
    rows.map((row) => [JSON.stringify([row.network, row.key]), row.print] as const).sort(byName),
  );
}

const byName = ([left]: readonly [string, string], [right]: readonly [string, string]) =>
  left < right ? -1 : 1;

/** Every object, and every row of every table outside of PostgreSQL's own: what a dry run must leave alone. */
export async function everything(
  sql: postgres.Sql,
): Promise<{ catalogue: Catalogue; rows: Record<string, string> }> {
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', n.nspname, c.relname) as name
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
    order by 1`;
  const rows: Record<string, string> = {};
  for (const { name } of tables) {
    const [row] = await sql.unsafe<{ print: string }[]>(
      `select count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' order by t::text collate "C")), '') as print from ${name} t`,
    );
    rows[name] = row?.print ?? '';
  }
  return { catalogue: await catalogue(sql), rows };
}
