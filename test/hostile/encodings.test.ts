// A client whose encoding is not UTF-8 cannot read every value that a refusal tells of. It gets the refusal all the same, with
// its own code, and in the DETAIL the value itself: not 22P05, the error of an error that could not be sent.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { listedFiles, sqlFolder } from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const NAME = '日本 😀 é';
/** The same in SQL of any encoding. */
const name = String.raw`E'\u65e5\u672c \U0001f600 \u00e9'`;
const ITEM = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const ACTION = '33333333-3333-4333-8333-333333333333';
const EVENT = '44444444-4444-4444-8444-444444444444';
const NONE = '99999999-9999-4999-8999-999999999999';
const ref = (id: string) => `row(${name}, ${name}, ${name}, '${id}')::dpg.item_ref`;

beforeAll(async () => {
  await database.sql
    .unsafe(`
    insert into public."user" (id, name, email) values (${name}, '', 'a@example.com'), ('ravi', '', 'ravi@example.com');
    select dpg.upsert_item(${name}, ${name}, ${name}, ${name}, 'https://one.example.com', 's', item_id => '${ITEM}');
    select dpg.upsert_item('ravi', ${name}, ${name}, ${name}, 'https://one.example.com', 's', item_id => '${OTHER}');
    select dpg.define_action(${name}, ${name}, jsonb_build_array(jsonb_build_object('from', 'created', 'to', ${name}, 'by', 'target')));
    select dpg.perform_action(${name}, ${name}, ${ref(ITEM)}, ${ref(OTHER)}, action_id => '${ACTION}');
    select dpg.transition_action('ravi', ${name}, ${name}, '${ACTION}', ${name}, event_id => '${EVENT}');
    select dpg.create_subscription(${name}, ${name});
    select dpg.register_network(jsonb_build_object('name', 'registered', 'domains', jsonb_build_array(
      jsonb_build_object('name', ${name}, 'item_schemas', jsonb_build_object(${name}, true)))));
    insert into dpg.networks (network, document, item_types, interactions)
    select ${name} || '!', document, item_types, interactions from dpg.networks;
  `)
    .simple();
});

const item = `${name}, ${name}, ${name}`;
const REFUSALS: [code: string, call: string][] = [
  ['DP001', `dpg.count_items(${name} || repeat('x', 120), 'd')`],
  ['DP001', `dpg.count_items('n', 'd', item_instance_url => ${name} || repeat('x', 2000))`],
  ['DP001', `dpg.upsert_items(${name}, jsonb_build_array(jsonb_build_object(${name}, 1)))`],
  ['DP001', `dpg.update_item(${name}, ${item}, '${ITEM}', jsonb_build_object(${name}, ${name}))`],
  ['DP001', `dpg.store_event(jsonb_build_object(${name}, ${name}))`],
  ['DP001', `dpg.upsert_item(${name}, ${item}, 'u', 's', jsonb_build_object('a', repeat(${name}, 100000)))`],
  ['DP001', `dpg.define_action(${name}, ${name}, jsonb_build_array(${name}))`],
  ['DP001', `dpg.register_network(jsonb_build_object('name', jsonb_build_array(${name}), 'domains', '[]'))`],
  ['DP002', `dpg.get_item(${item}, '${NONE}')`],
  ['DP003', `dpg.update_item(${name}, ${item}, '${OTHER}', '{"item_state": {}}')`],
  ['DP004', `dpg.get_action(${name}, ${name}, ${name}, '${NONE}')`],
  ['DP005', `dpg.get_action(${name} || '!', ${name}, ${name}, '${ACTION}')`],
  ['DP006', `dpg.transition_action('ravi', ${name}, ${name}, '${ACTION}', 'created')`],
  ['DP007', `dpg.transition_action('ravi', ${name}, ${name}, '${ACTION}', 'created', 7)`],
  ['DP007', `dpg.update_item(${name}, ${item}, '${ITEM}', '{"item_state": {}}', '2020-01-01Z')`],
  [
    'DP008',
    `dpg.transition_action('ravi', ${name}, ${name}, '${ACTION}', 'created', event_id => '${EVENT}')`,
  ],
  [
    'DP008',
    `dpg.perform_action(${name}, ${name}, ${ref(ITEM)}, ${ref(OTHER)}, '{"a": 1}', action_id => '${ACTION}')`,
  ],
  ['DP008', `dpg.create_subscription(${name})`],
  ['DP009', `dpg.upsert_item(${name} || '!', ${item}, 'u', 's')`],
  ['DP010', `dpg.ensure_item_partition(${name}, 'one too many')`],
  ['DP011', `dpg.find_items(${name}, ${name}, page_token => ${name})`],
  ['DP013', `dpg.delete_item(${name}, ${item}, '${ITEM}')`],
  ['DP014', `dpg.upsert_item(${name}, 'registered', 'other', ${name}, 'u', 's')`],
  ['DP014', `dpg.upsert_item(${name}, ${name} || '!', ${name}, 'other', 'u', 's')`],
];

async function refusal(sql: postgres.Sql, call: string): Promise<postgres.PostgresError> {
  try {
    await sql.begin(async (transaction) => {
      if (call.includes('one too many'))
        await transaction`update dpg.limits set limit_value = 0 where limit_name = 'leaves_per_network'`;
      await transaction.unsafe(`select 1 from ${call}`);
      throw new Error(`${call} was not refused`);
    });
  } catch (error) {
    if (error instanceof postgres.PostgresError) return error;
    throw error;
  }
  throw new Error('not reached');
}

describe.each(['LATIN1', 'WIN1252', 'SQL_ASCII', 'EUC_JP'])('a client in %s', (client_encoding) => {
  const other = database.connect({ max: 1, fetch_types: false, connection: { client_encoding } });
  const usual = database.connect({ max: 1, fetch_types: false });

  test.each(REFUSALS)('%s of %s', async (code, call) => {
    const found = await refusal(other, call);
    expect(found.code).toBe(code);
    for (const text of [found.message, found.hint, found.detail]) expect(text).toMatch(/^[\n -~]+$/);
    const expected = await refusal(usual, call);
    expect(JSON.parse(found.detail as string)).toEqual(
      call.includes('2020-01-01Z')
        ? expect.objectContaining({ item_type: NAME })
        : JSON.parse(expected.detail as string),
    );
  });

  test('a refusal of a parallel worker, which thinks that its client has the encoding of the database', async () => {
    const [setting] =
      await other`select name from pg_settings where name in ('debug_parallel_query', 'force_parallel_mode')`;
    await other`select set_config(${setting?.name}, 'on', false)`;
    const found = await refusal(other, `dpg.count_items(${name} || repeat('x', 120), 'd')`);
    await other`select set_config(${setting?.name}, 'off', false)`;
    expect(found.code).toBe('DP001');
    expect(found.where).toContain('parallel worker');
    expect(JSON.parse(found.detail as string).value).toBe(`${NAME}${'x'.repeat(120)}`);
  });

  test('what is escaped is the value itself', async () => {
    expect(JSON.parse((await refusal(other, `dpg.get_item(${item}, '${NONE}')`)).detail as string)).toEqual({
      item_network: NAME,
      item_domain: NAME,
      item_type: NAME,
      item_id: NONE,
    });
  });
});

test('a client in UTF-8 reads the value as it is', async () => {
  const { message, detail } = await refusal(database.sql, `dpg.get_item(${item}, '${NONE}')`);
  expect(message).toContain(NAME);
  expect(detail).toContain(NAME);
});

test('no SQL of ours has a character outside of ASCII, but in comments', async () => {
  const files = await listedFiles();
  expect(files.length).toBeGreaterThan(100);
  for (const file of files) {
    const text = (await readFile(join(sqlFolder, file), 'utf8')).replace(/--.*$/gm, '');
    // nor one as an escape, but for the lists of what is white space, a capital letter, or no part of a word
    const isList = ['arguments/key.sql', 'search/fold_case.sql', 'search/words.sql'].includes(file);
    const escapes = isList ? null : text.match(/\\u[0-9a-f]{4}/gi);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is meant
    expect(escapes ?? text.match(/[^\x00-\x7f]/g), file).toBe(null);
  }
});
