// How far a move is, and what is wrong with it.

import { duration, size } from '../text.js';
import { holderOf, readSlots, readSubscription } from './copy.js';
import { moveName, USERS } from './names.js';
import { readRecord } from './record.js';
import type { MoveReport, SlotStatus, Status } from './report.js';
import type { Home } from './servers.js';

export async function undelivered({ aside }: Home, network: string): Promise<MoveReport['undelivered']> {
  const rows = await aside`
    select u.subscription, u.undelivered::text as events from dpg_private.undelivered_events(${network}) u`;
  return rows.map(({ subscription, events }) => ({ subscription, events: BigInt(events) }));
}

export async function readStatus(sender: Home, receiver: Home | undefined, network: string): Promise<Status> {
  const name = moveName(network);
  const record = await readRecord(sender, network);
  const received = receiver && (await readRecord(receiver, network));
  const copy = receiver && (await readSubscription(receiver, name));
  const follows = receiver && (await readSubscription(receiver, USERS));
  const [about] = await sender.aside`
    select s.setting::bigint::text as keep_megabytes,
      (
        select round(extract(epoch from r.replay_lag) * 1000)::integer
        from pg_stat_replication r
        where r.application_name = ${name}
        limit 1
      ) as lag_milliseconds,
      exists (
        select
        from pg_locks l
        where l.locktype = 'advisory'
          and l.granted
          and l.database = (select d.oid from pg_database d where d.datname = current_database())
          and (l.classid::bigint << 32) | l.objid::bigint
            = hashtextextended(${`dpg-database move ${network}`}, 0)
      ) as is_worked_on
    from pg_settings s
    where s.name = 'max_slot_wal_keep_size'`;
  const found = await readSlots(
    sender,
    `^(${name}|dpg_users_[0-9a-f]+|pg_${record?.detail.subscription ?? 0}_sync_.*)$`,
  );
  const slots = found.map(
    (slot): SlotStatus => ({
      slot: slot.slot_name,
      is_active: slot.active_pid !== null,
      wal_status: slot.wal_status,
      kept_bytes: slot.kept_bytes === null ? null : BigInt(slot.kept_bytes),
      behind_bytes: slot.behind_bytes === null ? null : BigInt(slot.behind_bytes),
    }),
  );
  const ofMove = slots.find(({ slot }) => slot === name);
  const [progress] = receiver
    ? await receiver.aside`
        select coalesce(sum(p.tuples_processed), 0)::bigint::text as rows
        from pg_stat_progress_copy p
        where p.command = 'COPY FROM'`
    : [];
  const begins = await sender.aside`
    select s.subscription
    from dpg.subscriptions s
    where s.kind = 'items'
      and (s.item_network is null or s.item_network = ${network})
    order by s.subscription`;
  const holder =
    record?.step === 'receiving' || record?.step === 'copying' ? await holderOf(sender) : undefined;
  const keep = BigInt(about?.keep_megabytes ?? -1);
  const status: Status = {
    step: record?.step ?? null,
    receiver_step: received?.step ?? null,
    started_at: record?.started_at ?? null,
    changed_at: record?.changed_at ?? null,
    tables_waiting: copy?.waiting ?? null,
    tables: copy?.tables ?? null,
    copied_rows: BigInt(progress?.rows ?? 0),
    is_copied: copy !== undefined && copy.tables > 0 && copy.waiting === 0,
    lag_bytes: ofMove?.behind_bytes ?? null,
    lag_milliseconds: about?.lag_milliseconds ?? null,
    users_lag_bytes: slots.find(({ slot }) => slot === follows?.slot)?.behind_bytes ?? null,
    replication_errors: copy ? BigInt(copy.errors) : null,
    slots,
    max_slot_wal_keep_bytes: keep < 0n ? null : keep * 1024n * 1024n,
    undelivered: record ? await undelivered(sender, network) : [],
    begins_anew: begins.map(({ subscription }) => String(subscription)),
    problems: [],
  };
  status.problems = problems();
  return status;

  function problems(): string[] {
    if (!record) return [];
    const wrong: string[] = [];
    const isCopying = record.step === 'copying' || record.step === 'copied';
    if (record.step !== 'opened' && !about?.is_worked_on) {
      wrong.push(
        record.step === 'closed'
          ? 'the network is closed here and not open there, and no command works on it: run it again at once, it opens the network'
          : `no command works on it since the step ${record.step}: run it again, or end the move with --abort`,
      );
    }
    if (holder) wrong.push(`the copy waits for a transaction to end: ${holder}`);
    if (isCopying && !ofMove)
      wrong.push(`the slot ${name} is gone: run the command again, it begins the copy anew`);
    if (isCopying && receiver && !copy)
      wrong.push(`the subscription ${name} is gone: run the command again, it begins the copy anew`);
    if (copy && !copy.is_enabled && record.step !== 'opened')
      wrong.push(`the subscription ${name} is disabled`);
    if (copy && BigInt(copy.errors) > 0n)
      wrong.push(`the copy has met ${copy.errors} errors: the log of the receiver says which`);
    for (const { slot, is_active, wal_status, kept_bytes } of slots) {
      if (wal_status === 'lost' || wal_status === 'unreserved')
        wrong.push(`slot ${slot}: the WAL for it is ${wal_status}`);
      else if (!is_active && (slot !== name || isCopying))
        wrong.push(`slot ${slot}: nobody reads it, and ${size(kept_bytes ?? 0n)} of WAL are kept for it`);
    }
    if (record.step === 'opened' && ofMove)
      wrong.push(`the slot ${name} is still there: --finish takes it away`);
    return wrong;
  }
}

export function statusLines(report: MoveReport): string[] {
  const { status } = report;
  if (!status) return [];
  if (status.step === null) {
    return [`No move of ${report.network} from ${report.sender} is under way.`, ...status.problems];
  }
  const limit =
    status.max_slot_wal_keep_bytes === null
      ? 'without a limit (max_slot_wal_keep_size = -1)'
      : `at most ${size(status.max_slot_wal_keep_bytes)}`;
  return [
    `${report.network} from ${report.sender} to ${report.receiver}`,
    `step ${status.step} since ${status.changed_at}, begun ${status.started_at}`,
    ...(status.tables === null
      ? []
      : [
          status.is_copied
            ? 'copied: the receiver follows'
            : `copying: ${status.tables - (status.tables_waiting ?? 0)} of ${status.tables} tables are ready, ${status.copied_rows} rows of the present ones`,
        ]),
    ...(status.lag_bytes === null
      ? []
      : [
          `behind by ${size(status.lag_bytes)}${status.lag_milliseconds === null ? '' : `, ${duration(status.lag_milliseconds / 1000)} (${status.lag_milliseconds} ms)`}`,
        ]),
    ...(status.users_lag_bytes === null ? [] : [`users: behind by ${size(status.users_lag_bytes)}`]),
    ...status.slots.map(
      ({ slot, is_active, wal_status, kept_bytes }) =>
        `slot ${slot}: ${is_active ? 'in use' : 'not in use'}, ${wal_status ?? 'no WAL'}, keeps ${size(kept_bytes ?? 0n)}, ${limit}`,
    ),
    ...undeliveredLines(status.undelivered),
    ...(status.begins_anew.length > 0
      ? [
          `subscriptions to items that begin anew on the receiver: ${status.begins_anew.join(', ')}: copy what is there, by find_items, once it is open`,
        ]
      : []),
    ...status.problems.map((problem) => `Look: ${problem}`),
  ];
}

export function undeliveredLines(of: MoveReport['undelivered']): string[] {
  return of
    .filter(({ events }) => events > 0n)
    .map(
      ({ subscription, events }) =>
        `subscription ${subscription}: ${events} events of this network are not delivered`,
    );
}
