-- Names of the extension cube resolve from here on. The objects that are there are noted before others are created.
--!include geo/extensions.sql
--!include access/known_objects.sql

-- Before the columns, since it reads every item: until here writers of items wait, from there on readers as well.
--!include items/owner_leaves.sql

-- Functions of the API that get other arguments or another result are dropped and made anew in this transaction, as are
-- the types of results and what of ours is built on them. A call under way can end once in 42883. What somebody else has
-- built on one of them stops the migration, since it would go with it. What somebody else has granted on them is noted,
-- and granted again at the end.
create temporary table if not exists dpg_grants_of_others (
  name text, grantee pg_catalog.regrole, is_grantable boolean
) on commit drop;

do $body$
declare
  grown constant pg_catalog.oid[] := array_remove(
    array[
      pg_catalog.to_regtype('dpg.found_item'), pg_catalog.to_regtype('dpg.found_item[]'),
      pg_catalog.to_regtype('dpg.nearest_item'), pg_catalog.to_regtype('dpg.nearest_item[]')
    ]::pg_catalog.oid[],
    null
  );
  dropped record;
  dependent text;
begin
  if exists (
    select
    from pg_catalog.pg_type t
    join pg_catalog.pg_attribute a on a.attrelid = t.typrelid
    where t.oid = any (grown)
      and a.attname = 'item_status'
  ) then
    return;
  end if;
  for dropped in
    select p.oid, p.oid::pg_catalog.regprocedure as identity, p.proname as name, p.proowner as owner, p.proacl as acl,
      p.pronamespace = 'dpg'::pg_catalog.regnamespace as is_of_api
    from pg_catalog.pg_proc p
    where p.pronamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
      and (
        p.prorettype = any (grown)
        or coalesce(p.proallargtypes, p.proargtypes::pg_catalog.oid[]) && grown
        or (p.pronamespace = 'dpg'::pg_catalog.regnamespace and p.proname in ('count_items', 'upsert_item'))
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
    if dropped.is_of_api then
      insert into dpg_grants_of_others
      select dropped.name, a.grantee, a.is_grantable
      from pg_catalog.aclexplode(dropped.acl) a
      join pg_catalog.pg_roles r on r.oid = a.grantee
      where a.grantee <> dropped.owner
        and r.rolname not in ('dpg_app', 'dpg_readonly', 'dpg_admin');
    end if;
    execute pg_catalog.format('drop function %s', dropped.identity);
  end loop;
  drop type if exists dpg.found_item, dpg.nearest_item;
end
$body$;

-- Also what older migrations have made again, when all are run once more.
drop function if exists
  dpg.upsert_item(text, text, text, text, text, text, jsonb, double precision, double precision, uuid),
  dpg.find_items(
    text, text, text, text, text, text, jsonb, double precision, double precision, double precision, integer, text, text[]
  ),
  dpg.count_items(
    text, text, text, text, text, text, jsonb, double precision, double precision, double precision, text[]
  ),
  dpg.nearest_items(
    text, text, double precision, double precision, double precision, text, jsonb, integer, text, text[]
  ),
  dpg_private.nearest_of_slot(anyenum, dpg_private.item_search, dpg_private.item_page, cube, cube, text[]),
  dpg_private.newest_of_slot(anyenum, dpg_private.item_page),
  dpg_private.newest_of_network(anyenum, dpg_private.item_page, text[], integer),
  dpg_private.has_more_of_network(anyenum, dpg_private.item_page, text[], integer),
  dpg_private.circle_of_slot(anyenum, dpg_private.item_search, dpg_private.item_page, integer, text[]),
  dpg_private.count_circle_of_slot(anyenum, dpg_private.item_search, integer, text[]),
  dpg_private.is_kept_circle(dpg_private.circle_bounds),
  dpg_private.item_conditions_sql(dpg_private.item_search);

--!include all.sql

-- The functions of slots are made by what items/items_slot_sql.sql says, which has changed: all of them anew. Nobody
-- makes a leaf meanwhile.
do $body$
begin
  lock table dpg_private.partition_turn in share update exclusive mode;
  perform dpg_private.create_slot(p.root, p.slot, p.name)
  from dpg_private.partition_names p
  where p.slot is not null;
  perform dpg_private.create_slot_functions('items');
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
