create or replace function dpg_private.check_time(argument text, value timestamptz)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not dpg_private.is_time(value) then
    dpg_private.refuse_argument(
      argument, to_jsonb(dpg_private.time_text(value)), 'is out of range', 'A time lies in the years 1 to 9999 of UTC.'
    )
end;

comment on function dpg_private.check_time(text, timestamptz) is
  'Raises DP001 for a time outside of the years 1 to 9999 of UTC, infinity included. Null is no time. Stored parsed and inlined.';
