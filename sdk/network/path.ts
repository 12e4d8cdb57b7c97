import { InvalidArgumentError } from '../errors.js';

/** The way to a part of a network document. */
export type Path = readonly PropertyKey[];

/** As a JSON pointer (RFC 6901). */
export function pointerOf(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The refusal of a document, as the database would refuse it. */
export function refuseDocument(
  path: Path,
  value: unknown,
  problem: string,
  hint: string,
  cause?: unknown,
): InvalidArgumentError {
  const pointer = pointerOf(path);
  const text = JSON.stringify(value) ?? 'null';
  const shown = text.length > 220 ? `${text.slice(0, 220)}…` : text;
  return new InvalidArgumentError('DP001', `document at ${pointer || 'its top'} ${problem}: ${shown}`, {
    detail: { argument: 'document', path: pointer, value: text.length > 1000 ? shown : JSON.parse(text) },
    hint,
    cause,
  });
}
