// Writers and readers of a feed for tests that kill them: what they do is undone, done late, or done twice, and the
// consumer's own table shows what came of it.

import pg from 'pg';
import type postgres from 'postgres';

const HERE = 'https://tutor.yellowdot.example.com';
const ASHA = '11111111-1111-4111-8111-111111111111';
const RAVI = '22222222-2222-4222-8222-222222222222';

/** Two users, two items, a function of a writer, and the tables of a consumer who remembers the last position. */
export async function prepare(sql: postgres.Sql): Promise<void> {
  await sql`insert into public."user" (id, name, email) values ('asha', 'a', 'a@x'), ('ravi', 'r', 'r@x')`;
  await sql`select dpg.upsert_item('asha', 'yellow_dot', 'student', 'p', ${HERE}, 's', item_id => ${ASHA})`;
  await sql`select dpg.upsert_item('ravi', 'yellow_dot', 'tutor', 'p', ${HERE}, 's', item_id => ${RAVI})`;
  await sql.unsafe(CONSUMER);
  await sql.unsafe(`
    -- Some changes, each in a savepoint that may be rolled back, with pauses; one of them of an action that all share
    -- (the first, so that nobody waits in a circle).
    create function public.write_some(own uuid[], shared uuid, steps integer)
    returns void
    language plpgsql
    as $body$
    begin
      if random() < 0.3 then
        perform dpg.transition_action('ravi', 'yellow_dot', 'connect', shared, 'seen');
      end if;
      for step in 1 .. steps loop
        begin
          if random() < 0.1 then
            perform dpg.perform_action('asha', 'visit', ('yellow_dot', 'student', 'p', '${ASHA}'), ('yellow_dot', 'tutor', 'p', '${RAVI}'));
          else
            perform dpg.transition_action(
              case when random() < 0.5 then 'asha' else 'ravi' end,
              'yellow_dot', 'connect', own[1 + floor(random() * cardinality(own))], 'step ' || step
            );
          end if;
          if random() < 0.1 then
            raise exception 'changed my mind' using errcode = 'XX999';
          end if;
        exception
          when sqlstate 'XX999' then
            null;
        end;
        if random() < 0.03 then
          perform pg_sleep(random() * 0.01);
        end if;
      end loop;
    end
    $body$;`);
}

/** The consumer's tables and its one statement. */
export const CONSUMER = `
    create table public.consumer (last_position bigint not null);
    insert into public.consumer values (0);
    create table public.applied (
      applied_as bigint generated always as identity primary key,
      "position" bigint not null, event_id uuid not null, action_id uuid not null, update_count integer not null
    );

    -- What a consumer does in one transaction: each event once, by the position.
    create function public.apply(positions bigint[], event_ids uuid[], action_ids uuid[], update_counts integer[])
    returns void
    language plpgsql
    as $body$
    declare
      last bigint;
    begin
      select c.last_position into last from public.consumer c for update;
      insert into public.applied ("position", event_id, action_id, update_count)
      select e."position", e.event_id, e.action_id, e.update_count
      from unnest(positions, event_ids, action_ids, update_counts) e("position", event_id, action_id, update_count)
      where e."position" > last
      order by e."position";
      update public.consumer set last_position = greatest(last, (select max(p) from unnest(positions) p));
    end
    $body$;`;

export async function newActions(sql: postgres.Sql, count: number): Promise<string[]> {
  const rows = await sql`
    select a.action_id
    from generate_series(1, ${count}) n
    cross join lateral dpg.perform_action('asha', 'connect',
      row('yellow_dot', 'student', 'p', ${ASHA}::uuid)::dpg.item_ref,
      row('yellow_dot', 'tutor', 'p', ${RAVI}::uuid)::dpg.item_ref,
      action_id => case when n > 0 then gen_random_uuid() end) a`;
  return rows.map(({ action_id }) => action_id);
}

/**
 * One connection of a writer or reader: what a kill breaks is made anew by the next statement. By the driver pg, since
 * postgres.js ends the whole process when a connection breaks while it writes to it.
 */
export class Session {
  readonly #url: string;
  readonly #name: string;
  #client: pg.Client | undefined;

  constructor(url: string, name: string) {
    this.#url = url;
    this.#name = name;
  }

  async query(text: string, values: unknown[] = []): Promise<pg.QueryResultRow[]> {
    if (!this.#client) {
      const client = new pg.Client({ connectionString: this.#url, application_name: this.#name });
      client.on('error', () => {
        if (this.#client === client) this.#client = undefined;
      });
      await client.connect();
      this.#client = client;
    }
    return (await this.#client.query(text, values)).rows;
  }

  async end(): Promise<void> {
    await this.#client?.end().catch(() => undefined);
  }

  /** A new connection comes with the next statement. */
  async reconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }
}

/** Writes until it is told to stop. One transaction of ten is rolled back as a whole. */
export async function write(
  session: Session,
  own: string[],
  shared: string,
  goesOn: () => boolean,
): Promise<void> {
  while (goesOn()) {
    try {
      await session.query('begin');
      await session.query('select public.write_some($1::uuid[], $2::uuid, 25)', [`{${own}}`, shared]);
      await session.query(Math.random() < 0.1 ? 'rollback' : 'commit');
    } catch (error) {
      await recover(session, error);
    }
  }
}

/** Reads, applies and acknowledges until it is told to stop; sometimes it forgets to acknowledge, or is late. */
export async function read(session: Session, subscription: string, goesOn: () => boolean): Promise<void> {
  while (goesOn()) {
    try {
      const events = await session.query(
        'select e."position", e.event_id, e.action_id, e.update_count from dpg.read_events($1, $2, 0.2) e',
        [subscription, 1 + Math.floor(Math.random() * 800)],
      );
      const last = events.at(-1);
      if (!last) {
        await wait(5);
        continue;
      }
      if (Math.random() < 0.05) await wait(Math.random() * 400);
      const column = (name: string) => `{${events.map((event) => event[name])}}`;
      await session.query('select public.apply($1::bigint[], $2::uuid[], $3::uuid[], $4::integer[])', [
        column('position'),
        column('event_id'),
        column('action_id'),
        column('update_count'),
      ]);
      if (Math.random() < 0.95)
        await session.query('select dpg.acknowledge($1, $2)', [subscription, last.position]);
    } catch (error) {
      await recover(session, error);
    }
  }
}

/** What a kill, or a server that is away, brings is expected; anything else is a mistake. */
export async function recover(session: Session, error: unknown): Promise<void> {
  const { code = '', message } = error as { code?: string; message: string };
  const isExpected =
    /^(57P0[123]|08\d{3}|E[A-Z]+)$/.test(code) || /^Connection terminated|not queryable/.test(message);
  if (!isExpected) throw error;
  await session.reconnect();
  await wait(20);
}

export async function eventCount(sql: postgres.Sql): Promise<number> {
  const [row] = await sql`
    select (select count(*) from dpg_private.event_queue) + (select count(*) from dpg_private.feed_positions) as events`;
  return Number(row?.events);
}

export interface Findings {
  events: number;
  applied: number;
  /** Events that were never applied, applied twice, or applied though there is no such event. */
  missing: number;
  twice: number;
  invented: number;
  /** Actions whose events were applied in another order than that of update_count. */
  disordered: number;
  /** Actions that lack an update between 0 and their highest. */
  gaps: number;
}

export const FAULTLESS = { missing: 0, twice: 0, invented: 0, disordered: 0, gaps: 0 };

export async function findings(sql: postgres.Sql): Promise<Findings> {
  const [row] = await sql`
    with ordered as (
      select action_id, update_count, lag(update_count) over (partition by action_id order by applied_as) as before
      from public.applied
    )
    select
      (select count(*) from dpg.action_events where target_item_is_local)::integer as events,
      (select count(*) from public.applied)::integer as applied,
      (select count(*) from dpg.action_events e
       where target_item_is_local and not exists (select from public.applied a where a.event_id = e.event_id))::integer as missing,
      (select count(*) - count(distinct event_id) from public.applied)::integer as twice,
      (select count(*) from public.applied a
       where not exists (select from dpg.action_events e where e.event_id = a.event_id))::integer as invented,
      (select count(distinct action_id) from ordered where update_count <= before)::integer as disordered,
      (select count(distinct action_id) from ordered where update_count <> coalesce(before, -1) + 1)::integer as gaps`;
  return row as unknown as Findings;
}

export function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
