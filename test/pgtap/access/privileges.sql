-- Who may do what: exactly what the contract's section on roles says.
begin;
select plan(22);
select dpg_test.insert_users('asha', 'ravi');
select dpg.upsert_item('asha', 'yellow_dot', 'student', 't', 'https://one.example.com', 'https://s.example.com', item_id => '11111111-1111-4111-8111-111111111111');
select dpg.upsert_item('ravi', 'yellow_dot', 'tutor', 't', 'https://one.example.com', 'https://s.example.com', item_id => '22222222-2222-4222-8222-222222222222');
select dpg.perform_action('asha', 'connect', row('yellow_dot', 'student', 't', '11111111-1111-4111-8111-111111111111'),
  row('yellow_dot', 'tutor', 't', '22222222-2222-4222-8222-222222222222'));

create function pg_temp.executable(role_name text) returns text
language sql
as $f$
  select string_agg(p.proname, ' ' order by p.proname collate "C")
  from pg_proc p
  where p.pronamespace = 'dpg'::regnamespace and has_function_privilege(role_name, p.oid, 'execute')
$f$;
-- what the role may do to relations of dpg and dpg_private, columns of views and leaves included
create function pg_temp.relation_privileges(role_name text) returns text
language sql
as $f$
  select string_agg(g.names, '; ' order by g.names)
  from (
    select v.privilege || ': ' || string_agg(c.relname, ' ' order by c.relname collate "C") as names
    from pg_class c
    cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) v(privilege)
    where c.relnamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace)
      and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and (
        has_table_privilege(role_name, c.oid, v.privilege)
        or v.privilege in ('select', 'insert', 'update', 'references') and has_any_column_privilege(role_name, c.oid, v.privilege)
      )
    group by v.privilege
  ) g
$f$;
create function pg_temp.attempt(role_name text, statement text) returns text
language plpgsql
as $f$
begin
  execute format('set local role %I', role_name);
  begin
    execute statement;
    raise exception using errcode = 'ZZ000', message = 'undo';
  exception
    when sqlstate 'ZZ000' then
      reset role;
      return 'done';
    when others then
      reset role;
      return sqlstate;
  end;
end
$f$;

select is(
  pg_temp.executable('dpg_app'),
  'acknowledge count_actions count_facets count_item_actions count_items create_item_subscription create_subscription define_action define_item define_search delete_item drop_subscription ensure_action_event_partition ensure_action_partition '
    || 'ensure_item_partition fail_event find_actions find_events find_items find_own_items get_action get_item get_items map_items nearest_items perform_action read_events read_item_changes read_retries '
    || 'receive_action receive_transition refresh_search release_events retry_events search_items set_item_status settle_event store_event transition_action transition_actions update_item upsert_item upsert_items',
  'dpg_app executes the functions of the contract and no administration'
);
select is(
  pg_temp.executable('dpg_readonly'),
  'count_actions count_facets count_item_actions count_items find_actions find_events find_items find_own_items get_action get_item get_items map_items nearest_items search_items',
  'dpg_readonly executes get, find, count, nearest and map'
);
select is(
  (select string_agg(p.proname, ' ') from pg_proc p where p.pronamespace = 'dpg'::regnamespace and not has_function_privilege('dpg_admin', p.oid, 'execute')),
  null,
  'dpg_admin executes all: a list in sql/access/privileges.sql names each function'
);
select is(
  (select string_agg(p.oid::regprocedure::text, ' ') from pg_proc p cross join unnest(array['dpg_app', 'dpg_readonly', 'dpg_admin']) r where p.pronamespace = 'dpg_private'::regnamespace and p.proname not in ('normalised_url', 'rewritten_url') and has_function_privilege(r, p.oid, 'execute')),
  null,
  'nobody executes a helper, except two that views call with the rights of their reader'
);
select is(
  pg_temp.relation_privileges('dpg_app'),
  'select: action_definitions action_events differing_events failed_events homes instance_urls item_actions item_definitions item_searches items limits metrics network_rules networks partitions peers subscription_status subscriptions',
  'dpg_app reads the tables and writes none, no leaf either'
);
select is(
  pg_temp.relation_privileges('dpg_readonly'),
  'select: action_definitions action_events differing_events failed_events homes instance_urls item_actions item_definitions item_searches items limits metrics network_rules networks partitions peers subscription_status subscriptions',
  'dpg_readonly the same'
);
select is(
  regexp_replace(pg_temp.relation_privileges('dpg_admin'), 'select: [^;]*; ', ''),
  'delete: homes; insert: homes; update: homes limits',
  'dpg_admin changes limits and homes'
);
select is(
  (
    select string_agg(c.relname, ' ')
    from pg_class c
    cross join lateral aclexplode(c.relacl) a
    where c.relnamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace) and a.grantee = 0
  ),
  null,
  'PUBLIC has no privilege on a relation'
);
select is(
  (select string_agg(r || ' ' || s || ' ' || p, ', ' order by r, s, p) from unnest(array['public', 'dpg_app', 'dpg_readonly', 'dpg_admin']) r, unnest(array['dpg', 'dpg_private']) s, unnest(array['usage', 'create']) p where has_schema_privilege(r, s, p)),
  'dpg_admin dpg usage, dpg_app dpg usage, dpg_readonly dpg usage',
  'the schema dpg is used by the three roles, dpg_private by nobody'
);
select is(
  (
    select string_agg(p, ', ' order by p)
    from unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) p
    where has_table_privilege('dpg_app', 'public."user"', p)
  ),
  'delete, insert, select, update',
  'dpg_app manages the users of a table that the migration created'
);
select ok(not has_table_privilege('dpg_readonly', 'public."user"', 'select'), 'dpg_readonly does not read the users');
select is(
  (select string_agg(rolname, ', ') from pg_roles where rolname in ('dpg_app', 'dpg_readonly', 'dpg_admin') and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)),
  null,
  'the roles have no power of their own'
);
-- as they meet it
select is(pg_temp.attempt('dpg_app', $$ insert into dpg.items (item_network, item_domain, item_type, item_instance_url, item_schema_url, created_by) values ('yellow_dot', 'student', 't', 'u', 's', 'asha') $$), '42501', 'dpg_app cannot insert');
select is(pg_temp.attempt('dpg_app', $$ update dpg.item_actions set action_status = 'accepted' $$), '42501', 'cannot update');
select is(pg_temp.attempt('dpg_app', $$ delete from dpg.i_p_yellowdot_student $$), '42501', 'cannot delete from a leaf');
select is(pg_temp.attempt('dpg_app', $$ select * from dpg.i_p_yellowdot_student $$), '42501', 'cannot even read one');
select is(pg_temp.attempt('dpg_app', $$ select dpg_private.find_leaf('items', 'yellow_dot', 'student') $$), '42501', 'cannot call a helper');
select is(pg_temp.attempt('dpg_app', $$ select dpg_private.normalised_url('https://one.example.com') $$), '42501', 'nor name one that a view calls');
select is(pg_temp.attempt('dpg_readonly', $$ select dpg.upsert_item('asha', 'yellow_dot', 'student', 't', 'u', 's') $$), '42501', 'dpg_readonly cannot write by a function');
select is(
  pg_temp.attempt('dpg_readonly', $$
    select dpg.get_item('yellow_dot', 'student', 't', '11111111-1111-4111-8111-111111111111'), (select count(*) from dpg.find_items('yellow_dot', 'student')),
      dpg.count_items('yellow_dot', 'student'), (select count(*) from dpg.nearest_items('yellow_dot', 'student', 1, 2)),
      (select count(*) from dpg.find_actions('asha')), (select count(*) from dpg.find_events('asha')), (select count(*) from dpg.items), (select count(*) from dpg.partitions),
      (select dpg.get_action('asha', a.partition_network, a.action_type, a.action_id) from dpg.item_actions a where a.source_item_owner = 'asha')
  $$),
  'done',
  'but reads by all of them'
);
select is(pg_temp.attempt('dpg_app', $$ update dpg.limits set limit_value = 1 where limit_name = 'networks' $$), '42501', 'dpg_app cannot raise its own limits');
select is(pg_temp.attempt('dpg_admin', $$ update dpg.limits set limit_value = 1 where limit_name = 'networks' $$), 'done', 'dpg_admin can');
select * from finish();
rollback;
