create or replace function dpg.get_item(item_network text, item_domain text, item_type text, item_id uuid)
returns dpg.items
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  slot smallint;
  of_slot record;
  stored dpg.items;
begin
  checked := num_nonnulls(
    dpg_private.check_item_ref(null, row(item_network, item_domain, item_type, item_id))
  );
  select l.leaf, l.slot
  into leaf, slot
  from dpg_private.look_up_item_leaf(item_network, item_domain) l;
  if slot is not null then
    execute format('select dpg_private.item_of_slot(null::dpg_private.slot_%s, $1) as item', slot)
    into of_slot
    using row(item_network, item_domain, item_type, item_id)::dpg.item_ref;
    stored := of_slot.item;
  elsif leaf is not null then
    execute format('select * from %s i where %s', leaf, dpg_private.item_key_sql())
    into stored
    using item_network, item_domain, item_type, item_id;
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
