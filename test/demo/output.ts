// What the demo prints: headings, sentences, tables; colours on a terminal that has them and nobody forbids (NO_COLOR).

import Table from 'cli-table3';

export const isTerminal = process.stdout.isTTY === true;
const hasColors = isTerminal && process.stdout.hasColors();

const paint = (code: number) => (text: string) => (hasColors ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const cyan = paint(36);

export function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Shows the cursor that a progress bar has hidden, and lets long lines wrap again. */
export function restoreTerminal(): void {
  if (isTerminal) process.stdout.write('\u001b[?25h\u001b[?7h\n');
}

export function heading(text: string): void {
  say(`\n${bold(cyan(text))}`);
}

export function done(text: string): void {
  say(`${green('✓')} ${text}`);
}

export type Cell = string | number | bigint;

/** Columns whose first cell is a number are aligned to the right. */
export function table(columns: string[], rows: Cell[][]): void {
  const isNumber = (cell: Cell | undefined) => cell !== undefined && /^-?[\d,.]+( km)?$/.test(show(cell));
  const result = new Table({
    head: columns.map(bold),
    style: { head: [], border: hasColors ? ['grey'] : [], compact: true },
    colAligns: columns.map((_, i) => (isNumber(rows[0]?.[i]) ? 'right' : 'left')),
  });
  result.push(...rows.map((row) => row.map(show)));
  say(result.toString());
}

function show(cell: Cell): string {
  return typeof cell === 'string' ? cell : count(cell);
}

const number = new Intl.NumberFormat('en');
const oneDecimal = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const countries = new Intl.DisplayNames('en', { type: 'region', fallback: 'code' });

export function count(value: number | bigint): string {
  return number.format(value);
}

export function seconds(milliseconds: number): string {
  return `${oneDecimal.format(milliseconds / 1000)} s`;
}

export function kilometers(meters: number): string {
  return `${oneDecimal.format(meters / 1000)} km`;
}

export function place(latitude: number | null, longitude: number | null): string {
  return latitude === null || longitude === null ? '' : `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`;
}

export function countryName(code: string): string {
  return countries.of(code) ?? code;
}

/** The result of a task, and how long it took. */
export async function timed<Result>(
  task: () => Promise<Result>,
): Promise<{ result: Result; milliseconds: number }> {
  const start = performance.now();
  const result = await task();
  return { result, milliseconds: performance.now() - start };
}

/** The demo checks what it shows: a wrong answer ends it. */
export function expect(isTrue: boolean, what: string): asserts isTrue {
  if (!isTrue) throw new Error(`The demo expected ${what}.`);
}
