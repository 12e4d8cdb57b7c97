create or replace function dpg_private.time_text(value timestamptz)
returns text
language sql
stable
parallel safe
security invoker
-- no setting of the session (DateStyle, TimeZone) has a say; to_char knows neither infinity nor years before Christ
return case
  when dpg_private.is_time(value) then to_char(value at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  else to_jsonb(value at time zone 'UTC') #>> array[]::text[]
end;

comment on function dpg_private.time_text(timestamptz) is
  'A time as messages and DETAIL show it: ISO 8601 in UTC with microseconds, as the SDK reads it. Null for null. Stored parsed and inlined.';
