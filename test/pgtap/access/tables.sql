-- The tables have the columns of the seed, in its order, and the keys of the contract.
begin;
select plan(14);
create function pg_temp.columns(relation regclass, how_many integer default 1000) returns text
language sql
as $f$
  select string_agg(attname, ', ' order by attnum) from (
    select * from pg_attribute where attrelid = relation and attnum > 0 and not attisdropped order by attnum limit how_many
  ) a
$f$;
create function pg_temp.keys(relation regclass) returns text
language sql
as $f$
  select string_agg(pg_get_constraintdef(oid), '; ' order by contype, conname) from pg_constraint where conrelid = relation and contype in ('p', 'u')
$f$;
select is(
  pg_temp.columns('dpg.items', 13),
  'item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state, item_latitude, item_longitude, created_by, created_at, updated_at, item_status',
  'columns of items'
);
select is(
  pg_temp.columns('dpg.item_actions', 21),
  'partition_network, action_type, action_id, action_status, update_count, requirements_snapshot, remarks, '
    || 'source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url, source_item_owner, '
    || 'target_item_network, target_item_domain, target_item_type, target_item_id, target_item_instance_url, target_item_owner, created_at, updated_at',
  'columns of item_actions'
);
select is(
  pg_temp.columns('dpg.action_events', 26),
  'partition_network, action_type, event_id, origin_instance_domain, action_id, action_status, update_count, '
    || 'source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url, source_item_owner, source_item_latitude, source_item_longitude, '
    || 'target_item_network, target_item_domain, target_item_type, target_item_id, target_item_instance_url, target_item_owner, target_item_latitude, target_item_longitude, '
    || 'event_payload, remarks, created_at',
  'columns of action_events'
);
select has_column('dpg', 'item_actions', 'source_local_item_id', 'the nullable column of the foreign key to the source');
select is(pg_temp.keys('dpg.items'), 'PRIMARY KEY (item_network, item_domain, item_type, item_id)', 'key of items');
select is(pg_temp.keys('dpg.item_actions'), 'PRIMARY KEY (partition_network, action_type, action_id)', 'key of item_actions');
select is(
  pg_temp.keys('dpg.action_events'),
  'PRIMARY KEY (partition_network, action_type, event_id); UNIQUE (partition_network, action_type, origin_instance_domain, action_id, update_count)',
  'keys of action_events'
);
select is(pg_get_partkeydef('dpg.items'::regclass), 'LIST (item_network)', 'items are listed by network');
select is(pg_get_partkeydef('dpg.item_actions'::regclass), 'LIST (partition_network)', 'actions too');
select is(pg_get_partkeydef('dpg.action_events'::regclass), 'LIST (partition_network)', 'and events');
select is(
  (
    select string_agg(a.attrelid::regclass || '.' || a.attname, ', ')
    from pg_attribute a
    where a.attrelid in ('dpg.items'::regclass, 'dpg.item_actions'::regclass, 'dpg.action_events'::regclass)
      and a.attname in ('created_at', 'updated_at') and a.atttypid <> 'timestamptz'::regtype
  ),
  null,
  'times are timestamptz'
);
select is(
  (select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'dpg.items'::regclass and contype = 'f'),
  'FOREIGN KEY (created_by) REFERENCES "user"(id)',
  'an item''s owner is a user'
);
select is(
  (
    select string_agg(format('%s.%s', a.attrelid::regclass, a.attname), ', ' order by a.attrelid, a.attnum)
    from pg_attribute a
    where a.attrelid in ('dpg.items'::regclass, 'dpg.item_actions'::regclass, 'dpg.action_events'::regclass)
      and a.attnum > 0 and not a.attnotnull
      and a.attname not in ('remarks', 'source_local_item_id', 'performed_by', 'acting_side') and a.attname !~ '_(latitude|longitude)$'
  ),
  null,
  'null stands for no place, no remarks, and for what an older release did not know'
);
select ok(to_regclass('dpg.partitions') is not null and to_regclass('dpg.instance_urls') is not null, 'the views are there');
select * from finish();
rollback;
