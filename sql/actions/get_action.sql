create or replace function dpg.get_action(actor text, partition_network text, action_type text, action_id uuid)
returns dpg.item_actions
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $body$
declare
  leaf regclass;
  slot smallint;
  action dpg.item_actions;
  mirrored dpg.item_actions;
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_action_key(partition_network, action_type, action_id);
  slot := dpg_private.slot_of('item_actions', partition_network, action_type);
  leaf := dpg_private.find_leaf_by_slot('item_actions', slot, partition_network, action_type);
  if slot is not null and leaf is not null then
    action := dpg_private.action_in_slot(slot, partition_network, action_type, action_id);
  elsif leaf is not null then
    execute format('select * from %s a where %s', leaf, dpg_private.action_key_sql())
    into action
    using partition_network, action_type, action_id;
  end if;
  if dpg_private.ownership_roles(
    actor, action.source_item_owner, action.source_item_is_local, action.target_item_owner, true
  ) <> '{}' then
    return action;
  end if;

  -- One that lives on another instance, as its mirrored events describe it. Other instances chose the ids, so there
  -- may be several.
  select
    m.partition_network, m.action_type, m.action_id, m.action_status, m.update_count, m.requirements_snapshot,
    m.remarks, m.source_item_network, m.source_item_domain, m.source_item_type, m.source_item_id,
    m.source_item_instance_url, m.source_item_owner, m.target_item_network, m.target_item_domain, m.target_item_type,
    m.target_item_id, m.target_item_instance_url, m.target_item_owner, m.created_at, m.updated_at,
    m.source_item_latitude, m.source_item_longitude, m.target_item_latitude, m.target_item_longitude,
    m.source_item_is_local, m.source_local_item_id, m.performed_by
  into mirrored.partition_network, mirrored.action_type, mirrored.action_id, mirrored.action_status,
    mirrored.update_count, mirrored.requirements_snapshot, mirrored.remarks, mirrored.source_item_network,
    mirrored.source_item_domain, mirrored.source_item_type, mirrored.source_item_id, mirrored.source_item_instance_url,
    mirrored.source_item_owner, mirrored.target_item_network, mirrored.target_item_domain, mirrored.target_item_type,
    mirrored.target_item_id, mirrored.target_item_instance_url, mirrored.target_item_owner, mirrored.created_at,
    mirrored.updated_at, mirrored.source_item_latitude, mirrored.source_item_longitude, mirrored.target_item_latitude,
    mirrored.target_item_longitude, mirrored.source_item_is_local, mirrored.source_local_item_id, mirrored.performed_by
  from dpg_private.mirrored_actions m
  where m.partition_network = get_action.partition_network
    and m.action_type = get_action.action_type
    and m.action_id = get_action.action_id
  order by m.source_item_owner = get_action.actor desc, m.updated_at desc
  limit 1;
  if mirrored.source_item_owner = actor then
    return mirrored;
  end if;
  if action.action_id is null then
    action := mirrored;
  end if;
  if action.action_id is null then
    perform dpg_private.refuse_action_not_found(partition_network, action_type, action_id);
  end if;
  perform dpg_private.raise_refusal(dpg_private.party_refusal(actor, action));
  return null;
end
$body$;

comment on function dpg.get_action(text, text, text, uuid) is
  'One action, for its parties. Also one that lives on another instance, as its mirrored events describe it
(target_item_instance_url says where).
Raises DP001, DP004, DP005.
Example: select * from dpg.get_action(
  ''asha'', ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333''
)';
