create or replace function dpg_private.check_key(argument text, value text)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not coalesce(dpg_private.is_key(value), false) then
    perform dpg_private.refuse_argument(
      argument,
      to_jsonb(value),
      'is not a key',
      'A key is text of 1 to 120 characters that is not all white space.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_key(text, text) is
  'Raises DP001 unless value is a key: 1 to 120 characters, not all white space.';
