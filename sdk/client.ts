// The way to the database: one call of a function of the schema dpg is one statement.
//
// A postgres.js instance can be configured to read and write values in its own way (types, transforms, settings of the
// session), and an application may well have done so. Nothing of that may change a row of ours, so everything travels
// as text: arguments are of type unknown (no serializer is registered for it) and cast in the statement, results are of
// type text, for which postgres.js has no parser. Where the instance has one, or transforms rows or values, or does not
// tell, they are read raw, which costs a buffer a cell: half as much again for a page. Columns are selected one by one,
// since PostgreSQL takes as long to make JSON of a row as to find it.

import type postgres from 'postgres';
import { writeArray } from './arrays.js';
import { Observer, type OnCall } from './calls.js';
import type { Cells, Returns } from './columns.js';
import { isConnectionLoss, OutcomeUnknownError } from './connection-loss.js';
import { toDpgError } from './errors.js';
import { functions } from './functions.js';
import { toNotMigratedError } from './not-migrated.js';
import { parseExactly, stringifyJson } from './numbers.js';
import { mayHaveBeenSent } from './postgres-js.js';

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

/** What an argument of each type takes: a uuid or a time as text, JSON also as text that stays as it is. */
interface Values {
  text: string;
  'text[]': readonly string[] | null;
  uuid: string;
  integer: number;
  bigint: bigint;
  boolean: boolean;
  'double precision': number;
  jsonb: object | null;
  regconfig: string;
  timestamptz: string;
  item_ref: ItemKey;
  'item_ref[]': readonly ItemKey[];
}
type Type = keyof Values;
type ItemKey = { item_network: string; item_domain: string; item_type: string; item_id: string };

/** Arguments by their names. */
export type GivenArguments = { readonly [argument: string]: unknown };

/** Sends a call to a server: with the arguments that it has, or with others. */
export type Send<Row> = (sql: Queryable, given?: GivenArguments) => Promise<Row[]>;

/** Sends a call to the server, or the servers, that it is for, and gives back its rows. */
export type Route = <Row>(called: Called, send: Send<Row>) => Promise<Row[]>;

/** A call that is about to be sent. */
export interface Called {
  /** The function or the view. */
  name: string;
  isReading: boolean;
  given: GivenArguments;
}

const ROUTE = Symbol('where calls go');

/** The same connections, whose calls go where `route` sends them. */
export function routed<Sql extends Queryable>(sql: Sql, route: Route): Sql {
  return Object.create(sql, { [ROUTE]: { value: route } }) as Sql;
}

type Functions = typeof functions;
/** The functions of schema dpg that the SDK calls. */
export type FunctionName = keyof Functions;

/** Type by name, of arguments or columns. */
type Types = { readonly [name: string]: Type };
type Given<Some extends Types> = { [name in keyof Some]: Values[Some[name]] };
type Optional<Some extends Types> = { [name in keyof Some]?: Values[Some[name]] | null | undefined };

/** The arguments of a function by their names; what is null or not given is its default. */
export type ArgumentsOf<Name extends FunctionName> = Given<Functions[Name]['takes']> &
  Optional<Functions[Name]['mayTake']>;

type Row<Name extends FunctionName> =
  Functions[Name]['returns'] extends Returns<infer Result> ? Result : never;

/** What a function returns: an array where it returns a set. */
export type ResultOf<Name extends FunctionName> = Functions[Name]['isSet'] extends true
  ? Row<Name>[]
  : Row<Name>;

/**
 * Calls the function `dpg.<name>`, by argument name. With `returns` that is read in place of what the function returns, of
 * each row.
 */
export async function call<Name extends FunctionName>(
  sql: Queryable,
  name: Name,
  given: ArgumentsOf<Name>,
): Promise<ResultOf<Name>>;
export async function call<Name extends FunctionName, Result>(
  sql: Queryable,
  name: Name,
  given: ArgumentsOf<Name>,
  returns: Returns<Result>,
): Promise<Result[]>;
export async function call(
  sql: Queryable,
  name: FunctionName,
  given: { readonly [argument: string]: unknown },
  returns?: Returns<unknown>,
): Promise<unknown> {
  const rows = await send(sql, callOf(name, returns ?? functions[name].returns), given);
  return returns || functions[name].isSet ? rows : rows[0];
}

/** The text of a call is the same each time, so that a connection prepares it once. */
const calls = new Map<FunctionName, Map<Returns<unknown>, Statement<unknown>>>();

function callOf(name: FunctionName, returns: Returns<unknown>): Statement<unknown> {
  let ofFunction = calls.get(name);
  if (!ofFunction) {
    ofFunction = new Map();
    calls.set(name, ofFunction);
  }
  let made = ofFunction.get(returns);
  if (!made) {
    const { takes, mayTake, isReading } = functions[name];
    const types: Types = { ...takes, ...mayTake };
    made = statement(name, calling(name, types), types, returns, isReading ? undefined : name);
    ofFunction.set(returns, made);
  }
  return made;
}

function calling(name: string, types: Types): string {
  const next = parameters();
  const given = Object.entries(types).map(
    ([argument, type]) =>
      type === 'item_ref'
        ? `${argument} => row(${next('text')}, ${next('text')}, ${next('text')}, ${next('uuid')})::dpg.item_ref`
        : `${argument === 'position' ? '"position"' : argument} => ${next(type)}`, // a word of SQL's own
  );
  return `dpg.${name}(${given.join(', ')}) as result`;
}

/** Names of the views, and tables, that the SDK reads. */
export const views = new Set<string>();

/** Reads the rows of the view `dpg.<name>`, of which the named columns have the values given. */
export function view<Columns extends Types, Row>(
  name: string,
  columns: Columns,
  returns: Returns<Row>,
): (sql: Queryable, given: Optional<Columns>) => Promise<Row[]> {
  views.add(name);
  const next = parameters();
  const wanted = Object.entries(columns).map(
    ([column, type]) => `result.${column} = coalesce(${next(type)}, result.${column})`,
  );
  const source = `dpg.${name} as result where ${wanted.join(' and ')}`;
  const made = statement(name, source, columns, returns);
  return (sql, given) => send(sql, made, given);
}

function parameters(): (type: Type) => string {
  let count = 0;
  return (type) => {
    count += 1;
    if (type === 'text') return `$${count}::text`;
    return `$${count}::text::${type === 'item_ref[]' ? 'dpg.item_ref[]' : type}`;
  };
}

interface Statement<Result> {
  /** Of the function or the view. */
  name: string;
  text: string;
  types: readonly (readonly [name: string, type: Type])[];
  returns: Returns<Result>;
  /** The name of the function that is called, where it writes: when the connection is lost, its outcome is unknown. */
  writes: string | undefined;
}

function statement<Result>(
  name: string,
  source: string,
  types: Types,
  returns: Returns<Result>,
  writes?: string,
): Statement<Result> {
  const text = `select ${returns.select.join(', ')} from ${source}`;
  return { name, text, types: Object.entries(types), returns, writes };
}

const PREPARED = { prepare: true };

const EXACT = Symbol('numbers are read exactly');
const OBSERVER = Symbol('who is told of calls');

/** What holds for all calls of a `dpg`. */
export interface CallSettings {
  /** Whether numbers of JSON are read exactly. */
  isExact: boolean;
  onCall: OnCall | undefined;
}

/** The same connections, for calls with these settings. `server` is its name for who is told of calls. */
export function withSettings<Sql extends Queryable>(
  sql: Sql,
  { isExact, onCall }: CallSettings,
  server = serverOf(sql),
): Sql {
  if (!isExact && !onCall) return sql;
  return Object.create(sql, {
    ...(isExact && { [EXACT]: { value: true } }),
    ...(onCall && { [OBSERVER]: { value: new Observer(onCall, server) } }),
  }) as Sql;
}

/** `host:port/database` of each host, without user and password; undefined where the instance does not tell. */
export function serverOf({ options }: Queryable): string | undefined {
  const { host, port, database } = (options ?? {}) as Partial<postgres.ParsedOptions>;
  if (!Array.isArray(host) || !Array.isArray(port)) return undefined;
  return `${host.map((name, i) => `${name}:${port[i] ?? port[0]}`).join(',')}/${database}`;
}

async function send<Result>(
  sql: Queryable,
  made: Statement<Result>,
  given: { readonly [name: string]: unknown },
): Promise<Result[]> {
  const route = (sql as { [ROUTE]?: Route })[ROUTE];
  if (!route) return sendTo(sql, made, given);
  const called = { name: made.name, isReading: made.writes === undefined, given };
  return route(called, (chosen, others = given) => send(chosen, made, others));
}

async function sendTo<Result>(
  sql: Queryable,
  { name, text, types, returns, writes }: Statement<Result>,
  values: { readonly [name: string]: unknown },
): Promise<Result[]> {
  const observer = (sql as { [OBSERVER]?: Observer })[OBSERVER];
  const begun = observer ? performance.now() : 0;
  let query: PromiseLike<ArrayLike<Cells>> | undefined;
  let rows: ArrayLike<Cells>;
  try {
    const given: unknown[] = [];
    for (const [argument, type] of types) write(sql, given, type, values[argument]);
    const sent = sql.unsafe(text, given, PREPARED);
    query = leavesTextAsItIs(sql) && sent.values ? sent.values() : sent.raw();
    rows = await query;
  } catch (error) {
    if (query) observer?.ended(name, writes === undefined, begun, { error });
    if (writes && query && isOutcomeUnknown(sql, query, error))
      throw new OutcomeUnknownError(writes, values, { cause: error });
    throw toNotMigratedError(toDpgError(error));
  }
  observer?.ended(name, writes === undefined, begun, { rows: rows.length });
  const results = new Array<Result>(rows.length);
  const parseJson = EXACT in sql ? parseExactly : JSON.parse;
  for (let i = 0; i < rows.length; i++) results[i] = returns.read(rows[i] as Cells, parseJson);
  return results;
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
  // a transaction that has lost its connection was not committed
  return mayHaveBeenSent(query) && !('savepoint' in sql) && isConnectionLoss(error);
}

/** The type unknown: postgres.js registers no serializer for it, and the cast in the statement decides. */
const UNKNOWN = 705;

function write(sql: Queryable, given: unknown[], type: Type, value: unknown): void {
  if (type === 'item_ref') {
    const item = value as Record<string, string>;
    write(sql, given, 'text', item.item_network);
    write(sql, given, 'text', item.item_domain);
    write(sql, given, 'text', item.item_type);
    write(sql, given, 'uuid', item.item_id);
    return;
  }
  given.push(sql.typed(value === undefined || value === null ? null : textOf(type, value), UNKNOWN));
}

/** A value as PostgreSQL reads one of this type. */
function textOf(type: Type, value: unknown): string {
  if (type === 'text[]') return writeArray(value as readonly string[]);
  if (type === 'item_ref[]') return writeArray(value as readonly ItemKey[], (item) => rowOf(item as ItemKey));
  return type === 'jsonb' && !(value instanceof JsonText) ? stringifyJson(value) : String(value);
}

/** A row of type `dpg.item_ref` as PostgreSQL reads it. */
function rowOf({ item_network, item_domain, item_type, item_id }: ItemKey): string {
  const columns = [item_network, item_domain, item_type, item_id];
  return `(${columns.map((column) => `"${column.replace(/["\\]/g, '\\$&')}"`).join(',')})`;
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
