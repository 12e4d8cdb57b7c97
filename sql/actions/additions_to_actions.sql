create or replace function dpg_private.additions_to_actions(leaf regclass, events_leaf regclass)
returns table (has_additions boolean)
language sql
stable
security invoker
begin atomic
  select
    dpg_private.has_additions('dpg.item_actions', 27)
    or dpg_private.has_additions('dpg.action_events', 28)
    -- names the roots, see dpg_private.has_additions
    or exists (select from only dpg.item_actions cross join only dpg.action_events where false)
    -- under an older snapshot the catalogue tells of the past, while triggers fire as of now
    or current_setting('transaction_isolation') <> 'read committed'
    or exists (
      select
      from pg_trigger t
      where t.tgrelid in (additions_to_actions.leaf, additions_to_actions.events_leaf)
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and t.tgfoid not in ('dpg_private.keep_events()'::regprocedure, 'dpg_private.note_party_leaves()'::regprocedure)
    );
end;

comment on function dpg_private.additions_to_actions(regclass, regclass) is
  'Whether an application has added columns or triggers to dpg.item_actions, dpg.action_events or these leaves of theirs, so that what is stored may differ from what was sent, and row and event are written another way; true also in repeatable read and serializable. Asked by who has locked roots and leaf: no trigger can come then. A table of one row. Stored parsed and inlined into the one look of a call.';
