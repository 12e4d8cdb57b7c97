-- All events of an action are between the same items: one that names others is DP008, in whatever order they come, whether
-- a network is registered or not, and the action that the owner of its source finds stays as it was.
begin;
select plan(17);

select dpg_test.insert_users('other asha', 'other mina');

do $body$
begin
  perform dpg.upsert_item(
    i.owner, 'other test', 'student', 'p', 'https://other.test', 's', item_id => i.item_id::uuid
  )
  from (values
    ('other asha', '10000000-0000-4000-8000-000000000001'), ('other mina', '10000000-0000-4000-8000-000000000002')
  ) i(owner, item_id);
end
$body$;

-- an update of an action of another instance that Asha's student has started
create function pg_temp.event(number integer, update_count integer, changes jsonb default '{}')
returns jsonb
language sql
as $body$
  select jsonb_build_object(
    'partition_network', 'other far', 'action_type', 'connect', 'event_id', dpg_test.id(1000 * number + update_count),
    'origin_instance_domain', 'https://far.other.test', 'action_id', dpg_test.id(number), 'action_status', 's' || update_count,
    'update_count', update_count,
    'source_item_network', 'other test', 'source_item_domain', 'student', 'source_item_type', 'p',
    'source_item_id', '10000000-0000-4000-8000-000000000001', 'source_item_instance_url', 'https://other.test',
    'source_item_owner', 'other asha',
    'target_item_network', 'other far', 'target_item_domain', 'tutor', 'target_item_type', 'p',
    'target_item_id', dpg_test.id(99), 'target_item_instance_url', 'https://far.other.test',
    'target_item_owner', 'far ravi', 'event_payload', '{}'::jsonb, 'created_at', '2026-01-01T00:00:00.000000Z'
  ) || changes
$body$;

-- what Asha and Mina find: the actions as they ended, and how many events
create function pg_temp.found()
returns text
language sql
as $body$
  select concat_ws(
    '; ',
    (select string_agg(concat_ws(' ', a.action_status, a.update_count, a.source_item_id, a.target_item_id), ', ' order by a.action_id)
     from (values ('other asha'), ('other mina')) u(id) cross join lateral dpg.find_actions(u.id) a),
    (select count(*) from (values ('other asha'), ('other mina')) u(id) cross join lateral dpg.find_events(u.id) e)
  )
$body$;

set local role dpg_app;
do $body$
begin
  perform dpg.store_event(pg_temp.event(1, 2));
end
$body$;

select throws_ok(
  format('select dpg.store_event(%L)', pg_temp.event(1, update_count, changes)), 'DP008',
  format(
    'event %s of ''other far''/''connect'' is between other items than what came of action %s from ''https://far.other.test'' before',
    dpg_test.id(1000 + update_count), dpg_test.id(1)
  ),
  format('%s of update %s', changes, update_count)
)
from (values (0), (3)) u(update_count)
cross join (values
  ('{"source_item_network": "other far"}'::jsonb),
  ('{"source_item_domain": "school"}'),
  ('{"source_item_type": "ghost"}'),
  ('{"source_item_id": "10000000-0000-4000-8000-000000000002", "source_item_owner": "other mina"}'),
  ('{"target_item_domain": "spy"}'),
  ('{"target_item_type": "ghost"}'),
  ('{"target_item_id": "10000000-0000-4000-8000-000000000001"}')
) c(changes);
select is(
  pg_temp.found(), 's2 2 10000000-0000-4000-8000-000000000001 20000000-0000-4000-8000-000000000099; 1',
  'what was here stays as it was, and nothing is beside it'
);

select is(
  dpg_test.detail(format('select dpg.store_event(%L)', pg_temp.event(1, 3, '{"source_item_type": "ghost"}'))),
  '{"partition_network": "other far", "action_type": "connect", "event_id": "20000000-0000-4000-8000-000000001003",
    "origin_instance_domain": "https://far.other.test", "action_id": "20000000-0000-4000-8000-000000000001"}'::jsonb,
  'the detail has what the event said of itself, and nothing of the items that are here'
);

do $body$
begin
  perform dpg.store_event(pg_temp.event(1, 0)), dpg.store_event(pg_temp.event(1, 3)), dpg.store_event(pg_temp.event(1, 3));
  -- the same id is another action when it comes from elsewhere
  perform dpg.store_event(pg_temp.event(1, 0, '{
    "event_id": "20000000-0000-4000-8000-000000009000", "origin_instance_domain": "https://third.other.test",
    "target_item_instance_url": "https://third.other.test", "source_item_owner": "other mina",
    "source_item_id": "10000000-0000-4000-8000-000000000002"
  }'));
end
$body$;
select is(
  pg_temp.found(),
  's3 3 10000000-0000-4000-8000-000000000001 20000000-0000-4000-8000-000000000099, '
  || 's0 0 10000000-0000-4000-8000-000000000002 20000000-0000-4000-8000-000000000099; 4',
  'what is between the same items follows, and what is of another origin'
);
select * from finish();
rollback;
