-- unregister_network opens a network again.
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
select is(
  pg_temp.refusal($$select pg_temp.publish('net asha', pg_temp.item('school', 1))$$), 'DP014 item_domain', 'refused as long as it is registered'
);
select is(dpg.unregister_network('net test'), true, 'the registration is taken back');
select is_empty($$select * from dpg.networks where network = 'net test'$$, 'and gone');
select is(pg_temp.refusal($$select pg_temp.publish('net asha', pg_temp.item('school', 1))$$), 'none', 'the network is open');
select is(dpg.unregister_network('net test'), false, 'false when it was not registered');
select is(pg_temp.refusal($$select dpg.unregister_network(null)$$), 'DP001 network', 'no network');
select is(pg_temp.refusal($$select dpg.unregister_network(' ')$$), 'DP001 network', 'a network of white space');
select lives_ok($$select dpg.register_network(pg_temp.document())$$, 'it can be registered again');
select is(
  pg_temp.refusal($$select pg_temp.publish('net asha', pg_temp.item('club', 1))$$), 'DP014 item_domain', 'and is enforced again'
);
select * from finish();
rollback;
