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

-- A type cannot get a second column: it is made anew, with the functions that return it. No table is locked.
do $body$
begin
  if not exists (
    select
    from pg_catalog.pg_type t
    join pg_catalog.pg_attribute a on a.attrelid = t.typrelid
    where t.oid = pg_catalog.to_regtype('dpg.feed_event')
      and a.attname = 'lease_id'
  ) then
    drop function if exists dpg.read_events(text, integer, double precision);
    drop function if exists dpg.read_retries(text, integer, double precision);
    drop function if exists dpg_private.events_at(bigint[]);
    drop type if exists dpg.feed_event;
  end if;
end
$body$;

-- They take the name of a lease as their last argument.
drop function if exists dpg.acknowledge(text, bigint);
drop function if exists dpg.release_events(text, text, double precision);
drop function if exists dpg.settle_event(text, bigint);
drop function if exists dpg.fail_event(text, bigint, text, integer, double precision);

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
