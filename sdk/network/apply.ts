// The data layer held to a network: the same methods, each still one statement, sent only when the network declares it.

import {
  actionRef,
  type DefineAction,
  defineAction,
  performAction,
  type ReceiveTransition,
  receiveAction,
  receiveTransition,
  transitionAction,
} from '../actions.js';
import { check, type JsonObject } from '../arguments.js';
import type { Queryable } from '../client.js';
import type { Dpg } from '../dpg.js';
import {
  type CountFacets,
  type CountItems,
  type DefineItem,
  type DefineSearch,
  defineItem,
  defineSearch,
  type FindItems,
  type FindOwnItems,
  type MapItems,
  type NearestItems,
  type ReadItems,
  type RefreshSearch,
  refreshSearch,
  type SearchItems,
  type SetItemStatus,
  updateItem,
  upsertItem,
  upsertItems,
} from '../items.js';
import { List } from '../pages.js';
import type { NetworkDpg } from './dpg.js';
import type { Network } from './network.js';
import { rulesOf } from './rules.js';
import type { NetworkDefinition } from './types.js';

/**
 * The same API for one network: `item_network` goes without saying, domains, types, states, requirements and payloads are
 * those of the network for the compiler, and are checked before anything is sent. What the database holds against it, it
 * refuses as always.
 * @throws {NotInNetworkError} {@link InvalidArgumentError} each method, before it sends anything
 */
export function withNetwork<D extends NetworkDefinition, Sql extends Queryable, Json = JsonObject>(
  given: Dpg<Sql, Json>,
  network: Network<D>,
): NetworkDpg<D, Sql>;
// Of what type documents are is up to the network's schemas, which the interfaces of dpg.ts say. That what was checked is of
// those types, the compiler cannot follow: here everything is as the plain API has it.
export function withNetwork(dpg: Dpg<Queryable>, network: Network<NetworkDefinition>): object {
  const rules = rulesOf(network);
  const lists = <Filter extends object, Row>(filter: Filter, load: (checked: Filter) => List<Row>) =>
    new List<Row>(async (page_token) => {
      const checked = rules.filter(filter);
      return load(page_token === undefined ? checked : { ...checked, page_token });
    });
  const readItems = (items: ReadItems) => ({
    get: async (ref: object) => items.get(rules.itemById(ref)),
    getMany: async (refs: object[]) => items.getMany(rules.items(refs)),
    map: async (filter: MapItems) => items.map(rules.filter(filter)),
    facets: async (filter: CountFacets) => items.facets(rules.filter(filter)),
    count: async (filter: CountItems) => items.count(rules.filter(filter)),
    find: (filter: FindItems) => lists(filter, (checked) => items.find(checked)),
    nearest: (filter: NearestItems) => lists(filter, (checked) => items.nearest(checked)),
    search: (filter: SearchItems) => lists(filter, (checked) => items.search(checked)),
  });

  return {
    ...dpg,
    network,
    items: {
      ...readItems(dpg.items),
      async define(definition: DefineItem) {
        const checked = check(defineItem, rules.complete(definition), 'definition');
        return dpg.items.define(rules.definition(checked, checked.statuses === null));
      },
      async defineSearch(definition: DefineSearch) {
        const checked = check(defineSearch, rules.complete(definition), 'definition');
        return dpg.items.defineSearch(rules.definition(checked, checked.fields === null));
      },
      async refreshSearch(domain: RefreshSearch) {
        const checked = check(refreshSearch, rules.complete(domain), 'domain');
        return dpg.items.refreshSearch(rules.definition(checked, false));
      },
    },
    actions: {
      ...dpg.actions,
      async define(definition: Omit<DefineAction, 'partition_network'>) {
        const inNetwork = check(
          defineAction,
          { partition_network: network.name, ...definition },
          'definition',
        );
        if (inNetwork.transitions !== null)
          network.checkAction(inNetwork.partition_network, inNetwork.action_type, {}, {});
        return dpg.actions.define(inNetwork);
      },
      async receive(received: object) {
        const checked = check(receiveAction, rules.between(received), 'received');
        await rules.action(checked);
        return dpg.actions.receive(checked);
      },
      async receiveTransition(received: ReceiveTransition) {
        const checked = check(receiveTransition, received, 'received');
        await rules.payload(checked, received, checked);
        return dpg.actions.receiveTransition(checked);
      },
    },
    as(actor: string) {
      const plain = dpg.as(actor);
      return {
        ...plain,
        items: {
          ...readItems(plain.items),
          async upsert(item: object) {
            const checked = check(upsertItem, rules.complete(item), 'item');
            await rules.state(checked);
            return plain.items.upsert(checked);
          },
          async upsertMany(items: object[], options?: { returning?: 'rows' }) {
            const checked = check(
              upsertItems,
              Array.isArray(items) ? items.map(rules.complete) : items,
              'items',
            );
            for (const [index, item] of checked.entries()) await rules.state(item, index);
            return plain.items.upsertMany(checked, options);
          },
          async update(ref: object, update: object) {
            const item = rules.item(ref);
            const checked = check(updateItem, update, 'update');
            const { item_state } = checked.changes;
            if (item_state !== undefined) await rules.state({ ...item, item_state });
            return plain.items.update(item, checked);
          },
          setStatus: async (ref: object, change: SetItemStatus) =>
            plain.items.setStatus(rules.item(ref), change),
          own: (filter: FindOwnItems = {}) => lists(filter, (checked) => plain.items.own(checked)),
          delete: async (ref: object) => plain.items.delete(rules.item(ref)),
        },
        actions: {
          ...plain.actions,
          async perform(request: object) {
            const checked = check(performAction, rules.between(request), 'request');
            await rules.action(checked);
            return plain.actions.perform(checked);
          },
          async transition(ref: object, transition: object) {
            const action = check(actionRef, { partition_network: network.name, ...ref }, 'action');
            const checked = check(transitionAction, transition, 'transition');
            await rules.payload(action, ref, checked);
            return plain.actions.transition(action, checked);
          },
        },
      };
    },
    with: (tx: Queryable) => withNetwork(dpg.with(tx), network),
    home: (name: string) => withNetwork(dpg.home(name), network),
    homes: async () => (await dpg.homes()).map((home) => withNetwork(home, network)),
    at: (position: string | null) => withNetwork(dpg.at(position), network),
  };
}
