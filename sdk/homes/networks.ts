// Which networks a call names, and what becomes of one that names none.

import type { FunctionName, GivenArguments } from '../client.js';
import { functions } from '../functions.js';

const ARGUMENTS = ['item_network', 'partition_network', 'network'] as const;
type NetworkArgument = (typeof ARGUMENTS)[number];

/** The functions that always name their network in an argument of its own. */
type OfNetwork = {
  [Name in FunctionName]: Extract<keyof (typeof functions)[Name]['takes'], NetworkArgument> extends never
    ? never
    : Name;
}[FunctionName];

/**
 * How a call is sent where networks have several homes.
 *
 * - `one`: to the home of the networks that it names; where that is not one, it is refused.
 * - `split`: its elements to the homes of their networks.
 * - `list`, `counts`: to the home of the network that it names; where it names none, to all.
 * - `read`: each server has a feed of its own: they take turns.
 * - `leased`: to the server that gave the lease.
 * - `everywhere`: to all.
 */
export type Way =
  | { how: 'one'; networksOf: (given: GivenArguments) => unknown[] }
  | {
      how: 'split';
      elements: string;
      networkOf: (element: unknown) => unknown;
      answers: 'one' | 'many' | 'indexed';
    }
  | { how: 'list' | 'counts'; networksOf: (given: GivenArguments) => unknown[] }
  | { how: 'read' | 'leased' | 'everywhere' };

const ofArgument = (given: GivenArguments) =>
  ARGUMENTS.flatMap((argument) => (typeof given[argument] === 'string' ? [given[argument]] : []));
const member = (whole: unknown, name: string) => (whole as GivenArguments | null | undefined)?.[name];
const networkOfItem = (item: unknown) => member(item, 'item_network');
const networkOfAction = (action: unknown) => member(action, 'partition_network');
const ONE: Way = { how: 'one', networksOf: ofArgument };

/** Every function that is not always told its network by an argument: the compiler misses one that is not here. */
const others = {
  // an action lives with its target; both items are read by one transaction
  perform_action: {
    how: 'one',
    networksOf: ({ target, source }) => [networkOfItem(target), networkOfItem(source)],
  },
  // the source lives on another instance
  receive_action: { how: 'one', networksOf: ({ target }) => [networkOfItem(target)] },
  upsert_items: { how: 'one', networksOf: ({ items }) => (items as unknown[]).map(networkOfItem) },
  register_network: {
    how: 'one',
    networksOf: ({ document }) => [member(document, 'name') ?? member(document, 'id')],
  },
  store_event: { how: 'one', networksOf: ({ event }) => [networkOfAction(parsed(event))] },

  get_items: { how: 'split', elements: 'items', networkOf: networkOfItem, answers: 'one' },
  count_item_actions: { how: 'split', elements: 'items', networkOf: networkOfItem, answers: 'many' },
  // each element is changed or refused on its own
  transition_actions: {
    how: 'split',
    elements: 'transitions',
    networkOf: networkOfAction,
    answers: 'indexed',
  },

  find_actions: { how: 'list', networksOf: ofArgument },
  find_events: { how: 'list', networksOf: ofArgument },
  find_own_items: { how: 'list', networksOf: ofArgument },
  count_actions: { how: 'counts', networksOf: ofArgument },

  read_events: { how: 'read' },
  read_item_changes: { how: 'read' },
  read_retries: { how: 'read' },
  acknowledge: { how: 'leased' },
  release_events: { how: 'leased' },
  settle_event: { how: 'leased' },
  fail_event: { how: 'leased' },
  create_subscription: { how: 'everywhere' },
  create_item_subscription: { how: 'everywhere' },
  drop_subscription: { how: 'everywhere' },
  retry_events: { how: 'everywhere' },
} as const satisfies Record<Exclude<FunctionName, OfNetwork>, Way>;

/** How a call of this function is sent; undefined: it is a view. */
export function wayOf(name: string): Way | undefined {
  if (Object.hasOwn(others, name)) return (others as Record<string, Way>)[name];
  return Object.hasOwn(functions, name) ? ONE : undefined;
}

/** An event may be text, which goes to the database as it is. */
function parsed(event: unknown): unknown {
  if (typeof (event as { partition_network?: unknown }).partition_network === 'string') return event;
  try {
    return JSON.parse(String(event));
  } catch {
    return undefined; // the database refuses it
  }
}
