import { queryCheck } from './check.js';

// A read of the feed under repeatable read, which 0.1.0 did not refuse, leaves such events behind.
export const sweptEvents = queryCheck(
  'swept events',
  `
  select 'error' as severity, 'table dpg_private.event_queue' as object,
    format('%s events are where nobody looks any more: no subscription gets them.', count(*)) as problem,
    -- the lock is that of dpg_private.place_events: nobody sweeps meanwhile
    array[
      'begin;',
      'lock table dpg_private.feed_turn in share update exclusive mode;',
      'update dpg_private.feed_state set swept_seq = least(swept_seq, (select min(q.seq) - 1 from dpg_private.event_queue q)), sweeping_seq = null, sweeping_behind = null;',
      'commit;'
    ] as mend
  from dpg_private.feed_state s
  join dpg_private.event_queue q on q.seq <= s.swept_seq
  having count(*) > 0`,
);
