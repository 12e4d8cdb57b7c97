// Writers of a network that moves. Each notes what was acknowledged, follows the network to where it lives, and measures how long a
// call took from its first try to its answer. What they have noted is compared with what is there afterwards.

import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { expect } from 'vitest';
import type { Home } from './homes.js';

export const HERE = 'https://here.example.com';
const TUTOR = '99999999-9999-4999-8999-999999999999';

export interface Noted {
  /** By id of the item: the number that its state must have. */
  items: Map<string, number>;
  /** By id of the action: how many transitions were acknowledged. */
  actions: Map<string, number>;
}

/** Users, an item that all act upon, actions that all change. */
export async function prepare({ sql }: Home, network: string, writers: number): Promise<string[]> {
  await sql`
    insert into public."user" (id, name, email)
    select u, u, u || '@example.com'
    from (select 'ravi' as u union all select 'writer ' || n from generate_series(1, ${writers}) n) u
    on conflict do nothing`;
  await sql`select dpg.upsert_item('ravi', ${network}, 'tutor', 'p', ${HERE}, 's', item_id => ${TUTOR})`;
  const shared: string[] = [];
  for (let n = 1; n <= 3; n += 1) {
    const [action] = await sql`
      select a.action_id
      from dpg.upsert_item('writer 1', ${network}, 'student', 'p', ${HERE}, 's') i
      cross join lateral dpg.perform_action('writer 1', 'connect',
        row(i.item_network, i.item_domain, i.item_type, i.item_id)::dpg.item_ref,
        row(${network}, 'tutor', 'p', ${TUTOR}::uuid)::dpg.item_ref) a`;
    shared.push(String(action?.action_id));
  }
  return shared;
}

export class Writer {
  readonly noted: Noted = { items: new Map(), actions: new Map() };
  /** Milliseconds of each call. */
  readonly waits: number[] = [];
  readonly errors: string[] = [];
  calls = 0;
  /** How often it was told that the network lives elsewhere, or is not open yet. */
  redirections = 0;
  readonly #actor: string;
  readonly #network: string;
  readonly #connections: Map<string, postgres.Sql>;
  readonly #shared: string[];
  readonly #sharedNoted: Map<string, number>;
  #at: string;

  constructor(
    number: number,
    network: string,
    homes: Home[],
    shared: string[] = [],
    sharedNoted = new Map<string, number>(),
  ) {
    this.#actor = `writer ${number}`;
    this.#network = network;
    this.#connections = new Map(
      homes.map(({ url, server }) => [server, postgres(url, { max: 1, onnotice: () => undefined })]),
    );
    this.#at = homes[0]?.server ?? '';
    this.#shared = shared;
    this.#sharedNoted = sharedNoted;
  }

  async run(isRunning: () => boolean): Promise<void> {
    while (isRunning()) {
      try {
        await this.#step();
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        this.errors.push(`${code}: ${message}`);
        if (this.errors.length > 20) break;
      }
    }
    await Promise.all([...this.#connections.values()].map((sql) => sql.end({ timeout: 1 })));
  }

  async #step(): Promise<void> {
    const { items, actions } = this.noted;
    const dice = Math.random();
    if (items.size === 0 || dice < 0.15) {
      const id = randomUUID();
      await this.#call(
        (sql) => sql`
          select dpg.upsert_item(${this.#actor}, ${this.#network}, 'student', 'p', ${HERE}, 's', '{"n": 0}', item_id => ${id})`,
      );
      items.set(id, 0);
    } else if (dice < 0.45) {
      const id = one(items);
      const next = (items.get(id) ?? 0) + 1;
      const changes = JSON.stringify({ item_state: { n: next } });
      await this.#call(
        (sql) => sql`
          select dpg.update_item(${this.#actor}, ${this.#network}, 'student', 'p', ${id}, ${changes}::text::jsonb)`,
      );
      items.set(id, next);
    } else if (actions.size === 0 || dice < 0.6) {
      const [source, id] = [one(items), randomUUID()];
      await this.#call(
        (sql) => sql`
          select dpg.perform_action(${this.#actor}, 'connect',
            row(${this.#network}, 'student', 'p', ${source}::uuid)::dpg.item_ref,
            row(${this.#network}, 'tutor', 'p', ${TUTOR}::uuid)::dpg.item_ref, action_id => ${id})`,
      );
      actions.set(id, 0);
    } else {
      const isShared = this.#shared.length > 0 && dice > 0.9;
      const id = isShared
        ? (this.#shared[Math.floor(Math.random() * this.#shared.length)] ?? '')
        : one(actions);
      const [actor, noted] = isShared ? ['writer 1', this.#sharedNoted] : [this.#actor, actions];
      await this.#call(
        (sql) => sql`
          select dpg.transition_action(${actor}, ${this.#network}, 'connect', ${id}, ${`s${Math.floor(Math.random() * 1000)}`})`,
      );
      noted.set(id, (noted.get(id) ?? 0) + 1);
    }
  }

  /** Where the network has moved the call was refused and wrote nothing: it is repeated. */
  async #call(statement: (sql: postgres.Sql) => postgres.PendingQuery<postgres.Row[]>): Promise<void> {
    const started = performance.now();
    for (;;) {
      const sql = this.#connections.get(this.#at);
      if (!sql) throw new Error(`no connection to ${this.#at}`);
      try {
        await statement(sql);
        this.waits.push(performance.now() - started);
        this.calls += 1;
        return;
      } catch (error) {
        const { code, detail } = error as { code?: string; detail?: string };
        if (code !== 'DP017') throw error;
        this.redirections += 1;
        const { server, is_moving } = JSON.parse(detail ?? '{}') as { server: string; is_moving?: boolean };
        if (is_moving) await new Promise((resolve) => setTimeout(resolve, 5));
        else this.#at = server;
      }
    }
  }
}

function one(map: Map<string, number>): string {
  const ids = [...map.keys()];
  return ids[Math.floor(Math.random() * ids.length)] ?? '';
}

export interface Faults {
  missing: number;
  /** Acknowledged changes that are not there, or that are there more than once. */
  different: number;
  doubled: number;
}

/** What was acknowledged and is not as it should be. */
export async function faults({ sql }: Home, network: string, noted: Noted): Promise<Faults> {
  const [row] = await sql<[Faults]>`
    with items as (
      select i.key::uuid as id, i.value::integer as n from jsonb_each_text(${sql.json(Object.fromEntries(noted.items))}) i
    ),
    actions as (
      select a.key::uuid as id, a.value::integer as n
      from jsonb_each_text(${sql.json(Object.fromEntries(noted.actions))}) a
    ),
    stored as (
      select s.id, s.n, i.item_id is null as is_missing, (i.item_state ->> 'n')::integer <> s.n as is_different, 0 as doubled
      from items s
      left join dpg.items i
        on i.item_network = ${network} and i.item_domain = 'student' and i.item_type = 'p' and i.item_id = s.id
      union all
      select s.id, s.n, a.action_id is null, a.update_count <> s.n,
        (
          select count(*) - s.n - 1
          from dpg.action_events e
          where e.partition_network = ${network}
            and e.action_type = 'connect'
            and e.action_id = s.id
        )::integer
      from actions s
      left join dpg.item_actions a
        on a.partition_network = ${network} and a.action_type = 'connect' and a.action_id = s.id
    )
    select count(*) filter (where s.is_missing)::integer as missing,
      count(*) filter (where s.is_different)::integer as different, sum(abs(s.doubled))::integer as doubled
    from stored s`;
  return row;
}

export async function checksums({ sql }: Home, network: string): Promise<unknown[]> {
  return [...(await sql`select * from dpg_private.leaf_checksums(${network})`)];
}

/** For people who read the log of a test: figures depend on the machine, so no test fails by them. */
export function figures(waits: number[]): string {
  const sorted = [...waits].sort((one, other) => one - other);
  const at = (part: number) => Math.round((sorted[Math.floor((sorted.length - 1) * part)] ?? 0) * 10) / 10;
  return `${sorted.length} calls, median ${at(0.5)} ms, 99 % ${at(0.99)} ms, longest ${at(1)} ms`;
}

export function expectNoErrors(writers: Writer[]): void {
  expect(writers.flatMap(({ errors }) => errors)).toEqual([]);
}
