// Who waits for whom in the feed of items: a reader for no writer, a writer for no reader, and whoever creates a
// subscription for the writers that are under way, for a bounded time.

import { randomUUID } from 'node:crypto';
import type postgres from 'postgres';
import { beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const { sql } = database;

beforeAll(async () => {
  await sql`insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com')`;
});

const upsert = (session: postgres.Sql, network: string, id: string, n: number, domain = 'student') =>
  session`
    select from dpg.upsert_item('asha', ${network}, ${domain}, 'profile', 'https://yellowdot.example.com', 's',
      ${sql.json({ n })}, item_id => ${id}::uuid)`;

const read = async (session: postgres.Sql, subscription: string) =>
  (
    await session<
      { change: string; n: number | null; item_id: string; position: string; lease_id: string }[]
    >`
      select change, (item_state ->> 'n')::integer as n, item_id, "position", lease_id
      from dpg.read_item_changes(${subscription})`
  ).slice();

const acknowledge = (session: postgres.Sql, subscription: string, position: string) =>
  session`select dpg.acknowledge(${subscription}, ${position}::bigint)`;

/** A session of its own; a statement of it that waits for a lock ends in 55P03. */
async function session(): Promise<postgres.ReservedSql> {
  const own = await database.connect({ max: 1 }).reserve();
  await own`set lock_timeout = '3s'`;
  return own;
}

test('a change of an item that waits is seen after its commit, though an earlier row waits already', async () => {
  const [writer, reader] = [await session(), await session()];
  const id = randomUUID();
  await sql`select dpg.create_item_subscription('commits', 'commits')`;
  await upsert(writer, 'commits', id, 1);
  await writer`begin`;
  await upsert(writer, 'commits', id, 2);
  // what is committed waits for the writer, who holds its row; the reader does not
  expect(await read(reader, 'commits')).toEqual([]);
  await writer`commit`;
  expect(await read(reader, 'commits')).toMatchObject([{ change: 'upserted', n: 2 }]);
});

test('a writer does not wait for a reader whose transaction stays open, and its change is not lost', async () => {
  const [writer, reader] = [await session(), await session()];
  const id = randomUUID();
  await sql`select dpg.create_item_subscription('open', 'open')`;
  await upsert(writer, 'open', id, 1);
  await reader`begin`;
  const [first] = await read(reader, 'open');
  expect(first).toMatchObject({ n: 1 });
  await upsert(writer, 'open', id, 2);
  await acknowledge(reader, 'open', first?.position ?? '');
  await upsert(writer, 'open', id, 3);
  await reader`commit`;
  expect(await read(reader, 'open')).toMatchObject([{ n: 3 }]);
});

test('a reader who is rolled back has handed out nothing: what waited comes once', async () => {
  const [writer, reader] = [await session(), await session()];
  const id = randomUUID();
  await sql`select dpg.create_item_subscription('undone', 'undone')`;
  await upsert(writer, 'undone', id, 1);
  await reader`begin`;
  const [undone] = await read(reader, 'undone');
  await upsert(writer, 'undone', id, 2);
  await reader`rollback`;
  const again = await read(reader, 'undone');
  expect(again).toMatchObject([{ n: 2, position: undone?.position }]);
});

test('a long transaction holds back its own items and nobody else’s', async () => {
  const [long, writer, reader] = [await session(), await session(), await session()];
  const [held, other] = [randomUUID(), randomUUID()];
  await sql`select dpg.create_item_subscription('long', 'long')`;
  await upsert(writer, 'long', randomUUID(), 0);
  await long`begin`;
  await upsert(long, 'long', held, 1);
  await upsert(writer, 'long', other, 1);
  const early = await read(reader, 'long');
  expect(early.map(({ item_id }) => item_id)).not.toContain(held);
  expect(early.map(({ item_id }) => item_id)).toContain(other);
  await acknowledge(reader, 'long', early.at(-1)?.position ?? '');
  await long`commit`;
  expect(await read(reader, 'long')).toMatchObject([{ item_id: held }]);
});

test('who creates a subscription waits for writers under way, and what they commit is before it', async () => {
  const [writer, creator] = [await session(), await session()];
  const id = randomUUID();
  await upsert(writer, 'waits', randomUUID(), 0);
  await writer`begin`;
  await upsert(writer, 'waits', id, 1);
  let isCreated = false;
  const creation = creator`select dpg.create_item_subscription('waits', 'waits')`.then(() => {
    isCreated = true;
  });
  await sql`select pg_sleep(0.3)`;
  expect(isCreated).toBe(false);
  // meanwhile others read, and write for most of the time
  await sql`select count(*) from dpg.items where item_network = 'waits'`;
  await upsert(sql, 'waits', randomUUID(), 2);
  await writer`commit`;
  await creation;
  await upsert(writer, 'waits', id, 3);
  expect(await read(sql, 'waits')).toMatchObject([{ item_id: id, n: 3 }]);
});

test('for a bounded time: then it is refused, and says who holds the lock', async () => {
  const writer = await session();
  const [{ pid } = { pid: 0 }] = await writer`select pg_backend_pid() as pid`;
  await upsert(writer, 'bounded', randomUUID(), 0);
  await sql`update dpg.limits set limit_value = 1 where limit_name = 'partition_lock_seconds'`;
  await writer`begin`;
  await upsert(writer, 'bounded', randomUUID(), 1);
  const refusal = await sql`select dpg.create_item_subscription('bounded', 'bounded')`.catch(
    (error) => error,
  );
  expect(refusal).toMatchObject({
    code: 'DP010',
    message:
      "the triggers for subscription 'bounded' cannot be changed: the lock on dpg.i_p_bounded_student could not be had within 1 s",
  });
  expect(JSON.parse(refusal.detail)).toMatchObject({ reason: 'locks', blocked_by: [{ pid }] });
  await writer`commit`;
  await sql`update dpg.limits set limit_value = 5 where limit_name = 'partition_lock_seconds'`;
  expect(await sql`select from dpg.subscriptions where subscription = 'bounded'`).toHaveLength(0);
});

test('a leaf that is created under an older snapshot ends in 40001 where that does not show the subscription', async () => {
  const older = await session();
  await older`begin isolation level repeatable read`;
  await older`select count(*) from dpg.subscriptions`;
  await sql`select dpg.create_item_subscription('older', 'older')`;
  await expect(upsert(older, 'older', randomUUID(), 1)).rejects.toMatchObject({ code: '40001' });
  await older`rollback`;
  await older`begin isolation level repeatable read`;
  await upsert(older, 'older', randomUUID(), 2);
  await older`commit`;
  expect(await read(sql, 'older')).toMatchObject([{ n: 2 }]);
});

test.each(['repeatable read', 'serializable'])(
  'what a transaction of %s changes is seen',
  async (isolation) => {
    const [one, two] = [await session(), await session()];
    const name = isolation.replace(' ', '_');
    const ids = [randomUUID(), randomUUID()];
    await sql`select dpg.create_item_subscription(${name}, ${name})`;
    for (const id of ids) await upsert(sql, name, id, 0);
    // two of them at once, with different items, do not disturb each other
    for (const [i, own] of [one, two].entries()) {
      await own.unsafe(`begin isolation level ${isolation}`);
      await own.unsafe(
        `update dpg.items set item_state = '{"n": 1}' where item_network = '${name}' and item_domain = 'student' and item_type = 'profile' and item_id = '${ids[i]}'`,
      );
    }
    for (const own of [one, two]) await own`commit`;
    expect((await read(sql, name)).map(({ n }) => n)).toEqual([1, 1]);
  },
);

test.each(['repeatable read', 'serializable'])(
  'a reader does not make a writer of %s fail: what waited in its snapshot was handed out since',
  async (isolation) => {
    const name = `handed out, ${isolation}`;
    const ids = [randomUUID(), randomUUID()];
    await sql`select dpg.create_item_subscription(${name}, ${name})`;
    for (const id of ids) await upsert(sql, name, id, 1);
    const writer = await session();
    await writer.unsafe(`begin isolation level ${isolation}`);
    await writer`select count(*) from dpg.items`;
    expect(await read(sql, name)).toHaveLength(2);
    await upsert(writer, name, ids[0] ?? '', 2);
    await writer`select from dpg.delete_item('asha', ${name}, 'student', 'profile', ${ids[1] ?? ''}::uuid)`;
    await writer`commit`;
    await acknowledge(sql, name, '2');
    expect((await read(sql, name)).map(({ change, n }) => [change, n])).toEqual([
      ['upserted', 2],
      ['deleted', null],
    ]);
  },
);

// A restore or a promotion is a database_identity that is not the one that is noted: see items-restore.test.ts.
test('a new home that has handed out nothing yet, since writers hold what waits, gives no position again', async () => {
  const writer = await session();
  const id = randomUUID();
  await sql`select dpg.create_item_subscription('held', 'held')`;
  await upsert(sql, 'held', id, 1);
  await acknowledge(sql, 'held', (await read(sql, 'held'))[0]?.position ?? '');
  await upsert(sql, 'held', id, 2);
  await sql`update dpg_private.item_followers set home = 'the former' where subscription = 'held'`;
  await writer`begin`;
  await upsert(writer, 'held', id, 3);
  expect(await read(sql, 'held')).toEqual([]);
  await writer`commit`;
  expect(await read(sql, 'held')).toMatchObject([{ n: 3, position: '1000000002' }]);
});

test('a subscription that has handed out nothing knows its home: what the former hands out later is not given again', async () => {
  await sql`select dpg.create_item_subscription('unread', 'unread')`;
  const [follower] = await sql`
    select f.home = dpg_private.database_identity() as is_home
    from dpg_private.item_followers f where f.subscription = 'unread'`;
  expect(follower).toEqual({ is_home: true });
  await sql`update dpg_private.item_followers set home = 'the former' where subscription = 'unread'`;
  await upsert(sql, 'unread', randomUUID(), 1);
  expect(await read(sql, 'unread')).toMatchObject([{ position: '1000000001' }]);
});

test('a reader that slept past its lease ends no lease of another and takes no change away', async () => {
  const id = randomUUID();
  await sql`select dpg.create_item_subscription('late', 'late')`;
  await upsert(sql, 'late', id, 1);
  const [late] = await sql`select "position", lease_id from dpg.read_item_changes('late', 10, 0.01)`;
  await sql`select pg_sleep(0.02)`;
  const [present] = await read(sql, 'late');
  expect(present?.position).toBe(late?.position);
  await upsert(sql, 'late', id, 2);
  await sql`select dpg.acknowledge('late', ${late?.position}::bigint, ${late?.lease_id})`;
  const [status] =
    await sql`select is_leased, lag_events::integer from dpg.subscription_status where subscription = 'late'`;
  expect(status).toEqual({ is_leased: true, lag_events: 1 });
  await acknowledge(sql, 'late', present?.position ?? '');
  expect(await read(sql, 'late')).toMatchObject([{ n: 2 }]);
});

test('a read at the end writes nothing, and one after an old snapshot does not read what was handed out', async () => {
  await sql`select dpg.create_item_subscription('idle', 'idle')`;
  await upsert(sql, 'idle', randomUUID(), 0);
  const old = await session();
  await old`begin isolation level repeatable read`;
  await old`select count(*) from dpg.items`;
  for (let round = 0; round < 4; round++) {
    await sql`
      update dpg.items set item_state = jsonb_build_object('n', n)
      from generate_series(1, 1) n where item_network = 'idle'`;
    await sql`
      select count(dpg.upsert_item('asha', 'idle', 'student', 'profile', 'https://yellowdot.example.com', 's', item_id => gen_random_uuid()))
      from generate_series(1, 1000)`;
    const batch = await sql`select "position" from dpg.read_item_changes('idle', 10000)`;
    await acknowledge(sql, 'idle', batch.at(-1)?.position);
  }
  const one = await session();
  const [{ wrote } = { wrote: true }] = await one`
    select exists (select from dpg.read_item_changes('idle')) or pg_current_xact_id_if_assigned() is not null as wrote`;
  expect(wrote).toBe(false);
  const [plan] = await one`
    select f.swept_seq > (select last_value from dpg_private.changed_items_seq_seq) - 1100 as is_swept
    from dpg_private.item_followers f where f.subscription = 'idle'`;
  expect(plan?.is_swept).toBe(true);
  await old`rollback`;
});

test.each([
  `select * from dpg.read_item_changes('idle')`,
  `select dpg.create_item_subscription('levels')`,
  `select dpg.drop_subscription('idle')`,
])('%s is refused in repeatable read and serializable', async (call) => {
  const own = await session();
  for (const isolation of ['repeatable read', 'serializable']) {
    await own.unsafe(`begin isolation level ${isolation}`);
    await expect(own.unsafe(call)).rejects.toMatchObject({ code: '25000' });
    await own`rollback`;
  }
});

test('a subscription that is dropped under load lets writers go on, and a new one begins later', async () => {
  await sql`select dpg.create_item_subscription('dropped', 'dropped')`;
  let isOn = true;
  const writers = Array.from({ length: 4 }, async () => {
    const own = await session();
    for (let n = 0; isOn; n++) await upsert(own, 'dropped', randomUUID(), n);
  });
  for (let round = 0; round < 5; round++) {
    await sql`select dpg.drop_subscription('dropped')`;
    await sql`select dpg.create_item_subscription('dropped', 'dropped')`;
  }
  isOn = false;
  await Promise.all(writers);
  const [left] = await sql`
    select count(*)::integer as rows from dpg_private.changed_items c
    where not exists (select from dpg_private.item_followers f where f.follower = c.follower)`;
  expect(left?.rows).toBe(0);
});

test('a batch reads its own items and no others, also in a leaf without statistics', async () => {
  const own = await session();
  await sql`select dpg.ensure_item_partition('batch', 'student')`;
  await sql`alter table dpg.i_p_batch_student set (autovacuum_enabled = off)`;
  await sql`
    select count(dpg.upsert_item('asha', 'batch', 'student', 'profile', 'https://yellowdot.example.com', 's', item_id => gen_random_uuid()))
    from generate_series(1, 5000)`;
  await sql`select dpg.create_item_subscription('batch', 'batch')`;
  await sql`
    update dpg.items set item_state = '{"n": 1}'
    where item_network = 'batch' and item_id in (select item_id from dpg.items where item_network = 'batch' limit 100)`;
  for (const what of ['handed out', 'handed out again', 'handed out, with later changes']) {
    await own`begin`;
    const batch = await read(own, 'batch');
    const [{ rows } = { rows: 0 }] = await own`
      select (t.seq_tup_read + t.idx_tup_fetch)::integer as rows
      from pg_stat_xact_all_tables t
      where t.relid = 'dpg.i_p_batch_student'::regclass`;
    await own`commit`;
    expect(batch, what).toHaveLength(100);
    expect(rows, what).toBeLessThanOrEqual(400); // of 5,000; with former versions that nobody has cleaned up
    await sql`select dpg.release_events('batch')`;
    if (what === 'handed out again')
      await sql`update dpg.items set item_state = '{"n": 2}' where item_network = 'batch' and item_state @> '{"n": 1}'`;
  }
});

test('an item that changes while a reader looks at what it has not acknowledged comes once, as it is then', async () => {
  const [holder, reader] = [await session(), await session()];
  const [one, other] = [randomUUID(), randomUUID()];
  await sql`select dpg.create_item_subscription('between', 'between')`;
  for (const id of [one, other]) await upsert(sql, 'between', id, 1);
  const before = await read(reader, 'between');
  expect(before).toHaveLength(2);
  await sql`select dpg.release_events('between', lease_id => ${before[0]?.lease_id ?? ''}::uuid)`;

  // the reader stands between its look at what it handed out and its look at what waits
  await sql.unsafe(`
    create function public.stop_here() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock(4711); return null; end';
    create trigger stop_here before delete on dpg_private.item_changes for each statement execute function public.stop_here()`);
  await holder`select pg_advisory_lock(4711)`;
  await reader`set lock_timeout = 0`;
  const reading = read(reader, 'between');
  for (let waits = false; !waits; ) {
    const [row] =
      await sql`select count(*)::integer as n from pg_locks where locktype = 'advisory' and not granted`;
    waits = row?.n > 0;
  }
  await upsert(sql, 'between', one, 2);
  await holder`select pg_advisory_unlock(4711)`;
  const rows = await reading;
  await sql.unsafe('drop function public.stop_here() cascade');

  expect(rows.map(({ item_id, n }) => [item_id, n])).toEqual([
    [other, 1],
    [one, 2],
  ]);
  expect(Number(rows[1]?.position)).toBeGreaterThan(Number(before[1]?.position));
  await acknowledge(sql, 'between', rows[1]?.position ?? '');
  expect(await read(reader, 'between')).toEqual([]);
});
