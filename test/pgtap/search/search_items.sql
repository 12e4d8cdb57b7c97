-- Search by words: all of them, the last one as a beginning, quotes, exclusion, or; in every script and language.
begin;
select plan(60);

select dpg_test.insert_users('asha', 'ravi');
select dpg.define_search('word_dot', 'tutor', 't', '{name,subjects,about}');
select dpg.define_search('word_dot', 'coach', 't', '{about}', 'english');
select dpg.ensure_item_partition('word_dot', 'tutor'), dpg.ensure_item_partition('word_dot', 'coach'), dpg.ensure_item_partition('word_dot', 'pupil');
insert into dpg.items (
  item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state, created_by, created_at, item_latitude, item_longitude
)
select 'word_dot', v.domain, v.type, ('00000000-0000-4000-8000-' || lpad(v.n::text, 12, '0'))::uuid, 'https://word.example.com', 's', v.state, 'asha',
  timestamptz '2026-01-01' + v.n * interval '1 hour', case when v.n < 3 then 12 end, case when v.n < 3 then 77 end
from (values
  (1, 'tutor', 't', '{"name": "Asha Rao", "subjects": ["Mathematics", "Physics"], "about": "Patient teacher of algebra"}'::jsonb),
  (2, 'tutor', 't', '{"name": "Ravi", "subjects": "mathematics", "about": "Rao taught me"}'),
  (3, 'tutor', 't', '{"name": "Mathematics for all", "subjects": [["physics"], {"a": "physics"}, 7, null, "Chemistry"]}'),
  (4, 'tutor', 't', '{"name": 7, "subjects": {"x": "hidden"}, "about": "e-mail: meera.das@example.com, C++ & <b>bold</b> 3.5 O''Brien well-known"}'),
  (5, 'tutor', 't', '{"name": "ΟΔΥΣΣΕΥΣ Жанна Straße ISTANBUL İzmir ÉCOLE", "about": "हिन्दी कार्य। 日本語、検索 தமிழ் ภาษาไทย עברית العربية"}'),
  (6, 'tutor', 't', '{}'),
  (7, 'tutor', 'other', '{"name": "Mathematics of another type"}'),
  (8, 'coach', 't', '{"about": "The universities: running and runners"}'),
  (9, 'coach', 't', '{"about": "To be or not to be"}'),
  (10, 'pupil', 't', '{"name": "Mathematics in a domain without a definition"}')
) v(n, domain, type, state);

create function pg_temp.found(search text, domain text default 'tutor') returns text language sql as $body$
  select coalesce((select string_agg(ltrim(right(s.item_id::text, 2), '0'), ' ' order by s.item_id) from dpg.search_items('word_dot', domain, search) s), 'none')
    || case when array(select s.item_id from dpg.search_items('word_dot', domain, search) s order by 1)
         is distinct from array(select f.item_id from dpg.find_items('word_dot', domain, search => search) f order by 1)
       then ' but find_items finds others' else '' end
    || case when dpg.count_items('word_dot', domain, search => search) <> (select count(*) from dpg.search_items('word_dot', domain, search))
       then ' but count_items counts others' else '' end
$body$;

set local role dpg_readonly;

select is(pg_temp.found('mathematics'), '1 2 3', 'a word of any searched field, text or element of an array; of a searched type only');
select is(pg_temp.found('MATHEMATICS '), '1 2 3', 'in any case');
select is(pg_temp.found('rao mathematics'), '1 2', 'all words, of any fields, in any order');
select is(pg_temp.found('math'), '1 2 3', 'the last word is a beginning');
select is(pg_temp.found('math '), 'none', 'unless white space follows');
select is(pg_temp.found(E'math\t'), 'none', 'of any kind');
select is(pg_temp.found('math' || U&'\3000'), 'none', 'of any script');
select is(pg_temp.found('"math"'), 'none', 'or it is quoted');
select is(pg_temp.found('rao -math'), '1 2', 'or negated');
select is(pg_temp.found('math rao'), 'none', 'only the last word');
select is(pg_temp.found('"asha rao"'), '1', 'a phrase: one after another');
select is(pg_temp.found('"rao asha"'), 'none', 'in this order');
select is(pg_temp.found('"physics patient"'), 'none', 'not from one field to the next');
select is(pg_temp.found('"mathematics physics"'), 'none', 'nor from one element to the next');
select is(pg_temp.found('"patient teacher of" alg'), '1', 'a phrase and a beginning');
select is(pg_temp.found('mathematics -physics'), '2 3', 'without a word');
select is(pg_temp.found('mathematics -"asha rao"'), '2 3', 'without a phrase');
select is(pg_temp.found('-mathematics '), '4 5 6', 'nothing but without');
select is(pg_temp.found('ravi or chemistry'), '2 3', 'or');
select is(pg_temp.found('rao asha OR chem'), '1 3', 'or binds less than and');
select is(pg_temp.found('"unclosed rao'), 'none', 'a quote that is not closed goes to the end');
select is(pg_temp.found('physics'), '1', 'no text within arrays and objects in an array');
select is(pg_temp.found('hidden'), 'none', 'nor in an object');
select is(pg_temp.found('7'), 'none', 'no numbers');
select is(pg_temp.found('meera.das@example.com'), '4', 'a word with punctuation is a phrase');
select is(pg_temp.found('meera.da'), '4', 'whose last part is a beginning');
select is(pg_temp.found('das@'), '4', 'of which each part is a word');
select is(pg_temp.found('o''brien'), '4', 'an apostrophe parts');
select is(pg_temp.found('well-known'), '4', 'a dash within is none before');
select is(pg_temp.found('known'), '4', 'parts are words');
select is(pg_temp.found('bold'), '4', 'tags are text');
select is(pg_temp.found('3.5'), '4', 'numbers in texts are words');
select is(pg_temp.found('οδυσσευς'), '5', 'Greek, with both small sigmas');
select is(pg_temp.found('ΟΔΥΣ'), '5', 'and a beginning that ends with one');
select is(pg_temp.found('ЖАННА '), '5', 'Cyrillic');
select is(pg_temp.found('istanbul izmir '), '5', 'the Turkish capitals are those of everybody');
select is(pg_temp.found('école '), '5', 'Latin with accents');
select is(pg_temp.found(normalize('école', nfd)), '5', 'whether they are composed or not');
select is(pg_temp.found('कार्य '), '5', 'Devanagari: vowel signs are parts of words, the danda is none');
select is(pg_temp.found('हिन'), '5', 'a beginning of it');
select is(pg_temp.found('検索'), '5', 'punctuation of East Asia parts words');
select is(pg_temp.found('தமிழ் עברית العربية '), '5', 'Tamil, Hebrew, Arabic');
select is(pg_temp.found('run ', 'coach'), '8', 'a language finds other forms of a word');
select is(pg_temp.found('universi', 'coach'), '8', 'and still the beginning of the word as it stands');
select is(pg_temp.found('the runner ', 'coach'), '8', 'words that the language leaves out do not count beside others');
select is(pg_temp.found('not to be ', 'coach'), '9', 'alone they do');
select is(pg_temp.found('runs ', null), '8', 'in several domains each has its language');
select is(pg_temp.found('mathematics', null), '1 2 3', 'domains without a definition match nothing');

select is(
  (select string_agg(ltrim(right(s.item_id::text, 2), '0'), ' ') from dpg.search_items('word_dot', 'tutor', 'mathematics') s), '3 2 1',
  'the best first: the first field weighs most; of equals the newest first'
);
select is(
  (select string_agg(ltrim(right(s.item_id::text, 2), '0'), ' ')
   from dpg.search_items('word_dot', 'tutor', 'mathematics', latitude => 12, longitude => 77, radius_meters => 1000, created_by => 'asha', item_state => '{"name": "Ravi"}') s),
  '2', 'with other filters'
);
select is(dpg.count_items('word_dot', 'tutor', search => 'mathematics', created_by => 'ravi'), 0::bigint, 'all of them');
select is(
  (with recursive pages as (
     select s.*, 1 as page from dpg.search_items('word_dot', null, 'mathematics or runs ', page_size => 1) s
     union all
     select s.*, p.page + 1 from pages p cross join lateral dpg.search_items('word_dot', null, 'mathematics or runs ', page_size => 1, page_token => p.next_page_token) s
   ) select string_agg(ltrim(right(p.item_id::text, 2), '0'), ' ' order by p.page) from pages p),
  (select string_agg(ltrim(right(s.item_id::text, 2), '0'), ' ') from dpg.search_items('word_dot', null, 'mathematics or runs ') s),
  'pages of one row are the whole'
);
select is(
  (select count(*) from dpg.nearest_items('word_dot', 'tutor', 12, 77, search => 'mathematics')), 2::bigint, 'nearest_items takes it'
);
select is((select sum(item_count) from dpg.map_items('word_dot', 'tutor', -90, -180, 90, 180, search => 'mathematics'))::integer, 2, 'map_items, too');
select is(
  (select string_agg(c.value::text || ' ' || c.item_count, ', ') from dpg.count_facets('word_dot', 'tutor', '{subjects}', search => 'rao math') c),
  '"Mathematics" 1, "Physics" 1, "mathematics" 1', 'and count_facets'
);

select is(dpg_test.refusal($$select dpg.search_items('word_dot', 'pupil', 'x')$$), 'DP001 search', 'a domain without a definition');
select is(dpg_test.refusal($$select dpg.find_items('word_dot', search => ' "" - !? ')$$), 'DP001 search', 'no word');
select is(dpg_test.refusal($$select dpg.search_items('word_dot', 'tutor', null)$$), 'DP001 search', 'null');
select is(dpg_test.refusal($$select dpg.search_items('word_dot', 'tutor', repeat('x', 100000))$$), 'DP001 search', '100,000 characters');
select is(
  dpg_test.refusal(format(
    $$select dpg.search_items('word_dot', 'tutor', 'rao', page_token => %L)$$,
    (select s.next_page_token from dpg.search_items('word_dot', 'tutor', 'mathematics') s limit 1)
  )),
  'DP011', 'a token of another search'
);
select * from finish();
rollback;
