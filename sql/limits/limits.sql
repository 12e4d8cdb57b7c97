create table if not exists dpg.limits (
  limit_name text primary key,
  limit_value bigint not null,
  constraint limits_name_check check (
    limit_name in (
      'leaves_per_network', 'mirrored_leaves_per_network', 'networks', 'json_bytes_per_document',
      'json_depth_per_document', 'partition_lock_seconds', 'partition_queue_seconds'
    )
  ),
  constraint limits_value_check check (
    case
      when limit_name = 'json_bytes_per_document' then limit_value between 1024 and 268435455
      -- At least 512: documents of up to 1,024 bytes are not looked at, and they have room for 512 levels. At most
      -- 2,048: PostgreSQL compares 9,300 levels within max_stack_depth, and JavaScript writes 4,100.
      when limit_name = 'json_depth_per_document' then limit_value between 512 and 2048
      when limit_name in ('partition_lock_seconds', 'partition_queue_seconds') then limit_value between 1 and 3600
      else limit_value between 0 and 1000000
    end
  )
);

insert into dpg.limits (limit_name, limit_value)
values
  ('leaves_per_network', 256),
  ('mirrored_leaves_per_network', 64),
  ('networks', 1024),
  ('json_bytes_per_document', 1048576),
  ('json_depth_per_document', 512),
  ('partition_lock_seconds', 5),
  ('partition_queue_seconds', 10)
on conflict (limit_name) do nothing;

comment on table dpg.limits is
  'Limits that keep a careless or hostile caller from flooding the database. dpg_admin changes a row: update
dpg.limits set limit_value = ... where limit_name = ...
The new value holds from the next call on.';
comment on column dpg.limits.limit_name is
  'leaves_per_network: leaves of one network under one root table (256).
mirrored_leaves_per_network: leaves of dpg.action_events of one network that dpg.store_event has created and
no action of this instance needs (64). They do not count for leaves_per_network.
networks: networks under one root table (1,024).
json_bytes_per_document: bytes of one JSON document as text (1,048,576).
json_depth_per_document: how many objects and arrays of one JSON document may lie in one another (512; at
most 2,048).
partition_lock_seconds: how long a call that creates a partition tries to get its locks (5).
partition_queue_seconds: how long it waits for others that create partitions (10).';
comment on column dpg.limits.limit_value is 'The limit, inclusive.';
comment on constraint limits_pkey on dpg.limits is 'One row for each limit.';
comment on constraint limits_name_check on dpg.limits is 'The limits that there are.';
comment on constraint limits_value_check on dpg.limits is 'What a limit may be.';
comment on index dpg.limits_pkey is 'For each call that looks up a limit.';

create or replace function dpg_private.limit_of(limit_name text)
returns bigint
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (select l.limit_value from dpg.limits l where l.limit_name = limit_of.limit_name);
end
$body$;

comment on function dpg_private.limit_of(text) is
  'The value of a limit of dpg.limits. Null, which means no limit, when its row was deleted.';
