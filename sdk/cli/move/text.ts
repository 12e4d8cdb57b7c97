// The report of a move, as people read it.

import { count, duration, plain, size, table } from '../text.js';
import type { MoveReport, Plan, SwitchReport } from './report.js';
import { statusLines, undeliveredLines } from './status.js';

/** For people. */
export function inWords(report: MoveReport): string {
  return [
    report.plan && report.outcome !== 'moved' ? planned(report.plan) : '',
    report.switch ? verified(report.switch) : '',
    report.outcome === 'reported' ? statusLines(report).map(plain).join('\n') : '',
    conclusion(report),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function planned({ leaves, notes, obstacles }: Plan): string {
  const rows = leaves.map((leaf) => [leaf.root, leaf.key, leaf.estimated_rows, size(leaf.bytes)]);
  return [
    leaves.length > 0 ? table(['root', 'key', 'rows (about)', 'size'], rows) : '',
    notes.map((line) => `Note: ${plain(line)}.`).join('\n'),
    ...obstacles.map(({ message, hint }) => `${plain(message)}\n  ${plain(hint)}`),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function verified({ verified }: SwitchReport): string {
  if (verified.length === 0) return '';
  const rows = verified.map((leaf) => [
    leaf.root,
    leaf.key,
    leaf.rows,
    leaf.receiver_rows,
    leaf.checksum,
    leaf.is_equal ? 'equal' : 'differs',
  ]);
  return table(['root', 'key', 'rows', 'on the receiver', 'checksum', ''], rows);
}

function conclusion(report: MoveReport): string {
  const { network, sender, receiver, plan, undelivered } = report;
  switch (report.outcome) {
    case 'planned':
      return plan
        ? `Nothing was changed. Without --dry-run ${network} would be moved to ${receiver}: ${size(plan.bytes)}, about ${duration(plan.seconds)} by a guess, and its writers would wait for less than a second at the end.`
        : `Nothing was changed. Without --dry-run the receiver would open ${network}.`;
    case 'stopped':
      return 'Nothing was changed: see above what is in the way.';
    case 'waiting':
      return [
        `${network} was not switched: ${plain(report.switch?.reason ?? 'unknown')}.`,
        'It is used as before, and the receiver goes on following. Run the command again when that has ended, with a larger --patience, or end the move with --abort.',
      ].join('\n');
    case 'moved':
      return [
        `${network} lives on ${receiver}${report.seconds > 0 ? `, after ${duration(report.seconds)}` : ''}${report.switch ? `; its writers waited for ${report.switch.locked_milliseconds} ms, and until it was open there` : ''}.`,
        ...(report.created_subscriptions.length > 0
          ? [`Subscriptions created there: ${report.created_subscriptions.map(plain).join(', ')}.`]
          : []),
        ...undeliveredLines(undelivered).map(plain),
        `Events made before the switch stay in the feed of ${sender}: when its readers have got them, run the command with --finish. Other homes than these two are told by hand: docs/moving.md.`,
      ].join('\n');
    case 'aborted':
      return `The move of ${network} was aborted: everything is as it was before.`;
    case 'finished':
      return `The move of ${network} is finished: nothing of it is left on ${sender} but where it lives.`;
    case 'reported':
      return report.status?.problems.length ? count(report.status.problems.length, 'problem') : '';
  }
}
