-- The tombstone dpg_erased_user stands for every erased user at once: nobody can act or read as it, by any function or by
-- the setting dpg.actor.
begin;
select plan(25);

select dpg_test.insert_users('stone asha', 'stone ravi');
do $body$
begin
  perform dpg.upsert_item(
    'stone asha', 'stone test', 'student', 'profile', 'https://stone.test', 'https://schemas.stone.test',
    item_id => '11111111-1111-4111-8111-111111111111'
  );
  perform dpg.upsert_item(
    'stone ravi', 'stone test', 'tutor', 'profile', 'https://stone.test', 'https://schemas.stone.test',
    item_id => '22222222-2222-4222-8222-222222222222'
  );
  perform dpg.perform_action(
    'stone asha', 'connect', row('stone test', 'student', 'profile', '11111111-1111-4111-8111-111111111111'),
    row('stone test', 'tutor', 'profile', '22222222-2222-4222-8222-222222222222'),
    action_id => '33333333-3333-4333-8333-333333333333'
  );
  perform dpg.receive_action(
    'connect', row('stone test', 'student', 'profile', 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa'), 'https://far.stone.test',
    'dpg_erased_user', row('stone test', 'tutor', 'profile', '22222222-2222-4222-8222-222222222222'),
    action_id => '55555555-5555-4555-8555-555555555555'
  );
  perform dpg.erase_user('data officer', 'stone asha', 'request');
end
$body$;

-- every function of the API that takes an actor, called as the tombstone with arguments that would do
create temporary table call (name text, statement text);
insert into call
values
  ('upsert_item', $$select dpg.upsert_item('dpg_erased_user', 'stone test', 'student', 'profile', 'https://stone.test', 'https://schemas.stone.test')$$),
  ('upsert_items', $$select dpg.upsert_items('dpg_erased_user', '[]')$$),
  ('update_item', $$select dpg.update_item('dpg_erased_user', 'stone test', 'student', 'profile', '11111111-1111-4111-8111-111111111111', '{"item_state": {}}')$$),
  ('set_item_status', $$select dpg.set_item_status('dpg_erased_user', 'stone test', 'student', 'profile', '11111111-1111-4111-8111-111111111111', 'x')$$),
  ('find_own_items', $$select dpg.find_own_items('dpg_erased_user')$$),
  ('delete_item', $$select dpg.delete_item('dpg_erased_user', 'stone test', 'student', 'profile', '11111111-1111-4111-8111-111111111111')$$),
  ('perform_action', $$select dpg.perform_action('dpg_erased_user', 'visit',
    row('stone test', 'student', 'profile', '11111111-1111-4111-8111-111111111111'),
    row('stone test', 'tutor', 'profile', '22222222-2222-4222-8222-222222222222'))$$),
  ('transition_action', $$select dpg.transition_action('dpg_erased_user', 'stone test', 'connect', '33333333-3333-4333-8333-333333333333', 'x')$$),
  ('transition_actions', $$select dpg.transition_actions('dpg_erased_user', '[]')$$),
  ('get_action', $$select dpg.get_action('dpg_erased_user', 'stone test', 'connect', '33333333-3333-4333-8333-333333333333')$$),
  ('find_actions', $$select dpg.find_actions('dpg_erased_user')$$),
  ('count_actions', $$select dpg.count_actions('dpg_erased_user')$$),
  ('find_events', $$select dpg.find_events('dpg_erased_user')$$),
  ('redact_event', $$select dpg.redact_event('dpg_erased_user', 'stone test', 'connect', '33333333-3333-4333-8333-333333333333', 'x')$$),
  ('confirm_lost_events', $$select dpg.confirm_lost_events('dpg_erased_user', 'stone test', 'connect', 'x')$$),
  ('accept_differing_event', $$select dpg.accept_differing_event('dpg_erased_user', '{}', 'x')$$),
  ('erase_user', $$select dpg.erase_user('dpg_erased_user', 'stone ravi', 'x')$$),
  ('move_items', $$select dpg.move_items('dpg_erased_user', 'stone asha', 'stone ravi', 'x')$$);

select set_eq(
  $$select p.proname::text from pg_proc p where p.pronamespace = 'dpg'::regnamespace and 'actor' = any (p.proargnames)$$,
  $$select name from call$$,
  'these are all the functions that take an actor'
);
select throws_ok(c.statement, 'DP001', null, c.name) from call c;

select throws_ok(
  $$select dpg.receive_transition('https://stone.test', 'dpg_erased_user', 'stone test', 'connect', '33333333-3333-4333-8333-333333333333', 'x')$$,
  'DP001', null, 'neither through another instance, under our own URL'
);
select throws_ok(
  $$select dpg.receive_transition('https://far.stone.test', 'dpg_erased_user', 'stone test', 'connect', '33333333-3333-4333-8333-333333333333', 'x')$$,
  'DP005', null, 'nor under its own: it is no party of an action of ours'
);
select lives_ok(
  $$select dpg.receive_transition('https://far.stone.test', 'dpg_erased_user', 'stone test', 'connect', '55555555-5555-4555-8555-555555555555', 'x')$$,
  'a user of that id elsewhere is a user as any other'
);

set local role dpg_app;
set local dpg.actor = 'dpg_erased_user';
select is_empty($$select * from dpg.item_actions$$, 'dpg.actor shows none of the erased users'' actions');
select is_empty($$select * from dpg.action_events$$, 'nor of their events');
set local dpg.actor = 'stone ravi';
select is((select count(*) from dpg.item_actions where partition_network = 'stone test'), 2::bigint, 'to the other party it does');
reset role;

select * from finish();
rollback;
