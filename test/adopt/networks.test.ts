// Networks that are registered before the rows come: what their documents do not declare is said by the dry run.

import { expect, test } from 'vitest';
import { adopt } from '../../sdk/cli/adopt/index.js';
import { testDatabase } from '../support/test-database.js';
import { oldStory } from './story.js';

const { sql } = await testDatabase();
await oldStory(sql);

const schemas = (...types: string[]) => Object.fromEntries(types.map((type) => [type, { type: 'object' }]));
const connect = {
  from_domain: 'student',
  to_domain: 'tutor',
  requirement_schema: { type: 'object' },
  event_schema: { type: 'object' },
};

async function register(types: Record<string, string[]>, actions: Record<string, object[]>): Promise<void> {
  const document = {
    name: 'yellow_dot',
    domains: Object.entries(types).map(([name, ofDomain]) => ({ name, item_schemas: schemas(...ofDomain) })),
    instances: [],
    actions: Object.fromEntries(
      Object.entries(actions).map(([name, interactions]) => [name, { interactions }]),
    ),
  };
  await sql`select dpg.register_network(${sql.json(document as never)})`;
}

const full = { student: ['profile_1.0'], tutor: ['profile_1.0'] };

async function obstacles(): Promise<string[]> {
  const plan = await adopt(sql);
  const done = await adopt(sql, { execute: true, quarantine: true });
  expect([plan.outcome, done.outcome]).toEqual(['stopped', 'stopped']);
  expect(done.obstacles).toEqual(plan.obstacles);
  expect(await sql`select root from dpg.partitions`).toEqual([]);
  return plan.obstacles.map(({ message }) => message);
}

test('a domain, and the actions between it and others', async () => {
  await register({ student: ['profile_1.0'] }, {});
  expect(await obstacles()).toEqual([
    `network 'yellow_dot' is registered and does not declare action 'connect' (4 rows); domain 'tutor' (1 row)`,
  ]);
});

test('an item type', async () => {
  await register({ student: ['profile_1.0'], tutor: ['profile_2.0'] }, {});
  expect(await obstacles()).toEqual([
    `network 'yellow_dot' is registered and does not declare action 'connect' (4 rows); item type 'profile_1.0' in domain 'tutor' (1 row)`,
  ]);
});

test('an interaction', async () => {
  await register(full, { connect: [{ ...connect, from_domain: 'tutor', to_domain: 'student' }] });
  expect(await obstacles()).toEqual([
    `network 'yellow_dot' is registered and does not declare action 'connect' from 'yellow_dot'/'student'/'profile_1.0' to 'yellow_dot'/'tutor'/'profile_1.0' (4 rows)`,
  ]);
});

test('what it says to do helps: the network is registered again, and what is there stays', async () => {
  const [obstacle] = (await adopt(sql)).obstacles;
  expect(obstacle?.hint).toBe(
    String.raw`Unregister it, adopt, register it again: what is there stays. In one session of psql, as dpg_admin: select document from dpg.networks where network = 'yellow_dot' \gset then select dpg.unregister_network('yellow_dot'); and after the adoption select dpg.register_network(:'document');`,
  );
  const [row] = await sql`select document::text from dpg.networks where network = 'yellow_dot'`;
  await sql`select dpg.unregister_network('yellow_dot')`;
  expect(await adopt(sql, { execute: true })).toMatchObject({ outcome: 'adopted', obstacles: [] });
  await sql`select dpg.register_network(${row?.document}::text::jsonb)`;
  expect(await adopt(sql, { execute: true })).toMatchObject({ outcome: 'adopted_before', obstacles: [] });
});
