-- The spellings of one URL are one instance: what its events say is neither doubled nor refused.
begin;
select plan(13);

select dpg_test.insert_users('ann');

create function pg_temp.event(update_count integer, changes jsonb default '{}')
returns jsonb
language sql
as $body$
  select jsonb_build_object(
    'partition_network', 'spelled net', 'action_type', 'connect',
    'event_id', ('40000000-0000-4000-8000-' || lpad(update_count::text, 12, '0'))::uuid, 'origin_instance_domain', 'https://far.example',
    'action_id', '30000000-0000-4000-8000-000000000001', 'action_status', 'status ' || update_count, 'update_count', update_count,
    'source_item_network', 'spelled net', 'source_item_domain', 'student', 'source_item_type', 'profile',
    'source_item_id', '10000000-0000-4000-8000-000000000001', 'source_item_instance_url', 'https://near.example',
    'source_item_owner', 'ann', 'target_item_network', 'spelled net', 'target_item_domain', 'tutor', 'target_item_type', 'profile',
    'target_item_id', '10000000-0000-4000-8000-000000000009', 'target_item_instance_url', 'https://far.example',
    'target_item_owner', 'zoe', 'remarks', 'remark ' || update_count, 'created_at', '2026-01-02T03:04:05Z'
  ) || changes
$body$;

set local role dpg_app;
select dpg.upsert_item('ann', 'spelled net', 'student', 'profile', 'https://near.example', 's', item_id => '10000000-0000-4000-8000-000000000001');
select dpg.store_event(pg_temp.event(0));

-- the same update
select is(
  (select origin_instance_domain from dpg.store_event(pg_temp.event(0) || changes)),
  'https://far.example', 'the same event: ' || changes::text
)
from unnest(array[
  '{"origin_instance_domain": "https://FAR.example/", "target_item_instance_url": "https://far.example:443"}',
  '{"source_item_instance_url": "https://Near.example/"}'
]::jsonb[]) changes;
select throws_ok(
  $$select dpg.store_event(pg_temp.event(0, '{"event_id": "40000000-0000-4000-8000-000000000099", "origin_instance_domain": "https://FAR.example", "action_status": "other"}'))$$,
  'DP008', null, 'another event of the same update, from an origin that is not noted in this spelling'
);

-- the next update, spelled in another way
select lives_ok(
  $$select dpg.store_event(pg_temp.event(1, '{"origin_instance_domain": "https://FAR.example/", "target_item_instance_url": "https://FAR.example/", "source_item_instance_url": "https://NEAR.example"}'))$$,
  'the next event in another spelling is taken'
);
select is(
  (select origin_instance_domain from dpg.action_events where event_id = '40000000-0000-4000-8000-000000000001'),
  null, 'dpg_app sees it as a party only'
);
set local dpg.actor = 'ann';
select results_eq(
  $$select update_count, origin_instance_domain from dpg.action_events where partition_network = 'spelled net' order by update_count$$,
  $$values (0, 'https://far.example'), (1, 'https://FAR.example/')$$, 'each is stored as given'
);
select results_eq(
  $$select action_status, update_count, remarks, target_item_instance_url from dpg.find_actions('ann')$$,
  $$values ('status 1', 1, 'remark 1', 'https://far.example')$$, 'they are one action, spelled as first'
);
select throws_ok(
  $$select dpg.store_event(pg_temp.event(1, '{"event_id": "40000000-0000-4000-8000-000000000099"}'))$$,
  'DP008', null, 'an update that has its event under another spelling gets no second one'
);
select is(
  (select event_id from dpg.store_event(pg_temp.event(1))), '40000000-0000-4000-8000-000000000001', 'and the same one is found'
);
select is((select count(*) from dpg.find_events('ann')), 2::bigint, 'there are two events');

-- the target is the origin
select throws_ok(
  $$select dpg.store_event(pg_temp.event(2, '{"target_item_instance_url": "https://third.example"}'))$$, 'DP001',
  'event.target_item_instance_url is not the origin of the event: "https://third.example"', 'an action that lives elsewhere'
);
select throws_ok(
  $$select dpg.store_event(pg_temp.event(2, '{"target_item_instance_url": "https://near.example"}'))$$, 'DP001',
  'event.target_item_instance_url is not the origin of the event: "https://near.example"', 'or here'
);

-- what was taken away from the event, is taken away from the action
reset role;
set local role dpg_admin;
select dpg.redact_event('dpo', 'spelled net', 'connect', '40000000-0000-4000-8000-000000000001', 'a request');
reset role;
select is(
  (select remarks from dpg.find_actions('ann')), null, 'a redaction finds the action, whichever way the event spells it'
);

select * from finish();
rollback;
