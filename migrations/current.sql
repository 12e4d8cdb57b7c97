-- Names of the extension cube resolve from here on. The objects that are there are noted before others are created.
--!include geo/extensions.sql
--!include access/known_objects.sql

-- A row of the feed has the number of its stream instead of three texts: event_feed becomes feed_positions. ACCESS EXCLUSIVE on
-- it while it is written anew: reads of the feed wait (6 s for a million rows). Writers put their events into
-- dpg_private.event_queue, which stays as it is. First the locks that a reader takes, in its order, so that none waits crosswise.
do $body$
begin
  if pg_catalog.to_regclass('dpg_private.event_feed') is null then
    return;
  end if;
  lock table dpg.subscriptions, dpg_private.event_feed in access exclusive mode;
  -- The views that read the columns are replaced, not dropped: that keeps what others have granted on them or built on
  -- them. Their files, below, say again what they are.
  create or replace view dpg.peers as
  select null::text as instance_url
  where false;
  create or replace view dpg.subscription_status as
  select s.subscription, s.partition_network, s.action_type, s.source_item_instance_url, s.acknowledged_position,
    0::bigint as lag_events, 0::double precision as lag_seconds, false as is_leased, false as is_dead,
    0::bigint as dead_events, s.last_error, s.last_error_at, 0 as held_back_by_pid, ''::text as held_back_by,
    0::double precision as held_back_seconds
  from dpg.subscriptions s;
  if pg_catalog.to_regclass('dpg_private.feed_positions') is not null then
    -- All migrations are run again on a database that has everything: the first one has made an empty table.
    drop table dpg_private.event_feed;
    return;
  end if;
  create table if not exists dpg_private.feed_streams (
    stream integer generated always as identity,
    partition_network text not null,
    action_type text not null,
    source_item_instance_url text not null,
    constraint feed_streams_pkey primary key (stream),
    constraint feed_streams_keys_key unique (partition_network, action_type, source_item_instance_url)
  );
  insert into dpg_private.feed_streams (partition_network, action_type, source_item_instance_url)
  select f.partition_network, f.action_type, f.source_item_instance_url
  from dpg_private.event_feed f
  group by f.partition_network, f.action_type, f.source_item_instance_url
  order by min(f."position")
  on conflict do nothing;
  drop index if exists dpg_private.event_feed_source_idx;
  -- Written once, with the numbers in one constant: a look into the table for each row would take ten times as long.
  execute pg_catalog.format(
    'alter table dpg_private.event_feed alter column source_item_instance_url type integer using (
       %L::jsonb ->> jsonb_build_array(partition_network, action_type, source_item_instance_url)::text
     )::integer',
    coalesce(
      (
        select pg_catalog.jsonb_object_agg(
          pg_catalog.jsonb_build_array(s.partition_network, s.action_type, s.source_item_instance_url)::text, s.stream
        )
        from dpg_private.feed_streams s
      ),
      '{}'
    )
  );
  alter table dpg_private.event_feed rename column source_item_instance_url to stream;
  alter table dpg_private.event_feed drop column partition_network, drop column action_type;
  alter table dpg_private.event_feed rename constraint event_feed_pkey to feed_positions_pkey;
  alter sequence dpg_private.event_feed_position_seq rename to feed_positions_position_seq;
  alter table dpg_private.event_feed rename to feed_positions;
end
$body$;

-- From version 18 on a column that is not null has a constraint with a name.
do $body$
declare
  renamed record;
begin
  for renamed in
    select c.conname as old_name, pg_catalog.format('feed_positions_%s_not_null', a.attname) as new_name
    from pg_catalog.pg_constraint c
    join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
    where c.conrelid = pg_catalog.to_regclass('dpg_private.feed_positions')
      and c.contype = 'n'
      and c.conname <> pg_catalog.format('feed_positions_%s_not_null', a.attname)
  loop
    execute pg_catalog.format(
      'alter table dpg_private.feed_positions rename constraint %I to %I', renamed.old_name, renamed.new_name
    );
  end loop;
end
$body$;

-- Narrower indexes of actions and events, after the feed, so that they are locked for less time. This takes ACCESS EXCLUSIVE on
-- dpg.item_actions and dpg.action_events with all their leaves, until this transaction ends: calls that read or write actions
-- wait. Indexes that the leaves already have in their new form are taken as they are (docs/upgrading.md says how to create them
-- beforehand, while everybody works); the others are built by the files below.
do $body$
begin
  if exists (
    select
    from pg_catalog.pg_indexes i
    where i.schemaname = 'dpg'
      and i.indexname in (
        'item_actions_source_owner_idx', 'item_actions_target_owner_idx',
        'action_events_source_owner_idx', 'action_events_target_owner_idx'
      )
      and i.indexdef like '% DESC%'
  ) then
    -- the order in which a new action takes them: a call under way is waited for, and none waits crosswise
    lock table dpg.item_actions, dpg.action_events in access exclusive mode;
    drop index if exists
      dpg.item_actions_source_owner_idx, dpg.item_actions_target_owner_idx,
      dpg.action_events_source_owner_idx, dpg.action_events_target_owner_idx;
  end if;
  -- ACCESS EXCLUSIVE on a small table, of which only find_actions, get_action and store_event know
  if exists (
    select
    from pg_catalog.pg_indexes i
    where i.schemaname = 'dpg_private'
      and i.indexname = 'mirrored_actions_owner_idx'
      and i.indexdef like '% DESC%'
  ) then
    drop index dpg_private.mirrored_actions_owner_idx;
  end if;
end
$body$;

-- Functions of the API that get another argument are dropped and made anew in this transaction; no table is locked. A call
-- under way can end once in 42883. What somebody else has built on one of them stops the migration, since it would go
-- with it. What somebody else has granted on them is noted, and granted again at the end.
create temporary table if not exists dpg_grants_of_others (
  name text, grantee pg_catalog.regrole, is_grantable boolean
) on commit drop;

do $body$
declare
  dropped record;
  dependent text;
begin
  for dropped in
    select p.oid, p.oid::pg_catalog.regprocedure as identity, p.proname as name, p.proowner as owner, p.proacl as acl
    from pg_catalog.pg_proc p
    where p.oid in (
      pg_catalog.to_regprocedure(
        'dpg.find_items(text, text, text, text, text, text, jsonb, double precision, double precision, double precision, integer, text)'
      ),
      pg_catalog.to_regprocedure(
        'dpg.count_items(text, text, text, text, text, text, jsonb, double precision, double precision, double precision)'
      ),
      pg_catalog.to_regprocedure(
        'dpg.nearest_items(text, text, double precision, double precision, double precision, text, jsonb, integer, text)'
      )
    )
  loop
    select pg_catalog.string_agg(d.description, ', ')
    into dependent
    from (
      select distinct pg_catalog.pg_describe_object(
        case when r.oid is null then d.classid else 'pg_catalog.pg_class'::pg_catalog.regclass end,
        coalesce(r.ev_class, d.objid), case when r.oid is null then d.objsubid else 0 end
      ) as description
      from pg_catalog.pg_depend d
      left join pg_catalog.pg_rewrite r on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and r.oid = d.objid
      where d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        and d.refobjid = dropped.oid
        and d.deptype in ('n', 'a')
    ) d;
    if dependent is not null then
      raise exception 'the migration makes % anew, and other objects depend on it: %', dropped.identity, dependent
        using
          errcode = 'dependent_objects_still_exist',
          hint = pg_catalog.format(
            'Keep their definitions (pg_get_viewdef, pg_get_functiondef), drop them, migrate, and create them again: drop %s;',
            dependent
          );
    end if;
    insert into dpg_grants_of_others
    select dropped.name, a.grantee, a.is_grantable
    from pg_catalog.aclexplode(dropped.acl) a
    join pg_catalog.pg_roles r on r.oid = a.grantee
    where a.grantee <> dropped.owner
      and r.rolname not in ('dpg_app', 'dpg_readonly', 'dpg_admin');
    execute pg_catalog.format('drop function %s', dropped.identity);
  end loop;
end
$body$;

-- Done above; doctor reads here that they are no more.
drop function if exists
  dpg.find_items(text, text, text, text, text, text, jsonb, double precision, double precision, double precision, integer, text),
  dpg.count_items(text, text, text, text, text, text, jsonb, double precision, double precision, double precision),
  dpg.nearest_items(text, text, double precision, double precision, double precision, text, jsonb, integer, text);

-- Private; a call under way can end once in 42883.
drop function if exists
  dpg_private.apply_transition(regclass, text, text[], dpg.item_actions, text, integer, jsonb, text, uuid),
  dpg_private.find_party_leaves(text, text, text, text),
  dpg_private.item_conditions_sql(text, text, text, text, jsonb, dpg_private.circle_bounds),
  dpg_private.lock_action(regclass, text, text, uuid, text),
  dpg_private.lock_item(regclass, dpg.item_ref, text),
  dpg_private.look_for_new_action(dpg.item_ref, dpg.item_ref, text),
  dpg_private.update_item_sql(regclass);
drop function if exists
  dpg_private.look_up_leaf(text, text, text);

-- Slots. ACCESS EXCLUSIVE on a small table for as long as the migration takes: calls that look for a leaf wait.
alter table dpg_private.partition_names
add column if not exists slot smallint
constraint partition_names_slot_check check (slot between 1 and 32);

do $body$
begin
  if not exists (select from pg_catalog.pg_constraint k where k.conname = 'partition_names_slot_key') then
    alter table dpg_private.partition_names add constraint partition_names_slot_key unique (root, slot);
  end if;
end
$body$;

--!include all.sql

-- The largest leaves that there are get the slots.
do $body$
declare
  leaf record;
begin
  for leaf in
    select p.root, p.network, p.key
    from dpg_private.partition_names p
    join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass('dpg.' || p.name)
    where p.key is not null
    order by c.reltuples desc, p.name
  loop
    perform dpg_private.give_slot(leaf.root, leaf.network, leaf.key);
  end loop;
end
$body$;

-- What others had granted on the functions that were made anew.
do $body$
declare
  granted record;
begin
  for granted in
    select pg_catalog.format(
        'grant execute on function %s to %s%s',
        p.oid::pg_catalog.regprocedure, g.grantee, case when g.is_grantable then ' with grant option' end
      ) as statement
    from dpg_grants_of_others g
    join pg_catalog.pg_proc p
      on p.pronamespace = 'dpg'::pg_catalog.regnamespace
      and p.proname = g.name
  loop
    execute granted.statement;
  end loop;
end
$body$;
