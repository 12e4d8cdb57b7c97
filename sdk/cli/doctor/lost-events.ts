import type { Check } from './check.js';

/** How much of the feed is looked at, in pages of 8 kB with some 110 rows each: all of a small one, a sample of another. */
const PAGES = 300;
/** And what each subscription reads next. */
const NEXT = 100;

/** Events that are in the feed and not in their table, since that was dropped, whether or not it was made anew. */
export const lostEvents: Check = {
  name: 'lost events',
  async find(sql) {
    const rows = await sql.unsafe(
      `
      with looked_at as (
        select f.stream, f.event_id
        from dpg_private.feed_positions f
        tablesample system ((
          select least(100, 100.0 * ${PAGES} * current_setting('block_size')::integer
            / greatest(pg_relation_size('dpg_private.feed_positions'), 1))::real
        )) repeatable (1)
        union
        select n.stream, n.event_id
        from dpg.subscriptions s
        cross join lateral (
          select f.stream, f.event_id
          from dpg_private.feed_positions f
          where f."position" > greatest(s.acknowledged_position, s.passed_position)
          order by f."position"
          limit ${NEXT}
        ) n
      )
      select format('events of %L/%L', s.partition_network, s.action_type) as object, count(*) as looked_at,
        cardinality(dpg_private.find_missing_events(s.partition_network, s.action_type, array_agg(l.event_id))) as missing
      from looked_at l
      join dpg_private.feed_streams s on s.stream = l.stream
      group by s.partition_network, s.action_type
      order by s.partition_network, s.action_type`,
    );
    return rows
      .filter(({ missing }) => missing > 0)
      .map(({ object, looked_at, missing }) => ({
        severity: 'error',
        object: String(object),
        problem: `Of ${looked_at} that were looked at, ${missing} are in the feed and not in dpg.action_events: reads of the feed end in DP010. If the table that was taken away is still there, attach it again; if not, dpg.confirm_lost_events says that they are lost.`,
        mend: [],
        mend_with: 'sql',
      }));
  },
};
