create index if not exists instance_url_sightings_form_idx
on dpg_private.instance_url_sightings (dpg_private.normalised_url(instance_url));

comment on index dpg_private.instance_url_sightings_form_idx is
  'For the question whether a URL is one of ours, in whichever spelling: receive_action, receive_transition, store_event and dpg.peers.';
