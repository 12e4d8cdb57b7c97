create or replace function dpg_private.additions_to_actions(leaf regclass)
returns table (has_additions boolean)
language sql
stable
parallel safe
security invoker
begin atomic
  select
    dpg_private.has_additions('dpg.item_actions', 27)
    or exists (select from only dpg.item_actions where false) -- names the root, see dpg_private.has_additions
    or exists (
      select
      from pg_trigger t
      where t.tgrelid = additions_to_actions.leaf
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and t.tgfoid not in ('dpg_private.keep_events()'::regprocedure, 'dpg_private.note_party_leaves()'::regprocedure)
    );
end;

comment on function dpg_private.additions_to_actions(regclass) is
  'Whether an application has added columns or triggers to dpg.item_actions or this leaf of it, so that what is stored may differ from what was sent and has to be read again. A table of one row. Stored parsed and inlined into the one look of a call.';
