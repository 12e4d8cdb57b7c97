create or replace function dpg_private.is_time(value timestamptz)
returns boolean
language sql
immutable
parallel safe
security invoker
-- compared with fixed moments: the year as such would depend on the time zone of the session
return value >= timestamptz '0001-01-01 00:00:00+00' and value < timestamptz '10000-01-01 00:00:00+00';

comment on function dpg_private.is_time(timestamptz) is
  'Whether a time lies in the years 1 to 9999 of UTC. Other times, and infinity, have no form in ISO 8601 that every
language reads back. Null for null.';

create or replace function dpg_private.time_text(value timestamptz)
returns text
language sql
stable
parallel safe
security invoker
-- does not depend on DateStyle and TimeZone of the session
return (to_jsonb(value at time zone 'UTC') #>> array[]::text[])
  || case when dpg_private.is_time(value) then '+00:00' else '' end;

comment on function dpg_private.time_text(timestamptz) is
  'A time as messages and DETAIL show it: ISO 8601 in UTC, as PostgreSQL writes times in JSON. Null for null.';

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
  -- An offset is required: without it the time zone of the session would decide. Five digits and BC are allowed: a
  -- time of the year 9999 or 1 can be written in a zone where it is the year 10000 or 1 BC, as to_jsonb does.
  if value !~ concat(
    '^[0-9]{4,5}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?',
    '(Z|[+-][0-9]{2}(:?[0-9]{2}(:[0-9]{2})?)?)( BC)?$'
  ) then
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
  'The time that an ISO 8601 text with an offset stands for.
Null for anything else, and for years other than 1 to 9999 of UTC.';

create or replace function dpg_private.check_time_or_none(argument text, value timestamptz)
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

comment on function dpg_private.check_time_or_none(text, timestamptz) is
  'Raises DP001 for a time outside of the years 1 to 9999 of UTC, or infinity. Null is none.';
