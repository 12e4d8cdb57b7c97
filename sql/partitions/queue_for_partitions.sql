create or replace function dpg_private.queue_for_partitions(root text, network text, key text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- one lock for all three roots: with one for each, two transactions that make two partitions could wait for each other
  lock_id constant bigint := 7237117967450112; -- any number that nobody else on this database locks
  seconds bigint := coalesce(dpg_private.limit_of('partition_queue_seconds'), 10);
  caller_timeout text := current_setting('lock_timeout');
begin
  begin
    perform set_config('lock_timeout', seconds || 's', true);
    perform pg_advisory_xact_lock(lock_id);
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
            where l.locktype = 'advisory'
              and l.database = (select d.oid from pg_database d where d.datname = current_database())
              and l.classid = (lock_id >> 32)::oid
              and l.objid = (lock_id & 4294967295)::oid
              and l.granted
          )
        )
      );
  end;
end
$body$;

comment on function dpg_private.queue_for_partitions(text, text, text) is
  'Lets one transaction at a time make partitions, by an advisory lock until its end. Raises DP010 after the limit partition_queue_seconds.';
