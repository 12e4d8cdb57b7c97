create or replace function dpg_private.is_url(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
return octet_length(value) <= 1024 and dpg_private.is_visible(value);

comment on function dpg_private.is_url(text) is
  'Whether value can be a URL: 1 to 1,024 bytes, not all white space; its form is the application''s affair. Null for null. Stored parsed, so that it can be inlined and needs no search_path.';
