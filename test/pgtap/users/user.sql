-- The table of users has Better Auth's core columns, so that Better Auth's own migration finds nothing to change.
begin;
select plan(7);
select is(
  (
    select string_agg(
      concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end, 'default ' || pg_get_expr(d.adbin, d.adrelid)),
      ', ' order by a.attnum
    )
    from pg_attribute a
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = 'public."user"'::regclass and a.attnum > 0 and not a.attisdropped
  ),
  'id text not null, name text not null, email text not null, emailVerified boolean not null default false, image text, '
    || 'createdAt timestamp with time zone not null default CURRENT_TIMESTAMP, updatedAt timestamp with time zone not null default CURRENT_TIMESTAMP',
  'its columns'
);
select is(
  (select string_agg(pg_get_constraintdef(oid), '; ' order by contype) from pg_constraint where conrelid = 'public."user"'::regclass and contype in ('p', 'u')),
  'PRIMARY KEY (id); UNIQUE (email)',
  'its keys'
);
select isnt(obj_description('public."user"'::regclass, 'pg_class'), null, 'it says where it comes from');

set local role dpg_app;
select lives_ok($$ insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com') $$, 'an application adds a user');
select lives_ok($$ update public."user" set name = 'Asha B' where id = 'asha' $$, 'changes one');
select lives_ok($$ delete from public."user" where id = 'asha' $$, 'and removes one');
select dpg_test.insert_users('ravi');
select dpg.upsert_item('ravi', 'yellow_dot', 'tutor', 't', 'https://one.example.com', 'https://s.example.com');
select throws_ok($$ delete from public."user" where id = 'ravi' $$, '23503', null, 'but not the owner of an item');
select * from finish();
rollback;
