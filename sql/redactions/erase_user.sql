create or replace function dpg.erase_user(actor text, user_id text, reason text)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  tombstone constant text := dpg_private.tombstone();
  partition dpg.partitions;
  items dpg.item_ref[];
  ids uuid[];
  erased_rows bigint; -- of those that were locked; fewer: a trigger of the application has suppressed one
  redaction dpg.redactions;
begin
  -- Each leaf is read as it is now: under an older snapshot what was made since would be left out without a word.
  perform
    dpg_private.check_transaction('dpg.erase_user'),
    dpg_private.check_actor(actor),
    dpg_private.check_key('user_id', user_id),
    dpg_private.check_reason(reason);
  if user_id = tombstone then
    perform dpg_private.refuse_argument('user_id', to_jsonb(user_id), 'stands for erased users', 'Pass the id of a user.');
  end if;
  -- one erasure at a time, so that each sees whom the others name as actors
  lock table dpg.redactions in share update exclusive mode;
  -- whose row is gone already may have left traces
  if not exists (select from dpg_private.party_leaves p where p.owner = erase_user.user_id)
    and not exists (select from dpg.redactions r where r.actor = erase_user.user_id)
  then
    perform dpg_private.check_user(user_id);
  end if;

  -- Waits for calls that are making items of this user (the foreign key locks the user), and lets new ones wait: who
  -- erases and deletes the user in one transaction cannot be crossed. The table first, as the deletion will need it, since
  -- who makes a partition holds it while waiting for the user. Where the table is the application's and may only be
  -- read, an item that is made meanwhile stays, keeps the row from being deleted, and asks for a second call.
  if has_table_privilege('public."user"', 'update') then
    lock table only public."user" in row exclusive mode;
    perform u.id from public."user" u where u.id = erase_user.user_id for update;
  end if;
  perform dpg_private.ensure_tombstone();

  -- the record first: without it the triggers let nobody touch an event; it does not say who was erased
  insert into dpg.redactions (actor, kind, reason)
  values (case erase_user.actor when erase_user.user_id then tombstone else erase_user.actor end, 'user', erase_user.reason)
  returning * into redaction;

  -- Rows are locked in the order of their keys, items before actions before events. "for update" on the items waits for
  -- calls that are making an action from or for one of them, so that no owner slips through; the leaves are listed anew
  -- for each root, since such a call may have made one. What was locked is changed by a statement of its own: see
  -- dpg_private.replace_items.
  for partition in
    select p.* from dpg.partitions p where p.root = 'items' order by p.network collate "C", p.key collate "C"
  loop
    -- as the update will need it: who makes a leaf of actions locks the network's leaves of items before he locks items
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
    using user_id;
    execute format(
      'with erased as (
         update %1$s i
         set item_state = ''{}'', item_latitude = null, item_longitude = null, created_by = $2,
           updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond'')
         from unnest($1) o
         join %1$s b using (item_network, item_domain, item_type, item_id)
         where (i.item_network, i.item_domain, i.item_type, i.item_id)
           = (o.item_network, o.item_domain, o.item_type, o.item_id)
         returning i.created_by, i.item_latitude, i.item_state, b.item_state as state_before
       )
       select count(*)
       from erased e
       where e.created_by = $2
         and e.item_latitude is null
         -- a trigger may put something of its own there, but not back what was there
         and (e.item_state <> e.state_before or e.state_before = ''{}'')', partition.leaf
    )
    into erased_rows
    using items, tombstone;
    if erased_rows < cardinality(items) then
      perform dpg_private.refuse_suppressed('update', partition.leaf);
    end if;
    delete from dpg_private.sent_contents s
    using unnest(items) o
    where s.id = o.item_id
      and s.network = o.item_network
      and s.key = o.item_domain
      and s.item_type = o.item_type
      and s.root = 'items';
  end loop;

  for partition in
    select p.* from dpg.partitions p where p.root = 'item_actions' order by p.network collate "C", p.key collate "C"
  loop
    execute format(
      'select array_agg(o.action_id)
       from (
         select a.action_id
         from %s a
         where (a.source_item_owner = $1 and a.source_item_is_local) or a.target_item_owner = $1
         order by a.action_id
         for no key update of a
       ) o', partition.leaf
    )
    into ids
    using user_id;
    execute format(
      'with erased as (
         update %s a
         set source_item_owner = case when a.source_item_owner = $2 and a.source_item_is_local then $3 else a.source_item_owner end,
           target_item_owner = case a.target_item_owner when $2 then $3 else a.target_item_owner end
         where a.partition_network = $4
           and a.action_type = $5
           and a.action_id = any ($1)
         returning a.source_item_owner, a.source_item_is_local, a.target_item_owner
       )
       select count(*)
       from erased a
       where not ((a.source_item_owner = $2 and a.source_item_is_local) or a.target_item_owner = $2)', partition.leaf
    )
    into erased_rows
    using ids, user_id, tombstone, partition.network, partition.key;
    if erased_rows < cardinality(ids) then
      perform dpg_private.refuse_suppressed('update', partition.leaf);
    end if;
  end loop;

  for partition in
    select p.* from dpg.partitions p where p.root = 'action_events' order by p.network collate "C", p.key collate "C"
  loop
    execute format(
      'select array_agg(o.event_id)
       from (
         select e.event_id
         from %s e
         where (e.source_item_owner = $1 and e.source_item_is_local) or (e.target_item_owner = $1 and e.target_item_is_local)
         order by e.event_id
         for no key update of e
       ) o', partition.leaf
    )
    into ids
    using user_id;
    execute format(
      'with erased as (
         update %s e
         set source_item_owner = case when e.source_item_owner = $2 and e.source_item_is_local then $3 else e.source_item_owner end,
           target_item_owner = case when e.target_item_owner = $2 and e.target_item_is_local then $3 else e.target_item_owner end
         where e.partition_network = $4
           and e.action_type = $5
           and e.event_id = any ($1)
         returning e.source_item_owner, e.source_item_is_local, e.target_item_owner, e.target_item_is_local
       )
       select count(*)
       from erased e
       where not (
         (e.source_item_owner = $2 and e.source_item_is_local) or (e.target_item_owner = $2 and e.target_item_is_local)
       )', partition.leaf
    )
    into erased_rows
    using ids, user_id, tombstone, partition.network, partition.key;
    if erased_rows < cardinality(ids) then
      perform dpg_private.refuse_suppressed('update', partition.leaf);
    end if;
  end loop;

  update dpg.differing_events d
  set source_item_owner = tombstone, event = d.event || jsonb_build_object('source_item_owner', tombstone)
  where d.source_item_owner = erase_user.user_id
    and d.source_item_is_local;
  update dpg_private.mirrored_actions m
  set source_item_owner = tombstone
  where m.source_item_owner = erase_user.user_id;
  delete from dpg_private.party_leaves p where p.owner = erase_user.user_id;
  update dpg.redactions r set actor = tombstone where r.actor = erase_user.user_id;
  return redaction;
end
$body$;

comment on function dpg.erase_user(text, text, text) is
  'For dpg_admin: empties the items of a user (item_state and coordinates) and puts the tombstone user dpg_erased_user in the user''s place as owner of items, in the owner snapshots of actions and events and in dpg.redactions, so that the row in public."user" can be deleted. Keeps on record who asked for it and why, and returns that record. What the user wrote into payloads and remarks is for dpg.redact_event. Reads every leaf, each as it is when its turn comes, and so runs under READ COMMITTED only (25000); delete the user in the same transaction. Raises DP001, DP009, DP018. Example: select * from dpg.erase_user(''dpo'', ''asha'', ''request 18 under article 17'')';
