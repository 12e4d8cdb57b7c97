create or replace view dpg.instance_urls as
select s.instance_url, min(s.first_seen_at) as first_seen_at
from dpg_private.instance_url_sightings s
group by s.instance_url;

comment on view dpg.instance_urls is
  'The URLs of this instance: every item_instance_url of its items. What comes from another instance may not claim one of them.';
comment on column dpg.instance_urls.instance_url is 'URL of this instance.';
comment on column dpg.instance_urls.first_seen_at is 'When the first item with this URL was written.';
