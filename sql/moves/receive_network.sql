create or replace function dpg_private.receive_leaf(root text, network text, key text, server text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass := (
    select to_regclass('dpg.' || p.name)
    from dpg_private.partition_names p
    where p.root = receive_leaf.root
      and p.network = receive_leaf.network
      and p.key = receive_leaf.key
      and pg_partition_root(to_regclass('dpg.' || p.name)) = to_regclass('dpg.' || receive_leaf.root)
  );
begin
  if leaf is not null then
    return leaf;
  end if;
  leaf := dpg_private.create_leaf(root, network, key);
  perform dpg_private.close_leaf(leaf, network, server, 'in');
  -- What is applied fires triggers that are "always" alone.
  execute format(
    'alter table %s enable always trigger %I', leaf,
    case root
      when 'items' then 'items_note_owner'
      when 'item_actions' then 'item_actions_note_parties'
      else 'action_events_note_parties'
    end
  );
  -- An erasure or a redaction of the sender is applied as well; the trigger network_closed keeps everybody else out.
  if root = 'action_events' then
    execute format('alter table %s disable trigger action_events_immutable', leaf);
  end if;
  -- A vacuum under way would hold up who opens the network.
  execute format('alter table %s set (autovacuum_enabled = false)', leaf);
  return leaf;
end
$body$;

comment on function dpg_private.receive_leaf(text, text, text, text) is
  'Creates a leaf into which logical replication writes and nobody else; returns the one that is there already. Called
under the lock of dpg_private.take_partition_turn.';

create or replace function dpg_private.receive_network(network text, server text, contents jsonb)
returns dpg_private.moves
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  move dpg_private.moves;
  had_home boolean;
begin
  perform dpg_private.check_key('network', network);
  perform dpg_private.take_partition_turn('items', network, null);
  select m.* into move from dpg_private.moves m where m.network = receive_network.network;
  if found and (move.direction, move.server) <> ('in', server) then
    perform dpg_private.refuse_argument(
      'network', to_jsonb(network), 'is moving already',
      format('End its move to or from %s first: --status says how far it is.', move.server)
    );
  elsif not found then
    had_home := exists (select from dpg.homes h where h.network = receive_network.network);
    insert into dpg_private.moves (network, direction, server, step, detail)
    values (
      receive_network.network, 'in', receive_network.server, 'begun', jsonb_build_object('had_home', had_home)
    )
    returning * into move;
    -- refuses where the network lives here
    insert into dpg.homes (network, server)
    values (receive_network.network, receive_network.server)
    on conflict on constraint homes_pkey do update
    set server = excluded.server;
  end if;

  -- Pages go on after the move, where nobody has a token of this server yet.
  if not exists (select from dpg_private.partition_names p where p.key is not null and not p.is_closed) then
    update dpg_private.page_seal p
    set seal = (contents ->> 'page_seal')::uuid
    where p.seal <> (contents ->> 'page_seal')::uuid;
  end if;

  -- words are kept from the first row on
  perform dpg_private.take_searches(network, contents);
  perform dpg_private.receive_leaf(l.root, receive_network.network, l.key, receive_network.server)
  from jsonb_to_recordset(contents -> 'leaves') l(root text, key text);
  perform dpg_private.set_closed(network, true);
  insert into dpg_private.mirrored_leaves (network, key)
  select receive_network.network, k.key
  from jsonb_array_elements_text(contents -> 'mirrored_leaves') k(key)
  on conflict do nothing;
  return move;
end
$body$;

comment on function dpg_private.receive_network(text, text, jsonb) is
  'On the receiver: makes the leaves of a network that moves here from a server, closed, so that calls are DP017 until
dpg_private.open_network. Does again what is missing when it is called again. contents: dpg_private.network_contents of
the sender. Raises DP001, DP010.';
