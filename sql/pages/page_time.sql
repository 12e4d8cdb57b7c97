create or replace function dpg_private.page_time("position" bytea)
returns timestamptz
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  microseconds constant bigint := ('x' || encode(substr("position", 1, 8), 'hex'))::bit(64)::bigint;
begin
  return case microseconds
    when 9223372036854775807 then 'infinity'
    when -9223372036854775808 then '-infinity'
    else
      -- in two parts, since an interval is multiplied by a float, and by hours, since days are of different lengths
      timestamptz '2000-01-01 00:00:00+00'
        + interval '1 hour' * (microseconds / 3600000000)
        + interval '1 microsecond' * (microseconds % 3600000000)
  end;
end
$body$;

comment on function dpg_private.page_time(bytea) is
  'The time with which a place in the order of a list begins, as timestamptz_send wrote it: microseconds since 2000-01-01 00:00:00 UTC in 8 bytes. Null for null.';
