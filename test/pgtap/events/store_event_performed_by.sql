-- Who carried out a change, and for which side, comes with a mirrored event of version 2 and is part of what it says. An event of
-- before lacks both: it is the same event with them as without.
begin;
select plan(42);

select dpg_test.insert_items();
set local role dpg_app;

-- what they may be
select is(dpg_test.refusal(format('select dpg.store_event(dpg_test.event(%L))', e)), 'DP001 event.' || f, e)
from (values
  ('performed_by', '{"performed_by": ""}'), ('performed_by', '{"performed_by": " \t"}'), ('performed_by', '{"performed_by": 1}'),
  ('performed_by', '{"performed_by": {}}'), ('performed_by', jsonb_build_object('performed_by', repeat('x', 121))::text),
  ('acting_side', '{"acting_side": ""}'), ('acting_side', '{"acting_side": "either"}'), ('acting_side', '{"acting_side": "Source"}'),
  ('acting_side', '{"acting_side": ["source"]}'), ('acting_side', '{"acting_side": true}')
) c(f, e);

create function pg_temp.numbered(number integer, changes jsonb default '{}')
returns jsonb
language sql
as $body$
  select dpg_test.event(jsonb_build_object('event_id', dpg_test.id(number), 'action_id', dpg_test.id(number)) || changes)
$body$;
select results_eq(
  format('select performed_by, acting_side from dpg.store_event(pg_temp.numbered(%s, %L))', n, e),
  format('values (%L::text, %L::text)', p, s), 'stored: ' || e
)
from (values
  (1, '{}', null, null), (2, '{"performed_by": null, "acting_side": null}', null, null),
  (3, '{"performed_by": "a service", "acting_side": "target"}', 'a service', 'target'),
  (4, '{"performed_by": null, "acting_side": "source"}', null, 'source'), (5, '{"performed_by": "a service"}', 'a service', null)
) c(n, e, p, s);
create temporary table stored as select * from dpg.action_events where false;
reset role;
insert into stored select * from dpg.action_events;
set local role dpg_app;

-- again
select lives_ok(format('select dpg.store_event(pg_temp.numbered(%s, %L))', n, e), format('%s again: %s', n, e))
from (values
  (1, '{}'), (1, '{"performed_by": "a service", "acting_side": "target"}'), (1, '{"performed_by": null, "acting_side": null}'),
  (2, '{}'), (2, '{"acting_side": "source"}'),
  (3, '{}'), (3, '{"performed_by": "a service"}'), (3, '{"acting_side": "target"}'),
  (3, '{"performed_by": "a service", "acting_side": "target"}'),
  (3, '{"performed_by": "dpg_erased_user", "acting_side": "target"}'), -- erased where it was made
  (4, '{}'), (4, '{"acting_side": "source"}'), (5, '{}'), (5, '{"performed_by": "a service", "acting_side": "source"}')
) c(n, e);
select throws_ok(format('select dpg.store_event(pg_temp.numbered(%s, %L))', n, e), 'DP008', null, format('%s with other content: %s', n, e))
from (values
  (3, '{"performed_by": "another"}'), (3, '{"performed_by": null}'), (3, '{"performed_by": "A service"}'), (3, '{"acting_side": "source"}'),
  (3, '{"acting_side": null}'), (4, '{"performed_by": "a service"}'), (4, '{"acting_side": "target"}'), (5, '{"performed_by": "another"}'),
  (5, '{"performed_by": "actions asha"}')
) c(n, e);
reset role;
select set_eq('select to_jsonb(e) from dpg.action_events e', 'select to_jsonb(s) from stored s', 'no event was changed');

-- the other instance has moved its items from one of its users to another: who named themselves is moved along
set local role dpg_app;
select dpg.store_event(pg_temp.numbered(8, '{"performed_by": "actions ravi", "acting_side": "target"}'));
select lives_ok(
  $$select dpg.store_event(pg_temp.numbered(8, '{"performed_by": "moved", "target_item_owner": "moved", "acting_side": "target"}'))$$,
  'another owner who carried it out alone'
);
select throws_ok(
  $$select dpg.store_event(pg_temp.numbered(8, '{"performed_by": "another", "target_item_owner": "moved", "acting_side": "target"}'))$$, 'DP008', null,
  'but nobody else'
);
reset role;

-- a trigger of the application has stored something else than what was sent: what was sent is still the same
create function pg_temp.note() returns trigger language plpgsql as $body$
begin
  new.remarks := 'noted';
  return new;
end
$body$;
create trigger note before insert on dpg.action_events for each row execute function pg_temp.note();
set local role dpg_app;
do $body$
begin
  perform dpg.store_event(pg_temp.numbered(6));
  perform dpg.store_event(pg_temp.numbered(6, '{"performed_by": "a service", "acting_side": "target"}'));
  perform dpg.store_event(pg_temp.numbered(7, '{"performed_by": "a service", "acting_side": "target"}'));
  perform dpg.store_event(pg_temp.numbered(7));
  perform dpg.store_event(pg_temp.numbered(7, '{"performed_by": "a service", "acting_side": "target"}'));
end
$body$;
select throws_ok(
  $$select dpg.store_event(pg_temp.numbered(7, '{"performed_by": "another", "acting_side": "target"}'))$$, 'DP008', null,
  'with a trigger as well'
);

select * from finish();
rollback;
