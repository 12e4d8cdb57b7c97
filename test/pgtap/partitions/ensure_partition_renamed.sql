-- A partition that somebody renamed is not found by its name. The refusal says how it gets the name back; no row is lost.
begin;
select plan(13);
select dpg_test.insert_users('asha');
create function pg_temp.upsert(domain text) returns text
language sql
as $f$
  select format(
    'select dpg.upsert_item(%L, %L, %L, ''t'', ''https://one.example.com'', ''https://s.example.com'', item_id => ''00000000-0000-4000-8000-000000000001'')',
    'asha', 'yellow_dot', domain
  )
$f$;
create function pg_temp.mend(refusal text) returns text
language plpgsql
as $f$
begin
  execute substring(refusal from 'then repeat the call: ([^\n]*)');
  return 'mended';
end
$f$;

do $do$ begin execute pg_temp.upsert('student'); execute pg_temp.upsert(e'o''brien \\'); end $do$;
select dpg.ensure_action_partition('yellow_dot', 'connect');

alter table dpg.i_p_yellowdot_student rename to pupils;
select is(
  dpg_test.said(pg_temp.upsert('student')),
  'DP010
the partition of items for ''yellow_dot''/''student'' cannot be made: its table dpg.i_p_yellowdot_student was renamed to dpg.pupils
Its rows are there, and the functions find it by its name. Give it its name back, then repeat the call: alter table dpg.pupils rename to i_p_yellowdot_student;
{"key": "student", "root": "items", "reason": "renamed", "network": "yellow_dot", "relation": "dpg.pupils"}',
  'a leaf'
);
select is(pg_temp.mend(dpg_test.said(pg_temp.upsert('student'))), 'mended', 'the statement of the hint runs');
select is(dpg_test.said(pg_temp.upsert('student')), 'no refusal', 'after it the call goes on');
select is((select count(*) from dpg.get_item('yellow_dot', 'student', 't', '00000000-0000-4000-8000-000000000001')), 1::bigint, 'with the row that was there');

alter table dpg.i_p_yellowdot_obrien rename to "Mr. O'Brien";
create schema archive;
alter table dpg."Mr. O'Brien" set schema archive;
select matches(
  dpg_test.said(pg_temp.upsert(e'o''brien \\')),
  'alter table archive."Mr. O''Brien" rename to i_p_yellowdot_obrien; alter table archive.i_p_yellowdot_obrien set schema dpg;',
  'of a key with quotation marks, in another schema and with a name that needs them'
);
select is(pg_temp.mend(dpg_test.said(pg_temp.upsert(e'o''brien \\'))), 'mended', 'the statements of the hint run');
select is(dpg_test.said(pg_temp.upsert(e'o''brien \\')), 'no refusal', 'after them the call goes on');

alter table dpg.a_p_yellowdot rename to yellow_actions;
select matches(
  dpg_test.said($$select dpg.ensure_action_partition('yellow_dot', 'visit')$$),
  'alter table dpg.yellow_actions rename to a_p_yellowdot;',
  'the partition of a network'
);
select matches(
  dpg_test.said($$select dpg.ensure_action_partition('yellow_dot', 'visit')$$),
  '"key": null, "root": "item_actions", "reason": "renamed", "network": "yellow_dot"',
  'of which the detail tells'
);
select is(pg_temp.mend(dpg_test.said($$select dpg.ensure_action_partition('yellow_dot', 'visit')$$)), 'mended', 'the statement of the hint runs');
select is(dpg_test.said($$select dpg.ensure_action_partition('yellow_dot', 'visit')$$), 'no refusal', 'after it the call goes on');

-- not one of ours: no statement that would take rows out of sight
create table dpg.by_hand partition of dpg.i_p_yellowdot for values in ('held', 'kept');
select matches(dpg_test.said(pg_temp.upsert('held')), 'Do not detach it before you have looked', 'a table that was attached by hand');
select doesnt_match(dpg_test.said(pg_temp.upsert('held')), 'alter table|drop table', 'has no statement');
select * from finish();
rollback;
