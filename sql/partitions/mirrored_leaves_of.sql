create or replace function dpg_private.mirrored_leaves_of(network text)
returns text[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return array(
    select m.key
    from dpg_private.mirrored_leaves m
    join dpg_private.partition_names p
      on p.root = 'action_events'
      and p.network = m.network
      and p.key = m.key
    where m.network = mirrored_leaves_of.network
      and to_regclass('dpg.' || p.name) is not null
      and dpg_private.leaf('item_actions', m.network, m.key) is null
  );
end
$body$;

comment on function dpg_private.mirrored_leaves_of(text) is
  'The action types of this network whose leaf of events only mirrored events need: dpg.store_event has made it, and no action of this instance has that type. For the limits, when a leaf is made.';
