import { adopt } from './adopt/index.js';
import { inWords, rowsThat } from './adopt/text.js';
import { type Command, exitCodes } from './command.js';
import { plain } from './text.js';

export const adoptCommand: Command = {
  name: 'adopt',
  summary: 'move a deployment with the older tables over',
  help: `
Moves the rows of items, item_actions and action_events, as deployments had them in schema public, to the tables of dpg.
It says what it would do, and does it with --execute: in one transaction, within the database. Run the migrations first.

It refuses while there are rows that dpg cannot hold, and lists them with examples; --quarantine keeps these, whole and
with the reason, in dpg.quarantined_rows (for dpg_admin), and moves the others; a later run with --execute moves those
that fit by then, and takes them out of there. Owners that are missing in actions and events are taken from the items.
Columns that dpg lacks are in the way where they have values; --keep-columns adds them to the tables of dpg.
Counts and checksums of both sides are compared before anything is final: the checksum of a leaf is
sum(hash_record_extended(row(<columns>), 0)) over all columns that were moved, turned into others, or kept (as text).

While it runs with --execute, the old tables can be read and nobody can write to them, and sign-ups wait
(public."user"). Afterwards the old tables are as they were and refuse writes; a second run moves nothing else and says what
differs. A dry run locks nothing that a reader or a writer would wait for.

Moved events are not in the feed of dpg.read_events: whoever wanted to know of them was told long ago, and what is told
again may have effects again. With --feed they are, in the order of their times, before all that come later.

With --json: outcome (planned, adopted, stopped, adopted_before, released), is_dry_run, schema, time_zone, tables,
columns (root, column, type, became, into), additions (columns, indexes, notes), leaves (root, network, key, rows, to_move, already_there, refused, quarantined_before, from_quarantine, owners_filled,
leaf), problems (root, reason, explanation, hint, rows, examples), obstacles (message, hint, may_stay), missing_users,
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
    'keep-columns': {
      type: 'boolean',
      description:
        'add columns that dpg lacks, with their indexes, to its tables as columns of your own; nobody can use these tables until the end',
    },
    'owner-of-none': {
      type: 'string',
      value: '<user>',
      description: 'the id of the user who owns items of this instance that have no owner',
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
      keepColumns: values['keep-columns'] === true,
      ...(typeof values['owner-of-none'] === 'string' && { ownerOfNone: values['owner-of-none'] }),
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
