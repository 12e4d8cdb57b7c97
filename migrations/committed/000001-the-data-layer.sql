--! Previous: -
--! Hash: sha1:176df4bfcb4644349137a33d410c48a679a00fa4
--! Message: the data layer

--! Included access/schemas.sql
do $body$
begin
  if pg_catalog.current_setting('server_version_num')::integer < 150000 then
    raise exception 'dpg-database needs PostgreSQL 15 or newer, this is %', pg_catalog.current_setting('server_version');
  end if;
  if pg_catalog.current_setting('server_encoding') <> 'UTF8' then
    raise exception 'dpg-database needs a database in encoding UTF8, this one has %', pg_catalog.current_setting('server_encoding')
      using hint = 'Create the database with: create database ... encoding ''UTF8'' template template0';
  end if;
end
$body$;

create schema if not exists dpg;
comment on schema dpg is
  'The data layer of a federated network: items, actions between items and immutable events. What an application calls and reads.';

create schema if not exists dpg_private;
comment on schema dpg_private is
  'Helpers of schema dpg. No caller uses them: names and arguments may change with any migration.';
--! EndIncluded access/schemas.sql
--! Included access/roles.sql
-- Roles belong to the whole cluster: they are made where the migrating role may, and used where they exist.
do $body$
declare
  role_name text;
begin
  foreach role_name in array array['dpg_app', 'dpg_readonly', 'dpg_admin'] loop
    if pg_catalog.to_regrole(role_name) is null then
      begin
        execute pg_catalog.format('create role %I nologin', role_name);
      exception
        when duplicate_object or unique_violation then
          null; -- another database of this cluster was migrated at the same time
        when insufficient_privilege then
          raise exception 'role % is missing and % may not create it', role_name, current_user
            using
              errcode = 'insufficient_privilege',
              hint = pg_catalog.format('An administrator must run: create role %I nologin;', role_name);
      end;
    end if;
  end loop;
end
$body$;
--! EndIncluded access/roles.sql
--! Included geo/extensions.sql
-- cube is required. earthdistance and pgcrypto serve the queries that applications write by hand; nothing of ours needs them.
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
          raise notice 'extension % was not created (%): queries that you write with it will not work, the API does not need it',
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
--! Included users/user.sql
-- Better Auth's table. Where the application has it, it is used as it is; where not, it is made with Better Auth's core
-- columns, so that Better Auth's own migration finds nothing to change.
do $body$
declare
  id_type text;
begin
  if pg_catalog.to_regclass('public."user"') is null then
    begin
      create table public."user" (
        id text not null primary key,
        name text not null,
        email text not null unique,
        "emailVerified" boolean not null default false,
        image text,
        "createdAt" timestamptz not null default current_timestamp,
        "updatedAt" timestamptz not null default current_timestamp
      );
    exception
      when insufficient_privilege then
        raise exception 'table public."user" is missing and % may not create it', current_user
          using
            errcode = 'insufficient_privilege',
            hint = pg_catalog.format('The owner of the schema must run: grant create on schema public to %I;', current_user);
    end;
    comment on table public."user" is
      'The users of this instance, with Better Auth''s core columns. Made by dpg-database because the application had none.';
    grant select, insert, update, delete on public."user" to dpg_app;
  end if;

  select pg_catalog.format_type(a.atttypid, null)
  into id_type
  from pg_catalog.pg_attribute a
  where a.attrelid = 'public."user"'::pg_catalog.regclass
    and a.attname = 'id'
    and not a.attisdropped;

  if id_type is distinct from 'text' then
    raise exception 'public."user".id must be text, it is %', coalesce(id_type, 'missing')
      using
        errcode = 'datatype_mismatch',
        hint = 'dpg-database takes the ids of users as text, as Better Auth makes them by default.';
  end if;

  if not pg_catalog.has_table_privilege('public."user"', 'select')
    or not pg_catalog.has_table_privilege('public."user"', 'references')
  then
    raise exception 'role % may not read or reference public."user"', current_user
      using
        errcode = 'insufficient_privilege',
        hint = pg_catalog.format('The owner of the table must run: grant select, references on public."user" to %I;', current_user);
  end if;
end
$body$;
--! EndIncluded users/user.sql
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
  'Names one item. In SQL: row(''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111'')::dpg.item_ref';
--! EndIncluded items/item_ref.sql
--! Included limits/limits.sql
create table if not exists dpg.limits (
  limit_name text primary key,
  limit_value bigint not null,
  constraint limits_name_check check (
    limit_name in (
      'leaves_per_network', 'networks', 'json_bytes_per_document',
      'partition_lock_seconds', 'partition_queue_seconds'
    )
  ),
  constraint limits_value_check check (
    case
      when limit_name = 'json_bytes_per_document' then limit_value between 1024 and 268435455
      when limit_name in ('partition_lock_seconds', 'partition_queue_seconds') then limit_value between 1 and 3600
      else limit_value between 0 and 1000000
    end
  )
);

insert into dpg.limits (limit_name, limit_value)
values
  ('leaves_per_network', 256),
  ('networks', 1024),
  ('json_bytes_per_document', 1048576),
  ('partition_lock_seconds', 5),
  ('partition_queue_seconds', 10)
on conflict (limit_name) do nothing;

comment on table dpg.limits is
  'What keeps a careless or hostile caller from flooding the database. dpg_admin changes a row (update dpg.limits set limit_value = ... where limit_name = ...); it holds from the next call on.';
comment on column dpg.limits.limit_name is
  'leaves_per_network: leaves of one network under one root table (256); networks: networks under one root table (1,024); json_bytes_per_document: bytes of one JSON document as text (1,048,576); partition_lock_seconds: how long the making of a partition tries for its locks (5); partition_queue_seconds: how long it waits for other makers (10).';
comment on column dpg.limits.limit_value is 'The limit, inclusive.';
--! EndIncluded limits/limits.sql
--! Included limits/limit_of.sql
create or replace function dpg_private.limit_of(limit_name text)
returns bigint
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (select l.limit_value from dpg.limits l where l.limit_name = limit_of.limit_name);
end
$body$;

comment on function dpg_private.limit_of(text) is
  'The value of a limit of dpg.limits; null, no limit, where its row was deleted.';
--! EndIncluded limits/limit_of.sql
--! Included arguments/refuse_argument.sql
create or replace function dpg_private.refuse_argument(
  argument text,
  value jsonb,
  problem text,
  hint text,
  index integer default null
)
returns void
language plpgsql
stable -- whatever is given: else a call with constants would be made, and raise, when its caller is planned
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  shown jsonb := coalesce(value, 'null');
begin
  -- a value of megabytes helps nobody in a log
  if octet_length(shown::text) > 1000 then
    shown := to_jsonb(left(coalesce(value #>> '{}', ''), 200) || E'\u2026');
  end if;
  raise exception using
    errcode = 'DP001',
    message = format(
      '%s%s %s: %s',
      argument,
      case when index is null then '' else format(' (element %s)', index) end,
      problem,
      left(shown::text, 220)
    ),
    hint = hint,
    detail = (jsonb_build_object('argument', argument, 'value', shown)
      || case when index is null then '{}' else jsonb_build_object('index', index) end)::text;
end
$body$;

comment on function dpg_private.refuse_argument(text, jsonb, text, text, integer) is
  'Raises DP001 for an argument. problem completes the sentence "argument ...", index is the position in an array, counted from 0.';
--! EndIncluded arguments/refuse_argument.sql
--! Included arguments/is_key.sql
create or replace function dpg_private.is_key(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
-- Nearly every key begins with a visible ASCII character; only the others are searched for one. White space is spelled
-- out, so that the answer does not depend on the locale of the database.
return length(value) <= 120
  and (
    ascii(value) between 33 and 126
    or value ~ '[^\s\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]'
  );

comment on function dpg_private.is_key(text) is
  'Whether value is a key: 1 to 120 characters, not all white space. Null for null. Stored parsed, so that it can be inlined and needs no search_path.';
--! EndIncluded arguments/is_key.sql
--! Included arguments/refuse_key.sql
create or replace function dpg_private.refuse_key(argument text, value text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.refuse_argument(
    argument,
    to_jsonb(value),
    case
      when value is null then 'is missing'
      when length(value) > 120 then format('is too long with its %s characters', length(value))
      else 'is not a key'
    end,
    'Pass a key: text of 1 to 120 characters that is not all white space.'
  );
end
$body$;

comment on function dpg_private.refuse_key(text, text) is
  'Raises DP001 for a value that is not a key.';
--! EndIncluded arguments/refuse_key.sql
--! Included arguments/check_key.sql
create or replace function dpg_private.check_key(argument text, value text)
returns void
language sql
stable
parallel safe
security invoker
return case when not coalesce(dpg_private.is_key(value), false) then dpg_private.refuse_key(argument, value) end;

comment on function dpg_private.check_key(text, text) is
  'Raises DP001 unless value is a key: 1 to 120 characters, not all white space. Stored parsed and inlined, as all checks that are part of every call.';
--! EndIncluded arguments/check_key.sql
--! Included arguments/is_url.sql
create or replace function dpg_private.is_url(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
return octet_length(value) <= 1024
  and (
    ascii(value) between 33 and 126
    or value ~ '[^\s\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]'
  );

comment on function dpg_private.is_url(text) is
  'Whether value can be a URL: 1 to 1,024 bytes, not all white space; its form is the application''s affair. Null for null. Stored parsed, so that it can be inlined and needs no search_path.';
--! EndIncluded arguments/is_url.sql
--! Included arguments/refuse_url.sql
create or replace function dpg_private.refuse_url(argument text, value text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.refuse_argument(
    argument,
    to_jsonb(value),
    'is not a URL',
    'A URL is text of 1 to 1,024 bytes that is not all white space.'
  );
end
$body$;

comment on function dpg_private.refuse_url(text, text) is
  'Raises DP001 for a value that is not a URL.';
--! EndIncluded arguments/refuse_url.sql
--! Included arguments/check_url.sql
create or replace function dpg_private.check_url(argument text, value text)
returns void
language sql
stable
parallel safe
security invoker
return case when not coalesce(dpg_private.is_url(value), false) then dpg_private.refuse_url(argument, value) end;

comment on function dpg_private.check_url(text, text) is
  'Raises DP001 unless value is text of 1 to 1,024 bytes that is not all white space. Stored parsed and inlined.';
--! EndIncluded arguments/check_url.sql
--! Included arguments/check_present.sql
create or replace function dpg_private.check_present(argument text, is_present boolean)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not is_present then dpg_private.refuse_argument(argument, null, 'is missing', 'Pass a value for ' || argument || '.')
end;

comment on function dpg_private.check_present(text, boolean) is
  'Raises DP001 when not is_present. Stored parsed and inlined.';
--! EndIncluded arguments/check_present.sql
--! Included arguments/refuse_coordinates.sql
create or replace function dpg_private.refuse_coordinates(
  latitude_argument text,
  latitude double precision,
  longitude_argument text,
  longitude double precision
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if latitude is null or longitude is null then
    perform dpg_private.refuse_argument(
      case when latitude is null then latitude_argument else longitude_argument end,
      null,
      'is missing',
      format('Pass both %s and %s, or neither.', latitude_argument, longitude_argument)
    );
  elsif not latitude between -90 and 90 then
    perform dpg_private.refuse_argument(
      latitude_argument, to_jsonb(latitude), 'is no latitude', 'A latitude is a number of degrees from -90 to 90.'
    );
  else
    perform dpg_private.refuse_argument(
      longitude_argument, to_jsonb(longitude), 'is no longitude', 'A longitude is a number of degrees from -180 to 180.'
    );
  end if;
end
$body$;

comment on function dpg_private.refuse_coordinates(text, double precision, text, double precision) is
  'Raises DP001 for half a place, or for what is no latitude (degrees, -90 to 90) or no longitude (-180 to 180).';
--! EndIncluded arguments/refuse_coordinates.sql
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
-- NaN sorts above every number, so that it is outside of both ranges
return case
  when (latitude between -90 and 90 and longitude between -180 and 180) is not true
    and (latitude is not null or longitude is not null)
  then
    dpg_private.refuse_coordinates(latitude_argument, latitude, longitude_argument, longitude)
end;

comment on function dpg_private.check_coordinates(text, double precision, text, double precision) is
  'Raises DP001 unless latitude (degrees, -90 to 90) and longitude (degrees, -180 to 180) are both given or both null. Stored parsed and inlined.';
--! EndIncluded arguments/check_coordinates.sql
--! Included arguments/is_degrees.sql
create or replace function dpg_private.is_degrees(value jsonb, most double precision)
returns boolean
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- compared as it would be stored: 90.00000000000000000001 is 90, and 1e-400 is no number of double precision at all
  return case when jsonb_typeof(value) = 'number' then abs(value::double precision) <= most else false end;
exception
  when numeric_value_out_of_range then
    return false;
end
$body$;

comment on function dpg_private.is_degrees(jsonb, double precision) is
  'Whether value is a JSON number that double precision holds and that lies between -most and most.';
--! EndIncluded arguments/is_degrees.sql
--! Included arguments/check_large_document.sql
create or replace function dpg_private.check_large_document(argument text, document jsonb, index integer)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  document_bytes constant integer := octet_length(document::text);
  allowed_bytes bigint;
begin
  if document is null or jsonb_typeof(document) <> 'object' then
    perform dpg_private.refuse_argument(
      argument, document, 'is not a JSON object', 'Pass a JSON object, {} when there is nothing to say.', index
    );
  end if;
  allowed_bytes := dpg_private.limit_of('json_bytes_per_document');
  if document_bytes > allowed_bytes then
    perform dpg_private.refuse_argument(
      argument,
      to_jsonb(left(document::text, 200) || E'\u2026'),
      format('has %s bytes', document_bytes),
      format(
        'A document may have %s bytes as text; dpg_admin can raise the limit json_bytes_per_document in dpg.limits.',
        allowed_bytes
      ),
      index
    );
  end if;
end
$body$;

comment on function dpg_private.check_large_document(text, jsonb, integer) is
  'Raises DP001 unless document is a JSON object within the limit json_bytes_per_document of dpg.limits.';
--! EndIncluded arguments/check_large_document.sql
--! Included arguments/check_document.sql
create or replace function dpg_private.check_document(argument text, document jsonb, index integer default null)
returns void
language sql
stable
parallel safe
security invoker
-- the text, not the stored form: 1e100000 is stored in a few bytes and read back as 100,001
return case
  when (jsonb_typeof(document) = 'object' and octet_length(document::text) <= 1024) is not true then
    dpg_private.check_large_document(argument, document, index)
end;

comment on function dpg_private.check_document(text, jsonb, integer) is
  'Raises DP001 unless document is a JSON object within the limit json_bytes_per_document of dpg.limits; documents of up to 1,024 bytes, the smallest limit that can be set, are not looked up. Stored parsed and inlined.';
--! EndIncluded arguments/check_document.sql
--! Included arguments/check_remarks.sql
create or replace function dpg_private.check_remarks(remarks text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when octet_length(remarks) > 65536 then
    dpg_private.refuse_argument(
      'remarks', to_jsonb(remarks), 'are too long', 'Remarks are a short note of at most 65,536 bytes; what matters to the event belongs in event_payload.'
    )
end;

comment on function dpg_private.check_remarks(text) is
  'Raises DP001 when remarks are longer than 65,536 bytes. Null is no remarks. Stored parsed and inlined.';
--! EndIncluded arguments/check_remarks.sql
--! Included pages/page_seal.sql
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
comment on column dpg_private.page_seal.seal is 'The value, drawn when the database was migrated; a new one makes all tokens invalid.';
comment on column dpg_private.page_seal.is_only is 'True: there is one row.';
--! EndIncluded pages/page_seal.sql
--! Included pages/page_scope.sql
create or replace function dpg_private.page_scope(call text, filters jsonb)
returns text
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select encode(sha256(convert_to(s.seal::text || page_scope.call || page_scope.filters::text, 'UTF8')), 'hex')
    from dpg_private.page_seal s
  );
end
$body$;

comment on function dpg_private.page_scope(text, jsonb) is
  'What a page token is bound to: this database, the call and its filters, as 64 hexadecimal digits.';
--! EndIncluded pages/page_scope.sql
--! Included pages/page_token.sql
create or replace function dpg_private.page_token(scope text, "position" jsonb)
returns text
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- a token a row: replace takes a seventh of the time of translate
  body text := replace(replace(replace(replace(
    encode(convert_to(page_token."position"::text, 'UTF8'), 'base64'), E'\n', ''), '+', '-'), '/', '_'), '=', ''
  );
begin
  return left(encode(sha256(convert_to(scope || body, 'UTF8')), 'hex'), 16) || body;
end
$body$;

comment on function dpg_private.page_token(text, jsonb) is
  'The token of a row: 16 hexadecimal digits of a hash over scope and body, then the body, the row''s place in the order as JSON in base64url. The scope holds a random value of the database, so that only this function makes tokens.';
--! EndIncluded pages/page_token.sql
--! Included pages/page_position.sql
create or replace function dpg_private.page_position(scope text, page_token text)
returns jsonb
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  body text := substr(page_token, 17);
begin
  if page_token is null then
    return null;
  end if;
  if left(encode(sha256(convert_to(scope || body, 'UTF8')), 'hex'), 16) = left(page_token, 16) then
    return convert_from(decode(translate(body, '-_', '+/') || repeat('=', (4 - length(body) % 4) % 4), 'base64'), 'UTF8')::jsonb;
  end if;
  raise exception using
    errcode = 'DP011',
    message = format('page_token is not one of this call: %L', left(page_token, 80)),
    hint = 'Pass next_page_token of a row that the same call returned with the same filters, or null for the first page.',
    detail = jsonb_build_object('page_token', left(page_token, 200))::text;
end
$body$;

comment on function dpg_private.page_position(text, text) is
  'The place in the order that a token of this scope stands for; null for null. Raises DP011 for any other token.';
--! EndIncluded pages/page_position.sql
--! Included pages/check_page_size.sql
create or replace function dpg_private.check_page_size(page_size integer)
returns void
language plpgsql
immutable
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
--! Included redactions/tombstone.sql
create or replace function dpg_private.tombstone()
returns text
language sql
immutable
parallel safe
security invoker
return 'dpg_erased_user';

comment on function dpg_private.tombstone() is
  'Id of the user who stands for all erased users. Nobody can act or read as this user.';
--! EndIncluded redactions/tombstone.sql
--! Included users/refuse_actor.sql
create or replace function dpg_private.refuse_actor(actor text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_key('actor', actor);
  perform dpg_private.refuse_argument(
    'actor', to_jsonb(actor), 'stands for erased users', 'Nobody can act for erased users; pass the id of the authenticated user.'
  );
end
$body$;

comment on function dpg_private.refuse_actor(text) is
  'Raises DP001 for an actor that is no key, or the tombstone of erased users.';
--! EndIncluded users/refuse_actor.sql
--! Included users/check_actor.sql
create or replace function dpg_private.check_actor(actor text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not coalesce(dpg_private.is_key(actor) and actor <> dpg_private.tombstone(), false) then dpg_private.refuse_actor(actor)
end;

comment on function dpg_private.check_actor(text) is
  'Raises DP001 unless actor is a key, and not the tombstone of erased users. Stored parsed and inlined.';
--! EndIncluded users/check_actor.sql
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
    raise exception using
      errcode = 'DP009',
      message = format('user %L is not known here', left(actor, 120)),
      hint = 'Create the user in public."user" first, or pass the id of one that is there.',
      detail = jsonb_build_object('actor', actor)::text;
  end if;
end
$body$;

comment on function dpg_private.check_user(text) is
  'Raises DP009 unless actor is the id of a user in public."user".';
--! EndIncluded users/check_user.sql
--! Included items/items.sql
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
    case
      when item_latitude is null or item_longitude is null then item_latitude is null and item_longitude is null
      else item_latitude >= -90 and item_latitude <= 90 and item_longitude >= -180 and item_longitude <= 180
    end
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
--! Included items/items_created_at_idx.sql
create index if not exists items_created_at_idx
on dpg.items (created_at desc, item_type, item_id);

comment on index dpg.items_created_at_idx is
  'For the order of find_items, newest first.';
--! EndIncluded items/items_created_at_idx.sql
--! Included items/items_created_by_idx.sql
create index if not exists items_created_by_idx
on dpg.items (created_by, created_at desc, item_type, item_id);

comment on index dpg.items_created_by_idx is
  'For find_items and count_items with created_by, and for the foreign key to the users when a user is deleted.';
--! EndIncluded items/items_created_by_idx.sql
--! Included items/items_state_idx.sql
create index if not exists items_state_idx
on dpg.items
using gin (item_state jsonb_path_ops);

comment on index dpg.items_state_idx is
  'For item_state (containment) of find_items, count_items and nearest_items.';
--! EndIncluded items/items_state_idx.sql
--! Included items/found_item.sql
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
--! EndIncluded items/found_item.sql
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
  'For the question whether a URL is one of ours: upserts, receive_action, receive_transition and store_event.';
--! EndIncluded items/instance_url_sightings.sql
--! Included items/instance_urls.sql
create or replace view dpg.instance_urls as
select s.instance_url, min(s.first_seen_at) as first_seen_at
from dpg_private.instance_url_sightings s
group by s.instance_url;

comment on view dpg.instance_urls is
  'The URLs of this instance: every item_instance_url of its items. What comes from another instance may not claim one of them.';
comment on column dpg.instance_urls.instance_url is 'URL of this instance.';
comment on column dpg.instance_urls.first_seen_at is 'When the first item with this URL was written.';
--! EndIncluded items/instance_urls.sql
--! Included geo/latitude_band.sql
create or replace function dpg_private.latitude_band(latitude double precision)
returns integer
language sql
immutable
parallel safe
security invoker
return floor(latitude * 100)::integer;

comment on function dpg_private.latitude_band(double precision) is
  'The number of the band in which a latitude (degrees) lies: bands are a hundredth of a degree high, 1,113 m. Null for null. Stored parsed and inlined.';
--! EndIncluded geo/latitude_band.sql
--! Included geo/haversine.sql
create or replace function dpg_private.haversine()
returns text
language sql
immutable
parallel safe
security invoker
-- PostgreSQL refuses products too small for a float (22003): adding and taking away 1e-100 leaves every number of degrees
-- as it is but those, which become 0.
return
  'sin(radians(i.item_latitude - $6 + double precision ''1e-100'' - double precision ''1e-100'') / 2) ^ 2
   + cos(radians(i.item_latitude + double precision ''1e-100'' - double precision ''1e-100''))
     * cos(radians($6 + double precision ''1e-100'' - double precision ''1e-100''))
     * sin(radians(i.item_longitude - $7 + double precision ''1e-100'' - double precision ''1e-100'') / 2) ^ 2';

comment on function dpg_private.haversine() is
  'The expression for how far an item i is from the place $6 (latitude), $7 (longitude): the squared sine of half the angle between them, which rises with it from 0 to 1 and is exact for the nearest as well. A text, since a function would take longer to inline than the rest of a statement to plan.';
--! EndIncluded geo/haversine.sql
--! Included geo/distance_of.sql
create or replace function dpg_private.distance_of(haversine double precision)
returns double precision
language sql
immutable
parallel safe
security invoker
return 2 * 6378168 * asin(sqrt(least(haversine, 1)));

comment on function dpg_private.distance_of(double precision) is
  'Length in metres along a great circle for a haversine: 2 R asin(sqrt(h)), R = 6,378,168 m, the sphere of earthdistance.';
--! EndIncluded geo/distance_of.sql
--! Included geo/circle_bounds.sql
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
  'What the condition of a circle needs: the latitude bands that it touches (null for more than a hundred), the degrees between which it lies (west is more than east where it crosses the antimeridian), and the haversine of its radius.';
--! EndIncluded geo/circle_bounds.sql
--! Included geo/bounds_of.sql
create or replace function dpg_private.bounds_of(
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
  angle double precision := (least(radius_meters, pi() * 6378168) + 1e-100::double precision - 1e-100::double precision) / 6378168;
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
    width := degrees(asin(least(sin(angle) / cos(radians(latitude + 1e-100::double precision - 1e-100::double precision)), 1))) + margin;
    bounds.west := longitude - width + case when longitude - width < -180 then 360 else 0 end;
    bounds.east := longitude + width - case when longitude + width > 180 then 360 else 0 end;
  end if;
  if bounds.north - bounds.south < 1 then
    bounds.bands := array(
      select generate_series(dpg_private.latitude_band(bounds.south), dpg_private.latitude_band(bounds.north))
    );
  end if;
  -- Half the globe is everything, however the haversine of an antipode is rounded. A place whose own distance is the
  -- radius belongs to the circle, however that is rounded: a micrometre at most, where the haversine still tells them apart.
  bounds.reach := case
    when radius_meters >= pi() * 6378168 then 2
    when angle < 3 then sin(angle / 2) ^ 2 * (1 + 1e-14::double precision)
    else sin(angle / 2) ^ 2
  end;
  return bounds;
end
$body$;

comment on function dpg_private.bounds_of(double precision, double precision, double precision) is
  'The bounds of the circle of radius_meters around a centre (degrees) on a sphere of 6,378,168 m; null without a radius. See dpg_private.item_conditions.';
--! EndIncluded geo/bounds_of.sql
--! Included geo/circle_condition.sql
create or replace function dpg_private.circle_condition(circle dpg_private.circle_bounds)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return concat(
    'dpg_private.latitude_band(i.item_latitude) ',
    -- Not both for a large circle: the planner would multiply the share of the one with that of the other, and take it
    -- for a small one.
    case
      when circle.bands is not null then '= any($8) and i.item_latitude between $9 and $10'
      else 'between dpg_private.latitude_band($9) and dpg_private.latitude_band($10)'
    end,
    ' and ',
    case
      when circle.west <= circle.east then 'i.item_longitude between $11 and $12'
      else '(i.item_longitude >= $11 or i.item_longitude <= $12)'
    end,
    ' and ', dpg_private.haversine(), ' <= $13'
  );
end
$body$;

comment on function dpg_private.circle_condition(dpg_private.circle_bounds) is
  'The condition that an item i lies in a circle: the index on the bands finds what lies within its bounds, the haversine decides. Parameters: $6 latitude and $7 longitude of the centre, then the fields of circle: $8 bands, $9 south, $10 north, $11 west, $12 east, $13 reach.';
--! EndIncluded geo/circle_condition.sql
--! Included geo/place.sql
create or replace function dpg_private.place(latitude double precision, longitude double precision)
returns cube
language sql
immutable
parallel safe
security invoker
-- PostgreSQL refuses products too small for a float (22003): adding and taking away 1e-200 leaves every degree as it is
-- but those, which become 0.
return cube(
  cube(
    cube(
      6378168 * cos(radians(latitude + 1e-200::double precision - 1e-200::double precision))
        * cos(radians(longitude + 1e-200::double precision - 1e-200::double precision))
    ),
    6378168 * cos(radians(latitude + 1e-200::double precision - 1e-200::double precision))
      * sin(radians(longitude + 1e-200::double precision - 1e-200::double precision))
  ),
  6378168 * sin(radians(latitude + 1e-200::double precision - 1e-200::double precision))
);

comment on function dpg_private.place(double precision, double precision) is
  'The point of a latitude and a longitude (degrees) on a sphere of earthdistance''s radius, 6,378,168 m, as x, y, z in metres from its centre: the same numbers as earthdistance''s ll_to_earth. Null for null. Stored parsed and inlined, so that an index on it works under any search_path.';
--! EndIncluded geo/place.sql
--! Included geo/place_box.sql
create or replace function dpg_private.place_box(latitude double precision, longitude double precision)
returns cube
language sql
immutable
parallel safe
security invoker
-- Of points, cube's GiST takes the first two of a full page as the seeds of its halves: places along a road, stored in
-- the order of travel, split it into one and all others, at every insert. With any extent it finds the two farthest.
return cube_enlarge(dpg_private.place(latitude, longitude), 0.000000005, 3);

comment on function dpg_private.place_box(double precision, double precision) is
  'What the index on the place holds: the place of a latitude and a longitude (degrees) and 5 nanometres to each side, so that the index stays balanced. Null for null. Stored parsed and inlined.';
--! EndIncluded geo/place_box.sql
--! Included geo/circle_box.sql
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
-- A circle of r metres is 2 R sin(r / 2R) from its centre to its edge along the straight line. A millimetre more, so that
-- rounding never takes a place on the very edge away. A radius too small to be divided is 0, see dpg_private.place.
return cube_enlarge(
  dpg_private.place(latitude, longitude),
  2 * 6378168 * sin(
    least((radius_meters + 1e-200::double precision - 1e-200::double precision) / (2 * 6378168), pi() / 2)
  ) + 0.001,
  3
);

comment on function dpg_private.circle_box(double precision, double precision, double precision) is
  'The box around the circle of radius_meters around a centre (degrees), in metres from the centre of the globe.';
--! EndIncluded geo/circle_box.sql
--! Included geo/is_in_box.sql
create or replace function dpg_private.is_in_box(latitude double precision, longitude double precision, box cube)
returns boolean
language sql
immutable
parallel safe
security invoker
return dpg_private.place_box(latitude, longitude) <@ box;

comment on function dpg_private.is_in_box(double precision, double precision, cube) is
  'Whether a place (degrees) lies in a dpg_private.circle_box. Inlined: answered by the index on the place.';
--! EndIncluded geo/is_in_box.sql
--! Included geo/nearness.sql
create or replace function dpg_private.nearness(latitude double precision, longitude double precision, center cube)
returns double precision
language sql
immutable
parallel safe
security invoker
return dpg_private.place_box(latitude, longitude) <-> center;

comment on function dpg_private.nearness(double precision, double precision, cube) is
  'What places are ordered by: the straight line to the centre (a dpg_private.place) in metres, less 10 nanometres at most. Inlined: "order by dpg_private.nearness(item_latitude, item_longitude, ...)" is answered by the index on the place.';
--! EndIncluded geo/nearness.sql
--! Included geo/check_circle.sql
create or replace function dpg_private.check_circle(
  latitude double precision,
  longitude double precision,
  radius_meters double precision,
  radius_required boolean
)
returns void
language plpgsql
immutable
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
--! Included geo/items_band_idx.sql
-- Not partial, though items without a place are of no use to it: the planner estimates a circle by the statistics of an
-- index only where that holds every row, and chooses between this index and that of another filter by them.
create index if not exists items_band_idx
on dpg.items (dpg_private.latitude_band(item_latitude), item_longitude, item_latitude, created_at);

comment on index dpg.items_band_idx is
  'For the circle of count_items and find_items; with the time, so that the newest are found without reading the others.';
--! EndIncluded geo/items_band_idx.sql
--! Included geo/items_place_idx.sql
create index if not exists items_place_idx
on dpg.items
using gist (dpg_private.place_box(item_latitude, item_longitude))
where item_latitude is not null;

comment on index dpg.items_place_idx is
  'For the order of nearest_items.';
--! EndIncluded geo/items_place_idx.sql
--! Included geo/nearest_item.sql
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
  'A row of dpg.nearest_items: the columns of dpg.items, then distance_meters along the great circle and next_page_token, which continues after this row.';
--! EndIncluded geo/nearest_item.sql
--! Included actions/item_actions.sql
create table if not exists dpg.item_actions (
  partition_network text not null,
  action_type text not null,
  action_id uuid not null default gen_random_uuid(),
  action_status text not null,
  update_count integer not null default 0,
  requirements_snapshot jsonb not null default '{}',
  remarks text,
  source_item_network text not null,
  source_item_domain text not null,
  source_item_type text not null,
  source_item_id uuid not null,
  source_item_instance_url text not null,
  source_item_owner text not null,
  target_item_network text not null,
  target_item_domain text not null,
  target_item_type text not null,
  target_item_id uuid not null,
  target_item_instance_url text not null,
  target_item_owner text not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  source_item_latitude double precision,
  source_item_longitude double precision,
  target_item_latitude double precision,
  target_item_longitude double precision,
  source_item_is_local boolean not null default true,
  source_local_item_id uuid,
  constraint item_actions_pkey primary key (partition_network, action_type, action_id),
  constraint item_actions_partition_check check (partition_network = target_item_network),
  constraint item_actions_requirements_check check (jsonb_typeof(requirements_snapshot) = 'object'),
  constraint item_actions_update_count_check check (update_count >= 0),
  constraint item_actions_source_local_check check (
    source_local_item_id is null
    or (source_local_item_id = source_item_id and source_item_network = partition_network and source_item_is_local)
  )
)
partition by list (partition_network);

comment on table dpg.item_actions is
  'The current state of each action: a request from a source item to a target item of this instance. Listed by the target''s network, then by action type. Written by dpg.perform_action, receive_action, transition_action and receive_transition.';
comment on column dpg.item_actions.partition_network is 'The target''s network. First partition key.';
comment on column dpg.item_actions.action_type is 'Kind of action, a key, such as connect. Second partition key.';
comment on column dpg.item_actions.action_id is 'Id of the action, unique within partition_network and action_type.';
comment on column dpg.item_actions.action_status is 'Current status, a key.';
comment on column dpg.item_actions.update_count is 'How often the action has changed: 0 when made, one more with each transition.';
comment on column dpg.item_actions.requirements_snapshot is 'What the source asked for when the action was made, a JSON object.';
comment on column dpg.item_actions.remarks is 'The latest short note on the status, for people.';
comment on column dpg.item_actions.source_item_network is 'Network of the item that the action starts from.';
comment on column dpg.item_actions.source_item_domain is 'Domain of the source item.';
comment on column dpg.item_actions.source_item_type is 'Type of the source item.';
comment on column dpg.item_actions.source_item_id is 'Id of the source item, on its own instance.';
comment on column dpg.item_actions.source_item_instance_url is 'URL of the source item''s instance when the action was made.';
comment on column dpg.item_actions.source_item_owner is 'Owner of the source item when the action was made: the party that initiated.';
comment on column dpg.item_actions.target_item_network is 'Network of the item that the action is for; equal to partition_network.';
comment on column dpg.item_actions.target_item_domain is 'Domain of the target item.';
comment on column dpg.item_actions.target_item_type is 'Type of the target item.';
comment on column dpg.item_actions.target_item_id is 'Id of the target item, an item of this instance.';
comment on column dpg.item_actions.target_item_instance_url is 'URL of the target item''s instance when the action was made; the origin of the action''s events.';
comment on column dpg.item_actions.target_item_owner is 'Owner of the target item when the action was made: the party that received.';
comment on column dpg.item_actions.created_at is 'When the action was made: the time of its first event.';
comment on column dpg.item_actions.updated_at is 'When the action last changed: the time of its last event.';
comment on column dpg.item_actions.source_item_latitude is 'Degrees; where the source item was when the action was made. Copied to each event, so that a transition reads no item.';
comment on column dpg.item_actions.source_item_longitude is 'Degrees; where the source item was when the action was made.';
comment on column dpg.item_actions.target_item_latitude is 'Degrees; where the target item was when the action was made.';
comment on column dpg.item_actions.target_item_longitude is 'Degrees; where the target item was when the action was made.';
comment on column dpg.item_actions.source_item_is_local is
  'Whether the source item is of this instance. Where it is not, source_item_owner is a user of another instance, and no user of this one is that party, whatever the id.';
comment on column dpg.item_actions.source_local_item_id is
  'source_item_id when the source is an item of this instance in the same network, else null: the part of the foreign key to items that can be left unchecked. Set by the functions, never by callers.';
comment on index dpg.item_actions_pkey is
  'For every call that names an action: get_action, transition_action and receive_transition; and for the repetition of perform_action and receive_action.';
--! EndIncluded actions/item_actions.sql
--! Included actions/item_actions_source_owner_idx.sql
create index if not exists item_actions_source_owner_idx
on dpg.item_actions (source_item_owner, updated_at desc, action_id)
where source_item_is_local;

comment on index dpg.item_actions_source_owner_idx is
  'For find_actions of the party that initiated, latest change first.';
--! EndIncluded actions/item_actions_source_owner_idx.sql
--! Included actions/item_actions_target_owner_idx.sql
create index if not exists item_actions_target_owner_idx
on dpg.item_actions (target_item_owner, updated_at desc, action_id);

comment on index dpg.item_actions_target_owner_idx is
  'For find_actions of the party that received, latest change first.';
--! EndIncluded actions/item_actions_target_owner_idx.sql
--! Included actions/item_actions_source_item_idx.sql
create index if not exists item_actions_source_item_idx
on dpg.item_actions (source_local_item_id)
where source_local_item_id is not null;

comment on index dpg.item_actions_source_item_idx is
  'For delete_item, which must know whether an action refers to the item.';
--! EndIncluded actions/item_actions_source_item_idx.sql
--! Included actions/item_actions_target_item_idx.sql
create index if not exists item_actions_target_item_idx
on dpg.item_actions (target_item_id);

comment on index dpg.item_actions_target_item_idx is
  'For delete_item, which must know whether an action refers to the item, and for find_actions with item_id.';
--! EndIncluded actions/item_actions_target_item_idx.sql
--! Included actions/mirrored_actions.sql
create table if not exists dpg_private.mirrored_actions (
  like dpg.item_actions including comments,
  origin_instance_domain text not null,
  remarks_update_count integer,
  constraint mirrored_actions_pkey primary key (action_id, partition_network, action_type, origin_instance_domain)
);

create index if not exists mirrored_actions_owner_idx
on dpg_private.mirrored_actions (source_item_owner, updated_at desc, action_id);

comment on table dpg_private.mirrored_actions is
  'Actions that live on other instances, from an item of this one, as their mirrored events tell of them: the columns of dpg.item_actions, then two more. Kept by dpg_private.note_mirrored_action, found by dpg.find_actions and get_action.';
comment on column dpg_private.mirrored_actions.requirements_snapshot is 'Not in an event, so {} here.';
comment on column dpg_private.mirrored_actions.remarks is 'The latest short note in the events that came; null when none had one.';
comment on column dpg_private.mirrored_actions.target_item_id is 'Id of the target item, on the other instance.';
comment on column dpg_private.mirrored_actions.origin_instance_domain is 'URL of the instance on which the action lives, as its events say.';
comment on column dpg_private.mirrored_actions.remarks_update_count is 'update_count of the event that had those remarks: an older one that comes later does not replace them.';
comment on index dpg_private.mirrored_actions_owner_idx is
  'For find_actions of the party that initiated, latest change first.';
--! EndIncluded actions/mirrored_actions.sql
--! Included actions/action_of_mirrored.sql
create or replace function dpg_private.action_of_mirrored(mirrored dpg_private.mirrored_actions)
returns dpg.item_actions
language sql
immutable
parallel safe
security invoker
return row(
  mirrored.partition_network, mirrored.action_type, mirrored.action_id, mirrored.action_status, mirrored.update_count,
  mirrored.requirements_snapshot, mirrored.remarks,
  mirrored.source_item_network, mirrored.source_item_domain, mirrored.source_item_type, mirrored.source_item_id,
  mirrored.source_item_instance_url, mirrored.source_item_owner,
  mirrored.target_item_network, mirrored.target_item_domain, mirrored.target_item_type, mirrored.target_item_id,
  mirrored.target_item_instance_url, mirrored.target_item_owner,
  mirrored.created_at, mirrored.updated_at,
  mirrored.source_item_latitude, mirrored.source_item_longitude,
  mirrored.target_item_latitude, mirrored.target_item_longitude,
  mirrored.source_item_is_local, mirrored.source_local_item_id
)::dpg.item_actions;

comment on function dpg_private.action_of_mirrored(dpg_private.mirrored_actions) is
  'A mirrored action as the row that dpg.item_actions would have.';
--! EndIncluded actions/action_of_mirrored.sql
--! Included actions/found_action.sql
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
  'A row of dpg.find_actions: the columns of dpg.item_actions, then ownership_roles (initiated, received or both: the actor''s part in it) and next_page_token, which continues after this row.';
--! EndIncluded actions/found_action.sql
--! Included actions/action_definitions.sql
create table if not exists dpg.action_definitions (
  partition_network text not null,
  action_type text not null,
  initial_status text not null,
  transitions jsonb not null,
  constraint action_definitions_pkey primary key (partition_network, action_type)
);

comment on table dpg.action_definitions is
  'The declared state graphs of actions. Written by dpg.define_action; an action without a row may take any status, by either party.';
comment on column dpg.action_definitions.partition_network is 'The target''s network.';
comment on column dpg.action_definitions.action_type is 'Kind of action.';
comment on column dpg.action_definitions.initial_status is 'Status of a new action.';
comment on column dpg.action_definitions.transitions is
  'The edges: an array of {"from": <status>, "to": <status>, "by": "source" | "target" | "either"}.';
--! EndIncluded actions/action_definitions.sql
--! Included actions/party_leaves.sql
create table if not exists dpg_private.party_leaves (
  owner text not null,
  partition_network text not null,
  action_type text not null
);

create index if not exists party_leaves_idx
on dpg_private.party_leaves (owner, partition_network, action_type);

comment on table dpg_private.party_leaves is
  'In which networks and action types a user of this instance has actions or events, so that find_actions and find_events read only those leaves. Not unique on purpose: a unique index would make a writer wait for another''s transaction to end.';
comment on column dpg_private.party_leaves.owner is 'The user: owner of the source or of the target.';
comment on column dpg_private.party_leaves.partition_network is 'First partition key of the leaf.';
comment on column dpg_private.party_leaves.action_type is 'Second partition key of the leaf.';
comment on index dpg_private.party_leaves_idx is
  'For find_actions and find_events without partition keys, and for the trigger that asks whether a row is there.';
--! EndIncluded actions/party_leaves.sql
--! Included actions/note_party_leaves.sql
create or replace function dpg_private.note_party_leaves()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = auto -- open_action, which inserts, has it otherwise
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
  'Trigger: notes in which leaves the parties of a new action, or the source of a mirrored event, have rows. Its argument says which: action or event.';
--! EndIncluded actions/note_party_leaves.sql
--! Included actions/item_actions_note_parties.sql
create or replace trigger item_actions_note_parties
after insert on dpg.item_actions
for each row
execute function dpg_private.note_party_leaves('action');

comment on trigger item_actions_note_parties on dpg.item_actions is
  'Keeps dpg_private.party_leaves, so that find_actions and find_events read only leaves in which the actor has rows.';
--! EndIncluded actions/item_actions_note_parties.sql
--! Included events/action_events.sql
create table if not exists dpg.action_events (
  partition_network text not null,
  action_type text not null,
  event_id uuid not null default gen_random_uuid(),
  origin_instance_domain text not null,
  action_id uuid not null,
  action_status text not null,
  update_count integer not null default 0,
  source_item_network text not null,
  source_item_domain text not null,
  source_item_type text not null,
  source_item_id uuid not null,
  source_item_instance_url text not null,
  source_item_owner text not null,
  source_item_latitude double precision,
  source_item_longitude double precision,
  target_item_network text not null,
  target_item_domain text not null,
  target_item_type text not null,
  target_item_id uuid not null,
  target_item_instance_url text not null,
  target_item_owner text not null,
  target_item_latitude double precision,
  target_item_longitude double precision,
  event_payload jsonb not null default '{}',
  remarks text,
  created_at timestamptz not null default clock_timestamp(),
  source_item_is_local boolean not null default true,
  target_item_is_local boolean not null default true,
  constraint action_events_pkey primary key (partition_network, action_type, event_id),
  constraint action_events_update_key unique (
    partition_network, action_type, origin_instance_domain, action_id, update_count
  ),
  constraint action_events_payload_check check (jsonb_typeof(event_payload) = 'object'),
  constraint action_events_update_count_check check (update_count >= 0)
)
partition by list (partition_network);

comment on table dpg.action_events is
  'Immutable events: one for the making and one for each change of an action, also those mirrored from other instances. Listed by network, then by action type. Written together with the action, or by dpg.store_event; never changed or removed (DP012).';
comment on column dpg.action_events.partition_network is 'The target''s network. First partition key.';
comment on column dpg.action_events.action_type is 'Kind of action, a key. Second partition key.';
comment on column dpg.action_events.event_id is 'Id of the event, unique within partition_network and action_type.';
comment on column dpg.action_events.origin_instance_domain is 'URL of the instance that made the event: the one on which the action lives.';
comment on column dpg.action_events.action_id is 'The action that was made or changed.';
comment on column dpg.action_events.action_status is 'Status of the action after the change.';
comment on column dpg.action_events.update_count is 'update_count of the action after the change, 0 for its making. Gapless within an action.';
comment on column dpg.action_events.source_item_network is 'Network of the source item.';
comment on column dpg.action_events.source_item_domain is 'Domain of the source item.';
comment on column dpg.action_events.source_item_type is 'Type of the source item.';
comment on column dpg.action_events.source_item_id is 'Id of the source item, on its own instance.';
comment on column dpg.action_events.source_item_instance_url is 'URL of the source item''s instance when the action was made.';
comment on column dpg.action_events.source_item_owner is 'Owner of the source item when the action was made.';
comment on column dpg.action_events.source_item_latitude is 'Degrees; where the source item was when the action was made.';
comment on column dpg.action_events.source_item_longitude is 'Degrees; where the source item was when the action was made.';
comment on column dpg.action_events.target_item_network is 'Network of the target item.';
comment on column dpg.action_events.target_item_domain is 'Domain of the target item.';
comment on column dpg.action_events.target_item_type is 'Type of the target item.';
comment on column dpg.action_events.target_item_id is 'Id of the target item, on its own instance.';
comment on column dpg.action_events.target_item_instance_url is 'URL of the target item''s instance when the action was made.';
comment on column dpg.action_events.target_item_owner is 'Owner of the target item when the action was made.';
comment on column dpg.action_events.target_item_latitude is 'Degrees; where the target item was when the action was made.';
comment on column dpg.action_events.target_item_longitude is 'Degrees; where the target item was when the action was made.';
comment on column dpg.action_events.event_payload is 'The business event itself, a JSON object: whatever would change the meaning of the event. {"status": <status>} unless given.';
comment on column dpg.action_events.remarks is 'The short note that was given with this change, for people; null when none was given.';
comment on column dpg.action_events.created_at is 'When the change was made; rises with update_count within an action.';
comment on column dpg.action_events.source_item_is_local is
  'Whether the source item is of this instance, so that source_item_owner is a user of this one.';
comment on column dpg.action_events.target_item_is_local is
  'Whether the event was made by this instance, so that target_item_owner is a user of this one; false for a mirrored event.';
comment on index dpg.action_events_pkey is
  'For the repetition of transition_action, receive_transition and store_event, which name the event.';
comment on index dpg.action_events_update_key is
  'For the one event of each update: store_event, and the repetition of perform_action and receive_action, which is compared with the first event.';
--! EndIncluded events/action_events.sql
--! Included events/action_events_source_owner_idx.sql
create index if not exists action_events_source_owner_idx
on dpg.action_events (source_item_owner, created_at desc, update_count desc, event_id)
where source_item_is_local;

comment on index dpg.action_events_source_owner_idx is
  'For find_events of the party that initiated, newest first.';
--! EndIncluded events/action_events_source_owner_idx.sql
--! Included events/action_events_target_owner_idx.sql
create index if not exists action_events_target_owner_idx
on dpg.action_events (target_item_owner, created_at desc, update_count desc, event_id)
where target_item_is_local;

comment on index dpg.action_events_target_owner_idx is
  'For find_events of the party that received, newest first.';
--! EndIncluded events/action_events_target_owner_idx.sql
--! Included events/action_events_action_idx.sql
create index if not exists action_events_action_idx
on dpg.action_events (action_id);

comment on index dpg.action_events_action_idx is
  'For find_events with action_id.';
--! EndIncluded events/action_events_action_idx.sql
--! Included events/found_event.sql
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
  'A row of dpg.find_events: the columns of dpg.action_events, then ownership_roles (initiated, received or both: the actor''s part in it) and next_page_token, which continues after this row.';
--! EndIncluded events/found_event.sql
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
  'The events of this instance that have no position in the feed yet: a row beside each event, written in the event''s transaction, taken away by dpg_private.place_events.';
comment on column dpg_private.event_queue.seq is
  'In which order events are placed of those that can be seen. Drawn under the row lock of the action, so that within an action it rises with update_count; says nothing about the order of commits.';
comment on column dpg_private.event_queue.partition_network is 'Of the event.';
comment on column dpg_private.event_queue.action_type is 'Of the event.';
comment on column dpg_private.event_queue.event_id is 'The event.';
comment on column dpg_private.event_queue.source_item_instance_url is 'Of the event: whom it is for.';
comment on column dpg_private.event_queue.created_at is 'Of the event.';
--! EndIncluded feed/event_queue.sql
--! Included feed/event_feed.sql
create table if not exists dpg_private.event_feed (
  "position" bigint generated always as identity,
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  source_item_instance_url text not null,
  created_at timestamptz not null,
  constraint event_feed_pkey primary key ("position")
);

comment on table dpg_private.event_feed is
  'The events of this instance in the order of the feed. A row is written once and never changes; nobody deletes them, since a new subscription begins at the first event.';
comment on column dpg_private.event_feed."position" is
  'Place of the event in the feed, from 1. Rises with each commit that places events; has gaps; is never given to another event.';
comment on column dpg_private.event_feed.partition_network is 'Of the event.';
comment on column dpg_private.event_feed.action_type is 'Of the event.';
comment on column dpg_private.event_feed.event_id is 'The event.';
comment on column dpg_private.event_feed.source_item_instance_url is 'Of the event: whom it is for.';
comment on column dpg_private.event_feed.created_at is 'Of the event.';
--! EndIncluded feed/event_feed.sql
--! Included feed/event_feed_source_idx.sql
create index if not exists event_feed_source_idx
on dpg_private.event_feed (source_item_instance_url, "position");

comment on index dpg_private.event_feed_source_idx is
  'For subscriptions to one instance''s events, so that a peer costs what it gets, and for dpg.peers.';
--! EndIncluded feed/event_feed_source_idx.sql
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
  'One row: what dpg_private.place_events remembers from one time to the next.';
comment on column dpg_private.feed_state.is_only is 'True: there is one row.';
comment on column dpg_private.feed_state.home is
  'What dpg_private.feed_home said when events were placed last; null when none were yet.';
comment on column dpg_private.feed_state.swept_seq is
  'Nothing more will come into the queue with a seq up to this one, so that nobody searches there, among rows that were taken away.';
comment on column dpg_private.feed_state.sweeping_seq is
  'The next swept_seq: the highest seq that was drawn when sweeping_behind was noted.';
comment on column dpg_private.feed_state.sweeping_behind is
  'The transactions (pg_locks.virtualtransaction) that could have drawn a seq up to sweeping_seq and had not ended.';
--! EndIncluded feed/feed_state.sql
--! Included feed/feed_event.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.feed_event') is null then
    create type dpg.feed_event as (
      "position" bigint,
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
  'A row of dpg.read_events: its position in the feed, then the columns of dpg.action_events.';
--! EndIncluded feed/feed_event.sql
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
  constraint subscriptions_pkey primary key (subscription),
  constraint subscriptions_order_check check (
    acknowledged_position between 0 and handed_out_position and leased_position <= handed_out_position
  )
)
with (fillfactor = 50); -- updated in place

comment on table dpg.subscriptions is
  'Who reads the feed of events, and how far. Written by dpg.create_subscription, read_events, acknowledge, release_events, fail_event and drop_subscription. dpg.subscription_status says how far behind each is.';
comment on column dpg.subscriptions.subscription is 'Name of the subscription, a key.';
comment on column dpg.subscriptions.partition_network is 'Only events of this network; all when null.';
comment on column dpg.subscriptions.action_type is 'Only events of this action type; all when null.';
comment on column dpg.subscriptions.source_item_instance_url is 'Only events for this instance, that of the action''s source; all when null.';
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
--! EndIncluded feed/subscriptions.sql
--! Included feed/failed_events.sql
create table if not exists dpg.failed_events (
  subscription text not null,
  "position" bigint not null,
  state text not null,
  attempts integer not null,
  last_error text,
  first_failed_at timestamptz not null default clock_timestamp(),
  last_failed_at timestamptz not null default clock_timestamp(),
  leased_until timestamptz,
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  constraint failed_events_pkey primary key (subscription, "position"),
  constraint failed_events_state_check check (state in ('failing', 'dead', 'retrying')),
  constraint failed_events_subscription_fkey foreign key (subscription) references dpg.subscriptions (subscription)
);

comment on table dpg.failed_events is
  'Events that a reader of a subscription could not deal with, and how often it has tried. Written by dpg.fail_event, retry_events, read_retries, settle_event and acknowledge.';
comment on column dpg.failed_events.subscription is 'Whose reader failed.';
comment on column dpg.failed_events."position" is 'The event, by its position in the feed.';
comment on column dpg.failed_events.state is
  'failing: not acknowledged, tried again; dead: given up after so many attempts, the subscription goes on without it; retrying: was dead and is tried again, since somebody called dpg.retry_events.';
comment on column dpg.failed_events.attempts is 'How often it failed, since it was first tried or last revived.';
comment on column dpg.failed_events.last_error is 'What went wrong last.';
comment on column dpg.failed_events.first_failed_at is 'When it failed first.';
comment on column dpg.failed_events.last_failed_at is 'When it failed last.';
comment on column dpg.failed_events.leased_until is 'Of one that is retrying: until then it is being tried, or to be left alone.';
comment on column dpg.failed_events.partition_network is 'Of the event.';
comment on column dpg.failed_events.action_type is 'Of the event.';
comment on column dpg.failed_events.event_id is 'The event.';
--! EndIncluded feed/failed_events.sql
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
  constraint redactions_pkey primary key (redaction_id),
  constraint redactions_kind_check check (kind in ('event', 'user')),
  constraint redactions_event_check check (
    case kind
      when 'event' then num_nonnulls(partition_network, action_type, action_id, event_id) = 4
      else num_nonnulls(partition_network, action_type, action_id, event_id) = 0
    end
  )
);

create index if not exists redactions_action_idx
on dpg.redactions (action_id, event_id)
where kind = 'event';

create index if not exists redactions_transaction_idx
on dpg.redactions (transaction_id);

comment on table dpg.redactions is
  'What was taken away because the law demanded it: who, when, why and what kind. Append-only (DP012). Written by dpg.redact_event and dpg.erase_user.';
comment on column dpg.redactions.redaction_id is 'Number of the redaction.';
comment on column dpg.redactions.redacted_at is 'When.';
comment on column dpg.redactions.actor is 'Who asked for it, as the caller says; the tombstone once that user was erased.';
comment on column dpg.redactions.database_role is 'The role that was logged in.';
comment on column dpg.redactions.kind is 'event: one event was emptied; user: a user was erased. Whom, it does not say.';
comment on column dpg.redactions.reason is 'Why, in words.';
comment on column dpg.redactions.partition_network is 'Of an event: its network.';
comment on column dpg.redactions.action_type is 'Of an event: its action type.';
comment on column dpg.redactions.action_id is 'Of an event: the action that it belongs to.';
comment on column dpg.redactions.event_id is 'Of an event: its id.';
comment on column dpg.redactions.transaction_id is 'The transaction that did it; with redacted_at it tells the triggers that a user is being erased right now.';
comment on index dpg.redactions_action_idx is 'For the trigger on events and for repeated calls, which ask whether an event, or any event of an action, was redacted.';
comment on index dpg.redactions_transaction_idx is 'For the triggers, which ask whether this transaction is erasing a user.';
--! EndIncluded redactions/redactions.sql
--! Included redactions/is_erasing.sql
create or replace function dpg_private.is_erasing()
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
      and r.kind = 'user'
  );
end
$body$;

comment on function dpg_private.is_erasing() is
  'Whether this transaction has noted in dpg.redactions that it erases a user.';
--! EndIncluded redactions/is_erasing.sql
--! Included redactions/is_redacted.sql
create or replace function dpg_private.is_redacted(
  partition_network text,
  action_type text,
  action_id uuid,
  event_id uuid default null
)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from dpg.redactions r
    where r.kind = 'event'
      and r.action_id = is_redacted.action_id
      and r.event_id = coalesce(is_redacted.event_id, r.event_id)
      and r.partition_network = is_redacted.partition_network
      and r.action_type = is_redacted.action_type
  );
end
$body$;

comment on function dpg_private.is_redacted(text, text, uuid, uuid) is
  'Whether dpg.redactions says that this event, or with a null event_id any event of this action, was emptied.';
--! EndIncluded redactions/is_redacted.sql
--! Included redactions/keep_redactions.sql
create or replace function dpg_private.keep_redactions()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  allowed dpg.redactions;
begin
  if tg_op = 'UPDATE' and dpg_private.is_erasing() then
    allowed := old;
    allowed.actor := dpg_private.tombstone();
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
  'Trigger: refuses to change or remove records of redactions (DP012), but for the actor when that user is erased.';
--! EndIncluded redactions/keep_redactions.sql
--! Included redactions/redactions_append_only.sql
create or replace trigger redactions_append_only
before update or delete on dpg.redactions
for each row
execute function dpg_private.keep_redactions();

alter table dpg.redactions enable always trigger redactions_append_only;

comment on trigger redactions_append_only on dpg.redactions is
  'Records of redactions are never changed or removed (DP012).';
--! EndIncluded redactions/redactions_append_only.sql
--! Included redactions/redactions_no_truncate.sql
create or replace trigger redactions_no_truncate
before truncate on dpg.redactions
for each statement
execute function dpg_private.keep_redactions();

alter table dpg.redactions enable always trigger redactions_no_truncate;

comment on trigger redactions_no_truncate on dpg.redactions is
  'Records of redactions are never removed (DP012).';
--! EndIncluded redactions/redactions_no_truncate.sql
--! Included events/is_redaction.sql
create or replace function dpg_private.is_redaction(before dpg.action_events, after dpg.action_events)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  tombstone constant text := dpg_private.tombstone();
  allowed dpg.action_events := before;
begin
  if dpg_private.is_redacted(before.partition_network, before.action_type, before.action_id, before.event_id) then
    allowed.event_payload := '{}';
    allowed.remarks := null;
    if after is not distinct from allowed then
      return after is distinct from before;
    end if;
    allowed := before;
  end if;
  if dpg_private.is_erasing() then
    allowed.source_item_owner := case after.source_item_owner when tombstone then tombstone else before.source_item_owner end;
    allowed.target_item_owner := case after.target_item_owner when tombstone then tombstone else before.target_item_owner end;
  end if;
  return after is not distinct from allowed and after is distinct from before;
end
$body$;

comment on function dpg_private.is_redaction(dpg.action_events, dpg.action_events) is
  'Whether a change of an event takes away no more than what dpg.redactions has on record: payload and remarks of a redacted event, or an owner for whom the tombstone steps in.';
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
    hint = 'A new fact is a new event; what the law demands is done by dpg.redact_event and dpg.erase_user.',
    detail = jsonb_build_object('operation', tg_op, 'relation', format('%I.%I', tg_table_schema, tg_table_name))::text;
end
$body$;

comment on function dpg_private.keep_events() is
  'Trigger: refuses to change or remove events, for the owner of the table too (DP012), but for redactions that are on record.';
--! EndIncluded events/keep_events.sql
--! Included events/action_events_immutable.sql
-- Cloned to each leaf when it is attached; "always" holds under session_replication_role = replica as well.
create or replace trigger action_events_immutable
before update or delete on dpg.action_events
for each row
execute function dpg_private.keep_events();

alter table dpg.action_events enable always trigger action_events_immutable;

comment on trigger action_events_immutable on dpg.action_events is
  'Events are never changed or removed (DP012).';
--! EndIncluded events/action_events_immutable.sql
--! Included events/action_events_no_truncate.sql
-- Not cloned to leaves: dpg_private.build_partition gives each its own.
create or replace trigger action_events_no_truncate
before truncate on dpg.action_events
for each statement
execute function dpg_private.keep_events();

alter table dpg.action_events enable always trigger action_events_no_truncate;

comment on trigger action_events_no_truncate on dpg.action_events is
  'Events are never removed (DP012).';
--! EndIncluded events/action_events_no_truncate.sql
--! Included events/action_events_note_parties.sql
create or replace trigger action_events_note_parties
after insert on dpg.action_events
for each row
when (not new.target_item_is_local)
execute function dpg_private.note_party_leaves('event');

comment on trigger action_events_note_parties on dpg.action_events is
  'Keeps dpg_private.party_leaves for mirrored events; the actions of this instance note their own parties.';
--! EndIncluded events/action_events_note_parties.sql
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

comment on table dpg_private.partition_names is
  'Which keys hold which partition''s name: names are made by a rule under which different keys can meet, and the first comer keeps the plain name. A row is written when the partition is made and stays when it is dropped.';
comment on column dpg_private.partition_names.root is 'Root table: items, item_actions or action_events.';
comment on column dpg_private.partition_names.network is 'Network, exactly as given.';
comment on column dpg_private.partition_names.key is 'Domain (items) or action type (actions, events), exactly as given; null for the network''s own partition, the parent of its leaves.';
comment on column dpg_private.partition_names.name is 'Name of the table in schema dpg, of a-z, 0-9 and _ only.';
--! EndIncluded partitions/partition_names.sql
--! Included partitions/partition_name.sql
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
    || array_to_string(parts, '_'); -- a null key, the network's own partition, leaves no trace
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
  'Name of a partition by the naming rule: i_p_, a_p_ or e_p_ and the keys, lower-cased, all but a-z and 0-9 removed, joined by _. Without attempt the plain name, or null where it would have an empty part or more than 63 bytes; with attempt (0, 1, ...) the name with a suffix of _ and 8 hexadecimal digits of a hash of the exact keys.';
--! EndIncluded partitions/partition_name.sql
--! Included partitions/refuse_partition.sql
create or replace function dpg_private.refuse_partition(
  root text,
  network text,
  key text,
  problem text,
  hint text,
  detail jsonb default '{}'
)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP010',
    message = format('the partition of %s for %L/%L cannot be made: %s', root, network, key, problem),
    hint = hint,
    detail = (jsonb_build_object('root', root, 'network', network, 'key', key) || detail)::text;
end
$body$;

comment on function dpg_private.refuse_partition(text, text, text, text, text, jsonb) is
  'Raises DP010 for the partition of these keys; problem completes the sentence.';
--! EndIncluded partitions/refuse_partition.sql
--! Included partitions/check_limit.sql
create or replace function dpg_private.check_limit(
  root text,
  network text,
  key text,
  limit_name text,
  already bigint
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if already >= dpg_private.limit_of(limit_name) then
    perform dpg_private.refuse_partition(
      root, network, key,
      format('the limit %s of %s is reached', limit_name, dpg_private.limit_of(limit_name)),
      format('Check the keys of the call; dpg_admin can raise the limit %s in dpg.limits.', limit_name),
      jsonb_build_object('reason', 'limit', 'limit', limit_name)
    );
  end if;
end
$body$;

comment on function dpg_private.check_limit(text, text, text, text, bigint) is
  'Raises DP010 when so many partitions are there already that the limit of dpg.limits allows no other.';
--! EndIncluded partitions/check_limit.sql
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
declare
  named regclass;
begin
  -- plpgsql keeps the plan: this is part of every call
  select to_regclass('dpg.' || p.name)
  into named
  from dpg_private.partition_names p
  where p.root = leaf.root
    and p.network = leaf.network
    and p.key = leaf.key;
  -- a table that was detached, or took the name of one that was dropped, holds no rows of the root
  if pg_partition_root(named) = ('dpg.' || root)::regclass then
    return named;
  end if;
  return null;
end
$body$;

comment on function dpg_private.leaf(text, text, text) is
  'The leaf of these keys; null where there is none. Under the pinned search path its text is qualified and can stand in a statement.';
--! EndIncluded partitions/leaf.sql
--! Included partitions/queue_for_partitions.sql
create or replace function dpg_private.queue_for_partitions(root text, network text, key text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- one lock for all three roots: with one for each, two transactions that make two partitions could wait for each other
  lock_id constant bigint := 7237117967450112; -- any number that nobody else on this database locks
  seconds bigint := coalesce(dpg_private.limit_of('partition_queue_seconds'), 10);
  caller_timeout text := current_setting('lock_timeout');
begin
  begin
    perform set_config('lock_timeout', seconds || 's', true);
    perform pg_advisory_xact_lock(lock_id);
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
            where l.locktype = 'advisory'
              and l.database = (select d.oid from pg_database d where d.datname = current_database())
              and l.classid = (lock_id >> 32)::oid
              and l.objid = (lock_id & 4294967295)::oid
              and l.granted
          )
        )
      );
  end;
end
$body$;

comment on function dpg_private.queue_for_partitions(text, text, text) is
  'Lets one transaction at a time make partitions, by an advisory lock until its end. Raises DP010 after the limit partition_queue_seconds.';
--! EndIncluded partitions/queue_for_partitions.sql
--! Included partitions/claim_partition_name.sql
create or replace function dpg_private.claim_partition_name(root text, network text, key text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  claimed text;
  candidate text := dpg_private.partition_name(root, network, key);
  attempt integer := 0;
begin
  select p.name
  into claimed
  from dpg_private.partition_names p
  where p.root = claim_partition_name.root
    and p.network = claim_partition_name.network
    and p.key is not distinct from claim_partition_name.key;

  while claimed is null and attempt < 1000 loop
    -- the index of a primary key can have the plain name of a leaf: of yellow_dot/pkey, i_p_yellowdot_pkey
    if candidate is not null
      and not exists (
        select
        from pg_class c
        where c.oid = to_regclass('dpg.' || candidate)
          and c.relkind in ('i', 'I')
      )
    then
      -- under a snapshot of repeatable read a name that came later is a serialization failure here: the caller retries
      insert into dpg_private.partition_names (root, network, key, name)
      values (claim_partition_name.root, claim_partition_name.network, claim_partition_name.key, candidate)
      on conflict do nothing
      returning name into claimed;
    end if;
    candidate := dpg_private.partition_name(root, network, key, attempt);
    attempt := attempt + 1;
  end loop;

  if claimed is null then
    perform dpg_private.refuse_partition(
      root, network, key, 'no name is free', 'Look at dpg_private.partition_names: it should have a name for these keys.'
    );
  end if;
  if to_regclass('dpg.' || claimed) is not null or to_regtype('dpg.' || claimed) is not null then
    perform dpg_private.refuse_partition(
      root, network, key,
      format('dpg.%s is there already and is no partition of ours', claimed),
      format('Look at it with \d dpg.%s; rename, drop or attach it again, then repeat the call.', claimed),
      jsonb_build_object('relation', 'dpg.' || claimed)
    );
  end if;
  return claimed;
end
$body$;

comment on function dpg_private.claim_partition_name(text, text, text) is
  'Takes a name for the partition that is about to be made: the plain one where no other keys and no index hold it, else one with a suffix. Raises DP010 when a table or type that is no partition of ours has it. Called under the lock of dpg_private.queue_for_partitions.';
--! EndIncluded partitions/claim_partition_name.sql
--! Included partitions/lock_of_users.sql
create or replace function dpg_private.lock_of_users()
returns text[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
return case
  when has_table_privilege('public."user"', 'update, delete, truncate')
    then array['lock table only public."user" in share row exclusive mode']
  else '{}'
end;

comment on function dpg_private.lock_of_users() is
  'The statement that takes the lock on public."user" that a foreign key to it needs. None where the table is the application''s and the owner of this function may only read and reference it: the attachment takes the same lock itself then, and waits 40 ms at most.';
--! EndIncluded partitions/lock_of_users.sql
--! Included partitions/locks_of_tree.sql
create or replace function dpg_private.locks_of_tree(name text)
returns text[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- one by one, so that the time that all of them may take has one bound
  return (
    select array_agg(format('lock table only %s in share row exclusive mode', t.relid) order by t.level, t.relid)
    from pg_partition_tree(('dpg.' || locks_of_tree.name)::regclass) t
  );
end
$body$;

comment on function dpg_private.locks_of_tree(text) is
  'The statements that lock a network''s partition and its leaves against writers, as a foreign key to it needs.';
--! EndIncluded partitions/locks_of_tree.sql
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
--! Included partitions/attach_partition.sql
create or replace function dpg_private.attach_partition(
  root text,
  network text,
  key text,
  locks text[],
  attachments text[]
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  give_up_at timestamptz := clock_timestamp()
    + make_interval(secs => coalesce(dpg_private.limit_of('partition_lock_seconds'), 5));
  caller_timeout text := current_setting('lock_timeout');
  pause double precision := 0.01::double precision;
  patience interval := interval '0';
  lock_by timestamptz;
  statement text;
begin
  loop
    lock_by := clock_timestamp() + patience;
    begin
      -- Either all locks are had by then, or all are given back: writers who come behind us never wait for longer.
      foreach statement in array locks loop
        if clock_timestamp() < lock_by - interval '1 ms' then
          perform set_config('lock_timeout', ceil(extract(milliseconds from lock_by - clock_timestamp()))::text, true);
          execute statement;
        else
          execute statement || ' nowait';
        end if;
      end loop;
      perform set_config('lock_timeout', '40ms', true);
      foreach statement in array attachments loop
        execute statement;
      end loop;
      perform set_config('lock_timeout', caller_timeout, true);
      return;
    exception
      when lock_not_available then
        if clock_timestamp() >= give_up_at then
          perform dpg_private.refuse_partition(
            root, network, key,
            format('its locks could not be had within %s s', dpg_private.limit_of('partition_lock_seconds')),
            'Repeat the call later. What holds the locks is a long transaction that writes to the same network or changes public."user", or a maintenance command such as ANALYZE: see pg_locks and pg_stat_activity.',
            jsonb_build_object('reason', 'locks', 'locks', to_jsonb(locks))
          );
        end if;
      when invalid_object_definition then
        perform dpg_private.refuse_partition(
          root, network, key,
          sqlerrm,
          'A table that is no partition of ours already takes these rows: detach it, then repeat the call.',
          jsonb_build_object('reason', 'bound')
        );
      when foreign_key_violation then
        -- the keys between a network's actions and items were dropped, with a leaf by "drop table ... cascade"
        perform dpg_private.refuse_partition(
          root, network, key,
          sqlerrm,
          'Actions of this network refer to items that were dropped: restore those, then repeat the call.',
          jsonb_build_object('reason', 'foreign key')
        );
    end;
    perform pg_sleep(pause * (0.5 + random()));
    -- Among many short writers there is never a moment without one: after some tries stand in the queue for a little.
    if pause > 0.05 then
      patience := interval '40 ms';
    end if;
    pause := least(pause * 2, 0.25);
  end loop;
end
$body$;

comment on function dpg_private.attach_partition(text, text, text, text[], text[]) is
  'Takes the locks that attaching a partition needs (statements without nowait) and attaches it: at first only if nobody holds any of them, after some tries also by waiting for 40 ms in all, each time after a pause in which writers go on. Raises DP010 after the limit partition_lock_seconds.';
--! EndIncluded partitions/attach_partition.sql
--! Included partitions/ensure_network.sql
create or replace function dpg_private.ensure_network(root text, network text, key text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- actions refer to items, network by network, so that the two are made together
  members constant text[] := case root when 'action_events' then array['action_events'] else array['items', 'item_actions'] end;
  names text[] := array[]::text[];
  locks text[] := array[]::text[];
  attachments text[] := array[]::text[];
  member text;
  name text;
begin
  foreach member in array members loop
    select p.name
    into name
    from dpg_private.partition_names p
    where p.root = member
      and p.network = ensure_network.network
      and p.key is null
      and pg_partition_root(to_regclass('dpg.' || p.name)) = ('dpg.' || member)::regclass;

    if name is null then
      perform dpg_private.check_limit(
        root, network, key, 'networks',
        (
          select count(*)
          from dpg_private.partition_names p
          where p.root = member
            and p.key is null
            and to_regclass('dpg.' || p.name) is not null
        )
      );
      name := dpg_private.build_partition(member, network, null);
      locks := locks || format('lock table only dpg.%I in share update exclusive mode', member);
      attachments := attachments
        || format('alter table dpg.%I attach partition dpg.%I for values in (%L)', member, name, network);
      if member = 'items' then
        locks := locks || dpg_private.lock_of_users();
      end if;
    end if;
    names := names || name;
  end loop;

  if root <> 'action_events'
    and not exists (
      select
      from pg_constraint c
      where c.conrelid = ('dpg.' || names[2])::regclass
        and c.confrelid = ('dpg.' || names[1])::regclass
    )
  then
    locks := locks || dpg_private.locks_of_tree(names[1]) || dpg_private.locks_of_tree(names[2]);
    attachments := format(
      'alter table dpg.%I
        add constraint item_actions_source_item_fkey
          foreign key (source_item_network, source_item_domain, source_item_type, source_local_item_id)
          references dpg.%I (item_network, item_domain, item_type, item_id),
        add constraint item_actions_target_item_fkey
          foreign key (target_item_network, target_item_domain, target_item_type, target_item_id)
          references dpg.%I (item_network, item_domain, item_type, item_id)',
      names[2], names[1], names[1]
    ) || attachments;
  end if;

  if cardinality(attachments) > 0 then
    perform dpg_private.attach_partition(root, network, key, locks, attachments);
  end if;
  return names[array_position(members, root)];
end
$body$;

comment on function dpg_private.ensure_network(text, text, text) is
  'Makes the network''s own partition, the parent of its leaves, when missing, and returns its name; those of items and actions together, with the foreign keys between them. Called under the lock of dpg_private.queue_for_partitions. Raises DP010.';
--! EndIncluded partitions/ensure_network.sql
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
  parent text;
  name text;
  locks text[];
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
    )
  );
  parent := dpg_private.ensure_network(root, network, key);
  name := dpg_private.build_partition(root, network, key);
  locks := array[format('lock table only dpg.%I in share update exclusive mode', parent)];
  case root
    when 'items' then
      -- the foreign key of the new leaf to the users, and those of the network's actions to the new leaf
      locks := locks
        || dpg_private.lock_of_users()
        || (
          select format('lock table only dpg.%I in share row exclusive mode', p.name)
          from dpg_private.partition_names p
          where p.root = 'item_actions'
            and p.network = ensure_partition.network
            and p.key is null
        );
    when 'item_actions' then
      -- the foreign keys of the new leaf to the network's items, with all their leaves
      locks := locks || (
        select dpg_private.locks_of_tree(p.name)
        from dpg_private.partition_names p
        where p.root = 'items'
          and p.network = ensure_partition.network
          and p.key is null
      );
    else
      null; -- events have no foreign keys
  end case;
  perform dpg_private.attach_partition(
    root, network, key, locks,
    array[format('alter table dpg.%I attach partition dpg.%I for values in (%L)', parent, name, key)]
  );
  return ('dpg.' || name)::regclass;
end
$body$;

comment on function dpg_private.ensure_partition(text, text, text) is
  'Makes the leaf of these keys, and the network''s partition above it, when missing; returns the leaf. Takes no lock that a reader or a writer of other networks would wait for. Raises DP010.';
--! EndIncluded partitions/ensure_partition.sql
--! Included partitions/leaf_to_write.sql
create or replace function dpg_private.leaf_to_write(root text, network text, key text)
returns regclass
language sql
volatile
security invoker
return coalesce(dpg_private.leaf(root, network, key), dpg_private.ensure_partition(root, network, key));

comment on function dpg_private.leaf_to_write(text, text, text) is
  'The leaf of these keys, made when missing. Raises DP010. Stored parsed and inlined: part of every write.';
--! EndIncluded partitions/leaf_to_write.sql
--! Included partitions/ensure_item_partition.sql
create or replace function dpg.ensure_item_partition(item_network text, item_domain text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain);
  perform dpg_private.check_domain_declared(item_network, item_domain);
  return dpg_private.ensure_partition('items', item_network, item_domain);
end
$body$;

comment on function dpg.ensure_item_partition(text, text) is
  'Makes the partition for the items of a network and domain when it is missing and returns the leaf. Safe under any concurrency; blocks no reader. The locks of a new partition last until the transaction ends, so make partitions in a transaction of their own. Raises DP001, DP010, DP014. Example: select dpg.ensure_item_partition(''yellow_dot'', ''student'') -- dpg.i_p_yellowdot_student';
--! EndIncluded partitions/ensure_item_partition.sql
--! Included partitions/ensure_action_partition.sql
create or replace function dpg.ensure_action_partition(partition_network text, action_type text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type);
  perform dpg_private.check_action_type_declared('item_actions', partition_network, action_type);
  return dpg_private.ensure_partition('item_actions', partition_network, action_type);
end
$body$;

comment on function dpg.ensure_action_partition(text, text) is
  'Makes the partition for the actions of a network and action type when it is missing and returns the leaf. Safe under any concurrency; blocks no reader. The locks of a new partition last until the transaction ends, so make partitions in a transaction of their own. Raises DP001, DP010, DP014. Example: select dpg.ensure_action_partition(''yellow_dot'', ''connect'') -- dpg.a_p_yellowdot_connect';
--! EndIncluded partitions/ensure_action_partition.sql
--! Included partitions/ensure_action_event_partition.sql
create or replace function dpg.ensure_action_event_partition(partition_network text, action_type text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type);
  perform dpg_private.check_action_type_declared('action_events', partition_network, action_type);
  return dpg_private.ensure_partition('action_events', partition_network, action_type);
end
$body$;

comment on function dpg.ensure_action_event_partition(text, text) is
  'Makes the partition for the events of a network and action type when it is missing and returns the leaf. Safe under any concurrency; blocks no reader. The locks of a new partition last until the transaction ends, so make partitions in a transaction of their own. Raises DP001, DP010, DP014. Example: select dpg.ensure_action_event_partition(''yellow_dot'', ''connect'') -- dpg.e_p_yellowdot_connect';
--! EndIncluded partitions/ensure_action_event_partition.sql
--! Included partitions/partitions.sql
create or replace view dpg.partitions as
select
  p.root,
  p.network,
  p.key,
  c.oid::regclass as leaf,
  -- the planner's figure, or the running count of a table that was never analysed
  case when c.reltuples >= 0 then c.reltuples::bigint else pg_stat_get_live_tuples(c.oid) end as estimated_rows,
  pg_total_relation_size(c.oid) as bytes
from dpg_private.partition_names p
join pg_class c on c.oid = to_regclass('dpg.' || p.name)
where p.key is not null
  and pg_partition_root(c.oid) = ('dpg.' || p.root)::regclass;

comment on view dpg.partitions is 'Every leaf: a lowest-level partition, the table that holds rows.';
comment on column dpg.partitions.root is 'Root table: items, item_actions or action_events.';
comment on column dpg.partitions.network is 'Network, exactly as given.';
comment on column dpg.partitions.key is 'Domain (items) or action type (actions, events), exactly as given.';
comment on column dpg.partitions.leaf is 'The table that holds the rows.';
comment on column dpg.partitions.estimated_rows is 'Rows as last estimated; exact only by chance.';
comment on column dpg.partitions.bytes is 'Size on disk with indexes and oversized values, in bytes.';
--! EndIncluded partitions/partitions.sql
--! Included networks/networks.sql
create table if not exists dpg.networks (
  network text not null,
  document jsonb not null,
  item_types jsonb not null,
  interactions jsonb not null,
  registered_at timestamptz not null default clock_timestamp(),
  constraint networks_pkey primary key (network)
);

comment on table dpg.networks is
  'The registered network documents: what a network declares, and the database enforces (DP014). Written by dpg.register_network and dpg.unregister_network; a network without a row is open.';
comment on column dpg.networks.network is 'Name of the network, that of the document.';
comment on column dpg.networks.document is 'The document as it was registered.';
comment on column dpg.networks.item_types is 'What the document says of items: each domain with an array of its item types.';
comment on column dpg.networks.interactions is
  'What the document says of actions: each action type with an array of its interactions, all of from_network, from_domain, from_items, to_network, to_domain, to_items filled in; no from_items or to_items where another network''s items of any type are meant.';
comment on column dpg.networks.registered_at is 'When this document was registered.';
--! EndIncluded networks/networks.sql
--! Included networks/refuse_network_document.sql
create or replace function dpg_private.refuse_network_document(path text[], value jsonb, problem text, hint text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  pointer text;
  shown jsonb := coalesce(value, 'null');
begin
  select string_agg('/' || replace(replace(p.step, '~', '~0'), '/', '~1'), '' order by p.position)
  into pointer
  from unnest(path) with ordinality p(step, position);
  if octet_length(shown::text) > 1000 then
    shown := to_jsonb(left(coalesce(value #>> '{}', ''), 200) || E'\u2026');
  end if;
  raise exception using
    errcode = 'DP001',
    message = format('document at %s %s: %s', left(pointer, 500), problem, left(shown::text, 220)),
    hint = hint,
    detail = jsonb_build_object('argument', 'document', 'path', pointer, 'value', shown)::text;
end
$body$;

comment on function dpg_private.refuse_network_document(text[], jsonb, text, text) is
  'Raises DP001 for a part of a network document; path leads to it and becomes a JSON pointer, problem completes the sentence.';
--! EndIncluded networks/refuse_network_document.sql
--! Included networks/check_network_part.sql
create or replace function dpg_private.check_network_part(document jsonb, path text[], kind text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  part constant jsonb := document #> path;
  is_right boolean;
begin
  is_right := case kind
    when 'key' then jsonb_typeof(part) = 'string' and dpg_private.is_key(part #>> '{}')
    when 'url' then jsonb_typeof(part) = 'string' and dpg_private.is_url(part #>> '{}')
    when 'schema' then jsonb_typeof(part) in ('object', 'boolean')
    else jsonb_typeof(part) = kind
  end;
  if is_right is not true then
    perform dpg_private.refuse_network_document(
      path,
      part,
      case when part is null then 'is missing' else 'is malformed' end,
      case kind
        when 'key' then 'A name is a JSON string of 1 to 120 characters that is not all white space.'
        when 'url' then 'A URL is a JSON string of 1 to 1,024 bytes that is not all white space.'
        when 'schema' then 'A JSON Schema is a JSON object, or true or false.'
        else format('Put a JSON %s here.', kind)
      end
    );
  end if;
end
$body$;

comment on function dpg_private.check_network_part(jsonb, text[], text) is
  'Raises DP001 unless the part of a network document at path is of this kind: key, url, schema, object or array.';
--! EndIncluded networks/check_network_part.sql
--! Included networks/check_network_domains.sql
create or replace function dpg_private.check_network_domains(document jsonb)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  path text[];
  item_type text;
  names text[] := array[]::text[];
begin
  perform dpg_private.check_network_part(document, '{domains}', 'array');
  for domain in 0 .. jsonb_array_length(document -> 'domains') - 1 loop
    path := array['domains', domain::text];
    perform
      dpg_private.check_network_part(document, path, 'object'),
      dpg_private.check_network_part(document, path || array['name'], 'key'),
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
    if document #> path ->> 'name' = any (names) then
      perform dpg_private.refuse_network_document(
        path || array['name'], document #> path -> 'name', 'is there twice', 'A domain is declared once, with all of its item types.'
      );
    end if;
    names := names || (document #> path ->> 'name');
  end loop;
end
$body$;

comment on function dpg_private.check_network_domains(jsonb) is
  'Raises DP001 unless the domains of a network document are an array of objects with a name, each another one, and item_schemas.';
--! EndIncluded networks/check_network_domains.sql
--! Included networks/check_network_instances.sql
create or replace function dpg_private.check_network_instances(document jsonb, item_types jsonb)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  path text[];
begin
  if not document ? 'instances' then
    return;
  end if;
  perform dpg_private.check_network_part(document, '{instances}', 'array');
  for instance in 0 .. jsonb_array_length(document -> 'instances') - 1 loop
    path := array['instances', instance::text];
    perform
      dpg_private.check_network_part(document, path, 'object'),
      dpg_private.check_network_part(document, path || array['domain_name'], 'key'),
      dpg_private.check_network_part(document, path || array['instance_url'], 'url');
    if not item_types ? (document #> path ->> 'domain_name') then
      perform dpg_private.refuse_network_document(
        path || array['domain_name'], document #> path -> 'domain_name', 'is no declared domain',
        'An instance serves one of the domains of the document.'
      );
    end if;
  end loop;
end
$body$;

comment on function dpg_private.check_network_instances(jsonb, jsonb) is
  'Raises DP001 unless the instances of a network document, if it has them, are an array of objects with the domain_name of a declared domain and an instance_url. item_types is that of dpg.networks.';
--! EndIncluded networks/check_network_instances.sql
--! Included networks/check_network_actions.sql
create or replace function dpg_private.check_network_actions(document jsonb, item_types jsonb)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  fields constant text[] := array[
    'from_network', 'from_domain', 'from_items', 'to_network', 'to_domain', 'to_items', 'requirement_schema', 'event_schema'
  ];
  action_type text;
  path text[];
  interaction jsonb;
  field text;
  side text;
  is_ours boolean;
begin
  if not document ? 'actions' then
    return;
  end if;
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

    for place in 0 .. jsonb_array_length(document #> path -> 'interactions') - 1 loop
      path := array['actions', action_type, 'interactions', place::text];
      perform dpg_private.check_network_part(document, path, 'object');
      interaction := document #> path;
      -- a misspelt from_items would permit more than was meant
      select f.name
      into field
      from jsonb_object_keys(interaction) f(name)
      where f.name <> all (fields)
      limit 1;
      if found then
        perform dpg_private.refuse_network_document(
          path || array[field], interaction -> field, 'is not a field of an interaction',
          format('An interaction may have the fields %s.', array_to_string(fields, ', '))
        );
      end if;
      foreach field in array array['requirement_schema', 'event_schema'] loop
        if interaction ? field then
          perform dpg_private.check_network_part(document, path || array[field], 'schema');
        end if;
      end loop;

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
        if interaction -> field = '[]' then
          perform dpg_private.refuse_network_document(
            path || array[field], interaction -> field, 'is empty', format('Leave %s out to mean every item type.', field)
          );
        end if;
        for item in 0 .. jsonb_array_length(interaction -> field) - 1 loop
          perform dpg_private.check_network_part(document, path || array[field, item::text], 'key');
          if is_ours and not item_types -> (interaction ->> (side || '_domain')) ? (interaction -> field ->> item) then
            perform dpg_private.refuse_network_document(
              path || array[field, item::text], interaction -> field -> item, 'is no declared item type',
              'Name an item type of the domain.'
            );
          end if;
        end loop;
      end loop;
      if document ->> 'name' <> all (array[
        coalesce(interaction ->> 'from_network', document ->> 'name'), coalesce(interaction ->> 'to_network', document ->> 'name')
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
  'Raises DP001 unless the actions of a network document, if it has them, are an object of objects with an array of interactions, each between declared domains and item types or those of one other network. item_types is that of dpg.networks.';
--! EndIncluded networks/check_network_actions.sql
--! Included networks/network_item_types.sql
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
  'What a network document whose domains were checked says of items: the column item_types of dpg.networks.';
--! EndIncluded networks/network_item_types.sql
--! Included networks/network_interactions.sql
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
              -- an item type that the domain does not declare takes part in nothing, so of ours all are named
              jsonb_strip_nulls(jsonb_build_object(
                'from_network', s.from_network,
                'from_domain', i.interaction -> 'from_domain',
                'from_items', coalesce(
                  i.interaction -> 'from_items',
                  case when s.from_network = document ->> 'name' then item_types -> (i.interaction ->> 'from_domain') end
                ),
                'to_network', s.to_network,
                'to_domain', i.interaction -> 'to_domain',
                'to_items', coalesce(
                  i.interaction -> 'to_items',
                  case when s.to_network = document ->> 'name' then item_types -> (i.interaction ->> 'to_domain') end
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
  'What a network document that was checked says of actions: the column interactions of dpg.networks.';
--! EndIncluded networks/network_interactions.sql
--! Included networks/register_network.sql
create or replace function dpg.register_network(document jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  item_types jsonb;
begin
  perform dpg_private.check_document('document', document);
  perform dpg_private.check_network_part(document, '{name}', 'key');
  perform dpg_private.check_network_domains(document);
  item_types := dpg_private.network_item_types(document);
  perform
    dpg_private.check_network_instances(document, item_types),
    dpg_private.check_network_actions(document, item_types);

  -- one row, replaced in one statement: no call sees half of a document, and none waits
  insert into dpg.networks as n (network, document, item_types, interactions)
  values (document ->> 'name', document, item_types, dpg_private.network_interactions(document, item_types))
  on conflict on constraint networks_pkey do update
  set document = excluded.document,
    item_types = excluded.item_types,
    interactions = excluded.interactions,
    registered_at = excluded.registered_at
  where (n.document, n.item_types, n.interactions)
    is distinct from (excluded.document, excluded.item_types, excluded.interactions);
end
$body$;

comment on function dpg.register_network(jsonb) is
  'For dpg_admin: registers a network document in place of the former one of its name. From then on new items, actions and mirrored events of the network are of declared domains, item types, action types and interactions (else DP014); what is there stays, can be changed and can go on. Schemas are kept and not applied here; state graphs are declared by dpg.define_action. Raises DP001, whose DETAIL has the path as a JSON pointer. Example: select dpg.register_network(''{"name": "yellow_dot", "domains": [{"name": "student", "item_schemas": {"profile_1.0": {"type": "object"}}}, {"name": "tutor", "item_schemas": {"profile_1.0": {"type": "object"}}}], "instances": [], "actions": {"connect": {"interactions": [{"from_domain": "student", "to_domain": "tutor", "requirement_schema": {"type": "object"}}]}}}'')';
--! EndIncluded networks/register_network.sql
--! Included networks/unregister_network.sql
create or replace function dpg.unregister_network(network text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_key('network', network);
  delete from dpg.networks n
  where n.network = unregister_network.network;
  return found;
end
$body$;

comment on function dpg.unregister_network(text) is
  'For dpg_admin: takes the registration of a network back, so that it is open again. False when it was not registered. Raises DP001. Example: select dpg.unregister_network(''yellow_dot'')';
--! EndIncluded networks/unregister_network.sql
--! Included networks/refuse_not_in_network.sql
create or replace function dpg_private.refuse_not_in_network(
  network text,
  undeclared text,
  problem text,
  declared text[],
  keys jsonb
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP014',
    message = format('network %L declares no %s', network, problem),
    hint = format(
      'It declares: %s. dpg_admin replaces its document by dpg.register_network.',
      coalesce(nullif(left(array_to_string(declared, ', '), 500), ''), 'none')
    ),
    detail = (jsonb_build_object('network', network, 'undeclared', undeclared) || keys)::text;
end
$body$;

comment on function dpg_private.refuse_not_in_network(text, text, text, text[], jsonb) is
  'Raises DP014 for what a registered network does not declare: item_domain, item_type, action_type or interaction. problem completes the sentence "network ... declares no ...", declared is what it does declare.';
--! EndIncluded networks/refuse_not_in_network.sql
--! Included networks/refuse_undeclared_item.sql
create or replace function dpg_private.refuse_undeclared_item(item dpg.item_ref, index integer default null)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  item_types constant jsonb := (select n.item_types from dpg.networks n where n.network = item.item_network);
  -- names of the arguments concerned, as a caller knows them
  keys jsonb := jsonb_build_object('item_network', item.item_network, 'item_domain', item.item_domain);
  place constant text := case when index is null then '' else format(' (element %s)', index) end;
begin
  if index is not null then
    keys := keys || jsonb_build_object('index', index);
  end if;
  if item_types ? item.item_domain then
    perform dpg_private.refuse_not_in_network(
      item.item_network, 'item_type', format('item type %L in domain %L%s', item.item_type, item.item_domain, place),
      array(select jsonb_array_elements_text(item_types -> item.item_domain)),
      keys || jsonb_build_object('item_type', item.item_type)
    );
  end if;
  perform dpg_private.refuse_not_in_network(
    item.item_network, 'item_domain', format('domain %L%s', item.item_domain, place),
    array(select jsonb_object_keys(item_types)), keys
  );
end
$body$;

comment on function dpg_private.refuse_undeclared_item(dpg.item_ref, integer) is
  'Raises DP014 for a domain, or else an item type, that a registered network does not declare.';
--! EndIncluded networks/refuse_undeclared_item.sql
--! Included networks/refuse_undeclared_action.sql
create or replace function dpg_private.refuse_undeclared_action(
  network text,
  partition_network text,
  action_type text,
  source dpg.item_ref default null,
  target dpg.item_ref default null
)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  interactions constant jsonb := (
    select n.interactions from dpg.networks n where n.network = refuse_undeclared_action.network
  );
  keys constant jsonb := jsonb_build_object('partition_network', partition_network, 'action_type', action_type);
begin
  if interactions ? action_type then
    perform dpg_private.refuse_not_in_network(
      network, 'interaction',
      format(
        'action %L from %L/%L/%L to %L/%L/%L', action_type,
        source.item_network, source.item_domain, source.item_type, target.item_network, target.item_domain, target.item_type
      ),
      array(
        select format(
          '%L from %L/%L%s to %L/%L%s', action_type,
          i ->> 'from_network', i ->> 'from_domain', ' of ' || (i ->> 'from_items'),
          i ->> 'to_network', i ->> 'to_domain', ' of ' || (i ->> 'to_items')
        )
        from jsonb_array_elements(interactions -> action_type) i
      ),
      keys || jsonb_build_object(
        'source_item_network', source.item_network, 'source_item_domain', source.item_domain,
        'source_item_type', source.item_type,
        'target_item_network', target.item_network, 'target_item_domain', target.item_domain,
        'target_item_type', target.item_type
      )
    );
  end if;
  perform dpg_private.refuse_not_in_network(
    network, 'action_type', format('action %L', action_type), array(select jsonb_object_keys(interactions)), keys
  );
end
$body$;

comment on function dpg_private.refuse_undeclared_action(text, text, text, dpg.item_ref, dpg.item_ref) is
  'Raises DP014 for an action type, or else an interaction from source to target, that a registered network does not declare.';
--! EndIncluded networks/refuse_undeclared_action.sql
--! Included networks/check_domain_declared.sql
create or replace function dpg_private.check_domain_declared(item_network text, item_domain text)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (
      select
      from dpg.networks n
      where n.network = check_domain_declared.item_network
        and not n.item_types ? check_domain_declared.item_domain
    )
    and dpg_private.leaf('items', item_network, item_domain) is null
  then
    perform dpg_private.refuse_undeclared_item(row(item_network, item_domain, null, null));
  end if;
end
$body$;

comment on function dpg_private.check_domain_declared(text, text) is
  'Raises DP014 when the network is registered and does not declare the domain, unless the domain has a leaf already.';
--! EndIncluded networks/check_domain_declared.sql
--! Included networks/check_undeclared_item.sql
create or replace function dpg_private.check_undeclared_item(item dpg.item_ref, index integer default null)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- one that is there already goes on; locked, so that it is not deleted and made anew
  if (dpg_private.lock_item(item, 'key share')).item_id is null then
    perform dpg_private.refuse_undeclared_item(item, index);
  end if;
end
$body$;

comment on function dpg_private.check_undeclared_item(dpg.item_ref, integer) is
  'Raises DP014 for an item that its network does not declare, unless it is there already.';
--! EndIncluded networks/check_undeclared_item.sql
--! Included networks/check_action_type_declared.sql
create or replace function dpg_private.check_action_type_declared(root text, partition_network text, action_type text)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (
      select
      from dpg.networks n
      where n.network = check_action_type_declared.partition_network
        and not n.interactions ? check_action_type_declared.action_type
    )
    and dpg_private.leaf(root, partition_network, action_type) is null
  then
    perform dpg_private.refuse_undeclared_action(partition_network, partition_network, action_type);
  end if;
end
$body$;

comment on function dpg_private.check_action_type_declared(text, text, text) is
  'Raises DP014 when the network is registered and does not declare the action type, unless the type has a leaf under this root already.';
--! EndIncluded networks/check_action_type_declared.sql
--! Included networks/is_permitted.sql
create or replace function dpg_private.is_permitted(interaction jsonb, source dpg.item_ref, target dpg.item_ref)
returns boolean
language sql
immutable
parallel safe
security invoker
return interaction ->> 'from_network' = (source).item_network
  and interaction ->> 'from_domain' = (source).item_domain
  and coalesce(interaction -> 'from_items' ? (source).item_type, true)
  and interaction ->> 'to_network' = (target).item_network
  and interaction ->> 'to_domain' = (target).item_domain
  and coalesce(interaction -> 'to_items' ? (target).item_type, true);

comment on function dpg_private.is_permitted(jsonb, dpg.item_ref, dpg.item_ref) is
  'Whether an interaction, as dpg.networks has it, is one from source to target. Stored parsed and inlined.';
--! EndIncluded networks/is_permitted.sql
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
    case when origin_instance_domain is not null then 'and a.origin_instance_domain = $4' end
  )
  into begun
  using partition_network, action_type, action_id, origin_instance_domain, source, target;
  return begun;
end
$body$;

comment on function dpg_private.is_begun(text, text, uuid, text, dpg.item_ref, dpg.item_ref) is
  'Whether there is this action from source to target; with an origin, whether there is an event of it that was mirrored from there.';
--! EndIncluded networks/is_begun.sql
--! Included networks/check_interaction.sql
create or replace function dpg_private.check_interaction(
  action_type text,
  source dpg.item_ref,
  target dpg.item_ref,
  action_id uuid,
  origin_instance_domain text default null
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  refusing dpg.networks;
begin
  -- The target's network decides, if it is registered. That of the source, if it is another one and registered, knows
  -- its own items, and what it says of this action on that network holds for them.
  select n.*
  into refusing
  from dpg.networks n
  where n.network in (source.item_network, target.item_network)
    and case
      when n.network <> target.item_network and (n.item_types -> source.item_domain ? source.item_type) is not true then
        true
      when n.network = target.item_network
        or exists (
          select
          from jsonb_array_elements(n.interactions -> check_interaction.action_type) i
          where i ->> 'to_network' = target.item_network
        )
      then
        not exists (
          select
          from jsonb_array_elements(n.interactions -> check_interaction.action_type) i
          where dpg_private.is_permitted(i, source, target)
        )
    end
  order by n.network = target.item_network desc
  limit 1;

  -- what was begun goes on, between the same items: a repeated call finds its action, and later events follow the first
  if not found
    or dpg_private.is_begun(target.item_network, action_type, action_id, origin_instance_domain, source, target)
  then
    return;
  end if;
  if refusing.network <> target.item_network and (refusing.item_types -> source.item_domain ? source.item_type) is not true then
    perform dpg_private.refuse_undeclared_item(source);
  end if;
  perform dpg_private.refuse_undeclared_action(refusing.network, target.item_network, action_type, source, target);
end
$body$;

comment on function dpg_private.check_interaction(text, dpg.item_ref, dpg.item_ref, uuid, text) is
  'Raises DP014 when the network of the target is registered and does not declare the action from source to target, or that of the source is and does not declare the source, or says otherwise of this action on the target''s network; unless the action is there already, between the same items: under its id, or with an origin by mirrored events.';
--! EndIncluded networks/check_interaction.sql
--! Included items/is_instance_url.sql
create or replace function dpg_private.is_instance_url(instance_url text)
returns boolean
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from dpg_private.instance_url_sightings s
    where s.instance_url = is_instance_url.instance_url
  );
end
$body$;

comment on function dpg_private.is_instance_url(text) is
  'Whether this is a URL of this instance.';
--! EndIncluded items/is_instance_url.sql
--! Included items/register_instance_url.sql
create or replace function dpg_private.register_instance_url(instance_url text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not exists (
    select
    from dpg_private.instance_url_sightings s
    where s.instance_url = register_instance_url.instance_url
  ) then
    insert into dpg_private.instance_url_sightings (instance_url)
    values (register_instance_url.instance_url);
  end if;
end
$body$;

comment on function dpg_private.register_instance_url(text) is
  'Notes a URL of this instance when it is new.';
--! EndIncluded items/register_instance_url.sql
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
  where s.instance_url = forget_instance_url.instance_url;
  return found;
end
$body$;

comment on function dpg.forget_instance_url(text) is
  'For dpg_admin: strikes a URL from dpg.instance_urls that an item was given by mistake, so that the instance whose URL it is can act here again. False when it was not there. Correct the item first: the next upsert with this URL notes it again. Raises DP001. Example: select dpg.forget_instance_url(''https://tutor.yellowdot.example.com'')';
--! EndIncluded items/forget_instance_url.sql
--! Included items/refuse_item_not_found.sql
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
    message = format('there is no item %L/%L/%L/%s here', item.item_network, item.item_domain, item.item_type, item.item_id),
    hint = 'Check network, domain, type and id; the item may have been deleted, or live on another instance.',
    detail = to_jsonb(item)::text;
end
$body$;

comment on function dpg_private.refuse_item_not_found(dpg.item_ref) is
  'Raises DP002 for the item.';
--! EndIncluded items/refuse_item_not_found.sql
--! Included items/refuse_not_item_owner.sql
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
    message = format(
      'user %L does not own item %L/%L/%L/%s',
      actor, item.item_network, item.item_domain, item.item_type, item.item_id
    ),
    hint = 'Only the user who made an item may change it or act with it; a new item needs an id of its own.',
    detail = (to_jsonb(item)
      || jsonb_build_object('actor', actor)
      || case when index is null then '{}' else jsonb_build_object('index', index) end)::text;
end
$body$;

comment on function dpg_private.refuse_not_item_owner(text, dpg.item_ref, integer) is
  'Raises DP003 for the actor and the item; index is the item''s position in an array, counted from 0.';
--! EndIncluded items/refuse_not_item_owner.sql
--! Included items/check_item_ref.sql
create or replace function dpg_private.check_item_ref(argument text, item dpg.item_ref)
returns void
language sql
stable
parallel safe
security invoker
-- one after the other: null is what a check returns that has nothing to say
return coalesce(
  dpg_private.check_key(coalesce(argument || '.', '') || 'item_network', item.item_network),
  dpg_private.check_key(coalesce(argument || '.', '') || 'item_domain', item.item_domain),
  dpg_private.check_key(coalesce(argument || '.', '') || 'item_type', item.item_type),
  dpg_private.check_present(coalesce(argument || '.', '') || 'item_id', item.item_id is not null)
);

comment on function dpg_private.check_item_ref(text, dpg.item_ref) is
  'Raises DP001 unless item names an item: three keys and an id. argument is its name, null where the four are arguments of their own. Stored parsed and inlined.';
--! EndIncluded items/check_item_ref.sql
--! Included items/item_fields.sql
create or replace function dpg_private.item_fields()
returns text[]
language sql
immutable
parallel safe
security invoker
return array[
  'item_network', 'item_domain', 'item_type', 'item_instance_url', 'item_schema_url',
  'item_state', 'item_latitude', 'item_longitude', 'item_id'
];

comment on function dpg_private.item_fields() is
  'The fields that an element of upsert_items may have.';
--! EndIncluded items/item_fields.sql
--! Included items/check_item_object.sql
create or replace function dpg_private.check_item_object(item jsonb, index integer)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  field text;
  kind text;
  hint text;
begin
  if jsonb_typeof(item) <> 'object' then
    perform dpg_private.refuse_argument(
      'items', item, 'is not a JSON object', 'Each element is an object whose fields are column names of dpg.items.', index
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
    kind := coalesce(jsonb_typeof(item -> field), 'missing');
    hint := case
      when field in ('item_network', 'item_domain', 'item_type') then
        case when kind <> 'string' or not dpg_private.is_key(item ->> field)
          then 'A key is text of 1 to 120 characters that is not all white space.' end
      when field in ('item_instance_url', 'item_schema_url') then
        case when kind <> 'string' or not dpg_private.is_url(item ->> field)
          then 'A URL is text of 1 to 1,024 bytes that is not all white space.' end
      when field = 'item_state' then
        case when kind not in ('object', 'missing') then 'item_state is a JSON object, {} when left out.' end
      when field = 'item_id' then
        case when kind not in ('missing', 'null')
          -- the forms that the type uuid takes
          and (kind <> 'string' or item ->> field !~* '^(([0-9a-f]{4}-?){7}[0-9a-f]{4}|\{([0-9a-f]{4}-?){7}[0-9a-f]{4}\})$')
          then 'An id is a UUID in its usual form, such as 11111111-1111-4111-8111-111111111111.' end
      when kind in ('missing', 'null') then
        case when jsonb_typeof(item -> case field when 'item_latitude' then 'item_longitude' else 'item_latitude' end) = 'number'
          then 'Pass both item_latitude and item_longitude, or neither.' end
      when not dpg_private.is_degrees(item -> field, case field when 'item_latitude' then 90 else 180 end)
        then 'A latitude is a number of degrees from -90 to 90, a longitude from -180 to 180, in double precision.'
    end;
    if hint is not null then
      perform dpg_private.refuse_argument(
        field, item -> field, case when kind = 'missing' then 'is missing' else 'is malformed' end, hint, index
      );
    end if;
  end loop;
  perform dpg_private.check_document('item_state', coalesce(item -> 'item_state', '{}'), index);
end
$body$;

comment on function dpg_private.check_item_object(jsonb, integer) is
  'Raises DP001 with the index for an element of upsert_items that is not an item: unknown, missing or malformed fields.';
--! EndIncluded items/check_item_object.sql
--! Included items/check_ids_differ.sql
create or replace function dpg_private.check_ids_differ(rows dpg.items[])
returns void
language plpgsql
immutable
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
--! Included items/check_item_changes.sql
create or replace function dpg_private.check_item_changes(changes jsonb)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  fields constant text[] := array['item_instance_url', 'item_schema_url', 'item_state', 'item_latitude', 'item_longitude'];
  hint constant text := format('changes is a JSON object with at least one of the fields %s.', array_to_string(fields, ', '));
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
    elsif field in ('item_instance_url', 'item_schema_url') then
      if jsonb_typeof(changes -> field) <> 'string' then
        perform dpg_private.refuse_argument('changes.' || field, changes -> field, 'is not a URL', 'Pass a JSON string.');
      end if;
      perform dpg_private.check_url('changes.' || field, changes ->> field);
    elsif jsonb_typeof(changes -> field) = 'null' then
      null; -- clears the coordinate
    elsif not dpg_private.is_degrees(changes -> field, case field when 'item_latitude' then 90 else 180 end) then
      perform dpg_private.refuse_argument(
        'changes.' || field, changes -> field, 'is no coordinate',
        'A latitude is a number of degrees from -90 to 90, a longitude from -180 to 180, in double precision; null for no place.'
      );
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
  'Raises DP001 for changes that update_item cannot make whatever the item is.';
--! EndIncluded items/check_item_changes.sql
--! Included items/check_item_filters.sql
create or replace function dpg_private.check_item_filters(
  item_network text,
  item_domain text,
  item_type text,
  created_by text,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain);
  if item_type is not null then
    perform dpg_private.check_key('item_type', item_type);
  end if;
  if created_by is not null then
    perform dpg_private.check_key('created_by', created_by);
  end if;
  if item_instance_url is not null then
    perform dpg_private.check_url('item_instance_url', item_instance_url);
  end if;
  if item_schema_url is not null then
    perform dpg_private.check_url('item_schema_url', item_schema_url);
  end if;
  if item_state is not null then
    perform dpg_private.check_document('item_state', item_state);
  end if;
end
$body$;

comment on function dpg_private.check_item_filters(text, text, text, text, text, text, jsonb) is
  'Raises DP001 for a filter of find_items, count_items or nearest_items that is out of range; all but network and domain may be null.';
--! EndIncluded items/check_item_filters.sql
--! Included items/item_conditions.sql
create or replace function dpg_private.item_conditions(
  item_type text,
  created_by text,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb,
  circle dpg_private.circle_bounds
)
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
    case when item_type is not null then ' and i.item_type = $1' end,
    case when created_by is not null then ' and i.created_by = $2' end,
    case when item_instance_url is not null then ' and i.item_instance_url = $3' end,
    case when item_schema_url is not null then ' and i.item_schema_url = $4' end,
    case when item_state is not null then ' and i.item_state @> $5' end,
    case when circle.reach is not null then ' and ' || dpg_private.circle_condition(circle) end
  );
end
$body$;

comment on function dpg_private.item_conditions(text, text, text, text, jsonb, dpg_private.circle_bounds) is
  'The where clause for the filters that are given, over a leaf named i. Parameters: $1 item_type, $2 created_by, $3 item_instance_url, $4 item_schema_url, $5 item_state, and $6 to $13 of dpg_private.circle_condition.';
--! EndIncluded items/item_conditions.sql
--! Included items/lock_item.sql
create or replace function dpg_private.lock_item(item dpg.item_ref, strength text)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass := dpg_private.leaf('items', item.item_network, item.item_domain);
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

comment on function dpg_private.lock_item(dpg.item_ref, text) is
  'Reads an item under a row lock (key share, no key update or update); all columns null where there is none.';
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
  stored dpg.items;
begin
  -- a condition is evaluated without a query; how many of the checks return something says nothing
  if num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_key('item_type', item_type),
    dpg_private.check_url('item_instance_url', item_instance_url),
    dpg_private.check_url('item_schema_url', item_schema_url),
    dpg_private.check_document('item_state', item_state),
    dpg_private.check_coordinates('item_latitude', item_latitude, 'item_longitude', item_longitude),
    dpg_private.check_user(actor)
  ) is null then
    return null;
  end if;
  if exists (
    select
    from dpg.networks n
    where n.network = upsert_item.item_network
      and (n.item_types -> upsert_item.item_domain ? upsert_item.item_type) is not true
  ) then
    perform dpg_private.check_undeclared_item(row(item_network, item_domain, item_type, item_id));
  end if;

  leaf := dpg_private.leaf_to_write('items', item_network, item_domain);
  perform dpg_private.register_instance_url(item_instance_url);
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
--! Included items/replace_items.sql
create or replace function dpg_private.replace_items(actor text, rows dpg.items[], inserted uuid[])
returns dpg.items[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  target record;
  different bigint[];
  stored dpg.items[];
  result dpg.items[] := array[]::dpg.items[];
  stranger record;
begin
  -- leaf by leaf: a join through the root would have to plan for all of them
  for target in
    select dpg_private.leaf('items', r.item_network, r.item_domain) as leaf, array_agg(r) as rows
    from unnest(rows) r
    left join unnest(inserted) n(item_id) using (item_id)
    where n.item_id is null
    group by r.item_network, r.item_domain
    order by r.item_network collate "C", r.item_domain collate "C"
  loop
    -- Locked in the order of the keys; what is the same already is neither locked nor written. The update is a statement of
    -- its own, which sees the rows as they were locked: one that went back to the version that an older snapshot shows
    -- would wait for those who queue there for us, when an action keeps the item and somebody has just changed it.
    execute format(
      'select array_agg(d.position)
       from (
         select r.position
         from %1$s i
         join unnest($1) with ordinality r(
           item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
           item_latitude, item_longitude, created_by, created_at, updated_at, position
         ) using (item_network, item_domain, item_type, item_id)
         where i.created_by = $2
           and (i.item_instance_url, i.item_schema_url, i.item_state, i.item_latitude, i.item_longitude)
             is distinct from (r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude)
         order by i.item_type collate "C", i.item_id
         for no key update of i
       ) d', target.leaf
    )
    into different
    using target.rows, actor;

    execute format(
      'update %1$s i
       set item_instance_url = r.item_instance_url, item_schema_url = r.item_schema_url, item_state = r.item_state,
         item_latitude = r.item_latitude, item_longitude = r.item_longitude,
         updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond'')
       from unnest($1) with ordinality r(
         item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
         item_latitude, item_longitude, created_by, created_at, updated_at, position
       )
       join unnest($2) d(position) using (position)
       where i.item_network = r.item_network and i.item_domain = r.item_domain
         and i.item_type = r.item_type and i.item_id = r.item_id',
      target.leaf
    )
    using target.rows, different;

    execute format(
      'select array_agg(i) from %s i join unnest($1) r using (item_network, item_domain, item_type, item_id)', target.leaf
    )
    into stored
    using target.rows;
    result := result || stored;
  end loop;

  if cardinality(result) + coalesce(cardinality(inserted), 0) < cardinality(rows) then
    raise exception 'an item was deleted while it was being replaced'
      using errcode = 'serialization_failure', hint = 'Repeat the call.';
  end if;

  -- what was stored takes the place of what was proposed
  select array_agg(
    case when s.item_id is null
      then row(
        r.item_network, r.item_domain, r.item_type, r.item_id, r.item_instance_url, r.item_schema_url, r.item_state,
        r.item_latitude, r.item_longitude, r.created_by, r.created_at, r.updated_at
      )::dpg.items
      else s
    end
    order by r.position
  )
  into result
  from unnest(rows) with ordinality r(
    item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
    item_latitude, item_longitude, created_by, created_at, updated_at, position
  )
  left join unnest(result) s using (item_network, item_domain, item_type, item_id);

  select (r.position - 1)::integer as index, row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref as item
  into stranger
  from unnest(result) with ordinality r(
    item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
    item_latitude, item_longitude, created_by, created_at, updated_at, position
  )
  where r.created_by <> actor
  order by r.position
  limit 1;
  if found then
    perform dpg_private.refuse_not_item_owner(actor, stranger.item, stranger.index);
  end if;
  return result;
end
$body$;

comment on function dpg_private.replace_items(text, dpg.items[], uuid[]) is
  'The second half of upsert_items: replaces the content of the items that were there already, those of the rows whose ids were not inserted, and returns all rows as they now are, in the order given. Raises DP003 with the index.';
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
  rows dpg.items[];
  suspect integer;
  ids_given boolean;
  known_fields constant text[] := dpg_private.item_fields();
  json_bytes constant bigint := coalesce(dpg_private.limit_of('json_bytes_per_document'), 268435455);
  targets dpg.item_ref[]; -- the leaves
  target dpg.item_ref;
  inserted uuid[];
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
    -- one statement, so that all are held to one document
    perform dpg_private.check_undeclared_item(
      row(r.item_network, r.item_domain, r.item_type, r.item_id), (r.position - 1)::integer
    )
    from unnest(rows) with ordinality r(
      item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
      item_latitude, item_longitude, created_by, created_at, updated_at, position
    )
    join dpg.networks n on n.network = r.item_network
    where (n.item_types -> r.item_domain ? r.item_type) is not true
    order by r.position;
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
  stored dpg.items;
  changed dpg.items;
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_item_ref(null, item),
    dpg_private.check_item_changes(changes);

  stored := dpg_private.lock_item(item, 'no key update');
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
     returning i.*', dpg_private.leaf('items', item_network, item_domain)
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
  stored dpg.items;
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_item_ref(null, item);

  stored := dpg_private.lock_item(item, 'update');
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(item);
  end if;
  if stored.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, item);
  end if;

  begin
    execute format(
      'delete from %s i where i.item_network = $1 and i.item_domain = $2 and i.item_type = $3 and i.item_id = $4',
      dpg_private.leaf('items', item_network, item_domain)
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
--! Included items/get_item.sql
create or replace function dpg.get_item(item_network text, item_domain text, item_type text, item_id uuid)
returns dpg.items
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  stored dpg.items;
begin
  perform dpg_private.check_item_ref(null, row(item_network, item_domain, item_type, item_id));
  leaf := dpg_private.leaf('items', item_network, item_domain);
  if leaf is not null then
    execute format(
      'select * from %s i where i.item_network = $1 and i.item_domain = $2 and i.item_type = $3 and i.item_id = $4', leaf
    )
    into stored
    using item_network, item_domain, item_type, item_id;
  end if;
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(row(item_network, item_domain, item_type, item_id));
  end if;
  return stored;
end
$body$;

comment on function dpg.get_item(text, text, text, uuid) is
  'One item by its key. Raises DP001, DP002. Example: select * from dpg.get_item(''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111'')';
--! EndIncluded items/get_item.sql
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
  scope text;
  page_start jsonb;
  circle dpg_private.circle_bounds;
  conditions text;
  oldest timestamptz;
begin
  page_size := coalesce(page_size, 20);
  perform
    dpg_private.check_item_filters(
      item_network, item_domain, item_type, created_by, item_instance_url, item_schema_url, item_state
    ),
    dpg_private.check_circle(latitude, longitude, radius_meters, true),
    dpg_private.check_page_size(page_size);
  scope := dpg_private.page_scope('find_items', jsonb_build_array(
    item_network, item_domain, item_type, created_by, item_instance_url, item_schema_url, item_state,
    latitude, longitude, radius_meters
  ));
  page_start := dpg_private.page_position(scope, page_token);
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
      null::text, page_size, (page_start ->> 0)::timestamptz;
  end if;

  return query execute format(
    'select i.*, dpg_private.page_token($14, jsonb_build_array(i.created_at, i.item_type, i.item_id))
     from %s i
     where %s %s %s
     order by i.created_at desc, i.item_type, i.item_id
     limit $15',
    leaf,
    conditions,
    case when oldest is not null then 'and i.created_at >= $19' end,
    case when page_start is not null then
      'and i.created_at <= $16 and (i.created_at < $16 or (i.item_type, i.item_id) > ($17, $18))'
    end
  )
  using item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude,
    circle.bands, circle.south, circle.north, circle.west, circle.east, circle.reach,
    scope, page_size, (page_start ->> 0)::timestamptz, page_start ->> 1, (page_start ->> 2)::uuid, oldest;
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
  perform
    dpg_private.check_item_filters(
      item_network, item_domain, item_type, created_by, item_instance_url, item_schema_url, item_state
    ),
    dpg_private.check_circle(latitude, longitude, radius_meters, true);
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
  scope text;
  page_start jsonb;
begin
  page_size := coalesce(page_size, 20);
  perform
    dpg_private.check_item_filters(item_network, item_domain, item_type, null, null, null, item_state),
    dpg_private.check_present('latitude', latitude is not null),
    dpg_private.check_present('longitude', longitude is not null),
    dpg_private.check_circle(latitude, longitude, radius_meters, false),
    dpg_private.check_page_size(page_size);
  scope := dpg_private.page_scope('nearest_items', jsonb_build_array(
    item_network, item_domain, latitude, longitude, radius_meters, item_type, item_state
  ));
  page_start := dpg_private.page_position(scope, page_token);
  leaf := dpg_private.leaf('items', item_network, item_domain);
  if leaf is null then
    return;
  end if;
  -- By the nearness alone first, ties included: before version 17 PostgreSQL reads the index in the order of the distance
  -- only where nothing comes after it. The centre and its box are parameters: as expressions they take long to plan.
  return query execute format(
    'select p.item_network, p.item_domain, p.item_type, p.item_id, p.item_instance_url, p.item_schema_url, p.item_state,
       p.item_latitude, p.item_longitude, p.created_by, p.created_at, p.updated_at,
       dpg_private.distance_of(p.haversine),
       dpg_private.page_token($8, jsonb_build_array(p.nearness, p.item_type, p.item_id, p.haversine))
     from (
       select i.*,
         -- no row says that it is nearer than the one before it, not by a nanometre either
         greatest(max(%s) over (order by i.nearness, i.item_type, i.item_id), $13) as haversine
       from (
         select i.*, dpg_private.nearness(i.item_latitude, i.item_longitude, $2) as nearness
         from %s i
         where i.item_latitude is not null and %s %s %s
         order by dpg_private.nearness(i.item_latitude, i.item_longitude, $2)
         fetch first ($9) rows with ties
       ) i
       order by i.nearness, i.item_type, i.item_id
       limit $9
     ) p
     order by p.nearness, p.item_type, p.item_id',
    dpg_private.haversine(),
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
    (dpg_private.bounds_of(latitude, longitude, radius_meters)).reach, item_state, latitude, longitude,
    scope, page_size, (page_start ->> 0)::double precision, page_start ->> 1, (page_start ->> 2)::uuid,
    (page_start ->> 3)::double precision;
end
$body$;

comment on function dpg.nearest_items(
  text, text, double precision, double precision, double precision, text, jsonb, integer, text
) is
  'The items of a network and domain that have a place, nearest to latitude and longitude (degrees) first, then by item_type and item_id, with distance_meters along the great circle of earthdistance''s sphere. radius_meters limits it to a circle; item_state means containment (@>). Pages as in dpg.find_items; a later page passes over the rows before it, so that its cost grows with its number. Raises DP001, DP011. Example: select item_id, distance_meters from dpg.nearest_items(''yellow_dot'', ''tutor'', 12.9716, 77.5946, page_size => 10)';
--! EndIncluded geo/nearest_items.sql
--! Included actions/check_action_key.sql
create or replace function dpg_private.check_action_key(partition_network text, action_type text, action_id uuid)
returns void
language sql
stable
parallel safe
security invoker
return coalesce(
  dpg_private.check_key('partition_network', partition_network),
  dpg_private.check_key('action_type', action_type),
  dpg_private.check_present('action_id', action_id is not null)
);

comment on function dpg_private.check_action_key(text, text, uuid) is
  'Raises DP001 unless the three name an action. Stored parsed and inlined.';
--! EndIncluded actions/check_action_key.sql
--! Included actions/check_move.sql
create or replace function dpg_private.check_move(
  partition_network text,
  action_type text,
  action_id uuid,
  action_status text,
  expected_update_count integer,
  event_payload jsonb,
  remarks text
)
returns void
language sql
stable
parallel safe
security invoker
return coalesce(
  dpg_private.check_action_key(partition_network, action_type, action_id),
  dpg_private.check_key('action_status', action_status),
  case
    when expected_update_count < 0 then
      dpg_private.refuse_argument(
        'expected_update_count', to_jsonb(expected_update_count), 'is negative', 'update_count starts at 0.'
      )
  end,
  dpg_private.check_remarks(remarks),
  -- last, since it returns something where it has looked up the limit
  case when event_payload is not null then dpg_private.check_document('event_payload', event_payload) end
);

comment on function dpg_private.check_move(text, text, uuid, text, integer, jsonb, text) is
  'Raises DP001 for arguments of a transition that are out of range, whatever the action is. Stored parsed and inlined.';
--! EndIncluded actions/check_move.sql
--! Included actions/check_remote_source.sql
create or replace function dpg_private.check_remote_source(source_item_instance_url text, source_item_owner text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if num_nonnulls(
    dpg_private.check_url('source_item_instance_url', source_item_instance_url),
    dpg_private.check_key('source_item_owner', source_item_owner)
  ) is null then
    return;
  end if;
  if dpg_private.is_instance_url(source_item_instance_url) then
    perform dpg_private.refuse_argument(
      'source_item_instance_url', to_jsonb(source_item_instance_url), 'is a URL of this instance',
      'What comes from another instance carries that one''s URL; for items of this one use perform_action and transition_action.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_remote_source(text, text) is
  'Raises DP001 unless the source lives on another instance and names its owner.';
--! EndIncluded actions/check_remote_source.sql
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
immutable
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
--! Included actions/ownership_roles.sql
create or replace function dpg_private.ownership_roles(
  actor text,
  source_owner text,
  source_is_local boolean,
  target_owner text,
  target_is_local boolean
)
returns text[]
language sql
immutable
parallel safe
security invoker
return array_remove(
  array[
    case when source_is_local and source_owner = actor then 'initiated' end,
    case when target_is_local and target_owner = actor then 'received' end
  ],
  null
);

comment on function dpg_private.ownership_roles(text, text, boolean, text, boolean) is
  'The part of the actor, a user of this instance, in an action or event: initiated (owner of the source), received (owner of the target), both or none. An owner who lives on another instance is nobody here, whatever the id.';
--! EndIncluded actions/ownership_roles.sql
--! Included actions/party_conditions.sql
create or replace function dpg_private.party_conditions(ownership_role text, initiated text, received text)
returns text[]
language sql
immutable
parallel safe
security invoker
-- each row once: what both conditions find belongs to the first
return case ownership_role
  when 'initiated' then array[initiated]
  when 'received' then array[received]
  else array[initiated, received || ' and not (' || initiated || ')']
end;

comment on function dpg_private.party_conditions(text, text, text) is
  'The conditions of a role, to be searched one by one, since each has an index in the order of the page.';
--! EndIncluded actions/party_conditions.sql
--! Included actions/leaves_of_party.sql
create or replace function dpg_private.leaves_of_party(
  root text,
  actor text,
  partition_network text,
  action_type text
)
returns regclass[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if partition_network is not null and action_type is not null then
    return array_remove(array[dpg_private.leaf(root, partition_network, action_type)], null);
  end if;
  return coalesce(
    (
      select array_agg(l.leaf order by l.leaf)
      from (
        select distinct dpg_private.leaf(leaves_of_party.root, p.partition_network, p.action_type) as leaf
        from dpg_private.party_leaves p
        where p.owner = leaves_of_party.actor
          and (leaves_of_party.partition_network is null or p.partition_network = leaves_of_party.partition_network)
          and (leaves_of_party.action_type is null or p.action_type = leaves_of_party.action_type)
      ) l
      where l.leaf is not null
    ),
    '{}'
  );
end
$body$;

comment on function dpg_private.leaves_of_party(text, text, text, text) is
  'The leaves that can hold rows of which the actor is a party: the one that the keys name, or those in which the actor has rows.';
--! EndIncluded actions/leaves_of_party.sql
--! Included actions/refuse_action_not_found.sql
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
    message = format('there is no action %L/%L/%s here', partition_network, action_type, action_id),
    hint = 'Check network, type and id; an action lives on the instance of its target, in the target''s network.',
    detail = jsonb_build_object('partition_network', partition_network, 'action_type', action_type, 'action_id', action_id)::text;
end
$body$;

comment on function dpg_private.refuse_action_not_found(text, text, uuid) is
  'Raises DP004 for the action.';
--! EndIncluded actions/refuse_action_not_found.sql
--! Included actions/refuse_not_action_party.sql
create or replace function dpg_private.refuse_not_action_party(
  party text,
  action dpg.item_actions,
  problem text default 'is no party of',
  hint text default 'Only the owners of its source and target items, as they were when the action was made, may read or change an action.',
  detail jsonb default '{}'
)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP005',
    message = format('user %L %s action %L/%L/%s', party, problem, action.partition_network, action.action_type, action.action_id),
    hint = hint,
    detail = (jsonb_build_object(
      'actor', party, 'partition_network', action.partition_network,
      'action_type', action.action_type, 'action_id', action.action_id
    ) || detail)::text;
end
$body$;

comment on function dpg_private.refuse_not_action_party(text, dpg.item_actions, text, text, jsonb) is
  'Raises DP005 for the user and the action.';
--! EndIncluded actions/refuse_not_action_party.sql
--! Included actions/refuse_different_action.sql
create or replace function dpg_private.refuse_different_action(proposed dpg.item_actions)
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
    message = format(
      'action_id %s was used before in %L/%L, with other content',
      proposed.action_id, proposed.partition_network, proposed.action_type
    ),
    hint = 'Repeat a call with exactly what it said the first time; a new action needs an id of its own.',
    detail = jsonb_build_object(
      'partition_network', proposed.partition_network, 'action_type', proposed.action_type, 'action_id', proposed.action_id
    )::text;
end
$body$;

comment on function dpg_private.refuse_different_action(dpg.item_actions) is
  'Raises DP008 for the id of an action that was used before.';
--! EndIncluded actions/refuse_different_action.sql
--! Included actions/lock_action.sql
create or replace function dpg_private.lock_action(
  leaf regclass,
  partition_network text,
  action_type text,
  action_id uuid,
  strength text
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
    execute format(
      'select * from %s a where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3 for %s', leaf, strength
    )
    into stored
    using partition_network, action_type, action_id;
  end if;
  if stored.action_id is null then
    perform dpg_private.refuse_action_not_found(partition_network, action_type, action_id);
  end if;
  return stored;
end
$body$;

comment on function dpg_private.lock_action(regclass, text, text, uuid, text) is
  'Reads an action, in the leaf of its keys, under a row lock. Raises DP004, also where there is no leaf.';
--! EndIncluded actions/lock_action.sql
--! Included actions/define_action.sql
create or replace function dpg.define_action(
  partition_network text,
  action_type text,
  transitions jsonb,
  initial_status text default 'created'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  edge record;
begin
  initial_status := coalesce(initial_status, 'created');
  perform
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_key('initial_status', initial_status);

  if transitions is null then
    delete from dpg.action_definitions d
    where d.partition_network = define_action.partition_network
      and d.action_type = define_action.action_type;
    return;
  end if;

  if jsonb_typeof(transitions) <> 'array' then
    perform dpg_private.refuse_argument(
      'transitions', transitions, 'is not a JSON array', 'Pass an array of edges, [] to allow no change, null to remove the declaration.'
    );
  end if;
  if octet_length(transitions::text) > dpg_private.limit_of('json_bytes_per_document') then
    perform dpg_private.refuse_argument(
      'transitions', transitions, 'has too many edges',
      format(
        'A graph may have %s bytes as text; dpg_admin can raise the limit json_bytes_per_document in dpg.limits.',
        dpg_private.limit_of('json_bytes_per_document')
      )
    );
  end if;
  for edge in
    select t.element, (t.position - 1)::integer as index
    from jsonb_array_elements(transitions) with ordinality t(element, position)
    order by t.position
  loop
    if jsonb_typeof(edge.element) <> 'object'
      or edge.element - array['from', 'to', 'by'] <> '{}'
      or jsonb_typeof(edge.element -> 'from') is distinct from 'string'
      or jsonb_typeof(edge.element -> 'to') is distinct from 'string'
      or not dpg_private.is_key(edge.element ->> 'from')
      or not dpg_private.is_key(edge.element ->> 'to')
      or coalesce(edge.element -> 'by' not in ('"source"', '"target"', '"either"'), true)
    then
      perform dpg_private.refuse_argument(
        'transitions', edge.element, 'is no edge',
        'An edge is {"from": <status>, "to": <status>, "by": "source" | "target" | "either"}; a status is text of 1 to 120 characters.',
        edge.index
      );
    end if;
  end loop;

  perform dpg_private.check_action_type_declared('item_actions', partition_network, action_type);
  insert into dpg.action_definitions as d
  values (partition_network, action_type, initial_status, transitions)
  on conflict on constraint action_definitions_pkey do update
  set initial_status = excluded.initial_status,
    transitions = excluded.transitions
  where (d.initial_status, d.transitions) is distinct from (excluded.initial_status, excluded.transitions);
end
$body$;

comment on function dpg.define_action(text, text, jsonb, text) is
  'Declares the state graph of an action type and replaces the former one: transitions is an array of edges with "from", "to" and "by" (source, target or either); [] allows no change, null removes the declaration. Actions that are there keep their status. Raises DP001, DP014. Example: select dpg.define_action(''yellow_dot'', ''connect'', ''[{"from": "created", "to": "accepted", "by": "target"}, {"from": "created", "to": "withdrawn", "by": "source"}]'')';
--! EndIncluded actions/define_action.sql
--! Included events/default_payload.sql
create or replace function dpg_private.default_payload(action_status text)
returns jsonb
language sql
stable -- as jsonb_build_object is: else it could not be inlined
parallel safe
security invoker
return jsonb_build_object('status', action_status);

comment on function dpg_private.default_payload(text) is
  'What an event says when the caller gives no event_payload: {"status": <status>}.';
--! EndIncluded events/default_payload.sql
--! Included events/get_event.sql
create or replace function dpg_private.get_event(partition_network text, action_type text, event_id uuid)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass := dpg_private.leaf('action_events', partition_network, action_type);
  stored dpg.action_events;
begin
  if leaf is not null then
    execute format(
      'select * from %s e where e.partition_network = $1 and e.action_type = $2 and e.event_id = $3', leaf
    )
    into stored
    using partition_network, action_type, event_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.get_event(text, text, uuid) is
  'The event of this id as committed by now; all columns null where there is none.';
--! EndIncluded events/get_event.sql
--! Included events/get_event_of_update.sql
create or replace function dpg_private.get_event_of_update(
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
  leaf regclass := dpg_private.leaf('action_events', partition_network, action_type);
  stored dpg.action_events;
begin
  if leaf is not null then
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

comment on function dpg_private.get_event_of_update(text, text, text, uuid, integer) is
  'The event of this update of an action as committed by now; all columns null where there is none.';
--! EndIncluded events/get_event_of_update.sql
--! Included events/append_event.sql
create or replace function dpg_private.append_event(
  action dpg.item_actions,
  event_id uuid,
  event_payload jsonb,
  remarks text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  event dpg.action_events;
begin
  event := row(
    action.partition_network, action.action_type, event_id, action.target_item_instance_url,
    action.action_id, action.action_status, action.update_count,
    action.source_item_network, action.source_item_domain, action.source_item_type, action.source_item_id,
    action.source_item_instance_url, action.source_item_owner, action.source_item_latitude, action.source_item_longitude,
    action.target_item_network, action.target_item_domain, action.target_item_type, action.target_item_id,
    action.target_item_instance_url, action.target_item_owner, action.target_item_latitude, action.target_item_longitude,
    event_payload, remarks, action.updated_at, action.source_item_is_local, true
  );
  -- through the root, whose plan is kept and knows no leaves
  insert into dpg.action_events
  values (event.*)
  on conflict do nothing;
  if not found
    and (dpg_private.get_event(event.partition_network, event.action_type, event_id)).event_id is null
    and (
      dpg_private.get_event_of_update(
        event.partition_network, event.action_type, event.origin_instance_domain, event.action_id, event.update_count
      )
    ).event_id is null
  then
    -- a unique index that is not ours has such a row, which raises here
    insert into dpg.action_events
    values (event.*)
    on conflict on constraint action_events_pkey do nothing;
  end if;
  if not found then
    return false;
  end if;
  -- for the feed: under the row lock of the action, so that its events are queued in their order
  insert into dpg_private.event_queue (partition_network, action_type, event_id, source_item_instance_url, created_at)
  values (action.partition_network, action.action_type, event_id, action.source_item_instance_url, action.updated_at);
  return true;
end
$body$;

comment on function dpg_private.append_event(dpg.item_actions, uuid, jsonb, text) is
  'Appends the event of an action as it is now: its status, update_count and time, and queues it for the feed. False, and nothing written, when the id was used before, or when this update has an event already: one that was mirrored before its origin became a URL of this instance.';
--! EndIncluded events/append_event.sql
--! Included events/refuse_different_event.sql
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
    message = format(
      'event %s of %L/%L is there already, with other content',
      stored.event_id, stored.partition_network, stored.action_type
    ),
    hint = 'Repeat a call with exactly what it said the first time; another change or event needs an id of its own.',
    -- no more than its id: it may belong to an action that is not the caller's
    detail = jsonb_build_object(
      'partition_network', stored.partition_network, 'action_type', stored.action_type, 'event_id', stored.event_id
    )::text;
end
$body$;

comment on function dpg_private.refuse_different_event(dpg.action_events) is
  'Raises DP008 for an event that is there with other content.';
--! EndIncluded events/refuse_different_event.sql
--! Included events/refuse_event_of_other_items.sql
create or replace function dpg_private.refuse_event_of_other_items(proposed dpg.action_events)
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
    message = format(
      'event %s of %L/%L is between other items than what came of action %s from %L before',
      proposed.event_id, proposed.partition_network, proposed.action_type, proposed.action_id, proposed.origin_instance_domain
    ),
    hint = 'The events of one action name the same source and the same target, with the same URLs; another action needs an id of its own.',
    detail = jsonb_build_object(
      'partition_network', proposed.partition_network, 'action_type', proposed.action_type, 'event_id', proposed.event_id,
      'origin_instance_domain', proposed.origin_instance_domain, 'action_id', proposed.action_id
    )::text;
end
$body$;

comment on function dpg_private.refuse_event_of_other_items(dpg.action_events) is
  'Raises DP008 for an event whose action is here with another source or target.';
--! EndIncluded events/refuse_event_of_other_items.sql
--! Included events/time_of_text.sql
create or replace function dpg_private.time_of_text(value text)
returns timestamptz
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- without an offset the time zone of the session would decide
  if value !~ '^[0-9]{4,6}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-9]{2}(:[0-9]{2})?)?)$' then
    return null;
  end if;
  return value::timestamptz;
exception
  when data_exception then
    return null; -- such as the 30th of February
end
$body$;

comment on function dpg_private.time_of_text(text) is
  'The time that an ISO 8601 text with its offset stands for; null for anything else.';
--! EndIncluded events/time_of_text.sql
--! Included events/event_of_object.sql
create or replace function dpg_private.event_of_object(event jsonb)
returns dpg.action_events
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  keys constant text[] := array[
    'partition_network', 'action_type', 'action_status', 'source_item_network', 'source_item_domain', 'source_item_type',
    'source_item_owner', 'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_owner'
  ];
  urls constant text[] := array['origin_instance_domain', 'source_item_instance_url', 'target_item_instance_url'];
  ids constant text[] := array['event_id', 'action_id', 'source_item_id', 'target_item_id'];
  coordinates constant text[] := array[
    'source_item_latitude', 'source_item_longitude', 'target_item_latitude', 'target_item_longitude'
  ];
  others constant text[] := array['update_count', 'event_payload', 'remarks', 'created_at'];
  -- columns of a row that was read on another instance, true there: accepted, and found out anew
  locals constant text[] := array['source_item_is_local', 'target_item_is_local'];
  field text;
  value jsonb;
  hint text;
  result dpg.action_events;
begin
  if event is null or jsonb_typeof(event) <> 'object' then
    perform dpg_private.refuse_argument('event', event, 'is not a JSON object', 'Pass an object whose fields are column names of dpg.action_events.');
  end if;
  for field in select k.field from jsonb_object_keys(event) k(field) order by k.field loop
    if field <> all (keys || urls || ids || coordinates || others || locals) then
      perform dpg_private.refuse_argument(
        'event.' || left(field, 120), event -> field, 'is not a field of an event',
        format('An event has the fields %s.', array_to_string(keys || urls || ids || coordinates || others, ', '))
      );
    end if;
  end loop;

  foreach field in array keys || urls || ids || coordinates || others || locals loop
    value := nullif(event -> field, 'null');
    hint := case
      when field = any (keys) then
        case when jsonb_typeof(value) is distinct from 'string' or not dpg_private.is_key(value #>> '{}')
          then 'A key is text of 1 to 120 characters that is not all white space.' end
      when field = any (urls) then
        case when jsonb_typeof(value) is distinct from 'string' or not dpg_private.is_url(value #>> '{}')
          then 'A URL is text of 1 to 1,024 bytes that is not all white space.' end
      when field = any (ids) then
        case when jsonb_typeof(value) is distinct from 'string'
          or value #>> '{}' !~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$'
          then 'An id is a UUID in its usual form, such as 11111111-1111-4111-8111-111111111111.' end
      when field = any (coordinates) then
        case when jsonb_typeof(value) <> 'number'
          or not abs((value #>> '{}')::numeric) <= case when field like '%latitude' then 90 else 180 end
          or (value #>> '{}')::numeric <> 0 and abs((value #>> '{}')::numeric) < 1e-300 -- nothing that double precision holds
          then 'A latitude is a number of degrees from -90 to 90, a longitude from -180 to 180.' end
      when field = 'update_count' then
        case when jsonb_typeof(value) is distinct from 'number' or value #>> '{}' !~ '^[0-9]{1,10}$'
          or (value #>> '{}')::numeric > 2147483647
          then 'update_count is a whole number, 0 or more.' end
      when field = 'remarks' then
        case when jsonb_typeof(value) <> 'string' or octet_length(value #>> '{}') > 65536
          then 'remarks are text of at most 65,536 bytes, or null.' end
      when field = 'created_at' then
        case when jsonb_typeof(value) is distinct from 'string' or dpg_private.time_of_text(value #>> '{}') is null
          then 'A time is text in ISO 8601 with its offset, such as 2026-01-01T00:00:00.000000Z.' end
      when field = any (locals) then
        case when jsonb_typeof(value) <> 'boolean' then 'It is true or false on the instance that it was read from, and found out anew here.' end
    end;
    if hint is not null then
      perform dpg_private.refuse_argument(
        'event.' || field, value, case when value is null then 'is missing' else 'is malformed' end, hint
      );
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
  result := jsonb_populate_record(null::dpg.action_events, event - array['created_at'] - locals);
  result.event_payload := coalesce(nullif(event -> 'event_payload', 'null'), dpg_private.default_payload(result.action_status));
  result.created_at := dpg_private.time_of_text(event ->> 'created_at');
  return result;
end
$body$;

comment on function dpg_private.event_of_object(jsonb) is
  'The row of an event that came as JSON. Raises DP001 for unknown, missing or malformed fields.';
--! EndIncluded events/event_of_object.sql
--! Included events/is_same_event.sql
create or replace function dpg_private.is_same_event(stored dpg.action_events, proposed dpg.action_events)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  tombstone constant text := dpg_private.tombstone();
begin
  if stored is not distinct from proposed then
    return true;
  end if;
  -- what was taken away since cannot be compared, and is not restored
  if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, stored.event_id) then
    proposed.event_payload := stored.event_payload;
    proposed.remarks := stored.remarks;
  end if;
  if stored.source_item_owner = tombstone then
    proposed.source_item_owner := tombstone;
  end if;
  if stored.target_item_owner = tombstone then
    proposed.target_item_owner := tombstone;
  end if;
  return stored is not distinct from proposed;
end
$body$;

comment on function dpg_private.is_same_event(dpg.action_events, dpg.action_events) is
  'Whether a stored event is the proposed one, as far as it was not redacted.';
--! EndIncluded events/is_same_event.sql
--! Included actions/note_mirrored_action.sql
create or replace function dpg_private.note_mirrored_action(event dpg.action_events)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not event.source_item_is_local then
    return; -- nobody here is a party
  end if;
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
    event.origin_instance_domain, case when event.remarks is not null then event.update_count end
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
      m.source_item_network, m.source_item_domain, m.source_item_type, m.source_item_id, m.source_item_instance_url
    ) = (
      event.source_item_network, event.source_item_domain, event.source_item_type, event.source_item_id, event.source_item_instance_url
    )
    and (
      m.target_item_network, m.target_item_domain, m.target_item_type, m.target_item_id, m.target_item_instance_url
    ) = (
      event.target_item_network, event.target_item_domain, event.target_item_type, event.target_item_id, event.target_item_instance_url
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
  proposed dpg.action_events;
  stored dpg.action_events;
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
  if found then
    perform dpg_private.note_mirrored_action(stored);
    return stored;
  end if;

  stored := dpg_private.get_event(proposed.partition_network, proposed.action_type, proposed.event_id);
  if stored.event_id is null then
    stored := dpg_private.get_event_of_update(
      proposed.partition_network, proposed.action_type, proposed.origin_instance_domain,
      proposed.action_id, proposed.update_count
    );
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
  scope text;
  page_start jsonb;
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
  scope := dpg_private.page_scope('find_events', jsonb_build_array(
    actor, ownership_role, partition_network, action_type, action_id, action_status, update_count, item_id
  ));
  page_start := dpg_private.page_position(scope, page_token);

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
       dpg_private.page_token(
         $6, jsonb_build_array(p.created_at, p.update_count, p.partition_network, p.action_type, p.event_id)
       )
     from (
       select * from (%s) e
       order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
       limit $7
     ) p
     order by p.created_at desc, p.update_count desc, p.partition_network, p.action_type, p.event_id',
    searches
  )
  using actor, action_id, action_status, update_count, item_id, scope, page_size,
    (page_start ->> 0)::timestamptz, (page_start ->> 1)::integer,
    page_start ->> 2, page_start ->> 3, (page_start ->> 4)::uuid;
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
  caller_plan_cache_mode text := current_setting('plan_cache_mode');
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
  -- comes with the execution of the insert, which keeps its own plan.
  insert into dpg.item_actions
  select proposed.*
  where set_config('plan_cache_mode', 'force_custom_plan', true) is not null
  on conflict do nothing; -- a constraint that is named would be looked for in the leaf at each call
  is_new := found;
  perform set_config('plan_cache_mode', caller_plan_cache_mode, true);

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
  source_item dpg.items;
  target_item dpg.items;
  proposed dpg.item_actions;
begin
  requirements_snapshot := coalesce(requirements_snapshot, '{}');
  -- a condition is evaluated without a query; how many of the checks return something says nothing
  if num_nonnulls(
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
    end,
    dpg_private.check_user(actor)
  ) is null then
    return null;
  end if;
  if exists (select from dpg.networks n where n.network in (source.item_network, target.item_network)) then
    perform dpg_private.check_interaction(action_type, source, target, action_id);
  end if;

  -- Leaves that are missing are made before the items are locked: who makes one waits for those who write to the
  -- network's items, and those may wait for these items. Not for a call that is refused anyway.
  if dpg_private.leaf('item_actions', target.item_network, action_type) is null
    or dpg_private.leaf('action_events', target.item_network, action_type) is null
  then
    source_item := dpg.get_item(source.item_network, source.item_domain, source.item_type, source.item_id);
    target_item := dpg.get_item(target.item_network, target.item_domain, target.item_type, target.item_id);
    if source_item.created_by <> actor then
      perform dpg_private.refuse_not_item_owner(actor, source);
    end if;
    perform
      dpg_private.leaf_to_write('item_actions', target.item_network, action_type),
      dpg_private.leaf_to_write('action_events', target.item_network, action_type);
  end if;

  -- kept from being deleted until the action refers to them; the lower key first, as everywhere: in bytes, since calls
  -- that lock many rows sort them so, whatever the collation of the database
  if (
      source.item_network collate "C", source.item_domain collate "C", source.item_type collate "C", source.item_id
    ) < (
      target.item_network collate "C", target.item_domain collate "C", target.item_type collate "C", target.item_id
    )
  then
    source_item := dpg_private.lock_item(source, 'key share');
    target_item := dpg_private.lock_item(target, 'key share');
  else
    target_item := dpg_private.lock_item(target, 'key share');
    source_item := dpg_private.lock_item(source, 'key share');
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
  if exists (select from dpg.networks n where n.network in (source.item_network, target.item_network)) then
    perform dpg_private.check_interaction(action_type, source, target, action_id);
  end if;

  -- before the item is locked: see dpg.perform_action
  if dpg_private.leaf('item_actions', target.item_network, action_type) is null
    or dpg_private.leaf('action_events', target.item_network, action_type) is null
  then
    target_item := dpg.get_item(target.item_network, target.item_domain, target.item_type, target.item_id);
    perform
      dpg_private.leaf_to_write('item_actions', target.item_network, action_type),
      dpg_private.leaf_to_write('action_events', target.item_network, action_type);
  end if;
  target_item := dpg_private.lock_item(target, 'key share');
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
--! Included actions/is_repeated_move.sql
create or replace function dpg_private.is_repeated_move(
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
  stored dpg.action_events := dpg_private.get_event(action.partition_network, action.action_type, event_id);
begin
  if stored.event_id is null then
    return false;
  end if;
  if not stored.target_item_is_local
    or stored.update_count = 0
    or stored.update_count - 1 <> expected_update_count -- nothing to compare when null; + 1 on the other side could overflow
    or (stored.action_id, stored.action_status) is distinct from (action.action_id, is_repeated_move.action_status)
    or (
      (stored.event_payload, stored.remarks) is distinct from (is_repeated_move.event_payload, is_repeated_move.remarks)
      -- what was taken away since cannot be compared
      and not dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, stored.event_id)
    )
  then
    perform dpg_private.refuse_different_event(stored);
  end if;
  return true;
end
$body$;

comment on function dpg_private.is_repeated_move(dpg.item_actions, text, integer, jsonb, text, uuid) is
  'Whether this very change of the action was made before under this event_id. Raises DP008 when the id was used for something else.';
--! EndIncluded actions/is_repeated_move.sql
--! Included actions/move_action.sql
create or replace function dpg_private.move_action(
  leaf regclass,
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
  transitions jsonb;
  edges text[]; -- who may go from the present status to the wanted one
  moved dpg.item_actions := action;
begin
  event_payload := coalesce(event_payload, dpg_private.default_payload(action_status));

  select d.transitions
  into transitions
  from dpg.action_definitions d
  where d.partition_network = action.partition_network
    and d.action_type = action.action_type;
  if found then
    select array_agg(case e.edge ->> 'by' when 'source' then 'initiated' when 'target' then 'received' else 'either' end)
    into edges
    from jsonb_array_elements(transitions) e(edge)
    where e.edge ->> 'from' = action.action_status
      and e.edge ->> 'to' = move_action.action_status;
  else
    edges := array['either'];
  end if;

  if action.update_count = coalesce(expected_update_count, action.update_count) and edges && (roles || array['either']) then
    moved.action_status := action_status;
    moved.update_count := action.update_count + 1;
    moved.remarks := coalesce(remarks, action.remarks);
    -- after the lock, and later than the last change even when the clock was set back
    moved.updated_at := greatest(clock_timestamp(), action.updated_at + interval '1 microsecond');
    perform dpg_private.leaf_to_write('action_events', action.partition_network, action.action_type);
    -- the event first: where its id was used before, nothing has been written yet
    if dpg_private.append_event(moved, coalesce(event_id, gen_random_uuid()), event_payload, remarks) then
      execute format(
        'update %s a
         set action_status = $4, update_count = $5, remarks = $6, updated_at = $7
         where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3',
        leaf
      )
      using action.partition_network, action.action_type, action.action_id,
        moved.action_status, moved.update_count, moved.remarks, moved.updated_at;
      return moved;
    end if;
  end if;

  -- refused, unless it is the repetition of a call that was done
  if event_id is not null and dpg_private.is_repeated_move(
    action, action_status, expected_update_count, event_payload, remarks, event_id
  ) then
    return action;
  end if;
  if moved.update_count > action.update_count then
    -- its event could not be appended: one that was mirrored before its origin became a URL of ours has the place
    perform dpg_private.refuse_different_event(
      dpg_private.get_event_of_update(
        action.partition_network, action.action_type, action.target_item_instance_url, action.action_id, moved.update_count
      )
    );
  end if;
  if action.update_count <> expected_update_count then
    raise exception using
      errcode = 'DP007',
      message = format('action %s has update_count %s, not %s', action.action_id, action.update_count, expected_update_count),
      hint = 'Somebody else changed the action first: read it again, decide anew, and repeat the call with its update_count.',
      detail = jsonb_build_object(
        'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
        'expected_update_count', expected_update_count, 'update_count', action.update_count,
        'action_status', action.action_status
      )::text;
  end if;
  if edges is null then
    raise exception using
      errcode = 'DP006',
      message = format('action %s cannot go from %L to %L', action.action_id, action.action_status, action_status),
      hint = format(
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
      ),
      detail = jsonb_build_object(
        'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
        'from', action.action_status, 'to', action_status
      )::text;
  end if;
  perform dpg_private.refuse_not_action_party(
    party, action,
    format('may not move from %L to %L', action.action_status, action_status),
    format(
      'The declared graph leaves this change to the owner of the %s item.',
      case edges[1] when 'initiated' then 'source' else 'target' end
    ),
    jsonb_build_object(
      'from', action.action_status, 'to', action_status,
      'by', case edges[1] when 'initiated' then 'source' else 'target' end
    )
  );
  return null;
end
$body$;

comment on function dpg_private.move_action(regclass, text, text[], dpg.item_actions, text, integer, jsonb, text, uuid) is
  'Moves an action of this leaf, already under its row lock, for a party with these roles (initiated, received), and appends the event. Raises DP005, DP006, DP007, DP008.';
--! EndIncluded actions/move_action.sql
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
  leaf regclass;
  action dpg.item_actions;
  roles text[];
begin
  -- a condition is evaluated without a query; how many of the checks return something says nothing
  if num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_move(
      partition_network, action_type, action_id, action_status, expected_update_count, event_payload, remarks
    )
  ) is null then
    return null;
  end if;
  leaf := dpg_private.leaf('item_actions', partition_network, action_type);
  action := dpg_private.lock_action(leaf, partition_network, action_type, action_id, 'no key update');
  roles := dpg_private.ownership_roles(
    actor, action.source_item_owner, action.source_item_is_local, action.target_item_owner, true
  );
  if roles = '{}' then
    perform dpg_private.refuse_not_action_party(actor, action);
  end if;
  return dpg_private.move_action(
    leaf, actor, roles, action, action_status, expected_update_count, event_payload, remarks, event_id
  );
end
$body$;

comment on function dpg.transition_action(text, text, text, uuid, text, integer, jsonb, text, uuid) is
  'Moves an action to another status for a party of this instance, under a row lock: update_count + 1, and one event in the same transaction. With expected_update_count the call is refused (DP007) when somebody else changed the action first. Null remarks keep the row''s. event_payload is {"status": <status>} unless given. With event_id a repeated call is safe. Raises DP001, DP004, DP005, DP006, DP007, DP008. Example: select * from dpg.transition_action(''ravi'', ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333'', ''accepted'', expected_update_count => 0)';
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
    or action.source_item_instance_url <> source_item_instance_url
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
  'transition_action for the source party of an action that came by receive_action: URL and owner must equal those in the action; the caller must have authenticated that instance. With event_id, chosen by the sender, a repeated call is safe. Raises DP001, DP004, DP005, DP006, DP007, DP008. Example: select * from dpg.receive_transition(''https://student.yellowdot.example.com'', ''asha'', ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333'', ''withdrawn'')';
--! EndIncluded actions/receive_transition.sql
--! Included actions/get_action.sql
create or replace function dpg.get_action(actor text, partition_network text, action_type text, action_id uuid)
returns dpg.item_actions
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  action dpg.item_actions;
  mirrored dpg.item_actions;
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_action_key(partition_network, action_type, action_id);
  leaf := dpg_private.leaf('item_actions', partition_network, action_type);
  if leaf is not null then
    execute format(
      'select * from %s a where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3', leaf
    )
    into action
    using partition_network, action_type, action_id;
  end if;
  if dpg_private.ownership_roles(
    actor, action.source_item_owner, action.source_item_is_local, action.target_item_owner, true
  ) <> '{}' then
    return action;
  end if;

  -- one that lives on another instance, as its mirrored events tell of it; ids there are not ours, so there may be several
  select (dpg_private.action_of_mirrored(m)).*
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
  'One action, for its parties; also one that lives on another instance, as its mirrored events tell of it (target_item_instance_url says where). Raises DP001, DP004, DP005. Example: select * from dpg.get_action(''asha'', ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333'')';
--! EndIncluded actions/get_action.sql
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
  scope text;
  page_start jsonb;
  searches text;
begin
  ownership_role := coalesce(ownership_role, 'all');
  page_size := coalesce(page_size, 20);
  perform
    dpg_private.check_party_filters(actor, ownership_role, partition_network, action_type, action_status),
    dpg_private.check_page_size(page_size);
  scope := dpg_private.page_scope('find_actions', jsonb_build_array(
    actor, ownership_role, partition_network, action_type, action_status, item_id
  ));
  page_start := dpg_private.page_position(scope, page_token);

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
    'select p.*,
       dpg_private.page_token(
         $4,
         jsonb_build_array(p.updated_at, p.partition_network, p.action_type, p.action_id, p.target_item_instance_url)
       )
     from (
       select * from (%s) a
       order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
       limit $5
     ) p
     order by p.updated_at desc, p.partition_network, p.action_type, p.action_id, p.target_item_instance_url',
    searches
  )
  using actor, action_status, item_id, scope, page_size,
    (page_start ->> 0)::timestamptz, page_start ->> 1, page_start ->> 2, (page_start ->> 3)::uuid, page_start ->> 4,
    partition_network, action_type;
end
$body$;

comment on function dpg.find_actions(text, text, text, text, text, uuid, integer, text) is
  'The actions of which the actor is a party, also those that live on other instances as far as their events were mirrored (target_item_instance_url says where; requirements_snapshot is {}), latest change first (updated_at descending, then partition_network, action_type and action_id). ownership_role is initiated (the actor owned the source), received (the target) or all; item_id means the item on that side. A page has page_size rows (1 to 1,000, 20 unless told); next_page_token of a row, passed as page_token with the same filters, continues after it; fewer rows than page_size means the end. Raises DP001, DP011. Example: select * from dpg.find_actions(''ravi'', ''received'', ''yellow_dot'', ''connect'', ''created'')';
--! EndIncluded actions/find_actions.sql
--! Included feed/feed_home.sql
create or replace function dpg_private.feed_home()
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
    left(pg_walfile_name(pg_current_wal_lsn()), 8), -- the timeline: another one after each promotion
    (select d.oid from pg_database d where d.datname = current_database())
  );
end
$body$;

comment on function dpg_private.feed_home() is
  'Names this database of this cluster on this timeline: something else after a restore and after the promotion of a replica.';
--! EndIncluded feed/feed_home.sql
--! Included feed/enter_feed_home.sql
create or replace function dpg_private.enter_feed_home()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  here constant text := dpg_private.feed_home();
  last_position bigint;
begin
  if exists (select from dpg_private.feed_state s where s.is_only and s.home = here) then
    return;
  end if;
  select max(f."position") into last_position from dpg_private.event_feed f;
  if last_position is not null then
    -- What the former home gave out after the dump was made, or what never reached the replica, is not here. Whoever
    -- remembers such a position must not meet it again with another event behind it.
    perform setval('dpg_private.event_feed_position_seq', last_position + 1000000000);
  end if;
  update dpg_private.feed_state s
  set home = here,
    swept_seq = 0,
    sweeping_seq = null,
    sweeping_behind = null
  where s.is_only;
end
$body$;

comment on function dpg_private.enter_feed_home() is
  'After a restore or a promotion: leaves out a billion positions, so that none that was given out before and is lost is given to another event.';
--! EndIncluded feed/enter_feed_home.sql
--! Included feed/queue_writers.sql
create or replace function dpg_private.queue_writers()
returns text[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Whoever inserts holds this lock from before the seq is drawn until the transaction ends. A prepared transaction
  -- holds it under another name than before ('-1/' and its transaction id), and has no pid.
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

comment on function dpg_private.queue_writers() is
  'The open transactions, but for this one, that may have put events into the queue.';
--! EndIncluded feed/queue_writers.sql
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
  state dpg_private.feed_state;
  writers text[];
  is_swept boolean := false;
begin
  select s.* into state from dpg_private.feed_state s where s.is_only;
  perform q.seq from dpg_private.event_queue q where q.seq > state.swept_seq order by q.seq limit 1;
  if not found then
    return false;
  end if;
  -- any number that nobody else on this database locks; dpg.subscription_status looks for it
  if not pg_try_advisory_xact_lock(7237117967450113) then
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
  with taken as (
    delete from dpg_private.event_queue q
    where q.seq = any (
      array(
        select n.seq
        from dpg_private.event_queue n
        where n.seq > state.swept_seq
        order by n.seq
        limit 1000
      )
    )
    returning q.*
  )
  insert into dpg_private.event_feed (partition_network, action_type, event_id, source_item_instance_url, created_at)
  select t.partition_network, t.action_type, t.event_id, t.source_item_instance_url, t.created_at
  from taken t
  order by t.seq;

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
  'Gives positions in the feed to the next events that can be seen and have none, 1,000 at most; whether there were any. One transaction at a time does that, until it ends; for others there is nothing to place meanwhile.';
--! EndIncluded feed/place_events.sql
--! Included feed/check_batch.sql
create or replace function dpg_private.check_batch(max_events integer, lease_seconds double precision)
returns void
language plpgsql
immutable
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
immutable
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
--! Included feed/refuse_subscription.sql
create or replace function dpg_private.refuse_subscription(subscription text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.refuse_argument(
    'subscription', to_jsonb(subscription), 'is no subscription', 'Make it first with dpg.create_subscription.'
  );
end
$body$;

comment on function dpg_private.refuse_subscription(text) is
  'Raises DP001 for a name that no subscription has.';
--! EndIncluded feed/refuse_subscription.sql
--! Included feed/get_subscription.sql
create or replace function dpg_private.get_subscription(subscription text)
returns dpg.subscriptions
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions;
begin
  perform dpg_private.check_key('subscription', subscription);
  select s.* into stored from dpg.subscriptions s where s.subscription = get_subscription.subscription;
  if not found then
    perform dpg_private.refuse_subscription(subscription);
  end if;
  return stored;
end
$body$;

comment on function dpg_private.get_subscription(text) is
  'The subscription of this name. Raises DP001 when there is none.';
--! EndIncluded feed/get_subscription.sql
--! Included feed/lock_subscription.sql
create or replace function dpg_private.lock_subscription(subscription text)
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
  select s.* into stored from dpg.subscriptions s where s.subscription = lock_subscription.subscription for update;
  if not found then
    perform dpg_private.refuse_subscription(subscription);
  end if;
  return stored;
end
$body$;

comment on function dpg_private.lock_subscription(text) is
  'The subscription of this name under a row lock. Raises DP001 when there is none.';
--! EndIncluded feed/lock_subscription.sql
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

  loop
    select s.* into stored from dpg.subscriptions s where s.subscription = create_subscription.subscription;
    exit when found;
    insert into dpg.subscriptions as s (subscription, partition_network, action_type, source_item_instance_url)
    values (
      create_subscription.subscription, create_subscription.partition_network, create_subscription.action_type,
      create_subscription.source_item_instance_url
    )
    on conflict on constraint subscriptions_pkey do nothing
    returning s.* into stored;
    exit when found;
  end loop;
  if (stored.partition_network, stored.action_type, stored.source_item_instance_url)
    is distinct from (partition_network, action_type, source_item_instance_url)
  then
    raise exception using
      errcode = 'DP008',
      message = format('subscription %L is there already, with other filters', subscription),
      hint = 'Give another subscription another name, or drop this one first: dpg.drop_subscription.',
      detail = jsonb_build_object(
        'subscription', subscription, 'partition_network', stored.partition_network,
        'action_type', stored.action_type, 'source_item_instance_url', stored.source_item_instance_url
      )::text;
  end if;
  return stored;
end
$body$;

comment on function dpg.create_subscription(text, text, text, text) is
  'Makes a subscription to the events of this instance, from the first one on: all, or those of a network, of an action type, for one instance (source_item_instance_url, the instance of the action''s source), or of several of these together. The same again returns the row as it is now; other filters are DP008. Raises DP001, DP008. Example: select * from dpg.create_subscription(''to student'', source_item_instance_url => ''https://student.yellowdot.example.com'')';
--! EndIncluded feed/create_subscription.sql
--! Included feed/drop_subscription.sql
create or replace function dpg.drop_subscription(subscription text)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions := dpg_private.lock_subscription(subscription);
begin
  delete from dpg.failed_events f where f.subscription = drop_subscription.subscription;
  delete from dpg.subscriptions s where s.subscription = drop_subscription.subscription;
  return stored;
end
$body$;

comment on function dpg.drop_subscription(text) is
  'Ends a subscription and forgets how far it was and what it could not deliver; returns its last state. No event is lost: one of the same name would begin at the first event. Raises DP001 for an unknown one. Example: select * from dpg.drop_subscription(''to student'')';
--! EndIncluded feed/drop_subscription.sql
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
    case when reader.source_item_instance_url is not null then 'and f.source_item_instance_url = $3' end,
    case when reader.partition_network is not null then 'and f.partition_network = $4' end,
    case when reader.action_type is not null then 'and f.action_type = $5' end
  )
  into positions
  using greatest(reader.acknowledged_position, reader.passed_position), max_events,
    reader.source_item_instance_url, reader.partition_network, reader.action_type;
  return positions;
end
$body$;

comment on function dpg_private.next_positions(dpg.subscriptions, integer) is
  'The next positions that a subscription has not acknowledged, in order, as committed by now.';
--! EndIncluded feed/next_positions.sql
--! Included feed/events_at.sql
create or replace function dpg_private.events_at(positions bigint[])
returns setof dpg.feed_event
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted record;
  searches text[] := array[]::text[];
begin
  -- one search for each leaf, by the primary key
  for wanted in
    select f.partition_network, f.action_type,
      dpg_private.leaf('action_events', f.partition_network, f.action_type) as leaf,
      array_agg(f."position" order by f."position") as positions,
      array_agg(f.event_id order by f."position") as ids
    from dpg_private.event_feed f
    where f."position" = any (events_at.positions)
    group by f.partition_network, f.action_type
  loop
    if wanted.leaf is null then
      -- better to stand still than to skip events without a word
      raise exception using
        errcode = 'DP010',
        message = format('the events of %L/%L are in the feed, but their partition is gone', wanted.partition_network, wanted.action_type),
        hint = 'Attach it to dpg.action_events again; the subscription then goes on where it is.',
        detail = jsonb_build_object(
          'root', 'action_events', 'network', wanted.partition_network, 'key', wanted.action_type, 'positions', wanted.positions
        )::text;
    end if;
    searches := searches || format(
      'select w."position", e.*
       from unnest(%L::bigint[], %L::uuid[]) w("position", event_id)
       join %s e on e.partition_network = %L and e.action_type = %L and e.event_id = w.event_id',
      wanted.positions, wanted.ids, wanted.leaf, wanted.partition_network, wanted.action_type
    );
  end loop;
  if searches <> '{}' then
    return query execute array_to_string(searches, ' union all ') || ' order by 1';
  end if;
end
$body$;

comment on function dpg_private.events_at(bigint[]) is
  'The events at these positions of the feed, in order. Raises DP010 where the partition of one was taken away.';
--! EndIncluded feed/events_at.sql
--! Included feed/read_events.sql
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
begin
  max_events := coalesce(max_events, 1000);
  lease_seconds := coalesce(lease_seconds, 60);
  perform dpg_private.check_batch(max_events, lease_seconds);
  seen := dpg_private.get_subscription(subscription);
  if seen.leased_until > clock_timestamp() then
    return;
  end if;

  -- Look first, without a lock: a reader at the end writes nothing. Events are placed only when those that have
  -- positions do not fill the batch.
  reader := seen;
  loop
    select max(f."position") into feed_end from dpg_private.event_feed f;
    positions := dpg_private.next_positions(reader, max_events);
    if positions = '{}' then
      reader.passed_position := greatest(reader.passed_position, feed_end);
    end if;
    exit when cardinality(positions) = max_events or not dpg_private.place_events();
  end loop;
  if positions = '{}' and reader.passed_position - seen.passed_position < 1000 then
    return;
  end if;

  select s.* into reader
  from dpg.subscriptions s
  where s.subscription = read_events.subscription
  for update skip locked;
  if not found or reader.leased_until > clock_timestamp() then
    return; -- another reader was faster
  end if;
  if reader is distinct from seen then
    positions := dpg_private.next_positions(reader, max_events);
  elsif positions = '{}' then
    update dpg.subscriptions s
    set passed_position = feed_end
    where s.subscription = read_events.subscription;
  end if;
  if positions = '{}' then
    return;
  end if;
  update dpg.subscriptions s
  set leased_position = positions[cardinality(positions)],
    leased_until = clock_timestamp() + make_interval(secs => lease_seconds),
    leased_at = clock_timestamp(),
    handed_out_position = greatest(s.handed_out_position, positions[cardinality(positions)])
  where s.subscription = read_events.subscription;
  return query select e.* from dpg_private.events_at(positions) e;
end
$body$;

comment on function dpg.read_events(text, integer, double precision) is
  'The next events of a subscription, in the order of the feed, max_events (1 to 10,000) at most. They are leased for lease_seconds: meanwhile no other call gets events of this subscription. What is not acknowledged by then comes again, so that each event is delivered at least once; a reader that keeps the position beside what it did with the event applies each exactly once. No rows: nothing is there now, or another reader works on it. Call it in a transaction of its own and end that at once: until then nobody else can lease, nor put new events into the feed. Raises DP001, DP010. Example: select e."position", e.action_status, e.event_payload from dpg.read_events(''to student'', 100) e';
--! EndIncluded feed/read_events.sql
--! Included feed/acknowledge.sql
create or replace function dpg.acknowledge(subscription text, "position" bigint)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
begin
  perform dpg_private.check_present('position', acknowledge."position" is not null);
  reader := dpg_private.lock_subscription(subscription);
  if not acknowledge."position" between 0 and reader.handed_out_position then
    perform dpg_private.refuse_argument(
      'position', to_jsonb(acknowledge."position"), 'was not handed out',
      format('Pass the position of an event that read_events returned; the highest was %s.', reader.handed_out_position)
    );
  end if;
  if acknowledge."position" <= reader.acknowledged_position and reader.leased_position is null then
    return reader.acknowledged_position;
  end if;
  update dpg.subscriptions s
  set acknowledged_position = greatest(s.acknowledged_position, acknowledge."position"),
    acknowledged_at = clock_timestamp(),
    leased_position = case when s.leased_position > acknowledge."position" then s.leased_position end,
    leased_until = case when s.leased_position > acknowledge."position" then s.leased_until end
  where s.subscription = acknowledge.subscription;
  delete from dpg.failed_events f
  where f.subscription = acknowledge.subscription
    and f."position" <= acknowledge."position"
    and f.state = 'failing';
  return greatest(reader.acknowledged_position, acknowledge."position");
end
$body$;

comment on function dpg.acknowledge(text, bigint) is
  'Says that everything up to this position is done, and returns up to where everything is: it moves forward, never back. When it is the end of the leased batch, the next can be read. A position that was not handed out is DP001. Raises DP001. Example: select dpg.acknowledge(''to student'', 42)';
--! EndIncluded feed/acknowledge.sql
--! Included feed/release_events.sql
create or replace function dpg.release_events(
  subscription text,
  error text default null,
  retry_seconds double precision default 0
)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
begin
  retry_seconds := coalesce(retry_seconds, 0);
  perform dpg_private.check_failure(error, retry_seconds);
  reader := dpg_private.lock_subscription(subscription);
  update dpg.subscriptions s
  set leased_position = null,
    leased_until = case when retry_seconds > 0 then clock_timestamp() + make_interval(secs => retry_seconds) end,
    last_error = coalesce(release_events.error, s.last_error),
    last_error_at = case when release_events.error is null then s.last_error_at else clock_timestamp() end
  where s.subscription = release_events.subscription
  returning s.* into reader;
  return reader;
end
$body$;

comment on function dpg.release_events(text, text, double precision) is
  'Gives a leased batch back: what is not acknowledged comes again after retry_seconds (0 to 86,400), to whoever reads then. With error, what went wrong, which dpg.subscription_status shows; put no secret there. Raises DP001. Example: select dpg.release_events(''to student'', ''connection refused'', 30)';
--! EndIncluded feed/release_events.sql
--! Included feed/fail_event.sql
create or replace function dpg.fail_event(
  subscription text,
  "position" bigint,
  error text,
  max_attempts integer default 10,
  retry_seconds double precision default 0
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
begin
  max_attempts := coalesce(max_attempts, 10);
  retry_seconds := coalesce(retry_seconds, 0);
  perform
    dpg_private.check_present('position', fail_event."position" is not null),
    dpg_private.check_failure(error, retry_seconds);
  if max_attempts < 1 then
    perform dpg_private.refuse_argument('max_attempts', to_jsonb(max_attempts), 'is out of range', 'Try at least once.');
  end if;
  reader := dpg_private.lock_subscription(subscription);
  insert into dpg.failed_events as f (
    subscription, "position", state, attempts, last_error, partition_network, action_type, event_id
  )
  select reader.subscription, e."position", case when max_attempts > 1 then 'failing' else 'dead' end, 1, fail_event.error,
    e.partition_network, e.action_type, e.event_id
  from dpg_private.event_feed e
  where e."position" = fail_event."position"
    and e."position" <= reader.handed_out_position
  on conflict on constraint failed_events_pkey do update
  set attempts = f.attempts + 1,
    state = case when f.attempts + 1 >= max_attempts then 'dead' else f.state end,
    last_error = excluded.last_error,
    last_failed_at = excluded.last_failed_at,
    leased_until = case
      when f.state = 'retrying' and f.attempts + 1 < max_attempts
        then clock_timestamp() + make_interval(secs => retry_seconds)
    end
  returning f.* into failed;
  if not found then
    perform dpg_private.refuse_argument(
      'position', to_jsonb(fail_event."position"), 'was not handed out', 'Pass the position of an event that read_events returned.'
    );
  end if;
  update dpg.subscriptions s
  set last_error = coalesce(fail_event.error, s.last_error),
    last_error_at = failed.last_failed_at
  where s.subscription = fail_event.subscription;
  return failed;
end
$body$;

comment on function dpg.fail_event(text, bigint, text, integer, double precision) is
  'Notes that a reader could not deal with an event, and returns how often that happened. After max_attempts its state is dead: go on without it, acknowledge beyond it. Before, leave it and release the batch. Of an event that came by read_retries, retry_seconds (0 to 86,400) is when it comes again. Put no secret into error. Raises DP001. Example: select (dpg.fail_event(''to student'', 42, ''answer 500'', max_attempts => 5)).state';
--! EndIncluded feed/fail_event.sql
--! Included feed/retry_events.sql
create or replace function dpg.retry_events(subscription text, "position" bigint default null)
returns setof dpg.failed_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.get_subscription(subscription);
  return query
  update dpg.failed_events f
  set state = 'retrying',
    attempts = 0,
    leased_until = null
  where f.subscription = retry_events.subscription
    and f."position" = coalesce(retry_events."position", f."position")
    and f.state = 'dead'
  returning f.*;
end
$body$;

comment on function dpg.retry_events(text, bigint) is
  'For an operator: has the dead events of a subscription tried again, all or the one at this position, and returns them. Raises DP001 for an unknown subscription. Example: select f."position", f.last_error from dpg.retry_events(''to student'') f';
--! EndIncluded feed/retry_events.sql
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
  positions bigint[];
begin
  max_events := coalesce(max_events, 100);
  lease_seconds := coalesce(lease_seconds, 60);
  perform
    dpg_private.check_batch(max_events, lease_seconds),
    dpg_private.get_subscription(subscription);
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
  update dpg.failed_events f
  set leased_until = clock_timestamp() + make_interval(secs => lease_seconds)
  where f.subscription = read_retries.subscription
    and f."position" = any (positions);
  return query select e.* from dpg_private.events_at(positions) e;
end
$body$;

comment on function dpg.read_retries(text, integer, double precision) is
  'The events that dpg.retry_events revived, in the order of the feed, each leased for lease_seconds to whoever got it. Then dpg.settle_event or dpg.fail_event, or it comes again. Raises DP001, DP010. Example: select e."position" from dpg.read_retries(''to student'') e';
--! EndIncluded feed/read_retries.sql
--! Included feed/settle_event.sql
create or replace function dpg.settle_event(subscription text, "position" bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_present('position', settle_event."position" is not null),
    dpg_private.get_subscription(subscription);
  delete from dpg.failed_events f
  where f.subscription = settle_event.subscription
    and f."position" = settle_event."position";
  return found;
end
$body$;

comment on function dpg.settle_event(text, bigint) is
  'Strikes an event off dpg.failed_events: it came by read_retries and was dealt with, or an operator has settled it in another way. False when it is not there. Raises DP001. Example: select dpg.settle_event(''to student'', 42)';
--! EndIncluded feed/settle_event.sql
--! Included feed/peers.sql
create or replace view dpg.peers as
with recursive sources as (
  -- from one URL to the next along the index, so that the length of the feed does not matter
  select min(f.source_item_instance_url) as instance_url
  from dpg_private.event_feed f
  union all
  select (
    select min(f.source_item_instance_url)
    from dpg_private.event_feed f
    where f.source_item_instance_url > s.instance_url
  )
  from sources s
  where s.instance_url is not null
)
select u.instance_url
from (
  select s.instance_url
  from sources s
  union
  select q.source_item_instance_url
  from dpg_private.event_queue q
) u
where u.instance_url is not null
  and not exists (
    select
    from dpg_private.instance_url_sightings s
    where s.instance_url = u.instance_url
  );

comment on view dpg.peers is
  'The other instances that there are events for: each URL of a source that is none of ours. What a mirror needs a subscription for.';
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
      and (s.source_item_instance_url is null or f.source_item_instance_url = s.source_item_instance_url)
      and (s.partition_network is null or f.partition_network = s.partition_network)
      and (s.action_type is null or f.action_type = s.action_type)
    union all
    select q.created_at
    from dpg_private.event_queue q
    where (s.source_item_instance_url is null or q.source_item_instance_url = s.source_item_instance_url)
      and (s.partition_network is null or q.partition_network = s.partition_network)
      and (s.action_type is null or q.action_type = s.action_type)
  ) l
) lag
left join lateral (
  select l.pid, a.xact_start as since,
    case
      when l.locktype = 'advisory' then 'it places events and has not ended: nobody else can'
      when l.relation = 'dpg.subscriptions'::regclass then 'it has read or acknowledged and has not ended'
      else 'it has made events and has not committed: they come when it does'
    end as reason
  from pg_locks l
  left join pg_stat_activity a on a.pid = l.pid
  where l.granted
    and l.pid <> pg_backend_pid()
    and l.database = (select d.oid from pg_database d where d.datname = current_database())
    and (
      (
        l.locktype = 'advisory'
        -- that of dpg_private.place_events
        and l.classid = (7237117967450113 >> 32)::oid
        and l.objid = (7237117967450113 & 4294967295)::oid
      )
      or (
        l.locktype = 'relation'
        and l.mode = 'RowExclusiveLock'
        and l.relation in ('dpg.subscriptions'::regclass, 'dpg_private.event_queue'::regclass)
      )
    )
  order by l.locktype, l.relation = 'dpg.subscriptions'::regclass desc, a.xact_start
  limit 1
) holder on true;

comment on view dpg.subscription_status is
  'How far behind each subscription is, and why. Counting takes time in proportion to the lag.';
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
--! Included redactions/check_reason.sql
create or replace function dpg_private.check_reason(reason text)
returns void
language plpgsql
immutable
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
  action_leaf regclass;
  redaction dpg.redactions;
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_present('event_id', event_id is not null),
    dpg_private.check_reason(reason);

  event := dpg_private.get_event(partition_network, action_type, event_id);
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
    execute format(
      'update %s a
       set remarks = null, requirements_snapshot = ''{}''
       where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3',
      action_leaf
    )
    using partition_network, action_type, event.action_id;
  end if;
  if not event.target_item_is_local then
    update dpg_private.mirrored_actions m
    set remarks = null
    where m.partition_network = redact_event.partition_network
      and m.action_type = redact_event.action_type
      and m.action_id = event.action_id
      and m.origin_instance_domain = event.origin_instance_domain;
  end if;
  execute format(
    'update %s e
     set event_payload = ''{}'', remarks = null
     where e.partition_network = $1 and e.action_type = $2 and e.event_id = $3
       and (e.event_payload <> ''{}'' or e.remarks is not null)',
    dpg_private.leaf('action_events', partition_network, action_type)
  )
  using partition_network, action_type, event_id;
  return redaction;
end
$body$;

comment on function dpg.redact_event(text, text, text, uuid, text) is
  'For dpg_admin: empties payload and remarks of an event, and remarks and requirements of its action, and keeps on record who asked for it and why. Returns the record. Store_event of such an event restores nothing. Raises DP001. Example: select * from dpg.redact_event(''dpo'', ''yellow_dot'', ''connect'', ''44444444-4444-4444-8444-444444444444'', ''request 17 under article 17'')';
--! EndIncluded redactions/redact_event.sql
--! Included redactions/ensure_tombstone.sql
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
  -- those of Better Auth's core columns that the table has
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
    -- somebody else made it, or has its address
    if not exists (select from public."user" u where u.id = dpg_private.tombstone()) then
      raise unique_violation using message = 'another user has the e-mail address erased-user@invalid';
    end if;
  exception
    when insufficient_privilege or not_null_violation or check_violation or foreign_key_violation or unique_violation then
      raise exception using
        errcode = 'DP009',
        message = format('the user %L, who stands for erased users, is missing and cannot be made: %s', dpg_private.tombstone(), sqlerrm),
        hint = format('Create a user with the id %L in public."user", then repeat the call.', dpg_private.tombstone()),
        detail = jsonb_build_object('actor', dpg_private.tombstone())::text;
  end;
end
$body$;

comment on function dpg_private.ensure_tombstone() is
  'Makes the user who stands for erased users where it is missing. Raises DP009 where that is impossible.';
--! EndIncluded redactions/ensure_tombstone.sql
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
  partition dpg.partitions;
  items dpg.item_ref[];
  ids uuid[];
  redaction dpg.redactions;
begin
  perform
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
      'update %s i
       set item_state = ''{}'', item_latitude = null, item_longitude = null, created_by = $2,
         updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond'')
       from unnest($1) o
       where (i.item_network, i.item_domain, i.item_type, i.item_id)
         = (o.item_network, o.item_domain, o.item_type, o.item_id)', partition.leaf
    )
    using items, tombstone;
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
      'update %s a
       set source_item_owner = case when a.source_item_owner = $2 and a.source_item_is_local then $3 else a.source_item_owner end,
         target_item_owner = case a.target_item_owner when $2 then $3 else a.target_item_owner end
       where a.partition_network = $4
         and a.action_type = $5
         and a.action_id = any ($1)', partition.leaf
    )
    using ids, user_id, tombstone, partition.network, partition.key;
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
      'update %s e
       set source_item_owner = case when e.source_item_owner = $2 and e.source_item_is_local then $3 else e.source_item_owner end,
         target_item_owner = case when e.target_item_owner = $2 and e.target_item_is_local then $3 else e.target_item_owner end
       where e.partition_network = $4
         and e.action_type = $5
         and e.event_id = any ($1)', partition.leaf
    )
    using ids, user_id, tombstone, partition.network, partition.key;
  end loop;

  update dpg_private.mirrored_actions m
  set source_item_owner = tombstone
  where m.source_item_owner = erase_user.user_id;
  delete from dpg_private.party_leaves p where p.owner = erase_user.user_id;
  update dpg.redactions r set actor = tombstone where r.actor = erase_user.user_id;
  return redaction;
end
$body$;

comment on function dpg.erase_user(text, text, text) is
  'For dpg_admin: empties the items of a user (item_state and coordinates) and puts the tombstone user dpg_erased_user in the user''s place as owner of items, in the owner snapshots of actions and events and in dpg.redactions, so that the row in public."user" can be deleted. Keeps on record who asked for it and why, and returns that record. What the user wrote into payloads and remarks is for dpg.redact_event. Reads every leaf, each as it is when its turn comes: call it under READ COMMITTED, and delete the user in the same transaction. Raises DP001, DP009. Example: select * from dpg.erase_user(''dpo'', ''asha'', ''request 18 under article 17'')';
--! EndIncluded redactions/erase_user.sql
--! Included actions/item_actions_parties_only.sql
-- For those who read the table directly. The API functions run as its owner, whom no policy concerns.
alter table dpg.item_actions enable row level security;

drop policy if exists item_actions_parties_only on dpg.item_actions;
create policy item_actions_parties_only on dpg.item_actions
for select
to dpg_app
using (
  target_item_owner = (select nullif(current_setting('dpg.actor', true), 'dpg_erased_user'))
  or (source_item_owner = (select nullif(current_setting('dpg.actor', true), 'dpg_erased_user')) and source_item_is_local)
);

drop policy if exists item_actions_all on dpg.item_actions;
create policy item_actions_all on dpg.item_actions
for select
to dpg_readonly, dpg_admin
using (true);

comment on policy item_actions_parties_only on dpg.item_actions is
  'dpg_app reads only actions of which the user in the setting dpg.actor is a party: set local dpg.actor = ''asha''. None without it, and none for the tombstone of erased users.';
comment on policy item_actions_all on dpg.item_actions is
  'dpg_readonly and dpg_admin read all actions.';
--! EndIncluded actions/item_actions_parties_only.sql
--! Included events/action_events_parties_only.sql
-- For those who read the table directly. The API functions run as its owner, whom no policy concerns.
alter table dpg.action_events enable row level security;

drop policy if exists action_events_parties_only on dpg.action_events;
create policy action_events_parties_only on dpg.action_events
for select
to dpg_app
using (
  (target_item_owner = (select nullif(current_setting('dpg.actor', true), 'dpg_erased_user')) and target_item_is_local)
  or (source_item_owner = (select nullif(current_setting('dpg.actor', true), 'dpg_erased_user')) and source_item_is_local)
);

drop policy if exists action_events_all on dpg.action_events;
create policy action_events_all on dpg.action_events
for select
to dpg_readonly, dpg_admin
using (true);

comment on policy action_events_parties_only on dpg.action_events is
  'dpg_app reads only events of which the user in the setting dpg.actor is a party: set local dpg.actor = ''asha''. None without it, and none for the tombstone of erased users.';
comment on policy action_events_all on dpg.action_events is
  'dpg_readonly and dpg_admin read all events.';
--! EndIncluded events/action_events_parties_only.sql
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
