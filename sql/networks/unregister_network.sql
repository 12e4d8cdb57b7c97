create or replace function dpg.unregister_network(network text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  was_registered boolean;
begin
  perform
    dpg_private.check_key('network', network),
    dpg_private.check_here(network);
  delete from dpg.networks n
  where n.network = unregister_network.network;
  was_registered := found;
  perform dpg_private.register_rules(network, null);
  -- the writes may have waited for the switch of a move
  perform dpg_private.check_still_here(network);
  return was_registered;
end
$body$;

comment on function dpg.unregister_network(text) is
  'For dpg_admin. Takes back the registration of a network, so that the network is open again, and the rules that
its document set. Returns false when it was not registered.
Raises DP001.
Example: select dpg.unregister_network(''yellow_dot'')';
