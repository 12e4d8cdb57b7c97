create table if not exists dpg_private.partition_turn (
  is_empty boolean
);

comment on table dpg_private.partition_turn is
  'Has no rows. dpg_private.take_partition_turn locks it (SHARE UPDATE EXCLUSIVE) while it creates partitions.
It is a table and not an advisory lock, because every login can take an advisory lock of any key.';
comment on column dpg_private.partition_turn.is_empty is 'Never used.';

-- Needed for one release. The functions of 0.1.0 took turns by an advisory lock, and one of their calls can go on for a
-- moment after the migration. So whoever takes a turn now takes that lock as well. When another session has it, this
-- function tells whether that is a call of 0.1.0, for which we wait, or a stranger, for whom we do not.
create or replace function dpg_private.is_former_turn(lock_id bigint, beside regclass)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from pg_locks l
    join pg_locks o on o.virtualtransaction = l.virtualtransaction and o.database = l.database
    where l.locktype = 'advisory'
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.classid = (lock_id >> 32)::oid
      and l.objid = (lock_id & 4294967295)::oid
      and l.objsubid = 1
      and l.granted
      and l.pid is distinct from pg_backend_pid()
      -- Each call of 0.1.0 has read this table before. A stranger cannot: only the owner of our functions may read it.
      and o.locktype = 'relation'
      and o.relation = beside
  );
end
$body$;

comment on function dpg_private.is_former_turn(bigint, regclass) is
  'Whether a function of 0.1.0 has its turn: a session holds this advisory lock and has read this private table.
A session that only holds the lock is a stranger.';

create or replace function dpg_private.take_partition_turn(root text, network text, key text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  former_lock constant bigint := 7237117967450112; -- the advisory lock of 0.1.0
  seconds bigint := coalesce(dpg_private.limit_of('partition_queue_seconds'), 10);
  caller_timeout text := current_setting('lock_timeout');
begin
  begin
    perform set_config('lock_timeout', seconds || 's', true);
    -- One lock for all three roots. With one for each root, two transactions that create two partitions each could wait
    -- for each other (40P01).
    lock table dpg_private.partition_turn in share update exclusive mode;
    if not pg_try_advisory_xact_lock(former_lock)
      and dpg_private.is_former_turn(former_lock, 'dpg_private.partition_names')
    then
      perform pg_advisory_xact_lock(former_lock);
    end if;
    perform set_config('lock_timeout', caller_timeout, true);
  exception
    when lock_not_available then -- the end of the subtransaction has set lock_timeout back
      perform dpg_private.refuse_partition(
        root, network, key,
        format('another transaction is making partitions and has not ended for %s s', seconds),
        'Repeat the call later. A transaction that makes a partition holds up the others until it ends: '
          || 'make partitions first, in a transaction of their own.',
        jsonb_build_object(
          'reason', 'queue',
          'blocked_by', (
            select jsonb_agg(l.pid)
            from pg_locks l
            where l.locktype = 'relation'
              and l.relation = 'dpg_private.partition_turn'::regclass
              and l.database = (select d.oid from pg_database d where d.datname = current_database())
              and l.granted
          )
        )
      );
  end;
end
$body$;

comment on function dpg_private.take_partition_turn(text, text, text) is
  'Lets one transaction at a time create partitions, by a lock on dpg_private.partition_turn until the
transaction ends.
Raises DP010 after partition_queue_seconds of dpg.limits.';
