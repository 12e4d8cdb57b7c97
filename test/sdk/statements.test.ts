import { randomUUID } from 'node:crypto';
import { beforeAll, expect, inject, test } from 'vitest';
import { functions } from '../../sdk/functions.js';
import { createDpg, eventText } from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, noting, OTHER_URL, OUR_URL, student, tutor } from './story.js';

const database = await testDatabase();
const statements: string[] = [];
const dpg = createDpg(database.connect(noting(statements)));
const asha = dpg.as('asha');
const ravi = dpg.as('ravi');

beforeAll(() => addUsers(database.sql, 'asha', 'ravi'));

test('every method is one statement, of the same text each time', async () => {
  const seen = new Map<string, Set<string>>();
  const one = async <Result>(method: string, call: () => PromiseLike<Result>): Promise<Result> => {
    statements.length = 0;
    const result = await call();
    expect(statements, method).toHaveLength(1);
    const texts = seen.get(method) ?? new Set();
    seen.set(method, texts.add(statements[0] as string));
    return result;
  };

  for (const given of [false, true]) {
    const at = { item_network: 'yellow_dot', item_domain: 'student' };
    const paging = given ? { page_size: 3 } : {};
    const source = await one('items.upsert', () =>
      asha.items.upsert(student(given ? { item_id: randomUUID() } : {})),
    );
    const target = await one('items.upsert', () =>
      ravi.items.upsert(tutor(given ? {} : { item_latitude: null, item_longitude: null })),
    );
    await one('items.upsertMany', () => asha.items.upsertMany([student(), student()]));
    await one('items.upsertMany count', () => asha.items.upsertMany([student()], { returning: 'count' }));
    await one('items.get', () => dpg.items.get(given ? { ...source, item_type: null } : source));
    await one('items.getMany', () => dpg.items.getMany(given ? [source, target] : []));
    await one('items.find', () =>
      dpg.items.find({ ...at, ...paging, ...(given ? { created_by: 'asha' } : {}) }),
    );
    await one('items.count', () => dpg.items.count(at));
    await one('items.nearest', () => dpg.items.nearest({ ...at, latitude: 1, longitude: 2, ...paging }));
    await one('items.define', () => dpg.items.define({ ...at, statuses: given ? null : [] }));
    await one('items.defineSearch', () =>
      dpg.items.defineSearch({ ...at, item_type: 'profile_1.0', fields: ['name'] }),
    );
    await one('items.refreshSearch', () =>
      dpg.items.refreshSearch({ ...at, ...(given ? { max_items: 5 } : {}) }),
    );
    const edges = { south: -90, west: -180, north: 90, east: 180 };
    await one('items.search', () => dpg.items.search({ ...at, search: 'asha', ...(given ? edges : {}) }));
    await one('items.map', () => dpg.items.map({ ...at, ...edges, ...(given ? { max_markers: 5 } : {}) }));
    await one('items.facets', () =>
      dpg.items.facets({ ...at, fields: ['name'], ...(given ? { facets: { name: ['Asha'] } } : {}) }),
    );
    await one('items.own', () => asha.items.own(given ? { item_network: 'yellow_dot' } : undefined));
    await one('items.setStatus', () => asha.items.setStatus(source, { item_status: 'live' }));
    await one('items.update', () =>
      asha.items.update(source, {
        changes: given ? { item_latitude: 1 } : { item_state: {} },
        ...(given ? { expected_updated_at: source.updated_at } : {}),
      }),
    );
    await one('actions.define', () =>
      dpg.actions.define({
        partition_network: 'yellow_dot',
        action_type: 'lend',
        transitions: given ? null : [{ from: 'created', to: 'lent', by: 'target' }],
      }),
    );
    const action = await one('actions.perform', () =>
      asha.actions.perform({
        action_type: 'connect',
        source,
        target,
        ...(given ? { remarks: 'please' } : {}),
      }),
    );
    const { partition_network, action_type, action_id } = action;
    await one('actions.get', () => asha.actions.get(action));
    await one('actions.find', () =>
      asha.actions.find(
        given
          ? { ...paging, action_types: ['connect'], action_statuses: ['created'], with_items: true }
          : undefined,
      ),
    );
    await one('actions.counts', () =>
      asha.actions.counts(given ? { ownership_role: 'initiated' } : undefined),
    );
    await one('actions.itemCounts', () => dpg.actions.itemCounts(given ? [source, target] : []));
    await one('actions.transition', () =>
      ravi.actions.transition(action, {
        action_status: 'accepted',
        ...(given ? { expected_update_count: 0 } : {}),
      }),
    );
    await one('actions.transitionMany', () => {
      const { partition_network, action_type, action_id } = action;
      const change = { partition_network, action_type, action_id, action_status: 'seen' };
      return asha.actions.transitionMany(given ? [change, { ...change, remarks: 'again' }] : [change]);
    });
    await one('events.find', () => ravi.events.find(given ? { action_id } : undefined));
    const remote = { source_item_instance_url: OTHER_URL, source_item_owner: 'someone_there' };
    const received = await one('actions.receive', () =>
      dpg.actions.receive({
        action_type: 'connect',
        source: { ...at, item_type: 'profile_1.0', item_id: randomUUID() },
        ...remote,
        target,
      }),
    );
    await one('actions.receiveTransition', () =>
      dpg.actions.receiveTransition({
        ...remote,
        ...{ partition_network, action_type, action_id: received.action_id },
        action_status: 'withdrawn',
      }),
    );
    const [event] = (await ravi.events.find({ action_id })).rows;
    const { source_item_is_local, target_item_is_local, ownership_roles, next_page_token, ...columns } =
      event as NonNullable<typeof event>;
    await one('events.store', () =>
      dpg.events.store({
        ...columns,
        origin_instance_domain: OTHER_URL,
        target_item_instance_url: OTHER_URL,
        event_id: randomUUID(),
      }),
    );
    const spare = await asha.items.upsert(student());
    await one('items.delete', () => asha.items.delete(spare));
    await one('partitions.ensureItem', () =>
      dpg.partitions.ensureItem({ item_network: 'new', item_domain: `${given}` }),
    );
    await one('partitions.ensureAction', () =>
      dpg.partitions.ensureAction({ partition_network: 'new', action_type: `${given}` }),
    );
    await one('partitions.ensureActionEvent', () =>
      dpg.partitions.ensureActionEvent({ partition_network: 'new', action_type: `${given}` }),
    );
    await one('partitions.list', () => dpg.partitions.list(given ? { network: 'new' } : undefined));

    const document = { name: 'registered', domains: [{ name: `${given}`, item_schemas: {} }] };
    await one('networks.register', () => dpg.networks.register(document));
    await one('networks.list', () => dpg.networks.list(given ? { network: 'registered' } : undefined));
    await one('networks.define', () => dpg.networks.define({ network: 'registered', rules: null }));
    await one('networks.unregister', () => dpg.networks.unregister({ network: 'registered' }));

    const subscription = `to ${given}`;
    const place = { subscription, position: 1n };
    await one('subscriptions.create', () =>
      dpg.subscriptions.create({ subscription, ...(given ? { partition_network: 'yellow_dot' } : {}) }),
    );
    const events = await one('subscriptions.read', () =>
      dpg.subscriptions.read({ subscription, ...(given ? { max_events: 2, lease_seconds: 5 } : {}) }),
    );
    expect(events[0]?.position).toBe(1n);
    const lease_id = given ? (events[0]?.lease_id ?? null) : null;
    await one('events.storeText', () =>
      dpg.events.storeText(
        eventText(events[0] as NonNullable<(typeof events)[0]>)
          .replaceAll(OUR_URL, OTHER_URL)
          .replace(/"event_id":"[^"]*"/, `"event_id":"${randomUUID()}"`)
          .replace(/"action_id":"[^"]*"/, `"action_id":"${randomUUID()}"`),
      ),
    );
    await one('subscriptions.fail', () =>
      dpg.subscriptions.fail({ ...place, lease_id, error: 'no', ...(given ? { max_attempts: 1 } : {}) }),
    );
    await one('subscriptions.retry', () => dpg.subscriptions.retry(given ? place : { subscription }));
    await one('subscriptions.readRetries', () =>
      dpg.subscriptions.readRetries({ subscription, ...(given ? { max_events: 2 } : {}) }),
    );
    await one('subscriptions.settle', () => dpg.subscriptions.settle({ ...place, lease_id }));
    await one('subscriptions.acknowledge', () => dpg.subscriptions.acknowledge({ ...place, lease_id }));
    await one('subscriptions.release', () =>
      dpg.subscriptions.release({
        subscription,
        lease_id,
        ...(given ? { error: 'no', retry_seconds: 1 } : {}),
      }),
    );
    await one('subscriptions.list', () => dpg.subscriptions.list(given ? { subscription } : undefined));
    await one('subscriptions.failures', () =>
      dpg.subscriptions.failures(given ? { subscription } : undefined),
    );
    await one('subscriptions.peers', () => dpg.subscriptions.peers());
    await one('subscriptions.drop', () => dpg.subscriptions.drop({ subscription }));
    const index = `index ${given}`;
    await one('subscriptions.createItemSubscription', () =>
      dpg.subscriptions.createItemSubscription({
        subscription: index,
        ...(given ? { item_network: 'yellow_dot' } : {}),
      }),
    );
    await one('subscriptions.readItemChanges', () =>
      dpg.subscriptions.readItemChanges({ subscription: index, ...(given ? { max_changes: 2 } : {}) }),
    );
  }

  expect(seen.size).toBe(53);
  const called = [...seen.values()]
    .flatMap((texts) => [...texts])
    .map((text) => / from dpg\.(\w+)\(/.exec(text)?.[1]);
  expect(new Set(called.filter((name) => name !== undefined))).toEqual(new Set(Object.keys(functions)));
  for (const [method, texts] of seen) expect([...texts], method).toHaveLength(1);
});

// Through PgBouncer nothing is prepared.
test.skipIf(inject('poolerUrl'))(
  'a connection prepares a statement once, so that later calls are one trip',
  async () => {
    const item = await asha.items.upsert(student());
    for (let i = 0; i < 10; i++) await dpg.items.get(item);
    const prepared = await dpg.sql`
    select generic_plans + custom_plans as calls from pg_prepared_statements where statement like '%dpg.get_item(%'
      and statement not like '%pg_prepared_statements%'`;
    expect(prepared).toHaveLength(1);
    expect(Number(prepared[0]?.calls)).toBeGreaterThanOrEqual(10);
  },
);
