// What the validator of JSON Schemas says of a value, as flaws that a person can mend.

import type { validate } from '@cfworker/json-schema';

/** What is wrong with a value. */
export interface Flaw {
  /** The way to the part that is wrong, or missing. */
  path: (string | number)[];
  message: string;
  /** The part is a property that the schema does not allow. */
  isUnknown?: boolean;
}

export type ValidationError = ReturnType<typeof validate>['errors'][number];

/** Errors that only say that there is one within, which follows. */
const WITHIN = new Set([
  ...['$ref', 'allOf', 'if', 'dependentSchemas', 'dependencies', 'properties', 'patternProperties'],
  ...['additionalProperties', 'unevaluatedProperties', 'prefixItems', 'items', 'unevaluatedItems'],
]);
const NOT_ALLOWED = ['additionalProperties', 'unevaluatedProperties'];
const MISSING = /^Instance (?:does not have required property|has ".*" but does not have) "(.*)"\.$/s;

export function flawsIn(json: unknown, errors: ValidationError[]): Flaw[] {
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

const unescaped = (name: string) => name.replaceAll('~1', '/').replaceAll('~0', '~');
