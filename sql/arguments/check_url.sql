create or replace function dpg_private.check_url(argument text, value text)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not coalesce(dpg_private.is_url(value), false) then
    perform dpg_private.refuse_argument(
      argument,
      to_jsonb(value),
      'is not a URL',
      'A URL is text of 1 to 1,024 bytes that is not all white space.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_url(text, text) is
  'Raises DP001 unless value is text of 1 to 1,024 bytes that is not all white space.';
