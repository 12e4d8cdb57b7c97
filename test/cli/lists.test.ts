// What status, partitions and subscriptions say of a database with something in it, for people and for programs.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDpg } from '../../sdk/index.js';
import { addUsers, student, tutor } from '../sdk/story.js';
import { committedMigrations } from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';
import { type Installed, installedCommand } from './command.js';

const database = await testDatabase();
const FAR = 'https://far.example.com';
let command: Installed;

beforeAll(async () => {
  command = await installedCommand();
  await addUsers(database.sql, 'asha', 'ravi');
  const dpg = createDpg(database.sql);
  const source = await dpg.as('asha').items.upsert(student());
  const target = await dpg.as('ravi').items.upsert(tutor());
  await dpg.partitions.ensureItem({ item_network: 'red_dot', item_domain: 'school' });
  await dpg.subscriptions.create({ subscription: 'everything' });
  await dpg.subscriptions.create({
    subscription: 'far',
    source_item_instance_url: FAR,
    action_type: 'connect',
  });
  await dpg.as('asha').actions.perform({ action_type: 'connect', source, target });
  await dpg.actions.receive({
    action_type: 'connect',
    source: {
      item_network: 'far_dot',
      item_domain: 'student',
      item_type: 'profile',
      item_id: source.item_id,
    },
    source_item_instance_url: FAR,
    source_item_owner: 'mina',
    target,
  });
  const [event] = await dpg.subscriptions.read({ subscription: 'far' });
  await dpg.subscriptions.fail({
    subscription: 'far',
    position: event?.position ?? 0n,
    lease_id: event?.lease_id ?? null,
    error: 'no\u001b[31m answer',
    max_attempts: 1,
  });
});
afterAll(() => command.remove());

describe('status', () => {
  test('for programs', async () => {
    const { exitCode, document } = await command.document(database.url, 'status');
    expect(exitCode).toBe(0);
    expect(document).toEqual({
      command: 'status',
      server_version: expect.stringMatching(/^1\d\.\d+$/),
      package_version: '0.1.0',
      database: database.name,
      role: expect.any(String),
      is_standby: false,
      is_up_to_date: true,
      missing_objects: [],
      migrations: (await committedMigrations()).map((name) =>
        expect.objectContaining({ name, state: 'applied' }),
      ),
      partitions: { networks: 2, items: 3, item_actions: 1, action_events: 1 },
      subscriptions: [
        expect.objectContaining({
          subscription: 'everything',
          lag_events: 2,
          dead_events: 0,
          is_dead: false,
        }),
        expect.objectContaining({ subscription: 'far', lag_events: 1, dead_events: 1, is_leased: true }),
      ],
    });
  });

  test('for people', async () => {
    const { exitCode, stdout, stderr } = await command.dpgDatabase(database.url, 'status');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(`^PostgreSQL \\S+, database ${database.name}, role \\w+\ndpg-database 0\\.1\\.0\n`),
    );
    expect(stdout).toMatch(/^000001-the-data-layer\.sql {2,}applied {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/m);
    expect(stdout).toContain('Partitions: 3 of items, 1 of actions, 1 of events, in 2 networks');
    expect(stdout).toMatch(/^everything +2 +\d+ s +0$/m);
    expect(stdout).toMatch(/^far +1 +\d+ s +1$/m);
  });
});

describe('partitions', () => {
  const leaves = (document: Record<string, unknown>) =>
    (document.partitions as { leaf: string }[]).map(({ leaf }) => leaf);

  test('for programs: all, in the order of their keys', async () => {
    const { exitCode, document } = await command.document(database.url, 'partitions');
    expect(exitCode).toBe(0);
    expect(leaves(document)).toEqual([
      'dpg.e_p_yellowdot_connect',
      'dpg.a_p_yellowdot_connect',
      'dpg.i_p_reddot_school',
      'dpg.i_p_yellowdot_student',
      'dpg.i_p_yellowdot_tutor',
    ]);
    expect(document.partitions).toContainEqual({
      root: 'items',
      network: 'red_dot',
      key: 'school',
      leaf: 'dpg.i_p_reddot_school',
      estimated_rows: 0,
      bytes: expect.any(Number),
    });
  });

  test('of a root, of a network, the largest first', async () => {
    const items = await command.document(
      database.url,
      'partitions',
      '--root',
      'items',
      '--network',
      'red_dot',
    );
    expect(leaves(items.document)).toEqual(['dpg.i_p_reddot_school']);
    expect(
      leaves((await command.document(database.url, 'partitions', '--network', 'no_dot')).document),
    ).toEqual([]);
    await database.sql`insert into public."user" (id, name, email) select 'u' || n, 'U', 'u' || n || '@x' from generate_series(1, 300) n`;
    await database.sql`
      insert into dpg.items (item_network, item_domain, item_type, item_instance_url, item_schema_url, created_by)
      select 'red_dot', 'school', 't', 'u', 's', 'u' || n from generate_series(1, 300) n`;
    await database.sql`vacuum analyze dpg.i_p_reddot_school`;
    const { stdout } = await command.dpgDatabase(database.url, 'partitions', '--sort', 'rows');
    const [head, first] = stdout.split('\n');
    expect(head).toMatch(/^root +network +key +leaf +rows +size$/);
    expect(first).toMatch(/^items +red_dot +school +dpg\.i_p_reddot_school +300 +\d+ kB$/);
    expect(stdout).toMatch(/\n5 partitions, [\d,]+ kB\n$/);
    const bySize = await command.document(database.url, 'partitions', '--sort', 'size');
    expect(leaves(bySize.document)[0]).toBe('dpg.i_p_reddot_school');
  });
});

describe('subscriptions', () => {
  test('for programs: how far each is, what failed, and 1 because something did', async () => {
    const { exitCode, document } = await command.document(database.url, 'subscriptions');
    expect(exitCode).toBe(1);
    expect(document.subscriptions).toEqual([
      expect.objectContaining({ subscription: 'everything', lag_events: 2, dead_events: 0 }),
      expect.objectContaining({ subscription: 'far', source_item_instance_url: FAR, action_type: 'connect' }),
    ]);
    expect(document.failed_events).toEqual([
      expect.objectContaining({ subscription: 'far', state: 'dead', attempts: 1, position: 2 }),
    ]);
  });

  test('for people, without what a terminal would obey', async () => {
    const { exitCode, stdout } = await command.dpgDatabase(database.url, 'subscriptions');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^everything +all events +0 +2 +\d+ s +no +0$/m);
    expect(stdout).toMatch(/^far +events: https:\/\/far\.example\.com, connect +0 +1 +\d+ s +yes +1$/m);
    expect(stdout).toMatch(/^1 failed event\n/m);
    expect(stdout).toMatch(/^far +2 +dead +1 +yellow_dot\/connect\/\S+ +no \[31m answer$/m);
    expect(stdout).not.toContain('\u001b');
  });

  test('both kinds, each with its filters, in 80 columns', async () => {
    const { sql } = database;
    await sql`select dpg.create_item_subscription('index', 'yellow_dot', 'tutor')`;
    await sql`select dpg.create_item_subscription('copy')`;
    await sql`update dpg.items set item_state = '{"changed": true}' where item_domain = 'tutor'`;
    const { stdout } = await command.dpgDatabase(database.url, 'subscriptions');
    expect(stdout).toMatch(/^everything +all events /m);
    expect(stdout).toMatch(/^index +items: yellow_dot, tutor +0 +1 +\d+ s +no +0$/m);
    expect(stdout).toMatch(/^copy +all items +0 +1 +\d+ s +no +0$/m);
    for (const name of ['index', 'copy']) {
      const one = await command.dpgDatabase(database.url, 'subscriptions', name);
      for (const line of one.stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
      await sql`select dpg.drop_subscription(${name})`;
    }
  });

  test('one by its name; further behind than is allowed', async () => {
    const one = await command.document(database.url, 'subscriptions', 'everything');
    expect(one.exitCode).toBe(0);
    expect(one.document).toMatchObject({
      subscriptions: [{ subscription: 'everything' }],
      failed_events: [],
    });
    expect(
      await command.document(database.url, 'subscriptions', 'everything', '--max-lag', '0'),
    ).toMatchObject({ exitCode: 1 });
    expect(
      await command.document(database.url, 'subscriptions', 'everything', '--max-lag', '86400'),
    ).toMatchObject({ exitCode: 0 });
  });

  test('one that is not there', async () => {
    expect(await command.dpgDatabase(database.url, 'subscriptions', 'nobody')).toEqual({
      exitCode: 4,
      stdout: '',
      stderr: "dpg-database: there is no subscription 'nobody'\ndpg-database subscriptions lists them.\n",
    });
  });
});

test('dpg_app may list, as it may read', async () => {
  const application = await database.createLogin('dpg_app');
  expect(await command.document(application, 'partitions')).toMatchObject({ exitCode: 0 });
  expect(await command.document(application, 'subscriptions', 'everything')).toMatchObject({ exitCode: 0 });
  for (const name of ['status', 'doctor']) {
    const { exitCode, stderr } = await command.dpgDatabase(application, name);
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(
      /^dpg-database: role \w+ may not read which migrations were run\nConnect as \w+, the role that migrates, /,
    );
  }
});
