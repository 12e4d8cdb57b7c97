create or replace function dpg_private.rename_sql(relation regclass, name text)
returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
return (
  select concat_ws(
    ' ',
    case when c.relname <> rename_sql.name then format('alter table %s rename to %I;', c.oid::regclass, rename_sql.name) end,
    case
      when c.relnamespace <> 'dpg'::regnamespace
        then format('alter table %s.%I set schema dpg;', c.relnamespace::regnamespace, rename_sql.name)
    end
  )
  from pg_class c
  where c.oid = rename_sql.relation
);

comment on function dpg_private.rename_sql(regclass, text) is
  'The statements that give a partition its name, in schema dpg, back.';
