-- Keys that are none (DP001), and partitions that cannot be made (DP010). Nothing is left behind.
begin;
select plan(31);
select dpg_test.insert_users('asha');

-- what is there already: a leaf, a stranger with a leaf's name, a stranger with a leaf's bound, detached ones
select dpg.ensure_item_partition('yellow_dot', 'student');
create table dpg.i_p_yellowdot_taken (note text);
create type dpg.i_p_yellowdot_typed as (note text);
create view dpg.a_p_yellowdot_taken as select 1 as one;
create table dpg.somebody_elses_domain (like dpg.items including all);
alter table dpg.i_p_yellowdot attach partition dpg.somebody_elses_domain for values in ('held', 'also held');
create table dpg.somebody_elses_network (like dpg.items including all);
alter table dpg.items attach partition dpg.somebody_elses_network for values in ('held_network');
create table dpg.e_p_heldevents (note text);
select dpg.ensure_item_partition('yellow_dot', 'lost');
alter table dpg.i_p_yellowdot detach partition dpg.i_p_yellowdot_lost;
select dpg.ensure_action_event_partition('lost_network', 'connect');
alter table dpg.action_events detach partition dpg.e_p_lostnetwork;
select dpg_test.note_written();

set local role dpg_app;
-- DP001
select is(dpg_test.full_refusal($$ select dpg.ensure_item_partition(null, 'student') $$), 'DP001 {"value": null, "argument": "item_network"}', 'no network');
select is(dpg_test.full_refusal($$ select dpg.ensure_item_partition('yellow_dot', null) $$), 'DP001 {"value": null, "argument": "item_domain"}', 'no domain');
select is(dpg_test.full_refusal($$ select dpg.ensure_item_partition('', 'student') $$), 'DP001 {"value": "", "argument": "item_network"}', 'an empty network');
select is(dpg_test.full_refusal($$ select dpg.ensure_item_partition('yellow_dot', E' \t\n') $$), 'DP001 {"value": " \t\n", "argument": "item_domain"}', 'a domain of white space');
select is(dpg_test.full_refusal($$ select dpg.ensure_item_partition('yellow_dot', U&'\00a0\3000') $$), U&'DP001 {"value": "\00a0\3000", "argument": "item_domain"}', 'of other white space');
select matches(dpg_test.full_refusal($$ select dpg.ensure_item_partition(repeat('x', 121), 'student') $$), '^DP001 .*"argument": "item_network"', '121 characters');
select is(dpg_test.full_refusal($$ select dpg.ensure_action_partition(null, 'connect') $$), 'DP001 {"value": null, "argument": "partition_network"}', 'actions: no network');
select is(dpg_test.full_refusal($$ select dpg.ensure_action_partition('yellow_dot', '') $$), 'DP001 {"value": "", "argument": "action_type"}', 'actions: an empty type');
select is(dpg_test.full_refusal($$ select dpg.ensure_action_event_partition(' ', 'connect') $$), 'DP001 {"value": " ", "argument": "partition_network"}', 'events: a blank network');
select is(dpg_test.full_refusal($$ select dpg.ensure_action_event_partition('yellow_dot', null) $$), 'DP001 {"value": null, "argument": "action_type"}', 'events: no type');
select is(dpg_test.full_refusal($$ select dpg.ensure_item_partition('held_network', '') $$), 'DP001 {"value": "", "argument": "item_domain"}', 'arguments are checked before anything else');

-- DP010: the name
select is(
  dpg_test.full_refusal($$ select dpg.ensure_item_partition('yellow_dot', 'taken') $$),
  'DP010 {"key": "taken", "root": "items", "network": "yellow_dot", "relation": "dpg.i_p_yellowdot_taken"}',
  'a table that is no leaf has the name'
);
select is(
  dpg_test.full_refusal($$ select dpg.ensure_item_partition('yellow_dot', 'typed') $$),
  'DP010 {"key": "typed", "root": "items", "network": "yellow_dot", "relation": "dpg.i_p_yellowdot_typed"}',
  'a type has the name'
);
select is(
  dpg_test.full_refusal($$ select dpg.ensure_action_partition('yellow_dot', 'taken') $$),
  'DP010 {"key": "taken", "root": "item_actions", "network": "yellow_dot", "relation": "dpg.a_p_yellowdot_taken"}',
  'a view has the name'
);
select matches(
  dpg_test.full_refusal($$ select dpg.ensure_action_event_partition('held_events', 'connect') $$),
  '^DP010 .*"relation": "dpg.e_p_heldevents"',
  'a table has the name of the network''s partition'
);
select matches(
  dpg_test.full_refusal($$ select dpg.upsert_item('asha', 'yellow_dot', 'taken', 't', 'https://one.example.com', 'https://s.example.com') $$),
  '^DP010 .*"relation": "dpg.i_p_yellowdot_taken"',
  'a call that would make the leaf is refused the same way'
);

-- DP010: the bound
select is(
  dpg_test.full_refusal($$ select dpg.ensure_item_partition('yellow_dot', 'held') $$),
  'DP010 {"key": "held", "root": "items", "reason": "bound", "network": "yellow_dot"}',
  'a table of somebody else takes the rows of the domain'
);
select is(
  dpg_test.full_refusal($$ select dpg.ensure_item_partition('held_network', 'student') $$),
  'DP010 {"key": "student", "root": "items", "reason": "bound", "network": "held_network"}',
  'of the whole network'
);
select is(
  dpg_test.full_refusal($$ select dpg.ensure_action_partition('held_network', 'connect') $$),
  'DP010 {"key": "connect", "root": "item_actions", "reason": "bound", "network": "held_network"}',
  'to which its actions would have to refer'
);

-- DP010: a leaf of ours that was detached
select is(
  dpg_test.full_refusal($$ select dpg.ensure_item_partition('yellow_dot', 'lost') $$),
  'DP010 {"key": "lost", "root": "items", "network": "yellow_dot", "relation": "dpg.i_p_yellowdot_lost"}',
  'a leaf was detached'
);
select matches(
  dpg_test.full_refusal($$ select dpg.upsert_item('asha', 'yellow_dot', 'lost', 't', 'https://one.example.com', 'https://s.example.com') $$),
  '^DP010 .*"relation": "dpg.i_p_yellowdot_lost"',
  'a call that would write to it'
);
select matches(
  dpg_test.full_refusal($$ select dpg.upsert_items('asha', '[{"item_network": "yellow_dot", "item_domain": "lost", "item_type": "t", "item_instance_url": "https://one.example.com", "item_schema_url": "https://s.example.com"}]') $$),
  '^DP010 .*"relation": "dpg.i_p_yellowdot_lost"',
  'or in bulk'
);
select matches(
  dpg_test.full_refusal($$ select dpg.ensure_action_event_partition('lost_network', 'connect') $$),
  '^DP010 .*"relation": "dpg.e_p_lostnetwork"',
  'a whole network was detached'
);
select is(
  dpg_test.full_refusal($$ select dpg.get_item('yellow_dot', 'lost', 't', '11111111-1111-4111-8111-111111111111') $$) ~ '^DP002 ',
  true,
  'to a read the detached leaf is not there'
);
select is((select count(*) from dpg.partitions where key in ('lost', 'taken', 'held', 'connect')), 0::bigint, 'nor to the view');
select dpg_test.wrote_nothing('after all these refusals nothing has changed');

-- the remedies
reset role;
alter table dpg.i_p_yellowdot attach partition dpg.i_p_yellowdot_lost for values in ('lost');
drop table dpg.i_p_yellowdot_taken;
alter table dpg.i_p_yellowdot detach partition dpg.somebody_elses_domain;
alter table dpg.action_events attach partition dpg.e_p_lostnetwork for values in ('lost_network');
set local role dpg_app;
select is(dpg.ensure_item_partition('yellow_dot', 'lost')::text, 'dpg.i_p_yellowdot_lost', 'attached again it is found again');
select is(dpg.ensure_item_partition('yellow_dot', 'taken')::text, 'dpg.i_p_yellowdot_taken', 'the name is free again');
select is(dpg.ensure_item_partition('yellow_dot', 'held')::text, 'dpg.i_p_yellowdot_held', 'the bound is free again');
select is(dpg.ensure_action_event_partition('lost_network', 'connect')::text, 'dpg.e_p_lostnetwork_connect', 'the network is back');
select is(dpg.ensure_item_partition('yellow_dot', 'student')::text, 'dpg.i_p_yellowdot_student', 'and the others were never away');
select * from finish();
rollback;
