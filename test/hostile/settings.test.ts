// A session, a role or a database may have settings of its own, and drivers and frameworks set some. Whatever they are, each
// function gives the same answers: values, messages, hints and details. Settings are tried two dozen at a time, each value
// of each setting once; where the answers differ, each of them is tried alone, so that the failure names it.

import { isDeepStrictEqual } from 'node:util';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { soak } from '../support/soak.js';
import { temporaryDatabase } from '../support/test-database.js';
import { CALLS, MOMENT, untimed } from './calls.js';

type Setting = readonly [name: string, value: string];

const AT_ONCE = soak(25, 1);

/** What a user may set and no other test asks about, with the reason. */
const LEFT_OUT: Record<string, string> = {
  default_transaction_read_only: 'a call that writes is refused (25006), as asked for',
  default_transaction_isolation:
    'the feed is not read in REPEATABLE READ and SERIALIZABLE, which has tests of its own',
  transaction_isolation: 'of one transaction',
  transaction_read_only: 'of one transaction',
  transaction_deferrable: 'of one transaction',
  exit_on_error: 'ends the session at the first refusal, as asked for',
  client_min_messages: 'its levels below notice send hundreds of messages a call',
  icu_validation_level: 'of new collations, which nobody makes here',
  debug_print_parse: 'writes to the log',
  debug_print_plan: 'writes to the log',
  debug_print_rewritten: 'writes to the log',
};

/** Those that are neither on or off nor a choice, with the values that could matter. */
const BY_HAND: Setting[] = [
  ...['SQL, DMY', 'German, DMY', 'Postgres, YMD', 'ISO, DMY'].map((value) => ['DateStyle', value] as const),
  ...['America/St_Johns', 'Asia/Kathmandu', 'Pacific/Kiritimati', 'Africa/Monrovia'].map(
    (value) => ['TimeZone', value] as const,
  ),
  ...['LATIN1', 'WIN1252', 'SQL_ASCII', 'EUC_JP', 'GB18030'].map(
    (value) => ['client_encoding', value] as const,
  ),
  ...['-15', '0', '3'].map((value) => ['extra_float_digits', value] as const),
  ...['"no such schema"', '', 'pg_temp, public', 'dpg_private, dpg, public'].map(
    (value) => ['search_path', value] as const,
  ),
  ...['2min', '1h'].map((value) => ['statement_timeout', value] as const),
  ...['1', '100000'].map((value) => ['join_collapse_limit', value] as const),
  ...['1', '100000'].map((value) => ['from_collapse_limit', value] as const),
  ...['64kB', '1GB'].map((value) => ['work_mem', value] as const),
  ['lock_timeout', '1min'],
  ['idle_in_transaction_session_timeout', '1min'],
  ['idle_session_timeout', '1min'],
  ['client_connection_check_interval', '10s'],
  ['commit_siblings', '1000'],
  ['cpu_tuple_cost', '1000'],
  ['cpu_index_tuple_cost', '1000'],
  ['cpu_operator_cost', '1000'],
  ['seq_page_cost', '100000'],
  ['random_page_cost', '0'],
  ['parallel_setup_cost', '0'],
  ['parallel_tuple_cost', '0'],
  ['min_parallel_table_scan_size', '0'],
  ['min_parallel_index_scan_size', '0'],
  ['max_parallel_workers_per_gather', '0'],
  ['effective_cache_size', '8kB'],
  ['effective_io_concurrency', '0'],
  ['cursor_tuple_fraction', '1'],
  ['default_statistics_target', '10000'],
  ['default_text_search_config', 'pg_catalog.turkish'],
  ['geqo_threshold', '2'],
  ['geqo_effort', '1'],
  ['geqo_seed', '0.5'],
  ['hash_mem_multiplier', '1'],
  ['gin_pending_list_limit', '64kB'],
  ['jit_above_cost', '0'],
  ['lc_monetary', 'C'],
  ['lc_numeric', 'C'],
  ['lc_time', 'C'],
  ['maintenance_work_mem', '64MB'],
  ['log_parameter_max_length_on_error', '1000'],
  ['timezone_abbreviations', 'India'],
  ['application_name', "o'brien \\ %s $1"],
  ['plpgsql.extra_errors', 'all'],
  ['plpgsql.extra_warnings', 'all'],
  ['plpgsql.print_strict_params', 'on'],
  ['plpgsql.check_asserts', 'off'],
  ['pgcrypto.builtin_crypto_enabled', 'off'],
  ['dpg.actor', 'ravi'],
  ['an_application.own', '日本'],
];

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

const defaults = new Map<string, string>();

/** Each value of each setting that a user may choose, but for the default. */
async function oddSettings(): Promise<Setting[]> {
  const database = await temporaryDatabase();
  try {
    const odd: Setting[] = [];
    const [sql] = [database.connect({ max: 1 })];
    await sql`do $$begin end$$`; // loads PL/pgSQL
    const rows = await sql`
      select name, setting, vartype, enumvals, context from pg_settings where vartype in ('bool', 'enum') or name = any (${BY_HAND.map(([name]) => name)})`;
    for (const { name, setting, vartype, enumvals, context } of rows) {
      defaults.set(name, setting);
      if (context !== 'user' || LEFT_OUT[name]) continue;
      if (vartype === 'bool') odd.push([name, setting === 'on' ? 'off' : 'on']);
      if (vartype === 'enum') for (const value of enumvals) if (value !== setting) odd.push([name, value]);
    }
    for (const [name, value] of BY_HAND) {
      if (odd.some(([known, same]) => known === name && same === value)) continue;
      if (defaults.has(name) || name.includes('.')) odd.push([name, value]);
    }
    return odd;
  } finally {
    await database.drop();
  }
}

/** Groups in which no setting occurs twice. */
function groupsOf(settings: Setting[]): Setting[][] {
  const groups: Setting[][] = [];
  for (const setting of settings) {
    const place = groups.find(
      (group) => group.length < AT_ONCE && !group.some(([name]) => name === setting[0]),
    );
    if (place) place.push(setting);
    else groups.push([setting]);
  }
  return groups;
}

test('every function gives the same answers under odd settings', {
  timeout: soak(120_000, 1_200_000),
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
  for (const group of groupsOf(odd)) {
    if ((await differing(group)).length === 0) continue;
    const before = differences.length;
    for (const setting of group) {
      const found = await differing([setting]);
      if (found.length > 0)
        differences.push(`${setting.join(' = ')}: ${found.length} answers, first ${found[0]}`);
    }
    if (differences.length === before) differences.push(`only together: ${JSON.stringify(group)}`);
  }
  expect(differences).toEqual([]);
});
