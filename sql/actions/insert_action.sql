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
  'SHA-256 of what the repetition of a call that makes an action must have the same: the unchanging columns. For dpg_private.sent_contents.';

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
      'partition_network', proposed.partition_network, 'action_type', proposed.action_type, 'action_id', proposed.action_id
    )::text);
end
$body$;

comment on function dpg_private.refuse_different_action(dpg.item_actions) is
  'Raises DP008 for the id of an action that was used before.';

create or replace function dpg_private.insert_action(proposed dpg.item_actions, event_payload jsonb, leaf regclass, events_leaf regclass)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.item_actions;
  first_event dpg.action_events;
  is_new boolean := false;
  inserted_rows bigint;
  has_additions boolean; -- columns or triggers of the application: row and event are written another way
  caller_plan_cache_mode constant text := current_setting('plan_cache_mode');
  caller_constraint_exclusion constant text := current_setting('constraint_exclusion');
begin
  proposed.action_id := coalesce(proposed.action_id, gen_random_uuid());
  -- so that no trigger of the application can come between the look for triggers and the insert
  execute format(
    'lock table only dpg.item_actions, only dpg.action_events, only %s, only %s in row exclusive mode', leaf, events_leaf
  );
  select coalesce(d.initial_status, 'created'), a.has_additions
  into proposed.action_status, has_additions
  from dpg_private.additions_to_actions(leaf, events_leaf) a
  left join dpg.action_definitions d
    on d.partition_network = proposed.partition_network
    and d.action_type = proposed.action_type;
  proposed.update_count := 0;
  proposed.created_at := clock_timestamp();
  proposed.updated_at := proposed.created_at;

  if has_additions then
    -- its id is known to be new, or it is told from a repetition below
    stored := dpg_private.find_action(leaf, proposed.partition_network, proposed.action_type, proposed.action_id);
    if stored.action_id is null then
      perform
        set_config('plan_cache_mode', 'force_custom_plan', true), -- for the foreign keys, see below
        set_config('constraint_exclusion', 'off', true);
      stored := dpg_private.write_action_and_event(
        leaf, proposed, gen_random_uuid(),
        coalesce(event_payload, dpg_private.default_payload(proposed.action_status)), proposed.remarks
      );
      perform
        set_config('plan_cache_mode', caller_plan_cache_mode, true),
        set_config('constraint_exclusion', caller_constraint_exclusion, true);
      if stored.action_id is not null then
        return stored;
      end if;
    end if;
  else
    -- The foreign keys to the network's items are checked by statements that PostgreSQL keeps: at their sixth use in a
    -- session it would make a generic plan over all of the network's leaves, only to drop it. The setting against that
    -- comes with the execution of the insert, which keeps its own plan; and another, since the keys name the leaf, so that
    -- no checks need be read to exclude it.
    insert into dpg.item_actions (
      partition_network, action_type, action_id, action_status, update_count, requirements_snapshot, remarks,
      source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
      source_item_owner, target_item_network, target_item_domain, target_item_type, target_item_id,
      target_item_instance_url, target_item_owner, created_at, updated_at, source_item_latitude,
      source_item_longitude, target_item_latitude, target_item_longitude, source_item_is_local, source_local_item_id
    )
    select
      proposed.partition_network, proposed.action_type, proposed.action_id, proposed.action_status,
      proposed.update_count, proposed.requirements_snapshot, proposed.remarks, proposed.source_item_network,
      proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
      proposed.source_item_instance_url, proposed.source_item_owner, proposed.target_item_network,
      proposed.target_item_domain, proposed.target_item_type, proposed.target_item_id,
      proposed.target_item_instance_url, proposed.target_item_owner, proposed.created_at, proposed.updated_at,
      proposed.source_item_latitude, proposed.source_item_longitude, proposed.target_item_latitude,
      proposed.target_item_longitude, proposed.source_item_is_local, proposed.source_local_item_id
    where set_config('plan_cache_mode', 'force_custom_plan', true) is not null
      and set_config('constraint_exclusion', 'off', true) is not null
    on conflict do nothing; -- a constraint that is named would be looked for in the leaf at each call
    is_new := found;
    perform
      set_config('plan_cache_mode', caller_plan_cache_mode, true),
      set_config('constraint_exclusion', caller_constraint_exclusion, true);
    if not is_new then
      -- the id was used before; or a unique index that is not ours has such a row, which raises here
      execute format(
        'insert into dpg.item_actions (%s) select %s from (select ($1).*) a on conflict on constraint item_actions_pkey do nothing',
        replace(dpg_private.action_columns_sql(), 'a.', ''), dpg_private.action_columns_sql()
      )
      using proposed;
      get diagnostics inserted_rows = row_count;
      is_new := inserted_rows > 0;
    end if;
  end if;
  if not is_new then
    stored := dpg_private.lock_action(
      leaf, proposed.partition_network, proposed.action_type, proposed.action_id, 'key share'
    );
    first_event := dpg_private.find_event_of_update(
      stored.partition_network, stored.action_type, stored.target_item_instance_url, stored.action_id, 0
    );
    -- another spelling of the source's URL is the same instance
    if proposed.source_item_instance_url <> stored.source_item_instance_url
      and dpg_private.normalised_url(proposed.source_item_instance_url) = dpg_private.normalised_url(stored.source_item_instance_url)
    then
      proposed.source_item_instance_url := stored.source_item_instance_url;
    end if;
    -- what was taken away since cannot be compared
    if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id) then
      proposed.requirements_snapshot := stored.requirements_snapshot;
    end if;
    if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, first_event.event_id) then
      event_payload := first_event.event_payload;
      proposed.remarks := first_event.remarks;
    end if;
    if (
        (
          (
            stored.requirements_snapshot, stored.source_item_is_local,
            stored.source_item_network, stored.source_item_domain, stored.source_item_type, stored.source_item_id,
            stored.source_item_owner,
            stored.target_item_network, stored.target_item_domain, stored.target_item_type, stored.target_item_id
          ) is distinct from (
            proposed.requirements_snapshot, proposed.source_item_is_local,
            proposed.source_item_network, proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
            proposed.source_item_owner,
            proposed.target_item_network, proposed.target_item_domain, proposed.target_item_type, proposed.target_item_id
          )
          -- what a remote source says of itself; a local one is read from its item, which may have changed since
          or (
            not proposed.source_item_is_local
            and (stored.source_item_instance_url, stored.source_item_latitude, stored.source_item_longitude)
              is distinct from (proposed.source_item_instance_url, proposed.source_item_latitude, proposed.source_item_longitude)
          )
        )
        -- nor is it what was sent, of which a trigger of the application made what is stored
        and not dpg_private.was_sent(
          'item_actions', stored.partition_network, stored.action_type, '', stored.action_id, dpg_private.digest_of_action(proposed)
        )
      )
      or (
        first_event.event_id is not null -- else it was lost, and dpg.confirm_lost_events has said so
        and (first_event.event_payload, first_event.remarks)
          is distinct from (
            coalesce(event_payload, dpg_private.default_payload(first_event.action_status)), proposed.remarks
          )
        and not dpg_private.was_sent(
          'action_events', stored.partition_network, stored.action_type, '', first_event.event_id,
          dpg_private.digest_of_change(
            proposed.action_status, coalesce(event_payload, dpg_private.default_payload(proposed.action_status)), proposed.remarks
          )
        )
      )
    then
      perform dpg_private.refuse_different_action(proposed);
    end if;
    return stored;
  end if;

  if not dpg_private.append_event(
    proposed,
    gen_random_uuid(),
    coalesce(event_payload, dpg_private.default_payload(proposed.action_status)),
    proposed.remarks
  ) then
    -- an event that was mirrored before its origin became a URL of ours has the place
    perform dpg_private.refuse_different_event(
      dpg_private.find_event_of_update(
        proposed.partition_network, proposed.action_type, proposed.target_item_instance_url, proposed.action_id, 0
      )
    );
  end if;
  return proposed;
end
$body$;

comment on function dpg_private.insert_action(dpg.item_actions, jsonb, regclass, regclass) is
  'Stores a new action with its first event, in these leaves: initial status, update_count 0, times of now. With an action_id that was used before: the stored row when the content is the same, else DP008. Raises DP008, DP018.';
