-- find_events finds the events of which the actor is a party, by role and by filters.
begin;
select plan(22);

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

-- the last digit of the action's id, the update, and the roles
create function pg_temp.brief(action_id uuid, update_count integer, ownership_roles text[])
returns text
language sql
as $body$
  select right(action_id::text, 1) || '.' || update_count || ' ' || array_to_string(ownership_roles, ' ')
$body$;

-- all rows, whoever reads
create temporary view stored_actions as
select * from dpg.item_actions;
create temporary view stored_events as
select * from dpg.action_events;
grant select on stored_actions, stored_events to dpg_app;

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
do $body$
begin
  perform dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'accepted');
  perform dpg.transition_action('actions asha', 'actions test', 'connect', pg_temp.id(1), 'thanked');
  perform dpg.transition_action('actions asha', 'actions test', 'book', pg_temp.id(3), 'accepted');
end
$body$;
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha') e),
  array['3.1 received', '1.2 initiated', '1.1 initiated', '6.0 received', '5.0 initiated', '3.0 received', '2.0 initiated received', '1.0 initiated']::text[],
  'all of which she is a party, newest first, each once'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', null) e),
  array['3.1 received', '1.2 initiated', '1.1 initiated', '6.0 received', '5.0 initiated', '3.0 received', '2.0 initiated received', '1.0 initiated']::text[],
  'a null role means all'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'initiated') e),
  array['1.2 initiated', '1.1 initiated', '5.0 initiated', '2.0 initiated received', '1.0 initiated']::text[],
  'those of what she initiated'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'received') e),
  array['3.1 received', '6.0 received', '3.0 received', '2.0 initiated received']::text[],
  'those of what she received'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions nobody') e),
  array[]::text[],
  'an unknown actor finds nothing'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('far lena') e),
  array[]::text[],
  'the source on another instance finds nothing'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'all', 'actions test', 'connect', pg_temp.id(1)) e),
  array['1.2 initiated', '1.1 initiated', '1.0 initiated']::text[],
  'the history of an action'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', action_id => pg_temp.id(1)) e),
  array['1.2 initiated', '1.1 initiated', '1.0 initiated']::text[],
  'also by its id alone'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions mina', 'all', 'actions test', 'connect', pg_temp.id(1)) e),
  array[]::text[],
  'not for a stranger'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', partition_network => 'actions elsewhere') e),
  array['5.0 initiated']::text[],
  'of a network'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', action_type => 'book') e),
  array['3.1 received', '3.0 received']::text[],
  'of an action type'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', action_status => 'accepted') e),
  array['3.1 received', '1.1 initiated']::text[],
  'of a status, also when it is the action''s no more'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', update_count => 1) e),
  array['3.1 received', '1.1 initiated']::text[],
  'of an update'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', update_count => 0, partition_network => 'actions test', ownership_role => 'initiated') e),
  array['2.0 initiated received', '1.0 initiated']::text[],
  'the makings of what she initiated in a network'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', item_id => '10000000-0000-4000-8000-000000000001') e),
  array['1.2 initiated', '1.1 initiated', '5.0 initiated', '2.0 initiated received', '1.0 initiated']::text[],
  'an item as source'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', item_id => '10000000-0000-4000-8000-000000000004') e),
  array['3.1 received', '6.0 received', '3.0 received', '2.0 initiated received']::text[],
  'an item as target'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'initiated', item_id => '10000000-0000-4000-8000-000000000004') e),
  array[]::text[],
  'the item of the role'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'received', item_id => '10000000-0000-4000-8000-000000000001') e),
  array[]::text[],
  'and no other'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'initiated', 'actions test', 'connect', pg_temp.id(1), 'accepted', 1, '10000000-0000-4000-8000-000000000001') e),
  array['1.1 initiated']::text[],
  'all filters at once'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', page_size => 2) e),
  array['3.1 received', '1.2 initiated']::text[],
  'a page'
);
select results_eq(
  $$select (to_jsonb(f) - 'ownership_roles' - 'next_page_token') from dpg.find_events('actions asha', action_id => pg_temp.id(1), update_count => 1) f$$,
  $$select to_jsonb(e) from stored_events e where e.action_id = pg_temp.id(1) and e.update_count = 1$$,
  'the columns are those of the table'
);
set local role dpg_readonly;
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions mina') e),
  array['3.1 initiated', '4.0 received', '3.0 initiated']::text[],
  'dpg_readonly may call it'
);

select * from finish();
rollback;
