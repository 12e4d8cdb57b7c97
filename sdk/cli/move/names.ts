// What a move creates on the servers, by name. A name follows from the network, so that a command that was killed finds
// what it had created.

import { createHash } from 'node:crypto';

/** Of the publication and the slot on the sender, and of the subscription on the receiver. */
export function moveName(network: string): string {
  return `dpg_move_${createHash('sha256').update(network).digest('hex').slice(0, 16)}`;
}

/** The publication of the users on their home, and the subscription to it on every other home. */
export const USERS = 'dpg_users';

/** The slot on the users' home, one for each other home. */
export function usersSlot(server: string): string {
  return `dpg_users_${createHash('sha256').update(server).digest('hex').slice(0, 16)}`;
}

/** The publication of who owns items on a home to which the users are only copied. */
export const OWNERS = 'dpg_owners';

/** The slot on such a home, and the subscription to it on the home of the users. */
export function ownersName(server: string): string {
  return `dpg_owners_${createHash('sha256').update(server).digest('hex').slice(0, 16)}`;
}

/** The marker rows of the users are those of no network. */
export const USERS_MARKER = '';
