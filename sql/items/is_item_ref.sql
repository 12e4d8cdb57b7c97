create or replace function dpg_private.is_item_ref(item dpg.item_ref)
returns boolean
language sql
immutable
parallel safe
security invoker
return dpg_private.is_key(item.item_network)
  and dpg_private.is_key(item.item_domain)
  and dpg_private.is_key(item.item_type)
  and item.item_id is not null;

comment on function dpg_private.is_item_ref(dpg.item_ref) is
  'Whether item names an item: three keys and an id. False or null where it does not. Stored parsed and inlined.';
