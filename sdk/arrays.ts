// Arrays of PostgreSQL as text. postgres.js learns of them by asking each new connection for all of its types; the SDK
// does not let it ask (connection.ts says why) and tells it of the built-in ones, which have the same numbers everywhere.

import { arrayTypesOf } from './postgres-js.js';

/** The built-in types that arrays are usually made of: the number of the type, and that of its array. */
const ARRAYS: Record<string, [type: number, array: number]> = {
  bool: [16, 1000],
  bytea: [17, 1001],
  char: [18, 1002],
  name: [19, 1003],
  int8: [20, 1016],
  int2: [21, 1005],
  int4: [23, 1007],
  text: [25, 1009],
  oid: [26, 1028],
  json: [114, 199],
  cidr: [650, 651],
  float4: [700, 1021],
  float8: [701, 1022],
  inet: [869, 1041],
  bpchar: [1042, 1014],
  varchar: [1043, 1015],
  date: [1082, 1182],
  time: [1083, 1183],
  timestamp: [1114, 1115],
  timestamptz: [1184, 1185],
  interval: [1186, 1187],
  timetz: [1266, 1270],
  numeric: [1700, 1231],
  regclass: [2205, 2210],
  regtype: [2206, 2211],
  uuid: [2950, 2951],
  jsonb: [3802, 3807],
};

type Parser = (text: string) => unknown;
type Serializer = (value: unknown) => unknown;

/** How an instance of postgres.js reads and writes types. */
interface TypesOfInstance {
  parsers: Record<number, Parser | undefined>;
  serializers: Record<number, Serializer | undefined>;
}

/** Does for the built-in types what postgres.js does for all when it has asked. What the options say of one stays. */
export function addArrayTypes(options: object): void {
  const { parsers, serializers } = options as TypesOfInstance;
  const arrayTypes = arrayTypesOf(options);
  for (const [type, array] of Object.values(ARRAYS)) {
    if (arrayTypes) arrayTypes[type] = array;
    parsers[array] ??= (text) => readArray(text, parsers[type]);
    serializers[array] ??= (value) =>
      Array.isArray(value) ? writeArray(value, serializers[type] ?? String) : value;
  }
}

/** `{a,"b c",{NULL}}` as an array; the bounds that PostgreSQL writes before an array that does not begin at 1 are left out. */
export function readArray(
  text: string,
  read: (element: string) => unknown = (element) => element,
): unknown[] {
  const outer: unknown[][] = [[]];
  const elements = text.slice(text.indexOf('{'));
  for (const [token, quoted] of elements.matchAll(/[{},]|"([^"\\]*(?:\\.[^"\\]*)*)"|[^{},"]+/gs)) {
    const array = outer.at(-1) as unknown[];
    if (token === '{') {
      const inner: unknown[] = [];
      array.push(inner);
      outer.push(inner);
    } else if (token === '}') outer.pop();
    else if (quoted !== undefined) array.push(read(quoted.replace(/\\(.)/gs, '$1')));
    else if (token !== ',') array.push(token === 'NULL' ? null : read(token));
  }
  return outer[0]?.[0] as unknown[];
}

/** The array as PostgreSQL reads it. */
export function writeArray(values: readonly unknown[], write: Serializer = String): string {
  const elements = values.map((value) => {
    if (Array.isArray(value)) return writeArray(value, write);
    if (value === null) return 'NULL';
    if (value === undefined) throw new TypeError('an array for PostgreSQL has no undefined: use null');
    return `"${String(write(value)).replace(/["\\]/g, '\\$&')}"`;
  });
  return `{${elements.join(',')}}`;
}
