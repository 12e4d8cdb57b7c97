-- What functions of ours set for their own statements does not reach the triggers of an application: they would plan, and keep
-- plans, under it. Only the insert of an action has its settings, for the sake of the foreign keys; where there are triggers,
-- its first event is inserted by the same statement.
begin;
select plan(5);
select dpg_test.insert_users('asha', 'ravi');
create temp table seen (event text, settings text);
create function pg_temp.look() returns trigger
language plpgsql
as $f$
begin
  insert into seen
  values (
    tg_op || ' ' || split_part(tg_table_name, '_', 1) || coalesce(case when tg_table_name like 'e%' then to_jsonb(new) ->> 'update_count' end, ''),
    concat_ws(' ', current_setting('enable_seqscan'), current_setting('constraint_exclusion'), current_setting('plan_cache_mode'))
  );
  return null;
end
$f$;
select dpg.ensure_item_partition('trigger_dot', 'd'), dpg.ensure_action_partition('trigger_dot', 'connect'),
  dpg.ensure_action_event_partition('trigger_dot', 'connect');
create trigger look after insert or update on dpg.items for each row execute function pg_temp.look();
create trigger look after update on dpg.item_actions for each row execute function pg_temp.look();
create trigger look after insert on dpg.action_events for each row execute function pg_temp.look();
select dpg.upsert_item('asha', 'trigger_dot', 'd', 't', 'https://one.example.com', 'https://s.example.com', item_id => '00000000-0000-4000-8000-000000000001');
select dpg.upsert_item('asha', 'trigger_dot', 'd', 't', 'https://one.example.com', 'https://s.example.com', '{"a": 1}', item_id => '00000000-0000-4000-8000-000000000001');
select dpg.upsert_item('ravi', 'trigger_dot', 'd', 't', 'https://one.example.com', 'https://s.example.com', item_id => '00000000-0000-4000-8000-000000000002');
select dpg.perform_action(
  'asha', 'connect', row('trigger_dot', 'd', 't', '00000000-0000-4000-8000-000000000001'),
  row('trigger_dot', 'd', 't', '00000000-0000-4000-8000-000000000002'), action_id => '00000000-0000-4000-8000-000000000003'
);
select dpg.transition_action('ravi', 'trigger_dot', 'connect', '00000000-0000-4000-8000-000000000003', 'accepted');
select is((select string_agg(event, ', ' order by event collate "C") from seen), 'INSERT e0, INSERT e1, INSERT i, INSERT i, UPDATE a, UPDATE i', 'the triggers ran');
select is(
  (select string_agg(distinct settings, ', ') from seen where event <> 'INSERT e0'), 'on partition auto',
  'under the settings of the session'
);
select is((select settings from seen where event = 'INSERT e0'), 'on off force_custom_plan', 'but for those of a new action');
select lives_ok(
  $$alter table public."user" alter column id type varchar(64)$$,
  'the id of users may become another type of text'
);
select is(
  (select string_agg(p.proname, ', ') from pg_depend d join pg_proc p on p.oid = d.objid and d.classid = 'pg_proc'::regclass where d.refobjid = 'public."user"'::regclass),
  null,
  'no function depends on the table of users, which is the application''s to change'
);
select * from finish();
rollback;
