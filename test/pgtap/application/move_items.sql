-- move_items on tables with columns and triggers of an application: they stay, they fire, and one that suppresses the move ends
-- it (DP018) with nothing moved.
begin;
select plan(12);

alter table dpg.items add column note text default 'of the application';
alter table dpg.item_actions add column note text default 'of the application';
alter table dpg.action_events add column note text default 'of the application';
alter table dpg.action_events add column owners text generated always as (source_item_owner || ', ' || target_item_owner) stored;

create schema app;
create table app.seen (line text);
create function app.look()
returns trigger
language plpgsql
as $body$
begin
  insert into app.seen values (tg_table_name || ' ' || tg_op);
  return new;
end
$body$;
create trigger look before update on dpg.items for each row execute function app.look();
create trigger state before update of item_state on dpg.items for each row execute function app.look();
create trigger look before update on dpg.item_actions for each row execute function app.look();
create trigger look before update on dpg.action_events for each row execute function app.look();
create function app.shout()
returns trigger
language plpgsql
as $body$
begin
  new.event_payload := jsonb_build_object('said', upper(new.event_payload ->> 'said'));
  return new;
end
$body$;
create trigger shout before insert on dpg.action_events for each row execute function app.shout();

select dpg_test.insert_users('own guest', 'own asha');
do $body$
begin
  perform dpg.upsert_item(
    'own guest', 'own test', 'student', 'profile', 'https://own.test', 'https://schemas.own.test',
    item_id => ('11111111-1111-4111-8111-11111111111' || n)::uuid
  )
  from generate_series(1, 2) n;
  perform dpg.perform_action(
    'own guest', 'connect', row('own test', 'student', 'profile', '11111111-1111-4111-8111-111111111111'),
    row('own test', 'student', 'profile', '11111111-1111-4111-8111-111111111112')
  );
end
$body$;
create function pg_temp.mirrored(target_owner text default 'far guest')
returns jsonb
language sql
as $body$
  select '{
    "partition_network": "own test", "action_type": "mirrored", "origin_instance_domain": "https://far.own.test",
    "event_id": "33333333-3333-4333-8333-333333333333", "action_id": "44444444-4444-4444-8444-444444444444",
    "action_status": "created", "update_count": 0,
    "source_item_network": "own test", "source_item_domain": "student", "source_item_type": "profile",
    "source_item_id": "11111111-1111-4111-8111-111111111111", "source_item_instance_url": "https://own.test",
    "source_item_owner": "own guest",
    "target_item_network": "own test", "target_item_domain": "tutor", "target_item_type": "profile",
    "target_item_id": "88888888-8888-4888-8888-888888888888", "target_item_instance_url": "https://far.own.test",
    "event_payload": {"said": "hello"}, "created_at": "2026-01-01T00:00:00.000000Z"
  }'::jsonb || jsonb_build_object('target_item_owner', target_owner)
$body$;
select results_eq(
  $$select event_payload from dpg.store_event(pg_temp.mirrored())$$, $$values ('{"said": "HELLO"}'::jsonb)$$,
  'a mirrored event, changed by a trigger'
);
create temporary table before as
select to_jsonb(i) as content from dpg.items i
union all
select to_jsonb(a) from dpg.item_actions a
union all
select to_jsonb(e) from dpg.action_events e
union all
select to_jsonb(m) from dpg_private.mirrored_actions m
union all
select to_jsonb(p) from dpg_private.party_leaves p
union all
select to_jsonb(r) from dpg.redactions r;

-- suppressed, root by root
create function app.suppress()
returns trigger
language plpgsql
as $body$
begin
  return null;
end
$body$;
create function app.revert()
returns trigger
language plpgsql
as $body$
begin
  new.target_item_owner := old.target_item_owner;
  return new;
end
$body$;
create trigger z_suppress before update on dpg.items for each row execute function app.suppress();
select throws_ok($$select dpg.move_items('own asha', 'own guest', 'own asha', 'why')$$, 'DP018', null, 'of items');
drop trigger z_suppress on dpg.items;
create trigger z_suppress before update on dpg.item_actions for each row execute function app.suppress();
select throws_ok($$select dpg.move_items('own asha', 'own guest', 'own asha', 'why')$$, 'DP018', null, 'of actions');
drop trigger z_suppress on dpg.item_actions;
create trigger z_suppress before update on dpg.action_events for each row execute function app.suppress();
select throws_ok($$select dpg.move_items('own asha', 'own guest', 'own asha', 'why')$$, 'DP018', null, 'of events');
drop trigger z_suppress on dpg.action_events;
create trigger z_revert before update on dpg.item_actions for each row execute function app.revert();
select throws_ok($$select dpg.move_items('own asha', 'own guest', 'own asha', 'why')$$, 'DP018', null, 'or put back on one side');
drop trigger z_revert on dpg.item_actions;
select set_eq(
  $$select to_jsonb(i) from dpg.items i
    union all
    select to_jsonb(a) from dpg.item_actions a
    union all
    select to_jsonb(e) from dpg.action_events e
    union all
    select to_jsonb(m) from dpg_private.mirrored_actions m
    union all
    select to_jsonb(p) from dpg_private.party_leaves p
    union all
    select to_jsonb(r) from dpg.redactions r$$,
  $$select content from before$$,
  'nothing was moved'
);

delete from app.seen;
select lives_ok($$select dpg.move_items('own asha', 'own guest', 'own asha', 'why')$$, 'without those it is moved');
select results_eq(
  $$select line, count(*) from app.seen group by line order by line collate "C"$$,
  $$values
      ('a_p_owntest_connect UPDATE', 1::bigint), ('e_p_owntest_connect UPDATE', 1), ('e_p_owntest_mirrored UPDATE', 1),
      ('i_p_owntest_student UPDATE', 2)$$,
  'triggers fire once for a row; one on the content of items does not'
);
select results_eq(
  $$select i.note, i.created_by from dpg.items i
    union all
    select a.note, a.source_item_owner || a.target_item_owner from dpg.item_actions a
    union all
    select e.note, e.owners from dpg.action_events e where e.action_type = 'connect'$$,
  $$values
      ('of the application', 'own asha'), ('of the application', 'own asha'), ('of the application', 'own ashaown asha'),
      ('of the application', 'own asha, own asha')$$,
  'columns stay, and generated ones follow'
);
select results_eq(
  $$select source_item_owner, event_payload from dpg.store_event(pg_temp.mirrored())$$,
  $$values ('own asha', '{"said": "HELLO"}'::jsonb)$$,
  'the mirrored event again is known, as it was sent'
);
select results_eq(
  $$select source_item_owner, target_item_owner, event_payload from dpg.store_event(pg_temp.mirrored('far asha'))$$,
  $$values ('own asha', 'far guest', '{"said": "HELLO"}'::jsonb)$$,
  'also when its origin has moved the target meanwhile'
);
select throws_ok(
  $$select dpg.store_event(pg_temp.mirrored() || '{"event_payload": {"said": "bye"}}')$$, 'DP008', null, 'other content is not'
);

select * from finish();
rollback;
