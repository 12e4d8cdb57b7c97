// A reader that stands at the end, in a database with 100 leaves of events and while somebody keeps an old snapshot open.

import { beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';
import { newActions, prepare } from './traffic.js';

const database = await testDatabase();
const { sql } = database;

beforeAll(async () => {
  await prepare(sql);
  await sql.unsafe(`
    do $body$
    begin
      for n in 1 .. 100 loop
        perform dpg.perform_action('asha', 'type ' || n,
          ('yellow_dot', 'student', 'p', '11111111-1111-4111-8111-111111111111'),
          ('yellow_dot', 'tutor', 'p', '22222222-2222-4222-8222-222222222222'));
        commit;
      end loop;
    end
    $body$`);
  await newActions(sql, 3000);
  for (const name of ['all', 'of a type', 'of nobody'])
    await sql`select dpg.create_subscription(${name}, action_type => ${name === 'of a type' ? 'type 1' : null}, source_item_instance_url => ${name === 'of nobody' ? 'https://nobody.example' : null})`;
});

const drain = async (subscription: string) => {
  let count = 0;
  for (;;) {
    const [batch] = await sql`
      select count(*)::integer as events, max(e."position")::text as last from dpg.read_events(${subscription}) e`;
    if (!batch?.events) return count;
    count += batch.events;
    await sql`select dpg.acknowledge(${subscription}, ${batch.last}::bigint)`;
  }
};

test('costs less than a millisecond, and writes nothing', async () => {
  const holder = await database.connect({ max: 1 }).reserve();
  await holder`begin isolation level repeatable read`;
  await holder`select 1`;
  expect(await drain('all')).toBe(3100);
  expect(await drain('of a type')).toBe(1);
  expect(await drain('of nobody')).toBe(0);

  const session = await database.connect({ max: 1 }).reserve();
  for (const subscription of ['all', 'of a type', 'of nobody']) {
    const [measured] = await session
      .unsafe(`
      do $body$
      declare
        times double precision[];
        started timestamptz;
      begin
        for n in 1 .. 200 loop
          started := clock_timestamp();
          perform dpg.read_events('${subscription}');
          times := times || extract(epoch from clock_timestamp() - started)::double precision * 1000;
        end loop;
        perform set_config('feed.milliseconds', (select percentile_cont(0.5) within group (order by t) from unnest(times) t)::text, false);
      end
      $body$;
      begin;
      select count(*) from dpg.read_events('${subscription}');
      select current_setting('feed.milliseconds')::double precision as milliseconds,
        pg_current_xact_id_if_assigned()::text as xid;
      commit`)
      .then((results) =>
        (results as unknown as { milliseconds?: number }[][])
          .flat()
          .filter((row) => row?.milliseconds !== undefined),
      );
    expect(measured, subscription).toMatchObject({ xid: null });
    expect((measured as { milliseconds: number }).milliseconds, subscription).toBeLessThan(1);
  }
  session.release();
  await holder`rollback`;
  holder.release();
});
