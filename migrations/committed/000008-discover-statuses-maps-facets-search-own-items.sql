--! Previous: sha1:8ec2f1fff20596f3cc4846dd1d52dd1e1e1439ba
--! Hash: sha1:053b580d54230ee942036510293832c4fff37354
--! Message: Discover: statuses, maps, facets, search, own items

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

-- Before the columns, since it reads every item: until here writers of items wait, from there on readers as well.
--! Included items/owner_leaves.sql
create table if not exists dpg_private.owner_leaves (
  owner text not null,
  item_network text not null,
  item_domain text not null
);

create index if not exists owner_leaves_idx
on dpg_private.owner_leaves (owner, item_network, item_domain);

comment on table dpg_private.owner_leaves is
  'In which domains a user has, or has had, items, so that find_own_items reads only those leaves. Not unique on
purpose: a unique index would make a writer wait for another''s transaction to end.';
comment on column dpg_private.owner_leaves.owner is 'The user: created_by of an item.';
comment on column dpg_private.owner_leaves.item_network is 'First partition key of the leaf.';
comment on column dpg_private.owner_leaves.item_domain is 'Second partition key of the leaf.';
comment on index dpg_private.owner_leaves_idx is
  'For find_own_items, and for the trigger that asks whether a row is there.';

create or replace function dpg_private.note_owner_leaf()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not exists (
    select
    from dpg_private.owner_leaves o
    where o.owner = new.created_by
      and o.item_network = new.item_network
      and o.item_domain = new.item_domain
  ) then
    insert into dpg_private.owner_leaves (owner, item_network, item_domain)
    values (new.created_by, new.item_network, new.item_domain);
  end if;
  return null;
end
$body$;

comment on function dpg_private.note_owner_leaf() is
  'Trigger: notes in which leaf the owner of a new item, or the new owner of an item, has one.';

-- Only where they are not there: PostgreSQL would lock the root and every leaf, even to create the same triggers again.
-- What was there before is noted leaf by leaf. Writers wait meanwhile: their items would not be noted.
do $body$
declare
  leaf record;
begin
  if not exists (
    select
    from pg_catalog.pg_trigger t
    where t.tgrelid = 'dpg.items'::pg_catalog.regclass
      and t.tgname = 'items_note_owner'
  ) then
    create trigger items_note_owner
    after insert or update of created_by on dpg.items
    for each row
    execute function dpg_private.note_owner_leaf();

    for leaf in
      select p.relid as name
      from pg_catalog.pg_partition_tree('dpg.items') p
      where p.isleaf
    loop
      execute pg_catalog.format(
        'insert into dpg_private.owner_leaves (owner, item_network, item_domain)
         select o.owner, k.item_network, k.item_domain
         from (select distinct i.created_by as owner from %1$s i) o
         cross join (select i.item_network, i.item_domain from %1$s i limit 1) k',
        leaf.name
      );
    end loop;
  end if;
end
$body$;

comment on trigger items_note_owner on dpg.items is
  'Keeps dpg_private.owner_leaves, so that find_own_items reads only leaves in which the actor has items.';
--! EndIncluded items/owner_leaves.sql

-- Functions of the API that get other arguments or another result are dropped and made anew in this transaction, as are
-- the types of results and what of ours is built on them. A call under way can end once in 42883. What somebody else has
-- built on one of them stops the migration, since it would go with it. What somebody else has granted on them is noted,
-- and granted again at the end.
create temporary table if not exists dpg_grants_of_others (
  name text, grantee pg_catalog.regrole, is_grantable boolean
) on commit drop;

do $body$
declare
  grown constant pg_catalog.oid[] := array_remove(
    array[
      pg_catalog.to_regtype('dpg.found_item'), pg_catalog.to_regtype('dpg.found_item[]'),
      pg_catalog.to_regtype('dpg.nearest_item'), pg_catalog.to_regtype('dpg.nearest_item[]')
    ]::pg_catalog.oid[],
    null
  );
  dropped record;
  dependent text;
begin
  if exists (
    select
    from pg_catalog.pg_type t
    join pg_catalog.pg_attribute a on a.attrelid = t.typrelid
    where t.oid = any (grown)
      and a.attname = 'item_status'
  ) then
    return;
  end if;
  for dropped in
    select p.oid, p.oid::pg_catalog.regprocedure as identity, p.proname as name, p.proowner as owner, p.proacl as acl,
      p.pronamespace = 'dpg'::pg_catalog.regnamespace as is_of_api
    from pg_catalog.pg_proc p
    where p.pronamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
      and (
        p.prorettype = any (grown)
        or coalesce(p.proallargtypes, p.proargtypes::pg_catalog.oid[]) && grown
        or (p.pronamespace = 'dpg'::pg_catalog.regnamespace and p.proname in ('count_items', 'upsert_item'))
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
    if dropped.is_of_api then
      insert into dpg_grants_of_others
      select dropped.name, a.grantee, a.is_grantable
      from pg_catalog.aclexplode(dropped.acl) a
      join pg_catalog.pg_roles r on r.oid = a.grantee
      where a.grantee <> dropped.owner
        and r.rolname not in ('dpg_app', 'dpg_readonly', 'dpg_admin');
    end if;
    execute pg_catalog.format('drop function %s', dropped.identity);
  end loop;
  drop type if exists dpg.found_item, dpg.nearest_item;
end
$body$;

-- Also what older migrations have made again, when all are run once more.
drop function if exists
  dpg.upsert_item(text, text, text, text, text, text, jsonb, double precision, double precision, uuid),
  dpg.find_items(
    text, text, text, text, text, text, jsonb, double precision, double precision, double precision, integer, text, text[]
  ),
  dpg.count_items(
    text, text, text, text, text, text, jsonb, double precision, double precision, double precision, text[]
  ),
  dpg.nearest_items(
    text, text, double precision, double precision, double precision, text, jsonb, integer, text, text[]
  ),
  dpg_private.nearest_of_slot(anyenum, dpg_private.item_search, dpg_private.item_page, cube, cube, text[]),
  dpg_private.newest_of_slot(anyenum, dpg_private.item_page),
  dpg_private.newest_of_network(anyenum, dpg_private.item_page, text[], integer),
  dpg_private.has_more_of_network(anyenum, dpg_private.item_page, text[], integer),
  dpg_private.circle_of_slot(anyenum, dpg_private.item_search, dpg_private.item_page, integer, text[]),
  dpg_private.count_circle_of_slot(anyenum, dpg_private.item_search, integer, text[]),
  dpg_private.is_kept_circle(dpg_private.circle_bounds),
  dpg_private.item_conditions_sql(dpg_private.item_search);

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
--! Included arguments/field.sql
create or replace function dpg_private.is_degrees(value jsonb, most double precision)
returns boolean
language plpgsql
immutable -- not parallel safe: a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- compared as it would be stored: 90.00000000000000000001 is 90, and double precision has no 1e-400
  return case when jsonb_typeof(value) = 'number' then abs(value::double precision) <= most else false end;
exception
  when numeric_value_out_of_range then
    return false;
end
$body$;

comment on function dpg_private.is_degrees(jsonb, double precision) is
  'Whether value is a JSON number that double precision holds and that lies between -most and most.';

create or replace function dpg_private.is_uuid(value text)
returns boolean
language plpgsql
immutable -- not parallel safe: a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return value::uuid is not null;
exception
  when data_exception then
    return false;
end
$body$;

comment on function dpg_private.is_uuid(text) is
  'Whether value is a UUID in any form that the type accepts: also in upper case, in braces, without hyphens. False
for null.';

create or replace function dpg_private.kind_of_field(field text)
returns text
language sql
immutable
parallel safe
security invoker
return case
  when field in (
    'item_network', 'item_domain', 'item_type', 'item_status', 'partition_network', 'action_type', 'action_status',
    'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_owner',
    'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_owner'
  ) then 'key'
  when field in (
    'item_instance_url', 'item_schema_url', 'origin_instance_domain', 'source_item_instance_url',
    'target_item_instance_url'
  ) then 'url'
  when field in ('item_id', 'event_id', 'action_id', 'source_item_id', 'target_item_id') then 'uuid'
  when field in ('item_latitude', 'source_item_latitude', 'target_item_latitude') then 'latitude'
  when field in ('item_longitude', 'source_item_longitude', 'target_item_longitude') then 'longitude'
  when field in ('item_state', 'event_payload') then 'object'
  when field in ('source_item_is_local', 'target_item_is_local') then 'boolean'
  when field = 'update_count' then 'count'
  when field = 'remarks' then 'remarks'
  when field = 'created_at' then 'time'
end;

comment on function dpg_private.kind_of_field(text) is
  'Which kind of dpg_private.is_field a field of an item or an event is; null for a field of neither.';

create or replace function dpg_private.is_field(kind text, value jsonb)
returns boolean
language plpgsql
stable -- not parallel safe: some kinds are tried by a cast, in a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return coalesce(
    case kind
      when 'key' then jsonb_typeof(value) = 'string' and dpg_private.is_key(value #>> '{}')
      when 'url' then jsonb_typeof(value) = 'string' and dpg_private.is_url(value #>> '{}')
      when 'uuid' then jsonb_typeof(value) = 'string' and dpg_private.is_uuid(value #>> '{}')
      when 'latitude' then dpg_private.is_degrees(value, 90)
      when 'longitude' then dpg_private.is_degrees(value, 180)
      -- 1.0 is 1 in JSON, and some languages write it so
      when 'count' then jsonb_typeof(value) = 'number' and case
        when (value #>> '{}')::numeric between 0 and 2147483647 then (value #>> '{}')::numeric % 1 = 0
      end
      when 'remarks' then jsonb_typeof(value) = 'string' and octet_length(value #>> '{}') <= 65536
      when 'time' then jsonb_typeof(value) = 'string' and dpg_private.time_of_text(value #>> '{}') is not null
      when 'schema' then jsonb_typeof(value) in ('object', 'boolean')
      else jsonb_typeof(value) = kind
    end,
    false
  );
end
$body$;

comment on function dpg_private.is_field(text, jsonb) is
  'Whether value is a field of this kind. The one reader of JSON fields: of items, changes, events and network
documents. Kinds: key, url, uuid, latitude, longitude (degrees), count, remarks, time, schema; and object, array,
boolean as in JSON. A value that a cast to the type of its column accepts is one, such as every form of a UUID. False
for null and for a field that is missing. dpg_private.check_document limits the size of an object.';

create or replace function dpg_private.field_hint(kind text)
returns text
language sql
stable
parallel safe
security invoker
return case kind
  when 'key' then 'A key is a JSON string of 1 to 120 characters that is not all white space.'
  when 'url' then 'A URL is a JSON string of 1 to 1,024 bytes that is not all white space.'
  when 'uuid' then 'An id is a UUID, a JSON string such as "11111111-1111-4111-8111-111111111111".'
  when 'latitude' then 'A latitude is a JSON number of degrees from -90 to 90, in double precision.'
  when 'longitude' then 'A longitude is a JSON number of degrees from -180 to 180, in double precision.'
  when 'count' then 'A count is a whole number from 0 to 2,147,483,647.'
  when 'remarks' then 'Remarks are a JSON string of at most 65,536 bytes.'
  when 'time' then
    'A time is a JSON string in ISO 8601 with its offset, in the years 1 to 9999 of UTC, '
      'such as "2026-01-01T00:00:00.000000Z".'
  when 'schema' then 'A JSON Schema is a JSON object, or true or false.'
  when 'object' then 'Pass a JSON object, {} when there is nothing to say.'
  when 'boolean' then 'Pass true or false.'
  else format('Put a JSON %s here.', kind)
end;

comment on function dpg_private.field_hint(text) is
  'What a field of this kind of dpg_private.is_field is, in a sentence.';

create or replace function dpg_private.refuse_field(argument text, kind text, value jsonb, index integer default null)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.refuse_argument(
    argument, value, case when value is null then 'is missing' else 'is malformed' end,
    dpg_private.field_hint(kind), index
  );
end
$body$;

comment on function dpg_private.refuse_field(text, text, jsonb, integer) is
  'Raises DP001 for a value that is no field of this kind of dpg_private.is_field.
index is the position in an array, counted from 0.';
--! EndIncluded arguments/field.sql
--! Included items/item_ref.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.item_ref') is null then
    create type dpg.item_ref as (
      item_network text,
      item_domain text,
      item_type text,
      item_id uuid
    );
  end if;
end
$body$;

comment on type dpg.item_ref is
  'Names one item. In SQL: row(''yellow_dot'', ''student'', ''profile_1.0'',
''11111111-1111-4111-8111-111111111111'')::dpg.item_ref';

create or replace function dpg_private.refuse_item_ref(argument text, item dpg.item_ref)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  prefix constant text := coalesce(argument || '.', '');
begin
  perform
    dpg_private.check_key(prefix || 'item_network', item.item_network),
    dpg_private.check_key(prefix || 'item_domain', item.item_domain),
    dpg_private.check_key(prefix || 'item_type', item.item_type),
    dpg_private.check_present(prefix || 'item_id', item.item_id is not null);
end
$body$;

comment on function dpg_private.refuse_item_ref(text, dpg.item_ref) is
  'Raises DP001 for what is no key of an item. See dpg_private.check_item_ref.';

create or replace function dpg_private.check_item_ref(argument text, item dpg.item_ref)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (
    dpg_private.is_key(item.item_network)
    and dpg_private.is_key(item.item_domain)
    and dpg_private.is_key(item.item_type)
    and item.item_id is not null
  ) is not true then
    dpg_private.refuse_item_ref(argument, item)
end;

comment on function dpg_private.check_item_ref(text, dpg.item_ref) is
  'Raises DP001 unless item names an item: three keys and an id.
argument is the name of the argument; null where the four are arguments of their own.';

create or replace function dpg_private.refuse_item_not_found(item dpg.item_ref)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP002',
    message = dpg_private.text_for_client(
      format(
        'there is no item %L/%L/%s/%s here',
        item.item_network, item.item_domain, coalesce(quote_literal(item.item_type), 'of any type'), item.item_id
      )
    ),
    hint = 'Check network, domain, type and id; the item may have been deleted, or live on another instance.',
    detail = dpg_private.text_for_client(to_jsonb(item)::text);
end
$body$;

comment on function dpg_private.refuse_item_not_found(dpg.item_ref) is
  'Raises DP002 for the item.';

create or replace function dpg_private.refuse_not_item_owner(actor text, item dpg.item_ref, index integer default null)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP003',
    message = dpg_private.text_for_client(format(
      'user %L does not own item %L/%L/%L/%s',
      actor, item.item_network, item.item_domain, item.item_type, item.item_id
    )),
    hint = 'Only the user who made an item may change it or act with it; a new item needs an id of its own.',
    detail = dpg_private.text_for_client((to_jsonb(item)
      || jsonb_build_object('actor', actor)
      || case when index is null then '{}' else jsonb_build_object('index', index) end)::text);
end
$body$;

comment on function dpg_private.refuse_not_item_owner(text, dpg.item_ref, integer) is
  'Raises DP003 for the actor and the item. index is the position of the item in an array, counted from 0.';
--! EndIncluded items/item_ref.sql
--! Included items/items.sql
-- The checks are short, since PostgreSQL reads the stored form of a check anew at every insert. NaN is in no box.
create table if not exists dpg.items (
  item_network text not null,
  item_domain text not null,
  item_type text not null,
  item_id uuid not null default gen_random_uuid(),
  item_instance_url text not null,
  item_schema_url text not null,
  item_state jsonb not null default '{}',
  item_latitude double precision,
  item_longitude double precision,
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  item_status text not null default 'live',
  constraint items_pkey primary key (item_network, item_domain, item_type, item_id),
  constraint items_created_by_fkey foreign key (created_by) references public."user" (id),
  constraint items_state_check check (jsonb_typeof(item_state) = 'object'),
  constraint items_coordinates_check check (
    (item_latitude is null) = (item_longitude is null)
    and point(item_latitude, item_longitude) <@ box '(90, 180), (-90, -180)'
  )
)
partition by list (item_network);

-- A column of this name that an application added would be taken for ours, with its nulls and without our default.
do $body$
begin
  if exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = 'dpg.items'::pg_catalog.regclass
      and a.attname = 'item_status'
      and not a.attisdropped
      and (a.atttypid <> 'text'::pg_catalog.regtype or not a.attnotnull or not a.atthasdef)
  ) then
    raise exception 'dpg.items has a column item_status that is not ours'
      using errcode = 'duplicate_column',
        hint = 'Rename it and migrate again: alter table dpg.items rename column item_status to application_status;';
  end if;
end
$body$;

-- In databases of before 0.2.0. ACCESS EXCLUSIVE on the table and its leaves, but no row is written.
alter table dpg.items add column if not exists item_status text not null default 'live';

comment on table dpg.items is
  'The current record of each item: a JSON document under network, domain and type, owned by a user.
Partitioned by network, then by domain; the leaves are in dpg.partitions. Written by dpg.upsert_item, upsert_items,
update_item and delete_item.';
comment on column dpg.items.item_network is
  'Network, a key: text of 1 to 120 characters, stored as given. First partition key.';
comment on column dpg.items.item_domain is 'Business role in the network, a key. Second partition key.';
comment on column dpg.items.item_type is 'Type of the document, a key, such as profile_1.0.';
comment on column dpg.items.item_id is 'Id of the item, unique within network, domain and type.';
comment on column dpg.items.item_instance_url is
  'URL under which this instance publishes the item, at most 1,024 bytes.';
comment on column dpg.items.item_schema_url is 'URL of the schema of item_state, at most 1,024 bytes.';
comment on column dpg.items.item_state is 'The document itself, a JSON object.';
comment on column dpg.items.item_latitude is
  'Degrees, -90 to 90, positive to the north; null with item_longitude when the item has no place.';
comment on column dpg.items.item_longitude is
  'Degrees, -180 to 180, positive to the east; null with item_latitude when the item has no place.';
comment on column dpg.items.created_by is 'The owner: id of the user who created the item and alone may change it.';
comment on column dpg.items.created_at is 'When the item was created.';
comment on column dpg.items.updated_at is 'When the item last changed; rises with every change.';
comment on column dpg.items.item_status is
  'Status of the item, a key; dpg.define_item declares which there are, and what they mean.';
comment on constraint items_pkey on dpg.items is 'One item of each key.';
comment on constraint items_created_by_fkey on dpg.items is
  'The owner is a user of this instance; a user who owns items cannot be deleted: see dpg.erase_user.';
comment on constraint items_state_check on dpg.items is 'A document is a JSON object.';
comment on constraint items_coordinates_check on dpg.items is 'Latitude and longitude: both or neither, in degrees.';
comment on index dpg.items_pkey is
  'For every call that names an item: upsert_item, upsert_items, update_item, delete_item, get_item, perform_action
and receive_action; and for the foreign keys of actions.';
--! EndIncluded items/items.sql
--! Included items/sent_item.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg_private.sent_item') is null then
    create type dpg_private.sent_item as (
      index integer,
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
      written_at timestamptz,
      item_status text,
      new_status text
    );
  elsif not exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = pg_catalog.to_regclass('dpg_private.sent_item')
      and a.attname = 'new_status'
  ) then
    alter type dpg_private.sent_item add attribute item_status text, add attribute new_status text;
  end if;
end
$body$;

comment on type dpg_private.sent_item is
  'An element of upsert_items as a row: its index, counted from 0, then our columns of dpg.items. written_at is for
created_at and updated_at. item_status: as it was sent. new_status: what a new item gets.';

create or replace function dpg_private.item_fields()
returns text[]
language sql
immutable
parallel safe
security invoker
return array[
  'item_network', 'item_domain', 'item_type', 'item_instance_url', 'item_schema_url',
  'item_state', 'item_latitude', 'item_longitude', 'item_id', 'item_status'
];

comment on function dpg_private.item_fields() is
  'The fields that an element of upsert_items may have.';

create or replace function dpg_private.check_item_object(item jsonb, index integer)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  field text;
  kind text;
begin
  if jsonb_typeof(item) <> 'object' then
    perform dpg_private.refuse_argument(
      'items', item, 'is not a JSON object',
      'Each element is an object whose fields are column names of dpg.items.', index
    );
  end if;

  select k.field
  into field
  from jsonb_object_keys(item) k(field)
  where k.field <> all (dpg_private.item_fields())
  order by k.field
  limit 1;
  if found then
    perform dpg_private.refuse_argument(
      left(field, 120), item -> field, 'is not a field of an item',
      format('An element may have the fields %s.', array_to_string(dpg_private.item_fields(), ', ')), index
    );
  end if;

  foreach field in array dpg_private.item_fields() loop
    kind := dpg_private.kind_of_field(field);
    continue when kind = 'object' and not item ? field;
    continue when (kind in ('uuid', 'latitude', 'longitude') or field = 'item_status')
      and nullif(item -> field, 'null') is null;
    if kind = 'object' then
      perform dpg_private.check_document(field, item -> field, index);
    elsif not dpg_private.is_field(kind, item -> field) then
      perform dpg_private.refuse_field(field, kind, item -> field, index);
    end if;
  end loop;
  if nullif(item -> 'item_latitude', 'null') is null and nullif(item -> 'item_longitude', 'null') is not null then
    field := 'item_latitude';
  elsif nullif(item -> 'item_longitude', 'null') is null and nullif(item -> 'item_latitude', 'null') is not null then
    field := 'item_longitude';
  else
    return;
  end if;
  perform dpg_private.refuse_argument(
    field, null, 'is missing', 'Pass both item_latitude and item_longitude, or neither.', index
  );
end
$body$;

comment on function dpg_private.check_item_object(jsonb, integer) is
  'Raises DP001, with the index, for an element of upsert_items with unknown, missing or malformed fields.';

create or replace function dpg_private.check_ids_differ(items dpg_private.sent_item[])
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  again record;
begin
  if (select count(distinct i.item_id) from unnest(items) i) = cardinality(items) then
    return;
  end if;
  select d.item_id, d.index
  into again
  from (
    select i.item_id, i.index, row_number() over (partition by i.item_id order by i.index) as occurrence
    from unnest(items) i
  ) d
  where d.occurrence > 1
  order by d.index
  limit 1;
  perform dpg_private.refuse_argument(
    'item_id', to_jsonb(again.item_id), 'is there twice', 'Give each element an id of its own.', again.index
  );
end
$body$;

comment on function dpg_private.check_ids_differ(dpg_private.sent_item[]) is
  'Raises DP001 with the index of the first element whose item_id an earlier one has.';
--! EndIncluded items/sent_item.sql
--! Included items/item_definitions.sql
create table if not exists dpg.item_definitions (
  item_network text not null,
  item_domain text not null,
  initial_status text not null,
  statuses jsonb not null,
  constraint item_definitions_pkey primary key (item_network, item_domain)
);

comment on table dpg.item_definitions is
  'The declared statuses of items. Written by dpg.define_item; an item of a domain without a row may take any status, is
found, and may be a side of an action.';
comment on column dpg.item_definitions.item_network is 'Network of the items.';
comment on column dpg.item_definitions.item_domain is 'Domain of the items.';
comment on column dpg.item_definitions.initial_status is 'Status of a new item. It is known without being listed.';
comment on column dpg.item_definitions.statuses is
  'The statuses: an array of {"status": <key>, "found": <boolean>, "acts": <boolean>, "final": <boolean>}. found
(default true): finders that are told no statuses find the item. acts (default true): the item may be a side of a new
action. final (default false): no other status comes after it.';
comment on constraint item_definitions_pkey on dpg.item_definitions is 'One definition for each domain.';
comment on index dpg.item_definitions_pkey is 'For define_item, changes of a status, and searches.';

create or replace function dpg_private.statuses_without(statuses jsonb, property text)
returns text[]
language sql
immutable
parallel safe
security invoker
return array(
  select e.element ->> 'status'
  from jsonb_array_elements(statuses) e(element)
  where e.element -> property = 'false'
);

comment on function dpg_private.statuses_without(jsonb, text) is
  'The statuses of a definition of which a property (found, acts) is false.';

create or replace function dpg_private.is_final_status(statuses jsonb, item_status text)
returns boolean
language sql
immutable
parallel safe
security invoker
return statuses @> jsonb_build_array(jsonb_build_object('status', item_status, 'final', true));

comment on function dpg_private.is_final_status(jsonb, text) is
  'Whether no other status comes after this one in a definition. Null where there is no definition.';

-- Which networks have, or have had, a definition: a constant of whoever asks, so that calls in other networks look up
-- nothing. dpg.define_item creates it anew with a network more. None is taken out: under an older snapshot there may
-- still be a definition.
do $body$
begin
  if pg_catalog.to_regprocedure('dpg_private.defined_networks()') is null then
    create function dpg_private.defined_networks()
    returns text[]
    language sql
    stable
    parallel safe
    security invoker
    return '{}'::text[];
  end if;
end
$body$;

comment on function dpg_private.defined_networks() is
  'The networks of items with a row in dpg.item_definitions, or where there was one. Inlined: a constant.';

create or replace function dpg_private.note_defined_network(item_network text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if item_network = any (dpg_private.defined_networks()) then
    return;
  end if;
  -- one at a time: two would change the same function. In the mode that lets those who only define go on
  lock table dpg.item_definitions in share update exclusive mode;
  if item_network = any (dpg_private.defined_networks()) then
    return;
  end if;
  execute format(
    'create or replace function dpg_private.defined_networks()
     returns text[]
     language sql
     stable
     parallel safe
     security invoker
     return %L::text[]',
    dpg_private.defined_networks() || item_network
  );
end
$body$;

comment on function dpg_private.note_defined_network(text) is
  'Adds a network to dpg_private.defined_networks.';

create or replace function dpg_private.find_item_definition(item_network text, item_domain text)
returns dpg.item_definitions
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  definition dpg.item_definitions;
begin
  select *
  into definition
  from dpg.item_definitions d
  where d.item_network = find_item_definition.item_network
    and d.item_domain = find_item_definition.item_domain;
  return definition;
end
$body$;

comment on function dpg_private.find_item_definition(text, text) is
  'The definition of the items of a domain; all columns are null where there is none. For a network of
dpg_private.defined_networks.';

create or replace function dpg_private.find_hidden_statuses(item_network text, item_domain text, item_domains text[])
returns text[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select array_agg(dpg_private.slot_key(d.item_domain, s.status))
    from dpg.item_definitions d
    cross join unnest(dpg_private.statuses_without(d.statuses, 'found')) s(status)
    where d.item_network = find_hidden_statuses.item_network
      and d.item_domain = coalesce(find_hidden_statuses.item_domain, d.item_domain)
      and (find_hidden_statuses.item_domains is null or d.item_domain = any (find_hidden_statuses.item_domains))
  );
end
$body$;

comment on function dpg_private.find_hidden_statuses(text, text, text[]) is
  'What a search over one domain, several, or all of a network does not find when it is told no statuses: domain and
status as one text, by dpg_private.slot_key. Null where there is no such status.';

create or replace function dpg_private.refuse_item_status(
  item dpg.item_ref,
  stored_status text,
  item_status text,
  definition dpg.item_definitions,
  index integer default null
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  known constant text[] := array(
    select definition.initial_status
    union
    select e.element ->> 'status' from jsonb_array_elements(definition.statuses) e(element)
    order by 1
  );
begin
  raise exception using
    errcode = 'DP006',
    message = dpg_private.text_for_client(case
      when item_status = any (known) then format(
        'item %s is %L, after which no other status comes: it cannot become %L',
        item.item_id, stored_status, item_status
      )
      else format('%L is no status of an item of %L/%L', item_status, item.item_network, item.item_domain)
    end),
    hint = dpg_private.text_for_client(case
      when item_status = any (known) then 'Create another item.'
      else format(
        'The statuses are: %s. They were declared by dpg.define_item.',
        (select string_agg(format('%L', k.status), ', ') from unnest(known) k(status))
      )
    end),
    detail = dpg_private.text_for_client(
      jsonb_strip_nulls(
        to_jsonb(item) || jsonb_build_object('from', stored_status, 'to', item_status, 'index', index)
      )::text
    );
end
$body$;

comment on function dpg_private.refuse_item_status(dpg.item_ref, text, text, dpg.item_definitions, integer) is
  'Raises DP006: the definition does not know the status, or the stored one is final.';

create or replace function dpg_private.check_item_status(
  item dpg.item_ref,
  stored_status text,
  item_status text,
  definition dpg.item_definitions,
  index integer default null
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if definition.statuses is not null
    and item_status is distinct from stored_status
    and (
      dpg_private.is_final_status(definition.statuses, stored_status)
      or not (
        item_status = definition.initial_status
        or definition.statuses @> jsonb_build_array(jsonb_build_object('status', item_status))
      )
    )
  then
    perform dpg_private.refuse_item_status(item, stored_status, item_status, definition, index);
  end if;
end
$body$;

comment on function dpg_private.check_item_status(dpg.item_ref, text, text, dpg.item_definitions, integer) is
  'Raises DP006 unless an item of this status (null: a new one) may get that status. Without a definition any may.';

create or replace function dpg_private.find_inert_statuses(item_network text, item_domain text)
returns text[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select nullif(dpg_private.statuses_without(d.statuses, 'acts'), '{}')
    from dpg.item_definitions d
    where d.item_network = find_inert_statuses.item_network
      and d.item_domain = find_inert_statuses.item_domain
  );
end
$body$;

comment on function dpg_private.find_inert_statuses(text, text) is
  'The statuses in which an item of the domain may not be a side of a new action; null where there are none. For a
network of dpg_private.defined_networks.';

create or replace function dpg_private.refuse_inert_item(item dpg.items)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP015',
    message = dpg_private.text_for_client(
      format('item %s is %L and takes part in no new action', item.item_id, item.item_status)
    ),
    hint = 'Choose another item, or wait until its owner changes its status. dpg.define_item says which statuses act.',
    detail = dpg_private.text_for_client(
      (to_jsonb(dpg_private.ref_of_item(item)) || jsonb_build_object('item_status', item.item_status))::text
    );
end
$body$;

comment on function dpg_private.refuse_inert_item(dpg.items) is
  'Raises DP015 for an item in a status in which it may not be a side of a new action.';
--! EndIncluded items/item_definitions.sql
--! Included search/fold_case.sql
-- The letters that have a small form, and that form: Unicode's simple case folding of what NFKC leaves as it is.
-- translate() compares a character with each letter of its list, so a text is translated only by the blocks that it has
-- letters of. ASCII is left to lower(), which is the same everywhere under "C". In escapes, so that clients of every
-- encoding can read the function.
create or replace function dpg_private.fold_case(value text)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if value collate "C" !~ (
    E'[\\u00c0-\\u00de\\u0100-\\u024e\\u0345-\\u03ff\\u0400-\\u052e\\u0531-\\u0556\\u10a0-\\u1cbf'
    || E'\\u1e00-\\u1efe\\u1f08-\\u1ffc\\u2132-\\u2c7f\\u2c80-\\u2cf2\\ua640-\\ua7f5\\uab70-\\uabbf'
    || E'\\U00010400-\\U0001e921]'
  ) then
    return value;
  end if;
  if value collate "C" ~ E'[\\u00c0-\\u00de]' then
    value := translate(
      value,
      E'\u00c0\u00c1\u00c2\u00c3\u00c4\u00c5\u00c6\u00c7\u00c8\u00c9\u00ca\u00cb\u00cc\u00cd\u00ce\u00cf\u00d0'
      || E'\u00d1\u00d2\u00d3\u00d4\u00d5\u00d6\u00d8\u00d9\u00da\u00db\u00dc\u00dd\u00de',
      E'\u00e0\u00e1\u00e2\u00e3\u00e4\u00e5\u00e6\u00e7\u00e8\u00e9\u00ea\u00eb\u00ec\u00ed\u00ee\u00ef\u00f0'
      || E'\u00f1\u00f2\u00f3\u00f4\u00f5\u00f6\u00f8\u00f9\u00fa\u00fb\u00fc\u00fd\u00fe'
    );
  end if;
  if value collate "C" ~ E'[\\u0100-\\u024e]' then
    value := translate(
      value,
      E'\u0100\u0102\u0104\u0106\u0108\u010a\u010c\u010e\u0110\u0112\u0114\u0116\u0118\u011a\u011c\u011e\u0120'
      || E'\u0122\u0124\u0126\u0128\u012a\u012c\u012e\u0130\u0134\u0136\u0139\u013b\u013d\u0141\u0143\u0145\u0147'
      || E'\u014a\u014c\u014e\u0150\u0152\u0154\u0156\u0158\u015a\u015c\u015e\u0160\u0162\u0164\u0166\u0168\u016a'
      || E'\u016c\u016e\u0170\u0172\u0174\u0176\u0178\u0179\u017b\u017d\u0181\u0182\u0184\u0186\u0187\u0189\u018a'
      || E'\u018b\u018e\u018f\u0190\u0191\u0193\u0194\u0196\u0197\u0198\u019c\u019d\u019f\u01a0\u01a2\u01a4\u01a6'
      || E'\u01a7\u01a9\u01ac\u01ae\u01af\u01b1\u01b2\u01b3\u01b5\u01b7\u01b8\u01bc\u01cd\u01cf\u01d1\u01d3\u01d5'
      || E'\u01d7\u01d9\u01db\u01de\u01e0\u01e2\u01e4\u01e6\u01e8\u01ea\u01ec\u01ee\u01f4\u01f6\u01f7\u01f8\u01fa'
      || E'\u01fc\u01fe\u0200\u0202\u0204\u0206\u0208\u020a\u020c\u020e\u0210\u0212\u0214\u0216\u0218\u021a\u021c'
      || E'\u021e\u0220\u0222\u0224\u0226\u0228\u022a\u022c\u022e\u0230\u0232\u023a\u023b\u023d\u023e\u0241\u0243'
      || E'\u0244\u0245\u0246\u0248\u024a\u024c\u024e',
      E'\u0101\u0103\u0105\u0107\u0109\u010b\u010d\u010f\u0111\u0113\u0115\u0117\u0119\u011b\u011d\u011f\u0121'
      || E'\u0123\u0125\u0127\u0129\u012b\u012d\u012f\u0069\u0135\u0137\u013a\u013c\u013e\u0142\u0144\u0146\u0148'
      || E'\u014b\u014d\u014f\u0151\u0153\u0155\u0157\u0159\u015b\u015d\u015f\u0161\u0163\u0165\u0167\u0169\u016b'
      || E'\u016d\u016f\u0171\u0173\u0175\u0177\u00ff\u017a\u017c\u017e\u0253\u0183\u0185\u0254\u0188\u0256\u0257'
      || E'\u018c\u01dd\u0259\u025b\u0192\u0260\u0263\u0269\u0268\u0199\u026f\u0272\u0275\u01a1\u01a3\u01a5\u0280'
      || E'\u01a8\u0283\u01ad\u0288\u01b0\u028a\u028b\u01b4\u01b6\u0292\u01b9\u01bd\u01ce\u01d0\u01d2\u01d4\u01d6'
      || E'\u01d8\u01da\u01dc\u01df\u01e1\u01e3\u01e5\u01e7\u01e9\u01eb\u01ed\u01ef\u01f5\u0195\u01bf\u01f9\u01fb'
      || E'\u01fd\u01ff\u0201\u0203\u0205\u0207\u0209\u020b\u020d\u020f\u0211\u0213\u0215\u0217\u0219\u021b\u021d'
      || E'\u021f\u019e\u0223\u0225\u0227\u0229\u022b\u022d\u022f\u0231\u0233\u2c65\u023c\u019a\u2c66\u0242\u0180'
      || E'\u0289\u028c\u0247\u0249\u024b\u024d\u024f'
    );
  end if;
  if value collate "C" ~ E'[\\u0345-\\u03ff]' then
    value := translate(
      value,
      E'\u0345\u0370\u0372\u0376\u037f\u0386\u0388\u0389\u038a\u038c\u038e\u038f\u0391\u0392\u0393\u0394\u0395'
      || E'\u0396\u0397\u0398\u0399\u039a\u039b\u039c\u039d\u039e\u039f\u03a0\u03a1\u03a3\u03a4\u03a5\u03a6\u03a7'
      || E'\u03a8\u03a9\u03aa\u03ab\u03c2\u03cf\u03d8\u03da\u03dc\u03de\u03e0\u03e2\u03e4\u03e6\u03e8\u03ea\u03ec'
      || E'\u03ee\u03f7\u03fa\u03fd\u03fe\u03ff',
      E'\u03b9\u0371\u0373\u0377\u03f3\u03ac\u03ad\u03ae\u03af\u03cc\u03cd\u03ce\u03b1\u03b2\u03b3\u03b4\u03b5'
      || E'\u03b6\u03b7\u03b8\u03b9\u03ba\u03bb\u03bc\u03bd\u03be\u03bf\u03c0\u03c1\u03c3\u03c4\u03c5\u03c6\u03c7'
      || E'\u03c8\u03c9\u03ca\u03cb\u03c3\u03d7\u03d9\u03db\u03dd\u03df\u03e1\u03e3\u03e5\u03e7\u03e9\u03eb\u03ed'
      || E'\u03ef\u03f8\u03fb\u037b\u037c\u037d'
    );
  end if;
  if value collate "C" ~ E'[\\u0400-\\u052e]' then
    value := translate(
      value,
      E'\u0400\u0401\u0402\u0403\u0404\u0405\u0406\u0407\u0408\u0409\u040a\u040b\u040c\u040d\u040e\u040f\u0410'
      || E'\u0411\u0412\u0413\u0414\u0415\u0416\u0417\u0418\u0419\u041a\u041b\u041c\u041d\u041e\u041f\u0420\u0421'
      || E'\u0422\u0423\u0424\u0425\u0426\u0427\u0428\u0429\u042a\u042b\u042c\u042d\u042e\u042f\u0460\u0462\u0464'
      || E'\u0466\u0468\u046a\u046c\u046e\u0470\u0472\u0474\u0476\u0478\u047a\u047c\u047e\u0480\u048a\u048c\u048e'
      || E'\u0490\u0492\u0494\u0496\u0498\u049a\u049c\u049e\u04a0\u04a2\u04a4\u04a6\u04a8\u04aa\u04ac\u04ae\u04b0'
      || E'\u04b2\u04b4\u04b6\u04b8\u04ba\u04bc\u04be\u04c0\u04c1\u04c3\u04c5\u04c7\u04c9\u04cb\u04cd\u04d0\u04d2'
      || E'\u04d4\u04d6\u04d8\u04da\u04dc\u04de\u04e0\u04e2\u04e4\u04e6\u04e8\u04ea\u04ec\u04ee\u04f0\u04f2\u04f4'
      || E'\u04f6\u04f8\u04fa\u04fc\u04fe\u0500\u0502\u0504\u0506\u0508\u050a\u050c\u050e\u0510\u0512\u0514\u0516'
      || E'\u0518\u051a\u051c\u051e\u0520\u0522\u0524\u0526\u0528\u052a\u052c\u052e',
      E'\u0450\u0451\u0452\u0453\u0454\u0455\u0456\u0457\u0458\u0459\u045a\u045b\u045c\u045d\u045e\u045f\u0430'
      || E'\u0431\u0432\u0433\u0434\u0435\u0436\u0437\u0438\u0439\u043a\u043b\u043c\u043d\u043e\u043f\u0440\u0441'
      || E'\u0442\u0443\u0444\u0445\u0446\u0447\u0448\u0449\u044a\u044b\u044c\u044d\u044e\u044f\u0461\u0463\u0465'
      || E'\u0467\u0469\u046b\u046d\u046f\u0471\u0473\u0475\u0477\u0479\u047b\u047d\u047f\u0481\u048b\u048d\u048f'
      || E'\u0491\u0493\u0495\u0497\u0499\u049b\u049d\u049f\u04a1\u04a3\u04a5\u04a7\u04a9\u04ab\u04ad\u04af\u04b1'
      || E'\u04b3\u04b5\u04b7\u04b9\u04bb\u04bd\u04bf\u04cf\u04c2\u04c4\u04c6\u04c8\u04ca\u04cc\u04ce\u04d1\u04d3'
      || E'\u04d5\u04d7\u04d9\u04db\u04dd\u04df\u04e1\u04e3\u04e5\u04e7\u04e9\u04eb\u04ed\u04ef\u04f1\u04f3\u04f5'
      || E'\u04f7\u04f9\u04fb\u04fd\u04ff\u0501\u0503\u0505\u0507\u0509\u050b\u050d\u050f\u0511\u0513\u0515\u0517'
      || E'\u0519\u051b\u051d\u051f\u0521\u0523\u0525\u0527\u0529\u052b\u052d\u052f'
    );
  end if;
  if value collate "C" ~ E'[\\u0531-\\u0556]' then
    value := translate(
      value,
      E'\u0531\u0532\u0533\u0534\u0535\u0536\u0537\u0538\u0539\u053a\u053b\u053c\u053d\u053e\u053f\u0540\u0541'
      || E'\u0542\u0543\u0544\u0545\u0546\u0547\u0548\u0549\u054a\u054b\u054c\u054d\u054e\u054f\u0550\u0551\u0552'
      || E'\u0553\u0554\u0555\u0556',
      E'\u0561\u0562\u0563\u0564\u0565\u0566\u0567\u0568\u0569\u056a\u056b\u056c\u056d\u056e\u056f\u0570\u0571'
      || E'\u0572\u0573\u0574\u0575\u0576\u0577\u0578\u0579\u057a\u057b\u057c\u057d\u057e\u057f\u0580\u0581\u0582'
      || E'\u0583\u0584\u0585\u0586'
    );
  end if;
  if value collate "C" ~ E'[\\u10a0-\\u1cbf]' then
    value := translate(
      value,
      E'\u10a0\u10a1\u10a2\u10a3\u10a4\u10a5\u10a6\u10a7\u10a8\u10a9\u10aa\u10ab\u10ac\u10ad\u10ae\u10af\u10b0'
      || E'\u10b1\u10b2\u10b3\u10b4\u10b5\u10b6\u10b7\u10b8\u10b9\u10ba\u10bb\u10bc\u10bd\u10be\u10bf\u10c0\u10c1'
      || E'\u10c2\u10c3\u10c4\u10c5\u10c7\u10cd\u13f8\u13f9\u13fa\u13fb\u13fc\u13fd\u1c80\u1c81\u1c82\u1c83\u1c84'
      || E'\u1c85\u1c86\u1c87\u1c88\u1c90\u1c91\u1c92\u1c93\u1c94\u1c95\u1c96\u1c97\u1c98\u1c99\u1c9a\u1c9b\u1c9c'
      || E'\u1c9d\u1c9e\u1c9f\u1ca0\u1ca1\u1ca2\u1ca3\u1ca4\u1ca5\u1ca6\u1ca7\u1ca8\u1ca9\u1caa\u1cab\u1cac\u1cad'
      || E'\u1cae\u1caf\u1cb0\u1cb1\u1cb2\u1cb3\u1cb4\u1cb5\u1cb6\u1cb7\u1cb8\u1cb9\u1cba\u1cbd\u1cbe\u1cbf',
      E'\u2d00\u2d01\u2d02\u2d03\u2d04\u2d05\u2d06\u2d07\u2d08\u2d09\u2d0a\u2d0b\u2d0c\u2d0d\u2d0e\u2d0f\u2d10'
      || E'\u2d11\u2d12\u2d13\u2d14\u2d15\u2d16\u2d17\u2d18\u2d19\u2d1a\u2d1b\u2d1c\u2d1d\u2d1e\u2d1f\u2d20\u2d21'
      || E'\u2d22\u2d23\u2d24\u2d25\u2d27\u2d2d\u13f0\u13f1\u13f2\u13f3\u13f4\u13f5\u0432\u0434\u043e\u0441\u0442'
      || E'\u0442\u044a\u0463\ua64b\u10d0\u10d1\u10d2\u10d3\u10d4\u10d5\u10d6\u10d7\u10d8\u10d9\u10da\u10db\u10dc'
      || E'\u10dd\u10de\u10df\u10e0\u10e1\u10e2\u10e3\u10e4\u10e5\u10e6\u10e7\u10e8\u10e9\u10ea\u10eb\u10ec\u10ed'
      || E'\u10ee\u10ef\u10f0\u10f1\u10f2\u10f3\u10f4\u10f5\u10f6\u10f7\u10f8\u10f9\u10fa\u10fd\u10fe\u10ff'
    );
  end if;
  if value collate "C" ~ E'[\\u1e00-\\u1efe]' then
    value := translate(
      value,
      E'\u1e00\u1e02\u1e04\u1e06\u1e08\u1e0a\u1e0c\u1e0e\u1e10\u1e12\u1e14\u1e16\u1e18\u1e1a\u1e1c\u1e1e\u1e20'
      || E'\u1e22\u1e24\u1e26\u1e28\u1e2a\u1e2c\u1e2e\u1e30\u1e32\u1e34\u1e36\u1e38\u1e3a\u1e3c\u1e3e\u1e40\u1e42'
      || E'\u1e44\u1e46\u1e48\u1e4a\u1e4c\u1e4e\u1e50\u1e52\u1e54\u1e56\u1e58\u1e5a\u1e5c\u1e5e\u1e60\u1e62\u1e64'
      || E'\u1e66\u1e68\u1e6a\u1e6c\u1e6e\u1e70\u1e72\u1e74\u1e76\u1e78\u1e7a\u1e7c\u1e7e\u1e80\u1e82\u1e84\u1e86'
      || E'\u1e88\u1e8a\u1e8c\u1e8e\u1e90\u1e92\u1e94\u1e9e\u1ea0\u1ea2\u1ea4\u1ea6\u1ea8\u1eaa\u1eac\u1eae\u1eb0'
      || E'\u1eb2\u1eb4\u1eb6\u1eb8\u1eba\u1ebc\u1ebe\u1ec0\u1ec2\u1ec4\u1ec6\u1ec8\u1eca\u1ecc\u1ece\u1ed0\u1ed2'
      || E'\u1ed4\u1ed6\u1ed8\u1eda\u1edc\u1ede\u1ee0\u1ee2\u1ee4\u1ee6\u1ee8\u1eea\u1eec\u1eee\u1ef0\u1ef2\u1ef4'
      || E'\u1ef6\u1ef8\u1efa\u1efc\u1efe',
      E'\u1e01\u1e03\u1e05\u1e07\u1e09\u1e0b\u1e0d\u1e0f\u1e11\u1e13\u1e15\u1e17\u1e19\u1e1b\u1e1d\u1e1f\u1e21'
      || E'\u1e23\u1e25\u1e27\u1e29\u1e2b\u1e2d\u1e2f\u1e31\u1e33\u1e35\u1e37\u1e39\u1e3b\u1e3d\u1e3f\u1e41\u1e43'
      || E'\u1e45\u1e47\u1e49\u1e4b\u1e4d\u1e4f\u1e51\u1e53\u1e55\u1e57\u1e59\u1e5b\u1e5d\u1e5f\u1e61\u1e63\u1e65'
      || E'\u1e67\u1e69\u1e6b\u1e6d\u1e6f\u1e71\u1e73\u1e75\u1e77\u1e79\u1e7b\u1e7d\u1e7f\u1e81\u1e83\u1e85\u1e87'
      || E'\u1e89\u1e8b\u1e8d\u1e8f\u1e91\u1e93\u1e95\u00df\u1ea1\u1ea3\u1ea5\u1ea7\u1ea9\u1eab\u1ead\u1eaf\u1eb1'
      || E'\u1eb3\u1eb5\u1eb7\u1eb9\u1ebb\u1ebd\u1ebf\u1ec1\u1ec3\u1ec5\u1ec7\u1ec9\u1ecb\u1ecd\u1ecf\u1ed1\u1ed3'
      || E'\u1ed5\u1ed7\u1ed9\u1edb\u1edd\u1edf\u1ee1\u1ee3\u1ee5\u1ee7\u1ee9\u1eeb\u1eed\u1eef\u1ef1\u1ef3\u1ef5'
      || E'\u1ef7\u1ef9\u1efb\u1efd\u1eff'
    );
  end if;
  if value collate "C" ~ E'[\\u1f08-\\u1ffc]' then
    value := translate(
      value,
      E'\u1f08\u1f09\u1f0a\u1f0b\u1f0c\u1f0d\u1f0e\u1f0f\u1f18\u1f19\u1f1a\u1f1b\u1f1c\u1f1d\u1f28\u1f29\u1f2a'
      || E'\u1f2b\u1f2c\u1f2d\u1f2e\u1f2f\u1f38\u1f39\u1f3a\u1f3b\u1f3c\u1f3d\u1f3e\u1f3f\u1f48\u1f49\u1f4a\u1f4b'
      || E'\u1f4c\u1f4d\u1f59\u1f5b\u1f5d\u1f5f\u1f68\u1f69\u1f6a\u1f6b\u1f6c\u1f6d\u1f6e\u1f6f\u1f88\u1f89\u1f8a'
      || E'\u1f8b\u1f8c\u1f8d\u1f8e\u1f8f\u1f98\u1f99\u1f9a\u1f9b\u1f9c\u1f9d\u1f9e\u1f9f\u1fa8\u1fa9\u1faa\u1fab'
      || E'\u1fac\u1fad\u1fae\u1faf\u1fb8\u1fb9\u1fba\u1fbc\u1fc8\u1fca\u1fcc\u1fd8\u1fd9\u1fda\u1fe8\u1fe9\u1fea'
      || E'\u1fec\u1ff8\u1ffa\u1ffc',
      E'\u1f00\u1f01\u1f02\u1f03\u1f04\u1f05\u1f06\u1f07\u1f10\u1f11\u1f12\u1f13\u1f14\u1f15\u1f20\u1f21\u1f22'
      || E'\u1f23\u1f24\u1f25\u1f26\u1f27\u1f30\u1f31\u1f32\u1f33\u1f34\u1f35\u1f36\u1f37\u1f40\u1f41\u1f42\u1f43'
      || E'\u1f44\u1f45\u1f51\u1f53\u1f55\u1f57\u1f60\u1f61\u1f62\u1f63\u1f64\u1f65\u1f66\u1f67\u1f80\u1f81\u1f82'
      || E'\u1f83\u1f84\u1f85\u1f86\u1f87\u1f90\u1f91\u1f92\u1f93\u1f94\u1f95\u1f96\u1f97\u1fa0\u1fa1\u1fa2\u1fa3'
      || E'\u1fa4\u1fa5\u1fa6\u1fa7\u1fb0\u1fb1\u1f70\u1fb3\u1f72\u1f74\u1fc3\u1fd0\u1fd1\u1f76\u1fe0\u1fe1\u1f7a'
      || E'\u1fe5\u1f78\u1f7c\u1ff3'
    );
  end if;
  if value collate "C" ~ E'[\\u2132-\\u2c7f]' then
    value := translate(
      value,
      E'\u2132\u2183\u2c00\u2c01\u2c02\u2c03\u2c04\u2c05\u2c06\u2c07\u2c08\u2c09\u2c0a\u2c0b\u2c0c\u2c0d\u2c0e'
      || E'\u2c0f\u2c10\u2c11\u2c12\u2c13\u2c14\u2c15\u2c16\u2c17\u2c18\u2c19\u2c1a\u2c1b\u2c1c\u2c1d\u2c1e\u2c1f'
      || E'\u2c20\u2c21\u2c22\u2c23\u2c24\u2c25\u2c26\u2c27\u2c28\u2c29\u2c2a\u2c2b\u2c2c\u2c2d\u2c2e\u2c2f\u2c60'
      || E'\u2c62\u2c63\u2c64\u2c67\u2c69\u2c6b\u2c6d\u2c6e\u2c6f\u2c70\u2c72\u2c75\u2c7e\u2c7f',
      E'\u214e\u2184\u2c30\u2c31\u2c32\u2c33\u2c34\u2c35\u2c36\u2c37\u2c38\u2c39\u2c3a\u2c3b\u2c3c\u2c3d\u2c3e'
      || E'\u2c3f\u2c40\u2c41\u2c42\u2c43\u2c44\u2c45\u2c46\u2c47\u2c48\u2c49\u2c4a\u2c4b\u2c4c\u2c4d\u2c4e\u2c4f'
      || E'\u2c50\u2c51\u2c52\u2c53\u2c54\u2c55\u2c56\u2c57\u2c58\u2c59\u2c5a\u2c5b\u2c5c\u2c5d\u2c5e\u2c5f\u2c61'
      || E'\u026b\u1d7d\u027d\u2c68\u2c6a\u2c6c\u0251\u0271\u0250\u0252\u2c73\u2c76\u023f\u0240'
    );
  end if;
  if value collate "C" ~ E'[\\u2c80-\\u2cf2]' then
    value := translate(
      value,
      E'\u2c80\u2c82\u2c84\u2c86\u2c88\u2c8a\u2c8c\u2c8e\u2c90\u2c92\u2c94\u2c96\u2c98\u2c9a\u2c9c\u2c9e\u2ca0'
      || E'\u2ca2\u2ca4\u2ca6\u2ca8\u2caa\u2cac\u2cae\u2cb0\u2cb2\u2cb4\u2cb6\u2cb8\u2cba\u2cbc\u2cbe\u2cc0\u2cc2'
      || E'\u2cc4\u2cc6\u2cc8\u2cca\u2ccc\u2cce\u2cd0\u2cd2\u2cd4\u2cd6\u2cd8\u2cda\u2cdc\u2cde\u2ce0\u2ce2\u2ceb'
      || E'\u2ced\u2cf2',
      E'\u2c81\u2c83\u2c85\u2c87\u2c89\u2c8b\u2c8d\u2c8f\u2c91\u2c93\u2c95\u2c97\u2c99\u2c9b\u2c9d\u2c9f\u2ca1'
      || E'\u2ca3\u2ca5\u2ca7\u2ca9\u2cab\u2cad\u2caf\u2cb1\u2cb3\u2cb5\u2cb7\u2cb9\u2cbb\u2cbd\u2cbf\u2cc1\u2cc3'
      || E'\u2cc5\u2cc7\u2cc9\u2ccb\u2ccd\u2ccf\u2cd1\u2cd3\u2cd5\u2cd7\u2cd9\u2cdb\u2cdd\u2cdf\u2ce1\u2ce3\u2cec'
      || E'\u2cee\u2cf3'
    );
  end if;
  if value collate "C" ~ E'[\\ua640-\\ua7f5]' then
    value := translate(
      value,
      E'\ua640\ua642\ua644\ua646\ua648\ua64a\ua64c\ua64e\ua650\ua652\ua654\ua656\ua658\ua65a\ua65c\ua65e\ua660'
      || E'\ua662\ua664\ua666\ua668\ua66a\ua66c\ua680\ua682\ua684\ua686\ua688\ua68a\ua68c\ua68e\ua690\ua692\ua694'
      || E'\ua696\ua698\ua69a\ua722\ua724\ua726\ua728\ua72a\ua72c\ua72e\ua732\ua734\ua736\ua738\ua73a\ua73c\ua73e'
      || E'\ua740\ua742\ua744\ua746\ua748\ua74a\ua74c\ua74e\ua750\ua752\ua754\ua756\ua758\ua75a\ua75c\ua75e\ua760'
      || E'\ua762\ua764\ua766\ua768\ua76a\ua76c\ua76e\ua779\ua77b\ua77d\ua77e\ua780\ua782\ua784\ua786\ua78b\ua78d'
      || E'\ua790\ua792\ua796\ua798\ua79a\ua79c\ua79e\ua7a0\ua7a2\ua7a4\ua7a6\ua7a8\ua7aa\ua7ab\ua7ac\ua7ad\ua7ae'
      || E'\ua7b0\ua7b1\ua7b2\ua7b3\ua7b4\ua7b6\ua7b8\ua7ba\ua7bc\ua7be\ua7c0\ua7c2\ua7c4\ua7c5\ua7c6\ua7c7\ua7c9'
      || E'\ua7d0\ua7d6\ua7d8\ua7f5',
      E'\ua641\ua643\ua645\ua647\ua649\ua64b\ua64d\ua64f\ua651\ua653\ua655\ua657\ua659\ua65b\ua65d\ua65f\ua661'
      || E'\ua663\ua665\ua667\ua669\ua66b\ua66d\ua681\ua683\ua685\ua687\ua689\ua68b\ua68d\ua68f\ua691\ua693\ua695'
      || E'\ua697\ua699\ua69b\ua723\ua725\ua727\ua729\ua72b\ua72d\ua72f\ua733\ua735\ua737\ua739\ua73b\ua73d\ua73f'
      || E'\ua741\ua743\ua745\ua747\ua749\ua74b\ua74d\ua74f\ua751\ua753\ua755\ua757\ua759\ua75b\ua75d\ua75f\ua761'
      || E'\ua763\ua765\ua767\ua769\ua76b\ua76d\ua76f\ua77a\ua77c\u1d79\ua77f\ua781\ua783\ua785\ua787\ua78c\u0265'
      || E'\ua791\ua793\ua797\ua799\ua79b\ua79d\ua79f\ua7a1\ua7a3\ua7a5\ua7a7\ua7a9\u0266\u025c\u0261\u026c\u026a'
      || E'\u029e\u0287\u029d\uab53\ua7b5\ua7b7\ua7b9\ua7bb\ua7bd\ua7bf\ua7c1\ua7c3\ua794\u0282\u1d8e\ua7c8\ua7ca'
      || E'\ua7d1\ua7d7\ua7d9\ua7f6'
    );
  end if;
  if value collate "C" ~ E'[\\uab70-\\uabbf]' then
    value := translate(
      value,
      E'\uab70\uab71\uab72\uab73\uab74\uab75\uab76\uab77\uab78\uab79\uab7a\uab7b\uab7c\uab7d\uab7e\uab7f\uab80'
      || E'\uab81\uab82\uab83\uab84\uab85\uab86\uab87\uab88\uab89\uab8a\uab8b\uab8c\uab8d\uab8e\uab8f\uab90\uab91'
      || E'\uab92\uab93\uab94\uab95\uab96\uab97\uab98\uab99\uab9a\uab9b\uab9c\uab9d\uab9e\uab9f\uaba0\uaba1\uaba2'
      || E'\uaba3\uaba4\uaba5\uaba6\uaba7\uaba8\uaba9\uabaa\uabab\uabac\uabad\uabae\uabaf\uabb0\uabb1\uabb2\uabb3'
      || E'\uabb4\uabb5\uabb6\uabb7\uabb8\uabb9\uabba\uabbb\uabbc\uabbd\uabbe\uabbf',
      E'\u13a0\u13a1\u13a2\u13a3\u13a4\u13a5\u13a6\u13a7\u13a8\u13a9\u13aa\u13ab\u13ac\u13ad\u13ae\u13af\u13b0'
      || E'\u13b1\u13b2\u13b3\u13b4\u13b5\u13b6\u13b7\u13b8\u13b9\u13ba\u13bb\u13bc\u13bd\u13be\u13bf\u13c0\u13c1'
      || E'\u13c2\u13c3\u13c4\u13c5\u13c6\u13c7\u13c8\u13c9\u13ca\u13cb\u13cc\u13cd\u13ce\u13cf\u13d0\u13d1\u13d2'
      || E'\u13d3\u13d4\u13d5\u13d6\u13d7\u13d8\u13d9\u13da\u13db\u13dc\u13dd\u13de\u13df\u13e0\u13e1\u13e2\u13e3'
      || E'\u13e4\u13e5\u13e6\u13e7\u13e8\u13e9\u13ea\u13eb\u13ec\u13ed\u13ee\u13ef'
    );
  end if;
  if value collate "C" ~ E'[\\U00010400-\\U0001e921]' then
    value := translate(
      value,
      E'\U00010400\U00010401\U00010402\U00010403\U00010404\U00010405\U00010406\U00010407\U00010408\U00010409'
      || E'\U0001040a\U0001040b\U0001040c\U0001040d\U0001040e\U0001040f\U00010410\U00010411\U00010412\U00010413'
      || E'\U00010414\U00010415\U00010416\U00010417\U00010418\U00010419\U0001041a\U0001041b\U0001041c\U0001041d'
      || E'\U0001041e\U0001041f\U00010420\U00010421\U00010422\U00010423\U00010424\U00010425\U00010426\U00010427'
      || E'\U000104b0\U000104b1\U000104b2\U000104b3\U000104b4\U000104b5\U000104b6\U000104b7\U000104b8\U000104b9'
      || E'\U000104ba\U000104bb\U000104bc\U000104bd\U000104be\U000104bf\U000104c0\U000104c1\U000104c2\U000104c3'
      || E'\U000104c4\U000104c5\U000104c6\U000104c7\U000104c8\U000104c9\U000104ca\U000104cb\U000104cc\U000104cd'
      || E'\U000104ce\U000104cf\U000104d0\U000104d1\U000104d2\U000104d3\U00010570\U00010571\U00010572\U00010573'
      || E'\U00010574\U00010575\U00010576\U00010577\U00010578\U00010579\U0001057a\U0001057c\U0001057d\U0001057e'
      || E'\U0001057f\U00010580\U00010581\U00010582\U00010583\U00010584\U00010585\U00010586\U00010587\U00010588'
      || E'\U00010589\U0001058a\U0001058c\U0001058d\U0001058e\U0001058f\U00010590\U00010591\U00010592\U00010594'
      || E'\U00010595\U00010c80\U00010c81\U00010c82\U00010c83\U00010c84\U00010c85\U00010c86\U00010c87\U00010c88'
      || E'\U00010c89\U00010c8a\U00010c8b\U00010c8c\U00010c8d\U00010c8e\U00010c8f\U00010c90\U00010c91\U00010c92'
      || E'\U00010c93\U00010c94\U00010c95\U00010c96\U00010c97\U00010c98\U00010c99\U00010c9a\U00010c9b\U00010c9c'
      || E'\U00010c9d\U00010c9e\U00010c9f\U00010ca0\U00010ca1\U00010ca2\U00010ca3\U00010ca4\U00010ca5\U00010ca6'
      || E'\U00010ca7\U00010ca8\U00010ca9\U00010caa\U00010cab\U00010cac\U00010cad\U00010cae\U00010caf\U00010cb0'
      || E'\U00010cb1\U00010cb2\U000118a0\U000118a1\U000118a2\U000118a3\U000118a4\U000118a5\U000118a6\U000118a7'
      || E'\U000118a8\U000118a9\U000118aa\U000118ab\U000118ac\U000118ad\U000118ae\U000118af\U000118b0\U000118b1'
      || E'\U000118b2\U000118b3\U000118b4\U000118b5\U000118b6\U000118b7\U000118b8\U000118b9\U000118ba\U000118bb'
      || E'\U000118bc\U000118bd\U000118be\U000118bf\U00016e40\U00016e41\U00016e42\U00016e43\U00016e44\U00016e45'
      || E'\U00016e46\U00016e47\U00016e48\U00016e49\U00016e4a\U00016e4b\U00016e4c\U00016e4d\U00016e4e\U00016e4f'
      || E'\U00016e50\U00016e51\U00016e52\U00016e53\U00016e54\U00016e55\U00016e56\U00016e57\U00016e58\U00016e59'
      || E'\U00016e5a\U00016e5b\U00016e5c\U00016e5d\U00016e5e\U00016e5f\U0001e900\U0001e901\U0001e902\U0001e903'
      || E'\U0001e904\U0001e905\U0001e906\U0001e907\U0001e908\U0001e909\U0001e90a\U0001e90b\U0001e90c\U0001e90d'
      || E'\U0001e90e\U0001e90f\U0001e910\U0001e911\U0001e912\U0001e913\U0001e914\U0001e915\U0001e916\U0001e917'
      || E'\U0001e918\U0001e919\U0001e91a\U0001e91b\U0001e91c\U0001e91d\U0001e91e\U0001e91f\U0001e920\U0001e921',
      E'\U00010428\U00010429\U0001042a\U0001042b\U0001042c\U0001042d\U0001042e\U0001042f\U00010430\U00010431'
      || E'\U00010432\U00010433\U00010434\U00010435\U00010436\U00010437\U00010438\U00010439\U0001043a\U0001043b'
      || E'\U0001043c\U0001043d\U0001043e\U0001043f\U00010440\U00010441\U00010442\U00010443\U00010444\U00010445'
      || E'\U00010446\U00010447\U00010448\U00010449\U0001044a\U0001044b\U0001044c\U0001044d\U0001044e\U0001044f'
      || E'\U000104d8\U000104d9\U000104da\U000104db\U000104dc\U000104dd\U000104de\U000104df\U000104e0\U000104e1'
      || E'\U000104e2\U000104e3\U000104e4\U000104e5\U000104e6\U000104e7\U000104e8\U000104e9\U000104ea\U000104eb'
      || E'\U000104ec\U000104ed\U000104ee\U000104ef\U000104f0\U000104f1\U000104f2\U000104f3\U000104f4\U000104f5'
      || E'\U000104f6\U000104f7\U000104f8\U000104f9\U000104fa\U000104fb\U00010597\U00010598\U00010599\U0001059a'
      || E'\U0001059b\U0001059c\U0001059d\U0001059e\U0001059f\U000105a0\U000105a1\U000105a3\U000105a4\U000105a5'
      || E'\U000105a6\U000105a7\U000105a8\U000105a9\U000105aa\U000105ab\U000105ac\U000105ad\U000105ae\U000105af'
      || E'\U000105b0\U000105b1\U000105b3\U000105b4\U000105b5\U000105b6\U000105b7\U000105b8\U000105b9\U000105bb'
      || E'\U000105bc\U00010cc0\U00010cc1\U00010cc2\U00010cc3\U00010cc4\U00010cc5\U00010cc6\U00010cc7\U00010cc8'
      || E'\U00010cc9\U00010cca\U00010ccb\U00010ccc\U00010ccd\U00010cce\U00010ccf\U00010cd0\U00010cd1\U00010cd2'
      || E'\U00010cd3\U00010cd4\U00010cd5\U00010cd6\U00010cd7\U00010cd8\U00010cd9\U00010cda\U00010cdb\U00010cdc'
      || E'\U00010cdd\U00010cde\U00010cdf\U00010ce0\U00010ce1\U00010ce2\U00010ce3\U00010ce4\U00010ce5\U00010ce6'
      || E'\U00010ce7\U00010ce8\U00010ce9\U00010cea\U00010ceb\U00010cec\U00010ced\U00010cee\U00010cef\U00010cf0'
      || E'\U00010cf1\U00010cf2\U000118c0\U000118c1\U000118c2\U000118c3\U000118c4\U000118c5\U000118c6\U000118c7'
      || E'\U000118c8\U000118c9\U000118ca\U000118cb\U000118cc\U000118cd\U000118ce\U000118cf\U000118d0\U000118d1'
      || E'\U000118d2\U000118d3\U000118d4\U000118d5\U000118d6\U000118d7\U000118d8\U000118d9\U000118da\U000118db'
      || E'\U000118dc\U000118dd\U000118de\U000118df\U00016e60\U00016e61\U00016e62\U00016e63\U00016e64\U00016e65'
      || E'\U00016e66\U00016e67\U00016e68\U00016e69\U00016e6a\U00016e6b\U00016e6c\U00016e6d\U00016e6e\U00016e6f'
      || E'\U00016e70\U00016e71\U00016e72\U00016e73\U00016e74\U00016e75\U00016e76\U00016e77\U00016e78\U00016e79'
      || E'\U00016e7a\U00016e7b\U00016e7c\U00016e7d\U00016e7e\U00016e7f\U0001e922\U0001e923\U0001e924\U0001e925'
      || E'\U0001e926\U0001e927\U0001e928\U0001e929\U0001e92a\U0001e92b\U0001e92c\U0001e92d\U0001e92e\U0001e92f'
      || E'\U0001e930\U0001e931\U0001e932\U0001e933\U0001e934\U0001e935\U0001e936\U0001e937\U0001e938\U0001e939'
      || E'\U0001e93a\U0001e93b\U0001e93c\U0001e93d\U0001e93e\U0001e93f\U0001e940\U0001e941\U0001e942\U0001e943'
    );
  end if;
  return value;
end
$body$;

comment on function dpg_private.fold_case(text) is
  'The text with small letters, ASCII excepted: letter by letter, in every database the same. The Turkish capital I with
a dot becomes i, the Greek final sigma becomes sigma.';
--! EndIncluded search/fold_case.sql
--! Included search/words.sql
-- What of a text is searched: its words, in one form for documents and for queries. Nothing here asks the locale of the
-- database, which differs between instances, and whose rules differ between PostgreSQL 15 and 18.

create or replace function dpg_private.plain_words(value text)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- Marks that normalize() sorts when several follow one another: the canonical combining class is not 0, or a
  -- decomposition begins with one of these. A few others stand between them.
  marks text;
begin
  -- so that no document is too long for a tsvector (1 MB), and no document makes a write slow
  if length(value) > 50000 then
    value := left(value, 50000);
  end if;
  if octet_length(value) <> length(value) then
    if length(value) > 1000 then
      -- PostgreSQL sorts a run of marks in the square of its length, and cannot be interrupted: 10 s for 50,000
      marks := E'[\\u0300-\\u036f\\u0483-\\u0487\\u0591-\\u05c7\\u0610-\\u061a\\u064b-\\u065f\\u0670\\u06d6-\\u06ed'
        || E'\\u0711\\u0730-\\u074a\\u07eb-\\u07f3\\u07fd\\u0816-\\u082d\\u0859-\\u085b\\u0897-\\u089f'
        || E'\\u08ca-\\u08ff\\u093c\\u094d-\\u0954\\u09bc\\u09cd\\u09fe\\u0a3c\\u0a4d\\u0abc\\u0acd\\u0b3c\\u0b4d'
        || E'\\u0bcd\\u0c3c\\u0c4d\\u0c55-\\u0c56\\u0cbc\\u0ccd\\u0d3b-\\u0d3c\\u0d4d\\u0dca\\u0e38-\\u0e3a'
        || E'\\u0e48-\\u0e4b\\u0eb8-\\u0eba\\u0ec8-\\u0ecb\\u0f18-\\u0f19\\u0f35-\\u0f39\\u0f71-\\u0f75'
        || E'\\u0f7a-\\u0f87\\u0fc6\\u1037-\\u103a\\u108d\\u135d-\\u135f\\u1714-\\u1715\\u1734\\u17d2\\u17dd'
        || E'\\u18a9\\u1939-\\u193b\\u1a17-\\u1a18\\u1a60\\u1a75-\\u1a7f\\u1ab0-\\u1ace\\u1b34\\u1b44'
        || E'\\u1b6b-\\u1b73\\u1baa-\\u1bab\\u1be6\\u1bf2-\\u1bf3\\u1c37\\u1cd0-\\u1ce8\\u1ced\\u1cf4-\\u1cf9'
        || E'\\u1dc0-\\u1dff\\u20d0-\\u20dc\\u20e1-\\u20f0\\u2cef-\\u2cf1\\u2d7f\\u2de0-\\u2dff\\u302a-\\u302f'
        || E'\\u3099-\\u309a\\ua66f\\ua674-\\ua67d\\ua69e-\\ua69f\\ua6f0-\\ua6f1\\ua806\\ua82c\\ua8c4'
        || E'\\ua8e0-\\ua8f1\\ua92b-\\ua92d\\ua953\\ua9b3\\ua9c0\\uaab0-\\uaab8\\uaabe-\\uaac1\\uaaf6\\uabed'
        || E'\\ufb1e\\ufe20-\\ufe2f\\uff9e-\\uff9f\\U000101fd\\U000102e0\\U00010376-\\U0001037a'
        || E'\\U00010a0d-\\U00010a0f\\U00010a38-\\U00010a3f\\U00010ae5-\\U00010ae6\\U00010d24-\\U00010d27'
        || E'\\U00010d69-\\U00010d6d\\U00010eab-\\U00010eac\\U00010efd-\\U00010eff\\U00010f46-\\U00010f50'
        || E'\\U00010f82-\\U00010f85\\U00011046\\U00011070-\\U0001107f\\U000110b9-\\U000110ba'
        || E'\\U00011100-\\U00011102\\U00011133-\\U00011134\\U00011173\\U000111c0-\\U000111ca'
        || E'\\U00011235-\\U00011236\\U000112e9-\\U000112ea\\U0001133b-\\U0001134d\\U00011366-\\U00011374'
        || E'\\U000113ce-\\U000113d0\\U00011442-\\U0001145e\\U000114c2-\\U000114c3\\U000115bf-\\U000115c0'
        || E'\\U0001163f\\U000116b6-\\U000116b7\\U0001172b\\U00011839-\\U0001183a\\U0001193d-\\U00011943'
        || E'\\U000119e0\\U00011a34-\\U00011a47\\U00011a99\\U00011c3f\\U00011d42-\\U00011d45\\U00011d97'
        || E'\\U00011f41-\\U00011f42\\U0001612f\\U00016af0-\\U00016af4\\U00016b30-\\U00016b36'
        || E'\\U00016ff0-\\U00016ff1\\U0001bc9e\\U0001d165-\\U0001d18b\\U0001d1aa-\\U0001d1ad'
        || E'\\U0001d242-\\U0001d244\\U0001e000-\\U0001e02a\\U0001e08f\\U0001e130-\\U0001e136\\U0001e2ae'
        || E'\\U0001e2ec-\\U0001e2ef\\U0001e4ec-\\U0001e4ef\\U0001e5ee-\\U0001e5ef\\U0001e8d0-\\U0001e8d6'
        || E'\\U0001e944-\\U0001e94a]';
      value := regexp_replace(value collate "C", '(' || marks || '{30})' || marks || '+', E'\\1', 'g');
    end if;
    -- marks that do not show, such as soft hyphens, joiners and variation selectors, part no word
    value := regexp_replace(
      dpg_private.fold_case(normalize(value, NFKC)) collate "C",
      E'[\\u00ad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u180b-\\u180e\\u200c-\\u200f\\u202a-\\u202e\\u2060-\\u206f'
      || E'\\ufe00-\\ufe0f\\ufeff\\ufff9-\\ufffb\\U000e0001-\\U000e01ef]',
      '', 'g'
    );
    -- punctuation, symbols and white space: what Unicode says is no letter, no mark and no number
    value := left(regexp_replace(
      value collate "C",
      E'[\\u0080-\\u00ac\\u00ae-\\u00bf\\u00d7\\u00f7\\u02c2-\\u02c5\\u02d2-\\u02eb\\u02ed\\u02ef-\\u02ff'
      || E'\\u0375\\u03f6\\u0482\\u055a-\\u055f\\u0589-\\u058f\\u05be\\u05c0\\u05c3\\u05c6\\u05f3-\\u05f4'
      || E'\\u0606-\\u060f\\u061b\\u061d-\\u061f\\u066a-\\u066d\\u06d4\\u06de\\u06e9\\u06fd-\\u06fe'
      || E'\\u0700-\\u070d\\u07f6-\\u07f9\\u07fe-\\u07ff\\u0830-\\u083e\\u085e\\u0888\\u0964-\\u0965\\u0970'
      || E'\\u09f2-\\u09f3\\u09fa-\\u09fb\\u09fd\\u0a76\\u0af0-\\u0af1\\u0b70\\u0bf3-\\u0bfa\\u0c77\\u0c7f\\u0c84'
      || E'\\u0d4f\\u0d79\\u0df4\\u0e3f\\u0e4f\\u0e5a-\\u0e5b\\u0f01-\\u0f17\\u0f1a-\\u0f1f\\u0f34\\u0f36\\u0f38'
      || E'\\u0f3a-\\u0f3d\\u0f85\\u0fbe-\\u0fc5\\u0fc7-\\u0fda\\u104a-\\u104f\\u109e-\\u109f\\u10fb'
      || E'\\u1360-\\u1368\\u1390-\\u1399\\u1400\\u166d-\\u166e\\u1680\\u169b-\\u169c\\u16eb-\\u16ed'
      || E'\\u1735-\\u1736\\u17d4-\\u17d6\\u17d8-\\u17db\\u1800-\\u180a\\u1940-\\u1945\\u19de-\\u19ff'
      || E'\\u1a1e-\\u1a1f\\u1aa0-\\u1aa6\\u1aa8-\\u1aad\\u1b5a-\\u1b6a\\u1b74-\\u1b7e\\u1bfc-\\u1bff'
      || E'\\u1c3b-\\u1c3f\\u1c7e-\\u1c7f\\u1cc0-\\u1cc7\\u1cd3\\u2000-\\u200b\\u2010-\\u2029\\u202f-\\u205f'
      || E'\\u20a0-\\u20c0\\u2104-\\u212e\\u213a-\\u214d\\u214f\\u218a-\\u244a\\u2500-\\u2775\\u2794-\\u2bff'
      || E'\\u2ce5-\\u2cea\\u2cf9-\\u2cfc\\u2cfe-\\u2cff\\u2d70\\u2e00-\\u2e2e\\u2e30-\\u3004\\u3008-\\u3020'
      || E'\\u3030\\u3037\\u303d-\\u303f\\u30a0\\u30fb\\u3190-\\u3191\\u31c0-\\u31e3\\u327f\\u4dc0-\\u4dff'
      || E'\\ua490-\\ua4c6\\ua4fe-\\ua4ff\\ua60d-\\ua60f\\ua673\\ua67e\\ua6f2-\\ua716\\ua720-\\ua721'
      || E'\\ua789-\\ua78a\\ua828-\\ua82b\\ua836-\\ua839\\ua874-\\ua877\\ua8ce-\\ua8cf\\ua8f8-\\ua8fa\\ua8fc'
      || E'\\ua92e-\\ua92f\\ua95f\\ua9c1-\\ua9cd\\ua9de-\\ua9df\\uaa5c-\\uaa5f\\uaa77-\\uaa79\\uaade-\\uaadf'
      || E'\\uaaf0-\\uaaf1\\uab5b\\uab6a-\\uab6b\\uabeb\\ufbb2-\\ufdff\\ufe45-\\ufe46\\ufffc-\\ufffd'
      || E'\\U00010100-\\U00010102\\U0001cf50-\\U0001d241\\U0001d300-\\U0001d356\\U0001f000-\\U0001faff]+',
      ' ', 'g'
    ), 50000);
  end if;
  value := btrim(regexp_replace(
    lower(value collate "C") collate "C", E'[\\u0001-/:-@\\[-`{-\\u007f]+', ' ', 'g'
  ));
  if length(value) > 255 then
    value := regexp_replace(value collate "C", '([^ ]{255})[^ ]+', E'\\1', 'g'); -- a longer word is in no tsvector
  end if;
  return value;
end
$body$;

comment on function dpg_private.plain_words(text) is
  'The words of a text with a space between: in small letters, in the composed form of Unicode (NFKC), without
punctuation and symbols. Of a long text the first 50,000 characters, of a long word 255.';

create or replace function dpg_private.words_of(item_state jsonb, fields text[], language regconfig)
returns tsvector
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- Two words that nobody searches for. The first stands between fields, and between elements of an array, while
  -- positions are counted, so that a phrase does not reach from one to the next. The second parts the fields: the words
  -- of all are made plain at once.
  gap constant text := ' dpg0gap0 ';
  next_field constant text := ' dpg0gap1 ';
  after_field constant tsvector := 'dpg0gap0:1';
  value jsonb;
  elements text[];
  content text := '';
  contents text[];
  words tsvector;
begin
  -- Few expressions: this is part of every write, and each takes longer than what it does.
  for number in 1 .. cardinality(fields) loop
    value := item_state -> fields[number];
    if jsonb_typeof(value) = 'string' then
      content := content || (value #>> '{}');
    elsif jsonb_typeof(value) = 'array' then
      elements := '{}';
      for index in 0 .. least(jsonb_array_length(value), 50000) - 1 loop
        if jsonb_typeof(value -> index) = 'string' then
          elements := elements || (value ->> index);
        end if;
      end loop;
      content := content || array_to_string(elements, gap);
    end if;
    content := content || next_field;
  end loop;
  contents := string_to_array(dpg_private.plain_words(content), btrim(next_field));
  words := setweight(to_tsvector(language, contents[1]), 'A') || after_field
    || setweight(to_tsvector(language, coalesce(contents[2], '')), 'B') || after_field
    || setweight(to_tsvector(language, coalesce(contents[3], '')), 'C') || after_field;
  if cardinality(contents) > 4 then -- the last one is what stands behind the last field: nothing
    words := words || to_tsvector(language, array_to_string(contents[4:], gap)) || after_field;
  end if;
  if language <> 'simple'::regconfig then
    words := words || setweight(to_tsvector('simple', contents[1]), 'A') || after_field
      || setweight(to_tsvector('simple', coalesce(contents[2], '')), 'B') || after_field
      || setweight(to_tsvector('simple', coalesce(contents[3], '')), 'C') || after_field
      || to_tsvector('simple', coalesce(array_to_string(contents[4:], gap), ''));
  end if;
  return ts_delete(words, btrim(gap));
end
$body$;

comment on function dpg_private.words_of(jsonb, text[], regconfig) is
  'The words by which an item is searched: of these fields (strings and arrays of strings; others have none), the first
with weight A, then B, C, and D for all further ones. In a language with a stemmer the words as they stand are there,
too: by them the beginning of a word is found, and words that the language leaves out. Of all fields together the first
50,000 characters count.';

create or replace function dpg_private.search_terms(search text)
returns table (number bigint, words text, is_negated boolean, is_or boolean, is_prefix boolean)
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
rows 5
as $body$
#variable_conflict use_column
begin
  return query
    with searched(value) as (
      select regexp_replace(
        search_terms.search collate "C",
        E'[\\t\\n\\v\\f\\r\\u0085\\u00a0\\u1680\\u2000-\\u200b\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]', ' ', 'g'
      )
    ),
    tokens as (
      select t.number, dpg_private.plain_words(coalesce(t.parts[2], t.parts[3])) as words,
        t.parts[1] = '-' as is_negated, t.parts[2] is not null as is_quoted, max(t.number) over () = t.number as is_last
      from searched s
      cross join lateral regexp_matches(
        s.value collate "C", '(-?)(?:"([^"]*)(?:"|$)|([^ "]+))', 'g'
      ) with ordinality t(parts, number)
    ),
    terms as (
      select t.*,
        not t.is_negated and not t.is_quoted and t.words = 'or'
          and lag(t.number) over in_order is not null
          and lead(t.number) over in_order is not null as may_be_or
      from tokens t
      where t.words <> ''
      window in_order as (order by t.number)
    )
    select t.number, t.words, t.is_negated,
      t.may_be_or and not lag(t.may_be_or, 1, false) over (order by t.number),
      t.is_last and not t.is_negated and not t.is_quoted and right(s.value, 1) <> ' '
    from terms t
    cross join searched s;
end
$body$;

comment on function dpg_private.search_terms(text) is
  'The terms of a search in their order, as websearch_to_tsquery takes it apart: what stands between quotes is one, and
so is a word; a dash before one negates it; "or" between two is none. The last word is a prefix, unless white space
follows or it is quoted or negated. A term with punctuation within is several words, a phrase.';

create or replace function dpg_private.search_query(search text, language regconfig)
returns tsquery
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set client_min_messages = error -- that the language leaves a word out is no news
as $body$
declare
  term record;
  operand tsquery;
  all_of tsquery := '';
  any_of tsquery := '';
begin
  for term in
    select *
    from dpg_private.search_terms(search) t
    order by t.number
  loop
    if term.is_or then
      any_of := any_of || all_of;
      all_of := '';
    else
      operand := case
        when not term.is_prefix or language <> 'simple'::regconfig then phraseto_tsquery(language, term.words)
        else ''
      end;
      if term.is_prefix then
        -- the words as they stand: a word that is not finished has no stem
        operand := operand || (
          phraseto_tsquery('simple', regexp_replace(term.words, '(^| )[^ ]+$', ''))
          <-> to_tsquery('simple', format('''%s'':*', regexp_replace(term.words, '^.* ', '')))
        );
      end if;
      all_of := all_of && case when term.is_negated then !!operand else operand end;
    end if;
  end loop;
  any_of := any_of || all_of;
  if numnode(any_of) = 0 and language <> 'simple'::regconfig then
    return dpg_private.search_query(search, 'simple'); -- nothing but words that the language leaves out
  end if;
  return any_of;
end
$body$;

comment on function dpg_private.search_query(text, regconfig) is
  'The query that a search means in a language, over words of dpg_private.words_of.';

create or replace function dpg_private.check_search(search text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if length(search) > 1000 then
    perform dpg_private.refuse_argument(
      'search', to_jsonb(search), format('is too long with its %s characters', length(search)),
      'A search has 1,000 characters at most.'
    );
  end if;
  if not exists (select from dpg_private.search_terms(search)) then
    perform dpg_private.refuse_argument(
      'search', to_jsonb(search), 'has no word', 'Pass words to search for, or null to search by other filters only.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_search(text) is
  'Raises DP001 unless a search has a word, and 1,000 characters at most.';
--! EndIncluded search/words.sql
--! Included search/item_searches.sql
-- The language is a name, since pg_upgrade refuses databases with columns of type regconfig.
create table if not exists dpg.item_searches (
  item_network text not null,
  item_domain text not null,
  item_type text not null,
  fields text[] not null,
  language text not null,
  version integer not null,
  is_refreshed boolean not null,
  refresh_from uuid,
  constraint item_searches_pkey primary key (item_network, item_domain, item_type)
);

comment on table dpg.item_searches is
  'By which fields items are searched. Written by dpg.define_search and dpg.refresh_search; items of a type without a
row are found by no search.';
comment on column dpg.item_searches.item_network is 'Network of the items.';
comment on column dpg.item_searches.item_domain is 'Domain of the items.';
comment on column dpg.item_searches.item_type is 'Type of the items.';
comment on column dpg.item_searches.fields is 'Names of fields of item_state, the weightiest first.';
comment on column dpg.item_searches.language is 'Text search configuration of pg_catalog.';
comment on column dpg.item_searches.version is
  'Rises with each change of a definition in the domain. Words of an item carry the version that they were made by.';
comment on column dpg.item_searches.is_refreshed is
  'Whether every item has words of this version. Until then dpg.refresh_search has work to do, and a search takes the
words of the others out of item_state.';
comment on column dpg.item_searches.refresh_from is
  'Where dpg.refresh_search goes on: items of lower ids have words of this version. Null: at the first.';
comment on constraint item_searches_pkey on dpg.item_searches is 'One definition for each type of a domain.';
comment on index dpg.item_searches_pkey is 'For define_search, refresh_search, and each search.';

create table if not exists dpg_private.searched_domains (
  item_network text not null,
  item_domain text not null,
  version integer not null,
  constraint searched_domains_pkey primary key (item_network, item_domain)
);

comment on table dpg_private.searched_domains is
  'Domains that have, or have had, a row in dpg.item_searches, or that a registered network declares. Whoever changes a
definition or a document changes this row first: one at a time, and one that reads them as they were before ends in
40001.';
comment on column dpg_private.searched_domains.item_network is 'Network of the items.';
comment on column dpg_private.searched_domains.item_domain is 'Domain of the items.';
comment on column dpg_private.searched_domains.version is 'The last version that a definition of the domain got.';
comment on constraint searched_domains_pkey on dpg_private.searched_domains is 'One row for each domain.';
comment on index dpg_private.searched_domains_pkey is 'For define_search, and when a leaf is created.';

-- Has no rows. Each leaf with searched items has a table like this one, of the leaf's name, in this schema.
create table if not exists dpg_private.item_words (
  item_type text not null,
  item_id uuid not null,
  created_at timestamptz not null,
  version integer not null,
  words tsvector not null,
  constraint item_words_pkey primary key (item_type, item_id)
);

create index if not exists item_words_idx
on dpg_private.item_words
using gin (words);

comment on table dpg_private.item_words is
  'The pattern of the tables of words: has no rows. A leaf of dpg.items with searched items has a table like this, of
the leaf''s name, in dpg_private; the triggers items_words_... of the leaf keep it.';
comment on column dpg_private.item_words.item_type is 'Type of the item.';
comment on column dpg_private.item_words.item_id is 'Id of the item.';
comment on column dpg_private.item_words.created_at is
  'created_at of the item, so that the newest of the matching ones are found without reading the items.';
comment on column dpg_private.item_words.version is
  'Version of the definition (dpg.item_searches) that made the words.';
comment on column dpg_private.item_words.words is 'The words of the item: see dpg_private.words_of.';
comment on constraint item_words_pkey on dpg_private.item_words is 'One row for each item.';
comment on index dpg_private.item_words_pkey is 'For the triggers, and for searches with other filters.';
comment on index dpg_private.item_words_idx is 'For search_items, and for the search of the other finders.';

create or replace function dpg_private.words_table(leaf_name text)
returns text
language sql
immutable
parallel safe
security invoker
return format('dpg_private.%I', leaf_name);

comment on function dpg_private.words_table(text) is
  'The table with the words of a leaf, as SQL; its trigger function has that name, too.';

create or replace function dpg_private.has_words(leaf regclass)
returns boolean
language sql
stable
parallel safe
security invoker
return (
  select to_regclass(dpg_private.words_table(c.relname)) is not null
    and (
      select count(*) = 4
      from pg_trigger t
      where t.tgrelid = c.oid
        and t.tgname in ('items_words_insert', 'items_words_update', 'items_words_delete', 'items_words_truncate')
        and t.tgenabled = 'A'
    )
  from pg_class c
  where c.oid = leaf
);

comment on function dpg_private.has_words(regclass) is
  'Whether the leaf has a table of words, and triggers that keep it.';

create or replace function dpg_private.words_function_sql(
  item_network text,
  item_domain text,
  leaf_name text
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return format(
    'create or replace function %s() returns trigger language plpgsql volatile security definer '
      'set search_path = pg_catalog, pg_temp as %L',
    dpg_private.words_table(leaf_name),
    format(
      $function$
        declare
          version integer;
          words tsvector;
        begin
          if tg_op = 'TRUNCATE' then
            truncate %1$s;
            return null;
          end if;
          if tg_op = 'UPDATE'
            and old.item_state = new.item_state
            and (old.item_type, old.item_id, old.created_at) = (new.item_type, new.item_id, new.created_at)
          then
            return null;
          end if;
          if tg_op = 'DELETE' or (tg_op = 'UPDATE' and (old.item_type, old.item_id) <> (new.item_type, new.item_id))
          then
            delete from %1$s w
            where w.item_type = old.item_type
              and w.item_id = old.item_id;
          end if;
          if tg_op = 'DELETE' then
            return null;
          end if;
          case new.item_type
            %2$s
            else
              return null;
          end case;
          insert into %1$s
          values (new.item_type, new.item_id, new.created_at, version, words)
          on conflict (item_type, item_id) do update
          set created_at = excluded.created_at,
            version = excluded.version,
            words = excluded.words;
          return null;
        end
      $function$,
      dpg_private.words_table(leaf_name),
      (
        select coalesce(
          string_agg(
            format(
              'when %L then version := %s; words := dpg_private.words_of(new.item_state, %L, %L);',
              s.item_type, s.version, s.fields, s.language
            ),
            ' ' order by s.item_type
          ),
          'when null then null;'
        )
        from dpg.item_searches s
        where s.item_network = words_function_sql.item_network
          and s.item_domain = words_function_sql.item_domain
      )
    )
  );
end
$body$;

comment on function dpg_private.words_function_sql(text, text, text) is
  'The statement that creates the trigger function which keeps the words of a leaf. The definitions are in its text: no
write looks them up, and a write sees them as they are now, whatever its transaction sees.';

create or replace function dpg_private.may_have_items(leaf regclass, item_type text)
returns boolean
language plpgsql
volatile -- so that it sees what was committed before the caller got its lock
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  has_items boolean;
begin
  execute format('select exists (select from %s i where i.item_type = $1)', leaf)
  into has_items
  using item_type;
  return has_items or current_setting('transaction_isolation') <> 'read committed';
end
$body$;

comment on function dpg_private.may_have_items(regclass, text) is
  'Whether the leaf has items of a type; also true where an older snapshot might not show them.';

create or replace function dpg_private.keep_words(item_network text, item_domain text, leaf regclass)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf_name constant text := (select c.relname from pg_class c where c.oid = leaf);
  words constant text := dpg_private.words_table(leaf_name);
  types constant text := (
    select string_agg(quote_literal(s.item_type), ', ' order by s.item_type)
    from dpg.item_searches s
    where s.item_network = keep_words.item_network
      and s.item_domain = keep_words.item_domain
  );
  has_triggers constant boolean := exists (
    select
    from pg_trigger t
    where t.tgrelid = leaf
      and t.tgname = 'items_words_insert'
  );
  trigger_of record;
begin
  if types is null and not has_triggers then
    return;
  end if;
  if not dpg_private.has_words(leaf) then
    -- The first definition; or the triggers did not fire for some time, or the table was lost. What is there is of no
    -- use.
    if to_regclass(words) is not null then
      execute format('drop table %s', words);
    end if;
    -- Comparing words is dearer than the planner takes it for. With parallel workers, whose start alone takes longer
    -- than most searches, reading the whole table would look better than the index.
    execute format(
      'create table %s (like dpg_private.item_words including all excluding comments) with (parallel_workers = 0)',
      words
    );
    execute format(
      'comment on table %s is %L', words,
      format('Words of the items of network %s, domain %s.', to_json(item_network), to_json(item_domain))
    );
    perform dpg_private.revoke_default_privileges(words::regclass);
    update dpg.item_searches s
    set is_refreshed = false,
      refresh_from = null
    where s.item_network = keep_words.item_network
      and s.item_domain = keep_words.item_domain
      and dpg_private.may_have_items(leaf, s.item_type);
  end if;
  execute dpg_private.words_function_sql(item_network, item_domain, leaf_name);
  execute format('revoke all on function %s() from public', words);
  execute format(
    'comment on function %s() is %L', words,
    'Trigger: keeps the table of words of the same name. Written by dpg_private.keep_words.'
  );
  for trigger_of in
    select v.name, v.events, v.condition
    from (values
      ('items_words_insert', 'after insert on %s for each row', 'new.item_type in (%1$s)'),
      -- PostgreSQL reads the conditions anew for each statement: what can be asked in the function is asked there
      ('items_words_update', 'after update on %s for each row', 'old.item_type in (%1$s) or new.item_type in (%1$s)'),
      ('items_words_delete', 'after delete on %s for each row', 'old.item_type in (%1$s)'),
      ('items_words_truncate', 'after truncate on %s for each statement', null)
    ) v(name, events, condition)
  loop
    execute format(
      'create or replace trigger %I %s %s execute function %s()',
      trigger_of.name, format(trigger_of.events, leaf),
      'when (' || case when types is null then 'false' else format(trigger_of.condition, types) end || ')', words
    );
    -- always: also where changes come by replication
    execute format('alter table %s enable always trigger %I', leaf, trigger_of.name);
    execute format(
      'comment on trigger %I on %s is %L', trigger_of.name, leaf,
      format('Keeps %s, the words by which items of this leaf are searched.', words)
    );
  end loop;
end
$body$;

comment on function dpg_private.keep_words(text, text, regclass) is
  'Creates the table of words of a leaf, its trigger function and its triggers, as the definitions of the domain demand.
Where the table is created, dpg.refresh_search has to fill it. Without definitions nothing is created, and triggers that
are there fire no more: dropping them would lock out readers. For a caller that has locked the leaf (SHARE ROW
EXCLUSIVE), or has created it.';
--! EndIncluded search/item_searches.sql
--! Included items/owner_leaves.sql
create table if not exists dpg_private.owner_leaves (
  owner text not null,
  item_network text not null,
  item_domain text not null
);

create index if not exists owner_leaves_idx
on dpg_private.owner_leaves (owner, item_network, item_domain);

comment on table dpg_private.owner_leaves is
  'In which domains a user has, or has had, items, so that find_own_items reads only those leaves. Not unique on
purpose: a unique index would make a writer wait for another''s transaction to end.';
comment on column dpg_private.owner_leaves.owner is 'The user: created_by of an item.';
comment on column dpg_private.owner_leaves.item_network is 'First partition key of the leaf.';
comment on column dpg_private.owner_leaves.item_domain is 'Second partition key of the leaf.';
comment on index dpg_private.owner_leaves_idx is
  'For find_own_items, and for the trigger that asks whether a row is there.';

create or replace function dpg_private.note_owner_leaf()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not exists (
    select
    from dpg_private.owner_leaves o
    where o.owner = new.created_by
      and o.item_network = new.item_network
      and o.item_domain = new.item_domain
  ) then
    insert into dpg_private.owner_leaves (owner, item_network, item_domain)
    values (new.created_by, new.item_network, new.item_domain);
  end if;
  return null;
end
$body$;

comment on function dpg_private.note_owner_leaf() is
  'Trigger: notes in which leaf the owner of a new item, or the new owner of an item, has one.';

-- Only where they are not there: PostgreSQL would lock the root and every leaf, even to create the same triggers again.
-- What was there before is noted leaf by leaf. Writers wait meanwhile: their items would not be noted.
do $body$
declare
  leaf record;
begin
  if not exists (
    select
    from pg_catalog.pg_trigger t
    where t.tgrelid = 'dpg.items'::pg_catalog.regclass
      and t.tgname = 'items_note_owner'
  ) then
    create trigger items_note_owner
    after insert or update of created_by on dpg.items
    for each row
    execute function dpg_private.note_owner_leaf();

    for leaf in
      select p.relid as name
      from pg_catalog.pg_partition_tree('dpg.items') p
      where p.isleaf
    loop
      execute pg_catalog.format(
        'insert into dpg_private.owner_leaves (owner, item_network, item_domain)
         select o.owner, k.item_network, k.item_domain
         from (select distinct i.created_by as owner from %1$s i) o
         cross join (select i.item_network, i.item_domain from %1$s i limit 1) k',
        leaf.name
      );
    end loop;
  end if;
end
$body$;

comment on trigger items_note_owner on dpg.items is
  'Keeps dpg_private.owner_leaves, so that find_own_items reads only leaves in which the actor has items.';
--! EndIncluded items/owner_leaves.sql
--! Included application/additions.sql
create or replace function dpg_private.look_for_additions(root regclass, own_columns integer)
returns boolean
language plpgsql
volatile -- so that it sees what is committed now, not what was committed when the caller's statement began
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (select c.relnatts > own_columns from pg_class c where c.oid = root)
    or exists (
      select
      from pg_trigger t
      join pg_proc p on p.oid = t.tgfoid
      where t.tgrelid = root
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and p.pronamespace <> 'dpg_private'::regnamespace
    );
end
$body$;

comment on function dpg_private.look_for_additions(regclass, integer) is
  'Whether an application has added columns or triggers to a root table. own_columns is the number of columns
that are ours.';

create or replace function dpg_private.has_additions(root regclass, own_columns integer)
returns boolean
language plpgsql
immutable -- not true, but so PostgreSQL asks it only once, when it plans the statement
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return dpg_private.look_for_additions(root, own_columns);
end
$body$;

comment on function dpg_private.has_additions(regclass, integer) is
  'dpg_private.look_for_additions for statements that name the root table. PostgreSQL asks it when it plans the
statement, and keeps the answer with the plan. When a column or trigger of the root comes or goes, it plans
the statement anew.
Only for a caller that holds a lock on the root by then, because with that lock no trigger can come any more.';

create or replace function dpg_private.look_for_leaf_additions(leaf regclass)
returns boolean
language plpgsql
volatile -- as dpg_private.look_for_additions is
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from pg_trigger t
    where t.tgrelid = leaf
      and not t.tgisinternal
      and t.tgenabled <> 'D'
      and not exists (select from pg_proc p where p.oid = t.tgfoid and p.pronamespace = 'dpg_private'::regnamespace)
  );
end
$body$;

comment on function dpg_private.look_for_leaf_additions(regclass) is
  'Whether an application has added triggers to a leaf.';

create or replace function dpg_private.has_leaf_additions(leaf regclass)
returns boolean
language plpgsql
immutable -- not true: see dpg_private.has_additions
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return dpg_private.look_for_leaf_additions(leaf);
end
$body$;

comment on function dpg_private.has_leaf_additions(regclass) is
  'dpg_private.look_for_leaf_additions for expressions that name the leaf (''dpg.i_p_network_domain''::regclass, not a
variable). PostgreSQL asks it when it plans the expression, and keeps the answer. When a trigger of the leaf comes or
goes, it plans the expression anew. Only for a caller that holds a lock on the leaf: see dpg_private.has_additions.';

create or replace function dpg_private.additions_to_items(leaf regclass)
returns table (has_additions boolean)
language sql
stable
security invoker
begin atomic
  select
    dpg_private.has_additions('dpg.items', 13)
    or exists (select from only dpg.items where false) -- names the root, see dpg_private.has_additions
    -- under an older snapshot the catalogue shows the past, but triggers fire as they are now
    or current_setting('transaction_isolation') <> 'read committed'
    or exists (
      select
      from pg_trigger t
      where t.tgrelid = additions_to_items.leaf
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and not exists (select from pg_proc p where p.oid = t.tgfoid and p.pronamespace = 'dpg_private'::regnamespace)
    );
end;

comment on function dpg_private.additions_to_items(regclass) is
  'Whether an application has added columns or triggers to dpg.items or to this leaf of it. Then what is stored
may differ from what was sent, and must be read again. Also true in repeatable read and serializable.
A table of one row. For a caller that has written, or has locked root and leaf, because then no trigger can
come any more. Stored parsed and inlined.';

create or replace function dpg_private.additions_to_actions(leaf regclass, events_leaf regclass)
returns table (has_additions boolean)
language sql
stable
security invoker
begin atomic
  select
    dpg_private.has_additions('dpg.item_actions', 27)
    or dpg_private.has_additions('dpg.action_events', 28)
    -- names the roots, see dpg_private.has_additions
    or exists (select from only dpg.item_actions cross join only dpg.action_events where false)
    -- under an older snapshot the catalogue shows the past, but triggers fire as they are now
    or current_setting('transaction_isolation') <> 'read committed'
    or exists (
      select
      from pg_trigger t
      where t.tgrelid in (additions_to_actions.leaf, additions_to_actions.events_leaf)
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and not exists (select from pg_proc p where p.oid = t.tgfoid and p.pronamespace = 'dpg_private'::regnamespace)
    );
end;

comment on function dpg_private.additions_to_actions(regclass, regclass) is
  'Whether an application has added columns or triggers to dpg.item_actions, to dpg.action_events or to these
leaves. Then what is stored may differ from what was sent, and row and event are written in another way. Also
true in repeatable read and serializable.
A table of one row. For a caller that has locked roots and leaf, because then no trigger can come any more.
Stored parsed and inlined into the one look of a call.';

create or replace function dpg_private.has_additions_to_item(leaf regclass, slot smallint)
returns boolean
language plpgsql
volatile
security invoker
as $body$
begin
  if slot is null then
    return (select a.has_additions from dpg_private.additions_to_items(leaf) a);
  end if;
  return current_setting('transaction_isolation') <> 'read committed' or dpg_private.has_item_additions_in_slot(slot);
end
$body$;

comment on function dpg_private.has_additions_to_item(regclass, smallint) is
  'What dpg_private.additions_to_items says of a leaf, without a statement where the leaf has a slot.';

create or replace function dpg_private.has_additions_to_action(
  leaf regclass,
  slot smallint,
  events_leaf regclass,
  events_slot smallint
)
returns boolean
language plpgsql
volatile
security invoker
as $body$
begin
  if slot is null or events_slot is null then
    return (select a.has_additions from dpg_private.additions_to_actions(leaf, events_leaf) a);
  end if;
  return current_setting('transaction_isolation') <> 'read committed'
    or dpg_private.has_action_additions_in_slot(slot)
    or dpg_private.has_event_additions_in_slot(events_slot);
end
$body$;

comment on function dpg_private.has_additions_to_action(regclass, smallint, regclass, smallint) is
  'What dpg_private.additions_to_actions says of two leaves, without a statement where both have a slot.';
--! EndIncluded application/additions.sql
--! Included items/items_slot_sql.sql
create or replace function dpg_private.items_slot_sql(slot smallint, leaf text)
returns text
language sql
immutable
security invoker
-- Bodies in strings, so that the functions do not keep anybody from dropping the leaf. item_rows has no settings and
-- is inlined into the statement that reads it.
return case
  when slot <= 32 then format(
    $statements$
      create or replace function dpg_private.item_rows(slot dpg_private.slot_%1$s, domains text[])
      returns setof dpg.items
      language sql
      stable
      parallel safe
      security invoker
      as $of_slot$
        select * from dpg.%2$I
      $of_slot$;

      comment on function dpg_private.item_rows(dpg_private.slot_%1$s, text[]) is
        'The rows of dpg.%2$I, whatever the domains.';
    $statements$,
    slot, leaf
  )
  else format(
    -- PostgreSQL leaves out leaves of other domains when the statement begins. That it does for a list of elements, not
    -- for an array.
    $statements$
      create or replace function dpg_private.item_rows(slot dpg_private.slot_%1$s, domains text[])
      returns setof dpg.items
      language sql
      stable
      parallel safe
      security invoker
      as $of_slot$
        select * from dpg.%3$I
      $of_slot$;

      comment on function dpg_private.item_rows(dpg_private.slot_%1$s, text[]) is
        'The rows of dpg.%3$I, whatever the domains.';

      create or replace function dpg_private.item_rows(slot dpg_private.slot_%2$s, domains text[])
      returns setof dpg.items
      language sql
      stable
      parallel safe
      security invoker
      as $of_slot$
        select *
        from dpg.%3$I i
        where i.item_domain in (%4$s)
      $of_slot$;

      comment on function dpg_private.item_rows(dpg_private.slot_%2$s, text[]) is
        'The rows of dpg.%3$I that are of these domains, 16 at most.';
    $statements$,
    slot, slot + 16, leaf,
    (select string_agg(format('domains[%s]', d.number), ', ' order by d.number) from generate_series(1, 16) d(number))
  )
end;

comment on function dpg_private.items_slot_sql(smallint, text) is
  'The function of a leaf of items, or those of a network (slot 33 and higher), that has a slot: its rows, for
statements whose plans are kept.';

create or replace function dpg_private.items_in_slots_sql(slots smallint[], leaves text[])
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  is_item constant text :=
    'i.item_network = item.item_network
     and i.item_domain = item.item_domain
     and i.item_type = item.item_type
     and i.item_id = item.item_id';
begin
  return format(
    $statements$
      create or replace function dpg_private.item_in_slot(slot smallint, item dpg.item_ref)
      returns dpg.items
      language plpgsql
      stable
      security invoker
      as $in_slots$
      declare
        stored dpg.items;
      begin
        %1$s
        return stored;
      end
      $in_slots$;

      create or replace function dpg_private.lock_item_in_slot(slot smallint, item dpg.item_ref, strength text)
      returns dpg.items
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      declare
        stored dpg.items;
      begin
        if strength = 'key share' then
          %2$s
        else
          %3$s
        end if;
        return stored;
      end
      $in_slots$;

      create or replace function dpg_private.update_item_in_slot(
        slot smallint,
        item dpg.item_ref,
        changed dpg.items,
        owner text
      )
      returns dpg.items
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      declare
        stored dpg.items;
      begin
        %4$s
        return stored;
      end
      $in_slots$;

      create or replace function dpg_private.has_item_additions_in_slot(slot smallint)
      returns boolean
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      begin
        %5$s
        return null;
      end
      $in_slots$;

      comment on function dpg_private.item_in_slot(smallint, dpg.item_ref) is
        'The item of this key in the leaf of a slot; all columns are null where there is none.';
      comment on function dpg_private.lock_item_in_slot(smallint, dpg.item_ref, text) is
        'The item of this key in the leaf of a slot under a row lock (strength: key share or no key update).';
      comment on function dpg_private.update_item_in_slot(smallint, dpg.item_ref, dpg.items, text) is
        'Does in the leaf of a slot what dpg_private.write_item says.';
      comment on function dpg_private.has_item_additions_in_slot(smallint) is
        'Whether an application has added columns or triggers to the root, or triggers to the leaf of a slot.';
    $statements$,
    dpg_private.slot_branches_sql(
      'select * into stored from dpg.%1$I i where ' || is_item || ';', slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'select * into stored from dpg.%1$I i where ' || is_item || ' for key share;', slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'select * into stored from dpg.%1$I i where ' || is_item || ' for no key update;', slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'update dpg.%1$I i
       set item_instance_url = changed.item_instance_url,
         item_schema_url = changed.item_schema_url,
         item_state = changed.item_state,
         item_latitude = changed.item_latitude,
         item_longitude = changed.item_longitude,
         updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond''),
         item_status = coalesce(changed.item_status, i.item_status)
       where ' || is_item || ' and i.created_by = owner
       returning i.* into stored;',
      slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'return dpg_private.has_additions(''dpg.items'', 13) or dpg_private.has_leaf_additions(''dpg.%1$I'');',
      slots, leaves
    )
  );
end
$body$;

comment on function dpg_private.items_in_slots_sql(smallint[], text[]) is
  'The functions that read, lock and change one item in the leaf of a slot. See dpg_private.in_slots_sql.';
--! EndIncluded items/items_slot_sql.sql
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
  if root = 'items' then
    perform dpg_private.keep_words(network, key, ('dpg.' || name)::regclass);
    perform dpg_private.give_slot_to_network(network);
  end if;
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
--! Included networks/networks.sql
create table if not exists dpg.networks (
  network text not null,
  document jsonb not null,
  item_types jsonb not null,
  interactions jsonb not null,
  registered_at timestamptz not null default clock_timestamp(),
  item_fields jsonb not null default '{}',
  constraint networks_pkey primary key (network)
);

-- In databases of before 0.2.0. ACCESS EXCLUSIVE for a moment; networks/item_fields.sql fills it.
alter table dpg.networks add column if not exists item_fields jsonb not null default '{}';

comment on table dpg.networks is
  'The registered network documents: what a network declares, and the database enforces (DP014). Written by
dpg.register_network and dpg.unregister_network. A network without a row is open.';
comment on column dpg.networks.network is 'Name of the network, as the document has it.';
comment on column dpg.networks.document is 'The document as it was registered.';
comment on column dpg.networks.item_types is
  'What the document says of items: each domain with an array of its item types.';
comment on column dpg.networks.interactions is
  'What the document says of actions: each action type with an array of its interactions. An interaction has
from_network, from_domain, from_items, to_network, to_domain and to_items. What the document leaves out is
filled in; only for items of another network, a missing from_items or to_items means any type.';
comment on column dpg.networks.registered_at is 'When this document was registered.';
comment on column dpg.networks.item_fields is
  'What the schemas of the document say of the fields of items: each domain with an object of fields, each with two
arrays of item types: those that declare the field (declared), and those that close it to facets, counts and search
(closed).';
comment on constraint networks_pkey on dpg.networks is 'One registered document of each network.';
comment on index dpg.networks_pkey is 'For each call that writes something new.';
--! EndIncluded networks/networks.sql
--! Included networks/network_document.sql
create or replace function dpg_private.pointer_of_path(path text[])
returns text
language sql
immutable
parallel safe
security invoker
return (
  select coalesce(string_agg('/' || replace(replace(p.step, '~', '~0'), '/', '~1'), '' order by p.position), '')
  from unnest(path) with ordinality p(step, position)
);

comment on function dpg_private.pointer_of_path(text[]) is
  'A path as a JSON pointer.';

create or replace function dpg_private.refuse_network_document(path text[], value jsonb, problem text, hint text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  pointer constant text := nullif(dpg_private.pointer_of_path(path), '');
  shown jsonb := coalesce(value, 'null');
begin
  if octet_length(shown::text) > 1000 then
    shown := to_jsonb(left(coalesce(value #>> array[]::text[], ''), 200) || '...');
  end if;
  raise exception using
    errcode = 'DP001',
    message = dpg_private.text_for_client(
      format('document at %s %s: %s', left(pointer, 500), problem, left(shown::text, 220))
    ),
    hint = dpg_private.text_for_client(hint),
    detail = dpg_private.text_for_client(
      jsonb_build_object('argument', 'document', 'path', pointer, 'value', shown)::text
    );
end
$body$;

comment on function dpg_private.refuse_network_document(text[], jsonb, text, text) is
  'Raises DP001 for a part of a network document. path leads to the part; the DETAIL has it as a JSON pointer.
problem completes the sentence "document at ... ...".';

create or replace function dpg_private.check_network_part(document jsonb, path text[], kind text)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  part constant jsonb := document #> path;
begin
  if not dpg_private.is_field(kind, part) then
    perform dpg_private.refuse_network_document(
      path, part, case when part is null then 'is missing' else 'is malformed' end, dpg_private.field_hint(kind)
    );
  end if;
end
$body$;

comment on function dpg_private.check_network_part(jsonb, text[], text) is
  'Raises DP001 unless the part of a network document at path is of this kind of dpg_private.is_field.';

create or replace function dpg_private.name_of_part(part jsonb, field text)
returns text
language sql
immutable
parallel safe
security invoker
return coalesce(
  part -> field,
  part -> case field when 'name' then 'id' when 'domain_name' then 'domain_id' end
) #>> '{}';

comment on function dpg_private.name_of_part(jsonb, text) is
  'The field name or domain_name of a part of a network document; id and domain_id are synonyms of them.';

create or replace function dpg_private.check_network_name(document jsonb, path text[], field text default 'name')
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  synonym constant text := case field when 'name' then 'id' when 'domain_name' then 'domain_id' end;
  part constant jsonb := document #> path;
begin
  if part ? field and part ? synonym and part -> field <> part -> synonym then
    perform dpg_private.refuse_network_document(
      path || synonym, part -> synonym, format('is not the %s', field),
      format('%1$s is a synonym of %2$s: leave one of them out, or give both one value.', synonym, field)
    );
  end if;
  perform dpg_private.check_network_part(
    document, path || case when part ? synonym and not part ? field then synonym else field end, 'key'
  );
end
$body$;

comment on function dpg_private.check_network_name(jsonb, text[], text) is
  'Raises DP001 unless the part of a network document at path has a key as its name (or domain_name), by that name or by
the synonym id (or domain_id). If it has both, they are the same.';

create or replace function dpg_private.with_names(document jsonb)
returns jsonb
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return document || jsonb_build_object(
    'name', dpg_private.name_of_part(document, 'name'),
    'domains', (
      select coalesce(
        jsonb_agg(
          d.domain || jsonb_build_object('name', dpg_private.name_of_part(d.domain, 'name')) order by d.number
        ),
        '[]'
      )
      from jsonb_array_elements(document -> 'domains') with ordinality d(domain, number)
    )
  );
end
$body$;

comment on function dpg_private.with_names(jsonb) is
  'A network document with the name of the network and of each domain where ours have it. Its domains were checked.';

create or replace function dpg_private.check_network_domains(document jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  path text[];
  item_type text;
  name text;
  names text[] := array[]::text[];
begin
  perform dpg_private.check_network_part(document, '{domains}', 'array');
  for domain in 0 .. jsonb_array_length(document -> 'domains') - 1 loop
    path := array['domains', domain::text];
    perform
      dpg_private.check_network_part(document, path, 'object'),
      dpg_private.check_network_name(document, path),
      dpg_private.check_network_part(document, path || array['item_schemas'], 'object');
    for item_type in select t.name from jsonb_object_keys(document #> path -> 'item_schemas') t(name) loop
      if not dpg_private.is_key(item_type) then
        perform dpg_private.refuse_network_document(
          path || array['item_schemas', item_type], to_jsonb(item_type), 'is not an item type',
          'An item type is text of 1 to 120 characters that is not all white space.'
        );
      end if;
      perform dpg_private.check_network_part(document, path || array['item_schemas', item_type], 'schema');
    end loop;
    name := dpg_private.name_of_part(document #> path, 'name');
    if name = any (names) then
      perform dpg_private.refuse_network_document(
        path || case when document #> path ? 'name' then 'name' else 'id' end, to_jsonb(name), 'is there twice',
        'A domain is declared once, with all of its item types.'
      );
    end if;
    names := names || name;
  end loop;
end
$body$;

comment on function dpg_private.check_network_domains(jsonb) is
  'Raises DP001 unless the domains of a network document are an array of objects, each with item_schemas and
with a name that no other domain has.';

create or replace function dpg_private.check_network_instances(document jsonb, item_types jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  path text[];
  domain text;
begin
  if not document ? 'instances' then
    return;
  end if;
  perform dpg_private.check_network_part(document, '{instances}', 'array');
  for instance in 0 .. jsonb_array_length(document -> 'instances') - 1 loop
    path := array['instances', instance::text];
    perform
      dpg_private.check_network_part(document, path, 'object'),
      dpg_private.check_network_name(document, path, 'domain_name'),
      dpg_private.check_network_part(document, path || array['instance_url'], 'url');
    domain := dpg_private.name_of_part(document #> path, 'domain_name');
    if not item_types ? domain then
      perform dpg_private.refuse_network_document(
        path || case when document #> path ? 'domain_name' then 'domain_name' else 'domain_id' end,
        to_jsonb(domain), 'is no declared domain', 'An instance serves one of the domains of the document.'
      );
    end if;
  end loop;
end
$body$;

comment on function dpg_private.check_network_instances(jsonb, jsonb) is
  'Raises DP001 unless the instances of a network document are an array of objects, each with an instance_url
and with the domain_name of a declared domain. A document may have no instances. item_types is the column of
dpg.networks.';

create or replace function dpg_private.edit_distance(one text, other text)
returns integer
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  former integer[];
  present integer[] := array(select n from generate_series(0, length(other)) n order by n);
begin
  for i in 1 .. length(one) loop
    former := present;
    present := array[i];
    for j in 1 .. length(other) loop
      present := present || least(
        former[j + 1] + 1, present[j] + 1, former[j] + (substr(one, i, 1) <> substr(other, j, 1))::integer
      );
    end loop;
  end loop;
  return present[length(other) + 1];
end
$body$;

comment on function dpg_private.edit_distance(text, text) is
  'How many characters must be added, taken away or replaced to get from one text to the other. For short texts.';

create or replace function dpg_private.misspelt_field(name text, fields text[])
returns text
language sql
immutable
parallel safe
security invoker
return (
  select f.field
  from unnest(fields) with ordinality f(field, number)
  where name <> all (fields)
    and case when abs(length(name) - length(f.field)) <= 2 then dpg_private.edit_distance(name, f.field) <= 2 end
  order by dpg_private.edit_distance(name, f.field), f.number
  limit 1
);

comment on function dpg_private.misspelt_field(text, text[]) is
  'Which of the fields a name is that is one or two characters away from it. Null for one of the fields itself, and for
any other name.';

create or replace function dpg_private.instance_item_types(document jsonb, item_domain text)
returns text[]
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return array(
    select t.item_type
    from jsonb_array_elements(coalesce(document -> 'instances', '[]')) i(instance)
    cross join jsonb_each(i.instance) m(name, value)
    cross join jsonb_object_keys(case jsonb_typeof(m.value) when 'object' then m.value else '{}' end) t(item_type)
    where dpg_private.name_of_part(i.instance, 'domain_name') = instance_item_types.item_domain
      and position('item_schema' in m.name) > 0
  );
end
$body$;

comment on function dpg_private.instance_item_types(jsonb, text) is
  'The item types for which instances of a domain have schemas of their own, such as by custom_item_schema_urls. The
instances of the document were checked.';

create or replace function dpg_private.check_network_actions(document jsonb, item_types jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  fields constant text[] := array['from_network', 'from_domain', 'from_items', 'to_network', 'to_domain', 'to_items'];
  action_type text;
  path text[];
  interaction jsonb;
  field text;
  meant text;
  side text;
  is_ours boolean;
begin
  if not document ? 'actions' then
    return;
  end if;
  -- check: action types
  perform dpg_private.check_network_part(document, '{actions}', 'object');
  for action_type in select a.name from jsonb_object_keys(document -> 'actions') a(name) loop
    path := array['actions', action_type];
    if not dpg_private.is_key(action_type) then
      perform dpg_private.refuse_network_document(
        path, to_jsonb(action_type), 'is not an action type',
        'An action type is text of 1 to 120 characters that is not all white space.'
      );
    end if;
    perform
      dpg_private.check_network_part(document, path, 'object'),
      dpg_private.check_network_part(document, path || array['interactions'], 'array');

    -- check: the fields of each interaction
    for place in 0 .. jsonb_array_length(document #> path -> 'interactions') - 1 loop
      path := array['actions', action_type, 'interactions', place::text];
      perform dpg_private.check_network_part(document, path, 'object');
      interaction := document #> path;
      -- Unknown fields are kept. With a misspelt from_items the interaction would permit more than was meant.
      select f.name, dpg_private.misspelt_field(f.name, fields)
      into field, meant
      from jsonb_object_keys(interaction) f(name)
      where dpg_private.misspelt_field(f.name, fields) is not null
      limit 1;
      if found then
        perform dpg_private.refuse_network_document(
          path || array[field], interaction -> field, 'is not a field of an interaction',
          format('It seems to be %s, misspelt.', meant)
        );
      end if;
      foreach field in array array['requirement_schema', 'event_schema'] loop
        if interaction ? field then
          perform dpg_private.check_network_part(document, path || array[field], 'schema');
        end if;
      end loop;

      -- check: both sides of each interaction
      foreach side in array array['from', 'to'] loop
        if interaction ? (side || '_network') then
          perform dpg_private.check_network_part(document, path || array[side || '_network'], 'key');
        end if;
        perform dpg_private.check_network_part(document, path || array[side || '_domain'], 'key');
        is_ours := coalesce(interaction ->> (side || '_network'), document ->> 'name') = document ->> 'name';
        if is_ours and not item_types ? (interaction ->> (side || '_domain')) then
          perform dpg_private.refuse_network_document(
            path || array[side || '_domain'], interaction -> (side || '_domain'), 'is no declared domain',
            format('Name a domain of the document, or say in %s_network whose it is.', side)
          );
        end if;
        field := side || '_items';
        continue when not interaction ? field;
        perform dpg_private.check_network_part(document, path || array[field], 'array');
        for item in 0 .. jsonb_array_length(interaction -> field) - 1 loop
          perform dpg_private.check_network_part(document, path || array[field, item::text], 'key');
          continue when not is_ours
            or item_types -> (interaction ->> (side || '_domain')) ? (interaction -> field ->> item);
          if interaction -> field ->> item
            <> all (dpg_private.instance_item_types(document, interaction ->> (side || '_domain')))
          then
            perform dpg_private.refuse_network_document(
              path || array[field, item::text], interaction -> field -> item, 'is no declared item type',
              'Name an item type of the domain.'
            );
          end if;
          raise warning using message = dpg_private.text_for_client(format(
            'document at %s: no schema of domain %L declares item type %L: it takes no part in actions',
            dpg_private.pointer_of_path(path || array[field, item::text]),
            interaction ->> (side || '_domain'), interaction -> field ->> item
          )),
            hint = 'Only an instance has a schema of it. Add the item type to the item_schemas of the domain.';
        end loop;
      end loop;
      if document ->> 'name' <> all (array[
        coalesce(interaction ->> 'from_network', document ->> 'name'),
        coalesce(interaction ->> 'to_network', document ->> 'name')
      ]) then
        perform dpg_private.refuse_network_document(
          path, interaction, 'is between other networks', 'One side of an interaction is the network of the document.'
        );
      end if;
    end loop;
  end loop;
end
$body$;

comment on function dpg_private.check_network_actions(jsonb, jsonb) is
  'Raises DP001 unless the actions of a network document are an object of objects, each with an array of
interactions. A document may have no actions. An interaction is between declared domains and item types, or
between those and ones of one other network. An item type that only an instance of the domain has a schema of is a
warning. The instances were checked, and the document has its name. item_types is the column of dpg.networks.';
--! EndIncluded networks/network_document.sql
--! Included networks/item_fields.sql
-- Which fields of items are public: open to facets, counts and search. It is read out of the schemas once, when a
-- network is registered. A field is closed when any part of a schema that may apply to its value is marked private.
-- What cannot be followed counts as private.

create or replace function dpg_private.pointer_steps(fragment text)
returns text[]
language plpgsql
immutable -- not parallel safe: a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  pointer text := fragment;
begin
  if position('%' in pointer) > 0 then
    if pointer ~ '%(?![0-9A-Fa-f]{2})' then
      return null;
    end if;
    pointer := convert_from(
      (
        select string_agg(
          case
            when left(p.part[1], 1) = '%' then decode(substr(p.part[1], 2), 'hex')
            else convert_to(p.part[1], 'UTF8')
          end,
          '' order by p.number
        )
        from regexp_matches(pointer, '%..|[^%]+', 'g') with ordinality p(part, number)
      ),
      'UTF8'
    );
  end if;
  if pointer = '/' then
    return array[''];
  end if;
  return array(
    select replace(replace(s.step, '~1', '/'), '~0', '~')
    from unnest(string_to_array(substr(pointer, 2), '/')) with ordinality s(step, number)
    order by s.number
  );
exception
  when data_exception then
    return null;
end
$body$;

comment on function dpg_private.pointer_steps(text) is
  'The steps of a JSON pointer as the fragment of a URI has it, without #. Null for one that is malformed.';

create or replace function dpg_private.is_portable_pattern(pattern text)
returns boolean
language sql
immutable
parallel safe
security invoker
return pattern not like '***%'
  and pattern ~ (
    E'^(?:[^][\\\\(){}*+?]|\\\\[]\\\\.^$|(){}*+?/[dw-]|\\[\\^?[A-Za-z0-9_ .,:@-]+\\]'
    || E'|\\((?:\\?:|(?!\\?))|[)*+?]|\\{[0-9]{1,2}(?:,[0-9]{0,2})?\\})*$'
  );

comment on function dpg_private.is_portable_pattern(text) is
  'Whether a regular expression of JavaScript means the same in PostgreSQL: it has characters, escaped punctuation,
classes of digits and of word characters, plain brackets, groups, alternatives, and small numbers of repetitions. False
where that is not certain.';

create or replace function dpg_private.may_match(pattern text, name text)
returns boolean
language plpgsql
immutable -- not parallel safe: a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not dpg_private.is_portable_pattern(pattern) then
    return true;
  end if;
  return name collate "C" ~ pattern;
exception
  when invalid_regular_expression then
    return true;
end
$body$;

comment on function dpg_private.may_match(text, text) is
  'Whether a pattern of a JSON Schema, a regular expression of JavaScript, matches a name. True for a pattern that may
mean something else in PostgreSQL.';

create or replace function dpg_private.schemas_within(part jsonb)
returns table (use text, steps text[])
language sql
immutable
parallel safe
security invoker
begin atomic
  select k.use, s.steps
  from jsonb_each(case jsonb_typeof(part) when 'object' then part else '{}' end) m(keyword, value)
  cross join lateral (
    select case
      when m.keyword in ('allOf', 'anyOf', 'oneOf', 'then', 'else', 'dependentSchemas', 'dependencies') then 'same'
      when m.keyword in ('if', 'not') then 'tested'
      when m.keyword in (
        'items', 'prefixItems', 'additionalItems', 'unevaluatedItems', 'contains', 'contentSchema'
      ) then 'element'
      when m.keyword = 'properties' then 'property'
      when m.keyword = 'patternProperties' then 'pattern'
      when m.keyword in ('additionalProperties', 'unevaluatedProperties') then 'others'
    end as use
  ) k
  cross join lateral (
    -- several by name, several in an array, or one
    select array[m.keyword, n.name] as steps, n.schema
    from jsonb_each(case jsonb_typeof(m.value) when 'object' then m.value else '{}' end) n(name, schema)
    where m.keyword in ('properties', 'patternProperties', 'dependentSchemas', 'dependencies')
    union all
    select array[m.keyword, (e.number - 1)::text], e.schema
    from jsonb_array_elements(
      case jsonb_typeof(m.value) when 'array' then m.value else '[]' end
    ) with ordinality e(schema, number)
    union all
    select array[m.keyword], m.value
    where m.keyword not in ('properties', 'patternProperties', 'dependentSchemas', 'dependencies')
  ) s
  where k.use is not null
    and jsonb_typeof(s.schema) in ('object', 'boolean');
end;

comment on function dpg_private.schemas_within(jsonb) is
  'The schemas right within a schema: the steps to each, and what it is for. same: the same value. tested: the same
value, but only to ask. element: a part of a value that is no field of it. property, pattern, others: fields of it.';

create or replace function dpg_private.schema_names(schema jsonb)
returns jsonb
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not (
    jsonb_path_exists(schema, '$.**."$id"') or jsonb_path_exists(schema, '$.**."$anchor"')
    or jsonb_path_exists(schema, '$.**."$dynamicAnchor"')
  ) then
    return '{}';
  end if;
  return (
    with recursive containers(path) as (
      select array[]::text[]
      union all
      select c.path || m.step
      from containers c
      cross join lateral (select schema #> c.path as part offset 0) p
      cross join lateral (
        select o.name as step, o.value
        from jsonb_each(case jsonb_typeof(p.part) when 'object' then p.part else '{}' end) o(name, value)
        union all
        select (e.number - 1)::text, e.value
        from jsonb_array_elements(
          case jsonb_typeof(p.part) when 'array' then p.part else '[]' end
        ) with ordinality e(value, number)
      ) m
      where jsonb_typeof(m.value) in ('object', 'array')
    ),
    names as (
      select n.name, jsonb_agg(c.path) as paths
      from containers c
      cross join lateral (select schema #> c.path as part offset 0) p
      cross join lateral (
        select p.part ->> '$id' as id
        where jsonb_typeof(p.part) = 'object'
      ) i
      cross join lateral (
        values
          ('#' || (p.part ->> '$anchor')), ('#' || (p.part ->> '$dynamicAnchor')),
          (case when i.id like '#%' then i.id end),
          (case when i.id not like '#%' then 'base ' || c.path::text end),
          -- by the last segment: no base is needed, and what is named alike is followed as well
          (case when i.id not like '#%' then 'id ' || substring(rtrim(i.id, '#') from '[^/]*$') end)
      ) n(name)
      where n.name is not null
      group by n.name
    )
    select coalesce(jsonb_object_agg(n.name, n.paths), '{}')
    from names n
  );
end
$body$;

comment on function dpg_private.schema_names(jsonb) is
  'What references in a schema can name, each with an array of paths: # and an anchor; "id " and the last segment of an
$id; "base " and the path of a part that has an $id. Most schemas have none.';

create or replace function dpg_private.reference_targets(schema jsonb, names jsonb, path text[], reference text)
returns setof text[]
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
rows 1
as $body$
declare
  uri constant text := split_part(reference, '#', 1);
  fragment constant text := substr(reference, length(uri) + 2);
  steps constant text[] := case when fragment like '/%' then dpg_private.pointer_steps(fragment) else '{}' end;
  bases jsonb; -- paths
begin
  if fragment <> '' and fragment not like '/%' then
    -- of several anchors of one name each may be meant
    bases := names -> ('#' || fragment);
  elsif uri <> '' then
    bases := names -> ('id ' || substring(uri from '[^/]*$'));
  else
    bases := '[[]]';
    for length in reverse case when names = '{}' then 0 else cardinality(path) end .. 1 loop
      if names ? ('base ' || path[1:length]::text) then
        bases := jsonb_build_array(path[1:length]);
        exit;
      end if;
    end loop;
  end if;
  return query
    select t.target
    from jsonb_array_elements(bases) b(base)
    cross join lateral (select array(select jsonb_array_elements_text(b.base)) || steps as target) t
    where steps is not null
      and jsonb_typeof(schema #> t.target) in ('object', 'boolean');
end
$body$;

comment on function dpg_private.reference_targets(jsonb, jsonb, text[], text) is
  'The paths in a schema to which a reference ($ref) of the part at path may lead. None: it leads out of the schema, or
nowhere. names are those of dpg_private.schema_names.';

create or replace function dpg_private.fields_of_schema(schema jsonb)
returns table (use text, name text, is_declared boolean, is_closed boolean, path text[])
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
set enable_nestloop = off -- the planner knows nothing of how many parts there are
set enable_mergejoin = off
set jit = off
rows 50
as $body$
declare
  names constant jsonb := dpg_private.schema_names(schema);
begin
  return query
    with recursive
    -- The schemas that may apply to the item (item), that only ask something of it (tested), and that may apply to the
    -- value of one of its fields (value).
    nodes(path, role) as (
      select array[]::text[], 'item'
      union
      select l.path, l.role
      from nodes n
      cross join lateral (select schema #> n.path as part offset 0) p
      cross join lateral (
        select n.path || w.steps as path,
          case
            when n.role = 'value' or w.use in ('property', 'pattern', 'others') then 'value'
            when w.use = 'tested' then 'tested'
            else n.role
          end as role
        from dpg_private.schemas_within(p.part) w
        where case when n.role = 'value' then w.use in ('same', 'tested', 'element') else w.use <> 'element' end
        union all
        select t.path, n.role
        from unnest(array['$ref', '$dynamicRef', '$recursiveRef']) k(keyword)
        cross join lateral dpg_private.reference_targets(schema, names, n.path, p.part ->> k.keyword) t(path)
        where p.part ->> k.keyword is not null
      ) l
    ),
    marked as materialized (
      select n.path, n.role
      from nodes n
      cross join lateral (select schema #> n.path as part offset 0) p
      where p.part -> 'private' = 'true'
        or exists (
          select
          from unnest(array['$ref', '$dynamicRef', '$recursiveRef']) k(keyword)
          where p.part ->> k.keyword is not null
            and not exists (
              select from dpg_private.reference_targets(schema, names, n.path, p.part ->> k.keyword)
            )
        )
    ),
    links as materialized (
      select n.path as from_path, l.path as to_path
      from nodes n
      cross join lateral (select schema #> n.path as part offset 0) p
      cross join lateral (
        select n.path || w.steps as path
        from dpg_private.schemas_within(p.part) w
        where w.use in ('same', 'tested', 'element')
        union all
        select t.path
        from unnest(array['$ref', '$dynamicRef', '$recursiveRef']) k(keyword)
        cross join lateral dpg_private.reference_targets(schema, names, n.path, p.part ->> k.keyword) t(path)
        where p.part ->> k.keyword is not null
      ) l
      where n.role = 'value'
        and exists (select from marked m where m.role = 'value')
    ),
    closed(path) as (
      select m.path
      from marked m
      where m.role = 'value'
      union
      select l.from_path
      from closed c
      join links l on l.to_path = c.path
    )
    select 'all', null, false, true, m.path
    from marked m
    where m.role <> 'value'
    union all
    select w.use, case when w.use <> 'others' then w.steps[2] end, n.role = 'item' and w.use = 'property',
      c.path is not null, n.path || w.steps
    from nodes n
    cross join lateral (select schema #> n.path as part offset 0) p
    cross join lateral dpg_private.schemas_within(p.part) w
    left join (select distinct d.path from closed d) c on c.path = n.path || w.steps
    where n.role <> 'value'
      and w.use in ('property', 'pattern', 'others');
end
$body$;

comment on function dpg_private.fields_of_schema(jsonb) is
  'What the schema of an item says of its fields, each with the path to it in the schema. use property: the field of
this name is declared there or not, and closed or not. pattern: the same of fields that match. others: of those beside
the properties of the same part. all: every field is closed, because what applies to the whole item is private.';

create or replace function dpg_private.closes_field(
  document jsonb,
  use text,
  name text,
  path text[],
  field text
)
returns boolean
language sql
immutable
security invoker
return case use
  when 'all' then true
  when 'property' then name = field
  when 'pattern' then dpg_private.may_match(name, field)
  when 'others' then (document #> path[1:cardinality(path) - 1] -> 'properties' ? field) is not true
end;

comment on function dpg_private.closes_field(jsonb, text, text, text[], text) is
  'Whether a closed row of dpg_private.fields_of_schema is about a field. path leads from document to where it stands.';

create or replace function dpg_private.network_item_fields(document jsonb)
returns jsonb
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    with
    said as materialized (
      select d.number, t.item_type, s.use, s.name, s.is_declared, s.is_closed,
        array['domains', (d.number - 1)::text, 'item_schemas', t.item_type] || s.path as path
      from jsonb_array_elements(document -> 'domains') with ordinality d(domain, number)
      cross join jsonb_each(d.domain -> 'item_schemas') t(item_type, schema)
      cross join dpg_private.fields_of_schema(t.schema) s
      where s.is_declared or s.is_closed
    ),
    -- also those of other domains: a search in several meets them all
    declared as materialized (
      select distinct s.name as field
      from said s
      where s.is_declared
    ),
    fields as (
      select e.number, e.field,
        coalesce(jsonb_agg(distinct e.item_type) filter (where not e.is_closing), '[]') as declared,
        coalesce(jsonb_agg(distinct e.item_type) filter (where e.is_closing), '[]') as closed
      from (
        select s.number, s.name as field, s.item_type, false as is_closing
        from said s
        where s.is_declared
        union all
        select s.number, f.field, s.item_type, true
        from said s
        join declared f on f.field = s.name
        where s.is_closed
          and s.use = 'property'
        union all
        select s.number, f.field, s.item_type, true
        from said s
        cross join declared f
        where s.is_closed
          and s.use <> 'property'
          and dpg_private.closes_field(document, s.use, s.name, s.path, f.field)
      ) e
      group by e.number, e.field
    )
    select coalesce(
      jsonb_object_agg(
        d.domain ->> 'name',
        (
          select coalesce(
            jsonb_object_agg(f.field, jsonb_build_object('declared', f.declared, 'closed', f.closed)), '{}'
          )
          from fields f
          where f.number = d.number
        )
      ),
      '{}'
    )
    from jsonb_array_elements(document -> 'domains') with ordinality d(domain, number)
  );
end
$body$;

comment on function dpg_private.network_item_fields(jsonb) is
  'What a network document says of the fields of items: the column item_fields of dpg.networks. The domains of the
document were checked.';

create or replace function dpg_private.closed_at(schema jsonb, field text)
returns text[]
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select s.path
    from dpg_private.fields_of_schema(schema) s
    where s.is_closed
      and dpg_private.closes_field(schema, s.use, s.name, s.path, closed_at.field)
    order by cardinality(s.path), s.path
    limit 1
  );
end
$body$;

comment on function dpg_private.closed_at(jsonb, text) is
  'The path in the schema of an item to what closes a field. Null for a field that is not closed.';

-- What is registered already is read as it would be now: this file is in each migration that changes the reading.
update dpg.networks n
set item_fields = dpg_private.network_item_fields(dpg_private.with_names(n.document))
where n.item_fields <> dpg_private.network_item_fields(dpg_private.with_names(n.document));
--! EndIncluded networks/item_fields.sql
--! Included networks/declarations.sql
create or replace function dpg_private.network_item_types(document jsonb)
returns jsonb
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return coalesce(
    (
      select jsonb_object_agg(
        d.domain ->> 'name',
        (
          select coalesce(jsonb_agg(t.item_type order by t.item_type collate "C"), '[]')
          from jsonb_object_keys(d.domain -> 'item_schemas') t(item_type)
        )
      )
      from jsonb_array_elements(document -> 'domains') d(domain)
    ),
    '{}'
  );
end
$body$;

comment on function dpg_private.network_item_types(jsonb) is
  'What a network document says of items: the column item_types of dpg.networks. The domains of the document
were checked.';

create or replace function dpg_private.items_of_side(named jsonb, declared jsonb)
returns jsonb
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Without from_items or to_items, or with none in them, all item types are meant. Of this network all of them are
  -- named, because an item type that the domain does not declare has no part in any action.
  if named is null or named = '[]' then
    return declared;
  end if;
  if declared is null then
    return named;
  end if;
  return (
    select coalesce(jsonb_agg(t.item_type order by t.number), '[]')
    from jsonb_array_elements_text(named) with ordinality t(item_type, number)
    where declared ? t.item_type
  );
end
$body$;

comment on function dpg_private.items_of_side(jsonb, jsonb) is
  'The item types of a side of an interaction: what the document names of the ones that its domain declares. declared is
null for a domain of another network: null then means any type.';

create or replace function dpg_private.network_interactions(document jsonb, item_types jsonb)
returns jsonb
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return coalesce(
    (
      select jsonb_object_agg(
        a.action_type,
        (
          select coalesce(
            jsonb_agg(
              jsonb_strip_nulls(jsonb_build_object(
                'from_network', s.from_network,
                'from_domain', i.interaction -> 'from_domain',
                'from_items', dpg_private.items_of_side(
                  i.interaction -> 'from_items',
                  case
                    when s.from_network = document ->> 'name' then item_types -> (i.interaction ->> 'from_domain')
                  end
                ),
                'to_network', s.to_network,
                'to_domain', i.interaction -> 'to_domain',
                'to_items', dpg_private.items_of_side(
                  i.interaction -> 'to_items',
                  case
                    when s.to_network = document ->> 'name' then item_types -> (i.interaction ->> 'to_domain')
                  end
                )
              ))
              order by i.position
            ),
            '[]'
          )
          from jsonb_array_elements(a.action -> 'interactions') with ordinality i(interaction, position)
          cross join lateral (
            select
              coalesce(i.interaction ->> 'from_network', document ->> 'name') as from_network,
              coalesce(i.interaction ->> 'to_network', document ->> 'name') as to_network
          ) s
        )
      )
      from jsonb_each(document -> 'actions') a(action_type, action)
    ),
    '{}'
  );
end
$body$;

comment on function dpg_private.network_interactions(jsonb, jsonb) is
  'What a network document says of actions: the column interactions of dpg.networks. The document was checked.';
--! EndIncluded networks/declarations.sql
--! Included networks/public_fields.sql
create or replace function dpg_private.is_public_field(
  item_fields jsonb,
  item_domains text[],
  item_type text,
  field text
)
returns boolean
language sql
immutable
parallel safe
security invoker
return (
  select bool_or(coalesce(f.of_field -> 'declared' ? item_type, f.of_field -> 'declared' <> '[]'))
    and not bool_or(coalesce(f.of_field -> 'closed' ? item_type, f.of_field -> 'closed' <> '[]'))
  from unnest(coalesce(item_domains, array(select jsonb_object_keys(item_fields)))) d(domain)
  cross join lateral (select item_fields -> d.domain -> field as of_field) f
  where f.of_field is not null
);

comment on function dpg_private.is_public_field(jsonb, text[], text, text) is
  'Whether facets, counts and search may use a field of the items in these domains (null: in all) of a registered
network, of one type or of all. Null for a field that none of them declares or closes. item_fields is the column of
dpg.networks.';

create or replace function dpg_private.refuse_field_of_network(
  item_network text,
  item_domains text[],
  item_type text,
  field text
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  document constant jsonb := (
    select n.document || '{}' from dpg.networks n where n.network = refuse_field_of_network.item_network
  );
  item_fields constant jsonb := (
    select n.item_fields || '{}' from dpg.networks n where n.network = refuse_field_of_network.item_network
  );
  place constant text :=
    case when item_type is null then '' else format(' of item type %L', item_type) end
    || case when item_domains is null then '' else format(
      ' in domain %s',
      (
        select string_agg(format('%L', d.domain), ', ' order by d.number)
        from unnest(item_domains) with ordinality d(domain, number)
      )
    ) end;
  keys constant jsonb := jsonb_strip_nulls(jsonb_build_object(
    'item_domain', case when cardinality(item_domains) = 1 then item_domains[1] end,
    'item_domains', case when cardinality(item_domains) <> 1 then to_jsonb(item_domains) end,
    'item_type', item_type
  )) || jsonb_build_object('item_network', item_network, 'field', field);
  -- no more than a hint has room for
  public_fields constant text[] := array(
    select s.name
    from (
      select distinct f.name collate "C" as name
      from jsonb_each(item_fields) d(domain, fields)
      cross join jsonb_object_keys(d.fields) f(name)
      where item_domains is null or d.domain = any (item_domains)
      order by 1
      offset 0
    ) s
    where dpg_private.is_public_field(item_fields, item_domains, item_type, s.name)
    limit 100
  );
  closing_path text[];
begin
  select array['domains', (d.number - 1)::text, 'item_schemas', t.item_type] || c.path
  into closing_path
  from jsonb_array_elements(document -> 'domains') with ordinality d(domain, number)
  cross join lateral (select item_fields -> dpg_private.name_of_part(d.domain, 'name') -> field -> 'closed' as types) s
  cross join jsonb_array_elements_text(s.types) t(item_type)
  cross join dpg_private.closed_at(
    d.domain -> 'item_schemas' -> t.item_type, refuse_field_of_network.field
  ) c(path)
  where (item_domains is null or dpg_private.name_of_part(d.domain, 'name') = any (item_domains))
    and (refuse_field_of_network.item_type is null or t.item_type = refuse_field_of_network.item_type)
  order by d.number, t.item_type
  limit 1;
  if closing_path is null then
    perform dpg_private.refuse_not_in_network(
      item_network, 'field', format('field %L%s', field, place), public_fields, keys
    );
  end if;
  raise exception using
    errcode = 'DP014',
    message = dpg_private.text_for_client(
      format('network %L marks field %L%s private', item_network, field, place)
    ),
    hint = dpg_private.text_for_client(format(
      'Facets, counts and search may use: %s. dpg_admin replaces its document by dpg.register_network.',
      coalesce(nullif(left(array_to_string(public_fields, ', '), 500), ''), 'none')
    )),
    detail = dpg_private.text_for_client((
      keys || jsonb_build_object(
        'network', item_network, 'private', 'field', 'path', dpg_private.pointer_of_path(closing_path)
      )
    )::text);
end
$body$;

comment on function dpg_private.refuse_field_of_network(text, text[], text, text) is
  'Raises DP014 for a field that a registered network does not declare, or closes. For a closed one the DETAIL has the
path in the document to what closes it, as a JSON pointer.';

create or replace function dpg_private.check_public_fields(
  item_network text,
  item_domains text[],
  item_type text,
  fields text[]
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- With {} added, PostgreSQL reads the stored form once, not for each field.
  item_fields constant jsonb := (
    select n.item_fields || '{}' from dpg.networks n where n.network = check_public_fields.item_network
  );
  refused text;
begin
  if item_fields is null then
    return;
  end if;
  select f.field
  into refused
  from unnest(fields) with ordinality f(field, number)
  where dpg_private.is_public_field(item_fields, item_domains, check_public_fields.item_type, f.field) is not true
  order by f.number
  limit 1;
  if found then
    perform dpg_private.refuse_field_of_network(item_network, item_domains, item_type, refused);
  end if;
end
$body$;

comment on function dpg_private.check_public_fields(text, text[], text, text[]) is
  'Raises DP014 when the network is registered and facets, counts and search may not use one of these fields of
item_state. No schema of these domains (null: of all), of the item type if one is given, declares it; or one of them
marks it private, or all of the item. Of several types one that closes it is enough. Names are compared exactly.';

create or replace function dpg_private.searched_fields(item_network text)
returns table (item_domain text, item_type text, field text)
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
rows 10
as $body$
begin
  return query
    select s.item_domain, s.item_type, f.field
    from dpg.item_searches s
    cross join unnest(s.fields) f(field)
    where s.item_network = searched_fields.item_network;
end
$body$;

comment on function dpg_private.searched_fields(text) is
  'The fields that definitions of search use in a network.';

create or replace function dpg_private.check_searched_fields(document jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  closed record;
begin
  select array['domains', (d.number - 1)::text, 'item_schemas', s.item_type] || c.path as path, s.*
  into closed
  from dpg_private.searched_fields(document ->> 'name') s
  join jsonb_array_elements(document -> 'domains') with ordinality d(domain, number)
    on d.domain ->> 'name' = s.item_domain
  cross join lateral dpg_private.closed_at(d.domain -> 'item_schemas' -> s.item_type, s.field) c(path)
  where c.path is not null
  order by d.number, s.item_type, s.field
  limit 1;
  if found then
    perform dpg_private.refuse_network_document(
      closed.path, document #> closed.path, format('closes field %L, which is searched', closed.field),
      format(
        'Take the field out of the search of %L/%L by dpg.define_search first.', closed.item_domain, closed.item_type
      )
    );
  end if;
end
$body$;

comment on function dpg_private.check_searched_fields(jsonb) is
  'Raises DP001 for a network document that makes a field private that a definition of search uses. The document was
checked, and its domains have names.';
--! EndIncluded networks/public_fields.sql
--! Included networks/register_network.sql
create or replace function dpg.register_network(document jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  named jsonb;
  item_types jsonb;
begin
  perform dpg_private.check_document('document', document);
  perform dpg_private.check_network_name(document, '{}');
  perform dpg_private.check_network_domains(document);
  named := dpg_private.with_names(document);
  item_types := dpg_private.network_item_types(named);
  perform dpg_private.check_network_instances(document, item_types);
  perform dpg_private.check_network_actions(named, item_types);

  -- One row, replaced in one statement: so no call sees half of a document, and no call waits.
  insert into dpg.networks as n (network, document, item_types, interactions, item_fields)
  values (
    named ->> 'name', document, item_types, dpg_private.network_interactions(named, item_types),
    dpg_private.network_item_fields(named)
  )
  on conflict on constraint networks_pkey do update
  set document = excluded.document,
    item_types = excluded.item_types,
    interactions = excluded.interactions,
    item_fields = excluded.item_fields,
    registered_at = excluded.registered_at
  where (n.document, n.item_types, n.interactions, n.item_fields)
    is distinct from (excluded.document, excluded.item_types, excluded.interactions, excluded.item_fields);

  -- Who defines a search writes these rows, too: so that in repeatable read the later of two ends in 40001, where it
  -- would not see the other.
  insert into dpg_private.searched_domains as s
  select named ->> 'name', d.domain ->> 'name', 0
  from jsonb_array_elements(named -> 'domains') d(domain)
  order by 2
  on conflict on constraint searched_domains_pkey do update
  set version = s.version;

  -- After the row is written: whoever defines a search meanwhile waits for it, or has committed and is seen here.
  perform dpg_private.check_searched_fields(named);
end
$body$;

comment on function dpg.register_network(jsonb) is
  'For dpg_admin. Registers a network document. It replaces the former document of the same name. From then on, new
items, actions and mirrored events of the network must be of declared domains, item types, action types and interactions
(else DP014). What is there already stays: items can be changed, actions can go on. Schemas are kept, but not applied
here. State graphs are declared by dpg.define_action. Facets, counts and search take the fields of items that a schema
declares (else DP014). "private": true in the schema of a field, or of all of the item, closes it to them;
dpg.networks.item_fields has what was read out of the schemas. id and domain_id are synonyms of name and domain_name.
Fields that are not known are kept; a misspelt field of from_ or to_ is refused. An item type of an interaction that
only an instance has a schema of is a WARNING, and takes no part. For a faulty document, the DETAIL has the path to the
fault as a JSON pointer.
Raises DP001.
Example: select dpg.register_network(''{
  "name": "yellow_dot",
  "domains": [
    {"name": "student", "item_schemas": {"profile_1.0": {"type": "object"}}},
    {"name": "tutor", "item_schemas": {"profile_1.0": {"type": "object"}}}
  ],
  "instances": [],
  "actions": {
    "connect": {"interactions": [
      {"from_domain": "student", "to_domain": "tutor", "requirement_schema": {"type": "object"}}
    ]}
  }
}'')';
--! EndIncluded networks/register_network.sql
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
   @item_latitude, @item_longitude, @created_by, @created_at, @updated_at, @item_status',
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
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $body$
declare
  stored dpg.items;
begin
  if leaf is not null and slot is not null then
    return dpg_private.item_in_slot(slot, item);
  elsif leaf is not null then
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
set enable_seqscan = off
as $body$
declare
  stored dpg.items;
begin
  if leaf is not null and slot is not null and strength in ('key share', 'no key update') then
    return dpg_private.lock_item_in_slot(slot, item, strength);
  elsif leaf is not null then
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
begin
  if slot is not null and dpg_private.is_grown(leaf) then
    return dpg_private.update_item_in_slot(slot, item, changed, owner);
  end if;
  execute format(
    'update %s i
     set item_instance_url = $5, item_schema_url = $6, item_state = $7, item_latitude = $8, item_longitude = $9,
       updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond''),
       item_status = coalesce($11, i.item_status)
     where %s and i.created_by = $10
     returning i.*',
    leaf, dpg_private.item_key_sql()
  )
  into stored
  using item.item_network, item.item_domain, item.item_type, item.item_id, changed.item_instance_url,
    changed.item_schema_url, changed.item_state, changed.item_latitude, changed.item_longitude, owner,
    changed.item_status;
  return stored;
end
$body$;

comment on function dpg_private.write_item(regclass, smallint, dpg.item_ref, dpg.items, text) is
  'Replaces the content of an item of this owner by that of changed, and its status unless that is null there. Returns
the row; all columns are null where no row was changed. updated_at rises with each change, also when the clock was set
back.';
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
  item_id uuid default null,
  item_status text default null
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
  definition dpg.item_definitions;
  sent dpg.items;
  changed dpg.items;
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
    dpg_private.check_coordinates_or_none('item_latitude', item_latitude, 'item_longitude', item_longitude),
    dpg_private.check_key_or_none('item_status', item_status)
  );

  -- look: one statement instead of three. Its answers hold for this moment. After any wait for a lock they are asked
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
    )
  into is_user, is_undeclared, is_known_url;
  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
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
    slot := dpg_private.slot_of('items', item_network, item_domain);
    is_known_url := false;
  end if;
  if not is_known_url then
    perform dpg_private.register_instance_url(item_instance_url); -- unless it is known by now
  end if;
  if item_network = any (dpg_private.defined_networks()) then
    definition := dpg_private.find_item_definition(item_network, item_domain);
  end if;
  -- Only our columns, each by its name: an application may have added others, which stand anywhere, with defaults. So
  -- every insert names the columns, too.
  sent.item_network := item_network;
  sent.item_domain := item_domain;
  sent.item_type := item_type;
  sent.item_id := coalesce(item_id, gen_random_uuid());
  sent.item_instance_url := item_instance_url;
  sent.item_schema_url := item_schema_url;
  sent.item_state := item_state;
  sent.item_latitude := item_latitude;
  sent.item_longitude := item_longitude;
  sent.created_by := actor;
  sent.created_at := clock_timestamp();
  sent.updated_at := sent.created_at;
  sent.item_status := coalesce(item_status, definition.initial_status, 'live');

  -- insert: most upserts are new items. An insert through the root has a plan that is kept and knows no leaves. It
  -- names no constraint: PostgreSQL would search the index of the leaf for it at each call.
  insert into dpg.items (
    item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
    item_latitude, item_longitude, created_by, created_at, updated_at, item_status
  )
  values (
    item_network, item_domain, item_type, sent.item_id, item_instance_url, item_schema_url, item_state,
    item_latitude, item_longitude, actor, sent.created_at, sent.created_at, sent.item_status
  )
  on conflict do nothing;
  is_new := found;
  -- only here: an item that is there may keep a status that the definition does not know any more
  if is_new and item_status is not null and definition.statuses is not null then
    perform dpg_private.check_item_status(dpg_private.ref_of_item(sent), null, item_status, definition);
  end if;
  -- after the insert: its lock keeps new triggers out
  has_additions := dpg_private.has_additions_to_item(leaf, slot);
  if is_new then
    if has_additions then
      return dpg_private.read_written_item(leaf, sent, 'insert');
    end if;
    return sent;
  end if;

  -- replace
  for attempt in 1 .. 100 loop
    -- From the second attempt on the row is locked: then an insert or update that changes nothing was suppressed. With
    -- a status from the first, since which one may come next depends on the present one.
    stored := case
      when attempt = 1 and item_status is null then
        dpg_private.read_item(leaf, slot, dpg_private.ref_of_item(sent))
      else dpg_private.lock_item(leaf, dpg_private.ref_of_item(sent), 'no key update', slot)
    end;
    if stored.item_id is null then
      -- The item was deleted since the insert met it. Or the insert met a unique index of the application; that
      -- raises here. Or a trigger of the application suppresses the row each time.
      sent.created_at := clock_timestamp();
      sent.updated_at := sent.created_at;
      if dpg_private.insert_again('items', dpg_private.item_columns_sql(''), sent) then
        if item_status is not null then
          perform dpg_private.check_item_status(dpg_private.ref_of_item(sent), null, item_status, definition);
        end if;
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
    if has_additions
      and coalesce(item_status, stored.item_status) = stored.item_status
      and dpg_private.is_repeated_item(
        stored, item_instance_url, item_schema_url, item_state, item_latitude, item_longitude, actor
      )
    then
      return stored;
    end if;
    if stored.created_by <> actor then
      perform dpg_private.refuse_not_item_owner(actor, dpg_private.ref_of_item(sent));
    end if;
    if (
        stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude,
        stored.item_longitude, stored.item_status
      ) is not distinct from (
        item_instance_url, item_schema_url, item_state, item_latitude, item_longitude,
        coalesce(item_status, stored.item_status)
      )
    then
      return stored; -- nothing to change, nothing written
    end if;
    if item_status is not null then
      perform dpg_private.check_item_status(
        dpg_private.ref_of_item(sent), stored.item_status, item_status, definition
      );
    end if;
    changed := sent;
    changed.item_status := item_status;
    stored := dpg_private.write_item(leaf, slot, dpg_private.ref_of_item(sent), changed, actor);
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
  text, text, text, text, text, text, jsonb, double precision, double precision, uuid, text
) is
  'Creates an item of the actor, or replaces the whole content of an item that the actor owns, and returns the row.
Creates the leaf when needed. item_state is a JSON object. item_latitude and item_longitude are degrees, both or
neither. With item_id a repeated call is safe. A call that changes nothing leaves the row and updated_at as they
are. item_status: null is the initial status of dpg.define_item for a new item (live), and leaves that of an item that
is there; a given one is set as by dpg.set_item_status.
Raises DP001, DP003, DP006, DP009, DP010, DP014, DP018.
Example: select * from dpg.upsert_item(
  actor => ''asha'', item_network => ''yellow_dot'', item_domain => ''student'', item_type => ''profile_1.0'',
  item_instance_url => ''https://yellowdot.example.com'',
  item_schema_url => ''https://schemas.example.com/student_v1.json'',
  item_state => ''{"name": "Asha", "goal": "board_exam"}'', item_latitude => 12.9716, item_longitude => 77.5946,
  item_id => ''11111111-1111-4111-8111-111111111111''
)';
--! EndIncluded items/upsert_item.sql
--! Included items/replace_items.sql
create or replace function dpg_private.replace_items(
  actor text,
  items dpg_private.sent_item[],
  inserted uuid[],
  has_additions boolean
)
returns setof dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  target record;
  different integer[]; -- indexes of the items that are not stored like this yet
  changed_rows bigint;
  found_items dpg.items[];
  stored dpg.items[] := array[]::dpg.items[];
  written integer[] := array[]::integer[];
  odd_one record;
begin
  -- leaf by leaf: a join through the root would be planned for all leaves
  for target in
    select
      dpg_private.find_leaf('items', i.item_network, i.item_domain) as leaf,
      array_agg(i) as items,
      array_agg(i) filter (where n.item_id is null) as items_before
    from unnest(items) i
    left join unnest(inserted) n(item_id) using (item_id)
    group by i.item_network, i.item_domain
    order by i.item_network collate "C", i.item_domain collate "C"
  loop
    if target.items_before is not null then
      -- lock, in the order of the keys. An item that has this content already is neither locked nor written. The
      -- update is a statement of its own, so that it sees the rows as they were locked. In one statement it would
      -- go back to the version of an older snapshot, and wait there for sessions that wait for us.
      execute format(
        'select array_agg(d.index)
         from (
           select r.index
           from %1$s i
           join unnest($1) r using (item_network, item_domain, item_type, item_id)
           where i.created_by = $2
             and (
               i.item_instance_url, i.item_schema_url, i.item_state, i.item_latitude, i.item_longitude, i.item_status
             ) is distinct from (
               r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude,
               coalesce(r.item_status, i.item_status)
             )
             %2$s
           order by i.item_type collate "C", i.item_id
           for no key update of i
         ) d',
        target.leaf,
        case when has_additions then
          'and not (
             coalesce(r.item_status, i.item_status) = i.item_status
             and dpg_private.is_repeated_item(
               i, r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude, r.created_by
             )
           )'
        end
      )
      into different
      using target.items_before, actor;
      execute format(
        'select dpg_private.check_item_status(
           row(i.item_network, i.item_domain, i.item_type, i.item_id), i.item_status, r.item_status, f, r.index
         )
         from %1$s i
         join unnest($1) r using (item_network, item_domain, item_type, item_id)
         join unnest($2) d(index) using (index)
         join dpg.item_definitions f using (item_network, item_domain)
         where r.item_status is not null
         order by r.index',
        target.leaf
      )
      using target.items_before, different;
      -- change
      execute format(
        'update %1$s i
         set item_instance_url = r.item_instance_url, item_schema_url = r.item_schema_url, item_state = r.item_state,
           item_latitude = r.item_latitude, item_longitude = r.item_longitude,
           updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond''),
           item_status = coalesce(r.item_status, i.item_status)
         from unnest($1) r
         join unnest($2) d(index) using (index)
         where i.item_network = r.item_network and i.item_domain = r.item_domain
           and i.item_type = r.item_type and i.item_id = r.item_id',
        target.leaf
      )
      using target.items_before, different;
      get diagnostics changed_rows = row_count;
      if changed_rows < cardinality(different) then
        perform dpg_private.refuse_suppressed('update', target.leaf);
      end if;
      written := written || different;
    end if;
    execute format(
      'select array_agg(i::dpg.items)
       from %s i
       join unnest($1) r using (item_network, item_domain, item_type, item_id)',
      target.leaf
    )
    into found_items
    using target.items;
    if cardinality(target.items) > coalesce(cardinality(found_items), 0) then
      if has_additions then
        perform dpg_private.refuse_suppressed('insert', target.leaf);
      end if;
      raise exception 'an item was deleted while it was being replaced'
        using errcode = 'serialization_failure', hint = 'Repeat the call.';
    end if;
    stored := stored || found_items;
  end loop;

  -- check owners; dynamic: planned for the number of rows that there are
  execute
    'select r.index, row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref as item
     from unnest($1) r
     join unnest($2) s using (item_network, item_domain, item_type, item_id)
     left join unnest($3) n(item_id) on n.item_id = r.item_id
     where n.item_id is null
       and s.created_by <> $4
       and not ($5 and dpg_private.is_repeated_item(
         s, r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude, r.created_by
       ))
     order by r.index
     limit 1'
  into odd_one
  using items, stored, inserted, actor, has_additions;
  if odd_one.index is not null then
    perform dpg_private.refuse_not_item_owner(actor, odd_one.item, odd_one.index);
  end if;

  if has_additions then
    execute
      'select dpg_private.note_sent(
         ''items'', r.item_network, r.item_domain, r.item_type, r.item_id,
         dpg_private.digest_of_item(
           r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude, r.created_by
         ),
         dpg_private.digest_of_item(
           s.item_instance_url, s.item_schema_url, s.item_state, s.item_latitude, s.item_longitude, s.created_by
         )
       )
       from unnest($1) r
       join unnest($2) s using (item_network, item_domain, item_type, item_id)
       where r.index = any ($3) or r.item_id = any ($4)'
    using items, stored, written, inserted;
  end if;
  return query execute
    'select s.*
     from unnest($1) r
     join unnest($2) s using (item_network, item_domain, item_type, item_id)
     order by r.index'
  using items, stored;
end
$body$;

comment on function dpg_private.replace_items(text, dpg_private.sent_item[], uuid[], boolean) is
  'The second half of upsert_items: replaces the content of those items that were there before, whose ids were not
inserted. Returns all items as they now are, in the order of their indexes. has_additions: an inserted item may be
stored in another form, see dpg_private.additions_to_items. Raises DP003 with the index, and DP018.';
--! EndIncluded items/replace_items.sql
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
  undeclared uuid[]; -- ids of items that are there although their networks do not declare them
  leaf regclass;
  leaves regclass[] := array[]::regclass[];
  has_additions boolean := false; -- columns or triggers of the application: what is stored has to be read again
  asks_for_ids boolean;
  inserted uuid[]; -- null where nobody asks for ids: all items are new, and stored as they are
  deleted record;
begin
  -- check
  perform dpg_private.check_actor(actor);
  if items is null or jsonb_typeof(items) <> 'array' then
    perform dpg_private.refuse_argument('items', items, 'is not a JSON array', 'Pass a JSON array of objects.');
  end if;

  -- One pass turns the elements into rows and finds the first element that is not right. created_at rises by a
  -- microsecond from element to element, so that the order of the input is an order of time.
  started_at := clock_timestamp();
  begin
    select
      array_agg(
        row(
          e.position - 1,
          e.item_network, e.item_domain, e.item_type, coalesce(e.item_id, gen_random_uuid()),
          e.item_instance_url, e.item_schema_url, coalesce(e.item_state, '{}'), e.item_latitude, e.item_longitude,
          actor,
          started_at + (e.position - 1) * interval '1 microsecond',
          e.item_status, coalesce(e.item_status, d.initial_status, 'live')
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
          and (
            e.item_status is null
            or (jsonb_typeof(e.element -> 'item_status') = 'string' and dpg_private.is_key(e.item_status))
          )
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
        item_state jsonb, item_latitude double precision, item_longitude double precision, item_id uuid,
        item_status text
      )
    ) with ordinality e(
      element, item_network, item_domain, item_type, item_instance_url, item_schema_url,
      item_state, item_latitude, item_longitude, item_id, item_status, position
    )
    left join dpg.item_definitions d on d.item_network = e.item_network and d.item_domain = e.item_domain;
  exception
    when data_exception then
      -- a value that is not of the type of its column: these checks say which one
      perform dpg_private.check_item_object(e.item, (e.position - 1)::integer)
      from jsonb_array_elements(items) with ordinality e(item, position)
      order by e.position;
      raise;
  end;
  if suspect is not null then
    perform dpg_private.check_item_object(items -> suspect, suspect);
    perform dpg_private.refuse_argument(
      'items', items -> suspect, 'is malformed', 'Pass an object as upsert_item takes it.', suspect
    );
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
    return; -- an empty array
  end if;

  -- leaves, before any row is locked
  targets := array(
    select row(t.item_network, t.item_domain, null, null)::dpg.item_ref
    from (select distinct r.item_network, r.item_domain from unnest(rows) r) t
    order by t.item_network, t.item_domain
  );
  if exists (select from dpg.networks n join unnest(targets) t on n.network = t.item_network) then
    undeclared := dpg_private.refuse_new_undeclared_items(rows);
  end if;
  foreach target in array targets loop
    leaf := dpg_private.find_or_create_leaf('items', target.item_network, target.item_domain);
    leaves := leaves || leaf;
  end loop;
  foreach leaf in array leaves loop
    execute format('lock table only dpg.items, only %s in row exclusive mode', leaf); -- keeps new triggers out
    has_additions := has_additions
      or (select a.has_additions from dpg_private.additions_to_items(leaf) a);
  end loop;
  perform dpg_private.register_instance_url(u.item_instance_url)
  from (select distinct r.item_instance_url from unnest(rows) r) u;

  -- insert: through the root in one statement, in the order of the keys, so that two calls with the same ids lock
  -- in one order
  asks_for_ids := ids_given or has_additions;
  with inserted_rows as (
    insert into dpg.items as i (
      item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
      item_latitude, item_longitude, created_by, created_at, updated_at, item_status
    )
    select
      r.item_network, r.item_domain, r.item_type, r.item_id, r.item_instance_url, r.item_schema_url, r.item_state,
      r.item_latitude, r.item_longitude, r.created_by, r.written_at, r.written_at, r.new_status
    from unnest(rows) r
    order by r.item_network collate "C", r.item_domain collate "C", r.item_type collate "C", r.item_id
    on conflict on constraint items_pkey do nothing
    returning case when asks_for_ids then i.item_id end as item_id
  )
  select case when asks_for_ids then array_agg(n.item_id) end
  into inserted
  from inserted_rows n;

  -- new items only: one that is there may keep a status that the definition does not know any more
  perform dpg_private.check_item_status(
    row(r.item_network, r.item_domain, r.item_type, r.item_id), null, r.item_status, d, r.index
  )
  from unnest(rows) r
  join dpg.item_definitions d on d.item_network = r.item_network and d.item_domain = r.item_domain
  where r.item_status is not null
    and (not asks_for_ids or r.item_id = any (inserted))
  order by r.index;

  -- An undeclared item that was there and was deleted since has just been created anew: refused. It cannot be
  -- locked earlier: leaves are created before any row is locked, and rows are locked in the order of their keys.
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

  -- replace, and return
  if has_additions or (ids_given and coalesce(cardinality(inserted), 0) < cardinality(rows)) then
    -- dynamic: a kept plan would return the columns that the table had when it was planned
    return query execute 'select s.* from dpg_private.replace_items($1, $2, $3, $4) s'
    using actor, rows, inserted, has_additions;
  else
    return query
    select
      r.item_network, r.item_domain, r.item_type, r.item_id, r.item_instance_url, r.item_schema_url, r.item_state,
      r.item_latitude, r.item_longitude, r.created_by, r.written_at, r.written_at, r.new_status
    from unnest(rows) r;
  end if;
end
$body$;

comment on function dpg.upsert_items(text, jsonb) is
  'upsert_item for a JSON array of objects: all or nothing. The rows come in the order of the input. Fields of an
object: item_network, item_domain, item_type, item_instance_url, item_schema_url, and optionally item_state,
item_latitude, item_longitude, item_id, item_status. The same item_id twice is DP001. DETAIL has the index, counted from
0.
Raises DP001, DP003, DP006, DP009, DP010, DP014, DP018.
Example: select item_id from dpg.upsert_items(''asha'', ''[{
  "item_network": "yellow_dot", "item_domain": "student", "item_type": "profile_1.0",
  "item_instance_url": "https://yellowdot.example.com",
  "item_schema_url": "https://schemas.example.com/student_v1.json",
  "item_state": {"name": "Asha", "goal": "physics"},
  "item_id": "55555555-5555-4555-8555-555555555555"
}]'')';
--! EndIncluded items/upsert_items.sql
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

create or replace function dpg_private.refuse_stale_item(stored dpg.items, expected_updated_at timestamptz)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP007',
    message = dpg_private.text_for_client(format(
      'item %s was changed at %s, not at %s',
      stored.item_id, dpg_private.time_text(stored.updated_at), dpg_private.time_text(expected_updated_at)
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
        to_jsonb(dpg_private.ref_of_item(stored)) || jsonb_build_object(
          'expected_updated_at', dpg_private.time_text(expected_updated_at),
          'updated_at', dpg_private.time_text(stored.updated_at)
        )
      )::text
    );
end
$body$;

comment on function dpg_private.refuse_stale_item(dpg.items, timestamptz) is
  'Raises DP007 for an item that was changed at another time than the caller expects.';

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
  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
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
    perform dpg_private.refuse_stale_item(stored, expected_updated_at);
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
  if dpg_private.has_additions_to_item(leaf, slot) then
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
--! Included items/set_item_status.sql
create or replace function dpg.set_item_status(
  actor text,
  item_network text,
  item_domain text,
  item_type text,
  item_id uuid,
  item_status text,
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
  slot smallint;
  leaf regclass;
  stored dpg.items;
  changed dpg.items;
begin
  -- check
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_item_ref(null, item),
    dpg_private.check_key('item_status', item_status),
    dpg_private.check_time_or_none('expected_updated_at', expected_updated_at);

  -- lock
  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
  stored := dpg_private.lock_item(leaf, item, 'no key update', slot);
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(item);
  end if;
  if stored.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, item);
  end if;
  if stored.item_status = item_status then
    return stored;
  end if;
  if stored.updated_at <> expected_updated_at then
    perform dpg_private.refuse_stale_item(stored, expected_updated_at);
  end if;
  if item_network = any (dpg_private.defined_networks()) then
    perform dpg_private.check_item_status(
      item, stored.item_status, item_status, dpg_private.find_item_definition(item_network, item_domain)
    );
  end if;

  -- change
  changed := stored;
  changed.item_status := item_status;
  stored := dpg_private.write_item(leaf, slot, item, changed, actor);
  if stored.item_id is null then
    perform dpg_private.refuse_suppressed('update', leaf, to_jsonb(item));
  end if;
  if dpg_private.has_additions_to_item(leaf, slot) then
    stored := dpg_private.read_written_item(leaf, changed, 'update');
  end if;
  return stored;
end
$body$;

comment on function dpg.set_item_status(text, text, text, text, uuid, text, timestamptz) is
  'Changes the status of an item of the actor. dpg.define_item declares which statuses there are. The present status
again returns the row as it is. With expected_updated_at the call is refused (DP007) when somebody else changed the item
first.
Raises DP001, DP002, DP003, DP006, DP007, DP018.
Example: select * from dpg.set_item_status(
  ''asha'', ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111'', ''paused''
)';
--! EndIncluded items/set_item_status.sql
--! Included items/define_item.sql
create or replace function dpg.define_item(
  item_network text,
  item_domain text,
  statuses jsonb,
  initial_status text default 'live'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  entry record;
begin
  initial_status := coalesce(initial_status, 'live');
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_key('initial_status', initial_status);

  if statuses is null then
    delete from dpg.item_definitions d
    where d.item_network = define_item.item_network
      and d.item_domain = define_item.item_domain;
    return;
  end if;

  if jsonb_typeof(statuses) <> 'array' then
    perform dpg_private.refuse_argument(
      'statuses', statuses, 'is not a JSON array',
      'Pass an array of statuses, [] to allow the initial one alone, null to remove the definition.'
    );
  end if;
  if octet_length(statuses::text) > dpg_private.limit_of('json_bytes_per_document') then
    perform dpg_private.refuse_argument(
      'statuses', statuses, 'has too many statuses',
      format(
        'A definition may have %s bytes as text; dpg_admin can raise the limit json_bytes_per_document in dpg.limits.',
        dpg_private.limit_of('json_bytes_per_document')
      )
    );
  end if;
  for entry in
    select t.element, (t.position - 1)::integer as index,
      count(*) over (partition by t.element -> 'status' order by t.position) > 1 as is_repeated
    from jsonb_array_elements(statuses) with ordinality t(element, position)
    order by t.position
  loop
    if jsonb_typeof(entry.element) <> 'object'
      or entry.element - array['status', 'found', 'acts', 'final'] <> '{}'
      or not dpg_private.is_field('key', entry.element -> 'status')
      or coalesce(jsonb_typeof(entry.element -> 'found'), 'boolean') <> 'boolean'
      or coalesce(jsonb_typeof(entry.element -> 'acts'), 'boolean') <> 'boolean'
      or coalesce(jsonb_typeof(entry.element -> 'final'), 'boolean') <> 'boolean'
    then
      perform dpg_private.refuse_argument(
        'statuses', entry.element, 'is no status',
        'A status is {"status": <text of 1 to 120 characters>, "found": true | false, "acts": true | false, '
          '"final": true | false}; all but the first may be left out.',
        entry.index
      );
    end if;
    if entry.is_repeated then
      perform dpg_private.refuse_argument(
        'statuses', entry.element -> 'status', 'is there twice', 'List each status once.', entry.index
      );
    end if;
  end loop;

  perform dpg_private.check_domain_declared(item_network, item_domain);
  perform dpg_private.note_defined_network(item_network);
  insert into dpg.item_definitions as d
  values (item_network, item_domain, initial_status, statuses)
  on conflict on constraint item_definitions_pkey do update
  set initial_status = excluded.initial_status,
    statuses = excluded.statuses
  where (d.initial_status, d.statuses) is distinct from (excluded.initial_status, excluded.statuses);
end
$body$;

comment on function dpg.define_item(text, text, jsonb, text) is
  'Declares the statuses of the items of a domain and replaces the former declaration: statuses is an array of
{"status", "found", "acts", "final"}. found (default true): finders that are told no statuses find the item. acts
(default true): it may be a side of a new action, else DP015. final (default false): no other status comes after it.
The initial status is known without being listed. [] allows it alone; null removes the declaration. Items that are
there keep their status; one that is not listed is found and acts.
Raises DP001, DP014.
Example: select dpg.define_item(''yellow_dot'', ''tutor'', ''[
  {"status": "draft", "found": false, "acts": false},
  {"status": "retired", "found": false, "acts": false, "final": true}
]'')';
--! EndIncluded items/define_item.sql
--! Included items/get_item.sql
create or replace function dpg_private.find_type_of_item(
  leaf regclass,
  item_network text,
  item_domain text,
  item_id uuid
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  types text[];
begin
  -- A leaf has few types. One search of the primary key finds the next one, and another the id within it.
  execute format(
    'with recursive t(item_type) as (
       select (
         select i.item_type from %1$s i
         where i.item_network = $1 and i.item_domain = $2
         order by i.item_type limit 1
       )
       union all
       select (
         select i.item_type from %1$s i
         where i.item_network = $1 and i.item_domain = $2 and i.item_type > t.item_type
         order by i.item_type limit 1
       )
       from t
       where t.item_type is not null
     )
     select array_agg(t.item_type)
     from t
     where exists (
       select from %1$s i
       where i.item_network = $1 and i.item_domain = $2 and i.item_type = t.item_type and i.item_id = $3
     )',
    leaf
  )
  into types
  using item_network, item_domain, item_id;
  if cardinality(types) > 1 then
    raise exception using
      errcode = 'DP002',
      message = dpg_private.text_for_client(
        format('there are several items %s in %L/%L', item_id, item_network, item_domain)
      ),
      hint = dpg_private.text_for_client(
        format('Pass item_type as well. They are of the types %s.', array_to_string(types, ', '))
      ),
      detail = dpg_private.text_for_client(jsonb_build_object(
        'item_network', item_network, 'item_domain', item_domain, 'item_id', item_id, 'item_types', types
      )::text);
  end if;
  return types[1];
end
$body$;

comment on function dpg_private.find_type_of_item(regclass, text, text, uuid) is
  'The type of the item of this id in a leaf; null where there is none. Raises DP002 where several types have it.';

create or replace function dpg.get_item(item_network text, item_domain text, item_type text, item_id uuid)
returns dpg.items
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  slot smallint;
  stored dpg.items;
begin
  checked := num_nonnulls(
    dpg_private.check_item_ref(null, row(item_network, item_domain, coalesce(item_type, 'any'), item_id))
  );
  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
  if item_type is null and leaf is not null then
    item_type := dpg_private.find_type_of_item(leaf, item_network, item_domain, item_id);
  end if;
  if leaf is not null then
    stored := case
      when slot is not null then
        dpg_private.item_in_slot(slot, row(item_network, item_domain, item_type, item_id))
      else dpg_private.read_item(leaf, slot, row(item_network, item_domain, item_type, item_id))
    end;
  end if;
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(row(item_network, item_domain, item_type, item_id));
  end if;
  return stored;
end
$body$;

comment on function dpg.get_item(text, text, text, uuid) is
  'One item by its key. item_type null: by its id within the domain; DP002 names the types where several have it.
Raises DP001, DP002.
Example: select * from dpg.get_item(
  ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''
)';
--! EndIncluded items/get_item.sql
--! Included items/get_items.sql
create or replace function dpg.get_items(items dpg.item_ref[])
returns setof dpg.items
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  of_leaf record;
  stored dpg.items[] := array[]::dpg.items[];
  of_this dpg.items[];
begin
  perform dpg_private.check_present('items', items is not null);
  if cardinality(items) > 1000 then
    perform dpg_private.refuse_argument('items', null, 'has too many elements', 'Ask for 1,000 items at most.');
  end if;
  perform dpg_private.check_item_ref(format('items[%s]', i.number - 1), i.item)
  from unnest(items) with ordinality r(item_network, item_domain, item_type, item_id, number)
  cross join lateral (
    select row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref as item, r.number
  ) i
  order by i.number;

  for of_leaf in
    select dpg_private.find_leaf('items', r.item_network, r.item_domain) as leaf,
      array_agg(row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref) as refs,
      count(*) over () as leaves
    from unnest(items) r
    group by r.item_network, r.item_domain
  loop
    continue when of_leaf.leaf is null;
    begin
      execute format(
        'select array_agg(i::dpg.items)
         from (select distinct * from unnest($1)) r
         join %s i using (item_network, item_domain, item_type, item_id)',
        of_leaf.leaf
      )
      into of_this
      using of_leaf.refs;
      stored := stored || of_this;
      if of_leaf.leaves > 16 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and stored has its value: see dpg_private.items_of_leaves
    end;
  end loop;
  -- dynamic: a kept plan would return the columns that the table had when it was planned
  return query execute
    'select s.*
     from unnest($1) with ordinality r(item_network, item_domain, item_type, item_id, number)
     join unnest($2) s using (item_network, item_domain, item_type, item_id)
     order by r.number'
  using items, stored;
end
$body$;

comment on function dpg.get_items(dpg.item_ref[]) is
  'Up to 1,000 items by their keys, in the order asked. What is missing is absent.
Raises DP001.
Example: select * from dpg.get_items(array[
  row(''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''),
  row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222'')
]::dpg.item_ref[])';
--! EndIncluded items/get_items.sql
--! Included geo/box.sql
create or replace function dpg_private.refuse_box(
  south double precision,
  west double precision,
  north double precision,
  east double precision
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  edge record;
begin
  for edge in
    select e.name, e.degrees, e.name in ('south', 'north') as is_latitude
    from (values ('south', south), ('west', west), ('north', north), ('east', east)) e(name, degrees)
  loop
    if edge.degrees is null then
      perform dpg_private.refuse_argument(
        edge.name, null, 'is missing', 'A box has four edges: south, west, north and east. Pass all or none.'
      );
    elsif edge.is_latitude and not edge.degrees between -90 and 90 then
      perform dpg_private.refuse_argument(
        edge.name, dpg_private.json_of_number(edge.degrees), 'is no latitude',
        'A latitude is a number of degrees from -90 to 90.'
      );
    elsif not edge.degrees between -180 and 180 then
      perform dpg_private.refuse_argument(
        edge.name, dpg_private.json_of_number(edge.degrees), 'is no longitude',
        'A longitude is a number of degrees from -180 to 180. A box across the 180th meridian has west > east.'
      );
    end if;
  end loop;
  perform dpg_private.refuse_argument(
    'south', dpg_private.json_of_number(south), 'lies north of north', 'Pass the southern edge as south.'
  );
end
$body$;

comment on function dpg_private.refuse_box(double precision, double precision, double precision, double precision) is
  'Raises DP001 for what is no box.';

create or replace function dpg_private.check_box_or_none(
  south double precision,
  west double precision,
  north double precision,
  east double precision
)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (
    -- NaN sorts above every number, so it is outside of every range
    num_nulls(south, west, north, east) = 4
    or (
      south >= -90 and north <= 90 and south <= north
      and west >= -180 and west <= 180 and east >= -180 and east <= 180
    )
  ) is not true then
    dpg_private.refuse_box(south, west, north, east)
end;

comment on function dpg_private.check_box_or_none(
  double precision, double precision, double precision, double precision
) is
  'Raises DP001 unless the four edges (degrees) are a box or all null. west > east is a box across the 180th meridian.';

create or replace function dpg_private.bounds_of_box(
  south double precision,
  west double precision,
  north double precision,
  east double precision
)
returns dpg_private.circle_bounds
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  bounds dpg_private.circle_bounds;
begin
  if south is null then
    return null;
  end if;
  bounds.south := south;
  bounds.north := north;
  bounds.west := west;
  bounds.east := east;
  if bounds.north - bounds.south < 1 then
    bounds.bands := array(
      select generate_series(dpg_private.latitude_band(bounds.south), dpg_private.latitude_band(bounds.north))
    );
  end if;
  return bounds;
end
$body$;

comment on function dpg_private.bounds_of_box(
  double precision, double precision, double precision, double precision
) is
  'The bounds of a box between four edges (degrees); null without one. Like those of a circle, without a reach.';

create or replace function dpg_private.box_condition_sql(box dpg_private.circle_bounds)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- every digit of a number
as $body$
begin
  return concat(
    'dpg_private.latitude_band(i.item_latitude) ',
    case
      when box.bands is not null then format('= any(%L::integer[])', box.bands)
      else format(
        'between %s and %s', dpg_private.latitude_band(box.south), dpg_private.latitude_band(box.north)
      )
    end,
    format(' and i.item_latitude between %L::double precision and %L::double precision and ', box.south, box.north),
    case
      -- every longitude; the band says that there is one
      when box.west = -180 and box.east = 180 then 'true'
      when box.west > box.east then
        format(
          '(i.item_longitude >= %L::double precision or i.item_longitude <= %L::double precision)', box.west, box.east
        )
      -- 180 and -180 are one meridian
      when box.west = -180 or box.east = 180 then
        format(
          '(i.item_longitude between %L::double precision and %L::double precision or i.item_longitude = %s)',
          box.west, box.east, case when box.west = -180 then '180' else '-180' end
        )
      else format('i.item_longitude between %L::double precision and %L::double precision', box.west, box.east)
    end
  );
end
$body$;

comment on function dpg_private.box_condition_sql(dpg_private.circle_bounds) is
  'The condition that an item i lies in a box, edges included: by the numbers alone, but 180 and -180 degrees are the
same meridian. The index on the bands finds it.';
--! EndIncluded geo/box.sql
--! Included items/facets.sql
create or replace function dpg_private.refuse_facets(facets jsonb)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  odd_one record;
begin
  if jsonb_typeof(facets) <> 'object' then
    perform dpg_private.refuse_argument(
      'facets', facets, 'is not a JSON object', 'Pass {"field": [values]}, such as {"subject": ["math", "physics"]}.'
    );
  end if;
  select f.field, f.values, v.value
  into odd_one
  from jsonb_each(facets) f(field, values)
  left join lateral (
    select e.value
    from jsonb_array_elements(case jsonb_typeof(f.values) when 'array' then f.values else '[]' end) e(value)
    where jsonb_typeof(e.value) in ('object', 'array')
    limit 1
  ) v on true
  where jsonb_typeof(f.values) <> 'array'
    or v.value is not null
  order by f.field
  limit 1;
  if found then
    perform dpg_private.refuse_argument(
      'facets.' || left(odd_one.field, 120), coalesce(odd_one.value, odd_one.values),
      case when odd_one.value is null then 'is not an array' else 'is no scalar' end,
      'The values of a field are an array of JSON scalars: strings, numbers, true, false, null.'
    );
  end if;
  perform dpg_private.refuse_argument(
    'facets', null, 'has too many values or fields',
    format('Pass %s values at most, of all fields together, and as many fields.', dpg_private.most_facet_values())
  );
end
$body$;

comment on function dpg_private.refuse_facets(jsonb) is
  'Raises DP001 for what are no facets.';

create or replace function dpg_private.most_facet_values()
returns integer
language sql
immutable
parallel safe
security invoker
return 100;

comment on function dpg_private.most_facet_values() is
  'How many values the facets of a search may have together, and how many fields. Each is compared with each row that is
read, and what is longer by far exceeds the stack of jsonpath (54001).';

create or replace function dpg_private.check_facets(facets jsonb)
returns void
language sql
stable
parallel safe
security invoker
return case
  when facets is null then null
  when jsonb_typeof(facets) <> 'object'
    or facets @? 'strict $.* ? (@.type() != "array" || exists(@[*] ? (@.type() == "object" || @.type() == "array")))'
    or jsonb_array_length(jsonb_path_query_array(facets, '$.*[*]')) > dpg_private.most_facet_values()
    or jsonb_array_length(jsonb_path_query_array(facets, '$.*')) > dpg_private.most_facet_values()
  then dpg_private.refuse_facets(facets)
end;

comment on function dpg_private.check_facets(jsonb) is
  'Raises DP001 unless facets are {"field": [JSON scalars]}, or null.';

create or replace function dpg_private.facets_path(facets jsonb)
returns jsonpath
language sql
immutable
parallel safe
security invoker
return (
  select coalesce(
    string_agg(
      (
        select coalesce(
          '(' || string_agg(format('$.%s == %s', to_jsonb(f.field), v.value), ' || ' order by v.number) || ')',
          '(1 == 0)' -- no value: no item
        )
        from jsonb_array_elements(f.values) with ordinality v(value, number)
      ),
      ' && ' order by f.field
    ),
    '(1 == 1)'
  )::jsonpath
  from jsonb_each(facets) f(field, values)
);

comment on function dpg_private.facets_path(jsonb) is
  'The condition of facets on item_state: one of the values in each field; a field that holds an array has each of its
elements. Nothing can be injected: names and values are written as JSON, of which each string, number,
true, false and null is the same in jsonpath, and nothing else gets into the text. The GIN index on item_state serves
it.';
--! EndIncluded items/facets.sql
--! Included items/item_filters.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg_private.leaf_words') is null then
    create type dpg_private.leaf_words as (
      leaf regclass,
      item_domain text,
      condition text,
      words text,
      key_of_words text,
      of_words text,
      relevance text
    );
  end if;
  if pg_catalog.to_regtype('dpg_private.item_search') is null then
    create type dpg_private.item_search as (
      item_type text,
      created_by text,
      item_instance_url text,
      item_schema_url text,
      item_state jsonb,
      latitude double precision,
      longitude double precision,
      circle dpg_private.circle_bounds,
      item_statuses text[],
      hidden_statuses text[],
      facets jsonpath,
      box dpg_private.circle_bounds,
      is_unplaced boolean,
      words dpg_private.leaf_words[]
    );
  elsif not exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = pg_catalog.to_regclass('dpg_private.item_search')
      and a.attname = 'words'
  ) then
    alter type dpg_private.item_search
      add attribute item_statuses text[],
      add attribute hidden_statuses text[],
      add attribute facets jsonpath,
      add attribute box dpg_private.circle_bounds,
      add attribute is_unplaced boolean,
      add attribute words dpg_private.leaf_words[];
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
      oldest timestamptz,
      after_network text,
      after_relevance real
    );
  elsif not exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = pg_catalog.to_regclass('dpg_private.item_page')
      and a.attname = 'after_relevance'
  ) then
    alter type dpg_private.item_page
      add attribute after_network text,
      add attribute after_relevance real;
  end if;
end
$body$;

comment on type dpg_private.leaf_words is
  'How a leaf is searched for words. condition: over the leaf, named i. Where every item has words: their table (words),
named w, the condition on it (of_words), and the one that joins it (key_of_words); null where words of some items are
missing. relevance: the expression to order by.';

comment on type dpg_private.item_search is
  'The filters of a search for items, null where one is not given; the centre of a circle, or of nearest_items, and
the bounds of the circle. hidden_statuses: what a search that is told no statuses does not find, as
dpg_private.find_hidden_statuses says. is_unplaced: only what has no place. words: how each leaf is searched for words.
It is $1 of every statement that is put together for a search.';
comment on type dpg_private.item_page is
  'The page of a search for items: how many rows, what its tokens are bound to (null: rows without a token), and the
row that it starts after: its created_at, its chord or its relevance, then its key; null on the first page. oldest: rows
that were created before cannot be on the page. It is $2 of every statement that is put together for a search.';

create or replace function dpg_private.search_of(
  item_type text,
  created_by text,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb,
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns dpg_private.item_search
language sql
immutable
parallel safe
security invoker
return row(
  item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude,
  dpg_private.bounds_of_circle(latitude, longitude, radius_meters), null::text[], null::text[], null::jsonpath,
  null::dpg_private.circle_bounds, null::boolean, null::dpg_private.leaf_words[]
)::dpg_private.item_search;

comment on function dpg_private.search_of(
  text, text, text, text, jsonb, double precision, double precision, double precision
) is
  'A search with the filters that most calls have; dpg_private.with_more_filters adds the others. Inlined.';

create or replace function dpg_private.is_found(item_domain text, item_status text, hidden_statuses text[])
returns boolean
language sql
immutable
parallel safe
security invoker
return hidden_statuses is null or dpg_private.slot_key(item_domain, item_status) <> all (hidden_statuses);

comment on function dpg_private.is_found(text, text, text[]) is
  'Whether an item of this status is found by a search that is told no statuses. hidden_statuses: as
dpg_private.find_hidden_statuses says. Inlined.';

create or replace function dpg_private.item_conditions_sql(search dpg_private.item_search, leaf regclass)
returns text
language plpgsql
stable
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
    case when search.item_statuses is not null then ' and i.item_status = any (($1).item_statuses)' end,
    case
      when search.hidden_statuses is not null then
        ' and dpg_private.slot_key(i.item_domain, i.item_status) <> all (($1).hidden_statuses)'
    end,
    case when search.facets is not null then ' and i.item_state @@ ($1).facets' end,
    case
      when (search.circle).reach is not null then
        ' and ' || dpg_private.circle_condition_sql(search.latitude, search.longitude, search.circle)
    end,
    case when (search.box).south is not null then ' and ' || dpg_private.box_condition_sql(search.box) end,
    -- as the index on the bands has them
    case when search.is_unplaced then
      ' and dpg_private.latitude_band(i.item_latitude) is null and i.item_longitude is null'
    end,
    case when search.words is not null then ' and ' || dpg_private.words_condition_sql(search.words, leaf) end
  );
end
$body$;

comment on function dpg_private.item_conditions_sql(dpg_private.item_search, regclass) is
  'The where clause for the filters that are given, over this leaf, named i. $1 is the dpg_private.item_search.';

create or replace function dpg_private.has_filters(search dpg_private.item_search)
returns boolean
language sql
immutable
parallel safe
security invoker
return num_nonnulls(
  (search).item_type, (search).created_by, (search).item_instance_url, (search).item_schema_url, (search).item_state,
  (search).item_statuses, (search).facets, (search).is_unplaced, (search).words
) > 0;

comment on function dpg_private.has_filters(dpg_private.item_search) is
  'Whether a search asks for more than a place and for what is found. How many items have what it asks for is known only
when its statement is planned with the values, so such a statement is planned each time.';

create or replace function dpg_private.is_bounded(search dpg_private.item_search)
returns boolean
language sql
immutable
parallel safe
security invoker
return ((search).circle).reach is not null or ((search).box).south is not null;

comment on function dpg_private.is_bounded(dpg_private.item_search) is
  'Whether a search has a circle or a box.';

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
--! Included search/search_filter.sql
-- The filter by words, as a condition on each leaf. What it needs is looked up once for a search: the definitions of
-- its domains, and whether their leaves have words of every item.

create or replace function dpg_private.leaf_words_of(
  leaf regclass,
  definitions dpg.item_searches[],
  search text,
  item_type text
)
returns dpg_private.leaf_words
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  words constant text := dpg_private.words_table((select c.relname from pg_class c where c.oid = leaf));
  has_words constant boolean := dpg_private.has_words(leaf);
  definition dpg.item_searches;
  queries text[] := '{}';
  types text[] := '{}';
  query tsquery;
  query_sql text;
  positive text := '';
  words_of_item text;
  of_words text;
  vector text := '';
  query_of_type text;
  branches text := '';
  is_complete boolean := has_words;
  result dpg_private.leaf_words;
begin
  -- parts of the expressions, for each type: its query and where its words are
  foreach definition in array definitions loop
    continue when item_type <> definition.item_type;
    query := dpg_private.search_query(search, definition.language::regconfig);
    query_sql := format('%L::tsquery', query);
    queries := queries || query_sql;
    types := types || definition.item_type;
    is_complete := is_complete and definition.is_refreshed;
    words_of_item := format('dpg_private.words_of(i.item_state, %L, %L)', definition.fields, definition.language);
    vector := vector || format(
      ' when %L then %s', definition.item_type,
      case
        when has_words then format(
          'coalesce(
             (select w.words from %s w where w.item_type = %L and w.item_id = i.item_id and w.version = %s), %s
           )',
          words, definition.item_type, definition.version, words_of_item
        )
        else words_of_item
      end
    );
    branches := branches || format(' when %L then %s', definition.item_type, query_sql);
    -- what must not be there makes no item better: the rank is by the other words
    positive := positive || format(' when %L then %L::tsquery', definition.item_type, nullif(querytree(query), 'T'));
  end loop;

  result.leaf := leaf;
  result.item_domain := definitions[1].item_domain;
  if queries = '{}' then
    result.condition := 'false';
    return result;
  end if;
  if (select count(distinct q.query) = 1 from unnest(queries) q(query)) then
    query_of_type := queries[1];
    of_words := format('w.words @@ %s', queries[1]);
    if item_type is not null then
      of_words := of_words || format(' and w.item_type = %L', item_type);
    end if;
  else
    query_of_type := format('case %s.item_type%s end', case when is_complete then 'w' else 'i' end, branches);
    of_words := (
      select '(' || string_agg(
        format('(w.item_type = %L and w.words @@ %s)', q.item_type, q.query), ' or ' order by q.item_type
      ) || ')'
      from unnest(types, queries) q(item_type, query)
    );
  end if;
  if is_complete then
    result.words := words;
    result.of_words := of_words;
    result.key_of_words := format(
      'i.item_network = %L and i.item_domain = %L and (i.item_type, i.item_id) = (w.item_type, w.item_id)',
      definition.item_network, definition.item_domain
    );
    result.condition := format('exists (select from %s w where %s and %s)', words, of_words, result.key_of_words);
    result.relevance := format('coalesce(ts_rank(w.words, case w.item_type%s end), 0)', positive);
  else
    vector := format('case i.item_type%s end', vector);
    result.condition := format('%s @@ %s', vector, query_of_type);
    result.relevance := format('coalesce(ts_rank(%s, case i.item_type%s end), 0)', vector, positive);
  end if;
  return result;
end
$body$;

comment on function dpg_private.leaf_words_of(regclass, dpg.item_searches[], text, text) is
  'How a leaf is searched for words, by the definitions of its domain: see the type. What is not ours stands in the SQL
as a literal.';

create or replace function dpg_private.find_leaf_words(
  item_network text,
  item_domain text,
  item_domains text[],
  item_type text,
  search text
)
returns dpg_private.leaf_words[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  domains constant text[] := case when item_domain is not null then array[item_domain] else item_domains end;
  of_domain record;
  found_words dpg_private.leaf_words[] := '{}';
  is_defined boolean := false;
begin
  perform dpg_private.check_search(search);
  for of_domain in
    select d.definitions, l.leaf
    from (
      select s.item_domain, array_agg(s order by s.item_type) as definitions
      from dpg.item_searches s
      where s.item_network = find_leaf_words.item_network
        and (domains is null or s.item_domain = any (domains))
      group by s.item_domain
    ) d
    left join dpg_private.look_up_item_leaves(item_network, domains) l on l.item_domain = d.item_domain
  loop
    is_defined := true;
    if of_domain.leaf is not null then
      found_words := found_words
        || dpg_private.leaf_words_of(of_domain.leaf, of_domain.definitions, search, item_type);
    end if;
  end loop;
  if not is_defined and domains is distinct from '{}' then
    perform dpg_private.refuse_argument(
      'search', to_jsonb(search),
      case when item_domain is null then 'asks for domains without a definition of search'
        else 'asks for a domain without a definition of search' end,
      'Declare by dpg.define_search which fields are searched.'
    );
  end if;
  return found_words;
end
$body$;

comment on function dpg_private.find_leaf_words(text, text, text[], text, text) is
  'How the leaves of these domains, or of all of the network, are searched for words; those without a definition are
not in the result, and match nothing.
Raises DP001: for what is no search, and where no domain has a definition.';

create or replace function dpg_private.words_condition_sql(words dpg_private.leaf_words[], leaf regclass)
returns text
language sql
stable
parallel safe
security invoker
return coalesce((select w.condition from unnest(words) w where w.leaf = words_condition_sql.leaf), 'false');

comment on function dpg_private.words_condition_sql(dpg_private.leaf_words[], regclass) is
  'The condition that the items of a leaf, named i, have the words of a search. False for a leaf without a definition.';

create or replace function dpg_private.only_words(search dpg_private.item_search, leaf regclass)
returns dpg_private.leaf_words
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  others dpg_private.item_search := search;
  words dpg_private.leaf_words;
begin
  others.words := null;
  others.item_type := null; -- of_words asks for it
  if others.hidden_statuses is null and not dpg_private.has_filters(others) and not dpg_private.is_bounded(others) then
    select w.*
    into words
    from unnest(search.words) w
    where w.leaf = only_words.leaf
      and w.words is not null;
  end if;
  return words;
end
$body$;

comment on function dpg_private.only_words(dpg_private.item_search, regclass) is
  'How a leaf is searched for words, where a search asks for nothing else and every item has words: then their table
alone says which items match. Else all columns are null.';
--! EndIncluded search/search_filter.sql
--! Included items/more_item_filters.sql
-- The filters of searches for items that few calls have: a call without any of them does not come here.

create or replace function dpg_private.refuse_item_statuses(item_statuses text[], any_status boolean)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if any_status then
    perform dpg_private.refuse_argument(
      'any_status', to_jsonb(any_status), 'stands beside item_statuses',
      'Pass item_statuses for some statuses, any_status for all of them, or neither for those that are found.'
    );
  end if;
  perform dpg_private.refuse_argument(
    'item_statuses', to_jsonb(s.status),
    case when s.status is null then 'is missing' else 'is not a key' end,
    'Pass keys: texts of 1 to 120 characters that are not all white space.', s.number::integer - 1
  )
  from unnest(item_statuses) with ordinality s(status, number)
  where dpg_private.is_key(s.status) is not true;
end
$body$;

comment on function dpg_private.refuse_item_statuses(text[], boolean) is
  'Raises DP001 for statuses that are no keys, or that stand beside any_status.';

create or replace function dpg_private.check_item_statuses(item_statuses text[], any_status boolean)
returns void
language sql
stable
parallel safe
security invoker
return case when item_statuses is not null then dpg_private.refuse_item_statuses(item_statuses, any_status) end;

comment on function dpg_private.check_item_statuses(text[], boolean) is
  'Raises DP001 unless the statuses of a search are keys, and do not stand beside any_status.';

create or replace function dpg_private.with_more_filters(
  search dpg_private.item_search,
  item_network text,
  item_domain text,
  item_domains text[],
  item_statuses text[],
  any_status boolean,
  facets jsonb,
  words text,
  south double precision,
  west double precision,
  north double precision,
  east double precision
)
returns dpg_private.item_search
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
begin
  checked := num_nonnulls(
    dpg_private.check_item_statuses(item_statuses, any_status),
    dpg_private.check_facets(facets),
    dpg_private.check_box_or_none(south, west, north, east)
  );
  if facets is not null then
    perform dpg_private.check_public_fields(
      item_network, case when item_domain is not null then array[item_domain] else item_domains end, search.item_type,
      array(select jsonb_object_keys(facets))
    );
  end if;
  search.item_statuses := item_statuses;
  if facets <> '{}' then
    search.facets := dpg_private.facets_path(facets);
  end if;
  if south is not null then
    search.box := dpg_private.bounds_of_box(south, west, north, east);
  end if;
  if words is not null then
    search.words := dpg_private.find_leaf_words(item_network, item_domain, item_domains, search.item_type, words);
  end if;
  return search;
end
$body$;

comment on function dpg_private.with_more_filters(
  dpg_private.item_search, text, text, text[], text[], boolean, jsonb, text, double precision, double precision,
  double precision, double precision
) is
  'A search with the filters by status, facets, box and words. Raises DP001, and DP014 for facets.';
--! EndIncluded items/more_item_filters.sql
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
      item_status text,
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
  item_domains text[] default null,
  item_statuses text[] default null,
  any_status boolean default false,
  facets jsonb default null,
  search text default null,
  south double precision default null,
  west double precision default null,
  north double precision default null,
  east double precision default null
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
  wanted dpg_private.item_search;
  has_more boolean; -- filters that few calls have
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
  wanted := dpg_private.search_of(
    item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude, radius_meters
  );
  has_more := any_status or num_nonnulls(item_statuses, facets, search, south, west, north, east) > 0;
  if has_more then
    wanted := dpg_private.with_more_filters(
      wanted, item_network, item_domain, item_domains, item_statuses, any_status, facets, search,
      south, west, north, east
    );
  end if;
  if item_network = any (dpg_private.defined_networks()) and item_statuses is null and any_status is not true then
    wanted.hidden_statuses := dpg_private.find_hidden_statuses(item_network, item_domain, item_domains);
  end if;
  page := dpg_private.page_of_items(
    (
      select b.binding
      from dpg_private.page_binding('find_items', case
        when has_more then
          jsonb_build_array(
            item_network, item_domain, item_type, created_by, item_instance_url, item_schema_url, item_state,
            latitude, longitude, radius_meters, item_domains, item_statuses, coalesce(any_status, false), facets,
            search, south, west, north, east
          )
        else
          jsonb_build_array(
            item_network, item_domain, item_type, created_by, item_instance_url, item_schema_url, item_state,
            latitude, longitude, radius_meters
          ) || coalesce(to_jsonb(item_domains), '[]')
      end) b
    ),
    page_size, page_token
  );
  if item_domain is null then
    return query select * from dpg_private.items_of_domains(item_network, item_domains, wanted, page);
    return;
  end if;

  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
  if leaf is null then
    return;
  end if;
  if not dpg_private.has_filters(wanted) then
    if slot is not null and not dpg_private.is_bounded(wanted) then
      return query execute format('select * from dpg_private.newest_of_slot(null::dpg_private.slot_%s, $1, $2)', slot)
      using page, wanted.hidden_statuses;
      return;
    elsif dpg_private.is_bounded(wanted) then
      few := dpg_private.find_few_in_circle(slot, wanted, page);
      if few is not null then
        return query select * from unnest(few);
        return;
      end if;
      if wanted.hidden_statuses is null then
        page.oldest := dpg_private.find_oldest_of_page(leaf, wanted, page);
      end if;
    end if;
  end if;
  return query execute dpg_private.items_of_leaf_sql(
    leaf, wanted, page,
    dpg_private.page_token_sql(
      '($2).binding', 'timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, ''UTF8'')'
    )
  ) || ' order by i.created_at desc, i.item_type, i.item_id limit ($2).row_limit'
  using wanted, page;
end
$body$;

comment on function dpg.find_items(
  text, text, text, text, text, text, jsonb, double precision, double precision, double precision, integer, text,
  text[], text[], boolean, jsonb, text, double precision, double precision, double precision, double precision
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
-- stands for, or over the leaves of a network, whose slot is given with the domains. A kept plan does not know the
-- values. So these are the searches in which they decide nothing: one index is the best for all of them. The settings
-- leave the planner that index, also while a leaf is empty.

create or replace function dpg_private.newest_of_slot(
  slot anyenum,
  page dpg_private.item_page,
  hidden_statuses text[]
)
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
      i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at, i.item_status,
      case when page.binding is not null then
        dpg_private.token_of_position(
          page.binding, timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, 'UTF8')
        )
      end
    from dpg_private.item_rows(slot, null) i
    where i.created_at between coalesce(page.oldest, '-infinity') and coalesce(page.after_time, 'infinity')
      and (
        page.after_time is null
        or i.created_at < page.after_time
        or (i.item_domain, i.item_type, i.item_id)
          > (coalesce(page.after_domain, i.item_domain), page.after_type, page.after_id)
      )
      and dpg_private.is_found(i.item_domain, i.item_status, hidden_statuses)
    order by i.created_at desc, i.item_type, i.item_id
    limit page.row_limit;
end
$body$;

comment on function dpg_private.newest_of_slot(anyenum, dpg_private.item_page, text[]) is
  'A page of all items that are found in the leaf of a slot, newest first.';

create or replace function dpg_private.newest_of_network(
  slot anyenum,
  page dpg_private.item_page,
  domains text[],
  added_rows integer,
  hidden_statuses text[]
)
returns setof dpg.found_item
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
set jit = off
as $body$
begin
  return query
    select i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url, i.item_state,
      i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at, i.item_status,
      dpg_private.token_of_position(
        page.binding,
        timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, 'UTF8')
          || decode('00', 'hex') || convert_to(i.item_domain, 'UTF8')
      )
    from (
      -- the number of the last row of the same time
      select i.*, count(*) over (order by i.created_at desc) as number
      from (
        select i.*
        from dpg_private.item_rows(slot, domains) i
        where i.created_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or i.created_at < page.after_time
            or (i.item_domain, i.item_type, i.item_id) > (page.after_domain, page.after_type, page.after_id)
          )
          and dpg_private.is_found(i.item_domain, i.item_status, hidden_statuses)
        order by i.created_at desc
        limit page.row_limit + added_rows
      ) i
    ) i
    where i.number < page.row_limit + added_rows
    order by i.created_at desc, i.item_domain, i.item_type, i.item_id
    limit page.row_limit;
end
$body$;

comment on function dpg_private.newest_of_network(anyenum, dpg_private.item_page, text[], integer, text[]) is
  'A page of all items that are found in these domains of a network that has a slot, newest first. The indexes of the
leaves have an order without the domain. So items of one time are read together and sorted: added_rows more than the
page at most. Where more than that have one time, the page ends before them: see dpg_private.has_more_of_network.';

create or replace function dpg_private.has_more_of_network(
  slot anyenum,
  page dpg_private.item_page,
  domains text[],
  added_rows integer,
  hidden_statuses text[]
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
begin
  return (
    select count(*)
    from (
      select
      from dpg_private.item_rows(slot, domains) i
      where i.created_at <= coalesce(page.after_time, 'infinity')
        and (
          page.after_time is null
          or i.created_at < page.after_time
          or (i.item_domain, i.item_type, i.item_id) > (page.after_domain, page.after_type, page.after_id)
        )
        and dpg_private.is_found(i.item_domain, i.item_status, hidden_statuses)
      order by i.created_at desc
      limit page.row_limit + added_rows
    ) i
  ) = page.row_limit + added_rows;
end
$body$;

comment on function dpg_private.has_more_of_network(anyenum, dpg_private.item_page, text[], integer, text[]) is
  'Whether a page of dpg_private.newest_of_network that is not full lacks rows.';

create or replace function dpg_private.kept_bounds(search dpg_private.item_search)
returns dpg_private.circle_bounds
language sql
immutable
parallel safe
security invoker
return case
  when ((search).box).south is null then
    case
      when ((search).circle).bands is not null and ((search).circle).west <= ((search).circle).east
        then (search).circle
    end
  when ((search).box).bands is not null
    and ((search).circle).reach is null
    and ((search).box).west <= ((search).box).east
    and ((search).box).west > -180
    and ((search).box).east < 180
  then (search).box
end;

comment on function dpg_private.kept_bounds(dpg_private.item_search) is
  'The bounds of the circle or of the box of a search, where there is a kept plan for them: they are less than a degree
high and do not meet the antimeridian. Otherwise null, as where a search has both.';

create or replace function dpg_private.count_circle_of_slot(
  slot anyenum,
  search dpg_private.item_search,
  bounds dpg_private.circle_bounds,
  at_most integer,
  domains text[] default null
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
begin
  return (
    select count(*)
    from (
      select
      from dpg_private.item_rows(slot, domains) i
      where dpg_private.latitude_band(i.item_latitude) = any (bounds.bands)
        and i.item_latitude between bounds.south and bounds.north
        and i.item_longitude between bounds.west and bounds.east
        and (
          bounds.reach is null
          or dpg_private.is_within(i.item_latitude, i.item_longitude, search.latitude, search.longitude, bounds.reach)
        )
      limit at_most
    ) n
  );
end
$body$;

comment on function dpg_private.count_circle_of_slot(
  anyenum, dpg_private.item_search, dpg_private.circle_bounds, integer, text[]
) is
  'How many items in the leaf of a slot, or in these domains of its network, lie in a circle or a box, counted up to
at_most: whoever finds so many takes a plan that knows the bounds.';

create or replace function dpg_private.circle_of_slot(
  slot anyenum,
  search dpg_private.item_search,
  bounds dpg_private.circle_bounds,
  page dpg_private.item_page,
  at_most integer,
  domains text[] default null
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
begin
  return query
    select
      row(
        i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url, i.item_state,
        i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at, i.item_status,
        case when page.binding is not null then
          dpg_private.token_of_position(
            page.binding,
            timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, 'UTF8')
              || case when domains is null then '' else decode('00', 'hex') || convert_to(i.item_domain, 'UTF8') end
          )
        end
      )::dpg.found_item,
      i.counted
    from (
      select i.*, count(*) over () as counted
      from (
        select i.*
        from dpg_private.item_rows(slot, domains) i
        where dpg_private.latitude_band(i.item_latitude) = any (bounds.bands)
          and i.item_latitude between bounds.south and bounds.north
          and i.item_longitude between bounds.west and bounds.east
          and (
            bounds.reach is null
            or dpg_private.is_within(i.item_latitude, i.item_longitude, search.latitude, search.longitude, bounds.reach)
          )
          and dpg_private.is_found(i.item_domain, i.item_status, search.hidden_statuses)
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
    order by i.created_at desc, i.item_domain, i.item_type, i.item_id
    limit page.row_limit;
end
$body$;

comment on function dpg_private.circle_of_slot(
  anyenum, dpg_private.item_search, dpg_private.circle_bounds, dpg_private.item_page, integer, text[]
) is
  'A page of the items that are found and lie in a circle or a box, in the leaf of a slot or in these domains of its
network, newest first, each with how many items were read for it. It reads at_most: with so many, the page may lack
newer ones, and the caller takes a plan that knows the bounds.';
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
    dpg_private.item_conditions_sql(search, leaf),
    case when page.oldest is not null then ' and i.created_at >= ($2).oldest' end,
    case
      when page.after_network is not null then
        ' and i.created_at <= ($2).after_time
          and (
            i.created_at < ($2).after_time
            or (i.item_network, i.item_domain, i.item_type, i.item_id)
              > (($2).after_network, ($2).after_domain, ($2).after_type, ($2).after_id)
          )'
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
      dpg_private.item_conditions_sql(search, leaf),
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
  page dpg_private.item_page,
  domains text[] default null
)
returns dpg.found_item[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- From so many items in a circle or box on, it pays to plan with the values, unless they are on the page anyway. To
  -- plan the leaves of a network takes longer.
  many constant integer := greatest(case when domains is null then 200 else 1000 end, 2 * page.row_limit);
  bounds constant dpg_private.circle_bounds := dpg_private.kept_bounds(search);
  found_items dpg.found_item[];
  counted bigint;
begin
  if slot is not null and bounds.bands is not null and not dpg_private.has_filters(search) then
    execute format(
      'select coalesce(array_agg(c.found), ''{}''), coalesce(max(c.counted), 0)
       from dpg_private.circle_of_slot(null::dpg_private.slot_%s, $1, $2, $3, $4, $5) c',
      slot
    )
    into found_items, counted
    using search, bounds, page, many, domains;
    if counted < many then
      return found_items;
    end if;
  end if;
  return null;
end
$body$;

comment on function dpg_private.find_few_in_circle(
  smallint, dpg_private.item_search, dpg_private.item_page, text[]
) is
  'A page of the items in a circle or a box, by a kept plan, of a leaf or of these domains of its network. Null where
there is none for this search, or where the bounds hold many.';
--! EndIncluded items/items_of_leaf.sql
--! Included items/items_of_domains.sql
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
    elsif slots[number] is not null and not dpg_private.is_bounded(search) and not dpg_private.has_filters(search) then
      searches := searches || format(
        'select %s from dpg_private.newest_of_slot(null::dpg_private.slot_%s, $2, ($1).hidden_statuses) i',
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
      i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at, i.item_status,
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

create or replace function dpg_private.items_of_domains(
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
  added_rows constant integer := 100;
  slot smallint;
  domains text[];
  few dpg.found_item[];
  rows_of_page integer := 0;
  has_more boolean;
begin
  if not dpg_private.has_filters(search) then
    select n.slot, n.domains
    into slot, domains
    from dpg_private.look_up_network_slot(item_network, item_domains) n;
  end if;
  if slot is not null and not dpg_private.is_bounded(search) then
    return query execute format(
      'select * from dpg_private.newest_of_network(null::dpg_private.slot_%s, $1, $2, $3, $4)', slot
    )
    using page, domains, added_rows, search.hidden_statuses;
    get diagnostics rows_of_page = row_count;
    if rows_of_page = page.row_limit then
      return;
    end if;
    execute format('select dpg_private.has_more_of_network(null::dpg_private.slot_%s, $1, $2, $3, $4)', slot)
    into has_more
    using page, domains, added_rows, search.hidden_statuses;
    if not has_more then
      return;
    end if;
  elsif slot is not null then
    few := dpg_private.find_few_in_circle(slot, search, page, domains);
    if few is not null then
      return query select * from unnest(few);
      return;
    end if;
  end if;
  return query select * from dpg_private.items_of_leaves(item_network, item_domains, search, page) offset rows_of_page;
end
$body$;

comment on function dpg_private.items_of_domains(
  text, text[], dpg_private.item_search, dpg_private.item_page
) is
  'A page of the items of several domains, or of all, newest first, with next_page_token: by the plan that is kept for
the network, or else leaf by leaf.';
--! EndIncluded items/items_of_domains.sql
--! Included items/find_own_items.sql
create or replace function dpg_private.page_of_own_items(binding bigint, row_limit integer, page_token text)
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
  keys jsonb;
begin
  page.row_limit := row_limit;
  page.binding := binding;
  if page_token is not null then
    page_start := dpg_private.page_position(binding, page_token);
    keys := convert_from(substr(page_start, 25), 'UTF8')::jsonb;
    page.after_time := dpg_private.page_time(page_start);
    page.after_id := dpg_private.page_id(page_start);
    page.after_network := keys ->> 0;
    page.after_domain := keys ->> 1;
    page.after_type := keys ->> 2;
  end if;
  return page;
end
$body$;

comment on function dpg_private.page_of_own_items(bigint, integer, text) is
  'The page that a token of find_own_items asks for; without a token the first one. A place in this order is created_at
in 8 bytes, item_id in 16, and the other keys as a JSON array.
Raises DP011.';

create or replace function dpg_private.find_leaves_of_owner(actor text, item_network text, item_domain text)
returns setof regclass
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- as in dpg_private.find_leaf
as $body$
begin
  return query
    select l.leaf
    from (
      select distinct o.item_network, o.item_domain
      from dpg_private.owner_leaves o
      where o.owner = find_leaves_of_owner.actor
        and (find_leaves_of_owner.item_network is null or o.item_network = find_leaves_of_owner.item_network)
        and (find_leaves_of_owner.item_domain is null or o.item_domain = find_leaves_of_owner.item_domain)
    ) o
    cross join lateral (select dpg_private.find_leaf('items', o.item_network, o.item_domain) as leaf) l
    where l.leaf is not null;
end
$body$;

comment on function dpg_private.find_leaves_of_owner(text, text, text) is
  'The leaves in which a user has, or has had, items: of a network, of a domain, or all.';

create or replace function dpg.find_own_items(
  actor text,
  item_network text default null,
  item_domain text default null,
  item_type text default null,
  item_statuses text[] default null,
  page_size integer default 20,
  page_token text default null
)
returns setof dpg.found_item
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  at_once constant integer := 16;
  search dpg_private.item_search;
  page dpg_private.item_page;
  leaves regclass[];
  statement text;
  of_batch dpg.found_item[];
  of_page dpg.found_item[] := '{}';
begin
  page_size := coalesce(page_size, 20);
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_key_or_none('item_network', item_network),
    dpg_private.check_key_or_none('item_domain', item_domain),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_item_statuses(item_statuses, false),
    dpg_private.check_page_size(page_size);
  search.item_type := item_type;
  search.created_by := actor;
  search.item_statuses := item_statuses;
  page := dpg_private.page_of_own_items(
    (
      select b.binding
      from dpg_private.page_binding(
        'find_own_items', jsonb_build_array(actor, item_network, item_domain, item_type, item_statuses)
      ) b
    ),
    page_size, page_token
  );
  leaves := array(select l from dpg_private.find_leaves_of_owner(actor, item_network, item_domain) l);
  -- as in dpg_private.items_of_leaves: some leaves at a time, and their locks are given back
  for number in 1 .. cardinality(leaves) by at_once loop
    statement := dpg_private.page_of_searches_sql(
      array(
        select dpg_private.items_of_leaf_sql(l.leaf, search, page)
        from unnest(leaves[number : number + at_once - 1]) l(leaf)
      ),
      'i', 'i.created_at desc, i.item_network, i.item_domain, i.item_type, i.item_id', '($2).row_limit',
      dpg_private.page_token_sql(
        '($2).binding',
        'timestamptz_send(i.created_at) || uuid_send(i.item_id)
         || convert_to(jsonb_build_array(i.item_network, i.item_domain, i.item_type)::text, ''UTF8'')'
      )
    );
    if cardinality(leaves) <= at_once then
      return query execute statement using search, page;
      return;
    end if;
    begin
      execute format('select array_agg(row(i.*)::dpg.found_item) from (%s) i', statement)
      into of_batch
      using search, page;
      raise exception using errcode = 'DP000';
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and of_batch has its value
    end;
    of_page := array(
      select i
      from unnest(of_page || of_batch) i
      order by i.created_at desc, i.item_network, i.item_domain, i.item_type, i.item_id
      limit page_size
    );
    if cardinality(of_page) = page_size then
      page.oldest := of_page[page_size].created_at;
    end if;
  end loop;
  return query select * from unnest(of_page);
end
$body$;

comment on function dpg.find_own_items(text, text, text, text, text[], integer, text) is
  'The items of the actor in every status, newest first (created_at descending, then item_network, item_domain,
item_type, item_id), of all networks and domains or of those that are given. Leaves without items of the actor cost
nothing. Pages as in dpg.find_items.
Raises DP001, DP011.
Example: select * from dpg.find_own_items(''asha'', item_statuses => ''{draft,paused}'')';
--! EndIncluded items/find_own_items.sql
--! Included items/count_items.sql
create or replace function dpg_private.count_leaf(leaf regclass, slot smallint, search dpg_private.item_search)
returns bigint
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  many constant integer := 1000; -- from so many items in a circle or box on, it pays to plan with the values
  bounds constant dpg_private.circle_bounds := dpg_private.kept_bounds(search);
  words constant dpg_private.leaf_words := dpg_private.only_words(search, leaf);
  matches bigint;
begin
  if slot is not null and bounds.bands is not null and search.hidden_statuses is null
    and not dpg_private.has_filters(search)
  then
    execute format('select dpg_private.count_circle_of_slot(null::dpg_private.slot_%s, $1, $2, $3)', slot)
    into matches
    using search, bounds, many;
    if matches < many then
      return matches;
    end if;
  end if;
  execute case
    when words.leaf is not null then format('select count(*) from %s w where %s', words.words, words.of_words)
    else format('select count(*) from %s i where %s', leaf, dpg_private.item_conditions_sql(search, leaf))
  end
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
  -- from so many items in a circle on, in all leaves or in one, it pays to plan with the values
  many constant integer := 5000;
  many_of_leaf constant integer := 1000;
  bounds constant dpg_private.circle_bounds := dpg_private.kept_bounds(search);
  -- to count reads the index alone, which does not know the status
  is_kept constant boolean :=
    bounds.bands is not null and search.hidden_statuses is null and not dpg_private.has_filters(search);
  slot smallint;
  domains text[];
  batch record;
  counts integer[];
  matches bigint := 0;
begin
  if is_kept then
    select n.slot, n.domains
    into slot, domains
    from dpg_private.look_up_network_slot(item_network, item_domains) n;
    -- some domains only: the index on the bands does not know them, so that each row would be read
    if slot <= 48 then
      execute format('select dpg_private.count_circle_of_slot(null::dpg_private.slot_%s, $1, $2, $3, $4)', slot)
      into matches
      using search, bounds, many, domains;
      if matches < many then
        return matches;
      end if;
      matches := 0;
    end if;
  end if;
  for batch in
    select n.batch, max(n.batch) over () as last_batch, array_agg(n.leaf) as leaves, array_agg(n.slot) as slots
    from (
      select (row_number() over () - 1) / 16 as batch, l.leaf, l.slot
      from dpg_private.look_up_item_leaves(item_network, item_domains) l
    ) n
    group by n.batch
  loop
    begin
      if is_kept then
        execute 'select array[' || (
          select string_agg(
            coalesce('dpg_private.count_circle_of_slot(null::dpg_private.slot_' || s.slot || ', $1, $2, $3)', 'null'),
            ', ' order by s.number
          )
          from unnest(batch.slots) with ordinality s(slot, number)
        ) || ']::integer[]'
        into counts
        using search, bounds, many_of_leaf;
      end if;
      for number in 1 .. cardinality(batch.leaves) loop
        matches := matches + case
          when counts[number] < many_of_leaf then counts[number]
          else dpg_private.count_leaf(batch.leaves[number], null, search)
        end;
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
  item_domains text[] default null,
  item_statuses text[] default null,
  any_status boolean default false,
  facets jsonb default null,
  search text default null,
  south double precision default null,
  west double precision default null,
  north double precision default null,
  east double precision default null
)
returns bigint
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  wanted dpg_private.item_search;
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
  wanted := dpg_private.search_of(
    item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude, radius_meters
  );
  if any_status or num_nonnulls(item_statuses, facets, search, south, west, north, east) > 0 then
    wanted := dpg_private.with_more_filters(
      wanted, item_network, item_domain, item_domains, item_statuses, any_status, facets, search,
      south, west, north, east
    );
  end if;
  if item_network = any (dpg_private.defined_networks()) and item_statuses is null and any_status is not true then
    wanted.hidden_statuses := dpg_private.find_hidden_statuses(item_network, item_domain, item_domains);
  end if;
  if item_domain is null then
    return dpg_private.count_leaves(item_network, item_domains, wanted);
  end if;
  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
  if leaf is null then
    return 0::bigint;
  end if;
  return dpg_private.count_leaf(leaf, slot, wanted);
end
$body$;

comment on function dpg.count_items(
  text, text, text, text, text, text, jsonb, double precision, double precision, double precision, text[],
  text[], boolean, jsonb, text, double precision, double precision, double precision, double precision
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
      item_status text,
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
    if chord_and_type like 'unplaced %' then
      page.after_time := dpg_private.page_time(decode(substr(chord_and_type, 10, 16), 'hex'));
      page.after_type := substr(chord_and_type, 27);
    else
      page.after_chord := split_part(chord_and_type, ' ', 1)::double precision;
      page.after_type := substr(chord_and_type, strpos(chord_and_type, ' ') + 1);
    end if;
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
item_domain. Among items without a place, "unplaced" and created_at in 16 hexadecimal digits stand for the chord.
Raises DP011.';

create or replace function dpg_private.nearest_by_slot(
  slot anyenum,
  search dpg_private.item_search,
  page dpg_private.item_page,
  center cube,
  box cube,
  domains text[] default null
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
  item_status text,
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
  -- Behind "offset 0" stands what would be prepared anew for each leaf of a network.
  if box is null then
    return query
      select i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url,
        i.item_state, i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at,
        i.item_status, i.chord,
        2 * 6378168 * asin(least(i.chord / (2 * 6378168), 1)), -- dpg_private.great_circle_sql
        case when page.binding is not null then
          dpg_private.token_of_position(
            page.binding,
            uuid_send(i.item_id) || convert_to(i.chord || ' ' || i.item_type, 'UTF8')
              || case when domains is null then '' else decode('00', 'hex') || convert_to(i.item_domain, 'UTF8') end
          )
        end
      from (
        select i.*
        from (
          select i.*, dpg_private.chord_meters(i.item_latitude, i.item_longitude, center) as chord
          from dpg_private.item_rows(slot, domains) i
          where i.item_latitude is not null
            and dpg_private.is_found(i.item_domain, i.item_status, search.hidden_statuses)
          order by dpg_private.chord_meters(i.item_latitude, i.item_longitude, center)
          offset 0
        ) i
        where page.after_chord is null
          or i.chord > page.after_chord
          or (
            i.chord = page.after_chord
            and (i.item_domain, i.item_type, i.item_id)
              > (coalesce(page.after_domain, i.item_domain), page.after_type, page.after_id)
          )
        order by i.chord
        fetch first (page.row_limit) rows with ties
      ) i
      order by i.chord, i.item_domain, i.item_type, i.item_id
      limit page.row_limit;
  else
    return query
      select i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url,
        i.item_state, i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at,
        i.item_status, i.chord,
        2 * 6378168 * asin(least(i.chord / (2 * 6378168), 1)), -- dpg_private.great_circle_sql
        case when page.binding is not null then
          dpg_private.token_of_position(
            page.binding,
            uuid_send(i.item_id) || convert_to(i.chord || ' ' || i.item_type, 'UTF8')
              || case when domains is null then '' else decode('00', 'hex') || convert_to(i.item_domain, 'UTF8') end
          )
        end
      from (
        select i.*
        from (
          select i.*, dpg_private.chord_meters(i.item_latitude, i.item_longitude, center) as chord
          from dpg_private.item_rows(slot, domains) i
          where i.item_latitude is not null
            and dpg_private.is_in_box(i.item_latitude, i.item_longitude, box)
            and dpg_private.is_found(i.item_domain, i.item_status, search.hidden_statuses)
          order by dpg_private.chord_meters(i.item_latitude, i.item_longitude, center)
          offset 0
        ) i
        where dpg_private.is_within(i.item_latitude, i.item_longitude, search.latitude, search.longitude, circle.reach)
          and (
            page.after_chord is null
            or i.chord > page.after_chord
            or (
              i.chord = page.after_chord
              and (i.item_domain, i.item_type, i.item_id)
                > (coalesce(page.after_domain, i.item_domain), page.after_type, page.after_id)
            )
          )
        order by i.chord
        fetch first (page.row_limit) rows with ties
      ) i
      order by i.chord, i.item_domain, i.item_type, i.item_id
      limit page.row_limit;
  end if;
end
$body$;

comment on function dpg_private.nearest_by_slot(
  anyenum, dpg_private.item_search, dpg_private.item_page, cube, cube, text[]
) is
  'A page of the nearest items in the leaf of a slot, or in these domains of its network, by a plan that is kept. box:
of the circle of search, or null. See dpg_private.nearest_of_leaf_sql.';

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
  if slot is not null and not dpg_private.has_filters(search) and (search.box).south is null then
    return format(
      'select %s, i.chord from dpg_private.nearest_by_slot(null::dpg_private.slot_%s, $1, $2, $3, $4) i',
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
    dpg_private.item_conditions_sql(filters, leaf),
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

create or replace function dpg_private.find_nearest(
  item_network text,
  item_domain text,
  item_domains text[],
  wanted dpg_private.item_search,
  page dpg_private.item_page,
  center cube,
  box cube
)
returns setof dpg.nearest_item
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  place_in_order constant text := 'uuid_send(i.item_id) || convert_to(i.chord || '' '' || i.item_type, ''UTF8'')';
  leaf regclass;
  slot smallint;
  batch record;
  statement text;
  of_batch dpg.nearest_item[];
  of_page dpg.nearest_item[];
begin
  if item_domain is not null then
    slot := dpg_private.slot_of('items', item_network, item_domain);
    leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
    if leaf is null then
      return;
    end if;
  end if;
  if item_domain is not null then
    return query execute dpg_private.page_of_nearest_sql(
      dpg_private.nearest_of_leaf_sql(leaf, slot, wanted, page), place_in_order
    )
    using wanted, page, center,
      box;
    return;
  end if;
  for batch in
    select n.batch, max(n.batch) over () as last_batch,
      string_agg('(' || dpg_private.nearest_of_leaf_sql(n.leaf, n.slot, wanted, page) || ')', ' union all ') as searches
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
      return query execute statement using wanted, page, center,
        box;
      return;
    end if;
    begin
      execute format('select array_agg(row(i.*)::dpg.nearest_item) from (%s) i', statement)
      into of_batch
      using wanted, page, center,
        box;
      raise exception using errcode = 'DP000';
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and of_batch has its value: see dpg_private.items_of_leaves
    end;
    of_page := array(
      select i
      from unnest(of_page || of_batch) i
      -- as each batch and the token: two chords may have one distance
      order by dpg_private.chord_meters(i.item_latitude, i.item_longitude, center),
        i.item_domain, i.item_type, i.item_id
      limit page.row_limit
    );
  end loop;
  return query select * from unnest(of_page);
end
$body$;

comment on function dpg_private.find_nearest(
  text, text, text[], dpg_private.item_search, dpg_private.item_page, cube, cube
) is
  'A page of the nearest items of one domain, of several or of all, by statements that are planned each time. center:
the dpg_private.place that is searched from. box: the dpg_private.circle_box of the circle, or null.';

create or replace function dpg_private.find_unplaced(
  item_network text,
  item_domains text[],
  wanted dpg_private.item_search,
  page dpg_private.item_page
)
returns setof dpg.nearest_item
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  wanted.circle := null;
  wanted.box := null;
  wanted.is_unplaced := true;
  if page.after_time is null then -- they begin on this page
    page.after_id := null;
    page.after_type := null;
    page.after_domain := null;
  end if;
  return query
    select i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url, i.item_state,
      i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at, i.item_status,
      null::double precision,
      dpg_private.token_of_position(
        page.binding,
        uuid_send(i.item_id)
          || convert_to('unplaced ' || encode(timestamptz_send(i.created_at), 'hex') || ' ' || i.item_type, 'UTF8')
          || decode('00', 'hex') || convert_to(i.item_domain, 'UTF8')
      )
    from dpg_private.items_of_leaves(item_network, item_domains, wanted, page) i;
end
$body$;

comment on function dpg_private.find_unplaced(text, text[], dpg_private.item_search, dpg_private.item_page) is
  'A page of the items without a place that match a search but for its circle and its box, newest first, as
dpg.nearest_items has them last.';

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
  item_domains text[] default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_statuses text[] default null,
  any_status boolean default false,
  facets jsonb default null,
  search text default null,
  south double precision default null,
  west double precision default null,
  north double precision default null,
  east double precision default null,
  include_unplaced boolean default false
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
  wanted dpg_private.item_search;
  has_more boolean; -- filters that few calls have
  page dpg_private.item_page;
  slot smallint;
  domains text[];
  rows_of_page integer := 0;
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
    dpg_private.check_present('latitude', latitude is not null),
    dpg_private.check_present('longitude', longitude is not null),
    dpg_private.check_circle_or_none(latitude, longitude, coalesce(radius_meters, 0)),
    dpg_private.check_page_size(page_size)
  );
  wanted := dpg_private.search_of(
    item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude, radius_meters
  );
  has_more := any_status
    or include_unplaced
    or num_nonnulls(
      created_by, item_instance_url, item_schema_url, item_statuses, facets, search, south, west, north, east
    ) > 0;
  if has_more then
    wanted := dpg_private.with_more_filters(
      wanted, item_network, item_domain, item_domains, item_statuses, any_status, facets, search,
      south, west, north, east
    );
  end if;
  if item_network = any (dpg_private.defined_networks()) and item_statuses is null and any_status is not true then
    wanted.hidden_statuses := dpg_private.find_hidden_statuses(item_network, item_domain, item_domains);
  end if;
  page := dpg_private.page_of_nearest(
    (
      select b.binding
      from dpg_private.page_binding('nearest_items', case
        when has_more then
          jsonb_build_array(
            item_network, item_domain, latitude, longitude, radius_meters, item_type, item_state, item_domains,
            created_by, item_instance_url, item_schema_url, item_statuses, coalesce(any_status, false), facets,
            search, south, west, north, east, coalesce(include_unplaced, false)
          )
        else
          jsonb_build_array(
            item_network, item_domain, latitude, longitude, radius_meters, item_type, item_state
          ) || coalesce(to_jsonb(item_domains), '[]')
      end) b
    ),
    page_size, page_token
  );
  if page.after_time is null then
    if (wanted.box).south is null and not dpg_private.has_filters(wanted) then
      if item_domain is not null then
        slot := dpg_private.slot_of('items', item_network, item_domain);
        if dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain) is null then
          return;
        end if;
      else
        select n.slot, n.domains
        into slot, domains
        from dpg_private.look_up_network_slot(item_network, item_domains) n;
      end if;
    end if;
    if slot is not null then
      return query execute format(
        'select %s, i.distance_meters, i.next_page_token
         from dpg_private.nearest_by_slot(null::dpg_private.slot_%s, $1, $2, $3, $4, $5) i',
        dpg_private.item_columns_sql('i.'), slot
      )
      using wanted, page, dpg_private.place(latitude, longitude),
        case when radius_meters is not null then dpg_private.circle_box(latitude, longitude, radius_meters) end,
        domains;
    else
      return query
        select *
        from dpg_private.find_nearest(
          item_network, item_domain, item_domains, wanted, page, dpg_private.place(latitude, longitude),
          case when radius_meters is not null then dpg_private.circle_box(latitude, longitude, radius_meters) end
        );
    end if;
    get diagnostics rows_of_page = row_count;
  end if;
  if include_unplaced and rows_of_page < page_size then
    page.row_limit := page_size - rows_of_page;
    return query
      select *
      from dpg_private.find_unplaced(
        item_network, case when item_domain is null then item_domains else array[item_domain] end, wanted, page
      );
  end if;
end
$body$;

comment on function dpg.nearest_items(
  text, text, double precision, double precision, double precision, text, jsonb, integer, text, text[],
  text, text, text, text[], boolean, jsonb, text, double precision, double precision, double precision,
  double precision, boolean
) is
  'The items of a network that have a place, nearest to latitude and longitude (degrees) first, then by item_domain,
item_type and item_id. item_domain is one domain; null means those of item_domains (no element: no items), or every
domain. distance_meters is along the great circle of earthdistance''s sphere. radius_meters limits the search to a
circle. Other filters as in dpg.find_items. include_unplaced: after them come the items without a place, newest first,
whose distance_meters is null; circle and box do not limit those. Pages as in dpg.find_items. A later page passes over
the rows before it, so its cost grows with its number.
Raises DP001, DP011.
Example: select item_id, distance_meters
from dpg.nearest_items(''yellow_dot'', ''tutor'', 12.9716, 77.5946, page_size => 10)';
--! EndIncluded geo/nearest_items.sql
--! Included geo/map_items.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.map_marker') is null then
    create type dpg.map_marker as (
      latitude double precision,
      longitude double precision,
      item_count bigint,
      south double precision,
      west double precision,
      north double precision,
      east double precision,
      item_domain text,
      item_type text,
      item_id uuid
    );
  end if;
  if pg_catalog.to_regtype('dpg_private.map_cell') is null then
    create type dpg_private.map_cell as (
      column_number bigint,
      row_number bigint,
      item_count bigint,
      latitude_sum double precision,
      longitude_sum double precision,
      south double precision,
      west double precision,
      north double precision,
      east double precision,
      item_domain text,
      stored_longitude double precision
    );
  end if;
end
$body$;

comment on type dpg.map_marker is
  'A row of dpg.map_items: one item with its key, or a cell of the grid that holds several: their mean place (degrees),
how many they are, and the edges between which they lie.';
comment on type dpg_private.map_cell is
  'What a cell of the grid holds: see dpg.map_items. Sums for the mean place; of a single item its domain and its
longitude as it is stored, by which its key is found.';

create or replace function dpg_private.level_of_map(box dpg_private.circle_bounds, max_markers integer)
returns integer
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  width constant double precision := box.east - box.west + case when box.west > box.east then 360 else 0 end;
  height constant double precision := box.north - box.south;
begin
  -- Cells of level 32 are 8 millionths of a millionth of the world: what is at one place to a centimetre stays
  -- together.
  for level in reverse 32 .. 1 loop
    if (ceil(width * 2 ^ level / 360) + 1) * (ceil(height * 2 ^ level / 180) + 1) <= max_markers then
      return level;
    end if;
  end loop;
  return 0;
end
$body$;

comment on function dpg_private.level_of_map(dpg_private.circle_bounds, integer) is
  'The level of the grid for a box: the finest at which its cells, with one more in each direction for those that it
touches at its edges, are no more than max_markers. Level 0 is one cell, the world; each level halves both sides.';

create or replace function dpg_private.cells_of_leaf_sql(
  leaf regclass,
  item_domain text,
  wanted dpg_private.item_search,
  level integer
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- The index on the bands has latitude and longitude: without other filters no row is read. 180 degrees are -180, in
  -- the cell, in the mean and in the edges. The last row of cells has the pole; the last column the numbers next to
  -- 180, which are 360 when 180 is added.
  return format(
    'select
       least(floor((p.longitude + 180) * %1$s / 360), %1$s - 1)::bigint as column_number,
       least(floor((i.item_latitude + 90) * %1$s / 180), %1$s - 1)::bigint as row_number,
       count(*) as item_count, sum(i.item_latitude) as latitude_sum, sum(p.longitude) as longitude_sum,
       min(i.item_latitude) as south, min(p.longitude) as west, max(i.item_latitude) as north, max(p.longitude) as east,
       %2$L as item_domain, min(i.item_longitude) as stored_longitude
     from %3$s i
     cross join lateral (select case when i.item_longitude = 180 then -180 else i.item_longitude end as longitude) p
     where %4$s
     group by 1, 2',
    (2 ^ level)::bigint, item_domain, leaf, dpg_private.item_conditions_sql(wanted, leaf)
  );
end
$body$;

comment on function dpg_private.cells_of_leaf_sql(regclass, text, dpg_private.item_search, integer) is
  'The statement that puts the items of a leaf that match a search into cells of a level, as rows of
dpg_private.map_cell. $1 is the search.';

create or replace function dpg_private.merged_cells(cells dpg_private.map_cell[])
returns dpg_private.map_cell[]
language sql
immutable
parallel safe
security invoker
return (
  select array_agg(
    row(
      m.column_number, m.row_number, m.item_count, m.latitude_sum, m.longitude_sum, m.south, m.west, m.north, m.east,
      m.item_domain, m.stored_longitude
    )::dpg_private.map_cell
  )
  from (
    select c.column_number, c.row_number, sum(c.item_count)::bigint as item_count, sum(c.latitude_sum) as latitude_sum,
      sum(c.longitude_sum) as longitude_sum, min(c.south) as south, min(c.west) as west, max(c.north) as north,
      max(c.east) as east, min(c.item_domain) as item_domain, min(c.stored_longitude) as stored_longitude
    from unnest(cells) c
    group by c.column_number, c.row_number
  ) m
);

comment on function dpg_private.merged_cells(dpg_private.map_cell[]) is
  'Cells of several leaves put together.';

create or replace function dpg_private.markers_of_leaf_sql(leaf regclass, wanted dpg_private.item_search)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return format(
    'select i.item_latitude as latitude, i.item_longitude as longitude, 1::bigint as item_count,
       i.item_latitude as south, i.item_longitude as west, i.item_latitude as north, i.item_longitude as east,
       i.item_domain, i.item_type, i.item_id
     from %s i
     where %s',
    leaf, dpg_private.item_conditions_sql(wanted, leaf)
  );
end
$body$;

comment on function dpg_private.markers_of_leaf_sql(regclass, dpg_private.item_search) is
  'The statement that makes a dpg.map_marker of each item of a leaf that matches a search. $1 is the search.';

create or replace function dpg_private.markers_of_cells(
  cells dpg_private.map_cell[],
  item_network text,
  wanted dpg_private.item_search
)
returns setof dpg.map_marker
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  of_leaf record;
begin
  for of_leaf in
    select l.leaf, l.item_domain, array_agg(c) as cells
    from unnest(cells) c
    join dpg_private.look_up_item_leaves(
      item_network, (select array_agg(distinct s.item_domain) from unnest(cells) s where s.item_count = 1)
    ) l on l.item_domain = c.item_domain
    where c.item_count = 1
    group by l.leaf, l.item_domain
  loop
    return query execute format(
      'select c.south, c.west, c.item_count, c.south, c.west, c.north, c.east, i.item_domain, i.item_type, i.item_id
       from unnest($2) c
       cross join lateral (
         select *
         from %s i
         where dpg_private.latitude_band(i.item_latitude) = dpg_private.latitude_band(c.south)
           and i.item_latitude = c.south
           and i.item_longitude = c.stored_longitude
           and %s
         limit 1
       ) i',
      of_leaf.leaf, dpg_private.item_conditions_sql(wanted, of_leaf.leaf)
    )
    using wanted, of_leaf.cells;
  end loop;
  return query
    -- the sum of one place, divided, may be another number than the place
    select least(greatest(c.latitude_sum / c.item_count, c.south), c.north),
      least(greatest(c.longitude_sum / c.item_count, c.west), c.east), c.item_count, c.south, c.west, c.north, c.east,
      null::text, null::text, null::uuid
    from unnest(cells) c
    where c.item_count > 1;
end
$body$;

comment on function dpg_private.markers_of_cells(dpg_private.map_cell[], text, dpg_private.item_search) is
  'The markers of cells; of one that holds a single item with its key, which is found by its place.';

create or replace function dpg_private.check_max_markers(max_markers integer)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (max_markers between 1 and 10000) is not true then
    dpg_private.refuse_argument(
      'max_markers', to_jsonb(max_markers), 'is out of range', 'A map has 1 to 10,000 markers.'
    )
end;

comment on function dpg_private.check_max_markers(integer) is
  'Raises DP001 unless max_markers is from 1 to 10,000.';

create or replace function dpg_private.are_few_in_place(
  item_network text,
  item_domains text[],
  wanted dpg_private.item_search,
  at_most integer
)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  place dpg_private.item_search := wanted;
  batch record;
  of_batch integer;
  counted integer := 0;
begin
  place.circle := null;
  place.box := null;
  if dpg_private.has_filters(place) then
    return true;
  end if;
  for batch in
    select n.batch, max(n.batch) over () as last_batch,
      string_agg(
        format('(select from %s i where %s limit $2)', n.leaf, dpg_private.item_conditions_sql(wanted, n.leaf)),
        ' union all '
      ) as searches
    from (
      select (row_number() over () - 1) / 16 as batch, l.*
      from dpg_private.look_up_item_leaves(item_network, item_domains) l
    ) n
    group by n.batch
    order by n.batch
  loop
    begin
      execute format('select count(*) from (select from (%s) i limit $2) i', batch.searches)
      into of_batch
      using wanted, at_most + 1 - counted;
      counted := counted + of_batch;
      if batch.last_batch > 0 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and counted has its value: see dpg_private.items_of_leaves
    end;
    if counted > at_most then
      return false;
    end if;
  end loop;
  return true;
end
$body$;

comment on function dpg_private.are_few_in_place(text, text[], dpg_private.item_search, integer) is
  'False where more than at_most items match a search that asks for nothing but a place: the index on the bands says so
without a look at the rows. True where they are fewer, or where the search asks for more and only the rows can say.';

create or replace function dpg.map_items(
  item_network text,
  item_domain text,
  south double precision,
  west double precision,
  north double precision,
  east double precision,
  max_markers integer default 1000,
  item_type text default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_state jsonb default null,
  latitude double precision default null,
  longitude double precision default null,
  radius_meters double precision default null,
  item_domains text[] default null,
  item_statuses text[] default null,
  any_status boolean default false,
  facets jsonb default null,
  search text default null
)
returns setof dpg.map_marker
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted dpg_private.item_search;
  level integer;
  batch record;
  markers dpg.map_marker[] := '{}';
  of_batch dpg.map_marker[];
  cells dpg_private.map_cell[];
  cells_of_batch dpg_private.map_cell[];
  domains constant text[] := case when item_domain is not null then array[item_domain] else item_domains end;
  are_few boolean;
begin
  max_markers := coalesce(max_markers, 1000);
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_item_domains(item_domain, item_domains),
    dpg_private.check_present('south', south is not null),
    dpg_private.check_present('west', west is not null),
    dpg_private.check_present('north', north is not null),
    dpg_private.check_present('east', east is not null),
    dpg_private.check_max_markers(max_markers),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_key_or_none('created_by', created_by),
    dpg_private.check_url_or_none('item_instance_url', item_instance_url),
    dpg_private.check_url_or_none('item_schema_url', item_schema_url),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters);
  wanted := dpg_private.search_of(
    item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude, radius_meters
  );
  wanted := dpg_private.with_more_filters(
    wanted, item_network, item_domain, item_domains, item_statuses, any_status, facets, search, south, west, north, east
  );
  if item_network = any (dpg_private.defined_networks()) and item_statuses is null and any_status is not true then
    wanted.hidden_statuses := dpg_private.find_hidden_statuses(item_network, item_domain, item_domains);
  end if;
  level := dpg_private.level_of_map(wanted.box, max_markers);

  are_few := dpg_private.are_few_in_place(item_network, domains, wanted, max_markers);
  for batch in
    select n.batch, max(n.batch) over () as last_batch,
      string_agg('(' || dpg_private.markers_of_leaf_sql(n.leaf, wanted) || ')', ' union all ') as markers_sql
    from (
      select (row_number() over () - 1) / 16 as batch, l.*
      from dpg_private.look_up_item_leaves(item_network, domains) l
      where are_few
    ) n
    group by n.batch
    order by n.batch
  loop
    begin
      execute format(
        'select array_agg(row(m.*)::dpg.map_marker) from (select * from (%s) m limit $2) m', batch.markers_sql
      )
      into of_batch
      using wanted, max_markers + 1 - cardinality(markers);
      markers := markers || of_batch;
      are_few := cardinality(markers) <= max_markers;
      if batch.last_batch > 0 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, the variables have their values: see dpg_private.items_of_leaves
    end;
    exit when not are_few;
  end loop;
  if are_few then
    return query
      select *
      from unnest(markers) m
      order by m.item_domain, m.item_type, m.item_id;
    return;
  end if;

  for batch in
    select n.batch, max(n.batch) over () as last_batch,
      string_agg('(' || dpg_private.cells_of_leaf_sql(n.leaf, n.item_domain, wanted, level) || ')', ' union all ')
        as cells_sql,
      count(*) as leaves
    from (
      select (row_number() over () - 1) / 16 as batch, l.*
      from dpg_private.look_up_item_leaves(item_network, domains) l
    ) n
    group by n.batch
    order by n.batch
  loop
    begin
      execute format('select array_agg(row(c.*)::dpg_private.map_cell) from (%s) c', batch.cells_sql)
      into cells_of_batch
      using wanted;
      cells := case
        when batch.leaves = 1 and cells is null then cells_of_batch
        else dpg_private.merged_cells(cells || cells_of_batch)
      end;
      if batch.last_batch > 0 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null;
    end;
  end loop;
  return query select * from dpg_private.markers_of_cells(cells, item_network, wanted);
end
$body$;

comment on function dpg.map_items(
  text, text, double precision, double precision, double precision, double precision, integer, text, text, text, text,
  jsonb, double precision, double precision, double precision, text[], text[], boolean, jsonb, text
) is
  'The items of a network in a box (degrees; west > east crosses the 180th meridian), as at most max_markers (1 to
10,000, default 1,000) markers of a map. So many items or fewer: each is a row with its key. More: a row for each cell
of a grid that holds some: the mean place, item_count, the edges between which its items lie; the key where it holds
one. The sum of item_count is dpg.count_items of the same filters. The grid is that of the whole world, and its level
follows from the size of the box alone, so that a map that is moved sees the same cells. Filters as in dpg.find_items.
Raises DP001, DP014.
Example: select * from dpg.map_items(
  ''yellow_dot'', ''tutor'', south => 12.8, west => 77.4, north => 13.1, east => 77.8, max_markers => 500
)';
--! EndIncluded geo/map_items.sql
--! Included items/count_facets.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.facet_count') is null then
    create type dpg.facet_count as (
      field text,
      value jsonb,
      item_count bigint
    );
  end if;
end
$body$;

comment on type dpg.facet_count is
  'A row of dpg.count_facets: a field of item_state, one of its values, and how many items have it.';

create or replace function dpg_private.check_facet_fields(fields text[])
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_present('fields', fields is not null);
  perform dpg_private.refuse_argument('fields', null, 'is missing', 'Pass names of fields.', f.number::integer - 1)
  from unnest(fields) with ordinality f(field, number)
  where f.field is null;
  if cardinality(fields) > 100 then
    perform dpg_private.refuse_argument('fields', null, 'has too many elements', 'Pass 100 fields at most.');
  end if;
end
$body$;

comment on function dpg_private.check_facet_fields(text[]) is
  'Raises DP001 unless fields are up to 100 names.';

create or replace function dpg_private.values_of_leaves(
  item_network text,
  item_domains text[],
  wanted dpg_private.item_search,
  fields text[]
)
returns setof dpg.facet_count
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  batch record;
  of_batch dpg.facet_count[];
  counted dpg.facet_count[];
begin
  for batch in
    select n.batch, max(n.batch) over () as last_batch,
      string_agg(
        format(
          '(select f.field, i.item_state -> f.field as value
            from %s i
            cross join unnest($2) f(field)
            where %s)',
          n.leaf, dpg_private.item_conditions_sql(wanted, n.leaf)
        ),
        ' union all '
      ) as searches
    from (
      select (row_number() over () - 1) / 16 as batch, l.*
      from dpg_private.look_up_item_leaves(item_network, item_domains) l
    ) n
    group by n.batch
    order by n.batch
  loop
    begin
      -- whole values first: so arrays are taken apart once for each that there is, not for each item
      execute format(
        'select array_agg(row(v.field, v.value, v.item_count)::dpg.facet_count)
         from (
           select i.field, i.value, count(*) as item_count
           from (%s) i
           where i.value is not null
           group by i.field, i.value
         ) v',
        batch.searches
      )
      into of_batch
      using wanted, fields;
      counted := counted || of_batch;
      if batch.last_batch > 0 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and counted has its value: see dpg_private.items_of_leaves
    end;
  end loop;
  return query
    select c.field, e.value, sum(c.item_count)::bigint
    from unnest(counted) c
    cross join lateral (
      select c.value
      where jsonb_typeof(c.value) not in ('array', 'object')
      union all
      select distinct a.element
      from jsonb_array_elements(case jsonb_typeof(c.value) when 'array' then c.value else '[]' end) a(element)
      where jsonb_typeof(a.element) not in ('array', 'object')
    ) e(value)
    group by c.field, e.value;
end
$body$;

comment on function dpg_private.values_of_leaves(text, text[], dpg_private.item_search, text[]) is
  'How many of the items that match a search have which value in which of these fields.';

create or replace function dpg.count_facets(
  item_network text,
  item_domain text,
  fields text[],
  max_values integer default 20,
  item_type text default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_state jsonb default null,
  latitude double precision default null,
  longitude double precision default null,
  radius_meters double precision default null,
  item_domains text[] default null,
  item_statuses text[] default null,
  any_status boolean default false,
  facets jsonb default null,
  search text default null,
  south double precision default null,
  west double precision default null,
  north double precision default null,
  east double precision default null
)
returns setof dpg.facet_count
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted dpg_private.item_search;
  of_fields record;
  others jsonb; -- facets that count for these fields
  counted dpg.facet_count[] := '{}';
begin
  max_values := coalesce(max_values, 20);
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_item_domains(item_domain, item_domains),
    dpg_private.check_facet_fields(fields),
    case
      when (max_values between 1 and 1000) is not true then
        dpg_private.refuse_argument(
          'max_values', to_jsonb(max_values), 'is out of range', 'A field has 1 to 1,000 values.'
        )
    end,
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_key_or_none('created_by', created_by),
    dpg_private.check_url_or_none('item_instance_url', item_instance_url),
    dpg_private.check_url_or_none('item_schema_url', item_schema_url),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters);
  wanted := dpg_private.search_of(
    item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude, radius_meters
  );
  wanted := dpg_private.with_more_filters(
    wanted, item_network, item_domain, item_domains, item_statuses, any_status, facets, search, south, west, north, east
  );
  perform dpg_private.check_public_fields(
    item_network, case when item_domain is not null then array[item_domain] else item_domains end, item_type, fields
  );
  if item_network = any (dpg_private.defined_networks()) and item_statuses is null and any_status is not true then
    wanted.hidden_statuses := dpg_private.find_hidden_statuses(item_network, item_domain, item_domains);
  end if;

  fields := array(select f from unnest(fields) f); -- whatever its dimensions
  -- The fields without a facet have one search in common; each of the others has all facets but its own.
  for of_fields in
    select case when facets ? f.field then f.field end as own, array_agg(distinct f.field) as fields
    from unnest(count_facets.fields) f(field)
    group by 1
  loop
    others := case when of_fields.own is null then facets else facets - of_fields.own end;
    wanted.facets := case when others <> '{}' then dpg_private.facets_path(others) end;
    counted := counted || array(
      select v
      from dpg_private.values_of_leaves(
        item_network, case when item_domain is not null then array[item_domain] else item_domains end, wanted,
        of_fields.fields
      ) v
    );
  end loop;
  return query
    select r.field, r.value, r.item_count
    from (
      select c.*, row_number() over (partition by c.field order by c.item_count desc, c.value) as place
      from unnest(counted) c
    ) r
    where r.place <= max_values
    order by array_position(count_facets.fields, r.field), r.place;
end
$body$;

comment on function dpg.count_facets(
  text, text, text[], integer, text, text, text, text, jsonb, double precision, double precision, double precision,
  text[], text[], boolean, jsonb, text, double precision, double precision, double precision, double precision
) is
  'How many items have which value of each of these fields of item_state, the most frequent first, those of one number
by value; at most max_values (1 to 1,000, default 20) of a field. Elements of an array count one by one, an item once
for each value; null is a value, objects and arrays in arrays are none. Filters as in dpg.find_items. For each field all
of them count but its own facet, so that a choice can be widened.
Raises DP001, DP014.
Example: select * from dpg.count_facets(
  ''yellow_dot'', ''tutor'', ''{subject,verified}'', facets => ''{"subject": ["math"]}''
)';
--! EndIncluded items/count_facets.sql
--! Included search/define_search.sql
create or replace function dpg_private.lock_leaf_of_search(item_network text, item_domain text, leaf regclass)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  caller_timeout constant text := current_setting('lock_timeout');
  give_up_at constant timestamptz :=
    clock_timestamp() + interval '1 second' * dpg_private.limit_of('partition_lock_seconds');
  pause double precision := 0.005;
begin
  loop
    begin
      if pause > 0.05 then
        -- many short writers leave no moment without a lock: stand in the queue, for a short time
        perform set_config('lock_timeout', '40ms', true);
        execute format('lock table %s in share row exclusive mode', leaf);
        perform set_config('lock_timeout', caller_timeout, true);
      else
        execute format('lock table %s in share row exclusive mode nowait', leaf);
      end if;
      return;
    exception
      when lock_not_available then
        if clock_timestamp() >= give_up_at then
          raise exception using
            errcode = 'DP010',
            message = dpg_private.text_for_client(format(
              'the search of %L/%L cannot be defined: the lock on %s could not be had within %s s',
              item_network, item_domain, leaf, dpg_private.limit_of('partition_lock_seconds')
            )),
            hint = 'Repeat the call later. What holds the lock is a long transaction that writes to the same domain, '
              'or a maintenance command: see blocked_by in the detail, pg_locks and pg_stat_activity.',
            detail = dpg_private.text_for_client(jsonb_build_object(
              'root', 'items', 'network', item_network, 'key', item_domain, 'reason', 'locks',
              'locks', jsonb_build_array(leaf::text),
              'blocked_by', dpg_private.find_lock_holders(array[leaf], array[leaf])
            )::text);
        end if;
    end;
    perform pg_sleep(pause * (0.5 + random()));
    pause := least(pause * 2, 0.25);
  end loop;
end
$body$;

comment on function dpg_private.lock_leaf_of_search(text, text, regclass) is
  'Locks a leaf (SHARE ROW EXCLUSIVE: writers wait, readers do not) so that its triggers can change, and nobody writes
by the former ones. It tries for a short time, again and again, so that no long queue of writers comes about.
Raises DP010 after partition_lock_seconds of dpg.limits.';

create or replace function dpg_private.check_search_fields(fields text[])
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if cardinality(fields) not between 1 and 20 or array_ndims(fields) <> 1 then
    perform dpg_private.refuse_argument(
      'fields', to_jsonb(fields), 'has no element, too many, or other arrays',
      'Pass the names of 1 to 20 fields, the weightiest first, or null to remove the definition.'
    );
  end if;
  perform dpg_private.refuse_argument(
    'fields', to_jsonb(f.field), case when f.field is null then 'is missing' else 'is there twice' end,
    'Pass each name once.', f.number::integer - 1
  )
  from (
    select n.field, n.number, row_number() over (partition by n.field order by n.number) as occurrence
    from unnest(fields) with ordinality n(field, number)
  ) f
  where f.field is null
    or f.occurrence > 1;
end
$body$;

comment on function dpg_private.check_search_fields(text[]) is
  'Raises DP001 unless fields are 1 to 20 different names, or null.';

create or replace function dpg_private.check_language(language regconfig)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not exists (
    select
    from pg_ts_config c
    where c.oid = check_language.language
      and c.cfgnamespace = 'pg_catalog'::regnamespace
  ) then
    perform dpg_private.refuse_argument(
      'language', to_jsonb(language::text), 'is no language of PostgreSQL''s own',
      'Pass one that pg_catalog.pg_ts_config has in schema pg_catalog, such as simple or english. '
        'Another one could be dropped, and no item could be written then.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_language(regconfig) is
  'Raises DP001 unless the text search configuration is one that PostgreSQL came with.';

create or replace function dpg.define_search(
  item_network text,
  item_domain text,
  item_type text,
  fields text[],
  language regconfig default 'simple'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  version integer;
  is_empty boolean := true;
begin
  language := coalesce(language, 'simple'::regconfig);
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_key('item_type', item_type),
    dpg_private.check_search_fields(fields),
    dpg_private.check_language(language);
  if fields is not null then
    fields := array(select n.field from unnest(fields) with ordinality n(field, number) order by n.number);
    perform
      dpg_private.check_domain_declared(item_network, item_domain),
      dpg_private.check_public_fields(item_network, array[item_domain], item_type, fields);
  end if;

  -- the same again, as an application says it at each start: no lock
  if fields is not distinct from (
    select s.fields
    from dpg.item_searches s
    where s.item_network = define_search.item_network
      and s.item_domain = define_search.item_domain
      and s.item_type = define_search.item_type
      and s.language = define_search.language::text
  )
  and (
    fields is not null
    or not exists (
      select
      from dpg.item_searches s
      where s.item_network = define_search.item_network
        and s.item_domain = define_search.item_domain
        and s.item_type = define_search.item_type
    )
  ) then
    return;
  end if;

  -- lock: registered documents, so that none closes a field meanwhile; the definitions of the domain; then the leaf, or
  -- whoever would create it
  if fields is not null then
    lock table dpg.networks in share mode;
    perform dpg_private.check_public_fields(item_network, array[item_domain], item_type, fields);
  end if;
  insert into dpg_private.searched_domains as d
  values (item_network, item_domain, 1)
  on conflict on constraint searched_domains_pkey do update
  set version = d.version + 1
  returning d.version into version;
  leaf := dpg_private.find_leaf('items', item_network, item_domain);
  if leaf is null then
    perform dpg_private.take_partition_turn('items', item_network, item_domain);
    leaf := dpg_private.find_leaf('items', item_network, item_domain);
  end if;
  if leaf is not null then
    perform dpg_private.lock_leaf_of_search(item_network, item_domain, leaf);
    is_empty := not dpg_private.may_have_items(leaf, item_type);
  end if;

  -- change
  if fields is null then
    delete from dpg.item_searches s
    where s.item_network = define_search.item_network
      and s.item_domain = define_search.item_domain
      and s.item_type = define_search.item_type;
  else
    insert into dpg.item_searches as s
    values (item_network, item_domain, item_type, fields, language::text, version, is_empty)
    on conflict on constraint item_searches_pkey do update
    set fields = excluded.fields,
      language = excluded.language,
      version = excluded.version,
      is_refreshed = excluded.is_refreshed,
      refresh_from = null;
  end if;
  if leaf is not null then
    perform dpg_private.keep_words(item_network, item_domain, leaf);
    if fields is null and dpg_private.has_words(leaf) then
      execute format(
        'delete from %s w where w.item_type = $1',
        dpg_private.words_table((select c.relname from pg_class c where c.oid = leaf))
      )
      using item_type;
    end if;
  end if;
end
$body$;

comment on function dpg.define_search(text, text, text, text[], regconfig) is
  'Declares by which top-level fields of item_state (strings, arrays of strings) items of a type are searched, the
weightiest first, and replaces the former declaration; null removes it. language is a text search configuration of
PostgreSQL''s own: its stemmer finds running by runs; simple (default) has none. From then on each write keeps the words
of its item. Items that are there already are searched slowly until dpg.refresh_search has made their words. Writers of
the domain wait while the call changes triggers, until its transaction ends.
Raises DP001, DP010, DP014.
Example: select dpg.define_search(''yellow_dot'', ''tutor'', ''profile_1.0'', ''{name,subject}'', ''english'')';
--! EndIncluded search/define_search.sql
--! Included search/refresh_search.sql
create or replace function dpg_private.refresh_words(definition dpg.item_searches, leaf regclass, max_items integer)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- the table of words grows while it is read: what looks best at first does not stay so
as $body$
declare
  words constant text := dpg_private.words_table((select c.relname from pg_class c where c.oid = leaf));
  is_left constant text := format(
    'i.item_network = ($1).item_network
     and i.item_domain = ($1).item_domain
     and i.item_type = ($1).item_type
     and i.item_id >= coalesce(($1).refresh_from, ''00000000-0000-0000-0000-000000000000'')
     and coalesce(
       (select w.version from %s w where w.item_type = ($1).item_type and w.item_id = i.item_id), 0
     ) < ($1).version',
    words
  );
  refreshed integer;
  first_left uuid;
begin
  -- An item is locked while its words are made, and one that a writer has locked is left for later. So no writer has
  -- its words overwritten, and nobody waits for one lock while it holds another.
  execute format(
    'with wanted as (
       select i.item_id, i.created_at, i.item_state
       from %s i
       where %s
       order by i.item_id
       limit $2
       for no key update skip locked
     )
     insert into %s as w
     select ($1).item_type, i.item_id, i.created_at, ($1).version,
       dpg_private.words_of(i.item_state, ($1).fields, ($1).language::regconfig)
     from wanted i
     on conflict (item_type, item_id) do update
     set created_at = excluded.created_at,
       version = excluded.version,
       words = excluded.words
     where w.version < excluded.version',
    leaf, is_left, words
  )
  using definition, max_items;
  get diagnostics refreshed = row_count;

  execute format('select i.item_id from %s i where %s order by i.item_id limit 1', leaf, is_left)
  into first_left
  using definition;
  if first_left is not null and refreshed = 0 then
    -- others have locked what is left: wait for the first, since 0 would mean that nothing is left
    execute format('select from %s i where %s order by i.item_id limit 1 for no key update', leaf, is_left)
    using definition;
    return dpg_private.refresh_words(definition, leaf, 1);
  end if;
  update dpg.item_searches s
  set is_refreshed = first_left is null,
    refresh_from = first_left
  where s.item_network = definition.item_network
    and s.item_domain = definition.item_domain
    and s.item_type = definition.item_type
    and s.version = definition.version;
  if first_left is null then
    execute format('analyze %s', words); -- the next searches are planned by it
  end if;
  return refreshed;
end
$body$;

comment on function dpg_private.refresh_words(dpg.item_searches, regclass, integer) is
  'Makes the words of at most so many items of a type that lack words of the definition''s version, in the order of
their ids, and notes where to go on. Returns how many it made.';

create or replace function dpg.refresh_search(item_network text, item_domain text, max_items integer default 10000)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  definition dpg.item_searches;
  refreshed integer := 0;
begin
  max_items := coalesce(max_items, 10000);
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    case
      when (max_items between 1 and 1000000) is not true then
        dpg_private.refuse_argument(
          'max_items', to_jsonb(max_items), 'is out of range', 'A call refreshes 1 to 1,000,000 items.'
        )
    end;
  leaf := dpg_private.find_leaf('items', item_network, item_domain);
  if leaf is null then
    return 0;
  end if;

  -- lock: the definitions of the domain. One that was removed meanwhile would leave words behind that no item has, and
  -- whoever changes one waits here, before it makes writers wait.
  perform
  from dpg_private.searched_domains d
  where d.item_network = refresh_search.item_network
    and d.item_domain = refresh_search.item_domain
  for share;

  -- a leaf that came to the domain otherwise than by a call of ours, or whose triggers were disabled
  if not dpg_private.has_words(leaf)
    and exists (
      select
      from dpg.item_searches s
      where s.item_network = refresh_search.item_network
        and s.item_domain = refresh_search.item_domain
    )
  then
    update dpg_private.searched_domains d
    set version = d.version
    where d.item_network = refresh_search.item_network
      and d.item_domain = refresh_search.item_domain;
    perform dpg_private.lock_leaf_of_search(item_network, item_domain, leaf);
    perform dpg_private.keep_words(item_network, item_domain, leaf);
  end if;

  for definition in
    select s.*
    from dpg.item_searches s
    where s.item_network = refresh_search.item_network
      and s.item_domain = refresh_search.item_domain
      and not s.is_refreshed
    order by s.item_type
  loop
    refreshed := refreshed + dpg_private.refresh_words(definition, leaf, max_items - refreshed);
    exit when refreshed >= max_items;
  end loop;
  return refreshed;
end
$body$;

comment on function dpg.refresh_search(text, text, integer) is
  'Makes the words of items that were there before dpg.define_search, of at most max_items (1 to 1,000,000, default
10,000). Returns how many it made; 0: finished. Call it again and again, each call in a transaction of its own: writers
of these items wait until it ends. Until then a search finds what was not refreshed by reading the items themselves.
Raises DP001, DP010.
Example: select dpg.refresh_search(''yellow_dot'', ''tutor'')';
--! EndIncluded search/refresh_search.sql
--! Included search/search_items.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.searched_item') is null then
    create type dpg.searched_item as (
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
      item_status text,
      relevance real,
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.searched_item is
  'A row of dpg.search_items: the columns of dpg.items, then relevance, by which rows are ordered, and next_page_token,
which continues after this row.';

create or replace function dpg_private.page_of_searched(binding bigint, row_limit integer, page_token text)
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
  relevance_and_type text;
begin
  page.row_limit := row_limit;
  page.binding := binding;
  if page_token is not null then
    page_start := dpg_private.page_position(binding, page_token);
    page.after_time := dpg_private.page_time(page_start);
    page.after_id := dpg_private.page_id(page_start);
    separator := position(decode('00', 'hex') in substr(page_start, 25)); -- no text has a zero byte
    relevance_and_type := convert_from(substr(page_start, 25, separator - 1), 'UTF8');
    page.after_relevance := split_part(relevance_and_type, ' ', 1)::real;
    page.after_type := substr(relevance_and_type, strpos(relevance_and_type, ' ') + 1);
    page.after_domain := convert_from(substr(page_start, 25 + separator), 'UTF8');
  end if;
  return page;
end
$body$;

comment on function dpg_private.page_of_searched(bigint, integer, text) is
  'The page that a token of search_items asks for; without a token the first one. A place in this order is created_at
in 8 bytes, item_id in 16, relevance and item_type with a space between, a zero byte, and item_domain.
Raises DP011.';

create or replace function dpg_private.searched_of_leaf_sql(
  words dpg_private.leaf_words,
  search dpg_private.item_search,
  page dpg_private.item_page
)
returns text
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  filters dpg_private.item_search := search;
  of_page constant text := concat(
    'true',
    case when page.after_time is not null then
      format(
        ' and (f.relevance, f.created_at) <= (($2).after_relevance, ($2).after_time)
          and (
            (f.relevance, f.created_at) < (($2).after_relevance, ($2).after_time)
            or (%L, f.item_type, f.item_id) > (($2).after_domain, ($2).after_type, ($2).after_id)
          )',
        words.item_domain
      )
    end,
    ' order by f.relevance desc, f.created_at desc, f.item_type, f.item_id limit ($2).row_limit'
  );
begin
  if (dpg_private.only_words(search, words.leaf)).leaf is not null then
    return format(
      'select %s, w.relevance
       from (
         select *
         from (select w.item_type, w.item_id, w.created_at, %s as relevance from %s w where %s) f
         where %s
       ) w
       join %s i on %s',
      dpg_private.item_columns_sql('i.'), words.relevance, words.words, words.of_words, of_page, words.leaf,
      words.key_of_words
    );
  end if;
  filters.words := null;
  if words.words is not null then
    filters.item_type := null; -- of_words asks for it
  end if;
  return format(
    'select * from (select %s, %s as relevance from %s and %s) f where %s',
    dpg_private.item_columns_sql('i.'), words.relevance,
    case
      when words.words is null then format('%s i where %s', words.leaf, words.condition)
      else format('%s w join %s i on %s where %s', words.words, words.leaf, words.key_of_words, words.of_words)
    end,
    dpg_private.item_conditions_sql(filters, words.leaf), of_page
  );
end
$body$;

comment on function dpg_private.searched_of_leaf_sql(
  dpg_private.leaf_words, dpg_private.item_search, dpg_private.item_page
) is
  'The statement that finds the best items of a leaf with their relevance, a page at most. $1 is the
dpg_private.item_search, $2 the dpg_private.item_page.';

create or replace function dpg.search_items(
  item_network text,
  item_domain text,
  search text,
  item_type text default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_state jsonb default null,
  latitude double precision default null,
  longitude double precision default null,
  radius_meters double precision default null,
  item_domains text[] default null,
  item_statuses text[] default null,
  any_status boolean default false,
  facets jsonb default null,
  south double precision default null,
  west double precision default null,
  north double precision default null,
  east double precision default null,
  page_size integer default 20,
  page_token text default null
)
returns setof dpg.searched_item
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- a relevance must come back from the page token exactly as it went in
as $body$
declare
  wanted dpg_private.item_search;
  page dpg_private.item_page;
  batch record;
  statement text;
  of_batch dpg.searched_item[];
  of_page dpg.searched_item[];
begin
  page_size := coalesce(page_size, 20);
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_item_domains(item_domain, item_domains),
    dpg_private.check_present('search', search is not null),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_key_or_none('created_by', created_by),
    dpg_private.check_url_or_none('item_instance_url', item_instance_url),
    dpg_private.check_url_or_none('item_schema_url', item_schema_url),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters),
    dpg_private.check_page_size(page_size);
  wanted := dpg_private.search_of(
    item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude, radius_meters
  );
  wanted := dpg_private.with_more_filters(
    wanted, item_network, item_domain, item_domains, item_statuses, any_status, facets, search,
    south, west, north, east
  );
  if item_network = any (dpg_private.defined_networks()) and item_statuses is null and any_status is not true then
    wanted.hidden_statuses := dpg_private.find_hidden_statuses(item_network, item_domain, item_domains);
  end if;
  page := dpg_private.page_of_searched(
    (
      select b.binding
      from dpg_private.page_binding('search_items', jsonb_build_array(
        item_network, item_domain, search, item_type, created_by, item_instance_url, item_schema_url, item_state,
        latitude, longitude, radius_meters, item_domains, item_statuses, coalesce(any_status, false), facets,
        south, west, north, east
      )) b
    ),
    page_size, page_token
  );

  for batch in
    select n.batch, max(n.batch) over () as last_batch,
      string_agg('(' || dpg_private.searched_of_leaf_sql(n.words, wanted, page) || ')', ' union all ') as searches
    from (
      select (row_number() over () - 1) / 16 as batch, w as words
      from unnest(wanted.words) w
      where w.relevance is not null
    ) n
    group by n.batch
    order by n.batch
  loop
    statement := format(
      'select i.*, %s
       from (
         select *
         from (%s) i
         order by i.relevance desc, i.created_at desc, i.item_domain, i.item_type, i.item_id
         limit ($2).row_limit
       ) i
       order by i.relevance desc, i.created_at desc, i.item_domain, i.item_type, i.item_id',
      dpg_private.page_token_sql(
        '($2).binding',
        'timestamptz_send(i.created_at) || uuid_send(i.item_id)
           || convert_to(i.relevance || '' '' || i.item_type, ''UTF8'') || decode(''00'', ''hex'')
           || convert_to(i.item_domain, ''UTF8'')'
      ),
      batch.searches
    );
    if batch.last_batch = 0 then
      return query execute statement using wanted, page;
      return;
    end if;
    begin
      execute format('select array_agg(row(i.*)::dpg.searched_item) from (%s) i', statement)
      into of_batch
      using wanted, page;
      raise exception using errcode = 'DP000';
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and of_batch has its value: see dpg_private.items_of_leaves
    end;
    of_page := array(
      select i
      from unnest(of_page || of_batch) i
      order by i.relevance desc, i.created_at desc, i.item_domain, i.item_type, i.item_id
      limit page_size
    );
  end loop;
  return query select * from unnest(of_page);
end
$body$;

comment on function dpg.search_items(
  text, text, text, text, text, text, text, jsonb, double precision, double precision, double precision, text[],
  text[], boolean, jsonb, double precision, double precision, double precision, double precision, integer, text
) is
  'The items of a network that have all words of search, the best first (relevance descending, then as dpg.find_items).
The last word is the beginning of one, unless white space follows. "quotes": these words one after another; a dash
before a word: items without it; or: either. Which fields are searched says dpg.define_search; domains without a
definition match nothing. item_domain is one domain; null means those of item_domains (no element: no items), or every
domain. Filters and pages as in dpg.find_items, which takes the same search and has the newest first. A later page
computes the relevance of every match again.
Raises DP001, DP011, DP014.
Example: select item_id, relevance from dpg.search_items(''yellow_dot'', ''tutor'', ''ravi mat'')';
--! EndIncluded search/search_items.sql
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
  is_user boolean;
  is_registered boolean; -- whether one of the networks is
  source_slot smallint;
  source_leaf regclass;
  target_slot smallint;
  target_leaf regclass;
  action_slot smallint;
  action_leaf regclass;
  events_slot smallint;
  events_leaf regclass;
  source_inert text[]; -- statuses in which the source may not act; null where there are none
  target_inert text[];
  source_lock text := 'key share';
  target_lock text := 'key share';
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
    exists (select from public."user" u where u.id = perform_action.actor),
    exists (select from dpg.networks n where n.network in (source.item_network, target.item_network))
  into is_user, is_registered;
  if not is_user then
    perform dpg_private.refuse_unknown_user(actor);
  end if;
  if is_registered then
    perform dpg_private.check_interaction(action_type, source, target, action_id);
  end if;
  for attempt in 1 .. 2 loop
    action_slot := dpg_private.slot_of('item_actions', target.item_network, action_type);
    action_leaf := dpg_private.find_leaf_by_slot('item_actions', action_slot, target.item_network, action_type);
    events_slot := dpg_private.slot_of('action_events', target.item_network, action_type);
    events_leaf := dpg_private.find_leaf_by_slot('action_events', events_slot, target.item_network, action_type);
    exit when action_leaf is not null and events_leaf is not null;
    perform dpg_private.create_leaves_for_new_action(actor, source, target, action_type);
  end loop;
  source_slot := dpg_private.slot_of('items', source.item_network, source.item_domain);
  source_leaf := dpg_private.find_leaf_by_slot('items', source_slot, source.item_network, source.item_domain);
  target_slot := dpg_private.slot_of('items', target.item_network, target.item_domain);
  target_leaf := dpg_private.find_leaf_by_slot('items', target_slot, target.item_network, target.item_domain);
  if array[source.item_network, target.item_network] && dpg_private.defined_networks() then
    source_inert := dpg_private.find_inert_statuses(source.item_network, source.item_domain);
    target_inert := dpg_private.find_inert_statuses(target.item_network, target.item_domain);
    source_lock := case when source_inert is null then 'key share' else 'share' end;
    target_lock := case when target_inert is null then 'key share' else 'share' end;
  end if;

  -- lock: an item cannot be deleted until the action refers to it, and where its domain has statuses that do not act,
  -- its status cannot change either. Elsewhere owners' updates never wait for actions. The lower key first, as
  -- everywhere; in bytes, whatever the collation of the database, since calls that lock many rows sort them so.
  if (
      source.item_network collate "C", source.item_domain collate "C", source.item_type collate "C", source.item_id
    ) < (
      target.item_network collate "C", target.item_domain collate "C", target.item_type collate "C", target.item_id
    )
  then
    source_item := dpg_private.lock_item(source_leaf, source, source_lock, source_slot);
    target_item := dpg_private.lock_item(target_leaf, target, target_lock, target_slot);
  else
    target_item := dpg_private.lock_item(target_leaf, target, target_lock, target_slot);
    source_item := dpg_private.lock_item(source_leaf, source, source_lock, source_slot);
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
  if (source_item.item_status = any (source_inert) or target_item.item_status = any (target_inert))
    -- a call that is repeated finds its action
    and (
      action_id is null
      or (dpg_private.find_action(action_leaf, target.item_network, action_type, action_id)).action_id is null
    )
  then
    perform dpg_private.refuse_inert_item(
      case when source_item.item_status = any (source_inert) then source_item else target_item end
    );
  end if;

  -- change
  return dpg_private.insert_action(
    action_leaf, action_slot, events_leaf, events_slot, action_type, action_id, source_item, true, target_item,
    requirements_snapshot, remarks, event_payload
  );
end
$body$;

comment on function dpg.perform_action(text, text, dpg.item_ref, dpg.item_ref, jsonb, text, jsonb, uuid) is
  'Creates an action from an item that the actor owns to another item of this instance, and its first event in the
same transaction. The status is the declared initial one, else created; update_count is 0; owners and coordinates
come from the items. The default of event_payload is {"status": <status>}. With action_id a repeated call is safe.
Raises DP001, DP002, DP003, DP008, DP009, DP010, DP014, DP015, DP018.
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
  is_known_url boolean;
  is_registered boolean; -- whether one of the networks is
  target_slot smallint;
  target_inert text[]; -- statuses in which the target may not act; null where there are none
  action_slot smallint;
  action_leaf regclass;
  events_slot smallint;
  events_leaf regclass;
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
    ),
    exists (select from dpg.networks n where n.network in (source.item_network, target.item_network))
  into is_known_url, is_registered;
  if is_registered then
    perform dpg_private.check_interaction(action_type, source, target, action_id);
  end if;
  for attempt in 1 .. 2 loop
    action_slot := dpg_private.slot_of('item_actions', target.item_network, action_type);
    action_leaf := dpg_private.find_leaf_by_slot('item_actions', action_slot, target.item_network, action_type);
    events_slot := dpg_private.slot_of('action_events', target.item_network, action_type);
    events_leaf := dpg_private.find_leaf_by_slot('action_events', events_slot, target.item_network, action_type);
    exit when action_leaf is not null and events_leaf is not null;
    perform dpg_private.create_leaves_for_new_action(null, source, target, action_type);
  end loop;

  -- lock
  target_slot := dpg_private.slot_of('items', target.item_network, target.item_domain);
  if target.item_network = any (dpg_private.defined_networks()) then
    target_inert := dpg_private.find_inert_statuses(target.item_network, target.item_domain);
  end if;
  target_item := dpg_private.lock_item(
    dpg_private.find_leaf_by_slot('items', target_slot, target.item_network, target.item_domain),
    target, case when target_inert is null then 'key share' else 'share' end, target_slot
  );
  if target_item.item_id is null then
    perform dpg_private.refuse_item_not_found(target);
  end if;
  if target_item.item_status = any (target_inert)
    and (
      action_id is null
      or (dpg_private.find_action(action_leaf, target.item_network, action_type, action_id)).action_id is null
    )
  then
    perform dpg_private.refuse_inert_item(target_item);
  end if;

  -- change
  if not is_known_url then
    perform dpg_private.note_peer_url(source_item_instance_url);
  end if;
  source_item.item_network := source.item_network;
  source_item.item_domain := source.item_domain;
  source_item.item_type := source.item_type;
  source_item.item_id := source.item_id;
  source_item.item_instance_url := source_item_instance_url;
  source_item.item_latitude := source_item_latitude;
  source_item.item_longitude := source_item_longitude;
  source_item.created_by := source_item_owner;
  return dpg_private.insert_action(
    action_leaf, action_slot, events_leaf, events_slot, action_type, action_id, source_item, false, target_item,
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
Raises DP001, DP002, DP008, DP010, DP014, DP015, DP018.
Example: select * from dpg.receive_action(
  ''connect'',
  source => row(''yellow_dot'', ''student'', ''profile_1.0'', ''66666666-6666-4666-8666-666666666666''),
  source_item_instance_url => ''https://student.example.com'', source_item_owner => ''meera'',
  target => row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222''),
  action_id => ''77777777-7777-4777-8777-777777777777''
)';
--! EndIncluded actions/receive_action.sql
--! Included redactions/erase_user.sql
create or replace function dpg_private.ensure_tombstone()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  columns text;
  contents text;
begin
  if exists (select from public."user" u where u.id = dpg_private.tombstone()) then
    return;
  end if;
  -- The table may lack some of Better Auth's core columns. Only those that it has are written.
  select
    string_agg(format('%I', c.name), ', ' order by c.position),
    string_agg(c.content, ', ' order by c.position)
  into columns, contents
  from (
    values
      (1, 'id', quote_literal(dpg_private.tombstone())),
      (2, 'name', '''Erased user'''),
      (3, 'email', '''erased-user@invalid'''),
      (4, 'emailVerified', 'false'),
      (5, 'createdAt', 'current_timestamp'),
      (6, 'updatedAt', 'current_timestamp')
  ) c(position, name, content)
  join pg_attribute a
    on a.attrelid = 'public."user"'::regclass
    and a.attname = c.name
    and not a.attisdropped;
  begin
    execute format('insert into public."user" (%s) values (%s) on conflict do nothing', columns, contents);
    -- A conflict: either another call has created the user, or another user has the address.
    if not exists (select from public."user" u where u.id = dpg_private.tombstone()) then
      raise unique_violation using message = 'another user has the e-mail address erased-user@invalid';
    end if;
  exception
    when insufficient_privilege or not_null_violation or check_violation or foreign_key_violation or unique_violation
    then
      raise exception using
        errcode = 'DP009',
        message = dpg_private.text_for_client(
          format(
            'the user %L, who stands for erased users, is missing and cannot be made: %s',
            dpg_private.tombstone(), sqlerrm
          )
        ),
        hint = dpg_private.text_for_client(
          format('Create a user with the id %L in public."user", then repeat the call.', dpg_private.tombstone())
        ),
        detail = dpg_private.text_for_client(jsonb_build_object('actor', dpg_private.tombstone())::text);
  end;
end
$body$;

comment on function dpg_private.ensure_tombstone() is
  'Creates the user who stands for erased users, where it is missing. Raises DP009 where that is impossible.';

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
  -- check. Each leaf must be read as it is now: an older snapshot would silently leave out what was written since.
  perform
    dpg_private.check_transaction('dpg.erase_user'),
    dpg_private.check_actor(actor),
    dpg_private.check_key('user_id', user_id),
    dpg_private.check_reason(reason);
  if user_id = tombstone then
    perform dpg_private.refuse_argument(
      'user_id', to_jsonb(user_id), 'stands for erased users', 'Pass the id of a user.'
    );
  end if;

  -- lock: one erasure at a time, so that each sees which users the records of the others name
  lock table dpg.redactions in share update exclusive mode;
  -- A user whose row is deleted already may have left traces. So the user must exist only when there are none.
  if not exists (select from dpg_private.party_leaves p where p.owner = erase_user.user_id)
    and not exists (select from dpg_private.owner_leaves o where o.owner = erase_user.user_id)
    and not exists (select from dpg.redactions r where erase_user.user_id in (r.actor, r.from_user, r.to_user))
  then
    perform dpg_private.check_user(user_id);
  end if;
  -- The lock of the user waits for calls that are creating items of this user: their foreign key locks the user. Later
  -- calls wait for it. So no item comes between erasing and deleting the user in one transaction.
  -- The table is locked first, in the mode that the deletion needs: a call that creates a partition holds the table
  -- while it waits for the user.
  -- Where the table belongs to the application and we may only read it, an item can be created meanwhile. It stays, and
  -- keeps the user from being deleted until a second call erases it.
  if has_table_privilege('public."user"', 'update') then
    lock table only public."user" in row exclusive mode;
    perform u.id from public."user" u where u.id = erase_user.user_id for update;
  end if;
  perform dpg_private.ensure_tombstone();

  -- change. The record comes first: without it the triggers refuse every change of an event. It does not say who was
  -- erased.
  insert into dpg.redactions (actor, kind, reason)
  values (
    case erase_user.actor when erase_user.user_id then tombstone else erase_user.actor end,
    'user',
    erase_user.reason
  )
  returning * into redaction;

  perform dpg_private.replace_owner(user_id, tombstone, true);
  delete from dpg_private.party_leaves p where p.owner = erase_user.user_id;
  delete from dpg_private.owner_leaves o where o.owner = erase_user.user_id;
  update dpg.redactions r
  set actor = case r.actor when erase_user.user_id then tombstone else r.actor end,
    from_user = case r.from_user when erase_user.user_id then tombstone else r.from_user end,
    to_user = case r.to_user when erase_user.user_id then tombstone else r.to_user end
  where erase_user.user_id in (r.actor, r.from_user, r.to_user);
  return redaction;
end
$body$;

comment on function dpg.erase_user(text, text, text) is
  'For dpg_admin: erases a user, so that the row in public."user" can be deleted; delete it in the same transaction.
Empties the items of the user (item_state and coordinates). Puts the tombstone user dpg_erased_user in the place of
the user: as owner of items, in the owner snapshots of actions and events, and in dpg.redactions. Keeps on record who
asked for it and why. Returns that record.
What the user wrote into payloads and remarks stays: use dpg.redact_event for that.
Reads every leaf, each as it is when its turn comes. So it runs under READ COMMITTED only (25000).
Raises DP001, DP009, DP018.
Example: select * from dpg.erase_user(''dpo'', ''asha'', ''request 18 under article 17'')';
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
  -- check. Each leaf must be read as it is now, as in dpg.erase_user.
  perform
    dpg_private.check_transaction('dpg.move_items'),
    dpg_private.check_actor(actor),
    dpg_private.check_key('from_user', from_user),
    dpg_private.check_key('to_user', to_user),
    dpg_private.check_reason(reason);
  if from_user = dpg_private.tombstone() then
    perform dpg_private.refuse_argument(
      'from_user', to_jsonb(from_user), 'stands for erased users',
      'What was erased goes to nobody; pass the id of a user.'
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

  -- lock: one move or erasure at a time
  lock table dpg.redactions in share update exclusive mode;
  perform dpg_private.check_user(to_user);
  -- A user whose row is deleted already may have left traces. So the user must exist only when there are none.
  if not exists (select from dpg_private.party_leaves p where p.owner = move_items.from_user)
    and not exists (select from dpg_private.owner_leaves o where o.owner = move_items.from_user)
  then
    perform dpg_private.check_user(from_user);
  end if;
  -- Table and from_user are locked as in dpg.erase_user, and for the same reasons. The lock of to_user keeps that user
  -- from being deleted before this is committed.
  if has_table_privilege('public."user"', 'update') then
    lock table only public."user" in row exclusive mode;
    perform u.id from public."user" u where u.id = move_items.from_user for update;
    perform u.id from public."user" u where u.id = move_items.to_user for key share;
    perform dpg_private.check_user(to_user);
  end if;

  -- change. The record comes first: without it the triggers refuse every change of an event.
  insert into dpg.redactions (actor, kind, reason, from_user, to_user)
  values (move_items.actor, 'move', move_items.reason, move_items.from_user, move_items.to_user)
  returning * into redaction;
  perform dpg_private.replace_owner(from_user, to_user, false);
  -- The rows of from_user stay. This user may go on acting, and a call of theirs may have found such a row just now.
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
  'For dpg_admin: moves the items of from_user to to_user, as when an anonymous user signs up. Puts to_user in the place
of from_user as owner of items, and in the owner snapshots of actions and events of this instance. Keeps on record
who asked for it, why, and both users. Returns that record.
Afterwards to_user finds, changes and transitions what from_user did. from_user stays a user and may be deleted.
An action on another instance keeps from_user as its owner there. Name from_user in what is sent to that instance
(dpg.receive_transition). Here to_user finds its events.
Reads every leaf, each as it is when its turn comes. So it runs under READ COMMITTED only (25000).
Raises DP001, DP009, DP018.
Example: select * from dpg.move_items(''dba'', ''ravi'', ''asha'', ''one person with two accounts'')';
--! EndIncluded redactions/move_items.sql
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
    'get_item', 'get_items', 'find_items', 'count_items', 'nearest_items', 'map_items', 'count_facets',
    'search_items', 'find_own_items', 'get_action', 'find_actions', 'find_events'
  ];
  -- dpg_app and dpg_admin
  writing constant text[] := array[
    'ensure_item_partition', 'ensure_action_partition', 'ensure_action_event_partition',
    'upsert_item', 'upsert_items', 'update_item', 'set_item_status', 'delete_item', 'define_item',
    'define_search', 'refresh_search',
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

revoke all on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.item_definitions,
  dpg.item_searches, dpg.instance_urls, dpg.partitions, dpg.limits, dpg.redactions, dpg.networks, dpg.differing_events
from dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.item_definitions,
  dpg.item_searches, dpg.instance_urls, dpg.partitions, dpg.limits, dpg.subscriptions, dpg.failed_events,
  dpg.subscription_status, dpg.peers, dpg.networks, dpg.differing_events
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

-- The functions of slots are made by what items/items_slot_sql.sql says, which has changed: all of them anew. Nobody
-- makes a leaf meanwhile.
do $body$
begin
  lock table dpg_private.partition_turn in share update exclusive mode;
  perform dpg_private.create_slot(p.root, p.slot, p.name)
  from dpg_private.partition_names p
  where p.slot is not null;
  perform dpg_private.create_slot_functions('items');
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
