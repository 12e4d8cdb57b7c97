-- What a subscription to items gets: each item that has changed, once, as it is now.
begin;
select plan(34);

select dpg_test.insert_users('asha', 'ravi');
create function pg_temp.upsert(number integer, state jsonb default '{}', domain text default 'student', type text default 'profile')
returns void
language sql
as $body$
  select dpg.upsert_item(
    'asha', 'followed', domain, type, 'https://followed.test', 's', state, item_id => dpg_test.item_id(number)
  )
$body$;
-- position: change, domain, last digit of the id, state
create function pg_temp.read(subscription text, max_changes integer default 1000, lease_seconds double precision default 60)
returns text
language sql
as $body$
  select coalesce(string_agg(concat_ws(' ', c."position" || ':', c.change, c.item_domain, right(c.item_id::text, 1), c.item_state), ', ' order by c."position"), '')
  from dpg.read_item_changes(subscription, max_changes, lease_seconds) c
$body$;
create function pg_temp.waiting(subscription text)
returns bigint
language sql
as $body$
  select count(*)
  from dpg_private.changed_items c
  join dpg_private.item_followers f using (follower)
  where f.subscription = waiting.subscription
$body$;
grant execute on all functions in schema pg_temp to public;

select pg_temp.upsert(1);
set local role dpg_app;
select is(
  (select (s.subscription, s.kind, s.item_network, s.item_domain, s.item_type, s.acknowledged_position)::text from dpg.create_item_subscription('all', 'followed') s),
  '(all,items,followed,,,0)', 'a subscription to a network'
);
select is(pg_temp.read('all'), '', 'what was there before is not in it');

-- one row, however often
select pg_temp.upsert(1, jsonb_build_object('n', n)) from generate_series(1, 50) n;
reset role;
select is(pg_temp.waiting('all'), 1::bigint, 'one row waits for an item that has changed fifty times');
set local role dpg_app;
select pg_temp.upsert(1, '{"n": 50}');
select is(pg_temp.read('all'), '1: upserted student 1 {"n": 50}', 'and it comes once, as it is when it is read');
select is(pg_temp.read('all'), '', 'leased: nobody else gets it');
select is((select s.leased_until from dpg.release_events('all', 'not now') s), null, 'given back');
select is(pg_temp.read('all'), '1: upserted student 1 {"n": 50}', 'it comes again, at its position');

-- a change during a lease
select pg_temp.upsert(1, '{"n": 51}');
select is((select lag_events from dpg.subscription_status where subscription = 'all'), 2::bigint, 'a change during the lease is another row');
select is(dpg.acknowledge('all', 1), 1::bigint, 'acknowledged');
select is(pg_temp.read('all'), '2: upserted student 1 {"n": 51}', 'which the acknowledgement does not take away');
select pg_temp.upsert(1, '{"n": 52}');
select is((select s.leased_until from dpg.release_events('all') s), null, 'given back while it has changed');
select is(pg_temp.read('all'), '3: upserted student 1 {"n": 52}', 'then it comes once, as the later change');
select is(dpg.acknowledge('all', 3), 3::bigint, 'acknowledged');

-- deletion, and creation again
select dpg.delete_item('asha', 'followed', 'student', 'profile', dpg_test.item_id(1)) is not null as deleted;
select is(pg_temp.read('all'), '4: deleted student 1', 'a deleted item: its key alone');
select is(
  (select (c.item_instance_url, c.item_schema_url, c.item_state, c.created_by, c.created_at, c.updated_at, c.item_status)::text
   from (select dpg.release_events('all')) r, dpg.read_item_changes('all') c),
  '(,,,,,,)', 'and nothing else'
);
select is(dpg.acknowledge('all', 4), 4::bigint, 'acknowledged');
do $body$
begin
  for n in 1 .. 10 loop
    perform pg_temp.upsert(1, jsonb_build_object('again', n));
    perform dpg.delete_item('asha', 'followed', 'student', 'profile', dpg_test.item_id(1));
  end loop;
  perform pg_temp.upsert(1, '{"again": 11}');
end
$body$;
reset role;
select is(pg_temp.waiting('all'), 2::bigint, 'an item that is deleted and created ten times has two rows');
set local role dpg_app;
select is(pg_temp.read('all'), '5: upserted student 1 {"again": 11}', 'which come as one');
select is(dpg.acknowledge('all', 5), 5::bigint, 'acknowledged');

-- other ways in which items change
reset role;
update dpg.items set item_state = '{"by": "the owner"}' where item_network = 'followed';
select is(pg_temp.read('all'), '6: upserted student 1 {"by": "the owner"}', 'a change by the owner of the tables');
update dpg.items set item_id = dpg_test.item_id(2) where item_network = 'followed';
select is((select s.leased_until from dpg.release_events('all') s), null, 'given back');
select is(pg_temp.read('all'), '7: upserted student 2 {"by": "the owner"}, 8: deleted student 1', 'another id: one is there, the other is not');
select is(dpg.acknowledge('all', 8), 8::bigint, 'acknowledged');
select dpg.move_items('dba', 'asha', 'ravi', 'a test') is not null as moved;
select is((select c.created_by from dpg.read_item_changes('all') c), 'ravi', 'another owner');
select is(dpg.acknowledge('all', 9), 9::bigint, 'acknowledged');
do $body$
begin
  set local session_replication_role = replica;
  update dpg.items set item_state = '{"by": "replication"}' where item_network = 'followed';
  set local session_replication_role = origin;
end
$body$;
select is(pg_temp.read('all'), '', 'what logical replication applies is not seen');
select pg_temp.upsert(3, '{}', 'student', 'other');
truncate dpg.i_p_followed_student cascade;
select is(pg_temp.read('all'), '10: deleted student 3, 11: deleted student 2', 'a TRUNCATE deletes every item');
select is(dpg.acknowledge('all', 11), 11::bigint, 'acknowledged');

-- filters, and domains that come later
select dpg.create_item_subscription('tutors', 'followed', 'tutor') is not null as created;
select dpg.create_item_subscription('others', item_type => 'other') is not null as created;
select pg_temp.upsert(4);
select pg_temp.upsert(5, domain => 'tutor');
select pg_temp.upsert(6, domain => 'tutor', type => 'other');
select dpg.upsert_item('asha', 'elsewhere', 'tutor', 'other', 'https://followed.test', 's', item_id => dpg_test.item_id(7)) is not null as created;
select is(pg_temp.read('all'), '12: upserted student 4 {}, 13: upserted tutor 5 {}, 14: upserted tutor 6 {}', 'of a network: also a domain that is new');
select is(pg_temp.read('tutors'), '1: upserted tutor 5 {}, 2: upserted tutor 6 {}', 'of a domain, with positions of its own');
select is(pg_temp.read('others'), '1: upserted tutor 6 {}, 2: upserted tutor 7 {}', 'of a type, in every network');
select is(pg_temp.read('others', 1), '', 'each with a lease of its own');
update dpg.items set item_type = 'profile' where item_network = 'elsewhere';
select is((select s.leased_until from dpg.release_events('others') s), null, 'given back');
select is(
  pg_temp.read('others'), '1: upserted tutor 6 {}, 3: deleted tutor 7',
  'an item that has another type now is gone for whoever follows the former one'
);

select * from finish();
rollback;
