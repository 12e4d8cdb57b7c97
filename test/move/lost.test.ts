// What an accident leaves behind: a slot or a subscription that has gone, servers that crash, a receiver that is lost for good; and
// a receiver that has the users already.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { moveName } from '../../sdk/cli/move/names.js';
import {
  eventually,
  type Home,
  type HomeServer,
  hasOwnServers,
  moveAndExpect,
  moveNetwork,
  removeCommand,
  startMove,
  startServerOfHomes,
  version,
} from './homes.js';
import { checksums, prepare } from './traffic.js';

afterAll(removeCommand);
if (!hasOwnServers) console.log('SKIPPED: accidents of a move (no servers of our own on this machine)');

const SLOT = moveName('yellow_dot');
let one: HomeServer;
let other: HomeServer;

/** A move that has copied everything, and whose switch had to wait for somebody. */
async function copied(): Promise<[Home, Home]> {
  const [from, to] = [await one.home(), await other.home()];
  await prepare(from, 'yellow_dot', 1);
  await from.sql.begin(async (tx) => {
    await tx`lock table dpg.i_p_yellowdot_tutor in row exclusive mode`;
    await moveAndExpect('waiting', 'yellow_dot', from, to, '--patience', '0.5');
  });
  return [from, to];
}

/** A change that must not be lost. */
async function change({ sql }: Home, status: string): Promise<void> {
  await sql`select dpg.transition_action('ravi', 'yellow_dot', 'connect', a.action_id, ${status}) from dpg.item_actions a`;
}

async function expectThere(from: Home, to: Home, status = 'changed there'): Promise<void> {
  expect(await checksums(to, 'yellow_dot')).toEqual(await checksums(from, 'yellow_dot'));
  await change(to, status);
  await moveAndExpect('finished', 'yellow_dot', from, to, '--finish', '--even-undelivered');
}

describe.skipIf(!hasOwnServers)('accidents', () => {
  beforeAll(async () => {
    one = await startServerOfHomes();
    // several databases of one server follow the users
    const room = {
      max_logical_replication_workers: '12',
      max_worker_processes: '24',
      max_active_replication_origins: '20',
    };
    if (Number(version) < 18) Reflect.deleteProperty(room, 'max_active_replication_origins');
    other = await startServerOfHomes(undefined, room);
  }, 120_000);

  test('the slot has gone, then the subscription: status says so, and the copy begins anew', async () => {
    const [from, to] = await copied();
    await from.sql`select pg_terminate_backend(s.active_pid) from pg_replication_slots s where s.slot_name = ${SLOT}`;
    await to.sql.unsafe(`alter subscription ${SLOT} disable`);
    for (let gone = false; !gone; )
      gone = await from.sql`select pg_drop_replication_slot(${SLOT})`.then(
        () => true,
        () => false,
      );
    const { exitCode, document } = await moveNetwork('yellow_dot', from, to, '--status');
    expect(exitCode).toBe(1);
    expect(document.status.problems).toContain(
      `the slot ${SLOT} is gone: run the command again, it begins the copy anew`,
    );
    expect(document.status.problems).toContain(`the subscription ${SLOT} is disabled`);
    await change(from, 'after the slot');
    await from.sql.begin(async (tx) => {
      await tx`lock table dpg.i_p_yellowdot_tutor in row exclusive mode`;
      await moveAndExpect('waiting', 'yellow_dot', from, to, '--patience', '0.5');
    });

    for (const text of ['disable', 'set (slot_name = none)'])
      await to.sql.unsafe(`alter subscription ${SLOT} ${text}`);
    await to.sql.unsafe(`drop subscription ${SLOT}`);
    await change(from, 'after the subscription');
    await moveAndExpect('moved', 'yellow_dot', from, to, '--verify');
    await expectThere(from, to);
  }, 120_000);

  test('the session on the sender is ended: the command says so, and the move goes on', async () => {
    const [from, to] = await copied();
    const told = await from.sql.begin(async (tx) => {
      await tx`lock table dpg.i_p_yellowdot_tutor in row exclusive mode`;
      const started = await startMove('yellow_dot', from, to);
      await eventually('it waits', async () => started.said.some((line) => line.includes('not yet')));
      await from.sql`
        select pg_terminate_backend(a.pid) from pg_stat_activity a
        where a.datname = current_database() and a.application_name = 'dpg-database move'`;
      expect(await started.ended).toBe(3);
      return started.said.join('\n');
    });
    expect(told).toMatch(/session.* was lost/);
    expect(told).toContain('Run the command again');
    await moveAndExpect('moved', 'yellow_dot', from, to);
    await expectThere(from, to);
  }, 120_000);

  test('a transaction that was writing before holds up the copy: the command and --status name it', async () => {
    const [from, to] = [await one.home(), await other.home()];
    await prepare(from, 'yellow_dot', 1);
    const started = await from.sql.begin(async (tx) => {
      await tx`set local application_name = 'a long report'`;
      await tx`select pg_current_xact_id()`;
      const begun = await startMove('yellow_dot', from, to);
      await eventually('it is named', async () =>
        begun.said.some((line) => /waiting for a transaction .*a long report/.test(line)),
      );
      const { exitCode, document } = await moveNetwork('yellow_dot', from, to, '--status');
      expect(exitCode).toBe(1);
      expect(document.status.problems.join('\n')).toMatch(/the copy waits for .*a long report/);
      return begun;
    });
    expect(await started.ended).toBe(0);
    await expectThere(from, to);
  }, 120_000);

  test('the receiver crashes, then the sender: the move goes on', async () => {
    const [from, to] = await copied();
    await change(from, 'before');
    await other.crash();
    await change(from, 'between');
    await one.crash();
    await change(from, 'after');
    await moveAndExpect('moved', 'yellow_dot', from, to, '--verify');
    await one.crash();
    await other.crash();
    await moveAndExpect('moved', 'yellow_dot', from, to);
    await expectThere(from, to);
  }, 120_000);

  test('the receiver is lost for good: the sender keeps nothing for it', async () => {
    const [from, to] = await copied();
    await to.sql.unsafe(`alter subscription ${SLOT} disable; alter subscription dpg_users disable`);
    await moveAndExpect('aborted', 'yellow_dot', from, undefined, '--abort', '--without-receiver');
    expect(
      await from.sql`select from pg_replication_slots s where s.database = current_database()`,
    ).toHaveLength(0);
    expect(await from.sql`select from pg_publication`).toHaveLength(0);
    expect(await from.sql`select from dpg_private.moves`).toHaveLength(0);
    await from.sql`select dpg.ensure_item_partition('yellow_dot', 'school')`;
  });

  test('the command ended when the receiver had opened the network: what was defined there since stays', async () => {
    const [from, to] = await copied();
    await moveAndExpect('moved', 'yellow_dot', from, to);
    await to.sql`select dpg.define_action('yellow_dot', 'connect', '[{"from": "created", "to": "seen", "by": "either"}]')`;
    await from.sql`update dpg_private.moves set step = 'closed'`;
    await moveAndExpect('moved', 'yellow_dot', from, to);
    expect(await to.sql`select from dpg.action_definitions`).toHaveLength(1);
    await expectThere(from, to, 'seen');
  });

  test('two networks move at the same time', async () => {
    const [from, to] = [await one.home(), await other.home()];
    for (const network of ['yellow_dot', 'red_dot']) await prepare(from, network, 1);
    const moved = await Promise.all(
      ['yellow_dot', 'red_dot'].map((network) => moveAndExpect('moved', network, from, to, '--verify')),
    );
    expect(moved.map(({ step }) => step)).toEqual(['opened', 'opened']);
    for (const network of ['yellow_dot', 'red_dot'])
      await moveAndExpect('finished', network, from, to, '--finish');
    expect(await from.sql`select from dpg.partitions`).toHaveLength(0);
    expect(await to.sql`select from dpg.partitions`).toHaveLength(8);
  });

  test('the receiver has the users already, and owners among them: they are copied anew', async () => {
    const [from, to] = [await one.home(), await other.home()];
    await prepare(from, 'yellow_dot', 1);
    const users = await from.sql<{ u: never }[]>`select to_jsonb(u) as u from public."user" u`;
    for (const { u } of users)
      await to.sql`insert into public."user" select (jsonb_populate_record(null::public."user", ${to.sql.json(u)})).*`;
    await to.sql`select dpg.upsert_item('ravi', 'red_dot', 'tutor', 'p', 'https://here.example.com', 's')`;
    await moveAndExpect('moved', 'yellow_dot', from, to, '--verify');
    const read = ({ sql }: Home) => sql`select u.* from public."user" u order by u.id`;
    expect(await read(to)).toEqual(await read(from));
    await to.sql`select dpg.update_item('ravi', 'red_dot', 'tutor', 'p', i.item_id, '{"item_state": {}}') from dpg.items i where i.item_network = 'red_dot'`;
    await expectThere(from, to);
  });
});
