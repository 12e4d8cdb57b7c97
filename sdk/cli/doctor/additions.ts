import { type Check, type Expected, type Finding, OURS, type Sql } from './check.js';
import { ofWords } from './searches.js';
import { ofSlot } from './slots.js';

interface Added {
  kind: string;
  name: string;
  /** What it is on, of a rule. */
  on: string | null;
}

/**
 * What somebody has added to our schemas. A function there may be taken for one of ours, and a migration that creates one of
 * that name stops. Leaves are no additions, nor what an application puts on the three tables (docs/extending.md); of functions
 * and policies on our tables that have the name of ours, shape.ts tells.
 */
export const additions: Check = {
  name: 'additions',
  async find(sql, expected) {
    // of a newer package: its objects are not known here
    if (expected.migrations.some(({ state }) => state === 'unknown')) return [];
    return (await addedObjects(sql, expected)).map(finding);
  },
};

const WORDS: Record<string, string> = {
  rule: 'it may change what is read and written.',
  policy: 'it lets see, or hides, what the root does not.',
};

/** What adopt --quarantine creates: to move it would keep a later adopt from finding it. */
const ofAdoption: Finding = {
  severity: 'notice',
  object: 'table dpg.quarantined_rows',
  problem:
    'Rows of older tables that adopt could not move are kept here: docs/adopt.md says how to move them later. When nobody needs them, drop the old tables first, then this one.',
  mend: [],
  mend_with: 'sql',
};

function finding({ kind, name, on }: Added): Finding {
  if (kind === 'table' && name === 'dpg.quarantined_rows') return ofAdoption;
  const object = on ? `${kind} ${name} on ${on}` : `${kind} ${name}`;
  return {
    severity: 'warning',
    object,
    problem: `The migrations have made no such ${kind}: ${
      WORDS[kind] ??
      'a later migration may need its name, and a restore of our schemas alone lacks it or brings it. Move it to a schema of yours.'
    }`,
    // what holds something, or what something is built on, is not for a script to drop
    mend: kind === 'rule' || kind === 'policy' ? [`drop ${object};`] : [],
    mend_with: 'sql',
  };
}

/** Under a search path that writes names with their schema. */
async function addedObjects(sql: Sql, { declarations }: Expected): Promise<Added[]> {
  const names = (...kinds: string[]) =>
    declarations.objects.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);
  const rows = await sql.unsafe(
    `with found as (
      select 1 as place, 'pg_proc'::regclass as class, p.oid,
        case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end as kind,
        p.oid::regprocedure::text as name, null as on
      from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('dpg', 'dpg_private')
        and (p.prokind <> 'f' or format('%I.%I', n.nspname, p.proname) <> all ($1::text[]))
        and not ${ofSlot('p')}
        and not ${ofWords('p.pronamespace', 'p.proname')}
      union all
      select 2, 'pg_class'::regclass, c.oid,
        case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence'
          when 'c' then 'type' else 'table' end,
        c.oid::regclass::text, null
      from pg_class c
      where c.relnamespace = any (${OURS})
        and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')
        -- leaves, those that are detached and what may have been one are findings of partitions
        and not c.relispartition
        and not exists (select from dpg_private.partition_names p where c.relnamespace = 'dpg'::regnamespace and p.name = c.relname)
        and not ${ofWords('c.relnamespace', 'c.relname')}
        and c.oid::regclass::text <> all ($2::text[])
        and not (c.relkind in ('r', 'p') and exists (
          select
          from unnest($3::text[]) root
          where not exists (
            select attname from pg_attribute where attrelid = to_regclass(root) and attnum > 0 and not attisdropped
            except
            select attname from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped
          )
        ))
        -- sequences of columns
        and not (c.relkind = 'S' and exists (
          select
          from pg_depend d
          where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
        ))
      union all
      select 3, 'pg_type'::regclass, t.oid, case t.typtype when 'd' then 'domain' else 'type' end, t.oid::regtype::text, null
      from pg_type t
      where t.typnamespace = any (${OURS})
        and t.typtype in ('b', 'd', 'e', 'r', 'm')
        -- arrays, and the multirange of a range
        and not exists (select from pg_type e where e.typarray = t.oid)
        and not exists (select from pg_range r where r.rngmultitypid = t.oid)
        and format('%I.%I', t.typnamespace::regnamespace, t.typname) <> all ($2::text[])
        and not (t.typtype = 'e' and t.typname ~ '^slot_[0-9]+$')
      union all
      select 4, 'pg_rewrite'::regclass, r.oid, 'rule', format('%I', r.rulename), r.ev_class::regclass::text
      from pg_rewrite r
      join pg_class c on c.oid = r.ev_class
      where c.relnamespace = any (${OURS})
        and r.rulename <> '_RETURN'
      union all
      select 5, 'pg_policy'::regclass, p.oid, 'policy', format('%I', p.polname), c.oid::regclass::text
      from pg_policy p
      join pg_class c on c.oid = p.polrelid
      where c.relnamespace = any (${OURS})
        and c.relispartition
        and p.polname::text <> all ($4::text[])
        and not exists (select from pg_policy r where r.polrelid = pg_partition_root(c.oid) and r.polname = p.polname)
    )
    select f.kind, f.name, f.on
    from found f
    -- an extension's are the extension's, and the constructors of a range are the type's
    where not exists (select from pg_depend d where d.classid = f.class and d.objid = f.oid and (d.deptype = 'e' or d.deptype = 'i' and f.place = 1))
    order by f.place, f.name, f.on`,
    [names('function'), names('table', 'view', 'type'), declarations.roots, names('policy')],
  );
  return rows.map(({ kind, name, on }) => ({ kind, name, on }));
}
