create or replace function dpg.receive_transition(
  source_item_instance_url text,
  source_item_owner text,
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
  outcome dpg_private.transition_outcome;
begin
  -- check
  checked := num_nonnulls(
    dpg_private.check_url('source_item_instance_url', source_item_instance_url),
    dpg_private.check_key('source_item_owner', source_item_owner),
    dpg_private.check_remote_url(source_item_instance_url),
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
  if action.source_item_is_local
    or not dpg_private.is_same_url(action.source_item_instance_url, source_item_instance_url)
    or action.source_item_owner <> source_item_owner
  then
    perform dpg_private.raise_refusal(dpg_private.party_refusal(
      source_item_owner, action,
      format('of %L is no party of', source_item_instance_url),
      'URL and owner must be those with which the other instance made the action.',
      jsonb_build_object('source_item_instance_url', source_item_instance_url)
    ));
  end if;

  -- change
  outcome := dpg_private.apply_transition(
    leaf, slot, events_leaf, events_slot, source_item_owner, array['initiated'], action, action_status,
    expected_update_count, event_payload, remarks, event_id, performed_by
  );
  if (outcome.refusal).code is not null then
    perform dpg_private.raise_refusal(outcome.refusal);
  end if;
  return outcome.action;
end
$body$;

comment on function dpg.receive_transition(text, text, text, text, uuid, text, integer, jsonb, text, uuid, text) is
  'transition_action for the source party of an action that came by receive_action. URL and owner must equal those
in the action, the URL in any spelling; the caller must have authenticated that instance. With event_id, chosen by
the sender, a repeated call is safe.
Raises DP001, DP004, DP005, DP006, DP007, DP008, DP010, DP018.
Example: select * from dpg.receive_transition(
  ''https://student.example.com'', ''meera'',
  ''yellow_dot'', ''connect'', ''77777777-7777-4777-8777-777777777777'', ''withdrawn''
)';
