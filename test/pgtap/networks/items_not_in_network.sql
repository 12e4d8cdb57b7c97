-- New items of a registered network are of declared domains and types, whoever writes them; else DP014, and nothing is
-- written, no leaf either.
begin;
select plan(16);

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
-- every row with its place in the table, so that a row written anew shows, and every relation
create function pg_temp.written()
returns text
language sql
security definer
as $body$
  select md5(concat_ws(
    '|',
    (select string_agg(concat_ws(' ', i.tableoid, i.ctid, i), e'\n' order by i.tableoid, i.ctid) from dpg.items i),
    (select string_agg(concat_ws(' ', a.tableoid, a.ctid, a), e'\n' order by a.tableoid, a.ctid) from dpg.item_actions a),
    (select string_agg(concat_ws(' ', e.tableoid, e.ctid, e), e'\n' order by e.tableoid, e.ctid) from dpg.action_events e),
    (select string_agg(concat_ws(' ', d.ctid, d), e'\n' order by d.ctid) from dpg.action_definitions d),
    (select string_agg(concat_ws(' ', n.ctid, n), e'\n' order by n.ctid) from dpg.networks n),
    (select string_agg(concat_ws(' ', p.ctid, p), e'\n' order by p.ctid) from dpg_private.partition_names p),
    (select string_agg(concat_ws(' ', s.ctid, s), e'\n' order by s.ctid) from dpg_private.instance_url_sightings s),
    (select string_agg(c.oid::text, ' ' order by c.oid) from pg_class c where c.relnamespace = 'dpg'::regnamespace)
  ))
$body$;

create function pg_temp.element(network text, domain text, type text, number integer default null)
returns jsonb
language sql
return jsonb_strip_nulls(jsonb_build_object(
  'item_network', network, 'item_domain', domain, 'item_type', type, 'item_instance_url', 'https://net.test',
  'item_schema_url', 'https://schemas.net.test', 'item_id', (pg_temp.item(domain, number)).item_id
));

select dpg.register_network(pg_temp.document());
create temporary table before as select pg_temp.written() as digest;
grant select on before to dpg_app;
set local role dpg_app;

select is(pg_temp.refusal($$select pg_temp.publish('net asha', pg_temp.item('school', 1))$$), 'DP014 item_domain', 'upsert_item: a domain');
select is(pg_temp.refusal($$select pg_temp.publish('net asha', pg_temp.item('Student', 1))$$), 'DP014 item_domain', 'names are exact');
select is(pg_temp.refusal($$select pg_temp.publish('net asha', pg_temp.item('student', 1, 'offer_1.0'))$$), 'DP014 item_type', 'a type that only another domain has');
select is(
  pg_temp.refusal($$select dpg.upsert_item('net asha', 'net test', 'student', 'profile_2.0', 'https://net.test', 'https://s.net.test')$$),
  'DP014 item_type', 'a type, without an id'
);
select throws_ok(
  $$select pg_temp.publish('net asha', pg_temp.item('school', 1))$$, 'DP014', 'network ''net test'' declares no domain ''school''',
  'the message says which'
);
select throws_ok(
  $$select pg_temp.publish('net asha', pg_temp.item('student', 1, 'profile_2.0'))$$, 'DP014',
  'network ''net test'' declares no item type ''profile_2.0'' in domain ''student''', 'and for types of which domain'
);
do $body$
declare
  hint text;
  detail text;
begin
  perform pg_temp.publish('net asha', pg_temp.item('student', 1, 'profile_2.0'));
exception
  when sqlstate 'DP014' then
    get stacked diagnostics hint = pg_exception_hint, detail = pg_exception_detail;
    perform set_config('test.hint', hint, true), set_config('test.detail', detail, true);
end
$body$;
select is(
  current_setting('test.hint'), 'It declares: profile_1.0. dpg_admin replaces its document by dpg.register_network.',
  'the hint has what is declared'
);
select is(
  current_setting('test.detail')::jsonb,
  '{"network": "net test", "undeclared": "item_type", "item_network": "net test", "item_domain": "student", "item_type": "profile_2.0"}',
  'the detail has the keys'
);
select is(
  pg_temp.refusal(format('select dpg.upsert_items(%L, %L)', 'net asha', jsonb_build_array(
    pg_temp.element('net open', 'anything', 'goes'), pg_temp.element('net test', 'student', 'profile_1.0'),
    pg_temp.element('net test', 'school', 'profile_1.0'), pg_temp.element('net test', 'student', 'profile_2.0')
  ))),
  'DP014 item_domain 2', 'upsert_items: the first of the array, counted from 0'
);
select is(
  pg_temp.refusal(format('select dpg.upsert_items(%L, %L)', 'net asha', jsonb_build_array(
    pg_temp.element('net test', 'student', 'profile_1.0', 1), pg_temp.element('net test', 'tutor', 'profile_2.0', 2)
  ))),
  'DP014 item_type 1', 'also with ids'
);
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written, no leaf made');

select is(pg_temp.refusal($$select pg_temp.publish('net asha', pg_temp.item('student', 1))$$), 'none', 'what is declared is taken');
select is(
  pg_temp.refusal(format('select dpg.upsert_items(%L, %L)', 'net ravi', jsonb_build_array(
    pg_temp.element('net test', 'tutor', 'profile_1.0', 2), pg_temp.element('net test', 'tutor', 'offer_1.0'),
    pg_temp.element('net open', 'anything', 'goes')
  ))),
  'none', 'also as an array, beside items of an open network'
);
select is(
  (select dpg.count_items('net test', 'tutor')), 2::bigint, 'and is there'
);
select is(
  pg_temp.refusal(format('select dpg.update_item(%L, %L, %L, %L, %L, %L)', 'net asha', 'net test', 'student', 'profile_1.0',
    (pg_temp.item('student', 1)).item_id, '{"item_state": {"name": "Asha"}}')),
  'none', 'update_item has nothing to refuse: it changes neither domain nor type'
);
select is(
  (select count(*) from dpg.partitions where network = 'net test' and root = 'items'), 2::bigint, 'the declared domains have leaves'
);
select * from finish();
rollback;
