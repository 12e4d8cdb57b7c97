create or replace function dpg.transition_action(
  actor text,
  partition_network text,
  action_type text,
  action_id uuid,
  action_status text,
  expected_update_count integer default null,
  event_payload jsonb default null,
  remarks text default null,
  event_id uuid default null,
  performed_by text default null
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  slot smallint;
  events_leaf regclass;
  events_slot smallint;
  action dpg.item_actions;
  roles text[];
  outcome dpg_private.transition_outcome;
begin
  -- check
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_action_key(partition_network, action_type, action_id),
    dpg_private.check_key('action_status', action_status),
    dpg_private.check_count_or_none('expected_update_count', expected_update_count),
    dpg_private.check_remarks_or_none(remarks),
    dpg_private.check_document_or_none('event_payload', event_payload),
    dpg_private.check_key_or_none('performed_by', performed_by)
  );

  -- look
  slot := dpg_private.slot_of('item_actions', partition_network, action_type);
  leaf := dpg_private.find_leaf_by_slot('item_actions', slot, partition_network, action_type);
  events_slot := dpg_private.slot_of('action_events', partition_network, action_type);
  events_leaf := dpg_private.find_leaf_by_slot('action_events', events_slot, partition_network, action_type);
  if leaf is not null and events_leaf is null then
    events_leaf := dpg_private.find_or_create_leaf('action_events', partition_network, action_type); -- it was lost
    events_slot := null;
  end if;

  -- lock
  action := dpg_private.lock_action(leaf, partition_network, action_type, action_id, 'no key update', slot);
  roles := dpg_private.ownership_roles(
    actor, action.source_item_owner, action.source_item_is_local, action.target_item_owner, true
  );
  if roles = '{}' then
    perform dpg_private.raise_refusal(dpg_private.party_refusal(actor, action));
  end if;

  -- change
  outcome := dpg_private.apply_transition(
    leaf, slot, events_leaf, events_slot, actor, roles, action, action_status, expected_update_count, event_payload,
    remarks, event_id, performed_by
  );
  if (outcome.refusal).code is not null then
    perform dpg_private.raise_refusal(outcome.refusal);
  end if;
  return outcome.action;
end
$body$;

comment on function dpg.transition_action(text, text, text, uuid, text, integer, jsonb, text, uuid, text) is
  'Changes the status of an action for a party of this instance, under a row lock: update_count + 1, and one event
in the same transaction. With expected_update_count the call is refused (DP007) when somebody else changed the
action first. Null remarks keep those of the row. The default of event_payload is {"status": <status>}. With
event_id a repeated call is safe. performed_by is who carries it out for the actor, a service or an organisation.
Raises DP001, DP004, DP005, DP006, DP007, DP008, DP010, DP018.
Example: select * from dpg.transition_action(
  ''ravi'', ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333'', ''accepted'',
  expected_update_count => 0, event_id => ''44444444-4444-4444-8444-444444444444''
)';
