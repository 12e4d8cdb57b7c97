create or replace function dpg_private.find_tied_tables(parent regclass)
returns regclass[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return array(
    select t.relation
    from (
      -- Foreign keys of parent: to users, to items and to tables of the application. A new partition gets them, too.
      select k.confrelid::regclass as relation
      from pg_constraint k
      where k.contype = 'f'
        and k.conrelid = find_tied_tables.parent
      union
      select p.relid
      from pg_constraint k
      cross join lateral pg_partition_tree(k.confrelid) p
      where k.contype = 'f'
        and k.conrelid = find_tied_tables.parent
      union
      -- Foreign keys to parent: of actions and of tables of the application. PostgreSQL extends them to a new
      -- partition.
      select k.conrelid
      from pg_constraint k
      left join pg_constraint p on p.oid = k.conparentid
      where k.contype = 'f'
        and k.confrelid = find_tied_tables.parent
        -- a partition of the referring table has its key from that table, which is in the list
        and p.confrelid is distinct from k.confrelid
    ) t
    where t.relation <> find_tied_tables.parent
    order by t.relation::oid
  );
end
$body$;

comment on function dpg_private.find_tied_tables(regclass) is
  'The tables that a foreign key ties to this partitioned table, in either direction. Tables of the application
are included. Attaching a partition takes SHARE ROW EXCLUSIVE on each of them.';

create or replace function dpg_private.find_lock_holders(parents regclass[], tied regclass[])
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
      -- first those that hold a lock, then those that wait; in both, the oldest transaction first
      order by l.granted desc, coalesce(a.xact_start, x.prepared), l.pid
    )
    from pg_locks l
    left join pg_stat_activity a on a.pid = l.pid
    -- A prepared transaction has no process. Its lock on its own transaction id tells which one it is.
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
        l.mode in (
            'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'
          )
          and l.relation = any (find_lock_holders.parents || find_lock_holders.tied)
        or l.mode = 'RowExclusiveLock' and l.relation = any (find_lock_holders.tied)
      )
  );
end
$body$;

comment on function dpg_private.find_lock_holders(regclass[], regclass[]) is
  'The sessions that keep us from SHARE UPDATE EXCLUSIVE on parents or from SHARE ROW EXCLUSIVE on tied, because
they hold such a lock or wait for one. Null when there are none any more.
A JSON array of objects with relation, mode, pid or prepared_transaction, application_name and since. since
is missing where the owner of this function may not see it (it needs pg_read_all_stats).';

create or replace function dpg_private.attach_partition(
  root text,
  network text,
  key text,
  parents regclass[],
  tied regclass[],
  attachments text[]
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  give_up_at timestamptz := clock_timestamp()
    + make_interval(secs => coalesce(dpg_private.limit_of('partition_lock_seconds'), 5));
  caller_timeout text := current_setting('lock_timeout');
  pause double precision := 0.01::double precision;
  patience interval := interval '0';
  lock_by timestamptz;
  left_milliseconds double precision;
  statement text;
  locks constant text[] := array(
    select format('lock table only %s in share update exclusive mode', p.parent)
    from unnest(parents) with ordinality p(parent, place)
    order by p.place
  ) || array(
    select format('lock table only %s in share row exclusive mode', t.relation)
    from unnest(tied) with ordinality t(relation, place)
    -- Our owner may not lock a table of the application that it may only read and reference. The attachment takes
    -- that lock.
    where has_table_privilege(t.relation, 'update, delete, truncate')
    order by t.place
  );
  holders jsonb;
begin
  loop
    lock_by := clock_timestamp() + patience;
    begin
      -- lock: either we have all locks before lock_by, or the subtransaction gives all of them back. So writers that
      -- queue behind us never wait for longer than that.
      foreach statement in array locks loop
        -- The clock is read once: between two readings any time can pass, and a lock_timeout of 0 waits for ever.
        left_milliseconds := extract(epoch from lock_by - clock_timestamp()) * 1000;
        if left_milliseconds >= 1 then
          perform set_config('lock_timeout', floor(left_milliseconds)::text, true);
          execute statement;
        else
          execute statement || ' nowait';
        end if;
      end loop;

      -- change
      perform set_config('lock_timeout', '40ms', true);
      foreach statement in array attachments loop
        execute statement;
      end loop;
      perform set_config('lock_timeout', caller_timeout, true);
      return;
    exception
      -- refuse, or try again
      when lock_not_available then
        -- Who held the lock may have ended by now. Then the message names the last holder that was seen.
        holders := coalesce(dpg_private.find_lock_holders(parents, tied), holders);
        if clock_timestamp() >= give_up_at then
          perform dpg_private.refuse_partition(
            root, network, key,
            format(
              'its locks could not be had within %s s%s',
              dpg_private.limit_of('partition_lock_seconds'),
              (
                select format(
                  ': %s is locked by %s%s',
                  h ->> 'relation',
                  coalesce(
                    'process ' || (h ->> 'pid'),
                    'the prepared transaction ' || to_json(h ->> 'prepared_transaction')::text,
                    'a prepared transaction'
                  ),
                  coalesce(
                    ' (' || nullif(concat_ws(', ', h ->> 'application_name', 'since ' || (h ->> 'since')), '') || ')',
                    ''
                  )
                )
                from jsonb_path_query_first(holders, '$[0]') h
                where h is not null
              )
            ),
            'Repeat the call later. What holds the locks is a long transaction that writes to the same network, '
              || 'to public."user" or to a table that a foreign key ties to ours, '
              || 'or a maintenance command such as ANALYZE: '
              || 'see blocked_by in the detail, pg_locks and pg_stat_activity.',
            jsonb_build_object('reason', 'locks', 'locks', to_jsonb((parents || tied)::text[]), 'blocked_by', holders)
          );
        end if;
      when invalid_object_definition then
        -- A table that we do not know has the bound. It is no partition of ours that was renamed:
        -- dpg_private.claim_partition_name has refused that before.
        perform dpg_private.refuse_partition(
          root, network, key,
          sqlerrm,
          'A table that the functions do not know already takes these rows. Do not detach it before you have looked: '
            || 'its rows would be in nobody''s sight. Run dpg-database doctor: it names the table, '
            || 'and the statement that mends it.',
          jsonb_build_object('reason', 'bound')
        );
      when foreign_key_violation then
        -- Only where the foreign keys from actions to items are added again: "drop table ... cascade" of a leaf of
        -- items has dropped them, and the actions are still there.
        perform dpg_private.refuse_partition(
          root, network, key,
          sqlerrm,
          'Actions of this network refer to items that were dropped: restore those, then repeat the call.',
          jsonb_build_object('reason', 'foreign key')
        );
    end;
    perform pg_sleep(pause * (0.5 + random()));
    -- Many short writers leave no moment without a lock. After some tries we stand in the queue, for a short time.
    if pause > 0.05 then
      patience := interval '40 ms';
    end if;
    pause := least(pause * 2, 0.25);
  end loop;
end
$body$;

comment on function dpg_private.attach_partition(text, text, text, regclass[], regclass[], text[]) is
  'Attaches a partition, and takes the locks for it: SHARE UPDATE EXCLUSIVE on parents, SHARE ROW EXCLUSIVE on
tied, the tables that foreign keys tie to them.
Tries at first only without waiting, after some tries also by waiting for 40 ms in all. Writers go on in the
pause after each try.
Raises DP010 after partition_lock_seconds of dpg.limits, and names who holds the locks.';
