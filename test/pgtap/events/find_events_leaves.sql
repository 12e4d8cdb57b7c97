-- find_events reads only leaves in which the actor is a party.
begin;
select plan(18);

select dpg_test.insert_items();

create temporary table reads_before (leaf text, reads bigint);
grant select, insert, delete on reads_before to dpg_app;

set local role dpg_app;

select dpg_test.perform_actions();
delete from reads_before;
insert into reads_before select * from dpg_test.reads('action_events');
select lives_ok($$select dpg.find_events('actions asha')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.e_p_actionselsewhere_visit', 'dpg.e_p_actionstest_book', 'dpg.e_p_actionstest_connect']::text[],
  'read all leaves of a party to all of them'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('action_events');
select lives_ok($$select dpg.find_events('actions mina')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.e_p_actionstest_book', 'dpg.e_p_actionstest_connect']::text[],
  'read only those in which she is a party'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('action_events');
select lives_ok($$select dpg.find_events('actions ravi')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.e_p_actionselsewhere_visit', 'dpg.e_p_actionstest_connect']::text[],
  'read over networks'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('action_events');
select lives_ok($$select dpg.find_events('actions ravi', partition_network => 'actions test')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.e_p_actionstest_connect']::text[],
  'read within a network'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('action_events');
select lives_ok($$select dpg.find_events('actions asha', action_type => 'book')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.e_p_actionstest_book']::text[],
  'read of an action type'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('action_events');
select lives_ok($$select dpg.find_events('actions mina', 'all', 'actions test', 'book')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.e_p_actionstest_book']::text[],
  'read the one that the keys name'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('action_events');
select lives_ok($$select dpg.find_events('actions mina', page_size => 1)$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.e_p_actionstest_book', 'dpg.e_p_actionstest_connect']::text[],
  'read for a small page too'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('action_events');
select lives_ok($$select dpg.find_events('actions nobody')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array[]::text[],
  'read none for an unknown actor'
);
delete from reads_before;
insert into reads_before select * from dpg_test.reads('action_events');
select lives_ok($$select dpg.find_events('far lena')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from dpg_test.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array[]::text[],
  'read none for a party of another instance'
);

select * from finish();
rollback;
