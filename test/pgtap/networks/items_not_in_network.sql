-- New items of a registered network are of declared domains and types, whoever writes them; else DP014, and nothing is
-- written, no leaf either.
begin;
select plan(16);

select dpg_test.insert_users('net asha', 'net ravi');

create function pg_temp.element(network text, domain text, type text, number integer default null)
returns jsonb
language sql
return jsonb_strip_nulls(jsonb_build_object(
  'item_network', network, 'item_domain', domain, 'item_type', type, 'item_instance_url', 'https://net.test',
  'item_schema_url', 'https://schemas.net.test', 'item_id', (dpg_test.network_item(domain, number)).item_id
));

select dpg.register_network(dpg_test.network_document());
select dpg_test.note_written();
set local role dpg_app;

select is(dpg_test.refusal($$select dpg_test.publish('net asha', dpg_test.network_item('school', 1))$$), 'DP014 item_domain', 'upsert_item: a domain');
select is(dpg_test.refusal($$select dpg_test.publish('net asha', dpg_test.network_item('Student', 1))$$), 'DP014 item_domain', 'names are exact');
select is(dpg_test.refusal($$select dpg_test.publish('net asha', dpg_test.network_item('student', 1, 'offer_1.0'))$$), 'DP014 item_type', 'a type that only another domain has');
select is(
  dpg_test.refusal($$select dpg.upsert_item('net asha', 'net test', 'student', 'profile_2.0', 'https://net.test', 'https://s.net.test')$$),
  'DP014 item_type', 'a type, without an id'
);
select throws_ok(
  $$select dpg_test.publish('net asha', dpg_test.network_item('school', 1))$$, 'DP014', 'network ''net test'' declares no domain ''school''',
  'the message says which'
);
select throws_ok(
  $$select dpg_test.publish('net asha', dpg_test.network_item('student', 1, 'profile_2.0'))$$, 'DP014',
  'network ''net test'' declares no item type ''profile_2.0'' in domain ''student''', 'and for types of which domain'
);
create temporary table refused as
select dpg_test.error($$select dpg_test.publish('net asha', dpg_test.network_item('student', 1, 'profile_2.0'))$$) as error;
select is(
  (select error ->> 'hint' from refused), 'It declares: profile_1.0. dpg_admin replaces its document by dpg.register_network.',
  'the hint has what is declared'
);
select is(
  (select error -> 'detail' from refused),
  '{"network": "net test", "undeclared": "item_type", "item_network": "net test", "item_domain": "student", "item_type": "profile_2.0"}',
  'the detail has the keys'
);
select is(
  dpg_test.refusal(format('select dpg.upsert_items(%L, %L)', 'net asha', jsonb_build_array(
    pg_temp.element('net open', 'anything', 'goes'), pg_temp.element('net test', 'student', 'profile_1.0'),
    pg_temp.element('net test', 'school', 'profile_1.0'), pg_temp.element('net test', 'student', 'profile_2.0')
  ))),
  'DP014 item_domain 2', 'upsert_items: the first of the array, counted from 0'
);
select is(
  dpg_test.refusal(format('select dpg.upsert_items(%L, %L)', 'net asha', jsonb_build_array(
    pg_temp.element('net test', 'student', 'profile_1.0', 1), pg_temp.element('net test', 'tutor', 'profile_2.0', 2)
  ))),
  'DP014 item_type 1', 'also with ids'
);
select dpg_test.wrote_nothing('nothing was written, no leaf made');

select is(dpg_test.refusal($$select dpg_test.publish('net asha', dpg_test.network_item('student', 1))$$), 'no refusal', 'what is declared is taken');
select is(
  dpg_test.refusal(format('select dpg.upsert_items(%L, %L)', 'net ravi', jsonb_build_array(
    pg_temp.element('net test', 'tutor', 'profile_1.0', 2), pg_temp.element('net test', 'tutor', 'offer_1.0'),
    pg_temp.element('net open', 'anything', 'goes')
  ))),
  'no refusal', 'also as an array, beside items of an open network'
);
select is(
  (select dpg.count_items('net test', 'tutor')), 2::bigint, 'and is there'
);
select is(
  dpg_test.refusal(format('select dpg.update_item(%L, %L, %L, %L, %L, %L)', 'net asha', 'net test', 'student', 'profile_1.0',
    (dpg_test.network_item('student', 1)).item_id, '{"item_state": {"name": "Asha"}}')),
  'no refusal', 'update_item has nothing to refuse: it changes neither domain nor type'
);
select is(
  (select count(*) from dpg.partitions where network = 'net test' and root = 'items'), 2::bigint, 'the declared domains have leaves'
);
select * from finish();
rollback;
