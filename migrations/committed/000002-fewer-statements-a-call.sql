--! Previous: sha1:176df4bfcb4644349137a33d410c48a679a00fa4
--! Hash: sha1:9732ee7f47874dc596015e90aad39de36317ab06
--! Message: fewer statements a call

alter table dpg.items
drop constraint items_coordinates_check,
add constraint items_coordinates_check check (
  (item_latitude is null) = (item_longitude is null)
  and point(item_latitude, item_longitude) <@ box '(90, 180), (-90, -180)'
);

drop function if exists dpg_private.check_undeclared_item(dpg.item_ref, integer);
drop function if exists dpg_private.lock_item(dpg.item_ref, text);
drop function if exists dpg_private.page_position(text, text);
drop function if exists dpg_private.page_scope(text, jsonb);
drop function if exists dpg_private.page_token(text, jsonb);
drop function if exists dpg_private.distance_of(double precision);

--! Included arguments/are_coordinates.sql
create or replace function dpg_private.are_coordinates(latitude double precision, longitude double precision)
returns boolean
language sql
immutable
parallel safe
security invoker
-- NaN sorts above every number, so that it is outside of both ranges
return (latitude is null and longitude is null) or (latitude between -90 and 90 and longitude between -180 and 180);

comment on function dpg_private.are_coordinates(double precision, double precision) is
  'Whether latitude (degrees, -90 to 90) and longitude (degrees, -180 to 180) are both given or both null. False or null where they are not. Stored parsed and inlined.';
--! EndIncluded arguments/are_coordinates.sql
--! Included arguments/check_coordinates.sql
create or replace function dpg_private.check_coordinates(
  latitude_argument text,
  latitude double precision,
  longitude_argument text,
  longitude double precision
)
returns void
language sql
stable
parallel safe
security invoker
return case
  when dpg_private.are_coordinates(latitude, longitude) is not true then
    dpg_private.refuse_coordinates(latitude_argument, latitude, longitude_argument, longitude)
end;

comment on function dpg_private.check_coordinates(text, double precision, text, double precision) is
  'Raises DP001 unless latitude (degrees, -90 to 90) and longitude (degrees, -180 to 180) are both given or both null. Stored parsed and inlined.';
--! EndIncluded arguments/check_coordinates.sql
--! Included arguments/is_short_document.sql
create or replace function dpg_private.is_short_document(document jsonb)
returns boolean
language sql
immutable
parallel safe
security invoker
-- the text, not the stored form: 1e100000 is stored in a few bytes and read back as 100,001
return jsonb_typeof(document) = 'object' and octet_length(document::text) <= 1024;

comment on function dpg_private.is_short_document(jsonb) is
  'Whether document is a JSON object of at most 1,024 bytes, the smallest limit that can be set for documents: such a one needs no look at the limit. Null for null. Stored parsed and inlined.';
--! EndIncluded arguments/is_short_document.sql
--! Included arguments/check_document.sql
create or replace function dpg_private.check_document(argument text, document jsonb, index integer default null)
returns void
language sql
stable
parallel safe
security invoker
return case
  when dpg_private.is_short_document(document) is not true then
    dpg_private.check_large_document(argument, document, index)
end;

comment on function dpg_private.check_document(text, jsonb, integer) is
  'Raises DP001 unless document is a JSON object within the limit json_bytes_per_document of dpg.limits; documents of up to 1,024 bytes, the smallest limit that can be set, are not looked up. Stored parsed and inlined.';
--! EndIncluded arguments/check_document.sql
--! Included pages/page_binding.sql
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
  'What a page token is bound to: a hash over this database, the call and its filters. Stored parsed and inlined.';
--! EndIncluded pages/page_binding.sql
--! Included pages/page_token.sql
create or replace function dpg_private.page_token(binding text, "position" text)
returns text
language sql
immutable
parallel safe
security invoker
return format(
  'lpad(to_hex(hashtextextended(encode(%2$s, ''hex'') collate "C", %1$s)), 16, ''0'') || encode(%2$s, ''hex'')', binding, "position"
);

comment on function dpg_private.page_token(text, text) is
  'The expression for the token of a row, from the parameter that holds the dpg_private.page_binding and the expression (bytea) for the row''s place in the order, which dpg_private.page_position gives back: 16 hexadecimal digits of a hash over both, then the place in hexadecimal digits. A text, since every row has a token and a function in PL/pgSQL would take longer than the rest of the row. The hash begins with a random value of the database, so that nobody makes a token by hand; it keeps mistakes out, not an attacker, whom a token would give nothing.';
--! EndIncluded pages/page_token.sql
--! Included pages/page_position.sql
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
  -- as dpg_private.page_token made it; no genuine one is longer: a few keys and a URL
  if length(body) <= 65536
    and left(page_token, 16) = lpad(to_hex(hashtextextended(body collate "C", binding)), 16, '0')
    and body ~ '^([0-9a-f]{2})+$'
  then
    return decode(body, 'hex');
  end if;
  raise exception using
    errcode = 'DP011',
    message = format('page_token is not one of this call: %L', left(page_token, 80)),
    hint = 'Pass next_page_token of a row that the same call returned with the same filters, or null for the first page.',
    detail = jsonb_build_object('page_token', left(page_token, 200))::text;
end
$body$;

comment on function dpg_private.page_position(bigint, text) is
  'The place in the order that a token of this binding stands for, as bytes; null for null. Raises DP011 for any other token.';
--! EndIncluded pages/page_position.sql
--! Included pages/page_time.sql
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
  'The time with which a place in the order of a list begins, as timestamptz_send wrote it: microseconds since 2000-01-01 00:00:00 UTC in 8 bytes. Null for null.';
--! EndIncluded pages/page_time.sql
--! Included pages/page_id.sql
create or replace function dpg_private.page_id("position" bytea)
returns uuid
language sql
immutable
parallel safe
security invoker
return encode(substr("position", 9, 16), 'hex')::uuid;

comment on function dpg_private.page_id(bytea) is
  'The id in a place in the order of a list, the 16 bytes after the time. Null for null.';
--! EndIncluded pages/page_id.sql
--! Included pages/check_page_size.sql
create or replace function dpg_private.check_page_size(page_size integer)
returns void
language plpgsql
stable -- else a call with constants would be made, and raise, when its caller is planned
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if page_size is null or not page_size between 1 and 1000 then
    perform dpg_private.refuse_argument(
      'page_size', to_jsonb(page_size), 'is out of range', 'A page has 1 to 1,000 rows.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_page_size(integer) is
  'Raises DP001 unless page_size is from 1 to 1,000.';
--! EndIncluded pages/check_page_size.sql
--! Included users/is_actor.sql
create or replace function dpg_private.is_actor(actor text)
returns boolean
language sql
stable
parallel safe
security invoker
return dpg_private.is_key(actor) and actor <> dpg_private.tombstone();

comment on function dpg_private.is_actor(text) is
  'Whether actor is a key, and not the tombstone of erased users. Null for null. Stored parsed and inlined.';
--! EndIncluded users/is_actor.sql
--! Included users/check_actor.sql
create or replace function dpg_private.check_actor(actor text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not coalesce(dpg_private.is_actor(actor), false) then dpg_private.refuse_actor(actor)
end;

comment on function dpg_private.check_actor(text) is
  'Raises DP001 unless actor is a key, and not the tombstone of erased users. Stored parsed and inlined.';
--! EndIncluded users/check_actor.sql
--! Included users/refuse_unknown_user.sql
create or replace function dpg_private.refuse_unknown_user(actor text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP009',
    message = format('user %L is not known here', left(actor, 120)),
    hint = 'Create the user in public."user" first, or pass the id of one that is there.',
    detail = jsonb_build_object('actor', actor)::text;
end
$body$;

comment on function dpg_private.refuse_unknown_user(text) is
  'Raises DP009 for an actor who is not in public."user".';
--! EndIncluded users/refuse_unknown_user.sql
--! Included users/check_user.sql
create or replace function dpg_private.check_user(actor text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not exists (select from public."user" u where u.id = check_user.actor) then
    perform dpg_private.refuse_unknown_user(actor);
  end if;
end
$body$;

comment on function dpg_private.check_user(text) is
  'Raises DP009 unless actor is the id of a user in public."user".';
--! EndIncluded users/check_user.sql
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
  constraint items_pkey primary key (item_network, item_domain, item_type, item_id),
  constraint items_created_by_fkey foreign key (created_by) references public."user" (id),
  constraint items_state_check check (jsonb_typeof(item_state) = 'object'),
  constraint items_coordinates_check check (
    (item_latitude is null) = (item_longitude is null)
    and point(item_latitude, item_longitude) <@ box '(90, 180), (-90, -180)'
  )
)
partition by list (item_network);

comment on table dpg.items is
  'The current record of each item: a JSON document under network, domain and type, owned by a user. Listed by network, then by domain; the leaves are in dpg.partitions. Written by dpg.upsert_item, upsert_items, update_item and delete_item.';
comment on column dpg.items.item_network is 'Network, a key: text of 1 to 120 characters, stored as given. First partition key.';
comment on column dpg.items.item_domain is 'Business role in the network, a key. Second partition key.';
comment on column dpg.items.item_type is 'Type of the document, a key, such as profile_1.0.';
comment on column dpg.items.item_id is 'Id of the item, unique within network, domain and type.';
comment on column dpg.items.item_instance_url is 'URL under which this instance publishes the item, at most 1,024 bytes.';
comment on column dpg.items.item_schema_url is 'URL of the schema of item_state, at most 1,024 bytes.';
comment on column dpg.items.item_state is 'The document itself, a JSON object.';
comment on column dpg.items.item_latitude is 'Degrees, -90 to 90, positive to the north; null with item_longitude when the item has no place.';
comment on column dpg.items.item_longitude is 'Degrees, -180 to 180, positive to the east; null with item_latitude when the item has no place.';
comment on column dpg.items.created_by is 'The owner: id of the user who made the item and alone may change it.';
comment on column dpg.items.created_at is 'When the item was made.';
comment on column dpg.items.updated_at is 'When the item last changed; rises with every change.';
comment on index dpg.items_pkey is
  'For every call that names an item: upsert_item, upsert_items, update_item, delete_item, get_item, perform_action and receive_action; and for the foreign keys of actions.';
--! EndIncluded items/items.sql
--! Included geo/haversine.sql
create or replace function dpg_private.haversine()
returns text
language sql
immutable
parallel safe
security invoker
-- Of degrees, since the cosine of a pole is 0 then. PostgreSQL refuses products too small for a float (22003): adding 1e-100
-- leaves every number of degrees as it is but those whose squares would be.
return
  'sind((i.item_latitude + 1e-100 - ($6 + 1e-100)) / 2) ^ 2
   + cosd(i.item_latitude) * cosd($6) * sind((i.item_longitude + 1e-100 - ($7 + 1e-100)) / 2) ^ 2';

comment on function dpg_private.haversine() is
  'The expression for how far an item i is from the place $6 (latitude), $7 (longitude): the squared sine of half the angle between them, which rises with it from 0 to 1 and is exact for the nearest as well. A text, since a function would take longer to inline than the rest of a statement to plan.';
--! EndIncluded geo/haversine.sql
--! Included geo/distance_of.sql
create or replace function dpg_private.distance_of(line text)
returns text
language sql
immutable
parallel safe
security invoker
return format('2 * 6378168 * asin(least(%s / (2 * 6378168), 1))', line);

comment on function dpg_private.distance_of(text) is
  'The expression for a length in metres along a great circle, from the expression for the straight line between its ends: 2 R asin(line / 2 R), R = 6,378,168 m, the sphere and the formula (sec_to_gc) of earthdistance. A text, see dpg_private.haversine.';
--! EndIncluded geo/distance_of.sql
--! Included geo/is_circle.sql
create or replace function dpg_private.is_circle(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns boolean
language sql
immutable
parallel safe
security invoker
return dpg_private.are_coordinates(latitude, longitude)
  and (latitude is null) = (radius_meters is null)
  and (radius_meters is null or (radius_meters >= 0 and radius_meters < 'infinity'));

comment on function dpg_private.is_circle(double precision, double precision, double precision) is
  'Whether the circle is whole (latitude and longitude in degrees, radius in metres, 0 or more) or absent. False or null where it is neither. Stored parsed and inlined.';
--! EndIncluded geo/is_circle.sql
--! Included geo/check_circle.sql
create or replace function dpg_private.check_circle(
  latitude double precision,
  longitude double precision,
  radius_meters double precision,
  radius_required boolean
)
returns void
language plpgsql
stable -- else a call with constants would be made, and raise, when its caller is planned
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_coordinates('latitude', latitude, 'longitude', longitude);
  if latitude is null and radius_meters is not null then
    perform dpg_private.refuse_argument('latitude', null, 'is missing', 'A circle needs latitude, longitude and radius_meters.');
  elsif latitude is not null and radius_meters is null and radius_required then
    perform dpg_private.refuse_argument('radius_meters', null, 'is missing', 'A circle needs latitude, longitude and radius_meters.');
  elsif not (radius_meters >= 0 and radius_meters < 'infinity') then
    perform dpg_private.refuse_argument(
      'radius_meters', to_jsonb(radius_meters), 'is no radius', 'A radius is a number of metres, 0 or more.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_circle(double precision, double precision, double precision, boolean) is
  'Raises DP001 unless the circle is whole (latitude and longitude in degrees, radius in metres, 0 or more) or absent; the radius may be left out where it is not required.';
--! EndIncluded geo/check_circle.sql
--! Included partitions/partition_names.sql
create table if not exists dpg_private.partition_names (
  root text not null,
  network text not null,
  key text,
  name text not null,
  constraint partition_names_root_check check (root in ('items', 'item_actions', 'action_events')),
  constraint partition_names_keys_key unique nulls not distinct (root, network, key),
  constraint partition_names_name_key unique (name)
);

-- Few rows a page: else the planner would read the whole table, row by row, as long as it has but a few hundred.
alter table dpg_private.partition_names set (fillfactor = 10);

comment on table dpg_private.partition_names is
  'Which keys hold which partition''s name: names are made by a rule under which different keys can meet, and the first comer keeps the plain name. A row is written when the partition is made and stays when it is dropped.';
comment on column dpg_private.partition_names.root is 'Root table: items, item_actions or action_events.';
comment on column dpg_private.partition_names.network is 'Network, exactly as given.';
comment on column dpg_private.partition_names.key is 'Domain (items) or action type (actions, events), exactly as given; null for the network''s own partition, the parent of its leaves.';
comment on column dpg_private.partition_names.name is 'Name of the table in schema dpg, of a-z, 0-9 and _ only.';
--! EndIncluded partitions/partition_names.sql
--! Included partitions/leaf_of.sql
create or replace function dpg_private.leaf_of(root text, network text, key text)
returns table (leaf regclass)
language sql
stable
parallel safe
security invoker
begin atomic
  select n.leaf
  from (
    select to_regclass('dpg.' || p.name) as leaf
    from dpg_private.partition_names p
    where p.root = leaf_of.root
      and p.network = leaf_of.network
      and p.key = leaf_of.key
  ) n
  -- a table that was detached, or took the name of one that was dropped, holds no rows of the root
  where pg_partition_root(n.leaf) = ('dpg.' || leaf_of.root)::regclass;
end;

comment on function dpg_private.leaf_of(text, text, text) is
  'The leaf of these keys, as a table of no row or one. Stored parsed and inlined into the statement of a function that asks for more at the same time; dpg_private.leaf where that is all.';
--! EndIncluded partitions/leaf_of.sql
--! Included partitions/leaf.sql
create or replace function dpg_private.leaf(root text, network text, key text)
returns regclass
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- as long as the table is small the planner would rather compare every row of it
as $body$
begin
  -- plpgsql keeps the plan: this is part of every call
  return (select l.leaf from dpg_private.leaf_of(root, network, key) l);
end
$body$;

comment on function dpg_private.leaf(text, text, text) is
  'The leaf of these keys; null where there is none. Under the pinned search path its text is qualified and can stand in a statement.';
--! EndIncluded partitions/leaf.sql
--! Included networks/check_undeclared_item.sql
create or replace function dpg_private.check_undeclared_item(item dpg.item_ref)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- one that is there already goes on; locked, so that it is not deleted and made anew
  if (
    dpg_private.lock_item(dpg_private.leaf('items', item.item_network, item.item_domain), item, 'key share')
  ).item_id is null then
    perform dpg_private.refuse_undeclared_item(item);
  end if;
end
$body$;

comment on function dpg_private.check_undeclared_item(dpg.item_ref) is
  'Raises DP014 for an item that its network does not declare, unless it is there already.';
--! EndIncluded networks/check_undeclared_item.sql
--! Included networks/check_undeclared_items.sql
create or replace function dpg_private.check_undeclared_items(rows dpg.items[])
returns uuid[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  undeclared record;
  is_there boolean;
  ids uuid[] := array[]::uuid[];
begin
  -- under one snapshot, so that all are held to one document
  for undeclared in
    select
      row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref as item,
      (r.position - 1)::integer as index,
      dpg_private.leaf('items', r.item_network, r.item_domain) as leaf
    from unnest(rows) with ordinality r(
      item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
      item_latitude, item_longitude, created_by, created_at, updated_at, position
    )
    join dpg.networks n on n.network = r.item_network
    where (n.item_types -> r.item_domain ? r.item_type) is not true
    order by r.position
  loop
    is_there := false;
    if undeclared.leaf is not null then
      execute format(
        'select exists (
           select
           from %s i
           where i.item_network = ($1).item_network and i.item_domain = ($1).item_domain
             and i.item_type = ($1).item_type and i.item_id = ($1).item_id
         )', undeclared.leaf
      )
      into is_there
      using undeclared.item;
    end if;
    if not is_there then
      perform dpg_private.refuse_undeclared_item(undeclared.item, undeclared.index);
    end if;
    ids := ids || (undeclared.item).item_id;
  end loop;
  return ids;
end
$body$;

comment on function dpg_private.check_undeclared_items(dpg.items[]) is
  'The ids of those of the rows that their networks do not declare; raises DP014, with the index, for the first that is not there already. Locks none of them: whoever goes on must refuse those that turn out to be gone.';
--! EndIncluded networks/check_undeclared_items.sql
--! Included items/is_item_ref.sql
create or replace function dpg_private.is_item_ref(item dpg.item_ref)
returns boolean
language sql
immutable
parallel safe
security invoker
return dpg_private.is_key(item.item_network)
  and dpg_private.is_key(item.item_domain)
  and dpg_private.is_key(item.item_type)
  and item.item_id is not null;

comment on function dpg_private.is_item_ref(dpg.item_ref) is
  'Whether item names an item: three keys and an id. False or null where it does not. Stored parsed and inlined.';
--! EndIncluded items/is_item_ref.sql
--! Included items/check_ids_differ.sql
create or replace function dpg_private.check_ids_differ(rows dpg.items[])
returns void
language plpgsql
stable -- as dpg_private.check_page_size
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  again record;
begin
  if (select count(*) from (select distinct r.item_id from unnest(rows) r) d) = cardinality(rows) then
    return;
  end if;
  select d.item_id, d.position
  into again
  from (
    select r.item_id, r.position, row_number() over (partition by r.item_id order by r.position) as occurrence
    from unnest(rows) with ordinality r(
      item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
      item_latitude, item_longitude, created_by, created_at, updated_at, position
    )
  ) d
  where d.occurrence > 1
  order by d.position
  limit 1;
  perform dpg_private.refuse_argument(
    'item_id', to_jsonb(again.item_id), 'is there twice', 'Give each element an id of its own.', (again.position - 1)::integer
  );
end
$body$;

comment on function dpg_private.check_ids_differ(dpg.items[]) is
  'Raises DP001 with the index of the first element whose item_id an earlier one has.';
--! EndIncluded items/check_ids_differ.sql
--! Included items/are_item_filters.sql
create or replace function dpg_private.are_item_filters(
  item_network text,
  item_domain text,
  item_type text,
  created_by text,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb
)
returns boolean
language sql
immutable
parallel safe
security invoker
return dpg_private.is_key(item_network)
  and dpg_private.is_key(item_domain)
  and (item_type is null or dpg_private.is_key(item_type))
  and (created_by is null or dpg_private.is_key(created_by))
  and (item_instance_url is null or dpg_private.is_url(item_instance_url))
  and (item_schema_url is null or dpg_private.is_url(item_schema_url))
  and (item_state is null or dpg_private.is_short_document(item_state));

comment on function dpg_private.are_item_filters(text, text, text, text, text, text, jsonb) is
  'Whether dpg_private.check_item_filters has nothing to say, or at most of a long item_state. False or null where it may. Stored parsed and inlined.';
--! EndIncluded items/are_item_filters.sql
--! Included items/lock_item.sql
create or replace function dpg_private.lock_item(leaf regclass, item dpg.item_ref, strength text)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.items;
begin
  if leaf is not null then
    if strength = 'update' then
      -- as the deletion will need it: who makes a leaf of actions locks the network's leaves of items before he locks items
      execute format('lock table only %s in row exclusive mode', leaf);
    end if;
    execute format(
      'select * from %s i where i.item_network = $1 and i.item_domain = $2 and i.item_type = $3 and i.item_id = $4 for %s',
      leaf, strength
    )
    into stored
    using item.item_network, item.item_domain, item.item_type, item.item_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.lock_item(regclass, dpg.item_ref, text) is
  'Reads an item, in the leaf of its keys, under a row lock (key share, no key update or update); all columns null where there is none, also where there is no leaf.';
--! EndIncluded items/lock_item.sql
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
    (select l.leaf from dpg_private.leaf_of('items', upsert_item.item_network, upsert_item.item_domain) l),
    exists (
      select
      from dpg_private.instance_url_sightings s
      where s.instance_url = upsert_item.item_instance_url
    )
  into is_user, is_undeclared, leaf, is_known_url;
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
  item_id := coalesce(item_id, gen_random_uuid());

  -- Most upserts are new items: one insert through the root, whose plan is kept and knows no leaves. Its constraint is not
  -- named, since PostgreSQL would look for the index of it in the leaf at each call.
  stored := row(
    item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
    item_latitude, item_longitude, actor, clock_timestamp(), null::timestamptz
  );
  stored.updated_at := stored.created_at;
  insert into dpg.items
  values (stored.*)
  on conflict do nothing;
  if found then
    return stored;
  end if;

  for attempt in 1 .. 100 loop
    execute format(
      'select * from %s i where i.item_network = $1 and i.item_domain = $2 and i.item_type = $3 and i.item_id = $4', leaf
    )
    into stored
    using item_network, item_domain, item_type, item_id;

    if stored.item_id is null then
      -- deleted since the insert found it; or what it found is a row of a unique index that is not ours, which raises here
      stored := row(
        item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
        item_latitude, item_longitude, actor, clock_timestamp(), null::timestamptz
      );
      stored.updated_at := stored.created_at;
      insert into dpg.items
      values (stored.*)
      on conflict on constraint items_pkey do nothing;
      if found then
        return stored;
      end if;
      continue;
    end if;

    if stored.created_by <> actor then
      perform dpg_private.refuse_not_item_owner(actor, row(item_network, item_domain, item_type, item_id));
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
    using item_network, item_domain, item_type, item_id,
      item_instance_url, item_schema_url, item_state, item_latitude, item_longitude, actor;
    if stored.item_id is not null then
      return stored;
    end if;
  end loop;
  raise exception 'item % was deleted and made again all the while', item_id
    using errcode = 'serialization_failure', hint = 'Repeat the call.';
end
$body$;

comment on function dpg.upsert_item(
  text, text, text, text, text, text, jsonb, double precision, double precision, uuid
) is
  'Makes an item of the actor, or replaces the whole content of one that the actor owns, and returns the row. Makes the leaf when needed. item_state is a JSON object; item_latitude and item_longitude are degrees, both or neither. With item_id a repeated call is safe; one that changes nothing leaves the row and updated_at as they are. Raises DP001, DP003, DP009, DP010, DP014. Example: select * from dpg.upsert_item(actor => ''asha'', item_network => ''yellow_dot'', item_domain => ''student'', item_type => ''profile_1.0'', item_instance_url => ''https://student.yellowdot.example.com'', item_schema_url => ''https://schemas.example.com/student_profile_v1.json'', item_state => ''{"name": "Asha"}'', item_latitude => 12.9716, item_longitude => 77.5946)';
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
  rows dpg.items[];
  suspect integer;
  ids_given boolean;
  known_fields constant text[] := dpg_private.item_fields();
  json_bytes constant bigint := coalesce(dpg_private.limit_of('json_bytes_per_document'), 268435455);
  targets dpg.item_ref[]; -- the leaves
  target dpg.item_ref;
  undeclared uuid[]; -- ids of items that are there already, though their networks do not declare them
  inserted uuid[];
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
          e.item_network, e.item_domain, e.item_type, coalesce(e.item_id, gen_random_uuid()),
          e.item_instance_url, e.item_schema_url, coalesce(e.item_state, '{}'), e.item_latitude, e.item_longitude,
          actor,
          started_at + (e.position - 1) * interval '1 microsecond',
          started_at + (e.position - 1) * interval '1 microsecond'
        )::dpg.items
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
          and coalesce(octet_length(e.item_state::text), 2) <= json_bytes
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
  perform dpg_private.check_user(actor);

  targets := array(
    select row(t.item_network, t.item_domain, null, null)::dpg.item_ref
    from (select distinct r.item_network, r.item_domain from unnest(rows) r) t
    order by t.item_network, t.item_domain
  );
  if exists (select from dpg.networks n join unnest(targets) t on n.network = t.item_network) then
    undeclared := dpg_private.check_undeclared_items(rows);
  end if;
  foreach target in array targets loop
    perform dpg_private.leaf_to_write('items', target.item_network, target.item_domain);
  end loop;
  perform dpg_private.register_instance_url(u.item_instance_url)
  from (select distinct r.item_instance_url from unnest(rows) r) u;

  -- Through the root in one statement, in the order of the keys: two calls with the same ids meet in the same order.
  with inserted_rows as (
    insert into dpg.items as i
    select r.*
    from unnest(rows) r
    order by r.item_network collate "C", r.item_domain collate "C", r.item_type collate "C", r.item_id
    on conflict on constraint items_pkey do nothing
    returning case when ids_given then i.item_id end as item_id
  )
  select case when ids_given then array_agg(n.item_id) end
  into inserted
  from inserted_rows n;

  -- An undeclared item that was deleted since would be made anew. To lock it from the first would cross others: leaves are
  -- made before any row is locked, and rows are locked in the order of their keys.
  if undeclared && inserted then
    select
      row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref as item,
      (r.position - 1)::integer as index
    into deleted
    from unnest(rows) with ordinality r(
      item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
      item_latitude, item_longitude, created_by, created_at, updated_at, position
    )
    where r.item_id = any (undeclared)
      and r.item_id = any (inserted)
    order by r.position
    limit 1;
    perform dpg_private.refuse_undeclared_item(deleted.item, deleted.index);
  end if;

  if ids_given and coalesce(cardinality(inserted), 0) < cardinality(rows) then
    rows := dpg_private.replace_items(actor, rows, inserted);
  end if;
  return query select r.* from unnest(rows) r;
end
$body$;

comment on function dpg.upsert_items(text, jsonb) is
  'upsert_item for a JSON array of objects whose fields are item_network, item_domain, item_type, item_instance_url, item_schema_url, [item_state], [item_latitude], [item_longitude], [item_id]: all or nothing, rows in the order of the input. An id twice is DP001; DETAIL has the index, counted from 0. Raises DP001, DP003, DP009, DP010, DP014. Example: select count(*) from dpg.upsert_items(''asha'', ''[{"item_network": "yellow_dot", "item_domain": "student", "item_type": "profile_1.0", "item_instance_url": "https://student.yellowdot.example.com", "item_schema_url": "https://schemas.example.com/student_profile_v1.json", "item_state": {"name": "Asha"}}]'')';
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
    dpg_private.check_item_changes(changes);

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
      message = format('item %s was changed at %s, not at %s', item_id, stored.updated_at, expected_updated_at),
      hint = 'Read the item again, apply the change to what it is now, and repeat the call with its updated_at.',
      detail = (to_jsonb(item) || jsonb_build_object('expected_updated_at', expected_updated_at, 'updated_at', stored.updated_at))::text;
  end if;
  if changed is not distinct from stored then
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
  return stored;
end
$body$;

comment on function dpg.update_item(text, text, text, text, uuid, jsonb, timestamptz) is
  'Replaces the columns of an owned item that changes names: item_instance_url, item_schema_url, item_state, item_latitude, item_longitude; at least one, and no others. Null clears the coordinates and is DP001 elsewhere. With expected_updated_at the call is refused (DP007) when somebody else changed the item first. One that changes nothing leaves the row as it is. Raises DP001, DP002, DP003, DP007. Example: select * from dpg.update_item(''asha'', ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111'', ''{"item_state": {"name": "Asha", "verified": true}}'')';
--! EndIncluded items/update_item.sql
--! Included items/delete_item.sql
create or replace function dpg.delete_item(actor text, item_network text, item_domain text, item_type text, item_id uuid)
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
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_item_ref(null, item);

  leaf := dpg_private.leaf('items', item_network, item_domain);
  stored := dpg_private.lock_item(leaf, item, 'update');
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(item);
  end if;
  if stored.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, item);
  end if;

  begin
    execute format(
      'delete from %s i where i.item_network = $1 and i.item_domain = $2 and i.item_type = $3 and i.item_id = $4', leaf
    )
    using item_network, item_domain, item_type, item_id;
  exception
    when foreign_key_violation then
      raise exception using
        errcode = 'DP013',
        message = format('an action refers to item %L/%L/%L/%s', item_network, item_domain, item_type, item_id),
        hint = 'An item that an action of its network refers to stays; empty its item_state instead.',
        detail = to_jsonb(item)::text;
  end;
  return stored;
end
$body$;

comment on function dpg.delete_item(text, text, text, text, uuid) is
  'Deletes an owned item that no action of its network refers to, and returns it as it was. A repeated call is DP002. Raises DP001, DP002, DP003, DP013. Example: select * from dpg.delete_item(''asha'', ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111'')';
--! EndIncluded items/delete_item.sql
--! Included items/find_items.sql
create or replace function dpg.find_items(
  item_network text,
  item_domain text,
  item_type text default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_state jsonb default null,
  latitude double precision default null,
  longitude double precision default null,
  radius_meters double precision default null,
  page_size integer default 20,
  page_token text default null
)
returns setof dpg.found_item
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- a circle must have the same token in every session
as $body$
declare
  leaf regclass;
  binding bigint;
  page_start bytea;
  circle dpg_private.circle_bounds;
  conditions text;
  oldest timestamptz;
begin
  page_size := coalesce(page_size, 20);
  -- as in dpg.upsert_item: one condition without a query, and only when it does not hold the checks that say what is wrong
  if (
    dpg_private.are_item_filters(
      item_network, item_domain, item_type, created_by, item_instance_url, item_schema_url, item_state
    )
    and dpg_private.is_circle(latitude, longitude, radius_meters)
    and page_size between 1 and 1000
  ) is not true then
    perform
      dpg_private.check_item_filters(
        item_network, item_domain, item_type, created_by, item_instance_url, item_schema_url, item_state
      ),
      dpg_private.check_circle(latitude, longitude, radius_meters, true),
      dpg_private.check_page_size(page_size);
  end if;
  select b.binding
  into binding
  from dpg_private.page_binding('find_items', jsonb_build_array(
    item_network, item_domain, item_type, created_by, item_instance_url, item_schema_url, item_state,
    latitude, longitude, radius_meters
  )) b;
  page_start := dpg_private.page_position(binding, page_token);
  leaf := dpg_private.leaf('items', item_network, item_domain);
  if leaf is null then
    return;
  end if;
  circle := dpg_private.bounds_of(latitude, longitude, radius_meters);

  conditions := dpg_private.item_conditions(
    item_type, created_by, item_instance_url, item_schema_url, item_state, circle
  );
  if circle.reach is not null
    and coalesce(item_type, created_by, item_instance_url, item_schema_url, item_state::text) is null
    and (select c.reltuples > 200000 from pg_class c where c.oid = leaf)
  then
    -- In a large leaf a circle may hold many. Of a circle alone the index says how old the last row of the page is, so that
    -- what is older need not be read. In a small one that takes longer to plan than to read.
    execute format(
      'select min(n.created_at) from (select i.created_at from %s i where %s %s order by i.created_at desc limit $15) n',
      leaf, conditions, case when page_start is not null then 'and i.created_at < $16' end
    )
    into oldest
    using null::text, null::text, null::text, null::text, null::jsonb, latitude, longitude,
      circle.bands, circle.south, circle.north, circle.west, circle.east, circle.reach,
      null::bigint, page_size, dpg_private.page_time(page_start);
  end if;

  return query execute format(
    'select i.*, %s
     from %s i
     where %s %s %s
     order by i.created_at desc, i.item_type, i.item_id
     limit $15',
    dpg_private.page_token(
      '$14', 'timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, ''UTF8'')'
    ),
    leaf,
    conditions,
    case when oldest is not null then 'and i.created_at >= $19' end,
    case when page_start is not null then
      'and i.created_at <= $16 and (i.created_at < $16 or (i.item_type, i.item_id) > ($17, $18))'
    end
  )
  using item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude,
    circle.bands, circle.south, circle.north, circle.west, circle.east, circle.reach,
    binding, page_size, dpg_private.page_time(page_start), convert_from(substr(page_start, 25), 'UTF8'),
    dpg_private.page_id(page_start), oldest;
end
$body$;

comment on function dpg.find_items(
  text, text, text, text, text, text, jsonb, double precision, double precision, double precision, integer, text
) is
  'The items of a network and domain that match all filters, newest first (created_at descending, then item_type and item_id). item_state means containment (@>); latitude and longitude (degrees) with radius_meters are a circle. A page has page_size rows (1 to 1,000, 20 unless told); next_page_token of a row, passed as page_token with the same filters, continues after it; fewer rows than page_size means the end. Raises DP001, DP011. Example: select * from dpg.find_items(''yellow_dot'', ''tutor'', item_state => ''{"subject": "math"}'', latitude => 12.97, longitude => 77.59, radius_meters => 5000)';
--! EndIncluded items/find_items.sql
--! Included items/count_items.sql
create or replace function dpg.count_items(
  item_network text,
  item_domain text,
  item_type text default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_state jsonb default null,
  latitude double precision default null,
  longitude double precision default null,
  radius_meters double precision default null
)
returns bigint
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  matches bigint;
  circle dpg_private.circle_bounds;
begin
  if (
    dpg_private.are_item_filters(
      item_network, item_domain, item_type, created_by, item_instance_url, item_schema_url, item_state
    )
    and dpg_private.is_circle(latitude, longitude, radius_meters)
  ) is not true then
    perform
      dpg_private.check_item_filters(
        item_network, item_domain, item_type, created_by, item_instance_url, item_schema_url, item_state
      ),
      dpg_private.check_circle(latitude, longitude, radius_meters, true);
  end if;
  leaf := dpg_private.leaf('items', item_network, item_domain);
  if leaf is null then
    return 0::bigint;
  end if;
  circle := dpg_private.bounds_of(latitude, longitude, radius_meters);
  execute format(
    'select count(*) from %s i where %s',
    leaf,
    dpg_private.item_conditions(item_type, created_by, item_instance_url, item_schema_url, item_state, circle)
  )
  into matches
  using item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude,
    circle.bands, circle.south, circle.north, circle.west, circle.east, circle.reach;
  return matches;
end
$body$;

comment on function dpg.count_items(
  text, text, text, text, text, text, jsonb, double precision, double precision, double precision
) is
  'How many items match the filters of dpg.find_items. Counts them one by one: the cost grows with the matches. Raises DP001. Example: select dpg.count_items(''yellow_dot'', ''tutor'', item_state => ''{"subject": "math"}'')';
--! EndIncluded items/count_items.sql
--! Included geo/nearest_items.sql
create or replace function dpg.nearest_items(
  item_network text,
  item_domain text,
  latitude double precision,
  longitude double precision,
  radius_meters double precision default null,
  item_type text default null,
  item_state jsonb default null,
  page_size integer default 20,
  page_token text default null
)
returns setof dpg.nearest_item
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- a distance must come back from the page token exactly as it went in
as $body$
declare
  leaf regclass;
  binding bigint;
  page_start bytea;
  nearness_and_type text; -- of the row that the page starts after
  bounds dpg_private.circle_bounds;
begin
  page_size := coalesce(page_size, 20);
  -- as in dpg.upsert_item: one condition without a query, and only when it does not hold the checks that say what is wrong
  if (
    dpg_private.are_item_filters(item_network, item_domain, item_type, null, null, null, item_state)
    and latitude is not null
    and dpg_private.is_circle(latitude, longitude, coalesce(radius_meters, 0))
    and page_size between 1 and 1000
  ) is not true then
    perform
      dpg_private.check_item_filters(item_network, item_domain, item_type, null, null, null, item_state),
      dpg_private.check_present('latitude', latitude is not null),
      dpg_private.check_present('longitude', longitude is not null),
      dpg_private.check_circle(latitude, longitude, radius_meters, false),
      dpg_private.check_page_size(page_size);
  end if;
  select b.binding
  into binding
  from dpg_private.page_binding('nearest_items', jsonb_build_array(
    item_network, item_domain, latitude, longitude, radius_meters, item_type, item_state
  )) b;
  page_start := dpg_private.page_position(binding, page_token);
  nearness_and_type := convert_from(substr(page_start, 17), 'UTF8');
  leaf := dpg_private.leaf('items', item_network, item_domain);
  if leaf is null then
    return;
  end if;
  if radius_meters is not null then
    bounds := dpg_private.bounds_of(latitude, longitude, radius_meters);
  end if;

  -- By the nearness alone first, ties included: before version 17 PostgreSQL reads the index in the order of the distance
  -- only where nothing comes after it. The centre and its box are parameters: as expressions they take long to plan. The
  -- way along the great circle is that of the straight line which rows are ordered by, so that it never decreases.
  return query execute format(
    'select i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url, i.item_state,
       i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at,
       %s,
       %s
     from (
       select i.*, dpg_private.nearness(i.item_latitude, i.item_longitude, $2) as nearness
       from %s i
       where i.item_latitude is not null and %s %s %s
       order by dpg_private.nearness(i.item_latitude, i.item_longitude, $2)
       fetch first ($9) rows with ties
     ) i
     order by i.nearness, i.item_type, i.item_id
     limit $9',
    dpg_private.distance_of('i.nearness'),
    dpg_private.page_token('$8', 'uuid_send(i.item_id) || convert_to(i.nearness || '' '' || i.item_type, ''UTF8'')'),
    leaf,
    dpg_private.item_conditions(item_type, null, null, null, item_state, null),
    case when radius_meters is not null then
      format('and dpg_private.is_in_box(i.item_latitude, i.item_longitude, $3) and %s <= $4', dpg_private.haversine())
    end,
    case when page_start is not null then
      'and (
         dpg_private.nearness(i.item_latitude, i.item_longitude, $2) > $10
         or (dpg_private.nearness(i.item_latitude, i.item_longitude, $2) = $10 and (i.item_type, i.item_id) > ($11, $12))
       )'
    end
  )
  using item_type, dpg_private.place(latitude, longitude),
    case when radius_meters is not null then dpg_private.circle_box(latitude, longitude, radius_meters) end,
    bounds.reach, item_state, latitude, longitude,
    binding, page_size, split_part(nearness_and_type, ' ', 1)::double precision,
    substr(nearness_and_type, strpos(nearness_and_type, ' ') + 1), encode(substr(page_start, 1, 16), 'hex')::uuid;
end
$body$;

comment on function dpg.nearest_items(
  text, text, double precision, double precision, double precision, text, jsonb, integer, text
) is
  'The items of a network and domain that have a place, nearest to latitude and longitude (degrees) first, then by item_type and item_id, with distance_meters along the great circle of earthdistance''s sphere. radius_meters limits it to a circle; item_state means containment (@>). Pages as in dpg.find_items; a later page passes over the rows before it, so that its cost grows with its number. Raises DP001, DP011. Example: select item_id, distance_meters from dpg.nearest_items(''yellow_dot'', ''tutor'', 12.9716, 77.5946, page_size => 10)';
--! EndIncluded geo/nearest_items.sql
--! Included actions/check_party_filters.sql
create or replace function dpg_private.check_party_filters(
  actor text,
  ownership_role text,
  partition_network text,
  action_type text,
  action_status text
)
returns void
language plpgsql
stable -- else a call with constants would be made, and raise, when its caller is planned
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_actor(actor);
  if ownership_role is null or ownership_role not in ('initiated', 'received', 'all') then
    perform dpg_private.refuse_argument(
      'ownership_role', to_jsonb(ownership_role), 'is no role', 'A role is initiated, received or all.'
    );
  end if;
  if partition_network is not null then
    perform dpg_private.check_key('partition_network', partition_network);
  end if;
  if action_type is not null then
    perform dpg_private.check_key('action_type', action_type);
  end if;
  if action_status is not null then
    perform dpg_private.check_key('action_status', action_status);
  end if;
end
$body$;

comment on function dpg_private.check_party_filters(text, text, text, text, text) is
  'Raises DP001 for a filter that find_actions and find_events share.';
--! EndIncluded actions/check_party_filters.sql
--! Included events/store_event.sql
create or replace function dpg.store_event(event jsonb)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  proposed dpg.action_events;
  stored dpg.action_events;
  is_new boolean;
begin
  proposed := dpg_private.event_of_object(event);
  if dpg_private.is_instance_url(proposed.origin_instance_domain) then
    perform dpg_private.refuse_argument(
      'event.origin_instance_domain', to_jsonb(proposed.origin_instance_domain), 'is a URL of this instance',
      'Events of this instance are made by its actions; only events of others are mirrored.'
    );
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
  proposed.source_item_is_local := dpg_private.is_instance_url(proposed.source_item_instance_url);
  proposed.target_item_is_local := false; -- the action lives where the event was made

  perform dpg_private.leaf_to_write('action_events', proposed.partition_network, proposed.action_type);
  insert into dpg.action_events
  select proposed.*
  on conflict do nothing
  returning * into stored;
  is_new := found;
  if not is_new then
    stored := dpg_private.get_event(proposed.partition_network, proposed.action_type, proposed.event_id);
    if stored.event_id is null then
      stored := dpg_private.get_event_of_update(
        proposed.partition_network, proposed.action_type, proposed.origin_instance_domain,
        proposed.action_id, proposed.update_count
      );
    end if;
    if stored.event_id is null then
      -- a unique index that is not ours has such a row, which raises here
      insert into dpg.action_events
      select proposed.*
      returning * into stored;
      is_new := true;
    end if;
  end if;
  if is_new then
    perform dpg_private.note_mirrored_action(stored);
    return stored;
  end if;

  -- whether the source is local was decided when the event came
  proposed.source_item_is_local := stored.source_item_is_local;
  if not dpg_private.is_same_event(stored, proposed) then
    perform dpg_private.refuse_different_event(stored);
  end if;
  return stored;
end
$body$;

comment on function dpg.store_event(jsonb) is
  'Stores an event mirrored from another instance, an object whose fields are the column names of dpg.action_events; event_id and created_at are kept, source_item_is_local and target_item_is_local found out anew. Where the source is of this instance, its owner finds the event and, by dpg.find_actions and dpg.get_action, its action as the event of the highest update_count left it. The caller must have authenticated the origin. The same event again returns the stored row; other content under the same id, or for the same origin, action and update_count, is DP008, and so is an event between other items than the action has here that it tells of; an origin of our own is DP001. Raises DP001, DP008, DP010, DP014. Example: select * from dpg.store_event(''{"partition_network": "yellow_dot", "action_type": "connect", "event_id": "44444444-4444-4444-8444-444444444444", "origin_instance_domain": "https://tutor.yellowdot.example.com", "action_id": "33333333-3333-4333-8333-333333333333", "action_status": "created", "update_count": 0, "source_item_network": "yellow_dot", "source_item_domain": "student", "source_item_type": "profile_1.0", "source_item_id": "11111111-1111-4111-8111-111111111111", "source_item_instance_url": "https://student.yellowdot.example.com", "source_item_owner": "asha", "target_item_network": "yellow_dot", "target_item_domain": "tutor", "target_item_type": "profile_1.0", "target_item_id": "22222222-2222-4222-8222-222222222222", "target_item_instance_url": "https://tutor.yellowdot.example.com", "target_item_owner": "ravi", "event_payload": {"status": "created"}, "created_at": "2026-01-01T00:00:00.000000Z"}'')';
--! EndIncluded events/store_event.sql
--! Included events/find_events.sql
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
  binding bigint;
  page_start bytea;
  keys jsonb; -- update_count, partition_network and action_type of the row that the page starts after
  searches text;
begin
  ownership_role := coalesce(ownership_role, 'all');
  page_size := coalesce(page_size, 20);
  perform
    dpg_private.check_party_filters(actor, ownership_role, partition_network, action_type, action_status),
    dpg_private.check_page_size(page_size);
  if update_count < 0 then
    perform dpg_private.refuse_argument('update_count', to_jsonb(update_count), 'is negative', 'update_count starts at 0.');
  end if;
  select b.binding
  into binding
  from dpg_private.page_binding('find_events', jsonb_build_array(
    actor, ownership_role, partition_network, action_type, action_id, action_status, update_count, item_id
  )) b;
  page_start := dpg_private.page_position(binding, page_token);
  keys := convert_from(substr(page_start, 25), 'UTF8')::jsonb;

  -- one search for each leaf and role, each answered by an index in the order of the page
  select string_agg(
    format(
      '(select e.*
        from %s e
        where %s %s %s %s %s
        order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
        limit $7)',
      l.leaf,
      c.condition,
      case when action_id is not null then 'and e.action_id = $2' end,
      case when action_status is not null then 'and e.action_status = $3' end,
      case when update_count is not null then 'and e.update_count = $4' end,
      case when page_start is not null then
        'and e.created_at <= $8
         and (
           e.created_at < $8
           or e.update_count < $9
           or (e.update_count = $9 and (e.partition_network, e.action_type, e.event_id) > ($10, $11, $12))
         )'
      end
    ),
    ' union all '
  )
  into searches
  from unnest(dpg_private.leaves_of_party('action_events', actor, partition_network, action_type)) l(leaf)
  cross join unnest(
    dpg_private.party_conditions(
      ownership_role,
      'e.source_item_owner = $1 and e.source_item_is_local' || case when item_id is null then '' else ' and e.source_item_id = $5' end,
      'e.target_item_owner = $1 and e.target_item_is_local' || case when item_id is null then '' else ' and e.target_item_id = $5' end
    )
  ) c(condition);
  if searches is null then
    return;
  end if;

  return query execute format(
    'select p.*,
       dpg_private.ownership_roles($1, p.source_item_owner, p.source_item_is_local, p.target_item_owner, p.target_item_is_local),
       %s
     from (
       select * from (%s) e
       order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
       limit $7
     ) p
     order by p.created_at desc, p.update_count desc, p.partition_network, p.action_type, p.event_id',
    dpg_private.page_token(
      '$6',
      'timestamptz_send(p.created_at) || uuid_send(p.event_id)
       || convert_to(jsonb_build_array(p.update_count, p.partition_network, p.action_type)::text, ''UTF8'')'
    ),
    searches
  )
  using actor, action_id, action_status, update_count, item_id, binding, page_size,
    dpg_private.page_time(page_start), (keys ->> 0)::integer, keys ->> 1, keys ->> 2, dpg_private.page_id(page_start);
end
$body$;

comment on function dpg.find_events(text, text, text, text, uuid, text, integer, uuid, integer, text) is
  'The events, also mirrored ones, of which the actor is a party, newest first (created_at and update_count descending, then partition_network, action_type and event_id). ownership_role is initiated (the actor owned the source), received (the target) or all; item_id means the item on that side. Pages as in dpg.find_actions. Raises DP001, DP011. Example: select * from dpg.find_events(''asha'', partition_network => ''yellow_dot'', action_type => ''connect'', action_id => ''33333333-3333-4333-8333-333333333333'')';
--! EndIncluded events/find_events.sql
--! Included actions/open_action.sql
create or replace function dpg_private.open_action(proposed dpg.item_actions, event_payload jsonb)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.item_actions;
  first_event dpg.action_events;
  is_new boolean;
  caller_plan_cache_mode constant text := current_setting('plan_cache_mode');
  caller_constraint_exclusion constant text := current_setting('constraint_exclusion');
begin
  proposed.action_id := coalesce(proposed.action_id, gen_random_uuid());
  proposed.action_status := coalesce(
    (
      select d.initial_status
      from dpg.action_definitions d
      where d.partition_network = proposed.partition_network
        and d.action_type = proposed.action_type
    ),
    'created'
  );
  proposed.update_count := 0;
  proposed.created_at := clock_timestamp();
  proposed.updated_at := proposed.created_at;

  -- The foreign keys to the network's items are checked by statements that PostgreSQL keeps: at their sixth use in a
  -- session it would make a generic plan over all of the network's leaves, only to drop it. The setting against that
  -- comes with the execution of the insert, which keeps its own plan; and another, since the keys name the leaf, so that
  -- no checks need be read to exclude it.
  insert into dpg.item_actions
  select proposed.*
  where set_config('plan_cache_mode', 'force_custom_plan', true) is not null
    and set_config('constraint_exclusion', 'off', true) is not null
  on conflict do nothing; -- a constraint that is named would be looked for in the leaf at each call
  is_new := found;
  perform
    set_config('plan_cache_mode', caller_plan_cache_mode, true),
    set_config('constraint_exclusion', caller_constraint_exclusion, true);

  if not is_new then
    -- the id was used before; or a unique index that is not ours has such a row, which raises here
    insert into dpg.item_actions
    select proposed.*
    on conflict on constraint item_actions_pkey do nothing;
    is_new := found;
  end if;

  if not is_new then
    stored := dpg_private.lock_action(
      dpg_private.leaf('item_actions', proposed.partition_network, proposed.action_type),
      proposed.partition_network, proposed.action_type, proposed.action_id, 'key share'
    );
    first_event := dpg_private.get_event_of_update(
      stored.partition_network, stored.action_type, stored.target_item_instance_url, stored.action_id, 0
    );
    -- what was taken away since cannot be compared
    if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id) then
      proposed.requirements_snapshot := stored.requirements_snapshot;
    end if;
    if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, first_event.event_id) then
      event_payload := first_event.event_payload;
      proposed.remarks := first_event.remarks;
    end if;
    if (
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
      or (first_event.event_payload, first_event.remarks)
        is distinct from (
          coalesce(event_payload, dpg_private.default_payload(first_event.action_status)), proposed.remarks
        )
      -- what a remote source says of itself; a local one is read from its item, which may have changed since
      or (
        not proposed.source_item_is_local
        and (stored.source_item_instance_url, stored.source_item_latitude, stored.source_item_longitude)
          is distinct from (proposed.source_item_instance_url, proposed.source_item_latitude, proposed.source_item_longitude)
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

comment on function dpg_private.open_action(dpg.item_actions, jsonb) is
  'Stores a new action with its first event: initial status, update_count 0, times of now. With an action_id that was used before: the stored row when the content is the same, else DP008. Raises DP008, DP010.';
--! EndIncluded actions/open_action.sql
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
  source_leaf regclass;
  target_leaf regclass;
  action_leaf regclass;
  event_leaf regclass;
  is_user boolean;
  is_registered boolean;
  source_item dpg.items;
  target_item dpg.items;
  proposed dpg.item_actions;
begin
  requirements_snapshot := coalesce(requirements_snapshot, '{}');
  -- as in dpg.upsert_item: one condition without a query, and only when it does not hold the checks that say what is wrong
  if (
    dpg_private.is_actor(actor)
    and dpg_private.is_key(action_type)
    and dpg_private.is_item_ref(source)
    and dpg_private.is_item_ref(target)
    and dpg_private.is_short_document(requirements_snapshot)
    and octet_length(remarks) > 65536 is not true
    and (event_payload is null or dpg_private.is_short_document(event_payload))
    and source <> target
  ) is not true then
    perform
      dpg_private.check_actor(actor),
      dpg_private.check_key('action_type', action_type),
      dpg_private.check_item_ref('source', source),
      dpg_private.check_item_ref('target', target),
      dpg_private.check_document('requirements_snapshot', requirements_snapshot),
      dpg_private.check_remarks(remarks),
      case when event_payload is not null then dpg_private.check_document('event_payload', event_payload) end,
      case
        when source = target then
          dpg_private.refuse_argument('target', to_jsonb(target), 'is the source itself', 'An action goes from one item to another.')
      end;
  end if;

  -- one statement instead of six; it holds for the moment, and whoever waits has to ask again
  select
    exists (select from public."user" u where u.id = perform_action.actor),
    exists (select from dpg.networks n where n.network in (source.item_network, target.item_network)),
    (select l.leaf from dpg_private.leaf_of('items', source.item_network, source.item_domain) l),
    (select l.leaf from dpg_private.leaf_of('items', target.item_network, target.item_domain) l),
    (select l.leaf from dpg_private.leaf_of('item_actions', target.item_network, perform_action.action_type) l),
    (select l.leaf from dpg_private.leaf_of('action_events', target.item_network, perform_action.action_type) l)
  into is_user, is_registered, source_leaf, target_leaf, action_leaf, event_leaf;
  if not is_user then
    perform dpg_private.refuse_unknown_user(actor);
  end if;
  if is_registered then
    perform dpg_private.check_interaction(action_type, source, target, action_id);
  end if;

  -- Leaves that are missing are made before the items are locked: who makes one waits for those who write to the
  -- network's items, and those may wait for these items. Not for a call that is refused anyway.
  if action_leaf is null or event_leaf is null then
    source_item := dpg.get_item(source.item_network, source.item_domain, source.item_type, source.item_id);
    target_item := dpg.get_item(target.item_network, target.item_domain, target.item_type, target.item_id);
    if source_item.created_by <> actor then
      perform dpg_private.refuse_not_item_owner(actor, source);
    end if;
    perform
      dpg_private.leaf_to_write('item_actions', target.item_network, action_type),
      dpg_private.leaf_to_write('action_events', target.item_network, action_type);
    source_leaf := dpg_private.leaf('items', source.item_network, source.item_domain);
    target_leaf := dpg_private.leaf('items', target.item_network, target.item_domain);
  end if;

  -- kept from being deleted until the action refers to them; the lower key first, as everywhere: in bytes, since calls
  -- that lock many rows sort them so, whatever the collation of the database
  if (
      source.item_network collate "C", source.item_domain collate "C", source.item_type collate "C", source.item_id
    ) < (
      target.item_network collate "C", target.item_domain collate "C", target.item_type collate "C", target.item_id
    )
  then
    source_item := dpg_private.lock_item(source_leaf, source, 'key share');
    target_item := dpg_private.lock_item(target_leaf, target, 'key share');
  else
    target_item := dpg_private.lock_item(target_leaf, target, 'key share');
    source_item := dpg_private.lock_item(source_leaf, source, 'key share');
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

  proposed.partition_network := target.item_network;
  proposed.action_type := action_type;
  proposed.action_id := action_id;
  proposed.requirements_snapshot := requirements_snapshot;
  proposed.remarks := remarks;
  proposed.source_item_network := source.item_network;
  proposed.source_item_domain := source.item_domain;
  proposed.source_item_type := source.item_type;
  proposed.source_item_id := source.item_id;
  proposed.source_item_instance_url := source_item.item_instance_url;
  proposed.source_item_owner := source_item.created_by;
  proposed.source_item_latitude := source_item.item_latitude;
  proposed.source_item_longitude := source_item.item_longitude;
  proposed.source_item_is_local := true;
  proposed.source_local_item_id := case when source.item_network = target.item_network then source.item_id end;
  proposed.target_item_network := target.item_network;
  proposed.target_item_domain := target.item_domain;
  proposed.target_item_type := target.item_type;
  proposed.target_item_id := target.item_id;
  proposed.target_item_instance_url := target_item.item_instance_url;
  proposed.target_item_owner := target_item.created_by;
  proposed.target_item_latitude := target_item.item_latitude;
  proposed.target_item_longitude := target_item.item_longitude;
  return dpg_private.open_action(proposed, event_payload);
end
$body$;

comment on function dpg.perform_action(text, text, dpg.item_ref, dpg.item_ref, jsonb, text, jsonb, uuid) is
  'Makes an action from an item that the actor owns to another item of this instance, and its first event in the same transaction. Status is the declared initial one or created, update_count 0; owners and coordinates are taken from the items. event_payload is {"status": <status>} unless given. With action_id a repeated call is safe. Raises DP001, DP002, DP003, DP008, DP009, DP010, DP014. Example: select * from dpg.perform_action(''asha'', ''connect'', row(''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''), row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222''), ''{"subject": "math"}'')';
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
  target_leaf regclass;
  action_leaf regclass;
  event_leaf regclass;
  is_registered boolean;
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
    (select l.leaf from dpg_private.leaf_of('items', target.item_network, target.item_domain) l),
    (select l.leaf from dpg_private.leaf_of('item_actions', target.item_network, receive_action.action_type) l),
    (select l.leaf from dpg_private.leaf_of('action_events', target.item_network, receive_action.action_type) l)
  into is_registered, target_leaf, action_leaf, event_leaf;
  if is_registered then
    perform dpg_private.check_interaction(action_type, source, target, action_id);
  end if;

  -- before the item is locked: see dpg.perform_action
  if action_leaf is null or event_leaf is null then
    target_item := dpg.get_item(target.item_network, target.item_domain, target.item_type, target.item_id);
    perform
      dpg_private.leaf_to_write('item_actions', target.item_network, action_type),
      dpg_private.leaf_to_write('action_events', target.item_network, action_type);
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
  return dpg_private.open_action(proposed, event_payload);
end
$body$;

comment on function dpg.receive_action(
  text, dpg.item_ref, text, text, dpg.item_ref, jsonb, text, jsonb, uuid, double precision, double precision
) is
  'perform_action for a source that lives on another instance, which asserts its owner and coordinates (degrees); the caller must have authenticated that instance. A URL of our own is DP001. With action_id, chosen by the sender, a repeated call is safe. Raises DP001, DP002, DP008, DP010, DP014. Example: select * from dpg.receive_action(''connect'', row(''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''), ''https://student.yellowdot.example.com'', ''asha'', row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222''))';
--! EndIncluded actions/receive_action.sql
--! Included actions/find_actions.sql
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
  binding bigint;
  page_start bytea;
  keys jsonb; -- partition_network, action_type and target_item_instance_url of the row that the page starts after
  searches text;
begin
  ownership_role := coalesce(ownership_role, 'all');
  page_size := coalesce(page_size, 20);
  perform
    dpg_private.check_party_filters(actor, ownership_role, partition_network, action_type, action_status),
    dpg_private.check_page_size(page_size);
  select b.binding
  into binding
  from dpg_private.page_binding('find_actions', jsonb_build_array(
    actor, ownership_role, partition_network, action_type, action_status, item_id
  )) b;
  page_start := dpg_private.page_position(binding, page_token);
  keys := convert_from(substr(page_start, 25), 'UTF8')::jsonb;

  -- One search for each leaf and role, each answered by an index in the order of the page. What lives on other instances
  -- is in one table; its targets' owners are users of those, nobody here.
  select string_agg(
    format(
      '(select %s
        from %s a
        where %s %s %s
        order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        limit $5)',
      w.columns,
      w.relation,
      w.condition,
      case when action_status is not null then 'and a.action_status = $2' end,
      case when page_start is not null then
        'and a.updated_at <= $6
         and (
           a.updated_at < $6
           or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url) > ($7, $8, $9, $10)
         )'
      end
    ),
    ' union all '
  )
  into searches
  from (
    select
      'a.*, dpg_private.ownership_roles($1, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true)' as columns,
      l.leaf::text as relation,
      c.condition
    from unnest(dpg_private.leaves_of_party('item_actions', actor, partition_network, action_type)) l(leaf)
    cross join unnest(
      dpg_private.party_conditions(
        ownership_role,
        'a.source_item_owner = $1 and a.source_item_is_local' || case when item_id is null then '' else ' and a.source_item_id = $3' end,
        'a.target_item_owner = $1' || case when item_id is null then '' else ' and a.target_item_id = $3' end
      )
    ) c(condition)
    union all
    select
      '(dpg_private.action_of_mirrored(a)).*, array[''initiated'']',
      'dpg_private.mirrored_actions',
      concat_ws(
        ' and ', 'a.source_item_owner = $1',
        case when item_id is not null then 'a.source_item_id = $3' end,
        case when partition_network is not null then 'a.partition_network = $11' end,
        case when action_type is not null then 'a.action_type = $12' end
      )
    where ownership_role <> 'received'
  ) w;
  if searches is null then
    return;
  end if;

  return query execute format(
    'select p.*, %s
     from (
       select * from (%s) a
       order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
       limit $5
     ) p
     order by p.updated_at desc, p.partition_network, p.action_type, p.action_id, p.target_item_instance_url',
    dpg_private.page_token(
      '$4',
      'timestamptz_send(p.updated_at) || uuid_send(p.action_id)
       || convert_to(jsonb_build_array(p.partition_network, p.action_type, p.target_item_instance_url)::text, ''UTF8'')'
    ),
    searches
  )
  using actor, action_status, item_id, binding, page_size,
    dpg_private.page_time(page_start), keys ->> 0, keys ->> 1, dpg_private.page_id(page_start), keys ->> 2,
    partition_network, action_type;
end
$body$;

comment on function dpg.find_actions(text, text, text, text, text, uuid, integer, text) is
  'The actions of which the actor is a party, also those that live on other instances as far as their events were mirrored (target_item_instance_url says where; requirements_snapshot is {}), latest change first (updated_at descending, then partition_network, action_type and action_id). ownership_role is initiated (the actor owned the source), received (the target) or all; item_id means the item on that side. A page has page_size rows (1 to 1,000, 20 unless told); next_page_token of a row, passed as page_token with the same filters, continues after it; fewer rows than page_size means the end. Raises DP001, DP011. Example: select * from dpg.find_actions(''ravi'', ''received'', ''yellow_dot'', ''connect'', ''created'')';
--! EndIncluded actions/find_actions.sql
--! Included feed/check_batch.sql
create or replace function dpg_private.check_batch(max_events integer, lease_seconds double precision)
returns void
language plpgsql
stable -- as dpg_private.check_page_size
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
      'lease_seconds', to_jsonb(lease_seconds::text), 'is out of range', 'A lease lasts 0.001 to 86,400 seconds.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_batch(integer, double precision) is
  'Raises DP001 for a batch of fewer than 1 or more than 10,000 events, or a lease that is not between a millisecond and a day.';
--! EndIncluded feed/check_batch.sql
--! Included feed/check_failure.sql
create or replace function dpg_private.check_failure(error text, retry_seconds double precision)
returns void
language plpgsql
stable -- as dpg_private.check_page_size
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if octet_length(error) > 65536 then
    perform dpg_private.refuse_argument(
      'error', to_jsonb(error), 'is too long', 'Say what went wrong in at most 65,536 bytes; never put a secret there.'
    );
  end if;
  if retry_seconds is null or not retry_seconds between 0 and 86400 then
    perform dpg_private.refuse_argument(
      'retry_seconds', to_jsonb(retry_seconds::text), 'is out of range', 'The next try is 0 to 86,400 seconds away.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_failure(text, double precision) is
  'Raises DP001 for an error of more than 65,536 bytes, or a next try that is not between now and a day away.';
--! EndIncluded feed/check_failure.sql
--! Included redactions/check_reason.sql
create or replace function dpg_private.check_reason(reason text)
returns void
language plpgsql
stable -- as dpg_private.check_page_size
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if reason is null or reason !~ '\S' or octet_length(reason) > 65536 then
    perform dpg_private.refuse_argument(
      'reason', to_jsonb(reason), 'is missing or too long', 'Say why, in at most 65,536 bytes: it is kept on record.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_reason(text) is
  'Raises DP001 unless reason is text of 1 to 65,536 bytes.';
--! EndIncluded redactions/check_reason.sql
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
comment on constraint redactions_event_check on dpg.redactions is 'An event is named by its whole key, a user not at all.';
comment on sequence dpg.redactions_redaction_id_seq is 'Numbers of dpg.redactions.';
comment on constraint subscriptions_pkey on dpg.subscriptions is 'One subscription of each name.';
comment on constraint subscriptions_order_check on dpg.subscriptions is 'What is acknowledged was handed out.';
comment on constraint failed_events_pkey on dpg.failed_events is 'One row for each event of a subscription.';
comment on constraint failed_events_state_check on dpg.failed_events is 'The states that there are.';
comment on constraint failed_events_subscription_fkey on dpg.failed_events is 'Goes with its subscription.';
comment on index dpg.action_definitions_pkey is 'For define_action and for each new action and transition.';
comment on index dpg.networks_pkey is 'For each call that writes something new.';
comment on index dpg.limits_pkey is 'For each call that looks up a limit.';
comment on index dpg.redactions_pkey is 'For the order of the records.';
comment on index dpg.subscriptions_pkey is 'For each call that names a subscription.';
comment on index dpg.failed_events_pkey is 'For each call that names a failed event.';
--! EndIncluded access/comments.sql
--! Included access/privileges.sql
-- Stated anew by each migration, so that what is granted is what stands here. Nothing is granted to PUBLIC.
do $body$
declare
  object record;
begin
  revoke all on schema dpg, dpg_private from public;
  grant usage on schema dpg to dpg_app, dpg_readonly, dpg_admin;

  for object in
    select
      p.oid::pg_catalog.regprocedure as signature,
      n.nspname = 'dpg' as is_api,
      p.proname ~ '^(get|find|count|nearest)_' as reads_only,
      p.proname in ('redact_event', 'erase_user', 'forget_instance_url', 'register_network', 'unregister_network') as is_administration
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('dpg', 'dpg_private')
  loop
    execute pg_catalog.format('revoke all on function %s from public', object.signature);
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
  dpg.limits, dpg.redactions, dpg.networks
from dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.instance_urls, dpg.partitions,
  dpg.limits, dpg.subscriptions, dpg.failed_events, dpg.subscription_status, dpg.peers, dpg.networks
to dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.redactions to dpg_admin;
grant update (limit_value) on dpg.limits to dpg_admin;
--! EndIncluded access/privileges.sql
