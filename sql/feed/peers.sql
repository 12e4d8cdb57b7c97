create or replace view dpg.peers as
select distinct on (p.form) p.instance_url
from (
  -- One look at the index for each stream, so that the cost does not depend on the length of the feed.
  select dpg_private.normalised_url(s.source_item_instance_url) as form, s.source_item_instance_url as instance_url,
    first_event."position", null::bigint as seq
  from dpg_private.feed_streams s
  cross join lateral (
    select f."position"
    from dpg_private.feed_positions f
    where f.stream = s.stream
    order by f."position"
    limit 1
  ) first_event
  union all
  select dpg_private.normalised_url(q.source_item_instance_url), q.source_item_instance_url, null::bigint, q.seq
  from (
    select q.source_item_instance_url, min(q.seq) as seq
    from dpg_private.event_queue q
    group by q.source_item_instance_url
  ) q
) p
where not exists (
  select
  from dpg_private.instance_url_sightings s
  where dpg_private.normalised_url(s.instance_url) = p.form
)
-- The spelling that came first must stay the one that is shown: a mirror names its subscription after it.
order by p.form, p."position", p.seq;

comment on view dpg.peers is
  'The other instances that there are events for: each is the source of an event, and is not this instance. A mirror
needs a subscription for each. One row for each instance; of several spellings of its URL, the one whose event came
first.';
comment on column dpg.peers.instance_url is 'URL of the other instance.';
