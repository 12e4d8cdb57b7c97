create or replace function dpg_private.page_scope(call text, filters jsonb)
returns text
language sql
stable
parallel safe
security invoker
return encode(sha256(convert_to(call || filters::text, 'UTF8')), 'hex');

comment on function dpg_private.page_scope(text, jsonb) is
  'What a page token is bound to: the call and its filters, as 64 hexadecimal digits.';
