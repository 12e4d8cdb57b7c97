-- For those who read the table directly. The API functions run as its owner, whom no policy concerns.
alter table dpg.item_actions enable row level security;

drop policy if exists item_actions_parties_only on dpg.item_actions;
create policy item_actions_parties_only on dpg.item_actions
for select
to dpg_app
using (
  target_item_owner = (select nullif(current_setting('dpg.actor', true), 'dpg_erased_user'))
  or (source_item_owner = (select nullif(current_setting('dpg.actor', true), 'dpg_erased_user')) and source_item_is_local)
);

drop policy if exists item_actions_all on dpg.item_actions;
create policy item_actions_all on dpg.item_actions
for select
to dpg_readonly, dpg_admin
using (true);

comment on policy item_actions_parties_only on dpg.item_actions is
  'dpg_app reads only actions of which the user in the setting dpg.actor is a party: set local dpg.actor = ''asha''. None without it, and none for the tombstone of erased users.';
comment on policy item_actions_all on dpg.item_actions is
  'dpg_readonly and dpg_admin read all actions.';
