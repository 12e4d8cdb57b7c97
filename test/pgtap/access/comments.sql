-- \d+ says what each of our objects is for, and so does a query of pg_proc for functions: what we made has a comment. Exempt are
-- the indexes of primary and unique keys, which the columns explain, the fields of composite types, which the type's comment
-- explains, and leaves, which the roots explain.
begin;
select plan(7);
create temp view ours as
select c.*
from pg_class c
where c.relnamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace) and not c.relispartition;

select is(
  (select string_agg(nspname, ', ') from pg_namespace where nspname in ('dpg', 'dpg_private') and obj_description(oid, 'pg_namespace') is null),
  null,
  'schemas'
);
select is((select string_agg(oid::regclass::text, ', ') from ours where relkind in ('r', 'p', 'v', 'm') and obj_description(oid, 'pg_class') is null), null, 'tables and views');
select is(
  (select string_agg(o.oid::regclass || '.' || a.attname, ', ') from ours o join pg_attribute a on a.attrelid = o.oid
   where o.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and not a.attisdropped and col_description(o.oid, a.attnum) is null),
  null,
  'columns'
);
select is(
  (select string_agg(t.oid::regtype::text, ', ') from pg_type t left join pg_class c on c.oid = t.typrelid
   where t.typnamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace) and (t.typtype in ('e', 'd', 'r') or c.relkind = 'c') and obj_description(t.oid, 'pg_type') is null),
  null,
  'types'
);
select is(
  (select string_agg(o.oid::regclass::text, ', ') from ours o
   where o.relkind in ('i', 'I') and not exists (select from pg_constraint k where k.conindid = o.oid and k.conrelid = (select indrelid from pg_index where indexrelid = o.oid))
     and obj_description(o.oid, 'pg_class') is null),
  null,
  'indexes'
);
select is(
  (select string_agg(t.tgname || ' on ' || o.oid::regclass, ', ') from pg_trigger t join ours o on o.oid = t.tgrelid where not t.tgisinternal and obj_description(t.oid, 'pg_trigger') is null),
  null,
  'triggers'
);
select is(
  (select string_agg(p.oid::regprocedure::text, ', ') from pg_proc p where p.pronamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace) and coalesce(length(obj_description(p.oid, 'pg_proc')), 0) < 20),
  null,
  'functions'
);
select * from finish();
rollback;
