create or replace function dpg.get_action(actor text, partition_network text, action_type text, action_id uuid)
returns dpg.item_actions
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  action dpg.item_actions;
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_action_key(partition_network, action_type, action_id);
  leaf := dpg_private.leaf('item_actions', partition_network, action_type);
  if leaf is not null then
    execute format(
      'select * from %s a where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3', leaf
    )
    into action
    using partition_network, action_type, action_id;
  end if;
  if action.action_id is null then
    perform dpg_private.refuse_action_not_found(partition_network, action_type, action_id);
  end if;
  if dpg_private.ownership_roles(
    actor, action.source_item_owner, action.source_item_is_local, action.target_item_owner, true
  ) = '{}' then
    perform dpg_private.refuse_not_action_party(actor, action);
  end if;
  return action;
end
$body$;

comment on function dpg.get_action(text, text, text, uuid) is
  'One action, for its parties. Raises DP001, DP004, DP005. Example: select * from dpg.get_action(''asha'', ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333'')';
