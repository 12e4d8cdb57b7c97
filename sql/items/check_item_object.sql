create or replace function dpg_private.check_item_object(item jsonb, index integer)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  field text;
  kind text;
begin
  if jsonb_typeof(item) <> 'object' then
    perform dpg_private.refuse_argument(
      'items', item, 'is not a JSON object', 'Each element is an object whose fields are column names of dpg.items.', index
    );
  end if;

  select k.field
  into field
  from jsonb_object_keys(item) k(field)
  where k.field <> all (dpg_private.item_fields())
  order by k.field
  limit 1;
  if found then
    perform dpg_private.refuse_argument(
      left(field, 120), item -> field, 'is not a field of an item',
      format('An element may have the fields %s.', array_to_string(dpg_private.item_fields(), ', ')), index
    );
  end if;

  foreach field in array dpg_private.item_fields() loop
    kind := dpg_private.kind_of_field(field);
    continue when kind = 'object' and not item ? field;
    continue when kind in ('uuid', 'latitude', 'longitude') and nullif(item -> field, 'null') is null;
    if kind = 'object' then
      perform dpg_private.check_document(field, item -> field, index);
    elsif not dpg_private.is_field(kind, item -> field) then
      perform dpg_private.check_field(field, kind, item -> field, index);
    end if;
  end loop;
  if nullif(item -> 'item_latitude', 'null') is null and nullif(item -> 'item_longitude', 'null') is not null then
    field := 'item_latitude';
  elsif nullif(item -> 'item_longitude', 'null') is null and nullif(item -> 'item_latitude', 'null') is not null then
    field := 'item_longitude';
  else
    return;
  end if;
  perform dpg_private.refuse_argument(field, null, 'is missing', 'Pass both item_latitude and item_longitude, or neither.', index);
end
$body$;

comment on function dpg_private.check_item_object(jsonb, integer) is
  'Raises DP001 with the index for an element of upsert_items that is not an item: unknown, missing or malformed fields.';
