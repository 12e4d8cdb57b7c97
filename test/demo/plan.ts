// What the database does for a call: the plan of the statement inside the function, logged by PostgreSQL's own
// auto_explain while the call runs, and the leaves that the call locked and scanned.

import { createDpg, type Dpg } from '../../sdk/index.js';
import { bold, count, dim, expect, green, say, table } from './output.js';
import { citiesNearBrussels } from './questions.js';

/** `adminUrl` is that of the database, for a superuser: nobody else may load auto_explain. */
export async function showPlan(adminUrl: string): Promise<void> {
  const logged: string[] = [];
  const dpg = createDpg(adminUrl, { max: 1, onnotice: ({ message = '' }) => logged.push(message) });
  try {
    const explains = await loadAutoExplain(dpg);
    await dpg.sql.begin(async (tx) => {
      await tx`set local role dpg_app`;
      if (explains) await tx`set local client_min_messages = log`;
      const { rows } = await dpg.with(tx).items.find(citiesNearBrussels);
      await tx`set local client_min_messages = warning`;

      say(
        `\n${bold('The plan of dpg.find_items for the cities near Brussels')} ${dim('conditions left out')}`,
      );
      if (explains) showSteps(logged, rows.length);
      else say(dim('  not to be had here: auto_explain is not installed, or not for this user'));
      await showLeaves(dpg.with(tx));
    });
  } finally {
    await dpg.end();
  }
}

async function loadAutoExplain(dpg: Dpg): Promise<boolean> {
  try {
    await dpg.sql
      .unsafe(`
        load 'auto_explain';
        set auto_explain.log_min_duration = 0;
        set auto_explain.log_nested_statements = on;
        set auto_explain.log_analyze = on;
        set auto_explain.log_timing = off;
      `)
      .simple();
    return true;
  } catch (error) {
    const { code } = error as { code?: string };
    // insufficient_privilege, undefined_file
    if (code === '42501' || code === '58P01') return false;
    throw error;
  }
}

/** The function runs other small statements as well; the one that reads items is shown. */
function showSteps(logged: string[], found: number): void {
  const plan = logged.findLast((message) => / on i_p_/.test(message)) ?? '';
  const steps = plan
    .split('\n')
    .filter((line) => /\(cost=/.test(line))
    .map((line) =>
      line
        // A BitmapAnd counts no rows.
        .replace(/(BitmapAnd.*)\(actual [^)]*\)/, '$1')
        .replace(/\(cost=[^)]*\)/, '')
        .replace(/\(actual rows=(\d+)[^)]*\)/, (_, rows) => dim(`${count(Number(rows))} rows`))
        .trimEnd(),
    );
  expect(steps.length > 0, 'a plan from auto_explain');
  expect(/rows=(\d+)/.exec(plan.split('(actual ')[1] ?? '')?.[1] === String(found), 'the plan of this call');
  for (const step of steps) say(`  ${step}`);
}

async function showLeaves(dpg: Dpg<Parameters<Parameters<Dpg['sql']['begin']>[1]>[0]>): Promise<void> {
  const used = await dpg.sql<{ leaf: string; scans: number; rows: number }[]>`
    select
      format('%I.%I', s.schemaname, s.relname) as leaf,
      (s.seq_scan + coalesce(s.idx_scan, 0))::integer as scans,
      (s.seq_tup_read + coalesce(s.idx_tup_fetch, 0))::integer as rows
    from pg_locks l
    join pg_stat_xact_user_tables s on s.relid = l.relation
    where l.pid = pg_backend_pid()`;
  const leaves = await dpg.partitions.list({ network: 'geonames' });
  table(
    ['leaf', 'rows', 'bytes', 'in this call'],
    leaves.map(({ leaf, estimated_rows, bytes }) => {
      const use = used.find((other) => other.leaf === leaf);
      const wanted = leaf === 'dpg.i_p_geonames_europe';
      expect(
        wanted === (use !== undefined && use.scans > 0),
        `${leaf} to be ${wanted ? 'read' : 'left alone'}`,
      );
      const what = use
        ? green(`read: ${use.scans} index scans, ${use.rows} rows`)
        : dim('pruned: not even locked');
      return [leaf, estimated_rows, bytes, what];
    }),
  );
}
