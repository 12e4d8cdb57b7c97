-- Rules that a registered document sets, beside those that were set by hand.
begin;
select plan(27);

create function pg_temp.document(changes jsonb default '{}', interactions jsonb default null) returns jsonb language sql immutable
return jsonb_build_object(
  'name', 'doc_dot',
  'domains', '[{"name": "student", "item_schemas": {"t": {}}}, {"name": "tutor", "item_schemas": {"t": {}}}]'::jsonb,
  'actions', jsonb_build_object(
    'connect', jsonb_build_object('interactions', coalesce(interactions, '[
      {"from_domain": "student", "to_domain": "tutor", "metric_categories": {"create": ["created"], "accept": ["accepted"], "reject": ["rejected"]}},
      {"from_domain": "tutor", "to_domain": "student", "metric_categories": {"accept": ["accepted"], "cancel": ["withdrawn"]}}
    ]'::jsonb)),
    'book', '{"interactions": [{"from_domain": "student", "to_domain": "tutor"}]}'::jsonb
  )
) || changes;
create function pg_temp.action(type text default 'connect') returns text language sql as $body$
  select concat_ws(' | ', d.rules, d.registered_rules, d.final_statuses)
  from dpg.action_definitions d
  where d.partition_network = 'doc_dot' and d.action_type = type
$body$;
create function pg_temp.network() returns text language sql as $body$
  select concat_ws(' | ', n.rules, n.registered_rules) from dpg.network_rules n where n.network = 'doc_dot'
$body$;
create function pg_temp.as_app(statement text) returns text language plpgsql as $body$
declare
  refusal text;
begin
  set local role dpg_app;
  refusal := dpg_test.refusal(statement);
  reset role;
  return refusal;
end
$body$;

select dpg.register_network(pg_temp.document('{"max_actions_per_pair": 3}'));
select is(pg_temp.network(), '{"max_open_per_pair": 3}', 'max_actions_per_pair');
select is(
  pg_temp.action(), '{"final_statuses": ["accepted", "rejected", "withdrawn"]} | {accepted,rejected,withdrawn}',
  'final: the statuses under accept, reject and cancel of all interactions'
);
select is(pg_temp.action('book'), null, 'a type without them has no row');

-- by hand
select is(
  pg_temp.as_app($$select dpg.define_action('doc_dot', 'connect', '[{"from": "created", "to": "accepted", "by": "target"}]', rules => '{"max_open_per_source": 5}')$$),
  'no refusal', 'an application may set other rules'
);
select is(
  pg_temp.action(), '{"max_open_per_source": 5} | {"final_statuses": ["accepted", "rejected", "withdrawn"]} | {accepted,rejected,withdrawn}',
  'the document still says what is final, and not the graph'
);
select is(
  left(pg_temp.as_app($$select dpg.define_action('doc_dot', 'connect', null, rules => '{"final_statuses": ["accepted"]}')$$), 5), '42501',
  'it may not change what the document sets'
);
select is(
  left(pg_temp.as_app($$select dpg.define_action('doc_dot', 'connect', null, rules => '{"final_statuses": null}')$$), 5), '42501', 'nor take it back'
);
select is(
  pg_temp.as_app($$select dpg.define_action('doc_dot', 'connect', null, rules => '{"final_statuses": ["accepted", "rejected", "withdrawn"]}')$$),
  'no refusal', 'it may say the same'
);
select is(pg_temp.as_app($$select dpg.define_action('doc_dot', 'connect', null, rules => '{}')$$), 'no refusal', 'and clear its own');
select is(pg_temp.action(), '{"final_statuses": ["accepted", "rejected", "withdrawn"]} | {accepted,rejected,withdrawn}', 'which leaves the document''s');
set local role dpg_admin;
select dpg.define_action('doc_dot', 'connect', null, rules => '{"final_statuses": ["closed"]}');
reset role;
select is(
  pg_temp.action(), '{"final_statuses": ["closed"]} | {"final_statuses": ["accepted", "rejected", "withdrawn"]} | {closed}', 'dpg_admin may'
);
select is(
  left(pg_temp.as_app($$select dpg.define_action('doc_dot', 'connect', null, rules => '{}')$$), 5), '42501', 'what dpg_admin says instead is not to be cleared'
);
select is(pg_temp.as_app($$select dpg.define_action('doc_dot', 'connect', null)$$), 'no refusal', 'the graph is');
select is(
  pg_temp.action(), '{"final_statuses": ["closed"]} | {"final_statuses": ["accepted", "rejected", "withdrawn"]} | {closed}', 'without its rules'
);
select dpg.define_action('doc_dot', 'connect', '[{"from": "created", "to": "done", "by": "target"}]', rules => '{"final_statuses": null}');
select is(
  pg_temp.action(), '{"final_statuses": null} | {"final_statuses": ["accepted", "rejected", "withdrawn"]} | {done}', 'null takes the document''s back: the graph says it'
);
select dpg.define_network('doc_dot', '{"max_open_per_pair": 7}');

-- another document
select dpg.register_network(pg_temp.document('{"max_actions_per_pair": 4}', '[{"from_domain": "student", "to_domain": "tutor", "metric_categories": {"accept": ["yes"]}}]'));
select is(pg_temp.network(), '{"max_open_per_pair": 7} | {"max_open_per_pair": 4}', 'what was set by hand stands');
select is(pg_temp.action(), '{"final_statuses": null} | {"final_statuses": ["yes"]} | {done}', 'of actions as well');
select dpg.register_network(pg_temp.document(interactions => '[{"from_domain": "student", "to_domain": "tutor"}]'));
select is(pg_temp.network(), '{"max_open_per_pair": 7}', 'a document without rules');
select is(pg_temp.action(), '{"final_statuses": null} | {done}', 'for actions as well');
select dpg.define_action('doc_dot', 'connect', null, rules => '{}');
select dpg.define_action('doc_dot', 'connect', null);
select dpg.define_network('doc_dot', '{}');
select dpg.register_network(pg_temp.document('{"max_actions_per_pair": 4}'));
select dpg.unregister_network('doc_dot');
select is(pg_temp.network(), null, 'unregister_network takes away what the document set');
select is(pg_temp.action(), null, 'of actions as well');

-- an action on another network is that network's
select dpg.register_network(pg_temp.document(interactions => '[
  {"from_domain": "student", "to_network": "far_dot", "to_domain": "tutor", "metric_categories": {"accept": ["accepted"]}}
]'));
select is(pg_temp.action(), null, 'rules of actions elsewhere are not set here');

-- malformed
select is(dpg_test.refusal(format('select dpg.register_network(%L)', pg_temp.document('{"max_actions_per_pair": 0}'))), 'DP001 document /max_actions_per_pair', 'no limit');
select is(dpg_test.refusal(format('select dpg.register_network(%L)', pg_temp.document('{"max_actions_per_pair": null}'))), 'no refusal', 'null is none');
select is(
  dpg_test.refusal(format('select dpg.register_network(%L)', pg_temp.document(interactions => '[
    {"from_domain": "student", "to_domain": "tutor", "metric_categories": {"accept": "accepted"}}
  ]'))),
  'DP001 document /actions/connect/interactions/0/metric_categories/accept', 'no array'
);
select is(
  dpg_test.refusal(format('select dpg.register_network(%L)', pg_temp.document(interactions => '[
    {"from_domain": "student", "to_domain": "tutor", "metric_categories": []}
  ]'))),
  'DP001 document /actions/connect/interactions/0/metric_categories', 'no object'
);
select is(
  dpg_test.refusal(format('select dpg.register_network(%L)', pg_temp.document(interactions => '[
    {"from_domain": "student", "to_domain": "tutor", "metric_categories": {"accept": [1]}}
  ]'))),
  'DP001 document /actions/connect/interactions/0/metric_categories/accept', 'no status'
);

select * from finish();
rollback;
