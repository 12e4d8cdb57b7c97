create or replace function dpg_private.check_item_ref(argument text, item dpg.item_ref)
returns void
language sql
stable
parallel safe
security invoker
-- one after the other: null is what a check returns that has nothing to say
return coalesce(
  dpg_private.check_key(coalesce(argument || '.', '') || 'item_network', item.item_network),
  dpg_private.check_key(coalesce(argument || '.', '') || 'item_domain', item.item_domain),
  dpg_private.check_key(coalesce(argument || '.', '') || 'item_type', item.item_type),
  dpg_private.check_present(coalesce(argument || '.', '') || 'item_id', item.item_id is not null)
);

comment on function dpg_private.check_item_ref(text, dpg.item_ref) is
  'Raises DP001 unless item names an item: three keys and an id. argument is its name, null where the four are arguments of their own. Stored parsed and inlined.';
