create or replace function dpg_private.refuse_actor(actor text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_key('actor', actor);
  perform dpg_private.refuse_argument(
    'actor', to_jsonb(actor), 'stands for erased users', 'Nobody can act for erased users; pass the id of the authenticated user.'
  );
end
$body$;

comment on function dpg_private.refuse_actor(text) is
  'Raises DP001 for an actor that is no key, or the tombstone of erased users.';
