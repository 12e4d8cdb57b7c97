create or replace function dpg_private.check_item_changes(changes jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  fields constant text[] := array[
    'item_instance_url', 'item_schema_url', 'item_state', 'item_latitude', 'item_longitude'
  ];
  hint constant text := format(
    'changes is a JSON object with at least one of the fields %s.', array_to_string(fields, ', ')
  );
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
      -- null clears the coordinate
      or field in ('item_latitude', 'item_longitude') and changes -> field = 'null'
    ) then
      perform dpg_private.refuse_field('changes.' || field, dpg_private.kind_of_field(field), changes -> field);
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
  'Raises DP001 for changes that update_item can make to no item.';

create or replace function dpg_private.refuse_stale_item(stored dpg.items, expected_updated_at timestamptz)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP007',
    message = dpg_private.text_for_client(format(
      'item %s was changed at %s, not at %s',
      stored.item_id, dpg_private.time_text(stored.updated_at), dpg_private.time_text(expected_updated_at)
    )),
    hint = case
      -- the caller has read it into a type without microseconds, and would read and repeat for ever
      when expected_updated_at = date_trunc('milliseconds', stored.updated_at) then
        'Pass updated_at as text, as it was read: both times agree to the millisecond, '
          'but a Date of JavaScript or the like has no microseconds.'
      else 'Read the item again, apply the change to what it is now, and repeat the call with its updated_at.'
    end,
    detail = dpg_private.text_for_client(
      (
        to_jsonb(dpg_private.ref_of_item(stored)) || jsonb_build_object(
          'expected_updated_at', dpg_private.time_text(expected_updated_at),
          'updated_at', dpg_private.time_text(stored.updated_at)
        )
      )::text
    );
end
$body$;

comment on function dpg_private.refuse_stale_item(dpg.items, timestamptz) is
  'Raises DP007 for an item that was changed at another time than the caller expects.';

create or replace function dpg.update_item(
  actor text,
  item_network text,
  item_domain text,
  item_type text,
  item_id uuid,
  changes jsonb,
  expected_updated_at timestamptz default null
)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  item constant dpg.item_ref := row(item_network, item_domain, item_type, item_id);
  leaf regclass;
  slot smallint;
  stored dpg.items;
  changed dpg.items;
begin
  -- check
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_item_ref(null, item),
    dpg_private.check_item_changes(changes),
    dpg_private.check_time_or_none('expected_updated_at', expected_updated_at),
    case
      when changes ? 'item_instance_url' then
        dpg_private.check_instance_url('changes.item_instance_url', changes ->> 'item_instance_url')
    end;

  -- lock
  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
  stored := dpg_private.lock_item(leaf, item, 'no key update', slot);
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(item);
  end if;

  changed := stored;
  changed.item_instance_url := coalesce(changes ->> 'item_instance_url', stored.item_instance_url);
  changed.item_schema_url := coalesce(changes ->> 'item_schema_url', stored.item_schema_url);
  changed.item_state := coalesce(changes -> 'item_state', stored.item_state);
  if changes ? 'item_latitude' then
    changed.item_latitude := (changes ->> 'item_latitude')::double precision;
  end if;
  if changes ? 'item_longitude' then
    changed.item_longitude := (changes ->> 'item_longitude')::double precision;
  end if;
  perform dpg_private.check_coordinates_or_none(
    'item_latitude', changed.item_latitude, 'item_longitude', changed.item_longitude
  );

  if stored.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, item);
  end if;
  if stored.updated_at <> expected_updated_at then
    perform dpg_private.refuse_stale_item(stored, expected_updated_at);
  end if;
  if (
      changed.item_instance_url, changed.item_schema_url, changed.item_state, changed.item_latitude,
      changed.item_longitude
    ) is not distinct from (
      stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude, stored.item_longitude
    )
  then
    return stored;
  end if;

  -- change
  perform dpg_private.register_instance_url(changed.item_instance_url);
  stored := dpg_private.write_item(leaf, slot, item, changed, actor);
  if stored.item_id is null then
    perform dpg_private.refuse_suppressed('update', leaf, to_jsonb(item));
  end if;
  if dpg_private.has_additions_to_item(leaf, slot) then
    stored := dpg_private.read_written_item(leaf, changed, 'update');
  end if;
  return stored;
end
$body$;

comment on function dpg.update_item(text, text, text, text, uuid, jsonb, timestamptz) is
  'Replaces those columns of an owned item that changes names: item_instance_url, item_schema_url, item_state,
item_latitude, item_longitude; at least one, and no others. Null clears the coordinates and is DP001 for other
columns. With expected_updated_at the call is refused (DP007) when somebody else changed the item first. A call that
changes nothing leaves the row as it is.
Raises DP001, DP002, DP003, DP007, DP018.
Example: select * from dpg.update_item(
  ''asha'', ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111'',
  ''{"item_state": {"name": "Asha", "goal": "board_exam", "verified": true}}''
)';
