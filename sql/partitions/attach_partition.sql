create or replace function dpg_private.attach_partition(
  root text,
  network text,
  key text,
  locks text[],
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
        if clock_timestamp() >= give_up_at then
          perform dpg_private.refuse_partition(
            root, network, key,
            format('its locks could not be had within %s s', dpg_private.limit_of('partition_lock_seconds')),
            'Repeat the call later. What holds the locks is a long transaction that writes to the same network or changes public."user", or a maintenance command such as ANALYZE: see pg_locks and pg_stat_activity.',
            jsonb_build_object('reason', 'locks', 'locks', to_jsonb(locks))
          );
        end if;
      when invalid_object_definition then
        perform dpg_private.refuse_partition(
          root, network, key,
          sqlerrm,
          'A table that is no partition of ours already takes these rows: detach it, then repeat the call.',
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

comment on function dpg_private.attach_partition(text, text, text, text[], text[]) is
  'Takes the locks that attaching a partition needs (statements without nowait) and attaches it: at first only if nobody holds any of them, after some tries also by waiting for 40 ms in all, each time after a pause in which writers go on. Raises DP010 after the limit partition_lock_seconds.';
