-- Subscriptions to items: their names, what the other functions of the feed say of them, and the triggers that they need.
begin;
select plan(30);

select dpg_test.insert_users('asha');
select dpg.upsert_item('asha', 'followed', 'student', 'profile', 'https://followed.test', 's', item_id => dpg_test.item_id(1)) is not null as created;
select dpg.ensure_item_partition('followed', 'tutor') is not null as created;
create function pg_temp.triggers()
returns text
language sql
as $body$
  select string_agg(
    concat_ws(' ', t.tgrelid::regclass, t.tgname, t.tgenabled, (regexp_match(pg_get_triggerdef(t.oid), 'note_\w+\((.*)\)'))[1]),
    ', ' order by t.tgrelid::regclass::text, t.tgname
  )
  from pg_trigger t
  where t.tgname like 'items_follow%'
$body$;
create function pg_temp.follower(subscription text)
returns text
language sql
as $body$
  select f.follower::text from dpg_private.item_followers f where f.subscription = follower.subscription
$body$;
grant execute on all functions in schema pg_temp to public;
select is(pg_temp.triggers(), null, 'without a subscription there are no triggers');

-- names
set local role dpg_app;
select dpg.create_item_subscription('students', 'followed', 'student') is not null as created;
select dpg.create_subscription('events') is not null as created;
select is(
  (select (a is not distinct from b)::text from dpg.create_item_subscription('students', 'followed', 'student') a, dpg.subscriptions b where b.subscription = 'students'),
  'true', 'the same subscription again is the one that is there'
);
select is(dpg_test.refusal($$select dpg.create_item_subscription('students', 'followed')$$), 'DP008', 'with other filters it is refused');
select is(dpg_test.refusal($$select dpg.create_item_subscription('events')$$), 'DP008', 'the name of one to events');
select is(dpg_test.refusal($$select dpg.create_subscription('students')$$), 'DP008', 'and the other way round');
select is(
  dpg_test.detail($$select dpg.create_subscription('students')$$),
  '{"kind": "items", "item_type": null, "item_domain": "student", "item_network": "followed", "subscription": "students"}',
  'the detail says what is there'
);
select is(dpg_test.refusal($$select dpg.create_item_subscription(' ')$$), 'DP001 subscription', 'a name is a key');
select is(dpg_test.refusal($$select dpg.create_item_subscription('x', '')$$), 'DP001 item_network', 'a network is a key');
select is(dpg_test.refusal($$select dpg.create_item_subscription('x', null, '')$$), 'DP001 item_domain', 'a domain is a key');
select is(dpg_test.refusal($$select dpg.create_item_subscription('x', null, null, '')$$), 'DP001 item_type', 'a type is a key');

-- the other functions
select is(dpg_test.refusal($$select dpg.read_item_changes('events')$$), 'DP001 subscription', 'one to events has no changes of items');
select is(dpg_test.hint($$select dpg.read_item_changes('events')$$), 'Read it with dpg.read_events.', 'the hint says what it has');
select is(dpg_test.refusal($$select dpg.read_events('students')$$), 'DP001 subscription', 'one to items has no events');
select is(dpg_test.hint($$select dpg.read_events('students')$$), 'Read it with dpg.read_item_changes.', 'the hint says what it has');
select is(dpg_test.refusal($$select dpg.read_retries('students')$$), 'DP001 subscription', 'read_retries is for events');
select is(dpg_test.refusal($$select dpg.fail_event('students', 0, 'x')$$), 'DP001 subscription', 'fail_event');
select is(dpg_test.refusal($$select dpg.settle_event('students', 0)$$), 'DP001 subscription', 'settle_event');
select is(dpg_test.refusal($$select dpg.retry_events('students')$$), 'DP001 subscription', 'retry_events');
select is(
  dpg_test.hint($$select dpg.fail_event('students', 0, 'x')$$) like '%dpg.release_events%', true,
  'the hint says what to do with a batch that cannot be dealt with'
);
select is(dpg_test.refusal($$select dpg.read_item_changes('unknown')$$), 'DP001 subscription', 'an unknown one');
select is(dpg_test.refusal($$select dpg.read_item_changes('students', 0)$$), 'DP001 max_changes', 'no changes at all');
select is(dpg_test.refusal($$select dpg.read_item_changes('students', 10001)$$), 'DP001 max_changes', 'too many');
select is(dpg_test.refusal($$select dpg.read_item_changes('students', 1, 0)$$), 'DP001 lease_seconds', 'no time at all');
select is(dpg_test.refusal($$select dpg.acknowledge('students', 1)$$), 'DP001 position', 'what was not handed out');
set local role dpg_readonly;
select is(dpg_test.refusal($$select dpg.read_item_changes('students')$$), '42501 permission denied for function read_item_changes', 'dpg_readonly reads the tables alone');
reset role;

-- triggers
select is(
  pg_temp.triggers(),
  format(
    'dpg.i_p_followed_student items_follow_delete O ''%1$s'', dpg.i_p_followed_student items_follow_insert O ''%1$s'', '
      || 'dpg.i_p_followed_student items_follow_truncate O ''%1$s'', dpg.i_p_followed_student items_follow_update O ''%1$s''',
    pg_temp.follower('students')
  ),
  'triggers of the leaf that is covered'
);
select dpg.create_item_subscription('odd', item_type => E'it''s \\ "odd"') is not null as created;
select dpg.upsert_item('asha', 'followed', 'tutor', E'it''s \\ "odd"', 'https://followed.test', 's', item_id => dpg_test.item_id(2)) is not null as created;
select dpg.upsert_item('asha', 'followed', 'tutor', 'profile', 'https://followed.test', 's', item_id => dpg_test.item_id(3)) is not null as created;
select is(
  (select string_agg(right(c.item_id::text, 1), ' ') from dpg.read_item_changes('odd') c), '2',
  'a type is written into the trigger as it is'
);
select is((select count(*) from dpg_private.find_leaves_to_follow(null, null)), 0::bigint, 'all leaves are as the subscriptions demand');
select dpg.drop_subscription('odd') is not null, dpg.drop_subscription('students') is not null as dropped;
select is(
  (select string_agg(distinct t.tgenabled::text, '') from pg_trigger t where t.tgname like 'items_follow%'), 'D',
  'without a subscription triggers do not fire'
);
select dpg.upsert_item('asha', 'followed', 'tutor', 'profile', 'https://followed.test', 's', '{"n": 1}', item_id => dpg_test.item_id(3)) is not null as changed;
select is(
  (select (select count(*) from dpg_private.changed_items) + (select count(*) from dpg_private.item_changes)), 0::bigint,
  'nothing is left, and nothing is noted'
);

select * from finish();
rollback;
