-- define_action declares a state graph, replaces it as a whole, and removes it.
begin;
select plan(12);

set local role dpg_app;

select lives_ok(
  $$select dpg.define_action('actions test', 'connect', '[{"from": "new", "to": "accepted", "by": "target"}]', 'new')$$,
  'a graph can be declared'
);
select results_eq(
  $$select d.initial_status, d.transitions from dpg.action_definitions d where d.partition_network = 'actions test' and d.action_type = 'connect'$$,
  $$values ('new', '[{"from": "new", "to": "accepted", "by": "target"}]'::jsonb)$$,
  'it is stored as given'
);
create temporary table first as
select d.ctid as place from dpg.action_definitions d where d.partition_network = 'actions test' and d.action_type = 'connect';
select lives_ok(
  $$select dpg.define_action('actions test', 'connect', '[{"by": "target", "to": "accepted", "from": "new"}]', 'new')$$,
  'the same graph can be declared again'
);
select is(
  (select d.ctid from dpg.action_definitions d where d.partition_network = 'actions test' and d.action_type = 'connect'),
  (select f.place from first f),
  'which writes nothing'
);
select lives_ok(
  $$select dpg.define_action('actions test', 'connect', '[{"from": "created", "to": "created", "by": "either"}, {"from": "created", "to": "gone", "by": "source"}]')$$,
  'another graph can be declared in its place'
);
select results_eq(
  $$select d.initial_status, d.transitions from dpg.action_definitions d where d.partition_network = 'actions test' and d.action_type = 'connect'$$,
  $$values ('created', '[{"from": "created", "to": "created", "by": "either"}, {"from": "created", "to": "gone", "by": "source"}]'::jsonb)$$,
  'nothing of the former is left, and the initial status is created unless given'
);
select lives_ok($$select dpg.define_action('actions test', 'connect', '[]', null)$$, 'a graph may have no edge');
select results_eq(
  $$select d.initial_status, d.transitions from dpg.action_definitions d where d.partition_network = 'actions test' and d.action_type = 'connect'$$,
  $$values ('created', '[]'::jsonb)$$,
  'it is a declaration, unlike none, and a null initial status means the default'
);
select lives_ok(
  $$select dpg.define_action('actions test', 'book', '[]')$$,
  'another action of the network has its own declaration'
);
select lives_ok($$select dpg.define_action('actions test', 'connect', null)$$, 'null removes the declaration');
select results_eq(
  $$select d.action_type from dpg.action_definitions d where d.partition_network = 'actions test'$$,
  $$values ('book')$$,
  'and that one alone'
);
select lives_ok($$select dpg.define_action('actions test', 'connect', null)$$, 'also when there is none');

select * from finish();
rollback;
