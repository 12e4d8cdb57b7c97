// Every call that the contract calls repeatable, with an id of its own, and the same call with other content.

import { randomUUID } from 'node:crypto';
import type postgres from 'postgres';
import { type Action, createDpg, type Dpg, type Item } from '../../sdk/index.js';
import { addUsers, OTHER_URL, student, tutor } from '../sdk/story.js';
import type { TestDatabase } from '../support/test-database.js';

type Call = (dpg: Dpg<postgres.Sql>) => Promise<unknown>;

export interface Repeatable {
  /** What the call writes, by table. */
  writes: Partial<Written>;
  /** Makes a call with new ids. */
  make(): Promise<{
    call: Call;
    /** The same ids with other content, each differing in one thing. */
    altered: Record<string, Call>;
  }>;
}

/** Numbers of rows; `moves` is the sum of update_count. */
export interface Written {
  items: number;
  actions: number;
  events: number;
  moves: number;
}

export async function written(sql: postgres.Sql): Promise<Written> {
  const [row] = await sql<[Written]>`
    select
      (select count(*) from dpg.items)::integer as items,
      (select count(*) from dpg.item_actions)::integer as actions,
      (select count(*) from dpg.action_events)::integer as events,
      (select coalesce(sum(update_count), 0) from dpg.item_actions)::integer as moves`;
  return row;
}

/** Everything that the calls can write, row by row with its place: a row that is written anew, though the same, has another. */
export async function contents(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ line: string }[]>`
    select concat_ws(' ', 'items', tableoid::regclass, ctid, to_jsonb(i)) as line from dpg.items i
    union all select concat_ws(' ', 'actions', tableoid::regclass, ctid, to_jsonb(a)) from dpg.item_actions a
    union all select concat_ws(' ', 'events', tableoid::regclass, ctid, to_jsonb(e)) from dpg.action_events e
    union all select concat_ws(' ', 'parties', to_jsonb(p)) from dpg_private.party_leaves p
    union all select concat_ws(' ', 'owners', to_jsonb(o)) from dpg_private.owner_leaves o
    union all select concat_ws(' ', 'urls', to_jsonb(u)) from dpg_private.instance_url_sightings u
    union all select concat_ws(' ', 'names', to_jsonb(n)) from dpg_private.partition_names n
    order by 1`;
  return rows.map(({ line }) => line);
}

/** For a database with nothing in it. */
export async function repeatableCalls(database: TestDatabase): Promise<Record<string, Repeatable>> {
  await addUsers(database.sql, 'asha', 'ravi');
  const dpg = createDpg(database.sql);
  const source: Item = await dpg.as('asha').items.upsert(student());
  const target: Item = await dpg.as('ravi').items.upsert(tutor());
  const ours = { action_type: 'connect', source, target, requirements_snapshot: { subject: 'math' } };
  const theirs = {
    action_type: 'connect',
    source: {
      ...{ item_network: 'blue_dot', item_domain: 'student', item_type: 'x' },
      item_id: randomUUID(),
    },
    source_item_instance_url: OTHER_URL,
    source_item_owner: 'asha there',
    target,
    remarks: 'please',
    source_item_latitude: 1,
    source_item_longitude: 2,
  };
  const performed = () => dpg.as('asha').actions.perform(ours);
  const received = () => dpg.actions.receive(theirs);
  await performed();
  const ref = ({ partition_network, action_type, action_id }: Action) => ({
    partition_network,
    action_type,
    action_id,
  });

  return {
    upsert_item: {
      writes: { items: 1 },
      async make() {
        const item = student({ item_id: randomUUID() });
        return { call: ({ as }) => as('asha').items.upsert(item), altered: {} };
      },
    },
    upsert_items: {
      writes: { items: 3 },
      async make() {
        const items = ['a', 'b', 'c'].map((name) => student({ item_id: randomUUID(), item_state: { name } }));
        return { call: ({ as }) => as('asha').items.upsertMany(items), altered: {} };
      },
    },
    perform_action: {
      writes: { actions: 1, events: 1 },
      async make() {
        const request = { ...ours, action_id: randomUUID(), remarks: 'soon', event_payload: { hello: 1 } };
        const perform =
          (changes: object): Call =>
          ({ as }) =>
            as('asha').actions.perform({ ...request, ...changes });
        const another = await dpg.as('ravi').items.upsert(tutor());
        return {
          call: perform({}),
          altered: {
            requirements: perform({ requirements_snapshot: { subject: 'art' } }),
            remarks: perform({ remarks: 'later' }),
            'no remarks': perform({ remarks: null }),
            payload: perform({ event_payload: { hello: 2 } }),
            'no payload': perform({ event_payload: null }),
            target: perform({ target: another }),
          },
        };
      },
    },
    receive_action: {
      writes: { actions: 1, events: 1 },
      async make() {
        const request = { ...theirs, action_id: randomUUID() };
        const receive =
          (changes: object): Call =>
          (dpg) =>
            dpg.actions.receive({ ...request, ...changes });
        return {
          call: receive({}),
          altered: {
            requirements: receive({ requirements_snapshot: { subject: 'art' } }),
            remarks: receive({ remarks: 'now' }),
            payload: receive({ event_payload: { hello: 2 } }),
            owner: receive({ source_item_owner: 'ravi there' }),
            url: receive({ source_item_instance_url: `${OTHER_URL}/2` }),
            place: receive({ source_item_latitude: 3 }),
            source: receive({ source: { ...theirs.source, item_id: randomUUID() } }),
          },
        };
      },
    },
    transition_action: {
      writes: { events: 1, moves: 1 },
      async make() {
        const action = await performed();
        const move = { action_status: 'accepted', event_id: randomUUID(), remarks: 'gladly' };
        const transition =
          (changes: object): Call =>
          ({ as }) =>
            as('ravi').actions.transition(action, { ...move, ...changes });
        const other = await performed();
        return {
          call: transition({}),
          altered: {
            status: transition({ action_status: 'rejected' }),
            remarks: transition({ remarks: 'no' }),
            payload: transition({ event_payload: { other: true } }),
            'expected count': transition({ expected_update_count: 1 }),
            action: ({ as }) => as('ravi').actions.transition(other, move),
          },
        };
      },
    },
    'transition_action with an expectation': {
      writes: { events: 1, moves: 1 },
      async make() {
        const action = await performed();
        const move = { action_status: 'accepted', event_id: randomUUID(), expected_update_count: 0 };
        const transition =
          (changes: object): Call =>
          ({ as }) =>
            as('asha').actions.transition(action, { ...move, ...changes });
        return {
          call: transition({}),
          altered: {
            status: transition({ action_status: 'rejected' }),
            'expected count': transition({ expected_update_count: 1 }),
          },
        };
      },
    },
    receive_transition: {
      writes: { events: 1, moves: 1 },
      async make() {
        const action = await received();
        const move = {
          ...ref(action),
          source_item_instance_url: OTHER_URL,
          source_item_owner: 'asha there',
          action_status: 'withdrawn',
          event_id: randomUUID(),
          event_payload: { why: 'found one' },
        };
        const transition =
          (changes: object): Call =>
          (dpg) =>
            dpg.actions.receiveTransition({ ...move, ...changes });
        return {
          call: transition({}),
          altered: {
            status: transition({ action_status: 'rejected' }),
            remarks: transition({ remarks: 'no' }),
            payload: transition({ event_payload: { why: 'tired' } }),
          },
        };
      },
    },
    store_event: {
      writes: { events: 1 },
      async make() {
        const event = {
          ...{ partition_network: 'yellow_dot', action_type: 'connect', event_id: randomUUID() },
          ...{ origin_instance_domain: OTHER_URL, action_id: randomUUID() },
          ...{ action_status: 'created', update_count: 0 },
          ...{ source_item_network: 'yellow_dot', source_item_domain: 'student', source_item_type: 'x' },
          ...{ source_item_id: source.item_id, source_item_instance_url: source.item_instance_url },
          ...{ source_item_owner: 'asha', source_item_latitude: 1, source_item_longitude: 2 },
          ...{ target_item_network: 'yellow_dot', target_item_domain: 'tutor', target_item_type: 'x' },
          ...{ target_item_id: randomUUID(), target_item_instance_url: OTHER_URL },
          ...{ target_item_owner: 'somebody', event_payload: { a: [1, 2] }, remarks: 'hello' },
          created_at: '2026-01-01T00:00:00.123456Z',
        };
        const store =
          (changes: object): Call =>
          (dpg) =>
            dpg.events.store({ ...event, ...changes });
        return {
          call: store({}),
          altered: {
            status: store({ action_status: 'accepted' }),
            payload: store({ event_payload: { a: [2, 1] } }),
            remarks: store({ remarks: null }),
            time: store({ created_at: '2026-01-01T00:00:00.123457Z' }),
            owner: store({ source_item_owner: 'somebody else' }),
            'event id': store({ event_id: randomUUID() }),
            'update count': store({ update_count: 1 }),
          },
        };
      },
    },
  };
}
