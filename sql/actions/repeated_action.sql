create or replace function dpg_private.digest_of_action(action dpg.item_actions)
returns bytea
language sql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- the same digits of coordinates in every session
return sha256(
  convert_to(
    jsonb_build_array(
      action.requirements_snapshot, action.source_item_is_local,
      action.source_item_network, action.source_item_domain, action.source_item_type, action.source_item_id,
      action.source_item_owner,
      action.target_item_network, action.target_item_domain, action.target_item_type, action.target_item_id,
      -- what a remote source says of itself; a local one is read from its item, which may change
      case
        when not action.source_item_is_local then
          jsonb_build_array(action.source_item_instance_url, action.source_item_latitude, action.source_item_longitude)
      end
    )::text,
    'UTF8'
  )
);

comment on function dpg_private.digest_of_action(dpg.item_actions) is
  'SHA-256 of the columns that a repeated call must have the same, those that never change. For
dpg_private.sent_contents.';

create or replace function dpg_private.refuse_different_action(proposed dpg.item_actions)
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
      'action_id %s was used before in %L/%L, with other content',
      proposed.action_id, proposed.partition_network, proposed.action_type
    )),
    hint = 'Repeat a call with exactly what it said the first time; a new action needs an id of its own.',
    detail = dpg_private.text_for_client(jsonb_build_object(
      'partition_network', proposed.partition_network, 'action_type', proposed.action_type, 'action_id',
      proposed.action_id
    )::text);
end
$body$;

comment on function dpg_private.refuse_different_action(dpg.item_actions) is
  'Raises DP008 for the id of an action that was used before with other content.';

create or replace function dpg_private.check_repeated_action(
  stored dpg.item_actions,
  proposed dpg.item_actions,
  event_payload jsonb
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  first_event dpg.action_events;
  is_same_action boolean;
  is_same_event boolean;
begin
  first_event := dpg_private.find_event_of_update(
    stored.partition_network, stored.action_type, stored.target_item_instance_url, stored.action_id, 0
  );
  -- another spelling of the URL of the source is the same instance
  if dpg_private.is_same_url(proposed.source_item_instance_url, stored.source_item_instance_url) then
    proposed.source_item_instance_url := stored.source_item_instance_url;
  end if;
  -- what was redacted since cannot be compared
  if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id) then
    proposed.requirements_snapshot := stored.requirements_snapshot;
  end if;
  if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, first_event.event_id) then
    event_payload := first_event.event_payload;
    proposed.remarks := first_event.remarks;
    proposed.performed_by := first_event.performed_by;
  end if;
  if dpg_private.is_same_performer(first_event.performed_by, proposed.performed_by) then
    proposed.performed_by := first_event.performed_by;
  end if;
  is_same_action := (
      stored.requirements_snapshot, stored.source_item_is_local,
      stored.source_item_network, stored.source_item_domain, stored.source_item_type, stored.source_item_id,
      stored.source_item_owner,
      stored.target_item_network, stored.target_item_domain, stored.target_item_type, stored.target_item_id
    ) is not distinct from (
      proposed.requirements_snapshot, proposed.source_item_is_local,
      proposed.source_item_network, proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
      proposed.source_item_owner,
      proposed.target_item_network, proposed.target_item_domain, proposed.target_item_type, proposed.target_item_id
    )
    -- what a remote source says of itself; a local one is read from its item, which may have changed since
    and (
      proposed.source_item_is_local
      or (
        stored.source_item_instance_url, stored.source_item_latitude, stored.source_item_longitude
      ) is not distinct from (
        proposed.source_item_instance_url, proposed.source_item_latitude, proposed.source_item_longitude
      )
    );
  is_same_event := first_event.event_id is null -- it was lost, as dpg.confirm_lost_events says
    or (first_event.event_payload, first_event.remarks, first_event.performed_by) is not distinct from (
      coalesce(event_payload, dpg_private.default_payload(first_event.action_status)), proposed.remarks,
      proposed.performed_by
    );

  -- a trigger of the application may have stored something else than what was sent
  if not is_same_action and not dpg_private.was_sent(
      'item_actions', stored.partition_network, stored.action_type, '', stored.action_id,
      dpg_private.digest_of_action(proposed)
    )
    or not is_same_event and not dpg_private.was_sent(
      'action_events', stored.partition_network, stored.action_type, '', first_event.event_id,
      dpg_private.digest_of_change(
        proposed.action_status, coalesce(event_payload, dpg_private.default_payload(proposed.action_status)),
        proposed.remarks, proposed.performed_by
      )
    )
  then
    perform dpg_private.refuse_different_action(proposed);
  end if;
end
$body$;

comment on function dpg_private.check_repeated_action(dpg.item_actions, dpg.item_actions, jsonb) is
  'Raises DP008 unless the proposed action and its first event say what the stored ones said when they were created.';
