-- dpg.limits keeps a careless caller from flooding the database with partitions (DP010).
begin;
select plan(14);
-- the detail; the hint names the remedy
create function pg_temp.refusal(statement text)
returns text
language sql
as $body$
  select concat_ws(' ', e ->> 'code', case when e ->> 'hint' !~ 'dpg[.]limits' then 'without the remedy' end, e ->> 'detail')
  from dpg_test.error(statement) e
$body$;
set local role dpg_admin;
update dpg.limits set limit_value = 2 where limit_name = 'leaves_per_network';

set local role dpg_app;
select lives_ok($$ select dpg.ensure_item_partition('yellow_dot', 'a'), dpg.ensure_item_partition('yellow_dot', 'b') $$, 'as many leaves as the limit says');
select dpg_test.note_written();
select is(
  pg_temp.refusal($$ select dpg.ensure_item_partition('yellow_dot', 'c') $$),
  'DP010 {"key": "c", "root": "items", "limit": "leaves_per_network", "reason": "limit", "network": "yellow_dot"}',
  'one more is refused'
);
select dpg_test.wrote_nothing('and nothing is left of it');
select is(dpg.ensure_item_partition('yellow_dot', 'b')::text, 'dpg.i_p_yellowdot_b', 'those that are there are not concerned');
select lives_ok(
  $$ select dpg.ensure_action_partition('yellow_dot', 'a'), dpg.ensure_action_partition('yellow_dot', 'b'),
       dpg.ensure_action_event_partition('yellow_dot', 'a'), dpg.ensure_action_event_partition('yellow_dot', 'b') $$,
  'actions and events are counted apart'
);
select matches(pg_temp.refusal($$ select dpg.ensure_action_partition('yellow_dot', 'c') $$), '^DP010 .*"limit": "leaves_per_network"', 'actions have the same limit');
select matches(pg_temp.refusal($$ select dpg.ensure_action_event_partition('yellow_dot', 'c') $$), '^DP010 .*"limit": "leaves_per_network"', 'so have events');
select is(dpg.ensure_item_partition('red_dot', 'a')::text, 'dpg.i_p_reddot_a', 'another network is counted apart');

reset role;
alter table dpg.i_p_yellowdot detach partition dpg.i_p_yellowdot_a;
drop table dpg.i_p_yellowdot_a;
set local role dpg_app;
select is(dpg.ensure_item_partition('yellow_dot', 'a')::text, 'dpg.i_p_yellowdot_a', 'a leaf that was dropped is not counted');

set local role dpg_admin;
update dpg.limits set limit_value = 3 where limit_name = 'leaves_per_network';
set local role dpg_app;
select is(dpg.ensure_item_partition('yellow_dot', 'c')::text, 'dpg.i_p_yellowdot_c', 'a raised limit holds from the next call on');

set local role dpg_admin;
update dpg.limits set limit_value = 0 where limit_name = 'networks';
set local role dpg_app;
select is(
  pg_temp.refusal($$ select dpg.ensure_item_partition('blue_dot', 'a') $$),
  'DP010 {"key": "a", "root": "items", "limit": "networks", "reason": "limit", "network": "blue_dot"}',
  'the limit of networks'
);
select is(
  pg_temp.refusal($$ select dpg.ensure_action_event_partition('blue_dot', 'a') $$),
  'DP010 {"key": "a", "root": "action_events", "limit": "networks", "reason": "limit", "network": "blue_dot"}',
  'for events as well'
);
select lives_ok($$ select dpg.ensure_action_partition('red_dot', 'a') $$, 'it does not concern the networks that are there');

reset role;
delete from dpg.limits where limit_name = 'networks';
set local role dpg_app;
select is(dpg.ensure_item_partition('blue_dot', 'a')::text, 'dpg.i_p_bluedot_a', 'without its row there is no limit');
select * from finish();
rollback;
