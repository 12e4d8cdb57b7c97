export type {
  Action,
  ActionCount,
  ActionRef,
  ActorActions,
  CountActions,
  DefineAction,
  FindActions,
  FoundAction,
  InstanceActions,
  ItemActionCount,
  OwnershipRole,
  PerformAction,
  ReceiveAction,
  ReceiveTransition,
  TransitionAction,
  TransitionMany,
  TransitionResult,
} from './actions.js';
export type {
  ExactJsonObject,
  ExactJsonScalar,
  ExactJsonValue,
  Facets,
  JsonObject,
  JsonScalar,
  JsonValue,
} from './arguments.js';
export type { EndedCall, OnCall } from './calls.js';
export type { Queryable } from './client.js';
export { isConnectionLoss, OutcomeUnknownError } from './connection-loss.js';
export { type ActorDpg, type ConnectionOptions, createDpg, type Dpg, type DpgOptions } from './dpg.js';
export * from './errors.js';
export type {
  ActionEvent,
  ActorEvents,
  FindEvents,
  FoundEvent,
  InstanceEvents,
  StoreEvent,
} from './events.js';
export {
  type AcknowledgeEvents,
  type CreateSubscription,
  type DropSubscription,
  eventText,
  type FailEvent,
  type FailedEvent,
  type FeedEvent,
  type ListFailedEvents,
  type ListSubscriptions,
  type Peer,
  type ReadEvents,
  type ReadRetries,
  type ReleaseEvents,
  type RetryEvents,
  type SettleEvent,
  type Subscription,
  type SubscriptionStatus,
  type Subscriptions,
} from './feed.js';
export { type Bounds, type Box, boxOf } from './geo.js';
export type { Ailment, AskHealth, Health, ServerHealth } from './health.js';
export type { Homes, Server } from './homes.js';
export type {
  CreateItemSubscription,
  FollowItems,
  ItemBatch,
  ItemChange,
  ReadItemChanges,
} from './item-changes.js';
export type {
  ActorItems,
  CountFacets,
  CountItems,
  DefineItem,
  DefineSearch,
  FacetCount,
  FindItems,
  FindOwnItems,
  FoundItem,
  GetItem,
  InstanceItems,
  Item,
  ItemRef,
  MapItems,
  MapMarker,
  NearestItem,
  NearestItems,
  ReadItems,
  RefreshSearch,
  SearchedItem,
  SearchItems,
  SetItemStatus,
  UnplacedItem,
  UpdateItem,
  UpsertItem,
} from './items.js';
export type {
  DefineNetwork,
  JsonSchema,
  NetworkDocument,
  NetworkDomain,
  NetworkInstance,
  NetworkInteraction,
  Networks,
  RegisteredNetwork,
} from './networks.js';
export { NotMigratedError } from './not-migrated.js';
export { isJsonNumber, JsonNumber, type Numbers, stringifyJson } from './numbers.js';
export type { List, Page, PageOfJson } from './pages.js';
export type {
  EnsureActionPartition,
  EnsureItemPartition,
  ListPartitions,
  Partition,
  Partitions,
} from './partitions.js';
export type { ReplicaOptions } from './replicas.js';
export * as schemas from './schemas.js';
