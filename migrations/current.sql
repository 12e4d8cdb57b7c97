-- Statements for one migration go here, above the include: CONTRIBUTING.md, "What a file cannot say".

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
