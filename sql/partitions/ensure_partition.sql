create or replace function dpg_private.ensure_partition(root text, network text, key text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass := dpg_private.leaf(root, network, key);
begin
  if leaf is not null then
    return leaf;
  end if;

  perform dpg_private.queue_for_partitions(root, network, key);
  leaf := dpg_private.leaf(root, network, key);
  if leaf is not null then
    return leaf; -- somebody else made it meanwhile
  end if;

  perform dpg_private.check_limit(
    root, network, key, 'leaves_per_network',
    (
      select count(*)
      from dpg_private.partition_names p
      where p.root = ensure_partition.root
        and p.network = ensure_partition.network
        and p.key <> ensure_partition.key
        and to_regclass('dpg.' || p.name) is not null
    ) - case root when 'action_events' then cardinality(dpg_private.mirrored_leaves_of(network)) else 0 end
  );
  if root = 'action_events' then
    delete from dpg_private.mirrored_leaves m
    where m.network = ensure_partition.network
      and m.key = ensure_partition.key;
  end if;
  return dpg_private.make_leaf(root, network, key);
end
$body$;

comment on function dpg_private.ensure_partition(text, text, text) is
  'Makes the leaf of these keys, and the network''s partition above it, when missing; returns the leaf. Leaves that only mirrored events need do not count for its limit. Takes no lock that a reader or a writer of other networks would wait for. Raises DP010.';
