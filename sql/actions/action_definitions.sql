create table if not exists dpg.action_definitions (
  partition_network text not null,
  action_type text not null,
  initial_status text not null,
  transitions jsonb,
  rules jsonb,
  registered_rules jsonb,
  final_statuses text[] not null default '{}',
  constraint action_definitions_pkey primary key (partition_network, action_type)
);

create or replace function dpg_private.final_statuses_of(
  initial_status text,
  transitions jsonb,
  rules jsonb,
  registered_rules jsonb
)
returns text[]
language sql
immutable
parallel safe
security invoker
return case
  when coalesce(rules -> 'final_statuses', 'null') <> 'null' then
    array(select s.status from jsonb_array_elements_text(rules -> 'final_statuses') s(status))
  when rules ? 'final_statuses' or registered_rules -> 'final_statuses' is null then
    array(
      select s.status
      from (
        select initial_status as status
        where transitions is not null
        union
        select e.edge ->> 'to' from jsonb_array_elements(transitions) e(edge)
      ) s
      where not exists (
        select
        from jsonb_array_elements(transitions) e(edge)
        where e.edge ->> 'from' = s.status
          and e.edge ->> 'to' <> s.status -- an edge to itself is no way out
      )
      order by s.status collate "C"
    )
  else array(select s.status from jsonb_array_elements_text(registered_rules -> 'final_statuses') s(status))
end;

comment on function dpg_private.final_statuses_of(text, jsonb, jsonb, jsonb) is
  'The final statuses of actions by a definition: those of the rules, else those of the registered document, else those
of the state graph that no edge leaves. A null among the rules takes back what the document says.';

-- In databases of before 0.2.0. ACCESS EXCLUSIVE for a moment. Only where they are not there: a new default would lock
-- the table again.
do $body$
begin
  if not exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = 'dpg.action_definitions'::pg_catalog.regclass
      and a.attname = 'final_statuses'
  ) then
    alter table dpg.action_definitions
      alter column transitions drop not null,
      add column rules jsonb,
      add column registered_rules jsonb,
      add column final_statuses text[] not null default '{}';
    update dpg.action_definitions d
    set final_statuses = dpg_private.final_statuses_of(d.initial_status, d.transitions, null, null);
  end if;
end
$body$;

comment on table dpg.action_definitions is
  'What is declared of actions: state graphs and rules. Written by dpg.define_action and dpg.register_network. An action
without a row may take any status, by either party, and none of its statuses is final.';
comment on column dpg.action_definitions.partition_network is 'The target''s network.';
comment on column dpg.action_definitions.action_type is 'Kind of action.';
comment on column dpg.action_definitions.initial_status is 'Status of a new action.';
comment on column dpg.action_definitions.transitions is
  'The edges: an array of {"from": <status>, "to": <status>, "by": "source" | "target" | "either"}. Null: there
is no graph, only rules.';
comment on column dpg.action_definitions.rules is
  'The rules that were set by hand (dpg.define_action): an object with final_statuses, max_open_per_pair,
max_open_per_source and different_owners. Each goes before the same one of registered_rules, a null as well. Null:
none.';
comment on column dpg.action_definitions.registered_rules is
  'The rules that the registered document of the network sets: an object as rules. Null: none.';
comment on column dpg.action_definitions.final_statuses is
  'The statuses after which an action is not open any more. Kept: follows from the other columns.';
comment on constraint action_definitions_pkey on dpg.action_definitions is
  'One definition for each action type of a network.';
comment on index dpg.action_definitions_pkey is 'For define_action and for each new action and transition.';
