create or replace function dpg_private.page_position(binding bigint, page_token text)
returns bytea
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  body constant text := substr(page_token, 17);
begin
  if page_token is null then
    return null;
  end if;
  -- as dpg_private.page_token made it; no genuine one is longer: a few keys and a URL
  if length(body) <= 65536
    and left(page_token, 16) = lpad(to_hex(hashtextextended(body collate "C", binding)), 16, '0')
    and body ~ '^([0-9a-f]{2})+$'
  then
    return decode(body, 'hex');
  end if;
  raise exception using
    errcode = 'DP011',
    message = dpg_private.text_for_client(format('page_token is not one of this call: %L', left(page_token, 80))),
    hint = 'Pass next_page_token of a row that the same call returned with the same filters, or null for the first page.',
    detail = dpg_private.text_for_client(jsonb_build_object('page_token', left(page_token, 200))::text);
end
$body$;

comment on function dpg_private.page_position(bigint, text) is
  'The place in the order that a token of this binding stands for, as bytes; null for null. Raises DP011 for any other token.';
