-- A slot is an enum without values. It stands for a leaf where a statement is written before the leaf is known: a
-- function with an argument "slot anyenum" is compiled, and its plans are kept, once for each type that it is called
-- with. A network of items has two: one for all its domains, one for some of them, whose number is 16 higher. See
-- sql/README.md, "Plans that are kept".

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
  'The statements that create the functions of a leaf, or of a network, that has a slot.';

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
  unwanted record;
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
  if taken.slot is null then
    return;
  end if;

  for type_slot in taken.slot .. taken.slot + case when key is null then 16 else 0 end by 16 loop
    if to_regtype('dpg_private.slot_' || type_slot) is null then
      execute format('create type dpg_private.slot_%s as enum ()', type_slot);
      execute format(
        'comment on type dpg_private.slot_%s is %L',
        type_slot,
        format(
          'Stands for %s that have slot %s in dpg_private.partition_names. Has no values.',
          case
            when key is not null then 'the leaves'
            when type_slot = taken.slot then 'all domains of the network'
            else 'some domains of the network'
          end,
          taken.slot
        )
      );
    end if;
  end loop;
  execute dpg_private.slot_sql(root, taken.slot, taken.name);
  -- nobody else's, also where default privileges give them to others
  for unwanted in
    select o.kind, o.name, coalesce(r.oid::regrole::text, 'public') as grantee
    from (
      select t.oid, t.typowner, t.typacl
      from pg_type t
      where t.typnamespace = 'dpg_private'::regnamespace
        and t.typname in ('slot_' || taken.slot, 'slot_' || case when key is null then taken.slot + 16 end)
    ) t
    cross join lateral (
      select 'function' as kind, p.oid::regprocedure::text as name, p.proowner as owner,
        coalesce(p.proacl, acldefault('f', p.proowner)) as acl
      from pg_proc p
      where p.pronamespace = 'dpg_private'::regnamespace
        and p.proargtypes[0] = t.oid
      union all
      select 'type', t.oid::regtype::text, t.typowner, coalesce(t.typacl, acldefault('T', t.typowner))
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
  if (
    select count(*) filter (where p.key is not null) > 1 and count(p.slot) filter (where p.key is null) = 0
    from dpg_private.partition_names p
    where p.root = 'items'
      and p.network = give_slot_to_network.network
  )
  then
    perform dpg_private.give_slot('items', network, null);
  end if;
end
$body$;

comment on function dpg_private.give_slot_to_network(text) is
  'Gives the partition of a network in items its slot as soon as the network has two domains. Called under the lock of
dpg_private.take_partition_turn, or by a migration.';

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
    select s.root, s.network, s.key, s.name, s.slot, array_agg(s.function_name order by s.function_name, s.type_name)
    from (
      select p.*, t.slot_sql, f.names[1] as function_name, f.names[2] as type_name
      from dpg_private.partition_names p
      cross join lateral (select dpg_private.slot_sql(p.root, p.slot, p.name)) t(slot_sql)
      cross join lateral regexp_matches(
        t.slot_sql,
        'create or replace function dpg_private[.]([a-z_]+)[(][[:space:]]*slot dpg_private[.](slot_[0-9]+)',
        'g'
      ) f(names)
      where p.slot is not null
        and to_regclass('dpg.' || p.name) is not null
    ) s
    where not exists (
      select
      from pg_proc p
      where p.pronamespace = 'dpg_private'::regnamespace
        and p.proname = s.function_name
        and p.proargtypes[0] = to_regtype('dpg_private.' || s.type_name)
        and position(p.prosrc in s.slot_sql) > 0
        and not p.prosecdef
    )
    group by s.root, s.network, s.key, s.name, s.slot;
end
$body$;

comment on function dpg_private.find_broken_slots() is
  'The leaves and networks with a slot of which a function is missing or is not as dpg_private.give_slot creates it. For
doctor.';

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

create or replace function dpg_private.look_up_network_slot(item_network text, item_domains text[])
returns table (slot smallint, domains text[])
language sql
stable
parallel safe
security invoker
begin atomic
  select (n.slot + case when cardinality(l.domains) = l.leaves then 0 else 16 end)::smallint, l.domains
  from (
    select to_regclass('dpg.' || p.name) as partition, p.slot
    from dpg_private.partition_names p
    where p.root = 'items'
      and p.network = look_up_network_slot.item_network
      and p.key is null
      and p.slot is not null
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
    and l.leaves <= 16
    and l.leaves = (select count(*) from pg_inherits h where h.inhparent = n.partition)
    and pg_partition_root(n.partition) = 'dpg.items'::regclass;
end;

comment on function dpg_private.look_up_network_slot(text, text[]) is
  'The slot for a search over these domains of a network, or over all where none are given, and those of them that have
a leaf. As a table of one row; of none where there is no slot, or none of the domains, where the network has more than
16 leaves (a statement over all of them would hold too many locks), and where it has a leaf that is not ours.';

-- Where networks have two domains already, they get their slots.
do $body$
begin
  perform dpg_private.give_slot_to_network(p.network)
  from dpg_private.partition_names p
  where p.root = 'items'
    and p.key is null
  order by p.network;
end
$body$;
