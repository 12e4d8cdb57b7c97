// sdk/functions.ts: the functions of the database as the SDK calls them: what each takes, what it returns, whether it writes.

import type postgres from 'postgres';
import { type Argument, type FunctionObject, readObjects } from './reference/objects.js';
import { columnsOf, documentOf, rowTypes } from './row-types.js';

/** Functions for a DBA with psql: the SDK has no methods for them. */
const BY_HAND = [
  'accept_differing_event',
  'confirm_lost_events',
  'erase_user',
  'forget_instance_url',
  'move_items',
  'redact_event',
];

/** The types of arguments, as sdk/client.ts names them. */
const ARGUMENTS: Record<string, string> = {
  text: 'text',
  'text[]': 'text[]',
  uuid: 'uuid',
  integer: 'integer',
  bigint: 'bigint',
  boolean: 'boolean',
  'double precision': 'double precision',
  jsonb: 'jsonb',
  regconfig: 'regconfig',
  'timestamp with time zone': 'timestamptz',
  'dpg.item_ref': 'item_ref',
  'dpg.item_ref[]': 'item_ref[]',
};

/** Results that are no row, as sdk/columns.ts reads them. */
const VALUES: Record<string, string> = {
  void: 'nothing',
  integer: "value<number>('integer')",
  bigint: "value<bigint>('bigint')",
  boolean: "value<boolean>('boolean')",
  regclass: "value<string>('table')",
};

export async function functionsFile(sql: postgres.Sql): Promise<string> {
  const { functions, relations } = await readObjects(sql);
  for (const name of BY_HAND)
    if (!functions.some((one) => one.name === name)) throw new Error(`there is no function dpg.${name}`);
  const called = functions.filter(({ name }) => !BY_HAND.includes(name));
  const resultOf = ({ returns }: FunctionObject) => {
    const type = returns.replace(/^SETOF /, '');
    if (VALUES[type]) return VALUES[type];
    if (!type.startsWith('dpg.')) throw new Error(`sdk/columns.ts reads no result of type ${type}`);
    const row = rowTypes.find(({ relation }) => `dpg.${relation}` === type);
    if (!row) throw new Error(`sdk/rows.ts has no row of ${type}`);
    const name = documentOf(row, relations) ? `${row.name}<Unread>` : row.name;
    return `row<rows.${name}>(rows.${columnsOf(row)})`;
  };

  return [
    '// Generated out of the functions of the database by `npm run generate`; a test compares them.',
    '',
    "import { nothing, row, value } from './columns.js';",
    "import * as rows from './rows.js';",
    '',
    '/** Documents of which the method says what they are: fits any type. */',
    'type Unread = never;',
    '',
    '/** By name: the arguments that must be given, those that may be, and what comes back. */',
    'export const functions = {',
    ...called.flatMap((one) => [
      `  ${one.name}: {`,
      ...argumentsOf(one, 'takes', (argument) => !mayBeNull(one, argument)),
      ...argumentsOf(one, 'mayTake', (argument) => mayBeNull(one, argument)),
      `    returns: ${resultOf(one)},`,
      `    isSet: ${one.returns.startsWith('SETOF ')},`,
      `    isReading: ${one.isReading},`,
      '  },',
    ]),
    '} as const;',
    '',
  ].join('\n');
}

/**
 * One with a default; and what may be null before required ones, and so has no default: a single domain where there may be
 * several instead, the type of an item that its id tells.
 */
function mayBeNull(of: FunctionObject, { name, default: otherwise }: Argument): boolean {
  if (otherwise !== null) return true;
  if (name === 'item_type') return of.name === 'get_item';
  return name === 'item_domain' && of.arguments.some((other) => other.name === 'item_domains');
}

function argumentsOf(
  { name, arguments: all }: FunctionObject,
  member: string,
  isOne: (argument: Argument) => boolean,
): string[] {
  const given = all.filter(isOne).map((argument) => {
    const type = ARGUMENTS[argument.type];
    if (type) return `${argument.name}: '${type}'`;
    throw new Error(
      `sdk/client.ts sends no argument of type ${argument.type}: ${argument.name} of dpg.${name}`,
    );
  });
  const line = `    ${member}: {${given.length === 0 ? '' : ` ${given.join(', ')} `}},`;
  return line.length <= 110 ? [line] : [`    ${member}: {`, ...given.map((one) => `      ${one},`), '    },'];
}
