create table if not exists dpg_private.partition_names (
  root text not null,
  network text not null,
  key text,
  name text not null,
  constraint partition_names_root_check check (root in ('items', 'item_actions', 'action_events')),
  constraint partition_names_keys_key unique nulls not distinct (root, network, key),
  constraint partition_names_name_key unique (name)
);

-- Few rows a page: else the planner would read the whole table, row by row, as long as it has but a few hundred.
alter table dpg_private.partition_names set (fillfactor = 10);

comment on table dpg_private.partition_names is
  'Which keys hold which partition''s name: names are made by a rule under which different keys can meet, and the first comer keeps the plain name. A row is written when the partition is made and stays when it is dropped.';
comment on column dpg_private.partition_names.root is 'Root table: items, item_actions or action_events.';
comment on column dpg_private.partition_names.network is 'Network, exactly as given.';
comment on column dpg_private.partition_names.key is 'Domain (items) or action type (actions, events), exactly as given; null for the network''s own partition, the parent of its leaves.';
comment on column dpg_private.partition_names.name is 'Name of the table in schema dpg, of a-z, 0-9 and _ only.';
