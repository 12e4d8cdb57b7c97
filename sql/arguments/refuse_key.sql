create or replace function dpg_private.refuse_key(argument text, value text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.refuse_argument(
    argument,
    to_jsonb(value),
    case
      when value is null then 'is missing'
      when length(value) > 120 then format('is too long with its %s characters', length(value))
      else 'is not a key'
    end,
    'Pass a key: text of 1 to 120 characters that is not all white space.'
  );
end
$body$;

comment on function dpg_private.refuse_key(text, text) is
  'Raises DP001 for a value that is not a key.';
