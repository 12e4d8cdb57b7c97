-- The making of partitions takes no lock on the roots that a reader or writer of them would wait for.
begin;
select plan(4);
create function pg_temp.strong_locks(relations regclass[]) returns text
language sql
as $f$
  select string_agg(distinct l.relation::regclass || ' ' || l.mode, ', ')
  from pg_locks l
  where l.pid = pg_backend_pid()
    and l.locktype = 'relation'
    and l.relation = any (relations)
    and l.mode not in ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock')
$f$;
set local role dpg_app;
select dpg.ensure_item_partition('yellow_dot', 'student');
select dpg.ensure_action_partition('yellow_dot', 'connect');
select dpg.ensure_action_event_partition('yellow_dot', 'connect');
select dpg.ensure_item_partition('yellow_dot', 'tutor');
select dpg.ensure_action_partition('red_dot', 'connect');

select is(
  pg_temp.strong_locks(array['dpg.items', 'dpg.item_actions', 'dpg.action_events', 'dpg.limits', 'dpg.action_definitions']::regclass[]),
  null,
  'the roots are locked in SHARE UPDATE EXCLUSIVE at most, which holds up no reader and no writer'
);
select is(
  pg_temp.strong_locks(array['public."user"']::regclass[]),
  '"user" ShareRowExclusiveLock',
  'the foreign key of a new leaf takes the users in SHARE ROW EXCLUSIVE, which holds up no reader and no key check'
);
reset role;
select is(
  (
    select string_agg(l.relation::regclass || ' ' || l.mode, ', ')
    from pg_locks l
    join pg_class c on c.oid = l.relation
    join pg_namespace n on n.oid = c.relnamespace
    where l.pid = pg_backend_pid()
      and l.mode = 'AccessExclusiveLock'
      and n.nspname = 'dpg_private'
  ),
  null,
  'nothing of dpg_private is locked against readers'
);
select is(
  (
    select string_agg(l.relation::regclass::text, ', ')
    from pg_locks l
    where l.pid = pg_backend_pid()
      and l.locktype = 'relation'
      and l.mode = 'AccessExclusiveLock'
      and l.relation in (select relid from unnest(array['dpg.items', 'dpg.item_actions', 'dpg.action_events']::regclass[]) r, pg_partition_tree(r) where level = 0)
  ),
  null,
  'ACCESS EXCLUSIVE is on new tables only'
);
select * from finish();
rollback;
