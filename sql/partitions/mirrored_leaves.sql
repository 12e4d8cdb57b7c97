create table if not exists dpg_private.mirrored_leaves (
  network text not null,
  key text not null,
  constraint mirrored_leaves_pkey primary key (network, key)
);

comment on table dpg_private.mirrored_leaves is
  'The leaves of dpg.action_events that dpg.store_event has created. While this instance has no leaf of actions
of the same keys, only mirrored events need such a leaf. Then it counts for the limit
mirrored_leaves_per_network and not for leaves_per_network, because another instance decides which action
types it sends.';
comment on column dpg_private.mirrored_leaves.network is 'Network, exactly as given.';
comment on column dpg_private.mirrored_leaves.key is 'Action type, exactly as given.';

create or replace function dpg_private.find_mirrored_action_types(network text)
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
    where m.network = find_mirrored_action_types.network
      and to_regclass('dpg.' || p.name) is not null
      and dpg_private.find_leaf('item_actions', m.network, m.key) is null
  );
end
$body$;

comment on function dpg_private.find_mirrored_action_types(text) is
  'The action types of this network whose leaf of events only mirrored events need: dpg.store_event has created
it, and this instance has no leaf of actions of that type. For the limits, when a leaf is created.';

create or replace function dpg_private.ensure_mirrored_leaf(network text, key text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if dpg_private.find_leaf('item_actions', network, key) is not null then
    perform dpg_private.ensure_leaf('action_events', network, key); -- actions of this instance need it, too
    return;
  end if;
  perform dpg_private.take_partition_turn('action_events', network, key);
  if dpg_private.find_leaf('action_events', network, key) is not null then
    return; -- another transaction has created it meanwhile
  end if;
  perform dpg_private.check_partition_limit(
    'action_events', network, key, 'mirrored_leaves_per_network',
    cardinality(array_remove(dpg_private.find_mirrored_action_types(network), key))
  );
  insert into dpg_private.mirrored_leaves (network, key)
  values (ensure_mirrored_leaf.network, ensure_mirrored_leaf.key)
  on conflict do nothing;
  perform dpg_private.create_leaf('action_events', network, key);
end
$body$;

comment on function dpg_private.ensure_mirrored_leaf(text, text) is
  'Creates the leaf for a mirrored event, which is missing, within the limit mirrored_leaves_per_network.
Raises DP010.';
