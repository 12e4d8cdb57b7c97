-- A mirrored action was last changed by whom its event of the highest update_count names, and by the party itself where it names
-- nobody, whatever the order in which the events came.
begin;
select plan(3);

select dpg_test.insert_items();
create temporary table performers (update_count integer, performed_by text);
insert into performers values (0, 'first'), (1, null), (2, 'third'), (3, null);

create function pg_temp.mirror(number integer, update_counts integer[])
returns text
language plpgsql
as $body$
declare
  performer performers;
  count integer;
begin
  foreach count in array update_counts loop
    select p.* into performer from performers p where p.update_count = count;
    perform dpg.store_event(dpg_test.event(jsonb_build_object(
      'event_id', gen_random_uuid(), 'action_id', dpg_test.id(number), 'update_count', count,
      'performed_by', performer.performed_by, 'acting_side', 'target', 'created_at', '2026-01-02T03:04:05Z'
    )));
  end loop;
  return (select coalesce(m.performed_by, 'nobody') from dpg_private.mirrored_actions m where m.action_id = dpg_test.id(number));
end
$body$;

create temporary table arrivals as
with recursive longer(update_counts) as (
  select array[p.update_count] from performers p
  union all
  select l.update_counts || p.update_count from longer l join performers p on p.update_count <> all (l.update_counts)
)
select l.update_counts, row_number() over ()::integer as number from longer l;
grant select on arrivals to dpg_app;

select results_eq(
  $$select distinct array_length(update_counts, 1), count(*) over (partition by array_length(update_counts, 1)) from arrivals order by 1$$,
  $$values (1, 4::bigint), (2, 12), (3, 24), (4, 24)$$, 'every order of every choice of four events'
);
select is_empty(
  $$select a.update_counts
    from arrivals a
    where pg_temp.mirror(100 + a.number, a.update_counts)
      <> (array['first', 'nobody', 'third', 'nobody'])[1 + (select max(u) from unnest(a.update_counts) u)]$$,
  'the one of the highest update_count counts'
);
set local role dpg_app;
select results_eq(
  $$select f.performed_by, f.update_count, count(*) from dpg.find_actions('actions asha', page_size => 1000) f group by 1, 2 order by 2$$,
  $$select (array['first', null, 'third', null])[1 + max_count], max_count, count(*)
    from (select (select max(u) from unnest(a.update_counts) u) as max_count from arrivals a) a group by 1, 2 order by 2$$,
  'and it is found'
);

select * from finish();
rollback;
