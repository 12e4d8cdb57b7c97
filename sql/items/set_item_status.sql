create or replace function dpg.set_item_status(
  actor text,
  item_network text,
  item_domain text,
  item_type text,
  item_id uuid,
  item_status text,
  expected_updated_at timestamptz default null
)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  item constant dpg.item_ref := row(item_network, item_domain, item_type, item_id);
  slot smallint;
  leaf regclass;
  stored dpg.items;
  changed dpg.items;
begin
  -- check
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_item_ref(null, item),
    dpg_private.check_key('item_status', item_status),
    dpg_private.check_time_or_none('expected_updated_at', expected_updated_at);

  -- lock
  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
  stored := dpg_private.lock_item(leaf, item, 'no key update', slot);
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(item);
  end if;
  if stored.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, item);
  end if;
  if stored.item_status = item_status then
    return stored;
  end if;
  if stored.updated_at <> expected_updated_at then
    perform dpg_private.refuse_stale_item(stored, expected_updated_at);
  end if;
  if item_network = any (dpg_private.defined_networks()) then
    perform dpg_private.check_item_status(
      item, stored.item_status, item_status, dpg_private.find_item_definition(item_network, item_domain)
    );
  end if;

  -- change
  changed := stored;
  changed.item_status := item_status;
  stored := dpg_private.write_item(leaf, slot, item, changed, actor);
  if stored.item_id is null then
    perform dpg_private.refuse_suppressed('update', leaf, to_jsonb(item));
  end if;
  if dpg_private.has_additions_to_item(leaf, slot) then
    stored := dpg_private.read_written_item(leaf, changed, 'update');
  end if;
  return stored;
end
$body$;

comment on function dpg.set_item_status(text, text, text, text, uuid, text, timestamptz) is
  'Changes the status of an item of the actor. dpg.define_item declares which statuses there are. The present status
again returns the row as it is. With expected_updated_at the call is refused (DP007) when somebody else changed the item
first.
Raises DP001, DP002, DP003, DP006, DP007, DP018.
Example: select * from dpg.set_item_status(
  ''asha'', ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111'', ''paused''
)';
