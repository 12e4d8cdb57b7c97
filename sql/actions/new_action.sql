-- What perform_action and receive_action do before they lock an item.

create or replace function dpg_private.create_leaves_for_new_action(
  actor text,
  source dpg.item_ref,
  target dpg.item_ref,
  action_type text
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  source_item dpg.items;
begin
  -- not for a call that will be refused anyway
  if actor is not null then
    source_item := dpg.get_item(source.item_network, source.item_domain, source.item_type, source.item_id);
  end if;
  perform dpg.get_item(target.item_network, target.item_domain, target.item_type, target.item_id);
  if source_item.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, source);
  end if;
  perform dpg_private.find_or_create_leaf('item_actions', target.item_network, action_type);
  perform dpg_private.find_or_create_leaf('action_events', target.item_network, action_type);
end
$body$;

comment on function dpg_private.create_leaves_for_new_action(text, dpg.item_ref, dpg.item_ref, text) is
  'Creates the leaves of actions and events that are missing, before the items are locked. The order must not
change: the creation of a leaf waits for the writers of the items of its network, and those may wait for these
items. actor is null for a source that lives on another instance. Raises DP002, DP003, DP010.';
