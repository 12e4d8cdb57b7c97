-- Different keys that the naming rule alone would put into one table.
begin;
select plan(21);
select dpg_test.insert_users('asha');
set local role dpg_app;

select is(dpg.ensure_item_partition('yellow_dot', 'student')::text, 'dpg.i_p_yellowdot_student', 'the first comer keeps the plain name');
select is(dpg.ensure_item_partition('yellowdot', 'student')::text, 'dpg.i_p_yellowdot_student_0ed8157c', 'the second has a suffix');
select is(dpg.ensure_item_partition('Yellow Dot', 'Student')::text, 'dpg.i_p_yellowdot_student_8d25e38b', 'so has the third');
select is(dpg.ensure_item_partition('yellow_dot', 'Student')::text, 'dpg.i_p_yellowdot_student_0c197276', 'so has another domain of the first network');
select is(dpg.ensure_item_partition('yellowdot', 'tutor')::text, 'dpg.i_p_yellowdot_tutor', 'a plain name that nobody holds is free for all');
select is(dpg.ensure_item_partition('yellow_dot', 'tutor')::text, 'dpg.i_p_yellowdot_tutor_aa79119a', 'and then held');
select is(
  (select string_agg(inhparent::regclass || ' <- ' || inhrelid::regclass, ', ' order by inhrelid::regclass::text)
   from pg_inherits where inhparent::regclass::text like 'dpg.i\_p\_yellowdot%' and inhrelid::regclass::text ~ '^dpg.i_p_yellowdot_(student|tutor)'
     and inhrelid in (select relid from pg_partition_tree('dpg.items'))),
  'dpg.i_p_yellowdot <- dpg.i_p_yellowdot_student, dpg.i_p_yellowdot <- dpg.i_p_yellowdot_student_0c197276, '
    || 'dpg.i_p_yellowdot_c405f5a5 <- dpg.i_p_yellowdot_student_0ed8157c, dpg.i_p_yellowdot_ff4fcf26 <- dpg.i_p_yellowdot_student_8d25e38b, '
    || 'dpg.i_p_yellowdot_c405f5a5 <- dpg.i_p_yellowdot_tutor, dpg.i_p_yellowdot <- dpg.i_p_yellowdot_tutor_aa79119a',
  'each leaf is under its own network'
);
select is(dpg.ensure_item_partition('yellowdot', 'student')::text, 'dpg.i_p_yellowdot_student_0ed8157c', 'a name with a suffix is found again');

select is(dpg.ensure_action_partition('yellow_dot', 'profile_1.0')::text, 'dpg.a_p_yellowdot_profile10', 'profile_1.0 as an action type');
select is(dpg.ensure_action_partition('yellow_dot', 'profile_10')::text, 'dpg.a_p_yellowdot_profile10_595001d4', 'profile_10 as another');
select is(dpg.ensure_action_event_partition('yellow_dot', 'profile_10')::text, 'dpg.e_p_yellowdot_profile10', 'events have names of their own');
select is(dpg.ensure_action_event_partition('yellow_dot', 'profile_1.0')::text, 'dpg.e_p_yellowdot_profile10_45549de6', 'and first comers of their own');

-- keys that look like a name with a suffix
select is(dpg.ensure_item_partition('red_dot', '63b64605')::text, 'dpg.i_p_reddot_63b64605', 'a domain like the suffix that the network reddot would have');
select is(dpg.ensure_item_partition('reddot', 'student')::text, 'dpg.i_p_reddot_student', 'the network reddot finds another name');
select is(
  (select inhparent::regclass::text from pg_inherits where inhrelid = 'dpg.i_p_reddot_student'::regclass),
  'dpg.i_p_reddot_88fb2893',
  'the suffix is of a further hash then'
);
select is(dpg.ensure_item_partition('blue_dot', 'student')::text, 'dpg.i_p_bluedot_student', 'a leaf');
select is(dpg.ensure_item_partition('bluedot', 'student')::text, 'dpg.i_p_bluedot_student_9dce502e', 'its namesake');
select is(
  dpg.ensure_item_partition('blue_dot', 'student_9dce502e')::text,
  'dpg.i_p_bluedot_student9dce502e',
  'a domain like the namesake''s whole name is another name, since keys lose their _'
);
select is(
  dpg.ensure_item_partition('blue_dot', 'pkey')::text,
  'dpg.i_p_bluedot_pkey_484cb354',
  'the plain name of a domain called pkey is that of an index of ours'
);

-- rows go where their keys say
select lives_ok(
  $$ select dpg.upsert_item('asha', k.network, k.domain, 't', 'https://one.example.com', 'https://s.example.com')
     from (values ('yellow_dot', 'student'), ('yellowdot', 'student'), ('Yellow Dot', 'Student'), ('yellow_dot', 'Student'),
       ('blue_dot', 'pkey')) k(network, domain) $$,
  'a row for each of some of these keys'
);
select is(
  (select string_agg(i.item_network || '/' || i.item_domain || ' in ' || i.tableoid::regclass, ', ' order by i.item_network collate "C", i.item_domain collate "C") from dpg.items i where i.created_by = 'asha'),
  'Yellow Dot/Student in dpg.i_p_yellowdot_student_8d25e38b, blue_dot/pkey in dpg.i_p_bluedot_pkey_484cb354, '
    || 'yellow_dot/Student in dpg.i_p_yellowdot_student_0c197276, yellow_dot/student in dpg.i_p_yellowdot_student, '
    || 'yellowdot/student in dpg.i_p_yellowdot_student_0ed8157c',
  'each row is in the table of its keys'
);
select * from finish();
rollback;
