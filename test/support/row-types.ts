// sdk/rows.ts: the rows of tables, views and composite types as TypeScript has them, and how each column is read.

import type postgres from 'postgres';
import { type Column, type Relation, readObjects } from './reference/objects.js';

/** A row that the SDK returns. */
export interface RowType {
  relation: string;
  name: string;
  /** The row whose columns this one has too: theirs are not repeated. */
  base?: string;
  /** Types that say more than the column's own. */
  types?: Record<string, string>;
  /** The parameter of the type, where it is not that of its documents. */
  parameter?: string;
  /** The catalogue says of tables only which columns can be null; these can be in a view or a composite type. */
  nullable?: string[];
}

const ROLES = { ownership_roles: 'OwnershipRole[]' };
const ROLE = { ownership_role: 'OwnershipRole' };

export const rowTypes: RowType[] = [
  { relation: 'items', name: 'Item', types: { item_state: 'State' } },
  { relation: 'found_item', name: 'FoundItem', base: 'Item' },
  { relation: 'nearest_item', name: 'NearestItem', base: 'FoundItem' },
  { relation: 'searched_item', name: 'SearchedItem', base: 'FoundItem' },
  { relation: 'map_marker', name: 'MapMarker', nullable: ['item_domain', 'item_type', 'item_id'] },
  { relation: 'facet_count', name: 'FacetCount', types: { value: 'Value' }, parameter: 'Value = JsonScalar' },
  { relation: 'item_actions', name: 'Action' },
  {
    relation: 'transition_result',
    name: 'TransitionRow',
    types: { detail: '{ [member: string]: unknown }' },
    nullable: ['action_id', 'action_status', 'update_count', 'code', 'message', 'hint', 'detail'],
  },
  { relation: 'action_events', name: 'ActionEvent', types: { acting_side: "'source' | 'target'" } },
  {
    relation: 'found_action',
    name: 'FoundAction',
    base: 'Action',
    types: ROLES,
    nullable: [...['source_item_state', 'source_item_status', 'target_item_state', 'target_item_status']],
  },
  { relation: 'action_count', name: 'ActionCount', types: ROLE },
  { relation: 'item_action_count', name: 'ItemActionCount', types: ROLE },
  { relation: 'found_event', name: 'FoundEvent', base: 'ActionEvent', types: ROLES },
  { relation: 'feed_event', name: 'FeedEvent', base: 'ActionEvent' },
  {
    relation: 'item_change',
    name: 'ItemChangeRow',
    types: { change: "'upserted' | 'deleted'", item_state: 'State' },
    nullable: [
      ...['item_instance_url', 'item_schema_url', 'item_state', 'item_latitude', 'item_longitude'],
      ...['created_by', 'created_at', 'updated_at', 'item_status'],
    ],
  },
  { relation: 'subscriptions', name: 'Subscription', types: { kind: "'events' | 'items'" } },
  {
    relation: 'subscription_status',
    name: 'SubscriptionStatus',
    types: { kind: "'events' | 'items'" },
    nullable: [
      ...['item_network', 'item_domain', 'item_type'],
      ...['partition_network', 'action_type', 'source_item_instance_url', 'last_error', 'last_error_at'],
      ...['held_back_by_pid', 'held_back_by', 'held_back_seconds'],
      ...['is_leased', 'is_dead'], // on a standby
    ],
  },
  {
    relation: 'failed_events',
    name: 'FailedEvent',
    types: { state: "'failing' | 'dead' | 'retrying'" },
  },
  { relation: 'peers', name: 'Peer' },
  {
    relation: 'networks',
    name: 'RegisteredNetwork',
    types: {
      item_types: '{ [item_domain: string]: string[] }',
      item_fields: '{ [item_domain: string]: { [field: string]: { declared: string[]; closed: string[] } } }',
    },
  },
  {
    relation: 'partitions',
    name: 'Partition',
    types: { root: "'items' | 'item_actions' | 'action_events'" },
  },
];

/** By the column's type: how sdk/columns.ts reads it, what it is then, and what the comment does not say of its form. */
const types: Record<string, { kind: string; type: string; form?: string }> = {
  text: { kind: 'text', type: 'string' },
  uuid: { kind: 'text', type: 'string', form: 'UUID, lower case.' },
  integer: { kind: 'integer', type: 'number' },
  bigint: { kind: 'bigint', type: 'bigint' },
  'double precision': { kind: 'double', type: 'number' },
  real: { kind: 'double', type: 'number' },
  boolean: { kind: 'boolean', type: 'boolean' },
  jsonb: { kind: 'json', type: 'Json' },
  'timestamp with time zone': { kind: 'time', type: 'string', form: 'ISO 8601 in UTC with microseconds.' },
  regclass: { kind: 'table', type: 'string', form: 'Always with its schema: `dpg.i_p_yellowdot_student`.' },
  'text[]': { kind: 'texts', type: 'string[]' },
};

export async function rowTypesFile(sql: postgres.Sql): Promise<string> {
  const { relations } = await readObjects(sql);
  return [
    '// Generated out of the comments and columns of the database by `npm run generate`; a test compares them.',
    '',
    "import type { JsonObject, JsonScalar } from './arguments.js';",
    '',
    '/** The sides of an action that a user has taken. */',
    "export type OwnershipRole = 'initiated' | 'received';",
    ...rowTypes.flatMap((row) => ['', ...declaration(row, relations)]),
    '',
  ].join('\n');
}

function declaration(row: RowType, relations: Relation[]): string[] {
  const relation = named(row.relation, relations);
  const base = rowTypes.find(({ name }) => name === row.base);
  const inherited = base ? allColumns(base, relations) : [];
  for (const { name, type } of inherited) {
    if (!relation.columns.some((column) => column.name === name && column.type === type))
      throw new Error(
        `dpg.${row.relation} has no column ${name} of type ${type}, as dpg.${base?.relation} has`,
      );
  }
  const own = relation.columns.filter(({ name }) => !inherited.some((column) => column.name === name));
  const parameter = documentOf(row, relations);
  const inheritedParameter = base && documentOf(base, relations);
  const taken = row.parameter ? `<${row.parameter}>` : parameter ? `<${parameter} = JsonObject>` : '';
  const extended = base ? ` extends ${base.name}${inheritedParameter ? `<${inheritedParameter}>` : ''}` : '';
  return [
    comment(whatItIs(relation), ''),
    `export interface ${row.name}${taken}${extended} {`,
    ...own.flatMap((column) => member(row, relation, column)),
    '}',
    '',
    `export const ${columnsOf(row)} = {`,
    ...(base ? [`  ...${columnsOf(base)},`] : []),
    ...own.map(({ name, type }) => `  ${name}: '${known(type).kind}',`),
    '} as const;',
  ];
}

function member(row: RowType, relation: Relation, column: Column): string[] {
  const { type, form } = known(column.type);
  const isNullable = relation.kind === 'table' ? column.isNullable : row.nullable?.includes(column.name);
  const text = [column.comment, form].filter(Boolean).join(' ');
  return [
    ...(text ? [comment(text, '  ')] : []),
    `  ${column.name}: ${row.types?.[column.name] ?? type}${isNullable ? ' | null' : ''};`,
  ];
}

function allColumns(row: RowType, relations: Relation[]): Column[] {
  return named(row.relation, relations).columns;
}

/** The parameter of a row that has documents: of the type that the caller may know, or that the SDK was told to read. */
export function documentOf(row: RowType, relations: Relation[]): string | undefined {
  const base = rowTypes.find(({ name }) => name === row.base);
  if (base) return documentOf(base, relations);
  if (row.parameter) return row.parameter;
  if (Object.values(row.types ?? {}).includes('State')) return 'State';
  const isDocument = ({ name, type }: Column) => type === 'jsonb' && !row.types?.[name];
  return named(row.relation, relations).columns.some(isDocument) ? 'Json' : undefined;
}

export function columnsOf({ name }: RowType): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}Columns`;
}

function named(name: string, relations: Relation[]): Relation {
  const relation = relations.find((one) => one.name === name);
  if (!relation) throw new Error(`there is no dpg.${name}`);
  return relation;
}

function known(type: string) {
  const found = types[type];
  if (!found) throw new Error(`sdk/columns.ts reads no columns of type ${type}`);
  return found;
}

/** A composite type's comment begins as those of the others are made to. */
function whatItIs(relation: Relation): string {
  return relation.kind === 'type'
    ? relation.comment
    : `A row of \`dpg.${relation.name}\`. ${relation.comment}`;
}

const WIDTH = 110;

function comment(text: string, indent: string): string {
  const line = `${indent}/** ${text} */`;
  if (line.length <= WIDTH) return line;
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= WIDTH) lines.push(`${lines.pop()} ${word}`);
    else lines.push(`${indent} * ${word}`);
  }
  return [`${indent}/**`, ...lines, `${indent} */`].join('\n');
}
