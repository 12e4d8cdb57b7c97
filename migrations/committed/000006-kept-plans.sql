--! Previous: sha1:8a95dadd85a6356894fe358f093e9029dfcc6544
--! Hash: sha1:7d8a4d470b78b3e522b1859bcbbd61830bb1f081
--! Message: kept plans

-- Names of the extension cube resolve from here on. The objects that are there are noted before others are created.
--! Included geo/extensions.sql
-- cube is required. earthdistance and pgcrypto serve the queries that applications write by hand; nothing of ours
-- needs them.
do $body$
declare
  cube_schema text;
  extension_name text;
begin
  if not exists (select from pg_catalog.pg_extension where extname = 'cube') then
    begin
      create extension cube schema public;
    exception
      when insufficient_privilege then
        raise exception 'extension cube is missing and % may not create it', current_user
          using
            errcode = 'insufficient_privilege',
            hint = 'An administrator must run in this database: create extension cube;';
    end;
  end if;

  select n.nspname
  into cube_schema
  from pg_catalog.pg_extension e
  join pg_catalog.pg_namespace n on n.oid = e.extnamespace
  where e.extname = 'cube';

  foreach extension_name in array array['earthdistance', 'pgcrypto'] loop
    if not exists (select from pg_catalog.pg_extension where extname = extension_name) then
      begin
        -- earthdistance finds cube only in its own schema or in the search path
        execute pg_catalog.format('create extension %I schema %I', extension_name, cube_schema);
      exception
        when insufficient_privilege or undefined_file or feature_not_supported or undefined_object then
          raise notice
            'extension % was not created (%): queries that you write with it will not work, the API does not need it',
            extension_name, sqlerrm;
      end;
    end if;
  end loop;

  -- Until the end of this transaction names of cube resolve wherever the extension lives. The functions in geo/ are
  -- stored parsed (begin atomic), so that they never look at a search path again.
  perform pg_catalog.set_config('search_path', pg_catalog.format('pg_catalog, %I, pg_temp', cube_schema), true);
end
$body$;
--! EndIncluded geo/extensions.sql
--! Included access/known_objects.sql
-- Notes which objects are there before the migration creates any, because others may have been granted something on
-- them. access/privileges.sql leaves those grants as they are. On objects that are created after this note, it
-- takes back what default privileges have given. The note lasts until the transaction ends, and only the first note
-- of a transaction counts: a migration whose one-off statements create objects includes this file above them, and
-- all.sql includes it again.
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
  select 'c', c.oid, c.relnamespace
  from pg_catalog.pg_class c
  where c.relkind in ('r', 'p', 'v', 'S')
    and not c.relispartition
) o
where o.namespace in (
  select n.oid from pg_catalog.pg_namespace n where n.nspname in ('dpg', 'dpg_private')
)
having not pg_catalog.starts_with(coalesce(pg_catalog.current_setting('dpg.known_objects', true), ''), 'known ');
--! EndIncluded access/known_objects.sql

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
  dpg_private.circle_condition_sql(dpg_private.circle_bounds),
  dpg_private.find_party_leaves(text, text, text, text),
  dpg_private.haversine_sql(),
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

-- No longer in sql/: actions/item_actions_source_owner_idx.sql
-- No longer in sql/: actions/item_actions_target_owner_idx.sql
-- No longer in sql/: actions/item_actions_source_item_idx.sql
-- No longer in sql/: actions/item_actions_target_item_idx.sql
-- No longer in sql/: events/action_events_source_owner_idx.sql
-- No longer in sql/: events/action_events_target_owner_idx.sql
-- No longer in sql/: events/action_events_action_idx.sql
-- No longer in sql/: feed/event_feed.sql
--! Included access/known_objects.sql
-- Notes which objects are there before the migration creates any, because others may have been granted something on
-- them. access/privileges.sql leaves those grants as they are. On objects that are created after this note, it
-- takes back what default privileges have given. The note lasts until the transaction ends, and only the first note
-- of a transaction counts: a migration whose one-off statements create objects includes this file above them, and
-- all.sql includes it again.
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
  select 'c', c.oid, c.relnamespace
  from pg_catalog.pg_class c
  where c.relkind in ('r', 'p', 'v', 'S')
    and not c.relispartition
) o
where o.namespace in (
  select n.oid from pg_catalog.pg_namespace n where n.nspname in ('dpg', 'dpg_private')
)
having not pg_catalog.starts_with(coalesce(pg_catalog.current_setting('dpg.known_objects', true), ''), 'known ');
--! EndIncluded access/known_objects.sql
--! Included pages/page_token.sql
create table if not exists dpg_private.page_seal (
  seal uuid not null,
  is_only boolean not null default true,
  constraint page_seal_pkey primary key (is_only),
  constraint page_seal_only_check check (is_only)
);

insert into dpg_private.page_seal (seal)
values (gen_random_uuid())
on conflict do nothing;

comment on table dpg_private.page_seal is
  'One random value that goes into the hash of page tokens, so that nobody makes one by hand.';
comment on column dpg_private.page_seal.seal is
  'The value, drawn when the database was migrated; a new one makes all tokens invalid.';
comment on column dpg_private.page_seal.is_only is 'True: there is one row.';

create or replace function dpg_private.page_binding(call text, filters jsonb)
returns table (binding bigint)
language sql
stable
parallel safe
security invoker
begin atomic
  select hashtextextended(s.seal::text || page_binding.call || page_binding.filters::text collate "C", 0)
  from dpg_private.page_seal s;
end;

comment on function dpg_private.page_binding(text, jsonb) is
  'What a page token is bound to: a hash over this database, the call and its filters.';

create or replace function dpg_private.page_token_sql(binding text, "position" text)
returns text
language sql
immutable
parallel safe
security invoker
return format(
  'lpad(to_hex(hashtextextended(encode(%2$s, ''hex'') collate "C", %1$s)), 16, ''0'') || encode(%2$s, ''hex'')',
  binding, "position"
);

comment on function dpg_private.page_token_sql(text, text) is
  'The SQL expression for the token of a row. binding: the parameter that holds the dpg_private.page_binding.
position: the expression (bytea) for the place of the row in the order, which dpg_private.page_position returns
again. A token is 16 hexadecimal digits of a hash over both, then the place in hexadecimal digits. The hash begins
with a random value of this database. It finds mistakes; it does not keep out an attacker, who would gain nothing by
a token. SQL text, not a function: every row has a token, and a PL/pgSQL call would take longer than the rest of the
row.';

create or replace function dpg_private.token_of_position(binding bigint, "position" bytea)
returns text
language sql
immutable
parallel safe
security invoker
return lpad(to_hex(hashtextextended(encode("position", 'hex') collate "C", binding)), 16, '0')
  || encode("position", 'hex');

comment on function dpg_private.token_of_position(bigint, bytea) is
  'What dpg_private.page_token_sql writes, as a function: for statements whose plan is kept. In others inlining it
would take longer than the rest of the row.';

create or replace function dpg_private.page_position(binding bigint, page_token text)
returns bytea
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  body constant text := substr(page_token, 17);
begin
  if page_token is null then
    return null;
  end if;
  -- as dpg_private.page_token_sql made it; no genuine one is longer: a few keys and a URL
  if length(body) <= 65536
    and left(page_token, 16) = lpad(to_hex(hashtextextended(body collate "C", binding)), 16, '0')
    and body ~ '^([0-9a-f]{2})+$'
  then
    return decode(body, 'hex');
  end if;
  raise exception using
    errcode = 'DP011',
    message = dpg_private.text_for_client(format('page_token is not one of this call: %L', left(page_token, 80))),
    hint =
      'Pass next_page_token of a row that the same call returned with the same filters, or null for the first page.',
    detail = dpg_private.text_for_client(jsonb_build_object('page_token', left(page_token, 200))::text);
end
$body$;

comment on function dpg_private.page_position(bigint, text) is
  'The place in the order that a token of this binding stands for, as bytes; null for null. Raises DP011 for any other
token.';

create or replace function dpg_private.page_time("position" bytea)
returns timestamptz
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  microseconds constant bigint := ('x' || encode(substr("position", 1, 8), 'hex'))::bit(64)::bigint;
begin
  return case microseconds
    when 9223372036854775807 then 'infinity'
    when -9223372036854775808 then '-infinity'
    else
      -- in two parts, since an interval is multiplied by a float, and by hours, since days are of different lengths
      timestamptz '2000-01-01 00:00:00+00'
        + interval '1 hour' * (microseconds / 3600000000)
        + interval '1 microsecond' * (microseconds % 3600000000)
  end;
end
$body$;

comment on function dpg_private.page_time(bytea) is
  'The time with which a place in the order of a list begins, as timestamptz_send wrote it: microseconds since
2000-01-01 00:00:00 UTC in 8 bytes. Null for null.';

create or replace function dpg_private.page_id("position" bytea)
returns uuid
language sql
immutable
parallel safe
security invoker
return encode(substr("position", 9, 16), 'hex')::uuid;

comment on function dpg_private.page_id(bytea) is
  'The id in a place in the order of a list, the 16 bytes after the time. Null for null.';
--! EndIncluded pages/page_token.sql
--! Included actions/item_actions_indexes.sql
-- Each change of an action is an entry in both indexes of owners. So they hold the owner and the time and nothing else.
-- Ascending, though they are read from the latest: a page then splits where the next entry of its owner comes, and is full.
create index if not exists item_actions_source_owner_idx
on dpg.item_actions (source_item_owner, updated_at)
where source_item_is_local;

comment on index dpg.item_actions_source_owner_idx is
  'For find_actions of the party that initiated, latest change first.';

create index if not exists item_actions_target_owner_idx
on dpg.item_actions (target_item_owner, updated_at);

comment on index dpg.item_actions_target_owner_idx is
  'For find_actions of the party that received, latest change first.';

create index if not exists item_actions_source_item_idx
on dpg.item_actions (source_local_item_id)
where source_local_item_id is not null;

comment on index dpg.item_actions_source_item_idx is
  'For delete_item, which must know whether an action refers to the item.';

create index if not exists item_actions_target_item_idx
on dpg.item_actions (target_item_id);

comment on index dpg.item_actions_target_item_idx is
  'For delete_item, which must know whether an action refers to the item, and for find_actions with item_id.';
--! EndIncluded actions/item_actions_indexes.sql
--! Included events/action_events_indexes.sql
-- The owner and the time, as in the indexes of actions: dpg.find_events sorts what has the same time.
create index if not exists action_events_source_owner_idx
on dpg.action_events (source_item_owner, created_at)
where source_item_is_local;

comment on index dpg.action_events_source_owner_idx is
  'For find_events of the party that initiated, newest first.';

create index if not exists action_events_target_owner_idx
on dpg.action_events (target_item_owner, created_at)
where target_item_is_local;

comment on index dpg.action_events_target_owner_idx is
  'For find_events of the party that received, newest first.';

create index if not exists action_events_action_idx
on dpg.action_events (action_id);

comment on index dpg.action_events_action_idx is
  'For find_events with action_id.';
--! EndIncluded events/action_events_indexes.sql
--! Included actions/mirrored_actions.sql
create table if not exists dpg_private.mirrored_actions (
  like dpg.item_actions including comments,
  origin_instance_domain text not null,
  remarks_update_count integer,
  constraint mirrored_actions_pkey primary key (action_id, partition_network, action_type, origin_instance_domain)
);

create index if not exists mirrored_actions_owner_idx
on dpg_private.mirrored_actions (source_item_owner, updated_at);

comment on table dpg_private.mirrored_actions is
  'Actions that live on other instances, from an item of this one, as their mirrored events tell of them: the
columns of dpg.item_actions, then two more. Kept by dpg_private.note_mirrored_action, found by dpg.find_actions and
get_action.';
comment on column dpg_private.mirrored_actions.requirements_snapshot is 'Not in an event, so {} here.';
comment on column dpg_private.mirrored_actions.remarks is
  'The latest short note in the events that came; null when none had one.';
comment on column dpg_private.mirrored_actions.target_item_id is 'Id of the target item, on the other instance.';
comment on column dpg_private.mirrored_actions.origin_instance_domain is
  'URL of the instance on which the action lives, as its events say.';
comment on column dpg_private.mirrored_actions.remarks_update_count is
  'update_count of the event that had those remarks: an older one that comes later does not replace them.';
comment on index dpg_private.mirrored_actions_owner_idx is
  'For find_actions of the party that initiated, latest change first.';

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
    and dpg_private.is_same_url(m.origin_instance_domain, event.origin_instance_domain)
  order by m.origin_instance_domain = event.origin_instance_domain desc, m.origin_instance_domain
  limit 1;
  -- Whichever order the events come in, the row ends the same: status and time of the highest update_count, remarks
  -- of the highest that has some, the time of the first. Between which items it is does not change: that is as the
  -- event says which made the row, and of two at once the second waits here for the first.
  insert into dpg_private.mirrored_actions as m (
    partition_network, action_type, action_id, action_status, update_count, requirements_snapshot, remarks,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
    source_item_owner,
    target_item_network, target_item_domain, target_item_type, target_item_id, target_item_instance_url,
    target_item_owner,
    created_at, updated_at, source_item_latitude, source_item_longitude, target_item_latitude, target_item_longitude,
    source_item_is_local, source_local_item_id, origin_instance_domain, remarks_update_count
  )
  values (
    event.partition_network, event.action_type, event.action_id, event.action_status, event.update_count, '{}',
    event.remarks,
    event.source_item_network, event.source_item_domain, event.source_item_type, event.source_item_id,
    event.source_item_instance_url, event.source_item_owner,
    event.target_item_network, event.target_item_domain, event.target_item_type, event.target_item_id,
    event.target_item_instance_url, event.target_item_owner,
    event.created_at, event.created_at, event.source_item_latitude, event.source_item_longitude,
    event.target_item_latitude, event.target_item_longitude,
    true, case when event.source_item_network = event.partition_network then event.source_item_id end,
    coalesce(known_origin, event.origin_instance_domain),
    case when event.remarks is not null then event.update_count end
  )
  on conflict on constraint mirrored_actions_pkey do update
  set action_status = case
      when excluded.update_count > m.update_count then excluded.action_status else m.action_status
    end,
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
    and dpg_private.is_same_url(m.source_item_instance_url, event.source_item_instance_url)
    and dpg_private.is_same_url(m.target_item_instance_url, event.target_item_instance_url);
  if not found then
    perform dpg_private.refuse_event_of_other_items(event);
  end if;
end
$body$;

comment on function dpg_private.note_mirrored_action(dpg.action_events) is
  'Keeps dpg_private.mirrored_actions for a mirrored event that was not there before. Raises DP008 when it is
between other items than its action.';
--! EndIncluded actions/mirrored_actions.sql
--! Included actions/party_leaves.sql
create table if not exists dpg_private.party_leaves (
  owner text not null,
  partition_network text not null,
  action_type text not null
);

create index if not exists party_leaves_idx
on dpg_private.party_leaves (owner, partition_network, action_type);

comment on table dpg_private.party_leaves is
  'In which networks and action types a user of this instance has actions or events, so that find_actions and
find_events read only those leaves. Not unique on purpose: a unique index would make a writer wait for another''s
transaction to end.';
comment on column dpg_private.party_leaves.owner is 'The user: owner of the source or of the target.';
comment on column dpg_private.party_leaves.partition_network is 'First partition key of the leaf.';
comment on column dpg_private.party_leaves.action_type is 'Second partition key of the leaf.';
comment on index dpg_private.party_leaves_idx is
  'For find_actions and find_events without partition keys, and for the trigger that asks whether a row is there.';

create or replace function dpg_private.note_party_leaves()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = auto -- insert_action, which inserts, has it otherwise
as $body$
begin
  if new.source_item_is_local
    and not exists (
      select
      from dpg_private.party_leaves p
      where p.owner = new.source_item_owner
        and p.partition_network = new.partition_network
        and p.action_type = new.action_type
    )
  then
    insert into dpg_private.party_leaves (owner, partition_network, action_type)
    values (new.source_item_owner, new.partition_network, new.action_type);
  end if;
  -- the target of an action lives here; that of a mirrored event does not
  if tg_argv[0] = 'action'
    and not exists (
      select
      from dpg_private.party_leaves p
      where p.owner = new.target_item_owner
        and p.partition_network = new.partition_network
        and p.action_type = new.action_type
    )
  then
    insert into dpg_private.party_leaves (owner, partition_network, action_type)
    values (new.target_item_owner, new.partition_network, new.action_type);
  end if;
  return null;
end
$body$;

comment on function dpg_private.note_party_leaves() is
  'Trigger: notes in which leaves the parties of a new action, or the source of a mirrored event, have rows. Its
argument says which: action or event.';

-- Only where they are not there: PostgreSQL would lock the roots and every leaf, even to create the same triggers
-- again.
do $body$
begin
  if not exists (
    select
    from pg_catalog.pg_trigger t
    where t.tgrelid = 'dpg.action_events'::pg_catalog.regclass
      and t.tgname = 'action_events_note_parties'
  ) then
    create trigger item_actions_note_parties
    after insert on dpg.item_actions
    for each row
    execute function dpg_private.note_party_leaves('action');

    -- the actions of this instance note the parties of their own events
    create trigger action_events_note_parties
    after insert on dpg.action_events
    for each row
    when (not new.target_item_is_local)
    execute function dpg_private.note_party_leaves('event');
  end if;
end
$body$;

comment on trigger item_actions_note_parties on dpg.item_actions is
  'Keeps dpg_private.party_leaves, so that find_actions and find_events read only leaves in which the actor has rows.';
comment on trigger action_events_note_parties on dpg.action_events is
  'Keeps dpg_private.party_leaves for mirrored events; the actions of this instance note their own parties.';

do $body$
begin
  if pg_catalog.to_regtype('dpg_private.party_leaf') is null then
    create type dpg_private.party_leaf as (
      leaf regclass,
      slot smallint
    );
  end if;
end
$body$;

comment on type dpg_private.party_leaf is
  'A leaf in which a party has rows, and its slot.';

create or replace function dpg_private.find_leaves_of_party(
  root text,
  actor text,
  partition_network text,
  action_type text
)
returns dpg_private.party_leaf[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- as in dpg_private.find_leaf
as $body$
begin
  if partition_network is not null and action_type is not null then
    return array(
      select row(l.leaf, l.slot)::dpg_private.party_leaf
      from dpg_private.look_up_leaf_and_slot(root, partition_network, action_type) l
    );
  end if;
  return array(
    select row(l.leaf, l.slot)::dpg_private.party_leaf
    from (
      select distinct p.partition_network, p.action_type
      from dpg_private.party_leaves p
      where p.owner = find_leaves_of_party.actor
        and (
          find_leaves_of_party.partition_network is null
          or p.partition_network = find_leaves_of_party.partition_network
        )
        and (find_leaves_of_party.action_type is null or p.action_type = find_leaves_of_party.action_type)
    ) p
    cross join lateral dpg_private.look_up_leaf_and_slot(
      find_leaves_of_party.root, p.partition_network, p.action_type
    ) l
    order by l.leaf
  );
end
$body$;

comment on function dpg_private.find_leaves_of_party(text, text, text, text) is
  'The leaves that can hold rows of which the actor is a party: the one that the keys name, or those in which the
actor has rows.';

create or replace function dpg_private.is_kept_for_leaves(leaves dpg_private.party_leaf[], page_size integer)
returns boolean
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf dpg_private.party_leaf;
begin
  if cardinality(leaves) > 1 and cardinality(leaves) * page_size > 200 then
    return false;
  end if;
  foreach leaf in array leaves loop
    if leaf.slot is null then
      return false;
    end if;
  end loop;
  return true;
end
$body$;

comment on function dpg_private.is_kept_for_leaves(dpg_private.party_leaf[], integer) is
  'Whether a page of these leaves is found faster by kept plans: each has one, and together they read few rows. A kept
plan reads a page of its leaf, whatever the others have; a statement over all leaves stops when the page is full.';
--! EndIncluded actions/party_leaves.sql
--! Included partitions/partition_names.sql
create table if not exists dpg_private.partition_names (
  root text not null,
  network text not null,
  key text,
  name text not null,
  slot smallint,
  constraint partition_names_root_check check (root in ('items', 'item_actions', 'action_events')),
  constraint partition_names_slot_check check (slot between 1 and 32),
  constraint partition_names_keys_key unique nulls not distinct (root, network, key),
  constraint partition_names_name_key unique (name),
  constraint partition_names_slot_key unique (root, slot)
);

-- Few rows a page, so that the planner takes the index. Otherwise it reads the whole table while that has only a few
-- hundred rows.
alter table dpg_private.partition_names set (fillfactor = 10);

comment on table dpg_private.partition_names is
  'The names of partitions, each with the keys that hold it. The naming rule can give one name to different
keys: the first keys keep the plain name, later ones get a suffix. A row is written when the partition is
created, and stays when it is dropped.';
comment on column dpg_private.partition_names.root is 'Root table: items, item_actions or action_events.';
comment on column dpg_private.partition_names.network is 'Network, exactly as given.';
comment on column dpg_private.partition_names.key is
  'Domain (items) or action type (actions, events), exactly as given. Null for the network''s own partition, the
parent of its leaves.';
comment on column dpg_private.partition_names.name is 'Name of the table in schema dpg. Has only a-z, 0-9 and _.';
comment on column dpg_private.partition_names.slot is
  'Number of the type (dpg_private.slot_1 to slot_32) that stands for the leaf: plans of its statements are kept. Null
for all but the first 32 leaves of each root.';

create or replace function dpg_private.partition_name(root text, network text, key text, attempt integer default null)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  parts text[] := array[
    regexp_replace(lower(network collate "C"), '[^a-z0-9]', '', 'g'),
    regexp_replace(lower(key collate "C"), '[^a-z0-9]', '', 'g')
  ];
  plain text := case root when 'items' then 'i_p_' when 'item_actions' then 'a_p_' else 'e_p_' end
    || array_to_string(parts, '_'); -- leaves out a null key, which means the network's own partition
  exact_keys text := jsonb_build_array(network, key)::text;
begin
  if attempt is null then
    return case when '' = any (parts) or length(plain) > 63 then null else plain end;
  end if;
  return left(plain, 63 - 9) || '_' || left(
    encode(sha256(convert_to(exact_keys || case attempt when 0 then '' else attempt::text end, 'UTF8')), 'hex'), 8
  );
end
$body$;

comment on function dpg_private.partition_name(text, text, text, integer) is
  'The name of a partition by the naming rule: i_p_, a_p_ or e_p_, then the keys in lower case, of which only
a-z and 0-9 are kept, joined by _.
Without attempt: the plain name, or null where it would have an empty part or more than 63 bytes. With
attempt (0, 1, ...): the name with a suffix of _ and 8 hexadecimal digits of a hash of the exact keys.';
--! EndIncluded partitions/partition_names.sql
--! Included partitions/find_leaf.sql
create or replace function dpg_private.look_up_leaf_and_slot(root text, network text, key text)
returns table (leaf regclass, slot smallint)
language sql
stable
parallel safe
security invoker
begin atomic
  select n.leaf, n.slot
  from (
    select to_regclass('dpg.' || p.name) as leaf, p.slot
    from dpg_private.partition_names p
    where p.root = look_up_leaf_and_slot.root
      and p.network = look_up_leaf_and_slot.network
      and p.key = look_up_leaf_and_slot.key
    offset 0 -- so that the name is looked up once, however often the leaf is used
  ) n
  -- a table that was detached, or that has the name of a dropped leaf, holds no rows of the root
  where pg_partition_root(n.leaf) = ('dpg.' || look_up_leaf_and_slot.root)::regclass;
end;

comment on function dpg_private.look_up_leaf_and_slot(text, text, text) is
  'The leaf of these keys and its slot, as a table of one row or none. Stored parsed, so that PostgreSQL inlines it
into a statement that asks for more at the same time. Where only the leaf is needed, call dpg_private.find_leaf.';

create or replace function dpg_private.find_leaf(root text, network text, key text)
returns regclass
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- while partition_names is small, the planner would read all of it: 21 microseconds, not 10
as $body$
begin
  -- PL/pgSQL keeps the plan, which pays because this is part of every call
  return (select l.leaf from dpg_private.look_up_leaf_and_slot(root, network, key) l);
end
$body$;

comment on function dpg_private.find_leaf(text, text, text) is
  'The leaf of these keys; null when there is none. With the pinned search path its text has the schema, so it
can stand in a dynamic statement.';
--! EndIncluded partitions/find_leaf.sql
--! Included items/items_slot_sql.sql
create or replace function dpg_private.items_slot_sql(slot smallint, leaf text)
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Bodies in strings, so that the functions do not keep anybody from dropping the leaf. item_rows has no settings and
  -- is inlined into the statement that reads it.
  return format(
    $statements$
      create or replace function dpg_private.item_rows(slot dpg_private.slot_%1$s)
      returns setof dpg.items
      language sql
      stable
      parallel safe
      security invoker
      as $of_slot$
        select * from dpg.%2$I
      $of_slot$;

      comment on function dpg_private.item_rows(dpg_private.slot_%1$s) is 'The rows of dpg.%2$I.';

      create or replace function dpg_private.item_of_slot(slot dpg_private.slot_%1$s, item dpg.item_ref)
      returns dpg.items
      language plpgsql
      stable
      security invoker
      set search_path = pg_catalog, pg_temp
      set plan_cache_mode = force_generic_plan
      set enable_seqscan = off
      as $of_slot$
      declare
        stored dpg.items;
      begin
        select *
        into stored
        from dpg.%2$I i
        where i.item_network = item.item_network
          and i.item_domain = item.item_domain
          and i.item_type = item.item_type
          and i.item_id = item.item_id;
        return stored;
      end
      $of_slot$;

      comment on function dpg_private.item_of_slot(dpg_private.slot_%1$s, dpg.item_ref) is
        'The item of this key in dpg.%2$I; all columns are null where there is none.';

      create or replace function dpg_private.lock_item_of_slot(
        slot dpg_private.slot_%1$s,
        item dpg.item_ref,
        strength text
      )
      returns dpg.items
      language plpgsql
      volatile
      security invoker
      set search_path = pg_catalog, pg_temp
      set enable_seqscan = off
      as $of_slot$
      declare
        stored dpg.items;
      begin
        if strength = 'key share' then
          select *
          into stored
          from dpg.%2$I i
          where i.item_network = item.item_network
            and i.item_domain = item.item_domain
            and i.item_type = item.item_type
            and i.item_id = item.item_id
          for key share;
        else
          select *
          into stored
          from dpg.%2$I i
          where i.item_network = item.item_network
            and i.item_domain = item.item_domain
            and i.item_type = item.item_type
            and i.item_id = item.item_id
          for no key update;
        end if;
        return stored;
      end
      $of_slot$;

      comment on function dpg_private.lock_item_of_slot(dpg_private.slot_%1$s, dpg.item_ref, text) is
        'The item of this key in dpg.%2$I under a row lock (strength: key share or no key update).';

      create or replace function dpg_private.update_item_of_slot(
        slot dpg_private.slot_%1$s,
        item dpg.item_ref,
        changed dpg.items,
        owner text
      )
      returns dpg.items
      language plpgsql
      volatile
      security invoker
      set search_path = pg_catalog, pg_temp
      as $of_slot$
      declare
        stored dpg.items;
      begin
        update dpg.%2$I i
        set item_instance_url = changed.item_instance_url,
          item_schema_url = changed.item_schema_url,
          item_state = changed.item_state,
          item_latitude = changed.item_latitude,
          item_longitude = changed.item_longitude,
          updated_at = greatest(clock_timestamp(), i.updated_at + interval '1 microsecond')
        where i.item_network = item.item_network
          and i.item_domain = item.item_domain
          and i.item_type = item.item_type
          and i.item_id = item.item_id
          and i.created_by = owner
        returning i.* into stored;
        return stored;
      end
      $of_slot$;

      comment on function dpg_private.update_item_of_slot(dpg_private.slot_%1$s, dpg.item_ref, dpg.items, text) is
        'Does in dpg.%2$I what dpg_private.write_item says.';
    $statements$,
    slot, leaf
  );
end
$body$;

comment on function dpg_private.items_slot_sql(smallint, text) is
  'The functions of a leaf of items that has a slot: what has to name the table, in statements whose plans are kept.
What returns the row of the table reads it here, too: a kept statement over item_rows would not notice that an
application has added a column.';

-- Where leaves have these functions already, they get them anew.
do $body$
begin
  if pg_catalog.to_regprocedure('dpg_private.give_slot(text, text, text)') is not null then
    perform dpg_private.give_slot(p.root, p.network, p.key)
    from dpg_private.partition_names p
    where p.root = 'items'
      and p.slot is not null;
  end if;
end
$body$;
--! EndIncluded items/items_slot_sql.sql
--! Included actions/actions_slot_sql.sql
create or replace function dpg_private.actions_slot_sql(slot smallint, leaf text)
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return format(
    $statements$
      create or replace function dpg_private.action_rows(slot dpg_private.slot_%1$s)
      returns setof dpg.item_actions
      language sql
      stable
      parallel safe
      security invoker
      as $of_slot$
        select * from dpg.%2$I
      $of_slot$;

      comment on function dpg_private.action_rows(dpg_private.slot_%1$s) is 'The rows of dpg.%2$I.';

      create or replace function dpg_private.action_of_slot(
        slot dpg_private.slot_%1$s,
        partition_network text,
        action_type text,
        action_id uuid
      )
      returns dpg.item_actions
      language plpgsql
      stable
      security invoker
      set search_path = pg_catalog, pg_temp
      set plan_cache_mode = force_generic_plan
      set enable_seqscan = off
      as $of_slot$
      declare
        stored dpg.item_actions;
      begin
        select *
        into stored
        from dpg.%2$I a
        where a.partition_network = action_of_slot.partition_network
          and a.action_type = action_of_slot.action_type
          and a.action_id = action_of_slot.action_id;
        return stored;
      end
      $of_slot$;

      comment on function dpg_private.action_of_slot(dpg_private.slot_%1$s, text, text, uuid) is
        'The action of this key in dpg.%2$I; all columns are null where there is none.';

      create or replace function dpg_private.lock_action_of_slot(
        slot dpg_private.slot_%1$s,
        partition_network text,
        action_type text,
        action_id uuid,
        strength text
      )
      returns dpg.item_actions
      language plpgsql
      volatile
      security invoker
      set search_path = pg_catalog, pg_temp
      set enable_seqscan = off
      as $of_slot$
      declare
        stored dpg.item_actions;
      begin
        if strength = 'key share' then
          select *
          into stored
          from dpg.%2$I a
          where a.partition_network = lock_action_of_slot.partition_network
            and a.action_type = lock_action_of_slot.action_type
            and a.action_id = lock_action_of_slot.action_id
          for key share;
        else
          -- see dpg_private.lock_action
          lock table only dpg.item_actions, only dpg.action_events, only dpg.%2$I in row exclusive mode;
          select *
          into stored
          from dpg.%2$I a
          where a.partition_network = lock_action_of_slot.partition_network
            and a.action_type = lock_action_of_slot.action_type
            and a.action_id = lock_action_of_slot.action_id
          for no key update;
        end if;
        return stored;
      end
      $of_slot$;

      comment on function dpg_private.lock_action_of_slot(dpg_private.slot_%1$s, text, text, uuid, text) is
        'The action of this key in dpg.%2$I under a row lock (strength: key share or no key update).';

      create or replace function dpg_private.update_action_of_slot(
        slot dpg_private.slot_%1$s,
        changed dpg.item_actions
      )
      returns bigint
      language plpgsql
      volatile
      security invoker
      set search_path = pg_catalog, pg_temp
      as $of_slot$
      declare
        changed_rows bigint;
      begin
        update dpg.%2$I a
        set action_status = changed.action_status,
          update_count = changed.update_count,
          remarks = changed.remarks,
          updated_at = changed.updated_at
        where a.partition_network = changed.partition_network
          and a.action_type = changed.action_type
          and a.action_id = changed.action_id;
        get diagnostics changed_rows = row_count;
        return changed_rows;
      end
      $of_slot$;

      comment on function dpg_private.update_action_of_slot(dpg_private.slot_%1$s, dpg.item_actions) is
        'Writes status, update_count, remarks and updated_at of an action in dpg.%2$I. How many rows were changed.';
    $statements$,
    slot, leaf
  );
end
$body$;

comment on function dpg_private.actions_slot_sql(smallint, text) is
  'The functions of a leaf of actions that has a slot: what has to name the table, in statements whose plans are kept.
What returns the row of the table reads it here, too: a kept statement over action_rows would not notice that an
application has added a column.';

-- Where leaves have these functions already, they get them anew.
do $body$
begin
  if pg_catalog.to_regprocedure('dpg_private.give_slot(text, text, text)') is not null then
    perform dpg_private.give_slot(p.root, p.network, p.key)
    from dpg_private.partition_names p
    where p.root = 'item_actions'
      and p.slot is not null;
  end if;
end
$body$;
--! EndIncluded actions/actions_slot_sql.sql
--! Included events/events_slot_sql.sql
create or replace function dpg_private.events_slot_sql(slot smallint, leaf text)
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return format(
    $statements$
      create or replace function dpg_private.event_rows(slot dpg_private.slot_%1$s)
      returns setof dpg.action_events
      language sql
      stable
      parallel safe
      security invoker
      as $of_slot$
        select * from dpg.%2$I
      $of_slot$;

      comment on function dpg_private.event_rows(dpg_private.slot_%1$s) is 'The rows of dpg.%2$I.';

      create or replace function dpg_private.event_of_slot(
        slot dpg_private.slot_%1$s,
        partition_network text,
        action_type text,
        event_id uuid
      )
      returns dpg.action_events
      language plpgsql
      volatile
      security invoker
      set search_path = pg_catalog, pg_temp
      set plan_cache_mode = force_generic_plan
      set enable_seqscan = off
      as $of_slot$
      declare
        stored dpg.action_events;
      begin
        select *
        into stored
        from dpg.%2$I e
        where e.partition_network = event_of_slot.partition_network
          and e.action_type = event_of_slot.action_type
          and e.event_id = event_of_slot.event_id;
        return stored;
      end
      $of_slot$;

      comment on function dpg_private.event_of_slot(dpg_private.slot_%1$s, text, text, uuid) is
        'The event of this id in dpg.%2$I, as it is committed now, or nulls.';

      create or replace function dpg_private.event_of_update_of_slot(
        slot dpg_private.slot_%1$s,
        partition_network text,
        action_type text,
        origin_instance_domain text,
        action_id uuid,
        update_count integer
      )
      returns dpg.action_events
      language plpgsql
      volatile
      security invoker
      set search_path = pg_catalog, pg_temp
      set plan_cache_mode = force_generic_plan
      set enable_seqscan = off
      as $of_slot$
      declare
        stored dpg.action_events;
      begin
        select *
        into stored
        from dpg.%2$I e
        where e.partition_network = event_of_update_of_slot.partition_network
          and e.action_type = event_of_update_of_slot.action_type
          and e.origin_instance_domain = event_of_update_of_slot.origin_instance_domain
          and e.action_id = event_of_update_of_slot.action_id
          and e.update_count = event_of_update_of_slot.update_count;
        return stored;
      end
      $of_slot$;

      comment on function dpg_private.event_of_update_of_slot(dpg_private.slot_%1$s, text, text, text, uuid, integer) is
        'The event of this update of an action in dpg.%2$I, as it is committed now, or nulls.';
    $statements$,
    slot, leaf
  );
end
$body$;

comment on function dpg_private.events_slot_sql(smallint, text) is
  'The functions of a leaf of events that has a slot: what has to name the table. What returns the row of the table
reads it here, too: a kept statement over event_rows would not notice that an application has added a column.';

-- Where leaves have these functions already, they get them anew.
do $body$
begin
  if pg_catalog.to_regprocedure('dpg_private.give_slot(text, text, text)') is not null then
    perform dpg_private.give_slot(p.root, p.network, p.key)
    from dpg_private.partition_names p
    where p.root = 'action_events'
      and p.slot is not null;
  end if;
end
$body$;
--! EndIncluded events/events_slot_sql.sql
--! Included partitions/slots.sql
-- A slot is an enum without values. It stands for a leaf where a statement is written before the leaf is known: a
-- function with an argument "slot anyenum" is compiled, and its plans are kept, once for each type that it is called
-- with. See sql/README.md, "Plans that are kept".

create or replace function dpg_private.slot_sql(root text, slot smallint, leaf text)
returns text
language sql
immutable
security invoker
return case root
  when 'items' then dpg_private.items_slot_sql(slot, leaf)
  when 'item_actions' then dpg_private.actions_slot_sql(slot, leaf)
  else dpg_private.events_slot_sql(slot, leaf)
end;

comment on function dpg_private.slot_sql(text, smallint, text) is
  'The statements that create the functions of a leaf that has a slot.';

create or replace function dpg_private.give_slot(root text, network text, key text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  taken record;
  unwanted record;
begin
  -- A slot is given once and for all, also when the leaf is dropped: a call that has looked it up never meets another
  -- leaf in it.
  update dpg_private.partition_names p
  set slot = coalesce(
    p.slot,
    (
      select min(s.slot)
      from generate_series(1, 32) s(slot)
      where s.slot <> all (
        array(select o.slot from dpg_private.partition_names o where o.root = give_slot.root and o.slot is not null)
      )
    )
  )
  where p.root = give_slot.root
    and p.network = give_slot.network
    and p.key = give_slot.key
  returning p.name, p.slot into taken;
  if taken.slot is null then
    return;
  end if;

  if to_regtype('dpg_private.slot_' || taken.slot) is null then
    execute format('create type dpg_private.slot_%s as enum ()', taken.slot);
    execute format(
      'comment on type dpg_private.slot_%s is %L',
      taken.slot,
      format('Stands for the leaves that have slot %s in dpg_private.partition_names. Has no values.', taken.slot)
    );
  end if;
  execute dpg_private.slot_sql(root, taken.slot, taken.name);
  -- nobody else's, also where default privileges give them to others
  for unwanted in
    select o.kind, o.name, coalesce(r.oid::regrole::text, 'public') as grantee
    from (
      select 'function' as kind, p.oid::regprocedure::text as name, p.proowner as owner,
        coalesce(p.proacl, acldefault('f', p.proowner)) as acl
      from pg_proc p
      where p.pronamespace = 'dpg_private'::regnamespace
        and p.proargtypes[0] = ('dpg_private.slot_' || taken.slot)::regtype
      union all
      select 'type', t.oid::regtype::text, t.typowner, coalesce(t.typacl, acldefault('T', t.typowner))
      from pg_type t
      where t.oid = ('dpg_private.slot_' || taken.slot)::regtype
    ) o
    cross join lateral aclexplode(o.acl) a
    left join pg_roles r on r.oid = a.grantee
    where a.grantee <> o.owner
  loop
    execute format('revoke all on %s %s from %s', unwanted.kind, unwanted.name, unwanted.grantee);
  end loop;
end
$body$;

comment on function dpg_private.give_slot(text, text, text) is
  'Gives a leaf one of the 32 slots of its root while some are free, and creates the type and the functions of the slot,
also anew. Called under the lock of dpg_private.take_partition_turn, or by a migration.';

create or replace function dpg_private.find_broken_slots()
returns table (root text, network text, key text, name text, slot smallint, functions text[])
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
#variable_conflict use_column
begin
  return query
    select s.root, s.network, s.key, s.name, s.slot, array_agg(s.function_name order by s.function_name)
    from (
      select p.*, t.slot_sql, f.names[1] as function_name
      from dpg_private.partition_names p
      cross join lateral (select dpg_private.slot_sql(p.root, p.slot, p.name)) t(slot_sql)
      cross join lateral regexp_matches(t.slot_sql, 'create or replace function dpg_private[.]([a-z_]+)', 'g') f(names)
      where p.slot is not null
        and to_regclass('dpg.' || p.name) is not null
    ) s
    where not exists (
      select
      from pg_proc p
      where p.pronamespace = 'dpg_private'::regnamespace
        and p.proname = s.function_name
        and p.proargtypes[0] = to_regtype('dpg_private.slot_' || s.slot)
        and position(p.prosrc in s.slot_sql) > 0
        and not p.prosecdef
    )
    group by s.root, s.network, s.key, s.name, s.slot;
end
$body$;

comment on function dpg_private.find_broken_slots() is
  'The leaves with a slot of which a function is missing or is not as dpg_private.give_slot creates it. For doctor.';

create or replace function dpg_private.is_grown(leaf regclass)
returns boolean
language sql
volatile
security invoker
return pg_relation_size(leaf) >= 64 * 8192;

comment on function dpg_private.is_grown(regclass) is
  'Whether a leaf has 64 pages, so that a plan of now takes its index, and is still good when the leaf has grown. For
changes: a search has enable_seqscan = off instead, under which triggers of the application must not run.';

create or replace function dpg_private.look_up_item_leaves(item_network text, item_domains text[])
returns table (item_domain text, leaf regclass, slot smallint)
language sql
stable
parallel safe
security invoker
begin atomic
  select n.key, n.leaf, n.slot
  from (
    select p.key, to_regclass('dpg.' || p.name) as leaf, p.slot
    from dpg_private.partition_names p
    where p.root = 'items'
      and p.network = look_up_item_leaves.item_network
      and p.key is not null
      and (look_up_item_leaves.item_domains is null or p.key = any (look_up_item_leaves.item_domains))
    offset 0
  ) n
  where pg_partition_root(n.leaf) = 'dpg.items'::regclass;
end;

comment on function dpg_private.look_up_item_leaves(text, text[]) is
  'The leaves of items of these domains, or of all domains of the network where none are given, each with its slot.';
--! EndIncluded partitions/slots.sql
--! Included partitions/ensure_leaf.sql
create or replace function dpg_private.create_leaf(root text, network text, key text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  parent constant text := dpg_private.ensure_network_partition(root, network, key);
  name constant text := dpg_private.create_partition_table(root, network, key);
begin
  perform dpg_private.attach_partition(
    root, network, key, array[('dpg.' || parent)::regclass], dpg_private.find_tied_tables(('dpg.' || parent)::regclass),
    array[format('alter table dpg.%I attach partition dpg.%I for values in (%L)', parent, name, key)]
  );
  perform dpg_private.give_slot(root, network, key);
  return ('dpg.' || name)::regclass;
end
$body$;

comment on function dpg_private.create_leaf(text, text, text) is
  'Creates the leaf of these keys, which is missing, and the network''s partition above it where that is missing,
too. Returns the leaf. Called under the lock of dpg_private.take_partition_turn, after the limit was checked.
Raises DP010.';

create or replace function dpg_private.ensure_leaf(root text, network text, key text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass := dpg_private.find_leaf(root, network, key);
begin
  if leaf is not null then
    return leaf;
  end if;

  perform dpg_private.take_partition_turn(root, network, key);
  leaf := dpg_private.find_leaf(root, network, key);
  if leaf is not null then
    return leaf; -- another transaction has created it meanwhile
  end if;

  perform dpg_private.check_partition_limit(
    root, network, key, 'leaves_per_network',
    (
      select count(*)
      from dpg_private.partition_names p
      where p.root = ensure_leaf.root
        and p.network = ensure_leaf.network
        and p.key <> ensure_leaf.key
        and to_regclass('dpg.' || p.name) is not null
    ) - case root when 'action_events' then cardinality(dpg_private.find_mirrored_action_types(network)) else 0 end
  );
  if root = 'action_events' then
    -- now actions of this instance need the leaf, and it counts for leaves_per_network
    delete from dpg_private.mirrored_leaves m
    where m.network = ensure_leaf.network
      and m.key = ensure_leaf.key;
  end if;
  return dpg_private.create_leaf(root, network, key);
end
$body$;

comment on function dpg_private.ensure_leaf(text, text, text) is
  'Creates the leaf of these keys, and the network''s partition above it, when they are missing. Returns the
leaf. Takes no lock for which a reader, or a writer of another network, would wait. Leaves that only mirrored
events need do not count for its limit, leaves_per_network.
Raises DP010.';

create or replace function dpg_private.find_or_create_leaf(root text, network text, key text)
returns regclass
language sql
volatile
security invoker
return coalesce(dpg_private.find_leaf(root, network, key), dpg_private.ensure_leaf(root, network, key));

comment on function dpg_private.find_or_create_leaf(text, text, text) is
  'The leaf of these keys; created when it is missing. Part of every write. Stored parsed, so that PostgreSQL
inlines it.
Raises DP010.';
--! EndIncluded partitions/ensure_leaf.sql
--! Included items/find_item.sql
create or replace function dpg_private.item_key_sql()
returns text
language sql
immutable
parallel safe
security invoker
return 'i.item_network = $1 and i.item_domain = $2 and i.item_type = $3 and i.item_id = $4';

comment on function dpg_private.item_key_sql() is
  'The condition that a row i of a leaf is the item of a key. Parameters: $1 item_network, $2 item_domain, $3 item_type,
$4 item_id.';

create or replace function dpg_private.item_columns_sql(alias text)
returns text
language sql
immutable
parallel safe
security invoker
return replace(
  '@item_network, @item_domain, @item_type, @item_id, @item_instance_url, @item_schema_url, @item_state,
   @item_latitude, @item_longitude, @created_by, @created_at, @updated_at',
  '@', alias
);

comment on function dpg_private.item_columns_sql(text) is
  'Our columns of dpg.items, in the order of dpg.found_item and dpg.nearest_item. Named one by one, since an
application may add columns to the table. alias stands before each: ''i.'' or nothing.';

create or replace function dpg_private.ref_of_item(item dpg.items)
returns dpg.item_ref
language sql
immutable
parallel safe
security invoker
return row(item.item_network, item.item_domain, item.item_type, item.item_id)::dpg.item_ref;

comment on function dpg_private.ref_of_item(dpg.items) is
  'The key of an item, for refusals.';

create or replace function dpg_private.read_item(leaf regclass, slot smallint, item dpg.item_ref)
returns dpg.items
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.items;
  of_slot record;
begin
  if slot is not null then
    execute format('select dpg_private.item_of_slot(null::dpg_private.slot_%s, $1) as item', slot)
    into of_slot
    using item;
    return of_slot.item;
  end if;
  if leaf is not null then
    execute format('select * from %s i where %s', leaf, dpg_private.item_key_sql())
    into stored
    using item.item_network, item.item_domain, item.item_type, item.item_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.read_item(regclass, smallint, dpg.item_ref) is
  'The item of this key in its leaf, as the statement sees it that calls. All columns are null where there is none, or
no leaf.';

create or replace function dpg_private.lock_item(
  leaf regclass,
  item dpg.item_ref,
  strength text,
  slot smallint default null
)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.items;
  of_slot record;
begin
  if slot is not null and strength <> 'update' then
    execute format('select dpg_private.lock_item_of_slot(null::dpg_private.slot_%s, $1, $2) as item', slot)
    into of_slot
    using item, strength;
    return of_slot.item;
  end if;
  if leaf is not null then
    if strength = 'update' then
      -- The table first, as the deletion needs it: a call that creates a leaf of actions locks the leaves of items
      -- of its network before it locks items.
      execute format('lock table only %s in row exclusive mode', leaf);
    end if;
    execute format('select * from %s i where %s for %s', leaf, dpg_private.item_key_sql(), strength)
    into stored
    using item.item_network, item.item_domain, item.item_type, item.item_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.lock_item(regclass, dpg.item_ref, text, smallint) is
  'The item of this key in its leaf, under a row lock (strength: key share, no key update or update). All columns
are null where there is no such item, or no leaf. With the slot of the leaf, where the caller knows it, by a kept
plan.';

create or replace function dpg_private.write_item(
  leaf regclass,
  slot smallint,
  item dpg.item_ref,
  changed dpg.items,
  owner text
)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.items;
  of_slot record;
begin
  if slot is not null and dpg_private.is_grown(leaf) then
    execute format('select dpg_private.update_item_of_slot(null::dpg_private.slot_%s, $1, $2, $3) as item', slot)
    into of_slot
    using item, changed, owner;
    return of_slot.item;
  end if;
  execute format(
    'update %s i
     set item_instance_url = $5, item_schema_url = $6, item_state = $7, item_latitude = $8, item_longitude = $9,
       updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond'')
     where %s and i.created_by = $10
     returning i.*',
    leaf, dpg_private.item_key_sql()
  )
  into stored
  using item.item_network, item.item_domain, item.item_type, item.item_id, changed.item_instance_url,
    changed.item_schema_url, changed.item_state, changed.item_latitude, changed.item_longitude, owner;
  return stored;
end
$body$;

comment on function dpg_private.write_item(regclass, smallint, dpg.item_ref, dpg.items, text) is
  'Replaces the content of an item of this owner by that of changed, and returns the row; all columns are null where no
row was changed. updated_at rises with each change, also when the clock was set back.';
--! EndIncluded items/find_item.sql
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
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  slot smallint;
  is_user boolean;
  is_undeclared boolean;
  is_known_url boolean;
  is_new boolean;
  has_additions boolean; -- columns or triggers of the application: what is stored has to be read again
  sent dpg.items;
  stored dpg.items;
begin
  -- check
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_key('item_type', item_type),
    dpg_private.check_url('item_instance_url', item_instance_url),
    dpg_private.check_url('item_schema_url', item_schema_url),
    dpg_private.check_document('item_state', item_state),
    dpg_private.check_coordinates_or_none('item_latitude', item_latitude, 'item_longitude', item_longitude)
  );

  -- look: one statement instead of four. Its answers hold for this moment. After any wait for a lock they are asked
  -- for again.
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
    l.leaf,
    l.slot
  into is_user, is_undeclared, is_known_url, leaf, slot
  from (select) one
  left join dpg_private.look_up_leaf_and_slot('items', upsert_item.item_network, upsert_item.item_domain) l on true;
  if not is_known_url then
    perform dpg_private.check_instance_url('item_instance_url', item_instance_url);
  end if;
  if not is_user then
    perform dpg_private.refuse_unknown_user(actor);
  end if;
  if is_undeclared then
    perform dpg_private.refuse_new_undeclared_item(row(item_network, item_domain, item_type, item_id));
  end if;
  if is_undeclared or leaf is null then
    leaf := dpg_private.find_or_create_leaf('items', item_network, item_domain);
    is_known_url := false;
  end if;
  if not is_known_url then
    perform dpg_private.register_instance_url(item_instance_url); -- unless it is known by now
  end if;
  -- Only our columns, the first ones of the table. An application may have added others, with defaults: so every
  -- insert names the columns.
  sent := row(
    item_network, item_domain, item_type, coalesce(item_id, gen_random_uuid()), item_instance_url, item_schema_url,
    item_state,
    item_latitude, item_longitude, actor, clock_timestamp(), null::timestamptz
  );
  sent.updated_at := sent.created_at;

  -- insert: most upserts are new items. An insert through the root has a plan that is kept and knows no leaves. It
  -- names no constraint: PostgreSQL would search the index of the leaf for it at each call.
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
  -- after the insert: its lock keeps new triggers out
  select a.has_additions into has_additions from dpg_private.additions_to_items(leaf) a;
  if is_new then
    if has_additions then
      return dpg_private.read_written_item(leaf, sent, 'insert');
    end if;
    return sent;
  end if;

  -- replace
  for attempt in 1 .. 100 loop
    -- From the second attempt on the row is locked: then an insert or update that changes nothing was suppressed.
    stored := case attempt
      when 1 then dpg_private.read_item(leaf, slot, dpg_private.ref_of_item(sent))
      else dpg_private.lock_item(leaf, dpg_private.ref_of_item(sent), 'no key update', slot)
    end;
    if stored.item_id is null then
      -- The item was deleted since the insert met it. Or the insert met a unique index of the application; that
      -- raises here. Or a trigger of the application suppresses the row each time.
      sent.created_at := clock_timestamp();
      sent.updated_at := sent.created_at;
      if dpg_private.insert_again('items', dpg_private.item_columns_sql(''), sent) then
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
    if (
        stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude, stored.item_longitude
      ) is not distinct from (item_instance_url, item_schema_url, item_state, item_latitude, item_longitude)
    then
      return stored; -- nothing to change, nothing written
    end if;
    stored := dpg_private.write_item(leaf, slot, dpg_private.ref_of_item(sent), sent, actor);
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
  'Creates an item of the actor, or replaces the whole content of an item that the actor owns, and returns the row.
Creates the leaf when needed. item_state is a JSON object. item_latitude and item_longitude are degrees, both or
neither. With item_id a repeated call is safe. A call that changes nothing leaves the row and updated_at as they
are.
Raises DP001, DP003, DP009, DP010, DP014, DP018.
Example: select * from dpg.upsert_item(
  actor => ''asha'', item_network => ''yellow_dot'', item_domain => ''student'', item_type => ''profile_1.0'',
  item_instance_url => ''https://yellowdot.example.com'',
  item_schema_url => ''https://schemas.example.com/student_v1.json'',
  item_state => ''{"name": "Asha", "goal": "board_exam"}'', item_latitude => 12.9716, item_longitude => 77.5946,
  item_id => ''11111111-1111-4111-8111-111111111111''
)';
--! EndIncluded items/upsert_item.sql
--! Included items/update_item.sql
create or replace function dpg_private.check_item_changes(changes jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  fields constant text[] := array[
    'item_instance_url', 'item_schema_url', 'item_state', 'item_latitude', 'item_longitude'
  ];
  hint constant text := format(
    'changes is a JSON object with at least one of the fields %s.', array_to_string(fields, ', ')
  );
  field text;
begin
  if changes is null or jsonb_typeof(changes) <> 'object' or changes = '{}' then
    perform dpg_private.refuse_argument('changes', changes, 'names no column', hint);
  end if;
  for field in select k.field from jsonb_object_keys(changes) k(field) order by k.field loop
    if field <> all (fields) then
      perform dpg_private.refuse_argument('changes.' || left(field, 120), changes -> field, 'cannot be changed', hint);
    elsif field = 'item_state' then
      perform dpg_private.check_document('changes.item_state', changes -> field);
    elsif not (
      dpg_private.is_field(dpg_private.kind_of_field(field), changes -> field)
      -- null clears the coordinate
      or field in ('item_latitude', 'item_longitude') and changes -> field = 'null'
    ) then
      perform dpg_private.refuse_field('changes.' || field, dpg_private.kind_of_field(field), changes -> field);
    end if;
  end loop;
  if (changes ? 'item_latitude' and changes ? 'item_longitude')
    and (jsonb_typeof(changes -> 'item_latitude') = 'null') <> (jsonb_typeof(changes -> 'item_longitude') = 'null')
  then
    perform dpg_private.refuse_argument(
      'changes', changes, 'leaves half a place', 'Pass both item_latitude and item_longitude, or null for both.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_item_changes(jsonb) is
  'Raises DP001 for changes that update_item can make to no item.';

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
  slot smallint;
  stored dpg.items;
  changed dpg.items;
begin
  -- check
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_item_ref(null, item),
    dpg_private.check_item_changes(changes),
    dpg_private.check_time_or_none('expected_updated_at', expected_updated_at),
    case
      when changes ? 'item_instance_url' then
        dpg_private.check_instance_url('changes.item_instance_url', changes ->> 'item_instance_url')
    end;

  -- lock
  select l.leaf, l.slot
  into leaf, slot
  from dpg_private.look_up_leaf_and_slot('items', item_network, item_domain) l;
  stored := dpg_private.lock_item(leaf, item, 'no key update', slot);
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
  perform dpg_private.check_coordinates_or_none(
    'item_latitude', changed.item_latitude, 'item_longitude', changed.item_longitude
  );

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
        -- the caller has read it into a type without microseconds, and would read and repeat for ever
        when expected_updated_at = date_trunc('milliseconds', stored.updated_at) then
          'Pass updated_at as text, as it was read: both times agree to the millisecond, '
            'but a Date of JavaScript or the like has no microseconds.'
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
  if (
      changed.item_instance_url, changed.item_schema_url, changed.item_state, changed.item_latitude,
      changed.item_longitude
    ) is not distinct from (
      stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude, stored.item_longitude
    )
  then
    return stored;
  end if;

  -- change
  perform dpg_private.register_instance_url(changed.item_instance_url);
  stored := dpg_private.write_item(leaf, slot, item, changed, actor);
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
  'Replaces those columns of an owned item that changes names: item_instance_url, item_schema_url, item_state,
item_latitude, item_longitude; at least one, and no others. Null clears the coordinates and is DP001 for other
columns. With expected_updated_at the call is refused (DP007) when somebody else changed the item first. A call that
changes nothing leaves the row as it is.
Raises DP001, DP002, DP003, DP007, DP018.
Example: select * from dpg.update_item(
  ''asha'', ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111'',
  ''{"item_state": {"name": "Asha", "goal": "board_exam", "verified": true}}''
)';
--! EndIncluded items/update_item.sql
--! Included items/get_item.sql
create or replace function dpg.get_item(item_network text, item_domain text, item_type text, item_id uuid)
returns dpg.items
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  slot smallint;
  stored dpg.items;
begin
  checked := num_nonnulls(
    dpg_private.check_item_ref(null, row(item_network, item_domain, item_type, item_id))
  );
  select l.leaf, l.slot
  into leaf, slot
  from dpg_private.look_up_leaf_and_slot('items', item_network, item_domain) l;
  stored := dpg_private.read_item(leaf, slot, row(item_network, item_domain, item_type, item_id));
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(row(item_network, item_domain, item_type, item_id));
  end if;
  return stored;
end
$body$;

comment on function dpg.get_item(text, text, text, uuid) is
  'One item by its key.
Raises DP001, DP002.
Example: select * from dpg.get_item(
  ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''
)';
--! EndIncluded items/get_item.sql
--! Included geo/circle.sql
create or replace function dpg_private.haversine_sql(latitude double precision, longitude double precision)
returns text
language sql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- every digit of a number
-- Functions of degrees, for which the cosine of a pole is 0. PostgreSQL refuses products too small for a float
-- (22003): adding 1e-100 leaves every number of degrees as it is but those whose squares would be.
return format(
  'sind((i.item_latitude + 1e-100 - (%1$L::double precision + 1e-100)) / 2) ^ 2
   + cosd(i.item_latitude) * cosd(%1$L::double precision)
     * sind((i.item_longitude + 1e-100 - (%2$L::double precision + 1e-100)) / 2) ^ 2',
  latitude, longitude
);

comment on function dpg_private.haversine_sql(double precision, double precision) is
  'The SQL expression for how far an item i is from a centre (degrees): the squared sine of half the angle between them.
It rises with the distance from 0 to 1, and is exact for near places as well. SQL text, not a function: inlining a
function would take longer than planning the rest of the statement. The numbers are in the text: to take them out of a
composite parameter takes as long as the rest of the condition.';

do $body$
begin
  if pg_catalog.to_regtype('dpg_private.circle_bounds') is null then
    create type dpg_private.circle_bounds as (
      bands integer[],
      south double precision,
      north double precision,
      west double precision,
      east double precision,
      reach double precision
    );
  end if;
end
$body$;

comment on type dpg_private.circle_bounds is
  'What the condition of a circle needs: the latitude bands that it touches (null for more than a hundred), the
degrees between which it lies (west is more than east where it crosses the antimeridian), and reach, the haversine
of its radius.';

create or replace function dpg_private.bounds_of_circle(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns dpg_private.circle_bounds
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  tiny constant double precision := 1e-100::double precision; -- see dpg_private.haversine_sql
  angle double precision := (least(radius_meters, pi() * 6378168) + tiny - tiny) / 6378168;
  -- A tenth of a metre more, so that rounding never takes a place on the very edge away: the reach decides.
  margin constant double precision := 1e-6::double precision;
  width double precision;
  bounds dpg_private.circle_bounds;
begin
  if radius_meters is null then
    return null;
  end if;
  bounds.south := latitude - degrees(angle) - margin;
  bounds.north := latitude + degrees(angle) + margin;
  if bounds.south <= -90 or bounds.north >= 90 then
    -- a circle around a pole has places of every longitude
    bounds.west := -180;
    bounds.east := 180;
  else
    width := degrees(asin(least(sin(angle) / cos(radians(latitude + tiny - tiny)), 1))) + margin;
    bounds.west := longitude - width + case when longitude - width < -180 then 360 else 0 end;
    bounds.east := longitude + width - case when longitude + width > 180 then 360 else 0 end;
  end if;
  if bounds.north - bounds.south < 1 then
    bounds.bands := array(
      select generate_series(dpg_private.latitude_band(bounds.south), dpg_private.latitude_band(bounds.north))
    );
  end if;
  -- Half the globe is everything, however the haversine of an antipode is rounded. A place whose own distance is
  -- the radius belongs to the circle, however that is rounded: a micrometre at most, where the haversine still
  -- tells them apart.
  bounds.reach := case
    when radius_meters >= pi() * 6378168 then 2
    when angle < 3 then sin(angle / 2) ^ 2 * (1 + 1e-14::double precision)
    else sin(angle / 2) ^ 2
  end;
  return bounds;
end
$body$;

comment on function dpg_private.bounds_of_circle(double precision, double precision, double precision) is
  'The bounds of the circle of radius_meters around a centre (degrees) on a sphere of 6,378,168 m; null without a
radius. See dpg_private.item_conditions_sql.';

create or replace function dpg_private.circle_condition_sql(
  latitude double precision,
  longitude double precision,
  circle dpg_private.circle_bounds
)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1
as $body$
begin
  return concat(
    'dpg_private.latitude_band(i.item_latitude) ',
    -- Not both for a large circle: the planner would multiply the share of the one with that of the other, and take
    -- it for a small one.
    case
      when circle.bands is not null then
        format(
          '= any(%L::integer[]) and i.item_latitude between %L::double precision and %L::double precision',
          circle.bands, circle.south, circle.north
        )
      else
        format(
          'between %s and %s', dpg_private.latitude_band(circle.south), dpg_private.latitude_band(circle.north)
        )
    end,
    ' and ',
    format(
      case
        when circle.west <= circle.east then
          'i.item_longitude between %L::double precision and %L::double precision'
        else '(i.item_longitude >= %L::double precision or i.item_longitude <= %L::double precision)'
      end,
      circle.west, circle.east
    ),
    ' and ', dpg_private.haversine_sql(latitude, longitude),
    format(' <= %L::double precision', circle.reach)
  );
end
$body$;

comment on function dpg_private.circle_condition_sql(
  double precision, double precision, dpg_private.circle_bounds
) is
  'The condition that an item i lies in a circle. The index on the bands finds what lies within its bounds, the
haversine decides.';

create or replace function dpg_private.is_within(
  latitude double precision,
  longitude double precision,
  center_latitude double precision,
  center_longitude double precision,
  reach double precision
)
returns boolean
language sql
immutable
parallel safe
security invoker
return sind((latitude + 1e-100 - (center_latitude + 1e-100)) / 2) ^ 2
  + cosd(latitude) * cosd(center_latitude) * sind((longitude + 1e-100 - (center_longitude + 1e-100)) / 2) ^ 2
  <= reach;

comment on function dpg_private.is_within(
  double precision, double precision, double precision, double precision, double precision
) is
  'Whether a place lies in the circle of this centre and reach: dpg_private.haversine_sql as a function, for statements
whose plan is kept.';

create or replace function dpg_private.circle_box(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns cube
language sql
immutable
parallel safe
security invoker
-- A circle of r metres is 2 R sin(r / 2R) from its centre to its edge along the straight line. A millimetre more,
-- so that rounding never takes a place on the very edge away. A radius too small to be divided is 0, see
-- dpg_private.place.
return cube_enlarge(
  dpg_private.place(latitude, longitude),
  2 * 6378168 * sin(
    least((radius_meters + 1e-200::double precision - 1e-200::double precision) / (2 * 6378168), pi() / 2)
  ) + 0.001,
  3
);

comment on function dpg_private.circle_box(double precision, double precision, double precision) is
  'The box around the circle of radius_meters around a centre (degrees), in metres from the centre of the globe.';

create or replace function dpg_private.is_in_box(latitude double precision, longitude double precision, box cube)
returns boolean
language sql
immutable
parallel safe
security invoker
return dpg_private.place_box(latitude, longitude) <@ box;

comment on function dpg_private.is_in_box(double precision, double precision, cube) is
  'Whether a place (degrees) lies in a dpg_private.circle_box. Inlined, so that the index on the place answers it.';

create or replace function dpg_private.is_circle_or_none(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns boolean
language sql
immutable
parallel safe
security invoker
return dpg_private.are_coordinates_or_none(latitude, longitude)
  and (latitude is null) = (radius_meters is null)
  and (radius_meters is null or (radius_meters >= 0 and radius_meters < 'infinity'));

comment on function dpg_private.is_circle_or_none(double precision, double precision, double precision) is
  'Whether latitude and longitude (degrees) and radius_meters (0 or more) are a circle, or all three are null.
False or null where they are neither.';

create or replace function dpg_private.refuse_circle(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_coordinates_or_none('latitude', latitude, 'longitude', longitude);
  if latitude is null or radius_meters is null then
    perform dpg_private.refuse_argument(
      case when latitude is null then 'latitude' else 'radius_meters' end,
      null, 'is missing', 'A circle needs latitude, longitude and radius_meters.'
    );
  end if;
  perform dpg_private.refuse_argument(
    'radius_meters', dpg_private.json_of_number(radius_meters), 'is no radius',
    'A radius is a number of metres, 0 or more.'
  );
end
$body$;

comment on function dpg_private.refuse_circle(double precision, double precision, double precision) is
  'Raises DP001 for what is no circle.';

create or replace function dpg_private.check_circle_or_none(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns void
language sql
stable
parallel safe
security invoker
return case
  when dpg_private.is_circle_or_none(latitude, longitude, radius_meters) is not true then
    dpg_private.refuse_circle(latitude, longitude, radius_meters)
end;

comment on function dpg_private.check_circle_or_none(double precision, double precision, double precision) is
  'Raises DP001 unless latitude and longitude (degrees) and radius_meters (0 or more) are a circle, or all three are
null.';
--! EndIncluded geo/circle.sql
--! Included items/item_filters.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg_private.item_search') is null then
    create type dpg_private.item_search as (
      item_type text,
      created_by text,
      item_instance_url text,
      item_schema_url text,
      item_state jsonb,
      latitude double precision,
      longitude double precision,
      circle dpg_private.circle_bounds
    );
  end if;
  if pg_catalog.to_regtype('dpg_private.item_page') is null then
    create type dpg_private.item_page as (
      row_limit integer,
      binding bigint,
      after_time timestamptz,
      after_chord double precision,
      after_domain text,
      after_type text,
      after_id uuid,
      oldest timestamptz
    );
  end if;
end
$body$;

comment on type dpg_private.item_search is
  'The filters of a search for items, null where one is not given; the centre of a circle, or of nearest_items, and
the bounds of the circle. It is $1 of every statement that is put together for a search.';
comment on type dpg_private.item_page is
  'The page of a search for items: how many rows, what its tokens are bound to (null: rows without a token), and the
row that it starts after: its created_at or its chord, then its key; null on the first page. oldest: rows that were
created before cannot be on the page. It is $2 of every statement that is put together for a search.';

create or replace function dpg_private.item_conditions_sql(search dpg_private.item_search)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return concat(
    'true',
    case when search.item_type is not null then ' and i.item_type = ($1).item_type' end,
    case when search.created_by is not null then ' and i.created_by = ($1).created_by' end,
    case when search.item_instance_url is not null then ' and i.item_instance_url = ($1).item_instance_url' end,
    case when search.item_schema_url is not null then ' and i.item_schema_url = ($1).item_schema_url' end,
    case when search.item_state is not null then ' and i.item_state @> ($1).item_state' end,
    case
      when (search.circle).reach is not null then
        ' and ' || dpg_private.circle_condition_sql(search.latitude, search.longitude, search.circle)
    end
  );
end
$body$;

comment on function dpg_private.item_conditions_sql(dpg_private.item_search) is
  'The where clause for the filters that are given, over a leaf named i. $1 is the dpg_private.item_search.';

create or replace function dpg_private.has_filters(search dpg_private.item_search)
returns boolean
language sql
immutable
parallel safe
security invoker
return num_nonnulls(
  (search).item_type, (search).created_by, (search).item_instance_url, (search).item_schema_url, (search).item_state
) > 0;

comment on function dpg_private.has_filters(dpg_private.item_search) is
  'Whether a search asks for more than a place. How many items have what it asks for is known only when its statement
is planned with the values, so such a statement is planned each time.';

create or replace function dpg_private.refuse_item_domains(item_domain text, item_domains text[])
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if item_domain is not null then
    perform dpg_private.refuse_argument(
      'item_domains', to_jsonb(item_domains), 'stands beside item_domain',
      'Pass item_domain for one domain, item_domains for several, or neither for all domains of the network.'
    );
  end if;
  perform dpg_private.refuse_argument(
    'item_domains', to_jsonb(d.domain),
    case when d.domain is null then 'is missing' else 'is not a key' end,
    'Pass keys: texts of 1 to 120 characters that are not all white space.', d.number::integer - 1
  )
  from unnest(item_domains) with ordinality d(domain, number)
  where dpg_private.is_key(d.domain) is not true;
end
$body$;

comment on function dpg_private.refuse_item_domains(text, text[]) is
  'Raises DP001 for domains that are no keys, or that stand beside a single domain.';

create or replace function dpg_private.check_item_domains(item_domain text, item_domains text[])
returns void
language sql
stable
parallel safe
security invoker
return case
  when item_domains is null then dpg_private.check_key_or_none('item_domain', item_domain)
  else dpg_private.refuse_item_domains(item_domain, item_domains)
end;

comment on function dpg_private.check_item_domains(text, text[]) is
  'Raises DP001 unless the domains of a search are one key, several, or not given at all.';
--! EndIncluded items/item_filters.sql
--! Included items/find_items.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.found_item') is null then
    create type dpg.found_item as (
      item_network text,
      item_domain text,
      item_type text,
      item_id uuid,
      item_instance_url text,
      item_schema_url text,
      item_state jsonb,
      item_latitude double precision,
      item_longitude double precision,
      created_by text,
      created_at timestamptz,
      updated_at timestamptz,
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.found_item is
  'A row of dpg.find_items: the columns of dpg.items, then next_page_token, which continues after this row.';

create or replace function dpg.find_items(
  item_network text,
  item_domain text default null,
  item_type text default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_state jsonb default null,
  latitude double precision default null,
  longitude double precision default null,
  radius_meters double precision default null,
  page_size integer default 20,
  page_token text default null,
  item_domains text[] default null
)
returns setof dpg.found_item
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- a circle must have the same token in every session
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  search dpg_private.item_search;
  page dpg_private.item_page;
  leaf regclass;
  slot smallint;
  few dpg.found_item[];
begin
  page_size := coalesce(page_size, 20);
  checked := num_nonnulls(
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_item_domains(item_domain, item_domains),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_key_or_none('created_by', created_by),
    dpg_private.check_url_or_none('item_instance_url', item_instance_url),
    dpg_private.check_url_or_none('item_schema_url', item_schema_url),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters),
    dpg_private.check_page_size(page_size)
  );
  search := row(
    item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude,
    dpg_private.bounds_of_circle(latitude, longitude, radius_meters)
  );
  page := dpg_private.page_of_items(
    (
      select b.binding
      from dpg_private.page_binding('find_items', jsonb_build_array(
        item_network, item_domain, item_type, created_by, item_instance_url, item_schema_url, item_state,
        latitude, longitude, radius_meters
      ) || coalesce(to_jsonb(item_domains), '[]')) b
    ),
    page_size, page_token
  );
  if item_domain is null then
    return query select * from dpg_private.items_of_leaves(item_network, item_domains, search, page);
    return;
  end if;

  select l.leaf, l.slot
  into leaf, slot
  from dpg_private.look_up_leaf_and_slot('items', item_network, item_domain) l;
  if leaf is null then
    return;
  end if;
  if not dpg_private.has_filters(search) then
    if radius_meters is null and slot is not null then
      return query execute format('select * from dpg_private.newest_of_slot(null::dpg_private.slot_%s, $1)', slot)
      using page;
      return;
    elsif radius_meters is not null then
      few := dpg_private.find_few_in_circle(slot, search, page);
      if few is not null then
        return query select * from unnest(few);
        return;
      end if;
      page.oldest := dpg_private.find_oldest_of_page(leaf, search, page);
    end if;
  end if;
  return query execute dpg_private.items_of_leaf_sql(
    leaf, search, page,
    dpg_private.page_token_sql(
      '($2).binding', 'timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, ''UTF8'')'
    )
  ) || ' order by i.created_at desc, i.item_type, i.item_id limit ($2).row_limit'
  using search, page;
end
$body$;

comment on function dpg.find_items(
  text, text, text, text, text, text, jsonb, double precision, double precision, double precision, integer, text, text[]
) is
  'The items of a network that match all filters, newest first (created_at descending, then item_domain, item_type,
item_id). item_domain is one domain; without it those of item_domains (no element: no items), or every domain.
item_state means containment (@>). latitude and longitude (degrees) with radius_meters are a circle. A page has
page_size rows (1 to 1,000, default 20). To continue after a row, pass its next_page_token as page_token with the same
filters. Fewer rows than page_size means the end.
Raises DP001, DP011.
Example: select * from dpg.find_items(
  ''yellow_dot'', ''tutor'',
  item_state => ''{"subject": "math"}'', latitude => 12.97, longitude => 77.59, radius_meters => 5000
)';
--! EndIncluded items/find_items.sql
--! Included items/items_of_slot.sql
-- Searches whose plans are kept: sql/README.md, "Plans that are kept". Each is one statement over the leaf that a slot
-- stands for. A kept plan does not know the values. So these are the searches in which they decide nothing: one index
-- is the best for all of them. The settings leave the planner that index, also while the leaf is empty.

create or replace function dpg_private.newest_of_slot(slot anyenum, page dpg_private.item_page)
returns setof dpg.found_item
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
set jit = off -- what the settings leave out counts as infinitely expensive, and would be worth compiling
as $body$
begin
  return query
    select i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url, i.item_state,
      i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at,
      case when page.binding is not null then
        dpg_private.token_of_position(
          page.binding, timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, 'UTF8')
        )
      end
    from dpg_private.item_rows(slot) i
    where i.created_at between coalesce(page.oldest, '-infinity') and coalesce(page.after_time, 'infinity')
      and (
        page.after_time is null
        or i.created_at < page.after_time
        or (i.item_domain, i.item_type, i.item_id)
          > (coalesce(page.after_domain, i.item_domain), page.after_type, page.after_id)
      )
    order by i.created_at desc, i.item_type, i.item_id
    limit page.row_limit;
end
$body$;

comment on function dpg_private.newest_of_slot(anyenum, dpg_private.item_page) is
  'A page of all items in the leaf of a slot, newest first.';

create or replace function dpg_private.is_kept_circle(circle dpg_private.circle_bounds)
returns boolean
language sql
immutable
parallel safe
security invoker
return (circle).bands is not null and (circle).west <= (circle).east;

comment on function dpg_private.is_kept_circle(dpg_private.circle_bounds) is
  'Whether there is a kept plan for the circle: it is less than a degree high and does not cross the antimeridian.';

create or replace function dpg_private.count_circle_of_slot(
  slot anyenum,
  search dpg_private.item_search,
  at_most integer
)
returns integer
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $body$
declare
  circle dpg_private.circle_bounds := search.circle;
begin
  return (
    select count(*)
    from (
      select
      from dpg_private.item_rows(slot) i
      where dpg_private.latitude_band(i.item_latitude) = any (circle.bands)
        and i.item_latitude between circle.south and circle.north
        and i.item_longitude between circle.west and circle.east
        and dpg_private.is_within(i.item_latitude, i.item_longitude, search.latitude, search.longitude, circle.reach)
      limit at_most
    ) n
  );
end
$body$;

comment on function dpg_private.count_circle_of_slot(anyenum, dpg_private.item_search, integer) is
  'How many items in the leaf of a slot lie in a circle, counted up to at_most: whoever finds so many takes a plan that
knows the circle.';

create or replace function dpg_private.circle_of_slot(
  slot anyenum,
  search dpg_private.item_search,
  page dpg_private.item_page,
  at_most integer
)
returns table (found dpg.found_item, counted bigint)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $body$
declare
  circle dpg_private.circle_bounds := search.circle;
begin
  return query
    select
      row(
        i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url, i.item_state,
        i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at,
        case when page.binding is not null then
          dpg_private.token_of_position(
            page.binding, timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, 'UTF8')
          )
        end
      )::dpg.found_item,
      i.counted
    from (
      select i.*, count(*) over () as counted
      from (
        select i.*
        from dpg_private.item_rows(slot) i
        where dpg_private.latitude_band(i.item_latitude) = any (circle.bands)
          and i.item_latitude between circle.south and circle.north
          and i.item_longitude between circle.west and circle.east
          and dpg_private.is_within(i.item_latitude, i.item_longitude, search.latitude, search.longitude, circle.reach)
          -- no condition that the index by time could answer: without the values it looks better than it is
          and (page.oldest is null or i.created_at >= page.oldest)
          and (
            page.after_time is null
            or i.created_at < page.after_time
            or (
              i.created_at = page.after_time
              and (i.item_domain, i.item_type, i.item_id)
                > (coalesce(page.after_domain, i.item_domain), page.after_type, page.after_id)
            )
          )
        limit at_most
      ) i
    ) i
    order by i.created_at desc, i.item_type, i.item_id
    limit page.row_limit;
end
$body$;

comment on function dpg_private.circle_of_slot(
  anyenum, dpg_private.item_search, dpg_private.item_page, integer
) is
  'A page of the items in the leaf of a slot that lie in a circle, newest first, each with how many items were read for
it. It reads at_most: with so many, the page may lack newer ones, and the caller takes a plan that knows the circle.';
--! EndIncluded items/items_of_slot.sql
--! Included items/items_of_leaf.sql
create or replace function dpg_private.page_of_items(binding bigint, row_limit integer, page_token text)
returns dpg_private.item_page
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  page dpg_private.item_page;
  page_start bytea;
  separator integer;
begin
  page.row_limit := row_limit;
  page.binding := binding;
  if page_token is not null then
    page_start := dpg_private.page_position(binding, page_token);
    separator := position(decode('00', 'hex') in substr(page_start, 25));
    page.after_time := dpg_private.page_time(page_start);
    page.after_id := dpg_private.page_id(page_start);
    page.after_type := convert_from(
      case separator when 0 then substr(page_start, 25) else substr(page_start, 25, separator - 1) end, 'UTF8'
    );
    if separator > 0 then
      page.after_domain := convert_from(substr(page_start, 25 + separator), 'UTF8');
    end if;
  end if;
  return page;
end
$body$;

comment on function dpg_private.page_of_items(bigint, integer, text) is
  'The page that a token of find_items asks for; without a token the first one. A place in the order of items is
created_at in 8 bytes, item_id in 16, item_type, and in a search over several domains a zero byte and item_domain.
Raises DP011.';

create or replace function dpg_private.items_of_leaf_sql(
  leaf regclass,
  search dpg_private.item_search,
  page dpg_private.item_page,
  added_columns text default null
)
returns text
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return format(
    'select %s from %s i where %s%s%s',
    concat_ws(', ', dpg_private.item_columns_sql('i.'), added_columns),
    leaf,
    dpg_private.item_conditions_sql(search),
    case when page.oldest is not null then ' and i.created_at >= ($2).oldest' end,
    case
      when page.after_domain is not null then
        ' and i.created_at <= ($2).after_time
          and (
            i.created_at < ($2).after_time
            or (i.item_domain, i.item_type, i.item_id) > (($2).after_domain, ($2).after_type, ($2).after_id)
          )'
      when page.after_time is not null then
        ' and i.created_at <= ($2).after_time
          and (i.created_at < ($2).after_time or (i.item_type, i.item_id) > (($2).after_type, ($2).after_id))'
    end
  );
end
$body$;

comment on function dpg_private.items_of_leaf_sql(regclass, dpg_private.item_search, dpg_private.item_page, text) is
  'The statement, without order and limit, that searches a leaf for the items of a page. The leaf is named i. $1 is the
dpg_private.item_search, $2 the dpg_private.item_page.';

create or replace function dpg_private.find_oldest_of_page(
  leaf regclass,
  search dpg_private.item_search,
  page dpg_private.item_page
)
returns timestamptz
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  oldest timestamptz;
begin
  if (select c.reltuples > 200000 from pg_class c where c.oid = leaf)
  then
    execute format(
      'select min(n.created_at)
       from (
         select i.created_at from %s i where %s %s order by i.created_at desc limit ($2).row_limit
       ) n',
      leaf,
      dpg_private.item_conditions_sql(search),
      case when page.after_time is not null then 'and i.created_at < ($2).after_time' end
    )
    into oldest
    using search, page;
  end if;
  return oldest;
end
$body$;

comment on function dpg_private.find_oldest_of_page(regclass, dpg_private.item_search, dpg_private.item_page) is
  'When the last row of the page was created, for a search with a circle and no other filter, where it pays to ask
first, else null. In a large leaf a circle may hold many items; the index alone says it, and older rows need not be
read. In a small leaf that takes longer to plan than to read.';

create or replace function dpg_private.find_few_in_circle(
  slot smallint,
  search dpg_private.item_search,
  page dpg_private.item_page
)
returns dpg.found_item[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  many constant integer := 200; -- from so many items in a circle on, it pays to plan with the values
  found_items dpg.found_item[];
  counted bigint;
begin
  if slot is not null and dpg_private.is_kept_circle(search.circle) and not dpg_private.has_filters(search) then
    execute format(
      'select coalesce(array_agg(c.found), ''{}''), coalesce(max(c.counted), 0)
       from dpg_private.circle_of_slot(null::dpg_private.slot_%s, $1, $2, $3) c',
      slot
    )
    into found_items, counted
    using search, page, many;
    if counted < many then
      return found_items;
    end if;
  end if;
  return null;
end
$body$;

comment on function dpg_private.find_few_in_circle(
  smallint, dpg_private.item_search, dpg_private.item_page
) is
  'A page of the items of a leaf in a circle, by a kept plan. Null where there is none for this search, or where the
circle holds many.';

create or replace function dpg_private.items_of_batch(
  leaves regclass[],
  slots smallint[],
  search dpg_private.item_search,
  page dpg_private.item_page
)
returns dpg.found_item[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  found_items dpg.found_item[] := '{}';
  few dpg.found_item[];
  searches text[] := '{}';
  planned dpg.found_item[];
begin
  for number in 1 .. cardinality(leaves) loop
    few := dpg_private.find_few_in_circle(slots[number], search, page);
    if few is not null then
      found_items := found_items || few;
    elsif slots[number] is not null and (search.circle).reach is null and not dpg_private.has_filters(search) then
      searches := searches || format(
        'select %s from dpg_private.newest_of_slot(null::dpg_private.slot_%s, $2) i',
        dpg_private.item_columns_sql('i.'), slots[number]
      );
    else
      searches := searches || dpg_private.items_of_leaf_sql(leaves[number], search, page);
    end if;
  end loop;
  if searches <> '{}' then
    execute format(
      'select array_agg(row(i.*)::dpg.found_item) from (%s) i',
      dpg_private.page_of_searches_sql(
        searches, 'i', 'i.created_at desc, i.item_domain, i.item_type, i.item_id', '($2).row_limit', 'null::text'
      )
    )
    into planned
    using search, page;
  end if;
  return found_items || planned;
end
$body$;

comment on function dpg_private.items_of_batch(
  regclass[], smallint[], dpg_private.item_search, dpg_private.item_page
) is
  'The items of these leaves that may be on the page, in no order and without tokens.';

create or replace function dpg_private.items_of_leaves(
  item_network text,
  item_domains text[],
  search dpg_private.item_search,
  page dpg_private.item_page
)
returns setof dpg.found_item
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  of_batch dpg_private.item_page := page;
  batch record;
  found_items dpg.found_item[];
begin
  of_batch.binding := null;
  for batch in
    select n.batch, max(n.batch) over () as last_batch, array_agg(n.leaf) as leaves, array_agg(n.slot) as slots
    from (
      select (row_number() over () - 1) / 16 as batch, l.leaf, l.slot
      from dpg_private.look_up_item_leaves(item_network, item_domains) l
    ) n
    group by n.batch
    order by n.batch
  loop
    begin
      found_items := array(
        select i
        from unnest(found_items || dpg_private.items_of_batch(batch.leaves, batch.slots, search, of_batch)) i
        order by i.created_at desc, i.item_domain, i.item_type, i.item_id
        limit page.row_limit
      );
      if batch.last_batch > 0 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and found_items has its value
    end;
    -- later leaves need not be read beyond the last row of a full page
    if cardinality(found_items) = page.row_limit then
      of_batch.oldest := found_items[page.row_limit].created_at;
    end if;
  end loop;
  return query
    select i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url, i.item_state,
      i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at,
      dpg_private.token_of_position(
        page.binding,
        timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, 'UTF8')
          || decode('00', 'hex') || convert_to(i.item_domain, 'UTF8')
      )
    from unnest(found_items) i;
end
$body$;

comment on function dpg_private.items_of_leaves(
  text, text[], dpg_private.item_search, dpg_private.item_page
) is
  'A page of the items of several domains, or of all, newest first, with next_page_token. It searches 16 leaves at a
time. Where there are more, each batch is searched in a subtransaction that is rolled back, which gives back its locks:
a statement over 256 leaves locks 1,800 tables and indexes, and eight such calls at once would need more than the
server has room for (53200).';
--! EndIncluded items/items_of_leaf.sql
--! Included items/count_items.sql
create or replace function dpg_private.count_leaf(leaf regclass, slot smallint, search dpg_private.item_search)
returns bigint
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  many constant integer := 1000; -- from so many items in a circle on, it pays to plan with the values
  matches bigint;
begin
  if slot is not null and not dpg_private.has_filters(search) and dpg_private.is_kept_circle(search.circle) then
    execute format('select dpg_private.count_circle_of_slot(null::dpg_private.slot_%s, $1, $2)', slot)
    into matches
    using search, many;
    if matches < many then
      return matches;
    end if;
  end if;
  execute format('select count(*) from %s i where %s', leaf, dpg_private.item_conditions_sql(search))
  into matches
  using search;
  return matches;
end
$body$;

comment on function dpg_private.count_leaf(regclass, smallint, dpg_private.item_search) is
  'How many items of a leaf match a search.';

create or replace function dpg_private.count_leaves(
  item_network text,
  item_domains text[],
  search dpg_private.item_search
)
returns bigint
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  batch record;
  matches bigint := 0;
begin
  for batch in
    select n.batch, max(n.batch) over () as last_batch, array_agg(n.leaf) as leaves, array_agg(n.slot) as slots
    from (
      select (row_number() over () - 1) / 16 as batch, l.leaf, l.slot
      from dpg_private.look_up_item_leaves(item_network, item_domains) l
    ) n
    group by n.batch
  loop
    begin
      for number in 1 .. cardinality(batch.leaves) loop
        matches := matches + dpg_private.count_leaf(batch.leaves[number], batch.slots[number], search);
      end loop;
      if batch.last_batch > 0 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and matches has its value: see dpg_private.items_of_leaves
    end;
  end loop;
  return matches;
end
$body$;

comment on function dpg_private.count_leaves(text, text[], dpg_private.item_search) is
  'How many items of several domains, or of all, match a search.';

create or replace function dpg.count_items(
  item_network text,
  item_domain text default null,
  item_type text default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_state jsonb default null,
  latitude double precision default null,
  longitude double precision default null,
  radius_meters double precision default null,
  item_domains text[] default null
)
returns bigint
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  search dpg_private.item_search;
  leaf regclass;
  slot smallint;
  matches bigint;
begin
  checked := num_nonnulls(
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_item_domains(item_domain, item_domains),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_key_or_none('created_by', created_by),
    dpg_private.check_url_or_none('item_instance_url', item_instance_url),
    dpg_private.check_url_or_none('item_schema_url', item_schema_url),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters)
  );
  search := row(
    item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude,
    dpg_private.bounds_of_circle(latitude, longitude, radius_meters)
  );
  if item_domain is null then
    return dpg_private.count_leaves(item_network, item_domains, search);
  end if;
  select l.leaf, l.slot
  into leaf, slot
  from dpg_private.look_up_leaf_and_slot('items', item_network, item_domain) l;
  if leaf is null then
    return 0::bigint;
  end if;
  return dpg_private.count_leaf(leaf, slot, search);
end
$body$;

comment on function dpg.count_items(
  text, text, text, text, text, text, jsonb, double precision, double precision, double precision, text[]
) is
  'How many items match the filters of dpg.find_items. Counts them one by one: the cost grows with the number of
matches.
Raises DP001.
Example: select dpg.count_items(''yellow_dot'', ''tutor'', item_state => ''{"subject": "math"}'')';
--! EndIncluded items/count_items.sql
--! Included geo/nearest_items.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.nearest_item') is null then
    create type dpg.nearest_item as (
      item_network text,
      item_domain text,
      item_type text,
      item_id uuid,
      item_instance_url text,
      item_schema_url text,
      item_state jsonb,
      item_latitude double precision,
      item_longitude double precision,
      created_by text,
      created_at timestamptz,
      updated_at timestamptz,
      distance_meters double precision,
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.nearest_item is
  'A row of dpg.nearest_items: the columns of dpg.items, then distance_meters along the great circle and
next_page_token, which continues after this row.';

create or replace function dpg_private.page_of_nearest(binding bigint, row_limit integer, page_token text)
returns dpg_private.item_page
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  page dpg_private.item_page;
  page_start bytea;
  separator integer;
  chord_and_type text;
begin
  page.row_limit := row_limit;
  page.binding := binding;
  if page_token is not null then
    page_start := dpg_private.page_position(binding, page_token);
    separator := position(decode('00', 'hex') in substr(page_start, 17));
    page.after_id := encode(substr(page_start, 1, 16), 'hex')::uuid;
    chord_and_type := convert_from(
      case separator when 0 then substr(page_start, 17) else substr(page_start, 17, separator - 1) end, 'UTF8'
    );
    page.after_chord := split_part(chord_and_type, ' ', 1)::double precision;
    page.after_type := substr(chord_and_type, strpos(chord_and_type, ' ') + 1);
    if separator > 0 then
      page.after_domain := convert_from(substr(page_start, 17 + separator), 'UTF8');
    end if;
  end if;
  return page;
end
$body$;

comment on function dpg_private.page_of_nearest(bigint, integer, text) is
  'The page that a token of nearest_items asks for; without a token the first one. A place in this order is item_id in
16 bytes, the chord and item_type with a space between, and in a search over several domains a zero byte and
item_domain.
Raises DP011.';

create or replace function dpg_private.nearest_of_slot(
  slot anyenum,
  search dpg_private.item_search,
  page dpg_private.item_page,
  center cube,
  box cube
)
returns table (
  item_network text,
  item_domain text,
  item_type text,
  item_id uuid,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb,
  item_latitude double precision,
  item_longitude double precision,
  created_by text,
  created_at timestamptz,
  updated_at timestamptz,
  chord double precision,
  distance_meters double precision,
  next_page_token text
)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
set jit = off
as $body$
#variable_conflict use_column
declare
  circle dpg_private.circle_bounds := search.circle;
begin
  if box is null then
    return query
      select i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url,
        i.item_state, i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at, i.chord,
        2 * 6378168 * asin(least(i.chord / (2 * 6378168), 1)), -- dpg_private.great_circle_sql
        case when page.binding is not null then
          dpg_private.token_of_position(
            page.binding, uuid_send(i.item_id) || convert_to(i.chord || ' ' || i.item_type, 'UTF8')
          )
        end
      from (
        select i.*, dpg_private.chord_meters(i.item_latitude, i.item_longitude, center) as chord
        from dpg_private.item_rows(slot) i
        where i.item_latitude is not null
          and (
            page.after_chord is null
            or dpg_private.chord_meters(i.item_latitude, i.item_longitude, center) > page.after_chord
            or (
              dpg_private.chord_meters(i.item_latitude, i.item_longitude, center) = page.after_chord
              and (i.item_domain, i.item_type, i.item_id)
                > (coalesce(page.after_domain, i.item_domain), page.after_type, page.after_id)
            )
          )
        order by dpg_private.chord_meters(i.item_latitude, i.item_longitude, center)
        fetch first (page.row_limit) rows with ties
      ) i
      order by i.chord, i.item_type, i.item_id
      limit page.row_limit;
  else
    return query
      select i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url,
        i.item_state, i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at, i.chord,
        2 * 6378168 * asin(least(i.chord / (2 * 6378168), 1)), -- dpg_private.great_circle_sql
        case when page.binding is not null then
          dpg_private.token_of_position(
            page.binding, uuid_send(i.item_id) || convert_to(i.chord || ' ' || i.item_type, 'UTF8')
          )
        end
      from (
        select i.*, dpg_private.chord_meters(i.item_latitude, i.item_longitude, center) as chord
        from dpg_private.item_rows(slot) i
        where i.item_latitude is not null
          and dpg_private.is_in_box(i.item_latitude, i.item_longitude, box)
          and dpg_private.is_within(i.item_latitude, i.item_longitude, search.latitude, search.longitude, circle.reach)
          and (
            page.after_chord is null
            or dpg_private.chord_meters(i.item_latitude, i.item_longitude, center) > page.after_chord
            or (
              dpg_private.chord_meters(i.item_latitude, i.item_longitude, center) = page.after_chord
              and (i.item_domain, i.item_type, i.item_id)
                > (coalesce(page.after_domain, i.item_domain), page.after_type, page.after_id)
            )
          )
        order by dpg_private.chord_meters(i.item_latitude, i.item_longitude, center)
        fetch first (page.row_limit) rows with ties
      ) i
      order by i.chord, i.item_type, i.item_id
      limit page.row_limit;
  end if;
end
$body$;

comment on function dpg_private.nearest_of_slot(
  anyenum, dpg_private.item_search, dpg_private.item_page, cube, cube
) is
  'A page of the nearest items in the leaf of a slot, by a plan that is kept. box: of the circle of search, or null. See
dpg_private.nearest_of_leaf_sql.';

create or replace function dpg_private.nearest_of_leaf_sql(
  leaf regclass,
  slot smallint,
  search dpg_private.item_search,
  page dpg_private.item_page
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  filters dpg_private.item_search := search;
begin
  if slot is not null and not dpg_private.has_filters(search) then
    return format(
      'select %s, i.chord from dpg_private.nearest_of_slot(null::dpg_private.slot_%s, $1, $2, $3, $4) i',
      dpg_private.item_columns_sql('i.'), slot
    );
  end if;
  filters.circle := null;
  return format(
    'select %s, dpg_private.chord_meters(i.item_latitude, i.item_longitude, $3) as chord
     from %s i
     where i.item_latitude is not null and %s %s %s
     order by dpg_private.chord_meters(i.item_latitude, i.item_longitude, $3)
     fetch first (($2).row_limit) rows with ties',
    dpg_private.item_columns_sql('i.'),
    leaf,
    dpg_private.item_conditions_sql(filters),
    case when (search.circle).reach is not null then
      'and dpg_private.is_in_box(i.item_latitude, i.item_longitude, $4) and '
        || dpg_private.haversine_sql(search.latitude, search.longitude)
        || ' <= (($1).circle).reach'
    end,
    case when page.after_chord is not null then
      'and (
         dpg_private.chord_meters(i.item_latitude, i.item_longitude, $3) > ($2).after_chord
         or (
           dpg_private.chord_meters(i.item_latitude, i.item_longitude, $3) = ($2).after_chord
           and (i.item_domain, i.item_type, i.item_id)
             > (coalesce(($2).after_domain, i.item_domain), ($2).after_type, ($2).after_id)
         )
       )'
    end
  );
end
$body$;

comment on function dpg_private.nearest_of_leaf_sql(
  regclass, smallint, dpg_private.item_search, dpg_private.item_page
) is
  'The statement that finds the nearest items of a leaf with their chord, ties of the last one included. Ordered by the
chord alone: before version 17 PostgreSQL reads the index in the order of the distance only where nothing else is in
the order. $1 is the dpg_private.item_search, $2 the dpg_private.item_page, $3 the dpg_private.place of the centre, $4
the dpg_private.circle_box: as expressions they take long to plan.';

create or replace function dpg_private.page_of_nearest_sql(searches text, "position" text)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return format(
    'select %s, %s, %s from (%s) i order by i.chord, i.item_domain, i.item_type, i.item_id limit ($2).row_limit',
    dpg_private.item_columns_sql('i.'),
    dpg_private.great_circle_sql('i.chord'),
    dpg_private.page_token_sql('($2).binding', "position"),
    searches
  );
end
$body$;

comment on function dpg_private.page_of_nearest_sql(text, text) is
  'The statement that takes one page from searches of dpg_private.nearest_of_leaf_sql. The distance is computed from the
chord by which rows are ordered, so that it never decreases. position: as in dpg_private.page_token_sql.';

create or replace function dpg.nearest_items(
  item_network text,
  item_domain text,
  latitude double precision,
  longitude double precision,
  radius_meters double precision default null,
  item_type text default null,
  item_state jsonb default null,
  page_size integer default 20,
  page_token text default null,
  item_domains text[] default null
)
returns setof dpg.nearest_item
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- a distance must come back from the page token exactly as it went in
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  search dpg_private.item_search;
  page dpg_private.item_page;
  place_in_order constant text := 'uuid_send(i.item_id) || convert_to(i.chord || '' '' || i.item_type, ''UTF8'')';
  leaf regclass;
  slot smallint;
  batch record;
  statement text;
  of_batch dpg.nearest_item[];
  of_page dpg.nearest_item[];
begin
  page_size := coalesce(page_size, 20);
  checked := num_nonnulls(
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_item_domains(item_domain, item_domains),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_present('latitude', latitude is not null),
    dpg_private.check_present('longitude', longitude is not null),
    dpg_private.check_circle_or_none(latitude, longitude, coalesce(radius_meters, 0)),
    dpg_private.check_page_size(page_size)
  );
  search := row(
    item_type, null, null, null, item_state, latitude, longitude,
    dpg_private.bounds_of_circle(latitude, longitude, radius_meters)
  );
  page := dpg_private.page_of_nearest(
    (
      select b.binding
      from dpg_private.page_binding('nearest_items', jsonb_build_array(
        item_network, item_domain, latitude, longitude, radius_meters, item_type, item_state
      ) || coalesce(to_jsonb(item_domains), '[]')) b
    ),
    page_size, page_token
  );
  if item_domain is not null then
    select l.leaf, l.slot
    into leaf, slot
    from dpg_private.look_up_leaf_and_slot('items', item_network, item_domain) l;
    if slot is not null and not dpg_private.has_filters(search) then
      return query execute format(
        'select %s, i.distance_meters, i.next_page_token
         from dpg_private.nearest_of_slot(null::dpg_private.slot_%s, $1, $2, $3, $4) i',
        dpg_private.item_columns_sql('i.'), slot
      )
      using search, page, dpg_private.place(latitude, longitude),
        case when radius_meters is not null then dpg_private.circle_box(latitude, longitude, radius_meters) end;
    elsif leaf is not null then
      return query execute dpg_private.page_of_nearest_sql(
        dpg_private.nearest_of_leaf_sql(leaf, slot, search, page), place_in_order
      )
      using search, page, dpg_private.place(latitude, longitude),
        case when radius_meters is not null then dpg_private.circle_box(latitude, longitude, radius_meters) end;
    end if;
    return;
  end if;
  for batch in
    select n.batch, max(n.batch) over () as last_batch,
      string_agg('(' || dpg_private.nearest_of_leaf_sql(n.leaf, n.slot, search, page) || ')', ' union all ') as searches
    from (
      select (row_number() over () - 1) / 16 as batch, l.leaf, l.slot
      from dpg_private.look_up_item_leaves(item_network, item_domains) l
    ) n
    group by n.batch
    order by n.batch
  loop
    statement := dpg_private.page_of_nearest_sql(
      batch.searches, place_in_order || ' || decode(''00'', ''hex'') || convert_to(i.item_domain, ''UTF8'')'
    );
    if batch.last_batch = 0 then
      return query execute statement using search, page, dpg_private.place(latitude, longitude),
        case when radius_meters is not null then dpg_private.circle_box(latitude, longitude, radius_meters) end;
      return;
    end if;
    begin
      execute format('select array_agg(row(i.*)::dpg.nearest_item) from (%s) i', statement)
      into of_batch
      using search, page, dpg_private.place(latitude, longitude),
        case when radius_meters is not null then dpg_private.circle_box(latitude, longitude, radius_meters) end;
      raise exception using errcode = 'DP000';
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and of_batch has its value: see dpg_private.items_of_leaves
    end;
    of_page := array(
      select i
      from unnest(of_page || of_batch) i
      order by i.distance_meters, i.item_domain, i.item_type, i.item_id
      limit page_size
    );
  end loop;
  return query select * from unnest(of_page);
end
$body$;

comment on function dpg.nearest_items(
  text, text, double precision, double precision, double precision, text, jsonb, integer, text, text[]
) is
  'The items of a network that have a place, nearest to latitude and longitude (degrees) first, then by item_domain,
item_type and item_id. item_domain is one domain; null means those of item_domains (no element: no items), or every
domain. distance_meters is along the great circle of earthdistance''s sphere. radius_meters limits the search to a
circle. item_state means containment (@>). Pages as in dpg.find_items. A later page passes over the rows before it, so
its cost grows with its number.
Raises DP001, DP011.
Example: select item_id, distance_meters
from dpg.nearest_items(''yellow_dot'', ''tutor'', 12.9716, 77.5946, page_size => 10)';
--! EndIncluded geo/nearest_items.sql
--! Included events/event_filters.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg_private.event_search') is null then
    create type dpg_private.event_search as (
      actor text,
      ownership_role text,
      action_id uuid,
      action_status text,
      update_count integer,
      item_id uuid
    );
  end if;
  if pg_catalog.to_regtype('dpg_private.event_page') is null then
    create type dpg_private.event_page as (
      row_limit integer,
      binding bigint,
      after_time timestamptz,
      after_update_count integer,
      after_network text,
      after_type text,
      after_id uuid
    );
  end if;
end
$body$;

comment on type dpg_private.event_search is
  'The arguments of dpg.find_events that say which events of a leaf. Null: all, except in actor and ownership_role. It
is $1 of every statement that is put together for a search.';
comment on type dpg_private.event_page is
  'A page of dpg.find_events: how many rows, what its tokens are bound to, and the row that it starts after (null on the
first page): its created_at, update_count and key. It is $2 of every statement that is put together for a search.';

create or replace function dpg_private.page_of_events(binding bigint, row_limit integer, page_token text)
returns dpg_private.event_page
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  page dpg_private.event_page;
  page_start bytea;
  keys jsonb; -- update_count, partition_network and action_type
begin
  page.row_limit := row_limit;
  page.binding := binding;
  if page_token is not null then
    page_start := dpg_private.page_position(binding, page_token);
    keys := convert_from(substr(page_start, 25), 'UTF8')::jsonb;
    page.after_time := dpg_private.page_time(page_start);
    page.after_id := dpg_private.page_id(page_start);
    page.after_update_count := (keys ->> 0)::integer;
    page.after_network := keys ->> 1;
    page.after_type := keys ->> 2;
  end if;
  return page;
end
$body$;

comment on function dpg_private.page_of_events(bigint, integer, text) is
  'The page that a token of find_events asks for; without a token the first one. A place in the order of events is
created_at in 8 bytes, event_id in 16, and a JSON array of update_count, partition_network and action_type.
Raises DP011.';
--! EndIncluded events/event_filters.sql
--! Included events/find_event.sql
create or replace function dpg_private.event_columns_sql(alias text)
returns text
language sql
immutable
parallel safe
security invoker
return replace(
  '@partition_network, @action_type, @event_id, @origin_instance_domain, @action_id, @action_status,
   @update_count, @source_item_network, @source_item_domain, @source_item_type, @source_item_id,
   @source_item_instance_url, @source_item_owner, @source_item_latitude, @source_item_longitude,
   @target_item_network, @target_item_domain, @target_item_type, @target_item_id, @target_item_instance_url,
   @target_item_owner, @target_item_latitude, @target_item_longitude, @event_payload, @remarks, @created_at,
   @source_item_is_local, @target_item_is_local',
  '@', alias
);

comment on function dpg_private.event_columns_sql(text) is
  'Our columns of dpg.action_events, in the order of dpg.found_event and dpg.feed_event. Named one by one, since an
application may add columns to the table. alias stands before each: ''e.'' or nothing.';

create or replace function dpg_private.find_event(partition_network text, action_type text, event_id uuid)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  slot smallint;
  of_slot record;
  stored dpg.action_events;
begin
  select l.leaf, l.slot
  into leaf, slot
  from dpg_private.look_up_leaf_and_slot('action_events', partition_network, action_type) l;
  if slot is not null then
    execute format('select dpg_private.event_of_slot(null::dpg_private.slot_%s, $1, $2, $3) as event', slot)
    into of_slot
    using partition_network, action_type, event_id;
    return of_slot.event;
  elsif leaf is not null then
    execute format(
      'select * from %s e where e.partition_network = $1 and e.action_type = $2 and e.event_id = $3', leaf
    )
    into stored
    using partition_network, action_type, event_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.find_event(text, text, uuid) is
  'The event of this id, as it is committed now. All columns are null where there is none.';

create or replace function dpg_private.find_event_of_update(
  partition_network text,
  action_type text,
  origin_instance_domain text,
  action_id uuid,
  update_count integer
)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  slot smallint;
  of_slot record;
  stored dpg.action_events;
begin
  select l.leaf, l.slot
  into leaf, slot
  from dpg_private.look_up_leaf_and_slot('action_events', partition_network, action_type) l;
  if slot is not null then
    execute format(
      'select dpg_private.event_of_update_of_slot(null::dpg_private.slot_%s, $1, $2, $3, $4, $5) as event', slot
    )
    into of_slot
    using partition_network, action_type, origin_instance_domain, action_id, update_count;
    return of_slot.event;
  elsif leaf is not null then
    execute format(
      'select * from %s e
       where e.partition_network = $1 and e.action_type = $2 and e.origin_instance_domain = $3
         and e.action_id = $4 and e.update_count = $5',
      leaf
    )
    into stored
    using partition_network, action_type, origin_instance_domain, action_id, update_count;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.find_event_of_update(text, text, text, uuid, integer) is
  'The event of this update of an action, as it is committed now. All columns are null where there is none.';

create or replace function dpg_private.refuse_different_event(stored dpg.action_events)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP008',
    message = dpg_private.text_for_client(format(
      'event %s of %L/%L is there already, with other content',
      stored.event_id, stored.partition_network, stored.action_type
    )),
    hint = 'Repeat a call with exactly what it said the first time; another change or event needs an id of its own.',
    -- no more than its id: it may belong to an action that is not the caller's
    detail = dpg_private.text_for_client(jsonb_build_object(
      'partition_network', stored.partition_network, 'action_type', stored.action_type, 'event_id', stored.event_id
    )::text);
end
$body$;

comment on function dpg_private.refuse_different_event(dpg.action_events) is
  'Raises DP008 for an event that is there with other content.';
--! EndIncluded events/find_event.sql
--! Included actions/find_action.sql
create or replace function dpg_private.action_key_sql()
returns text
language sql
immutable
parallel safe
security invoker
return 'a.partition_network = $1 and a.action_type = $2 and a.action_id = $3';

comment on function dpg_private.action_key_sql() is
  'The condition that a row a of a leaf is the action of a key. Parameters: $1 partition_network, $2 action_type,
$3 action_id.';

create or replace function dpg_private.action_columns_sql(alias text)
returns text
language sql
immutable
parallel safe
security invoker
return replace(
  '@partition_network, @action_type, @action_id, @action_status, @update_count, @requirements_snapshot,
   @remarks, @source_item_network, @source_item_domain, @source_item_type, @source_item_id,
   @source_item_instance_url, @source_item_owner, @target_item_network, @target_item_domain, @target_item_type,
   @target_item_id, @target_item_instance_url, @target_item_owner, @created_at, @updated_at,
   @source_item_latitude, @source_item_longitude, @target_item_latitude, @target_item_longitude,
   @source_item_is_local, @source_local_item_id',
  '@', alias
);

comment on function dpg_private.action_columns_sql(text) is
  'Our columns of dpg.item_actions, in the order of dpg.found_action; dpg_private.mirrored_actions has them, too.
Named one by one, since an application may add columns to the table. alias stands before each: ''a.'' or nothing.';

create or replace function dpg_private.refuse_action_key(partition_network text, action_type text, action_id uuid)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_present('action_id', action_id is not null);
end
$body$;

comment on function dpg_private.refuse_action_key(text, text, uuid) is
  'Raises DP001 for what is no key of an action.';

create or replace function dpg_private.check_action_key(partition_network text, action_type text, action_id uuid)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (
    dpg_private.is_key(partition_network)
    and dpg_private.is_key(action_type)
    and action_id is not null
  ) is not true then
    dpg_private.refuse_action_key(partition_network, action_type, action_id)
end;

comment on function dpg_private.check_action_key(text, text, uuid) is
  'Raises DP001 unless the three name an action.';

create or replace function dpg_private.refuse_action_not_found(partition_network text, action_type text, action_id uuid)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP004',
    message = dpg_private.text_for_client(
      format('there is no action %L/%L/%s here', partition_network, action_type, action_id)
    ),
    hint = 'Check network, type and id; an action lives on the instance of its target, in the target''s network.',
    detail = dpg_private.text_for_client(
      jsonb_build_object(
        'partition_network', partition_network, 'action_type', action_type, 'action_id', action_id
      )::text
    );
end
$body$;

comment on function dpg_private.refuse_action_not_found(text, text, uuid) is
  'Raises DP004 for the action.';

create or replace function dpg_private.find_action(
  leaf regclass,
  partition_network text,
  action_type text,
  action_id uuid
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.item_actions;
begin
  if leaf is not null then
    execute format('select * from %s a where %s', leaf, dpg_private.action_key_sql())
    into stored
    using partition_network, action_type, action_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.find_action(regclass, text, text, uuid) is
  'The action of this key in its leaf, as it is committed now. All columns are null where there is none, or no leaf.';

create or replace function dpg_private.lock_action(
  leaf regclass,
  partition_network text,
  action_type text,
  action_id uuid,
  strength text,
  slot smallint default null
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.item_actions;
  of_slot record;
begin
  if slot is not null then
    execute format(
      'select dpg_private.lock_action_of_slot(null::dpg_private.slot_%s, $1, $2, $3, $4) as action', slot
    )
    into of_slot
    using partition_network, action_type, action_id, strength;
    stored := of_slot.action;
  elsif leaf is not null then
    if strength = 'no key update' then
      -- The tables first, as the change needs them; the roots before the leaf, as "alter table" takes them. These
      -- locks also keep new triggers of the application out, between the look for triggers and the change.
      execute format('lock table only dpg.item_actions, only dpg.action_events, only %s in row exclusive mode', leaf);
    end if;
    execute format('select * from %s a where %s for %s', leaf, dpg_private.action_key_sql(), strength)
    into stored
    using partition_network, action_type, action_id;
  end if;
  if stored.action_id is null then
    perform dpg_private.refuse_action_not_found(partition_network, action_type, action_id);
  end if;
  return stored;
end
$body$;

comment on function dpg_private.lock_action(regclass, text, text, uuid, text, smallint) is
  'The action of this key in its leaf, under a row lock (strength: key share or no key update). With the slot of the
leaf, where the caller knows it, by a kept plan.
Raises DP004, also where there is no leaf.';
--! EndIncluded actions/find_action.sql
--! Included actions/new_action.sql
-- What perform_action and receive_action do before they lock an item.

create or replace function dpg_private.look_before_new_action(
  source dpg.item_ref,
  target dpg.item_ref,
  action_type text
)
returns table (
  is_registered boolean,
  source_leaf regclass,
  source_slot smallint,
  target_leaf regclass,
  target_slot smallint,
  action_leaf regclass,
  events_leaf regclass
)
language sql
stable
security invoker
begin atomic
  select
    exists (
      select
      from dpg.networks n
      where n.network in ((look_before_new_action.source).item_network, (look_before_new_action.target).item_network)
    ),
    s.leaf,
    s.slot,
    t.leaf,
    t.slot,
    (
      select l.leaf
      from dpg_private.look_up_leaf_and_slot(
        'item_actions', (look_before_new_action.target).item_network, look_before_new_action.action_type
      ) l
    ),
    (
      select l.leaf
      from dpg_private.look_up_leaf_and_slot(
        'action_events', (look_before_new_action.target).item_network, look_before_new_action.action_type
      ) l
    )
  from (select) one
  left join dpg_private.look_up_leaf_and_slot(
    'items', (look_before_new_action.source).item_network, (look_before_new_action.source).item_domain
  ) s on true
  left join dpg_private.look_up_leaf_and_slot(
    'items', (look_before_new_action.target).item_network, (look_before_new_action.target).item_domain
  ) t on true;
end;

comment on function dpg_private.look_before_new_action(dpg.item_ref, dpg.item_ref, text) is
  'What a call needs to know before it creates an action: whether one of the networks is registered, and the leaves,
  null where
one is missing. One statement instead of five. The answers hold for this moment. It does not look at public."user": that
table is the application''s, which could not change a column that a parsed function names.';

create or replace function dpg_private.create_leaves_for_new_action(
  actor text,
  source dpg.item_ref,
  target dpg.item_ref,
  action_type text
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  source_item dpg.items;
begin
  -- not for a call that will be refused anyway
  if actor is not null then
    source_item := dpg.get_item(source.item_network, source.item_domain, source.item_type, source.item_id);
  end if;
  perform dpg.get_item(target.item_network, target.item_domain, target.item_type, target.item_id);
  if source_item.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, source);
  end if;
  perform dpg_private.find_or_create_leaf('item_actions', target.item_network, action_type);
  perform dpg_private.find_or_create_leaf('action_events', target.item_network, action_type);
end
$body$;

comment on function dpg_private.create_leaves_for_new_action(text, dpg.item_ref, dpg.item_ref, text) is
  'Creates the leaves of actions and events that are missing, before the items are locked. The order must not
change: the creation of a leaf waits for the writers of the items of its network, and those may wait for these
items. actor is null for a source that lives on another instance. Raises DP002, DP003, DP010.';
--! EndIncluded actions/new_action.sql
--! Included actions/perform_action.sql
create or replace function dpg.perform_action(
  actor text,
  action_type text,
  source dpg.item_ref,
  target dpg.item_ref,
  requirements_snapshot jsonb default '{}',
  remarks text default null,
  event_payload jsonb default null,
  action_id uuid default null
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  look record;
  source_item dpg.items;
  target_item dpg.items;
begin
  -- check
  requirements_snapshot := coalesce(requirements_snapshot, '{}');
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_item_ref('source', source),
    dpg_private.check_item_ref('target', target),
    dpg_private.check_document('requirements_snapshot', requirements_snapshot),
    dpg_private.check_remarks_or_none(remarks),
    dpg_private.check_document_or_none('event_payload', event_payload),
    case
      when source = target then
        dpg_private.refuse_argument(
          'target', to_jsonb(target), 'is the source itself', 'An action goes from one item to another.'
        )
    end
  );

  -- look
  select
    exists (select from public."user" u where u.id = perform_action.actor) as is_user,
    l.*
  into look
  from dpg_private.look_before_new_action(source, target, action_type) l;
  if not look.is_user then
    perform dpg_private.refuse_unknown_user(actor);
  end if;
  if look.is_registered then
    perform dpg_private.check_interaction(action_type, source, target, action_id);
  end if;
  if look.action_leaf is null or look.events_leaf is null then
    perform dpg_private.create_leaves_for_new_action(actor, source, target, action_type);
    select l.* into look from dpg_private.look_before_new_action(source, target, action_type) l;
  end if;

  -- lock: an item cannot be deleted until the action refers to it. The lower key first, as everywhere; in bytes,
  -- whatever the collation of the database, since calls that lock many rows sort them so.
  if (
      source.item_network collate "C", source.item_domain collate "C", source.item_type collate "C", source.item_id
    ) < (
      target.item_network collate "C", target.item_domain collate "C", target.item_type collate "C", target.item_id
    )
  then
    source_item := dpg_private.lock_item(look.source_leaf, source, 'key share', look.source_slot);
    target_item := dpg_private.lock_item(look.target_leaf, target, 'key share', look.target_slot);
  else
    target_item := dpg_private.lock_item(look.target_leaf, target, 'key share', look.target_slot);
    source_item := dpg_private.lock_item(look.source_leaf, source, 'key share', look.source_slot);
  end if;
  if source_item.item_id is null then
    perform dpg_private.refuse_item_not_found(source);
  end if;
  if target_item.item_id is null then
    perform dpg_private.refuse_item_not_found(target);
  end if;
  if source_item.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, source);
  end if;

  -- change
  return dpg_private.insert_action(
    look.action_leaf, look.events_leaf, action_type, action_id, source_item, true, target_item,
    requirements_snapshot, remarks, event_payload
  );
end
$body$;

comment on function dpg.perform_action(text, text, dpg.item_ref, dpg.item_ref, jsonb, text, jsonb, uuid) is
  'Creates an action from an item that the actor owns to another item of this instance, and its first event in the
same transaction. The status is the declared initial one, else created; update_count is 0; owners and coordinates
come from the items. The default of event_payload is {"status": <status>}. With action_id a repeated call is safe.
Raises DP001, DP002, DP003, DP008, DP009, DP010, DP014, DP018.
Example: select * from dpg.perform_action(
  ''asha'', ''connect'',
  source => row(''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''),
  target => row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222''),
  requirements_snapshot => ''{"subject": "math"}'',
  action_id => ''33333333-3333-4333-8333-333333333333''
)';
--! EndIncluded actions/perform_action.sql
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
  checked integer; -- see sql/README.md, "Checks"
  look record;
  source_item dpg.items; -- as the other instance describes it
  target_item dpg.items;
begin
  -- check
  requirements_snapshot := coalesce(requirements_snapshot, '{}');
  checked := num_nonnulls(
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_item_ref('source', source),
    dpg_private.check_url('source_item_instance_url', source_item_instance_url),
    dpg_private.check_key('source_item_owner', source_item_owner),
    dpg_private.check_remote_url(source_item_instance_url),
    dpg_private.check_item_ref('target', target),
    dpg_private.check_document('requirements_snapshot', requirements_snapshot),
    dpg_private.check_remarks_or_none(remarks),
    dpg_private.check_coordinates_or_none(
      'source_item_latitude', source_item_latitude, 'source_item_longitude', source_item_longitude
    ),
    dpg_private.check_document_or_none('event_payload', event_payload)
  );

  -- look
  select
    exists (
      select
      from dpg_private.peer_url_sightings p
      where p.instance_url = receive_action.source_item_instance_url
    ) as is_known_url,
    l.*
  into look
  -- a source elsewhere has no leaf here: only its network counts
  from dpg_private.look_before_new_action(row(source.item_network, null, null, null), target, action_type) l;
  if look.is_registered then
    perform dpg_private.check_interaction(action_type, source, target, action_id);
  end if;
  if look.action_leaf is null or look.events_leaf is null then
    perform dpg_private.create_leaves_for_new_action(null, source, target, action_type);
    select look.is_known_url as is_known_url, l.*
    into look
    from dpg_private.look_before_new_action(row(source.item_network, null, null, null), target, action_type) l;
  end if;

  -- lock
  target_item := dpg_private.lock_item(look.target_leaf, target, 'key share', look.target_slot);
  if target_item.item_id is null then
    perform dpg_private.refuse_item_not_found(target);
  end if;

  -- change
  if not look.is_known_url then
    perform dpg_private.note_peer_url(source_item_instance_url);
  end if;
  source_item := row(
    source.item_network, source.item_domain, source.item_type, source.item_id, source_item_instance_url, null::text,
    null::jsonb, source_item_latitude, source_item_longitude, source_item_owner, null::timestamptz, null::timestamptz
  );
  return dpg_private.insert_action(
    look.action_leaf, look.events_leaf, action_type, action_id, source_item, false, target_item,
    requirements_snapshot, remarks, event_payload
  );
end
$body$;

comment on function dpg.receive_action(
  text, dpg.item_ref, text, text, dpg.item_ref, jsonb, text, jsonb, uuid, double precision, double precision
) is
  'perform_action for a source that lives on another instance. That instance says who owns the source and where it
is (coordinates in degrees); the caller must have authenticated it. A URL of our own is DP001. From then on no item
may be given this URL (dpg.forget_instance_url removes it). With action_id, chosen by the sender, a repeated call is
safe.
Raises DP001, DP002, DP008, DP010, DP014, DP018.
Example: select * from dpg.receive_action(
  ''connect'',
  source => row(''yellow_dot'', ''student'', ''profile_1.0'', ''66666666-6666-4666-8666-666666666666''),
  source_item_instance_url => ''https://student.example.com'', source_item_owner => ''meera'',
  target => row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222''),
  action_id => ''77777777-7777-4777-8777-777777777777''
)';
--! EndIncluded actions/receive_action.sql
--! Included actions/apply_transition.sql
create or replace function dpg_private.is_repeated_transition(
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  event_payload jsonb,
  remarks text,
  event_id uuid
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.action_events := dpg_private.find_event(action.partition_network, action.action_type, event_id);
begin
  if stored.event_id is null then
    return false;
  end if;
  if not stored.target_item_is_local
    or stored.update_count = 0
    or stored.update_count - 1 <> expected_update_count -- null: nothing to compare; + 1 could overflow
    or stored.action_id <> action.action_id
    or (
      (
        stored.action_status <> is_repeated_transition.action_status
        or (
          (stored.event_payload, stored.remarks)
            is distinct from (is_repeated_transition.event_payload, is_repeated_transition.remarks)
          -- what was redacted since cannot be compared
          and not dpg_private.is_redacted(
            stored.partition_network, stored.action_type, stored.action_id, stored.event_id
          )
        )
      )
      -- a trigger of the application may have stored something else than what was sent
      and not dpg_private.was_sent(
        'action_events', stored.partition_network, stored.action_type, '', stored.event_id,
        dpg_private.digest_of_change(
          is_repeated_transition.action_status, is_repeated_transition.event_payload, is_repeated_transition.remarks
        )
      )
    )
  then
    perform dpg_private.refuse_different_event(stored);
  end if;
  return true;
end
$body$;

comment on function dpg_private.is_repeated_transition(dpg.item_actions, text, integer, jsonb, text, uuid) is
  'Whether exactly this change of the action was made before under this event_id. Raises DP008 when the id was used for
something else.';

create or replace function dpg_private.refuse_transition(
  party text,
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  transitions jsonb,
  edge_roles text[]
)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- an edge is of one side: initiated is the source, received the target
  allowed_side constant text := case edge_roles[1] when 'initiated' then 'source' else 'target' end;
begin
  if action.update_count <> expected_update_count then
    raise exception using
      errcode = 'DP007',
      message = dpg_private.text_for_client(
        format('action %s has update_count %s, not %s', action.action_id, action.update_count, expected_update_count)
      ),
      hint =
        'Somebody else changed the action first: read it again, decide anew, '
          'and repeat the call with its update_count.',
      detail = dpg_private.text_for_client(jsonb_build_object(
        'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
        'expected_update_count', expected_update_count, 'update_count', action.update_count,
        'action_status', action.action_status
      )::text);
  end if;
  if edge_roles is null then
    raise exception using
      errcode = 'DP006',
      message = dpg_private.text_for_client(
        format('action %s cannot go from %L to %L', action.action_id, action.action_status, action_status)
      ),
      hint = dpg_private.text_for_client(format(
        'From %L it can go to: %s. The graph was declared by dpg.define_action.',
        action.action_status,
        coalesce(
          (
            select string_agg(distinct format('%L', e.edge ->> 'to'), ', ')
            from jsonb_array_elements(transitions) e(edge)
            where e.edge ->> 'from' = action.action_status
          ),
          'nothing'
        )
      )),
      detail = dpg_private.text_for_client(jsonb_build_object(
        'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
        'from', action.action_status, 'to', action_status
      )::text);
  end if;
  perform dpg_private.refuse_not_action_party(
    party, action,
    format('may not move from %L to %L', action.action_status, action_status),
    format('The declared graph leaves this change to the owner of the %s item.', allowed_side),
    jsonb_build_object('from', action.action_status, 'to', action_status, 'by', allowed_side)
  );
end
$body$;

comment on function dpg_private.refuse_transition(text, dpg.item_actions, text, integer, jsonb, text[]) is
  'Raises the reason why a party may not change the status of an action: DP007, another update_count was expected;
DP006, the declared graph (transitions) has no such edge; DP005, it leaves the edge to the other party.';

create or replace function dpg_private.apply_transition(
  leaf regclass,
  slot smallint,
  party text,
  roles text[],
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  event_payload jsonb,
  remarks text,
  event_id uuid
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  transitions jsonb; -- the state graph; null where none is declared
  edge_roles text[]; -- whose the edges from the present status to the wanted one are; null where there is no such edge
  is_allowed boolean;
  events_leaf regclass;
  has_additions boolean; -- columns or triggers of the application: row and event are written in another way
  changed dpg.item_actions := action;
  changed_rows bigint;
begin
  event_payload := coalesce(event_payload, dpg_private.default_payload(action_status));

  -- look
  select d.transitions, l.leaf, a.has_additions
  into transitions, events_leaf, has_additions
  from (select) one
  left join dpg_private.look_up_leaf_and_slot('action_events', action.partition_network, action.action_type) l on true
  cross join lateral dpg_private.additions_to_actions(apply_transition.leaf, l.leaf) a
  left join dpg.action_definitions d
    on d.partition_network = action.partition_network
    and d.action_type = action.action_type;
  if transitions is not null then
    select array_agg(
      case e.edge ->> 'by' when 'source' then 'initiated' when 'target' then 'received' else 'either' end
    )
    into edge_roles
    from jsonb_array_elements(transitions) e(edge)
    where e.edge ->> 'from' = action.action_status
      and e.edge ->> 'to' = apply_transition.action_status;
  else
    edge_roles := array['either'];
  end if;

  -- decide
  is_allowed := action.update_count = coalesce(expected_update_count, action.update_count)
    and edge_roles is not null
    and edge_roles && (roles || array['either']);

  -- change
  if is_allowed then
    changed.action_status := action_status;
    changed.update_count := action.update_count + 1;
    changed.remarks := coalesce(remarks, action.remarks);
    -- read after the lock; later than the last change, also when the clock was set back
    changed.updated_at := greatest(clock_timestamp(), action.updated_at + interval '1 microsecond');
    if events_leaf is null then
      perform dpg_private.find_or_create_leaf('action_events', action.partition_network, action.action_type);
    end if;
    if has_additions then
      if pg_trigger_depth() > 0 then
        perform dpg_private.check_event_is_stored(action);
      end if;
      if (dpg_private.find_event(action.partition_network, action.action_type, event_id)).event_id is null
        and (
          dpg_private.find_event_of_update(
            action.partition_network, action.action_type, action.target_item_instance_url, action.action_id,
            changed.update_count
          )
        ).event_id is null
      then
        return dpg_private.write_action_and_event(
          leaf, changed, coalesce(event_id, gen_random_uuid()), event_payload, remarks
        );
      end if;
    -- the event first: where its id was used before, nothing is written
    elsif dpg_private.append_event(changed, coalesce(event_id, gen_random_uuid()), event_payload, remarks) then
      if slot is not null and dpg_private.is_grown(leaf) then
        execute format('select dpg_private.update_action_of_slot(null::dpg_private.slot_%s, $1)', slot)
        into changed_rows
        using changed;
      else
        execute format(
          'update %s a
           set action_status = $4, update_count = $5, remarks = $6, updated_at = $7
           where %s',
          leaf, dpg_private.action_key_sql()
        )
        using action.partition_network, action.action_type, action.action_id,
          changed.action_status, changed.update_count, changed.remarks, changed.updated_at;
        get diagnostics changed_rows = row_count;
      end if;
      if changed_rows = 0 then
        perform dpg_private.refuse_suppressed('update', leaf, jsonb_build_object('action_id', action.action_id));
      end if;
      return changed;
    end if;
  end if;

  -- refuse, unless this call repeats one that was done
  if event_id is not null and dpg_private.is_repeated_transition(
    action, action_status, expected_update_count, event_payload, remarks, event_id
  ) then
    return action;
  end if;
  if is_allowed then
    -- an event that was mirrored before its origin became a URL of ours has the place of this one
    perform dpg_private.refuse_different_event(
      dpg_private.find_event_of_update(
        action.partition_network, action.action_type, action.target_item_instance_url, action.action_id,
        changed.update_count
      )
    );
  end if;
  perform dpg_private.refuse_transition(
    party, action, action_status, expected_update_count, transitions, edge_roles
  );
  return null;
end
$body$;

comment on function dpg_private.apply_transition(
  regclass, smallint, text, text[], dpg.item_actions, text, integer, jsonb, text, uuid
) is
  'Changes the status of an action of this leaf, which the caller has locked, for a party with these roles (initiated,
received), and appends the event. Raises DP005, DP006, DP007, DP008, DP018.';
--! EndIncluded actions/apply_transition.sql
--! Included actions/transition_action.sql
create or replace function dpg.transition_action(
  actor text,
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
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  slot smallint;
  action dpg.item_actions;
  roles text[];
begin
  -- check
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_action_key(partition_network, action_type, action_id),
    dpg_private.check_key('action_status', action_status),
    dpg_private.check_count_or_none('expected_update_count', expected_update_count),
    dpg_private.check_remarks_or_none(remarks),
    dpg_private.check_document_or_none('event_payload', event_payload)
  );

  -- lock
  select l.leaf, l.slot
  into leaf, slot
  from dpg_private.look_up_leaf_and_slot('item_actions', partition_network, action_type) l;
  action := dpg_private.lock_action(leaf, partition_network, action_type, action_id, 'no key update', slot);
  roles := dpg_private.ownership_roles(
    actor, action.source_item_owner, action.source_item_is_local, action.target_item_owner, true
  );
  if roles = '{}' then
    perform dpg_private.refuse_not_action_party(actor, action);
  end if;

  -- change
  return dpg_private.apply_transition(
    leaf, slot, actor, roles, action, action_status, expected_update_count, event_payload, remarks, event_id
  );
end
$body$;

comment on function dpg.transition_action(text, text, text, uuid, text, integer, jsonb, text, uuid) is
  'Changes the status of an action for a party of this instance, under a row lock: update_count + 1, and one event
in the same transaction. With expected_update_count the call is refused (DP007) when somebody else changed the
action first. Null remarks keep those of the row. The default of event_payload is {"status": <status>}. With
event_id a repeated call is safe.
Raises DP001, DP004, DP005, DP006, DP007, DP008, DP010, DP018.
Example: select * from dpg.transition_action(
  ''ravi'', ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333'', ''accepted'',
  expected_update_count => 0, event_id => ''44444444-4444-4444-8444-444444444444''
)';
--! EndIncluded actions/transition_action.sql
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
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  slot smallint;
  action dpg.item_actions;
begin
  -- check
  checked := num_nonnulls(
    dpg_private.check_url('source_item_instance_url', source_item_instance_url),
    dpg_private.check_key('source_item_owner', source_item_owner),
    dpg_private.check_remote_url(source_item_instance_url),
    dpg_private.check_action_key(partition_network, action_type, action_id),
    dpg_private.check_key('action_status', action_status),
    dpg_private.check_count_or_none('expected_update_count', expected_update_count),
    dpg_private.check_remarks_or_none(remarks),
    dpg_private.check_document_or_none('event_payload', event_payload)
  );

  -- lock
  select l.leaf, l.slot
  into leaf, slot
  from dpg_private.look_up_leaf_and_slot('item_actions', partition_network, action_type) l;
  action := dpg_private.lock_action(leaf, partition_network, action_type, action_id, 'no key update', slot);
  if action.source_item_is_local
    or not dpg_private.is_same_url(action.source_item_instance_url, source_item_instance_url)
    or action.source_item_owner <> source_item_owner
  then
    perform dpg_private.refuse_not_action_party(
      source_item_owner, action,
      format('of %L is no party of', source_item_instance_url),
      'URL and owner must be those with which the other instance made the action.',
      jsonb_build_object('source_item_instance_url', source_item_instance_url)
    );
  end if;

  -- change
  return dpg_private.apply_transition(
    leaf, slot, source_item_owner, array['initiated'], action,
    action_status, expected_update_count, event_payload, remarks, event_id
  );
end
$body$;

comment on function dpg.receive_transition(text, text, text, text, uuid, text, integer, jsonb, text, uuid) is
  'transition_action for the source party of an action that came by receive_action. URL and owner must equal those
in the action, the URL in any spelling; the caller must have authenticated that instance. With event_id, chosen by
the sender, a repeated call is safe.
Raises DP001, DP004, DP005, DP006, DP007, DP008, DP010, DP018.
Example: select * from dpg.receive_transition(
  ''https://student.example.com'', ''meera'',
  ''yellow_dot'', ''connect'', ''77777777-7777-4777-8777-777777777777'', ''withdrawn''
)';
--! EndIncluded actions/receive_transition.sql
--! Included actions/action_filters.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg_private.action_search') is null then
    create type dpg_private.action_search as (
      actor text,
      ownership_role text,
      partition_network text,
      action_type text,
      action_status text,
      item_id uuid
    );
  end if;
  if pg_catalog.to_regtype('dpg_private.action_page') is null then
    create type dpg_private.action_page as (
      row_limit integer,
      binding bigint,
      after_time timestamptz,
      after_network text,
      after_type text,
      after_id uuid,
      after_url text
    );
  end if;
end
$body$;

comment on type dpg_private.action_search is
  'The arguments of dpg.find_actions that say which actions. Null: all, except in actor and ownership_role. It is $1 of
every statement that is put together for a search.';
comment on type dpg_private.action_page is
  'A page of dpg.find_actions: how many rows, what its tokens are bound to, and the row that it starts after (null on
the first page): its updated_at, its key and its target_item_instance_url. It is $2 of every statement that is put
together for a search.';

create or replace function dpg_private.page_of_actions(binding bigint, row_limit integer, page_token text)
returns dpg_private.action_page
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  page dpg_private.action_page;
  page_start bytea;
  keys jsonb; -- partition_network, action_type and target_item_instance_url
begin
  page.row_limit := row_limit;
  page.binding := binding;
  if page_token is not null then
    page_start := dpg_private.page_position(binding, page_token);
    keys := convert_from(substr(page_start, 25), 'UTF8')::jsonb;
    page.after_time := dpg_private.page_time(page_start);
    page.after_id := dpg_private.page_id(page_start);
    page.after_network := keys ->> 0;
    page.after_type := keys ->> 1;
    page.after_url := keys ->> 2;
  end if;
  return page;
end
$body$;

comment on function dpg_private.page_of_actions(bigint, integer, text) is
  'The page that a token of find_actions asks for; without a token the first one. A place in the order of actions is
updated_at in 8 bytes, action_id in 16, and a JSON array of partition_network, action_type and target_item_instance_url.
Raises DP011.';
--! EndIncluded actions/action_filters.sql
--! Included actions/get_action.sql
create or replace function dpg.get_action(actor text, partition_network text, action_type text, action_id uuid)
returns dpg.item_actions
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  of_slot record;
  leaf regclass;
  slot smallint;
  action dpg.item_actions;
  mirrored dpg.item_actions;
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_action_key(partition_network, action_type, action_id);
  select l.leaf, l.slot
  into leaf, slot
  from dpg_private.look_up_leaf_and_slot('item_actions', partition_network, action_type) l;
  if slot is not null then
    execute format('select dpg_private.action_of_slot(null::dpg_private.slot_%s, $1, $2, $3) as action', slot)
    into of_slot
    using partition_network, action_type, action_id;
    action := of_slot.action;
  elsif leaf is not null then
    execute format('select * from %s a where %s', leaf, dpg_private.action_key_sql())
    into action
    using partition_network, action_type, action_id;
  end if;
  if dpg_private.ownership_roles(
    actor, action.source_item_owner, action.source_item_is_local, action.target_item_owner, true
  ) <> '{}' then
    return action;
  end if;

  -- One that lives on another instance, as its mirrored events describe it. Other instances chose the ids, so there
  -- may be several.
  select
    m.partition_network, m.action_type, m.action_id, m.action_status, m.update_count, m.requirements_snapshot,
    m.remarks, m.source_item_network, m.source_item_domain, m.source_item_type, m.source_item_id,
    m.source_item_instance_url, m.source_item_owner, m.target_item_network, m.target_item_domain, m.target_item_type,
    m.target_item_id, m.target_item_instance_url, m.target_item_owner, m.created_at, m.updated_at,
    m.source_item_latitude, m.source_item_longitude, m.target_item_latitude, m.target_item_longitude,
    m.source_item_is_local, m.source_local_item_id
  into mirrored
  from dpg_private.mirrored_actions m
  where m.partition_network = get_action.partition_network
    and m.action_type = get_action.action_type
    and m.action_id = get_action.action_id
  order by m.source_item_owner = get_action.actor desc, m.updated_at desc
  limit 1;
  if mirrored.source_item_owner = actor then
    return mirrored;
  end if;
  if action.action_id is null then
    action := mirrored;
  end if;
  if action.action_id is null then
    perform dpg_private.refuse_action_not_found(partition_network, action_type, action_id);
  end if;
  perform dpg_private.refuse_not_action_party(actor, action);
  return null;
end
$body$;

comment on function dpg.get_action(text, text, text, uuid) is
  'One action, for its parties. Also one that lives on another instance, as its mirrored events describe it
(target_item_instance_url says where).
Raises DP001, DP004, DP005.
Example: select * from dpg.get_action(
  ''asha'', ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333''
)';
--! EndIncluded actions/get_action.sql
--! Included actions/find_actions.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.found_action') is null then
    create type dpg.found_action as (
      partition_network text,
      action_type text,
      action_id uuid,
      action_status text,
      update_count integer,
      requirements_snapshot jsonb,
      remarks text,
      source_item_network text,
      source_item_domain text,
      source_item_type text,
      source_item_id uuid,
      source_item_instance_url text,
      source_item_owner text,
      target_item_network text,
      target_item_domain text,
      target_item_type text,
      target_item_id uuid,
      target_item_instance_url text,
      target_item_owner text,
      created_at timestamptz,
      updated_at timestamptz,
      source_item_latitude double precision,
      source_item_longitude double precision,
      target_item_latitude double precision,
      target_item_longitude double precision,
      source_item_is_local boolean,
      source_local_item_id uuid,
      ownership_roles text[],
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.found_action is
  'A row of dpg.find_actions: the columns of dpg.item_actions, then ownership_roles (initiated, received or both:
the part of the actor in it) and next_page_token, which continues after this row.';

create or replace function dpg_private.actions_of_leaves_sql(
  leaves dpg_private.party_leaf[],
  search dpg_private.action_search,
  page dpg_private.action_page
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  added_conditions text;
  searches text[];
begin
  -- one search for each leaf and role, each answered by an index in the order of the page
  added_conditions := concat(
    case when search.action_status is not null then ' and a.action_status = ($1).action_status' end,
    case when page.after_time is not null then
      ' and a.updated_at <= ($2).after_time
        and (
          a.updated_at < ($2).after_time
          or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
            > (($2).after_network, ($2).after_type, ($2).after_id, ($2).after_url)
        )'
    end
  );
  searches := array(
    select format(
      'select %s, dpg_private.ownership_roles(
         ($1).actor, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
       ) as ownership_roles
       from %s a
       where %s%s',
      dpg_private.action_columns_sql('a.'), l.leaf, c.condition, added_conditions
    )
    from unnest(leaves) l
    cross join unnest(
      dpg_private.party_conditions_sql(
        search.ownership_role,
        concat(
          'a.source_item_owner = ($1).actor and a.source_item_is_local',
          case when search.item_id is not null then ' and a.source_item_id = ($1).item_id' end
        ),
        concat(
          'a.target_item_owner = ($1).actor',
          case when search.item_id is not null then ' and a.target_item_id = ($1).item_id' end
        )
      )
    ) c(condition)
  );
  -- Actions that live on other instances are in one table. The owners of their targets are users there, nobody here.
  if search.ownership_role <> 'received' or searches = '{}' then
    searches := searches || format(
      'select %s, array[''initiated''] as ownership_roles
       from dpg_private.mirrored_actions a
       where a.source_item_owner = ($1).actor%s%s%s%s%s',
      dpg_private.action_columns_sql('a.'),
      case when search.ownership_role = 'received' then ' and false' end,
      case when search.item_id is not null then ' and a.source_item_id = ($1).item_id' end,
      case when search.partition_network is not null then ' and a.partition_network = ($1).partition_network' end,
      case when search.action_type is not null then ' and a.action_type = ($1).action_type' end,
      added_conditions
    );
  end if;
  return dpg_private.page_of_searches_sql(
    searches, 'a',
    'a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url',
    '($2).row_limit',
    dpg_private.page_token_sql(
      '($2).binding',
      'timestamptz_send(a.updated_at) || uuid_send(a.action_id)
       || convert_to(jsonb_build_array(a.partition_network, a.action_type, a.target_item_instance_url)::text, ''UTF8'')'
    )
  );
end
$body$;

comment on function dpg_private.actions_of_leaves_sql(
  dpg_private.party_leaf[], dpg_private.action_search, dpg_private.action_page
) is
  'The statement that finds a page of the actions of a party, in these leaves and among those that live on other
instances. $1 is the dpg_private.action_search, $2 the dpg_private.action_page.';

create or replace function dpg_private.is_kept_for_status(
  leaves dpg_private.party_leaf[],
  search dpg_private.action_search,
  page dpg_private.action_page
)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf dpg_private.party_leaf;
  is_near boolean;
begin
  if search.action_status is not null then
    if page.row_limit > 100 then
      return false; -- to plan is a small part of it
    end if;
    foreach leaf in array leaves loop
      execute format('select dpg_private.has_near_page_of_slot(null::dpg_private.slot_%s, $1, $2)', leaf.slot)
      into is_near
      using search, page;
      if not is_near then
        return false;
      end if;
    end loop;
  end if;
  return true;
end
$body$;

comment on function dpg_private.is_kept_for_status(
  dpg_private.party_leaf[], dpg_private.action_search, dpg_private.action_page
) is
  'Whether the kept plan is good for the status of a search: it does not read thousands of actions that have another
one. Also for no status.';

create or replace function dpg_private.actions_of_slots(
  leaves dpg_private.party_leaf[],
  search dpg_private.action_search,
  page dpg_private.action_page
)
returns setof dpg.found_action
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  for number in 1 .. cardinality(leaves) loop
    return query execute format(
      'select * from dpg_private.actions_of_slot(null::dpg_private.slot_%s, $1, $2, $3)', leaves[number].slot
    )
    using search, page, number = 1;
  end loop;
end
$body$;

comment on function dpg_private.actions_of_slots(
  dpg_private.party_leaf[], dpg_private.action_search, dpg_private.action_page
) is
  'A page of each of these leaves by kept plans, and of the actions that live on other instances, in no order.';

create or replace function dpg.find_actions(
  actor text,
  ownership_role text default 'all',
  partition_network text default null,
  action_type text default null,
  action_status text default null,
  item_id uuid default null,
  page_size integer default 20,
  page_token text default null
)
returns setof dpg.found_action
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  search dpg_private.action_search;
  page dpg_private.action_page;
  leaves dpg_private.party_leaf[];
begin
  ownership_role := coalesce(ownership_role, 'all');
  page_size := coalesce(page_size, 20);
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_ownership_role(ownership_role),
    dpg_private.check_key_or_none('partition_network', partition_network),
    dpg_private.check_key_or_none('action_type', action_type),
    dpg_private.check_key_or_none('action_status', action_status),
    dpg_private.check_page_size(page_size)
  );
  search := row(actor, ownership_role, partition_network, action_type, action_status, item_id);
  page := dpg_private.page_of_actions(
    (
      select b.binding
      from dpg_private.page_binding('find_actions', jsonb_build_array(
        actor, ownership_role, partition_network, action_type, action_status, item_id
      )) b
    ),
    page_size, page_token
  );
  leaves := dpg_private.find_leaves_of_party('item_actions', actor, partition_network, action_type);

  if item_id is not null
    or not dpg_private.is_kept_for_leaves(leaves, page_size)
    or not dpg_private.is_kept_for_status(leaves, search, page)
  then
    return query execute dpg_private.actions_of_leaves_sql(leaves, search, page) using search, page;
  elsif cardinality(leaves) = 0 then
    if ownership_role <> 'received' then
      return query select * from dpg_private.actions_elsewhere(search, page);
    end if;
  elsif cardinality(leaves) = 1 then
    return query execute format(
      'select * from dpg_private.actions_of_slot(null::dpg_private.slot_%s, $1, $2, true)', leaves[1].slot
    )
    using search, page;
  else
    return query
      select *
      from dpg_private.actions_of_slots(leaves, search, page) a
      order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
      limit page.row_limit;
  end if;
end
$body$;

comment on function dpg.find_actions(text, text, text, text, text, uuid, integer, text) is
  'The actions of which the actor is a party, latest change first (updated_at descending, then partition_network,
action_type, action_id). Also those that live on other instances, as far as their events were mirrored:
target_item_instance_url says where, requirements_snapshot is {}. ownership_role is initiated (the actor owned the
source), received (the target) or all. item_id means the item on that side. A page has page_size rows (1 to 1,000,
default 20). To continue after a row, pass its next_page_token as page_token with the same filters. Fewer rows than
page_size means the end.
Raises DP001, DP011.
Example: select * from dpg.find_actions(''ravi'', ''received'', ''yellow_dot'', ''connect'', ''created'')';
--! EndIncluded actions/find_actions.sql
--! Included actions/actions_of_slot.sql
-- Searches whose plans are kept: sql/README.md, "Plans that are kept". The latest actions of an owner come from the
-- index by owner and time, whoever that is; the status is compared in the rows, since no index has it. Who has many
-- actions, and few of that status, reads them all: for that, and for item_id, which has an index of its own, PostgreSQL
-- plans with the values.

create or replace function dpg_private.has_near_page_of_slot(
  slot anyenum,
  search dpg_private.action_search,
  page dpg_private.action_page
)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
set jit = off
as $body$
declare
  many constant integer := 1000;
  found_rows integer;
begin
  if search.ownership_role <> 'received' then
    select count(*)
    into found_rows
    from (
      select
      from (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.source_item_owner = search.actor
          and a.source_item_is_local
          and a.updated_at <= coalesce(page.after_time, 'infinity')
        order by a.updated_at desc
        limit many
      ) a
      where a.action_status = search.action_status
      limit page.row_limit
    ) n;
    if found_rows < page.row_limit and exists (
      select
      from dpg_private.action_rows(slot) a
      where a.source_item_owner = search.actor
          and a.source_item_is_local
        and a.updated_at <= coalesce(page.after_time, 'infinity')
      order by a.updated_at desc
      offset many
    ) then
      return false;
    end if;
  end if;
  if search.ownership_role <> 'initiated' then
    select count(*)
    into found_rows
    from (
      select
      from (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.target_item_owner = search.actor
          and a.updated_at <= coalesce(page.after_time, 'infinity')
        order by a.updated_at desc
        limit many
      ) a
      where a.action_status = search.action_status
      limit page.row_limit
    ) n;
    if found_rows < page.row_limit and exists (
      select
      from dpg_private.action_rows(slot) a
      where a.target_item_owner = search.actor
        and a.updated_at <= coalesce(page.after_time, 'infinity')
      order by a.updated_at desc
      offset many
    ) then
      return false;
    end if;
  end if;
  return true;
end
$body$;

comment on function dpg_private.has_near_page_of_slot(anyenum, dpg_private.action_search, dpg_private.action_page) is
  'Whether a page of the actions that have a status is found among the next 1,000 of the party in each role, or the
party has no more. Reads no more than the page does, where it is found early.';

create or replace function dpg_private.actions_of_slot(
  slot anyenum,
  search dpg_private.action_search,
  page dpg_private.action_page,
  with_mirrored boolean
)
returns setof dpg.found_action
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off -- what has the same time is sorted all the same: an incremental sort is not meant
set jit = off -- what the settings leave out counts as infinitely expensive, and would be worth compiling
as $body$
begin
  return query
    select a.*,
      dpg_private.token_of_position(
        page.binding,
        timestamptz_send(a.updated_at) || uuid_send(a.action_id)
          || convert_to(
            jsonb_build_array(a.partition_network, a.action_type, a.target_item_instance_url)::text, 'UTF8'
          )
      )
    from (
      (
        select
          a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
          a.remarks,
          a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
          a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
          a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
          a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
          a.source_local_item_id,
          dpg_private.ownership_roles(
            search.actor, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
          ) as ownership_roles
        from dpg_private.action_rows(slot) a
        where search.ownership_role <> 'received'
          and a.source_item_owner = search.actor
          and a.source_item_is_local
          and (search.action_status is null or a.action_status = search.action_status)
          and a.updated_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or a.updated_at < page.after_time
            or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
              > (page.after_network, page.after_type, page.after_id, page.after_url)
          )
        order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        limit page.row_limit
      )
      union all
      (
        select
          a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
          a.remarks,
          a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
          a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
          a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
          a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
          a.source_local_item_id,
          dpg_private.ownership_roles(
            search.actor, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
          ) as ownership_roles
        from dpg_private.action_rows(slot) a
        where search.ownership_role <> 'initiated'
          and a.target_item_owner = search.actor
          and (
            search.ownership_role = 'received'
            or not (a.source_item_owner = search.actor and a.source_item_is_local) -- found above
          )
          and (search.action_status is null or a.action_status = search.action_status)
          and a.updated_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or a.updated_at < page.after_time
            or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
              > (page.after_network, page.after_type, page.after_id, page.after_url)
          )
        order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        limit page.row_limit
      )
      union all
      (
        select
          a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
          a.remarks,
          a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
          a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
          a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
          a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
          a.source_local_item_id,
          array['initiated'] as ownership_roles
        from dpg_private.mirrored_actions a
        where with_mirrored
          and search.ownership_role <> 'received'
          and a.source_item_owner = search.actor
          and (search.partition_network is null or a.partition_network = search.partition_network)
          and (search.action_type is null or a.action_type = search.action_type)
          and (search.action_status is null or a.action_status = search.action_status)
          and a.updated_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or a.updated_at < page.after_time
            or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
              > (page.after_network, page.after_type, page.after_id, page.after_url)
          )
        order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        limit page.row_limit
      )
    ) a
    order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
    limit page.row_limit;
end
$body$;

comment on function dpg_private.actions_of_slot(anyenum, dpg_private.action_search, dpg_private.action_page, boolean) is
  'A page of the actions of a party in the leaf of a slot, latest change first; with_mirrored: and of those that live on
other instances. One statement, so that it reads no more of each than the page needs.';

create or replace function dpg_private.actions_elsewhere(search dpg_private.action_search, page dpg_private.action_page)
returns setof dpg.found_action
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off -- what has the same time is sorted all the same: an incremental sort is not meant
set jit = off -- what the settings leave out counts as infinitely expensive, and would be worth compiling
as $body$
begin
  return query
    select a.*,
      dpg_private.token_of_position(
        page.binding,
        timestamptz_send(a.updated_at) || uuid_send(a.action_id)
          || convert_to(
            jsonb_build_array(a.partition_network, a.action_type, a.target_item_instance_url)::text, 'UTF8'
          )
      )
    from (
      select
        a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
        a.remarks,
        a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
        a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
        a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
        a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
        a.source_local_item_id,
        array['initiated'] as ownership_roles
      from dpg_private.mirrored_actions a
      where a.source_item_owner = search.actor
        and (search.partition_network is null or a.partition_network = search.partition_network)
        and (search.action_type is null or a.action_type = search.action_type)
        and (search.action_status is null or a.action_status = search.action_status)
        and a.updated_at <= coalesce(page.after_time, 'infinity')
        and (
          page.after_time is null
          or a.updated_at < page.after_time
          or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
            > (page.after_network, page.after_type, page.after_id, page.after_url)
        )
      order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
      limit page.row_limit
    ) a;
end
$body$;

comment on function dpg_private.actions_elsewhere(dpg_private.action_search, dpg_private.action_page) is
  'A page of the actions of a party that live on other instances, latest change first.';
--! EndIncluded actions/actions_of_slot.sql
--! Included events/find_events.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.found_event') is null then
    create type dpg.found_event as (
      partition_network text,
      action_type text,
      event_id uuid,
      origin_instance_domain text,
      action_id uuid,
      action_status text,
      update_count integer,
      source_item_network text,
      source_item_domain text,
      source_item_type text,
      source_item_id uuid,
      source_item_instance_url text,
      source_item_owner text,
      source_item_latitude double precision,
      source_item_longitude double precision,
      target_item_network text,
      target_item_domain text,
      target_item_type text,
      target_item_id uuid,
      target_item_instance_url text,
      target_item_owner text,
      target_item_latitude double precision,
      target_item_longitude double precision,
      event_payload jsonb,
      remarks text,
      created_at timestamptz,
      source_item_is_local boolean,
      target_item_is_local boolean,
      ownership_roles text[],
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.found_event is
  'A row of dpg.find_events: the columns of dpg.action_events, then ownership_roles (initiated, received or both:
the part of the actor in it) and next_page_token, which continues after this row.';

create or replace function dpg_private.events_of_leaves_sql(
  leaves dpg_private.party_leaf[],
  search dpg_private.event_search,
  page dpg_private.event_page
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  added_conditions text;
begin
  -- one search for each leaf and role, each answered by an index in the order of the page
  added_conditions := concat(
    case when search.action_id is not null then ' and e.action_id = ($1).action_id' end,
    case when search.action_status is not null then ' and e.action_status = ($1).action_status' end,
    case when search.update_count is not null then ' and e.update_count = ($1).update_count' end,
    case when page.after_time is not null then
      ' and e.created_at <= ($2).after_time
        and (
          e.created_at < ($2).after_time
          or e.update_count < ($2).after_update_count
          or (
            e.update_count = ($2).after_update_count
            and (e.partition_network, e.action_type, e.event_id)
              > (($2).after_network, ($2).after_type, ($2).after_id)
          )
        )'
    end
  );
  return dpg_private.page_of_searches_sql(
    array(
      select format(
        'select %s from %s e where %s%s', dpg_private.event_columns_sql('e.'), l.leaf, c.condition, added_conditions
      )
      from unnest(leaves) l
      cross join unnest(
        dpg_private.party_conditions_sql(
          search.ownership_role,
          concat(
            'e.source_item_owner = ($1).actor and e.source_item_is_local',
            case when search.item_id is not null then ' and e.source_item_id = ($1).item_id' end
          ),
          concat(
            'e.target_item_owner = ($1).actor and e.target_item_is_local',
            case when search.item_id is not null then ' and e.target_item_id = ($1).item_id' end
          )
        )
      ) c(condition)
    ),
    'e', 'e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id', '($2).row_limit',
    concat(
      'dpg_private.ownership_roles(
         ($1).actor, e.source_item_owner, e.source_item_is_local, e.target_item_owner, e.target_item_is_local
       ), ',
      dpg_private.page_token_sql(
        '($2).binding',
        'timestamptz_send(e.created_at) || uuid_send(e.event_id)
         || convert_to(jsonb_build_array(e.update_count, e.partition_network, e.action_type)::text, ''UTF8'')'
      )
    )
  );
end
$body$;

comment on function dpg_private.events_of_leaves_sql(
  dpg_private.party_leaf[], dpg_private.event_search, dpg_private.event_page
) is
  'The statement that finds a page of the events of a party in these leaves. $1 is the dpg_private.event_search, $2 the
dpg_private.event_page.';

create or replace function dpg_private.is_kept_for_action(leaves dpg_private.party_leaf[], action_id uuid)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  many constant integer := 300; -- from so many events of one action on, it pays to plan with the values
  leaf dpg_private.party_leaf;
  counted integer;
begin
  if action_id is not null then
    foreach leaf in array leaves loop
      execute format('select dpg_private.count_events_of_slot(null::dpg_private.slot_%s, $1, $2)', leaf.slot)
      into counted
      using action_id, many;
      if counted = many then
        return false;
      end if;
    end loop;
  end if;
  return true;
end
$body$;

comment on function dpg_private.is_kept_for_action(dpg_private.party_leaf[], uuid) is
  'Whether the kept plan for the events of an action is good for it: it has no more than a few hundred. Also for no
action.';

create or replace function dpg_private.events_of_slot_sql(slot smallint, search dpg_private.event_search)
returns text
language sql
immutable
parallel safe
security invoker
return format(
  'select * from dpg_private.%s(null::dpg_private.slot_%s, $1, $2)',
  case when (search).action_id is null then 'events_of_slot' else 'events_of_action_of_slot' end,
  slot
);

comment on function dpg_private.events_of_slot_sql(smallint, dpg_private.event_search) is
  'The call that finds a page of this search in the leaf of a slot by a kept plan. $1 is the dpg_private.event_search,
$2 the dpg_private.event_page.';

create or replace function dpg_private.events_of_slots(
  leaves dpg_private.party_leaf[],
  search dpg_private.event_search,
  page dpg_private.event_page
)
returns setof dpg.found_event
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf dpg_private.party_leaf;
begin
  foreach leaf in array leaves loop
    return query execute dpg_private.events_of_slot_sql(leaf.slot, search) using search, page;
  end loop;
end
$body$;

comment on function dpg_private.events_of_slots(
  dpg_private.party_leaf[], dpg_private.event_search, dpg_private.event_page
) is
  'A page of each of these leaves by kept plans, in no order.';

create or replace function dpg.find_events(
  actor text,
  ownership_role text default 'all',
  partition_network text default null,
  action_type text default null,
  action_id uuid default null,
  action_status text default null,
  update_count integer default null,
  item_id uuid default null,
  page_size integer default 20,
  page_token text default null
)
returns setof dpg.found_event
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  search dpg_private.event_search;
  page dpg_private.event_page;
  leaves dpg_private.party_leaf[];
begin
  ownership_role := coalesce(ownership_role, 'all');
  page_size := coalesce(page_size, 20);
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_ownership_role(ownership_role),
    dpg_private.check_key_or_none('partition_network', partition_network),
    dpg_private.check_key_or_none('action_type', action_type),
    dpg_private.check_key_or_none('action_status', action_status),
    dpg_private.check_page_size(page_size),
    dpg_private.check_count_or_none('update_count', update_count)
  );
  search := row(actor, ownership_role, action_id, action_status, update_count, item_id);
  page := dpg_private.page_of_events(
    (
      select b.binding
      from dpg_private.page_binding('find_events', jsonb_build_array(
        actor, ownership_role, partition_network, action_type, action_id, action_status, update_count, item_id
      )) b
    ),
    page_size, page_token
  );
  leaves := dpg_private.find_leaves_of_party('action_events', actor, partition_network, action_type);
  if cardinality(leaves) = 0 then
    return;
  elsif not dpg_private.is_kept_for_leaves(leaves, page_size)
    or not dpg_private.is_kept_for_action(leaves, action_id)
  then
    return query execute dpg_private.events_of_leaves_sql(leaves, search, page) using search, page;
  elsif cardinality(leaves) = 1 then
    return query execute dpg_private.events_of_slot_sql(leaves[1].slot, search) using search, page;
  else
    return query
      select *
      from dpg_private.events_of_slots(leaves, search, page) e
      order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
      limit page.row_limit;
  end if;
end
$body$;

comment on function dpg.find_events(text, text, text, text, uuid, text, integer, uuid, integer, text) is
  'The events of which the actor is a party, also mirrored ones, newest first (created_at and update_count
descending, then partition_network, action_type, event_id). ownership_role is initiated (the actor owned the
source), received (the target) or all. item_id means the item on that side. Pages as in dpg.find_actions.
Raises DP001, DP011.
Example: select * from dpg.find_events(
  ''asha'',
  partition_network => ''yellow_dot'', action_type => ''connect'', action_id => ''33333333-3333-4333-8333-333333333333''
)';
--! EndIncluded events/find_events.sql
--! Included events/events_of_slot.sql
-- Searches whose plans are kept: sql/README.md, "Plans that are kept". An action has few events, and the newest
-- events of an owner come from the index by owner and time, whoever that is. What else is asked for is compared in
-- the rows, since no index has it.

create or replace function dpg_private.count_events_of_slot(slot anyenum, action_id uuid, at_most integer)
returns integer
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $body$
begin
  return (
    select count(*)
    from (
      select
      from dpg_private.event_rows(slot) e
      where e.action_id = count_events_of_slot.action_id
      limit at_most
    ) n
  );
end
$body$;

comment on function dpg_private.count_events_of_slot(anyenum, uuid, integer) is
  'How many events of an action the leaf of a slot has, counted up to at_most: whoever finds so many takes a plan that
knows the action.';

create or replace function dpg_private.events_of_action_of_slot(
  slot anyenum,
  search dpg_private.event_search,
  page dpg_private.event_page
)
returns setof dpg.found_event
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $body$
begin
  return query
    select e.*,
      dpg_private.ownership_roles(
        search.actor, e.source_item_owner, e.source_item_is_local, e.target_item_owner, e.target_item_is_local
      ),
      dpg_private.token_of_position(
        page.binding,
        timestamptz_send(e.created_at) || uuid_send(e.event_id)
          || convert_to(jsonb_build_array(e.update_count, e.partition_network, e.action_type)::text, 'UTF8')
      )
    from (
      select
        e.partition_network, e.action_type, e.event_id, e.origin_instance_domain, e.action_id, e.action_status,
        e.update_count, e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id,
        e.source_item_instance_url, e.source_item_owner, e.source_item_latitude, e.source_item_longitude,
        e.target_item_network, e.target_item_domain, e.target_item_type, e.target_item_id,
        e.target_item_instance_url, e.target_item_owner, e.target_item_latitude, e.target_item_longitude,
        e.event_payload, e.remarks, e.created_at, e.source_item_is_local, e.target_item_is_local
      from dpg_private.event_rows(slot) e
      where e.action_id = search.action_id
      offset 0 -- so that no other index is taken
    ) e
    where (
        (
          search.ownership_role <> 'received'
          and e.source_item_owner = search.actor
          and e.source_item_is_local
          and (search.item_id is null or e.source_item_id = search.item_id)
        )
        or (
          search.ownership_role <> 'initiated'
          and e.target_item_owner = search.actor
          and e.target_item_is_local
          and (search.item_id is null or e.target_item_id = search.item_id)
        )
      )
      and (search.action_status is null or e.action_status = search.action_status)
      and (search.update_count is null or e.update_count = search.update_count)
      and e.created_at <= coalesce(page.after_time, 'infinity')
      and (
        page.after_time is null
        or e.created_at < page.after_time
        or e.update_count < page.after_update_count
        or (
          e.update_count = page.after_update_count
          and (e.partition_network, e.action_type, e.event_id) > (page.after_network, page.after_type, page.after_id)
        )
      )
    order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
    limit page.row_limit;
end
$body$;

comment on function dpg_private.events_of_action_of_slot(anyenum, dpg_private.event_search, dpg_private.event_page) is
  'A page of the events of an action in the leaf of a slot of which the actor is a party, newest first. Reads all
events of the action: for few.';

create or replace function dpg_private.events_of_slot(
  slot anyenum,
  search dpg_private.event_search,
  page dpg_private.event_page
)
returns setof dpg.found_event
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off -- what has the same time is sorted all the same: an incremental sort is not meant
set jit = off -- what the settings leave out counts as infinitely expensive, and would be worth compiling
as $body$
begin
  return query
    select e.*,
      dpg_private.ownership_roles(
        search.actor, e.source_item_owner, e.source_item_is_local, e.target_item_owner, e.target_item_is_local
      ),
      dpg_private.token_of_position(
        page.binding,
        timestamptz_send(e.created_at) || uuid_send(e.event_id)
          || convert_to(jsonb_build_array(e.update_count, e.partition_network, e.action_type)::text, 'UTF8')
      )
    from (
      (
        select
          e.partition_network, e.action_type, e.event_id, e.origin_instance_domain, e.action_id, e.action_status,
          e.update_count, e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id,
          e.source_item_instance_url, e.source_item_owner, e.source_item_latitude, e.source_item_longitude,
          e.target_item_network, e.target_item_domain, e.target_item_type, e.target_item_id,
          e.target_item_instance_url, e.target_item_owner, e.target_item_latitude, e.target_item_longitude,
          e.event_payload, e.remarks, e.created_at, e.source_item_is_local, e.target_item_is_local
        from dpg_private.event_rows(slot) e
        where search.ownership_role <> 'received'
          and e.source_item_owner = search.actor
          and e.source_item_is_local
          and (search.item_id is null or e.source_item_id = search.item_id)
          and (search.action_status is null or e.action_status = search.action_status)
          and (search.update_count is null or e.update_count = search.update_count)
          and e.created_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or e.created_at < page.after_time
            or e.update_count < page.after_update_count
            or (
              e.update_count = page.after_update_count
              and (e.partition_network, e.action_type, e.event_id)
                > (page.after_network, page.after_type, page.after_id)
            )
          )
        order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
        limit page.row_limit
      )
      union all
      (
        select
          e.partition_network, e.action_type, e.event_id, e.origin_instance_domain, e.action_id, e.action_status,
          e.update_count, e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id,
          e.source_item_instance_url, e.source_item_owner, e.source_item_latitude, e.source_item_longitude,
          e.target_item_network, e.target_item_domain, e.target_item_type, e.target_item_id,
          e.target_item_instance_url, e.target_item_owner, e.target_item_latitude, e.target_item_longitude,
          e.event_payload, e.remarks, e.created_at, e.source_item_is_local, e.target_item_is_local
        from dpg_private.event_rows(slot) e
        where search.ownership_role <> 'initiated'
          and e.target_item_owner = search.actor
          and e.target_item_is_local
          and (search.item_id is null or e.target_item_id = search.item_id)
          and (
            search.ownership_role = 'received'
            or not (
              e.source_item_owner = search.actor
              and e.source_item_is_local
              and (search.item_id is null or e.source_item_id = search.item_id)
            ) -- found above
          )
          and (search.action_status is null or e.action_status = search.action_status)
          and (search.update_count is null or e.update_count = search.update_count)
          and e.created_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or e.created_at < page.after_time
            or e.update_count < page.after_update_count
            or (
              e.update_count = page.after_update_count
              and (e.partition_network, e.action_type, e.event_id)
                > (page.after_network, page.after_type, page.after_id)
            )
          )
        order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
        limit page.row_limit
      )
    ) e
    order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
    limit page.row_limit;
end
$body$;

comment on function dpg_private.events_of_slot(anyenum, dpg_private.event_search, dpg_private.event_page) is
  'A page of the events of a party in the leaf of a slot, newest first.';
--! EndIncluded events/events_of_slot.sql
--! Included feed/event_queue.sql
create table if not exists dpg_private.event_queue (
  seq bigint generated always as identity,
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  source_item_instance_url text not null,
  created_at timestamptz not null,
  constraint event_queue_pkey primary key (seq)
)
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_threshold = -1);

comment on table dpg_private.event_queue is
  'The events of this instance that have no position in the feed yet. The transaction of an event writes its row here;
dpg_private.place_events moves it to feed_positions.';
comment on column dpg_private.event_queue.seq is
  'The order in which visible events are placed. It is drawn under the row lock of the action, so within an action it
rises with update_count. It says nothing about the order of commits.';
comment on column dpg_private.event_queue.partition_network is 'Of the event.';
comment on column dpg_private.event_queue.action_type is 'Of the event.';
comment on column dpg_private.event_queue.event_id is 'The event.';
comment on column dpg_private.event_queue.source_item_instance_url is 'Of the event: the instance that it is for.';
comment on column dpg_private.event_queue.created_at is 'Of the event.';
--! EndIncluded feed/event_queue.sql
--! Included feed/feed_streams.sql
create table if not exists dpg_private.feed_streams (
  stream integer generated always as identity,
  partition_network text not null,
  action_type text not null,
  source_item_instance_url text not null,
  constraint feed_streams_pkey primary key (stream),
  constraint feed_streams_keys_key unique (partition_network, action_type, source_item_instance_url)
);

comment on table dpg_private.feed_streams is
  'What many events of the feed have in common: the network, the action type and the instance that they are for. A row
of dpg_private.feed_positions has the number alone. A row is written by dpg_private.place_events and never changes.';
comment on column dpg_private.feed_streams.stream is 'The number. Says nothing about an order.';
comment on column dpg_private.feed_streams.partition_network is 'Of the events.';
comment on column dpg_private.feed_streams.action_type is 'Of the events.';
comment on column dpg_private.feed_streams.source_item_instance_url is
  'Of the events: the instance that they are for, in the spelling that they have.';
comment on constraint feed_streams_keys_key on dpg_private.feed_streams is
  'One number for the same three. Nobody waits for it: only one transaction at a time places events.';

create index if not exists feed_streams_source_idx
on dpg_private.feed_streams (dpg_private.normalised_url(source_item_instance_url));

comment on index dpg_private.feed_streams_source_idx is
  'For subscriptions to the events for one instance, in any spelling of its URL.';
--! EndIncluded feed/feed_streams.sql
--! Included feed/feed_positions.sql
create table if not exists dpg_private.feed_positions (
  "position" bigint generated always as identity,
  event_id uuid not null,
  stream integer not null,
  created_at timestamptz not null,
  constraint feed_positions_pkey primary key ("position")
);

comment on table dpg_private.feed_positions is
  'The events of this instance in the order of the feed. A row is written once and never changes. Rows are not cleaned
up, because a new subscription begins at the first event; only dpg.confirm_lost_events takes rows away.';
comment on column dpg_private.feed_positions."position" is
  'Place of the event in the feed, from 1. Rises with each commit that places events. Has gaps.
Is never given to another event.';
comment on column dpg_private.feed_positions.event_id is 'The event.';
comment on column dpg_private.feed_positions.stream is
  'The row of dpg_private.feed_streams with the network, the action type and the source''s instance of the event.';
comment on column dpg_private.feed_positions.created_at is 'Of the event.';

create index if not exists feed_positions_stream_idx
on dpg_private.feed_positions (stream, "position");

comment on index dpg_private.feed_positions_stream_idx is
  'For dpg.peers, and for subscriptions to the events for one instance: reading for a peer costs in proportion to what
the peer gets.';
--! EndIncluded feed/feed_positions.sql
--! Included feed/feed_state.sql
create table if not exists dpg_private.feed_state (
  is_only boolean not null default true,
  home text,
  swept_seq bigint not null default 0,
  sweeping_seq bigint,
  sweeping_behind text[],
  constraint feed_state_pkey primary key (is_only),
  constraint feed_state_one_row_check check (is_only)
);

insert into dpg_private.feed_state (is_only)
values (true)
on conflict do nothing;

comment on table dpg_private.feed_state is
  'One row: what dpg_private.place_events remembers from one call to the next.';
comment on column dpg_private.feed_state.is_only is 'True: there is only one row.';
comment on column dpg_private.feed_state.home is
  'The dpg_private.database_identity at the time when events were placed last. Null when none were placed yet.';
comment on column dpg_private.feed_state.swept_seq is
  'Nothing more will come into the queue up to this seq. So nobody searches there, among dead rows.';
comment on column dpg_private.feed_state.sweeping_seq is
  'The next swept_seq: the highest seq that was drawn when sweeping_behind was noted.';
comment on column dpg_private.feed_state.sweeping_behind is
  'The transactions (pg_locks.virtualtransaction) that could have drawn a seq up to sweeping_seq and had not ended.';

create table if not exists dpg_private.feed_turn (
  is_empty boolean
);

comment on table dpg_private.feed_turn is
  'Has no rows. dpg_private.place_events locks it (SHARE UPDATE EXCLUSIVE) while it gives positions. It is a table and
not an advisory lock, because every login can take an advisory lock of any key.';
comment on column dpg_private.feed_turn.is_empty is 'Never used.';

create or replace function dpg_private.database_identity()
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return concat_ws(
    '/',
    (select c.system_identifier from pg_control_system() c),
    left(pg_walfile_name(pg_current_wal_lsn()), 8), -- the timeline, which changes with each promotion
    (select d.oid from pg_database d where d.datname = current_database())
  );
end
$body$;

comment on function dpg_private.database_identity() is
  'Names this database, of this cluster, on this timeline. The name changes after a restore and after the promotion of
a replica.';

create or replace function dpg_private.skip_positions_after_restore()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  here constant text := dpg_private.database_identity();
  last_position bigint;
begin
  if exists (select from dpg_private.feed_state s where s.is_only and s.home = here) then
    return;
  end if;
  select max(f."position") into last_position from dpg_private.feed_positions f;
  if last_position is not null then
    -- The former home has given out positions that are not here: after the dump was made, or before they reached this
    -- replica. A reader that remembers such a position must not find another event at it.
    perform setval('dpg_private.feed_positions_position_seq', last_position + 1000000000);
  end if;
  update dpg_private.feed_state s
  set home = here,
    swept_seq = 0,
    sweeping_seq = null,
    sweeping_behind = null
  where s.is_only;
end
$body$;

comment on function dpg_private.skip_positions_after_restore() is
  'After a restore or a promotion: skips a billion positions. Positions that were given out before, and are lost, are
then not given to other events.';
--! EndIncluded feed/feed_state.sql
--! Included feed/place_events.sql
create or replace function dpg_private.find_queue_writers()
returns text[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- A transaction that inserts takes this lock before it draws a seq, and holds it until it ends. When it is prepared,
  -- it holds the lock under another name than before ('-1/' and its transaction id), and has no pid.
  return array(
    select l.virtualtransaction
    from pg_locks l
    where l.locktype = 'relation'
      and l.relation = 'dpg_private.event_queue'::regclass
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.mode = 'RowExclusiveLock'
      and l.pid is distinct from pg_backend_pid()
  );
end
$body$;

comment on function dpg_private.find_queue_writers() is
  'The open transactions, except this one, that may have put events into the queue.';

create or replace function dpg_private.place_events()
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
-- Deleted rows stay in the queue until it is vacuumed, and reading them is slow. So the queue is never read whole. The
-- planner would read some of them as well, to estimate how many rows are beyond a known value. A generic plan knows no
-- value.
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $body$
declare
  former_lock constant bigint := 7237117967450113; -- the advisory lock of 0.1.0: see dpg_private.is_former_turn
  state dpg_private.feed_state;
  writers text[];
  is_swept boolean := false;
  seqs bigint[];
  taken bigint;
  placed bigint;
begin
  -- check
  perform dpg_private.check_transaction('dpg_private.place_events');
  select s.* into state from dpg_private.feed_state s where s.is_only;
  perform q.seq from dpg_private.event_queue q where q.seq > state.swept_seq order by q.seq limit 1;
  if not found then
    return false;
  end if;

  -- lock. dpg.subscription_status looks for this lock.
  begin
    lock table dpg_private.feed_turn in share update exclusive mode nowait;
  exception
    when lock_not_available then
      return false;
  end;
  if not pg_try_advisory_xact_lock(former_lock)
    and dpg_private.is_former_turn(former_lock, 'dpg_private.feed_state')
  then
    return false;
  end if;
  -- A reader may remember a position that it got. If the position did not survive a crash, another event could get it.
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  perform dpg_private.skip_positions_after_restore();
  select s.* into state from dpg_private.feed_state s where s.is_only;

  -- sweep: up to which seq can nothing come any more? The order must not change: note the last seq that was drawn, and
  -- then who is writing. When those writers have ended, a search that begins afterwards finds all there will ever be.
  if state.sweeping_seq is null then
    select q.last_value into state.sweeping_seq from dpg_private.event_queue_seq_seq q;
    if state.sweeping_seq - state.swept_seq < 500 then
      state.sweeping_seq := null;
    else
      state.sweeping_behind := dpg_private.find_queue_writers();
      is_swept := state.sweeping_behind = '{}';
      if not is_swept then
        update dpg_private.feed_state s
        set sweeping_seq = state.sweeping_seq, sweeping_behind = state.sweeping_behind
        where s.is_only;
      end if;
    end if;
  else
    writers := dpg_private.find_queue_writers();
    is_swept := not writers && state.sweeping_behind and array_to_string(writers, ' ') not like '%-1/%';
  end if;

  -- place. The search is a statement of its own, so that its snapshot is younger than the lock: it sees what the last
  -- holder has done. If it sees update 2 of an action, it sees update 1 as well, because the row lock of the action let
  -- them commit in that order.
  seqs := array(
    select q.seq
    from dpg_private.event_queue q
    where q.seq > state.swept_seq
    order by q.seq
    limit 1000
  );
  insert into dpg_private.feed_streams (partition_network, action_type, source_item_instance_url)
  select distinct q.partition_network, q.action_type, q.source_item_instance_url
  from dpg_private.event_queue q
  where q.seq = any (seqs)
    and not exists (
      select
      from dpg_private.feed_streams s
      where s.partition_network = q.partition_network
        and s.action_type = q.action_type
        and s.source_item_instance_url = q.source_item_instance_url
    );
  with taken as (
    delete from dpg_private.event_queue q
    where q.seq = any (seqs)
    returning q.seq, q.partition_network, q.action_type, q.event_id, q.source_item_instance_url, q.created_at
  ),
  placed as (
    insert into dpg_private.feed_positions (event_id, stream, created_at)
    select t.event_id, s.stream, t.created_at
    from taken t
    join dpg_private.feed_streams s using (partition_network, action_type, source_item_instance_url)
    order by t.seq
    returning 1
  )
  select (select count(*) from taken), (select count(*) from placed) into taken, placed;
  if taken < cardinality(seqs) then
    perform dpg_private.refuse_suppressed('delete', 'dpg_private.event_queue');
  end if;
  if placed < taken then
    perform dpg_private.refuse_suppressed('insert', 'dpg_private.feed_positions');
  end if;

  -- nothing is left up to that seq: nobody needs to look there again
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
  'Gives positions in the feed to the next visible events that have none, 1,000 at most. Returns whether there were any.
One transaction at a time can do this, until it ends; for others there is nothing to place meanwhile.
Raises 25006, 25000 (dpg_private.check_transaction), DP018.';
--! EndIncluded feed/place_events.sql
--! Included feed/feed_event.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.feed_event') is null then
    create type dpg.feed_event as (
      "position" bigint,
      lease_id uuid,
      partition_network text,
      action_type text,
      event_id uuid,
      origin_instance_domain text,
      action_id uuid,
      action_status text,
      update_count integer,
      source_item_network text,
      source_item_domain text,
      source_item_type text,
      source_item_id uuid,
      source_item_instance_url text,
      source_item_owner text,
      source_item_latitude double precision,
      source_item_longitude double precision,
      target_item_network text,
      target_item_domain text,
      target_item_type text,
      target_item_id uuid,
      target_item_instance_url text,
      target_item_owner text,
      target_item_latitude double precision,
      target_item_longitude double precision,
      event_payload jsonb,
      remarks text,
      created_at timestamptz,
      source_item_is_local boolean,
      target_item_is_local boolean
    );
  end if;
end
$body$;

comment on type dpg.feed_event is
  'A row of dpg.read_events and dpg.read_retries: its position in the feed, the lease under which it was handed out,
then the columns of dpg.action_events.';

create or replace function dpg_private.check_batch(max_events integer, lease_seconds double precision)
returns void
language plpgsql
stable -- an immutable call with constants would already run, and raise, when its caller is planned
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if max_events is null or not max_events between 1 and 10000 then
    perform dpg_private.refuse_argument(
      'max_events', to_jsonb(max_events), 'is out of range', 'A batch has 1 to 10,000 events.'
    );
  end if;
  if lease_seconds is null or not lease_seconds between 0.001 and 86400 then
    perform dpg_private.refuse_argument(
      'lease_seconds', to_jsonb(dpg_private.json_of_number(lease_seconds) #>> array[]::text[]), 'is out of range',
      'A lease lasts 0.001 to 86,400 seconds.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_batch(integer, double precision) is
  'Raises DP001 unless the batch has 1 to 10,000 events and the lease lasts 0.001 to 86,400 seconds.';

create or replace function dpg_private.find_missing_events(partition_network text, action_type text, event_ids uuid[])
returns uuid[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  missing uuid[];
begin
  -- The leaf may have been renamed. So the statement reads the root, with the keys in its text: PostgreSQL finds the
  -- leaf by its bound.
  execute format(
    'select array(
       select w.event_id
       from unnest($1) w(event_id)
       where not exists (
         select
         from dpg.action_events e
         where e.partition_network = %L
           and e.action_type = %L
           and e.event_id = w.event_id
       )
     )',
    partition_network, action_type
  )
  into missing
  using event_ids;
  return missing;
end
$body$;

comment on function dpg_private.find_missing_events(text, text, uuid[]) is
  'Those of these events of a network and action type that dpg.action_events does not have.';

create or replace function dpg_private.refuse_lost_events(positions bigint[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted record;
  missing uuid[];
begin
  for wanted in
    select s.partition_network, s.action_type, array_agg(f.event_id) as ids
    from dpg_private.feed_positions f
    join dpg_private.feed_streams s on s.stream = f.stream
    where f."position" = any (positions)
    group by s.partition_network, s.action_type
    order by min(f."position")
  loop
    missing := dpg_private.find_missing_events(wanted.partition_network, wanted.action_type, wanted.ids);
    if missing <> '{}' then
      raise exception using
        errcode = 'DP010',
        message = dpg_private.text_for_client(format(
          '%s events of %L/%L are in the feed and not in dpg.action_events: '
          'their partition was taken away or made anew',
          cardinality(missing), wanted.partition_network, wanted.action_type
        )),
        hint = 'If the table is still there, attach it again. '
          'If the events are lost for good, dpg_admin says so with dpg.confirm_lost_events; '
          'the feed then goes on after them.',
        detail = dpg_private.text_for_client(jsonb_build_object(
          'root', 'action_events', 'network', wanted.partition_network, 'key', wanted.action_type,
          'missing', cardinality(missing),
          'positions', (
            select jsonb_agg(l."position" order by l."position")
            from (
              select f."position"
              from dpg_private.feed_positions f
              join dpg_private.feed_streams s on s.stream = f.stream
              where f."position" = any (refuse_lost_events.positions)
                and s.partition_network = wanted.partition_network
                and s.action_type = wanted.action_type
                and f.event_id = any (missing)
              order by f."position"
              limit 100
            ) l
          )
        )::text);
    end if;
  end loop;
  raise exception using
    errcode = '40001',
    message = 'events of the feed were missing and are there again: their partition came back at this moment',
    hint = 'Repeat the call.';
end
$body$;

comment on function dpg_private.refuse_lost_events(bigint[]) is
  'Raises DP010 when events at these positions of the feed are missing: for the first network and action type that
misses some. DETAIL has how many of these positions that are, and the first 100 of them. Raises 40001 when no event
is missing any more.';

create or replace function dpg_private.find_events_at(positions bigint[], lease_id uuid)
returns setof dpg.feed_event
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted record;
  returned bigint;
  missing bigint := 0;
begin
  -- One search for each leaf, by the primary key. A leaf that is not found by its name may have been renamed:
  -- PostgreSQL finds it from the root, by its bound.
  for wanted in
    select f.partition_network, f.action_type, l.leaf, l.slot, f.positions, f.ids
    from (
      select s.partition_network, s.action_type, array_agg(f."position") as positions, array_agg(f.event_id) as ids
      from dpg_private.feed_positions f
      join dpg_private.feed_streams s on s.stream = f.stream
      where f."position" = any (find_events_at.positions)
      group by s.partition_network, s.action_type
      offset 0
    ) f
    left join lateral dpg_private.look_up_leaf_and_slot('action_events', f.partition_network, f.action_type) l on true
  loop
    if wanted.slot is not null then
      return query execute format(
        'select * from dpg_private.events_at_of_slot(null::dpg_private.slot_%s, $1, $2, $3, $4, $5)', wanted.slot
      )
      using wanted.partition_network, wanted.action_type, wanted.positions, wanted.ids, lease_id;
    else
      -- The columns are named, because an application may add others to the table.
      return query execute format(
        'select w."position", $3, %s
         from unnest($1, $2) w("position", event_id)
         join %s e on e.partition_network = %L and e.action_type = %L and e.event_id = w.event_id',
        dpg_private.event_columns_sql('e.'), coalesce(wanted.leaf, 'dpg.action_events'), wanted.partition_network,
        wanted.action_type
      )
      using wanted.positions, wanted.ids, lease_id;
    end if;
    get diagnostics returned = row_count;
    missing := missing + cardinality(wanted.positions) - returned;
  end loop;
  if missing > 0 then
    -- It is better to stop than to skip events silently.
    perform dpg_private.refuse_lost_events(positions);
  end if;
end
$body$;

comment on function dpg_private.find_events_at(bigint[], uuid) is
  'The events at these positions of the feed, in no order, each with this lease. Raises DP010 when one is missing.';
--! EndIncluded feed/feed_event.sql
--! Included feed/events_at_of_slot.sql
-- See sql/README.md, "Plans that are kept". Each event of a batch is found by its key, however large the leaf is: the
-- planner, who counts a page of the disk for each, would read a leaf of 20,000 events whole for a batch of 1,000.
create or replace function dpg_private.events_at_of_slot(
  slot anyenum,
  partition_network text,
  action_type text,
  positions bigint[],
  event_ids uuid[],
  lease_id uuid
)
returns setof dpg.feed_event
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_memoize = off
set jit = off
as $body$
begin
  return query
    select w."position", events_at_of_slot.lease_id,
      e.partition_network, e.action_type, e.event_id, e.origin_instance_domain, e.action_id, e.action_status,
      e.update_count, e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id,
      e.source_item_instance_url, e.source_item_owner, e.source_item_latitude, e.source_item_longitude,
      e.target_item_network, e.target_item_domain, e.target_item_type, e.target_item_id, e.target_item_instance_url,
      e.target_item_owner, e.target_item_latitude, e.target_item_longitude, e.event_payload, e.remarks,
      e.created_at, e.source_item_is_local, e.target_item_is_local
    from unnest(positions, event_ids) w("position", event_id)
    join dpg_private.event_rows(slot) e
      on e.partition_network = events_at_of_slot.partition_network
      and e.action_type = events_at_of_slot.action_type
      and e.event_id = w.event_id;
end
$body$;

comment on function dpg_private.events_at_of_slot(anyenum, text, text, bigint[], uuid[], uuid) is
  'The events of these ids in the leaf of a slot, each with its position in the feed and with this lease.';
--! EndIncluded feed/events_at_of_slot.sql
--! Included feed/read_events.sql
create or replace function dpg_private.find_next_positions(reader dpg.subscriptions, max_events integer)
returns bigint[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  positions bigint[];
begin
  -- The statement has only the filters that the subscription has, so that the planner can choose the right index. The
  -- streams are found in the same statement: an event of a stream that came up meanwhile must not be passed over.
  execute format(
    case
      when reader.source_item_instance_url is not null then
        -- few streams, each with an index in the order of the feed
        'select array(
           select f."position"
           from dpg_private.feed_streams s
           cross join lateral (
             select f."position"
             from dpg_private.feed_positions f
             where f.stream = s.stream
               and f."position" > $1
             order by f."position"
             limit $2
           ) f
           where %s
           order by f."position"
           limit $2
         )'
      when num_nonnulls(reader.partition_network, reader.action_type) > 0 then
        'select array(
           select f."position"
           from dpg_private.feed_positions f
           join dpg_private.feed_streams s on s.stream = f.stream
           where f."position" > $1
             and %s
           order by f."position"
           limit $2
         )'
      else
        'select array(
           select f."position"
           from dpg_private.feed_positions f
           where f."position" > $1
           order by f."position"
           limit $2
         )'
    end,
    concat_ws(
      ' and ',
      case
        when reader.source_item_instance_url is not null
          then 'dpg_private.normalised_url(s.source_item_instance_url) = $3'
      end,
      case when reader.partition_network is not null then 's.partition_network = $4' end,
      case when reader.action_type is not null then 's.action_type = $5' end
    )
  )
  into positions
  using greatest(reader.acknowledged_position, reader.passed_position), max_events,
    dpg_private.normalised_url(reader.source_item_instance_url), reader.partition_network, reader.action_type;
  return positions;
end
$body$;

comment on function dpg_private.find_next_positions(dpg.subscriptions, integer) is
  'The next positions for a subscription, in order: not acknowledged, and committed by now.';

create or replace function dpg.read_events(
  subscription text,
  max_events integer default 1000,
  lease_seconds double precision default 60
)
returns setof dpg.feed_event
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  seen dpg.subscriptions;
  reader dpg.subscriptions;
  feed_end bigint;
  positions bigint[];
  lease uuid;
begin
  -- check
  perform dpg_private.check_transaction('dpg.read_events');
  max_events := coalesce(max_events, 1000);
  lease_seconds := coalesce(lease_seconds, 60);
  perform dpg_private.check_batch(max_events, lease_seconds);
  seen := dpg_private.get_subscription(subscription);
  if seen.leased_until > clock_timestamp() then
    return;
  end if;

  -- Look first, without a lock, so that a reader at the end of the feed writes nothing. Events are placed only when
  -- those that have positions do not fill the batch.
  reader := seen;
  loop
    select max(f."position") into feed_end from dpg_private.feed_positions f;
    positions := dpg_private.find_next_positions(reader, max_events);
    if positions = '{}' then
      reader.passed_position := greatest(reader.passed_position, feed_end);
    end if;
    exit when cardinality(positions) = max_events or not dpg_private.place_events();
  end loop;
  if positions = '{}' and reader.passed_position - seen.passed_position < 1000 then
    return;
  end if;

  -- lock
  select s.* into reader
  from dpg.subscriptions s
  where s.subscription = read_events.subscription
  for update skip locked;
  if not found or reader.leased_until > clock_timestamp() then
    return; -- another reader was faster
  end if;
  -- The subscription may have changed since the look without a lock.
  if row(reader.created_at, reader.acknowledged_position, reader.passed_position)
    is distinct from row(seen.created_at, seen.acknowledged_position, seen.passed_position)
  then
    positions := dpg_private.find_next_positions(reader, max_events);
  elsif positions = '{}' then
    update dpg.subscriptions s
    set passed_position = feed_end
    where s.subscription = read_events.subscription;
    if not found then
      perform dpg_private.refuse_suppressed(
        'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
      );
    end if;
  end if;
  if positions = '{}' then
    return;
  end if;

  -- lease
  lease := gen_random_uuid();
  update dpg.subscriptions s
  set leased_position = positions[cardinality(positions)],
    leased_until = clock_timestamp() + make_interval(secs => lease_seconds),
    leased_at = clock_timestamp(),
    lease_id = lease,
    handed_out_position = greatest(s.handed_out_position, positions[cardinality(positions)])
  where s.subscription = read_events.subscription;
  if not found then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  return query select e.* from dpg_private.find_events_at(positions, lease) e order by e."position";
end
$body$;

comment on function dpg.read_events(text, integer, double precision) is
  'Returns the next events of a subscription in the order of the feed, max_events (1 to 10,000) at most, and leases them
for lease_seconds (0.001 to 86,400): meanwhile no other call gets events of this subscription. No rows: there is
nothing now, or another reader works on it.
Events that are not acknowledged in that time come again, so each event is delivered at least once. A reader that stores
the position together with what it did with the event applies each event exactly once.
All rows have one lease_id. Pass it to acknowledge, release_events and fail_event, so that a late reader does not end
the lease of the next one.
Call it in a transaction of its own and end that at once: until then nobody else can lease events of this
subscription, and nobody else can put new events into the feed.
The first check is of the transaction: 25006 on a standby or in a read-only transaction, 25000 in repeatable read and
serializable. Missing events are DP010.
Raises DP001, DP010, DP018.
Example: select e."position", e.action_status, e.event_payload from dpg.read_events(''to student'', 100) e';
--! EndIncluded feed/read_events.sql
--! Included feed/fail_event.sql
create or replace function dpg.fail_event(
  subscription text,
  "position" bigint,
  error text,
  max_attempts integer default 10,
  retry_seconds double precision default 0,
  lease_id uuid default null
)
returns dpg.failed_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
  failed dpg.failed_events;
  event record;
  is_known boolean;
begin
  -- check
  max_attempts := coalesce(max_attempts, 10);
  retry_seconds := coalesce(retry_seconds, 0);
  perform
    dpg_private.check_present('position', fail_event."position" is not null),
    dpg_private.check_failure(error, retry_seconds);
  if max_attempts < 1 then
    perform dpg_private.refuse_argument(
      'max_attempts', to_jsonb(max_attempts), 'is out of range', 'Try at least once.'
    );
  end if;

  -- lock
  reader := dpg_private.lock_subscription(subscription);
  select f.* into failed
  from dpg.failed_events f
  where f.subscription = fail_event.subscription
    and f."position" = fail_event."position"
  for update;
  is_known := found;

  -- check what the lock has found
  select s.partition_network, s.action_type, f.event_id into event
  from dpg_private.feed_positions f
  join dpg_private.feed_streams s on s.stream = f.stream
  where f."position" = fail_event."position"
    and f."position" <= reader.handed_out_position;
  if not found then
    perform dpg_private.refuse_argument(
      'position', to_jsonb(fail_event."position"), 'was not handed out',
      'Pass the position of an event that read_events returned.'
    );
  end if;

  -- change
  if fail_event.lease_id is null
    or fail_event.lease_id is not distinct from coalesce(failed.lease_id, reader.lease_id)
  then
    insert into dpg.failed_events as f (
      subscription, "position", state, attempts, last_error, partition_network, action_type, event_id
    )
    values (
      reader.subscription, fail_event."position", case when max_attempts > 1 then 'failing' else 'dead' end, 1,
      fail_event.error, event.partition_network, event.action_type, event.event_id
    )
    on conflict on constraint failed_events_pkey do update
    set attempts = f.attempts + 1,
      state = case when f.attempts + 1 >= max_attempts then 'dead' else f.state end,
      last_error = excluded.last_error,
      last_failed_at = excluded.last_failed_at,
      leased_until = case
        when f.state = 'retrying' and f.attempts + 1 < max_attempts
          then clock_timestamp() + make_interval(secs => retry_seconds)
      end,
      lease_id = null
    returning f.* into failed;
    if not found then
      perform dpg_private.refuse_suppressed(
        case when is_known then 'update' else 'insert' end, 'dpg.failed_events',
        jsonb_build_object('subscription', subscription, 'position', "position")
      );
    end if;
  elsif not is_known then
    -- Another reader has the event now, and no failure of it is stored. The row below is returned and not stored.
    failed.subscription := reader.subscription;
    failed."position" := fail_event."position";
    failed.state := 'failing';
    failed.attempts := 0;
    failed.first_failed_at := clock_timestamp();
    failed.last_failed_at := failed.first_failed_at;
    failed.partition_network := event.partition_network;
    failed.action_type := event.action_type;
    failed.event_id := event.event_id;
  end if;
  update dpg.subscriptions s
  set last_error = coalesce(fail_event.error, s.last_error),
    last_error_at = clock_timestamp()
  where s.subscription = fail_event.subscription;
  if not found then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  return failed;
end
$body$;

comment on function dpg.fail_event(text, bigint, text, integer, double precision, uuid) is
  'Notes that a reader could not deal with an event. Returns the failed event with its state and attempts: how often
that happened. After max_attempts failures the state is dead: acknowledge beyond the event and go on without it.
Before that, do not acknowledge it, and release the batch. An event that came from read_retries comes again after
retry_seconds (0 to 86,400). Do not put a secret into error.
Pass the lease_id of the event. If that lease has ended and another reader has the event now, the failure is not
counted, the lease of the other reader stays, and the result says how often others have failed (attempts 0: nobody).
Without lease_id the failure is counted in any case.
Raises DP001, DP018.
Example: select (dpg.fail_event(
  s.subscription, s.handed_out_position, ''answer 500'', max_attempts => 1, lease_id => s.lease_id
)).state
from dpg.subscriptions s
where s.subscription = ''to student''';
--! EndIncluded feed/fail_event.sql
--! Included feed/read_retries.sql
create or replace function dpg.read_retries(
  subscription text,
  max_events integer default 100,
  lease_seconds double precision default 60
)
returns setof dpg.feed_event
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  lease uuid;
  positions bigint[];
  leased integer;
begin
  -- check
  perform dpg_private.check_transaction('dpg.read_retries');
  max_events := coalesce(max_events, 100);
  lease_seconds := coalesce(lease_seconds, 60);
  perform
    dpg_private.check_batch(max_events, lease_seconds),
    dpg_private.get_subscription(subscription);

  -- Look first, without a lock, so that a call that finds nothing writes nothing.
  perform f."position"
  from dpg.failed_events f
  where f.subscription = read_retries.subscription
    and f.state = 'retrying'
    and (f.leased_until is null or f.leased_until <= clock_timestamp())
  limit 1;
  if not found then
    return;
  end if;

  -- lock: the subscription first, then its failures by position
  perform s.subscription
  from dpg.subscriptions s
  where s.subscription = read_retries.subscription
  for update skip locked;
  if not found then
    return; -- another reader was faster
  end if;
  positions := array(
    select f."position"
    from dpg.failed_events f
    where f.subscription = read_retries.subscription
      and f.state = 'retrying'
      and (f.leased_until is null or f.leased_until <= clock_timestamp())
    order by f."position"
    limit max_events
    for update skip locked
  );
  if positions = '{}' then
    return;
  end if;

  -- lease
  lease := gen_random_uuid();
  update dpg.failed_events f
  set leased_until = clock_timestamp() + make_interval(secs => lease_seconds),
    lease_id = lease
  where f.subscription = read_retries.subscription
    and f."position" = any (positions);
  get diagnostics leased = row_count;
  if leased < cardinality(positions) then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.failed_events', jsonb_build_object('subscription', subscription)
    );
  end if;
  return query select e.* from dpg_private.find_events_at(positions, lease) e order by e."position";
end
$body$;

comment on function dpg.read_retries(text, integer, double precision) is
  'Returns the events that dpg.retry_events revived, in the order of the feed, max_events (1 to 10,000) at most, and
leases them to the caller for lease_seconds (0.001 to 86,400). Then call dpg.settle_event or dpg.fail_event for each,
with its lease_id; an event without either comes again.
The first check is of the transaction: 25006 on a standby or in a read-only transaction, 25000 in repeatable read and
serializable. Missing events are DP010.
Raises DP001, DP010, DP018.
Example: select e."position" from dpg.read_retries(''to student'') e';
--! EndIncluded feed/read_retries.sql
--! Included feed/peers.sql
create or replace view dpg.peers as
select distinct on (p.form) p.instance_url
from (
  -- One look at the index for each stream, so that the cost does not depend on the length of the feed.
  select dpg_private.normalised_url(s.source_item_instance_url) as form, s.source_item_instance_url as instance_url,
    first_event."position", null::bigint as seq
  from dpg_private.feed_streams s
  cross join lateral (
    select f."position"
    from dpg_private.feed_positions f
    where f.stream = s.stream
    order by f."position"
    limit 1
  ) first_event
  union all
  select dpg_private.normalised_url(q.source_item_instance_url), q.source_item_instance_url, null::bigint, q.seq
  from (
    select q.source_item_instance_url, min(q.seq) as seq
    from dpg_private.event_queue q
    group by q.source_item_instance_url
  ) q
) p
where not exists (
  select
  from dpg_private.instance_url_sightings s
  where dpg_private.normalised_url(s.instance_url) = p.form
)
-- The spelling that came first must stay the one that is shown: a mirror names its subscription after it.
order by p.form, p."position", p.seq;

comment on view dpg.peers is
  'The other instances that there are events for: each is the source of an event, and is not this instance. A mirror
needs a subscription for each. One row for each instance; of several spellings of its URL, the one whose event came
first.';
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
  -- Nobody has read or acknowledged for an hour, and there was something to read for as long.
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
  -- The filters are written twice. Written once, around the union, counting takes 1.1 (PostgreSQL 15) to 1.2 times
  -- (PostgreSQL 18) as long.
  from (
    select f.created_at
    from dpg_private.feed_positions f
    join dpg_private.feed_streams t on t.stream = f.stream
    where f."position" > greatest(s.acknowledged_position, s.passed_position)
      and (
        s.source_item_instance_url is null
        or t.source_item_instance_url = s.source_item_instance_url
        or dpg_private.normalised_url(t.source_item_instance_url)
          = dpg_private.normalised_url(s.source_item_instance_url)
      )
      and (s.partition_network is null or t.partition_network = s.partition_network)
      and (s.action_type is null or t.action_type = s.action_type)
    union all
    select q.created_at
    from dpg_private.event_queue q
    where (
        s.source_item_instance_url is null
        or q.source_item_instance_url = s.source_item_instance_url
        or dpg_private.normalised_url(q.source_item_instance_url)
          = dpg_private.normalised_url(s.source_item_instance_url)
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
      -- the lock of dpg_private.place_events
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
  'How far behind each subscription is, and why. Counting takes time in proportion to the lag.
Times and locks are always as of now, so ask under read committed, where rows are as of now as well. In an older
snapshot is_leased, is_dead and held_back_by do not belong to the rows beside them.';
comment on column dpg.subscription_status.subscription is 'Name of the subscription.';
comment on column dpg.subscription_status.partition_network is 'Its filter.';
comment on column dpg.subscription_status.action_type is 'Its filter.';
comment on column dpg.subscription_status.source_item_instance_url is 'Its filter.';
comment on column dpg.subscription_status.acknowledged_position is 'Everything up to here is done.';
comment on column dpg.subscription_status.lag_events is 'How many events are not acknowledged. Dead ones do not count.';
comment on column dpg.subscription_status.lag_seconds is
  'Age of the oldest of these events in seconds; 0 when there is none.';
comment on column dpg.subscription_status.is_leased is
  'Whether a reader works on a batch, or the batch waits for its next try.';
comment on column dpg.subscription_status.is_dead is
  'Whether nobody has read or acknowledged for an hour although there was something to read: its reader is gone.
Nothing is lost. Drop the subscription if no reader will come back.';
comment on column dpg.subscription_status.dead_events is
  'How many events were given up: rows of dpg.failed_events that dpg.retry_events can revive.';
comment on column dpg.subscription_status.last_error is 'The last error that a reader has reported.';
comment on column dpg.subscription_status.last_error_at is 'When.';
comment on column dpg.subscription_status.held_back_by_pid is
  'The server process whose open transaction holds back the feed or the subscription; null when there is none.';
comment on column dpg.subscription_status.held_back_by is 'How that transaction holds it back.';
comment on column dpg.subscription_status.held_back_seconds is
  'Age of that transaction in seconds; null when the role of this session may not see it (pg_read_all_stats may).';
--! EndIncluded feed/subscription_status.sql
--! Included feed/confirm_lost_events.sql
create table if not exists dpg_private.lost_events (
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  "position" bigint,
  source_item_instance_url text not null,
  created_at timestamptz not null,
  redaction_id bigint not null,
  constraint lost_events_pkey primary key (partition_network, action_type, event_id)
);

comment on table dpg_private.lost_events is
  'Events that dpg.confirm_lost_events has taken out of the feed, because they are gone with their partition: their
former rows in feed_positions and event_queue. No function reads it. It is the record of what was lost.';
comment on column dpg_private.lost_events.partition_network is 'Of the event.';
comment on column dpg_private.lost_events.action_type is 'Of the event.';
comment on column dpg_private.lost_events.event_id is 'The event.';
comment on column dpg_private.lost_events."position" is 'Its position in the feed; null when it had none yet.';
comment on column dpg_private.lost_events.source_item_instance_url is 'Of the event: the instance that it was for.';
comment on column dpg_private.lost_events.created_at is 'Of the event.';
comment on column dpg_private.lost_events.redaction_id is
  'The record in dpg.redactions: who confirmed the loss, when and why.';

create or replace function dpg.confirm_lost_events(actor text, partition_network text, action_type text, reason text)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  redaction dpg.redactions;
  missing uuid[];
  taken bigint;
  kept bigint;
begin
  -- check
  perform
    dpg_private.check_transaction('dpg.confirm_lost_events'),
    dpg_private.check_actor(actor),
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_reason(reason);

  -- lock. Every call of the feed reads this table first, so this waits for the calls that are under way. They have
  -- found positions already, and would miss the events that are taken away now.
  lock table dpg.subscriptions in access exclusive mode;

  -- check what the lock has found
  missing := dpg_private.find_missing_events(
    partition_network, action_type,
    array(
      select f.event_id
      from dpg_private.feed_positions f
      join dpg_private.feed_streams s on s.stream = f.stream
      where s.partition_network = confirm_lost_events.partition_network
        and s.action_type = confirm_lost_events.action_type
      union all
      select q.event_id
      from dpg_private.event_queue q
      where q.partition_network = confirm_lost_events.partition_network
        and q.action_type = confirm_lost_events.action_type
    )
  );
  if missing = '{}' then
    perform dpg_private.refuse_argument(
      'action_type', to_jsonb(action_type), 'has lost no events',
      'Every event of these keys that is in the feed is there. Look at the keys in the message of DP010.'
    );
  end if;

  -- change
  insert into dpg.redactions (actor, kind, reason, partition_network, action_type)
  values (
    confirm_lost_events.actor, 'loss', confirm_lost_events.reason,
    confirm_lost_events.partition_network, confirm_lost_events.action_type
  )
  returning * into redaction;
  if not found then
    perform dpg_private.refuse_suppressed('insert', 'dpg.redactions');
  end if;
  with gone as (
    delete from dpg_private.feed_positions f
    using dpg_private.feed_streams s, unnest(missing) m(event_id)
    where s.partition_network = confirm_lost_events.partition_network
      and s.action_type = confirm_lost_events.action_type
      and f.stream = s.stream
      and f.event_id = m.event_id
    returning f."position", f.event_id, s.source_item_instance_url, f.created_at
  ),
  unplaced as (
    delete from dpg_private.event_queue q
    using unnest(missing) m(event_id)
    where q.partition_network = confirm_lost_events.partition_network
      and q.action_type = confirm_lost_events.action_type
      and q.event_id = m.event_id
    returning q.event_id, q.source_item_instance_url, q.created_at
  ),
  noted as (
    insert into dpg_private.lost_events (
      partition_network, action_type, event_id, "position", source_item_instance_url, created_at, redaction_id
    )
    select confirm_lost_events.partition_network, confirm_lost_events.action_type, o.event_id, o."position",
      o.source_item_instance_url, o.created_at, redaction.redaction_id
    from (
      select g.event_id, g."position", g.source_item_instance_url, g.created_at from gone g
      union all
      select u.event_id, null, u.source_item_instance_url, u.created_at from unplaced u
    ) o
    returning 1
  )
  select (select count(*) from gone) + (select count(*) from unplaced), (select count(*) from noted)
  into taken, kept;
  if taken < cardinality(missing) or kept < taken then
    perform dpg_private.refuse_suppressed('delete', 'dpg_private.feed_positions');
  end if;

  -- A lost event cannot be tried again.
  delete from dpg.failed_events f
  using unnest(missing) m(event_id)
  where f.partition_network = confirm_lost_events.partition_network
    and f.action_type = confirm_lost_events.action_type
    and f.event_id = m.event_id;
  return redaction;
end
$body$;

comment on function dpg.confirm_lost_events(text, text, text, text) is
  'For dpg_admin: confirms that events of a network and action type are lost for good: those that are in the feed and
not in dpg.action_events, because their partition was dropped. Keeps on record who confirmed it and why. Returns that
record, of kind loss.
Without this, reads of the feed end in DP010. Afterwards the feed goes on after the lost events. Events that are
there, and later ones, stay in the feed. dpg_private.lost_events lists the lost ones.
The call reads the whole feed. Every other call of the feed waits until its transaction has ended. It cannot run in a
read-only transaction (25006), nor in repeatable read or serializable (25000). It is DP001
when no event is missing.
Raises DP001, DP018.
Example: select dpg.confirm_lost_events(''dba'', ''yellow_dot'', ''connect'', ''dropped by mistake, no backup has it'')
where to_regclass(''dpg.e_p_yellowdot_connect'') is null';
--! EndIncluded feed/confirm_lost_events.sql
--! Included access/comments.sql
-- Columns that repeat a column of a table mean the same, so they get its comment: the columns of the types that
-- functions return, and those of dpg_private.mirrored_actions, except three that have comments of their own.
do $body$
declare
  described record;
begin
  for described in
    select
      pg_catalog.format('%s.%I', t.oid::pg_catalog.regclass, a.attname) as name,
      coalesce(
        pg_catalog.col_description(r.oid, o.attnum),
        case a.attname
          when 'position' then 'Position in the feed, passed to acknowledge.'
          when 'lease_id' then
            'The lease under which the event was handed out: pass it on to acknowledge, release_events, fail_event and '
              'settle_event.'
          when 'next_page_token' then 'Passed as page_token with the same filters it continues after this row.'
          when 'distance_meters' then 'Distance in metres along the great circle.'
          when 'ownership_roles' then
            'The actor''s part: initiated (owner of the source), received (owner of the target), or both.'
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
        when 'mirrored_actions' then 'dpg.item_actions'
        when 'found_event' then 'dpg.action_events'
        when 'feed_event' then 'dpg.action_events'
      end::pg_catalog.regclass
    left join pg_catalog.pg_attribute o on o.attrelid = r.oid and o.attname = a.attname
    where (t.relnamespace = 'dpg'::pg_catalog.regnamespace and t.relkind = 'c')
      or (
        t.oid = 'dpg_private.mirrored_actions'::pg_catalog.regclass
        and o.attname not in ('requirements_snapshot', 'remarks', 'target_item_id')
      )
  loop
    execute pg_catalog.format('comment on column %s is %L', described.name, described.description);
  end loop;
end
$body$;
--! EndIncluded access/comments.sql
--! Included access/privileges.sql
-- Each migration grants everything anew, so that each role has what this file says and nothing else. PUBLIC gets
-- nothing.
do $body$
declare
  -- The functions that each role may call, by name. A function that no list names is nobody's.
  -- dpg_readonly, dpg_app and dpg_admin
  reading constant text[] := array[
    'get_item', 'find_items', 'count_items', 'nearest_items', 'get_action', 'find_actions', 'find_events'
  ];
  -- dpg_app and dpg_admin
  writing constant text[] := array[
    'ensure_item_partition', 'ensure_action_partition', 'ensure_action_event_partition',
    'upsert_item', 'upsert_items', 'update_item', 'delete_item',
    'define_action', 'perform_action', 'receive_action', 'transition_action', 'receive_transition',
    'store_event',
    'create_subscription', 'drop_subscription', 'read_events', 'acknowledge', 'release_events',
    'fail_event', 'retry_events', 'read_retries', 'settle_event'
  ];
  -- dpg_admin alone
  administering constant text[] := array[
    'register_network', 'unregister_network', 'forget_instance_url', 'confirm_lost_events',
    'redact_event', 'accept_differing_event', 'erase_user', 'move_items'
  ];
  -- Of dpg_private, all three roles: a view calls functions with the rights of its reader. No role can name them in a
  -- statement, because the schema is closed.
  used_by_views constant text[] := array['normalised_url', 'rewritten_url'];
  unknown text;
  object record;
  known text[] := pg_catalog.string_to_array(nullif(pg_catalog.current_setting('dpg.known_objects', true), ''), ' ');
begin
  -- New objects: "alter default privileges" gives grants of its own when an object is created. They are taken back
  -- here. Objects that were there before this migration (access/known_objects.sql) keep the grants that others gave
  -- on purpose.
  for object in
    select o.kind, o.name,
      pg_catalog.string_agg(
        distinct case when a.grantee = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end, ', '
      ) as grantees
    from (
      select 'schema' as kind, pg_catalog.quote_ident(n.nspname) as name, 'n' || n.oid as id, n.nspacl as acl,
        n.nspowner as owner
      from pg_catalog.pg_namespace n
      where n.nspname in ('dpg', 'dpg_private')
      union all
      select 'function', p.oid::pg_catalog.regprocedure::text, 'p' || p.oid, p.proacl, p.proowner
      from pg_catalog.pg_proc p
      where p.pronamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
      union all
      select 'type', pg_catalog.format('%I.%I', t.typnamespace::pg_catalog.regnamespace, t.typname), 't' || t.oid,
        t.typacl, t.typowner
      from pg_catalog.pg_type t
      where t.typnamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
      union all
      select case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::pg_catalog.regclass::text, 'c' || c.oid,
        c.relacl, c.relowner
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
    execute pg_catalog.format('revoke all on %s %s from %s', object.kind, object.name, object.grantees);
  end loop;

  -- Schemas.
  revoke all on schema dpg, dpg_private from public;
  grant usage on schema dpg to dpg_app, dpg_readonly, dpg_admin;

  -- Functions. The lists count for every function of a name, whatever its arguments are.
  select pg_catalog.string_agg(l.name, ', ')
  into unknown
  from (
    select 'dpg' as schema, l.name
    from pg_catalog.unnest(reading || writing || administering) l(name)
    union all
    select 'dpg_private', l.name
    from pg_catalog.unnest(used_by_views) l(name)
  ) l
  where not exists (
    select
    from pg_catalog.pg_proc p
    where p.pronamespace = l.schema::pg_catalog.regnamespace
      and p.proname = l.name
  );
  if unknown is not null then
    raise exception 'no function has this name: %', unknown
      using
        errcode = 'undefined_function',
        hint = 'Take the name out of the lists in access/privileges.sql, or correct it.';
  end if;

  for object in
    select
      p.oid::pg_catalog.regprocedure as signature,
      case
        when n.nspname = 'dpg_private' and p.proname = any (used_by_views) then 'dpg_app, dpg_readonly, dpg_admin'
        when n.nspname = 'dpg' and p.proname = any (reading) then 'dpg_app, dpg_readonly, dpg_admin'
        when n.nspname = 'dpg' and p.proname = any (writing) then 'dpg_app, dpg_admin'
        when n.nspname = 'dpg' and p.proname = any (administering) then 'dpg_admin'
      end as roles
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('dpg', 'dpg_private')
  loop
    execute pg_catalog.format(
      'revoke all on function %s from public, dpg_app, dpg_readonly, dpg_admin', object.signature
    );
    if object.roles is not null then
      execute pg_catalog.format('grant execute on function %s to %s', object.signature, object.roles);
    end if;
  end loop;

  -- Types of the arguments and results of functions.
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

revoke all on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.instance_urls,
  dpg.partitions, dpg.limits, dpg.redactions, dpg.networks, dpg.differing_events
from dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.instance_urls,
  dpg.partitions, dpg.limits, dpg.subscriptions, dpg.failed_events, dpg.subscription_status, dpg.peers, dpg.networks,
  dpg.differing_events
to dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.redactions to dpg_admin;
grant update (limit_value) on dpg.limits to dpg_admin;
--! EndIncluded access/privileges.sql
--! Included partitions/guard_partitions.sql
-- Gives row level security to partitions that were created before there was any, or whose root has other policies now.
-- Locks nothing where nothing is missing.
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
    perform dpg_private.copy_row_level_security(part.root, part.partition);
  end loop;
end
$body$;
--! EndIncluded partitions/guard_partitions.sql

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
