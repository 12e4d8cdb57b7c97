import { queryCheck, roots, TREE } from './check.js';

/** A policy, without its name and its table. */
const policy = (alias: string) =>
  `row(${alias}.polpermissive, ${alias}.polcmd, ${alias}.roles, ${alias}.using_text, ${alias}.check_text)`;

// Whoever was granted a partition by itself, as with "on all tables in schema dpg", sees what the root would show.
export const partitionPolicies = queryCheck(
  'partition policies',
  `
  with ${TREE},
  policies as (
    select p.polrelid, p.polname, p.polpermissive, p.polcmd, array(select unnest(p.polroles) order by 1) as roles,
      pg_get_expr(p.polqual, p.polrelid) as using_text, pg_get_expr(p.polwithcheck, p.polrelid) as check_text
    from pg_policy p
  ),
  lacking as (
    select t.oid, t.root, c.relrowsecurity as is_guarded,
      array(
        select w.polname::text
        from policies w
        where w.polrelid = t.root
          and not exists (
            select
            from policies h
            where h.polrelid = t.oid and h.polname = w.polname and ${policy('h')} is not distinct from ${policy('w')}
          )
        order by 1
      ) as names
    from tree t
    join pg_class r on r.oid = t.root and r.relrowsecurity
    join pg_class c on c.oid = t.oid
    where t.level > 0
  )
  select 'error' as severity, 'table ' || l.oid::regclass as object,
    case
      when not l.is_guarded then 'Row level security is off: whoever was granted it by itself, as with all tables of the schema, sees the rows of everybody.'
      else format('It lacks a policy of its root, or has it otherwise: %s.', array_to_string(l.names, ', '))
    end as problem,
    array[format('select dpg_private.guard_partition(%L, %L);', l.root::regclass, l.oid::regclass)] as mend
  from lacking l
  where not l.is_guarded
    or l.names <> '{}'
  order by l.oid::regclass::text`,
  roots,
);
