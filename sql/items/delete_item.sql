create or replace function dpg.delete_item(actor text, item_network text, item_domain text, item_type text, item_id uuid)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  item constant dpg.item_ref := row(item_network, item_domain, item_type, item_id);
  leaf regclass;
  stored dpg.items;
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_item_ref(null, item);

  leaf := dpg_private.leaf('items', item_network, item_domain);
  stored := dpg_private.lock_item(leaf, item, 'update');
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(item);
  end if;
  if stored.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, item);
  end if;

  begin
    execute format(
      'delete from %s i where i.item_network = $1 and i.item_domain = $2 and i.item_type = $3 and i.item_id = $4', leaf
    )
    using item_network, item_domain, item_type, item_id;
  exception
    when foreign_key_violation then
      raise exception using
        errcode = 'DP013',
        message = dpg_private.text_for_client(
          format('an action refers to item %L/%L/%L/%s', item_network, item_domain, item_type, item_id)
        ),
        hint = 'An item that an action of its network refers to stays; empty its item_state instead.',
        detail = dpg_private.text_for_client(to_jsonb(item)::text);
  end;
  return stored;
end
$body$;

comment on function dpg.delete_item(text, text, text, text, uuid) is
  'Deletes an owned item that no action of its network refers to, and returns it as it was. A repeated call is DP002. Raises DP001, DP002, DP003, DP013. Example: select * from dpg.delete_item(''asha'', ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111'')';
