create or replace trigger differing_events_no_truncate
before truncate on dpg.differing_events
for each statement
execute function dpg_private.keep_differing_events();

alter table dpg.differing_events enable always trigger differing_events_no_truncate;

comment on trigger differing_events_no_truncate on dpg.differing_events is
  'Events are never removed (DP012).';
