// Generated out of the comments and columns of the database by `npm run generate`; a test compares them.

import type { JsonObject, JsonScalar } from './arguments.js';

/** The sides of an action that a user has taken. */
export type OwnershipRole = 'initiated' | 'received';

/**
 * A row of `dpg.items`. The current record of each item: a JSON document under network, domain and type,
 * owned by a user. Partitioned by network, then by domain; the leaves are in dpg.partitions. Written by
 * dpg.upsert_item, upsert_items, update_item and delete_item.
 */
export interface Item<State = JsonObject> {
  /** Network, a key: text of 1 to 120 characters, stored as given. First partition key. */
  item_network: string;
  /** Business role in the network, a key. Second partition key. */
  item_domain: string;
  /** Type of the document, a key, such as profile_1.0. */
  item_type: string;
  /** Id of the item, unique within network, domain and type. UUID, lower case. */
  item_id: string;
  /** URL under which this instance publishes the item, at most 1,024 bytes. */
  item_instance_url: string;
  /** URL of the schema of item_state, at most 1,024 bytes. */
  item_schema_url: string;
  /** The document itself, a JSON object. */
  item_state: State;
  /** Degrees, -90 to 90, positive to the north; null with item_longitude when the item has no place. */
  item_latitude: number | null;
  /** Degrees, -180 to 180, positive to the east; null with item_latitude when the item has no place. */
  item_longitude: number | null;
  /** The owner: id of the user who created the item and alone may change it. */
  created_by: string;
  /** When the item was created. ISO 8601 in UTC with microseconds. */
  created_at: string;
  /** When the item last changed; rises with every change. ISO 8601 in UTC with microseconds. */
  updated_at: string;
  /** Status of the item, a key; dpg.define_item declares which there are, and what they mean. */
  item_status: string;
}

export const itemColumns = {
  item_network: 'text',
  item_domain: 'text',
  item_type: 'text',
  item_id: 'text',
  item_instance_url: 'text',
  item_schema_url: 'text',
  item_state: 'json',
  item_latitude: 'double',
  item_longitude: 'double',
  created_by: 'text',
  created_at: 'time',
  updated_at: 'time',
  item_status: 'text',
} as const;

/**
 * A row of dpg.find_items: the columns of dpg.items, then next_page_token, which continues after this row.
 */
export interface FoundItem<State = JsonObject> extends Item<State> {
  /** Passed as page_token with the same filters it continues after this row. */
  next_page_token: string;
}

export const foundItemColumns = {
  ...itemColumns,
  next_page_token: 'text',
} as const;

/**
 * A row of dpg.nearest_items: the columns of dpg.items, then distance_meters along the great circle and
 * next_page_token, which continues after this row.
 */
export interface NearestItem<State = JsonObject> extends FoundItem<State> {
  /** Distance in metres along the great circle. */
  distance_meters: number;
}

export const nearestItemColumns = {
  ...foundItemColumns,
  distance_meters: 'double',
} as const;

/**
 * A row of dpg.search_items: the columns of dpg.items, then relevance, by which rows are ordered, and
 * next_page_token, which continues after this row.
 */
export interface SearchedItem<State = JsonObject> extends FoundItem<State> {
  relevance: number;
}

export const searchedItemColumns = {
  ...foundItemColumns,
  relevance: 'double',
} as const;

/**
 * A row of dpg.map_items: one item with its key, or a cell of the grid that holds several: their mean place
 * (degrees), how many they are, and the edges between which they lie.
 */
export interface MapMarker {
  latitude: number;
  longitude: number;
  item_count: bigint;
  south: number;
  west: number;
  north: number;
  east: number;
  /** Domain of the item. */
  item_domain: string | null;
  /** Type of the item. */
  item_type: string | null;
  /** Id of the item. UUID, lower case. */
  item_id: string | null;
}

export const mapMarkerColumns = {
  latitude: 'double',
  longitude: 'double',
  item_count: 'bigint',
  south: 'double',
  west: 'double',
  north: 'double',
  east: 'double',
  item_domain: 'text',
  item_type: 'text',
  item_id: 'text',
} as const;

/** A row of dpg.count_facets: a field of item_state, one of its values, and how many items have it. */
export interface FacetCount<Value = JsonScalar> {
  field: string;
  value: Value;
  item_count: bigint;
}

export const facetCountColumns = {
  field: 'text',
  value: 'json',
  item_count: 'bigint',
} as const;

/**
 * A row of `dpg.item_actions`. The current state of each action: a request from a source item to a target
 * item of this instance. Listed by the target's network, then by action type. Written by dpg.perform_action,
 * receive_action, transition_action and receive_transition.
 */
export interface Action<Json = JsonObject> {
  /** The target's network. First partition key. */
  partition_network: string;
  /** Kind of action, a key, such as connect. Second partition key. */
  action_type: string;
  /** Id of the action, unique within partition_network and action_type. UUID, lower case. */
  action_id: string;
  /** Current status, a key. */
  action_status: string;
  /** How often the action has changed: 0 when created, one more with each transition. */
  update_count: number;
  /** What the source asked for when the action was created, a JSON object. */
  requirements_snapshot: Json;
  /** The latest short note on the status, for people. */
  remarks: string | null;
  /** Network of the item that the action starts from. */
  source_item_network: string;
  /** Domain of the source item. */
  source_item_domain: string;
  /** Type of the source item. */
  source_item_type: string;
  /** Id of the source item, on its own instance. UUID, lower case. */
  source_item_id: string;
  /** URL of the source item's instance when the action was created. */
  source_item_instance_url: string;
  /** Owner of the source item when the action was created: the party that initiated. */
  source_item_owner: string;
  /** Network of the item that the action is for; equal to partition_network. */
  target_item_network: string;
  /** Domain of the target item. */
  target_item_domain: string;
  /** Type of the target item. */
  target_item_type: string;
  /** Id of the target item, an item of this instance. UUID, lower case. */
  target_item_id: string;
  /** URL of the target item's instance when the action was created; the origin of the action's events. */
  target_item_instance_url: string;
  /** Owner of the target item when the action was created: the party that received. */
  target_item_owner: string;
  /** When the action was created: the time of its first event. ISO 8601 in UTC with microseconds. */
  created_at: string;
  /** When the action last changed: the time of its last event. ISO 8601 in UTC with microseconds. */
  updated_at: string;
  /**
   * Degrees; where the source item was when the action was created. Copied to each event, so that a
   * transition reads no item.
   */
  source_item_latitude: number | null;
  /** Degrees; where the source item was when the action was created. */
  source_item_longitude: number | null;
  /** Degrees; where the target item was when the action was created. */
  target_item_latitude: number | null;
  /** Degrees; where the target item was when the action was created. */
  target_item_longitude: number | null;
  /**
   * Whether the source item is of this instance. Where it is not, source_item_owner is a user of another
   * instance, and no user of this one is that party, whatever the id.
   */
  source_item_is_local: boolean;
  /**
   * source_item_id when the source is an item of this instance in the same network, else null: the part of
   * the foreign key to items that can be left unchecked. Set by the functions, never by callers. UUID, lower
   * case.
   */
  source_local_item_id: string | null;
  /**
   * Who carried out the last change for the party, a key: a service or an organisation. Null: the party
   * itself.
   */
  performed_by: string | null;
}

export const actionColumns = {
  partition_network: 'text',
  action_type: 'text',
  action_id: 'text',
  action_status: 'text',
  update_count: 'integer',
  requirements_snapshot: 'json',
  remarks: 'text',
  source_item_network: 'text',
  source_item_domain: 'text',
  source_item_type: 'text',
  source_item_id: 'text',
  source_item_instance_url: 'text',
  source_item_owner: 'text',
  target_item_network: 'text',
  target_item_domain: 'text',
  target_item_type: 'text',
  target_item_id: 'text',
  target_item_instance_url: 'text',
  target_item_owner: 'text',
  created_at: 'time',
  updated_at: 'time',
  source_item_latitude: 'double',
  source_item_longitude: 'double',
  target_item_latitude: 'double',
  target_item_longitude: 'double',
  source_item_is_local: 'boolean',
  source_local_item_id: 'text',
  performed_by: 'text',
} as const;

/**
 * What became of one element of dpg.transition_actions: its index, counted from 0, then the action with its
 * status and update_count of now; or the SQLSTATE, message, HINT and DETAIL of its refusal. Then status and
 * update_count are null, and action_id is what was sent, where that is a UUID.
 */
export interface TransitionRow {
  index: number;
  /** UUID, lower case. */
  action_id: string | null;
  action_status: string | null;
  update_count: number | null;
  code: string | null;
  message: string | null;
  hint: string | null;
  detail: { [member: string]: unknown } | null;
}

export const transitionRowColumns = {
  index: 'integer',
  action_id: 'text',
  action_status: 'text',
  update_count: 'integer',
  code: 'text',
  message: 'text',
  hint: 'text',
  detail: 'json',
} as const;

/**
 * A row of `dpg.action_events`. Immutable events: one for the making and one for each change of an action,
 * also those mirrored from other instances. Listed by network, then by action type. Written together with the
 * action, or by dpg.store_event; never changed or removed (DP012).
 */
export interface ActionEvent<Json = JsonObject> {
  /** The target's network. First partition key. */
  partition_network: string;
  /** Kind of action, a key. Second partition key. */
  action_type: string;
  /** Id of the event, unique within partition_network and action_type. UUID, lower case. */
  event_id: string;
  /** URL of the instance that made the event: the one on which the action lives. */
  origin_instance_domain: string;
  /** The action that was created or changed. UUID, lower case. */
  action_id: string;
  /** Status of the action after the change. */
  action_status: string;
  /** update_count of the action after the change, 0 for its making. Gapless within an action. */
  update_count: number;
  /** Network of the source item. */
  source_item_network: string;
  /** Domain of the source item. */
  source_item_domain: string;
  /** Type of the source item. */
  source_item_type: string;
  /** Id of the source item, on its own instance. UUID, lower case. */
  source_item_id: string;
  /** URL of the source item's instance when the action was created. */
  source_item_instance_url: string;
  /** Owner of the source item when the action was created. */
  source_item_owner: string;
  /** Degrees; where the source item was when the action was created. */
  source_item_latitude: number | null;
  /** Degrees; where the source item was when the action was created. */
  source_item_longitude: number | null;
  /** Network of the target item. */
  target_item_network: string;
  /** Domain of the target item. */
  target_item_domain: string;
  /** Type of the target item. */
  target_item_type: string;
  /** Id of the target item, on its own instance. UUID, lower case. */
  target_item_id: string;
  /** URL of the target item's instance when the action was created. */
  target_item_instance_url: string;
  /** Owner of the target item when the action was created. */
  target_item_owner: string;
  /** Degrees; where the target item was when the action was created. */
  target_item_latitude: number | null;
  /** Degrees; where the target item was when the action was created. */
  target_item_longitude: number | null;
  /**
   * The business event itself, a JSON object: whatever would change the meaning of the event. {"status":
   * <status>} unless given.
   */
  event_payload: Json;
  /** The short note that was given with this change, for people; null when none was given. */
  remarks: string | null;
  /**
   * When the change was made; rises with update_count within an action. ISO 8601 in UTC with microseconds.
   */
  created_at: string;
  /** Whether the source item is of this instance, so that source_item_owner is a user of this one. */
  source_item_is_local: boolean;
  /**
   * Whether the event was created by this instance, so that target_item_owner is a user of this one; false
   * for a mirrored event.
   */
  target_item_is_local: boolean;
  /**
   * Who carried out the change for the party, a key: a service or an organisation. Null: the party itself, or
   * an event of before 0.2.0.
   */
  performed_by: string | null;
  /** Whose side the change came from: source or target. Null in events of before 0.2.0. */
  acting_side: 'source' | 'target' | null;
}

export const actionEventColumns = {
  partition_network: 'text',
  action_type: 'text',
  event_id: 'text',
  origin_instance_domain: 'text',
  action_id: 'text',
  action_status: 'text',
  update_count: 'integer',
  source_item_network: 'text',
  source_item_domain: 'text',
  source_item_type: 'text',
  source_item_id: 'text',
  source_item_instance_url: 'text',
  source_item_owner: 'text',
  source_item_latitude: 'double',
  source_item_longitude: 'double',
  target_item_network: 'text',
  target_item_domain: 'text',
  target_item_type: 'text',
  target_item_id: 'text',
  target_item_instance_url: 'text',
  target_item_owner: 'text',
  target_item_latitude: 'double',
  target_item_longitude: 'double',
  event_payload: 'json',
  remarks: 'text',
  created_at: 'time',
  source_item_is_local: 'boolean',
  target_item_is_local: 'boolean',
  performed_by: 'text',
  acting_side: 'text',
} as const;

/**
 * A row of dpg.find_actions: the columns of dpg.item_actions, then ownership_roles (initiated, received or
 * both: the part of the actor in it), state and status of both items where they were asked for and are items
 * of this instance, and next_page_token, which continues after this row.
 */
export interface FoundAction<Json = JsonObject> extends Action<Json> {
  /** The actor's part: initiated (owner of the source), received (owner of the target), or both. */
  ownership_roles: OwnershipRole[];
  source_item_state: Json | null;
  source_item_status: string | null;
  target_item_state: Json | null;
  target_item_status: string | null;
  /** Passed as page_token with the same filters it continues after this row. */
  next_page_token: string;
}

export const foundActionColumns = {
  ...actionColumns,
  ownership_roles: 'texts',
  source_item_state: 'json',
  source_item_status: 'text',
  target_item_state: 'json',
  target_item_status: 'text',
  next_page_token: 'text',
} as const;

/**
 * A row of dpg.count_actions: the part of the actor (initiated or received), network, type and status of
 * actions, how many there are, and when one of them last changed.
 */
export interface ActionCount {
  ownership_role: OwnershipRole;
  partition_network: string;
  action_type: string;
  action_status: string;
  action_count: bigint;
  /** ISO 8601 in UTC with microseconds. */
  latest_at: string;
}

export const actionCountColumns = {
  ownership_role: 'text',
  partition_network: 'text',
  action_type: 'text',
  action_status: 'text',
  action_count: 'bigint',
  latest_at: 'time',
} as const;

/**
 * A row of dpg.count_item_actions: the key of an item, its part (initiated: the source, received: the
 * target), network, type and status of actions, how many there are, and when one of them last changed.
 */
export interface ItemActionCount {
  /** Network of the item. */
  item_network: string;
  /** Domain of the item. */
  item_domain: string;
  /** Type of the item. */
  item_type: string;
  /** Id of the item. UUID, lower case. */
  item_id: string;
  ownership_role: OwnershipRole;
  partition_network: string;
  action_type: string;
  action_status: string;
  action_count: bigint;
  /** ISO 8601 in UTC with microseconds. */
  latest_at: string;
}

export const itemActionCountColumns = {
  item_network: 'text',
  item_domain: 'text',
  item_type: 'text',
  item_id: 'text',
  ownership_role: 'text',
  partition_network: 'text',
  action_type: 'text',
  action_status: 'text',
  action_count: 'bigint',
  latest_at: 'time',
} as const;

/**
 * A row of dpg.find_events: the columns of dpg.action_events, then ownership_roles (initiated, received or
 * both: the part of the actor in it) and next_page_token, which continues after this row.
 */
export interface FoundEvent<Json = JsonObject> extends ActionEvent<Json> {
  /** The actor's part: initiated (owner of the source), received (owner of the target), or both. */
  ownership_roles: OwnershipRole[];
  /** Passed as page_token with the same filters it continues after this row. */
  next_page_token: string;
}

export const foundEventColumns = {
  ...actionEventColumns,
  ownership_roles: 'texts',
  next_page_token: 'text',
} as const;

/**
 * A row of dpg.read_events and dpg.read_retries: its position in the feed, the lease under which it was
 * handed out, then the columns of dpg.action_events.
 */
export interface FeedEvent<Json = JsonObject> extends ActionEvent<Json> {
  /** Position in the feed, passed to acknowledge. */
  position: bigint;
  /**
   * The lease under which the event was handed out: pass it on to acknowledge, release_events, fail_event and
   * settle_event. UUID, lower case.
   */
  lease_id: string;
}

export const feedEventColumns = {
  ...actionEventColumns,
  position: 'bigint',
  lease_id: 'text',
} as const;

/** A row of dpg.read_item_changes: an item that has changed, as it is when it is read. */
export interface ItemChangeRow<State = JsonObject> {
  /** Position within the subscription, passed to acknowledge. Rises, with gaps. */
  position: bigint;
  /**
   * The lease under which the change was handed out: pass it on to acknowledge and release_events. UUID,
   * lower case.
   */
  lease_id: string;
  /**
   * upserted: the item is there, as the other columns say. deleted: it is not there, and the columns after
   * its key are null.
   */
  change: 'upserted' | 'deleted';
  /** Network, a key: text of 1 to 120 characters, stored as given. First partition key. */
  item_network: string;
  /** Business role in the network, a key. Second partition key. */
  item_domain: string;
  /** Type of the document, a key, such as profile_1.0. */
  item_type: string;
  /** Id of the item, unique within network, domain and type. UUID, lower case. */
  item_id: string;
  /** URL under which this instance publishes the item, at most 1,024 bytes. */
  item_instance_url: string | null;
  /** URL of the schema of item_state, at most 1,024 bytes. */
  item_schema_url: string | null;
  /** The document itself, a JSON object. */
  item_state: State | null;
  /** Degrees, -90 to 90, positive to the north; null with item_longitude when the item has no place. */
  item_latitude: number | null;
  /** Degrees, -180 to 180, positive to the east; null with item_latitude when the item has no place. */
  item_longitude: number | null;
  /** The owner: id of the user who created the item and alone may change it. */
  created_by: string | null;
  /** When the item was created. ISO 8601 in UTC with microseconds. */
  created_at: string | null;
  /** When the item last changed; rises with every change. ISO 8601 in UTC with microseconds. */
  updated_at: string | null;
  /** Status of the item, a key; dpg.define_item declares which there are, and what they mean. */
  item_status: string | null;
}

export const itemChangeRowColumns = {
  position: 'bigint',
  lease_id: 'text',
  change: 'text',
  item_network: 'text',
  item_domain: 'text',
  item_type: 'text',
  item_id: 'text',
  item_instance_url: 'text',
  item_schema_url: 'text',
  item_state: 'json',
  item_latitude: 'double',
  item_longitude: 'double',
  created_by: 'text',
  created_at: 'time',
  updated_at: 'time',
  item_status: 'text',
} as const;

/**
 * A row of `dpg.subscriptions`. Who reads the feed of events or of items, and how far. Written by
 * dpg.create_subscription, create_item_subscription, read_events, read_item_changes, acknowledge,
 * release_events, fail_event and drop_subscription. dpg.subscription_status says how far behind each is.
 */
export interface Subscription {
  /** Name of the subscription, a key. */
  subscription: string;
  /** Only events of this network; all when null. */
  partition_network: string | null;
  /** Only events of this action type; all when null. */
  action_type: string | null;
  /**
   * Only events for this instance, that of the action's source, in any spelling of its URL; all when null.
   */
  source_item_instance_url: string | null;
  /** Everything up to here is done. */
  acknowledged_position: bigint;
  /** Last position of the batch that a reader works on; null when there is none. */
  leased_position: bigint | null;
  /**
   * Until then nobody else gets events: a reader works on a batch, or the batch waits for its next try. Null
   * when the next batch can be read. ISO 8601 in UTC with microseconds.
   */
  leased_until: string | null;
  /** The highest position that was ever handed out. No position beyond it can be acknowledged. */
  handed_out_position: bigint;
  /**
   * Events up to here are acknowledged or do not match the filters, so a search can begin after them. Of a
   * subscription to items always 0.
   */
  passed_position: bigint;
  /** When the subscription was created. ISO 8601 in UTC with microseconds. */
  created_at: string;
  /** When a batch was last handed out. ISO 8601 in UTC with microseconds. */
  leased_at: string | null;
  /** When acknowledged_position last moved. ISO 8601 in UTC with microseconds. */
  acknowledged_at: string | null;
  /** The last error that a reader reported. It stays when things go well again. */
  last_error: string | null;
  /** When it was reported. ISO 8601 in UTC with microseconds. */
  last_error_at: string | null;
  /**
   * Names the lease of the batch that was handed out last; null when that is acknowledged to its end or given
   * back. A reader whose lease has another name cannot end this one. UUID, lower case.
   */
  lease_id: string | null;
  /**
   * What it gets: events (dpg.read_events) or items (dpg.read_item_changes). The positions of each
   * subscription to items are its own.
   */
  kind: 'events' | 'items';
  /** Of items: only those of this network; all when null. */
  item_network: string | null;
  /** Of items: only those of this domain; all when null. */
  item_domain: string | null;
  /** Of items: only those of this type; all when null. */
  item_type: string | null;
}

export const subscriptionColumns = {
  subscription: 'text',
  partition_network: 'text',
  action_type: 'text',
  source_item_instance_url: 'text',
  acknowledged_position: 'bigint',
  leased_position: 'bigint',
  leased_until: 'time',
  handed_out_position: 'bigint',
  passed_position: 'bigint',
  created_at: 'time',
  leased_at: 'time',
  acknowledged_at: 'time',
  last_error: 'text',
  last_error_at: 'time',
  lease_id: 'text',
  kind: 'text',
  item_network: 'text',
  item_domain: 'text',
  item_type: 'text',
} as const;

/**
 * A row of `dpg.subscription_status`. How far behind each subscription is, to events and to items, and why.
 * Counting takes time in proportion to the lag. Times and locks are always as of now, so ask under read
 * committed, where rows are as of now as well. In an older snapshot is_leased, is_dead and held_back_by do
 * not belong to the rows beside them. On a standby it tells what that has replayed: lag_events and
 * lag_seconds may be off by as much as the standby is behind. What only the primary knows is null there:
 * is_leased, is_dead, held_back_by_pid, held_back_by and held_back_seconds, which say nothing on a standby.
 */
export interface SubscriptionStatus {
  /** Name of the subscription. */
  subscription: string;
  /** Its filter. */
  partition_network: string | null;
  /** Its filter. */
  action_type: string | null;
  /** Its filter. */
  source_item_instance_url: string | null;
  /** Everything up to here is done. */
  acknowledged_position: bigint;
  /** How many events, or changed items, are not acknowledged. Dead events do not count. */
  lag_events: bigint;
  /** Age of the oldest of these in seconds; 0 when there is none. */
  lag_seconds: number;
  /**
   * Whether a reader works on a batch, or the batch waits for its next try; null on a standby, which does not
   * know.
   */
  is_leased: boolean | null;
  /**
   * Whether nobody has read or acknowledged for an hour although there was something to read: its reader is
   * gone. Nothing is lost. Drop the subscription if no reader will come back. Null on a standby, which does
   * not know.
   */
  is_dead: boolean | null;
  /** How many events were given up: rows of dpg.failed_events that dpg.retry_events can revive. */
  dead_events: bigint;
  /** The last error that a reader has reported. */
  last_error: string | null;
  /** When. ISO 8601 in UTC with microseconds. */
  last_error_at: string | null;
  /**
   * The server process whose open transaction holds back the feed or the subscription; null when there is
   * none, and on a standby.
   */
  held_back_by_pid: number | null;
  /** How that transaction holds it back. */
  held_back_by: string | null;
  /**
   * Age of that transaction in seconds; null when the role of this session may not see it (pg_read_all_stats
   * may).
   */
  held_back_seconds: number | null;
  /** What it gets: events or items. */
  kind: 'events' | 'items';
  /** Its filter. */
  item_network: string | null;
  /** Its filter. */
  item_domain: string | null;
  /** Its filter. */
  item_type: string | null;
}

export const subscriptionStatusColumns = {
  subscription: 'text',
  partition_network: 'text',
  action_type: 'text',
  source_item_instance_url: 'text',
  acknowledged_position: 'bigint',
  lag_events: 'bigint',
  lag_seconds: 'double',
  is_leased: 'boolean',
  is_dead: 'boolean',
  dead_events: 'bigint',
  last_error: 'text',
  last_error_at: 'time',
  held_back_by_pid: 'integer',
  held_back_by: 'text',
  held_back_seconds: 'double',
  kind: 'text',
  item_network: 'text',
  item_domain: 'text',
  item_type: 'text',
} as const;

/**
 * A row of `dpg.failed_events`. Events that a reader of a subscription could not deal with, and how often it
 * has tried. Written by dpg.fail_event, retry_events, read_retries, settle_event and acknowledge.
 */
export interface FailedEvent {
  /** The subscription whose reader failed. */
  subscription: string;
  /** The event, by its position in the feed. */
  position: bigint;
  /**
   * failing: not acknowledged, and tried again. dead: given up after so many attempts; the subscription goes
   * on without it. retrying: was dead, and is tried again because dpg.retry_events was called.
   */
  state: 'failing' | 'dead' | 'retrying';
  /** How often it failed since it was first tried or last revived. */
  attempts: number;
  /** What went wrong last. */
  last_error: string | null;
  /** When it failed first. ISO 8601 in UTC with microseconds. */
  first_failed_at: string;
  /** When it failed last. ISO 8601 in UTC with microseconds. */
  last_failed_at: string;
  /**
   * Of a retrying event: until then a reader works on it, or it waits for its next try. ISO 8601 in UTC with
   * microseconds.
   */
  leased_until: string | null;
  /** Of the event. */
  partition_network: string;
  /** Of the event. */
  action_type: string;
  /** The event. UUID, lower case. */
  event_id: string;
  /**
   * Of a retrying event: the lease under which dpg.read_retries handed it out last. Null when it is not
   * leased. UUID, lower case.
   */
  lease_id: string | null;
}

export const failedEventColumns = {
  subscription: 'text',
  position: 'bigint',
  state: 'text',
  attempts: 'integer',
  last_error: 'text',
  first_failed_at: 'time',
  last_failed_at: 'time',
  leased_until: 'time',
  partition_network: 'text',
  action_type: 'text',
  event_id: 'text',
  lease_id: 'text',
} as const;

/**
 * A row of `dpg.peers`. The other instances that there are events for: each is the source of an event, and is
 * not this instance. A mirror needs a subscription for each. One row for each instance; of several spellings
 * of its URL, the one whose event came first.
 */
export interface Peer {
  /** URL of the other instance. */
  instance_url: string;
}

export const peerColumns = {
  instance_url: 'text',
} as const;

/**
 * A row of `dpg.networks`. The registered network documents: what a network declares, and the database
 * enforces (DP014). Written by dpg.register_network and dpg.unregister_network. A network without a row is
 * open.
 */
export interface RegisteredNetwork<Json = JsonObject> {
  /** Name of the network, as the document has it. */
  network: string;
  /** The document as it was registered. */
  document: Json;
  /** What the document says of items: each domain with an array of its item types. */
  item_types: { [item_domain: string]: string[] };
  /**
   * What the document says of actions: each action type with an array of its interactions. An interaction has
   * from_network, from_domain, from_items, to_network, to_domain and to_items. What the document leaves out
   * is filled in; only for items of another network, a missing from_items or to_items means any type.
   */
  interactions: Json;
  /** When this document was registered. ISO 8601 in UTC with microseconds. */
  registered_at: string;
  /**
   * What the schemas of the document say of the fields of items: each domain with an object of fields, each
   * with two arrays of item types: those that declare the field (declared), and those that close it to
   * facets, counts and search (closed).
   */
  item_fields: { [item_domain: string]: { [field: string]: { declared: string[]; closed: string[] } } };
}

export const registeredNetworkColumns = {
  network: 'text',
  document: 'json',
  item_types: 'json',
  interactions: 'json',
  registered_at: 'time',
  item_fields: 'json',
} as const;

/** A row of `dpg.partitions`. Every leaf: a partition of the lowest level, the table that holds rows. */
export interface Partition {
  /** Root table: items, item_actions or action_events. */
  root: 'items' | 'item_actions' | 'action_events';
  /** Network, exactly as given. */
  network: string;
  /** Domain (items) or action type (actions, events), exactly as given. */
  key: string;
  /** The table that holds the rows. Always with its schema: `dpg.i_p_yellowdot_student`. */
  leaf: string;
  /**
   * Rows as last estimated; not exact. On a standby 0 for a leaf that was never analysed: only the primary
   * counts them.
   */
  estimated_rows: bigint;
  /** Size on disk with indexes and oversized values, in bytes. */
  bytes: bigint;
}

export const partitionColumns = {
  root: 'text',
  network: 'text',
  key: 'text',
  leaf: 'table',
  estimated_rows: 'bigint',
  bytes: 'bigint',
} as const;
