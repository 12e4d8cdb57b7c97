// The seed's reference tables: what drizzle has to know of the parents.

import { doublePrecision, integer, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

export const items = pgTable('items', {
  item_network: text().notNull(),
  item_domain: text().notNull(),
  item_type: text().notNull(),
  item_id: uuid().notNull().defaultRandom(),
  item_instance_url: text().notNull(),
  item_schema_url: text().notNull(),
  item_state: jsonb().notNull().default({}),
  item_latitude: doublePrecision(),
  item_longitude: doublePrecision(),
  created_by: text().notNull(),
  created_at: timestamp().notNull().defaultNow(),
  updated_at: timestamp().notNull().defaultNow(),
});

const ends = {
  source_item_network: text().notNull(),
  source_item_domain: text().notNull(),
  source_item_type: text().notNull(),
  source_item_id: uuid().notNull(),
  source_item_instance_url: text().notNull(),
  source_item_owner: text().notNull(),
  target_item_network: text().notNull(),
  target_item_domain: text().notNull(),
  target_item_type: text().notNull(),
  target_item_id: uuid().notNull(),
  target_item_instance_url: text().notNull(),
  target_item_owner: text().notNull(),
};

export const item_actions = pgTable('item_actions', {
  partition_network: text().notNull(),
  action_type: text().notNull(),
  action_id: uuid().notNull().defaultRandom(),
  action_status: text().notNull(),
  update_count: integer().notNull().default(0),
  requirements_snapshot: jsonb().notNull().default({}),
  remarks: text(),
  ...ends,
  created_at: timestamp().notNull().defaultNow(),
  updated_at: timestamp().notNull().defaultNow(),
});

export const action_events = pgTable('action_events', {
  partition_network: text().notNull(),
  action_type: text().notNull(),
  event_id: uuid().notNull().defaultRandom(),
  origin_instance_domain: text().notNull(),
  action_id: uuid().notNull(),
  action_status: text().notNull(),
  update_count: integer().notNull().default(0),
  ...ends,
  source_item_latitude: doublePrecision(),
  source_item_longitude: doublePrecision(),
  target_item_latitude: doublePrecision(),
  target_item_longitude: doublePrecision(),
  event_payload: jsonb().notNull().default({}),
  remarks: text(),
  created_at: timestamp().notNull().defaultNow(),
});
