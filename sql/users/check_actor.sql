create or replace function dpg_private.check_actor(actor text)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_key('actor', actor);
  if actor = dpg_private.tombstone() then
    perform dpg_private.refuse_argument(
      'actor', to_jsonb(actor), 'stands for erased users', 'Nobody can act for erased users; pass the id of the authenticated user.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_actor(text) is
  'Raises DP001 unless actor is a key, and not the tombstone of erased users.';
