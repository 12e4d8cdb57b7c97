// A deployment of before: the tables as the seed describes them, and rows as its API would have written them.

import postgres from 'postgres';
import { identifier } from '../support/server.js';

export interface Shape {
  /** Levels of partitions: two in the seed, one in older versions, none where somebody made plain tables. */
  levels?: 0 | 1 | 2;
  /** Without the columns that add_action_owner_columns.sql brings. */
  owners?: boolean;
  /** Without the foreign keys, as in a database that was put together by hand. */
  keys?: boolean;
  /** Without unique keys either. */
  unique?: boolean;
  schema?: string;
}

export const OUR_URL = 'https://tutor.yellowdot.example.com';
export const OTHER_URL = 'https://student.bluedot.example.com';

/** Keys that a naming rule, a quoting or a length could trip over. */
export const awkwardKeys = [
  'yellow_dot',
  'yellowdot',
  '日本',
  '中国',
  'UPPER Case',
  `it's "quoted" \\ back`,
  'n'.repeat(120),
  ' padded ',
];

/** The three tables, empty. The table of users is there. */
export async function createOldTables(sql: postgres.Sql, shape: Shape = {}): Promise<void> {
  const { levels = 2, owners = true, keys = true, unique = true, schema = 'public' } = shape;
  const owner = (side: string) => (owners ? `${side}_item_owner text,` : '');
  const side = (name: string) => `
    ${name}_item_network text not null, ${name}_item_domain text not null, ${name}_item_type text not null,
    ${name}_item_id uuid not null, ${name}_item_instance_url text not null, ${owner(name)}`;
  const primary = (columns: string) => (unique ? `, primary key (${columns})` : '');
  const listedBy = (column: string) => (levels > 0 ? `partition by list (${column})` : '');
  const itemKey = 'item_network, item_domain, item_type, item_id';
  const foreign = (name: string) =>
    keys && unique
      ? `, foreign key (${name}_item_network, ${name}_item_domain, ${name}_item_type, ${name}_item_id)
          references items (${itemKey})`
      : '';
  await sql.begin((tx) =>
    tx.unsafe(`
      create schema if not exists ${identifier(schema)};
      set local search_path = ${identifier(schema)}, public;
      create extension if not exists pgcrypto schema public;
      create extension if not exists cube schema public;
      create extension if not exists earthdistance schema public;
      create table items (
        item_network text not null, item_domain text not null, item_type text not null,
        item_id uuid not null default gen_random_uuid(),
        item_instance_url text not null, item_schema_url text not null,
        item_state jsonb not null default '{}',
        item_latitude double precision, item_longitude double precision,
        created_by text not null ${keys ? 'references "user" (id)' : ''},
        created_at timestamp not null default now(), updated_at timestamp not null default now()
        ${primary(itemKey)}
      ) ${listedBy('item_network')};
      create index on items (item_network, item_domain, item_type, created_at desc);
      create index on items using gist (ll_to_earth(item_latitude, item_longitude));
      create table item_actions (
        partition_network text not null, action_type text not null, action_id uuid not null default gen_random_uuid(),
        action_status text not null, update_count integer not null default 0,
        requirements_snapshot jsonb not null default '{}', remarks text,
        ${side('source')} ${side('target')}
        created_at timestamp not null default now(), updated_at timestamp not null default now()
        ${primary('partition_network, action_type, action_id')} ${foreign('source')} ${foreign('target')}
      ) ${listedBy('partition_network')};
      create table action_events (
        partition_network text not null, action_type text not null, event_id uuid not null default gen_random_uuid(),
        origin_instance_domain text not null, action_id uuid not null, action_status text not null,
        update_count integer not null default 0,
        ${side('source')} source_item_latitude double precision, source_item_longitude double precision,
        ${side('target')} target_item_latitude double precision, target_item_longitude double precision,
        event_payload jsonb not null default '{}', remarks text, created_at timestamp not null default now()
        ${primary('partition_network, action_type, event_id')}
        ${unique ? ', unique (partition_network, action_type, origin_instance_domain, action_id, update_count)' : ''}
      ) ${listedBy('partition_network')};
      create index on action_events using gin (event_payload);`),
  );
}

/** The partitions of these keys, named by the seed's rule; where that name is taken, numbered. */
export async function createOldPartitions(
  sql: postgres.Sql,
  root: 'items' | 'item_actions' | 'action_events',
  network: string,
  subkeys: readonly string[],
  { levels = 2, schema = 'public' }: Shape = {},
): Promise<void> {
  if (levels === 0) return;
  const prefix = { items: 'i_p', item_actions: 'a_p', action_events: 'e_p' }[root];
  const subkey = root === 'items' ? 'item_domain' : 'action_type';
  const parent = await create(
    root,
    network,
    `${prefix}_${plain(network)}`,
    levels === 2 ? subkey : undefined,
  );
  if (levels === 1) return;
  for (const key of subkeys) await create(parent, key, `${parent}_${plain(key)}`);

  async function create(parentName: string, key: string, name: string, by?: string): Promise<string> {
    for (let attempt = 0; ; attempt += 1) {
      const candidate = attempt === 0 ? name.slice(0, 50) : `${name.slice(0, 50)}${attempt}`;
      try {
        await sql.unsafe(`
          create table ${identifier(schema)}.${identifier(candidate)}
          partition of ${identifier(schema)}.${identifier(parentName)}
          for values in (${quoted(key)}) ${by ? `partition by list (${by})` : ''}`);
        return candidate;
      } catch (error) {
        if (!(error instanceof postgres.PostgresError && error.code === '42P07')) throw error;
      }
    }
  }
}

const plain = (key: string) => key.toLowerCase().replace(/[^a-z0-9]/g, '');

export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export interface Rows {
  items: number;
  actions: number;
  /** Mirrored ones besides the two of every action. */
  mirrored: number;
}

/**
 * Rows for all the awkward networks: items of two domains, actions of two types between them, two events an action, and
 * events that were mirrored from another instance. Every tenth item has no place; owners of snapshots are missing in
 * every fifth action and event, where there is such a column.
 */
export async function fillOldTables(sql: postgres.Sql, shape: Shape, rows: Rows): Promise<void> {
  const { owners = true, schema = 'public' } = shape;
  for (const network of awkwardKeys) {
    await createOldPartitions(sql, 'items', network, ['student', awkwardKeys[5] ?? ''], shape);
    await createOldPartitions(sql, 'item_actions', network, ['connect', '日本'], shape);
    await createOldPartitions(sql, 'action_events', network, ['connect', '日本'], shape);
  }
  const networks = `(array[${awkwardKeys.map(quoted).join(', ')}])`;
  const domains = `(array['student', ${quoted(awkwardKeys[5] ?? '')}])`;
  const count = awkwardKeys.length;
  const owner = (side: string) => (owners ? `${side}_item_owner, ` : '');
  const ownerOf = (alias: string) =>
    owners ? `case when n % 5 = 0 then null else ${alias}.created_by end, ` : '';
  const sideColumns = (side: string, places: boolean) =>
    `${side}_item_network, ${side}_item_domain, ${side}_item_type, ${side}_item_id, ${side}_item_instance_url, ${owner(side)}` +
    (places ? `${side}_item_latitude, ${side}_item_longitude, ` : '');
  const sideValues = (alias: string, places: boolean) =>
    `${alias}.item_network, ${alias}.item_domain, ${alias}.item_type, ${alias}.item_id, ${alias}.item_instance_url, ${ownerOf(alias)}` +
    (places ? `${alias}.item_latitude, ${alias}.item_longitude, ` : '');
  await sql.begin((tx) =>
    tx.unsafe(`
      set local search_path = ${identifier(schema)}, public;
      insert into "user" (id, name, email)
      select 'user ' || n, 'User ' || n, 'user' || n || '@example.com' from generate_series(0, 99) n
      on conflict do nothing;

      create temp table numbered on commit drop as
      select n, i.*
      from generate_series(1, ${rows.items}) n
      cross join lateral (
        select ${networks}[1 + n % ${count}] as item_network, ${domains}[1 + n / ${count} % 2] as item_domain,
          'profile_1.0' as item_type, md5('item ' || n)::uuid as item_id,
          case when n % 11 = 0 then '${OUR_URL}/two' else '${OUR_URL}' end as item_instance_url,
          'https://schemas.example.com/profile.json' as item_schema_url,
          jsonb_build_object('name', 'Item ' || n, 'text', E'quotes '' " and \\\\ and 日本', 'number', n / 7.0) as item_state,
          case when n % 10 > 0 then n % 170 - 85 + 0.1 end::double precision as item_latitude,
          case when n % 10 > 0 then n % 350 - 175 + 0.1 end::double precision as item_longitude,
          'user ' || n % 100 as created_by,
          timestamp '2024-01-01' + n * interval '1.000001 minutes' as created_at,
          timestamp '2024-01-01' + n * interval '1.000001 minutes' + (n % 2) * interval '700 days' as updated_at
      ) i;
      insert into items select item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url,
        item_state, item_latitude, item_longitude, created_by, created_at, updated_at
      from numbered;

      create temp table paired on commit drop as
      select a.n, case when a.n % 7 < 2 then '日本' else 'connect' end as action_type, md5('action ' || a.n)::uuid as action_id,
        s.n as source_n, t.n as target_n, timestamp '2025-01-01' + a.n * interval '1.000001 minutes' as created_at
      from generate_series(1, ${rows.actions}) a(n)
      -- the source in the same network, or in the next one
      join numbered s on s.n = 1 + a.n * 7 % ${rows.items}
      join numbered t on t.n = 1 + (a.n * 7 + case when a.n % 3 = 0 then 1 else ${count} end) % ${rows.items};

      insert into item_actions (partition_network, action_type, action_id, action_status, update_count,
        requirements_snapshot, remarks, ${sideColumns('source', false)} ${sideColumns('target', false)} created_at, updated_at)
      select t.item_network, p.action_type, p.action_id, 'accepted', 1, jsonb_build_object('n', p.n), 'remark ' || p.n,
        ${sideValues('s', false).replaceAll('n %', 'p.n %')} ${sideValues('t', false).replaceAll('n %', 'p.n %')}
        p.created_at, p.created_at + interval '1 hour'
      from paired p join numbered s on s.n = p.source_n join numbered t on t.n = p.target_n;

      insert into action_events (partition_network, action_type, event_id, origin_instance_domain, action_id, action_status,
        update_count, ${sideColumns('source', true)} ${sideColumns('target', true)} event_payload, remarks, created_at)
      select t.item_network, p.action_type, md5('event ' || p.n || ' ' || u)::uuid, t.item_instance_url, p.action_id,
        (array['created', 'accepted'])[1 + u], u,
        ${sideValues('s', true).replaceAll('n %', 'p.n %')} ${sideValues('t', true).replaceAll('n %', 'p.n %')}
        jsonb_build_object('status', u), case when u = 1 then 'remark ' || p.n end, p.created_at + u * interval '1 hour'
      from paired p join numbered s on s.n = p.source_n join numbered t on t.n = p.target_n
      cross join generate_series(0, 1) u;

      insert into action_events (partition_network, action_type, event_id, origin_instance_domain, action_id, action_status,
        update_count, ${sideColumns('source', true)} ${sideColumns('target', true)} event_payload, remarks, created_at)
      select s.item_network, 'connect', md5('mirrored ' || k)::uuid, '${OTHER_URL}', md5('elsewhere ' || k / 2)::uuid, 'created',
        k % 2, ${sideValues('s', true).replaceAll('n %', 's.n %')}
        s.item_network, 'tutor', 'profile_1.0', md5('target ' || k / 2)::uuid, '${OTHER_URL}', ${owners ? `'remote ' || k / 2,` : ''}
        12.5, 77.5, '{}', null, timestamp '2025-06-01' + k * interval '1 second'
      from generate_series(0, ${rows.mirrored} - 1) m(k) join numbered s on s.n = 1 + m.k / 2;`),
  );
}
