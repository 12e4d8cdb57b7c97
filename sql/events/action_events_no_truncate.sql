-- Not cloned to leaves: dpg_private.build_partition gives each its own.
create or replace trigger action_events_no_truncate
before truncate on dpg.action_events
for each statement
execute function dpg_private.keep_events();

alter table dpg.action_events enable always trigger action_events_no_truncate;

comment on trigger action_events_no_truncate on dpg.action_events is
  'Events are never removed (DP012).';
