create or replace function dpg.define_action(
  partition_network text,
  action_type text,
  transitions jsonb,
  initial_status text default 'created'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  edge record;
begin
  initial_status := coalesce(initial_status, 'created');
  perform
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_key('initial_status', initial_status);

  if transitions is null then
    delete from dpg.action_definitions d
    where d.partition_network = define_action.partition_network
      and d.action_type = define_action.action_type;
    return;
  end if;

  if jsonb_typeof(transitions) <> 'array' then
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
    from jsonb_array_elements(transitions) with ordinality t(element, position)
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

  perform dpg_private.check_action_type_declared('item_actions', partition_network, action_type);
  insert into dpg.action_definitions as d
  values (partition_network, action_type, initial_status, transitions)
  on conflict on constraint action_definitions_pkey do update
  set initial_status = excluded.initial_status,
    transitions = excluded.transitions
  where (d.initial_status, d.transitions) is distinct from (excluded.initial_status, excluded.transitions);
end
$body$;

comment on function dpg.define_action(text, text, jsonb, text) is
  'Declares the state graph of an action type and replaces the former one: transitions is an array of edges with
"from", "to" and "by" (source, target or either); [] allows no change, null removes the declaration. Actions that
are there keep their status.
Raises DP001, DP014.
Example: select dpg.define_action(''yellow_dot'', ''connect'', ''[
  {"from": "created", "to": "accepted", "by": "target"},
  {"from": "created", "to": "withdrawn", "by": "source"}
]'')';
