create or replace function dpg_private.is_url(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
return octet_length(value) <= 1024 and dpg_private.is_visible(value);

comment on function dpg_private.is_url(text) is
  'Whether value can be a URL: 1 to 1,024 bytes, not all white space; its form is the application''s affair. Null for null. Stored parsed, so that it can be inlined and needs no search_path.';

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

create or replace function dpg_private.check_url(argument text, value text)
returns void
language sql
stable
parallel safe
security invoker
return case when not coalesce(dpg_private.is_url(value), false) then dpg_private.refuse_url(argument, value) end;

comment on function dpg_private.check_url(text, text) is
  'Raises DP001 unless value is text of 1 to 1,024 bytes that is not all white space. Stored parsed and inlined.';

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

create or replace function dpg_private.normalised_url(value text)
returns text
language sql
immutable
parallel safe
security invoker
-- Most URLs are in this form already, and a look at them is cheaper than taking them apart.
return case when value ~ '^https?://[a-z0-9.-]+$' then value else dpg_private.rewritten_url(value) end;

comment on function dpg_private.normalised_url(text) is
  'The form in which URLs of instances are compared, so that the spellings of one URL are one instance: scheme and host in lower case (A to Z), the default port (http 80, https 443) and one slash at the end of the path off. User, other ports, the rest of the path, query and fragment are as they were, and so is what has no scheme with "://". URLs are stored as given; only comparisons use this form. Indexes are made of it: whoever changes what it returns makes those anew. sdk/instance-url.ts is the same function. Stored parsed and inlined.';
