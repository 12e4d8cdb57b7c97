-- Of two faults in one call the first in the order of the checks is named: DP001, DP009, DP014, then the others.
begin;
select plan(10);

select dpg_test.insert_users('net asha', 'net ravi');

select dpg_test.publish('net asha', dpg_test.network_item('student', 1));
select dpg_test.publish('net ravi', dpg_test.network_item('tutor', 2));
select dpg.register_network(dpg_test.network_document());
create function pg_temp.performing(actor text, type text, source dpg.item_ref, target dpg.item_ref, requirements text default '{}')
returns text
language sql
return format('select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref, %L)', actor, type, source, target, requirements);
-- no table can be made: what would make one is DP010
update dpg.limits set limit_value = 0 where limit_name in ('leaves_per_network', 'networks');
set local role dpg_app;

select is(
  dpg_test.refusal($$select dpg.upsert_item('net asha', 'net test', 'school', 'profile_1.0', '', 'https://s.net.test')$$),
  'DP001 item_instance_url', 'upsert_item: malformed before undeclared'
);
select is(
  dpg_test.refusal($$select dpg_test.publish('nobody', dpg_test.network_item('school', 1))$$), 'DP009', 'an unknown user before undeclared'
);
select is(
  dpg_test.refusal($$select dpg_test.publish('net asha', dpg_test.network_item('school', 1))$$), 'DP014 item_domain', 'undeclared before a leaf that cannot be made'
);
select is(
  dpg_test.refusal(format('select dpg.upsert_items(%L, %L)', 'net asha', jsonb_build_array(
    jsonb_build_object('item_network', 'net open', 'item_domain', 'a', 'item_type', 't', 'item_instance_url', 'u', 'item_schema_url', 's'),
    jsonb_build_object('item_network', 'net test', 'item_domain', 'a', 'item_type', 't', 'item_instance_url', 'u', 'item_schema_url', 's')
  ))),
  'DP014 item_domain 1', 'also of an array'
);
select is(
  dpg_test.refusal(pg_temp.performing('net asha', 'poke', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 2), '[]')),
  'DP001 requirements_snapshot', 'perform_action: malformed before undeclared'
);
select is(
  dpg_test.refusal(pg_temp.performing('nobody', 'poke', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 2))),
  'DP009', 'an unknown user before undeclared'
);
select is(
  dpg_test.refusal(pg_temp.performing('net asha', 'poke', dpg_test.network_item('student', 91), dpg_test.network_item('tutor', 92))),
  'DP014 action_type', 'undeclared before items that are not there'
);
select is(
  dpg_test.refusal(pg_temp.performing('net ravi', 'poke', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 2))),
  'DP014 action_type', 'undeclared before an item of another'
);
select is(
  dpg_test.refusal(format('select dpg.receive_action(%L, %L::dpg.item_ref, %L, %L, %L::dpg.item_ref)', 'poke',
    dpg_test.network_item('student', 91), 'https://net.test', 'far asha', dpg_test.network_item('tutor', 92))),
  'DP001 source_item_instance_url', 'receive_action: a URL of our own before undeclared'
);
select is(
  dpg_test.refusal(format('select dpg.receive_action(%L, %L::dpg.item_ref, %L, %L, %L::dpg.item_ref)', 'poke',
    dpg_test.network_item('student', 91), 'https://far.net.test', 'far asha', dpg_test.network_item('tutor', 92))),
  'DP014 action_type', 'undeclared before an item that is not there'
);
select * from finish();
rollback;
