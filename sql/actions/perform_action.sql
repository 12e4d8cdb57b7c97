create or replace function dpg.perform_action(
  actor text,
  action_type text,
  source dpg.item_ref,
  target dpg.item_ref,
  requirements_snapshot jsonb default '{}',
  remarks text default null,
  event_payload jsonb default null,
  action_id uuid default null,
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
  is_user boolean;
  is_registered boolean; -- whether one of the networks is
  source_slot smallint;
  source_leaf regclass;
  target_slot smallint;
  target_leaf regclass;
  action_slot smallint;
  action_leaf regclass;
  events_slot smallint;
  events_leaf regclass;
  source_inert text[]; -- statuses in which the source may not act; null where there are none
  target_inert text[];
  source_lock text := 'key share';
  target_lock text := 'key share';
  source_item dpg.items;
  target_item dpg.items;
begin
  -- check
  requirements_snapshot := coalesce(requirements_snapshot, '{}');
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_item_ref('source', source),
    dpg_private.check_item_ref('target', target),
    dpg_private.check_document('requirements_snapshot', requirements_snapshot),
    dpg_private.check_remarks_or_none(remarks),
    dpg_private.check_document_or_none('event_payload', event_payload),
    dpg_private.check_key_or_none('performed_by', performed_by),
    case
      when source = target then
        dpg_private.refuse_argument(
          'target', to_jsonb(target), 'is the source itself', 'An action goes from one item to another.'
        )
    end,
    dpg_private.check_here(target.item_network),
    dpg_private.check_here(source.item_network)
  );

  -- look
  select
    exists (select from public."user" u where u.id = perform_action.actor),
    exists (select from dpg.networks n where n.network in (source.item_network, target.item_network))
  into is_user, is_registered;
  if not is_user then
    perform dpg_private.refuse_unknown_user(actor);
  end if;
  if is_registered then
    perform dpg_private.check_interaction(action_type, source, target, action_id);
  end if;
  for attempt in 1 .. 2 loop
    action_slot := dpg_private.slot_of('item_actions', target.item_network, action_type);
    action_leaf := dpg_private.find_leaf_by_slot('item_actions', action_slot, target.item_network, action_type);
    events_slot := dpg_private.slot_of('action_events', target.item_network, action_type);
    events_leaf := dpg_private.find_leaf_by_slot('action_events', events_slot, target.item_network, action_type);
    exit when action_leaf is not null and events_leaf is not null;
    perform dpg_private.create_leaves_for_new_action(actor, source, target, action_type);
  end loop;
  source_slot := dpg_private.slot_of('items', source.item_network, source.item_domain);
  source_leaf := dpg_private.find_leaf_by_slot('items', source_slot, source.item_network, source.item_domain);
  target_slot := dpg_private.slot_of('items', target.item_network, target.item_domain);
  target_leaf := dpg_private.find_leaf_by_slot('items', target_slot, target.item_network, target.item_domain);
  if array[source.item_network, target.item_network] && dpg_private.defined_networks() then
    source_inert := dpg_private.find_inert_statuses(source.item_network, source.item_domain);
    target_inert := dpg_private.find_inert_statuses(target.item_network, target.item_domain);
    source_lock := case when source_inert is null then 'key share' else 'share' end;
    target_lock := case when target_inert is null then 'key share' else 'share' end;
  end if;

  -- lock: an item cannot be deleted until the action refers to it, and where its domain has statuses that do not act,
  -- its status cannot change either. Elsewhere owners' updates never wait for actions. The lower key first, as
  -- everywhere; in bytes, whatever the collation of the database, since calls that lock many rows sort them so.
  if (
      source.item_network collate "C", source.item_domain collate "C", source.item_type collate "C", source.item_id
    ) < (
      target.item_network collate "C", target.item_domain collate "C", target.item_type collate "C", target.item_id
    )
  then
    source_item := dpg_private.lock_item(source_leaf, source, source_lock, source_slot);
    target_item := dpg_private.lock_item(target_leaf, target, target_lock, target_slot);
  else
    target_item := dpg_private.lock_item(target_leaf, target, target_lock, target_slot);
    source_item := dpg_private.lock_item(source_leaf, source, source_lock, source_slot);
  end if;
  if source_item.item_id is null then
    perform dpg_private.refuse_item_not_found(source);
  end if;
  if target_item.item_id is null then
    perform dpg_private.refuse_item_not_found(target);
  end if;
  if source_item.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, source);
  end if;
  if (source_item.item_status = any (source_inert) or target_item.item_status = any (target_inert))
    -- a call that is repeated finds its action
    and (
      action_id is null
      or (dpg_private.find_action(action_leaf, target.item_network, action_type, action_id)).action_id is null
    )
  then
    perform dpg_private.refuse_inert_item(
      case when source_item.item_status = any (source_inert) then source_item else target_item end
    );
  end if;

  -- change
  return dpg_private.insert_action(
    action_leaf, action_slot, events_leaf, events_slot, action_type, action_id, source_item, true, target_item,
    requirements_snapshot, remarks, event_payload, performed_by
  );
end
$body$;

comment on function dpg.perform_action(text, text, dpg.item_ref, dpg.item_ref, jsonb, text, jsonb, uuid, text) is
  'Creates an action from an item that the actor owns to another item of this instance, and its first event in the
same transaction. The status is the declared initial one, else created; update_count is 0; owners and coordinates
come from the items. The default of event_payload is {"status": <status>}. With action_id a repeated call is safe.
performed_by is who carries it out for the actor, a service or an organisation.
Raises DP001, DP002, DP003, DP008, DP009, DP010, DP014, DP015, DP016, DP018.
Example: select * from dpg.perform_action(
  ''asha'', ''connect'',
  source => row(''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''),
  target => row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222''),
  requirements_snapshot => ''{"subject": "math"}'',
  action_id => ''33333333-3333-4333-8333-333333333333''
)';
