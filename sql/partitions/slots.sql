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
      select 'function' as kind, p.oid::regprocedure::text as name, coalesce(p.proacl, acldefault('f', p.proowner)) as acl,
        p.proowner as owner
      from pg_proc p
      where p.pronamespace = 'dpg_private'::regnamespace
        and p.proargtypes[0] = ('dpg_private.slot_' || taken.slot)::regtype
      union all
      select 'type', t.oid::regtype::text, coalesce(t.typacl, acldefault('T', t.typowner)), t.typowner
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
