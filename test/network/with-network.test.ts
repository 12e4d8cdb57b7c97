// The API that is held to a network sends what the network declares, one statement a call. What it refuses is in
// with-network-refusals.test.ts.

import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { createDpg, InvalidArgumentError } from '../../sdk/index.js';
import { loadNetwork, withNetwork } from '../../sdk/network/index.js';
import { addUsers, noting } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';
import document from './yellow_dot.json' with { type: 'json' };
import { yellowDot } from './yellow-dot.js';

const database = await testDatabase();
const statements: string[] = [];
const plain = createDpg(database.connect(noting(statements)));
const place = {
  item_instance_url: 'https://yellowdot.example.com',
  item_schema_url: 'https://schemas.example.com/v1.json',
};
const ids = { student: randomUUID(), tutor: randomUUID(), offer: randomUUID(), school: randomUUID() };

beforeAll(async () => {
  await addUsers(database.sql, 'asha', 'ravi');
  await createDpg(database.sql).networks.register(document);
  const ofGreenDot = { item_network: 'green_dot', item_domain: 'school', item_type: 'profile' };
  await plain.as('ravi').items.upsert({ ...place, ...ofGreenDot, item_id: ids.school });
});
beforeEach(() => {
  statements.length = 0;
});

async function one<Result>(call: PromiseLike<Result>): Promise<Result> {
  statements.length = 0;
  const result = await call;
  expect(statements).toHaveLength(1);
  return result;
}

test('the story of a network, a statement a call', async () => {
  const dpg = withNetwork(plain, yellowDot);
  const asha = dpg.as('asha');
  const ravi = dpg.as('ravi');
  expect(asha.actor).toBe('asha');

  const student = await one(
    asha.items.upsert({
      ...place,
      item_domain: 'student',
      item_type: 'profile_1.0',
      item_state: { name: 'Asha', goal: 'board_exam' },
      item_id: ids.student,
    }),
  );
  expect(student).toMatchObject({ item_network: 'yellow_dot', item_domain: 'student', item_id: ids.student });
  const [tutor] = await one(
    ravi.items.upsertMany([
      {
        ...{ ...place, item_domain: 'tutor', item_type: 'profile_1.0', item_id: ids.tutor },
        item_state: { name: 'Ravi', subjects: ['math'] },
        ...{ item_latitude: 12.9, item_longitude: 77.6 },
      },
      {
        ...{ ...place, item_domain: 'tutor', item_type: 'offer_1.0', item_id: ids.offer },
        item_state: { subject: 'math', rupees_per_hour: 500 },
      },
    ]),
  );
  expect(tutor?.item_id).toBe(ids.tutor);
  const count = ravi.items.upsertMany(
    [
      {
        ...place,
        item_domain: 'tutor',
        item_type: 'offer_1.0',
        item_state: { subject: 'english', rupees_per_hour: 0 },
      },
    ],
    { returning: 'count' },
  );
  expect(await one(count)).toBe(1);
  const changed = await one(
    asha.items.update(student, { changes: { item_state: { name: 'Asha', grade: 9 } } }),
  );
  expect(changed.item_state).toEqual({ name: 'Asha', grade: 9 });
  expect((await one(dpg.items.get(student))).item_state.grade).toBe(9);
  expect(await one(dpg.items.count({ item_domain: 'tutor', item_type: 'offer_1.0' }))).toBe(2n);
  const found = await one(dpg.items.find({ item_domain: 'tutor', page_size: 2 }));
  expect(found.rows).toHaveLength(2);
  const all = [];
  for await (const row of dpg.items.find({ item_domain: 'tutor', page_size: 2 })) all.push(row.item_id);
  expect(new Set(all).size).toBe(3);
  const anywhere = await one(dpg.items.find({}));
  expect(anywhere.rows.map(({ item_domain }) => item_domain)).toEqual(['tutor', 'tutor', 'tutor', 'student']);
  expect(await one(dpg.items.count({ item_domains: ['student', 'tutor'], item_type: 'profile_1.0' }))).toBe(
    2n,
  );
  expect(await one(dpg.items.count({ item_domains: [] }))).toBe(0n);
  const near = await one(dpg.items.nearest({ item_domain: 'tutor', latitude: 12.9, longitude: 77.6 }));
  expect(near.rows.map(({ item_id }) => item_id)).toEqual([ids.tutor]);

  const byId = await one(dpg.items.get({ item_domain: 'tutor', item_id: ids.offer }));
  expect(byId.item_type).toBe('offer_1.0');
  expect(await one(dpg.items.getMany([byId, changed]))).toEqual([byId, changed]);
  const math = await one(dpg.items.find({ item_domain: 'tutor', facets: { subjects: ['math'] } }));
  expect(math.rows.map(({ item_id }) => item_id)).toEqual([ids.tutor]);
  const world = { south: -90, west: -180, north: 90, east: 180 };
  const markers = await one(dpg.items.map({ facets: { subjects: ['math'] }, ...world }));
  expect(markers).toMatchObject([{ item_domain: 'tutor', item_id: ids.tutor, item_count: 1n }]);
  expect(
    await one(dpg.items.facets({ item_domain: 'tutor', fields: ['subject'], facets: { subject: ['math'] } })),
  ).toEqual([
    { field: 'subject', value: 'english', item_count: 1n },
    { field: 'subject', value: 'math', item_count: 1n },
  ]);
  await one(dpg.items.define({ item_domain: 'tutor', statuses: [{ status: 'paused', found: false }] }));
  const paused = await one(ravi.items.setStatus(byId, { item_status: 'paused' }));
  expect(paused).toMatchObject({ item_type: 'offer_1.0', item_status: 'paused' });
  const own = await one(ravi.items.own({ item_statuses: ['paused'] }));
  expect(own.rows.map(({ item_id }) => item_id)).toEqual([ids.offer]);
  // the school of another network is not among them
  expect((await one(ravi.items.own())).rows.map(({ item_network }) => item_network)).toEqual(
    Array.from({ length: 3 }, () => 'yellow_dot'),
  );
  await one(dpg.items.define({ item_domain: 'tutor', statuses: null }));
  await one(dpg.items.defineSearch({ item_domain: 'tutor', item_type: 'profile_1.0', fields: ['name'] }));
  expect(await one(dpg.items.refreshSearch({ item_domain: 'tutor' }))).toBeGreaterThanOrEqual(0);
  const called = await one(dpg.items.search({ item_domain: 'tutor', search: 'rav' }));
  expect(called.rows.map(({ item_id }) => item_id)).toEqual([ids.tutor]);

  await one(
    dpg.actions.define({
      action_type: 'connect',
      transitions: [{ from: 'created', to: 'accepted', by: 'target' }],
    }),
  );
  const action = await one(
    asha.actions.perform({
      action_type: 'connect',
      source: student,
      target: { item_domain: 'tutor', item_type: 'profile_1.0', item_id: ids.tutor },
      requirements_snapshot: { subject: 'math', hours_per_week: 2 },
    }),
  );
  expect(action).toMatchObject({ partition_network: 'yellow_dot', action_status: 'created' });
  const accepted = await one(
    ravi.actions.transition(action, {
      action_status: 'accepted',
      event_payload: { status: 'accepted', first_lesson: '2026-12-01' },
    }),
  );
  expect(accepted.update_count).toBe(1);
  const events = await one(asha.events.find({ action_id: action.action_id }));
  expect(events.rows[0]?.event_payload).toEqual({ status: 'accepted', first_lesson: '2026-12-01' });

  const school = {
    item_network: 'green_dot',
    item_domain: 'school',
    item_type: 'profile',
    item_id: ids.school,
  } as const;
  const referral = await one(ravi.actions.perform({ action_type: 'refer', source: school, target: student }));
  expect(referral.source_item_network).toBe('green_dot');

  const far = { source_item_instance_url: 'https://far.example.com', source_item_owner: 'olga' };
  const received = await one(
    dpg.actions.receive({
      ...{ action_type: 'connect', ...far, requirements_snapshot: { subject: 'physics' } },
      source: { item_domain: 'student', item_type: 'profile_1.0', item_id: randomUUID() },
      target: { item_domain: 'tutor', item_type: 'profile_1.0', item_id: ids.tutor },
    }),
  );
  await one(
    ravi.actions.transition(
      { action_type: 'connect', action_id: received.action_id },
      { action_status: 'accepted' },
    ),
  );
  const spare = await asha.items.upsert({
    ...{ ...place, item_domain: 'student', item_type: 'profile_1.0', item_state: { name: 'Spare' } },
  });
  expect((await one(asha.items.delete(spare))).item_id).toBe(spare.item_id);
});

test('a transaction is held to the network as well', async () => {
  const dpg = withNetwork(createDpg(database.sql), yellowDot);
  const offers = { item_domain: 'tutor', item_type: 'offer_1.0' } as const;
  const before = await dpg.items.count(offers);
  await expect(
    dpg.sql.begin(async (tx) => {
      const { items } = dpg.with(tx).as('ravi');
      await items.upsert({ ...place, ...offers, item_state: { subject: 'math', rupees_per_hour: 1 } });
      await items.upsert({
        ...place,
        ...offers,
        item_state: { subject: 'art' as never, rupees_per_hour: 1 },
      });
    }),
  ).rejects.toBeInstanceOf(InvalidArgumentError);
  expect(await dpg.items.count(offers)).toBe(before);
});

// as JavaScript would call it, or TypeScript for a document that was loaded
const dpg = withNetwork(plain, loadNetwork(document));
const asha = dpg.as('asha');
const student = { ...place, item_domain: 'student', item_type: 'profile_1.0', item_state: { name: 'Asha' } };

test('what is checked is not changed: nothing is filled in, nothing taken away', async () => {
  const state = { name: 'Asha', hobbies: ['chess'], goal: 'language' };
  const item = await asha.items.upsert({ ...student, item_state: state });
  expect(item.item_state).toEqual(state);
});
