-- Who carried something out may be a person: erase_user takes the id away wherever it stands, redact_event from one event and the
-- action that it was the last of, move_items where the items are moved. Repeated calls are the same as before.
begin;
select plan(37);

select dpg_test.insert_users('by asha', 'by ravi', 'by sam');

create function pg_temp.item(number integer)
returns dpg.item_ref
language sql
as $body$
  select row('by test', 'student', 'profile', ('10000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid)::dpg.item_ref
$body$;
create function pg_temp.mirrored(number integer, update_count integer, performed_by text, changes jsonb default '{}')
returns jsonb
language sql
as $body$
  select '{
    "partition_network": "by test", "action_type": "mirrored", "origin_instance_domain": "https://far.by.test", "action_status": "s",
    "source_item_network": "by test", "source_item_domain": "student", "source_item_type": "profile",
    "source_item_id": "10000000-0000-4000-8000-000000000001", "source_item_instance_url": "https://by.test", "source_item_owner": "by asha",
    "target_item_network": "by test", "target_item_domain": "tutor", "target_item_type": "profile",
    "target_item_id": "88888888-8888-4888-8888-888888888888", "target_item_instance_url": "https://far.by.test",
    "target_item_owner": "far owner", "event_payload": {"phone": "0123"}, "created_at": "2026-01-01T00:00:00.000000Z"
  }'::jsonb || jsonb_build_object(
    'event_id', '3' || update_count || '000000-0000-4000-8000-' || lpad(number::text, 12, '0'), 'update_count', update_count,
    'action_id', '40000000-0000-4000-8000-' || lpad(number::text, 12, '0'), 'performed_by', performed_by, 'acting_side', 'source'
  ) || changes
$body$;
create function pg_temp.perform(number integer, performed_by text) returns dpg.item_actions language sql as $body$
  select * from dpg.perform_action(
    'by asha', 'connect', pg_temp.item(1), pg_temp.item(2), remarks => 'r', performed_by => performed_by,
    action_id => ('20000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid
  )
$body$;
create function pg_temp.accept(number integer, performed_by text) returns dpg.item_actions language sql as $body$
  select * from dpg.transition_action(
    'by ravi', 'by test', 'connect', ('20000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid, 'accepted',
    performed_by => performed_by, event_id => ('50000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid
  )
$body$;
-- every place where a word stands, of tables and of the rows of differing events
create function pg_temp.places(word text)
returns table (place text, rows bigint)
language plpgsql
security definer
as $body$
declare
  relation regclass;
begin
  for relation in
    select c.oid::regclass
    from pg_class c
    where c.relkind in ('r', 'p')
      and not c.relispartition
      and c.relnamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace)
  loop
    execute format('select count(*) from %s r where strpos(r::text, $1) > 0', relation) into rows using word;
    place := relation;
    if rows > 0 then
      return next;
    end if;
  end loop;
end
$body$;
-- who stands in performed_by of actions, events and mirrored actions of one kind, in the order of their updates
create function pg_temp.performers(number integer)
returns text
language sql
security definer
as $body$
  select string_agg(concat(kind, ' ', coalesce(performed_by, 'null')), ', ' order by kind, update_count)
  from (
    select 'a' as kind, update_count, performed_by, action_id from dpg.item_actions
    union all
    select 'e', update_count, performed_by, action_id from dpg.action_events
    union all
    select 'm', update_count, performed_by, action_id from dpg_private.mirrored_actions
  ) r
  where right(action_id::text, 12) = lpad(performers.number::text, 12, '0')
$body$;

set local role dpg_app;
do $body$
begin
  perform dpg.upsert_item('by asha', 'by test', 'student', 'profile', 'https://by.test', 's', item_id => (pg_temp.item(1)).item_id);
  perform dpg.upsert_item('by ravi', 'by test', 'student', 'profile', 'https://by.test', 's', item_id => (pg_temp.item(2)).item_id);
  perform pg_temp.perform(1, 'by sam'), pg_temp.accept(1, 'by sam');
  perform pg_temp.perform(2, 'by sam'), pg_temp.accept(2, null);
  perform pg_temp.perform(3, 'by service'), pg_temp.accept(3, 'by sam');
  perform pg_temp.perform(4, 'by asha'), pg_temp.accept(4, 'by asha');
  perform dpg.store_event(pg_temp.mirrored(5, 0, 'by sam'));
  perform dpg.store_event(pg_temp.mirrored(6, 0, 'by sam')), dpg.store_event(pg_temp.mirrored(6, 1, null));
  perform dpg.store_event(pg_temp.mirrored(7, 0, 'by service')), dpg.store_event(pg_temp.mirrored(7, 1, 'by sam'));
  -- between others, and nobody here is a party
  perform dpg.store_event(pg_temp.mirrored(8, 0, 'by sam', '{"source_item_instance_url": "https://third.by.test"}'));
end
$body$;
reset role;
select dpg.accept_differing_event('ops', pg_temp.mirrored(7, 1, 'by sam', '{"action_status": "anew"}'), 'restored');
select results_eq(
  $$select n, pg_temp.performers(n) from generate_series(1, 8) n$$,
  $$values
    (1, 'a by sam, e by sam, e by sam'), (2, 'a null, e by sam, e null'), (3, 'a by sam, e by service, e by sam'),
    (4, 'a by asha, e by asha, e by asha'), (5, 'e by sam, m by sam'), (6, 'e by sam, e null, m null'),
    (7, 'e by service, e by sam, m by sam'), (8, 'e by sam')$$,
  'who carried out what'
);

-- one event is emptied: of an action, and of a mirrored one
create temporary table before as select to_jsonb(e) as content from dpg.action_events e;
savepoint unredacted;
select lives_ok(format('select dpg.redact_event(''dpo'', ''by test'', %L, %L, ''request'')', t, i), 'redacted: ' || i)
from (values
  ('connect', '50000000-0000-4000-8000-000000000001'), ('connect', '50000000-0000-4000-8000-000000000002'),
  ('mirrored', '30000000-0000-4000-8000-000000000006'), ('mirrored', '31000000-0000-4000-8000-000000000007')
) c(t, i);
select results_eq(
  $$select n, pg_temp.performers(n) from generate_series(1, 8) n$$,
  $$values
    (1, 'a dpg_erased_user, e by sam, e dpg_erased_user'), (2, 'a null, e by sam, e null'), (3, 'a by sam, e by service, e by sam'),
    (4, 'a by asha, e by asha, e by asha'), (5, 'e by sam, m by sam'), (6, 'e dpg_erased_user, e null, m null'),
    (7, 'e by service, e dpg_erased_user, m dpg_erased_user'), (8, 'e by sam')$$,
  'the tombstone is in place of who carried it out, in the action where the event is its last'
);
select is((select d.event ->> 'performed_by' from dpg.differing_events d), 'dpg_erased_user', 'and in a differing event');
set local role dpg_app;
select lives_ok(c, 'again: ' || c)
from unnest(array[
  $$select pg_temp.accept(1, 'by sam')$$, $$select dpg.store_event(pg_temp.mirrored(6, 0, 'by sam'))$$,
  $$select dpg.store_event(pg_temp.mirrored(7, 1, 'by sam', '{"action_status": "anew"}'))$$
]) c;
reset role;
select lives_ok($$select dpg.redact_event('dpo', 'by test', 'connect', '50000000-0000-4000-8000-000000000001', 'again')$$, 'a second time');
select throws_ok($$update dpg.action_events set performed_by = null where performed_by = 'by sam'$$, 'DP012', null, 'nobody else changes it');
select throws_ok(
  $$update dpg.action_events set performed_by = 'dpg_erased_user' where performed_by is null$$, 'DP012', null, 'nor puts the tombstone there'
);
rollback to unredacted;

-- somebody is erased who owns nothing
savepoint unerased;
create function pg_temp.keep_performer() returns trigger language plpgsql as $body$
begin
  new.performed_by := old.performed_by;
  return new;
end
$body$;
create trigger keep_performer before update on dpg.item_actions for each row execute function pg_temp.keep_performer();
select throws_ok($$select dpg.erase_user('dpo', 'by sam', 'request')$$, 'DP018', null, 'a trigger of the application does not keep the id');
rollback to unerased;
insert into dpg_private.sent_contents
select 'action_events', e.partition_network, e.action_type, '', e.event_id, 'sent', 'stored' from dpg.action_events e;
set local role dpg_admin;
select lives_ok($$select dpg.erase_user('dpo', 'by sam', 'request')$$, 'a user is erased who carried out what others own');
reset role;
select is_empty($$select * from pg_temp.places('by sam')$$, 'the id is nowhere');
select results_eq(
  $$select n, pg_temp.performers(n) from generate_series(1, 8) n$$,
  $$values
    (1, 'a dpg_erased_user, e dpg_erased_user, e dpg_erased_user'), (2, 'a null, e dpg_erased_user, e null'),
    (3, 'a dpg_erased_user, e by service, e dpg_erased_user'), (4, 'a by asha, e by asha, e by asha'),
    (5, 'e dpg_erased_user, m dpg_erased_user'), (6, 'e dpg_erased_user, e null, m null'),
    (7, 'e by service, e dpg_erased_user, m dpg_erased_user'), (8, 'e dpg_erased_user')$$,
  'the tombstone stands there'
);
select set_eq(
  $$select to_jsonb(e) - 'performed_by' from dpg.action_events e$$, $$select content - 'performed_by' from before$$, 'nothing else was changed'
);
select results_eq(
  $$select right(s.id::text, 1), left(s.id::text, 2)
    from dpg_private.sent_contents s
    where s.id in (select e.event_id from dpg.action_events e where e.performed_by = 'dpg_erased_user')$$,
  $$select '', '' where false$$, 'nor is a digest left of what the id was in'
);
select is(
  (select count(*) from dpg_private.sent_contents), (select count(*) from dpg.action_events where performed_by is distinct from 'dpg_erased_user'),
  'of the others it is'
);
delete from dpg_private.sent_contents;
set local role dpg_app;
select lives_ok(c, 'again: ' || c)
from unnest(array[
  $$select pg_temp.perform(1, 'by sam')$$, $$select pg_temp.accept(1, 'by sam')$$, $$select pg_temp.accept(3, 'by sam')$$,
  $$select dpg.store_event(pg_temp.mirrored(5, 0, 'by sam'))$$, $$select dpg.store_event(pg_temp.mirrored(7, 1, 'by sam'))$$,
  $$select dpg.store_event(pg_temp.mirrored(7, 1, 'by sam', '{"action_status": "anew"}'))$$
]) c;
select throws_ok(c, 'DP008', null, 'other content: ' || c)
from unnest(array[
  $$select pg_temp.perform(1, null)$$, $$select pg_temp.accept(1, null)$$, $$select pg_temp.accept(2, 'by sam')$$, $$select pg_temp.perform(3, 'by sam')$$,
  $$select dpg.store_event(pg_temp.mirrored(7, 0, 'by sam'))$$
]) c;
-- who is no user here, and is not known as one
select dpg.store_event(pg_temp.mirrored(9, 0, 'by a stranger'));
set local role dpg_admin;
select is((select kind from dpg.erase_user('dpo', 'by a stranger', 'request')), 'user', 'who is no user can be erased as well');
select throws_ok($$select dpg.erase_user('dpo', 'by a stranger', 'request')$$, 'DP009', null, 'as long as there is a trace');
reset role;

-- items are moved: who named themselves is moved along
set local role dpg_admin;
select lives_ok($$select dpg.move_items('dba', 'by asha', 'by ravi', 'one person')$$, 'items are moved');
reset role;
select is(pg_temp.performers(4), 'a by ravi, e by ravi, e by ravi', 'who carried out their own is moved with the items');
select is(pg_temp.performers(3), 'a dpg_erased_user, e by service, e dpg_erased_user', 'a service is not');
set local role dpg_app;
select lives_ok($$select pg_temp.accept(4, 'by asha')$$, 'a transition repeated says the same');

select * from finish();
rollback;
