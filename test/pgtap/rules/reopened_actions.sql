-- A transition out of a final status into an open one is checked as a new action, also among many and of a remote source.
begin;
select plan(18);

select dpg_test.insert_users('asha', 'ravi');

create function pg_temp.id(n integer) returns uuid language sql immutable strict
return format('00000000-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid;
create function pg_temp.item(n integer) returns dpg.item_ref language sql immutable
return row('open_dot', case when n < 10 then 'student' else 'tutor' end, 't', pg_temp.id(n))::dpg.item_ref;
create function pg_temp.act(action integer, source integer, target integer) returns text language sql as $body$
  select dpg_test.refusal(format(
    'select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref, action_id => %L)',
    case when source < 10 then 'asha' else 'ravi' end, 'connect', pg_temp.item(source), pg_temp.item(target), pg_temp.id(action)
  ))
$body$;
create function pg_temp.move(n integer, status text, event integer default null, expected integer default null) returns text language sql as $body$
  select dpg_test.refusal(format(
    'select dpg.transition_action(%L, %L, %L, %L, %L, %L, event_id => %L)', 'ravi', 'open_dot', 'connect', pg_temp.id(n), status, expected,
    pg_temp.id(event)
  ))
$body$;
create function pg_temp.move_many(variadic moves text[]) returns text language sql as $body$
  select string_agg(coalesce(t.code, t.action_status), ' ' order by t.index)
  from dpg.transition_actions('ravi', (
    select jsonb_agg(jsonb_build_object(
      'partition_network', 'open_dot', 'action_type', 'connect', 'action_id', pg_temp.id(split_part(m, ' ', 1)::integer),
      'action_status', split_part(m, ' ', 2)
    ) order by number)
    from unnest(moves) with ordinality m(m, number)
  )) t
$body$;
select dpg.upsert_item(
  case when n < 10 then 'asha' else 'ravi' end, 'open_dot', (pg_temp.item(n)).item_domain, 't', 'https://open.example.com', 's', item_id => pg_temp.id(n)
)
from generate_series(1, 15) n;
select dpg.define_action('open_dot', 'connect', '[
  {"from": "created", "to": "declined", "by": "either"}, {"from": "declined", "to": "created", "by": "either"},
  {"from": "created", "to": "created", "by": "either"}, {"from": "declined", "to": "archived", "by": "target"}
]', rules => '{"final_statuses": ["declined", "archived"], "max_open_per_pair": 1}');

select is(pg_temp.act(101, 1, 11), 'no refusal', 'an action');
select is(pg_temp.move(101, 'declined'), 'no refusal', 'is declined');
select is(pg_temp.act(102, 1, 11), 'no refusal', 'another one');
select is(left(pg_temp.move(101, 'created'), 5), 'DP016', 'the first cannot come back');
select is(
  (select a.action_status || a.update_count from dpg.item_actions a where a.action_id = pg_temp.id(101)), 'declined1', 'and is as it was'
);
select is(pg_temp.move(101, 'archived'), 'no refusal', 'from one final status to another');
select is(pg_temp.move(102, 'created'), 'no refusal', 'from an open one to an open one');
select is(pg_temp.move(102, 'declined'), 'no refusal', 'the second is declined');
select is(pg_temp.move(102, 'created', event => 201, expected => 2), 'no refusal', 'and comes back');
select is(pg_temp.move(102, 'declined'), 'no refusal', 'and goes');
select is(pg_temp.act(103, 11, 1), 'no refusal', 'the other way round');
select is(pg_temp.move(102, 'created', event => 201, expected => 2), 'no refusal', 'a repeated call is answered before the rule');
select is(left(pg_temp.move(102, 'created'), 5), 'DP016', 'a new one is not');
select is(left(pg_temp.move(102, 'created', expected => 1), 5), 'DP007', 'after DP007');

-- many at once: each sees what those before it have done
select is(pg_temp.act(104, 2, 12), 'no refusal', 'a pair of which');
select is(
  pg_temp.move_many('104 declined', '104 created', '102 created', '103 declined', '102 created', '103 created'),
  'declined created DP016 declined created DP016', 'many, in the order of the input'
);
select is(pg_temp.move_many('102 declined', '102 created', '102 declined', '103 created'), 'declined created declined created', 'and again');
select is(
  (
    select count(*)::integer from dpg.item_actions a
    where a.partition_network = 'open_dot' and a.action_status = 'created' and pg_temp.id(1) in (a.source_item_id, a.target_item_id)
  ),
  1, 'one is open'
);

select * from finish();
rollback;
