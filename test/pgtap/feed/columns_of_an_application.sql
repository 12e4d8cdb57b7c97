-- Columns that an application adds to the tables stop no feed, and are no part of a row of it.
begin;
select plan(9);

select dpg_test.begin_feed();

do $body$
begin
  perform dpg_test.act(1), dpg_test.act(2);
  perform dpg.create_subscription('all', 'feed test');
end
$body$;
select is(dpg_test.batch('all', 1), '1.0', 'read before');
do $body$
begin
  perform dpg.release_events('all');
end
$body$;
alter table dpg.action_events add column note text, add column weight integer not null default 7;
-- json has no equality
alter table dpg.subscriptions add column note json, add column weight integer not null default 7;
alter table dpg.failed_events add column note json, add column weight integer not null default 7;

select is(dpg_test.batch('all'), '1.0 2.0', 'read afterwards, in the same session');
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
  (select (f.state, f.attempts, f.weight)::text from dpg.fail_event('all', dpg_test.at(1), 'no', 1) f), '(dead,1,7)',
  'what returns the row of a table returns all of it'
);
select is((select (f.state, f.weight)::text from dpg.retry_events('all') f), '(retrying,7)', 'revived');
select is((select count(*) from dpg.read_retries('all')), 1::bigint, 'tried again');
select is((dpg.release_events('all')).weight, 7, 'released');
select is((dpg.drop_subscription('all')).weight, 7, 'dropped');

select * from finish();
rollback;
