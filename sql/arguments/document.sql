create or replace function dpg_private.is_too_deep(document jsonb, levels bigint)
returns boolean
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Looks for an object or array below that many levels; PostgreSQL walks down to that level only. A flat document of a
  -- megabyte takes 0.5 ms; writing it as text takes 2.4.
  return jsonb_path_exists(
    document,
    format('strict $.**{%s} ? (@.type() == "object" || @.type() == "array")', levels)::jsonpath,
    silent => true
  );
end
$body$;

comment on function dpg_private.is_too_deep(jsonb, bigint) is
  'Whether objects and arrays of a document are nested more than levels deep. {} is one level, {"a": []} is two.';

create or replace function dpg_private.document_refusal(argument text, document jsonb, index integer default null)
returns dpg_private.refusal
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
    return dpg_private.argument_refusal(
      argument, document, 'is not a JSON object', 'Pass a JSON object, {} when there is nothing to say.', index
    );
  end if;
  allowed_bytes := dpg_private.limit_of('json_bytes_per_document');
  if document_bytes > allowed_bytes then
    return dpg_private.argument_refusal(
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
  -- without a limit: as deep as PostgreSQL can read and compare within its stack
  allowed_depth := coalesce(dpg_private.limit_of('json_depth_per_document'), 2048);
  if dpg_private.is_too_deep(document, allowed_depth) then
    return dpg_private.argument_refusal(
      argument,
      to_jsonb(left(document::text, 200) || '...'),
      format('is nested more than %s levels deep', allowed_depth),
      format(
        'In a document %s objects and arrays may lie in one another; '
          'dpg_admin can raise the limit json_depth_per_document in dpg.limits.',
        allowed_depth
      ),
      index
    );
  end if;
  return null;
end
$body$;

comment on function dpg_private.document_refusal(text, jsonb, integer) is
  'DP001 unless document is a JSON object within the limits json_bytes_per_document and json_depth_per_document of
dpg.limits, else null.';

create or replace function dpg_private.check_document_limits(argument text, document jsonb, index integer)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.raise_refusal(dpg_private.document_refusal(argument, document, index));
end
$body$;

comment on function dpg_private.check_document_limits(text, jsonb, integer) is
  'Raises dpg_private.document_refusal.';

create or replace function dpg_private.is_short_document(document jsonb)
returns boolean
language sql
immutable
parallel safe
security invoker
-- The length of the text, not of the stored form: 1e100000 is stored in a few bytes and read back as 100,001. A level
-- takes two bytes, so 1,024 bytes have 512 levels at most.
return jsonb_typeof(document) = 'object' and octet_length(document::text) <= 1024;

comment on function dpg_private.is_short_document(jsonb) is
  'Whether document is a JSON object of at most 1,024 bytes. Such a document is within every limit that can be set,
for bytes (1,024 or more) and for depth (512 or more), so nobody looks up the limits for it. Null for null.';

create or replace function dpg_private.check_document(argument text, document jsonb, index integer default null)
returns void
language sql
stable
parallel safe
security invoker
return case
  when dpg_private.is_short_document(document) is not true then
    dpg_private.check_document_limits(argument, document, index)
end;

comment on function dpg_private.check_document(text, jsonb, integer) is
  'Raises DP001 unless document is a JSON object within the limits json_bytes_per_document and json_depth_per_document
of dpg.limits. index is the position in an array, counted from 0.';

create or replace function dpg_private.check_document_or_none(argument text, document jsonb)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not dpg_private.is_short_document(document) then dpg_private.check_document_limits(argument, document, null)
end;

comment on function dpg_private.check_document_or_none(text, jsonb) is
  'Raises DP001 for a document that is no JSON object within the limits. Null is none.';
