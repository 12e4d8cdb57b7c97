create table if not exists dpg_private.peer_url_sightings (
  instance_url text not null,
  first_seen_at timestamptz not null default clock_timestamp()
);

create index if not exists peer_url_sightings_idx
on dpg_private.peer_url_sightings (instance_url);

create index if not exists peer_url_sightings_form_idx
on dpg_private.peer_url_sightings (dpg_private.normalised_url(instance_url));

comment on table dpg_private.peer_url_sightings is
  'Each URL by which another instance is known: the source of an action that came from there, or the origin of an event. No item may be given one of them. Not unique on purpose, as dpg_private.instance_url_sightings. Written by receive_action and store_event; dpg.forget_instance_url strikes one.';
comment on column dpg_private.peer_url_sightings.instance_url is 'URL of another instance, as it spelled it; each spelling has a row.';
comment on column dpg_private.peer_url_sightings.first_seen_at is 'When a call brought it and found no row of it.';
comment on index dpg_private.peer_url_sightings_form_idx is
  'For the question whether another instance is known by a URL, and how it spells it: a new URL of an item, and store_event.';
comment on index dpg_private.peer_url_sightings_idx is
  'For receive_action: whether this spelling of a URL is noted.';
