create or replace function dpg_private.with_missing_fields(event jsonb, proposed dpg.action_events, stored dpg.action_events)
returns dpg.action_events
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not event ? 'source_item_latitude' and not event ? 'source_item_longitude' then
    proposed.source_item_latitude := stored.source_item_latitude;
    proposed.source_item_longitude := stored.source_item_longitude;
  end if;
  if not event ? 'target_item_latitude' and not event ? 'target_item_longitude' then
    proposed.target_item_latitude := stored.target_item_latitude;
    proposed.target_item_longitude := stored.target_item_longitude;
  end if;
  if not event ? 'remarks' then
    proposed.remarks := stored.remarks;
  end if;
  return proposed;
end
$body$;

comment on function dpg_private.with_missing_fields(jsonb, dpg.action_events, dpg.action_events) is
  'The event that came as this object, with the stored one''s value in each column that may be null and that the object does not name: a sender of an older version does not know it, and so says nothing of it.';
