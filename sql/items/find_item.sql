create or replace function dpg_private.lock_item(leaf regclass, item dpg.item_ref, strength text)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.items;
begin
  if leaf is not null then
    if strength = 'update' then
      -- as the deletion will need it: who makes a leaf of actions locks the network's leaves of items before he locks items
      execute format('lock table only %s in row exclusive mode', leaf);
    end if;
    execute format(
      'select * from %s i where i.item_network = $1 and i.item_domain = $2 and i.item_type = $3 and i.item_id = $4 for %s',
      leaf, strength
    )
    into stored
    using item.item_network, item.item_domain, item.item_type, item.item_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.lock_item(regclass, dpg.item_ref, text) is
  'Reads an item, in the leaf of its keys, under a row lock (key share, no key update or update); all columns null where there is none, also where there is no leaf.';
