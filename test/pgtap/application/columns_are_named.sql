-- No function of ours relies on the number of columns of a table that an application may add to: inserts name the columns, rows are
-- not cast to the table's type, and types of ours are not filled by a star.
begin;
select plan(4);
create function pg_temp.functions_like(pattern text) returns text
language sql as $body$
  select string_agg(p.oid::regprocedure::text, ', ' order by p.proname)
  from pg_proc p
  where p.pronamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace)
    and coalesce(p.prosrc, '') || coalesce(pg_get_function_sqlbody(p.oid), '') ~ pattern
$body$;
select is(
  pg_temp.functions_like('insert into dpg\.(items|item_actions|action_events)( as [a-z]+)?\s+(select|values)'), null,
  'inserts name their columns'
);
select is(pg_temp.functions_like('\)::dpg\.(items|item_actions|action_events)\y'), null, 'no row(...) is cast to a row of a table');
select is(
  pg_temp.functions_like('row\([^()]*\)::dpg\.(items|item_actions|action_events)\y'), null, 'nor one of several lines'
);
-- how many columns are ours is said where additions are looked for
select is(
  (
    select string_agg(c.relname || ' ' || c.relnatts, ', ' order by c.relname)
    from pg_class c
    where c.oid in ('dpg.items'::regclass, 'dpg.item_actions'::regclass, 'dpg.action_events'::regclass)
  ),
  (
    select string_agg(m[1] || ' ' || m[2], ', ' order by m[1])
    from pg_proc p
    cross join regexp_matches(pg_get_function_sqlbody(p.oid), 'has_additions\(''(?:dpg\.)?(\w+)''::regclass, (\d+)\)', 'g') m
    where p.proname like 'additions_to_%'
  ),
  'additions_to_... know how many columns are ours'
);
select * from finish();
rollback;
