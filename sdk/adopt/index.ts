// Moves a deployment that runs the seed's tables over to dpg: reads the old tables, says what stands in the way of each
// row, moves the rows within the database, compares. One transaction, of which a dry run leaves nothing.

import type postgres from 'postgres';
import { Refusal } from '../cli/command.js';
import { isConnectionLoss } from '../errors.js';
import { countLeaves, type Leaf } from './leaves.js';
import { move } from './move.js';
import { undeclared } from './networks.js';
import { compareWithQuarantine, createMatches, missingUsers, problems, quarantine } from './quarantine.js';
import { dropStatements, refuseWrites } from './refuse-writes.js';
import type { AdoptionReport } from './report.js';
import { extraColumns, type Obstacle, readSource, type Source } from './source.js';
import { isMoved, notes, stages, urls } from './stages.js';
import { roots } from './tables.js';

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
  const found = await readSource(sql, schema, options.timeZone ?? 'UTC');
  const timeZone = timeZoneOf(found, options.timeZone);
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
    const report = await run(tx, await readSource(tx, schema, timeZone), { ...options, execute });
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

async function checkDatabase(sql: postgres.ISql, timeZone: string): Promise<void> {
  const [row] = await sql<{ is_migrated: boolean; is_zone: boolean }[]>`
    select exists (
        select
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'dpg_private' and c.relname = 'mirrored_actions'
      ) as is_migrated,
      exists (select from pg_timezone_names z where z.name = ${timeZone}) as is_zone`;
  if (!row?.is_migrated) {
    throw new Refusal(
      'the tables of dpg are not in this database yet',
      'Run the migrations first: npx dpg-database migrate',
    );
  }
  if (!row.is_zone) {
    throw new Refusal(
      `the server knows no time zone '${timeZone}'`,
      'Name one of pg_timezone_names, such as Asia/Kolkata.',
    );
  }
}

// Rows that a policy hides would be left out without a word: an error instead. No limit on time ends it half-way. Tables
// that were never analysed look small, and a nested loop over them would never end.
const settings = `
  set local row_security = off;
  set local standard_conforming_strings = on;
  set local statement_timeout = 0;
  set local idle_in_transaction_session_timeout = 0;
  set local jit = off;
  set local enable_nestloop = off;
  select set_config('transaction_timeout', '0', true) where current_setting('server_version_num')::integer >= 170000;
  select set_config('work_mem', '64MB', true) where pg_size_bytes(current_setting('work_mem')) < 67108864`;

/**
 * Beside PostgreSQL's own only the schemas of these extensions: PostgreSQL 15 cannot plan a statement on items with the
 * seed's index on ll_to_earth otherwise.
 */
async function findExtensions(tx: postgres.ISql): Promise<void> {
  await tx`
    select set_config(
      'search_path',
      concat_ws(
        ', ',
        'pg_catalog',
        (
          select string_agg(distinct quote_ident(n.nspname), ', ')
          from pg_extension e
          join pg_namespace n on n.oid = e.extnamespace
          where e.extname in ('cube', 'earthdistance')
        ),
        'pg_temp'
      ),
      true
    )`;
}

async function lock(tx: postgres.ISql, source: Source, seconds: number): Promise<void> {
  const names = roots.flatMap((root) => source.tables[root]?.name ?? []);
  await tx.unsafe(`
    set local lock_timeout = '${Math.ceil(seconds * 1000)}ms';
    lock table ${names.join(', ')} in share row exclusive mode;
    set local lock_timeout = 0`);
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
    if (table) obstacles.push(...(await extraColumns(tx, table)));
  }

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

  report.moved = await move(tx, source, report.leaves, {
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

/** All items are refused, or all rows where there are no items: what else might be moved has lost its meaning. */
function nothingFits(tables: AdoptionReport['tables']): Obstacle[] {
  const filled = tables.filter((table) => table.rows > 0);
  const items = filled.filter(({ root }) => root === 'items');
  const decisive = items.length > 0 ? items : filled;
  if (decisive.length === 0 || decisive.some((table) => table.refused < table.rows)) return [];
  return [
    {
      message: `not one ${items.length > 0 ? 'item' : 'row'} fits: that is no matter of single rows, and quarantine is not for it`,
      hint: 'Look at the reasons above: is this the right database, and are the users in its public."user"?',
      may_stay: false,
    },
  ];
}

async function missingPrivileges(
  tx: postgres.ISql,
  source: Source,
  options: AdoptOptions,
): Promise<Obstacle[]> {
  const [role] = await tx<{ name: string; is_owner: boolean; may_create: boolean }[]>`
    select quote_ident(current_user) as name,
      (
        select pg_has_role(c.relowner, 'usage')
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'dpg' and c.relname = 'items'
      ) as is_owner,
      has_schema_privilege(${source.schema}, 'create') as may_create`;
  const obstacles: Obstacle[] = [];
  const missing = (message: string, hint: string) => obstacles.push({ message, hint, may_stay: false });
  if (!role?.is_owner) {
    missing(
      `${role?.name} does not own the tables of dpg`,
      'Connect as the role that ran the migrations, or as one that is a member of it.',
    );
  }
  if (!options.leaveWritable && !role?.may_create) {
    missing(
      `${role?.name} may not create a function in schema ${source.schema}, which refuses writes to the old tables afterwards`,
      `Its owner must run: grant create on schema ${source.schema_name} to ${role?.name}; or leave the tables writable with --leave-writable.`,
    );
  }
  for (const root of roots) {
    const table = source.tables[root];
    if (!table) continue;
    const needed = options.leaveWritable ? ['select', 'update'] : ['select', 'update', 'trigger'];
    const lacking = await tx<{ privilege: string }[]>`
      select p.privilege
      from unnest(${needed}::text[]) with ordinality p(privilege, place)
      where not has_table_privilege(${table.name}, p.privilege)
      order by p.place`;
    if (lacking.length > 0) {
      const list = lacking.map(({ privilege }) => privilege).join(', ');
      missing(
        `${role?.name} lacks on ${table.name}: ${list}`,
        `Its owner must run: grant ${list} on ${table.name} to ${role?.name};`,
      );
    }
  }
  return obstacles;
}

/** Limits of dpg that the partitions to be made would meet. */
async function limits(tx: postgres.ISql, leaves: readonly Leaf[]): Promise<Obstacle[]> {
  const obstacles: Obstacle[] = [];
  const [limit] = await tx<{ leaves: string | null; networks: string | null }[]>`
    select dpg_private.limit_of('leaves_per_network')::text as leaves,
      dpg_private.limit_of('networks')::text as networks`;
  for (const root of roots) {
    const wanted = leaves.filter((leaf) => leaf.root === root && leaf.to_move > 0);
    const there = await tx<{ network: string; key: string }[]>`
      select p.network, p.key from dpg.partitions p where p.root = ${root}`;
    const keys = new Map<string, Set<string>>();
    for (const { network, key } of [...there, ...wanted] as { network: string; key: string }[]) {
      keys.set(network, (keys.get(network) ?? new Set()).add(key));
    }
    const exceeds = (name: string, most: string | null, count: number, what: string) => {
      if (most === null || count <= Number(most)) return;
      obstacles.push({
        message: `${what} would be ${count}, and the limit ${name} is ${most}`,
        hint: `dpg_admin can raise it: update dpg.limits set limit_value = ${count} where limit_name = '${name}';`,
        may_stay: false,
      });
    };
    exceeds('networks', limit?.networks ?? null, keys.size, `the networks of ${root}`);
    for (const [network, ofNetwork] of keys) {
      exceeds(
        'leaves_per_network',
        limit?.leaves ?? null,
        ofNetwork.size,
        `the leaves of ${root} of network '${network}'`,
      );
    }
  }
  return obstacles;
}

/** What a reader of the report should know besides. */
async function remarks(tx: postgres.ISql, source: Source): Promise<string[]> {
  const [counts] = await tx.unsafe<Record<'strange' | 'mirrored' | 'absent' | 'received', number>[]>(`
    select
      (
        select count(*)::double precision
        from ${notes.action_events} n
        where ${isMoved('n')} and n.target_item_is_local
          and not exists (select from ${urls} u where u.instance_url = n.origin_instance_domain)
      ) as strange,
      (
        select count(*)::double precision
        from ${notes.action_events} n
        where ${isMoved('n')} and not n.target_item_is_local
      ) as mirrored,
      (
        select count(*)::double precision
        from ${notes.item_actions} n
        where ${isMoved('n')} and not n.source_item_is_local
      ) as received,
      (
        select count(distinct p.id)::double precision
        from (
          select n.target_item_owner as id from ${notes.item_actions} n where ${isMoved('n')}
          union all
          select n.source_item_owner from ${notes.item_actions} n where ${isMoved('n')} and n.source_item_is_local
        ) p
        where not exists (select from public."user" u where u.id = p.id)
      ) as absent`);
  const rows = (quantity: number | undefined, what: string) =>
    `${quantity} ${what}${quantity === 1 ? '' : 's'}`;
  const said = [
    counts?.mirrored && `mirrored from other instances: ${rows(counts.mirrored, 'event')}`,
    counts?.received && `with their source on another instance: ${rows(counts.received, 'action')}`,
    counts?.strange &&
      `of actions of this instance, but with an origin that is none of its URLs: ${rows(counts.strange, 'event')}, moved as they are`,
    counts?.absent &&
      `parties of actions that are no users in public."user" any more: ${counts.absent}; their actions are moved as they are`,
    roots.some((root) =>
      [...(source.tables[root]?.types.values() ?? [])].some((type) => type.endsWith('without time zone')),
    ) && `times without a time zone are taken as ${source.time_zone}`,
  ];
  return said.filter((line): line is string => typeof line === 'string');
}

/** What PostgreSQL refuses on the way, in words of our own where something can be done about it. */
function inWords(error: unknown): unknown {
  const code = (error as { code?: unknown }).code;
  const message = error instanceof Error ? error.message : String(error);
  const options = { cause: error };
  if (code === '55P03') {
    return new Refusal(
      `the old tables could not be locked: somebody is writing to them (${message}); nothing was changed`,
      'Stop the application, or repeat the call at a quieter time.',
      options,
    );
  }
  if (code === '40001' || code === '40P01' || code === '23505' || code === '23503') {
    return new Refusal(
      `somebody changed dpg or the users meanwhile (${message}); nothing was changed`,
      'Repeat the call.',
      options,
    );
  }
  if (code === '53200') {
    return new Refusal(
      `the server ran out of room for locks (${message}); nothing was changed`,
      'Raise max_locks_per_transaction: a hundred more for each hundred partitions is enough at the default of max_connections; restart the server.',
      options,
    );
  }
  return error;
}
