-- Statements for one migration only go above this line; see README.md, "Develop".

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

-- A kind of record more. ACCESS EXCLUSIVE on dpg.redactions: redactions, erasures and repeated calls wait.
do $body$
begin
  if not exists (
    select
    from pg_catalog.pg_constraint c
    where c.conrelid = 'dpg.redactions'::pg_catalog.regclass
      and c.conname = 'redactions_kind_check'
      and pg_catalog.pg_get_constraintdef(c.oid) like '%difference%'
  ) then
    alter table dpg.redactions
      drop constraint redactions_kind_check,
      drop constraint redactions_event_check,
      add constraint redactions_kind_check check (kind in ('event', 'user', 'loss', 'difference')),
      add constraint redactions_event_check check (
        case kind
          when 'event' then num_nonnulls(partition_network, action_type, action_id, event_id) = 4
          when 'difference' then num_nonnulls(partition_network, action_type, action_id, event_id) = 4
          when 'loss' then num_nonnulls(partition_network, action_type) = 2 and num_nonnulls(action_id, event_id) = 0
          else num_nonnulls(partition_network, action_type, action_id, event_id) = 0
        end
      );
  end if;
end
$body$;

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

-- The index for subscriptions to one instance becomes one of the form in which URLs are compared; feed/event_feed_source_idx.sql
-- makes it anew. ACCESS EXCLUSIVE on dpg_private.event_feed until this transaction ends: readers of the feed wait, for some
-- seconds with millions of events; who makes events does not.
do $body$
begin
  if pg_catalog.pg_get_indexdef(pg_catalog.to_regclass('dpg_private.event_feed_source_idx')) not like '%normalised_url%' then
    drop index dpg_private.event_feed_source_idx;
  end if;
end
$body$;

--!include all.sql
