create or replace function dpg_private.is_key(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
-- Nearly every key begins with a visible ASCII character; only the others are searched for one. White space is spelled
-- out, so that the answer does not depend on the locale of the database.
return length(value) <= 120
  and (
    ascii(value) between 33 and 126
    or value ~ '[^\s\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]'
  );

comment on function dpg_private.is_key(text) is
  'Whether value is a key: 1 to 120 characters, not all white space. Null for null. Stored parsed, so that it can be inlined and needs no search_path.';
