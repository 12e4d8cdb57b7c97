create or replace function dpg_private.policies_of(relation regclass)
returns table (name text, definition text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
begin atomic
  -- what stands behind "create policy ... on ..."
  select
    p.polname::text,
    concat_ws(
      ' ',
      'as ' || case when p.polpermissive then 'permissive' else 'restrictive' end,
      'for ' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
      'to ' || (
        select string_agg(coalesce(quote_ident(r.rolname), 'public'), ', ' order by r.rolname nulls first)
        from unnest(p.polroles) a(role)
        left join pg_roles r on r.oid = a.role
      ),
      'using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
      'with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'
    )
  from pg_policy p
  where p.polrelid = relation;
end;

comment on function dpg_private.policies_of(regclass) is
  'The policies of a table, each with what stands behind its name and table in the statement that creates it.';
