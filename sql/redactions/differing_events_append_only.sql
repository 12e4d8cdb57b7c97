create or replace trigger differing_events_append_only
before update or delete on dpg.differing_events
for each row
execute function dpg_private.keep_differing_events();

alter table dpg.differing_events enable always trigger differing_events_append_only;

comment on trigger differing_events_append_only on dpg.differing_events is
  'Events are never changed or removed (DP012), but for redactions that are on record.';
