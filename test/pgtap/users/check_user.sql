-- Upserts and perform_action know the actor as a user (DP009); a read by an unknown actor finds nothing; null is DP001.
begin;
select plan(24);
select dpg_test.insert_users('asha', 'ravi');
select dpg.upsert_item('asha', 'yellow_dot', 'student', 't', 'https://one.example.com', 'https://s.example.com', item_id => '11111111-1111-4111-8111-111111111111');
select dpg.upsert_item('ravi', 'yellow_dot', 'tutor', 't', 'https://one.example.com', 'https://s.example.com', item_id => '22222222-2222-4222-8222-222222222222');
select dpg.perform_action('asha', 'connect', row('yellow_dot', 'student', 't', '11111111-1111-4111-8111-111111111111'),
  row('yellow_dot', 'tutor', 't', '22222222-2222-4222-8222-222222222222'), action_id => '33333333-3333-4333-8333-333333333333');
select dpg_test.note_written();
create temp table calls (name text, call text, for_unknown text);
grant select on calls to dpg_app;
insert into calls values
  ('upsert_item', 'select dpg.upsert_item(%s, ''new_dot'', ''student'', ''t'', ''https://two.example.com'', ''https://s.example.com'')', 'DP009 {"actor": "nobody"}'),
  ('upsert_items', 'select dpg.upsert_items(%s, ''[{"item_network": "new_dot", "item_domain": "student", "item_type": "t", "item_instance_url": "https://two.example.com", "item_schema_url": "s"}]'')', 'DP009 {"actor": "nobody"}'),
  ('upsert_items of nothing', 'select dpg.upsert_items(%s, ''[]'')', 'DP009 {"actor": "nobody"}'),
  ('perform_action', 'select dpg.perform_action(%s, ''apply'', row(''yellow_dot'', ''student'', ''t'', ''11111111-1111-4111-8111-111111111111''), row(''yellow_dot'', ''tutor'', ''t'', ''22222222-2222-4222-8222-222222222222''))', 'DP009 {"actor": "nobody"}'),
  ('update_item', 'select dpg.update_item(%s, ''yellow_dot'', ''student'', ''t'', ''11111111-1111-4111-8111-111111111111'', ''{"item_state": {}}'')', 'DP003'),
  ('delete_item', 'select dpg.delete_item(%s, ''yellow_dot'', ''student'', ''t'', ''11111111-1111-4111-8111-111111111111'')', 'DP003'),
  ('transition_action', 'select dpg.transition_action(%s, ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333'', ''accepted'')', 'DP005'),
  ('get_action', 'select dpg.get_action(%s, ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333'')', 'DP005'),
  ('find_actions', 'select dpg.find_actions(%s)', 'no refusal'),
  ('find_events', 'select dpg.find_events(%s)', 'no refusal');

set local role dpg_app;
select is(left(dpg_test.full_refusal(format(call, '''nobody''')), length(for_unknown)), for_unknown, name || ' by an unknown actor') from calls;
select matches(dpg_test.full_refusal(format(call, 'null')), '^DP001 \{"value": null, "argument": "actor"\}$', name || ' by nobody') from calls;
select is((select count(*) from dpg.find_actions('nobody')), 0::bigint, 'an unknown actor has no actions');
select is((select count(*) from dpg.find_events('nobody')), 0::bigint, 'and no events');
select is(
  dpg_test.full_refusal($$ select dpg.upsert_item('nobody', 'new_dot', '', 't', 'u', 's') $$) ~ '^DP001',
  true,
  'arguments are checked before the user'
);
select dpg_test.wrote_nothing('after all these refusals nothing has changed');
select * from finish();
rollback;
