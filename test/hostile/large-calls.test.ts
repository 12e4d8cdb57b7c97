// Thousands of items in one call, a road of places, the greatest count: the right answer, or the contract’s error for the one that is wrong.

import type postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import type { DpgError, UpsertItem } from '../../sdk/index.js';
import { errorOf, OTHER_URL, student, tutor } from '../sdk/story.js';
import { soak } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { application, outcome } from './application.js';

const database = await testDatabase();
const { sql, dpg } = await application(database);

// what goes wrong with many goes wrong with 20,000; a soak shows that 100,000 fit into one call
const MANY = soak(20_000, 100_000);

describe(`${MANY.toLocaleString('en')} items in one call`, () => {
  const id = (i: number) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
  const items = Array.from({ length: MANY }, (_, i): UpsertItem => {
    const { item_state, ...rest } = student({
      item_network: 'many',
      item_id: id(i),
      item_latitude: (i % 18_000) / 100 - 90,
    });
    return { ...rest, item_state: { i } };
  });
  const count = () => dpg.items.count({ item_network: 'many', item_domain: 'student' });
  const sent = (changes: (items: UpsertItem[]) => void) => {
    const changed = [...items];
    changes(changed);
    return JSON.stringify(changed);
  };

  test('one that is wrong, the last, refuses all: by the SDK, and by the database', async () => {
    const wrong = student({ item_latitude: 91 });
    const refusal = (await errorOf(dpg.as('asha').items.upsertMany([...items.slice(1), wrong]))) as DpgError;
    expect(refusal.code).toBe('DP001');
    expect(refusal.detail).toEqual({ argument: 'item_latitude', value: 91, index: MANY - 1 });
    const json = sent((changed) => changed.splice(-1, 1, wrong));
    const error = (await errorOf(
      sql`select count(*) from dpg.upsert_items('asha', ${json}::text::jsonb)`,
    )) as postgres.PostgresError;
    expect(error.code).toBe('DP001');
    expect(JSON.parse(error.detail ?? '')).toEqual({ argument: 'item_latitude', value: 91, index: MANY - 1 });
    expect(await count()).toBe(0n);
  }, 120_000);

  test('an id twice, at both ends, refuses all', async () => {
    const json = sent((changed) => changed.splice(-1, 1, { ...student(), item_id: id(0) }));
    const error = (await errorOf(
      sql`select count(*) from dpg.upsert_items('asha', ${json}::text::jsonb)`,
    )) as postgres.PostgresError;
    expect(error.code).toBe('DP001');
    expect(JSON.parse(error.detail ?? '')).toEqual({ argument: 'item_id', value: id(0), index: MANY - 1 });
    expect(await count()).toBe(0n);
  }, 120_000);

  test('all are stored, in the order given; the same again changes nothing', async () => {
    expect(await dpg.as('asha').items.upsertMany(items, { returning: 'count' })).toBe(MANY);
    expect(await count()).toBe(BigInt(MANY));
    const [kept] = await database.sql`
      select count(*)::integer, count(*) filter (where (item_state ->> 'i')::integer = position - 1)::integer as in_order
      from (select item_state, row_number() over (order by created_at) as position from dpg.items where item_network = 'many') i`;
    expect(kept).toEqual({ count: MANY, in_order: MANY });

    const json = sent(() => {});
    const [again] = await sql`
      select count(*)::integer, count(*) filter (where r.updated_at <> r.created_at)::integer as changed
      from dpg.upsert_items('asha', ${json}::text::jsonb) r`;
    expect(again).toEqual({ count: MANY, changed: 0 });
    // all of them are another's now
    expect(await outcome(sql`select count(*) from dpg.upsert_items('ravi', ${json}::text::jsonb)`)).toBe(
      'DP003',
    );
  }, 180_000);
});

test('places along a road, stored in the order of travel, leave the index as small as any others', async () => {
  // split one to all others, page by page, it had 6 MB here
  const road = Array.from({ length: 600 }, (_, i) =>
    student({ item_network: 'road', item_latitude: 45 + i / 1000, item_longitude: 10 + i / 1000 }),
  );
  for (const step of road) await dpg.as('asha').items.upsert(step);
  const [index] = await database.sql`
    select pg_relation_size(x.indexrelid)::integer as bytes
    from pg_index x
    where x.indrelid = 'dpg.i_p_road_student'::regclass
      and x.indexrelid in (select relid from pg_partition_tree('dpg.items_place_idx'))`;
  expect(index?.bytes).toBeGreaterThan(8192);
  expect(index?.bytes).toBeLessThan(300_000);
});

test('the greatest expected_update_count beside an event that was used before is DP008', async () => {
  const target = await dpg.as('ravi').items.upsert(tutor());
  const received = { source_item_instance_url: OTHER_URL, source_item_owner: 'olga' };
  const source = {
    item_network: 'yellow_dot',
    item_domain: 'student',
    item_type: 't',
    item_id: '55555555-5555-4555-8555-555555555555',
  };
  const action = await dpg.actions.receive({ action_type: 'connect', source, ...received, target });
  const move = { action_status: 'accepted', event_id: '44444444-4444-4444-8444-444444444444' };
  await dpg.as('ravi').actions.transition(action, move);
  expect(
    await outcome(
      dpg.as('ravi').actions.transition(action, { ...move, expected_update_count: 2_147_483_647 }),
    ),
  ).toBe('DP008');
});
