// The users of two homes: one where they are created and deleted, and one to which replication copies them. A user who owns
// items on the other home is not deleted; and where that came too late to be known, the row is kept there.

import postgres from 'postgres';
import { beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { createDpg, type Dpg } from '../../sdk/index.js';
import { student } from '../sdk/story.js';
import { startEmbedded } from '../support/embedded.js';
import { migrateToCurrent } from '../support/migrations.js';
import { hasOwnServers } from '../support/replica.js';
import { connectTo } from '../support/server.js';
import { temporaryDatabase } from '../support/test-database.js';

const SERVER = 'postgres://other.example.com:5432/dpg';

interface Home {
  url: string;
  sql: postgres.Sql;
  dpg: Dpg;
}

describe.runIf(hasOwnServers)('users of two homes', () => {
  let create: (name: string) => Promise<Home>;
  beforeAll(async () => {
    const version = String(Number.parseInt(inject('serverVersion'), 10));
    const server = await startEmbedded(version, {
      inMemory: true,
      settings: {
        fsync: 'off',
        wal_level: 'logical',
        max_replication_slots: '30',
        max_wal_senders: '30',
        max_logical_replication_workers: '20',
        max_worker_processes: '30',
        wal_retrieve_retry_interval: '100ms',
      },
    });
    const databases = connectTo(server.adminUrl);
    await migrateToCurrent(await databases.createDatabase('migrated'));
    create = async (name) => {
      const url = await databases.createDatabase(name, { template: 'migrated' });
      const sql = postgres(url, { max: 3, onnotice: () => undefined });
      return { url, sql, dpg: createDpg(sql) };
    };
    return () => server.stop();
  });

  let number = 0;
  /** As the move command sets them up: the users of `home` are copied to `other`, on which `shadow` lives. */
  async function homes(): Promise<{ home: Home; other: Home }> {
    number += 1;
    const [home, other] = [await create(`home_${number}`), await create(`other_${number}`)];
    onTestFinished(async () => {
      for (const [follower, name] of [
        [other, `users_${number}`],
        [home, `owners_${number}`],
      ] as const) {
        await follower.sql.unsafe(`alter subscription ${name} disable`);
        await follower.sql.unsafe(`alter subscription ${name} set (slot_name = none)`);
        await follower.sql.unsafe(`drop subscription ${name}`);
      }
      for (const { sql } of [home, other]) {
        for (let slots = 1; slots > 0; ) {
          const rows = await sql`
            select pg_drop_replication_slot(slot_name) from pg_replication_slots
            where database = current_database() and not active`;
          [{ slots = 0 } = {}] = await sql<{ slots: number }[]>`
            select count(*)::integer as slots from pg_replication_slots where database = current_database()`;
          if (rows.length === 0 && slots > 0) await new Promise((resolve) => setTimeout(resolve, 50));
        }
        await sql.end();
      }
    });
    await home.sql`insert into "user" (id, name, email) values ('asha', 'Asha', 'asha@example.com'), ('ravi', 'Ravi', 'ravi@example.com')`;
    await home.sql`select dpg_private.ensure_tombstone()`;
    await home.sql.unsafe(
      `create publication users for table public."user" with (publish = 'insert, update, delete')`,
    );
    await other.sql`select dpg_private.guard_copied_users()`;
    await other.sql.unsafe('create publication owners for table dpg_private.home_owners');
    await follow(other, home, 'users', `users_${number}`);
    await home.sql`insert into dpg.homes (network, server) values ('shadow', ${SERVER})`;
    await home.sql`select dpg_private.guard_users()`;
    await follow(home, other, 'owners', `owners_${number}`);
    await until(other, `select count(*) = 3 from "user"`);
    return { home, other };
  }

  /** With a slot made apart: between databases of one server, CREATE SUBSCRIPTION would wait for itself. */
  async function follow(follower: Home, leader: Home, publication: string, name: string): Promise<void> {
    await leader.sql`select pg_create_logical_replication_slot(${name}, 'pgoutput')`;
    await follower.sql.unsafe(
      `create subscription ${name} connection '${leader.url}' publication ${publication}
      with (create_slot = false, slot_name = '${name}')`,
    );
  }

  async function until({ sql }: Home, question: string): Promise<void> {
    for (let waited = 0; ; waited += 25) {
      const [row] = await sql.unsafe(question).values();
      if (row?.[0] === true) return;
      expect(waited, question).toBeLessThan(20_000);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      ({ code, message, hint, detail }) => ({ code, message, hint, detail: JSON.parse(detail) as unknown }),
    );
  const item = (home: Home, network = 'shadow', owner = 'asha') =>
    home.dpg.as(owner).items.upsert(student({ item_network: network }));

  test('an owner of items elsewhere is not deleted, until erase_user was run there', async () => {
    const { home, other } = await homes();
    await item(other);
    await until(home, `select exists (select from dpg_private.home_owners where owner = 'asha')`);
    expect(await refusal(home.sql`delete from "user" where id = 'asha'`)).toEqual({
      code: '23503',
      message: `user 'asha' has items on another server: network 'shadow' on ${SERVER}`,
      hint: expect.stringContaining(`Run dpg.erase_user for 'asha' on each of these servers`),
      detail: { user_id: 'asha', homes: [{ network: 'shadow', server: SERVER }] },
    });
    expect((await refusal(home.sql`update "user" set id = 'another' where id = 'asha'`))?.code).toBe('23503');
    await home.sql`update "user" set name = 'Asha B.' where id = 'asha'`;
    await home.sql`delete from "user" where id = 'ravi'`;
    await until(other, `select not exists (select from "user" where id = 'ravi')`);

    await other.sql`select dpg.erase_user('dpo', 'asha', 'asked')`;
    await until(home, `select not exists (select from dpg_private.home_owners where owner = 'asha')`);
    await home.sql`delete from "user" where id = 'asha'`;
    await until(other, `select not exists (select from "user" where id = 'asha')`);
    expect(await other.sql`select from dpg_private.kept_users`).toHaveLength(0);
    expect(await other.sql`select created_by from dpg.items`).toEqual([{ created_by: 'dpg_erased_user' }]);
  });

  test('what comes by replication is noted as well, and a network that is here again holds nobody', async () => {
    const { home, other } = await homes();
    await item(home, 'green');
    // as apply does: no trigger fires but those that are always, or of a replica
    await other.dpg.partitions.ensureItem({ item_network: 'shadow', item_domain: 'student' });
    await other.sql.unsafe(`alter table dpg.i_p_shadow_student enable always trigger items_note_owner`);
    await other.sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx`insert into dpg.items (item_network, item_domain, item_type, item_instance_url, item_schema_url, created_by)
        values ('shadow', 'student', 'profile', 'https://a.example.com', 'https://b.example.com', 'asha')`;
    });
    await until(home, `select exists (select from dpg_private.home_owners where owner = 'asha')`);
    await home.sql`delete from dpg.homes`;
    await home.dpg.partitions.ensureItem({ item_network: 'shadow', item_domain: 'student' });
    // the foreign key says so, of the item of another network that is here
    expect(
      await home.sql`delete from "user" where id = 'asha'`.catch(({ constraint_name }) => constraint_name),
    ).toBe('items_created_by_fkey');
    const own = (await home.sql`select item_network, item_domain, item_type, item_id from dpg.items`)[0];
    await home.sql`select dpg.delete_item('asha', ${own?.item_network}, ${own?.item_domain}, ${own?.item_type}, ${own?.item_id})`;
    await home.sql`delete from "user" where id = 'asha'`;
  });

  test('a user who was deleted before his first item was known is kept there, without name and e-mail', async () => {
    const { home, other } = await homes();
    await home.sql.unsafe(`alter subscription owners_${number} disable`);
    await item(other);
    await home.sql`delete from "user" where id = 'asha'`;
    await until(other, `select exists (select from dpg_private.kept_users where id = 'asha')`);
    const [kept] = await other.sql`select name, email, image from "user" where id = 'asha'`;
    expect(kept).toEqual({
      name: expect.stringMatching(/^deleted-.*@invalid$/),
      email: expect.stringMatching(/^deleted-.*@invalid$/),
      image: null,
    });

    // the same e-mail, and then the same id again: replication goes on
    await home.sql`insert into "user" (id, name, email) values ('asha2', 'Asha', 'asha@example.com')`;
    await until(other, `select exists (select from "user" where id = 'asha2')`);
    await home.sql`insert into "user" (id, name, email) values ('asha', 'Asha again', 'again@example.com')`;
    await until(other, `select exists (select from "user" where id = 'asha' and name = 'Asha again')`);
    expect(await other.sql`select from dpg_private.kept_users`).toHaveLength(0);
    expect(await other.sql`select created_by from dpg.items`).toEqual([{ created_by: 'asha' }]);

    // as doctor says: erased here, then deleted here
    await home.sql`delete from "user" where id = 'asha'`;
    await until(other, `select exists (select from dpg_private.kept_users where id = 'asha')`);
    await other.sql`select dpg.erase_user('asha', 'asha', 'deleted at home')`;
    await other.sql`delete from "user" where id = 'asha'`;
  });

  test('a deletion that arrives while the first item is being created waits for it', async () => {
    const { home, other } = await homes();
    await home.sql.unsafe(`alter subscription owners_${number} disable`);
    let deleted: Promise<unknown> | undefined;
    await other.sql.begin(async (tx) => {
      await createDpg(tx as unknown as postgres.Sql)
        .as('asha')
        .items.upsert(student({ item_network: 'shadow' }));
      deleted = home.sql`delete from "user" where id = 'asha'`;
      await deleted;
      await until(
        other,
        `select exists (select from pg_stat_activity where backend_type ~ 'logical replication' and wait_event_type = 'Lock')`,
      );
    });
    await until(other, `select exists (select from dpg_private.kept_users where id = 'asha')`);
    expect(await other.sql`select from "user" where id = 'asha'`).toHaveLength(1);
  });

  test('the one who stands for erased users may have been created on both', async () => {
    const { home, other } = await homes();
    await home.sql.unsafe(`delete from "user" where id = 'dpg_erased_user'`);
    await until(other, `select count(*) = 2 from "user"`);
    await item(other);
    await other.sql`select dpg.erase_user('dpo', 'asha', 'asked')`;
    await home.sql`select dpg_private.ensure_tombstone()`;
    await home.sql`insert into "user" (id, name, email) values ('mei', 'Mei', 'mei@example.com')`;
    await until(other, `select exists (select from "user" where id = 'mei')`);
    // guarded as everybody else is
    await until(home, `select exists (select from dpg_private.home_owners where owner = 'dpg_erased_user')`);
    expect((await refusal(home.sql`delete from "user" where id = 'dpg_erased_user'`))?.code).toBe('23503');
  });
});

test('a database with one home has no trigger of ours on its users; each is created once', async () => {
  const { sql, drop } = await temporaryDatabase();
  onTestFinished(drop);
  const triggers = async () =>
    (
      await sql`
        select tgname, tgenabled from pg_trigger
        where tgrelid in ('public."user"'::regclass, 'dpg_private.owner_leaves'::regclass) and not tgisinternal
        order by 1`
    ).map((row) => ({ ...row }));
  expect(await triggers()).toEqual([]);
  for (let again = 0; again < 2; again += 1) {
    await sql`select dpg_private.guard_users(), dpg_private.guard_copied_users()`;
    expect(await triggers()).toEqual([
      { tgname: 'owner_leaves_note_home_owner', tgenabled: 'A' },
      { tgname: 'user_keep_owner', tgenabled: 'R' },
      { tgname: 'user_owns_elsewhere', tgenabled: 'O' },
    ]);
  }
});
