// What a network says of a call, each check in a method that returns what is sent.

import { check, isSpecial } from '../arguments.js';
import { type FindItems, getItem, getItems, itemRef } from '../items.js';
import { checkValue } from './check-value.js';
import type { ActionSchemas, Network, Party } from './network.js';
import type { NetworkDefinition } from './types.js';

interface CheckedRequest {
  action_type: string;
  source: Party;
  target: Party;
  requirements_snapshot: object;
  event_payload?: object | null | undefined;
}

/** The checks, each of which returns what is sent. */
export function rulesOf(network: Network<NetworkDefinition>) {
  // what is no object of fields stays as it is, to be refused: its copy would be one
  const complete = <Item>(item: Item): Item =>
    typeof item !== 'object' || item === null || Array.isArray(item) || isSpecial(item)
      ? item
      : { ...item, item_network: (item as Partial<Party>).item_network ?? network.name };

  return {
    complete,

    item(ref: object) {
      const item = check(itemRef, complete(ref), 'item');
      network.checkItem(item);
      return item;
    },

    /** An item whose type may go without saying. */
    itemById(ref: object) {
      const item = check(getItem, complete(ref), 'item');
      network.checkItem(item);
      return item;
    },

    items(refs: readonly object[]) {
      const items = check(getItems, Array.isArray(refs) ? refs.map(complete) : refs, 'items');
      for (const [index, item] of items.entries()) network.checkItem(item, index);
      return items;
    },

    /** A definition for items of a domain. Removing one asks nothing of the network. */
    definition<Definition extends { item_network: string; item_domain: string; item_type?: string }>(
      definition: Definition,
      isRemoved: boolean,
    ): Definition {
      if (!isRemoved) network.checkItem(definition);
      return definition;
    },

    /** What is malformed is refused where the filter is used. */
    filter<Filter extends object>(filter: Filter): Filter {
      const completed = complete(filter);
      const { item_network, item_domain, item_domains, item_type } = Object(completed) as Partial<FindItems>;
      if (typeof item_network !== 'string') return completed;
      if (typeof item_domain === 'string') network.checkItem({ item_network, item_domain, item_type });
      else if (!item_domains || isTexts(item_domains))
        network.checkItems(item_network, item_domains, item_type);
      return completed;
    },

    async state(item: Party & { item_state: object }, index?: number) {
      await checkValue(
        [network.checkItem(item, index)],
        'item_state',
        item.item_state,
        index === undefined ? {} : { index },
      );
    },

    /** The two items of a request, completed. */
    between(request: object) {
      const { source, target } = Object(request) as { source?: object; target?: object };
      return { ...request, source: complete(source), target: complete(target) };
    },

    async action(request: CheckedRequest) {
      const { action_type, source, target, requirements_snapshot, event_payload } = request;
      const possible = network.checkAction(target.item_network, action_type, source, target);
      await checkSchemas(possible, 'requirement_schema', 'requirements_snapshot', requirements_snapshot);
      // the first status is declared in the database: of a payload that is left out only the rest is known to be missing
      await checkSchemas(
        possible,
        'event_schema',
        'event_payload',
        event_payload ?? { status: 'created' },
        event_payload ? {} : { passOver: 'status' },
      );
    },

    async payload(
      action: { partition_network: string; action_type: string },
      row: object,
      { action_status, event_payload }: { action_status: string; event_payload?: object | null | undefined },
    ) {
      const possible = network.checkAction(
        action.partition_network,
        action.action_type,
        partyOf(row, 'source'),
        partyOf(row, 'target'),
      );
      await checkSchemas(
        possible,
        'event_schema',
        'event_payload',
        event_payload ?? { status: action_status },
      );
    },
  };
}

const isTexts = (value: unknown) =>
  Array.isArray(value) && value.every((element) => typeof element === 'string');

function checkSchemas(
  possible: ActionSchemas[],
  keyword: keyof ActionSchemas,
  name: string,
  value: unknown,
  how: { passOver?: string } = {},
) {
  return checkValue(
    possible.map((schemas) => schemas[keyword]),
    name,
    value,
    how,
  );
}

/** What a row says of a side of its action; a mere reference says nothing. */
function partyOf(row: object, side: 'source' | 'target'): Partial<Party> {
  const columns = row as Record<string, unknown>;
  const known = (['item_network', 'item_domain', 'item_type'] as const).flatMap((name) => {
    const value = columns[`${side}_${name}`];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return Object.fromEntries(known);
}
