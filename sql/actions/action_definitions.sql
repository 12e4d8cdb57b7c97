create table if not exists dpg.action_definitions (
  partition_network text not null,
  action_type text not null,
  initial_status text not null,
  transitions jsonb not null,
  constraint action_definitions_pkey primary key (partition_network, action_type)
);

comment on table dpg.action_definitions is
  'The declared state graphs of actions. Written by dpg.define_action; an action without a row may take any status,
by either party.';
comment on column dpg.action_definitions.partition_network is 'The target''s network.';
comment on column dpg.action_definitions.action_type is 'Kind of action.';
comment on column dpg.action_definitions.initial_status is 'Status of a new action.';
comment on column dpg.action_definitions.transitions is
  'The edges: an array of {"from": <status>, "to": <status>, "by": "source" | "target" | "either"}.';
comment on constraint action_definitions_pkey on dpg.action_definitions is
  'One graph for each action type of a network.';
comment on index dpg.action_definitions_pkey is 'For define_action and for each new action and transition.';
