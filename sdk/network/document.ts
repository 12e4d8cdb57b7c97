// Whether a JSON value is a network document: the rules of dpg.register_network, without a database.

import { z } from 'zod';
import { key, url } from '../arguments.js';
import { flawOfDocument } from '../documents.js';
import type { NetworkDocument, NetworkInteraction } from '../networks.js';
import { type Path, refuseDocument } from './path.js';

const A_SCHEMA = 'A JSON Schema is a JSON object, or true or false.';

const jsonSchema = z.custom(
  (value) =>
    typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value)),
  A_SCHEMA,
);

const itemTypes = z.array(key).min(1, 'Leave it out to mean every item type.').optional();

const interactionFields = {
  from_network: key.optional(),
  from_domain: key,
  from_items: itemTypes,
  to_network: key.optional(),
  to_domain: key,
  to_items: itemTypes,
  requirement_schema: jsonSchema.optional(),
  event_schema: jsonSchema.optional(),
};

// a misspelt from_items would permit more than was meant
const interaction = z.strictObject(interactionFields, {
  error: (issue) =>
    issue.code === 'unrecognized_keys'
      ? `An interaction may have the fields ${Object.keys(interactionFields).join(', ')}.`
      : 'An interaction is a JSON object.',
});

const networkDocument = z.object({
  name: key,
  domains: z.array(z.object({ name: key, item_schemas: z.record(key, jsonSchema) })),
  instances: z.array(z.object({ domain_name: key, instance_url: url })).optional(),
  actions: z.record(key, z.object({ interactions: z.array(interaction) })).optional(),
});

/**
 * The document itself.
 * @throws {InvalidArgumentError} whose detail has the `path`, a JSON pointer
 */
export function checkDocument(given: unknown): NetworkDocument {
  const result = networkDocument.safeParse(given);
  if (!result.success) throw refusalOf(result.error, given);
  const document = given as NetworkDocument;
  const flaw = flawOfDocument(document);
  if (flaw) throw refuseDocument([], undefined, 'is no JSON', flaw);

  const domains = new Map<string, string[]>();
  document.domains.forEach(({ name, item_schemas }, index) => {
    if (domains.has(name))
      throw refuseDocument(
        ['domains', index, 'name'],
        name,
        'is there twice',
        'A domain is declared once, with all of its item types.',
      );
    domains.set(name, Object.keys(item_schemas));
  });
  document.instances?.forEach(({ domain_name }, index) => {
    if (!domains.has(domain_name))
      throw refuseDocument(
        ['instances', index, 'domain_name'],
        domain_name,
        'is no declared domain',
        'An instance serves one of the domains of the document.',
      );
  });
  for (const [action_type, { interactions }] of Object.entries(document.actions ?? {}))
    interactions.forEach((interaction, index) => {
      checkInteraction(interaction, document.name, domains, ['actions', action_type, 'interactions', index]);
    });
  return document;
}

function checkInteraction(
  interaction: NetworkInteraction,
  network: string,
  domains: Map<string, string[]>,
  path: Path,
): void {
  const { from_network = network, to_network = network } = interaction;
  if (from_network !== network && to_network !== network)
    throw refuseDocument(
      path,
      interaction,
      'is between other networks',
      'One side of an interaction is the network of the document.',
    );
  for (const [side, ofNetwork] of [
    ['from', from_network],
    ['to', to_network],
  ] as const) {
    if (ofNetwork !== network) continue;
    const domain = interaction[`${side}_domain`];
    const declared = domains.get(domain);
    if (!declared)
      throw refuseDocument(
        [...path, `${side}_domain`],
        domain,
        'is no declared domain',
        `Name a domain of the document, or say in ${side}_network whose it is.`,
      );
    interaction[`${side}_items`]?.forEach((item_type, index) => {
      if (!declared.includes(item_type))
        throw refuseDocument(
          [...path, `${side}_items`, index],
          item_type,
          'is no declared item type',
          'Name an item type of the domain.',
        );
    });
  }
}

function refusalOf(error: z.ZodError, given: unknown) {
  const issue = error.issues[0] as z.core.$ZodIssue;
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] as string] : issue.path;
  const value =
    issue.code === 'invalid_key'
      ? path.at(-1)
      : path.reduce<unknown>((outer, step) => (outer as Record<PropertyKey, unknown>)?.[step], given);
  const problem =
    issue.code === 'unrecognized_keys'
      ? 'is not a field of an interaction'
      : issue.code === 'invalid_key'
        ? `is not an ${path[0] === 'actions' ? 'action' : 'item'} type`
        : issue.code === 'too_small'
          ? 'is empty'
          : value === undefined
            ? 'is missing'
            : 'is malformed';
  // of a key of a record the reason lies within
  const hint = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return refuseDocument(path, value, problem, hint.replace(/([^.])$/, '$1.'), error);
}
