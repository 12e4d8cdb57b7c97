-- Partitions and state graphs of a registered network are of declared domains and action types; else DP014, and no leaf is made.
begin;
select plan(13);

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

select dpg.register_network(pg_temp.document());
create temporary table before as select pg_temp.written() as digest;
grant select on before to dpg_app;
set local role dpg_app;

select is(pg_temp.refusal($$select dpg.ensure_item_partition('net test', 'school')$$), 'DP014 item_domain', 'ensure_item_partition');
select is(pg_temp.refusal($$select dpg.ensure_action_partition('net test', 'poke')$$), 'DP014 action_type', 'ensure_action_partition');
select is(pg_temp.refusal($$select dpg.ensure_action_event_partition('net test', 'poke')$$), 'DP014 action_type', 'ensure_action_event_partition');
select is(pg_temp.refusal($$select dpg.define_action('net test', 'poke', '[]')$$), 'DP014 action_type', 'define_action');
select is(pg_temp.refusal($$select dpg.define_action('net test', 'poke', '[1]')$$), 'DP001 transitions 0', 'what is malformed comes first');
select is(pg_temp.refusal($$select dpg.define_action('net test', 'poke', null)$$), 'none', 'a declaration that is not there can be removed');
select is(pg_temp.refusal($$select dpg.ensure_item_partition('net test', ' ')$$), 'DP001 item_domain', 'a malformed domain');
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written, no leaf made');

select is(dpg.ensure_item_partition('net test', 'student')::text, 'dpg.i_p_nettest_student', 'a declared domain');
select is(dpg.ensure_action_partition('net test', 'connect')::text, 'dpg.a_p_nettest_connect', 'a declared action type');
select is(dpg.ensure_action_event_partition('net test', 'vouch')::text, 'dpg.e_p_nettest_vouch', 'its events');
select is(pg_temp.refusal($$select dpg.define_action('net test', 'connect', '[]')$$), 'none', 'and its graph');
select is(dpg.ensure_item_partition('net open', 'school')::text, 'dpg.i_p_netopen_school', 'an open network has every domain');
select * from finish();
rollback;
