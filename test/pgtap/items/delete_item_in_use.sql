-- An item that an action of its network refers to, as target or as source, stays; actions of other networks hold nobody.
begin;
select plan(14);

insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@test.example'), ('ravi', 'Ravi', 'ravi@test.example');

-- all that a call could leave behind, row versions included
create function pg_temp.everything() returns text
language sql security definer as $body$
  select md5(concat_ws('|',
    (select string_agg(concat(i.ctid, i.xmin, i), ',' order by i.tableoid, i.ctid) from dpg.items i),
    (select string_agg(concat(a.ctid, a.xmin, a), ',' order by a.tableoid, a.ctid) from dpg.item_actions a),
    (select string_agg(concat(e.ctid, e.xmin, e), ',' order by e.tableoid, e.ctid) from dpg.action_events e),
    (select string_agg(d::text, ',' order by d::text) from dpg.action_definitions d),
    (select string_agg(u::text, ',' order by u::text) from dpg_private.instance_url_sightings u),
    (select string_agg(p::text, ',' order by p::text) from dpg_private.partition_names p),
    (select string_agg(c.relname, ',' order by c.relname) from pg_class c where c.relnamespace = 'dpg'::regnamespace)
  ))
$body$;

-- SQLSTATE and DETAIL of a refusal, which must have a hint
create function pg_temp.refusal(call text) returns text
language plpgsql as $body$
declare
  state text;
  detail text;
  hint text;
begin
  execute call;
  return 'no refusal';
exception
  when others then
    get stacked diagnostics state = returned_sqlstate, detail = pg_exception_detail, hint = pg_exception_hint;
    return concat_ws(' ', state, case when state like 'DP%' then detail::jsonb::text else sqlerrm end, case when hint = '' then 'without hint' end);
end
$body$;

set local role dpg_app;
select lives_ok($$
  select dpg.upsert_item('asha', 'use_dot', 'student', 'profile', 'https://a', 'https://s', item_id => '00000000-0000-4000-8000-000000000001');
  select dpg.upsert_item('ravi', 'use_dot', 'tutor', 'profile', 'https://a', 'https://s', item_id => '00000000-0000-4000-8000-000000000002');
  select dpg.upsert_item('asha', 'use_dot', 'student', 'profile', 'https://a', 'https://s', item_id => '00000000-0000-4000-8000-000000000003');
  select dpg.upsert_item('asha', 'other_dot', 'student', 'profile', 'https://a', 'https://s', item_id => '00000000-0000-4000-8000-000000000001');
  select dpg.upsert_item('ravi', 'use_dot', 'tutor', 'other', 'https://a', 'https://s', item_id => '00000000-0000-4000-8000-000000000002');
  select dpg.upsert_item('ravi', 'use_dot', 'student', 'profile', 'https://a', 'https://s', item_id => '00000000-0000-4000-8000-000000000002');
$$, 'items in two networks');
select lives_ok($$
  select dpg.perform_action('asha', 'connect', row('use_dot', 'student', 'profile', '00000000-0000-4000-8000-000000000001'),
    row('use_dot', 'tutor', 'profile', '00000000-0000-4000-8000-000000000002'));
$$, 'an action within the network');
select lives_ok($$
  select dpg.perform_action('asha', 'connect', row('other_dot', 'student', 'profile', '00000000-0000-4000-8000-000000000001'),
    row('use_dot', 'tutor', 'profile', '00000000-0000-4000-8000-000000000002'))
$$, 'an action from an item of another network');
select lives_ok($$
  select dpg.receive_action('connect', row('use_dot', 'student', 'profile', '00000000-0000-4000-8000-000000000003'),
    'https://remote.example.com', 'asha', row('use_dot', 'tutor', 'profile', '00000000-0000-4000-8000-000000000002'))
$$, 'an action from an item of another instance that has the key of one here');
create temporary table before as select pg_temp.everything() as state;

select is(
  pg_temp.refusal($$select dpg.delete_item('ravi', 'use_dot', 'tutor', 'profile', '00000000-0000-4000-8000-000000000002')$$),
  'DP013 {"item_id": "00000000-0000-4000-8000-000000000002", "item_type": "profile", "item_domain": "tutor", "item_network": "use_dot"}',
  'a target stays'
);
select is(
  pg_temp.refusal($$select dpg.delete_item('asha', 'use_dot', 'student', 'profile', '00000000-0000-4000-8000-000000000001')$$),
  'DP013 {"item_id": "00000000-0000-4000-8000-000000000001", "item_type": "profile", "item_domain": "student", "item_network": "use_dot"}',
  'a source of the same network stays'
);
select is(
  left(pg_temp.refusal($$select dpg.delete_item('asha', 'use_dot', 'tutor', 'profile', '00000000-0000-4000-8000-000000000002')$$), 5), 'DP003',
  'a stranger learns first that the item is not theirs'
);
select is(pg_temp.everything(), (select state from before), 'no refusal has written anything');

select lives_ok(
  $$select dpg.delete_item('asha', 'other_dot', 'student', 'profile', '00000000-0000-4000-8000-000000000001')$$,
  'a source of another network is free: the action keeps its snapshot'
);
select lives_ok(
  $$select dpg.delete_item('asha', 'use_dot', 'student', 'profile', '00000000-0000-4000-8000-000000000003')$$,
  'an item whose key an item of another instance has is free'
);
select lives_ok(
  $$select dpg.delete_item('ravi', 'use_dot', 'tutor', 'other', '00000000-0000-4000-8000-000000000002')$$,
  'an item of the target''s id and another type is free'
);
select lives_ok(
  $$select dpg.delete_item('ravi', 'use_dot', 'student', 'profile', '00000000-0000-4000-8000-000000000002')$$,
  'an item of the target''s id and another domain is free'
);
reset role;
select is((select count(*)::integer from dpg.item_actions where partition_network = 'use_dot'), 3, 'the actions are all there');
select set_eq(
  $$select item_domain, item_id from dpg.items where item_network in ('use_dot', 'other_dot')$$,
  $$values ('student', '00000000-0000-4000-8000-000000000001'::uuid), ('tutor', '00000000-0000-4000-8000-000000000002'::uuid)$$,
  'and so are the two items they refer to'
);

select * from finish();
rollback;
