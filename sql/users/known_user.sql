create or replace function dpg_private.refuse_unknown_user(actor text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP009',
    message = dpg_private.text_for_client(format('user %L is not known here', left(actor, 120))),
    hint = 'Create the user in public."user" first, or pass the id of one that is there.',
    detail = dpg_private.text_for_client(jsonb_build_object('actor', actor)::text);
end
$body$;

comment on function dpg_private.refuse_unknown_user(text) is 'Raises DP009 for an actor who is not in public."user".';

create or replace function dpg_private.check_user(actor text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not exists (select from public."user" u where u.id = check_user.actor) then
    perform dpg_private.refuse_unknown_user(actor);
  end if;
end
$body$;

comment on function dpg_private.check_user(text) is
  'Raises DP009 unless actor is the id of a user in public."user".';
