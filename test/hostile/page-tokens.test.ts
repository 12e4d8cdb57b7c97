// Page tokens go on where they ended, and are refused when they are another call’s, altered, or made by hand: through the SDK and in plain SQL.

import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { OUR_URL, student, tutor } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';
import { application, outcome } from './application.js';

const database = await testDatabase();
const { sql, dpg } = await application(database);

describe('page tokens', () => {
  const at = { item_network: 'pages', item_domain: 'student' };
  const NEAR = { latitude: 12.9, longitude: 77.5 };
  const ASKED = { item_type: 'profile_1.0', item_state: { level: 1 } };

  beforeAll(async () => {
    const asha = dpg.as('asha');
    const places = [1, 2, 3].map((i) =>
      student({ ...at, item_longitude: 77 + i / 10, item_state: { level: 1, i } }),
    );
    const [source] = await asha.items.upsertMany(places);
    const target = await dpg.as('ravi').items.upsert(tutor({ item_network: 'pages' }));
    if (!source) throw new Error('nothing was stored');
    for (let i = 0; i < 3; i++) {
      const action = await asha.actions.perform({ action_type: 'connect', source, target });
      await asha.actions.transition(action, { action_status: 'created' });
    }
  });

  type Lists = Record<
    string,
    {
      sdk: (token: string, changes?: object) => PromiseLike<{ rows: unknown[] }>;
      raw: (token: string) => PromiseLike<ArrayLike<unknown>>;
      others: object[];
    }
  >;

  const lists: Lists = {
    find_items: {
      sdk: (page_token, changes) => dpg.items.find({ ...at, ...ASKED, page_size: 1, page_token, ...changes }),
      raw: (token) => sql`
        select * from dpg.find_items('pages', 'student', 'profile_1.0', item_state => '{"level": 1}', page_size => 1, page_token => ${token})`,
      others: [
        { item_network: 'page' },
        { item_domain: 'tutor' },
        { item_type: 'profile_1' },
        { item_type: null },
        { created_by: 'asha' },
        { item_instance_url: OUR_URL },
        { item_schema_url: 'https://schemas.example.com/student_profile_v1.json' },
        { item_state: {} },
        { item_state: { level: 2 } },
        { item_state: null },
        { ...NEAR, radius_meters: 1e6 },
      ],
    },
    nearest_items: {
      sdk: (page_token, changes) =>
        dpg.items.nearest({ ...at, ...ASKED, ...NEAR, page_size: 1, page_token, ...changes }),
      raw: (token) => sql`
        select * from dpg.nearest_items('pages', 'student', 12.9, 77.5, item_type => 'profile_1.0', item_state => '{"level": 1}', page_size => 1, page_token => ${token})`,
      others: [
        { item_network: 'page' },
        { item_domain: 'tutor' },
        { latitude: 12.900000000000002 },
        { longitude: 77.6 },
        { radius_meters: 1e7 },
        { item_type: null },
        { item_state: {} },
      ],
    },
    find_actions: {
      sdk: (page_token, changes) =>
        dpg.as('asha').actions.find({
          partition_network: 'pages',
          action_type: 'connect',
          page_size: 1,
          page_token,
          ...changes,
        }),
      raw: (token) => sql`
        select * from dpg.find_actions('asha', partition_network => 'pages', action_type => 'connect', page_size => 1, page_token => ${token})`,
      others: [
        { ownership_role: 'initiated' },
        { ownership_role: 'received' },
        { partition_network: null },
        { action_type: null },
        { action_status: 'created' },
        { item_id: '11111111-1111-4111-8111-111111111111' },
      ],
    },
    find_events: {
      sdk: (page_token, changes) =>
        dpg.as('asha').events.find({
          partition_network: 'pages',
          action_type: 'connect',
          page_size: 1,
          page_token,
          ...changes,
        }),
      raw: (token) => sql`
        select * from dpg.find_events('asha', partition_network => 'pages', action_type => 'connect', page_size => 1, page_token => ${token})`,
      others: [
        { ownership_role: 'initiated' },
        { partition_network: null },
        { action_type: null },
        { action_id: '33333333-3333-4333-8333-333333333333' },
        { action_status: 'created' },
        { update_count: 0 },
        { item_id: '11111111-1111-4111-8111-111111111111' },
      ],
    },
  };

  async function tokenOf(name: string): Promise<string> {
    const { rows } = (await (lists[name] as Lists[string]).sdk(undefined as unknown as string)) as {
      rows: { next_page_token: string }[];
    };
    return rows[0]?.next_page_token as string;
  }

  for (const [name, list] of Object.entries(lists)) {
    test(`of ${name}: goes on where it ended, also with another page size; refused by every other call`, async () => {
      const token = await tokenOf(name);
      expect((await list.sdk(token)).rows.length).toBe(1);
      expect((await list.raw(token)).length).toBe(1);
      expect((await list.sdk(token, { page_size: 1000 })).rows.length).toBe(name === 'find_events' ? 5 : 2);
      for (const [other, { sdk, raw }] of Object.entries(lists)) {
        if (other === name) continue;
        expect([other, await outcome(sdk(token)), await outcome(raw(token))]).toEqual([
          other,
          'DP011',
          'DP011',
        ]);
      }
    });

    test(`of ${name}: refused with any other filter, or by another user`, async () => {
      const token = await tokenOf(name);
      for (const changes of list.others)
        expect([changes, await outcome(list.sdk(token, changes))]).toEqual([changes, 'DP011']);
      if (name === 'find_actions' || name === 'find_events') {
        const ravi = dpg.as('ravi');
        const asked = { partition_network: 'pages', action_type: 'connect', page_token: token };
        expect(
          await outcome(name === 'find_actions' ? ravi.actions.find(asked) : ravi.events.find(asked)),
        ).toBe('DP011');
      }
    });

    test(`of ${name}: refused with one byte altered, left out or added, at each position`, async () => {
      const token = await tokenOf(name);
      const altered = new Set<string>();
      for (let i = 0; i <= token.length; i++) {
        const [before, byte = '', after] = [token.slice(0, i), token[i], token.slice(i + 1)];
        const next = String.fromCharCode(byte.charCodeAt(0) ^ 1);
        for (const other of ['A', '-', '=', '+', "'", '\n', next, byte.toUpperCase(), byte.toLowerCase(), ''])
          if (byte !== '') altered.add(before + other + after);
        altered.add(`${before} ${byte}${after}`);
        altered.add(`${before}A${byte}${after}`);
      }
      altered.delete(token);
      expect(altered.size).toBeGreaterThan(8 * token.length);
      // in the server, which is asked a few hundred times for each kind of token
      const call = {
        find_items: `'pages', 'student', 'profile_1.0', item_state => '{"level": 1}'`,
        nearest_items: `'pages', 'student', 12.9, 77.5, item_type => 'profile_1.0', item_state => '{"level": 1}'`,
        find_actions: `'asha', partition_network => 'pages', action_type => 'connect'`,
        find_events: `'asha', partition_network => 'pages', action_type => 'connect'`,
      }[name];
      await sql.unsafe(`
        do $do$
        declare
          token text;
        begin
          foreach token in array string_to_array($tokens$${[...altered, token].join('|')}$tokens$, '|') loop
            begin
              perform from dpg.${name}(${call}, page_token => token);
              if token <> '${token}' then
                raise exception 'accepted: %', token;
              end if;
            exception when sqlstate 'DP011' then
              if token = '${token}' then
                raise exception 'refused: %', token;
              end if;
            end;
          end loop;
        end $do$`);
      // and through the SDK at a few places
      for (const i of [0, 7, 15, 16, 17, token.length - 2, token.length - 1]) {
        const other = token[i] === 'A' ? 'B' : 'A';
        expect(await outcome(list.sdk(token.slice(0, i) + other + token.slice(i + 1)))).toBe('DP011');
      }
    }, 60_000);
  }

  test('that are no tokens at all', async () => {
    for (const token of [
      '',
      ' ',
      'null',
      '0',
      '[]',
      "'; drop table dpg.items; --",
      '%s%n',
      'A'.repeat(16),
      'A'.repeat(100_000),
      '日本',
      '\u{10ffff}',
    ])
      for (const { sdk, raw } of Object.values(lists))
        expect([token.slice(0, 50), await outcome(sdk(token)), await outcome(raw(token))]).toEqual([
          token.slice(0, 50),
          'DP011',
          'DP011',
        ]);
    expect(await outcome(dpg.items.find({ ...at, page_token: '\0' }))).toBe('DP001');
  });

  test('made by hand: who knows how a token is made lacks the seal of this database', async () => {
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    const scope = hash('find_items["pages", "student", null, null, null, null, null, null, null, null]');
    for (const position of [
      '{}',
      '[]',
      '["x", "t", "y"]',
      '["infinity", "t", "11111111-1111-4111-8111-111111111111"]',
    ]) {
      const body = Buffer.from(position).toString('base64url');
      const page_token = hash(scope + body).slice(0, 16) + body;
      expect(await outcome(dpg.items.find({ ...at, page_token }))).toBe('DP011');
    }
    expect(await outcome(sql`select * from dpg_private.page_seal`)).toBe('42501');
  });
});
