create or replace function dpg_private.ensure_partition(root text, network text, key text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass := dpg_private.leaf(root, network, key);
  parent text;
  name text;
  locks text[];
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
    )
  );
  parent := dpg_private.ensure_network(root, network, key);
  name := dpg_private.build_partition(root, network, key);
  locks := array[format('lock table only dpg.%I in share update exclusive mode', parent)];
  case root
    when 'items' then
      -- the foreign key of the new leaf to the users, and those of the network's actions to the new leaf
      locks := locks
        || dpg_private.lock_of_users()
        || (
          select format('lock table only dpg.%I in share row exclusive mode', p.name)
          from dpg_private.partition_names p
          where p.root = 'item_actions'
            and p.network = ensure_partition.network
            and p.key is null
        );
    when 'item_actions' then
      -- the foreign keys of the new leaf to the network's items, with all their leaves
      locks := locks || (
        select dpg_private.locks_of_tree(p.name)
        from dpg_private.partition_names p
        where p.root = 'items'
          and p.network = ensure_partition.network
          and p.key is null
      );
    else
      null; -- events have no foreign keys
  end case;
  perform dpg_private.attach_partition(
    root, network, key, locks,
    array[format('alter table dpg.%I attach partition dpg.%I for values in (%L)', parent, name, key)]
  );
  return ('dpg.' || name)::regclass;
end
$body$;

comment on function dpg_private.ensure_partition(text, text, text) is
  'Makes the leaf of these keys, and the network''s partition above it, when missing; returns the leaf. Takes no lock that a reader or a writer of other networks would wait for. Raises DP010.';
