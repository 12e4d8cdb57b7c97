create or replace function dpg_private.tombstone()
returns text
language sql
immutable
parallel safe
security invoker
return 'dpg_erased_user';

comment on function dpg_private.tombstone() is
  'Id of the user who stands for all erased users. No call can act or read as this user.';

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
    'actor', to_jsonb(actor), 'stands for erased users',
    'Nobody can act for erased users; pass the id of the authenticated user.'
  );
end
$body$;

comment on function dpg_private.refuse_actor(text) is
  'Raises DP001 for an actor that is no key, or that is the tombstone user.';

create or replace function dpg_private.is_actor(actor text)
returns boolean
language sql
stable
parallel safe
security invoker
return dpg_private.is_key(actor) and actor <> dpg_private.tombstone();

comment on function dpg_private.is_actor(text) is
  'Whether actor is a key and not the tombstone user. Null for null. Stored parsed and inlined.';

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
  'Raises DP001 unless actor is a key and not the tombstone user. Stored parsed and inlined.';
