create or replace function dpg_private.is_url(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
return octet_length(value) <= 1024 and dpg_private.is_visible(value);

comment on function dpg_private.is_url(text) is
  'Whether value can be a URL: 1 to 1,024 bytes, not all white space. Its form is the application''s affair. Null for
null.';

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
return case when dpg_private.is_url(value) is not true then dpg_private.refuse_url(argument, value) end;

comment on function dpg_private.check_url(text, text) is
  'Raises DP001 unless value can be a URL.';

create or replace function dpg_private.check_url_or_none(argument text, value text)
returns void
language sql
stable
parallel safe
security invoker
return case when not dpg_private.is_url(value) then dpg_private.refuse_url(argument, value) end;

comment on function dpg_private.check_url_or_none(text, text) is
  'Raises DP001 for a value that cannot be a URL. Null is none.';

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
-- Most URLs have this form already. A look at them is cheaper than taking them apart.
return case when value ~ '^https?://[a-z0-9.-]+$' then value else dpg_private.rewritten_url(value) end;

comment on function dpg_private.normalised_url(text) is
  'The form in which URLs of instances are compared: all spellings of one URL are one instance. Scheme and host in
lower case (A to Z), without the default port (http 80, https 443) and without one slash at the end of the path. User,
other ports, the rest of the path, query and fragment stay as they are. So does what has no "://". URLs are stored as
given, only comparisons use this form. Indexes contain it: if its result changes, they must be created anew.
sdk/instance-url.ts is the same function.';

create or replace function dpg_private.is_same_url(one text, other text)
returns boolean
language sql
immutable
parallel safe
security invoker
-- most are equal as they are
return one = other or dpg_private.normalised_url(one) = dpg_private.normalised_url(other);

comment on function dpg_private.is_same_url(text, text) is
  'Whether two texts are spellings of one URL, as dpg_private.normalised_url says. Null when one is null.';
