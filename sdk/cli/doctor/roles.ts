import { queryCheck } from './check.js';

export const roles = queryCheck(
  'roles',
  `
  select 'error' as severity, 'role ' || wanted.name as object,
    'The role is missing, and nobody has what it may.' as problem,
    array[format('create role %I nologin;', wanted.name)] as mend
  from unnest(array['dpg_app', 'dpg_readonly', 'dpg_admin']) with ordinality wanted (name, place)
  where to_regrole(wanted.name) is null
  union all
  select 'error', 'role ' || r.rolname, 'The role may more than it should: whoever is granted it ' || case
      when r.rolsuper then 'is a superuser after set role.'
      else 'passes by the policies of rows after set role.'
    end,
    array[format('alter role %I nosuperuser nobypassrls;', r.rolname)]
  from pg_roles r
  where r.rolname in ('dpg_app', 'dpg_readonly', 'dpg_admin')
    and (r.rolsuper or r.rolbypassrls)`,
);
