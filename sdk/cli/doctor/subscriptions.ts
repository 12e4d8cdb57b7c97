import { queryCheck } from './check.js';

const LATE_SECONDS = 3600;

export const subscriptions = queryCheck(
  'subscriptions',
  `
  select finding.*
  from (
    -- of before 0.2.0 there are events alone
    select s.*, s.lag_events || case to_jsonb(s) ->> 'kind' when 'items' then ' changed items' else ' events' end as lag
    from dpg.subscription_status s
  ) s
  cross join lateral (
    select 'warning' as severity, 'subscription ' || s.subscription as object,
      format('Nobody has read it for an hour, and %s wait: start its reader again, or drop it if nobody will come back.', s.lag) as problem,
      array[format('select dpg.drop_subscription(%L);', s.subscription)] as mend
    where s.is_dead
    union all
    select 'warning', 'subscription ' || s.subscription,
      format('Its oldest of %s has waited for %s s, though somebody reads: its reader is too slow, or fails%s.', s.lag, round(s.lag_seconds),
        coalesce(' (' || s.last_error || ')', '')),
      -- whoever has it may have gone away with a long lease
      case when s.is_leased then array[format('select dpg.release_events(%L);', s.subscription)] else array[]::text[] end
    where s.lag_seconds > ${LATE_SECONDS}
      and s.held_back_by_pid is null
      and not s.is_dead
    union all
    select 'warning', 'subscription ' || s.subscription,
      format('%s of its events were given up: see dpg.failed_events for why, and have them tried again.', s.dead_events),
      array[format('select dpg.retry_events(%L);', s.subscription)]
    where s.dead_events > 0
    union all
    select 'warning', 'subscription ' || s.subscription,
      format('Its oldest of %s has waited for %s s, and process %s holds it back: %s.', s.lag, round(s.lag_seconds), s.held_back_by_pid, s.held_back_by),
      array[format('select pg_terminate_backend(%s);', s.held_back_by_pid)]
    where s.lag_seconds > ${LATE_SECONDS}
      and s.held_back_by_pid is not null
  ) finding
  order by s.subscription`,
);
