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
drop function if exists dpg_private.look_before_new_action(dpg.item_ref, dpg.item_ref, text);
drop function if exists dpg_private.insert_action(
  regclass, regclass, text, uuid, dpg.items, boolean, dpg.items, jsonb, text, jsonb
);

--!include all.sql
