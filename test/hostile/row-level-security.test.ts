// The policies are for those who read the tables directly. The functions run as the owner of the tables, whom no policy
// concerns: their plans are the same with and without, and what they cost is printed, not judged.

import { beforeAll, expect, test } from 'vitest';
import { createDpg } from '../../sdk/index.js';
import { student, tutor } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();

beforeAll(async () => {
  for (const id of ['asha', 'ravi'])
    await database.sql`insert into public."user" (id, name, email) values (${id}, ${id}, ${`${id}@example.com`})`;
  const dpg = createDpg(database.sql);
  const source = await dpg.as('asha').items.upsert(student());
  const target = await dpg.as('ravi').items.upsert(tutor());
  await database.sql`
    select count(a) from generate_series(1, 2000) n, dpg.perform_action('asha', 'connect',
      row('yellow_dot', 'student', 'profile_1.0', ${source.item_id}::uuid)::dpg.item_ref,
      row('yellow_dot', 'tutor', 'profile_1.0', ${target.item_id}::uuid)::dpg.item_ref, remarks => n::text) a`;
  await database.sql`analyze dpg.item_actions`;
}, 120_000);

const CALLS = {
  find_actions: `select count(*) from generate_series(1, 100) n, dpg.find_actions('asha', page_size => 20 + n % 2)`,
  find_events: `select count(*) from generate_series(1, 100) n, dpg.find_events('ravi', page_size => 20 + n % 2)`,
};

test('the functions cost the same with the policies as without', async () => {
  const sql = database.connect({ url: await database.createLogin('dpg_app'), max: 1 });
  const time = async (call: string) => {
    const times: number[] = [];
    let count: unknown;
    for (let i = 0; i < 7; i++) {
      const started = performance.now();
      [{ count } = {} as never] = await sql.unsafe(call);
      times.push(performance.now() - started);
    }
    return { best: Math.min(...times), count };
  };
  const security = async (how: 'enable' | 'disable') => {
    for (const table of ['item_actions', 'action_events'])
      await database.sql.unsafe(`alter table dpg.${table} ${how} row level security`);
  };
  for (const [name, call] of Object.entries(CALLS)) {
    const policed = await time(call);
    await security('disable');
    const free = await time(call);
    await security('enable');
    console.log(
      `${name} with row level security: ${(policed.best / free.best).toFixed(2)} of the time without`,
    );
    expect(policed.count).toBe('2050');
    expect(free.count).toBe('2050');
  }
});

test('who reads directly is answered by the index on the owner, not by a look at every row', async () => {
  const sql = database.connect({ url: await database.createLogin('dpg_app'), max: 1 });
  await sql`set dpg.actor = 'nobody'`;
  const plan =
    await sql`explain select action_id from dpg.item_actions where partition_network = 'yellow_dot'`;
  expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain('owner');
  expect((await sql`select action_id from dpg.item_actions`).length).toBe(0);
  await sql`set dpg.actor = 'asha'`;
  expect((await sql`select action_id from dpg.item_actions`).length).toBe(2000);
});
