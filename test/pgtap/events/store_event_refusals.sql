-- store_event refuses whatever is missing, unknown, malformed or of this instance, and writes nothing.
begin;
select plan(189);

select dpg_test.insert_items();

select dpg_test.note_written();

set local role dpg_app;

select is(dpg_test.refusal($$select dpg.store_event(null)$$), 'DP001 event', 'nothing');
select is(dpg_test.refusal($$select dpg.store_event('null')$$), 'DP001 event', 'JSON null');
select is(dpg_test.refusal($$select dpg.store_event('[]')$$), 'DP001 event', 'an array');
select is(dpg_test.refusal($$select dpg.store_event('"event"')$$), 'DP001 event', 'a text');
select is(dpg_test.refusal($$select dpg.store_event('1')$$), 'DP001 event', 'a number');

select is(dpg_test.refusal(format($$select dpg.store_event(dpg_test.event('{}', array[%L]))$$, f)), 'DP001 event.' || f, 'without ' || f)
from unnest(array['partition_network', 'action_type', 'event_id', 'origin_instance_domain', 'action_id', 'action_status', 'update_count', 'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_id', 'source_item_instance_url', 'source_item_owner', 'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_id', 'target_item_instance_url', 'target_item_owner', 'created_at']) f;
select is(dpg_test.refusal(format($$select dpg.store_event(dpg_test.event(jsonb_build_object(%L, null)))$$, f)), 'DP001 event.' || f, f || ' of null')
from unnest(array['partition_network', 'action_type', 'event_id', 'origin_instance_domain', 'action_id', 'action_status', 'update_count', 'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_id', 'source_item_instance_url', 'source_item_owner', 'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_id', 'target_item_instance_url', 'target_item_owner', 'created_at']) f;
select is(dpg_test.refusal(format($$select dpg.store_event(dpg_test.event(jsonb_build_object(%L, %L::jsonb)))$$, f, v)), 'DP001 event.' || f, format('%s of %s', f, left(v, 20)))
from unnest(array['partition_network', 'action_type', 'action_status', 'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_owner', 'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_owner']) f,
  (values ('""'), ('" "'), ('1'), ('{}'), ('"' || repeat('x', 121) || '"')) c(v);
select is(dpg_test.refusal(format($$select dpg.store_event(dpg_test.event(jsonb_build_object(%L, %L::jsonb)))$$, f, v)), 'DP001 event.' || f, format('%s of %s', f, left(v, 20)))
from unnest(array['origin_instance_domain', 'source_item_instance_url', 'target_item_instance_url']) f,
  (values ('""'), ('"\t"'), ('true'), ('"' || repeat('x', 1025) || '"')) c(v);
select is(dpg_test.refusal(format($$select dpg.store_event(dpg_test.event(jsonb_build_object(%L, %L::jsonb)))$$, f, v)), 'DP001 event.' || f, format('%s of %s', f, v))
from unnest(array['event_id', 'action_id', 'source_item_id', 'target_item_id']) f,
  (values ('""'), ('1'), ('"x"'), ('"10000000-0000-4000-8000-00000000000"'), ('"10000000-0000-4000-8000-000000000001\n"'), ('"(10000000-0000-4000-8000-000000000001)"'), ('"1-0000000000040008000000000000001"')) c(v);
select is(dpg_test.refusal(format($$select dpg.store_event(dpg_test.event(%L))$$, v)), 'DP001 event.' || f, v)
from (
  values
    ('update_count', '{"update_count": -1}'),
    ('update_count', '{"update_count": 1.5}'),
    ('update_count', '{"update_count": "1"}'),
    ('update_count', '{"update_count": 2147483648}'),
    ('update_count', '{"update_count": 1e30}'),
    ('source_item_latitude', '{"source_item_latitude": 90.5}'),
    ('source_item_latitude', '{"source_item_latitude": "12"}'),
    ('source_item_latitude', '{"source_item_latitude": null}'),
    ('source_item_longitude', '{"source_item_longitude": -180.5}'),
    ('source_item_longitude', '{"source_item_longitude": 1e400}'),
    ('source_item_longitude', '{"source_item_longitude": 1e-400}'),
    ('source_item_longitude', '{"source_item_longitude": null}'),
    ('target_item_latitude', '{"target_item_latitude": -91}'),
    ('target_item_latitude', '{"target_item_latitude": true}'),
    ('target_item_longitude', '{"target_item_longitude": 181}'),
    ('target_item_longitude', '{"target_item_longitude": null}'),
    ('event_payload', '{"event_payload": []}'),
    ('event_payload', '{"event_payload": "accepted"}'),
    ('event_payload', '{"event_payload": 1}'),
    ('remarks', '{"remarks": 1}'),
    ('remarks', '{"remarks": {}}'),
    ('created_at', '{"created_at": 1767323045}'),
    ('created_at', '{"created_at": ""}'),
    ('created_at', '{"created_at": "now"}'),
    ('created_at', '{"created_at": "infinity"}'),
    ('created_at', '{"created_at": "2026-01-02"}'),
    ('created_at', '{"created_at": "2026-01-02T03:04:05"}'),
    ('created_at', '{"created_at": "2026-01-02T03:04:05.0000061Z"}'),
    ('created_at', '{"created_at": "2026-02-30T03:04:05Z"}'),
    ('created_at', '{"created_at": "2026-01-02T25:04:05Z"}'),
    ('created_at', '{"created_at": "2026-01-02T03:04:05 Europe/Paris"}'),
    ('created_at', '{"created_at": "999999-01-02T03:04:05Z"}'),
    ('created_at', '{"created_at": "10000-01-01T00:00:00Z"}'),
    ('created_at', '{"created_at": "9999-12-31T23:59:59-14:00"}'),
    ('created_at', '{"created_at": "0001-12-31T23:59:59.999999Z BC"}'),
    ('created_at', '{"created_at": "0001-01-01T00:00:00+14:00"}'),
    ('partition_network', '{"partition_network": "actions elsewhere"}'),
    ('target_item_network', '{"target_item_network": ""}'),
    ('more', '{"more": 1}'),
    ('source_item_is_local', '{"source_item_is_local": "yes"}'),
    ('target_item_is_local', '{"target_item_is_local": 1}'),
    ('', '{"": 1}'),
    ('ownership_roles', '{"ownership_roles": []}'),
    ('origin_instance_domain', '{"origin_instance_domain": "https://student.actions.test"}'),
    ('origin_instance_domain', '{"origin_instance_domain": "https://elsewhere.actions.test"}')
) c(f, v);
select is(dpg_test.refusal($$select dpg.store_event(dpg_test.event(jsonb_build_object('remarks', repeat('x', 65537))))$$), 'DP001 event.remarks', 'remarks beyond the limit');
select is(dpg_test.refusal($$select dpg.store_event(dpg_test.event(jsonb_build_object('event_payload', jsonb_build_object('x', repeat('x', 1048576)))))$$), 'DP001 event.event_payload', 'a payload beyond the limit');
select is(
  dpg_test.detail($$select dpg.store_event(dpg_test.event('{"update_count": -1}'))$$),
  '{"argument": "event.update_count", "value": -1}'::jsonb,
  'the detail names field and value'
);
select dpg_test.wrote_nothing('nothing was written, no partition made');

select * from finish();
rollback;
