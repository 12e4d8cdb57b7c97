// How columns are selected and read: everything that the database returns comes as text.

/** How a column is selected, so that no setting of the session bends it, and how its text is read. */
interface Kind<Value> {
  select(column: string): string;
  read(text: string, parseJson: ParseJson): Value;
}

/** How the text of a jsonb is read. */
export type ParseJson = (text: string) => unknown;

const asText = (column: string) => `${column}::text`;
const bits = new DataView(new ArrayBuffer(8));

/** What kinds of columns there are: texts are arrays of text, tables are named with their schema, times in UTC. */
const kinds = {
  text: { select: asText, read: (text: string) => text },
  integer: { select: asText, read: (text: string) => Number(text) },
  bigint: { select: asText, read: (text: string) => BigInt(text) },
  boolean: { select: asText, read: (text: string) => text === 'true' },
  json: { select: asText, read: (text: string, parseJson: ParseJson) => parseJson(text) },
  texts: {
    select: (column: string) => `array_to_json(${column})::text`,
    read: (text: string) => JSON.parse(text) as string[],
  },
  double: {
    select: (column: string) => `encode(float8send(${column}), 'hex')`,
    read(text: string) {
      bits.setUint32(0, Number.parseInt(text.slice(0, 8), 16));
      bits.setUint32(4, Number.parseInt(text.slice(8), 16));
      return bits.getFloat64(0);
    },
  },
  table: {
    select: (column: string) => `(pg_identify_object('pg_class'::regclass, ${column}::oid, 0)).identity`,
    read: (text: string) => text,
  },
  time: {
    select: (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
    read: (text: string) => text,
  },
} satisfies Record<string, Kind<unknown>>;
export type KindOfColumn = keyof typeof kinds;

/** A row as it comes: the text of each column, as a string or in UTF-8. */
export type Cells = ArrayLike<unknown>;

/** What a function returns: the expressions to select from `result`, and how to read a row of them. */
export interface Returns<Result> {
  select: string[];
  read(cells: Cells, parseJson: ParseJson): Result;
}

/** A row of these columns. */
export function row<Row>(columns: { readonly [column in keyof Row & string]-?: KindOfColumn }): Returns<Row> {
  const names = Object.keys(columns);
  const readers: ((text: string, parseJson: ParseJson) => unknown)[] = [];
  const select: string[] = [];
  for (const [column, kind] of Object.entries<KindOfColumn>(columns)) {
    readers.push(kinds[kind].read);
    select.push(kinds[kind].select(`result.${column}`));
  }
  return {
    select,
    read(cells, parseJson) {
      const result: Record<string, unknown> = {};
      for (let i = 0; i < names.length; i++) {
        const text = textOf(cells[i]);
        result[names[i] as string] = text === null ? null : readers[i]?.(text, parseJson);
      }
      return result as Row;
    },
  };
}

/** A single value. */
export function value<Value = string>(kind: KindOfColumn): Returns<Value> {
  const { select, read } = kinds[kind];
  return {
    select: [select('result')],
    read: (cells, parseJson) => read(textOf(cells[0]) as string, parseJson) as Value,
  };
}

/** Nothing. */
export const nothing: Returns<void> = { select: ['null::text'], read: () => undefined };

/** How many rows there are, instead of the rows. */
export const rowCount: Returns<number> = {
  select: ['count(*)::text'],
  read: (cells) => Number(textOf(cells[0])),
};

/** The text of a cell. */
export function textOf(cell: unknown): string | null {
  if (cell === null || typeof cell === 'string') return cell;
  if (Buffer.isBuffer(cell)) return cell.toString();
  if (cell instanceof Uint8Array)
    return Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString();
  throw new TypeError(
    'transform.row of this postgres.js instance takes raw rows apart: let it leave arrays as they are, or pass another instance',
  );
}
