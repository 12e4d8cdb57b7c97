create table if not exists dpg.networks (
  network text not null,
  document jsonb not null,
  item_types jsonb not null,
  interactions jsonb not null,
  registered_at timestamptz not null default clock_timestamp(),
  constraint networks_pkey primary key (network)
);

comment on table dpg.networks is
  'The registered network documents: what a network declares, and the database enforces (DP014). Written by
dpg.register_network and dpg.unregister_network. A network without a row is open.';
comment on column dpg.networks.network is 'Name of the network, as the document has it.';
comment on column dpg.networks.document is 'The document as it was registered.';
comment on column dpg.networks.item_types is
  'What the document says of items: each domain with an array of its item types.';
comment on column dpg.networks.interactions is
  'What the document says of actions: each action type with an array of its interactions. An interaction has
from_network, from_domain, from_items, to_network, to_domain and to_items. What the document leaves out is
filled in; only for items of another network, a missing from_items or to_items means any type.';
comment on column dpg.networks.registered_at is 'When this document was registered.';
comment on constraint networks_pkey on dpg.networks is 'One registered document of each network.';
comment on index dpg.networks_pkey is 'For each call that writes something new.';
