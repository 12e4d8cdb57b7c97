// JSON Schema 2020-12, read by zod's own reader. What that one would pass over without a word is refused here, by its
// path: a schema that promises more than is checked is worse than none.

import { z } from 'zod';
import type { JsonSchema } from '../networks.js';
import { type Path, pointerOf, refuseDocument } from './path.js';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** Keywords whose value is a schema, an array of schemas, or an object of them. */
const SCHEMA = ['items', 'additionalProperties', 'contains', 'propertyNames'];
const SCHEMAS = ['prefixItems', 'anyOf', 'oneOf', 'allOf'];
const NAMED_SCHEMAS = ['properties', 'patternProperties', '$defs'];

/** Keywords that say something of values of one type, and that zod reads only beside that type. */
const OF_A_TYPE = [
  ...['properties', 'required', 'additionalProperties', 'patternProperties', 'propertyNames'],
  ...['minProperties', 'maxProperties'],
  ...[
    'items',
    'prefixItems',
    'minItems',
    'maxItems',
    'uniqueItems',
    'contains',
    'minContains',
    'maxContains',
  ],
  ...['minLength', 'maxLength', 'pattern', 'format'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
];
const COMBINING = ['anyOf', 'oneOf', 'allOf'];

const isNumber = (value: unknown): value is number => typeof value === 'number';
const isText = (value: unknown): value is string => typeof value === 'string';
const isAnyOf = (values: unknown, is: (value: unknown) => boolean) =>
  Array.isArray(values) && values.every(is);

/** What the value of a keyword is, and the hint where it is something else: zod passes over that. */
const VALUES: [keywords: string[], isRight: (value: unknown) => boolean, hint: string][] = [
  [
    ['type'],
    (value) => isType(value) || (isAnyOf(value, isType) && (value as unknown[]).length > 0),
    'A type is object, array, string, number, integer, boolean or null, or an array of these.',
  ],
  [['required'], (value) => isAnyOf(value, isText), 'Put an array of names of properties here.'],
  [
    [
      ...['minProperties', 'maxProperties', 'minItems', 'maxItems', 'minContains', 'maxContains'],
      ...['minLength', 'maxLength'],
    ],
    (value) => Number.isInteger(value) && (value as number) >= 0,
    'Put a whole number here, 0 or more.',
  ],
  [['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'], isNumber, 'Put a number here.'],
  [['multipleOf'], (value) => isNumber(value) && value > 0, 'Put a number above 0 here.'],
  [['uniqueItems'], (value) => typeof value === 'boolean', 'Put true or false here.'],
  [['pattern', 'format'], isText, 'Put text here.'],
];

/** What is of a type, as JSON Schema counts. */
const TYPES: Record<string, (value: unknown) => boolean> = {
  object: isObject,
  array: Array.isArray,
  string: isText,
  number: isNumber,
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
};
const isType = (value: unknown) => isText(value) && Object.hasOwn(TYPES, value);

const UNREAD = [
  ...['not', 'if', 'then', 'else', 'dependentSchemas', 'dependentRequired', 'dependencies'],
  ...['unevaluatedItems', 'unevaluatedProperties', '$dynamicRef', '$recursiveRef', 'definitions'],
];

type SchemaObject = { [keyword: string]: unknown };

/**
 * The zod schema of a JSON Schema of documents: where it has no type at its top, that is object.
 * @throws {InvalidArgumentError} for what zod does not read, with its path in the network document
 */
export function readJsonSchema(schema: JsonSchema, path: Path): z.ZodType {
  const root =
    isObject(schema) && !['type', '$ref', 'enum', 'const'].some((keyword) => keyword in schema)
      ? { type: 'object', ...schema }
      : schema;
  const readable = readableOf(root, path, isObject(root) ? root : {});
  try {
    // a registry of its own: what a document says about a schema is nobody else's
    const read = z.fromJSONSchema(readable as Parameters<typeof z.fromJSONSchema>[0], {
      registry: z.registry(),
    });
    return z.unknown().check(refuseUnchecked).pipe(read);
  } catch (error) {
    throw refuseDocument(path, schema, 'is not read by zod', `${(error as Error).message}.`, error);
  }
}

/** Levels of a document; zod calls itself for each, and for many there is no room. */
const LEVELS = 200;

/** What zod would pass over in a document or not come to the end of: a property `__proto__`, and many levels. */
function refuseUnchecked({ value, issues }: z.core.ParsePayload): void {
  const parts: [unknown, Path][] = [[value, []]];
  const seen = new Set<unknown>();
  // of the whole, since nothing more of it is looked at then
  const refuse = (message: string) => issues.push({ code: 'custom', message, input: value, path: [] });
  for (const [part, path] of parts) {
    if (!isNested(part) || seen.has(part)) continue;
    seen.add(part);
    if (path.length >= LEVELS) {
      refuse(`A document of more than ${LEVELS} levels is not checked.`);
      return;
    }
    for (const [name, inner] of Object.entries(part as object)) {
      const at = [...path, name];
      if (name === '__proto__') refuse(`A property of this name is not checked: ${pointerOf(at)}.`);
      parts.push([inner, at]);
    }
  }
}

/** The same schema as zod reads it. */
function readableOf(schema: unknown, path: Path, root: SchemaObject): JsonSchema {
  if (typeof schema === 'boolean') return schema;
  if (!isObject(schema))
    throw refuseDocument(path, schema, 'is no schema', 'A schema is a JSON object, or true or false.');
  refuseUnread(schema, path, root);

  // an annotation in JSON Schema; zod would fill it in, and take what is required and missing
  const { default: _, ...readable } = schema;
  // without items zod counts none
  if (!('items' in schema || 'prefixItems' in schema) && ('minItems' in schema || 'maxItems' in schema))
    readable.items = true;
  for (const keyword of SCHEMA)
    if (keyword in schema) readable[keyword] = readableOf(typed(schema, keyword), [...path, keyword], root);
  for (const keyword of SCHEMAS)
    if (keyword in schema) readable[keyword] = members(schema[keyword], [...path, keyword], root);
  for (const keyword of NAMED_SCHEMAS)
    if (keyword in schema) readable[keyword] = namedMembers(schema[keyword], [...path, keyword], root);

  // zod requires what has a schema
  if (Array.isArray(schema.required)) {
    const properties = (readable.properties ?? {}) as SchemaObject;
    const missing = schema.required.filter(
      (name) => typeof name === 'string' && !Object.hasOwn(properties, name),
    );
    readable.properties = {
      ...properties,
      ...Object.fromEntries(missing.map((name) => [name, readable.additionalProperties ?? true])),
    };
  }
  return readable;
}

/** Names of properties are text, whether their schema says so or not. */
function typed(schema: SchemaObject, keyword: string): unknown {
  const inner = schema[keyword];
  return keyword === 'propertyNames' && isObject(inner) && !('$ref' in inner)
    ? { type: 'string', ...inner }
    : inner;
}

function members(schemas: unknown, path: Path, root: SchemaObject): JsonSchema[] {
  if (!Array.isArray(schemas))
    throw refuseDocument(path, schemas, 'is no array', 'Put an array of schemas here.');
  return schemas.map((schema, index) => readableOf(schema, [...path, index], root));
}

function namedMembers(schemas: unknown, path: Path, root: SchemaObject): SchemaObject {
  if (!isObject(schemas))
    throw refuseDocument(path, schemas, 'is no object', 'Put an object of schemas here.');
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, readableOf(schema, [...path, name], root)]),
  );
}

function refuseUnread(schema: SchemaObject, path: Path, root: SchemaObject): void {
  const has = (keywords: string[]) => keywords.filter((keyword) => keyword in schema);
  const refuse = (keyword: string, hint: string) =>
    refuseDocument([...path, keyword], schema[keyword], 'is not read by zod', hint);

  if ('$schema' in schema && schema.$schema !== DIALECT)
    throw refuse('$schema', `Write the schema in JSON Schema 2020-12 (${DIALECT}).`);
  for (const keyword of has(UNREAD)) {
    if (keyword === 'not' && isObject(schema.not) && Object.keys(schema.not).length === 0) continue;
    throw refuse(keyword, 'Say it without this keyword, or check it in your application.');
  }

  if ('$ref' in schema) {
    const [, name] = /^#\/\$defs\/([^/]+)$/.exec(String(schema.$ref)) ?? [];
    const isThere = name !== undefined && isObject(root.$defs) && Object.hasOwn(root.$defs, unescaped(name));
    if (schema.$ref !== '#' && !isThere)
      throw refuse('$ref', 'A reference is #, or #/$defs/ and a name in the $defs of the same schema.');
    if (appliedBy(referenced(schema, root), root).has(schema))
      throw refuse('$ref', 'It comes back to itself for the same value: put a property or an item between.');
    const [beside] = has([...OF_A_TYPE, ...COMBINING, 'type', 'enum', 'const']);
    if (beside) throw refuse(beside, 'Beside $ref nothing else is read: use allOf.');
  }

  for (const [keywords, isRight, hint] of VALUES)
    for (const keyword of has(keywords)) if (!isRight(schema[keyword])) throw refuse(keyword, hint);
  for (const keyword of has(['required', 'properties'])) {
    const names = Array.isArray(schema[keyword]) ? schema[keyword] : Object.keys(schema[keyword] ?? {});
    if (names.some((name) => name in Object.prototype))
      throw refuse(
        keyword,
        'Names that every object of JavaScript has are not told from its own: use others.',
      );
  }

  const [list, another] = has(['enum', 'const']);
  if (another) throw refuse(another, 'Beside enum it is not read: leave out the values that it rules out.');
  if (list) {
    const values = list === 'const' ? [schema.const] : schema.enum;
    if (!Array.isArray(values) || values.some(isNested))
      throw refuse(list, 'Values are text, numbers, true, false or null.');
    const types = [schema.type ?? Object.keys(TYPES)].flat() as string[];
    if (!values.every((value) => types.some((type) => TYPES[type]?.(value))))
      throw refuse(list, 'Beside values the type is not read: leave out those that are not of it.');
    const [beside] = has(OF_A_TYPE);
    if (beside)
      throw refuse(beside, `Beside ${list} it is not read: leave out the values that it rules out.`);
  } else if (!('type' in schema)) {
    const [untyped] = has(OF_A_TYPE);
    if (untyped) throw refuse(untyped, 'It is read beside a type only: add one.');
  }

  const patterns = {
    pattern: [schema.pattern],
    patternProperties: Object.keys(schema.patternProperties ?? {}),
  };
  for (const [keyword, texts] of Object.entries(patterns))
    if (texts.some((text) => isText(text) && /\\[pP]\{|\\u\{/.test(text)))
      throw refuse(keyword, 'Patterns are read as regular expressions of JavaScript without the flag u.');
  if (schema.format === 'uri-reference')
    throw refuse('format', 'It is read as uri, which refuses a relative reference: leave it out.');
  if ('patternProperties' in schema && isObject(schema.additionalProperties))
    throw refuse('additionalProperties', 'Beside patternProperties only true and false are read.');

  // zod reads one of them, unless there is a type
  const [, second] = has([...COMBINING, 'not']);
  if (second && !list && !('type' in schema))
    throw refuse(
      second,
      'Without a type one of anyOf, oneOf, allOf and not is read: put the others into allOf.',
    );

  // where several schemas hold at once, zod takes a property that one of them knows
  const together = [
    ...(Array.isArray(schema.allOf) ? schema.allOf : []),
    ...('type' in schema && has(['anyOf', 'oneOf']).length
      ? has(['anyOf', 'oneOf']).flatMap((k) => schema[k])
      : []),
  ];
  if (together.length && [schema, ...together].some((member) => isClosed(member, root)))
    throw refuse(
      has(COMBINING)[0] as string,
      'With additionalProperties: false it is not read: write one schema.',
    );
}

function isClosed(schema: unknown, root: SchemaObject): boolean {
  return [...appliedBy(schema, root)].some((applied) => applied.additionalProperties === false);
}

/** The schemas that a schema applies to the same value, itself among them. */
function appliedBy(schema: unknown, root: SchemaObject): Set<SchemaObject> {
  const found = new Set<SchemaObject>();
  const next = [schema];
  for (const member of next) {
    if (!isObject(member) || found.has(member)) continue;
    found.add(member);
    next.push(referenced(member, root), ...COMBINING.flatMap((keyword) => member[keyword] ?? []));
  }
  return found;
}

/** What the reference of a schema means; nothing where it has none. */
function referenced({ $ref }: SchemaObject, root: SchemaObject): unknown {
  if ($ref === '#') return root;
  const [, name] = /^#\/\$defs\/([^/]+)$/.exec(String($ref)) ?? [];
  return name !== undefined && isObject(root.$defs) ? root.$defs[unescaped(name)] : undefined;
}

const unescaped = (name: string) => name.replaceAll('~1', '/').replaceAll('~0', '~');

const isNested = (value: unknown) => typeof value === 'object' && value !== null;

function isObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
