import { queryCheck } from './check.js';

// The functions read the users, and the foreign key of each new leaf of items refers to them, as the owner of our tables.
export const users = queryCheck(
  'users',
  `
  with owner as (
    select c.relowner as oid, c.relowner::regrole::text as name
    from pg_class c
    where c.oid = to_regclass('dpg.items')
  )
  select 'error' as severity, wanted.object,
    format('%s, who owns our tables and functions, lacks the privilege %s: %s.', o.name, wanted.privilege, wanted.fails) as problem,
    array[format('grant %s on %s to %s;', wanted.privilege, wanted.object, o.name)] as mend
  from owner o
  cross join (
    values
      (1, 'schema public', 'usage', 'no call finds the table of users'),
      (2, 'table public."user"', 'select', 'calls that ask whether the actor is a user fail'),
      (3, 'table public."user"', 'references', 'no partition of items can be created')
  ) wanted (place, object, privilege, fails)
  where to_regclass('public."user"') is not null
    and not case wanted.privilege
      when 'usage' then has_schema_privilege(o.oid, 'public'::regnamespace::oid, 'usage')
      else has_table_privilege(o.oid, to_regclass('public."user"')::oid, wanted.privilege)
    end
  order by wanted.place`,
);
