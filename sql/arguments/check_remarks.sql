create or replace function dpg_private.check_remarks(remarks text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if octet_length(remarks) > 65536 then
    perform dpg_private.refuse_argument(
      'remarks', to_jsonb(remarks), 'are too long', 'Remarks are a short note of at most 65,536 bytes; what matters to the event belongs in event_payload.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_remarks(text) is
  'Raises DP001 when remarks are longer than 65,536 bytes. Null is no remarks.';
