create or replace function dpg_private.forget_network(network text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  words text;
begin
  perform dpg_private.take_partition_turn('items', network, null);
  delete from dpg.networks n where n.network = forget_network.network;
  delete from dpg.network_rules r where r.network = forget_network.network;
  delete from dpg.action_definitions d where d.partition_network = forget_network.network;
  delete from dpg.item_definitions d where d.item_network = forget_network.network;
  delete from dpg.item_searches s where s.item_network = forget_network.network;
  delete from dpg_private.mirrored_actions m where m.partition_network = forget_network.network;
  delete from dpg_private.mirrored_leaves m where m.network = forget_network.network;
  delete from dpg_private.sent_contents s where s.network = forget_network.network;
  delete from dpg_private.party_leaves p where p.partition_network = forget_network.network;
  delete from dpg_private.owner_leaves o where o.item_network = forget_network.network;

  -- the feeds
  delete from dpg.failed_events f
  using dpg_private.feed_positions p, dpg_private.feed_streams s
  where s.partition_network = forget_network.network
    and p.stream = s.stream
    and f."position" = p."position";
  delete from dpg_private.feed_positions f
  using dpg_private.feed_streams s
  where s.partition_network = forget_network.network
    and f.stream = s.stream;
  delete from dpg_private.event_queue q where q.partition_network = forget_network.network;
  delete from dpg_private.item_changes c where c.item_network = forget_network.network;
  delete from dpg_private.changed_items c where c.item_network = forget_network.network;

  -- words of items
  for words in
    select p.name
    from dpg_private.partition_names p
    where p.root = 'items'
      and p.network = forget_network.network
      and p.key is not null
      and to_regclass('dpg.' || p.name) is null
  loop
    if to_regclass(dpg_private.words_table(words)) is not null then
      execute format('drop table %s', dpg_private.words_table(words));
      execute format('drop function if exists %s()', dpg_private.words_table(words));
    end if;
  end loop;

  delete from dpg.homes h
  using dpg_private.moves m
  where h.network = forget_network.network
    and m.network = forget_network.network
    and m.direction = 'in'
    and not (m.detail ->> 'had_home')::boolean;
  delete from dpg_private.moves m where m.network = forget_network.network;
end
$body$;

comment on function dpg_private.forget_network(text) is
  'Takes away what is left of a network whose leaves were detached and dropped: on the sender when its move is finished,
where dpg.homes goes on saying where it lives; on the receiver when it is aborted. The names of its leaves stay.';
