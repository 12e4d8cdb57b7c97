create or replace view dpg.peers as
with recursive sources as (
  -- from one URL to the next along the index, so that the length of the feed does not matter
  select min(f.source_item_instance_url) as instance_url
  from dpg_private.event_feed f
  union all
  select (
    select min(f.source_item_instance_url)
    from dpg_private.event_feed f
    where f.source_item_instance_url > s.instance_url
  )
  from sources s
  where s.instance_url is not null
)
select u.instance_url
from (
  select s.instance_url
  from sources s
  union
  select q.source_item_instance_url
  from dpg_private.event_queue q
) u
where u.instance_url is not null
  and not exists (
    select
    from dpg_private.instance_url_sightings s
    where s.instance_url = u.instance_url
  );

comment on view dpg.peers is
  'The other instances that there are events for: each URL of a source that is none of ours. What a mirror needs a subscription for.';
comment on column dpg.peers.instance_url is 'URL of the other instance.';
