import { beforeAll, expect, test } from 'vitest';
import { type Action, createDpg, VersionConflictError } from '../../sdk/index.js';
import { addUsers, student, tutor } from '../sdk/story.js';
import { soak } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { allOf, openSessions, type Session } from './sessions.js';

const SESSIONS = 64;
const MOVES = soak(5, 500); // of each session
const CONTESTS = soak(10, 1000);
const database = await testDatabase();
const dpg = createDpg(database.sql);
let sessions: Session[];

beforeAll(async () => {
  await addUsers(database.sql, 'asha', 'ravi');
  sessions = await openSessions(database, SESSIONS);
});

async function newAction(): Promise<Action> {
  const source = await dpg.as('asha').items.upsert(student());
  const target = await dpg.as('ravi').items.upsert(tutor());
  return dpg.as('asha').actions.perform({ action_type: 'connect', source, target });
}

const eventsOf = ({ partition_network, action_type, action_id }: Action) => database.sql`
  select update_count, action_status, event_id, remarks, event_payload, created_at::text, source_item_id, target_item_owner
  from dpg.action_events
  where partition_network = ${partition_network} and action_type = ${action_type} and action_id = ${action_id}
  order by update_count`;

test(
  '64 sessions move one action along: no gap, one event for each success, the last one equal to the row',
  async () => {
    const action = await newAction();
    const moved = await allOf(
      sessions.map(async (session, i) => {
        const results: Action[] = [];
        for (let n = 0; n < MOVES; n++) {
          const actor = session.as(i % 2 ? 'asha' : 'ravi');
          results.push(
            await actor.actions.transition(action, { action_status: `${i}/${n}`, remarks: `by ${i}` }),
          );
        }
        return results;
      }),
    );
    const successes = moved.flat().sort((a, b) => a.update_count - b.update_count);
    const gapless = Array.from({ length: 64 * MOVES }, (_, n) => n + 1);
    expect(successes.map((success) => success.update_count)).toEqual(gapless);

    const events = await eventsOf(action);
    expect(events.map((event) => event.update_count)).toEqual([0, ...gapless]);
    expect(new Set(events.map((event) => event.event_id)).size).toBe(64 * MOVES + 1);
    for (const [n, success] of successes.entries()) {
      expect(events[n + 1]).toMatchObject({
        action_status: success.action_status,
        event_payload: { status: success.action_status },
        remarks: success.remarks,
        source_item_id: action.source_item_id,
        target_item_owner: 'ravi',
      });
    }
    const row = await dpg.as('asha').actions.get(action);
    expect(row).toEqual(successes.at(-1));
    expect(events.at(-1)).toMatchObject({
      update_count: 64 * MOVES,
      action_status: row.action_status,
      remarks: row.remarks,
    });

    const [times] = await database.sql`
    select count(*)::integer as not_later
    from (
      select created_at, lag(created_at) over (order by update_count) as before
      from dpg.action_events
      where partition_network = 'yellow_dot' and action_type = 'connect' and action_id = ${action.action_id}
    ) e
    where created_at <= before`;
    expect(times?.not_later).toBe(0);
    const [last] = await database.sql`
    select e.created_at = a.updated_at as same
    from dpg.item_actions a
    join dpg.action_events e using (partition_network, action_type, action_id, update_count)
    where a.action_id = ${action.action_id}`;
    expect(last?.same).toBe(true);
  },
  soak(60_000, 3_600_000),
);

test(
  'of 64 that expect the same update count exactly one wins, and the others get DP007',
  async () => {
    const action = await newAction();
    for (let n = 0; n < CONTESTS; n++) {
      const results = await Promise.allSettled(
        sessions.map((session, i) =>
          session.as(i % 2 ? 'asha' : 'ravi').actions.transition(action, {
            action_status: `${n}: ${i}`,
            expected_update_count: n,
          }),
        ),
      );
      const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      expect(won).toHaveLength(1);
      expect(lost).toHaveLength(63);
      for (const error of lost) {
        expect(error).toBeInstanceOf(VersionConflictError);
        expect(error.detail).toMatchObject({ expected_update_count: n, update_count: n + 1 });
      }
      expect(await dpg.as('asha').actions.get(action)).toEqual(won[0]);
    }
    expect((await eventsOf(action)).map((event) => event.update_count)).toEqual(
      Array.from({ length: CONTESTS + 1 }, (_, n) => n),
    );
  },
  soak(60_000, 3_600_000),
);
