// plpgsql_check reads every PL/pgSQL function as a compiler would: types, dead code, injection, volatility. It is an
// extension of the server (Debian: postgresql-15-plpgsql-check), which the embedded one has not: then a server of the
// operating system's own binaries is started for it, where they are.

import { expect, onTestFinished, test } from 'vitest';
import { installedServer, startInstalled } from '../support/installed.js';
import { migrateToCurrent } from '../support/migrations.js';
import { withAdmin } from '../support/server.js';

const installed = installedServer('plpgsql_check');
if (!installed)
  console.log('SKIPPED: plpgsql_check over all functions (no server with that extension on this machine)');

const DYNAMIC = 'dynamic SQL on a leaf: its rows are those of the root table, whose type the variable has';
const GENERATED = 'the text is made of a regclass and of literals of our own; values are passed by "using"';
const LOCKS = 'stable would read by the snapshot of the calling statement, and could take no lock';
const SNAPSHOT =
  'stable would read by the snapshot of the calling statement, and not see what was placed since';
const WRITES = 'it writes, by dynamic SQL that the checker does not see';
const CHECKED = 'its assignment runs the checks: sql/README.md, "Checks"';
const QUOTED = 'names are quoted by format, definitions come from the catalogue';

/** Every warning that is left, and why it is none. A row that no function gives any more fails the test, too. */
const EXCEPTIONS: Record<string, string> = {
  'dpg.count_items: text type variable is not sanitized': GENERATED,
  'dpg.find_items: text type variable is not sanitized': GENERATED,
  'dpg.get_action: cannot determinate a result of dynamic SQL': DYNAMIC,
  'dpg.get_item: cannot determinate a result of dynamic SQL': DYNAMIC,
  'dpg.nearest_items: text type variable is not sanitized': GENERATED,
  'dpg.update_item: cannot determinate a result of dynamic SQL': DYNAMIC,
  'dpg.upsert_item: cannot determinate a result of dynamic SQL': DYNAMIC,
  'dpg.count_items: never read variable "checked"': CHECKED,
  'dpg.find_actions: never read variable "checked"': CHECKED,
  'dpg.find_events: never read variable "checked"': CHECKED,
  'dpg.find_items: never read variable "checked"': CHECKED,
  'dpg.nearest_items: never read variable "checked"': CHECKED,
  'dpg.perform_action: never read variable "checked"': CHECKED,
  'dpg.receive_action: never read variable "checked"': CHECKED,
  'dpg.receive_transition: never read variable "checked"': CHECKED,
  'dpg.transition_action: never read variable "checked"': CHECKED,
  'dpg.upsert_item: never read variable "checked"': CHECKED,
  'dpg_private.copy_row_level_security: text type variable is not sanitized': QUOTED,
  'dpg_private.find_action: cannot determinate a result of dynamic SQL': DYNAMIC,
  'dpg_private.find_action: routine is marked as VOLATILE, should be STABLE': LOCKS,
  'dpg_private.find_differing_event: routine is marked as VOLATILE, should be STABLE': LOCKS,
  'dpg_private.find_missing_events: routine is marked as VOLATILE, should be STABLE': LOCKS,
  'dpg_private.insert_again: routine is marked as VOLATILE, should be STABLE': WRITES,
  'dpg_private.insert_again: text type variable is not sanitized': GENERATED,
  'dpg_private.look_for_additions: routine is marked as VOLATILE, should be STABLE': LOCKS,
  'dpg_private.read_written_item: cannot determinate a result of dynamic SQL': DYNAMIC,
  'dpg_private.revoke_default_privileges: text type variable is not sanitized': QUOTED,
  'dpg_private.find_next_positions: routine is marked as VOLATILE, should be STABLE': SNAPSHOT,
  'dpg_private.ensure_tombstone: text type variable is not sanitized':
    'columns and contents are quoted one by one before they are joined',
  'dpg_private.find_event: cannot determinate a result of dynamic SQL': DYNAMIC,
  'dpg_private.find_event: routine is marked as VOLATILE, should be STABLE': LOCKS,
  'dpg_private.find_event_of_update: cannot determinate a result of dynamic SQL': DYNAMIC,
  'dpg_private.find_event_of_update: routine is marked as VOLATILE, should be STABLE': LOCKS,
  'dpg_private.lock_action: cannot determinate a result of dynamic SQL': DYNAMIC,
  'dpg_private.lock_action: routine is marked as VOLATILE, should be STABLE': LOCKS,
  'dpg_private.lock_action: text type variable is not sanitized':
    'the strength of the lock is a literal in each of its callers',
  'dpg_private.lock_item: cannot determinate a result of dynamic SQL': DYNAMIC,
  'dpg_private.lock_item: routine is marked as VOLATILE, should be STABLE': LOCKS,
  'dpg_private.lock_item: text type variable is not sanitized':
    'the strength of the lock is a literal in each of its callers',
};

test.skipIf(!installed)('plpgsql_check finds nothing in any function but what is explained', async () => {
  if (!installed) throw new Error('skipped');
  const server = await startInstalled(installed);
  onTestFinished(() => server.stop());
  const url = await server.createDatabase('checked');
  await migrateToCurrent(url);
  const [functions, warnings] = await withAdmin(url, async (sql) => {
    await sql`create extension plpgsql_check schema public`;
    const checked = await sql`
      select p.oid from pg_proc p join pg_language l on l.oid = p.prolang
      where l.lanname = 'plpgsql' and p.pronamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace)`;
    // A trigger function is checked with each table that it is a trigger of.
    const found = await sql`
      select distinct p.pronamespace::regnamespace || '.' || p.proname || ': ' || c.message as warning,
        concat_ws(' ', 'line', c.lineno, c.detail, c.hint, c.context) as more
      from pg_proc p
      join pg_language l on l.oid = p.prolang
      left join (select distinct tgfoid, tgrelid from pg_trigger where tgparentid = 0) t on t.tgfoid = p.oid
      cross join lateral public.plpgsql_check_function_tb(
        p.oid, coalesce(t.tgrelid, 0), fatal_errors => false, other_warnings => true, extra_warnings => true,
        performance_warnings => true, security_warnings => true
      ) c
      where l.lanname = 'plpgsql' and p.pronamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace)
      order by 1`;
    return [checked.length, found] as const;
  });
  expect(functions).toBeGreaterThan(70);
  const unexplained = warnings.filter(({ warning }) => !(warning in EXCEPTIONS));
  expect(unexplained.map(({ warning, more }) => `${warning} (${more})`)).toEqual([]);
  const given = new Set(warnings.map(({ warning }) => warning));
  expect(Object.keys(EXCEPTIONS).filter((warning) => !given.has(warning))).toEqual([]);
});
