begin;
select plan(7);

select dpg_test.insert_users('ann', 'bob');

set local role dpg_app;

select dpg.upsert_item('bob', 'forget_net', 'tutor', 'profile', 'https://here.example', 's', item_id => '22222222-2222-4222-8222-222222222222');
select dpg.upsert_item('ann', 'forget_net', 'student', 'profile', 'https://far.example', 's', item_id => '11111111-1111-4111-8111-111111111111');

prepare far_away as
select dpg.receive_action(
  'connect', row('forget_net', 'student', 'profile', '33333333-3333-4333-8333-333333333333'), 'https://far.example', 'zoe',
  row('forget_net', 'tutor', 'profile', '22222222-2222-4222-8222-222222222222')
);

select throws_ok('far_away', 'DP001', null, 'a URL that an item has by mistake shuts its real instance out');
select throws_ok(
  $$select dpg.forget_instance_url('https://far.example')$$, '42501', null, 'dpg_app may not strike a URL'
);

reset role;
set local role dpg_admin;
select throws_ok($$select dpg.forget_instance_url('')$$, 'DP001', null, 'an empty URL is refused');
select is(dpg.forget_instance_url('https://nowhere.example'), false, 'a URL that is not there is not there');
select is(dpg.forget_instance_url('https://far.example'), true, 'dpg_admin strikes it');
select results_eq(
  $$select instance_url from dpg.instance_urls where instance_url like '%.example'$$,
  array['https://here.example'],
  'the others stay'
);

reset role;
set local role dpg_app;
select lives_ok('far_away', 'and the instance whose URL it is acts here again');

select * from finish();
rollback;
