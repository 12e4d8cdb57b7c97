import { z } from 'zod';
import {
  check,
  document,
  documentOrEmpty,
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
  time,
  together,
  url,
} from './arguments.js';
import { call, type Queryable } from './client.js';
import { rowCount } from './columns.js';
import { type List, list } from './pages.js';
import type { FoundItem, Item, NearestItem } from './rows.js';

export type { FoundItem, Item, NearestItem };

/** Names one item; an item row will do. */
export const itemRef = z.object(
  { item_network: key, item_domain: key, item_type: key, item_id: id },
  'Pass an object with the fields item_network, item_domain, item_type, item_id.',
);

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

const itemFilters = {
  ...searched,
  item_type: key.nullish(),
  created_by: key.nullish(),
  item_instance_url: url.nullish(),
  item_schema_url: url.nullish(),
  item_state: document.nullish(),
  latitude: latitude.nullish(),
  longitude: longitude.nullish(),
  radius_meters: radiusMeters.nullish(),
};
const circle = together('latitude', 'longitude', 'radius_meters');
const domains = instead('item_domains', 'item_domain', ONE_OR_SEVERAL);

export const findItems = fields({ ...itemFilters, ...page })
  .superRefine(domains)
  .superRefine(circle);
export const countItems = fields(itemFilters).superRefine(domains).superRefine(circle);

export const nearestItems = fields({
  ...searched,
  latitude,
  longitude,
  radius_meters: radiusMeters.nullish(),
  item_type: key.nullish(),
  item_state: document.nullish(),
  ...page,
}).superRefine(domains);

export type ItemRef = z.input<typeof itemRef>;

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

/** Reading items takes no actor. */
export function readItems<Json = JsonObject>(sql: Queryable) {
  return {
    /**
     * One item.
     * @throws {ItemNotFoundError}
     */
    async get<State = Json>(ref: ItemRef): Promise<Item<State>> {
      return call(sql, 'get_item', check(itemRef, ref, 'item'));
    },

    /**
     * The items of a network that match all given filters, newest first: those of `item_domain`, of `item_domains`, or,
     * without either, of all domains. `item_state` means containment: `{ verified: true }` finds the documents that have
     * it. A circle is `latitude`, `longitude` (degrees) and `radius_meters` together. Await it for a page (20 rows unless
     * `page_size` says 1 to 1,000), or iterate it for all.
     * @throws {InvalidPageTokenError}
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
     * `radius_meters`. Items without a place are left out. Domains as in `find`; awaited or iterated as `find`.
     * @throws {InvalidPageTokenError}
     */
    nearest<State = Json>(filter: NearestItems): List<NearestItem<State>> {
      return list(
        () => check(nearestItems, filter, 'filter'),
        (checked) => call(sql, 'nearest_items', checked),
      );
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
     * can be repeated safely. `upsert<Profile>(…)` takes an `item_state` of that type only, and returns one.
     * @throws {UserNotFoundError} {@link NotItemOwnerError} {@link PartitionUnavailableError} {@link NotInNetworkError}
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
     * Deletes an item of the actor and returns its last state.
     * @throws {ItemNotFoundError} {@link NotItemOwnerError} {@link ItemInUseError}
     */
    async delete<State = Json>(ref: ItemRef): Promise<Item<State>> {
      return call(sql, 'delete_item', { actor, ...check(itemRef, ref, 'item') });
    },
  };
}

export type ReadItems<Json = JsonObject> = ReturnType<typeof readItems<Json>>;
export type ActorItems<Json = JsonObject> = ReturnType<typeof actorItems<Json>>;
