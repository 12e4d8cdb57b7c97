// Something of everything that the database can hold, to be found again: several networks, odd keys, names that meet,
// actions within and across networks, mirrored events, declared graphs and statuses, a redaction, an erasure, a registered network, a changed limit.

import type postgres from 'postgres';

/** What an application adds to the tables: columns, and a trigger that changes what is written. */
export async function extend(sql: postgres.Sql): Promise<void> {
  await sql
    .unsafe(`
alter table dpg.items add column note text, add column score numeric not null default 1;
alter table dpg.item_actions add column note text, add column score numeric not null default 2;
alter table dpg.action_events add column note text, add column score numeric not null default 3;
create function public.complete_item() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $body$
begin
  new.note := 'of ' || new.item_domain;
  new.item_state := new.item_state || '{"checked": true}';
  return new;
end
$body$;
create trigger complete_item before insert or update on dpg.items for each row execute function public.complete_item();`)
    .simple();
}

export async function fill(sql: postgres.Sql): Promise<void> {
  await sql
    .unsafe(`
do $body$
declare
  student dpg.item_ref;
  tutor dpg.item_ref;
  network text;
  number integer := 0;
begin
  insert into public."user" (id, name, email)
  select 'restore ' || u, u, u || '@restore.test' from unnest(array['asha', 'ravi', 'mina']) u;
  foreach network in array array['restore one', 'restore_one', 'Ünïcode "quoted" \\'' net', '日本'] loop
    number := number + 1;
    student := row(network, 'student', 'profile', ('00000000-0000-4000-8000-00000000000' || number)::uuid);
    tutor := row(network, 'tu.tor', 'profile', ('00000000-0000-4000-8000-00000000001' || number)::uuid);
    perform dpg.upsert_item('restore asha', network, 'student', 'profile', 'https://' || number || '.restore.test',
      'https://schemas.restore.test', '{"name": "Asha", "note": "\\u00e9 \\" \\\\ "}', 12.9716, 77.5946, student.item_id);
    perform dpg.upsert_item('restore ravi', network, 'tu.tor', 'profile', 'https://' || number || '.restore.test',
      'https://schemas.restore.test', '{"name": "Ravi"}', -89.999, 179.999, tutor.item_id);
    perform dpg.upsert_item('restore mina', network, 'tu.tor', 'profile', 'https://' || number || '.restore.test',
      'https://schemas.restore.test', '{"name": "Mina"}', item_id => ('00000000-0000-4000-8000-00000000002' || number)::uuid);
    if to_regproc('dpg.define_search') is not null then
      perform dpg.define_search(network, 'tu.tor', 'profile', '{name}', 'english');
      perform dpg.refresh_search(network, 'tu.tor');
    end if;
    perform dpg.define_action(network, 'connect', '[{"from": "created", "to": "accepted", "by": "target"}]');
    perform dpg.perform_action('restore asha', 'connect', student, tutor, '{"subject": "math"}', 'please',
      action_id => ('00000000-0000-4000-8000-00000000003' || number)::uuid);
    perform dpg.transition_action('restore ravi', network, 'connect', ('00000000-0000-4000-8000-00000000003' || number)::uuid,
      'accepted', 0, '{"on": "Monday"}', 'gladly', ('00000000-0000-4000-8000-00000000004' || number)::uuid);
    perform dpg.perform_action('restore asha', 'visit', student,
      row('restore one', 'student', 'profile', '00000000-0000-4000-8000-000000000001'),
      action_id => ('00000000-0000-4000-8000-00000000005' || number)::uuid)
    where number > 1;
    perform dpg.receive_action('connect', row('far', 'student', 'profile', '00000000-0000-4000-8000-000000000099'),
      'https://far.restore.test', 'far asha', tutor, action_id => ('00000000-0000-4000-8000-00000000006' || number)::uuid);
  end loop;
  perform dpg.store_event(to_jsonb(e) - '{source_item_is_local,target_item_is_local,note,score}'::text[] || jsonb_build_object(
    'origin_instance_domain', 'https://far.restore.test', 'target_item_instance_url', 'https://far.restore.test',
    'event_id', '00000000-0000-4000-8000-000000000071',
    'action_id', '00000000-0000-4000-8000-000000000072')
    -- what releases before 0.2.0 do not know
    || case when to_jsonb(e) ? 'performed_by' then '{"performed_by": "a service", "acting_side": "target"}'::jsonb else '{}' end)
  from dpg.action_events e where e.event_id = '00000000-0000-4000-8000-000000000041';
  if to_regproc('dpg.define_network') is not null then
    perform dpg.define_network('restore_one', '{"max_open_per_pair": 100, "max_items_per_owner": 1000}');
    perform dpg.define_action('restore_one', 'ruled', null, rules => '{"final_statuses": ["over"], "max_open_per_source": 5}');
  end if;
  if to_regproc('dpg.define_item') is not null then
    perform dpg.define_item('restore_one', 'tu.tor', '[{"status": "paused", "found": false, "acts": false}, {"status": "gone", "final": true}]');
    perform dpg.set_item_status('restore ravi', 'restore_one', 'tu.tor', 'profile', '00000000-0000-4000-8000-000000000012', 'paused');
  end if;
  perform dpg.redact_event('restore officer', 'restore one', 'connect', '00000000-0000-4000-8000-000000000041', 'request 1');
  perform dpg.erase_user('restore officer', 'restore mina', 'request 2');
  perform dpg.register_network('{"name": "restore registered", "domains": [{"name": "student", "item_schemas": {"profile": {}}}]}');
  update dpg.limits set limit_value = 257 where limit_name = 'leaves_per_network';
end
$body$;`)
    .simple();
}

/** A network that has moved away and whose leaves are still here, and one that has never been here. After `fill`. */
export async function moveAway(sql: postgres.Sql): Promise<void> {
  await sql
    .unsafe(`
do $body$
begin
  perform dpg.upsert_item('restore asha', 'restore moved', 'student', 'profile', 'https://1.restore.test',
    'https://schemas.restore.test', '{"name": "Asha"}', item_id => '00000000-0000-4000-8000-000000000081');
  perform dpg_private.begin_move('restore moved', 'postgres://elsewhere.restore.test:5432/dpg');
  perform dpg_private.lock_network('restore moved', 1000);
  perform dpg_private.close_network('restore moved', 'postgres://elsewhere.restore.test:5432/dpg');
  insert into dpg.homes (network, server) values ('restore never', 'postgres://elsewhere.restore.test:5432/dpg');
end
$body$;`)
    .simple();
}
