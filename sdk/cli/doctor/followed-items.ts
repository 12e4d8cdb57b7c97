import { type Check, queryCheck } from './check.js';

const found = queryCheck(
  'followed items',
  `
  select 'error' as severity, 'partition ' || l.leaf as object,
    case
      when l.followers is null then 'Its changes are noted for subscriptions that are not there any more, and nobody takes them away.'
      else format(
        'Changes of its items do not reach every subscription that covers it (%s): a trigger (items_follow_...) is missing, disabled or of before. What has changed meanwhile has to be copied again.',
        (
          select string_agg(f.subscription, ', ' order by f.subscription)
          from dpg_private.item_followers f
          join dpg.subscriptions s on s.subscription = f.subscription
          where coalesce(s.item_network, p.network) = p.network
            and coalesce(s.item_domain, p.key) = p.key
        )
      )
    end as problem,
    array[
      'begin;',
      'select dpg_private.take_following_turn(''doctor'');',
      format('select dpg_private.follow_leaves(''doctor'', %L, %L);', p.network, p.key),
      'commit;'
    ] as mend
  from dpg_private.find_leaves_to_follow(null, null) l
  join pg_class c on c.oid = l.leaf
  join dpg_private.partition_names p on p.name = c.relname
  union all
  select 'error', 'table dpg_private.changed_items',
    format('%s changed items wait where nobody looks any more: subscription %s does not get them.', count(*), f.subscription),
    array[format('update dpg_private.item_followers set swept_seq = 0, sweeping_seq = null, sweeping_behind = null where subscription = %L;', f.subscription)]
  from dpg_private.item_followers f
  join dpg_private.changed_items c on c.follower = f.follower and c.seq <= f.swept_seq
  group by f.subscription
  order by 2`,
);

/** Subscriptions to items that do not get what they ought to. */
export const followedItems: Check = {
  name: 'followed items',
  async find(sql, context) {
    const [there] = await sql`
      select to_regclass('dpg_private.changed_items') is not null
        and to_regprocedure('dpg_private.find_leaves_to_follow(text,text)') is not null as is_there`;
    return there?.is_there ? found.find(sql, context) : []; // objects.ts says so
  },
};
