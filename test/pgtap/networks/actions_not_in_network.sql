-- An action in a registered network is of a declared type, between items that one of its interactions names; else DP014.
begin;
select plan(21);

select dpg_test.insert_users('net asha', 'net ravi');

create function pg_temp.performing(actor text, type text, source dpg.item_ref, target dpg.item_ref)
returns text
language sql
return format('select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref)', actor, type, source, target);
create function pg_temp.receiving(type text, source dpg.item_ref, target dpg.item_ref, url text default 'https://far.net.test')
returns text
language sql
return format('select dpg.receive_action(%L, %L::dpg.item_ref, %L, %L, %L::dpg.item_ref)', type, source, url, 'far asha', target);

-- Asha's: students 1, 2 (of an old type), Ravi's: tutor 3, offer 4, tutor 5
select dpg_test.publish(i.owner, i.item)
from (
  values
    ('net asha', dpg_test.network_item('student', 1)), ('net asha', dpg_test.network_item('student', 2, 'profile_0.9')),
    ('net ravi', dpg_test.network_item('tutor', 3)), ('net ravi', dpg_test.network_item('tutor', 4, 'offer_1.0')), ('net ravi', dpg_test.network_item('tutor', 5))
) i(owner, item);
select dpg.register_network(dpg_test.network_document());
select dpg_test.note_written();
set local role dpg_app;

select is(
  dpg_test.refusal(pg_temp.performing('net asha', 'poke', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 3))),
  'DP014 action_type', 'perform_action: an undeclared type'
);
select is(
  dpg_test.refusal(pg_temp.performing('net ravi', 'connect', dpg_test.network_item('tutor', 3), dpg_test.network_item('student', 1))),
  'DP014 interaction', 'the other way round'
);
select is(
  dpg_test.refusal(pg_temp.performing('net ravi', 'connect', dpg_test.network_item('tutor', 3), dpg_test.network_item('tutor', 5))),
  'DP014 interaction', 'from another domain'
);
select is(
  dpg_test.refusal(pg_temp.performing('net ravi', 'vouch', dpg_test.network_item('tutor', 4, 'offer_1.0'), dpg_test.network_item('tutor', 4, 'offer_1.0'))),
  'DP001 target', 'an item on itself is malformed first'
);
select is(
  dpg_test.refusal(pg_temp.performing('net ravi', 'vouch', dpg_test.network_item('tutor', 3), dpg_test.network_item('tutor', 5))),
  'DP014 interaction', 'to an item type that to_items does not name'
);
select is(
  dpg_test.refusal(pg_temp.performing('net ravi', 'vouch', dpg_test.network_item('tutor', 4, 'offer_1.0'), dpg_test.network_item('tutor', 5))),
  'DP014 interaction', 'from one that from_items does not name'
);
select is(
  dpg_test.refusal(pg_temp.performing('net asha', 'connect', dpg_test.network_item('student', 2, 'profile_0.9'), dpg_test.network_item('tutor', 3))),
  'DP014 interaction', 'from one that the domain does not declare, where from_items names none'
);
select is(
  dpg_test.refusal(pg_temp.receiving('poke', dpg_test.network_item('student', 91), dpg_test.network_item('tutor', 3))),
  'DP014 action_type', 'receive_action: an undeclared type'
);
select is(
  dpg_test.refusal(pg_temp.receiving('connect', dpg_test.network_item('tutor', 91), dpg_test.network_item('tutor', 3))),
  'DP014 interaction', 'from another domain'
);
select is(
  dpg_test.refusal(pg_temp.receiving('connect', dpg_test.network_item('student', 91, 'profile_2.0'), dpg_test.network_item('tutor', 3))),
  'DP014 interaction', 'from an item type that the network does not declare'
);
select is(
  dpg_test.refusal(pg_temp.receiving('connect', dpg_test.network_item('student', 91, network => 'net open'), dpg_test.network_item('tutor', 3))),
  'DP014 interaction', 'from another network, where the interaction names none'
);
select throws_ok(
  pg_temp.performing('net ravi', 'connect', dpg_test.network_item('tutor', 3), dpg_test.network_item('student', 1)), 'DP014',
  'network ''net test'' declares no action ''connect'' from ''net test''/''tutor''/''profile_1.0'' to ''net test''/''student''/''profile_1.0''',
  'the message says between what'
);
create temporary table refused as
select dpg_test.error($$select dpg.perform_action('net ravi', 'connect', dpg_test.network_item('tutor', 3), dpg_test.network_item('student', 1))$$) as error;
select is(
  (select error ->> 'hint' from refused),
  'It declares: ''connect'' from ''net test''/''student'' of ["profile_1.0"] to ''net test''/''tutor'' of ["offer_1.0", "profile_1.0"]. '
    || 'dpg_admin replaces its document by dpg.register_network.',
  'the hint has what is declared'
);
select is(
  (select error -> 'detail' from refused),
  '{
    "network": "net test", "undeclared": "interaction", "partition_network": "net test", "action_type": "connect",
    "source_item_network": "net test", "source_item_domain": "tutor", "source_item_type": "profile_1.0",
    "target_item_network": "net test", "target_item_domain": "student", "target_item_type": "profile_1.0"
  }',
  'the detail has the keys'
);
select dpg_test.wrote_nothing('nothing was written, no leaf made');

select is(
  dpg_test.refusal(pg_temp.performing('net asha', 'connect', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 3))), 'no refusal',
  'what is declared is taken'
);
select is(
  dpg_test.refusal(pg_temp.performing('net asha', 'connect', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 4, 'offer_1.0'))), 'no refusal',
  'to any declared type of the domain, where to_items names none'
);
select is(
  dpg_test.refusal(pg_temp.performing('net ravi', 'vouch', dpg_test.network_item('tutor', 3), dpg_test.network_item('tutor', 4, 'offer_1.0'))), 'no refusal',
  'between types that from_items and to_items name'
);
select is(
  dpg_test.refusal(pg_temp.receiving('connect', dpg_test.network_item('student', 91), dpg_test.network_item('tutor', 3))), 'no refusal',
  'from another instance'
);
select is(
  dpg_test.refusal(pg_temp.receiving('connect', dpg_test.network_item('student', 92), dpg_test.network_item('tutor', 3), 'https://new.net.test')), 'no refusal',
  'whose URL need not be among the instances'
);
reset role;
select is((select count(*) from dpg.item_actions where partition_network = 'net test'), 5::bigint, 'and is there');
select * from finish();
rollback;
