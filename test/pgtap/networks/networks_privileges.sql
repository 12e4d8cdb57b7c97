-- Who may register: dpg_admin. The others read what is registered.
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

select dpg.register_network(pg_temp.document());
create temporary table former as select n.* from dpg.networks n where network = 'net test';
grant select on former to dpg_app, dpg_readonly, dpg_admin;
create function pg_temp.attempt(role_name text, statement text)
returns text
language plpgsql
as $body$
declare
  outcome text;
begin
  execute format('set local role %I', role_name);
  begin
    execute statement;
    outcome := 'done';
  exception
    when others then
      outcome := sqlstate;
  end;
  reset role;
  return outcome;
end
$body$;

select is(
  pg_temp.attempt(r, $$select dpg.register_network('{"name": "net test", "domains": []}')$$), '42501', r || ' does not register'
)
from unnest(array['dpg_app', 'dpg_readonly']) r;
select is(pg_temp.attempt(r, $$select dpg.unregister_network('net test')$$), '42501', r || ' does not unregister')
from unnest(array['dpg_app', 'dpg_readonly']) r;
select is(pg_temp.attempt(r, $$update dpg.networks set item_types = '{}'$$), '42501', r || ' writes no row')
from unnest(array['dpg_app', 'dpg_readonly', 'dpg_admin']) r;
select is(pg_temp.attempt(r, $$select * from dpg.networks$$), 'done', r || ' reads')
from unnest(array['dpg_app', 'dpg_readonly', 'dpg_admin']) r;
select results_eq(
  $$select n.* from dpg.networks n where network = 'net test'$$, $$select * from former$$, 'nothing has changed'
);
select is(
  pg_temp.attempt('dpg_admin', $$select dpg.register_network('{"name": "net admin", "domains": []}')$$), 'done', 'dpg_admin registers'
);
select is(pg_temp.attempt('dpg_admin', $$select dpg.unregister_network('net admin')$$), 'done', 'and takes it back');
select * from finish();
rollback;
