create or replace function dpg_private.object_of_event(event dpg.action_events)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- the same digits of coordinates, and the same times, in every session
set timezone = 'UTC'
return (
  select jsonb_object_agg(f.field, f.value)
  from jsonb_each(to_jsonb(event)) f(field, value)
  where f.field = any (dpg_private.event_fields())
);

comment on function dpg_private.object_of_event(dpg.action_events) is
  'An event as the object that dpg.store_event takes, without what an application has added to the table.';
