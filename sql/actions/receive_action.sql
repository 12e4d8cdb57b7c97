create or replace function dpg.receive_action(
  action_type text,
  source dpg.item_ref,
  source_item_instance_url text,
  source_item_owner text,
  target dpg.item_ref,
  requirements_snapshot jsonb default null,
  remarks text default null,
  event_payload jsonb default null,
  action_id uuid default null,
  source_item_latitude double precision default null,
  source_item_longitude double precision default null,
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
  is_known_url boolean;
  is_registered boolean; -- whether one of the networks is
  target_slot smallint;
  target_inert text[]; -- statuses in which the target may not act; null where there are none
  action_slot smallint;
  action_leaf regclass;
  events_slot smallint;
  events_leaf regclass;
  source_item dpg.items; -- as the other instance describes it
  target_item dpg.items;
begin
  -- check
  requirements_snapshot := coalesce(requirements_snapshot, '{}');
  checked := num_nonnulls(
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_item_ref('source', source),
    dpg_private.check_url('source_item_instance_url', source_item_instance_url),
    dpg_private.check_key('source_item_owner', source_item_owner),
    dpg_private.check_remote_url(source_item_instance_url),
    dpg_private.check_item_ref('target', target),
    dpg_private.check_document('requirements_snapshot', requirements_snapshot),
    dpg_private.check_remarks_or_none(remarks),
    dpg_private.check_coordinates_or_none(
      'source_item_latitude', source_item_latitude, 'source_item_longitude', source_item_longitude
    ),
    dpg_private.check_document_or_none('event_payload', event_payload),
    dpg_private.check_key_or_none('performed_by', performed_by),
    dpg_private.check_here(target.item_network)
  );

  -- look
  select
    exists (
      select
      from dpg_private.peer_url_sightings p
      where p.instance_url = receive_action.source_item_instance_url
    ),
    exists (select from dpg.networks n where n.network in (source.item_network, target.item_network))
  into is_known_url, is_registered;
  if is_registered then
    perform dpg_private.check_interaction(action_type, source, target, action_id);
  end if;
  for attempt in 1 .. 2 loop
    action_slot := dpg_private.slot_of('item_actions', target.item_network, action_type);
    action_leaf := dpg_private.find_leaf_by_slot('item_actions', action_slot, target.item_network, action_type);
    events_slot := dpg_private.slot_of('action_events', target.item_network, action_type);
    events_leaf := dpg_private.find_leaf_by_slot('action_events', events_slot, target.item_network, action_type);
    exit when action_leaf is not null and events_leaf is not null;
    perform dpg_private.create_leaves_for_new_action(null, source, target, action_type);
  end loop;

  -- lock
  target_slot := dpg_private.slot_of('items', target.item_network, target.item_domain);
  if target.item_network = any (dpg_private.defined_networks()) then
    target_inert := dpg_private.find_inert_statuses(target.item_network, target.item_domain);
  end if;
  target_item := dpg_private.lock_item(
    dpg_private.find_leaf_by_slot('items', target_slot, target.item_network, target.item_domain),
    target, case when target_inert is null then 'key share' else 'share' end, target_slot
  );
  if target_item.item_id is null then
    perform dpg_private.refuse_item_not_found(target);
  end if;
  if target_item.item_status = any (target_inert)
    and (
      action_id is null
      or (dpg_private.find_action(action_leaf, target.item_network, action_type, action_id)).action_id is null
    )
  then
    perform dpg_private.refuse_inert_item(target_item);
  end if;

  -- change
  if not is_known_url then
    perform dpg_private.note_peer_url(source_item_instance_url);
  end if;
  source_item.item_network := source.item_network;
  source_item.item_domain := source.item_domain;
  source_item.item_type := source.item_type;
  source_item.item_id := source.item_id;
  source_item.item_instance_url := source_item_instance_url;
  source_item.item_latitude := source_item_latitude;
  source_item.item_longitude := source_item_longitude;
  source_item.created_by := source_item_owner;
  return dpg_private.insert_action(
    action_leaf, action_slot, events_leaf, events_slot, action_type, action_id, source_item, false, target_item,
    requirements_snapshot, remarks, event_payload, performed_by
  );
end
$body$;

comment on function dpg.receive_action(
  text, dpg.item_ref, text, text, dpg.item_ref, jsonb, text, jsonb, uuid, double precision, double precision, text
) is
  'perform_action for a source that lives on another instance. That instance says who owns the source and where it
is (coordinates in degrees); the caller must have authenticated it. A URL of our own is DP001. From then on no item
may be given this URL (dpg.forget_instance_url removes it). With action_id, chosen by the sender, a repeated call is
safe.
Raises DP001, DP002, DP008, DP010, DP014, DP015, DP016, DP018.
Example: select * from dpg.receive_action(
  ''connect'',
  source => row(''yellow_dot'', ''student'', ''profile_1.0'', ''66666666-6666-4666-8666-666666666666''),
  source_item_instance_url => ''https://student.example.com'', source_item_owner => ''meera'',
  target => row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222''),
  action_id => ''77777777-7777-4777-8777-777777777777''
)';
