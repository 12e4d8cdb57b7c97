create or replace function dpg_private.check_item_object(item jsonb, index integer)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  field text;
  kind text;
  hint text;
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
    kind := coalesce(jsonb_typeof(item -> field), 'missing');
    hint := case
      when field in ('item_network', 'item_domain', 'item_type') then
        case when kind <> 'string' or not dpg_private.is_key(item ->> field)
          then 'A key is text of 1 to 120 characters that is not all white space.' end
      when field in ('item_instance_url', 'item_schema_url') then
        case when kind <> 'string' or not dpg_private.is_url(item ->> field)
          then 'A URL is text of 1 to 1,024 bytes that is not all white space.' end
      when field = 'item_state' then
        case when kind not in ('object', 'missing') then 'item_state is a JSON object, {} when left out.' end
      when field = 'item_id' then
        case when kind not in ('missing', 'null')
          -- the forms that the type uuid takes
          and (kind <> 'string' or item ->> field !~* '^(([0-9a-f]{4}-?){7}[0-9a-f]{4}|\{([0-9a-f]{4}-?){7}[0-9a-f]{4}\})$')
          then 'An id is a UUID in its usual form, such as 11111111-1111-4111-8111-111111111111.' end
      when kind in ('missing', 'null') then
        case when jsonb_typeof(item -> case field when 'item_latitude' then 'item_longitude' else 'item_latitude' end) = 'number'
          then 'Pass both item_latitude and item_longitude, or neither.' end
      when not dpg_private.is_degrees(item -> field, case field when 'item_latitude' then 90 else 180 end)
        then 'A latitude is a number of degrees from -90 to 90, a longitude from -180 to 180, in double precision.'
    end;
    if hint is not null then
      perform dpg_private.refuse_argument(
        field, item -> field, case when kind = 'missing' then 'is missing' else 'is malformed' end, hint, index
      );
    end if;
  end loop;
  perform dpg_private.check_document('item_state', coalesce(item -> 'item_state', '{}'), index);
end
$body$;

comment on function dpg_private.check_item_object(jsonb, integer) is
  'Raises DP001 with the index for an element of upsert_items that is not an item: unknown, missing or malformed fields.';
