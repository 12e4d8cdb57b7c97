import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { createDpg, type Item } from '../../sdk/index.js';
import { addUsers, OTHER_URL, student, tutor } from '../sdk/story.js';
import { soak } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { allOf, attachedLeaves, openSessions, type Session } from './sessions.js';

const SESSIONS = 64;
const ROUNDS = soak(2, 60);
const database = await testDatabase();
const dpg = createDpg(database.sql);
let sessions: Session[];
let source: Item;
let target: Item;

beforeAll(async () => {
  await addUsers(database.sql, 'asha', 'ravi');
  sessions = await openSessions(database, SESSIONS);
  source = await dpg.as('asha').items.upsert(student());
  target = await dpg.as('ravi').items.upsert(tutor());
  await dpg.as('asha').actions.perform({ action_type: 'connect', source, target });
});

const spread = (count: number, line: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => line(n));

test(
  '64 sessions mix first items, first actions, first mirrored events and what is there already',
  async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const network = `mixed_${round}`;
      const from = await dpg.as('asha').items.upsert(student({ item_network: network }));
      const to = await dpg.as('ravi').items.upsert(tutor({ item_network: network }));
      const calls: Promise<unknown>[] = sessions.map(async (session, i) => {
        const asha = session.as('asha');
        const n = Math.floor(i / 8);
        switch (i % 8) {
          case 0:
          case 1: // two sessions each
            return asha.items.upsert(student({ item_network: network, item_domain: `domain ${n}` }));
          case 2:
          case 3:
            return asha.actions.perform({ action_type: `type ${n}`, source: from, target: to });
          case 4:
            return session.events.store({
              partition_network: network,
              action_type: `mirrored ${n}`,
              event_id: randomUUID(),
              origin_instance_domain: OTHER_URL,
              action_id: randomUUID(),
              action_status: 'created',
              update_count: 0,
              ...{ source_item_network: 'a', source_item_domain: 'b', source_item_type: 'c' },
              source_item_id: randomUUID(),
              ...{ source_item_instance_url: OTHER_URL, source_item_owner: 'somebody' },
              ...{ target_item_network: network, target_item_domain: 'b', target_item_type: 'c' },
              target_item_id: randomUUID(),
              ...{ target_item_instance_url: OTHER_URL, target_item_owner: 'somebody' },
              event_payload: {},
              created_at: '2026-01-01T00:00:00Z',
            });
          case 5:
            for (let again = 0; again < 5; again++) {
              const page = await session.items.find({ item_network: 'yellow_dot', item_domain: 'student' });
              expect(page.rows.map((row) => row.item_id)).toContain(source.item_id);
              expect((await asha.actions.find({ action_type: 'connect' })).rows).not.toHaveLength(0);
              expect((await asha.events.find()).rows).not.toHaveLength(0);
            }
            return undefined;
          case 6:
            return asha.actions.perform({ action_type: 'connect', source, target });
          default:
            return asha.items.upsertMany([
              student({ item_network: network }),
              student({ item_network: network, item_domain: `domain ${n}` }),
            ]);
        }
      });
      await allOf(calls);

      const bound = (key: string) => `FOR VALUES IN ('${network}') > FOR VALUES IN ('${key}')`;
      expect(await attachedLeaves(database.sql, network)).toEqual(
        [
          `items: ${bound('student')}`,
          `items: ${bound('tutor')}`,
          ...spread(8, (n) => `items: ${bound(`domain ${n}`)}`),
          ...spread(8, (n) => `item_actions: ${bound(`type ${n}`)}`),
          ...spread(8, (n) => `action_events: ${bound(`type ${n}`)}`),
          ...spread(8, (n) => `action_events: ${bound(`mirrored ${n}`)}`),
        ].sort(),
      );
      for (let n = 0; n < 8; n++) {
        const at = { item_network: network, item_domain: `domain ${n}` };
        expect(await dpg.items.count(at)).toBe(3n);
        const actions = await dpg
          .as('ravi')
          .actions.find({ partition_network: network, action_type: `type ${n}` });
        const events = await dpg
          .as('ravi')
          .events.find({ partition_network: network, action_type: `type ${n}` });
        expect(actions.rows).toHaveLength(2);
        expect(events.rows.map((event) => event.action_id).sort()).toEqual(
          actions.rows.map((action) => action.action_id).sort(),
        );
        const [mirrored] = await database.sql`
        select count(*)::integer as count from dpg.action_events
        where partition_network = ${network} and action_type = ${`mirrored ${n}`}`;
        expect(mirrored?.count).toBe(1);
      }
      expect(await dpg.items.count({ item_network: network, item_domain: 'student' })).toBe(9n);
      expect(
        (await dpg.as('ravi').actions.find({ action_type: 'connect', page_size: 1000 })).rows,
      ).toHaveLength(1 + 8 * (round + 1));
    }
  },
  soak(60_000, 3_600_000),
);
