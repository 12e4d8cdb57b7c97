create or replace function dpg_private.event_version()
returns integer
language sql
immutable
parallel safe
security invoker
return 1;

comment on function dpg_private.event_version() is
  'The version of events that this database knows. It rises when dpg_private.event_fields gets a field. 1 is what 0.1.0 sends, which names none.';
