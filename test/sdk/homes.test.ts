// Networks on servers of their own: which server gets which call, and what becomes of one that has moved.

import { beforeAll, describe, expect, test } from 'vitest';
import { functions } from '../../sdk/functions.js';
import { wayOf } from '../../sdk/homes/networks.js';
import {
  type Action,
  createDpg,
  type Dpg,
  InvalidArgumentError,
  type Item,
  NetworkElsewhereError,
  UserNotFoundError,
} from '../../sdk/index.js';
import { type TestDatabase, testDatabase } from '../support/test-database.js';
import { beginMove, move, sendAway, serverOf } from './homes-world.js';
import { addUsers, errorOf, noting, student, tutor } from './story.js';

const [usual, yellow, spare] = [await testDatabase(), await testDatabase(), await testDatabase()];
/** One login for all of them, with the rights of an application. */
const login = await usual.createLogin('dpg_app');

function urlOf(database: TestDatabase): string {
  const url = new URL(login);
  url.pathname = new URL(database.url).pathname;
  return url.href;
}

let number = 0;
/** A network that no other test has. */
const newNetwork = () => `network_${++number}`;

const itemsIn = async ({ sql }: TestDatabase, network: string) =>
  Number((await sql`select count(*) as items from dpg.items where item_network = ${network}`)[0]?.items);

beforeAll(async () => {
  for (const { sql } of [usual, yellow, spare]) await addUsers(sql, 'asha', 'ravi');
});

describe('which server gets a call', () => {
  test('that of the network that it names, by configuration; the default one for the others', async () => {
    const [here, there] = [newNetwork(), newNetwork()];
    await using dpg = createDpg({ homes: { [there]: urlOf(yellow) }, default: urlOf(usual) });
    await dpg.as('asha').items.upsert(student({ item_network: here }));
    const item = await dpg.as('asha').items.upsert(student({ item_network: there }));
    expect([await itemsIn(usual, here), await itemsIn(yellow, here)]).toEqual([1, 0]);
    expect([await itemsIn(usual, there), await itemsIn(yellow, there)]).toEqual([0, 1]);
    expect(await dpg.items.get(item)).toEqual(item);
  });

  test('one that has moved is followed, as the same user, and then gone to at once', async () => {
    const network = newNetwork();
    await sendAway(network, usual, yellow);
    const asked: string[] = [];
    const sql = usual.connect({ url: urlOf(usual), ...noting(asked) });
    await using dpg = createDpg({ homes: {}, default: sql });
    const item = await dpg.as('asha').items.upsert(student({ item_network: network }));
    expect(await itemsIn(yellow, network)).toBe(1);
    expect(asked).toHaveLength(1);
    await dpg.items.get(item);
    expect(asked).toHaveLength(1);
    expect(dpg.home(network).sql).not.toBe(sql);
  });

  test('a network that has moved twice, and one that has come back', async () => {
    const network = newNetwork();
    await using dpg = createDpg({ homes: {}, default: urlOf(usual) });
    const item = await dpg.as('asha').items.upsert(student({ item_network: network }));
    await move(network, usual, yellow);
    await usual.sql`select dpg_private.forget_network(${network})`;
    await yellow.sql`select dpg_private.note_step(${network}, 'done')`;
    expect(await dpg.items.get(item)).toEqual(item);
    await yellow.sql`delete from dpg_private.moves`;
    await move(network, yellow, spare);
    expect(await dpg.items.get(item)).toEqual(item);
    await using fresh = createDpg({ homes: {}, default: urlOf(usual) });
    expect(await fresh.items.get(item)).toEqual(item);
  });

  test('a server that is configured by another name of its own', async () => {
    const network = newNetwork();
    await usual.sql`insert into dpg.homes (network, server) values (${network}, 'the yellow one')`;
    await using unknowing = createDpg({ homes: {}, default: urlOf(usual) });
    const refusal = await errorOf(unknowing.items.count({ item_network: network }));
    expect(refusal).toBeInstanceOf(NetworkElsewhereError);
    const lists = (await errorOf(unknowing.as('asha').items.own())) as NetworkElsewhereError;
    expect(lists).toBeInstanceOf(NetworkElsewhereError);
    expect(lists.detail).toEqual({ network, server: 'the yellow one' });
    await using dpg = createDpg({ homes: { [network]: urlOf(yellow) }, default: urlOf(usual) });
    expect(await dpg.items.count({ item_network: network })).toBe(0n);
    expect((await dpg.as('asha').items.own()).rows).toBeInstanceOf(Array);
    await usual.sql`delete from dpg.homes where network = ${network}`;
  });

  test('every function is told how it names its network', () => {
    for (const [name, { takes, mayTake }] of Object.entries(functions)) {
      const way = wayOf(name);
      expect(way, name).toBeDefined();
      const named = Object.keys({ ...takes, ...mayTake }).filter((argument) =>
        ['item_network', 'partition_network', 'network'].includes(argument),
      );
      if (way?.how !== 'one') continue;
      expect(named.length <= 1, name).toBe(true);
      const given = Object.fromEntries([...named.map((argument) => [argument, 'yellow_dot'])]);
      const item = { item_network: 'yellow_dot' };
      const others = {
        target: item,
        items: [item],
        document: { id: 'yellow_dot' },
        event: { partition_network: 'yellow_dot' },
      };
      expect(way.networksOf({ ...(named.length === 1 ? given : others) }), name).toContain('yellow_dot');
    }
  });
});

describe('every call of a network that has moved', () => {
  test('ends where it lives', async () => {
    const network = newNetwork();
    await sendAway(network, usual, yellow);
    const at = { item_network: network, item_domain: 'student' };
    const of = { partition_network: network, action_type: 'connect' };
    const box = { south: -90, west: -180, north: 90, east: 180 };
    /** Each with a dpg that has not heard of it. */
    const fresh = async <Result>(ask: (dpg: Dpg) => PromiseLike<Result>): Promise<Result> => {
      await using dpg = createDpg({ homes: {}, default: urlOf(usual) });
      return await ask(dpg);
    };
    const source = await fresh((dpg) => dpg.as('asha').items.upsert(student({ item_network: network })));
    const [target] = (await fresh((dpg) =>
      dpg.as('ravi').items.upsertMany([tutor({ item_network: network })]),
    )) as [Item];
    await fresh((dpg) => dpg.items.define({ ...at, statuses: [{ status: 'paused' }] }));
    await fresh((dpg) => dpg.items.defineSearch({ ...at, item_type: 'profile_1.0', fields: ['name'] }));
    await fresh((dpg) => dpg.items.refreshSearch(at));
    await fresh((dpg) => dpg.actions.define({ ...of, transitions: null }));
    await fresh((dpg) => dpg.partitions.ensureItem(at));
    await fresh((dpg) => dpg.partitions.ensureAction(of));
    await fresh((dpg) => dpg.partitions.ensureActionEvent(of));
    const action = await fresh((dpg) =>
      dpg.as('asha').actions.perform({ action_type: 'connect', source, target }),
    );
    const from = {
      source_item_instance_url: 'https://elsewhere.example.com',
      source_item_owner: 'mina',
    };
    const received = await fresh((dpg) =>
      dpg.actions.receive({
        ...from,
        action_type: 'connect',
        source: { ...source, item_id: crypto.randomUUID() },
        target,
      }),
    );
    await fresh((dpg) =>
      dpg.actions.receiveTransition({ ...from, ...refOf(received), action_status: 'sent' }),
    );
    await fresh((dpg) => dpg.as('ravi').actions.transition(action, { action_status: 'seen' }));
    const many = await fresh((dpg) =>
      dpg.as('ravi').actions.transitionMany([
        { ...refOf(action), action_status: 'accepted' },
        { ...refOf(received), action_status: 'accepted' },
      ]),
    );
    expect(many.map(({ action_status }) => action_status)).toEqual(['accepted', 'accepted']);
    const event = {
      ...(await fresh((dpg) => dpg.as('ravi').events.find({ partition_network: network, page_size: 1 })))
        .rows[0],
      event_id: crypto.randomUUID(),
      action_id: crypto.randomUUID(),
      origin_instance_domain: 'https://other.example.com',
      target_item_instance_url: 'https://other.example.com',
    };
    const { ownership_roles: _, next_page_token: __, ...mirrored } = event as Record<string, unknown>;
    await fresh((dpg) => dpg.events.store(mirrored as never));
    await fresh((dpg) => dpg.events.storeText(JSON.stringify(mirrored)));

    const reads: [string, (dpg: Dpg) => PromiseLike<unknown>, unknown][] = [
      ['get', async (dpg) => (await dpg.items.get(source)).item_id, source.item_id],
      ['getMany', async (dpg) => (await dpg.items.getMany([target, source])).length, 2],
      ['find', async (dpg) => (await dpg.items.find(at)).rows.length, 1],
      ['count', (dpg) => dpg.items.count({ item_network: network }), 2n],
      [
        'nearest',
        async (dpg) => (await dpg.items.nearest({ ...at, latitude: 0, longitude: 0 })).rows.length,
        1,
      ],
      ['search', async (dpg) => (await dpg.items.search({ ...at, search: 'asha' })).rows.length, 1],
      ['map', async (dpg) => (await dpg.items.map({ item_network: network, ...box })).length, 2],
      ['facets', async (dpg) => (await dpg.items.facets({ ...at, fields: ['name'] })).length, 1],
      ['itemCounts', async (dpg) => (await dpg.actions.itemCounts([target])).length, 1],
      ['action', async (dpg) => (await dpg.as('asha').actions.get(action)).action_status, 'accepted'],
      ['actions', async (dpg) => (await dpg.as('ravi').actions.find(actionsOf(network))).rows.length, 2],
      ['counts', async (dpg) => (await dpg.as('ravi').actions.counts(actionsOf(network))).length, 1],
      ['events', async (dpg) => (await dpg.as('ravi').events.find(actionsOf(network))).rows.length, 6],
      ['own', async (dpg) => (await dpg.as('asha').items.own({ item_network: network })).rows.length, 1],
    ];
    const got = await Promise.all(reads.map(async ([name, ask]) => [name, await fresh(ask)]));
    expect(got).toEqual(reads.map(([name, , answer]) => [name, answer]));

    await fresh((dpg) => dpg.as('asha').items.setStatus(source, { item_status: 'paused' }));
    const alone = await fresh((dpg) => dpg.as('asha').items.upsert(student({ item_network: network })));
    await fresh((dpg) => dpg.as('asha').items.update(alone, { changes: { item_state: { name: 'A' } } }));
    await fresh((dpg) => dpg.as('asha').items.delete(alone));
    expect(await itemsIn(usual, network)).toBe(0);
  });

  test('also those of dpg_admin', async () => {
    const network = newNetwork();
    await sendAway(network, usual, yellow);
    const admin = new URL(await usual.createLogin('dpg_admin'));
    const document = {
      id: network,
      domains: [{ id: 'student', item_schemas: { 'profile_1.0': {} } }],
    };
    const ask = async <Result>(work: (dpg: Dpg) => Promise<Result>) => {
      await using dpg = createDpg({ homes: {}, default: admin.href });
      return await work(dpg);
    };
    await ask((dpg) => dpg.networks.register(document));
    await ask((dpg) => dpg.networks.define({ network, rules: { max_open_per_pair: 1 } }));
    expect((await ask((dpg) => dpg.networks.list())).map((one) => one.network)).toContain(network);
    expect(await ask((dpg) => dpg.networks.list({ network }))).toHaveLength(1);
    expect(await ask((dpg) => dpg.networks.unregister({ network }))).toBe(true);
  });
});

const actionsOf = (network: string) => ({ partition_network: network });
const refOf = ({ partition_network, action_type, action_id }: Action) => ({
  partition_network,
  action_type,
  action_id,
});

describe('while a network moves', () => {
  test('a write waits for the new server to open it, and is done once', async () => {
    const network = newNetwork();
    await using dpg = createDpg({ homes: {}, default: urlOf(usual) });
    await dpg.as('asha').items.upsert(student({ item_network: network }));
    const { close, open } = await beginMove(network, usual, yellow);
    await close();
    const item_id = crypto.randomUUID();
    const writing = dpg.as('asha').items.upsert(student({ item_network: network, item_id }));
    const listing = dpg.as('asha').items.own();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await itemsIn(yellow, network)).toBe(1);
    await open();
    expect((await writing).item_id).toBe(item_id);
    expect((await listing).rows.filter((row) => row.item_network === network).length).toBeGreaterThan(0);
    expect([await itemsIn(usual, network), await itemsIn(yellow, network)]).toEqual([1, 2]);
  });

  test('one that opens too late is refused after 5 seconds', async () => {
    const network = newNetwork();
    await using dpg = createDpg({ homes: {}, default: urlOf(usual) });
    await dpg.as('asha').items.upsert(student({ item_network: network }));
    const { close, open } = await beginMove(network, usual, yellow);
    await close();
    const [write, list] = await Promise.all([
      errorOf(dpg.as('asha').items.upsert(student({ item_network: network }))),
      errorOf(dpg.as('asha').items.own()),
    ]);
    for (const error of [write, list]) {
      expect(error).toBeInstanceOf(NetworkElsewhereError);
      expect((error as NetworkElsewhereError).detail).toMatchObject({ network, is_moving: true });
    }
    await open();
    expect((await dpg.as('asha').items.own({ item_network: network })).rows).toHaveLength(1);
  });

  test('a program that was told of the new server too early goes to the old one', async () => {
    const network = newNetwork();
    await using dpg = createDpg({ homes: {}, default: urlOf(usual) });
    await dpg.as('asha').items.upsert(student({ item_network: network }));
    const { close, open } = await beginMove(network, usual, yellow);
    await using early = createDpg({ homes: { [network]: urlOf(yellow) }, default: urlOf(usual) });
    await early.as('asha').items.upsert(student({ item_network: network }));
    expect(await itemsIn(usual, network)).toBe(2);
    const own = await early.as('asha').items.own({ page_size: 1000 });
    expect(own.rows.filter((row) => row.item_network === network)).toHaveLength(2);
    await close();
    const counting = early.items.count({ item_network: network });
    await open();
    // what was written after the copy, replication would have brought
    expect(await counting).toBe(1n);
  });
});

describe('a call of several networks', () => {
  const [here, there] = ['here', 'there'];
  let dpg: Dpg;
  beforeAll(async () => {
    await sendAway(there, usual, yellow);
    dpg = createDpg({ homes: {}, default: urlOf(usual) });
    return () => dpg.end();
  });

  test('reads are split, and come in the order asked', async () => {
    const asha = dpg.as('asha');
    const [a, b, c] = [
      await asha.items.upsert(student({ item_network: here })),
      await asha.items.upsert(student({ item_network: there })),
      await asha.items.upsert(student({ item_network: here })),
    ];
    const missing = { ...b, item_id: crypto.randomUUID() };
    const upper = { ...b, item_id: b.item_id.toUpperCase() };
    const got = await dpg.items.getMany([c, upper, missing, a, c, b]);
    expect(got).toEqual([c, b, a, c, b]);
    const performed: string[] = [];
    for (const [source, item_network] of [
      [b, there],
      [c, here],
    ] as const) {
      const target = await dpg.as('ravi').items.upsert(tutor({ item_network }));
      await asha.actions.perform({ action_type: 'connect', source, target });
      performed.push(source.item_id);
    }
    const counts = await dpg.actions.itemCounts([a, b, c, b]);
    expect(counts.map(({ item_id }) => item_id)).toEqual(performed);
  });

  test('transitions are each on their own', async () => {
    const actions = await Promise.all(
      [here, there, here].map(async (item_network) => {
        const source = await dpg.as('asha').items.upsert(student({ item_network }));
        const target = await dpg.as('ravi').items.upsert(tutor({ item_network }));
        return dpg.as('asha').actions.perform({ action_type: 'connect', source, target });
      }),
    );
    const missing = { ...refOf(actions[1] as Action), action_id: crypto.randomUUID(), action_status: 'x' };
    await using fresh = createDpg({ homes: {}, default: urlOf(usual) });
    const results = await fresh
      .as('ravi')
      .actions.transitionMany([
        ...actions.map((action, index) => ({ ...refOf(action), action_status: `s${index}` })),
        missing,
      ]);
    expect(results.map(({ index, action_status, error }) => [index, action_status ?? error?.code])).toEqual([
      [0, 's0'],
      [1, 's1'],
      [2, 's2'],
      [3, 'DP004'],
    ]);
  });

  test('one write of several homes is refused, whoever knows of them', async () => {
    const items = [student({ item_network: here }), student({ item_network: there })];
    const before = [await itemsIn(usual, here), await itemsIn(yellow, there)];
    await using fresh = createDpg({ homes: {}, default: urlOf(usual) });
    for (const one of [dpg, fresh]) {
      const error = (await errorOf(one.as('asha').items.upsertMany(items))) as InvalidArgumentError;
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(error.detail).toEqual({ argument: 'items', value: [here, there] });
    }
    expect([await itemsIn(usual, here), await itemsIn(yellow, there)]).toEqual(before);
    expect(await dpg.as('asha').items.upsertMany([])).toEqual([]);
  });

  test('there is no new action between networks with different homes', async () => {
    const source = await dpg.as('asha').items.upsert(student({ item_network: here }));
    const target = await dpg.as('ravi').items.upsert(tutor({ item_network: there }));
    await using fresh = createDpg({ homes: {}, default: urlOf(usual) });
    for (const one of [dpg, fresh])
      for (const sides of [
        { source, target },
        { source: target, target: source },
      ]) {
        const actor = sides.source.created_by;
        const error = await errorOf(one.as(actor).actions.perform({ action_type: 'connect', ...sides }));
        expect(error).toBeInstanceOf(NetworkElsewhereError);
        expect((error as NetworkElsewhereError).message).toContain('different homes');
      }
  });

  test('two networks that have moved together are found together', async () => {
    const [one, other] = [newNetwork(), newNetwork()];
    for (const network of [one, other]) await sendAway(network, usual, yellow);
    const items = [student({ item_network: one }), student({ item_network: other })];
    await using fresh = createDpg({ homes: {}, default: urlOf(usual) });
    const [source, target] = await fresh.as('asha').items.upsertMany(items);
    await using next = createDpg({ homes: {}, default: urlOf(usual) });
    const action = await next
      .as('asha')
      .actions.perform({ action_type: 'connect', source: source as Item, target: target as Item });
    expect(action.partition_network).toBe(other);
  });
});

describe('users', () => {
  test('one who has just signed up is waited for', async () => {
    const network = newNetwork();
    await using dpg = createDpg({ homes: { [network]: urlOf(yellow) }, default: urlOf(usual) });
    const user = crypto.randomUUID();
    await addUsers(usual.sql, user);
    const writing = dpg.as(user).items.upsert(student({ item_network: network }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await itemsIn(yellow, network)).toBe(0);
    await addUsers(yellow.sql, user);
    expect((await writing).created_by).toBe(user);
    expect(await itemsIn(yellow, network)).toBe(1);
  });

  test('one who is nobody is refused at once, and one who does not arrive in the end', async () => {
    const network = newNetwork();
    await using dpg = createDpg({ homes: { [network]: urlOf(yellow) }, default: urlOf(usual) });
    const write = (user: string) => errorOf(dpg.as(user).items.upsert(student({ item_network: network })));
    expect(await write('nobody')).toBeInstanceOf(UserNotFoundError);
    const user = crypto.randomUUID();
    await addUsers(usual.sql, user);
    expect(await write(user)).toBeInstanceOf(UserNotFoundError);
    expect(await itemsIn(yellow, network)).toBe(0);
  });
});

describe('one server', () => {
  test('a transaction is on the home of the network', async () => {
    const network = newNetwork();
    await using dpg = createDpg({ homes: { [network]: urlOf(yellow) }, default: urlOf(usual) });
    const home = dpg.home(network);
    await home.sql.begin(async (tx) => {
      const asha = home.with(tx).as('asha');
      await asha.items.upsert(student({ item_network: network }));
      await asha.items.upsert(student({ item_network: network }));
    });
    expect(await itemsIn(yellow, network)).toBe(2);
    expect(await itemsIn(usual, network)).toBe(0);
    expect((await dpg.homes()).map(({ sql }) => sql)).toEqual(expect.arrayContaining([dpg.sql, home.sql]));
  });

  test('one for a request ends no connections of the others', async () => {
    await using dpg = createDpg({ homes: {}, default: urlOf(usual) });
    for (const one of [dpg.at(null), dpg.home('yellow_dot'), ...(await dpg.homes())]) await one.end();
    expect(await dpg.items.count({ item_network: newNetwork() })).toBe(0n);
  });

  test('what is refused there is not followed, and is remembered', async () => {
    const network = newNetwork();
    await sendAway(network, usual, yellow);
    await using dpg = createDpg({ homes: {}, default: urlOf(usual) });
    const work = (at: Dpg) =>
      at.sql.begin((tx) =>
        at
          .with(tx)
          .as('asha')
          .items.upsert(student({ item_network: network })),
      );
    expect(dpg.home(network).sql).toBe(dpg.sql);
    for (const at of [dpg, dpg.home(network)]) {
      const error = (await errorOf(work(at))) as NetworkElsewhereError;
      expect(error).toBeInstanceOf(NetworkElsewhereError);
      expect(error.detail).toEqual({ network, server: serverOf(yellow) });
    }
    await work(dpg.home(network));
    expect(await itemsIn(yellow, network)).toBe(1);
  });

  test('where there are no homes, or on a transaction, the home is the same dpg', async () => {
    const dpg = createDpg(usual.sql);
    expect(dpg.home('yellow_dot')).toBe(dpg);
    expect(await dpg.homes()).toEqual([dpg]);
    await usual.sql.begin(async (tx) => {
      expect(dpg.with(tx).home('yellow_dot').sql).toBe(tx);
    });
  });
});

test('a server that no URL leads to is one that only the configuration can explain', async () => {
  const network = newNetwork();
  for (const server of ['somewhere', 'postgres://host/%zz', 'postgres://one:1,two:2/dots']) {
    await spare.sql`insert into dpg.homes (network, server) values (${network}, ${server})
      on conflict (network) do update set server = excluded.server`;
    await using dpg = createDpg({ homes: {}, default: urlOf(spare) });
    for (const asked of [dpg.items.count({ item_network: network }), dpg.as('asha').items.own()])
      expect(await errorOf(asked)).toMatchObject({ code: 'DP017', detail: { network, server } });
  }
  await spare.sql`delete from dpg.homes where network = ${network}`;
});

test('what is no server is refused', async () => {
  const refused = (given: object) => {
    try {
      createDpg(given as never);
    } catch (error) {
      return error as InvalidArgumentError;
    }
  };
  for (const given of [
    { default: '' },
    { homes: {}, default: undefined },
    { homes: {}, default: () => 7 },
    { homes: { yellow_dot: 42 }, default: urlOf(usual) },
    { homes: { ' ': urlOf(usual) }, default: urlOf(usual) },
    { homes: {}, default: urlOf(usual), others: {} },
    { homes: { yellow_dot: 'postgres://asha:secret@[/' }, default: urlOf(usual) },
  ]) {
    const error = refused(given);
    expect(error, JSON.stringify(given)).toBeInstanceOf(InvalidArgumentError);
    expect(JSON.stringify([error?.message, error?.detail, error?.hint])).not.toContain('secret');
  }
  await using dpg = createDpg({ homes: {}, default: urlOf(usual) });
  for (const network of [undefined, 7, '', ' '])
    expect(() => dpg.home(network as never)).toThrow(InvalidArgumentError);
  expect(refused({ homes: { yellow_dot: usual.url }, default: urlOf(usual) })?.message).toContain(
    'two users',
  );
});
