-- An item that an action of its network refers to, as target or as source, stays; actions of other networks hold nobody.
begin;
select plan(14);

select dpg_test.insert_users('asha', 'ravi');

set local role dpg_app;
select lives_ok($$
  select dpg.upsert_item('asha', 'use_dot', 'student', 'profile', 'https://a', 'https://s', item_id => '00000000-0000-4000-8000-000000000001');
  select dpg.upsert_item('ravi', 'use_dot', 'tutor', 'profile', 'https://a', 'https://s', item_id => '00000000-0000-4000-8000-000000000002');
  select dpg.upsert_item('asha', 'use_dot', 'student', 'profile', 'https://a', 'https://s', item_id => '00000000-0000-4000-8000-000000000003');
  select dpg.upsert_item('asha', 'other_dot', 'student', 'profile', 'https://a', 'https://s', item_id => '00000000-0000-4000-8000-000000000001');
  select dpg.upsert_item('ravi', 'use_dot', 'tutor', 'other', 'https://a', 'https://s', item_id => '00000000-0000-4000-8000-000000000002');
  select dpg.upsert_item('ravi', 'use_dot', 'student', 'profile', 'https://a', 'https://s', item_id => '00000000-0000-4000-8000-000000000002');
$$, 'items in two networks');
select lives_ok($$
  select dpg.perform_action('asha', 'connect', row('use_dot', 'student', 'profile', '00000000-0000-4000-8000-000000000001'),
    row('use_dot', 'tutor', 'profile', '00000000-0000-4000-8000-000000000002'));
$$, 'an action within the network');
select lives_ok($$
  select dpg.perform_action('asha', 'connect', row('other_dot', 'student', 'profile', '00000000-0000-4000-8000-000000000001'),
    row('use_dot', 'tutor', 'profile', '00000000-0000-4000-8000-000000000002'))
$$, 'an action from an item of another network');
select lives_ok($$
  select dpg.receive_action('connect', row('use_dot', 'student', 'profile', '00000000-0000-4000-8000-000000000003'),
    'https://remote.example.com', 'asha', row('use_dot', 'tutor', 'profile', '00000000-0000-4000-8000-000000000002'))
$$, 'an action from an item of another instance that has the key of one here');
select dpg_test.note_written();

select is(
  dpg_test.full_refusal($$select dpg.delete_item('ravi', 'use_dot', 'tutor', 'profile', '00000000-0000-4000-8000-000000000002')$$),
  'DP013 {"item_id": "00000000-0000-4000-8000-000000000002", "item_type": "profile", "item_domain": "tutor", "item_network": "use_dot"}',
  'a target stays'
);
select is(
  dpg_test.full_refusal($$select dpg.delete_item('asha', 'use_dot', 'student', 'profile', '00000000-0000-4000-8000-000000000001')$$),
  'DP013 {"item_id": "00000000-0000-4000-8000-000000000001", "item_type": "profile", "item_domain": "student", "item_network": "use_dot"}',
  'a source of the same network stays'
);
select is(
  left(dpg_test.full_refusal($$select dpg.delete_item('asha', 'use_dot', 'tutor', 'profile', '00000000-0000-4000-8000-000000000002')$$), 5), 'DP003',
  'a stranger learns first that the item is not theirs'
);
select dpg_test.wrote_nothing('no refusal has written anything');

select lives_ok(
  $$select dpg.delete_item('asha', 'other_dot', 'student', 'profile', '00000000-0000-4000-8000-000000000001')$$,
  'a source of another network is free: the action keeps its snapshot'
);
select lives_ok(
  $$select dpg.delete_item('asha', 'use_dot', 'student', 'profile', '00000000-0000-4000-8000-000000000003')$$,
  'an item whose key an item of another instance has is free'
);
select lives_ok(
  $$select dpg.delete_item('ravi', 'use_dot', 'tutor', 'other', '00000000-0000-4000-8000-000000000002')$$,
  'an item of the target''s id and another type is free'
);
select lives_ok(
  $$select dpg.delete_item('ravi', 'use_dot', 'student', 'profile', '00000000-0000-4000-8000-000000000002')$$,
  'an item of the target''s id and another domain is free'
);
reset role;
select is((select count(*)::integer from dpg.item_actions where partition_network = 'use_dot'), 3, 'the actions are all there');
select set_eq(
  $$select item_domain, item_id from dpg.items where item_network in ('use_dot', 'other_dot')$$,
  $$values ('student', '00000000-0000-4000-8000-000000000001'::uuid), ('tutor', '00000000-0000-4000-8000-000000000002'::uuid)$$,
  'and so are the two items they refer to'
);

select * from finish();
rollback;
