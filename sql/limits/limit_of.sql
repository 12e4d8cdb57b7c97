create or replace function dpg_private.limit_of(limit_name text)
returns bigint
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (select l.limit_value from dpg.limits l where l.limit_name = limit_of.limit_name);
end
$body$;

comment on function dpg_private.limit_of(text) is
  'The value of a limit of dpg.limits; null, no limit, where its row was deleted.';
