// What a JSON Schema of draft 2020-12 is, as a JSON Schema. It is the meta-schema of https://json-schema.org in one
// piece: `$ref: "#"` where that one has `$dynamicRef: "#meta"`, which the validator does not read.

const schema = { $ref: '#' };
const schemaArray = { type: 'array', minItems: 1, items: schema };
const schemas = { type: 'object', additionalProperties: schema };
const names = { type: 'array', items: { type: 'string' }, uniqueItems: true };
const count = { type: 'integer', minimum: 0 };
const number = { type: 'number' };
const text = { type: 'string' };
const flag = { type: 'boolean' };
const pattern = { type: 'string', format: 'regex' };
const anchor = { type: 'string', pattern: '^[A-Za-z_][-A-Za-z0-9._]*$' };
const simpleType = { enum: ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'] };

/** Keywords whose value is a schema. */
export const SCHEMA = [
  ...['items', 'contains', 'additionalProperties', 'propertyNames', 'if', 'then', 'else', 'not'],
  ...['unevaluatedItems', 'unevaluatedProperties'],
];
/** Keywords whose value is an array of schemas. */
export const SCHEMAS = ['prefixItems', 'allOf', 'anyOf', 'oneOf'];
/** Keywords whose value is an object of schemas. */
export const NAMED_SCHEMAS = ['$defs', 'definitions', 'properties', 'patternProperties', 'dependentSchemas'];

const all = <Value>(keywords: string[], value: Value): Record<string, Value> =>
  Object.fromEntries(keywords.map((keyword) => [keyword, value]));

/** What each keyword is; of others, which are remarks, nothing is said. */
const KEYWORDS: Record<string, object> = {
  ...all(SCHEMA, schema),
  ...all(SCHEMAS, schemaArray),
  ...all(NAMED_SCHEMAS, schemas),
  patternProperties: { ...schemas, propertyNames: { format: 'regex' } },
  dependencies: { type: 'object', additionalProperties: { anyOf: [schema, names] } },

  $id: { type: 'string', format: 'uri-reference', pattern: '^[^#]*#?$' },
  $schema: text,
  $ref: { type: 'string', format: 'uri-reference' },
  $anchor: anchor,
  $dynamicAnchor: anchor,
  $dynamicRef: text,
  $comment: text,

  type: {
    anyOf: [simpleType, { type: 'array', items: simpleType, minItems: 1, uniqueItems: true }],
  },
  enum: { type: 'array' },
  required: names,
  dependentRequired: { type: 'object', additionalProperties: names },
  ...all(['minProperties', 'maxProperties', 'minItems', 'maxItems', 'minContains', 'maxContains'], count),
  ...all(['minLength', 'maxLength'], count),
  ...all(['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'], number),
  multipleOf: { type: 'number', exclusiveMinimum: 0 },
  uniqueItems: flag,
  pattern,

  ...all(['title', 'description', 'format', 'contentEncoding', 'contentMediaType'], text),
  ...all(['deprecated', 'readOnly', 'writeOnly'], flag),
  examples: { type: 'array' },
  contentSchema: schema,
};

export const META_SCHEMA = { type: ['object', 'boolean'], properties: KEYWORDS };

/** Those that say something of a value. The rest of a schema is remarks. */
export const ASSERTING = new Set([
  ...[...SCHEMA, ...SCHEMAS, ...NAMED_SCHEMAS, 'dependencies', '$id', '$anchor', '$ref'],
  ...['type', 'enum', 'const', 'required', 'dependentRequired'],
  ...['minProperties', 'maxProperties', 'minItems', 'maxItems', 'minContains', 'maxContains'],
  ...['minLength', 'maxLength', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  ...['multipleOf', 'uniqueItems', 'pattern', 'format'],
]);

/** Formats that are asserted. Others are remarks. */
export const FORMATS = new Set([
  ...['date', 'time', 'date-time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid'],
  ...['uri', 'uri-reference', 'uri-template', 'json-pointer', 'relative-json-pointer', 'regex'],
]);

const A_NUMBER = 'Put a number here.';
const A_COUNT = 'Put a whole number here, 0 or more.';
const TEXT = 'Put text here.';

/** What to do about a keyword that has another value. */
export const HINTS: Record<string, string> = {
  ...all(SCHEMA, 'A schema is a JSON object, or true or false.'),
  ...all(SCHEMAS, 'Put an array of at least one schema here.'),
  ...all(NAMED_SCHEMAS, 'Put an object of schemas here.'),
  ...all(['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'], A_NUMBER),
  ...all(['minProperties', 'maxProperties', 'minItems', 'maxItems'], A_COUNT),
  ...all(['minContains', 'maxContains', 'minLength', 'maxLength'], A_COUNT),
  ...all(['title', 'description', 'format', '$comment', '$schema', '$dynamicRef'], TEXT),
  type: 'A type is object, array, string, number, integer, boolean or null, or an array of these.',
  required: 'Put an array of names of properties here, each once.',
  enum: 'Put an array of values here.',
  multipleOf: 'Put a number above 0 here.',
  uniqueItems: 'Put true or false here.',
  pattern: 'Put a regular expression of JavaScript here, as with its flag u.',
  $ref: 'A reference is a URI.',
  $id: 'An $id is a URI without a fragment.',
  $anchor: 'An anchor is a name: a letter or _, then letters, digits, -, . and _.',
};
