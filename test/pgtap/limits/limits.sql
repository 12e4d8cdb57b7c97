-- dpg.limits: what is there, what it may say, and who may say it.
begin;
select plan(18);
select results_eq(
  'select limit_name, limit_value from dpg.limits order by limit_name collate "C"',
  $$ values ('json_bytes_per_document', 1048576::bigint), ('json_depth_per_document', 512), ('leaves_per_network', 256), ('mirrored_leaves_per_network', 64), ('networks', 1024), ('partition_lock_seconds', 5), ('partition_queue_seconds', 10) $$,
  'the limits of a new database'
);
select throws_ok($$ insert into dpg.limits values ('unknown', 1) $$, '23514', null, 'no other limit can be set');
select throws_ok($$ insert into dpg.limits values ('networks', 1) $$, '23505', null, 'and none twice');
select throws_ok(format('update dpg.limits set limit_value = %s where limit_name = %L', v, n), '23514', null, format('%s cannot be %s', n, v))
from (values ('json_bytes_per_document', 1023), ('json_bytes_per_document', 268435456), ('json_depth_per_document', 511), ('json_depth_per_document', 2049), ('partition_lock_seconds', 0), ('partition_queue_seconds', 3601), ('networks', -1), ('leaves_per_network', 1000001)) t(n, v);
select throws_ok($$ update dpg.limits set limit_value = null $$, '23502', null, 'a limit is a number');

set local role dpg_app;
select throws_ok($$ update dpg.limits set limit_value = 1 $$, '42501', null, 'dpg_app changes none');
set local role dpg_readonly;
select throws_ok($$ update dpg.limits set limit_value = 1 $$, '42501', null, 'dpg_readonly neither');
select isnt_empty('select * from dpg.limits', 'but both may read them');
set local role dpg_admin;
select lives_ok($$ update dpg.limits set limit_value = 2 where limit_name = 'leaves_per_network' $$, 'dpg_admin does');
select throws_ok($$ delete from dpg.limits $$, '42501', null, 'but does not remove them');
select throws_ok($$ insert into dpg.limits values ('networks', 1) $$, '42501', null, 'or add some');
select * from finish();
rollback;
