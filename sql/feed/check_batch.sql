create or replace function dpg_private.check_batch(max_events integer, lease_seconds double precision)
returns void
language plpgsql
stable -- as dpg_private.check_page_size
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if max_events is null or not max_events between 1 and 10000 then
    perform dpg_private.refuse_argument(
      'max_events', to_jsonb(max_events), 'is out of range', 'A batch has 1 to 10,000 events.'
    );
  end if;
  if lease_seconds is null or not lease_seconds between 0.001 and 86400 then
    perform dpg_private.refuse_argument(
      'lease_seconds', to_jsonb(dpg_private.json_of_number(lease_seconds) #>> array[]::text[]), 'is out of range',
      'A lease lasts 0.001 to 86,400 seconds.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_batch(integer, double precision) is
  'Raises DP001 for a batch of fewer than 1 or more than 10,000 events, or a lease that is not between a millisecond and a day.';
