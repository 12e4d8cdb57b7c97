create or replace function dpg_private.check_document(argument text, document jsonb, index integer default null)
returns void
language sql
stable
parallel safe
security invoker
return case
  when dpg_private.is_short_document(document) is not true then
    dpg_private.check_large_document(argument, document, index)
end;

comment on function dpg_private.check_document(text, jsonb, integer) is
  'Raises DP001 unless document is a JSON object within the limits json_bytes_per_document and json_depth_per_document of dpg.limits; what dpg_private.is_short_document takes is not looked up. Stored parsed and inlined.';
