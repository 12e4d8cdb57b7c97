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

create or replace function dpg_private.lock_items_of_actions(leaves dpg_private.transition_leaf[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
declare
  leaf dpg_private.transition_leaf;
  items_of_leaf dpg.item_ref[];
  items dpg.item_ref[] := '{}';
begin
  foreach leaf in array leaves loop
    if leaf.leaf is not null and leaf.action_ids <> '{}' then
      execute format(
        'select array_agg(row(i.item_network, i.item_domain, i.item_type, i.item_id)::dpg.item_ref)
         from unnest($3) k(id)
         cross join lateral (
           select a.*
           from %s a
           where a.partition_network = $1 and a.action_type = $2 and a.action_id = k.id
           limit 1
         ) a
         cross join lateral (
           values
             (a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id),
             (a.source_item_network, a.source_item_domain, a.source_item_type, a.source_local_item_id)
         ) i(item_network, item_domain, item_type, item_id)
         where i.item_id is not null',
        leaf.leaf
      )
      into items_of_leaf
      using leaf.partition_network, leaf.action_type, leaf.action_ids;
      items := items || items_of_leaf;
    end if;
  end loop;
  perform dpg_private.lock_item(
    dpg_private.find_open_leaf('items', i.item_network, i.item_domain),
    row(i.item_network, i.item_domain, i.item_type, i.item_id)::dpg.item_ref, 'key share'
  )
  from (
    select distinct u.item_network collate "C" as item_network, u.item_domain collate "C" as item_domain,
      u.item_type collate "C" as item_type, u.item_id
    from unnest(items) u
    order by 1, 2, 3, 4
  ) i;
end
$body$;

comment on function dpg_private.lock_items_of_actions(dpg_private.transition_leaf[]) is
  'Locks the items that foreign keys of these actions refer to (key share), in the order of their keys. Which items they
are never changes, so the actions need not be locked.';

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
  actions dpg.item_actions[] := '{}'; -- locked; each as it is after the elements before; null: it is not there
  action dpg.item_actions;
  leaf_numbers integer[]; -- for each element its leaf in leaves
  numbers integer[]; -- and its action in actions
  are_twins boolean[]; -- and whether another one names the same event
  are_again boolean[]; -- or the same action
  number integer;
  changes_twice boolean := false; -- whether an action is there twice
  rules dpg_private.action_rules;
  has_rules boolean := false;
  turns uuid[] := '{}';
  goes_alone boolean; -- whether what was decided before must be written before
  has_additions boolean := false; -- columns or triggers of the application: each action is written by itself
  -- changes that are decided and not yet written, each of another action
  changes dpg_private.action_change[] := '{}';
  pending integer[] := '{}'; -- their elements
  is_pending boolean[]; -- for each action
  refused_changes integer[]; -- numbers of changes of which nothing was written
  refused_change integer;
  refused integer;
  roles text[];
  edge_roles text[];
  -- the edge that was looked up last: most elements ask for the same
  edge_leaf integer := 0;
  edge_from text;
  edge_to text;
  is_reopening boolean;
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

  -- lock: items, then the tables, then the actions, in the order of their keys in bytes, as everywhere. Items only of
  -- actions that change twice: PostgreSQL then checks the foreign keys of a row that this transaction has written, and
  -- that locks the items.
  for n in 1 .. cardinality(leaves) loop
    leaf := leaves[n];
    leaf.action_ids := array(
      select e.action_id
      from unnest(elements) e
      where e.partition_network = leaf.partition_network
        and e.action_type = leaf.action_type
      group by e.action_id
      having count(*) > 1
    );
    leaves[n] := leaf;
    changes_twice := changes_twice or leaf.action_ids <> '{}';
  end loop;
  if changes_twice then
    perform dpg_private.lock_items_of_actions(leaves);
  end if;
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
    leaf.action_ids := array(
      select distinct e.action_id
      from unnest(elements) e
      where e.partition_network = leaf.partition_network
        and e.action_type = leaf.action_type
    );
    actions := actions || case
      when leaf.leaf is null then array_fill(null::dpg.item_actions, array[cardinality(leaf.action_ids)])
      else dpg_private.lock_actions(leaf.leaf, leaf.partition_network, leaf.action_type, leaf.action_ids)
    end;
    rules := dpg_private.find_action_rules(leaf.partition_network, leaf.action_type);
    leaf.rules := rules;
    leaves[n] := leaf;
    has_rules := has_rules or rules.rules is not null or rules.network_rules is not null;
  end loop;

  -- look: which element is about what. Leaves and actions are in the order of their keys.
  select
    array_agg(e.leaf_number order by e.index), array_agg(e.number order by e.index),
    array_agg(e.same_event > 1 order by e.index), array_agg(e.same_action > 1 order by e.index)
  into leaf_numbers, numbers, are_twins, are_again
  from (
    select
      u.index,
      dense_rank() over (order by u.partition_network collate "C", u.action_type collate "C") as leaf_number,
      dense_rank() over (order by u.partition_network collate "C", u.action_type collate "C", u.action_id) as number,
      count(u.event_id) over (partition by u.event_id) as same_event,
      count(*) over (
        partition by u.partition_network collate "C", u.action_type collate "C", u.action_id
      ) as same_action
    from unnest(elements) u -- those that are malformed have no keys, and come last
  ) e;
  is_pending := array_fill(false, array[cardinality(actions)]);

  -- lock: the turns of all that could become open again, at once, so that they are taken in one order
  if has_rules then
    for n in 1 .. cardinality(elements) loop
      element := elements[n];
      action := actions[numbers[n]];
      if action.action_id is not null then
        leaf := leaves[leaf_numbers[n]];
        rules := leaf.rules;
        if element.action_status <> all (rules.final_statuses)
          and (action.action_status = any (rules.final_statuses) or are_again[n])
        then
          turns := turns || dpg_private.turns_of_action(rules, action);
        end if;
      end if;
    end loop;
    if turns <> '{}' then
      perform dpg_private.take_turns(turns);
    end if;
  end if;

  -- change, in the order of the input
  for n in 1 .. cardinality(elements) + 1 loop
    -- What was decided is written at the end; before the next change of one of its actions; before a change that may
    -- name an event of it; and before the open actions are counted.
    element := elements[n];
    number := numbers[n];
    action := actions[number];
    goes_alone := n > cardinality(elements) or is_pending[number] or are_twins[n];
    if has_rules and action.action_id is not null then
      leaf := leaves[leaf_numbers[n]];
      goes_alone := goes_alone or dpg_private.is_reopening(leaf.rules, action.action_status, element.action_status);
    end if;
    if goes_alone and pending <> '{}' then
      refused_changes := dpg_private.write_changes(leaves, changes);
      foreach refused_change in array refused_changes loop
        refused := pending[refused_change];
        element := elements[refused];
        outcome := dpg_private.transition_one(actor, leaves[leaf_numbers[refused]], element);
        actions[numbers[refused]] := outcome.action;
        results[refused] := dpg_private.result_of(element, outcome);
      end loop;
      changes := '{}';
      pending := '{}';
      is_pending := array_fill(false, array[cardinality(actions)]);
      element := elements[n];
      action := actions[number];
    end if;
    exit when n > cardinality(elements);

    outcome := null;
    if (element.refusal).code is not null then
      outcome.refusal := element.refusal;
    elsif action.action_id is null then
      outcome.refusal := dpg_private.action_not_found_refusal(
        element.partition_network, element.action_type, element.action_id
      );
    else
      if (leaf_numbers[n], action.action_status, element.action_status)
        is distinct from (edge_leaf, edge_from, edge_to)
      then
        edge_leaf := leaf_numbers[n];
        edge_from := action.action_status;
        edge_to := element.action_status;
        leaf := leaves[edge_leaf];
        rules := leaf.rules;
        edge_roles := dpg_private.edge_roles(rules.transitions, edge_from, edge_to);
        is_reopening := dpg_private.is_reopening(rules, edge_from, edge_to);
      end if;
      roles := dpg_private.ownership_roles(
        actor, action.source_item_owner, action.source_item_is_local, action.target_item_owner, true
      );
      if not has_additions
        and not is_reopening
        and roles <> '{}'
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
        outcome := dpg_private.transition_one(actor, leaves[leaf_numbers[n]], element);
        actions[number] := outcome.action;
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
until the transaction ends. Refused as a whole are: an array that is malformed or too long (DP001); a leaf of events
that was lost and cannot be created (DP010); a trigger that suppresses an event, or changes a key (DP018); 40001, 40P01,
55P03, 57014.
Raises DP001, DP010, DP018.
Example: select index, action_status, code from dpg.transition_actions(''ravi'', ''[
  {"partition_network": "yellow_dot", "action_type": "connect", "action_status": "done",
   "action_id": "33333333-3333-4333-8333-333333333333"}
]'')';
