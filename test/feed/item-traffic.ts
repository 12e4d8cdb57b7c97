// Writers and followers of items for tests that kill them. The follower keeps a copy in a table of its own, as an index
// outside would: the test compares it with the items, row by row.

import { randomUUID } from 'node:crypto';
import type postgres from 'postgres';
import { expect } from 'vitest';
import { recover, Session, wait } from './traffic.js';

export const DOMAINS = ['student', 'tutor'];
export const USERS = ['asha', 'ravi', 'mira'];

/** Users, a function of a writer, and the copy of a follower who remembers the last position. */
export async function prepareItems(sql: postgres.Sql): Promise<void> {
  await sql`
    insert into public."user" (id, name, email) select u, u, u || '@example.com' from unnest(${USERS}::text[]) u`;
  for (const domain of DOMAINS) await sql`select dpg.ensure_item_partition('yellow_dot', ${domain})`;
  await sql`select dpg.ensure_action_partition('yellow_dot', 'connect')`;
  await sql.unsafe(COPY);
  await sql.unsafe(`
    -- Some changes, each in a savepoint that may be rolled back, with pauses, of items that are this writer's own: they
    -- have random ids, in the order of which they are changed, so that nobody waits in a circle.
    create function public.change_some(own uuid[], steps integer)
    returns integer
    language plpgsql
    as $body$
    declare
      id uuid;
      chosen text;
      owner text;
      dice double precision;
      changed integer := 0;
    begin
      for step in 1 .. steps loop
        id := own[1 + floor(random() * cardinality(own))];
        chosen := case when right(id::text, 1) < '8' then 'student' else 'tutor' end;
        dice := random();
        begin
          if dice < 0.1 then
            delete from dpg.items i
            where i.item_network = 'yellow_dot' and i.item_domain = chosen and i.item_type = 'profile' and i.item_id = id;
          elsif dice < 0.2 then
            update dpg.items i
            set item_state = jsonb_build_object('n', random(), 'by', 'owner')
            where i.item_network = 'yellow_dot' and i.item_domain = chosen and i.item_type = 'profile' and i.item_id = id;
          else
            owner := null;
            select i.created_by into owner
            from dpg.items i
            where i.item_network = 'yellow_dot' and i.item_domain = chosen and i.item_type = 'profile' and i.item_id = id
            for update;
            if owner <> all ('{${USERS}}'::text[]) then
              -- of a user who was erased
              update dpg.items i
              set item_status = 'gone'
              where i.item_network = 'yellow_dot' and i.item_domain = chosen and i.item_type = 'profile' and i.item_id = id;
            else
              perform dpg.upsert_item(
                coalesce(owner, ('{${USERS}}'::text[])[1 + floor(random() * ${USERS.length})]), 'yellow_dot', chosen, 'profile',
                'https://yellowdot.example.com', 's', jsonb_build_object('n', random()), item_id => id,
                item_status => case when dice < 0.3 then 'draft' when dice < 0.4 then 'live' end
              );
            end if;
          end if;
          changed := changed + 1;
          if random() < 0.1 then
            raise exception 'changed my mind' using errcode = 'XX999';
          end if;
        exception
          when sqlstate 'XX999' then
            changed := changed - 1;
        end;
        if random() < 0.03 then
          perform pg_sleep(random() * 0.01);
        end if;
      end loop;
      return changed;
    end
    $body$;`);
}

/** The follower's tables and its one statement, in the same database or another one. */
export const COPY = `
    create table public.copy (
      item_network text, item_domain text, item_type text, item_id uuid, item_state jsonb, created_by text,
      updated_at timestamptz, item_status text,
      primary key (item_network, item_domain, item_type, item_id)
    );
    create table public.follower (last_position bigint not null, applied bigint not null);
    insert into public.follower values (0, 0);

    -- What a follower does in one transaction. A batch that came late is left out by its positions.
    create function public.apply_changes(changes jsonb)
    returns void
    language plpgsql
    as $body$
    declare
      last bigint;
    begin
      select f.last_position into last from public.follower f for update;
      create temporary table batch on commit drop as
      select *
      from jsonb_to_recordset(changes) c(
        "position" bigint, change text, item_network text, item_domain text, item_type text, item_id uuid,
        item_state jsonb, created_by text, updated_at timestamptz, item_status text
      )
      where c."position" > last;
      delete from public.copy c
      using batch b
      where (c.item_network, c.item_domain, c.item_type, c.item_id)
        = (b.item_network, b.item_domain, b.item_type, b.item_id)
        and b.change = 'deleted';
      insert into public.copy as c
      select b.item_network, b.item_domain, b.item_type, b.item_id, b.item_state, b.created_by, b.updated_at, b.item_status
      from batch b
      where b.change = 'upserted'
      on conflict (item_network, item_domain, item_type, item_id) do update
      set item_state = excluded.item_state,
        created_by = excluded.created_by,
        updated_at = excluded.updated_at,
        item_status = excluded.item_status;
      update public.follower f
      set last_position = greatest(last, (select max(b."position") from batch b)),
        applied = f.applied + (select count(*) from batch b);
    end
    $body$;`;

export interface Tally {
  changes: number;
}

/** Changes its own items until it is told to stop. One transaction of ten is rolled back as a whole. */
export async function change(
  session: Session,
  own: string[],
  tally: Tally,
  goesOn: () => boolean,
): Promise<void> {
  while (goesOn()) {
    try {
      await session.query('begin');
      const [done] = await session.query('select public.change_some($1::uuid[], 25) as changed', [
        `{${own}}`,
      ]);
      const isKept = Math.random() >= 0.1;
      await session.query(isKept ? 'commit' : 'rollback');
      if (isKept) tally.changes += done?.changed ?? 0;
    } catch (error) {
      // an erasure locks many items in another order than this one
      if ((error as { code?: string }).code === '40P01') await session.query('rollback');
      else await recover(session, error);
    }
  }
}

/**
 * Reads, applies and acknowledges until it is told to stop; sometimes it forgets to acknowledge, or is late. Where the copy is
 * in another database it has a session of its own.
 */
export async function followItems(
  session: Session,
  subscription: string,
  goesOn: () => boolean,
  copy: Session = session,
): Promise<void> {
  while (goesOn()) {
    try {
      const changes = await session.query(
        `select c."position"::text, c.lease_id, c.change, c.item_network, c.item_domain, c.item_type, c.item_id,
           c.item_state, c.created_by, c.updated_at::text, c.item_status
         from dpg.read_item_changes($1, $2, 0.2) c`,
        [subscription, 1 + Math.floor(Math.random() * 300)],
      );
      const last = changes.at(-1);
      if (!last) {
        await wait(5);
        continue;
      }
      if (Math.random() < 0.05) await wait(Math.random() * 400);
      await copy.query('select public.apply_changes($1)', [JSON.stringify(changes)]);
      const dice = Math.random();
      if (dice < 0.9)
        await session.query('select dpg.acknowledge($1, $2, $3)', [
          subscription,
          last.position,
          last.lease_id,
        ]);
      else if (dice < 0.95)
        await session.query('select dpg.release_events($1, lease_id => $2)', [subscription, last.lease_id]);
    } catch (error) {
      await recover(session, error);
      if (copy !== session) await copy.reconnect();
    }
  }
}

/** How many items the copy lacks, has too many, or has otherwise than they are. */
export async function differences(items: postgres.Sql, copy: postgres.Sql = items): Promise<number> {
  const columns =
    'item_network, item_domain, item_type, item_id, item_state, created_by, updated_at, item_status';
  const rows = async (sql: postgres.Sql, table: string) =>
    new Set(
      (await sql.unsafe(`select row(${columns})::text as row from ${table}`)).map(({ row }) => row as string),
    );
  const [there, copied] = [await rows(items, 'dpg.items'), await rows(copy, 'public.copy')];
  return (
    [...there].filter((row) => !copied.has(row)).length + [...copied].filter((row) => !there.has(row)).length
  );
}

/** What waits and what was handed out; the rows of a subscription for one item that are too many. */
export async function backlog(sql: postgres.Sql): Promise<{ rows: number; most: number }> {
  const [found] = await sql`
    select coalesce(sum(c.rows), 0)::integer as rows, coalesce(max(c.rows), 0)::integer as most
    from (
      select count(*) as rows
      from dpg_private.changed_items
      group by follower, item_network, item_domain, item_type, item_id
    ) c`;
  return found as unknown as { rows: number; most: number };
}

/** Ids of items for so many writers. */
export const ids = (writers: number, count: number): string[][] =>
  Array.from({ length: writers }, () => Array.from({ length: count }, () => randomUUID()));

/** Writers, each of its own items, and readers of the subscription copy, until they are stopped. */
export function traffic(url: string, own: string[][], readers: number) {
  const tally: Tally = { changes: 0 };
  let isWriting = true;
  let isReading = true;
  const writers = own.map((_, i) => new Session(url, `feed writer ${i}`));
  const followers = Array.from({ length: readers }, (_, i) => new Session(url, `feed reader ${i}`));
  const writing = Promise.all(
    writers.map((session, i) => change(session, own[i] ?? [], tally, () => isWriting)),
  );
  const reading = Promise.all(followers.map((session) => followItems(session, 'copy', () => isReading)));
  return {
    tally,
    async stopWriting() {
      isWriting = false;
      await writing;
    },
    async stop() {
      isWriting = false;
      isReading = false;
      await Promise.all([writing, reading]);
      await Promise.all([...writers, ...followers].map((session) => session.end()));
    },
  };
}

/** Until nothing waits for a subscription. */
export async function drained(sql: postgres.Sql, subscription = 'copy'): Promise<void> {
  const lag = async () =>
    Number(
      (await sql`select lag_events from dpg.subscription_status where subscription = ${subscription}`)[0]
        ?.lag_events,
    );
  while ((await lag()) > 0) await wait(20);
}

/**
 * In a database that was restored or promoted: writers and followers go on, the copy is what the table holds, and no position
 * is given that may have been given elsewhere.
 */
export async function goesOn(sql: postgres.Sql, url: string, own: string[][]): Promise<void> {
  const [before] = await sql`
    select s.handed_out_position::text as "position" from dpg.subscriptions s where s.subscription = 'copy'`;
  expect(Number(before?.position)).toBeGreaterThan(100);
  const running = traffic(url, own, 2);
  while (running.tally.changes < 2000) await wait(20);
  await running.stopWriting();
  await drained(sql);
  await running.stop();
  expect(await differences(sql)).toBe(0);
  const [copied] = await sql`select count(*)::integer as items from public.copy`;
  expect(copied?.items).toBeGreaterThan(0);
  const [after] = await sql`
    select s.handed_out_position::text as "position" from dpg.subscriptions s where s.subscription = 'copy'`;
  expect(BigInt(after?.position)).toBeGreaterThan(BigInt(before?.position) + 1_000_000_000n);
}
