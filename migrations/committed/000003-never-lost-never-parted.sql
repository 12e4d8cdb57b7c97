--! Previous: sha1:9732ee7f47874dc596015e90aad39de36317ab06
--! Hash: sha1:97a703ef54a6436d575315f2f7a08b0a357fabf2
--! Message: never lost, never parted

-- Functions whose arguments changed. Private ones: a call under way can end once in 42883 (docs/upgrading.md).
drop function if exists
  dpg_private.action_of_mirrored(dpg_private.mirrored_actions),
  dpg_private.check_ids_differ(dpg.items[]),
  dpg_private.check_undeclared_items(dpg.items[]),
  dpg_private.open_action(dpg.item_actions, jsonb),
  dpg_private.replace_items(text, dpg.items[], uuid[]);

-- Of the making of partitions, which locks nothing of the drop's. Private as well.
drop function if exists dpg_private.attach_partition(text, text, text, text[], text[]);
drop function if exists dpg_private.lock_of_users();
drop function if exists dpg_private.locks_of_tree(text);

-- The feed. First what 0.1.0 may have left: a read under repeatable read or serializable counted events as swept that it
-- could not see, so that nobody looked for them any more. Whoever looks begins before the first of them again. The advisory
-- lock (that of dpg_private.place_events) waits for a call that places events now; other calls go on without new events
-- until this transaction ends. The row is written in any case, so that a transaction with an older snapshot, which runs the
-- function as it was, ends in 40001.
do $body$
begin
  perform pg_catalog.pg_advisory_xact_lock(7237117967450113);
  update dpg_private.feed_state s
  set swept_seq = least(s.swept_seq, (select min(q.seq) - 1 from dpg_private.event_queue q)),
    sweeping_seq = null,
    sweeping_behind = null
  where s.is_only;
end
$body$;

-- Leases have names. Both tables are locked in ACCESS EXCLUSIVE for a moment, in the order in which every call takes them:
-- this waits for the calls of the feed that are under way, and new ones wait until this transaction ends. Nothing is
-- rewritten.
alter table dpg.subscriptions add column if not exists lease_id uuid;
alter table dpg.failed_events add column if not exists lease_id uuid;

-- Functions and a type of the API that grow are dropped and made anew in this transaction; no table is locked. What somebody
-- else has built on one of them stops the migration, since it would go with it. What somebody else has granted on them is
-- noted, and granted again at the end.
create temporary table if not exists dpg_grants_of_others (
  kind text, name text, grantee pg_catalog.regrole, is_grantable boolean
) on commit drop;

do $body$
declare
  dropped record;
  dependent text;
begin
  for dropped in
    select o.kind, o.name, o.classid, o.oid, o.owner, o.acl, o.name || coalesce('(' || o.arguments || ')', '') as identity
    from (
      select 'function' as kind, 'dpg.' || p.proname as name, 'pg_catalog.pg_proc'::pg_catalog.regclass as classid, p.oid,
        p.proowner as owner, p.proacl as acl, pg_catalog.pg_get_function_identity_arguments(p.oid) as arguments
      from pg_catalog.pg_proc p
      where p.oid in (
        pg_catalog.to_regprocedure('dpg.read_events(text, integer, double precision)'),
        pg_catalog.to_regprocedure('dpg.read_retries(text, integer, double precision)'),
        pg_catalog.to_regprocedure('dpg.acknowledge(text, bigint)'),
        pg_catalog.to_regprocedure('dpg.release_events(text, text, double precision)'),
        pg_catalog.to_regprocedure('dpg.settle_event(text, bigint)'),
        pg_catalog.to_regprocedure('dpg.fail_event(text, bigint, text, integer, double precision)')
      )
      union all
      select 'type', 'dpg.' || t.typname, 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, t.typowner, t.typacl, null
      from pg_catalog.pg_type t
      where t.oid = pg_catalog.to_regtype('dpg.feed_event')
    ) o
    -- once it has the column, there is nothing to do
    where not exists (
      select
      from pg_catalog.pg_type t
      join pg_catalog.pg_attribute a on a.attrelid = t.typrelid
      where t.oid = pg_catalog.to_regtype('dpg.feed_event')
        and a.attname = 'lease_id'
    )
    order by o.kind -- functions before the type that two of them return
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
      left join pg_catalog.pg_proc p on d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and p.oid = d.objid
      where d.refclassid = dropped.classid
        and d.refobjid = dropped.oid
        and d.deptype in ('n', 'a')
        and p.pronamespace is distinct from 'dpg'::pg_catalog.regnamespace
        and p.pronamespace is distinct from 'dpg_private'::pg_catalog.regnamespace
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
    select dropped.kind, dropped.name, a.grantee, a.is_grantable
    from pg_catalog.aclexplode(dropped.acl) a
    join pg_catalog.pg_roles r on r.oid = a.grantee
    where a.grantee <> dropped.owner
      and r.rolname not in ('dpg_app', 'dpg_readonly', 'dpg_admin');
    if dropped.kind = 'type' then
      -- a function of ours that returns it
      drop function if exists dpg_private.events_at(bigint[]);
    end if;
    execute pg_catalog.format('drop %s if exists %s', dropped.kind, dropped.identity);
  end loop;
end
$body$;

-- Done above; doctor reads here that they are no more.
drop function if exists
  dpg.acknowledge(text, bigint),
  dpg.release_events(text, text, double precision),
  dpg.settle_event(text, bigint),
  dpg.fail_event(text, bigint, text, integer, double precision),
  dpg_private.events_at(bigint[]);

-- A confirmed loss is a kind of record. The table is small; it is locked in ACCESS EXCLUSIVE while it is read.
alter table dpg.redactions
drop constraint redactions_kind_check,
add constraint redactions_kind_check check (kind in ('event', 'user', 'loss')),
drop constraint redactions_event_check,
add constraint redactions_event_check check (
  case kind
    when 'event' then num_nonnulls(partition_network, action_type, action_id, event_id) = 4
    when 'loss' then num_nonnulls(partition_network, action_type) = 2 and num_nonnulls(action_id, event_id) = 0
    else num_nonnulls(partition_network, action_type, action_id, event_id) = 0
  end
);

-- The limit json_depth_per_document: the checks of dpg.limits know its name and its range. Only where they do not yet; then
-- dpg.limits is locked (ACCESS EXCLUSIVE) until the migration is committed, and calls that look at a limit wait: those with
-- a document of more than 1,024 bytes, and those that make a partition.
do $body$
begin
  if not exists (
    select
    from pg_catalog.pg_constraint c
    where c.conrelid = 'dpg.limits'::regclass
      and c.conname = 'limits_name_check'
      and pg_catalog.pg_get_constraintdef(c.oid) like '%json_depth_per_document%'
  ) then
    alter table dpg.limits
      drop constraint limits_name_check,
      drop constraint limits_value_check,
      add constraint limits_name_check check (
        limit_name in (
          'leaves_per_network', 'networks', 'json_bytes_per_document', 'json_depth_per_document',
          'partition_lock_seconds', 'partition_queue_seconds'
        )
      ),
      add constraint limits_value_check check (
        case
          when limit_name = 'json_bytes_per_document' then limit_value between 1024 and 268435455
          when limit_name = 'json_depth_per_document' then limit_value between 512 and 2048
          when limit_name in ('partition_lock_seconds', 'partition_queue_seconds') then limit_value between 1 and 3600
          else limit_value between 0 and 1000000
        end
      );
  end if;
end
$body$;

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

  -- by the type, not by its name: with quote_all_identifiers that is "text"
  if not exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = 'public."user"'::pg_catalog.regclass
      and a.attname = 'id'
      and a.atttypid = 'pg_catalog.text'::pg_catalog.regtype
  ) then
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
--! Included limits/limits.sql
create table if not exists dpg.limits (
  limit_name text primary key,
  limit_value bigint not null,
  constraint limits_name_check check (
    limit_name in (
      'leaves_per_network', 'networks', 'json_bytes_per_document', 'json_depth_per_document',
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
  ('networks', 1024),
  ('json_bytes_per_document', 1048576),
  ('json_depth_per_document', 512),
  ('partition_lock_seconds', 5),
  ('partition_queue_seconds', 10)
on conflict (limit_name) do nothing;

comment on table dpg.limits is
  'What keeps a careless or hostile caller from flooding the database. dpg_admin changes a row (update dpg.limits set limit_value = ... where limit_name = ...); it holds from the next call on.';
comment on column dpg.limits.limit_name is
  'leaves_per_network: leaves of one network under one root table (256); networks: networks under one root table (1,024); json_bytes_per_document: bytes of one JSON document as text (1,048,576); json_depth_per_document: how many objects and arrays of one JSON document may lie in one another (512; 2,048 at most); partition_lock_seconds: how long the making of a partition tries for its locks (5); partition_queue_seconds: how long it waits for other makers (10).';
comment on column dpg.limits.limit_value is 'The limit, inclusive.';
--! EndIncluded limits/limits.sql
--! Included application/refuse_suppressed.sql
create or replace function dpg_private.refuse_suppressed(operation text, relation regclass, detail jsonb default '{}')
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  triggers text;
begin
  -- ours are those whose functions are ours; the root's triggers stand on its leaves as well
  select string_agg(distinct format('%I', t.tgname), ', ' order by format('%I', t.tgname))
  into triggers
  from pg_trigger t
  join pg_proc p on p.oid = t.tgfoid
  where t.tgrelid = refuse_suppressed.relation
    and not t.tgisinternal
    and t.tgenabled <> 'D'
    and p.pronamespace <> 'dpg_private'::regnamespace;

  raise exception using
    errcode = 'DP018',
    message = dpg_private.text_for_client(format('%s of %s was suppressed: nothing was written', operation, relation)),
    hint = dpg_private.text_for_client(case
      when triggers is null then
        format('No trigger of the application is on %s: look for a rule, or for row level security that is forced on its owner.', relation)
      else
        format('A trigger of the application returned null or changed the key. On %s there are: %s.', relation, triggers)
    end),
    detail = dpg_private.text_for_client(
      (jsonb_build_object('operation', operation, 'relation', relation::text) || detail)::text
    );
end
$body$;

comment on function dpg_private.refuse_suppressed(text, regclass, jsonb) is
  'Raises DP018 for a write (insert, update or delete) that changed no row although it should have: a trigger of the application suppressed it. The hint names the triggers of the application on that table. detail is added to the DETAIL.';
--! EndIncluded application/refuse_suppressed.sql
--! Included application/sent_contents.sql
create table if not exists dpg_private.sent_contents (
  root text not null,
  network text not null,
  key text not null,
  item_type text not null,
  id uuid not null,
  sent bytea not null,
  stored bytea not null,
  constraint sent_contents_pkey primary key (id, network, key, item_type, root)
);

comment on table dpg_private.sent_contents is
  'What was sent where a trigger of the application stored something else: so that the same call again is known as a repetition. No rows where there are no such triggers. Digests, not contents.';
comment on column dpg_private.sent_contents.root is 'Root table of the row: items, item_actions or action_events.';
comment on column dpg_private.sent_contents.network is 'First partition key of the row.';
comment on column dpg_private.sent_contents.key is 'Second partition key of the row.';
comment on column dpg_private.sent_contents.item_type is 'Type of the item; empty for actions and events.';
comment on column dpg_private.sent_contents.id is 'Id of the row.';
comment on column dpg_private.sent_contents.sent is 'SHA-256 of the content that was sent.';
comment on column dpg_private.sent_contents.stored is
  'SHA-256 of the content that was stored for it; compared where it can change, of items.';
comment on constraint sent_contents_pkey on dpg_private.sent_contents is 'One row of each key.';
comment on index dpg_private.sent_contents_pkey is 'For each call on a table with triggers of the application, and for repetitions that differ from what is stored.';
--! EndIncluded application/sent_contents.sql
--! Included application/note_sent.sql
create or replace function dpg_private.note_sent(
  root text,
  network text,
  key text,
  item_type text,
  id uuid,
  sent bytea,
  stored bytea
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if sent = stored then
    delete from dpg_private.sent_contents s
    where s.id = note_sent.id
      and s.network = note_sent.network
      and s.key = note_sent.key
      and s.item_type = note_sent.item_type
      and s.root = note_sent.root;
    return;
  end if;
  insert into dpg_private.sent_contents (root, network, key, item_type, id, sent, stored)
  values (
    note_sent.root, note_sent.network, note_sent.key, note_sent.item_type, note_sent.id, note_sent.sent, note_sent.stored
  )
  on conflict on constraint sent_contents_pkey do update
  set sent = excluded.sent,
    stored = excluded.stored;
end
$body$;

comment on function dpg_private.note_sent(text, text, text, text, uuid, bytea, bytea) is
  'Keeps dpg_private.sent_contents for a row that was just written, on a table with triggers of the application: a row where what was stored differs from what was sent, none where it does not.';
--! EndIncluded application/note_sent.sql
--! Included application/was_sent.sql
create or replace function dpg_private.was_sent(
  root text,
  network text,
  key text,
  item_type text,
  id uuid,
  sent bytea,
  stored bytea default null
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
    from dpg_private.sent_contents s
    where s.id = was_sent.id
      and s.network = was_sent.network
      and s.key = was_sent.key
      and s.item_type = was_sent.item_type
      and s.root = was_sent.root
      and s.sent = was_sent.sent
      and (was_sent.stored is null or s.stored = was_sent.stored)
  );
end
$body$;

comment on function dpg_private.was_sent(text, text, text, text, uuid, bytea, bytea) is
  'Whether this content was sent for the row, and a trigger of the application stored something else for it; with stored, whether that is what is stored now.';
--! EndIncluded application/was_sent.sql
--! Included arguments/text_for_client.sql
create or replace function dpg_private.text_for_client(value text)
returns text
language sql
stable
parallel safe
security invoker
-- An error that a client cannot read ends in 22P05 instead: the client would never see the refusal. Whether its encoding
-- has a character is not asked: that takes a subtransaction, and those are forbidden in parallel plans. The setting, and
-- not pg_client_encoding(): in a worker of such a plan that is the encoding of the database.
return case
  when current_setting('client_encoding') in ('UTF8', 'UNICODE', getdatabaseencoding()::text)
    or getdatabaseencoding() <> 'UTF8'
    or octet_length(value) = length(value)
  then
    value
  else
    (
      select string_agg(
        case
          when c.code < 128 then c.letter
          when c.code < 65536 then chr(92) || 'u' || lpad(to_hex(c.code), 4, '0')
          -- two halves, as JSON writes what has no place in four digits
          else concat(
            chr(92), 'u', to_hex(55296 + (c.code - 65536) / 1024), chr(92), 'u', to_hex(56320 + (c.code - 65536) % 1024)
          )
        end,
        '' order by c.position
      )
      from (
        select l.letter, ascii(l.letter) as code, l.position
        from regexp_split_to_table(value, '') with ordinality l(letter, position)
      ) c
    )
end;

comment on function dpg_private.text_for_client(text) is
  'The text of a message, a hint or a DETAIL as every client can read it: where the encoding of the client is neither UTF8 nor that of the database, each character outside ASCII is written as JSON escapes it. In JSON it stays the same value. Null for null.';
--! EndIncluded arguments/text_for_client.sql
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
    shown := to_jsonb(left(coalesce(value #>> array[]::text[], ''), 200) || '...');
  end if;
  raise exception using
    errcode = 'DP001',
    message = dpg_private.text_for_client(
      format(
        '%s%s %s: %s',
        argument,
        case when index is null then '' else format(' (element %s)', index) end,
        problem,
        left(shown::text, 220)
      )
    ),
    hint = dpg_private.text_for_client(hint),
    detail = dpg_private.text_for_client(
      (jsonb_build_object('argument', argument, 'value', shown)
        || case when index is null then '{}' else jsonb_build_object('index', index) end)::text
    );
end
$body$;

comment on function dpg_private.refuse_argument(text, jsonb, text, text, integer) is
  'Raises DP001 for an argument. problem completes the sentence "argument ...", index is the position in an array, counted from 0.';
--! EndIncluded arguments/refuse_argument.sql
--! Included arguments/is_visible.sql
create or replace function dpg_private.is_visible(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
-- Nearly every text begins with a visible ASCII character; only the others are searched for one. White space is spelled
-- out to the last character: \s is another set in each locale, and two instances would disagree about a key. In E'...',
-- since a session can turn off standard_conforming_strings, with which a backslash means something else in '...'.
return ascii(value) between 33 and 126
  or value ~ E'[^\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]';

comment on function dpg_private.is_visible(text) is
  'Whether value has a character that is not white space. Null for null. Stored parsed, so that it can be inlined and needs no search_path.';
--! EndIncluded arguments/is_visible.sql
--! Included arguments/is_key.sql
create or replace function dpg_private.is_key(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
return length(value) <= 120 and dpg_private.is_visible(value);

comment on function dpg_private.is_key(text) is
  'Whether value is a key: 1 to 120 characters, not all white space. Null for null. Stored parsed, so that it can be inlined and needs no search_path.';
--! EndIncluded arguments/is_key.sql
--! Included arguments/is_url.sql
create or replace function dpg_private.is_url(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
return octet_length(value) <= 1024 and dpg_private.is_visible(value);

comment on function dpg_private.is_url(text) is
  'Whether value can be a URL: 1 to 1,024 bytes, not all white space; its form is the application''s affair. Null for null. Stored parsed, so that it can be inlined and needs no search_path.';
--! EndIncluded arguments/is_url.sql
--! Included arguments/json_of_number.sql
create or replace function dpg_private.json_of_number(value double precision)
returns jsonb
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
-- a session that rounds what it reads would be told that 90 is no latitude
set extra_float_digits = 1
as $body$
begin
  return to_jsonb(value);
end
$body$;

comment on function dpg_private.json_of_number(double precision) is
  'A number with every digit that it has, for messages and DETAIL, whatever the settings of the session. Null for null.';
--! EndIncluded arguments/json_of_number.sql
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
      latitude_argument, dpg_private.json_of_number(latitude), 'is no latitude',
      'A latitude is a number of degrees from -90 to 90.'
    );
  else
    perform dpg_private.refuse_argument(
      longitude_argument, dpg_private.json_of_number(longitude), 'is no longitude',
      'A longitude is a number of degrees from -180 to 180.'
    );
  end if;
end
$body$;

comment on function dpg_private.refuse_coordinates(text, double precision, text, double precision) is
  'Raises DP001 for half a place, or for what is no latitude (degrees, -90 to 90) or no longitude (-180 to 180).';
--! EndIncluded arguments/refuse_coordinates.sql
--! Included arguments/is_time.sql
create or replace function dpg_private.is_time(value timestamptz)
returns boolean
language sql
immutable
parallel safe
security invoker
-- compared with fixed moments: the year as such would depend on the time zone of the session
return value >= timestamptz '0001-01-01 00:00:00+00' and value < timestamptz '10000-01-01 00:00:00+00';

comment on function dpg_private.is_time(timestamptz) is
  'Whether a time lies in the years 1 to 9999 of UTC: others, and infinity, have no form in ISO 8601 that every language reads back. Null for null. Stored parsed and inlined.';
--! EndIncluded arguments/is_time.sql
--! Included arguments/time_text.sql
create or replace function dpg_private.time_text(value timestamptz)
returns text
language sql
stable
parallel safe
security invoker
-- no setting of the session (DateStyle, TimeZone) has a say
return (to_jsonb(value at time zone 'UTC') #>> array[]::text[]) || case when dpg_private.is_time(value) then '+00:00' else '' end;

comment on function dpg_private.time_text(timestamptz) is
  'A time as messages and DETAIL show it: ISO 8601 in UTC, as PostgreSQL writes times in JSON, whatever the settings of the session. Null for null. Stored parsed and inlined.';
--! EndIncluded arguments/time_text.sql
--! Included arguments/check_time.sql
create or replace function dpg_private.check_time(argument text, value timestamptz)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not dpg_private.is_time(value) then
    dpg_private.refuse_argument(
      argument, to_jsonb(dpg_private.time_text(value)), 'is out of range', 'A time lies in the years 1 to 9999 of UTC.'
    )
end;

comment on function dpg_private.check_time(text, timestamptz) is
  'Raises DP001 for a time outside of the years 1 to 9999 of UTC, infinity included. Null is no time. Stored parsed and inlined.';
--! EndIncluded arguments/check_time.sql
--! Included arguments/is_degrees.sql
create or replace function dpg_private.is_degrees(value jsonb, most double precision)
returns boolean
language plpgsql
immutable -- not parallel safe: a subtransaction
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
--! Included arguments/is_uuid.sql
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
  'Whether value is a UUID in a form that the type takes: upper case, in braces and without hyphens as well. False for null.';
--! EndIncluded arguments/is_uuid.sql
--! Included arguments/kind_of_field.sql
create or replace function dpg_private.kind_of_field(field text)
returns text
language sql
immutable
parallel safe
security invoker
return case
  when field in (
    'item_network', 'item_domain', 'item_type', 'partition_network', 'action_type', 'action_status',
    'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_owner',
    'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_owner'
  ) then 'key'
  when field in (
    'item_instance_url', 'item_schema_url', 'origin_instance_domain', 'source_item_instance_url', 'target_item_instance_url'
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
--! EndIncluded arguments/kind_of_field.sql
--! Included arguments/is_field.sql
create or replace function dpg_private.is_field(kind text, value jsonb)
returns boolean
language plpgsql
stable -- not parallel safe: what asks a type by a cast does so in a subtransaction
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
  'The one reader of JSON fields: whether value is one of this kind, for items, changes, events and network documents alike. Kinds: key, url, uuid, latitude, longitude (degrees), count, remarks, time, schema; and object, array, boolean as in JSON. What a cast to the type of the column takes is one, such as every form of a UUID. False for null and for what is missing. How long and how deep an object may be, dpg_private.check_document says.';
--! EndIncluded arguments/is_field.sql
--! Included arguments/field_hint.sql
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
  when 'time' then 'A time is a JSON string in ISO 8601 with its offset, in the years 1 to 9999 of UTC, such as "2026-01-01T00:00:00.000000Z".'
  when 'schema' then 'A JSON Schema is a JSON object, or true or false.'
  when 'object' then 'Pass a JSON object, {} when there is nothing to say.'
  when 'boolean' then 'Pass true or false.'
  else format('Put a JSON %s here.', kind)
end;

comment on function dpg_private.field_hint(text) is
  'What a field of this kind of dpg_private.is_field is, in a sentence.';
--! EndIncluded arguments/field_hint.sql
--! Included arguments/check_field.sql
create or replace function dpg_private.check_field(argument text, kind text, value jsonb, index integer default null)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not dpg_private.is_field(kind, value) then
    perform dpg_private.refuse_argument(
      argument, value, case when value is null then 'is missing' else 'is malformed' end, dpg_private.field_hint(kind), index
    );
  end if;
end
$body$;

comment on function dpg_private.check_field(text, text, jsonb, integer) is
  'Raises DP001 unless value is a field of this kind, as dpg_private.is_field says. index is the position in an array, counted from 0.';
--! EndIncluded arguments/check_field.sql
--! Included arguments/is_too_deep.sql
create or replace function dpg_private.is_too_deep(document jsonb, levels bigint)
returns boolean
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Exact: what lies below that many levels, and is itself an object or an array. PostgreSQL walks down to that level only.
  -- A flat document of a megabyte takes a fifth of what its text takes (0.5 ms against 2.4).
  return jsonb_path_exists(
    document, format('strict $.**{%s} ? (@.type() == "object" || @.type() == "array")', levels)::jsonpath, silent => true
  );
end
$body$;

comment on function dpg_private.is_too_deep(jsonb, bigint) is
  'Whether objects and arrays of document lie in one another more than levels deep: {} is one level, {"a": []} are two.';
--! EndIncluded arguments/is_too_deep.sql
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
  allowed_depth bigint;
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
      to_jsonb(left(document::text, 200) || '...'),
      format('has %s bytes', document_bytes),
      format(
        'A document may have %s bytes as text; dpg_admin can raise the limit json_bytes_per_document in dpg.limits.',
        allowed_bytes
      ),
      index
    );
  end if;
  -- where there is no limit, as deep as PostgreSQL reads and compares without an end of its stack
  allowed_depth := coalesce(dpg_private.limit_of('json_depth_per_document'), 2048);
  if dpg_private.is_too_deep(document, allowed_depth) then
    perform dpg_private.refuse_argument(
      argument,
      to_jsonb(left(document::text, 200) || '...'),
      format('is nested more than %s levels deep', allowed_depth),
      format(
        'In a document %s objects and arrays may lie in one another; dpg_admin can raise the limit json_depth_per_document in dpg.limits.',
        allowed_depth
      ),
      index
    );
  end if;
end
$body$;

comment on function dpg_private.check_large_document(text, jsonb, integer) is
  'Raises DP001 unless document is a JSON object within the limits json_bytes_per_document and json_depth_per_document of dpg.limits.';
--! EndIncluded arguments/check_large_document.sql
--! Included arguments/is_short_document.sql
create or replace function dpg_private.is_short_document(document jsonb)
returns boolean
language sql
immutable
parallel safe
security invoker
-- The text, not the stored form: 1e100000 is stored in a few bytes and read back as 100,001. A level takes two bytes, so that
-- this many hold 512 levels at most: the smallest limit of depth that can be set.
return jsonb_typeof(document) = 'object' and octet_length(document::text) <= 1024;

comment on function dpg_private.is_short_document(jsonb) is
  'Whether document is a JSON object of at most 1,024 bytes, the smallest limit that can be set for documents, and so of 512 levels at most, the smallest limit of their depth: such a one needs no look at the limits. Null for null. Stored parsed and inlined.';
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
  'Raises DP001 unless document is a JSON object within the limits json_bytes_per_document and json_depth_per_document of dpg.limits; what dpg_private.is_short_document takes is not looked up. Stored parsed and inlined.';
--! EndIncluded arguments/check_document.sql
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
    message = dpg_private.text_for_client(format('page_token is not one of this call: %L', left(page_token, 80))),
    hint = 'Pass next_page_token of a row that the same call returned with the same filters, or null for the first page.',
    detail = dpg_private.text_for_client(jsonb_build_object('page_token', left(page_token, 200))::text);
end
$body$;

comment on function dpg_private.page_position(bigint, text) is
  'The place in the order that a token of this binding stands for, as bytes; null for null. Raises DP011 for any other token.';
--! EndIncluded pages/page_position.sql
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
    message = dpg_private.text_for_client(format('user %L is not known here', left(actor, 120))),
    hint = 'Create the user in public."user" first, or pass the id of one that is there.',
    detail = dpg_private.text_for_client(jsonb_build_object('actor', actor)::text);
end
$body$;

comment on function dpg_private.refuse_unknown_user(text) is
  'Raises DP009 for an actor who is not in public."user".';
--! EndIncluded users/refuse_unknown_user.sql
--! Included items/item_columns_sql.sql
create or replace function dpg_private.item_columns_sql()
returns text
language sql
immutable
parallel safe
security invoker
return
  'i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url, i.item_state,
   i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at';

comment on function dpg_private.item_columns_sql() is
  'The columns of an item i that dpg.found_item and dpg.nearest_item have, in their order. Named, since an application may add columns to dpg.items.';
--! EndIncluded items/item_columns_sql.sql
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
      written_at timestamptz
    );
  end if;
end
$body$;

comment on type dpg_private.sent_item is
  'An element of upsert_items as a row: its index, counted from 0, then columns of dpg.items, without what an application has added to them; written_at is for created_at and updated_at.';
--! EndIncluded items/sent_item.sql
--! Included items/ref_of_item.sql
create or replace function dpg_private.ref_of_item(item dpg.items)
returns dpg.item_ref
language sql
immutable
parallel safe
security invoker
return row(item.item_network, item.item_domain, item.item_type, item.item_id)::dpg.item_ref;

comment on function dpg_private.ref_of_item(dpg.items) is
  'The key of an item as a value of its own, for refusals and look-ups.';
--! EndIncluded items/ref_of_item.sql
--! Included items/digest_of_item.sql
create or replace function dpg_private.digest_of_item(
  item_instance_url text,
  item_schema_url text,
  item_state jsonb,
  item_latitude double precision,
  item_longitude double precision,
  created_by text
)
returns bytea
language sql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- the same digits of coordinates in every session
return sha256(
  convert_to(
    jsonb_build_array(item_instance_url, item_schema_url, item_state, item_latitude, item_longitude, created_by)::text, 'UTF8'
  )
);

comment on function dpg_private.digest_of_item(text, text, jsonb, double precision, double precision, text) is
  'SHA-256 of the content of an item and its owner, for dpg_private.sent_contents.';
--! EndIncluded items/digest_of_item.sql
--! Included items/is_repeated_item.sql
create or replace function dpg_private.is_repeated_item(
  stored dpg.items,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb,
  item_latitude double precision,
  item_longitude double precision,
  created_by text
)
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
return dpg_private.was_sent(
  'items', stored.item_network, stored.item_domain, stored.item_type, stored.item_id,
  dpg_private.digest_of_item(
    is_repeated_item.item_instance_url, is_repeated_item.item_schema_url, is_repeated_item.item_state,
    is_repeated_item.item_latitude, is_repeated_item.item_longitude, is_repeated_item.created_by
  ),
  dpg_private.digest_of_item(
    stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude, stored.item_longitude, stored.created_by
  )
);

comment on function dpg_private.is_repeated_item(dpg.items, text, text, jsonb, double precision, double precision, text) is
  'Whether the stored item is what a trigger of the application made of this very content from this owner, so that sending it again changes nothing.';
--! EndIncluded items/is_repeated_item.sql
--! Included items/read_written_item.sql
create or replace function dpg_private.read_written_item(leaf regclass, sent dpg.items, operation text)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.items;
begin
  execute format(
    'select * from %s i where i.item_network = $1 and i.item_domain = $2 and i.item_type = $3 and i.item_id = $4', leaf
  )
  into stored
  using sent.item_network, sent.item_domain, sent.item_type, sent.item_id;
  if stored.item_id is null then
    perform dpg_private.refuse_suppressed(operation, leaf, to_jsonb(dpg_private.ref_of_item(sent)));
  end if;
  perform dpg_private.note_sent(
    'items', sent.item_network, sent.item_domain, sent.item_type, sent.item_id,
    dpg_private.digest_of_item(
      sent.item_instance_url, sent.item_schema_url, sent.item_state, sent.item_latitude, sent.item_longitude, sent.created_by
    ),
    dpg_private.digest_of_item(
      stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude, stored.item_longitude,
      stored.created_by
    )
  );
  return stored;
end
$body$;

comment on function dpg_private.read_written_item(regclass, dpg.items, text) is
  'What is stored of an item that was just written (operation: insert or update), on a table to which the application has added columns or triggers; notes what was sent where that differs. Raises DP018 when nothing is there under its key.';
--! EndIncluded items/read_written_item.sql
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
      'radius_meters', dpg_private.json_of_number(radius_meters), 'is no radius', 'A radius is a number of metres, 0 or more.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_circle(double precision, double precision, double precision, boolean) is
  'Raises DP001 unless the circle is whole (latitude and longitude in degrees, radius in metres, 0 or more) or absent; the radius may be left out where it is not required.';
--! EndIncluded geo/check_circle.sql
--! Included actions/action_columns_sql.sql
create or replace function dpg_private.action_columns_sql()
returns text
language sql
immutable
parallel safe
security invoker
return
  'a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
   a.remarks, a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id,
   a.source_item_instance_url, a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type,
   a.target_item_id, a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at,
   a.source_item_latitude, a.source_item_longitude, a.target_item_latitude, a.target_item_longitude,
   a.source_item_is_local, a.source_local_item_id';

comment on function dpg_private.action_columns_sql() is
  'The columns of an action a that dpg.found_action has, in their order; dpg_private.mirrored_actions has them, too. Named, since an application may add columns to dpg.item_actions.';
--! EndIncluded actions/action_columns_sql.sql
--! Included events/event_columns_sql.sql
create or replace function dpg_private.event_columns_sql()
returns text
language sql
immutable
parallel safe
security invoker
return
  'e.partition_network, e.action_type, e.event_id, e.origin_instance_domain, e.action_id, e.action_status,
   e.update_count, e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id,
   e.source_item_instance_url, e.source_item_owner, e.source_item_latitude, e.source_item_longitude,
   e.target_item_network, e.target_item_domain, e.target_item_type, e.target_item_id, e.target_item_instance_url,
   e.target_item_owner, e.target_item_latitude, e.target_item_longitude, e.event_payload, e.remarks, e.created_at,
   e.source_item_is_local, e.target_item_is_local';

comment on function dpg_private.event_columns_sql() is
  'The columns of an event e that dpg.found_event and dpg.feed_event have, in their order. Named, since an application may add columns to dpg.action_events.';
--! EndIncluded events/event_columns_sql.sql
--! Included events/digest_of_event.sql
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
    jsonb_build_array(
      event.partition_network, event.action_type, event.event_id, event.origin_instance_domain, event.action_id,
      event.action_status, event.update_count, event.source_item_network, event.source_item_domain,
      event.source_item_type, event.source_item_id, event.source_item_instance_url, event.source_item_owner,
      event.source_item_latitude, event.source_item_longitude, event.target_item_network, event.target_item_domain,
      event.target_item_type, event.target_item_id, event.target_item_instance_url, event.target_item_owner,
      event.target_item_latitude, event.target_item_longitude, event.event_payload, event.remarks, event.created_at
    )::text,
    'UTF8'
  )
);

comment on function dpg_private.digest_of_event(dpg.action_events) is
  'SHA-256 of the content of a mirrored event, for dpg_private.sent_contents.';
--! EndIncluded events/digest_of_event.sql
--! Included events/digest_of_change.sql
create or replace function dpg_private.digest_of_change(action_status text, event_payload jsonb, remarks text)
returns bytea
language sql
stable
parallel safe
security invoker
return sha256(convert_to(jsonb_build_array(action_status, event_payload, remarks)::text, 'UTF8'));

comment on function dpg_private.digest_of_change(text, jsonb, text) is
  'SHA-256 of what a transition says, for dpg_private.sent_contents.';
--! EndIncluded events/digest_of_change.sql
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
  'A row of dpg.read_events and dpg.read_retries: its position in the feed, the lease under which it was handed out, then the columns of dpg.action_events.';
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
  lease_id uuid,
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
comment on column dpg.subscriptions.lease_id is
  'Names the lease of the batch that was handed out last, until it is acknowledged to its end or given back; null when none is. A reader whose lease has another name cannot end this one.';
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
  lease_id uuid,
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
comment on column dpg.failed_events.lease_id is
  'Of one that is retrying: names the lease under which dpg.read_retries has handed it out last; null when it is not leased.';
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
  constraint redactions_kind_check check (kind in ('event', 'user', 'loss')),
  constraint redactions_event_check check (
    case kind
      when 'event' then num_nonnulls(partition_network, action_type, action_id, event_id) = 4
      when 'loss' then num_nonnulls(partition_network, action_type) = 2 and num_nonnulls(action_id, event_id) = 0
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
  'What was taken away because the law demanded it, and which loss of events was confirmed: who, when, why and what kind. Append-only (DP012). Written by dpg.redact_event, dpg.erase_user and dpg.confirm_lost_events.';
comment on column dpg.redactions.redaction_id is 'Number of the redaction.';
comment on column dpg.redactions.redacted_at is 'When.';
comment on column dpg.redactions.actor is 'Who asked for it, as the caller says; the tombstone once that user was erased.';
comment on column dpg.redactions.database_role is 'The role that was logged in.';
comment on column dpg.redactions.kind is 'event: one event was emptied; user: a user was erased, whom it does not say; loss: events whose partition was dropped were taken out of the feed.';
comment on column dpg.redactions.reason is 'Why, in words.';
comment on column dpg.redactions.partition_network is 'Of an event or a loss: the network.';
comment on column dpg.redactions.action_type is 'Of an event or a loss: the action type.';
comment on column dpg.redactions.action_id is 'Of an event: the action that it belongs to.';
comment on column dpg.redactions.event_id is 'Of an event: its id.';
comment on column dpg.redactions.transaction_id is 'The transaction that did it; with redacted_at it tells the triggers that a user is being erased right now.';
comment on index dpg.redactions_action_idx is 'For the trigger on events and for repeated calls, which ask whether an event, or any event of an action, was redacted.';
comment on index dpg.redactions_transaction_idx is 'For the triggers, which ask whether this transaction is erasing a user.';
--! EndIncluded redactions/redactions.sql
--! Included events/is_unchanged_event.sql
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
  -- As JSON, since a column of an application may be of a type without "=". What an application lets PostgreSQL compute is
  -- not computed yet where a BEFORE trigger looks.
  return to_jsonb(after) - generated = to_jsonb(before) - generated;
end
$body$;

comment on function dpg_private.is_unchanged_event(dpg.action_events, dpg.action_events) is
  'Whether a change of an event, as a BEFORE trigger sees it, changes nothing, in columns of an application as well; generated columns follow from the others and are left out.';
--! EndIncluded events/is_unchanged_event.sql
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
    if dpg_private.is_unchanged_event(allowed, after) then
      return not dpg_private.is_unchanged_event(before, after);
    end if;
    allowed := before;
  end if;
  if dpg_private.is_erasing() then
    allowed.source_item_owner := case after.source_item_owner when tombstone then tombstone else before.source_item_owner end;
    allowed.target_item_owner := case after.target_item_owner when tombstone then tombstone else before.target_item_owner end;
  end if;
  return dpg_private.is_unchanged_event(allowed, after) and not dpg_private.is_unchanged_event(before, after);
end
$body$;

comment on function dpg_private.is_redaction(dpg.action_events, dpg.action_events) is
  'Whether a change of an event takes away no more than what dpg.redactions has on record: payload and remarks of a redacted event, or an owner for whom the tombstone steps in.';
--! EndIncluded events/is_redaction.sql
--! Included application/has_additions.sql
create or replace function dpg_private.look_for_additions(root regclass, own_columns integer)
returns boolean
language plpgsql
volatile -- so that it sees what is committed now, and not what was when the caller's statement began
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
  'Whether an application has added columns or triggers to a root table, which has own_columns of ours.';

create or replace function dpg_private.has_additions(root regclass, own_columns integer)
returns boolean
language plpgsql
immutable -- not true: so that it is asked once, when a statement is planned
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return dpg_private.look_for_additions(root, own_columns);
end
$body$;

comment on function dpg_private.has_additions(regclass, integer) is
  'dpg_private.look_for_additions for statements that name the root: PostgreSQL asks when it plans the statement, keeps the answer with the plan, and plans anew when a column or trigger comes or goes. Only where the caller holds a lock on the root by then, with which no trigger can come any more.';
--! EndIncluded application/has_additions.sql
--! Included items/additions_to_items.sql
create or replace function dpg_private.additions_to_items(leaf regclass)
returns table (has_additions boolean)
language sql
stable
security invoker
begin atomic
  select
    dpg_private.has_additions('dpg.items', 12)
    or exists (select from only dpg.items where false) -- names the root, see dpg_private.has_additions
    -- under an older snapshot the catalogue tells of the past, while triggers fire as of now
    or current_setting('transaction_isolation') <> 'read committed'
    or exists (
      select
      from pg_trigger t
      where t.tgrelid = additions_to_items.leaf
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and t.tgfoid not in ('dpg_private.keep_events()'::regprocedure, 'dpg_private.note_party_leaves()'::regprocedure)
    );
end;

comment on function dpg_private.additions_to_items(regclass) is
  'Whether an application has added columns or triggers to dpg.items or this leaf of it, so that what is stored may differ from what was sent and has to be read again; true also in repeatable read and serializable. Asked by who has written, or has locked root and leaf: no trigger can come then. A table of one row. Stored parsed and inlined.';
--! EndIncluded items/additions_to_items.sql
--! Included actions/additions_to_actions.sql
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
    -- under an older snapshot the catalogue tells of the past, while triggers fire as of now
    or current_setting('transaction_isolation') <> 'read committed'
    or exists (
      select
      from pg_trigger t
      where t.tgrelid in (additions_to_actions.leaf, additions_to_actions.events_leaf)
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and t.tgfoid not in ('dpg_private.keep_events()'::regprocedure, 'dpg_private.note_party_leaves()'::regprocedure)
    );
end;

comment on function dpg_private.additions_to_actions(regclass, regclass) is
  'Whether an application has added columns or triggers to dpg.item_actions, dpg.action_events or these leaves of theirs, so that what is stored may differ from what was sent, and row and event are written another way; true also in repeatable read and serializable. Asked by who has locked roots and leaf: no trigger can come then. A table of one row. Stored parsed and inlined into the one look of a call.';
--! EndIncluded actions/additions_to_actions.sql
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
    message = dpg_private.text_for_client(
      format('the partition of %s for %L/%L cannot be made: %s', root, network, key, problem)
    ),
    hint = dpg_private.text_for_client(hint),
    detail = dpg_private.text_for_client(
      (jsonb_build_object('root', root, 'network', network, 'key', key) || detail)::text
    );
end
$body$;

comment on function dpg_private.refuse_partition(text, text, text, text, text, jsonb) is
  'Raises DP010 for the partition of these keys; problem completes the sentence.';
--! EndIncluded partitions/refuse_partition.sql
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
    offset 0 -- found once, wherever the leaf is used
  ) n
  -- a table that was detached, or took the name of one that was dropped, holds no rows of the root
  where pg_partition_root(n.leaf) = ('dpg.' || leaf_of.root)::regclass;
end;

comment on function dpg_private.leaf_of(text, text, text) is
  'The leaf of these keys, as a table of no row or one. Stored parsed and inlined into the statement of a function that asks for more at the same time; dpg_private.leaf where that is all.';
--! EndIncluded partitions/leaf_of.sql
--! Included partitions/renamed_partition.sql
create or replace function dpg_private.renamed_partition(root text, network text, key text)
returns regclass
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select c.oid::regclass
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    where i.inhparent = case
        when key is null then ('dpg.' || root)::regclass
        else (
          select to_regclass('dpg.' || p.name)
          from dpg_private.partition_names p
          where p.root = renamed_partition.root
            and p.network = renamed_partition.network
            and p.key is null
        )
      end
      and not i.inhdetachpending
      -- as the functions create them: a network's own partition is partitioned, and its leaves are plain tables
      and c.relkind = case when key is null then 'p' else 'r' end
      -- as PostgreSQL writes it, which never uses E''
      and pg_get_expr(c.relpartbound, c.oid)
        = 'FOR VALUES IN (''' || replace(coalesce(key, network), '''', '''''') || ''')'
  );
end
$body$;

comment on function dpg_private.renamed_partition(text, text, text) is
  'The partition that takes the rows of these keys (a null key: of the network), whatever its name; null where there is none. For keys whose name is claimed and has no table.';
--! EndIncluded partitions/renamed_partition.sql
--! Included partitions/rename_sql.sql
create or replace function dpg_private.rename_sql(relation regclass, name text)
returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
return (
  select concat_ws(
    ' ',
    case when c.relname <> rename_sql.name then format('alter table %s rename to %I;', c.oid::regclass, rename_sql.name) end,
    case
      when c.relnamespace <> 'dpg'::regnamespace
        then format('alter table %s.%I set schema dpg;', c.relnamespace::regnamespace, rename_sql.name)
    end
  )
  from pg_class c
  where c.oid = rename_sql.relation
);

comment on function dpg_private.rename_sql(regclass, text) is
  'The statements that give a partition its name, in schema dpg, back.';
--! EndIncluded partitions/rename_sql.sql
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
  renamed regclass;
begin
  select p.name
  into claimed
  from dpg_private.partition_names p
  where p.root = claim_partition_name.root
    and p.network = claim_partition_name.network
    and p.key is not distinct from claim_partition_name.key;

  if claimed is not null and to_regclass('dpg.' || claimed) is null then
    renamed := dpg_private.renamed_partition(root, network, key);
    if renamed is not null then
      perform dpg_private.refuse_partition(
        root, network, key,
        format('its table dpg.%s was renamed to %s', claimed, renamed),
        format(
          'Its rows are there, and the functions find it by its name. Give it its name back, then repeat the call: %s',
          dpg_private.rename_sql(renamed, claimed)
        ),
        jsonb_build_object('reason', 'renamed', 'relation', renamed)
      );
    end if;
  end if;

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
      format('Look at dpg.%s. Attach it again if it was detached, rename it if it is to be kept apart; then repeat the call.', claimed),
      jsonb_build_object('relation', 'dpg.' || claimed)
    );
  end if;
  return claimed;
end
$body$;

comment on function dpg_private.claim_partition_name(text, text, text) is
  'Takes a name for the partition that is about to be made: the plain one where no other keys and no index hold it, else one with a suffix. Raises DP010 when a table or type that is no partition of ours has it, or when the partition is there under another name. Called under the lock of dpg_private.queue_for_partitions.';
--! EndIncluded partitions/claim_partition_name.sql
--! Included partitions/tied_tables.sql
create or replace function dpg_private.tied_tables(parent regclass)
returns regclass[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return array(
    select t.relation
    from (
      -- its foreign keys, to the users, to items and to tables of the application: a new partition has them too
      select k.confrelid::regclass as relation
      from pg_constraint k
      where k.contype = 'f'
        and k.conrelid = tied_tables.parent
      union
      select p.relid
      from pg_constraint k
      cross join lateral pg_partition_tree(k.confrelid) p
      where k.contype = 'f'
        and k.conrelid = tied_tables.parent
      union
      -- foreign keys to it, of actions and of tables of the application: they are extended to a new partition
      select k.conrelid
      from pg_constraint k
      left join pg_constraint p on p.oid = k.conparentid
      where k.contype = 'f'
        and k.confrelid = tied_tables.parent
        -- the key of a referring partition is its table's
        and p.confrelid is distinct from k.confrelid
    ) t
    where t.relation <> tied_tables.parent
    order by t.relation::oid
  );
end
$body$;

comment on function dpg_private.tied_tables(regclass) is
  'The tables that are tied to this partitioned table by foreign keys, from it or to it, those of the application included: attaching a partition to it takes SHARE ROW EXCLUSIVE on each of them.';
--! EndIncluded partitions/tied_tables.sql
--! Included partitions/lock_holders.sql
create or replace function dpg_private.lock_holders(parents regclass[], tied regclass[])
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select jsonb_agg(
      jsonb_strip_nulls(jsonb_build_object(
        'relation', l.relation::regclass::text,
        'mode', l.mode,
        'pid', l.pid,
        'application_name', nullif(a.application_name, ''),
        'since', coalesce(a.xact_start, x.prepared),
        'prepared_transaction', x.gid
      ))
      -- who has it before who waits for it, and who has had it for longest
      order by l.granted desc, coalesce(a.xact_start, x.prepared), l.pid
    )
    from pg_locks l
    left join pg_stat_activity a on a.pid = l.pid
    -- a prepared transaction has no process; the lock on its own number tells which it is
    left join pg_locks own
      on l.pid is null
      and own.pid is null
      and own.locktype = 'transactionid'
      and own.virtualtransaction = l.virtualtransaction
    left join pg_prepared_xacts x on x.transaction = own.transactionid
    where l.locktype = 'relation'
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.pid is distinct from pg_backend_pid()
      and (
        l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
          and l.relation = any (lock_holders.parents || lock_holders.tied)
        or l.mode = 'RowExclusiveLock' and l.relation = any (lock_holders.tied)
      )
  );
end
$body$;

comment on function dpg_private.lock_holders(regclass[], regclass[]) is
  'Who holds, or waits for, a lock that keeps us from SHARE UPDATE EXCLUSIVE on parents and from SHARE ROW EXCLUSIVE on tied: a JSON array of relation, mode, pid or prepared_transaction, application_name and, where the owner of this function may see it (pg_read_all_stats), since; null where nobody does any more.';
--! EndIncluded partitions/lock_holders.sql
--! Included partitions/attach_partition.sql
create or replace function dpg_private.attach_partition(
  root text,
  network text,
  key text,
  parents regclass[],
  tied regclass[],
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
  locks constant text[] := array(
    select format('lock table only %s in share update exclusive mode', p.parent)
    from unnest(parents) with ordinality p(parent, place)
    order by p.place
  ) || array(
    select format('lock table only %s in share row exclusive mode', t.relation)
    from unnest(tied) with ordinality t(relation, place)
    -- an application's table that our owner may only read and reference: the attachment takes its lock itself then
    where has_table_privilege(t.relation, 'update, delete, truncate')
    order by t.place
  );
  holders jsonb;
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
        -- who came between two writers finds the next one gone as well: whom we saw last is told
        holders := coalesce(dpg_private.lock_holders(parents, tied), holders);
        if clock_timestamp() >= give_up_at then
          perform dpg_private.refuse_partition(
            root, network, key,
            format(
              'its locks could not be had within %s s%s',
              dpg_private.limit_of('partition_lock_seconds'),
              (
                select format(
                  ': %s is locked by %s%s',
                  h ->> 'relation',
                  coalesce(
                    'process ' || (h ->> 'pid'),
                    'the prepared transaction ' || to_json(h ->> 'prepared_transaction')::text,
                    'a prepared transaction'
                  ),
                  coalesce(' (' || nullif(concat_ws(', ', h ->> 'application_name', 'since ' || (h ->> 'since')), '') || ')', '')
                )
                from jsonb_path_query_first(holders, '$[0]') h
                where h is not null
              )
            ),
            'Repeat the call later. What holds the locks is a long transaction that writes to the same network, to public."user" or to a table that a foreign key ties to ours, or a maintenance command such as ANALYZE: see blocked_by in the detail, pg_locks and pg_stat_activity.',
            jsonb_build_object('reason', 'locks', 'locks', to_jsonb((parents || tied)::text[]), 'blocked_by', holders)
          );
        end if;
      when invalid_object_definition then
        -- one of ours that was renamed was refused before (dpg_private.claim_partition_name)
        perform dpg_private.refuse_partition(
          root, network, key,
          sqlerrm,
          'A table that the functions do not know already takes these rows. Do not detach it before you have looked: its rows would be in nobody''s sight. Run dpg-database doctor: it names the table, and the statement that mends it.',
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

comment on function dpg_private.attach_partition(text, text, text, regclass[], regclass[], text[]) is
  'Takes the locks that attaching a partition needs (SHARE UPDATE EXCLUSIVE on parents, SHARE ROW EXCLUSIVE on the tables tied to them by foreign keys) and attaches it: at first only if nobody holds any of them, after some tries also by waiting for 40 ms in all, each time after a pause in which writers go on. Raises DP010, which names who holds them, after the limit partition_lock_seconds.';
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
  parents regclass[] := '{}';
  tied regclass[] := '{}';
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
      parents := parents || ('dpg.' || member)::regclass;
      tied := tied || dpg_private.tied_tables(('dpg.' || member)::regclass);
      attachments := attachments
        || format('alter table dpg.%I attach partition dpg.%I for values in (%L)', member, name, network);
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
    tied := tied || array(
      select t.relid
      from unnest(names) with ordinality n(name, place)
      cross join lateral pg_partition_tree(('dpg.' || n.name)::regclass) t
      order by n.place, t.level, t.relid::oid
    );
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
    perform dpg_private.attach_partition(root, network, key, parents, tied, attachments);
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
  perform dpg_private.attach_partition(
    root, network, key, array[('dpg.' || parent)::regclass], dpg_private.tied_tables(('dpg.' || parent)::regclass),
    array[format('alter table dpg.%I attach partition dpg.%I for values in (%L)', parent, name, key)]
  );
  return ('dpg.' || name)::regclass;
end
$body$;

comment on function dpg_private.ensure_partition(text, text, text) is
  'Makes the leaf of these keys, and the network''s partition above it, when missing; returns the leaf. Takes no lock that a reader or a writer of other networks would wait for. Raises DP010.';
--! EndIncluded partitions/ensure_partition.sql
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
  'Raises DP001 for a part of a network document; path leads to it and becomes a JSON pointer, problem completes the sentence.';
--! EndIncluded networks/refuse_network_document.sql
--! Included networks/check_network_part.sql
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
--! EndIncluded networks/check_network_part.sql
--! Included networks/check_network_domains.sql
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
    message = dpg_private.text_for_client(format('network %L declares no %s', network, problem)),
    hint = dpg_private.text_for_client(format(
      'It declares: %s. dpg_admin replaces its document by dpg.register_network.',
      coalesce(nullif(left(array_to_string(declared, ', '), 500), ''), 'none')
    )),
    detail = dpg_private.text_for_client(
      (jsonb_build_object('network', network, 'undeclared', undeclared) || keys)::text
    );
end
$body$;

comment on function dpg_private.refuse_not_in_network(text, text, text, text[], jsonb) is
  'Raises DP014 for what a registered network does not declare: item_domain, item_type, action_type or interaction. problem completes the sentence "network ... declares no ...", declared is what it does declare.';
--! EndIncluded networks/refuse_not_in_network.sql
--! Included networks/check_undeclared_items.sql
create or replace function dpg_private.check_undeclared_items(items dpg_private.sent_item[])
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
      row(i.item_network, i.item_domain, i.item_type, i.item_id)::dpg.item_ref as item,
      i.index,
      dpg_private.leaf('items', i.item_network, i.item_domain) as leaf
    from unnest(items) i
    join dpg.networks n on n.network = i.item_network
    where (n.item_types -> i.item_domain ? i.item_type) is not true
    order by i.index
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

comment on function dpg_private.check_undeclared_items(dpg_private.sent_item[]) is
  'The ids of those of the rows that their networks do not declare; raises DP014, with the index, for the first that is not there already. Locks none of them: whoever goes on must refuse those that turn out to be gone.';
--! EndIncluded networks/check_undeclared_items.sql
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
    message = dpg_private.text_for_client(
      format('there is no item %L/%L/%L/%s here', item.item_network, item.item_domain, item.item_type, item.item_id)
    ),
    hint = 'Check network, domain, type and id; the item may have been deleted, or live on another instance.',
    detail = dpg_private.text_for_client(to_jsonb(item)::text);
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
  'Raises DP003 for the actor and the item; index is the item''s position in an array, counted from 0.';
--! EndIncluded items/refuse_not_item_owner.sql
--! Included items/refuse_item_in_use.sql
create or replace function dpg_private.refuse_item_in_use(
  item dpg.item_ref,
  refusing_schema text,
  refusing_table text,
  refusing_constraint text
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  relation constant text := format('%I.%I', refusing_schema, refusing_table);
  is_action constant boolean :=
    pg_partition_root(to_regclass(relation)) is not distinct from 'dpg.item_actions'::regclass;
begin
  -- a key to the root has a clone for each leaf, under a name that PostgreSQL has made
  with recursive constraints as (
    select c.conname, c.conparentid
    from pg_constraint c
    where c.conrelid = to_regclass(relation)
      and c.conname = refusing_constraint
    union all
    select p.conname, p.conparentid
    from constraints c
    join pg_constraint p on p.oid = c.conparentid
  )
  select c.conname
  into refusing_constraint
  from constraints c
  where c.conparentid = 0;

  raise exception using
    errcode = 'DP013',
    message = dpg_private.text_for_client(format(
      '%s item %L/%L/%L/%s',
      case
        when is_action then 'an action refers to'
        else format('constraint %I of table %s of the application keeps', refusing_constraint, relation)
      end,
      item.item_network, item.item_domain, item.item_type, item.item_id
    )),
    hint = dpg_private.text_for_client(case
      when is_action then 'An item that an action of its network refers to stays; empty its item_state instead.'
      else format('Delete or change the rows of %s that refer to the item, then repeat the call.', relation)
    end),
    detail = dpg_private.text_for_client((
      to_jsonb(item)
      || case
        when is_action then '{}'
        else jsonb_build_object('constraint', refusing_constraint, 'relation', relation)
      end
    )::text);
end
$body$;

comment on function dpg_private.refuse_item_in_use(dpg.item_ref, text, text, text) is
  'Raises DP013 for an item that a foreign key keeps: one of ours, from an action, or the named one of the application.';
--! EndIncluded items/refuse_item_in_use.sql
--! Included items/check_item_object.sql
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
    kind := dpg_private.kind_of_field(field);
    continue when kind = 'object' and not item ? field;
    continue when kind in ('uuid', 'latitude', 'longitude') and nullif(item -> field, 'null') is null;
    if kind = 'object' then
      perform dpg_private.check_document(field, item -> field, index);
    elsif not dpg_private.is_field(kind, item -> field) then
      perform dpg_private.check_field(field, kind, item -> field, index);
    end if;
  end loop;
  if nullif(item -> 'item_latitude', 'null') is null and nullif(item -> 'item_longitude', 'null') is not null then
    field := 'item_latitude';
  elsif nullif(item -> 'item_longitude', 'null') is null and nullif(item -> 'item_latitude', 'null') is not null then
    field := 'item_longitude';
  else
    return;
  end if;
  perform dpg_private.refuse_argument(field, null, 'is missing', 'Pass both item_latitude and item_longitude, or neither.', index);
end
$body$;

comment on function dpg_private.check_item_object(jsonb, integer) is
  'Raises DP001 with the index for an element of upsert_items that is not an item: unknown, missing or malformed fields.';
--! EndIncluded items/check_item_object.sql
--! Included items/check_ids_differ.sql
create or replace function dpg_private.check_ids_differ(items dpg_private.sent_item[])
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
--! EndIncluded items/check_ids_differ.sql
--! Included items/check_item_changes.sql
create or replace function dpg_private.check_item_changes(changes jsonb)
returns void
language plpgsql
stable
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
    elsif not (
      dpg_private.is_field(dpg_private.kind_of_field(field), changes -> field)
      -- clears the coordinate
      or field in ('item_latitude', 'item_longitude') and changes -> field = 'null'
    ) then
      perform dpg_private.check_field('changes.' || field, dpg_private.kind_of_field(field), changes -> field);
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
  -- leaf by leaf: a join through the root would have to plan for all of them
  for target in
    select
      dpg_private.leaf('items', i.item_network, i.item_domain) as leaf,
      array_agg(i) as items,
      array_agg(i) filter (where n.item_id is null) as items_before
    from unnest(items) i
    left join unnest(inserted) n(item_id) using (item_id)
    group by i.item_network, i.item_domain
    order by i.item_network collate "C", i.item_domain collate "C"
  loop
    if target.items_before is not null then
      -- Locked in the order of the keys; what is the same already is neither locked nor written. The update is a statement of
      -- its own, which sees the rows as they were locked: one that went back to the version that an older snapshot shows
      -- would wait for those who queue there for us, when an action keeps the item and somebody has just changed it.
      execute format(
        'select array_agg(d.index)
         from (
           select r.index
           from %1$s i
           join unnest($1) r using (item_network, item_domain, item_type, item_id)
           where i.created_by = $2
             and (i.item_instance_url, i.item_schema_url, i.item_state, i.item_latitude, i.item_longitude)
               is distinct from (r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude)
             %2$s
           order by i.item_type collate "C", i.item_id
           for no key update of i
         ) d',
        target.leaf,
        case when has_additions then
          'and not dpg_private.is_repeated_item(
             i, r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude, r.created_by
           )'
        end
      )
      into different
      using target.items_before, actor;
      execute format(
        'update %1$s i
         set item_instance_url = r.item_instance_url, item_schema_url = r.item_schema_url, item_state = r.item_state,
           item_latitude = r.item_latitude, item_longitude = r.item_longitude,
           updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond'')
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
      'select array_agg(i::dpg.items) from %s i join unnest($1) r using (item_network, item_domain, item_type, item_id)',
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

  -- planned with the number of rows that there are
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
  'The second half of upsert_items: replaces the content of the items that were there already, those whose ids were not inserted, and returns all as they now are, in the order of their indexes. has_additions: what was inserted may be stored otherwise, see dpg_private.additions_of. Raises DP003 with the index, DP018.';
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
    dpg_private.check_time('expected_updated_at', expected_updated_at);

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
  deleted_rows bigint;
  refusing_schema text;
  refusing_table text;
  refusing_constraint text;
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
    get diagnostics deleted_rows = row_count;
  exception
    when foreign_key_violation or restrict_violation then -- the latter from 18 on, for "on delete restrict"
      get stacked diagnostics
        refusing_schema = schema_name, refusing_table = table_name, refusing_constraint = constraint_name;
      if refusing_constraint = '' then
        raise; -- by a trigger of the application, in words of its own
      end if;
      perform dpg_private.refuse_item_in_use(item, refusing_schema, refusing_table, refusing_constraint);
  end;
  if deleted_rows = 0 then
    perform dpg_private.refuse_suppressed('delete', leaf, to_jsonb(item));
  end if;
  delete from dpg_private.sent_contents s
  where s.id = delete_item.item_id
    and s.network = delete_item.item_network
    and s.key = delete_item.item_domain
    and s.item_type = delete_item.item_type
    and s.root = 'items';
  return stored;
end
$body$;

comment on function dpg.delete_item(text, text, text, text, uuid) is
  'Deletes an owned item that no action of its network and no row of the application refers to (else DP013, which names the constraint), and returns it as it was. A repeated call is DP002. Raises DP001, DP002, DP003, DP013, DP018. Example: select * from dpg.delete_item(''asha'', ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111'')';
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
    'select %s, %s
     from %s i
     where %s %s %s
     order by i.created_at desc, i.item_type, i.item_id
     limit $15',
    dpg_private.item_columns_sql(),
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
    'select %1$s, %2$s, %3$s
     from (
       select %1$s, dpg_private.nearness(i.item_latitude, i.item_longitude, $2) as nearness
       from %4$s i
       where i.item_latitude is not null and %5$s %6$s %7$s
       order by dpg_private.nearness(i.item_latitude, i.item_longitude, $2)
       fetch first ($9) rows with ties
     ) i
     order by i.nearness, i.item_type, i.item_id
     limit $9',
    dpg_private.item_columns_sql(),
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
    message = dpg_private.text_for_client(
      format('there is no action %L/%L/%s here', partition_network, action_type, action_id)
    ),
    hint = 'Check network, type and id; an action lives on the instance of its target, in the target''s network.',
    detail = dpg_private.text_for_client(
      jsonb_build_object('partition_network', partition_network, 'action_type', action_type, 'action_id', action_id)::text
    );
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
    message = dpg_private.text_for_client(
      format('user %L %s action %L/%L/%s', party, problem, action.partition_network, action.action_type, action.action_id)
    ),
    hint = dpg_private.text_for_client(hint),
    detail = dpg_private.text_for_client((jsonb_build_object(
      'actor', party, 'partition_network', action.partition_network,
      'action_type', action.action_type, 'action_id', action.action_id
    ) || detail)::text);
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
    message = dpg_private.text_for_client(format(
      'action_id %s was used before in %L/%L, with other content',
      proposed.action_id, proposed.partition_network, proposed.action_type
    )),
    hint = 'Repeat a call with exactly what it said the first time; a new action needs an id of its own.',
    detail = dpg_private.text_for_client(jsonb_build_object(
      'partition_network', proposed.partition_network, 'action_type', proposed.action_type, 'action_id', proposed.action_id
    )::text);
end
$body$;

comment on function dpg_private.refuse_different_action(dpg.item_actions) is
  'Raises DP008 for the id of an action that was used before.';
--! EndIncluded actions/refuse_different_action.sql
--! Included actions/find_action.sql
create or replace function dpg_private.find_action(leaf regclass, partition_network text, action_type text, action_id uuid)
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
      'select * from %s a where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3', leaf
    )
    into stored
    using partition_network, action_type, action_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.find_action(regclass, text, text, uuid) is
  'The action of this key in its leaf, as committed by now; all columns null where there is none, or no leaf.';
--! EndIncluded actions/find_action.sql
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
    if strength = 'no key update' then
      -- As the change will need them, the roots first, as "alter table" takes them. Also so that no trigger of the application
      -- can come between the look for triggers and the change.
      execute format('lock table only dpg.item_actions, only dpg.action_events, only %s in row exclusive mode', leaf);
    end if;
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
--! Included actions/digest_of_action.sql
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
  'SHA-256 of what the repetition of a call that makes an action must have the same: the unchanging columns. For dpg_private.sent_contents.';
--! EndIncluded actions/digest_of_action.sql
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
      or not dpg_private.is_field('key', edge.element -> 'from')
      or not dpg_private.is_field('key', edge.element -> 'to')
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
--! Included events/insert_event.sql
create or replace function dpg_private.insert_event(event dpg.action_events)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Through the root, whose plan is kept and knows no leaves. The columns are named: an application may have added some.
  insert into dpg.action_events (
    partition_network, action_type, event_id, origin_instance_domain, action_id, action_status, update_count,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
    source_item_owner, source_item_latitude, source_item_longitude, target_item_network, target_item_domain,
    target_item_type, target_item_id, target_item_instance_url, target_item_owner, target_item_latitude,
    target_item_longitude, event_payload, remarks, created_at, source_item_is_local, target_item_is_local
  )
  values (
    event.partition_network, event.action_type, event.event_id, event.origin_instance_domain, event.action_id,
    event.action_status, event.update_count, event.source_item_network, event.source_item_domain,
    event.source_item_type, event.source_item_id, event.source_item_instance_url, event.source_item_owner,
    event.source_item_latitude, event.source_item_longitude, event.target_item_network, event.target_item_domain,
    event.target_item_type, event.target_item_id, event.target_item_instance_url, event.target_item_owner,
    event.target_item_latitude, event.target_item_longitude, event.event_payload, event.remarks, event.created_at,
    event.source_item_is_local, event.target_item_is_local
  )
  on conflict do nothing;
  if found then
    return true;
  end if;
  if (dpg_private.get_event(event.partition_network, event.action_type, event.event_id)).event_id is not null
    or (
      dpg_private.get_event_of_update(
        event.partition_network, event.action_type, event.origin_instance_domain, event.action_id, event.update_count
      )
    ).event_id is not null
  then
    return false;
  end if;
  -- a unique index that is not ours has such a row, which raises here; or a trigger of the application suppresses the event
  execute format(
    'insert into dpg.action_events (%s) select %s from (select ($1).*) e',
    replace(dpg_private.event_columns_sql(), 'e.', ''), dpg_private.event_columns_sql()
  )
  using event;
  if (dpg_private.get_event(event.partition_network, event.action_type, event.event_id)).event_id is null then
    perform dpg_private.refuse_suppressed(
      'insert', dpg_private.leaf('action_events', event.partition_network, event.action_type),
      jsonb_build_object('event_id', event.event_id)
    );
  end if;
  return true;
end
$body$;

comment on function dpg_private.insert_event(dpg.action_events) is
  'Inserts an event. False, and nothing written, when its id was used before, or when this update of its action has an event already. Raises DP018.';
--! EndIncluded events/insert_event.sql
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
  -- As in dpg_private.insert_event, which is called where that has no effect only: a call takes as long as three checks.
  insert into dpg.action_events (
    partition_network, action_type, event_id, origin_instance_domain, action_id, action_status, update_count,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
    source_item_owner, source_item_latitude, source_item_longitude, target_item_network, target_item_domain,
    target_item_type, target_item_id, target_item_instance_url, target_item_owner, target_item_latitude,
    target_item_longitude, event_payload, remarks, created_at, source_item_is_local, target_item_is_local
  )
  values (
    event.partition_network, event.action_type, event.event_id, event.origin_instance_domain, event.action_id,
    event.action_status, event.update_count, event.source_item_network, event.source_item_domain,
    event.source_item_type, event.source_item_id, event.source_item_instance_url, event.source_item_owner,
    event.source_item_latitude, event.source_item_longitude, event.target_item_network, event.target_item_domain,
    event.target_item_type, event.target_item_id, event.target_item_instance_url, event.target_item_owner,
    event.target_item_latitude, event.target_item_longitude, event.event_payload, event.remarks, event.created_at,
    event.source_item_is_local, event.target_item_is_local
  )
  on conflict do nothing;
  if not found and not dpg_private.insert_event(event) then
    return false;
  end if;
  -- for the feed: under the row lock of the action, so that its events are queued in their order
  insert into dpg_private.event_queue (partition_network, action_type, event_id, source_item_instance_url, created_at)
  values (action.partition_network, action.action_type, event_id, action.source_item_instance_url, action.updated_at);
  if not found then
    perform dpg_private.refuse_suppressed('insert', 'dpg_private.event_queue', jsonb_build_object('event_id', event_id));
  end if;
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
    message = dpg_private.text_for_client(format(
      'event %s of %L/%L is between other items than what came of action %s from %L before',
      proposed.event_id, proposed.partition_network, proposed.action_type, proposed.action_id, proposed.origin_instance_domain
    )),
    hint = 'The events of one action name the same source and the same target, with the same URLs; another action needs an id of its own.',
    detail = dpg_private.text_for_client(jsonb_build_object(
      'partition_network', proposed.partition_network, 'action_type', proposed.action_type, 'event_id', proposed.event_id,
      'origin_instance_domain', proposed.origin_instance_domain, 'action_id', proposed.action_id
    )::text);
end
$body$;

comment on function dpg_private.refuse_event_of_other_items(dpg.action_events) is
  'Raises DP008 for an event whose action is here with another source or target.';
--! EndIncluded events/refuse_event_of_other_items.sql
--! Included events/time_of_text.sql
create or replace function dpg_private.time_of_text(value text)
returns timestamptz
language plpgsql
stable -- not parallel safe: a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  result timestamptz;
begin
  -- Without an offset the time zone of the session would decide. A time of the year 9999 or 1 can be one of the year 10000
  -- or 1 BC in the zone in which it is written, as to_jsonb writes it there.
  if value !~ '^[0-9]{4,5}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-9]{2}(:[0-9]{2})?)?)( BC)?$' then
    return null;
  end if;
  result := value::timestamptz;
  return case when dpg_private.is_time(result) then result end;
exception
  when data_exception then
    return null; -- such as the 30th of February
end
$body$;

comment on function dpg_private.time_of_text(text) is
  'The time that an ISO 8601 text with its offset stands for; null for anything else, and for years other than 1 to 9999 of UTC.';
--! EndIncluded events/time_of_text.sql
--! Included events/event_of_object.sql
create or replace function dpg_private.event_of_object(event jsonb)
returns dpg.action_events
language plpgsql
stable
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
  kind text;
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
    continue when value is null and (field = any (coordinates || locals) or field in ('event_payload', 'remarks'));
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
  'Whether a stored event is the proposed one, as far as it was not redacted.';
--! EndIncluded events/is_same_event.sql
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
  is_new := dpg_private.insert_event(proposed);
  stored := dpg_private.get_event(proposed.partition_network, proposed.action_type, proposed.event_id);
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
        dpg_private.digest_of_event(proposed), dpg_private.digest_of_event(stored)
      );
    end if;
    perform dpg_private.note_mirrored_action(stored);
    return stored;
  end if;

  -- whether the source is local was decided when the event came
  proposed.source_item_is_local := stored.source_item_is_local;
  if not dpg_private.is_same_event(stored, proposed)
    and not dpg_private.was_sent(
      'action_events', stored.partition_network, stored.action_type, '', proposed.event_id, dpg_private.digest_of_event(proposed)
    )
  then
    perform dpg_private.refuse_different_event(stored);
  end if;
  return stored;
end
$body$;

comment on function dpg.store_event(jsonb) is
  'Stores an event mirrored from another instance, an object whose fields are the column names of dpg.action_events; event_id and created_at are kept, source_item_is_local and target_item_is_local found out anew. Where the source is of this instance, its owner finds the event and, by dpg.find_actions and dpg.get_action, its action as the event of the highest update_count left it. The caller must have authenticated the origin. The same event again returns the stored row; other content under the same id, or for the same origin, action and update_count, is DP008, and so is an event between other items than the action has here that it tells of; an origin of our own is DP001. Raises DP001, DP008, DP010, DP014, DP018. Example: select * from dpg.store_event(''{"partition_network": "yellow_dot", "action_type": "connect", "event_id": "44444444-4444-4444-8444-444444444444", "origin_instance_domain": "https://tutor.yellowdot.example.com", "action_id": "33333333-3333-4333-8333-333333333333", "action_status": "created", "update_count": 0, "source_item_network": "yellow_dot", "source_item_domain": "student", "source_item_type": "profile_1.0", "source_item_id": "11111111-1111-4111-8111-111111111111", "source_item_instance_url": "https://student.yellowdot.example.com", "source_item_owner": "asha", "target_item_network": "yellow_dot", "target_item_domain": "tutor", "target_item_type": "profile_1.0", "target_item_id": "22222222-2222-4222-8222-222222222222", "target_item_instance_url": "https://tutor.yellowdot.example.com", "target_item_owner": "ravi", "event_payload": {"status": "created"}, "created_at": "2026-01-01T00:00:00.000000Z"}'')';
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
      '(select %s
        from %s e
        where %s %s %s %s %s
        order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
        limit $7)',
      dpg_private.event_columns_sql(),
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
--! Included actions/write_beside_triggers.sql
create or replace function dpg_private.write_beside_triggers(
  leaf regclass,
  action dpg.item_actions,
  event_id uuid,
  event_payload jsonb,
  remarks text
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  events_leaf constant regclass := dpg_private.leaf('action_events', action.partition_network, action.action_type);
  key constant jsonb := jsonb_build_object(
    'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id
  );
  written record;
  stored dpg.item_actions;
  event dpg.action_events;
begin
  -- One statement writes action, event and queue. So the event tells of what BEFORE triggers have made of the action, and
  -- AFTER triggers, which run when the statement ends, find all three: one that calls a function of ours for the same
  -- action goes on from here, and its event comes later.
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
           $4, a.updated_at, a.source_item_is_local, true
       from action a
       on conflict do nothing
       returning e.*
     ),
     queued as (
       insert into dpg_private.event_queue (partition_network, action_type, event_id, source_item_instance_url, created_at)
       select e.partition_network, e.action_type, e.event_id, e.source_item_instance_url, e.created_at
       from event e
       returning 1
     )
     select
       (a.partition_network, a.action_type, a.action_id, a.update_count)
         is not distinct from (($1).partition_network, ($1).action_type, ($1).action_id, ($1).update_count) as is_action,
       e.event_id is not null as is_event,
       (select count(*) from queued) as queued_events,
       (e.event_id, e.action_id, e.update_count, e.action_status, e.source_item_owner, e.target_item_owner)
         is not distinct from ($2, a.action_id, a.update_count, a.action_status, a.source_item_owner, a.target_item_owner)
         as is_event_of_action
     from action a
     left join event e on true',
    case
      when action.update_count = 0 then
        format(
          'insert into dpg.item_actions as a (%s) select %s from (select ($1).*) a on conflict on constraint item_actions_pkey do nothing',
          replace(dpg_private.action_columns_sql(), 'a.', ''), dpg_private.action_columns_sql()
        )
      else
        format(
          'update %s a
           set action_status = ($1).action_status, update_count = ($1).update_count, remarks = ($1).remarks,
             updated_at = ($1).updated_at
           where a.partition_network = ($1).partition_network and a.action_type = ($1).action_type
             and a.action_id = ($1).action_id',
          leaf
        )
    end,
    replace(dpg_private.event_columns_sql(), 'e.', '')
  )
  into written
  using action, event_id, event_payload, remarks;
  if written.is_action is null
    and action.update_count = 0
    and (dpg_private.find_action(leaf, action.partition_network, action.action_type, action.action_id)).action_id is not null
  then
    return null; -- somebody else has used the id since it was looked for
  end if;
  if written.is_action is not true then
    perform dpg_private.refuse_suppressed(case action.update_count when 0 then 'insert' else 'update' end, leaf, key);
  end if;
  if written.is_event_of_action is not true then
    event := dpg_private.get_event(action.partition_network, action.action_type, event_id);
    if event.event_id is null then
      event := dpg_private.get_event_of_update(
        action.partition_network, action.action_type, action.target_item_instance_url, action.action_id, action.update_count
      );
    end if;
    if not written.is_event and event.event_id is not null then
      perform dpg_private.refuse_different_event(event); -- its id or its place is taken
    end if;
    if not written.is_event then
      -- raises: for a unique index that is not ours, or since a trigger suppresses it again
      perform dpg_private.append_event(action, event_id, event_payload, remarks);
    end if;
    perform dpg_private.refuse_suppressed('insert', events_leaf, key || jsonb_build_object('event_id', event_id));
  end if;
  if written.queued_events = 0 then
    perform dpg_private.refuse_suppressed('insert', 'dpg_private.event_queue', key || jsonb_build_object('event_id', event_id));
  end if;

  -- the result is what is stored now, whatever the triggers did
  stored := dpg_private.lock_action(leaf, action.partition_network, action.action_type, action.action_id, 'no key update');
  event := dpg_private.get_event(action.partition_network, action.action_type, event_id);
  if action.update_count = 0 then
    perform dpg_private.note_sent(
      'item_actions', action.partition_network, action.action_type, '', action.action_id,
      dpg_private.digest_of_action(action), dpg_private.digest_of_action(stored)
    );
  end if;
  perform dpg_private.note_sent(
    'action_events', action.partition_network, action.action_type, '', event_id,
    dpg_private.digest_of_change(action.action_status, event_payload, remarks),
    dpg_private.digest_of_change(event.action_status, event.event_payload, event.remarks)
  );
  return stored;
end
$body$;

comment on function dpg_private.write_beside_triggers(regclass, dpg.item_actions, uuid, jsonb, text) is
  'Writes an action as it is to be (a new one where its update_count is 0), its event and the event''s place in the queue, on tables to which the application has added columns or triggers, and returns the action as it is stored; null where the id of a new one was used meanwhile. Raises DP008, and DP018 when one of the three was suppressed, or got another key or another update_count.';
--! EndIncluded actions/write_beside_triggers.sql
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
    action_leaf := dpg_private.leaf_to_write('item_actions', target.item_network, action_type);
    event_leaf := dpg_private.leaf_to_write('action_events', target.item_network, action_type);
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
  return dpg_private.open_action(proposed, event_payload, action_leaf, event_leaf);
end
$body$;

comment on function dpg.perform_action(text, text, dpg.item_ref, dpg.item_ref, jsonb, text, jsonb, uuid) is
  'Makes an action from an item that the actor owns to another item of this instance, and its first event in the same transaction. Status is the declared initial one or created, update_count 0; owners and coordinates are taken from the items. event_payload is {"status": <status>} unless given. With action_id a repeated call is safe. Raises DP001, DP002, DP003, DP008, DP009, DP010, DP014, DP018. Example: select * from dpg.perform_action(''asha'', ''connect'', row(''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''), row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222''), ''{"subject": "math"}'')';
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
  return dpg_private.open_action(proposed, event_payload, action_leaf, event_leaf);
end
$body$;

comment on function dpg.receive_action(
  text, dpg.item_ref, text, text, dpg.item_ref, jsonb, text, jsonb, uuid, double precision, double precision
) is
  'perform_action for a source that lives on another instance, which asserts its owner and coordinates (degrees); the caller must have authenticated that instance. A URL of our own is DP001. With action_id, chosen by the sender, a repeated call is safe. Raises DP001, DP002, DP008, DP010, DP014, DP018. Example: select * from dpg.receive_action(''connect'', row(''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''), ''https://student.yellowdot.example.com'', ''asha'', row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222''))';
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
    or stored.action_id <> action.action_id
    or (
      (
        stored.action_status <> is_repeated_move.action_status
        or (
          (stored.event_payload, stored.remarks) is distinct from (is_repeated_move.event_payload, is_repeated_move.remarks)
          -- what was taken away since cannot be compared
          and not dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, stored.event_id)
        )
      )
      -- nor is it what was sent, of which a trigger of the application made what is stored
      and not dpg_private.was_sent(
        'action_events', stored.partition_network, stored.action_type, '', stored.event_id,
        dpg_private.digest_of_change(
          is_repeated_move.action_status, is_repeated_move.event_payload, is_repeated_move.remarks
        )
      )
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
  is_declared boolean;
  transitions jsonb;
  edges text[]; -- who may go from the present status to the wanted one
  events_leaf regclass;
  has_additions boolean; -- columns or triggers of the application: row and event are written another way
  moved dpg.item_actions := action;
  moved_rows bigint;
begin
  event_payload := coalesce(event_payload, dpg_private.default_payload(action_status));

  select d.action_type is not null, d.transitions, l.leaf, a.has_additions
  into is_declared, transitions, events_leaf, has_additions
  from (select) one
  left join dpg_private.leaf_of('action_events', action.partition_network, action.action_type) l on true
  cross join lateral dpg_private.additions_to_actions(move_action.leaf, l.leaf) a
  left join dpg.action_definitions d
    on d.partition_network = action.partition_network
    and d.action_type = action.action_type;
  if is_declared then
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
    if events_leaf is null then
      perform dpg_private.leaf_to_write('action_events', action.partition_network, action.action_type);
    end if;
    -- the event first: where its id was used before, nothing has been written yet
    if has_additions then
      -- A BEFORE trigger on the events sees the action before its event is stored: an event of this change would come first.
      if pg_trigger_depth() > 0
        and (
          dpg_private.get_event_of_update(
            action.partition_network, action.action_type, action.target_item_instance_url, action.action_id, action.update_count
          )
        ).event_id is null
      then
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
      if (dpg_private.get_event(action.partition_network, action.action_type, event_id)).event_id is null
        and (
          dpg_private.get_event_of_update(
            action.partition_network, action.action_type, action.target_item_instance_url, action.action_id, moved.update_count
          )
        ).event_id is null
      then
        return dpg_private.write_beside_triggers(leaf, moved, coalesce(event_id, gen_random_uuid()), event_payload, remarks);
      end if;
    elsif dpg_private.append_event(moved, coalesce(event_id, gen_random_uuid()), event_payload, remarks) then
      execute format(
        'update %s a
         set action_status = $4, update_count = $5, remarks = $6, updated_at = $7
         where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3',
        leaf
      )
      using action.partition_network, action.action_type, action.action_id,
        moved.action_status, moved.update_count, moved.remarks, moved.updated_at;
      get diagnostics moved_rows = row_count;
      if moved_rows = 0 then
        perform dpg_private.refuse_suppressed('update', leaf, jsonb_build_object('action_id', action.action_id));
      end if;
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
      message = dpg_private.text_for_client(
        format('action %s has update_count %s, not %s', action.action_id, action.update_count, expected_update_count)
      ),
      hint = 'Somebody else changed the action first: read it again, decide anew, and repeat the call with its update_count.',
      detail = dpg_private.text_for_client(jsonb_build_object(
        'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
        'expected_update_count', expected_update_count, 'update_count', action.update_count,
        'action_status', action.action_status
      )::text);
  end if;
  if edges is null then
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
  'Moves an action of this leaf, already under its row lock, for a party with these roles (initiated, received), and appends the event. Raises DP005, DP006, DP007, DP008, DP018.';
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
  'Moves an action to another status for a party of this instance, under a row lock: update_count + 1, and one event in the same transaction. With expected_update_count the call is refused (DP007) when somebody else changed the action first. Null remarks keep the row''s. event_payload is {"status": <status>} unless given. With event_id a repeated call is safe. Raises DP001, DP004, DP005, DP006, DP007, DP008, DP010, DP018. Example: select * from dpg.transition_action(''ravi'', ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333'', ''accepted'', expected_update_count => 0)';
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
  'transition_action for the source party of an action that came by receive_action: URL and owner must equal those in the action; the caller must have authenticated that instance. With event_id, chosen by the sender, a repeated call is safe. Raises DP001, DP004, DP005, DP006, DP007, DP008, DP010, DP018. Example: select * from dpg.receive_transition(''https://student.yellowdot.example.com'', ''asha'', ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333'', ''withdrawn'')';
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
      dpg_private.action_columns_sql()
        || ', dpg_private.ownership_roles($1, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true) as ownership_roles' as columns,
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
      dpg_private.action_columns_sql() || ', array[''initiated''] as ownership_roles',
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
--! Included feed/check_transaction.sql
create or replace function dpg_private.check_transaction(called text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if current_setting('transaction_read_only')::boolean then
    raise exception using
      errcode = '25006',
      message = format(
        '%s cannot run %s', called, case when pg_is_in_recovery() then 'on a standby' else 'in a read-only transaction' end
      ),
      hint = 'Call it on the primary server, in a transaction that may write.',
      detail = jsonb_build_object('function', called, 'is_standby', pg_is_in_recovery())::text;
  end if;
  -- Sequences and locks are always read as of now. A transaction of these levels reads rows as they were when it began:
  -- taken together, what was committed in between would count as seen and never be found again.
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise exception using
      errcode = '25000',
      message = format('%s cannot run in a %s transaction', called, current_setting('transaction_isolation')),
      hint = 'Call it in a transaction of its own under read committed; where default_transaction_isolation is another level: begin isolation level read committed.',
      detail = jsonb_build_object('function', called, 'isolation', current_setting('transaction_isolation'))::text;
  end if;
end
$body$;

comment on function dpg_private.check_transaction(text) is
  'For functions that must see what is committed now and write (called is the name of one): raises 25006 in a read-only transaction, as each is on a standby, and 25000 in repeatable read and serializable.';
--! EndIncluded feed/check_transaction.sql
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
      'lease_seconds', to_jsonb(dpg_private.json_of_number(lease_seconds) #>> array[]::text[]), 'is out of range',
      'A lease lasts 0.001 to 86,400 seconds.'
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
      'retry_seconds', to_jsonb(dpg_private.json_of_number(retry_seconds) #>> array[]::text[]), 'is out of range',
      'The next try is 0 to 86,400 seconds away.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_failure(text, double precision) is
  'Raises DP001 for an error of more than 65,536 bytes, or a next try that is not between now and a day away.';
--! EndIncluded feed/check_failure.sql
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
  'The subscription of this name under a row lock. Whoever locks failures of a subscription locks it first, and then the failures by position, so that no two wait for one another. Raises DP001 when there is none.';
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
  if (stored.partition_network, stored.action_type, stored.source_item_instance_url)
    is distinct from (partition_network, action_type, source_item_instance_url)
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
  'Makes a subscription to the events of this instance, from the first one on: all, or those of a network, of an action type, for one instance (source_item_instance_url, the instance of the action''s source), or of several of these together. The same again returns the row as it is now; other filters are DP008. Raises DP001, DP008, DP018. Example: select * from dpg.create_subscription(''to student'', source_item_instance_url => ''https://student.yellowdot.example.com'')';
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
  failed bigint[];
begin
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
    perform dpg_private.refuse_suppressed('delete', 'dpg.subscriptions', jsonb_build_object('subscription', subscription));
  end if;
  return stored;
end
$body$;

comment on function dpg.drop_subscription(text) is
  'Ends a subscription and forgets how far it was and what it could not deliver; returns its last state. No event is lost: one of the same name would begin at the first event. Raises DP001 for an unknown one, DP018. Example: select * from dpg.drop_subscription(''to student'')';
--! EndIncluded feed/drop_subscription.sql
--! Included feed/missing_events.sql
create or replace function dpg_private.missing_events(partition_network text, action_type text, event_ids uuid[])
returns uuid[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  missing uuid[];
begin
  -- Through the root, with the keys in the text: by its bound the leaf is found under any name.
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

comment on function dpg_private.missing_events(text, text, uuid[]) is
  'Those of the events of these keys that dpg.action_events does not have.';
--! EndIncluded feed/missing_events.sql
--! Included feed/refuse_lost_events.sql
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
    select f.partition_network, f.action_type, array_agg(f.event_id) as ids
    from dpg_private.event_feed f
    where f."position" = any (positions)
    group by f.partition_network, f.action_type
    order by min(f."position")
  loop
    missing := dpg_private.missing_events(wanted.partition_network, wanted.action_type, wanted.ids);
    if missing <> '{}' then
      raise exception using
        errcode = 'DP010',
        message = dpg_private.text_for_client(format(
          '%s events of %L/%L are in the feed and not in dpg.action_events: their partition was taken away or made anew',
          cardinality(missing), wanted.partition_network, wanted.action_type
        )),
        hint = 'If the table is still there, attach it again. If the events are lost for good, dpg_admin says so with dpg.confirm_lost_events; the feed then goes on after them.',
        detail = dpg_private.text_for_client(jsonb_build_object(
          'root', 'action_events', 'network', wanted.partition_network, 'key', wanted.action_type,
          'missing', cardinality(missing),
          'positions', (
            select jsonb_agg(l."position" order by l."position")
            from (
              select f."position"
              from dpg_private.event_feed f
              where f."position" = any (refuse_lost_events.positions)
                and f.partition_network = wanted.partition_network
                and f.action_type = wanted.action_type
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
  'Raises DP010 for the first keys of which events at these positions of the feed are missing. DETAIL: how many of these positions, and the first 100. 40001 where none is missing any more.';
--! EndIncluded feed/refuse_lost_events.sql
--! Included feed/events_at.sql
create or replace function dpg_private.events_at(positions bigint[], lease_id uuid)
returns setof dpg.feed_event
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted record;
  searches text[] := array[]::text[];
  expected bigint := 0;
  returned bigint;
begin
  -- One search for each leaf, by the primary key. A leaf that cannot be found by its name may have another now: the root
  -- knows it by its bound.
  for wanted in
    select f.partition_network, f.action_type,
      coalesce(dpg_private.leaf('action_events', f.partition_network, f.action_type), 'dpg.action_events') as leaf,
      array_agg(f."position" order by f."position") as positions,
      array_agg(f.event_id order by f."position") as ids
    from dpg_private.event_feed f
    where f."position" = any (events_at.positions)
    group by f.partition_network, f.action_type
  loop
    expected := expected + cardinality(wanted.positions);
    -- the columns by name, since an application may add others to the table
    searches := searches || format(
      'select w."position", $1, e.partition_network, e.action_type, e.event_id, e.origin_instance_domain,
         e.action_id, e.action_status, e.update_count,
         e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id,
         e.source_item_instance_url, e.source_item_owner, e.source_item_latitude, e.source_item_longitude,
         e.target_item_network, e.target_item_domain, e.target_item_type, e.target_item_id,
         e.target_item_instance_url, e.target_item_owner, e.target_item_latitude, e.target_item_longitude,
         e.event_payload, e.remarks, e.created_at, e.source_item_is_local, e.target_item_is_local
       from unnest(%L::bigint[], %L::uuid[]) w("position", event_id)
       join %s e on e.partition_network = %L and e.action_type = %L and e.event_id = w.event_id',
      wanted.positions, wanted.ids, wanted.leaf, wanted.partition_network, wanted.action_type
    );
  end loop;
  if searches = '{}' then
    return;
  end if;
  return query execute array_to_string(searches, ' union all ') || ' order by 1' using lease_id;
  get diagnostics returned = row_count;
  if returned < expected then
    -- better to stand still than to skip events without a word
    perform dpg_private.refuse_lost_events(positions);
  end if;
end
$body$;

comment on function dpg_private.events_at(bigint[], uuid) is
  'The events at these positions of the feed, in order, each with this lease. Raises DP010 where one is missing.';
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
  lease uuid;
begin
  perform dpg_private.check_transaction('dpg.read_events');
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
  if row(reader.created_at, reader.acknowledged_position, reader.passed_position)
    is distinct from row(seen.created_at, seen.acknowledged_position, seen.passed_position)
  then
    positions := dpg_private.next_positions(reader, max_events);
  elsif positions = '{}' then
    update dpg.subscriptions s
    set passed_position = feed_end
    where s.subscription = read_events.subscription;
    if not found then
      perform dpg_private.refuse_suppressed('update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription));
    end if;
  end if;
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
  where s.subscription = read_events.subscription;
  if not found then
    perform dpg_private.refuse_suppressed('update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription));
  end if;
  return query select e.* from dpg_private.events_at(positions, lease) e;
end
$body$;

comment on function dpg.read_events(text, integer, double precision) is
  'The next events of a subscription, in the order of the feed, max_events (1 to 10,000) at most. They are leased for lease_seconds: meanwhile no other call gets events of this subscription. What is not acknowledged by then comes again, so that each event is delivered at least once; a reader that keeps the position beside what it did with the event applies each exactly once. All rows have one lease_id: pass it to acknowledge, release_events and fail_event, so that a reader that was late does not end the lease of the next. No rows: nothing is there now, or another reader works on it. Call it in a transaction of its own and end that at once: until then nobody else can lease, nor put new events into the feed. Raises 25006 on a standby, 25000 in repeatable read and serializable, before all else; DP001, DP010 (events are missing), DP018. Example: select e."position", e.action_status, e.event_payload from dpg.read_events(''to student'', 100) e';
--! EndIncluded feed/read_events.sql
--! Included feed/forget_failures.sql
create or replace function dpg_private.forget_failures(subscription text, positions bigint[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  forgotten integer;
begin
  if positions = '{}' then
    return;
  end if;
  delete from dpg.failed_events f
  where f.subscription = forget_failures.subscription
    and f."position" = any (positions);
  get diagnostics forgotten = row_count;
  if forgotten < cardinality(positions) then
    perform dpg_private.refuse_suppressed('delete', 'dpg.failed_events', jsonb_build_object('subscription', subscription));
  end if;
end
$body$;

comment on function dpg_private.forget_failures(text, bigint[]) is
  'Deletes the failures of a subscription at these positions, which the caller has locked in their order. Raises DP018 where a trigger kept one.';
--! EndIncluded feed/forget_failures.sql
--! Included feed/acknowledge.sql
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
  perform dpg_private.check_present('position', acknowledge."position" is not null);
  -- lock
  reader := dpg_private.lock_subscription(subscription);

  -- check
  if not acknowledge."position" between 0 and reader.handed_out_position then
    perform dpg_private.refuse_argument(
      'position', to_jsonb(acknowledge."position"), 'was not handed out',
      format('Pass the position of an event that read_events returned; the highest was %s.', reader.handed_out_position)
    );
  end if;
  is_present := acknowledge.lease_id is null or acknowledge.lease_id is not distinct from reader.lease_id;
  if acknowledge."position" <= reader.acknowledged_position and not (is_present and reader.leased_position is not null) then
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
    perform dpg_private.refuse_suppressed('update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription));
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
  'Says that everything up to this position is done, and returns up to where everything is: it moves forward, never back. When it is the end of the leased batch, the lease ends and the next batch can be read. Pass the lease_id of the batch: if that lease has ended and somebody else has the events now, the position still moves forward, and the lease of the other stays. Without lease_id it ends whosever lease there is. A position that was not handed out is DP001. Raises DP001, DP018. Example: select dpg.acknowledge(''to student'', 42)';
--! EndIncluded feed/acknowledge.sql
--! Included feed/release_events.sql
create or replace function dpg.release_events(
  subscription text,
  error text default null,
  retry_seconds double precision default 0,
  lease_id uuid default null
)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
  ends_lease boolean;
begin
  retry_seconds := coalesce(retry_seconds, 0);
  perform dpg_private.check_failure(error, retry_seconds);
  reader := dpg_private.lock_subscription(subscription);
  ends_lease := release_events.lease_id is null or release_events.lease_id is not distinct from reader.lease_id;
  update dpg.subscriptions s
  set leased_position = case when not ends_lease then s.leased_position end,
    leased_until = case
      when not ends_lease then s.leased_until
      when retry_seconds > 0 then clock_timestamp() + make_interval(secs => retry_seconds)
    end,
    lease_id = case when not ends_lease then s.lease_id end,
    last_error = coalesce(release_events.error, s.last_error),
    last_error_at = case when release_events.error is null then s.last_error_at else clock_timestamp() end
  where s.subscription = release_events.subscription
  returning s.* into reader;
  if not found then
    perform dpg_private.refuse_suppressed('update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription));
  end if;
  return reader;
end
$body$;

comment on function dpg.release_events(text, text, double precision, uuid) is
  'Gives a leased batch back: what is not acknowledged comes again after retry_seconds (0 to 86,400), to whoever reads then. Returns the subscription as it is now. With error, what went wrong, which dpg.subscription_status shows; put no secret there. Pass the lease_id of the batch: if that lease has ended and somebody else has the events now, only the error is noted, and the lease of the other stays. Without lease_id it ends whosever lease there is. Raises DP001, DP018. Example: select dpg.release_events(''to student'', ''connection refused'', 30)';
--! EndIncluded feed/release_events.sql
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
  max_attempts := coalesce(max_attempts, 10);
  retry_seconds := coalesce(retry_seconds, 0);
  perform
    dpg_private.check_present('position', fail_event."position" is not null),
    dpg_private.check_failure(error, retry_seconds);
  if max_attempts < 1 then
    perform dpg_private.refuse_argument('max_attempts', to_jsonb(max_attempts), 'is out of range', 'Try at least once.');
  end if;

  -- lock
  reader := dpg_private.lock_subscription(subscription);
  select f.* into failed
  from dpg.failed_events f
  where f.subscription = fail_event.subscription
    and f."position" = fail_event."position"
  for update;
  is_known := found;

  -- check
  select e.partition_network, e.action_type, e.event_id into event
  from dpg_private.event_feed e
  where e."position" = fail_event."position"
    and e."position" <= reader.handed_out_position;
  if not found then
    perform dpg_private.refuse_argument(
      'position', to_jsonb(fail_event."position"), 'was not handed out', 'Pass the position of an event that read_events returned.'
    );
  end if;

  -- change
  if fail_event.lease_id is null or fail_event.lease_id is not distinct from coalesce(failed.lease_id, reader.lease_id) then
    insert into dpg.failed_events as f (
      subscription, "position", state, attempts, last_error, partition_network, action_type, event_id
    )
    values (
      reader.subscription, fail_event."position", case when max_attempts > 1 then 'failing' else 'dead' end, 1, fail_event.error,
      event.partition_network, event.action_type, event.event_id
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
    -- somebody else works on the event now, and nobody has failed at it yet: this is told, and not stored
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
    perform dpg_private.refuse_suppressed('update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription));
  end if;
  return failed;
end
$body$;

comment on function dpg.fail_event(text, bigint, text, integer, double precision, uuid) is
  'Notes that a reader could not deal with an event, and returns how often that happened. After max_attempts its state is dead: go on without it, acknowledge beyond it. Before, leave it and release the batch. Of an event that came by read_retries, retry_seconds (0 to 86,400) is when it comes again. Pass the lease_id of the event: if that lease has ended and somebody else has the event now, the failure is not counted, the lease of the other stays, and what is returned is how often others have failed (attempts 0: nobody has). Without lease_id it is counted in any case. Put no secret into error. Raises DP001, DP018. Example: select (dpg.fail_event(''to student'', 42, ''answer 500'', max_attempts => 5)).state';
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
  perform dpg_private.lock_subscription(subscription);
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
    perform dpg_private.refuse_suppressed('update', 'dpg.failed_events', jsonb_build_object('subscription', subscription));
  end if;
end
$body$;

comment on function dpg.retry_events(text, bigint) is
  'For an operator: has the dead events of a subscription tried again, all or the one at this position, and returns them. Raises DP001 for an unknown subscription, DP018. Example: select f."position", f.last_error from dpg.retry_events(''to student'') f';
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
  perform dpg_private.check_transaction('dpg.read_retries');
  max_events := coalesce(max_events, 100);
  lease_seconds := coalesce(lease_seconds, 60);
  perform
    dpg_private.check_batch(max_events, lease_seconds),
    dpg_private.get_subscription(subscription);

  -- look first, without a lock: who asks in vain writes nothing
  perform f."position"
  from dpg.failed_events f
  where f.subscription = read_retries.subscription
    and f.state = 'retrying'
    and (f.leased_until is null or f.leased_until <= clock_timestamp())
  limit 1;
  if not found then
    return;
  end if;
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
  lease := gen_random_uuid();
  update dpg.failed_events f
  set leased_until = clock_timestamp() + make_interval(secs => lease_seconds),
    lease_id = lease
  where f.subscription = read_retries.subscription
    and f."position" = any (positions);
  get diagnostics leased = row_count;
  if leased < cardinality(positions) then
    perform dpg_private.refuse_suppressed('update', 'dpg.failed_events', jsonb_build_object('subscription', subscription));
  end if;
  return query select e.* from dpg_private.events_at(positions, lease) e;
end
$body$;

comment on function dpg.read_retries(text, integer, double precision) is
  'The events that dpg.retry_events revived, in the order of the feed, leased for lease_seconds to whoever got them: pass their lease_id on. Then dpg.settle_event or dpg.fail_event, or they come again. Raises 25006 on a standby, 25000 in repeatable read and serializable, DP001, DP010, DP018. Example: select e."position" from dpg.read_retries(''to student'') e';
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
  'Strikes an event off dpg.failed_events: it came by read_retries and was dealt with, or an operator has settled it in another way. False when it is not there, or when lease_id, that of the event, has ended and somebody else has the event now: then it stays, and the other settles it. Without lease_id it is struck off in any case. Raises DP001, DP018. Example: select dpg.settle_event(''to student'', 42)';
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
  if dpg_private.is_visible(reason) is not true or octet_length(reason) > 65536 then
    perform dpg_private.refuse_argument(
      'reason', to_jsonb(reason), 'is missing or too long', 'Say why, in at most 65,536 bytes: it is kept on record.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_reason(text) is
  'Raises DP001 unless reason is text of 1 to 65,536 bytes.';
--! EndIncluded redactions/check_reason.sql
--! Included feed/lost_events.sql
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
  'The rows of event_feed and event_queue whose events are gone with their partition, once dpg.confirm_lost_events has taken them out of the feed. Nothing reads it: it says what was lost.';
comment on column dpg_private.lost_events.partition_network is 'Of the event.';
comment on column dpg_private.lost_events.action_type is 'Of the event.';
comment on column dpg_private.lost_events.event_id is 'The event.';
comment on column dpg_private.lost_events."position" is 'Which position in the feed it had; null when it had none yet.';
comment on column dpg_private.lost_events.source_item_instance_url is 'Of the event: whom it was for.';
comment on column dpg_private.lost_events.created_at is 'Of the event.';
comment on column dpg_private.lost_events.redaction_id is 'Of the record in dpg.redactions: who has confirmed the loss, when and why.';
--! EndIncluded feed/lost_events.sql
--! Included feed/confirm_lost_events.sql
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
  perform
    dpg_private.check_transaction('dpg.confirm_lost_events'),
    dpg_private.check_actor(actor),
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_reason(reason);

  -- lock: every call of the feed reads this table first. One that is under way has found positions, and would miss those
  -- that are taken away now.
  lock table dpg.subscriptions in access exclusive mode;

  -- check
  missing := dpg_private.missing_events(
    partition_network, action_type,
    array(
      select f.event_id
      from dpg_private.event_feed f
      where f.partition_network = confirm_lost_events.partition_network
        and f.action_type = confirm_lost_events.action_type
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
    delete from dpg_private.event_feed f
    using unnest(missing) m(event_id)
    where f.partition_network = confirm_lost_events.partition_network
      and f.action_type = confirm_lost_events.action_type
      and f.event_id = m.event_id
    returning f."position", f.event_id, f.source_item_instance_url, f.created_at
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
    perform dpg_private.refuse_suppressed('delete', 'dpg_private.event_feed');
  end if;

  -- nobody can try again what is gone
  delete from dpg.failed_events f
  using unnest(missing) m(event_id)
  where f.partition_network = confirm_lost_events.partition_network
    and f.action_type = confirm_lost_events.action_type
    and f.event_id = m.event_id;
  return redaction;
end
$body$;

comment on function dpg.confirm_lost_events(text, text, text, text) is
  'For dpg_admin: says that the events of a network and action type that are in the feed and not in dpg.action_events are lost for good, since their partition was dropped, and keeps on record who said so and why. Returns that record, of kind loss. The feed then goes on after them (without it reads end in DP010); events that are there, and later ones, stay in it. Which events they were is in dpg_private.lost_events. Reads the whole feed, and no other call of the feed goes on before its transaction has ended. Raises 25006, 25000 in repeatable read and serializable; DP001, also when none is missing; DP018. Example: select * from dpg.confirm_lost_events(''dba'', ''yellow_dot'', ''connect'', ''dropped by mistake, no backup has it'')';
--! EndIncluded feed/confirm_lost_events.sql
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
  'For dpg_admin: empties payload and remarks of an event, and remarks and requirements of its action, and keeps on record who asked for it and why. Returns the record. Store_event of such an event restores nothing. Raises DP001, DP018. Example: select * from dpg.redact_event(''dpo'', ''yellow_dot'', ''connect'', ''44444444-4444-4444-8444-444444444444'', ''request 17 under article 17'')';
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
        message = dpg_private.text_for_client(
          format('the user %L, who stands for erased users, is missing and cannot be made: %s', dpg_private.tombstone(), sqlerrm)
        ),
        hint = dpg_private.text_for_client(
          format('Create a user with the id %L in public."user", then repeat the call.', dpg_private.tombstone())
        ),
        detail = dpg_private.text_for_client(jsonb_build_object('actor', dpg_private.tombstone())::text);
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
--! EndIncluded redactions/erase_user.sql
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
      p.proname in (
        'redact_event', 'erase_user', 'forget_instance_url', 'register_network', 'unregister_network', 'confirm_lost_events'
      ) as is_administration
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('dpg', 'dpg_private')
  loop
    execute pg_catalog.format('revoke all on function %s from public, dpg_app, dpg_readonly, dpg_admin', object.signature);
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

-- What others had granted on the functions and the type that were made anew.
do $body$
declare
  granted record;
begin
  for granted in
    select pg_catalog.format(
        'grant %s on %s %s to %s%s',
        case g.kind when 'function' then 'execute' else 'usage' end, g.kind,
        coalesce(p.oid::pg_catalog.regprocedure::text, g.name), g.grantee,
        case when g.is_grantable then ' with grant option' end
      ) as statement
    from dpg_grants_of_others g
    left join pg_catalog.pg_proc p
      on g.kind = 'function'
      and p.pronamespace = 'dpg'::pg_catalog.regnamespace
      and 'dpg.' || p.proname = g.name
  loop
    execute granted.statement;
  end loop;
end
$body$;
