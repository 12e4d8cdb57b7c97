// sdk/functions.ts is written out of the database; that it is up to date is tested with the other generated files.

import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { functions } from '../../sdk/functions.js';
import { schemas } from '../../sdk/index.js';
import { functionsFile } from '../support/function-types.js';
import { testDatabase } from '../support/test-database.js';

const { sql } = await testDatabase();

/** What is generated with one more function. */
async function generatedWith(definition: string): Promise<string> {
  await sql.unsafe(`create function dpg.wave${definition} language plpgsql as 'begin end'`);
  try {
    return await functionsFile(sql);
  } finally {
    await sql`drop function dpg.wave`;
  }
}

test('a function that the SDK does not know is generated', async () => {
  const text = await generatedWith(
    `(actor text, "position" bigint, item dpg.item_ref, until timestamptz, how jsonb default '{}', strength double precision default 1)
     returns setof dpg.found_item stable`,
  );
  const wave = `  wave: {
    takes: { actor: 'text', position: 'bigint', item: 'item_ref', until: 'timestamptz' },
    mayTake: { how: 'jsonb', strength: 'double precision' },
    returns: row<rows.FoundItem<Unread>>(rows.foundItemColumns),
    isSet: true,
    isReading: true,
  },
`;
  expect(text).toContain(wave);
  const kept = await readFile(new URL('../../sdk/functions.ts', import.meta.url), 'utf8');
  expect(text.replace(wave, '')).toBe(kept);
});

test.each([
  ['(a point) returns void', 'sdk/client.ts sends no argument of type point: a of dpg.wave'],
  ['(a text) returns dpg.limits', 'sdk/rows.ts has no row of dpg.limits'],
  ['(a text) returns numeric', 'sdk/columns.ts reads no result of type numeric'],
])('a function %s is an error', async (signature, message) => {
  await expect(generatedWith(signature)).rejects.toThrow(message);
});

/** Arguments that come from elsewhere than the object of the method's name: the actor, and a reference before it. */
const BESIDES: Record<string, string[]> = {
  get_action: Object.keys(schemas.actionRef.shape),
  transition_action: Object.keys(schemas.actionRef.shape),
  delete_item: Object.keys(schemas.itemRef.shape),
  update_item: Object.keys(schemas.itemRef.shape),
  set_item_status: Object.keys(schemas.itemRef.shape),
};

/** Methods of other names than their functions, and those whose argument is a whole: an array or a document. */
const OTHERWISE: Record<string, { shape: object }> = {
  acknowledge: schemas.acknowledgeEvents,
  ensure_action_event_partition: schemas.ensureActionPartition,
  count_item_actions: { shape: { items: true } },
  get_items: { shape: { items: true } },
  register_network: { shape: { document: true } },
  store_event: { shape: { event: true } },
  transition_actions: { shape: { transitions: true } },
  unregister_network: { shape: { network: true } },
  upsert_items: { shape: { items: true } },
};

test('what a function takes, its method takes, and nothing else', () => {
  const named = schemas as unknown as Record<string, { shape: object } | undefined>;
  for (const [name, { takes, mayTake }] of Object.entries(functions)) {
    const camel = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    const { shape } = OTHERWISE[name] ?? named[camel] ?? { shape: {} };
    const given = new Set(['actor', ...(BESIDES[name] ?? []), ...Object.keys(shape)]);
    expect(new Set(['actor', ...Object.keys(takes), ...Object.keys(mayTake)]), name).toEqual(given);
  }
});
