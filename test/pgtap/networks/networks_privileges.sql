-- Who may register: dpg_admin. The others read what is registered.
begin;
select plan(13);

select dpg_test.insert_users('net asha', 'net ravi');

select dpg.register_network(dpg_test.network_document());
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
