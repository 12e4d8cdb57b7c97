-- One instance is one peer, whichever way its URL is spelled, and a subscription to it gets all that is for it.
begin;
select plan(14);

select dpg_test.insert_users('ann');

create function pg_temp.receive(url text)
returns void
language sql
as $body$
  select dpg.receive_action(
    'connect', row('peers net', 'student', 'profile', '10000000-0000-4000-8000-000000000008'), url, 'zoe',
    row('peers net', 'student', 'profile', '10000000-0000-4000-8000-000000000001'), remarks => url
  )
$body$;

set local role dpg_app;
select dpg.upsert_item('ann', 'peers net', 'student', 'profile', 'https://here.example', 's', item_id => '10000000-0000-4000-8000-000000000001');
select pg_temp.receive(url)
from unnest(array['https://Far.example', 'https://far.example/', 'https://other.example', 'https://far.example:443', 'http://far.example']) url;

select set_eq('select instance_url from dpg.peers', array['https://Far.example', 'https://other.example', 'http://far.example'], 'before the events are in the feed');
select dpg.create_subscription('far', source_item_instance_url => 'https://far.example');
select results_eq(
  $$select remarks from dpg.read_events('far')$$, array['https://Far.example', 'https://far.example/', 'https://far.example:443'],
  'a subscription gets the events of each spelling, in their order'
);
select set_eq('select instance_url from dpg.peers', array['https://Far.example', 'https://other.example', 'http://far.example'], 'and the same afterwards: the spelling that came first');
select pg_temp.receive('https://FAR.example');
select set_eq('select instance_url from dpg.peers', array['https://Far.example', 'https://other.example', 'http://far.example'], 'which stays');
select is((select lag_events from dpg.subscription_status where subscription = 'far'), 4::bigint, 'its lag counts them all');
select is(
  (select source_item_instance_url from dpg.create_subscription('far', source_item_instance_url => 'https://FAR.example:443/')),
  'https://far.example', 'another spelling is the same subscription, and stays as it was given'
);
select throws_ok($$select dpg.create_subscription('far', source_item_instance_url => 'http://far.example')$$, 'DP008', null, 'another scheme is another instance');
set local role dpg_readonly;
select is((select count(*) from dpg.peers), 3::bigint, 'who may only read sees the same');
select is((select lag_events from dpg.subscription_status), 4::bigint, 'of the lag as well');
set local role dpg_app;

-- what is ours in one spelling is no peer in another
reset role;
update dpg_private.peer_url_sightings set instance_url = 'https://gone.example' where instance_url = 'https://other.example';
set local role dpg_app;
select dpg.upsert_item('ann', 'peers net', 'student', 'profile', 'https://Other.example/', 's');
select set_eq('select instance_url from dpg.peers', array['https://Far.example', 'http://far.example'], 'a URL of ours is no peer');

-- the transition of a party, and a repeated call
select lives_ok(
  $$select dpg.receive_transition('https://FAR.example/', 'zoe', 'peers net', 'connect', (select action_id from dpg.find_actions('ann', page_size => 1000) where remarks = 'https://Far.example'), 'withdrawn')$$,
  'the source changes its action under any spelling'
);
select throws_ok(
  $$select dpg.receive_transition('http://far.example/', 'zoe', 'peers net', 'connect', (select action_id from dpg.find_actions('ann', page_size => 1000) where remarks = 'https://Far.example'), 'withdrawn')$$,
  'DP005', null, 'but not another instance'
);
prepare again(text) as
select source_item_instance_url
from dpg.receive_action(
  'connect', row('peers net', 'student', 'profile', '10000000-0000-4000-8000-000000000008'), $1, 'zoe',
  row('peers net', 'student', 'profile', '10000000-0000-4000-8000-000000000001'), action_id => '30000000-0000-4000-8000-000000000001'
);
execute again('https://far.example');
select results_eq($$execute again('https://FAR.example:443/')$$, array['https://far.example'], 'a repeated call is the same in any spelling');
select throws_ok($$execute again('https://other2.example')$$, 'DP008', null, 'and from another instance it is not');

select * from finish();
rollback;
