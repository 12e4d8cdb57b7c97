-- Leaves of actions and events get row level security (sql/partitions/guard_partitions.sql, at the end). That takes ACCESS
-- EXCLUSIVE on each of them until the migration is committed, a second or two: readers and writers of actions and events wait.
-- The locks are taken here, before the migration has any other that a call could wait for, and all of them or none: a call
-- that holds a leaf and waits for its root would never end. They are tried for 10 s, each time a little longer; a transaction
-- that stays open for longer stops the migration, which can be repeated. Where all leaves have it, nothing is locked.
do $body$
declare
  give_up_at timestamptz := pg_catalog.clock_timestamp() + interval '10 s';
  caller_timeout text := pg_catalog.current_setting('lock_timeout');
  patience integer := 10;
begin
  while exists (
    select
    from (values (pg_catalog.to_regclass('dpg.item_actions')), (pg_catalog.to_regclass('dpg.action_events'))) r(oid)
    cross join lateral pg_catalog.pg_partition_tree(r.oid) t
    join pg_catalog.pg_class c on c.oid = t.relid
    where t.level > 0
      and not c.relrowsecurity
  ) loop
    begin
      perform pg_catalog.set_config('lock_timeout', patience || 'ms', true);
      lock table dpg.item_actions, dpg.action_events in access exclusive mode;
      perform pg_catalog.set_config('lock_timeout', caller_timeout, true);
      exit;
    exception
      when lock_not_available then
        if pg_catalog.clock_timestamp() > give_up_at then
          raise exception 'the locks on dpg.item_actions, dpg.action_events and their partitions could not be had within 10 s'
            using
              errcode = 'lock_not_available',
              hint = 'A transaction that has read or written actions or events is open: see pg_locks and pg_stat_activity. Migrate again when it has ended.';
        end if;
        patience := least(patience * 2, 160);
        perform pg_catalog.pg_sleep(0.05 + pg_catalog.random() * 0.1);
    end;
  end loop;
end
$body$;

-- What "alter default privileges" gave on the objects of the migrations before this one, in a database that is being created
-- just now: they did not take it back. Where a network is in use, grants may be somebody's own, so they stay and doctor lists
-- them. Nothing is locked that a call waits for.
do $body$
declare
  given record;
begin
  if exists (select from dpg_private.partition_names) then
    return;
  end if;
  for given in
    select o.kind, o.name, a.privilege_type as privilege,
      case when a.grantee = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end as grantee
    from (
      select 'schema' as kind, 'n' as class, pg_catalog.quote_ident(n.nspname) as name, n.nspacl as acl, n.nspowner as owner,
        0::pg_catalog.oid as namespace
      from pg_catalog.pg_namespace n
      where n.nspname in ('dpg', 'dpg_private')
      union all
      select 'function', 'f', p.oid::pg_catalog.regprocedure::text, p.proacl, p.proowner, p.pronamespace
      from pg_catalog.pg_proc p
      union all
      select 'type', 'T', pg_catalog.format('%I.%I', t.typnamespace::pg_catalog.regnamespace, t.typname), t.typacl, t.typowner,
        t.typnamespace
      from pg_catalog.pg_type t
      union all
      select case c.relkind when 'S' then 'sequence' else 'table' end, case c.relkind when 'S' then 'S' else 'r' end,
        c.oid::pg_catalog.regclass::text, c.relacl, c.relowner, c.relnamespace
      from pg_catalog.pg_class c
      where c.relkind in ('r', 'p', 'v', 'S')
    ) o
    cross join lateral pg_catalog.aclexplode(o.acl) a
    join pg_catalog.pg_default_acl d
      on d.defaclrole = o.owner
      and d.defaclobjtype = o.class::"char"
      and d.defaclnamespace in (0, o.namespace)
    cross join lateral pg_catalog.aclexplode(d.defaclacl) g
    left join pg_catalog.pg_roles r on r.oid = a.grantee
    where o.namespace in (0, 'dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
      and a.grantee <> o.owner
      and g.grantee = a.grantee
      and g.privilege_type = a.privilege_type
  loop
    execute pg_catalog.format('revoke %s on %s %s from %s', given.privilege, given.kind, given.name, given.grantee);
  end loop;
end
$body$;

-- "a between b and c and d" comes back from a dump with other parentheses, which doctor took for a change. The table is small;
-- it is locked in ACCESS EXCLUSIVE until the migration is committed, and calls of the feed wait.
do $body$
begin
  if exists (
    select
    from pg_catalog.pg_constraint c
    where c.conrelid = 'dpg.subscriptions'::pg_catalog.regclass
      and c.conname = 'subscriptions_order_check'
      and pg_catalog.pg_get_constraintdef(c.oid) like 'CHECK ((((%'
  ) then
    alter table dpg.subscriptions
      drop constraint subscriptions_order_check,
      add constraint subscriptions_order_check check (
        acknowledged_position >= 0 and acknowledged_position <= handed_out_position and leased_position <= handed_out_position
      );
  end if;
end
$body$;

-- dpg.redactions has on record from whom to whom items were moved. Locked in ACCESS EXCLUSIVE until this transaction ends: it
-- waits for redactions and erasures under way, and new ones wait, as do the few calls that look there. Nothing is rewritten;
-- the checks read the table once, which has a row for each redaction that ever was.
alter table dpg.redactions add column if not exists from_user text, add column if not exists to_user text;
alter table dpg.redactions
drop constraint if exists redactions_kind_check,
add constraint redactions_kind_check check (kind in ('event', 'user', 'loss', 'move', 'difference'));
alter table dpg.redactions
drop constraint if exists redactions_move_check,
add constraint redactions_move_check check (num_nonnulls(from_user, to_user) = case kind when 'move' then 2 else 0 end);


-- A limit more. ACCESS EXCLUSIVE on dpg.limits for a moment: calls that look up a limit wait until this transaction ends.
do $body$
begin
  if not exists (
    select
    from pg_catalog.pg_constraint c
    where c.conrelid = 'dpg.limits'::pg_catalog.regclass
      and c.conname = 'limits_name_check'
      and pg_catalog.pg_get_constraintdef(c.oid) like '%mirrored_leaves_per_network%'
  ) then
    alter table dpg.limits
      drop constraint limits_name_check,
      add constraint limits_name_check check (
        limit_name in (
          'leaves_per_network', 'mirrored_leaves_per_network', 'networks', 'json_bytes_per_document', 'json_depth_per_document',
          'partition_lock_seconds', 'partition_queue_seconds'
        )
      );
  end if;
end
$body$;

alter table dpg.redactions
drop constraint if exists redactions_event_check,
add constraint redactions_event_check check (
  case kind
    when 'event' then num_nonnulls(partition_network, action_type, action_id, event_id) = 4
    when 'difference' then num_nonnulls(partition_network, action_type, action_id, event_id) = 4
    when 'loss' then num_nonnulls(partition_network, action_type) = 2 and num_nonnulls(action_id, event_id) = 0
    else num_nonnulls(partition_network, action_type, action_id, event_id) = 0
  end
);

-- The instances that are known by what they sent: the sources of the feed and of its queue that are none of ours, and the
-- origins of mirrored events. Once only, since dpg.forget_instance_url may strike some later. Reads along the indexes, from
-- one URL to the next, and locks nothing. What an application receives meanwhile from an instance that was never heard of
-- is not noted; the next that comes from there is.
do $body$
declare
  leaf record;
begin
  if pg_catalog.to_regclass('dpg_private.peer_url_sightings') is not null then
    return;
  end if;
  create table dpg_private.peer_url_sightings (
    instance_url text not null,
    first_seen_at timestamptz not null default clock_timestamp()
  );
  insert into dpg_private.peer_url_sightings (instance_url)
  select p.instance_url
  from dpg.peers p;
  for leaf in select p.leaf, p.network, p.key from dpg.partitions p where p.root = 'action_events' loop
    execute pg_catalog.format(
      'with recursive origins as (
         (
           select e.origin_instance_domain as instance_url
           from %1$s e
           where e.partition_network = %2$L and e.action_type = %3$L
           order by e.origin_instance_domain
           limit 1
         )
         union all
         select (
           select e.origin_instance_domain
           from %1$s e
           where e.partition_network = %2$L and e.action_type = %3$L and e.origin_instance_domain > o.instance_url
           order by e.origin_instance_domain
           limit 1
         )
         from origins o
         where o.instance_url is not null
       )
       insert into dpg_private.peer_url_sightings (instance_url)
       select o.instance_url
       from origins o
       where o.instance_url is not null
         and not exists (select from dpg_private.instance_url_sightings s where s.instance_url = o.instance_url)
         and not exists (select from dpg_private.peer_url_sightings p where p.instance_url = o.instance_url)',
      leaf.leaf, leaf.network, leaf.key
    );
  end loop;
end
$body$;

-- Which leaves of events only mirrored events need: those that hold some, where no action of that type is of this instance.
-- Once only: later dpg.store_event says so. Locks nothing.
do $body$
declare
  leaf record;
begin
  if pg_catalog.to_regclass('dpg_private.mirrored_leaves') is not null then
    return;
  end if;
  create table dpg_private.mirrored_leaves (
    network text not null,
    key text not null,
    constraint mirrored_leaves_pkey primary key (network, key)
  );
  for leaf in
    select e.leaf, e.network, e.key
    from dpg.partitions e
    where e.root = 'action_events'
      and not exists (
        select from dpg.partitions a where a.root = 'item_actions' and a.network = e.network and a.key = e.key
      )
  loop
    execute pg_catalog.format(
      'insert into dpg_private.mirrored_leaves (network, key) select %L, %L where exists (select from %s)',
      leaf.network, leaf.key, leaf.leaf
    );
  end loop;
end
$body$;

-- The index for subscriptions to one instance is of the form in which URLs are compared (feed/event_feed_instance_idx.sql
-- makes it anew). ACCESS EXCLUSIVE on dpg_private.event_feed until this transaction ends: readers of the feed wait, for some
-- seconds with millions of events; who makes events does not.
drop index if exists dpg_private.event_feed_source_idx;

-- Statements for one migration only go above this line; see README.md, "Develop".
--!include all.sql
