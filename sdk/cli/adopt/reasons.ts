// Why a row cannot go to dpg: what its tables' constraints and the arguments of its functions refuse. A reason is a code
// and, where one column is to blame, its name: 'key item_type'.

import type { Root } from './tables.js';

export const explanations: Record<string, string> = {
  key: 'is missing, blank or longer than 120 characters',
  id: 'is missing',
  url: 'is missing, blank or longer than 1,024 bytes',
  object: 'is no JSON object',
  size: 'is longer than the limit json_bytes_per_document of dpg.limits',
  note: 'is longer than 65,536 bytes',
  count: 'is missing or negative',
  time: 'is missing, or not between the years 1 and 9999',
  coordinates: 'has one coordinate only, or one that is out of range or no number',
  user: 'is no user in public."user"',
  owner: 'is missing, and no item tells it',
  'owner created_by': 'is missing',
  network: 'partition_network is not the network of the target',
  repeated: 'another row has the same key, and that one is moved',
  event_twice:
    'another event has the same origin, action and update_count, and that one, the older, is moved',
  differs: 'dpg has a row with this key and other content',
  target_missing: 'its target is not among the items that can be moved',
  source_missing: 'its source is an item that cannot be moved',
  action_missing: 'it was made here, and its action is not among those that can be moved',
  missing: 'neither in dpg nor in quarantine: deleted in dpg since, or written past the trigger',
  ahead: 'its update_count is higher than that of its action, which could never be changed again',
};

/** In words: `item_type is missing, blank or longer than 120 characters`. */
export function explain(reason: string): string {
  const [code = '', column] = reason.split(' ');
  return [column, explanations[reason] ?? explanations[code] ?? code].filter(Boolean).join(' ');
}

/** What can be done besides mending the rows. */
export function remedy(reason: string): string | undefined {
  if (reason === 'owner created_by') return 'Name a user for them with --owner-of-none <user>.';
  if (reason.startsWith('owner '))
    return 'Where the item is of this instance, --owner-of-none <user> names a user; where it is of another, --unknown-owners names the tombstone of erased users.';
  if (reason === 'user created_by')
    return 'Create these users in public."user" first; they are listed below.';
  if (reason.startsWith('size '))
    return `dpg_admin can raise the limit: update dpg.limits set limit_value = … where limit_name = 'json_bytes_per_document';`;
  return undefined;
}

/** A list of `case when … then '<reason>' end`, of columns of the rows `o`. */
export function reasonsOf(root: Root, documentBytes: number | undefined): string[] {
  return reasonsByRoot[root].flatMap(({ code, columns, when }) =>
    columns.length === 0
      ? [`case when ${when('', documentBytes)} then '${code}' end`]
      : columns.map(
          (column) => `case when ${when(`o.${column}`, documentBytes)} then '${code} ${column}' end`,
        ),
  );
}

/** Whether `<place>_latitude` and `<place>_longitude` are both null, or degrees of a place on earth. */
export function isPlace(place: string): string {
  return `case
    when ${place}_latitude is null or ${place}_longitude is null then ${place}_latitude is null and ${place}_longitude is null
    else ${place}_latitude between -90 and 90 and ${place}_longitude between -180 and 180
  end`;
}

interface Rule {
  code: string;
  columns: readonly string[];
  /** True where the row is refused; a null is no refusal. */
  when(column: string, documentBytes: number | undefined): string;
}

const key = (...columns: string[]): Rule => ({
  code: 'key',
  columns,
  when: (column) => `dpg_private.is_key(${column}) is not true`,
});
const keyOrNone = (...columns: string[]): Rule => ({
  code: 'key',
  columns,
  when: (column) => `${column} is not null and dpg_private.is_key(${column}) is not true`,
});
/** A blank one has a reason of its own. */
const keyOrBlank = (...columns: string[]): Rule => ({
  code: 'key',
  columns,
  when: (column) => `${column} ~ '\\S' and dpg_private.is_key(${column}) is not true`,
});
const owner: Rule = {
  code: 'owner',
  columns: ['created_by'],
  when: (column) => `(${column} ~ '\\S') is not true`,
};
const id = (...columns: string[]): Rule => ({
  code: 'id',
  columns,
  when: (column) => `${column} is null`,
});
const url = (...columns: string[]): Rule => ({
  code: 'url',
  columns,
  when: (column) => `dpg_private.is_url(${column}) is not true`,
});
const object = (...columns: string[]): Rule => ({
  code: 'object',
  columns,
  when: (column) => `jsonb_typeof(${column}) is distinct from 'object'`,
});
const size = (...columns: string[]): Rule => ({
  code: 'size',
  columns,
  when: (column, bytes) => (bytes === undefined ? 'false' : `octet_length(${column}::text) > ${bytes}`),
});
const note = (...columns: string[]): Rule => ({
  code: 'note',
  columns,
  when: (column) => `octet_length(${column}) > 65536`,
});
const count = (...columns: string[]): Rule => ({
  code: 'count',
  columns,
  when: (column) => `(${column} >= 0) is not true`,
});
const time = (...columns: string[]): Rule => ({
  code: 'time',
  columns,
  when: (column) =>
    `(${column} >= '0001-01-01 00:00:00+00' and ${column} < '10000-01-01 00:00:00+00') is not true`,
});
const coordinates = (...places: string[]): Rule => ({
  code: 'coordinates',
  columns: places,
  when: (place) => `not ${isPlace(place)}`,
});
const network: Rule = {
  code: 'network',
  columns: [],
  when: () => 'o.partition_network <> o.target_item_network',
};

const sideKeys = ['source', 'target'].flatMap((side) =>
  ['network', 'domain', 'type'].map((column) => `${side}_item_${column}`),
);

// Owners are looked at after they were filled: see stages.ts.
const reasonsByRoot: Record<Root, readonly Rule[]> = {
  items: [
    key('item_network', 'item_domain', 'item_type', 'item_status'),
    owner,
    keyOrBlank('created_by'),
    id('item_id'),
    url('item_instance_url', 'item_schema_url'),
    object('item_state'),
    size('item_state'),
    coordinates('item'),
    time('created_at', 'updated_at'),
  ],
  item_actions: [
    key('partition_network', 'action_type', 'action_status', ...sideKeys),
    id('action_id', 'source_item_id', 'target_item_id'),
    url('source_item_instance_url', 'target_item_instance_url'),
    object('requirements_snapshot'),
    size('requirements_snapshot'),
    note('remarks'),
    keyOrNone('performed_by'),
    count('update_count'),
    time('created_at', 'updated_at'),
    network,
  ],
  action_events: [
    key('partition_network', 'action_type', 'action_status', ...sideKeys),
    id('event_id', 'action_id', 'source_item_id', 'target_item_id'),
    url('origin_instance_domain', 'source_item_instance_url', 'target_item_instance_url'),
    object('event_payload'),
    size('event_payload'),
    note('remarks'),
    keyOrNone('performed_by'),
    count('update_count'),
    coordinates('source_item', 'target_item'),
    time('created_at'),
    network,
  ],
};
