create or replace function dpg_private.check_failure(error text, retry_seconds double precision)
returns void
language plpgsql
stable -- as dpg_private.check_page_size
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if octet_length(error) > 65536 then
    perform dpg_private.refuse_argument(
      'error', to_jsonb(error), 'is too long', 'Say what went wrong in at most 65,536 bytes; never put a secret there.'
    );
  end if;
  if retry_seconds is null or not retry_seconds between 0 and 86400 then
    perform dpg_private.refuse_argument(
      'retry_seconds', to_jsonb(dpg_private.json_of_number(retry_seconds) #>> array[]::text[]), 'is out of range',
      'The next try is 0 to 86,400 seconds away.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_failure(text, double precision) is
  'Raises DP001 for an error of more than 65,536 bytes, or a next try that is not between now and a day away.';
