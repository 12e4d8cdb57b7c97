-- What facets and counts may ask of a registered network, in each function that has them, by each role that may read.
begin;
select plan(15);

select dpg_test.insert_users('net asha');
select dpg.register_network('{"name": "net facets", "domains": [
  {"name": "tutor", "item_schemas": {
    "profile": {"properties": {"subject": {}, "phone": {"private": true}, "address": {"properties": {"street": {"private": true}}}}},
    "offer": {"properties": {"price": {}}}
  }}
]}');
select dpg.upsert_item(
  'net asha', 'net facets', 'tutor', 'profile', 'https://net.test', 's',
  '{"subject": "math", "phone": "1", "address": {"street": "x"}, "subject.x": 1}', 12, 77
);

create function pg_temp.asking(facets jsonb, more text default '')
returns table (called text, answer text)
language sql
as $body$
  select c.called, dpg_test.refusal('select ' || c.called || format(', facets => %L', facets) || more || ')')
  from (
    values
      ('dpg.find_items(''net facets'', ''tutor'''), ('dpg.count_items(''net facets'', ''tutor'''),
      ('dpg.find_items(''net facets'', item_domains => ''{tutor}'''), ('dpg.count_items(''net facets'''),
      ('dpg.nearest_items(''net facets'', ''tutor'', 12, 77'), ('dpg.map_items(''net facets'', ''tutor'', 10, 70, 20, 80'),
      ('dpg.count_facets(''net facets'', ''tutor'', ''{}''')
  ) c(called)
$body$;
create function pg_temp.answers(facets jsonb, more text default '')
returns text
language sql
as $body$
  select string_agg(distinct answer, ', ') || ' of ' || count(*) from pg_temp.asking(facets, more)
$body$;

select is(pg_temp.answers('{"subject": ["math"]}'), 'no refusal of 7', 'a public field');
select is(pg_temp.answers('{"address": ["x"]}'), 'no refusal of 7', 'a field with a private one inside, which no facet looks at');
select is(pg_temp.answers('{}'), 'no refusal of 7', 'no field');
select is(
  pg_temp.answers('{"subject": ["math"], "phone": ["1"]}'), 'DP014 /domains/0/item_schemas/profile/properties/phone of 7', 'a private field'
);
select is(
  pg_temp.answers('{"phone": []}'), 'DP014 /domains/0/item_schemas/profile/properties/phone of 7', 'without a value as well'
);
select is(pg_temp.answers('{"subject.x": [1]}'), 'DP014 field of 7', 'an undeclared field');
select is(pg_temp.answers('{"Subject": ["math"]}'), 'DP014 field of 7', 'names are compared exactly');
select is(pg_temp.answers('{"address.street": ["x"]}'), 'DP014 field of 7', 'a path is no field');
select is(pg_temp.answers('{"price": [1]}', ', item_type => ''profile'''), 'DP014 field of 7', 'the field of another type');
select is(pg_temp.answers('{"phone": [1]}', ', item_type => '' '''), 'DP001 item_type of 7', 'a malformed argument comes first');
select is(
  (dpg_test.error($$select dpg.count_facets('net facets', 'tutor', '{subject,phone}')$$)) #>> '{detail}',
  '{"path": "/domains/0/item_schemas/profile/properties/phone", "field": "phone", "network": "net facets", "private": "field", "item_domain": "tutor", "item_network": "net facets"}',
  'the detail has the path to the mark'
);
select is(
  (dpg_test.error($$select dpg.count_facets('net facets', 'tutor', '{subject,phone}')$$)) ->> 'hint',
  'Facets, counts and search may use: address, price, subject. dpg_admin replaces its document by dpg.register_network.',
  'the hint names those that are open'
);
select is(
  (select count(*) from dpg.find_items('net facets', 'tutor', item_state => '{"phone": "1"}')), 1::bigint,
  'item_state is the application''s own, and takes every field'
);
create temporary table readers as
select r.role_name, null::text as answer from (values ('dpg_app'), ('dpg_readonly'), ('dpg_admin')) r(role_name);
do $body$
declare
  reader record;
  sqlstates text[];
begin
  for reader in select * from readers loop
    execute format('set local role %I', reader.role_name);
    sqlstates := '{}';
    for attempt in 1 .. 2 loop
      begin
        perform dpg.count_facets('net facets', 'tutor', array[case attempt when 1 then 'subject' else 'phone' end]);
        sqlstates := sqlstates || 'done'::text;
      exception
        when others then
          sqlstates := sqlstates || sqlstate::text;
      end;
    end loop;
    reset role;
    update readers r set answer = array_to_string(sqlstates, ' ') where r.role_name = reader.role_name;
  end loop;
end
$body$;
select is(
  (select string_agg(role_name || ' ' || answer, ', ' order by role_name) from readers),
  'dpg_admin done DP014, dpg_app done DP014, dpg_readonly done DP014', 'each role that reads'
);
select dpg.unregister_network('net facets');
select is(pg_temp.answers('{"phone": ["1"]}'), 'no refusal of 7', 'a network that is not registered is open');
select * from finish();
rollback;
