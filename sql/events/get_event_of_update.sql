create or replace function dpg_private.get_event_of_update(
  partition_network text,
  action_type text,
  origin_instance_domain text,
  action_id uuid,
  update_count integer
)
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
      'select * from %s e
       where e.partition_network = $1 and e.action_type = $2 and e.origin_instance_domain = $3
         and e.action_id = $4 and e.update_count = $5',
      leaf
    )
    into stored
    using partition_network, action_type, origin_instance_domain, action_id, update_count;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.get_event_of_update(text, text, text, uuid, integer) is
  'The event of this update of an action as committed by now; all columns null where there is none.';
