create or replace function dpg_private.transition_one(
  actor text,
  leaf dpg_private.transition_leaf,
  element dpg_private.sent_transition
)
returns dpg_private.transition_outcome
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  outcome dpg_private.transition_outcome;
  -- as it is now: a trigger of the application may have changed it
  action constant dpg.item_actions := dpg_private.find_action(
    leaf.leaf, element.partition_network, element.action_type, element.action_id
  );
  roles constant text[] := dpg_private.ownership_roles(
    actor, action.source_item_owner, action.source_item_is_local, action.target_item_owner, true
  );
begin
  if roles = '{}' then
    outcome.action := action;
    outcome.refusal := dpg_private.party_refusal(actor, action);
    return outcome;
  end if;
  return dpg_private.apply_transition(
    leaf.leaf, leaf.slot, leaf.events_leaf, leaf.events_slot, actor, roles, action, element.action_status,
    element.expected_update_count, element.event_payload, element.remarks, element.event_id, element.performed_by
  );
end
$body$;

comment on function dpg_private.transition_one(text, dpg_private.transition_leaf, dpg_private.sent_transition) is
  'What transition_action does with an action, which the caller has locked.';

create or replace function dpg_private.result_of(
  element dpg_private.sent_transition,
  outcome dpg_private.transition_outcome
)
returns dpg.transition_result
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  action constant dpg.item_actions := outcome.action;
  refusal constant dpg_private.refusal := outcome.refusal;
begin
  if refusal.code is null then
    return row(
      element.index, action.action_id, action.action_status, action.update_count, null, null, null, null
    )::dpg.transition_result;
  end if;
  return row(
    element.index, element.action_id, null, null, refusal.code, dpg_private.text_for_client(refusal.message),
    dpg_private.text_for_client(refusal.hint), refusal.detail || jsonb_build_object('index', element.index)
  )::dpg.transition_result;
end
$body$;

comment on function dpg_private.result_of(dpg_private.sent_transition, dpg_private.transition_outcome) is
  'What transition_actions returns for an element.';

create or replace function dpg.transition_actions(actor text, transitions jsonb)
returns setof dpg.transition_result
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  elements dpg_private.sent_transition[];
  element dpg_private.sent_transition;
  leaves dpg_private.transition_leaf[] := '{}'; -- in the order of their keys
  leaf dpg_private.transition_leaf;
  actions dpg.item_actions[] := '{}'; -- locked; each as it is after the elements before
  action dpg.item_actions;
  leaf_numbers integer[]; -- for each element its leaf in leaves
  numbers integer[]; -- and its action in actions; null where there is none
  number integer;
  has_additions boolean := false; -- columns or triggers of the application: each action is written by itself
  -- changes that are decided and not yet written, each of another action
  changes dpg_private.action_change[] := '{}';
  pending integer[] := '{}'; -- their elements
  is_pending boolean[]; -- for each action
  refused integer[];
  roles text[];
  edge_roles text[];
  -- the edge that was looked up last: most elements ask for the same
  edge_leaf integer := 0;
  edge_from text;
  edge_to text;
  outcome dpg_private.transition_outcome;
  results dpg.transition_result[] := '{}';
begin
  -- check
  perform dpg_private.check_actor(actor);
  if transitions is null or jsonb_typeof(transitions) <> 'array' then
    perform dpg_private.refuse_argument(
      'transitions', transitions, 'is not a JSON array', 'Pass a JSON array of objects.'
    );
  end if;
  if jsonb_array_length(transitions) not between 1 and 1000 then
    perform dpg_private.refuse_argument(
      'transitions', transitions, format('has %s elements', jsonb_array_length(transitions)),
      'Pass 1 to 1,000 transitions.'
    );
  end if;
  elements := array(
    select dpg_private.read_transition(t.element, (t.position - 1)::integer)
    from jsonb_array_elements(transitions) with ordinality t(element, position)
    order by t.position
  );

  -- look: the leaves, before any row is locked
  leaves := array(
    select dpg_private.open_leaf(k.partition_network, k.action_type)
    from (
      select distinct e.partition_network collate "C" as partition_network, e.action_type collate "C" as action_type
      from unnest(elements) e
      where e.partition_network is not null
      order by 1, 2
    ) k
  );

  -- lock: the tables, then the actions, in the order of their keys in bytes, as everywhere
  foreach leaf in array leaves loop
    if leaf.leaf is not null then
      execute format(
        'lock table only dpg.item_actions, only dpg.action_events, only %s in row exclusive mode', leaf.leaf
      );
      has_additions := has_additions
        or dpg_private.has_additions_to_action(leaf.leaf, leaf.slot, leaf.events_leaf, leaf.events_slot);
    end if;
  end loop;
  for n in 1 .. cardinality(leaves) loop
    leaf := leaves[n];
    if leaf.leaf is not null then
      actions := actions || dpg_private.lock_actions(
        leaf.leaf, leaf.partition_network, leaf.action_type,
        array(
          select e.action_id
          from unnest(elements) e
          where e.partition_network = leaf.partition_network
            and e.action_type = leaf.action_type
        )
      );
    end if;
  end loop;

  -- look
  for n in 1 .. cardinality(leaves) loop
    leaf := leaves[n];
    leaf.transitions := (
      select d.transitions
      from dpg.action_definitions d
      where d.partition_network = leaf.partition_network
        and d.action_type = leaf.action_type
    );
    leaves[n] := leaf;
  end loop;
  select array_agg(l.number order by e.index), array_agg(a.number order by e.index)
  into leaf_numbers, numbers
  from unnest(elements) e
  left join (
    select u.partition_network, u.action_type, row_number() over () as number
    from unnest(leaves) u
  ) l
    on l.partition_network = e.partition_network
    and l.action_type = e.action_type
  left join (
    select u.partition_network, u.action_type, u.action_id, row_number() over () as number
    from unnest(actions) u
  ) a
    on a.partition_network = e.partition_network
    and a.action_type = e.action_type
    and a.action_id = e.action_id;
  is_pending := array_fill(false, array[greatest(cardinality(actions), 1)]);

  -- change, in the order of the input
  for n in 1 .. cardinality(elements) + 1 loop
    element := elements[n];
    number := numbers[n];

    -- what was decided is written at the end, and before the next change of an action of them
    if pending <> '{}' and (n > cardinality(elements) or is_pending[number]) then
      refused := dpg_private.write_changes(leaves, changes);
      foreach number in array refused loop
        element := elements[pending[number]];
        outcome := dpg_private.transition_one(actor, leaves[leaf_numbers[pending[number]]], element);
        actions[numbers[pending[number]]] := outcome.action;
        results[pending[number]] := dpg_private.result_of(element, outcome);
      end loop;
      changes := '{}';
      pending := '{}';
      is_pending := array_fill(false, array[cardinality(actions)]);
      element := elements[n];
      number := numbers[n];
    end if;
    exit when n > cardinality(elements);

    outcome := null;
    if (element.refusal).code is not null then
      outcome.refusal := element.refusal;
    elsif number is null then
      outcome.refusal := dpg_private.action_not_found_refusal(
        element.partition_network, element.action_type, element.action_id
      );
    elsif has_additions then
      outcome := dpg_private.transition_one(actor, leaves[leaf_numbers[n]], element);
    else
      action := actions[number];
      if (leaf_numbers[n], action.action_status, element.action_status)
        is distinct from (edge_leaf, edge_from, edge_to)
      then
        edge_leaf := leaf_numbers[n];
        edge_from := action.action_status;
        edge_to := element.action_status;
        leaf := leaves[edge_leaf];
        edge_roles := dpg_private.edge_roles(leaf.transitions, edge_from, edge_to);
      end if;
      roles := dpg_private.ownership_roles(
        actor, action.source_item_owner, action.source_item_is_local, action.target_item_owner, true
      );
      if roles <> '{}'
        and dpg_private.is_allowed_transition(action.update_count, element.expected_update_count, roles, edge_roles)
      then
        action := dpg_private.changed_action(
          action, element.action_status, element.remarks, element.performed_by
        );
        actions[number] := action;
        outcome.action := action;
        changes := changes || row(
          leaf_numbers[n], action, coalesce(element.event_id, gen_random_uuid()),
          coalesce(element.event_payload, dpg_private.default_payload(element.action_status)), element.remarks,
          dpg_private.acting_side(roles, edge_roles)
        )::dpg_private.action_change;
        pending := pending || n;
        is_pending[number] := true;
      else
        -- a repetition, or a refusal
        outcome := dpg_private.transition_one(actor, leaves[leaf_numbers[n]], element);
      end if;
    end if;
    results[n] := dpg_private.result_of(element, outcome);
  end loop;

  return query select r.* from unnest(results) r;
end
$body$;

comment on function dpg.transition_actions(text, jsonb) is
  'transition_action for a JSON array of 1 to 1,000 objects, each on its own: what is refused changes nothing of the
others. Fields of an object: partition_network, action_type, action_id, action_status, and optionally
expected_update_count, event_payload, remarks, event_id, performed_by. A row for each, in the order of the input: index
(counted from 0), action_id, action_status and update_count of now; or code, message, hint and detail of its refusal, as
transition_action raises it, with the index in the detail. The same action twice changes twice. The actions are locked
until the transaction ends.
Raises DP001 for an array that is malformed or too long; DP010, DP018. Then nothing was written.
Example: select index, action_status, code from dpg.transition_actions(''ravi'', ''[
  {"partition_network": "yellow_dot", "action_type": "connect", "action_status": "done",
   "action_id": "33333333-3333-4333-8333-333333333333"}
]'')';
