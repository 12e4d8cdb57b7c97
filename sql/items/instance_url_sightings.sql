create table if not exists dpg_private.instance_url_sightings (
  instance_url text not null,
  first_seen_at timestamptz not null default clock_timestamp()
);

create index if not exists instance_url_sightings_idx
on dpg_private.instance_url_sightings (instance_url);

comment on table dpg_private.instance_url_sightings is
  'Each URL of this instance, as upserts met it. Not unique on purpose: a unique index would make every writer with a new URL wait for the first one''s transaction to end. dpg.instance_urls shows each URL once.';
comment on column dpg_private.instance_url_sightings.instance_url is 'URL of this instance.';
comment on column dpg_private.instance_url_sightings.first_seen_at is 'When an upsert met it and found no row of it.';
comment on index dpg_private.instance_url_sightings_idx is
  'For upserts: whether this spelling of a URL is noted.';
