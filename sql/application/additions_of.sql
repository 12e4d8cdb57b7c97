create or replace function dpg_private.additions_of(root regclass, own_columns integer, leaf regclass)
returns table (has_additions boolean)
language sql
stable
parallel safe
security invoker
begin atomic
  select
    (select c.relnatts > additions_of.own_columns from pg_class c where c.oid = additions_of.root)
    or exists (
      select
      from pg_trigger t
      where t.tgrelid in (additions_of.root, additions_of.leaf)
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and t.tgfoid <> all (array['dpg_private.keep_events()'::regprocedure, 'dpg_private.note_party_leaves()'::regprocedure])
    );
end;

comment on function dpg_private.additions_of(regclass, integer, regclass) is
  'Whether an application has added columns or triggers to a root table or this leaf, so that what is stored may differ from what was sent and has to be read again. own_columns is the number of columns that the root has of ours. A table of one row. Stored parsed and inlined into the one look of a call.';
