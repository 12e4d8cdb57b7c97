-- define_action refuses what is no graph, says where, and writes nothing.
begin;
select plan(29);

do $body$
begin
  perform dpg.define_action('actions test', 'connect', '[{"from": "created", "to": "accepted", "by": "target"}]');
end
$body$;

select dpg_test.note_written();

set local role dpg_app;

select is(dpg_test.refusal($$select dpg.define_action(null, 'connect', '[]')$$), 'DP001 partition_network', 'no network');
select is(dpg_test.refusal($$select dpg.define_action(e' \t\n', 'connect', '[]')$$), 'DP001 partition_network', 'a network of white space');
select is(dpg_test.refusal($$select dpg.define_action('actions test', null, '[]')$$), 'DP001 action_type', 'no action type');
select is(dpg_test.refusal($$select dpg.define_action('actions test', '', '[]')$$), 'DP001 action_type', 'an empty action type');
select is(dpg_test.refusal($$select dpg.define_action('actions test', repeat('x', 121), null)$$), 'DP001 action_type', 'a long action type, also to remove it');
select is(dpg_test.refusal($$select dpg.define_action('actions test', 'connect', '[]', '')$$), 'DP001 initial_status', 'an empty initial status');
select is(dpg_test.refusal($$select dpg.define_action('actions test', 'connect', '[]', repeat('x', 121))$$), 'DP001 initial_status', 'a long initial status');
select is(dpg_test.refusal($$select dpg.define_action('actions test', 'connect', '{}')$$), 'DP001 transitions', 'an object');
select is(dpg_test.refusal($$select dpg.define_action('actions test', 'connect', 'null')$$), 'DP001 transitions', 'JSON''s null, which is not SQL''s');
select is(dpg_test.refusal($$select dpg.define_action('actions test', 'connect', '"[]"')$$), 'DP001 transitions', 'a text');

select is(dpg_test.refusal($$select dpg.define_action('actions test', 'connect', '["created"]')$$), 'DP001 transitions 0', 'an edge that is a text');
select is(dpg_test.refusal($$select dpg.define_action('actions test', 'connect', '[null]')$$), 'DP001 transitions 0', 'an edge that is null');
select is(dpg_test.refusal($$select dpg.define_action('actions test', 'connect', '[[]]')$$), 'DP001 transitions 0', 'an edge that is an array');
select is(
  dpg_test.refusal(format(
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
  dpg_test.detail($$select dpg.define_action('actions test', 'connect', '[{"from": "a", "to": "b", "by": "either"}, {"from": "a"}]')$$),
  '{"argument": "transitions", "value": {"from": "a"}, "index": 1}'::jsonb,
  'the edge and its place are in the detail'
);
select dpg_test.wrote_nothing('nothing was written');

select * from finish();
rollback;
