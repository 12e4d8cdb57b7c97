-- The words of items follow their documents in the writer's transaction, whoever writes; those of items that were there
-- before are made by refresh_search, and until then nothing is left out.
begin;
select plan(47);

select dpg_test.insert_users('asha', 'ravi');
create function pg_temp.state(words text) returns jsonb language sql as $$ select jsonb_build_object('name', words) $$;
create function pg_temp.found(search text, domain text default 'tutor', item_type text default null) returns text language sql as $body$
  select coalesce((select string_agg(ltrim(right(s.item_id::text, 2), '0'), ' ' order by s.item_id)
      from dpg.search_items('kept_dot', domain, search, item_type => found.item_type) s), 'none')
    || case when array(select s.item_id from dpg.search_items('kept_dot', domain, search, item_type => found.item_type) s order by 1)
         is distinct from array(select f.item_id from dpg.find_items('kept_dot', domain, item_type => found.item_type, search => search) f order by 1)
       then ' but find_items finds others' else '' end
    || case when dpg.count_items('kept_dot', domain, item_type => found.item_type, search => search)
         <> (select count(*) from dpg.search_items('kept_dot', domain, search, item_type => found.item_type))
       then ' but count_items counts others' else '' end
$body$;
create function pg_temp.item(n integer) returns uuid language sql as $$ select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid $$;
create function pg_temp.upsert(n integer, words text, domain text default 'tutor', item_type text default 't') returns void language sql as $body$
  select from dpg.upsert_item('asha', 'kept_dot', domain, item_type, 'https://kept.example.com', 's', pg_temp.state(words), item_id => pg_temp.item(n))
$body$;

select dpg.define_search('kept_dot', 'tutor', 't', '{name}');
select is(dpg.refresh_search('kept_dot', 'tutor'), 0, 'a definition may stand before the domain has a leaf');
select pg_temp.upsert(1, 'alpha'), pg_temp.upsert(2, 'beta'), pg_temp.upsert(3, 'alpha', item_type => 'other');
select is(pg_temp.found('alpha'), '1', 'new items are found, of the type that is searched');
select ok((select s.is_refreshed from dpg.item_searches s), 'and there is nothing to refresh');
select pg_temp.upsert(1, 'gamma');
select is(pg_temp.found('alpha') || ', ' || pg_temp.found('gamma'), 'none, 1', 'by the new words and not by the old ones');
select from dpg.update_item('asha', 'kept_dot', 'tutor', 't', pg_temp.item(1), '{"item_state": {"name": "delta"}}');
select is(pg_temp.found('gamma') || ', ' || pg_temp.found('delta'), 'none, 1', 'also after update_item');
update dpg.items set item_state = '{"name": "epsilon"}' where item_id = pg_temp.item(1);
select is(pg_temp.found('delta') || ', ' || pg_temp.found('epsilon'), 'none, 1', 'also after an UPDATE of the owner''s');
update dpg.items set item_type = 't' where item_id = pg_temp.item(3);
select is(pg_temp.found('alpha'), '3', 'an item that gets a searched type');
update dpg.items set item_type = 'other' where item_id = pg_temp.item(3);
select is(pg_temp.found('alpha') || ' of ' || (select count(*) from dpg_private.i_p_keptdot_tutor), 'none of 2', 'and that loses it');
update dpg.items set item_id = pg_temp.item(9) where item_id = pg_temp.item(2);
select is(pg_temp.found('beta'), '9', 'another id');
update dpg.items set item_status = 'paused' where item_id = pg_temp.item(9);
select is(pg_temp.found('beta'), '9', 'another status changes no words');
select from dpg.delete_item('asha', 'kept_dot', 'tutor', 't', pg_temp.item(9));
select is(pg_temp.found('beta') || ' of ' || (select count(*) from dpg_private.i_p_keptdot_tutor), 'none of 1', 'a deleted item');
savepoint before_rollback;
select pg_temp.upsert(1, 'zeta');
select is(pg_temp.found('zeta'), '1', 'at once for its writer');
rollback to before_rollback;
select is(pg_temp.found('zeta') || ', ' || pg_temp.found('epsilon'), 'none, 1', 'and not when it did not happen');
select dpg.erase_user('officer', 'asha', 'a request');
select is(pg_temp.found('epsilon') || ' of ' || (select string_agg(w.words::text, '') from dpg_private.i_p_keptdot_tutor w), 'none of ', 'an erased user leaves no words');
truncate dpg.items cascade;
select is((select count(*) from dpg_private.i_p_keptdot_tutor), 0::bigint, 'TRUNCATE takes the words as well');
select from dpg.upsert_items('ravi', (
  select jsonb_agg(jsonb_build_object(
    'item_network', 'kept_dot', 'item_domain', 'tutor', 'item_type', 't', 'item_instance_url', 'https://kept.example.com', 'item_schema_url', 's',
    'item_state', pg_temp.state('bulk ' || n), 'item_id', pg_temp.item(n)
  )) from generate_series(10, 14) n
));
select is(pg_temp.found('bulk'), '10 11 12 13 14', 'many at once');
alter table dpg.i_p_keptdot detach partition dpg.i_p_keptdot_tutor;
delete from dpg.i_p_keptdot_tutor where item_id = pg_temp.item(14);
alter table dpg.i_p_keptdot attach partition dpg.i_p_keptdot_tutor for values in ('tutor');
select is(pg_temp.found('bulk'), '10 11 12 13', 'a leaf keeps its words while it is detached');

-- redefined, with items that are there
select dpg.define_search('kept_dot', 'tutor', 't', '{name}', 'english');
select ok(not (select s.is_refreshed from dpg.item_searches s), 'another definition: words are of an older version');
select is(pg_temp.found('bulks '), '10 11 12 13', 'the new language counts at once');
select is(pg_temp.found('bulk '), '10 11 12 13', 'nothing is left out');
update dpg.items set item_state = '{"name": "bulking"}' where item_id = pg_temp.item(10);
select is(pg_temp.found('bulks '), '10 11 12 13', 'some refreshed by their writers, some not');
select is(dpg.refresh_search('kept_dot', 'tutor', 2), 2, 'two of them');
select is(pg_temp.found('bulks ') || ', ' || dpg.refresh_search('kept_dot', 'tutor', 2), '10 11 12 13, 1', 'and the rest');
select is(dpg.refresh_search('kept_dot', 'tutor', 2), 0, '0: finished');
select ok((select s.is_refreshed from dpg.item_searches s), 'which is noted');
select is(pg_temp.found('bulks '), '10 11 12 13', 'the same by the words');
select is((select min(w.version) from dpg_private.i_p_keptdot_tutor w), (select s.version from dpg.item_searches s), 'all of the present version');
select dpg.define_search('kept_dot', 'tutor', 't', '{name}', 'english');
select ok((select s.is_refreshed from dpg.item_searches s), 'the same definition again changes nothing');
select dpg.define_search('kept_dot', 'tutor', 'other', '{title}');
select pg_temp.upsert(15, 'bulks', item_type => 'other'), pg_temp.upsert(16, 'bulks');
update dpg.items set item_state = '{"title": "bulk"}' where item_id = pg_temp.item(15);
select is(pg_temp.found('bulk '), '10 11 12 13 15 16', 'two types with a language each');
select is(pg_temp.found('bulks ', item_type => 't'), '10 11 12 13 16', 'one of them');
select is(pg_temp.found('bulks ', item_type => 'other'), 'none', 'the other');

-- what was broken from outside
alter table dpg.i_p_keptdot_tutor disable trigger items_words_insert;
select pg_temp.upsert(17, 'bulk of a night without triggers');
select is(pg_temp.found('night'), '17', 'without triggers the items themselves are read');
select ok(dpg.refresh_search('kept_dot', 'tutor') = 7 and dpg.refresh_search('kept_dot', 'tutor') = 0, 'refresh_search puts them back, and makes all words anew');
select is(pg_temp.found('night'), '17', 'and then they count');
drop table dpg_private.i_p_keptdot_tutor;
select is(pg_temp.found('night'), '17', 'the same without the table of words');

-- removed
select dpg.define_search('kept_dot', 'tutor', 'other', null), dpg.refresh_search('kept_dot', 'tutor');
select is(pg_temp.found('bulk '), '10 11 12 13 16 17', 'one definition removed');
select dpg.define_search('kept_dot', 'tutor', 't', null), dpg.define_search('kept_dot', 'tutor', 't', null);
select is(dpg_test.refusal($$select dpg.search_items('kept_dot', 'tutor', 'bulk')$$), 'DP001 search', 'and the last one');
select pg_temp.upsert(16, 'written later');
select is((select count(*) from dpg_private.i_p_keptdot_tutor), 0::bigint, 'no words are left, and none are made');

select is(dpg_test.refusal($$select dpg.define_search('kept_dot', 'tutor', 't', '{}')$$), 'DP001 fields', 'no field');
select is(dpg_test.refusal($$select dpg.define_search('kept_dot', 'tutor', 't', '{a,null}')$$), 'DP001 fields 1', 'a null');
select is(dpg_test.refusal($$select dpg.define_search('kept_dot', 'tutor', 't', '{a,b,a}')$$), 'DP001 fields 2', 'a field twice');
select is(dpg_test.refusal($$select dpg.define_search('kept_dot', 'tutor', 't', '{a}', 424242::oid::regconfig)$$), 'DP001 language', 'no language');
create text search configuration public.theirs (copy = simple);
select is(dpg_test.refusal($$select dpg.define_search('kept_dot', 'tutor', 't', '{a}', 'public.theirs')$$), 'DP001 language', 'one that could be dropped');
select is(dpg_test.refusal($$select dpg.refresh_search('kept_dot', 'tutor', 0)$$), 'DP001 max_items', 'no items');

-- keys with everything in them stand in the text of functions and statements
select dpg.define_search('odd $words$ ''"\ %s %L dot', 'a''b"\ w.words $body$', 'type '' " \ $words$ %s case w.item_type', array['fi''e"l\d {$w$} %s']);
select from dpg.upsert_item('ravi', 'odd $words$ ''"\ %s %L dot', 'a''b"\ w.words $body$', 'type '' " \ $words$ %s case w.item_type', 'https://odd.example.com', 's',
  jsonb_build_object('fi''e"l\d {$w$} %s', 'the word'));
select is(
  (select count(*) from dpg.search_items('odd $words$ ''"\ %s %L dot', null, 'wor', item_type => 'type '' " \ $words$ %s case w.item_type'))
    + dpg.count_items('odd $words$ ''"\ %s %L dot', search => 'the "word"', created_by => 'ravi'),
  2::bigint, 'keys and fields with quotes, backslashes, dollars and percents'
);

-- a run of marks is sorted in the square of its length
select is(length(dpg_private.plain_words(repeat(U&'\0301\0316', 25000))), 30, 'of a run of marks 30 count');
select ok(dpg_private.plain_words(repeat('x ', 600) || U&'E\0316\0301') like U&'%x \00e9\0316', 'and shorter ones are composed, in a long text too');
select * from finish();
rollback;
