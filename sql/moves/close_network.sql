create or replace function dpg_private.refuse_closed()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- what the law demands reaches what is left here, until the move is finished
  if tg_op <> 'INSERT'
    and exists (
      select
      from dpg.redactions r
      where r.transaction_id = pg_current_xact_id_if_assigned()
        -- in a restored database the numbers of transactions begin again
        and r.redacted_at >= transaction_timestamp()
        and r.kind in ('user', 'move')
    )
  then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  perform dpg_private.refuse_elsewhere(tg_argv[0], tg_argv[1], tg_argv[2] = 'in');
  return null;
end
$body$;

comment on function dpg_private.refuse_closed() is
  'Trigger of a closed leaf: refuses to write (DP017), but for an erasure, or a move from user to user, that is on
record. Its arguments are the network, its server, and in where it is moving here: a writer that has waited for the lock
of who closed the leaf may have an older snapshot. What logical replication applies does not fire it.';

create or replace function dpg_private.close_leaf(leaf regclass, network text, server text, direction text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  execute format(
    'create or replace trigger network_closed before insert or update or delete on %s for each row '
      'execute function dpg_private.refuse_closed(%L, %L, %L)',
    leaf, network, server, direction
  );
  execute format('alter table %s enable trigger network_closed', leaf);
  execute format(
    'comment on trigger network_closed on %s is %L', leaf, 'The home of the network is another server (DP017).'
  );
end
$body$;

comment on function dpg_private.close_leaf(regclass, text, text, text) is
  'Creates the trigger by which nobody writes in a leaf any more. Locks the leaf (SHARE ROW EXCLUSIVE).';

create or replace function dpg_private.set_closed(network text, is_closed boolean)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  update dpg_private.partition_names p
  set is_closed = set_closed.is_closed
  where p.network = set_closed.network
    and p.is_closed <> set_closed.is_closed;
  perform dpg_private.create_slot_functions(r.root)
  from unnest(array['items', 'item_actions', 'action_events']) r(root);
end
$body$;

comment on function dpg_private.set_closed(text, boolean) is
  'Takes the leaves of a network out of the sight of calls, or puts them back. Called under the lock of
dpg_private.take_partition_turn.';

create or replace function dpg_private.find_leaves_of_network(network text)
returns table (root text, key text, leaf regclass)
language plpgsql
volatile -- as it is now
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return query
    select p.root, p.key, to_regclass('dpg.' || p.name)
    from dpg_private.partition_names p
    where p.network = find_leaves_of_network.network
      and p.key is not null
      and pg_partition_root(to_regclass('dpg.' || p.name)) = to_regclass('dpg.' || p.root)
    order by array_position(array['items', 'item_actions', 'action_events'], p.root), p.key collate "C";
end
$body$;

comment on function dpg_private.find_leaves_of_network(text) is
  'The leaves of a network, closed ones too: of items, of actions, of events.';

create or replace function dpg_private.lock_network(network text, milliseconds integer)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.take_partition_turn('items', network, null);
  perform dpg_private.lock_leaves(
    array(select l.leaf from dpg_private.find_leaves_of_network(network) l)
      || array[
        'dpg.networks', 'dpg.network_rules', 'dpg.action_definitions', 'dpg.item_definitions', 'dpg.item_searches',
        'dpg.redactions', 'dpg.differing_events'
      ]::regclass[],
    network, null, format('the network %L cannot be closed', network), make_interval(secs => milliseconds / 1000.0)
  );
end
$body$;

comment on function dpg_private.lock_network(text, integer) is
  'Locks the leaves of a network and the tables of definitions and records (SHARE ROW EXCLUSIVE), all or none, so that
nobody writes there until the transaction ends. Gives up after so many milliseconds: DP010, whose DETAIL has blocked_by.
Then it waits for nobody, and no writer waits for it, for longer than lock_leaves says.';

create or replace function dpg_private.close_network(network text, server text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.close_leaf(l.leaf, close_network.network, close_network.server, 'out')
  from dpg_private.find_leaves_of_network(network) l;
  perform dpg_private.set_closed(network, true);
  insert into dpg.homes (network, server)
  values (close_network.network, close_network.server);
  perform dpg_private.note_step(network, 'closed');
end
$body$;

comment on function dpg_private.close_network(text, text) is
  'On the sender, behind dpg_private.lock_network in the same transaction: from its commit on calls for the network are
DP017, those that have waited for the locks as well.';
