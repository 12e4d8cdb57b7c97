// Writers that come in between, an adoption that is killed, rows that arrive other than they were sent: none is lost,
// and nothing stays of what was not finished.

import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { adopt } from '../../sdk/cli/adopt/index.js';
import { errorOf } from '../sdk/story.js';
import { differences } from '../support/catalogue.js';
import { type TestDatabase, temporaryDatabase } from '../support/test-database.js';
import { createOldTables, fillOldTables } from './old-deployment.js';
import { everything, fingerprints } from './rows.js';
import { copyOf, oldStory, tutor } from './story.js';

async function withStory(use: (database: TestDatabase) => Promise<void>): Promise<void> {
  const { drop, ...database } = await temporaryDatabase();
  try {
    await oldStory(database.sql);
    await use(database);
  } finally {
    await drop();
  }
}

const anotherItem = (id: string) => copyOf('items', `item_id = '${tutor}'`, { item_id: `'${id}'` });
const first = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaa1';
const second = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaa2';

/** Until somebody waits for a lock on the named table. */
async function someoneWaits(sql: postgres.Sql, table: string): Promise<void> {
  for (;;) {
    const [row] = await sql`
      select count(*)::int from pg_locks where relation = ${table}::regclass and not granted`;
    if (row?.count > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('a writer who was first is waited for, and the row is moved', () =>
  withStory(async ({ sql, connect }) => {
    const writer = await connect({ max: 1 }).reserve();
    await writer`begin`;
    await writer.unsafe(anotherItem(first));
    const adoption = adopt(connect({ max: 1 }), { execute: true });
    await someoneWaits(sql, 'public.items');
    await writer`commit`;
    writer.release();
    expect(await adoption).toMatchObject({ outcome: 'adopted' });
    const [row] = await sql`select count(*)::int from dpg.items where item_id = ${first}`;
    expect(row?.count).toBe(1);
  }));

test('a writer who does not end is not waited for beyond the time given, and nothing is changed', () =>
  withStory(async ({ sql, connect }) => {
    const before = await everything(sql);
    const writer = await connect({ max: 1 }).reserve();
    await writer`begin`;
    await writer.unsafe(anotherItem(first));
    expect(await errorOf(adopt(connect({ max: 1 }), { execute: true, lockSeconds: 0.2 }))).toMatchObject({
      name: 'Refusal',
      message: /^the old tables could not be locked: somebody is writing to them/,
      cause: { code: '55P03' },
    });
    await writer`rollback`;
    writer.release();
    expect((await everything(sql)).rows).toEqual(before.rows);
  }));

test('a writer who comes meanwhile waits, and is refused then: the row is nowhere, and the writer knows', () =>
  withStory(async ({ sql, connect }) => {
    const writer = connect({ max: 1 });
    await writer`select 1`;
    let write: Promise<unknown> | undefined;
    let isDone = false;
    const report = await adopt(connect({ max: 1 }), {
      execute: true,
      progress: () => {
        write ??= errorOf(writer.unsafe(anotherItem(second))).finally(() => {
          isDone = true;
        });
        expect(isDone).toBe(false);
      },
    });
    expect(report.outcome).toBe('adopted');
    expect(await write).toMatchObject({ code: '55000', hint: /dpg\.upsert_item/ });
    const [row] = await sql`
      select (select count(*)::int from public.items) as old, (select count(*)::int from dpg.items) as new`;
    expect(row).toEqual({ old: 2, new: 2 });
  }));

test('readers of the old tables do not wait', () =>
  withStory(async ({ connect }) => {
    const reader = connect({ max: 1 });
    await reader`select 1`;
    const reads: Promise<number>[] = [];
    await adopt(connect({ max: 1 }), {
      execute: true,
      progress: () => reads.push(reader`select from public.items`.then((rows) => rows.count)),
    });
    expect(reads.length).toBeGreaterThan(3);
    expect(await Promise.all(reads)).toEqual(reads.map(() => 2));
  }));

test('two adoptions at once: one moves, the other finds it done', () =>
  withStory(async ({ sql, connect }) => {
    const reports = await Promise.all([
      adopt(connect({ max: 1 }), { execute: true }),
      adopt(connect({ max: 1 }), { execute: true }),
    ]);
    expect(reports.map(({ outcome }) => outcome).sort()).toEqual(['adopted', 'adopted_before']);
    const [row] = await sql`select count(*)::int from dpg.items`;
    expect(row?.count).toBe(2);
  }));

test('killed in the middle: nothing was changed, and the next run moves everything', {
  timeout: 120_000,
}, async () => {
  const { sql, connect, drop } = await temporaryDatabase();
  try {
    await createOldTables(sql);
    await fillOldTables(sql, {}, { items: 400, actions: 200, mirrored: 40 });
    const before = await everything(sql);
    const adopting = connect({ max: 1, connection: { application_name: 'adopting' } });
    let killed: PromiseLike<unknown> | undefined;
    const error = await errorOf(
      adopt(adopting, {
        execute: true,
        progress: (line) => {
          if (line.startsWith('item_actions '))
            killed ??= sql`
              select pg_terminate_backend(pid) from pg_stat_activity
              where application_name = 'adopting' and datname = current_database()`.then();
        },
      }),
    );
    await killed;
    expect(killed).toBeDefined();
    expect(error).toBeInstanceOf(Error);
    for (;;) {
      const [row] = await sql`
        select count(*)::int from pg_stat_activity
        where application_name = 'adopting' and datname = current_database()`;
      if (row?.count === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const after = await everything(sql);
    expect(after.rows).toEqual(before.rows);
    expect(differences(before.catalogue, after.catalogue, ['before', 'after'])).toEqual([]);

    const expected = await fingerprints(sql, 'public', 'action_events');
    expect(await adopt(sql, { execute: true })).toMatchObject({ outcome: 'adopted' });
    expect(await fingerprints(sql, 'dpg', 'action_events')).toEqual(expected);
  } finally {
    await drop();
  }
});

test.each([
  [
    'a row that does not arrive',
    'return null;',
    /1 rows with checksum -?\d+ should have come, 0 with checksum 0 did/,
  ],
  [
    'a row that arrives changed',
    `new.item_state := new.item_state || '{"name": "somebody"}'; return new;`,
    /1 rows with checksum -?\d+ should have come, 1 with checksum -?\d+ did/,
  ],
])('%s: the checksums differ, and nothing is changed', (_, body, message) =>
  withStory(async ({ sql }) => {
    await sql.unsafe(`
      create function public.meddle() returns trigger language plpgsql as $$ begin ${body} end $$;
      create trigger meddle before insert on dpg.items for each row when (new.item_domain = 'tutor')
      execute function public.meddle()`);
    const before = await everything(sql);
    if (body.startsWith('return null')) {
      // without the action, which needs the item
      await sql.unsafe('delete from public.item_actions; delete from public.action_events');
    }
    expect(await errorOf(adopt(sql, { execute: true }))).toMatchObject({ message });
    const after = await everything(sql);
    expect(
      differences(before.catalogue, after.catalogue, ['before', 'after']).filter(
        (line) => !line.includes('rows of'),
      ),
    ).toEqual([]);
    expect(after.rows['dpg.i_p_yellowdot_tutor']).toBeUndefined();
  }),
);
