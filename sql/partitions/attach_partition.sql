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
  statement text;
begin
  loop
    begin
      -- nobody ever queues behind this: either all locks are free now, or all are given back at once
      foreach statement in array locks loop
        execute statement;
      end loop;
      perform set_config('lock_timeout', '50ms', true);
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
    end;
    perform pg_sleep(pause * (0.5 + random()));
    pause := least(pause * 2, 0.25);
  end loop;
end
$body$;

comment on function dpg_private.attach_partition(text, text, text, text[], text[]) is
  'Runs the statements that attach a partition once all of its locks can be had without waiting, tried again and again after a pause. Raises DP010 after the limit partition_lock_seconds.';
