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
