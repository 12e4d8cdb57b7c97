--! Previous: sha1:97a703ef54a6436d575315f2f7a08b0a357fabf2
--! Hash: sha1:9a0ce945172bd8d638a1c7e4c6ffe7e919cfacfe
--! Message: at the edges

--! Included access/known_objects.sql
-- Which objects are there before the migration creates any: what others were granted on them is theirs. On what is created
-- from here on, access/privileges.sql takes back what default privileges give. Until the end of the transaction, in which only
-- the first look counts: statements before the files may create something, too.
select pg_catalog.set_config(
  'dpg.known_objects',
  'known ' || coalesce(pg_catalog.string_agg(o.class || o.oid, ' '), ''),
  true
)
from (
  select 'n' as class, n.oid, n.oid as namespace from pg_catalog.pg_namespace n
  union all
  select 'p', p.oid, p.pronamespace from pg_catalog.pg_proc p
  union all
  select 't', t.oid, t.typnamespace from pg_catalog.pg_type t where t.typrelid = 0 or exists (
    select from pg_catalog.pg_class c where c.oid = t.typrelid and c.relkind = 'c'
  )
  union all
  select 'c', c.oid, c.relnamespace from pg_catalog.pg_class c where c.relkind in ('r', 'p', 'v', 'S') and not c.relispartition
) o
where o.namespace in (
  select n.oid from pg_catalog.pg_namespace n where n.nspname in ('dpg', 'dpg_private')
)
having not pg_catalog.starts_with(coalesce(pg_catalog.current_setting('dpg.known_objects', true), ''), 'known ');
--! EndIncluded access/known_objects.sql

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
-- squawk-ignore require-concurrent-index-deletion
-- squawk-ignore require-concurrent-index-deletion
-- squawk-ignore require-concurrent-index-deletion
drop index if exists dpg_private.event_feed_source_idx;

--! Included access/known_objects.sql
-- Which objects are there before the migration creates any: what others were granted on them is theirs. On what is created
-- from here on, access/privileges.sql takes back what default privileges give. Until the end of the transaction, in which only
-- the first look counts: statements before the files may create something, too.
select pg_catalog.set_config(
  'dpg.known_objects',
  'known ' || coalesce(pg_catalog.string_agg(o.class || o.oid, ' '), ''),
  true
)
from (
  select 'n' as class, n.oid, n.oid as namespace from pg_catalog.pg_namespace n
  union all
  select 'p', p.oid, p.pronamespace from pg_catalog.pg_proc p
  union all
  select 't', t.oid, t.typnamespace from pg_catalog.pg_type t where t.typrelid = 0 or exists (
    select from pg_catalog.pg_class c where c.oid = t.typrelid and c.relkind = 'c'
  )
  union all
  select 'c', c.oid, c.relnamespace from pg_catalog.pg_class c where c.relkind in ('r', 'p', 'v', 'S') and not c.relispartition
) o
where o.namespace in (
  select n.oid from pg_catalog.pg_namespace n where n.nspname in ('dpg', 'dpg_private')
)
having not pg_catalog.starts_with(coalesce(pg_catalog.current_setting('dpg.known_objects', true), ''), 'known ');
--! EndIncluded access/known_objects.sql
--! Included limits/limits.sql
create table if not exists dpg.limits (
  limit_name text primary key,
  limit_value bigint not null,
  constraint limits_name_check check (
    limit_name in (
      'leaves_per_network', 'mirrored_leaves_per_network', 'networks', 'json_bytes_per_document', 'json_depth_per_document',
      'partition_lock_seconds', 'partition_queue_seconds'
    )
  ),
  constraint limits_value_check check (
    case
      when limit_name = 'json_bytes_per_document' then limit_value between 1024 and 268435455
      -- Fewer would need a look at every document: 1,024 bytes, of which none is looked at, hold 512 levels. More would come
      -- near to what PostgreSQL compares within max_stack_depth (9,300) and JavaScript writes (4,100).
      when limit_name = 'json_depth_per_document' then limit_value between 512 and 2048
      when limit_name in ('partition_lock_seconds', 'partition_queue_seconds') then limit_value between 1 and 3600
      else limit_value between 0 and 1000000
    end
  )
);

insert into dpg.limits (limit_name, limit_value)
values
  ('leaves_per_network', 256),
  ('mirrored_leaves_per_network', 64),
  ('networks', 1024),
  ('json_bytes_per_document', 1048576),
  ('json_depth_per_document', 512),
  ('partition_lock_seconds', 5),
  ('partition_queue_seconds', 10)
on conflict (limit_name) do nothing;

comment on table dpg.limits is
  'What keeps a careless or hostile caller from flooding the database. dpg_admin changes a row (update dpg.limits set limit_value = ... where limit_name = ...); it holds from the next call on.';
comment on column dpg.limits.limit_name is
  'leaves_per_network: leaves of one network under one root table (256); mirrored_leaves_per_network: leaves of dpg.action_events of one network that dpg.store_event has made and no action of this instance needs (64), which do not count for leaves_per_network; networks: networks under one root table (1,024); json_bytes_per_document: bytes of one JSON document as text (1,048,576); json_depth_per_document: how many objects and arrays of one JSON document may lie in one another (512; 2,048 at most); partition_lock_seconds: how long the making of a partition tries for its locks (5); partition_queue_seconds: how long it waits for other makers (10).';
comment on column dpg.limits.limit_value is 'The limit, inclusive.';
--! EndIncluded limits/limits.sql
--! Included arguments/rewritten_url.sql
create or replace function dpg_private.rewritten_url(value text)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  parts constant text[] := regexp_match(value, '^([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(.*)$');
  scheme constant text := lower(parts[1] collate "C"); -- A to Z only, in every locale
  userinfo constant text := coalesce(substring(parts[2] from '^.*@'), '');
  host text := lower(substr(parts[2], length(userinfo) + 1) collate "C");
begin
  if parts is null then
    return value;
  end if;
  -- one in brackets has colons of its own
  if scheme = 'http' and host ~ '^([^:]*|[[][^]]*[]]):80$' then
    host := left(host, -3);
  elsif scheme = 'https' and host ~ '^([^:]*|[[][^]]*[]]):443$' then
    host := left(host, -4);
  end if;
  return scheme || '://' || userinfo || host || regexp_replace(parts[3], '/$', '') || parts[4];
end
$body$;

comment on function dpg_private.rewritten_url(text) is
  'The form of a URL in which dpg_private.normalised_url compares it.';
--! EndIncluded arguments/rewritten_url.sql
--! Included arguments/normalised_url.sql
create or replace function dpg_private.normalised_url(value text)
returns text
language sql
immutable
parallel safe
security invoker
-- Most URLs are in this form already, and a look at them is cheaper than taking them apart.
return case when value ~ '^https?://[a-z0-9.-]+$' then value else dpg_private.rewritten_url(value) end;

comment on function dpg_private.normalised_url(text) is
  'The form in which URLs of instances are compared, so that the spellings of one URL are one instance: scheme and host in lower case (A to Z), the default port (http 80, https 443) and one slash at the end of the path off. User, other ports, the rest of the path, query and fragment are as they were, and so is what has no scheme with "://". URLs are stored as given; only comparisons use this form. Indexes are made of it: whoever changes what it returns makes those anew. sdk/instance-url.ts is the same function. Stored parsed and inlined.';
--! EndIncluded arguments/normalised_url.sql
--! Included arguments/are_coordinates.sql
create or replace function dpg_private.are_coordinates(latitude double precision, longitude double precision)
returns boolean
language sql
immutable
parallel safe
security invoker
-- NaN sorts above every number, so that it is outside of both ranges
return (latitude is null and longitude is null)
  or (latitude >= -90 and latitude <= 90 and longitude >= -180 and longitude <= 180);

comment on function dpg_private.are_coordinates(double precision, double precision) is
  'Whether latitude (degrees, -90 to 90) and longitude (degrees, -180 to 180) are both given or both null. False or null where they are not. Stored parsed and inlined.';
--! EndIncluded arguments/are_coordinates.sql
--! Included items/instance_url_sightings.sql
create table if not exists dpg_private.instance_url_sightings (
  instance_url text not null,
  first_seen_at timestamptz not null default clock_timestamp()
);

create index if not exists instance_url_sightings_idx
on dpg_private.instance_url_sightings (instance_url);

comment on table dpg_private.instance_url_sightings is
  'Each URL of this instance, as upserts met it. Not unique on purpose: a unique index would make every writer with a new URL wait for the first one''s transaction to end. dpg.instance_urls shows each URL once.';
comment on column dpg_private.instance_url_sightings.instance_url is 'URL of this instance.';
comment on column dpg_private.instance_url_sightings.first_seen_at is 'When an upsert met it and found no row of it.';
comment on index dpg_private.instance_url_sightings_idx is
  'For upserts: whether this spelling of a URL is noted.';
--! EndIncluded items/instance_url_sightings.sql
--! Included items/instance_url_sightings_form_idx.sql
create index if not exists instance_url_sightings_form_idx
on dpg_private.instance_url_sightings (dpg_private.normalised_url(instance_url));

comment on index dpg_private.instance_url_sightings_form_idx is
  'For the question whether a URL is one of ours, in whichever spelling: receive_action, receive_transition, store_event and dpg.peers.';
--! EndIncluded items/instance_url_sightings_form_idx.sql
--! Included items/peer_url_sightings.sql
create table if not exists dpg_private.peer_url_sightings (
  instance_url text not null,
  first_seen_at timestamptz not null default clock_timestamp()
);

create index if not exists peer_url_sightings_idx
on dpg_private.peer_url_sightings (instance_url);

create index if not exists peer_url_sightings_form_idx
on dpg_private.peer_url_sightings (dpg_private.normalised_url(instance_url));

comment on table dpg_private.peer_url_sightings is
  'Each URL by which another instance is known: the source of an action that came from there, or the origin of an event. No item may be given one of them. Not unique on purpose, as dpg_private.instance_url_sightings. Written by receive_action and store_event; dpg.forget_instance_url strikes one.';
comment on column dpg_private.peer_url_sightings.instance_url is 'URL of another instance, as it spelled it; each spelling has a row.';
comment on column dpg_private.peer_url_sightings.first_seen_at is 'When a call brought it and found no row of it.';
comment on index dpg_private.peer_url_sightings_form_idx is
  'For the question whether another instance is known by a URL, and how it spells it: a new URL of an item, and store_event.';
comment on index dpg_private.peer_url_sightings_idx is
  'For receive_action: whether this spelling of a URL is noted.';
--! EndIncluded items/peer_url_sightings.sql
--! Included feed/event_feed_source_idx.sql
create index if not exists event_feed_source_idx
on dpg_private.event_feed (dpg_private.normalised_url(source_item_instance_url), "position");

comment on index dpg_private.event_feed_source_idx is
  'For subscriptions to one instance''s events, whichever way their URL is spelled, so that a peer costs what it gets, and for dpg.peers.';
--! EndIncluded feed/event_feed_source_idx.sql
--! Included feed/feed_turn.sql
create table if not exists dpg_private.feed_turn (
  is_empty boolean
);

comment on table dpg_private.feed_turn is
  'Holds no rows: dpg_private.place_events locks it (SHARE UPDATE EXCLUSIVE) while it gives positions. A table and no advisory lock, because an advisory lock of any key is open to every login.';
comment on column dpg_private.feed_turn.is_empty is 'Never used.';
--! EndIncluded feed/feed_turn.sql
--! Included feed/subscriptions.sql
create table if not exists dpg.subscriptions (
  subscription text not null,
  partition_network text,
  action_type text,
  source_item_instance_url text,
  acknowledged_position bigint not null default 0,
  leased_position bigint,
  leased_until timestamptz,
  handed_out_position bigint not null default 0,
  passed_position bigint not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  leased_at timestamptz,
  acknowledged_at timestamptz,
  last_error text,
  last_error_at timestamptz,
  lease_id uuid,
  constraint subscriptions_pkey primary key (subscription),
  constraint subscriptions_order_check check (
    acknowledged_position >= 0 and acknowledged_position <= handed_out_position and leased_position <= handed_out_position
  )
)
with (fillfactor = 50); -- updated in place

comment on table dpg.subscriptions is
  'Who reads the feed of events, and how far. Written by dpg.create_subscription, read_events, acknowledge, release_events, fail_event and drop_subscription. dpg.subscription_status says how far behind each is.';
comment on column dpg.subscriptions.subscription is 'Name of the subscription, a key.';
comment on column dpg.subscriptions.partition_network is 'Only events of this network; all when null.';
comment on column dpg.subscriptions.action_type is 'Only events of this action type; all when null.';
comment on column dpg.subscriptions.source_item_instance_url is 'Only events for this instance, that of the action''s source, whichever way its URL is spelled; all when null.';
comment on column dpg.subscriptions.acknowledged_position is 'Everything up to here is done.';
comment on column dpg.subscriptions.leased_position is 'Last position of the batch that is being worked on; null when none is.';
comment on column dpg.subscriptions.leased_until is
  'Until then nobody else gets events: somebody works on a batch, or it is to be tried again only then. Null when the next may be read.';
comment on column dpg.subscriptions.handed_out_position is 'The highest position that was ever handed out: nothing beyond it can be acknowledged.';
comment on column dpg.subscriptions.passed_position is 'Up to here everything that is not acknowledged does not match the filters either, so that a search need not begin before.';
comment on column dpg.subscriptions.created_at is 'When the subscription was made.';
comment on column dpg.subscriptions.leased_at is 'When a batch was last handed out.';
comment on column dpg.subscriptions.acknowledged_at is 'When acknowledged_position last moved.';
comment on column dpg.subscriptions.last_error is 'The last error that a reader has reported; it stays when things go well again.';
comment on column dpg.subscriptions.last_error_at is 'When.';
comment on column dpg.subscriptions.lease_id is
  'Names the lease of the batch that was handed out last, until it is acknowledged to its end or given back; null when none is. A reader whose lease has another name cannot end this one.';
--! EndIncluded feed/subscriptions.sql
--! Included redactions/redactions.sql
create table if not exists dpg.redactions (
  redaction_id bigint generated always as identity,
  redacted_at timestamptz not null default greatest(clock_timestamp(), transaction_timestamp()),
  actor text not null,
  database_role text not null default session_user,
  kind text not null,
  reason text not null,
  partition_network text,
  action_type text,
  action_id uuid,
  event_id uuid,
  transaction_id xid8 not null default pg_current_xact_id(),
  from_user text,
  to_user text,
  constraint redactions_pkey primary key (redaction_id),
  constraint redactions_kind_check check (kind in ('event', 'user', 'loss', 'move', 'difference')),
  constraint redactions_event_check check (
    case kind
      when 'event' then num_nonnulls(partition_network, action_type, action_id, event_id) = 4
      when 'difference' then num_nonnulls(partition_network, action_type, action_id, event_id) = 4
      when 'loss' then num_nonnulls(partition_network, action_type) = 2 and num_nonnulls(action_id, event_id) = 0
      else num_nonnulls(partition_network, action_type, action_id, event_id) = 0
    end
  ),
  constraint redactions_move_check check (num_nonnulls(from_user, to_user) = case kind when 'move' then 2 else 0 end)
);

create index if not exists redactions_action_idx
on dpg.redactions (action_id, event_id)
where kind = 'event';

create index if not exists redactions_transaction_idx
on dpg.redactions (transaction_id);

create index if not exists redactions_move_idx
on dpg.redactions (to_user)
where kind = 'move';

comment on table dpg.redactions is
  'What was taken away because the law demanded it, whose items went to whom, which loss of events was confirmed, and which differing event was accepted: who, when, why and what kind. Append-only (DP012). Written by dpg.redact_event, dpg.erase_user, dpg.move_items, dpg.confirm_lost_events and dpg.accept_differing_event.';
comment on column dpg.redactions.redaction_id is 'Number of the redaction.';
comment on column dpg.redactions.redacted_at is 'When.';
comment on column dpg.redactions.actor is 'Who asked for it, as the caller says; the tombstone once that user was erased.';
comment on column dpg.redactions.database_role is 'The role that was logged in.';
comment on column dpg.redactions.kind is 'event: one event was emptied; user: a user was erased, whom it does not say; loss: events whose partition was dropped were taken out of the feed; move: the items of one user went to another; difference: an event of another instance was accepted though it differs from the stored one.';
comment on column dpg.redactions.reason is 'Why, in words.';
comment on column dpg.redactions.partition_network is 'Of an event, a difference or a loss: the network.';
comment on column dpg.redactions.action_type is 'Of an event, a difference or a loss: the action type.';
comment on column dpg.redactions.action_id is 'Of an event or a difference: the action that it belongs to.';
comment on column dpg.redactions.event_id is 'Of an event: its id; of a difference, the id of the event that was accepted.';
comment on column dpg.redactions.transaction_id is 'The transaction that did it; with redacted_at it tells the triggers that a user is being erased, or items are being moved, right now.';
comment on column dpg.redactions.from_user is 'Of a move: whose items they were; the tombstone once that user was erased.';
comment on column dpg.redactions.to_user is 'Of a move: whose they are since; the tombstone once that user was erased.';
comment on index dpg.redactions_action_idx is 'For the trigger on events and for repeated calls, which ask whether an event, or any event of an action, was redacted.';
comment on index dpg.redactions_transaction_idx is 'For the triggers, which ask whether this transaction is erasing a user or moving items.';
comment on index dpg.redactions_move_idx is 'For mirrored events that name another owner of an item than it has, which ask in whose place the owner is.';
--! EndIncluded redactions/redactions.sql
--! Included redactions/differing_events.sql
create table if not exists dpg.differing_events (
  redaction_id bigint not null,
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  origin_instance_domain text not null,
  action_id uuid not null,
  update_count integer not null,
  source_item_owner text not null,
  source_item_is_local boolean not null,
  event jsonb not null,
  constraint differing_events_pkey primary key (redaction_id)
);

create index if not exists differing_events_event_idx
on dpg.differing_events (event_id);

comment on table dpg.differing_events is
  'Events of other instances that say something else than the event which dpg.action_events has of the same update, or under the same id: one was restored from a backup and did the update anew. Kept beside, where dpg.accept_differing_event has accepted them. Append-only (DP012), but for redactions that are on record.';
comment on column dpg.differing_events.redaction_id is 'The record in dpg.redactions: who has accepted it, when and why.';
comment on column dpg.differing_events.partition_network is 'Of the event.';
comment on column dpg.differing_events.action_type is 'Of the event.';
comment on column dpg.differing_events.event_id is 'Of the event.';
comment on column dpg.differing_events.origin_instance_domain is 'Of the event, as it spells it.';
comment on column dpg.differing_events.action_id is 'Of the event.';
comment on column dpg.differing_events.update_count is 'Of the event.';
comment on column dpg.differing_events.source_item_owner is 'Of the event; the tombstone once that user was erased.';
comment on column dpg.differing_events.source_item_is_local is 'Whether the source item is of this instance, so that source_item_owner is a user of this one.';
comment on column dpg.differing_events.event is 'The whole event, as dpg.store_event takes it.';
comment on index dpg.differing_events_event_idx is
  'For store_event, before it refuses an event that differs, and for redactions.';
--! EndIncluded redactions/differing_events.sql
--! Included redactions/is_replacement.sql
create or replace function dpg_private.is_replacement(before text, after text)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from dpg.redactions r
    where r.transaction_id = pg_current_xact_id_if_assigned()
      -- in a restored database the numbers of transactions begin anew
      and r.redacted_at >= transaction_timestamp()
      and (
        (r.kind = 'user' and is_replacement.after = dpg_private.tombstone())
        or (r.kind = 'move' and r.from_user = is_replacement.before and r.to_user = is_replacement.after)
      )
  );
end
$body$;

comment on function dpg_private.is_replacement(text, text) is
  'Whether this transaction has noted in dpg.redactions that it puts the user after in the place of the user before: that it erases a user, after being the tombstone, or moves the items of the one to the other.';
--! EndIncluded redactions/is_replacement.sql
--! Included redactions/has_succeeded.sql
create or replace function dpg_private.has_succeeded(owner text, former text)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if owner = dpg_private.tombstone() then
    return true; -- in whose place is not on record
  end if;
  return exists (
    with recursive formers(user_id) as (
      select r.from_user
      from dpg.redactions r
      where r.kind = 'move'
        and r.to_user = has_succeeded.owner
      union
      select r.from_user
      from formers f
      join dpg.redactions r on r.kind = 'move' and r.to_user = f.user_id
      where f.user_id <> dpg_private.tombstone()
    )
    select
    from formers f
    -- the tombstone: one of them was erased since
    where f.user_id in (has_succeeded.former, dpg_private.tombstone())
  );
end
$body$;

comment on function dpg_private.has_succeeded(text, text) is
  'Whether owner has taken the place of former, as far as dpg.redactions knows: by an erasure, or by one move of items or several. Of who was erased nothing is known, so that anybody may be meant.';
--! EndIncluded redactions/has_succeeded.sql
--! Included redactions/keep_redactions.sql
create or replace function dpg_private.keep_redactions()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  tombstone constant text := dpg_private.tombstone();
  allowed dpg.redactions;
begin
  if tg_op = 'UPDATE' and dpg_private.is_erasing() then
    allowed := old;
    allowed.actor := case new.actor when tombstone then tombstone else old.actor end;
    allowed.from_user := case new.from_user when tombstone then tombstone else old.from_user end;
    allowed.to_user := case new.to_user when tombstone then tombstone else old.to_user end;
    if new is not distinct from allowed then
      return new;
    end if;
  end if;
  raise exception using
    errcode = 'DP012',
    message = format('%s of dpg.redactions is refused: what was redacted stays on record', lower(tg_op)),
    hint = 'The record of redactions is append-only.',
    detail = jsonb_build_object('operation', tg_op, 'relation', 'dpg.redactions')::text;
end
$body$;

comment on function dpg_private.keep_redactions() is
  'Trigger: refuses to change or remove records of redactions (DP012), but for the users that they name when one is erased.';
--! EndIncluded redactions/keep_redactions.sql
--! Included redactions/keep_differing_events.sql
create or replace function dpg_private.keep_differing_events()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  allowed dpg.differing_events;
begin
  if tg_op = 'UPDATE' then
    allowed := old;
    if dpg_private.is_redacted(old.partition_network, old.action_type, old.action_id, old.event_id) then
      allowed.event := old.event || '{"event_payload": {}, "remarks": null}';
      if new is not distinct from allowed then
        return new;
      end if;
      allowed := old;
    end if;
    if dpg_private.is_replacement(old.source_item_owner, new.source_item_owner) then
      allowed.source_item_owner := new.source_item_owner;
      allowed.event := old.event || jsonb_build_object('source_item_owner', new.source_item_owner);
      if new is not distinct from allowed then
        return new;
      end if;
    end if;
  end if;
  raise exception using
    errcode = 'DP012',
    message = dpg_private.text_for_client(
      format('%s of dpg.differing_events is refused: events are immutable', lower(tg_op))
    ),
    hint = 'What the law demands is done by dpg.redact_event and dpg.erase_user.',
    detail = dpg_private.text_for_client(
      jsonb_build_object('operation', tg_op, 'relation', 'dpg.differing_events')::text
    );
end
$body$;

comment on function dpg_private.keep_differing_events() is
  'Trigger: refuses to change or remove a differing event (DP012), but for redactions that are on record.';
--! EndIncluded redactions/keep_differing_events.sql
--! Included redactions/differing_events_append_only.sql
create or replace trigger differing_events_append_only
before update or delete on dpg.differing_events
for each row
execute function dpg_private.keep_differing_events();

alter table dpg.differing_events enable always trigger differing_events_append_only;

comment on trigger differing_events_append_only on dpg.differing_events is
  'Events are never changed or removed (DP012), but for redactions that are on record.';
--! EndIncluded redactions/differing_events_append_only.sql
--! Included redactions/differing_events_no_truncate.sql
create or replace trigger differing_events_no_truncate
before truncate on dpg.differing_events
for each statement
execute function dpg_private.keep_differing_events();

alter table dpg.differing_events enable always trigger differing_events_no_truncate;

comment on trigger differing_events_no_truncate on dpg.differing_events is
  'Events are never removed (DP012).';
--! EndIncluded redactions/differing_events_no_truncate.sql
--! Included events/is_redaction.sql
create or replace function dpg_private.is_redaction(before dpg.action_events, after dpg.action_events)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  allowed dpg.action_events := before;
begin
  if dpg_private.is_redacted(before.partition_network, before.action_type, before.action_id, before.event_id) then
    allowed.event_payload := '{}';
    allowed.remarks := null;
    if dpg_private.is_unchanged_event(allowed, after) then
      return not dpg_private.is_unchanged_event(before, after);
    end if;
    allowed := before;
  end if;
  if before.source_item_is_local and dpg_private.is_replacement(before.source_item_owner, after.source_item_owner) then
    allowed.source_item_owner := after.source_item_owner;
  end if;
  if before.target_item_is_local and dpg_private.is_replacement(before.target_item_owner, after.target_item_owner) then
    allowed.target_item_owner := after.target_item_owner;
  end if;
  return dpg_private.is_unchanged_event(allowed, after) and not dpg_private.is_unchanged_event(before, after);
end
$body$;

comment on function dpg_private.is_redaction(dpg.action_events, dpg.action_events) is
  'Whether a change of an event is no more than what dpg.redactions has on record: payload and remarks of a redacted event are taken away, or an owner, a user of this instance, gives way to the tombstone or to whom the items are being moved.';
--! EndIncluded events/is_redaction.sql
--! Included events/keep_events.sql
create or replace function dpg_private.keep_events()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if tg_op = 'UPDATE' then
    if dpg_private.is_redaction(old, new) then
      return new;
    end if;
  end if;
  raise exception using
    errcode = 'DP012',
    message = format('%s of %I.%I is refused: events are immutable', lower(tg_op), tg_table_schema, tg_table_name),
    hint = 'A new fact is a new event; what the law demands is done by dpg.redact_event and dpg.erase_user, a change of the owner by dpg.move_items.',
    detail = jsonb_build_object('operation', tg_op, 'relation', format('%I.%I', tg_table_schema, tg_table_name))::text;
end
$body$;

comment on function dpg_private.keep_events() is
  'Trigger: refuses to change or remove events, for the owner of the table too (DP012), but for redactions that are on record.';
--! EndIncluded events/keep_events.sql
--! Included partitions/mirrored_leaves.sql
create table if not exists dpg_private.mirrored_leaves (
  network text not null,
  key text not null,
  constraint mirrored_leaves_pkey primary key (network, key)
);

comment on table dpg_private.mirrored_leaves is
  'The leaves of dpg.action_events that dpg.store_event has made. As long as this instance has no leaf of actions of the same keys, only mirrored events need such a leaf, and it counts for the limit mirrored_leaves_per_network instead of leaves_per_network: another instance decides which action types it sends.';
comment on column dpg_private.mirrored_leaves.network is 'Network, exactly as given.';
comment on column dpg_private.mirrored_leaves.key is 'Action type, exactly as given.';
--! EndIncluded partitions/mirrored_leaves.sql
--! Included partitions/partition_turn.sql
create table if not exists dpg_private.partition_turn (
  is_empty boolean
);

comment on table dpg_private.partition_turn is
  'Holds no rows: dpg_private.queue_for_partitions locks it (SHARE UPDATE EXCLUSIVE) while it makes partitions. A table and no advisory lock, because an advisory lock of any key is open to every login.';
comment on column dpg_private.partition_turn.is_empty is 'Never used.';
--! EndIncluded partitions/partition_turn.sql
--! Included partitions/is_former_turn.sql
-- For one release. The functions of 0.1.0 took turns by an advisory lock, and a call of theirs can go on for a moment after
-- the migration. Whoever takes a turn now takes that lock as well, so that such a call does not begin beside it; where it is
-- had, this function tells a former call from a stranger who holds up nobody.
create or replace function dpg_private.is_former_turn(lock_id bigint, beside regclass)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from pg_locks l
    join pg_locks o on o.virtualtransaction = l.virtualtransaction and o.database = l.database
    where l.locktype = 'advisory'
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.classid = (lock_id >> 32)::oid
      and l.objid = (lock_id & 4294967295)::oid
      and l.objsubid = 1
      and l.granted
      and l.pid is distinct from pg_backend_pid()
      -- every call has read this table before, which needs a privilege that only the owner of our functions has
      and o.locktype = 'relation'
      and o.relation = beside
  );
end
$body$;

comment on function dpg_private.is_former_turn(bigint, regclass) is
  'Whether a function of 0.1.0 has its turn: it holds this advisory lock and has read this private table. Another session that holds such a lock is a stranger.';
--! EndIncluded partitions/is_former_turn.sql
--! Included partitions/mirrored_leaves_of.sql
create or replace function dpg_private.mirrored_leaves_of(network text)
returns text[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return array(
    select m.key
    from dpg_private.mirrored_leaves m
    join dpg_private.partition_names p
      on p.root = 'action_events'
      and p.network = m.network
      and p.key = m.key
    where m.network = mirrored_leaves_of.network
      and to_regclass('dpg.' || p.name) is not null
      and dpg_private.leaf('item_actions', m.network, m.key) is null
  );
end
$body$;

comment on function dpg_private.mirrored_leaves_of(text) is
  'The action types of this network whose leaf of events only mirrored events need: dpg.store_event has made it, and no action of this instance has that type. For the limits, when a leaf is made.';
--! EndIncluded partitions/mirrored_leaves_of.sql
--! Included partitions/queue_for_partitions.sql
create or replace function dpg_private.queue_for_partitions(root text, network text, key text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  former_lock constant bigint := 7237117967450112; -- that of 0.1.0
  seconds bigint := coalesce(dpg_private.limit_of('partition_queue_seconds'), 10);
  caller_timeout text := current_setting('lock_timeout');
begin
  begin
    perform set_config('lock_timeout', seconds || 's', true);
    -- One lock for all three roots: with one for each, two transactions that make two partitions could wait for each other.
    lock table dpg_private.partition_turn in share update exclusive mode;
    if not pg_try_advisory_xact_lock(former_lock)
      and dpg_private.is_former_turn(former_lock, 'dpg_private.partition_names')
    then
      perform pg_advisory_xact_lock(former_lock);
    end if;
    perform set_config('lock_timeout', caller_timeout, true);
  exception
    when lock_not_available then -- the setting is back with the subtransaction
      perform dpg_private.refuse_partition(
        root, network, key,
        format('another transaction is making partitions and has not ended for %s s', seconds),
        'Repeat the call later. A transaction that makes a partition holds up the others until it ends: make partitions first, in a transaction of their own.',
        jsonb_build_object(
          'reason', 'queue',
          'blocked_by', (
            select jsonb_agg(l.pid)
            from pg_locks l
            where l.locktype = 'relation'
              and l.relation = 'dpg_private.partition_turn'::regclass
              and l.database = (select d.oid from pg_database d where d.datname = current_database())
              and l.granted
          )
        )
      );
  end;
end
$body$;

comment on function dpg_private.queue_for_partitions(text, text, text) is
  'Lets one transaction at a time make partitions, by a lock on dpg_private.partition_turn until its end. Raises DP010 after the limit partition_queue_seconds.';
--! EndIncluded partitions/queue_for_partitions.sql
--! Included partitions/revoke_given.sql
create or replace function dpg_private.revoke_given(relation regclass)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  grantee text;
begin
  for grantee in
    select distinct coalesce(a.grantee::regrole::text, 'public')
    from pg_class c
    cross join lateral (
      select case g.grantee when 0 then null else g.grantee end as grantee
      from aclexplode(c.relacl) g
      where g.grantee <> c.relowner
    ) a
    where c.oid = relation
  loop
    execute format('revoke all on table %s from %s', relation, grantee);
  end loop;
end
$body$;

comment on function dpg_private.revoke_given(regclass) is
  'Takes from everybody but its owner what default privileges have given on a table that was created just now.';
--! EndIncluded partitions/revoke_given.sql
--! Included partitions/policies_of.sql
create or replace function dpg_private.policies_of(relation regclass)
returns table (name text, definition text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
begin atomic
  -- what stands behind "create policy ... on ..."
  select
    p.polname::text,
    concat_ws(
      ' ',
      'as ' || case when p.polpermissive then 'permissive' else 'restrictive' end,
      'for ' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
      'to ' || (
        select string_agg(coalesce(quote_ident(r.rolname), 'public'), ', ' order by r.rolname nulls first)
        from unnest(p.polroles) a(role)
        left join pg_roles r on r.oid = a.role
      ),
      'using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
      'with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'
    )
  from pg_policy p
  where p.polrelid = relation;
end;

comment on function dpg_private.policies_of(regclass) is
  'The policies of a table, each with what stands behind its name and table in the statement that creates it.';
--! EndIncluded partitions/policies_of.sql
--! Included partitions/guard_partition.sql
create or replace function dpg_private.guard_partition(root regclass, partition regclass)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  policy record;
begin
  if not (select c.relrowsecurity from pg_class c where c.oid = root) then
    return;
  end if;
  if not (select c.relrowsecurity from pg_class c where c.oid = partition) then
    execute format('alter table %s enable row level security', partition);
  end if;
  for policy in
    select wanted.name, wanted.definition, present.name is not null as is_there
    from dpg_private.policies_of(root) wanted
    left join dpg_private.policies_of(partition) present on present.name = wanted.name
    where wanted.definition is distinct from present.definition
    order by wanted.name
  loop
    if policy.is_there then
      execute format('drop policy %I on %s', policy.name, partition);
    end if;
    execute format('create policy %I on %s %s', policy.name, partition, policy.definition);
  end loop;
end
$body$;

comment on function dpg_private.guard_partition(regclass, regclass) is
  'Gives a partition the row level security of its root, policies included: a grant on all tables of the schema then shows no more than the root does. Items have none. Locks the partition (ACCESS EXCLUSIVE) where something is lacking, and nothing where all is there.';
--! EndIncluded partitions/guard_partition.sql
--! Included partitions/build_partition.sql
create or replace function dpg_private.build_partition(root text, network text, key text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  name text := dpg_private.claim_partition_name(root, network, key);
  second_level constant text := case root when 'items' then 'item_domain' else 'action_type' end;
begin
  -- built apart and attached later: "create table ... partition of" would take ACCESS EXCLUSIVE on the parent
  execute format(
    'create table dpg.%I (like dpg.%I including all excluding comments)%s',
    name, root, case when key is null then format(' partition by list (%I)', second_level) end
  );
  execute format(
    'comment on table dpg.%I is %L',
    name, format('%s of network %s%s.', replace(root, '_', ' '), to_json(network), ', ' || split_part(second_level, '_', 2) || ' ' || to_json(key))
  );
  -- a leaf is reached through its root alone, whatever "alter default privileges" says
  perform dpg_private.revoke_given(format('dpg.%I', name)::regclass);
  perform dpg_private.guard_partition(format('dpg.%I', root)::regclass, format('dpg.%I', name)::regclass);
  if root = 'action_events' and key is not null then
    -- row triggers come with the attachment, truncate triggers do not
    execute format(
      'create trigger action_events_no_truncate before truncate on dpg.%I for each statement execute function dpg_private.keep_events()',
      name
    );
    execute format('alter table dpg.%I enable always trigger action_events_no_truncate', name);
  end if;
  return name;
end
$body$;

comment on function dpg_private.build_partition(text, text, text) is
  'Makes the table of a partition (a null key: the network''s own, the parent of its leaves) without attaching it and returns its name. Locks nothing that others use. Raises DP010.';
--! EndIncluded partitions/build_partition.sql
--! Included partitions/make_leaf.sql
create or replace function dpg_private.make_leaf(root text, network text, key text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  parent constant text := dpg_private.ensure_network(root, network, key);
  name constant text := dpg_private.build_partition(root, network, key);
begin
  perform dpg_private.attach_partition(
    root, network, key, array[('dpg.' || parent)::regclass], dpg_private.tied_tables(('dpg.' || parent)::regclass),
    array[format('alter table dpg.%I attach partition dpg.%I for values in (%L)', parent, name, key)]
  );
  return ('dpg.' || name)::regclass;
end
$body$;

comment on function dpg_private.make_leaf(text, text, text) is
  'Makes the leaf of these keys, which is missing, and the network''s partition above it where that is; returns the leaf. Called under the lock of dpg_private.queue_for_partitions, after the limit was checked. Raises DP010.';
--! EndIncluded partitions/make_leaf.sql
--! Included partitions/ensure_partition.sql
create or replace function dpg_private.ensure_partition(root text, network text, key text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass := dpg_private.leaf(root, network, key);
begin
  if leaf is not null then
    return leaf;
  end if;

  perform dpg_private.queue_for_partitions(root, network, key);
  leaf := dpg_private.leaf(root, network, key);
  if leaf is not null then
    return leaf; -- somebody else made it meanwhile
  end if;

  perform dpg_private.check_limit(
    root, network, key, 'leaves_per_network',
    (
      select count(*)
      from dpg_private.partition_names p
      where p.root = ensure_partition.root
        and p.network = ensure_partition.network
        and p.key <> ensure_partition.key
        and to_regclass('dpg.' || p.name) is not null
    ) - case root when 'action_events' then cardinality(dpg_private.mirrored_leaves_of(network)) else 0 end
  );
  if root = 'action_events' then
    delete from dpg_private.mirrored_leaves m
    where m.network = ensure_partition.network
      and m.key = ensure_partition.key;
  end if;
  return dpg_private.make_leaf(root, network, key);
end
$body$;

comment on function dpg_private.ensure_partition(text, text, text) is
  'Makes the leaf of these keys, and the network''s partition above it, when missing; returns the leaf. Leaves that only mirrored events need do not count for its limit. Takes no lock that a reader or a writer of other networks would wait for. Raises DP010.';
--! EndIncluded partitions/ensure_partition.sql
--! Included partitions/ensure_mirrored_leaf.sql
create or replace function dpg_private.ensure_mirrored_leaf(network text, key text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if dpg_private.leaf('item_actions', network, key) is not null then
    perform dpg_private.ensure_partition('action_events', network, key); -- actions of this instance need it as well
    return;
  end if;
  perform dpg_private.queue_for_partitions('action_events', network, key);
  if dpg_private.leaf('action_events', network, key) is not null then
    return; -- somebody else made it meanwhile
  end if;
  perform dpg_private.check_limit(
    'action_events', network, key, 'mirrored_leaves_per_network',
    cardinality(array_remove(dpg_private.mirrored_leaves_of(network), key))
  );
  insert into dpg_private.mirrored_leaves (network, key)
  values (ensure_mirrored_leaf.network, ensure_mirrored_leaf.key)
  on conflict do nothing;
  perform dpg_private.make_leaf('action_events', network, key);
end
$body$;

comment on function dpg_private.ensure_mirrored_leaf(text, text) is
  'Makes the leaf of a mirrored event, which is missing, within the limit mirrored_leaves_per_network. Raises DP010.';
--! EndIncluded partitions/ensure_mirrored_leaf.sql
--! Included networks/is_begun.sql
create or replace function dpg_private.is_begun(
  partition_network text,
  action_type text,
  action_id uuid,
  origin_instance_domain text,
  source dpg.item_ref,
  target dpg.item_ref
)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  root constant text := case when origin_instance_domain is null then 'item_actions' else 'action_events' end;
  leaf regclass := dpg_private.leaf(root, partition_network, action_type);
  begun boolean;
begin
  if leaf is null then
    return false;
  end if;
  execute format(
    'select exists (
       select
       from %s a
       where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3 %s
         and (a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id)
           = (($5).item_network, ($5).item_domain, ($5).item_type, ($5).item_id)
         and (a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id)
           = (($6).item_network, ($6).item_domain, ($6).item_type, ($6).item_id)
     )',
    leaf,
    case
      when origin_instance_domain is not null then
        'and (a.origin_instance_domain = $4 or dpg_private.normalised_url(a.origin_instance_domain) = dpg_private.normalised_url($4))'
    end
  )
  into begun
  using partition_network, action_type, action_id, origin_instance_domain, source, target;
  return begun;
end
$body$;

comment on function dpg_private.is_begun(text, text, uuid, text, dpg.item_ref, dpg.item_ref) is
  'Whether there is this action from source to target; with an origin, whether there is an event of it that was mirrored from there.';
--! EndIncluded networks/is_begun.sql
--! Included items/is_instance_url.sql
create or replace function dpg_private.is_instance_url(instance_url text)
returns boolean
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  form constant text := dpg_private.normalised_url(instance_url); -- a value beforehand, so that the plan is kept
begin
  return exists (
    select
    from dpg_private.instance_url_sightings s
    where dpg_private.normalised_url(s.instance_url) = form
  );
end
$body$;

comment on function dpg_private.is_instance_url(text) is
  'Whether this is a URL of this instance, in whichever spelling.';
--! EndIncluded items/is_instance_url.sql
--! Included items/check_instance_url.sql
create or replace function dpg_private.check_instance_url(argument text, instance_url text, index integer default null)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not dpg_private.is_instance_url(instance_url)
    and exists (
      select
      from dpg_private.peer_url_sightings p
      where dpg_private.normalised_url(p.instance_url) = dpg_private.normalised_url(check_instance_url.instance_url)
    )
  then
    perform dpg_private.refuse_argument(
      argument, to_jsonb(instance_url), 'is the URL of another instance',
      'An item carries a URL of this instance. An action or an event came from another one under this URL, which could not act here any more if it were ours. If that was a mistake, dpg_admin strikes it: dpg.forget_instance_url.',
      index
    );
  end if;
end
$body$;

comment on function dpg_private.check_instance_url(text, text, integer) is
  'Raises DP001 for the URL of an item by which another instance is known, unless it is one of ours already. Asked only where this spelling is not noted yet.';
--! EndIncluded items/check_instance_url.sql
--! Included items/note_peer_url.sql
create or replace function dpg_private.note_peer_url(instance_url text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  insert into dpg_private.peer_url_sightings (instance_url)
  values (note_peer_url.instance_url);
end
$body$;

comment on function dpg_private.note_peer_url(text) is
  'Notes a URL by which another instance is known. Called where this spelling is not noted.';
--! EndIncluded items/note_peer_url.sql
--! Included items/forget_instance_url.sql
create or replace function dpg.forget_instance_url(instance_url text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_url('instance_url', instance_url);
  delete from dpg_private.instance_url_sightings s
  where dpg_private.normalised_url(s.instance_url) = dpg_private.normalised_url(forget_instance_url.instance_url);
  if found then
    return true;
  end if;
  delete from dpg_private.peer_url_sightings p
  where dpg_private.normalised_url(p.instance_url) = dpg_private.normalised_url(forget_instance_url.instance_url);
  return found;
end
$body$;

comment on function dpg.forget_instance_url(text) is
  'For dpg_admin: strikes a URL, in every spelling, that this database took for another''s. One of ours (dpg.instance_urls), which an item was given by mistake: the instance whose URL it is can act here again; correct the item first, since the next upsert with this URL notes it again where no other instance is known by it. Else one by which another instance is known, since an action or an event came from there: items may be given it; the next action or event from there, while no item has it, notes it again. False when it was neither. Raises DP001. Example: select dpg.forget_instance_url(''https://tutor.yellowdot.example.com'')';
--! EndIncluded items/forget_instance_url.sql
--! Included items/upsert_item.sql
create or replace function dpg.upsert_item(
  actor text,
  item_network text,
  item_domain text,
  item_type text,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb default '{}',
  item_latitude double precision default null,
  item_longitude double precision default null,
  item_id uuid default null
)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  is_user boolean;
  is_undeclared boolean;
  is_known_url boolean;
  is_new boolean;
  has_additions boolean; -- columns or triggers of the application: what is stored has to be read again
  sent dpg.items;
  stored dpg.items;
begin
  -- Conditions are evaluated without a query, and these are inlined into one. Only when it does not hold, the checks say
  -- what is wrong, the first of them that raises; a document may also just be longer than what needs no look at the limit.
  if (
    dpg_private.is_actor(actor)
    and dpg_private.is_key(item_network)
    and dpg_private.is_key(item_domain)
    and dpg_private.is_key(item_type)
    and dpg_private.is_url(item_instance_url)
    and dpg_private.is_url(item_schema_url)
    and dpg_private.is_short_document(item_state)
    and dpg_private.are_coordinates(item_latitude, item_longitude)
  ) is not true then
    perform
      dpg_private.check_actor(actor),
      dpg_private.check_key('item_network', item_network),
      dpg_private.check_key('item_domain', item_domain),
      dpg_private.check_key('item_type', item_type),
      dpg_private.check_url('item_instance_url', item_instance_url),
      dpg_private.check_url('item_schema_url', item_schema_url),
      dpg_private.check_document('item_state', item_state),
      dpg_private.check_coordinates('item_latitude', item_latitude, 'item_longitude', item_longitude);
  end if;

  -- one statement instead of four; it holds for the moment, and whoever waits has to ask again
  select
    exists (select from public."user" u where u.id = upsert_item.actor),
    exists (
      select
      from dpg.networks n
      where n.network = upsert_item.item_network
        and (n.item_types -> upsert_item.item_domain ? upsert_item.item_type) is not true
    ),
    exists (
      select
      from dpg_private.instance_url_sightings s
      where s.instance_url = upsert_item.item_instance_url
    ),
    (select l.leaf from dpg_private.leaf_of('items', upsert_item.item_network, upsert_item.item_domain) l)
  into is_user, is_undeclared, is_known_url, leaf;
  if not is_known_url then
    perform dpg_private.check_instance_url('item_instance_url', item_instance_url);
  end if;
  if not is_user then
    perform dpg_private.refuse_unknown_user(actor);
  end if;
  if is_undeclared then
    perform dpg_private.check_undeclared_item(row(item_network, item_domain, item_type, item_id));
  end if;
  if is_undeclared or leaf is null then
    leaf := dpg_private.leaf_to_write('items', item_network, item_domain);
    is_known_url := false;
  end if;
  if not is_known_url then
    perform dpg_private.register_instance_url(item_instance_url); -- unless it is known by now
  end if;
  -- The first columns of the table, which are ours; the columns are named wherever a row is written, since an application
  -- may have added some, with defaults.
  sent := row(
    item_network, item_domain, item_type, coalesce(item_id, gen_random_uuid()), item_instance_url, item_schema_url, item_state,
    item_latitude, item_longitude, actor, clock_timestamp(), null::timestamptz
  );
  sent.updated_at := sent.created_at;

  -- Most upserts are new items: one insert through the root, whose plan is kept and knows no leaves. Its constraint is not
  -- named, since PostgreSQL would look for the index of it in the leaf at each call.
  insert into dpg.items (
    item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
    item_latitude, item_longitude, created_by, created_at, updated_at
  )
  values (
    item_network, item_domain, item_type, sent.item_id, item_instance_url, item_schema_url, item_state,
    item_latitude, item_longitude, actor, sent.created_at, sent.created_at
  )
  on conflict do nothing;
  is_new := found;
  -- after the insert, whose lock lets no trigger come any more
  select a.has_additions into has_additions from dpg_private.additions_to_items(leaf) a;
  if is_new then
    if has_additions then
      return dpg_private.read_written_item(leaf, sent, 'insert');
    end if;
    return sent;
  end if;

  for attempt in 1 .. 100 loop
    -- From the second attempt on the row is locked: then an insert or update that finds nothing to do was suppressed.
    execute format(
      'select * from %s i where i.item_network = $1 and i.item_domain = $2 and i.item_type = $3 and i.item_id = $4 %s',
      leaf, case when attempt > 1 then 'for no key update' end
    )
    into stored
    using sent.item_network, sent.item_domain, sent.item_type, sent.item_id;
    if stored.item_id is null then
      -- Deleted since the insert found it; or what it found is a row of a unique index that is not ours, which raises here;
      -- or a trigger of the application suppresses it each time.
      sent.created_at := clock_timestamp();
      sent.updated_at := sent.created_at;
      insert into dpg.items (
        item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
        item_latitude, item_longitude, created_by, created_at, updated_at
      )
      values (
        sent.item_network, sent.item_domain, sent.item_type, sent.item_id, sent.item_instance_url, sent.item_schema_url,
        sent.item_state, sent.item_latitude, sent.item_longitude, sent.created_by, sent.created_at, sent.updated_at
      )
      on conflict on constraint items_pkey do nothing;
      if found then
        if has_additions then
          return dpg_private.read_written_item(leaf, sent, 'insert');
        end if;
        return sent;
      end if;
      if has_additions and attempt > 2 then
        perform dpg_private.refuse_suppressed('insert', leaf, to_jsonb(dpg_private.ref_of_item(sent)));
      end if;
      continue;
    end if;
    if has_additions and dpg_private.is_repeated_item(
      stored, item_instance_url, item_schema_url, item_state, item_latitude, item_longitude, actor
    ) then
      return stored;
    end if;
    if stored.created_by <> actor then
      perform dpg_private.refuse_not_item_owner(actor, dpg_private.ref_of_item(sent));
    end if;
    if (stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude, stored.item_longitude)
      is not distinct from (item_instance_url, item_schema_url, item_state, item_latitude, item_longitude)
    then
      return stored; -- nothing to change, nothing written
    end if;
    execute format(
      'update %s i
       set item_instance_url = $5, item_schema_url = $6, item_state = $7, item_latitude = $8, item_longitude = $9,
         updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond'')
       where i.item_network = $1 and i.item_domain = $2 and i.item_type = $3 and i.item_id = $4
         and i.created_by = $10
       returning i.*', leaf
    )
    into stored
    using sent.item_network, sent.item_domain, sent.item_type, sent.item_id,
      item_instance_url, item_schema_url, item_state, item_latitude, item_longitude, actor;
    if stored.item_id is not null then
      if has_additions then
        return dpg_private.read_written_item(leaf, sent, 'update');
      end if;
      return stored;
    end if;
    if attempt > 1 then
      perform dpg_private.refuse_suppressed('update', leaf, to_jsonb(dpg_private.ref_of_item(sent)));
    end if;
  end loop;

  raise exception 'item % was deleted and made again all the while', sent.item_id
    using errcode = 'serialization_failure', hint = 'Repeat the call.';
end
$body$;

comment on function dpg.upsert_item(
  text, text, text, text, text, text, jsonb, double precision, double precision, uuid
) is
  'Makes an item of the actor, or replaces the whole content of one that the actor owns, and returns the row. Makes the leaf when needed. item_state is a JSON object; item_latitude and item_longitude are degrees, both or neither. With item_id a repeated call is safe; one that changes nothing leaves the row and updated_at as they are. Raises DP001, DP003, DP009, DP010, DP014, DP018. Example: select * from dpg.upsert_item(actor => ''asha'', item_network => ''yellow_dot'', item_domain => ''student'', item_type => ''profile_1.0'', item_instance_url => ''https://student.yellowdot.example.com'', item_schema_url => ''https://schemas.example.com/student_profile_v1.json'', item_state => ''{"name": "Asha"}'', item_latitude => 12.9716, item_longitude => 77.5946)';
--! EndIncluded items/upsert_item.sql
--! Included items/upsert_items.sql
create or replace function dpg.upsert_items(actor text, items jsonb)
returns setof dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  started_at timestamptz;
  rows dpg_private.sent_item[];
  suspect integer;
  ids_given boolean;
  known_fields constant text[] := dpg_private.item_fields();
  json_bytes constant bigint := coalesce(dpg_private.limit_of('json_bytes_per_document'), 268435455);
  json_depth constant bigint := coalesce(dpg_private.limit_of('json_depth_per_document'), 2048);
  targets dpg.item_ref[]; -- the leaves
  target dpg.item_ref;
  undeclared uuid[]; -- ids of items that are there already, though their networks do not declare them
  leaf regclass;
  leaves regclass[] := array[]::regclass[];
  has_additions boolean := false; -- columns or triggers of the application: what is stored has to be read again
  asks_for_ids boolean;
  inserted uuid[]; -- null where nobody asks: all are new, and stored as they are
  deleted record;
begin
  perform dpg_private.check_actor(actor);
  if items is null or jsonb_typeof(items) <> 'array' then
    perform dpg_private.refuse_argument('items', items, 'is not a JSON array', 'Pass a JSON array of objects.');
  end if;

  -- One pass makes rows of the elements and finds the first that is not right. created_at rises by a microsecond from
  -- element to element, so that the order of the input is an order of time.
  started_at := clock_timestamp();
  begin
    select
      array_agg(
        row(
          e.position - 1,
          e.item_network, e.item_domain, e.item_type, coalesce(e.item_id, gen_random_uuid()),
          e.item_instance_url, e.item_schema_url, coalesce(e.item_state, '{}'), e.item_latitude, e.item_longitude,
          actor,
          started_at + (e.position - 1) * interval '1 microsecond'
        )::dpg_private.sent_item
        order by e.position
      ),
      (min(e.position) filter (
        where (
          jsonb_typeof(e.element -> 'item_network') = 'string' and dpg_private.is_key(e.item_network)
          and jsonb_typeof(e.element -> 'item_domain') = 'string' and dpg_private.is_key(e.item_domain)
          and jsonb_typeof(e.element -> 'item_type') = 'string' and dpg_private.is_key(e.item_type)
          and jsonb_typeof(e.element -> 'item_instance_url') = 'string' and dpg_private.is_url(e.item_instance_url)
          and jsonb_typeof(e.element -> 'item_schema_url') = 'string' and dpg_private.is_url(e.item_schema_url)
          and (e.item_id is null or jsonb_typeof(e.element -> 'item_id') = 'string')
          and coalesce(jsonb_typeof(e.element -> 'item_state') = 'object', not e.element ? 'item_state')
          and case
            when coalesce(octet_length(e.item_state::text), 2) > 1024 then -- see dpg_private.is_short_document
              octet_length(e.item_state::text) <= json_bytes and not dpg_private.is_too_deep(e.item_state, json_depth)
            else true
          end
          and (e.item_latitude is null) = (e.item_longitude is null)
          and (
            e.item_latitude is null
            or (
              jsonb_typeof(e.element -> 'item_latitude') = 'number' and e.item_latitude between -90 and 90
              and jsonb_typeof(e.element -> 'item_longitude') = 'number' and e.item_longitude between -180 and 180
            )
          )
          and e.element - known_fields = '{}'
        ) is not true
      ) - 1)::integer,
      coalesce(bool_or(e.item_id is not null), false)
    into rows, suspect, ids_given
    from rows from (
      jsonb_array_elements(items),
      jsonb_to_recordset(items) as (
        item_network text, item_domain text, item_type text, item_instance_url text, item_schema_url text,
        item_state jsonb, item_latitude double precision, item_longitude double precision, item_id uuid
      )
    ) with ordinality e(
      element, item_network, item_domain, item_type, item_instance_url, item_schema_url,
      item_state, item_latitude, item_longitude, item_id, position
    );
  exception
    when data_exception then
      -- a value that is not of its column's type; the checks below say which one
      perform dpg_private.check_item_object(e.item, (e.position - 1)::integer)
      from jsonb_array_elements(items) with ordinality e(item, position)
      order by e.position;
      raise;
  end;
  if suspect is not null then
    perform dpg_private.check_item_object(items -> suspect, suspect);
    perform dpg_private.refuse_argument('items', items -> suspect, 'is malformed', 'Pass an object as upsert_item takes it.', suspect);
  end if;
  if ids_given then
    perform dpg_private.check_ids_differ(rows);
  end if;
  perform dpg_private.check_instance_url('item_instance_url', u.item_instance_url, u.index)
  from (
    select r.item_instance_url, min(r.index) as index
    from unnest(rows) r
    group by r.item_instance_url
  ) u
  where not exists (
    select
    from dpg_private.instance_url_sightings s
    where s.instance_url = u.item_instance_url
  );
  perform dpg_private.check_user(actor);
  if rows is null then
    return; -- no leaf says what the application has added to the result
  end if;

  targets := array(
    select row(t.item_network, t.item_domain, null, null)::dpg.item_ref
    from (select distinct r.item_network, r.item_domain from unnest(rows) r) t
    order by t.item_network, t.item_domain
  );
  if exists (select from dpg.networks n join unnest(targets) t on n.network = t.item_network) then
    undeclared := dpg_private.check_undeclared_items(rows);
  end if;
  foreach target in array targets loop
    leaf := dpg_private.leaf_to_write('items', target.item_network, target.item_domain);
    leaves := leaves || leaf;
  end loop;
  foreach leaf in array leaves loop
    execute format('lock table only dpg.items, only %s in row exclusive mode', leaf); -- so that no trigger can come any more
    has_additions := has_additions
      or (select a.has_additions from dpg_private.additions_to_items(leaf) a);
  end loop;
  perform dpg_private.register_instance_url(u.item_instance_url)
  from (select distinct r.item_instance_url from unnest(rows) r) u;

  asks_for_ids := ids_given or has_additions;
  -- Through the root in one statement, in the order of the keys: two calls with the same ids meet in the same order.
  with inserted_rows as (
    insert into dpg.items as i (
      item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
      item_latitude, item_longitude, created_by, created_at, updated_at
    )
    select
      r.item_network, r.item_domain, r.item_type, r.item_id, r.item_instance_url, r.item_schema_url, r.item_state,
      r.item_latitude, r.item_longitude, r.created_by, r.written_at, r.written_at
    from unnest(rows) r
    order by r.item_network collate "C", r.item_domain collate "C", r.item_type collate "C", r.item_id
    on conflict on constraint items_pkey do nothing
    returning case when asks_for_ids then i.item_id end as item_id
  )
  select case when asks_for_ids then array_agg(n.item_id) end
  into inserted
  from inserted_rows n;

  -- An undeclared item that was deleted since would be made anew. To lock it from the first would cross others: leaves are
  -- made before any row is locked, and rows are locked in the order of their keys.
  if undeclared && inserted then
    select row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref as item, r.index
    into deleted
    from unnest(rows) r
    where r.item_id = any (undeclared)
      and r.item_id = any (inserted)
    order by r.index
    limit 1;
    perform dpg_private.refuse_undeclared_item(deleted.item, deleted.index);
  end if;

  if has_additions or (ids_given and coalesce(cardinality(inserted), 0) < cardinality(rows)) then
    -- dynamic, since the plan that is kept of a static one would return the columns that the table had before
    return query execute 'select s.* from dpg_private.replace_items($1, $2, $3, $4) s' using actor, rows, inserted, has_additions;
  else
    return query
    select
      r.item_network, r.item_domain, r.item_type, r.item_id, r.item_instance_url, r.item_schema_url, r.item_state,
      r.item_latitude, r.item_longitude, r.created_by, r.written_at, r.written_at
    from unnest(rows) r;
  end if;
end
$body$;

comment on function dpg.upsert_items(text, jsonb) is
  'upsert_item for a JSON array of objects whose fields are item_network, item_domain, item_type, item_instance_url, item_schema_url, [item_state], [item_latitude], [item_longitude], [item_id]: all or nothing, rows in the order of the input. An id twice is DP001; DETAIL has the index, counted from 0. Raises DP001, DP003, DP009, DP010, DP014, DP018. Example: select count(*) from dpg.upsert_items(''asha'', ''[{"item_network": "yellow_dot", "item_domain": "student", "item_type": "profile_1.0", "item_instance_url": "https://student.yellowdot.example.com", "item_schema_url": "https://schemas.example.com/student_profile_v1.json", "item_state": {"name": "Asha"}}]'')';
--! EndIncluded items/upsert_items.sql
--! Included items/update_item.sql
create or replace function dpg.update_item(
  actor text,
  item_network text,
  item_domain text,
  item_type text,
  item_id uuid,
  changes jsonb,
  expected_updated_at timestamptz default null
)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  item constant dpg.item_ref := row(item_network, item_domain, item_type, item_id);
  leaf regclass;
  stored dpg.items;
  changed dpg.items;
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_item_ref(null, item),
    dpg_private.check_item_changes(changes),
    dpg_private.check_time('expected_updated_at', expected_updated_at),
    case when changes ? 'item_instance_url' then dpg_private.check_instance_url('changes.item_instance_url', changes ->> 'item_instance_url') end;

  leaf := dpg_private.leaf('items', item_network, item_domain);
  stored := dpg_private.lock_item(leaf, item, 'no key update');
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(item);
  end if;

  changed := stored;
  changed.item_instance_url := coalesce(changes ->> 'item_instance_url', stored.item_instance_url);
  changed.item_schema_url := coalesce(changes ->> 'item_schema_url', stored.item_schema_url);
  changed.item_state := coalesce(changes -> 'item_state', stored.item_state);
  if changes ? 'item_latitude' then
    changed.item_latitude := (changes ->> 'item_latitude')::double precision;
  end if;
  if changes ? 'item_longitude' then
    changed.item_longitude := (changes ->> 'item_longitude')::double precision;
  end if;
  perform dpg_private.check_coordinates('item_latitude', changed.item_latitude, 'item_longitude', changed.item_longitude);

  if stored.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, item);
  end if;
  if stored.updated_at <> expected_updated_at then
    raise exception using
      errcode = 'DP007',
      message = dpg_private.text_for_client(format(
        'item %s was changed at %s, not at %s',
        item_id, dpg_private.time_text(stored.updated_at), dpg_private.time_text(expected_updated_at)
      )),
      hint = case
        -- somebody has read it into a type without microseconds, and would read and repeat for ever
        when expected_updated_at = date_trunc('milliseconds', stored.updated_at)
          then 'Pass updated_at as text, as it was read: both times agree to the millisecond, but a Date of JavaScript or the like has no microseconds.'
        else 'Read the item again, apply the change to what it is now, and repeat the call with its updated_at.'
      end,
      detail = dpg_private.text_for_client(
        (
          to_jsonb(item) || jsonb_build_object(
            'expected_updated_at', dpg_private.time_text(expected_updated_at),
            'updated_at', dpg_private.time_text(stored.updated_at)
          )
        )::text
      );
  end if;
  if (changed.item_instance_url, changed.item_schema_url, changed.item_state, changed.item_latitude, changed.item_longitude)
    is not distinct from (stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude, stored.item_longitude)
  then
    return stored;
  end if;

  perform dpg_private.register_instance_url(changed.item_instance_url);
  execute format(
    'update %s i
     set item_instance_url = $5, item_schema_url = $6, item_state = $7, item_latitude = $8, item_longitude = $9,
       updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond'')
     where i.item_network = $1 and i.item_domain = $2 and i.item_type = $3 and i.item_id = $4
     returning i.*', leaf
  )
  into stored
  using item_network, item_domain, item_type, item_id, changed.item_instance_url, changed.item_schema_url,
    changed.item_state, changed.item_latitude, changed.item_longitude;
  if stored.item_id is null then
    perform dpg_private.refuse_suppressed('update', leaf, to_jsonb(item));
  end if;
  if (select a.has_additions from dpg_private.additions_to_items(leaf) a) then
    stored := dpg_private.read_written_item(leaf, changed, 'update');
  end if;
  return stored;
end
$body$;

comment on function dpg.update_item(text, text, text, text, uuid, jsonb, timestamptz) is
  'Replaces the columns of an owned item that changes names: item_instance_url, item_schema_url, item_state, item_latitude, item_longitude; at least one, and no others. Null clears the coordinates and is DP001 elsewhere. With expected_updated_at the call is refused (DP007) when somebody else changed the item first. One that changes nothing leaves the row as it is. Raises DP001, DP002, DP003, DP007, DP018. Example: select * from dpg.update_item(''asha'', ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111'', ''{"item_state": {"name": "Asha", "verified": true}}'')';
--! EndIncluded items/update_item.sql
--! Included events/event_fields.sql
create or replace function dpg_private.event_fields()
returns text[]
language sql
immutable
parallel safe
security invoker
return array[
  'partition_network', 'action_type', 'event_id', 'origin_instance_domain', 'action_id', 'action_status', 'update_count',
  'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_id', 'source_item_instance_url',
  'source_item_owner', 'source_item_latitude', 'source_item_longitude',
  'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_id', 'target_item_instance_url',
  'target_item_owner', 'target_item_latitude', 'target_item_longitude',
  'event_payload', 'remarks', 'created_at'
];

comment on function dpg_private.event_fields() is
  'The fields of an event that travels from one instance to another, in the order of the columns.';
--! EndIncluded events/event_fields.sql
--! Included events/event_version.sql
create or replace function dpg_private.event_version()
returns integer
language sql
immutable
parallel safe
security invoker
return 1;

comment on function dpg_private.event_version() is
  'The version of events that this database knows. It rises when dpg_private.event_fields gets a field. 1 is what 0.1.0 sends, which names none.';
--! EndIncluded events/event_version.sql
--! Included events/check_other_fields.sql
create or replace function dpg_private.check_other_fields(others jsonb)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  version constant jsonb := others -> 'version';
  unknown text;
begin
  if others ? 'version' and (not dpg_private.is_field('count', version) or version = '0') then
    perform dpg_private.refuse_argument(
      'event.version', version, 'is not a version',
      format('The version of an event is a whole number from 1 on; this instance knows up to %s.', dpg_private.event_version())
    );
  end if;
  if (version #>> '{}')::numeric > dpg_private.event_version() then
    return; -- what a newer version has more, we could not keep
  end if;
  -- Columns that an application has added to its table on both instances: here they take their default.
  select k.field
  into unknown
  from jsonb_object_keys(others) k(field)
  where k.field <> 'version'
    and not exists (
      select
      from pg_attribute a
      where a.attrelid = 'dpg.action_events'::regclass
        and a.attname = k.field
        and a.attnum > 0
        and not a.attisdropped
    )
  order by k.field
  limit 1;
  if found then
    perform dpg_private.refuse_argument(
      'event.' || left(unknown, 120), others -> unknown, 'is not a field of an event',
      format(
        'An event has the fields %s. Leave out what an application has added to the table on the other instance, as the rows of dpg.read_events do. Fields of a version that is newer than %s are ignored when the event names it: "version".',
        array_to_string(dpg_private.event_fields(), ', '), dpg_private.event_version()
      )
    );
  end if;
end
$body$;

comment on function dpg_private.check_other_fields(jsonb) is
  'What stands in an event beside its fields: its version, columns that an application has added to the table here, whose values are not taken over, and, in a newer version than ours, anything. Raises DP001 for all else.';
--! EndIncluded events/check_other_fields.sql
--! Included events/event_of_object.sql
create or replace function dpg_private.event_of_object(event jsonb)
returns dpg.action_events
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  fields constant text[] := dpg_private.event_fields();
  optional constant text[] := array[
    'source_item_latitude', 'source_item_longitude', 'target_item_latitude', 'target_item_longitude', 'event_payload', 'remarks'
  ];
  -- columns of a row that was read on another instance, true there: accepted, and found out anew
  locals constant text[] := array['source_item_is_local', 'target_item_is_local'];
  field text;
  value jsonb;
  kind text;
  result dpg.action_events;
begin
  if event is null or jsonb_typeof(event) <> 'object' then
    perform dpg_private.refuse_argument('event', event, 'is not a JSON object', 'Pass an object whose fields are column names of dpg.action_events.');
  end if;
  if event - fields - locals <> '{}' then
    perform dpg_private.check_other_fields(event - fields - locals);
    event := event - array(select k.field from jsonb_object_keys(event - fields - locals) k(field));
  end if;

  foreach field in array fields || locals loop
    value := nullif(event -> field, 'null');
    continue when value is null and field = any (optional || locals);
    kind := dpg_private.kind_of_field(field);
    if not dpg_private.is_field(kind, value) then
      perform dpg_private.check_field('event.' || field, kind, value);
    end if;
  end loop;
  perform
    dpg_private.check_document(
      'event.event_payload', coalesce(nullif(event -> 'event_payload', 'null'), dpg_private.default_payload(event ->> 'action_status'))
    ),
    dpg_private.check_coordinates(
      'event.source_item_latitude', (event ->> 'source_item_latitude')::double precision,
      'event.source_item_longitude', (event ->> 'source_item_longitude')::double precision
    ),
    dpg_private.check_coordinates(
      'event.target_item_latitude', (event ->> 'target_item_latitude')::double precision,
      'event.target_item_longitude', (event ->> 'target_item_longitude')::double precision
    );
  if event ->> 'partition_network' <> event ->> 'target_item_network' then
    perform dpg_private.refuse_argument(
      'event.partition_network', event -> 'partition_network', 'is not the target''s network',
      'partition_network is equal to target_item_network.'
    );
  end if;
  result := jsonb_populate_record(null::dpg.action_events, event - array['created_at', 'update_count'] - locals);
  result.update_count := (event -> 'update_count')::integer; -- 1.0 is 1
  result.event_payload := coalesce(nullif(event -> 'event_payload', 'null'), dpg_private.default_payload(result.action_status));
  result.created_at := dpg_private.time_of_text(event ->> 'created_at');
  return result;
end
$body$;

comment on function dpg_private.event_of_object(jsonb) is
  'The row of an event that came as JSON. What dpg_private.check_other_fields lets pass beside the fields is left out. Raises DP001 for unknown, missing or malformed fields.';
--! EndIncluded events/event_of_object.sql
--! Included events/object_of_event.sql
create or replace function dpg_private.object_of_event(event dpg.action_events)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- the same digits of coordinates, and the same times, in every session
set timezone = 'UTC'
return (
  select jsonb_object_agg(f.field, f.value)
  from jsonb_each(to_jsonb(event)) f(field, value)
  where f.field = any (dpg_private.event_fields())
);

comment on function dpg_private.object_of_event(dpg.action_events) is
  'An event as the object that dpg.store_event takes, without what an application has added to the table.';
--! EndIncluded events/object_of_event.sql
--! Included events/with_missing_fields.sql
create or replace function dpg_private.with_missing_fields(event jsonb, proposed dpg.action_events, stored dpg.action_events)
returns dpg.action_events
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not event ? 'source_item_latitude' and not event ? 'source_item_longitude' then
    proposed.source_item_latitude := stored.source_item_latitude;
    proposed.source_item_longitude := stored.source_item_longitude;
  end if;
  if not event ? 'target_item_latitude' and not event ? 'target_item_longitude' then
    proposed.target_item_latitude := stored.target_item_latitude;
    proposed.target_item_longitude := stored.target_item_longitude;
  end if;
  if not event ? 'remarks' then
    proposed.remarks := stored.remarks;
  end if;
  return proposed;
end
$body$;

comment on function dpg_private.with_missing_fields(jsonb, dpg.action_events, dpg.action_events) is
  'The event that came as this object, with the stored one''s value in each column that may be null and that the object does not name: a sender of an older version does not know it, and so says nothing of it.';
--! EndIncluded events/with_missing_fields.sql
--! Included events/refuse_origin.sql
create or replace function dpg_private.refuse_origin(event dpg.action_events)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if dpg_private.is_instance_url(event.origin_instance_domain) then
    perform dpg_private.refuse_argument(
      'event.origin_instance_domain', to_jsonb(event.origin_instance_domain), 'is a URL of this instance',
      'Events of this instance are made by its actions; only events of others are mirrored.'
    );
  end if;
  perform dpg_private.refuse_argument(
    'event.target_item_instance_url', to_jsonb(event.target_item_instance_url), 'is not the origin of the event',
    'An action lives on the instance of its target, which makes its events: target_item_instance_url and origin_instance_domain are URLs of that instance, in any spelling of one.'
  );
end
$body$;

comment on function dpg_private.refuse_origin(dpg.action_events) is
  'Raises DP001 for an event of this instance, or of one on which its action does not live.';
--! EndIncluded events/refuse_origin.sql
--! Included events/is_same_event.sql
create or replace function dpg_private.is_same_event(stored dpg.action_events, proposed dpg.action_events)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- what was taken away since cannot be compared, and is not restored
  if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, stored.event_id) then
    proposed.event_payload := stored.event_payload;
    proposed.remarks := stored.remarks;
  end if;
  -- another spelling of a URL is the same instance; most are equal
  if proposed.origin_instance_domain <> stored.origin_instance_domain
    and dpg_private.normalised_url(proposed.origin_instance_domain) = dpg_private.normalised_url(stored.origin_instance_domain)
  then
    proposed.origin_instance_domain := stored.origin_instance_domain;
  end if;
  if proposed.source_item_instance_url <> stored.source_item_instance_url
    and dpg_private.normalised_url(proposed.source_item_instance_url) = dpg_private.normalised_url(stored.source_item_instance_url)
  then
    proposed.source_item_instance_url := stored.source_item_instance_url;
  end if;
  if proposed.target_item_instance_url <> stored.target_item_instance_url
    and dpg_private.normalised_url(proposed.target_item_instance_url) = dpg_private.normalised_url(stored.target_item_instance_url)
  then
    proposed.target_item_instance_url := stored.target_item_instance_url;
  end if;
  -- An owner of this instance may have given way since, which is on record here. One of another instance may have given way
  -- there: only that instance knows, and nothing here relies on the id. So an owner alone makes no other event.
  if not stored.source_item_is_local or dpg_private.has_succeeded(stored.source_item_owner, proposed.source_item_owner) then
    proposed.source_item_owner := stored.source_item_owner;
  end if;
  if not stored.target_item_is_local then
    proposed.target_item_owner := stored.target_item_owner;
  end if;
  -- by name: what an application has added to the table is its own affair
  return (
    stored.partition_network, stored.action_type, stored.event_id, stored.origin_instance_domain, stored.action_id,
    stored.action_status, stored.update_count, stored.source_item_network, stored.source_item_domain,
    stored.source_item_type, stored.source_item_id, stored.source_item_instance_url, stored.source_item_owner,
    stored.source_item_latitude, stored.source_item_longitude, stored.target_item_network, stored.target_item_domain,
    stored.target_item_type, stored.target_item_id, stored.target_item_instance_url, stored.target_item_owner,
    stored.target_item_latitude, stored.target_item_longitude, stored.event_payload, stored.remarks,
    stored.created_at, stored.source_item_is_local, stored.target_item_is_local
  ) is not distinct from (
    proposed.partition_network, proposed.action_type, proposed.event_id, proposed.origin_instance_domain,
    proposed.action_id, proposed.action_status, proposed.update_count, proposed.source_item_network,
    proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
    proposed.source_item_instance_url, proposed.source_item_owner, proposed.source_item_latitude,
    proposed.source_item_longitude, proposed.target_item_network, proposed.target_item_domain,
    proposed.target_item_type, proposed.target_item_id, proposed.target_item_instance_url, proposed.target_item_owner,
    proposed.target_item_latitude, proposed.target_item_longitude, proposed.event_payload, proposed.remarks,
    proposed.created_at, proposed.source_item_is_local, proposed.target_item_is_local
  );
end
$body$;

comment on function dpg_private.is_same_event(dpg.action_events, dpg.action_events) is
  'Whether a stored event, one mirrored from another instance, is the proposed one, as far as it was not redacted. Owners who are users of another instance do not count, nor does one of this instance who was erased or whose items were moved. URLs of instances are compared as dpg_private.normalised_url says.';
--! EndIncluded events/is_same_event.sql
--! Included events/owner_of_source.sql
create or replace function dpg_private.owner_of_source(event dpg.action_events)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  owner text;
begin
  if not event.source_item_is_local then
    return event.source_item_owner;
  end if;
  -- Locked until the event is stored: dpg_private.replace_owner locks the same rows, and then reads the events.
  select m.source_item_owner
  into owner
  from dpg_private.mirrored_actions m
  where m.action_id = event.action_id
    and m.partition_network = event.partition_network
    and m.action_type = event.action_type
    and m.origin_instance_domain = event.origin_instance_domain
  for key share;
  if not found then
    owner := (dpg_private.lock_item(
      dpg_private.leaf('items', event.source_item_network, event.source_item_domain),
      row(event.source_item_network, event.source_item_domain, event.source_item_type, event.source_item_id),
      'key share'
    )).created_by;
  end if;
  if owner <> event.source_item_owner and dpg_private.has_succeeded(owner, event.source_item_owner) then
    return owner;
  end if;
  return event.source_item_owner;
end
$body$;

comment on function dpg_private.owner_of_source(dpg.action_events) is
  'The owner of the source of a mirrored event, as this instance has it now. The instance that made the event knows the owner from when the action was made: where that user was erased since, or the items were moved to another user, it is the one who has taken the place.';
--! EndIncluded events/owner_of_source.sql
--! Included redactions/get_differing_event.sql
create or replace function dpg_private.get_differing_event(event jsonb, proposed dpg.action_events)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  kept record;
  differing dpg.action_events;
begin
  for kept in
    select d.event, d.source_item_is_local
    from dpg.differing_events d
    where d.event_id = proposed.event_id
      and d.partition_network = proposed.partition_network
      and d.action_type = proposed.action_type
    order by d.redaction_id
  loop
    differing := dpg_private.event_of_object(kept.event);
    differing.source_item_is_local := kept.source_item_is_local;
    differing.target_item_is_local := false;
    proposed.source_item_is_local := kept.source_item_is_local;
    if dpg_private.is_same_event(differing, dpg_private.with_missing_fields(event, proposed, differing)) then
      return differing;
    end if;
  end loop;
  return null;
end
$body$;

comment on function dpg_private.get_differing_event(jsonb, dpg.action_events) is
  'The event of dpg.differing_events that is the proposed one, which came as this object; all columns null where none is.';
--! EndIncluded redactions/get_differing_event.sql
--! Included actions/note_mirrored_action.sql
create or replace function dpg_private.note_mirrored_action(event dpg.action_events)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  known_origin text;
begin
  if not event.source_item_is_local then
    return; -- nobody here is a party
  end if;
  -- an action whose events spell their origin in two ways is one action, under the spelling that came first
  select m.origin_instance_domain
  into known_origin
  from dpg_private.mirrored_actions m
  where m.action_id = event.action_id
    and m.partition_network = event.partition_network
    and m.action_type = event.action_type
    and (
      m.origin_instance_domain = event.origin_instance_domain
      or dpg_private.normalised_url(m.origin_instance_domain) = dpg_private.normalised_url(event.origin_instance_domain)
    )
  order by m.origin_instance_domain = event.origin_instance_domain desc, m.origin_instance_domain
  limit 1;
  -- Whichever order the events come in, the row ends the same: status and time of the highest update_count, remarks of
  -- the highest that has some, the time of the first. Between which items it is does not change: that is as the event says
  -- which made the row, and of two at once the second waits here for the first.
  insert into dpg_private.mirrored_actions as m (
    partition_network, action_type, action_id, action_status, update_count, requirements_snapshot, remarks,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url, source_item_owner,
    target_item_network, target_item_domain, target_item_type, target_item_id, target_item_instance_url, target_item_owner,
    created_at, updated_at, source_item_latitude, source_item_longitude, target_item_latitude, target_item_longitude,
    source_item_is_local, source_local_item_id, origin_instance_domain, remarks_update_count
  )
  values (
    event.partition_network, event.action_type, event.action_id, event.action_status, event.update_count, '{}', event.remarks,
    event.source_item_network, event.source_item_domain, event.source_item_type, event.source_item_id,
    event.source_item_instance_url, event.source_item_owner,
    event.target_item_network, event.target_item_domain, event.target_item_type, event.target_item_id,
    event.target_item_instance_url, event.target_item_owner,
    event.created_at, event.created_at, event.source_item_latitude, event.source_item_longitude,
    event.target_item_latitude, event.target_item_longitude,
    true, case when event.source_item_network = event.partition_network then event.source_item_id end,
    coalesce(known_origin, event.origin_instance_domain), case when event.remarks is not null then event.update_count end
  )
  on conflict on constraint mirrored_actions_pkey do update
  set action_status = case when excluded.update_count > m.update_count then excluded.action_status else m.action_status end,
    updated_at = case when excluded.update_count > m.update_count then excluded.updated_at else m.updated_at end,
    update_count = greatest(m.update_count, excluded.update_count),
    created_at = least(m.created_at, excluded.created_at),
    remarks = case
      when excluded.remarks_update_count > coalesce(m.remarks_update_count, -1) then excluded.remarks
      else m.remarks
    end,
    remarks_update_count = greatest(m.remarks_update_count, excluded.remarks_update_count)
  where (
      m.source_item_network, m.source_item_domain, m.source_item_type, m.source_item_id
    ) = (
      event.source_item_network, event.source_item_domain, event.source_item_type, event.source_item_id
    )
    and (
      m.target_item_network, m.target_item_domain, m.target_item_type, m.target_item_id
    ) = (
      event.target_item_network, event.target_item_domain, event.target_item_type, event.target_item_id
    )
    and (
      m.source_item_instance_url = event.source_item_instance_url
      or dpg_private.normalised_url(m.source_item_instance_url) = dpg_private.normalised_url(event.source_item_instance_url)
    )
    and (
      m.target_item_instance_url = event.target_item_instance_url
      or dpg_private.normalised_url(m.target_item_instance_url) = dpg_private.normalised_url(event.target_item_instance_url)
    );
  if not found then
    perform dpg_private.refuse_event_of_other_items(event);
  end if;
end
$body$;

comment on function dpg_private.note_mirrored_action(dpg.action_events) is
  'Keeps dpg_private.mirrored_actions for a mirrored event that was not there before. Raises DP008 when it is between other items than its action.';
--! EndIncluded actions/note_mirrored_action.sql
--! Included events/store_event.sql
create or replace function dpg.store_event(event jsonb)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  sent dpg.action_events;
  proposed dpg.action_events;
  stored dpg.action_events;
  compared dpg.action_events; -- the proposed one, with what its sender does not know
  differing dpg.action_events;
  is_new boolean := false;
  is_own boolean;
  spellings text[]; -- of its origin, as far as they are noted
  spelling text;
begin
  proposed := dpg_private.event_of_object(event);

  -- one statement instead of three
  select
    exists (
      select
      from dpg_private.instance_url_sightings s
      where dpg_private.normalised_url(s.instance_url) = dpg_private.normalised_url(proposed.origin_instance_domain)
    ),
    exists (
      select
      from dpg_private.instance_url_sightings s
      where dpg_private.normalised_url(s.instance_url) = dpg_private.normalised_url(proposed.source_item_instance_url)
    ),
    (
      select array_agg(distinct p.instance_url)
      from dpg_private.peer_url_sightings p
      where dpg_private.normalised_url(p.instance_url) = dpg_private.normalised_url(proposed.origin_instance_domain)
    )
  into is_own, proposed.source_item_is_local, spellings;
  proposed.target_item_is_local := false; -- the action lives where the event was made
  if is_own
    or (
      proposed.target_item_instance_url <> proposed.origin_instance_domain
      and dpg_private.normalised_url(proposed.target_item_instance_url) <> dpg_private.normalised_url(proposed.origin_instance_domain)
    )
  then
    perform dpg_private.refuse_origin(proposed);
  end if;
  if exists (
    select from dpg.networks n where n.network in (proposed.source_item_network, proposed.target_item_network)
  ) then
    perform dpg_private.check_interaction(
      proposed.action_type,
      row(proposed.source_item_network, proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id),
      row(proposed.target_item_network, proposed.target_item_domain, proposed.target_item_type, proposed.target_item_id),
      proposed.action_id, proposed.origin_instance_domain
    );
  end if;

  if dpg_private.leaf('action_events', proposed.partition_network, proposed.action_type) is null then
    perform dpg_private.ensure_mirrored_leaf(proposed.partition_network, proposed.action_type);
  end if;
  sent := proposed;
  -- The key of the table compares texts: under another spelling of its origin, this update may have its event already.
  foreach spelling in array coalesce(array_remove(spellings, proposed.origin_instance_domain), '{}') loop
    stored := dpg_private.get_event_of_update(
      proposed.partition_network, proposed.action_type, spelling, proposed.action_id, proposed.update_count
    );
    exit when stored.event_id is not null;
  end loop;
  if stored.event_id is null then
    proposed.source_item_owner := dpg_private.owner_of_source(proposed);
    is_new := dpg_private.insert_event(proposed);
    stored := dpg_private.get_event(proposed.partition_network, proposed.action_type, proposed.event_id);
  end if;
  if stored.event_id is null and not is_new then
    stored := dpg_private.get_event_of_update(
      proposed.partition_network, proposed.action_type, proposed.origin_instance_domain,
      proposed.action_id, proposed.update_count
    );
  end if;
  if is_new then
    if (stored.event_id, stored.action_id, stored.update_count, stored.origin_instance_domain)
      is distinct from (proposed.event_id, proposed.action_id, proposed.update_count, proposed.origin_instance_domain)
    then
      perform dpg_private.refuse_suppressed(
        'insert', dpg_private.leaf('action_events', proposed.partition_network, proposed.action_type),
        jsonb_build_object('event_id', proposed.event_id)
      );
    end if;
    if not dpg_private.is_same_event(stored, proposed) then
      perform dpg_private.note_sent(
        'action_events', stored.partition_network, stored.action_type, '', stored.event_id,
        dpg_private.digest_of_event(sent), dpg_private.digest_of_event(stored)
      );
    end if;
    perform dpg_private.note_mirrored_action(stored);
    if (proposed.origin_instance_domain = any (spellings)) is not true then
      perform dpg_private.note_peer_url(proposed.origin_instance_domain);
    end if;
    return stored;
  end if;

  -- whether the source is local was decided when the event came
  proposed.source_item_is_local := stored.source_item_is_local;
  compared := dpg_private.with_missing_fields(event, proposed, stored);
  if not dpg_private.is_same_event(stored, compared)
    and not dpg_private.was_sent(
      'action_events', stored.partition_network, stored.action_type, '', sent.event_id, dpg_private.digest_of_event(sent)
    )
  then
    -- as it was sent before the other instance gave its items to another of its users
    sent.target_item_owner := stored.target_item_owner;
    if not stored.source_item_is_local then
      sent.source_item_owner := stored.source_item_owner;
    end if;
    if not dpg_private.was_sent(
      'action_events', stored.partition_network, stored.action_type, '', sent.event_id, dpg_private.digest_of_event(sent)
    ) then
      -- unless somebody has accepted that its origin says two things of one update
      differing := dpg_private.get_differing_event(event, proposed);
      if differing.event_id is null then
        perform dpg_private.refuse_different_event(stored);
      end if;
      return differing;
    end if;
  end if;
  return stored;
end
$body$;

comment on function dpg.store_event(jsonb) is
  'Stores an event mirrored from another instance, an object whose fields are the column names of dpg.action_events; event_id and created_at are kept, source_item_is_local and target_item_is_local found out anew. Where the source is of this instance, its owner finds the event and, by dpg.find_actions and dpg.get_action, its action as the event of the highest update_count left it. The caller must have authenticated the origin. The same event again returns the stored row; other content under the same id, or for the same origin, action and update_count, is DP008 (another owner alone is not: items may have been moved since), and so is an event between other items than the action has here that it tells of; an origin of our own is DP001, and so is a target_item_instance_url that is not the origin. The object may name its version: unknown fields of one that is newer than ours are left out; without it, or with one that we know, they are DP001, but for columns that an application has added to the table here. A field that is missing is no other content than the stored one. Once dpg.accept_differing_event has accepted an event, it is returned as it was accepted. Raises DP001, DP008, DP010, DP014, DP018. Example: select * from dpg.store_event(''{"partition_network": "yellow_dot", "action_type": "connect", "event_id": "44444444-4444-4444-8444-444444444444", "origin_instance_domain": "https://tutor.yellowdot.example.com", "action_id": "33333333-3333-4333-8333-333333333333", "action_status": "created", "update_count": 0, "source_item_network": "yellow_dot", "source_item_domain": "student", "source_item_type": "profile_1.0", "source_item_id": "11111111-1111-4111-8111-111111111111", "source_item_instance_url": "https://student.yellowdot.example.com", "source_item_owner": "asha", "target_item_network": "yellow_dot", "target_item_domain": "tutor", "target_item_type": "profile_1.0", "target_item_id": "22222222-2222-4222-8222-222222222222", "target_item_instance_url": "https://tutor.yellowdot.example.com", "target_item_owner": "ravi", "event_payload": {"status": "created"}, "created_at": "2026-01-01T00:00:00.000000Z"}'')';
--! EndIncluded events/store_event.sql
--! Included actions/open_action.sql
create or replace function dpg_private.open_action(proposed dpg.item_actions, event_payload jsonb, leaf regclass, events_leaf regclass)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.item_actions;
  first_event dpg.action_events;
  is_new boolean := false;
  inserted_rows bigint;
  has_additions boolean; -- columns or triggers of the application: row and event are written another way
  caller_plan_cache_mode constant text := current_setting('plan_cache_mode');
  caller_constraint_exclusion constant text := current_setting('constraint_exclusion');
begin
  proposed.action_id := coalesce(proposed.action_id, gen_random_uuid());
  -- so that no trigger of the application can come between the look for triggers and the insert
  execute format(
    'lock table only dpg.item_actions, only dpg.action_events, only %s, only %s in row exclusive mode', leaf, events_leaf
  );
  select coalesce(d.initial_status, 'created'), a.has_additions
  into proposed.action_status, has_additions
  from dpg_private.additions_to_actions(leaf, events_leaf) a
  left join dpg.action_definitions d
    on d.partition_network = proposed.partition_network
    and d.action_type = proposed.action_type;
  proposed.update_count := 0;
  proposed.created_at := clock_timestamp();
  proposed.updated_at := proposed.created_at;

  if has_additions then
    -- its id is known to be new, or it is told from a repetition below
    stored := dpg_private.find_action(leaf, proposed.partition_network, proposed.action_type, proposed.action_id);
    if stored.action_id is null then
      perform
        set_config('plan_cache_mode', 'force_custom_plan', true), -- for the foreign keys, see below
        set_config('constraint_exclusion', 'off', true);
      stored := dpg_private.write_beside_triggers(
        leaf, proposed, gen_random_uuid(),
        coalesce(event_payload, dpg_private.default_payload(proposed.action_status)), proposed.remarks
      );
      perform
        set_config('plan_cache_mode', caller_plan_cache_mode, true),
        set_config('constraint_exclusion', caller_constraint_exclusion, true);
      if stored.action_id is not null then
        return stored;
      end if;
    end if;
  else
    -- The foreign keys to the network's items are checked by statements that PostgreSQL keeps: at their sixth use in a
    -- session it would make a generic plan over all of the network's leaves, only to drop it. The setting against that
    -- comes with the execution of the insert, which keeps its own plan; and another, since the keys name the leaf, so that
    -- no checks need be read to exclude it.
    insert into dpg.item_actions (
      partition_network, action_type, action_id, action_status, update_count, requirements_snapshot, remarks,
      source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
      source_item_owner, target_item_network, target_item_domain, target_item_type, target_item_id,
      target_item_instance_url, target_item_owner, created_at, updated_at, source_item_latitude,
      source_item_longitude, target_item_latitude, target_item_longitude, source_item_is_local, source_local_item_id
    )
    select
      proposed.partition_network, proposed.action_type, proposed.action_id, proposed.action_status,
      proposed.update_count, proposed.requirements_snapshot, proposed.remarks, proposed.source_item_network,
      proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
      proposed.source_item_instance_url, proposed.source_item_owner, proposed.target_item_network,
      proposed.target_item_domain, proposed.target_item_type, proposed.target_item_id,
      proposed.target_item_instance_url, proposed.target_item_owner, proposed.created_at, proposed.updated_at,
      proposed.source_item_latitude, proposed.source_item_longitude, proposed.target_item_latitude,
      proposed.target_item_longitude, proposed.source_item_is_local, proposed.source_local_item_id
    where set_config('plan_cache_mode', 'force_custom_plan', true) is not null
      and set_config('constraint_exclusion', 'off', true) is not null
    on conflict do nothing; -- a constraint that is named would be looked for in the leaf at each call
    is_new := found;
    perform
      set_config('plan_cache_mode', caller_plan_cache_mode, true),
      set_config('constraint_exclusion', caller_constraint_exclusion, true);
    if not is_new then
      -- the id was used before; or a unique index that is not ours has such a row, which raises here
      execute format(
        'insert into dpg.item_actions (%s) select %s from (select ($1).*) a on conflict on constraint item_actions_pkey do nothing',
        replace(dpg_private.action_columns_sql(), 'a.', ''), dpg_private.action_columns_sql()
      )
      using proposed;
      get diagnostics inserted_rows = row_count;
      is_new := inserted_rows > 0;
    end if;
  end if;
  if not is_new then
    stored := dpg_private.lock_action(
      leaf, proposed.partition_network, proposed.action_type, proposed.action_id, 'key share'
    );
    first_event := dpg_private.get_event_of_update(
      stored.partition_network, stored.action_type, stored.target_item_instance_url, stored.action_id, 0
    );
    -- another spelling of the source's URL is the same instance
    if proposed.source_item_instance_url <> stored.source_item_instance_url
      and dpg_private.normalised_url(proposed.source_item_instance_url) = dpg_private.normalised_url(stored.source_item_instance_url)
    then
      proposed.source_item_instance_url := stored.source_item_instance_url;
    end if;
    -- what was taken away since cannot be compared
    if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id) then
      proposed.requirements_snapshot := stored.requirements_snapshot;
    end if;
    if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, first_event.event_id) then
      event_payload := first_event.event_payload;
      proposed.remarks := first_event.remarks;
    end if;
    if (
        (
          (
            stored.requirements_snapshot, stored.source_item_is_local,
            stored.source_item_network, stored.source_item_domain, stored.source_item_type, stored.source_item_id,
            stored.source_item_owner,
            stored.target_item_network, stored.target_item_domain, stored.target_item_type, stored.target_item_id
          ) is distinct from (
            proposed.requirements_snapshot, proposed.source_item_is_local,
            proposed.source_item_network, proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
            proposed.source_item_owner,
            proposed.target_item_network, proposed.target_item_domain, proposed.target_item_type, proposed.target_item_id
          )
          -- what a remote source says of itself; a local one is read from its item, which may have changed since
          or (
            not proposed.source_item_is_local
            and (stored.source_item_instance_url, stored.source_item_latitude, stored.source_item_longitude)
              is distinct from (proposed.source_item_instance_url, proposed.source_item_latitude, proposed.source_item_longitude)
          )
        )
        -- nor is it what was sent, of which a trigger of the application made what is stored
        and not dpg_private.was_sent(
          'item_actions', stored.partition_network, stored.action_type, '', stored.action_id, dpg_private.digest_of_action(proposed)
        )
      )
      or (
        first_event.event_id is not null -- else it was lost, and dpg.confirm_lost_events has said so
        and (first_event.event_payload, first_event.remarks)
          is distinct from (
            coalesce(event_payload, dpg_private.default_payload(first_event.action_status)), proposed.remarks
          )
        and not dpg_private.was_sent(
          'action_events', stored.partition_network, stored.action_type, '', first_event.event_id,
          dpg_private.digest_of_change(
            proposed.action_status, coalesce(event_payload, dpg_private.default_payload(proposed.action_status)), proposed.remarks
          )
        )
      )
    then
      perform dpg_private.refuse_different_action(proposed);
    end if;
    return stored;
  end if;

  if not dpg_private.append_event(
    proposed,
    gen_random_uuid(),
    coalesce(event_payload, dpg_private.default_payload(proposed.action_status)),
    proposed.remarks
  ) then
    -- an event that was mirrored before its origin became a URL of ours has the place
    perform dpg_private.refuse_different_event(
      dpg_private.get_event_of_update(
        proposed.partition_network, proposed.action_type, proposed.target_item_instance_url, proposed.action_id, 0
      )
    );
  end if;
  return proposed;
end
$body$;

comment on function dpg_private.open_action(dpg.item_actions, jsonb, regclass, regclass) is
  'Stores a new action with its first event, in these leaves: initial status, update_count 0, times of now. With an action_id that was used before: the stored row when the content is the same, else DP008. Raises DP008, DP018.';
--! EndIncluded actions/open_action.sql
--! Included actions/receive_action.sql
create or replace function dpg.receive_action(
  action_type text,
  source dpg.item_ref,
  source_item_instance_url text,
  source_item_owner text,
  target dpg.item_ref,
  requirements_snapshot jsonb default null,
  remarks text default null,
  event_payload jsonb default null,
  action_id uuid default null,
  source_item_latitude double precision default null,
  source_item_longitude double precision default null
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  target_leaf regclass;
  action_leaf regclass;
  event_leaf regclass;
  is_registered boolean;
  is_known_url boolean;
  target_item dpg.items;
  proposed dpg.item_actions;
begin
  requirements_snapshot := coalesce(requirements_snapshot, '{}');
  -- a condition is evaluated without a query; how many of the checks return something says nothing
  if num_nonnulls(
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_item_ref('source', source),
    dpg_private.check_remote_source(source_item_instance_url, source_item_owner),
    dpg_private.check_item_ref('target', target),
    dpg_private.check_document('requirements_snapshot', requirements_snapshot),
    dpg_private.check_remarks(remarks),
    dpg_private.check_coordinates(
      'source_item_latitude', source_item_latitude, 'source_item_longitude', source_item_longitude
    ),
    case when event_payload is not null then dpg_private.check_document('event_payload', event_payload) end
  ) is null then
    return null;
  end if;
  -- one statement instead of four; it holds for the moment, and whoever waits has to ask again
  select
    exists (select from dpg.networks n where n.network in (source.item_network, target.item_network)),
    exists (
      select
      from dpg_private.peer_url_sightings p
      where p.instance_url = receive_action.source_item_instance_url
    ),
    (select l.leaf from dpg_private.leaf_of('items', target.item_network, target.item_domain) l),
    (select l.leaf from dpg_private.leaf_of('item_actions', target.item_network, receive_action.action_type) l),
    (select l.leaf from dpg_private.leaf_of('action_events', target.item_network, receive_action.action_type) l)
  into is_registered, is_known_url, target_leaf, action_leaf, event_leaf;
  if is_registered then
    perform dpg_private.check_interaction(action_type, source, target, action_id);
  end if;

  -- before the item is locked: see dpg.perform_action
  if action_leaf is null or event_leaf is null then
    target_item := dpg.get_item(target.item_network, target.item_domain, target.item_type, target.item_id);
    action_leaf := dpg_private.leaf_to_write('item_actions', target.item_network, action_type);
    event_leaf := dpg_private.leaf_to_write('action_events', target.item_network, action_type);
    target_leaf := dpg_private.leaf('items', target.item_network, target.item_domain);
  end if;
  target_item := dpg_private.lock_item(target_leaf, target, 'key share');
  if target_item.item_id is null then
    perform dpg_private.refuse_item_not_found(target);
  end if;

  proposed.partition_network := target.item_network;
  proposed.action_type := action_type;
  proposed.action_id := action_id;
  proposed.requirements_snapshot := requirements_snapshot;
  proposed.remarks := remarks;
  proposed.source_item_network := source.item_network;
  proposed.source_item_domain := source.item_domain;
  proposed.source_item_type := source.item_type;
  proposed.source_item_id := source.item_id;
  proposed.source_item_instance_url := source_item_instance_url;
  proposed.source_item_owner := source_item_owner;
  proposed.source_item_latitude := source_item_latitude;
  proposed.source_item_longitude := source_item_longitude;
  proposed.source_item_is_local := false;
  proposed.target_item_network := target.item_network;
  proposed.target_item_domain := target.item_domain;
  proposed.target_item_type := target.item_type;
  proposed.target_item_id := target.item_id;
  proposed.target_item_instance_url := target_item.item_instance_url;
  proposed.target_item_owner := target_item.created_by;
  proposed.target_item_latitude := target_item.item_latitude;
  proposed.target_item_longitude := target_item.item_longitude;
  if not is_known_url then
    perform dpg_private.note_peer_url(source_item_instance_url);
  end if;
  return dpg_private.open_action(proposed, event_payload, action_leaf, event_leaf);
end
$body$;

comment on function dpg.receive_action(
  text, dpg.item_ref, text, text, dpg.item_ref, jsonb, text, jsonb, uuid, double precision, double precision
) is
  'perform_action for a source that lives on another instance, which asserts its owner and coordinates (degrees); the caller must have authenticated that instance. A URL of our own is DP001; from then on no item may be given this one (dpg.forget_instance_url strikes it). With action_id, chosen by the sender, a repeated call is safe. Raises DP001, DP002, DP008, DP010, DP014, DP018. Example: select * from dpg.receive_action(''connect'', row(''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''), ''https://student.yellowdot.example.com'', ''asha'', row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222''))';
--! EndIncluded actions/receive_action.sql
--! Included actions/receive_transition.sql
create or replace function dpg.receive_transition(
  source_item_instance_url text,
  source_item_owner text,
  partition_network text,
  action_type text,
  action_id uuid,
  action_status text,
  expected_update_count integer default null,
  event_payload jsonb default null,
  remarks text default null,
  event_id uuid default null
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  action dpg.item_actions;
begin
  -- a condition is evaluated without a query; how many of the checks return something says nothing
  if num_nonnulls(
    dpg_private.check_remote_source(source_item_instance_url, source_item_owner),
    dpg_private.check_move(
      partition_network, action_type, action_id, action_status, expected_update_count, event_payload, remarks
    )
  ) is null then
    return null;
  end if;
  leaf := dpg_private.leaf('item_actions', partition_network, action_type);
  action := dpg_private.lock_action(leaf, partition_network, action_type, action_id, 'no key update');
  if action.source_item_is_local
    or (
      action.source_item_instance_url <> source_item_instance_url
      and dpg_private.normalised_url(action.source_item_instance_url) <> dpg_private.normalised_url(source_item_instance_url)
    )
    or action.source_item_owner <> source_item_owner
  then
    perform dpg_private.refuse_not_action_party(
      source_item_owner, action,
      format('of %L is no party of', source_item_instance_url),
      'URL and owner must be those with which the other instance made the action.',
      jsonb_build_object('source_item_instance_url', source_item_instance_url)
    );
  end if;
  return dpg_private.move_action(
    leaf, source_item_owner, array['initiated'], action, action_status, expected_update_count, event_payload, remarks, event_id
  );
end
$body$;

comment on function dpg.receive_transition(text, text, text, text, uuid, text, integer, jsonb, text, uuid) is
  'transition_action for the source party of an action that came by receive_action: URL and owner must equal those in the action, the URL in any spelling of it; the caller must have authenticated that instance. With event_id, chosen by the sender, a repeated call is safe. Raises DP001, DP004, DP005, DP006, DP007, DP008, DP010, DP018. Example: select * from dpg.receive_transition(''https://student.yellowdot.example.com'', ''asha'', ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333'', ''withdrawn'')';
--! EndIncluded actions/receive_transition.sql
--! Included feed/place_events.sql
create or replace function dpg_private.place_events()
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
-- Rows that were taken away lie in the table until it is vacuumed: it is never read whole, and not looked into by the
-- planner either, which it does to estimate what is beyond a known value.
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $body$
declare
  former_lock constant bigint := 7237117967450113; -- that of 0.1.0
  state dpg_private.feed_state;
  writers text[];
  is_swept boolean := false;
  seqs bigint[];
  taken integer;
  placed integer;
begin
  perform dpg_private.check_transaction('dpg_private.place_events');
  select s.* into state from dpg_private.feed_state s where s.is_only;
  perform q.seq from dpg_private.event_queue q where q.seq > state.swept_seq order by q.seq limit 1;
  if not found then
    return false;
  end if;
  -- dpg.subscription_status looks for this lock
  begin
    lock table dpg_private.feed_turn in share update exclusive mode nowait;
  exception
    when lock_not_available then
      return false;
  end;
  if not pg_try_advisory_xact_lock(former_lock) and dpg_private.is_former_turn(former_lock, 'dpg_private.feed_state') then
    return false;
  end if;
  -- A position that somebody was told must outlive a crash, or it could be given to another event then.
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  perform dpg_private.enter_feed_home();
  select s.* into state from dpg_private.feed_state s where s.is_only;

  -- Up to which seq has everybody ended who could have drawn one? First the last seq that was drawn, then who is
  -- writing; when those have ended, a search that begins after that finds all there will ever be.
  if state.sweeping_seq is null then
    select q.last_value into state.sweeping_seq from dpg_private.event_queue_seq_seq q;
    if state.sweeping_seq - state.swept_seq < 500 then
      state.sweeping_seq := null;
    else
      state.sweeping_behind := dpg_private.queue_writers();
      is_swept := state.sweeping_behind = '{}';
      if not is_swept then
        update dpg_private.feed_state s
        set sweeping_seq = state.sweeping_seq, sweeping_behind = state.sweeping_behind
        where s.is_only;
      end if;
    end if;
  else
    writers := dpg_private.queue_writers();
    is_swept := not writers && state.sweeping_behind and array_to_string(writers, ' ') not like '%-1/%';
  end if;

  -- A statement of its own, so that its snapshot is younger than the lock: it sees what the last holder has done. Of an
  -- action it sees update 1 where it sees update 2, since the row lock let them commit in that order.
  seqs := array(
    select q.seq
    from dpg_private.event_queue q
    where q.seq > state.swept_seq
    order by q.seq
    limit 1000
  );
  with taken as (
    delete from dpg_private.event_queue q
    where q.seq = any (seqs)
    returning q.seq, q.partition_network, q.action_type, q.event_id, q.source_item_instance_url, q.created_at
  ),
  placed as (
    insert into dpg_private.event_feed (partition_network, action_type, event_id, source_item_instance_url, created_at)
    select t.partition_network, t.action_type, t.event_id, t.source_item_instance_url, t.created_at
    from taken t
    order by t.seq
    returning 1
  )
  select (select count(*) from taken), (select count(*) from placed) into taken, placed;
  if taken < cardinality(seqs) then
    perform dpg_private.refuse_suppressed('delete', 'dpg_private.event_queue');
  end if;
  if placed < taken then
    perform dpg_private.refuse_suppressed('insert', 'dpg_private.event_feed');
  end if;

  if is_swept and not exists (
    select
    from dpg_private.event_queue q
    where q.seq > state.swept_seq
      and q.seq <= state.sweeping_seq
  ) then
    update dpg_private.feed_state s
    set swept_seq = state.sweeping_seq, sweeping_seq = null, sweeping_behind = null
    where s.is_only;
  end if;
  return true;
end
$body$;

comment on function dpg_private.place_events() is
  'Gives positions in the feed to the next events that can be seen and have none, 1,000 at most; whether there were any. One transaction at a time does that, until it ends; for others there is nothing to place meanwhile. Raises 25006, 25000 (dpg_private.check_transaction), DP018.';
--! EndIncluded feed/place_events.sql
--! Included feed/create_subscription.sql
create or replace function dpg.create_subscription(
  subscription text,
  partition_network text default null,
  action_type text default null,
  source_item_instance_url text default null
)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions;
begin
  perform dpg_private.check_key('subscription', subscription);
  if partition_network is not null then
    perform dpg_private.check_key('partition_network', partition_network);
  end if;
  if action_type is not null then
    perform dpg_private.check_key('action_type', action_type);
  end if;
  if source_item_instance_url is not null then
    perform dpg_private.check_url('source_item_instance_url', source_item_instance_url);
  end if;

  select s.* into stored from dpg.subscriptions s where s.subscription = create_subscription.subscription;
  if not found then
    -- One that came in this moment is met by the conflict, and returned by an update that changes nothing. Under repeatable
    -- read it is 40001.
    insert into dpg.subscriptions as s (subscription, partition_network, action_type, source_item_instance_url)
    values (
      create_subscription.subscription, create_subscription.partition_network, create_subscription.action_type,
      create_subscription.source_item_instance_url
    )
    on conflict on constraint subscriptions_pkey do update
    set created_at = s.created_at
    returning s.* into stored;
    if not found then
      perform dpg_private.refuse_suppressed('insert', 'dpg.subscriptions', jsonb_build_object('subscription', subscription));
    end if;
  end if;
  if (stored.partition_network, stored.action_type, dpg_private.normalised_url(stored.source_item_instance_url))
    is distinct from (partition_network, action_type, dpg_private.normalised_url(source_item_instance_url))
  then
    raise exception using
      errcode = 'DP008',
      message = dpg_private.text_for_client(
        format('subscription %L is there already, with other filters', subscription)
      ),
      hint = 'Give another subscription another name, or drop this one first: dpg.drop_subscription.',
      detail = dpg_private.text_for_client(jsonb_build_object(
        'subscription', subscription, 'partition_network', stored.partition_network,
        'action_type', stored.action_type, 'source_item_instance_url', stored.source_item_instance_url
      )::text);
  end if;
  return stored;
end
$body$;

comment on function dpg.create_subscription(text, text, text, text) is
  'Makes a subscription to the events of this instance, from the first one on: all, or those of a network, of an action type, for one instance (source_item_instance_url, the instance of the action''s source, in any spelling), or of several of these together. The same again returns the row as it is now; other filters are DP008. Raises DP001, DP008, DP018. Example: select * from dpg.create_subscription(''to student'', source_item_instance_url => ''https://student.yellowdot.example.com'')';
--! EndIncluded feed/create_subscription.sql
--! Included feed/next_positions.sql
create or replace function dpg_private.next_positions(reader dpg.subscriptions, max_events integer)
returns bigint[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  positions bigint[];
begin
  -- only the filters that there are, so that the planner knows whose index to take
  execute format(
    'select array(
       select f."position"
       from dpg_private.event_feed f
       where f."position" > $1 %s %s %s
       order by f."position"
       limit $2
     )',
    case when reader.source_item_instance_url is not null then 'and dpg_private.normalised_url(f.source_item_instance_url) = $3' end,
    case when reader.partition_network is not null then 'and f.partition_network = $4' end,
    case when reader.action_type is not null then 'and f.action_type = $5' end
  )
  into positions
  using greatest(reader.acknowledged_position, reader.passed_position), max_events,
    dpg_private.normalised_url(reader.source_item_instance_url), reader.partition_network, reader.action_type;
  return positions;
end
$body$;

comment on function dpg_private.next_positions(dpg.subscriptions, integer) is
  'The next positions that a subscription has not acknowledged, in order, as committed by now.';
--! EndIncluded feed/next_positions.sql
--! Included feed/peers.sql
create or replace view dpg.peers as
with recursive instances as (
  -- from one instance to the next along the index, so that the length of the feed does not matter
  select min(dpg_private.normalised_url(f.source_item_instance_url)) as form
  from dpg_private.event_feed f
  union all
  select (
    select min(dpg_private.normalised_url(f.source_item_instance_url))
    from dpg_private.event_feed f
    where dpg_private.normalised_url(f.source_item_instance_url) > i.form
  )
  from instances i
  where i.form is not null
)
select p.instance_url
from (
  -- The spelling that came first stays the one that is shown: a mirror names its subscription for it.
  select i.form, f.source_item_instance_url as instance_url
  from instances i
  cross join lateral (
    select f.source_item_instance_url
    from dpg_private.event_feed f
    where dpg_private.normalised_url(f.source_item_instance_url) = i.form
    order by f."position"
    limit 1
  ) f
  where i.form is not null
  union all
  select q.form, q.instance_url
  from (
    select distinct on (dpg_private.normalised_url(q.source_item_instance_url))
      dpg_private.normalised_url(q.source_item_instance_url) as form,
      q.source_item_instance_url as instance_url
    from dpg_private.event_queue q
    order by dpg_private.normalised_url(q.source_item_instance_url), q.seq
  ) q
  where not exists (
    select
    from dpg_private.event_feed f
    where dpg_private.normalised_url(f.source_item_instance_url) = q.form
  )
) p
where not exists (
  select
  from dpg_private.instance_url_sightings s
  where dpg_private.normalised_url(s.instance_url) = p.form
);

comment on view dpg.peers is
  'The other instances that there are events for: each that is the source of one and none of ours. One row an instance: of several spellings of its URL the one whose event came first. What a mirror needs a subscription for.';
comment on column dpg.peers.instance_url is 'URL of the other instance.';
--! EndIncluded feed/peers.sql
--! Included feed/subscription_status.sql
create or replace view dpg.subscription_status as
select
  s.subscription,
  s.partition_network,
  s.action_type,
  s.source_item_instance_url,
  s.acknowledged_position,
  lag.lag_events,
  coalesce(extract(epoch from clock_timestamp() - lag.oldest_at), 0)::double precision as lag_seconds,
  coalesce(s.leased_until > clock_timestamp(), false) as is_leased,
  -- nobody has read or acknowledged for an hour, though there was something to read for as long
  coalesce(
    greatest(s.created_at, s.leased_at, s.acknowledged_at, lag.oldest_at) < clock_timestamp() - interval '1 hour', false
  )
  and lag.lag_events > 0 as is_dead,
  (select count(*) from dpg.failed_events f where f.subscription = s.subscription and f.state = 'dead') as dead_events,
  s.last_error,
  s.last_error_at,
  holder.pid as held_back_by_pid,
  holder.reason as held_back_by,
  extract(epoch from clock_timestamp() - holder.since)::double precision as held_back_seconds
from dpg.subscriptions s
cross join lateral (
  select count(*) as lag_events, min(l.created_at) as oldest_at
  from (
    select f.created_at
    from dpg_private.event_feed f
    where f."position" > greatest(s.acknowledged_position, s.passed_position)
      and (
        s.source_item_instance_url is null
        or f.source_item_instance_url = s.source_item_instance_url
        or dpg_private.normalised_url(f.source_item_instance_url) = dpg_private.normalised_url(s.source_item_instance_url)
      )
      and (s.partition_network is null or f.partition_network = s.partition_network)
      and (s.action_type is null or f.action_type = s.action_type)
    union all
    select q.created_at
    from dpg_private.event_queue q
    where (
        s.source_item_instance_url is null
        or q.source_item_instance_url = s.source_item_instance_url
        or dpg_private.normalised_url(q.source_item_instance_url) = dpg_private.normalised_url(s.source_item_instance_url)
      )
      and (s.partition_network is null or q.partition_network = s.partition_network)
      and (s.action_type is null or q.action_type = s.action_type)
  ) l
) lag
left join lateral (
  select l.pid, a.xact_start as since,
    case
      when l.relation = 'dpg_private.feed_turn'::regclass then 'it places events and has not ended: nobody else can'
      when l.relation = 'dpg.subscriptions'::regclass then 'it has read or acknowledged and has not ended'
      else 'it has made events and has not committed: they come when it does'
    end as reason
  from pg_locks l
  left join pg_stat_activity a on a.pid = l.pid
  where l.granted
    and l.pid <> pg_backend_pid()
    and l.database = (select d.oid from pg_database d where d.datname = current_database())
    and l.locktype = 'relation'
    and (
      -- that of dpg_private.place_events
      (l.mode = 'ShareUpdateExclusiveLock' and l.relation = 'dpg_private.feed_turn'::regclass)
      or (
        l.mode = 'RowExclusiveLock'
        and l.relation in ('dpg.subscriptions'::regclass, 'dpg_private.event_queue'::regclass)
      )
    )
  order by
    l.relation = 'dpg_private.feed_turn'::regclass desc,
    l.relation = 'dpg.subscriptions'::regclass desc,
    a.xact_start
  limit 1
) holder on true;

comment on view dpg.subscription_status is
  'How far behind each subscription is, and why. Counting takes time in proportion to the lag. Times and locks are always of now: ask it under read committed, where the rows are, too; in an older snapshot is_leased, is_dead and held_back_by do not belong to the rows beside them.';
comment on column dpg.subscription_status.subscription is 'Name of the subscription.';
comment on column dpg.subscription_status.partition_network is 'Its filter.';
comment on column dpg.subscription_status.action_type is 'Its filter.';
comment on column dpg.subscription_status.source_item_instance_url is 'Its filter.';
comment on column dpg.subscription_status.acknowledged_position is 'Everything up to here is done.';
comment on column dpg.subscription_status.lag_events is 'How many events are not acknowledged; dead ones are not among them.';
comment on column dpg.subscription_status.lag_seconds is 'Age of the oldest of them in seconds; 0 when there is none.';
comment on column dpg.subscription_status.is_leased is 'Whether somebody works on a batch, or waits for its next try.';
comment on column dpg.subscription_status.is_dead is
  'Whether nobody has read or acknowledged for an hour though there was something to read: its reader is gone. Nothing is lost; drop the subscription if nobody will come back.';
comment on column dpg.subscription_status.dead_events is 'How many events were given up: rows of dpg.failed_events that dpg.retry_events revives.';
comment on column dpg.subscription_status.last_error is 'The last error that a reader has reported.';
comment on column dpg.subscription_status.last_error_at is 'When.';
comment on column dpg.subscription_status.held_back_by_pid is 'The server process whose open transaction holds the feed or the subscription back; null when none does.';
comment on column dpg.subscription_status.held_back_by is 'How it does.';
comment on column dpg.subscription_status.held_back_seconds is
  'Age of that transaction in seconds; null where the role of this session may not see it (pg_read_all_stats may).';
--! EndIncluded feed/subscription_status.sql
--! Included redactions/redact_event.sql
create or replace function dpg.redact_event(
  actor text,
  partition_network text,
  action_type text,
  event_id uuid,
  reason text
)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  event dpg.action_events;
  action dpg.item_actions;
  emptied dpg.action_events;
  emptied_action dpg.item_actions;
  action_leaf regclass;
  redaction dpg.redactions;
  is_beside boolean := false; -- only dpg.differing_events has it
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_present('event_id', event_id is not null),
    dpg_private.check_reason(reason);

  event := dpg_private.get_event(partition_network, action_type, event_id);
  if event.event_id is null then
    -- or one that is kept beside
    select (dpg_private.event_of_object(d.event)).*
    into event
    from dpg.differing_events d
    where d.event_id = redact_event.event_id
      and d.partition_network = redact_event.partition_network
      and d.action_type = redact_event.action_type
    limit 1;
    event.target_item_is_local := false;
    is_beside := event.event_id is not null;
  end if;
  if event.event_id is null then
    perform dpg_private.refuse_argument(
      'event_id', to_jsonb(event_id), 'is no event here', 'Check network, type and id of the event.'
    );
  end if;

  -- the record first: without it the triggers let nobody touch an event
  insert into dpg.redactions (actor, kind, reason, partition_network, action_type, action_id, event_id)
  values (
    redact_event.actor, 'event', redact_event.reason,
    event.partition_network, event.action_type, event.action_id, event.event_id
  )
  returning * into redaction;

  action_leaf := dpg_private.leaf('item_actions', partition_network, action_type);
  if event.target_item_is_local and action_leaf is not null then
    action := dpg_private.find_action(action_leaf, partition_network, action_type, event.action_id);
    execute format(
      'update %s a
       set remarks = null, requirements_snapshot = ''{}''
       where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3',
      action_leaf
    )
    using partition_network, action_type, event.action_id;
    emptied_action := dpg_private.find_action(action_leaf, partition_network, action_type, event.action_id);
    -- a trigger may put something of its own there, but not back what was there
    if emptied_action.remarks = action.remarks
      or (emptied_action.requirements_snapshot = action.requirements_snapshot and action.requirements_snapshot <> '{}')
    then
      perform dpg_private.refuse_suppressed('update', action_leaf, jsonb_build_object('action_id', event.action_id));
    end if;
  end if;
  if not event.target_item_is_local then
    update dpg_private.mirrored_actions m
    set remarks = null
    where m.partition_network = redact_event.partition_network
      and m.action_type = redact_event.action_type
      and m.action_id = event.action_id
      and dpg_private.normalised_url(m.origin_instance_domain) = dpg_private.normalised_url(event.origin_instance_domain);
  end if;
  update dpg.differing_events d
  set event = d.event || '{"event_payload": {}, "remarks": null}'
  where d.event_id = redact_event.event_id
    and d.partition_network = redact_event.partition_network
    and d.action_type = redact_event.action_type;
  if is_beside then
    return redaction;
  end if;
  execute format(
    'update %s e
     set event_payload = ''{}'', remarks = null
     where e.partition_network = $1 and e.action_type = $2 and e.event_id = $3
       and (e.event_payload <> ''{}'' or e.remarks is not null)',
    dpg_private.leaf('action_events', partition_network, action_type)
  )
  using partition_network, action_type, event_id;
  emptied := dpg_private.get_event(partition_network, action_type, event_id);
  if emptied.remarks = event.remarks or (emptied.event_payload = event.event_payload and event.event_payload <> '{}') then
    perform dpg_private.refuse_suppressed(
      'update', dpg_private.leaf('action_events', partition_network, action_type), jsonb_build_object('event_id', event_id)
    );
  end if;
  -- nor does a digest of what was taken away stay
  delete from dpg_private.sent_contents s
  where s.id in (redact_event.event_id, event.action_id)
    and s.network = redact_event.partition_network
    and s.key = redact_event.action_type
    and s.root in ('item_actions', 'action_events');
  return redaction;
end
$body$;

comment on function dpg.redact_event(text, text, text, uuid, text) is
  'For dpg_admin: empties payload and remarks of an event, and remarks and requirements of its action, and keeps on record who asked for it and why. Returns the record. Store_event of such an event restores nothing. An event of dpg.differing_events is emptied there. Raises DP001, DP018. Example: select * from dpg.redact_event(''dpo'', ''yellow_dot'', ''connect'', ''44444444-4444-4444-8444-444444444444'', ''request 17 under article 17'')';
--! EndIncluded redactions/redact_event.sql
--! Included redactions/accept_differing_event.sql
create or replace function dpg.accept_differing_event(actor text, event jsonb, reason text)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  proposed dpg.action_events;
  stored dpg.action_events;
  spelling text;
  redaction dpg.redactions;
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_reason(reason);
  proposed := dpg_private.event_of_object(event);
  if dpg_private.is_instance_url(proposed.origin_instance_domain)
    or dpg_private.normalised_url(proposed.target_item_instance_url) <> dpg_private.normalised_url(proposed.origin_instance_domain)
  then
    perform dpg_private.refuse_origin(proposed);
  end if;
  -- one at a time, so that an event is not accepted twice; store_event reads the table and does not wait
  lock table dpg.differing_events in share row exclusive mode;

  -- check: what is here of this update, or under this id, and whether it says something else
  stored := dpg_private.get_event(proposed.partition_network, proposed.action_type, proposed.event_id);
  for spelling in
    select proposed.origin_instance_domain
    union
    select p.instance_url
    from dpg_private.peer_url_sightings p
    where dpg_private.normalised_url(p.instance_url) = dpg_private.normalised_url(proposed.origin_instance_domain)
  loop
    exit when stored.event_id is not null;
    stored := dpg_private.get_event_of_update(
      proposed.partition_network, proposed.action_type, spelling, proposed.action_id, proposed.update_count
    );
  end loop;
  proposed.source_item_is_local := coalesce(stored.source_item_is_local, false);
  proposed.target_item_is_local := false;
  if stored.event_id is null
    or dpg_private.is_same_event(stored, dpg_private.with_missing_fields(event, proposed, stored))
  then
    perform dpg_private.refuse_argument(
      'event', to_jsonb(proposed.event_id), 'differs from no event here',
      'Pass to dpg.store_event what can be stored. This function is for an event that it refuses with DP008.'
    );
  end if;
  if (dpg_private.get_differing_event(event, proposed)).event_id is not null then
    select r.*
    into redaction
    from dpg.differing_events d
    join dpg.redactions r using (redaction_id)
    where d.event_id = proposed.event_id
      and d.partition_network = proposed.partition_network
      and d.action_type = proposed.action_type
    order by d.redaction_id desc
    limit 1;
    return redaction;
  end if;
  -- between other items it is no update of the same action done anew
  if (
    stored.action_id, stored.source_item_network, stored.source_item_domain, stored.source_item_type, stored.source_item_id,
    stored.target_item_network, stored.target_item_domain, stored.target_item_type, stored.target_item_id,
    dpg_private.normalised_url(stored.origin_instance_domain), dpg_private.normalised_url(stored.source_item_instance_url)
  ) is distinct from (
    proposed.action_id, proposed.source_item_network, proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
    proposed.target_item_network, proposed.target_item_domain, proposed.target_item_type, proposed.target_item_id,
    dpg_private.normalised_url(proposed.origin_instance_domain), dpg_private.normalised_url(proposed.source_item_instance_url)
  ) then
    perform dpg_private.refuse_event_of_other_items(proposed);
  end if;

  -- change
  insert into dpg.redactions (actor, kind, reason, partition_network, action_type, action_id, event_id)
  values (
    accept_differing_event.actor, 'difference', accept_differing_event.reason,
    proposed.partition_network, proposed.action_type, proposed.action_id, proposed.event_id
  )
  returning * into redaction;
  if not found then
    perform dpg_private.refuse_suppressed('insert', 'dpg.redactions');
  end if;
  insert into dpg.differing_events (
    redaction_id, partition_network, action_type, event_id, origin_instance_domain, action_id, update_count,
    source_item_owner, source_item_is_local, event
  )
  values (
    redaction.redaction_id, proposed.partition_network, proposed.action_type, proposed.event_id,
    proposed.origin_instance_domain, proposed.action_id, proposed.update_count,
    proposed.source_item_owner, proposed.source_item_is_local, dpg_private.object_of_event(proposed)
  );
  if not found then
    perform dpg_private.refuse_suppressed('insert', 'dpg.differing_events');
  end if;
  -- its origin says now that this is how the update ended; what later updates said stays
  update dpg_private.mirrored_actions m
  set action_status = proposed.action_status,
    update_count = proposed.update_count,
    updated_at = proposed.created_at,
    remarks = case
      when proposed.update_count >= coalesce(m.remarks_update_count, -1) then coalesce(proposed.remarks, m.remarks)
      else m.remarks
    end,
    remarks_update_count = case
      when proposed.remarks is not null then greatest(m.remarks_update_count, proposed.update_count)
      else m.remarks_update_count
    end
  where m.action_id = proposed.action_id
    and m.partition_network = proposed.partition_network
    and m.action_type = proposed.action_type
    and dpg_private.normalised_url(m.origin_instance_domain) = dpg_private.normalised_url(proposed.origin_instance_domain)
    and proposed.update_count >= m.update_count;
  return redaction;
end
$body$;

comment on function dpg.accept_differing_event(text, jsonb, text) is
  'For dpg_admin: accepts an event of another instance that dpg.store_event refuses with DP008, since the event that is stored of the same update of the action, or under the same id, says something else: its origin was restored from a backup and did the update anew. Keeps on record who has accepted it and why, and returns that record, of kind difference. No event is changed or lost: the stored one stays, the other one is kept in dpg.differing_events, and from then on dpg.store_event answers it with what was accepted. Where it is the newest of a mirrored action, dpg.get_action and dpg.find_actions show its status, time and remarks. The event is the object that was refused; the same again returns the first record. An event that differs from none is DP001, one between other items DP008. Raises DP001, DP008, DP018. Example: select kind, reason from dpg.accept_differing_event(''dba'', ''{"partition_network": "yellow_dot", "action_type": "connect", "event_id": "44444444-4444-4444-8444-444444444445", "origin_instance_domain": "https://tutor.yellowdot.example.com", "action_id": "33333333-3333-4333-8333-333333333333", "action_status": "rejected", "update_count": 0, "source_item_network": "yellow_dot", "source_item_domain": "student", "source_item_type": "profile_1.0", "source_item_id": "11111111-1111-4111-8111-111111111111", "source_item_instance_url": "https://student.yellowdot.example.com", "source_item_owner": "asha", "target_item_network": "yellow_dot", "target_item_domain": "tutor", "target_item_type": "profile_1.0", "target_item_id": "22222222-2222-4222-8222-222222222222", "target_item_instance_url": "https://tutor.yellowdot.example.com", "target_item_owner": "ravi", "event_payload": {"status": "rejected"}, "created_at": "2026-01-02T00:00:00.000000Z"}''::jsonb, ''the tutors restored their database of Monday'')';
--! EndIncluded redactions/accept_differing_event.sql
--! Included redactions/replace_owner.sql
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
  is_target text; -- condition on a row of the leaf: its target's owner is a user of this instance
  ids uuid[];
  changed_rows bigint; -- of those that were locked; fewer: a trigger of the application has suppressed one
begin
  -- Rows are locked in the order of their keys, items before actions before events. "for update" on the items waits for
  -- calls that are making an action from or for one of them, so that no owner slips through; the leaves are listed anew
  -- for each root, since such a call may have made one. What was locked is changed by a statement of its own: see
  -- dpg_private.replace_items.

  -- items
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
      -- a trigger may put something of its own there, but not back what was there
      case when empties_items then 'and c.item_latitude is null and (c.item_state <> c.state_before or c.state_before = ''{}'')' end
    )
    into changed_rows
    using items, successor;
    if changed_rows < cardinality(items) then
      perform dpg_private.refuse_suppressed('update', partition.leaf);
    end if;
    -- digests of what was there, with its owner
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

    -- mirrored actions, before events: dpg_private.owner_of_source locks them, or the item, before it stores one
    if root_name = 'action_events' then
      perform m.action_id
      from dpg_private.mirrored_actions m
      where m.source_item_owner = replace_owner.owner
      order by m.action_id, m.partition_network collate "C", m.action_type collate "C", m.origin_instance_domain collate "C"
      for update;
      update dpg_private.mirrored_actions m
      set source_item_owner = successor
      where m.source_item_owner = replace_owner.owner;
      update dpg.differing_events d
      set source_item_owner = successor, event = d.event || jsonb_build_object('source_item_owner', successor)
      where d.source_item_owner = replace_owner.owner
        and d.source_item_is_local;
    end if;

    -- actions, events
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
           set source_item_owner = case when r.source_item_owner = $2 and r.source_item_is_local then $3 else r.source_item_owner end,
             target_item_owner = case when r.target_item_owner = $2 and %3$s then $3 else r.target_item_owner end
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
  'Puts successor in the place of owner, a user of this instance, in items, actions, events and mirrored actions, leaf by leaf; with empties_items the items lose state and place as well. The caller has written to dpg.redactions what allows it, and has locked that table. Raises DP018.';
--! EndIncluded redactions/replace_owner.sql
--! Included redactions/erase_user.sql
create or replace function dpg.erase_user(actor text, user_id text, reason text)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  tombstone constant text := dpg_private.tombstone();
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
  -- one erasure at a time, so that each sees whom the others name
  lock table dpg.redactions in share update exclusive mode;
  -- whose row is gone already may have left traces
  if not exists (select from dpg_private.party_leaves p where p.owner = erase_user.user_id)
    and not exists (select from dpg.redactions r where erase_user.user_id in (r.actor, r.from_user, r.to_user))
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

  perform dpg_private.replace_owner(user_id, tombstone, true);
  delete from dpg_private.party_leaves p where p.owner = erase_user.user_id;
  update dpg.redactions r
  set actor = case r.actor when erase_user.user_id then tombstone else r.actor end,
    from_user = case r.from_user when erase_user.user_id then tombstone else r.from_user end,
    to_user = case r.to_user when erase_user.user_id then tombstone else r.to_user end
  where erase_user.user_id in (r.actor, r.from_user, r.to_user);
  return redaction;
end
$body$;

comment on function dpg.erase_user(text, text, text) is
  'For dpg_admin: empties the items of a user (item_state and coordinates) and puts the tombstone user dpg_erased_user in the user''s place as owner of items, in the owner snapshots of actions and events and in dpg.redactions, so that the row in public."user" can be deleted. Keeps on record who asked for it and why, and returns that record. What the user wrote into payloads and remarks is for dpg.redact_event. Reads every leaf, each as it is when its turn comes, and so runs under READ COMMITTED only (25000); delete the user in the same transaction. Raises DP001, DP009, DP018. Example: select * from dpg.erase_user(''dpo'', ''asha'', ''request 18 under article 17'')';
--! EndIncluded redactions/erase_user.sql
--! Included redactions/move_items.sql
create or replace function dpg.move_items(actor text, from_user text, to_user text, reason text)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  redaction dpg.redactions;
begin
  -- check; each leaf is read as it is now, as by dpg.erase_user
  perform
    dpg_private.check_transaction('dpg.move_items'),
    dpg_private.check_actor(actor),
    dpg_private.check_key('from_user', from_user),
    dpg_private.check_key('to_user', to_user),
    dpg_private.check_reason(reason);
  if from_user = dpg_private.tombstone() then
    perform dpg_private.refuse_argument(
      'from_user', to_jsonb(from_user), 'stands for erased users', 'What was erased goes to nobody; pass the id of a user.'
    );
  end if;
  if to_user = dpg_private.tombstone() then
    perform dpg_private.refuse_argument(
      'to_user', to_jsonb(to_user), 'stands for erased users', 'Pass the id of a user, or call dpg.erase_user.'
    );
  end if;
  if to_user = from_user then
    perform dpg_private.refuse_argument(
      'to_user', to_jsonb(to_user), 'is from_user', 'Pass the ids of two users.'
    );
  end if;

  -- lock: one at a time, erasures as well
  lock table dpg.redactions in share update exclusive mode;
  perform dpg_private.check_user(to_user);
  -- whose row is gone already may have left traces
  if not exists (select from dpg_private.party_leaves p where p.owner = move_items.from_user) then
    perform dpg_private.check_user(from_user);
  end if;
  -- as dpg.erase_user does it; and to_user stays until this is committed
  if has_table_privilege('public."user"', 'update') then
    lock table only public."user" in row exclusive mode;
    perform u.id from public."user" u where u.id = move_items.from_user for update;
    perform u.id from public."user" u where u.id = move_items.to_user for key share;
    perform dpg_private.check_user(to_user);
  end if;

  -- change; the record first: without it the triggers let nobody touch an event
  insert into dpg.redactions (actor, kind, reason, from_user, to_user)
  values (move_items.actor, 'move', move_items.reason, move_items.from_user, move_items.to_user)
  returning * into redaction;
  perform dpg_private.replace_owner(from_user, to_user, false);
  -- Those of from_user stay: who may act on may just be finding a leaf there.
  insert into dpg_private.party_leaves (owner, partition_network, action_type)
  select distinct move_items.to_user, p.partition_network, p.action_type
  from dpg_private.party_leaves p
  where p.owner = move_items.from_user
    and not exists (
      select
      from dpg_private.party_leaves t
      where t.owner = move_items.to_user
        and t.partition_network = p.partition_network
        and t.action_type = p.action_type
    );
  return redaction;
end
$body$;

comment on function dpg.move_items(text, text, text, text) is
  'For dpg_admin: puts to_user in the place of from_user as owner of items and in the owner snapshots of actions and events of this instance, as when an anonymous user signs up. Keeps on record who asked for it, why, and both users, and returns that record. Afterwards to_user finds, changes and transitions what from_user did; from_user stays a user and may be deleted. An action on another instance keeps its owner there: name from_user in what is sent to it (dpg.receive_transition), its events are found by to_user here. Reads every leaf, each as it is when its turn comes, and so runs under READ COMMITTED only (25000). Raises DP001, DP009, DP018. Example: select * from dpg.move_items(''asha'', ''anonymous-7'', ''asha'', ''signed up'')';
--! EndIncluded redactions/move_items.sql
--! Included redactions/differing_events_parties_only.sql
-- For those who read the table directly, as dpg.action_events. Nobody here is a party of the target's side.
alter table dpg.differing_events enable row level security;

drop policy if exists differing_events_parties_only on dpg.differing_events;
create policy differing_events_parties_only on dpg.differing_events
for select
to dpg_app
using (source_item_owner = (select nullif(current_setting('dpg.actor', true), 'dpg_erased_user')) and source_item_is_local);

drop policy if exists differing_events_all on dpg.differing_events;
create policy differing_events_all on dpg.differing_events
for select
to dpg_readonly, dpg_admin
using (true);

comment on policy differing_events_parties_only on dpg.differing_events is
  'dpg_app reads only events of which the user in the setting dpg.actor is a party: set local dpg.actor = ''asha''. None without it, and none for the tombstone of erased users.';
comment on policy differing_events_all on dpg.differing_events is
  'dpg_readonly and dpg_admin read all of them.';
--! EndIncluded redactions/differing_events_parties_only.sql
--! Included access/comments.sql
-- Columns of the types that functions return mean what the columns of their tables mean.
do $body$
declare
  described record;
begin
  for described in
    select
      pg_catalog.format('dpg.%I.%I', t.relname, a.attname) as name,
      coalesce(
        pg_catalog.col_description(r.oid, o.attnum),
        case a.attname
          when 'position' then 'Position in the feed, passed to acknowledge.'
          when 'lease_id' then 'The lease under which the event was handed out: pass it on to acknowledge, release_events, fail_event and settle_event.'
          when 'next_page_token' then 'Passed as page_token with the same filters it continues after this row.'
          when 'distance_meters' then 'Distance in metres along the great circle.'
          when 'ownership_roles' then 'The actor''s part: initiated (owner of the source), received (owner of the target), or both.'
          when 'item_network' then 'Network of the item.'
          when 'item_domain' then 'Domain of the item.'
          when 'item_type' then 'Type of the item.'
          when 'item_id' then 'Id of the item.'
        end
      ) as description
    from pg_catalog.pg_class t
    join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_class r
      on r.oid = case t.relname
        when 'found_item' then 'dpg.items'
        when 'nearest_item' then 'dpg.items'
        when 'found_action' then 'dpg.item_actions'
        when 'found_event' then 'dpg.action_events'
        when 'feed_event' then 'dpg.action_events'
      end::pg_catalog.regclass
    left join pg_catalog.pg_attribute o on o.attrelid = r.oid and o.attname = a.attname
    where t.relnamespace = 'dpg'::pg_catalog.regnamespace
      and t.relkind = 'c'
      and pg_catalog.col_description(t.oid, a.attnum) is null
  loop
    execute pg_catalog.format('comment on column %s is %L', described.name, described.description);
  end loop;
end
$body$;

comment on constraint items_pkey on dpg.items is 'One item of each key.';
comment on constraint items_created_by_fkey on dpg.items is 'The owner is a user of this instance; a user who owns items cannot be deleted: see dpg.erase_user.';
comment on constraint items_state_check on dpg.items is 'A document is a JSON object.';
comment on constraint items_coordinates_check on dpg.items is 'Latitude and longitude: both or neither, in degrees.';
comment on constraint item_actions_pkey on dpg.item_actions is 'One action of each key.';
comment on constraint item_actions_partition_check on dpg.item_actions is 'An action lies in its target''s network.';
comment on constraint item_actions_requirements_check on dpg.item_actions is 'Requirements are a JSON object.';
comment on constraint item_actions_update_count_check on dpg.item_actions is 'update_count starts at 0.';
comment on constraint item_actions_source_local_check on dpg.item_actions is 'source_local_item_id is null or the id of a source of this instance and network.';
comment on constraint action_events_pkey on dpg.action_events is 'One event of each key.';
comment on constraint action_events_update_key on dpg.action_events is 'One event for each update of an action.';
comment on constraint action_events_payload_check on dpg.action_events is 'A payload is a JSON object.';
comment on constraint action_events_update_count_check on dpg.action_events is 'update_count starts at 0.';
comment on constraint action_definitions_pkey on dpg.action_definitions is 'One graph for each action type of a network.';
comment on constraint networks_pkey on dpg.networks is 'One registered document of each network.';
comment on constraint limits_pkey on dpg.limits is 'One row for each limit.';
comment on constraint limits_name_check on dpg.limits is 'The limits that there are.';
comment on constraint limits_value_check on dpg.limits is 'What a limit may be.';
comment on constraint redactions_pkey on dpg.redactions is 'One row for each redaction.';
comment on constraint redactions_kind_check on dpg.redactions is 'The kinds that there are.';
comment on constraint redactions_event_check on dpg.redactions is 'An event, also one that differs, is named by its whole key, an erased user not at all.';
comment on constraint redactions_move_check on dpg.redactions is 'A move names both users, nothing else names any.';
comment on sequence dpg.redactions_redaction_id_seq is 'Numbers of dpg.redactions.';
comment on constraint subscriptions_pkey on dpg.subscriptions is 'One subscription of each name.';
comment on constraint subscriptions_order_check on dpg.subscriptions is 'What is acknowledged was handed out.';
comment on constraint failed_events_pkey on dpg.failed_events is 'One row for each event of a subscription.';
comment on constraint failed_events_state_check on dpg.failed_events is 'The states that there are.';
comment on constraint failed_events_subscription_fkey on dpg.failed_events is 'Goes with its subscription.';
comment on index dpg.action_definitions_pkey is 'For define_action and for each new action and transition.';
comment on index dpg.networks_pkey is 'For each call that writes something new.';
comment on index dpg.limits_pkey is 'For each call that looks up a limit.';
comment on constraint differing_events_pkey on dpg.differing_events is 'One row for each event that was accepted.';
comment on index dpg.differing_events_pkey is 'For the record that belongs to an event.';
comment on index dpg.redactions_pkey is 'For the order of the records.';
comment on index dpg.subscriptions_pkey is 'For each call that names a subscription.';
comment on index dpg.failed_events_pkey is 'For each call that names a failed event.';
--! EndIncluded access/comments.sql
--! Included access/privileges.sql
-- Stated anew by each migration, so that what is granted is what stands here. Nothing is granted to PUBLIC.
do $body$
declare
  object record;
  known text[] := pg_catalog.string_to_array(nullif(pg_catalog.current_setting('dpg.known_objects', true), ''), ' ');
begin
  -- What is created anew has the grants below and no others: "alter default privileges" gives its own at the creation. What
  -- was granted on purpose, on objects that were there, stays.
  for object in
    select o.kind, o.name,
      pg_catalog.array_agg(distinct case when a.grantee = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end) as quoted
    from (
      select 'schema' as kind, pg_catalog.quote_ident(n.nspname) as name, 'n' || n.oid as id, n.nspacl as acl, n.nspowner as owner
      from pg_catalog.pg_namespace n
      where n.nspname in ('dpg', 'dpg_private')
      union all
      select 'function', p.oid::pg_catalog.regprocedure::text, 'p' || p.oid, p.proacl, p.proowner
      from pg_catalog.pg_proc p
      where p.pronamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
      union all
      select 'type', pg_catalog.format('%I.%I', t.typnamespace::pg_catalog.regnamespace, t.typname), 't' || t.oid, t.typacl, t.typowner
      from pg_catalog.pg_type t
      where t.typnamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
      union all
      select case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::pg_catalog.regclass::text, 'c' || c.oid, c.relacl, c.relowner
      from pg_catalog.pg_class c
      where c.relnamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
        and c.relkind in ('r', 'p', 'v', 'S')
        and not c.relispartition
    ) o
    cross join lateral pg_catalog.aclexplode(o.acl) a
    left join pg_catalog.pg_roles r on r.oid = a.grantee
    where a.grantee <> o.owner
      and o.id <> all (known)
    group by o.kind, o.name
  loop
    execute pg_catalog.format('revoke all on %s %s from %s', object.kind, object.name, pg_catalog.array_to_string(object.quoted, ', '));
  end loop;

  revoke all on schema dpg, dpg_private from public;
  grant usage on schema dpg to dpg_app, dpg_readonly, dpg_admin;

  for object in
    select
      p.oid::pg_catalog.regprocedure as signature,
      n.nspname = 'dpg' as is_api,
      p.proname ~ '^(get|find|count|nearest)_' as reads_only,
      p.proname in (
        'redact_event', 'erase_user', 'move_items',
        'forget_instance_url', 'register_network', 'unregister_network', 'confirm_lost_events',
        'accept_differing_event'
      ) as is_administration,
      -- A view calls functions with the rights of whoever reads it. Nobody can name these: the schema is closed.
      p.proname in ('normalised_url', 'rewritten_url') as is_of_views
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('dpg', 'dpg_private')
  loop
    execute pg_catalog.format('revoke all on function %s from public, dpg_app, dpg_readonly, dpg_admin', object.signature);
    if object.is_of_views then
      execute pg_catalog.format('grant execute on function %s to dpg_app, dpg_readonly, dpg_admin', object.signature);
    end if;
    if object.is_api then
      execute pg_catalog.format('grant execute on function %s to dpg_admin', object.signature);
      if not object.is_administration then
        execute pg_catalog.format('grant execute on function %s to dpg_app', object.signature);
      end if;
      if object.reads_only then
        execute pg_catalog.format('grant execute on function %s to dpg_readonly', object.signature);
      end if;
    end if;
  end loop;

  for object in
    select pg_catalog.format('%I.%I', n.nspname, t.typname) as name
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    join pg_catalog.pg_class c on c.oid = t.typrelid
    where n.nspname = 'dpg'
      and c.relkind = 'c'
  loop
    execute pg_catalog.format('revoke all on type %s from public', object.name);
    execute pg_catalog.format('grant usage on type %s to dpg_app, dpg_readonly, dpg_admin', object.name);
  end loop;
end
$body$;

revoke all on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.instance_urls, dpg.partitions,
  dpg.limits, dpg.redactions, dpg.networks, dpg.differing_events
from dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.instance_urls, dpg.partitions,
  dpg.limits, dpg.subscriptions, dpg.failed_events, dpg.subscription_status, dpg.peers, dpg.networks, dpg.differing_events
to dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.redactions to dpg_admin;
grant update (limit_value) on dpg.limits to dpg_admin;
--! EndIncluded access/privileges.sql
--! Included partitions/guard_partitions.sql
-- Partitions that were created before they had row level security, or whose root has other policies now. Where all is as it
-- should be, nothing is locked.
do $body$
declare
  part record;
begin
  for part in
    select r.oid::pg_catalog.regclass as root, t.relid as partition
    from (values ('dpg.item_actions'::pg_catalog.regclass), ('dpg.action_events')) r(oid)
    cross join lateral pg_catalog.pg_partition_tree(r.oid) t
    where t.level > 0
    order by t.relid
  loop
    perform dpg_private.guard_partition(part.root, part.partition);
  end loop;
end
$body$;
--! EndIncluded partitions/guard_partitions.sql
