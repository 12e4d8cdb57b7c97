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
