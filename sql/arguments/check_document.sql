create or replace function dpg_private.check_document(argument text, document jsonb, index integer default null)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  document_bytes integer;
begin
  if document is null or jsonb_typeof(document) <> 'object' then
    perform dpg_private.refuse_argument(
      argument, document, 'is not a JSON object', 'Pass a JSON object, {} when there is nothing to say.', index
    );
  end if;
  -- the text, not the stored form: 1e100000 is stored in a few bytes and read back as 100,001
  document_bytes := octet_length(document::text);
  if document_bytes > 1024 and document_bytes > dpg_private.limit_of('json_bytes_per_document') then
    perform dpg_private.refuse_argument(
      argument,
      to_jsonb(left(document::text, 200) || '…'),
      format('has %s bytes', document_bytes),
      format(
        'A document may have %s bytes as text; dpg_admin can raise the limit json_bytes_per_document in dpg.limits.',
        dpg_private.limit_of('json_bytes_per_document')
      ),
      index
    );
  end if;
end
$body$;

comment on function dpg_private.check_document(text, jsonb, integer) is
  'Raises DP001 unless document is a JSON object within the limit json_bytes_per_document of dpg.limits; documents of up to 1,024 bytes, the smallest limit that can be set, are not looked up.';
