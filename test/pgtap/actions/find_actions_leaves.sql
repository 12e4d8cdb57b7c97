-- find_actions reads only leaves in which the actor is a party.
begin;
select plan(22);

select dpg_test.insert_items();

create temporary table reads_before (leaf text, reads bigint);
grant select, insert, delete on reads_before to dpg_app;

set local role dpg_app;

select dpg_test.perform_actions();
delete from reads_before;
insert into reads_before select * from dpg_test.reads('item_actions');
select lives_ok($$select dpg.find_actions('actions asha')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('item_actions') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.a_p_actionselsewhere_visit', 'dpg.a_p_actionstest_book', 'dpg.a_p_actionstest_connect']::text[],
  'read all leaves of a party to all of them'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('item_actions');
select lives_ok($$select dpg.find_actions('actions mina')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('item_actions') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.a_p_actionstest_book', 'dpg.a_p_actionstest_connect']::text[],
  'read only those in which she is a party'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('item_actions');
select lives_ok($$select dpg.find_actions('actions ravi')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('item_actions') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.a_p_actionselsewhere_visit', 'dpg.a_p_actionstest_connect']::text[],
  'read over networks'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('item_actions');
select lives_ok($$select dpg.find_actions('actions ravi', partition_network => 'actions test')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('item_actions') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.a_p_actionstest_connect']::text[],
  'read within a network'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('item_actions');
select lives_ok($$select dpg.find_actions('actions asha', action_type => 'book')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('item_actions') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.a_p_actionstest_book']::text[],
  'read of an action type'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('item_actions');
select lives_ok($$select dpg.find_actions('actions mina', 'all', 'actions test', 'book')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('item_actions') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.a_p_actionstest_book']::text[],
  'read the one that the keys name'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('item_actions');
select lives_ok($$select dpg.find_actions('actions mina', page_size => 1)$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('item_actions') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.a_p_actionstest_book', 'dpg.a_p_actionstest_connect']::text[],
  'read for a small page too'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('item_actions');
select lives_ok($$select dpg.find_actions('actions nobody')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('item_actions') r join reads_before b using (leaf) where r.reads > b.reads),
  array[]::text[],
  'read none for an unknown actor'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('item_actions');
select lives_ok($$select dpg.find_actions('far lena')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('item_actions') r join reads_before b using (leaf) where r.reads > b.reads),
  array[]::text[],
  'read none for a party of another instance'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('item_actions');
select lives_ok($$select dpg.get_action('actions asha', 'actions test', 'connect', dpg_test.id(1))$$, 'a call');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('item_actions') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.a_p_actionstest_connect']::text[],
  'get_action reads the leaf that its keys name'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('item_actions');
select lives_ok($$select dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(1), 'moved')$$, 'a call');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('item_actions') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.a_p_actionstest_connect']::text[],
  'so does transition_action'
);

select * from finish();
rollback;
