-- Names of the extension cube resolve from here on. The objects that are there are noted before others are created.
--!include geo/extensions.sql
--!include access/known_objects.sql

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

--!include all.sql
