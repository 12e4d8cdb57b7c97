-- A trigger of the application that changes what is written: the result shows what is stored, action and event agree, and a call
-- that is repeated is compared with what was sent.
begin;
select plan(36);
select dpg_test.insert_users('asha', 'ravi', 'school');
create function public.normalise_item() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
begin
  new.item_state := new.item_state || jsonb_build_object('name', lower(new.item_state ->> 'name'));
  new.item_latitude := round(new.item_latitude::numeric, 1);
  new.item_longitude := round(new.item_longitude::numeric, 1);
  if new.item_type = 'owned' then
    new.created_by := 'school';
  end if;
  return new;
end
$body$;
create trigger normalise before insert or update on dpg.items for each row execute function public.normalise_item();
create function public.normalise_action() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
begin
  new.action_status := lower(new.action_status);
  new.remarks := btrim(new.remarks);
  new.requirements_snapshot := new.requirements_snapshot || '{"checked": true}';
  return new;
end
$body$;
create trigger normalise before insert or update on dpg.item_actions for each row execute function public.normalise_action();
create function public.normalise_event() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
begin
  new.event_payload := new.event_payload || '{"seen": true}';
  new.source_item_latitude := round(new.source_item_latitude::numeric, 0);
  new.source_item_longitude := round(new.source_item_longitude::numeric, 0);
  return new;
end
$body$;
create trigger normalise before insert on dpg.action_events for each row execute function public.normalise_event();

create function pg_temp.upsert(name text, latitude double precision default 12.34, item_type text default 't')
returns text
language sql as $body$
  select concat_ws(' ', u.item_state ->> 'name', u.item_latitude, u.created_by)
  from dpg.upsert_item(
    'asha', 'change_dot', 'd', upsert.item_type, 'https://one.example.com', 'https://s', jsonb_build_object('name', upsert.name),
    upsert.latitude, 77.77, '00000000-0000-4000-8000-000000000001'
  ) u
$body$;
create function pg_temp.version(item_type text default 't') returns text
language sql as $body$
  select concat_ws(' ', i.ctid, i.xmin, i.updated_at) from dpg.items i
  where i.item_network = 'change_dot' and i.item_type = version.item_type and i.item_id = '00000000-0000-4000-8000-000000000001'
$body$;

select is(pg_temp.upsert('ASHA'), 'asha 12.3 asha', 'a new item: the result is what is stored');
create temporary table before as select pg_temp.version();
select is(pg_temp.upsert('ASHA'), 'asha 12.3 asha', 'the same again returns the row');
select is(pg_temp.version(), (select * from before), 'and writes nothing');
select is(pg_temp.upsert('asha', 12.3), 'asha 12.3 asha', 'what is stored, sent back');
-- its longitude is another than the stored one, so that it is written; what comes of it is the same
select is(pg_temp.upsert('RAVI'), 'ravi 12.3 asha', 'a replacement: the result is what is stored');
update before set version = pg_temp.version();
select is(pg_temp.upsert('RAVI'), 'ravi 12.3 asha', 'the same again');
select is(pg_temp.version(), (select * from before), 'writes nothing');
update dpg.items set item_state = '{"name": "by hand"}' where item_network = 'change_dot';
select is(pg_temp.upsert('RAVI'), 'ravi 12.3 asha', 'unless somebody else has changed it since');
select is(
  (select item_state ->> 'name' from dpg.update_item('asha', 'change_dot', 'd', 't', '00000000-0000-4000-8000-000000000001', '{"item_state": {"name": "UPDATED"}}')),
  'updated', 'update_item: the result is what is stored'
);
select is(pg_temp.upsert('RAVI'), 'ravi 12.3 asha', 'after which a former content is another one');
select is(pg_temp.upsert('ASHA', item_type => 'owned'), 'asha 12.3 school', 'a trigger that sets the owner');
update before set version = pg_temp.version('owned');
select is(pg_temp.upsert('ASHA', item_type => 'owned'), 'asha 12.3 school', 'the same again from the same user');
select is(pg_temp.version('owned'), (select * from before), 'writes nothing');
select throws_ok($$select pg_temp.upsert('OTHER', item_type => 'owned')$$, 'DP003', null, 'other content is for the owner alone');

create function pg_temp.upsert_many(name text) returns text
language sql as $body$
  select string_agg(concat_ws(' ', u.item_state ->> 'name', u.item_latitude, u.created_by), ', ')
  from dpg.upsert_items('asha', format(
    '[{"item_network": "change_dot", "item_domain": "d", "item_type": "m", "item_instance_url": "https://one.example.com", "item_schema_url": "https://s",
       "item_state": {"name": "FIRST"}, "item_id": "00000000-0000-4000-8000-000000000011", "item_latitude": 1.23, "item_longitude": 1},
      {"item_network": "change_dot", "item_domain": "e", "item_type": "m", "item_instance_url": "https://one.example.com", "item_schema_url": "https://s",
       "item_state": {"name": "%s"}, "item_id": "00000000-0000-4000-8000-000000000012"},
      {"item_network": "change_dot", "item_domain": "d", "item_type": "owned", "item_instance_url": "https://one.example.com", "item_schema_url": "https://s",
       "item_state": {"name": "THIRD"}, "item_id": "00000000-0000-4000-8000-000000000013"}]', name)::jsonb) u
$body$;
create function pg_temp.versions() returns text
language sql as $body$
  select string_agg(concat_ws(' ', i.tableoid, i.ctid, i.xmin, i.updated_at), ',' order by i.item_id) from dpg.items i where i.item_network = 'change_dot'
$body$;
select is(pg_temp.upsert_many('SECOND'), 'first 1.2 asha, second asha, third school', 'many at once: the results are what is stored, in the order of the input');
create temporary table versions as select pg_temp.versions();
select is(pg_temp.upsert_many('SECOND'), 'first 1.2 asha, second asha, third school', 'the same again');
select is(pg_temp.versions(), (select * from versions), 'writes nothing');
select is(pg_temp.upsert_many('CHANGED'), 'first 1.2 asha, changed asha, third school', 'one of them with other content');
update versions set versions = pg_temp.versions();
select is(pg_temp.upsert_many('CHANGED'), 'first 1.2 asha, changed asha, third school', 'and that again');
select is(pg_temp.versions(), (select * from versions), 'writes nothing');

select dpg.upsert_item('ravi', 'change_dot', 'd', 't', 'https://one.example.com', 'https://s', '{"name": "R"}', 1, 1, '00000000-0000-4000-8000-000000000002');
select dpg.define_action('change_dot', 'connect', '[{"from": "created", "to": "ACCEPTED", "by": "target"}]', 'CREATED');
create function pg_temp.perform(remarks text) returns text
language sql as $body$
  select concat_ws(' ', a.action_status, a.update_count, a.remarks, a.requirements_snapshot)
  from dpg.perform_action(
    'asha', 'connect', row('change_dot', 'd', 't', '00000000-0000-4000-8000-000000000001'),
    row('change_dot', 'd', 't', '00000000-0000-4000-8000-000000000002'), '{"a": 1}', perform.remarks,
    action_id => '00000000-0000-4000-8000-000000000003'
  ) a
$body$;
select is(pg_temp.perform('  hello '), 'created 0 hello {"a": 1, "checked": true}', 'a new action: the result is what is stored');
select is(
  (select concat_ws(' ', e.action_status, e.update_count, e.event_payload, e.source_item_latitude) from dpg.action_events e where e.partition_network = 'change_dot'),
  'created 0 {"seen": true, "status": "CREATED"} 12', 'its event has the status that is stored'
);
select is(pg_temp.perform('  hello '), 'created 0 hello {"a": 1, "checked": true}', 'the same again');
select throws_ok($$select pg_temp.perform('hello')$$, 'DP008', null, 'with what was stored, and not sent, it is another call');
create function pg_temp.transition(remarks text) returns text
language sql as $body$
  select concat_ws(' ', a.action_status, a.update_count, a.remarks)
  from dpg.transition_action(
    'ravi', 'change_dot', 'connect', '00000000-0000-4000-8000-000000000003', 'ACCEPTED', 0, remarks => transition.remarks,
    event_id => '00000000-0000-4000-8000-000000000004'
  ) a
$body$;
select is(pg_temp.transition(' yes '), 'accepted 1 yes', 'a transition: the result is what is stored');
select is(
  (select concat_ws(' ', e.action_status, e.update_count, e.event_payload) from dpg.action_events e where e.event_id = '00000000-0000-4000-8000-000000000004'),
  'accepted 1 {"seen": true, "status": "ACCEPTED"}', 'and so is the status of its event'
);
select is(pg_temp.transition(' yes '), 'accepted 1 yes', 'the same again');
select throws_ok($$select pg_temp.transition('yes')$$, 'DP008', null, 'other remarks are another call');
select is((select count(*)::integer from dpg.action_events e where e.partition_network = 'change_dot'), 2, 'two events in all');

create function pg_temp.store(status text) returns text
language sql as $body$
  select concat_ws(' ', e.action_status, e.event_payload, e.source_item_latitude)
  from dpg.store_event(format('{"partition_network": "there_dot", "action_type": "connect", "event_id": "00000000-0000-4000-8000-0000000000e1",
    "origin_instance_domain": "https://there.example.com", "action_id": "00000000-0000-4000-8000-0000000000a1", "action_status": "%s",
    "update_count": 0, "source_item_network": "change_dot", "source_item_domain": "d", "source_item_type": "t",
    "source_item_id": "00000000-0000-4000-8000-000000000001", "source_item_instance_url": "https://one.example.com", "source_item_owner": "asha",
    "source_item_latitude": 12.3, "source_item_longitude": 77.7,
    "target_item_network": "there_dot", "target_item_domain": "tutor", "target_item_type": "p",
    "target_item_id": "00000000-0000-4000-8000-0000000000b1", "target_item_instance_url": "https://there.example.com", "target_item_owner": "x",
    "created_at": "2026-01-01T00:00:00Z"}', status)::jsonb) e
$body$;
select is(pg_temp.store('created'), 'created {"seen": true, "status": "created"} 12', 'a mirrored event: the result is what is stored');
select is(pg_temp.store('created'), 'created {"seen": true, "status": "created"} 12', 'the same again');
select throws_ok($$select pg_temp.store('other')$$, 'DP008', null, 'other content is another event');

select ok((select count(*) > 0 from dpg_private.sent_contents), 'digests of what was sent are kept');
select lives_ok($$select dpg.redact_event('dpo', 'change_dot', 'connect', '00000000-0000-4000-8000-000000000004', 'a test')$$, 'an event is emptied') ;
select is(
  (select count(*)::integer from dpg_private.sent_contents s where s.id in ('00000000-0000-4000-8000-000000000003', '00000000-0000-4000-8000-000000000004')),
  0, 'and no digest of it is left'
);
select is(
  left(pg_temp.perform('  hello '), 10), 'accepted 1', 'the call that made the action is known, though a later event was emptied'
);
select * from finish();
rollback;
