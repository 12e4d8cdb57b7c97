import { sql } from 'drizzle-orm';
import { doublePrecision, jsonb, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { JsonObject } from '../arguments.js';
import { time } from './columns.js';
import { dpg } from './schema.js';

/**
 * `dpg.items`: the current record of each item. Filter by `item_network` and `item_domain`, so that one partition is read.
 *
 * A row that is inserted here, not by `upsert_item`, comes without the checks of keys and URLs, and its URL does not
 * become one of this instance.
 */
export const items = dpg.table(
  'items',
  {
    item_network: text('item_network').notNull(),
    item_domain: text('item_domain').notNull(),
    item_type: text('item_type').notNull(),
    item_id: uuid('item_id').notNull().defaultRandom(),
    item_instance_url: text('item_instance_url').notNull(),
    item_schema_url: text('item_schema_url').notNull(),
    item_state: jsonb('item_state').$type<JsonObject>().notNull().default(sql`'{}'`),
    item_latitude: doublePrecision('item_latitude'),
    item_longitude: doublePrecision('item_longitude'),
    /** The owner: a user of `public."user"`. */
    created_by: text('created_by').notNull(),
    created_at: time('created_at'),
    updated_at: time('updated_at'),
    /** `dpg.define_item` declares which there are. One that is set here is not checked against it. */
    item_status: text('item_status').notNull().default('live'),
  },
  (item) => [
    primaryKey({
      name: 'items_pkey',
      columns: [item.item_network, item.item_domain, item.item_type, item.item_id],
    }),
  ],
);
