-- What set_item_status does with close_actions_as.

create or replace function dpg_private.find_leaves_of_item(owner text, item_network text)
returns dpg_private.transition_leaf[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Of its own network all leaves: also those with actions of which somebody else is the party. Of other networks,
  -- where it can be the source, those in which its owner has actions.
  return array(
    select dpg_private.open_leaf(k.network, k.key)
    from (
      select p.network collate "C" as network, p.key collate "C" as key
      from dpg_private.partition_names p
      where p.root = 'item_actions'
        and p.network = find_leaves_of_item.item_network
        and p.key is not null
      union
      select l.partition_network, l.action_type
      from dpg_private.party_leaves l
      where l.owner = find_leaves_of_item.owner
        and l.partition_network <> all (dpg_private.moved_networks())
      order by 1, 2
    ) k
  );
end
$body$;

comment on function dpg_private.find_leaves_of_item(text, text) is
  'The leaves that can hold actions with an item of this owner and network on a side, in the order of their keys.';

create or replace function dpg_private.find_open_actions(
  leaf dpg_private.transition_leaf,
  item dpg.items,
  close_actions_as text[],
  keeps_locks boolean
)
returns uuid[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
declare
  rules constant dpg_private.action_rules := leaf.rules;
  is_item constant text :=
    '%1$s_item_id = $1 and a.%1$s_item_type = $2 and a.%1$s_item_domain = $3 and a.%1$s_item_network = $4
       and a.action_status <> all ($5)';
  found_ids uuid[];
begin
  begin
    execute format(
      'select array(
         select a.action_id
         from %1$s a
         where a.%2$s
         union
         select a.action_id
         from %1$s a
         where a.source_local_item_id = $1 and a.%3$s
         union
         select a.action_id
         from %1$s a
         where a.source_local_item_id is null and a.source_item_is_local and a.%3$s
         order by 1
       )',
      leaf.leaf, format(is_item, 'target'), format(is_item, 'source')
    )
    into found_ids
    using item.item_id, item.item_type, item.item_domain, item.item_network, rules.final_statuses || close_actions_as;
    if not keeps_locks then
      raise exception using errcode = 'DP000';
    end if;
  exception
    when sqlstate 'DP000' then
      null; -- the locks are gone, and found_ids has its value: see dpg_private.items_of_leaves
  end;
  return found_ids;
end
$body$;

comment on function dpg_private.find_open_actions(dpg_private.transition_leaf, dpg.items, text[], boolean) is
  'The ids of the open actions of a leaf with the item on a side that have none of these statuses, sorted. keeps_locks:
whether the locks of the leaf and its indexes stay until the transaction ends.';

create or replace function dpg_private.refuse_closing(
  action dpg.item_actions,
  acting_side text,
  close_actions_as text[]
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.raise_refusal(row(
    'DP006',
    format(
      'action %s cannot be closed: from %L the %s may take it to none of the statuses %s',
      action.action_id, action.action_status, acting_side, to_jsonb(close_actions_as)
    ),
    format(
      'Add a status to which the graph of %L/%L leads from %L by the %s, or close the action first. '
        'The graph was declared by dpg.define_action.',
      action.partition_network, action.action_type, action.action_status, acting_side
    ),
    jsonb_build_object(
      'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
      'from', action.action_status, 'to', close_actions_as[1], 'close_actions_as', close_actions_as,
      'acting_side', acting_side
    )
  )::dpg_private.refusal);
end
$body$;

comment on function dpg_private.refuse_closing(dpg.item_actions, text, text[]) is
  'Raises DP006 for an action that no status of the list may follow.';

create or replace function dpg_private.close_actions(item dpg.items, close_actions_as text[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  batch_size constant integer := 1000; -- so many actions are in memory at once, and the ids of all
  leaves dpg_private.transition_leaf[] := '{}';
  leaf dpg_private.transition_leaf;
  opened constant dpg_private.transition_leaf[] := dpg_private.find_leaves_of_item(item.created_by, item.item_network);
  rules dpg_private.action_rules;
  has_additions boolean := false; -- columns or triggers of the application: each action is written by itself
  action dpg.item_actions;
  role text;
  status text; -- the first that fits
  -- for what it was looked up last
  status_from text;
  status_role text;
  changes dpg_private.action_change[];
  change dpg_private.action_change;
  refused_change integer;
  outcome dpg_private.transition_outcome;
begin
  -- look, and give back the locks of many leaves, of which few have such actions
  foreach leaf in array opened loop
    if leaf.leaf is not null then
      rules := dpg_private.find_action_rules(leaf.partition_network, leaf.action_type);
      leaf.rules := rules;
      leaf.action_ids := dpg_private.find_open_actions(leaf, item, close_actions_as, cardinality(opened) <= 16);
      if leaf.action_ids <> '{}' then
        leaves := leaves || leaf;
      end if;
    end if;
  end loop;

  -- lock the tables
  foreach leaf in array leaves loop
    execute format(
      'lock table only dpg.item_actions, only dpg.action_events, only %s in row exclusive mode', leaf.leaf
    );
    has_additions := has_additions
      or dpg_private.has_additions_to_action(leaf.leaf, leaf.slot, leaf.events_leaf, leaf.events_slot);
  end loop;

  -- lock and change, in the order of the keys in bytes, as everywhere
  for n in 1 .. cardinality(leaves) loop
    leaf := leaves[n];
    rules := leaf.rules;
    for start in 1 .. cardinality(leaf.action_ids) by batch_size loop
      changes := '{}';
      foreach action in array dpg_private.lock_actions(
        leaf.leaf, leaf.partition_network, leaf.action_type, (leaf.action_ids)[start:start + batch_size - 1]
      ) loop
        -- somebody may have closed it while this call waited for it
        continue when action.action_id is null
          or action.action_status = any (rules.final_statuses || close_actions_as);
        role := case
          when (
            action.target_item_network, action.target_item_domain, action.target_item_type, action.target_item_id
          ) = (item.item_network, item.item_domain, item.item_type, item.item_id) then 'received'
          else 'initiated'
        end;
        if (action.action_status, role) is distinct from (status_from, status_role) then
          status_from := action.action_status;
          status_role := role;
          status := (
            select s.status
            from unnest(close_actions_as) with ordinality s(status, number)
            where dpg_private.edge_roles(rules.transitions, status_from, s.status) && array[status_role, 'either']
            order by s.number
            limit 1
          );
        end if;
        if status is null then
          perform dpg_private.refuse_closing(
            action, case role when 'received' then 'target' else 'source' end, close_actions_as
          );
        end if;
        if has_additions then
          outcome := dpg_private.apply_transition(
            leaf.leaf, leaf.slot, leaf.events_leaf, leaf.events_slot, item.created_by, array[role], action, status,
            null, null, null, null, null
          );
          perform dpg_private.raise_refusal(outcome.refusal);
        else
          changes := changes || row(
            n, dpg_private.changed_action(action, status, null, null), gen_random_uuid(),
            dpg_private.default_payload(status), null, case role when 'received' then 'target' else 'source' end
          )::dpg_private.action_change;
        end if;
      end loop;
      if changes <> '{}' then
        -- of what was not written, the event has been mirrored before its origin became a URL of this instance: refused
        foreach refused_change in array dpg_private.write_changes(leaves, changes) loop
          change := changes[refused_change];
          action := change.action;
          perform dpg_private.refuse_different_event(dpg_private.find_event_of_update(
            action.partition_network, action.action_type, action.target_item_instance_url, action.action_id,
            action.update_count
          ));
        end loop;
      end if;
    end loop;
    status_from := null; -- the next leaf has another graph
  end loop;
end
$body$;

comment on function dpg_private.close_actions(dpg.items, text[]) is
  'Moves each open action of this instance with the item on a side to the first of these statuses that the graph allows
to that side, with its event. One that is in one of them stays. The caller has locked the item. 1,000 actions at a time;
they stay locked until the transaction ends. Raises DP006, DP008, DP018.';
