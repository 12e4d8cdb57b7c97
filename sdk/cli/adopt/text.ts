// The report of an adoption, as people read it.

import { count, plain, table } from '../text.js';
import type { AdoptionReport } from './report.js';

/** For people. */
export function inWords(report: AdoptionReport, isQuarantined: boolean): string {
  return [
    tablesOf(report),
    columnsOf(report),
    additionsOf(report),
    report.moved.length > 0 ? movedOf(report) : leavesOf(report),
    ...report.problems.map((problem) =>
      [
        `${problem.root}: ${count(problem.rows, 'row')}: ${problem.explanation}`,
        ...problem.examples.map((example) => `  ${plain(JSON.stringify(example))}`),
        ...(problem.hint === null ? [] : [`  ${plain(problem.hint)}`]),
      ].join('\n'),
    ),
    usersOf(report),
    ...obstaclesOf(report),
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

function columnsOf({ columns, outcome, obstacles }: AdoptionReport): string {
  if (outcome === 'adopted_before' || columns.every(({ became }) => became === 'moved')) return '';
  const words = {
    moved: 'moved',
    turned: 'turned into',
    kept: 'kept as',
    computed: 'left behind: computed from others',
    left: obstacles.length > 0 ? 'no place in dpg' : 'left behind: empty',
  };
  const roots = [...new Set(columns.map(({ root }) => root))];
  const rows = roots.flatMap((root) => {
    const ofRoot = columns.filter((column) => column.root === root);
    const others = ofRoot.filter(({ became }) => became !== 'moved');
    return [
      [root, count(ofRoot.length - others.length, 'column'), null, 'moved', 'the same names'],
      ...others.map(({ column, type, became, into }) => [root, column, type, words[became], into.join(', ')]),
    ];
  });
  return table(['table', 'column', 'type', 'became', 'in dpg'], rows);
}

function additionsOf({ additions, is_dry_run }: AdoptionReport): string {
  const statements = [...additions.columns, ...additions.indexes];
  return [
    ...(statements.length > 0 ? [is_dry_run ? 'To be added to dpg:' : 'Added to dpg:'] : []),
    ...statements.map((statement) => `  ${plain(statement.replace(/\s+/g, ' '))};`),
    ...additions.notes.map((line) => `Note: ${plain(line)}.`),
  ].join('\n');
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

/** Those with the same hint stand together, above it: forty columns need it once. */
function obstaclesOf({ obstacles }: AdoptionReport): string[] {
  const byHint = new Map<string, string[]>();
  for (const { message, hint } of obstacles) byHint.set(hint, [...(byHint.get(hint) ?? []), message]);
  return [...byHint].map(([hint, messages]) => [...messages.map(plain), `  ${plain(hint)}`].join('\n'));
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

export function rowsThat(reason: 'differs' | 'missing', { problems }: AdoptionReport): number {
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
        ...(report.additions.columns.length > 0
          ? [
              'To add columns it takes the tables of dpg for itself: until it ends nobody reads or writes these.',
            ]
          : []),
      ].join('\n');
    case 'adopted':
      return [
        moved,
        ...(report.columns.some(({ became }) => became !== 'moved')
          ? ['The checksums are over all columns of the list above but those left behind.']
          : []),
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
