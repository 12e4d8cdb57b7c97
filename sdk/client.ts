// The way to the database: one call of a function of the schema dpg is one statement.
//
// A postgres.js instance can be configured to read and write values in its own way (types, transforms, settings of the
// session), and an application may well have done so. Nothing of that may change a row of ours, so everything travels
// as text: arguments are of type unknown (no serializer is registered for it) and cast in the statement, results are of
// type text, for which postgres.js has no parser. Where the instance has one, or transforms rows or values, or does not
// tell, they are read raw, which costs a buffer a cell: half as much again for a page. Columns are selected one by one,
// since PostgreSQL takes as long to make JSON of a row as to find it.

import type postgres from 'postgres';
import { isConnectionLoss, OutcomeUnknownError, toDpgError } from './errors.js';
import { toNotMigratedError } from './not-migrated.js';
import { parseExactly, stringifyJson } from './numbers.js';

/** What is needed of postgres.js: an instance, a reserved connection or a transaction (`sql.begin(tx => …)`). */
export interface Queryable {
  unsafe(
    query: string,
    parameters?: unknown[],
    options?: { prepare?: boolean },
  ): { raw(): PromiseLike<ArrayLike<Cells>>; values?(): PromiseLike<ArrayLike<Cells>> };
  typed(value: string | null, oid: number): unknown;
  /** What the instance was made with; a transaction does not tell. */
  readonly options?: object;
}

type ScalarType = 'text' | 'uuid' | 'integer' | 'bigint' | 'double precision' | 'jsonb' | 'timestamptz';
type ArgumentType = ScalarType | 'item_ref';

/** How a column is selected, so that no setting of the session bends it, and how its text is read. */
interface Kind<Value> {
  select(column: string): string;
  read(text: string, parseJson: ParseJson): Value;
}

/** How the text of a jsonb is read. */
type ParseJson = (text: string) => unknown;

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
type Cells = ArrayLike<unknown>;

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

/** Sends a statement with these values and reads its rows. */
export type Statement<Argument extends string, Result> = (
  sql: Queryable,
  values: { [name in Argument]?: unknown },
) => Promise<Result[]>;

/**
 * A call of the function `dpg.<name>`, by argument name. Its text is the same each time, so that a connection prepares
 * it once; an argument that is not given is sent as null.
 */
export function call<Argument extends string, Result>(
  name: string,
  takes: Record<Argument, ArgumentType>,
  returns: Returns<Result>,
): Statement<Argument, Result> {
  return statement(calling(name, takes), takes, returns, name);
}

/** The same for a function that writes nothing: when its connection is lost, nothing is unknown. */
export function reading<Argument extends string, Result>(
  name: string,
  takes: Record<Argument, ArgumentType>,
  returns: Returns<Result>,
): Statement<Argument, Result> {
  return statement(calling(name, takes), takes, returns);
}

/** The rows of the view `dpg.<name>`, of which the named columns have the values given. */
export function view<Column extends string, Result>(
  name: string,
  columns: Record<Column, ScalarType>,
  returns: Returns<Result>,
): Statement<Column, Result> {
  const next = parameters();
  const wanted = (Object.entries(columns) as [Column, ScalarType][]).map(
    ([column, type]) => `result.${column} = coalesce(${next(type)}, result.${column})`,
  );
  return statement(`dpg.${name} as result where ${wanted.join(' and ')}`, columns, returns);
}

function calling(name: string, takes: Record<string, ArgumentType>): string {
  const next = parameters();
  const given = Object.entries(takes).map(
    ([argument, type]) =>
      type === 'item_ref'
        ? `${argument} => row(${next('text')}, ${next('text')}, ${next('text')}, ${next('uuid')})::dpg.item_ref`
        : `${argument === 'position' ? '"position"' : argument} => ${next(type)}`, // a word of SQL's own
  );
  return `dpg.${name}(${given.join(', ')}) as result`;
}

function parameters(): (type: ScalarType) => string {
  let count = 0;
  return (type) => {
    count += 1;
    return type === 'text' ? `$${count}::text` : `$${count}::text::${type}`;
  };
}

const PREPARED = { prepare: true };

const EXACT = Symbol('numbers are read exactly');

/** The same connections, through which numbers of JSON are read exactly. */
export function exactly<Sql extends Queryable>(sql: Sql): Sql {
  return Object.create(sql, { [EXACT]: { value: true } }) as Sql;
}

/** `writes` is the name of the function that is called, where it writes. */
function statement<Argument extends string, Result>(
  source: string,
  takes: Record<Argument, ArgumentType>,
  returns: Returns<Result>,
  writes?: string,
): Statement<Argument, Result> {
  const text = `select ${returns.select.join(', ')} from ${source}`;
  const types = Object.entries(takes) as [Argument, ArgumentType][];
  return async (sql, values) => {
    let query: PromiseLike<ArrayLike<Cells>> | undefined;
    let rows: ArrayLike<Cells>;
    try {
      const given: unknown[] = [];
      for (const [argument, type] of types) write(sql, given, type, values[argument]);
      const sent = sql.unsafe(text, given, PREPARED);
      query = leavesTextAsItIs(sql) && sent.values ? sent.values() : sent.raw();
      rows = await query;
    } catch (error) {
      if (writes && query && isOutcomeUnknown(sql, query, error))
        throw new OutcomeUnknownError(writes, values, { cause: error });
      throw toNotMigratedError(toDpgError(error));
    }
    const results = new Array<Result>(rows.length);
    const parseJson = EXACT in sql ? parseExactly : JSON.parse;
    for (let i = 0; i < rows.length; i++) results[i] = returns.read(rows[i] as Cells, parseJson);
    return results;
  };
}

/** The type text. */
const TEXT = 25;

/** Whether the instance reads values of type text as they are. */
function leavesTextAsItIs({ options }: Queryable): boolean {
  const { parsers, transform } = (options ?? {}) as Partial<postgres.ParsedOptions>;
  return (
    parsers !== undefined &&
    transform !== undefined &&
    (parsers as Record<number, unknown>)[TEXT] === undefined &&
    !transform.value?.from &&
    !transform.row?.from
  );
}

/** Whether a writing call may have been done although no answer came. */
function isOutcomeUnknown(sql: Queryable, query: object, error: unknown): boolean {
  // postgres.js notes in a query the connection it was given to, before which the server has not seen it; without such a
  // note, the worse is assumed. A transaction that has lost its connection was not committed.
  const wasSent = (query as { state?: unknown }).state !== null;
  return wasSent && !('savepoint' in sql) && isConnectionLoss(error);
}

/** The only row of a result. */
export function only<Result>(rows: Result[]): Result {
  return rows[0] as Result;
}

/** The type unknown: postgres.js registers no serializer for it, and the cast in the statement decides. */
const UNKNOWN = 705;

function write(sql: Queryable, given: unknown[], type: ArgumentType, value: unknown): void {
  if (type === 'item_ref') {
    const item = value as Record<string, string>;
    write(sql, given, 'text', item.item_network);
    write(sql, given, 'text', item.item_domain);
    write(sql, given, 'text', item.item_type);
    write(sql, given, 'uuid', item.item_id);
    return;
  }
  const isNull = value === undefined || value === null;
  const isDocument = type === 'jsonb' && !(value instanceof JsonText);
  given.push(sql.typed(isNull ? null : isDocument ? stringifyJson(value) : String(value), UNKNOWN));
}

/** JSON that goes to the database as it is: JavaScript's numbers would bend some of it. */
export class JsonText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}
