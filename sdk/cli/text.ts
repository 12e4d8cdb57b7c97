// How values are written for people.

export type Cell = string | number | bigint | null;

/** Columns under their names; those of numbers are aligned to the right. What a terminal would obey is taken out. */
export function table(names: string[], rows: Cell[][]): string {
  const cells = rows.map((row) => row.map((cell) => plain(write(cell))));
  const widths = names.map((name, i) => Math.max(width(name), ...cells.map((row) => width(row[i] ?? ''))));
  const numeric = names.map((_, i) =>
    rows.some((row) => typeof row[i] === 'number' || typeof row[i] === 'bigint'),
  );
  const line = (row: string[]) => {
    const padded = row.map((cell, i) => {
      const space = ' '.repeat((widths[i] ?? 0) - width(cell));
      return numeric[i] ? space + cell : cell + space;
    });
    return padded.join('  ').trimEnd();
  };
  return [line(names), ...cells.map(line)].join('\n');
}

function write(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return '-';
  return typeof cell === 'string' ? cell : number.format(cell);
}

const number = new Intl.NumberFormat('en');

/** In columns of a terminal: most of East Asia takes two, what is put above or below a letter none. */
function width(text: string): number {
  return text
    .replace(/\p{Mark}/gu, '')
    .replace(/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}]/gu, '##').length;
}

/** A line without control characters. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** As PostgreSQL's pg_size_pretty: 1 kB is 1,024 bytes. */
export function size(bytes: bigint): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 10240 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${number.format(Math.round(value))} ${UNITS[unit]}`;
}

export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** `1 error`, `2 errors`. */
export function count(quantity: number, what: string): string {
  return `${number.format(quantity)} ${what}${quantity === 1 ? '' : 's'}`;
}
