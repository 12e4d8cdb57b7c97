// What is in the way of a move is said before it begins, with what to do; nothing is changed then.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Home,
  type HomeServer,
  hasOwnServers,
  moveInWords,
  moveNetwork,
  removeCommand,
  startServerOfHomes,
  version,
} from './homes.js';
import { prepare } from './traffic.js';

afterAll(removeCommand);
if (!hasOwnServers)
  console.log('SKIPPED: what is in the way of a move (no servers of our own on this machine)');

let one: HomeServer;
let other: HomeServer;
let a: Home;

const as = ({ url }: Home, user: string) => {
  const parsed = new URL(url);
  parsed.username = user;
  parsed.password = 'hush';
  return { url: parsed.href };
};

async function network(on: HomeServer): Promise<Home> {
  const home = await on.home();
  await prepare(home, 'yellow_dot', 1);
  return home;
}

/** The messages of what is in the way. */
async function obstacles(
  from: Pick<Home, 'url'>,
  to: Pick<Home, 'url'>,
  ...args: string[]
): Promise<string[]> {
  const { exitCode, document, stderr } = await moveNetwork('yellow_dot', from, to, ...args);
  expect(stderr).toBe('');
  expect(document.outcome).toBe('stopped');
  expect(exitCode).toBe(1);
  for (const { hint } of document.plan.obstacles) expect(hint).toMatch(/^[A-Z].*[.;?)]$/s);
  return document.plan.obstacles.map(({ message }: { message: string }) => message);
}

describe.skipIf(!hasOwnServers)('in the way', () => {
  beforeAll(async () => {
    // the one that is plain cannot be moved from: it keeps too little in its WAL
    one = await startServerOfHomes();
    other = await startServerOfHomes(undefined, { wal_level: 'replica', max_replication_slots: '1' });
    a = await network(one);
    for (const server of [one, other]) {
      const { sql } = await server.home();
      await sql`create role mover login password 'hush' in role postgres`;
    }
  }, 120_000);

  test('settings of the sender; a real run looks first as well', async () => {
    const plain = await network(other);
    const found = [
      'the sender has wal_level = replica',
      'the sender has 1 of max_replication_slots left, and the move needs 5',
    ];
    const to = await one.home();
    expect(await obstacles(plain, to, '--dry-run')).toEqual(found);
    expect(await obstacles(plain, to)).toEqual(found);
    expect(await plain.sql`select from dpg_private.moves`).toHaveLength(0);
  });

  test('room on the receiver', async () => {
    const to = await other.home();
    const [setting, free] =
      Number(version) >= 18 ? ['max_active_replication_origins', 10] : ['max_replication_slots', 1];
    const found = free >= 4 ? [] : [`the receiver has ${free} of ${setting} left, and the move needs 4`];
    const { document } = await moveNetwork('yellow_dot', a, to, '--dry-run');
    expect(document.plan.obstacles.map(({ message }: { message: string }) => message)).toEqual(found);
  });

  test('rights on the sender and on the receiver, and how one reaches the other', async () => {
    const to = await one.home();
    expect(await obstacles(as(a, 'mover'), to, '--dry-run')).toEqual([
      'role mover may not begin a move on the sender: it must own the tables of dpg, create publications and replicate',
      'role mover, by which the receiver connects to the sender, may not copy: it must replicate, be a member of the owner of dpg\'s tables and read public."user"',
    ]);
    expect(await obstacles(a, to, '--dry-run', '--from', as(a, 'nobody').url)).toEqual([
      'the sender has no role nobody, by which the receiver would connect',
    ]);
    expect(await obstacles(a, as(to, 'mover'), '--dry-run')).toEqual([
      'role mover may not subscribe on the receiver',
    ]);
    const unreachable = new URL(a.url);
    unreachable.port = '1';
    const [message, ...others] = await obstacles(a, to, '--dry-run', '--from', unreachable.href);
    expect(others).toEqual([]);
    expect(message).toMatch(
      /^the receiver cannot subscribe to the sender: .*could not connect to the publisher/,
    );
    expect(message).not.toContain(unreachable.password);
  });

  test('tables that differ, that are not replicated, that have another key', async () => {
    const [from, to] = [await network(one), await one.home()];
    await from.sql.unsafe(
      `
      alter table dpg.items add column shade text, add column tint integer, add column size text;
      alter table dpg.i_p_yellowdot_student set unlogged;
      alter table dpg.i_p_yellowdot_tutor replica identity nothing;
      create function public.note() returns trigger language plpgsql as 'begin return new; end';
      create trigger noted before insert on dpg.item_actions for each row execute function public.note();`.replace(
        /alter table dpg.i_p_yellowdot_student set unlogged;/,
        // PostgreSQL sets no table unlogged that a logged one refers to: actions refer to items
        'alter table dpg.e_p_yellowdot_connect set unlogged;',
      ),
    );
    await to.sql`alter table dpg.items add column tint text, add column size text generated always as ('l') stored,
      add column weight integer not null`;
    const { document } = await moveNetwork('yellow_dot', from, to, '--dry-run');
    expect(document.plan.obstacles.map(({ message }: { message: string }) => message)).toEqual([
      'dpg.items: the column shade is missing on the receiver',
      'dpg.items: the column tint is integer on the sender and text on the receiver',
      'dpg.items: the column size is generated on one of the two only',
      'dpg.items: the receiver has a column weight that must be given, and the sender has none',
      'dpg.i_p_yellowdot_tutor has a replica identity other than its primary key',
      'dpg.e_p_yellowdot_connect is unlogged: its changes are not replicated',
    ]);
    expect(document.plan.notes.join('\n')).toContain(
      'the receiver lacks the trigger noted of dpg.item_actions',
    );
  });

  test('users that are not those of the sender; the same ones are copied anew', async () => {
    const to = await one.home();
    await to.sql`insert into public."user" (id, name, email) values
      ('stranger', 's', 's@example.com'), ('other', 'o', 'ravi@example.com')`;
    await a.sql`insert into public."user" (id, name, email) values ('x', 'X', 'x@example.com')`;
    await to.sql`insert into public."user" (id, name, email) values ('x', 'another', 'x@example.com')`;
    expect(await obstacles(a, to, '--dry-run')).toEqual([
      '2 users are on the receiver and not on the sender, such as other, stranger, x',
      '1 user is on both, with other content, such as other, stranger, x',
      '1 user is on the receiver, with an e-mail that another user has on the sender, such as other, stranger, x',
    ]);

    const copy = await one.home();
    const users = await a.sql`select to_jsonb(u) as u from public."user" u`;
    for (const { u } of users)
      await copy.sql`insert into public."user" select (jsonb_populate_record(null::public."user", ${copy.sql.json(u)})).*`;
    const { document } = await moveNetwork('yellow_dot', a, copy, '--dry-run');
    expect(document.outcome).toBe('planned');
    expect(document.plan.notes.join('\n')).toContain(
      `the receiver has ${users.length} users, all as on the sender`,
    );
  });

  test('a network that is there already, that is not here, that nobody has', async () => {
    const to = await network(one);
    await to.sql`delete from public."user" u where u.id not in (select i.created_by from dpg.items i)`;
    const [row] = await obstacles(a, to, '--dry-run').then((found) =>
      found.filter((message) => message.startsWith('the receiver has the network')),
    );
    expect(row).toBe('the receiver has the network yellow_dot already: 4 leaves');
    const defined = await one.home();
    await defined.sql`select dpg.define_network('yellow_dot', '{"max_open_per_pair": 1}')`;
    expect(await obstacles(a, defined, '--dry-run')).toContain(
      'the receiver has a document, rules or definitions of yellow_dot, in whose place those of the sender would come',
    );
    const empty = await one.home();
    expect(await obstacles(empty, await one.home(), '--dry-run')).toEqual([
      'the sender has no network yellow_dot: it has no leaves',
    ]);
    await empty.sql`insert into dpg.homes (network, server) values ('yellow_dot', 'postgres://third:5432/x')`;
    expect(await obstacles(empty, await one.home(), '--dry-run')).toEqual([
      'the network yellow_dot does not live on the sender: its home is postgres://third:5432/x',
    ]);
  });

  test('one database, one that was not migrated, an unknown move', async () => {
    const localhost = new URL(a.url);
    localhost.hostname = 'localhost';
    const same = await moveNetwork('yellow_dot', a, { url: localhost.href });
    expect([same.exitCode, same.stderr]).toEqual([
      4,
      expect.stringContaining('sender and receiver are one database'),
    ]);
    const empty = await moveNetwork('yellow_dot', a, { url: await one.empty() });
    expect([empty.exitCode, empty.stderr]).toEqual([
      4,
      expect.stringContaining('Run the migrations there first'),
    ]);
    for (const mode of ['--abort', '--finish']) {
      const { exitCode, stderr } = await moveNetwork('yellow_dot', a, await one.home(), mode);
      expect([exitCode, stderr]).toEqual([
        4,
        expect.stringContaining('there is no move of the network yellow_dot'),
      ]);
    }
    const { exitCode, document } = await moveNetwork('yellow_dot', a, undefined, '--status');
    expect([exitCode, document.status.step]).toEqual([0, null]);
  });

  test('for people', async () => {
    const [from, to] = [await network(one), await one.home()];
    const words = async (...args: string[]) =>
      (await moveInWords('yellow_dot', from, to, ...args))
        .replaceAll(from.server, '<from>')
        .replaceAll(to.server, '<to>')
        .replace(/\d+ kB/g, '… kB')
        .replace(/ {2,}… kB/g, '  … kB');
    expect(await words('--dry-run')).toBe(`root           key      rows (about)  size
items          student             0  … kB
items          tutor               0  … kB
item_actions   connect             0  … kB
action_events  connect             0  … kB

Note: the sender keeps WAL for a receiver that has stopped without a limit (max_slot_wal_keep_size = -1): look at --status.
Note: users: the receiver follows the sender's public."user" from now on and after the move (publication and subscription dpg_users).

Nothing was changed. Without --dry-run yellow_dot would be moved to <to>: … kB, about 6 s by a guess, and its writers would wait for less than a second at the end.
`);
    expect(await words('--status')).toBe('No move of yellow_dot from <from> is under way.\n');
    expect(await words()).toMatch(
      /^yellow_dot lives on <to>, after \d+ s; its writers waited for \d+ ms, and until it was open there\.\n/,
    );
    expect(await words('--status')).toMatch(
      /^yellow_dot from <from> to <to>\nstep opened since [^\n]*\nusers: behind by /,
    );
    expect(await words('--finish')).toBe(
      'The move of yellow_dot is finished: nothing of it is left on <from> but where it lives.\n',
    );
    expect(await words('--dry-run')).toMatch(
      /the network yellow_dot does not live on the sender: its home is <to>\n {2}Name the server where it lives with --database-url.\n[\s\S]*\nNothing was changed: see above what is in the way.\n$/,
    );
  });

  test('usage', async () => {
    const to = a;
    for (const [args, message] of [
      [['--status', '--abort'], '--status and --abort exclude one another'],
      [['red_dot'], 'one network is named'],
      [['--patience', 'long'], "--patience is a number above 0, not 'long'"],
      [['--hold', '0'], "--hold is a number above 0, not '0'"],
    ] as const) {
      const { exitCode, stderr } = await moveNetwork('yellow_dot', a, to, ...args);
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
    }
    const { exitCode, stderr } = await moveNetwork('yellow_dot', a, undefined);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--to names the server')]);
  });
});
