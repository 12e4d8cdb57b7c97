-- The rules of define_action and define_network over actions: what they count, what they do not, and who may change them.
begin;
select plan(58);

select dpg_test.insert_users('asha', 'ravi');

create function pg_temp.id(n integer) returns uuid language sql immutable
return format('00000000-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid;
-- items 1 to 9 are asha's, the others ravi's
create function pg_temp.item(n integer, network text default 'rule_dot') returns dpg.item_ref language sql immutable
return row(network, case when n < 10 then 'student' else 'tutor' end, 't', pg_temp.id(n))::dpg.item_ref;
create function pg_temp.act(
  source integer, target integer, type text default 'connect', id uuid default null, source_network text default 'rule_dot'
) returns text language sql as $body$
  select dpg_test.refusal(format(
    'select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref, action_id => %L)',
    case when source < 10 then 'asha' else 'ravi' end, type, pg_temp.item(source, source_network), pg_temp.item(target), id
  ))
$body$;
create function pg_temp.receive(source integer, target integer, url text, owner text default 'meera') returns text language sql as $body$
  select dpg_test.refusal(format(
    'select dpg.receive_action(%L, %L::dpg.item_ref, %L, %L, %L::dpg.item_ref)', 'connect', pg_temp.item(source), url, owner, pg_temp.item(target)
  ))
$body$;
create function pg_temp.move(n integer, status text, actor text default 'ravi') returns text language sql as $body$
  select dpg_test.refusal(format('select dpg.transition_action(%L, %L, %L, %L, %L)', actor, 'rule_dot', 'connect', pg_temp.id(n), status))
$body$;
create function pg_temp.finals(type text default 'connect') returns text[] language sql as $body$
  select d.final_statuses from dpg.action_definitions d where d.partition_network = 'rule_dot' and d.action_type = type
$body$;
select dpg.upsert_item(
    case when n < 10 then 'asha' else 'ravi' end, k.network, (pg_temp.item(n)).item_domain, 't', 'https://rules.example.com', 's',
    item_id => pg_temp.id(n)
  )
from generate_series(1, 15) n
cross join unnest(array['rule_dot', 'other_dot']) k(network);

set local role dpg_app;

-- final statuses
select dpg.define_action('rule_dot', 'connect', '[
  {"from": "created", "to": "accepted", "by": "target"}, {"from": "created", "to": "declined", "by": "target"},
  {"from": "accepted", "to": "closed", "by": "either"}, {"from": "declined", "to": "created", "by": "target"}
]');
select is(pg_temp.finals(), array['closed'], 'final: what no edge leaves');
select dpg.define_action('rule_dot', 'connect', null, rules => '{"final_statuses": ["closed", "declined"], "max_open_per_pair": 1}');
select is(pg_temp.finals(), array['closed', 'declined'], 'or what the rules say');
select is(
  (select jsonb_array_length(d.transitions) from dpg.action_definitions d where d.partition_network = 'rule_dot'), 4,
  'transitions null leaves the graph, with rules'
);
select is(pg_temp.finals('book'), null, 'nothing is final where nothing is declared');
select dpg.define_action('rule_dot', 'book', null, rules => '{"max_open_per_source": 2}');
select is(pg_temp.finals('book'), '{}'::text[], 'or no graph');
select dpg.define_action('rule_dot', 'ask', '[]');
select is(pg_temp.finals('ask'), array['created'], 'a graph without edges leaves the first status final');

-- a pair
select is(pg_temp.act(1, 11, id => pg_temp.id(101)), 'no refusal', 'the first');
select is(left(pg_temp.act(1, 11), 5), 'DP016', 'the second');
select is(left(pg_temp.act(11, 1), 5), 'DP016', 'the other way round');
select is(pg_temp.act(1, 11, id => pg_temp.id(101)), 'no refusal', 'a repeated call is answered before the rule');
select is(left(pg_temp.act(2, 11, id => pg_temp.id(101)), 5), 'DP008', 'and is refused for its content before it');
select is(pg_temp.act(1, 11, 'book'), 'no refusal', 'another type is another count');
select is(pg_temp.act(1, 12), 'no refusal', 'another target, too');
select is(pg_temp.act(2, 11), 'no refusal', 'and another source');
select is(
  dpg_test.detail(format(
    'select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref)', 'asha', 'connect', pg_temp.item(1), pg_temp.item(11)
  )),
  '{"rule": "max_open_per_pair", "limit": 1, "count": 1, "action_type": "connect", "partition_network": "rule_dot"}',
  'the DETAIL'
);
select is(pg_temp.move(101, 'accepted'), 'no refusal', 'an open status');
select is(left(pg_temp.act(1, 11), 5), 'DP016', 'still counts');
select is(pg_temp.move(101, 'closed'), 'no refusal', 'a final one');
select is(pg_temp.act(1, 11, id => pg_temp.id(102)), 'no refusal', 'does not');

-- new final statuses hold for actions that are there
select is(pg_temp.move(102, 'accepted'), 'no refusal', 'one is accepted');
select dpg.define_action('rule_dot', 'connect', null, rules => '{"final_statuses": ["accepted", "closed", "declined"], "max_open_per_pair": 1}');
select is(pg_temp.act(1, 11, id => pg_temp.id(103)), 'no refusal', 'accepted is final from now on');

-- items that live elsewhere are told apart by their URL
select is(pg_temp.receive(1, 11, 'https://far.example.com'), 'no refusal', 'the namesake of an item, elsewhere');
select is(left(pg_temp.receive(1, 11, 'https://far.example.com/'), 5), 'DP016', 'once, in any spelling');
select is(pg_temp.receive(1, 11, 'https://near.example.com'), 'no refusal', 'a third instance');
select is(pg_temp.act(1, 14), 'no refusal', 'and here');

-- a source
select is(pg_temp.act(1, 12, 'book'), 'no refusal', 'the second of the source');
select is(left(pg_temp.act(1, 13, 'book'), 5), 'DP016', 'the third');
select is(pg_temp.act(2, 13, 'book'), 'no refusal', 'of another source');
select is(pg_temp.act(13, 1, 'book'), 'no refusal', 'it is the source that counts');
select is(pg_temp.act(1, 13, 'book', source_network => 'other_dot'), 'no refusal', 'an item of another network with the same id');
select is(pg_temp.act(1, 14, 'book', source_network => 'other_dot'), 'no refusal', 'twice');
select is(left(pg_temp.act(1, 15, 'book', source_network => 'other_dot'), 5), 'DP016', 'counts for itself');
select is(
  dpg_test.detail(format(
    'select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref)', 'asha', 'book', pg_temp.item(1), pg_temp.item(13)
  )) ->> 'rule',
  'max_open_per_source', 'the DETAIL names the rule'
);

-- different owners
select dpg.define_action('rule_dot', 'meet', null, rules => '{"different_owners": true}');
select is(left(pg_temp.act(1, 2, 'meet'), 5), 'DP016', 'both items of one owner');
select is(pg_temp.act(1, 11, 'meet'), 'no refusal', 'of two');
select dpg.define_action('rule_dot', 'connect', null, rules => '{"different_owners": true}');
select is(pg_temp.receive(3, 12, 'https://far.example.com', 'ravi'), 'no refusal', 'an owner elsewhere is another, whatever the id');

-- what rules must be
select is(
  dpg_test.refused_value($$select dpg.define_action('rule_dot', 'connect', null, rules => '{"max_open": 1}')$$), 'DP001 rules.max_open 1', 'an unknown rule'
);
select is(
  dpg_test.refused_value($$select dpg.define_action('rule_dot', 'connect', null, rules => '{"max_open_per_pair": 0}')$$),
  'DP001 rules.max_open_per_pair 0', 'no limit'
);
select is(
  dpg_test.refused_value($$select dpg.define_action('rule_dot', 'connect', null, rules => '{"max_open_per_pair": 1.5}')$$),
  'DP001 rules.max_open_per_pair 1.5', 'nor that'
);
select is(
  dpg_test.refused_value($$select dpg.define_action('rule_dot', 'connect', null, rules => '{"final_statuses": ["a", ""]}')$$),
  'DP001 rules.final_statuses ["a", ""]', 'no statuses'
);
select is(
  dpg_test.refused_value($$select dpg.define_action('rule_dot', 'connect', null, rules => '{"different_owners": "yes"}')$$),
  'DP001 rules.different_owners yes', 'no boolean'
);
select is(dpg_test.refused_value($$select dpg.define_action('rule_dot', 'connect', null, rules => '[]')$$), 'DP001 rules []', 'no object');
select is(
  dpg_test.refused_value($$select dpg.define_action('rule_dot', 'connect', null, rules => '{"max_items_per_owner": 1}')$$),
  'DP001 rules.max_items_per_owner 1', 'a rule of networks'
);

-- keeping and clearing
select dpg.define_action('rule_dot', 'connect', '[{"from": "created", "to": "closed", "by": "either"}]');
select is(
  (select d.rules from dpg.action_definitions d where d.partition_network = 'rule_dot' and d.action_type = 'connect'), '{"different_owners": true}',
  'another graph keeps the rules'
);
select is(pg_temp.finals(), array['closed'], 'and has other final statuses');
select dpg.define_action('rule_dot', 'connect', null);
select is(
  (select (d.transitions is null, d.rules)::text from dpg.action_definitions d where d.partition_network = 'rule_dot' and d.action_type = 'connect'),
  '(t,"{""different_owners"": true}")', 'no graph keeps them, too'
);
select dpg.define_action('rule_dot', 'connect', null, rules => '{}');
select is(
  (select count(*)::integer from dpg.action_definitions d where d.partition_network = 'rule_dot' and d.action_type = 'connect'), 0,
  'without both there is no row'
);

-- over all types
select is(
  dpg_test.refusal($$select dpg.define_network('rule_dot', '{"max_open_per_pair": 2}')$$), '42501 permission denied for function define_network',
  'define_network is dpg_admin''s'
);
reset role;
set local role dpg_admin;
select dpg.define_network('rule_dot', '{"max_open_per_pair": 2}');
reset role;
set local role dpg_app;
select is(pg_temp.act(5, 15), 'no refusal', 'the first of a pair');
select is(pg_temp.act(15, 5, 'greet'), 'no refusal', 'the second, of another type, the other way round');
select is(left(pg_temp.act(5, 15, 'ask'), 9), 'no refusa', 'one that is never open is not counted');
select is(left(pg_temp.act(5, 15, 'wave'), 5), 'DP016', 'the third');
select is(
  dpg_test.detail(format(
    'select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref)', 'asha', 'greet', pg_temp.item(5), pg_temp.item(15)
  )),
  '{"rule": "max_open_per_pair", "limit": 2, "count": 2, "network": "rule_dot", "action_type": "greet", "partition_network": "rule_dot"}',
  'the DETAIL names the network'
);
reset role;
set local role dpg_admin;
select dpg.define_network('rule_dot', '{"different_owners": true}');
reset role;
set local role dpg_app;
select is(left(pg_temp.act(1, 2, 'wave'), 5), 'DP016', 'different owners, over all types');
select is(pg_temp.act(5, 15, 'wave'), 'no refusal', 'the former rules are gone');
reset role;
set local role dpg_admin;
select is(dpg_test.refused_value($$select dpg.define_network('rule_dot', '{"max_open_per_source": 1}')$$), 'DP001 rules.max_open_per_source 1', 'a rule of types');
select dpg.define_network('rule_dot', null);
select is((select count(*)::integer from dpg.network_rules), 0, 'null: none');
select is(dpg_test.refused_value($$select dpg.define_network('', '{}')$$), 'DP001 network ', 'a network is a key');

select * from finish();
rollback;
