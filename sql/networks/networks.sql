create table if not exists dpg.networks (
  network text not null,
  document jsonb not null,
  item_types jsonb not null,
  interactions jsonb not null,
  registered_at timestamptz not null default clock_timestamp(),
  item_fields jsonb not null default '{}',
  constraint networks_pkey primary key (network)
);

-- In databases of before 0.2.0. ACCESS EXCLUSIVE for a moment; networks/item_fields.sql fills it.
alter table dpg.networks add column if not exists item_fields jsonb not null default '{}';

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
comment on column dpg.networks.item_fields is
  'What the schemas of the document say of the fields of items: each domain with an object of fields, each with two
arrays of item types: those that declare the field (declared), and those that close it to facets, counts and search
(closed).';
comment on constraint networks_pkey on dpg.networks is 'One registered document of each network.';
comment on index dpg.networks_pkey is 'For each call that writes something new.';
