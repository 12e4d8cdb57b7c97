create or replace function dpg.ensure_action_partition(partition_network text, action_type text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_here(partition_network);
  perform dpg_private.check_action_type_declared('item_actions', partition_network, action_type);
  return dpg_private.ensure_leaf('item_actions', partition_network, action_type);
end
$body$;

comment on function dpg.ensure_action_partition(text, text) is
  'Creates the partition for the actions of a network and action type when it is missing. Returns the leaf, the
table that holds the rows. Safe under any concurrency; blocks no reader.
The locks of a new partition last until the transaction ends. So create partitions in a transaction of their
own.
Raises DP001, DP010, DP014.
Example: select dpg.ensure_action_partition(''yellow_dot'', ''connect'') -- dpg.a_p_yellowdot_connect';
