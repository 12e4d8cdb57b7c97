-- Of two faults in one call the first in the order of the checks is named: DP001, DP009, DP014, then the others.
begin;
select plan(10);

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
select pg_temp.publish('net asha', pg_temp.item('student', 1));
select pg_temp.publish('net ravi', pg_temp.item('tutor', 2));
select dpg.register_network(pg_temp.document());
create function pg_temp.performing(actor text, type text, source dpg.item_ref, target dpg.item_ref, requirements text default '{}')
returns text
language sql
return format('select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref, %L)', actor, type, source, target, requirements);
-- no table can be made: what would make one is DP010
update dpg.limits set limit_value = 0 where limit_name in ('leaves_per_network', 'networks');
set local role dpg_app;

select is(
  pg_temp.refusal($$select dpg.upsert_item('net asha', 'net test', 'school', 'profile_1.0', '', 'https://s.net.test')$$),
  'DP001 item_instance_url', 'upsert_item: malformed before undeclared'
);
select is(
  pg_temp.refusal($$select pg_temp.publish('nobody', pg_temp.item('school', 1))$$), 'DP009', 'an unknown user before undeclared'
);
select is(
  pg_temp.refusal($$select pg_temp.publish('net asha', pg_temp.item('school', 1))$$), 'DP014 item_domain', 'undeclared before a leaf that cannot be made'
);
select is(
  pg_temp.refusal(format('select dpg.upsert_items(%L, %L)', 'net asha', jsonb_build_array(
    jsonb_build_object('item_network', 'net open', 'item_domain', 'a', 'item_type', 't', 'item_instance_url', 'u', 'item_schema_url', 's'),
    jsonb_build_object('item_network', 'net test', 'item_domain', 'a', 'item_type', 't', 'item_instance_url', 'u', 'item_schema_url', 's')
  ))),
  'DP014 item_domain 1', 'also of an array'
);
select is(
  pg_temp.refusal(pg_temp.performing('net asha', 'poke', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '[]')),
  'DP001 requirements_snapshot', 'perform_action: malformed before undeclared'
);
select is(
  pg_temp.refusal(pg_temp.performing('nobody', 'poke', pg_temp.item('student', 1), pg_temp.item('tutor', 2))),
  'DP009', 'an unknown user before undeclared'
);
select is(
  pg_temp.refusal(pg_temp.performing('net asha', 'poke', pg_temp.item('student', 91), pg_temp.item('tutor', 92))),
  'DP014 action_type', 'undeclared before items that are not there'
);
select is(
  pg_temp.refusal(pg_temp.performing('net ravi', 'poke', pg_temp.item('student', 1), pg_temp.item('tutor', 2))),
  'DP014 action_type', 'undeclared before an item of another'
);
select is(
  pg_temp.refusal(format('select dpg.receive_action(%L, %L::dpg.item_ref, %L, %L, %L::dpg.item_ref)', 'poke',
    pg_temp.item('student', 91), 'https://net.test', 'far asha', pg_temp.item('tutor', 92))),
  'DP001 source_item_instance_url', 'receive_action: a URL of our own before undeclared'
);
select is(
  pg_temp.refusal(format('select dpg.receive_action(%L, %L::dpg.item_ref, %L, %L, %L::dpg.item_ref)', 'poke',
    pg_temp.item('student', 91), 'https://far.net.test', 'far asha', pg_temp.item('tutor', 92))),
  'DP014 action_type', 'undeclared before an item that is not there'
);
select * from finish();
rollback;
