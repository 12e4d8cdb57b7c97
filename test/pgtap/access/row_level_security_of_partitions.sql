-- A partition shows what its root shows, to whoever may read it: every partition of actions and events has the policies of
-- its root, those that are created later as well. Items have none.
begin;
select plan(11);

select dpg_test.insert_users('rls asha', 'rls ravi');
select dpg.upsert_item('rls asha', 'rls test', 'person', 'profile', 'https://rls.test', 'https://schemas.rls.test',
  item_id => '10000000-0000-4000-8000-000000000001');
select dpg.upsert_item('rls ravi', 'rls test', 'person', 'profile', 'https://rls.test', 'https://schemas.rls.test',
  item_id => '10000000-0000-4000-8000-000000000002');

-- of an application: what it hides in the root is hidden in the leaf as well
create policy hidden on dpg.action_events as restrictive for select to public using (coalesce(remarks, '') <> 'hidden');

select dpg.perform_action(
  'rls asha', 'connect', row('rls test', 'person', 'profile', '10000000-0000-4000-8000-000000000001'),
  row('rls test', 'person', 'profile', '10000000-0000-4000-8000-000000000002'), remarks => r
)
from unnest(array['seen', 'hidden']) r;

select is(
  (
    select string_agg(t.relid::text, ' ' order by t.relid::text)
    from unnest(array['dpg.items', 'dpg.item_actions', 'dpg.action_events']::regclass[]) r
    cross join pg_partition_tree(r) t
    join pg_class c on c.oid = t.relid and c.relrowsecurity
    where t.level > 0 and t.relid::text like '%rlstest%'
  ),
  'dpg.a_p_rlstest dpg.a_p_rlstest_connect dpg.e_p_rlstest dpg.e_p_rlstest_connect',
  'partitions of actions and events have row level security, those of items not'
);
select is_empty(
  $$
    select t.relid, p.policyname
    from unnest(array['dpg.item_actions', 'dpg.action_events']::regclass[]) r
    cross join pg_partition_tree(r) t
    join pg_policies p on format('%I.%I', p.schemaname, p.tablename) = r::text
    left join pg_policies q
      on format('%I.%I', q.schemaname, q.tablename) = t.relid::text
      and (q.policyname, q.permissive, q.roles, q.cmd, q.qual) = (p.policyname, p.permissive, p.roles, p.cmd, p.qual)
      and q.with_check is not distinct from p.with_check
    where t.level > 0 and t.relid::text like '%rlstest%' and q.policyname is null
  $$,
  'and each policy of their root'
);

create role rls_reporting;
grant usage on schema dpg to rls_reporting;
grant select on all tables in schema dpg to rls_reporting, dpg_app, dpg_readonly;
create function pg_temp.count_as(role_name text, relation text) returns bigint
language plpgsql
as $f$
declare
  found bigint;
begin
  execute format('set local role %I', role_name);
  execute format('select count(*) from %s', relation) into found;
  reset role;
  return found;
end
$f$;

select is(pg_temp.count_as('rls_reporting', 'dpg.a_p_rlstest_connect'), 0::bigint, 'who was granted all tables reads no action of a leaf');
select is(pg_temp.count_as('rls_reporting', 'dpg.a_p_rlstest'), 0::bigint, 'nor of a network');
select is(pg_temp.count_as('rls_reporting', 'dpg.e_p_rlstest_connect'), 0::bigint, 'nor an event');
select is(pg_temp.count_as('rls_reporting', 'dpg.i_p_rlstest_person'), 2::bigint, 'items are read by everybody who may');
select is(pg_temp.count_as('dpg_readonly', 'dpg.a_p_rlstest_connect'), 2::bigint, 'dpg_readonly reads all actions, as from the root');
select is(pg_temp.count_as('dpg_readonly', 'dpg.e_p_rlstest_connect'), 1::bigint, 'and what an application hides it does not see');
set local dpg.actor = 'rls ravi';
select is(pg_temp.count_as('dpg_app', 'dpg.a_p_rlstest_connect'), 2::bigint, 'dpg_app reads those of the actor');
set local dpg.actor = 'nobody';
select is(pg_temp.count_as('dpg_app', 'dpg.a_p_rlstest_connect'), 0::bigint, 'and no others');
select is((select count(*) from dpg.find_actions('rls asha')), 2::bigint, 'the functions, as the owner, are not concerned');
select * from finish();
rollback;
