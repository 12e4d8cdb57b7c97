create or replace function dpg_private.check_present(argument text, value anyelement)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if value is null then
    perform dpg_private.refuse_argument(argument, null, 'is missing', format('Pass a value for %s.', argument));
  end if;
end
$body$;

comment on function dpg_private.check_present(text, anyelement) is
  'Raises DP001 when value is null.';
