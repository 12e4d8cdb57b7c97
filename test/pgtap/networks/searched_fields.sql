-- register_network refuses a document that closes a field which is searched.
begin;
select plan(5);

-- The definitions of search of this test.
create or replace function dpg_private.searched_fields(item_network text)
returns table (item_domain text, item_type text, field text)
language sql
as $body$
  select 'tutor', 'profile_1.0', f.field
  from (values ('name'), ('subjects')) f(field)
  where item_network = 'net searched'
$body$;
create function pg_temp.registering(schema jsonb, network text default 'net searched')
returns text
language sql
as $body$
  select format('select dpg.register_network(%L)', jsonb_build_object('id', network, 'domains', jsonb_build_array(
    '{"id": "student", "item_schemas": {"profile_1.0": {"properties": {"name": {"private": true}}}}}'::jsonb,
    jsonb_build_object('id', 'tutor', 'item_schemas', jsonb_build_object('profile_1.0', schema, 'offer', '{"private": true}'::jsonb))
  )))
$body$;

select is(
  dpg_test.refusal(pg_temp.registering('{"properties": {"name": {}, "subjects": {}, "phone": {"private": true}}}')),
  'no refusal', 'other fields, types and domains may be private'
);
select dpg_test.note_written();
select is(
  dpg_test.refusal(pg_temp.registering('{"properties": {"name": {}, "subjects": {"items": {"private": true}}}}')),
  'DP001 document /domains/1/item_schemas/profile_1.0/properties/subjects', 'a searched field that becomes private'
);
select is(
  dpg_test.refusal(pg_temp.registering('{"patternProperties": {"^na": {"private": true}}}')),
  'DP001 document /domains/1/item_schemas/profile_1.0/patternProperties/^na', 'also by a pattern'
);
select dpg_test.wrote_nothing('nothing was written');
select is(
  dpg_test.refusal(pg_temp.registering('{"private": true}', 'net other')), 'no refusal', 'nothing is searched in another network'
);
select * from finish();
rollback;
