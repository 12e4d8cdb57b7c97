// The data layer held to a network, as the compiler sees it.

import type { Action, DefineAction, ReceiveTransition } from '../actions.js';
import type { Queryable } from '../client.js';
import type { ActorDpg, Dpg } from '../dpg.js';
import type { SetItemStatus } from '../items.js';
import type { List } from '../pages.js';
import type { Network } from './network.js';
import type {
  ActionType,
  AnyNetworkItemRef,
  AnyUpsertNetworkItem,
  CountNetworkFacets,
  DefineNetworkItem,
  DefineNetworkSearch,
  DomainName,
  FacetField,
  FindNetworkItems,
  FindOwnNetworkItems,
  FoundNetworkItem,
  FromDomain,
  GetNetworkItem,
  ItemType,
  MapNetworkItems,
  NearestNetworkItem,
  NearestNetworkItems,
  NetworkAction,
  NetworkActionRef,
  NetworkDefinition,
  NetworkFacetCount,
  NetworkItem,
  NetworkItemRef,
  NetworkMapMarker,
  PerformNetworkAction,
  ReceiveNetworkAction,
  RefreshNetworkSearch,
  SearchedNetworkItem,
  SearchNetworkItems,
  ToDomain,
  TransitionNetworkAction,
  UnplacedNetworkItem,
  UpdateNetworkItem,
  UpsertNetworkItem,
} from './types.js';

/** Reading items of the network. `item_network` need not be said. A search is in one domain, in several or in all. */
export interface NetworkReadItems<D extends NetworkDefinition> {
  get<Name extends DomainName<D>, Type extends ItemType<D, Name> = ItemType<D, Name>>(
    ref: GetNetworkItem<D, Name, Type>,
  ): Promise<NetworkItem<D, Name, Type>>;
  getMany(refs: readonly AnyNetworkItemRef<D>[]): Promise<NetworkItem<D>[]>;
  /** The fields of `facets`, and their values, are those of the schemas. */
  find<Name extends DomainName<D>, Type extends ItemType<D, Name> = ItemType<D, Name>>(
    filter: FindNetworkItems<D, Name, Type>,
  ): List<FoundNetworkItem<D, Name, Type>>;
  count<Name extends DomainName<D>, Type extends ItemType<D, Name>>(
    filter: Omit<FindNetworkItems<D, Name, Type>, 'page_size' | 'page_token'>,
  ): Promise<bigint>;
  nearest<Name extends DomainName<D>, Type extends ItemType<D, Name> = ItemType<D, Name>>(
    filter: NearestNetworkItems<D, Name, Type> & { include_unplaced?: false | null | undefined },
  ): List<NearestNetworkItem<D, Name, Type>>;
  nearest<Name extends DomainName<D>, Type extends ItemType<D, Name> = ItemType<D, Name>>(
    filter: NearestNetworkItems<D, Name, Type>,
  ): List<NearestNetworkItem<D, Name, Type> | UnplacedNetworkItem<D, Name, Type>>;
  search<Name extends DomainName<D>, Type extends ItemType<D, Name> = ItemType<D, Name>>(
    filter: SearchNetworkItems<D, Name, Type>,
  ): List<SearchedNetworkItem<D, Name, Type>>;
  map<Name extends DomainName<D>, Type extends ItemType<D, Name> = ItemType<D, Name>>(
    filter: MapNetworkItems<D, Name, Type>,
  ): Promise<NetworkMapMarker<Name, Type>[]>;
  /** The fields are those of the schemas, and so are the values. */
  facets<
    Name extends DomainName<D>,
    const Field extends FacetField<D, Name, Type>,
    Type extends ItemType<D, Name> = ItemType<D, Name>,
  >(filter: CountNetworkFacets<D, Name, Type, Field>): Promise<NetworkFacetCount<D, Name, Type, Field>[]>;
}

/** Reading items of the network, and declaring what they may be. */
export interface NetworkInstanceItems<D extends NetworkDefinition> extends NetworkReadItems<D> {
  define<Name extends DomainName<D>>(definition: DefineNetworkItem<D, Name>): Promise<void>;
  defineSearch<Name extends DomainName<D>, Type extends ItemType<D, Name>>(
    definition: DefineNetworkSearch<D, Name, Type>,
  ): Promise<void>;
  refreshSearch<Name extends DomainName<D>>(domain: RefreshNetworkSearch<D, Name>): Promise<number>;
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
  setStatus<Name extends DomainName<D>, Type extends ItemType<D, Name>>(
    ref: NetworkItemRef<D, Name, Type>,
    change: SetItemStatus,
  ): Promise<NetworkItem<D, Name, Type>>;
  own<Name extends DomainName<D> = DomainName<D>, Type extends ItemType<D, Name> = ItemType<D, Name>>(
    filter?: FindOwnNetworkItems<D, Name, Type>,
  ): List<FoundNetworkItem<D, Name, Type>>;
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
  extends Omit<Dpg<Sql>, 'items' | 'actions' | 'as' | 'with' | 'at' | 'home' | 'homes'> {
  readonly network: Network<D>;
  readonly items: NetworkInstanceItems<D>;
  readonly actions: NetworkInstanceActions<D>;
  as(actor: string): NetworkActorDpg<D>;
  with<Tx extends Queryable>(tx: Tx): NetworkDpg<D, Tx>;
  home(network: string): NetworkDpg<D, Sql>;
  homes(): Promise<NetworkDpg<D, Sql>[]>;
  at(position: string | null): NetworkDpg<D, Sql>;
}
