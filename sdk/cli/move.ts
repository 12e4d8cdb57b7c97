import { type Command, type Context, exitCodes, UsageError } from './command.js';
import { isConnectionLoss } from './errors.js';
import { abort, finish, type MoveOptions, type MoveReport, move, status } from './move/index.js';
import { checkDifferent, connectHome, type Home, hidden, lostSession, serverOf } from './move/servers.js';
import { inWords } from './move/text.js';
import { plain } from './text.js';

export const moveCommand: Command = {
  name: 'move',
  summary: 'move a network to another server while it is used',
  help: `
Moves a network from the server of --database-url to the one of --to, by PostgreSQL's logical replication, while it is
used. Both need the migrations of this package. It copies the rows, follows what is written meanwhile, holds the
writers of this network for a moment, closes the network here (DP017 from then on) and opens it there. Each step is
recorded on both servers: run again after it was killed, the command goes on where it was.

Before the switch --abort takes everything back. After it the network lives there; --finish takes away what is left
here, when the readers of the old feed have got its events. --dry-run says what would be done, how much there is to copy
and what is in the way; a real run looks at the same first. --status needs no --to, and says more with it.

It needs sessions of its own on both servers: no pooler of transactions. The receiver keeps the URL of the sender, with
its password, in pg_subscription, which only superusers read.

With --json: outcome (planned, stopped, waiting, moved, aborted, finished, reported), is_dry_run, network, sender,
receiver, step, plan (leaves, bytes, seconds, actions_from_others, actions_to_others, obstacles, notes), switch
(is_done, tries, locked_milliseconds, reason, blocked_by, verified), status (step, receiver_step, started_at,
changed_at, tables_waiting, tables, copied_rows, is_copied, lag_bytes, lag_milliseconds, users_lag_bytes,
replication_errors, slots, max_slot_wal_keep_bytes, undelivered, begins_anew, problems), undelivered,
created_subscriptions, seconds.

Exit codes: 0 done, or nothing is in the way; 1 something is in the way, the switch could not be done in time, or
--status has found a problem; 2 wrong usage; 3 no connection; 4 refused.`,
  positionals: '<network>',
  options: {
    to: { type: 'string', value: '<url>', description: 'the server that the network moves to' },
    from: {
      type: 'string',
      value: '<url>',
      description: 'how that server reaches this one, where it is not by --database-url',
    },
    'dry-run': { type: 'boolean', description: 'say what would be done; change nothing' },
    status: { type: 'boolean', description: 'say how far the move is; change nothing' },
    abort: { type: 'boolean', description: 'before the switch: take everything back' },
    finish: { type: 'boolean', description: 'after the switch: take away what is left here' },
    'even-undelivered': {
      type: 'boolean',
      description: 'with --finish: although subscriptions have not got all events of the network',
    },
    'without-receiver': {
      type: 'boolean',
      description: 'with --abort: the receiver is lost for good, take back what is here',
    },
    verify: {
      type: 'boolean',
      description:
        'compare count and checksum of every leaf in the switch; writers wait for as long as that takes',
    },
    patience: {
      type: 'string',
      value: '<seconds>',
      description:
        'for how long to try the switch, and to wait where something is taken away: 60 unless told',
    },
    hold: {
      type: 'string',
      value: '<milliseconds>',
      description: 'for how long writers may be held in one try of the switch: 1000 unless told',
    },
  },

  async run(context) {
    const { url, values, positionals, json, write, writeJson, note } = context;
    const [network, ...others] = positionals;
    if (network === undefined || others.length > 0) throw new UsageError('one network is named');
    const modes = ['dry-run', 'status', 'abort', 'finish'].filter((mode) => values[mode] === true);
    if (modes.length > 1) throw new UsageError(`--${modes.join(' and --')} exclude one another`);
    const [mode] = modes;
    const to = text(values.to);
    const isAlone = mode === 'status' || (mode === 'abort' && values['without-receiver'] === true);
    if (to === undefined && !isAlone) throw new UsageError('--to names the server that the network moves to');
    if (to !== undefined) serverOf(to);
    const from = text(values.from) ?? url;
    serverOf(from);
    const patience = positive(values, 'patience', 60);
    const hold = positive(values, 'hold', 1000);

    const started = performance.now();
    const homes: Home[] = [];
    const secrets = [url, from, ...(to === undefined ? [] : [to])];
    try {
      const sender = await connectHome('sender', url);
      homes.push(sender);
      const receiver = to === undefined ? undefined : await connectHome('receiver', to);
      if (receiver) {
        homes.push(receiver);
        await checkDifferent(sender, receiver);
      }
      const options: MoveOptions = {
        network,
        sender,
        receiver,
        from,
        patience,
        hold,
        verify: values.verify === true,
        say: (line) => (json ? undefined : note(plain(hidden(line, ...secrets)))),
      };
      const report = await run(options, mode, values);
      report.seconds = Math.round(performance.now() - started) / 1000;
      if (json) writeJson(report);
      else write(inWords(report));
      return exitCode(report);
    } catch (thrown) {
      const error = isConnectionLoss(thrown)
        ? lostSession(`a session was lost: ${(thrown as Error).message}`, thrown)
        : thrown;
      if (error instanceof Error) error.message = hidden(error.message, ...secrets);
      throw error;
    } finally {
      await Promise.all(homes.map((home) => home.end()));
    }
  },
};

async function run(
  options: MoveOptions,
  mode: string | undefined,
  values: Context['values'],
): Promise<MoveReport> {
  if (mode === 'status') return status(options);
  if (mode === 'abort') return abort(options);
  const { receiver } = options;
  if (!receiver) throw new UsageError('--to names the server that the network moves to');
  if (mode === 'finish') return finish({ ...options, receiver }, values['even-undelivered'] === true);
  return move({ ...options, receiver }, mode === 'dry-run');
}

function exitCode({ outcome, status }: MoveReport): number {
  const isFound = outcome === 'stopped' || outcome === 'waiting' || (status?.problems.length ?? 0) > 0;
  return isFound ? exitCodes.found : exitCodes.fine;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function positive(values: Context['values'], name: string, otherwise: number): number {
  const given = values[name];
  if (given === undefined) return otherwise;
  if (!/^\d+(\.\d+)?$/.test(String(given)) || Number(given) <= 0)
    throw new UsageError(`--${name} is a number above 0, not '${given}'`);
  return Number(given);
}
