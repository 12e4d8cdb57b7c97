-- A leaf, which is built apart and attached, has everything that its root has.
begin;
select plan(19);
select dpg.ensure_item_partition('yellow_dot', 'student');
select dpg.ensure_item_partition('red_dot', 'student');
select dpg.ensure_action_partition('yellow_dot', 'connect');
select dpg.ensure_action_event_partition('yellow_dot', 'connect');

create function pg_temp.indexes_without_child(root regclass, leaf regclass) returns text
language sql
as $f$
  select string_agg(x.indexrelid::regclass::text, ', ')
  from pg_index x
  where x.indrelid = root
    and not exists (
      select
      from pg_index l
      join pg_partition_tree(x.indexrelid) t on t.relid = l.indexrelid
      where l.indrelid = leaf and l.indisvalid and l.indisready
    )
$f$;
create function pg_temp.foreign_keys(referencing regclass) returns text
language sql
as $f$
  select string_agg(c.confrelid::regclass::text, ', ' order by c.conname, c.confrelid::regclass::text)
  from pg_constraint c
  where c.conrelid = referencing and c.contype = 'f'
$f$;
create function pg_temp.columns(relation regclass) returns text
language sql
as $f$
  select string_agg(
    concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end, pg_get_expr(d.adbin, d.adrelid)),
    ', ' order by a.attnum
  )
  from pg_attribute a
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
$f$;

select is(pg_temp.indexes_without_child('dpg.items', 'dpg.i_p_yellowdot_student'), null, 'an items leaf has every index of the root');
select is(pg_temp.indexes_without_child('dpg.item_actions', 'dpg.a_p_yellowdot_connect'), null, 'so has an actions leaf');
select is(pg_temp.indexes_without_child('dpg.action_events', 'dpg.e_p_yellowdot_connect'), null, 'and an events leaf');
select is(
  (
    select string_agg(r.leaf || ' ' || (select count(*) from pg_index where indrelid = r.leaf), ', ' order by r.leaf::text)
    from (values
      ('dpg.items'::regclass, 'dpg.i_p_yellowdot_student'::regclass),
      ('dpg.item_actions', 'dpg.a_p_yellowdot_connect'),
      ('dpg.action_events', 'dpg.e_p_yellowdot_connect')
    ) r(root, leaf)
    where (select count(*) from pg_index where indrelid = r.leaf) <> (select count(*) from pg_index where indrelid = r.root)
  ),
  null,
  'and no index twice'
);
select is(pg_temp.columns('dpg.i_p_yellowdot_student'), pg_temp.columns('dpg.items'), 'columns, defaults and not null of an items leaf');
select is(pg_temp.columns('dpg.a_p_yellowdot_connect'), pg_temp.columns('dpg.item_actions'), 'of an actions leaf');
select is(pg_temp.columns('dpg.e_p_yellowdot_connect'), pg_temp.columns('dpg.action_events'), 'of an events leaf');
select is(
  (
    select string_agg(c.conrelid::regclass || ' ' || c.conname, ', ')
    from pg_constraint c
    join (values
      ('dpg.items'::regclass, 'dpg.i_p_yellowdot_student'::regclass),
      ('dpg.item_actions', 'dpg.a_p_yellowdot_connect'),
      ('dpg.action_events', 'dpg.e_p_yellowdot_connect')
    ) r(root, leaf) on r.root = c.conrelid
    where c.contype = 'c'
      and not exists (
        select
        from pg_constraint l
        where l.conrelid = r.leaf and l.conname = c.conname and l.coninhcount = 1 and l.convalidated
          and pg_get_constraintdef(l.oid) = pg_get_constraintdef(c.oid)
      )
  ),
  null,
  'the checks of the roots are on the leaves, inherited'
);

select is(pg_temp.foreign_keys('dpg.i_p_yellowdot_student'), '"user"', 'an item refers to its user');
select is(
  (
    select string_agg(c.conname || ' -> ' || c.confrelid::regclass, ', ' order by c.conname)
    from pg_constraint c
    where c.conrelid = 'dpg.a_p_yellowdot'::regclass and c.contype = 'f' and c.conparentid = 0
  ),
  'item_actions_source_item_fkey -> dpg.i_p_yellowdot, item_actions_target_item_fkey -> dpg.i_p_yellowdot',
  'an action''s source and target refer to the items of its network'
);
select is(
  (
    select string_agg(pg_get_constraintdef(c.oid), '; ' order by c.conname)
    from pg_constraint c
    where c.conrelid = 'dpg.a_p_yellowdot_connect'::regclass
      and c.contype = 'f'
      and c.confrelid = 'dpg.i_p_yellowdot'::regclass
  ),
  'FOREIGN KEY (source_item_network, source_item_domain, source_item_type, source_local_item_id) REFERENCES dpg.i_p_yellowdot(item_network, item_domain, item_type, item_id); '
    || 'FOREIGN KEY (target_item_network, target_item_domain, target_item_type, target_item_id) REFERENCES dpg.i_p_yellowdot(item_network, item_domain, item_type, item_id)',
  'also those of the leaf, by the columns of the contract'
);
select is(
  (select count(*)::integer from pg_constraint where contype = 'f' and conrelid = 'dpg.item_actions'::regclass),
  0,
  'there is no foreign key between the roots'
);
select is(
  (
    select string_agg(distinct c.confrelid::regclass::text, ', ')
    from pg_constraint c
    where c.contype = 'f'
      and c.conrelid in (select relid from pg_partition_tree('dpg.a_p_reddot'))
  ),
  'dpg.i_p_reddot, dpg.i_p_reddot_student',
  'another network''s actions refer to that one''s items'
);
select is(
  (select string_agg(c.conname, ', ') from pg_constraint c where c.contype = 'f' and not c.convalidated and c.conrelid in (select relid from pg_partition_tree('dpg.a_p_yellowdot'))),
  null,
  'all of them are valid'
);

select is(
  (select string_agg(tgname || ' ' || tgenabled::text, ', ' order by tgname) from pg_trigger where tgrelid = 'dpg.e_p_yellowdot_connect'::regclass and not tgisinternal),
  'action_events_immutable A, action_events_no_truncate A, action_events_note_parties O',
  'an events leaf has all triggers of the root, those that keep events under session_replication_role = replica too'
);
select is(
  (select string_agg(tgname || ' ' || tgenabled::text, ', ' order by tgname) from pg_trigger where tgrelid = 'dpg.e_p_yellowdot'::regclass and not tgisinternal),
  'action_events_immutable A, action_events_note_parties O',
  'the network''s partition hands its row triggers down'
);
select is(
  (select string_agg(tgname || ' ' || tgenabled::text, ', ' order by tgname) from pg_trigger where tgrelid = 'dpg.a_p_yellowdot_connect'::regclass and not tgisinternal),
  'item_actions_note_parties O',
  'an actions leaf has the trigger of its root'
);
select throws_ok('truncate dpg.e_p_yellowdot_connect', 'DP012', null, 'an events leaf cannot be emptied');
select throws_ok('truncate dpg.e_p_yellowdot', 'DP012', null, 'nor can a network''s, through its leaves');
select * from finish();
rollback;
