create or replace function dpg_private.check_action_type_declared(root text, partition_network text, action_type text)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (
      select
      from dpg.networks n
      where n.network = check_action_type_declared.partition_network
        and not n.interactions ? check_action_type_declared.action_type
    )
    and dpg_private.leaf(root, partition_network, action_type) is null
  then
    perform dpg_private.refuse_undeclared_action(partition_network, partition_network, action_type);
  end if;
end
$body$;

comment on function dpg_private.check_action_type_declared(text, text, text) is
  'Raises DP014 when the network is registered and does not declare the action type, unless the type has a leaf under this root already.';
