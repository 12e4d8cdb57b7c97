import { z } from 'zod';
import { type NotInNetworkDetail, NotInNetworkError } from '../errors.js';
import type { JsonSchema, NetworkDocument, NetworkInteraction } from '../networks.js';
import { nameOfPart } from './document.js';
import type { Path } from './path.js';
import type { DomainName, ItemType, LoadedDefinition, NameOf, NetworkDefinition } from './types.js';

/** What is known of an item before it is read. */
export interface Party {
  item_network: string;
  item_domain: string;
  item_type: string;
}

/** The schemas of an action between two items. */
export interface ActionSchemas {
  requirement_schema: z.ZodType;
  event_schema: z.ZodType;
}

type Compile = (schema: JsonSchema, path: Path) => z.ZodType;

export const anything = z.unknown();

/** A network as its document has it. Made by `defineNetwork` or `loadNetwork`. */
export class Network<Definition extends NetworkDefinition = LoadedDefinition> {
  readonly name: NameOf<Definition>;
  /** As JSON, for `dpg.networks.register` and for other instances. */
  readonly document: NetworkDocument;
  /** Only for the compiler. */
  declare readonly definition: Definition;
  readonly #states = new Map<string, Map<string, z.ZodType>>();
  readonly #interactions = new Map<string, (NetworkInteraction & { schemas: ActionSchemas })[]>();

  constructor(document: NetworkDocument, compile: Compile) {
    this.name = nameOfPart(document) as NameOf<Definition>;
    this.document = document;
    document.domains.forEach((domain, index) => {
      const name = nameOfPart(domain);
      const { item_schemas } = domain;
      const path = ['domains', index, 'item_schemas'];
      this.#states.set(
        name,
        new Map(
          Object.entries(item_schemas).map(([type, schema]) => [
            type,
            compile(schema as JsonSchema, [...path, type]),
          ]),
        ),
      );
    });
    for (const [type, { interactions }] of Object.entries(document.actions ?? {}))
      this.#interactions.set(
        type,
        interactions.map((interaction, index) => {
          const compiled = (keyword: keyof ActionSchemas) => {
            const schema = interaction[keyword];
            const path = ['actions', type, 'interactions', index, keyword];
            return schema === undefined ? anything : compile(schema, path);
          };
          return {
            ...interaction,
            schemas: {
              requirement_schema: compiled('requirement_schema'),
              event_schema: compiled('event_schema'),
            },
          };
        }),
      );
  }

  toJSON(): NetworkDocument {
    return this.document;
  }

  /**
   * The zod schema of the documents of a domain and type.
   * @throws {NotInNetworkError}
   */
  stateSchema<Name extends DomainName<Definition>>(
    item_domain: Name,
    item_type: ItemType<Definition, Name>,
  ): z.ZodType {
    return this.checkItem({ item_network: this.name, item_domain, item_type });
  }

  /**
   * The schema of an item's document. An `item_type` that is not given is any that the domain has.
   * @throws {NotInNetworkError}
   */
  checkItem(
    item: { item_network: string; item_domain: string; item_type?: string | null },
    index?: number,
  ): z.ZodType {
    const { item_network, item_domain, item_type } = item;
    if (item_network !== this.name)
      throw this.#refusal(
        'item_network',
        `items of network '${item_network}'`,
        [this.name],
        { item_network },
        index,
      );
    const types = this.#states.get(item_domain);
    if (!types)
      throw this.#refusal(
        'item_domain',
        `domain '${item_domain}'`,
        [...this.#states.keys()],
        { item_network, item_domain },
        index,
      );
    if (item_type === undefined || item_type === null) return anything;
    const schema = types.get(item_type);
    if (!schema)
      throw this.#refusal(
        'item_type',
        `item type '${item_type}' in domain '${item_domain}'`,
        [...types.keys()],
        { item_network, item_domain, item_type },
        index,
      );
    return schema;
  }

  /**
   * Checks a search of several domains, or of all where none are given. A type is one that any of them has.
   * @throws {NotInNetworkError}
   */
  checkItems(item_network: string, item_domains?: readonly string[] | null, item_type?: string | null): void {
    const domains = item_domains ?? [...this.#states.keys()];
    if (item_network !== this.name) this.checkItem({ item_network, item_domain: '' });
    domains.forEach((item_domain, index) => {
      this.checkItem({ item_network, item_domain }, index);
    });
    const types = new Set(domains.flatMap((domain) => [...(this.#states.get(domain)?.keys() ?? [])]));
    if (typeof item_type !== 'string' || domains.length === 0 || types.has(item_type)) return;
    throw this.#refusal(
      'item_type',
      `item type '${item_type}' in ${item_domains ? 'these domains' : 'any domain'}`,
      [...types],
      { item_network, item_type },
    );
  }

  /**
   * The schemas of all interactions that an action may be one of: between these items where they are known.
   * @throws {NotInNetworkError} when there is none
   */
  checkAction(
    partition_network: string,
    action_type: string,
    source: Partial<Party>,
    target: Partial<Party>,
  ): ActionSchemas[] {
    const keys = { partition_network, action_type };
    const interactions = this.#interactions.get(action_type);
    if (!interactions)
      throw this.#refusal('action_type', `action '${action_type}'`, [...this.#interactions.keys()], keys);
    const possible = interactions.filter(
      ({ to_network = this.name, ...interaction }) =>
        to_network === partition_network &&
        this.#isOf(source, interaction.from_network, interaction.from_domain, interaction.from_items) &&
        this.#isOf(target, to_network, interaction.to_domain, interaction.to_items),
    );
    if (possible.length === 0)
      throw this.#refusal(
        'interaction',
        `action '${action_type}' from ${nameOf(source)} to ${nameOf(target)}`,
        interactions.map(
          ({ from_network, from_domain, to_network, to_domain }) =>
            `from ${nameOf({ item_network: from_network ?? this.name, item_domain: from_domain })}` +
            ` to ${nameOf({ item_network: to_network ?? this.name, item_domain: to_domain })}`,
        ),
        {
          ...keys,
          source_item_network: source.item_network,
          source_item_domain: source.item_domain,
          source_item_type: source.item_type,
          target_item_network: target.item_network,
          target_item_domain: target.item_domain,
          target_item_type: target.item_type,
        },
      );
    return possible.map(({ schemas }) => schemas);
  }

  #isOf(
    item: Partial<Party>,
    network = this.name as string,
    domain: string,
    types?: readonly string[],
  ): boolean {
    const { item_network = network, item_domain = domain, item_type } = item;
    const known = network === this.name ? [...(this.#states.get(domain)?.keys() ?? [])] : undefined;
    // none named means any; one that the domain does not declare takes no part
    const declared = types?.length ? types.filter((type) => known?.includes(type) ?? true) : known;
    return (
      item_network === network &&
      item_domain === domain &&
      (item_type === undefined || declared === undefined || declared.includes(item_type))
    );
  }

  /** As the database refuses it. */
  #refusal(
    undeclared: NotInNetworkDetail['undeclared'],
    problem: string,
    declared: string[],
    keys: Record<string, unknown>,
    index?: number,
  ): NotInNetworkError {
    const element = index === undefined ? '' : ` (element ${index})`;
    return new NotInNetworkError('DP014', `network '${this.name}' declares no ${problem}${element}`, {
      detail: { network: this.name, undeclared, ...keys, ...(index === undefined ? {} : { index }) },
      hint: `It declares: ${declared.join(', ').slice(0, 500) || 'none'}.`,
    });
  }
}

const nameOf = ({ item_network, item_domain, item_type }: Partial<Party>) =>
  [item_network, item_domain, item_type]
    .flatMap((part) => (part === undefined ? [] : [`'${part}'`]))
    .join('/') || 'anything';
