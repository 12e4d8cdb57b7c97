create or replace function dpg_private.check_transition(
  partition_network text,
  action_type text,
  action_id uuid,
  action_status text,
  expected_update_count integer,
  event_payload jsonb,
  remarks text
)
returns void
language sql
stable
parallel safe
security invoker
return coalesce(
  dpg_private.check_action_key(partition_network, action_type, action_id),
  dpg_private.check_key('action_status', action_status),
  case
    when expected_update_count < 0 then
      dpg_private.refuse_argument(
        'expected_update_count', to_jsonb(expected_update_count), 'is negative', 'update_count starts at 0.'
      )
  end,
  dpg_private.check_remarks(remarks),
  -- last, since it returns something where it has looked up the limit
  case when event_payload is not null then dpg_private.check_document('event_payload', event_payload) end
);

comment on function dpg_private.check_transition(text, text, uuid, text, integer, jsonb, text) is
  'Raises DP001 for arguments of a transition that are out of range, whatever the action is. Stored parsed and inlined.';

create or replace function dpg_private.is_repeated_transition(
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  event_payload jsonb,
  remarks text,
  event_id uuid
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
    or stored.update_count - 1 <> expected_update_count -- nothing to compare when null; + 1 on the other side could overflow
    or stored.action_id <> action.action_id
    or (
      (
        stored.action_status <> is_repeated_transition.action_status
        or (
          (stored.event_payload, stored.remarks) is distinct from (is_repeated_transition.event_payload, is_repeated_transition.remarks)
          -- what was taken away since cannot be compared
          and not dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, stored.event_id)
        )
      )
      -- nor is it what was sent, of which a trigger of the application made what is stored
      and not dpg_private.was_sent(
        'action_events', stored.partition_network, stored.action_type, '', stored.event_id,
        dpg_private.digest_of_change(
          is_repeated_transition.action_status, is_repeated_transition.event_payload, is_repeated_transition.remarks
        )
      )
    )
  then
    perform dpg_private.refuse_different_event(stored);
  end if;
  return true;
end
$body$;

comment on function dpg_private.is_repeated_transition(dpg.item_actions, text, integer, jsonb, text, uuid) is
  'Whether this very change of the action was made before under this event_id. Raises DP008 when the id was used for something else.';

create or replace function dpg_private.apply_transition(
  leaf regclass,
  party text,
  roles text[],
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  event_payload jsonb,
  remarks text,
  event_id uuid
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  is_declared boolean;
  transitions jsonb;
  edges text[]; -- who may go from the present status to the wanted one
  events_leaf regclass;
  has_additions boolean; -- columns or triggers of the application: row and event are written another way
  moved dpg.item_actions := action;
  moved_rows bigint;
begin
  event_payload := coalesce(event_payload, dpg_private.default_payload(action_status));

  select d.action_type is not null, d.transitions, l.leaf, a.has_additions
  into is_declared, transitions, events_leaf, has_additions
  from (select) one
  left join dpg_private.look_up_leaf('action_events', action.partition_network, action.action_type) l on true
  cross join lateral dpg_private.additions_to_actions(apply_transition.leaf, l.leaf) a
  left join dpg.action_definitions d
    on d.partition_network = action.partition_network
    and d.action_type = action.action_type;
  if is_declared then
    select array_agg(case e.edge ->> 'by' when 'source' then 'initiated' when 'target' then 'received' else 'either' end)
    into edges
    from jsonb_array_elements(transitions) e(edge)
    where e.edge ->> 'from' = action.action_status
      and e.edge ->> 'to' = apply_transition.action_status;
  else
    edges := array['either'];
  end if;

  if action.update_count = coalesce(expected_update_count, action.update_count) and edges && (roles || array['either']) then
    moved.action_status := action_status;
    moved.update_count := action.update_count + 1;
    moved.remarks := coalesce(remarks, action.remarks);
    -- after the lock, and later than the last change even when the clock was set back
    moved.updated_at := greatest(clock_timestamp(), action.updated_at + interval '1 microsecond');
    if events_leaf is null then
      perform dpg_private.find_or_create_leaf('action_events', action.partition_network, action.action_type);
    end if;
    -- the event first: where its id was used before, nothing has been written yet
    if has_additions then
      -- A BEFORE trigger on the events sees the action before its event is stored: an event of this change would come first.
      if pg_trigger_depth() > 0
        and (
          dpg_private.find_event_of_update(
            action.partition_network, action.action_type, action.target_item_instance_url, action.action_id, action.update_count
          )
        ).event_id is null
      then
        raise exception using
          errcode = 'triggered_data_change_violation',
          message = dpg_private.text_for_client(
            format('action %s is being changed by the call that has fired this trigger', action.action_id)
          ),
          hint = 'Change it in an AFTER trigger: it runs when the action and its event are stored.',
          detail = dpg_private.text_for_client(
            jsonb_build_object('action_id', action.action_id, 'update_count', action.update_count)::text
          );
      end if;
      if (dpg_private.find_event(action.partition_network, action.action_type, event_id)).event_id is null
        and (
          dpg_private.find_event_of_update(
            action.partition_network, action.action_type, action.target_item_instance_url, action.action_id, moved.update_count
          )
        ).event_id is null
      then
        return dpg_private.write_action_and_event(leaf, moved, coalesce(event_id, gen_random_uuid()), event_payload, remarks);
      end if;
    elsif dpg_private.append_event(moved, coalesce(event_id, gen_random_uuid()), event_payload, remarks) then
      execute format(
        'update %s a
         set action_status = $4, update_count = $5, remarks = $6, updated_at = $7
         where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3',
        leaf
      )
      using action.partition_network, action.action_type, action.action_id,
        moved.action_status, moved.update_count, moved.remarks, moved.updated_at;
      get diagnostics moved_rows = row_count;
      if moved_rows = 0 then
        perform dpg_private.refuse_suppressed('update', leaf, jsonb_build_object('action_id', action.action_id));
      end if;
      return moved;
    end if;
  end if;

  -- refused, unless it is the repetition of a call that was done
  if event_id is not null and dpg_private.is_repeated_transition(
    action, action_status, expected_update_count, event_payload, remarks, event_id
  ) then
    return action;
  end if;
  if moved.update_count > action.update_count then
    -- its event could not be appended: one that was mirrored before its origin became a URL of ours has the place
    perform dpg_private.refuse_different_event(
      dpg_private.find_event_of_update(
        action.partition_network, action.action_type, action.target_item_instance_url, action.action_id, moved.update_count
      )
    );
  end if;
  if action.update_count <> expected_update_count then
    raise exception using
      errcode = 'DP007',
      message = dpg_private.text_for_client(
        format('action %s has update_count %s, not %s', action.action_id, action.update_count, expected_update_count)
      ),
      hint = 'Somebody else changed the action first: read it again, decide anew, and repeat the call with its update_count.',
      detail = dpg_private.text_for_client(jsonb_build_object(
        'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
        'expected_update_count', expected_update_count, 'update_count', action.update_count,
        'action_status', action.action_status
      )::text);
  end if;
  if edges is null then
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
    format(
      'The declared graph leaves this change to the owner of the %s item.',
      case edges[1] when 'initiated' then 'source' else 'target' end
    ),
    jsonb_build_object(
      'from', action.action_status, 'to', action_status,
      'by', case edges[1] when 'initiated' then 'source' else 'target' end
    )
  );
  return null;
end
$body$;

comment on function dpg_private.apply_transition(regclass, text, text[], dpg.item_actions, text, integer, jsonb, text, uuid) is
  'Moves an action of this leaf, already under its row lock, for a party with these roles (initiated, received), and appends the event. Raises DP005, DP006, DP007, DP008, DP018.';
