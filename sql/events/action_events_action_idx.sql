create index if not exists action_events_action_idx
on dpg.action_events (action_id);

comment on index dpg.action_events_action_idx is
  'For find_events with action_id.';
