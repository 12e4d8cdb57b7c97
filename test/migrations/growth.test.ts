// A function or type of the API that grows is made anew: what somebody else has granted on it is there afterwards, and what
// somebody else has built on it stops the migration, named, before anything is lost.

import { expect, onTestFinished, test } from 'vitest';
import { folderOfRelease, migrate, migrateToCurrent } from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase({ from: 'empty' });
const { sql } = database;

test('0.1.0 with grants and views of others', async () => {
  const before = await folderOfRelease(2);
  onTestFinished(before.remove);
  await migrate(database.url, before.folder);
  const login = new URL(await database.createLogin('dpg_readonly')).username;
  await sql.unsafe(`
    grant execute on function dpg.acknowledge(text, bigint), dpg.read_events(text, integer, double precision) to ${login};
    grant execute on function dpg.settle_event(text, bigint) to ${login} with grant option;
    grant usage on type dpg.feed_event to ${login};
    create view public.batch as select e.event_id from dpg.read_events('all') e;
    create table public.kept (event dpg.feed_event);`);

  const refusal = await migrateToCurrent(database.url).catch((error: Error) => error);
  expect(String(refusal)).toMatch(/dpg\.read_events.*view (public\.)?batch/);
  const [still] = await sql`
    select to_regprocedure('dpg.acknowledge(text, bigint)') is not null as is_there,
      (select count(*)::integer from pg_attribute where attrelid = 'dpg.subscriptions'::regclass and attname = 'lease_id') as columns`;
  expect(still).toEqual({ is_there: true, columns: 0 });

  await sql`drop view public.batch`;
  const next = await migrateToCurrent(database.url).catch((error: Error) => error);
  expect(String(next)).toMatch(/dpg\.feed_event.*column event of table (public\.)?kept/);

  await sql`drop table public.kept`;
  await migrateToCurrent(database.url);
  const [granted] = await sql`
    select
      has_function_privilege(${login}, 'dpg.acknowledge(text, bigint, uuid)', 'execute') as acknowledge,
      has_function_privilege(${login}, 'dpg.read_events(text, integer, double precision)', 'execute') as read_events,
      has_function_privilege(${login}, 'dpg.settle_event(text, bigint, uuid)', 'execute with grant option') as settle_event,
      has_function_privilege(${login}, 'dpg.release_events(text, text, double precision, uuid)', 'execute') as release_events,
      has_type_privilege(${login}, 'dpg.feed_event', 'usage') as feed_event,
      has_function_privilege('dpg_app', 'dpg.acknowledge(text, bigint, uuid)', 'execute') as ours`;
  expect(granted).toEqual({
    acknowledge: true,
    read_events: true,
    settle_event: true,
    release_events: false,
    feed_event: true,
    ours: true,
  });
  // again, as "watch" does at each save
  await migrateToCurrent(database.url);
});
