// The copy: a publication and a slot on the sender, a subscription on the receiver. Each is created by a statement of its own
// and looked for by its name first. The slot is created apart from the subscription, so that the subscription can be created in a
// transaction, and a command that is killed leaves one of three states: nothing, the slot alone, both.

import { identifier, literal } from '../adopt/sql-text.js';
import { Refusal } from '../command.js';
import { moveName, USERS_MARKER } from './names.js';
import { type Home, hidden, pause, until } from './servers.js';

/** What goes with a network by replication, and which of its columns names the network. */
export const COPIED: readonly [table: string, network: string][] = [
  ['dpg.items', 'item_network'],
  ['dpg.item_actions', 'partition_network'],
  ['dpg.action_events', 'partition_network'],
  ['dpg_private.mirrored_actions', 'partition_network'],
  ['dpg_private.sent_contents', 'network'],
  ['dpg_private.move_markers', 'network'],
];

/** Takes SHARE UPDATE EXCLUSIVE on the tables: no reader and no writer waits. */
export async function ensurePublication({ sql }: Home, network: string): Promise<void> {
  const name = moveName(network);
  const [there] = await sql`select from pg_publication p where p.pubname = ${name}`;
  if (there) return;
  const tables = COPIED.map(([table, column]) => `${table} where (${column} = ${literal(network)})`);
  await sql.unsafe(`
    create publication ${name} for table ${tables.join(', ')}
    with (publish_via_partition_root = true, publish = 'insert, update, delete')`);
}

/** Waits until every transaction of the server has ended that was writing when it began. */
export async function ensureSlot(sender: Home, slot: string, say: (line: string) => void): Promise<void> {
  const { sql } = sender;
  const [there] = await sql`select from pg_replication_slots s where s.slot_name = ${slot}`;
  if (there) return;
  const [session] = await sql`select pg_backend_pid() as pid`;
  const creating = sql`select pg_create_logical_replication_slot(${slot}, 'pgoutput')`.execute();
  const ended = creating.then(
    () => true,
    () => true,
  );
  while (!(await Promise.race([ended, pause(5000)]))) {
    const holder = await holderOf(sender, Number(session?.pid));
    if (holder) say(`waiting for a transaction to end before the copy can begin: ${holder}`);
  }
  await creating;
}

/**
 * Who holds up a session of the sender, the oldest first; where no session is given, those that create a slot: the command's
 * own, and the walsenders, which do it for each table that is copied.
 */
export async function holderOf({ aside }: Home, pid: number | null = null): Promise<string | undefined> {
  const [holder] = await aside`
    select b.pid, a.application_name, coalesce(a.xact_start, x.prepared)::text as since
    from pg_stat_activity w
    cross join unnest(pg_blocking_pids(w.pid)) b(pid)
    left join pg_stat_activity a on a.pid = b.pid
    left join lateral (select min(p.prepared) as prepared from pg_prepared_xacts p where b.pid = 0) x on true
    where w.pid = ${pid}
      or (
        ${pid}::integer is null
        and w.datname = current_database()
        and (w.backend_type = 'walsender' or w.query like '%pg_create_logical_replication_slot%')
      )
    order by coalesce(a.xact_start, x.prepared)
    limit 1`;
  if (!holder) return undefined;
  return holder.pid === 0
    ? `a prepared transaction, since ${holder.since}: see pg_prepared_xacts`
    : `process ${holder.pid}, ${holder.application_name || 'without a name'}, since ${holder.since}`;
}

export interface Slot {
  slot_name: string;
  active_pid: number | null;
  wal_status: string | null;
  /** WAL that the server keeps for it. */
  kept_bytes: bigint | null;
  /** What was not confirmed yet. */
  behind_bytes: bigint | null;
}

export async function readSlots({ aside }: Home, pattern: string): Promise<Slot[]> {
  return await aside<Slot[]>`
    select s.slot_name::text, s.active_pid, s.wal_status,
      pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::bigint as kept_bytes,
      pg_wal_lsn_diff(pg_current_wal_lsn(), s.confirmed_flush_lsn)::bigint as behind_bytes
    from pg_replication_slots s
    where s.database = current_database()
      and s.slot_name ~ ${pattern}
    order by s.slot_name`;
}

/** Also one that is in use: whoever uses it is ended. */
export async function dropSlot({ aside }: Home, slot: string): Promise<void> {
  const dropped = await until(
    async () => {
      const [there] = await aside`
        select s.active_pid, pg_terminate_backend(s.active_pid)
        from pg_replication_slots s
        where s.slot_name = ${slot}`;
      if (!there) return true;
      await pause(20);
      await aside`
        select pg_drop_replication_slot(s.slot_name)
        from pg_replication_slots s
        where s.slot_name = ${slot} and s.active_pid is null`.catch((error: { code?: string }) => {
        // somebody uses it again, or has dropped it
        if (error.code !== '55006' && error.code !== '42704') throw error;
      });
      return undefined;
    },
    20_000,
    50,
  );
  if (!dropped) {
    throw new Refusal(
      `the replication slot ${slot} is in use again and again`,
      `Stop whoever uses it, then run on the sender: select pg_drop_replication_slot('${slot}');`,
    );
  }
}

export interface Subscription {
  is_enabled: boolean;
  slot: string | null;
  conninfo: string | null;
  /** Tables that are not ready yet, and all. */
  waiting: number;
  tables: number;
  errors: bigint;
}

/** The text of the connection is null where the role may not read it: superusers only. */
export async function readSubscription({ aside }: Home, name: string): Promise<Subscription | undefined> {
  const [may] = await aside`select has_column_privilege('pg_subscription', 'subconninfo', 'select') as may`;
  const [row] = await aside.unsafe<Subscription[]>(
    `select s.subenabled as is_enabled, s.subslotname::text as slot,
      ${may?.may ? 's.subconninfo' : 'null::text'} as conninfo,
      (select count(*)::integer from pg_subscription_rel r where r.srsubid = s.oid and r.srsubstate <> 'r') as waiting,
      (select count(*)::integer from pg_subscription_rel r where r.srsubid = s.oid) as tables,
      coalesce(
        (
          select e.apply_error_count + e.sync_error_count from pg_stat_subscription_stats e where e.subid = s.oid
        ),
        0
      ) as errors
    from pg_subscription s
    where s.subdbid = (select d.oid from pg_database d where d.datname = current_database())
      and s.subname = $1`,
    [name],
  );
  return row;
}

/** The statement; the slot is there already. */
export function subscriptionSql(name: string, publication: string, slot: string, from: string): string {
  return `create subscription ${identifier(name)} connection ${literal(from)} publication ${identifier(publication)}
    with (create_slot = false, slot_name = ${literal(slot)}, copy_data = true, enabled = true)`;
}

/** `from` with a limit for the time to connect, where it has none. */
export function connectionText(from: string): string {
  const url = new URL(from);
  if (!url.searchParams.has('connect_timeout')) url.searchParams.set('connect_timeout', '10');
  return url.href;
}

/** Whether the receiver reaches the sender, and may subscribe: a subscription that is rolled back. What is wrong, if anything. */
export async function tryToSubscribe(receiver: Home, from: string): Promise<string | undefined> {
  const name = `dpg_move_trial_${process.pid}`;
  await receiver.sql.unsafe('begin');
  try {
    await receiver.sql.unsafe(
      `create subscription ${name} connection ${literal(connectionText(from))} publication ${name}
        with (create_slot = false, slot_name = none, copy_data = false, enabled = false)`,
    );
    return undefined;
  } catch (error) {
    return hidden((error as Error).message, from, receiver.url);
  } finally {
    await receiver.sql.unsafe('rollback');
  }
}

export async function ensureSubscription(receiver: Home, network: string, from: string): Promise<void> {
  const name = moveName(network);
  if (await readSubscription(receiver, name)) return;
  await inTransaction(receiver, async ({ sql }) => {
    await sql`delete from dpg_private.move_markers m where m.network = ${network}`;
    await sql.unsafe(subscriptionSql(name, name, name, connectionText(from)));
  }).catch((error: Error) => {
    throw new Refusal(
      `the receiver could not subscribe: ${hidden(error.message, from, receiver.url)}`,
      'Is the sender reached from there by this URL? --from gives another one.',
      { cause: error },
    );
  });
}

export async function inTransaction(home: Home, work: (home: Home) => Promise<void>): Promise<void> {
  await home.sql.unsafe('begin');
  try {
    await work(home);
    await home.sql.unsafe('commit');
  } catch (error) {
    await home.sql.unsafe('rollback').catch(() => undefined);
    throw error;
  }
}

/**
 * Takes a subscription away, whether the sender can be reached or not; its slot stays. Slots of copies that had not ended go with
 * it where the receiver reaches the sender.
 */
export async function dropSubscription({ aside }: Home, name: string): Promise<string | undefined> {
  const [row] = await aside`
    select s.oid::text as oid, s.subslotname is not null as has_slot
    from pg_subscription s
    where s.subdbid = (select d.oid from pg_database d where d.datname = current_database())
      and s.subname = ${name}`;
  if (!row) return undefined;
  await aside.unsafe(`alter subscription ${identifier(name)} disable`);
  if (row.has_slot) await aside.unsafe(`alter subscription ${identifier(name)} set (slot_name = none)`);
  await aside.unsafe(`drop subscription if exists ${identifier(name)}`);
  return String(row.oid);
}

/** Waits until what is committed on the sender now has arrived. Milliseconds, or undefined when it has not. */
export async function markerTrip(
  sender: Home,
  receiver: Home,
  network: string,
  milliseconds: number,
): Promise<number | undefined> {
  const started = performance.now();
  const marker = await writeMarker(sender, network);
  const arrived = await until(() => hasMarker(receiver, network, marker), milliseconds, 3);
  return arrived && performance.now() - started;
}

export async function writeMarker({ aside }: Home, network: string = USERS_MARKER): Promise<string> {
  // with flush: what was committed before without one is flushed, too, and only then sent
  const [row] = await aside`
    with flushed as (select set_config('synchronous_commit', 'on', false))
    insert into dpg_private.move_markers as m (network, marker)
    select ${network}, gen_random_uuid() from flushed
    on conflict on constraint move_markers_pkey do update
    set marker = excluded.marker, created_at = clock_timestamp()
    returning m.marker`;
  return String(row?.marker);
}

export async function hasMarker({ aside }: Home, network: string, marker: string): Promise<true | undefined> {
  const [row] = await aside`
    select from dpg_private.move_markers m where m.network = ${network} and m.marker = ${marker}`;
  return row && true;
}
