create table if not exists dpg_private.partition_turn (
  is_empty boolean
);

comment on table dpg_private.partition_turn is
  'Holds no rows: dpg_private.take_partition_turn locks it (SHARE UPDATE EXCLUSIVE) while it makes partitions. A table and no advisory lock, because an advisory lock of any key is open to every login.';
comment on column dpg_private.partition_turn.is_empty is 'Never used.';

-- For one release. The functions of 0.1.0 took turns by an advisory lock, and a call of theirs can go on for a moment after
-- the migration. Whoever takes a turn now takes that lock as well, so that such a call does not begin beside it; where it is
-- had, this function tells a former call from a stranger who holds up nobody.
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
      -- every call has read this table before, which needs a privilege that only the owner of our functions has
      and o.locktype = 'relation'
      and o.relation = beside
  );
end
$body$;

comment on function dpg_private.is_former_turn(bigint, regclass) is
  'Whether a function of 0.1.0 has its turn: it holds this advisory lock and has read this private table. Another session that holds such a lock is a stranger.';

create or replace function dpg_private.take_partition_turn(root text, network text, key text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  former_lock constant bigint := 7237117967450112; -- that of 0.1.0
  seconds bigint := coalesce(dpg_private.limit_of('partition_queue_seconds'), 10);
  caller_timeout text := current_setting('lock_timeout');
begin
  begin
    perform set_config('lock_timeout', seconds || 's', true);
    -- One lock for all three roots: with one for each, two transactions that make two partitions could wait for each other.
    lock table dpg_private.partition_turn in share update exclusive mode;
    if not pg_try_advisory_xact_lock(former_lock)
      and dpg_private.is_former_turn(former_lock, 'dpg_private.partition_names')
    then
      perform pg_advisory_xact_lock(former_lock);
    end if;
    perform set_config('lock_timeout', caller_timeout, true);
  exception
    when lock_not_available then -- the setting is back with the subtransaction
      perform dpg_private.refuse_partition(
        root, network, key,
        format('another transaction is making partitions and has not ended for %s s', seconds),
        'Repeat the call later. A transaction that makes a partition holds up the others until it ends: make partitions first, in a transaction of their own.',
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
  'Lets one transaction at a time make partitions, by a lock on dpg_private.partition_turn until its end. Raises DP010 after the limit partition_queue_seconds.';
