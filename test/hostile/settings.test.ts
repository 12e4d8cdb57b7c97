// A session, a role or a database may have settings of its own, and drivers and frameworks set some. Whatever they are, each
// function gives the same answers: values, messages, hints and details. Settings are tried fifty at a time, each value
// of each setting once; where the answers differ, each of them is tried alone, so that the failure names it.

import { isDeepStrictEqual } from 'node:util';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { defaults, groupsOf, oddSettings, type Setting } from '../support/odd-settings.js';
import { soak } from '../support/soak.js';
import { temporaryDatabase } from '../support/test-database.js';
import { CALLS, MOMENT, untimed } from './calls.js';

const AT_ONCE = soak(50, 1);

const item = (id: string, more: string) =>
  `dpg.upsert_item('ravi', 'shadow', 'tutor', 'profile', 'https://example.com', 's', item_id => '${id}'${more})`;

/** What the calls for every caller do not ask: places with every digit, pages, cut and escaped values, what an admin may. */
const MORE: { role: 'dpg_app' | 'dpg_admin'; call: string }[] = [
  {
    role: 'dpg_app',
    call: item(
      '55555555-5555-4555-8555-555555555555',
      ', item_latitude => 12.971598700000001, item_longitude => -77.59456600000001',
    ),
  },
  {
    role: 'dpg_app',
    call: item(
      '66666666-6666-4666-8666-666666666666',
      `, item_latitude => 5e-324, item_longitude => 1e-310, item_state => '{"n": 1e-310, "a": [null]}'`,
    ),
  },
  {
    role: 'dpg_app',
    call: `dpg.find_items('shadow', 'tutor', latitude => 12.971598700000001, longitude => -77.59456600000001, radius_meters => 1e-7)`,
  },
  { role: 'dpg_app', call: `dpg.nearest_items('shadow', 'tutor', 1e-310, 1e-310, page_size => 2)` },
  {
    role: 'dpg_app',
    call: `dpg.nearest_items('shadow', 'tutor', 1e-310, 1e-310, page_size => 2, page_token => (select n.next_page_token from dpg.nearest_items('shadow', 'tutor', 1e-310, 1e-310, page_size => 2) n offset 1))`,
  },
  {
    role: 'dpg_app',
    call: `dpg.find_items('shadow', 'tutor', page_size => 1, page_token => (select n.next_page_token from dpg.find_items('shadow', 'tutor', page_size => 1) n))`,
  },
  {
    role: 'dpg_app',
    call: `dpg.find_events('ravi', page_size => 1, page_token => (select n.next_page_token from dpg.find_events('ravi', page_size => 1) n))`,
  },
  {
    role: 'dpg_app',
    call: `dpg.find_actions('ravi', page_size => 1, page_token => (select n.next_page_token from dpg.find_actions('ravi', page_size => 1) n))`,
  },
  { role: 'dpg_app', call: `dpg.count_items(E'\\u2003\\t', 'tutor')` },
  { role: 'dpg_app', call: `dpg.count_items(E'\\\\', E's\\\\')` },
  { role: 'dpg_app', call: `dpg.count_items('shadow', repeat('s', 2000))` },
  { role: 'dpg_app', call: `dpg.nearest_items('shadow', 'tutor', 90.00000000000001, 1)` },
  {
    role: 'dpg_app',
    call: `dpg.count_items('shadow', 'tutor', latitude => 1, longitude => 1, radius_meters => -12.971598700000001)`,
  },
  { role: 'dpg_app', call: `dpg.read_events('all', 1, 86400.00000000001)` },
  { role: 'dpg_app', call: `dpg.release_events('all', 'no', 86400.00000000001)` },
  {
    role: 'dpg_app',
    call: `dpg.update_item('ravi', 'shadow', 'tutor', 'profile', '55555555-5555-4555-8555-555555555555', '{"item_latitude": 1e-310, "item_longitude": 12.971598700000001}', '2020-01-01 00:00:00+00')`,
  },
  {
    role: 'dpg_app',
    call: `dpg.update_item('ravi', 'shadow', 'tutor', 'profile', '55555555-5555-4555-8555-555555555555', '{"item_latitude": 1e-310, "item_longitude": 12.971598700000001}')`,
  },
  {
    role: 'dpg_app',
    call: `dpg.update_item('ravi', 'shadow', 'tutor', 'profile', '55555555-5555-4555-8555-555555555555', '{"item_latitude": 91}')`,
  },
  {
    role: 'dpg_app',
    call: `dpg.update_item('ravi', 'shadow', 'tutor', 'profile', '55555555-5555-4555-8555-555555555555', '{"item_state": {}}', '10000-01-01 00:00:00+00')`,
  },
  {
    role: 'dpg_app',
    call: `dpg.upsert_items('ravi', '[{"item_network": "shadow", "item_domain": "tutor", "item_type": "t", "item_instance_url": "https://example.com", "item_schema_url": "s", "item_id": "x"}]')`,
  },
  {
    role: 'dpg_admin',
    call: `dpg.register_network('{"name": "strict", "domains": [{"name": "student", "item_schemas": {"profile": {}}}]}')`,
  },
  {
    role: 'dpg_admin',
    call: `dpg.register_network('{"name": "strict", "domains": [{"name": " ", "item_schemas": {"profile": {}}}]}')`,
  },
  {
    role: 'dpg_app',
    call: `dpg.upsert_item('ravi', 'strict', 'tutor', 'profile', 'https://example.com', 's')`,
  },
  { role: 'dpg_admin', call: `dpg.unregister_network('strict')` },
  { role: 'dpg_admin', call: `dpg.forget_instance_url('https://nowhere.example.com')` },
  {
    role: 'dpg_admin',
    call: `dpg.redact_event('asha', 'shadow', 'connect', '44444444-4444-4444-8444-444444444444', 'request')`,
  },
  {
    role: 'dpg_admin',
    call: `dpg.redact_event('asha', 'shadow', 'connect', '44444444-4444-4444-8444-444444444444', E'\\t')`,
  },
  { role: 'dpg_admin', call: `dpg.erase_user('asha', 'ravi', 'request')` },
  { role: 'dpg_app', call: `dpg.find_events('asha')` },
];

const STORY = [...CALLS.map((call) => ({ role: 'dpg_app' as const, call })), ...MORE];

const NOT_COMPARED = [...MOMENT, 'redacted_at', 'transaction_id'];

/** Made in a new database by sessions with these settings; what the answers are is read without them. */
async function answers(settings: readonly Setting[]): Promise<unknown[]> {
  const database = await temporaryDatabase();
  try {
    await database.sql`insert into public."user" (id, name, email)
      values ('asha', 'Asha', 'asha@example.com'), ('ravi', 'Ravi', 'ravi@example.com')`;
    const isVoid = new Set(
      (
        await database.sql`select proname from pg_proc where pronamespace = 'dpg'::regnamespace and prorettype = 'void'::regtype`
      ).map((row) => row.proname as string),
    );
    const session = (role: string) =>
      database.connect({ role, max: 1, fetch_types: false, connection: Object.fromEntries(settings) });
    const sessions = { dpg_app: session('dpg_app'), dpg_admin: session('dpg_admin') };
    const found: unknown[] = [];
    for (const [number, { role, call }] of STORY.entries()) {
      const name = call.slice('dpg.'.length, call.indexOf('('));
      const columns = isVoid.has(name) ? 'true as done' : '*';
      try {
        await sessions[role].unsafe(
          `create temporary table answer_${number} as select ${columns} from ${call}`,
        );
        found.push(undefined);
      } catch (error) {
        if (!(error instanceof postgres.PostgresError)) throw error;
        const { code, message, detail, hint } = error;
        // what the encoding of the client lacks is told in escapes; in the DETAIL they are the same value
        found.push({
          code,
          message: untimed(unescaped(message)),
          detail: detail && JSON.parse(untimed(detail) as string),
          hint: hint && unescaped(hint),
        });
      }
    }
    for (const sql of Object.values(sessions))
      for (const [name] of settings)
        await sql.unsafe(`select set_config($1, $2, false)`, [name, defaults.get(name) ?? '']);
    for (const [number, { role }] of STORY.entries()) {
      if (found[number]) continue;
      const rows = await sessions[role].unsafe(`select * from answer_${number}`);
      found[number] = rows.map((row) =>
        Object.fromEntries(Object.entries(row).filter(([column]) => !NOT_COMPARED.includes(column))),
      );
    }
    return found;
  } finally {
    await database.drop();
  }
}

const unescaped = (text: string) =>
  text.replace(/\\u([0-9a-f]{4})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));

test('every function gives the same answers under odd settings', {
  timeout: soak(240_000, 1_800_000),
}, async () => {
  const odd = await oddSettings();
  expect(odd.length).toBeGreaterThan(100);
  const usual = await answers([]);
  expect(usual.filter((answer) => 'code' in (answer as object)).length).toBeGreaterThan(25);

  const differences: string[] = [];
  const differing = async (settings: Setting[]) => {
    const found = await answers(settings);
    return STORY.flatMap(({ call }, i) =>
      isDeepStrictEqual(found[i], usual[i])
        ? []
        : [`${call}\n    ${JSON.stringify(found[i])}\n    and not ${JSON.stringify(usual[i])}`],
    );
  };
  for (const group of groupsOf(odd, AT_ONCE)) {
    const [together] = await differing(group);
    if (!together) continue;
    const before = differences.length;
    for (const setting of group) {
      const found = await differing([setting]);
      if (found.length > 0)
        differences.push(`${setting.join(' = ')}: ${found.length} answers, first ${found[0]}`);
    }
    if (differences.length === before)
      differences.push(`only together: ${together}\n${JSON.stringify(group)}`);
  }
  expect(differences).toEqual([]);
});
