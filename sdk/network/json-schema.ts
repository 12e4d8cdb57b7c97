// JSON Schema 2020-12, checked by @cfworker/json-schema. What is not a schema, or what that validator cannot apply, is
// refused when it is loaded, by its path: a schema that promises more than is checked is worse than none.

import { type Schema, Validator, validate } from '@cfworker/json-schema';
import { z } from 'zod';
import type { JsonSchema } from '../networks.js';
import { withoutJsonNumbers } from '../numbers.js';
import { ASSERTING, FORMATS, HINTS, META_SCHEMA, NAMED_SCHEMAS, SCHEMA, SCHEMAS } from './meta-schema.js';
import { type Path, refuseDocument } from './path.js';
import { type Flaw, flawsIn, type ValidationError } from './schema-flaws.js';
import { isObject, type Lookup, resolve, type SchemaObject, shortened } from './schema-references.js';

const DRAFT = '2020-12';
const DIALECT = /^https:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/;

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

/** All errors; where there are too many to be collected, the first. */
function errorsOf(json: unknown, schema: Schema | boolean, lookup: Lookup): ValidationError[] {
  try {
    return validate(json, schema, DRAFT, lookup, false).errors;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return validate(json, schema, DRAFT, lookup, true).errors;
  }
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
