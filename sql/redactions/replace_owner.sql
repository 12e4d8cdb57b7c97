create or replace function dpg_private.replace_owner(owner text, successor text, empties_items boolean)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  root_name text;
  partition dpg.partitions;
  items dpg.item_ref[];
  id text; -- column of the root that names a row within its leaf
  is_target text; -- condition on a row of the leaf: the owner of its target is a user of this instance
  ids uuid[];
  changed_rows bigint; -- fewer than were locked: a trigger of the application has suppressed a change
begin
  -- Rows are locked in the order of their keys: items, then actions, then events. A second statement changes them, for
  -- the reason that dpg_private.replace_items gives.
  -- "for update" on the items waits for calls that are creating an action from or for one of them, so that no row with
  -- the former owner comes in later. Such a call may have created a leaf. So the leaves are listed again for each root.

  -- lock and change items
  for partition in
    select p.* from dpg.partitions p where p.root = 'items' order by p.network collate "C", p.key collate "C"
  loop
    -- The leaf is locked before its rows, in the mode that the update needs. A call that creates a leaf of actions also
    -- locks the leaves of items before it locks items.
    execute format('lock table only %s in row exclusive mode', partition.leaf);
    execute format(
      'select array_agg(o.item)
       from (
         select row(i.item_network, i.item_domain, i.item_type, i.item_id)::dpg.item_ref as item
         from %s i
         where i.created_by = $1
         order by i.item_type collate "C", i.item_id
         for update of i
       ) o', partition.leaf
    )
    into items
    using owner;
    execute format(
      'with changed as (
         update %1$s i
         set %2$s created_by = $2,
           updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond'')
         from unnest($1) o
         join %1$s b using (item_network, item_domain, item_type, item_id)
         where (i.item_network, i.item_domain, i.item_type, i.item_id)
           = (o.item_network, o.item_domain, o.item_type, o.item_id)
         returning i.created_by, i.item_latitude, i.item_state, b.item_state as state_before
       )
       select count(*)
       from changed c
       where c.created_by = $2 %3$s',
      partition.leaf,
      case when empties_items then 'item_state = ''{}'', item_latitude = null, item_longitude = null,' end,
      -- A trigger of the application may write something else there, but must not put back what was there.
      case
        when empties_items
          then 'and c.item_latitude is null and (c.item_state <> c.state_before or c.state_before = ''{}'')'
      end
    )
    into changed_rows
    using items, successor;
    if changed_rows < cardinality(items) then
      perform dpg_private.refuse_suppressed('update', partition.leaf);
    end if;
    -- Digests of what was sent, which contain the owner, must not stay.
    delete from dpg_private.sent_contents s
    using unnest(items) o
    where s.id = o.item_id
      and s.network = o.item_network
      and s.key = o.item_domain
      and s.item_type = o.item_type
      and s.root = 'items';
  end loop;

  foreach root_name in array array['item_actions', 'action_events'] loop
    id := case root_name when 'item_actions' then 'action_id' else 'event_id' end;
    is_target := case root_name when 'item_actions' then 'true' else 'r.target_item_is_local' end;

    -- lock and change mirrored actions. They come before events: a call that stores a mirrored event locks the mirrored
    -- action, or else the item, before it stores the event (dpg_private.find_source_owner).
    if root_name = 'action_events' then
      perform m.action_id
      from dpg_private.mirrored_actions m
      where m.source_item_owner = replace_owner.owner
      order by
        m.action_id,
        m.partition_network collate "C",
        m.action_type collate "C",
        m.origin_instance_domain collate "C"
      for update;
      update dpg_private.mirrored_actions m
      set source_item_owner = successor
      where m.source_item_owner = replace_owner.owner;
      update dpg.differing_events d
      set source_item_owner = successor, event = d.event || jsonb_build_object('source_item_owner', successor)
      where d.source_item_owner = replace_owner.owner
        and d.source_item_is_local;
    end if;

    -- lock and change actions, or events
    for partition in
      select p.* from dpg.partitions p where p.root = root_name order by p.network collate "C", p.key collate "C"
    loop
      execute format(
        'select array_agg(o.id)
         from (
           select r.%2$s as id
           from %1$s r
           where (r.source_item_owner = $1 and r.source_item_is_local) or (r.target_item_owner = $1 and %3$s)
           order by r.%2$s
           for no key update of r
         ) o', partition.leaf, id, is_target
      )
      into ids
      using owner;
      execute format(
        'with changed as (
           update %1$s r
           set source_item_owner
               = case when r.source_item_owner = $2 and r.source_item_is_local then $3 else r.source_item_owner end,
             target_item_owner
               = case when r.target_item_owner = $2 and %3$s then $3 else r.target_item_owner end
           where r.partition_network = $4
             and r.action_type = $5
             and r.%2$s = any ($1)
           returning r.*
         )
         select count(*)
         from changed r
         where not ((r.source_item_owner = $2 and r.source_item_is_local) or (r.target_item_owner = $2 and %3$s))',
        partition.leaf, id, is_target
      )
      into changed_rows
      using ids, owner, successor, partition.network, partition.key;
      if changed_rows < cardinality(ids) then
        perform dpg_private.refuse_suppressed('update', partition.leaf);
      end if;
    end loop;
  end loop;
end
$body$;

comment on function dpg_private.replace_owner(text, text, boolean) is
  'Puts successor in the place of owner, a user of this instance, in items, actions, events and mirrored actions, leaf
by leaf. With empties_items the items lose state and place as well. The caller has written to dpg.redactions what
allows it, and has locked that table. Raises DP018.';
