// Whether a JSON value is a network document: the rules of dpg.register_network, without a database.

import { z } from 'zod';
import { key, url } from '../arguments.js';
import { flawOfDocument } from '../documents.js';
import type { NetworkDocument, NetworkInstance, NetworkInteraction } from '../networks.js';
import { type Path, refuseDocument } from './path.js';

const A_SCHEMA = 'A JSON Schema is a JSON object, or true or false.';

const jsonSchema = z.custom(
  (value) =>
    typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value)),
  A_SCHEMA,
);

const itemTypes = z.array(key).optional();

const sides = {
  from_network: key.optional(),
  from_domain: key,
  from_items: itemTypes,
  to_network: key.optional(),
  to_domain: key,
  to_items: itemTypes,
};

// First the names of the fields: with a misspelt from_items the interaction would permit more than was meant, and of a
// misspelt from_domain it is of no use to know that from_domain is missing.
const interaction = z
  .looseObject({}, 'An interaction is a JSON object.')
  .superRefine((given, context) => {
    for (const name of Object.keys(given)) {
      const meant = misspelt(name, Object.keys(sides));
      if (meant !== undefined)
        context.addIssue({
          code: 'unrecognized_keys',
          keys: [name],
          message: `It seems to be ${meant}, misspelt.`,
        });
    }
  })
  .pipe(
    z.looseObject({
      ...sides,
      requirement_schema: jsonSchema.optional(),
      event_schema: jsonSchema.optional(),
    }),
  );

/** A part whose name may be said by either of two fields. */
const named = <Shape extends z.ZodRawShape>(name: 'name' | 'domain_name', shape: Shape) => {
  const synonym = name === 'name' ? 'id' : 'domain_id';
  const checked = z.looseObject({}).superRefine((given: Record<string, unknown>, context) => {
    const field = Object.hasOwn(given, synonym) && !Object.hasOwn(given, name) ? synonym : name;
    const flaw = key.safeParse(given[field]).error?.issues[0];
    if (flaw) context.addIssue({ ...flaw, path: [field, ...flaw.path] } as never);
    else if (given[synonym] !== undefined && given[synonym] !== given[name] && field === name)
      context.addIssue({
        code: 'custom',
        path: [synonym],
        params: { problem: `is not the ${name}` },
        message: `${synonym} is a synonym of ${name}: leave one of them out, or give both one value.`,
      });
  });
  return checked.pipe(z.looseObject(shape));
};

const networkDocument = named('name', {
  domains: z.array(named('name', { item_schemas: z.record(key, jsonSchema) })),
  instances: z.array(named('domain_name', { instance_url: url })).optional(),
  actions: z.record(key, z.object({ interactions: z.array(interaction) })).optional(),
});

/** Which of the fields a name is that is one or two characters away from it. */
function misspelt(name: string, fields: string[]): string | undefined {
  if (fields.includes(name)) return undefined;
  const [nearest] = fields
    .filter((field) => Math.abs([...name].length - field.length) <= 2)
    .map((field) => ({ field, distance: editDistance([...name], [...field]) }))
    .sort((one, other) => one.distance - other.distance);
  return nearest && nearest.distance <= 2 ? nearest.field : undefined;
}

function editDistance(one: string[], other: string[]): number {
  let present = [0, ...other.map((_, index) => index + 1)];
  one.forEach((character, index) => {
    const former = present;
    present = [index + 1];
    other.forEach((its, at) => {
      present.push(
        Math.min(
          (former[at + 1] as number) + 1,
          (present[at] as number) + 1,
          (former[at] as number) + (character === its ? 0 : 1),
        ),
      );
    });
  });
  return present.at(-1) as number;
}

/** The name of a part, by either of its fields. */
export const nameOfPart = (part: { name?: string | undefined; id?: string | undefined }): string =>
  (part.name ?? part.id) as string;
export const domainOfInstance = (instance: NetworkInstance): string =>
  (instance.domain_name ?? instance.domain_id) as string;

/** The item types for which instances of a domain have schemas of their own. */
function instanceItemTypes(document: NetworkDocument, domain: string): string[] {
  return (document.instances ?? [])
    .filter((instance) => domainOfInstance(instance) === domain)
    .flatMap((instance) => Object.entries(instance))
    .flatMap(([name, value]: [string, unknown]) =>
      name.includes('item_schema') && typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.keys(value)
        : [],
    );
}

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
  document.domains.forEach((domain, index) => {
    const name = nameOfPart(domain);
    const { item_schemas } = domain;
    if (domains.has(name))
      throw refuseDocument(
        ['domains', index, domain.name === undefined ? 'id' : 'name'],
        name,
        'is there twice',
        'A domain is declared once, with all of its item types.',
      );
    domains.set(name, Object.keys(item_schemas));
  });
  document.instances?.forEach((instance, index) => {
    const domain = domainOfInstance(instance);
    if (!domains.has(domain))
      throw refuseDocument(
        ['instances', index, instance.domain_name === undefined ? 'domain_id' : 'domain_name'],
        domain,
        'is no declared domain',
        'An instance serves one of the domains of the document.',
      );
  });
  for (const [action_type, { interactions }] of Object.entries(document.actions ?? {}))
    interactions.forEach((interaction, index) => {
      checkInteraction(interaction, document, domains, ['actions', action_type, 'interactions', index]);
    });
  return document;
}

function checkInteraction(
  interaction: NetworkInteraction,
  document: NetworkDocument,
  domains: Map<string, string[]>,
  path: Path,
): void {
  const network = nameOfPart(document);
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
      if (!declared.includes(item_type) && !instanceItemTypes(document, domain).includes(item_type))
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
        : issue.code === 'custom' && issue.params?.problem
          ? String(issue.params.problem)
          : value === undefined
            ? 'is missing'
            : 'is malformed';
  // of a key of a record the reason lies within
  const hint = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return refuseDocument(path, value, problem, hint.replace(/([^.])$/, '$1.'), error);
}
