create or replace function dpg_private.page_scope(call text, filters jsonb)
returns table (scope bigint)
language sql
stable
parallel safe
security invoker
begin atomic
  select hashtextextended(s.seal::text || page_scope.call || page_scope.filters::text collate "C", 0)
  from dpg_private.page_seal s;
end;

comment on function dpg_private.page_scope(text, jsonb) is
  'What a page token is bound to: a hash over this database, the call and its filters. Stored parsed and inlined.';
