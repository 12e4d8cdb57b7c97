create or replace function dpg_private.additions_to_items(leaf regclass)
returns table (has_additions boolean)
language sql
stable
security invoker
begin atomic
  select
    dpg_private.has_additions('dpg.items', 12)
    or exists (select from only dpg.items where false) -- names the root, see dpg_private.has_additions
    -- under an older snapshot the catalogue tells of the past, while triggers fire as of now
    or current_setting('transaction_isolation') <> 'read committed'
    or exists (
      select
      from pg_trigger t
      where t.tgrelid = additions_to_items.leaf
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and t.tgfoid not in ('dpg_private.keep_events()'::regprocedure, 'dpg_private.note_party_leaves()'::regprocedure)
    );
end;

comment on function dpg_private.additions_to_items(regclass) is
  'Whether an application has added columns or triggers to dpg.items or this leaf of it, so that what is stored may differ from what was sent and has to be read again; true also in repeatable read and serializable. Asked by who has written, or has locked root and leaf: no trigger can come then. A table of one row. Stored parsed and inlined.';
