-- Each change of an action is an entry in each index of owners. So they hold what is asked for and nothing else.
-- Ascending, though they are read from the latest: a page then splits where the next entry of its owner comes, and is
-- full.
create index if not exists item_actions_source_owner_idx
on dpg.item_actions (source_item_owner, updated_at)
where source_item_is_local;

comment on index dpg.item_actions_source_owner_idx is
  'For find_actions of the party that initiated, latest change first.';

create index if not exists item_actions_target_owner_idx
on dpg.item_actions (target_item_owner, updated_at);

comment on index dpg.item_actions_target_owner_idx is
  'For find_actions of the party that received, latest change first.';

create index if not exists item_actions_source_status_idx
on dpg.item_actions (source_item_owner, action_status, updated_at)
where source_item_is_local;

comment on index dpg.item_actions_source_status_idx is
  'For find_actions by status and count_actions of the party that initiated.';

create index if not exists item_actions_target_status_idx
on dpg.item_actions (target_item_owner, action_status, updated_at);

comment on index dpg.item_actions_target_status_idx is
  'For find_actions by status and count_actions of the party that received.';

create index if not exists item_actions_source_item_idx
on dpg.item_actions (source_local_item_id)
where source_local_item_id is not null;

comment on index dpg.item_actions_source_item_idx is
  'For delete_item, which must know whether an action refers to the item.';

create index if not exists item_actions_target_item_idx
on dpg.item_actions (target_item_id);

comment on index dpg.item_actions_target_item_idx is
  'For delete_item, which must know whether an action refers to the item, and for find_actions with item_id.';
