-- Events mirrored from another instance are stored when the registered network declares their action, or when an event of
-- the same action is here already; else DP014, before anything is written.
begin;
select plan(23);

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

create function pg_temp.event(number integer, update_count integer, type text, source dpg.item_ref, target dpg.item_ref, origin text default 'https://far.net.test')
returns jsonb
language sql
return jsonb_build_object(
  'partition_network', target.item_network, 'action_type', type, 'event_id', pg_temp.id(number * 100 + update_count),
  'origin_instance_domain', origin, 'action_id', pg_temp.id(number), 'action_status', 'created', 'update_count', update_count,
  'source_item_network', source.item_network, 'source_item_domain', source.item_domain, 'source_item_type', source.item_type,
  'source_item_id', source.item_id, 'source_item_instance_url', 'https://net.test', 'source_item_owner', 'net asha',
  'target_item_network', target.item_network, 'target_item_domain', target.item_domain, 'target_item_type', target.item_type,
  'target_item_id', target.item_id, 'target_item_instance_url', origin, 'target_item_owner', 'far ravi',
  'event_payload', '{}'::jsonb, 'created_at', '2026-01-01T00:00:00.000000Z'
);
create function pg_temp.storing(event jsonb)
returns text
language sql
return format('select dpg.store_event(%L)', event);

select pg_temp.publish('net asha', pg_temp.item('student', 1));
-- what came while the network was open
select dpg.store_event(pg_temp.event(1, 0, 'poke', pg_temp.item('student', 1), pg_temp.item('tutor', 92)));
select dpg.register_network(pg_temp.document());
create temporary table before as select pg_temp.written() as digest;
grant select on before to dpg_app;
set local role dpg_app;

select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(2, 0, 'poke', pg_temp.item('student', 1), pg_temp.item('tutor', 92)))),
  'DP014 action_type', 'an undeclared action type'
);
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(2, 0, 'connect', pg_temp.item('tutor', 1), pg_temp.item('student', 92)))),
  'DP014 interaction', 'an undeclared interaction'
);
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(2, 3, 'wave', pg_temp.item('student', 1), pg_temp.item('tutor', 92)))),
  'DP014 action_type', 'a later event of an action of which nothing is here'
);
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', pg_temp.item('student', 1), pg_temp.item('tutor', 92), 'https://third.net.test'))),
  'DP014 action_type', 'the same id is another action when it comes from elsewhere'
);
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(2, 0, 'poke', pg_temp.item('student', 1), pg_temp.item('tutor', 92)) - 'event_id')),
  'DP001 event.event_id', 'what is malformed comes first'
);
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(2, 0, 'poke', pg_temp.item('student', 1), pg_temp.item('tutor', 92), 'https://net.test'))),
  'DP001 event.origin_instance_domain', 'and an origin of our own'
);
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written, no leaf made');

select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', pg_temp.item('school', 1), pg_temp.item('tutor', 92)))),
  'DP014 action_type', 'what is here of an action lets in no other source: of another domain'
);
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', pg_temp.item('student', 1, 'ghost'), pg_temp.item('tutor', 92)))),
  'DP014 action_type', 'of another type'
);
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', pg_temp.item('student', 2), pg_temp.item('tutor', 92)))),
  'DP014 action_type', 'of another id'
);
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', pg_temp.item('student', 1, network => 'net open'), pg_temp.item('tutor', 92)))),
  'DP014 action_type', 'of another network'
);
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', pg_temp.item('student', 1), pg_temp.item('spy', 92)))),
  'DP014 action_type', 'nor another target: of another domain'
);
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', pg_temp.item('student', 1), pg_temp.item('tutor', 92, 'ghost')))),
  'DP014 action_type', 'of another type'
);
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', pg_temp.item('student', 1), pg_temp.item('tutor', 93)))),
  'DP014 action_type', 'of another id'
);
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', pg_temp.item('tutor', 92), pg_temp.item('student', 1)))),
  'DP014 action_type', 'nor the two the other way round'
);
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written');

select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(1, 0, 'poke', pg_temp.item('student', 1), pg_temp.item('tutor', 92)))),
  'none', 'a repeated event returns the one that is here'
);
select is(pg_temp.written(), (select b.digest from before b), 'and writes nothing');
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(1, 1, 'poke', pg_temp.item('student', 1), pg_temp.item('tutor', 92)))),
  'none', 'later events follow the first'
);
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(3, 1, 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 92)))),
  'none', 'what is declared is stored, in whatever order it comes'
);
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(4, 0, 'poke', pg_temp.item('student', 1), pg_temp.item('tutor', 92, network => 'net open')))),
  'none', 'and what is of an open network'
);
select is(
  pg_temp.refusal(pg_temp.storing(pg_temp.event(5, 0, 'poke', pg_temp.item('nobody', 1), pg_temp.item('tutor', 92, network => 'net open')))),
  'DP014 item_domain', 'unless its source is of a domain that the registered network does not have'
);
select is(
  (select string_agg(action_type || ' ' || update_count, ', ' order by action_type, update_count) from dpg.find_events('net asha')),
  'connect 1, poke 0, poke 0, poke 1', 'Asha finds them'
);
select * from finish();
rollback;
