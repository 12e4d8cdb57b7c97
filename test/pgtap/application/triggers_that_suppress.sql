-- What a trigger of the application suppresses is refused (DP018), names the trigger, and leaves nothing behind.
begin;
select plan(36);
select dpg_test.insert_users('asha', 'ravi');
create function public.suppress() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
begin
  return null;
end
$body$;

-- SQLSTATE, DETAIL without keys, and the triggers that the hint names
create function pg_temp.refusal(statement text)
returns text
language sql
as $body$
  select case
    when e ->> 'code' <> 'DP018' then concat_ws(' ', e ->> 'code', e ->> 'message')
    else concat_ws(
      ' ', e ->> 'code', e #>> '{detail, operation}', e #>> '{detail, relation}', substring(e ->> 'hint' from 'there are: (.*)\.$')
    )
  end
  from dpg_test.error(statement) e
$body$;

select
  dpg.upsert_item('asha', 'no_dot', 'd', 't', 'https://one.example.com', 'https://s', '{"n": 1}', item_id => '00000000-0000-4000-8000-000000000001'),
  dpg.upsert_item('ravi', 'no_dot', 'd', 't', 'https://one.example.com', 'https://s', '{"n": 1}', item_id => '00000000-0000-4000-8000-000000000002'),
  dpg.upsert_item('asha', 'no_dot', 'd', 't', 'https://one.example.com', 'https://s', '{"n": 1}', item_id => '00000000-0000-4000-8000-000000000009');
select dpg.perform_action(
  'asha', 'connect', row('no_dot', 'd', 't', '00000000-0000-4000-8000-000000000001'),
  row('no_dot', 'd', 't', '00000000-0000-4000-8000-000000000002'), remarks => 'note', action_id => '00000000-0000-4000-8000-000000000003'
);
create function pg_temp.item(item_id text, state text) returns text
language sql as $body$
  select format(
    '{"item_network": "no_dot", "item_domain": "d", "item_type": "t", "item_instance_url": "https://one.example.com", "item_schema_url": "https://s", "item_id": "%s", "item_state": %s}',
    item_id, state)
$body$;
create function pg_temp.many() returns setof dpg.transition_result language sql as $body$
  select * from dpg.transition_actions('ravi', '[
    {"partition_network": "no_dot", "action_type": "connect", "action_id": "00000000-0000-4000-8000-000000000003", "action_status": "accepted"},
    {"partition_network": "no_dot", "action_type": "connect", "action_id": "00000000-0000-4000-8000-000000000004", "action_status": "accepted"}]')
$body$;
select dpg_test.note_written();

create trigger holds before insert on dpg.items for each row execute function public.suppress();
select is(pg_temp.refusal($$select dpg.upsert_item('asha', 'no_dot', 'd', 't', 'https://one.example.com', 'https://s', item_id => '00000000-0000-4000-8000-000000000004')$$),
  'DP018 insert dpg.i_p_nodot_d holds', 'upsert_item of a new item');
select is(pg_temp.refusal($$select dpg.upsert_item('asha', 'no_dot', 'other', 't', 'https://one.example.com', 'https://s')$$),
  'DP018 insert dpg.i_p_nodot_other holds', 'in a leaf that is made for it');
select is(pg_temp.refusal(format($$select dpg.upsert_items('asha', '[%s]')$$, pg_temp.item('00000000-0000-4000-8000-000000000004', '{}'))),
  'DP018 insert dpg.i_p_nodot_d holds', 'upsert_items of a new item');
select is(pg_temp.refusal($$select dpg.upsert_items('asha', '[{"item_network": "no_dot", "item_domain": "d", "item_type": "t", "item_instance_url": "https://one.example.com", "item_schema_url": "https://s"}]')$$),
  'DP018 insert dpg.i_p_nodot_d holds', 'without an id as well');
select is((select item_state ->> 'n' from dpg.upsert_item('asha', 'no_dot', 'd', 't', 'https://one.example.com', 'https://s', '{"n": 1}', item_id => '00000000-0000-4000-8000-000000000001')),
  '1', 'what is there already is returned');
drop trigger holds on dpg.items;

create trigger holds before update on dpg.items for each row execute function public.suppress();
select is(pg_temp.refusal($$select dpg.upsert_item('asha', 'no_dot', 'd', 't', 'https://one.example.com', 'https://s', '{"n": 2}', item_id => '00000000-0000-4000-8000-000000000001')$$),
  'DP018 update dpg.i_p_nodot_d holds', 'upsert_item of an item that is there');
select is(pg_temp.refusal(format($$select dpg.upsert_items('asha', '[%s]')$$, pg_temp.item('00000000-0000-4000-8000-000000000001', '{"n": 2}'))),
  'DP018 update dpg.i_p_nodot_d holds', 'upsert_items of an item that is there');
select is(pg_temp.refusal($$select dpg.update_item('asha', 'no_dot', 'd', 't', '00000000-0000-4000-8000-000000000001', '{"item_state": {"n": 2}}')$$),
  'DP018 update dpg.i_p_nodot_d holds', 'update_item');
select is(pg_temp.refusal($$select dpg.erase_user('dpo', 'asha', 'a test')$$), 'DP018 update dpg.i_p_nodot_d holds', 'erase_user: items');
drop trigger holds on dpg.items;

create trigger holds before delete on dpg.items for each row execute function public.suppress();
select is(pg_temp.refusal($$select dpg.delete_item('asha', 'no_dot', 'd', 't', '00000000-0000-4000-8000-000000000009')$$),
  'DP018 delete dpg.i_p_nodot_d holds', 'delete_item');
drop trigger holds on dpg.items;

create trigger holds before insert on dpg.item_actions for each row execute function public.suppress();
select is(pg_temp.refusal($$select dpg.perform_action('asha', 'connect', row('no_dot', 'd', 't', '00000000-0000-4000-8000-000000000001'),
  row('no_dot', 'd', 't', '00000000-0000-4000-8000-000000000002'))$$), 'DP018 insert dpg.a_p_nodot_connect holds', 'perform_action');
select is(pg_temp.refusal($$select dpg.receive_action('connect', row('no_dot', 'd', 't', '00000000-0000-4000-8000-000000000001'), 'https://two.example.com', 'x',
  row('no_dot', 'd', 't', '00000000-0000-4000-8000-000000000002'))$$), 'DP018 insert dpg.a_p_nodot_connect holds', 'receive_action');
drop trigger holds on dpg.item_actions;

create trigger holds before update on dpg.item_actions for each row execute function public.suppress();
select is(pg_temp.refusal($$select dpg.transition_action('ravi', 'no_dot', 'connect', '00000000-0000-4000-8000-000000000003', 'accepted')$$),
  'DP018 update dpg.a_p_nodot_connect holds', 'transition_action');
select results_eq(
  $$select r.index, r.code, r.detail - 'index', substring(r.hint from 'there are: (.*)\.$') from pg_temp.many() r$$,
  $$values (0, 'DP018', '{"operation": "update", "relation": "dpg.a_p_nodot_connect", "partition_network": "no_dot", "action_type": "connect",
      "action_id": "00000000-0000-4000-8000-000000000003"}'::jsonb, 'holds'),
    (1, 'DP004', '{"partition_network": "no_dot", "action_type": "connect", "action_id": "00000000-0000-4000-8000-000000000004"}', null)$$,
  'transition_actions: the refusal of the element, since nothing was written'
);
select is(pg_temp.refusal($$select dpg.set_item_status('ravi', 'no_dot', 'd', 't', '00000000-0000-4000-8000-000000000002', 'retired', close_actions_as => '{closed}')$$),
  'DP018 update dpg.a_p_nodot_connect holds', 'set_item_status: an action that it closes');
select is(pg_temp.refusal($$select dpg.redact_event('dpo', 'no_dot', 'connect', (select event_id from dpg.action_events where partition_network = 'no_dot'), 'a test')$$),
  'DP018 update dpg.a_p_nodot_connect holds', 'redact_event: the action');
drop trigger holds on dpg.item_actions;
create trigger holds before update on dpg.a_p_nodot_connect for each row execute function public.suppress();
select is(pg_temp.refusal($$select dpg.transition_action('ravi', 'no_dot', 'connect', '00000000-0000-4000-8000-000000000003', 'accepted')$$),
  'DP018 update dpg.a_p_nodot_connect holds', 'also by a trigger on the leaf alone');
select is(pg_temp.refusal($$select dpg.erase_user('dpo', 'ravi', 'a test')$$), 'DP018 update dpg.a_p_nodot_connect holds', 'erase_user: actions');
drop trigger holds on dpg.a_p_nodot_connect;

create trigger holds before insert on dpg.action_events for each row execute function public.suppress();
select is(pg_temp.refusal($$select dpg.perform_action('asha', 'connect', row('no_dot', 'd', 't', '00000000-0000-4000-8000-000000000001'),
  row('no_dot', 'd', 't', '00000000-0000-4000-8000-000000000002'))$$), 'DP018 insert dpg.e_p_nodot_connect holds', 'perform_action: its event');
select is(pg_temp.refusal($$select dpg.transition_action('ravi', 'no_dot', 'connect', '00000000-0000-4000-8000-000000000003', 'accepted')$$),
  'DP018 insert dpg.e_p_nodot_connect holds', 'transition_action: its event');
select is(pg_temp.refusal($$select pg_temp.many()$$),
  'DP018 insert dpg.e_p_nodot_connect holds', 'transition_actions: an event, after its row: the whole call');
select is(pg_temp.refusal($$select dpg.set_item_status('ravi', 'no_dot', 'd', 't', '00000000-0000-4000-8000-000000000002', 'retired', close_actions_as => '{closed}')$$),
  'DP018 insert dpg.e_p_nodot_connect holds', 'set_item_status: the event of an action that it closes');
select is(pg_temp.refusal($$select dpg.store_event('{"partition_network": "there_dot", "action_type": "connect", "event_id": "00000000-0000-4000-8000-0000000000e1",
    "origin_instance_domain": "https://there.example.com", "action_id": "00000000-0000-4000-8000-0000000000a1", "action_status": "created",
    "update_count": 0, "source_item_network": "no_dot", "source_item_domain": "d", "source_item_type": "t",
    "source_item_id": "00000000-0000-4000-8000-000000000001", "source_item_instance_url": "https://one.example.com", "source_item_owner": "asha",
    "target_item_network": "there_dot", "target_item_domain": "tutor", "target_item_type": "p",
    "target_item_id": "00000000-0000-4000-8000-0000000000b1", "target_item_instance_url": "https://there.example.com", "target_item_owner": "x",
    "created_at": "2026-01-01T00:00:00Z"}')$$), 'DP018 insert dpg.e_p_theredot_connect holds', 'store_event');
drop trigger holds on dpg.action_events;

create trigger zz_holds before update on dpg.action_events for each row execute function public.suppress();
select is(pg_temp.refusal($$select dpg.redact_event('dpo', 'no_dot', 'connect', (select event_id from dpg.action_events where partition_network = 'no_dot'), 'a test')$$),
  'DP018 update dpg.e_p_nodot_connect zz_holds', 'redact_event');
select is(pg_temp.refusal($$select dpg.erase_user('dpo', 'ravi', 'a test')$$), 'DP018 update dpg.e_p_nodot_connect zz_holds', 'erase_user: events');
drop trigger zz_holds on dpg.action_events;

-- what changes a key suppresses the write that was asked for
create function public.other_key() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
begin
  if tg_argv[0] = 'item' then
    new.item_id := gen_random_uuid();
  elsif tg_argv[0] = 'action' then
    new.action_id := gen_random_uuid();
  elsif tg_argv[0] = 'count' then
    new.update_count := new.update_count + 5;
  else
    new.event_id := gen_random_uuid();
  end if;
  return new;
end
$body$;
create trigger keys before insert on dpg.items for each row execute function public.other_key('item');
select is(pg_temp.refusal($$select dpg.upsert_item('asha', 'no_dot', 'd', 't', 'https://one.example.com', 'https://s', item_id => '00000000-0000-4000-8000-000000000004')$$),
  'DP018 insert dpg.i_p_nodot_d keys', 'another item_id');
select is(pg_temp.refusal(format($$select dpg.upsert_items('asha', '[%s]')$$, pg_temp.item('00000000-0000-4000-8000-000000000004', '{}'))),
  'DP018 insert dpg.i_p_nodot_d keys', 'of many');
drop trigger keys on dpg.items;
create trigger keys before update on dpg.items for each row execute function public.other_key('item');
select is(pg_temp.refusal($$select dpg.update_item('asha', 'no_dot', 'd', 't', '00000000-0000-4000-8000-000000000009', '{"item_state": {"n": 3}}')$$),
  'DP018 update dpg.i_p_nodot_d keys', 'of an update');
drop trigger keys on dpg.items;
create trigger keys before insert on dpg.item_actions for each row execute function public.other_key('action');
select is(pg_temp.refusal($$select dpg.perform_action('asha', 'connect', row('no_dot', 'd', 't', '00000000-0000-4000-8000-000000000001'),
  row('no_dot', 'd', 't', '00000000-0000-4000-8000-000000000002'))$$), 'DP018 insert dpg.a_p_nodot_connect keys', 'another action_id');
drop trigger keys on dpg.item_actions;
create trigger keys before update on dpg.item_actions for each row execute function public.other_key('count');
select is(pg_temp.refusal($$select dpg.transition_action('ravi', 'no_dot', 'connect', '00000000-0000-4000-8000-000000000003', 'accepted')$$),
  'DP018 update dpg.a_p_nodot_connect keys', 'another update_count');
drop trigger keys on dpg.item_actions;
create trigger keys before insert on dpg.action_events for each row execute function public.other_key('event');
select is(pg_temp.refusal($$select dpg.transition_action('ravi', 'no_dot', 'connect', '00000000-0000-4000-8000-000000000003', 'accepted')$$),
  'DP018 insert dpg.e_p_nodot_connect keys', 'another event_id');
select is(pg_temp.refusal($$select dpg.perform_action('asha', 'connect', row('no_dot', 'd', 't', '00000000-0000-4000-8000-000000000001'),
  row('no_dot', 'd', 't', '00000000-0000-4000-8000-000000000002'))$$), 'DP018 insert dpg.e_p_nodot_connect keys', 'of the first event');
drop trigger keys on dpg.action_events;

select dpg_test.wrote_nothing('all of these have written nothing');
select is(
  (select concat_ws(' ', action_status, update_count) from dpg.transition_action('ravi', 'no_dot', 'connect', '00000000-0000-4000-8000-000000000003', 'accepted')),
  'accepted 1', 'and the action is not stuck'
);
alter table dpg.items disable trigger user;
create trigger holds before insert on dpg.items for each row execute function public.suppress();
alter table dpg.items disable trigger holds;
select lives_ok($$select dpg.upsert_item('asha', 'no_dot', 'd', 't', 'https://one.example.com', 'https://s')$$, 'a disabled trigger holds nothing');
select is(
  (select count(*)::integer from dpg_private.sent_contents), 0, 'nothing was sent otherwise than it is stored'
);
select * from finish();
rollback;
