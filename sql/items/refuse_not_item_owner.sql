create or replace function dpg_private.refuse_not_item_owner(actor text, item dpg.item_ref, index integer default null)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP003',
    message = dpg_private.text_for_client(format(
      'user %L does not own item %L/%L/%L/%s',
      actor, item.item_network, item.item_domain, item.item_type, item.item_id
    )),
    hint = 'Only the user who made an item may change it or act with it; a new item needs an id of its own.',
    detail = dpg_private.text_for_client((to_jsonb(item)
      || jsonb_build_object('actor', actor)
      || case when index is null then '{}' else jsonb_build_object('index', index) end)::text);
end
$body$;

comment on function dpg_private.refuse_not_item_owner(text, dpg.item_ref, integer) is
  'Raises DP003 for the actor and the item; index is the item''s position in an array, counted from 0.';
