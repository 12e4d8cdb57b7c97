create or replace function dpg_private.page_position(scope text, page_token text)
returns jsonb
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  body text := substr(page_token, 17);
begin
  if page_token is null then
    return null;
  end if;
  if left(encode(sha256(convert_to(scope || body, 'UTF8')), 'hex'), 16) = left(page_token, 16) then
    return convert_from(decode(translate(body, '-_', '+/') || repeat('=', (4 - length(body) % 4) % 4), 'base64'), 'UTF8')::jsonb;
  end if;
  raise exception using
    errcode = 'DP011',
    message = format('page_token is not one of this call: %L', left(page_token, 80)),
    hint = 'Pass next_page_token of a row that the same call returned with the same filters, or null for the first page.',
    detail = jsonb_build_object('page_token', left(page_token, 200))::text;
end
$body$;

comment on function dpg_private.page_position(text, text) is
  'The place in the order that a token of this scope stands for; null for null. Raises DP011 for any other token.';
