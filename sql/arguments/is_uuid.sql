create or replace function dpg_private.is_uuid(value text)
returns boolean
language plpgsql
immutable -- not parallel safe: a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return value::uuid is not null;
exception
  when data_exception then
    return false;
end
$body$;

comment on function dpg_private.is_uuid(text) is
  'Whether value is a UUID in a form that the type takes: upper case, in braces and without hyphens as well. False for null.';
