-- Many items in one call: new, changed, unchanged, over several networks and domains, in the order of the input.
begin;
select plan(19);

select dpg_test.insert_users('asha');
set local role dpg_app;

create function pg_temp.versions() returns table (name text, version text, updated_at timestamptz)
language sql as $body$
  select i.item_state ->> 'name', concat_ws(' ', i.tableoid, i.ctid, i.xmin), i.updated_at
  from dpg.items i
  where i.item_network in ('many_dot', 'many_dot_2')
$body$;

create temporary table first as
select row_number() over () as position, i.*
from dpg.upsert_items('asha', '[
  {"item_network": "many_dot", "item_domain": "tutor", "item_type": "b", "item_instance_url": "https://a", "item_schema_url": "https://s",
   "item_state": {"name": "one"}, "item_id": "00000000-0000-4000-8000-000000000009", "item_latitude": 90, "item_longitude": -180},
  {"item_network": "many_dot_2", "item_domain": "student", "item_type": "a", "item_instance_url": "https://b", "item_schema_url": "https://s",
   "item_state": {"name": "two"}, "item_id": "00000000-0000-4000-8000-000000000001"},
  {"item_network": "many_dot", "item_domain": "student", "item_type": "z", "item_instance_url": "https://a", "item_schema_url": "https://s",
   "item_state": {"name": "three"}, "item_id": null, "item_latitude": null, "item_longitude": null},
  {"item_network": "many_dot", "item_domain": "tutor", "item_type": "a", "item_instance_url": "https://a", "item_schema_url": "https://s",
   "item_state": {"name": "four"}, "item_id": "00000000-0000-4000-8000-000000000004"},
  {"item_network": "many_dot", "item_domain": "student", "item_type": "a", "item_instance_url": "https://a", "item_schema_url": "https://s"}
]') i;

select is(
  (select jsonb_agg(to_jsonb(f) - '{created_at,updated_at,position,item_id}'::text[] order by f.position) from first f),
  '[{"item_network": "many_dot", "item_domain": "tutor", "item_type": "b", "item_instance_url": "https://a", "item_schema_url": "https://s",
     "item_state": {"name": "one"}, "item_latitude": 90, "item_longitude": -180, "created_by": "asha", "item_status": "live"},
    {"item_network": "many_dot_2", "item_domain": "student", "item_type": "a", "item_instance_url": "https://b", "item_schema_url": "https://s",
     "item_state": {"name": "two"}, "item_latitude": null, "item_longitude": null, "created_by": "asha", "item_status": "live"},
    {"item_network": "many_dot", "item_domain": "student", "item_type": "z", "item_instance_url": "https://a", "item_schema_url": "https://s",
     "item_state": {"name": "three"}, "item_latitude": null, "item_longitude": null, "created_by": "asha", "item_status": "live"},
    {"item_network": "many_dot", "item_domain": "tutor", "item_type": "a", "item_instance_url": "https://a", "item_schema_url": "https://s",
     "item_state": {"name": "four"}, "item_latitude": null, "item_longitude": null, "created_by": "asha", "item_status": "live"},
    {"item_network": "many_dot", "item_domain": "student", "item_type": "a", "item_instance_url": "https://a", "item_schema_url": "https://s",
     "item_state": {}, "item_latitude": null, "item_longitude": null, "created_by": "asha", "item_status": "live"}]'::jsonb,
  'the rows come in the order of the input, as given'
);
select is(
  (select array_agg(f.item_id order by f.position) from first f where f.position in (1, 2, 4)),
  array['00000000-0000-4000-8000-000000000009', '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000004']::uuid[],
  'with the ids that were given'
);
select is((select count(distinct f.item_id)::integer from first f), 5, 'and others where none was');
select set_eq(
  $$select item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
      item_latitude, item_longitude, created_by, created_at, updated_at, item_status
    from dpg.items where item_network in ('many_dot', 'many_dot_2')$$,
  $$select f.item_network, f.item_domain, f.item_type, f.item_id, f.item_instance_url, f.item_schema_url, f.item_state,
      f.item_latitude, f.item_longitude, f.created_by, f.created_at, f.updated_at, f.item_status from first f$$,
  'what is returned is what is stored'
);
select is(
  (select bool_and(f.created_at = f.updated_at) from first f), true, 'none has been changed since'
);
select is(
  (select array_agg(f.position::integer order by f.created_at) from first f), array[1, 2, 3, 4, 5], 'created_at rises with the order of the input'
);
select is((select count(distinct f.created_at)::integer from first f), 5, 'and no two are the same');
select is(
  (select string_agg(u.instance_url, ' ' order by u.instance_url) from dpg.instance_urls u where u.instance_url in ('https://a', 'https://b')),
  'https://a https://b', 'their URLs are URLs of this instance'
);

create temporary table before as select * from pg_temp.versions();

-- new, changed, unchanged and new again
create temporary table second as
select row_number() over () as position, i.*
from dpg.upsert_items('asha', '[
  {"item_network": "many_dot", "item_domain": "student", "item_type": "a", "item_instance_url": "https://a", "item_schema_url": "https://s",
   "item_state": {"name": "five"}, "item_id": "00000000-0000-4000-8000-000000000005"},
  {"item_network": "many_dot", "item_domain": "tutor", "item_type": "a", "item_instance_url": "https://a", "item_schema_url": "https://s",
   "item_state": {"name": "four"}, "item_id": "00000000-0000-4000-8000-000000000004"},
  {"item_network": "many_dot", "item_domain": "tutor", "item_type": "b", "item_instance_url": "https://c", "item_schema_url": "https://t",
   "item_id": "00000000-0000-4000-8000-000000000009"},
  {"item_network": "many_dot_3", "item_domain": "student", "item_type": "a", "item_instance_url": "https://a", "item_schema_url": "https://s",
   "item_state": {"name": "six"}},
  {"item_network": "many_dot_2", "item_domain": "student", "item_type": "a", "item_instance_url": "https://b", "item_schema_url": "https://s",
   "item_state": {"name": "two", "more": [1, [2, {"deep": null}]]}, "item_id": "00000000-0000-4000-8000-000000000001"}
]') i;
select is(
  (select jsonb_agg(to_jsonb(s) - '{created_at,updated_at,position,item_id}'::text[] order by s.position) from second s),
  '[{"item_network": "many_dot", "item_domain": "student", "item_type": "a", "item_instance_url": "https://a", "item_schema_url": "https://s",
     "item_state": {"name": "five"}, "item_latitude": null, "item_longitude": null, "created_by": "asha", "item_status": "live"},
    {"item_network": "many_dot", "item_domain": "tutor", "item_type": "a", "item_instance_url": "https://a", "item_schema_url": "https://s",
     "item_state": {"name": "four"}, "item_latitude": null, "item_longitude": null, "created_by": "asha", "item_status": "live"},
    {"item_network": "many_dot", "item_domain": "tutor", "item_type": "b", "item_instance_url": "https://c", "item_schema_url": "https://t",
     "item_state": {}, "item_latitude": null, "item_longitude": null, "created_by": "asha", "item_status": "live"},
    {"item_network": "many_dot_3", "item_domain": "student", "item_type": "a", "item_instance_url": "https://a", "item_schema_url": "https://s",
     "item_state": {"name": "six"}, "item_latitude": null, "item_longitude": null, "created_by": "asha", "item_status": "live"},
    {"item_network": "many_dot_2", "item_domain": "student", "item_type": "a", "item_instance_url": "https://b", "item_schema_url": "https://s",
     "item_state": {"name": "two", "more": [1, [2, {"deep": null}]]}, "item_latitude": null, "item_longitude": null, "created_by": "asha", "item_status": "live"}]'::jsonb,
  'new, unchanged, replaced: the rows come in the order of the input, replaced ones without what was left out'
);
select is_empty(
  $$select s.item_network, s.item_domain, s.item_type, s.item_id, s.item_instance_url, s.item_schema_url, s.item_state,
      s.item_latitude, s.item_longitude, s.created_by, s.created_at, s.updated_at from second s
    except select item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
      item_latitude, item_longitude, created_by, created_at, updated_at from dpg.items$$,
  'what is returned is what is stored'
);
select is(
  (select s.created_at = f.created_at and s.updated_at = f.updated_at
   from second s, first f where s.position = 2 and f.position = 4), true,
  'the unchanged one has its times'
);
select is(
  (select v.version from pg_temp.versions() v where v.name = 'four'), (select b.version from before b where b.name = 'four'),
  'and is the same row version: nothing was written'
);
select is(
  (select bool_and(s.created_at = f.created_at and s.updated_at > f.updated_at)
   from second s join first f using (item_network, item_domain, item_type, item_id) where s.position in (3, 5)), true,
  'the replaced ones keep created_at, and their updated_at rises'
);
select is(
  (select v.version from pg_temp.versions() v where v.name = 'three'), (select b.version from before b where b.name = 'three'),
  'an item that the call does not name is not touched'
);

-- all unchanged, in another order: no write at all
create temporary table again as select * from pg_temp.versions();
select results_eq(
  $$select s.item_id from dpg.upsert_items('asha', (
      select jsonb_agg((to_jsonb(s) - '{created_at,updated_at,position,created_by}'::text[]) order by s.position desc) from second s
    )) s$$,
  $$select s.item_id from second s order by s.position desc$$,
  'what was returned can be given again, in any order'
);
select set_eq('select * from pg_temp.versions()', 'select * from again', 'and nothing is written');

select is_empty($$select dpg.upsert_items('asha', '[]')$$, 'an empty array is no item');
select is(
  (select count(*)::integer from dpg.upsert_items('asha', '[
    {"item_network": "many_dot", "item_domain": "student", "item_type": "a", "item_instance_url": "https://a", "item_schema_url": "https://s",
     "item_id": "{0000000000004000800000000000000A}", "item_latitude": 90.00000000000000000001, "item_longitude": -0}]')),
  1, 'ids and coordinates are read as their types read them'
);
select results_eq(
  $$select item_latitude, item_longitude from dpg.items where item_id = '00000000-0000-4000-8000-00000000000a'$$,
  $$values (90::double precision, 0::double precision)$$, 'and stored so'
);

select * from finish();
rollback;
