-- Cloned to each leaf when it is attached; "always" holds under session_replication_role = replica as well.
create or replace trigger action_events_immutable
before update or delete on dpg.action_events
for each row
execute function dpg_private.keep_events();

alter table dpg.action_events enable always trigger action_events_immutable;

comment on trigger action_events_immutable on dpg.action_events is
  'Events are never changed or removed (DP012).';
