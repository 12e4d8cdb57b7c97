create or replace function dpg_private.is_time(value timestamptz)
returns boolean
language sql
immutable
parallel safe
security invoker
-- compared with fixed moments: the year as such would depend on the time zone of the session
return value >= timestamptz '0001-01-01 00:00:00+00' and value < timestamptz '10000-01-01 00:00:00+00';

comment on function dpg_private.is_time(timestamptz) is
  'Whether a time lies in the years 1 to 9999 of UTC: others, and infinity, have no form in ISO 8601 that every language reads back. Null for null. Stored parsed and inlined.';

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

create or replace function dpg_private.time_of_text(value text)
returns timestamptz
language plpgsql
stable -- not parallel safe: a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  result timestamptz;
begin
  -- Without an offset the time zone of the session would decide. A time of the year 9999 or 1 can be one of the year 10000
  -- or 1 BC in the zone in which it is written, as to_jsonb writes it there.
  if value !~ '^[0-9]{4,5}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-9]{2}(:[0-9]{2})?)?)( BC)?$' then
    return null;
  end if;
  result := value::timestamptz;
  return case when dpg_private.is_time(result) then result end;
exception
  when data_exception then
    return null; -- such as the 30th of February
end
$body$;

comment on function dpg_private.time_of_text(text) is
  'The time that an ISO 8601 text with its offset stands for; null for anything else, and for years other than 1 to 9999 of UTC.';

create or replace function dpg_private.check_time(argument text, value timestamptz)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not dpg_private.is_time(value) then
    dpg_private.refuse_argument(
      argument, to_jsonb(dpg_private.time_text(value)), 'is out of range', 'A time lies in the years 1 to 9999 of UTC.'
    )
end;

comment on function dpg_private.check_time(text, timestamptz) is
  'Raises DP001 for a time outside of the years 1 to 9999 of UTC, infinity included. Null is no time. Stored parsed and inlined.';
