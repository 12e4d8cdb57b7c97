create table if not exists dpg.network_rules (
  network text not null,
  rules jsonb,
  registered_rules jsonb,
  constraint network_rules_pkey primary key (network)
);

comment on table dpg.network_rules is
  'Rules over all action types and all items of a network. Written by dpg.define_network and dpg.register_network.';
comment on column dpg.network_rules.network is
  'The network: the partition_network of actions, the item_network of items.';
comment on column dpg.network_rules.rules is
  'The rules that were set by hand (dpg.define_network): an object with max_open_per_pair, different_owners and
max_items_per_owner. Each goes before the same one of registered_rules, a null as well. Null: none.';
comment on column dpg.network_rules.registered_rules is
  'The rules that the registered document of the network sets: an object as rules. Null: none.';
comment on constraint network_rules_pkey on dpg.network_rules is 'One row for each network that has rules.';
comment on index dpg.network_rules_pkey is 'For each new action, and for new items of networks that limit them.';
