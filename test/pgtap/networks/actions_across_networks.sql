-- Actions between networks: the target's network decides, when it is registered. That of the source, when it is, knows
-- its own items, and what it says of this action on that network holds for them.
begin;
select plan(19);

select dpg_test.insert_users('net asha', 'net ravi');

create function pg_temp.performing(type text, source dpg.item_ref, target dpg.item_ref)
returns text
language sql
return format('select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref)', 'net asha', type, source, target);
create function pg_temp.receiving(type text, source dpg.item_ref, target dpg.item_ref)
returns text
language sql
return format('select dpg.receive_action(%L, %L::dpg.item_ref, %L, %L, %L::dpg.item_ref)', type, source, 'https://far.net.test', 'far asha', target);

-- all of Asha's: "net test" registered later, "net green" registered later still, "net open" never
select dpg_test.publish('net asha', i)
from unnest(array[
  dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 2),
  dpg_test.network_item('school', 3, 'profile_1.0', 'net green'), dpg_test.network_item('library', 4, 'profile_1.0', 'net green'),
  dpg_test.network_item('school', 5, 'profile_1.0', 'net open'), dpg_test.network_item('library', 6, 'profile_1.0', 'net open'),
  dpg_test.network_item('school', 7, 'profile_0.9', 'net green')
]) i;
select dpg.register_network('{
  "name": "net test",
  "domains": [
    {"name": "student", "item_schemas": {"profile_1.0": {}}},
    {"name": "tutor", "item_schemas": {"profile_1.0": {}}}
  ],
  "actions": {
    "refer": {"interactions": [
      {"from_network": "net green", "from_domain": "school", "from_items": ["profile_1.0"], "to_domain": "student"},
      {"from_domain": "student", "to_network": "net green", "to_domain": "library", "to_items": ["profile_1.0"]},
      {"from_domain": "student", "to_network": "net open", "to_domain": "library"}
    ]}
  }
}');

-- the target's network is registered
select is(
  dpg_test.refusal(pg_temp.performing('refer', dpg_test.network_item('school', 3, network => 'net green'), dpg_test.network_item('student', 1))),
  'no refusal', 'from the network that from_network names'
);
select is(
  dpg_test.refusal(pg_temp.performing('refer', dpg_test.network_item('school', 5, network => 'net open'), dpg_test.network_item('student', 1))),
  'DP014 interaction', 'not from another'
);
select is(
  dpg_test.refusal(pg_temp.performing('refer', dpg_test.network_item('library', 4, network => 'net green'), dpg_test.network_item('student', 1))),
  'DP014 interaction', 'not from another domain of it'
);
select is(
  dpg_test.refusal(pg_temp.performing('refer', dpg_test.network_item('school', 7, 'profile_0.9', 'net green'), dpg_test.network_item('student', 1))),
  'DP014 interaction', 'not from another item type of it'
);
select is(
  dpg_test.refusal(pg_temp.performing('refer', dpg_test.network_item('school', 3, network => 'net green'), dpg_test.network_item('tutor', 2))),
  'DP014 interaction', 'not to another domain'
);
select is(
  dpg_test.refusal(pg_temp.performing('refer', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 2))),
  'DP014 interaction', 'not from the network itself'
);
select is(
  dpg_test.refusal(pg_temp.receiving('refer', dpg_test.network_item('school', 93, network => 'net green'), dpg_test.network_item('student', 1))),
  'no refusal', 'also from another instance'
);
select is(
  dpg_test.refusal(pg_temp.receiving('refer', dpg_test.network_item('library', 93, network => 'net green'), dpg_test.network_item('student', 1))),
  'DP014 interaction', 'and also refused'
);

-- the source's network is registered, the target's is open
select is(
  dpg_test.refusal(pg_temp.performing('refer', dpg_test.network_item('student', 1), dpg_test.network_item('library', 6, network => 'net open'))),
  'no refusal', 'to the network that to_network names'
);
select is(
  dpg_test.refusal(pg_temp.performing('refer', dpg_test.network_item('tutor', 2), dpg_test.network_item('library', 6, network => 'net open'))),
  'DP014 interaction', 'not from another domain than it says of that network'
);
select is(
  dpg_test.refusal(pg_temp.performing('refer', dpg_test.network_item('student', 1), dpg_test.network_item('school', 5, network => 'net open'))),
  'DP014 interaction', 'not to another domain'
);
select is(
  dpg_test.refusal(pg_temp.performing('visit', dpg_test.network_item('tutor', 2), dpg_test.network_item('school', 5, network => 'net open'))),
  'no refusal', 'an action of which it says nothing is up to the open network'
);
select is(
  dpg_test.refusal(pg_temp.receiving('visit', dpg_test.network_item('nobody', 94), dpg_test.network_item('school', 5, network => 'net open'))),
  'DP014 item_domain', 'but from a domain that the source''s network does not have'
);
select is(
  dpg_test.refusal(pg_temp.receiving('visit', dpg_test.network_item('tutor', 94, 'profile_2.0'), dpg_test.network_item('school', 5, network => 'net open'))),
  'DP014 item_type', 'or an item type that it does not have'
);

-- both are registered
select dpg.register_network('{
  "name": "net green",
  "domains": [
    {"name": "school", "item_schemas": {"profile_1.0": {}}},
    {"name": "library", "item_schemas": {"profile_1.0": {}}}
  ],
  "actions": {
    "refer": {"interactions": [
      {"from_network": "net test", "from_domain": "student", "to_domain": "library"},
      {"from_network": "net test", "from_domain": "tutor", "to_domain": "library"}
    ]}
  }
}');
select is(
  dpg_test.refusal(pg_temp.performing('refer', dpg_test.network_item('student', 1), dpg_test.network_item('library', 4, network => 'net green'))),
  'no refusal', 'what both say is taken'
);
select is(
  dpg_test.refusal(pg_temp.performing('refer', dpg_test.network_item('tutor', 2), dpg_test.network_item('library', 4, network => 'net green'))),
  'DP014 interaction', 'what only the target''s says is not, since the source''s says otherwise'
);
select is(
  dpg_test.refusal(pg_temp.performing('refer', dpg_test.network_item('school', 3, network => 'net green'), dpg_test.network_item('student', 1))),
  'no refusal', 'what only the target''s says is, where the source''s says nothing of it'
);
select dpg.unregister_network('net test');
select is(
  dpg_test.refusal(pg_temp.performing('refer', dpg_test.network_item('tutor', 2), dpg_test.network_item('library', 4, network => 'net green'))),
  'no refusal', 'without the source''s document the target''s decides alone'
);
select is(
  dpg_test.refusal(pg_temp.performing('refer', dpg_test.network_item('library', 6, network => 'net open'), dpg_test.network_item('library', 4, network => 'net green'))),
  'DP014 interaction', 'an open network''s items meet the target''s rules'
);
select * from finish();
rollback;
