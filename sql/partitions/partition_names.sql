create table if not exists dpg_private.partition_names (
  root text not null,
  network text not null,
  key text,
  name text not null,
  slot smallint,
  constraint partition_names_root_check check (root in ('items', 'item_actions', 'action_events')),
  constraint partition_names_slot_check check (
    slot is null
    or (key is not null and slot between 1 and 32)
    or (key is null and root = 'items' and slot between 33 and 48)
  ),
  constraint partition_names_keys_key unique nulls not distinct (root, network, key),
  constraint partition_names_name_key unique (name),
  constraint partition_names_slot_key unique (root, slot)
);

-- In databases of before 0.2.0. ACCESS EXCLUSIVE on this small table, and no row is written.
alter table dpg_private.partition_names
add column if not exists is_closed boolean not null default false;

-- Few rows a page, so that the planner takes the index. Otherwise it reads the whole table while that has only a few
-- hundred rows.
alter table dpg_private.partition_names set (fillfactor = 10);

comment on table dpg_private.partition_names is
  'The names of partitions, each with the keys that hold it. The naming rule can give one name to different
keys: the first keys keep the plain name, later ones get a suffix. A row is written when the partition is
created, and stays when it is dropped.';
comment on column dpg_private.partition_names.root is 'Root table: items, item_actions or action_events.';
comment on column dpg_private.partition_names.network is 'Network, exactly as given.';
comment on column dpg_private.partition_names.key is
  'Domain (items) or action type (actions, events), exactly as given. Null for the network''s own partition, the
parent of its leaves.';
comment on column dpg_private.partition_names.name is 'Name of the table in schema dpg. Has only a-z, 0-9 and _.';
comment on column dpg_private.partition_names.slot is
  'Number of the type (dpg_private.slot_1 to slot_32) that stands for the leaf: plans of its statements are kept. Null
for all but the first 32 leaves of each root. Of the partition of a network in items: slot_33 to slot_48, for searches
over its domains; null for all but the first 16 networks with two domains or more.';
comment on column dpg_private.partition_names.is_closed is
  'Whether no call reaches the leaf, though it is attached: the network has moved to another server, or is moving
here.';

create or replace function dpg_private.partition_name(root text, network text, key text, attempt integer default null)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  parts text[] := array[
    regexp_replace(lower(network collate "C"), '[^a-z0-9]', '', 'g'),
    regexp_replace(lower(key collate "C"), '[^a-z0-9]', '', 'g')
  ];
  plain text := case root when 'items' then 'i_p_' when 'item_actions' then 'a_p_' else 'e_p_' end
    || array_to_string(parts, '_'); -- leaves out a null key, which means the network's own partition
  exact_keys text := jsonb_build_array(network, key)::text;
begin
  if attempt is null then
    return case when '' = any (parts) or length(plain) > 63 then null else plain end;
  end if;
  return left(plain, 63 - 9) || '_' || left(
    encode(sha256(convert_to(exact_keys || case attempt when 0 then '' else attempt::text end, 'UTF8')), 'hex'), 8
  );
end
$body$;

comment on function dpg_private.partition_name(text, text, text, integer) is
  'The name of a partition by the naming rule: i_p_, a_p_ or e_p_, then the keys in lower case, of which only
a-z and 0-9 are kept, joined by _.
Without attempt: the plain name, or null where it would have an empty part or more than 63 bytes. With
attempt (0, 1, ...): the name with a suffix of _ and 8 hexadecimal digits of a hash of the exact keys.';
