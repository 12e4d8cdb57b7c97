create or replace function dpg_private.check_not_moving(root text, network text, key text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  move dpg_private.moves;
begin
  select m.* into move from dpg_private.moves m where m.network = check_not_moving.network and m.direction = 'out';
  if found then
    perform dpg_private.refuse_partition(
      root, network, key,
      format('the network is moving to %s, which has no such partition', move.server),
      'Repeat the call when the move has ended; an administrator sees by dpg-database move --status how far it is.',
      jsonb_build_object('reason', 'moving', 'server', move.server)
    );
  end if;
end
$body$;

comment on function dpg_private.check_not_moving(text, text, text) is
  'Raises DP010 where the network of a new leaf is moving to another server: rows of the leaf would find no leaf there,
and stop the replication. Called under the lock of dpg_private.take_partition_turn, which the beginning of a move takes,
too.';

create or replace function dpg_private.create_leaf(root text, network text, key text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  parent text;
  name text;
begin
  perform dpg_private.check_not_moving(root, network, key);
  parent := dpg_private.ensure_network_partition(root, network, key);
  name := dpg_private.create_partition_table(root, network, key);
  perform dpg_private.attach_partition(
    root, network, key, array[('dpg.' || parent)::regclass], dpg_private.find_tied_tables(('dpg.' || parent)::regclass),
    array[format('alter table dpg.%I attach partition dpg.%I for values in (%L)', parent, name, key)]
  );
  perform dpg_private.give_slot(root, network, key);
  if root = 'items' then
    perform dpg_private.keep_words(network, key, ('dpg.' || name)::regclass);
    perform dpg_private.follow_new_leaf(network, key, ('dpg.' || name)::regclass);
    perform dpg_private.give_slot_to_network(network);
  end if;
  return ('dpg.' || name)::regclass;
end
$body$;

comment on function dpg_private.create_leaf(text, text, text) is
  'Creates the leaf of these keys, which is missing, and the network''s partition above it where that is missing,
too. Returns the leaf. Called under the lock of dpg_private.take_partition_turn, after the limit was checked.
Raises DP010.';

create or replace function dpg_private.ensure_leaf(root text, network text, key text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass := dpg_private.find_leaf(root, network, key);
begin
  if leaf is not null then
    return leaf;
  end if;

  perform dpg_private.take_partition_turn(root, network, key);
  leaf := dpg_private.find_leaf(root, network, key);
  if leaf is not null then
    return leaf; -- another transaction has created it meanwhile
  end if;

  perform dpg_private.check_partition_limit(
    root, network, key, 'leaves_per_network',
    (
      select count(*)
      from dpg_private.partition_names p
      where p.root = ensure_leaf.root
        and p.network = ensure_leaf.network
        and p.key <> ensure_leaf.key
        and to_regclass('dpg.' || p.name) is not null
    ) - case root when 'action_events' then cardinality(dpg_private.find_mirrored_action_types(network)) else 0 end
  );
  if root = 'action_events' then
    -- now actions of this instance need the leaf, and it counts for leaves_per_network
    delete from dpg_private.mirrored_leaves m
    where m.network = ensure_leaf.network
      and m.key = ensure_leaf.key;
  end if;
  return dpg_private.create_leaf(root, network, key);
end
$body$;

comment on function dpg_private.ensure_leaf(text, text, text) is
  'Creates the leaf of these keys, and the network''s partition above it, when they are missing. Returns the
leaf. Takes no lock for which a reader, or a writer of another network, would wait. Leaves that only mirrored
events need do not count for its limit, leaves_per_network.
Raises DP010.';

create or replace function dpg_private.find_or_create_leaf(root text, network text, key text)
returns regclass
language sql
volatile
security invoker
return coalesce(dpg_private.find_leaf(root, network, key), dpg_private.ensure_leaf(root, network, key));

comment on function dpg_private.find_or_create_leaf(text, text, text) is
  'The leaf of these keys; created when it is missing. Part of every write. Stored parsed, so that PostgreSQL
inlines it.
Raises DP010.';
