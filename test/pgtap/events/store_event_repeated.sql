-- store_event of an event that is there: the same returns it, other content is DP008.
begin;
select plan(33);

select dpg_test.insert_items();

set local role dpg_app;

create temporary table made as
select * from dpg.store_event(dpg_test.event());
select dpg_test.note_written();
select results_eq($$select * from dpg.store_event(dpg_test.event())$$, $$select * from made$$, 'the same again returns the row');
select results_eq(
  $$select * from dpg.store_event(dpg_test.event('{"created_at": "2026-01-02T08:49:05.000006+05:45", "source_item_latitude": 12.50, "event_id": "40000000-0000-4000-8000-000000000001"}'))$$,
  $$select * from made$$,
  'also when it writes time and numbers in another way'
);
select results_eq(
  $$select * from dpg.store_event(dpg_test.event('{"target_item_owner": "actions mina"}'))$$,
  $$select * from made$$,
  'and with another owner of the target, who is a user of the other instance: items may have been moved there'
);
select dpg_test.wrote_nothing('which writes nothing');
select is(
  dpg_test.refusal(format($$select dpg.store_event(dpg_test.event(%L))$$, c.change)),
  'DP008',
  'the same id with another ' || (select string_agg(k, ', ') from jsonb_object_keys(c.change) k)
)
from (
  values
    ('{"origin_instance_domain": "https://other.actions.test", "target_item_instance_url": "https://other.actions.test"}'::jsonb),
    ('{"action_id": "20000000-0000-4000-8000-000000000008"}'),
    ('{"action_status": "refused"}'),
    ('{"update_count": 4}'),
    ('{"source_item_network": "actions elsewhere"}'),
    ('{"source_item_domain": "tutor"}'),
    ('{"source_item_type": "profile_2.0"}'),
    ('{"source_item_id": "10000000-0000-4000-8000-000000000003"}'),
    ('{"source_item_instance_url": "https://tutor.actions.test"}'),
    ('{"source_item_owner": "actions mina"}'),
    ('{"source_item_latitude": 12.25}'),
    ('{"source_item_longitude": 77.25}'),
    ('{"source_item_latitude": null, "source_item_longitude": null}'),
    ('{"target_item_domain": "student"}'),
    ('{"target_item_type": "profile_2.0"}'),
    ('{"target_item_id": "10000000-0000-4000-8000-000000000008"}'),
    ('{"target_item_latitude": -89.5}'),
    ('{"target_item_longitude": -180}'),
    ('{"event_payload": {"when": "friday"}}'),
    ('{"remarks": "no"}'),
    ('{"remarks": null}'),
    ('{"created_at": "2026-01-02T03:04:05.000007Z"}')
) c(change);
select is(dpg_test.refusal($$select dpg.store_event(dpg_test.event('{"event_id": "40000000-0000-4000-8000-000000000002"}'))$$), 'DP008', 'another id for the same origin, action and update');
select is(dpg_test.refusal($$select dpg.store_event(dpg_test.event('{"event_id": "40000000-0000-4000-8000-000000000002", "action_status": "refused"}'))$$), 'DP008', 'and other content besides');
select is(
  dpg_test.detail($$select dpg.store_event(dpg_test.event('{"event_id": "40000000-0000-4000-8000-000000000002"}'))$$),
  '{"partition_network": "actions test", "action_type": "connect", "event_id": "40000000-0000-4000-8000-000000000001"}'::jsonb,
  'the detail names the event that is there, and no more of it'
);
select dpg_test.wrote_nothing('nothing was written');
do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), action_id => dpg_test.id(1));
  perform dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', event_id => '40000000-0000-4000-8000-000000000005');
end
$body$;
select dpg_test.note_written();
select is(dpg_test.refusal($$select dpg.store_event(dpg_test.event('{"event_id": "40000000-0000-4000-8000-000000000005"}'))$$), 'DP008', 'the id of an event of this instance');
select dpg_test.wrote_nothing('which stays as it is');
do $body$
begin
  perform dpg.upsert_item('actions mina', 'actions test', 'student', 'profile_1.0', 'https://third.actions.test', 'https://schemas.actions.test');
  perform dpg.store_event(dpg_test.event('{"event_id": "40000000-0000-4000-8000-000000000006", "action_id": "20000000-0000-4000-8000-000000000007", "source_item_instance_url": "https://fourth.actions.test"}'));
  perform dpg.upsert_item('actions mina', 'actions test', 'student', 'profile_1.0', 'https://fourth.actions.test', 'https://schemas.actions.test');
end
$body$;
select is(
  (select e.source_item_is_local from dpg.store_event(dpg_test.event('{"event_id": "40000000-0000-4000-8000-000000000006", "action_id": "20000000-0000-4000-8000-000000000007", "source_item_instance_url": "https://fourth.actions.test"}')) e),
  false,
  'an event that came before its source''s URL was one of ours is the same again afterwards'
);

select * from finish();
rollback;
