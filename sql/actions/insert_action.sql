create or replace function dpg_private.insert_action(
  action_leaf regclass,
  action_slot smallint,
  events_leaf regclass,
  events_slot smallint,
  action_type text,
  action_id uuid,
  source dpg.items,
  source_is_local boolean,
  target dpg.items,
  requirements_snapshot jsonb,
  remarks text,
  event_payload jsonb,
  performed_by text
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  rules dpg_private.action_rules;
  proposed dpg.item_actions;
  stored dpg.item_actions;
  is_new boolean := false;
  has_additions boolean; -- columns or triggers of the application: row and event are written in another way
  restored integer; -- settings of the caller
  caller_plan_cache_mode constant text := current_setting('plan_cache_mode');
  caller_constraint_exclusion constant text := current_setting('constraint_exclusion');
begin
  -- lock: keeps new triggers out, between the look for triggers and the insert
  execute format(
    'lock table only dpg.item_actions, only dpg.action_events, only %s, only %s in row exclusive mode',
    action_leaf, events_leaf
  );

  -- by name: an application may have added columns, which stand anywhere
  proposed.partition_network := target.item_network;
  proposed.action_type := action_type;
  proposed.action_id := coalesce(action_id, gen_random_uuid());
  proposed.update_count := 0;
  proposed.requirements_snapshot := requirements_snapshot;
  proposed.remarks := remarks;
  proposed.source_item_network := source.item_network;
  proposed.source_item_domain := source.item_domain;
  proposed.source_item_type := source.item_type;
  proposed.source_item_id := source.item_id;
  proposed.source_item_instance_url := source.item_instance_url;
  proposed.source_item_owner := source.created_by;
  proposed.source_item_latitude := source.item_latitude;
  proposed.source_item_longitude := source.item_longitude;
  proposed.source_item_is_local := source_is_local;
  proposed.source_local_item_id := case
    when source_is_local and source.item_network = target.item_network then source.item_id
  end;
  proposed.target_item_network := target.item_network;
  proposed.target_item_domain := target.item_domain;
  proposed.target_item_type := target.item_type;
  proposed.target_item_id := target.item_id;
  proposed.target_item_instance_url := target.item_instance_url;
  proposed.target_item_owner := target.created_by;
  proposed.target_item_latitude := target.item_latitude;
  proposed.target_item_longitude := target.item_longitude;
  proposed.created_at := clock_timestamp();
  proposed.updated_at := proposed.created_at;
  proposed.performed_by := performed_by;
  has_additions := dpg_private.has_additions_to_action(action_leaf, action_slot, events_leaf, events_slot);
  select r.* into rules from dpg_private.look_up_action_rules(proposed.partition_network, proposed.action_type) r;
  proposed.action_status := rules.initial_status;
  if proposed.partition_network = any (dpg_private.ruled_networks()) then
    perform dpg_private.check_new_action(action_leaf, rules, proposed, action_id is not null);
  end if;

  -- Settings for the insert. The foreign keys to the items of the network are checked by statements that PostgreSQL
  -- keeps: at the sixth use in a session it would plan one of them for all leaves of the network, only to drop that
  -- plan. And the keys name the leaf, so no constraints need be read to exclude others.
  if has_additions then
    stored := dpg_private.find_action(
      action_leaf, proposed.partition_network, proposed.action_type, proposed.action_id
    );
    if stored.action_id is null then
      perform
        set_config('plan_cache_mode', 'force_custom_plan', true),
        set_config('constraint_exclusion', 'off', true);
      stored := dpg_private.write_action_and_event(
        action_leaf, proposed, gen_random_uuid(),
        coalesce(event_payload, dpg_private.default_payload(proposed.action_status)), proposed.remarks, 'source'
      );
      perform
        set_config('plan_cache_mode', caller_plan_cache_mode, true),
        set_config('constraint_exclusion', caller_constraint_exclusion, true);
      if stored.action_id is not null then
        return stored;
      end if;
    end if;
  else
    -- The settings come with the execution of the insert, so that the insert itself keeps its plan. It names no
    -- constraint: PostgreSQL would search the index of the leaf for it at each call.
    insert into dpg.item_actions (
      partition_network, action_type, action_id, action_status, update_count, requirements_snapshot, remarks,
      source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
      source_item_owner, target_item_network, target_item_domain, target_item_type, target_item_id,
      target_item_instance_url, target_item_owner, created_at, updated_at, source_item_latitude,
      source_item_longitude, target_item_latitude, target_item_longitude, source_item_is_local, source_local_item_id,
      performed_by
    )
    select
      proposed.partition_network, proposed.action_type, proposed.action_id, proposed.action_status,
      proposed.update_count, proposed.requirements_snapshot, proposed.remarks, proposed.source_item_network,
      proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
      proposed.source_item_instance_url, proposed.source_item_owner, proposed.target_item_network,
      proposed.target_item_domain, proposed.target_item_type, proposed.target_item_id,
      proposed.target_item_instance_url, proposed.target_item_owner, proposed.created_at, proposed.updated_at,
      proposed.source_item_latitude, proposed.source_item_longitude, proposed.target_item_latitude,
      proposed.target_item_longitude, proposed.source_item_is_local, proposed.source_local_item_id,
      proposed.performed_by
    where set_config('plan_cache_mode', 'force_custom_plan', true) is not null
      and set_config('constraint_exclusion', 'off', true) is not null
    on conflict do nothing;
    is_new := found;
    restored := num_nonnulls( -- see sql/README.md, "Checks"
      set_config('plan_cache_mode', caller_plan_cache_mode, true),
      set_config('constraint_exclusion', caller_constraint_exclusion, true)
    );
    if not is_new then
      is_new := dpg_private.insert_again('item_actions', dpg_private.action_columns_sql(''), proposed);
    end if;
  end if;
  if not is_new then
    stored := dpg_private.lock_action(
      action_leaf, proposed.partition_network, proposed.action_type, proposed.action_id, 'key share'
    );
    perform dpg_private.check_repeated_action(stored, proposed, event_payload);
    return stored;
  end if;

  if not dpg_private.append_event(
    proposed,
    gen_random_uuid(),
    coalesce(event_payload, dpg_private.default_payload(proposed.action_status)),
    proposed.remarks,
    'source'
  ) then
    -- an event that was mirrored before its origin became a URL of ours has this place
    perform dpg_private.refuse_different_event(
      dpg_private.find_event_of_update(
        proposed.partition_network, proposed.action_type, proposed.target_item_instance_url, proposed.action_id, 0
      )
    );
  end if;
  return proposed;
end
$body$;

comment on function dpg_private.insert_action(
  regclass, smallint, regclass, smallint, text, uuid, dpg.items, boolean, dpg.items, jsonb, text, jsonb, text
) is
  'Creates an action from source to target with its first event, in these leaves: initial status, update_count 0,
times of now; URLs, owners and places as the two items have them. source_is_local: the source is an item of this
instance. With an action_id that was used before: the stored row when the content is the same, else DP008. Raises
DP008, DP018.';
