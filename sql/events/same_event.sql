create or replace function dpg_private.is_same_performer(stored text, proposed text)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if stored is null or proposed is null or stored = proposed then
    return stored is not distinct from proposed;
  end if;
  -- erased here since, or moved; or erased on the instance that says so
  return proposed = dpg_private.tombstone() or dpg_private.has_taken_place_of(stored, proposed);
end
$body$;

comment on function dpg_private.is_same_performer(text, text) is
  'Whether performed_by says the same as what is stored. Who was erased since, or whose items were moved since, is
stored as another user. That is no difference. Null is the party itself, and differs from everybody.';

create or replace function dpg_private.is_same_event(stored dpg.action_events, proposed dpg.action_events)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- what was redacted since cannot be compared, and is not restored
  if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, stored.event_id) then
    proposed.event_payload := stored.event_payload;
    proposed.remarks := stored.remarks;
    proposed.performed_by := stored.performed_by;
  end if;
  -- Every event since version 2 has an acting_side. Without it the stored one came when its sender, or this instance,
  -- was older, and says nothing of these two fields.
  if stored.acting_side is null then
    proposed.acting_side := null;
    if stored.performed_by is null then
      proposed.performed_by := null;
    end if;
  end if;
  if dpg_private.is_same_performer(stored.performed_by, proposed.performed_by)
    -- who is owner as well was moved together with the items on the other instance: see below
    or (
      not stored.target_item_is_local
      and (stored.performed_by, proposed.performed_by) = (stored.target_item_owner, proposed.target_item_owner)
    )
    or (
      not stored.source_item_is_local
      and (stored.performed_by, proposed.performed_by) = (stored.source_item_owner, proposed.source_item_owner)
    )
  then
    proposed.performed_by := stored.performed_by;
  end if;
  -- another spelling of a URL is the same instance
  if dpg_private.is_same_url(proposed.origin_instance_domain, stored.origin_instance_domain) then
    proposed.origin_instance_domain := stored.origin_instance_domain;
  end if;
  if dpg_private.is_same_url(proposed.source_item_instance_url, stored.source_item_instance_url) then
    proposed.source_item_instance_url := stored.source_item_instance_url;
  end if;
  if dpg_private.is_same_url(proposed.target_item_instance_url, stored.target_item_instance_url) then
    proposed.target_item_instance_url := stored.target_item_instance_url;
  end if;
  -- Another user may have taken the place of an owner since. Of a user of this instance that is on record here. Of
  -- a user of another instance only that one knows, and nothing here relies on the id. So an owner alone makes no
  -- other event.
  if not stored.source_item_is_local
    or dpg_private.has_taken_place_of(stored.source_item_owner, proposed.source_item_owner)
  then
    proposed.source_item_owner := stored.source_item_owner;
  end if;
  if not stored.target_item_is_local then
    proposed.target_item_owner := stored.target_item_owner;
  end if;
  -- column by column: an application may have added others
  return (
    stored.partition_network, stored.action_type, stored.event_id, stored.origin_instance_domain, stored.action_id,
    stored.action_status, stored.update_count, stored.source_item_network, stored.source_item_domain,
    stored.source_item_type, stored.source_item_id, stored.source_item_instance_url, stored.source_item_owner,
    stored.source_item_latitude, stored.source_item_longitude, stored.target_item_network, stored.target_item_domain,
    stored.target_item_type, stored.target_item_id, stored.target_item_instance_url, stored.target_item_owner,
    stored.target_item_latitude, stored.target_item_longitude, stored.event_payload, stored.remarks,
    stored.created_at, stored.source_item_is_local, stored.target_item_is_local, stored.performed_by,
    stored.acting_side
  ) is not distinct from (
    proposed.partition_network, proposed.action_type, proposed.event_id, proposed.origin_instance_domain,
    proposed.action_id, proposed.action_status, proposed.update_count, proposed.source_item_network,
    proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
    proposed.source_item_instance_url, proposed.source_item_owner, proposed.source_item_latitude,
    proposed.source_item_longitude, proposed.target_item_network, proposed.target_item_domain,
    proposed.target_item_type, proposed.target_item_id, proposed.target_item_instance_url, proposed.target_item_owner,
    proposed.target_item_latitude, proposed.target_item_longitude, proposed.event_payload, proposed.remarks,
    proposed.created_at, proposed.source_item_is_local, proposed.target_item_is_local, proposed.performed_by,
    proposed.acting_side
  );
end
$body$;

comment on function dpg_private.is_same_event(dpg.action_events, dpg.action_events) is
  'Whether a stored event, one mirrored from another instance, says the same as the proposed one, as far as it was
not redacted. Not compared: owners who are users of another instance, and an owner of this instance who was erased
or whose items were moved; the same is true of performed_by. Nor are performed_by and acting_side, where the stored one
came without them. URLs of instances are compared as dpg_private.normalised_url says.';

create or replace function dpg_private.digest_of_event(event dpg.action_events)
returns bytea
language sql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- the same digits of coordinates, and the same times, in every session
set timezone = 'UTC'
return sha256(
  convert_to(
    (jsonb_build_array(
      event.partition_network, event.action_type, event.event_id, event.origin_instance_domain, event.action_id,
      event.action_status, event.update_count, event.source_item_network, event.source_item_domain,
      event.source_item_type, event.source_item_id, event.source_item_instance_url, event.source_item_owner,
      event.source_item_latitude, event.source_item_longitude, event.target_item_network, event.target_item_domain,
      event.target_item_type, event.target_item_id, event.target_item_instance_url, event.target_item_owner,
      event.target_item_latitude, event.target_item_longitude, event.event_payload, event.remarks, event.created_at
    )
    -- not where both are null: so are the digests of before there were these columns
    || case
      when num_nonnulls(event.performed_by, event.acting_side) > 0
        then jsonb_build_array(event.performed_by, event.acting_side)
      else '[]'
    end)::text,
    'UTF8'
  )
);

comment on function dpg_private.digest_of_event(dpg.action_events) is
  'SHA-256 of the content of a mirrored event, for dpg_private.sent_contents.';

create or replace function dpg_private.refuse_event_of_other_items(proposed dpg.action_events)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP008',
    message = dpg_private.text_for_client(format(
      'event %s of %L/%L is between other items than what came of action %s from %L before',
      proposed.event_id, proposed.partition_network, proposed.action_type, proposed.action_id,
      proposed.origin_instance_domain
    )),
    hint =
      'The events of one action name the same source and the same target, with the same URLs; '
        'another action needs an id of its own.',
    detail = dpg_private.text_for_client(jsonb_build_object(
      'partition_network', proposed.partition_network, 'action_type', proposed.action_type, 'event_id',
      proposed.event_id,
      'origin_instance_domain', proposed.origin_instance_domain, 'action_id', proposed.action_id
    )::text);
end
$body$;

comment on function dpg_private.refuse_event_of_other_items(dpg.action_events) is
  'Raises DP008 for an event whose action is here with another source or target.';
