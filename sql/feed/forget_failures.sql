create or replace function dpg_private.forget_failures(subscription text, positions bigint[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  forgotten integer;
begin
  if positions = '{}' then
    return;
  end if;
  delete from dpg.failed_events f
  where f.subscription = forget_failures.subscription
    and f."position" = any (positions);
  get diagnostics forgotten = row_count;
  if forgotten < cardinality(positions) then
    perform dpg_private.refuse_suppressed('delete', 'dpg.failed_events', jsonb_build_object('subscription', subscription));
  end if;
end
$body$;

comment on function dpg_private.forget_failures(text, bigint[]) is
  'Deletes the failures of a subscription at these positions, which the caller has locked in their order. Raises DP018 where a trigger kept one.';
