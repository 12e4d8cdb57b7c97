// What a network says, for the compiler.

import type { z } from 'zod';
import type { Action, PerformAction, ReceiveAction, TransitionAction } from '../actions.js';
import type { JsonObject, JsonScalar } from '../arguments.js';
import type {
  CountFacets,
  DefineItem,
  DefineSearch,
  FacetCount,
  FindItems,
  FindOwnItems,
  FoundItem,
  Item,
  MapItems,
  MapMarker,
  NearestItem,
  NearestItems,
  RefreshSearch,
  SearchedItem,
  SearchItems,
  UnplacedItem,
  UpdateItem,
  UpsertItem,
} from '../items.js';
import type { NetworkDomain, NetworkInstance, NetworkInteraction } from '../networks.js';
import type { ClosedFields, DeclaredFields } from './private-field.js';

/** The name of a network or of a domain, which may be said as `id`. */
export type NameOf<Part> = Part extends { readonly name: infer Name extends string }
  ? Name
  : Part extends { readonly id: infer Id extends string }
    ? Id
    : string;

/** A network document with zod schemas in place of JSON Schemas. */
export interface NetworkDefinition {
  readonly name?: string | undefined;
  readonly id?: string | undefined;
  readonly domains: readonly NetworkDomain<z.ZodType>[];
  readonly instances?: readonly NetworkInstance[];
  readonly actions?: {
    readonly [action_type: string]: { readonly interactions: readonly NetworkInteraction<z.ZodType>[] };
  };
}

/** What the compiler knows of a document that is loaded at run time: its documents are JSON objects. */
export interface LoadedDefinition extends NetworkDefinition {
  readonly domains: readonly NetworkDomain<z.ZodType<unknown, object>>[];
  readonly actions?: {
    readonly [action_type: string]: {
      readonly interactions: readonly NetworkInteraction<z.ZodType<unknown, object>>[];
    };
  };
}

type Nothing = Record<never, never>;

/** What may be an empty object can be left out. */
type Given<Name extends string, Value> = Nothing extends Value
  ? { [name in Name]?: Value }
  : { [name in Name]: Value };

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** What is read is what was written. */
type Read<Value> = Same<Value, object> extends true ? JsonObject : Value;

type Domain<D extends NetworkDefinition> = D['domains'][number];

export type DomainName<D extends NetworkDefinition> = NameOf<Domain<D>>;

type Schemas<D extends NetworkDefinition, Name> =
  Domain<D> extends infer Each
    ? Each extends { item_schemas: infer Schemas }
      ? Name extends NameOf<Each>
        ? Schemas
        : never
      : never
    : never;

type KeyOfAny<Some> = Some extends unknown ? keyof Some : never;

/** The types that any of the domains has. */
export type ItemType<D extends NetworkDefinition, Name> = KeyOfAny<Schemas<D, Name>> & string;

/** The document of an item. */
export type ItemState<D extends NetworkDefinition, Name, Type> =
  Schemas<D, Name> extends infer All
    ? Type extends keyof All
      ? All[Type] extends z.ZodType
        ? z.input<All[Type]>
        : never
      : never
    : never;

type SchemaOf<D extends NetworkDefinition, Name, Type> = Name extends string
  ? Schemas<D, Name> extends infer All
    ? Type extends keyof All
      ? All[Type]
      : never
    : never
  : never;

/**
 * The fields of items that facets, counts and search take: those that a schema of the domains declares and that none
 * marks private, of one item type or of all. Of a document that is loaded at run time, any text: the database refuses
 * what it does not take (DP014).
 */
export type PublicField<
  D extends NetworkDefinition,
  Name = DomainName<D>,
  Type = ItemType<D, Name>,
> = Exclude<DeclaredFields<SchemaOf<D, Name, Type>>, ClosedFields<SchemaOf<D, Name, Type>>>;

type InNetwork<D extends NetworkDefinition> = { item_network?: NameOf<D> };

/** Names an item of the network; a row will do. */
export type NetworkItemRef<D extends NetworkDefinition, Name, Type> = InNetwork<D> & {
  item_domain: Name;
  item_type: Type;
  item_id: string;
};

/** Names an item of the network by its id alone. */
export type GetNetworkItem<D extends NetworkDefinition, Name, Type> = Omit<
  NetworkItemRef<D, Name, Type>,
  'item_type'
> & { item_type?: Type | null | undefined };

/** For `getMany`: an item of any domain and type. */
export type AnyNetworkItemRef<D extends NetworkDefinition> = {
  [Name in DomainName<D>]: NetworkItemRef<D, Name, ItemType<D, Name>>;
}[DomainName<D>];

export type UpsertNetworkItem<D extends NetworkDefinition, Name, Type> = Omit<
  UpsertItem,
  'item_network' | 'item_domain' | 'item_type' | 'item_state'
> &
  InNetwork<D> & { item_domain: Name; item_type: Type } & Given<'item_state', ItemState<D, Name, Type>>;

/** For `upsertMany`: an item of any domain and type. */
export type AnyUpsertNetworkItem<D extends NetworkDefinition> = {
  [Name in DomainName<D>]: { [Type in ItemType<D, Name>]: UpsertNetworkItem<D, Name, Type> }[ItemType<
    D,
    Name
  >];
}[DomainName<D>];

export type UpdateNetworkItem<D extends NetworkDefinition, Name, Type> = Omit<UpdateItem, 'changes'> & {
  changes: Omit<UpdateItem['changes'], 'item_state'> & { item_state?: ItemState<D, Name, Type> };
};

/** A row of an item, of each of the types. */
type RowOf<Row, D extends NetworkDefinition, Name, Type> = Type extends string
  ? Omit<Row, 'item_network' | 'item_domain' | 'item_type' | 'item_state'> & {
      item_network: NameOf<D>;
      item_domain: Name;
      item_type: Type;
      item_state: Read<ItemState<D, Name, Type>>;
    }
  : never;

/** A row of an item, of each of the domains and of the types that it has. */
type RowsOf<Row, D extends NetworkDefinition, Name, Type> = Name extends string
  ? RowOf<Row, D, Name, Type & ItemType<D, Name>>
  : never;

export type NetworkItem<D extends NetworkDefinition, Name = DomainName<D>, Type = ItemType<D, Name>> = RowsOf<
  Item,
  D,
  Name,
  Type
>;
export type FoundNetworkItem<D extends NetworkDefinition, Name, Type> = RowsOf<FoundItem, D, Name, Type>;
export type NearestNetworkItem<D extends NetworkDefinition, Name, Type> = RowsOf<NearestItem, D, Name, Type>;
export type UnplacedNetworkItem<D extends NetworkDefinition, Name, Type> = RowsOf<
  UnplacedItem,
  D,
  Name,
  Type
>;
export type SearchedNetworkItem<D extends NetworkDefinition, Name, Type> = RowsOf<
  SearchedItem,
  D,
  Name,
  Type
>;

/** The documents of a search, of each of the domains and of the types that it has. */
type StatesOf<D extends NetworkDefinition, Name, Type> = Name extends string
  ? StateOf<D, Name, Type & ItemType<D, Name>>
  : never;
type StateOf<D extends NetworkDefinition, Name, Type> = Type extends string
  ? Read<ItemState<D, Name, Type>>
  : never;

type FieldOf<State> = State extends unknown ? keyof State & string : never;
type ValueOf<State, Field> = State extends unknown
  ? Field extends keyof State
    ? ScalarOf<State[Field]>
    : never
  : never;
/** Of an array its elements. What the schema leaves open may be any scalar. */
type ScalarOf<Value> = unknown extends Value
  ? JsonScalar
  : Extract<Value extends readonly (infer Element)[] ? Element : Value, JsonScalar>;

/** The fields of documents that facets and counts may name. */
export type FacetField<D extends NetworkDefinition, Name, Type> = Extract<
  FieldOf<StatesOf<D, Name, Type>>,
  PublicField<D, Name, Type>
>;

/** For each field the values that are chosen, as the schemas have them. */
export type NetworkFacets<D extends NetworkDefinition, Name = DomainName<D>, Type = ItemType<D, Name>> = {
  readonly [Field in FacetField<D, Name, Type>]?:
    | readonly ValueOf<StatesOf<D, Name, Type>, Field>[]
    | undefined;
};

/** How many items have a value of a field, which is one of the schemas. */
export type NetworkFacetCount<D extends NetworkDefinition, Name, Type, Field> = Field extends string
  ? Omit<FacetCount, 'field' | 'value'> & { field: Field; value: ValueOf<StatesOf<D, Name, Type>, Field> }
  : never;

export type NetworkMapMarker<Name, Type> = Omit<MapMarker, 'item_domain' | 'item_type'> & {
  item_domain: Name | null;
  item_type: Type | null;
};

/** In one domain, in several or, without either, in all of them. */
type InDomains<Name> =
  | { item_domain: Name; item_domains?: null | undefined }
  | { item_domain?: null | undefined; item_domains?: readonly Name[] | null | undefined };

type Filter<All, D extends NetworkDefinition, Name, Type> = Omit<
  All,
  'item_network' | 'item_domain' | 'item_domains' | 'item_type' | 'facets'
> &
  InNetwork<D> &
  InDomains<Name> & { item_type?: Type; facets?: NetworkFacets<D, Name, Type> | null | undefined };
export type FindNetworkItems<D extends NetworkDefinition, Name, Type> = Filter<FindItems, D, Name, Type>;
export type NearestNetworkItems<D extends NetworkDefinition, Name, Type> = Filter<
  NearestItems,
  D,
  Name,
  Type
>;

export type SearchNetworkItems<D extends NetworkDefinition, Name, Type> = Filter<SearchItems, D, Name, Type>;
export type MapNetworkItems<D extends NetworkDefinition, Name, Type> = Filter<MapItems, D, Name, Type>;
export type CountNetworkFacets<D extends NetworkDefinition, Name, Type, Field> = Omit<
  Filter<CountFacets, D, Name, Type>,
  'fields'
> & { fields: readonly Field[] };
export type FindOwnNetworkItems<D extends NetworkDefinition, Name, Type> = Omit<
  FindOwnItems,
  'item_network' | 'item_domain' | 'item_type'
> &
  InNetwork<D> & { item_domain?: Name; item_type?: Type };

type InDomain<All, D extends NetworkDefinition, Name> = Omit<All, 'item_network' | 'item_domain'> &
  InNetwork<D> & { item_domain: Name };
export type DefineNetworkItem<D extends NetworkDefinition, Name> = InDomain<DefineItem, D, Name>;
export type DefineNetworkSearch<D extends NetworkDefinition, Name, Type> = Omit<
  InDomain<DefineSearch, D, Name>,
  'item_type' | 'fields'
> & { item_type: Type; fields: readonly FacetField<D, Name, Type>[] | null };
export type RefreshNetworkSearch<D extends NetworkDefinition, Name> = InDomain<RefreshSearch, D, Name>;

export type ActionType<D extends NetworkDefinition> = keyof NonNullable<D['actions']> & string;

type Interaction<D extends NetworkDefinition, Type> = Type extends keyof NonNullable<D['actions']>
  ? NonNullable<D['actions']>[Type]['interactions'][number]
  : never;

export type FromDomain<D extends NetworkDefinition, Type> = Interaction<D, Type>['from_domain'];
export type ToDomain<D extends NetworkDefinition, Type, From> =
  Interaction<D, Type> extends infer Each
    ? Each extends { from_domain: infer Source; to_domain: infer Target }
      ? From extends Source
        ? Target
        : never
      : never
    : never;

type Between<D extends NetworkDefinition, Type, From, To> =
  Interaction<D, Type> extends infer Each
    ? Each extends { from_domain: infer Source; to_domain: infer Target }
      ? [From, To] extends [Source, Target]
        ? Each
        : never
      : never
    : never;

type Input<Schema> = Schema extends z.ZodType ? z.input<Schema> : object;

type RequirementsOf<Each> = Each extends { requirement_schema: infer Schema } ? Input<Schema> : object;
type PayloadOf<Each> = Each extends { event_schema: infer Schema } ? Input<Schema> : object;

/** What an action asks for. */
export type Requirements<D extends NetworkDefinition, Type, From, To> = RequirementsOf<
  Between<D, Type, From, To>
>;

/** The payload of its events. */
export type Payload<D extends NetworkDefinition, Type, From, To> = PayloadOf<Between<D, Type, From, To>>;

/** One that need be no more than its status can be left out. */
type GivenPayload<Value> =
  Nothing extends Omit<Value, 'status'> ? { event_payload?: Value } : { event_payload: Value };

type Party<Name> = { item_network?: string; item_domain: Name; item_type: string; item_id: string };

export type PerformNetworkAction<D extends NetworkDefinition, Type, From, To> = Omit<
  PerformAction,
  'action_type' | 'source' | 'target' | 'requirements_snapshot' | 'event_payload'
> & { action_type: Type; source: Party<From>; target: Party<To> } & Given<
    'requirements_snapshot',
    Requirements<D, Type, From, To>
  > &
  GivenPayload<Payload<D, Type, From, To>>;

export type ReceiveNetworkAction<D extends NetworkDefinition, Type, From, To> = Omit<
  ReceiveAction,
  keyof PerformAction
> &
  PerformNetworkAction<D, Type, From, To>;

export type NetworkAction<D extends NetworkDefinition, Type, From, To> = Omit<
  Action,
  'action_type' | 'source_item_domain' | 'target_item_domain' | 'requirements_snapshot'
> & {
  action_type: Type;
  source_item_domain: From;
  target_item_domain: To;
  requirements_snapshot: Read<Requirements<D, Type, From, To>>;
};

/** Names an action; a row will do, and tells between what it is. */
export type NetworkActionRef<Type, From, To> = {
  partition_network?: string;
  action_type: Type;
  action_id: string;
  source_item_domain?: From;
  target_item_domain?: To;
};

export type TransitionNetworkAction<D extends NetworkDefinition, Type, From, To> = Omit<
  TransitionAction,
  'event_payload'
> &
  GivenPayload<Payload<D, Type, From, To>>;
