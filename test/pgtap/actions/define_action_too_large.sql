begin;
select plan(3);

set local role dpg_app;

select throws_ok(
  $$select dpg.define_action(
    'large_net', 'connect',
    (select jsonb_agg(jsonb_build_object('from', 's' || i, 'to', 's' || i + 1, 'by', 'either')) from generate_series(1, 30000) i)
  )$$,
  'DP001', null, 'a graph of more than 1 MiB is refused'
);
select is_empty(
  $$select from dpg.action_definitions where partition_network = 'large_net'$$, 'and nothing is declared'
);
select lives_ok(
  $$select dpg.define_action(
    'large_net', 'connect',
    (select jsonb_agg(jsonb_build_object('from', 's' || i, 'to', 's' || i + 1, 'by', 'either')) from generate_series(1, 1000) i)
  )$$,
  'a thousand edges are declared'
);

select * from finish();
rollback;
