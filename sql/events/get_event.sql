create or replace function dpg_private.get_event(partition_network text, action_type text, event_id uuid)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass := dpg_private.leaf('action_events', partition_network, action_type);
  stored dpg.action_events;
begin
  if leaf is not null then
    execute format(
      'select * from %s e where e.partition_network = $1 and e.action_type = $2 and e.event_id = $3', leaf
    )
    into stored
    using partition_network, action_type, event_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.get_event(text, text, uuid) is
  'The event of this id as committed by now; all columns null where there is none.';
