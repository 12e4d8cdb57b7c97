create or replace function dpg_private.ensure_network_partition(root text, network text, key text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- the actions of a network have foreign keys to its items, so both partitions are created together
  members constant text[] := case root
    when 'action_events' then array['action_events']
    else array['items', 'item_actions']
  end;
  names text[] := array[]::text[];
  parents regclass[] := array[]::regclass[];
  tied regclass[] := array[]::regclass[];
  attachments text[] := array[]::text[];
  member text;
  name text;
begin
  -- tables
  foreach member in array members loop
    select p.name
    into name
    from dpg_private.partition_names p
    where p.root = member
      and p.network = ensure_network_partition.network
      and p.key is null
      and pg_partition_root(to_regclass('dpg.' || p.name)) = ('dpg.' || member)::regclass;

    if name is null then
      perform dpg_private.check_partition_limit(
        root, network, key, 'networks',
        (
          select count(*)
          from dpg_private.partition_names p
          where p.root = member
            and p.key is null
            and to_regclass('dpg.' || p.name) is not null
        )
      );
      name := dpg_private.create_partition_table(member, network, null);
      parents := parents || ('dpg.' || member)::regclass;
      tied := tied || dpg_private.find_tied_tables(('dpg.' || member)::regclass);
      attachments := attachments
        || format('alter table dpg.%I attach partition dpg.%I for values in (%L)', member, name, network);
    end if;
    names := names || name;
  end loop;

  -- foreign keys; on tables that are there already they are missing after "drop table ... cascade"
  if root <> 'action_events'
    and not exists (
      select
      from pg_constraint c
      where c.conrelid = ('dpg.' || names[2])::regclass
        and c.confrelid = ('dpg.' || names[1])::regclass
    )
  then
    tied := tied || array(
      select t.relid
      from unnest(names) with ordinality n(name, place)
      cross join lateral pg_partition_tree(('dpg.' || n.name)::regclass) t
      order by n.place, t.level, t.relid::oid
    );
    attachments := format(
      'alter table dpg.%I
        add constraint item_actions_source_item_fkey
          foreign key (source_item_network, source_item_domain, source_item_type, source_local_item_id)
          references dpg.%I (item_network, item_domain, item_type, item_id),
        add constraint item_actions_target_item_fkey
          foreign key (target_item_network, target_item_domain, target_item_type, target_item_id)
          references dpg.%I (item_network, item_domain, item_type, item_id)',
      names[2], names[1], names[1]
    ) || attachments;
  end if;

  -- attach
  if cardinality(attachments) > 0 then
    perform dpg_private.attach_partition(root, network, key, parents, tied, attachments);
  end if;
  return names[array_position(members, root)];
end
$body$;

comment on function dpg_private.ensure_network_partition(text, text, text) is
  'Creates the network''s own partition, the parent of its leaves, when it is missing. Returns its name. The
partitions of items and actions are created together, with the foreign keys between them. Called under the
lock of dpg_private.take_partition_turn.
Raises DP010.';
