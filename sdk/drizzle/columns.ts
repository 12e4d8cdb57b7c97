// What the tables have in common. Each column says its name: with a `casing` of the application's database drizzle would
// make one up from the property's.

import { sql } from 'drizzle-orm';
import { text, timestamp, uuid } from 'drizzle-orm/pg-core';

/** As text, which keeps the microseconds that a Date would lose: lists and versions are told apart by them. */
export const time = (name: string) =>
  timestamp(name, { withTimezone: true, mode: 'string' }).notNull().default(sql`clock_timestamp()`);

export const source = () => ({
  source_item_network: text('source_item_network').notNull(),
  source_item_domain: text('source_item_domain').notNull(),
  source_item_type: text('source_item_type').notNull(),
  source_item_id: uuid('source_item_id').notNull(),
  source_item_instance_url: text('source_item_instance_url').notNull(),
  /** Owner of the source item when the action was made: the party that initiated. */
  source_item_owner: text('source_item_owner').notNull(),
});

export const target = () => ({
  target_item_network: text('target_item_network').notNull(),
  target_item_domain: text('target_item_domain').notNull(),
  target_item_type: text('target_item_type').notNull(),
  target_item_id: uuid('target_item_id').notNull(),
  target_item_instance_url: text('target_item_instance_url').notNull(),
  /** Owner of the target item when the action was made: the party that received. */
  target_item_owner: text('target_item_owner').notNull(),
});
