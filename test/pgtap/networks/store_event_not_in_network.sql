-- Events mirrored from another instance are stored when the registered network declares their action, or when an event of
-- the same action is here already; else DP014, before anything is written.
begin;
select plan(23);

select dpg_test.insert_users('net asha', 'net ravi');

create function pg_temp.event(number integer, update_count integer, type text, source dpg.item_ref, target dpg.item_ref, origin text default 'https://far.net.test')
returns jsonb
language sql
return jsonb_build_object(
  'partition_network', target.item_network, 'action_type', type, 'event_id', dpg_test.id(number * 100 + update_count),
  'origin_instance_domain', origin, 'action_id', dpg_test.id(number), 'action_status', 'created', 'update_count', update_count,
  'source_item_network', source.item_network, 'source_item_domain', source.item_domain, 'source_item_type', source.item_type,
  'source_item_id', source.item_id, 'source_item_instance_url', 'https://net.test', 'source_item_owner', 'net asha',
  'target_item_network', target.item_network, 'target_item_domain', target.item_domain, 'target_item_type', target.item_type,
  'target_item_id', target.item_id, 'target_item_instance_url', origin, 'target_item_owner', 'far ravi',
  'event_payload', '{}'::jsonb, 'created_at', '2026-01-01T00:00:00.000000Z'
);
create function pg_temp.storing(event jsonb)
returns text
language sql
return format('select dpg.store_event(%L)', event);

select dpg_test.publish('net asha', dpg_test.network_item('student', 1));
-- what came while the network was open
select dpg.store_event(pg_temp.event(1, 0, 'poke', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 92)));
select dpg.register_network(dpg_test.network_document());
select dpg_test.note_written();
set local role dpg_app;

select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(2, 0, 'poke', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 92)))),
  'DP014 action_type', 'an undeclared action type'
);
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(2, 0, 'connect', dpg_test.network_item('tutor', 1), dpg_test.network_item('student', 92)))),
  'DP014 interaction', 'an undeclared interaction'
);
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(2, 3, 'wave', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 92)))),
  'DP014 action_type', 'a later event of an action of which nothing is here'
);
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 92), 'https://third.net.test'))),
  'DP014 action_type', 'the same id is another action when it comes from elsewhere'
);
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(2, 0, 'poke', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 92)) - 'event_id')),
  'DP001 event.event_id', 'what is malformed comes first'
);
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(2, 0, 'poke', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 92), 'https://net.test'))),
  'DP001 event.origin_instance_domain', 'and an origin of our own'
);
select dpg_test.wrote_nothing('nothing was written, no leaf made');

select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', dpg_test.network_item('school', 1), dpg_test.network_item('tutor', 92)))),
  'DP014 action_type', 'what is here of an action lets in no other source: of another domain'
);
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', dpg_test.network_item('student', 1, 'ghost'), dpg_test.network_item('tutor', 92)))),
  'DP014 action_type', 'of another type'
);
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', dpg_test.network_item('student', 2), dpg_test.network_item('tutor', 92)))),
  'DP014 action_type', 'of another id'
);
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', dpg_test.network_item('student', 1, network => 'net open'), dpg_test.network_item('tutor', 92)))),
  'DP014 action_type', 'of another network'
);
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', dpg_test.network_item('student', 1), dpg_test.network_item('spy', 92)))),
  'DP014 action_type', 'nor another target: of another domain'
);
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 92, 'ghost')))),
  'DP014 action_type', 'of another type'
);
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 93)))),
  'DP014 action_type', 'of another id'
);
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', dpg_test.network_item('tutor', 92), dpg_test.network_item('student', 1)))),
  'DP014 action_type', 'nor the two the other way round'
);
select dpg_test.wrote_nothing('nothing was written');

select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(1, 0, 'poke', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 92)))),
  'no refusal', 'a repeated event returns the one that is here'
);
select dpg_test.wrote_nothing('and writes nothing');
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 92)))),
  'no refusal', 'later events follow the first'
);
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(3, 1, 'connect', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 92)))),
  'no refusal', 'what is declared is stored, in whatever order it comes'
);
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(4, 0, 'poke', dpg_test.network_item('student', 1), dpg_test.network_item('tutor', 92, network => 'net open')))),
  'no refusal', 'and what is of an open network'
);
select is(
  dpg_test.refusal(pg_temp.storing(pg_temp.event(5, 0, 'poke', dpg_test.network_item('nobody', 1), dpg_test.network_item('tutor', 92, network => 'net open')))),
  'DP014 item_domain', 'unless its source is of a domain that the registered network does not have'
);
select is(
  (select string_agg(action_type || ' ' || update_count, ', ' order by action_type, update_count) from dpg.find_events('net asha')),
  'connect 1, poke 0, poke 0, poke 1', 'Asha finds them'
);
select * from finish();
rollback;
