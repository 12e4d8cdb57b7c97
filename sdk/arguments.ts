// What arguments are made of, as zod schemas. They mirror the checks of the database, which remain the rule, so that
// most refusals come without a round trip.

import { inspect } from 'node:util';
import { z } from 'zod';
import { flawOfDocument, isPlainObject, isStorable } from './documents.js';
import { InvalidArgumentError } from './errors.js';
import { isJsonNumber, type JsonNumber } from './numbers.js';

/** What jsonb keeps: an object of JSON values. Numbers are JavaScript's, so that of 2^53 + 1 the last digit is lost. */
export type JsonObject = { [name: string]: JsonValue };
export type JsonScalar = string | number | boolean | null;
export type JsonValue = JsonScalar | JsonValue[] | JsonObject;

/** The same with `{ numbers: 'exact' }`: numbers that JavaScript would alter are {@link JsonNumber}. */
export type ExactJsonObject = { [name: string]: ExactJsonValue };
export type ExactJsonScalar = JsonScalar | JsonNumber;
export type ExactJsonValue = ExactJsonScalar | ExactJsonValue[] | ExactJsonObject;

const NOT_WHITE_SPACE = /[^\s\u0085]/;

const bytes = (text: string) => Buffer.byteLength(text);

function isShort(text: string, characters: number): boolean {
  return text.length <= characters || (text.length <= 2 * characters && [...text].length <= characters);
}

const A_KEY =
  'A key is text of 1 to 120 characters that is not all white space, without NUL and lone surrogates.';
const A_URL =
  'A URL is text of 1 to 1,024 bytes that is not all white space, without NUL and lone surrogates.';
const REMARKS = 'Remarks are a text of at most 65,536 bytes, without NUL and lone surrogates.';
const A_TEXT = 'Pass a text without NUL and lone surrogates.';
const AN_ID = 'An id is a UUID, as crypto.randomUUID() makes them.';
const A_LATITUDE = 'A latitude is a number of degrees from -90 to 90.';
const A_LONGITUDE = 'A longitude is a number of degrees from -180 to 180.';
const A_RADIUS = 'A radius is a finite number of metres, not below 0.';
const A_PAGE_SIZE = 'A page has 1 to 1,000 rows.';
const A_PAGE_TOKEN = 'A page token is the next_page_token of a row or a page, unchanged.';
const A_TIME =
  'A time is an ISO 8601 string with its offset, such as the updated_at of a row, in the years 1 to 9999 of UTC.';
const NO_DATE =
  'Pass the time as text, as it was read: a Date keeps milliseconds, and times here have microseconds.';
const A_COUNT = 'A count of updates is an integer from 0 to 2,147,483,647.';
const A_DOCUMENT = 'Pass a JSON object; {} when there is nothing to say.';

/** Networks, domains, item and action types, statuses, user ids. */
export const key = z.string(A_KEY).refine(isKey, A_KEY);

/** A key that cannot go without saying: where it is missing, this is the hint. */
export const named = (missing: string) =>
  z
    .string({ error: ({ input }) => (input === undefined || input === null ? missing : A_KEY) })
    .refine(isKey, A_KEY);

function isKey(text: string): boolean {
  return NOT_WHITE_SPACE.test(text) && isShort(text, 120) && isStorable(text);
}

export const url = z
  .string(A_URL)
  .refine((text) => NOT_WHITE_SPACE.test(text) && bytes(text) <= 1024 && isStorable(text), A_URL);

export const remarks = z
  .string(REMARKS)
  .refine((text) => bytes(text) <= 65_536 && isStorable(text), REMARKS)
  .nullish();

/** What is no key, but has to be stored or compared. */
export const text = z.string(A_TEXT).refine(isStorable, A_TEXT);

export const id = z.guid(AN_ID);

/** The id of something new: a random one unless given. With it a call can be repeated safely. */
export const newId = id.nullish().transform((given) => given ?? crypto.randomUUID());

export const latitude = z.number(A_LATITUDE).min(-90, A_LATITUDE).max(90, A_LATITUDE);
export const longitude = z.number(A_LONGITUDE).min(-180, A_LONGITUDE).max(180, A_LONGITUDE);
export const radiusMeters = z.number(A_RADIUS).min(0, A_RADIUS);

/** Of lists: how many rows a page has, and where it begins. */
export const page = {
  page_size: z
    .int(A_PAGE_SIZE)
    .min(1, A_PAGE_SIZE)
    .max(1000, A_PAGE_SIZE)
    .nullish()
    .transform((given) => given ?? 20),
  page_token: z.string(A_PAGE_TOKEN).refine(isStorable, A_PAGE_TOKEN).nullish(),
};

const FIRST_TIME = Date.parse('0001-01-01T00:00:00Z');
const LAST_TIME = Date.parse('9999-12-31T23:59:59.999Z');

/** What a time zone makes of the first and the last year has no form in ISO 8601. */
function isTime(text: string): boolean {
  const milliseconds = Date.parse(text);
  return milliseconds >= FIRST_TIME && milliseconds <= LAST_TIME;
}

export const time = z.iso
  .datetime({ offset: true, error: ({ input }) => (input instanceof Date ? NO_DATE : A_TIME) })
  .refine(isTime, A_TIME);
const A_RULE_LIMIT = 'A limit is a whole number from 1 to 1,000,000.';
/** null takes back what the registered document of the network sets. */
export const ruleLimit = z.int(A_RULE_LIMIT).min(1, A_RULE_LIMIT).max(1_000_000, A_RULE_LIMIT).nullish();
export const updateCount = z.int(A_COUNT).min(0, A_COUNT).max(2_147_483_647, A_COUNT);

/** A JSON object, of any type that is one. Members that are undefined are left out, as JSON.stringify does. */
export const document = z.custom<object>((value) => !flawOf(value), { error: ({ input }) => flawOf(input) });

// so that z.toJSONSchema can describe the arguments, for OpenAPI and the like
document._zod.toJSONSchema = () => ({ type: 'object' });

function flawOf(value: unknown): string | undefined {
  return isPlainObject(value) ? flawOfDocument(value) : A_DOCUMENT;
}

/** A JSON object, {} unless given. */
export const documentOrEmpty = document.optional().transform((given) => given ?? {});

/** For each field the values that are chosen: an item has to have one of them. A field that is undefined is left out. */
export type Facets = { readonly [field: string]: readonly ExactJsonScalar[] | undefined };

const FACETS =
  'Pass an object of fields, each with an array of the values that it may have: strings, numbers, true, false, null.';

export const facets = z.custom<Facets>((value) => !flawOfFacets(value), {
  error: ({ input }) => flawOfFacets(input),
});
facets._zod.toJSONSchema = () => ({ type: 'object', additionalProperties: { type: 'array' } });

function flawOfFacets(value: unknown): string | undefined {
  if (!isPlainObject(value)) return FACETS;
  const areScalars = Object.values(value).every(
    (values) => values === undefined || (Array.isArray(values) && values.every(isScalar)),
  );
  return areScalars ? flawOfDocument(value) : FACETS;
}

const isScalar = (value: unknown) =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value) || isJsonNumber(value);

/** An object of these fields and no others. */
export function fields<const Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `The fields are ${Object.keys(shape).join(', ')}.`
        : `Pass an object with the fields ${Object.keys(shape).join(', ')}.`,
  });
}

/** All of these fields, or none of them. */
export function together(...names: string[]) {
  return (value: Record<string, unknown>, context: z.RefinementCtx) => {
    const missing = names.filter((name) => value[name] === undefined || value[name] === null);
    if (missing.length === 0 || missing.length === names.length) return;
    context.addIssue({
      code: 'custom',
      path: [missing[0] as string],
      message: `Pass all of ${names.join(', ')}, or none.`,
      input: value,
    });
  };
}

/** The one, or the other instead of it, or neither. */
export function instead(name: string, other: string, message: string) {
  return (value: Record<string, unknown>, context: z.RefinementCtx) => {
    if ([value[name], value[other]].some((one) => one === undefined || one === null)) return;
    context.addIssue({ code: 'custom', path: [name], message, input: value });
  };
}

/** A Date, a Map, a promise that was not awaited: an object without fields, which would pass for one that names none. */
export function isSpecial(input: unknown): boolean {
  return (
    typeof input === 'object' &&
    input !== null &&
    !Array.isArray(input) &&
    Object.prototype.toString.call(input) !== '[object Object]'
  );
}

/** What no schema takes. */
const NONE = Symbol('none');

/** The checked arguments, or InvalidArgumentError about one that is refused; `name` is that of the whole. */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  name = 'argument',
): z.output<Schema> {
  const result = schema.safeParse(isSpecial(input) ? NONE : input);
  if (result.success) return result.data;
  throw refusal(result.error, input, name);
}

/** What is wrong with the input; `name` is that of the whole. */
export function refusal(error: z.ZodError, input: unknown, name: string): InvalidArgumentError {
  // a misspelt field is the cause, that the right one is missing the consequence
  const issue = (error.issues.find(({ code }) => code === 'unrecognized_keys') ??
    error.issues[0]) as z.core.$ZodIssue;
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] as string] : issue.path;
  const value = path.reduce<unknown>((outer, step) => (outer as Record<PropertyKey, unknown>)?.[step], input);
  const argument = path.filter((step) => typeof step === 'string').join('.') || name;
  const index = path.find((step) => typeof step === 'number');
  const problem =
    issue.code === 'unrecognized_keys'
      ? 'is unknown'
      : value === undefined || value === null
        ? 'is missing'
        : `is refused: ${show(value)}`;
  return new InvalidArgumentError(
    'DP001',
    `${argument}${index === undefined ? '' : ` (element ${index})`} ${problem}`,
    {
      detail: { argument, value: toJson(value), ...(index === undefined ? {} : { index }) },
      hint: issue.message,
      cause: error,
    },
  );
}

/** Each element by itself: checked, or the InvalidArgumentError about it. */
export function checkEach<Schema extends z.ZodType>(
  schema: Schema,
  inputs: readonly unknown[],
  name: string,
): (z.output<Schema> | InvalidArgumentError)[] {
  return inputs.map((input, index) => {
    const result = schema.safeParse(isSpecial(input) ? NONE : input);
    if (result.success) return result.data;
    const issues = result.error.issues.map((issue) => ({ ...issue, path: [index, ...issue.path] }));
    return refusal(new z.ZodError(issues), inputs, name);
  });
}

function show(value: unknown): string {
  return short(inspect(value, { breakLength: Number.POSITIVE_INFINITY, maxStringLength: 200 }));
}

/** The value as JSON can have it, so that a detail can be logged like one from the database. */
function toJson(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return short(value);
  if (typeof value === 'boolean' || Number.isFinite(value)) return value;
  if (flawOf({ value })) return show(value);
  const text = JSON.stringify(value);
  return text.length > 1000 ? show(value) : JSON.parse(text);
}

function short(text: string): string {
  return text.length > 220 ? `${text.slice(0, 220)}…` : text;
}
