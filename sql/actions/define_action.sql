create or replace function dpg_private.forget_empty_definition(partition_network text, action_type text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  delete from dpg.action_definitions d
  where d.partition_network = forget_empty_definition.partition_network
    and d.action_type = forget_empty_definition.action_type
    and d.transitions is null
    and d.rules is null
    and d.registered_rules is null;
end
$body$;

comment on function dpg_private.forget_empty_definition(text, text) is
  'Takes away the definition of an action type where it says nothing.';

create or replace function dpg.define_action(
  partition_network text,
  action_type text,
  transitions jsonb,
  initial_status text default 'created',
  rules jsonb default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  edge record;
  keeps_graph constant boolean := transitions is null and rules is not null;
  keeps_rules constant boolean := rules is null;
  stored dpg.action_definitions;
begin
  initial_status := coalesce(initial_status, 'created');
  perform
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_key('initial_status', initial_status),
    dpg_private.check_here(partition_network);

  if transitions is not null and jsonb_typeof(transitions) <> 'array' then
    perform dpg_private.refuse_argument(
      'transitions', transitions, 'is not a JSON array',
      'Pass an array of edges, [] to allow no change, null to remove the declaration.'
    );
  end if;
  if octet_length(transitions::text) > dpg_private.limit_of('json_bytes_per_document') then
    perform dpg_private.refuse_argument(
      'transitions', transitions, 'has too many edges',
      format(
        'A graph may have %s bytes as text; dpg_admin can raise the limit json_bytes_per_document in dpg.limits.',
        dpg_private.limit_of('json_bytes_per_document')
      )
    );
  end if;
  for edge in
    select t.element, (t.position - 1)::integer as index
    from jsonb_array_elements(coalesce(transitions, '[]')) with ordinality t(element, position)
    order by t.position
  loop
    if jsonb_typeof(edge.element) <> 'object'
      or edge.element - array['from', 'to', 'by'] <> '{}'
      or not dpg_private.is_field('key', edge.element -> 'from')
      or not dpg_private.is_field('key', edge.element -> 'to')
      or coalesce(edge.element -> 'by' not in ('"source"', '"target"', '"either"'), true)
    then
      perform dpg_private.refuse_argument(
        'transitions', edge.element, 'is no edge',
        'An edge is {"from": <status>, "to": <status>, "by": "source" | "target" | "either"}; '
          'a status is text of 1 to 120 characters.',
        edge.index
      );
    end if;
  end loop;

  if rules is not null then
    perform dpg_private.check_rules(
      rules, array['final_statuses', 'max_open_per_pair', 'max_open_per_source', 'different_owners']
    );
  end if;
  if transitions is not null or rules <> '{}' then
    perform dpg_private.check_action_type_declared('item_actions', partition_network, action_type);
  end if;

  -- look: what is not there needs not be removed, so nothing is written
  if transitions is null
    and rules is null
    and not exists (
      select
      from dpg.action_definitions d
      where d.partition_network = define_action.partition_network
        and d.action_type = define_action.action_type
    )
  then
    return;
  end if;

  -- lock. Also for a graph: it says which statuses are final, which calls with an older snapshot must notice, and the
  -- turn comes before the row in every call.
  perform dpg_private.take_turns(array[dpg_private.turn_of_rules(partition_network)]);
  select d.*
  into stored
  from dpg.action_definitions d
  where d.partition_network = define_action.partition_network
    and d.action_type = define_action.action_type;
  if rules is not null then
    perform dpg_private.check_registered_rules_stay(
      format('action %L', action_type), coalesce(stored.rules, '{}'), rules, stored.registered_rules,
      jsonb_build_object('partition_network', partition_network, 'action_type', action_type)
    );
  end if;

  -- change. Another call may write the row at this moment: so what stays is taken from the row as it is then.
  if transitions is null then
    if rules is null then
      initial_status := 'created';
    end if;
    if stored.action_type is null and coalesce(rules, '{}') = '{}' then
      return;
    end if;
  end if;
  insert into dpg.action_definitions as d (
    partition_network, action_type, initial_status, transitions, rules, final_statuses
  )
  values (
    partition_network, action_type, initial_status, transitions, nullif(rules, '{}'),
    dpg_private.final_statuses_of(initial_status, transitions, rules, null)
  )
  on conflict on constraint action_definitions_pkey do update
  set initial_status = case when keeps_graph then d.initial_status else excluded.initial_status end,
    transitions = case when keeps_graph then d.transitions else excluded.transitions end,
    rules = case when keeps_rules then d.rules else excluded.rules end,
    final_statuses = dpg_private.final_statuses_of(
      case when keeps_graph then d.initial_status else excluded.initial_status end,
      case when keeps_graph then d.transitions else excluded.transitions end,
      case when keeps_rules then d.rules else excluded.rules end,
      d.registered_rules
    )
  where (
      case when keeps_graph then d.initial_status else excluded.initial_status end,
      case when keeps_graph then d.transitions else excluded.transitions end,
      case when keeps_rules then d.rules else excluded.rules end
    ) is distinct from (d.initial_status, d.transitions, d.rules);
  perform dpg_private.forget_empty_definition(partition_network, action_type);
  if rules is not null then
    perform dpg_private.note_changed_rules(partition_network);
  end if;
  -- the writes may have waited for the switch of a move
  perform dpg_private.check_still_here(partition_network);
end
$body$;

comment on function dpg.define_action(text, text, jsonb, text, jsonb) is
  'Declares the state graph of an action type and replaces the former one: transitions is an array of edges with "from",
"to" and "by" (source, target or either); [] allows no change, null removes the graph. Actions that are there keep their
status. rules is an object with some of: final_statuses (an array of the statuses after which an action is not open any
more; without it those of the graph that no edge leaves, and none where there is no graph), max_open_per_pair (how many
actions of this type may be open between two items, whichever is the source), max_open_per_source (how many from one
source), different_owners (true: the two items are of different owners, where both are of this instance). Limits are 1
to 1,000,000. rules null keeps the rules that are there, {} clears them; with rules, transitions null leaves the graph.
A null among the rules takes back what a registered document sets, which only dpg_admin may (42501). New actions obey
from the next call on (DP016), and so does a transition out of a final status into an open one. What is there stays, and
dpg.store_event checks no rule.
Raises DP001, DP014.
Example: select dpg.define_action(''yellow_dot'', ''connect'', ''[
  {"from": "created", "to": "accepted", "by": "target"},
  {"from": "created", "to": "withdrawn", "by": "source"}
]'')';
