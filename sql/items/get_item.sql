create or replace function dpg.get_item(item_network text, item_domain text, item_type text, item_id uuid)
returns dpg.items
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  slot smallint;
  stored dpg.items;
begin
  checked := num_nonnulls(
    dpg_private.check_item_ref(null, row(item_network, item_domain, item_type, item_id))
  );
  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
  if leaf is not null then
    stored := case
      when slot is not null then
        dpg_private.item_in_slot(slot, row(item_network, item_domain, item_type, item_id))
      else dpg_private.read_item(leaf, slot, row(item_network, item_domain, item_type, item_id))
    end;
  end if;
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(row(item_network, item_domain, item_type, item_id));
  end if;
  return stored;
end
$body$;

comment on function dpg.get_item(text, text, text, uuid) is
  'One item by its key.
Raises DP001, DP002.
Example: select * from dpg.get_item(
  ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''
)';
