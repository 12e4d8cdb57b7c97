-- An action of another instance, as its mirrored events tell of it: the same whatever the order in which they come, found
-- by the owner of its source and nobody else, page by page with those of this instance, and forgotten where the law demands.
begin;
select plan(19);

select dpg_test.insert_users('mirrored asha', 'mirrored ravi');

do $body$
begin
  perform dpg.upsert_item(
    'mirrored asha', 'mirrored test', 'student', 'p', 'https://mirrored.test', 's', item_id => '10000000-0000-4000-8000-000000000001'
  );
  perform dpg.upsert_item(
    'mirrored ravi', 'mirrored test', 'tutor', 'p', 'https://mirrored.test', 's', item_id => '10000000-0000-4000-8000-000000000002'
  );
end
$body$;

-- an update of an action of another instance that Asha's student has started
create function pg_temp.mirror(number integer, update_count integer, status text, changes jsonb default '{}')
returns void
language plpgsql
as $body$
begin
  perform dpg.store_event(jsonb_build_object(
    'partition_network', 'mirrored far', 'action_type', 'connect', 'event_id', dpg_test.id(1000 * number + update_count),
    'origin_instance_domain', 'https://far.mirrored.test', 'action_id', dpg_test.id(number), 'action_status', status,
    'update_count', update_count,
    'source_item_network', 'mirrored test', 'source_item_domain', 'student', 'source_item_type', 'p',
    'source_item_id', '10000000-0000-4000-8000-000000000001', 'source_item_instance_url', 'https://mirrored.test',
    'source_item_owner', 'mirrored asha', 'source_item_latitude', 12.5, 'source_item_longitude', 77.5,
    'target_item_network', 'mirrored far', 'target_item_domain', 'tutor', 'target_item_type', 'p',
    'target_item_id', dpg_test.id(99), 'target_item_instance_url', 'https://far.mirrored.test',
    'target_item_owner', 'mirrored ravi', 'event_payload', '{}'::jsonb,
    'created_at', to_char('2026-01-01T00:00:00Z'::timestamptz + update_count * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SSOF')
  ) || changes);
end
$body$;

create function pg_temp.seen(actor text, number integer)
returns text
language sql
as $body$
  select (a.action_status, a.update_count, a.remarks, a.created_at at time zone 'UTC', a.updated_at at time zone 'UTC')::text
  from dpg.get_action(actor, 'mirrored far', 'connect', dpg_test.id(number)) a
$body$;

set local role dpg_app;
do $body$
begin
  perform pg_temp.mirror(1, 2, 'done');
end
$body$;
select is(
  pg_temp.seen('mirrored asha', 1), '(done,2,,"2026-01-01 02:00:00","2026-01-01 02:00:00")',
  'the first event that comes makes it, whichever it is'
);
do $body$
begin
  perform pg_temp.mirror(1, 0, 'created', '{"remarks": "please"}'), pg_temp.mirror(1, 1, 'accepted', '{"remarks": "gladly"}');
  perform pg_temp.mirror(1, 1, 'accepted', '{"remarks": "gladly"}');
  perform pg_temp.mirror(2, 0, 'created', '{"remarks": "please"}'), pg_temp.mirror(2, 1, 'accepted', '{"remarks": "gladly"}'),
    pg_temp.mirror(2, 2, 'done');
  perform pg_temp.mirror(3, 1, 'accepted', '{"remarks": "gladly"}'), pg_temp.mirror(3, 2, 'done'),
    pg_temp.mirror(3, 0, 'created', '{"remarks": "please"}');
end
$body$;
select is(
  pg_temp.seen('mirrored asha', n), '(done,2,gladly,"2026-01-01 00:00:00","2026-01-01 02:00:00")', 'in any order it ends the same: ' || n
)
from generate_series(1, 3) n;
select is(
  (select (a.requirements_snapshot, a.source_item_is_local, a.source_item_latitude, a.target_item_instance_url, a.target_item_owner)::text
   from dpg.get_action('mirrored asha', 'mirrored far', 'connect', dpg_test.id(1)) a),
  '({},t,12.5,https://far.mirrored.test,"mirrored ravi")', 'it says where it lives; what was asked for is not in an event'
);
select throws_ok(
  $$select pg_temp.seen('mirrored ravi', 1)$$, 'DP005', null, 'who has the id of the targets owner here is no party'
);
select throws_ok($$select pg_temp.seen('mirrored asha', 9)$$, 'DP004', null, 'one of which no event came is not there');
select throws_ok(
  $$select dpg.transition_action('mirrored asha', 'mirrored far', 'connect', dpg_test.id(1), 'withdrawn')$$,
  'DP004', null, 'it cannot be moved here'
);

-- beside those of this instance
do $body$
begin
  perform dpg.perform_action(
    'mirrored asha', 'connect', ('mirrored test', 'student', 'p', '10000000-0000-4000-8000-000000000001')::dpg.item_ref,
    ('mirrored test', 'tutor', 'p', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, action_id => dpg_test.id(n)
  )
  from generate_series(4, 5) n;
  perform pg_temp.mirror(6, 0, 'created', '{"source_item_instance_url": "https://third.mirrored.test"}');
  perform pg_temp.mirror(7, 0, 'created', '{"action_type": "visit"}');
end
$body$;
create function pg_temp.found(actor text, ownership_role text default 'all', network text default null, type text default null,
  status text default null, item uuid default null)
returns text
language sql
as $body$
  select coalesce(string_agg(right(a.action_id::text, 1) || array_to_string(a.ownership_roles, ','), ' '), '')
  from dpg.find_actions(actor, ownership_role, network, type, status, item) a
$body$;
select is(
  pg_temp.found('mirrored asha'), '5initiated 4initiated 1initiated 2initiated 3initiated 7initiated', 'latest change first'
);
select is(pg_temp.found('mirrored asha', 'received'), '', 'none of them was received');
select is(pg_temp.found('mirrored ravi'), '5received 4received', 'the other party here has those of this instance');
select is(pg_temp.found('mirrored asha', 'all', 'mirrored far'), '1initiated 2initiated 3initiated 7initiated', 'by network');
select is(pg_temp.found('mirrored asha', 'all', null, 'visit'), '7initiated', 'by action type');
select is(pg_temp.found('mirrored asha', 'all', 'mirrored far', 'connect', 'created'), '', 'by status');
select is(
  pg_temp.found('mirrored asha', 'initiated', null, 'visit', 'created', '10000000-0000-4000-8000-000000000001'), '7initiated', 'by item'
);
select is(
  (
    with recursive pages as (
      select a.action_id, a.next_page_token, 1 as page from dpg.find_actions('mirrored asha', page_size => 1) a
      union all
      select a.action_id, a.next_page_token, p.page + 1
      from pages p cross join lateral dpg.find_actions('mirrored asha', page_size => 1, page_token => p.next_page_token) a
    )
    select string_agg(right(p.action_id::text, 1), ' ' order by p.page) from pages p
  ),
  '5 4 1 2 3 7', 'page by page'
);

-- what the law demands
reset role;
do $body$
begin
  perform dpg.redact_event('dpo', 'mirrored far', 'connect', dpg_test.id(1001), 'on request');
end
$body$;
select is(
  pg_temp.seen('mirrored asha', 1), '(done,2,,"2026-01-01 00:00:00","2026-01-01 02:00:00")', 'a redacted event takes its remarks away'
);
do $body$
begin
  perform dpg.erase_user('dpo', 'mirrored asha', 'on request');
end
$body$;
select is(pg_temp.found('mirrored asha'), '', 'an erased user finds nothing');
select is(
  (select count(*) from dpg_private.mirrored_actions m where strpos(m::text, 'mirrored asha') > 0
     and m.source_item_instance_url = 'https://mirrored.test'),
  0::bigint, 'and is in no mirrored action'
);

select * from finish();
rollback;
