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
      -- its foreign keys, to the users, to items and to tables of the application: a new partition has them too
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
      -- foreign keys to it, of actions and of tables of the application: they are extended to a new partition
      select k.conrelid
      from pg_constraint k
      left join pg_constraint p on p.oid = k.conparentid
      where k.contype = 'f'
        and k.confrelid = find_tied_tables.parent
        -- the key of a referring partition is its table's
        and p.confrelid is distinct from k.confrelid
    ) t
    where t.relation <> find_tied_tables.parent
    order by t.relation::oid
  );
end
$body$;

comment on function dpg_private.find_tied_tables(regclass) is
  'The tables that are tied to this partitioned table by foreign keys, from it or to it, those of the application included: attaching a partition to it takes SHARE ROW EXCLUSIVE on each of them.';

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
          and l.relation = any (find_lock_holders.parents || find_lock_holders.tied)
        or l.mode = 'RowExclusiveLock' and l.relation = any (find_lock_holders.tied)
      )
  );
end
$body$;

comment on function dpg_private.find_lock_holders(regclass[], regclass[]) is
  'Who holds, or waits for, a lock that keeps us from SHARE UPDATE EXCLUSIVE on parents and from SHARE ROW EXCLUSIVE on tied: a JSON array of relation, mode, pid or prepared_transaction, application_name and, where the owner of this function may see it (pg_read_all_stats), since; null where nobody does any more.';

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
  statement text;
  locks constant text[] := array(
    select format('lock table only %s in share update exclusive mode', p.parent)
    from unnest(parents) with ordinality p(parent, place)
    order by p.place
  ) || array(
    select format('lock table only %s in share row exclusive mode', t.relation)
    from unnest(tied) with ordinality t(relation, place)
    -- an application's table that our owner may only read and reference: the attachment takes its lock itself then
    where has_table_privilege(t.relation, 'update, delete, truncate')
    order by t.place
  );
  holders jsonb;
begin
  loop
    lock_by := clock_timestamp() + patience;
    begin
      -- Either all locks are had by then, or all are given back: writers who come behind us never wait for longer.
      foreach statement in array locks loop
        if clock_timestamp() < lock_by - interval '1 ms' then
          perform set_config('lock_timeout', ceil(extract(milliseconds from lock_by - clock_timestamp()))::text, true);
          execute statement;
        else
          execute statement || ' nowait';
        end if;
      end loop;
      perform set_config('lock_timeout', '40ms', true);
      foreach statement in array attachments loop
        execute statement;
      end loop;
      perform set_config('lock_timeout', caller_timeout, true);
      return;
    exception
      when lock_not_available then
        -- who came between two writers finds the next one gone as well: whom we saw last is told
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
                  coalesce(' (' || nullif(concat_ws(', ', h ->> 'application_name', 'since ' || (h ->> 'since')), '') || ')', '')
                )
                from jsonb_path_query_first(holders, '$[0]') h
                where h is not null
              )
            ),
            'Repeat the call later. What holds the locks is a long transaction that writes to the same network, to public."user" or to a table that a foreign key ties to ours, or a maintenance command such as ANALYZE: see blocked_by in the detail, pg_locks and pg_stat_activity.',
            jsonb_build_object('reason', 'locks', 'locks', to_jsonb((parents || tied)::text[]), 'blocked_by', holders)
          );
        end if;
      when invalid_object_definition then
        -- one of ours that was renamed was refused before (dpg_private.claim_partition_name)
        perform dpg_private.refuse_partition(
          root, network, key,
          sqlerrm,
          'A table that the functions do not know already takes these rows. Do not detach it before you have looked: its rows would be in nobody''s sight. Run dpg-database doctor: it names the table, and the statement that mends it.',
          jsonb_build_object('reason', 'bound')
        );
      when foreign_key_violation then
        -- the keys between a network's actions and items were dropped, with a leaf by "drop table ... cascade"
        perform dpg_private.refuse_partition(
          root, network, key,
          sqlerrm,
          'Actions of this network refer to items that were dropped: restore those, then repeat the call.',
          jsonb_build_object('reason', 'foreign key')
        );
    end;
    perform pg_sleep(pause * (0.5 + random()));
    -- Among many short writers there is never a moment without one: after some tries stand in the queue for a little.
    if pause > 0.05 then
      patience := interval '40 ms';
    end if;
    pause := least(pause * 2, 0.25);
  end loop;
end
$body$;

comment on function dpg_private.attach_partition(text, text, text, regclass[], regclass[], text[]) is
  'Takes the locks that attaching a partition needs (SHARE UPDATE EXCLUSIVE on parents, SHARE ROW EXCLUSIVE on the tables tied to them by foreign keys) and attaches it: at first only if nobody holds any of them, after some tries also by waiting for 40 ms in all, each time after a pause in which writers go on. Raises DP010, which names who holds them, after the limit partition_lock_seconds.';
