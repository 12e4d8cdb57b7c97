-- Names of the extension cube resolve from here on. The objects that are there are noted before others are created.
--!include geo/extensions.sql
--!include access/known_objects.sql

-- Functions of the API that get another argument are dropped and made anew in this transaction; no table is locked. A call
-- under way can end once in 42883. What somebody else has built on one of them stops the migration, since it would go
-- with it. What somebody else has granted on them is noted, and granted again at the end.
create temporary table if not exists dpg_grants_of_others (
  name text, grantee pg_catalog.regrole, is_grantable boolean
) on commit drop;

do $body$
declare
  dropped record;
  dependent text;
begin
  for dropped in
    select p.oid, p.oid::pg_catalog.regprocedure as identity, p.proname as name, p.proowner as owner, p.proacl as acl
    from pg_catalog.pg_proc p
    where p.oid in (
      pg_catalog.to_regprocedure(
        'dpg.find_items(text, text, text, text, text, text, jsonb, double precision, double precision, double precision, integer, text)'
      ),
      pg_catalog.to_regprocedure(
        'dpg.count_items(text, text, text, text, text, text, jsonb, double precision, double precision, double precision)'
      ),
      pg_catalog.to_regprocedure(
        'dpg.nearest_items(text, text, double precision, double precision, double precision, text, jsonb, integer, text)'
      )
    )
  loop
    select pg_catalog.string_agg(d.description, ', ')
    into dependent
    from (
      select distinct pg_catalog.pg_describe_object(
        case when r.oid is null then d.classid else 'pg_catalog.pg_class'::pg_catalog.regclass end,
        coalesce(r.ev_class, d.objid), case when r.oid is null then d.objsubid else 0 end
      ) as description
      from pg_catalog.pg_depend d
      left join pg_catalog.pg_rewrite r on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and r.oid = d.objid
      where d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        and d.refobjid = dropped.oid
        and d.deptype in ('n', 'a')
    ) d;
    if dependent is not null then
      raise exception 'the migration makes % anew, and other objects depend on it: %', dropped.identity, dependent
        using
          errcode = 'dependent_objects_still_exist',
          hint = pg_catalog.format(
            'Keep their definitions (pg_get_viewdef, pg_get_functiondef), drop them, migrate, and create them again: drop %s;',
            dependent
          );
    end if;
    insert into dpg_grants_of_others
    select dropped.name, a.grantee, a.is_grantable
    from pg_catalog.aclexplode(dropped.acl) a
    join pg_catalog.pg_roles r on r.oid = a.grantee
    where a.grantee <> dropped.owner
      and r.rolname not in ('dpg_app', 'dpg_readonly', 'dpg_admin');
    execute pg_catalog.format('drop function %s', dropped.identity);
  end loop;
end
$body$;

-- Done above; doctor reads here that they are no more.
drop function if exists
  dpg.find_items(text, text, text, text, text, text, jsonb, double precision, double precision, double precision, integer, text),
  dpg.count_items(text, text, text, text, text, text, jsonb, double precision, double precision, double precision),
  dpg.nearest_items(text, text, double precision, double precision, double precision, text, jsonb, integer, text);

-- Private; a call under way can end once in 42883.
drop function if exists
  dpg_private.apply_transition(regclass, text, text[], dpg.item_actions, text, integer, jsonb, text, uuid),
  dpg_private.item_conditions_sql(text, text, text, text, jsonb, dpg_private.circle_bounds),
  dpg_private.lock_action(regclass, text, text, uuid, text),
  dpg_private.lock_item(regclass, dpg.item_ref, text),
  dpg_private.look_for_new_action(dpg.item_ref, dpg.item_ref, text),
  dpg_private.update_item_sql(regclass);
drop function if exists
  dpg_private.look_up_leaf(text, text, text);

-- Slots. ACCESS EXCLUSIVE on a small table for as long as the migration takes: calls that look for a leaf wait.
alter table dpg_private.partition_names
add column if not exists slot smallint
constraint partition_names_slot_check check (slot between 1 and 32);

do $body$
begin
  if not exists (select from pg_catalog.pg_constraint k where k.conname = 'partition_names_slot_key') then
    alter table dpg_private.partition_names add constraint partition_names_slot_key unique (root, slot);
  end if;
end
$body$;

--!include all.sql

-- The largest leaves that there are get the slots.
do $body$
declare
  leaf record;
begin
  for leaf in
    select p.root, p.network, p.key
    from dpg_private.partition_names p
    join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass('dpg.' || p.name)
    where p.key is not null
    order by c.reltuples desc, p.name
  loop
    perform dpg_private.give_slot(leaf.root, leaf.network, leaf.key);
  end loop;
end
$body$;

-- What others had granted on the functions that were made anew.
do $body$
declare
  granted record;
begin
  for granted in
    select pg_catalog.format(
        'grant execute on function %s to %s%s',
        p.oid::pg_catalog.regprocedure, g.grantee, case when g.is_grantable then ' with grant option' end
      ) as statement
    from dpg_grants_of_others g
    join pg_catalog.pg_proc p
      on p.pronamespace = 'dpg'::pg_catalog.regnamespace
      and p.proname = g.name
  loop
    execute granted.statement;
  end loop;
end
$body$;
