create or replace function dpg_private.page_token(scope text, "position" jsonb)
returns text
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- a token a row: replace takes a seventh of the time of translate
  body text := replace(replace(replace(replace(
    encode(convert_to(page_token."position"::text, 'UTF8'), 'base64'), E'\n', ''), '+', '-'), '/', '_'), '=', ''
  );
begin
  return left(encode(sha256(convert_to(scope || body, 'UTF8')), 'hex'), 16) || body;
end
$body$;

comment on function dpg_private.page_token(text, jsonb) is
  'The token of a row: 16 hexadecimal digits of a hash over scope and body, then the body, the row''s place in the order as JSON in base64url. The scope holds a random value of the database, so that only this function makes tokens.';
