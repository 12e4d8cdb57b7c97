// Two events of one action of another instance that come at once and are between different items: the one whose row was
// there first decides, if it is committed.

import { expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';
import { closeSessions, openSessions, type Session } from './sessions.js';

const database = await testDatabase();
const asha = '11111111-1111-4111-8111-111111111111';
const mina = '22222222-2222-4222-8222-222222222222';
const tutor = '33333333-3333-4333-8333-333333333333';

const eventOf = (action_id: string, update_count: number, source_item_owner: string) => ({
  ...{ partition_network: 'asked', action_type: 'connect', action_id, update_count },
  event_id: action_id.replace(/^.{8}/, `0000000${update_count}`),
  ...{ origin_instance_domain: 'https://far.example.com', action_status: `s${update_count}` },
  ...{ source_item_network: 'asking', source_item_domain: 'student', source_item_type: 'p' },
  ...{ source_item_id: source_item_owner === 'asha' ? asha : mina, source_item_owner },
  source_item_instance_url: 'https://example.com',
  ...{ target_item_network: 'asked', target_item_domain: 'tutor', target_item_type: 'p' },
  ...{
    target_item_id: tutor,
    target_item_owner: 'ravi',
    target_item_instance_url: 'https://far.example.com',
  },
  ...{ event_payload: {}, created_at: '2026-01-01T00:00:00.000000Z' },
});

test.each([
  ['committed', 'DP008', { asha: ['s0'], mina: [] }],
  ['rolled back', 'stored', { asha: [], mina: ['s1'] }],
])('the first is %s, and the second is %s', async (end, outcome, found) => {
  const [first, second, watch] = (await openSessions(database, 3)) as [Session, Session, Session];
  await watch.sql`
    insert into public."user" (id, name, email)
    values ('asha', 'asha', 'asha@example.com'), ('mina', 'mina', 'mina@example.com') on conflict do nothing`;
  for (const [owner, item_id] of [
    ['asha', asha],
    ['mina', mina],
  ] as const)
    await watch.as(owner).items.upsert({
      ...{ item_network: 'asking', item_domain: 'student', item_type: 'p', item_id },
      ...{ item_instance_url: 'https://example.com', item_schema_url: 'https://schemas.example.com' },
    });
  await watch.partitions.ensureActionEvent({ partition_network: 'asked', action_type: 'connect' });
  const action_id =
    end === 'committed' ? '44444444-4444-4444-8444-444444444444' : '55555555-5555-4555-8555-555555555555';

  let other: Promise<string> | undefined;
  await first.sql
    .begin(async (tx) => {
      await first.with(tx).events.store(eventOf(action_id, 0, 'asha'));
      other = second.events.store(eventOf(action_id, 1, 'mina')).then(
        () => 'stored',
        ({ code }: { code: string }) => code,
      );
      // until the second waits for the first
      for (;;) {
        const [row] = await watch.sql`select cardinality(pg_blocking_pids(${second.pid})) as waits_for`;
        if (row?.waits_for === 1) break;
      }
      if (end === 'rolled back') throw new Error('rolled back');
    })
    .catch((error: Error) => {
      if (error.message !== 'rolled back') throw error;
    });

  expect(await other).toBe(outcome);
  const statuses = async (actor: string) =>
    (await watch.as(actor).actions.find({})).rows
      .filter((action) => action.action_id === action_id)
      .map(({ action_status }) => action_status);
  expect({ asha: await statuses('asha'), mina: await statuses('mina') }).toEqual(found);
  const [events] =
    await watch.sql`select count(*)::integer as count from dpg.action_events where action_id = ${action_id}`;
  expect(events?.count).toBe(1);
  await closeSessions([first, second, watch]);
});
