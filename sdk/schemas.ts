// The zod schemas of all arguments, one for each method. `schemas.upsertItem.parse(…)` returns what would be sent.

export {
  actionRef,
  countActions,
  countItemActions,
  defineAction,
  findActions,
  performAction,
  receiveAction,
  receiveTransition,
  transitionAction,
  transitionActions,
} from './actions.js';
export { key, url } from './arguments.js';
export { findEvents, storeEvent } from './events.js';
export {
  acknowledgeEvents,
  createSubscription,
  dropSubscription,
  failEvent,
  listFailedEvents,
  listSubscriptions,
  readEvents,
  readRetries,
  releaseEvents,
  retryEvents,
  settleEvent,
} from './feed.js';
export { createItemSubscription, readItemChanges } from './item-changes.js';
export {
  countFacets,
  countItems,
  defineItem,
  defineSearch,
  findItems,
  findOwnItems,
  getItem,
  getItems,
  itemRef,
  mapItems,
  nearestItems,
  refreshSearch,
  searchItems,
  setItemStatus,
  updateItem,
  upsertItem,
  upsertItems,
} from './items.js';
export { defineNetwork } from './networks.js';
export { ensureActionPartition, ensureItemPartition, listPartitions } from './partitions.js';
