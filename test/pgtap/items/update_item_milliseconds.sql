-- An expected_updated_at that has lost its microseconds never matches, and its hint says what to do about it.
begin;
select plan(8);

select dpg_test.insert_users('asha');
set local role dpg_app;
select lives_ok($$select dpg.upsert_item('asha', 'milli_dot', 'student', 'profile_1.0', 'https://a', 'https://s', '{"n": 1}', item_id => '11111111-1111-4111-8111-111111111111')$$, 'an item');
reset role;
update dpg.items set updated_at = '2026-11-22 12:00:00.123456+00' where item_network = 'milli_dot';

create function pg_temp.answer(expected timestamptz) returns text
language plpgsql as $body$
declare
  hint text;
begin
  perform dpg.update_item('asha', 'milli_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111', '{"item_state": {"n": 2}}', expected);
  return 'done';
exception
  when sqlstate 'DP007' then
    get stacked diagnostics hint = pg_exception_hint;
    return case
      when hint like 'Pass updated\_at as text,%' then 'pass it as text'
      when hint like 'Read the item again,%' then 'read again'
      else hint
    end;
end
$body$;

set local role dpg_app;
select is(pg_temp.answer('2026-11-22 12:00:00.123+00'), 'pass it as text', 'what a Date has left of it');
set local time zone 'Asia/Kolkata';
select is(pg_temp.answer('2026-11-22 17:30:00.123+05:30'), 'pass it as text', 'in any time zone');
select is(pg_temp.answer('2026-11-22 12:00:00.124+00'), 'read again', 'another millisecond is another version');
select is(pg_temp.answer('2026-11-22 12:00:00.123455+00'), 'read again', 'so is another microsecond of the same one');
select is(pg_temp.answer('2026-11-22 12:00:00+00'), 'read again', 'and the second');
select is((select i.item_state from dpg.items i where i.item_network = 'milli_dot'), '{"n": 1}', 'nothing was written');
select is(pg_temp.answer('2026-11-22 12:00:00.123456+00'), 'done', 'as it was read');

select * from finish();
rollback;
