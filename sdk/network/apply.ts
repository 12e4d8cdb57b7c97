// The data layer held to a network: the same methods, each still one statement, sent only when the network declares it.

import {
  type Action,
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
import type { ActorDpg, Dpg } from '../dpg.js';
import { itemRef, updateItem, upsertItem, upsertItems } from '../items.js';
import { List } from '../pages.js';
import { type ActionSchemas, checkValue, type Network, type Party } from './network.js';
import type {
  ActionType,
  AnyUpsertNetworkItem,
  DomainName,
  FindNetworkItems,
  FoundNetworkItem,
  FromDomain,
  ItemType,
  NearestNetworkItem,
  NearestNetworkItems,
  NetworkAction,
  NetworkActionRef,
  NetworkDefinition,
  NetworkItem,
  NetworkItemRef,
  PerformNetworkAction,
  ReceiveNetworkAction,
  ToDomain,
  TransitionNetworkAction,
  UpdateNetworkItem,
  UpsertNetworkItem,
} from './types.js';

/** Reading items of the network. `item_network` need not be said. */
export interface NetworkReadItems<D extends NetworkDefinition> {
  get<Name extends DomainName<D>, Type extends ItemType<D, Name>>(
    ref: NetworkItemRef<D, Name, Type>,
  ): Promise<NetworkItem<D, Name, Type>>;
  find<Name extends DomainName<D>, Type extends ItemType<D, Name> = ItemType<D, Name>>(
    filter: FindNetworkItems<D, Name, Type>,
  ): List<FoundNetworkItem<D, Name, Type>>;
  count<Name extends DomainName<D>, Type extends ItemType<D, Name>>(
    filter: Omit<FindNetworkItems<D, Name, Type>, 'page_size' | 'page_token'>,
  ): Promise<bigint>;
  nearest<Name extends DomainName<D>, Type extends ItemType<D, Name> = ItemType<D, Name>>(
    filter: NearestNetworkItems<D, Name, Type>,
  ): List<NearestNetworkItem<D, Name, Type>>;
}

/** Writing items of the network: of a declared domain and type, with a state of their schema. */
export interface NetworkActorItems<D extends NetworkDefinition> extends NetworkReadItems<D> {
  upsert<Name extends DomainName<D>, Type extends ItemType<D, Name>>(
    item: UpsertNetworkItem<D, Name, Type>,
  ): Promise<NetworkItem<D, Name, Type>>;
  upsertMany(
    items: readonly AnyUpsertNetworkItem<D>[],
    options?: { returning?: 'rows' },
  ): Promise<NetworkItem<D>[]>;
  upsertMany(items: readonly AnyUpsertNetworkItem<D>[], options: { returning: 'count' }): Promise<number>;
  update<Name extends DomainName<D>, Type extends ItemType<D, Name>>(
    ref: NetworkItemRef<D, Name, Type>,
    update: UpdateNetworkItem<D, Name, Type>,
  ): Promise<NetworkItem<D, Name, Type>>;
  delete<Name extends DomainName<D>, Type extends ItemType<D, Name>>(
    ref: NetworkItemRef<D, Name, Type>,
  ): Promise<NetworkItem<D, Name, Type>>;
}

export interface NetworkActorActions<D extends NetworkDefinition>
  extends Pick<ActorDpg['actions'], 'get' | 'find'> {
  /** Between items that an interaction names, with its requirements; the payload of the first event is of its event_schema. */
  perform<Type extends ActionType<D>, From extends FromDomain<D, Type>, To extends ToDomain<D, Type, From>>(
    request: PerformNetworkAction<D, Type, From, To>,
  ): Promise<NetworkAction<D, Type, From, To>>;
  /** The payload of the event, `{ status }` unless given, is of the event_schema of the interaction, or of one that it can be. */
  transition<
    Type extends ActionType<D>,
    From extends FromDomain<D, Type>,
    To extends ToDomain<D, Type, From>,
  >(
    ref: NetworkActionRef<Type, From, To>,
    transition: TransitionNetworkAction<D, Type, From, To>,
  ): Promise<NetworkAction<D, Type, From, To>>;
}

export interface NetworkInstanceActions<D extends NetworkDefinition> {
  define(
    definition: Omit<DefineAction, 'partition_network' | 'action_type'> & { action_type: ActionType<D> },
  ): Promise<void>;
  receive<Type extends ActionType<D>, From extends FromDomain<D, Type>, To extends ToDomain<D, Type, From>>(
    received: ReceiveNetworkAction<D, Type, From, To>,
  ): Promise<NetworkAction<D, Type, From, To>>;
  receiveTransition(received: ReceiveTransition): Promise<Action>;
}

export interface NetworkActorDpg<D extends NetworkDefinition> extends Omit<ActorDpg, 'items' | 'actions'> {
  readonly items: NetworkActorItems<D>;
  readonly actions: NetworkActorActions<D>;
}

/** The data layer, held to a network. */
export interface NetworkDpg<D extends NetworkDefinition, Sql extends Queryable>
  extends Omit<Dpg<Sql>, 'items' | 'actions' | 'as' | 'with'> {
  readonly network: Network<D>;
  readonly items: NetworkReadItems<D>;
  readonly actions: NetworkInstanceActions<D>;
  as(actor: string): NetworkActorDpg<D>;
  with<Tx extends Queryable>(tx: Tx): NetworkDpg<D, Tx>;
}

/**
 * The same API for one network: `item_network` goes without saying, domains, types, states, requirements and payloads are
 * those of the network for the compiler, and are checked before anything is sent. What the database holds against it, it
 * refuses as always.
 * @throws {NotInNetworkError} {@link InvalidArgumentError} each method, before it sends anything
 */
export function withNetwork<D extends NetworkDefinition, Sql extends Queryable, Json = JsonObject>(
  given: Dpg<Sql, Json>,
  network: Network<D>,
): NetworkDpg<D, Sql> {
  // what documents are read as is up to the network's schemas here
  const dpg = given as unknown as Dpg<Sql>;
  const rules = rulesOf(network);
  const readItems = (items: Dpg['items']) => ({
    get: async (ref: object) => items.get(rules.item(ref)),
    count: async (filter: object) => items.count(rules.filter(filter)),
    find: (filter: object) => lists(filter, (checked) => items.find(checked)),
    nearest: (filter: object) => lists(filter, (checked) => items.nearest(checked as never)),
  });
  const lists = <Row>(filter: object, load: (checked: ReturnType<typeof rules.filter>) => List<Row>) =>
    new List<Row>(async (page_token) => load({ ...rules.filter(filter), ...(page_token && { page_token }) }));

  // The compiler cannot follow that what was checked is of the types that were promised; the interfaces above say what is.
  return {
    ...dpg,
    network,
    items: readItems(dpg.items),
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
  } as unknown as NetworkDpg<D, Sql>;
}

interface CheckedRequest {
  action_type: string;
  source: Party;
  target: Party;
  requirements_snapshot: object;
  event_payload?: object | null | undefined;
}

/** The checks, each of which returns what is sent. */
function rulesOf(network: Network<NetworkDefinition>) {
  const complete = <Item>(item: Item): Item =>
    item instanceof Object ? { item_network: network.name, ...item } : item;

  return {
    complete,

    item(ref: object) {
      const item = check(itemRef, complete(ref), 'item');
      network.checkItem(item);
      return item;
    },

    /** What is malformed is refused where the filter is used. */
    filter(filter: object) {
      const completed = complete(filter) as Party;
      if (typeof completed?.item_domain === 'string') network.checkItem(completed);
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
