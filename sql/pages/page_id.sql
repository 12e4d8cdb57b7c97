create or replace function dpg_private.page_id("position" bytea)
returns uuid
language sql
immutable
parallel safe
security invoker
return encode(substr("position", 9, 16), 'hex')::uuid;

comment on function dpg_private.page_id(bytea) is
  'The id in a place in the order of a list, the 16 bytes after the time. Null for null.';
