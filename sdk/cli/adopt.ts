import { type AdoptionReport, adopt } from '../adopt/index.js';
import { type Command, exitCodes } from './command.js';
import { count, plain, table } from './text.js';

export const adoptCommand: Command = {
  name: 'adopt',
  summary: 'move a deployment with the older tables over',
  help: `
Moves the rows of items, item_actions and action_events, as deployments had them in schema public, to the tables of dpg.
It says what it would do, and does it with --execute: in one transaction, within the database. Run the migrations first.

It refuses while there are rows that dpg cannot hold, and lists them with examples; --quarantine keeps these, whole and
with the reason, in dpg.quarantined_rows (for dpg_admin), and moves the others; a later run with --execute moves those
that fit by then, and takes them out of there. Owners that are missing in actions and events are taken from the items.
Counts and checksums of both sides are compared before anything is final: the checksum of a leaf is
sum(hash_record_extended(row(<columns>), 0)).

While it runs with --execute, the old tables can be read and nobody can write to them, and sign-ups wait
(public."user"). Afterwards the old tables are as they were and refuse writes; a second run moves nothing else and says what
differs. A dry run locks nothing that a reader or a writer would wait for.

Moved events are not in the feed of dpg.read_events: whoever wanted to know of them was told long ago, and what is told
again may have effects again. With --feed they are, in the order of their times, before all that come later.

With --json: outcome (planned, adopted, stopped, adopted_before, released), is_dry_run, schema, time_zone, tables,
leaves (root, network, key, rows, to_move, already_there, refused, quarantined_before, from_quarantine, owners_filled,
leaf), problems (root, reason, explanation, rows, examples), obstacles (message, hint, may_stay), missing_users,
instance_urls, notes, moved (root, network, key, leaf, rows, old_checksum, checksum), quarantined, seconds, adopted_at,
drop_statements.

Exit codes: 0 planned, done, or done before; 1 something is in the way and nothing was changed, or after an adoption rows
are neither in dpg nor in quarantine; 2 wrong usage; 3 no connection; 4 refused, nothing was changed.`,
  options: {
    execute: { type: 'boolean', description: 'do it; without this nothing is changed' },
    quarantine: {
      type: 'boolean',
      description: 'keep rows that dpg cannot hold in dpg.quarantined_rows, and move the others',
    },
    from: { type: 'string', value: '<schema>', description: 'where the old tables are: public unless told' },
    'time-zone': {
      type: 'string',
      value: '<zone>',
      description:
        'in which times without a time zone are meant: UTC unless told; after an adoption, what was told then',
    },
    'unknown-owners': {
      type: 'boolean',
      description:
        'where nothing tells the owner of an item of another instance, name the tombstone of erased users',
    },
    'leave-behind': {
      type: 'boolean',
      description:
        'go on although columns with values, or detached partitions, stay behind in the old tables',
    },
    'leave-writable': {
      type: 'boolean',
      description:
        'do not refuse writes to the old tables afterwards; a later run then moves what is new there',
    },
    feed: { type: 'boolean', description: 'put the moved events of this instance into the feed' },
  },

  async run({ sql, json, values, write, writeJson, note }) {
    const report = await adopt(sql, {
      execute: values.execute === true,
      quarantine: values.quarantine === true,
      schema: text(values.from),
      timeZone: text(values['time-zone']),
      unknownOwners: values['unknown-owners'] === true,
      leaveBehind: values['leave-behind'] === true,
      leaveWritable: values['leave-writable'] === true,
      feed: values.feed === true,
      ...(!json && { progress: (line: string) => note(plain(line)) }),
    });
    if (json) writeJson(report);
    else write(inWords(report, values.quarantine === true));
    return report.outcome === 'stopped' || rowsThat('missing', report) > 0 ? exitCodes.found : exitCodes.fine;
  },
};

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function inWords(report: AdoptionReport, isQuarantined: boolean): string {
  return [
    tablesOf(report),
    report.moved.length > 0 ? movedOf(report) : leavesOf(report),
    ...report.problems.map((problem) =>
      [
        `${problem.root}: ${count(problem.rows, 'row')}: ${problem.explanation}`,
        ...problem.examples.map((example) => `  ${plain(JSON.stringify(example))}`),
      ].join('\n'),
    ),
    usersOf(report),
    ...report.obstacles.map(({ message, hint }) => `${plain(message)}\n  ${plain(hint)}`),
    urlsOf(report),
    report.notes.map((line) => `Note: ${plain(line)}.`).join('\n'),
    conclusion(report, isQuarantined),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function tablesOf({ tables }: AdoptionReport): string {
  if (tables.length === 0) return '';
  const rows = tables.map((one) => [
    one.name,
    one.levels === 0 ? 'plain' : `${count(one.partitions, 'partition')}, ${count(one.levels, 'level')}`,
    one.rows,
    one.to_move,
    one.already_there,
    one.refused,
    one.quarantined_before,
    one.owners_filled,
  ]);
  return table(
    ['table', 'kind', 'rows', 'to move', 'in dpg', 'refused', 'in quarantine', 'owners filled'],
    rows,
  );
}

function leavesOf({ leaves, outcome }: AdoptionReport): string {
  if (leaves.length === 0 || outcome === 'adopted_before') return '';
  const rows = leaves.map((leaf) => [
    leaf.root,
    leaf.network,
    leaf.key,
    leaf.rows,
    leaf.to_move,
    leaf.leaf ?? (leaf.to_move > 0 ? 'to be made' : null),
  ]);
  return table(['root', 'network', 'key', 'rows', 'to move', 'leaf'], rows);
}

function movedOf({ moved }: AdoptionReport): string {
  const rows = moved.map((leaf) => [
    leaf.root,
    leaf.network,
    leaf.key,
    leaf.leaf,
    leaf.rows,
    leaf.old_checksum,
    leaf.checksum,
  ]);
  return table(['root', 'network', 'key', 'leaf', 'rows', 'checksum before', 'checksum after'], rows);
}

function usersOf({ missing_users }: AdoptionReport): string {
  if (missing_users.length === 0) return '';
  const rows = missing_users.map(({ user, items }) => [user, items]);
  return table(['owner that is no user', 'items'], rows);
}

const SHOWN_URLS = 20;

function urlsOf({ instance_urls }: AdoptionReport): string {
  if (instance_urls.length === 0) return '';
  const shown = instance_urls.slice(0, SHOWN_URLS);
  const more = instance_urls.length - shown.length;
  return [
    'URLs of this instance, which no other may claim (dpg.forget_instance_url strikes one that is not):',
    ...shown.map(({ instance_url, found_in }) => `  ${plain(instance_url)} (${found_in})`),
    ...(more > 0 ? [`  and ${more} more: see --json`] : []),
  ].join('\n');
}

function rowsThat(reason: 'differs' | 'missing', { problems }: AdoptionReport): number {
  return problems
    .filter((problem) => problem.reason === reason)
    .reduce((sum, problem) => sum + problem.rows, 0);
}

function conclusion(report: AdoptionReport, isQuarantined: boolean): string {
  const rows = report.tables.reduce((sum, one) => sum + one.to_move, 0);
  const refused = report.tables.reduce((sum, one) => sum + one.refused, 0);
  const released = report.tables.reduce((sum, one) => sum + one.from_quarantine, 0);
  const outOf = released > 0 ? `, ${released} of them out of dpg.quarantined_rows` : '';
  const speed = report.seconds > 0 ? Math.round(rows / report.seconds) : rows;
  const moved = `Moved ${count(rows, 'row')}${outOf} in ${report.seconds} s, ${count(speed, 'row')} a second; counts and checksums agree.`;
  switch (report.outcome) {
    case 'planned':
      return [
        `Nothing was changed. With --execute ${count(rows, 'row')} would be moved${outOf}${refused > 0 ? ` and ${count(refused, 'row')} kept in dpg.quarantined_rows` : ''}.`,
        'Until that ends, writes to the old tables and sign-ups wait; reads go on. Whoever writes now is waited for, 10 s.',
      ].join('\n');
    case 'adopted':
      return [
        moved,
        ...(report.quarantined > 0
          ? [`${count(report.quarantined, 'row')} kept in dpg.quarantined_rows.`]
          : []),
        'Statistics come with the next autovacuum; for good plans at once: vacuum analyze; in a quiet hour.',
        'The old tables are as they were. When nobody needs them any more:',
        ...report.drop_statements.map((statement) => `  ${statement}`),
      ].join('\n');
    case 'adopted_before':
    case 'released': {
      const isReleased = report.outcome === 'released';
      const changed = rowsThat('differs', report);
      const missing = rowsThat('missing', report);
      const kept = report.tables.reduce((sum, one) => sum + one.quarantined_before, 0);
      return [
        `These tables were adopted at ${report.adopted_at}. ${isReleased ? moved : 'Nothing was changed.'}`,
        ...(changed > 0 ? [`${count(changed, 'row')} changed in dpg since.`] : []),
        ...(!isReleased && rows > 0
          ? [`${count(rows, 'row')} in dpg.quarantined_rows would fit now: with --execute they are moved.`]
          : []),
        ...(kept > 0 ? [`In dpg.quarantined_rows still: ${count(kept, 'row')}.`] : []),
        ...(missing > 0
          ? [
              `Neither in dpg nor in quarantine, see above: ${count(missing, 'row')}. Deleted in dpg since, or written past the trigger; they are in the old tables only. Where that is meant, drop these by hand.`,
            ]
          : []),
        ...(report.drop_statements.length > 0
          ? [
              'When nobody needs the old tables any more:',
              ...report.drop_statements.map((statement) => `  ${statement}`),
            ]
          : []),
      ].join('\n');
    }
    case 'stopped':
      return [
        'Nothing was changed: see above what is in the way.',
        ...(refused > 0 && !isQuarantined && report.tables.some((one) => one.refused < one.rows)
          ? [
              `Mend these rows, or keep them in dpg.quarantined_rows with --quarantine: ${count(refused, 'row')}.`,
            ]
          : []),
      ].join('\n');
  }
}
