// Moves a deployment that runs the seed's tables over to dpg: reads the old tables, says what stands in the way of each
// row, moves the rows within the database, compares. One transaction, of which a dry run leaves nothing.

import type postgres from 'postgres';
import { isConnectionLoss } from '../../connection-loss.js';
import { Refusal } from '../command.js';
import { accounts } from './accounts.js';
import { additions } from './additions.js';
import { countLeaves, type Leaf } from './leaves.js';
import { move } from './move.js';
import { undeclared } from './networks.js';
import { limits, missingPrivileges, nothingFits } from './obstacles.js';
import { compareWithQuarantine, createMatches, missingUsers, problems, quarantine } from './quarantine.js';
import { dropStatements, refuseWrites } from './refuse-writes.js';
import { remarks } from './remarks.js';
import type { AdoptionReport } from './report.js';
import { extraColumns, isRefiled, readSource, type Source } from './source.js';
import { stages, urls } from './stages.js';
import { roots } from './tables.js';
import { checkDatabase, findExtensions, inWords, lock, settings } from './transaction.js';

export type { AdoptionReport, Outcome } from './report.js';

export interface AdoptOptions {
  /** Do it; otherwise only say what would be done. */
  execute?: boolean;
  /** The schema of the old tables: public unless told. */
  schema?: string;
  /** In which times without a time zone are meant: UTC unless told. */
  timeZone?: string;
  /** Keep rows that dpg cannot hold in dpg.quarantined_rows and move the others. */
  quarantine?: boolean;
  /** Go on although columns with values or detached partitions stay behind. */
  leaveBehind?: boolean;
  /** Add columns that dpg lacks, and their indexes, as the application's own. */
  keepColumns?: boolean;
  /** The user who owns what has no owner. */
  ownerOfNone?: string;
  /** Do not refuse writes to the old tables afterwards. */
  leaveWritable?: boolean;
  /** Name the tombstone of erased users where nothing tells the owner of another instance's item. */
  unknownOwners?: boolean;
  /** Put the moved events of this instance into the feed. */
  feed?: boolean;
  /** For how many seconds to wait for writers of the old tables to end: 10 unless told. */
  lockSeconds?: number;
  progress?(line: string): void;
}

export async function adopt(sql: postgres.Sql, options: AdoptOptions = {}): Promise<AdoptionReport> {
  const schema = options.schema ?? 'public';
  if (schema === 'dpg' || schema === 'dpg_private') {
    throw new Refusal(
      `schema ${schema} is where rows are moved to`,
      'Name the schema in which the old tables are: --from <schema>.',
    );
  }
  await checkDatabase(sql, options.timeZone ?? 'UTC');
  const wanted = {
    timeZone: options.timeZone ?? 'UTC',
    ownerOfNone: options.ownerOfNone,
    keepColumns: options.keepColumns ?? false,
  };
  const found = await readSource(sql, schema, wanted);
  const reading = {
    ...wanted,
    timeZone: timeZoneOf(found, options.timeZone),
    ownerOfNone: await ownerOf(sql, found, options.ownerOfNone),
  };
  const started = performance.now();
  // who may not lock is told so by the report
  const execute = options.execute === true && (await missingPrivileges(sql, found, options)).length === 0;
  const tx = await sql.reserve();
  let isCommitting = false;
  try {
    // What is read is read as of one moment. Locks come before that moment, so that nothing is written after it.
    await tx.unsafe('begin isolation level repeatable read');
    if (execute) await lock(tx, found, options.lockSeconds ?? 10);
    await tx.unsafe(settings);
    await findExtensions(tx);
    const report = await run(tx, await readSource(tx, schema, reading), { ...options, execute });
    isCommitting = report.outcome === 'adopted' || report.outcome === 'released';
    await tx.unsafe(isCommitting ? 'commit' : 'rollback');
    tx.release();
    report.is_dry_run = options.execute !== true;
    report.seconds = Math.round(performance.now() - started) / 1000;
    return report;
  } catch (error) {
    // Not within sql.begin: it would roll back on a connection that is lost, and end the process by that.
    if (!isConnectionLoss(error)) {
      await tx.unsafe('rollback');
      tx.release();
    }
    if (isCommitting && isConnectionLoss(error)) {
      throw new Refusal(
        'the connection was lost while the transaction was being committed: everything was moved, or nothing',
        'Repeat the call: it finds everything done, or does it.',
        { cause: error },
      );
    }
    throw inWords(error);
  }
}

/** Rows that come later, out of quarantine, mean the same times as those that came before. */
function timeZoneOf(source: Source, wanted: string | undefined): string {
  const before = source.tables.items?.adopted_zone;
  if (before !== undefined && wanted !== undefined && wanted !== before) {
    throw new Refusal(
      `these tables were adopted with times without a time zone taken as ${before}`,
      `Leave --time-zone out, or say ${before}.`,
    );
  }
  return before ?? source.time_zone;
}

/** So do those that have no owner. */
async function ownerOf(
  sql: postgres.ISql,
  source: Source,
  wanted: string | undefined,
): Promise<string | undefined> {
  const before = source.tables.items?.adopted_owner;
  if (before !== undefined && wanted !== undefined && wanted !== before) {
    throw new Refusal(
      `these tables were adopted with ${before} as the owner of what has none`,
      `Leave --owner-of-none out, or say ${before}.`,
    );
  }
  if (wanted !== undefined) {
    const [user] = await sql`select from public."user" u where u.id = ${wanted}`;
    if (!user)
      throw new Refusal(
        `there is no user '${wanted}' in public."user"`,
        'Name the id of a user that is there: --owner-of-none <user>.',
      );
  }
  return before ?? wanted;
}

async function run(tx: postgres.ISql, source: Source, options: AdoptOptions): Promise<AdoptionReport> {
  const obstacles = [...source.obstacles, ...(await missingPrivileges(tx, source, options))];
  const adoptedAt = source.tables.items?.adopted ?? null;
  const report: AdoptionReport = {
    outcome: 'planned',
    is_dry_run: !options.execute,
    schema: source.schema,
    time_zone: source.time_zone,
    tables: [],
    columns: [],
    additions: { columns: [], indexes: [], notes: [] },
    leaves: [],
    problems: [],
    obstacles,
    missing_users: [],
    instance_urls: [],
    notes: [],
    moved: [],
    quarantined: 0,
    seconds: 0,
    adopted_at: adoptedAt,
    drop_statements: [],
  };
  if (obstacles.some((obstacle) => !obstacle.may_stay)) return { ...report, outcome: 'stopped' };
  for (const root of roots) {
    const table = source.tables[root];
    if (!table) continue;
    obstacles.push(...(await extraColumns(tx, table)));
    table.is_refiled = await isRefiled(tx, table);
  }
  const added = await additions(tx, source);
  report.additions = added.made;
  obstacles.push(...added.obstacles);
  report.columns = accounts(source);

  const [limit] = await tx`select dpg_private.limit_of('json_bytes_per_document')::text as bytes`;
  const looks = stages(source, {
    documentBytes: limit?.bytes === null ? undefined : Number(limit?.bytes),
    unknownOwners: options.unknownOwners ?? false,
  });
  await createMatches(tx);
  for (const root of roots) {
    options.progress?.(`looking at ${root}`);
    for (const statement of looks[root]) await tx.unsafe(statement);
    await compareWithQuarantine(tx, source, root);
    const leaves = await countLeaves(tx, source, root);
    report.leaves.push(...leaves);
    const table = source.tables[root];
    if (table) {
      report.tables.push({
        root,
        name: table.name,
        levels: table.levels,
        partitions: table.partitions,
        rows: sum(leaves, 'rows'),
        to_move: sum(leaves, 'to_move'),
        already_there: sum(leaves, 'already_there'),
        refused: sum(leaves, 'refused'),
        quarantined_before: sum(leaves, 'quarantined_before'),
        from_quarantine: sum(leaves, 'from_quarantine'),
        owners_filled: sum(leaves, 'owners_filled'),
      });
    }
  }
  report.problems = await problems(tx, source);
  report.missing_users = await missingUsers(tx);
  report.instance_urls = [
    ...(await tx.unsafe<{ instance_url: string; found_in: string }[]>(
      `select u.instance_url, u.found_in from ${urls} u order by u.found_in, u.instance_url collate "C" limit 1000`,
    )),
  ];
  report.notes = await remarks(tx, source);
  const isDone = adoptedAt !== null;
  const isMissing = report.problems.some(({ reason }) => reason === 'missing');
  const droppable = isMissing ? [] : dropStatements(source, isDone || !options.leaveWritable);
  if (isDone && sum(report.tables, 'to_move') === 0) {
    return { ...report, outcome: 'adopted_before', drop_statements: droppable };
  }

  obstacles.push(...(await limits(tx, report.leaves)), ...(await undeclared(tx, source)));
  if (!isDone) obstacles.push(...nothingFits(report.tables));
  const isStopped =
    obstacles.some((obstacle) => !(obstacle.may_stay && (isDone || options.leaveBehind))) ||
    (report.problems.length > 0 && !options.quarantine && !isDone);
  if (isStopped) return { ...report, outcome: 'stopped' };
  if (!options.execute) return { ...report, outcome: isDone ? 'adopted_before' : 'planned' };

  report.moved = await move(tx, source, report.leaves, report.additions, {
    feed: options.feed ?? false,
    progress: options.progress ?? (() => undefined),
  });
  if (isDone) return { ...report, outcome: 'released', drop_statements: droppable };
  if (report.problems.length > 0) report.quarantined = await quarantine(tx, source);
  if (!options.leaveWritable) await refuseWrites(tx, source);
  return { ...report, outcome: 'adopted', drop_statements: droppable };
}

type Count = Exclude<keyof Leaf & keyof AdoptionReport['tables'][number], 'root'>;

function sum(counts: readonly Record<Count, number>[], what: Count): number {
  return counts.reduce((total, one) => total + one[what], 0);
}
