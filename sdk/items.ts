import { z } from 'zod';
import {
  check,
  document,
  documentOrEmpty,
  type ExactJsonScalar,
  facets,
  fields,
  id,
  instead,
  type JsonObject,
  key,
  latitude,
  longitude,
  named,
  newId,
  page,
  radiusMeters,
  text,
  time,
  together,
  url,
} from './arguments.js';
import { call, type Queryable } from './client.js';
import { rowCount } from './columns.js';
import { box, boxOrNone } from './geo.js';
import { changesOf } from './item-changes.js';
import { type List, list } from './pages.js';
import type { FacetCount, FoundItem, Item, MapMarker, NearestItem, SearchedItem } from './rows.js';

export type { FacetCount, FoundItem, Item, MapMarker, NearestItem, SearchedItem };

/** Names one item; an item row will do. */
export const itemRef = z.object(
  { item_network: key, item_domain: key, item_type: key, item_id: id },
  'Pass an object with the fields item_network, item_domain, item_type, item_id.',
);

/** Names one item, without its type where the id tells. */
export const getItem = z.object(
  { ...itemRef.shape, item_type: key.nullish() },
  'Pass an object with the fields item_network, item_domain, item_id, and item_type where two types have the id.',
);

const UP_TO_1000 = 'Pass an array of 1,000 items at most, each with the fields of its key.';
export const getItems = z.array(itemRef, UP_TO_1000).max(1000, UP_TO_1000).readonly();

const place = { item_latitude: latitude.nullish(), item_longitude: longitude.nullish() };

export const upsertItem = fields({
  item_network: key,
  item_domain: key,
  item_type: key,
  item_instance_url: url,
  item_schema_url: url,
  item_state: documentOrEmpty,
  ...place,
  item_id: newId,
  item_status: key.nullish(),
}).superRefine(together('item_latitude', 'item_longitude'));

export const upsertItems = z.array(upsertItem, 'Pass an array of items.');

const upsertItemsOptions = fields({
  returning: z.enum(['rows', 'count'], 'upsertMany returns rows or count.').optional(),
});

export const updateItem = fields({
  changes: fields({
    item_instance_url: url.optional(),
    item_schema_url: url.optional(),
    item_state: document.optional(),
    ...place,
  }).refine(
    (changes) => Object.values(changes).some((change) => change !== undefined),
    'Name at least one of item_instance_url, item_schema_url, item_state, item_latitude, item_longitude.',
  ),
  expected_updated_at: time.nullish(),
});

const ONE_OR_SEVERAL =
  'Pass item_domain for one domain, item_domains for several, or neither for all domains of the network.';
const searchedNetwork = named('Every search names its network: pass item_network.');

/** Where a search looks: in one domain, in several, or in all domains of the network. */
const searched = {
  item_network: searchedNetwork,
  item_domain: key.nullish(),
  item_domains: z
    .array(key, 'Pass an array of domains: each is text of 1 to 120 characters.')
    .readonly()
    .nullish(),
};

const STATUSES =
  'Pass item_statuses for some statuses, any_status for all, or neither for those that are found.';
const statuses = z
  .array(key, 'Pass an array of statuses: each is text of 1 to 120 characters.')
  .readonly()
  .nullish();

const itemFilters = {
  item_type: key.nullish(),
  created_by: key.nullish(),
  item_instance_url: url.nullish(),
  item_schema_url: url.nullish(),
  item_state: document.nullish(),
  item_statuses: statuses,
  any_status: z.boolean('Pass true for items in any status.').nullish(),
  facets: facets.nullish(),
  search: text.nullish(),
};
const circle = {
  latitude: latitude.nullish(),
  longitude: longitude.nullish(),
  radius_meters: radiusMeters.nullish(),
};

const inDomains = instead('item_domains', 'item_domain', ONE_OR_SEVERAL);
const inStatuses = (value: { any_status?: boolean | null | undefined }, context: z.RefinementCtx) => {
  if (value.any_status) instead('item_statuses', 'any_status', STATUSES)({ ...value }, context);
};
const inCircle = together('latitude', 'longitude', 'radius_meters');
const inBox = together('south', 'west', 'north', 'east');

export const findItems = fields({ ...searched, ...itemFilters, ...circle, ...boxOrNone, ...page })
  .superRefine(inDomains)
  .superRefine(inStatuses)
  .superRefine(inCircle)
  .superRefine(inBox);

export const countItems = fields({ ...searched, ...itemFilters, ...circle, ...boxOrNone })
  .superRefine(inDomains)
  .superRefine(inStatuses)
  .superRefine(inCircle)
  .superRefine(inBox);

export const nearestItems = fields({
  ...searched,
  latitude,
  longitude,
  radius_meters: radiusMeters.nullish(),
  ...itemFilters,
  ...boxOrNone,
  include_unplaced: z.boolean('Pass true for items without a place as well.').nullish(),
  ...page,
})
  .superRefine(inDomains)
  .superRefine(inStatuses)
  .superRefine(inBox);

export const searchItems = fields({
  ...searched,
  ...itemFilters,
  search: text,
  ...circle,
  ...boxOrNone,
  ...page,
})
  .superRefine(inDomains)
  .superRefine(inStatuses)
  .superRefine(inCircle)
  .superRefine(inBox);

const MARKERS = 'A map has 1 to 10,000 markers.';
export const mapItems = fields({
  ...searched,
  ...box,
  max_markers: z.int(MARKERS).min(1, MARKERS).max(10_000, MARKERS).nullish(),
  ...itemFilters,
  ...circle,
})
  .superRefine(inDomains)
  .superRefine(inStatuses)
  .superRefine(inCircle);

const FIELDS = 'Pass an array of names of top-level fields of item_state.';
const VALUES = 'A field has 1 to 1,000 values.';
export const countFacets = fields({
  ...searched,
  fields: z.array(text, FIELDS).readonly(),
  max_values: z.int(VALUES).min(1, VALUES).max(1000, VALUES).nullish(),
  ...itemFilters,
  ...circle,
  ...boxOrNone,
})
  .superRefine(inDomains)
  .superRefine(inStatuses)
  .superRefine(inCircle)
  .superRefine(inBox);

export const findOwnItems = fields({
  item_network: key.nullish(),
  item_domain: key.nullish(),
  item_type: key.nullish(),
  item_statuses: statuses,
  ...page,
});

export const setItemStatus = fields({
  item_status: key,
  expected_updated_at: time.nullish(),
  close_actions_as: z.array(key, 'Pass an array of statuses.').readonly().nullish(),
});

const domain = { item_network: key, item_domain: key };
const YES_OR_NO = 'found, acts and final are true or false.';

export const defineItem = fields({
  ...domain,
  statuses: z
    .array(
      fields({
        status: key,
        found: z.boolean(YES_OR_NO).optional(),
        acts: z.boolean(YES_OR_NO).optional(),
        final: z.boolean(YES_OR_NO).optional(),
      }),
      'Pass an array of statuses: [] allows the initial one alone, null removes the definition.',
    )
    .nullable(),
  initial_status: key.nullish().transform((given) => given ?? 'live'),
});

export const defineSearch = fields({
  ...domain,
  item_type: key,
  fields: z
    .array(text, 'Pass an array of names of fields, the weightiest first; null removes the definition.')
    .readonly()
    .nullable(),
  language: text.nullish(),
});

const ITEMS = 'Pass how many items to refresh: an integer from 1 on.';
export const refreshSearch = fields({
  ...domain,
  max_items: z.int(ITEMS).min(1, ITEMS).max(2_147_483_647, ITEMS).nullish(),
});

export type ItemRef = z.input<typeof itemRef>;
export type GetItem = z.input<typeof getItem>;

/** What can be an empty object need not be given. */
type Given<Name extends string, Value> =
  Record<never, never> extends Value ? { [name in Name]?: Value | undefined } : { [name in Name]: Value };

/** An item to write; of `State`, when the caller says of what type its documents are. */
export type UpsertItem<State = object> = Omit<z.input<typeof upsertItem>, 'item_state'> &
  Given<'item_state', State>;

/** Changes of an item, `item_state` of `State`. */
export type UpdateItem<State = object> = Omit<z.input<typeof updateItem>, 'changes'> & {
  changes: Omit<z.input<typeof updateItem>['changes'], 'item_state'> & { item_state?: State | undefined };
};

/** A search in one domain, in several or, without either, in all domains of the network. Never both. */
type InDomains<Search> = Omit<Search, 'item_domain' | 'item_domains'> &
  (
    | { item_domain?: string | null | undefined; item_domains?: null | undefined }
    | { item_domain?: null | undefined; item_domains?: readonly string[] | null | undefined }
  );
export type FindItems = InDomains<z.input<typeof findItems>>;
export type CountItems = InDomains<z.input<typeof countItems>>;
export type NearestItems = InDomains<z.input<typeof nearestItems>>;
export type SearchItems = InDomains<z.input<typeof searchItems>>;
export type MapItems = InDomains<z.input<typeof mapItems>>;
export type CountFacets = InDomains<z.input<typeof countFacets>>;
export type FindOwnItems = z.input<typeof findOwnItems>;
export type SetItemStatus = z.input<typeof setItemStatus>;
export type DefineItem = z.input<typeof defineItem>;
export type DefineSearch = z.input<typeof defineSearch>;
export type RefreshSearch = z.input<typeof refreshSearch>;

/** An item that `nearest` finds after all others, with `include_unplaced`: it has no place. */
export type UnplacedItem<State = JsonObject> = Omit<NearestItem<State>, 'distance_meters'> & {
  distance_meters: null;
};

/** The values that facets count, as documents are read. */
type ScalarOf<Json> = Json extends { [name: string]: infer Value }
  ? Extract<Value, ExactJsonScalar>
  : ExactJsonScalar;

/** Reading items takes no actor. */
export function readItems<Json = JsonObject>(sql: Queryable) {
  function nearest<State = Json>(
    filter: NearestItems & { include_unplaced?: false | null | undefined },
  ): List<NearestItem<State>>;
  function nearest<State = Json>(filter: NearestItems): List<NearestItem<State> | UnplacedItem<State>>;
  function nearest(filter: NearestItems): List<NearestItem | UnplacedItem> {
    return list(
      () => check(nearestItems, filter, 'filter'),
      (checked) => call(sql, 'nearest_items', checked),
    );
  }

  return {
    /**
     * One item. Without `item_type` it is found by its id within the domain.
     * @throws {ItemNotFoundError}
     */
    async get<State = Json>(ref: GetItem): Promise<Item<State>> {
      return call(sql, 'get_item', check(getItem, ref, 'item'));
    },

    /** Up to 1,000 items by their keys, in the order given. What is missing is left out. */
    async getMany<State = Json>(refs: readonly ItemRef[]): Promise<Item<State>[]> {
      return call(sql, 'get_items', { items: check(getItems, refs, 'items') });
    },

    /**
     * The items of a network that match all given filters, newest first: those of `item_domain`, of `item_domains`, or,
     * without either, of all domains. `item_state` means containment: `{ verified: true }` finds the documents that have
     * it. `facets` are choices: `{ subject: ['math', 'physics'] }` finds any of the values of each field. `search` is for
     * words. A circle is `latitude`, `longitude` (degrees) and `radius_meters` together; a box is `south`, `west`, `north`
     * and `east` (`boxOf` makes it of a map's bounds). Statuses that are not to be found are left out, unless
     * `item_statuses` names them or `any_status` is true. Await it for a page (20 rows unless `page_size` says 1 to
     * 1,000), or iterate it for all.
     * @throws {InvalidPageTokenError} {@link NotInNetworkError}
     */
    find<State = Json>(filter: FindItems): List<FoundItem<State>> {
      return list(
        () => check(findItems, filter, 'filter'),
        (checked) => call(sql, 'find_items', checked),
      );
    },

    /** How many items match the filters of `find`. */
    async count(filter: CountItems): Promise<bigint> {
      return call(sql, 'count_items', check(countItems, filter, 'filter'));
    },

    /**
     * The items around a point, nearest first, each with `distance_meters`; as far as it takes, or up to
     * `radius_meters`. Items without a place are left out; with `include_unplaced` they come last, newest first, with a
     * distance of null. Filters, domains and pages as in `find`.
     * @throws {InvalidPageTokenError} {@link NotInNetworkError}
     */
    nearest,

    /**
     * The items that have all words of `search`, best first, each with its `relevance`. The last word is a prefix unless
     * white space follows it; `"…"`, `-` and `or` are those of web searches. `defineSearch` says which fields are searched.
     * Filters, domains and pages as in `find`, which takes the same `search` and has its own order.
     * @throws {InvalidPageTokenError} {@link NotInNetworkError}
     */
    search<State = Json>(filter: SearchItems): List<SearchedItem<State>> {
      return list(
        () => check(searchItems, filter, 'filter'),
        (checked) => call(sql, 'search_items', checked),
      );
    },

    /**
     * What a map shows between its edges (degrees; `boxOf` makes them of a map's bounds): at most `max_markers` (1,000
     * unless it says 1 to 10,000) markers. As many items or fewer: each is one, with its key. More: a marker for each cell
     * of a grid, with the mean place of its items, how many they are, and the edges around them; a cell of a single item
     * has its key. The counts add up to that of `count`. Filters and domains as in `find`.
     * @throws {NotInNetworkError}
     */
    async map(filter: MapItems): Promise<MapMarker[]> {
      return call(sql, 'map_items', check(mapItems, filter, 'filter'));
    },

    /**
     * How many items have which value of each of `fields`, the most frequent first, at most `max_values` (20 unless it
     * says 1 to 1,000) of a field. For each field all filters count but its own facet, so that a choice can be widened.
     * Elements of arrays count one by one. Filters and domains as in `find`.
     * @throws {NotInNetworkError}
     */
    async facets(filter: CountFacets): Promise<FacetCount<ScalarOf<Json>>[]> {
      return call(sql, 'count_facets', check(countFacets, filter, 'filter'));
    },
  };
}

/** Reading items, and declaring what they may be and how they are searched; following their changes. */
export function instanceItems<Json = JsonObject>(sql: Queryable) {
  return {
    ...readItems<Json>(sql),

    /**
     * Declares the statuses of a domain's items, and which of them a new one gets (`live` unless `initial_status` says
     * another). `found: false`: searches pass over it unless they name it. `acts: false`: no side of a new action.
     * `final: true`: no other status comes after it. It replaces the former definition; null removes it. In a domain
     * without one items have any status, are found, and act.
     */
    async define(definition: DefineItem): Promise<void> {
      return call(sql, 'define_item', check(defineItem, definition, 'definition'));
    },

    /**
     * Declares which top-level fields of a type are searched (strings, and arrays of strings), the weightiest first; null
     * removes it. `language` is a configuration of PostgreSQL's text search, `simple` unless given. Items that are there
     * are found from now on, slowly until `refreshSearch` has been through them.
     * @throws {NotInNetworkError}
     */
    async defineSearch(definition: DefineSearch): Promise<void> {
      return call(sql, 'define_search', check(defineSearch, definition, 'definition'));
    },

    ...changesOf<Json>(sql),

    /** Brings up to `max_items` (10,000 unless given) items up to date for searches; returns how many. 0: all are. */
    async refreshSearch(domain: RefreshSearch): Promise<number> {
      return call(sql, 'refresh_search', check(refreshSearch, domain, 'domain'));
    },
  };
}

/**
 * What `item_state` is to be: of the type that the caller names. Where none is named, any object, since one of an interface is
 * no {@link JsonObject} for the compiler.
 */
type Written<State, Json> = [State, Json] extends [Json, State] ? object : NoInfer<State>;

/** Reading, and writing on behalf of a user. */
export function actorItems<Json = JsonObject>(sql: Queryable, actor: string) {
  function upsertMany<State = Json>(
    items: readonly UpsertItem<Written<State, Json>>[],
    options?: { returning?: 'rows' },
  ): Promise<Item<State>[]>;
  function upsertMany<State = Json>(
    items: readonly UpsertItem<Written<State, Json>>[],
    options: { returning: 'count' },
  ): Promise<number>;
  async function upsertMany(
    items: readonly object[],
    options: { returning?: 'rows' | 'count' } = {},
  ): Promise<Item[] | number> {
    const { returning } = check(upsertItemsOptions, options, 'options');
    const values = { actor, items: check(upsertItems, items, 'items') };
    if (returning !== 'count') return call(sql, 'upsert_items', values);
    const [count = 0] = await call(sql, 'upsert_items', values, rowCount);
    return count;
  }

  return {
    ...readItems<Json>(sql),

    /**
     * Makes an item of the actor, or replaces the one with this `item_id` in full, when the actor owns it. The partition
     * of a new network and domain is made on the way. Sends a random `item_id` unless you give one; with yours the call
     * can be repeated safely. `upsert<Profile>(…)` takes an `item_state` of that type only, and returns one. Without
     * `item_status` a new item has the initial one of its domain, another keeps its own.
     * @throws {UserNotFoundError} {@link NotItemOwnerError} {@link PartitionUnavailableError} {@link NotInNetworkError}
     *   {@link TransitionNotAllowedError}
     */
    async upsert<State = Json>(item: UpsertItem<Written<State, Json>>): Promise<Item<State>> {
      return call(sql, 'upsert_item', { actor, ...check(upsertItem, item, 'item') });
    },

    /**
     * The same for many at once, in one statement: all or nothing, results in the order given. For large loads pass
     * some thousands at a time and `{ returning: 'count' }`, which leaves the rows on the server.
     * @throws as `upsert`; {@link InvalidArgumentError} has the `index`
     */
    upsertMany,

    /**
     * Replaces the named columns of an item of the actor. Null clears the coordinates. With `expected_updated_at` (the
     * `updated_at` you have seen, as text: a `Date` would lose its microseconds) it happens only if nobody changed the
     * item since.
     * @throws {ItemNotFoundError} {@link NotItemOwnerError} {@link VersionConflictError}
     */
    async update<State = Json>(ref: ItemRef, update: UpdateItem<Written<State, Json>>): Promise<Item<State>> {
      return call(sql, 'update_item', {
        actor,
        ...check(itemRef, ref, 'item'),
        ...check(updateItem, update, 'update'),
      });
    },

    /**
     * Gives an item of the actor another status. The present one again returns the row as it is. With
     * `expected_updated_at` (as in `update`) it happens only if nobody changed the item since. With `close_actions_as` all
     * open actions of this instance that the item takes part in move with it, each to the first of these statuses that
     * the graph allows to the side of the item; where none fits nothing is done, and the `detail` names the action.
     * @throws {ItemNotFoundError} {@link NotItemOwnerError} {@link TransitionNotAllowedError} {@link VersionConflictError}
     */
    async setStatus<State = Json>(ref: ItemRef, change: SetItemStatus): Promise<Item<State>> {
      return call(sql, 'set_item_status', {
        actor,
        ...check(itemRef, ref, 'item'),
        ...check(setItemStatus, change, 'change'),
      });
    },

    /**
     * The actor's items in every status, newest first: of all networks and domains, or of those that the filter names.
     * Awaited or iterated as `find`.
     * @throws {InvalidPageTokenError}
     */
    own<State = Json>(filter: FindOwnItems = {}): List<FoundItem<State>> {
      return list(
        () => check(findOwnItems, filter, 'filter'),
        (checked) => call(sql, 'find_own_items', { actor, ...checked }),
      );
    },

    /**
     * Deletes an item of the actor and returns its last state.
     * @throws {ItemNotFoundError} {@link NotItemOwnerError} {@link ItemInUseError}
     */
    async delete<State = Json>(ref: ItemRef): Promise<Item<State>> {
      return call(sql, 'delete_item', { actor, ...check(itemRef, ref, 'item') });
    },
  };
}

export type InstanceItems<Json = JsonObject> = ReturnType<typeof instanceItems<Json>>;
export type ReadItems<Json = JsonObject> = ReturnType<typeof readItems<Json>>;
export type ActorItems<Json = JsonObject> = ReturnType<typeof actorItems<Json>>;
