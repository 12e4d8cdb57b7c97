// Twenty sessions at once, a third of them in repeatable read or serializable: writers with savepoints and rollbacks,
// readers that sleep past their leases or die with them, readers in transactions in which the feed must not be read; and
// somebody who cancels and terminates their backends. Then what must hold, whatever happened.

import { expect, test } from 'vitest';
import { newActions, prepare, Session, wait } from '../feed/traffic.js';
import { soakSeconds, soakTimeout } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { until } from './sessions.js';

const SECONDS = soakSeconds(15);
const SEED = Number(process.env.DPG_STRESS_SEED ?? Math.floor(Math.random() * 2 ** 32));
const STRICT = ['repeatable read', 'serializable'];
const ACTIONS = 60;

const database = await testDatabase();
const { sql } = database;

/** Numbers from 0 to 1, the same ones for a seed (mulberry32). What the server makes of them depends on its clock. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How often what happened. */
const counts: Record<string, number> = {};
const count = (what: string) => {
  counts[what] = (counts[what] ?? 0) + 1;
};

/**
 * What a cancelled or terminated backend brings, and a transaction that it has ended: 25P01 and 3B001 where the session
 * has connected anew in the midst of one, 25P02 after a cancelled statement.
 */
const OF_KILLS = /^(57014|57P0[123]|08\d{3}|E[A-Z]+|25P0[12]|3B001)$/;

abstract class Worker {
  protected readonly session: Session;
  protected readonly random: () => number;

  constructor(
    readonly name: string,
    seed: number,
    protected readonly isolation = 'read committed',
  ) {
    this.session = new Session(database.url, `stress ${name}`);
    this.random = randomOf(seed);
  }

  protected chance(part: number): boolean {
    return this.random() < part;
  }

  protected below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  protected abstract step(): Promise<void>;

  async run(goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      try {
        await this.step();
      } catch (error) {
        await this.recover(error as { code?: string; message: string });
      }
    }
    await this.session.end();
  }

  private async recover(error: { code?: string; message: string }): Promise<void> {
    const { code = '', message } = error;
    if (code === '40001') {
      if (this.isolation === 'read committed') throw error;
      count('serialization failures');
    } else if (!OF_KILLS.test(code) && !/^Connection terminated|not queryable/.test(message)) throw error;
    if (code === '57014') count('cancelled');
    if (code === '40001' || code === '57014' || code.startsWith('25') || code === '3B001')
      await this.session.query('rollback').catch(() => this.session.reconnect());
    else {
      count('terminated');
      await this.session.reconnect();
    }
  }
}

interface Place {
  type: string;
  id: string;
}

class Writer extends Worker {
  actions: Place[] = [];

  protected async step(): Promise<void> {
    await this.session.query(`begin isolation level ${this.isolation}`);
    // in the order of their ids, so that no two writers wait for one another
    const chosen = this.actions.filter(() => this.chance(4 / ACTIONS));
    for (const [i, { type, id }] of chosen.entries()) {
      const isSaved = this.chance(0.3);
      if (isSaved) await this.session.query(`savepoint step_${i}`);
      await this.session.query(`select dpg.transition_action($1, 'yellow_dot', $2, $3, $4)`, [
        this.chance(0.5) ? 'asha' : 'ravi',
        type,
        id,
        `status ${this.below(1000)}`,
      ]);
      if (isSaved && this.chance(0.5)) await this.session.query(`rollback to savepoint step_${i}`);
      if (this.chance(0.05)) await wait(this.below(30));
    }
    if (this.chance(0.2))
      await this.session.query(
        `select dpg.perform_action('asha', $1, row('yellow_dot', 'student', 'p', '11111111-1111-4111-8111-111111111111')::dpg.item_ref,
           row('yellow_dot', 'tutor', 'p', '22222222-2222-4222-8222-222222222222')::dpg.item_ref)`,
        [this.chance(0.5) ? 'connect' : 'visit'],
      );
    const isKept = this.chance(0.9);
    await this.session.query(isKept ? 'commit' : 'rollback');
    count(isKept ? 'transactions' : 'rolled back');
  }
}

class Reader extends Worker {
  protected async step(): Promise<void> {
    // from time to time nobody reads, and the queue grows: then an old snapshot is the only one that looks at it
    if (performance.now() % 3000 > 1000) return wait(20);
    const subscription = this.chance(0.7) ? 'all' : 'visits';
    if (this.chance(0.02)) await this.session.query('select dpg.retry_events($1)', [subscription]);
    if (this.chance(0.1)) await this.retries(subscription);
    const leaseSeconds = 0.05 + this.random() * 0.3;
    const events = await this.session.query(
      'select e."position", e.event_id, e.lease_id from dpg.read_events($1, $2, $3) e',
      [subscription, 1 + this.below(400), leaseSeconds],
    );
    const last = events.at(-1);
    if (!last) return wait(5);
    await this.session.query(
      `insert into public.seen (subscription, "position", event_id)
       select $1, e."position", e.event_id from unnest($2::bigint[], $3::uuid[]) e("position", event_id)`,
      [
        subscription,
        `{${events.map(({ position }) => position)}}`,
        `{${events.map(({ event_id }) => event_id)}}`,
      ],
    );
    // the first time for certain, since each of it is to happen
    if (this.chance(0.1) || !counts.died) return count('died'); // without a word
    if (this.chance(0.1) || !counts.late) {
      count('late');
      await wait(leaseSeconds * 1000 + this.below(50));
    }
    const lease = last.lease_id;
    if (this.chance(0.05))
      await this.session.query(`select dpg.fail_event($1, $2, 'no', 1, 0, $3)`, [
        subscription,
        last.position,
        lease,
      ]);
    if (this.chance(0.1)) {
      await this.session.query(`select dpg.release_events($1, 'later', 0.01, $2)`, [subscription, lease]);
      return;
    }
    await this.session.query('select dpg.acknowledge($1, $2, $3)', [subscription, last.position, lease]);
    count('acknowledged');
  }

  private async retries(subscription: string): Promise<void> {
    const events = await this.session.query(
      'select e."position", e.lease_id from dpg.read_retries($1, 10, 0.1) e',
      [subscription],
    );
    for (const { position, lease_id } of events)
      await this.session.query(
        this.chance(0.8)
          ? 'select dpg.settle_event($1, $2, $3)'
          : `select dpg.fail_event($1, $2, 'again', 2, 0.05, $3)`,
        [subscription, position, lease_id],
      );
  }
}

/** Tries to read the feed with a snapshot that is older than what is committed. */
class Stranger extends Worker {
  protected async step(): Promise<void> {
    await this.session.query(`begin isolation level ${this.isolation}`);
    await this.session.query('select count(*) from dpg.subscriptions');
    await wait(100 + this.below(500));
    try {
      const [read] = await this.session.query(
        `select count(*), current_setting('transaction_isolation') as isolation
         from dpg.${this.chance(0.8) ? 'read_events' : 'read_retries'}('none')`,
      );
      // a backend that was terminated has taken the transaction with it: the read was the new connection's
      if (STRICT.includes(read?.isolation)) count('reads under an old snapshot');
    } catch (error) {
      if ((error as { code?: string }).code !== '25000') throw error;
      count('refused');
    }
    await this.session.query('commit');
  }
}

async function findings(): Promise<Record<string, number>> {
  const [row] = await sql`
    with own as (
      select e.partition_network, e.action_type, e.action_id, e.event_id, e.update_count, e.action_status
      from dpg.action_events e
      where e.target_item_is_local
    ),
    actions as (
      select o.partition_network, o.action_type, o.action_id, count(*) as events, min(o.update_count) as first,
        max(o.update_count) as last, (array_agg(o.action_status order by o.update_count desc))[1] as status
      from own o
      group by o.partition_network, o.action_type, o.action_id
    ),
    feed as (
      select f."position", f.event_id, o.update_count,
        lag(o.update_count) over (partition by o.action_id order by f."position") as before
      from dpg_private.feed_positions f
      join own o using (event_id)
    )
    select
      (select count(*) from actions a where a.first <> 0 or a.last <> a.events - 1)::integer as actions_with_gaps,
      (select count(*) from own o where not exists (select from dpg_private.feed_positions f where f.event_id = o.event_id))::integer
        as not_in_the_feed,
      (select count(*) - count(distinct f.event_id) from dpg_private.feed_positions f)::integer as twice_in_the_feed,
      (select count(*) from dpg_private.feed_positions f where not exists (select from own o where o.event_id = f.event_id))::integer
        as invented,
      (select count(*) from feed f where f.update_count <= f.before)::integer as out_of_order,
      (select count(*) from dpg_private.event_queue)::integer as in_the_queue,
      (
        select count(*)
        from dpg.subscriptions s
        join dpg_private.feed_streams t
          on t.action_type = coalesce(s.action_type, t.action_type)
            and t.source_item_instance_url = coalesce(s.source_item_instance_url, t.source_item_instance_url)
        join dpg_private.feed_positions f on f.stream = t.stream and f."position" <= s.acknowledged_position
        where not exists (
          select
          from public.seen n
          where n.subscription = s.subscription and n."position" = f."position" and n.event_id = f.event_id
        )
      )::integer as acknowledged_and_not_seen,
      (
        select count(*)
        from dpg.item_actions i
        full join actions a using (partition_network, action_type, action_id)
        where (i.action_status, i.update_count) is distinct from (a.status, a.last)
      )::integer as not_as_their_last_event`;
  return row as unknown as Record<string, number>;
}

test(
  `20 sessions for ${SECONDS} s, seed ${SEED}: no event is lost, doubled or out of order`,
  async () => {
    console.log(`DPG_STRESS_SEED=${SEED}`);
    await prepare(sql);
    await sql.unsafe(`
      create table public.seen (subscription text not null, "position" bigint not null, event_id uuid not null);
      select dpg.create_subscription('all'), dpg.create_subscription('visits', action_type => 'visit'),
        dpg.create_subscription('none', source_item_instance_url => 'https://nobody.example.com');`);
    await newActions(sql, ACTIONS / 2);
    await sql`
      select dpg.perform_action('asha', 'visit', row('yellow_dot', 'student', 'p', '11111111-1111-4111-8111-111111111111')::dpg.item_ref,
        row('yellow_dot', 'tutor', 'p', '22222222-2222-4222-8222-222222222222')::dpg.item_ref,
        action_id => case when n > 0 then gen_random_uuid() end)
      from generate_series(1, ${ACTIONS / 2}) n`;
    const actions = await sql<Place[]>`
      select action_type as type, action_id as id from dpg.item_actions order by action_type, action_id`;
    expect(actions).toHaveLength(ACTIONS);

    const workers: Worker[] = Array.from({ length: 20 }, (_, i) => {
      const isolation = i < 7 ? STRICT[i % 2] : 'read committed';
      if (i < 2) return new Stranger(`stranger ${i}`, SEED + i, isolation);
      if (i >= 15) return new Reader(`reader ${i}`, SEED + i);
      const writer = new Writer(`writer ${i}`, SEED + i, isolation);
      writer.actions = [...actions];
      return writer;
    });

    let isRunning = true;
    const running = Promise.all(workers.map((worker) => worker.run(() => isRunning))).finally(() => {
      isRunning = false;
    });
    const random = randomOf(SEED - 1);
    const killing = (async () => {
      const end = performance.now() + SECONDS * 1000;
      while (isRunning && performance.now() < end) {
        const ends = random() < 0.3 ? 'pg_terminate_backend' : 'pg_cancel_backend';
        await sql.unsafe(`
          select ${ends}(a.pid)
          from (
            select pid from pg_stat_activity
            where datname = current_database() and application_name like 'stress %' and state <> 'idle'
            order by random() limit 1
          ) a`);
        await wait(50 + random() * 150);
      }
      isRunning = false;
    })();
    await Promise.all([running, killing]);

    // what was terminated last may still be ending
    await until('all sessions have ended', async () => {
      const [row] = await sql`
        select count(*)::integer as sessions from pg_stat_activity
        where datname = current_database() and application_name like 'stress %'`;
      return row?.sessions === 0;
    });
    for (const { subscription } of await sql`select subscription from dpg.subscriptions`) {
      await sql`select dpg.release_events(${subscription})`;
      for (;;) {
        const [batch] = await sql`
          with batch as (select * from dpg.read_events(${subscription})),
          noted as (
            insert into public.seen (subscription, "position", event_id)
            select ${subscription}, b."position", b.event_id from batch b
          )
          select max(b."position")::text as last from batch b`;
        if (!batch?.last) break;
        await sql`select dpg.acknowledge(${subscription}, ${batch.last}::bigint)`;
      }
    }

    console.log(`stress: ${JSON.stringify(counts)}`);
    const { 'reads under an old snapshot': wrongReads = 0, ...others } = counts;
    expect({ ...(await findings()), wrongReads }).toEqual({
      actions_with_gaps: 0,
      not_in_the_feed: 0,
      twice_in_the_feed: 0,
      invented: 0,
      out_of_order: 0,
      in_the_queue: 0,
      acknowledged_and_not_seen: 0,
      not_as_their_last_event: 0,
      wrongReads: 0,
    });
    // all of it has happened, on a machine of any speed
    for (const what of [
      ...['transactions', 'rolled back', 'serialization failures', 'cancelled', 'terminated'],
      ...['acknowledged', 'late', 'died', 'refused'],
    ])
      expect(others[what] ?? 0, what).toBeGreaterThan(0);
    const [lag] = await sql`select sum(lag_events)::integer as events from dpg.subscription_status`;
    expect(lag?.events).toBe(0);
  },
  soakTimeout(15, 120),
);
