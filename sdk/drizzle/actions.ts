import { sql } from 'drizzle-orm';
import { boolean, doublePrecision, integer, jsonb, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { JsonObject } from '../arguments.js';
import { source, target, time } from './columns.js';
import { dpg } from './schema.js';

/**
 * `dpg.item_actions`: the current state of each action. Filter by `partition_network`, the target's network, and by
 * `action_type`, so that one partition is read.
 *
 * A row that is inserted here, not by `perform_action`, has no event, its source item can be deleted, and nobody has
 * checked who owns the items.
 */
export const item_actions = dpg.table(
  'item_actions',
  {
    partition_network: text('partition_network').notNull(),
    action_type: text('action_type').notNull(),
    action_id: uuid('action_id').notNull().defaultRandom(),
    action_status: text('action_status').notNull(),
    /** How often the action has changed: 0 when made. */
    update_count: integer('update_count').notNull().default(0),
    requirements_snapshot: jsonb('requirements_snapshot').$type<JsonObject>().notNull().default(sql`'{}'`),
    remarks: text('remarks'),
    ...source(),
    ...target(),
    created_at: time('created_at'),
    updated_at: time('updated_at'),
    source_item_latitude: doublePrecision('source_item_latitude'),
    source_item_longitude: doublePrecision('source_item_longitude'),
    target_item_latitude: doublePrecision('target_item_latitude'),
    target_item_longitude: doublePrecision('target_item_longitude'),
    /** Where it is false, `source_item_owner` is a user of another instance. */
    source_item_is_local: boolean('source_item_is_local').notNull().default(true),
    /** Set by the functions, never by callers. */
    source_local_item_id: uuid('source_local_item_id'),
    /** Who carried out the last change for the party; null: the party itself. */
    performed_by: text('performed_by'),
  },
  (action) => [
    primaryKey({
      name: 'item_actions_pkey',
      columns: [action.partition_network, action.action_type, action.action_id],
    }),
  ],
);
