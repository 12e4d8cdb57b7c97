create or replace function dpg_private.lock_holders(parents regclass[], tied regclass[])
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select jsonb_agg(
      jsonb_strip_nulls(jsonb_build_object(
        'relation', l.relation::regclass::text,
        'mode', l.mode,
        'pid', l.pid,
        'application_name', nullif(a.application_name, ''),
        'since', coalesce(a.xact_start, x.prepared),
        'prepared_transaction', x.gid
      ))
      -- who has it before who waits for it, and who has had it for longest
      order by l.granted desc, coalesce(a.xact_start, x.prepared), l.pid
    )
    from pg_locks l
    left join pg_stat_activity a on a.pid = l.pid
    -- a prepared transaction has no process; the lock on its own number tells which it is
    left join pg_locks own
      on l.pid is null
      and own.pid is null
      and own.locktype = 'transactionid'
      and own.virtualtransaction = l.virtualtransaction
    left join pg_prepared_xacts x on x.transaction = own.transactionid
    where l.locktype = 'relation'
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.pid is distinct from pg_backend_pid()
      and (
        l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
          and l.relation = any (lock_holders.parents || lock_holders.tied)
        or l.mode = 'RowExclusiveLock' and l.relation = any (lock_holders.tied)
      )
  );
end
$body$;

comment on function dpg_private.lock_holders(regclass[], regclass[]) is
  'Who holds, or waits for, a lock that keeps us from SHARE UPDATE EXCLUSIVE on parents and from SHARE ROW EXCLUSIVE on tied: a JSON array of relation, mode, pid or prepared_transaction, application_name and, where the owner of this function may see it (pg_read_all_stats), since; null where nobody does any more.';
