-- store_event stores an event of another instance as it came.
begin;
select plan(12);

select dpg_test.insert_items();

set local role dpg_app;

create temporary table made as
select * from dpg.store_event(dpg_test.event());
select results_eq(
  $$select
    e.partition_network, e.action_type, e.origin_instance_domain, e.action_id, e.action_status, e.update_count,
    e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id, e.source_item_instance_url,
    e.source_item_owner, e.source_item_latitude, e.source_item_longitude, e.target_item_network, e.target_item_domain,
    e.target_item_type, e.target_item_id, e.target_item_instance_url, e.target_item_owner, e.target_item_latitude,
    e.target_item_longitude, e.event_payload, e.remarks, e.source_item_is_local, e.target_item_is_local, e.event_id, e.created_at
  from made e$$,
  $$values (
    'actions test', 'connect', 'https://far.actions.test', '20000000-0000-4000-8000-000000000009'::uuid, 'accepted', 3,
    'actions test', 'student', 'profile_1.0', '10000000-0000-4000-8000-000000000001'::uuid, 'https://student.actions.test',
    'actions asha', 12.5::double precision, 77.5::double precision, 'actions test', 'tutor',
    'profile_1.0', '10000000-0000-4000-8000-000000000009'::uuid, 'https://far.actions.test', 'actions ravi', -90::double precision,
    180::double precision, '{"when": "monday"}'::jsonb, 'gladly', true, false, '40000000-0000-4000-8000-000000000001'::uuid,
    '2026-01-02 03:04:05.000006+00'::timestamptz
  )$$,
  'every field, the id and the time with its microseconds'
);
select results_eq(
  $$select * from dpg_test.stored_events() e where e.partition_network = 'actions test'$$,
  $$select * from made$$,
  'that is the row as stored, and the only one'
);
select is_empty($$select * from dpg_test.stored_actions() a where a.partition_network = 'actions test'$$, 'its action lives elsewhere: none is made here');
select results_eq(
  $$select e.source_item_latitude, e.source_item_longitude, e.target_item_latitude, e.target_item_longitude, e.remarks, e.update_count
  from dpg.store_event(dpg_test.event(
    '{"event_id": "40000000-0000-4000-8000-000000000002", "update_count": 2, "remarks": null, "source_item_latitude": null}',
    array['source_item_longitude', 'target_item_latitude', 'target_item_longitude']
  )) e$$,
  $$values (null::double precision, null::double precision, null::double precision, null::double precision, null::text, 2)$$,
  'remarks and places may be null or missing; an earlier update may arrive later'
);
select is(
  (
    select array_agg(e.event_payload order by c.id)
    from (
      values
        ('40000000-0000-4000-8000-000000000005'::uuid, '{}'::jsonb, array['event_payload']),
        ('40000000-0000-4000-8000-000000000006', '{"event_payload": null}', '{}')
    ) c(id, changes, without),
    lateral dpg.store_event(dpg_test.event(c.changes || jsonb_build_object('event_id', c.id, 'action_id', c.id), c.without)) e
  ),
  array['{"status": "accepted"}', '{"status": "accepted"}']::jsonb[],
  'the payload is the status unless given'
);
select results_eq(
  $$select e.source_item_is_local, e.target_item_is_local
  from dpg.store_event(dpg_test.event('{
    "event_id": "40000000-0000-4000-8000-000000000004", "action_id": "20000000-0000-4000-8000-000000000004",
    "source_item_is_local": false, "target_item_is_local": true
  }')) e$$,
  $$values (true, false)$$,
  'what is of this instance it finds out itself: the other instance says what is of that one'
);
select lives_ok($$select dpg.store_event(dpg_test.event('{"event_id": "40000000-0000-4000-8000-000000000007", "update_count": 2147483647}'))$$, 'an update may arrive before those between, however high its count');
select lives_ok($$select dpg.store_event(dpg_test.event('{"event_id": "40000000-0000-4000-8000-000000000008", "origin_instance_domain": "https://other.actions.test", "target_item_instance_url": "https://other.actions.test"}'))$$, 'another origin may have an action of the same id');
select lives_ok($$select dpg.store_event(dpg_test.event('{"partition_network": "actions fresh", "target_item_network": "actions fresh"}'))$$, 'an id counts within its network; the leaf is made when missing');
select lives_ok($$select dpg.store_event(dpg_test.event('{"action_type": "book"}'))$$, 'and within its action type');
select is(
  (select array_agg(p.leaf::text order by p.leaf::text) from dpg.partitions p where p.root = 'action_events' and p.network like 'actions %'),
  array['dpg.e_p_actionsfresh_connect', 'dpg.e_p_actionstest_book', 'dpg.e_p_actionstest_connect'],
  'those leaves are there'
);
select is(
  (select e.source_item_is_local from dpg.store_event(dpg_test.event('{"event_id": "40000000-0000-4000-8000-000000000009", "action_id": "20000000-0000-4000-8000-000000000008", "source_item_instance_url": "https://third.actions.test"}')) e),
  false,
  'a source of a third instance is not of this one'
);

select * from finish();
rollback;
