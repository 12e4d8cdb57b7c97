-- Columns that an application adds to the tables stop no feed, and are no part of a row of it.
begin;
select plan(9);

insert into public."user" (id, name, email)
values ('feed asha', 'Asha', 'asha@feed.test'), ('feed ravi', 'Ravi', 'ravi@feed.test');

do $body$
begin
  perform dpg.upsert_item(
    'feed asha', 'feed test', 'student', 'p', 'https://feed.test', 's', item_id => '10000000-0000-4000-8000-000000000001'
  );
  perform dpg.upsert_item(
    'feed ravi', 'feed test', 'tutor', 'p', 'https://feed.test', 's', item_id => '10000000-0000-4000-8000-000000000002'
  );
end
$body$;

create function pg_temp.id(number integer)
returns uuid
language sql
as $body$
  select ('20000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid
$body$;

-- an action of that number and type
create function pg_temp.act(number integer, type text default 'connect')
returns void
language plpgsql
as $body$
begin
  perform dpg.perform_action(
    'feed asha', type, ('feed test', 'student', 'p', '10000000-0000-4000-8000-000000000001')::dpg.item_ref,
    ('feed test', 'tutor', 'p', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, action_id => pg_temp.id(number)
  );
end
$body$;

-- what a batch has: the last digit of the action, and the update
create function pg_temp.batch(subscription text, max_events integer default 1000, lease_seconds double precision default 60)
returns text
language sql
as $body$
  select coalesce(string_agg(right(e.action_id::text, 1) || '.' || e.update_count, ' ' order by e."position"), '')
  from dpg.read_events(subscription, max_events, lease_seconds) e
$body$;

-- positions count from where the database is
do $body$
begin
  perform set_config('feed.before', (select (s.last_value - 1 + s.is_called::integer)::text from dpg_private.event_feed_position_seq s), true);
end
$body$;

create function pg_temp.at(number integer)
returns bigint
language sql
as $body$
  select current_setting('feed.before')::bigint + number
$body$;

do $body$
begin
  perform pg_temp.act(1), pg_temp.act(2);
  perform dpg.create_subscription('all', 'feed test');
end
$body$;
select is(pg_temp.batch('all', 1), '1.0', 'read before');
do $body$
begin
  perform dpg.release_events('all');
end
$body$;
alter table dpg.action_events add column note text, add column weight integer not null default 7;
-- json has no equality
alter table dpg.subscriptions add column note json, add column weight integer not null default 7;
alter table dpg.failed_events add column note json, add column weight integer not null default 7;

select is(pg_temp.batch('all'), '1.0 2.0', 'read afterwards, in the same session');
select is(
  (select array_agg(a.attname::text) from pg_attribute a join pg_type t on t.typrelid = a.attrelid where t.typname = 'feed_event' and a.attname in ('note', 'weight')),
  null, 'a row of the feed has the documented columns'
);
select is(
  (select array_agg(row(e.event_payload ->> 'status', e.created_at, e.source_item_is_local, e.target_item_is_local)::text order by e."position")
   from (select r.* from dpg.create_subscription('types', 'feed test') c, dpg.read_events(c.subscription) r) e),
  (select array_agg(row(e.event_payload ->> 'status', e.created_at, e.source_item_is_local, e.target_item_is_local)::text order by e.action_id)
   from dpg.action_events e where e.partition_network = 'feed test'),
  'each in its place'
);
select is(
  (select (f.state, f.attempts, f.weight)::text from dpg.fail_event('all', pg_temp.at(1), 'no', 1) f), '(dead,1,7)',
  'what returns the row of a table returns all of it'
);
select is((select (f.state, f.weight)::text from dpg.retry_events('all') f), '(retrying,7)', 'revived');
select is((select count(*) from dpg.read_retries('all')), 1::bigint, 'tried again');
select is((dpg.release_events('all')).weight, 7, 'released');
select is((dpg.drop_subscription('all')).weight, 7, 'dropped');

select * from finish();
rollback;
