// The references of a JSON Schema: where they lead, and what is refused of them.

import { dereference, type Schema } from '@cfworker/json-schema';
import { NAMED_SCHEMAS, SCHEMA, SCHEMAS } from './meta-schema.js';
import { type Path, refuseDocument } from './path.js';

export type SchemaObject = { [keyword: string]: unknown };
export type Lookup = ReturnType<typeof dereference>;

/** Where the references of a schema lead. */
export function resolve(schema: Schema | boolean, path: Path): Lookup {
  let lookup: Lookup;
  try {
    lookup = dereference(schema);
  } catch (error) {
    throw refuseDocument(
      path,
      schema,
      'has an $id that is not supported',
      `An $id is a URI, and each is there once (${(error as Error).message}).`,
      error,
    );
  }
  const targetOf = (reference: SchemaObject) => lookup[String(reference.__absolute_ref__)];
  const anchors = new Set<unknown>();
  for (const [part, at] of partsOf(schema, path)) {
    const { $anchor } = part;
    // the validator takes the last one, whatever $id they belong to
    if ($anchor !== undefined && anchors.has($anchor))
      throw refuseDocument(
        [...at, '$anchor'],
        $anchor,
        'is there twice',
        'Give each anchor a name of its own.',
      );
    anchors.add($anchor);
    if (!('$ref' in part)) continue;
    if (targetOf(part) === undefined)
      throw refuseDocument(
        [...at, '$ref'],
        part.$ref,
        'leads nowhere',
        'A reference leads to a schema in the same one: #, #/$defs/<name>, an $anchor or an $id there. Nothing is loaded from elsewhere.',
      );
    if (isEndless(part, targetOf))
      throw refuseDocument(
        [...at, '$ref'],
        part.$ref,
        'comes back to itself for the same value',
        'Put a property or an item between.',
      );
  }
  return lookup;
}

/** The schemas that are objects, each with its path. */
function* partsOf(schema: unknown, path: Path): Generator<[SchemaObject, Path]> {
  if (!isObject(schema)) return;
  yield [schema, path];
  for (const keyword of SCHEMA) yield* partsOf(schema[keyword], [...path, keyword]);
  for (const keyword of [...SCHEMAS, ...NAMED_SCHEMAS, 'dependencies'])
    for (const [name, inner] of Object.entries(schema[keyword] ?? {}))
      yield* partsOf(inner, [...path, keyword, name]);
}

/** Keywords whose schemas are applied to the same value. */
const SAME_VALUE = [
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentSchemas',
  'dependencies',
];

function isEndless(reference: SchemaObject, targetOf: (reference: SchemaObject) => unknown): boolean {
  const applied = new Set<SchemaObject>();
  const next: unknown[] = [targetOf(reference)];
  for (const schema of next) {
    if (!isObject(schema) || applied.has(schema)) continue;
    if (schema === reference) return true;
    applied.add(schema);
    if ('$ref' in schema) next.push(targetOf(schema));
    for (const keyword of SAME_VALUE) {
      const inner = schema[keyword];
      if (keyword === 'not' || keyword === 'if' || keyword === 'then' || keyword === 'else') next.push(inner);
      else next.push(...Object.values(inner ?? {}));
    }
  }
  return false;
}

/**
 * The same schema, in which what is nothing but a reference is what it refers to: the validator calls itself for each, and
 * so gets twice as deep into a document.
 */
export function shortened(schema: Schema | boolean, lookup: Lookup): Schema | boolean {
  const targetOf = (inner: unknown): unknown => {
    while (isObject(inner) && '$ref' in inner && Object.keys(inner).length === 1)
      inner = lookup[String(inner.__absolute_ref__)];
    return inner;
  };
  for (const [part] of [...partsOf(schema, [])]) {
    for (const keyword of SCHEMA) if (keyword in part) part[keyword] = targetOf(part[keyword]);
    // also of a property __proto__
    for (const keyword of [...SCHEMAS, ...NAMED_SCHEMAS, 'dependencies'])
      for (const [name, inner] of Object.entries(part[keyword] ?? {}))
        Object.defineProperty(part[keyword], name, { value: targetOf(inner) });
  }
  return targetOf(schema) as Schema | boolean;
}

export function isObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
