create or replace function dpg_private.queue_for_partitions(root text, network text, key text)
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

comment on function dpg_private.queue_for_partitions(text, text, text) is
  'Lets one transaction at a time make partitions, by a lock on dpg_private.partition_turn until its end. Raises DP010 after the limit partition_queue_seconds.';
