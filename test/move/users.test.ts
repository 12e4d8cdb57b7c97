// Users after a move: who owns items on the new home is not deleted on the home of the users, until he is erased there.

import { afterAll, expect, test } from 'vitest';
import {
  eventually,
  type Home,
  hasOwnServers,
  moveAndExpect,
  moveNetwork,
  removeCommand,
  startServerOfHomes,
  version,
} from './homes.js';
import { prepare } from './traffic.js';

afterAll(removeCommand);
if (!hasOwnServers) console.log('SKIPPED: users after a move (no servers of our own on this machine)');

const failure = ({ sql }: Home, id: string) =>
  sql`delete from public."user" where id = ${id}`.then(
    () => undefined,
    ({ code, constraint_name, detail }) => ({ code, constraint_name, detail: String(detail) }),
  );
const addUser = ({ sql }: Home, id: string) =>
  sql`insert into public."user" (id, name, email) values (${id}, ${id}, ${`${id}@example.com`})`;
const hasUser = async ({ sql }: Home, id: string) =>
  (await sql`select from public."user" where id = ${id}`).length === 1;
const isNoted = async ({ sql }: Home, id: string) =>
  (await sql`select from dpg_private.home_owners where owner = ${id}`).length > 0;
const addItem = ({ sql }: Home, owner: string) =>
  sql`select dpg.upsert_item(${owner}, 'yellow_dot', 'student', 'p', 'https://here.example.com', 's')`;

test.skipIf(!hasOwnServers)('there, on to a third server, and home again', async () => {
  // the home of the users follows each of the others, beside what a move needs
  const settings = { max_logical_replication_workers: '8', max_worker_processes: '16' };
  const start = async () => (await startServerOfHomes(version, settings)).home();
  const [a, b, c] = [await start(), await start(), await start()];
  await prepare(a, 'yellow_dot', 1);
  await moveAndExpect('moved', 'yellow_dot', a, b);

  for (const [id, place] of [
    ['asha', b],
    ['mei', b],
  ] as const) {
    await addUser(a, id);
    await eventually('the user is there', () => hasUser(place, id));
    await addItem(place, id);
    await eventually('the home of the users has heard of it', () => isNoted(a, id));
  }
  const refused = await failure(a, 'asha');
  expect(refused?.code).toBe('23503');
  expect(JSON.parse(refused?.detail ?? '')).toEqual({
    user_id: 'asha',
    homes: [{ network: 'yellow_dot', server: b.server }],
  });

  // of before the move: what is left here holds, and then what is there
  await a.sql`select dpg.erase_user('dpo', 'ravi', 'asked')`;
  expect((await failure(a, 'ravi'))?.code).toBe('23503');
  for (const id of ['ravi', 'asha']) {
    await b.sql`select dpg.erase_user('dpo', ${id}, 'asked')`;
    await eventually('it is heard of', async () => !(await isNoted(a, id)));
    expect(await failure(a, id)).toBe(undefined);
    await eventually('the user is gone there', async () => !(await hasUser(b, id)));
  }
  await moveAndExpect('finished', 'yellow_dot', a, b, '--finish');

  // the third server tells the first one, and the second one no longer does
  await moveAndExpect('moved', 'yellow_dot', b, c);
  await moveAndExpect('finished', 'yellow_dot', b, c, '--finish');
  expect(await b.sql`select from dpg_private.home_owners`).toHaveLength(0);
  const notes = async () =>
    (await a.sql`select owner from dpg_private.home_owners where owner = 'mei'`).length;
  await eventually('one of them says so', async () => (await notes()) === 1);
  expect((await failure(a, 'mei'))?.code).toBe('23503');

  // home again: the foreign key is there
  await moveAndExpect('moved', 'yellow_dot', c, a);
  await moveAndExpect('finished', 'yellow_dot', c, a, '--finish');
  expect((await failure(a, 'mei'))?.constraint_name).toBe('items_created_by_fkey');
  await eventually('nothing is noted any more', async () => {
    const [row] = await a.sql`select count(*)::integer as notes from dpg_private.home_owners`;
    return row?.notes === 0;
  });
  await a.sql`select dpg.erase_user('dpo', 'mei', 'asked')`;
  expect(await failure(a, 'mei')).toBe(undefined);
});

test.skipIf(!hasOwnServers || Number(version) < 16)(
  'by roles that are no superusers: a right that is missing is said first, and what goes without is made up for',
  async () => {
    const [a, b] = [await (await startServerOfHomes()).home(), await (await startServerOfHomes()).home()];
    const by = async ({ sql, ...home }: Home, role: string, attributes: string): Promise<Home> => {
      await sql.unsafe(`create role ${role} login password 'hush' ${attributes} in role postgres`);
      const url = new URL(home.url);
      [url.username, url.password] = [role, 'hush'];
      return { ...home, sql, url: url.href };
    };
    await prepare(a, 'yellow_dot', 1);
    const from = await by(a, 'mover', 'replication');
    const to = await by(b, 'mover', '');
    await b.sql`grant pg_create_subscription to mover`;
    const dryRun = async (...args: string[]) => {
      const { plan } = (await moveNetwork('yellow_dot', from, to, '--dry-run', ...args)).document;
      const messages = plan.obstacles.map(({ message }: { message: string }) => message);
      return { messages, notes: plan.notes.join('\n') };
    };

    // who would be left out without an error
    await a.sql.unsafe(`
      create role better_auth;
      alter table public."user" owner to better_auth;
      alter table public."user" enable row level security;
      grant select on public."user" to mover`);
    expect((await dryRun('--from', from.url)).messages).toContain(
      'role mover, by which the receiver connects to the sender, may not see all rows of public."user": the table has row level security',
    );
    await a.sql`grant better_auth to mover`;
    expect((await dryRun()).messages).toEqual([]);

    const users = await a.sql`select to_jsonb(u) as u from public."user" u`;
    for (const { u } of users)
      await b.sql`insert into public."user" select (jsonb_populate_record(null::public."user", ${b.sql.json(u)})).*`;
    const { messages, notes } = await dryRun();
    expect(messages).toEqual([
      'role mover may not copy the users of the receiver anew: without foreign keys, as that is done, it needs session_replication_role',
    ]);
    expect(notes).toContain(
      'can delete such a user: role mover does not replicate on the receiver; role mover may not subscribe on the sender',
    );
    await b.sql`grant set on parameter session_replication_role to mover`;
    await moveAndExpect('moved', 'yellow_dot', from, to, '--verify');
    await eventually('the users are there', () => hasUser(b, 'ravi'));
    const hears = () => a.sql`select from pg_subscription s where s.subname ~ '^dpg_owners_'`;
    expect(await hears()).toHaveLength(0);

    // the same command again, when it can be had
    await b.sql`alter role mover replication`;
    await a.sql`grant pg_create_subscription to mover`;
    await moveAndExpect('moved', 'yellow_dot', from, to);
    expect(await hears()).toHaveLength(1);
    await eventually('the home of the users has heard of it', () => isNoted(a, 'ravi'));
    await moveAndExpect('finished', 'yellow_dot', from, to, '--finish', '--even-undelivered');
    expect((await failure(a, 'ravi'))?.code).toBe('23503');
  },
);
