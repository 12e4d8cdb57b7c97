-- Actions between networks: the target's network decides, when it is registered. That of the source, when it is, knows
-- its own items, and what it says of this action on that network holds for them.
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
create function pg_temp.performing(type text, source dpg.item_ref, target dpg.item_ref)
returns text
language sql
return format('select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref)', 'net asha', type, source, target);
create function pg_temp.receiving(type text, source dpg.item_ref, target dpg.item_ref)
returns text
language sql
return format('select dpg.receive_action(%L, %L::dpg.item_ref, %L, %L, %L::dpg.item_ref)', type, source, 'https://far.net.test', 'far asha', target);

-- all of Asha's: "net test" registered later, "net green" registered later still, "net open" never
select pg_temp.publish('net asha', i)
from unnest(array[
  pg_temp.item('student', 1), pg_temp.item('tutor', 2),
  pg_temp.item('school', 3, 'profile_1.0', 'net green'), pg_temp.item('library', 4, 'profile_1.0', 'net green'),
  pg_temp.item('school', 5, 'profile_1.0', 'net open'), pg_temp.item('library', 6, 'profile_1.0', 'net open'),
  pg_temp.item('school', 7, 'profile_0.9', 'net green')
]) i;
select dpg.register_network('{
  "name": "net test",
  "domains": [
    {"name": "student", "item_schemas": {"profile_1.0": {}}},
    {"name": "tutor", "item_schemas": {"profile_1.0": {}}}
  ],
  "actions": {
    "refer": {"interactions": [
      {"from_network": "net green", "from_domain": "school", "from_items": ["profile_1.0"], "to_domain": "student"},
      {"from_domain": "student", "to_network": "net green", "to_domain": "library", "to_items": ["profile_1.0"]},
      {"from_domain": "student", "to_network": "net open", "to_domain": "library"}
    ]}
  }
}');

-- the target's network is registered
select is(
  pg_temp.refusal(pg_temp.performing('refer', pg_temp.item('school', 3, network => 'net green'), pg_temp.item('student', 1))),
  'none', 'from the network that from_network names'
);
select is(
  pg_temp.refusal(pg_temp.performing('refer', pg_temp.item('school', 5, network => 'net open'), pg_temp.item('student', 1))),
  'DP014 interaction', 'not from another'
);
select is(
  pg_temp.refusal(pg_temp.performing('refer', pg_temp.item('library', 4, network => 'net green'), pg_temp.item('student', 1))),
  'DP014 interaction', 'not from another domain of it'
);
select is(
  pg_temp.refusal(pg_temp.performing('refer', pg_temp.item('school', 7, 'profile_0.9', 'net green'), pg_temp.item('student', 1))),
  'DP014 interaction', 'not from another item type of it'
);
select is(
  pg_temp.refusal(pg_temp.performing('refer', pg_temp.item('school', 3, network => 'net green'), pg_temp.item('tutor', 2))),
  'DP014 interaction', 'not to another domain'
);
select is(
  pg_temp.refusal(pg_temp.performing('refer', pg_temp.item('student', 1), pg_temp.item('tutor', 2))),
  'DP014 interaction', 'not from the network itself'
);
select is(
  pg_temp.refusal(pg_temp.receiving('refer', pg_temp.item('school', 93, network => 'net green'), pg_temp.item('student', 1))),
  'none', 'also from another instance'
);
select is(
  pg_temp.refusal(pg_temp.receiving('refer', pg_temp.item('library', 93, network => 'net green'), pg_temp.item('student', 1))),
  'DP014 interaction', 'and also refused'
);

-- the source's network is registered, the target's is open
select is(
  pg_temp.refusal(pg_temp.performing('refer', pg_temp.item('student', 1), pg_temp.item('library', 6, network => 'net open'))),
  'none', 'to the network that to_network names'
);
select is(
  pg_temp.refusal(pg_temp.performing('refer', pg_temp.item('tutor', 2), pg_temp.item('library', 6, network => 'net open'))),
  'DP014 interaction', 'not from another domain than it says of that network'
);
select is(
  pg_temp.refusal(pg_temp.performing('refer', pg_temp.item('student', 1), pg_temp.item('school', 5, network => 'net open'))),
  'DP014 interaction', 'not to another domain'
);
select is(
  pg_temp.refusal(pg_temp.performing('visit', pg_temp.item('tutor', 2), pg_temp.item('school', 5, network => 'net open'))),
  'none', 'an action of which it says nothing is up to the open network'
);
select is(
  pg_temp.refusal(pg_temp.receiving('visit', pg_temp.item('nobody', 94), pg_temp.item('school', 5, network => 'net open'))),
  'DP014 item_domain', 'but from a domain that the source''s network does not have'
);
select is(
  pg_temp.refusal(pg_temp.receiving('visit', pg_temp.item('tutor', 94, 'profile_2.0'), pg_temp.item('school', 5, network => 'net open'))),
  'DP014 item_type', 'or an item type that it does not have'
);

-- both are registered
select dpg.register_network('{
  "name": "net green",
  "domains": [
    {"name": "school", "item_schemas": {"profile_1.0": {}}},
    {"name": "library", "item_schemas": {"profile_1.0": {}}}
  ],
  "actions": {
    "refer": {"interactions": [
      {"from_network": "net test", "from_domain": "student", "to_domain": "library"},
      {"from_network": "net test", "from_domain": "tutor", "to_domain": "library"}
    ]}
  }
}');
select is(
  pg_temp.refusal(pg_temp.performing('refer', pg_temp.item('student', 1), pg_temp.item('library', 4, network => 'net green'))),
  'none', 'what both say is taken'
);
select is(
  pg_temp.refusal(pg_temp.performing('refer', pg_temp.item('tutor', 2), pg_temp.item('library', 4, network => 'net green'))),
  'DP014 interaction', 'what only the target''s says is not, since the source''s says otherwise'
);
select is(
  pg_temp.refusal(pg_temp.performing('refer', pg_temp.item('school', 3, network => 'net green'), pg_temp.item('student', 1))),
  'none', 'what only the target''s says is, where the source''s says nothing of it'
);
select dpg.unregister_network('net test');
select is(
  pg_temp.refusal(pg_temp.performing('refer', pg_temp.item('tutor', 2), pg_temp.item('library', 4, network => 'net green'))),
  'none', 'without the source''s document the target''s decides alone'
);
select is(
  pg_temp.refusal(pg_temp.performing('refer', pg_temp.item('library', 6, network => 'net open'), pg_temp.item('library', 4, network => 'net green'))),
  'DP014 interaction', 'an open network''s items meet the target''s rules'
);
select * from finish();
rollback;
