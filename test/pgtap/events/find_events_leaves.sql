-- find_events reads only leaves in which the actor is a party.
begin;
select plan(18);

insert into public."user" (id, name, email)
values
  ('actions asha', 'Asha', 'asha@actions.test'),
  ('actions ravi', 'Ravi', 'ravi@actions.test'),
  ('actions mina', 'Mina', 'mina@actions.test');

create function pg_temp.item(domain text, number integer, network text default 'actions test')
returns dpg.item_ref
language sql
as $body$
  select row(network, domain, 'profile_1.0', ('10000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid)::dpg.item_ref
$body$;

-- students of Asha (1) and Mina (3), tutors of Ravi (2) and Asha (4), a place of Ravi in another network (5)
do $body$
begin
  perform dpg.upsert_item(
    i.owner, i.network, i.domain, 'profile_1.0', i.url, 'https://schemas.actions.test', '{}', i.latitude, i.longitude,
    ('10000000-0000-4000-8000-' || lpad(i.number::text, 12, '0'))::uuid
  )
  from (
    values
      ('actions asha', 'actions test', 'student', 1, 'https://student.actions.test', 12.5, 77.5),
      ('actions ravi', 'actions test', 'tutor', 2, 'https://tutor.actions.test', -33.25, 151.125),
      ('actions mina', 'actions test', 'student', 3, 'https://student.actions.test', null, null),
      ('actions asha', 'actions test', 'tutor', 4, 'https://tutor.actions.test', null, null),
      ('actions ravi', 'actions elsewhere', 'tutor', 5, 'https://elsewhere.actions.test', 1.5, 2.5)
  ) i(owner, network, domain, number, url, latitude, longitude);
end
$body$;

create function pg_temp.id(number integer)
returns uuid
language sql
as $body$
  select ('20000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid
$body$;

-- how often this transaction has read each leaf, or an index of it
create function pg_temp.reads(root text)
returns table (leaf text, reads bigint)
language sql
as $body$
  select p.leaf::text, s.seq_scan + coalesce(s.idx_scan, 0)
  from dpg.partitions p
  join pg_stat_xact_all_tables s on s.relid = p.leaf
  where p.root = reads.root
    and p.network in ('actions test', 'actions elsewhere')
$body$;
create temporary table reads_before (leaf text, reads bigint);
grant select, insert, delete on reads_before to dpg_app;

set local role dpg_app;

do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), action_id => pg_temp.id(1));
  perform dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 4), action_id => pg_temp.id(2));
  perform dpg.perform_action('actions mina', 'book', pg_temp.item('student', 3), pg_temp.item('tutor', 4), action_id => pg_temp.id(3));
  perform dpg.perform_action('actions ravi', 'connect', pg_temp.item('tutor', 2), pg_temp.item('student', 3), action_id => pg_temp.id(4));
  perform dpg.perform_action('actions asha', 'visit', pg_temp.item('student', 1), pg_temp.item('tutor', 5, 'actions elsewhere'), action_id => pg_temp.id(5));
  perform dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 4), action_id => pg_temp.id(6));
end
$body$;
delete from reads_before;
insert into reads_before select * from pg_temp.reads('action_events');
select lives_ok($$select dpg.find_events('actions asha')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from pg_temp.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.e_p_actionselsewhere_visit', 'dpg.e_p_actionstest_book', 'dpg.e_p_actionstest_connect']::text[],
  'read all leaves of a party to all of them'
);
delete from reads_before;
insert into reads_before select * from pg_temp.reads('action_events');
select lives_ok($$select dpg.find_events('actions mina')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from pg_temp.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.e_p_actionstest_book', 'dpg.e_p_actionstest_connect']::text[],
  'read only those in which she is a party'
);
delete from reads_before;
insert into reads_before select * from pg_temp.reads('action_events');
select lives_ok($$select dpg.find_events('actions ravi')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from pg_temp.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.e_p_actionselsewhere_visit', 'dpg.e_p_actionstest_connect']::text[],
  'read over networks'
);
delete from reads_before;
insert into reads_before select * from pg_temp.reads('action_events');
select lives_ok($$select dpg.find_events('actions ravi', partition_network => 'actions test')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from pg_temp.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.e_p_actionstest_connect']::text[],
  'read within a network'
);
delete from reads_before;
insert into reads_before select * from pg_temp.reads('action_events');
select lives_ok($$select dpg.find_events('actions asha', action_type => 'book')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from pg_temp.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.e_p_actionstest_book']::text[],
  'read of an action type'
);
delete from reads_before;
insert into reads_before select * from pg_temp.reads('action_events');
select lives_ok($$select dpg.find_events('actions mina', 'all', 'actions test', 'book')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from pg_temp.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.e_p_actionstest_book']::text[],
  'read the one that the keys name'
);
delete from reads_before;
insert into reads_before select * from pg_temp.reads('action_events');
select lives_ok($$select dpg.find_events('actions mina', page_size => 1)$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from pg_temp.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array['dpg.e_p_actionstest_book', 'dpg.e_p_actionstest_connect']::text[],
  'read for a small page too'
);
delete from reads_before;
insert into reads_before select * from pg_temp.reads('action_events');
select lives_ok($$select dpg.find_events('actions nobody')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from pg_temp.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array[]::text[],
  'read none for an unknown actor'
);
delete from reads_before;
insert into reads_before select * from pg_temp.reads('action_events');
select lives_ok($$select dpg.find_events('far lena')$$, 'a search');
select is(
  (select coalesce(array_agg(r.leaf order by r.leaf), '{}') from pg_temp.reads('action_events') r join reads_before b using (leaf) where r.reads > b.reads),
  array[]::text[],
  'read none for a party of another instance'
);

select * from finish();
rollback;
