import { beforeAll, expect, test } from 'vitest';
import {
  createDpg,
  DuplicateDiffersError,
  eventText,
  InvalidArgumentError,
  type Item,
} from '../../sdk/index.js';
import { type Batch, follow } from '../../sdk/mirror/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, errorOf, student, tutor } from './story.js';

const database = await testDatabase();
const dpg = createDpg(database.connect({ role: 'dpg_app' }));
let source: Item;
let target: Item;

beforeAll(async () => {
  await addUsers(database.sql, 'asha', 'ravi');
  source = await dpg.as('asha').items.upsert(student());
  target = await dpg.as('ravi').items.upsert(tutor());
});

const perform = (event_payload: object = { status: 'created' }) =>
  dpg.as('asha').actions.perform({ action_type: 'connect', source, target, event_payload });

test('a batch is rows of the events with their positions, as bigint', async () => {
  const created = await dpg.subscriptions.create({ subscription: 'all' });
  expect(created).toMatchObject({
    acknowledged_position: 0n,
    leased_position: null,
    leased_until: null,
    lease_id: null,
  });
  expect(created.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  const action = await perform();
  const [event, ...others] = await dpg.subscriptions.read({ subscription: 'all' });
  expect(others).toEqual([]);
  const [found] = (await dpg.as('asha').events.find({ action_id: action.action_id })).rows;
  const { ownership_roles, next_page_token, ...columns } = found as NonNullable<typeof found>;
  const { lease_id = null } = event ?? {};
  expect(lease_id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(event).toEqual({ position: 1n, lease_id, ...columns });
  expect(await dpg.subscriptions.read({ subscription: 'all' })).toEqual([]);
  expect(await dpg.subscriptions.acknowledge({ subscription: 'all', position: 1n, lease_id })).toBe(1n);
  expect(await dpg.subscriptions.list({ subscription: 'all' })).toMatchObject([
    { lag_events: 0n, lag_seconds: 0, is_dead: false },
  ]);
  expect((await dpg.subscriptions.drop({ subscription: 'all' })).acknowledged_position).toBe(1n);
});

test('the text of an event has the digits that the database has', async () => {
  await database.sql`
    select dpg.perform_action('asha', 'connect', ${database.sql.unsafe(`row('yellow_dot', 'student', 'profile_1.0', '${source.item_id}')::dpg.item_ref, row('yellow_dot', 'tutor', 'profile_1.0', '${target.item_id}')::dpg.item_ref`)},
      event_payload => '{"amount": 12345678901234567890.10}')`;
  await dpg.subscriptions.create({ subscription: 'digits' });
  const event = (await dpg.subscriptions.read({ subscription: 'digits' })).at(-1);
  expect(eventText(event as NonNullable<typeof event>)).toContain(
    '"event_payload":{"amount": 12345678901234567890.10}',
  );
  expect(JSON.parse(eventText(event as NonNullable<typeof event>))).not.toHaveProperty('position');
  expect(JSON.parse(eventText(event as NonNullable<typeof event>))).not.toHaveProperty('lease_id');
  expect(Object.keys(event as object)).not.toContain('payload');
});

test('refusals', async () => {
  await dpg.subscriptions.create({ subscription: 'refusals' });
  const other = dpg.subscriptions.create({ subscription: 'refusals', action_type: 'connect' });
  expect(await errorOf(other)).toBeInstanceOf(DuplicateDiffersError);
  const beyond = dpg.subscriptions.acknowledge({ subscription: 'refusals', position: 9n, lease_id: null });
  expect(await errorOf(beyond)).toMatchObject({ code: 'DP001', detail: { argument: 'position', value: 9 } });
  for (const wrong of [
    { subscription: 'refusals', max_events: 0 },
    { subscription: 'refusals', max_events: 10_001 },
    { subscription: 'refusals', lease_seconds: 0 },
    { subscription: '' },
  ])
    expect(await errorOf(dpg.subscriptions.read(wrong))).toBeInstanceOf(InvalidArgumentError);
});

test('follow: batches as they come, an end by the signal, and what was left comes again', async () => {
  await dpg.subscriptions.create({ subscription: 'followed' });
  const stop = new AbortController();
  const seen: bigint[] = [];
  const options = { dpg, subscription: 'followed', idleMilliseconds: 20 };
  const following = (async () => {
    for await (const batch of follow({ ...options, signal: stop.signal, maxEvents: 2 })) {
      seen.push(...batch.events.map(({ position }) => position));
      await batch.acknowledge();
    }
  })();
  const before = Number((await dpg.sql`select count(*) from dpg.subscriptions`)[0]?.count);
  expect(before).toBeGreaterThan(0);
  for (let i = 0; i < 3; i++) await perform();
  while (seen.length < 5) await new Promise((resolve) => setTimeout(resolve, 10));
  stop.abort();
  await following;
  expect(seen).toEqual([...seen].sort((left, right) => Number(left - right)));

  await perform();
  for await (const batch of follow(options)) {
    expect(batch.events).toHaveLength(1);
    break; // without a word
  }
  let again: Batch | undefined;
  for await (const batch of follow(options)) {
    again = batch;
    await batch.acknowledge(batch.position);
    break;
  }
  expect(again?.events).toHaveLength(1);
  expect(await dpg.subscriptions.list({ subscription: 'followed' })).toMatchObject([
    { lag_events: 0n, is_leased: false },
  ]);
});

test('the view names the session that holds the feed back', async () => {
  await dpg.subscriptions.create({ subscription: 'held' });
  const session = await database.connect({ max: 1 }).reserve();
  const [{ pid } = {}] = await session`select pg_backend_pid() as pid`;
  await session`begin`;
  await createDpg(session).as('asha').actions.perform({ action_type: 'connect', source, target });
  const admin = createDpg(database.sql);
  const held = async () => (await admin.subscriptions.list({ subscription: 'held' }))[0];
  expect(await held()).toMatchObject({
    held_back_by_pid: pid,
    held_back_by: expect.stringContaining('not committed'),
  });
  expect((await held())?.held_back_seconds).toBeGreaterThan(0);
  await session`commit`;
  expect(await held()).toMatchObject({ held_back_by_pid: null, held_back_by: null, held_back_seconds: null });
  await session`begin`;
  await session`select count(*) from dpg.read_events('held')`;
  expect(await held()).toMatchObject({
    held_back_by_pid: pid,
    held_back_by: expect.stringContaining('places events'),
  });
  expect(await dpg.subscriptions.read({ subscription: 'held' })).toEqual([]);
  await session`rollback`;
  session.release();
  expect((await dpg.subscriptions.read({ subscription: 'held' })).length).toBeGreaterThan(5);
});
