import { type FailedEvent, type SubscriptionStatus, subscriptionsOf } from '../feed.js';
import { type Command, exitCodes, Refusal, UsageError } from './command.js';
import { count, duration, plain, table } from './text.js';

export const subscriptionsCommand: Command = {
  name: 'subscriptions',
  summary: 'who reads the feeds, how far behind, and what failed',
  help: `
Lists dpg.subscription_status, all or the one named: what it follows (events, or items that change), how many of these
are not acknowledged, how old the oldest is, who holds the feed back; and dpg.failed_events, the events that a reader
could not deal with. Counting takes time in proportion to what is not acknowledged. Changes nothing. On a standby it
tells what that has replayed, and not who reads and who holds the feed back: ask the primary.

With --json: subscriptions and failed_events, with the columns of that view and that table.

Exit codes: 0 all is well; 1 nobody has read a subscription for an hour though there was something to read, or it has
dead events, or is further behind than --max-lag; 2 wrong usage, 3 no connection, 4 refused.`,
  positionals: '[<subscription>]',
  options: {
    'max-lag': {
      type: 'string',
      value: '<seconds>',
      description: 'exit with 1 when an event or item has waited for longer to be acknowledged',
    },
  },

  async run({ sql, json, values, positionals, write, writeJson }) {
    const [subscription, ...others] = positionals;
    if (others.length > 0) throw new UsageError('one subscription can be named');
    const maxLag = seconds(values['max-lag']);
    const feed = subscriptionsOf(sql);
    const subscriptions = await feed.list({ subscription });
    if (subscription !== undefined && subscriptions.length === 0) {
      throw new Refusal(
        `there is no subscription '${subscription}'`,
        'dpg-database subscriptions lists them.',
      );
    }
    const failed_events = await feed.failures({ subscription });

    if (json) writeJson({ subscriptions, failed_events });
    else {
      write(subscriptions.length === 0 ? 'There are no subscriptions.' : statusTable(subscriptions));
      for (const line of subscriptions.flatMap(remarks)) write(line);
      if (failed_events.length > 0) write(`\n${failureTable(failed_events)}`);
    }
    const isWell = ({ is_dead, dead_events, lag_seconds }: SubscriptionStatus) =>
      !is_dead && dead_events === 0n && lag_seconds <= maxLag;
    return subscriptions.every(isWell) ? exitCodes.fine : exitCodes.found;
  },
};

function seconds(given: unknown): number {
  if (given === undefined) return Number.POSITIVE_INFINITY;
  if (!/^\d+(\.\d+)?$/.test(String(given)))
    throw new UsageError(`--max-lag is a number of seconds, not '${given}'`);
  return Number(given);
}

function statusTable(subscriptions: SubscriptionStatus[]): string {
  const rows = subscriptions.map((status) => [
    status.subscription,
    follows(status),
    status.acknowledged_position,
    status.lag_events,
    duration(status.lag_seconds),
    status.is_leased === null ? 'unknown' : status.is_leased ? 'yes' : 'no',
    status.dead_events,
  ]);
  return table(['subscription', 'follows', 'done', 'behind', 'oldest', 'leased', 'dead'], rows);
}

function follows(status: SubscriptionStatus): string {
  const filters =
    status.kind === 'items'
      ? [status.item_network, status.item_domain, status.item_type]
      : [status.source_item_instance_url, status.partition_network, status.action_type];
  const given = filters.filter((filter) => filter !== null);
  return given.length === 0 ? `all ${status.kind}` : `${status.kind}: ${given.join(', ')}`;
}

function remarks(status: SubscriptionStatus): string[] {
  const { subscription, is_dead, held_back_by_pid, held_back_by, last_error, last_error_at } = status;
  return [
    is_dead ? `${subscription}: nobody has read it for an hour` : '',
    held_back_by_pid === null
      ? ''
      : `${subscription}: held back by process ${held_back_by_pid}: ${held_back_by}`,
    last_error === null
      ? ''
      : `${subscription}: last error (${last_error_at?.replace(/\.\d+/, '')}): ${last_error}`,
  ]
    .filter((line) => line !== '')
    .map(plain);
}

function failureTable(failed: FailedEvent[]): string {
  const rows = failed.map((event) => [
    event.subscription,
    event.position,
    event.state,
    event.attempts,
    `${event.partition_network}/${event.action_type}/${event.event_id}`,
    event.last_error,
  ]);
  return [
    count(failed.length, 'failed event'),
    table(['subscription', 'position', 'state', 'attempts', 'event', 'last error'], rows),
  ].join('\n');
}
