create or replace function dpg_private.is_visible(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
-- Nearly every text begins with a visible ASCII character; only the others are searched for one. White space is spelled
-- out to the last character: \s is another set in each locale, and two instances would disagree about a key. In E'...',
-- since a session can turn off standard_conforming_strings, with which a backslash means something else in '...'.
return ascii(value) between 33 and 126
  or value ~ E'[^\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]';

comment on function dpg_private.is_visible(text) is
  'Whether value has a character that is not white space. Null for null. Stored parsed, so that it can be inlined and needs no search_path.';
