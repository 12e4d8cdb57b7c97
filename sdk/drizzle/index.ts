// dpg-database/drizzle: for applications that query with drizzle-orm. Reference tables, not tables for drizzle-kit to
// manage: the migrations of this package make them.

export { item_actions } from './actions.js';
export { action_events } from './events.js';
export { items } from './items.js';
export {
  type DrizzleDatabase,
  ensureActionEventPartition,
  ensureActionPartition,
  ensureItemPartition,
} from './partitions.js';
