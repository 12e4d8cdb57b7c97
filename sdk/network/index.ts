// A network's document: what there is in it, and who may act on whom.

export type {
  JsonSchema,
  NetworkDocument,
  NetworkDomain,
  NetworkInstance,
  NetworkInteraction,
} from '../networks.js';
export { withNetwork } from './apply.js';
export { defineNetwork, loadNetwork } from './define.js';
export type {
  NetworkActorActions,
  NetworkActorDpg,
  NetworkActorItems,
  NetworkDpg,
  NetworkInstanceActions,
  NetworkInstanceItems,
  NetworkReadItems,
} from './dpg.js';
export type { Network } from './network.js';
export { type PrivateSchema, privateField } from './private-field.js';
export type {
  ItemState,
  LoadedDefinition,
  NetworkAction,
  NetworkDefinition,
  NetworkFacetCount,
  NetworkFacets,
  NetworkItem,
  NetworkMapMarker,
  Payload,
  PublicField,
  Requirements,
} from './types.js';
