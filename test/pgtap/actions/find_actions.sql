-- find_actions finds the actions of which the actor is a party, by role and by filters.
begin;
select plan(25);

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

-- the last digit of an action's id, and the roles
create function pg_temp.brief(action_id uuid, ownership_roles text[])
returns text
language sql
as $body$
  select right(action_id::text, 1) || ' ' || array_to_string(ownership_roles, ' ')
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
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha') a), array['6 received', '5 initiated', '3 received', '2 initiated received', '1 initiated']::text[], 'all of which she is a party, latest first, each once');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'initiated') a), array['5 initiated', '2 initiated received', '1 initiated']::text[], 'those that she initiated');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'received') a), array['6 received', '3 received', '2 initiated received']::text[], 'those that she received');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', null) a), array['6 received', '5 initiated', '3 received', '2 initiated received', '1 initiated']::text[], 'null means all');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions ravi') a), array['5 received', '4 initiated', '1 received']::text[], 'another actor finds others');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions nobody') a), array[]::text[], 'an unknown actor finds nothing');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('far lena') a), array[]::text[], 'the source on another instance finds nothing');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', partition_network => 'actions test') a), array['6 received', '3 received', '2 initiated received', '1 initiated']::text[], 'of a network');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', action_type => 'visit') a), array['5 initiated']::text[], 'of an action type in any network');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'all', 'actions test', 'connect') a), array['6 received', '2 initiated received', '1 initiated']::text[], 'of one leaf');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'received', 'actions test', 'connect') a), array['6 received', '2 initiated received']::text[], 'of one leaf and role');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', partition_network => 'actions nowhere') a), array[]::text[], 'a network that is not there is empty');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'all', 'actions test', 'nothing') a), array[]::text[], 'so is an action type');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', item_id => '10000000-0000-4000-8000-000000000001') a), array['5 initiated', '2 initiated received', '1 initiated']::text[], 'an item, as source or as target');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', item_id => '10000000-0000-4000-8000-000000000004') a), array['6 received', '3 received', '2 initiated received']::text[], 'an item, on the other side');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'initiated', item_id => '10000000-0000-4000-8000-000000000004') a), array[]::text[], 'the item of the role: she initiated none with it');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'received', item_id => '10000000-0000-4000-8000-000000000001') a), array[]::text[], 'and received none with that');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'received', item_id => '10000000-0000-4000-8000-000000000004') a), array['6 received', '3 received', '2 initiated received']::text[], 'the item that she received with');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions ravi', item_id => '10000000-0000-4000-8000-000000000001') a), array[]::text[], 'the item of the other party is not his side');
do $body$
begin
  perform dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'accepted');
  perform dpg.transition_action('actions asha', 'actions test', 'book', pg_temp.id(3), 'accepted');
end
$body$;
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', page_size => 3) a), array['3 received', '1 initiated', '6 received']::text[], 'what changed last comes first');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', action_status => 'accepted') a), array['3 received', '1 initiated']::text[], 'of a status');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'initiated', 'actions test', 'connect', 'accepted', '10000000-0000-4000-8000-000000000001') a), array['1 initiated']::text[], 'all filters at once');
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'received', 'actions test', 'connect', 'accepted') a), array[]::text[], 'all must hold');
select results_eq(
  $$select (to_jsonb(f) - 'ownership_roles' - 'next_page_token') from dpg.find_actions('actions asha', 'initiated', action_status => 'accepted') f$$,
  $$select to_jsonb(a) from stored_actions a where a.action_id = pg_temp.id(1)$$,
  'the columns are those of the table'
);
set local role dpg_readonly;
select is((select coalesce(array_agg(pg_temp.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions mina') a), array['3 initiated', '4 received']::text[], 'dpg_readonly may call it');

select * from finish();
rollback;
