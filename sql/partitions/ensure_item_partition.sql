create or replace function dpg.ensure_item_partition(item_network text, item_domain text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_here(item_network);
  perform dpg_private.check_domain_declared(item_network, item_domain);
  return dpg_private.ensure_leaf('items', item_network, item_domain);
end
$body$;

comment on function dpg.ensure_item_partition(text, text) is
  'Creates the partition for the items of a network and domain when it is missing. Returns the leaf, the table
that holds the rows. Safe under any concurrency; blocks no reader.
The locks of a new partition last until the transaction ends. So create partitions in a transaction of their
own.
Raises DP001, DP010, DP014.
Example: select dpg.ensure_item_partition(''yellow_dot'', ''student'') -- dpg.i_p_yellowdot_student';
