-- A slot is an enum without values. It stands for a leaf where a statement is written before the leaf is known: a
-- function with an argument "slot anyenum" is compiled, and its plans are kept, once for each type that it is called
-- with. See sql/README.md, "Plans that are kept".
do $body$
begin
  for number in 1 .. 32 loop
    if pg_catalog.to_regtype('dpg_private.slot_' || number) is null then
      execute pg_catalog.format('create type dpg_private.slot_%s as enum ()', number);
      execute pg_catalog.format(
        'comment on type dpg_private.slot_%s is %L',
        number,
        pg_catalog.format(
          'Stands for the leaf of items that has slot %s in dpg_private.partition_names. Has no values.', number
        )
      );
    end if;
  end loop;
end
$body$;

create or replace function dpg_private.give_slot(root text, network text, key text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  taken record;
  rows_of_slot text;
  grantee text;
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

  rows_of_slot := format('dpg_private.item_rows(dpg_private.slot_%s)', taken.slot);
  -- A body in a string, so that it does not keep anybody from dropping the leaf.
  execute format(
    'create or replace function %s returns setof dpg.items language sql stable parallel safe security invoker as %L',
    replace(rows_of_slot, '(', '(slot '), format('select * from dpg.%I', taken.name)
  );
  execute format('comment on function %s is %L', rows_of_slot, format('The rows of dpg.%s.', taken.name));
  for grantee in
    select coalesce(r.rolname::regrole::text, 'public')
    from pg_proc p
    cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    left join pg_roles r on r.oid = a.grantee
    where p.oid = rows_of_slot::regprocedure
      and a.grantee <> p.proowner
  loop
    execute format('revoke all on function %s from %s', rows_of_slot, grantee);
  end loop;
end
$body$;

comment on function dpg_private.give_slot(text, text, text) is
  'Gives a leaf of items one of the 32 slots while some are free, with the function item_rows that reads it. Called
under the lock of dpg_private.take_partition_turn.';

create or replace function dpg_private.look_up_item_leaf(item_network text, item_domain text)
returns table (leaf regclass, slot smallint)
language sql
stable
parallel safe
security invoker
begin atomic
  select n.leaf, n.slot
  from (
    select to_regclass('dpg.' || p.name) as leaf, p.slot
    from dpg_private.partition_names p
    where p.root = 'items'
      and p.network = look_up_item_leaf.item_network
      and p.key = look_up_item_leaf.item_domain
    offset 0
  ) n
  where pg_partition_root(n.leaf) = 'dpg.items'::regclass;
end;

comment on function dpg_private.look_up_item_leaf(text, text) is
  'The leaf of items of these keys with its slot, as a table of one row or none: dpg_private.look_up_leaf for calls that
have a kept plan for it.';

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
