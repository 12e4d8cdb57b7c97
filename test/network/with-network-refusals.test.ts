// The API that is held to a network refuses before anything is sent, as the database would, with the same class and detail:
// what the network does not declare, and documents that do not fit their schema.

import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDpg, InvalidArgumentError, NotInNetworkError } from '../../sdk/index.js';
import { loadNetwork, withNetwork } from '../../sdk/network/index.js';
import { addUsers, errorOf, noting } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';
import document from './yellow_dot.json' with { type: 'json' };

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

// as JavaScript would call it, or TypeScript for a document that was loaded
const dpg = withNetwork(plain, loadNetwork(document));
const asha = dpg.as('asha');
const student = { ...place, item_domain: 'student', item_type: 'profile_1.0', item_state: { name: 'Asha' } };
const offer = {
  ...place,
  item_domain: 'tutor',
  item_type: 'offer_1.0',
  item_state: { subject: 'math', rupees_per_hour: 5 },
};
const aStudent = { item_domain: 'student', item_type: 'profile_1.0', item_id: ids.student };
const aTutor = { item_domain: 'tutor', item_type: 'profile_1.0', item_id: ids.tutor };
const anOffer = { item_domain: 'tutor', item_type: 'offer_1.0', item_id: ids.offer };
const connect = { action_type: 'connect', source: aStudent, target: aTutor };
const math = { requirements_snapshot: { subject: 'math' } };
const far = { source_item_instance_url: 'https://far.example.com', source_item_owner: 'olga' };
const anAction = { action_type: 'connect', action_id: randomUUID() };

describe('what the network does not declare is refused before anything is sent', () => {
  test.each<[what: string, call: () => PromiseLike<unknown>, detail: object]>([
    [
      'get by id: domain',
      () => dpg.items.get({ item_domain: 'school', item_id: ids.student }),
      { undeclared: 'item_domain', item_domain: 'school' },
    ],
    [
      'getMany: type',
      () => dpg.items.getMany([anOffer, { ...aStudent, item_type: 'offer_1.0' }]),
      { undeclared: 'item_type', item_domain: 'student', item_type: 'offer_1.0', index: 1 },
    ],
    [
      'setStatus: domain',
      () => asha.items.setStatus({ ...aStudent, item_domain: 'school' }, { item_status: 'live' }),
      { undeclared: 'item_domain', item_domain: 'school' },
    ],
    [
      'own: domain',
      () => asha.items.own({ item_domain: 'school' }),
      { undeclared: 'item_domain', item_domain: 'school' },
    ],
    [
      'search: domains',
      () => dpg.items.search({ item_domains: ['tutor', 'school'], search: 'a' }),
      { undeclared: 'item_domain', item_domain: 'school', index: 1 },
    ],
    [
      'map: type',
      () => dpg.items.map({ item_type: 'x', south: 0, west: 0, north: 1, east: 1 }),
      { undeclared: 'item_type', item_type: 'x' },
    ],
    [
      'facets: domain',
      () => dpg.items.facets({ item_domain: 'school', fields: ['name'] }),
      { undeclared: 'item_domain', item_domain: 'school' },
    ],
    [
      'define an item: domain',
      () => dpg.items.define({ item_domain: 'school', statuses: [] }),
      { undeclared: 'item_domain', item_domain: 'school' },
    ],
    [
      'define a search: type',
      () => dpg.items.defineSearch({ item_domain: 'student', item_type: 'x', fields: ['name'] }),
      { undeclared: 'item_type', item_domain: 'student', item_type: 'x' },
    ],
    [
      'refresh a search: domain',
      () => dpg.items.refreshSearch({ item_domain: 'school' }),
      { undeclared: 'item_domain', item_domain: 'school' },
    ],
    [
      'upsert: domain',
      () => asha.items.upsert({ ...student, item_domain: 'school' }),
      { undeclared: 'item_domain', item_domain: 'school' },
    ],
    [
      'upsert: type',
      () => asha.items.upsert({ ...student, item_type: 'offer_1.0' }),
      { undeclared: 'item_type', item_domain: 'student', item_type: 'offer_1.0' },
    ],
    [
      'upsert: network',
      () => asha.items.upsert({ ...student, item_network: 'green_dot' }),
      { undeclared: 'item_network', item_network: 'green_dot' },
    ],
    [
      'upsertMany: type',
      () => asha.items.upsertMany([student, offer, { ...offer, item_type: 'x' }]),
      { undeclared: 'item_type', item_type: 'x', index: 2 },
    ],
    [
      'update: domain',
      () => asha.items.update({ ...aStudent, item_domain: 'x' }, { changes: { item_state: {} } }),
      { undeclared: 'item_domain', item_domain: 'x' },
    ],
    [
      'get: type',
      () => dpg.items.get({ ...aStudent, item_type: 'x' }),
      { undeclared: 'item_type', item_type: 'x' },
    ],
    [
      'delete: type',
      () => asha.items.delete({ ...aStudent, item_type: 'x' }),
      { undeclared: 'item_type', item_type: 'x' },
    ],
    [
      'find: domain',
      () => dpg.items.find({ item_domain: 'x' }),
      { undeclared: 'item_domain', item_domain: 'x' },
    ],
    [
      'find: type',
      () => asha.items.find({ item_domain: 'student', item_type: 'x' }),
      { undeclared: 'item_type', item_type: 'x' },
    ],
    [
      'find: one of the domains',
      () => dpg.items.find({ item_domains: ['student', 'x'] }),
      { undeclared: 'item_domain', item_domain: 'x', index: 1 },
    ],
    [
      'find: a type that none of the domains has',
      () => dpg.items.find({ item_domains: ['student'], item_type: 'offer_1.0' }),
      { undeclared: 'item_type', item_type: 'offer_1.0' },
    ],
    [
      'count: a type that no domain has',
      () => dpg.items.count({ item_type: 'x' }),
      { undeclared: 'item_type' },
    ],
    [
      'nearest: another network',
      () => dpg.items.nearest({ item_network: 'x', latitude: 1, longitude: 2 }),
      { undeclared: 'item_network', item_network: 'x' },
    ],
    ['count: domain', () => dpg.items.count({ item_domain: 'x' }), { undeclared: 'item_domain' }],
    [
      'nearest: domain',
      () => dpg.items.nearest({ item_domain: 'x', latitude: 1, longitude: 2 }),
      { undeclared: 'item_domain' },
    ],
    [
      'perform: action',
      () => asha.actions.perform({ ...connect, ...math, action_type: 'poke' }),
      { undeclared: 'action_type', partition_network: 'yellow_dot', action_type: 'poke' },
    ],
    [
      'perform: the other way round',
      () => asha.actions.perform({ ...connect, ...math, source: aTutor, target: aStudent }),
      { undeclared: 'interaction', source_item_domain: 'tutor', target_item_domain: 'student' },
    ],
    [
      'perform: from_items',
      () =>
        asha.actions.perform({
          action_type: 'refer',
          source: anOffer,
          target: { ...anOffer, item_id: randomUUID() },
        }),
      { undeclared: 'interaction', source_item_type: 'offer_1.0' },
    ],
    [
      'perform: to_items',
      () =>
        asha.actions.perform({
          action_type: 'refer',
          source: aTutor,
          target: { ...aTutor, item_id: randomUUID() },
        }),
      { undeclared: 'interaction', target_item_type: 'profile_1.0' },
    ],
    [
      'perform: an undeclared type where from_items names none',
      () => asha.actions.perform({ ...connect, ...math, source: { ...aStudent, item_type: 'x' } }),
      { undeclared: 'interaction', source_item_type: 'x' },
    ],
    [
      'perform: from_network',
      () => asha.actions.perform({ ...connect, ...math, source: { ...aStudent, item_network: 'green_dot' } }),
      { undeclared: 'interaction', source_item_network: 'green_dot' },
    ],
    [
      'perform: to_network',
      () =>
        asha.actions.perform({
          action_type: 'refer',
          source: aStudent,
          target: { ...aTutor, item_network: 'blue_dot' },
        }),
      { undeclared: 'interaction', partition_network: 'blue_dot' },
    ],
    [
      'transition: action',
      () => asha.actions.transition({ ...anAction, action_type: 'poke' }, { action_status: 'x' }),
      { undeclared: 'action_type', action_type: 'poke' },
    ],
    [
      'receive: action',
      () => dpg.actions.receive({ ...connect, ...math, ...far, action_type: 'poke' }),
      { undeclared: 'action_type', action_type: 'poke' },
    ],
    [
      'receiveTransition: action',
      () =>
        dpg.actions.receiveTransition({
          ...anAction,
          ...far,
          partition_network: 'yellow_dot',
          action_type: 'poke',
          action_status: 'x',
        }),
      { undeclared: 'action_type' },
    ],
    [
      'define: action',
      () => dpg.actions.define({ action_type: 'poke', transitions: [] }),
      { undeclared: 'action_type', action_type: 'poke' },
    ],
  ])('%s', async (_, call, detail) => {
    const error = (await errorOf(call())) as NotInNetworkError;
    expect(error).toBeInstanceOf(NotInNetworkError);
    expect(error.code).toBe('DP014');
    expect(error.detail).toMatchObject({ network: 'yellow_dot', ...detail });
    expect(error.hint).toMatch(/^It declares: .+\.$/);
    expect(statements).toEqual([]);
  });

  test('as the database refuses it', async () => {
    const calls: [() => PromiseLike<unknown>, () => PromiseLike<unknown>][] = [
      [
        () => asha.items.upsert({ ...student, item_domain: 'school' }),
        () =>
          plain.as('asha').items.upsert({ ...student, item_network: 'yellow_dot', item_domain: 'school' }),
      ],
      [
        () => asha.items.upsertMany([student, { ...student, item_type: 'x' }]),
        () =>
          plain.as('asha').items.upsertMany(
            [student, { ...student, item_type: 'x' }].map((item) => ({
              ...item,
              item_network: 'yellow_dot',
            })),
          ),
      ],
      [
        () => asha.actions.perform({ ...connect, source: aTutor, target: aStudent }),
        () =>
          plain.as('asha').actions.perform({
            action_type: 'connect',
            source: { ...aTutor, item_network: 'yellow_dot' },
            target: { ...aStudent, item_network: 'yellow_dot' },
          }),
      ],
      [
        () => asha.actions.perform({ ...connect, action_type: 'poke' }),
        () =>
          plain.as('asha').actions.perform({
            action_type: 'poke',
            source: { ...aStudent, item_network: 'yellow_dot' },
            target: { ...aTutor, item_network: 'yellow_dot' },
          }),
      ],
    ];
    for (const [here, there] of calls) {
      const [ours, theirs] = [await errorOf(here()), await errorOf(there())] as [
        NotInNetworkError,
        NotInNetworkError,
      ];
      expect(theirs).toBeInstanceOf(NotInNetworkError);
      expect({ message: ours.message, detail: ours.detail }).toEqual({
        message: theirs.message,
        detail: theirs.detail,
      });
    }
  });
});

describe('documents that do not fit their schema are refused before anything is sent', () => {
  test.each<[what: string, call: () => PromiseLike<unknown>, detail: object]>([
    [
      'upsert: a state without a name',
      () => asha.items.upsert({ ...student, item_state: {} }),
      { argument: 'item_state.name', value: null },
    ],
    [
      'upsert: no state',
      () => asha.items.upsert({ ...student, item_state: undefined as never }),
      { argument: 'item_state.name' },
    ],
    [
      'upsert: a grade too high',
      () => asha.items.upsert({ ...student, item_state: { name: 'Asha', grade: 13 } }),
      { argument: 'item_state.grade', value: 13 },
    ],
    [
      'upsert: a field too many',
      () => asha.items.upsert({ ...offer, item_state: { ...offer.item_state, discount: 1 } }),
      { argument: 'item_state.discount', value: 1 },
    ],
    [
      'upsert: in an array',
      () =>
        asha.items.upsert({
          ...offer,
          item_type: 'profile_1.0',
          item_state: { name: 'Ravi', subjects: ['math', 'art'] },
        }),
      { argument: 'item_state.subjects', value: 'art', index: 1 },
    ],
    [
      'upsertMany: the second',
      () => asha.items.upsertMany([student, { ...student, item_state: { name: '' } }]),
      { argument: 'item_state.name', value: '', index: 1 },
    ],
    [
      'update',
      () => asha.items.update(aStudent, { changes: { item_state: { goal: 'fun' } } }),
      { argument: 'item_state.name' },
    ],
    [
      'perform: no requirements',
      () => asha.actions.perform(connect),
      { argument: 'requirements_snapshot.subject' },
    ],
    [
      'perform: requirements',
      () =>
        asha.actions.perform({ ...connect, requirements_snapshot: { subject: 'math', hours_per_week: 0 } }),
      { argument: 'requirements_snapshot.hours_per_week', value: 0 },
    ],
    [
      'perform: payload',
      () =>
        asha.actions.perform({
          ...connect,
          ...math,
          event_payload: { status: 'created', first_lesson: 'soon' },
        }),
      { argument: 'event_payload.first_lesson', value: 'soon' },
    ],
    [
      'transition: payload',
      () =>
        asha.actions.transition(anAction, { action_status: 'accepted', event_payload: { status: 'done' } }),
      { argument: 'event_payload.status', value: 'done' },
    ],
    [
      'transition: the payload that would be made',
      () => asha.actions.transition(anAction, { action_status: 'done' }),
      { argument: 'event_payload.status', value: 'done' },
    ],
    [
      'receive: requirements',
      () => dpg.actions.receive({ ...connect, ...far, requirements_snapshot: {} }),
      { argument: 'requirements_snapshot.subject' },
    ],
    [
      'receiveTransition: payload',
      () =>
        dpg.actions.receiveTransition({
          ...anAction,
          ...far,
          partition_network: 'yellow_dot',
          action_status: 'done',
        }),
      { argument: 'event_payload.status' },
    ],
    [
      'upsert: what is malformed comes first',
      () => asha.items.upsert({ ...student, item_domain: 'x', item_schema_url: '' }),
      { argument: 'item_schema_url' },
    ],
    [
      'get: no id',
      () => dpg.items.get({ item_domain: 'student', item_type: 'profile_1.0' } as never),
      { argument: 'item_id' },
    ],
    ['find: nothing', () => dpg.items.find(undefined as never), {}],
    [
      'find: a domain that is no text',
      () => dpg.items.find({ item_domains: ['student', 7] } as never),
      { argument: 'item_domains', index: 1 },
    ],
    [
      'count: one domain and several',
      () => dpg.items.count({ item_domain: 'student', item_domains: ['tutor'] } as never),
      { argument: 'item_domains' },
    ],
    ['perform: nothing', () => asha.actions.perform(undefined as never), { argument: 'action_type' }],
  ])('%s', async (_, call, detail) => {
    const error = (await errorOf(call())) as InvalidArgumentError;
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.detail).toMatchObject(detail);
    expect(statements).toEqual([]);
  });
});
