-- define_action refuses what is no graph, says where, and writes nothing.
begin;
select plan(29);

-- the code of a refusal; behind it what DP001 says of the argument, and what every refusal must have and this one lacks
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
      ' ', code, detail::jsonb ->> 'argument', detail::jsonb ->> 'index',
      case when hint = '' then 'no hint' end,
      case when jsonb_typeof(detail::jsonb) <> 'object' then 'no object' end,
      case when code = 'DP001' and not detail::jsonb ? 'value' then 'no value' end
    );
end
$body$;

create function pg_temp.detail(statement text)
returns jsonb
language plpgsql
as $body$
declare
  detail text;
begin
  execute statement;
  return null;
exception
  when others then
    get stacked diagnostics detail = pg_exception_detail;
    return detail;
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
    (select string_agg(concat_ws(' ', n.ctid, n), e'\n' order by n.ctid) from dpg_private.partition_names n),
    (select string_agg(concat_ws(' ', p.ctid, p), e'\n' order by p.ctid) from dpg_private.party_leaves p),
    (select string_agg(concat_ws(' ', s.ctid, s), e'\n' order by s.ctid) from dpg_private.instance_url_sightings s),
    (select string_agg(c.oid::text, ' ' order by c.oid) from pg_class c where c.relnamespace = 'dpg'::regnamespace)
  ))
$body$;

do $body$
begin
  perform dpg.define_action('actions test', 'connect', '[{"from": "created", "to": "accepted", "by": "target"}]');
end
$body$;

create temporary table before as
select pg_temp.written() as digest;
grant select, insert, delete on before to dpg_app;

set local role dpg_app;

select is(pg_temp.refusal($$select dpg.define_action(null, 'connect', '[]')$$), 'DP001 partition_network', 'no network');
select is(pg_temp.refusal($$select dpg.define_action(e' \t\n', 'connect', '[]')$$), 'DP001 partition_network', 'a network of white space');
select is(pg_temp.refusal($$select dpg.define_action('actions test', null, '[]')$$), 'DP001 action_type', 'no action type');
select is(pg_temp.refusal($$select dpg.define_action('actions test', '', '[]')$$), 'DP001 action_type', 'an empty action type');
select is(pg_temp.refusal($$select dpg.define_action('actions test', repeat('x', 121), null)$$), 'DP001 action_type', 'a long action type, also to remove it');
select is(pg_temp.refusal($$select dpg.define_action('actions test', 'connect', '[]', '')$$), 'DP001 initial_status', 'an empty initial status');
select is(pg_temp.refusal($$select dpg.define_action('actions test', 'connect', '[]', repeat('x', 121))$$), 'DP001 initial_status', 'a long initial status');
select is(pg_temp.refusal($$select dpg.define_action('actions test', 'connect', '{}')$$), 'DP001 transitions', 'an object');
select is(pg_temp.refusal($$select dpg.define_action('actions test', 'connect', 'null')$$), 'DP001 transitions', 'JSON''s null, which is not SQL''s');
select is(pg_temp.refusal($$select dpg.define_action('actions test', 'connect', '"[]"')$$), 'DP001 transitions', 'a text');

select is(pg_temp.refusal($$select dpg.define_action('actions test', 'connect', '["created"]')$$), 'DP001 transitions 0', 'an edge that is a text');
select is(pg_temp.refusal($$select dpg.define_action('actions test', 'connect', '[null]')$$), 'DP001 transitions 0', 'an edge that is null');
select is(pg_temp.refusal($$select dpg.define_action('actions test', 'connect', '[[]]')$$), 'DP001 transitions 0', 'an edge that is an array');
select is(
  pg_temp.refusal(format(
    $$select dpg.define_action('actions test', 'connect', '[{"from": "a", "to": "b", "by": "either"}, %s]')$$, e.edge
  )),
  'DP001 transitions 1',
  'the second edge ' || e.edge
)
from (
  values
    ('{}'),
    ('{"to": "b", "by": "either"}'),
    ('{"from": "a", "by": "either"}'),
    ('{"from": "a", "to": "b"}'),
    ('{"from": null, "to": "b", "by": "either"}'),
    ('{"from": "a", "to": 1, "by": "either"}'),
    ('{"from": "", "to": "b", "by": "either"}'),
    ('{"from": "a", "to": " ", "by": "either"}'),
    ('{"from": "a", "to": "' || repeat('x', 121) || '", "by": "either"}'),
    ('{"from": "a", "to": "b", "by": "nobody"}'),
    ('{"from": "a", "to": "b", "by": "Source"}'),
    ('{"from": "a", "to": "b", "by": null}'),
    ('{"from": "a", "to": "b", "by": ["source"]}'),
    ('{"from": "a", "to": "b", "by": "either", "when": "now"}')
) e(edge);
select is(
  pg_temp.detail($$select dpg.define_action('actions test', 'connect', '[{"from": "a", "to": "b", "by": "either"}, {"from": "a"}]')$$),
  '{"argument": "transitions", "value": {"from": "a"}, "index": 1}'::jsonb,
  'the edge and its place are in the detail'
);
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written');

select * from finish();
rollback;
