// dpg-database/mirror: instances that tell each other what happened, durably.

export type { Deliver, Delivery, Happening, MirrorOptions } from './delivery.js';
export {
  DeliveryRefusedError,
  PeerUnavailableError,
  RemoteError,
} from './errors.js';
export { type Batch, type FollowOptions, follow } from './follow.js';
export { type Handler, type HandlerOptions, handler } from './handler.js';
export { type HttpDeliverOptions, httpDeliver } from './http-deliver.js';
export { mirror } from './mirror.js';
export { nodeListener } from './node-listener.js';
export { type RemoteInstance, type RemoteOptions, remoteInstance } from './remote.js';
export type { Secret } from './signature.js';
