-- register_network keeps the document whole, beside it what calls are checked by; registering again replaces it.
begin;
select plan(10);

select dpg_test.insert_users('net asha', 'net ravi');

select is_empty($$select * from dpg.networks where network = 'net test'$$, 'nothing is registered at first');
select lives_ok($$select dpg.register_network(dpg_test.network_document())$$, 'a document is registered');
select results_eq(
  $$select document from dpg.networks where network = 'net test'$$, $$select dpg_test.network_document()$$, 'kept as it was given'
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
select dpg.register_network(dpg_test.network_document());
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
  pg_typeof(dpg.register_network(dpg_test.network_document()))::text, 'void', 'it returns nothing'
);
select * from finish();
rollback;
