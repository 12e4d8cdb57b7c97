// JSON Schema 2020-12, checked by @cfworker/json-schema. What is not a schema, or what that validator cannot apply, is
// refused when it is loaded, by its path: a schema that promises more than is checked is worse than none.

import { dereference, type Schema, Validator, validate } from '@cfworker/json-schema';
import { z } from 'zod';
import type { JsonSchema } from '../networks.js';
import { withoutJsonNumbers } from '../numbers.js';
import { ASSERTING, FORMATS, HINTS, META_SCHEMA, NAMED_SCHEMAS, SCHEMA, SCHEMAS } from './meta-schema.js';
import { type Path, refuseDocument } from './path.js';

const DRAFT = '2020-12';
const DIALECT = /^https:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/;

type SchemaObject = { [keyword: string]: unknown };

/** What is wrong with a value. */
export interface Flaw {
  /** The way to the part that is wrong, or missing. */
  path: (string | number)[];
  message: string;
  /** The part is a property that the schema does not allow. */
  isUnknown?: boolean;
}

/**
 * The zod schema of a JSON Schema of documents, which are JSON objects.
 * @throws {InvalidArgumentError} for what is no schema or is not supported, with its path in the network document
 */
export function readJsonSchema(schema: JsonSchema, path: Path): z.ZodType {
  const flawsOf = readSchema(schema, path);
  const read = z.unknown().check(({ value, issues }) => {
    const flaws = isObject(value) ? flawsOf(value) : [{ path: [], message: 'A document is a JSON object.' }];
    for (const { path, message, isUnknown } of flaws)
      issues.push(
        isUnknown
          ? {
              code: 'unrecognized_keys',
              keys: [String(path.at(-1))],
              path: path.slice(0, -1),
              message,
              input: value as Record<string, unknown>,
            }
          : { code: 'custom', path, message, input: value },
      );
  });
  // for OpenAPI and the like it is what it was read from; not what it was made of, which is anything
  read._zod.parent = undefined;
  const given = structuredClone(schema);
  read._zod.toJSONSchema = () =>
    given === false ? { not: {} } : given === true ? {} : structuredClone(given);
  return read;
}

/**
 * What finds the flaws of a JSON value.
 * @throws {InvalidArgumentError}
 */
export function readSchema(schema: unknown, path: Path): (value: unknown) => Flaw[] {
  refuseMalformed(schema, path);
  const referring = readableOf(schema, path);
  const lookup = resolve(referring, path);
  const readable = shortened(referring, lookup);
  return (value) => {
    try {
      // as it is stored: without members that are undefined, a Date as text
      const json = withoutJsonNumbers(value);
      return flawsIn(json, errorsOf(json, readable, lookup));
    } catch (error) {
      if (error instanceof RangeError)
        return [{ path: [], message: 'It is nested too deep for its schema to be applied.' }];
      throw error;
    }
  };
}

type Lookup = ReturnType<typeof dereference>;
type ValidationError = ReturnType<typeof validate>['errors'][number];

/** All errors; where there are too many to be collected, the first. */
function errorsOf(json: unknown, schema: Schema | boolean, lookup: Lookup): ValidationError[] {
  try {
    return validate(json, schema, DRAFT, lookup, false).errors;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return validate(json, schema, DRAFT, lookup, true).errors;
  }
}

/** Errors that only say that there is one within, which follows. */
const WITHIN = new Set([
  ...['$ref', 'allOf', 'if', 'dependentSchemas', 'dependencies', 'properties', 'patternProperties'],
  ...['additionalProperties', 'unevaluatedProperties', 'prefixItems', 'items', 'unevaluatedItems'],
]);
const NOT_ALLOWED = ['additionalProperties', 'unevaluatedProperties'];
const MISSING = /^Instance (?:does not have required property|has ".*" but does not have) "(.*)"\.$/s;

function flawsIn(json: unknown, errors: ValidationError[]): Flaw[] {
  const flaws: Flaw[] = [];
  let said = '';
  errors.forEach(({ keyword, keywordLocation, instanceLocation, error }, index) => {
    const isPartOfDependency = keyword === 'dependencies' && MISSING.test(error);
    if (WITHIN.has(keyword) && !isPartOfDependency) return;
    // of several schemas, one of which should hold, it is enough to know that none does
    if (said && keywordLocation.startsWith(said)) return;
    said = ['anyOf', 'oneOf', 'contains', 'propertyNames'].includes(keyword) ? `${keywordLocation}/` : '';

    const [, missing] = MISSING.exec(error) ?? [];
    // the next error says which name it is
    const named = keyword === 'propertyNames' ? errors[index + 1]?.instanceLocation : undefined;
    const path = stepsOf(json, named ?? instanceLocation);
    if (missing !== undefined) flaws.push({ path: [...path, missing], message: error });
    else if (keyword === 'false' && NOT_ALLOWED.includes(errors[index - 1]?.keyword ?? ''))
      flaws.push({ path, message: 'The schema does not allow this property.', isUnknown: true });
    else flaws.push({ path, message: keyword === 'false' ? 'The schema does not allow it.' : error });
  });
  return flaws;
}

/** A JSON pointer in a URI as steps; in an array they are numbers. */
function stepsOf(json: unknown, location: string): (string | number)[] {
  let value = json;
  return location
    .split('/')
    .slice(1)
    .map((part) => {
      const name = unescaped(decodeURIComponent(part));
      const step = Array.isArray(value) ? Number(name) : name;
      value = (value as Record<string | number, unknown> | null | undefined)?.[step];
      return step;
    });
}

const metaSchema = new Validator(META_SCHEMA as Schema, DRAFT, false);

function refuseMalformed(schema: unknown, path: Path): void {
  const [flaw] = flawsIn(schema, metaSchema.validate(schema).errors);
  if (!flaw) return;
  const { path: within, message } = flaw;
  const value = within.reduce<unknown>((outer, step) => (outer as SchemaObject)?.[step], schema);
  const keyword = within.findLast(
    (step): step is string => typeof step === 'string' && Object.hasOwn(HINTS, step),
  );
  const isSchema = /^Instance type .* Expected "object", "boolean"\.$/.test(message);
  throw refuseDocument(
    [...path, ...within],
    value,
    'is not of JSON Schema',
    isSchema ? 'A schema is a JSON object, or true or false.' : ((keyword && HINTS[keyword]) ?? message),
  );
}

/** A copy that has only what says something: remarks may look like anything, also like parts of a schema. */
function readableOf(schema: unknown, path: Path): Schema | boolean {
  if (!isObject(schema)) return schema as boolean;
  const refuse = (keyword: string, problem: string, hint: string) =>
    refuseDocument([...path, keyword], schema[keyword], problem, hint);
  if (typeof schema.$schema === 'string' && !DIALECT.test(schema.$schema))
    throw refuse('$schema', 'is not supported', 'Write it in JSON Schema 2020-12.');
  if ('$dynamicRef' in schema)
    throw refuse('$dynamicRef', 'is not supported', 'Use $ref, where the schema need not be extended.');

  const inner = (value: unknown, ...within: PropertyKey[]) => readableOf(value, [...path, ...within]);
  const readable: SchemaObject = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (!ASSERTING.has(keyword)) continue;
    if (keyword === 'format' && !FORMATS.has(value as string)) continue;
    readable[keyword] = SCHEMA.includes(keyword)
      ? inner(value, keyword)
      : SCHEMAS.includes(keyword)
        ? (value as unknown[]).map((one, index) => inner(one, keyword, index))
        : NAMED_SCHEMAS.includes(keyword)
          ? mapNamed(value as SchemaObject, (one, name) => inner(one, keyword, name))
          : keyword === 'dependencies'
            ? mapNamed(value as SchemaObject, (one, name) =>
                Array.isArray(one) ? one : inner(one, keyword, name),
              )
            : structuredClone(value);
  }
  // where nothing refers to it dynamically it is an ordinary one
  if (typeof schema.$dynamicAnchor === 'string') readable.$anchor ??= schema.$dynamicAnchor;
  return readable;
}

/** Also of a property `__proto__`, which Object.fromEntries makes as any other. */
function mapNamed(values: SchemaObject, map: (value: unknown, name: string) => unknown): SchemaObject {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value, name)]));
}

/** Where the references of a schema lead. */
function resolve(schema: Schema | boolean, path: Path): Lookup {
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
function shortened(schema: Schema | boolean, lookup: Lookup): Schema | boolean {
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

const unescaped = (name: string) => name.replaceAll('~1', '/').replaceAll('~0', '~');

function isObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
