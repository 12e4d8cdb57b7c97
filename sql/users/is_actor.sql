create or replace function dpg_private.is_actor(actor text)
returns boolean
language sql
stable
parallel safe
security invoker
return dpg_private.is_key(actor) and actor <> dpg_private.tombstone();

comment on function dpg_private.is_actor(text) is
  'Whether actor is a key, and not the tombstone of erased users. Null for null. Stored parsed and inlined.';
