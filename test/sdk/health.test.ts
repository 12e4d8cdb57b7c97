// dpg.health(): what a probe is told of a server that is well, and of each way in which one can be ill.

import { createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createDpg } from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const empty = await testDatabase({ from: 'empty' });

const WELL = {
  ok: true,
  reason: undefined,
  code: undefined,
  milliseconds: expect.any(Number),
  isReplica: false,
  version: expect.stringMatching(/^1[5-9]/),
  isStandby: false,
  missing: [],
};
const named = expect.stringMatching(new RegExp(`^[^/@]+:\\d+/${database.name}$`));

/** What is said of one server, and in the same words of all. */
async function illness(url: string, how?: { timeoutMilliseconds: number }) {
  await using dpg = createDpg(url, { max: 1 });
  const { ok, reason, code, servers } = await dpg.health(how);
  expect(servers).toHaveLength(1);
  expect(servers[0]).toMatchObject({ ok, reason, code });
  expect(ok).toBe(false);
  return [reason, code, servers[0]?.missing];
}

const withChanges = (url: string, changes: Partial<URL>) => Object.assign(new URL(url), changes).href;

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return `postgres://nobody:secret@127.0.0.1:${port}/nowhere`;
}

test.each(['dpg_app', 'dpg_readonly', 'dpg_admin'])('a server that is well, for %s', async (role) => {
  await using dpg = createDpg(await database.createLogin(role));
  const health = await dpg.health();
  expect(health).toEqual({
    ok: true,
    reason: undefined,
    code: undefined,
    milliseconds: expect.any(Number),
    servers: [{ ...WELL, server: named }],
  });
  // as a web framework sends it
  expect(JSON.parse(JSON.stringify(health))).toMatchObject({
    ok: true,
    servers: [{ ok: true, isStandby: false }],
  });
});

test('an instance that was passed, and each home', async () => {
  expect((await createDpg(database.sql).health()).servers).toEqual([{ ...WELL, server: named }]);
  const closed = createServer();
  const url = await listening(closed);
  await new Promise((resolve) => closed.close(resolve));
  await using dpg = createDpg({ homes: { red_dot: url }, default: database.url });
  expect(await dpg.health()).toMatchObject({
    ok: false,
    reason: 'no_connection',
    code: 'ECONNREFUSED',
    servers: [WELL, { ok: false, reason: 'no_connection', server: url.replace(/.*@/, '') }],
  });
  expect((await dpg.home('yellow_dot').health()).ok).toBe(true);
  expect((await dpg.home('red_dot').health()).servers).toMatchObject([{ reason: 'no_connection' }]);
});

test('nobody is there, nobody answers', async () => {
  const hanging = createServer();
  let connections = 0;
  hanging.on('connection', (socket) => {
    connections += 1;
    onTestFinished(() => void socket.destroy());
  });
  onTestFinished(() => void hanging.close());
  const url = await listening(hanging);
  await using dpg = createDpg(url, { connect_timeout: 1 });
  const answers = await Promise.all(Array.from({ length: 9 }, () => dpg.health({ timeoutMilliseconds: 50 })));
  for (const { ok, reason, code } of answers)
    expect([ok, reason, code]).toEqual([false, 'no_answer', 'ETIMEDOUT']);
  // a server that hangs is not asked more and more
  expect(connections).toBeLessThanOrEqual(3);
  await dpg.end({ timeout: 0 });
});

test('a login that is refused', async () => {
  const login = await database.createLogin('dpg_app');
  expect(await illness(withChanges(login, { pathname: '/no_such_database' }))).toEqual([
    'login_refused',
    '3D000',
    undefined,
  ]);
  expect(await illness(withChanges(login, { username: 'no_such_user' }))).toEqual([
    'login_refused',
    expect.stringMatching(/^28/),
    undefined,
  ]);
  const { username } = new URL(login);
  await database.sql.unsafe(`alter role ${username} connection limit 0`);
  expect(await illness(login)).toEqual(['too_many_connections', '53300', undefined]);
  expect(await illness(await database.createLogin('pg_monitor'))).toEqual(['login_refused', '42501', []]);
});

test('a database that was not migrated, or not as far as this SDK', async () => {
  const [reason, code, missing] = await illness(empty.url);
  expect([reason, code]).toEqual(['not_migrated', '42883']);
  expect(missing).toEqual(
    expect.arrayContaining(['get_item', 'upsert_item', 'find_events', 'partitions', 'subscription_status']),
  );

  await using dpg = createDpg(database.url);
  await database.sql`alter view dpg.peers rename to peers_away`;
  await database.sql`alter function dpg.count_actions rename to count_actions_away`;
  const [older] = (await dpg.health()).servers;
  await database.sql`alter view dpg.peers_away rename to peers`;
  await database.sql`alter function dpg.count_actions_away rename to count_actions`;
  expect(older).toMatchObject({ ok: false, reason: 'not_migrated', missing: ['count_actions', 'peers'] });

  // a function that has got another argument since
  await database.sql`drop function dpg.acknowledge`;
  await database.sql`
    create function dpg.acknowledge(subscription text, "position" bigint) returns bigint
    language sql return "position"`;
  const [shorter] = (await dpg.health()).servers;
  expect(shorter).toMatchObject({ ok: false, reason: 'not_migrated', missing: ['acknowledge'] });
});

test('connections that are all busy; a transaction is not asked', async () => {
  await using dpg = createDpg(database.url, { max: 1 });
  await dpg.sql.begin(async (tx) => {
    await tx`select 1`;
    expect(await dpg.health({ timeoutMilliseconds: 50 })).toMatchObject({ ok: false, reason: 'no_answer' });
    await expect(dpg.with(tx).health()).rejects.toMatchObject({ code: 'DP001' });
  });
  await expect(dpg.health({ timeoutMilliseconds: 0 })).rejects.toMatchObject({ code: 'DP001' });
});
