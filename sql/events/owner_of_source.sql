create or replace function dpg_private.owner_of_source(event dpg.action_events)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  owner text;
begin
  if not event.source_item_is_local then
    return event.source_item_owner;
  end if;
  -- Locked until the event is stored: dpg_private.replace_owner locks the same rows, and then reads the events.
  select m.source_item_owner
  into owner
  from dpg_private.mirrored_actions m
  where m.action_id = event.action_id
    and m.partition_network = event.partition_network
    and m.action_type = event.action_type
    and m.origin_instance_domain = event.origin_instance_domain
  for key share;
  if not found then
    owner := (dpg_private.lock_item(
      dpg_private.leaf('items', event.source_item_network, event.source_item_domain),
      row(event.source_item_network, event.source_item_domain, event.source_item_type, event.source_item_id),
      'key share'
    )).created_by;
  end if;
  if owner <> event.source_item_owner and dpg_private.has_succeeded(owner, event.source_item_owner) then
    return owner;
  end if;
  return event.source_item_owner;
end
$body$;

comment on function dpg_private.owner_of_source(dpg.action_events) is
  'The owner of the source of a mirrored event, as this instance has it now. The instance that made the event knows the owner from when the action was made: where that user was erased since, or the items were moved to another user, it is the one who has taken the place.';
