create or replace function dpg_private.check_key(argument text, value text)
returns void
language sql
stable
parallel safe
security invoker
return case when not coalesce(dpg_private.is_key(value), false) then dpg_private.refuse_key(argument, value) end;

comment on function dpg_private.check_key(text, text) is
  'Raises DP001 unless value is a key: 1 to 120 characters, not all white space. Stored parsed and inlined, as all checks that are part of every call.';
