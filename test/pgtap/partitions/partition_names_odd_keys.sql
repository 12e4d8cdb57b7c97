-- Keys are text as given: whatever is in them, each pair has a table of its own and its rows come back.
begin;
select plan(10);
select dpg_test.insert_users('asha');

create function pg_temp.odd_keys() returns table (number bigint, key text)
language sql
as $f$
  select row_number() over (), k.key
  from unnest(array[
    '日本', '中国', '日本 ', 'ひらがな', 'русский', 'РУССКИЙ', 'é', 'e' || U&'\0301', '🦊', '🦊🦊', '👩‍👩‍👧', 'İ', 'i', 'I', 'ı', 'K', 'k', 'ſ', 's',
    '''', '"', '''''', '""', '\', '\\', '\n', E'\n.', E'\r\n.', E'.\n', E'a\nb', E'a\rb', 'ab', E'\t.', '$$', '$body$', '%', '%I', '%s', '{}', '(a,b)', 'null', 'NULL',
    '; drop table dpg.items; --', '''); drop schema dpg cascade; --', '-', '--', '/*', '.', '..', '_', '__', ' a', 'a ', ' a ', 'A', 'a',
    'default', 'pkey', 'p_key', 'pkey1', E'\x01', E'\x7f', U&'\FFFD', U&'\+10FFFF', U&'\FEFF' || 'a',
    repeat('n', 120), repeat('n', 119) || 'm', repeat('n', 119) || '-', repeat('N', 120), repeat('𠀀', 120), repeat('𠀀', 119) || '𠀁',
    repeat('''', 120), repeat('\', 120), repeat(E'\n', 119) || '.', '0', '00', '0.0', '1e3'
  ]) k(key)
$f$;
create temp table made (number bigint, item_network text, item_domain text, leaf regclass);
grant all on made to dpg_app;

set local role dpg_app;
select lives_ok(
  $$ insert into made
     select n.number * 1000 + d.number, n.key, d.key, dpg.ensure_item_partition(n.key, d.key)
     from pg_temp.odd_keys() n
     join pg_temp.odd_keys() d on (d.number - n.number) in (0, 1) $$,
  'each odd key can be a network and a domain'
);
select cmp_ok((select count(*) from made), '>', 100::bigint, 'there are many pairs of them');
select is((select count(distinct leaf) from made), (select count(*) from made), 'no two pairs share a table');
select is(
  (select count(*) from made where not leaf::text ~ '^dpg\.i_p_[a-z0-9]*(_[a-z0-9]*)?(_[0-9a-f]{8})?$'),
  0::bigint,
  'names are of a-z, 0-9 and _ only'
);
select is(
  (
    select count(*)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'dpg' and octet_length(c.relname) > 63
  ),
  0::bigint,
  'and of 63 bytes at most'
);
select is(
  (select count(*) from made where dpg.ensure_item_partition(item_network, item_domain) <> leaf),
  0::bigint,
  'each pair finds its table again'
);
select is(
  (
    select count(*) from made m
    where not exists (
      select from dpg.partitions p
      where p.root = 'items' and p.network = m.item_network and p.key = m.item_domain and p.leaf = m.leaf
    )
  ),
  0::bigint,
  'the view has the keys as they were given'
);
select lives_ok(
  $$ select dpg.upsert_item('asha', item_network, item_domain, item_domain, 'https://one.example.com', 'https://s.example.com',
       jsonb_build_object('number', number)) from made $$,
  'each takes a row, whose type is as odd'
);
select is(
  (
    select count(*)
    from made m
    where (
      select string_agg(f.item_state ->> 'number', ',')
      from dpg.find_items(m.item_network, m.item_domain, item_type => m.item_domain) f
      where f.item_network = m.item_network and f.item_domain = m.item_domain
    ) is distinct from m.number::text
  ),
  0::bigint,
  'and gives back that row alone'
);
select is(
  (select count(*) from dpg.items i join made m using (item_network, item_domain) where i.tableoid <> m.leaf),
  0::bigint,
  'which is in the table of its keys'
);
select * from finish();
rollback;
