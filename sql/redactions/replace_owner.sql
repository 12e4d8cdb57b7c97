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
  is_theirs text; -- condition on a row of the leaf: $1 is an owner, or is erased and stands in performed_by
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
    is_theirs := format(
      '(r.source_item_owner = $1 and r.source_item_is_local) or (r.target_item_owner = $1 and %s)%s',
      is_target, case when empties_items then ' or r.performed_by = $1' end
    );

    -- lock and change mirrored actions. They come before events: a call that stores a mirrored event locks the mirrored
    -- action, or else the item, before it stores the event (dpg_private.find_source_owner).
    if root_name = 'action_events' then
      perform m.action_id
      from dpg_private.mirrored_actions m
      where m.source_item_owner = replace_owner.owner
        or (empties_items and m.performed_by = replace_owner.owner)
      order by
        m.action_id,
        m.partition_network collate "C",
        m.action_type collate "C",
        m.origin_instance_domain collate "C"
      for update;
      update dpg_private.mirrored_actions m
      set source_item_owner = case
          when m.source_item_owner = replace_owner.owner then successor else m.source_item_owner
        end,
        performed_by = case when m.performed_by = replace_owner.owner then successor else m.performed_by end
      where m.source_item_owner = replace_owner.owner
        or (empties_items and m.performed_by = replace_owner.owner);
      update dpg.differing_events d
      set source_item_owner = case
          when d.source_item_owner = replace_owner.owner and d.source_item_is_local then successor
          else d.source_item_owner
        end,
        event = d.event
          || case
            when d.source_item_owner = replace_owner.owner and d.source_item_is_local
              then jsonb_build_object('source_item_owner', successor)
            else '{}'
          end
          || case
            when d.event ->> 'performed_by' = replace_owner.owner then jsonb_build_object('performed_by', successor)
            else '{}'
          end
      where (d.source_item_owner = replace_owner.owner and d.source_item_is_local)
        or (empties_items and d.event ->> 'performed_by' = replace_owner.owner);
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
           where %3$s
           order by r.%2$s
           for no key update of r
         ) o', partition.leaf, id, is_theirs
      )
      into ids
      using owner;
      continue when ids is null;
      -- Digests of what was sent, which contain performed_by, must not stay.
      execute format(
        'delete from dpg_private.sent_contents s
         using %1$s r
         where r.partition_network = $2
           and r.action_type = $3
           and r.%2$s = any ($4)
           and r.performed_by = $1
           and s.id = r.%2$s
           and s.network = $2
           and s.key = $3
           and s.root = $5', partition.leaf, id
      )
      using owner, partition.network, partition.key, ids, root_name;
      execute format(
        'with changed as (
           update %1$s r
           set source_item_owner
               = case when r.source_item_owner = $1 and r.source_item_is_local then $2 else r.source_item_owner end,
             target_item_owner
               = case when r.target_item_owner = $1 and %3$s then $2 else r.target_item_owner end,
             performed_by = case when r.performed_by = $1 then $2 else r.performed_by end
           where r.partition_network = $3
             and r.action_type = $4
             and r.%2$s = any ($5)
           returning r.*
         )
         select count(*)
         from changed r
         where (%4$s) is not true',
        partition.leaf, id, is_target, is_theirs
      )
      into changed_rows
      using owner, successor, partition.network, partition.key, ids;
      if changed_rows < cardinality(ids) then
        perform dpg_private.refuse_suppressed('update', partition.leaf);
      end if;
    end loop;
  end loop;
end
$body$;

comment on function dpg_private.replace_owner(text, text, boolean) is
  'Puts successor in the place of owner, a user of this instance, in items, actions, events and mirrored actions, leaf
by leaf. Where the owner carried it out, successor stands in performed_by as well. With empties_items the owner is
erased: the items lose state and place as well, and successor stands for the owner in performed_by of every row, whoever
its parties are. The caller has written to dpg.redactions what
allows it, and has locked that table. Raises DP018.';

create or replace function dpg_private.has_performed(performer text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  is_found boolean;
begin
  if exists (select from dpg_private.mirrored_actions m where m.performed_by = performer)
    or exists (select from dpg.differing_events d where d.event ->> 'performed_by' = performer)
  then
    return true;
  end if;
  for leaf in select p.leaf from dpg.partitions p where p.root in ('item_actions', 'action_events') loop
    execute format('select exists (select from %s r where r.performed_by = $1)', leaf)
    into is_found
    using performer;
    if is_found then
      return true;
    end if;
  end loop;
  return false;
end
$body$;

comment on function dpg_private.has_performed(text) is
  'Whether any action or event has this text as performed_by. Who carried something out need not be a user here.';
