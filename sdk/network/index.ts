// A network's document: what there is in it, and who may act on whom.

export type {
  JsonSchema,
  NetworkDocument,
  NetworkDomain,
  NetworkInstance,
  NetworkInteraction,
} from '../networks.js';
export {
  type NetworkActorActions,
  type NetworkActorDpg,
  type NetworkActorItems,
  type NetworkDpg,
  type NetworkInstanceActions,
  type NetworkReadItems,
  withNetwork,
} from './apply.js';
export { defineNetwork, loadNetwork, type Network } from './network.js';
export type {
  ItemState,
  LoadedDefinition,
  NetworkAction,
  NetworkDefinition,
  NetworkItem,
  Payload,
  Requirements,
} from './types.js';
