create or replace function dpg_private.time_text(value timestamptz)
returns text
language sql
stable
parallel safe
security invoker
-- no setting of the session (DateStyle, TimeZone) has a say
return (to_jsonb(value at time zone 'UTC') #>> array[]::text[]) || case when dpg_private.is_time(value) then '+00:00' else '' end;

comment on function dpg_private.time_text(timestamptz) is
  'A time as messages and DETAIL show it: ISO 8601 in UTC, as PostgreSQL writes times in JSON, whatever the settings of the session. Null for null. Stored parsed and inlined.';
