import { z } from 'zod';
import { refusal } from '../arguments.js';
import { hasJsonNumber, withoutJsonNumbers } from '../numbers.js';

/**
 * Whether a value fits one of the schemas.
 * @throws {InvalidArgumentError} that names the path in the value, by the first schema
 */
export async function checkValue(
  schemas: z.ZodType[],
  name: string,
  value: unknown,
  { index, passOver }: { index?: number; passOver?: string } = {},
): Promise<void> {
  let first: z.core.$ZodIssue[] | undefined;
  // for a schema a number is a number, however it was read
  const checked = hasJsonNumber(value) ? withoutJsonNumbers(value) : value;
  for (const schema of schemas) {
    const { error } = await schema.safeParseAsync(checked);
    const issues = error?.issues.filter(({ path }) => passOver === undefined || path[0] !== passOver) ?? [];
    if (issues.length === 0) return;
    first ??= issues;
  }
  const place = index === undefined ? [name] : [index, name];
  const whole = index === undefined ? { [name]: value } : { [index]: { [name]: value } };
  throw refusal(
    new z.ZodError((first ?? []).map((issue) => ({ ...issue, path: [...place, ...issue.path] }))),
    whole,
    name,
  );
}
