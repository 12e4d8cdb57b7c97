-- A row of the feed has a number for network, action type and the source's instance. Nobody who reads sees that.
begin;
select plan(9);
select dpg_test.begin_feed();

select dpg.create_subscription('all', 'feed test');
select dpg.create_subscription('far', source_item_instance_url => 'https://far.example');
select dpg.create_subscription('far and connect', action_type => 'connect', source_item_instance_url => 'https://far.example');
select dpg.create_subscription('connect', action_type => 'connect');
select dpg.create_subscription('elsewhere', 'another network');

select dpg_test.act(1, 'vouch', 'https://far.example');
select dpg_test.act(2, 'connect', 'https://far.example');
select dpg_test.act(3, 'connect');
select dpg_test.act(4, 'vouch', 'https://far.example/');
select dpg_test.act(5, 'connect', 'https://near.example');
select dpg_test.act(6, 'vouch', 'https://far.example');
select dpg_test.act(7, 'connect', 'https://far.example');

select is(dpg_test.batch('far', 3), '1.0 2.0 4.0', 'two types and two spellings: a batch has the first ones of all streams');
select is(
  (
    select string_agg(concat_ws(' ', s.action_type, s.source_item_instance_url, n.events), ', ' order by n.first)
    from (select f.stream, count(*) as events, min(f."position") as first from dpg_private.feed_positions f group by f.stream) n
    join dpg_private.feed_streams s using (stream)
    where s.partition_network = 'feed test'
  ),
  'vouch https://far.example 2, connect https://far.example 2, connect https://feed.test 1, vouch https://far.example/ 1, connect https://near.example 1',
  'what has the same three has the same number'
);
select lives_ok($$
  select dpg.acknowledge('far', max(f."position"))
  from dpg_private.feed_positions f
  join dpg_private.feed_streams s using (stream)
  where s.source_item_instance_url = 'https://far.example/'
$$, 'done up to the last of that batch');
select is(dpg_test.batch('far'), '6.0 7.0', 'the rest');
select is(dpg_test.batch('far and connect'), '2.0 7.0', 'one type for one instance');
select is(dpg_test.batch('connect', 3), '2.0 3.0 5.0', 'one type for all instances');
select is(dpg_test.batch('elsewhere'), '', 'a network that has no stream');
select is(dpg_test.batch('all'), '1.0 2.0 3.0 4.0 5.0 6.0 7.0', 'all, in the order of the feed');

-- a stream that comes up later
select dpg_test.act(8, 'vouch', 'https://near.example');
select dpg.create_subscription('near', source_item_instance_url => 'https://NEAR.example:443');
select is(dpg_test.batch('near'), '5.0 8.0', 'a stream that came up later is read with the others');

select * from finish();
rollback;
