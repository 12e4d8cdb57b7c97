-- The checks are short, since PostgreSQL reads the stored form of a check anew at every insert. NaN is in no box.
create table if not exists dpg.items (
  item_network text not null,
  item_domain text not null,
  item_type text not null,
  item_id uuid not null default gen_random_uuid(),
  item_instance_url text not null,
  item_schema_url text not null,
  item_state jsonb not null default '{}',
  item_latitude double precision,
  item_longitude double precision,
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  item_status text not null default 'live',
  constraint items_pkey primary key (item_network, item_domain, item_type, item_id),
  constraint items_created_by_fkey foreign key (created_by) references public."user" (id),
  constraint items_state_check check (jsonb_typeof(item_state) = 'object'),
  constraint items_coordinates_check check (
    (item_latitude is null) = (item_longitude is null)
    and point(item_latitude, item_longitude) <@ box '(90, 180), (-90, -180)'
  )
)
partition by list (item_network);

-- A column of this name that an application added would be taken for ours, with its nulls and without our default.
do $body$
begin
  if exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = 'dpg.items'::pg_catalog.regclass
      and a.attname = 'item_status'
      and not a.attisdropped
      and (a.atttypid <> 'text'::pg_catalog.regtype or not a.attnotnull or not a.atthasdef)
  ) then
    raise exception 'dpg.items has a column item_status that is not ours'
      using errcode = 'duplicate_column',
        hint = 'Rename it and migrate again: alter table dpg.items rename column item_status to application_status;';
  end if;
end
$body$;

-- In databases of before 0.2.0. ACCESS EXCLUSIVE on the table and its leaves, but no row is written.
alter table dpg.items add column if not exists item_status text not null default 'live';

comment on table dpg.items is
  'The current record of each item: a JSON document under network, domain and type, owned by a user.
Partitioned by network, then by domain; the leaves are in dpg.partitions. Written by dpg.upsert_item, upsert_items,
update_item and delete_item.';
comment on column dpg.items.item_network is
  'Network, a key: text of 1 to 120 characters, stored as given. First partition key.';
comment on column dpg.items.item_domain is 'Business role in the network, a key. Second partition key.';
comment on column dpg.items.item_type is 'Type of the document, a key, such as profile_1.0.';
comment on column dpg.items.item_id is 'Id of the item, unique within network, domain and type.';
comment on column dpg.items.item_instance_url is
  'URL under which this instance publishes the item, at most 1,024 bytes.';
comment on column dpg.items.item_schema_url is 'URL of the schema of item_state, at most 1,024 bytes.';
comment on column dpg.items.item_state is 'The document itself, a JSON object.';
comment on column dpg.items.item_latitude is
  'Degrees, -90 to 90, positive to the north; null with item_longitude when the item has no place.';
comment on column dpg.items.item_longitude is
  'Degrees, -180 to 180, positive to the east; null with item_latitude when the item has no place.';
comment on column dpg.items.created_by is 'The owner: id of the user who created the item and alone may change it.';
comment on column dpg.items.created_at is 'When the item was created.';
comment on column dpg.items.updated_at is 'When the item last changed; rises with every change.';
comment on column dpg.items.item_status is
  'Status of the item, a key; dpg.define_item declares which there are, and what they mean.';
comment on constraint items_pkey on dpg.items is 'One item of each key.';
comment on constraint items_created_by_fkey on dpg.items is
  'The owner is a user of this instance; a user who owns items cannot be deleted: see dpg.erase_user.';
comment on constraint items_state_check on dpg.items is 'A document is a JSON object.';
comment on constraint items_coordinates_check on dpg.items is 'Latitude and longitude: both or neither, in degrees.';
comment on index dpg.items_pkey is
  'For every call that names an item: upsert_item, upsert_items, update_item, delete_item, get_item, perform_action
and receive_action; and for the foreign keys of actions.';
