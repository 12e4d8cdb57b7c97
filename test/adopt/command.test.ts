// The command, as an operator of a deployment runs it: the seed's tables with Better Auth's table of users, then our
// migrations, then adopt.

import { afterAll, expect, test } from 'vitest';
import { installedCommand } from '../cli/command.js';
import { testDatabase } from '../support/test-database.js';
import { copyOf, oldStory, student, tutor } from './story.js';

const database = await testDatabase({ from: 'empty' });
const command = await installedCommand();
afterAll(command.remove);
const { sql, url } = database;

await sql`create table public."user" (id text primary key, name text not null, email text not null unique)`;
await oldStory(sql);

test('before the migrations it says which command comes first', async () => {
  const { exitCode, stderr } = await command.dpgDatabase(url, 'adopt');
  expect(exitCode).toBe(4);
  expect(stderr).toBe(
    'dpg-database: the tables of dpg are not in this database yet\nRun the migrations first: npx dpg-database migrate\n',
  );
});

test('a dry run prints what it would do', async () => {
  expect((await command.dpgDatabase(url, 'migrate')).exitCode).toBe(0);
  const { exitCode, stdout, stderr } = await command.dpgDatabase(url, 'adopt');
  expect(exitCode).toBe(0);
  expect(stderr).toBe('looking at items\nlooking at item_actions\nlooking at action_events\n');
  expect(
    stdout,
  ).toBe(`table                 kind                    rows  to move  in dpg  refused  in quarantine  owners filled
public.items          2 partitions, 2 levels     2        2       0        0              0              0
public.item_actions   1 partition, 2 levels      1        1       0        0              0              0
public.action_events  1 partition, 2 levels      3        3       0        0              0              0

root           network     key      rows  to move  leaf
items          yellow_dot  student     1        1  to be made
items          yellow_dot  tutor       1        1  to be made
item_actions   yellow_dot  connect     1        1  to be made
action_events  yellow_dot  connect     3        3  to be made

URLs of this instance, which no other may claim (dpg.forget_instance_url strikes one that is not):
  https://tutor.yellowdot.example.com (items)

Note: mirrored from other instances: 1 event.
Note: times without a time zone are taken as UTC.

Nothing was changed. With --execute 6 rows would be moved.
Until that ends, writes to the old tables and sign-ups wait; reads go on. Whoever writes now is waited for, 10 s.
`);
});

test('rows that are in the way end it with 1', async () => {
  await sql`alter table public.items drop constraint items_pkey cascade`;
  await sql.unsafe(
    copyOf('items', `item_id = '${tutor}'`, { item_id: 'gen_random_uuid()', item_state: `'1'` }),
  );
  const { exitCode, stdout } = await command.dpgDatabase(url, 'adopt', '--execute');
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(
    /^items: 1 row: item_state is no JSON object\n {2}\{"item_id":"[0-9a-f-]{36}","item_type":"profile_1\.0"/m,
  );
  expect(stdout).toMatch(
    /Nothing was changed: see above what is in the way\.\nMend these rows, or keep them .*: 1 row\.\n$/,
  );
});

test('a network that declares less is told with what to do', async () => {
  await sql`
    select dpg.register_network('{"name": "yellow_dot", "domains": [{"name": "tutor", "item_schemas": {"profile_1.0": {}}}]}')`;
  const { exitCode, stdout } = await command.dpgDatabase(url, 'adopt', '--quarantine');
  expect(exitCode).toBe(1);
  expect(stdout).toContain(
    `network 'yellow_dot' is registered and does not declare action 'connect' (4 rows); domain 'student' (1 row)\n  Unregister it`,
  );
  await sql`select dpg.unregister_network('yellow_dot')`;
});

test('executed, it prints counts and checksums, and a second time that it was done', async () => {
  await sql`alter table public.items drop constraint items_created_by_fkey`;
  await sql.unsafe(
    copyOf('items', `item_id = '${tutor}'`, { item_id: 'gen_random_uuid()', created_by: `'mira'` }),
  );
  const { exitCode, stdout } = await command.dpgDatabase(url, 'adopt', '--execute', '--quarantine');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^items +yellow_dot +tutor +dpg\.i_p_yellowdot_tutor +1 +(-?\d+) +\1$/m);
  expect(stdout).toMatch(/^Moved 6 rows in [\d.]+ s, [\d,]+ rows? a second; counts and checksums agree\.$/m);
  expect(stdout).toMatch(/^2 rows kept in dpg\.quarantined_rows\.$/m);
  expect(stdout).toMatch(/^ {2}drop table public\.action_events, public\.item_actions, public\.items;$/m);

  const again = await command.document(url, 'adopt', '--execute');
  expect(again.exitCode).toBe(0);
  expect(again.document).toMatchObject({
    command: 'adopt',
    outcome: 'adopted_before',
    problems: [],
    moved: [],
  });
});

test('a row that came past the trigger is named, and nothing is said of dropping', async () => {
  await sql`alter table public.items disable trigger adopted_by_dpg`;
  await sql.unsafe(copyOf('items', `item_id = '${tutor}'`, { item_id: `'${student}'` }));
  const { exitCode, stdout } = await command.dpgDatabase(url, 'adopt', '--execute');
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(
    /^items: 1 row: neither in dpg nor in quarantine: deleted in dpg since, or written past the trigger\n {2}\{"item_id":"11111111/m,
  );
  expect(stdout).toMatch(
    /Nothing was changed\.\nIn dpg\.quarantined_rows still: 2 rows\.\nNeither in dpg .*: 1 row\..*\n$/,
  );
  expect(stdout).not.toContain('drop table');
  await sql`delete from public.items where item_domain = 'tutor' and item_id = ${student}`;
  await sql`alter table public.items enable trigger adopted_by_dpg`;
});

test('a row of quarantine that fits by now is announced, and moved', async () => {
  await sql`insert into "user" (id, name, email) values ('mira', 'Mira', 'mira@example.com')`;
  const plan = await command.dpgDatabase(url, 'adopt');
  expect(plan.exitCode).toBe(0);
  expect(plan.stdout).toMatch(
    /Nothing was changed\.\n1 row in dpg\.quarantined_rows would fit now: with --execute they are moved\.\nIn dpg\.quarantined_rows still: 1 row\.\n$/,
  );
  const { exitCode, stdout } = await command.dpgDatabase(url, 'adopt', '--execute');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^items +yellow_dot +tutor +dpg\.i_p_yellowdot_tutor +1 +(-?\d+) +\1$/m);
  expect(stdout).toMatch(/Moved 1 row, 1 of them out of dpg\.quarantined_rows in /);
  expect(stdout).toMatch(/^ {2}drop table public\.action_events/m);
});

test('the doctor finds nothing wrong with the partitions, and the old tables can be dropped as it says', async () => {
  const { document } = await command.document(url, 'doctor');
  const findings = document.findings as { severity: string; check: string }[];
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(
    findings.filter(({ check }) =>
      ['partitions', 'objects', 'grants', 'privileges', 'owners'].includes(check),
    ),
  ).toEqual([]);
  const { drop_statements } = (await command.document(url, 'adopt')).document as {
    drop_statements: string[];
  };
  for (const statement of drop_statements) await sql.unsafe(statement);
  const [row] = await sql`select count(*)::int from dpg.items`;
  expect(row?.count).toBe(3);
});
