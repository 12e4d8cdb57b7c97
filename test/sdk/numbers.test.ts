// Numbers of documents that JavaScript's cannot hold: read exactly they are written back digit for digit.

import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  createDpg,
  type Dpg,
  type ExactJsonObject,
  eventText,
  isJsonNumber,
  JsonNumber,
  type JsonObject,
  stringifyJson,
} from '../../sdk/index.js';
import { defineNetwork, loadNetwork, withNetwork } from '../../sdk/network/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, OTHER_URL, student, tutor } from './story.js';

const database = await testDatabase();
const plain = createDpg(database.sql);
const exact = createDpg(database.sql, { numbers: 'exact' });
const asha = exact.as('asha');

beforeAll(() => addUsers(database.sql, 'asha', 'ravi'));

const LONG = '9007199254740993';
/** As jsonb writes them; each is read as it is here. */
const altered = {
  beyond: LONG,
  below: `-${LONG}`,
  huge: `1${'0'.repeat(400)}`,
  tiny: `0.${'0'.repeat(399)}1`,
  digits: '0.1234567890123456789012345678901234567890',
  both: '12345678901234567890.5',
  money: '99999999999999.99999',
};
const same = { zero: 0, small: 5e-324, third: 0.1, sum: 0.1 + 0.2, most: 2 ** 53 - 1, big: 1e15, half: -0.5 };
/** The document as text, and with an element that is nested in arrays. */
const members = [
  ...Object.entries(altered).map(([name, text]) => `"${name}": ${text}`),
  ...Object.entries(same).map(([name, number]) => `"${name}": ${number}`),
  `"minus": -0, "zeros": 1.10, "power": 1E-400, "large": 1e400`,
];
const documentText = `{${members.join(', ')}, "nested": [[${LONG}, {"a": [${altered.digits}]}], "text ${LONG}"], "other": 1}`;

/** Whether the document is the one above but for what it says under "other", as jsonb compares. */
async function isKept(table: string, column: string, key: string, id: string): Promise<unknown[]> {
  const [row] = await database.sql.unsafe(
    `select ${column} - 'other' = $1::text::jsonb - 'other' as kept, ${column} ->> 'other' as other from ${table} where ${key} = $2`,
    [documentText, id],
  );
  return [row?.kept, row?.other];
}

/** Written without the SDK. */
async function storedItem() {
  const { item_network, item_domain, item_type, item_id } = await plain.as('asha').items.upsert(student());
  await database.sql`
    update dpg.items set item_state = ${documentText}::text::jsonb where item_id = ${item_id}`;
  return { item_network, item_domain, item_type, item_id };
}

const other = <Document extends object>(document: Document) => ({ ...document, other: 2 });
const kept = (id: string) => isKept('dpg.items', 'item_state', 'item_id', id);

describe('read, changed elsewhere, written back', () => {
  test('without the option digits are lost, which is what docs/sdk.md says', async () => {
    const ref = await storedItem();
    const { item_state } = await plain.items.get(ref);
    expect(item_state.beyond).toBe(9007199254740992);
    await plain
      .as('asha')
      .items.update(ref, { changes: { item_state: { ...item_state, huge: 0, large: 0 } } });
    expect(await kept(ref.item_id)).toEqual([false, '1']);
  });

  test('get and update', async () => {
    const ref = await storedItem();
    const { item_state } = await exact.items.get(ref);
    for (const [name, text] of Object.entries(altered)) {
      expect(isJsonNumber(item_state[name])).toBe(true);
      expect(String(item_state[name])).toBe(text);
    }
    expect(item_state).toMatchObject(same);
    expect(item_state.zeros).toBe(1.1);
    const updated = await asha.items.update(ref, { changes: { item_state: other(item_state) } });
    expect(String(updated.item_state.digits)).toBe(altered.digits);
    expect(await kept(ref.item_id)).toEqual([true, '2']);
    // one that changes nothing is seen to change nothing
    const again = await asha.items.update(ref, { changes: { item_state: updated.item_state } });
    expect(again.updated_at).toBe(updated.updated_at);
  });

  test('find and upsertMany', async () => {
    const refs = [await storedItem(), await storedItem()];
    const at = { item_network: 'yellow_dot', item_domain: 'student' };
    const filter = { ...at, item_state: { beyond: new JsonNumber(LONG), other: 1 } };
    const { rows } = await exact.items.find(filter);
    expect(rows.map(({ item_id }) => item_id)).toEqual(
      expect.arrayContaining(refs.map((ref) => ref.item_id)),
    );
    expect(
      await exact.items.count({ ...filter, item_state: { beyond: new JsonNumber('9007199254740995') } }),
    ).toBe(0n);
    const items = rows.map(({ item_id, item_state }) => student({ item_id, item_state: other(item_state) }));
    const written = await asha.items.upsertMany(items);
    expect(written.map(({ item_state }) => String(item_state.huge))).toContain(altered.huge);
    for (const { item_id } of refs) expect(await kept(item_id)).toEqual([true, '2']);
  });

  test('requirements, payloads, and the feed', async () => {
    const source = await storedItem();
    const { item_state } = await exact.items.get(source);
    const target = await plain.as('ravi').items.upsert(tutor());
    const action = await asha.actions.perform({
      action_type: 'connect',
      source,
      target,
      requirements_snapshot: item_state,
      event_payload: other(item_state),
    });
    expect(String(action.requirements_snapshot.beyond)).toBe(LONG);
    const byId = (column: string, table = 'item_actions') =>
      isKept(`dpg.${table}`, column, 'action_id', action.action_id);
    expect(await byId('requirements_snapshot')).toEqual([true, '1']);
    expect(await byId('event_payload', 'action_events')).toEqual([true, '2']);
    const event_id = randomUUID();
    await exact
      .as('ravi')
      .actions.transition(action, { action_status: 'accepted', event_payload: item_state, event_id });
    expect(await isKept('dpg.action_events', 'event_payload', 'event_id', event_id)).toEqual([true, '1']);

    const found = await asha.events.find({ action_id: action.action_id });
    expect(found.rows.map(({ event_payload }) => String(event_payload.digits))).toEqual([
      altered.digits,
      altered.digits,
    ]);
    await exact.subscriptions.create({ subscription: 'reader' });
    const events = await exact.subscriptions.read({ subscription: 'reader' });
    expect(events.map(({ event_payload }) => String(event_payload.beyond))).toEqual([LONG, LONG]);
    expect(events.map(eventText).every((text) => text.includes(`"beyond": ${LONG}`))).toBe(true);
    // also one that somebody has copied
    expect(
      events
        .map((event) => eventText({ ...event } as never))
        .every((text) => text.includes(`"beyond":${LONG}`)),
    ).toBe(true);

    // stored by another instance as it was read here
    const [event] = events;
    const mirrored = {
      ...Object.fromEntries(
        Object.entries(event ?? {}).filter(([name]) => name !== 'position' && name !== 'lease_id'),
      ),
      ...{ event_id: randomUUID(), action_id: randomUUID(), origin_instance_domain: OTHER_URL },
      target_item_instance_url: OTHER_URL,
    };
    const stored = await exact.events.store(mirrored as never);
    expect(await isKept('dpg.action_events', 'event_payload', 'event_id', stored.event_id)).toEqual([
      true,
      '2',
    ]);
  });

  test('in a transaction, by a connection string, and through a network', async () => {
    const ref = await storedItem();
    await exact.sql.begin(async (tx) => {
      const within = exact.with(tx);
      const { item_state } = await within.items.get(ref);
      await within.as('asha').items.update(ref, { changes: { item_state: other(item_state) } });
    });
    expect(await kept(ref.item_id)).toEqual([true, '2']);

    await using own = createDpg(database.url, { max: 1, numbers: 'exact' });
    const schema = {
      properties: {
        beyond: { type: 'integer', minimum: 1 },
        digits: { type: 'number' },
        nested: { type: 'array' },
      },
    };
    const loaded = loadNetwork({
      name: 'yellow_dot',
      domains: [{ name: 'student', item_schemas: { 'profile_1.0': schema } }],
    });
    const defined = defineNetwork({
      name: 'yellow_dot',
      domains: [
        {
          name: 'student',
          item_schemas: { 'profile_1.0': z.looseObject({ beyond: z.number(), digits: z.number() }) },
        },
      ],
    });
    for (const network of [loaded, defined as never as typeof loaded]) {
      const dpg = withNetwork(own, network);
      const { item_state } = await dpg.items.get(ref as never);
      await dpg
        .as('asha')
        .items.update(ref as never, { changes: { item_state: { ...item_state, other: 3 } } } as never);
      expect(await kept(ref.item_id)).toEqual([true, '3']);
      const wrong = { changes: { item_state: { ...item_state, beyond: 'text' } } };
      await expect(dpg.as('asha').items.update(ref as never, wrong as never)).rejects.toMatchObject({
        code: 'DP001',
      });
    }
  });
});

describe('JsonNumber', () => {
  test('is its text, and near to it a number', () => {
    const number = new JsonNumber(LONG);
    expect(`${number}`).toBe(LONG);
    expect(Number(number)).toBe(9007199254740992);
    expect(BigInt(String(number))).toBe(9007199254740993n);
    expect(inspect({ number })).toBe(`{ number: JsonNumber(${LONG}) }`);
  });

  test.each(['', 'x', '01', '1.', '.5', '+1', 'NaN', 'Infinity', '1e', '0x1', ' 1', '1\n'])(
    '%j is none',
    (text) => {
      expect(() => new JsonNumber(text)).toThrow(/no number of JSON/);
    },
  );

  test('stringifyJson writes it as it is, JSON.stringify as it can', () => {
    const value = { a: [new JsonNumber('1e400'), 1, 'x', null, undefined], b: undefined, c: new Date(0) };
    expect(stringifyJson(value)).toBe('{"a":[1e400,1,"x",null,null],"c":"1970-01-01T00:00:00.000Z"}');
    expect(JSON.stringify({ a: new JsonNumber(LONG) })).toBe(
      'rawJSON' in JSON ? `{"a":${LONG}}` : `{"a":"${LONG}"}`,
    );
    expect(stringifyJson({ a: 1 })).toBe('{"a":1}');
  });

  test('is written without the option as well', async () => {
    const { item_id } = await plain
      .as('asha')
      .items.upsert(student({ item_state: { n: new JsonNumber('1e-400') } }));
    const [row] = await database.sql`
      select (item_state ->> 'n')::numeric = 1e-400 as kept from dpg.items where item_id = ${item_id}`;
    expect(row?.kept).toBe(true);
  });
});

test('types follow', () => {
  expectTypeOf(plain).toEqualTypeOf<Dpg<typeof database.sql, JsonObject>>();
  expectTypeOf(exact).toEqualTypeOf<Dpg<typeof database.sql, ExactJsonObject>>();
  const typed = async () => {
    const item = await exact.items.get(await storedItem());
    expectTypeOf(item.item_state).toEqualTypeOf<ExactJsonObject>();
    const { rows } = await exact.as('asha').actions.find();
    expectTypeOf(rows[0]?.requirements_snapshot).toEqualTypeOf<ExactJsonObject | undefined>();
    const [event] = await exact.subscriptions.read({ subscription: 'x' });
    expectTypeOf(event?.event_payload).toEqualTypeOf<ExactJsonObject | undefined>();
    const [usual] = await plain.subscriptions.read({ subscription: 'x' });
    expectTypeOf(usual?.event_payload).toEqualTypeOf<JsonObject | undefined>();
  };
  expect(typed).toBeTypeOf('function');
  // @ts-expect-error there is no such way
  expect(() => createDpg(database.sql, { numbers: 'text' })).toThrow("numbers is refused: 'text'");
});
