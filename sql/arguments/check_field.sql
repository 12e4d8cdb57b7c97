create or replace function dpg_private.check_field(argument text, kind text, value jsonb, index integer default null)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not dpg_private.is_field(kind, value) then
    perform dpg_private.refuse_argument(
      argument, value, case when value is null then 'is missing' else 'is malformed' end, dpg_private.field_hint(kind), index
    );
  end if;
end
$body$;

comment on function dpg_private.check_field(text, text, jsonb, integer) is
  'Raises DP001 unless value is a field of this kind, as dpg_private.is_field says. index is the position in an array, counted from 0.';
