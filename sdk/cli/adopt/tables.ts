// The three tables, as far as the old ones and those of dpg have columns in common.

export const roots = ['items', 'item_actions', 'action_events'] as const;
export type Root = (typeof roots)[number];

export type ColumnType = 'text' | 'uuid' | 'jsonb' | 'integer' | 'double precision' | 'timestamptz';

export interface Column {
  name: string;
  type: ColumnType;
  /** What stands for the column where older tables lack it; a column without this must be there. */
  otherwise?: string;
  /** Columns that mean the same in tables of somebody's own make; of several the first that has something counts. */
  olderNames?: readonly string[];
  /** Whether a text of white space alone is nothing. */
  isBlankNone?: boolean;
}

/** A column of an old table. */
export interface OldColumn {
  name: string;
  type: string;
  /** The type below a domain: its id, and what it is called here; an enum is a text. */
  base: string;
  base_type: string;
  is_not_null: boolean;
  /** As pg_attribute.attgenerated. */
  generated: '' | 's' | 'v';
  comment: string | null;
}

export interface Table {
  root: Root;
  columns: readonly Column[];
  /** The primary key. */
  key: readonly string[];
  /** The partition keys: the first two of the primary key. */
  leaf: readonly [string, string];
}

const column = (name: string, type: ColumnType, otherwise?: string): Column => ({ name, type, otherwise });

const sides = (type: 'source' | 'target', more: Column[]) => [
  column(`${type}_item_network`, 'text'),
  column(`${type}_item_domain`, 'text'),
  column(`${type}_item_type`, 'text'),
  column(`${type}_item_id`, 'uuid'),
  column(`${type}_item_instance_url`, 'text'),
  column(`${type}_item_owner`, 'text', 'null::text'),
  ...more,
];

const place = (type: string) => [
  column(`${type}_latitude`, 'double precision', 'null::double precision'),
  column(`${type}_longitude`, 'double precision', 'null::double precision'),
];

/** A service user is nearer to who did it than the organisation behind it. */
const performedBy: Column = {
  ...column('performed_by', 'text', 'null::text'),
  olderNames: ['performed_by_service_user_id', 'performed_by_org_id'],
  isBlankNone: true,
};

/** Of an item that has none it is that of a new one. */
const itemStatus: Column = {
  ...column('item_status', 'text', 'null::text'),
  olderNames: ['lifecycle_status'],
};

/** Places whose columns are filled from a list of locations, where the table has one: `<place>_locations`. */
export const places: Record<Root, readonly string[]> = {
  items: ['item'],
  item_actions: [],
  action_events: ['source_item', 'target_item'],
};

/** Columns of dpg that an adoption fills by itself; an old column of such a name means something else. */
export const ownColumns: Record<Root, readonly string[]> = {
  items: [],
  item_actions: [
    'source_item_latitude',
    'source_item_longitude',
    'target_item_latitude',
    'target_item_longitude',
    'source_item_is_local',
    'source_local_item_id',
  ],
  action_events: ['source_item_is_local', 'target_item_is_local', 'acting_side'],
};

export const tables: Record<Root, Table> = {
  items: {
    root: 'items',
    key: ['item_network', 'item_domain', 'item_type', 'item_id'],
    leaf: ['item_network', 'item_domain'],
    columns: [
      column('item_network', 'text'),
      column('item_domain', 'text'),
      column('item_type', 'text'),
      column('item_id', 'uuid'),
      column('item_instance_url', 'text'),
      column('item_schema_url', 'text'),
      column('item_state', 'jsonb'),
      ...place('item'),
      column('created_by', 'text'),
      column('created_at', 'timestamptz'),
      column('updated_at', 'timestamptz'),
      itemStatus,
    ],
  },
  item_actions: {
    root: 'item_actions',
    key: ['partition_network', 'action_type', 'action_id'],
    leaf: ['partition_network', 'action_type'],
    columns: [
      column('partition_network', 'text'),
      column('action_type', 'text'),
      column('action_id', 'uuid'),
      column('action_status', 'text'),
      column('update_count', 'integer'),
      column('requirements_snapshot', 'jsonb', `'{}'::jsonb`),
      column('remarks', 'text', 'null::text'),
      ...sides('source', []),
      ...sides('target', []),
      column('created_at', 'timestamptz'),
      column('updated_at', 'timestamptz'),
      performedBy,
    ],
  },
  action_events: {
    root: 'action_events',
    key: ['partition_network', 'action_type', 'event_id'],
    leaf: ['partition_network', 'action_type'],
    columns: [
      column('partition_network', 'text'),
      column('action_type', 'text'),
      column('event_id', 'uuid'),
      column('origin_instance_domain', 'text'),
      column('action_id', 'uuid'),
      column('action_status', 'text'),
      column('update_count', 'integer'),
      ...sides('source', place('source_item')),
      ...sides('target', place('target_item')),
      column('event_payload', 'jsonb'),
      column('remarks', 'text', 'null::text'),
      column('created_at', 'timestamptz'),
      performedBy,
    ],
  },
};

export const updateKey = [
  'partition_network',
  'action_type',
  'origin_instance_domain',
  'action_id',
  'update_count',
] as const;

export function columnNames(root: Root): string[] {
  return tables[root].columns.map(({ name }) => name);
}
