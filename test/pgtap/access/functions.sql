-- Every function of the contract, with exactly its arguments, and none besides: callers name them.
begin;
select plan(6);
create temp table contract (signature text, result text);
insert into contract values
  ('ensure_item_partition(item_network text, item_domain text)', 'regclass'),
  ('ensure_action_partition(partition_network text, action_type text)', 'regclass'),
  ('ensure_action_event_partition(partition_network text, action_type text)', 'regclass'),
  ('upsert_item(actor text, item_network text, item_domain text, item_type text, item_instance_url text, item_schema_url text, item_state jsonb = {}, item_latitude double precision = null, item_longitude double precision = null, item_id uuid = null, item_status text = null)', 'dpg.items'),
  ('upsert_items(actor text, items jsonb)', 'setof dpg.items'),
  ('update_item(actor text, item_network text, item_domain text, item_type text, item_id uuid, changes jsonb, expected_updated_at timestamp with time zone = null)', 'dpg.items'),
  ('delete_item(actor text, item_network text, item_domain text, item_type text, item_id uuid)', 'dpg.items'),
  ('get_item(item_network text, item_domain text, item_type text, item_id uuid)', 'dpg.items'),
  ('find_items(item_network text, item_domain text = null, item_type text = null, created_by text = null, item_instance_url text = null, item_schema_url text = null, item_state jsonb = null, latitude double precision = null, longitude double precision = null, radius_meters double precision = null, page_size integer = 20, page_token text = null, item_domains text[] = null[], item_statuses text[] = null[], any_status boolean = false, facets jsonb = null, search text = null, south double precision = null, west double precision = null, north double precision = null, east double precision = null)', 'setof dpg.found_item'),
  ('count_items(item_network text, item_domain text = null, item_type text = null, created_by text = null, item_instance_url text = null, item_schema_url text = null, item_state jsonb = null, latitude double precision = null, longitude double precision = null, radius_meters double precision = null, item_domains text[] = null[], item_statuses text[] = null[], any_status boolean = false, facets jsonb = null, search text = null, south double precision = null, west double precision = null, north double precision = null, east double precision = null)', 'bigint'),
  ('nearest_items(item_network text, item_domain text, latitude double precision, longitude double precision, radius_meters double precision = null, item_type text = null, item_state jsonb = null, page_size integer = 20, page_token text = null, item_domains text[] = null[], created_by text = null, item_instance_url text = null, item_schema_url text = null, item_statuses text[] = null[], any_status boolean = false, facets jsonb = null, search text = null, south double precision = null, west double precision = null, north double precision = null, east double precision = null, include_unplaced boolean = false)', 'setof dpg.nearest_item'),
  ('map_items(item_network text, item_domain text, south double precision, west double precision, north double precision, east double precision, max_markers integer = 1000, item_type text = null, created_by text = null, item_instance_url text = null, item_schema_url text = null, item_state jsonb = null, latitude double precision = null, longitude double precision = null, radius_meters double precision = null, item_domains text[] = null[], item_statuses text[] = null[], any_status boolean = false, facets jsonb = null, search text = null)', 'setof dpg.map_marker'),
  ('count_facets(item_network text, item_domain text, fields text[], max_values integer = 20, item_type text = null, created_by text = null, item_instance_url text = null, item_schema_url text = null, item_state jsonb = null, latitude double precision = null, longitude double precision = null, radius_meters double precision = null, item_domains text[] = null[], item_statuses text[] = null[], any_status boolean = false, facets jsonb = null, search text = null, south double precision = null, west double precision = null, north double precision = null, east double precision = null)', 'setof dpg.facet_count'),
  ('define_search(item_network text, item_domain text, item_type text, fields text[], language regconfig = simple)', 'void'),
  ('refresh_search(item_network text, item_domain text, max_items integer = 10000)', 'integer'),
  ('search_items(item_network text, item_domain text, search text, item_type text = null, created_by text = null, item_instance_url text = null, item_schema_url text = null, item_state jsonb = null, latitude double precision = null, longitude double precision = null, radius_meters double precision = null, item_domains text[] = null[], item_statuses text[] = null[], any_status boolean = false, facets jsonb = null, south double precision = null, west double precision = null, north double precision = null, east double precision = null, page_size integer = 20, page_token text = null)', 'setof dpg.searched_item'),
  ('find_own_items(actor text, item_network text = null, item_domain text = null, item_type text = null, item_statuses text[] = null[], page_size integer = 20, page_token text = null)', 'setof dpg.found_item'),
  ('get_items(items dpg.item_ref[])', 'setof dpg.items'),
  ('define_item(item_network text, item_domain text, statuses jsonb, initial_status text = live)', 'void'),
  ('set_item_status(actor text, item_network text, item_domain text, item_type text, item_id uuid, item_status text, expected_updated_at timestamp with time zone = null, close_actions_as text[] = null[])', 'dpg.items'),
  ('define_action(partition_network text, action_type text, transitions jsonb, initial_status text = created, rules jsonb = null)', 'void'),
  ('perform_action(actor text, action_type text, source dpg.item_ref, target dpg.item_ref, requirements_snapshot jsonb = {}, remarks text = null, event_payload jsonb = null, action_id uuid = null, performed_by text = null)', 'dpg.item_actions'),
  ('receive_action(action_type text, source dpg.item_ref, source_item_instance_url text, source_item_owner text, target dpg.item_ref, requirements_snapshot jsonb = null, remarks text = null, event_payload jsonb = null, action_id uuid = null, source_item_latitude double precision = null, source_item_longitude double precision = null, performed_by text = null)', 'dpg.item_actions'),
  ('transition_action(actor text, partition_network text, action_type text, action_id uuid, action_status text, expected_update_count integer = null, event_payload jsonb = null, remarks text = null, event_id uuid = null, performed_by text = null)', 'dpg.item_actions'),
  ('transition_actions(actor text, transitions jsonb)', 'setof dpg.transition_result'),
  ('receive_transition(source_item_instance_url text, source_item_owner text, partition_network text, action_type text, action_id uuid, action_status text, expected_update_count integer = null, event_payload jsonb = null, remarks text = null, event_id uuid = null, performed_by text = null)', 'dpg.item_actions'),
  ('get_action(actor text, partition_network text, action_type text, action_id uuid)', 'dpg.item_actions'),
  ('find_actions(actor text, ownership_role text = all, partition_network text = null, action_type text = null, action_status text = null, item_id uuid = null, page_size integer = 20, page_token text = null, action_types text[] = null[], action_statuses text[] = null[], action_id uuid = null, oldest_first boolean = false, with_items boolean = false)', 'setof dpg.found_action'),
  ('count_actions(actor text, ownership_role text = all, partition_network text = null, action_type text = null, item_id uuid = null)', 'setof dpg.action_count'),
  ('count_item_actions(items dpg.item_ref[])', 'setof dpg.item_action_count'),
  ('find_events(actor text, ownership_role text = all, partition_network text = null, action_type text = null, action_id uuid = null, action_status text = null, update_count integer = null, item_id uuid = null, page_size integer = 20, page_token text = null)', 'setof dpg.found_event'),
  ('store_event(event jsonb)', 'dpg.action_events'),
  ('create_item_subscription(subscription text, item_network text = null, item_domain text = null, item_type text = null)', 'dpg.subscriptions'),
  ('read_item_changes(subscription text, max_changes integer = 1000, lease_seconds double precision = 60)', 'setof dpg.item_change');

create temp table present as
select
  p.proname || '('
    || regexp_replace(regexp_replace(pg_get_function_arguments(p.oid), ' DEFAULT NULL(::[a-z ]+)?', ' = null', 'g'), ' DEFAULT ''?([^'',]*)''?(::[a-z]+)?', ' = \1', 'g')
    || ')' as signature,
  replace(pg_get_function_result(p.oid), 'SETOF ', 'setof ') as result
from pg_proc p
where p.pronamespace = 'dpg'::regnamespace and p.prokind = 'f';

select is((select string_agg(signature || ' -> ' || result, E'\n') from (table contract except table present) c), null, 'what the contract names is there, with these arguments, types and defaults in this order');
select is(
  (select string_agg(p.proname, ', ') from pg_proc p where p.pronamespace = 'dpg'::regnamespace group by p.proname having count(*) > 1 limit 1),
  null,
  'no name has a second function: a call by argument names is never ambiguous'
);
select is(
  (select string_agg(signature, ', ') from present p where split_part(signature, '(', 1) in (select split_part(c.signature, '(', 1) from contract c) and p.signature not in (select c.signature from contract c)),
  null,
  'and none of them differently'
);
select is(
  (select string_agg(format('%s %s', attname, format_type(atttypid, atttypmod)), ', ' order by attnum) from pg_attribute where attrelid = 'dpg.item_ref'::regclass and attnum > 0),
  'item_network text, item_domain text, item_type text, item_id uuid',
  'item_ref has the fields of the contract'
);
select is(
  (
    select string_agg(f.found_type || ': ' || coalesce(more.names, ''), '; ' order by f.found_type)
    from (values ('found_item', 'items'), ('nearest_item', 'items'), ('found_action', 'item_actions'), ('found_event', 'action_events')) f(found_type, root)
    cross join lateral (
      select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum) as names
      from pg_attribute a
      where a.attrelid = ('dpg.' || f.found_type)::regclass
        and a.attnum > (select count(*) from pg_attribute r where r.attrelid = ('dpg.' || f.root)::regclass and r.attnum > 0 and not r.attisdropped)
    ) more
  ),
  'found_action: ownership_roles text[], source_item_state jsonb, source_item_status text, target_item_state jsonb, target_item_status text, next_page_token text; found_event: ownership_roles text[], next_page_token text; '
    || 'found_item: next_page_token text; nearest_item: distance_meters double precision, next_page_token text',
  'the found types add what the call adds and end with next_page_token'
);
select is(
  (
    select string_agg(f.found_type || '.' || a.attname, ', ')
    from (values ('found_item', 'items'), ('nearest_item', 'items'), ('found_action', 'item_actions'), ('found_event', 'action_events')) f(found_type, root)
    join pg_attribute a on a.attrelid = ('dpg.' || f.root)::regclass and a.attnum > 0 and not a.attisdropped
    where not exists (
      select from pg_attribute t
      where t.attrelid = ('dpg.' || f.found_type)::regclass and t.attname = a.attname and t.atttypid = a.atttypid
        and t.attnum = (select count(*) from pg_attribute b where b.attrelid = a.attrelid and b.attnum between 1 and a.attnum and not b.attisdropped)
    )
  ),
  null,
  'after the columns of their table, in its order'
);
select * from finish();
rollback;
