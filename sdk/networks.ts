import { check, document, fields, type JsonObject, key } from './arguments.js';
import { call, type Queryable, view } from './client.js';
import { row } from './columns.js';
import { type RegisteredNetwork, registeredNetworkColumns } from './rows.js';

/** JSON Schema 2020-12. */
export type JsonSchema = boolean | { [keyword: string]: unknown };

/** A network document: what there is in a network, and who may act on whom. Further members are kept and not read. */
export interface NetworkDocument {
  name: string;
  /** The compiler sees undefined in what it imports from a JSON file. */
  domains: readonly NetworkDomain<JsonSchema | undefined>[];
  /** Where instances are to be found. The database keeps them and enforces nothing of them. */
  instances?: readonly NetworkInstance[];
  /** By action type. */
  actions?: { readonly [action_type: string]: { interactions: readonly NetworkInteraction[] } };
}

/** A business role in a network. */
export interface NetworkDomain<Schema = JsonSchema> {
  name: string;
  /** By item type. */
  item_schemas: { readonly [item_type: string]: Schema };
}

/** An instance that serves a domain. */
export interface NetworkInstance {
  domain_name: string;
  instance_url: string;
}

/** Who may act on whom. A network that is not said is that of the document, item types that are not said are all. */
export interface NetworkInteraction<Schema = JsonSchema> {
  from_network?: string;
  from_domain: string;
  from_items?: readonly string[];
  to_network?: string;
  to_domain: string;
  to_items?: readonly string[];
  /** Of the action's `requirements_snapshot`. */
  requirement_schema?: Schema;
  /** Of the payload of each of its events. */
  event_schema?: Schema;
}

export type { RegisteredNetwork };

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

    /** The registered networks, or the one. */
    async list(filter: { network?: string | null | undefined } = {}): Promise<RegisteredNetwork<Json>[]> {
      return networks(sql, check(listNetworks, filter, 'filter'));
    },
  };
}

export type Networks<Json = JsonObject> = ReturnType<typeof networksOf<Json>>;
