// What a check of `dpg-database doctor` is: a file of its own here, listed in checks.ts.

import type postgres from 'postgres';
import type { MigrationStatus } from '../../migrate/status.js';
import type { Declarations } from './declarations.js';

/**
 * - `error`: something that the data layer promises does not hold, or a call fails.
 * - `warning`: it holds, and will hurt.
 * - `notice`: it may hurt, depending on what else the database is used for.
 */
export type Severity = 'error' | 'warning' | 'notice';

export interface Finding {
  severity: Severity;
  /** What it is about, as SQL names it. */
  object: string;
  /** One sentence. */
  problem: string;
  /** What mends it, in this order; none where there is a decision to take first. */
  mend: string[];
  /** Where `mend` is run. */
  mend_with: 'sql' | 'shell';
}

/** What checks compare the database with. */
export interface Expected {
  migrations: MigrationStatus[];
  /** What the migrations that were run here declare. */
  declarations: Declarations;
  /** The migrations that were run here, for what is read out of their text. */
  files: ReadonlyMap<string, string>;
  /** Where the extension cube is, quoted. */
  cubeSchema: string;
}

/** The statements that run one of our files again: those that use the extension find it in the search path. */
export const createdAgain = (statement: string, { cubeSchema }: Expected): string[] =>
  cubeSchema === 'public' || !/\bcube\b/.test(statement)
    ? [statement]
    : [`set search_path = pg_catalog, ${cubeSchema}, pg_temp;`, statement, 'reset search_path;'];

export type Sql = postgres.TransactionSql;

export interface Check {
  name: string;
  find(sql: Sql, expected: Expected): Promise<Finding[]>;
}

/** A check that is one query, of columns severity, object, problem and mend (text[]). */
export function queryCheck(
  name: string,
  text: string,
  parameters: (expected: Expected) => string[][] = () => [],
): Check {
  return {
    name,
    async find(sql, expected) {
      const rows = await sql.unsafe(text, parameters(expected));
      return rows.map((row) => ({
        severity: row.severity as Severity,
        object: String(row.object),
        problem: String(row.problem),
        mend: (row.mend as string[] | null) ?? [],
        mend_with: 'sql',
      }));
    },
  };
}

/** The partition trees, from pg_inherits: (oid, root, parent, level, kind). $1 names the roots, as text[]. */
export const TREE = `
  recursive tree as (
    select c.oid, c.oid as root, null::oid as parent, 0 as level, c.relkind as kind
    from unnest($1::text[]) as name
    join pg_class c on c.oid = to_regclass(name) and c.relkind = 'p'
    union all
    select c.oid, t.root, t.oid, t.level + 1, c.relkind
    from tree t
    join pg_inherits i on i.inhparent = t.oid
    join pg_class c on c.oid = i.inhrelid
  )`;

export const roots = ({ declarations }: Expected): string[][] => [declarations.roots];

/**
 * Whether a leaf is closed while a network moves here: logical replication writes into it, so some of its triggers stand
 * otherwise (dpg_private.receive_leaf), and nobody vacuums it.
 */
export const isReceiving = (table: string): string => `exists (
  select
  from pg_trigger closed
  where closed.tgrelid = ${table}
    and closed.tgname = 'network_closed'
    and closed.tgenabled <> 'D'
    and pg_get_triggerdef(closed.oid) ~ $closed$, 'in'\\)$$closed$
)`;

/** Our schemas, where they are. */
export const OURS = `array(select oid from pg_namespace where nspname in ('dpg', 'dpg_private'))`;

/**
 * The statements that detach a partition from its parent and attach it (anew, or elsewhere) by `attach`: an expression of
 * type text[]. Keys of others to the parent forbid to detach rows that are referred to: they are taken away meanwhile.
 */
export const reattached = (partition: string, parent: string, attach: string): string => `(
  select array['begin;']
    || coalesce(array_agg(format('alter table %s drop constraint %I;', k.conrelid::regclass, k.conname) order by k.conname), '{}')
    || array[format('alter table %s detach partition %s;', ${parent}::regclass, ${partition}::regclass), ${attach}]
    || coalesce(array_agg(format('alter table %s add constraint %I %s;', k.conrelid::regclass, k.conname,
      pg_get_constraintdef(k.oid)) order by k.conname), '{}')
    || array['commit;']
  from pg_constraint k
  where k.confrelid = ${parent}
    and k.contype = 'f'
    and k.conparentid = 0
)`;

/** The statement that attaches a partition as it is attached now. */
export const sameAttachment = (partition: string, parent: string): string => `(
  select format('alter table %s attach partition %s %s;', ${parent}::regclass, ${partition}::regclass,
    pg_get_expr(c.relpartbound, c.oid))
  from pg_class c
  where c.oid = ${partition}
)`;
