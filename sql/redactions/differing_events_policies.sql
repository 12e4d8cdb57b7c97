-- For those who read the table directly, as dpg.action_events. Nobody here is a party of the target's side.
alter table dpg.differing_events enable row level security;

drop policy if exists differing_events_parties_only on dpg.differing_events;
create policy differing_events_parties_only on dpg.differing_events
for select
to dpg_app
using (source_item_owner = (select nullif(current_setting('dpg.actor', true), 'dpg_erased_user')) and source_item_is_local);

drop policy if exists differing_events_all on dpg.differing_events;
create policy differing_events_all on dpg.differing_events
for select
to dpg_readonly, dpg_admin
using (true);

comment on policy differing_events_parties_only on dpg.differing_events is
  'dpg_app reads only events of which the user in the setting dpg.actor is a party: set local dpg.actor = ''asha''. None without it, and none for the tombstone of erased users.';
comment on policy differing_events_all on dpg.differing_events is
  'dpg_readonly and dpg_admin read all of them.';
