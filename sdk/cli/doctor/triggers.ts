import { type Expected, isReceiving, OURS, queryCheck, reattached, sameAttachment, TREE } from './check.js';

const parameters = ({ declarations }: Expected): string[][] => [
  declarations.roots,
  declarations.objects.filter(({ kind }) => kind === 'trigger').map(({ name }) => name),
  declarations.always.map((entry) => entry.split(' ')[1] ?? ''),
];

/** How a trigger is enabled in pg_trigger.tgenabled: $2 are the names of ours, $3 of those that are always. */
const wanted = (name: string) => `case when ${name} = any ($3::text[]) then 'A' else 'O' end`;

export const triggers = queryCheck(
  'triggers',
  `
  with ${TREE},
  -- triggers of rows are cloned to each partition as it is attached; those of statements are made with each leaf
  lacking as (
    select t.oid, t.parent, g.oid as trigger, g.tgname, g.tgparentid, (g.tgtype & 1) = 1 as is_of_rows
    from tree t
    join pg_trigger g
      on g.tgrelid = case when (g.tgtype & 1) = 1 then t.parent else t.root end
      and not g.tgisinternal
    where t.level > 0
      -- one of an application's own for statements stands where the application has put it
      and ((g.tgtype & 1) = 1 or t.kind = 'r' and g.tgname = any ($2::text[]))
      and not exists (
        select
        from pg_trigger own
        where own.tgrelid = t.oid
          and case
            when (g.tgtype & 1) = 1 then own.tgparentid = g.oid
            else own.tgname = g.tgname and own.tgfoid = g.tgfoid and own.tgtype = g.tgtype
              and (own.tgqual is null) = (g.tgqual is null)
          end
      )
  ),
  findings as (
    select 1 as place, 'table ' || l.oid::regclass as object,
      format('It lacks the trigger %s of its root: %s', l.tgname, case
        when l.tgname = any ($3::text[]) then 'what is there can be changed or removed.'
        else 'what the trigger does is not done.'
      end) as problem,
      case
        when l.is_of_rows then ${reattached('l.oid', 'l.parent', sameAttachment('l.oid', 'l.parent'))}
        else array[
          regexp_replace(regexp_replace(pg_get_triggerdef(l.trigger), ' ON \\S+ ', format(' ON %s ', l.oid::regclass)),
            '^CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER') || ';',
          format('alter table %s enable %strigger %I;', l.oid::regclass,
            case when l.tgname = any ($3::text[]) then 'always ' else '' end, l.tgname)
        ]
      end as mend
    from lacking l
    union all
    select 2, 'table ' || g.tgrelid::regclass,
      format('Its trigger %s is %s: %s', g.tgname,
        case g.tgenabled when 'D' then 'disabled' when 'R' then 'enabled for replicas only' else 'not enabled always' end,
        case
          when g.tgname = any ($3::text[]) then 'what is there can be changed or removed.'
          else 'what the trigger does is not done.'
        end),
      array[format('alter table %s enable %strigger %I;', g.tgrelid::regclass,
        case when g.tgname = any ($3::text[]) then 'always ' else '' end, g.tgname)]
    from pg_trigger g
    join pg_class c on c.oid = g.tgrelid and c.relnamespace = any (${OURS})
    where not g.tgisinternal
      and g.tgname = any ($2::text[])
      and g.tgenabled <> ${wanted('g.tgname')}
      and not ${isReceiving('g.tgrelid')}
      -- what mends the parent's mends those of its partitions
      and not exists (
        select
        from pg_trigger parent
        where parent.oid = g.tgparentid
          and parent.tgenabled <> ${wanted('parent.tgname')}
      )
    union all
    select 3, 'table ' || g.tgrelid::regclass,
      format('The triggers of the foreign key from %s to %s are disabled: it is not checked.', k.conrelid::regclass, k.confrelid::regclass),
      array_agg(format('alter table %s enable trigger %I;', g.tgrelid::regclass, g.tgname) order by g.tgname)
    from pg_trigger g
    join pg_constraint k on k.oid = g.tgconstraint and k.contype = 'f'
    join pg_class c on c.oid = k.conrelid and c.relnamespace = any (${OURS})
    where g.tgisinternal
      and g.tgenabled not in ('O', 'A')
    group by g.tgrelid, k.conrelid, k.confrelid
  )
  select 'error' as severity, object, problem, mend
  from findings
  order by place, object, problem`,
  parameters,
);
