create or replace function dpg_private.check_large_document(argument text, document jsonb, index integer)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  document_bytes constant integer := octet_length(document::text);
  allowed_bytes bigint;
  allowed_depth bigint;
begin
  if document is null or jsonb_typeof(document) <> 'object' then
    perform dpg_private.refuse_argument(
      argument, document, 'is not a JSON object', 'Pass a JSON object, {} when there is nothing to say.', index
    );
  end if;
  allowed_bytes := dpg_private.limit_of('json_bytes_per_document');
  if document_bytes > allowed_bytes then
    perform dpg_private.refuse_argument(
      argument,
      to_jsonb(left(document::text, 200) || '...'),
      format('has %s bytes', document_bytes),
      format(
        'A document may have %s bytes as text; dpg_admin can raise the limit json_bytes_per_document in dpg.limits.',
        allowed_bytes
      ),
      index
    );
  end if;
  -- where there is no limit, as deep as PostgreSQL reads and compares without an end of its stack
  allowed_depth := coalesce(dpg_private.limit_of('json_depth_per_document'), 2048);
  if dpg_private.is_too_deep(document, allowed_depth) then
    perform dpg_private.refuse_argument(
      argument,
      to_jsonb(left(document::text, 200) || '...'),
      format('is nested more than %s levels deep', allowed_depth),
      format(
        'In a document %s objects and arrays may lie in one another; dpg_admin can raise the limit json_depth_per_document in dpg.limits.',
        allowed_depth
      ),
      index
    );
  end if;
end
$body$;

comment on function dpg_private.check_large_document(text, jsonb, integer) is
  'Raises DP001 unless document is a JSON object within the limits json_bytes_per_document and json_depth_per_document of dpg.limits.';
