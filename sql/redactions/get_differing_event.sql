create or replace function dpg_private.get_differing_event(event jsonb, proposed dpg.action_events)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  kept record;
  differing dpg.action_events;
begin
  for kept in
    select d.event, d.source_item_is_local
    from dpg.differing_events d
    where d.event_id = proposed.event_id
      and d.partition_network = proposed.partition_network
      and d.action_type = proposed.action_type
    order by d.redaction_id
  loop
    differing := dpg_private.event_of_object(kept.event);
    differing.source_item_is_local := kept.source_item_is_local;
    differing.target_item_is_local := false;
    proposed.source_item_is_local := kept.source_item_is_local;
    if dpg_private.is_same_event(differing, dpg_private.with_missing_fields(event, proposed, differing)) then
      return differing;
    end if;
  end loop;
  return null;
end
$body$;

comment on function dpg_private.get_differing_event(jsonb, dpg.action_events) is
  'The event of dpg.differing_events that is the proposed one, which came as this object; all columns null where none is.';
