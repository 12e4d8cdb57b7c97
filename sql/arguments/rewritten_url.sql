create or replace function dpg_private.rewritten_url(value text)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  parts constant text[] := regexp_match(value, '^([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(.*)$');
  scheme constant text := lower(parts[1] collate "C"); -- A to Z only, in every locale
  userinfo constant text := coalesce(substring(parts[2] from '^.*@'), '');
  host text := lower(substr(parts[2], length(userinfo) + 1) collate "C");
begin
  if parts is null then
    return value;
  end if;
  -- one in brackets has colons of its own
  if scheme = 'http' and host ~ '^([^:]*|[[][^]]*[]]):80$' then
    host := left(host, -3);
  elsif scheme = 'https' and host ~ '^([^:]*|[[][^]]*[]]):443$' then
    host := left(host, -4);
  end if;
  return scheme || '://' || userinfo || host || regexp_replace(parts[3], '/$', '') || parts[4];
end
$body$;

comment on function dpg_private.rewritten_url(text) is
  'The form of a URL in which dpg_private.normalised_url compares it.';
