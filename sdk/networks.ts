import { z } from 'zod';
import { check, document, fields, type JsonObject, key, ruleLimit } from './arguments.js';
import { call, type Queryable, view } from './client.js';
import { row } from './columns.js';
import { type RegisteredNetwork, registeredNetworkColumns } from './rows.js';

/** JSON Schema 2020-12. */
export type JsonSchema = boolean | { [keyword: string]: unknown };

/** The name of a part, by either of two fields. With both they are the same. */
type Named<Name extends string, Synonym extends string> =
  | ({ readonly [name in Name]: string } & { readonly [name in Synonym]?: string })
  | ({ readonly [name in Synonym]: string } & { readonly [name in Name]?: undefined });

/**
 * A network document: what there is in a network, and who may act on whom. `id` is a synonym of `name`, `domain_id` of
 * `domain_name`. Further members are kept and not read.
 */
export type NetworkDocument = Named<'name', 'id'> & {
  /** The compiler sees undefined in what it imports from a JSON file. */
  readonly domains: readonly NetworkDomain<JsonSchema | undefined>[];
  /** Where instances are to be found. The database keeps them and enforces nothing of them. */
  readonly instances?: readonly NetworkInstance[];
  /** By action type. */
  readonly actions?: {
    readonly [action_type: string]: { readonly interactions: readonly NetworkInteraction[] };
  };
  readonly max_actions_per_pair?: number;
};

/** A business role in a network. */
export type NetworkDomain<Schema = JsonSchema> = Named<'name', 'id'> & {
  /** By item type. */
  readonly item_schemas: { readonly [item_type: string]: Schema };
};

/** An instance that serves a domain. */
export type NetworkInstance = Named<'domain_name', 'domain_id'> & {
  readonly instance_url: string;
  /** Schemas of its own, by item type. Their types take no part in actions until the domain declares them. */
  readonly custom_item_schema_urls?: { readonly [item_type: string]: string | undefined };
};

/**
 * Who may act on whom. A network that is not said is that of the document. Item types that are not said, or an empty
 * array of them, are all. Further members are kept and not read; a misspelt `from_…` or `to_…` is refused.
 */
export interface NetworkInteraction<Schema = JsonSchema> {
  readonly from_network?: string;
  readonly from_domain: string;
  readonly from_items?: readonly string[];
  readonly to_network?: string;
  readonly to_domain: string;
  readonly to_items?: readonly string[];
  /** Of the action's `requirements_snapshot`. */
  readonly requirement_schema?: Schema;
  /** Of the payload of each of its events. */
  readonly event_schema?: Schema;
  readonly metric_categories?: { readonly [category: string]: readonly string[] | undefined };
  readonly reveals_pii_on_status?: readonly string[];
}

export type { RegisteredNetwork };

export const defineNetwork = fields({
  network: key,
  rules: fields({
    max_open_per_pair: ruleLimit,
    different_owners: z.boolean('Pass true or false.').nullish(),
    max_items_per_owner: ruleLimit,
  }).nullable(),
});

export type DefineNetwork = z.input<typeof defineNetwork>;

const registerNetwork = fields({ document });
const ofNetwork = fields({ network: key });
const listNetworks = fields({ network: key.nullish() });

const networks = view(
  'networks',
  { network: 'text' },
  row<RegisteredNetwork<never>>(registeredNetworkColumns),
);

/**
 * Which networks the database holds to their documents. Changing that is for connections of `dpg_admin`. A network that
 * is not registered is open.
 */
export function networksOf<Json = JsonObject>(sql: Queryable) {
  return {
    /**
     * Registers a document, or a network made by `defineNetwork` or `loadNetwork`, in place of the former one of its
     * name. From then on what is new in the network has to be declared, whoever writes it; what is there goes on.
     * @throws {InvalidArgumentError} whose detail has the `path`, a JSON pointer into the document
     */
    async register(network: NetworkDocument | { toJSON(): NetworkDocument }): Promise<void> {
      const { toJSON } = Object(network) as { toJSON?: unknown };
      const given = typeof toJSON === 'function' ? (network as { toJSON(): unknown }).toJSON() : network;
      return call(sql, 'register_network', check(registerNetwork, { document: given }));
    },

    /** Opens a network again. False when it was not registered. */
    async unregister(network: { network: string }): Promise<boolean> {
      return call(sql, 'unregister_network', check(ofNetwork, network, 'network'));
    },

    /**
     * Sets the rules of a network over all its action types and items, in place of those that were set before: how many
     * actions may be open between two items, whether the items must be of different owners, how many items of a domain and
     * type a user may have ({@link LimitReachedError}). null removes them.
     */
    async define(definition: DefineNetwork): Promise<void> {
      return call(sql, 'define_network', check(defineNetwork, definition, 'definition'));
    },

    /** The registered networks, or the one. */
    async list(filter: { network?: string | null | undefined } = {}): Promise<RegisteredNetwork<Json>[]> {
      return networks(sql, check(listNetworks, filter, 'filter'));
    },
  };
}

export type Networks<Json = JsonObject> = ReturnType<typeof networksOf<Json>>;
