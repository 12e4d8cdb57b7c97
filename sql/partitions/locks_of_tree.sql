create or replace function dpg_private.locks_of_tree(name text)
returns text[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- one by one, so that the time that all of them may take has one bound
  return (
    select array_agg(format('lock table only %s in share row exclusive mode', t.relid) order by t.level, t.relid)
    from pg_partition_tree(('dpg.' || locks_of_tree.name)::regclass) t
  );
end
$body$;

comment on function dpg_private.locks_of_tree(text) is
  'The statements that lock a network''s partition and its leaves against writers, as a foreign key to it needs.';
