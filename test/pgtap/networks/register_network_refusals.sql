-- register_network refuses a document that is not one, names the path as a JSON pointer, and changes nothing.
begin;
select plan(54);

-- the document with the part at path replaced, or taken away
create function pg_temp.registering(path text[], part jsonb)
returns text
language sql
as $body$
  select format(
    'select dpg.register_network(%L)',
    case when part is null then dpg_test.network_document() #- path else jsonb_set(dpg_test.network_document(), path, part) end
  )
$body$;

select dpg.register_network(dpg_test.network_document());
select dpg_test.note_written();

select is(dpg_test.refusal('select dpg.register_network(null)'), 'DP001 document', 'no document');
select is(dpg_test.refusal($$select dpg.register_network('[]')$$), 'DP001 document', 'an array');
select is(
  dpg_test.refusal($$select dpg.register_network(jsonb_build_object('name', 'x', 'domains', '[]'::jsonb, 'x', repeat('x', 1048576)))$$),
  'DP001 document', 'a document beyond the limit json_bytes_per_document'
);
select is(dpg_test.refusal(pg_temp.registering(path, part)), 'DP001 document ' || pointer, description)
from (
  values
    ('{name}'::text[], null::jsonb, '/name', 'no name'),
    ('{name}', '1', '/name', 'a name that is a number'),
    ('{name}', '" "', '/name', 'a name of white space'),
    ('{name}', to_jsonb(repeat('x', 121)), '/name', 'a name of 121 characters'),
    ('{domains}', null, '/domains', 'no domains'),
    ('{domains}', '{}', '/domains', 'domains that are no array'),
    ('{domains,1}', '"tutor"', '/domains/1', 'a domain that is no object'),
    ('{domains,1,name}', null, '/domains/1/name', 'a domain without a name'),
    ('{domains,1,name}', '""', '/domains/1/name', 'a domain of an empty name'),
    ('{domains,1,name}', '"student"', '/domains/1/name', 'a domain twice'),
    ('{domains,0,item_schemas}', null, '/domains/0/item_schemas', 'no item_schemas'),
    ('{domains,0,item_schemas}', '["profile_1.0"]', '/domains/0/item_schemas', 'item_schemas that are no object'),
    ('{domains,0,item_schemas}', '{" ": {}}', '/domains/0/item_schemas/ ', 'an item type of white space'),
    ('{domains,0,item_schemas}', '{"a/b~c": 1}', '/domains/0/item_schemas/a~1b~0c', 'a schema that is a number; / and ~ in the pointer'),
    ('{domains,0,item_schemas,profile_1.0}', 'null', '/domains/0/item_schemas/profile_1.0', 'a schema that is null'),
    ('{instances}', 'null', '/instances', 'instances that are null'),
    ('{instances,0}', '"https://student.net.test"', '/instances/0', 'an instance that is no object'),
    ('{instances,0,domain_name}', null, '/instances/0/domain_name', 'an instance without a domain'),
    ('{instances,0,domain_name}', '"school"', '/instances/0/domain_name', 'an instance of an undeclared domain'),
    ('{instances,0,instance_url}', '""', '/instances/0/instance_url', 'an instance without a URL'),
    ('{actions}', '[]', '/actions', 'actions that are no object'),
    ('{actions}', '{"": {"interactions": []}}', '/actions/', 'an action type that is empty'),
    ('{actions,connect}', '[]', '/actions/connect', 'an action that is no object'),
    ('{actions,connect,interactions}', null, '/actions/connect/interactions', 'no interactions'),
    ('{actions,connect,interactions}', '{}', '/actions/connect/interactions', 'interactions that are no array'),
    ('{actions,connect,interactions,0}', 'true', '/actions/connect/interactions/0', 'an interaction that is no object'),
    ('{actions,connect,interactions,0,from_item}', '["x"]', '/actions/connect/interactions/0/from_item', 'a misspelt field of an interaction'),
    ('{actions,connect,interactions,0,from_domain}', null, '/actions/connect/interactions/0/from_domain', 'no from_domain'),
    ('{actions,connect,interactions,0,to_domain}', null, '/actions/connect/interactions/0/to_domain', 'no to_domain'),
    ('{actions,connect,interactions,0,to_domain}', '"school"', '/actions/connect/interactions/0/to_domain', 'an undeclared to_domain'),
    ('{actions,connect,interactions,0,from_network}', '7', '/actions/connect/interactions/0/from_network', 'a network that is a number'),
    ('{actions,connect,interactions,0,to_itmes}', '["x"]', '/actions/connect/interactions/0/to_itmes', 'two letters of a field exchanged'),
    ('{actions,connect,interactions,0,fromDomain}', '"x"', '/actions/connect/interactions/0/fromDomain', 'a field in other letters'),
    ('{actions,connect,interactions,0,o_network}', '"x"', '/actions/connect/interactions/0/o_network', 'a field without its first letter'),
    ('{id}', '"net other"', '/id', 'an id that is not the name'),
    ('{domains,0,id}', 'null', '/domains/0/id', 'an id of a domain that is null, beside a name'),
    ('{domains,0}', '{"id": "", "item_schemas": {}}', '/domains/0/id', 'a domain of an empty id'),
    ('{domains,0}', '{"id": "tutor", "item_schemas": {}}', '/domains/1/name', 'a domain twice, once by its id'),
    ('{instances,0,domain_id}', '"tutor"', '/instances/0/domain_id', 'a domain_id that is not the domain_name'),
    ('{instances,0}', '{"domain_id": "school", "instance_url": "https://a.test"}', '/instances/0/domain_id', 'a domain_id of no domain'),
    ('{actions,vouch,interactions,0,from_items}', '"profile_1.0"', '/actions/vouch/interactions/0/from_items', 'from_items that are no array'),
    ('{actions,vouch,interactions,0,to_items}', '["offer_1.0", 3]', '/actions/vouch/interactions/0/to_items/1', 'an item type that is a number'),
    ('{actions,vouch,interactions,0,to_items}', '["offer_2.0"]', '/actions/vouch/interactions/0/to_items/0', 'an undeclared item type'),
    ('{actions,vouch,interactions,0,requirement_schema}', '[]', '/actions/vouch/interactions/0/requirement_schema', 'a requirement_schema that is an array'),
    ('{actions,vouch,interactions,0,event_schema}', '"x"', '/actions/vouch/interactions/0/event_schema', 'an event_schema that is text'),
    (
      '{actions,connect,interactions,0}', '{"from_network": "a", "from_domain": "b", "to_network": "c", "to_domain": "d"}',
      '/actions/connect/interactions/0', 'an interaction between other networks'
    )
) refused(path, part, pointer, description);

select throws_ok(
  pg_temp.registering('{domains,1,name}', null), 'DP001', 'document at /domains/1/name is missing: null', 'the message names the path'
);
select is(
  dpg_test.refusal(pg_temp.registering('{actions,connect,interactions,0,from_items}', '["profile_9"]')),
  'DP001 document /actions/connect/interactions/0/from_items/0', 'an item type of another domain''s'
);
select is(
  dpg_test.error(pg_temp.registering('{actions,connect,interactions,0,form_items}', '[]')) ->> 'hint',
  'It seems to be from_items, misspelt.', 'the hint has the right name'
);
select dpg_test.wrote_nothing('nothing was written');
select is(
  dpg_test.refusal(pg_temp.registering('{actions,connect,interactions,0,from_network}', '"elsewhere"')), 'no refusal',
  'of another network''s domains nothing is known'
);
select * from finish();
rollback;
