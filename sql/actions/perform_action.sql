create or replace function dpg.perform_action(
  actor text,
  action_type text,
  source dpg.item_ref,
  target dpg.item_ref,
  requirements_snapshot jsonb default '{}',
  remarks text default null,
  event_payload jsonb default null,
  action_id uuid default null
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  source_leaf regclass;
  target_leaf regclass;
  action_leaf regclass;
  event_leaf regclass;
  is_user boolean;
  is_registered boolean;
  source_item dpg.items;
  target_item dpg.items;
  proposed dpg.item_actions;
begin
  requirements_snapshot := coalesce(requirements_snapshot, '{}');
  -- as in dpg.upsert_item: one condition without a query, and only when it does not hold the checks that say what is wrong
  if (
    dpg_private.is_actor(actor)
    and dpg_private.is_key(action_type)
    and dpg_private.is_item_ref(source)
    and dpg_private.is_item_ref(target)
    and dpg_private.is_short_document(requirements_snapshot)
    and octet_length(remarks) > 65536 is not true
    and (event_payload is null or dpg_private.is_short_document(event_payload))
    and source <> target
  ) is not true then
    perform
      dpg_private.check_actor(actor),
      dpg_private.check_key('action_type', action_type),
      dpg_private.check_item_ref('source', source),
      dpg_private.check_item_ref('target', target),
      dpg_private.check_document('requirements_snapshot', requirements_snapshot),
      dpg_private.check_remarks(remarks),
      case when event_payload is not null then dpg_private.check_document('event_payload', event_payload) end,
      case
        when source = target then
          dpg_private.refuse_argument('target', to_jsonb(target), 'is the source itself', 'An action goes from one item to another.')
      end;
  end if;

  -- one statement instead of six; it holds for the moment, and whoever waits has to ask again
  select
    exists (select from public."user" u where u.id = perform_action.actor),
    exists (select from dpg.networks n where n.network in (source.item_network, target.item_network)),
    (select l.leaf from dpg_private.look_up_leaf('items', source.item_network, source.item_domain) l),
    (select l.leaf from dpg_private.look_up_leaf('items', target.item_network, target.item_domain) l),
    (select l.leaf from dpg_private.look_up_leaf('item_actions', target.item_network, perform_action.action_type) l),
    (select l.leaf from dpg_private.look_up_leaf('action_events', target.item_network, perform_action.action_type) l)
  into is_user, is_registered, source_leaf, target_leaf, action_leaf, event_leaf;
  if not is_user then
    perform dpg_private.refuse_unknown_user(actor);
  end if;
  if is_registered then
    perform dpg_private.check_interaction(action_type, source, target, action_id);
  end if;

  -- Leaves that are missing are made before the items are locked: who makes one waits for those who write to the
  -- network's items, and those may wait for these items. Not for a call that is refused anyway.
  if action_leaf is null or event_leaf is null then
    source_item := dpg.get_item(source.item_network, source.item_domain, source.item_type, source.item_id);
    target_item := dpg.get_item(target.item_network, target.item_domain, target.item_type, target.item_id);
    if source_item.created_by <> actor then
      perform dpg_private.refuse_not_item_owner(actor, source);
    end if;
    action_leaf := dpg_private.find_or_create_leaf('item_actions', target.item_network, action_type);
    event_leaf := dpg_private.find_or_create_leaf('action_events', target.item_network, action_type);
    source_leaf := dpg_private.find_leaf('items', source.item_network, source.item_domain);
    target_leaf := dpg_private.find_leaf('items', target.item_network, target.item_domain);
  end if;

  -- kept from being deleted until the action refers to them; the lower key first, as everywhere: in bytes, since calls
  -- that lock many rows sort them so, whatever the collation of the database
  if (
      source.item_network collate "C", source.item_domain collate "C", source.item_type collate "C", source.item_id
    ) < (
      target.item_network collate "C", target.item_domain collate "C", target.item_type collate "C", target.item_id
    )
  then
    source_item := dpg_private.lock_item(source_leaf, source, 'key share');
    target_item := dpg_private.lock_item(target_leaf, target, 'key share');
  else
    target_item := dpg_private.lock_item(target_leaf, target, 'key share');
    source_item := dpg_private.lock_item(source_leaf, source, 'key share');
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

  proposed.partition_network := target.item_network;
  proposed.action_type := action_type;
  proposed.action_id := action_id;
  proposed.requirements_snapshot := requirements_snapshot;
  proposed.remarks := remarks;
  proposed.source_item_network := source.item_network;
  proposed.source_item_domain := source.item_domain;
  proposed.source_item_type := source.item_type;
  proposed.source_item_id := source.item_id;
  proposed.source_item_instance_url := source_item.item_instance_url;
  proposed.source_item_owner := source_item.created_by;
  proposed.source_item_latitude := source_item.item_latitude;
  proposed.source_item_longitude := source_item.item_longitude;
  proposed.source_item_is_local := true;
  proposed.source_local_item_id := case when source.item_network = target.item_network then source.item_id end;
  proposed.target_item_network := target.item_network;
  proposed.target_item_domain := target.item_domain;
  proposed.target_item_type := target.item_type;
  proposed.target_item_id := target.item_id;
  proposed.target_item_instance_url := target_item.item_instance_url;
  proposed.target_item_owner := target_item.created_by;
  proposed.target_item_latitude := target_item.item_latitude;
  proposed.target_item_longitude := target_item.item_longitude;
  return dpg_private.insert_action(proposed, event_payload, action_leaf, event_leaf);
end
$body$;

comment on function dpg.perform_action(text, text, dpg.item_ref, dpg.item_ref, jsonb, text, jsonb, uuid) is
  'Makes an action from an item that the actor owns to another item of this instance, and its first event in the same transaction. Status is the declared initial one or created, update_count 0; owners and coordinates are taken from the items. event_payload is {"status": <status>} unless given. With action_id a repeated call is safe.
Raises DP001, DP002, DP003, DP008, DP009, DP010, DP014, DP018.
Example: select * from dpg.perform_action(
  ''asha'', ''connect'',
  source => row(''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''),
  target => row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222''),
  requirements_snapshot => ''{"subject": "math"}'',
  action_id => ''33333333-3333-4333-8333-333333333333''
)';
