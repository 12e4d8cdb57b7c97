-- An event may say of which version it is: what a newer one has more is left out, what an older one lacks is no other content.
begin;
select plan(26);

create function pg_temp.event(changes jsonb default '{}', without text[] default '{}')
returns jsonb
language sql
as $body$
  select ('{
    "partition_network": "versions net", "action_type": "connect", "event_id": "40000000-0000-4000-8000-000000000001",
    "origin_instance_domain": "https://far.example", "action_id": "30000000-0000-4000-8000-000000000001",
    "action_status": "created", "update_count": 0,
    "source_item_network": "versions net", "source_item_domain": "student", "source_item_type": "profile",
    "source_item_id": "10000000-0000-4000-8000-000000000001", "source_item_instance_url": "https://near.example",
    "source_item_owner": "ann", "source_item_latitude": 12.5, "source_item_longitude": 77.5,
    "target_item_network": "versions net", "target_item_domain": "tutor", "target_item_type": "profile",
    "target_item_id": "10000000-0000-4000-8000-000000000009", "target_item_instance_url": "https://far.example",
    "target_item_owner": "zoe", "target_item_latitude": -33.25, "target_item_longitude": 151.125,
    "event_payload": {"when": "monday"}, "remarks": "gladly", "created_at": "2026-01-02T03:04:05.000006Z"
  }'::jsonb || changes) - without
$body$;
set local role dpg_app;

-- unknown fields
select is(dpg_test.refusal(format('select dpg.store_event(pg_temp.event(%L))', e)), 'DP001 event.' || f, e)
from (values
  ('more', '{"more": 1}'), ('more', '{"more": 1, "version": 1}'), ('more', '{"more": 1, "version": 2}'), ('version', '{"version": 0}'), ('version', '{"version": -1}'),
  ('version', '{"version": 1.5}'), ('version', '{"version": "2"}'), ('version', '{"version": null}'), ('version', '{"version": true}'),
  ('version', '{"version": 1e30, "more": 1}'), ('action_status', '{"version": 2147483647, "more": {}, "action_status": ""}')
) c(f, e);
select is(dpg_test.refusal('select dpg.store_event(pg_temp.event(''{"version": 3}'', array[''source_item_owner'']))'), 'DP001 event.source_item_owner', 'a newer version has the fields that must be there as well');
select lives_ok($$select dpg.store_event(pg_temp.event('{"version": 3, "more": 1, "": [], "tableoid": 7}'))$$, 'a newer version may have fields that we do not know');
select is(
  (select jsonb_object_agg(f.key, f.value) from dpg.store_event(pg_temp.event()) e cross join jsonb_each(to_jsonb(e)) f where pg_temp.event('{}', array['created_at']) ? f.key),
  pg_temp.event('{}', array['created_at']), 'the others are stored'
);
select lives_ok(format('select dpg.store_event(pg_temp.event(%L))', e), 'the same event again: ' || e)
from unnest(array['{}', '{"version": 1}', '{"version": 2}', '{"version": 3, "acting": "source"}']) e;

-- missing fields
select lives_ok(format('select dpg.store_event(pg_temp.event(''{}'', %L))', w), 'the same event, of a sender that does not know ' || w)
from unnest(array['{remarks}', '{source_item_latitude,source_item_longitude}', '{remarks,target_item_latitude,target_item_longitude}']) w;
select throws_ok($$select dpg.store_event(pg_temp.event('{"remarks": null}'))$$, 'DP008', null, 'null is something else');
select throws_ok($$select dpg.store_event(pg_temp.event('{}', array['event_payload']))$$, 'DP008', null, 'so is a payload that is missing, which stands for the default');
select throws_ok($$select dpg.store_event(pg_temp.event('{"action_status": "x"}', array['remarks']))$$, 'DP008', null, 'and a status');

-- columns of an application
reset role;
alter table dpg.action_events add column their_note text default 'ours', add column their_score integer;
set local role dpg_app;
select is(
  (select (e.their_note, e.their_score) from dpg.store_event(pg_temp.event('{"event_id": "40000000-0000-4000-8000-000000000002", "update_count": 1, "their_note": "theirs", "their_score": 7}')) e),
  ('ours'::text, null::integer), 'what is a column of the application here too takes its default'
);
select is(
  dpg_test.refusal($$select dpg.store_event(pg_temp.event('{"their_note": "theirs", "elsewhere": 1}'))$$), 'DP001 event.elsewhere',
  'what is one only there is named'
);

select * from finish();
rollback;
