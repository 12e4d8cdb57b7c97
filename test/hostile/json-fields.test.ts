// A value in JSON is read in one way, wherever it stands: what one call takes, the others take and store as the same value,
// and what this database holds, another one takes. What is made up here runs through fast-check.
//
//   DPG_HOSTILE_SEED=…   the values of the run that failed, as its message said

import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { createDpg, type FoundEvent } from '../../sdk/index.js';
import { soak, soakTimeout } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { document, key, remarks, text, url } from './values.js';

const seed = Number(process.env.DPG_HOSTILE_SEED || Date.now() % 2 ** 31);
const here = await testDatabase();
const peer = await testDatabase();
const sample = <T>(arbitrary: fc.Arbitrary<T>, numRuns: number) => fc.sample(arbitrary, { numRuns, seed });

const USERS = ['asha', 'ravi'];
beforeAll(async () => {
  for (const { sql } of [here, peer])
    await sql`insert into public."user" (id, name, email) select u, u, u || '@example.com' from unnest(${USERS}::text[]) u`;
});

const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${length}}$`));
/** As JSON text, since JavaScript's numbers would bend it. */
const number = fc.oneof(
  ...[
    fc.constantFrom(
      '0',
      '-0',
      '0.0',
      '-0e5',
      '1.0',
      '1e0',
      '100e-2',
      '1.5',
      '7',
      '2147483647',
      '2147483648',
      '2147483647.0',
    ),
    fc.constantFrom(
      '90',
      '-90',
      '180',
      '-180',
      '90.00000000000000000001',
      '90.0000000000001',
      '180.00000000000001',
    ),
    fc.constantFrom(
      '1e-300',
      '1e-307',
      '2.2250738585072014e-308',
      '1e-310',
      '-1e-310',
      '5e-324',
      '4.9406564584124654e-324',
    ),
    fc.constantFrom(
      '2.4703282292062327e-324',
      '2.4703282292062328e-324',
      '2.5e-324',
      '2e-324',
      '1e-400',
      '1e400',
      '-1e400',
    ),
    fc
      .tuple(fc.constantFrom('', '-'), fc.nat(200), digits(40))
      .map(([sign, whole, rest]) => `${sign}${whole}.${rest}`),
    fc
      .tuple(fc.nat(9), digits(30), fc.integer({ min: -340, max: 5 }))
      .map(([whole, rest, e]) => `${whole}.${rest}e${e}`),
    fc.double({ min: -180, max: 180, noNaN: true }).map(String),
    fc.integer({ min: -3, max: 2 ** 31 + 3 }).map(String),
  ],
);
const uuid = fc.tuple(fc.uuid(), fc.nat(9), fc.nat(40)).map(([id, form, place]) => {
  const bare = id.replaceAll('-', '');
  const forms = [
    id,
    id.toUpperCase(),
    `{${id}}`,
    bare,
    `{${bare.toUpperCase()}}`,
    bare.replace(/(....)(?=.)/g, '$1-'),
    `${id.slice(0, place)}-${id.slice(place)}`,
    `${id.slice(0, place)} ${id.slice(place)}`,
    `{${id}`,
    `urn:uuid:${id}`,
  ];
  return forms[form] as string;
});
const odd = fc.constantFrom(
  '',
  ' ',
  '\t\r\n',
  '\u001c',
  '\u0085',
  '\u00a0\u2003',
  '\u200b',
  '\u180e',
  '\ufeff',
  ' x ',
  '1',
  'NaN',
  'null',
);
const string = fc.oneof(
  uuid,
  odd,
  key,
  url,
  text,
  odd.map((space) => space.repeat(121)),
);
const json = fc.oneof(
  { weight: 5, arbitrary: number },
  { weight: 5, arbitrary: string.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.constantFrom('true', 'false', '[]', '{}', '[1]', '["x"]', '{"a": 1}') },
);

/** What each way of reading makes of a value in a field: the value as stored, or null for a refusal. */
const READERS = `
create function pg_temp.item(field text, value jsonb) returns jsonb
language sql
as $body$
  select jsonb_build_object(
    'item_network', 'n', 'item_domain', 'd', 'item_type', 't', 'item_instance_url', 'https://here.example.com', 'item_schema_url', 's'
  ) || case when field like 'item_l%' then '{"item_latitude": 0, "item_longitude": 0}' else '{}' end::jsonb || jsonb_build_object(field, value)
$body$;
create function pg_temp.event(field text, value jsonb) returns jsonb
language sql
as $body$
  select jsonb_build_object(
    'partition_network', 'n', 'action_type', 'a', 'action_status', 'created', 'update_count', 0, 'event_id', gen_random_uuid(),
    'action_id', gen_random_uuid(), 'origin_instance_domain', 'https://far.example.com',
    'source_item_network', 'n', 'source_item_domain', 'd', 'source_item_type', 't', 'source_item_id', gen_random_uuid(),
    'source_item_instance_url', 'https://here.example.com', 'source_item_owner', 'asha', 'source_item_latitude', 0, 'source_item_longitude', 0,
    'target_item_network', 'n', 'target_item_domain', 'd', 'target_item_type', 't', 'target_item_id', gen_random_uuid(),
    'target_item_instance_url', 'https://far.example.com', 'target_item_owner', 'ravi', 'created_at', '2026-01-01T00:00:00Z'
  ) || jsonb_build_object(field, value)
$body$;
create function pg_temp.read(kind text, value jsonb, out reader text, out stored text) returns setof record
language plpgsql
as $body$
declare
  field constant text := case kind
    when 'key' then 'item_type' when 'url' then 'item_instance_url' when 'uuid' then 'item_id'
    when 'latitude' then 'item_latitude' when 'longitude' then 'item_longitude'
  end;
begin
  reader := 'is_field';
  stored := case when dpg_private.is_field(kind, value) then 'taken' end;
  return next;
  begin
    reader := 'store_event';
    execute format('select (e.%I)::text from dpg_private.parse_event($1) e', case kind when 'count' then 'update_count' else 'source_' || field end)
    into stored using pg_temp.event(case kind when 'count' then 'update_count' else 'source_' || field end, value);
  exception
    when sqlstate 'DP001' then stored := null;
  end;
  return next;
  if field is null then
    return;
  end if;
  begin
    reader := 'upsert_items';
    execute format('select (i.%I)::text from dpg.upsert_items(''asha'', jsonb_build_array($1)) i', field)
    into stored using pg_temp.item(field, value);
  exception
    when sqlstate 'DP001' then stored := null;
  end;
  return next;
  begin
    reader := 'update_item';
    if kind in ('url', 'latitude', 'longitude') then
      execute format('select (i.%I)::text from dpg.update_item(''asha'', ''n'', ''d'', ''t'', ''11111111-1111-4111-8111-111111111111'', $1) i', field)
      into stored using jsonb_build_object(field, value);
      return next;
    end if;
  exception
    when sqlstate 'DP001' then
      stored := null;
      return next;
  end;
  -- what the type itself says, and the function for one item
  begin
    reader := 'upsert_item';
    execute format(
      'select (i.%I)::text from dpg.upsert_item(actor => ''asha'', item_network => ''n'', item_domain => ''d'', item_schema_url => ''s'', %s) i', field,
      case kind
        when 'key' then 'item_instance_url => ''https://here.example.com'', item_type => $1'
        when 'url' then 'item_type => ''t'', item_instance_url => $1'
        when 'uuid' then 'item_type => ''t'', item_instance_url => ''https://here.example.com'', item_id => $1::uuid'
        when 'latitude' then 'item_type => ''t'', item_instance_url => ''https://here.example.com'', item_longitude => 0, item_latitude => $1::double precision'
        else 'item_type => ''t'', item_instance_url => ''https://here.example.com'', item_latitude => 0, item_longitude => $1::double precision'
      end
    )
    into stored using case when jsonb_typeof(value) = case when kind like 'l%' then 'number' else 'string' end then value #>> '{}' else 'x' || repeat('x', 2000) end;
  exception
    when sqlstate 'DP001' or data_exception then stored := null;
  end;
  return next;
end
$body$;
select dpg.upsert_item('asha', 'n', 'd', 't', 'https://here.example.com', 's', '{}', 0, 0, '11111111-1111-4111-8111-111111111111');
select dpg.ensure_action_event_partition('n', 'a');`;

test('each reader takes the same values, as the same', { timeout: soakTimeout(30, 90) }, async () => {
  const sql = here.connect({ max: 1 });
  await sql.unsafe(READERS).simple();
  const values = sample(json, soak(150, 20_000));
  const rows = await sql<{ kind: string; value: string; readers: Record<string, string | null> }[]>`
    select k.kind, v.value, (select jsonb_object_agg(r.reader, r.stored) from pg_temp.read(k.kind, v.value::jsonb) r) as readers
    from unnest(${values}::text[]) with ordinality v(value, position)
    cross join unnest(array['key', 'url', 'uuid', 'latitude', 'longitude', 'count']) k(kind)
    order by v.position`;
  let taken = 0;
  const differing: unknown[] = [];
  for (const { kind, value, readers } of rows) {
    const { is_field, ...stored } = readers;
    const answers = new Set(Object.values(stored));
    if (is_field) taken++;
    if (answers.size !== 1 || answers.has(null) === (is_field === 'taken'))
      differing.push({ kind, value, ...readers });
  }
  expect(differing.slice(0, 20), `DPG_HOSTILE_SEED=${seed}`).toEqual([]);
  expect(taken).toBeGreaterThan(values.length / 2);
  expect(rows.length - taken).toBeGreaterThan(values.length);
});

const degrees = (most: number) =>
  fc.oneof(
    fc.double({ min: -most, max: most, noNaN: true }),
    fc.constantFrom(
      0,
      -0,
      most,
      -most,
      5e-324,
      -5e-324,
      1e-310,
      2.2250738585072014e-308,
      most - most * 2 ** -53,
    ),
  );
const place: fc.Arbitrary<[number | null, number | null]> = fc.oneof(
  fc.tuple(degrees(90), degrees(180)),
  fc.constant<[null, null]>([null, null]),
);
const state = fc.oneof(
  { weight: 3, arbitrary: document.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: number.map((value) => `{"n": ${value}, "a": [${value}, {"b": ${value}}]}`) },
);
const zone = fc.constantFrom(
  'UTC',
  'Asia/Kathmandu',
  'America/St_Johns',
  'Pacific/Kiritimati',
  'Etc/GMT+12',
  'Africa/Monrovia',
);
const time = fc.oneof(
  fc.constantFrom(
    '0001-01-01 00:00:00+00',
    '9999-12-31 23:59:59.999999+00',
    '1883-11-18 17:00:00.5+00',
    '2026-10-25 01:30:00+00',
  ),
  fc.constantFrom('0001-01-01 11:59:59.999999+00', '9999-12-31 10:00:00+00'),
  fc.integer({ min: -62_135_596_799, max: 253_402_300_799 }).map((seconds) => `epoch ${seconds}.123456`),
);
const doubles = (value: number | null) =>
  value === null ? null : Object.is(value, -0) ? '-0' : String(value);

test('every item that a database holds is taken by another one, whole and field by field', {
  timeout: soakTimeout(30, 90),
}, async () => {
  const items = sample(
    fc.record({
      item_network: key,
      item_type: key,
      item_instance_url: url,
      item_schema_url: url,
      state,
      place,
      id: fc.uuid(),
    }),
    soak(30, 3000),
  );
  for (const {
    item_network,
    item_type,
    item_instance_url,
    item_schema_url,
    state,
    place: [latitude, longitude],
    id,
  } of items) {
    await here.sql`select dpg.ensure_item_partition('items', ${item_type})`;
    await here.sql`
      insert into dpg.items
      values ('items', ${item_type}, ${item_network}, ${id}, ${item_instance_url}, ${item_schema_url}, ${state}::text::jsonb,
        ${doubles(latitude)}::text::double precision, ${doubles(longitude)}::text::double precision, 'asha')`;
  }
  const held = await here.sql<{ row: string; item: string; changes: string[] }[]>`
    select to_jsonb(i)::text as row, (to_jsonb(i) - array['created_by', 'created_at', 'updated_at'])::text as item,
      array[
        (jsonb_build_object('item_state', i.item_state))::text,
        (jsonb_build_object('item_schema_url', i.item_schema_url))::text,
        (jsonb_build_object('item_instance_url', i.item_instance_url))::text,
        (jsonb_build_object('item_latitude', i.item_latitude, 'item_longitude', i.item_longitude))::text
      ] as changes
    from dpg.items i where i.item_network = 'items'`;
  expect(held.length).toBe(items.length);
  const columns = peer.sql`(to_jsonb(i) - array['created_by', 'created_at', 'updated_at'])::text as item`;
  for (const { item, changes } of held) {
    const [whole] =
      await peer.sql`select ${columns} from dpg.upsert_items('asha', jsonb_build_array(${item}::text::jsonb)) i`;
    expect(whole?.item, `DPG_HOSTILE_SEED=${seed}`).toBe(item);
    // another one with the same key, but for the id, brought there by changes
    const [other] = await peer.sql`
      select ${columns} from dpg.upsert_items('asha', jsonb_build_array(${item}::text::jsonb - array['item_id', 'item_state', 'item_latitude', 'item_longitude']
        || '{"item_schema_url": "https://old.example.com", "item_instance_url": "https://old.example.com"}')) i`;
    const id = JSON.parse(other?.item).item_id as string;
    let changed: string | undefined;
    for (const change of changes) {
      const [row] = await peer.sql`
        select (to_jsonb(u) - array['created_by', 'created_at', 'updated_at'] || jsonb_build_object('item_id', t.item ->> 'item_id'))::text as item
        from (select ${item}::text::jsonb as item) t,
          dpg.update_item('asha', t.item ->> 'item_network', t.item ->> 'item_domain', t.item ->> 'item_type', ${id}::uuid, ${change}::text::jsonb) u`;
      changed = row?.item;
    }
    expect(changed, `DPG_HOSTILE_SEED=${seed}`).toBe(item);
  }
});

test('every event that a database holds is taken by another one, from SQL in any time zone and from the SDK', {
  timeout: soakTimeout(30, 90),
}, async () => {
  const events = sample(
    fc.record({
      ids: fc.tuple(fc.uuid(), fc.uuid(), fc.uuid(), fc.uuid()),
      keys: fc.tuple(key, key, key, key, key, key, key),
      urls: fc.tuple(url, url),
      source: place,
      target: place,
      count: fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 2 ** 31 - 1 })),
      state,
      remarks: fc.option(remarks),
      time,
    }),
    soak(40, 3000),
  );
  await here.sql`select dpg.ensure_action_event_partition('events', 'x')`;
  for (const { ids, keys, urls, source, target, count, state, remarks, time } of events) {
    const at = time.startsWith('epoch')
      ? here.sql`to_timestamp(${time.slice(6)}::text::double precision)`
      : here.sql`${time}::text::timestamptz`;
    await here.sql`
      insert into dpg.action_events
      values ('events', 'x', ${ids[0]}, ${`https://here.example.com/${urls[0]}`.slice(0, 250)}, ${ids[1]}, ${keys[0]}, ${count},
        ${keys[1]}, ${keys[2]}, ${keys[3]}, ${ids[2]}, ${`https://far.example.com/${urls[1]}`.slice(0, 250)}, 'asha',
        ${doubles(source[0])}::text::double precision, ${doubles(source[1])}::text::double precision,
        'events', ${keys[4]}, ${keys[5]}, ${ids[3]}, ${`https://here.example.com/${urls[0]}`.slice(0, 250)}, ${keys[6]},
        ${doubles(target[0])}::text::double precision, ${doubles(target[1])}::text::double precision,
        ${state}::text::jsonb, ${remarks}, ${at}, true, false)`;
  }
  const zones = sample(zone, events.length);
  const reader = here.connect({ max: 1 });
  const fresh = `(to_jsonb(e) - array['source_item_is_local', 'target_item_is_local'])::text`;
  const ids = await reader<
    { event_id: string }[]
  >`select event_id from dpg.action_events where partition_network = 'events'`;
  expect(ids.length).toBe(events.length);
  for (const [number, { event_id }] of ids.entries()) {
    await reader`select set_config('TimeZone', ${zones[number] as string}, false)`;
    const [sent] =
      await reader`select to_jsonb(e)::text as event from dpg.action_events e where e.event_id = ${event_id}`;
    await reader`reset timezone`;
    const [held] =
      await reader`select ${reader.unsafe(fresh)} as event from dpg.action_events e where e.event_id = ${event_id}`;
    const [stored] =
      await peer.sql`select ${peer.sql.unsafe(fresh)} as event from dpg.store_event(${sent?.event}::text::jsonb) e`;
    expect(stored?.event, `DPG_HOSTILE_SEED=${seed}`).toBe(held?.event);
  }

  // and as the SDK reads and sends it: the same event again, so that any difference would be refused (DP008)
  const sender = createDpg(here.sql);
  const receiver = createDpg(peer.sql);
  let count = 0;
  for await (const row of sender.as('asha').events.find({ partition_network: 'events', page_size: 1000 })) {
    const { ownership_roles, next_page_token, source_item_is_local, target_item_is_local, ...event } =
      row as FoundEvent;
    // JavaScript's numbers would lose digits of some
    const exact = JSON.stringify(event.event_payload).includes('"n"') ? undefined : event;
    if (exact) await receiver.events.store(exact);
    count++;
  }
  expect(count).toBe(events.length);
});
