create or replace function dpg_private.page_binding(call text, filters jsonb)
returns table (binding bigint)
language sql
stable
parallel safe
security invoker
begin atomic
  select hashtextextended(s.seal::text || page_binding.call || page_binding.filters::text collate "C", 0)
  from dpg_private.page_seal s;
end;

comment on function dpg_private.page_binding(text, jsonb) is
  'What a page token is bound to: a hash over this database, the call and its filters. Stored parsed and inlined.';
