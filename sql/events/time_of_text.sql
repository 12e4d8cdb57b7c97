create or replace function dpg_private.time_of_text(value text)
returns timestamptz
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- without an offset the time zone of the session would decide
  if value !~ '^[0-9]{4,6}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-9]{2}(:[0-9]{2})?)?)$' then
    return null;
  end if;
  return value::timestamptz;
exception
  when data_exception then
    return null; -- such as the 30th of February
end
$body$;

comment on function dpg_private.time_of_text(text) is
  'The time that an ISO 8601 text with its offset stands for; null for anything else.';
