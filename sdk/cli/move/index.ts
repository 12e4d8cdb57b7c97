// Moves a network to another server while it is used. Each step looks first for what it would create, so that a command that was
// killed goes on where it was; the record in dpg_private.moves says on both servers how far it has come.

import { Refusal } from '../command.js';
import { count, size } from '../text.js';
import { plan } from './checks.js';
import {
  dropSlot,
  dropSubscription,
  ensurePublication,
  ensureSlot,
  ensureSubscription,
  hasMarker,
  holderOf,
  readSlots,
  readSubscription,
  writeMarker,
} from './copy.js';
import { moveName, USERS } from './names.js';
import { dropRecord, type MoveRecord, note, readRecord, type Step } from './record.js';
import { removeLeaves } from './remove.js';
import type { MoveReport, Outcome } from './report.js';
import { type Home, pause, takeLock } from './servers.js';
import { readStatus, undelivered } from './status.js';
import { open, switchOver } from './switch.js';
import {
  ensureOwnersSubscription,
  ensureUsersSubscription,
  findUsersHome,
  leaveUsersHome,
  usersDetail,
} from './users.js';

export type { MoveReport } from './report.js';

export interface MoveOptions {
  network: string;
  sender: Home;
  /** Not needed for --status; where it is lost for good, --abort does without. */
  receiver: Home | undefined;
  /** The URL by which the receiver reaches the sender. */
  from: string;
  /** For how many seconds to try the switch, and to wait for locks when something is taken away. */
  patience: number;
  /** For how many milliseconds writers may be held in one try. */
  hold: number;
  verify: boolean;
  say(line: string): void;
}

type WithReceiver = MoveOptions & { receiver: Home };

/** Goes on until the network lives on the receiver, or until something is in the way. */
export async function move(options: WithReceiver, isDryRun: boolean): Promise<MoveReport> {
  const { network, sender, receiver, from, say } = options;
  const report = newReport(options, 'planned');
  report.is_dry_run = isDryRun;
  if (!isDryRun) await lockBoth(options);
  let record = await readRecord(sender, network);
  if (record) checkRecord(record, options);
  const users = await findUsersHome(sender, receiver, from);
  if (record?.step === 'opened') {
    // where it could not be had at the switch
    if (!isDryRun) await ensureOwnersSubscription(users, sender, receiver, say);
    return { ...report, outcome: 'moved', step: record.step };
  }

  if (record?.step !== 'closed') {
    const isUnderWay =
      record !== undefined && (await readRecord(receiver, network))?.server === sender.server;
    report.plan = await plan({ sender, receiver, network, from, users, isUnderWay, isDryRun });
    report.step = record?.step ?? null;
    if (report.plan.obstacles.length > 0) return { ...report, outcome: 'stopped' };
    if (isDryRun) return report;

    await sender.sql`select dpg_private.begin_move(${network}, ${receiver.server})`;
    await restartWhereLost(options, record);
    await ensurePublication(sender, network);
    const [row] = await sender.sql`select dpg_private.network_contents(${network})::text as contents`;
    await receiver.sql`select dpg_private.receive_network(${network}, ${sender.server}, ${row?.contents}::text::jsonb)`;
    await noteBoth(options, 'receiving', await usersDetail(users, receiver));
    await ensureUsersSubscription(users, sender, receiver, say);
    say('beginning the copy');
    await ensureSlot(sender, moveName(network), say);
    await ensureSubscription(receiver, network, from);
    await noteBoth(options, 'copying', { subscription: await subscriptionOid(receiver, network) });
    await waitForCopy(options);
    if (record?.step !== 'copied') await analyse(options);
    await waitToCatchUp(options);
    await noteBoth(options, 'copied');

    say('switching');
    report.switch = await switchOver(sender, receiver, network, users, options);
    record = await readRecord(sender, network);
    if (!report.switch.is_done) return { ...report, outcome: 'waiting', step: record?.step ?? null };
  } else if (isDryRun) {
    return { ...report, step: record.step };
  }

  await open(sender, receiver, network, options);
  await ensureOwnersSubscription(users, sender, receiver, say);
  await note(sender, network, 'opened');
  await endCopy(options);
  const opened = await readRecord(receiver, network);
  report.created_subscriptions = (opened?.detail.subscriptions as string[] | null | undefined) ?? [];
  report.undelivered = await undelivered(sender, network);
  return { ...report, outcome: 'moved', step: 'opened' };
}

/** Before the switch: takes everything away that the move has created. */
export async function abort(options: MoveOptions): Promise<MoveReport> {
  const { network, sender, receiver } = options;
  await lockBoth(options);
  const record = await readRecord(sender, network);
  const received = receiver && (await readRecord(receiver, network));
  const isReceived = received?.direction === 'in' && received.server === sender.server;
  if (!record && !isReceived) throw noMove(network, sender);
  if (record) checkRecord(record, options);
  if (record?.step === 'closed' || record?.step === 'opened' || received?.step === 'opened') {
    throw new Refusal(
      `the network ${network} has been switched: it lives on ${record?.server ?? receiver?.server}, with what was written there since`,
      record?.step === 'closed'
        ? 'Run the same command without --abort: it opens the network there. Then move it back, if it should be here.'
        : 'Move it back: finish this move with --finish, then run dpg-database move from there to here.',
    );
  }
  await takeBack(options);
  if (record) await leaveUsersHome(record.detail, sender, receiver);
  await dropRecord(sender, network);
  return newReport(options, 'aborted');
}

/** Takes away what is left of a network on the server that it has left. */
export async function finish(options: WithReceiver, evenUndelivered: boolean): Promise<MoveReport> {
  const { network, sender, receiver } = options;
  await lockBoth(options);
  const record = await readRecord(sender, network);
  if (!record) throw noMove(network, sender);
  checkRecord(record, options);
  if (record.step !== 'opened') {
    throw new Refusal(
      `the network ${network} does not live on ${record.server} yet: the move is at the step ${record.step}`,
      'Run the same command without --finish: it goes on.',
    );
  }
  await checkOpen(receiver, network);
  const report = newReport(options, 'finished');
  report.undelivered = await undelivered(sender, network);
  const left = report.undelivered.filter(({ events }) => events > 0n);
  if (left.length > 0 && !evenUndelivered) {
    const names = left.map(
      ({ subscription, events }) => `${subscription} (${count(Number(events), 'event')})`,
    );
    throw new Refusal(
      `subscriptions of the sender's feed have not got all events of ${network}: ${names.join(', ')}`,
      'Wait until their readers have acknowledged them, or drop a subscription that nobody reads. With --even-undelivered these events are in no feed any more; they are rows on the receiver.',
    );
  }
  await endCopy(options);
  await removeLeaves(sender, network, options);
  await dropRecord(receiver, network);
  await sender.sql`select dpg_private.forget_network(${network})`;
  return report;
}

export async function status(options: MoveOptions): Promise<MoveReport> {
  const { network, sender, receiver } = options;
  const record = await readRecord(sender, network);
  if (record && receiver) checkRecord(record, options);
  const report = newReport(options, 'reported');
  report.status = await readStatus(sender, receiver, network);
  report.receiver ??= record?.server ?? null;
  report.step = record?.step ?? null;
  report.undelivered = report.status.undelivered;
  return report;
}

function newReport({ network, sender, receiver }: MoveOptions, outcome: Outcome): MoveReport {
  return {
    outcome,
    is_dry_run: false,
    network,
    sender: sender.server,
    receiver: receiver?.server ?? null,
    step: null,
    plan: null,
    switch: null,
    status: null,
    undelivered: [],
    created_subscriptions: [],
    seconds: 0,
  };
}

function noMove(network: string, sender: Home): Refusal {
  return new Refusal(
    `there is no move of the network ${network} from ${sender.server}`,
    'Is --database-url the server that the network moves from? dpg.homes says where networks live.',
  );
}

function checkRecord({ network, direction, server, step }: MoveRecord, { receiver }: MoveOptions): void {
  if (direction === 'in') {
    throw new Refusal(
      step === 'opened'
        ? `the move of the network ${network} from ${server} to here is not finished`
        : `the network ${network} is moving here, from ${server} (${step})`,
      step === 'opened'
        ? `Run the command with --database-url of ${server} and --finish first.`
        : `Run the command with --database-url of ${server}, from where it moves.`,
    );
  }
  if (receiver && receiver.server !== server) {
    throw new Refusal(
      `the network ${network} is moving to ${server}, not to ${receiver.server}`,
      `Name ${server} with --to, as it is spelled here; or end that move first.`,
    );
  }
}

async function lockBoth({ sender, receiver, network }: MoveOptions): Promise<void> {
  await takeLock(sender, network);
  if (receiver) await takeLock(receiver, network);
}

async function noteBoth(
  { sender, receiver, network }: WithReceiver,
  step: Step,
  detail: Record<string, unknown> = {},
): Promise<void> {
  await note(receiver, network, step, detail);
  await note(sender, network, step, detail);
}

async function subscriptionOid({ aside }: Home, network: string): Promise<string> {
  const [row] = await aside`
    select s.oid::text as oid
    from pg_subscription s
    where s.subdbid = (select d.oid from pg_database d where d.datname = current_database())
      and s.subname = ${moveName(network)}`;
  return String(row?.oid);
}

/** A copy cannot go on when the sender has given up the WAL for it, or when one of slot and subscription is gone. */
async function restartWhereLost(options: WithReceiver, record: MoveRecord | undefined): Promise<void> {
  if (!record) return;
  const { sender, receiver, network, say } = options;
  const [slot] = await readSlots(sender, `^${moveName(network)}$`);
  const subscription = await readSubscription(receiver, moveName(network));
  const isLost = slot?.wal_status === 'lost' || (subscription !== undefined && slot === undefined);
  if (!isLost && (subscription !== undefined || !(await hasRows(receiver, network)))) return;
  say('the copy cannot go on: it begins anew');
  await takeBack(options);
}

async function hasRows({ aside }: Home, network: string): Promise<boolean> {
  const leaves = await aside<{ leaf: string }[]>`
    select l.leaf::text as leaf from dpg_private.find_leaves_of_network(${network}) l`;
  for (const { leaf } of leaves) {
    const [row] = await aside.unsafe(`select from ${leaf} limit 1`);
    if (row) return true;
  }
  return false;
}

/** The copy, its slot, and the leaves on the receiver. */
async function takeBack(options: MoveOptions): Promise<void> {
  const { sender, receiver, network } = options;
  await endCopy(options);
  if (!receiver) return;
  await removeLeaves(receiver, network, options);
  if (await readRecord(receiver, network)) await receiver.sql`select dpg_private.forget_network(${network})`;
  await note(sender, network, 'begun');
}

/** Subscription, slots and publication: nothing keeps WAL on the sender any more. */
async function endCopy({ sender, receiver, network }: MoveOptions): Promise<void> {
  const name = moveName(network);
  const record = await readRecord(sender, network);
  const known = receiver && (await dropSubscription(receiver, name));
  await dropSlot(sender, name);
  // of tables whose copy had not ended; without the subscription nobody else takes them away
  for (const oid of new Set([known, record?.detail.subscription as string | undefined])) {
    if (!oid || !receiver) continue;
    const [row] = await receiver.aside`select system_identifier::text as id from pg_control_system()`;
    for (const { slot_name } of await readSlots(sender, `^pg_${oid}_sync_\\d+_${row?.id}$`))
      await dropSlot(sender, slot_name);
  }
  await sender.aside.unsafe(`drop publication if exists ${name}`);
}

/** Until the tables are copied, and those of the users. */
async function waitForCopy(options: WithReceiver): Promise<void> {
  const { sender, receiver, network, say } = options;
  const check = await stuckCheck(options);
  let told = performance.now();
  for (;;) {
    const { kept } = await check();
    const copies = [moveName(network), USERS].map((name) => readSubscription(receiver, name));
    const [copy, users] = await Promise.all(copies);
    const isReady = (one: typeof copy) => one === undefined || (one.tables > 0 && one.waiting === 0);
    if (copy && isReady(copy) && isReady(users)) return;
    if (performance.now() - told > 10_000) {
      told = performance.now();
      const [row] = await receiver.aside`
        select coalesce(sum(p.tuples_processed), 0)::float8 as rows
        from pg_stat_progress_copy p
        where p.command = 'COPY FROM'`;
      const ready = (copy?.tables ?? 0) - (copy?.waiting ?? 0);
      say(
        `copying: ${ready} of ${copy?.tables} tables are ready, ${count(Number(row?.rows), 'row')} of the present ones, ${size(kept)} of WAL kept`,
      );
      const holder = await holderOf(sender);
      if (holder) say(`a table waits for a transaction to end before its copy can begin: ${holder}`);
    }
    await pause(100);
  }
}

/** Until what was written during the copy has arrived, too: that takes as long as it takes, and holds up nobody. */
async function waitToCatchUp(options: WithReceiver): Promise<void> {
  const { sender, receiver, network, hold, say } = options;
  const check = await stuckCheck(options);
  let told = performance.now();
  for (let round = 0; round < 5; round += 1) {
    const started = performance.now();
    const marker = await writeMarker(sender, network);
    while (!(await hasMarker(receiver, network, marker))) {
      const { kept } = await check();
      if (performance.now() - told > 10_000) {
        told = performance.now();
        say(`catching up: ${size(kept)} of WAL kept`);
      }
      await pause(20);
    }
    if (performance.now() - started < hold / 2) return;
  }
}

/** A look that ends the command where the copy cannot go on. */
async function stuckCheck({
  sender,
  receiver,
  network,
}: WithReceiver): Promise<() => Promise<{ kept: bigint }>> {
  const name = moveName(network);
  const errorsOf = async (subscription: string) => {
    const found = await readSubscription(receiver, subscription);
    if (!found && subscription === name)
      throw new Refusal(`the subscription ${name} has gone from the receiver`, 'Run the command again.');
    return BigInt(found?.errors ?? 0);
  };
  const before = [await errorsOf(name), await errorsOf(USERS)] as const;
  return async () => {
    for (const [place, subscription] of [name, USERS].entries()) {
      const errors = await errorsOf(subscription);
      if (errors > (before[place] ?? 0n) + 2n) {
        throw new Refusal(
          `the copy is stuck: ${count(Number(errors), 'error')} of the subscription ${subscription} on the receiver`,
          'The log of that server says what they are. Mend it and run the command again, or end the move with --abort.',
        );
      }
    }
    const [slot] = await readSlots(sender, `^${name}$`);
    if (!slot || slot.wal_status === 'lost') {
      throw new Refusal(
        'the sender has given up the WAL that the copy needs (max_slot_wal_keep_size)',
        'Raise it there, then run the command again: it begins the copy anew.',
      );
    }
    return { kept: BigInt(slot.kept_bytes ?? 0) };
  };
}

/** So that the first calls on the receiver are planned well: the leaves are new, and autovacuum leaves them alone until then. */
async function analyse({ receiver, network, say }: WithReceiver): Promise<void> {
  const leaves = await receiver.aside<{ leaf: string }[]>`
    select l.leaf::text as leaf from dpg_private.find_leaves_of_network(${network}) l`;
  say(`statistics of ${leaves.length} leaves`);
  for (const { leaf } of leaves) await receiver.aside.unsafe(`vacuum (analyze) ${leaf}`);
}

/** Nothing is taken away here that is not there. */
async function checkOpen(receiver: Home, network: string): Promise<void> {
  const [row] = await receiver.aside`
    select count(*)::integer as leaves, count(*) filter (where p.is_closed)::integer as closed,
      exists (select from dpg.homes h where h.network = ${network}) as is_elsewhere
    from dpg_private.find_leaves_of_network(${network}) l
    join dpg_private.partition_names p on p.root = l.root and p.network = ${network} and p.key = l.key`;
  if (Number(row?.leaves) > 0 && Number(row?.closed) === 0) return;
  throw new Refusal(
    row?.is_elsewhere
      ? `the network ${network} has moved on from ${receiver.server}, and nothing of it is there`
      : `the network ${network} is not open on ${receiver.server}`,
    'What is left here may be all that there is: look at dpg.homes and dpg.partitions of both servers before you take it away.',
  );
}
