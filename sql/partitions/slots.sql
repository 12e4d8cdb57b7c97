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
