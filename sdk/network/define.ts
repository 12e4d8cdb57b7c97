// Where a network comes from: a JSON document, or one written in TypeScript.

import { z } from 'zod';
import type { JsonSchema } from '../networks.js';
import { checkDocument } from './document.js';
import { readJsonSchema } from './json-schema.js';
import { anything, Network } from './network.js';
import { type Path, refuseDocument } from './path.js';
import type { LoadedDefinition, NetworkDefinition } from './types.js';

/**
 * A network of a JSON document, for instance a file's, with schemas of JSON Schema 2020-12.
 * @throws {InvalidArgumentError} whose detail has the `path`, a JSON pointer into the document
 */
export function loadNetwork(document: unknown): Network<LoadedDefinition> {
  // a copy: what is changed later in what was given changes nothing here
  return new Network(JSON.parse(JSON.stringify(checkDocument(document))), readJsonSchema);
}

/**
 * A network written in TypeScript: the same document, with zod schemas in place of JSON Schemas, so that the compiler
 * knows states, requirements and payloads. Documents are checked and not changed: what a schema would fill in or
 * transform stays as it was given.
 * @throws {InvalidArgumentError} whose detail has the `path`, a JSON pointer; also for a schema that JSON Schema cannot say
 */
export function defineNetwork<const Definition extends NetworkDefinition>(
  definition: Definition,
): Network<Definition> {
  const schemas = new Map<string, z.ZodType>();
  const asJson = (schema: z.ZodType, path: Path): JsonSchema => {
    schemas.set(JSON.stringify(path), schema);
    return jsonSchemaOf(schema, path);
  };
  const document = checkDocument({
    ...definition,
    domains: mapArray(definition.domains, (domain, index) => ({
      ...domain,
      item_schemas: mapValues(domain.item_schemas, (schema, type) =>
        asJson(schema, ['domains', index, 'item_schemas', type]),
      ),
    })),
    ...(definition.actions && {
      actions: mapValues(definition.actions, (action, type) => ({
        ...action,
        interactions: mapArray(action.interactions, (interaction, index) => {
          const { requirement_schema, event_schema, ...rest } = interaction;
          const path = ['actions', type, 'interactions', index];
          return {
            ...rest,
            ...(requirement_schema && {
              requirement_schema: asJson(requirement_schema, [...path, 'requirement_schema']),
            }),
            ...(event_schema && { event_schema: asJson(event_schema, [...path, 'event_schema']) }),
          };
        }),
      })),
    }),
  });
  return new Network<Definition>(document, (_, path) => schemas.get(JSON.stringify(path)) ?? anything);
}

function jsonSchemaOf(schema: z.ZodType, path: Path): JsonSchema {
  if (!(schema instanceof Object && '_zod' in schema))
    throw refuseDocument(path, undefined, 'is no zod schema', 'For JSON Schemas there is loadNetwork.');
  return JSON.parse(
    JSON.stringify(
      z.toJSONSchema(schema, {
        io: 'input', // what is given, since that is what is stored
        unrepresentable: ({ path: within, message }) => {
          throw refuseDocument([...path, ...within], undefined, 'is no JSON Schema', `${message}.`);
        },
      }),
    ),
  );
}

/** What is no array is left for the check of the document to refuse. */
function mapArray<Element, Result>(
  elements: readonly Element[],
  map: (element: Element, index: number) => Result,
) {
  return Array.isArray(elements) ? elements.map(map) : elements;
}

function mapValues<Value, Result>(
  values: { readonly [name: string]: Value },
  map: (value: Value, name: string) => Result,
) {
  return Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, map(value, name)]));
}
