-- Rows that contradict a document when it is registered stay, can be changed and deleted, and actions go on; only what is
-- new has to be declared.
begin;
select plan(19);

insert into public."user" (id, name, email)
values ('net asha', 'Asha', 'asha@net.test'), ('net ravi', 'Ravi', 'ravi@net.test');

-- students connect to tutors; a tutor's profile vouches for a tutor's offer
create function pg_temp.document()
returns jsonb
language sql
return '{
  "name": "net test",
  "domains": [
    {"name": "student", "item_schemas": {"profile_1.0": {"type": "object"}}},
    {"name": "tutor", "item_schemas": {"profile_1.0": {"type": "object"}, "offer_1.0": true}}
  ],
  "instances": [{"domain_name": "student", "instance_url": "https://student.net.test"}],
  "actions": {
    "connect": {"interactions": [
      {"from_domain": "student", "to_domain": "tutor", "requirement_schema": {"type": "object"}}
    ]},
    "vouch": {"interactions": [
      {"from_domain": "tutor", "from_items": ["profile_1.0"], "to_domain": "tutor", "to_items": ["offer_1.0"],
        "requirement_schema": {"type": "object"}}
    ]}
  }
}'::jsonb;

create function pg_temp.item(domain text, number integer, type text default 'profile_1.0', network text default 'net test')
returns dpg.item_ref
language sql
return row(network, domain, type, ('10000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid)::dpg.item_ref;

create function pg_temp.publish(owner text, item dpg.item_ref)
returns dpg.items
language sql
as $body$
  select dpg.upsert_item(
    owner, item.item_network, item.item_domain, item.item_type, 'https://net.test', 'https://schemas.net.test',
    item_id => item.item_id
  )
$body$;

create function pg_temp.id(number integer)
returns uuid
language sql
return ('20000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid;

-- the code of a refusal; behind it what is undeclared or which argument it is, the index, and what it should have and lacks
create function pg_temp.refusal(statement text)
returns text
language plpgsql
as $body$
declare
  code text;
  hint text;
  detail text;
begin
  execute statement;
  return 'none';
exception
  when others then
    get stacked diagnostics code = returned_sqlstate, hint = pg_exception_hint, detail = pg_exception_detail;
    if code not like 'DP%' then
      return code || ' ' || sqlerrm;
    end if;
    return concat_ws(
      ' ', code, detail::jsonb ->> 'undeclared', detail::jsonb ->> 'argument', detail::jsonb ->> 'path', detail::jsonb ->> 'index',
      case when hint = '' then 'no hint' end,
      case when code = 'DP014' and not detail::jsonb ? 'network' then 'no network' end
    );
end
$body$;
create function pg_temp.acting(number integer, requirements jsonb default '{}')
returns text
language sql
return format(
  'select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref, %L, action_id => %L)', 'net asha', 'poke',
  pg_temp.item('student', 1, 'profile_0.9'), pg_temp.item('club', 2), requirements, pg_temp.id(number)
);
select pg_temp.publish('net asha', pg_temp.item('student', 1, 'profile_0.9'));
select pg_temp.publish('net ravi', pg_temp.item('club', 2));
select pg_temp.publish('net ravi', pg_temp.item('club', 3));
do $body$ begin execute pg_temp.acting(1); end $body$;
select dpg.receive_action('poke', pg_temp.item('student', 91), 'https://far.net.test', 'far asha', pg_temp.item('club', 2), action_id => pg_temp.id(2));
select lives_ok($$select dpg.register_network(pg_temp.document())$$, 'such a document is accepted');
set local role dpg_app;

select is((select count(*) from dpg.find_items('net test', 'club')), 2::bigint, 'items are found');
select is(
  pg_temp.refusal(format('select dpg.update_item(%L, %L, %L, %L, %L, %L)', 'net ravi', 'net test', 'club', 'profile_1.0',
    (pg_temp.item('club', 2)).item_id, '{"item_state": {"name": "Chess"}}')),
  'none', 'and changed'
);
select is(
  pg_temp.refusal($$select dpg.upsert_item('net asha', 'net test', 'student', 'profile_0.9', 'https://net.test', 'https://s.net.test',
    '{"name": "Asha"}', item_id => (pg_temp.item('student', 1)).item_id)$$),
  'none', 'also by upsert_item'
);
select is(
  pg_temp.refusal(format('select dpg.upsert_items(%L, %L)', 'net ravi', jsonb_build_array(jsonb_build_object(
    'item_network', 'net test', 'item_domain', 'club', 'item_type', 'profile_1.0', 'item_instance_url', 'https://net.test',
    'item_schema_url', 'https://s.net.test', 'item_state', '{"name": "Go"}'::jsonb, 'item_id', (pg_temp.item('club', 3)).item_id
  )))),
  'none', 'and upsert_items'
);
select is(
  (select string_agg(i.item_state ->> 'name', ', ' order by i.item_id) from dpg.items i where i.item_network = 'net test'),
  'Asha, Chess, Go', 'as they say'
);
select is(
  pg_temp.refusal($$select pg_temp.publish('net asha', pg_temp.item('club', 2))$$), 'DP003', 'by their owners only'
);
select is(
  pg_temp.refusal(format('select dpg.transition_action(%L, %L, %L, %L, %L)', 'net ravi', 'net test', 'poke', pg_temp.id(1), 'accepted')),
  'none', 'an action goes on'
);
select is(
  pg_temp.refusal(format('select dpg.receive_transition(%L, %L, %L, %L, %L, %L)', 'https://far.net.test', 'far asha', 'net test', 'poke', pg_temp.id(2), 'withdrawn')),
  'none', 'also one of another instance'
);
select is(pg_temp.refusal(pg_temp.acting(1)), 'none', 'a repeated perform_action finds its action');
select is(pg_temp.refusal(pg_temp.acting(1, '{"other": 1}')), 'DP008', 'or that it differs');
select is(
  pg_temp.refusal(format('select dpg.receive_action(%L, %L::dpg.item_ref, %L, %L, %L::dpg.item_ref, action_id => %L)', 'poke',
    pg_temp.item('student', 91), 'https://far.net.test', 'far asha', pg_temp.item('club', 2), pg_temp.id(2))),
  'none', 'and so does receive_action'
);
select is(pg_temp.refusal(pg_temp.acting(3)), 'DP014 action_type', 'a new one is refused');
select is(
  pg_temp.refusal($$select pg_temp.publish('net ravi', pg_temp.item('club', 4))$$), 'DP014 item_domain', 'and a new item'
);
select is(
  pg_temp.refusal($$select dpg.define_action('net test', 'poke', '[{"from": "created", "to": "closed", "by": "either"}]')$$), 'none',
  'the graph of an action type that is there can be declared, so that its actions end'
);
select is(pg_temp.refusal($$select dpg.define_action('net test', 'poke', null)$$), 'none', 'and removed');
select is(
  pg_temp.refusal($$select dpg.ensure_item_partition('net test', 'club'), dpg.ensure_action_partition('net test', 'poke'),
    dpg.ensure_action_event_partition('net test', 'poke')$$),
  'none', 'leaves that are there are found'
);
select is(
  pg_temp.refusal(format('select dpg.delete_item(%L, %L, %L, %L, %L)', 'net ravi', 'net test', 'club', 'profile_1.0', (pg_temp.item('club', 3)).item_id)),
  'none', 'an item is deleted'
);
select is(
  pg_temp.refusal($$select pg_temp.publish('net ravi', pg_temp.item('club', 3))$$), 'DP014 item_domain', 'and does not come back'
);
select * from finish();
rollback;
