// A call that names a network whose home is another server is DP017, whichever function it is: for a network that has
// never been here, and for one whose leaves are closed. Everything else goes on, as if that network were not there.

import { beforeAll, expect, test } from 'vitest';
import { createDpg } from '../../sdk/index.js';
import { CALLS } from '../hostile/calls.js';
import { addUsers, student, tutor } from '../sdk/story.js';
import { temporaryDatabase, testDatabase } from '../support/test-database.js';

const SERVER = 'postgres://elsewhere.example.com:5432/dpg';
const ID = '33333333-3333-4333-8333-333333333333';

/** What CALLS lacks: the functions of dpg_admin, and a network where it may be left out. */
const MORE = [
  `dpg.find_own_items('asha', 'shadow')`,
  `dpg.register_network('{"name": "shadow", "domains": [{"name": "student", "item_schemas": {"profile": {}}}], "instances": [], "actions": {}}')`,
  `dpg.unregister_network('shadow')`,
  `dpg.define_network('shadow', null)`,
  `dpg.redact_event('asha', 'shadow', 'connect', '${ID}', 'because')`,
  ...CALLS.filter((call) => call.startsWith('dpg.store_event(')).map((call) =>
    call.replace('store_event(', "accept_differing_event('asha', ").replace(/\)$/, ", 'because')"),
  ),
];

/** Functions that name a network and still answer: what is left here goes on being read. */
const OF_FEEDS = ['create_subscription', 'create_item_subscription', 'confirm_lost_events'];

const database = await testDatabase();
beforeAll(() => addUsers(database.sql, 'asha', 'ravi', 'mei'));

const codeOf = async (sql: typeof database.sql, call: string): Promise<string> => {
  try {
    await sql.begin(async (tx) => {
      await tx.unsafe(`select * from ${call}`);
      throw Object.assign(new Error('undone'), { code: 'fine' });
    });
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'fine';
};

/** Each function of the API that names a network, and what each of its calls ended in. */
async function answers(sql: typeof database.sql): Promise<Record<string, string[]>> {
  const naming = await sql<{ name: string }[]>`
    select distinct p.proname as name
    from pg_proc p
    cross join lateral unnest(p.proargnames[:p.pronargs], p.proargtypes::oid[]) a(name, type)
    where p.pronamespace = 'dpg'::regnamespace
      and p.prorettype <> 'trigger'::regtype
      and (
        a.name in ('item_network', 'partition_network', 'network', 'document', 'event')
        or a.type in ('dpg.item_ref'::regtype, 'dpg.item_ref[]'::regtype)
        or (p.proname, a.name) in (('upsert_items', 'items'), ('transition_actions', 'transitions'))
      )
    order by 1`;
  const results: Record<string, string[]> = {};
  for (const { name } of naming) if (!OF_FEEDS.includes(name)) results[name] = [];
  for (const call of [...CALLS, ...MORE]) {
    const name = /^dpg\.([a-z_]+)\(/.exec(call)?.[1] as string;
    if (!(name in results) || !call.includes('shadow')) continue;
    // malformed on purpose: DP001 comes first
    const code = await codeOf(sql, call);
    if (code !== 'DP001' && code !== 'DP011') results[name]?.push(code);
  }
  return results;
}

test('each function that names a network which has never been here', async () => {
  await database.sql`insert into dpg.homes (network, server) values ('shadow', ${SERVER})`;
  const found = await answers(database.sql);
  for (const [name, codes] of Object.entries(found)) {
    expect(codes, `${name} is called`).not.toEqual([]);
    expect(new Set(codes), name).toEqual(new Set(['DP017']));
  }
  const refused = await database.sql`select dpg.get_item('shadow', 'student', 'profile', ${ID})`.catch(
    (error: { detail: string }) => JSON.parse(error.detail) as unknown,
  );
  expect(refused).toEqual({ network: 'shadow', server: SERVER });
  await database.sql`delete from dpg.homes`;
  expect(await codeOf(database.sql, `dpg.ensure_item_partition('shadow', 'student')`)).toBe('fine');
});

/** A database in which the network shadow was closed, with rows in it, and green lives on. */
async function closedDatabase() {
  const closed = await temporaryDatabase();
  await addUsers(closed.sql, 'asha', 'ravi', 'mei');
  const dpg = createDpg(closed.sql);
  for (const network of ['shadow', 'green']) {
    const source = await dpg.as('asha').items.upsert(student({ item_network: network }));
    const target = await dpg.as('ravi').items.upsert(tutor({ item_network: network }));
    await dpg.as('asha').actions.perform({ action_type: 'connect', source, target });
  }
  await dpg.subscriptions.create({ subscription: 'all' });
  await dpg.subscriptions.createItemSubscription({ subscription: 'index' });
  await dpg.as('asha').items.upsert(student({ item_network: 'shadow' }));
  await closed.sql`select dpg_private.begin_move('shadow', ${SERVER})`;
  return { ...closed, dpg };
}

const close = (closed: Awaited<ReturnType<typeof closedDatabase>>) =>
  closed.sql.begin(async (tx) => {
    await tx`select dpg_private.lock_network('shadow', 1000)`;
    await tx`select dpg_private.close_network('shadow', ${SERVER})`;
  });

test('each function, of a network whose leaves are closed', async () => {
  const closed = await closedDatabase();
  try {
    await close(closed);
    const found = await answers(closed.sql);
    for (const [name, codes] of Object.entries(found)) {
      expect(new Set(codes), name).toEqual(new Set(['DP017']));
    }
  } finally {
    await closed.drop();
  }
});

test('lists leave the network out, feeds and erasures reach what is left', async () => {
  const closed = await closedDatabase();
  const { dpg } = closed;
  try {
    await close(closed);
    const asha = dpg.as('asha');
    const networks = (rows: object[], column: string) => [
      ...new Set(rows.map((row) => (row as { [column: string]: string })[column])),
    ];
    expect(networks((await asha.items.own()).rows, 'item_network')).toEqual(['green']);
    expect(networks((await asha.actions.find()).rows, 'partition_network')).toEqual(['green']);
    expect(networks((await asha.events.find()).rows, 'partition_network')).toEqual(['green']);
    expect(networks(await asha.actions.counts(), 'partition_network')).toEqual(['green']);

    const events = await dpg.subscriptions.read({ subscription: 'all' });
    expect(networks(events, 'partition_network').sort()).toEqual(['green', 'shadow']);
    const changes = await dpg.subscriptions.readItemChanges({ subscription: 'index' });
    expect(changes.map(({ change, item_network }) => [change, item_network])).toEqual([
      ['upserted', 'shadow'],
    ]);

    await closed.sql`select dpg.erase_user('mei', 'asha', 'asked for it')`;
    const [left] = await closed.sql`
      select (select count(*) from dpg.items where created_by = 'asha')::integer as items,
        (select count(*) from dpg.item_actions where source_item_owner = 'asha')::integer as actions,
        (select count(*) from dpg.action_events where source_item_owner = 'asha')::integer as events`;
    expect(left).toEqual({ items: 0, actions: 0, events: 0 });
  } finally {
    await closed.drop();
  }
});

test('who has found a leaf before it was closed, and waits for its lock, is refused', async () => {
  const closed = await closedDatabase();
  try {
    const mine = (await closed.dpg.as('asha').items.own({ item_network: 'shadow' })).rows[0];
    const closing = await closed.sql.reserve();
    await closing`begin`;
    await closing`select dpg_private.lock_network('shadow', 1000)`;
    const writes = [
      closed.dpg.as('asha').items.upsert(student({ item_network: 'shadow' })),
      closed.dpg.as('asha').items.update(mine as never, { changes: { item_state: { name: 'late' } } }),
      closed.sql`update dpg.items set item_state = '{}' where item_network = 'shadow'`,
      closed.sql.begin('isolation level repeatable read', async (tx) => {
        await tx`select count(*) from dpg.items`; // its snapshot is older
        await closed.dpg
          .with(tx)
          .as('asha')
          .items.upsert(student({ item_network: 'shadow' }));
      }),
    ].map(async (write) => write);
    const ended = Promise.allSettled(writes);
    await expect
      .poll(async () => {
        const [waiting] = await closed.sql`
          select count(*)::integer as count from pg_locks where not granted and mode = 'RowExclusiveLock'`;
        return waiting?.count;
      })
      .toBe(4);
    await closing`select dpg_private.close_network('shadow', ${SERVER})`;
    await closing`commit`;
    closing.release();
    const codes = (await ended).map((result) =>
      result.status === 'rejected' ? (result.reason as { code: string }).code : 'fine',
    );
    expect(codes).toEqual(['DP017', 'DP017', 'DP017', 'DP017']);
  } finally {
    await closed.drop();
  }
});

test('a home cannot be given to a network that lives here, nor taken from one whose closed leaves are here', async () => {
  const closed = await closedDatabase();
  try {
    await expect(closed.sql`insert into dpg.homes values ('green', ${SERVER})`).rejects.toMatchObject({
      code: 'DP001',
      message: expect.stringContaining('lives here') as string,
    });
    await close(closed);
    await expect(closed.sql`delete from dpg.homes`).rejects.toMatchObject({ code: 'DP001' });
    await expect(closed.sql`truncate dpg.homes`).rejects.toMatchObject({ code: 'DP001' });
    const admin = closed.connect({ role: 'dpg_admin' });
    await admin`insert into dpg.homes values ('blue', ${SERVER})`;
    expect(await codeOf(closed.sql, `dpg.count_items('blue')`)).toBe('DP017');
    await admin`delete from dpg.homes where network = 'blue'`;
    expect(await codeOf(closed.sql, `dpg.count_items('blue')`)).toBe('fine');
    const app = closed.connect({ role: 'dpg_app' });
    expect(await app`select network from dpg.homes`).toMatchObject([{ network: 'shadow' }]);
    await expect(app`delete from dpg.homes`).rejects.toMatchObject({ code: '42501' });
  } finally {
    await closed.drop();
  }
});

test('while a network is moving no leaf of it is created, and everything else goes on', async () => {
  const moving = await closedDatabase();
  try {
    const refused = { code: 'DP010', detail: expect.stringContaining('"reason": "moving"') as string };
    await expect(moving.sql`select dpg.ensure_item_partition('shadow', 'new')`).rejects.toMatchObject(
      refused,
    );
    await expect(
      moving.dpg.as('asha').items.upsert(student({ item_network: 'shadow', item_domain: 'new' })),
    ).rejects.toMatchObject({ code: 'DP010' });
    await moving.sql`select dpg.ensure_item_partition('green', 'new')`;
    await moving.dpg.as('asha').items.upsert(student({ item_network: 'shadow' }));
    await moving.sql`select dpg.define_item('shadow', 'student', '[{"status": "draft", "found": false}]')`;
    await moving.sql`select dpg.erase_user('mei', 'ravi', 'asked for it')`;
  } finally {
    await moving.drop();
  }
});
