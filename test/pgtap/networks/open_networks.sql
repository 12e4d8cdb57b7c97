-- A network that is not registered is open, whatever else is registered: every call does as it always did.
begin;
select plan(9);

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
select dpg.register_network(pg_temp.document());
-- names that are near, and a document without anything
select dpg.register_network('{"name": "net_open", "domains": []}');
select dpg.register_network('{"name": "Net open", "domains": []}');
set local role dpg_app;

select is(
  pg_temp.refusal($$select pg_temp.publish('net asha', pg_temp.item('school', 1, 'any type', 'net open'))$$), 'none', 'upsert_item'
);
select is(
  pg_temp.refusal(format('select dpg.upsert_items(%L, %L)', 'net ravi', jsonb_build_array(jsonb_build_object(
    'item_network', 'net open', 'item_domain', 'club', 'item_type', 'any', 'item_instance_url', 'https://net.test',
    'item_schema_url', 's', 'item_id', (pg_temp.item('club', 2)).item_id
  )))),
  'none', 'upsert_items'
);
select is(
  pg_temp.refusal(format('select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref, action_id => %L)', 'net asha', 'poke',
    pg_temp.item('school', 1, 'any type', 'net open'), pg_temp.item('club', 2, 'any', 'net open'), pg_temp.id(1))),
  'none', 'perform_action'
);
select is(
  pg_temp.refusal(format('select dpg.receive_action(%L, %L::dpg.item_ref, %L, %L, %L::dpg.item_ref)', 'wave',
    pg_temp.item('nobody', 91, 'what', 'net elsewhere'), 'https://far.net.test', 'far asha', pg_temp.item('club', 2, 'any', 'net open'))),
  'none', 'receive_action'
);
select is(
  pg_temp.refusal(format('select dpg.transition_action(%L, %L, %L, %L, %L)', 'net ravi', 'net open', 'poke', pg_temp.id(1), 'seen')),
  'none', 'transition_action'
);
select is(
  pg_temp.refusal($$select dpg.ensure_item_partition('net open', 'any'), dpg.ensure_action_partition('net open', 'any'),
    dpg.ensure_action_event_partition('net open', 'any')$$),
  'none', 'ensure_item_partition and the others'
);
select is(pg_temp.refusal($$select dpg.define_action('net open', 'any', '[]')$$), 'none', 'define_action');
reset role;
select is((select count(*) from dpg.items where item_network = 'net open'), 2::bigint, 'items are there');
select is((select count(*) from dpg.item_actions where partition_network = 'net open'), 2::bigint, 'and actions');
select * from finish();
rollback;
