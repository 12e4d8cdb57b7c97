import { OURS, queryCheck, roots, TREE } from './check.js';

const HEAD = '^CREATE (UNIQUE )?INDEX \\S+ ON (ONLY )?\\S+ ';

/** Of an index, without its name and its table. */
const definition = (index: string) => `regexp_replace(pg_get_indexdef(${index}), '${HEAD}', '\\1')`;

export const indexes = queryCheck(
  'indexes',
  `
  with ${TREE},
  -- what a partitioned table has, each of its partitions has
  lacking as (
    select t.level, t.oid as child, c.relname as child_name, i.indexrelid as parent_index, i.indisunique, k.oid as parent_constraint,
      format('%s_%s', left(c.relname, 54), left(md5(ic.relname), 8)) as name,
      (
        select own.indexrelid
        from pg_index own
        where own.indrelid = t.oid
          and not exists (select from pg_inherits h where h.inhrelid = own.indexrelid)
          and ${definition('own.indexrelid')} = ${definition('i.indexrelid')}
        limit 1
      ) as unattached
    from tree t
    join pg_class c on c.oid = t.oid
    join pg_index i on i.indrelid = t.parent
    join pg_class ic on ic.oid = i.indexrelid
    left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = t.parent and k.contype in ('p', 'u')
    where not exists (
      select
      from pg_inherits h
      join pg_index ci on ci.indexrelid = h.inhrelid
      where h.inhparent = i.indexrelid
        and ci.indrelid = t.oid
    )
  ),
  invalid as (
    select i.indexrelid, i.indrelid, c.relkind, h.inhparent,
      exists (select from pg_constraint k where k.conindid = i.indexrelid) as is_of_constraint,
      (select min(child.inhrelid::regclass::text) from pg_inherits child where child.inhparent = i.indexrelid) as a_child
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    left join pg_inherits h on h.inhrelid = i.indexrelid
    where c.relnamespace = any (${OURS})
      and not (i.indisvalid and i.indisready and i.indislive)
  ),
  findings as (
    select 1 as place, l.level, 'table ' || l.child::regclass as object,
      case when l.indisunique then 'error' else 'warning' end as severity,
      format('It lacks the index that its parent has as %s.', l.parent_index::regclass) as problem,
      array_remove(array[
        case
          when l.unattached is not null then null
          when l.parent_constraint is not null
            then format('alter table %s add constraint %I %s;', l.child::regclass, l.name, pg_get_constraintdef(l.parent_constraint))
          else regexp_replace(
            pg_get_indexdef(l.parent_index), '${HEAD}', format('create \\1index %I on %s ', l.name, l.child::regclass)
          ) || ';'
        end,
        format('alter index %s attach partition %s;', l.parent_index::regclass,
          coalesce(l.unattached::regclass::text, format('dpg.%I', l.name)))
      ], null) as mend
    from lacking l
    union all
    select 2, 0, 'index ' || i.indexrelid::regclass,
      'error',
      case
        when i.inhparent is null and not i.is_of_constraint
          then format('The index is not valid: it was begun with concurrently and not ended. Every write of %s pays for it, and no query uses it.', i.indrelid::regclass)
        else 'The index is not valid: no query uses it.'
      end,
      array[case
        when i.inhparent is null and not i.is_of_constraint then format('drop index %s;', i.indexrelid::regclass)
        else format('reindex index %s;', i.indexrelid::regclass)
      end]
    from invalid i
    where i.relkind = 'i'
    union all
    -- one that lacks partitions becomes valid when it has the last of them
    select 3, 0, 'index ' || i.indexrelid::regclass, 'warning',
      'The index of the partitioned table is not valid, though each partition has its own: an index of a partition was not when it was attached.',
      array[format('alter index %s attach partition %s;', i.indexrelid::regclass, i.a_child)]
    from invalid i
    where i.relkind = 'I'
      and not exists (
        select
        from pg_inherits part
        where part.inhparent = i.indrelid
          and not exists (
            select
            from pg_inherits h
            join pg_index ci on ci.indexrelid = h.inhrelid
            where h.inhparent = i.indexrelid
              and ci.indrelid = part.inhrelid
          )
      )
      and not exists (select from invalid child where child.inhparent = i.indexrelid)
  )
  select severity, object, problem, mend
  from findings
  order by place, level, object, problem`,
  roots,
);
