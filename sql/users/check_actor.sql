create or replace function dpg_private.check_actor(actor text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not coalesce(dpg_private.is_actor(actor), false) then dpg_private.refuse_actor(actor)
end;

comment on function dpg_private.check_actor(text) is
  'Raises DP001 unless actor is a key, and not the tombstone of erased users. Stored parsed and inlined.';
