do $body$
begin
  if pg_catalog.to_regtype('dpg_private.action_rules') is null then
    create type dpg_private.action_rules as (
      initial_status text,
      transitions jsonb,
      final_statuses text[],
      rules jsonb,
      network_rules jsonb
    );
  end if;
end
$body$;

comment on type dpg_private.action_rules is
  'What is declared of an action type: status of a new action, state graph, final statuses, the rules of the type, and
those of the network over all types. transitions, rules and network_rules are null where there are none.';

create or replace function dpg_private.rules_in_force(rules jsonb, registered_rules jsonb)
returns jsonb
language sql
immutable
parallel safe
security invoker
return case
  when rules is not null or registered_rules is not null then
    nullif(
      jsonb_strip_nulls(coalesce(registered_rules, '{}') || coalesce(rules, '{}')) - 'final_statuses', '{}'
    )
end;

comment on function dpg_private.rules_in_force(jsonb, jsonb) is
  'The rules by hand before those of the registered document, without final statuses. Null where none is left.';

create or replace function dpg_private.look_up_action_rules(partition_network text, action_type text)
returns table (
  initial_status text, transitions jsonb, final_statuses text[], rules jsonb, network_rules jsonb
)
language sql
stable
parallel safe
security invoker
begin atomic
  select
    coalesce(d.initial_status, 'created'),
    d.transitions,
    coalesce(d.final_statuses, '{}'),
    case
      when look_up_action_rules.partition_network = any (dpg_private.ruled_networks()) then
        dpg_private.rules_in_force(d.rules, d.registered_rules)
    end,
    case
      when look_up_action_rules.partition_network = any (dpg_private.ruled_networks()) then
        (
          select dpg_private.rules_in_force(n.rules, n.registered_rules)
          from dpg.network_rules n
          where n.network = look_up_action_rules.partition_network
        )
    end
  from (select) l
  left join dpg.action_definitions d
    on d.partition_network = look_up_action_rules.partition_network
    and d.action_type = look_up_action_rules.action_type;
end;

comment on function dpg_private.look_up_action_rules(text, text) is
  'What is declared of an action type: dpg_private.action_rules as a table of one row. Stored parsed and inlined.';

create or replace function dpg_private.find_action_rules(partition_network text, action_type text)
returns dpg_private.action_rules
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  found_rules dpg_private.action_rules;
begin
  select r.* into found_rules from dpg_private.look_up_action_rules(partition_network, action_type) r;
  return found_rules;
end
$body$;

comment on function dpg_private.find_action_rules(text, text) is
  'What is declared of an action type, as it is committed now.';

create or replace function dpg_private.identity_of_side(
  item_network text,
  item_domain text,
  item_type text,
  item_id uuid,
  is_local boolean,
  item_instance_url text
)
returns jsonb
language sql
immutable
parallel safe
security invoker
return jsonb_build_array(
  case when not is_local then dpg_private.normalised_url(item_instance_url) end,
  item_network, item_domain, item_type, item_id
);

comment on function dpg_private.identity_of_side(text, text, text, uuid, boolean, text) is
  'What tells an item from every other, on this instance and elsewhere: its key, and for one that lives elsewhere the
URL of its instance.';

create or replace function dpg_private.turns_of_action(rules dpg_private.action_rules, action dpg.item_actions)
returns uuid[]
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  source constant jsonb := dpg_private.identity_of_side(
    action.source_item_network, action.source_item_domain, action.source_item_type, action.source_item_id,
    action.source_item_is_local, action.source_item_instance_url
  );
  target constant jsonb := dpg_private.identity_of_side(
    action.target_item_network, action.target_item_domain, action.target_item_type, action.target_item_id,
    true, action.target_item_instance_url
  );
  -- of two items in any order
  pair constant jsonb := jsonb_build_array(least(source, target), greatest(source, target));
begin
  return array_remove(
    array[
      case when rules.rules ? 'max_open_per_pair' then
        dpg_private.turn_of(jsonb_build_array('pair', action.partition_network, action.action_type, pair))
      end,
      case when rules.rules ? 'max_open_per_source' then
        dpg_private.turn_of(jsonb_build_array('source', action.partition_network, action.action_type, source))
      end,
      case when rules.network_rules ? 'max_open_per_pair' then
        dpg_private.turn_of(jsonb_build_array('pair', action.partition_network, null, pair))
      end
    ],
    null
  );
end
$body$;

comment on function dpg_private.turns_of_action(dpg_private.action_rules, dpg.item_actions) is
  'The turns of what rules count when this action becomes an open one.';

create or replace function dpg_private.limit_refusal(
  rule text,
  max_count bigint,
  present_count bigint,
  what text,
  hint text,
  detail jsonb
)
returns dpg_private.refusal
language sql
stable
parallel safe
security invoker
return row(
  'DP016',
  format('%s, and the rule %s allows %s', what, rule, max_count),
  hint,
  jsonb_build_object('rule', rule, 'limit', max_count, 'count', present_count) || detail
)::dpg_private.refusal;

comment on function dpg_private.limit_refusal(text, bigint, bigint, text, text, jsonb) is
  'DP016 for a rule that counts: its name, how many it allows, how many there are. what is a sentence that says them.';

create or replace function dpg_private.rule_refusal(
  rules dpg_private.action_rules,
  action dpg.item_actions,
  becomes_open boolean default true
)
returns dpg_private.refusal
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  keys constant jsonb := jsonb_build_object(
    'partition_network', action.partition_network, 'action_type', action.action_type
  );
  close_one constant text := 'Wait until one of them is closed, or close one. Final are: %s.';
  max_count bigint;
  present_count bigint;
begin
  if action.source_item_is_local
    and action.source_item_owner = action.target_item_owner
    and (rules.rules -> 'different_owners' = 'true' or rules.network_rules -> 'different_owners' = 'true')
  then
    return row(
      'DP016',
      format('%L owns both items, and the rule different_owners forbids it', action.source_item_owner),
      'Choose an item of another user.',
      jsonb_build_object('rule', 'different_owners') || keys
    )::dpg_private.refusal;
  end if;

  if not becomes_open then
    return null;
  end if;

  max_count := (rules.rules -> 'max_open_per_pair')::bigint;
  if max_count is not null then
    present_count := dpg_private.count_open_between(action, action.action_type, rules.final_statuses);
    if present_count >= max_count then
      return dpg_private.limit_refusal(
        'max_open_per_pair', max_count, present_count,
        format(
          'there are %s open actions %L between items %s and %s', present_count, action.action_type,
          action.source_item_id, action.target_item_id
        ),
        format(close_one, dpg_private.final_statuses_for_people(rules.final_statuses)),
        keys
      );
    end if;
  end if;

  max_count := (rules.rules -> 'max_open_per_source')::bigint;
  if max_count is not null then
    present_count := dpg_private.count_open_of_source(action, rules.final_statuses);
    if present_count >= max_count then
      return dpg_private.limit_refusal(
        'max_open_per_source', max_count, present_count,
        format(
          'there are %s open actions %L from item %s', present_count, action.action_type, action.source_item_id
        ),
        format(close_one, dpg_private.final_statuses_for_people(rules.final_statuses)),
        keys
      );
    end if;
  end if;

  max_count := (rules.network_rules -> 'max_open_per_pair')::bigint;
  if max_count is not null then
    present_count := dpg_private.count_open_of_network(action);
    if present_count >= max_count then
      return dpg_private.limit_refusal(
        'max_open_per_pair', max_count, present_count,
        format(
          'there are %s open actions of network %L between items %s and %s', present_count, action.partition_network,
          action.source_item_id, action.target_item_id
        ),
        'Wait until one of them is closed, or close one. dpg.action_definitions says which statuses are final.',
        keys || jsonb_build_object('network', action.partition_network)
      );
    end if;
  end if;
  return null;
end
$body$;

comment on function dpg_private.rule_refusal(dpg_private.action_rules, dpg.item_actions, boolean) is
  'DP016 where rules allow no more open action between these items or from this source. code is null where they do.
action is one that is not open, or not yet there. becomes_open: false for a new one whose first status is final. For a
caller that has its turns.';

create or replace function dpg_private.final_statuses_for_people(final_statuses text[])
returns text
language sql
immutable
parallel safe
security invoker
return coalesce((select string_agg(format('%L', s.status), ', ') from unnest(final_statuses) s(status)), 'none');

comment on function dpg_private.final_statuses_for_people(text[]) is
  'The statuses as a list in a sentence.';

create or replace function dpg_private.check_new_action(
  leaf regclass,
  rules dpg_private.action_rules,
  action dpg.item_actions,
  is_named boolean
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  turns uuid[];
begin
  perform dpg_private.check_rules_are_seen(action.partition_network);
  if rules.rules is null and rules.network_rules is null then
    return;
  end if;
  turns := dpg_private.turns_of_action(rules, action);
  if turns <> '{}' then
    perform dpg_private.take_turns(turns);
  end if;
  -- a call that is repeated finds its action; the one that was faster may just have committed
  if is_named
    and (
      dpg_private.find_action(leaf, action.partition_network, action.action_type, action.action_id)
    ).action_id is not null
  then
    return;
  end if;
  perform dpg_private.raise_refusal(
    dpg_private.rule_refusal(rules, action, action.action_status <> all (rules.final_statuses))
  );
end
$body$;

comment on function dpg_private.check_new_action(regclass, dpg_private.action_rules, dpg.item_actions, boolean) is
  'Raises DP016 where rules do not allow a new action. is_named: the caller has chosen its id, so that the call may be a
repeated one. For networks of dpg_private.ruled_networks.';
