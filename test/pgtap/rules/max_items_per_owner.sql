-- How many items of a type a user may have: dpg.define_network.
begin;
select plan(22);

select dpg_test.insert_users('asha', 'ravi');

create function pg_temp.id(n integer) returns uuid language sql immutable
return format('00000000-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid;
create function pg_temp.upsert(
  n integer, domain text default 'tutor', type text default 't', actor text default 'asha', network text default 'few_dot'
) returns text language sql as $body$
  select dpg_test.refusal(format(
    'select dpg.upsert_item(%L, %L, %L, %L, %L, %L, item_id => %L)', actor, network, domain, type, 'https://few.example.com', 's', pg_temp.id(n)
  ))
$body$;
create function pg_temp.upsert_many(variadic numbers integer[]) returns text language sql as $body$
  select format('select dpg.upsert_items(%L, %L)', 'asha', jsonb_agg(jsonb_build_object(
    'item_network', 'few_dot', 'item_domain', 'tutor', 'item_type', 't', 'item_instance_url', 'https://few.example.com',
    'item_schema_url', 's', 'item_id', pg_temp.id(n), 'item_state', jsonb_build_object('n', n)
  )))
  from unnest(numbers) n
$body$;

select dpg.define_network('few_dot', '{"max_items_per_owner": 2}');
set local role dpg_app;
select dpg.define_item('few_dot', 'tutor', '[{"status": "retired", "final": true}]');

select is(pg_temp.upsert(1), 'no refusal', 'the first');
select is(pg_temp.upsert(2), 'no refusal', 'the second');
select is(left(pg_temp.upsert(3), 5), 'DP016', 'the third');
select is(
  dpg_test.detail(format(
    'select dpg.upsert_item(%L, %L, %L, %L, %L, %L)', 'asha', 'few_dot', 'tutor', 't', 'https://few.example.com', 's'
  )),
  '{"rule": "max_items_per_owner", "limit": 2, "count": 2, "actor": "asha", "item_network": "few_dot", "item_domain": "tutor", "item_type": "t"}',
  'the DETAIL'
);
select is(pg_temp.upsert(2), 'no refusal', 'an item that is there can be replaced');
select is(pg_temp.upsert(3, actor => 'ravi'), 'no refusal', 'another owner');
select is(pg_temp.upsert(4, domain => 'student'), 'no refusal', 'another domain');
select is(pg_temp.upsert(4, type => 'u'), 'no refusal', 'another type');
select is(pg_temp.upsert(5, network => 'other_dot'), 'no refusal', 'another network');
select is(left(dpg_test.refusal(pg_temp.upsert_many(1, 2, 7)), 5), 'DP016', 'of several one too many');
select is(
  dpg_test.detail(pg_temp.upsert_many(7, 8, 9)) - '{item_network,item_domain,item_type,actor}'::text[],
  '{"rule": "max_items_per_owner", "limit": 2, "count": 2}', 'the new ones are not among those that are there'
);
select is(dpg_test.refusal(pg_temp.upsert_many(1, 2)), 'no refusal', 'several that are there');
select dpg.set_item_status('asha', 'few_dot', 'tutor', 't', pg_temp.id(1), 'retired');
select is(pg_temp.upsert(7), 'no refusal', 'one in a final status does not count');
select is(left(pg_temp.upsert(8), 5), 'DP016', 'and no more');
select dpg.delete_item('asha', 'few_dot', 'tutor', 't', pg_temp.id(7));
select is(dpg_test.refusal(pg_temp.upsert_many(9)), 'no refusal', 'a deleted one neither');
select is(
  dpg_test.refusal($$select dpg.update_item('asha', 'few_dot', 'tutor', 't', pg_temp.id(9), '{"item_state": {"a": 1}}')$$), 'no refusal',
  'changes are no new items'
);

reset role;
select dpg.define_network('few_dot', '{"max_items_per_owner": 1}');
set local role dpg_app;
select is(pg_temp.upsert(9), 'no refusal', 'what is there stays');
select is(left(pg_temp.upsert(8), 5), 'DP016', 'and nothing comes');
select is(
  dpg_test.detail(pg_temp.upsert_many(7, 8, 9)) - '{item_network,item_domain,item_type,actor}'::text[],
  '{"rule": "max_items_per_owner", "limit": 1, "count": 2}', 'all that are there are counted, also those over the limit'
);
select is(
  dpg_test.refusal(format(
    'select dpg.upsert_item(%L, %L, %L, %L, %L, %L, item_id => %L, item_status => %L)',
    'asha', 'few_dot', 'tutor', 't', 'https://few.example.com', 's', pg_temp.id(10), 'retired'
  )),
  'no refusal', 'but a new one in a final status'
);
reset role;
select dpg.move_items('root', 'ravi', 'asha', 'one person') from (select dpg_test.insert_users('root')) u;
select is(
  (select count(*)::integer from dpg.items i where i.item_network = 'few_dot' and i.created_by = 'asha' and i.item_type = 't' and i.item_domain = 'tutor'), 5,
  'an administrator may move more to one owner'
);

select dpg.erase_user('root', 'asha', 'asked for');
select is(
  (
    select string_agg(u.id, ' ' order by u.id)
    from unnest(array['asha', 'ravi']) u(id)
    join dpg_private.rule_turns t on t.turn = dpg_private.turn_of_owner(u.id, 'few_dot')
  ),
  'ravi', 'of an erased user not even a hash is left'
);

select * from finish();
rollback;
