import { beforeAll, expect, test } from 'vitest';
import { createDpg } from '../../sdk/index.js';
import { addUsers, student } from '../sdk/story.js';
import { soak } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { allOf, attachedLeaves, openSessions, type Session } from './sessions.js';

const SESSIONS = 64;
const ROUNDS = soak(2, 100);
const database = await testDatabase();
const dpg = createDpg(database.sql);
let sessions: Session[];

beforeAll(async () => {
  await addUsers(database.sql, 'asha');
  sessions = await openSessions(database, SESSIONS);
});

test(
  '64 sessions write the first item of one new network and domain: no error, no lost row',
  async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const at = { item_network: `first_${round}`, item_domain: 'student' };
      const items = await allOf(
        sessions.map((session, i) => session.as('asha').items.upsert(student({ ...at, item_state: { i } }))),
      );
      expect(items.map((item) => item.item_state)).toEqual(
        Array.from({ length: SESSIONS }, (_, i) => ({ i })),
      );
      const { rows } = await dpg.items.find({ ...at, page_size: 1000 });
      expect(rows.map((row) => row.item_id).sort()).toEqual(items.map((item) => item.item_id).sort());
      expect(rows).toHaveLength(64);
      expect(await attachedLeaves(database.sql, at.item_network)).toEqual([
        `items: FOR VALUES IN ('first_${round}') > FOR VALUES IN ('student')`,
      ]);
    }
  },
  soak(60_000, 3_600_000),
);

test(
  '64 sessions write the first items of 64 new domains of one network',
  async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const item_network = `domains_${round}`;
      const items = await allOf(
        sessions.map((session, i) =>
          session.as('asha').items.upsert(student({ item_network, item_domain: `d${i}` })),
        ),
      );
      for (const item of items) expect(await dpg.items.get(item)).toEqual(item);
      expect(await attachedLeaves(database.sql, item_network)).toEqual(
        Array.from(
          { length: 64 },
          (_, i) => `items: FOR VALUES IN ('domains_${round}') > FOR VALUES IN ('d${i}')`,
        ).sort(),
      );
    }
  },
  soak(60_000, 3_600_000),
);
