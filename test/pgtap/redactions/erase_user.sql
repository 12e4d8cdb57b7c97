-- erase_user empties the user's items and puts the tombstone in the user's place everywhere, so that the user's row can be
-- deleted; other users' rows stay as they are. It leaves a record that does not say who was erased.
begin;
select plan(27);

select dpg_test.insert_users('erase asha', 'erase ravi', 'erase mina');

create function pg_temp.item(number integer, domain text)
returns dpg.item_ref
language sql
as $body$
  select row('erase test', domain, 'profile', ('10000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid)::dpg.item_ref
$body$;

create function pg_temp.mirrored(number integer, source_owner text, source_url text, target_owner text)
returns jsonb
language sql
as $body$
  select '{
    "partition_network": "erase test", "action_type": "connect", "origin_instance_domain": "https://other.erase.test",
    "action_status": "created", "update_count": 0,
    "source_item_network": "erase test", "source_item_domain": "student", "source_item_type": "profile",
    "source_item_id": "10000000-0000-4000-8000-000000000001",
    "target_item_network": "erase test", "target_item_domain": "tutor", "target_item_type": "profile",
    "target_item_id": "88888888-8888-4888-8888-888888888888", "target_item_instance_url": "https://other.erase.test",
    "event_payload": {"phone": "0123"}, "created_at": "2026-01-01T00:00:00.000000Z"
  }'::jsonb || jsonb_build_object(
    'event_id', '30000000-0000-4000-8000-' || lpad(number::text, 12, '0'),
    'action_id', '40000000-0000-4000-8000-' || lpad(number::text, 12, '0'),
    'source_item_owner', source_owner, 'source_item_instance_url', source_url, 'target_item_owner', target_owner
  )
$body$;

-- items: 1 and 3 of Asha (two domains), 2 of Ravi, 4 of Mina
-- actions: 1 Asha to Ravi, 2 Ravi to Asha, 3 Asha to herself, 4 Ravi to Mina, 5 from another instance's "erase asha" to Ravi,
-- 6 from another instance to Asha
-- mirrored events: 1 of Asha, 2 of another instance's "erase asha", 3 for another instance's "erase asha"
do $body$
begin
  perform dpg.upsert_item(
    i.owner, 'erase test', i.domain, 'profile', 'https://erase.test', 'https://schemas.erase.test',
    jsonb_build_object('name', i.owner), 12.5, 77.5, (pg_temp.item(i.number, i.domain)).item_id
  )
  from (
    values (1, 'student', 'erase asha'), (2, 'tutor', 'erase ravi'), (3, 'tutor', 'erase asha'), (4, 'student', 'erase mina')
  ) i(number, domain, owner);
  perform dpg.perform_action(
    a.actor, 'connect', pg_temp.item(a.source, a.source_domain), pg_temp.item(a.target, a.target_domain),
    '{"a": 1}', 'remarks', '{"b": 2}', ('20000000-0000-4000-8000-' || lpad(a.number::text, 12, '0'))::uuid
  )
  from (
    values
      (1, 'erase asha', 1, 'student', 2, 'tutor'), (2, 'erase ravi', 2, 'tutor', 1, 'student'),
      (3, 'erase asha', 1, 'student', 3, 'tutor'), (4, 'erase ravi', 2, 'tutor', 4, 'student')
  ) a(number, actor, source, source_domain, target, target_domain);
  perform dpg.receive_action(
    'connect', row('erase test', 'student', 'profile', 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa'), 'https://far.erase.test',
    a.owner, pg_temp.item(a.target, 'tutor'),
    action_id => ('20000000-0000-4000-8000-' || lpad(a.number::text, 12, '0'))::uuid
  )
  from (values (5, 'erase asha', 2), (6, 'somebody far', 3)) a(number, owner, target);
  perform dpg.transition_action(
    'erase ravi', 'erase test', 'connect', '20000000-0000-4000-8000-000000000001', 'accepted'
  );
  perform dpg.store_event(pg_temp.mirrored(1, 'erase asha', 'https://erase.test', 'somebody'));
  perform dpg.store_event(pg_temp.mirrored(2, 'erase asha', 'https://far.erase.test', 'somebody'));
  perform dpg.store_event(pg_temp.mirrored(3, 'erase ravi', 'https://erase.test', 'erase asha'));
  -- Asha once asked for a redaction herself
  perform dpg.redact_event('erase asha', 'erase test', 'connect', '30000000-0000-4000-8000-000000000002', 'mine');
end
$body$;

create temporary table before_items as select * from dpg.items;
create temporary table before_others as
select to_jsonb(i) as content from dpg.items i where i.created_by <> 'erase asha'
union all
select to_jsonb(a) from dpg.item_actions a where a.action_id in (
  '20000000-0000-4000-8000-000000000004', '20000000-0000-4000-8000-000000000005'
)
union all
select to_jsonb(e) from dpg.action_events e where e.action_id in (
  '20000000-0000-4000-8000-000000000004', '20000000-0000-4000-8000-000000000005',
  '40000000-0000-4000-8000-000000000002', '40000000-0000-4000-8000-000000000003'
);
create temporary table before_rest as
select to_jsonb(a) - 'source_item_owner' - 'target_item_owner' as content from dpg.item_actions a
union all
select to_jsonb(e) - 'source_item_owner' - 'target_item_owner' from dpg.action_events e;
create temporary table returned (like dpg.redactions);
grant all on returned to dpg_admin;

set local role dpg_admin;
insert into returned select * from dpg.erase_user('data officer', 'erase asha', 'request 18 under article 17');
reset role;

select results_eq(
  $$select item_domain, item_state, item_latitude, item_longitude, created_by from dpg.items
    where item_id in ('10000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000003') order by item_domain$$,
  $$values
      ('student', '{}'::jsonb, null::double precision, null::double precision, 'dpg_erased_user'),
      ('tutor', '{}', null, null, 'dpg_erased_user')$$,
  'her items are empty, without a place, and of the tombstone'
);
select results_eq(
  $$select to_jsonb(i) - array['item_state', 'item_latitude', 'item_longitude', 'created_by', 'updated_at'] from dpg.items i order by i.item_id$$,
  $$select to_jsonb(i) - array['item_state', 'item_latitude', 'item_longitude', 'created_by', 'updated_at'] from before_items i order by i.item_id$$,
  'their keys and URLs are as they were'
);
select ok(bool_and(i.updated_at > b.updated_at), 'they count as changed')
from dpg.items i
join before_items b using (item_network, item_domain, item_type, item_id)
where b.created_by = 'erase asha';

select results_eq(
  $$select right(action_id::text, 1), source_item_owner, target_item_owner from dpg.item_actions
    where partition_network = 'erase test' order by action_id$$,
  $$values
      ('1', 'dpg_erased_user', 'erase ravi'), ('2', 'erase ravi', 'dpg_erased_user'), ('3', 'dpg_erased_user', 'dpg_erased_user'),
      ('4', 'erase ravi', 'erase mina'), ('5', 'erase asha', 'erase ravi'), ('6', 'somebody far', 'dpg_erased_user')$$,
  'the tombstone is in her place in the actions; another instance''s user of that id is somebody else'
);
select results_eq(
  $$select left(action_id::text, 1) || right(action_id::text, 1), update_count, source_item_owner, target_item_owner
    from dpg.action_events where partition_network = 'erase test' order by 1, 2$$,
  $$values
      ('21', 0, 'dpg_erased_user', 'erase ravi'), ('21', 1, 'dpg_erased_user', 'erase ravi'),
      ('22', 0, 'erase ravi', 'dpg_erased_user'), ('23', 0, 'dpg_erased_user', 'dpg_erased_user'),
      ('24', 0, 'erase ravi', 'erase mina'), ('25', 0, 'erase asha', 'erase ravi'), ('26', 0, 'somebody far', 'dpg_erased_user'),
      ('41', 0, 'dpg_erased_user', 'somebody'), ('42', 0, 'erase asha', 'somebody'), ('43', 0, 'erase ravi', 'erase asha')$$,
  'and in the events, also in those mirrored from elsewhere'
);
select set_eq(
  $$select to_jsonb(a) - 'source_item_owner' - 'target_item_owner' from dpg.item_actions a
    union all
    select to_jsonb(e) - 'source_item_owner' - 'target_item_owner' from dpg.action_events e$$,
  $$select content from before_rest$$,
  'of actions and events nothing changed but the owners'
);
select is(
  (
    select count(*)
    from before_others b
    where not exists (
      select from dpg.items i where to_jsonb(i) = b.content
      union all
      select from dpg.item_actions a where to_jsonb(a) = b.content
      union all
      select from dpg.action_events e where to_jsonb(e) = b.content
    )
  ),
  0::bigint, 'and of others'' rows nothing at all'
);

select results_eq(
  $$select actor, kind, reason, partition_network, action_type, action_id, event_id from returned$$,
  $$values ('data officer', 'user', 'request 18 under article 17', null::text, null::text, null::uuid, null::uuid)$$,
  'it returns the record, which does not say whom'
);
select results_eq($$select * from dpg.redactions where kind = 'user'$$, $$select * from returned$$, 'which is what is stored');
select results_eq(
  $$select actor, reason from dpg.redactions where kind = 'event' and partition_network = 'erase test'$$,
  $$values ('dpg_erased_user', 'mine')$$,
  'the tombstone is in her place in the records of redactions, too'
);
select results_eq(
  $$select name from public."user" where id = 'dpg_erased_user'$$, $$values ('Erased user')$$,
  'the tombstone is a user, which the items'' owner must be'
);
select is(
  (select count(*) from dpg_private.party_leaves where owner in ('erase asha', 'dpg_erased_user')), 0::bigint,
  'no list of leaves has her or the tombstone'
);

-- what is left of her: nothing but the row of the user, which can go
select lives_ok($$delete from public."user" where id = 'erase asha'$$, 'the row of the user can be deleted');
create function pg_temp.traces(word text)
returns table (place text)
language plpgsql
as $body$
declare
  relation regclass;
  found boolean;
begin
  for relation in
    select c.oid::regclass
    from pg_class c
    where c.relkind in ('r', 'p')
      and not c.relispartition
      and c.relnamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace, 'public'::regnamespace)
  loop
    execute format('select exists (select from %s r where strpos(r::text, $1) > 0)', relation) into found using word;
    if found then
      place := relation;
      return next;
    end if;
  end loop;
end
$body$;
select results_eq(
  $$select place from pg_temp.traces('erase asha') order by 1$$,
  $$values ('dpg.action_events'), ('dpg.item_actions'), ('dpg_private.mirrored_actions')$$,
  'her id is nowhere but in the rows of others'
);
select results_eq(
  $$select count(*) from dpg.action_events
    where strpos(action_events::text, 'erase asha') > 0
      and action_id not in (
        '20000000-0000-4000-8000-000000000005', '40000000-0000-4000-8000-000000000002', '40000000-0000-4000-8000-000000000003'
      )$$,
  $$values (0::bigint)$$,
  'which are those of another instance''s user of the same id'
);

-- the others go on
set local role dpg_app;
select results_eq(
  $$select action_status, update_count, source_item_owner from dpg.transition_action(
      'erase ravi', 'erase test', 'connect', '20000000-0000-4000-8000-000000000001', 'done', expected_update_count => 1
    )$$,
  $$values ('done', 2, 'dpg_erased_user')$$,
  'the other party can move the action on'
);
select results_eq(
  $$select count(*) from dpg.find_actions('erase ravi')$$, $$values (5::bigint)$$, 'and finds all of it, also what lives elsewhere'
);
select results_eq(
  $$select source_item_owner, target_item_owner from dpg.perform_action(
      'erase ravi', 'visit', pg_temp.item(2, 'tutor'), pg_temp.item(1, 'student')
    )$$,
  $$values ('erase ravi', 'dpg_erased_user')$$,
  'an action for an item of the tombstone is one as for any other'
);
reset role;

-- again, and the next one
set local role dpg_admin;
select throws_ok(
  $$select dpg.erase_user('data officer', 'erase asha', 'again')$$, 'DP009', null, 'once erased and deleted she is unknown'
);
select results_eq(
  $$select kind from dpg.erase_user('erase ravi', 'erase ravi', 'my own wish')$$, $$values ('user')$$, 'the next is erased'
);
select is(
  (select actor from dpg.redactions where reason = 'my own wish'), 'dpg_erased_user',
  'who asks for one''s own erasure is not kept on record'
);
reset role;
select is(
  (select count(*) from public."user" where id = 'dpg_erased_user'), 1::bigint, 'there is one tombstone for all'
);
select lives_ok($$delete from public."user" where id = 'erase ravi'$$, 'and the second user can be deleted');

-- a user whose row was deleted first, with no item left, but parts in actions
select dpg_test.insert_users('erase gone');
select dpg.upsert_item(
  'erase gone', 'erase elsewhere', 'student', 'profile', 'https://erase.test', 'https://schemas.erase.test',
  item_id => '10000000-0000-4000-8000-000000000009'
);
select dpg.perform_action(
  'erase gone', 'connect', row('erase elsewhere', 'student', 'profile', '10000000-0000-4000-8000-000000000009'),
  pg_temp.item(4, 'student')
);
select dpg.delete_item('erase gone', 'erase elsewhere', 'student', 'profile', '10000000-0000-4000-8000-000000000009');
delete from public."user" where id = 'erase gone';
select results_eq(
  $$select count(*) from pg_temp.traces('erase gone')$$, $$values (4::bigint)$$,
  'a user who was deleted without being erased has left traces'
);
set local role dpg_admin;
select results_eq(
  $$select kind from dpg.erase_user('data officer', 'erase gone', 'late')$$, $$values ('user')$$, 'and can still be erased'
);
reset role;
select is_empty($$select place from pg_temp.traces('erase gone')$$, 'then there is none');

set local role dpg_app;
select throws_ok($$select dpg.erase_user('x', 'erase mina', 'x')$$, '42501', null, 'dpg_app may not erase');
reset role;

select * from finish();
rollback;
