create or replace function dpg_private.refuse_undeclared_item(item dpg.item_ref, index integer default null)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  item_types constant jsonb := (select n.item_types from dpg.networks n where n.network = item.item_network);
  -- names of the arguments concerned, as a caller knows them
  keys jsonb := jsonb_build_object('item_network', item.item_network, 'item_domain', item.item_domain);
  place constant text := case when index is null then '' else format(' (element %s)', index) end;
begin
  if index is not null then
    keys := keys || jsonb_build_object('index', index);
  end if;
  if item_types ? item.item_domain then
    perform dpg_private.refuse_not_in_network(
      item.item_network, 'item_type', format('item type %L in domain %L%s', item.item_type, item.item_domain, place),
      array(select jsonb_array_elements_text(item_types -> item.item_domain)),
      keys || jsonb_build_object('item_type', item.item_type)
    );
  end if;
  perform dpg_private.refuse_not_in_network(
    item.item_network, 'item_domain', format('domain %L%s', item.item_domain, place),
    array(select jsonb_object_keys(item_types)), keys
  );
end
$body$;

comment on function dpg_private.refuse_undeclared_item(dpg.item_ref, integer) is
  'Raises DP014 for a domain, or else an item type, that a registered network does not declare.';
