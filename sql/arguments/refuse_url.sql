create or replace function dpg_private.refuse_url(argument text, value text)
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
    'is not a URL',
    'A URL is text of 1 to 1,024 bytes that is not all white space.'
  );
end
$body$;

comment on function dpg_private.refuse_url(text, text) is
  'Raises DP001 for a value that is not a URL.';
