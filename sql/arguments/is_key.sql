create or replace function dpg_private.is_key(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
return length(value) <= 120 and dpg_private.is_visible(value);

comment on function dpg_private.is_key(text) is
  'Whether value is a key: 1 to 120 characters, not all white space. Null for null. Stored parsed, so that it can be inlined and needs no search_path.';
