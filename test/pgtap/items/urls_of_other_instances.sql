-- No item is given a URL by which another instance is known: that instance could not act here any more.
begin;
select plan(23);

select dpg_test.insert_users('ann', 'bob');

-- the argument, its value and its index; the hint names the remedy
create function pg_temp.refusal(statement text)
returns text
language sql
as $body$
  select concat_ws(
    ' ', e ->> 'code', e #>> '{detail, argument}', e #>> '{detail, value}', e #>> '{detail, index}',
    case when e ->> 'hint' !~ 'dpg[.]forget_instance_url' then 'without the remedy' end
  )
  from dpg_test.error(statement) e
$body$;

-- an event of the action 1 of that instance, of one of our students
create function pg_temp.event(origin text, update_count integer)
returns jsonb
language sql
as $body$
  select jsonb_build_object(
    'partition_network', 'others net', 'action_type', 'connect', 'event_id', gen_random_uuid(), 'origin_instance_domain', origin,
    'action_id', '30000000-0000-4000-8000-000000000001', 'action_status', 'created', 'update_count', update_count,
    'source_item_network', 'others net', 'source_item_domain', 'student', 'source_item_type', 'profile',
    'source_item_id', '10000000-0000-4000-8000-000000000001', 'source_item_instance_url', 'https://here.example',
    'source_item_owner', 'ann', 'target_item_network', 'others net', 'target_item_domain', 'tutor', 'target_item_type', 'profile',
    'target_item_id', '10000000-0000-4000-8000-000000000009', 'target_item_instance_url', origin, 'target_item_owner', 'zoe',
    'created_at', '2026-01-02T03:04:05Z'
  )
$body$;

create function pg_temp.receive(url text)
returns void
language sql
as $body$
  select dpg.receive_action(
    'connect', row('others net', 'student', 'profile', '10000000-0000-4000-8000-000000000008'), url, 'zoe',
    row('others net', 'student', 'profile', '10000000-0000-4000-8000-000000000001')
  )
$body$;

set local role dpg_app;

select dpg.upsert_item('ann', 'others net', 'student', 'profile', 'https://here.example', 's', item_id => '10000000-0000-4000-8000-000000000001');
select pg_temp.receive('https://source.example');
select dpg.store_event(pg_temp.event('https://origin.example', 0));

select is(
  pg_temp.refusal(format($$select dpg.upsert_item('ann', 'others net', 'student', 'profile', %L, 's')$$, url)),
  'DP001 item_instance_url ' || url, 'upsert_item: ' || url
)
from unnest(array['https://source.example', 'https://origin.example', 'HTTPS://Origin.example:443/']) url;
select is(
  pg_temp.refusal($$select dpg.upsert_item('nobody', 'others net', 'student', 'profile', 'https://source.example', 's')$$),
  'DP001 item_instance_url https://source.example', 'before the actor is looked at'
);
select is(
  pg_temp.refusal($$select dpg.upsert_item('ann', 'others new', 'student', 'profile', 'https://source.example', 's')$$),
  'DP001 item_instance_url https://source.example', 'in a network without a leaf too'
);
select is(
  pg_temp.refusal($$select dpg.upsert_items('ann', '[
    {"item_network": "others net", "item_domain": "student", "item_type": "profile", "item_instance_url": "https://here.example", "item_schema_url": "s"},
    {"item_network": "others net", "item_domain": "student", "item_type": "profile", "item_instance_url": "https://new.example", "item_schema_url": "s"},
    {"item_network": "others net", "item_domain": "student", "item_type": "profile", "item_instance_url": "https://Source.example/", "item_schema_url": "s"}
  ]')$$),
  'DP001 item_instance_url https://Source.example/ 2', 'upsert_items names the element'
);
select is(
  pg_temp.refusal($$select dpg.update_item('ann', 'others net', 'student', 'profile', '10000000-0000-4000-8000-000000000001', '{"item_instance_url": "https://origin.example"}')$$),
  'DP001 changes.item_instance_url https://origin.example', 'update_item'
);
select results_eq(
  $$select instance_url from dpg.instance_urls where instance_url like '%.example%'$$, array['https://here.example'], 'none was noted'
);
select is(
  (select item_instance_url from dpg.get_item('others net', 'student', 'profile', '10000000-0000-4000-8000-000000000001')),
  'https://here.example', 'no item has it'
);
select lives_ok($$select pg_temp.receive('https://source.example')$$, 'and the others act as before');
select lives_ok($$select dpg.store_event(pg_temp.event('https://origin.example', 1))$$, 'and tell their events');

-- what is ours in one spelling is ours in all of them
select lives_ok($$select dpg.upsert_item('ann', 'others net', 'student', 'profile', 'https://HERE.example/', 's')$$, 'another spelling of our own URL');
select throws_ok(format('select pg_temp.receive(%L)', url), 'DP001', null, 'nobody else comes from ' || url)
from unnest(array['https://here.example', 'https://HERE.example/', 'https://Here.Example:443']) url;
select throws_ok(
  format('select dpg.store_event(pg_temp.event(%L, 2))', 'https://here.example:443/'), 'DP001',
  'event.origin_instance_domain is a URL of this instance: "https://here.example:443/"', 'nor is it an origin'
);
select is(
  (select source_item_is_local from dpg.store_event(pg_temp.event('https://origin.example', 2) || '{"source_item_instance_url": "https://Here.example"}')),
  true, 'an event of our item is ours in any spelling'
);

-- the way out
reset role;
set local role dpg_admin;
select is(dpg.forget_instance_url('https://SOURCE.example/'), true, 'another instance is struck, whichever way it is spelled');
select is(dpg.forget_instance_url('https://source.example'), false, 'once');
reset role;
set local role dpg_app;
select lives_ok($$select dpg.upsert_item('ann', 'others net', 'student', 'profile', 'https://source.example', 's')$$, 'then an item may have its URL');
select throws_ok($$select pg_temp.receive('https://Source.example')$$, 'DP001', null, 'and it is ours');
reset role;
set local role dpg_admin;
select is(dpg.forget_instance_url('https://source.example'), true, 'one of ours is struck as well');
reset role;
set local role dpg_app;
select lives_ok($$select pg_temp.receive('https://source.example')$$, 'and the other one acts again');

select * from finish();
rollback;
