-- The life of an item: define_item, set_item_status, item_status of upsert_item and upsert_items, and what finders find.
begin;
select plan(45);

select dpg_test.insert_users('asha', 'ravi');

create function pg_temp.id(n integer) returns uuid language sql immutable
return ('00000000-0000-4000-8000-00000000000' || n)::uuid;
create function pg_temp.upsert(n integer, status text default null, state jsonb default '{}') returns dpg.items language sql as $body$
  select dpg.upsert_item('asha', 'status_dot', 'tutor', 't', 'https://status.example.com', 's', state, item_id => pg_temp.id(n), item_status => status)
$body$;
create function pg_temp.set(n integer, status text, expected timestamptz default null, actor text default 'asha') returns dpg.items language sql as $body$
  select dpg.set_item_status(actor, 'status_dot', 'tutor', 't', pg_temp.id(n), status, expected)
$body$;
create function pg_temp.found(filters text default '') returns text language plpgsql as $body$
declare
  found text;
begin
  execute format(
    $$select coalesce(string_agg(right(f.item_id::text, 1), ' ' order by f.item_id), 'none') || ' = ' || dpg.count_items('status_dot', 'tutor'%1$s)
      from dpg.find_items('status_dot', 'tutor'%1$s) f$$,
    filters
  ) into found;
  return found;
end
$body$;

set local role dpg_app;

-- without a definition
select is((pg_temp.upsert(1)).item_status, 'live', 'a new item is live');
select is((pg_temp.upsert(2, 'whatever')).item_status, 'whatever', 'any status is one');
select is((pg_temp.set(2, 'paused')).item_status, 'paused', 'and any may come next');
select is(pg_temp.found(), '1 2 = 2', 'all are found');

-- with one
reset role;
set local role dpg_app;
select is(
  (select dpg.define_item('status_dot', 'tutor', '[
    {"status": "draft", "found": false, "acts": false}, {"status": "live"}, {"status": "retired", "found": false, "acts": false, "final": true}
  ]', 'draft'))::text, '', 'a definition'
);
select is((pg_temp.upsert(3)).item_status, 'draft', 'a new item has the initial status');
select is((pg_temp.upsert(4, 'live')).item_status, 'live', 'or the one that is given');
select is((pg_temp.upsert(1)).item_status, 'live', 'an item that is there keeps its status');
select is((pg_temp.upsert(1, null, '{"a": 1}')).item_status, 'live', 'also when its content changes');
select is(left(dpg_test.full_refusal($$select pg_temp.upsert(5, 'unknown')$$), 5), 'DP006', 'a status that is not listed is none');
select is(left(dpg_test.full_refusal($$select pg_temp.set(1, 'unknown')$$), 5), 'DP006', 'by set_item_status neither');
select is(pg_temp.found(), '1 2 4 = 3', 'a draft is not found; a stored status that is not listed is');
select is(pg_temp.found($$, any_status => true$$), '1 2 3 4 = 4', 'any_status finds it');
select is(pg_temp.found($$, item_statuses => '{draft}'$$), '3 = 1', 'and who asks for it');
select is(pg_temp.found($$, item_statuses => '{draft,paused}'$$), '2 3 = 2', 'or for several');
select is(pg_temp.found($$, item_statuses => '{nonsense}'$$), 'none = 0', 'an unknown status matches nothing');
select is(pg_temp.found($$, item_statuses => '{}'$$), 'none = 0', 'no status matches nothing');
select is(pg_temp.found($$, any_status => null$$), '1 2 4 = 3', 'null is the default');
select is(
  left(dpg_test.full_refusal($$select dpg.find_items('status_dot', item_statuses => '{draft}', any_status => true)$$), 5), 'DP001',
  'statuses and any_status together'
);
select is(left(dpg_test.full_refusal($$select dpg.find_items('status_dot', item_statuses => '{draft,NULL}')$$), 5), 'DP001', 'a null is no status');
select is(
  (select count(*)::integer from dpg.find_items('status_dot')), 3, 'over all domains: what the definition of each says'
);

-- changes
create temp table before_change as select (pg_temp.set(3, 'live')).*;
select is((select item_status from before_change), 'live', 'set_item_status returns the row');
select ok((select updated_at > created_at from before_change), 'updated_at rises');
select is((pg_temp.set(3, 'live')).updated_at, (select updated_at from before_change), 'the present status again writes nothing');
select is(
  (pg_temp.set(3, 'live', '2020-01-01')).item_status, 'live', 'and is no matter of versions'
);
select is(left(dpg_test.full_refusal($$select pg_temp.set(3, 'draft', '2020-01-01')$$), 5), 'DP007', 'another status is');
select is((pg_temp.set(3, 'draft', (select updated_at from before_change))).item_status, 'draft', 'with the right one it is set');
select is(left(dpg_test.full_refusal($$select pg_temp.set(3, 'live', actor => 'ravi')$$), 5), 'DP003', 'by its owner alone');
select is(left(dpg_test.full_refusal($$select pg_temp.set(9, 'live')$$), 5), 'DP002', 'an item that is not there');
select is(left(dpg_test.full_refusal($$select pg_temp.set(3, ' ')$$), 5), 'DP001', 'a status is a key');
select is((pg_temp.upsert(3, 'live')).item_status, 'live', 'upsert_item sets one as well');
select is((pg_temp.set(3, 'retired')).item_status, 'retired', 'the last one');
select is(left(dpg_test.full_refusal($$select pg_temp.set(3, 'live')$$), 5), 'DP006', 'after a final status comes no other');
select is(left(dpg_test.full_refusal($$select pg_temp.upsert(3, 'live')$$), 5), 'DP006', 'by upsert_item neither');
select is((pg_temp.upsert(3, null, '{"b": 1}')).item_state, '{"b": 1}'::jsonb, 'its content may change');
select is((pg_temp.upsert(3, 'retired', '{"b": 2}')).item_state, '{"b": 2}'::jsonb, 'also with that status');

-- many
select is(
  (
    select string_agg(u.item_status, ' ')
    from dpg.upsert_items('asha', format(
      '[{"item_network": "status_dot", "item_domain": "tutor", "item_type": "t", "item_instance_url": "https://status.example.com", "item_schema_url": "s", "item_id": %s, "item_status": "live"},
        {"item_network": "status_dot", "item_domain": "tutor", "item_type": "t", "item_instance_url": "https://status.example.com", "item_schema_url": "s", "item_id": %s},
        {"item_network": "status_dot", "item_domain": "tutor", "item_type": "t", "item_instance_url": "https://status.example.com", "item_schema_url": "s", "item_id": %s, "item_status": null},
        {"item_network": "status_dot", "item_domain": "pupil", "item_type": "t", "item_instance_url": "https://status.example.com", "item_schema_url": "s"}]',
      to_jsonb(pg_temp.id(6)), to_jsonb(pg_temp.id(7)), to_jsonb(pg_temp.id(1))
    )::jsonb) u
  ),
  'live draft live live', 'upsert_items: given, initial, kept; in a domain without a definition live'
);
select is(
  dpg_test.full_refusal($$select dpg.upsert_items('asha', jsonb_build_array(
    jsonb_build_object('item_network', 'status_dot', 'item_domain', 'tutor', 'item_type', 't', 'item_instance_url', 'https://status.example.com', 'item_schema_url', 's'),
    jsonb_build_object('item_network', 'status_dot', 'item_domain', 'tutor', 'item_type', 't', 'item_instance_url', 'https://status.example.com', 'item_schema_url', 's',
      'item_id', pg_temp.id(3), 'item_status', 'live')))$$) ~ '^DP006.*"index": 1', true, 'out of a final one: the index says which'
);
select is(left(dpg_test.full_refusal($$select dpg.upsert_items('asha', '[{"item_network": "status_dot", "item_domain": "tutor", "item_type": "t",
  "item_instance_url": "https://status.example.com", "item_schema_url": "s", "item_status": 1}]')$$), 5), 'DP001', 'a number is no status');

-- definitions
select is(left(dpg_test.full_refusal($$select dpg.define_item('status_dot', 'tutor', '{}')$$), 5), 'DP001', 'an object is no array');
select is(left(dpg_test.full_refusal($$select dpg.define_item('status_dot', 'tutor', '[{"status": "a"}, {"status": "a"}]')$$), 5), 'DP001', 'a status twice');
select is(left(dpg_test.full_refusal($$select dpg.define_item('status_dot', 'tutor', '[{"status": "a", "found": 1}]')$$), 5), 'DP001', 'found is a boolean');
select is(left(dpg_test.full_refusal($$select dpg.define_item('status_dot', 'tutor', '[{"status": "a", "fund": true}]')$$), 5), 'DP001', 'a misspelt field');
select is((select dpg.define_item('status_dot', 'tutor', null))::text, '', 'null removes it');
select is(pg_temp.found(), '1 2 3 4 6 7 = 6', 'and all are found');

select * from finish();
rollback;
