-- A foreign key of the application keeps an item as well: the refusal names it. What cascades is the application's affair.
begin;
select plan(8);
select dpg_test.insert_users('asha');
select
  dpg.upsert_item('asha', 'key_dot', 'd', 't', 'https://one.example.com', 'https://s', item_id => '00000000-0000-4000-8000-000000000001'),
  dpg.upsert_item('asha', 'key_dot', 'd', 't', 'https://one.example.com', 'https://s', item_id => '00000000-0000-4000-8000-000000000002');
create table public."Favourites" (
  item_network text, item_domain text, item_type text, item_id uuid,
  constraint "a favourite is an item" foreign key (item_network, item_domain, item_type, item_id) references dpg.items
);
create table public.notes (
  item_network text, item_domain text, item_type text, item_id uuid,
  foreign key (item_network, item_domain, item_type, item_id) references dpg.items on delete cascade
);
insert into public."Favourites" values ('key_dot', 'd', 't', '00000000-0000-4000-8000-000000000001');
insert into public.notes values ('key_dot', 'd', 't', '00000000-0000-4000-8000-000000000002');

create temporary table refused as
select dpg_test.error($$select dpg.delete_item('asha', 'key_dot', 'd', 't', '00000000-0000-4000-8000-000000000001')$$) as said;
select is((select said ->> 'code' from refused), 'DP013', 'the item stays');
select ok((select said ->> 'message' like '%"a favourite is an item" of table public."Favourites"%' from refused), 'the message names constraint and table');
select is((select said -> 'detail' ->> 'constraint' from refused), 'a favourite is an item', 'so does the detail');
select is((select said -> 'detail' ->> 'relation' from refused), 'public."Favourites"', 'with the table');
select ok(exists (select from dpg.items where item_network = 'key_dot' and item_id = '00000000-0000-4000-8000-000000000001'), 'nothing is deleted');
select lives_ok($$select dpg.delete_item('asha', 'key_dot', 'd', 't', '00000000-0000-4000-8000-000000000002')$$, 'a key that cascades lets it go');
select is((select count(*)::integer from public.notes), 0, 'with what refers to it');
create table public.visits (
  item_network text, item_domain text, item_type text, item_id uuid,
  foreign key (item_network, item_domain, item_type, item_id) references dpg.items on delete restrict
);
select dpg.upsert_item('asha', 'key_dot', 'd', 't', 'https://one.example.com', 'https://s', item_id => '00000000-0000-4000-8000-000000000003');
insert into public.visits values ('key_dot', 'd', 't', '00000000-0000-4000-8000-000000000003');
select is(
  dpg_test.error($$select dpg.delete_item('asha', 'key_dot', 'd', 't', '00000000-0000-4000-8000-000000000003')$$) ->> 'code',
  'DP013', 'one that restricts keeps it, too, in every version'
);
select * from finish();
rollback;
