-- Who reads item_actions and action_events directly as dpg_app sees the rows of which the actor in dpg.actor is a party,
-- and none without it; the tables of items have no such policy, dpg_readonly and dpg_admin read all.
begin;
select plan(27);

select dpg_test.insert_users('rls asha', 'rls ravi', 'rls mina');

create function pg_temp.id(number integer)
returns uuid
language sql
as $body$
  select ('10000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid
$body$;

-- 1 Asha, 2 Ravi, 3 Mina; actions: 11 Asha to Ravi, 12 Ravi to Mina, 13 another instance's "rls asha" to Mina
do $body$
begin
  perform dpg.upsert_item(
    i.owner, 'rls test', 'person', 'profile', 'https://rls.test', 'https://schemas.rls.test', item_id => pg_temp.id(i.number)
  )
  from (values (1, 'rls asha'), (2, 'rls ravi'), (3, 'rls mina')) i(number, owner);
  perform dpg.perform_action(
    a.actor, 'connect', row('rls test', 'person', 'profile', pg_temp.id(a.source)),
    row('rls test', 'person', 'profile', pg_temp.id(a.target)), action_id => pg_temp.id(a.number)
  )
  from (values (11, 'rls asha', 1, 2), (12, 'rls ravi', 2, 3)) a(number, actor, source, target);
  perform dpg.receive_action(
    'connect', row('rls test', 'person', 'profile', pg_temp.id(99)), 'https://far.rls.test', 'rls asha',
    row('rls test', 'person', 'profile', pg_temp.id(3)), action_id => pg_temp.id(13)
  );
  -- mirrored: 21 of Asha to another instance's "rls ravi", 22 of another instance's "rls mina"
  perform dpg.store_event(
    to_jsonb(e) - 'source_item_is_local' - 'target_item_is_local' || jsonb_build_object(
      'event_id', pg_temp.id(m.number), 'action_id', pg_temp.id(m.number), 'origin_instance_domain', 'https://far.rls.test',
      'source_item_owner', m.source_owner, 'source_item_instance_url', m.source_url,
      'target_item_owner', 'rls ravi', 'target_item_instance_url', 'https://far.rls.test'
    )
  )
  from dpg.action_events e
  cross join (
    values (21, 'rls asha', 'https://rls.test'), (22, 'rls mina', 'https://far.rls.test')
  ) m(number, source_owner, source_url)
  where e.action_id = pg_temp.id(11);
end
$body$;

create function pg_temp.sees(relation text)
returns text
language plpgsql
as $body$
declare
  seen text;
begin
  execute format(
    'select coalesce(string_agg(right(action_id::text, 2), '' '' order by action_id), ''none'')
     from %s where partition_network = ''rls test''', relation
  )
  into seen;
  return seen;
end
$body$;

set local role dpg_app;
select is(pg_temp.sees('dpg.item_actions'), 'none', 'without dpg.actor: no action');
select is(pg_temp.sees('dpg.action_events'), 'none', 'no event');
set local dpg.actor = '';
select is(pg_temp.sees('dpg.item_actions'), 'none', 'with an empty one: no action');
select is(pg_temp.sees('dpg.action_events'), 'none', 'no event');
set local dpg.actor = 'rls asha';
select is(pg_temp.sees('dpg.item_actions'), '11', 'Asha: hers, not that of her namesake of another instance');
select is(pg_temp.sees('dpg.action_events'), '11 21', 'also the event that was mirrored');
set local dpg.actor = 'rls ravi';
select is(pg_temp.sees('dpg.item_actions'), '11 12', 'Ravi: received and initiated');
select is(pg_temp.sees('dpg.action_events'), '11 12', 'not what another instance has for his namesake');
set local dpg.actor = 'rls mina';
select is(pg_temp.sees('dpg.item_actions'), '12 13', 'Mina: also what came from another instance');
select is(pg_temp.sees('dpg.action_events'), '12 13', 'not what her namesake did');
set local dpg.actor = 'nobody';
select is(pg_temp.sees('dpg.item_actions'), 'none', 'nobody: none');
set local dpg.actor = $$' or true --$$;
select is(pg_temp.sees('dpg.item_actions'), 'none', 'the setting is a value, whatever stands in it');
set local dpg.actor = 'rls asha';
select is(
  (select count(*) from dpg.items where item_network = 'rls test'), 3::bigint, 'items are read by everybody'
);
select is_empty(
  $$select * from dpg.item_actions where partition_network = 'rls test' and target_item_owner = 'rls mina'$$,
  'no condition of the reader''s reaches beyond'
);

-- a function of the reader's in a condition is not asked about other rows
reset role;
create function public.rls_leak(action_id uuid)
returns boolean
language plpgsql
cost 0.0000001
as $body$
begin
  if action_id <> '10000000-0000-4000-8000-000000000011' then
    raise exception 'seen: %', action_id;
  end if;
  return true;
end
$body$;
set local role dpg_app;
select lives_ok(
  $$select * from dpg.item_actions where partition_network = 'rls test' and public.rls_leak(action_id)$$,
  'a cheap function in a condition sees no other row'
);
reset role;
set local row_security = off;
set local role dpg_app;
select throws_ok($$select * from dpg.item_actions$$, '42501', null, 'row_security = off does not switch it off');
reset role;
set local row_security = on;

-- the leaf is no way around
set local role dpg_app;
select throws_ok($$select * from dpg.a_p_rlstest_connect$$, '42501', null, 'a leaf cannot be read: dpg_app');
reset role;
set local role dpg_readonly;
select throws_ok($$select * from dpg.e_p_rlstest_connect$$, '42501', null, 'dpg_readonly');
select is(pg_temp.sees('dpg.item_actions'), '11 12 13', 'dpg_readonly reads all actions');
select is(pg_temp.sees('dpg.action_events'), '11 12 13 21 22', 'and events');
reset role;
set local role dpg_admin;
select is(pg_temp.sees('dpg.item_actions'), '11 12 13', 'and dpg_admin');
select is(pg_temp.sees('dpg.action_events'), '11 12 13 21 22', 'and dpg_admin');
reset role;

-- the functions know their actor, whatever the setting says
set local role dpg_app;
set local dpg.actor = 'rls mina';
select results_eq(
  $$select right(action_id::text, 2) from dpg.find_actions('rls asha')$$, $$values ('11'), ('21')$$,
  'find_actions goes by its argument'
);
select results_eq(
  $$select right(action_id::text, 2) from dpg.find_events('rls asha', action_type => 'connect', partition_network => 'rls test') order by 1$$,
  $$values ('11'), ('21')$$,
  'and so does find_events'
);
reset dpg.actor;
select lives_ok(
  $$select dpg.transition_action('rls ravi', 'rls test', 'connect', '10000000-0000-4000-8000-000000000011', 'accepted')$$,
  'and a transition, without any'
);
reset role;

-- partitions made later are under it as well: they are read through the root
set local role dpg_app;
do $body$
begin
  perform dpg.perform_action(
    'rls asha', 'later', row('rls test', 'person', 'profile', '10000000-0000-4000-8000-000000000001'),
    row('rls test', 'person', 'profile', '10000000-0000-4000-8000-000000000002'),
    action_id => '10000000-0000-4000-8000-000000000014'
  );
end
$body$;
set local dpg.actor = 'rls mina';
select is(pg_temp.sees('dpg.item_actions'), '12 13', 'an action type made later: not for others');
set local dpg.actor = 'rls asha';
select is(pg_temp.sees('dpg.item_actions'), '11 14', 'but for its parties');
reset role;

select * from finish();
rollback;
