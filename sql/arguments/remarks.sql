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

create or replace function dpg_private.check_reason(reason text)
returns void
language plpgsql
stable -- as dpg_private.check_page_size
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if dpg_private.is_visible(reason) is not true or octet_length(reason) > 65536 then
    perform dpg_private.refuse_argument(
      'reason', to_jsonb(reason), 'is missing or too long', 'Say why, in at most 65,536 bytes: it is kept on record.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_reason(text) is
  'Raises DP001 unless reason is text of 1 to 65,536 bytes.';
