-- What the table of actions itself refuses, whoever writes.
begin;
select plan(14);

select dpg_test.insert_items();

do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', action_id => dpg_test.id(1));
  perform dpg.ensure_action_partition('actions elsewhere', 'connect');
end
$body$;

create function pg_temp.with_changes(changes jsonb)
returns void
language plpgsql
as $body$
begin
  insert into dpg.item_actions
  select (jsonb_populate_record(a, changes)).*
  from dpg.item_actions a
  where a.action_id = dpg_test.id(1);
end
$body$;
create function pg_temp.broken(changes jsonb, fn regproc)
returns text
language plpgsql
as $body$
declare
  code text;
  broken_constraint text;
begin
  execute format('select %s($1)', fn) using changes;
  return 'none';
exception
  when others then
    get stacked diagnostics code = returned_sqlstate, broken_constraint = constraint_name;
    return code || ' ' || regexp_replace(broken_constraint, '^(a|e)_p_actionstest_connect_', '');
end
$body$;
select is(pg_temp.broken(c.changes::jsonb, 'pg_temp.with_changes'), c.wanted, c.name)
from (
  values
    ('{}', '23505 pkey', 'one row for network, action type and id'),
    ('{"action_id": "20000000-0000-4000-8000-000000000002", "partition_network": "actions elsewhere"}', '23514 item_actions_partition_check', 'partition_network is the target''s'),
    ('{"action_id": "20000000-0000-4000-8000-000000000002", "update_count": -1}', '23514 item_actions_update_count_check', 'update_count is not negative'),
    ('{"action_id": "20000000-0000-4000-8000-000000000002", "source_item_id": "10000000-0000-4000-8000-000000000003"}', '23514 item_actions_source_local_check', 'source_local_item_id is the source''s id'),
    ('{"action_id": "20000000-0000-4000-8000-000000000002", "source_item_network": "actions elsewhere"}', '23514 item_actions_source_local_check', 'in the action''s network'),
    ('{"action_id": "20000000-0000-4000-8000-000000000002", "source_item_is_local": false}', '23514 item_actions_source_local_check', 'for a source of this instance'),
    ('{"action_id": "20000000-0000-4000-8000-000000000002", "source_item_domain": "tutor"}', '23503 item_actions_source_item_fkey', 'a source of this network is an item'),
    ('{"action_id": "20000000-0000-4000-8000-000000000002", "target_item_id": "10000000-0000-4000-8000-000000000008"}', '23503 item_actions_target_item_fkey', 'the target is an item'),
    ('{"action_id": "20000000-0000-4000-8000-000000000002", "target_item_domain": "nowhere"}', '23503 item_actions_target_item_fkey', 'of a domain that is there'),
    ('{"action_id": "20000000-0000-4000-8000-000000000002", "target_item_domain": "tutor", "source_local_item_id": null, "source_item_id": "10000000-0000-4000-8000-000000000008"}', 'none', 'a source that is not held is not checked'),
    ('{"action_id": "20000000-0000-4000-8000-000000000003", "action_type": "nothing"}', '23514 ', 'no row goes where no leaf is')
) c(changes, wanted, name);
select col_is_pk('dpg', 'item_actions', array['partition_network', 'action_type', 'action_id'], 'the primary key');
select throws_ok(
  $$delete from dpg.items where item_network = 'actions test' and item_id = '10000000-0000-4000-8000-000000000001'$$,
  '23503', null, 'an item that is a source of its network stays'
);
select throws_ok(
  $$delete from dpg.items where item_network = 'actions test' and item_id = '10000000-0000-4000-8000-000000000002'$$,
  '23503', null, 'so does a target'
);

select * from finish();
rollback;
