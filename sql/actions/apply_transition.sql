create or replace function dpg_private.is_repeated_transition(
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  event_payload jsonb,
  remarks text,
  event_id uuid,
  performed_by text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.action_events := dpg_private.find_event(action.partition_network, action.action_type, event_id);
begin
  if stored.event_id is null then
    return false;
  end if;
  if not stored.target_item_is_local
    or stored.update_count = 0
    or stored.update_count - 1 <> expected_update_count -- null: nothing to compare; + 1 could overflow
    or stored.action_id <> action.action_id
    or (
      (
        stored.action_status <> is_repeated_transition.action_status
        or (
          (
            (stored.event_payload, stored.remarks)
              is distinct from (is_repeated_transition.event_payload, is_repeated_transition.remarks)
            or not dpg_private.is_same_performer(stored.performed_by, is_repeated_transition.performed_by)
          )
          -- what was redacted since cannot be compared
          and not dpg_private.is_redacted(
            stored.partition_network, stored.action_type, stored.action_id, stored.event_id
          )
        )
      )
      -- a trigger of the application may have stored something else than what was sent
      and not dpg_private.was_sent(
        'action_events', stored.partition_network, stored.action_type, '', stored.event_id,
        dpg_private.digest_of_change(
          is_repeated_transition.action_status, is_repeated_transition.event_payload, is_repeated_transition.remarks,
          is_repeated_transition.performed_by
        )
      )
    )
  then
    perform dpg_private.refuse_different_event(stored);
  end if;
  return true;
end
$body$;

comment on function dpg_private.is_repeated_transition(dpg.item_actions, text, integer, jsonb, text, uuid, text) is
  'Whether exactly this change of the action was made before under this event_id. Raises DP008 when the id was used for
something else.';

create or replace function dpg_private.refuse_transition(
  party text,
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  transitions jsonb,
  edge_roles text[]
)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- an edge is of one side: initiated is the source, received the target
  allowed_side constant text := case edge_roles[1] when 'initiated' then 'source' else 'target' end;
begin
  if action.update_count <> expected_update_count then
    raise exception using
      errcode = 'DP007',
      message = dpg_private.text_for_client(
        format('action %s has update_count %s, not %s', action.action_id, action.update_count, expected_update_count)
      ),
      hint =
        'Somebody else changed the action first: read it again, decide anew, '
          'and repeat the call with its update_count.',
      detail = dpg_private.text_for_client(jsonb_build_object(
        'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
        'expected_update_count', expected_update_count, 'update_count', action.update_count,
        'action_status', action.action_status
      )::text);
  end if;
  if edge_roles is null then
    raise exception using
      errcode = 'DP006',
      message = dpg_private.text_for_client(
        format('action %s cannot go from %L to %L', action.action_id, action.action_status, action_status)
      ),
      hint = dpg_private.text_for_client(format(
        'From %L it can go to: %s. The graph was declared by dpg.define_action.',
        action.action_status,
        coalesce(
          (
            select string_agg(distinct format('%L', e.edge ->> 'to'), ', ')
            from jsonb_array_elements(transitions) e(edge)
            where e.edge ->> 'from' = action.action_status
          ),
          'nothing'
        )
      )),
      detail = dpg_private.text_for_client(jsonb_build_object(
        'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
        'from', action.action_status, 'to', action_status
      )::text);
  end if;
  perform dpg_private.refuse_not_action_party(
    party, action,
    format('may not move from %L to %L', action.action_status, action_status),
    format('The declared graph leaves this change to the owner of the %s item.', allowed_side),
    jsonb_build_object('from', action.action_status, 'to', action_status, 'by', allowed_side)
  );
end
$body$;

comment on function dpg_private.refuse_transition(text, dpg.item_actions, text, integer, jsonb, text[]) is
  'Raises the reason why a party may not change the status of an action: DP007, another update_count was expected;
DP006, the declared graph (transitions) has no such edge; DP005, it leaves the edge to the other party.';

create or replace function dpg_private.apply_transition(
  leaf regclass,
  slot smallint,
  party text,
  roles text[],
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  event_payload jsonb,
  remarks text,
  event_id uuid,
  performed_by text
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  transitions jsonb; -- the state graph; null where none is declared
  edge_roles text[]; -- whose the edges from the present status to the wanted one are; null where there is no such edge
  is_allowed boolean;
  events_slot smallint;
  events_leaf regclass;
  has_additions boolean; -- columns or triggers of the application: row and event are written in another way
  acting_side text;
  changed dpg.item_actions := action;
  changed_rows bigint;
begin
  event_payload := coalesce(event_payload, dpg_private.default_payload(action_status));

  -- look
  events_slot := dpg_private.slot_of('action_events', action.partition_network, action.action_type);
  events_leaf := dpg_private.find_leaf_by_slot(
    'action_events', events_slot, action.partition_network, action.action_type
  );
  has_additions := dpg_private.has_additions_to_action(
    leaf, slot, events_leaf, case when events_leaf is not null then events_slot end
  );
  select d.transitions
  into transitions
  from dpg.action_definitions d
  where d.partition_network = action.partition_network
    and d.action_type = action.action_type;
  if transitions is not null then
    select array_agg(
      case e.edge ->> 'by' when 'source' then 'initiated' when 'target' then 'received' else 'either' end
    )
    into edge_roles
    from jsonb_array_elements(transitions) e(edge)
    where e.edge ->> 'from' = action.action_status
      and e.edge ->> 'to' = apply_transition.action_status;
  else
    edge_roles := array['either'];
  end if;

  -- decide
  is_allowed := action.update_count = coalesce(expected_update_count, action.update_count)
    and edge_roles is not null
    and edge_roles && (roles || array['either']);

  -- change
  if is_allowed then
    changed.action_status := action_status;
    changed.update_count := action.update_count + 1;
    changed.remarks := coalesce(remarks, action.remarks);
    changed.performed_by := apply_transition.performed_by;
    -- who has both roles acts for the side whose edge it is
    acting_side := case
      when roles = array['received'] then 'target'
      when roles = array['initiated'] then 'source'
      when 'initiated' = any (edge_roles) or 'either' = any (edge_roles) then 'source'
      else 'target'
    end;
    -- read after the lock; later than the last change, also when the clock was set back
    changed.updated_at := greatest(clock_timestamp(), action.updated_at + interval '1 microsecond');
    if events_leaf is null then
      perform dpg_private.find_or_create_leaf('action_events', action.partition_network, action.action_type);
    end if;
    if has_additions then
      if pg_trigger_depth() > 0 then
        perform dpg_private.check_event_is_stored(action);
      end if;
      if (dpg_private.find_event(action.partition_network, action.action_type, event_id)).event_id is null
        and (
          dpg_private.find_event_of_update(
            action.partition_network, action.action_type, action.target_item_instance_url, action.action_id,
            changed.update_count
          )
        ).event_id is null
      then
        return dpg_private.write_action_and_event(
          leaf, changed, coalesce(event_id, gen_random_uuid()), event_payload, remarks, acting_side
        );
      end if;
    -- the event first: where its id was used before, nothing is written
    elsif dpg_private.append_event(
      changed, coalesce(event_id, gen_random_uuid()), event_payload, remarks, acting_side
    ) then
      if slot is not null and dpg_private.is_grown(leaf) then
        changed_rows := dpg_private.update_action_in_slot(slot, changed);
      else
        execute format(
          'update %s a
           set action_status = $4, update_count = $5, remarks = $6, updated_at = $7, performed_by = $8
           where %s',
          leaf, dpg_private.action_key_sql()
        )
        using action.partition_network, action.action_type, action.action_id,
          changed.action_status, changed.update_count, changed.remarks, changed.updated_at, changed.performed_by;
        get diagnostics changed_rows = row_count;
      end if;
      if changed_rows = 0 then
        perform dpg_private.refuse_suppressed('update', leaf, jsonb_build_object('action_id', action.action_id));
      end if;
      return changed;
    end if;
  end if;

  -- refuse, unless this call repeats one that was done
  if event_id is not null and dpg_private.is_repeated_transition(
    action, action_status, expected_update_count, event_payload, remarks, event_id, performed_by
  ) then
    return action;
  end if;
  if is_allowed then
    -- an event that was mirrored before its origin became a URL of ours has the place of this one
    perform dpg_private.refuse_different_event(
      dpg_private.find_event_of_update(
        action.partition_network, action.action_type, action.target_item_instance_url, action.action_id,
        changed.update_count
      )
    );
  end if;
  perform dpg_private.refuse_transition(
    party, action, action_status, expected_update_count, transitions, edge_roles
  );
  return null;
end
$body$;

comment on function dpg_private.apply_transition(
  regclass, smallint, text, text[], dpg.item_actions, text, integer, jsonb, text, uuid, text
) is
  'Changes the status of an action of this leaf, which the caller has locked, for a party with these roles (initiated,
received), and appends the event. Raises DP005, DP006, DP007, DP008, DP018.';
