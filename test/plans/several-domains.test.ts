// Searches over several domains, on a server with the settings of PostgreSQL: pages over few domains and many, and what the
// calls lock. A call searches 16 leaves at a time: by the plan that is kept for the network where it has no more, or else in
// batches that give back their locks.

import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { startEmbedded } from '../support/embedded.js';
import { migrateToCurrent } from '../support/migrations.js';
import { hasOwnServers, startReplica } from '../support/replica.js';
import { connectTo } from '../support/server.js';

if (!hasOwnServers) console.log('SKIPPED: searches over 256 domains (no servers of our own on this machine)');

const version = String(Number.parseInt(inject('serverVersion'), 10));
/** How many domains each network has; half of the first 32 leaves, which have slots, are of a wide one. */
const SIZES: Record<string, number> = { three: 3, sixteen: 16, seventeen: 17, forty: 40, wide: 256 };
/** All items of one time at one place. */
const ALIKE: Record<string, number> = { alike: 20, 'alike, in few domains': 8 };
const LATITUDE = 12.97;
const LONGITUDE = 77.59;
const HERE = `latitude => ${LATITUDE}, longitude => ${LONGITUDE}`;

let server: Awaited<ReturnType<typeof startEmbedded>>;
let url: string;
let admin: postgres.Sql;
const open: postgres.Sql[] = [];

function connect(to = url, max = 1): postgres.Sql {
  const sql = postgres(to, { max, connection: { role: 'dpg_app' }, onnotice: () => undefined });
  open.push(sql);
  return sql;
}

beforeAll(async () => {
  if (!hasOwnServers) return;
  // max_connections, max_locks_per_transaction and max_prepared_transactions are those of PostgreSQL
  server = await startEmbedded(version, {
    settings: { fsync: 'off', wal_level: 'replica', max_wal_senders: '5' },
  });
  url = await connectTo(server.adminUrl).createDatabase('domains');
  await migrateToCurrent(url);
  admin = postgres(url, { max: 1, onnotice: () => undefined });
  await admin`insert into public."user" (id, name, email) values ('asha', 'Asha', 'a@x')`;
  for (let number = 0; number < 256; number++)
    for (const [network, size] of Object.entries({ ...SIZES, ...ALIKE }))
      if (number < size) await admin`select dpg.ensure_item_partition(${network}, ${domain(number)})`;
  // six items in each domain, of five times and six places over all domains; the sixth has none. Where all are alike in few
  // domains, there are more than the kept plan reads for a page.
  await admin`
    insert into dpg.items (
      item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state, item_latitude,
      item_longitude, created_by, created_at
    )
    select p.network, p.key, (array['a', 'b'])[1 + n % 2], md5(p.network || p.key || n)::uuid, 'u', 's',
      jsonb_build_object('n', n),
      case when p.network like 'alike%' then ${LATITUDE} when n < 6 then ${LATITUDE} + n % 3 * 0.01 end,
      case when p.network like 'alike%' then ${LONGITUDE} when n < 6 then ${LONGITUDE} + abs(hashtext(p.key) % 2) * 0.01 end,
      'asha',
      '2026-01-01'::timestamptz
        + case when p.network like 'alike%' then 0 else abs(hashtext(p.key || n)) % 5 end * interval '1 microsecond'
    from dpg.partitions p
    cross join lateral generate_series(1, case p.network when 'alike, in few domains' then 30 else 6 end) n
    where p.root = 'items'`;
}, 120_000);

afterAll(async () => {
  await Promise.all([...open, admin].map((sql) => sql?.end({ timeout: 1 })));
  await server?.stop();
});

const domain = (number: number) => `d${String(number).padStart(3, '0')}`;

interface Row {
  item_domain: string;
  item_type: string;
  item_id: string;
  created_at: string;
  distance_meters?: number;
}

/** All rows of a search, page by page. */
async function walk(sql: postgres.ISql, search: string, pageSize: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (let token = 'null'; ; ) {
    const found = await sql.unsafe(`
      select f.*, f.created_at::text as created_at
      from ${search.replace(/\)$/, `, page_size => ${pageSize}, page_token => ${token})`)} f`);
    rows.push(...(found as unknown as Row[]));
    if (found.length < pageSize) return rows;
    token = `'${found.at(-1)?.next_page_token}'`;
  }
}

const keys = (rows: Row[]) =>
  rows.map(({ item_domain, item_type, item_id }) => `${item_domain} ${item_type} ${item_id}`);

/** The keys of a network's items, read through the root. */
async function stored(network: string, which: string, order: string): Promise<string[]> {
  const rows = await admin.unsafe(
    `select item_domain, item_type, item_id from dpg.items where item_network = '${network}' and ${which} order by ${order}`,
  );
  return keys(rows as unknown as Row[]);
}

const someDomains = (size: number) =>
  `'{${Array.from({ length: Math.ceil(size / 2) }, (_, i) => domain(size - 1 - 2 * i)).join(',')}}'`;

describe.skipIf(!hasOwnServers)('pages over', () => {
  describe.each(Object.entries({ ...SIZES, ...ALIKE }))('%s: %d domains', (network, size) => {
    const halves = [
      ['all', '', 'true'],
      ['half', `, item_domains => ${someDomains(size)}`, `item_domain = any (${someDomains(size)})`],
    ] as const;
    test.each(halves)('find_items and count_items of %s of them', async (_, given, which) => {
      const expected = await stored(network, which, 'created_at desc, item_domain, item_type, item_id');
      const sql = connect();
      // some pages, and where there are not too many rows: all but one, a full one, one with room
      const sizes = [Math.ceil(expected.length / 7), expected.length - 1, expected.length, 1000];
      for (const pageSize of sizes.filter((each) => each <= 1000)) {
        const found = await walk(sql, `dpg.find_items('${network}'${given})`, pageSize);
        expect(keys(found), `pages of ${pageSize}`).toEqual(expected);
      }
      const [row] = await sql.unsafe(`select dpg.count_items('${network}'${given})::integer as n`);
      expect(row?.n).toBe(expected.length);
    });

    test.each(halves)('with filters, %s of them', async (_, given, which) => {
      const sql = connect();
      for (const [filter, condition] of [
        [`item_type => 'b'`, `item_type = 'b'`],
        [`item_state => '{"n": 3}'`, `item_state @> '{"n": 3}'`],
        [`${HERE}, radius_meters => 10`, `(item_latitude, item_longitude) = (${LATITUDE}, ${LONGITUDE})`],
        [`${HERE}, radius_meters => 100000`, 'item_latitude is not null'],
      ]) {
        const order = 'created_at desc, item_domain, item_type, item_id';
        const expected = await stored(network, `${which} and ${condition}`, order);
        const search = `('${network}'${given}, ${filter})`;
        expect(
          keys(await walk(sql, `dpg.find_items${search}`, Math.ceil(expected.length / 3))),
          search,
        ).toEqual(expected);
        const [row] = await sql.unsafe(`select dpg.count_items${search}::integer as n`);
        expect(row?.n, search).toBe(expected.length);
      }
    });

    test.each(halves)('nearest_items of %s of them', async (_, given, which) => {
      const place = `(item_latitude - ${LATITUDE}) ^ 2 + ((item_longitude - ${LONGITUDE}) * cosd(${LATITUDE})) ^ 2`;
      // that order is the one of the distances, since there are few places
      const expected = await stored(
        network,
        `${which} and item_latitude is not null`,
        `round((1e6 * (${place}))::numeric), item_domain, item_type, item_id`,
      );
      const sql = connect();
      for (const radius of ['', ', radius_meters => 100000']) {
        const search = `dpg.nearest_items('${network}', null, ${LATITUDE}, ${LONGITUDE}${given}${radius})`;
        for (const pageSize of [Math.ceil(expected.length / 5), 1000]) {
          const found = await walk(sql, search, pageSize);
          expect(keys(found), `${search}, pages of ${pageSize}`).toEqual(expected);
          const distances = found.map(({ distance_meters }) => distance_meters as number);
          expect(distances).toEqual([...distances].sort((one, other) => one - other));
        }
      }
    });
  });
});

const WIDE: [name: string, search: string][] = [
  ['find_items', `dpg.find_items('wide')`],
  ['find_items with a filter', `dpg.find_items('wide', item_type => 'a')`],
  ['find_items with a circle', `dpg.find_items('wide', ${HERE}, radius_meters => 10)`],
  ['find_items with a circle of many', `dpg.find_items('wide', ${HERE}, radius_meters => 300000)`],
  ['count_items', `dpg.count_items('wide')`],
  ['count_items with a circle', `dpg.count_items('wide', ${HERE}, radius_meters => 10)`],
  ['nearest_items', `dpg.nearest_items('wide', null, ${LATITUDE}, ${LONGITUDE})`],
  ['nearest_items with a circle', `dpg.nearest_items('wide', null, ${LATITUDE}, ${LONGITUDE}, 1000)`],
];

interface Locks {
  /** On leaves and their indexes. */
  of_leaves: number;
  all: number;
}

async function locksOf(pids: number[]): Promise<Locks[]> {
  const rows = await admin<(Locks & { pid: number })[]>`
    select l.pid,
      count(*)::integer as all,
      (count(*) filter (where c.relname ~ '^i_p_wide_'))::integer as of_leaves
    from pg_locks l
    left join pg_class c on c.oid = l.relation
    where l.pid = any (${pids}::integer[]) and l.granted
    group by l.pid`;
  return pids.map((pid) => {
    const { all = 0, of_leaves = 0 } = rows.find((row) => row.pid === pid) ?? {};
    return { all, of_leaves };
  });
}

/** A transaction that stays open after the search, until `end` is called. */
async function openTransaction(search: string) {
  const sql = connect();
  const [row] = await sql`select pg_backend_pid() as pid`;
  await sql.unsafe('begin');
  const done = sql.unsafe(`select count(*) from ${search}`).then(
    () => 'done',
    (error: { code?: string }) => String(error.code),
  );
  return { pid: Number(row?.pid), done, sql, end: () => sql.unsafe('rollback') };
}

describe.skipIf(!hasOwnServers)('locks', () => {
  test("a statement of one's own over 256 leaves holds a lock for each leaf and index", async () => {
    const session = await openTransaction(`dpg.items where item_network = 'wide'`);
    expect(await session.done).toBe('done');
    const [locks] = await locksOf([session.pid]);
    await session.end();
    expect(locks?.of_leaves).toBeGreaterThan(256 * 6);
  });

  test('eight calls at once, each in a transaction that stays open, have room and leave no lock on a leaf', async () => {
    const [settings] = await admin`
      select current_setting('max_locks_per_transaction')::integer as locks, current_setting('max_connections')::integer as sessions,
        current_setting('max_prepared_transactions')::integer as prepared`;
    expect(settings).toEqual({ locks: 64, sessions: 100, prepared: 0 });
    const sessions = await Promise.all(WIDE.map(([, search]) => openTransaction(search)));
    expect(await Promise.all(sessions.map(({ done }) => done))).toEqual(WIDE.map(() => 'done'));
    const locks = await locksOf(sessions.map(({ pid }) => pid));
    await Promise.all(sessions.map(({ end }) => end()));
    expect(locks.map(({ of_leaves }) => of_leaves)).toEqual(WIDE.map(() => 0));
  });

  test('meanwhile each holds those of 16 leaves at most', async () => {
    const [leaf] = await admin`
      select count(*)::integer as indexes from pg_index where indrelid = ('dpg.i_p_wide_' || ${domain(0)})::regclass`;
    const most = 16 * (1 + Number(leaf?.indexes));
    // whoever comes to a leaf waits there: for one with a slot, for one without
    for (const number of [0, 200]) {
      const blocking = postgres(url, { max: 1, onnotice: () => undefined });
      await blocking
        .unsafe(`begin; lock table dpg.i_p_wide_${domain(number)} in access exclusive mode`)
        .simple();
      const sessions = await Promise.all(WIDE.map(([, search]) => openTransaction(search)));
      const pids = sessions.map(({ pid }) => pid);
      for (;;) {
        const [row] = await admin`
          select count(*)::integer as waiting from pg_locks where pid = any (${pids}::integer[]) and not granted`;
        if (row?.waiting === WIDE.length) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const locks = await locksOf(pids);
      await blocking.end({ timeout: 0 });
      expect(await Promise.all(sessions.map(({ done }) => done))).toEqual(WIDE.map(() => 'done'));
      await Promise.all(sessions.map(({ end }) => end()));
      for (const [i, [name]] of WIDE.entries()) expect(locks[i]?.of_leaves, name).toBeLessThanOrEqual(most);
    }
  });

  test('a call that is ended in the middle of a batch ends, and is no result', async () => {
    const blocking = postgres(url, { max: 1, onnotice: () => undefined });
    await blocking.unsafe(`begin; lock table dpg.i_p_wide_${domain(100)} in access exclusive mode`).simple();
    for (const [setting, code] of [
      ['statement_timeout', '57014'],
      ['lock_timeout', '55P03'],
    ])
      for (const [name, search] of WIDE) {
        const sql = connect();
        await sql.unsafe(`set ${setting} = 100`);
        await expect(sql.unsafe(`select count(*) from ${search}`), name).rejects.toMatchObject({ code });
      }
    await blocking.end({ timeout: 0 });
  });
});

/** What a search finds, whatever the way in which it is asked. */
async function found(sql: postgres.ISql, search: string): Promise<unknown[]> {
  return [...(await sql.unsafe(`select to_jsonb(f) as row from ${search} f`))];
}

describe.skipIf(!hasOwnServers)('a search over 256 domains is the same', () => {
  test.each(WIDE)(
    '%s: in every kind of transaction, in a block with exceptions, from a cursor',
    async (_, search) => {
      const sql = connect();
      const expected = await found(sql, search);
      expect(expected.length).toBeGreaterThan(0);
      for (const mode of [
        'read only',
        'isolation level repeatable read',
        'isolation level serializable, read only, deferrable',
        'isolation level serializable',
      ])
        expect(await sql.begin(mode, (tx) => found(tx, search)), mode).toEqual(expected);

      const again = await sql.begin(async (tx) => {
        await tx
          .unsafe(`
        create temporary table kept (row jsonb) on commit drop;
        do $do$
        begin
          begin
            insert into kept select to_jsonb(f) from ${search} f;
            raise exception 'undone';
          exception when others then
            insert into kept select to_jsonb(f) from ${search} f;
          end;
        end
        $do$`)
          .simple();
        return [...(await tx`select row from kept`)];
      });
      expect(again).toEqual(expected);

      const fetched = await sql.begin(async (tx) => {
        await tx.unsafe(`declare rows scroll cursor for select to_jsonb(f) as row from ${search} f`);
        const first = await tx.unsafe('fetch 3 from rows');
        await tx.unsafe('savepoint before');
        const rest = await tx.unsafe('fetch all from rows');
        await tx.unsafe('rollback to savepoint before');
        const backward = await tx.unsafe('fetch first from rows');
        return { rows: [...first, ...rest], first: backward[0] };
      });
      expect(fetched.rows).toEqual(expected);
      expect(fetched.first).toEqual(expected[0]);
    },
  );

  test('in a snapshot of before, items of now are not seen', async () => {
    const sql = connect();
    const { before, within } = await sql.begin('isolation level repeatable read', async (tx) => {
      const before = await Promise.all(WIDE.map(([, search]) => found(tx, search)));
      await admin.unsafe(`
        insert into dpg.items (item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_latitude, item_longitude, created_by)
        values ('wide', 'd000', 'a', '00000000-0000-0000-0000-000000000000', 'u', 's', ${LATITUDE}, ${LONGITUDE}, 'asha')`);
      const within = await Promise.all(WIDE.map(([, search]) => found(tx, search)));
      return { before, within };
    });
    const after = await Promise.all(WIDE.map(([, search]) => found(sql, search)));
    await admin`delete from dpg.items where item_network = 'wide' and item_id = '00000000-0000-0000-0000-000000000000'`;
    expect(within).toEqual(before);
    for (const [i, [name]] of WIDE.entries()) expect(after[i], name).not.toEqual(before[i]);
  });

  test('on a standby', async () => {
    const sql = connect();
    const expected = await Promise.all(WIDE.map(([, search]) => found(sql, search)));
    const standby = await startReplica(server.adminUrl, server.embedded.directory);
    const there = postgres(connectTo(standby.adminUrl).url('domains'), { max: 1, onnotice: () => undefined });
    const answers = [];
    for (const [, search] of WIDE) answers.push(await found(there, search));
    const [state] = await there`select pg_is_in_recovery() as is_standby`;
    await there.end();
    expect(state?.is_standby).toBe(true);
    expect(answers).toEqual(expected);
  }, 60_000);
});
