create or replace view dpg.peers as
with recursive instances as (
  -- Each step goes to the next instance in the index, so that the cost does not depend on the length of the feed.
  select min(dpg_private.normalised_url(f.source_item_instance_url)) as form
  from dpg_private.event_feed f
  union all
  select (
    select min(dpg_private.normalised_url(f.source_item_instance_url))
    from dpg_private.event_feed f
    where dpg_private.normalised_url(f.source_item_instance_url) > i.form
  )
  from instances i
  where i.form is not null
)
select p.instance_url
from (
  -- The spelling that came first must stay the one that is shown: a mirror names its subscription after it.
  select i.form, f.source_item_instance_url as instance_url
  from instances i
  cross join lateral (
    select f.source_item_instance_url
    from dpg_private.event_feed f
    where dpg_private.normalised_url(f.source_item_instance_url) = i.form
    order by f."position"
    limit 1
  ) f
  where i.form is not null
  union all
  select q.form, q.instance_url
  from (
    select distinct on (dpg_private.normalised_url(q.source_item_instance_url))
      dpg_private.normalised_url(q.source_item_instance_url) as form,
      q.source_item_instance_url as instance_url
    from dpg_private.event_queue q
    order by dpg_private.normalised_url(q.source_item_instance_url), q.seq
  ) q
  where not exists (
    select
    from dpg_private.event_feed f
    where dpg_private.normalised_url(f.source_item_instance_url) = q.form
  )
) p
where not exists (
  select
  from dpg_private.instance_url_sightings s
  where dpg_private.normalised_url(s.instance_url) = p.form
);

comment on view dpg.peers is
  'The other instances that there are events for: each is the source of an event, and is not this instance. A mirror
needs a subscription for each. One row for each instance; of several spellings of its URL, the one whose event came
first.';
comment on column dpg.peers.instance_url is 'URL of the other instance.';
