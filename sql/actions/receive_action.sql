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
  source_item_longitude double precision default null
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  target_leaf regclass;
  action_leaf regclass;
  event_leaf regclass;
  is_registered boolean;
  is_known_url boolean;
  target_item dpg.items;
  proposed dpg.item_actions;
begin
  requirements_snapshot := coalesce(requirements_snapshot, '{}');
  -- a condition is evaluated without a query; how many of the checks return something says nothing
  if num_nonnulls(
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_item_ref('source', source),
    dpg_private.check_remote_source(source_item_instance_url, source_item_owner),
    dpg_private.check_item_ref('target', target),
    dpg_private.check_document('requirements_snapshot', requirements_snapshot),
    dpg_private.check_remarks(remarks),
    dpg_private.check_coordinates(
      'source_item_latitude', source_item_latitude, 'source_item_longitude', source_item_longitude
    ),
    case when event_payload is not null then dpg_private.check_document('event_payload', event_payload) end
  ) is null then
    return null;
  end if;
  -- one statement instead of four; it holds for the moment, and whoever waits has to ask again
  select
    exists (select from dpg.networks n where n.network in (source.item_network, target.item_network)),
    exists (
      select
      from dpg_private.peer_url_sightings p
      where p.instance_url = receive_action.source_item_instance_url
    ),
    (select l.leaf from dpg_private.look_up_leaf('items', target.item_network, target.item_domain) l),
    (select l.leaf from dpg_private.look_up_leaf('item_actions', target.item_network, receive_action.action_type) l),
    (select l.leaf from dpg_private.look_up_leaf('action_events', target.item_network, receive_action.action_type) l)
  into is_registered, is_known_url, target_leaf, action_leaf, event_leaf;
  if is_registered then
    perform dpg_private.check_interaction(action_type, source, target, action_id);
  end if;

  -- before the item is locked: see dpg.perform_action
  if action_leaf is null or event_leaf is null then
    target_item := dpg.get_item(target.item_network, target.item_domain, target.item_type, target.item_id);
    action_leaf := dpg_private.find_or_create_leaf('item_actions', target.item_network, action_type);
    event_leaf := dpg_private.find_or_create_leaf('action_events', target.item_network, action_type);
    target_leaf := dpg_private.find_leaf('items', target.item_network, target.item_domain);
  end if;
  target_item := dpg_private.lock_item(target_leaf, target, 'key share');
  if target_item.item_id is null then
    perform dpg_private.refuse_item_not_found(target);
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
  proposed.source_item_instance_url := source_item_instance_url;
  proposed.source_item_owner := source_item_owner;
  proposed.source_item_latitude := source_item_latitude;
  proposed.source_item_longitude := source_item_longitude;
  proposed.source_item_is_local := false;
  proposed.target_item_network := target.item_network;
  proposed.target_item_domain := target.item_domain;
  proposed.target_item_type := target.item_type;
  proposed.target_item_id := target.item_id;
  proposed.target_item_instance_url := target_item.item_instance_url;
  proposed.target_item_owner := target_item.created_by;
  proposed.target_item_latitude := target_item.item_latitude;
  proposed.target_item_longitude := target_item.item_longitude;
  if not is_known_url then
    perform dpg_private.note_peer_url(source_item_instance_url);
  end if;
  return dpg_private.insert_action(proposed, event_payload, action_leaf, event_leaf);
end
$body$;

comment on function dpg.receive_action(
  text, dpg.item_ref, text, text, dpg.item_ref, jsonb, text, jsonb, uuid, double precision, double precision
) is
  'perform_action for a source that lives on another instance, which asserts its owner and coordinates (degrees); the caller must have authenticated that instance. A URL of our own is DP001; from then on no item may be given this one (dpg.forget_instance_url strikes it). With action_id, chosen by the sender, a repeated call is safe.
Raises DP001, DP002, DP008, DP010, DP014, DP018.
Example: select * from dpg.receive_action(
  ''connect'',
  source => row(''yellow_dot'', ''student'', ''profile_1.0'', ''66666666-6666-4666-8666-666666666666''),
  source_item_instance_url => ''https://student.example.com'', source_item_owner => ''meera'',
  target => row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222''),
  action_id => ''77777777-7777-4777-8777-777777777777''
)';
