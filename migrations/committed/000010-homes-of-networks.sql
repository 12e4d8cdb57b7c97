--! Previous: sha1:3b183490de00521b1f7b0ced73e05b22e78eae13
--! Hash: sha1:692955b6b89f05b97266662b01174fbd67bf84c2
--! Message: Homes of networks

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

-- Got another argument.
drop function if exists dpg_private.lock_leaves(regclass[], text, text, text);
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

-- In databases of before 0.2.0. ACCESS EXCLUSIVE on this small table, and no row is written.
alter table dpg_private.partition_names
add column if not exists is_closed boolean not null default false;

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
comment on column dpg_private.partition_names.is_closed is
  'Whether no call reaches the leaf, though it is attached: the network has moved to another server, or is moving
here.';

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
--! Included homes/homes.sql
create table if not exists dpg.homes (
  network text not null,
  server text not null,
  since timestamptz not null default clock_timestamp(),
  constraint homes_pkey primary key (network),
  constraint homes_network_check check (length(network) between 1 and 120),
  constraint homes_server_check check (length(server) between 1 and 2000)
);

comment on table dpg.homes is
  'Networks whose home is another server: a call that names one is DP017. Written by the command dpg-database move; by
hand, for a network that has never been here, as dpg_admin. A network with leaves that calls reach cannot be put here.';
comment on column dpg.homes.network is 'Network, exactly as given.';
comment on column dpg.homes.server is
  'Where it lives: postgres://host:port/database without user and password, since every caller gets to see it.';
comment on column dpg.homes.since is 'Since when.';
comment on constraint homes_pkey on dpg.homes is 'One home of each network.';
comment on constraint homes_network_check on dpg.homes is 'As long as a key may be.';
comment on constraint homes_server_check on dpg.homes is 'As long as a URL may be.';
comment on index dpg.homes_pkey is 'For the refusal, which says where the network lives.';

-- Which networks live elsewhere: a constant of whoever asks, so that other calls look up nothing.
do $body$
begin
  if pg_catalog.to_regprocedure('dpg_private.moved_networks()') is null then
    create function dpg_private.moved_networks()
    returns text[]
    language sql
    stable
    parallel safe
    security invoker
    return '{}'::text[];
  end if;
end
$body$;

comment on function dpg_private.moved_networks() is
  'The networks in dpg.homes. Inlined: a constant. Created anew by the trigger of that table.';

create or replace function dpg_private.note_moved_networks()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  network text;
  freed text[];
begin
  -- one at a time: two would change the same function
  lock table dpg.homes in share row exclusive mode;
  if tg_op = 'INSERT' or tg_op = 'UPDATE' then
    select p.network
    into network
    from dpg_private.partition_names p
    join dpg.homes h on h.network = p.network
    where not p.is_closed
      and pg_partition_root(to_regclass('dpg.' || p.name)) is not null
    order by p.network
    limit 1;
    if found then
      perform dpg_private.refuse_argument(
        'network', to_jsonb(network), 'lives here', 'Move it to its new home: npx dpg-database move.'
      );
    end if;
  else
    select p.network
    into network
    from dpg_private.partition_names p
    where p.is_closed
      and p.network <> all (array(select h.network from dpg.homes h))
      and pg_partition_root(to_regclass('dpg.' || p.name)) is not null
    order by p.network
    limit 1;
    if found then
      perform dpg_private.refuse_argument(
        'network', to_jsonb(network), 'has closed leaves here',
        'They end with the move: npx dpg-database move, with --finish or --abort.'
      );
    end if;
  end if;

  -- names of leaves that are gone can be used again
  with changed as (
    update dpg_private.partition_names p
    set is_closed = false
    where p.is_closed
      and p.network <> all (array(select h.network from dpg.homes h))
    returning p.root
  )
  select array_agg(distinct c.root) into freed from changed c;
  perform dpg_private.create_slot_functions(f.root) from unnest(freed) f(root);
  execute format(
    'create or replace function dpg_private.moved_networks()
     returns text[]
     language sql
     stable
     parallel safe
     security invoker
     return %L::text[]',
    array(select h.network from dpg.homes h order by h.network collate "C")
  );
  return null;
end
$body$;

comment on function dpg_private.note_moved_networks() is
  'Trigger: creates dpg_private.moved_networks anew. Refuses a home for a network that calls reach here, and to forget
the home of one whose closed leaves are still here (DP001).';

do $body$
begin
  if not exists (
    select
    from pg_catalog.pg_trigger t
    where t.tgrelid = 'dpg.homes'::pg_catalog.regclass
      and t.tgname = 'homes_note_moved_networks'
  ) then
    create trigger homes_note_moved_networks
    after insert or update or delete or truncate on dpg.homes
    for each statement
    execute function dpg_private.note_moved_networks();
  end if;
end
$body$;

comment on trigger homes_note_moved_networks on dpg.homes is 'Keeps dpg_private.moved_networks.';
--! EndIncluded homes/homes.sql
--! Included moves/moves.sql
create table if not exists dpg_private.moves (
  network text not null,
  direction text not null,
  server text not null,
  step text not null,
  detail jsonb not null default '{}',
  started_at timestamptz not null default clock_timestamp(),
  changed_at timestamptz not null default clock_timestamp(),
  constraint moves_pkey primary key (network),
  constraint moves_direction_check check (direction in ('out', 'in'))
);

comment on table dpg_private.moves is
  'Networks that are moving from here (out) or to here (in): the record by which the command dpg-database move goes on
after it was ended in the middle. A row goes when the move is finished or aborted.';
comment on column dpg_private.moves.network is 'Network, exactly as given.';
comment on column dpg_private.moves.direction is 'out: to server. in: from server.';
comment on column dpg_private.moves.server is 'The other server, as in dpg.homes.';
comment on column dpg_private.moves.step is 'The step that was done last: see sdk/cli/move.';
comment on column dpg_private.moves.detail is 'What the command needs to go on. Holds no password.';
comment on column dpg_private.moves.started_at is 'When the move began.';
comment on column dpg_private.moves.changed_at is 'When the last step was done.';
comment on constraint moves_pkey on dpg_private.moves is 'One move of a network at a time.';
comment on constraint moves_direction_check on dpg_private.moves is 'The directions that there are.';
comment on index dpg_private.moves_pkey is 'For whoever creates a leaf: is the network moving?';

create table if not exists dpg_private.move_markers (
  network text not null,
  marker uuid not null,
  created_at timestamptz not null default clock_timestamp(),
  constraint move_markers_pkey primary key (network)
);

comment on table dpg_private.move_markers is
  'Rows that are replicated behind the rows of a network: where one has arrived, everything that was committed before it
has arrived, too.';
comment on column dpg_private.move_markers.network is
  'The network that moves, exactly as given; no text for the users, whom another subscription carries.';
comment on column dpg_private.move_markers.marker is 'Chosen anew by each who waits for it.';
comment on column dpg_private.move_markers.created_at is 'When it was written.';
comment on constraint move_markers_pkey on dpg_private.move_markers is 'One row of each network.';
comment on index dpg_private.move_markers_pkey is 'For who waits for a marker.';
--! EndIncluded moves/moves.sql
--! Included homes/check_here.sql
create or replace function dpg_private.check_home(network text)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  home dpg.homes;
  is_moving constant boolean := exists (
    select
    from dpg_private.moves m
    where m.network = check_home.network
      and m.direction = 'in'
  );
begin
  select h.* into home from dpg.homes h where h.network = check_home.network;
  if found then
    perform dpg_private.refuse_elsewhere(network, home.server, is_moving);
  end if;
end
$body$;

comment on function dpg_private.check_home(text) is 'Raises DP017 where the home of a network is another server.';

create or replace function dpg_private.refuse_elsewhere(network text, server text, is_moving boolean)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP017',
    message = dpg_private.text_for_client(
      case
        when is_moving then format('the network %L is about to live here, and is not open yet', network)
        else format('the network %L lives on another server: %s', network, server)
      end
    ),
    hint = dpg_private.text_for_client(
      case
        when is_moving then 'Repeat the call here in a moment.'
        else 'Repeat the call there. The SDK does so by itself.'
      end
    ),
    detail = dpg_private.text_for_client(
      (
        jsonb_build_object('network', network, 'server', server)
          || case when is_moving then '{"is_moving": true}' else '{}'::jsonb end
      )::text
    );
end
$body$;

comment on function dpg_private.refuse_elsewhere(text, text, boolean) is
  'Raises DP017. is_moving: the network is moving here, and its leaves are not open yet.';

create or replace function dpg_private.check_here(network text)
returns void
language sql
stable
parallel safe
security invoker
return case when network = any (dpg_private.moved_networks()) then dpg_private.check_home(network) end;

comment on function dpg_private.check_here(text) is
  'Raises DP017 where the home of a network is another server. Inlined: costs a comparison with a constant. The last of
the checks of a call, so that DP001 comes before it and everything else after.';

create or replace function dpg_private.check_still_here(network text)
returns void
language plpgsql
volatile -- as it is now
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if network = any (dpg_private.moved_networks()) then
    perform dpg_private.check_home(network);
    -- the snapshot is older than the row of dpg.homes
    raise serialization_failure using
      message = dpg_private.text_for_client(format('the network %L has moved meanwhile', network)),
      hint = 'Repeat the transaction.';
  end if;
end
$body$;

comment on function dpg_private.check_still_here(text) is
  'The same for who has written definitions or records, which have no leaf and so no trigger: what has waited for the
switch of a move would be lost, since the receiver has read them before. Called behind the last write. Raises DP017;
40001 in repeatable read and serializable.';
--! EndIncluded homes/check_here.sql
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
      and not p.is_closed
    offset 0 -- so that the name is looked up once, however often the leaf is used
  ) n
  -- a table that was detached, or that has the name of a dropped leaf, holds no rows of the root
  where pg_partition_root(n.leaf) = ('dpg.' || look_up_leaf_and_slot.root)::regclass;
end;

comment on function dpg_private.look_up_leaf_and_slot(text, text, text) is
  'The leaf of these keys and its slot, as a table of one row or none; none where it is closed. Stored parsed, so that
PostgreSQL inlines it into a statement that asks for more at the same time. Where only the leaf is needed, call
dpg_private.find_leaf.';

create or replace function dpg_private.find_open_leaf(root text, network text, key text)
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

comment on function dpg_private.find_open_leaf(text, text, text) is
  'The leaf of these keys; null when there is none, or when it is closed. With the pinned search path its text has the
schema, so it can stand in a dynamic statement. For lists over networks, which leave out those that live elsewhere.';

create or replace function dpg_private.find_leaf(root text, network text, key text)
returns regclass
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- as in dpg_private.find_open_leaf
as $body$
declare
  leaf constant regclass := (select l.leaf from dpg_private.look_up_leaf_and_slot(root, network, key) l);
begin
  if leaf is null then
    perform dpg_private.check_home(network);
  end if;
  return leaf;
end
$body$;

comment on function dpg_private.find_leaf(text, text, text) is
  'The leaf of these keys, as dpg_private.find_open_leaf; null when there is none. For a call that names the network.
Raises DP017.';
--! EndIncluded partitions/find_leaf.sql
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
      array_agg(
        coalesce(case when not p.is_closed then dpg_private.slot_key(p.network, coalesce(p.key, '')) end, '')
        order by n.slot
      ) as keys,
      array_agg(coalesce(p.name, '') order by n.slot) as leaves
    from unnest(array['items', 'item_actions', 'action_events']) t(root)
    cross join generate_series(1, case t.root when 'items' then 48 else 32 end) n(slot)
    left join dpg_private.partition_names p on p.root = t.root and p.slot = n.slot
    group by 1
  ) r
);

comment on function dpg_private.slots_sql() is
  'The statements that create dpg_private.slot_keys and dpg_private.slot_leaves: of each root the keys and the names of
the leaves that have a slot, in the order of their slots; of closed leaves the name alone. As constants they are part of
an expression. To read them from dpg_private.partition_names takes as long as the row that a call is about.';

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
            'slot_keys',
            case when l.is_closed then '' else dpg_private.slot_key(l.network, coalesce(l.key, '')) end,
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
      and not p.is_closed
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
--! Included partitions/lock_leaves.sql
create or replace function dpg_private.lock_leaves(
  leaves regclass[],
  network text,
  key text,
  problem text,
  longest_wait interval default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  caller_timeout constant text := current_setting('lock_timeout');
  give_up_after constant interval :=
    coalesce(longest_wait, interval '1 second' * dpg_private.limit_of('partition_lock_seconds'));
  give_up_at constant timestamptz := clock_timestamp() + give_up_after;
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
              problem, leaf, trim_scale(extract(epoch from give_up_after))
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

comment on function dpg_private.lock_leaves(regclass[], text, text, text, interval) is
  'Locks leaves of items (SHARE ROW EXCLUSIVE: writers wait, readers do not) so that their triggers can change, and
nobody writes by the former ones. All or none, for a short time, again and again, so that no long queue of writers comes
about. network and key are for the refusal, and problem begins its message.
Raises DP010 after longest_wait, or partition_lock_seconds of dpg.limits.';
--! EndIncluded partitions/lock_leaves.sql
--! Included partitions/ensure_leaf.sql
create or replace function dpg_private.check_not_moving(root text, network text, key text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  move dpg_private.moves;
begin
  select m.* into move from dpg_private.moves m where m.network = check_not_moving.network and m.direction = 'out';
  if found then
    perform dpg_private.refuse_partition(
      root, network, key,
      format('the network is moving to %s, which has no such partition', move.server),
      'Repeat the call when the move has ended; an administrator sees by dpg-database move --status how far it is.',
      jsonb_build_object('reason', 'moving', 'server', move.server)
    );
  end if;
end
$body$;

comment on function dpg_private.check_not_moving(text, text, text) is
  'Raises DP010 where the network of a new leaf is moving to another server: rows of the leaf would find no leaf there,
and stop the replication. Called under the lock of dpg_private.take_partition_turn, which the beginning of a move takes,
too.';

create or replace function dpg_private.create_leaf(root text, network text, key text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  parent text;
  name text;
begin
  perform dpg_private.check_not_moving(root, network, key);
  parent := dpg_private.ensure_network_partition(root, network, key);
  name := dpg_private.create_partition_table(root, network, key);
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
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_here(item_network);
  perform dpg_private.check_domain_declared(item_network, item_domain);
  return dpg_private.ensure_leaf('items', item_network, item_domain);
end
$body$;

comment on function dpg.ensure_item_partition(text, text) is
  'Creates the partition for the items of a network and domain when it is missing. Returns the leaf, the table
that holds the rows. Safe under any concurrency; blocks no reader.
The locks of a new partition last until the transaction ends. So create partitions in a transaction of their
own.
Raises DP001, DP010, DP014.
Example: select dpg.ensure_item_partition(''yellow_dot'', ''student'') -- dpg.i_p_yellowdot_student';
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
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_here(partition_network);
  perform dpg_private.check_action_type_declared('item_actions', partition_network, action_type);
  return dpg_private.ensure_leaf('item_actions', partition_network, action_type);
end
$body$;

comment on function dpg.ensure_action_partition(text, text) is
  'Creates the partition for the actions of a network and action type when it is missing. Returns the leaf, the
table that holds the rows. Safe under any concurrency; blocks no reader.
The locks of a new partition last until the transaction ends. So create partitions in a transaction of their
own.
Raises DP001, DP010, DP014.
Example: select dpg.ensure_action_partition(''yellow_dot'', ''connect'') -- dpg.a_p_yellowdot_connect';
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
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_here(partition_network);
  perform dpg_private.check_action_type_declared('action_events', partition_network, action_type);
  return dpg_private.ensure_leaf('action_events', partition_network, action_type);
end
$body$;

comment on function dpg.ensure_action_event_partition(text, text) is
  'Creates the partition for the events of a network and action type when it is missing. Returns the leaf, the
table that holds the rows. Safe under any concurrency; blocks no reader.
The locks of a new partition last until the transaction ends. So create partitions in a transaction of their
own.
Raises DP001, DP010, DP014.
Example: select dpg.ensure_action_event_partition(''yellow_dot'', ''connect'') -- dpg.e_p_yellowdot_connect';
--! EndIncluded partitions/ensure_action_event_partition.sql
--! Included partitions/partitions.sql
create or replace view dpg.partitions as
select
  p.root,
  p.network,
  p.key,
  c.oid::regclass as leaf,
  -- the planner's estimate; for a table that was never analysed, the running count
  case when c.reltuples >= 0 then c.reltuples::bigint else pg_stat_get_live_tuples(c.oid) end as estimated_rows,
  pg_total_relation_size(c.oid) as bytes
from dpg_private.partition_names p
join pg_class c on c.oid = to_regclass('dpg.' || p.name)
where p.key is not null
  and pg_partition_root(c.oid) = ('dpg.' || p.root)::regclass;

comment on view dpg.partitions is 'Every leaf: a partition of the lowest level, the table that holds rows.';
comment on column dpg.partitions.root is 'Root table: items, item_actions or action_events.';
comment on column dpg.partitions.network is 'Network, exactly as given.';
comment on column dpg.partitions.key is 'Domain (items) or action type (actions, events), exactly as given.';
comment on column dpg.partitions.leaf is 'The table that holds the rows.';
comment on column dpg.partitions.estimated_rows is 'Rows as last estimated; not exact. On a standby 0 for a leaf
that was never analysed: only the primary counts them.';
comment on column dpg.partitions.bytes is 'Size on disk with indexes and oversized values, in bytes.';
--! EndIncluded partitions/partitions.sql
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
  perform dpg_private.check_here(named ->> 'name');

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
  -- the writes may have waited for the switch of a move
  perform dpg_private.check_still_here(named ->> 'name');
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
  perform
    dpg_private.check_key('network', network),
    dpg_private.check_here(network);
  delete from dpg.networks n
  where n.network = unregister_network.network;
  was_registered := found;
  perform dpg_private.register_rules(network, null);
  -- the writes may have waited for the switch of a move
  perform dpg_private.check_still_here(network);
  return was_registered;
end
$body$;

comment on function dpg.unregister_network(text) is
  'For dpg_admin. Takes back the registration of a network, so that the network is open again, and the rules that
its document set. Returns false when it was not registered.
Raises DP001.
Example: select dpg.unregister_network(''yellow_dot'')';
--! EndIncluded networks/unregister_network.sql
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
    dpg_private.check_key_or_none('item_status', item_status),
    dpg_private.check_here(item_network)
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
  perform dpg_private.check_here(r.item_network) from (select distinct u.item_network from unnest(rows) u) r;
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
    dpg_private.check_key('initial_status', initial_status),
    dpg_private.check_here(item_network);

  if statuses is null then
    delete from dpg.item_definitions d
    where d.item_network = define_item.item_network
      and d.item_domain = define_item.item_domain;
    -- the writes may have waited for the switch of a move
    perform dpg_private.check_still_here(item_network);
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
  -- the writes may have waited for the switch of a move
  perform dpg_private.check_still_here(item_network);
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
    dpg_private.check_page_size(page_size),
    dpg_private.check_here(item_network)
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
    cross join lateral (select dpg_private.find_open_leaf('items', o.item_network, o.item_domain) as leaf) l
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
    dpg_private.check_page_size(page_size),
    dpg_private.check_here(item_network);
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
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters),
    dpg_private.check_here(item_network)
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
    dpg_private.check_page_size(page_size),
    dpg_private.check_here(item_network)
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
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters),
    dpg_private.check_here(item_network);
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
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters),
    dpg_private.check_here(item_network);
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
    dpg_private.check_language(language),
    dpg_private.check_here(item_network);
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
    dpg_private.check_page_size(page_size),
    dpg_private.check_here(item_network);
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
  perform dpg_private.check_here(proposed.partition_network);
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
  perform
    dpg_private.check_key('network', network),
    dpg_private.check_here(network);
  if rules is not null then
    perform dpg_private.check_rules(rules, array['max_open_per_pair', 'different_owners', 'max_items_per_owner']);
  end if;
  perform dpg_private.take_turns(array[dpg_private.turn_of_rules(network)]);
  select n.* into stored from dpg.network_rules n where n.network = define_network.network;
  perform dpg_private.store_network_rules(network, nullif(rules, '{}'), stored.registered_rules);
  -- the writes may have waited for the switch of a move
  perform dpg_private.check_still_here(network);
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
    dpg_private.check_key('initial_status', initial_status),
    dpg_private.check_here(partition_network);

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
  -- the writes may have waited for the switch of a move
  perform dpg_private.check_still_here(partition_network);
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
    end,
    dpg_private.check_here(target.item_network),
    dpg_private.check_here(source.item_network)
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
    dpg_private.check_key_or_none('performed_by', performed_by),
    dpg_private.check_here(target.item_network)
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
    dpg_private.find_open_leaf('items', i.item_network, i.item_domain),
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
        and l.partition_network <> all (dpg_private.moved_networks())
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
       where a.partition_network <> all (dpg_private.moved_networks()) and %s%s%s%s',
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
    dpg_private.check_page_size(page_size),
    dpg_private.check_here(partition_network)
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
      case
        when n.item_network <> all (dpg_private.moved_networks())
          then dpg_private.find_leaf_by_slot('items', n.slot, n.item_network, n.item_domain)
      end as leaf
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
          and a.partition_network <> all (dpg_private.moved_networks())
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
          and a.partition_network <> all (dpg_private.moved_networks())
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
    dpg_private.check_key_or_none('action_type', action_type),
    dpg_private.check_here(partition_network);
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
        and m.partition_network <> all (dpg_private.moved_networks())
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
  perform dpg_private.check_here(i.item_network) from (select distinct u.item_network from unnest(items) u) i;

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
    dpg_private.check_count_or_none('update_count', update_count),
    dpg_private.check_here(partition_network)
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
      select dpg_private.find_open_leaf('items', p.network, p.key) as leaf, p.name,
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
  -- One search for each leaf, by the primary key. A leaf that is not found by its name may be closed, or renamed:
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
      select dpg_private.find_open_leaf('items', c.item_network, c.item_domain) as leaf, c.item_network, c.item_domain,
        array_agg(c."position") as positions, array_agg(c.item_type) as types, array_agg(c.item_id) as ids
      from dpg_private.item_changes c
      where c.follower = find_changes_at.follower
        and c."position" = any (find_changes_at.positions)
      group by c.item_network, c.item_domain
    ) l
  loop
    begin
      -- A leaf that is not found by its name may be closed, or renamed: PostgreSQL finds it from the root, by its
      -- bound. The columns are named, because an application may add others to the table.
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
  -- A standby may be hours behind: what was read on the primary since then it does not know.
  case
    when not pg_is_in_recovery() then coalesce(s.leased_until > clock_timestamp(), false)
  end as is_leased,
  -- Nobody has read or acknowledged for an hour, and there was something to read for as long.
  case
    when not pg_is_in_recovery() then coalesce(
      greatest(s.created_at, s.leased_at, s.acknowledged_at, lag.oldest_at) < clock_timestamp() - interval '1 hour',
      false
    )
    and lag.lag_events > 0
  end as is_dead,
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
    -- the locks of the primary are not seen on a standby, and its own hold back nobody
    and not pg_is_in_recovery()
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
snapshot is_leased, is_dead and held_back_by do not belong to the rows beside them. On a standby it tells what that has
replayed: lag_events and lag_seconds may be off by as much as the standby is behind. What only the primary knows is null
there: is_leased, is_dead, held_back_by_pid, held_back_by and held_back_seconds, which say nothing on a standby.';
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
  'Whether a reader works on a batch, or the batch waits for its next try; null on a standby, which does not know.';
comment on column dpg.subscription_status.is_dead is
  'Whether nobody has read or acknowledged for an hour although there was something to read: its reader is gone.
Nothing is lost. Drop the subscription if no reader will come back. Null on a standby, which does not know.';
comment on column dpg.subscription_status.dead_events is
  'How many events were given up: rows of dpg.failed_events that dpg.retry_events can revive.';
comment on column dpg.subscription_status.last_error is 'The last error that a reader has reported.';
comment on column dpg.subscription_status.last_error_at is 'When.';
comment on column dpg.subscription_status.held_back_by_pid is
  'The server process whose open transaction holds back the feed or the subscription; null when there is none, and on a
standby.';
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
    dpg_private.check_reason(reason),
    dpg_private.check_here(partition_network);

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
    perform dpg_private.check_still_here(partition_network);
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
  perform dpg_private.check_still_here(partition_network);
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
  perform dpg_private.check_here(proposed.partition_network);
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
  perform dpg_private.check_still_here(proposed.partition_network);
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
--! Included users/home_owners.sql
create table if not exists dpg_private.home_owners (
  note uuid not null default gen_random_uuid(),
  owner text not null,
  item_network text not null,
  item_domain text not null,
  constraint home_owners_pkey primary key (note)
);

create index if not exists home_owners_owner_idx
on dpg_private.home_owners (owner);

comment on table dpg_private.home_owners is
  'Who owns items on a home to which the users are only copied: a row for each row of dpg_private.owner_leaves there,
replicated to the home of the users (dpg_owners), where it keeps them from being deleted. Empty where all networks have
one home.';
comment on column dpg_private.home_owners.note is
  'Tells apart what two homes have noted, and what two transactions at once have noted twice.';
comment on column dpg_private.home_owners.owner is 'The user: created_by of an item.';
comment on column dpg_private.home_owners.item_network is 'Network of the item.';
comment on column dpg_private.home_owners.item_domain is 'Domain of the item.';
comment on constraint home_owners_pkey on dpg_private.home_owners is 'By which replication finds the row again.';
comment on index dpg_private.home_owners_pkey is 'For replication.';
comment on index dpg_private.home_owners_owner_idx is 'For who deletes a user.';

create or replace function dpg_private.note_home_owner()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if tg_op = 'INSERT' then
    insert into dpg_private.home_owners (owner, item_network, item_domain)
    values (new.owner, new.item_network, new.item_domain);
  else
    delete from dpg_private.home_owners h
    where h.owner = old.owner
      and h.item_network = old.item_network
      and h.item_domain = old.item_domain;
  end if;
  return null;
end
$body$;

comment on function dpg_private.note_home_owner() is
  'Trigger of dpg_private.owner_leaves on a home to which the users are only copied: keeps dpg_private.home_owners, from
which the home of the users hears of it. Fires for what is replicated here as well.';

create or replace function dpg_private.find_other_homes(owner text)
returns table (network text, server text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return query
    select distinct o.item_network, h.server
    from dpg_private.home_owners o
    left join dpg.homes h on h.network = o.item_network
    where o.owner = find_other_homes.owner
      -- a network that was moved back has a foreign key here again
      and not exists (
        select
        from dpg_private.partition_names p
        where p.root = 'items'
          and p.network = o.item_network
          and p.key is not null
          and not p.is_closed
          and pg_partition_root(to_regclass('dpg.' || p.name)) is not null
      )
    order by o.item_network;
end
$body$;

comment on function dpg_private.find_other_homes(text) is
  'On the home of the users: the networks on other homes in which a user has, or has had, items, and where they live;
server is null where dpg.homes does not say it.';

create or replace function dpg_private.refuse_owner_elsewhere()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  homes jsonb;
begin
  if tg_op = 'UPDATE' and new.id = old.id
    or not exists (select from dpg_private.home_owners o where o.owner = old.id) -- nearly everybody
  then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  select jsonb_agg(jsonb_build_object('network', f.network, 'server', f.server))
  into homes
  from dpg_private.find_other_homes(old.id) f;
  if homes is null then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  raise foreign_key_violation using
    message = dpg_private.text_for_client(format(
      'user %L has items on another server: %s', old.id,
      (
        select string_agg(
          format(
            'network %L on %s', h.home ->> 'network', coalesce(h.home ->> 'server', 'a server that dpg.homes lacks')
          ),
          ', '
        )
        from jsonb_array_elements(homes) h(home)
      )
    )),
    hint = dpg_private.text_for_client(format(
      'Run dpg.erase_user for %L on each of these servers; the user can be deleted here as soon as this server has '
        'heard of it.', old.id
    )),
    detail = dpg_private.text_for_client(jsonb_build_object('user_id', old.id, 'homes', homes)::text),
    schema = 'public',
    table = 'user';
end
$body$;

comment on function dpg_private.refuse_owner_elsewhere() is
  'Trigger of public."user" on the home of the users: what the foreign key of dpg.items does for items that are here, it
does for those of networks that live elsewhere. Refuses to delete their owner, or to change the id (23503).';

create or replace function dpg_private.guard_users()
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (
    select
    from pg_trigger t
    where t.tgrelid = 'public."user"'::regclass
      and t.tgname = 'user_owns_elsewhere'
  ) then
    return;
  end if;
  -- by execute: not every database has it, and doctor takes what stands here as a statement for what each one has
  execute
    'create trigger user_owns_elsewhere before delete or update of id on public."user" for each row '
      'execute function dpg_private.refuse_owner_elsewhere()';
  comment on trigger user_owns_elsewhere on public."user" is
    'Users who own items of a network that lives on another server are not deleted (23503).';
end
$body$;

comment on function dpg_private.guard_users() is
  'On the home of the users, when the first network moves away: a user who has items elsewhere can no longer be deleted.
Locks public."user" (SHARE ROW EXCLUSIVE) where the trigger is missing. The caller owns that table, or may create
triggers on it. Every other home has called dpg_private.guard_copied_users, publishes dpg_private.home_owners, and is
subscribed to here.';
--! EndIncluded users/home_owners.sql
--! Included users/kept_users.sql
create table if not exists dpg_private.kept_users (
  id text not null,
  kept_at timestamptz not null default clock_timestamp(),
  constraint kept_users_pkey primary key (id)
);

comment on table dpg_private.kept_users is
  'Users who were deleted on their home while they owned items here. Replication checks no foreign key, so a trigger has
kept their rows, without what they said of the user. doctor reports them: erase such a user here, then delete the row.';
comment on column dpg_private.kept_users.id is 'The user.';
comment on column dpg_private.kept_users.kept_at is 'When the row was kept.';
comment on constraint kept_users_pkey on dpg_private.kept_users is 'A user once.';
comment on index dpg_private.kept_users_pkey is 'For replication, which may bring a user of that id again.';

create or replace function dpg_private.owns_items(owner text)
returns boolean
language plpgsql
volatile -- as it is now: what has waited for the row of the user sees what it has waited for
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  is_found boolean;
begin
  for leaf in
    select distinct to_regclass('dpg.' || p.name)
    from dpg_private.owner_leaves o
    join dpg_private.partition_names p
      on p.root = 'items'
      and p.network = o.item_network
      and p.key = o.item_domain
    where o.owner = owns_items.owner
      and pg_partition_root(to_regclass('dpg.' || p.name)) = 'dpg.items'::regclass
  loop
    execute format('select exists (select from %s i where i.created_by = $1)', leaf)
    into is_found
    using owner;
    if is_found then
      return true;
    end if;
  end loop;
  return false;
end
$body$;

comment on function dpg_private.owns_items(text) is
  'Whether a user owns items here, in closed leaves as well.';

create or replace function dpg_private.blank_user(id text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  blanks text;
begin
  select string_agg(
    format(
      '%I = %s', a.attname,
      case when a.attnotnull then format('$2::%s', format_type(a.atttypid, a.atttypmod)) else 'null' end
    ),
    ', ' order by a.attnum
  )
  into blanks
  from pg_attribute a
  join pg_type t on t.oid = a.atttypid
  where a.attrelid = 'public."user"'::regclass
    and a.attnum > 0
    and not a.attisdropped
    and a.attgenerated = ''
    and a.attidentity = ''
    and a.attname <> 'id'
    and (not a.attnotnull or t.typcategory = 'S');
  if blanks is not null then
    execute format('update public."user" u set %s where u.id = $1', blanks)
    using id, 'deleted-' || md5(id) || '@invalid';
  end if;
exception
  when integrity_constraint_violation or data_exception or raise_exception then
    -- a rule of the application: the row stays as it is, and replication goes on
    null;
end
$body$;

comment on function dpg_private.blank_user(text) is
  'Takes name, e-mail and whatever else is text or may be null out of the row of a user. So somebody who signs up with
the same e-mail afterwards does not meet the row.';

create or replace function dpg_private.keep_owner()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if tg_op = 'INSERT' then
    if new.id = dpg_private.tombstone()
      and exists (select from public."user" u where u.id = new.id)
    then
      return null; -- erase_user has created it here as well
    end if;
    if exists (select from dpg_private.kept_users k where k.id = new.id) then
      -- a user of the same id was created again: the row that was kept gives way
      delete from public."user" u where u.id = new.id;
      delete from dpg_private.kept_users k where k.id = new.id;
    end if;
    return new;
  end if;

  if exists (select from dpg_private.kept_users k where k.id = old.id)
    or not dpg_private.owns_items(old.id)
  then
    return old;
  end if;
  perform dpg_private.blank_user(old.id);
  insert into dpg_private.kept_users (id) values (old.id);
  return null;
end
$body$;

comment on function dpg_private.keep_owner() is
  'Trigger of public."user" on a home to which the users are only copied, for what replication does alone: a user who
owns items here is not deleted but kept, without name and e-mail. So no item is left without its owner, and replication
goes on.';

create or replace function dpg_private.guard_copied_users()
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not exists (
    select
    from pg_trigger t
    where t.tgrelid = 'public."user"'::regclass
      and t.tgname = 'user_keep_owner'
  ) then
    -- by execute, as in dpg_private.guard_users
    execute
      'create trigger user_keep_owner before insert or delete on public."user" for each row '
        'execute function dpg_private.keep_owner()';
    alter table public."user" enable replica trigger user_keep_owner;
    comment on trigger user_keep_owner on public."user" is
      'Of what replication brings: a user who owns items here is kept when the home of the users deletes the row.';
  end if;

  if not exists (
    select
    from pg_trigger t
    where t.tgrelid = 'dpg_private.owner_leaves'::regclass
      and t.tgname = 'owner_leaves_note_home_owner'
  ) then
    execute
      'create trigger owner_leaves_note_home_owner after insert or delete on dpg_private.owner_leaves for each row '
        'execute function dpg_private.note_home_owner()';
    -- what replication writes fires the trigger that notes owners, which fires this one
    execute 'alter table dpg_private.owner_leaves enable always trigger owner_leaves_note_home_owner';
    comment on trigger owner_leaves_note_home_owner on dpg_private.owner_leaves is
      'Keeps dpg_private.home_owners, by which the home of the users learns who owns items here.';
    insert into dpg_private.home_owners (owner, item_network, item_domain)
    select o.owner, o.item_network, o.item_domain
    from dpg_private.owner_leaves o;
  end if;
end
$body$;

comment on function dpg_private.guard_copied_users() is
  'On a home to which the users are only copied, before it subscribes to them: keeps users who own items here, and notes
who does, for the home of the users. Locks public."user" and dpg_private.owner_leaves (SHARE ROW EXCLUSIVE) where the
triggers are missing. The caller owns public."user", or may create triggers on it.';

create or replace function dpg_private.unguard_copied_users()
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  drop trigger if exists user_keep_owner on public."user";
  drop trigger if exists owner_leaves_note_home_owner on dpg_private.owner_leaves;
  delete from dpg_private.home_owners;
end
$body$;

comment on function dpg_private.unguard_copied_users() is
  'Takes away what dpg_private.guard_copied_users has created, where nobody owns items yet: when the first move to a
server is aborted. Locks public."user" and dpg_private.owner_leaves (ACCESS EXCLUSIVE).';
--! EndIncluded users/kept_users.sql
--! Included moves/take_searches.sql
create or replace function dpg_private.take_searches(network text, contents jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  changed record;
  leaf regclass;
begin
  for changed in
    select coalesce(s.item_domain, w.item_domain) as item_domain
    from (
      select i.* from dpg.item_searches i where i.item_network = take_searches.network
    ) s
    full join jsonb_to_recordset(contents -> 'item_searches')
      w(item_domain text, item_type text, fields text[], language text) using (item_domain, item_type)
    where (s.fields, s.language) is distinct from (w.fields, w.language)
    group by 1
    order by 1
  loop
    insert into dpg_private.searched_domains as d
    values (network, changed.item_domain, 1)
    on conflict on constraint searched_domains_pkey do update
    set version = d.version + 1;
    delete from dpg.item_searches s
    where s.item_network = take_searches.network
      and s.item_domain = changed.item_domain;
    leaf := (
      select to_regclass('dpg.' || p.name)
      from dpg_private.partition_names p
      where p.root = 'items'
        and p.network = take_searches.network
        and p.key = changed.item_domain
        and pg_partition_root(to_regclass('dpg.' || p.name)) = 'dpg.items'::regclass
    );
    insert into dpg.item_searches
    select take_searches.network, w.item_domain, w.item_type, w.fields, w.language, d.version,
      leaf is null or not dpg_private.may_have_items(leaf, w.item_type)
    from jsonb_to_recordset(contents -> 'item_searches')
      w(item_domain text, item_type text, fields text[], language text)
    join dpg_private.searched_domains d on d.item_network = take_searches.network and d.item_domain = w.item_domain
    where w.item_domain = changed.item_domain;
    if leaf is not null then
      perform dpg_private.keep_words(network, changed.item_domain, leaf);
    end if;
  end loop;
end
$body$;

comment on function dpg_private.take_searches(text, jsonb) is
  'On the receiver: makes the searches of a network what contents (dpg_private.network_contents) says. In a leaf that
has rows already, dpg.refresh_search has work afterwards in the domains that have changed.';
--! EndIncluded moves/take_searches.sql
--! Included moves/close_network.sql
create or replace function dpg_private.refuse_closed()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- what the law demands reaches what is left here, until the move is finished
  if tg_op <> 'INSERT'
    and exists (
      select
      from dpg.redactions r
      where r.transaction_id = pg_current_xact_id_if_assigned()
        -- in a restored database the numbers of transactions begin again
        and r.redacted_at >= transaction_timestamp()
        and r.kind in ('user', 'move')
    )
  then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  perform dpg_private.refuse_elsewhere(tg_argv[0], tg_argv[1], tg_argv[2] = 'in');
  return null;
end
$body$;

comment on function dpg_private.refuse_closed() is
  'Trigger of a closed leaf: refuses to write (DP017), but for an erasure, or a move from user to user, that is on
record. Its arguments are the network, its server, and in where it is moving here: a writer that has waited for the lock
of who closed the leaf may have an older snapshot. What logical replication applies does not fire it.';

create or replace function dpg_private.close_leaf(leaf regclass, network text, server text, direction text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  execute format(
    'create or replace trigger network_closed before insert or update or delete on %s for each row '
      'execute function dpg_private.refuse_closed(%L, %L, %L)',
    leaf, network, server, direction
  );
  execute format('alter table %s enable trigger network_closed', leaf);
  execute format(
    'comment on trigger network_closed on %s is %L', leaf, 'The home of the network is another server (DP017).'
  );
end
$body$;

comment on function dpg_private.close_leaf(regclass, text, text, text) is
  'Creates the trigger by which nobody writes in a leaf any more. Locks the leaf (SHARE ROW EXCLUSIVE).';

create or replace function dpg_private.set_closed(network text, is_closed boolean)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  update dpg_private.partition_names p
  set is_closed = set_closed.is_closed
  where p.network = set_closed.network
    and p.is_closed <> set_closed.is_closed;
  perform dpg_private.create_slot_functions(r.root)
  from unnest(array['items', 'item_actions', 'action_events']) r(root);
end
$body$;

comment on function dpg_private.set_closed(text, boolean) is
  'Takes the leaves of a network out of the sight of calls, or puts them back. Called under the lock of
dpg_private.take_partition_turn.';

create or replace function dpg_private.find_leaves_of_network(network text)
returns table (root text, key text, leaf regclass)
language plpgsql
volatile -- as it is now
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return query
    select p.root, p.key, to_regclass('dpg.' || p.name)
    from dpg_private.partition_names p
    where p.network = find_leaves_of_network.network
      and p.key is not null
      and pg_partition_root(to_regclass('dpg.' || p.name)) = to_regclass('dpg.' || p.root)
    order by array_position(array['items', 'item_actions', 'action_events'], p.root), p.key collate "C";
end
$body$;

comment on function dpg_private.find_leaves_of_network(text) is
  'The leaves of a network, closed ones too: of items, of actions, of events.';

create or replace function dpg_private.lock_network(network text, milliseconds integer)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.take_partition_turn('items', network, null);
  perform dpg_private.lock_leaves(
    array(select l.leaf from dpg_private.find_leaves_of_network(network) l)
      || array[
        'dpg.networks', 'dpg.network_rules', 'dpg.action_definitions', 'dpg.item_definitions', 'dpg.item_searches',
        'dpg.redactions', 'dpg.differing_events'
      ]::regclass[],
    network, null, format('the network %L cannot be closed', network), make_interval(secs => milliseconds / 1000.0)
  );
end
$body$;

comment on function dpg_private.lock_network(text, integer) is
  'Locks the leaves of a network and the tables of definitions and records (SHARE ROW EXCLUSIVE), all or none, so that
nobody writes there until the transaction ends. Gives up after so many milliseconds: DP010, whose DETAIL has blocked_by.
Then it waits for nobody, and no writer waits for it, for longer than lock_leaves says.';

create or replace function dpg_private.close_network(network text, server text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.close_leaf(l.leaf, close_network.network, close_network.server, 'out')
  from dpg_private.find_leaves_of_network(network) l;
  perform dpg_private.set_closed(network, true);
  insert into dpg.homes (network, server)
  values (close_network.network, close_network.server);
  perform dpg_private.note_step(network, 'closed');
end
$body$;

comment on function dpg_private.close_network(text, text) is
  'On the sender, behind dpg_private.lock_network in the same transaction: from its commit on calls for the network are
DP017, those that have waited for the locks as well.';
--! EndIncluded moves/close_network.sql
--! Included moves/begin_move.sql
create or replace function dpg_private.note_step(network text, step text, detail jsonb default '{}')
returns dpg_private.moves
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  noted dpg_private.moves;
begin
  update dpg_private.moves m
  set step = note_step.step,
    detail = m.detail || note_step.detail,
    changed_at = clock_timestamp()
  where m.network = note_step.network
  returning * into noted;
  return noted;
end
$body$;

comment on function dpg_private.note_step(text, text, jsonb) is
  'Notes the step of a move that was just done; detail is added to what is noted already.';

create or replace function dpg_private.begin_move(network text, server text)
returns dpg_private.moves
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  move dpg_private.moves;
begin
  perform
    dpg_private.check_key('network', network),
    dpg_private.check_here(network);

  -- lock: whoever is creating a leaf; from here on check_not_moving refuses
  perform dpg_private.take_partition_turn('items', network, null);

  select m.* into move from dpg_private.moves m where m.network = begin_move.network;
  if not found then
    insert into dpg_private.moves (network, direction, server, step)
    values (begin_move.network, 'out', begin_move.server, 'begun')
    returning * into move;
  elsif move.server <> server then
    perform dpg_private.refuse_argument(
      'server', to_jsonb(server), 'is not where the network is moving',
      format('A move to %s is under way: go on with it, or end it by --abort.', move.server)
    );
  end if;
  return move;
end
$body$;

comment on function dpg_private.begin_move(text, text) is
  'On the sender: notes that a network is moving to a server, and returns the record; the one that is there already
where the move was begun before. From then on no leaf of the network is created (DP010). Raises DP001, DP010, DP017.';
--! EndIncluded moves/begin_move.sql
--! Included moves/network_contents.sql
create or replace function dpg_private.network_contents(network text)
returns jsonb
language plpgsql
volatile -- so that each part is read as it is now
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return jsonb_build_object(
    'network', network,
    'page_seal', (select p.seal from dpg_private.page_seal p),
    'leaves', (
      select coalesce(
        jsonb_agg(
          jsonb_build_object('root', p.root, 'key', p.key)
          order by array_position(array['items', 'item_actions', 'action_events'], p.root), p.key collate "C"
        ),
        '[]'
      )
      from dpg_private.partition_names p
      where p.network = network_contents.network
        and p.key is not null
        and pg_partition_root(to_regclass('dpg.' || p.name)) is not null
    ),
    'mirrored_leaves', (
      select coalesce(jsonb_agg(m.key), '[]')
      from dpg_private.mirrored_leaves m
      where m.network = network_contents.network
    ),
    'networks', (
      select coalesce(jsonb_agg(to_jsonb(n)), '[]') from dpg.networks n where n.network = network_contents.network
    ),
    'network_rules', (
      select coalesce(jsonb_agg(to_jsonb(r)), '[]') from dpg.network_rules r where r.network = network_contents.network
    ),
    'action_definitions', (
      select coalesce(jsonb_agg(to_jsonb(d)), '[]')
      from dpg.action_definitions d
      where d.partition_network = network_contents.network
    ),
    'item_definitions', (
      select coalesce(jsonb_agg(to_jsonb(d)), '[]')
      from dpg.item_definitions d
      where d.item_network = network_contents.network
    ),
    'item_searches', (
      select coalesce(
        jsonb_agg(
          jsonb_build_object(
            'item_domain', s.item_domain, 'item_type', s.item_type, 'fields', s.fields, 'language', s.language
          )
        ),
        '[]'
      )
      from dpg.item_searches s
      where s.item_network = network_contents.network
    ),
    'subscriptions', (
      select coalesce(
        jsonb_agg(
          jsonb_build_object(
            'subscription', s.subscription, 'kind', s.kind, 'partition_network', s.partition_network,
            'action_type', s.action_type, 'source_item_instance_url', s.source_item_instance_url,
            'item_network', s.item_network, 'item_domain', s.item_domain, 'item_type', s.item_type
          )
          order by s.subscription collate "C"
        ),
        '[]'
      )
      from dpg.subscriptions s
      where coalesce(s.partition_network, s.item_network, network_contents.network) = network_contents.network
    ),
    'instance_urls', (
      select coalesce(jsonb_agg(distinct s.instance_url), '[]') from dpg_private.instance_url_sightings s
    ),
    'peer_urls', (select coalesce(jsonb_agg(distinct s.instance_url), '[]') from dpg_private.peer_url_sightings s),
    'redactions', (
      select coalesce(
        jsonb_agg(to_jsonb(r) || jsonb_build_object('differing', to_jsonb(d)) order by r.redaction_id), '[]'
      )
      from dpg.redactions r
      left join dpg.differing_events d on d.redaction_id = r.redaction_id
      where r.partition_network = network_contents.network
        or r.kind = 'move'
    )
  );
end
$body$;

comment on function dpg_private.network_contents(text) is
  'All that belongs to a network but its rows in the roots, as one document: its leaves, its registered document, rules,
definitions, searches, the subscriptions that cover it, the URLs of this instance and of others, and what is on record
of its events and of items that were moved from user to user.';
--! EndIncluded moves/network_contents.sql
--! Included moves/receive_network.sql
create or replace function dpg_private.receive_leaf(root text, network text, key text, server text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass := (
    select to_regclass('dpg.' || p.name)
    from dpg_private.partition_names p
    where p.root = receive_leaf.root
      and p.network = receive_leaf.network
      and p.key = receive_leaf.key
      and pg_partition_root(to_regclass('dpg.' || p.name)) = to_regclass('dpg.' || receive_leaf.root)
  );
begin
  if leaf is not null then
    return leaf;
  end if;
  leaf := dpg_private.create_leaf(root, network, key);
  perform dpg_private.close_leaf(leaf, network, server, 'in');
  -- What is applied fires triggers that are "always" alone.
  execute format(
    'alter table %s enable always trigger %I', leaf,
    case root
      when 'items' then 'items_note_owner'
      when 'item_actions' then 'item_actions_note_parties'
      else 'action_events_note_parties'
    end
  );
  -- An erasure or a redaction of the sender is applied as well; the trigger network_closed keeps everybody else out.
  if root = 'action_events' then
    execute format('alter table %s disable trigger action_events_immutable', leaf);
  end if;
  -- A vacuum under way would hold up who opens the network.
  execute format('alter table %s set (autovacuum_enabled = false)', leaf);
  return leaf;
end
$body$;

comment on function dpg_private.receive_leaf(text, text, text, text) is
  'Creates a leaf into which logical replication writes and nobody else; returns the one that is there already. Called
under the lock of dpg_private.take_partition_turn.';

create or replace function dpg_private.receive_network(network text, server text, contents jsonb)
returns dpg_private.moves
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  move dpg_private.moves;
  had_home boolean;
begin
  perform dpg_private.check_key('network', network);
  perform dpg_private.take_partition_turn('items', network, null);
  select m.* into move from dpg_private.moves m where m.network = receive_network.network;
  if found and (move.direction, move.server) <> ('in', server) then
    perform dpg_private.refuse_argument(
      'network', to_jsonb(network), 'is moving already',
      format('End its move to or from %s first: --status says how far it is.', move.server)
    );
  elsif not found then
    had_home := exists (select from dpg.homes h where h.network = receive_network.network);
    insert into dpg_private.moves (network, direction, server, step, detail)
    values (
      receive_network.network, 'in', receive_network.server, 'begun', jsonb_build_object('had_home', had_home)
    )
    returning * into move;
    -- refuses where the network lives here
    insert into dpg.homes (network, server)
    values (receive_network.network, receive_network.server)
    on conflict on constraint homes_pkey do update
    set server = excluded.server;
  end if;

  -- Pages go on after the move, where nobody has a token of this server yet.
  if not exists (select from dpg_private.partition_names p where p.key is not null and not p.is_closed) then
    update dpg_private.page_seal p
    set seal = (contents ->> 'page_seal')::uuid
    where p.seal <> (contents ->> 'page_seal')::uuid;
  end if;

  -- words are kept from the first row on
  perform dpg_private.take_searches(network, contents);
  perform dpg_private.receive_leaf(l.root, receive_network.network, l.key, receive_network.server)
  from jsonb_to_recordset(contents -> 'leaves') l(root text, key text);
  perform dpg_private.set_closed(network, true);
  insert into dpg_private.mirrored_leaves (network, key)
  select receive_network.network, k.key
  from jsonb_array_elements_text(contents -> 'mirrored_leaves') k(key)
  on conflict do nothing;
  return move;
end
$body$;

comment on function dpg_private.receive_network(text, text, jsonb) is
  'On the receiver: makes the leaves of a network that moves here from a server, closed, so that calls are DP017 until
dpg_private.open_network. Does again what is missing when it is called again. contents: dpg_private.network_contents of
the sender. Raises DP001, DP010.';
--! EndIncluded moves/receive_network.sql
--! Included moves/open_network.sql
create or replace function dpg_private.open_leaf_again(leaf regclass)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  trigger_name name;
begin
  for trigger_name in
    select t.tgname
    from pg_trigger t
    where t.tgrelid = leaf
      and t.tgname in ('items_note_owner', 'item_actions_note_parties', 'action_events_note_parties')
      and t.tgenabled = 'A'
  loop
    execute format('alter table %s enable trigger %I', leaf, trigger_name);
  end loop;
  if exists (select from pg_trigger t where t.tgrelid = leaf and t.tgname = 'action_events_immutable') then
    execute format('alter table %s enable always trigger action_events_immutable', leaf);
  end if;
  begin
    execute format('lock table only %s in access exclusive mode nowait', leaf);
    execute format('drop trigger if exists network_closed on %s', leaf);
  exception
    when lock_not_available then
      -- a dump reads the leaf: nobody waits for it
      execute format('alter table %s disable trigger network_closed', leaf);
  end;
  execute format('alter table %s reset (autovacuum_enabled)', leaf);
end
$body$;

comment on function dpg_private.open_leaf_again(regclass) is
  'Gives a leaf of dpg_private.receive_leaf the triggers that every leaf has.';

create or replace function dpg_private.take_definitions(network text, contents jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  delete from dpg.networks n where n.network = take_definitions.network;
  insert into dpg.networks select n.* from jsonb_populate_recordset(null::dpg.networks, contents -> 'networks') n;
  delete from dpg.network_rules r where r.network = take_definitions.network;
  insert into dpg.network_rules
  select r.* from jsonb_populate_recordset(null::dpg.network_rules, contents -> 'network_rules') r;
  delete from dpg.action_definitions d where d.partition_network = take_definitions.network;
  insert into dpg.action_definitions
  select d.* from jsonb_populate_recordset(null::dpg.action_definitions, contents -> 'action_definitions') d;
  delete from dpg.item_definitions d where d.item_network = take_definitions.network;
  insert into dpg.item_definitions
  select d.* from jsonb_populate_recordset(null::dpg.item_definitions, contents -> 'item_definitions') d;
  if contents -> 'item_definitions' <> '[]' then
    perform dpg_private.note_defined_network(network);
  end if;
  if exists (
      select
      from dpg.action_definitions d
      where d.partition_network = take_definitions.network
        and num_nonnulls(d.rules, d.registered_rules) > 0
    )
    or exists (select from dpg.network_rules r where r.network = take_definitions.network)
  then
    perform dpg_private.note_changed_rules(network);
  end if;
end
$body$;

comment on function dpg_private.take_definitions(text, jsonb) is
  'On the receiver: the registered document, the rules and the definitions of a network, as contents
(dpg_private.network_contents) has them.';

create or replace function dpg_private.take_records(contents jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  given record;
  noted bigint;
begin
  for given in
    select r.*, r.differing as event
    from jsonb_to_recordset(contents -> 'redactions') r(
      redaction_id bigint, redacted_at timestamptz, actor text, database_role text, kind text, reason text,
      partition_network text, action_type text, action_id uuid, event_id uuid, from_user text, to_user text,
      differing jsonb
    )
    order by r.redaction_id
  loop
    continue when exists (
      select
      from dpg.redactions r
      where (r.redacted_at, r.kind, r.actor, r.reason) = (given.redacted_at, given.kind, given.actor, given.reason)
        and (r.partition_network, r.action_type, r.action_id, r.event_id, r.from_user, r.to_user)
          is not distinct from (
            given.partition_network, given.action_type, given.action_id, given.event_id, given.from_user, given.to_user
          )
    );
    -- a record of this transaction: the number of the one on the sender means nothing here
    insert into dpg.redactions (
      redacted_at, actor, database_role, kind, reason, partition_network, action_type, action_id, event_id, from_user,
      to_user
    )
    values (
      given.redacted_at, given.actor, given.database_role, given.kind, given.reason, given.partition_network,
      given.action_type, given.action_id, given.event_id, given.from_user, given.to_user
    )
    returning redaction_id into noted;
    insert into dpg.differing_events
    select d.*
    from jsonb_populate_record(
      null::dpg.differing_events, given.event || jsonb_build_object('redaction_id', noted)
    ) d
    where given.event <> 'null';
  end loop;
end
$body$;

comment on function dpg_private.take_records(jsonb) is
  'On the receiver: what contents (dpg_private.network_contents) has on record of redactions, of users who took the
place of others, and of events that were accepted though they differ. What is on record already is left as it is.';

create or replace function dpg_private.take_subscriptions(contents jsonb)
returns setof text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted record;
begin
  for wanted in
    select s.*
    from jsonb_to_recordset(contents -> 'subscriptions') s(
      subscription text, kind text, partition_network text, action_type text, source_item_instance_url text,
      item_network text, item_domain text, item_type text
    )
    where not exists (select from dpg.subscriptions o where o.subscription = s.subscription)
  loop
    if wanted.kind = 'events' then
      perform dpg.create_subscription(
        wanted.subscription, wanted.partition_network, wanted.action_type, wanted.source_item_instance_url
      );
    else
      perform dpg.create_item_subscription(
        wanted.subscription, wanted.item_network, wanted.item_domain, wanted.item_type
      );
    end if;
    return next wanted.subscription;
  end loop;
end
$body$;

comment on function dpg_private.take_subscriptions(jsonb) is
  'On the receiver, in the transaction that opens a network: creates the subscriptions that cover it on the sender,
where none of that name is here, so that no event of the network is made before them. Returns the names of those that it
created. One to items begins anew: it gets what changes from now on.';

create or replace function dpg_private.open_network(network text, contents jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  created text[]; -- subscriptions
begin
  perform dpg_private.take_partition_turn('items', network, null);
  if not exists (
    select
    from dpg_private.moves m
    where m.network = open_network.network
      and m.direction = 'in'
      and m.step <> 'opened'
  ) then
    return; -- was done: what has changed here since is not taken back
  end if;
  perform dpg_private.take_definitions(network, contents);
  perform dpg_private.take_searches(network, contents);
  insert into dpg_private.instance_url_sightings (instance_url)
  select u.url
  from jsonb_array_elements_text(contents -> 'instance_urls') u(url)
  where not exists (select from dpg_private.instance_url_sightings s where s.instance_url = u.url);
  insert into dpg_private.peer_url_sightings (instance_url)
  select u.url
  from jsonb_array_elements_text(contents -> 'peer_urls') u(url)
  where not exists (select from dpg_private.peer_url_sightings s where s.instance_url = u.url);
  perform dpg_private.take_records(contents);
  perform dpg_private.open_leaf_again(l.leaf) from dpg_private.find_leaves_of_network(network) l;
  perform dpg_private.set_closed(network, false);
  delete from dpg.homes h where h.network = open_network.network;
  created := array(select s from dpg_private.take_subscriptions(contents) s);
  if exists (select from dpg_private.find_leaves_to_follow(network, null)) then
    -- subscriptions to items that are older than the move
    perform
      dpg_private.take_following_turn('of ' || network),
      dpg_private.follow_leaves('of ' || network, network, null);
  end if;
  perform dpg_private.note_step(network, 'opened', jsonb_build_object('subscriptions', created));
end
$body$;

comment on function dpg_private.open_network(text, jsonb) is
  'On the receiver: from its commit on the network lives here. contents: dpg_private.network_contents of the sender,
read when nobody could write there any more. The caller has made sure that everything has arrived. Raises DP010.';
--! EndIncluded moves/open_network.sql
--! Included moves/forget_network.sql
create or replace function dpg_private.forget_network(network text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  words text;
begin
  perform dpg_private.take_partition_turn('items', network, null);
  delete from dpg.networks n where n.network = forget_network.network;
  delete from dpg.network_rules r where r.network = forget_network.network;
  delete from dpg.action_definitions d where d.partition_network = forget_network.network;
  delete from dpg.item_definitions d where d.item_network = forget_network.network;
  delete from dpg.item_searches s where s.item_network = forget_network.network;
  delete from dpg_private.mirrored_actions m where m.partition_network = forget_network.network;
  delete from dpg_private.mirrored_leaves m where m.network = forget_network.network;
  delete from dpg_private.sent_contents s where s.network = forget_network.network;
  delete from dpg_private.party_leaves p where p.partition_network = forget_network.network;
  delete from dpg_private.owner_leaves o where o.item_network = forget_network.network;

  -- the feeds
  delete from dpg.failed_events f
  using dpg_private.feed_positions p, dpg_private.feed_streams s
  where s.partition_network = forget_network.network
    and p.stream = s.stream
    and f."position" = p."position";
  delete from dpg_private.feed_positions f
  using dpg_private.feed_streams s
  where s.partition_network = forget_network.network
    and f.stream = s.stream;
  delete from dpg_private.event_queue q where q.partition_network = forget_network.network;
  delete from dpg_private.item_changes c where c.item_network = forget_network.network;
  delete from dpg_private.changed_items c where c.item_network = forget_network.network;

  -- words of items
  for words in
    select p.name
    from dpg_private.partition_names p
    where p.root = 'items'
      and p.network = forget_network.network
      and p.key is not null
      and to_regclass('dpg.' || p.name) is null
  loop
    if to_regclass(dpg_private.words_table(words)) is not null then
      execute format('drop table %s', dpg_private.words_table(words));
      execute format('drop function if exists %s()', dpg_private.words_table(words));
    end if;
  end loop;

  delete from dpg.homes h
  using dpg_private.moves m
  where h.network = forget_network.network
    and m.network = forget_network.network
    and m.direction = 'in'
    and not (m.detail ->> 'had_home')::boolean;
  delete from dpg_private.moves m where m.network = forget_network.network;
end
$body$;

comment on function dpg_private.forget_network(text) is
  'Takes away what is left of a network whose leaves were detached and dropped: on the sender when its move is finished,
where dpg.homes goes on saying where it lives; on the receiver when it is aborted. The names of its leaves stay.';
--! EndIncluded moves/forget_network.sql
--! Included moves/undelivered_events.sql
create or replace function dpg_private.undelivered_events(network text)
returns table (subscription text, undelivered bigint)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return query
    select s.subscription,
      (
        select count(*)
        from dpg_private.feed_streams t
        join dpg_private.feed_positions f on f.stream = t.stream
        where t.partition_network = undelivered_events.network
          and f."position" > s.acknowledged_position
          and (s.action_type is null or t.action_type = s.action_type)
          and (
            s.source_item_instance_url is null
            or dpg_private.normalised_url(t.source_item_instance_url)
              = dpg_private.normalised_url(s.source_item_instance_url)
          )
      ) + (
        select count(*)
        from dpg_private.event_queue q
        where q.partition_network = undelivered_events.network
          and (s.action_type is null or q.action_type = s.action_type)
          and (
            s.source_item_instance_url is null
            or dpg_private.normalised_url(q.source_item_instance_url)
              = dpg_private.normalised_url(s.source_item_instance_url)
          )
      ) + (
        select count(*)
        from dpg.failed_events e
        join dpg_private.feed_positions f on f."position" = e."position"
        join dpg_private.feed_streams t on t.stream = f.stream
        where e.subscription = s.subscription
          and t.partition_network = undelivered_events.network
          and e."position" <= s.acknowledged_position
      ) as undelivered
    from dpg.subscriptions s
    where s.kind = 'events'
      and (s.partition_network is null or s.partition_network = undelivered_events.network)
    order by s.subscription;
end
$body$;

comment on function dpg_private.undelivered_events(text) is
  'For each subscription to events that covers a network: how many of its events are not acknowledged, or failed and
wait for another try or for somebody who looks.';
--! EndIncluded moves/undelivered_events.sql
--! Included moves/leaf_checksums.sql
create or replace function dpg_private.leaf_checksums(network text)
returns table (root text, key text, row_count bigint, checksum text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1
set timezone = 'UTC'
set datestyle = 'ISO'
as $body$
declare
  of_network record;
begin
  for of_network in select l.* from dpg_private.find_leaves_of_network(network) l loop
    root := of_network.root;
    key := of_network.key;
    -- the sum of a digest of each row, so that their order does not matter; columns by name, since they may stand in
    -- another order
    execute format(
      'select count(*), coalesce(sum((''x'' || left(md5(to_jsonb(r)::text), 15))::bit(60)::bigint), 0)::text from %s r',
      of_network.leaf
    )
    into row_count, checksum;
    return next;
  end loop;
end
$body$;

comment on function dpg_private.leaf_checksums(text) is
  'The number of rows and a checksum of every leaf of a network, closed ones too: equal on sender and receiver.';
--! EndIncluded moves/leaf_checksums.sql
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
  dpg.network_rules, dpg.homes,
  dpg.item_searches, dpg.instance_urls, dpg.partitions, dpg.limits, dpg.redactions, dpg.networks, dpg.differing_events
from dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.item_definitions,
  dpg.network_rules, dpg.homes,
  dpg.item_searches, dpg.instance_urls, dpg.partitions, dpg.limits, dpg.subscriptions, dpg.failed_events,
  dpg.subscription_status, dpg.peers, dpg.networks, dpg.differing_events
to dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.redactions to dpg_admin;
grant update (limit_value) on dpg.limits to dpg_admin;
grant insert on dpg.homes to dpg_admin;
grant update on dpg.homes to dpg_admin;
grant delete on dpg.homes to dpg_admin;
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
