-- For those who read the table directly. The API functions run as its owner, whom no policy concerns.
alter table dpg.action_events enable row level security;

drop policy if exists action_events_parties_only on dpg.action_events;
create policy action_events_parties_only on dpg.action_events
for select
to dpg_app
using (
  (target_item_owner = (select nullif(current_setting('dpg.actor', true), 'dpg_erased_user')) and target_item_is_local)
  or (source_item_owner = (select nullif(current_setting('dpg.actor', true), 'dpg_erased_user')) and source_item_is_local)
);

drop policy if exists action_events_all on dpg.action_events;
create policy action_events_all on dpg.action_events
for select
to dpg_readonly, dpg_admin
using (true);

comment on policy action_events_parties_only on dpg.action_events is
  'dpg_app reads only events of which the user in the setting dpg.actor is a party: set local dpg.actor = ''asha''. None without it, and none for the tombstone of erased users.';
comment on policy action_events_all on dpg.action_events is
  'dpg_readonly and dpg_admin read all events.';
