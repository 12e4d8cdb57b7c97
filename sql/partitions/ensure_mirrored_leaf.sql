create or replace function dpg_private.ensure_mirrored_leaf(network text, key text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if dpg_private.leaf('item_actions', network, key) is not null then
    perform dpg_private.ensure_partition('action_events', network, key); -- actions of this instance need it as well
    return;
  end if;
  perform dpg_private.queue_for_partitions('action_events', network, key);
  if dpg_private.leaf('action_events', network, key) is not null then
    return; -- somebody else made it meanwhile
  end if;
  perform dpg_private.check_limit(
    'action_events', network, key, 'mirrored_leaves_per_network',
    cardinality(array_remove(dpg_private.mirrored_leaves_of(network), key))
  );
  insert into dpg_private.mirrored_leaves (network, key)
  values (ensure_mirrored_leaf.network, ensure_mirrored_leaf.key)
  on conflict do nothing;
  perform dpg_private.make_leaf('action_events', network, key);
end
$body$;

comment on function dpg_private.ensure_mirrored_leaf(text, text) is
  'Makes the leaf of a mirrored event, which is missing, within the limit mirrored_leaves_per_network. Raises DP010.';
