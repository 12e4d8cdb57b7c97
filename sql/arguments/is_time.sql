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
