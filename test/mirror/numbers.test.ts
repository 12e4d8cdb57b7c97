// Numbers keep their digits on every way between instances, and clients with exact numbers are taken as they are.

import { randomUUID } from 'node:crypto';
import { beforeAll, expect, expectTypeOf, test } from 'vitest';
import { createDpg, type ExactJsonObject, type Item, JsonNumber } from '../../sdk/index.js';
import { follow, type Happening, handler, mirror, remoteInstance } from '../../sdk/mirror/index.js';
import { testDatabase } from '../support/test-database.js';
import { HERE, PEER } from './messages.js';
import { type Instance, instance, SECRET, tutorAt, until } from './world.js';

const database = await testDatabase();
let here: Instance;
let ravi: Item;

beforeAll(async () => {
  here = await instance(database, HERE, ['ravi'], [PEER]);
  ravi = await tutorAt(here, 'ravi');
});

const LONG = '12345678901234567890.12345678901234567890';
const HUGE = '9007199254740993';
const TINY = '1e-400';
const document = {
  long: new JsonNumber(LONG),
  huge: [new JsonNumber(HUGE)],
  tiny: new JsonNumber(TINY),
  small: 1e-7,
};
const texts = [LONG, HUGE, `0.${'0'.repeat(399)}1`, '0.0000001'];

test.each(['exact', 'javascript'] as const)(
  'an action and its transition are stored digit for digit (%s)',
  async (numbers) => {
    const exact = createDpg(here.dpg.sql, { numbers: 'exact' });
    const handle = handler({ dpg: exact, secretOf: () => SECRET });
    const fetch = ((url: string, init: RequestInit) =>
      handle(new Request(url, init))) as typeof globalThis.fetch;
    const remote = remoteInstance({ endpoint: HERE, sender: PEER, secret: SECRET, fetch, numbers });
    const action = await remote.receiveAction({
      action_type: 'connect',
      source: { item_network: 'yellow_dot', item_domain: 'student', item_type: 'p', item_id: randomUUID() },
      source_item_owner: 'asha',
      target: ravi,
      requirements_snapshot: document,
      source_item_latitude: 1e-7,
      source_item_longitude: 0.1 + 0.2,
    });
    const { partition_network, action_type, action_id } = action;
    const ref = { partition_network, action_type, action_id };
    await remote.receiveTransition({
      source_item_owner: 'asha',
      ...ref,
      action_status: 'moved',
      event_payload: document,
    });
    const [stored] = await here.sql`
    select a.requirements_snapshot::text as asked, e.event_payload::text as told
    from dpg.item_actions a join dpg.action_events e on e.action_id = a.action_id and e.update_count = 1
    where a.action_id = ${action_id}`;
    for (const text of texts)
      expect(
        [stored?.asked, stored?.told].every((one) => one.includes(text)),
        text,
      ).toBe(true);
    expect(action).toMatchObject({ source_item_latitude: 1e-7, source_item_longitude: 0.1 + 0.2 });
    const answered = action.requirements_snapshot as { long: unknown };
    expect(String(answered.long)).toBe(numbers === 'exact' ? LONG : '12345678901234567000');
  },
);

test('a mirror and follow take a client with exact numbers', async () => {
  const exact = createDpg(here.dpg.sql, { numbers: 'exact' });
  const happenings: Happening<ExactJsonObject>[] = [];
  const payloads: unknown[] = [];
  const stop = new AbortController();
  const running = mirror({
    dpg: exact,
    async deliver(event) {
      expectTypeOf(event.event_payload).toEqualTypeOf<ExactJsonObject>();
      payloads.push(event.event_payload.long);
    },
    signal: stop.signal,
    idleMilliseconds: 20,
    onHappening: (happening) => happenings.push(happening),
  });
  await until(() => payloads.some((long) => String(long) === LONG));
  stop.abort();
  await running;
  await exact.subscriptions.create({ subscription: 'followed' });
  for await (const { events } of follow({ dpg: exact, subscription: 'followed' })) {
    expect(events.map(({ event_payload }) => String(event_payload.long))).toContain(LONG);
    break;
  }
});
