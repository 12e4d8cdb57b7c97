do $body$
begin
  if pg_catalog.to_regtype('dpg_private.transition_outcome') is null then
    create type dpg_private.transition_outcome as (
      action dpg.item_actions,
      refusal dpg_private.refusal
    );
  end if;
end
$body$;

comment on type dpg_private.transition_outcome is
  'What became of a transition: the action as it is now, or why it was refused. Then nothing was written.';

create or replace function dpg_private.repetition_refusal(
  stored dpg.action_events,
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  event_payload jsonb,
  remarks text,
  performed_by text
)
returns dpg_private.refusal
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not stored.target_item_is_local
    or stored.update_count = 0
    or stored.update_count - 1 <> expected_update_count -- null: nothing to compare; + 1 could overflow
    or stored.action_id <> action.action_id
    or (
      (
        stored.action_status <> repetition_refusal.action_status
        or (
          (
            (stored.event_payload, stored.remarks)
              is distinct from (repetition_refusal.event_payload, repetition_refusal.remarks)
            or not dpg_private.is_same_performer(stored.performed_by, repetition_refusal.performed_by)
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
          repetition_refusal.action_status, repetition_refusal.event_payload, repetition_refusal.remarks,
          repetition_refusal.performed_by
        )
      )
    )
  then
    return dpg_private.different_event_refusal(stored);
  end if;
  return null;
end
$body$;

comment on function dpg_private.repetition_refusal(
  dpg.action_events, dpg.item_actions, text, integer, jsonb, text, text
) is
  'DP008 unless exactly this change of the action was made before, with the stored event, whose id the call names. Else
null: the call repeats it.';

create or replace function dpg_private.edge_roles(transitions jsonb, from_status text, to_status text)
returns text[]
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if transitions is null then
    return array['either'];
  end if;
  return (
    select array_agg(
      case e.edge ->> 'by' when 'source' then 'initiated' when 'target' then 'received' else 'either' end
    )
    from jsonb_array_elements(transitions) e(edge)
    where e.edge ->> 'from' = from_status
      and e.edge ->> 'to' = to_status
  );
end
$body$;

comment on function dpg_private.edge_roles(jsonb, text, text) is
  'Whose the edges from one status to another are: initiated, received, either. Null where the graph has no such edge;
either where there is no graph (null).';

create or replace function dpg_private.acting_side(roles text[], edge_roles text[])
returns text
language sql
immutable
parallel safe
security invoker
-- who has both roles acts for the side whose edge it is
return case
  when roles = array['received'] then 'target'
  when roles = array['initiated'] then 'source'
  when 'initiated' = any (edge_roles) or 'either' = any (edge_roles) then 'source'
  else 'target'
end;

comment on function dpg_private.acting_side(text[], text[]) is
  'The side from which a change comes: that of the actor with these roles, by an edge of these roles.';

create or replace function dpg_private.transition_refusal(
  party text,
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  transitions jsonb,
  edge_roles text[]
)
returns dpg_private.refusal
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- an edge is of one side: initiated is the source, received the target
  allowed_side constant text := case edge_roles[1] when 'initiated' then 'source' else 'target' end;
begin
  if action.update_count <> expected_update_count then
    return row(
      'DP007',
      format('action %s has update_count %s, not %s', action.action_id, action.update_count, expected_update_count),
      'Somebody else changed the action first: read it again, decide anew, '
        'and repeat the call with its update_count.',
      jsonb_build_object(
        'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
        'expected_update_count', expected_update_count, 'update_count', action.update_count,
        'action_status', action.action_status
      )
    )::dpg_private.refusal;
  end if;
  if edge_roles is null then
    return row(
      'DP006',
      format('action %s cannot go from %L to %L', action.action_id, action.action_status, action_status),
      format(
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
      ),
      jsonb_build_object(
        'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
        'from', action.action_status, 'to', action_status
      )
    )::dpg_private.refusal;
  end if;
  return dpg_private.party_refusal(
    party, action,
    format('may not move from %L to %L', action.action_status, action_status),
    format('The declared graph leaves this change to the owner of the %s item.', allowed_side),
    jsonb_build_object('from', action.action_status, 'to', action_status, 'by', allowed_side)
  );
end
$body$;

comment on function dpg_private.transition_refusal(text, dpg.item_actions, text, integer, jsonb, text[]) is
  'The reason why a party may not change the status of an action: DP007, another update_count was expected; DP006, the
declared graph (transitions) has no such edge; DP005, it leaves the edge to the other party. For what
dpg_private.is_allowed_transition says is not allowed.';

create or replace function dpg_private.is_allowed_transition(
  update_count integer,
  expected_update_count integer,
  roles text[],
  edge_roles text[]
)
returns boolean
language sql
immutable
parallel safe
security invoker
return update_count = coalesce(expected_update_count, update_count)
  and edge_roles is not null
  and edge_roles && (roles || array['either']);

comment on function dpg_private.is_allowed_transition(integer, integer, text[], text[]) is
  'Whether an action of this update_count may be changed by a party with these roles (initiated, received), over an edge
of these roles.';

create or replace function dpg_private.changed_action(
  action dpg.item_actions,
  action_status text,
  remarks text,
  performed_by text
)
returns dpg.item_actions
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  action.action_status := action_status;
  action.update_count := action.update_count + 1;
  action.remarks := coalesce(remarks, action.remarks);
  action.performed_by := changed_action.performed_by;
  -- read after the lock; later than the last change, also when the clock was set back
  action.updated_at := greatest(clock_timestamp(), action.updated_at + interval '1 microsecond');
  return action;
end
$body$;

comment on function dpg_private.changed_action(dpg.item_actions, text, text, text) is
  'A locked action as a transition leaves it. Null remarks keep those of the action.';

create or replace function dpg_private.update_action(leaf regclass, slot smallint, changed dpg.item_actions)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  changed_rows bigint;
begin
  if slot is not null and dpg_private.is_grown(leaf) then
    changed_rows := dpg_private.update_action_in_slot(slot, changed);
  else
    execute format(
      'update %s a
       set action_status = $4, update_count = $5, remarks = $6, updated_at = $7, performed_by = $8
       where %s',
      leaf, dpg_private.action_key_sql()
    )
    using changed.partition_network, changed.action_type, changed.action_id,
      changed.action_status, changed.update_count, changed.remarks, changed.updated_at, changed.performed_by;
    get diagnostics changed_rows = row_count;
  end if;
  if changed_rows = 0 then
    perform dpg_private.refuse_suppressed('update', leaf, jsonb_build_object('action_id', changed.action_id));
  end if;
end
$body$;

comment on function dpg_private.update_action(regclass, smallint, dpg.item_actions) is
  'Writes what a transition changes of an action that the caller has locked. Raises DP018.';

create or replace function dpg_private.is_reopening(
  rules dpg_private.action_rules,
  from_status text,
  to_status text
)
returns boolean
language sql
immutable
parallel safe
security invoker
return (rules.rules is not null or rules.network_rules is not null)
  and from_status = any (rules.final_statuses)
  and to_status <> all (rules.final_statuses);

comment on function dpg_private.is_reopening(dpg_private.action_rules, text, text) is
  'Whether a transition makes an open action of a closed one, where there are rules that such an action must obey.';

create or replace function dpg_private.apply_transition(
  leaf regclass,
  slot smallint,
  events_leaf regclass,
  events_slot smallint,
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
returns dpg_private.transition_outcome
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  rules dpg_private.action_rules;
  turns uuid[];
  edge_roles text[];
  is_allowed boolean;
  has_additions boolean; -- columns or triggers of the application: row and event are written in another way
  acting_side text;
  changed dpg.item_actions;
  stored dpg.action_events;
  outcome dpg_private.transition_outcome;
begin
  event_payload := coalesce(event_payload, dpg_private.default_payload(action_status));

  -- look
  has_additions := dpg_private.has_additions_to_action(leaf, slot, events_leaf, events_slot);
  select r.* into rules from dpg_private.look_up_action_rules(action.partition_network, action.action_type) r;
  edge_roles := dpg_private.edge_roles(rules.transitions, action.action_status, action_status);

  -- decide
  is_allowed := dpg_private.is_allowed_transition(action.update_count, expected_update_count, roles, edge_roles);
  if action.partition_network = any (dpg_private.ruled_networks()) then
    perform dpg_private.check_rules_are_seen(action.partition_network);
    -- one that becomes open again is checked as a new one; a repeated call finds its event
    if is_allowed
      and dpg_private.is_reopening(rules, action.action_status, action_status)
      and (dpg_private.find_event(action.partition_network, action.action_type, event_id)).event_id is null
    then
      turns := dpg_private.turns_of_action(rules, action);
      if turns <> '{}' then
        perform dpg_private.take_turns(turns);
      end if;
      outcome.refusal := dpg_private.rule_refusal(rules, action);
      if (outcome.refusal).code is not null then
        outcome.action := action;
        return outcome;
      end if;
    end if;
  end if;

  -- change
  if is_allowed then
    -- dpg_private.changed_action, written here again: a call would pass the row twice
    changed := action;
    changed.action_status := action_status;
    changed.update_count := action.update_count + 1;
    changed.remarks := coalesce(remarks, action.remarks);
    changed.performed_by := apply_transition.performed_by;
    changed.updated_at := greatest(clock_timestamp(), action.updated_at + interval '1 microsecond');
    acting_side := dpg_private.acting_side(roles, edge_roles);
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
        outcome.action := dpg_private.write_action_and_event(
          leaf, changed, coalesce(event_id, gen_random_uuid()), event_payload, remarks, acting_side
        );
        if (outcome.action).action_id is null then
          outcome.action := action;
          outcome.refusal := dpg_private.suppressed_refusal(
            'update', leaf, jsonb_build_object(
              'partition_network', action.partition_network, 'action_type', action.action_type,
              'action_id', action.action_id
            )
          );
        end if;
        return outcome;
      end if;
    -- the event first: where its id was used before, nothing is written
    elsif dpg_private.append_event(
      changed, coalesce(event_id, gen_random_uuid()), event_payload, remarks, acting_side
    ) then
      perform dpg_private.update_action(leaf, slot, changed);
      outcome.action := changed;
      return outcome;
    end if;
  end if;

  -- refuse, unless this call repeats one that was done
  if event_id is not null then
    stored := dpg_private.find_event(action.partition_network, action.action_type, event_id);
  end if;
  if stored.event_id is not null then
    outcome.refusal := dpg_private.repetition_refusal(
      stored, action, action_status, expected_update_count, event_payload, remarks, performed_by
    );
  elsif is_allowed then
    -- an event that was mirrored before its origin became a URL of ours has the place of this one
    outcome.refusal := dpg_private.different_event_refusal(
      dpg_private.find_event_of_update(
        action.partition_network, action.action_type, action.target_item_instance_url, action.action_id,
        changed.update_count
      )
    );
  else
    outcome.refusal := dpg_private.transition_refusal(
      party, action, action_status, expected_update_count, rules.transitions, edge_roles
    );
  end if;
  outcome.action := action;
  return outcome;
end
$body$;

comment on function dpg_private.apply_transition(
  regclass, smallint, regclass, smallint, text, text[], dpg.item_actions, text, integer, jsonb, text, uuid, text
) is
  'Changes the status of an action of this leaf, which the caller has locked, for a party with these roles (initiated,
received), and appends the event. The leaf of events is there; both leaves with their slots. Refuses with DP005, DP006,
DP007, DP008, DP016, DP018, without raising. Raises DP018 where something was written already.';
