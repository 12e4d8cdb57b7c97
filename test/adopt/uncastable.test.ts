// Values that PostgreSQL cannot cast to the types of dpg: named with their rows like any other that does not fit.

import { expect, test } from 'vitest';
import { adopt } from '../../sdk/cli/adopt/index.js';
import { testDatabase } from '../support/test-database.js';
import { copyOf, oldStory, student, tutor } from './story.js';

const { sql } = await testDatabase();
await oldStory(sql, { levels: 0, keys: false });
await sql.unsafe(`
  drop index public.items_ll_to_earth_idx;
  alter table public.items alter column item_latitude type numeric, alter column item_longitude type numeric;`);

const bad = {
  aaaaaaaa: [{ item_latitude: '1e400' }, 'coordinates item'],
  bbbbbbbb: [{ item_longitude: '-1e301' }, 'coordinates item'],
  cccccccc: [{ item_longitude: `'NaN'` }, 'coordinates item'],
  dddddddd: [{ created_at: `'294276-12-31 23:59:59'` }, 'time created_at'],
  eeeeeeee: [{ updated_at: `'4714-11-24 00:00:00 BC'` }, 'time updated_at'],
} as const;
const idOf = (name: string) => `${name}-0000-4000-8000-000000000000`;

test.each(['America/New_York', 'Pacific/Kiritimati'])('in the zone of %s', async (timeZone) => {
  for (const [name, [changes, reason]] of Object.entries(bad)) {
    const changed = { ...changes, item_id: `'${idOf(name)}'` };
    await sql.unsafe(copyOf('items', `item_id = '${tutor}'`, changed));
    const report = await adopt(sql, { timeZone, execute: true });
    expect(report).toMatchObject({
      outcome: 'stopped',
      problems: [{ root: 'items', reason, rows: 1, examples: [{ item_id: idOf(name) }] }],
    });
    await sql`delete from public.items where item_id = ${idOf(name)}`;
  }
});

test('the last second of the year 9999 in UTC fits, whatever the zone calls it', async () => {
  const last = idOf('ffffffff');
  const changes = { item_id: `'${last}'`, updated_at: `'10000-01-01 13:59:59'` };
  await sql.unsafe(copyOf('items', `item_id = '${tutor}'`, changes));
  expect(await adopt(sql, { timeZone: 'Pacific/Kiritimati' })).toMatchObject({
    outcome: 'planned',
    problems: [],
  });
  await sql`delete from public.items where item_id = ${last}`;
});

test('they are kept whole in quarantine; what is smaller than any double precision is 0', async () => {
  await sql`update public.items set item_latitude = 1e-400 where item_id = ${student}`;
  for (const [name, [changes]] of Object.entries(bad))
    await sql.unsafe(copyOf('items', `item_id = '${tutor}'`, { ...changes, item_id: `'${idOf(name)}'` }));
  const options = { timeZone: 'America/New_York', quarantine: true, execute: true };
  expect(await adopt(sql, options)).toMatchObject({ outcome: 'adopted', quarantined: 5 });
  const [kept] = await sql`
    select (source_row ->> 'item_latitude')::numeric = 1e400 as is_whole
    from dpg.quarantined_rows where source_row ->> 'item_id' = ${idOf('aaaaaaaa')}`;
  expect(kept?.is_whole).toBe(true);
  const [moved] = await sql`select item_latitude, item_longitude from dpg.items where item_id = ${student}`;
  expect(moved).toEqual({ item_latitude: 0, item_longitude: 77.5946 });
  expect(await adopt(sql, options)).toMatchObject({ outcome: 'adopted_before', problems: [] });
});
