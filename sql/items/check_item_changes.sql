create or replace function dpg_private.check_item_changes(changes jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  fields constant text[] := array['item_instance_url', 'item_schema_url', 'item_state', 'item_latitude', 'item_longitude'];
  hint constant text := format('changes is a JSON object with at least one of the fields %s.', array_to_string(fields, ', '));
  field text;
begin
  if changes is null or jsonb_typeof(changes) <> 'object' or changes = '{}' then
    perform dpg_private.refuse_argument('changes', changes, 'names no column', hint);
  end if;
  for field in select k.field from jsonb_object_keys(changes) k(field) order by k.field loop
    if field <> all (fields) then
      perform dpg_private.refuse_argument('changes.' || left(field, 120), changes -> field, 'cannot be changed', hint);
    elsif field = 'item_state' then
      perform dpg_private.check_document('changes.item_state', changes -> field);
    elsif not (
      dpg_private.is_field(dpg_private.kind_of_field(field), changes -> field)
      -- clears the coordinate
      or field in ('item_latitude', 'item_longitude') and changes -> field = 'null'
    ) then
      perform dpg_private.check_field('changes.' || field, dpg_private.kind_of_field(field), changes -> field);
    end if;
  end loop;
  if (changes ? 'item_latitude' and changes ? 'item_longitude')
    and (jsonb_typeof(changes -> 'item_latitude') = 'null') <> (jsonb_typeof(changes -> 'item_longitude') = 'null')
  then
    perform dpg_private.refuse_argument(
      'changes', changes, 'leaves half a place', 'Pass both item_latitude and item_longitude, or null for both.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_item_changes(jsonb) is
  'Raises DP001 for changes that update_item cannot make whatever the item is.';
