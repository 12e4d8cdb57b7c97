import { queryCheck } from './check.js';

/** By which moves and the copies of the users are replicated: their slots and subscriptions have this beginning. */
const OURS = '^dpg_';

/** A slot that nobody reads keeps write-ahead log until the disk is full, and does so unseen. */
export const replication = queryCheck(
  'replication',
  `
  with slots as (
    select s.slot_name, s.active, s.wal_status, s.safe_wal_size,
      pg_size_pretty(pg_wal_lsn_diff(
        case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end, s.restart_lsn
      )) as kept
    from pg_replication_slots s
    where s.slot_type = 'logical'
      and s.database = current_database()
      and s.slot_name ~ '${OURS}'
      -- of the copying of one table: PostgreSQL removes it
      and not s.temporary
  ),
  followers as (
    select s.oid, s.subname, s.subenabled, e.apply_error_count + e.sync_error_count as errors,
      exists (
        select from pg_stat_subscription w where w.subid = s.oid and w.pid is not null
      ) as is_working
    from pg_subscription s
    left join pg_stat_subscription_stats e on e.subid = s.oid
    where s.subdbid = (select oid from pg_database where datname = current_database())
      and s.subname ~ '${OURS}'
  ),
  findings as (
    select 1 as place, 'error' as severity, 'replication slot ' || s.slot_name as object,
      'It has lost write-ahead log that its reader needs (max_slot_wal_keep_size): the reader cannot go on. End the move by --abort and begin anew; a copy of the users is subscribed anew.' as problem,
      array[]::text[] as mend
    from slots s
    where s.wal_status = 'lost'
    union all
    select 2, 'warning', 'replication slot ' || s.slot_name,
      format('Nobody reads it, and it keeps %s of write-ahead log, more with every write: see whether the other server runs, then go on with the move, or end it.', s.kept),
      '{}'
    from slots s
    where s.wal_status <> 'lost'
      and not s.active
    union all
    select 3, 'notice', 'setting max_slot_wal_keep_size',
      format('It is -1: a slot whose reader stays away (%s) keeps write-ahead log until the disk is full. With a limit the reader has to begin anew instead.',
        (select string_agg(s.slot_name, ', ' order by s.slot_name) from slots s)),
      array['alter system set max_slot_wal_keep_size = ''16GB'';', 'select pg_reload_conf();']
    where exists (select from slots)
      and current_setting('max_slot_wal_keep_size') = '-1'
    union all
    select 4, 'warning', 'subscription ' || f.subname,
      'It is disabled: nothing arrives here, and its slot on the other server keeps write-ahead log.',
      array[format('alter subscription %I enable;', f.subname)]
    from followers f
    where not f.subenabled
    union all
    select 5, 'warning', 'subscription ' || f.subname,
      format('Replication has failed %s times%s: the log of this server says why. When that is mended, let it count anew.', f.errors,
        case when f.is_working then '' else ', and is not running' end),
      array[format('select pg_stat_reset_subscription_stats(%s);', f.oid)]
    from followers f
    where f.subenabled
      and f.errors > 0
    union all
    select 6, 'warning', 'subscription ' || f.subname,
      'Nobody works for it: there are too few workers (max_logical_replication_workers, max_worker_processes), or it is beginning just now.',
      '{}'
    from followers f
    where f.subenabled
      and f.errors = 0
      and not f.is_working
  )
  select severity, object, problem, mend
  from findings
  order by place, object`,
);
