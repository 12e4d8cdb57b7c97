-- The objects that are there are noted before others are created.
--!include geo/extensions.sql
--!include access/known_objects.sql

-- New indexes first: writers of actions wait until the end (SHARE), readers only from the columns on (ACCESS EXCLUSIVE).
-- A leaf that has an equal index already, made concurrently before, is not read: docs/upgrading.md.
--!include actions/item_actions_indexes.sql
drop index if exists dpg.item_actions_source_item_idx, dpg.item_actions_target_item_idx;

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
      pg_catalog.to_regtype('dpg.found_action'), pg_catalog.to_regtype('dpg.found_action[]'),
      pg_catalog.to_regtype('dpg.found_event'), pg_catalog.to_regtype('dpg.found_event[]'),
      pg_catalog.to_regtype('dpg.feed_event'), pg_catalog.to_regtype('dpg.feed_event[]')
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
      and a.attname = 'performed_by'
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
        or (
          p.pronamespace = 'dpg'::pg_catalog.regnamespace
          and p.proname in (
            'perform_action', 'receive_action', 'transition_action', 'receive_transition', 'define_action',
            'set_item_status'
          )
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
  drop type if exists dpg.found_action, dpg.found_event, dpg.feed_event;
end
$body$;

-- Also what older migrations have made again, when all are run once more.
drop function if exists
  dpg.set_item_status(text, text, text, text, uuid, text, timestamptz),
  dpg.find_actions(text, text, text, text, text, uuid, integer, text),
  dpg_private.find_leaves_of_party(text, text, text, text),
  dpg_private.is_kept_for_status(dpg_private.party_leaf[], dpg_private.action_search, dpg_private.action_page),
  dpg_private.has_near_page_of_slot(anyenum, dpg_private.action_search, dpg_private.action_page),
  dpg_private.actions_of_slot(anyenum, dpg_private.action_search, dpg_private.action_page, boolean),
  dpg.perform_action(text, text, dpg.item_ref, dpg.item_ref, jsonb, text, jsonb, uuid),
  dpg.receive_action(
    text, dpg.item_ref, text, text, dpg.item_ref, jsonb, text, jsonb, uuid, double precision, double precision
  ),
  dpg.transition_action(text, text, text, uuid, text, integer, jsonb, text, uuid),
  dpg.receive_transition(text, text, text, text, uuid, text, integer, jsonb, text, uuid),
  dpg.define_action(text, text, jsonb, text),
  dpg_private.lock_leaf_of_search(text, text, regclass),
  dpg_private.check_batch(integer, double precision),
  dpg_private.find_queue_writers(),
  dpg_private.append_event(dpg.item_actions, uuid, jsonb, text),
  dpg_private.digest_of_change(text, jsonb, text),
  dpg_private.write_action_and_event(regclass, dpg.item_actions, uuid, jsonb, text),
  dpg_private.insert_action(
    regclass, smallint, regclass, smallint, text, uuid, dpg.items, boolean, dpg.items, jsonb, text, jsonb
  ),
  dpg_private.is_repeated_transition(dpg.item_actions, text, integer, jsonb, text, uuid),
  dpg_private.refuse_not_action_party(text, dpg.item_actions, text, text, jsonb),
  dpg_private.refuse_transition(text, dpg.item_actions, text, integer, jsonb, text[]),
  dpg_private.apply_transition(
    regclass, smallint, text, text[], dpg.item_actions, text, integer, jsonb, text, uuid
  );

--!include all.sql

-- The functions of slots are made by what actions/actions_slot_sql.sql and events/events_slot_sql.sql say, which have
-- changed: those that know all leaves of a root anew. Nobody makes a leaf meanwhile.
do $body$
begin
  lock table dpg_private.partition_turn in share update exclusive mode;
  perform dpg_private.create_slot_functions(r.root)
  from unnest(array['item_actions', 'action_events']) r(root);
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
