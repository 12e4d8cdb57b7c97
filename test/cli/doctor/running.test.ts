// What will hurt while it runs: sequences near their end, dead rows, settings, limits, subscriptions that lag.

import postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { until } from '../../concurrency/sessions.js';
import {
  type About,
  about,
  error,
  examined,
  type Fault,
  faults,
  mend,
  warning,
  withPatient,
} from './faults.js';

describe('sequences', () => {
  faults({
    'one is near its end': {
      plant: `alter sequence dpg_private.feed_positions_position_seq maxvalue 2000;
        select setval('dpg_private.feed_positions_position_seq', 1600)`,
      found: [
        error(
          'sequences',
          'sequence dpg_private.feed_positions_position_seq',
          /used 80 % of its numbers up to 2000/,
        ),
      ],
    },
    'one begins anew at its end': {
      plant: `alter sequence dpg_private.event_queue_seq_seq cycle`,
      found: [error('sequences', 'sequence dpg_private.event_queue_seq_seq', /begins anew/)],
    },
    'one is behind its table': {
      plant: `select setval('dpg_private.feed_positions_position_seq', 3)`,
      found: [
        error(
          'sequences',
          'sequence dpg_private.feed_positions_position_seq',
          /not beyond the highest of dpg_private.feed_positions."?position"?/,
        ),
      ],
    },
  });

  test('one that has no more to give has no statement either', async () => {
    await withPatient(async ({ url, sql }) => {
      await sql`select setval('dpg.redactions_redaction_id_seq', 9223372036854775806)`;
      const { findings } = await examined(url);
      expect(findings.map(about)).toEqual([
        error(
          'sequences',
          'sequence dpg.redactions_redaction_id_seq',
          /used 99 % of its numbers, of which nobody needs/,
        ),
      ]);
      expect(findings[0]?.mend).toEqual([]);
    });
  });
});

describe('vacuum', () => {
  faults({
    'dead rows beyond reason, in a table that autovacuum leaves out': {
      async plant({ sql }) {
        await sql`alter table dpg_private.event_queue set (autovacuum_enabled = false)`;
        await sql`
          insert into dpg_private.event_queue (partition_network, action_type, event_id, source_item_instance_url, created_at)
          select 'n', 'a', gen_random_uuid(), 'u', now() from generate_series(1, 10500)`;
        await sql`delete from dpg_private.event_queue where partition_network = 'n'`;
        await sql`select pg_stat_force_next_flush()`;
        await sql`select 1`;
      },
      found: [
        warning('vacuum', 'table dpg_private.event_queue', /left out of autovacuum/),
        warning(
          'vacuum',
          'table dpg_private.event_queue',
          /has 10500 dead rows: autovacuum, which begins at 2000,/,
        ),
      ],
    },
  });
});

describe('settings of the database', () => {
  const reset = (name: string): Fault['plant'] => `do $$ begin
    execute format('alter database %I set ${name}', current_database()); end $$`;
  const about = (name: string, problem: RegExp): About => ({
    ...error('settings', '', problem),
    object: expect.stringContaining(`setting ${name} of database`) as unknown as string,
  });
  faults({
    'plans for every leaf are forced': {
      plant: reset('plan_cache_mode = force_generic_plan'),
      found: [about('plan_cache_mode', /force_generic_plan/)],
    },
    'foreign keys are not checked': {
      plant: reset('session_replication_role = replica'),
      found: [about('session_replication_role', /foreign keys are not checked/)],
    },
  });
});

describe('limits', () => {
  faults({
    'leaves of a network': {
      plant: `update dpg.limits set limit_value = 2 where limit_name = 'leaves_per_network'`,
      found: [
        ['items', 'Ünïcode "quoted" \\\\\' net'],
        ['items', '日本'],
        ['items', 'restore one'],
        ['items', 'restore_one'],
        ['action_events', 'restore one'],
        ['item_actions', 'restore one'],
      ].map(() =>
        warning('limits', expect.stringMatching(/^network/) as unknown as string, /has 2 of the 2 leaves/),
      ),
    },
    networks: {
      plant: `update dpg.limits set limit_value = 4 where limit_name = 'networks'`,
      found: ['action_events', 'item_actions', 'items'].map((root) =>
        warning('limits', `table dpg.${root}`, /has 4 of the 4 networks/),
      ),
    },
  });
});

describe('subscriptions', () => {
  faults({
    'nobody reads one': {
      plant: `update dpg_private.feed_positions set created_at = created_at - interval '3 hours';
        update dpg.subscriptions set created_at = created_at - interval '3 hours', leased_at = leased_at - interval '3 hours',
          acknowledged_at = acknowledged_at - interval '3 hours'`,
      found: [
        warning(
          'subscriptions',
          'subscription reader',
          /Nobody has read it for an hour, and \d+ events wait/,
        ),
      ],
    },
    'events were given up': {
      plant: `select dpg.fail_event('reader', (select min("position") from dpg.read_events('reader', 5)), 'unreachable', 1)
        from dpg.subscriptions`,
      found: [warning('subscriptions', 'subscription reader', /1 of its events were given up/)],
    },
  });

  test('one is read, but too slowly, and then held back by an open transaction', async () => {
    await withPatient(async ({ url, sql }) => {
      const late = (problem: RegExp) => [warning('subscriptions', 'subscription reader', problem)];
      await sql`update dpg_private.feed_positions set created_at = created_at - interval '3 hours'`;
      await sql`select count(*) from dpg.read_events('reader', 1, 86400)`;
      const leased = await examined(url);
      expect(leased.exitCode).toBe(1);
      expect(leased.findings.map(about)).toEqual(late(/has waited for \d{5} s, though somebody reads/));
      expect(leased.findings[0]?.mend).toEqual(["select dpg.release_events('reader');"]);
      await mend(sql, leased.findings);

      const holder = postgres(url, { max: 1, onnotice: () => {} });
      const [{ pid } = { pid: 0 }] = await holder<{ pid: number }[]>`select pg_backend_pid() as pid`;
      await holder
        .unsafe(`begin; select dpg.perform_action('restore asha', 'visit',
        row('restore one', 'student', 'profile', '00000000-0000-4000-8000-000000000001'),
        row('restore one', 'tu.tor', 'profile', '00000000-0000-4000-8000-000000000011'))`)
        .simple();
      const held = await examined(url);
      expect(held.findings.map(about)).toEqual(
        late(/process \d+ holds it back: it has made events and has not committed/),
      );
      await mend(sql, held.findings);
      await until(`process ${pid} is gone`, async () => {
        const [row] = await sql`select from pg_stat_activity where pid = ${pid}`;
        return row === undefined;
      });
      await holder.end({ timeout: 1 });

      // what is left is for the reader to do
      expect((await examined(url)).findings).toMatchObject([{ object: 'subscription reader', mend: [] }]);
      await sql`select dpg.acknowledge('reader', (select max("position") from dpg.read_events('reader')))`;
      expect(await examined(url)).toEqual({ exitCode: 0, findings: [] });
    });
  });
});
