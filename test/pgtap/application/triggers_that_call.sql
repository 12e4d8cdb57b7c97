-- A trigger of the application that calls our functions for the same action: the order of events and of the feed holds, and the result
-- is what is stored.
begin;
select plan(16);
select dpg_test.insert_users('asha', 'ravi');
select
  dpg.upsert_item('asha', 'call_dot', 'd', 't', 'https://one.example.com', 'https://s', item_id => '00000000-0000-4000-8000-000000000001'),
  dpg.upsert_item('ravi', 'call_dot', 'd', 't', 'https://one.example.com', 'https://s', item_id => '00000000-0000-4000-8000-000000000002');
create function public.accept() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
begin
  if new.action_status = tg_argv[0] then
    perform dpg.transition_action('ravi', new.partition_network, new.action_type, new.action_id, tg_argv[1]);
  end if;
  return null;
end
$body$;
create function pg_temp.perform() returns text
language sql as $body$
  select concat_ws(' ', a.action_status, a.update_count)
  from dpg.perform_action('asha', 'connect', row('call_dot', 'd', 't', '00000000-0000-4000-8000-000000000001'),
    row('call_dot', 'd', 't', '00000000-0000-4000-8000-000000000002')) a
$body$;
-- each action with its events in the order of the feed, and what its row says
create function pg_temp.feed() returns text
language sql as $body$
  select string_agg(concat_ws(' ', f.events, a.action_status, a.update_count), '; ')
  from (
    select e.action_id, string_agg(concat_ws(' ', e.update_count, e.action_status), ', ' order by q.seq) as events
    from dpg_private.event_queue q
    join dpg.action_events e on e.partition_network = q.partition_network and e.action_type = q.action_type and e.event_id = q.event_id
    group by e.action_id
  ) f
  join dpg.item_actions a on a.partition_network = 'call_dot' and a.action_id = f.action_id
$body$;

create trigger accepts after insert on dpg.item_actions for each row execute function public.accept('created', 'accepted');
select is(pg_temp.perform(), 'accepted 1', 'accepted at once, after the insert of the action');
select is(pg_temp.feed(), '0 created, 1 accepted accepted 1', 'created comes first');
drop trigger accepts on dpg.item_actions;
delete from dpg_private.event_queue;

create trigger accepts after insert on dpg.action_events for each row execute function public.accept('created', 'accepted');
select is(pg_temp.perform(), 'accepted 1', 'after the insert of the event');
select is(pg_temp.feed(), '0 created, 1 accepted accepted 1', 'created comes first');
delete from dpg_private.event_queue;
drop trigger accepts on dpg.action_events;

create trigger accepts after insert on dpg.e_p_calldot_connect for each row execute function public.accept('created', 'accepted');
select is(pg_temp.perform(), 'accepted 1', 'by a trigger on the leaf alone');
select is(pg_temp.feed(), '0 created, 1 accepted accepted 1', 'created comes first');
delete from dpg_private.event_queue;
drop trigger accepts on dpg.e_p_calldot_connect;

create trigger finishes after update on dpg.item_actions for each row execute function public.accept('accepted', 'finished');
select pg_temp.perform();
select is(
  (select concat_ws(' ', t.action_status, t.update_count)
   from dpg.transition_action('asha', 'call_dot', 'connect', (select action_id from dpg.a_p_calldot_connect where update_count = 0), 'accepted') t),
  'finished 2', 'after the update of a transition'
);
select is(pg_temp.feed(), '0 created, 1 accepted, 2 finished finished 2', 'in their order');
delete from dpg_private.event_queue;
drop trigger finishes on dpg.item_actions;

create function public.accept_all() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg.transition_action('ravi', n.partition_network, n.action_type, n.action_id, 'accepted') from inserted n;
  return null;
end
$body$;
create trigger accepts after insert on dpg.item_actions referencing new table as inserted
for each statement execute function public.accept_all();
select is(pg_temp.perform(), 'accepted 1', 'by a trigger for the statement');
select is(pg_temp.feed(), '0 created, 1 accepted accepted 1', 'created comes first');
drop trigger accepts on dpg.item_actions;
delete from dpg_private.event_queue;

-- before the row is there is too early
create function public.accept_before() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg.transition_action('ravi', new.partition_network, new.action_type, new.action_id, 'accepted');
  return new;
end
$body$;
create trigger accepts before insert on dpg.item_actions for each row execute function public.accept_before();
select throws_ok('select pg_temp.perform()', 'DP004', null, 'a BEFORE INSERT trigger finds no action yet');
drop trigger accepts on dpg.item_actions;
select pg_temp.perform();
create trigger accepts before update on dpg.item_actions for each row when (new.action_status = 'moved') execute function public.accept_before();
select throws_ok(
  $$select dpg.transition_action('asha', 'call_dot', 'connect', (select action_id from dpg.a_p_calldot_connect where update_count = 0), 'moved')$$,
  '27000', null, 'a BEFORE UPDATE trigger that changes the same action is refused by PostgreSQL'
);
drop trigger accepts on dpg.item_actions;
select is(pg_temp.feed(), '0 created created 0', 'and neither has written anything');

-- a BEFORE trigger on the events finds the action, but not its event yet
create function public.accept_early() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
begin
  if new.update_count = 0 then
    perform dpg.transition_action('ravi', new.partition_network, new.action_type, new.action_id, 'accepted');
  end if;
  return new;
end
$body$;
create trigger accepts before insert on dpg.action_events for each row execute function public.accept_early();
select throws_ok('select pg_temp.perform()', '27000', null, 'a BEFORE INSERT trigger on the events is too early');
drop trigger accepts on dpg.action_events;
select is(pg_temp.feed(), '0 created created 0', 'and has written nothing');

-- an item that is changed by a trigger of its own
create function public.publish() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg.update_item(new.created_by, new.item_network, new.item_domain, new.item_type, new.item_id, '{"item_state": {"published": true}}');
  return null;
end
$body$;
create trigger publishes after insert on dpg.items for each row execute function public.publish();
select is(
  (select u.item_state from dpg.upsert_item('asha', 'call_dot', 'd', 't', 'https://one.example.com', 'https://s', '{"published": false}') u),
  '{"published": true}'::jsonb, 'an item that is changed after its insert is returned as it is stored'
);
select * from finish();
rollback;
