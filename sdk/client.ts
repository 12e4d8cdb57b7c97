// The way to the database: one call of a function of the schema dpg is one statement.
//
// A postgres.js instance can be configured to read and write values in its own way (types, transforms, settings of the
// session), and an application may well have done so. Nothing of that may change a row of ours, so everything travels
// as text: arguments are of type unknown (no serializer is registered for it) and cast in the statement, results are
// read raw (no parser and no transform of names or values runs). What JSON would bend travels beside it: times,
// doubles and bigints.

import { isConnectionLoss, OutcomeUnknownError, toDpgError } from './errors.js';

/** What is needed of postgres.js: an instance, a reserved connection or a transaction (`sql.begin(tx => …)`). */
export interface Queryable {
  unsafe(
    query: string,
    parameters?: unknown[],
    options?: { prepare?: boolean },
  ): { raw(): PromiseLike<ArrayLike<ArrayLike<unknown>>> };
  typed(value: string | null, oid: number): unknown;
}

type ScalarType = 'text' | 'uuid' | 'integer' | 'bigint' | 'double precision' | 'jsonb' | 'timestamptz';
type ArgumentType = ScalarType | 'item_ref';

/** How a column is sent that JSON, or the settings of a session, would change. */
const exact = {
  bigint: {
    select: (column: string) => `${column}::text`,
    read: (text: string) => BigInt(text),
  },
  boolean: {
    select: (column: string) => `${column}::text`,
    read: (text: string) => text === 'true',
  },
  double: {
    select: (column: string) => `encode(float8send(${column}), 'hex')`,
    read: (text: string) => Buffer.from(text, 'hex').readDoubleBE(),
  },
  table: {
    select: (column: string) => `(pg_identify_object('pg_class'::regclass, ${column}::oid, 0)).identity`,
    read: (text: string) => text,
  },
  time: {
    select: (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
    read: (text: string) => text,
  },
};
type Exact = keyof typeof exact;

/** What a function returns: the expressions to select from `result`, and how to read a row of them. */
export interface Returns<Result> {
  select: string[];
  read(cells: (string | null)[]): Result;
}

/** A row, with the columns that need care. */
export function row<Row>(columns: Partial<Record<keyof Row & string, Exact>>): Returns<Row> {
  const careful = Object.entries(columns) as [string, Exact][];
  return {
    select: [
      'to_json(result)::text',
      ...careful.map(([column, kind]) => exact[kind].select(`result.${column}`)),
    ],
    read([json, ...cells]) {
      const result = JSON.parse(json as string);
      careful.forEach(([column, kind], i) => {
        const text = cells[i] ?? null;
        result[column] = text === null ? null : exact[kind].read(text);
      });
      return result;
    },
  };
}

/** A single value. */
export function value<Value = string>(kind: Exact): Returns<Value> {
  return {
    select: [exact[kind].select('result')],
    read: ([text]) => exact[kind].read(text as string) as Value,
  };
}

/** Nothing. */
export const nothing: Returns<void> = { select: ['null'], read: () => undefined };

/** How many rows there are, instead of the rows. */
export const rowCount: Returns<number> = { select: ['count(*)::text'], read: ([text]) => Number(text) };

/** Sends a statement with these values and reads its rows. */
export type Statement<Argument extends string, Result> = (
  sql: Queryable,
  values: { [name in Argument]?: unknown },
  progress?: Progress,
) => Promise<Result[]>;

/** Whether the statement was given to a connection. As long as it waits for one, the server has not seen it. */
interface Progress {
  sent: boolean;
}

/**
 * A call of the function `dpg.<name>`, by argument name. Its text is the same each time, so that a connection prepares
 * it once; an argument that is not given is sent as null.
 */
export function call<Argument extends string, Result>(
  name: string,
  takes: Record<Argument, ArgumentType>,
  returns: Returns<Result>,
): Statement<Argument, Result> {
  const calling = reading(name, takes, returns);
  return async (sql, values) => {
    const progress: Progress = { sent: false };
    try {
      return await calling(sql, values, progress);
    } catch (error) {
      // a transaction that has lost its connection was not committed
      if (!progress.sent || 'savepoint' in sql || !isConnectionLoss(error)) throw error;
      throw new OutcomeUnknownError(name, values, { cause: error });
    }
  };
}

/** The same for a function that writes nothing: when its connection is lost, nothing is unknown. */
export function reading<Argument extends string, Result>(
  name: string,
  takes: Record<Argument, ArgumentType>,
  returns: Returns<Result>,
): Statement<Argument, Result> {
  const next = parameters();
  const given = (Object.entries(takes) as [Argument, ArgumentType][]).map(
    ([argument, type]) =>
      type === 'item_ref'
        ? `${argument} => row(${next('text')}, ${next('text')}, ${next('text')}, ${next('uuid')})::dpg.item_ref`
        : `${argument === 'position' ? '"position"' : argument} => ${next(type)}`, // a word of SQL's own
  );
  return statement(`dpg.${name}(${given.join(', ')}) as result`, takes, returns);
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

function statement<Argument extends string, Result>(
  source: string,
  takes: Record<Argument, ArgumentType>,
  returns: Returns<Result>,
): Statement<Argument, Result> {
  const text = `select ${returns.select.join(', ')} from ${source}`;
  const types = Object.entries(takes) as [Argument, ArgumentType][];
  return async (sql, values, progress) => {
    const parameters = types.flatMap(([argument, type]) => write(type, values[argument]));
    const rows = await send(sql, text, parameters, progress);
    return Array.from(rows, (cells) => returns.read(returns.select.map((_, i) => readCell(cells[i]))));
  };
}

function parameters(): (type: ScalarType) => string {
  let count = 0;
  return (type) => {
    count += 1;
    return type === 'text' ? `$${count}::text` : `$${count}::text::${type}`;
  };
}

/** The only row of a result. */
export async function only<Result>(rows: Promise<Result[]>): Promise<Result> {
  return (await rows)[0] as Result;
}

/** The type unknown: postgres.js registers no serializer for it, and the cast in the statement decides. */
const UNKNOWN = 705;

async function send(sql: Queryable, text: string, parameters: (string | null)[], progress?: Progress) {
  let query: object | undefined;
  try {
    const typed = parameters.map((parameter) => sql.typed(parameter, UNKNOWN));
    const rows = sql.unsafe(text, typed, { prepare: true }).raw();
    query = rows;
    return await rows;
  } catch (error) {
    // postgres.js notes in a query the connection it was given to; without such a note, the worse is assumed
    if (progress && query) progress.sent = (query as { state?: unknown }).state !== null;
    throw toDpgError(error);
  }
}

function readCell(cell: unknown): string | null {
  if (cell === null) return null;
  if (cell instanceof Uint8Array)
    return Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString();
  throw new TypeError(
    'transform.row of this postgres.js instance takes raw rows apart: let it leave arrays as they are, or pass another instance',
  );
}

function write(type: ArgumentType, value: unknown): (string | null)[] {
  if (type === 'item_ref') {
    const { item_network, item_domain, item_type, item_id } = value as Record<string, string>;
    return [item_network, item_domain, item_type, item_id] as string[];
  }
  if (value === undefined || value === null) return [null];
  if (type === 'jsonb' && !(value instanceof JsonText)) return [JSON.stringify(value)];
  return [String(value)];
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
