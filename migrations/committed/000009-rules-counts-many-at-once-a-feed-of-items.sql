--! Previous: sha1:053b580d54230ee942036510293832c4fff37354
--! Hash: sha1:3b183490de00521b1f7b0ced73e05b22e78eae13
--! Message: Rules, counts, many at once, a feed of items

-- The objects that are there are noted before others are created.
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

-- New indexes first: writers of actions wait until the end (SHARE), readers only from the columns on (ACCESS EXCLUSIVE).
-- A leaf that has an equal index already, made concurrently before, is not read: docs/upgrading.md.
--! Included actions/item_actions_indexes.sql
-- Each change of an action is an entry in each index of owners. So they hold what is asked for and nothing else.
-- Ascending, though they are read from the latest: a page then splits where the next entry of its owner comes, and is
-- full.
create index if not exists item_actions_source_owner_idx
on dpg.item_actions (source_item_owner, updated_at)
where source_item_is_local;

comment on index dpg.item_actions_source_owner_idx is
  'For find_actions of the party that initiated, latest change first.';

create index if not exists item_actions_target_owner_idx
on dpg.item_actions (target_item_owner, updated_at);

comment on index dpg.item_actions_target_owner_idx is
  'For find_actions of the party that received, latest change first.';

create index if not exists item_actions_source_status_idx
on dpg.item_actions (source_item_owner, action_status, updated_at)
where source_item_is_local;

comment on index dpg.item_actions_source_status_idx is
  'For find_actions by status and count_actions of the party that initiated.';

create index if not exists item_actions_target_status_idx
on dpg.item_actions (target_item_owner, action_status, updated_at);

comment on index dpg.item_actions_target_status_idx is
  'For find_actions by status and count_actions of the party that received.';

-- By item, then by status, so that open actions are counted without reading closed ones; the time is there for
-- counts by status with their latest change. Each change of an action is an entry here, too: its time is in the indexes
-- of owners anyway, so no change is without entries.
create index if not exists item_actions_source_idx
on dpg.item_actions (source_local_item_id, action_status, updated_at)
where source_local_item_id is not null;

comment on index dpg.item_actions_source_idx is
  'By source, where it is an item of this instance in the network of the action: for rules and counts, for closing the
actions of an item, and for delete_item, which must know whether an action refers to the item.';

create index if not exists item_actions_other_source_idx
on dpg.item_actions (source_item_id, action_status, updated_at)
where source_local_item_id is null;

comment on index dpg.item_actions_other_source_idx is
  'By source, where it is an item of another network or instance: for set_item_status with close_actions_as, and for
rules.';

create index if not exists item_actions_target_idx
on dpg.item_actions (target_item_id, source_item_id, action_status, updated_at);

comment on index dpg.item_actions_target_idx is
  'By target, then by source: for rules over pairs, counts, closing the actions of an item, find_actions with item_id,
and delete_item, which must know whether an action refers to the item.';
--! EndIncluded actions/item_actions_indexes.sql
do $body$
begin
  -- ACCESS EXCLUSIVE, as the columns that come next
  drop index if exists dpg.item_actions_source_item_idx, dpg.item_actions_target_item_idx;
end
$body$;

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
      pg_catalog.to_regtype('dpg.found_action'), pg_catalog.to_regtype('dpg.found_action[]'),
      pg_catalog.to_regtype('dpg.found_event'), pg_catalog.to_regtype('dpg.found_event[]'),
      pg_catalog.to_regtype('dpg.feed_event'), pg_catalog.to_regtype('dpg.feed_event[]')
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
      and a.attname = 'performed_by'
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
        or (
          p.pronamespace = 'dpg'::pg_catalog.regnamespace
          and p.proname in (
            'perform_action', 'receive_action', 'transition_action', 'receive_transition', 'define_action',
            'set_item_status'
          )
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
  drop type if exists dpg.found_action, dpg.found_event, dpg.feed_event;
end
$body$;

-- Also what older migrations have made again, when all are run once more.
drop function if exists
  dpg.set_item_status(text, text, text, text, uuid, text, timestamptz),
  dpg.find_actions(text, text, text, text, text, uuid, integer, text),
  dpg_private.find_leaves_of_party(text, text, text, text),
  dpg_private.is_kept_for_status(dpg_private.party_leaf[], dpg_private.action_search, dpg_private.action_page),
  dpg_private.has_near_page_of_slot(anyenum, dpg_private.action_search, dpg_private.action_page),
  dpg_private.actions_of_slot(anyenum, dpg_private.action_search, dpg_private.action_page, boolean),
  dpg.perform_action(text, text, dpg.item_ref, dpg.item_ref, jsonb, text, jsonb, uuid),
  dpg.receive_action(
    text, dpg.item_ref, text, text, dpg.item_ref, jsonb, text, jsonb, uuid, double precision, double precision
  ),
  dpg.transition_action(text, text, text, uuid, text, integer, jsonb, text, uuid),
  dpg.receive_transition(text, text, text, text, uuid, text, integer, jsonb, text, uuid),
  dpg.define_action(text, text, jsonb, text),
  dpg_private.lock_leaf_of_search(text, text, regclass),
  dpg_private.check_batch(integer, double precision),
  dpg_private.find_queue_writers(),
  dpg_private.append_event(dpg.item_actions, uuid, jsonb, text),
  dpg_private.digest_of_change(text, jsonb, text),
  dpg_private.write_action_and_event(regclass, dpg.item_actions, uuid, jsonb, text),
  dpg_private.insert_action(
    regclass, smallint, regclass, smallint, text, uuid, dpg.items, boolean, dpg.items, jsonb, text, jsonb
  ),
  dpg_private.is_repeated_transition(dpg.item_actions, text, integer, jsonb, text, uuid),
  dpg_private.refuse_not_action_party(text, dpg.item_actions, text, text, jsonb),
  dpg_private.refuse_transition(text, dpg.item_actions, text, integer, jsonb, text[]),
  dpg_private.apply_transition(
    regclass, smallint, text, text[], dpg.item_actions, text, integer, jsonb, text, uuid
  );

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
--! Included arguments/refusal.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg_private.refusal') is null then
    create type dpg_private.refusal as (
      code text,
      message text,
      hint text,
      detail jsonb
    );
  end if;
end
$body$;

comment on type dpg_private.refusal is
  'Why a call is refused: SQLSTATE, message, HINT and DETAIL of the error. A call that goes on with others finds it
without raising. code is null where nothing is refused.';

create or replace function dpg_private.raise_refusal(refusal dpg_private.refusal)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if refusal.code is not null then
    raise exception using
      errcode = refusal.code,
      message = dpg_private.text_for_client(refusal.message),
      hint = dpg_private.text_for_client(refusal.hint),
      detail = dpg_private.text_for_client(refusal.detail::text);
  end if;
end
$body$;

comment on function dpg_private.raise_refusal(dpg_private.refusal) is
  'Raises the error that a refusal describes; nothing where its code is null.';
--! EndIncluded arguments/refusal.sql
--! Included arguments/argument.sql
create or replace function dpg_private.argument_refusal(
  argument text,
  value jsonb,
  problem text,
  hint text,
  index integer default null
)
returns dpg_private.refusal
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  shown jsonb := coalesce(value, 'null');
begin
  -- a value of megabytes helps nobody in a log
  if octet_length(shown::text) > 1000 then
    shown := to_jsonb(left(coalesce(value #>> array[]::text[], ''), 200) || '...');
  end if;
  return row(
    'DP001',
    format(
      '%s%s %s: %s',
      argument,
      case when index is null then '' else format(' (element %s)', index) end,
      problem,
      left(shown::text, 220)
    ),
    hint,
    jsonb_build_object('argument', argument, 'value', shown)
      || case when index is null then '{}' else jsonb_build_object('index', index) end
  )::dpg_private.refusal;
end
$body$;

comment on function dpg_private.argument_refusal(text, jsonb, text, text, integer) is
  'DP001 for an argument. problem completes the sentence "argument ...".
index is the position in an array, counted from 0.';

create or replace function dpg_private.refuse_argument(
  argument text,
  value jsonb,
  problem text,
  hint text,
  index integer default null
)
returns void
language plpgsql
stable -- not immutable: PostgreSQL would run a call with constants, and raise, while it plans the caller
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.raise_refusal(dpg_private.argument_refusal(argument, value, problem, hint, index));
end
$body$;

comment on function dpg_private.refuse_argument(text, jsonb, text, text, integer) is
  'Raises dpg_private.argument_refusal.';

create or replace function dpg_private.missing_refusal(argument text)
returns dpg_private.refusal
language sql
stable
parallel safe
security invoker
return dpg_private.argument_refusal(argument, null, 'is missing', 'Pass a value for ' || argument || '.');

comment on function dpg_private.missing_refusal(text) is
  'DP001 for an argument without a value.';

create or replace function dpg_private.check_present(argument text, is_present boolean)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not is_present then dpg_private.raise_refusal(dpg_private.missing_refusal(argument))
end;

comment on function dpg_private.check_present(text, boolean) is
  'Raises DP001 when is_present is false.';

create or replace function dpg_private.count_refusal(argument text, value integer)
returns dpg_private.refusal
language sql
stable
parallel safe
security invoker
return dpg_private.argument_refusal(argument, to_jsonb(value), 'is negative', 'update_count starts at 0.');

comment on function dpg_private.count_refusal(text, integer) is
  'DP001 for a negative update_count.';

create or replace function dpg_private.check_count_or_none(argument text, value integer)
returns void
language sql
stable
parallel safe
security invoker
return case
  when value < 0 then dpg_private.raise_refusal(dpg_private.count_refusal(argument, value))
end;

comment on function dpg_private.check_count_or_none(text, integer) is
  'Raises DP001 for a negative update_count. Null is none.';
--! EndIncluded arguments/argument.sql
--! Included arguments/key.sql
create or replace function dpg_private.is_visible(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
-- Nearly every text begins with a visible ASCII character. Only the others are searched for one. White space is
-- listed character by character: \s is another set in each locale, and two instances would disagree about a key.
-- E'...', since a session can turn off standard_conforming_strings; then a backslash in '...' means something else.
return ascii(value) between 33 and 126
  or value ~ E'[^\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]';

comment on function dpg_private.is_visible(text) is
  'Whether value has a character that is not white space. Null for null.';

create or replace function dpg_private.is_key(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
return length(value) <= 120 and dpg_private.is_visible(value);

comment on function dpg_private.is_key(text) is
  'Whether value is a key: 1 to 120 characters, not all white space. Null for null.';

create or replace function dpg_private.key_refusal(argument text, value text)
returns dpg_private.refusal
language sql
stable
parallel safe
security invoker
return dpg_private.argument_refusal(
  argument,
  to_jsonb(value),
  case
    when value is null then 'is missing'
    when length(value) > 120 then format('is too long with its %s characters', length(value))
    else 'is not a key'
  end,
  'Pass a key: text of 1 to 120 characters that is not all white space.'
);

comment on function dpg_private.key_refusal(text, text) is
  'DP001 for a value that is not a key.';

create or replace function dpg_private.refuse_key(argument text, value text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.raise_refusal(dpg_private.key_refusal(argument, value));
end
$body$;

comment on function dpg_private.refuse_key(text, text) is
  'Raises dpg_private.key_refusal.';

create or replace function dpg_private.check_key(argument text, value text)
returns void
language sql
stable
parallel safe
security invoker
return case when dpg_private.is_key(value) is not true then dpg_private.refuse_key(argument, value) end;

comment on function dpg_private.check_key(text, text) is
  'Raises DP001 unless value is a key.';

create or replace function dpg_private.check_key_or_none(argument text, value text)
returns void
language sql
stable
parallel safe
security invoker
return case when not dpg_private.is_key(value) then dpg_private.refuse_key(argument, value) end;

comment on function dpg_private.check_key_or_none(text, text) is
  'Raises DP001 for a value that is not a key. Null is none.';
--! EndIncluded arguments/key.sql
--! Included arguments/document.sql
create or replace function dpg_private.is_too_deep(document jsonb, levels bigint)
returns boolean
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Looks for an object or array below that many levels; PostgreSQL walks down to that level only. A flat document of a
  -- megabyte takes 0.5 ms; writing it as text takes 2.4.
  return jsonb_path_exists(
    document,
    format('strict $.**{%s} ? (@.type() == "object" || @.type() == "array")', levels)::jsonpath,
    silent => true
  );
end
$body$;

comment on function dpg_private.is_too_deep(jsonb, bigint) is
  'Whether objects and arrays of a document are nested more than levels deep. {} is one level, {"a": []} is two.';

create or replace function dpg_private.document_refusal(argument text, document jsonb, index integer default null)
returns dpg_private.refusal
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  document_bytes constant integer := octet_length(document::text);
  allowed_bytes bigint;
  allowed_depth bigint;
begin
  if document is null or jsonb_typeof(document) <> 'object' then
    return dpg_private.argument_refusal(
      argument, document, 'is not a JSON object', 'Pass a JSON object, {} when there is nothing to say.', index
    );
  end if;
  allowed_bytes := dpg_private.limit_of('json_bytes_per_document');
  if document_bytes > allowed_bytes then
    return dpg_private.argument_refusal(
      argument,
      to_jsonb(left(document::text, 200) || '...'),
      format('has %s bytes', document_bytes),
      format(
        'A document may have %s bytes as text; dpg_admin can raise the limit json_bytes_per_document in dpg.limits.',
        allowed_bytes
      ),
      index
    );
  end if;
  -- without a limit: as deep as PostgreSQL can read and compare within its stack
  allowed_depth := coalesce(dpg_private.limit_of('json_depth_per_document'), 2048);
  if dpg_private.is_too_deep(document, allowed_depth) then
    return dpg_private.argument_refusal(
      argument,
      to_jsonb(left(document::text, 200) || '...'),
      format('is nested more than %s levels deep', allowed_depth),
      format(
        'In a document %s objects and arrays may lie in one another; '
          'dpg_admin can raise the limit json_depth_per_document in dpg.limits.',
        allowed_depth
      ),
      index
    );
  end if;
  return null;
end
$body$;

comment on function dpg_private.document_refusal(text, jsonb, integer) is
  'DP001 unless document is a JSON object within the limits json_bytes_per_document and json_depth_per_document of
dpg.limits, else null.';

create or replace function dpg_private.check_document_limits(argument text, document jsonb, index integer)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.raise_refusal(dpg_private.document_refusal(argument, document, index));
end
$body$;

comment on function dpg_private.check_document_limits(text, jsonb, integer) is
  'Raises dpg_private.document_refusal.';

create or replace function dpg_private.is_short_document(document jsonb)
returns boolean
language sql
immutable
parallel safe
security invoker
-- The length of the text, not of the stored form: 1e100000 is stored in a few bytes and read back as 100,001. A level
-- takes two bytes, so 1,024 bytes have 512 levels at most.
return jsonb_typeof(document) = 'object' and octet_length(document::text) <= 1024;

comment on function dpg_private.is_short_document(jsonb) is
  'Whether document is a JSON object of at most 1,024 bytes. Such a document is within every limit that can be set,
for bytes (1,024 or more) and for depth (512 or more), so nobody looks up the limits for it. Null for null.';

create or replace function dpg_private.check_document(argument text, document jsonb, index integer default null)
returns void
language sql
stable
parallel safe
security invoker
return case
  when dpg_private.is_short_document(document) is not true then
    dpg_private.check_document_limits(argument, document, index)
end;

comment on function dpg_private.check_document(text, jsonb, integer) is
  'Raises DP001 unless document is a JSON object within the limits json_bytes_per_document and json_depth_per_document
of dpg.limits. index is the position in an array, counted from 0.';

create or replace function dpg_private.check_document_or_none(argument text, document jsonb)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not dpg_private.is_short_document(document) then dpg_private.check_document_limits(argument, document, null)
end;

comment on function dpg_private.check_document_or_none(text, jsonb) is
  'Raises DP001 for a document that is no JSON object within the limits. Null is none.';
--! EndIncluded arguments/document.sql
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
language sql
immutable
parallel safe
security invoker
-- 32 digits, with or without a hyphen after each four, all of it in braces or not: what the type itself accepts
return coalesce(
  value ~ '^([0-9A-Fa-f]{4}(-?[0-9A-Fa-f]{4}){7}|[{][0-9A-Fa-f]{4}(-?[0-9A-Fa-f]{4}){7}[}])$',
  false
);

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
    'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_owner', 'performed_by'
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
  when field = 'acting_side' then 'side'
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
      when 'side' then value in ('"source"', '"target"')
      when 'schema' then jsonb_typeof(value) in ('object', 'boolean')
      else jsonb_typeof(value) = kind
    end,
    false
  );
end
$body$;

comment on function dpg_private.is_field(text, jsonb) is
  'Whether value is a field of this kind. The one reader of JSON fields: of items, changes, events and network
documents. Kinds: key, url, uuid, latitude, longitude (degrees), count, remarks, time, side, schema; and object, array,
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
  when 'side' then 'A side is "source" or "target".'
  when 'schema' then 'A JSON Schema is a JSON object, or true or false.'
  when 'object' then 'Pass a JSON object, {} when there is nothing to say.'
  when 'boolean' then 'Pass true or false.'
  else format('Put a JSON %s here.', kind)
end;

comment on function dpg_private.field_hint(text) is
  'What a field of this kind of dpg_private.is_field is, in a sentence.';

create or replace function dpg_private.field_refusal(argument text, kind text, value jsonb, index integer default null)
returns dpg_private.refusal
language sql
stable
parallel safe
security invoker
return dpg_private.argument_refusal(
  argument, value, case when value is null then 'is missing' else 'is malformed' end,
  dpg_private.field_hint(kind), index
);

comment on function dpg_private.field_refusal(text, text, jsonb, integer) is
  'DP001 for a value that is no field of this kind of dpg_private.is_field.
index is the position in an array, counted from 0.';

create or replace function dpg_private.refuse_field(argument text, kind text, value jsonb, index integer default null)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.raise_refusal(dpg_private.field_refusal(argument, kind, value, index));
end
$body$;

comment on function dpg_private.refuse_field(text, text, jsonb, integer) is
  'Raises dpg_private.field_refusal.';
--! EndIncluded arguments/field.sql
--! Included arguments/remarks.sql
create or replace function dpg_private.remarks_refusal(remarks text)
returns dpg_private.refusal
language sql
stable
parallel safe
security invoker
return dpg_private.argument_refusal(
  'remarks', to_jsonb(remarks), 'are too long',
  'Remarks are a short note of at most 65,536 bytes; what matters to the event belongs in event_payload.'
);

comment on function dpg_private.remarks_refusal(text) is
  'DP001 for remarks that are longer than 65,536 bytes.';

create or replace function dpg_private.check_remarks_or_none(remarks text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when octet_length(remarks) > 65536 then dpg_private.raise_refusal(dpg_private.remarks_refusal(remarks))
end;

comment on function dpg_private.check_remarks_or_none(text) is
  'Raises DP001 when remarks are longer than 65,536 bytes. Null is none.';

create or replace function dpg_private.check_reason(reason text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (dpg_private.is_visible(reason) and octet_length(reason) <= 65536) is not true then
    dpg_private.refuse_argument(
      'reason', to_jsonb(reason), 'is missing or too long', 'Say why, in at most 65,536 bytes: it is kept on record.'
    )
end;

comment on function dpg_private.check_reason(text) is
  'Raises DP001 unless reason is text of 1 to 65,536 bytes, not all white space.';
--! EndIncluded arguments/remarks.sql
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
  performed_by text,
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

-- In databases of before 0.2.0. ACCESS EXCLUSIVE on the root and each leaf for a moment. A column of this name that an
-- application added would be taken for ours.
do $body$
begin
  if exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = 'dpg.item_actions'::pg_catalog.regclass
      and a.attname = 'performed_by'
      and not a.attisdropped
      and (
        a.atttypid <> 'text'::pg_catalog.regtype
        or a.attnotnull
        or a.atthasdef
        or pg_catalog.col_description(a.attrelid, a.attnum) is null -- ours gets one where it is made
      )
      and pg_catalog.obj_description(a.attrelid, 'pg_class') is not null
  ) then
    raise exception 'dpg.item_actions has a column performed_by that is not ours'
      using errcode = 'duplicate_column',
        hint = 'Rename it and migrate again: alter table dpg.item_actions rename column performed_by to '
          'application_performed_by;';
  end if;
end
$body$;

alter table dpg.item_actions add column if not exists performed_by text;

comment on table dpg.item_actions is
  'The current state of each action: a request from a source item to a target item of this instance. Listed by the
target''s network, then by action type. Written by dpg.perform_action, receive_action, transition_action and
receive_transition.';
comment on column dpg.item_actions.partition_network is 'The target''s network. First partition key.';
comment on column dpg.item_actions.action_type is 'Kind of action, a key, such as connect. Second partition key.';
comment on column dpg.item_actions.action_id is 'Id of the action, unique within partition_network and action_type.';
comment on column dpg.item_actions.action_status is 'Current status, a key.';
comment on column dpg.item_actions.update_count is
  'How often the action has changed: 0 when created, one more with each transition.';
comment on column dpg.item_actions.requirements_snapshot is
  'What the source asked for when the action was created, a JSON object.';
comment on column dpg.item_actions.remarks is 'The latest short note on the status, for people.';
comment on column dpg.item_actions.source_item_network is 'Network of the item that the action starts from.';
comment on column dpg.item_actions.source_item_domain is 'Domain of the source item.';
comment on column dpg.item_actions.source_item_type is 'Type of the source item.';
comment on column dpg.item_actions.source_item_id is 'Id of the source item, on its own instance.';
comment on column dpg.item_actions.source_item_instance_url is
  'URL of the source item''s instance when the action was created.';
comment on column dpg.item_actions.source_item_owner is
  'Owner of the source item when the action was created: the party that initiated.';
comment on column dpg.item_actions.target_item_network is
  'Network of the item that the action is for; equal to partition_network.';
comment on column dpg.item_actions.target_item_domain is 'Domain of the target item.';
comment on column dpg.item_actions.target_item_type is 'Type of the target item.';
comment on column dpg.item_actions.target_item_id is 'Id of the target item, an item of this instance.';
comment on column dpg.item_actions.target_item_instance_url is
  'URL of the target item''s instance when the action was created; the origin of the action''s events.';
comment on column dpg.item_actions.target_item_owner is
  'Owner of the target item when the action was created: the party that received.';
comment on column dpg.item_actions.created_at is 'When the action was created: the time of its first event.';
comment on column dpg.item_actions.updated_at is 'When the action last changed: the time of its last event.';
comment on column dpg.item_actions.source_item_latitude is
  'Degrees; where the source item was when the action was created. Copied to each event, so that a transition reads no
item.';
comment on column dpg.item_actions.source_item_longitude is
  'Degrees; where the source item was when the action was created.';
comment on column dpg.item_actions.target_item_latitude is
  'Degrees; where the target item was when the action was created.';
comment on column dpg.item_actions.target_item_longitude is
  'Degrees; where the target item was when the action was created.';
comment on column dpg.item_actions.source_item_is_local is
  'Whether the source item is of this instance. Where it is not, source_item_owner is a user of another instance,
and no user of this one is that party, whatever the id.';
comment on column dpg.item_actions.source_local_item_id is
  'source_item_id when the source is an item of this instance in the same network, else null: the part of the
foreign key to items that can be left unchecked. Set by the functions, never by callers.';
comment on column dpg.item_actions.performed_by is
  'Who carried out the last change for the party, a key: a service or an organisation. Null: the party itself.';
comment on constraint item_actions_pkey on dpg.item_actions is 'One action of each key.';
comment on constraint item_actions_partition_check on dpg.item_actions is 'An action lies in its target''s network.';
comment on constraint item_actions_requirements_check on dpg.item_actions is 'Requirements are a JSON object.';
comment on constraint item_actions_update_count_check on dpg.item_actions is 'update_count starts at 0.';
comment on constraint item_actions_source_local_check on dpg.item_actions is
  'source_local_item_id is null or the id of a source of this instance and network.';
comment on index dpg.item_actions_pkey is
  'For every call that names an action: get_action, transition_action and receive_transition; and for the repetition
of perform_action and receive_action.';
--! EndIncluded actions/item_actions.sql
--! Included actions/item_actions_indexes.sql
-- Each change of an action is an entry in each index of owners. So they hold what is asked for and nothing else.
-- Ascending, though they are read from the latest: a page then splits where the next entry of its owner comes, and is
-- full.
create index if not exists item_actions_source_owner_idx
on dpg.item_actions (source_item_owner, updated_at)
where source_item_is_local;

comment on index dpg.item_actions_source_owner_idx is
  'For find_actions of the party that initiated, latest change first.';

create index if not exists item_actions_target_owner_idx
on dpg.item_actions (target_item_owner, updated_at);

comment on index dpg.item_actions_target_owner_idx is
  'For find_actions of the party that received, latest change first.';

create index if not exists item_actions_source_status_idx
on dpg.item_actions (source_item_owner, action_status, updated_at)
where source_item_is_local;

comment on index dpg.item_actions_source_status_idx is
  'For find_actions by status and count_actions of the party that initiated.';

create index if not exists item_actions_target_status_idx
on dpg.item_actions (target_item_owner, action_status, updated_at);

comment on index dpg.item_actions_target_status_idx is
  'For find_actions by status and count_actions of the party that received.';

-- By item, then by status, so that open actions are counted without reading closed ones; the time is there for
-- counts by status with their latest change. Each change of an action is an entry here, too: its time is in the indexes
-- of owners anyway, so no change is without entries.
create index if not exists item_actions_source_idx
on dpg.item_actions (source_local_item_id, action_status, updated_at)
where source_local_item_id is not null;

comment on index dpg.item_actions_source_idx is
  'By source, where it is an item of this instance in the network of the action: for rules and counts, for closing the
actions of an item, and for delete_item, which must know whether an action refers to the item.';

create index if not exists item_actions_other_source_idx
on dpg.item_actions (source_item_id, action_status, updated_at)
where source_local_item_id is null;

comment on index dpg.item_actions_other_source_idx is
  'By source, where it is an item of another network or instance: for set_item_status with close_actions_as, and for
rules.';

create index if not exists item_actions_target_idx
on dpg.item_actions (target_item_id, source_item_id, action_status, updated_at);

comment on index dpg.item_actions_target_idx is
  'By target, then by source: for rules over pairs, counts, closing the actions of an item, find_actions with item_id,
and delete_item, which must know whether an action refers to the item.';
--! EndIncluded actions/item_actions_indexes.sql
--! Included actions/action_definitions.sql
create table if not exists dpg.action_definitions (
  partition_network text not null,
  action_type text not null,
  initial_status text not null,
  transitions jsonb,
  rules jsonb,
  registered_rules jsonb,
  final_statuses text[] not null default '{}',
  constraint action_definitions_pkey primary key (partition_network, action_type)
);

create or replace function dpg_private.final_statuses_of(
  initial_status text,
  transitions jsonb,
  rules jsonb,
  registered_rules jsonb
)
returns text[]
language sql
immutable
parallel safe
security invoker
return case
  when coalesce(rules -> 'final_statuses', 'null') <> 'null' then
    array(select s.status from jsonb_array_elements_text(rules -> 'final_statuses') s(status))
  when rules ? 'final_statuses' or registered_rules -> 'final_statuses' is null then
    array(
      select s.status
      from (
        select initial_status as status
        where transitions is not null
        union
        select e.edge ->> 'to' from jsonb_array_elements(transitions) e(edge)
      ) s
      where not exists (
        select
        from jsonb_array_elements(transitions) e(edge)
        where e.edge ->> 'from' = s.status
          and e.edge ->> 'to' <> s.status -- an edge to itself is no way out
      )
      order by s.status collate "C"
    )
  else array(select s.status from jsonb_array_elements_text(registered_rules -> 'final_statuses') s(status))
end;

comment on function dpg_private.final_statuses_of(text, jsonb, jsonb, jsonb) is
  'The final statuses of actions by a definition: those of the rules, else those of the registered document, else those
of the state graph that no edge leaves. A null among the rules takes back what the document says.';

-- In databases of before 0.2.0. ACCESS EXCLUSIVE for a moment. Only where they are not there: a new default would lock
-- the table again.
do $body$
begin
  if not exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = 'dpg.action_definitions'::pg_catalog.regclass
      and a.attname = 'final_statuses'
  ) then
    alter table dpg.action_definitions
      alter column transitions drop not null,
      add column rules jsonb,
      add column registered_rules jsonb,
      add column final_statuses text[] not null default '{}';
    update dpg.action_definitions d
    set final_statuses = dpg_private.final_statuses_of(d.initial_status, d.transitions, null, null);
  end if;
end
$body$;

comment on table dpg.action_definitions is
  'What is declared of actions: state graphs and rules. Written by dpg.define_action and dpg.register_network. An action
without a row may take any status, by either party, and none of its statuses is final.';
comment on column dpg.action_definitions.partition_network is 'The target''s network.';
comment on column dpg.action_definitions.action_type is 'Kind of action.';
comment on column dpg.action_definitions.initial_status is 'Status of a new action.';
comment on column dpg.action_definitions.transitions is
  'The edges: an array of {"from": <status>, "to": <status>, "by": "source" | "target" | "either"}. Null: there
is no graph, only rules.';
comment on column dpg.action_definitions.rules is
  'The rules that were set by hand (dpg.define_action): an object with final_statuses, max_open_per_pair,
max_open_per_source and different_owners. Each goes before the same one of registered_rules, a null as well. Null:
none.';
comment on column dpg.action_definitions.registered_rules is
  'The rules that the registered document of the network sets: an object as rules. Null: none.';
comment on column dpg.action_definitions.final_statuses is
  'The statuses after which an action is not open any more. Kept: follows from the other columns.';
comment on constraint action_definitions_pkey on dpg.action_definitions is
  'One definition for each action type of a network.';
comment on index dpg.action_definitions_pkey is 'For define_action and for each new action and transition.';
--! EndIncluded actions/action_definitions.sql
--! Included rules/network_rules.sql
create table if not exists dpg.network_rules (
  network text not null,
  rules jsonb,
  registered_rules jsonb,
  constraint network_rules_pkey primary key (network)
);

comment on table dpg.network_rules is
  'Rules over all action types and all items of a network. Written by dpg.define_network and dpg.register_network.';
comment on column dpg.network_rules.network is
  'The network: the partition_network of actions, the item_network of items.';
comment on column dpg.network_rules.rules is
  'The rules that were set by hand (dpg.define_network): an object with max_open_per_pair, different_owners and
max_items_per_owner. Each goes before the same one of registered_rules, a null as well. Null: none.';
comment on column dpg.network_rules.registered_rules is
  'The rules that the registered document of the network sets: an object as rules. Null: none.';
comment on constraint network_rules_pkey on dpg.network_rules is 'One row for each network that has rules.';
comment on index dpg.network_rules_pkey is 'For each new action, and for new items of networks that limit them.';
--! EndIncluded rules/network_rules.sql
--! Included rules/rule_turns.sql
-- Counting is exact only if nobody else adds to what is counted at the same time. So who adds to it changes a row
-- first, and waits there for whoever has changed it and has not ended. A row and not an advisory lock: in repeatable
-- read the change of a row that has changed since ends in 40001, where a lock would let a count of former times
-- through. And every login can take an advisory lock of any key.
create table if not exists dpg_private.rule_turns (
  turn uuid not null,
  taken_at timestamptz not null,
  constraint rule_turns_pkey primary key (turn)
)
with (fillfactor = 70); -- rows change often: the page has room for the new versions

comment on table dpg_private.rule_turns is
  'One row for each pair of items, source or owner that a rule has counted something of. What is counted is not kept
here: it is counted where it is. A row that is missing is created when it is needed.';
comment on column dpg_private.rule_turns.turn is
  'What is counted: a hash of the rule and its keys. Where two had the same, they would wait for one another; nothing
else.';
comment on column dpg_private.rule_turns.taken_at is 'When somebody last added to it, or tried to.';
comment on constraint rule_turns_pkey on dpg_private.rule_turns is 'One turn for each thing that is counted.';
comment on index dpg_private.rule_turns_pkey is 'For dpg_private.take_turns.';

create or replace function dpg_private.turn_of(what jsonb)
returns uuid
language sql
immutable
parallel safe
security invoker
return left(encode(sha256(convert_to(what::text, 'UTF8')), 'hex'), 32)::uuid;

comment on function dpg_private.turn_of(jsonb) is
  'The turn of what a rule counts: its name and the keys.';

create or replace function dpg_private.take_turns(turns uuid[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  insert into dpg_private.rule_turns as r (turn, taken_at)
  select t.turn, clock_timestamp()
  from (select distinct u.turn from unnest(turns) u(turn)) t
  order by t.turn
  on conflict on constraint rule_turns_pkey do update
  set taken_at = excluded.taken_at;
end
$body$;

comment on function dpg_private.take_turns(uuid[]) is
  'Waits until nobody else adds to what these turns stand for, and keeps others from it until the transaction ends. In
one order, so that no two calls wait for one another; after the locks of items and of actions. What is counted must be
counted in a later statement. In repeatable read 40001 where somebody has taken one of them since.';
--! EndIncluded rules/rule_turns.sql
--! Included rules/ruled_networks.sql
-- Which networks have, or have had, rules: a constant of whoever asks, so that calls in other networks look up nothing,
-- and so that a call sees a network that got its first rule after the call's snapshot. None is taken out: under an
-- older snapshot there may still be rules.
do $body$
begin
  if pg_catalog.to_regprocedure('dpg_private.ruled_networks()') is null then
    create function dpg_private.ruled_networks()
    returns text[]
    language sql
    stable
    parallel safe
    security invoker
    return '{}'::text[];
  end if;
end
$body$;

comment on function dpg_private.ruled_networks() is
  'The networks with rules in dpg.action_definitions or dpg.network_rules, or where there were some. Inlined: a
constant.';

create or replace function dpg_private.turn_of_rules(network text)
returns uuid
language sql
immutable
parallel safe
security invoker
return dpg_private.turn_of(jsonb_build_array('rules', network));

comment on function dpg_private.turn_of_rules(text) is
  'The turn that is taken by whoever changes rules of a network.';

create or replace function dpg_private.note_changed_rules(network text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.take_turns(array[dpg_private.turn_of_rules(network)]);
  if network = any (dpg_private.ruled_networks()) then
    return;
  end if;
  -- one at a time: two would change the same function. In the mode that lets those who only define go on
  lock table dpg.network_rules in share update exclusive mode;
  if network = any (dpg_private.ruled_networks()) then
    return;
  end if;
  execute format(
    'create or replace function dpg_private.ruled_networks()
     returns text[]
     language sql
     stable
     parallel safe
     security invoker
     return %L::text[]',
    dpg_private.ruled_networks() || network
  );
end
$body$;

comment on function dpg_private.note_changed_rules(text) is
  'Adds a network to dpg_private.ruled_networks, and lets calls with an older snapshot notice that its rules changed.';

create or replace function dpg_private.check_rules_are_seen(network text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    -- 40001 where the row is newer than the snapshot
    insert into dpg_private.rule_turns (turn, taken_at)
    values (dpg_private.turn_of_rules(network), clock_timestamp())
    on conflict do nothing;
  end if;
end
$body$;

comment on function dpg_private.check_rules_are_seen(text) is
  'In repeatable read and serializable: 40001 where the rules of a network have changed since the snapshot was taken.';
--! EndIncluded rules/ruled_networks.sql
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
  performed_by text,
  acting_side text,
  constraint action_events_pkey primary key (partition_network, action_type, event_id),
  constraint action_events_update_key unique (
    partition_network, action_type, origin_instance_domain, action_id, update_count
  ),
  constraint action_events_payload_check check (jsonb_typeof(event_payload) = 'object'),
  constraint action_events_update_count_check check (update_count >= 0)
)
partition by list (partition_network);

-- In databases of before 0.2.0. ACCESS EXCLUSIVE on the root and each leaf for a moment. Columns of these names that an
-- application added would be taken for ours.
do $body$
begin
  if exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = 'dpg.action_events'::pg_catalog.regclass
      and a.attname in ('performed_by', 'acting_side')
      and not a.attisdropped
      and (
        a.atttypid <> 'text'::pg_catalog.regtype
        or a.attnotnull
        or a.atthasdef
        or pg_catalog.col_description(a.attrelid, a.attnum) is null -- ours get one where they are made
      )
      and pg_catalog.obj_description(a.attrelid, 'pg_class') is not null
  ) then
    raise exception 'dpg.action_events has a column performed_by or acting_side that is not ours'
      using errcode = 'duplicate_column',
        hint = 'Rename it and migrate again: alter table dpg.action_events rename column acting_side to '
          'application_acting_side;';
  end if;
end
$body$;

alter table dpg.action_events
  add column if not exists performed_by text,
  add column if not exists acting_side text;

comment on table dpg.action_events is
  'Immutable events: one for the making and one for each change of an action, also those mirrored from other
instances. Listed by network, then by action type. Written together with the action, or by dpg.store_event; never
changed or removed (DP012).';
comment on column dpg.action_events.partition_network is 'The target''s network. First partition key.';
comment on column dpg.action_events.action_type is 'Kind of action, a key. Second partition key.';
comment on column dpg.action_events.event_id is 'Id of the event, unique within partition_network and action_type.';
comment on column dpg.action_events.origin_instance_domain is
  'URL of the instance that made the event: the one on which the action lives.';
comment on column dpg.action_events.action_id is 'The action that was created or changed.';
comment on column dpg.action_events.action_status is 'Status of the action after the change.';
comment on column dpg.action_events.update_count is
  'update_count of the action after the change, 0 for its making. Gapless within an action.';
comment on column dpg.action_events.source_item_network is 'Network of the source item.';
comment on column dpg.action_events.source_item_domain is 'Domain of the source item.';
comment on column dpg.action_events.source_item_type is 'Type of the source item.';
comment on column dpg.action_events.source_item_id is 'Id of the source item, on its own instance.';
comment on column dpg.action_events.source_item_instance_url is
  'URL of the source item''s instance when the action was created.';
comment on column dpg.action_events.source_item_owner is 'Owner of the source item when the action was created.';
comment on column dpg.action_events.source_item_latitude is
  'Degrees; where the source item was when the action was created.';
comment on column dpg.action_events.source_item_longitude is
  'Degrees; where the source item was when the action was created.';
comment on column dpg.action_events.target_item_network is 'Network of the target item.';
comment on column dpg.action_events.target_item_domain is 'Domain of the target item.';
comment on column dpg.action_events.target_item_type is 'Type of the target item.';
comment on column dpg.action_events.target_item_id is 'Id of the target item, on its own instance.';
comment on column dpg.action_events.target_item_instance_url is
  'URL of the target item''s instance when the action was created.';
comment on column dpg.action_events.target_item_owner is 'Owner of the target item when the action was created.';
comment on column dpg.action_events.target_item_latitude is
  'Degrees; where the target item was when the action was created.';
comment on column dpg.action_events.target_item_longitude is
  'Degrees; where the target item was when the action was created.';
comment on column dpg.action_events.event_payload is
  'The business event itself, a JSON object: whatever would change the meaning of the event. {"status": <status>}
unless given.';
comment on column dpg.action_events.remarks is
  'The short note that was given with this change, for people; null when none was given.';
comment on column dpg.action_events.created_at is
  'When the change was made; rises with update_count within an action.';
comment on column dpg.action_events.source_item_is_local is
  'Whether the source item is of this instance, so that source_item_owner is a user of this one.';
comment on column dpg.action_events.target_item_is_local is
  'Whether the event was created by this instance, so that target_item_owner is a user of this one; false for a
mirrored event.';
comment on column dpg.action_events.performed_by is
  'Who carried out the change for the party, a key: a service or an organisation. Null: the party itself, or an event of
before 0.2.0.';
comment on column dpg.action_events.acting_side is
  'Whose side the change came from: source or target. Null in events of before 0.2.0.';
comment on constraint action_events_pkey on dpg.action_events is 'One event of each key.';
comment on constraint action_events_update_key on dpg.action_events is 'One event for each update of an action.';
comment on constraint action_events_payload_check on dpg.action_events is 'A payload is a JSON object.';
comment on constraint action_events_update_count_check on dpg.action_events is 'update_count starts at 0.';
comment on index dpg.action_events_pkey is
  'For the repetition of transition_action, receive_transition and store_event, which name the event.';
comment on index dpg.action_events_update_key is
  'For the one event of each update: store_event, and the repetition of perform_action and receive_action, which is
compared with the first event.';
--! EndIncluded events/action_events.sql
--! Included actions/mirrored_actions.sql
create table if not exists dpg_private.mirrored_actions (
  like dpg.item_actions including comments,
  origin_instance_domain text not null,
  remarks_update_count integer,
  constraint mirrored_actions_pkey primary key (action_id, partition_network, action_type, origin_instance_domain)
);

-- The last column, as in databases of before 0.2.0, which get it here.
do $body$
begin
  if (
      select p.attnum < o.attnum
      from pg_catalog.pg_attribute p
      join pg_catalog.pg_attribute o on o.attrelid = p.attrelid and o.attname = 'origin_instance_domain'
      where p.attrelid = 'dpg_private.mirrored_actions'::pg_catalog.regclass
        and p.attname = 'performed_by'
    )
  then
    alter table dpg_private.mirrored_actions drop column performed_by;
  end if;
end
$body$;

alter table dpg_private.mirrored_actions add column if not exists performed_by text;

create index if not exists mirrored_actions_owner_idx
on dpg_private.mirrored_actions (source_item_owner, updated_at);

create index if not exists mirrored_actions_status_idx
on dpg_private.mirrored_actions (source_item_owner, action_status, updated_at)
include (partition_network, action_type);

create index if not exists mirrored_actions_source_item_idx
on dpg_private.mirrored_actions (source_item_id);

comment on table dpg_private.mirrored_actions is
  'Actions that live on other instances, from an item of this one, as their mirrored events tell of them: the
columns of dpg.item_actions, then two more. Kept by dpg_private.note_mirrored_action, found by dpg.find_actions and
get_action.';
comment on column dpg_private.mirrored_actions.requirements_snapshot is 'Not in an event, so {} here.';
comment on column dpg_private.mirrored_actions.remarks is
  'The latest short note in the events that came; null when none had one.';
comment on column dpg_private.mirrored_actions.performed_by is
  'As the event of the highest update_count says, null included.';
comment on column dpg_private.mirrored_actions.target_item_id is 'Id of the target item, on the other instance.';
comment on column dpg_private.mirrored_actions.origin_instance_domain is
  'URL of the instance on which the action lives, as its events say.';
comment on column dpg_private.mirrored_actions.remarks_update_count is
  'update_count of the event that had those remarks: an older one that comes later does not replace them.';
comment on index dpg_private.mirrored_actions_owner_idx is
  'For find_actions of the party that initiated, latest change first.';
comment on index dpg_private.mirrored_actions_status_idx is
  'For find_actions by status and count_actions of the party that initiated.';
comment on index dpg_private.mirrored_actions_source_item_idx is
  'For find_actions with item_id, and for count_item_actions.';

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
  -- Whichever order the events come in, the row ends the same: status, time and performed_by of the highest
  -- update_count, remarks of the highest that has some, the time of the first. Between which items it is does not
  -- change: that is as the event says which made the row, and of two at once the second waits here for the first.
  insert into dpg_private.mirrored_actions as m (
    partition_network, action_type, action_id, action_status, update_count, requirements_snapshot, remarks,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
    source_item_owner,
    target_item_network, target_item_domain, target_item_type, target_item_id, target_item_instance_url,
    target_item_owner,
    created_at, updated_at, source_item_latitude, source_item_longitude, target_item_latitude, target_item_longitude,
    source_item_is_local, source_local_item_id, origin_instance_domain, remarks_update_count, performed_by
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
    case when event.remarks is not null then event.update_count end,
    event.performed_by
  )
  on conflict on constraint mirrored_actions_pkey do update
  set action_status = case
      when excluded.update_count > m.update_count then excluded.action_status else m.action_status
    end,
    performed_by = case
      when excluded.update_count > m.update_count then excluded.performed_by else m.performed_by
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
      slot smallint,
      partition_network text,
      action_type text
    );
  elsif not exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = pg_catalog.to_regclass('dpg_private.party_leaf')
      and a.attname = 'action_type'
  ) then
    alter type dpg_private.party_leaf
      add attribute partition_network text,
      add attribute action_type text;
  end if;
end
$body$;

comment on type dpg_private.party_leaf is
  'A leaf in which a party has rows, its slot and its keys.';

create or replace function dpg_private.find_leaves_of_party(
  root text,
  actor text,
  partition_network text,
  action_type text,
  action_types text[] default null
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
      select row(l.leaf, l.slot, partition_network, action_type)::dpg_private.party_leaf
      from dpg_private.look_up_leaf_and_slot(root, partition_network, action_type) l
    );
  end if;
  return array(
    select row(l.leaf, l.slot, p.partition_network, p.action_type)::dpg_private.party_leaf
    from (
      select distinct p.partition_network, p.action_type
      from dpg_private.party_leaves p
      where p.owner = find_leaves_of_party.actor
        and (
          find_leaves_of_party.partition_network is null
          or p.partition_network = find_leaves_of_party.partition_network
        )
        and (find_leaves_of_party.action_type is null or p.action_type = find_leaves_of_party.action_type)
        and (find_leaves_of_party.action_types is null or p.action_type = any (find_leaves_of_party.action_types))
    ) p
    cross join lateral dpg_private.look_up_leaf_and_slot(
      find_leaves_of_party.root, p.partition_network, p.action_type
    ) l
    order by l.leaf
  );
end
$body$;

comment on function dpg_private.find_leaves_of_party(text, text, text, text, text[]) is
  'The leaves that can hold rows of which the actor is a party: the one that the keys name, or those in which the
actor has rows, of one action type, of several or of all.';

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
  'Events of other instances that were accepted by dpg.accept_differing_event. Each says something else than the event
that dpg.action_events has of the same update, or under the same id: the other instance was restored from a backup and
did the update again. Append-only (DP012), except for redactions that are on record.';
comment on column dpg.differing_events.redaction_id is 'The record in dpg.redactions: who accepted it, when and why.';
comment on column dpg.differing_events.partition_network is 'Of the event.';
comment on column dpg.differing_events.action_type is 'Of the event.';
comment on column dpg.differing_events.event_id is 'Of the event.';
comment on column dpg.differing_events.origin_instance_domain is 'Of the event, spelled as in the event.';
comment on column dpg.differing_events.action_id is 'Of the event.';
comment on column dpg.differing_events.update_count is 'Of the event.';
comment on column dpg.differing_events.source_item_owner is 'Of the event; the tombstone when that user was erased.';
comment on column dpg.differing_events.source_item_is_local is
  'Whether the source item is of this instance, so that source_item_owner is a user of this instance.';
comment on column dpg.differing_events.event is 'The whole event, as dpg.store_event takes it.';
comment on constraint differing_events_pkey on dpg.differing_events is 'One row for each event that was accepted.';
comment on index dpg.differing_events_pkey is 'For the record that belongs to an event.';
comment on index dpg.differing_events_event_idx is
  'For store_event, before it refuses an event that differs, and for redactions.';

create or replace function dpg_private.emptied_event(event jsonb)
returns jsonb
language sql
immutable
parallel safe
security invoker
return event
  || '{"event_payload": {}, "remarks": null}'
  || case
    when event ->> 'performed_by' is not null then jsonb_build_object('performed_by', dpg_private.tombstone())
    else '{}'
  end;

comment on function dpg_private.emptied_event(jsonb) is
  'An event as JSON without payload and remarks, and with the tombstone as performed_by where it had one.';

create or replace function dpg_private.refuse_differing_event_change()
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
      allowed.event := dpg_private.emptied_event(old.event);
      if new is not distinct from allowed then
        return new;
      end if;
      allowed := old;
    end if;
    if dpg_private.is_replacement(old.source_item_owner, new.source_item_owner) then
      allowed.source_item_owner := new.source_item_owner;
      allowed.event := old.event || jsonb_build_object('source_item_owner', new.source_item_owner);
    end if;
    if old.event ->> 'performed_by' <> new.event ->> 'performed_by'
      and dpg_private.is_replacement(old.event ->> 'performed_by', new.event ->> 'performed_by')
    then
      allowed.event := allowed.event || jsonb_build_object('performed_by', new.event ->> 'performed_by');
    end if;
    if new is distinct from old and new is not distinct from allowed then
      return new;
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

comment on function dpg_private.refuse_differing_event_change() is
  'Trigger: refuses to change or remove a differing event (DP012), except for redactions that are on record.';

create or replace trigger differing_events_append_only
before update or delete on dpg.differing_events
for each row
execute function dpg_private.refuse_differing_event_change();

alter table dpg.differing_events enable always trigger differing_events_append_only;

comment on trigger differing_events_append_only on dpg.differing_events is
  'Events are never changed or removed (DP012), except for redactions that are on record.';

create or replace trigger differing_events_no_truncate
before truncate on dpg.differing_events
for each statement
execute function dpg_private.refuse_differing_event_change();

alter table dpg.differing_events enable always trigger differing_events_no_truncate;

comment on trigger differing_events_no_truncate on dpg.differing_events is
  'Events are never removed (DP012).';

create or replace function dpg_private.find_differing_event(event jsonb, proposed dpg.action_events)
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
    differing := dpg_private.parse_event(kept.event);
    differing.source_item_is_local := kept.source_item_is_local;
    differing.target_item_is_local := false;
    proposed.source_item_is_local := kept.source_item_is_local;
    if dpg_private.is_same_event(differing, dpg_private.fill_missing_fields(event, proposed, differing)) then
      return differing;
    end if;
  end loop;
  return null;
end
$body$;

comment on function dpg_private.find_differing_event(jsonb, dpg.action_events) is
  'The event in dpg.differing_events that says the same as the proposed one. All columns are null when there is none.
event is the object that the proposed one was read from.';
--! EndIncluded redactions/differing_events.sql
--! Included events/immutable_events.sql
create or replace function dpg_private.is_unchanged_event(before dpg.action_events, after dpg.action_events)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- JSON must not round coordinates
as $body$
declare
  generated constant text[] := array(
    select a.attname::text
    from pg_attribute a
    where a.attrelid = 'dpg.action_events'::regclass
      and a.attgenerated <> ''
      and not a.attisdropped
  );
begin
  -- As JSON, since a column of an application may be of a type without "=". What an application lets PostgreSQL
  -- compute is not computed yet where a BEFORE trigger looks.
  return to_jsonb(after) - generated = to_jsonb(before) - generated;
end
$body$;

comment on function dpg_private.is_unchanged_event(dpg.action_events, dpg.action_events) is
  'Whether a change of an event, as a BEFORE trigger sees it, changes nothing, in columns of an application as well;
generated columns follow from the others and are left out.';

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
    allowed.performed_by := case when before.performed_by is not null then tombstone end;
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
  if before.performed_by <> after.performed_by
    and dpg_private.is_replacement(before.performed_by, after.performed_by)
  then
    allowed.performed_by := after.performed_by;
  end if;
  return dpg_private.is_unchanged_event(allowed, after) and not dpg_private.is_unchanged_event(before, after);
end
$body$;

comment on function dpg_private.is_redaction(dpg.action_events, dpg.action_events) is
  'Whether a change of an event is no more than what dpg.redactions has on record: payload, remarks and performed_by
of a redacted event are taken away; or an owner, a user of this instance, or performed_by gives way to the tombstone
or to whom the items are being moved.';

create or replace function dpg_private.refuse_event_change()
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
    hint = 'A new fact is a new event; what the law demands is done by dpg.redact_event and dpg.erase_user, '
      'a change of the owner by dpg.move_items.',
    detail = jsonb_build_object('operation', tg_op, 'relation', format('%I.%I', tg_table_schema, tg_table_name))::text;
end
$body$;

comment on function dpg_private.refuse_event_change() is
  'Trigger: refuses to change or remove events, for the owner of the table too (DP012), but for redactions that are
on record.';

-- Only where it is not there: PostgreSQL would lock the root and every leaf, even to create the same trigger again.
-- The first is cloned to each leaf; leaves get the second from dpg_private.create_partition_table. "always": under
-- session_replication_role = replica as well.
do $body$
begin
  if not exists (
    select
    from pg_catalog.pg_trigger t
    where t.tgrelid = 'dpg.action_events'::pg_catalog.regclass
      and t.tgname = 'action_events_immutable'
  ) then
    create trigger action_events_immutable
    before update or delete on dpg.action_events
    for each row
    execute function dpg_private.refuse_event_change();
    alter table dpg.action_events enable always trigger action_events_immutable;

    create trigger action_events_no_truncate
    before truncate on dpg.action_events
    for each statement
    execute function dpg_private.refuse_event_change();
    alter table dpg.action_events enable always trigger action_events_no_truncate;
  end if;
end
$body$;

comment on trigger action_events_immutable on dpg.action_events is
  'Events are never changed or removed (DP012).';
comment on trigger action_events_no_truncate on dpg.action_events is
  'Events are never removed (DP012).';
--! EndIncluded events/immutable_events.sql
--! Included application/suppressed.sql
create or replace function dpg_private.suppressed_refusal(operation text, relation regclass, detail jsonb default '{}')
returns dpg_private.refusal
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  triggers text;
begin
  -- A trigger is ours if its function is in dpg_private. Triggers of the root are on its leaves, too.
  select string_agg(distinct format('%I', t.tgname), ', ' order by format('%I', t.tgname))
  into triggers
  from pg_trigger t
  join pg_proc p on p.oid = t.tgfoid
  where t.tgrelid = suppressed_refusal.relation
    and not t.tgisinternal
    and t.tgenabled <> 'D'
    and p.pronamespace <> 'dpg_private'::regnamespace;

  return row(
    'DP018',
    format('%s of %s was suppressed: nothing was written', operation, relation),
    case
      when triggers is null then
        format(
          'No trigger of the application is on %s: look for a rule, '
            || 'or for row level security that is forced on its owner.',
          relation
        )
      else
        format(
          'A trigger of the application returned null or changed the key. On %s there are: %s.', relation, triggers
        )
    end,
    jsonb_build_object('operation', operation, 'relation', relation::text) || detail
  )::dpg_private.refusal;
end
$body$;

comment on function dpg_private.suppressed_refusal(text, regclass, jsonb) is
  'DP018 for a write (insert, update or delete) that should have changed a row and changed none: a trigger of the
application suppressed it. The hint names the triggers of the application on that table. detail is added to the
DETAIL.';

create or replace function dpg_private.refuse_suppressed(operation text, relation regclass, detail jsonb default '{}')
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.raise_refusal(dpg_private.suppressed_refusal(operation, relation, detail));
end
$body$;

comment on function dpg_private.refuse_suppressed(text, regclass, jsonb) is
  'Raises dpg_private.suppressed_refusal.';
--! EndIncluded application/suppressed.sql
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
    dpg_private.has_additions('dpg.item_actions', 28)
    or dpg_private.has_additions('dpg.action_events', 30)
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
--! Included actions/actions_slot_sql.sql
create or replace function dpg_private.actions_slot_sql(slot smallint, leaf text)
returns text
language sql
immutable
security invoker
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
  $statements$,
  slot, leaf
);

comment on function dpg_private.actions_slot_sql(smallint, text) is
  'The function of a leaf of actions that has a slot: its rows, for statements whose plans are kept.';

create or replace function dpg_private.actions_in_slots_sql(slots smallint[], leaves text[])
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  is_action constant text :=
    'a.partition_network = $2
     and a.action_type = $3
     and a.action_id = $4';
begin
  return format(
    $statements$
      create or replace function dpg_private.action_in_slot(
        slot smallint,
        partition_network text,
        action_type text,
        action_id uuid
      )
      returns dpg.item_actions
      language plpgsql
      stable
      security invoker
      as $in_slots$
      declare
        stored dpg.item_actions;
      begin
        %1$s
        return stored;
      end
      $in_slots$;

      create or replace function dpg_private.lock_action_in_slot(
        slot smallint,
        partition_network text,
        action_type text,
        action_id uuid,
        strength text
      )
      returns dpg.item_actions
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      declare
        stored dpg.item_actions;
      begin
        if strength = 'key share' then
          %2$s
        else
          -- the locks: see dpg_private.lock_action
          %3$s
        end if;
        return stored;
      end
      $in_slots$;

      create or replace function dpg_private.update_action_in_slot(slot smallint, changed dpg.item_actions)
      returns bigint
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      declare
        changed_rows bigint;
      begin
        %4$s
        get diagnostics changed_rows = row_count;
        return changed_rows;
      end
      $in_slots$;

      create or replace function dpg_private.has_action_additions_in_slot(slot smallint)
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

      comment on function dpg_private.action_in_slot(smallint, text, text, uuid) is
        'The action of this key in the leaf of a slot; all columns are null where there is none.';
      comment on function dpg_private.lock_action_in_slot(smallint, text, text, uuid, text) is
        'The action of this key in the leaf of a slot under a row lock (strength: key share or no key update).';
      comment on function dpg_private.update_action_in_slot(smallint, dpg.item_actions) is
        'Writes what a transition changes of an action in the leaf of a slot. How many rows changed.';
      comment on function dpg_private.has_action_additions_in_slot(smallint) is
        'Whether an application has added columns or triggers to the root, or triggers to the leaf of a slot.';
    $statements$,
    dpg_private.slot_branches_sql(
      'select * into stored from dpg.%1$I a where ' || is_action || ';', slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'select * into stored from dpg.%1$I a where ' || is_action || ' for key share;', slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'lock table only dpg.item_actions, only dpg.action_events, only dpg.%1$I in row exclusive mode;
       select * into stored from dpg.%1$I a where ' || is_action || ' for no key update;',
      slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'update dpg.%1$I a
       set action_status = changed.action_status,
         update_count = changed.update_count,
         remarks = changed.remarks,
         updated_at = changed.updated_at,
         performed_by = changed.performed_by
       where a.partition_network = changed.partition_network
         and a.action_type = changed.action_type
         and a.action_id = changed.action_id;',
      slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'return dpg_private.has_additions(''dpg.item_actions'', 28) or dpg_private.has_leaf_additions(''dpg.%1$I'');',
      slots, leaves
    )
  );
end
$body$;

comment on function dpg_private.actions_in_slots_sql(smallint[], text[]) is
  'The functions that read, lock and change one action in the leaf of a slot. See dpg_private.in_slots_sql.';
--! EndIncluded actions/actions_slot_sql.sql
--! Included events/events_slot_sql.sql
create or replace function dpg_private.events_slot_sql(slot smallint, leaf text)
returns text
language sql
immutable
security invoker
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
  $statements$,
  slot, leaf
);

comment on function dpg_private.events_slot_sql(smallint, text) is
  'The function of a leaf of events that has a slot: its rows, for statements whose plans are kept.';

create or replace function dpg_private.events_in_slots_sql(slots smallint[], leaves text[])
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return format(
    $statements$
      create or replace function dpg_private.event_in_slot(
        slot smallint,
        partition_network text,
        action_type text,
        event_id uuid
      )
      returns dpg.action_events
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      declare
        stored dpg.action_events;
      begin
        %1$s
        return stored;
      end
      $in_slots$;

      create or replace function dpg_private.event_of_update_in_slot(
        slot smallint,
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
      as $in_slots$
      declare
        stored dpg.action_events;
      begin
        %2$s
        return stored;
      end
      $in_slots$;

      create or replace function dpg_private.has_event_additions_in_slot(slot smallint)
      returns boolean
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      begin
        %3$s
        return null;
      end
      $in_slots$;

      comment on function dpg_private.event_in_slot(smallint, text, text, uuid) is
        'The event of this id in the leaf of a slot, as it is committed now, or nulls.';
      comment on function dpg_private.event_of_update_in_slot(smallint, text, text, text, uuid, integer) is
        'The event of this update of an action in the leaf of a slot, as it is committed now, or nulls.';
      comment on function dpg_private.has_event_additions_in_slot(smallint) is
        'Whether an application has added columns or triggers to the root, or triggers to the leaf of a slot.';
    $statements$,
    dpg_private.slot_branches_sql(
      'select * into stored from dpg.%1$I e
       where e.partition_network = $2
         and e.action_type = $3
         and e.event_id = $4;',
      slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'select * into stored from dpg.%1$I e
       where e.partition_network = $2
         and e.action_type = $3
         and e.origin_instance_domain = $4
         and e.action_id = $5
         and e.update_count = $6;',
      slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'return dpg_private.has_additions(''dpg.action_events'', 30) or dpg_private.has_leaf_additions(''dpg.%1$I'');',
      slots, leaves
    )
  );
end
$body$;

comment on function dpg_private.events_in_slots_sql(smallint[], text[]) is
  'The functions that read one event in the leaf of a slot. See dpg_private.in_slots_sql.';
--! EndIncluded events/events_slot_sql.sql
--! Included partitions/lock_leaves.sql
create or replace function dpg_private.lock_leaves(leaves regclass[], network text, key text, problem text)
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
  -- 1 ms for each leaf; less than deadlock_timeout, so that no writer ends in 40P01 because of us
  longest constant interval := make_interval(secs => least(greatest(cardinality(leaves), 40), 400) / 1000.0);
  pause double precision := 0.005;
  patience interval := interval '0';
  lock_by timestamptz;
  left_milliseconds double precision;
  leaf regclass;
begin
  loop
    lock_by := clock_timestamp() + patience;
    begin
      -- all before lock_by, or none: writers that queue behind us never wait for longer than that
      foreach leaf in array leaves loop
        left_milliseconds := extract(epoch from lock_by - clock_timestamp()) * 1000;
        if left_milliseconds >= 1 then
          perform set_config('lock_timeout', floor(left_milliseconds)::text, true);
          execute format('lock table %s in share row exclusive mode', leaf);
        else
          execute format('lock table %s in share row exclusive mode nowait', leaf);
        end if;
      end loop;
      perform set_config('lock_timeout', caller_timeout, true);
      return;
    exception
      when lock_not_available then
        if clock_timestamp() >= give_up_at then
          raise exception using
            errcode = 'DP010',
            message = dpg_private.text_for_client(format(
              '%s: the lock on %s could not be had within %s s',
              problem, leaf, dpg_private.limit_of('partition_lock_seconds')
            )),
            hint = 'Repeat the call later. What holds the lock is a long transaction that writes to the same domain, '
              'or a maintenance command: see blocked_by in the detail, pg_locks and pg_stat_activity.',
            detail = dpg_private.text_for_client(jsonb_build_object(
              'root', 'items', 'network', network, 'key', key, 'reason', 'locks',
              'locks', jsonb_build_array(leaf::text),
              'blocked_by', dpg_private.find_lock_holders(array[leaf], array[leaf])
            )::text);
        end if;
    end;
    perform pg_sleep(pause * (0.5 + random()));
    -- many short writers leave no moment without a lock: stand in the queue, for a short time
    if pause > 0.05 then
      patience := longest;
    end if;
    pause := least(pause * 2, 0.25);
  end loop;
end
$body$;

comment on function dpg_private.lock_leaves(regclass[], text, text, text) is
  'Locks leaves of items (SHARE ROW EXCLUSIVE: writers wait, readers do not) so that their triggers can change, and
nobody writes by the former ones. All or none, for a short time, again and again, so that no long queue of writers comes
about. network and key are for the refusal, and problem begins its message.
Raises DP010 after partition_lock_seconds of dpg.limits.';
--! EndIncluded partitions/lock_leaves.sql
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
    perform dpg_private.follow_new_leaf(network, key, ('dpg.' || name)::regclass);
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
--! Included rules/registered_rules.sql
create or replace function dpg_private.check_network_rules(document jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  part record;
begin
  if coalesce(document -> 'max_actions_per_pair', 'null') <> 'null'
    and not dpg_private.is_rule_limit(document -> 'max_actions_per_pair')
  then
    perform dpg_private.refuse_network_document(
      '{max_actions_per_pair}', document -> 'max_actions_per_pair', 'is no limit',
      'A limit is a whole number from 1 to 1,000,000.'
    );
  end if;
  for part in
    select array['actions', a.name, 'interactions', (i.number - 1)::text, 'metric_categories'] as path,
      i.interaction -> 'metric_categories' as categories
    from jsonb_each(coalesce(document -> 'actions', '{}')) a(name, action)
    cross join jsonb_array_elements(a.action -> 'interactions') with ordinality i(interaction, number)
    where i.interaction -> 'metric_categories' <> 'null'
    order by a.name, i.number
  loop
    if jsonb_typeof(part.categories) <> 'object' then
      perform dpg_private.refuse_network_document(
        part.path, part.categories, 'is malformed', dpg_private.field_hint('object')
      );
    end if;
    perform dpg_private.refuse_network_document(
      part.path || c.name, part.categories -> c.name, 'is no array of statuses',
      'Name the statuses of the category: an array of strings of 1 to 120 characters.'
    )
    from unnest(array['accept', 'reject', 'cancel']) c(name)
    where part.categories -> c.name <> 'null'
      and (
        jsonb_typeof(part.categories -> c.name) <> 'array'
        or exists (
          select
          from jsonb_array_elements(
            case jsonb_typeof(part.categories -> c.name) when 'array' then part.categories -> c.name else '[]' end
          ) s(status)
          where not dpg_private.is_field('key', s.status)
        )
      );
  end loop;
end
$body$;

comment on function dpg_private.check_network_rules(jsonb) is
  'Raises DP001 unless what a network document says of rules can be read: max_actions_per_pair, and metric_categories of
interactions. The actions of the document were checked.';

create or replace function dpg_private.rules_of_document(document jsonb)
returns table (action_type text, rules jsonb)
language sql
immutable
security invoker
begin atomic
  -- the actions of this network: an interaction with a target elsewhere is an action there
  select a.name,
    jsonb_build_object(
      'final_statuses',
      (
        select coalesce(jsonb_agg(s.status order by s.status collate "C"), '[]')
        from (
          select distinct s.status
          from jsonb_array_elements(a.action -> 'interactions') i(interaction)
          cross join unnest(array['accept', 'reject', 'cancel']) c(name)
          cross join jsonb_array_elements_text(
            case jsonb_typeof(i.interaction -> 'metric_categories' -> c.name)
              when 'array' then i.interaction -> 'metric_categories' -> c.name
              else '[]'
            end
          ) s(status)
          where coalesce(i.interaction ->> 'to_network', rules_of_document.document ->> 'name')
            = rules_of_document.document ->> 'name'
        ) s
      )
    )
  from jsonb_each(coalesce(rules_of_document.document -> 'actions', '{}')) a(name, action)
  where exists (
    select
    from jsonb_array_elements(a.action -> 'interactions') i(interaction)
    where coalesce(i.interaction ->> 'to_network', rules_of_document.document ->> 'name')
        = rules_of_document.document ->> 'name'
      and i.interaction -> 'metric_categories' ?| array['accept', 'reject', 'cancel']
      and exists (
        select
        from unnest(array['accept', 'reject', 'cancel']) c(name)
        where jsonb_typeof(i.interaction -> 'metric_categories' -> c.name) = 'array'
      )
  );
end;

comment on function dpg_private.rules_of_document(jsonb) is
  'The rules that a network document sets for action types: the statuses under accept, reject and cancel in the
metric_categories of any of its interactions are final. The document has its name.';

create or replace function dpg_private.register_rules(network text, document jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.network_rules;
  wanted jsonb := case
    when coalesce(document -> 'max_actions_per_pair', 'null') <> 'null'
      then jsonb_build_object('max_open_per_pair', document -> 'max_actions_per_pair')
  end;
  changed record;
begin
  if document is null
    and not exists (select from dpg.network_rules n where n.network = register_rules.network)
    and not exists (select from dpg.action_definitions d where d.partition_network = register_rules.network)
  then
    return;
  end if;
  perform dpg_private.take_turns(array[dpg_private.turn_of_rules(network)]);
  select n.* into stored from dpg.network_rules n where n.network = register_rules.network;
  if stored.registered_rules is distinct from wanted then
    perform dpg_private.store_network_rules(network, stored.rules, wanted);
  end if;
  for changed in
    select action_type, r.rules
    from dpg_private.rules_of_document(document) r
    full join (
      select d.action_type, d.registered_rules
      from dpg.action_definitions d
      where d.partition_network = register_rules.network
        and d.registered_rules is not null
    ) d using (action_type)
    where r.rules is distinct from d.registered_rules
    order by action_type collate "C"
  loop
    perform dpg_private.note_changed_rules(network);
    insert into dpg.action_definitions as d (
      partition_network, action_type, initial_status, transitions, registered_rules, final_statuses
    )
    values (
      network, changed.action_type, 'created', null, changed.rules,
      dpg_private.final_statuses_of('created', null, null, changed.rules)
    )
    on conflict on constraint action_definitions_pkey do update
    set registered_rules = excluded.registered_rules,
      final_statuses = dpg_private.final_statuses_of(
        d.initial_status, d.transitions, d.rules, excluded.registered_rules
      );
    perform dpg_private.forget_empty_definition(network, changed.action_type);
  end loop;
end
$body$;

comment on function dpg_private.register_rules(text, jsonb) is
  'Sets the rules that a network document sets, in place of those that the former one set; document null: none. Rules
that were set by hand stay.';
--! EndIncluded rules/registered_rules.sql
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
  perform dpg_private.check_network_rules(named);

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

  perform dpg_private.register_rules(named ->> 'name', named);

  -- After the row is written: whoever defines a search meanwhile waits for it, or has committed and is seen here.
  perform dpg_private.check_searched_fields(named);
end
$body$;

comment on function dpg.register_network(jsonb) is
  'For dpg_admin. Registers a network document. It replaces the former document of the same name. From then on, new
items, actions and mirrored events of the network must be of declared domains, item types, action types and interactions
(else DP014). What is there already stays: items can be changed, actions can go on. Schemas are kept, but not applied
here. State graphs are declared by dpg.define_action. max_actions_per_pair is the rule max_open_per_pair of the network,
and statuses under accept, reject and cancel in metric_categories of an interaction are final, where dpg.define_network
and dpg.define_action say nothing else. Facets, counts and search take the fields of items that a schema
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
--! Included networks/unregister_network.sql
create or replace function dpg.unregister_network(network text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  was_registered boolean;
begin
  perform dpg_private.check_key('network', network);
  delete from dpg.networks n
  where n.network = unregister_network.network;
  was_registered := found;
  perform dpg_private.register_rules(network, null);
  return was_registered;
end
$body$;

comment on function dpg.unregister_network(text) is
  'For dpg_admin. Takes back the registration of a network, so that the network is open again, and the rules that
its document set. Returns false when it was not registered.
Raises DP001.
Example: select dpg.unregister_network(''yellow_dot'')';
--! EndIncluded networks/unregister_network.sql
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

create or replace function dpg_private.item_content_columns_sql(alias text)
returns text
language sql
immutable
parallel safe
security invoker
return replace(
  '@item_instance_url, @item_schema_url, @item_state,
   @item_latitude, @item_longitude, @created_by, @created_at, @updated_at, @item_status',
  '@', alias
);

comment on function dpg_private.item_content_columns_sql(text) is
  'The columns of dpg_private.item_columns_sql that come after the key of an item.';

create or replace function dpg_private.item_columns_sql(alias text)
returns text
language sql
immutable
parallel safe
security invoker
return replace('@item_network, @item_domain, @item_type, @item_id, ', '@', alias)
  || dpg_private.item_content_columns_sql(alias);

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
--! Included rules/item_limit.sql
create or replace function dpg_private.turn_of_owner(owner text, item_network text)
returns uuid
language sql
immutable
parallel safe
security invoker
return dpg_private.turn_of(jsonb_build_array('owner', item_network, owner));

comment on function dpg_private.turn_of_owner(text, text) is
  'The turn of the items that a user has in a network. Of all types, so that dpg.erase_user knows each that there can
be.';

create or replace function dpg_private.forget_turns_of_owner(owner text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  delete from dpg_private.rule_turns t
  where t.turn in (
    select dpg_private.turn_of_owner(owner, n.network) from unnest(dpg_private.ruled_networks()) n(network)
  );
end
$body$;

comment on function dpg_private.forget_turns_of_owner(text) is
  'Takes away the turns of a user who is erased: they are hashes of the id.';

create or replace function dpg_private.check_item_limits(owner text, items dpg.item_ref[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  networks constant text[] := array(
    select distinct i.item_network from unnest(items) i where i.item_network = any (dpg_private.ruled_networks())
  );
  limited record;
  present record; -- the items that count, and how many of them are new
begin
  -- look
  perform dpg_private.check_rules_are_seen(n.network) from unnest(networks) n(network) order by n.network;
  items := array(
    select i
    from unnest(items) i
    join dpg.network_rules n on n.network = i.item_network
    where dpg_private.rules_in_force(n.rules, n.registered_rules) ? 'max_items_per_owner'
  );
  if items = '{}' then
    return;
  end if;

  -- lock
  perform dpg_private.take_turns(
    array(
      select dpg_private.turn_of_owner(owner, i.item_network) from unnest(items) i
    )
  );

  -- count what is there now, the new ones as well
  for limited in
    select i.item_network, i.item_domain, i.item_type, array_agg(i.item_id) as new_ids,
      max((dpg_private.rules_in_force(n.rules, n.registered_rules) -> 'max_items_per_owner')::integer) as max_count,
      max(d.statuses::text)::jsonb as statuses
    from unnest(items) with ordinality i(item_network, item_domain, item_type, item_id, number)
    join dpg.network_rules n on n.network = i.item_network
    left join dpg.item_definitions d on d.item_network = i.item_network and d.item_domain = i.item_domain
    group by i.item_network, i.item_domain, i.item_type
    order by min(i.number)
  loop
    execute format(
      'select count(*) as items, count(*) filter (where i.item_id = any ($4)) as new_items
       from %s i
       where i.created_by = $1
         and i.item_type = $2
         and dpg_private.is_final_status($3, i.item_status) is not true',
      dpg_private.find_leaf('items', limited.item_network, limited.item_domain)
    )
    into present
    using owner, limited.item_type, limited.statuses, limited.new_ids;
    -- new ones in a final status add nothing
    if present.items > limited.max_count and present.new_items > 0 then
      perform dpg_private.raise_refusal(
        dpg_private.limit_refusal(
          'max_items_per_owner', limited.max_count, present.items - present.new_items,
          format(
            'user %L has %s items %L in %L/%L', owner, present.items - present.new_items, limited.item_type,
            limited.item_network, limited.item_domain
          ),
          'Change an item that is there, delete one, or set one to a final status.',
          jsonb_build_object(
            'actor', owner, 'item_network', limited.item_network, 'item_domain', limited.item_domain,
            'item_type', limited.item_type
          )
        )
      );
    end if;
  end loop;
end
$body$;

comment on function dpg_private.check_item_limits(text, dpg.item_ref[]) is
  'Raises DP016 where a user has more items of a type than dpg.define_network allows. items are new ones of his, which
are written already. Items in a final status do not count. For networks of dpg_private.ruled_networks.';
--! EndIncluded rules/item_limit.sql
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
  if is_new and item_network = any (dpg_private.ruled_networks()) then
    perform dpg_private.check_item_limits(actor, array[dpg_private.ref_of_item(sent)]);
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
        if item_network = any (dpg_private.ruled_networks()) then
          perform dpg_private.check_item_limits(actor, array[dpg_private.ref_of_item(sent)]);
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
Raises DP001, DP003, DP006, DP009, DP010, DP014, DP016, DP018.
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
  former_statuses text[]; -- of these, in the same order
  changed_rows bigint;
  found_items dpg.items[];
  stored dpg.items[] := array[]::dpg.items[];
  written integer[] := array[]::integer[];
  written_over text[] := array[]::text[]; -- the former statuses of those that were written
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
        'select array_agg(d.index), array_agg(d.item_status)
         from (
           select r.index, i.item_status
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
      into different, former_statuses
      using target.items_before, actor;
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
      written_over := written_over || former_statuses;
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

  -- then statuses: the owners of all leaves come before them
  perform dpg_private.check_item_status(
    row(r.item_network, r.item_domain, r.item_type, r.item_id), w.former_status, r.item_status, f, r.index
  )
  from unnest(items) r
  join unnest(written, written_over) w(index, former_status) using (index)
  join dpg.item_definitions f on f.item_network = r.item_network and f.item_domain = r.item_domain
  where r.item_status is not null
  order by r.index;

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
stored in another form, see dpg_private.additions_to_items. Raises DP003 and DP006 with the index, and DP018.';
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

  -- After the owners of those that were there are known to be the actor (DP003). New items only: one that is there may
  -- keep a status that the definition does not know any more.
  perform dpg_private.check_item_status(
    row(r.item_network, r.item_domain, r.item_type, r.item_id), null, r.item_status, d, r.index
  )
  from unnest(rows) r
  join dpg.item_definitions d on d.item_network = r.item_network and d.item_domain = r.item_domain
  where r.item_status is not null
    and (not asks_for_ids or r.item_id = any (inserted))
  order by r.index;

  -- new items only, too
  if array(select t.item_network from unnest(targets) t) && dpg_private.ruled_networks() then
    perform dpg_private.check_item_limits(
      actor,
      array(
        select row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref
        from unnest(rows) r
        where not asks_for_ids
          or r.item_id = any (inserted)
        order by r.index
      )
    );
  end if;
end
$body$;

comment on function dpg.upsert_items(text, jsonb) is
  'upsert_item for a JSON array of objects: all or nothing. The rows come in the order of the input. Fields of an
object: item_network, item_domain, item_type, item_instance_url, item_schema_url, and optionally item_state,
item_latitude, item_longitude, item_id, item_status. The same item_id twice is DP001. DETAIL has the index, counted from
0.
Raises DP001, DP003, DP006, DP009, DP010, DP014, DP016, DP018.
Example: select item_id from dpg.upsert_items(''asha'', ''[{
  "item_network": "yellow_dot", "item_domain": "student", "item_type": "profile_1.0",
  "item_instance_url": "https://yellowdot.example.com",
  "item_schema_url": "https://schemas.example.com/student_v1.json",
  "item_state": {"name": "Asha", "goal": "physics"},
  "item_id": "55555555-5555-4555-8555-555555555555"
}]'')';
--! EndIncluded items/upsert_items.sql
--! Included items/set_item_status.sql
create or replace function dpg_private.check_closing_statuses(close_actions_as text[])
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.refuse_argument(
    'close_actions_as', to_jsonb(s.status),
    case when s.status is null then 'is missing' else 'is not a key' end,
    'Pass keys: texts of 1 to 120 characters that are not all white space.', s.number::integer - 1
  )
  from unnest(close_actions_as) with ordinality s(status, number)
  where dpg_private.is_key(s.status) is not true;
end
$body$;

comment on function dpg_private.check_closing_statuses(text[]) is
  'Raises DP001 unless the statuses that close actions are keys. Null is none.';

create or replace function dpg.set_item_status(
  actor text,
  item_network text,
  item_domain text,
  item_type text,
  item_id uuid,
  item_status text,
  expected_updated_at timestamptz default null,
  close_actions_as text[] default null
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
  -- check. Actions must be closed as they are now: an older snapshot would leave out what was created since.
  if close_actions_as is not null then
    perform dpg_private.check_transaction('dpg.set_item_status with close_actions_as');
  end if;
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_item_ref(null, item),
    dpg_private.check_key('item_status', item_status),
    dpg_private.check_time_or_none('expected_updated_at', expected_updated_at),
    dpg_private.check_closing_statuses(close_actions_as);

  -- Leaves of events that were lost are created before the item is locked: who creates leaves may wait for it.
  if close_actions_as is not null then
    perform dpg_private.find_leaves_of_item(actor, item_network);
  end if;

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
    if close_actions_as is not null then
      perform dpg_private.close_actions(stored, close_actions_as);
    end if;
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
  if close_actions_as is not null then
    perform dpg_private.close_actions(stored, close_actions_as);
  end if;
  return stored;
end
$body$;

comment on function dpg.set_item_status(text, text, text, text, uuid, text, timestamptz, text[]) is
  'Changes the status of an item of the actor. dpg.define_item declares which statuses there are. The present status
again returns the row as it is. With expected_updated_at the call is refused (DP007) when somebody else changed the item
first.
With close_actions_as every open action of this instance with the item on a side moves to the first of these statuses
that the graph allows to that side, with its event, in the same transaction. An action that is in one of them stays.
Where none fits, DP006 names the action, and nothing is written. The present status again closes, too. Open is a status
that is not final (dpg.action_definitions). The item and these actions are locked until the transaction ends. With
close_actions_as it runs under READ COMMITTED only (25000).
Raises DP001, DP002, DP003, DP006, DP007, DP008, DP010, DP018.
Example: select * from dpg.set_item_status(
  ''asha'', ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111'', ''paused'',
  close_actions_as => array[''withdrawn'', ''declined'']
)';
--! EndIncluded items/set_item_status.sql
--! Included search/define_search.sql
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
    perform dpg_private.lock_leaves(
      array[leaf], item_network, item_domain,
      format('the search of %L/%L cannot be defined', item_network, item_domain)
    );
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
    perform dpg_private.lock_leaves(
      array[leaf], item_network, item_domain,
      format('the search of %L/%L cannot be defined', item_network, item_domain)
    );
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
   @source_item_is_local, @target_item_is_local, @performed_by, @acting_side',
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
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $body$
declare
  leaf regclass;
  slot smallint;
  stored dpg.action_events;
begin
  slot := dpg_private.slot_of('action_events', partition_network, action_type);
  leaf := dpg_private.find_leaf_by_slot('action_events', slot, partition_network, action_type);
  if leaf is null then
    return null;
  elsif slot is not null then
    return dpg_private.event_in_slot(slot, partition_network, action_type, event_id);
  end if;
  execute format(
    'select * from %s e where e.partition_network = $1 and e.action_type = $2 and e.event_id = $3', leaf
  )
  into stored
  using partition_network, action_type, event_id;
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
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $body$
declare
  leaf regclass;
  slot smallint;
  stored dpg.action_events;
begin
  slot := dpg_private.slot_of('action_events', partition_network, action_type);
  leaf := dpg_private.find_leaf_by_slot('action_events', slot, partition_network, action_type);
  if leaf is null then
    return null;
  elsif slot is not null then
    return dpg_private.event_of_update_in_slot(
      slot, partition_network, action_type, origin_instance_domain, action_id, update_count
    );
  end if;
  execute format(
    'select * from %s e
     where e.partition_network = $1 and e.action_type = $2 and e.origin_instance_domain = $3
       and e.action_id = $4 and e.update_count = $5',
    leaf
  )
  into stored
  using partition_network, action_type, origin_instance_domain, action_id, update_count;
  return stored;
end
$body$;

comment on function dpg_private.find_event_of_update(text, text, text, uuid, integer) is
  'The event of this update of an action, as it is committed now. All columns are null where there is none.';

create or replace function dpg_private.different_event_refusal(stored dpg.action_events)
returns dpg_private.refusal
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return row(
    'DP008',
    format(
      'event %s of %L/%L is there already, with other content',
      stored.event_id, stored.partition_network, stored.action_type
    ),
    'Repeat a call with exactly what it said the first time; another change or event needs an id of its own.',
    -- no more than its id: it may belong to an action that is not the caller's
    jsonb_build_object(
      'partition_network', stored.partition_network, 'action_type', stored.action_type, 'event_id', stored.event_id
    )
  )::dpg_private.refusal;
end
$body$;

comment on function dpg_private.different_event_refusal(dpg.action_events) is
  'DP008 for an event that is there with other content.';

create or replace function dpg_private.refuse_different_event(stored dpg.action_events)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.raise_refusal(dpg_private.different_event_refusal(stored));
end
$body$;

comment on function dpg_private.refuse_different_event(dpg.action_events) is
  'Raises dpg_private.different_event_refusal.';
--! EndIncluded events/find_event.sql
--! Included events/append_event.sql
create or replace function dpg_private.default_payload(action_status text)
returns jsonb
language sql
stable -- as jsonb_build_object is: else it could not be inlined
parallel safe
security invoker
return jsonb_build_object('status', action_status);

comment on function dpg_private.default_payload(text) is
  'The payload of an event when the caller gives no event_payload: {"status": <status>}.';

create or replace function dpg_private.digest_of_change(
  action_status text,
  event_payload jsonb,
  remarks text,
  performed_by text
)
returns bytea
language sql
stable
parallel safe
security invoker
-- without performed_by it is what releases before 0.2.0 have stored
return sha256(
  convert_to(
    (
      jsonb_build_array(action_status, event_payload, remarks)
      || case when performed_by is null then '[]'::jsonb else jsonb_build_array(performed_by) end
    )::text,
    'UTF8'
  )
);

comment on function dpg_private.digest_of_change(text, jsonb, text, text) is
  'SHA-256 of what a transition says, for dpg_private.sent_contents.';

create or replace function dpg_private.insert_event(event dpg.action_events)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  is_new boolean;
begin
  -- through the root: its plan is kept and knows no leaves
  insert into dpg.action_events (
    partition_network, action_type, event_id, origin_instance_domain, action_id, action_status, update_count,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
    source_item_owner, source_item_latitude, source_item_longitude, target_item_network, target_item_domain,
    target_item_type, target_item_id, target_item_instance_url, target_item_owner, target_item_latitude,
    target_item_longitude, event_payload, remarks, created_at, source_item_is_local, target_item_is_local,
    performed_by, acting_side
  )
  values (
    event.partition_network, event.action_type, event.event_id, event.origin_instance_domain, event.action_id,
    event.action_status, event.update_count, event.source_item_network, event.source_item_domain,
    event.source_item_type, event.source_item_id, event.source_item_instance_url, event.source_item_owner,
    event.source_item_latitude, event.source_item_longitude, event.target_item_network, event.target_item_domain,
    event.target_item_type, event.target_item_id, event.target_item_instance_url, event.target_item_owner,
    event.target_item_latitude, event.target_item_longitude, event.event_payload, event.remarks, event.created_at,
    event.source_item_is_local, event.target_item_is_local, event.performed_by, event.acting_side
  )
  on conflict do nothing;
  if found then
    return true;
  end if;
  if (dpg_private.find_event(event.partition_network, event.action_type, event.event_id)).event_id is not null
    or (
      dpg_private.find_event_of_update(
        event.partition_network, event.action_type, event.origin_instance_domain, event.action_id, event.update_count
      )
    ).event_id is not null
  then
    return false;
  end if;
  is_new := dpg_private.insert_again('action_events', dpg_private.event_columns_sql(''), event);
  if (dpg_private.find_event(event.partition_network, event.action_type, event.event_id)).event_id is null then
    perform dpg_private.refuse_suppressed(
      'insert', dpg_private.find_leaf('action_events', event.partition_network, event.action_type),
      jsonb_build_object('event_id', event.event_id)
    );
  end if;
  return is_new;
end
$body$;

comment on function dpg_private.insert_event(dpg.action_events) is
  'Inserts an event. False, and nothing written, when its id was used before, or when this update of its action has
an event already. Raises DP018.';

create or replace function dpg_private.event_of_action(
  action dpg.item_actions,
  event_id uuid,
  event_payload jsonb,
  remarks text,
  acting_side text
)
returns dpg.action_events
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  event dpg.action_events;
begin
  -- by name: an application may have added columns, which stand anywhere
  event.partition_network := action.partition_network;
  event.action_type := action.action_type;
  event.event_id := event_id;
  event.origin_instance_domain := action.target_item_instance_url;
  event.action_id := action.action_id;
  event.action_status := action.action_status;
  event.update_count := action.update_count;
  event.source_item_network := action.source_item_network;
  event.source_item_domain := action.source_item_domain;
  event.source_item_type := action.source_item_type;
  event.source_item_id := action.source_item_id;
  event.source_item_instance_url := action.source_item_instance_url;
  event.source_item_owner := action.source_item_owner;
  event.source_item_latitude := action.source_item_latitude;
  event.source_item_longitude := action.source_item_longitude;
  event.target_item_network := action.target_item_network;
  event.target_item_domain := action.target_item_domain;
  event.target_item_type := action.target_item_type;
  event.target_item_id := action.target_item_id;
  event.target_item_instance_url := action.target_item_instance_url;
  event.target_item_owner := action.target_item_owner;
  event.target_item_latitude := action.target_item_latitude;
  event.target_item_longitude := action.target_item_longitude;
  event.event_payload := event_payload;
  event.remarks := remarks;
  event.created_at := action.updated_at;
  event.source_item_is_local := action.source_item_is_local;
  event.target_item_is_local := true;
  event.performed_by := action.performed_by;
  event.acting_side := acting_side;
  return event;
end
$body$;

comment on function dpg_private.event_of_action(dpg.item_actions, uuid, jsonb, text, text) is
  'The event of an action as it is now, with its status, update_count, time and performed_by.';

create or replace function dpg_private.append_event(
  action dpg.item_actions,
  event_id uuid,
  event_payload jsonb,
  remarks text,
  acting_side text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- The insert of dpg_private.insert_event, written here again: a call takes as long as three checks. It is called
  -- only where this one inserts nothing.
  insert into dpg.action_events (
    partition_network, action_type, event_id, origin_instance_domain, action_id, action_status, update_count,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
    source_item_owner, source_item_latitude, source_item_longitude, target_item_network, target_item_domain,
    target_item_type, target_item_id, target_item_instance_url, target_item_owner, target_item_latitude,
    target_item_longitude, event_payload, remarks, created_at, source_item_is_local, target_item_is_local,
    performed_by, acting_side
  )
  values (
    action.partition_network, action.action_type, event_id, action.target_item_instance_url, action.action_id,
    action.action_status, action.update_count, action.source_item_network, action.source_item_domain,
    action.source_item_type, action.source_item_id, action.source_item_instance_url, action.source_item_owner,
    action.source_item_latitude, action.source_item_longitude, action.target_item_network, action.target_item_domain,
    action.target_item_type, action.target_item_id, action.target_item_instance_url, action.target_item_owner,
    action.target_item_latitude, action.target_item_longitude, event_payload, remarks, action.updated_at,
    action.source_item_is_local, true, action.performed_by, acting_side
  )
  on conflict do nothing;
  if not found
    and not dpg_private.insert_event(
      dpg_private.event_of_action(action, event_id, event_payload, remarks, acting_side)
    )
  then
    return false;
  end if;
  -- for the feed; under the row lock of the action, so that its events are queued in their order
  insert into dpg_private.event_queue (partition_network, action_type, event_id, source_item_instance_url, created_at)
  values (action.partition_network, action.action_type, event_id, action.source_item_instance_url, action.updated_at);
  if not found then
    perform dpg_private.refuse_suppressed(
      'insert', 'dpg_private.event_queue', jsonb_build_object('event_id', event_id)
    );
  end if;
  return true;
end
$body$;

comment on function dpg_private.append_event(dpg.item_actions, uuid, jsonb, text, text) is
  'Appends the event of an action as it is now, with its status, update_count, time and performed_by, and queues it for
the feed. acting_side is the side that the change came from: source or target.
False, and nothing written, when the id was used before, or when this update has an event already: one that was mirrored
before its origin became a URL of this instance.';
--! EndIncluded events/append_event.sql
--! Included events/event_json.sql
create or replace function dpg_private.event_fields()
returns text[]
language sql
immutable
parallel safe
security invoker
return array[
  'partition_network', 'action_type', 'event_id', 'origin_instance_domain', 'action_id', 'action_status',
  'update_count',
  'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_id', 'source_item_instance_url',
  'source_item_owner', 'source_item_latitude', 'source_item_longitude',
  'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_id', 'target_item_instance_url',
  'target_item_owner', 'target_item_latitude', 'target_item_longitude',
  'event_payload', 'remarks', 'created_at', 'performed_by', 'acting_side'
];

comment on function dpg_private.event_fields() is
  'The fields of an event that travels from one instance to another, in the order of the columns.';

create or replace function dpg_private.event_version()
returns integer
language sql
immutable
parallel safe
security invoker
return 2;

comment on function dpg_private.event_version() is
  'The version of events that this database knows. It rises when dpg_private.event_fields gets a field. 1 is what
0.1.0 sends, which names none. 2 has performed_by and acting_side.';

create or replace function dpg_private.check_unknown_fields(others jsonb)
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
      format(
        'The version of an event is a whole number from 1 on; this instance knows up to %s.',
        dpg_private.event_version()
      )
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
        'An event has the fields %s. Leave out what an application has added to the table on the other instance, '
          'as the rows of dpg.read_events do. Fields of a version that is newer than %s are ignored when the event '
          'names it: "version".',
        array_to_string(dpg_private.event_fields(), ', '), dpg_private.event_version()
      )
    );
  end if;
end
$body$;

comment on function dpg_private.check_unknown_fields(jsonb) is
  'What stands in an event beside its fields: its version, columns that an application has added to the table here,
whose values are not taken over, and, in a newer version than ours, anything. Raises DP001 for all else.';

create or replace function dpg_private.parse_event(event jsonb)
returns dpg.action_events
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  fields constant text[] := dpg_private.event_fields();
  optional constant text[] := array[
    'source_item_latitude', 'source_item_longitude', 'target_item_latitude', 'target_item_longitude', 'event_payload',
    'remarks', 'performed_by', 'acting_side'
  ];
  -- columns of a row that was read on another instance, true there: accepted, and found out anew
  locals constant text[] := array['source_item_is_local', 'target_item_is_local'];
  field text;
  value jsonb;
  kind text;
  result dpg.action_events;
begin
  if event is null or jsonb_typeof(event) <> 'object' then
    perform dpg_private.refuse_argument(
      'event', event, 'is not a JSON object', 'Pass an object whose fields are column names of dpg.action_events.'
    );
  end if;
  if event - fields - locals <> '{}' then
    perform dpg_private.check_unknown_fields(event - fields - locals);
    event := event - array(select k.field from jsonb_object_keys(event - fields - locals) k(field));
  end if;

  foreach field in array fields || locals loop
    value := nullif(event -> field, 'null');
    continue when value is null and field = any (optional || locals);
    kind := dpg_private.kind_of_field(field);
    if not dpg_private.is_field(kind, value) then
      perform dpg_private.refuse_field('event.' || field, kind, value);
    end if;
  end loop;
  perform
    dpg_private.check_document(
      'event.event_payload',
      coalesce(
        nullif(event -> 'event_payload', 'null'), dpg_private.default_payload(event ->> 'action_status')
      )
    ),
    dpg_private.check_coordinates_or_none(
      'event.source_item_latitude', (event ->> 'source_item_latitude')::double precision,
      'event.source_item_longitude', (event ->> 'source_item_longitude')::double precision
    ),
    dpg_private.check_coordinates_or_none(
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
  result.event_payload := coalesce(
    nullif(event -> 'event_payload', 'null'), dpg_private.default_payload(result.action_status)
  );
  result.created_at := dpg_private.time_of_text(event ->> 'created_at');
  return result;
end
$body$;

comment on function dpg_private.parse_event(jsonb) is
  'The row of an event that came as JSON. What dpg_private.check_unknown_fields lets pass beside the fields is left
out. Raises DP001 for unknown, missing or malformed fields.';

create or replace function dpg_private.event_to_json(event dpg.action_events)
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

comment on function dpg_private.event_to_json(dpg.action_events) is
  'An event as the object that dpg.store_event takes, without what an application has added to the table.';

create or replace function dpg_private.fill_missing_fields(
  event jsonb,
  proposed dpg.action_events,
  stored dpg.action_events
)
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
  if not event ? 'performed_by' then
    proposed.performed_by := stored.performed_by;
  end if;
  if not event ? 'acting_side' then
    proposed.acting_side := stored.acting_side;
  end if;
  return proposed;
end
$body$;

comment on function dpg_private.fill_missing_fields(jsonb, dpg.action_events, dpg.action_events) is
  'The event that came as this object, with the stored one''s value in each column that may be null and that the
object does not name: a sender of an older version does not know it, and so says nothing of it.';
--! EndIncluded events/event_json.sql
--! Included events/same_event.sql
create or replace function dpg_private.is_same_performer(stored text, proposed text)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if stored is null or proposed is null or stored = proposed then
    return stored is not distinct from proposed;
  end if;
  -- erased here since, or moved; or erased on the instance that says so
  return proposed = dpg_private.tombstone() or dpg_private.has_taken_place_of(stored, proposed);
end
$body$;

comment on function dpg_private.is_same_performer(text, text) is
  'Whether performed_by says the same as what is stored. Who was erased since, or whose items were moved since, is
stored as another user. That is no difference. Null is the party itself, and differs from everybody.';

create or replace function dpg_private.is_same_event(stored dpg.action_events, proposed dpg.action_events)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- what was redacted since cannot be compared, and is not restored
  if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, stored.event_id) then
    proposed.event_payload := stored.event_payload;
    proposed.remarks := stored.remarks;
    proposed.performed_by := stored.performed_by;
  end if;
  -- Every event since version 2 has an acting_side. Without it the stored one came when its sender, or this instance,
  -- was older, and says nothing of these two fields.
  if stored.acting_side is null then
    proposed.acting_side := null;
    if stored.performed_by is null then
      proposed.performed_by := null;
    end if;
  end if;
  if dpg_private.is_same_performer(stored.performed_by, proposed.performed_by)
    -- who is owner as well was moved together with the items on the other instance: see below
    or (
      not stored.target_item_is_local
      and (stored.performed_by, proposed.performed_by) = (stored.target_item_owner, proposed.target_item_owner)
    )
    or (
      not stored.source_item_is_local
      and (stored.performed_by, proposed.performed_by) = (stored.source_item_owner, proposed.source_item_owner)
    )
  then
    proposed.performed_by := stored.performed_by;
  end if;
  -- another spelling of a URL is the same instance
  if dpg_private.is_same_url(proposed.origin_instance_domain, stored.origin_instance_domain) then
    proposed.origin_instance_domain := stored.origin_instance_domain;
  end if;
  if dpg_private.is_same_url(proposed.source_item_instance_url, stored.source_item_instance_url) then
    proposed.source_item_instance_url := stored.source_item_instance_url;
  end if;
  if dpg_private.is_same_url(proposed.target_item_instance_url, stored.target_item_instance_url) then
    proposed.target_item_instance_url := stored.target_item_instance_url;
  end if;
  -- Another user may have taken the place of an owner since. Of a user of this instance that is on record here. Of
  -- a user of another instance only that one knows, and nothing here relies on the id. So an owner alone makes no
  -- other event.
  if not stored.source_item_is_local
    or dpg_private.has_taken_place_of(stored.source_item_owner, proposed.source_item_owner)
  then
    proposed.source_item_owner := stored.source_item_owner;
  end if;
  if not stored.target_item_is_local then
    proposed.target_item_owner := stored.target_item_owner;
  end if;
  -- column by column: an application may have added others
  return (
    stored.partition_network, stored.action_type, stored.event_id, stored.origin_instance_domain, stored.action_id,
    stored.action_status, stored.update_count, stored.source_item_network, stored.source_item_domain,
    stored.source_item_type, stored.source_item_id, stored.source_item_instance_url, stored.source_item_owner,
    stored.source_item_latitude, stored.source_item_longitude, stored.target_item_network, stored.target_item_domain,
    stored.target_item_type, stored.target_item_id, stored.target_item_instance_url, stored.target_item_owner,
    stored.target_item_latitude, stored.target_item_longitude, stored.event_payload, stored.remarks,
    stored.created_at, stored.source_item_is_local, stored.target_item_is_local, stored.performed_by,
    stored.acting_side
  ) is not distinct from (
    proposed.partition_network, proposed.action_type, proposed.event_id, proposed.origin_instance_domain,
    proposed.action_id, proposed.action_status, proposed.update_count, proposed.source_item_network,
    proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
    proposed.source_item_instance_url, proposed.source_item_owner, proposed.source_item_latitude,
    proposed.source_item_longitude, proposed.target_item_network, proposed.target_item_domain,
    proposed.target_item_type, proposed.target_item_id, proposed.target_item_instance_url, proposed.target_item_owner,
    proposed.target_item_latitude, proposed.target_item_longitude, proposed.event_payload, proposed.remarks,
    proposed.created_at, proposed.source_item_is_local, proposed.target_item_is_local, proposed.performed_by,
    proposed.acting_side
  );
end
$body$;

comment on function dpg_private.is_same_event(dpg.action_events, dpg.action_events) is
  'Whether a stored event, one mirrored from another instance, says the same as the proposed one, as far as it was
not redacted. Not compared: owners who are users of another instance, and an owner of this instance who was erased
or whose items were moved; the same is true of performed_by. Nor are performed_by and acting_side, where the stored one
came without them. URLs of instances are compared as dpg_private.normalised_url says.';

create or replace function dpg_private.digest_of_event(event dpg.action_events)
returns bytea
language sql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- the same digits of coordinates, and the same times, in every session
set timezone = 'UTC'
return sha256(
  convert_to(
    (jsonb_build_array(
      event.partition_network, event.action_type, event.event_id, event.origin_instance_domain, event.action_id,
      event.action_status, event.update_count, event.source_item_network, event.source_item_domain,
      event.source_item_type, event.source_item_id, event.source_item_instance_url, event.source_item_owner,
      event.source_item_latitude, event.source_item_longitude, event.target_item_network, event.target_item_domain,
      event.target_item_type, event.target_item_id, event.target_item_instance_url, event.target_item_owner,
      event.target_item_latitude, event.target_item_longitude, event.event_payload, event.remarks, event.created_at
    )
    -- not where both are null: so are the digests of before there were these columns
    || case
      when num_nonnulls(event.performed_by, event.acting_side) > 0
        then jsonb_build_array(event.performed_by, event.acting_side)
      else '[]'
    end)::text,
    'UTF8'
  )
);

comment on function dpg_private.digest_of_event(dpg.action_events) is
  'SHA-256 of the content of a mirrored event, for dpg_private.sent_contents.';

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
    message = dpg_private.text_for_client(format(
      'event %s of %L/%L is between other items than what came of action %s from %L before',
      proposed.event_id, proposed.partition_network, proposed.action_type, proposed.action_id,
      proposed.origin_instance_domain
    )),
    hint =
      'The events of one action name the same source and the same target, with the same URLs; '
        'another action needs an id of its own.',
    detail = dpg_private.text_for_client(jsonb_build_object(
      'partition_network', proposed.partition_network, 'action_type', proposed.action_type, 'event_id',
      proposed.event_id,
      'origin_instance_domain', proposed.origin_instance_domain, 'action_id', proposed.action_id
    )::text);
end
$body$;

comment on function dpg_private.refuse_event_of_other_items(dpg.action_events) is
  'Raises DP008 for an event whose action is here with another source or target.';
--! EndIncluded events/same_event.sql
--! Included events/store_event.sql
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
    'An action lives on the instance of its target, which makes its events: target_item_instance_url and '
      'origin_instance_domain are URLs of that instance, in any spelling of one.'
  );
end
$body$;

comment on function dpg_private.refuse_origin(dpg.action_events) is
  'Raises DP001 for an event of this instance, or of one on which its action does not live.';

create or replace function dpg_private.find_source_owner(event dpg.action_events)
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
  -- Locked until the event is stored: dpg_private.replace_owner locks the same rows before it reads the events.
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
      dpg_private.find_leaf('items', event.source_item_network, event.source_item_domain),
      row(event.source_item_network, event.source_item_domain, event.source_item_type, event.source_item_id),
      'key share'
    )).created_by;
  end if;
  if owner <> event.source_item_owner and dpg_private.has_taken_place_of(owner, event.source_item_owner) then
    return owner;
  end if;
  return event.source_item_owner;
end
$body$;

comment on function dpg_private.find_source_owner(dpg.action_events) is
  'The owner of the source of a mirrored event, as this instance has it now. The instance that made the event knows
the owner from the time when the action was created. Where that user was erased since, or the items were moved to
another user, it is the user who has taken the place.';

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
  compared dpg.action_events; -- the proposed one; a field that it lacks is as stored
  differing dpg.action_events;
  is_new boolean := false;
  is_own boolean;
  spellings text[]; -- of its origin, as far as they are noted
  spelling text;
begin
  -- check
  proposed := dpg_private.parse_event(event);
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
  proposed.target_item_is_local := false; -- the action lives where the event was created
  if is_own
    or not dpg_private.is_same_url(proposed.target_item_instance_url, proposed.origin_instance_domain)
  then
    perform dpg_private.refuse_origin(proposed);
  end if;
  if exists (
    select from dpg.networks n where n.network in (proposed.source_item_network, proposed.target_item_network)
  ) then
    perform dpg_private.check_interaction(
      proposed.action_type,
      row(proposed.source_item_network, proposed.source_item_domain, proposed.source_item_type,
      proposed.source_item_id),
      row(proposed.target_item_network, proposed.target_item_domain, proposed.target_item_type,
      proposed.target_item_id),
      proposed.action_id, proposed.origin_instance_domain
    );
  end if;

  -- store, unless this update of the action has an event already
  if dpg_private.find_leaf('action_events', proposed.partition_network, proposed.action_type) is null then
    perform dpg_private.ensure_mirrored_leaf(proposed.partition_network, proposed.action_type);
  end if;
  sent := proposed;
  -- The key of the table compares texts: the event of this update may be there under another spelling of its origin.
  foreach spelling in array coalesce(array_remove(spellings, proposed.origin_instance_domain), '{}') loop
    stored := dpg_private.find_event_of_update(
      proposed.partition_network, proposed.action_type, spelling, proposed.action_id, proposed.update_count
    );
    exit when stored.event_id is not null;
  end loop;
  if stored.event_id is null then
    proposed.source_item_owner := dpg_private.find_source_owner(proposed);
    is_new := dpg_private.insert_event(proposed);
    stored := dpg_private.find_event(proposed.partition_network, proposed.action_type, proposed.event_id);
  end if;
  if stored.event_id is null and not is_new then
    stored := dpg_private.find_event_of_update(
      proposed.partition_network, proposed.action_type, proposed.origin_instance_domain,
      proposed.action_id, proposed.update_count
    );
  end if;
  if is_new then
    if (stored.event_id, stored.action_id, stored.update_count, stored.origin_instance_domain)
      is distinct from (proposed.event_id, proposed.action_id, proposed.update_count, proposed.origin_instance_domain)
    then
      perform dpg_private.refuse_suppressed(
        'insert', dpg_private.find_leaf('action_events', proposed.partition_network, proposed.action_type),
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

  -- compare; whether the source is local was decided when the event came first
  proposed.source_item_is_local := stored.source_item_is_local;
  compared := dpg_private.fill_missing_fields(event, proposed, stored);
  if not dpg_private.is_same_event(stored, compared)
    and not dpg_private.was_sent(
      'action_events', stored.partition_network, stored.action_type, '', sent.event_id,
      dpg_private.digest_of_event(sent)
    )
  then
    -- as it was sent when one of both did not know these fields
    sent.performed_by := case when stored.performed_by is null then null else compared.performed_by end;
    sent.acting_side := case when stored.acting_side is null then null else compared.acting_side end;
    -- and before the other instance moved its items to another of its users
    sent.target_item_owner := stored.target_item_owner;
    if not stored.source_item_is_local then
      sent.source_item_owner := stored.source_item_owner;
    end if;
    if not dpg_private.was_sent(
      'action_events', stored.partition_network, stored.action_type, '', sent.event_id,
      dpg_private.digest_of_event(sent)
    ) then
      -- unless dpg_admin has accepted that its origin says two things of one update
      differing := dpg_private.find_differing_event(event, proposed);
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
  'Stores an event mirrored from another instance: an object whose fields are the column names of dpg.action_events.
The caller must have authenticated the origin. event_id and created_at are kept; source_item_is_local and
target_item_is_local are found out anew. Where the source is of this instance, its owner finds the event, and by
dpg.find_actions and dpg.get_action the action as the event of the highest update_count left it. The same event
again returns the stored row; a field that is missing does not differ, nor does another owner alone, since items may
have been moved. performed_by (a key or null) and acting_side (source, target or null) are missing in events of before
version 2: one that is stored without them stays so when it comes again with them. DP008 is: other content under the
same id, or for the same origin, action and update_count; and an event between other items than those of its action
here. Once dpg.accept_differing_event has accepted such an event,
it is returned as it was accepted. DP001 is: an origin of our own, a target_item_instance_url that is not the
origin, an unknown field. Not unknown are columns that an application has added to the table here, and what a newer
version than ours (the field version) has more: both are left out.
Raises DP001, DP008, DP010, DP014, DP018.
Example: select * from dpg.store_event(''{
  "partition_network": "yellow_dot", "action_type": "connect", "event_id": "99999999-9999-4999-8999-999999999999",
  "origin_instance_domain": "https://tutor.example.com",
  "action_id": "88888888-8888-4888-8888-888888888888", "action_status": "created", "update_count": 0,
  "source_item_network": "yellow_dot", "source_item_domain": "student", "source_item_type": "profile_1.0",
  "source_item_id": "11111111-1111-4111-8111-111111111111", "source_item_owner": "asha",
  "source_item_instance_url": "https://yellowdot.example.com",
  "target_item_network": "yellow_dot", "target_item_domain": "tutor", "target_item_type": "profile_1.0",
  "target_item_id": "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "target_item_owner": "kiran",
  "target_item_instance_url": "https://tutor.example.com",
  "event_payload": {"status": "created"}, "created_at": "2026-01-01T00:00:00.000000Z"
}'')';
--! EndIncluded events/store_event.sql
--! Included rules/rules_document.sql
create or replace function dpg_private.check_rules(rules jsonb, allowed text[])
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  unknown text;
  rule record;
begin
  if jsonb_typeof(rules) <> 'object' then
    perform dpg_private.refuse_argument(
      'rules', rules, 'is not a JSON object', format('Pass an object with some of: %s.', array_to_string(allowed, ', '))
    );
  end if;
  perform dpg_private.check_document('rules', rules);
  select k.name
  into unknown
  from jsonb_object_keys(rules) k(name)
  where k.name <> all (allowed)
  order by k.name
  limit 1;
  if found then
    perform dpg_private.refuse_argument(
      'rules.' || left(unknown, 120), rules -> unknown, 'is no rule here',
      format('The rules are: %s.', array_to_string(allowed, ', '))
    );
  end if;
  for rule in
    select r.name, r.value
    from jsonb_each(rules) r(name, value)
    where r.value <> 'null'
    order by r.name
  loop
    if rule.name = 'different_owners' then
      if jsonb_typeof(rule.value) <> 'boolean' then
        perform dpg_private.refuse_field('rules.different_owners', 'boolean', rule.value);
      end if;
    elsif rule.name = 'final_statuses' then
      if jsonb_typeof(rule.value) <> 'array'
        or exists (
          select
          from jsonb_array_elements(rule.value) s(status)
          where not dpg_private.is_field('key', s.status)
        )
      then
        perform dpg_private.refuse_argument(
          'rules.final_statuses', rule.value, 'is no array of statuses',
          'Pass an array of statuses, such as ["accepted", "declined"]; [] where none is final.'
        );
      end if;
    elsif not dpg_private.is_rule_limit(rule.value) then
      perform dpg_private.refuse_argument(
        'rules.' || rule.name, rule.value, 'is no limit', 'A limit is a whole number from 1 to 1,000,000.'
      );
    end if;
  end loop;
end
$body$;

comment on function dpg_private.check_rules(jsonb, text[]) is
  'Raises DP001 unless rules is an object with rules of these names: limits (1 to 1,000,000), different_owners (a
boolean), final_statuses (an array of keys). Each may be null.';

create or replace function dpg_private.is_rule_limit(value jsonb)
returns boolean
language sql
immutable
parallel safe
security invoker
return coalesce(
  case when jsonb_typeof(value) = 'number' then
    (value #>> '{}')::numeric >= 1
      and (value #>> '{}')::numeric <= 1000000
      and (value #>> '{}')::numeric % 1 = 0
  end,
  false
);

comment on function dpg_private.is_rule_limit(jsonb) is
  'Whether value is a whole number from 1 to 1,000,000, as a JSON number.';

create or replace function dpg_private.calling_role()
returns name
language sql
stable
parallel safe
security invoker
-- "set role" of the caller; within a function of ours current_user is its owner
return case current_setting('role') when 'none' then session_user else current_setting('role')::name end;

comment on function dpg_private.calling_role() is
  'The role in whose name the session calls.';

create or replace function dpg_private.check_registered_rules_stay(
  what text,
  former jsonb,
  rules jsonb,
  registered_rules jsonb,
  detail jsonb
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  changed text;
begin
  if registered_rules is null or pg_has_role(dpg_private.calling_role(), 'dpg_admin', 'usage') then
    return;
  end if;
  select r.name
  into changed
  from jsonb_object_keys(registered_rules) r(name)
  where coalesce(former -> r.name, registered_rules -> r.name) <> coalesce(rules -> r.name, registered_rules -> r.name)
  order by r.name
  limit 1;
  if found then
    raise exception using
      errcode = 'insufficient_privilege',
      message = dpg_private.text_for_client(
        format('the registered document of the network sets the rule %s of %s', changed, what)
      ),
      hint = 'Only dpg_admin may change it: by dpg.define_action, or by another document.',
      detail = dpg_private.text_for_client((jsonb_build_object('rule', changed) || detail)::text);
  end if;
end
$body$;

comment on function dpg_private.check_registered_rules_stay(text, jsonb, jsonb, jsonb, jsonb) is
  'Raises 42501 where a caller who is not dpg_admin changes a rule that a registered document sets: former are the rules
by hand of before, rules the wanted ones.';
--! EndIncluded rules/rules_document.sql
--! Included rules/open_actions.sql
create or replace function dpg_private.count_open_sql(leaf text, condition text)
returns text
language sql
immutable
parallel safe
security invoker
-- The indexes of actions by item have the status after the item: one look finds the next status that is there. So
-- thousands of closed actions cost one look for each of their statuses.
return format(
  'with recursive present(action_status) as (
     (select a.action_status from %1$s a where %2$s order by a.action_status limit 1)
     union all
     select n.action_status
     from present p
     cross join lateral (
       select a.action_status
       from %1$s a
       where %2$s and a.action_status > p.action_status
       order by a.action_status
       limit 1
     ) n
   )
   select coalesce(sum(o.open_actions), 0)::bigint
   from present p
   cross join lateral (
     select count(*) as open_actions
     from %1$s a
     where %2$s
       and a.action_status = p.action_status
       and (a.source_item_network, a.source_item_domain, a.source_item_type)
         = (($1).item_network, ($1).item_domain, ($1).item_type)
       and a.source_item_is_local = ($2 is null)
       and ($2 is null or dpg_private.is_same_url(a.source_item_instance_url, $2))
       and (
         ($3).item_id is null
         or (a.target_item_domain, a.target_item_type) = (($3).item_domain, ($3).item_type)
       )
   ) o
   where p.action_status <> all ($4)',
  leaf, condition
);

comment on function dpg_private.count_open_sql(text, text) is
  'The statement that counts the open actions of a leaf. condition is one that an index of actions by item serves.
Parameters: $1 source, $2 the URL of its instance, null for this one, $3 target, or null for any, $4 final statuses.';

create or replace function dpg_private.condition_of_open(what text)
returns text
language sql
immutable
parallel safe
security invoker
return case what
  when 'between' then 'a.target_item_id = ($3).item_id and a.source_item_id = ($1).item_id'
  when 'source' then 'a.source_local_item_id = ($1).item_id'
  when 'other_source' then 'a.source_local_item_id is null and a.source_item_id = ($1).item_id'
end;

comment on function dpg_private.condition_of_open(text) is
  'Which actions are counted: between two items, from a source of the network of the action, or from another source. The
condition for dpg_private.count_open_sql.';

create or replace function dpg_private.count_open(
  what text,
  partition_network text,
  action_type text,
  source dpg.item_ref,
  source_item_instance_url text,
  target dpg.item_ref,
  final_statuses text[]
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
declare
  slot constant smallint := dpg_private.slot_of('item_actions', partition_network, action_type);
  leaf constant regclass := dpg_private.find_leaf_by_slot('item_actions', slot, partition_network, action_type);
  open_actions bigint := 0;
begin
  if leaf is not null then
    execute
      case
        when slot is not null then
          format(
            'select dpg_private.count_open_%s_of_slot(null::dpg_private.slot_%s, $1, $2, $3, $4)', what, slot
          )
        else dpg_private.count_open_sql(leaf::text, dpg_private.condition_of_open(what))
      end
    into open_actions
    using source, source_item_instance_url, target, final_statuses;
  end if;
  return open_actions;
end
$body$;

comment on function dpg_private.count_open(text, text, text, dpg.item_ref, text, dpg.item_ref, text[]) is
  'How many open actions of a type there are: between two items, from a source of the network of the action, or from
another source (dpg_private.condition_of_open). source_item_instance_url is null for a source of this instance, target
for any.';

create or replace function dpg_private.count_open_between(
  action dpg.item_actions,
  action_type text,
  final_statuses text[]
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  source constant dpg.item_ref := row(
    action.source_item_network, action.source_item_domain, action.source_item_type, action.source_item_id
  );
  target constant dpg.item_ref := row(
    action.target_item_network, action.target_item_domain, action.target_item_type, action.target_item_id
  );
begin
  return
    dpg_private.count_open(
      'between', action.partition_network, action_type, source,
      case when not action.source_item_is_local then action.source_item_instance_url end, target, final_statuses
    )
    + case
      -- the other way round: from an item of this instance, in the network of the actions
      when action.source_item_is_local and action.source_item_network = action.partition_network then
        dpg_private.count_open(
          'between', action.partition_network, action_type, target, null, source, final_statuses
        )
      else 0
    end;
end
$body$;

comment on function dpg_private.count_open_between(dpg.item_actions, text, text[]) is
  'How many open actions of a type of its network there are between the items of an action, in both directions.';

create or replace function dpg_private.count_open_of_network(action dpg.item_actions)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select coalesce(
      sum(dpg_private.count_open_between(action, p.key, coalesce(d.final_statuses, '{}'))), 0
    )
    from dpg_private.partition_names p
    left join dpg.action_definitions d on d.partition_network = p.network and d.action_type = p.key
    where p.root = 'item_actions'
      and p.network = action.partition_network
      and p.key is not null
  );
end
$body$;

comment on function dpg_private.count_open_of_network(dpg.item_actions) is
  'How many open actions of all types of its network there are between the items of an action, in both directions.';

create or replace function dpg_private.count_open_of_source(action dpg.item_actions, final_statuses text[])
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return dpg_private.count_open(
    case when action.source_local_item_id is not null then 'source' else 'other_source' end,
    action.partition_network, action.action_type,
    row(
      action.source_item_network, action.source_item_domain, action.source_item_type, action.source_item_id
    ),
    case when not action.source_item_is_local then action.source_item_instance_url end,
    null, final_statuses
  );
end
$body$;

comment on function dpg_private.count_open_of_source(dpg.item_actions, text[]) is
  'How many open actions of its type there are from the source of an action.';
--! EndIncluded rules/open_actions.sql
--! Included rules/open_actions_of_slot.sql
-- What dpg_private.count_open_sql says, with plans that are kept, for leaves that have a slot: sql/README.md, "Plans
-- that are kept". One look finds the next status that is there, so closed actions cost one look for each of their
-- statuses.

create or replace function dpg_private.count_open_between_of_slot(
  slot anyenum,
  source dpg.item_ref,
  source_url text,
  target dpg.item_ref,
  final_statuses text[]
)
returns bigint
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $body$
begin
  return (
    with recursive present(action_status) as (
      (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.target_item_id = target.item_id
          and a.source_item_id = source.item_id
        order by a.action_status
        limit 1
      )
      union all
      select n.action_status
      from present p
      cross join lateral (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.target_item_id = target.item_id
          and a.source_item_id = source.item_id
          and a.action_status > p.action_status
        order by a.action_status
        limit 1
      ) n
    )
    select coalesce(sum(o.open_actions), 0)::bigint
    from present p
    cross join lateral (
      select count(*) as open_actions
      from dpg_private.action_rows(slot) a
      where a.target_item_id = target.item_id
        and a.source_item_id = source.item_id
        and a.action_status = p.action_status
        and (a.source_item_network, a.source_item_domain, a.source_item_type)
          = (source.item_network, source.item_domain, source.item_type)
        and a.source_item_is_local = (source_url is null)
        and (
          source_url is null
          or dpg_private.is_same_url(a.source_item_instance_url, source_url)
        )
        and (a.target_item_domain, a.target_item_type) = (target.item_domain, target.item_type)
    ) o
    where p.action_status <> all (final_statuses)
  );
end
$body$;

comment on function dpg_private.count_open_between_of_slot(anyenum, dpg.item_ref, text, dpg.item_ref, text[]) is
  'How many open actions there are between two items in the leaf of a slot.';

create or replace function dpg_private.count_open_source_of_slot(
  slot anyenum,
  source dpg.item_ref,
  source_url text,
  target dpg.item_ref,
  final_statuses text[]
)
returns bigint
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $body$
begin
  return (
    with recursive present(action_status) as (
      (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.source_local_item_id = source.item_id
        order by a.action_status
        limit 1
      )
      union all
      select n.action_status
      from present p
      cross join lateral (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.source_local_item_id = source.item_id
          and a.action_status > p.action_status
        order by a.action_status
        limit 1
      ) n
    )
    select coalesce(sum(o.open_actions), 0)::bigint
    from present p
    cross join lateral (
      select count(*) as open_actions
      from dpg_private.action_rows(slot) a
      where a.source_local_item_id = source.item_id
        and a.action_status = p.action_status
        and (a.source_item_network, a.source_item_domain, a.source_item_type)
          = (source.item_network, source.item_domain, source.item_type)
        and a.source_item_is_local = (source_url is null)
        and (
          source_url is null
          or dpg_private.is_same_url(a.source_item_instance_url, source_url)
        )
    ) o
    where p.action_status <> all (final_statuses)
  );
end
$body$;

comment on function dpg_private.count_open_source_of_slot(anyenum, dpg.item_ref, text, dpg.item_ref, text[]) is
  'How many open actions there are from a source of its network in the leaf of a slot.';

create or replace function dpg_private.count_open_other_source_of_slot(
  slot anyenum,
  source dpg.item_ref,
  source_url text,
  target dpg.item_ref,
  final_statuses text[]
)
returns bigint
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $body$
begin
  return (
    with recursive present(action_status) as (
      (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.source_local_item_id is null
          and a.source_item_id = source.item_id
        order by a.action_status
        limit 1
      )
      union all
      select n.action_status
      from present p
      cross join lateral (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.source_local_item_id is null
          and a.source_item_id = source.item_id
          and a.action_status > p.action_status
        order by a.action_status
        limit 1
      ) n
    )
    select coalesce(sum(o.open_actions), 0)::bigint
    from present p
    cross join lateral (
      select count(*) as open_actions
      from dpg_private.action_rows(slot) a
      where a.source_local_item_id is null
        and a.source_item_id = source.item_id
        and a.action_status = p.action_status
        and (a.source_item_network, a.source_item_domain, a.source_item_type)
          = (source.item_network, source.item_domain, source.item_type)
        and a.source_item_is_local = (source_url is null)
        and (
          source_url is null
          or dpg_private.is_same_url(a.source_item_instance_url, source_url)
        )
    ) o
    where p.action_status <> all (final_statuses)
  );
end
$body$;

comment on function dpg_private.count_open_other_source_of_slot(anyenum, dpg.item_ref, text, dpg.item_ref, text[]) is
  'How many open actions there are from a source of another network or instance in the leaf of a slot.';
--! EndIncluded rules/open_actions_of_slot.sql
--! Included rules/action_rules.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg_private.action_rules') is null then
    create type dpg_private.action_rules as (
      initial_status text,
      transitions jsonb,
      final_statuses text[],
      rules jsonb,
      network_rules jsonb
    );
  end if;
end
$body$;

comment on type dpg_private.action_rules is
  'What is declared of an action type: status of a new action, state graph, final statuses, the rules of the type, and
those of the network over all types. transitions, rules and network_rules are null where there are none.';

create or replace function dpg_private.rules_in_force(rules jsonb, registered_rules jsonb)
returns jsonb
language sql
immutable
parallel safe
security invoker
return case
  when rules is not null or registered_rules is not null then
    nullif(
      jsonb_strip_nulls(coalesce(registered_rules, '{}') || coalesce(rules, '{}')) - 'final_statuses', '{}'
    )
end;

comment on function dpg_private.rules_in_force(jsonb, jsonb) is
  'The rules by hand before those of the registered document, without final statuses. Null where none is left.';

create or replace function dpg_private.look_up_action_rules(partition_network text, action_type text)
returns table (
  initial_status text, transitions jsonb, final_statuses text[], rules jsonb, network_rules jsonb
)
language sql
stable
parallel safe
security invoker
begin atomic
  select
    coalesce(d.initial_status, 'created'),
    d.transitions,
    coalesce(d.final_statuses, '{}'),
    case
      when look_up_action_rules.partition_network = any (dpg_private.ruled_networks()) then
        dpg_private.rules_in_force(d.rules, d.registered_rules)
    end,
    case
      when look_up_action_rules.partition_network = any (dpg_private.ruled_networks()) then
        (
          select dpg_private.rules_in_force(n.rules, n.registered_rules)
          from dpg.network_rules n
          where n.network = look_up_action_rules.partition_network
        )
    end
  from (select) l
  left join dpg.action_definitions d
    on d.partition_network = look_up_action_rules.partition_network
    and d.action_type = look_up_action_rules.action_type;
end;

comment on function dpg_private.look_up_action_rules(text, text) is
  'What is declared of an action type: dpg_private.action_rules as a table of one row. Stored parsed and inlined.';

create or replace function dpg_private.find_action_rules(partition_network text, action_type text)
returns dpg_private.action_rules
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  found_rules dpg_private.action_rules;
begin
  select r.* into found_rules from dpg_private.look_up_action_rules(partition_network, action_type) r;
  return found_rules;
end
$body$;

comment on function dpg_private.find_action_rules(text, text) is
  'What is declared of an action type, as it is committed now.';

create or replace function dpg_private.identity_of_side(
  item_network text,
  item_domain text,
  item_type text,
  item_id uuid,
  is_local boolean,
  item_instance_url text
)
returns jsonb
language sql
immutable
parallel safe
security invoker
return jsonb_build_array(
  case when not is_local then dpg_private.normalised_url(item_instance_url) end,
  item_network, item_domain, item_type, item_id
);

comment on function dpg_private.identity_of_side(text, text, text, uuid, boolean, text) is
  'What tells an item from every other, on this instance and elsewhere: its key, and for one that lives elsewhere the
URL of its instance.';

create or replace function dpg_private.turns_of_action(rules dpg_private.action_rules, action dpg.item_actions)
returns uuid[]
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  source constant jsonb := dpg_private.identity_of_side(
    action.source_item_network, action.source_item_domain, action.source_item_type, action.source_item_id,
    action.source_item_is_local, action.source_item_instance_url
  );
  target constant jsonb := dpg_private.identity_of_side(
    action.target_item_network, action.target_item_domain, action.target_item_type, action.target_item_id,
    true, action.target_item_instance_url
  );
  -- of two items in any order
  pair constant jsonb := jsonb_build_array(least(source, target), greatest(source, target));
begin
  return array_remove(
    array[
      case when rules.rules ? 'max_open_per_pair' then
        dpg_private.turn_of(jsonb_build_array('pair', action.partition_network, action.action_type, pair))
      end,
      case when rules.rules ? 'max_open_per_source' then
        dpg_private.turn_of(jsonb_build_array('source', action.partition_network, action.action_type, source))
      end,
      case when rules.network_rules ? 'max_open_per_pair' then
        dpg_private.turn_of(jsonb_build_array('pair', action.partition_network, null, pair))
      end
    ],
    null
  );
end
$body$;

comment on function dpg_private.turns_of_action(dpg_private.action_rules, dpg.item_actions) is
  'The turns of what rules count when this action becomes an open one.';

create or replace function dpg_private.limit_refusal(
  rule text,
  max_count bigint,
  present_count bigint,
  what text,
  hint text,
  detail jsonb
)
returns dpg_private.refusal
language sql
stable
parallel safe
security invoker
return row(
  'DP016',
  format('%s, and the rule %s allows %s', what, rule, max_count),
  hint,
  jsonb_build_object('rule', rule, 'limit', max_count, 'count', present_count) || detail
)::dpg_private.refusal;

comment on function dpg_private.limit_refusal(text, bigint, bigint, text, text, jsonb) is
  'DP016 for a rule that counts: its name, how many it allows, how many there are. what is a sentence that says them.';

create or replace function dpg_private.rule_refusal(
  rules dpg_private.action_rules,
  action dpg.item_actions,
  becomes_open boolean default true
)
returns dpg_private.refusal
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  keys constant jsonb := jsonb_build_object(
    'partition_network', action.partition_network, 'action_type', action.action_type
  );
  close_one constant text := 'Wait until one of them is closed, or close one. Final are: %s.';
  max_count bigint;
  present_count bigint;
begin
  if action.source_item_is_local
    and action.source_item_owner = action.target_item_owner
    and (rules.rules -> 'different_owners' = 'true' or rules.network_rules -> 'different_owners' = 'true')
  then
    return row(
      'DP016',
      format('%L owns both items, and the rule different_owners forbids it', action.source_item_owner),
      'Choose an item of another user.',
      jsonb_build_object('rule', 'different_owners') || keys
    )::dpg_private.refusal;
  end if;

  if not becomes_open then
    return null;
  end if;

  max_count := (rules.rules -> 'max_open_per_pair')::bigint;
  if max_count is not null then
    present_count := dpg_private.count_open_between(action, action.action_type, rules.final_statuses);
    if present_count >= max_count then
      return dpg_private.limit_refusal(
        'max_open_per_pair', max_count, present_count,
        format(
          'there are %s open actions %L between items %s and %s', present_count, action.action_type,
          action.source_item_id, action.target_item_id
        ),
        format(close_one, dpg_private.final_statuses_for_people(rules.final_statuses)),
        keys
      );
    end if;
  end if;

  max_count := (rules.rules -> 'max_open_per_source')::bigint;
  if max_count is not null then
    present_count := dpg_private.count_open_of_source(action, rules.final_statuses);
    if present_count >= max_count then
      return dpg_private.limit_refusal(
        'max_open_per_source', max_count, present_count,
        format(
          'there are %s open actions %L from item %s', present_count, action.action_type, action.source_item_id
        ),
        format(close_one, dpg_private.final_statuses_for_people(rules.final_statuses)),
        keys
      );
    end if;
  end if;

  max_count := (rules.network_rules -> 'max_open_per_pair')::bigint;
  if max_count is not null then
    present_count := dpg_private.count_open_of_network(action);
    if present_count >= max_count then
      return dpg_private.limit_refusal(
        'max_open_per_pair', max_count, present_count,
        format(
          'there are %s open actions of network %L between items %s and %s', present_count, action.partition_network,
          action.source_item_id, action.target_item_id
        ),
        'Wait until one of them is closed, or close one. dpg.action_definitions says which statuses are final.',
        keys || jsonb_build_object('network', action.partition_network)
      );
    end if;
  end if;
  return null;
end
$body$;

comment on function dpg_private.rule_refusal(dpg_private.action_rules, dpg.item_actions, boolean) is
  'DP016 where rules allow no more open action between these items or from this source. code is null where they do.
action is one that is not open, or not yet there. becomes_open: false for a new one whose first status is final. For a
caller that has its turns.';

create or replace function dpg_private.final_statuses_for_people(final_statuses text[])
returns text
language sql
immutable
parallel safe
security invoker
return coalesce((select string_agg(format('%L', s.status), ', ') from unnest(final_statuses) s(status)), 'none');

comment on function dpg_private.final_statuses_for_people(text[]) is
  'The statuses as a list in a sentence.';

create or replace function dpg_private.check_new_action(
  leaf regclass,
  rules dpg_private.action_rules,
  action dpg.item_actions,
  is_named boolean
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  turns uuid[];
begin
  perform dpg_private.check_rules_are_seen(action.partition_network);
  if rules.rules is null and rules.network_rules is null then
    return;
  end if;
  turns := dpg_private.turns_of_action(rules, action);
  if turns <> '{}' then
    perform dpg_private.take_turns(turns);
  end if;
  -- a call that is repeated finds its action; the one that was faster may just have committed
  if is_named
    and (
      dpg_private.find_action(leaf, action.partition_network, action.action_type, action.action_id)
    ).action_id is not null
  then
    return;
  end if;
  perform dpg_private.raise_refusal(
    dpg_private.rule_refusal(rules, action, action.action_status <> all (rules.final_statuses))
  );
end
$body$;

comment on function dpg_private.check_new_action(regclass, dpg_private.action_rules, dpg.item_actions, boolean) is
  'Raises DP016 where rules do not allow a new action. is_named: the caller has chosen its id, so that the call may be a
repeated one. For networks of dpg_private.ruled_networks.';
--! EndIncluded rules/action_rules.sql
--! Included rules/define_network.sql
create or replace function dpg_private.store_network_rules(network text, rules jsonb, registered_rules jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if rules is null and registered_rules is null then
    delete from dpg.network_rules n
    where n.network = store_network_rules.network;
  else
    insert into dpg.network_rules as n (network, rules, registered_rules)
    values (network, rules, registered_rules)
    on conflict on constraint network_rules_pkey do update
    set rules = excluded.rules,
      registered_rules = excluded.registered_rules
    where (n.rules, n.registered_rules) is distinct from (excluded.rules, excluded.registered_rules);
  end if;
  perform dpg_private.note_changed_rules(network);
end
$body$;

comment on function dpg_private.store_network_rules(text, jsonb, jsonb) is
  'Writes the rules of a network; its row goes where there are none. For a caller that has the turn of its rules.';

create or replace function dpg.define_network(network text, rules jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.network_rules;
begin
  perform dpg_private.check_key('network', network);
  if rules is not null then
    perform dpg_private.check_rules(rules, array['max_open_per_pair', 'different_owners', 'max_items_per_owner']);
  end if;
  perform dpg_private.take_turns(array[dpg_private.turn_of_rules(network)]);
  select n.* into stored from dpg.network_rules n where n.network = define_network.network;
  perform dpg_private.store_network_rules(network, nullif(rules, '{}'), stored.registered_rules);
end
$body$;

comment on function dpg.define_network(text, jsonb) is
  'For dpg_admin. Sets the rules of a network, in place of those that were set before. rules is an object with some of:
max_open_per_pair (how many actions of all types may be open between two items, whichever is the source),
different_owners (true: the two items of an action are of different owners, where both are of this instance),
max_items_per_owner (how many items of one domain and type a user may have; items in a final status do not count).
Limits are 1 to 1,000,000. A null among the rules takes back what the registered document sets. {} and null: no rules
but those of the document. New actions and items obey from the next call on (DP016); what is there stays.
dpg.store_event checks no rule, nor does dpg.move_items.
Raises DP001.
Example: select dpg.define_network(''yellow_dot'', ''{"max_open_per_pair": 3, "max_items_per_owner": 5}'')';
--! EndIncluded rules/define_network.sql
--! Included actions/define_action.sql
create or replace function dpg_private.forget_empty_definition(partition_network text, action_type text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  delete from dpg.action_definitions d
  where d.partition_network = forget_empty_definition.partition_network
    and d.action_type = forget_empty_definition.action_type
    and d.transitions is null
    and d.rules is null
    and d.registered_rules is null;
end
$body$;

comment on function dpg_private.forget_empty_definition(text, text) is
  'Takes away the definition of an action type where it says nothing.';

create or replace function dpg.define_action(
  partition_network text,
  action_type text,
  transitions jsonb,
  initial_status text default 'created',
  rules jsonb default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  edge record;
  keeps_graph constant boolean := transitions is null and rules is not null;
  keeps_rules constant boolean := rules is null;
  stored dpg.action_definitions;
begin
  initial_status := coalesce(initial_status, 'created');
  perform
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_key('initial_status', initial_status);

  if transitions is not null and jsonb_typeof(transitions) <> 'array' then
    perform dpg_private.refuse_argument(
      'transitions', transitions, 'is not a JSON array',
      'Pass an array of edges, [] to allow no change, null to remove the declaration.'
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
    from jsonb_array_elements(coalesce(transitions, '[]')) with ordinality t(element, position)
    order by t.position
  loop
    if jsonb_typeof(edge.element) <> 'object'
      or edge.element - array['from', 'to', 'by'] <> '{}'
      or not dpg_private.is_field('key', edge.element -> 'from')
      or not dpg_private.is_field('key', edge.element -> 'to')
      or coalesce(edge.element -> 'by' not in ('"source"', '"target"', '"either"'), true)
    then
      perform dpg_private.refuse_argument(
        'transitions', edge.element, 'is no edge',
        'An edge is {"from": <status>, "to": <status>, "by": "source" | "target" | "either"}; '
          'a status is text of 1 to 120 characters.',
        edge.index
      );
    end if;
  end loop;

  if rules is not null then
    perform dpg_private.check_rules(
      rules, array['final_statuses', 'max_open_per_pair', 'max_open_per_source', 'different_owners']
    );
  end if;
  if transitions is not null or rules <> '{}' then
    perform dpg_private.check_action_type_declared('item_actions', partition_network, action_type);
  end if;

  -- look: what is not there needs not be removed, so nothing is written
  if transitions is null
    and rules is null
    and not exists (
      select
      from dpg.action_definitions d
      where d.partition_network = define_action.partition_network
        and d.action_type = define_action.action_type
    )
  then
    return;
  end if;

  -- lock. Also for a graph: it says which statuses are final, which calls with an older snapshot must notice, and the
  -- turn comes before the row in every call.
  perform dpg_private.take_turns(array[dpg_private.turn_of_rules(partition_network)]);
  select d.*
  into stored
  from dpg.action_definitions d
  where d.partition_network = define_action.partition_network
    and d.action_type = define_action.action_type;
  if rules is not null then
    perform dpg_private.check_registered_rules_stay(
      format('action %L', action_type), coalesce(stored.rules, '{}'), rules, stored.registered_rules,
      jsonb_build_object('partition_network', partition_network, 'action_type', action_type)
    );
  end if;

  -- change. Another call may write the row at this moment: so what stays is taken from the row as it is then.
  if transitions is null then
    if rules is null then
      initial_status := 'created';
    end if;
    if stored.action_type is null and coalesce(rules, '{}') = '{}' then
      return;
    end if;
  end if;
  insert into dpg.action_definitions as d (
    partition_network, action_type, initial_status, transitions, rules, final_statuses
  )
  values (
    partition_network, action_type, initial_status, transitions, nullif(rules, '{}'),
    dpg_private.final_statuses_of(initial_status, transitions, rules, null)
  )
  on conflict on constraint action_definitions_pkey do update
  set initial_status = case when keeps_graph then d.initial_status else excluded.initial_status end,
    transitions = case when keeps_graph then d.transitions else excluded.transitions end,
    rules = case when keeps_rules then d.rules else excluded.rules end,
    final_statuses = dpg_private.final_statuses_of(
      case when keeps_graph then d.initial_status else excluded.initial_status end,
      case when keeps_graph then d.transitions else excluded.transitions end,
      case when keeps_rules then d.rules else excluded.rules end,
      d.registered_rules
    )
  where (
      case when keeps_graph then d.initial_status else excluded.initial_status end,
      case when keeps_graph then d.transitions else excluded.transitions end,
      case when keeps_rules then d.rules else excluded.rules end
    ) is distinct from (d.initial_status, d.transitions, d.rules);
  perform dpg_private.forget_empty_definition(partition_network, action_type);
  if rules is not null then
    perform dpg_private.note_changed_rules(partition_network);
  end if;
end
$body$;

comment on function dpg.define_action(text, text, jsonb, text, jsonb) is
  'Declares the state graph of an action type and replaces the former one: transitions is an array of edges with "from",
"to" and "by" (source, target or either); [] allows no change, null removes the graph. Actions that are there keep their
status. rules is an object with some of: final_statuses (an array of the statuses after which an action is not open any
more; without it those of the graph that no edge leaves, and none where there is no graph), max_open_per_pair (how many
actions of this type may be open between two items, whichever is the source), max_open_per_source (how many from one
source), different_owners (true: the two items are of different owners, where both are of this instance). Limits are 1
to 1,000,000. rules null keeps the rules that are there, {} clears them; with rules, transitions null leaves the graph.
A null among the rules takes back what a registered document sets, which only dpg_admin may (42501). New actions obey
from the next call on (DP016), and so does a transition out of a final status into an open one. What is there stays, and
dpg.store_event checks no rule.
Raises DP001, DP014.
Example: select dpg.define_action(''yellow_dot'', ''connect'', ''[
  {"from": "created", "to": "accepted", "by": "target"},
  {"from": "created", "to": "withdrawn", "by": "source"}
]'')';
--! EndIncluded actions/define_action.sql
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
   @source_item_is_local, @source_local_item_id, @performed_by',
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

create or replace function dpg_private.action_not_found_refusal(
  partition_network text,
  action_type text,
  action_id uuid
)
returns dpg_private.refusal
language sql
stable
parallel safe
security invoker
return row(
  'DP004',
  format('there is no action %L/%L/%s here', partition_network, action_type, action_id),
  'Check network, type and id; an action lives on the instance of its target, in the target''s network.',
  jsonb_build_object('partition_network', partition_network, 'action_type', action_type, 'action_id', action_id)
)::dpg_private.refusal;

comment on function dpg_private.action_not_found_refusal(text, text, uuid) is
  'DP004 for the action.';

create or replace function dpg_private.refuse_action_not_found(partition_network text, action_type text, action_id uuid)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.raise_refusal(
    dpg_private.action_not_found_refusal(partition_network, action_type, action_id)
  );
end
$body$;

comment on function dpg_private.refuse_action_not_found(text, text, uuid) is
  'Raises dpg_private.action_not_found_refusal.';

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
set enable_seqscan = off
as $body$
declare
  stored dpg.item_actions;
begin
  if slot is not null and leaf is not null then
    stored := dpg_private.lock_action_in_slot(slot, partition_network, action_type, action_id, strength);
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
--! Included actions/party.sql
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
  'The part of the actor, a user of this instance, in an action or event: initiated (owner of the source), received
(owner of the target), both or none. An owner who lives on another instance is nobody here, whatever the id.';

create or replace function dpg_private.party_refusal(
  party text,
  action dpg.item_actions,
  problem text default 'is no party of',
  hint text default 'Only the owners of its source and target items, as they were when the action was made, '
    'may read or change an action.',
  detail jsonb default '{}'
)
returns dpg_private.refusal
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return row(
    'DP005',
    format(
      'user %L %s action %L/%L/%s',
      party, problem, action.partition_network, action.action_type, action.action_id
    ),
    hint,
    jsonb_build_object(
      'actor', party, 'partition_network', action.partition_network,
      'action_type', action.action_type, 'action_id', action.action_id
    ) || detail
  )::dpg_private.refusal;
end
$body$;

comment on function dpg_private.party_refusal(text, dpg.item_actions, text, text, jsonb) is
  'DP005 for the user and the action.';

create or replace function dpg_private.party_searches_sql(
  search text,
  ownership_role text,
  initiated text,
  received text,
  alias text,
  order_by text
)
returns text[]
language sql
immutable
parallel safe
security invoker
return case ownership_role
  when 'initiated' then array[format('%s and %s', search, initiated)]
  when 'received' then array[format('%s and %s', search, received)]
  else array[
    format('%s and %s', search, initiated),
    -- What both find belongs to the first, so that each row comes once. It is left out after the limit: before it, a
    -- search for somebody who is always on both sides would read all of it. What the first has beyond its limit comes
    -- after a whole page.
    format(
      'select %1$s.* from (%2$s and %3$s order by %4$s limit ($2).row_limit) %1$s where not (%5$s)',
      alias, search, received, order_by, initiated
    )
  ]
end;

comment on function dpg_private.party_searches_sql(text, text, text, text, text, text) is
  'The searches of a role, since each has an index in the order of the page. search: a select with a where clause over a
table named alias. initiated, received: what belongs to whom. order_by: of the page. $2 has its row_limit.';

create or replace function dpg_private.check_ownership_role(ownership_role text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (ownership_role in ('initiated', 'received', 'all')) is not true then
    dpg_private.refuse_argument(
      'ownership_role', to_jsonb(ownership_role), 'is no role', 'A role is initiated, received or all.'
    )
end;

comment on function dpg_private.check_ownership_role(text) is
  'Raises DP001 unless ownership_role is initiated, received or all.';
--! EndIncluded actions/party.sql
--! Included actions/write_action_and_event.sql
create or replace function dpg_private.check_event_is_stored(action dpg.item_actions)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  event constant dpg.action_events := dpg_private.find_event_of_update(
    action.partition_network, action.action_type, action.target_item_instance_url, action.action_id, action.update_count
  );
begin
  if event.event_id is null then
    raise exception using
      errcode = 'triggered_data_change_violation',
      message = dpg_private.text_for_client(
        format('action %s is being changed by the call that has fired this trigger', action.action_id)
      ),
      hint = 'Change it in an AFTER trigger: it runs when the action and its event are stored.',
      detail = dpg_private.text_for_client(
        jsonb_build_object('action_id', action.action_id, 'update_count', action.update_count)::text
      );
  end if;
end
$body$;

comment on function dpg_private.check_event_is_stored(dpg.item_actions) is
  'Raises 27000 where the present change of an action has no event yet. A BEFORE trigger of the application on the
events sees the action then, and the event of a next change would come before that of this one.';

create or replace function dpg_private.write_action_and_event(
  leaf regclass,
  action dpg.item_actions,
  event_id uuid,
  event_payload jsonb,
  remarks text,
  acting_side text
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  events_leaf constant regclass := dpg_private.find_leaf('action_events', action.partition_network, action.action_type);
  key constant jsonb := jsonb_build_object(
    'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id
  );
  -- what the statement wrote; null where there is no action
  is_action boolean; -- the action has the key and the update_count that it was given
  is_event boolean;
  is_event_of_action boolean; -- the event belongs to it
  queued_events bigint;
  stored dpg.item_actions;
  event dpg.action_events;
begin
  -- One statement writes action, event and queue. So the event says what BEFORE triggers made of the action. AFTER
  -- triggers run when the statement ends and find all three: where one calls a function of ours for the same
  -- action, that call begins from here, and its event comes later.
  execute format(
    'with action as (
       %s
       returning a.*
     ),
     event as (
       insert into dpg.action_events as e (
         %s
       )
       select
         a.partition_network, a.action_type, $2, a.target_item_instance_url, a.action_id, a.action_status,
           a.update_count, a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id,
           a.source_item_instance_url, a.source_item_owner, a.source_item_latitude, a.source_item_longitude,
           a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
           a.target_item_instance_url, a.target_item_owner, a.target_item_latitude, a.target_item_longitude, $3,
           $4, a.updated_at, a.source_item_is_local, true, a.performed_by, $5
       from action a
       on conflict do nothing
       returning e.*
     ),
     queued as (
       insert into dpg_private.event_queue (
         partition_network, action_type, event_id, source_item_instance_url, created_at
       )
       select e.partition_network, e.action_type, e.event_id, e.source_item_instance_url, e.created_at
       from event e
       returning 1
     )
     select
       (a.partition_network, a.action_type, a.action_id, a.update_count)
         is not distinct from (($1).partition_network, ($1).action_type, ($1).action_id, ($1).update_count)
         as is_action,
       e.event_id is not null as is_event,
       (select count(*) from queued) as queued_events,
       (e.event_id, e.action_id, e.update_count, e.action_status, e.source_item_owner, e.target_item_owner)
         is not distinct from (
           $2, a.action_id, a.update_count, a.action_status, a.source_item_owner, a.target_item_owner
         )
         as is_event_of_action
     from action a
     left join event e on true',
    case
      when action.update_count = 0 then
        format(
          'insert into dpg.item_actions as a (%s)
           select %s from (select ($1).*) a
           on conflict on constraint item_actions_pkey do nothing',
          dpg_private.action_columns_sql(''), dpg_private.action_columns_sql('a.')
        )
      else
        format(
          'update %s a
           set action_status = ($1).action_status, update_count = ($1).update_count, remarks = ($1).remarks,
             updated_at = ($1).updated_at, performed_by = ($1).performed_by
           where a.partition_network = ($1).partition_network and a.action_type = ($1).action_type
             and a.action_id = ($1).action_id',
          leaf
        )
    end,
    dpg_private.event_columns_sql('')
  )
  into is_action, is_event, queued_events, is_event_of_action
  using action, event_id, event_payload, remarks, acting_side;
  if is_action is null
    and action.update_count = 0
    and (
      dpg_private.find_action(leaf, action.partition_network, action.action_type, action.action_id)
    ).action_id is not null
  then
    return null; -- another session has used the id meanwhile
  end if;
  if is_action is null and action.update_count > 0 then
    return null; -- suppressed: neither action nor event was written
  end if;
  if is_action is not true then
    perform dpg_private.refuse_suppressed(case action.update_count when 0 then 'insert' else 'update' end, leaf, key);
  end if;
  if is_event_of_action is not true then
    event := dpg_private.find_event(action.partition_network, action.action_type, event_id);
    if event.event_id is null then
      event := dpg_private.find_event_of_update(
        action.partition_network, action.action_type, action.target_item_instance_url, action.action_id,
        action.update_count
      );
    end if;
    if not is_event and event.event_id is not null then
      perform dpg_private.refuse_different_event(event); -- its id or its place is taken
    end if;
    if not is_event then
      -- raises: for a unique index of the application, or since a trigger suppresses it again
      perform dpg_private.append_event(action, event_id, event_payload, remarks, acting_side);
    end if;
    perform dpg_private.refuse_suppressed('insert', events_leaf, key || jsonb_build_object('event_id', event_id));
  end if;
  if queued_events = 0 then
    perform dpg_private.refuse_suppressed(
      'insert', 'dpg_private.event_queue', key || jsonb_build_object('event_id', event_id)
    );
  end if;

  -- the result is what is stored now
  stored := dpg_private.lock_action(
    leaf, action.partition_network, action.action_type, action.action_id, 'no key update'
  );
  event := dpg_private.find_event(action.partition_network, action.action_type, event_id);
  if action.update_count = 0 then
    perform dpg_private.note_sent(
      'item_actions', action.partition_network, action.action_type, '', action.action_id,
      dpg_private.digest_of_action(action), dpg_private.digest_of_action(stored)
    );
  end if;
  perform dpg_private.note_sent(
    'action_events', action.partition_network, action.action_type, '', event_id,
    dpg_private.digest_of_change(action.action_status, event_payload, remarks, action.performed_by),
    dpg_private.digest_of_change(event.action_status, event.event_payload, event.remarks, event.performed_by)
  );
  return stored;
end
$body$;

comment on function dpg_private.write_action_and_event(regclass, dpg.item_actions, uuid, jsonb, text, text) is
  'Writes an action (a new one where its update_count is 0), its event and the place of the event in the queue, in
tables to which the application has added columns or triggers. Returns the action as it is stored. Null, and nothing
written: the id of a new one was used meanwhile, or a trigger suppressed the change of one that is there. Raises DP008.
Raises DP018 when something else was suppressed, or got another key or update_count.';
--! EndIncluded actions/write_action_and_event.sql
--! Included actions/repeated_action.sql
create or replace function dpg_private.digest_of_action(action dpg.item_actions)
returns bytea
language sql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- the same digits of coordinates in every session
return sha256(
  convert_to(
    jsonb_build_array(
      action.requirements_snapshot, action.source_item_is_local,
      action.source_item_network, action.source_item_domain, action.source_item_type, action.source_item_id,
      action.source_item_owner,
      action.target_item_network, action.target_item_domain, action.target_item_type, action.target_item_id,
      -- what a remote source says of itself; a local one is read from its item, which may change
      case
        when not action.source_item_is_local then
          jsonb_build_array(action.source_item_instance_url, action.source_item_latitude, action.source_item_longitude)
      end
    )::text,
    'UTF8'
  )
);

comment on function dpg_private.digest_of_action(dpg.item_actions) is
  'SHA-256 of the columns that a repeated call must have the same, those that never change. For
dpg_private.sent_contents.';

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
    message = dpg_private.text_for_client(format(
      'action_id %s was used before in %L/%L, with other content',
      proposed.action_id, proposed.partition_network, proposed.action_type
    )),
    hint = 'Repeat a call with exactly what it said the first time; a new action needs an id of its own.',
    detail = dpg_private.text_for_client(jsonb_build_object(
      'partition_network', proposed.partition_network, 'action_type', proposed.action_type, 'action_id',
      proposed.action_id
    )::text);
end
$body$;

comment on function dpg_private.refuse_different_action(dpg.item_actions) is
  'Raises DP008 for the id of an action that was used before with other content.';

create or replace function dpg_private.check_repeated_action(
  stored dpg.item_actions,
  proposed dpg.item_actions,
  event_payload jsonb
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  first_event dpg.action_events;
  is_same_action boolean;
  is_same_event boolean;
begin
  first_event := dpg_private.find_event_of_update(
    stored.partition_network, stored.action_type, stored.target_item_instance_url, stored.action_id, 0
  );
  -- another spelling of the URL of the source is the same instance
  if dpg_private.is_same_url(proposed.source_item_instance_url, stored.source_item_instance_url) then
    proposed.source_item_instance_url := stored.source_item_instance_url;
  end if;
  -- what was redacted since cannot be compared
  if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id) then
    proposed.requirements_snapshot := stored.requirements_snapshot;
  end if;
  if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, first_event.event_id) then
    event_payload := first_event.event_payload;
    proposed.remarks := first_event.remarks;
    proposed.performed_by := first_event.performed_by;
  end if;
  if dpg_private.is_same_performer(first_event.performed_by, proposed.performed_by) then
    proposed.performed_by := first_event.performed_by;
  end if;
  is_same_action := (
      stored.requirements_snapshot, stored.source_item_is_local,
      stored.source_item_network, stored.source_item_domain, stored.source_item_type, stored.source_item_id,
      stored.source_item_owner,
      stored.target_item_network, stored.target_item_domain, stored.target_item_type, stored.target_item_id
    ) is not distinct from (
      proposed.requirements_snapshot, proposed.source_item_is_local,
      proposed.source_item_network, proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
      proposed.source_item_owner,
      proposed.target_item_network, proposed.target_item_domain, proposed.target_item_type, proposed.target_item_id
    )
    -- what a remote source says of itself; a local one is read from its item, which may have changed since
    and (
      proposed.source_item_is_local
      or (
        stored.source_item_instance_url, stored.source_item_latitude, stored.source_item_longitude
      ) is not distinct from (
        proposed.source_item_instance_url, proposed.source_item_latitude, proposed.source_item_longitude
      )
    );
  is_same_event := first_event.event_id is null -- it was lost, as dpg.confirm_lost_events says
    or (first_event.event_payload, first_event.remarks, first_event.performed_by) is not distinct from (
      coalesce(event_payload, dpg_private.default_payload(first_event.action_status)), proposed.remarks,
      proposed.performed_by
    );

  -- a trigger of the application may have stored something else than what was sent
  if not is_same_action and not dpg_private.was_sent(
      'item_actions', stored.partition_network, stored.action_type, '', stored.action_id,
      dpg_private.digest_of_action(proposed)
    )
    or not is_same_event and not dpg_private.was_sent(
      'action_events', stored.partition_network, stored.action_type, '', first_event.event_id,
      dpg_private.digest_of_change(
        proposed.action_status, coalesce(event_payload, dpg_private.default_payload(proposed.action_status)),
        proposed.remarks, proposed.performed_by
      )
    )
  then
    perform dpg_private.refuse_different_action(proposed);
  end if;
end
$body$;

comment on function dpg_private.check_repeated_action(dpg.item_actions, dpg.item_actions, jsonb) is
  'Raises DP008 unless the proposed action and its first event say what the stored ones said when they were created.';
--! EndIncluded actions/repeated_action.sql
--! Included actions/insert_action.sql
create or replace function dpg_private.insert_action(
  action_leaf regclass,
  action_slot smallint,
  events_leaf regclass,
  events_slot smallint,
  action_type text,
  action_id uuid,
  source dpg.items,
  source_is_local boolean,
  target dpg.items,
  requirements_snapshot jsonb,
  remarks text,
  event_payload jsonb,
  performed_by text
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  rules dpg_private.action_rules;
  proposed dpg.item_actions;
  stored dpg.item_actions;
  is_new boolean := false;
  has_additions boolean; -- columns or triggers of the application: row and event are written in another way
  restored integer; -- settings of the caller
  caller_plan_cache_mode constant text := current_setting('plan_cache_mode');
  caller_constraint_exclusion constant text := current_setting('constraint_exclusion');
begin
  -- lock: keeps new triggers out, between the look for triggers and the insert
  execute format(
    'lock table only dpg.item_actions, only dpg.action_events, only %s, only %s in row exclusive mode',
    action_leaf, events_leaf
  );

  -- by name: an application may have added columns, which stand anywhere
  proposed.partition_network := target.item_network;
  proposed.action_type := action_type;
  proposed.action_id := coalesce(action_id, gen_random_uuid());
  proposed.update_count := 0;
  proposed.requirements_snapshot := requirements_snapshot;
  proposed.remarks := remarks;
  proposed.source_item_network := source.item_network;
  proposed.source_item_domain := source.item_domain;
  proposed.source_item_type := source.item_type;
  proposed.source_item_id := source.item_id;
  proposed.source_item_instance_url := source.item_instance_url;
  proposed.source_item_owner := source.created_by;
  proposed.source_item_latitude := source.item_latitude;
  proposed.source_item_longitude := source.item_longitude;
  proposed.source_item_is_local := source_is_local;
  proposed.source_local_item_id := case
    when source_is_local and source.item_network = target.item_network then source.item_id
  end;
  proposed.target_item_network := target.item_network;
  proposed.target_item_domain := target.item_domain;
  proposed.target_item_type := target.item_type;
  proposed.target_item_id := target.item_id;
  proposed.target_item_instance_url := target.item_instance_url;
  proposed.target_item_owner := target.created_by;
  proposed.target_item_latitude := target.item_latitude;
  proposed.target_item_longitude := target.item_longitude;
  proposed.created_at := clock_timestamp();
  proposed.updated_at := proposed.created_at;
  proposed.performed_by := performed_by;
  has_additions := dpg_private.has_additions_to_action(action_leaf, action_slot, events_leaf, events_slot);
  select r.* into rules from dpg_private.look_up_action_rules(proposed.partition_network, proposed.action_type) r;
  proposed.action_status := rules.initial_status;
  if proposed.partition_network = any (dpg_private.ruled_networks()) then
    perform dpg_private.check_new_action(action_leaf, rules, proposed, action_id is not null);
  end if;

  -- Settings for the insert. The foreign keys to the items of the network are checked by statements that PostgreSQL
  -- keeps: at the sixth use in a session it would plan one of them for all leaves of the network, only to drop that
  -- plan. And the keys name the leaf, so no constraints need be read to exclude others.
  if has_additions then
    stored := dpg_private.find_action(
      action_leaf, proposed.partition_network, proposed.action_type, proposed.action_id
    );
    if stored.action_id is null then
      perform
        set_config('plan_cache_mode', 'force_custom_plan', true),
        set_config('constraint_exclusion', 'off', true);
      stored := dpg_private.write_action_and_event(
        action_leaf, proposed, gen_random_uuid(),
        coalesce(event_payload, dpg_private.default_payload(proposed.action_status)), proposed.remarks, 'source'
      );
      perform
        set_config('plan_cache_mode', caller_plan_cache_mode, true),
        set_config('constraint_exclusion', caller_constraint_exclusion, true);
      if stored.action_id is not null then
        return stored;
      end if;
    end if;
  else
    -- The settings come with the execution of the insert, so that the insert itself keeps its plan. It names no
    -- constraint: PostgreSQL would search the index of the leaf for it at each call.
    insert into dpg.item_actions (
      partition_network, action_type, action_id, action_status, update_count, requirements_snapshot, remarks,
      source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
      source_item_owner, target_item_network, target_item_domain, target_item_type, target_item_id,
      target_item_instance_url, target_item_owner, created_at, updated_at, source_item_latitude,
      source_item_longitude, target_item_latitude, target_item_longitude, source_item_is_local, source_local_item_id,
      performed_by
    )
    select
      proposed.partition_network, proposed.action_type, proposed.action_id, proposed.action_status,
      proposed.update_count, proposed.requirements_snapshot, proposed.remarks, proposed.source_item_network,
      proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
      proposed.source_item_instance_url, proposed.source_item_owner, proposed.target_item_network,
      proposed.target_item_domain, proposed.target_item_type, proposed.target_item_id,
      proposed.target_item_instance_url, proposed.target_item_owner, proposed.created_at, proposed.updated_at,
      proposed.source_item_latitude, proposed.source_item_longitude, proposed.target_item_latitude,
      proposed.target_item_longitude, proposed.source_item_is_local, proposed.source_local_item_id,
      proposed.performed_by
    where set_config('plan_cache_mode', 'force_custom_plan', true) is not null
      and set_config('constraint_exclusion', 'off', true) is not null
    on conflict do nothing;
    is_new := found;
    restored := num_nonnulls( -- see sql/README.md, "Checks"
      set_config('plan_cache_mode', caller_plan_cache_mode, true),
      set_config('constraint_exclusion', caller_constraint_exclusion, true)
    );
    if not is_new then
      is_new := dpg_private.insert_again('item_actions', dpg_private.action_columns_sql(''), proposed);
    end if;
  end if;
  if not is_new then
    stored := dpg_private.lock_action(
      action_leaf, proposed.partition_network, proposed.action_type, proposed.action_id, 'key share'
    );
    perform dpg_private.check_repeated_action(stored, proposed, event_payload);
    return stored;
  end if;

  if not dpg_private.append_event(
    proposed,
    gen_random_uuid(),
    coalesce(event_payload, dpg_private.default_payload(proposed.action_status)),
    proposed.remarks,
    'source'
  ) then
    -- an event that was mirrored before its origin became a URL of ours has this place
    perform dpg_private.refuse_different_event(
      dpg_private.find_event_of_update(
        proposed.partition_network, proposed.action_type, proposed.target_item_instance_url, proposed.action_id, 0
      )
    );
  end if;
  return proposed;
end
$body$;

comment on function dpg_private.insert_action(
  regclass, smallint, regclass, smallint, text, uuid, dpg.items, boolean, dpg.items, jsonb, text, jsonb, text
) is
  'Creates an action from source to target with its first event, in these leaves: initial status, update_count 0,
times of now; URLs, owners and places as the two items have them. source_is_local: the source is an item of this
instance. With an action_id that was used before: the stored row when the content is the same, else DP008. Raises
DP008, DP018.';
--! EndIncluded actions/insert_action.sql
--! Included actions/perform_action.sql
create or replace function dpg.perform_action(
  actor text,
  action_type text,
  source dpg.item_ref,
  target dpg.item_ref,
  requirements_snapshot jsonb default '{}',
  remarks text default null,
  event_payload jsonb default null,
  action_id uuid default null,
  performed_by text default null
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
    dpg_private.check_key_or_none('performed_by', performed_by),
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
    requirements_snapshot, remarks, event_payload, performed_by
  );
end
$body$;

comment on function dpg.perform_action(text, text, dpg.item_ref, dpg.item_ref, jsonb, text, jsonb, uuid, text) is
  'Creates an action from an item that the actor owns to another item of this instance, and its first event in the
same transaction. The status is the declared initial one, else created; update_count is 0; owners and coordinates
come from the items. The default of event_payload is {"status": <status>}. With action_id a repeated call is safe.
performed_by is who carries it out for the actor, a service or an organisation.
Raises DP001, DP002, DP003, DP008, DP009, DP010, DP014, DP015, DP016, DP018.
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
  source_item_longitude double precision default null,
  performed_by text default null
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
    dpg_private.check_document_or_none('event_payload', event_payload),
    dpg_private.check_key_or_none('performed_by', performed_by)
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
    requirements_snapshot, remarks, event_payload, performed_by
  );
end
$body$;

comment on function dpg.receive_action(
  text, dpg.item_ref, text, text, dpg.item_ref, jsonb, text, jsonb, uuid, double precision, double precision, text
) is
  'perform_action for a source that lives on another instance. That instance says who owns the source and where it
is (coordinates in degrees); the caller must have authenticated it. A URL of our own is DP001. From then on no item
may be given this URL (dpg.forget_instance_url removes it). With action_id, chosen by the sender, a repeated call is
safe.
Raises DP001, DP002, DP008, DP010, DP014, DP015, DP016, DP018.
Example: select * from dpg.receive_action(
  ''connect'',
  source => row(''yellow_dot'', ''student'', ''profile_1.0'', ''66666666-6666-4666-8666-666666666666''),
  source_item_instance_url => ''https://student.example.com'', source_item_owner => ''meera'',
  target => row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222''),
  action_id => ''77777777-7777-4777-8777-777777777777''
)';
--! EndIncluded actions/receive_action.sql
--! Included actions/apply_transition.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg_private.transition_outcome') is null then
    create type dpg_private.transition_outcome as (
      action dpg.item_actions,
      refusal dpg_private.refusal
    );
  end if;
end
$body$;

comment on type dpg_private.transition_outcome is
  'What became of a transition: the action as it is now, or why it was refused. Then nothing was written.';

create or replace function dpg_private.repetition_refusal(
  stored dpg.action_events,
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  event_payload jsonb,
  remarks text,
  performed_by text
)
returns dpg_private.refusal
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not stored.target_item_is_local
    or stored.update_count = 0
    or stored.update_count - 1 <> expected_update_count -- null: nothing to compare; + 1 could overflow
    or stored.action_id <> action.action_id
    or (
      (
        stored.action_status <> repetition_refusal.action_status
        or (
          (
            (stored.event_payload, stored.remarks)
              is distinct from (repetition_refusal.event_payload, repetition_refusal.remarks)
            or not dpg_private.is_same_performer(stored.performed_by, repetition_refusal.performed_by)
          )
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
          repetition_refusal.action_status, repetition_refusal.event_payload, repetition_refusal.remarks,
          repetition_refusal.performed_by
        )
      )
    )
  then
    return dpg_private.different_event_refusal(stored);
  end if;
  return null;
end
$body$;

comment on function dpg_private.repetition_refusal(
  dpg.action_events, dpg.item_actions, text, integer, jsonb, text, text
) is
  'DP008 unless exactly this change of the action was made before, with the stored event, whose id the call names. Else
null: the call repeats it.';

create or replace function dpg_private.edge_roles(transitions jsonb, from_status text, to_status text)
returns text[]
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if transitions is null then
    return array['either'];
  end if;
  return (
    select array_agg(
      case e.edge ->> 'by' when 'source' then 'initiated' when 'target' then 'received' else 'either' end
    )
    from jsonb_array_elements(transitions) e(edge)
    where e.edge ->> 'from' = from_status
      and e.edge ->> 'to' = to_status
  );
end
$body$;

comment on function dpg_private.edge_roles(jsonb, text, text) is
  'Whose the edges from one status to another are: initiated, received, either. Null where the graph has no such edge;
either where there is no graph (null).';

create or replace function dpg_private.acting_side(roles text[], edge_roles text[])
returns text
language sql
immutable
parallel safe
security invoker
-- who has both roles acts for the side whose edge it is
return case
  when roles = array['received'] then 'target'
  when roles = array['initiated'] then 'source'
  when 'initiated' = any (edge_roles) or 'either' = any (edge_roles) then 'source'
  else 'target'
end;

comment on function dpg_private.acting_side(text[], text[]) is
  'The side from which a change comes: that of the actor with these roles, by an edge of these roles.';

create or replace function dpg_private.transition_refusal(
  party text,
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  transitions jsonb,
  edge_roles text[]
)
returns dpg_private.refusal
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- an edge is of one side: initiated is the source, received the target
  allowed_side constant text := case edge_roles[1] when 'initiated' then 'source' else 'target' end;
begin
  if action.update_count <> expected_update_count then
    return row(
      'DP007',
      format('action %s has update_count %s, not %s', action.action_id, action.update_count, expected_update_count),
      'Somebody else changed the action first: read it again, decide anew, '
        'and repeat the call with its update_count.',
      jsonb_build_object(
        'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
        'expected_update_count', expected_update_count, 'update_count', action.update_count,
        'action_status', action.action_status
      )
    )::dpg_private.refusal;
  end if;
  if edge_roles is null then
    return row(
      'DP006',
      format('action %s cannot go from %L to %L', action.action_id, action.action_status, action_status),
      format(
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
      jsonb_build_object(
        'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
        'from', action.action_status, 'to', action_status
      )
    )::dpg_private.refusal;
  end if;
  return dpg_private.party_refusal(
    party, action,
    format('may not move from %L to %L', action.action_status, action_status),
    format('The declared graph leaves this change to the owner of the %s item.', allowed_side),
    jsonb_build_object('from', action.action_status, 'to', action_status, 'by', allowed_side)
  );
end
$body$;

comment on function dpg_private.transition_refusal(text, dpg.item_actions, text, integer, jsonb, text[]) is
  'The reason why a party may not change the status of an action: DP007, another update_count was expected; DP006, the
declared graph (transitions) has no such edge; DP005, it leaves the edge to the other party. For what
dpg_private.is_allowed_transition says is not allowed.';

create or replace function dpg_private.is_allowed_transition(
  update_count integer,
  expected_update_count integer,
  roles text[],
  edge_roles text[]
)
returns boolean
language sql
immutable
parallel safe
security invoker
return update_count = coalesce(expected_update_count, update_count)
  and edge_roles is not null
  and edge_roles && (roles || array['either']);

comment on function dpg_private.is_allowed_transition(integer, integer, text[], text[]) is
  'Whether an action of this update_count may be changed by a party with these roles (initiated, received), over an edge
of these roles.';

create or replace function dpg_private.changed_action(
  action dpg.item_actions,
  action_status text,
  remarks text,
  performed_by text
)
returns dpg.item_actions
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  action.action_status := action_status;
  action.update_count := action.update_count + 1;
  action.remarks := coalesce(remarks, action.remarks);
  action.performed_by := changed_action.performed_by;
  -- read after the lock; later than the last change, also when the clock was set back
  action.updated_at := greatest(clock_timestamp(), action.updated_at + interval '1 microsecond');
  return action;
end
$body$;

comment on function dpg_private.changed_action(dpg.item_actions, text, text, text) is
  'A locked action as a transition leaves it. Null remarks keep those of the action.';

create or replace function dpg_private.update_action(leaf regclass, slot smallint, changed dpg.item_actions)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  changed_rows bigint;
begin
  if slot is not null and dpg_private.is_grown(leaf) then
    changed_rows := dpg_private.update_action_in_slot(slot, changed);
  else
    execute format(
      'update %s a
       set action_status = $4, update_count = $5, remarks = $6, updated_at = $7, performed_by = $8
       where %s',
      leaf, dpg_private.action_key_sql()
    )
    using changed.partition_network, changed.action_type, changed.action_id,
      changed.action_status, changed.update_count, changed.remarks, changed.updated_at, changed.performed_by;
    get diagnostics changed_rows = row_count;
  end if;
  if changed_rows = 0 then
    perform dpg_private.refuse_suppressed('update', leaf, jsonb_build_object('action_id', changed.action_id));
  end if;
end
$body$;

comment on function dpg_private.update_action(regclass, smallint, dpg.item_actions) is
  'Writes what a transition changes of an action that the caller has locked. Raises DP018.';

create or replace function dpg_private.is_reopening(
  rules dpg_private.action_rules,
  from_status text,
  to_status text
)
returns boolean
language sql
immutable
parallel safe
security invoker
return (rules.rules is not null or rules.network_rules is not null)
  and from_status = any (rules.final_statuses)
  and to_status <> all (rules.final_statuses);

comment on function dpg_private.is_reopening(dpg_private.action_rules, text, text) is
  'Whether a transition makes an open action of a closed one, where there are rules that such an action must obey.';

create or replace function dpg_private.apply_transition(
  leaf regclass,
  slot smallint,
  events_leaf regclass,
  events_slot smallint,
  party text,
  roles text[],
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  event_payload jsonb,
  remarks text,
  event_id uuid,
  performed_by text
)
returns dpg_private.transition_outcome
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  rules dpg_private.action_rules;
  turns uuid[];
  edge_roles text[];
  is_allowed boolean;
  has_additions boolean; -- columns or triggers of the application: row and event are written in another way
  acting_side text;
  changed dpg.item_actions;
  stored dpg.action_events;
  outcome dpg_private.transition_outcome;
begin
  event_payload := coalesce(event_payload, dpg_private.default_payload(action_status));

  -- look
  has_additions := dpg_private.has_additions_to_action(leaf, slot, events_leaf, events_slot);
  select r.* into rules from dpg_private.look_up_action_rules(action.partition_network, action.action_type) r;
  edge_roles := dpg_private.edge_roles(rules.transitions, action.action_status, action_status);

  -- decide
  is_allowed := dpg_private.is_allowed_transition(action.update_count, expected_update_count, roles, edge_roles);
  if action.partition_network = any (dpg_private.ruled_networks()) then
    perform dpg_private.check_rules_are_seen(action.partition_network);
    -- one that becomes open again is checked as a new one; a repeated call finds its event
    if is_allowed
      and dpg_private.is_reopening(rules, action.action_status, action_status)
      and (dpg_private.find_event(action.partition_network, action.action_type, event_id)).event_id is null
    then
      turns := dpg_private.turns_of_action(rules, action);
      if turns <> '{}' then
        perform dpg_private.take_turns(turns);
      end if;
      outcome.refusal := dpg_private.rule_refusal(rules, action);
      if (outcome.refusal).code is not null then
        outcome.action := action;
        return outcome;
      end if;
    end if;
  end if;

  -- change
  if is_allowed then
    -- dpg_private.changed_action, written here again: a call would pass the row twice
    changed := action;
    changed.action_status := action_status;
    changed.update_count := action.update_count + 1;
    changed.remarks := coalesce(remarks, action.remarks);
    changed.performed_by := apply_transition.performed_by;
    changed.updated_at := greatest(clock_timestamp(), action.updated_at + interval '1 microsecond');
    acting_side := dpg_private.acting_side(roles, edge_roles);
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
        outcome.action := dpg_private.write_action_and_event(
          leaf, changed, coalesce(event_id, gen_random_uuid()), event_payload, remarks, acting_side
        );
        if (outcome.action).action_id is null then
          outcome.action := action;
          outcome.refusal := dpg_private.suppressed_refusal(
            'update', leaf, jsonb_build_object(
              'partition_network', action.partition_network, 'action_type', action.action_type,
              'action_id', action.action_id
            )
          );
        end if;
        return outcome;
      end if;
    -- the event first: where its id was used before, nothing is written
    elsif dpg_private.append_event(
      changed, coalesce(event_id, gen_random_uuid()), event_payload, remarks, acting_side
    ) then
      perform dpg_private.update_action(leaf, slot, changed);
      outcome.action := changed;
      return outcome;
    end if;
  end if;

  -- refuse, unless this call repeats one that was done
  if event_id is not null then
    stored := dpg_private.find_event(action.partition_network, action.action_type, event_id);
  end if;
  if stored.event_id is not null then
    outcome.refusal := dpg_private.repetition_refusal(
      stored, action, action_status, expected_update_count, event_payload, remarks, performed_by
    );
  elsif is_allowed then
    -- an event that was mirrored before its origin became a URL of ours has the place of this one
    outcome.refusal := dpg_private.different_event_refusal(
      dpg_private.find_event_of_update(
        action.partition_network, action.action_type, action.target_item_instance_url, action.action_id,
        changed.update_count
      )
    );
  else
    outcome.refusal := dpg_private.transition_refusal(
      party, action, action_status, expected_update_count, rules.transitions, edge_roles
    );
  end if;
  outcome.action := action;
  return outcome;
end
$body$;

comment on function dpg_private.apply_transition(
  regclass, smallint, regclass, smallint, text, text[], dpg.item_actions, text, integer, jsonb, text, uuid, text
) is
  'Changes the status of an action of this leaf, which the caller has locked, for a party with these roles (initiated,
received), and appends the event. The leaf of events is there; both leaves with their slots. Refuses with DP005, DP006,
DP007, DP008, DP016, DP018, without raising. Raises DP018 where something was written already.';
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
  event_id uuid default null,
  performed_by text default null
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
  events_leaf regclass;
  events_slot smallint;
  action dpg.item_actions;
  roles text[];
  outcome dpg_private.transition_outcome;
begin
  -- check
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_action_key(partition_network, action_type, action_id),
    dpg_private.check_key('action_status', action_status),
    dpg_private.check_count_or_none('expected_update_count', expected_update_count),
    dpg_private.check_remarks_or_none(remarks),
    dpg_private.check_document_or_none('event_payload', event_payload),
    dpg_private.check_key_or_none('performed_by', performed_by)
  );

  -- look
  slot := dpg_private.slot_of('item_actions', partition_network, action_type);
  leaf := dpg_private.find_leaf_by_slot('item_actions', slot, partition_network, action_type);
  events_slot := dpg_private.slot_of('action_events', partition_network, action_type);
  events_leaf := dpg_private.find_leaf_by_slot('action_events', events_slot, partition_network, action_type);
  if leaf is not null and events_leaf is null then
    events_leaf := dpg_private.find_or_create_leaf('action_events', partition_network, action_type); -- it was lost
    events_slot := null;
  end if;

  -- lock
  action := dpg_private.lock_action(leaf, partition_network, action_type, action_id, 'no key update', slot);
  roles := dpg_private.ownership_roles(
    actor, action.source_item_owner, action.source_item_is_local, action.target_item_owner, true
  );
  if roles = '{}' then
    perform dpg_private.raise_refusal(dpg_private.party_refusal(actor, action));
  end if;

  -- change
  outcome := dpg_private.apply_transition(
    leaf, slot, events_leaf, events_slot, actor, roles, action, action_status, expected_update_count, event_payload,
    remarks, event_id, performed_by
  );
  if (outcome.refusal).code is not null then
    perform dpg_private.raise_refusal(outcome.refusal);
  end if;
  return outcome.action;
end
$body$;

comment on function dpg.transition_action(text, text, text, uuid, text, integer, jsonb, text, uuid, text) is
  'Changes the status of an action for a party of this instance, under a row lock: update_count + 1, and one event
in the same transaction. With expected_update_count the call is refused (DP007) when somebody else changed the
action first. Null remarks keep those of the row. The default of event_payload is {"status": <status>}. With
event_id a repeated call is safe. performed_by is who carries it out for the actor, a service or an organisation.
Raises DP001, DP004, DP005, DP006, DP007, DP008, DP010, DP018.
Example: select * from dpg.transition_action(
  ''ravi'', ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333'', ''accepted'',
  expected_update_count => 0, event_id => ''44444444-4444-4444-8444-444444444444''
)';
--! EndIncluded actions/transition_action.sql
--! Included actions/transition_result.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.transition_result') is null then
    create type dpg.transition_result as (
      index integer,
      action_id uuid,
      action_status text,
      update_count integer,
      code text,
      message text,
      hint text,
      detail jsonb
    );
  end if;
end
$body$;

comment on type dpg.transition_result is
  'What became of one element of dpg.transition_actions: its index, counted from 0, then the action with its status and
update_count of now; or the SQLSTATE, message, HINT and DETAIL of its refusal. Then status and update_count are null,
and action_id is what was sent, where that is a UUID.';
--! EndIncluded actions/transition_result.sql
--! Included actions/sent_transition.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg_private.sent_transition') is null then
    create type dpg_private.sent_transition as (
      index integer,
      partition_network text,
      action_type text,
      action_id uuid,
      action_status text,
      expected_update_count integer,
      event_payload jsonb,
      remarks text,
      event_id uuid,
      performed_by text,
      refusal dpg_private.refusal
    );
  end if;
end
$body$;

comment on type dpg_private.sent_transition is
  'An element of transition_actions as a row: its index, counted from 0, then the arguments of transition_action, and
why it is refused where it is malformed. Then only action_id is filled, where it is a UUID.';

create or replace function dpg_private.transition_fields()
returns text[]
language sql
immutable
parallel safe
security invoker
-- in the order in which transition_action checks its arguments
return array[
  'partition_network', 'action_type', 'action_id', 'action_status', 'expected_update_count', 'remarks',
  'event_payload', 'performed_by', 'event_id'
];

comment on function dpg_private.transition_fields() is
  'The fields that an element of transition_actions may have.';

create or replace function dpg_private.element_refusal(element jsonb)
returns dpg_private.refusal
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  field text;
  value jsonb; -- JSON null is no value
  given text;
  refusal dpg_private.refusal;
begin
  if jsonb_typeof(element) <> 'object' then
    return dpg_private.argument_refusal(
      'transitions', element, 'is not a JSON object',
      'Each element is an object whose fields are the arguments of dpg.transition_action, without actor.'
    );
  end if;

  if element - dpg_private.transition_fields() <> '{}' then
    field := (select min(k.field) from jsonb_object_keys(element - dpg_private.transition_fields()) k(field));
    return dpg_private.argument_refusal(
      left(field, 120), element -> field, 'is not a field of a transition',
      format('An element may have the fields %s.', array_to_string(dpg_private.transition_fields(), ', '))
    );
  end if;

  foreach field in array dpg_private.transition_fields() loop
    value := nullif(element -> field, 'null');
    given := value #>> '{}';
    -- of the JSON type of the argument: refused in the words of transition_action; else, as fields of JSON are
    refusal := case
      when field in ('partition_network', 'action_type', 'action_status', 'performed_by') then case
        when jsonb_typeof(value) <> 'string' then dpg_private.field_refusal(field, 'key', value)
        when dpg_private.is_key(given) or (value is null and field = 'performed_by') then null
        else dpg_private.key_refusal(field, given)
      end
      when field in ('action_id', 'event_id') then case
        when value is null then case when field = 'action_id' then dpg_private.missing_refusal(field) end
        when jsonb_typeof(value) <> 'string' or not dpg_private.is_uuid(given)
          then dpg_private.field_refusal(field, 'uuid', value)
      end
      when field = 'expected_update_count' then case
        when jsonb_typeof(value) <> 'number' then dpg_private.field_refusal(field, 'count', value)
        when given::numeric % 1 <> 0 or abs(given::numeric) > 2147483647
          then dpg_private.field_refusal(field, 'count', value)
        when given::numeric < 0 then dpg_private.count_refusal(field, given::numeric::integer)
      end
      when field = 'remarks' then case
        when jsonb_typeof(value) <> 'string' then dpg_private.field_refusal(field, 'remarks', value)
        when octet_length(given) > 65536 then dpg_private.remarks_refusal(given)
      end
      when field = 'event_payload' and not dpg_private.is_short_document(value)
        then dpg_private.document_refusal(field, value)
    end;
    if refusal.code is not null then
      return refusal;
    end if;
  end loop;
  return null;
end
$body$;

comment on function dpg_private.element_refusal(jsonb) is
  'DP001 for an element of transition_actions that is malformed: what transition_action says of its arguments. Else
null.';

create or replace function dpg_private.read_transition(element jsonb, index integer)
returns dpg_private.sent_transition
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  sent dpg_private.sent_transition;
  action_id constant text := element ->> 'action_id';
begin
  sent.index := index;
  sent.refusal := dpg_private.element_refusal(element);
  if (sent.refusal).code is null then
    sent.partition_network := element ->> 'partition_network';
    sent.action_type := element ->> 'action_type';
    sent.action_status := element ->> 'action_status';
    sent.expected_update_count := (element ->> 'expected_update_count')::numeric;
    sent.event_payload := nullif(element -> 'event_payload', 'null');
    sent.remarks := element ->> 'remarks';
    sent.event_id := element ->> 'event_id';
    sent.performed_by := element ->> 'performed_by';
  end if;
  if dpg_private.is_uuid(action_id) then
    sent.action_id := action_id;
  end if;
  return sent;
end
$body$;

comment on function dpg_private.read_transition(jsonb, integer) is
  'An element of transition_actions as a row. index is its position, counted from 0.';
--! EndIncluded actions/sent_transition.sql
--! Included actions/write_changes.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg_private.transition_leaf') is null then
    create type dpg_private.transition_leaf as (
      partition_network text,
      action_type text,
      leaf regclass,
      slot smallint,
      events_leaf regclass,
      events_slot smallint,
      rules dpg_private.action_rules,
      action_ids uuid[]
    );
  end if;
  if pg_catalog.to_regtype('dpg_private.action_change') is null then
    create type dpg_private.action_change as (
      leaf_number integer,
      action dpg.item_actions,
      event_id uuid,
      event_payload jsonb,
      remarks text,
      acting_side text
    );
  end if;
end
$body$;

comment on type dpg_private.transition_leaf is
  'A leaf of actions that are to be changed, with the leaf of their events, what is declared of them, and their ids.';
comment on type dpg_private.action_change is
  'A change of an action that is about to be written: the number of its leaf, the action after the change, then what its
event says besides.';

create or replace function dpg_private.open_leaf(partition_network text, action_type text)
returns dpg_private.transition_leaf
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  opened dpg_private.transition_leaf;
begin
  opened.partition_network := partition_network;
  opened.action_type := action_type;
  opened.slot := dpg_private.slot_of('item_actions', partition_network, action_type);
  opened.leaf := dpg_private.find_leaf_by_slot('item_actions', opened.slot, partition_network, action_type);
  opened.events_slot := dpg_private.slot_of('action_events', partition_network, action_type);
  opened.events_leaf := dpg_private.find_leaf_by_slot(
    'action_events', opened.events_slot, partition_network, action_type
  );
  if opened.leaf is not null and opened.events_leaf is null then
    opened.events_leaf := dpg_private.find_or_create_leaf('action_events', partition_network, action_type); -- was lost
    opened.events_slot := null;
  end if;
  return opened;
end
$body$;

comment on function dpg_private.open_leaf(text, text) is
  'A leaf of actions that are to be changed, and that of their events, which is created where it was lost. Before a row
is locked, since that can wait. Rules and ids are null, leaf too where there is none.';

create or replace function dpg_private.lock_actions(
  leaf regclass,
  partition_network text,
  action_type text,
  action_ids uuid[]
)
returns dpg.item_actions[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
declare
  locked dpg.item_actions[];
begin
  -- Each by its key: the planner, which has no statistics of a new leaf, would rather read the whole leaf for a list of
  -- ids.
  execute format(
    'select array_agg(l.action)
     from (select distinct k.id as action_id from unnest($3) k(id) order by 1) k
     left join lateral (
       select a::dpg.item_actions as action
       from %s a
       where a.partition_network = $1 and a.action_type = $2 and a.action_id = k.action_id
       limit 1
       for no key update of a
     ) l on true',
    leaf
  )
  into locked
  using partition_network, action_type, action_ids;
  return locked;
end
$body$;

comment on function dpg_private.lock_actions(regclass, text, text, uuid[]) is
  'The actions of these ids in their leaf, each once and in the order of the ids, under row locks (no key update) that
are taken in this order. Null stands for one that is not there. The caller has locked the tables, as
dpg_private.lock_action does.';

create or replace function dpg_private.update_actions(leaf regclass, slot smallint, changed dpg.item_actions[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  action dpg.item_actions;
  places tid[];
  changed_rows bigint;
begin
  -- a few: by a kept plan they are faster than two statements that must be planned
  if cardinality(changed) <= 8 then
    foreach action in array changed loop
      perform dpg_private.update_action(leaf, slot, action);
    end loop;
    return;
  end if;
  -- Where the rows are, is asked before: so the plan of the update reads these rows and no others, also for a new leaf,
  -- of which the planner has no statistics. The rows are locked and stay where they are.
  execute format(
    'select array_agg(l.place)
     from unnest($1) c
     cross join lateral (
       select a.ctid as place
       from %s a
       where a.partition_network = c.partition_network
         and a.action_type = c.action_type
         and a.action_id = c.action_id
       limit 1
     ) l',
    leaf
  )
  into places
  using changed;
  execute format(
    'update %s a
     set action_status = c.action_status, update_count = c.update_count, remarks = c.remarks,
       updated_at = c.updated_at, performed_by = c.performed_by
     from unnest($1) c
     where a.ctid = any ($2)
       and a.action_id = c.action_id',
    leaf
  )
  using changed, places;
  get diagnostics changed_rows = row_count;
  if changed_rows < cardinality(changed) then
    perform dpg_private.refuse_suppressed('update', leaf);
  end if;
end
$body$;

comment on function dpg_private.update_actions(regclass, smallint, dpg.item_actions[]) is
  'Writes what transitions change of different actions of a leaf that the caller has locked. Raises DP018.';

create or replace function dpg_private.write_changes(
  leaves dpg_private.transition_leaf[],
  changes dpg_private.action_change[]
)
returns integer[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  inserted_rows bigint;
  queued_rows bigint;
  change dpg_private.action_change;
  leaf record;
  action dpg.item_actions;
  event dpg.action_events;
  refused integer[] := '{}';
begin
  -- Events: as in dpg_private.append_event, in one statement. In the order of their ids, since another call may send
  -- the same ones.
  insert into dpg.action_events (
    partition_network, action_type, event_id, origin_instance_domain, action_id, action_status, update_count,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
    source_item_owner, source_item_latitude, source_item_longitude, target_item_network, target_item_domain,
    target_item_type, target_item_id, target_item_instance_url, target_item_owner, target_item_latitude,
    target_item_longitude, event_payload, remarks, created_at, source_item_is_local, target_item_is_local,
    performed_by, acting_side
  )
  select
    (c.action).partition_network, (c.action).action_type, c.event_id, (c.action).target_item_instance_url,
    (c.action).action_id, (c.action).action_status, (c.action).update_count, (c.action).source_item_network,
    (c.action).source_item_domain, (c.action).source_item_type, (c.action).source_item_id,
    (c.action).source_item_instance_url, (c.action).source_item_owner, (c.action).source_item_latitude,
    (c.action).source_item_longitude, (c.action).target_item_network, (c.action).target_item_domain,
    (c.action).target_item_type, (c.action).target_item_id, (c.action).target_item_instance_url,
    (c.action).target_item_owner, (c.action).target_item_latitude, (c.action).target_item_longitude,
    c.event_payload, c.remarks, (c.action).updated_at, (c.action).source_item_is_local, true,
    (c.action).performed_by, c.acting_side
  from unnest(changes) with ordinality c(leaf_number, action, event_id, event_payload, remarks, acting_side, number)
  order by c.leaf_number, c.event_id, c.number
  on conflict do nothing;
  get diagnostics inserted_rows = row_count;
  if inserted_rows < cardinality(changes) then
    for n in 1 .. cardinality(changes) loop
      change := changes[n];
      action := change.action;
      event := dpg_private.find_event(action.partition_network, action.action_type, change.event_id);
      if (event.action_id, event.update_count, event.created_at, event.target_item_is_local)
        is distinct from (action.action_id, action.update_count, action.updated_at, true)
      then
        refused := refused || n;
      end if;
    end loop;
  end if;

  -- for the feed; under the row locks of the actions
  insert into dpg_private.event_queue (partition_network, action_type, event_id, source_item_instance_url, created_at)
  select
    (c.action).partition_network, (c.action).action_type, c.event_id, (c.action).source_item_instance_url,
    (c.action).updated_at
  from unnest(changes) with ordinality c(leaf_number, action, event_id, event_payload, remarks, acting_side, number)
  where c.number <> all (refused);
  get diagnostics queued_rows = row_count;
  if queued_rows < inserted_rows then
    perform dpg_private.refuse_suppressed('insert', 'dpg_private.event_queue');
  end if;

  -- actions, leaf by leaf
  for leaf in
    select l.*
    from unnest(leaves) with ordinality l(
      partition_network, action_type, leaf, slot, events_leaf, events_slot, rules, action_ids, number
    )
    where l.number in (select c.leaf_number from unnest(changes) c)
    order by l.number
  loop
    perform dpg_private.update_actions(
      leaf.leaf,
      leaf.slot,
      array(
        select c.action
        from unnest(changes) with ordinality c(
          leaf_number, action, event_id, event_payload, remarks, acting_side, number
        )
        where (c.action).partition_network = leaf.partition_network
          and (c.action).action_type = leaf.action_type
          and c.number <> all (refused)
      )
    );
  end loop;
  return refused;
end
$body$;

comment on function dpg_private.write_changes(dpg_private.transition_leaf[], dpg_private.action_change[]) is
  'Writes changes of different actions that the caller has locked, and their events. No application has added columns or
triggers. Returns the numbers of those changes of which nothing was written, since the id of the event was used before,
or this update has an event: dpg_private.apply_transition says whether it is a repetition. Raises DP018.';
--! EndIncluded actions/write_changes.sql
--! Included actions/transition_actions.sql
create or replace function dpg_private.transition_one(
  actor text,
  leaf dpg_private.transition_leaf,
  element dpg_private.sent_transition
)
returns dpg_private.transition_outcome
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  outcome dpg_private.transition_outcome;
  -- as it is now: a trigger of the application may have changed it
  action constant dpg.item_actions := dpg_private.find_action(
    leaf.leaf, element.partition_network, element.action_type, element.action_id
  );
  roles constant text[] := dpg_private.ownership_roles(
    actor, action.source_item_owner, action.source_item_is_local, action.target_item_owner, true
  );
begin
  if roles = '{}' then
    outcome.action := action;
    outcome.refusal := dpg_private.party_refusal(actor, action);
    return outcome;
  end if;
  return dpg_private.apply_transition(
    leaf.leaf, leaf.slot, leaf.events_leaf, leaf.events_slot, actor, roles, action, element.action_status,
    element.expected_update_count, element.event_payload, element.remarks, element.event_id, element.performed_by
  );
end
$body$;

comment on function dpg_private.transition_one(text, dpg_private.transition_leaf, dpg_private.sent_transition) is
  'What transition_action does with an action, which the caller has locked.';

create or replace function dpg_private.result_of(
  element dpg_private.sent_transition,
  outcome dpg_private.transition_outcome
)
returns dpg.transition_result
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  action constant dpg.item_actions := outcome.action;
  refusal constant dpg_private.refusal := outcome.refusal;
begin
  if refusal.code is null then
    return row(
      element.index, action.action_id, action.action_status, action.update_count, null, null, null, null
    )::dpg.transition_result;
  end if;
  return row(
    element.index, element.action_id, null, null, refusal.code, dpg_private.text_for_client(refusal.message),
    dpg_private.text_for_client(refusal.hint), refusal.detail || jsonb_build_object('index', element.index)
  )::dpg.transition_result;
end
$body$;

comment on function dpg_private.result_of(dpg_private.sent_transition, dpg_private.transition_outcome) is
  'What transition_actions returns for an element.';

create or replace function dpg_private.lock_items_of_actions(leaves dpg_private.transition_leaf[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
declare
  leaf dpg_private.transition_leaf;
  items_of_leaf dpg.item_ref[];
  items dpg.item_ref[] := '{}';
begin
  foreach leaf in array leaves loop
    if leaf.leaf is not null and leaf.action_ids <> '{}' then
      execute format(
        'select array_agg(row(i.item_network, i.item_domain, i.item_type, i.item_id)::dpg.item_ref)
         from unnest($3) k(id)
         cross join lateral (
           select a.*
           from %s a
           where a.partition_network = $1 and a.action_type = $2 and a.action_id = k.id
           limit 1
         ) a
         cross join lateral (
           values
             (a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id),
             (a.source_item_network, a.source_item_domain, a.source_item_type, a.source_local_item_id)
         ) i(item_network, item_domain, item_type, item_id)
         where i.item_id is not null',
        leaf.leaf
      )
      into items_of_leaf
      using leaf.partition_network, leaf.action_type, leaf.action_ids;
      items := items || items_of_leaf;
    end if;
  end loop;
  perform dpg_private.lock_item(
    dpg_private.find_leaf('items', i.item_network, i.item_domain),
    row(i.item_network, i.item_domain, i.item_type, i.item_id)::dpg.item_ref, 'key share'
  )
  from (
    select distinct u.item_network collate "C" as item_network, u.item_domain collate "C" as item_domain,
      u.item_type collate "C" as item_type, u.item_id
    from unnest(items) u
    order by 1, 2, 3, 4
  ) i;
end
$body$;

comment on function dpg_private.lock_items_of_actions(dpg_private.transition_leaf[]) is
  'Locks the items that foreign keys of these actions refer to (key share), in the order of their keys. Which items they
are never changes, so the actions need not be locked.';

create or replace function dpg.transition_actions(actor text, transitions jsonb)
returns setof dpg.transition_result
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  elements dpg_private.sent_transition[];
  element dpg_private.sent_transition;
  leaves dpg_private.transition_leaf[] := '{}'; -- in the order of their keys
  leaf dpg_private.transition_leaf;
  actions dpg.item_actions[] := '{}'; -- locked; each as it is after the elements before; null: it is not there
  action dpg.item_actions;
  leaf_numbers integer[]; -- for each element its leaf in leaves
  numbers integer[]; -- and its action in actions
  are_twins boolean[]; -- and whether another one names the same event
  are_again boolean[]; -- or the same action
  number integer;
  changes_twice boolean := false; -- whether an action is there twice
  rules dpg_private.action_rules;
  has_rules boolean := false;
  turns uuid[] := '{}';
  goes_alone boolean; -- whether what was decided before must be written before
  has_additions boolean := false; -- columns or triggers of the application: each action is written by itself
  -- changes that are decided and not yet written, each of another action
  changes dpg_private.action_change[] := '{}';
  pending integer[] := '{}'; -- their elements
  is_pending boolean[]; -- for each action
  refused_changes integer[]; -- numbers of changes of which nothing was written
  refused_change integer;
  refused integer;
  roles text[];
  edge_roles text[];
  -- the edge that was looked up last: most elements ask for the same
  edge_leaf integer := 0;
  edge_from text;
  edge_to text;
  is_reopening boolean;
  outcome dpg_private.transition_outcome;
  results dpg.transition_result[] := '{}';
begin
  -- check
  perform dpg_private.check_actor(actor);
  if transitions is null or jsonb_typeof(transitions) <> 'array' then
    perform dpg_private.refuse_argument(
      'transitions', transitions, 'is not a JSON array', 'Pass a JSON array of objects.'
    );
  end if;
  if jsonb_array_length(transitions) not between 1 and 1000 then
    perform dpg_private.refuse_argument(
      'transitions', transitions, format('has %s elements', jsonb_array_length(transitions)),
      'Pass 1 to 1,000 transitions.'
    );
  end if;
  elements := array(
    select dpg_private.read_transition(t.element, (t.position - 1)::integer)
    from jsonb_array_elements(transitions) with ordinality t(element, position)
    order by t.position
  );

  -- look: the leaves, before any row is locked
  leaves := array(
    select dpg_private.open_leaf(k.partition_network, k.action_type)
    from (
      select distinct e.partition_network collate "C" as partition_network, e.action_type collate "C" as action_type
      from unnest(elements) e
      where e.partition_network is not null
      order by 1, 2
    ) k
  );

  -- lock: items, then the tables, then the actions, in the order of their keys in bytes, as everywhere. Items only of
  -- actions that change twice: PostgreSQL then checks the foreign keys of a row that this transaction has written, and
  -- that locks the items.
  for n in 1 .. cardinality(leaves) loop
    leaf := leaves[n];
    leaf.action_ids := array(
      select e.action_id
      from unnest(elements) e
      where e.partition_network = leaf.partition_network
        and e.action_type = leaf.action_type
      group by e.action_id
      having count(*) > 1
    );
    leaves[n] := leaf;
    changes_twice := changes_twice or leaf.action_ids <> '{}';
  end loop;
  if changes_twice then
    perform dpg_private.lock_items_of_actions(leaves);
  end if;
  foreach leaf in array leaves loop
    if leaf.leaf is not null then
      execute format(
        'lock table only dpg.item_actions, only dpg.action_events, only %s in row exclusive mode', leaf.leaf
      );
      has_additions := has_additions
        or dpg_private.has_additions_to_action(leaf.leaf, leaf.slot, leaf.events_leaf, leaf.events_slot);
    end if;
  end loop;
  for n in 1 .. cardinality(leaves) loop
    leaf := leaves[n];
    leaf.action_ids := array(
      select distinct e.action_id
      from unnest(elements) e
      where e.partition_network = leaf.partition_network
        and e.action_type = leaf.action_type
    );
    actions := actions || case
      when leaf.leaf is null then array_fill(null::dpg.item_actions, array[cardinality(leaf.action_ids)])
      else dpg_private.lock_actions(leaf.leaf, leaf.partition_network, leaf.action_type, leaf.action_ids)
    end;
    rules := dpg_private.find_action_rules(leaf.partition_network, leaf.action_type);
    leaf.rules := rules;
    leaves[n] := leaf;
    has_rules := has_rules or rules.rules is not null or rules.network_rules is not null;
  end loop;

  -- look: which element is about what. Leaves and actions are in the order of their keys.
  select
    array_agg(e.leaf_number order by e.index), array_agg(e.number order by e.index),
    array_agg(e.same_event > 1 order by e.index), array_agg(e.same_action > 1 order by e.index)
  into leaf_numbers, numbers, are_twins, are_again
  from (
    select
      u.index,
      dense_rank() over (order by u.partition_network collate "C", u.action_type collate "C") as leaf_number,
      dense_rank() over (order by u.partition_network collate "C", u.action_type collate "C", u.action_id) as number,
      count(u.event_id) over (partition by u.event_id) as same_event,
      count(*) over (
        partition by u.partition_network collate "C", u.action_type collate "C", u.action_id
      ) as same_action
    from unnest(elements) u -- those that are malformed have no keys, and come last
  ) e;
  is_pending := array_fill(false, array[cardinality(actions)]);

  -- lock: the turns of all that could become open again, at once, so that they are taken in one order
  if has_rules then
    for n in 1 .. cardinality(elements) loop
      element := elements[n];
      action := actions[numbers[n]];
      if action.action_id is not null then
        leaf := leaves[leaf_numbers[n]];
        rules := leaf.rules;
        if element.action_status <> all (rules.final_statuses)
          and (action.action_status = any (rules.final_statuses) or are_again[n])
        then
          turns := turns || dpg_private.turns_of_action(rules, action);
        end if;
      end if;
    end loop;
    if turns <> '{}' then
      perform dpg_private.take_turns(turns);
    end if;
  end if;

  -- change, in the order of the input
  for n in 1 .. cardinality(elements) + 1 loop
    -- What was decided is written at the end; before the next change of one of its actions; before a change that may
    -- name an event of it; and before the open actions are counted.
    element := elements[n];
    number := numbers[n];
    action := actions[number];
    goes_alone := n > cardinality(elements) or is_pending[number] or are_twins[n];
    if has_rules and action.action_id is not null then
      leaf := leaves[leaf_numbers[n]];
      goes_alone := goes_alone or dpg_private.is_reopening(leaf.rules, action.action_status, element.action_status);
    end if;
    if goes_alone and pending <> '{}' then
      refused_changes := dpg_private.write_changes(leaves, changes);
      foreach refused_change in array refused_changes loop
        refused := pending[refused_change];
        element := elements[refused];
        outcome := dpg_private.transition_one(actor, leaves[leaf_numbers[refused]], element);
        actions[numbers[refused]] := outcome.action;
        results[refused] := dpg_private.result_of(element, outcome);
      end loop;
      changes := '{}';
      pending := '{}';
      is_pending := array_fill(false, array[cardinality(actions)]);
      element := elements[n];
      action := actions[number];
    end if;
    exit when n > cardinality(elements);

    outcome := null;
    if (element.refusal).code is not null then
      outcome.refusal := element.refusal;
    elsif action.action_id is null then
      outcome.refusal := dpg_private.action_not_found_refusal(
        element.partition_network, element.action_type, element.action_id
      );
    else
      if (leaf_numbers[n], action.action_status, element.action_status)
        is distinct from (edge_leaf, edge_from, edge_to)
      then
        edge_leaf := leaf_numbers[n];
        edge_from := action.action_status;
        edge_to := element.action_status;
        leaf := leaves[edge_leaf];
        rules := leaf.rules;
        edge_roles := dpg_private.edge_roles(rules.transitions, edge_from, edge_to);
        is_reopening := dpg_private.is_reopening(rules, edge_from, edge_to);
      end if;
      roles := dpg_private.ownership_roles(
        actor, action.source_item_owner, action.source_item_is_local, action.target_item_owner, true
      );
      if not has_additions
        and not is_reopening
        and roles <> '{}'
        and dpg_private.is_allowed_transition(action.update_count, element.expected_update_count, roles, edge_roles)
      then
        action := dpg_private.changed_action(
          action, element.action_status, element.remarks, element.performed_by
        );
        actions[number] := action;
        outcome.action := action;
        changes := changes || row(
          leaf_numbers[n], action, coalesce(element.event_id, gen_random_uuid()),
          coalesce(element.event_payload, dpg_private.default_payload(element.action_status)), element.remarks,
          dpg_private.acting_side(roles, edge_roles)
        )::dpg_private.action_change;
        pending := pending || n;
        is_pending[number] := true;
      else
        outcome := dpg_private.transition_one(actor, leaves[leaf_numbers[n]], element);
        actions[number] := outcome.action;
      end if;
    end if;
    results[n] := dpg_private.result_of(element, outcome);
  end loop;

  return query select r.* from unnest(results) r;
end
$body$;

comment on function dpg.transition_actions(text, jsonb) is
  'transition_action for a JSON array of 1 to 1,000 objects, each on its own: what is refused changes nothing of the
others. Fields of an object: partition_network, action_type, action_id, action_status, and optionally
expected_update_count, event_payload, remarks, event_id, performed_by. A row for each, in the order of the input: index
(counted from 0), action_id, action_status and update_count of now; or code, message, hint and detail of its refusal, as
transition_action raises it, with the index in the detail. The same action twice changes twice. The actions are locked
until the transaction ends. Refused as a whole are: an array that is malformed or too long (DP001); a leaf of events
that was lost and cannot be created (DP010); a trigger that suppresses an event, or changes a key (DP018); 40001, 40P01,
55P03, 57014.
Raises DP001, DP010, DP018.
Example: select index, action_status, code from dpg.transition_actions(''ravi'', ''[
  {"partition_network": "yellow_dot", "action_type": "connect", "action_status": "done",
   "action_id": "33333333-3333-4333-8333-333333333333"}
]'')';
--! EndIncluded actions/transition_actions.sql
--! Included actions/close_actions.sql
-- What set_item_status does with close_actions_as.

create or replace function dpg_private.find_leaves_of_item(owner text, item_network text)
returns dpg_private.transition_leaf[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Of its own network all leaves: also those with actions of which somebody else is the party. Of other networks,
  -- where it can be the source, those in which its owner has actions.
  return array(
    select dpg_private.open_leaf(k.network, k.key)
    from (
      select p.network collate "C" as network, p.key collate "C" as key
      from dpg_private.partition_names p
      where p.root = 'item_actions'
        and p.network = find_leaves_of_item.item_network
        and p.key is not null
      union
      select l.partition_network, l.action_type
      from dpg_private.party_leaves l
      where l.owner = find_leaves_of_item.owner
      order by 1, 2
    ) k
  );
end
$body$;

comment on function dpg_private.find_leaves_of_item(text, text) is
  'The leaves that can hold actions with an item of this owner and network on a side, in the order of their keys.';

create or replace function dpg_private.find_open_actions(
  leaf dpg_private.transition_leaf,
  item dpg.items,
  close_actions_as text[],
  keeps_locks boolean
)
returns uuid[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
declare
  rules constant dpg_private.action_rules := leaf.rules;
  is_item constant text :=
    '%1$s_item_id = $1 and a.%1$s_item_type = $2 and a.%1$s_item_domain = $3 and a.%1$s_item_network = $4
       and a.action_status <> all ($5)';
  found_ids uuid[];
begin
  begin
    execute format(
      'select array(
         select a.action_id
         from %1$s a
         where a.%2$s
         union
         select a.action_id
         from %1$s a
         where a.source_local_item_id = $1 and a.%3$s
         union
         select a.action_id
         from %1$s a
         where a.source_local_item_id is null and a.source_item_is_local and a.%3$s
         order by 1
       )',
      leaf.leaf, format(is_item, 'target'), format(is_item, 'source')
    )
    into found_ids
    using item.item_id, item.item_type, item.item_domain, item.item_network, rules.final_statuses || close_actions_as;
    if not keeps_locks then
      raise exception using errcode = 'DP000';
    end if;
  exception
    when sqlstate 'DP000' then
      null; -- the locks are gone, and found_ids has its value: see dpg_private.items_of_leaves
  end;
  return found_ids;
end
$body$;

comment on function dpg_private.find_open_actions(dpg_private.transition_leaf, dpg.items, text[], boolean) is
  'The ids of the open actions of a leaf with the item on a side that have none of these statuses, sorted. keeps_locks:
whether the locks of the leaf and its indexes stay until the transaction ends.';

create or replace function dpg_private.refuse_closing(
  action dpg.item_actions,
  acting_side text,
  close_actions_as text[]
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.raise_refusal(row(
    'DP006',
    format(
      'action %s cannot be closed: from %L the %s may take it to none of the statuses %s',
      action.action_id, action.action_status, acting_side, to_jsonb(close_actions_as)
    ),
    format(
      'Add a status to which the graph of %L/%L leads from %L by the %s, or close the action first. '
        'The graph was declared by dpg.define_action.',
      action.partition_network, action.action_type, action.action_status, acting_side
    ),
    jsonb_build_object(
      'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
      'from', action.action_status, 'to', close_actions_as[1], 'close_actions_as', close_actions_as,
      'acting_side', acting_side
    )
  )::dpg_private.refusal);
end
$body$;

comment on function dpg_private.refuse_closing(dpg.item_actions, text, text[]) is
  'Raises DP006 for an action that no status of the list may follow.';

create or replace function dpg_private.close_actions(item dpg.items, close_actions_as text[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  batch_size constant integer := 1000; -- so many actions are in memory at once, and the ids of all
  leaves dpg_private.transition_leaf[] := '{}';
  leaf dpg_private.transition_leaf;
  opened constant dpg_private.transition_leaf[] := dpg_private.find_leaves_of_item(item.created_by, item.item_network);
  rules dpg_private.action_rules;
  has_additions boolean := false; -- columns or triggers of the application: each action is written by itself
  action dpg.item_actions;
  role text;
  status text; -- the first that fits
  -- for what it was looked up last
  status_from text;
  status_role text;
  changes dpg_private.action_change[];
  change dpg_private.action_change;
  refused_change integer;
  outcome dpg_private.transition_outcome;
begin
  -- look, and give back the locks of many leaves, of which few have such actions
  foreach leaf in array opened loop
    if leaf.leaf is not null then
      rules := dpg_private.find_action_rules(leaf.partition_network, leaf.action_type);
      leaf.rules := rules;
      leaf.action_ids := dpg_private.find_open_actions(leaf, item, close_actions_as, cardinality(opened) <= 16);
      if leaf.action_ids <> '{}' then
        leaves := leaves || leaf;
      end if;
    end if;
  end loop;

  -- lock the tables
  foreach leaf in array leaves loop
    execute format(
      'lock table only dpg.item_actions, only dpg.action_events, only %s in row exclusive mode', leaf.leaf
    );
    has_additions := has_additions
      or dpg_private.has_additions_to_action(leaf.leaf, leaf.slot, leaf.events_leaf, leaf.events_slot);
  end loop;

  -- lock and change, in the order of the keys in bytes, as everywhere
  for n in 1 .. cardinality(leaves) loop
    leaf := leaves[n];
    rules := leaf.rules;
    for start in 1 .. cardinality(leaf.action_ids) by batch_size loop
      changes := '{}';
      foreach action in array dpg_private.lock_actions(
        leaf.leaf, leaf.partition_network, leaf.action_type, (leaf.action_ids)[start:start + batch_size - 1]
      ) loop
        -- somebody may have closed it while this call waited for it
        continue when action.action_id is null
          or action.action_status = any (rules.final_statuses || close_actions_as);
        role := case
          when (
            action.target_item_network, action.target_item_domain, action.target_item_type, action.target_item_id
          ) = (item.item_network, item.item_domain, item.item_type, item.item_id) then 'received'
          else 'initiated'
        end;
        if (action.action_status, role) is distinct from (status_from, status_role) then
          status_from := action.action_status;
          status_role := role;
          status := (
            select s.status
            from unnest(close_actions_as) with ordinality s(status, number)
            where dpg_private.edge_roles(rules.transitions, status_from, s.status) && array[status_role, 'either']
            order by s.number
            limit 1
          );
        end if;
        if status is null then
          perform dpg_private.refuse_closing(
            action, case role when 'received' then 'target' else 'source' end, close_actions_as
          );
        end if;
        if has_additions then
          outcome := dpg_private.apply_transition(
            leaf.leaf, leaf.slot, leaf.events_leaf, leaf.events_slot, item.created_by, array[role], action, status,
            null, null, null, null, null
          );
          perform dpg_private.raise_refusal(outcome.refusal);
        else
          changes := changes || row(
            n, dpg_private.changed_action(action, status, null, null), gen_random_uuid(),
            dpg_private.default_payload(status), null, case role when 'received' then 'target' else 'source' end
          )::dpg_private.action_change;
        end if;
      end loop;
      if changes <> '{}' then
        -- of what was not written, the event has been mirrored before its origin became a URL of this instance: refused
        foreach refused_change in array dpg_private.write_changes(leaves, changes) loop
          change := changes[refused_change];
          action := change.action;
          perform dpg_private.refuse_different_event(dpg_private.find_event_of_update(
            action.partition_network, action.action_type, action.target_item_instance_url, action.action_id,
            action.update_count
          ));
        end loop;
      end if;
    end loop;
    status_from := null; -- the next leaf has another graph
  end loop;
end
$body$;

comment on function dpg_private.close_actions(dpg.items, text[]) is
  'Moves each open action of this instance with the item on a side to the first of these statuses that the graph allows
to that side, with its event. One that is in one of them stays. The caller has locked the item. 1,000 actions at a time;
they stay locked until the transaction ends. Raises DP006, DP008, DP018.';
--! EndIncluded actions/close_actions.sql
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
  event_id uuid default null,
  performed_by text default null
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
  events_leaf regclass;
  events_slot smallint;
  action dpg.item_actions;
  outcome dpg_private.transition_outcome;
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
    dpg_private.check_document_or_none('event_payload', event_payload),
    dpg_private.check_key_or_none('performed_by', performed_by)
  );

  -- look
  slot := dpg_private.slot_of('item_actions', partition_network, action_type);
  leaf := dpg_private.find_leaf_by_slot('item_actions', slot, partition_network, action_type);
  events_slot := dpg_private.slot_of('action_events', partition_network, action_type);
  events_leaf := dpg_private.find_leaf_by_slot('action_events', events_slot, partition_network, action_type);
  if leaf is not null and events_leaf is null then
    events_leaf := dpg_private.find_or_create_leaf('action_events', partition_network, action_type); -- it was lost
    events_slot := null;
  end if;

  -- lock
  action := dpg_private.lock_action(leaf, partition_network, action_type, action_id, 'no key update', slot);
  if action.source_item_is_local
    or not dpg_private.is_same_url(action.source_item_instance_url, source_item_instance_url)
    or action.source_item_owner <> source_item_owner
  then
    perform dpg_private.raise_refusal(dpg_private.party_refusal(
      source_item_owner, action,
      format('of %L is no party of', source_item_instance_url),
      'URL and owner must be those with which the other instance made the action.',
      jsonb_build_object('source_item_instance_url', source_item_instance_url)
    ));
  end if;

  -- change
  outcome := dpg_private.apply_transition(
    leaf, slot, events_leaf, events_slot, source_item_owner, array['initiated'], action, action_status,
    expected_update_count, event_payload, remarks, event_id, performed_by
  );
  if (outcome.refusal).code is not null then
    perform dpg_private.raise_refusal(outcome.refusal);
  end if;
  return outcome.action;
end
$body$;

comment on function dpg.receive_transition(text, text, text, text, uuid, text, integer, jsonb, text, uuid, text) is
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
      item_id uuid,
      action_types text[],
      action_statuses text[],
      action_id uuid,
      oldest_first boolean,
      with_items boolean
    );
  elsif not exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = pg_catalog.to_regclass('dpg_private.action_search')
      and a.attname = 'with_items'
  ) then
    alter type dpg_private.action_search
      drop attribute action_type,
      drop attribute action_status,
      add attribute action_types text[],
      add attribute action_statuses text[],
      add attribute action_id uuid,
      add attribute oldest_first boolean,
      add attribute with_items boolean;
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
  'The arguments of dpg.find_actions that say which actions, in which order, and whether with their items. Null: all,
except in actor and ownership_role. A single type or status is an array of one; no status is twice in it. It is $1 of
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

create or replace function dpg_private.token_of_action(
  binding bigint,
  updated_at timestamptz,
  partition_network text,
  action_type text,
  action_id uuid,
  target_item_instance_url text
)
returns text
language sql
stable
parallel safe
security invoker
return dpg_private.token_of_position(
  binding,
  timestamptz_send(updated_at) || uuid_send(action_id)
    || convert_to(jsonb_build_array(partition_network, action_type, target_item_instance_url)::text, 'UTF8')
);

comment on function dpg_private.token_of_action(bigint, timestamptz, text, text, uuid, text) is
  'The token that stands for the place of an action in the order. For statements whose plan is kept, as
dpg_private.token_of_position. Inlined.';

create or replace function dpg_private.refuse_one_or_several(
  argument_of_one text,
  one text,
  argument_of_several text,
  several text[]
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if one is not null then
    perform dpg_private.refuse_argument(
      argument_of_several, to_jsonb(several), 'stands beside ' || argument_of_one,
      format('Pass %s for one, %s for several, or neither for all.', argument_of_one, argument_of_several)
    );
  end if;
  perform dpg_private.refuse_argument(
    argument_of_several, to_jsonb(s.key), case when s.key is null then 'is missing' else 'is not a key' end,
    'Pass keys: texts of 1 to 120 characters that are not all white space.', s.number::integer - 1
  )
  from unnest(several) with ordinality s(key, number)
  where dpg_private.is_key(s.key) is not true;
end
$body$;

comment on function dpg_private.refuse_one_or_several(text, text, text, text[]) is
  'Raises DP001 for several that are no keys, or that stand beside one.';

create or replace function dpg_private.check_one_or_several(
  argument_of_one text,
  one text,
  argument_of_several text,
  several text[]
)
returns void
language sql
stable
parallel safe
security invoker
return case
  when several is null then dpg_private.check_key_or_none(argument_of_one, one)
  else dpg_private.refuse_one_or_several(argument_of_one, one, argument_of_several, several)
end;

comment on function dpg_private.check_one_or_several(text, text, text, text[]) is
  'Raises DP001 unless a filter is one key, several, or not given at all.';
--! EndIncluded actions/action_filters.sql
--! Included actions/get_action.sql
create or replace function dpg.get_action(actor text, partition_network text, action_type text, action_id uuid)
returns dpg.item_actions
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $body$
declare
  leaf regclass;
  slot smallint;
  action dpg.item_actions;
  mirrored dpg.item_actions;
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_action_key(partition_network, action_type, action_id);
  slot := dpg_private.slot_of('item_actions', partition_network, action_type);
  leaf := dpg_private.find_leaf_by_slot('item_actions', slot, partition_network, action_type);
  if slot is not null and leaf is not null then
    action := dpg_private.action_in_slot(slot, partition_network, action_type, action_id);
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
    m.source_item_is_local, m.source_local_item_id, m.performed_by
  into mirrored.partition_network, mirrored.action_type, mirrored.action_id, mirrored.action_status,
    mirrored.update_count, mirrored.requirements_snapshot, mirrored.remarks, mirrored.source_item_network,
    mirrored.source_item_domain, mirrored.source_item_type, mirrored.source_item_id, mirrored.source_item_instance_url,
    mirrored.source_item_owner, mirrored.target_item_network, mirrored.target_item_domain, mirrored.target_item_type,
    mirrored.target_item_id, mirrored.target_item_instance_url, mirrored.target_item_owner, mirrored.created_at,
    mirrored.updated_at, mirrored.source_item_latitude, mirrored.source_item_longitude, mirrored.target_item_latitude,
    mirrored.target_item_longitude, mirrored.source_item_is_local, mirrored.source_local_item_id, mirrored.performed_by
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
  perform dpg_private.raise_refusal(dpg_private.party_refusal(actor, action));
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
      performed_by text,
      ownership_roles text[],
      source_item_state jsonb,
      source_item_status text,
      target_item_state jsonb,
      target_item_status text,
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.found_action is
  'A row of dpg.find_actions: the columns of dpg.item_actions, then ownership_roles (initiated, received or both:
the part of the actor in it), state and status of both items where they were asked for and are items of this instance,
and next_page_token, which continues after this row.';

create or replace function dpg_private.order_of_actions_sql(oldest_first boolean)
returns text
language sql
immutable
parallel safe
security invoker
return concat(
  'a.updated_at', case when not oldest_first then ' desc' end,
  ', a.partition_network, a.action_type, a.action_id, a.target_item_instance_url'
);

comment on function dpg_private.order_of_actions_sql(boolean) is
  'The order of a page of actions, which are named a.';

create or replace function dpg_private.status_searches_sql(
  search text,
  ownership_role text,
  initiated text,
  received text,
  order_by text
)
returns text[]
language sql
immutable
parallel safe
security invoker
return (
  select case ownership_role
    when 'initiated' then array[format(s.of_each, initiated)]
    when 'received' then array[format(s.of_each, received)]
    else array[
      format(s.of_each, initiated),
      format('select a.* from (%s) a where not (%s)', format(s.of_each, received), initiated)
    ]
  end
  from (
    select format(
      'select a.*
       from unnest(($1).action_statuses) s(action_status)
       cross join lateral (%s and a.action_status = s.action_status and %%s order by %s limit ($2).row_limit) a',
      search, order_by
    ) as of_each
  ) s
);

comment on function dpg_private.status_searches_sql(text, text, text, text, text) is
  'What dpg_private.party_searches_sql does, for actions of some statuses: a page of each, by the index that has the
status before the time. search has no percent sign.';

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
  conditions text;
  order_by constant text := dpg_private.order_of_actions_sql(search.oldest_first);
  -- an item or an id leaves few rows, whatever their statuses are
  is_by_status constant boolean :=
    search.action_statuses is not null and search.item_id is null and search.action_id is null;
  initiated text := 'a.source_item_owner = ($1).actor and a.source_item_is_local';
  received text := 'a.target_item_owner = ($1).actor';
  elsewhere text := 'a.source_item_owner = ($1).actor';
  searches text[] := '{}';
  of_leaf text;
  leaf dpg_private.party_leaf;
begin
  -- one search for each leaf and role, each answered by an index in the order of the page
  conditions := concat(
    case when search.action_id is not null then ' and a.action_id = ($1).action_id' end,
    case when search.action_statuses is not null and not is_by_status then
      ' and a.action_status = any (($1).action_statuses)'
    end,
    case when page.after_time is not null then
      format(
        ' and a.updated_at %1$s= ($2).after_time
          and (
            a.updated_at %1$s ($2).after_time
            or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
              > (($2).after_network, ($2).after_type, ($2).after_id, ($2).after_url)
          )',
        case when search.oldest_first then '>' else '<' end
      )
    end
  );
  if search.item_id is not null then
    initiated := initiated || ' and a.source_item_id = ($1).item_id';
    received := received || ' and a.target_item_id = ($1).item_id';
    elsewhere := elsewhere || ' and a.source_item_id = ($1).item_id';
  end if;
  foreach leaf in array leaves loop
    of_leaf := format(
      'select %s,
         dpg_private.ownership_roles(
           ($1).actor, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
         ) as ownership_roles,
         null::jsonb as source_item_state,
         case when ($1).with_items and a.source_item_is_local then '''' end as source_item_status,
         null::jsonb as target_item_state,
         case when ($1).with_items then '''' end as target_item_status
       from %s a
       where true%s%s',
      dpg_private.action_columns_sql('a.'), leaf.leaf, conditions,
      case when search.action_id is not null then
        format(' and a.partition_network = %L and a.action_type = %L', leaf.partition_network, leaf.action_type)
      end
    );
    searches := searches || case
      when is_by_status then
        dpg_private.status_searches_sql(
          replace(of_leaf, '%', '%%'), search.ownership_role, initiated, received, order_by
        )
      else dpg_private.party_searches_sql(of_leaf, search.ownership_role, initiated, received, 'a', order_by)
    end;
  end loop;
  -- Actions that live on other instances are in one table. The owners of their targets are users there, nobody here.
  if search.ownership_role <> 'received' or searches = '{}' then
    of_leaf := format(
      'select %s, array[''initiated''] as ownership_roles, null::jsonb as source_item_state,
         case when ($1).with_items then '''' end as source_item_status, null::jsonb as target_item_state,
         null::text as target_item_status
       from dpg_private.mirrored_actions a
       where %s%s%s%s',
      dpg_private.action_columns_sql('a.'),
      case when search.ownership_role = 'received' then 'false' else 'true' end,
      case when search.partition_network is not null then ' and a.partition_network = ($1).partition_network' end,
      case when search.action_types is not null then ' and a.action_type = any (($1).action_types)' end,
      conditions
    );
    searches := searches || case
      when is_by_status then dpg_private.status_searches_sql(of_leaf, 'initiated', elsewhere, elsewhere, order_by)
      else dpg_private.party_searches_sql(of_leaf, 'initiated', elsewhere, elsewhere, 'a', order_by)
    end;
  end if;
  return dpg_private.page_of_searches_sql(
    searches, 'a', order_by, '($2).row_limit',
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

create or replace function dpg_private.actions_of_slot_sql(search dpg_private.action_search, slot smallint)
returns text
language sql
stable
security invoker
return format(
  case
    when search.action_statuses is null then
      'select * from dpg_private.actions_of_slot(null::dpg_private.slot_%s, $1, $2)'
    else 'select * from dpg_private.actions_with_status_of_slot(null::dpg_private.slot_%s, $1, $2)'
  end,
  slot
);

comment on function dpg_private.actions_of_slot_sql(dpg_private.action_search, smallint) is
  'The statement that finds a page in the leaf of a slot by a kept plan. $1 is the search, $2 the page.';

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
    return query execute dpg_private.actions_of_slot_sql(search, leaves[number].slot) using search, page;
  end loop;
  if search.ownership_role <> 'received' and dpg_private.has_actions_elsewhere(search.actor) then
    return query select * from dpg_private.actions_elsewhere(search, page);
  end if;
end
$body$;

comment on function dpg_private.actions_of_slots(
  dpg_private.party_leaf[], dpg_private.action_search, dpg_private.action_page
) is
  'A page of each of these leaves by kept plans, and of the actions that live on other instances, in no order.';

create or replace function dpg_private.page_of_slots(
  leaves dpg_private.party_leaf[],
  search dpg_private.action_search,
  page dpg_private.action_page
)
returns setof dpg.found_action
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $body$
declare
  without_tokens dpg_private.action_page := page;
begin
  without_tokens.binding := null;
  return query
    select a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
      a.remarks,
      a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
      a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
      a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
      a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
      a.source_local_item_id, a.performed_by, a.ownership_roles, a.source_item_state, a.source_item_status,
      a.target_item_state, a.target_item_status,
      dpg_private.token_of_action(
        page.binding, a.updated_at, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
      )
    from dpg_private.actions_of_slots(leaves, search, without_tokens) a
    order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
    limit page.row_limit;
end
$body$;

comment on function dpg_private.page_of_slots(
  dpg_private.party_leaf[], dpg_private.action_search, dpg_private.action_page
) is
  'A page of several leaves by kept plans. Tokens are made for the rows of the page, when it is cut.';

create or replace function dpg_private.has_actions_elsewhere(actor text)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
begin
  return exists (select from dpg_private.mirrored_actions m where m.source_item_owner = actor);
end
$body$;

comment on function dpg_private.has_actions_elsewhere(text) is
  'Whether the actor has an action that lives on another instance.';

create or replace function dpg.find_actions(
  actor text,
  ownership_role text default 'all',
  partition_network text default null,
  action_type text default null,
  action_status text default null,
  item_id uuid default null,
  page_size integer default 20,
  page_token text default null,
  action_types text[] default null,
  action_statuses text[] default null,
  action_id uuid default null,
  oldest_first boolean default false,
  with_items boolean default false
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
  statement text;
  found_actions dpg.found_action[];
begin
  ownership_role := coalesce(ownership_role, 'all');
  page_size := coalesce(page_size, 20);
  oldest_first := coalesce(oldest_first, false);
  with_items := coalesce(with_items, false);
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_ownership_role(ownership_role),
    dpg_private.check_key_or_none('partition_network', partition_network),
    dpg_private.check_one_or_several('action_type', action_type, 'action_types', action_types),
    dpg_private.check_one_or_several('action_status', action_status, 'action_statuses', action_statuses),
    dpg_private.check_page_size(page_size)
  );
  if action_type is not null then
    action_types := array[action_type];
  end if;
  if action_status is not null then
    action_statuses := array[action_status];
  elsif cardinality(action_statuses) > 1 then
    action_statuses := array(select distinct s.status from unnest(action_statuses) s(status) order by s.status);
  end if;
  search := row(
    actor, ownership_role, partition_network, item_id, action_types, action_statuses, action_id, oldest_first,
    with_items
  );
  page := dpg_private.page_of_actions(
    (
      select b.binding
      from dpg_private.page_binding('find_actions', jsonb_build_array(
        actor, ownership_role, partition_network, action_types, action_statuses, item_id, action_id, oldest_first
      )) b
    ),
    page_size, page_token
  );
  leaves := dpg_private.find_leaves_of_party('item_actions', actor, partition_network, action_type, action_types);

  if item_id is not null
    or action_id is not null
    or oldest_first
    or not dpg_private.is_kept_for_leaves(leaves, page_size)
  then
    statement := dpg_private.actions_of_leaves_sql(leaves, search, page);
    if not with_items then
      return query execute statement using search, page;
      return;
    end if;
    execute format('select array_agg(row(a.*)::dpg.found_action) from (%s) a', statement)
    into found_actions
    using search, page;
  elsif with_items then
    found_actions := array(select a from dpg_private.page_of_slots(leaves, search, page) a);
  elsif cardinality(leaves) = 1 and (ownership_role = 'received' or not dpg_private.has_actions_elsewhere(actor)) then
    return query execute dpg_private.actions_of_slot_sql(search, leaves[1].slot) using search, page;
    return;
  elsif cardinality(leaves) > 0 then
    return query select * from dpg_private.page_of_slots(leaves, search, page);
    return;
  else
    if ownership_role <> 'received' and dpg_private.has_actions_elsewhere(actor) then
      return query select * from dpg_private.actions_elsewhere(search, page);
    end if;
    return;
  end if;
  return query select * from dpg_private.actions_with_items(found_actions);
end
$body$;

comment on function dpg.find_actions(
  text, text, text, text, text, uuid, integer, text, text[], text[], uuid, boolean, boolean
) is
  'The actions of which the actor is a party, latest change first (updated_at descending, then partition_network,
action_type, action_id); with oldest_first updated_at ascending, then the same. Also those that live on other instances,
as far as their events were mirrored: target_item_instance_url says where, requirements_snapshot is {}. ownership_role
is initiated (the actor owned the source), received (the target) or all. item_id means the item on that side. One
action_type or several action_types, one action_status or several action_statuses; an empty array finds nothing.
with_items: state and status of both items as they are now, null where the item lives on another instance or is gone.
A page has page_size rows (1 to 1,000, default 20). To continue after a row, pass its next_page_token as page_token with
the same filters and order. Fewer rows than page_size means the end.
Raises DP001, DP011.
Example: select * from dpg.find_actions(
  ''ravi'', ''received'', ''yellow_dot'', action_statuses => ''{created,accepted}'', with_items => true
)';
--! EndIncluded actions/find_actions.sql
--! Included actions/actions_with_items.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg_private.item_content') is null then
    create type dpg_private.item_content as (
      place integer,
      item_state jsonb,
      item_status text
    );
  end if;
end
$body$;

comment on type dpg_private.item_content is
  'What a page of actions says of an item, and where in the page: place is twice the number of the row, and one more for
the target.';

create or replace function dpg_private.contents_of_slot(slot anyenum, items dpg.item_ref[], places integer[])
returns dpg_private.item_content[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return array(
    select row(r.place, i.item_state, i.item_status)::dpg_private.item_content
    from unnest(items, places) r(item_network, item_domain, item_type, item_id, place)
    cross join lateral (
      select i.item_state, i.item_status
      from dpg_private.item_rows(slot, null::text[]) i
      where i.item_network = r.item_network
        and i.item_domain = r.item_domain
        and i.item_type = r.item_type
        and i.item_id = r.item_id
      offset 0 -- one by one, also while the leaf is small
    ) i
  );
end
$body$;

comment on function dpg_private.contents_of_slot(anyenum, dpg.item_ref[], integer[]) is
  'The content of items in the leaf of a slot, each found by its key; what is not there is left out. It has no
settings for the planner, which would take as long as some items: dpg_private.actions_with_items has them.';

create or replace function dpg_private.contents_of_leaf(
  leaf regclass,
  slot smallint,
  items dpg.item_ref[],
  places integer[]
)
returns dpg_private.item_content[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  contents dpg_private.item_content[];
begin
  if slot is not null then
    execute format('select dpg_private.contents_of_slot(null::dpg_private.slot_%s, $1, $2)', slot)
    into contents
    using items, places;
  else
    execute format(
      'select array(
         select row(r.place, i.item_state, i.item_status)::dpg_private.item_content
         from unnest($1, $2) r(item_network, item_domain, item_type, item_id, place)
         join %s i using (item_network, item_domain, item_type, item_id)
       )',
      leaf
    )
    into contents
    using items, places;
  end if;
  return contents;
end
$body$;

comment on function dpg_private.contents_of_leaf(regclass, smallint, dpg.item_ref[], integer[]) is
  'The content of items in a leaf; by a kept plan where it has a slot.';

create or replace function dpg_private.actions_with_items(found_actions dpg.found_action[])
returns setof dpg.found_action
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off -- what the settings leave out counts as infinitely expensive, and would be worth compiling
as $body$
declare
  of_leaf record;
  contents dpg_private.item_content[] := '{}';
  of_this dpg_private.item_content[];
begin
  for of_leaf in
    select n.slot, n.items, n.places, count(*) over () as leaves,
      dpg_private.find_leaf_by_slot('items', n.slot, n.item_network, n.item_domain) as leaf
    from (
      select r.item_network, r.item_domain, dpg_private.slot_of('items', r.item_network, r.item_domain) as slot,
        array_agg(row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref) as items,
        array_agg(r.place) as places
      from (select u.*, row_number() over ()::integer as number from unnest(found_actions) u) a
      cross join lateral (
        values
          (
            a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, 2 * a.number,
            a.source_item_status is not null
          ),
          (
            a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id, 2 * a.number + 1,
            a.target_item_status is not null
          )
      ) r(item_network, item_domain, item_type, item_id, place, is_here)
      where r.is_here
      group by r.item_network, r.item_domain
    ) n
  loop
    continue when of_leaf.leaf is null;
    if of_leaf.leaves <= 16 then
      contents := contents
        || dpg_private.contents_of_leaf(of_leaf.leaf, of_leaf.slot, of_leaf.items, of_leaf.places);
    else
      begin
        of_this := dpg_private.contents_of_leaf(of_leaf.leaf, of_leaf.slot, of_leaf.items, of_leaf.places);
        raise exception using errcode = 'DP000';
      exception
        when sqlstate 'DP000' then
          contents := contents || of_this; -- the locks are gone: see dpg_private.items_of_leaves
      end;
    end if;
  end loop;
  return query
    select a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
      a.remarks,
      a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
      a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
      a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
      a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
      a.source_local_item_id, a.performed_by, a.ownership_roles,
      s.item_state, s.item_status, t.item_state, t.item_status, a.next_page_token
    from (select u.*, row_number() over ()::integer as number from unnest(found_actions) u) a
    left join unnest(contents) s on s.place = 2 * a.number
    left join unnest(contents) t on t.place = 2 * a.number + 1
    order by a.number;
end
$body$;

comment on function dpg_private.actions_with_items(dpg.found_action[]) is
  'A page of actions with state and status of their items. Which items are of this instance the search has marked:
where source_item_status, target_item_status is '''' it is read, by its key; where it is null it is not.';
--! EndIncluded actions/actions_with_items.sql
--! Included actions/actions_of_slot.sql
-- Searches whose plans are kept: sql/README.md, "Plans that are kept". The latest actions of an owner come from the
-- index by owner and time, those of some statuses from the one by owner, status and time, whoever that is. For item_id,
-- which has an index of its own, for action_id and for the oldest first, PostgreSQL plans with the values.

create or replace function dpg_private.actions_of_slot(
  slot anyenum,
  search dpg_private.action_search,
  page dpg_private.action_page
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
      dpg_private.ownership_roles(
        search.actor, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
      ),
      null::jsonb, case when search.with_items and a.source_item_is_local then '' end,
      null::jsonb, case when search.with_items then '' end,
      case when page.binding is not null then
        dpg_private.token_of_action(
          page.binding, a.updated_at, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        )
      end
    from (
      (
        select
          a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
          a.remarks,
          a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
          a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
          a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
          a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
          a.source_local_item_id, a.performed_by
        from dpg_private.action_rows(slot) a
        where search.ownership_role <> 'received'
          and a.source_item_owner = search.actor
          and a.source_item_is_local
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
      -- what the actor is on both sides of is found above: see dpg_private.party_searches_sql
      select b.*
      from (
        select
          a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
          a.remarks,
          a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
          a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
          a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
          a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
          a.source_local_item_id, a.performed_by
        from dpg_private.action_rows(slot) a
        where search.ownership_role <> 'initiated'
          and a.target_item_owner = search.actor
          and a.updated_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or a.updated_at < page.after_time
            or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
              > (page.after_network, page.after_type, page.after_id, page.after_url)
          )
        order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        limit page.row_limit
      ) b
      where search.ownership_role = 'received'
        or not (b.source_item_owner = search.actor and b.source_item_is_local)
    ) a
    order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
    limit page.row_limit;
end
$body$;

comment on function dpg_private.actions_of_slot(anyenum, dpg_private.action_search, dpg_private.action_page) is
  'A page of the actions of a party in the leaf of a slot, latest change first. One statement, so that it reads no more
of each role than the page needs. Without tokens where the page has no binding.';

create or replace function dpg_private.actions_with_status_of_slot(
  slot anyenum,
  search dpg_private.action_search,
  page dpg_private.action_page
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
      dpg_private.ownership_roles(
        search.actor, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
      ),
      null::jsonb, case when search.with_items and a.source_item_is_local then '' end,
      null::jsonb, case when search.with_items then '' end,
      case when page.binding is not null then
        dpg_private.token_of_action(
          page.binding, a.updated_at, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        )
      end
    from (
      select a.*
      from unnest(search.action_statuses) s(action_status)
      cross join lateral (
        select
          a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
          a.remarks,
          a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
          a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
          a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
          a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
          a.source_local_item_id, a.performed_by
        from dpg_private.action_rows(slot) a
        where search.ownership_role <> 'received'
          and a.source_item_owner = search.actor
          and a.source_item_is_local
          and a.action_status = s.action_status
          and a.updated_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or a.updated_at < page.after_time
            or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
              > (page.after_network, page.after_type, page.after_id, page.after_url)
          )
        order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        limit page.row_limit
      ) a
      union all
      -- what the actor is on both sides of is found above: see dpg_private.party_searches_sql
      select b.*
      from unnest(search.action_statuses) s(action_status)
      cross join lateral (
        select
          a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
          a.remarks,
          a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
          a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
          a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
          a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
          a.source_local_item_id, a.performed_by
        from dpg_private.action_rows(slot) a
        where search.ownership_role <> 'initiated'
          and a.target_item_owner = search.actor
          and a.action_status = s.action_status
          and a.updated_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or a.updated_at < page.after_time
            or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
              > (page.after_network, page.after_type, page.after_id, page.after_url)
          )
        order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        limit page.row_limit
      ) b
      where search.ownership_role = 'received'
        or not (b.source_item_owner = search.actor and b.source_item_is_local)
    ) a
    order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
    limit page.row_limit;
end
$body$;

comment on function dpg_private.actions_with_status_of_slot(
  anyenum, dpg_private.action_search, dpg_private.action_page
) is
  'What dpg_private.actions_of_slot does, for a search with statuses: a page of each of them, by an index that has the
status before the time. So a rare one costs what a common one does.';

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
    select
      a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
      a.remarks,
      a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
      a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
      a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
      a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
      a.source_local_item_id, a.performed_by,
      array['initiated'], null::jsonb, case when search.with_items then '' end, null::jsonb, null::text,
      case when page.binding is not null then
        dpg_private.token_of_action(
          page.binding, a.updated_at, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        )
      end
    from (
      (
        select *
        from dpg_private.mirrored_actions a
        where search.action_statuses is null
          and a.source_item_owner = search.actor
          and (search.partition_network is null or a.partition_network = search.partition_network)
          and (search.action_types is null or a.action_type = any (search.action_types))
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
      select a.*
      from unnest(search.action_statuses) s(action_status)
      cross join lateral (
        select *
        from dpg_private.mirrored_actions a
        where a.action_status = s.action_status
          and a.source_item_owner = search.actor
          and (search.partition_network is null or a.partition_network = search.partition_network)
          and (search.action_types is null or a.action_type = any (search.action_types))
          and a.updated_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or a.updated_at < page.after_time
            or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
              > (page.after_network, page.after_type, page.after_id, page.after_url)
          )
        order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        limit page.row_limit
      ) a
    ) a
    order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
    limit page.row_limit;
end
$body$;

comment on function dpg_private.actions_elsewhere(dpg_private.action_search, dpg_private.action_page) is
  'A page of the actions of a party that live on other instances, latest change first. Without tokens where the page has
no binding.';
--! EndIncluded actions/actions_of_slot.sql
--! Included actions/count_actions.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.action_count') is null then
    create type dpg.action_count as (
      ownership_role text,
      partition_network text,
      action_type text,
      action_status text,
      action_count bigint,
      latest_at timestamptz
    );
  end if;
end
$body$;

comment on type dpg.action_count is
  'A row of dpg.count_actions: the part of the actor (initiated or received), network, type and status of actions, how
many there are, and when one of them last changed.';

create or replace function dpg_private.counts_of_leaf_sql(
  leaf dpg_private.party_leaf,
  ownership_role text,
  party text,
  item text
)
returns text
language sql
immutable
parallel safe
security invoker
-- Each status by itself: the next one is found in the index by a step, its latest change as well, and to count what is
-- equal takes less than to group all.
return format(
  case
    when item is null then
      'with recursive statuses (action_status) as (
         (select a.action_status from %1$s a where %2$s order by a.action_status limit 1)
         union all
         select (
           select a.action_status
           from %1$s a
           where %2$s and a.action_status > s.action_status
           order by a.action_status
           limit 1
         )
         from statuses s
         where s.action_status is not null
       )
       select %4$L as ownership_role, %5$L as partition_network, %6$L as action_type, s.action_status,
         (select count(*) from %1$s a where %2$s and a.action_status = s.action_status) as action_count,
         (
           select a.updated_at
           from %1$s a
           where %2$s and a.action_status = s.action_status
           order by a.updated_at desc
           limit 1
         ) as latest_at
       from statuses s
       where s.action_status is not null'
    else
      'select %4$L as ownership_role, %5$L as partition_network, %6$L as action_type, a.action_status,
         count(*) as action_count, max(a.updated_at) as latest_at
       from %1$s a
       where %2$s and %3$s
       group by a.action_status'
  end,
  leaf.leaf, party, item, ownership_role, leaf.partition_network, leaf.action_type
);

comment on function dpg_private.counts_of_leaf_sql(dpg_private.party_leaf, text, text, text) is
  'The statement that counts the actions of a role in a leaf, by status. party: the condition that an action a is of
that role; item: that it is of the item, or null. $1 is the actor, $2 the id of the item.';

create or replace function dpg.count_actions(
  actor text,
  ownership_role text default 'all',
  partition_network text default null,
  action_type text default null,
  item_id uuid default null
)
returns setof dpg.action_count
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off -- the count of a busy owner would be compiled at each call
as $body$
declare
  at_once constant integer := 16;
  leaves dpg_private.party_leaf[];
  statement text;
  counts dpg.action_count[] := '{}';
  of_batch dpg.action_count[];
begin
  ownership_role := coalesce(ownership_role, 'all');
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_ownership_role(ownership_role),
    dpg_private.check_key_or_none('partition_network', partition_network),
    dpg_private.check_key_or_none('action_type', action_type);
  leaves := dpg_private.find_leaves_of_party('item_actions', actor, partition_network, action_type);
  for number in 1 .. cardinality(leaves) by at_once loop
    select format(
      'select array_agg(row(c.*)::dpg.action_count) from (%s) c', string_agg('(' || c.statement || ')', ' union all ')
    )
    into statement
    from unnest(leaves[number : number + at_once - 1]) l
    cross join (
      values
        ('initiated', 'a.source_item_owner = $1 and a.source_item_is_local', 'a.source_item_id = $2'),
        ('received', 'a.target_item_owner = $1', 'a.target_item_id = $2')
    ) r(role, party, item)
    cross join lateral (
      select dpg_private.counts_of_leaf_sql(
        l, r.role, r.party, case when count_actions.item_id is not null then r.item end
      ) as statement
    ) c
    where count_actions.ownership_role in ('all', r.role);
    if cardinality(leaves) <= at_once then
      execute statement into of_batch using actor, item_id;
      counts := counts || of_batch;
    else
      begin
        execute statement into of_batch using actor, item_id;
        raise exception using errcode = 'DP000';
      exception
        when sqlstate 'DP000' then
          counts := counts || of_batch; -- the locks are gone: see dpg_private.items_of_leaves
      end;
    end if;
  end loop;
  if ownership_role <> 'received' then
    counts := counts || array(
      select row('initiated', m.partition_network, m.action_type, m.action_status, count(*), max(m.updated_at))
        ::dpg.action_count
      from dpg_private.mirrored_actions m
      where m.source_item_owner = count_actions.actor
        and (count_actions.partition_network is null or m.partition_network = count_actions.partition_network)
        and (count_actions.action_type is null or m.action_type = count_actions.action_type)
        and (count_actions.item_id is null or m.source_item_id = count_actions.item_id)
      group by m.partition_network, m.action_type, m.action_status
    );
  end if;
  return query
    select c.ownership_role, c.partition_network, c.action_type, c.action_status, sum(c.action_count)::bigint,
      max(c.latest_at)
    from unnest(counts) c
    group by c.ownership_role, c.partition_network, c.action_type, c.action_status
    order by c.ownership_role, c.partition_network collate "C", c.action_type collate "C", c.action_status collate "C";
end
$body$;

comment on function dpg.count_actions(text, text, text, text, uuid) is
  'How many actions the actor has, for each role (initiated, received), network, type and status, and when one of them
last changed (latest_at). An action of which the actor owns both sides counts in both roles. Also those that live on
other instances, as dpg.find_actions finds them. item_id means the item on the side of the role. Ordered by role, then
by the bytes of network, type and status; what has no action has no row. It reads an entry of an index for each action:
10 ms for 100,000.
Raises DP001.
Example: select * from dpg.count_actions(''ravi'', ''received'', ''yellow_dot'')';
--! EndIncluded actions/count_actions.sql
--! Included actions/count_item_actions.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.item_action_count') is null then
    create type dpg.item_action_count as (
      item_network text,
      item_domain text,
      item_type text,
      item_id uuid,
      ownership_role text,
      partition_network text,
      action_type text,
      action_status text,
      action_count bigint,
      latest_at timestamptz
    );
  end if;
end
$body$;

comment on type dpg.item_action_count is
  'A row of dpg.count_item_actions: the key of an item, its part (initiated: the source, received: the target), network,
type and status of actions, how many there are, and when one of them last changed.';

create or replace function dpg_private.counts_of_items(
  network text,
  items dpg.item_ref[],
  leaf regclass,
  action_type text
)
returns dpg.item_action_count[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off -- what the settings leave out counts as infinitely expensive, and would be worth compiling
as $body$
declare
  counts dpg.item_action_count[];
begin
  -- the id may be that of an item of another domain or type as well
  execute format(
    'select array_agg(row(r.*, c.ownership_role, $2, $3, c.action_status, c.action_count, c.latest_at)
       ::dpg.item_action_count)
     from unnest($1) r
     cross join lateral (
       select ''initiated'' as ownership_role, a.action_status, count(*) as action_count,
         max(a.updated_at) as latest_at
       from %1$s a
       where a.source_local_item_id = r.item_id
         and a.source_item_domain = r.item_domain
         and a.source_item_type = r.item_type
       group by a.action_status
       union all
       select ''received'', a.action_status, count(*), max(a.updated_at)
       from %1$s a
       where a.target_item_id = r.item_id
         and a.target_item_domain = r.item_domain
         and a.target_item_type = r.item_type
       group by a.action_status
     ) c',
    leaf
  )
  into counts
  using items, network, action_type;
  return counts;
end
$body$;

comment on function dpg_private.counts_of_items(text, dpg.item_ref[], regclass, text) is
  'The counts of dpg.count_item_actions in a leaf, of items of its network.';

create or replace function dpg.count_item_actions(items dpg.item_ref[])
returns setof dpg.item_action_count
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $body$
declare
  of_leaf record;
  counts dpg.item_action_count[] := '{}';
  of_this dpg.item_action_count[];
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
    select n.item_network, n.items, p.key as action_type, l.leaf, count(*) over () as leaves
    from (
      select r.item_network,
        array_agg(row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref) as items
      from (select distinct * from unnest(items)) r
      group by r.item_network
    ) n
    join dpg_private.partition_names p
      on p.root = 'item_actions'
      and p.network = n.item_network
      and p.key is not null
    cross join lateral dpg_private.look_up_leaf_and_slot(p.root, p.network, p.key) l
  loop
    if of_leaf.leaves <= 16 then
      counts := counts || dpg_private.counts_of_items(
        of_leaf.item_network, of_leaf.items, of_leaf.leaf, of_leaf.action_type
      );
    else
      begin
        of_this := dpg_private.counts_of_items(
          of_leaf.item_network, of_leaf.items, of_leaf.leaf, of_leaf.action_type
        );
        raise exception using errcode = 'DP000';
      exception
        when sqlstate 'DP000' then
          counts := counts || of_this; -- the locks are gone: see dpg_private.items_of_leaves
      end;
    end if;
  end loop;
  return query
    select i.item_network, i.item_domain, i.item_type, i.item_id, c.ownership_role, c.partition_network, c.action_type,
      c.action_status, sum(c.action_count)::bigint, max(c.latest_at)
    from (
      select r.item_network, r.item_domain, r.item_type, r.item_id, min(r.number) as number
      from unnest(items) with ordinality r(item_network, item_domain, item_type, item_id, number)
      group by r.item_network, r.item_domain, r.item_type, r.item_id
    ) i
    join (
      select * from unnest(counts)
      union all
      select r.item_network, r.item_domain, r.item_type, r.item_id, 'initiated', m.partition_network, m.action_type,
        m.action_status, m.action_count, m.latest_at
      from (select distinct * from unnest(items)) r
      cross join lateral (
        select a.partition_network, a.action_type, a.action_status, count(*) as action_count,
          max(a.updated_at) as latest_at
        from dpg_private.mirrored_actions a
        where a.source_item_id = r.item_id
          and a.source_item_network = r.item_network
          and a.source_item_domain = r.item_domain
          and a.source_item_type = r.item_type
          and a.partition_network = r.item_network
        group by a.partition_network, a.action_type, a.action_status
      ) m
    ) c using (item_network, item_domain, item_type, item_id)
    group by i.number, i.item_network, i.item_domain, i.item_type, i.item_id, c.ownership_role, c.partition_network,
      c.action_type, c.action_status
    order by i.number, c.ownership_role, c.partition_network collate "C", c.action_type collate "C",
      c.action_status collate "C";
end
$body$;

comment on function dpg.count_item_actions(dpg.item_ref[]) is
  'How many actions items have (up to 1,000 items), for each part (initiated: the item is the source, received: the
target), type and status, and when one of them last changed (latest_at). Counted are actions of the item''s own network,
also those that live on other instances. It has no actor: the application decides who may ask. Ordered as the items are
asked for, then by part and by the bytes of type and status; what has no action has no row, an item that is asked for
twice is counted once.
Raises DP001.
Example: select * from dpg.count_item_actions(array[
  row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222'')
]::dpg.item_ref[])';
--! EndIncluded actions/count_item_actions.sql
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
      performed_by text,
      acting_side text,
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
  order_by constant text := 'e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id';
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
      select s.search
      from unnest(leaves) l
      cross join unnest(
        dpg_private.party_searches_sql(
          format('select %s from %s e where true%s', dpg_private.event_columns_sql('e.'), l.leaf, added_conditions),
          search.ownership_role,
          concat(
            'e.source_item_owner = ($1).actor and e.source_item_is_local',
            case when search.item_id is not null then ' and e.source_item_id = ($1).item_id' end
          ),
          concat(
            'e.target_item_owner = ($1).actor and e.target_item_is_local',
            case when search.item_id is not null then ' and e.target_item_id = ($1).item_id' end
          ),
          'e', order_by
        )
      ) s(search)
    ),
    'e', order_by, '($2).row_limit',
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
        e.event_payload, e.remarks, e.created_at, e.source_item_is_local, e.target_item_is_local, e.performed_by,
        e.acting_side
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
          e.event_payload, e.remarks, e.created_at, e.source_item_is_local, e.target_item_is_local, e.performed_by,
          e.acting_side
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
      -- what the actor is on both sides of is found above: see dpg_private.party_searches_sql
      select b.*
      from (
        select
          e.partition_network, e.action_type, e.event_id, e.origin_instance_domain, e.action_id, e.action_status,
          e.update_count, e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id,
          e.source_item_instance_url, e.source_item_owner, e.source_item_latitude, e.source_item_longitude,
          e.target_item_network, e.target_item_domain, e.target_item_type, e.target_item_id,
          e.target_item_instance_url, e.target_item_owner, e.target_item_latitude, e.target_item_longitude,
          e.event_payload, e.remarks, e.created_at, e.source_item_is_local, e.target_item_is_local, e.performed_by,
          e.acting_side
        from dpg_private.event_rows(slot) e
        where search.ownership_role <> 'initiated'
          and e.target_item_owner = search.actor
          and e.target_item_is_local
          and (search.item_id is null or e.target_item_id = search.item_id)
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
      ) b
      where search.ownership_role = 'received'
        or not (
          b.source_item_owner = search.actor
          and b.source_item_is_local
          and (search.item_id is null or b.source_item_id = search.item_id)
        )
    ) e
    order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
    limit page.row_limit;
end
$body$;

comment on function dpg_private.events_of_slot(anyenum, dpg_private.event_search, dpg_private.event_page) is
  'A page of the events of a party in the leaf of a slot, newest first.';
--! EndIncluded events/events_of_slot.sql
--! Included feed/place_events.sql
create or replace function dpg_private.find_queue_writers(queue regclass)
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
      and l.relation = queue
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.mode = 'RowExclusiveLock'
      and l.pid is distinct from pg_backend_pid()
  );
end
$body$;

comment on function dpg_private.find_queue_writers(regclass) is
  'The open transactions, except this one, that may have put rows into this table.';

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
      state.sweeping_behind := dpg_private.find_queue_writers('dpg_private.event_queue');
      is_swept := state.sweeping_behind = '{}';
      if not is_swept then
        update dpg_private.feed_state s
        set sweeping_seq = state.sweeping_seq, sweeping_behind = state.sweeping_behind
        where s.is_only;
      end if;
    end if;
  else
    writers := dpg_private.find_queue_writers('dpg_private.event_queue');
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
    acknowledged_position >= 0
    and acknowledged_position <= handed_out_position
    and leased_position <= handed_out_position
  )
)
with (fillfactor = 50); -- rows change often: the page has room for the new versions

-- In databases of before 0.2.0. ACCESS EXCLUSIVE on this small table, and no row is written.
alter table dpg.subscriptions
add column if not exists kind text not null default 'events'
constraint subscriptions_kind_check check (kind in ('events', 'items')),
add column if not exists item_network text,
add column if not exists item_domain text,
add column if not exists item_type text;

comment on table dpg.subscriptions is
  'Who reads the feed of events or of items, and how far. Written by dpg.create_subscription, create_item_subscription,
read_events, read_item_changes, acknowledge, release_events, fail_event and drop_subscription.
dpg.subscription_status says how far behind each is.';
comment on column dpg.subscriptions.subscription is 'Name of the subscription, a key.';
comment on column dpg.subscriptions.partition_network is 'Only events of this network; all when null.';
comment on column dpg.subscriptions.action_type is 'Only events of this action type; all when null.';
comment on column dpg.subscriptions.source_item_instance_url is
  'Only events for this instance, that of the action''s source, in any spelling of its URL; all when null.';
comment on column dpg.subscriptions.acknowledged_position is 'Everything up to here is done.';
comment on column dpg.subscriptions.leased_position is
  'Last position of the batch that a reader works on; null when there is none.';
comment on column dpg.subscriptions.leased_until is
  'Until then nobody else gets events: a reader works on a batch, or the batch waits for its next try. Null when the
next batch can be read.';
comment on column dpg.subscriptions.handed_out_position is
  'The highest position that was ever handed out. No position beyond it can be acknowledged.';
comment on column dpg.subscriptions.passed_position is
  'Events up to here are acknowledged or do not match the filters, so a search can begin after them. Of a
subscription to items always 0.';
comment on column dpg.subscriptions.created_at is 'When the subscription was created.';
comment on column dpg.subscriptions.leased_at is 'When a batch was last handed out.';
comment on column dpg.subscriptions.acknowledged_at is 'When acknowledged_position last moved.';
comment on column dpg.subscriptions.last_error is
  'The last error that a reader reported. It stays when things go well again.';
comment on column dpg.subscriptions.last_error_at is 'When it was reported.';
comment on column dpg.subscriptions.lease_id is
  'Names the lease of the batch that was handed out last; null when that is acknowledged to its end or given back.
A reader whose lease has another name cannot end this one.';
comment on column dpg.subscriptions.kind is
  'What it gets: events (dpg.read_events) or items (dpg.read_item_changes). The positions of each subscription to items
are its own.';
comment on column dpg.subscriptions.item_network is 'Of items: only those of this network; all when null.';
comment on column dpg.subscriptions.item_domain is 'Of items: only those of this domain; all when null.';
comment on column dpg.subscriptions.item_type is 'Of items: only those of this type; all when null.';
comment on constraint subscriptions_kind_check on dpg.subscriptions is 'The kinds that there are.';
comment on constraint subscriptions_pkey on dpg.subscriptions is 'One subscription of each name.';
comment on constraint subscriptions_order_check on dpg.subscriptions is
  'Only what was handed out is acknowledged or leased.';
comment on index dpg.subscriptions_pkey is 'For each call that names a subscription.';

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
    'subscription', to_jsonb(subscription), 'is no subscription',
    'Make it first with dpg.create_subscription, or with dpg.create_item_subscription.'
  );
end
$body$;

comment on function dpg_private.refuse_subscription(text) is
  'Raises DP001 for a name that no subscription has.';

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
  'The subscription of this name under a row lock. A call that locks failures of a subscription locks the subscription
first, and then the failures by position, so that no two calls wait for one another. Raises DP001 when there is none.';

create or replace function dpg_private.check_subscription_kind(reader dpg.subscriptions, kind text, called text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if reader.kind <> check_subscription_kind.kind then
    perform dpg_private.refuse_argument(
      'subscription', to_jsonb(reader.subscription), format('is a subscription to %s, not to %s', reader.kind, kind),
      case
        when kind = 'items' then 'Read it with dpg.read_events.'
        when called = 'dpg.read_events' then 'Read it with dpg.read_item_changes.'
        else format('%s is for events. A batch of items that a reader cannot deal with is given back with '
          'dpg.release_events and the error, or passed over with dpg.acknowledge: an item that changes again comes '
          'again.', called)
      end
    );
  end if;
end
$body$;

comment on function dpg_private.check_subscription_kind(dpg.subscriptions, text, text) is
  'Raises DP001 unless the subscription is of this kind: what called, a function of dpg, is for.';

create or replace function dpg_private.check_same_subscription(stored dpg.subscriptions, kind text, filters jsonb)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if stored.kind is distinct from check_same_subscription.kind
    or filters is distinct from (
      case kind
        when 'items' then jsonb_build_array(stored.item_network, stored.item_domain, stored.item_type)
        else jsonb_build_array(
          stored.partition_network, stored.action_type, dpg_private.normalised_url(stored.source_item_instance_url)
        )
      end
    )
  then
    raise exception using
      errcode = 'DP008',
      message = dpg_private.text_for_client(format(
        'subscription %L is there already, %s', stored.subscription,
        case when stored.kind = kind then 'with other filters' else 'to ' || stored.kind end
      )),
      hint = 'Give another subscription another name, or drop this one first: dpg.drop_subscription.',
      detail = dpg_private.text_for_client((
        jsonb_build_object('subscription', stored.subscription)
        || case
          when stored.kind = kind then '{}'
          else jsonb_build_object('kind', stored.kind)
        end
        || case stored.kind
          when 'items' then jsonb_build_object(
            'item_network', stored.item_network, 'item_domain', stored.item_domain, 'item_type', stored.item_type
          )
          else jsonb_build_object(
            'partition_network', stored.partition_network, 'action_type', stored.action_type,
            'source_item_instance_url', stored.source_item_instance_url
          )
        end
      )::text);
  end if;
end
$body$;

comment on function dpg_private.check_same_subscription(dpg.subscriptions, text, jsonb) is
  'Raises DP008 unless the stored subscription is of this kind and has these filters, an array in the order of the
columns.';
--! EndIncluded feed/subscriptions.sql
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
  perform
    dpg_private.check_key('subscription', subscription),
    dpg_private.check_key_or_none('partition_network', partition_network),
    dpg_private.check_key_or_none('action_type', action_type),
    dpg_private.check_url_or_none('source_item_instance_url', source_item_instance_url);

  select s.* into stored from dpg.subscriptions s where s.subscription = create_subscription.subscription;
  if not found then
    -- Another call may create the same subscription at this moment. The conflict finds that row, and an update that
    -- changes nothing returns it. Under repeatable read this ends in 40001.
    insert into dpg.subscriptions as s (subscription, partition_network, action_type, source_item_instance_url)
    values (
      create_subscription.subscription, create_subscription.partition_network, create_subscription.action_type,
      create_subscription.source_item_instance_url
    )
    on conflict on constraint subscriptions_pkey do update
    set created_at = s.created_at
    returning s.* into stored;
    if not found then
      perform dpg_private.refuse_suppressed(
        'insert', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
      );
    end if;
  end if;
  perform dpg_private.check_same_subscription(
    stored, 'events',
    jsonb_build_array(partition_network, action_type, dpg_private.normalised_url(source_item_instance_url))
  );
  return stored;
end
$body$;

comment on function dpg.create_subscription(text, text, text, text) is
  'Creates a subscription to the events of this instance, from the first one on. Without filters it gets all events.
Each filter narrows them, and filters can be combined: a network (partition_network), an action type (action_type),
an instance (source_item_instance_url: the instance of the action''s source, in any spelling of its URL).
The same call again returns the row as it is now. The same name with other filters, or of a subscription to items, is
DP008.
Raises DP001, DP008, DP018.
Example: select * from dpg.create_subscription(
  ''to student'', source_item_instance_url => ''https://student.example.com''
)';
--! EndIncluded feed/create_subscription.sql
--! Included feed/item_followers.sql
create table if not exists dpg_private.item_followers (
  follower integer generated always as identity,
  subscription text not null,
  home text,
  swept_seq bigint not null default 0,
  sweeping_seq bigint,
  sweeping_behind text[],
  constraint item_followers_pkey primary key (follower),
  constraint item_followers_subscription_key unique (subscription),
  constraint item_followers_subscription_fkey foreign key (subscription) references dpg.subscriptions (subscription)
)
with (fillfactor = 50); -- rows change often: the page has room for the new versions

comment on table dpg_private.item_followers is
  'The subscriptions to changes of items: the number under which triggers note changes for them, and what
dpg.read_item_changes remembers from one call to the next. Written by dpg.create_item_subscription, read_item_changes
and drop_subscription, which lock the row of dpg.subscriptions first.';
comment on column dpg_private.item_followers.follower is
  'The number. The triggers of leaves have it as an argument. It is never given again.';
comment on column dpg_private.item_followers.subscription is 'Name of the subscription: its row in dpg.subscriptions.';
comment on column dpg_private.item_followers.home is
  'The dpg_private.database_identity at the time when changes were handed out last, before that of the
creation: in a dump or on a replica of then, the former home may have handed out positions since.';
comment on column dpg_private.item_followers.swept_seq is
  'Nothing more will wait for this subscription up to this seq of dpg_private.changed_items. So nobody searches there,
among dead rows.';
comment on column dpg_private.item_followers.sweeping_seq is
  'The next swept_seq: the highest seq that was drawn when sweeping_behind was noted.';
comment on column dpg_private.item_followers.sweeping_behind is
  'The transactions (pg_locks.virtualtransaction) that could have drawn a seq up to sweeping_seq and had not ended.';
comment on constraint item_followers_subscription_key on dpg_private.item_followers is
  'One number for each subscription.';
comment on constraint item_followers_subscription_fkey on dpg_private.item_followers is
  'What follows is a subscription.';

create table if not exists dpg_private.item_following (
  is_only boolean not null default true,
  version bigint not null default 1,
  constraint item_following_pkey primary key (is_only),
  constraint item_following_one_row_check check (is_only)
);

insert into dpg_private.item_following (is_only)
values (true)
on conflict do nothing;

comment on table dpg_private.item_following is
  'One row: it changes whenever a subscription to items is created or dropped. Whoever creates a leaf of items under an
older snapshot (repeatable read) locks it: that ends in 40001 where the snapshot does not show all subscriptions.';
comment on column dpg_private.item_following.is_only is 'True: there is only one row.';
comment on column dpg_private.item_following.version is 'Rises with each change.';
--! EndIncluded feed/item_followers.sql
--! Included feed/changed_items.sql
-- A writer waits for nobody here: no index is unique, and it locks a row only where nobody else has (skip locked). A
-- reader does the same. So the order of locks does not matter.
create table if not exists dpg_private.changed_items (
  follower integer not null,
  seq bigint generated always as identity,
  item_network text not null,
  item_domain text not null,
  item_type text not null,
  item_id uuid not null,
  changed_at timestamptz not null default clock_timestamp()
)
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_threshold = -1);

create index if not exists changed_items_order_idx
on dpg_private.changed_items (follower, seq);

create index if not exists changed_items_item_idx
on dpg_private.changed_items (item_id, item_type);

comment on table dpg_private.changed_items is
  'Items that have changed since a subscription last got them: a row for each item and subscription, however often it
changes (two where the item was deleted and created again meanwhile). The triggers items_follow_... of a
leaf write it, in the transaction of the change. dpg.read_item_changes moves it to dpg_private.item_changes.';
comment on column dpg_private.changed_items.follower is
  'The subscription that it waits for: its number in dpg_private.item_followers.';
comment on column dpg_private.changed_items.seq is
  'The order in which rows are handed out. It says nothing about the order of commits.';
comment on column dpg_private.changed_items.item_network is 'Of the item.';
comment on column dpg_private.changed_items.item_domain is 'Of the item.';
comment on column dpg_private.changed_items.item_type is 'Of the item.';
comment on column dpg_private.changed_items.item_id is 'The item.';
comment on column dpg_private.changed_items.changed_at is
  'When the first of the changes was made that the row stands for.';
comment on index dpg_private.changed_items_order_idx is 'For read_item_changes: what waits, in order.';
comment on index dpg_private.changed_items_item_idx is
  'For the triggers: does a change of the item wait already?';

-- A new item. It is not searched for, which would be a third of the cost: so one that is deleted and created again has
-- two rows. Most leaves have one subscription, without a type. Its number is a variable, since an element of tg_argv in
-- the statement costs a quarter more.
create or replace function dpg_private.note_new_item()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  number integer := tg_argv[0];
begin
  if tg_nargs = 1 then
    insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id)
    values (number, new.item_network, new.item_domain, new.item_type, new.item_id);
    return null;
  end if;
  for argument in 0 .. tg_nargs - 1 by 2 loop
    if tg_argv[argument + 1] in ('', new.item_type) then
      number := tg_argv[argument];
      insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id)
      values (number, new.item_network, new.item_domain, new.item_type, new.item_id);
    end if;
  end loop;
  return null;
end
$body$;

comment on function dpg_private.note_new_item() is
  'Trigger of leaves that a subscription to items covers: notes a new item for the subscriptions that are its arguments
(dpg_private.followers_of_leaf). It waits for nobody.';

create or replace function dpg_private.note_changed_item()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan that was made while nothing waited is kept when much does
as $body$
declare
  number integer;
begin
  for argument in 0 .. greatest(tg_nargs - 2, 0) by 2 loop
    number := tg_argv[argument];
    if tg_nargs = 1 or tg_argv[argument + 1] in ('', new.item_type) then
      -- A row that waits is enough: whoever hands it out reads the item after this transaction has committed, since
      -- the row is locked until then. One that somebody is handing out at this moment is locked: then this change gets
      -- a row of its own. Under serializable nothing is searched for: transactions of different items would fail,
      -- since they would read and write the same page of the index. Nor under repeatable read: a row of the snapshot
      -- that was handed out since ends in 40001, though nobody else has changed the item.
      perform
      from dpg_private.changed_items c
      where c.item_id = new.item_id
        and c.item_type = new.item_type
        and c.item_domain = new.item_domain
        and c.item_network = new.item_network
        and c.follower = number
        and current_setting('transaction_isolation') not in ('repeatable read', 'serializable')
      for share skip locked;
      if not found then
        insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id)
        values (number, new.item_network, new.item_domain, new.item_type, new.item_id);
      end if;
    end if;
    if new.item_id <> old.item_id or new.item_type <> old.item_type then
      perform dpg_private.note_item_gone(
        number, tg_argv[argument + 1], row(old.item_network, old.item_domain, old.item_type, old.item_id)
      );
    end if;
  end loop;
  return null;
end
$body$;

comment on function dpg_private.note_changed_item() is
  'Trigger of leaves that a subscription to items covers: notes that an item was changed, for the subscriptions that are
its arguments (dpg_private.followers_of_leaf). It waits for nobody.';

create or replace function dpg_private.note_item_gone(follower integer, of_type text, item dpg.item_ref)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
declare
  waiting tid[] := '{}';
begin
  if of_type not in ('', item.item_type) then
    return;
  end if;
  -- as dpg_private.note_changed_item does it. Of two rows, which a new item has left, the first stays: there are never
  -- more.
  if current_setting('transaction_isolation') not in ('repeatable read', 'serializable') then
    waiting := array(
      select c.ctid
      from dpg_private.changed_items c
      where c.item_id = item.item_id
        and c.item_type = item.item_type
        and c.item_domain = item.item_domain
        and c.item_network = item.item_network
        and c.follower = note_item_gone.follower
      order by c.seq
      for update skip locked
    );
  end if;
  if waiting = '{}' then
    insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id)
    values (follower, item.item_network, item.item_domain, item.item_type, item.item_id);
  elsif cardinality(waiting) > 1 then
    delete from dpg_private.changed_items c where c.ctid = any (waiting[2:]);
  end if;
end
$body$;

comment on function dpg_private.note_item_gone(integer, text, dpg.item_ref) is
  'Notes for a subscription to items of this type (all when empty or null) that an item is not there any more. It waits
for nobody.';

create or replace function dpg_private.note_items_gone()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  for argument in 0 .. greatest(tg_nargs - 2, 0) by 2 loop
    if tg_op = 'DELETE' then
      perform dpg_private.note_item_gone(
        tg_argv[argument]::integer, tg_argv[argument + 1],
        row(old.item_network, old.item_domain, old.item_type, old.item_id)
      );
    else
      execute format(
        'insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id)
         select $1, i.item_network, i.item_domain, i.item_type, i.item_id
         from %s i
         where coalesce($2, %L) in (%2$L, i.item_type)',
        tg_relid::regclass, ''
      )
      using tg_argv[argument]::integer, tg_argv[argument + 1];
    end if;
  end loop;
  return null;
end
$body$;

comment on function dpg_private.note_items_gone() is
  'Trigger of leaves that a subscription to items covers: notes that an item was deleted, or all by TRUNCATE, for the
subscriptions that are its arguments (dpg_private.followers_of_leaf). It waits for nobody.';
--! EndIncluded feed/changed_items.sql
--! Included feed/item_changes.sql
create table if not exists dpg_private.item_changes (
  follower integer not null,
  "position" bigint not null,
  item_network text not null,
  item_domain text not null,
  item_type text not null,
  item_id uuid not null,
  changed_at timestamptz not null,
  constraint item_changes_pkey primary key (follower, "position")
)
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_threshold = -1);

comment on table dpg_private.item_changes is
  'Changed items that were handed out to a subscription and are not acknowledged. Only whoever has locked the
subscription reads and writes them: dpg.read_item_changes and dpg.acknowledge. A later change of the item is a row of
dpg_private.changed_items.';
comment on column dpg_private.item_changes.follower is
  'The subscription: its number in dpg_private.item_followers.';
comment on column dpg_private.item_changes."position" is 'The position under which it was handed out.';
comment on column dpg_private.item_changes.item_network is 'Of the item.';
comment on column dpg_private.item_changes.item_domain is 'Of the item.';
comment on column dpg_private.item_changes.item_type is 'Of the item.';
comment on column dpg_private.item_changes.item_id is 'The item.';
comment on column dpg_private.item_changes.changed_at is
  'When the first of the changes was made that the row stands for.';
comment on constraint item_changes_pkey on dpg_private.item_changes is 'One row for each position of a subscription.';
comment on index dpg_private.item_changes_pkey is 'For acknowledge, and for read_item_changes after a lease has ended.';
--! EndIncluded feed/item_changes.sql
--! Included feed/follow_leaf.sql
create or replace function dpg_private.followers_of_leaf(item_network text, item_domain text)
returns text[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
  select case
    when count(distinct f.follower) = 1 and max(s.item_type) is null then array[max(f.follower)::text]
    else array_agg(a.argument order by f.follower, a.number)
  end
  from dpg_private.item_followers f
  join dpg.subscriptions s on s.subscription = f.subscription
  cross join lateral unnest(array[f.follower::text, coalesce(s.item_type, '')]) with ordinality a(argument, number)
  where coalesce(s.item_network, followers_of_leaf.item_network) = followers_of_leaf.item_network
    and coalesce(s.item_domain, followers_of_leaf.item_domain) = followers_of_leaf.item_domain
$body$;

comment on function dpg_private.followers_of_leaf(text, text) is
  'The subscriptions that cover a leaf of items, as the arguments of its triggers: for each its number and its item
type, empty for all. The number alone where there is one, for all types. Null when there is none.';

create or replace function dpg_private.is_followed(leaf regclass, followers text[])
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
  select case
    when followers is null then count(*) = 0
    else count(*) = 4
      and bool_and(
        t.tgenabled in ('O', 'A')
        -- arguments are stored one after the other, each with a zero byte behind it
        and t.tgargs = (
          select string_agg(convert_to(a.argument, getdatabaseencoding()) || decode('00', 'hex'), '' order by a.number)
          from unnest(followers) with ordinality a(argument, number)
        )
      )
  end
  from pg_trigger t
  where t.tgrelid = leaf
    and t.tgname in ('items_follow_insert', 'items_follow_update', 'items_follow_delete', 'items_follow_truncate')
    and (followers is not null or t.tgenabled <> 'D')
$body$;

comment on function dpg_private.is_followed(regclass, text[]) is
  'Whether the triggers of a leaf note changes for these followers and no others; for null, whether they note none.';

create or replace function dpg_private.follow_leaf(leaf regclass, followers text[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  trigger_of record;
begin
  for trigger_of in
    select v.name, v.events, v.called
    from (values
      ('items_follow_insert', 'after insert on %s for each row', 'note_new_item'),
      ('items_follow_update', 'after update on %s for each row', 'note_changed_item'),
      ('items_follow_delete', 'after delete on %s for each row', 'note_items_gone'),
      ('items_follow_truncate', 'before truncate on %s for each statement', 'note_items_gone')
    ) v(name, events, called)
  loop
    if followers is not null then
      execute format(
        'create or replace trigger %I %s execute function dpg_private.%I(%s)',
        trigger_of.name, format(trigger_of.events, leaf), trigger_of.called,
        (
          select string_agg(quote_literal(a.argument), ', ' order by a.number)
          from unnest(followers) with ordinality a(argument, number)
        )
      );
      execute format(
        'comment on trigger %I on %s is %L', trigger_of.name, leaf,
        'Notes changes of items for the subscriptions that are its arguments: dpg_private.followers_of_leaf.'
      );
    elsif exists (
      select
      from pg_trigger t
      where t.tgrelid = leaf
        and t.tgname = trigger_of.name
    ) then
      execute format('alter table %s disable trigger %I', leaf, trigger_of.name);
    end if;
  end loop;
end
$body$;

comment on function dpg_private.follow_leaf(regclass, text[]) is
  'Lets the triggers of a leaf note changes for these followers: creates them anew, or disables them for null (dropping
them would lock out readers). They do not fire where changes come by replication. For a caller that has locked the leaf
(SHARE ROW EXCLUSIVE), or has created it.';

create or replace function dpg_private.follow_new_leaf(item_network text, item_domain text, leaf regclass)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  followers text[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    perform f.version from dpg_private.item_following f where f.is_only for share;
  end if;
  followers := dpg_private.followers_of_leaf(item_network, item_domain);
  if followers is not null then
    perform dpg_private.follow_leaf(leaf, followers);
  end if;
end
$body$;

comment on function dpg_private.follow_new_leaf(text, text, regclass) is
  'Creates the triggers of a leaf that was just created, where a subscription covers it. For a caller that has the lock
of dpg_private.take_partition_turn. Ends in 40001 where an older snapshot does not show the subscriptions of now.';

create or replace function dpg_private.find_leaves_to_follow(item_network text, item_domain text)
returns table (leaf regclass, followers text[])
language plpgsql
volatile -- so that it sees what is committed now
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return query
    select l.leaf, l.followers
    from (
      select dpg_private.find_leaf('items', p.network, p.key) as leaf, p.name,
        dpg_private.followers_of_leaf(p.network, p.key) as followers
      from dpg_private.partition_names p
      where p.root = 'items'
        and p.key is not null
        and p.network = coalesce(find_leaves_to_follow.item_network, p.network)
        and p.key = coalesce(find_leaves_to_follow.item_domain, p.key)
      offset 0
    ) l
    where l.leaf is not null
      and not dpg_private.is_followed(l.leaf, l.followers)
    order by l.name collate "C";
end
$body$;

comment on function dpg_private.find_leaves_to_follow(text, text) is
  'The leaves of a network (of all for null) and domain (likewise) whose triggers do not note changes for the
subscriptions that there are, and for which they ought to.';

create or replace function dpg_private.follow_leaves(subscription text, item_network text, item_domain text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaves constant regclass[] := array(
    select l.leaf from dpg_private.find_leaves_to_follow(item_network, item_domain) l
  );
begin
  if leaves = '{}' then
    return;
  end if;
  perform dpg_private.lock_leaves(
    leaves, item_network, item_domain, format('the triggers for subscription %L cannot be changed', subscription)
  );
  perform dpg_private.follow_leaf(l.leaf, l.followers)
  from dpg_private.find_leaves_to_follow(item_network, item_domain) l;
end
$body$;

comment on function dpg_private.follow_leaves(text, text, text) is
  'Changes the triggers of the leaves of a network (of all for null) and domain (likewise) as the subscriptions demand
that there are now; subscription is for the refusal. Waits for whoever is writing in these leaves. For a caller that has
the lock of dpg_private.take_following_turn.
Raises DP010.';

create or replace function dpg_private.take_following_turn(subscription text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  seconds constant bigint := coalesce(dpg_private.limit_of('partition_queue_seconds'), 10);
  caller_timeout constant text := current_setting('lock_timeout');
begin
  perform set_config('lock_timeout', seconds || 's', true);
  lock table dpg_private.partition_turn in share update exclusive mode;
  perform set_config('lock_timeout', caller_timeout, true);
  update dpg_private.item_following f
  set version = f.version + 1
  where f.is_only;
exception
  when lock_not_available then
    raise exception using
      errcode = 'DP010',
      message = dpg_private.text_for_client(format(
        'subscription %L cannot be created or dropped: another transaction is making partitions and has not ended '
          'for %s s', subscription, seconds
      )),
      hint = 'Repeat the call later. A transaction that makes a partition holds up this call until it ends.',
      detail = dpg_private.text_for_client(jsonb_build_object(
        'subscription', subscription, 'reason', 'queue',
        'blocked_by', (
          select jsonb_agg(l.pid)
          from pg_locks l
          where l.locktype = 'relation'
            and l.relation = 'dpg_private.partition_turn'::regclass
            and l.database = (select d.oid from pg_database d where d.datname = current_database())
            and l.granted
        )
      )::text);
end
$body$;

comment on function dpg_private.take_following_turn(text) is
  'Lets one transaction at a time create or drop subscriptions to items, and no leaf be created meanwhile, until it
ends: the lock of dpg_private.take_partition_turn. subscription is for the refusal.
Raises DP010 after partition_queue_seconds of dpg.limits.';
--! EndIncluded feed/follow_leaf.sql
--! Included feed/create_item_subscription.sql
create or replace function dpg.create_item_subscription(
  subscription text,
  item_network text default null,
  item_domain text default null,
  item_type text default null
)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions;
  is_there boolean;
begin
  -- check
  perform
    dpg_private.check_transaction('dpg.create_item_subscription'),
    dpg_private.check_key('subscription', subscription),
    dpg_private.check_key_or_none('item_network', item_network),
    dpg_private.check_key_or_none('item_domain', item_domain),
    dpg_private.check_key_or_none('item_type', item_type);

  -- look: the same again, as an application says it at each start, locks nothing
  select s.* into stored from dpg.subscriptions s where s.subscription = create_item_subscription.subscription;
  is_there := found;
  if not is_there or exists (select from dpg_private.find_leaves_to_follow(item_network, item_domain)) then
    -- lock
    perform dpg_private.take_following_turn(subscription);

    -- change
    insert into dpg.subscriptions as s (subscription, kind, item_network, item_domain, item_type)
    values (
      create_item_subscription.subscription, 'items', create_item_subscription.item_network,
      create_item_subscription.item_domain, create_item_subscription.item_type
    )
    on conflict on constraint subscriptions_pkey do update
    set created_at = s.created_at
    returning s.* into stored;
    if not found then
      perform dpg_private.refuse_suppressed(
        'insert', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
      );
    end if;
    perform dpg_private.check_same_subscription(
      stored, 'items', jsonb_build_array(item_network, item_domain, item_type)
    );
    insert into dpg_private.item_followers (subscription, home)
    values (create_item_subscription.subscription, dpg_private.database_identity())
    on conflict on constraint item_followers_subscription_key do nothing;
    -- Writers under way are waited for: they began without the trigger.
    perform dpg_private.follow_leaves(subscription, item_network, item_domain);
  end if;
  perform dpg_private.check_same_subscription(
    stored, 'items', jsonb_build_array(item_network, item_domain, item_type)
  );
  return stored;
end
$body$;

comment on function dpg.create_item_subscription(text, text, text, text) is
  'Creates a subscription to the changes of items on this instance: of all, or of a network, a domain, a type; filters
can be combined. Read it with dpg.read_item_changes. It gets every change that is committed after this call has
returned, by whomever it is made, but those that logical replication applies. Copy what is there afterwards, by
dpg.find_items with any_status.
The call waits for the writers that are under way in these domains, and they wait for it until its transaction ends: so
call it in a transaction of its own. Reads do not wait. Each later change of an item there notes the item, and
it does so until dpg.drop_subscription.
The same call again returns the row as it is now. The same name with other filters, or of a subscription to events, is
DP008. The first check is of the transaction: 25006 in a read-only one, 25000 in repeatable read and serializable.
Raises DP001, DP008, DP010, DP018.
Example: select s.subscription, s.kind from dpg.create_item_subscription(''index'', ''yellow_dot'') s';
--! EndIncluded feed/create_item_subscription.sql
--! Included feed/drop_subscription.sql
create or replace function dpg_private.drop_follower(stored dpg.subscriptions)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  dropped integer;
begin
  delete from dpg_private.item_followers f
  where f.subscription = stored.subscription
  returning f.follower into dropped;
  perform dpg_private.follow_leaves(stored.subscription, stored.item_network, stored.item_domain);
  -- nobody writes for it any more: whoever did has ended, and the triggers are others now
  delete from dpg_private.changed_items c where c.follower = dropped;
  delete from dpg_private.item_changes c where c.follower = dropped;
end
$body$;

comment on function dpg_private.drop_follower(dpg.subscriptions) is
  'Lets no trigger note changes for a subscription any more, and forgets those that wait. Waits for whoever is writing
in its leaves. For a caller that has the lock of dpg_private.take_following_turn, and of the subscription.
Raises DP010.';

create or replace function dpg.drop_subscription(subscription text)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions;
  failed bigint[];
begin
  -- lock. For items whoever creates leaves first, as dpg.create_item_subscription does.
  stored := dpg_private.get_subscription(subscription);
  if stored.kind = 'items' then
    perform
      dpg_private.check_transaction('dpg.drop_subscription'),
      dpg_private.take_following_turn(subscription);
  end if;
  stored := dpg_private.lock_subscription(subscription);

  -- change
  if stored.kind = 'items' then
    perform dpg_private.drop_follower(stored);
  end if;
  failed := array(
    select f."position"
    from dpg.failed_events f
    where f.subscription = drop_subscription.subscription
    order by f."position"
    for update
  );
  perform dpg_private.forget_failures(subscription, failed);
  delete from dpg.subscriptions s where s.subscription = drop_subscription.subscription;
  if not found then
    perform dpg_private.refuse_suppressed(
      'delete', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  return stored;
end
$body$;

comment on function dpg.drop_subscription(text) is
  'Ends a subscription. Forgets how far it was and which events it could not deliver. Returns its last state.
No event is lost: a new subscription of the same name begins at the first event. An unknown name is DP001.
A subscription to items forgets the changes that wait for it: a new one begins with later changes. The call waits for
the writers that are under way in its domains, and they wait for it until its transaction ends; it cannot run in
repeatable read or serializable (25000).
Raises DP001, DP010, DP018.
Example: select * from dpg.drop_subscription(''to student'')';
--! EndIncluded feed/drop_subscription.sql
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
      target_item_is_local boolean,
      performed_by text,
      acting_side text
    );
  end if;
end
$body$;

comment on type dpg.feed_event is
  'A row of dpg.read_events and dpg.read_retries: its position in the feed, the lease under which it was handed out,
then the columns of dpg.action_events.';

create or replace function dpg_private.check_batch(
  size integer,
  lease_seconds double precision,
  argument text,
  rows text
)
returns void
language plpgsql
stable -- an immutable call with constants would already run, and raise, when its caller is planned
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if size is null or not size between 1 and 10000 then
    perform dpg_private.refuse_argument(
      argument, to_jsonb(size), 'is out of range', format('A batch has 1 to 10,000 %s.', rows)
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

comment on function dpg_private.check_batch(integer, double precision, text, text) is
  'Raises DP001 unless the batch has 1 to 10,000 rows and the lease lasts 0.001 to 86,400 seconds. argument is the name
of the size, rows what the rows are called.';

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
      e.created_at, e.source_item_is_local, e.target_item_is_local, e.performed_by, e.acting_side
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
  perform dpg_private.check_batch(max_events, lease_seconds, 'max_events', 'events');
  seen := dpg_private.get_subscription(subscription);
  perform dpg_private.check_subscription_kind(seen, 'events', 'dpg.read_events');
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
--! Included feed/item_change.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.item_change') is null then
    create type dpg.item_change as (
      "position" bigint,
      lease_id uuid,
      change text,
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
      item_status text
    );
  end if;
end
$body$;

comment on type dpg.item_change is
  'A row of dpg.read_item_changes: an item that has changed, as it is when it is read.';
--! EndIncluded feed/item_change.sql
--! Included feed/read_item_changes.sql
-- Rows that were handed out and acknowledged stay in the indexes until the table is vacuumed. The planner knows nothing
-- of that, and would read the whole table while it is small. A generic plan goes by the indexes.
create or replace function dpg_private.has_item_changes(follower dpg_private.item_followers)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $body$
begin
  perform c.seq
  from dpg_private.changed_items c
  where c.follower = has_item_changes.follower.follower
    and c.seq > has_item_changes.follower.swept_seq
  order by c.seq
  limit 1;
  if found then
    return true;
  end if;
  perform c."position"
  from dpg_private.item_changes c
  where c.follower = has_item_changes.follower.follower
  order by c."position"
  limit 1;
  return found;
end
$body$;

comment on function dpg_private.has_item_changes(dpg_private.item_followers) is
  'Whether anything waits for a follower, or was handed out and is not acknowledged.';

create or replace function dpg_private.hand_out_changes(
  reader dpg.subscriptions,
  follower dpg_private.item_followers,
  max_changes integer
)
returns bigint[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set enable_memoize = off
set jit = off
set plan_cache_mode = force_generic_plan
as $body$
declare
  here constant text := dpg_private.database_identity();
  drawn bigint;
  writers text[];
  is_swept boolean := false;
  handed_out bigint := reader.handed_out_position;
  positions bigint[];
  waiting tid[];
  given bigint[];
  taken integer;
begin
  -- a restored dump, or a promoted replica
  if follower.home is distinct from here then
    -- The former home has given out positions that are not here: after the dump was made, or before they reached this
    -- replica. A reader that remembers such a position must not find another item at it. What was handed out there
    -- gets a new position as well, since the item may be another one here.
    with gone as (
      delete from dpg_private.item_changes c
      where c.follower = hand_out_changes.follower.follower
      returning c.item_network, c.item_domain, c.item_type, c.item_id, c.changed_at
    )
    insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id, changed_at)
    select hand_out_changes.follower.follower, g.item_network, g.item_domain, g.item_type, g.item_id, g.changed_at
    from gone g;
    handed_out := handed_out + 1000000000;
    follower.home := here;
    follower.swept_seq := 0;
    follower.sweeping_seq := null;
    follower.sweeping_behind := null;
  end if;

  -- sweep: up to which seq can nothing come any more? As dpg_private.place_events does it: note the last seq that was
  -- drawn, and then who is writing. When those have ended, a search that begins afterwards finds all that will be.
  if follower.sweeping_seq is null then
    select q.last_value into drawn from dpg_private.changed_items_seq_seq q;
    if drawn - follower.swept_seq >= 500 then
      follower.sweeping_seq := drawn;
      follower.sweeping_behind := dpg_private.find_queue_writers('dpg_private.changed_items');
      is_swept := follower.sweeping_behind = '{}';
    end if;
  else
    writers := dpg_private.find_queue_writers('dpg_private.changed_items');
    is_swept := not writers && follower.sweeping_behind and array_to_string(writers, ' ') not like '%-1/%';
  end if;

  -- What was handed out and not acknowledged comes again, at its position. Not so where the item has changed
  -- meanwhile: it comes as that change.
  perform c."position"
  from dpg_private.item_changes c
  where c.follower = hand_out_changes.follower.follower
  limit 1;
  if found then
    delete from dpg_private.item_changes c
    where c.follower = hand_out_changes.follower.follower
      and exists (
        select
        from dpg_private.changed_items w
        where w.item_id = c.item_id
          and w.item_type = c.item_type
          and w.item_domain = c.item_domain
          and w.item_network = c.item_network
          and w.follower = c.follower
      );
  end if;
  positions := array(
    select c."position"
    from dpg_private.item_changes c
    where c.follower = hand_out_changes.follower.follower
    order by c."position"
    limit max_changes
  );

  -- What waits gets its positions. The lock on a row says that no writer counts on it, and its item is read later, with
  -- whatever was committed by now. Rows that are locked are of writers who have not committed: they come later.
  waiting := array(
    select c.ctid
    from dpg_private.changed_items c
    where c.follower = hand_out_changes.follower.follower
      and c.seq > hand_out_changes.follower.swept_seq
    order by c.seq
    limit max_changes - cardinality(positions)
    for update skip locked
  );
  if waiting <> '{}' then
    with taken as (
      delete from dpg_private.changed_items c
      where c.ctid = any (waiting)
      returning c.seq, c.item_network, c.item_domain, c.item_type, c.item_id, c.changed_at
    ),
    placed as (
      -- an item that has two rows is handed out once
      insert into dpg_private.item_changes (
        follower, "position", item_network, item_domain, item_type, item_id, changed_at
      )
      select hand_out_changes.follower.follower, handed_out + row_number() over (order by min(t.seq)), t.item_network,
        t.item_domain, t.item_type, t.item_id, min(t.changed_at)
      from taken t
      group by t.item_network, t.item_domain, t.item_type, t.item_id
      returning "position"
    )
    select (select count(*) from taken), (select array_agg(p."position" order by p."position") from placed p)
    into taken, given;
    if taken < cardinality(waiting) then
      perform dpg_private.refuse_suppressed('delete', 'dpg_private.changed_items');
    end if;
    positions := positions || given;
  end if;

  -- nothing is left up to that seq: nobody needs to look there again
  if is_swept then
    perform c.seq
    from dpg_private.changed_items c
    where c.follower = hand_out_changes.follower.follower
      and c.seq > hand_out_changes.follower.swept_seq
      and c.seq <= hand_out_changes.follower.sweeping_seq
    limit 1;
    if not found then
      follower.swept_seq := follower.sweeping_seq;
      follower.sweeping_seq := null;
      follower.sweeping_behind := null;
    end if;
  end if;
  -- Only a batch stores the position that the skipping has led to. So a call that hands out nothing, since writers hold
  -- what waits, does not store the new home either: the next call skips again.
  update dpg_private.item_followers f
  set home = hand_out_changes.follower.home,
    swept_seq = hand_out_changes.follower.swept_seq,
    sweeping_seq = hand_out_changes.follower.sweeping_seq,
    sweeping_behind = hand_out_changes.follower.sweeping_behind
  where f.follower = hand_out_changes.follower.follower
    and (f.home, f.swept_seq, f.sweeping_seq) is distinct from (
      hand_out_changes.follower.home, hand_out_changes.follower.swept_seq, hand_out_changes.follower.sweeping_seq
    )
    and (f.home = hand_out_changes.follower.home or positions <> '{}');
  return positions;
end
$body$;

comment on function dpg_private.hand_out_changes(dpg.subscriptions, dpg_private.item_followers, integer) is
  'Gives positions to the next changes of a subscription. Returns those positions, in order, and before them the
positions of what was handed out and is not acknowledged. For a caller that has locked the subscription.';

create or replace function dpg_private.find_changes_at(follower integer, positions bigint[], lease_id uuid)
returns setof dpg.item_change
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
-- Each item is found by its key, however large the leaf is: as in dpg_private.events_at_of_slot
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set enable_memoize = off
set jit = off
as $body$
declare
  wanted record;
  found_changes dpg.item_change[];
begin
  for wanted in
    select l.*, count(*) over () as leaves
    from (
      select dpg_private.find_leaf('items', c.item_network, c.item_domain) as leaf, c.item_network, c.item_domain,
        array_agg(c."position") as positions, array_agg(c.item_type) as types, array_agg(c.item_id) as ids
      from dpg_private.item_changes c
      where c.follower = find_changes_at.follower
        and c."position" = any (find_changes_at.positions)
      group by c.item_network, c.item_domain
    ) l
  loop
    begin
      -- A leaf that is not found by its name may have been renamed: PostgreSQL finds it from the root, by its bound.
      -- The columns are named, because an application may add others to the table.
      execute format(
        'select array_agg(row(w."position", $4, case when i.item_id is null then %L else %L end,
           %L, %L, w.item_type, w.item_id, %s)::dpg.item_change)
         from unnest($1, $2, $3) w("position", item_type, item_id)
         left join %s i
           on i.item_network = %3$L
           and i.item_domain = %4$L
           and i.item_type = w.item_type
           and i.item_id = w.item_id',
        'deleted', 'upserted', wanted.item_network, wanted.item_domain, dpg_private.item_content_columns_sql('i.'),
        coalesce(wanted.leaf, 'dpg.items')
      )
      into found_changes
      using wanted.positions, wanted.types, wanted.ids, lease_id;
      if wanted.leaves > 16 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and the variable has its value: see dpg_private.items_of_leaves
    end;
    return query select c.* from unnest(found_changes) c;
  end loop;
end
$body$;

comment on function dpg_private.find_changes_at(integer, bigint[], uuid) is
  'The changes at these positions of a follower, in no order, each with this lease, and the items as they are now.';

create or replace function dpg.read_item_changes(
  subscription text,
  max_changes integer default 1000,
  lease_seconds double precision default 60
)
returns setof dpg.item_change
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
  follower dpg_private.item_followers;
  positions bigint[];
  lease uuid;
begin
  -- check
  perform dpg_private.check_transaction('dpg.read_item_changes');
  max_changes := coalesce(max_changes, 1000);
  lease_seconds := coalesce(lease_seconds, 60);
  perform dpg_private.check_batch(max_changes, lease_seconds, 'max_changes', 'changes');
  reader := dpg_private.get_subscription(subscription);
  perform dpg_private.check_subscription_kind(reader, 'items', 'dpg.read_item_changes');
  if reader.leased_until > clock_timestamp() then
    return;
  end if;

  -- Look first, without a lock, so that a reader who is at the end writes nothing.
  select f.* into follower from dpg_private.item_followers f where f.subscription = read_item_changes.subscription;
  if not dpg_private.has_item_changes(follower) then
    return;
  end if;

  -- lock
  select s.* into reader
  from dpg.subscriptions s
  where s.subscription = read_item_changes.subscription
  for update skip locked;
  if not found or reader.kind <> 'items' or reader.leased_until > clock_timestamp() then
    return; -- another reader was faster
  end if;
  select f.* into follower from dpg_private.item_followers f where f.subscription = read_item_changes.subscription;
  -- A reader may remember a position that it got. If the position did not survive a crash, another item could get it.
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;

  -- change
  positions := dpg_private.hand_out_changes(reader, follower, max_changes);
  if positions = '{}' then
    return;
  end if;
  lease := gen_random_uuid();
  update dpg.subscriptions s
  set leased_position = positions[cardinality(positions)],
    leased_until = clock_timestamp() + make_interval(secs => lease_seconds),
    leased_at = clock_timestamp(),
    lease_id = lease,
    handed_out_position = greatest(s.handed_out_position, positions[cardinality(positions)])
  where s.subscription = read_item_changes.subscription;
  if not found then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  return query
    select c.* from dpg_private.find_changes_at(follower.follower, positions, lease) c order by c."position";
end
$body$;

comment on function dpg.read_item_changes(text, integer, double precision) is
  'Returns the items that have changed since a subscription last got them, max_changes (1 to 10,000) at most, and leases
them for lease_seconds (0.001 to 86,400): meanwhile no other call gets changes of this subscription. No rows: there is
nothing now, or another reader works on it.
Each row has the item as it is when it is read (change: upserted), or its key alone (deleted). However often an item has
changed, it is one row. A change after that is another row, which acknowledging this one does not take away. So whoever
stores what the rows say, in their order, has a copy of the items.
Changes that are not acknowledged in that time come again. A reader that slept past its lease may hold an older state of
an item than the next one: keep the position beside the copy, and leave out what is not higher.
All rows have one lease_id. Pass it to acknowledge and release_events, so that a late reader does not end the lease of
the next one. Call it in a transaction of its own and end that at once: until then nobody else can read this
subscription. No writer waits for it, and it waits for no writer: what is not committed comes later.
The first check is of the transaction: 25006 on a standby or in a read-only transaction, 25000 in repeatable read and
serializable.
Raises DP001, DP018.
Example: select c."position", c.change, c.item_id, c.item_state from dpg.read_item_changes(''index'', 100) c';
--! EndIncluded feed/read_item_changes.sql
--! Included feed/acknowledge.sql
create or replace function dpg_private.forget_item_changes(subscription text, "position" bigint)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $body$
declare
  own_follower integer;
begin
  select f.follower into own_follower
  from dpg_private.item_followers f
  where f.subscription = forget_item_changes.subscription;
  delete from dpg_private.item_changes c
  where c.follower = own_follower
    and c."position" <= forget_item_changes."position";
end
$body$;

comment on function dpg_private.forget_item_changes(text, bigint) is
  'Deletes the changes that were handed out to a subscription up to this position. For a caller that has locked the
subscription.';

create or replace function dpg.acknowledge(subscription text, "position" bigint, lease_id uuid default null)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
  is_present boolean;
  ends_lease boolean;
  failing bigint[];
begin
  -- check
  perform dpg_private.check_present('position', acknowledge."position" is not null);

  -- lock
  reader := dpg_private.lock_subscription(subscription);

  -- check what the lock has found
  if not acknowledge."position" between 0 and reader.handed_out_position then
    perform dpg_private.refuse_argument(
      'position', to_jsonb(acknowledge."position"), 'was not handed out',
      format(
        'Pass the position of %s returned; the highest was %s.',
        case reader.kind when 'items' then 'a change that read_item_changes' else 'an event that read_events' end,
        reader.handed_out_position
      )
    );
  end if;
  -- A reader whose lease has ended may still move the position, but must not end the lease of the next reader.
  is_present := acknowledge.lease_id is null or acknowledge.lease_id is not distinct from reader.lease_id;
  if acknowledge."position" <= reader.acknowledged_position
    and not (is_present and reader.leased_position is not null)
  then
    return reader.acknowledged_position;
  end if;
  ends_lease := is_present and (reader.leased_position > acknowledge."position") is not true;

  -- change
  update dpg.subscriptions s
  set acknowledged_position = greatest(s.acknowledged_position, acknowledge."position"),
    acknowledged_at = clock_timestamp(),
    leased_position = case when not ends_lease then s.leased_position end,
    leased_until = case when not ends_lease then s.leased_until end,
    lease_id = case when not ends_lease then s.lease_id end
  where s.subscription = acknowledge.subscription;
  if not found then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  if reader.kind = 'items' then
    perform dpg_private.forget_item_changes(subscription, "position");
    return greatest(reader.acknowledged_position, acknowledge."position");
  end if;
  failing := array(
    select f."position"
    from dpg.failed_events f
    where f.subscription = acknowledge.subscription
      and f."position" <= acknowledge."position"
      and f.state = 'failing'
    order by f."position"
    for update
  );
  perform dpg_private.forget_failures(subscription, failing);
  return greatest(reader.acknowledged_position, acknowledge."position");
end
$body$;

comment on function dpg.acknowledge(text, bigint, uuid) is
  'Marks everything up to this position as done. Returns the position up to which everything is done: it moves
forward, never back. When the position is the end of the leased batch, the lease ends and the next batch can be read.
Pass the lease_id of the batch. If that lease has ended and another reader has the events now, the position still
moves forward, and the lease of the other reader stays. Without lease_id, any lease counts as that of the caller.
A position that was not handed out is DP001. Of a subscription to items, changes that were made since a row was handed
out are not acknowledged with it.
Raises DP001, DP018.
Example: select dpg.acknowledge(s.subscription, s.handed_out_position, s.lease_id)
from dpg.subscriptions s
where s.subscription = ''to student''';
--! EndIncluded feed/acknowledge.sql
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
  perform dpg_private.check_subscription_kind(reader, 'events', 'dpg.fail_event');
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
--! Included feed/retry_events.sql
create or replace function dpg.retry_events(subscription text, "position" bigint default null)
returns setof dpg.failed_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  dead bigint[];
  revived integer;
begin
  perform dpg_private.check_subscription_kind(
    dpg_private.lock_subscription(subscription), 'events', 'dpg.retry_events'
  );
  dead := array(
    select f."position"
    from dpg.failed_events f
    where f.subscription = retry_events.subscription
      and f."position" = coalesce(retry_events."position", f."position")
      and f.state = 'dead'
    order by f."position"
    for update
  );
  return query
  update dpg.failed_events f
  set state = 'retrying',
    attempts = 0,
    leased_until = null,
    lease_id = null
  where f.subscription = retry_events.subscription
    and f."position" = any (dead)
  returning f.*;
  get diagnostics revived = row_count;
  if revived < cardinality(dead) then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.failed_events', jsonb_build_object('subscription', subscription)
    );
  end if;
end
$body$;

comment on function dpg.retry_events(text, bigint) is
  'For an operator: revives the dead events of a subscription, all or the one at this position, so that
dpg.read_retries hands them out again. Returns them. An unknown subscription is DP001.
Raises DP001, DP018.
Example: select f."position", f.last_error from dpg.retry_events(''to student'') f';
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
  lease uuid;
  positions bigint[];
  leased integer;
begin
  -- check
  perform dpg_private.check_transaction('dpg.read_retries');
  max_events := coalesce(max_events, 100);
  lease_seconds := coalesce(lease_seconds, 60);
  perform
    dpg_private.check_batch(max_events, lease_seconds, 'max_events', 'events'),
    dpg_private.check_subscription_kind(
      dpg_private.get_subscription(subscription), 'events', 'dpg.read_retries'
    );

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
--! Included feed/settle_event.sql
create or replace function dpg.settle_event(subscription text, "position" bigint, lease_id uuid default null)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
  failed dpg.failed_events;
begin
  perform dpg_private.check_present('position', settle_event."position" is not null);
  reader := dpg_private.lock_subscription(subscription);
  perform dpg_private.check_subscription_kind(reader, 'events', 'dpg.settle_event');
  select f.* into failed
  from dpg.failed_events f
  where f.subscription = settle_event.subscription
    and f."position" = settle_event."position"
  for update;
  if not found
    or (
      settle_event.lease_id is not null
      and settle_event.lease_id is distinct from coalesce(failed.lease_id, reader.lease_id)
    )
  then
    return false;
  end if;
  perform dpg_private.forget_failures(subscription, array[settle_event."position"]);
  return true;
end
$body$;

comment on function dpg.settle_event(text, bigint, uuid) is
  'Takes an event out of dpg.failed_events: a reader got it from read_retries and dealt with it, or an operator has
settled it in another way. Returns false when it is not there.
Pass the lease_id of the event. If that lease has ended and another reader has the event now, the event stays and the
result is false: the other reader settles it. Without lease_id it is taken out in any case.
Raises DP001, DP018.
Example: select dpg.settle_event(f.subscription, f."position", f.lease_id)
from dpg.failed_events f
where f.subscription = ''to student''';
--! EndIncluded feed/settle_event.sql
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
  extract(epoch from clock_timestamp() - holder.since)::double precision as held_back_seconds,
  s.kind,
  s.item_network,
  s.item_domain,
  s.item_type
from dpg.subscriptions s
cross join lateral (
  select count(*) as lag_events, min(l.created_at) as oldest_at
  -- The filters are written twice. Written once, around the union, counting takes 1.1 (PostgreSQL 15) to 1.2 times
  -- (PostgreSQL 18) as long.
  from (
    select f.created_at
    from dpg_private.feed_positions f
    join dpg_private.feed_streams t on t.stream = f.stream
    where s.kind = 'events'
      and f."position" > greatest(s.acknowledged_position, s.passed_position)
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
    where s.kind = 'events'
      and (
        s.source_item_instance_url is null
        or q.source_item_instance_url = s.source_item_instance_url
        or dpg_private.normalised_url(q.source_item_instance_url)
          = dpg_private.normalised_url(s.source_item_instance_url)
      )
      and (s.partition_network is null or q.partition_network = s.partition_network)
      and (s.action_type is null or q.action_type = s.action_type)
    union all
    select c.changed_at
    from dpg_private.item_followers f
    join dpg_private.changed_items c on c.follower = f.follower and c.seq > f.swept_seq
    where f.subscription = s.subscription
    union all
    select c.changed_at
    from dpg_private.item_followers f
    join dpg_private.item_changes c on c.follower = f.follower
    where f.subscription = s.subscription
  ) l
) lag
left join lateral (
  select l.pid, a.xact_start as since,
    case
      when l.relation = 'dpg_private.feed_turn'::regclass then 'it places events and has not ended: nobody else can'
      when l.relation = 'dpg.subscriptions'::regclass then 'it has read or acknowledged and has not ended'
      when l.relation = 'dpg_private.changed_items'::regclass
        then 'it has changed items and has not committed: they come when it does'
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
      (
        s.kind = 'events' and l.mode = 'ShareUpdateExclusiveLock' and l.relation = 'dpg_private.feed_turn'::regclass
      )
      or (
        l.mode = 'RowExclusiveLock'
        and l.relation in (
          'dpg.subscriptions'::regclass,
          case s.kind
            when 'items' then 'dpg_private.changed_items'::regclass
            else 'dpg_private.event_queue'::regclass
          end
        )
      )
    )
  order by
    l.relation = 'dpg_private.feed_turn'::regclass desc,
    l.relation = 'dpg.subscriptions'::regclass desc,
    a.xact_start
  limit 1
) holder on true;

comment on view dpg.subscription_status is
  'How far behind each subscription is, to events and to items, and why. Counting takes time in proportion to the lag.
Times and locks are always as of now, so ask under read committed, where rows are as of now as well. In an older
snapshot is_leased, is_dead and held_back_by do not belong to the rows beside them.';
comment on column dpg.subscription_status.subscription is 'Name of the subscription.';
comment on column dpg.subscription_status.partition_network is 'Its filter.';
comment on column dpg.subscription_status.action_type is 'Its filter.';
comment on column dpg.subscription_status.source_item_instance_url is 'Its filter.';
comment on column dpg.subscription_status.acknowledged_position is 'Everything up to here is done.';
comment on column dpg.subscription_status.lag_events is
  'How many events, or changed items, are not acknowledged. Dead events do not count.';
comment on column dpg.subscription_status.lag_seconds is
  'Age of the oldest of these in seconds; 0 when there is none.';
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
comment on column dpg.subscription_status.kind is 'What it gets: events or items.';
comment on column dpg.subscription_status.item_network is 'Its filter.';
comment on column dpg.subscription_status.item_domain is 'Its filter.';
comment on column dpg.subscription_status.item_type is 'Its filter.';
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
  tombstone constant text := dpg_private.tombstone();
  event dpg.action_events;
  action dpg.item_actions;
  emptied dpg.action_events;
  emptied_action dpg.item_actions;
  action_leaf regclass;
  redaction dpg.redactions;
  is_beside boolean := false; -- whether only dpg.differing_events has the event
begin
  -- check
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_present('event_id', event_id is not null),
    dpg_private.check_reason(reason);

  event := dpg_private.find_event(partition_network, action_type, event_id);
  if event.event_id is null then
    -- The event may be one that differs from the stored one and was accepted.
    select (dpg_private.parse_event(d.event)).*
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

  -- change. The record comes first: without it the triggers refuse every change of an event.
  insert into dpg.redactions (actor, kind, reason, partition_network, action_type, action_id, event_id)
  values (
    redact_event.actor, 'event', redact_event.reason,
    event.partition_network, event.action_type, event.action_id, event.event_id
  )
  returning * into redaction;

  -- change the action, or the mirrored action
  action_leaf := dpg_private.find_leaf('item_actions', partition_network, action_type);
  if event.target_item_is_local and action_leaf is not null then
    action := dpg_private.find_action(action_leaf, partition_network, action_type, event.action_id);
    execute format(
      'update %s a
       set remarks = null, requirements_snapshot = ''{}'',
         performed_by = case when a.update_count = $4 and a.performed_by is not null then $5 else a.performed_by end
       where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3',
      action_leaf
    )
    using partition_network, action_type, event.action_id, event.update_count, tombstone;
    emptied_action := dpg_private.find_action(action_leaf, partition_network, action_type, event.action_id);
    -- A trigger of the application may write something else there, but must not put back what was there.
    if emptied_action.remarks = action.remarks
      or (emptied_action.requirements_snapshot = action.requirements_snapshot and action.requirements_snapshot <> '{}')
      or (emptied_action.update_count = event.update_count and emptied_action.performed_by <> tombstone)
    then
      perform dpg_private.refuse_suppressed('update', action_leaf, jsonb_build_object('action_id', event.action_id));
    end if;
  end if;
  if not event.target_item_is_local then
    update dpg_private.mirrored_actions m
    set remarks = null,
      performed_by = case
        when m.update_count = event.update_count and m.performed_by is not null then tombstone else m.performed_by
      end
    where m.partition_network = redact_event.partition_network
      and m.action_type = redact_event.action_type
      and m.action_id = event.action_id
      and dpg_private.normalised_url(m.origin_instance_domain)
        = dpg_private.normalised_url(event.origin_instance_domain);
  end if;

  -- change the event
  update dpg.differing_events d
  set event = dpg_private.emptied_event(d.event)
  where d.event_id = redact_event.event_id
    and d.partition_network = redact_event.partition_network
    and d.action_type = redact_event.action_type;
  if is_beside then
    return redaction;
  end if;
  execute format(
    'update %s e
     set event_payload = ''{}'', remarks = null,
       performed_by = case when e.performed_by is not null then $4 end
     where e.partition_network = $1 and e.action_type = $2 and e.event_id = $3
       and (e.event_payload <> ''{}'' or e.remarks is not null or e.performed_by <> $4)',
    dpg_private.find_leaf('action_events', partition_network, action_type)
  )
  using partition_network, action_type, event_id, tombstone;
  emptied := dpg_private.find_event(partition_network, action_type, event_id);
  if emptied.remarks = event.remarks
    or (emptied.event_payload = event.event_payload and event.event_payload <> '{}')
    or emptied.performed_by <> tombstone
  then
    perform dpg_private.refuse_suppressed(
      'update',
      dpg_private.find_leaf('action_events', partition_network, action_type),
      jsonb_build_object('event_id', event_id)
    );
  end if;
  -- A digest of what was taken away must not stay either.
  delete from dpg_private.sent_contents s
  where s.id in (redact_event.event_id, event.action_id)
    and s.network = redact_event.partition_network
    and s.key = redact_event.action_type
    and s.root in ('item_actions', 'action_events');
  return redaction;
end
$body$;

comment on function dpg.redact_event(text, text, text, uuid, text) is
  'For dpg_admin: empties payload and remarks of an event, and remarks and requirements of its action. Puts the
tombstone user dpg_erased_user in the place of performed_by, also in the action where the event is its last. Keeps on
record who asked for it and why. Returns that record. dpg.store_event of the event does not restore them. An event in
dpg.differing_events is emptied there.
Raises DP001, DP018.
Example: select * from dpg.redact_event(
  ''dpo'', ''yellow_dot'', ''connect'', ''44444444-4444-4444-8444-444444444444'', ''request 17 under article 17''
)';
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
  -- check
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_reason(reason);
  proposed := dpg_private.parse_event(event);
  if dpg_private.is_instance_url(proposed.origin_instance_domain)
    or dpg_private.normalised_url(proposed.target_item_instance_url)
      <> dpg_private.normalised_url(proposed.origin_instance_domain)
  then
    perform dpg_private.refuse_origin(proposed);
  end if;

  -- lock: one call at a time, so that an event is not accepted twice. dpg.store_event only reads the table and does not
  -- wait.
  lock table dpg.differing_events in share row exclusive mode;

  -- check which event is stored under this id, or of this update, and whether it says something else
  stored := dpg_private.find_event(proposed.partition_network, proposed.action_type, proposed.event_id);
  for spelling in
    select proposed.origin_instance_domain
    union
    select p.instance_url
    from dpg_private.peer_url_sightings p
    where dpg_private.normalised_url(p.instance_url) = dpg_private.normalised_url(proposed.origin_instance_domain)
  loop
    exit when stored.event_id is not null;
    stored := dpg_private.find_event_of_update(
      proposed.partition_network, proposed.action_type, spelling, proposed.action_id, proposed.update_count
    );
  end loop;
  proposed.source_item_is_local := coalesce(stored.source_item_is_local, false);
  proposed.target_item_is_local := false;
  if stored.event_id is null
    or dpg_private.is_same_event(stored, dpg_private.fill_missing_fields(event, proposed, stored))
  then
    perform dpg_private.refuse_argument(
      'event', to_jsonb(proposed.event_id), 'differs from no event here',
      'Pass to dpg.store_event what can be stored. This function is for an event that it refuses with DP008.'
    );
  end if;
  if (dpg_private.find_differing_event(event, proposed)).event_id is not null then
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
  -- An event of another action, or between other items, is not the same update done again.
  if (
    stored.action_id,
    stored.source_item_network, stored.source_item_domain, stored.source_item_type, stored.source_item_id,
    stored.target_item_network, stored.target_item_domain, stored.target_item_type, stored.target_item_id,
    dpg_private.normalised_url(stored.origin_instance_domain),
    dpg_private.normalised_url(stored.source_item_instance_url)
  ) is distinct from (
    proposed.action_id,
    proposed.source_item_network, proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
    proposed.target_item_network, proposed.target_item_domain, proposed.target_item_type, proposed.target_item_id,
    dpg_private.normalised_url(proposed.origin_instance_domain),
    dpg_private.normalised_url(proposed.source_item_instance_url)
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
    proposed.source_item_owner, proposed.source_item_is_local, dpg_private.event_to_json(proposed)
  );
  if not found then
    perform dpg_private.refuse_suppressed('insert', 'dpg.differing_events');
  end if;
  -- The origin says now that the update ended like this. What later updates said stays.
  update dpg_private.mirrored_actions m
  set action_status = proposed.action_status,
    update_count = proposed.update_count,
    updated_at = proposed.created_at,
    performed_by = proposed.performed_by,
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
    and dpg_private.normalised_url(m.origin_instance_domain)
      = dpg_private.normalised_url(proposed.origin_instance_domain)
    and proposed.update_count >= m.update_count;
  return redaction;
end
$body$;

comment on function dpg.accept_differing_event(text, jsonb, text) is
  'For dpg_admin: accepts an event of another instance that dpg.store_event refuses with DP008, because the stored event
of the same update of the action, or under the same id, says something else. This happens when the other instance was
restored from a backup and did the update again.
event is the object that was refused. Keeps on record who accepted it and why. Returns that record, of kind
difference. The same event again returns the first record.
No event is changed or lost: the stored one stays, and dpg.differing_events keeps the accepted one. From then on
dpg.store_event answers the accepted event with what was accepted. When it is the newest event of a mirrored action,
dpg.get_action and dpg.find_actions show its status, time, remarks and performed_by.
An event that differs from no stored event is DP001. One between other items is DP008.
Raises DP001, DP008, DP018.
Example: select kind, reason from dpg.accept_differing_event(
  ''dba'',
  ''{
    "partition_network": "yellow_dot", "action_type": "connect",
    "event_id": "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb",
    "origin_instance_domain": "https://tutor.example.com",
    "action_id": "88888888-8888-4888-8888-888888888888", "action_status": "rejected", "update_count": 0,
    "source_item_network": "yellow_dot", "source_item_domain": "student", "source_item_type": "profile_1.0",
    "source_item_id": "11111111-1111-4111-8111-111111111111", "source_item_owner": "asha",
    "source_item_instance_url": "https://yellowdot.example.com",
    "target_item_network": "yellow_dot", "target_item_domain": "tutor", "target_item_type": "profile_1.0",
    "target_item_id": "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "target_item_owner": "kiran",
    "target_item_instance_url": "https://tutor.example.com",
    "event_payload": {"status": "rejected"}, "created_at": "2026-01-02T00:00:00.000000Z"
  }'',
  ''the tutors restored their database of Monday''
)';
--! EndIncluded redactions/accept_differing_event.sql
--! Included redactions/performed_by_indexes.sql
-- Erasing a user must find what the user has carried out for others, in every leaf. Rows that name nobody are not in
-- these indexes. In a file of their own, which comes after the columns.
create index if not exists item_actions_performed_by_idx
on dpg.item_actions (performed_by)
where performed_by is not null;

comment on index dpg.item_actions_performed_by_idx is
  'For erase_user: what a user has carried out for others. Has no entries where nobody is named.';

create index if not exists action_events_performed_by_idx
on dpg.action_events (performed_by)
where performed_by is not null;

comment on index dpg.action_events_performed_by_idx is
  'For erase_user: what a user has carried out for others. Has no entries where nobody is named.';

create index if not exists mirrored_actions_performed_by_idx
on dpg_private.mirrored_actions (performed_by)
where performed_by is not null;

comment on index dpg_private.mirrored_actions_performed_by_idx is
  'For erase_user: what a user has carried out for others. Has no entries where nobody is named.';
--! EndIncluded redactions/performed_by_indexes.sql
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
--! EndIncluded redactions/replace_owner.sql
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
    and not exists (select from public."user" u where u.id = erase_user.user_id)
    and not dpg_private.has_performed(user_id)
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
  perform dpg_private.forget_turns_of_owner(user_id);
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
the user: as owner of items, in the owner snapshots of actions and events, in their performed_by, and in dpg.redactions.
Keeps on record who asked for it and why. Returns that record. user_id may also be somebody who is no user here but
stands in performed_by.
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
of from_user as owner of items, and in the owner snapshots of actions and events of this instance; and in performed_by
of those. Keeps on record who asked for it, why, and both users. Returns that record. What from_user has carried out for
others stays as it is.
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
        case
          when t.relname <> 'item_change' then null
          when a.attname = 'position' then 'Position within the subscription, passed to acknowledge. Rises, with gaps.'
          when a.attname = 'lease_id' then
            'The lease under which the change was handed out: pass it on to acknowledge and release_events.'
          when a.attname = 'change' then
            'upserted: the item is there, as the other columns say. deleted: it is not there, and the columns after '
              'its key are null.'
        end,
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
        when 'item_change' then 'dpg.items'
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
    'search_items', 'find_own_items', 'get_action', 'find_actions', 'count_actions', 'count_item_actions', 'find_events'
  ];
  -- dpg_app and dpg_admin
  writing constant text[] := array[
    'ensure_item_partition', 'ensure_action_partition', 'ensure_action_event_partition',
    'upsert_item', 'upsert_items', 'update_item', 'set_item_status', 'delete_item', 'define_item',
    'define_search', 'refresh_search',
    'define_action', 'perform_action', 'receive_action', 'transition_action', 'transition_actions',
    'receive_transition',
    'store_event',
    'create_subscription', 'create_item_subscription', 'drop_subscription', 'read_events', 'read_item_changes',
    'acknowledge', 'release_events',
    'fail_event', 'retry_events', 'read_retries', 'settle_event'
  ];
  -- dpg_admin alone
  administering constant text[] := array[
    'register_network', 'unregister_network', 'define_network', 'forget_instance_url', 'confirm_lost_events',
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
  dpg.network_rules,
  dpg.item_searches, dpg.instance_urls, dpg.partitions, dpg.limits, dpg.redactions, dpg.networks, dpg.differing_events
from dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.item_definitions,
  dpg.network_rules,
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

-- The functions of slots are made by what actions/actions_slot_sql.sql and events/events_slot_sql.sql say, which have
-- changed: those that know all leaves of a root anew. Nobody makes a leaf meanwhile.
do $body$
begin
  lock table dpg_private.partition_turn in share update exclusive mode;
  perform dpg_private.create_slot_functions(r.root)
  from unnest(array['item_actions', 'action_events']) r(root);
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
