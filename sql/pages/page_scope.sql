create or replace function dpg_private.page_scope(call text, filters jsonb)
returns text
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select encode(sha256(convert_to(s.seal::text || page_scope.call || page_scope.filters::text, 'UTF8')), 'hex')
    from dpg_private.page_seal s
  );
end
$body$;

comment on function dpg_private.page_scope(text, jsonb) is
  'What a page token is bound to: this database, the call and its filters, as 64 hexadecimal digits.';
