-- What the table of events itself refuses, whoever writes.
begin;
select plan(9);

select dpg_test.insert_items();

do $body$
begin
  perform dpg.store_event(dpg_test.event());
end
$body$;

create function pg_temp.with_changes(changes jsonb)
returns void
language plpgsql
as $body$
begin
  insert into dpg.action_events
  select (jsonb_populate_record(e, changes)).*
  from dpg.action_events e
  where e.event_id = '40000000-0000-4000-8000-000000000001';
end
$body$;
create function pg_temp.broken(changes jsonb)
returns text
language plpgsql
as $body$
declare
  code text;
begin
  perform pg_temp.with_changes(changes);
  return 'none';
exception
  when others then
    get stacked diagnostics code = returned_sqlstate;
    return code;
end
$body$;
select is(pg_temp.broken(c.changes::jsonb), c.wanted, c.name)
from (
  values
    ('{}', '23505', 'the same row'),
    ('{"action_id": "20000000-0000-4000-8000-000000000002"}', '23505', 'one row for network, action type and event id'),
    ('{"event_id": "40000000-0000-4000-8000-000000000002"}', '23505', 'one row for origin, action and update'),
    ('{"event_id": "40000000-0000-4000-8000-000000000002", "update_count": -1}', '23514', 'update_count is not negative'),
    ('{"event_id": "40000000-0000-4000-8000-000000000002", "update_count": 4}', 'none', 'another update'),
    ('{"event_id": "40000000-0000-4000-8000-000000000003", "origin_instance_domain": "https://other.actions.test"}', 'none', 'another origin'),
    ('{"event_id": "40000000-0000-4000-8000-000000000004", "action_type": "nothing", "update_count": 5}', '23514', 'no row goes where no leaf is')
) c(changes, wanted, name);
select col_is_pk('dpg', 'action_events', array['partition_network', 'action_type', 'event_id'], 'the primary key');
select col_is_unique('dpg', 'action_events', array['partition_network', 'action_type', 'origin_instance_domain', 'action_id', 'update_count'], 'the unique key');

select * from finish();
rollback;
