create or replace function dpg.accept_differing_event(actor text, event jsonb, reason text)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  proposed dpg.action_events;
  stored dpg.action_events;
  spelling text;
  redaction dpg.redactions;
begin
  -- check
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_reason(reason);
  proposed := dpg_private.parse_event(event);
  perform dpg_private.check_here(proposed.partition_network);
  if dpg_private.is_instance_url(proposed.origin_instance_domain)
    or dpg_private.normalised_url(proposed.target_item_instance_url)
      <> dpg_private.normalised_url(proposed.origin_instance_domain)
  then
    perform dpg_private.refuse_origin(proposed);
  end if;

  -- lock: one call at a time, so that an event is not accepted twice. dpg.store_event only reads the table and does not
  -- wait.
  lock table dpg.differing_events in share row exclusive mode;

  -- check which event is stored under this id, or of this update, and whether it says something else
  stored := dpg_private.find_event(proposed.partition_network, proposed.action_type, proposed.event_id);
  for spelling in
    select proposed.origin_instance_domain
    union
    select p.instance_url
    from dpg_private.peer_url_sightings p
    where dpg_private.normalised_url(p.instance_url) = dpg_private.normalised_url(proposed.origin_instance_domain)
  loop
    exit when stored.event_id is not null;
    stored := dpg_private.find_event_of_update(
      proposed.partition_network, proposed.action_type, spelling, proposed.action_id, proposed.update_count
    );
  end loop;
  proposed.source_item_is_local := coalesce(stored.source_item_is_local, false);
  proposed.target_item_is_local := false;
  if stored.event_id is null
    or dpg_private.is_same_event(stored, dpg_private.fill_missing_fields(event, proposed, stored))
  then
    perform dpg_private.refuse_argument(
      'event', to_jsonb(proposed.event_id), 'differs from no event here',
      'Pass to dpg.store_event what can be stored. This function is for an event that it refuses with DP008.'
    );
  end if;
  if (dpg_private.find_differing_event(event, proposed)).event_id is not null then
    select r.*
    into redaction
    from dpg.differing_events d
    join dpg.redactions r using (redaction_id)
    where d.event_id = proposed.event_id
      and d.partition_network = proposed.partition_network
      and d.action_type = proposed.action_type
    order by d.redaction_id desc
    limit 1;
    return redaction;
  end if;
  -- An event of another action, or between other items, is not the same update done again.
  if (
    stored.action_id,
    stored.source_item_network, stored.source_item_domain, stored.source_item_type, stored.source_item_id,
    stored.target_item_network, stored.target_item_domain, stored.target_item_type, stored.target_item_id,
    dpg_private.normalised_url(stored.origin_instance_domain),
    dpg_private.normalised_url(stored.source_item_instance_url)
  ) is distinct from (
    proposed.action_id,
    proposed.source_item_network, proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
    proposed.target_item_network, proposed.target_item_domain, proposed.target_item_type, proposed.target_item_id,
    dpg_private.normalised_url(proposed.origin_instance_domain),
    dpg_private.normalised_url(proposed.source_item_instance_url)
  ) then
    perform dpg_private.refuse_event_of_other_items(proposed);
  end if;

  -- change
  insert into dpg.redactions (actor, kind, reason, partition_network, action_type, action_id, event_id)
  values (
    accept_differing_event.actor, 'difference', accept_differing_event.reason,
    proposed.partition_network, proposed.action_type, proposed.action_id, proposed.event_id
  )
  returning * into redaction;
  if not found then
    perform dpg_private.refuse_suppressed('insert', 'dpg.redactions');
  end if;
  insert into dpg.differing_events (
    redaction_id, partition_network, action_type, event_id, origin_instance_domain, action_id, update_count,
    source_item_owner, source_item_is_local, event
  )
  values (
    redaction.redaction_id, proposed.partition_network, proposed.action_type, proposed.event_id,
    proposed.origin_instance_domain, proposed.action_id, proposed.update_count,
    proposed.source_item_owner, proposed.source_item_is_local, dpg_private.event_to_json(proposed)
  );
  if not found then
    perform dpg_private.refuse_suppressed('insert', 'dpg.differing_events');
  end if;
  -- The origin says now that the update ended like this. What later updates said stays.
  update dpg_private.mirrored_actions m
  set action_status = proposed.action_status,
    update_count = proposed.update_count,
    updated_at = proposed.created_at,
    performed_by = proposed.performed_by,
    remarks = case
      when proposed.update_count >= coalesce(m.remarks_update_count, -1) then coalesce(proposed.remarks, m.remarks)
      else m.remarks
    end,
    remarks_update_count = case
      when proposed.remarks is not null then greatest(m.remarks_update_count, proposed.update_count)
      else m.remarks_update_count
    end
  where m.action_id = proposed.action_id
    and m.partition_network = proposed.partition_network
    and m.action_type = proposed.action_type
    and dpg_private.normalised_url(m.origin_instance_domain)
      = dpg_private.normalised_url(proposed.origin_instance_domain)
    and proposed.update_count >= m.update_count;
  perform dpg_private.check_still_here(proposed.partition_network);
  return redaction;
end
$body$;

comment on function dpg.accept_differing_event(text, jsonb, text) is
  'For dpg_admin: accepts an event of another instance that dpg.store_event refuses with DP008, because the stored event
of the same update of the action, or under the same id, says something else. This happens when the other instance was
restored from a backup and did the update again.
event is the object that was refused. Keeps on record who accepted it and why. Returns that record, of kind
difference. The same event again returns the first record.
No event is changed or lost: the stored one stays, and dpg.differing_events keeps the accepted one. From then on
dpg.store_event answers the accepted event with what was accepted. When it is the newest event of a mirrored action,
dpg.get_action and dpg.find_actions show its status, time, remarks and performed_by.
An event that differs from no stored event is DP001. One between other items is DP008.
Raises DP001, DP008, DP018.
Example: select kind, reason from dpg.accept_differing_event(
  ''dba'',
  ''{
    "partition_network": "yellow_dot", "action_type": "connect",
    "event_id": "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb",
    "origin_instance_domain": "https://tutor.example.com",
    "action_id": "88888888-8888-4888-8888-888888888888", "action_status": "rejected", "update_count": 0,
    "source_item_network": "yellow_dot", "source_item_domain": "student", "source_item_type": "profile_1.0",
    "source_item_id": "11111111-1111-4111-8111-111111111111", "source_item_owner": "asha",
    "source_item_instance_url": "https://yellowdot.example.com",
    "target_item_network": "yellow_dot", "target_item_domain": "tutor", "target_item_type": "profile_1.0",
    "target_item_id": "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "target_item_owner": "kiran",
    "target_item_instance_url": "https://tutor.example.com",
    "event_payload": {"status": "rejected"}, "created_at": "2026-01-02T00:00:00.000000Z"
  }'',
  ''the tutors restored their database of Monday''
)';
