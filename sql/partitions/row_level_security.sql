create or replace function dpg_private.policies_of(relation regclass)
returns table (name text, definition text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
begin atomic
  -- the text that follows "create policy ... on ..."
  select
    p.polname::text,
    concat_ws(
      ' ',
      'as ' || case when p.polpermissive then 'permissive' else 'restrictive' end,
      'for ' || case p.polcmd
        when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all'
      end,
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
  'The policies of a table. definition is the text that follows the name of policy and table in the statement
that creates the policy.';

create or replace function dpg_private.copy_row_level_security(root regclass, partition regclass)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  policy record;
begin
  if not (select c.relrowsecurity from pg_class c where c.oid = root) then
    return;
  end if;
  if not (select c.relrowsecurity from pg_class c where c.oid = partition) then
    execute format('alter table %s enable row level security', partition);
  end if;
  for policy in
    select wanted.name, wanted.definition, present.name is not null as is_there
    from dpg_private.policies_of(root) wanted
    left join dpg_private.policies_of(partition) present on present.name = wanted.name
    where wanted.definition is distinct from present.definition
    order by wanted.name
  loop
    if policy.is_there then
      execute format('drop policy %I on %s', policy.name, partition);
    end if;
    execute format('create policy %I on %s %s', policy.name, partition, policy.definition);
  end loop;
end
$body$;

comment on function dpg_private.copy_row_level_security(regclass, regclass) is
  'Gives a partition the row level security of its root, with its policies. So a grant on all tables of the
schema shows no more in a partition than in the root. Does nothing for items, which have no row level
security. Locks the partition (ACCESS EXCLUSIVE) only where something is missing.';
