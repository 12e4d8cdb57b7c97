import { sql } from 'drizzle-orm';
import {
  boolean,
  doublePrecision,
  integer,
  jsonb,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import type { JsonObject } from '../arguments.js';
import { source, target, time } from './columns.js';
import { dpg } from './schema.js';

/**
 * `dpg.action_events`: immutable events. Filter by `partition_network` and `action_type`, so that one partition is read.
 *
 * A row that is inserted here, not together with its action, is not in the feed: no subscription and no other instance
 * gets it. An update or delete is refused (DP012).
 */
export const action_events = dpg.table(
  'action_events',
  {
    partition_network: text('partition_network').notNull(),
    action_type: text('action_type').notNull(),
    event_id: uuid('event_id').notNull().defaultRandom(),
    /** URL of the instance that made the event: the one on which the action lives. */
    origin_instance_domain: text('origin_instance_domain').notNull(),
    action_id: uuid('action_id').notNull(),
    action_status: text('action_status').notNull(),
    update_count: integer('update_count').notNull().default(0),
    ...source(),
    source_item_latitude: doublePrecision('source_item_latitude'),
    source_item_longitude: doublePrecision('source_item_longitude'),
    ...target(),
    target_item_latitude: doublePrecision('target_item_latitude'),
    target_item_longitude: doublePrecision('target_item_longitude'),
    event_payload: jsonb('event_payload').$type<JsonObject>().notNull().default(sql`'{}'`),
    remarks: text('remarks'),
    created_at: time('created_at'),
    /** Where it is false, `source_item_owner` is a user of another instance. */
    source_item_is_local: boolean('source_item_is_local').notNull().default(true),
    /** Where it is false, the event was mirrored, and `target_item_owner` is a user of another instance. */
    target_item_is_local: boolean('target_item_is_local').notNull().default(true),
    /** Who carried out the change for the party; null: the party itself. */
    performed_by: text('performed_by'),
    /** Whose side the change came from; null in events of before 0.2.0. */
    acting_side: text('acting_side', { enum: ['source', 'target'] }),
  },
  (event) => [
    primaryKey({
      name: 'action_events_pkey',
      columns: [event.partition_network, event.action_type, event.event_id],
    }),
    unique('action_events_update_key').on(
      event.partition_network,
      event.action_type,
      event.origin_instance_domain,
      event.action_id,
      event.update_count,
    ),
  ],
);
