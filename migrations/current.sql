-- Functions whose arguments changed. Private ones: a call under way can end once in 42883 (docs/upgrading.md).
drop function if exists
  dpg_private.action_of_mirrored(dpg_private.mirrored_actions),
  dpg_private.check_ids_differ(dpg.items[]),
  dpg_private.check_undeclared_items(dpg.items[]),
  dpg_private.open_action(dpg.item_actions, jsonb),
  dpg_private.replace_items(text, dpg.items[], uuid[]);

-- Of the making of partitions, which locks nothing of the drop's. Private as well.
drop function if exists dpg_private.attach_partition(text, text, text, text[], text[]);
drop function if exists dpg_private.lock_of_users();
drop function if exists dpg_private.locks_of_tree(text);

-- The feed. First what 0.1.0 may have left: a read under repeatable read or serializable counted events as swept that it
-- could not see, so that nobody looked for them any more. Whoever looks begins before the first of them again. The advisory
-- lock (that of dpg_private.place_events) waits for a call that places events now; other calls go on without new events
-- until this transaction ends. The row is written in any case, so that a transaction with an older snapshot, which runs the
-- function as it was, ends in 40001.
do $body$
begin
  perform pg_catalog.pg_advisory_xact_lock(7237117967450113);
  update dpg_private.feed_state s
  set swept_seq = least(s.swept_seq, (select min(q.seq) - 1 from dpg_private.event_queue q)),
    sweeping_seq = null,
    sweeping_behind = null
  where s.is_only;
end
$body$;

-- Leases have names. Both tables are locked in ACCESS EXCLUSIVE for a moment, in the order in which every call takes them:
-- this waits for the calls of the feed that are under way, and new ones wait until this transaction ends. Nothing is
-- rewritten.
alter table dpg.subscriptions add column if not exists lease_id uuid;
alter table dpg.failed_events add column if not exists lease_id uuid;

-- Functions and a type of the API that grow are dropped and made anew in this transaction; no table is locked. What somebody
-- else has built on one of them stops the migration, since it would go with it. What somebody else has granted on them is
-- noted, and granted again at the end.
create temporary table if not exists dpg_grants_of_others (
  kind text, name text, grantee pg_catalog.regrole, is_grantable boolean
) on commit drop;

do $body$
declare
  dropped record;
  dependent text;
begin
  for dropped in
    select o.kind, o.name, o.classid, o.oid, o.owner, o.acl, o.name || coalesce('(' || o.arguments || ')', '') as identity
    from (
      select 'function' as kind, 'dpg.' || p.proname as name, 'pg_catalog.pg_proc'::pg_catalog.regclass as classid, p.oid,
        p.proowner as owner, p.proacl as acl, pg_catalog.pg_get_function_identity_arguments(p.oid) as arguments
      from pg_catalog.pg_proc p
      where p.oid in (
        pg_catalog.to_regprocedure('dpg.read_events(text, integer, double precision)'),
        pg_catalog.to_regprocedure('dpg.read_retries(text, integer, double precision)'),
        pg_catalog.to_regprocedure('dpg.acknowledge(text, bigint)'),
        pg_catalog.to_regprocedure('dpg.release_events(text, text, double precision)'),
        pg_catalog.to_regprocedure('dpg.settle_event(text, bigint)'),
        pg_catalog.to_regprocedure('dpg.fail_event(text, bigint, text, integer, double precision)')
      )
      union all
      select 'type', 'dpg.' || t.typname, 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, t.typowner, t.typacl, null
      from pg_catalog.pg_type t
      where t.oid = pg_catalog.to_regtype('dpg.feed_event')
    ) o
    -- once it has the column, there is nothing to do
    where not exists (
      select
      from pg_catalog.pg_type t
      join pg_catalog.pg_attribute a on a.attrelid = t.typrelid
      where t.oid = pg_catalog.to_regtype('dpg.feed_event')
        and a.attname = 'lease_id'
    )
    order by o.kind -- functions before the type that two of them return
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
      left join pg_catalog.pg_proc p on d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and p.oid = d.objid
      where d.refclassid = dropped.classid
        and d.refobjid = dropped.oid
        and d.deptype in ('n', 'a')
        and p.pronamespace is distinct from 'dpg'::pg_catalog.regnamespace
        and p.pronamespace is distinct from 'dpg_private'::pg_catalog.regnamespace
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
    select dropped.kind, dropped.name, a.grantee, a.is_grantable
    from pg_catalog.aclexplode(dropped.acl) a
    join pg_catalog.pg_roles r on r.oid = a.grantee
    where a.grantee <> dropped.owner
      and r.rolname not in ('dpg_app', 'dpg_readonly', 'dpg_admin');
    if dropped.kind = 'type' then
      -- a function of ours that returns it
      drop function if exists dpg_private.events_at(bigint[]);
    end if;
    execute pg_catalog.format('drop %s %s', dropped.kind, dropped.identity);
  end loop;
end
$body$;

-- A confirmed loss is a kind of record. The table is small; it is locked in ACCESS EXCLUSIVE while it is read.
alter table dpg.redactions
drop constraint redactions_kind_check,
add constraint redactions_kind_check check (kind in ('event', 'user', 'loss')),
drop constraint redactions_event_check,
add constraint redactions_event_check check (
  case kind
    when 'event' then num_nonnulls(partition_network, action_type, action_id, event_id) = 4
    when 'loss' then num_nonnulls(partition_network, action_type) = 2 and num_nonnulls(action_id, event_id) = 0
    else num_nonnulls(partition_network, action_type, action_id, event_id) = 0
  end
);

-- The limit json_depth_per_document: the checks of dpg.limits know its name and its range. Only where they do not yet; then
-- dpg.limits is locked (ACCESS EXCLUSIVE) until the migration is committed, and calls that look at a limit wait: those with
-- a document of more than 1,024 bytes, and those that make a partition.
do $body$
begin
  if not exists (
    select
    from pg_catalog.pg_constraint c
    where c.conrelid = 'dpg.limits'::regclass
      and c.conname = 'limits_name_check'
      and pg_catalog.pg_get_constraintdef(c.oid) like '%json_depth_per_document%'
  ) then
    alter table dpg.limits
      drop constraint limits_name_check,
      drop constraint limits_value_check,
      add constraint limits_name_check check (
        limit_name in (
          'leaves_per_network', 'networks', 'json_bytes_per_document', 'json_depth_per_document',
          'partition_lock_seconds', 'partition_queue_seconds'
        )
      ),
      add constraint limits_value_check check (
        case
          when limit_name = 'json_bytes_per_document' then limit_value between 1024 and 268435455
          when limit_name = 'json_depth_per_document' then limit_value between 512 and 2048
          when limit_name in ('partition_lock_seconds', 'partition_queue_seconds') then limit_value between 1 and 3600
          else limit_value between 0 and 1000000
        end
      );
  end if;
end
$body$;

-- Statements for one migration only go above this line; see README.md, "Develop".
--!include all.sql

-- What others had granted on the functions and the type that were made anew.
do $body$
declare
  granted record;
begin
  for granted in
    select pg_catalog.format(
        'grant %s on %s %s to %s%s',
        case g.kind when 'function' then 'execute' else 'usage' end, g.kind,
        coalesce(p.oid::pg_catalog.regprocedure::text, g.name), g.grantee,
        case when g.is_grantable then ' with grant option' end
      ) as statement
    from dpg_grants_of_others g
    left join pg_catalog.pg_proc p
      on g.kind = 'function'
      and p.pronamespace = 'dpg'::pg_catalog.regnamespace
      and 'dpg.' || p.proname = g.name
  loop
    execute granted.statement;
  end loop;
end
$body$;
