create or replace function dpg_private.is_visible(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
-- Nearly every text begins with a visible ASCII character. Only the others are searched for one. White space is
-- listed character by character: \s is another set in each locale, and two instances would disagree about a key.
-- E'...', since a session can turn off standard_conforming_strings; then a backslash in '...' means something else.
return ascii(value) between 33 and 126
  or value ~ E'[^\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]';

comment on function dpg_private.is_visible(text) is
  'Whether value has a character that is not white space. Null for null.';

create or replace function dpg_private.is_key(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
return length(value) <= 120 and dpg_private.is_visible(value);

comment on function dpg_private.is_key(text) is
  'Whether value is a key: 1 to 120 characters, not all white space. Null for null.';

create or replace function dpg_private.key_refusal(argument text, value text)
returns dpg_private.refusal
language sql
stable
parallel safe
security invoker
return dpg_private.argument_refusal(
  argument,
  to_jsonb(value),
  case
    when value is null then 'is missing'
    when length(value) > 120 then format('is too long with its %s characters', length(value))
    else 'is not a key'
  end,
  'Pass a key: text of 1 to 120 characters that is not all white space.'
);

comment on function dpg_private.key_refusal(text, text) is
  'DP001 for a value that is not a key.';

create or replace function dpg_private.refuse_key(argument text, value text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.raise_refusal(dpg_private.key_refusal(argument, value));
end
$body$;

comment on function dpg_private.refuse_key(text, text) is
  'Raises dpg_private.key_refusal.';

create or replace function dpg_private.check_key(argument text, value text)
returns void
language sql
stable
parallel safe
security invoker
return case when dpg_private.is_key(value) is not true then dpg_private.refuse_key(argument, value) end;

comment on function dpg_private.check_key(text, text) is
  'Raises DP001 unless value is a key.';

create or replace function dpg_private.check_key_or_none(argument text, value text)
returns void
language sql
stable
parallel safe
security invoker
return case when not dpg_private.is_key(value) then dpg_private.refuse_key(argument, value) end;

comment on function dpg_private.check_key_or_none(text, text) is
  'Raises DP001 for a value that is not a key. Null is none.';
