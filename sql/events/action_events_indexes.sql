-- The owner and the time, as in the indexes of actions: dpg.find_events sorts what has the same time.
create index if not exists action_events_source_owner_idx
on dpg.action_events (source_item_owner, created_at)
where source_item_is_local;

comment on index dpg.action_events_source_owner_idx is
  'For find_events of the party that initiated, newest first.';

create index if not exists action_events_target_owner_idx
on dpg.action_events (target_item_owner, created_at)
where target_item_is_local;

comment on index dpg.action_events_target_owner_idx is
  'For find_events of the party that received, newest first.';

create index if not exists action_events_action_idx
on dpg.action_events (action_id);

comment on index dpg.action_events_action_idx is
  'For find_events with action_id.';
