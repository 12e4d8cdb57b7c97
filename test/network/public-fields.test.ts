// Which fields of items facets and counts take in a registered network: six documents in the form of a network in use, and one
// in TypeScript, of which the compiler knows the same fields as the database.

import { readFile } from 'node:fs/promises';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { createDpg, type NetworkDocument } from '../../sdk/index.js';
import {
  defineNetwork,
  type LoadedDefinition,
  loadNetwork,
  type NetworkFacets,
  type PublicField,
  privateField,
} from '../../sdk/network/index.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const { sql } = database;
const dpg = createDpg(sql);

async function documentOf(name: string): Promise<NetworkDocument> {
  return JSON.parse(await readFile(new URL(`documents/${name}.json`, import.meta.url), 'utf8'));
}

/** The fields that a document names in schemas of its items, wherever. */
function namesIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([name, inner]) =>
    name === 'properties' ? [...Object.keys(inner), ...namesIn(inner)] : namesIn(inner),
  );
}

interface Refusal {
  code: string;
  hint: string;
  detail: { field: string; path?: string; undeclared?: string; private?: string };
}

/** What the database says of a field: nothing, or its refusal. */
async function refusalOf(
  network: string,
  domain: string | null,
  item_type: string | null,
  field: string,
): Promise<Refusal | undefined> {
  const asked = [
    sql`select from dpg.count_facets(${network}, ${domain}, ${[field]}, item_type => ${item_type})`,
    sql`select dpg.count_items(
      ${network}, ${domain}, item_type => ${item_type}, facets => ${JSON.stringify({ [field]: [1] })}::text::jsonb
    )`,
  ];
  const [ofCounts, ofFacets] = await Promise.all(
    asked.map((query) =>
      query.then(
        () => undefined,
        ({ code, hint, detail }) => ({ code, hint, detail: JSON.parse(detail) }),
      ),
    ),
  );
  expect(ofFacets).toEqual(ofCounts);
  return ofCounts as Refusal | undefined;
}

/** By hand: the fields of each domain that are public, of all of its types or of one; the others of the document are not. */
const documents: [
  name: string,
  publicFields: [domain: string, item_type: string | null, fields: string][],
][] = [
  [
    'education',
    [
      [
        'learner',
        null,
        'gender languages city district state pincode grade board subjects mode days hours_per_week budget goal needs_device started',
      ],
      [
        'teacher',
        null,
        'name subjects grades boards years rate currency mode languages city verified rating gender degree college address days',
      ],
    ],
  ],
  [
    'jobs',
    [
      [
        'seeker',
        null,
        'age gender city skills years qualification kind roles salary_min salary_max can_move has_vehicle languages available_from shift',
      ],
      [
        'employer',
        null,
        'company role industry city positions kind salary_min salary_max currency skills years qualification shift benefits remote posted closes languages',
      ],
    ],
  ],
  [
    'care',
    [
      [
        'family',
        null,
        'title city area kind hours nights starts ends language budget urgency pets smoker lift floor patient_age allergies',
      ],
      [
        'carer',
        null,
        'name city kinds nights years languages rate gender trained first_aid references vaccinations diet radius_km live_in days',
      ],
    ],
  ],
  [
    'farming',
    [
      [
        'farmer',
        null,
        'village district state acres soil water crops season organic animals machines workers storage harvest yield',
      ],
      [
        'buyer',
        null,
        'crop tonnes price grade city packing pays machine hours fuel driver power width model name crops since licence rating',
      ],
      [
        'buyer',
        'offer_1.0',
        'crop tonnes price grade city packing pays machine hours fuel driver power width model',
      ],
      ['buyer', 'profile_1.0', 'name city crops since licence rating price'],
    ],
  ],
  [
    'repair',
    [
      [
        'owner',
        null,
        'title kind brand model year fault photos city area pickup warranty price currency bought weight parts colour',
      ],
      [
        'workshop',
        null,
        'name city kinds brands pickup rate hours days rating since staff certified parts languages payment insured area website map',
      ],
      ['workshop', 'tool_1.0', 'name kind serial price'],
    ],
  ],
  [
    'transport',
    [
      ['rider', null, ''],
      [
        'rider',
        'trip_1.0',
        'from to date seats luggage wheelchair child_seat pets price flexible purpose repeat days language gender smoking stops return_trip',
      ],
      ['rider', 'passport_1.0', ''],
      [
        'driver',
        null,
        'kind make model seats load fuel city insured air_conditioned year colour wheelchair child_seat rate currency days hours driver private',
      ],
    ],
  ],
];

describe.each(documents)('%s', (name, publicFields) => {
  test('is taken as it is, by both', async () => {
    const document = await documentOf(name);
    expect(loadNetwork(document).document).toEqual(document);
    expect(loadNetwork(document).name).toBe(document.id);
    await dpg.networks.register(document);
    const [registered] = await dpg.networks.list({ network: document.id as string });
    expect(registered?.document).toEqual(document);
    expect(Object.keys(registered?.item_types ?? {}).sort()).toEqual(
      document.domains.map(({ id }) => id).sort(),
    );
    for (const { item_schemas } of document.domains)
      expect(namesIn(Object.values(item_schemas)[0]).length).toBeGreaterThanOrEqual(20);
  });

  test.each(publicFields)(
    '%s, type %s: these fields are public, and no others',
    async (domain, type, fields) => {
      const document = await documentOf(name);
      await dpg.networks.register(document);
      const candidates = [...new Set(namesIn(document.domains)), 'constructor', '', 'properties'];
      const taken: string[] = [];
      for (const field of candidates) {
        const refusal = await refusalOf(document.id as string, domain, type, field);
        if (!refusal) {
          taken.push(field);
          continue;
        }
        expect(refusal.code).toBe('DP014');
        expect(refusal.detail.field).toBe(field);
        expect(refusal.hint).toMatch(/ dpg_admin replaces its document by dpg\.register_network\.$/);
        if (refusal.detail.private === undefined) expect(refusal.detail.undeclared).toBe('field');
        else {
          // the path leads to a part of that document
          const steps = refusal.detail.path?.split('/').slice(1) ?? [];
          const part = steps
            .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
            .reduce<unknown>((outer, step) => (outer as Record<string, unknown>)[step], document);
          expect(part, refusal.detail.path).toBeTypeOf('object');
        }
      }
      expect(taken.sort()).toEqual(fields.split(' ').filter(Boolean).sort());
    },
  );
});

test('over several domains a field is public that one declares and none closes', async () => {
  await dpg.networks.register(await documentOf('education'));
  const of = (field: string) => refusalOf('lantern_dot', null, null, field);
  expect(await of('degree')).toBeUndefined();
  expect(await of('city')).toBeUndefined();
  expect((await of('name'))?.detail).toMatchObject({
    private: 'field',
    path: '/domains/0/item_schemas/profile_1.0/$defs/person/properties/name',
  });
  expect((await of('nothing'))?.detail).toEqual({
    network: 'lantern_dot',
    item_network: 'lantern_dot',
    undeclared: 'field',
    field: 'nothing',
  });
});

describe('a network in TypeScript', () => {
  const text = z.string();
  const network = defineNetwork({
    id: 'typed_dot',
    domains: [
      {
        id: 'tutor',
        item_schemas: {
          'profile_1.0': z.object({
            name: text,
            subjects: z.array(text).optional(),
            rate: z.number().default(1),
            phone: privateField(text),
            email: privateField(z.email()).optional(),
            notes: z.array(privateField(text)),
            contact: z.union([text, privateField(z.object({ street: text }))]).nullable(),
            address: z.object({ street: privateField(text) }),
            titled: privateField(text.describe('before')).describe('after'),
          }),
          'offer_1.0': z.object({ subject: text, price: z.number(), rate: privateField(z.number()) }),
        },
      },
      {
        name: 'secret',
        item_schemas: { file: privateField(z.object({ number: text })) },
      },
      {
        name: 'either',
        item_schemas: {
          any: z.union([
            z.object({ kind: text, size: z.number() }),
            z.object({ kind: text, weight: z.number(), size: privateField(z.number()) }),
          ]),
          both: z.intersection(z.object({ first: text }), z.object({ second: privateField(text) })),
        },
      },
    ],
  });
  type Definition = (typeof network)['definition'];

  // a field too few or too many does not compile
  const known: {
    [Path in 'tutor' | 'tutor profile_1.0' | 'tutor offer_1.0' | 'secret' | 'either']: object;
  } = {
    tutor: { name: 1, subjects: 1, address: 1, subject: 1, price: 1 } satisfies Exactly<'tutor'>,
    'tutor profile_1.0': { name: 1, subjects: 1, rate: 1, address: 1 } satisfies Exactly<
      'tutor',
      'profile_1.0'
    >,
    'tutor offer_1.0': { subject: 1, price: 1 } satisfies Exactly<'tutor', 'offer_1.0'>,
    secret: {} satisfies Exactly<'secret'>,
    either: { kind: 1, weight: 1, first: 1 } satisfies Exactly<'either'>,
  };
  type Exactly<Name, Type = never> = Record<
    [Type] extends [never] ? PublicField<Definition, Name> : PublicField<Definition, Name, Type>,
    1
  >;

  test.each(Object.entries(known))('%s: compiler and database know the same fields', async (path, fields) => {
    await dpg.networks.register(network);
    const [domain = '', type = null] = path.split(' ');
    const candidates = new Set(namesIn(network.document.domains));
    const taken = [];
    for (const field of candidates)
      if (!(await refusalOf('typed_dot', domain, type, field))) taken.push(field);
    expect(taken.sort()).toEqual(Object.keys(fields).sort());
  });

  test('facets have those fields and scalars; of a document that is loaded any field', () => {
    expectTypeOf<PublicField<Definition, 'tutor', 'offer_1.0'>>().toEqualTypeOf<'subject' | 'price'>();
    expectTypeOf<PublicField<Definition, 'secret'>>().toEqualTypeOf<never>();
    expectTypeOf<{ subject: string[]; price: number[] }>().toExtend<NetworkFacets<Definition, 'tutor'>>();
    expectTypeOf<{ subject: object[] }>().not.toExtend<NetworkFacets<Definition, 'tutor'>>();
    expectTypeOf<PublicField<LoadedDefinition>>().toEqualTypeOf<string>();
    expectTypeOf(network.name).toEqualTypeOf<'typed_dot'>();
  });
});
