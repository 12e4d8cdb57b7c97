create or replace function dpg_private.lock_leaves(
  leaves regclass[],
  network text,
  key text,
  problem text,
  longest_wait interval default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  caller_timeout constant text := current_setting('lock_timeout');
  give_up_after constant interval :=
    coalesce(longest_wait, interval '1 second' * dpg_private.limit_of('partition_lock_seconds'));
  give_up_at constant timestamptz := clock_timestamp() + give_up_after;
  -- 1 ms for each leaf; less than deadlock_timeout, so that no writer ends in 40P01 because of us
  longest constant interval := make_interval(secs => least(greatest(cardinality(leaves), 40), 400) / 1000.0);
  pause double precision := 0.005;
  patience interval := interval '0';
  lock_by timestamptz;
  left_milliseconds double precision;
  leaf regclass;
begin
  loop
    lock_by := clock_timestamp() + patience;
    begin
      -- all before lock_by, or none: writers that queue behind us never wait for longer than that
      foreach leaf in array leaves loop
        left_milliseconds := extract(epoch from lock_by - clock_timestamp()) * 1000;
        if left_milliseconds >= 1 then
          perform set_config('lock_timeout', floor(left_milliseconds)::text, true);
          execute format('lock table %s in share row exclusive mode', leaf);
        else
          execute format('lock table %s in share row exclusive mode nowait', leaf);
        end if;
      end loop;
      perform set_config('lock_timeout', caller_timeout, true);
      return;
    exception
      when lock_not_available then
        if clock_timestamp() >= give_up_at then
          raise exception using
            errcode = 'DP010',
            message = dpg_private.text_for_client(format(
              '%s: the lock on %s could not be had within %s s',
              problem, leaf, trim_scale(extract(epoch from give_up_after))
            )),
            hint = 'Repeat the call later. What holds the lock is a long transaction that writes to the same domain, '
              'or a maintenance command: see blocked_by in the detail, pg_locks and pg_stat_activity.',
            detail = dpg_private.text_for_client(jsonb_build_object(
              'root', 'items', 'network', network, 'key', key, 'reason', 'locks',
              'locks', jsonb_build_array(leaf::text),
              'blocked_by', dpg_private.find_lock_holders(array[leaf], array[leaf])
            )::text);
        end if;
    end;
    perform pg_sleep(pause * (0.5 + random()));
    -- many short writers leave no moment without a lock: stand in the queue, for a short time
    if pause > 0.05 then
      patience := longest;
    end if;
    pause := least(pause * 2, 0.25);
  end loop;
end
$body$;

comment on function dpg_private.lock_leaves(regclass[], text, text, text, interval) is
  'Locks leaves of items (SHARE ROW EXCLUSIVE: writers wait, readers do not) so that their triggers can change, and
nobody writes by the former ones. All or none, for a short time, again and again, so that no long queue of writers comes
about. network and key are for the refusal, and problem begins its message.
Raises DP010 after longest_wait, or partition_lock_seconds of dpg.limits.';
