create or replace function dpg_private.is_degrees(value jsonb, most double precision)
returns boolean
language plpgsql
immutable -- not parallel safe: a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- compared as it would be stored: 90.00000000000000000001 is 90, and 1e-400 is no number of double precision at all
  return case when jsonb_typeof(value) = 'number' then abs(value::double precision) <= most else false end;
exception
  when numeric_value_out_of_range then
    return false;
end
$body$;

comment on function dpg_private.is_degrees(jsonb, double precision) is
  'Whether value is a JSON number that double precision holds and that lies between -most and most.';
