create or replace function dpg_private.revoke_given(relation regclass)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  grantee text;
begin
  for grantee in
    select distinct coalesce(a.grantee::regrole::text, 'public')
    from pg_class c
    cross join lateral (
      select case g.grantee when 0 then null else g.grantee end as grantee
      from aclexplode(c.relacl) g
      where g.grantee <> c.relowner
    ) a
    where c.oid = relation
  loop
    execute format('revoke all on table %s from %s', relation, grantee);
  end loop;
end
$body$;

comment on function dpg_private.revoke_given(regclass) is
  'Takes from everybody but its owner what default privileges have given on a table that was created just now.';
