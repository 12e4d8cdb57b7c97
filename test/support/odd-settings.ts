// Every value of every setting that a session, a role or a database may have of its own.

import { temporaryDatabase } from './test-database.js';

export type Setting = readonly [name: string, value: string];

/** What a user may set and is not tried, with the reason. */
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

/** What the settings are otherwise; filled by `oddSettings`. */
export const defaults = new Map<string, string>();

/** Each value of each setting that a user may choose, but for the default. */
export async function oddSettings(): Promise<Setting[]> {
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

/** Groups of at most so many, in which no setting occurs twice. */
export function groupsOf(settings: Setting[], most: number): Setting[][] {
  const groups: Setting[][] = [];
  for (const setting of settings) {
    const place = groups.find((group) => group.length < most && !group.some(([name]) => name === setting[0]));
    if (place) place.push(setting);
    else groups.push([setting]);
  }
  return groups;
}
