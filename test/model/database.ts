// The database under the model test: one session in one transaction that is rolled back, so that every sequence of
// calls begins with the same empty tables.

import type postgres from 'postgres';
import { instant, type Row } from './contract.js';

type ArgumentType =
  | 'text'
  | 'text[]'
  | 'uuid'
  | 'integer'
  | 'boolean'
  | 'double precision'
  | 'jsonb'
  | 'timestamptz'
  | 'dpg.item_ref'
  | 'dpg.item_ref[]';

const ref = { item_network: 'text', item_domain: 'text', item_type: 'text', item_id: 'uuid' } as const;
const filters = {
  ...{ item_network: 'text', item_domain: 'text', item_type: 'text', created_by: 'text' },
  ...{ item_instance_url: 'text', item_schema_url: 'text', item_state: 'jsonb' },
  ...{ latitude: 'double precision', longitude: 'double precision', radius_meters: 'double precision' },
  ...{ item_domains: 'text[]', item_statuses: 'text[]', any_status: 'boolean' },
} as const;
const page = { page_size: 'integer', page_token: 'text' } as const;
const making = {
  ...{ requirements_snapshot: 'jsonb', remarks: 'text', event_payload: 'jsonb', action_id: 'uuid' },
  performed_by: 'text',
} as const;
const moving = {
  ...{ partition_network: 'text', action_type: 'text', action_id: 'uuid', action_status: 'text' },
  ...{ expected_update_count: 'integer', event_payload: 'jsonb', remarks: 'text', event_id: 'uuid' },
  performed_by: 'text',
} as const;
const remote = { source_item_instance_url: 'text', source_item_owner: 'text' } as const;
const ends = { source: 'dpg.item_ref', target: 'dpg.item_ref' } as const;
const party = {
  ...{ actor: 'text', ownership_role: 'text', partition_network: 'text', action_type: 'text' },
  ...{ action_status: 'text', item_id: 'uuid' },
} as const;

export const WRITES = {
  upsert_item: {
    ...{ actor: 'text', ...ref, item_instance_url: 'text', item_schema_url: 'text', item_state: 'jsonb' },
    ...{ item_latitude: 'double precision', item_longitude: 'double precision', item_status: 'text' },
  },
  upsert_items: { actor: 'text', items: 'jsonb' },
  update_item: { actor: 'text', ...ref, changes: 'jsonb', expected_updated_at: 'timestamptz' },
  delete_item: { actor: 'text', ...ref },
  define_item: {
    ...{ item_network: 'text', item_domain: 'text', statuses: 'jsonb', initial_status: 'text' },
  },
  set_item_status: {
    ...{ actor: 'text', ...ref, item_status: 'text', expected_updated_at: 'timestamptz' },
    close_actions_as: 'text[]',
  },
  define_action: {
    ...{ partition_network: 'text', action_type: 'text', transitions: 'jsonb', initial_status: 'text' },
    rules: 'jsonb',
  },
  define_network: { network: 'text', rules: 'jsonb' },
  perform_action: { actor: 'text', action_type: 'text', ...ends, ...making },
  receive_action: {
    ...{ action_type: 'text', ...ends, ...remote, ...making },
    ...{ source_item_latitude: 'double precision', source_item_longitude: 'double precision' },
  },
  transition_action: { actor: 'text', ...moving },
  transition_actions: { actor: 'text', transitions: 'jsonb' },
  receive_transition: { ...remote, ...moving },
  store_event: { event: 'jsonb' },
} as const;

/** What dpg_app may not call. */
const ADMINS: readonly (keyof typeof WRITES)[] = ['define_network'];

export const READS = {
  get_item: ref,
  get_action: { actor: 'text', partition_network: 'text', action_type: 'text', action_id: 'uuid' },
  find_items: { ...filters, ...page },
  count_items: filters,
  nearest_items: {
    ...{ item_network: 'text', item_domain: 'text', latitude: 'double precision' },
    ...{ longitude: 'double precision', radius_meters: 'double precision', item_type: 'text' },
    ...{ item_state: 'jsonb', ...page, item_domains: 'text[]' },
    ...{ item_statuses: 'text[]', any_status: 'boolean' },
  },
  find_own_items: {
    ...{ actor: 'text', item_network: 'text', item_domain: 'text', item_type: 'text' },
    ...{ item_statuses: 'text[]', ...page },
  },
  find_actions: {
    ...{ ...party, ...page, action_types: 'text[]', action_statuses: 'text[]', action_id: 'uuid' },
    ...{ oldest_first: 'boolean', with_items: 'boolean' },
  },
  count_actions: {
    ...{ actor: 'text', ownership_role: 'text', partition_network: 'text', action_type: 'text' },
    item_id: 'uuid',
  },
  count_item_actions: { items: 'dpg.item_ref[]' },
  find_events: { ...party, action_id: 'uuid', update_count: 'integer', ...page },
} as const;

export type Write = keyof typeof WRITES;
export type Read = keyof typeof READS;
export const TYPES = { ...WRITES, ...READS } as Record<string, Record<string, ArgumentType>>;

export type Answer = { rows: Row[] } | { code: string; message: string; hint?: string; detail?: string };

/** The statement as psql would take it; arguments that are undefined are left out. */
export function statement(name: string, args: Row): string {
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  const list = given.map(([argument, value]) => {
    const type = TYPES[name]?.[argument];
    if (!type) throw new Error(`${name} takes no ${argument}`);
    return `${argument} => ${literal(value, type)}`;
  });
  return `select to_jsonb(r) from dpg.${name}(${list.join(', ')}) r`;
}

function literal(value: unknown, type: ArgumentType): string {
  if (value === null) return `null::${type}`;
  if (type === 'dpg.item_ref') {
    const cells = Object.entries(ref).map(([name, kind]) => literal((value as Row)[name] ?? null, kind));
    return `row(${cells.join(', ')})::dpg.item_ref`;
  }
  if (type.endsWith('[]') && Array.isArray(value)) {
    const of = type.slice(0, -2) as ArgumentType;
    return `array[${value.map((element) => literal(element ?? null, of)).join(', ')}]::${type}`;
  }
  const text = type === 'jsonb' ? JSON.stringify(value) : String(value);
  return `'${text.replaceAll("'", "''")}'::${type}`;
}

/** What the test needs in the database besides the product: done by the superuser. */
export async function prepare(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(`
    create schema model;
    grant usage on schema model to dpg_app, dpg_admin;

    -- a statement and its refusal in one trip
    create function model.attempt(statement text) returns jsonb language plpgsql as $body$
    declare
      rows jsonb := '[]';
      row jsonb;
      code text; message text; hint text; detail text;
    begin
      for row in execute statement loop
        rows := rows || jsonb_build_array(row);
      end loop;
      return jsonb_build_object('rows', rows);
    exception when others then
      get stacked diagnostics code = returned_sqlstate, message = message_text, hint = pg_exception_hint,
        detail = pg_exception_detail;
      return jsonb_build_object('code', code, 'message', message, 'hint', hint, 'detail', detail);
    end $body$;

    -- everything there is, past the row level security that the caller is under
    create function model.state() returns jsonb language sql security definer as $body$
      select jsonb_build_object(
        'items', (select coalesce(jsonb_agg(to_jsonb(i)), '[]') from dpg.items i),
        'actions', (select coalesce(jsonb_agg(to_jsonb(a)), '[]') from dpg.item_actions a),
        'events', (select coalesce(jsonb_agg(to_jsonb(e)), '[]') from dpg.action_events e),
        'itemDefinitions', (select coalesce(jsonb_agg(to_jsonb(d)), '[]') from dpg.item_definitions d),
        'definitions', (select coalesce(jsonb_agg(to_jsonb(d)), '[]') from dpg.action_definitions d),
        'network_rules', (select coalesce(jsonb_agg(to_jsonb(n)), '[]') from dpg.network_rules n),
        'urls', (select coalesce(jsonb_agg(u.instance_url order by u.instance_url collate "C"), '[]') from dpg.instance_urls u)
      );
    $body$;
  `);
}

/** A session of an application in a transaction. */
export class Session {
  constructor(private readonly sql: postgres.TransactionSql) {}

  async attempt(text: string, name?: string): Promise<Answer> {
    const isForAdmin = ADMINS.includes(name as Write);
    if (isForAdmin) await this.sql`set local role dpg_admin`;
    const [row] = await this.sql<[{ answer: Answer }]>`select model.attempt(${text}) as answer`;
    if (isForAdmin) await this.sql`set local role dpg_app`;
    const { answer } = row;
    if ('rows' in answer) for (const found of answer.rows) if (found instanceof Object) readTimes(found);
    return answer;
  }

  async state(): Promise<
    Record<'items' | 'actions' | 'events' | 'itemDefinitions' | 'definitions' | 'network_rules', Row[]> & {
      urls: string[];
    }
  > {
    const [row] = await this.sql`select model.state() as state`;
    const state = row?.state;
    for (const table of ['items', 'actions', 'events']) state[table].forEach(readTimes);
    return state;
  }
}

function readTimes(row: Row) {
  for (const column of ['created_at', 'updated_at', 'latest_at'])
    if (typeof row[column] === 'string') row[column] = instant(row[column]);
}
