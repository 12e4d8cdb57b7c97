-- move_items puts one user in the place of another everywhere where that is a user of this instance, in what finds the rows as
-- well, and leaves the rest alone. What was his is hers from then on.
begin;
select plan(26);

select dpg_test.insert_users('move guest', 'move asha', 'move ravi');

create function pg_temp.item(number integer, domain text)
returns dpg.item_ref
language sql
as $body$
  select row('move test', domain, 'profile', ('10000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid)::dpg.item_ref
$body$;

create function pg_temp.mirrored(number integer, source_owner text, source_url text, target_owner text, update_count integer default 0)
returns jsonb
language sql
as $body$
  select '{
    "partition_network": "move test", "action_type": "mirrored", "origin_instance_domain": "https://other.move.test",
    "source_item_network": "move test", "source_item_domain": "student", "source_item_type": "profile",
    "source_item_id": "10000000-0000-4000-8000-000000000001",
    "target_item_network": "move test", "target_item_domain": "tutor", "target_item_type": "profile",
    "target_item_id": "88888888-8888-4888-8888-888888888888", "target_item_instance_url": "https://other.move.test",
    "event_payload": {"phone": "0123"}, "created_at": "2026-01-01T00:00:00.000000Z"
  }'::jsonb || jsonb_build_object(
    'event_id', ('3' || update_count || '000000-0000-4000-8000-' || lpad(number::text, 12, '0')),
    'action_id', '40000000-0000-4000-8000-' || lpad(number::text, 12, '0'), 'action_status', 's' || update_count,
    'update_count', update_count,
    'source_item_owner', source_owner, 'source_item_instance_url', source_url, 'target_item_owner', target_owner
  )
$body$;

-- items: 1 and 3 of the guest (two domains), 2 of Ravi, 4 of Asha
-- actions: 1 guest to Ravi, 2 Ravi to guest, 3 guest to Asha, 5 from another instance's "move guest" to Ravi
-- mirrored events: 1 of the guest, 2 of another instance's "move guest", 3 of Ravi for another instance's "move guest"
do $body$
begin
  perform dpg.upsert_item(
    i.owner, 'move test', i.domain, 'profile', 'https://move.test', 'https://schemas.move.test',
    jsonb_build_object('name', i.owner), 12.5, 77.5, (pg_temp.item(i.number, i.domain)).item_id
  )
  from (
    values (1, 'student', 'move guest'), (2, 'tutor', 'move ravi'), (3, 'tutor', 'move guest'), (4, 'tutor', 'move asha')
  ) i(number, domain, owner);
  perform dpg.perform_action(
    a.actor, 'connect', pg_temp.item(a.source, a.source_domain), pg_temp.item(a.target, 'tutor'),
    action_id => ('20000000-0000-4000-8000-' || lpad(a.number::text, 12, '0'))::uuid
  )
  from (
    values (1, 'move guest', 1, 'student', 2), (2, 'move ravi', 2, 'tutor', 3), (3, 'move guest', 1, 'student', 4)
  ) a(number, actor, source, source_domain, target);
  perform dpg.receive_action(
    'connect', row('move test', 'student', 'profile', 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa'), 'https://far.move.test',
    'move guest', pg_temp.item(2, 'tutor'), action_id => '20000000-0000-4000-8000-000000000005'
  );
  perform dpg.transition_action('move ravi', 'move test', 'connect', '20000000-0000-4000-8000-000000000001', 'accepted');
  perform dpg.store_event(pg_temp.mirrored(1, 'move guest', 'https://move.test', 'somebody'));
  perform dpg.store_event(pg_temp.mirrored(2, 'move guest', 'https://far.move.test', 'somebody'));
  perform dpg.store_event(pg_temp.mirrored(3, 'move ravi', 'https://move.test', 'move guest'));
  -- the guest once asked for a redaction
  perform dpg.redact_event('move guest', 'move test', 'mirrored', '30000000-0000-4000-8000-000000000002', 'mine');
end
$body$;

create temporary table before_items as select * from dpg.items;
create temporary table before_rest as
select to_jsonb(a) - 'source_item_owner' - 'target_item_owner' as content from dpg.item_actions a
union all
select to_jsonb(e) - 'source_item_owner' - 'target_item_owner' from dpg.action_events e;
create temporary table returned (like dpg.redactions);
grant all on returned to dpg_admin;

set local role dpg_app;
select throws_ok($$select dpg.move_items('x', 'move guest', 'move asha', 'x')$$, '42501', null, 'dpg_app may not move');
set local role dpg_admin;
insert into returned select * from dpg.move_items('move asha', 'move guest', 'move asha', 'signed up');
reset role;

select results_eq(
  $$select right(item_id::text, 1), created_by from dpg.items where item_network = 'move test' order by item_id$$,
  $$values ('1', 'move asha'), ('2', 'move ravi'), ('3', 'move asha'), ('4', 'move asha')$$,
  'the items are hers'
);
select results_eq(
  $$select to_jsonb(i) - array['created_by', 'updated_at'] from dpg.items i order by i.item_id$$,
  $$select to_jsonb(i) - array['created_by', 'updated_at'] from before_items i order by i.item_id$$,
  'with content and place'
);
select results_eq(
  $$select right(i.item_id::text, 1), i.updated_at > b.updated_at
    from dpg.items i join before_items b using (item_network, item_domain, item_type, item_id) order by i.item_id$$,
  $$values ('1', true), ('2', false), ('3', true), ('4', false)$$,
  'those that were moved count as changed'
);
select results_eq(
  $$select right(action_id::text, 1), source_item_owner, target_item_owner from dpg.item_actions
    where partition_network = 'move test' order by action_id$$,
  $$values
      ('1', 'move asha', 'move ravi'), ('2', 'move ravi', 'move asha'), ('3', 'move asha', 'move asha'),
      ('5', 'move guest', 'move ravi')$$,
  'she is in the guest''s place in the actions; another instance''s user of that id is somebody else'
);
select results_eq(
  $$select left(action_id::text, 1) || right(action_id::text, 1), update_count, source_item_owner, target_item_owner
    from dpg.action_events where partition_network = 'move test' order by 1, 2$$,
  $$values
      ('21', 0, 'move asha', 'move ravi'), ('21', 1, 'move asha', 'move ravi'), ('22', 0, 'move ravi', 'move asha'),
      ('23', 0, 'move asha', 'move asha'), ('25', 0, 'move guest', 'move ravi'),
      ('41', 0, 'move asha', 'somebody'), ('42', 0, 'move guest', 'somebody'), ('43', 0, 'move ravi', 'move guest')$$,
  'and in the events, also in those mirrored from elsewhere'
);
select set_eq(
  $$select to_jsonb(a) - 'source_item_owner' - 'target_item_owner' from dpg.item_actions a
    union all
    select to_jsonb(e) - 'source_item_owner' - 'target_item_owner' from dpg.action_events e$$,
  $$select content from before_rest$$,
  'of actions and events nothing changed but the owners'
);
select results_eq(
  $$select actor, kind, reason, from_user, to_user, database_role = session_user from returned$$,
  $$values ('move asha', 'move', 'signed up', 'move guest', 'move asha', true)$$,
  'it returns the record, which names both'
);
select results_eq($$select * from dpg.redactions where kind = 'move'$$, $$select * from returned$$, 'which is what is stored');
select is(
  (select r.actor from dpg.redactions r where r.kind = 'event'), 'move guest', 'who asked for a redaction before did so as the guest'
);

-- she finds and does what the guest could
set local role dpg_app;
select results_eq(
  $$select right(f.action_id::text, 1), left(f.action_id::text, 1) from dpg.find_actions('move asha') f order by 2, 1$$,
  $$values ('1', '2'), ('2', '2'), ('3', '2'), ('1', '4')$$,
  'she finds the actions, also the one that lives elsewhere'
);
select is((select count(*) from dpg.find_events('move asha')), 5::bigint, 'and the events');
select is_empty($$select from dpg.find_actions('move guest')$$, 'the guest finds none any more');
select is_empty($$select from dpg.find_events('move guest')$$, 'and no event');
select results_eq(
  $$select update_count, source_item_owner from dpg.transition_action(
      'move asha', 'move test', 'connect', '20000000-0000-4000-8000-000000000001', 'done', expected_update_count => 1
    )$$,
  $$values (2, 'move asha')$$,
  'she can move an action on'
);
select throws_ok(
  $$select dpg.transition_action('move guest', 'move test', 'connect', '20000000-0000-4000-8000-000000000001', 'x')$$, 'DP005', null,
  'the guest is no party any more'
);
select throws_ok(
  $$select dpg.delete_item('move guest', 'move test', 'tutor', 'profile', '10000000-0000-4000-8000-000000000003')$$, 'DP003', null,
  'nor an owner'
);

-- the guest may go on, and begins anew
do $body$
begin
  perform dpg.upsert_item(
    'move guest', 'move test', 'student', 'profile', 'https://move.test', 'https://schemas.move.test',
    item_id => '10000000-0000-4000-8000-000000000009'
  );
  perform dpg.perform_action('move guest', 'connect', pg_temp.item(9, 'student'), pg_temp.item(2, 'tutor'));
end
$body$;
select is((select count(*) from dpg.find_actions('move guest')), 1::bigint, 'what the guest does later is the guest''s');
reset role;

-- again, and onwards
select results_eq(
  $$select from_user, to_user from dpg.move_items('officer', 'move guest', 'move ravi', 'to another this time')$$,
  $$values ('move guest', 'move ravi')$$,
  'what came since may go to somebody else'
);
select results_eq(
  $$select created_by, count(*) from dpg.items where item_network = 'move test' group by 1 order by 1$$,
  $$values ('move asha', 3::bigint), ('move ravi', 2)$$,
  'without what went before'
);
select lives_ok($$delete from public."user" where id = 'move guest'$$, 'then the guest can be deleted');

-- who is erased is not named in the records either
select lives_ok($$select dpg.erase_user('officer', 'move guest', 'request')$$, 'who was deleted, and is in a record alone, can be erased');
select lives_ok($$select dpg.erase_user('officer', 'move asha', 'request')$$, 'and who has taken the place');
select results_eq(
  $$select actor, from_user, to_user from dpg.redactions where kind = 'move' order by redaction_id$$,
  $$values ('dpg_erased_user', 'dpg_erased_user', 'dpg_erased_user'), ('officer', 'dpg_erased_user', 'move ravi')$$,
  'the tombstone is in their place'
);
select results_eq(
  $$select count(*) from dpg.items where created_by = 'dpg_erased_user'$$, $$values (3::bigint)$$, 'what was moved is erased'
);
select is_empty(
  $$select from dpg_private.party_leaves where owner in ('move guest', 'move asha')$$, 'and no list of leaves has them'
);

select * from finish();
rollback;
