create or replace function dpg_private.json_of_number(value double precision)
returns jsonb
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
-- a session that rounds what it reads would be told that 90 is no latitude
set extra_float_digits = 1
as $body$
begin
  return to_jsonb(value);
end
$body$;

comment on function dpg_private.json_of_number(double precision) is
  'A number with every digit that it has, for messages and DETAIL, whatever the settings of the session. Null for null.';
