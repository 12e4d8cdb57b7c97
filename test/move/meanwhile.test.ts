// All that belongs to a network goes with it, also what is written and defined while it moves: redactions, an erasure, a new
// document, new users. What cannot be done meanwhile is refused with a code. An open transaction keeps the switch waiting, and is
// named.

import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  eventually,
  type Home,
  hasOwnServers,
  moveAndExpect,
  moveNetwork,
  removeCommand,
  startServerOfHomes,
} from './homes.js';

afterAll(removeCommand);
if (!hasOwnServers)
  console.log('SKIPPED: what belongs to a network that moves (no servers of our own on this machine)');

const HERE = 'https://yellowdot.example.com';
const FAR = 'https://far.example.com';
const STUDENT = '11111111-1111-4111-8111-111111111111';
const TUTOR = '22222222-2222-4222-8222-222222222222';
const ZOES = '33333333-3333-4333-8333-333333333333';
const RED = '44444444-4444-4444-8444-444444444444';
const ACTION = '55555555-5555-4555-8555-555555555555';
const NEW = '66666666-6666-4666-8666-666666666666';
const student = `('yellow_dot', 'student', 'p', '${STUDENT}')`;
const tutor = `('yellow_dot', 'tutor', 'p', '${TUTOR}')`;
const connect = `dpg.perform_action('asha', 'connect', ${student}, ${tutor}, remarks => 'please', action_id => '${ACTION}')`;

const document = (description: string) => ({
  name: 'yellow_dot',
  description,
  domains: [
    { name: 'student', item_schemas: { p: { type: 'object', properties: { name: { type: 'string' } } } } },
    { name: 'tutor', item_schemas: { p: { type: 'object', properties: { name: { type: 'string' } } } } },
  ],
  instances: [],
  actions: {
    connect: {
      interactions: [{ from_domain: 'student', to_domain: 'tutor', requirement_schema: { type: 'object' } }],
    },
  },
});

/** The actor's side of an action that lives on another instance. */
const mirrored = (update: number) => ({
  partition_network: 'yellow_dot',
  action_type: 'connect',
  event_id: `99999999-9999-4999-8999-99999999999${update}`,
  origin_instance_domain: FAR,
  action_id: '88888888-8888-4888-8888-888888888888',
  action_status: update === 0 ? 'created' : 'accepted',
  update_count: update,
  source_item_network: 'yellow_dot',
  source_item_domain: 'student',
  source_item_type: 'p',
  source_item_id: STUDENT,
  source_item_owner: 'asha',
  source_item_instance_url: HERE,
  target_item_network: 'yellow_dot',
  target_item_domain: 'tutor',
  target_item_type: 'p',
  target_item_id: 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa',
  target_item_owner: 'kiran',
  target_item_instance_url: FAR,
  event_payload: { status: 'created' },
  created_at: `2026-01-01T00:00:0${update}.000000Z`,
});

let a: Home;
let b: Home;
let blocker: postgres.Sql;

beforeAll(async () => {
  if (!hasOwnServers) return;
  const one = await startServerOfHomes(undefined, { max_slot_wal_keep_size: '1GB' });
  const other = await startServerOfHomes();
  [a, b] = [await one.home(), await other.home()];
  blocker = postgres(a.url, { max: 1, connection: { application_name: 'a long report' } });
  await a.sql.unsafe(`
    insert into public."user" (id, name, email)
    select u, u, u || '@example.com' from unnest('{asha, ravi, zoe, mina}'::text[]) u;
    select dpg.upsert_item('asha', 'yellow_dot', 'student', 'p', '${HERE}', 's', '{"name": "Asha"}', item_id => '${STUDENT}');
    select dpg.upsert_item('ravi', 'yellow_dot', 'tutor', 'p', '${HERE}', 's', '{"name": "Ravi"}', item_id => '${TUTOR}');
    select dpg.upsert_item('zoe', 'yellow_dot', 'student', 'p', '${HERE}', 's', '{"name": "Zoe"}', item_id => '${ZOES}');
    select dpg.upsert_item('mina', 'red_dot', 'offer', 'p', '${HERE}', 's', item_id => '${RED}');
    select ${connect};
    select dpg.perform_action('zoe', 'connect', ('yellow_dot', 'student', 'p', '${ZOES}'), ${tutor});
    select dpg.transition_action('ravi', 'yellow_dot', 'connect', '${ACTION}', 'seen', remarks => 'a secret');
    select dpg.perform_action('mina', 'ask', ('red_dot', 'offer', 'p', '${RED}'), ${tutor});
    select dpg.perform_action('asha', 'ask', ${student}, ('red_dot', 'offer', 'p', '${RED}'));
    select dpg.create_subscription('everything');
    select dpg.create_subscription('for far', source_item_instance_url => '${FAR}');
    select dpg.create_item_subscription('index', 'yellow_dot');
    select dpg.define_item('yellow_dot', 'student', '[{"status": "gone", "found": false, "acts": false}]');
    select dpg.define_search('yellow_dot', 'student', 'p', '{name}');
    select dpg.define_network('yellow_dot', '{"max_items_per_owner": 3}');
    select dpg.define_action('yellow_dot', 'connect',
      '[{"from": "created", "to": "seen", "by": "target"}, {"from": "seen", "to": "accepted", "by": "either"}]');`);
  await a.sql`select dpg.store_event(${a.sql.json(mirrored(0))})`;
  await a.sql`select dpg.redact_event('ravi', 'yellow_dot', 'connect',
    (select e.event_id from dpg.action_events e where e.remarks = 'please'), 'asked for')`;
}, 120_000);
afterAll(() => blocker?.end({ timeout: 1 }));

const refusal = (sql: postgres.Sql, text: string) =>
  sql.unsafe(text).then(
    () => 'done',
    ({ code }: { code: string }) => code,
  );

test.skipIf(!hasOwnServers)(
  'a dry run changes nothing, and says what becomes of actions between networks',
  async () => {
    const planned = await moveAndExpect('planned', 'yellow_dot', a, b, '--dry-run');
    expect(planned.plan).toMatchObject({ actions_from_others: 1, actions_to_others: 1, obstacles: [] });
    expect(
      planned.plan.leaves.map(({ root, key }: { root: string; key: string }) => `${root} ${key}`),
    ).toEqual([
      'items student',
      'items tutor',
      'item_actions ask',
      'item_actions connect',
      'action_events ask',
      'action_events connect',
    ]);
    expect(planned.plan.notes.join('\n')).toMatch(
      /^1 action of this network has its source in another network/m,
    );
    expect(planned.plan.notes.join('\n')).toMatch(/^1 action of other networks has its source in this one/m);
    expect(planned.plan.notes.join('\n')).toContain(
      'new actions between networks on two servers are refused (DP017)',
    );
    for (const { sql } of [a, b]) {
      expect(await sql`select from dpg_private.moves`).toHaveLength(0);
      expect(await sql`select from pg_publication`).toHaveLength(0);
      expect(await sql`select from pg_subscription`).toHaveLength(0);
      expect(await sql`select from pg_replication_slots`).toHaveLength(0);
    }
  },
);

test.skipIf(!hasOwnServers)(
  'an open transaction keeps the switch waiting for so long, and is named',
  async () => {
    await blocker`begin`;
    await blocker`lock table dpg.i_p_yellowdot_student in row exclusive mode`;
    const started = performance.now();
    const { exitCode, document: waiting } = await moveNetwork('yellow_dot', a, b, '--patience', '2');
    expect(performance.now() - started).toBeLessThan(30_000);
    expect(exitCode).toBe(1);
    expect(waiting).toMatchObject({ outcome: 'waiting', step: 'copied', switch: { is_done: false } });
    expect(waiting.switch.blocked_by[0]).toMatchObject({
      application_name: 'a long report',
      pid: Number(
        (await a.sql`select pid from pg_stat_activity where application_name = 'a long report'`)[0]?.pid,
      ),
      since: expect.stringMatching(/^20/),
    });
    expect(waiting.switch.reason).toContain('a long report');
  },
);

test.skipIf(!hasOwnServers)('meanwhile everything is done, or refused with a code', async () => {
  const { sql } = a;
  expect(await refusal(b.sql, `select dpg.get_item('yellow_dot', 'student', 'p', '${STUDENT}')`)).toBe(
    'DP017',
  );
  const [refused] = await sql`select dpg.ensure_item_partition('yellow_dot', 'school')`.then(
    () => [],
    (error: unknown) => [error],
  );
  expect(refused).toMatchObject({ code: 'DP010', hint: expect.stringMatching(/./) });
  expect(JSON.parse((refused as { detail: string }).detail)).toMatchObject({ reason: 'moving' });

  await sql`select dpg.redact_event('ravi', 'yellow_dot', 'connect',
    (select e.event_id from dpg.action_events e where e.remarks = 'a secret'), 'asked for as well')`;
  await sql`select dpg.erase_user('mina', 'zoe', 'asked for')`;
  await sql`select dpg.register_network(${sql.json(document('as of now'))})`;
  await sql`select dpg.define_search('yellow_dot', 'tutor', 'p', '{name}')`;
  await sql`insert into public."user" (id, name, email) values ('nila', 'Nila', 'nila@example.com')`;
  await sql`select dpg.upsert_item('nila', 'yellow_dot', 'student', 'p', ${HERE}, 's', '{"name": "Nila"}', item_id => ${NEW})`;
  await sql`select dpg.set_item_status('nila', 'yellow_dot', 'student', 'p', ${NEW}, 'gone')`;
  await sql`select dpg.store_event(${sql.json(mirrored(1))})`;
  await sql`select dpg.transition_action('asha', 'yellow_dot', 'connect', ${ACTION}, 'accepted')`;

  await eventually('the receiver has it', async () => {
    const [row] = await b.sql`
      select count(*)::integer as events from dpg.action_events e where e.remarks is null and e.event_payload = '{}'`;
    return row?.events === 2;
  });
  const { exitCode, document: reported } = await moveNetwork('yellow_dot', a, b, '--status');
  expect(exitCode).toBe(1);
  expect(reported.status).toMatchObject({
    step: 'copied',
    receiver_step: 'copied',
    is_copied: true,
    tables_waiting: 0,
    replication_errors: 0,
    max_slot_wal_keep_bytes: 1024 ** 3,
    begins_anew: ['index'],
    problems: ['no command works on it since the step copied: run it again, or end the move with --abort'],
  });
  expect(
    reported.status.slots.map(({ is_active, wal_status }: object & Record<string, unknown>) => [
      is_active,
      wal_status,
    ]),
  ).toEqual([
    [true, 'reserved'],
    [true, 'reserved'],
  ]);
  expect(reported.status.undelivered).toContainEqual({
    subscription: 'everything',
    events: expect.any(Number),
  });
  expect(reported.status.users_lag_bytes).toEqual(expect.any(Number));
});

test.skipIf(!hasOwnServers)('then it lives there with all that belongs to it', async () => {
  await blocker`rollback`;
  const moved = await moveAndExpect('moved', 'yellow_dot', a, b, '--verify');
  expect(moved.switch.verified.every((leaf: { is_equal: boolean }) => leaf.is_equal)).toBe(true);
  expect(moved.created_subscriptions).toEqual(['everything', 'for far', 'index']);

  const { sql } = b;
  // definitions, rules, the document as it is now
  const of = ['action_definitions', 'item_definitions', 'network_rules', 'item_searches', 'networks'];
  for (const table of of) {
    const read = (home: Home) =>
      home.sql.unsafe(
        `select to_jsonb(t) - 'version' - 'is_refreshed' as row from dpg.${table} t order by to_jsonb(t)::text`,
      );
    const there = await read(b);
    expect(there, table).toEqual(await read(a));
    expect(there.length, table).toBeGreaterThan(0);
  }
  expect(
    await refusal(sql, `select dpg.upsert_item('asha', 'yellow_dot', 'school', 'p', '${HERE}', 's')`),
  ).toBe('DP014');
  expect(
    await refusal(sql, `select dpg.transition_action('asha', 'yellow_dot', 'connect', '${ACTION}', 'seen')`),
  ).toBe('DP006');
  for (let item = 1; item <= 2; item += 1)
    await sql`select dpg.upsert_item('asha', 'yellow_dot', 'student', 'p', ${HERE}, 's')`;
  expect(
    await refusal(sql, `select dpg.upsert_item('asha', 'yellow_dot', 'student', 'p', '${HERE}', 's')`),
  ).toBe('DP016');
  const newAction = `select dpg.perform_action('nila', 'connect', ('yellow_dot', 'student', 'p', '${NEW}'), ${tutor})`;
  expect(await refusal(sql, newAction)).toBe('DP015');

  // words
  const found = (words: string, domain: string) =>
    sql`select s.item_id from dpg.search_items('yellow_dot', ${domain}, ${words}) s`.then((rows) =>
      rows.map(({ item_id }) => item_id),
    );
  expect(await found('asha', 'student')).toEqual([STUDENT]);
  for (const domain of ['student', 'tutor']) await sql`select dpg.refresh_search('yellow_dot', ${domain})`;
  expect(await found('ravi', 'tutor')).toEqual([TUTOR]);
  expect(await found('asha', 'student')).toEqual([STUDENT]);

  // redactions and the erasure
  const records = await sql`select r.kind, r.reason from dpg.redactions r order by r.redacted_at`;
  expect([...records]).toMatchObject([
    { kind: 'event', reason: 'asked for' },
    { kind: 'event', reason: 'asked for as well' },
  ]);
  const [zoes] =
    await sql`select i.created_by = dpg_private.tombstone() as is_erased from dpg.items i where i.item_id = ${ZOES}`;
  expect(zoes?.is_erased).toBe(true);
  expect(await refusal(sql, 'delete from dpg.action_events')).toBe('DP012');
  const [event] =
    await sql`select e.event_id from dpg.action_events e where e.action_status = 'accepted' and e.target_item_is_local`;
  await sql`select dpg.redact_event('ravi', 'yellow_dot', 'connect', ${event?.event_id}, 'on the receiver')`;

  // what another instance sent, what somebody finds as his own
  const actions = await sql`select a.action_id, a.action_status from dpg.find_actions('asha') a`;
  expect(actions.map(({ action_id, action_status }) => `${action_id} ${action_status}`).sort()).toEqual([
    `${ACTION} accepted`,
    '88888888-8888-4888-8888-888888888888 accepted',
  ]);
  await sql`select dpg.store_event(${sql.json(mirrored(1))})`;
  expect(await sql`select from dpg.find_own_items('nila', item_statuses => '{gone}')`).toHaveLength(1);
  expect(
    (await sql`select u.instance_url from dpg.instance_urls u`).map(({ instance_url }) => instance_url),
  ).toContain(HERE);

  // a repeated call is known as one
  const [repeated] = await sql.unsafe(`select a.update_count from ${connect} a`);
  expect(repeated?.update_count).toBe(2);

  // the feed of items begins anew, that of events goes on with what is made here
  await sql`select dpg.transition_action('ravi', 'yellow_dot', 'connect', a.action_id, 'seen')
    from dpg.item_actions a where a.action_type = 'connect' and a.action_status = 'created'`;
  const events = await sql`select e.action_status from dpg.read_events('everything') e`;
  expect(events.map(({ action_status }) => action_status)).toEqual(['seen']);
  expect((await sql`select c.item_id from dpg.read_item_changes('index') c`).length).toBe(2);

  // new users arrive after the move as well
  await a.sql`insert into public."user" (id, name, email) values ('omar', 'Omar', 'omar@example.com')`;
  await a.sql`update public."user" set name = 'Ravi R.' where id = 'ravi'`;
  await eventually('the new user is there', async () => {
    const rows = await sql`select from public."user" u where u.id = 'omar' or u.name = 'Ravi R.'`;
    return rows.length === 2;
  });
});

test.skipIf(!hasOwnServers)(
  'the sender refuses, lets an erasure through, and is emptied when its feed is drained',
  async () => {
    const { sql } = a;
    expect(await refusal(sql, `select dpg.get_item('yellow_dot', 'student', 'p', '${STUDENT}')`)).toBe(
      'DP017',
    );
    expect(
      await refusal(
        sql,
        `select dpg.update_item('asha', 'yellow_dot', 'student', 'p', '${STUDENT}', '{"item_state": {}}')`,
      ),
    ).toBe('DP017');
    expect(await refusal(sql, `select dpg.get_item('red_dot', 'offer', 'p', '${RED}')`)).toBe('done');
    await sql`select dpg.erase_user('mina', 'ravi', 'asked for')`;
    const [left] = await sql`select count(*)::integer as rows from dpg.items i where i.created_by = 'ravi'`;
    expect(left?.rows).toBe(0);
    expect(await b.sql`select from dpg.items i where i.created_by = 'ravi'`).toHaveLength(1);

    const refused = await moveNetwork('yellow_dot', a, b, '--finish');
    expect(refused.exitCode).toBe(4);
    expect(refused.stderr).toMatch(/have not got all events of yellow_dot: everything \(\d+ events\)/);
    expect((await sql`select from dpg.partitions p where p.network = 'yellow_dot'`).length).toBeGreaterThan(
      0,
    );

    const events =
      await sql`select e."position", e.lease_id, e.partition_network from dpg.read_events('everything') e`;
    expect(
      events.filter(({ partition_network }) => partition_network === 'yellow_dot').length,
    ).toBeGreaterThan(3);
    await sql`select dpg.acknowledge('everything', ${events.at(-1)?.position}, ${events.at(-1)?.lease_id})`;
    await moveAndExpect('finished', 'yellow_dot', a, b, '--finish');
    expect(await sql`select from dpg.partitions p where p.network = 'yellow_dot'`).toHaveLength(0);
    expect(await refusal(sql, `select dpg.get_item('yellow_dot', 'student', 'p', '${STUDENT}')`)).toBe(
      'DP017',
    );
    expect(await refusal(sql, `select dpg.get_item('red_dot', 'offer', 'p', '${RED}')`)).toBe('done');
    expect(await sql`select e."position" from dpg.read_events('everything') e`).toHaveLength(0);
  },
);
