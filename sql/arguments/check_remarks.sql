create or replace function dpg_private.check_remarks(remarks text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when octet_length(remarks) > 65536 then
    dpg_private.refuse_argument(
      'remarks', to_jsonb(remarks), 'are too long', 'Remarks are a short note of at most 65,536 bytes; what matters to the event belongs in event_payload.'
    )
end;

comment on function dpg_private.check_remarks(text) is
  'Raises DP001 when remarks are longer than 65,536 bytes. Null is no remarks. Stored parsed and inlined.';
