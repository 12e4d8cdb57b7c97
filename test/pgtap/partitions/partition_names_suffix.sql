-- When a name has a suffix: an empty part, or more than 63 bytes. The hash is of the exact keys.
begin;
select plan(14);
set local role dpg_app;

select is(dpg.ensure_item_partition('日本', '学生')::text, 'dpg.i_p___2c2a3f40', 'nothing of the keys is left');
select is(dpg.ensure_item_partition('中国', '学生')::text, 'dpg.i_p___cc89a59e', 'nor of others');
select is(
  (select inhparent::regclass::text from pg_inherits where inhrelid = 'dpg.i_p___2c2a3f40'::regclass),
  'dpg.i_p__99fdfc4e',
  'the network''s own partition has a suffix as well'
);
select is(
  (select pg_get_expr(relpartbound, oid) from pg_class where oid = 'dpg.i_p__99fdfc4e'::regclass),
  'FOR VALUES IN (''日本'')',
  'and the key as its bound'
);
select is(dpg.ensure_item_partition('suffix_test', '学生')::text, 'dpg.i_p_suffixtest__e6fecb67', 'the domain alone leaves nothing');
select is(dpg.ensure_action_partition('日本', '申請')::text, 'dpg.a_p___d6b16fd0', 'the same for actions');
select is(dpg.ensure_action_event_partition('日本', '申請')::text, 'dpg.e_p___d6b16fd0', 'and for events');

-- i_p_ + 29 + _ + 29 are 63 bytes
select is(
  dpg.ensure_item_partition(repeat('n', 29), repeat('d', 29))::text,
  'dpg.i_p_nnnnnnnnnnnnnnnnnnnnnnnnnnnnn_ddddddddddddddddddddddddddddd',
  '63 bytes are not too many'
);
select is(
  dpg.ensure_item_partition(repeat('n', 29), repeat('d', 30))::text,
  'dpg.i_p_nnnnnnnnnnnnnnnnnnnnnnnnnnnnn_dddddddddddddddddddd_c43c1bf6',
  '64 are'
);
select is(
  dpg.ensure_item_partition(repeat('n', 120), repeat('d', 120))::text,
  'dpg.i_p_nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn_a94b674e',
  'keys of 120 characters'
);
select is(
  dpg.ensure_item_partition(repeat('n', 119) || 'm', repeat('d', 120))::text,
  'dpg.i_p_nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn_424a4f80',
  'others that differ in the last one only'
);
select is(
  dpg.ensure_item_partition(repeat('𠀀', 120), repeat('𠀁', 120))::text,
  'dpg.i_p___5867cee6',
  'keys of 120 characters of four bytes'
);
select is(
  (select max(octet_length(c.relname)) from pg_class c where c.relnamespace = 'dpg'::regnamespace and c.relname ~ '^[iae]_p_n'),
  63,
  'no name is longer than 63 bytes'
);
select is(
  dpg.ensure_item_partition(E'quote"d\\', E'line\nbreak''s 🦊')::text,
  'dpg.i_p_quoted_linebreaks',
  'a plain name is one of a-z and 0-9, whatever else the keys hold'
);
select * from finish();
rollback;
