-- What other instances send uses up a limit of its own: leaves for this instance's actions can still be made.
begin;
select plan(19);

select dpg_test.insert_users('ann', 'bob');

-- the limit; the hint names the remedy
create function pg_temp.refusal(statement text)
returns text
language sql
as $body$
  select concat_ws(' ', e ->> 'code', case when e ->> 'hint' !~ 'dpg[.]limits' then 'without the remedy' end, e #>> '{detail, limit}')
  from dpg_test.error(statement) e
$body$;
-- an event of another instance, of that action type
create function pg_temp.store(action_type text, network text default 'leaves net')
returns void
language sql
as $body$
  select dpg.store_event(jsonb_build_object(
    'partition_network', network, 'action_type', action_type, 'event_id', gen_random_uuid(), 'origin_instance_domain', 'https://far.example',
    'action_id', gen_random_uuid(), 'action_status', 'created', 'update_count', 0,
    'source_item_network', network, 'source_item_domain', 'student', 'source_item_type', 'profile',
    'source_item_id', gen_random_uuid(), 'source_item_instance_url', 'https://third.example',
    'source_item_owner', 'zoe', 'target_item_network', network, 'target_item_domain', 'tutor', 'target_item_type', 'profile',
    'target_item_id', gen_random_uuid(), 'target_item_instance_url', 'https://far.example', 'target_item_owner', 'zoe',
    'created_at', '2026-01-02T03:04:05Z'
  ))
$body$;
create function pg_temp.perform(action_type text)
returns void
language sql
as $body$
  select dpg.perform_action(
    'ann', action_type, row('leaves net', 'student', 'profile', '10000000-0000-4000-8000-000000000001'),
    row('leaves net', 'student', 'profile', '10000000-0000-4000-8000-000000000002')
  )
$body$;

set local role dpg_admin;
update dpg.limits set limit_value = 3 where limit_name = 'leaves_per_network';
update dpg.limits set limit_value = 2 where limit_name = 'mirrored_leaves_per_network';
set local role dpg_app;
select dpg.upsert_item('ann', 'leaves net', 'student', 'profile', 'https://here.example', 's', item_id => '10000000-0000-4000-8000-000000000001');
select dpg.upsert_item('bob', 'leaves net', 'student', 'profile', 'https://here.example', 's', item_id => '10000000-0000-4000-8000-000000000002');

select lives_ok($$select pg_temp.store('m1'), pg_temp.store('m2')$$, 'as many as the limit says');
select is(pg_temp.refusal($$select pg_temp.store('m3')$$), 'DP010 mirrored_leaves_per_network', 'one more is refused');
select is((select count(*) from dpg.partitions where network = 'leaves net' and root = 'action_events'), 2::bigint, 'and nothing is left of it');
select lives_ok($$select pg_temp.store('m1')$$, 'those that are there are not concerned');
select lives_ok($$select pg_temp.store('m1', 'leaves other')$$, 'another network is counted apart');

-- own ones are not held up, and do not hold up
select lives_ok($$select pg_temp.perform('o1'), pg_temp.perform('o2')$$, 'actions of this instance go on');
select lives_ok($$select dpg.ensure_action_event_partition('leaves net', 'o3')$$, 'and have the whole of their limit');
select is(pg_temp.refusal($$select dpg.ensure_action_event_partition('leaves net', 'o4')$$), 'DP010 leaves_per_network', 'which is one of their own');
select lives_ok($$select pg_temp.store('o1'), pg_temp.store('o3')$$, 'mirrored events of a type that is ours need no leaf');

-- a type that becomes ours
select lives_ok($$select pg_temp.perform('m1')$$, 'an action of ours of a type that came from elsewhere');
select lives_ok($$select pg_temp.store('m3')$$, 'its leaf is not one of theirs any more');
select is(pg_temp.refusal($$select pg_temp.store('m4')$$), 'DP010 mirrored_leaves_per_network', 'but the next one is too many');
select is(pg_temp.refusal($$select pg_temp.perform('o5')$$), 'DP010 leaves_per_network', 'it counts for ours now');

-- the action's leaf is there already
set local role dpg_admin;
update dpg.limits set limit_value = 5 where limit_name = 'leaves_per_network';
set local role dpg_app;
select dpg.ensure_action_partition('leaves net', 'o6');
select lives_ok($$select pg_temp.store('o6')$$, 'a leaf that our actions need as well is one of ours, whoever makes it');
select is(pg_temp.refusal($$select dpg.ensure_action_event_partition('leaves net', 'o7')$$), 'DP010 leaves_per_network', 'and counts so');

-- dropped
reset role;
alter table dpg.e_p_leavesnet detach partition dpg.e_p_leavesnet_m2;
drop table dpg.e_p_leavesnet_m2;
set local role dpg_app;
select lives_ok($$select pg_temp.store('m5')$$, 'a leaf that was dropped is not counted');
select is(pg_temp.refusal($$select pg_temp.store('m2')$$), 'DP010 mirrored_leaves_per_network', 'nor has it a right to come back');
set local role dpg_admin;
update dpg.limits set limit_value = 6 where limit_name = 'leaves_per_network';
set local role dpg_app;
select lives_ok($$select dpg.ensure_action_event_partition('leaves net', 'm2')$$, 'made anew by this instance it is ours');
select is(pg_temp.refusal($$select dpg.ensure_action_event_partition('leaves net', 'o8')$$), 'DP010 leaves_per_network', 'and counts so, too');

select * from finish();
rollback;
