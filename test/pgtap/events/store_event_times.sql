-- store_event keeps the time that was meant, whatever the time zone of the text or of the session.
begin;
select plan(13);

select dpg_test.insert_items();

set local role dpg_app;

set local timezone = 'Asia/Kathmandu';
set local datestyle = 'German, DMY';
select is(
  (
    select e.created_at
    from dpg.store_event(dpg_test.event(jsonb_build_object(
      'created_at', t.given, 'event_id', gen_random_uuid(), 'action_id', gen_random_uuid()
    ))) e
  ),
  t.meant,
  t.given
)
from (
  values
    ('2026-01-02T03:04:05.000006Z', timestamptz '2026-01-02 03:04:05.000006+00'),
    ('2026-01-02T03:04:05.000006+00:00', '2026-01-02 03:04:05.000006+00'),
    ('2026-01-02T03:04:05.999999+05:45', '2026-01-01 21:19:05.999999+00'),
    ('2026-01-02T03:04:05-0330', '2026-01-02 06:34:05+00'),
    ('2026-01-02 03:04:05.5+02', '2026-01-02 01:04:05.5+00'),
    ('2026-12-31T23:59:59.999999-12:00', '2027-01-01 11:59:59.999999+00'),
    ('2026-02-03T00:00Z', '2026-02-03 00:00:00+00'),
    ('0001-01-01T00:00:00Z', '0001-01-01 00:00:00+00'),
    ('9999-12-31T23:59:59.999999Z', '9999-12-31 23:59:59.999999+00'),
    ('10000-01-01T13:59:59+14:00', '9999-12-31 23:59:59+00'),
    ('0001-12-31T19:00:00-05:00 BC', '0001-01-01 00:00:00+00')
) t(given, meant);
create temporary table sent as
select to_jsonb(f) - 'ownership_roles' - 'next_page_token' - 'source_item_is_local' - 'target_item_is_local' as event
from dpg.find_events('actions asha') f;
select is((select count(*) from sent), 11::bigint, 'all are found');
select is(
  (select count(*) from sent s, lateral dpg.store_event(s.event) e where to_jsonb(e) @> s.event),
  11::bigint,
  'as find_events gives them they are the same events again'
);

select * from finish();
rollback;
