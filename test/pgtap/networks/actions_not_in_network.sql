-- An action in a registered network is of a declared type, between items that one of its interactions names; else DP014.
begin;
select plan(21);

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

create function pg_temp.performing(actor text, type text, source dpg.item_ref, target dpg.item_ref)
returns text
language sql
return format('select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref)', actor, type, source, target);
create function pg_temp.receiving(type text, source dpg.item_ref, target dpg.item_ref, url text default 'https://far.net.test')
returns text
language sql
return format('select dpg.receive_action(%L, %L::dpg.item_ref, %L, %L, %L::dpg.item_ref)', type, source, url, 'far asha', target);

-- Asha's: students 1, 2 (of an old type), Ravi's: tutor 3, offer 4, tutor 5
select pg_temp.publish(i.owner, i.item)
from (
  values
    ('net asha', pg_temp.item('student', 1)), ('net asha', pg_temp.item('student', 2, 'profile_0.9')),
    ('net ravi', pg_temp.item('tutor', 3)), ('net ravi', pg_temp.item('tutor', 4, 'offer_1.0')), ('net ravi', pg_temp.item('tutor', 5))
) i(owner, item);
select dpg.register_network(pg_temp.document());
create temporary table before as select pg_temp.written() as digest;
grant select on before to dpg_app;
set local role dpg_app;

select is(
  pg_temp.refusal(pg_temp.performing('net asha', 'poke', pg_temp.item('student', 1), pg_temp.item('tutor', 3))),
  'DP014 action_type', 'perform_action: an undeclared type'
);
select is(
  pg_temp.refusal(pg_temp.performing('net ravi', 'connect', pg_temp.item('tutor', 3), pg_temp.item('student', 1))),
  'DP014 interaction', 'the other way round'
);
select is(
  pg_temp.refusal(pg_temp.performing('net ravi', 'connect', pg_temp.item('tutor', 3), pg_temp.item('tutor', 5))),
  'DP014 interaction', 'from another domain'
);
select is(
  pg_temp.refusal(pg_temp.performing('net ravi', 'vouch', pg_temp.item('tutor', 4, 'offer_1.0'), pg_temp.item('tutor', 4, 'offer_1.0'))),
  'DP001 target', 'an item on itself is malformed first'
);
select is(
  pg_temp.refusal(pg_temp.performing('net ravi', 'vouch', pg_temp.item('tutor', 3), pg_temp.item('tutor', 5))),
  'DP014 interaction', 'to an item type that to_items does not name'
);
select is(
  pg_temp.refusal(pg_temp.performing('net ravi', 'vouch', pg_temp.item('tutor', 4, 'offer_1.0'), pg_temp.item('tutor', 5))),
  'DP014 interaction', 'from one that from_items does not name'
);
select is(
  pg_temp.refusal(pg_temp.performing('net asha', 'connect', pg_temp.item('student', 2, 'profile_0.9'), pg_temp.item('tutor', 3))),
  'DP014 interaction', 'from one that the domain does not declare, where from_items names none'
);
select is(
  pg_temp.refusal(pg_temp.receiving('poke', pg_temp.item('student', 91), pg_temp.item('tutor', 3))),
  'DP014 action_type', 'receive_action: an undeclared type'
);
select is(
  pg_temp.refusal(pg_temp.receiving('connect', pg_temp.item('tutor', 91), pg_temp.item('tutor', 3))),
  'DP014 interaction', 'from another domain'
);
select is(
  pg_temp.refusal(pg_temp.receiving('connect', pg_temp.item('student', 91, 'profile_2.0'), pg_temp.item('tutor', 3))),
  'DP014 interaction', 'from an item type that the network does not declare'
);
select is(
  pg_temp.refusal(pg_temp.receiving('connect', pg_temp.item('student', 91, network => 'net open'), pg_temp.item('tutor', 3))),
  'DP014 interaction', 'from another network, where the interaction names none'
);
select throws_ok(
  pg_temp.performing('net ravi', 'connect', pg_temp.item('tutor', 3), pg_temp.item('student', 1)), 'DP014',
  'network ''net test'' declares no action ''connect'' from ''net test''/''tutor''/''profile_1.0'' to ''net test''/''student''/''profile_1.0''',
  'the message says between what'
);
do $body$
declare
  hint text;
  detail text;
begin
  perform dpg.perform_action('net ravi', 'connect', pg_temp.item('tutor', 3), pg_temp.item('student', 1));
exception
  when sqlstate 'DP014' then
    get stacked diagnostics hint = pg_exception_hint, detail = pg_exception_detail;
    perform set_config('test.hint', hint, true), set_config('test.detail', detail, true);
end
$body$;
select is(
  current_setting('test.hint'),
  'It declares: ''connect'' from ''net test''/''student'' of ["profile_1.0"] to ''net test''/''tutor'' of ["offer_1.0", "profile_1.0"]. '
    || 'dpg_admin replaces its document by dpg.register_network.',
  'the hint has what is declared'
);
select is(
  current_setting('test.detail')::jsonb,
  '{
    "network": "net test", "undeclared": "interaction", "partition_network": "net test", "action_type": "connect",
    "source_item_network": "net test", "source_item_domain": "tutor", "source_item_type": "profile_1.0",
    "target_item_network": "net test", "target_item_domain": "student", "target_item_type": "profile_1.0"
  }',
  'the detail has the keys'
);
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written, no leaf made');

select is(
  pg_temp.refusal(pg_temp.performing('net asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 3))), 'none',
  'what is declared is taken'
);
select is(
  pg_temp.refusal(pg_temp.performing('net asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 4, 'offer_1.0'))), 'none',
  'to any declared type of the domain, where to_items names none'
);
select is(
  pg_temp.refusal(pg_temp.performing('net ravi', 'vouch', pg_temp.item('tutor', 3), pg_temp.item('tutor', 4, 'offer_1.0'))), 'none',
  'between types that from_items and to_items name'
);
select is(
  pg_temp.refusal(pg_temp.receiving('connect', pg_temp.item('student', 91), pg_temp.item('tutor', 3))), 'none',
  'from another instance'
);
select is(
  pg_temp.refusal(pg_temp.receiving('connect', pg_temp.item('student', 92), pg_temp.item('tutor', 3), 'https://new.net.test')), 'none',
  'whose URL need not be among the instances'
);
reset role;
select is((select count(*) from dpg.item_actions where partition_network = 'net test'), 5::bigint, 'and is there');
select * from finish();
rollback;
