// Checked by the compiler (npm run typecheck); running it does nothing more.

import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { createDpg, type Dpg, type JsonObject, type JsonScalar } from '../../sdk/index.js';
import {
  defineNetwork,
  loadNetwork,
  type NetworkItem,
  privateField,
  withNetwork,
} from '../../sdk/network/index.js';
import { yellowDot } from './yellow-dot.js';

declare const dpg: Dpg;
const place = { item_instance_url: 'https://example.com', item_schema_url: 'https://schemas.example.com' };

/** Only for the compiler. */
function never(_: () => unknown): void {}

const asha = () => withNetwork(dpg, yellowDot).as('asha');

type Student = { name: string; goal?: 'board_exam' | 'entrance_exam' | 'language'; grade?: number };
type Tutor = { name: string; subjects: ('math' | 'physics' | 'english')[] };
type Offer = { subject: 'math' | 'physics' | 'english'; rupees_per_hour: number };

describe('types of a network that is written in TypeScript', () => {
  test('states are those of domain and type', () => {
    never(async () => {
      const student = await asha().items.upsert({
        ...place,
        item_domain: 'student',
        item_type: 'profile_1.0',
        item_state: { name: 'Asha', goal: 'board_exam' },
      });
      expectTypeOf(student.item_network).toEqualTypeOf<'yellow_dot'>();
      expectTypeOf(student.item_domain).toEqualTypeOf<'student'>();
      expectTypeOf(student.item_state.goal).toEqualTypeOf<Student['goal']>();
      expectTypeOf(student.item_id).toEqualTypeOf<string>();

      const changed = await asha().items.update(student, {
        changes: { item_state: { name: 'Asha', grade: 9 } },
      });
      expectTypeOf(changed.item_state.grade).toEqualTypeOf<number | undefined>();
      // @ts-expect-error of another type
      asha().items.update(student, { changes: { item_state: { name: 'Asha', subjects: ['math'] } } });
      // @ts-expect-error no such goal
      asha().items.update(student, { changes: { item_state: { name: 'Asha', goal: 'fun' } } });
    });
  });

  test('unknown domains and types, and states of others, do not compile', () => {
    never(() => {
      const { items } = asha();
      const item = { ...place, item_state: { name: 'Asha' } };
      // @ts-expect-error no such domain
      items.upsert({ ...item, item_domain: 'school', item_type: 'profile_1.0' });
      // @ts-expect-error the type of another domain
      items.upsert({ ...item, item_domain: 'student', item_type: 'offer_1.0' });
      // @ts-expect-error a state is needed, since it has a name
      items.upsert({ ...place, item_domain: 'student', item_type: 'profile_1.0' });
      const offer = { ...place, item_domain: 'tutor', item_type: 'offer_1.0' } as const;
      // @ts-expect-error a number
      items.upsert({ ...offer, item_state: { subject: 'math', rupees_per_hour: '500' } });
      const item_state = { subject: 'math', rupees_per_hour: 500 } as const;
      items.upsert({ ...offer, item_network: 'yellow_dot', item_state });
      // @ts-expect-error another network
      items.upsert({ ...offer, item_network: 'green_dot', item_state });
    });
  });

  test('many at once are of any domain and type, each with its own state', () => {
    never(async () => {
      const student = { ...place, item_domain: 'student', item_type: 'profile_1.0' } as const;
      const tutor = { ...place, item_domain: 'tutor', item_type: 'profile_1.0' } as const;
      const rows = await asha().items.upsertMany([
        { ...student, item_state: { name: 'Asha' } },
        { ...tutor, item_state: { name: 'Ravi', subjects: ['math'] } },
      ]);
      expectTypeOf(rows).toEqualTypeOf<NetworkItem<(typeof yellowDot)['definition']>[]>();
      for (const row of rows)
        if (row.item_domain === 'student') expectTypeOf(row.item_state).toEqualTypeOf<Student>();
      expectTypeOf(await asha().items.upsertMany([], { returning: 'count' })).toEqualTypeOf<number>();
      // @ts-expect-error a tutor has subjects
      asha().items.upsertMany([{ ...tutor, item_state: { name: 'Ravi' } }]);
    });
  });

  test('what is read has the state of its type', () => {
    never(async () => {
      const { items } = withNetwork(dpg, yellowDot);
      const { rows } = await items.find({ item_domain: 'tutor', item_type: 'offer_1.0', page_size: 3 });
      expectTypeOf(rows[0]?.item_state).toEqualTypeOf<Offer | undefined>();
      for await (const row of items.find({ item_domain: 'tutor' })) {
        if (row.item_type === 'offer_1.0') expectTypeOf(row.item_state).toEqualTypeOf<Offer>();
        else expectTypeOf(row.item_state).toEqualTypeOf<Tutor>();
      }
      for await (const row of items.nearest({ item_domain: 'student', latitude: 1, longitude: 2 }))
        expectTypeOf(row.distance_meters).toEqualTypeOf<number>();
      expectTypeOf(await items.count({ item_domain: 'student' })).toEqualTypeOf<bigint>();
      // @ts-expect-error no such domain
      items.find({ item_domain: 'school' });
      const both = await items.find({ item_domains: ['student', 'tutor'] });
      for (const row of both.rows) {
        if (row.item_domain === 'student') expectTypeOf(row.item_state).toEqualTypeOf<Student>();
        else expectTypeOf(row.item_type).toEqualTypeOf<'profile_1.0' | 'offer_1.0'>();
      }
      const offers = await items.nearest({ latitude: 1, longitude: 2, item_type: 'offer_1.0' });
      expectTypeOf(offers.rows[0]?.item_state).toEqualTypeOf<Offer | undefined>();
      expectTypeOf(await items.count({})).toEqualTypeOf<bigint>();
      // @ts-expect-error one domain and several
      items.find({ item_domain: 'student', item_domains: ['tutor'] });
      // @ts-expect-error no such domain among them
      items.find({ item_domains: ['student', 'school'] });
      // @ts-expect-error a type that none of them has
      items.find({ item_domains: ['student'], item_type: 'offer_1.0' });
      // @ts-expect-error no such type in this domain
      items.find({ item_domain: 'student', item_type: 'offer_1.0' });
    });
  });

  test('facets are fields of the documents, with their values', () => {
    never(async () => {
      const { items } = withNetwork(dpg, yellowDot);
      items.find({ item_domain: 'tutor', facets: { subjects: ['math', 'physics'], name: ['Ravi'] } });
      items.count({ item_domain: 'tutor', item_type: 'offer_1.0', facets: { rupees_per_hour: [500] } });
      // of all domains, and of several
      items.nearest({ latitude: 1, longitude: 2, facets: { goal: ['language'], subject: ['math'] } });
      items.search({ search: 'a', item_domains: ['student'], facets: { grade: [9], goal: undefined } });
      // @ts-expect-error no such field
      items.find({ item_domain: 'tutor', facets: { colour: ['red'] } });
      // @ts-expect-error the field of another domain
      items.find({ item_domain: 'student', facets: { subjects: ['math'] } });
      // @ts-expect-error the field of another type
      items.find({ item_domain: 'tutor', item_type: 'offer_1.0', facets: { subjects: ['math'] } });
      // @ts-expect-error no such value
      items.find({ item_domain: 'tutor', facets: { subjects: ['art'] } });
      // @ts-expect-error a number
      items.map({ item_domain: 'student', south: 0, west: 0, north: 1, east: 1, facets: { grade: ['9'] } });
      // @ts-expect-error several values in an array
      items.count({ item_domain: 'tutor', facets: { subjects: 'math' } });
    });
  });

  test('counts of facets name fields, and have their values', () => {
    never(async () => {
      const { items } = withNetwork(dpg, yellowDot);
      const counts = await items.facets({ item_domain: 'tutor', fields: ['subjects', 'rupees_per_hour'] });
      for (const count of counts) {
        expectTypeOf(count.item_count).toEqualTypeOf<bigint>();
        if (count.field === 'subjects')
          expectTypeOf(count.value).toEqualTypeOf<'math' | 'physics' | 'english'>();
        else expectTypeOf(count.value).toEqualTypeOf<number>();
      }
      const [goal] = await items.facets({ fields: ['goal'] });
      expectTypeOf(goal?.value).toEqualTypeOf<Student['goal']>();
      // @ts-expect-error no such field
      items.facets({ item_domain: 'tutor', fields: ['colour'] });
      // @ts-expect-error the field of another domain
      items.facets({ item_domain: 'student', fields: ['subjects'] });
      // @ts-expect-error the field of another type
      items.facets({ item_domain: 'tutor', item_type: 'profile_1.0', fields: ['subject'] });
    });
  });

  test('private fields do not exist for facets, counts and searches', () => {
    never(async () => {
      const clinic = defineNetwork({
        name: 'clinic',
        domains: [
          {
            name: 'patient',
            item_schemas: {
              record: z.object({
                city: z.string(),
                phone: privateField(z.string()).optional(),
                notes: z.array(privateField(z.string())),
              }),
            },
          },
          { name: 'doctor', item_schemas: { profile: z.object({ city: z.string(), phone: z.string() }) } },
        ],
      });
      const { items } = withNetwork(dpg, clinic);
      items.find({ item_domain: 'patient', facets: { city: ['Pune'] } });
      items.find({ item_domain: 'doctor', facets: { phone: ['1'] } });
      const patient = await items.get({ item_domain: 'patient', item_id: '' });
      expectTypeOf(patient.item_state.phone).toEqualTypeOf<string | undefined>();
      // @ts-expect-error private
      items.find({ item_domain: 'patient', facets: { phone: ['1'] } });
      // @ts-expect-error its elements are private
      items.count({ item_domain: 'patient', facets: { notes: ['x'] } });
      // @ts-expect-error private in one of the domains
      items.find({ facets: { phone: ['1'] } });
      // @ts-expect-error private
      items.facets({ item_domain: 'patient', fields: ['phone'] });
      // @ts-expect-error private
      items.defineSearch({ item_domain: 'patient', item_type: 'record', fields: ['phone'] });
    });
  });

  test('what is found by id, among the own, on the map and by words is of the network', () => {
    never(async () => {
      const { items } = asha();
      const student = await items.get({ item_domain: 'student', item_id: '' });
      expectTypeOf(student.item_state).toEqualTypeOf<Student>();
      const tutor = await items.get({ item_domain: 'tutor', item_id: '', item_type: null });
      if (tutor.item_type === 'offer_1.0') expectTypeOf(tutor.item_state).toEqualTypeOf<Offer>();
      expectTypeOf(await items.getMany([student, tutor])).toEqualTypeOf<
        NetworkItem<(typeof yellowDot)['definition']>[]
      >();
      expectTypeOf(await items.setStatus(student, { item_status: 'paused' })).toEqualTypeOf(student);
      for await (const own of items.own())
        if (own.item_domain === 'student') expectTypeOf(own.item_state).toEqualTypeOf<Student>();
      const offers = await items.own({ item_domain: 'tutor', item_type: 'offer_1.0' });
      expectTypeOf(offers.rows[0]?.item_state).toEqualTypeOf<Offer | undefined>();
      for await (const found of items.search({ item_domain: 'student', search: 'asha' })) {
        expectTypeOf(found.item_state).toEqualTypeOf<Student>();
        expectTypeOf(found.relevance).toEqualTypeOf<number>();
      }
      const markers = await items.map({ item_domain: 'tutor', south: 0, west: 0, north: 1, east: 1 });
      expectTypeOf(markers[0]?.item_type).toEqualTypeOf<'profile_1.0' | 'offer_1.0' | null | undefined>();
      expectTypeOf(markers[0]?.item_domain).toEqualTypeOf<'tutor' | null | undefined>();
      const around = { item_domain: 'student', latitude: 1, longitude: 2 } as const;
      for await (const near of items.nearest({ ...around, include_unplaced: true }))
        expectTypeOf(near.distance_meters).toEqualTypeOf<number | null>();
      // @ts-expect-error no such domain
      items.own({ item_domain: 'school' });
      // @ts-expect-error without words
      items.search({ item_domain: 'student' });
      // @ts-expect-error without edges
      items.map({ item_domain: 'student' });
    });
  });

  test('definitions are for declared domains, types and fields', () => {
    never(() => {
      const { items } = withNetwork(dpg, yellowDot);
      items.define({ item_domain: 'student', statuses: [{ status: 'draft', found: false }] });
      items.defineSearch({ item_domain: 'tutor', item_type: 'profile_1.0', fields: ['name', 'subjects'] });
      items.refreshSearch({ item_domain: 'tutor', max_items: 10 });
      // @ts-expect-error no such domain
      items.define({ item_domain: 'school', statuses: null });
      // @ts-expect-error no such type in this domain
      items.defineSearch({ item_domain: 'student', item_type: 'offer_1.0', fields: ['name'] });
      // @ts-expect-error no such field in this type
      items.defineSearch({ item_domain: 'tutor', item_type: 'offer_1.0', fields: ['subjects'] });
    });
  });

  test('an action is of a declared type, between domains that it names, with its requirements and payload', () => {
    never(async () => {
      const { items, actions } = asha();
      const student = await items.get({ item_domain: 'student', item_type: 'profile_1.0', item_id: '' });
      const tutor = await items.get({ item_domain: 'tutor', item_type: 'profile_1.0', item_id: '' });

      const action = await actions.perform({
        action_type: 'connect',
        source: student,
        target: tutor,
        requirements_snapshot: { subject: 'math' },
      });
      expectTypeOf(action.action_type).toEqualTypeOf<'connect'>();
      expectTypeOf(action.requirements_snapshot.hours_per_week).toEqualTypeOf<number | undefined>();
      actions.transition(action, {
        action_status: 'accepted',
        event_payload: { status: 'accepted', first_lesson: '2026-12-01' },
      });
      actions.transition(action, { action_status: 'accepted' });
      const event_payload = { status: 'created', first_lesson: 1 } as const;
      // @ts-expect-error a date is text
      actions.transition(action, { action_status: 'accepted', event_payload });
      // @ts-expect-error requirements have a subject
      actions.perform({ action_type: 'connect', source: student, target: tutor });
      const connect = { action_type: 'connect', source: student, target: tutor } as const;
      // @ts-expect-error no such subject
      actions.perform({ ...connect, requirements_snapshot: { subject: 'art' } });
      const requirements_snapshot = { subject: 'math' } as const;
      // @ts-expect-error from another domain
      actions.perform({ ...connect, source: tutor, requirements_snapshot });
      // @ts-expect-error to another domain
      actions.perform({ ...connect, target: student, requirements_snapshot });
      // @ts-expect-error no such action
      actions.perform({ action_type: 'poke', source: student, target: tutor });
      // a tutor's profile refers to an offer; a school of another network to a student, which is known by its reference only
      actions.perform({ action_type: 'refer', source: tutor, target: tutor });
      const school = {
        item_network: 'green_dot',
        item_domain: 'school',
        item_type: 'x',
        item_id: '',
      } as const;
      const refer = { action_type: 'refer', source: school, target: student } as const;
      actions.perform({ ...refer, requirements_snapshot: { reason: 'good' } });
      // @ts-expect-error a reason is text
      actions.perform({ ...refer, requirements_snapshot: { reason: 1 } });
    });
  });

  test('a payload that is more than its status has to be given', () => {
    never(() => {
      const bids = defineNetwork({
        name: 'bids',
        domains: [{ name: 'lot', item_schemas: { t: z.object({}) } }],
        actions: {
          bid: {
            interactions: [
              {
                from_domain: 'lot',
                to_domain: 'lot',
                event_schema: z.object({ status: z.string(), amount: z.number() }),
              },
            ],
          },
        },
      });
      const { actions } = withNetwork(dpg, bids).as('asha');
      const lot = { item_domain: 'lot', item_type: 't', item_id: '' } as const;
      actions.perform({
        action_type: 'bid',
        source: lot,
        target: lot,
        event_payload: { status: 'created', amount: 5 },
      });
      // @ts-expect-error without the amount
      actions.perform({ action_type: 'bid', source: lot, target: lot });
      const bid = { action_type: 'bid', action_id: '' } as const;
      // @ts-expect-error the amount is a number
      actions.transition(bid, { action_status: 'x', event_payload: { status: 'x', amount: '5' } });
      withNetwork(dpg, bids)
        .as('asha')
        .items.upsert({ ...place, item_domain: 'lot', item_type: 't' });
    });
  });
});

describe('types of a network that is loaded', () => {
  test('names are text and documents are JSON objects', () => {
    never(async () => {
      const network = loadNetwork({});
      expectTypeOf(network.name).toEqualTypeOf<string>();
      const loaded = withNetwork(dpg, network).as('asha');
      interface Profile {
        name: string;
      }
      const profile: Profile = { name: 'Asha' };
      const item = await loaded.items.upsert({
        ...place,
        item_domain: 'any',
        item_type: 'any',
        item_state: profile,
      });
      expectTypeOf(item.item_state).toEqualTypeOf<JsonObject>();
      loaded.items.find({ facets: { subject: ['math', 1, true, null] } });
      // @ts-expect-error no scalar
      loaded.items.find({ facets: { subject: [{}] } });
      const [count] = await loaded.items.facets({ fields: ['subject'] });
      expectTypeOf(count?.value).toEqualTypeOf<JsonScalar | undefined>();
      const action = await loaded.actions.perform({ action_type: 'any', source: item, target: item });
      expectTypeOf(action.requirements_snapshot).toEqualTypeOf<JsonObject>();
      loaded.actions.transition(action, { action_status: 'accepted', event_payload: { status: 'accepted' } });
    });
  });
});

test('the API that is held to a network is that of any instance or transaction', () => {
  never(() => {
    const sql = createDpg('postgres://').sql;
    sql.begin((tx) => expectTypeOf(withNetwork(dpg, yellowDot).with(tx).sql).toEqualTypeOf<typeof tx>());
    dpg.networks.register(yellowDot);
    dpg.networks.register({ name: 'a', domains: [] });
    // @ts-expect-error no domains
    dpg.networks.register({ name: 'a' });
  });
});
