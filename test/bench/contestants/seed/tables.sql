-- The tables of the seed, from its description: three roots listed on two levels, a foreign key from actions to items
-- for both ends, B-tree indexes for common filters and orders, GIN on the JSON of events, GiST on ll_to_earth.
create extension if not exists pgcrypto;
create extension if not exists cube;
create extension if not exists earthdistance;

create table "user" (
  id text primary key,
  name text not null,
  email text not null unique,
  "emailVerified" boolean not null default false,
  image text,
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null default current_timestamp
);

create table items (
  item_network text not null,
  item_domain text not null,
  item_type text not null,
  item_id uuid not null default gen_random_uuid(),
  item_instance_url text not null,
  item_schema_url text not null,
  item_state jsonb not null default '{}',
  item_latitude double precision,
  item_longitude double precision,
  created_by text not null references "user" (id),
  created_at timestamp not null default now(),
  updated_at timestamp not null default now(),
  primary key (item_network, item_domain, item_type, item_id)
)
partition by list (item_network);

create index items_lookup_idx on items (item_network, item_domain, item_type, created_at desc);
create index items_instance_idx on items (item_instance_url);
create index items_created_by_idx on items (created_by);
create index items_geo_idx on items using gist (ll_to_earth(item_latitude, item_longitude));

create table item_actions (
  partition_network text not null,
  action_type text not null,
  action_id uuid not null default gen_random_uuid(),
  action_status text not null,
  update_count integer not null default 0,
  requirements_snapshot jsonb not null default '{}',
  remarks text,
  source_item_network text not null,
  source_item_domain text not null,
  source_item_type text not null,
  source_item_id uuid not null,
  source_item_instance_url text not null,
  source_item_owner text not null,
  target_item_network text not null,
  target_item_domain text not null,
  target_item_type text not null,
  target_item_id uuid not null,
  target_item_instance_url text not null,
  target_item_owner text not null,
  created_at timestamp not null default now(),
  updated_at timestamp not null default now(),
  primary key (partition_network, action_type, action_id),
  foreign key (source_item_network, source_item_domain, source_item_type, source_item_id)
    references items (item_network, item_domain, item_type, item_id),
  foreign key (target_item_network, target_item_domain, target_item_type, target_item_id)
    references items (item_network, item_domain, item_type, item_id)
)
partition by list (partition_network);

create index item_actions_status_idx on item_actions (partition_network, action_type, action_status, created_at desc);
create index item_actions_source_idx on item_actions (source_item_id);
create index item_actions_target_idx on item_actions (target_item_id);
create index item_actions_source_owner_idx on item_actions (source_item_owner, created_at desc);
create index item_actions_target_owner_idx on item_actions (target_item_owner, created_at desc);

create table action_events (
  partition_network text not null,
  action_type text not null,
  event_id uuid not null default gen_random_uuid(),
  origin_instance_domain text not null,
  action_id uuid not null,
  action_status text not null,
  update_count integer not null default 0,
  source_item_network text not null,
  source_item_domain text not null,
  source_item_type text not null,
  source_item_id uuid not null,
  source_item_instance_url text not null,
  source_item_owner text not null,
  source_item_latitude double precision,
  source_item_longitude double precision,
  target_item_network text not null,
  target_item_domain text not null,
  target_item_type text not null,
  target_item_id uuid not null,
  target_item_instance_url text not null,
  target_item_owner text not null,
  target_item_latitude double precision,
  target_item_longitude double precision,
  event_payload jsonb not null default '{}',
  remarks text,
  created_at timestamp not null default now(),
  primary key (partition_network, action_type, event_id),
  unique (partition_network, action_type, origin_instance_domain, action_id, update_count)
)
partition by list (partition_network);

create index action_events_action_idx on action_events (partition_network, action_type, action_id, created_at desc);
create index action_events_source_owner_idx on action_events (source_item_owner, created_at desc);
create index action_events_target_owner_idx on action_events (target_item_owner, created_at desc);
create index action_events_payload_idx on action_events using gin (event_payload);
