--! Previous: sha1:7d8a4d470b78b3e522b1859bcbbd61830bb1f081
--! Hash: sha1:8ec2f1fff20596f3cc4846dd1d52dd1e1e1439ba
--! Message: leaves in expressions, networks with slots

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

-- Nobody makes a leaf until the migration ends. Before the lock on partition_names below, for which whoever has this turn
-- would wait.
lock table dpg_private.partition_turn in share update exclusive mode;

-- What did one thing in one leaf: sql/items/items_slot_sql.sql and its brothers have it for all leaves in one function.
do $body$
declare
  former record;
begin
  for former in
    select p.oid::pg_catalog.regprocedure::text as name
    from pg_catalog.pg_proc p
    where p.pronamespace = 'dpg_private'::pg_catalog.regnamespace
      and p.proname in (
        'item_of_slot', 'lock_item_of_slot', 'update_item_of_slot', 'action_of_slot', 'lock_action_of_slot',
        'update_action_of_slot', 'event_of_slot', 'event_of_update_of_slot'
      )
  loop
    execute pg_catalog.format('drop function %s', former.name);
  end loop;
end
$body$;
drop function if exists dpg_private.party_conditions_sql(text, text, text);
drop function if exists dpg_private.look_before_new_action(dpg.item_ref, dpg.item_ref, text);
drop function if exists dpg_private.insert_action(
  regclass, regclass, text, uuid, dpg.items, boolean, dpg.items, jsonb, text, jsonb
);

-- Networks have slots, too. Locks dpg_private.partition_names in ACCESS EXCLUSIVE: calls wait until the migration ends.
alter table dpg_private.partition_names
  drop constraint if exists partition_names_slot_check,
  add constraint partition_names_slot_check check (
    slot is null
    or (key is not null and slot between 1 and 32)
    or (key is null and root = 'items' and slot between 33 and 48)
  );

-- Functions of slots that have other arguments now. Locks nothing: their callers come anew in this transaction.
do $body$
declare
  former text;
begin
  for former in
    select p.oid::pg_catalog.regprocedure::text
    from pg_catalog.pg_proc p
    where p.pronamespace = 'dpg_private'::pg_catalog.regnamespace
      and (p.proname, p.pronargs) in (
        ('item_rows', 1), ('count_circle_of_slot', 3), ('circle_of_slot', 4), ('nearest_of_slot', 5),
        ('find_few_in_circle', 3)
      )
  loop
    execute 'drop function ' || former;
  end loop;
end
$body$;

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
      and t.tgfoid not in (
        'dpg_private.refuse_event_change()'::regprocedure, 'dpg_private.note_party_leaves()'::regprocedure
      )
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
    dpg_private.has_additions('dpg.items', 12)
    or exists (select from only dpg.items where false) -- names the root, see dpg_private.has_additions
    -- under an older snapshot the catalogue shows the past, but triggers fire as they are now
    or current_setting('transaction_isolation') <> 'read committed'
    or exists (
      select
      from pg_trigger t
      where t.tgrelid = additions_to_items.leaf
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and t.tgfoid not in (
          'dpg_private.refuse_event_change()'::regprocedure, 'dpg_private.note_party_leaves()'::regprocedure
        )
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
        and t.tgfoid not in (
          'dpg_private.refuse_event_change()'::regprocedure, 'dpg_private.note_party_leaves()'::regprocedure
        )
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
--! Included partitions/partition_names.sql
create table if not exists dpg_private.partition_names (
  root text not null,
  network text not null,
  key text,
  name text not null,
  slot smallint,
  constraint partition_names_root_check check (root in ('items', 'item_actions', 'action_events')),
  constraint partition_names_slot_check check (
    slot is null
    or (key is not null and slot between 1 and 32)
    or (key is null and root = 'items' and slot between 33 and 48)
  ),
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
for all but the first 32 leaves of each root. Of the partition of a network in items: slot_33 to slot_48, for searches
over its domains; null for all but the first 16 networks with two domains or more.';

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
--! Included partitions/slot_keys.sql
-- Which leaves have a slot is known in two ways: from dpg_private.partition_names, and from constants of functions that
-- are created anew with each slot. Whoever wants to use a slot asks the constants. A session learns of them when it
-- learns of the functions of the slot, which come before them in the same transaction. A row of the table it may see
-- before: then it would call functions that it does not know yet (42883).

create or replace function dpg_private.slot_key(network text, key text)
returns text
language sql
immutable
parallel safe
security invoker
return length(network)::text || ' ' || network || key;

comment on function dpg_private.slot_key(text, text) is
  'The keys of a leaf as one text, different for different keys. Inlined.';

-- While they are missing, no leaf has a slot. dpg_private.create_slot_functions replaces them.
do $body$
begin
  if pg_catalog.to_regprocedure('dpg_private.slot_keys(text)') is null then
    create function dpg_private.slot_keys(root text)
    returns text[]
    language sql
    stable
    parallel safe
    security invoker
    return '{}'::text[];
  end if;
  if pg_catalog.to_regprocedure('dpg_private.slot_leaves(text)') is null then
    create function dpg_private.slot_leaves(root text)
    returns text[]
    language sql
    stable
    parallel safe
    security invoker
    return '{}'::text[];
  end if;
end
$body$;

create or replace function dpg_private.slot_of(root text, network text, key text)
returns smallint
language sql
stable
parallel safe
security invoker
return array_position(dpg_private.slot_keys(root), dpg_private.slot_key(network, key))::smallint;

comment on function dpg_private.slot_of(text, text, text) is
  'The slot of the leaf of these keys; null where it has none. Inlined, also what it calls: so the keys of all slots are
a constant of the expression, which PostgreSQL makes anew when dpg_private.slot_keys is replaced.';
--! EndIncluded partitions/slot_keys.sql
--! Included partitions/find_leaf.sql
create or replace function dpg_private.look_up_leaf_and_slot(root text, network text, key text)
returns table (leaf regclass, slot smallint)
language sql
stable
parallel safe
security invoker
begin atomic
  select n.leaf,
    dpg_private.slot_of(
      look_up_leaf_and_slot.root, look_up_leaf_and_slot.network, look_up_leaf_and_slot.key
    )
  from (
    select to_regclass('dpg.' || p.name) as leaf
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
         updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond'')
       where ' || is_item || ' and i.created_by = owner
       returning i.* into stored;',
      slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'return dpg_private.has_additions(''dpg.items'', 12) or dpg_private.has_leaf_additions(''dpg.%1$I'');',
      slots, leaves
    )
  );
end
$body$;

comment on function dpg_private.items_in_slots_sql(smallint[], text[]) is
  'The functions that read, lock and change one item in the leaf of a slot. See dpg_private.in_slots_sql.';
--! EndIncluded items/items_slot_sql.sql
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
        'Writes the status, update_count, remarks and time of an action in the leaf of a slot. How many rows changed.';
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
         updated_at = changed.updated_at
       where a.partition_network = changed.partition_network
         and a.action_type = changed.action_type
         and a.action_id = changed.action_id;',
      slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'return dpg_private.has_additions(''dpg.item_actions'', 27) or dpg_private.has_leaf_additions(''dpg.%1$I'');',
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
      'return dpg_private.has_additions(''dpg.action_events'', 28) or dpg_private.has_leaf_additions(''dpg.%1$I'');',
      slots, leaves
    )
  );
end
$body$;

comment on function dpg_private.events_in_slots_sql(smallint[], text[]) is
  'The functions that read one event in the leaf of a slot. See dpg_private.in_slots_sql.';
--! EndIncluded events/events_slot_sql.sql
--! Included partitions/slots.sql
-- A slot is an enum without values. It stands for a leaf where a statement is written before the leaf is known: a
-- function with an argument "slot anyenum" is compiled, and its plans are kept, once for each type that it is called
-- with. A network of items has two: one for all its domains, one for some of them, whose number is 16 higher. See
-- sql/README.md, "Plans that are kept".

create or replace function dpg_private.slot_branches_sql(statement text, slots smallint[], leaves text[])
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  middle constant integer := cardinality(slots) / 2;
begin
  return case cardinality(slots)
    when 0 then ''
    when 1 then format(statement, leaves[1])
    else format(
      'if slot <= %s then %s else %s end if;',
      slots[middle],
      dpg_private.slot_branches_sql(statement, slots[:middle], leaves[:middle]),
      dpg_private.slot_branches_sql(statement, slots[middle + 1:], leaves[middle + 1:])
    )
  end;
end
$body$;

comment on function dpg_private.slot_branches_sql(text, smallint[], text[]) is
  'PL/pgSQL that does a statement in the leaf of the variable slot: five comparisons for 32 leaves. statement is a
template of format, to which the name of the leaf is given. slots ascend.';

create or replace function dpg_private.in_slots_sql(root text, slots smallint[], leaves text[])
returns text
language sql
immutable
security invoker
return case root
  when 'items' then dpg_private.items_in_slots_sql(slots, leaves)
  when 'item_actions' then dpg_private.actions_in_slots_sql(slots, leaves)
  else dpg_private.events_in_slots_sql(slots, leaves)
end;

comment on function dpg_private.in_slots_sql(text, smallint[], text[]) is
  'The statements that create the functions of a root which do something to one row in the leaf of a slot. Each has a
branch for each leaf, a statement that names the leaf: PL/pgSQL plans it at its first use and keeps the plan. They have
no settings, which would take as long as the row. Who calls them sets search_path, and for reads enable_seqscan = off.';

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
  'The statements that create the function of a leaf, or those of a network, that has a slot.';

create or replace function dpg_private.slots_sql()
returns text
language sql
stable
security invoker
return (
  select format(
    $statements$
      create or replace function dpg_private.slot_keys(root text)
      returns text[]
      language sql
      stable
      parallel safe
      security invoker
      return case root %1$s else '{}'::text[] end;

      create or replace function dpg_private.slot_leaves(root text)
      returns text[]
      language sql
      stable
      parallel safe
      security invoker
      return case root %2$s else '{}'::text[] end;

      comment on function dpg_private.slot_keys(text) is
        'dpg_private.slot_key of each leaf of a root that has a slot, in the order of the slots. Of root "networks" that
of each network of items whose slot is 33 or higher.';
      comment on function dpg_private.slot_leaves(text) is
        'The name of each leaf of a root that has a slot, in the order of the slots.';
    $statements$,
    string_agg(format('when %L then %L::text[]', r.root, r.keys), ' ' order by r.root),
    string_agg(format('when %L then %L::text[]', r.root, r.leaves), ' ' order by r.root)
  )
  from (
    select
      case when n.slot > 32 then 'networks' else t.root end as root,
      array_agg(coalesce(dpg_private.slot_key(p.network, coalesce(p.key, '')), '') order by n.slot) as keys,
      array_agg(coalesce(p.name, '') order by n.slot) as leaves
    from unnest(array['items', 'item_actions', 'action_events']) t(root)
    cross join generate_series(1, case t.root when 'items' then 48 else 32 end) n(slot)
    left join dpg_private.partition_names p on p.root = t.root and p.slot = n.slot
    group by 1
  ) r
);

comment on function dpg_private.slots_sql() is
  'The statements that create dpg_private.slot_keys and dpg_private.slot_leaves: of each root the keys and the names of
the leaves that have a slot, in the order of their slots. As constants they are part of an expression. To read them from
dpg_private.partition_names takes as long as the row that a call is about.';

create or replace function dpg_private.create_slot_type(slot smallint, stands_for text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if to_regtype('dpg_private.slot_' || slot) is null then
    execute format('create type dpg_private.slot_%s as enum ()', slot);
    execute format(
      'comment on type dpg_private.slot_%s is %L', slot, format('Stands for %s. Has no values.', stands_for)
    );
  end if;
end
$body$;

comment on function dpg_private.create_slot_type(smallint, text) is
  'Creates the type of a slot where it is missing.';

create or replace function dpg_private.keep_slot_to_owner(slot smallint)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  type constant regtype := to_regtype('dpg_private.slot_' || slot);
  unwanted record;
begin
  for unwanted in
    select o.kind, o.name, coalesce(r.oid::regrole::text, 'public') as grantee
    from (
      select 'function' as kind, p.oid::regprocedure::text as name, p.proowner as owner,
        coalesce(p.proacl, acldefault('f', p.proowner)) as acl
      from pg_proc p
      where p.pronamespace = 'dpg_private'::regnamespace
        and p.proargtypes[0] = type
      union all
      select 'type', t.oid::regtype::text, t.typowner, coalesce(t.typacl, acldefault('T', t.typowner))
      from pg_type t
      where t.oid = type
    ) o
    cross join lateral aclexplode(o.acl) a
    left join pg_roles r on r.oid = a.grantee
    where a.grantee <> o.owner
  loop
    execute format('revoke all on %s %s from %s', unwanted.kind, unwanted.name, unwanted.grantee);
  end loop;
end
$body$;

comment on function dpg_private.keep_slot_to_owner(smallint) is
  'Takes back what default privileges give others on the type and the functions of a slot.';

create or replace function dpg_private.create_slot(root text, slot smallint, leaf text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if slot <= 32 then
    perform dpg_private.create_slot_type(
      slot, format('the leaves that have slot %s in dpg_private.partition_names', slot)
    );
  else
    perform
      dpg_private.create_slot_type(
        slot, format('all domains of the network that has slot %s in dpg_private.partition_names', slot)
      ),
      dpg_private.create_slot_type(
        (slot + 16)::smallint,
        format('some domains of the network that has slot %s in dpg_private.partition_names', slot)
      );
  end if;
  execute dpg_private.slot_sql(root, slot, leaf);
  perform dpg_private.keep_slot_to_owner(slot);
  if slot > 32 then
    perform dpg_private.keep_slot_to_owner((slot + 16)::smallint);
  end if;
end
$body$;

comment on function dpg_private.create_slot(text, smallint, text) is
  'Creates the type of a slot where it is missing, and its function for this leaf, also anew. For a network (slot 33 and
higher) those of both slots; leaf is its partition.';

create or replace function dpg_private.create_slot_functions(root text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  of_root record;
begin
  select
    coalesce(array_agg(p.slot order by p.slot), '{}') as slots,
    coalesce(array_agg(p.name order by p.slot), '{}') as leaves
  into of_root
  from dpg_private.partition_names p
  where p.root = create_slot_functions.root
    and p.key is not null
    and p.slot is not null;
  execute dpg_private.in_slots_sql(root, of_root.slots, of_root.leaves);
  execute dpg_private.slots_sql(); -- last: see sql/partitions/slot_keys.sql
end
$body$;

comment on function dpg_private.create_slot_functions(text) is
  'Creates anew the functions that know all leaves of a root with a slot.';

create or replace function dpg_private.give_slot(root text, network text, key text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  first_slot constant integer := case when key is null then 33 else 1 end;
  last_slot constant integer := case when key is null then 48 else 32 end;
  taken record;
begin
  -- A slot is given once and for all, also when the leaf is dropped: a call that has looked it up never meets another
  -- leaf in it.
  update dpg_private.partition_names p
  set slot = coalesce(
    p.slot,
    (
      select min(s.slot)
      from generate_series(first_slot, last_slot) s(slot)
      where s.slot <> all (
        array(select o.slot from dpg_private.partition_names o where o.root = give_slot.root and o.slot is not null)
      )
    )
  )
  where p.root = give_slot.root
    and p.network = give_slot.network
    and p.key is not distinct from give_slot.key
  returning p.name, p.slot into taken;
  if taken.slot is not null then
    perform
      dpg_private.create_slot(root, taken.slot, taken.name),
      dpg_private.create_slot_functions(root);
  end if;
end
$body$;

comment on function dpg_private.give_slot(text, text, text) is
  'Gives a leaf one of the 32 slots of its root while some are free, and creates the type and the functions of the slot,
also anew. key null: the partition of a network in items gets one of 16. Called under the lock of
dpg_private.take_partition_turn, or by a migration.';

create or replace function dpg_private.give_slot_to_network(network text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (
      select
      from dpg_private.partition_names p
      where p.root = 'items'
        and p.network = give_slot_to_network.network
        and p.key is null
        and p.slot is null
    )
    and exists (
      select
      from dpg_private.partition_names p
      where p.root = 'items'
        and p.network = give_slot_to_network.network
        and p.key is not null
      offset 1
    )
  then
    perform dpg_private.give_slot('items', network, null);
  end if;
end
$body$;

comment on function dpg_private.give_slot_to_network(text) is
  'Gives the partition of a network in items its slot as soon as the network has two domains. Called under the lock of
dpg_private.take_partition_turn, or by a migration.';

create or replace function dpg_private.find_leaf_by_slot(root text, slot smallint, network text, key text)
returns regclass
language sql
stable
parallel safe
security invoker
return case
  when slot is null then dpg_private.find_leaf(root, network, key)
  -- a table that was detached, or that has the name of a dropped leaf, holds no rows of the root
  when pg_partition_root(to_regclass('dpg.' || (dpg_private.slot_leaves(root))[slot])) = to_regclass('dpg.' || root)
    then to_regclass('dpg.' || (dpg_private.slot_leaves(root))[slot])
end;

comment on function dpg_private.find_leaf_by_slot(text, smallint, text, text) is
  'The leaf of these keys, whose slot the caller has from dpg_private.slot_of; null when there is no leaf. Inlined.';

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
    with leaves as (
      select p.*, row_number() over (partition by p.root, p.key is null order by p.slot) = 1 as is_first
      from dpg_private.partition_names p
      where p.slot is not null
    ),
    wanted as (
      select l.*, dpg_private.slot_sql(l.root, l.slot, l.name) as statements
      from leaves l
      where to_regclass('dpg.' || l.name) is not null
      union all
      -- what knows all leaves of a root is told of the first one
      select l.*,
        (
          select dpg_private.in_slots_sql(l.root, array_agg(o.slot order by o.slot), array_agg(o.name order by o.slot))
          from leaves o
          where o.root = l.root
            and o.key is not null
        )
      from leaves l
      where l.is_first
        and l.key is not null
    ),
    broken as (
      select w.root, w.network, w.key, w.name, w.slot, f.names[1] as function_name
      from wanted w
      cross join lateral regexp_matches(
        w.statements, 'create or replace function dpg_private[.]([a-z_]+)[(][[:space:]]*slot ([a-z_.0-9]+)', 'g'
      ) f(names)
      where not exists (
        select
        from pg_proc p
        where p.pronamespace = 'dpg_private'::regnamespace
          and p.proname = f.names[1]
          and p.proargtypes[0] = to_regtype(f.names[2])
          and position(p.prosrc in w.statements) > 0
          and not p.prosecdef
      )
      union all
      select l.root, l.network, l.key, l.name, l.slot, c.function_name
      from leaves l
      cross join lateral (
        values
          (
            'slot_keys', dpg_private.slot_key(l.network, coalesce(l.key, '')),
            case
              when l.key is null then (dpg_private.slot_keys('networks'))[l.slot - 32]
              else (dpg_private.slot_keys(l.root))[l.slot]
            end
          ),
          ('slot_leaves', case when l.key is not null then l.name end, (dpg_private.slot_leaves(l.root))[l.slot])
      ) c(function_name, wanted, present)
      where c.present is distinct from c.wanted
    )
    select b.root, b.network, b.key, b.name, b.slot, array_agg(b.function_name order by b.function_name)
    from broken b
    group by b.root, b.network, b.key, b.name, b.slot;
end
$body$;

comment on function dpg_private.find_broken_slots() is
  'The leaves and networks with a slot of which a function is missing or is not as dpg_private.give_slot creates it.
What knows all leaves of a root is told of the one with the lowest slot. For doctor.';

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
  select n.key, n.leaf, dpg_private.slot_of('items', look_up_item_leaves.item_network, n.key)
  from (
    select p.key, to_regclass('dpg.' || p.name) as leaf
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

create or replace function dpg_private.look_up_network_slot(item_network text, item_domains text[])
returns table (slot smallint, domains text[])
language sql
stable
parallel safe
security invoker
begin atomic
  select (n.slot + case when cardinality(l.domains) = l.leaves then 32 else 48 end)::smallint, l.domains
  from (
    select to_regclass('dpg.' || p.name) as partition,
      dpg_private.slot_of('networks', look_up_network_slot.item_network, '') as slot
    from dpg_private.partition_names p
    where p.root = 'items'
      and p.network = look_up_network_slot.item_network
      and p.key is null
      and dpg_private.slot_of('networks', look_up_network_slot.item_network, '') is not null
      -- before anything is asked about each leaf
      and not exists (
        select
        from dpg_private.partition_names l
        where l.root = 'items'
          and l.network = look_up_network_slot.item_network
          and l.key is not null
        offset 16
      )
    offset 0
  ) n
  cross join lateral (
    select count(*) as leaves,
      array_agg(p.key) filter (
        where look_up_network_slot.item_domains is null or p.key = any (look_up_network_slot.item_domains)
      ) as domains
    from dpg_private.partition_names p
    where p.root = 'items'
      and p.network = look_up_network_slot.item_network
      and p.key is not null
      and exists (
        select
        from pg_inherits h
        where h.inhrelid = to_regclass('dpg.' || p.name)
          and h.inhparent = n.partition
      )
  ) l
  where l.domains is not null
    and l.leaves = (select count(*) from pg_inherits h where h.inhparent = n.partition)
    and pg_partition_root(n.partition) = 'dpg.items'::regclass;
end;

comment on function dpg_private.look_up_network_slot(text, text[]) is
  'The slot for a search over these domains of a network, or over all where none are given, and those of them that have
a leaf. As a table of one row; of none where there is no slot, or none of the domains, where the network has had more
than 16 leaves (a statement over all of them would hold too many locks), and where it has a leaf that is not ours.';

-- All functions of slots anew; networks that have two domains get their slots. Nobody makes a leaf meanwhile.
do $body$
begin
  lock table dpg_private.partition_turn in share update exclusive mode;
  perform dpg_private.create_slot(p.root, p.slot, p.name)
  from dpg_private.partition_names p
  where p.slot is not null;
  perform dpg_private.create_slot_functions(r.root)
  from unnest(array['items', 'item_actions', 'action_events']) r(root);
  perform dpg_private.give_slot_to_network(p.network)
  from dpg_private.partition_names p
  where p.root = 'items'
    and p.key is null
  order by p.network;
end
$body$;
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
  if root = 'items' then
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
  if leaf is not null and slot is not null and strength <> 'update' then
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
  has_additions := dpg_private.has_additions_to_item(leaf, slot);
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
--! Included items/get_item.sql
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
    dpg_private.check_item_ref(null, row(item_network, item_domain, item_type, item_id))
  );
  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
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
  'One item by its key.
Raises DP001, DP002.
Example: select * from dpg.get_item(
  ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''
)';
--! EndIncluded items/get_item.sql
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
    return query select * from dpg_private.items_of_domains(item_network, item_domains, search, page);
    return;
  end if;

  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
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
-- stands for, or over the leaves of a network, whose slot is given with the domains. A kept plan does not know the
-- values. So these are the searches in which they decide nothing: one index is the best for all of them. The settings
-- leave the planner that index, also while a leaf is empty.

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
    from dpg_private.item_rows(slot, null) i
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

create or replace function dpg_private.newest_of_network(
  slot anyenum,
  page dpg_private.item_page,
  domains text[],
  added_rows integer
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
      i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at,
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
        order by i.created_at desc
        limit page.row_limit + added_rows
      ) i
    ) i
    where i.number < page.row_limit + added_rows
    order by i.created_at desc, i.item_domain, i.item_type, i.item_id
    limit page.row_limit;
end
$body$;

comment on function dpg_private.newest_of_network(anyenum, dpg_private.item_page, text[], integer) is
  'A page of all items in these domains of a network that has a slot, newest first. The indexes of the leaves have an
order without the domain. So items of one time are read together and sorted: added_rows more than the page at most.
Where more than that have one time, the page ends before them: see dpg_private.has_more_of_network.';

create or replace function dpg_private.has_more_of_network(
  slot anyenum,
  page dpg_private.item_page,
  domains text[],
  added_rows integer
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
      order by i.created_at desc
      limit page.row_limit + added_rows
    ) i
  ) = page.row_limit + added_rows;
end
$body$;

comment on function dpg_private.has_more_of_network(anyenum, dpg_private.item_page, text[], integer) is
  'Whether a page of dpg_private.newest_of_network that is not full lacks rows.';

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
declare
  circle dpg_private.circle_bounds := search.circle;
begin
  return (
    select count(*)
    from (
      select
      from dpg_private.item_rows(slot, domains) i
      where dpg_private.latitude_band(i.item_latitude) = any (circle.bands)
        and i.item_latitude between circle.south and circle.north
        and i.item_longitude between circle.west and circle.east
        and dpg_private.is_within(i.item_latitude, i.item_longitude, search.latitude, search.longitude, circle.reach)
      limit at_most
    ) n
  );
end
$body$;

comment on function dpg_private.count_circle_of_slot(anyenum, dpg_private.item_search, integer, text[]) is
  'How many items in the leaf of a slot, or in these domains of its network, lie in a circle, counted up to at_most:
whoever finds so many takes a plan that knows the circle.';

create or replace function dpg_private.circle_of_slot(
  slot anyenum,
  search dpg_private.item_search,
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
    order by i.created_at desc, i.item_domain, i.item_type, i.item_id
    limit page.row_limit;
end
$body$;

comment on function dpg_private.circle_of_slot(
  anyenum, dpg_private.item_search, dpg_private.item_page, integer, text[]
) is
  'A page of the items that lie in a circle, in the leaf of a slot or in these domains of its network, newest first,
each with how many items were read for it. It reads at_most: with so many, the page may lack newer ones, and the caller
takes a plan that knows the circle.';
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
  -- From so many items in a circle on, it pays to plan with the values, unless they are on the page anyway. To plan the
  -- leaves of a network takes longer.
  many constant integer := greatest(case when domains is null then 200 else 1000 end, 2 * page.row_limit);
  found_items dpg.found_item[];
  counted bigint;
begin
  if slot is not null and dpg_private.is_kept_circle(search.circle) and not dpg_private.has_filters(search) then
    execute format(
      'select coalesce(array_agg(c.found), ''{}''), coalesce(max(c.counted), 0)
       from dpg_private.circle_of_slot(null::dpg_private.slot_%s, $1, $2, $3, $4) c',
      slot
    )
    into found_items, counted
    using search, page, many, domains;
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
  'A page of the items in a circle, by a kept plan, of a leaf or of these domains of its network. Null where there is
none for this search, or where the circle holds many.';
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
  if slot is not null and (search.circle).reach is null then
    return query execute format(
      'select * from dpg_private.newest_of_network(null::dpg_private.slot_%s, $1, $2, $3)', slot
    )
    using page, domains, added_rows;
    get diagnostics rows_of_page = row_count;
    if rows_of_page = page.row_limit then
      return;
    end if;
    execute format('select dpg_private.has_more_of_network(null::dpg_private.slot_%s, $1, $2, $3)', slot)
    into has_more
    using page, domains, added_rows;
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
  -- from so many items in a circle on, in all leaves or in one, it pays to plan with the values
  many constant integer := 5000;
  many_of_leaf constant integer := 1000;
  is_kept constant boolean := not dpg_private.has_filters(search) and dpg_private.is_kept_circle(search.circle);
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
      execute format('select dpg_private.count_circle_of_slot(null::dpg_private.slot_%s, $1, $2, $3)', slot)
      into matches
      using search, many, domains;
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
            coalesce('dpg_private.count_circle_of_slot(null::dpg_private.slot_' || s.slot || ', $1, $2)', 'null'),
            ', ' order by s.number
          )
          from unnest(batch.slots) with ordinality s(slot, number)
        ) || ']::integer[]'
        into counts
        using search, many_of_leaf;
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
  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
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
        i.item_state, i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at, i.chord,
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
        i.item_state, i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at, i.chord,
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

comment on function dpg_private.nearest_of_slot(
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
  domains text[];
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
    slot := dpg_private.slot_of('items', item_network, item_domain);
    leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
    if leaf is null then
      return;
    end if;
  else
    select n.slot, n.domains
    into slot, domains
    from dpg_private.look_up_network_slot(item_network, item_domains) n;
  end if;
  if slot is not null and not dpg_private.has_filters(search) then
    return query execute format(
      'select %s, i.distance_meters, i.next_page_token
       from dpg_private.nearest_of_slot(null::dpg_private.slot_%s, $1, $2, $3, $4, $5) i',
      dpg_private.item_columns_sql('i.'), slot
    )
    using search, page, dpg_private.place(latitude, longitude),
      case when radius_meters is not null then dpg_private.circle_box(latitude, longitude, radius_meters) end,
      domains;
    return;
  end if;
  if item_domain is not null then
    return query execute dpg_private.page_of_nearest_sql(
      dpg_private.nearest_of_leaf_sql(leaf, slot, search, page), place_in_order
    )
    using search, page, dpg_private.place(latitude, longitude),
      case when radius_meters is not null then dpg_private.circle_box(latitude, longitude, radius_meters) end;
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

create or replace function dpg_private.refuse_not_action_party(
  party text,
  action dpg.item_actions,
  problem text default 'is no party of',
  hint text default 'Only the owners of its source and target items, as they were when the action was made, '
    'may read or change an action.',
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
      format(
        'user %L %s action %L/%L/%s',
        party, problem, action.partition_network, action.action_type, action.action_id
      )
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
--! Included actions/new_action.sql
-- What perform_action and receive_action do before they lock an item.

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
  event_payload jsonb
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
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

  -- Our columns, the first ones of the table. An application may have added others, with defaults.
  proposed := row(
    target.item_network, action_type, coalesce(action_id, gen_random_uuid()), null::text, 0, requirements_snapshot,
    remarks,
    source.item_network, source.item_domain, source.item_type, source.item_id, source.item_instance_url,
    source.created_by,
    target.item_network, target.item_domain, target.item_type, target.item_id, target.item_instance_url,
    target.created_by,
    clock_timestamp(), null::timestamptz, source.item_latitude, source.item_longitude, target.item_latitude,
    target.item_longitude, source_is_local,
    case when source_is_local and source.item_network = target.item_network then source.item_id end
  );
  proposed.updated_at := proposed.created_at;
  has_additions := dpg_private.has_additions_to_action(action_leaf, action_slot, events_leaf, events_slot);
  select d.initial_status
  into proposed.action_status
  from dpg.action_definitions d
  where d.partition_network = proposed.partition_network
    and d.action_type = proposed.action_type;
  proposed.action_status := coalesce(proposed.action_status, 'created');

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
    -- The settings come with the execution of the insert, so that the insert itself keeps its plan. It names no
    -- constraint: PostgreSQL would search the index of the leaf for it at each call.
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
    proposed.remarks
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
  regclass, smallint, regclass, smallint, text, uuid, dpg.items, boolean, dpg.items, jsonb, text, jsonb
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

  -- lock: an item cannot be deleted until the action refers to it. The lower key first, as everywhere; in bytes,
  -- whatever the collation of the database, since calls that lock many rows sort them so.
  if (
      source.item_network collate "C", source.item_domain collate "C", source.item_type collate "C", source.item_id
    ) < (
      target.item_network collate "C", target.item_domain collate "C", target.item_type collate "C", target.item_id
    )
  then
    source_item := dpg_private.lock_item(source_leaf, source, 'key share', source_slot);
    target_item := dpg_private.lock_item(target_leaf, target, 'key share', target_slot);
  else
    target_item := dpg_private.lock_item(target_leaf, target, 'key share', target_slot);
    source_item := dpg_private.lock_item(source_leaf, source, 'key share', source_slot);
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
    action_leaf, action_slot, events_leaf, events_slot, action_type, action_id, source_item, true, target_item,
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
  is_known_url boolean;
  is_registered boolean; -- whether one of the networks is
  target_slot smallint;
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
  target_item := dpg_private.lock_item(
    dpg_private.find_leaf_by_slot('items', target_slot, target.item_network, target.item_domain),
    target, 'key share', target_slot
  );
  if target_item.item_id is null then
    perform dpg_private.refuse_item_not_found(target);
  end if;

  -- change
  if not is_known_url then
    perform dpg_private.note_peer_url(source_item_instance_url);
  end if;
  source_item := row(
    source.item_network, source.item_domain, source.item_type, source.item_id, source_item_instance_url, null::text,
    null::jsonb, source_item_latitude, source_item_longitude, source_item_owner, null::timestamptz, null::timestamptz
  );
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
  events_slot smallint;
  events_leaf regclass;
  has_additions boolean; -- columns or triggers of the application: row and event are written in another way
  changed dpg.item_actions := action;
  changed_rows bigint;
begin
  event_payload := coalesce(event_payload, dpg_private.default_payload(action_status));

  -- look
  events_slot := dpg_private.slot_of('action_events', action.partition_network, action.action_type);
  events_leaf := dpg_private.find_leaf_by_slot(
    'action_events', events_slot, action.partition_network, action.action_type
  );
  has_additions := dpg_private.has_additions_to_action(
    leaf, slot, events_leaf, case when events_leaf is not null then events_slot end
  );
  select d.transitions
  into transitions
  from dpg.action_definitions d
  where d.partition_network = action.partition_network
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
        changed_rows := dpg_private.update_action_in_slot(slot, changed);
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
  slot := dpg_private.slot_of('item_actions', partition_network, action_type);
  leaf := dpg_private.find_leaf_by_slot('item_actions', slot, partition_network, action_type);
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
  slot := dpg_private.slot_of('item_actions', partition_network, action_type);
  leaf := dpg_private.find_leaf_by_slot('item_actions', slot, partition_network, action_type);
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
  order_by constant text :=
    'a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url';
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
    select s.search
    from unnest(leaves) l
    cross join unnest(
      dpg_private.party_searches_sql(
        format(
          'select %s, dpg_private.ownership_roles(
             ($1).actor, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
           ) as ownership_roles
           from %s a
           where true%s',
          dpg_private.action_columns_sql('a.'), l.leaf, added_conditions
        ),
        search.ownership_role,
        concat(
          'a.source_item_owner = ($1).actor and a.source_item_is_local',
          case when search.item_id is not null then ' and a.source_item_id = ($1).item_id' end
        ),
        concat(
          'a.target_item_owner = ($1).actor',
          case when search.item_id is not null then ' and a.target_item_id = ($1).item_id' end
        ),
        'a', order_by
      )
    ) s(search)
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
          a.source_local_item_id,
          dpg_private.ownership_roles(
            search.actor, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
          ) as ownership_roles
        from dpg_private.action_rows(slot) a
        where search.ownership_role <> 'initiated'
          and a.target_item_owner = search.actor
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
      ) b
      where search.ownership_role = 'received'
        or not (b.source_item_owner = search.actor and b.source_item_is_local)
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
      -- what the actor is on both sides of is found above: see dpg_private.party_searches_sql
      select b.*
      from (
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
