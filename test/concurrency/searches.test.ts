// Words of items that are written, refreshed and defined anew at the same time: whatever the order, an item is found by the
// words that it has, and nobody waits for nobody (40P01).

import { expect, test } from 'vitest';
import { addUsers } from '../sdk/story.js';
import { soak } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { openSessions, refusals, type Session, untilWaiting } from './sessions.js';

const ROUNDS = soak(40, 2_000);
const ITEMS = 40;
const database = await testDatabase();
await addUsers(database.sql, 'asha');

const upsert = ({ sql }: Pick<Session, 'sql'>, network: string, number: number, words: string, type = 't') =>
  sql`select from dpg.upsert_item('asha', ${network}, 'tutor', ${type}, 'https://search.example.com', 's',
    ${sql.json({ name: words })}, item_id => ${id(number)})`;
const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const define = ({ sql }: Pick<Session, 'sql'>, network: string, language: string) =>
  sql`select dpg.define_search(${network}, 'tutor', 't', '{name}', ${language}::regconfig)`;

/** Items whose words are not those of their documents, where the definition says that all are. */
async function stray(network: string, leaf: string) {
  return database.sql`
    select i.item_id, i.item_state ->> 'name' as name, w.words::text
    from dpg.items i
    join dpg.item_searches s using (item_network, item_domain, item_type)
    left join ${database.sql(`dpg_private.${leaf}`)} w using (item_type, item_id)
    where i.item_network = ${network}
      and (
        w.words is distinct from dpg_private.words_of(i.item_state, s.fields, s.language::regconfig)
        or w.version is distinct from s.version
      )`;
}

test('writers, refreshers and definitions at once', async () => {
  const sessions = await openSessions(database, 6);
  const [first] = sessions as [Session, ...Session[]];
  for (let number = 0; number < ITEMS; number += 1) await upsert(first, 'busy_dot', number, 'before');
  await define(first, 'busy_dot', 'simple');

  const results = await Promise.allSettled(
    sessions.map(async (session, s) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const number = (round * 7 + s * 13) % ITEMS;
        if (s === 0 && round % 10 === 5)
          await define(session, 'busy_dot', round % 20 === 5 ? 'english' : 'simple');
        else if (s < 2) await session.sql`select dpg.refresh_search('busy_dot', 'tutor', 7)`;
        else if (s === 2 && round % 3 === 0)
          await session.sql`delete from dpg.items where item_network = 'busy_dot' and item_id = ${id(number)}`;
        else if (s === 3)
          await session.sql.begin(async (sql) => {
            for (const other of [number, (number + 5) % ITEMS].sort((a, b) => a - b))
              await upsert(
                { sql: sql as unknown as Session['sql'] },
                'busy_dot',
                other,
                `running ${s} ${round}`,
              );
          });
        else await upsert(session, 'busy_dot', number, `running ${s} ${round}`);
      }
    }),
  );
  expect(refusals(results)).toEqual({});
  // what is left is refreshed: and then each item has the words of its document, and no others are there
  while ((await first.sql`select dpg.refresh_search('busy_dot', 'tutor') as n`)[0]?.n > 0);
  expect(await stray('busy_dot', 'i_p_busydot_tutor')).toEqual([]);
  expect(
    await first.sql`select w.item_id from dpg_private.i_p_busydot_tutor w where not exists (
      select from dpg.items i where i.item_network = 'busy_dot' and i.item_id = w.item_id)`,
  ).toEqual([]);
  expect(await first.sql`select is_refreshed from dpg.item_searches where item_network = 'busy_dot'`).toEqual(
    [{ is_refreshed: true }],
  );
});

test('a refresh passes over an item that is being written, comes again, and does not say that it has finished', async () => {
  const [writer, refresher, reader] = (await openSessions(database, 3)) as [Session, Session, Session];
  await upsert(writer, 'held_dot', 1, 'one');
  await upsert(writer, 'held_dot', 2, 'two');
  await define(writer, 'held_dot', 'simple');
  await writer.sql`begin`;
  await writer.sql`select from dpg.items where item_network = 'held_dot' and item_id = ${id(1)} for update`;

  expect(await refresher.sql`select dpg.refresh_search('held_dot', 'tutor') as n`).toEqual([{ n: 1 }]);
  const rest = refresher.sql`select dpg.refresh_search('held_dot', 'tutor') as n`.execute();
  await untilWaiting(database.sql, [refresher.pid]);
  expect(
    await reader.sql`select count(*)::int as n from dpg.search_items('held_dot', 'tutor', 'one')`,
  ).toEqual([{ n: 1 }]);
  await writer.sql`rollback`;
  expect(await rest).toEqual([{ n: 1 }]);
  expect(await refresher.sql`select dpg.refresh_search('held_dot', 'tutor') as n`).toEqual([{ n: 0 }]);
  expect(await stray('held_dot', 'i_p_helddot_tutor')).toEqual([]);
});

test('a definition waits for writers, and a writer of an older snapshot makes the words of the new one', async () => {
  const [writer, definer] = (await openSessions(database, 2)) as [Session, Session];
  await upsert(writer, 'older_dot', 1, 'running');
  await define(definer, 'older_dot', 'simple');
  await writer.sql`begin isolation level repeatable read`;
  await writer.sql`select count(*) from dpg.item_searches`;
  await define(definer, 'older_dot', 'english');
  await upsert(writer, 'older_dot', 2, 'running');
  await writer.sql`commit`;
  while ((await definer.sql`select dpg.refresh_search('older_dot', 'tutor') as n`)[0]?.n > 0);
  expect(await stray('older_dot', 'i_p_olderdot_tutor')).toEqual([]);

  await writer.sql`begin`;
  await upsert(writer, 'older_dot', 3, 'running');
  const defined = define(definer, 'older_dot', 'german').execute();
  await new Promise((resolve) => setTimeout(resolve, 100));
  await writer.sql`commit`;
  await defined;
  while ((await definer.sql`select dpg.refresh_search('older_dot', 'tutor') as n`)[0]?.n > 0);
  expect(await stray('older_dot', 'i_p_olderdot_tutor')).toEqual([]);
});

test('a lock that is not to be had is DP010, which names who has it', async () => {
  const [writer, definer] = (await openSessions(database, 2)) as [Session, Session];
  await upsert(writer, 'locked_dot', 1, 'one');
  await database.sql`update dpg.limits set limit_value = 1 where limit_name = 'partition_lock_seconds'`;
  await writer.sql`begin`;
  await upsert(writer, 'locked_dot', 1, 'two');
  const error = await define(definer, 'locked_dot', 'simple').catch((error: unknown) => error);
  await writer.sql`rollback`;
  await database.sql`update dpg.limits set limit_value = 5 where limit_name = 'partition_lock_seconds'`;
  expect(error).toMatchObject({ code: 'DP010' });
  expect(JSON.parse((error as { detail: string }).detail)).toMatchObject({
    reason: 'locks',
    blocked_by: expect.arrayContaining([expect.objectContaining({ pid: writer.pid })]),
  });
  expect(await definer.sql`select from dpg.item_searches where item_network = 'locked_dot'`).toEqual([]);
});

test.each(['search first', 'document first'])(
  'a field is not searched and private at once, whatever an older snapshot shows: %s',
  async (order) => {
    const [older, newer] = (await openSessions(database, 2)) as [Session, Session];
    const network = `private_${order.replace(' ', '_')}`;
    const search = ({ sql }: Session) =>
      sql`select dpg.define_search(${network}, 'tutor', 't', '{phone}')`.execute();
    const register = ({ sql }: Session) =>
      sql`select dpg.register_network(${sql.json({
        name: network,
        domains: [
          {
            name: 'tutor',
            item_schemas: { t: { properties: { phone: { type: 'string', private: true } } } },
          },
        ],
      })})`.execute();
    const [committed, late] = order === 'search first' ? [search, register] : [register, search];
    await older.sql`begin isolation level repeatable read`;
    await older.sql`select count(*) from dpg.networks`;
    await committed(newer);
    await expect(late(older)).rejects.toMatchObject({ code: '40001' });
    await older.sql`rollback`;
    const [row] = await database.sql`
      select (select count(*) from dpg.networks where network = ${network})::integer
        + (select count(*) from dpg.item_searches where item_network = ${network})::integer as written`;
    expect(row?.written).toBe(1);
  },
);

test('a definition that is taken away while it is refreshed leaves no words', async () => {
  const [refresher, definer] = (await openSessions(database, 2)) as [Session, Session];
  await upsert(refresher, 'taken_dot', 1, 'one');
  await upsert(refresher, 'taken_dot', 2, 'one', 'other');
  for (const type of ['t', 'other'])
    await definer.sql`select dpg.define_search('taken_dot', 'tutor', ${type}, '{name}')`;
  await refresher.sql`begin`;
  await refresher.sql`select dpg.refresh_search('taken_dot', 'tutor')`;
  const taken = definer.sql`select dpg.define_search('taken_dot', 'tutor', 'other', null)`.execute();
  await untilWaiting(database.sql, [definer.pid]);
  await refresher.sql`commit`;
  await taken;
  const rows = await database.sql`select item_id from dpg.find_items('taken_dot', 'tutor', search => 'one')`;
  expect(rows.map(({ item_id }) => item_id)).toEqual([id(1)]);
  const [words] = await database.sql`select count(*)::integer as n from dpg_private.i_p_takendot_tutor`;
  expect(words?.n).toBe(1);
});
