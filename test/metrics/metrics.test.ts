// What other sessions bring about in dpg.metrics, and that docs/operations.md, its view of alerts and the rules for
// Prometheus say the same of it.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectFolder } from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const { sql } = database;

const PROMETHEUS = join(projectFolder, 'docs/prometheus');
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
if (!hasPromtool) console.log('SKIPPED: promtool reads the rules (no promtool on this machine)');

async function figures(reader = sql): Promise<Record<string, number>> {
  const rows = await reader`select metric, subject, value from dpg.metrics`;
  return Object.fromEntries(rows.map(({ metric, subject, value }) => [`${metric} ${subject}`.trim(), value]));
}

/** Asks until it is so: a statement of another session has to be under way first. */
async function until(isSo: (now: Record<string, number>) => boolean): Promise<Record<string, number>> {
  for (;;) {
    const now = await figures();
    if (isSo(now)) return now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('sessions: a transaction that idles, one that waits for its lock, and what it holds back', async () => {
  const quiet = await figures();
  expect(quiet).toMatchObject({
    dpg_transaction_seconds: 0,
    dpg_idle_transaction_seconds: 0,
    dpg_lock_wait_seconds: 0,
  });
  expect(quiet.dpg_locks_ratio).toBeGreaterThan(0);
  expect(quiet.dpg_locks_ratio).toBeLessThan(0.5);
  expect(quiet.dpg_oldest_row_transactions).toBeGreaterThan(0);

  await sql`select dpg.create_subscription('watched')`;
  const [idle, waiting] = [database.connect({ max: 1 }), database.connect({ max: 1 })];
  const begun = await idle.reserve();
  await begun`begin`;
  await begun`lock table dpg.limits in share row exclusive mode`;
  await begun`lock table dpg_private.event_queue in row exclusive mode`;
  const waited = waiting`update dpg.limits set limit_value = limit_value`.execute();
  const now = await until((found) => Number(found.dpg_lock_wait_seconds) > 0.1);
  for (const name of [
    'dpg_transaction_seconds',
    'dpg_idle_transaction_seconds',
    'dpg_subscription_held_back_seconds watched',
  ])
    expect(now[name], name).toBeGreaterThan(0.1);

  // who may not see the sessions of others is told nothing of them, and no zero
  const login = database.connect({ url: await database.createLogin('dpg_readonly') });
  const known = Object.keys(await figures(login));
  expect(known).toContain('dpg_lock_wait_seconds');
  expect(known).toContain('dpg_subscription_lag_events watched');
  for (const name of [
    'dpg_transaction_seconds',
    'dpg_idle_transaction_seconds',
    'dpg_subscription_held_back_seconds watched',
  ])
    expect(known).not.toContain(name);

  await begun`rollback`;
  begun.release();
  await waited;
  const after = await until((found) => found.dpg_transaction_seconds === 0);
  expect(after).toMatchObject({ dpg_lock_wait_seconds: 0, 'dpg_subscription_held_back_seconds watched': 0 });
});

test('a table is named whose dead rows are more than the others', async () => {
  await sql`insert into "user" (id, name, email) values ('asha', 'Asha', 'asha@example.com')`;
  await sql`
    select dpg.upsert_item('asha', 'dead rows', d.domain, 'p', 'https://here.example.com', 's', item_id => gen_random_uuid())
    from unnest(array['many', 'few']) d(domain), generate_series(1, 9)`;
  await sql`alter table dpg.i_p_deadrows_many set (autovacuum_enabled = false)`;
  for (let i = 1; i <= 3; i++)
    await sql`update dpg.i_p_deadrows_many set item_state = jsonb_build_object('i', ${i}::integer)`;
  const one = database.connect({ max: 1 });
  await one`select pg_stat_force_next_flush()`;
  const now = await until((found) => Number(found['dpg_table_dead_rows dpg.i_p_deadrows_many']) > 9);
  expect(Object.keys(now)).not.toContain('dpg_table_dead_rows dpg.i_p_deadrows_few');
});

const rules = await readFile(join(PROMETHEUS, 'rules.yml'), 'utf8');
const operations = await readFile(join(projectFolder, 'docs/operations.md'), 'utf8');
const limitsOf = (text: string, form: RegExp) =>
  [...text.matchAll(form)].map(([, metric, limit]) => `${metric} ${Number(limit)}`).sort();

test('the rules for Prometheus, the view of alerts and the table name the same metrics and limits', async () => {
  const [comment] = await sql`select col_description('dpg.metrics'::regclass, 1) as text`;
  const described = new Set(String(comment?.text).match(/dpg_\w+/g));
  const ofRules = limitsOf(rules, /expr: (dpg_\w+) > ([\d.]+)$/gm);
  expect(ofRules.length).toBeGreaterThan(8);
  expect(limitsOf(operations, /\('(dpg_\w+)', ([\d.]+)\)/g)).toEqual(ofRules);

  const metrics = new Set(rules.match(/\bdpg_\w+/g));
  for (const metric of metrics) expect(described, metric).toContain(metric);
  // every row of the table that is not of the log names the metric of its rule
  const [, table = ''] = /## What to alert on\n([\s\S]*?)\n\n[^|\n]/.exec(operations) ?? [];
  const rows = table.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| watch'));
  const named = rows
    .filter((row) => !row.includes('in the log'))
    .map((row) => /`(dpg_\w+)`/.exec(row)?.[1] ?? row);
  expect(rows.length - named.length).toBe(3);
  expect(named.sort()).toEqual([...new Set(ofRules.map((rule) => rule.replace(/ .*/, '')))].sort());
});

test('the database has every metric that is described', async () => {
  const [definition] =
    await sql`select pg_get_viewdef('dpg.metrics'::regclass) as text, col_description('dpg.metrics'::regclass, 1) as comment`;
  const names = (text: unknown) =>
    [...new Set(String(text).match(/dpg_[a-z]+_\w+/g))]
      .filter((name) => !name.startsWith('dpg_private'))
      .sort();
  expect(names(definition?.text)).toEqual(names(definition?.comment));
});

test.skipIf(!hasPromtool)('promtool takes the files, and alerts fire where they should', async () => {
  execFileSync('promtool', ['check', 'config', join(PROMETHEUS, 'prometheus.yml')], { stdio: 'pipe' });
  const folder = await mkdtemp(join(tmpdir(), 'dpg-rules-'));
  // beyond each limit, and right at it
  const limits = limitsOf(rules, /expr: (dpg_\w+) > ([\d.]+)$/gm).map(
    (rule) => rule.split(' ') as [string, string],
  );
  const alerts = [...rules.matchAll(/alert: (\w+)\n +expr: (dpg_\w+) >/g)];
  const series = (subject: string, more: number) =>
    limits.map(([metric, limit]) => ({
      series: `${metric}{subject="${subject}"}`,
      values: `${Number(limit) + more}x9`,
    }));
  const fires = alerts.map(([, alertname, metric]) => `${alertname} ${metric}`);
  const isFiring = (alertname: string, labels: object[]) => ({
    eval_time: '6m',
    alertname,
    exp_alerts: labels.map((exp_labels) => ({ exp_labels })),
  });
  expect(fires.length).toBe(limits.length);
  const file = join(folder, 'test.yml');
  // its annotations are read above; what they say is for people
  await writeFile(join(folder, 'rules.yml'), rules.replace(/ +annotations:\n.*\n/g, ''));
  // JSON is YAML
  await writeFile(
    file,
    JSON.stringify({
      rule_files: ['rules.yml'],
      tests: [
        {
          interval: '1m',
          input_series: [...series('beyond', 0.1), ...series('at', 0)],
          alert_rule_test: [
            ...alerts.map(([, alertname]) => isFiring(String(alertname), [{ subject: 'beyond' }])),
            isFiring('DpgMetricsMissing', []),
          ],
        },
        { interval: '1m', input_series: [], alert_rule_test: [isFiring('DpgMetricsMissing', [{}])] },
      ],
    }),
  );
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
  await rm(folder, { recursive: true });
  expect(status, stdout + stderr).toBe(0);
});
