create or replace function dpg_private.check_url(argument text, value text)
returns void
language sql
stable
parallel safe
security invoker
return case when not coalesce(dpg_private.is_url(value), false) then dpg_private.refuse_url(argument, value) end;

comment on function dpg_private.check_url(text, text) is
  'Raises DP001 unless value is text of 1 to 1,024 bytes that is not all white space. Stored parsed and inlined.';
