-- register_network keeps the document whole, beside it what calls are checked by; registering again replaces it.
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

select is_empty($$select * from dpg.networks where network = 'net test'$$, 'nothing is registered at first');
select lives_ok($$select dpg.register_network(pg_temp.document())$$, 'a document is registered');
select results_eq(
  $$select document from dpg.networks where network = 'net test'$$, $$select pg_temp.document()$$, 'kept as it was given'
);
select is(
  (select item_types from dpg.networks where network = 'net test'),
  '{"student": ["profile_1.0"], "tutor": ["offer_1.0", "profile_1.0"]}',
  'the item types of each domain'
);
select is(
  (select interactions from dpg.networks where network = 'net test'),
  '{
    "connect": [{"from_network": "net test", "from_domain": "student", "from_items": ["profile_1.0"],
      "to_network": "net test", "to_domain": "tutor", "to_items": ["offer_1.0", "profile_1.0"]}],
    "vouch": [{"from_network": "net test", "from_domain": "tutor", "from_items": ["profile_1.0"],
      "to_network": "net test", "to_domain": "tutor", "to_items": ["offer_1.0"]}]
  }',
  'the interactions of each action type, with what they leave out'
);

create temporary table former as select ctid as place, n.* from dpg.networks n where network = 'net test';
select dpg.register_network(pg_temp.document());
select is(
  (select count(*) from dpg.networks n join former f on n.ctid = f.place and n.registered_at = f.registered_at),
  1::bigint, 'the same document again writes nothing'
);
select dpg.register_network('{"name": "net test", "domains": [{"name": "school", "item_schemas": {}}], "title": "Anything else"}');
select is(
  (
    select jsonb_build_array(n.document, n.item_types, n.interactions, n.registered_at > f.registered_at)
    from dpg.networks n, former f where n.network = 'net test'
  ),
  '[
    {"name": "net test", "domains": [{"name": "school", "item_schemas": {}}], "title": "Anything else"},
    {"school": []}, {}, true
  ]',
  'another document of the name replaces it; instances and actions may be left out, other members are kept'
);
select lives_ok(
  $$select dpg.register_network('{"name": "net other", "domains": [], "instances": [], "actions": {}}')$$,
  'another network is registered beside it'
);
select is(
  (select string_agg(network, ', ' order by network) from dpg.networks where network like 'net %'), 'net other, net test',
  'and both are there'
);
select is(
  pg_typeof(dpg.register_network(pg_temp.document()))::text, 'void', 'it returns nothing'
);
select * from finish();
rollback;
