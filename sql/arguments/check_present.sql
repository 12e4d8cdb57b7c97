create or replace function dpg_private.check_present(argument text, is_present boolean)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not is_present then dpg_private.refuse_argument(argument, null, 'is missing', 'Pass a value for ' || argument || '.')
end;

comment on function dpg_private.check_present(text, boolean) is
  'Raises DP001 when not is_present. Stored parsed and inlined.';
