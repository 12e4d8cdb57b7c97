-- Documents of a network in use are taken as they are: synonyms, kept fields, any item type, types of an instance.
begin;
select plan(12);

select dpg_test.insert_users('net asha', 'net ravi');

create function pg_temp.document()
returns jsonb
language sql
as $body$
  select '{
    "id": "net use", "display_name": "Use", "max_actions_per_pair": 3,
    "domains": [
      {"id": "seeker", "item_schemas": {"profile_1.0": {}}, "card": {"title_field": "name"}},
      {"id": "provider", "name": "provider", "item_schemas": {"job_1.0": {}, "firm_1.0": {}}}
    ],
    "instances": [
      {"domain_id": "seeker", "instance_url": "https://seek.test", "custom_item_schema_urls": {}},
      {"domain_id": "provider", "domain_name": "provider", "instance_url": "https://give.test",
        "custom_item_schema_urls": {"job_1.1": "https://give.test/job_1.1.json"}}
    ],
    "actions": {
      "apply": {"description": "x", "interactions": [{
        "from_network": "net use", "from_domain": "seeker", "from_items": [], "to_network": "net use", "to_domain": "provider",
        "to_items": ["job_1.0", "job_1.1"],
        "metric_categories": {"accept": ["accepted"]}, "reveals_pii_on_status": ["accepted"], "consent_text": "x", "from": 1, "to": 2
      }]},
      "ask": {"interactions": [{"from_domain": "provider", "from_items": ["job_1.1"], "to_domain": "seeker", "to_items": []}]}
    }
  }'::jsonb
$body$;

set local client_min_messages = error; -- the warnings: test/network/documents.test.ts
select lives_ok($$select dpg.register_network(pg_temp.document())$$, 'it is registered');
select is((select document from dpg.networks where network = 'net use'), pg_temp.document(), 'and kept as it is');
select is(
  (select item_types from dpg.networks where network = 'net use'),
  '{"seeker": ["profile_1.0"], "provider": ["firm_1.0", "job_1.0"]}', 'the types of each domain'
);
select is(
  (select interactions from dpg.networks where network = 'net use'),
  '{
    "apply": [{"from_network": "net use", "from_domain": "seeker", "from_items": ["profile_1.0"],
      "to_network": "net use", "to_domain": "provider", "to_items": ["job_1.0"]}],
    "ask": [{"from_network": "net use", "from_domain": "provider", "from_items": [],
      "to_network": "net use", "to_domain": "seeker", "to_items": ["profile_1.0"]}]
  }',
  '[] means any type; a type that only an instance has takes no part, and does not become any'
);

-- an item of such a type that was there before
select dpg.unregister_network('net use');
select dpg_test.publish('net ravi', dpg_test.network_item('provider', 1, 'job_1.1', 'net use'));
select dpg.register_network(pg_temp.document());
select dpg_test.publish('net asha', dpg_test.network_item('seeker', 2, 'profile_1.0', 'net use'));
select dpg_test.publish('net ravi', dpg_test.network_item('provider', 3, 'job_1.0', 'net use'));
select dpg_test.publish('net ravi', dpg_test.network_item('provider', 4, 'firm_1.0', 'net use'));
create function pg_temp.performing(actor text, type text, source dpg.item_ref, target dpg.item_ref)
returns text
language sql
as $body$
  select dpg_test.refusal(format(
    'select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref)', actor, type, source, target
  ))
$body$;
select is(
  dpg_test.refusal($$select dpg_test.publish('net ravi', dpg_test.network_item('provider', 5, 'job_1.1', 'net use'))$$),
  'DP014 item_type', 'a new item of that type is refused'
);
select is(
  pg_temp.performing('net asha', 'apply', dpg_test.network_item('seeker', 2, 'profile_1.0', 'net use'), dpg_test.network_item('provider', 1, 'job_1.1', 'net use')),
  'DP014 interaction', 'an action to one that is there as well'
);
select is(
  pg_temp.performing('net ravi', 'ask', dpg_test.network_item('provider', 1, 'job_1.1', 'net use'), dpg_test.network_item('seeker', 2, 'profile_1.0', 'net use')),
  'DP014 interaction', 'and one from it'
);
select is(
  pg_temp.performing('net ravi', 'ask', dpg_test.network_item('provider', 3, 'job_1.0', 'net use'), dpg_test.network_item('seeker', 2, 'profile_1.0', 'net use')),
  'DP014 interaction', 'nor does another type take its place'
);
select is(
  pg_temp.performing('net asha', 'apply', dpg_test.network_item('seeker', 2, 'profile_1.0', 'net use'), dpg_test.network_item('provider', 3, 'job_1.0', 'net use')),
  'no refusal', 'the type beside it takes part'
);
select is(
  dpg_test.refusal(format('select dpg.register_network(%L)', jsonb_set(pg_temp.document(), '{actions,apply,interactions,0,to_items,1}', '"job_1.2"'))),
  'DP001 document /actions/apply/interactions/0/to_items/1', 'a type that nobody has is refused'
);
select is(
  dpg_test.refusal(format('select dpg.register_network(%L)', jsonb_set(pg_temp.document(), '{instances,1,domain_id}', '"seeker"') #- '{instances,1,domain_name}')),
  'DP001 document /actions/ask/interactions/0/from_items/0', 'as is one of an instance of another domain'
);
select is(
  dpg_test.refusal(format('select dpg.register_network(%L)', pg_temp.document() || '{"instances": [
    {"domain_id": "provider", "instance_url": "https://give.test", "item_schemas": {"job_1.1": {"type": "object"}}}
  ]}')),
  'no refusal', 'an instance may have the schema itself'
);
select * from finish();
rollback;
