create or replace function dpg_private.is_too_deep(document jsonb, levels bigint)
returns boolean
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Exact: what lies below that many levels, and is itself an object or an array. PostgreSQL walks down to that level only.
  -- A flat document of a megabyte takes a fifth of what its text takes (0.5 ms against 2.4).
  return jsonb_path_exists(
    document, format('strict $.**{%s} ? (@.type() == "object" || @.type() == "array")', levels)::jsonpath, silent => true
  );
end
$body$;

comment on function dpg_private.is_too_deep(jsonb, bigint) is
  'Whether objects and arrays of document lie in one another more than levels deep: {} is one level, {"a": []} are two.';
