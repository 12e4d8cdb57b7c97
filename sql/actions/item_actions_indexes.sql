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

-- By item, then by status, so that open actions are counted without reading closed ones; the time is there for
-- counts by status with their latest change. Each change of an action is an entry here, too: its time is in the indexes
-- of owners anyway, so no change is without entries.
create index if not exists item_actions_source_idx
on dpg.item_actions (source_local_item_id, action_status, updated_at)
where source_local_item_id is not null;

comment on index dpg.item_actions_source_idx is
  'By source, where it is an item of this instance in the network of the action: for rules and counts, for closing the
actions of an item, and for delete_item, which must know whether an action refers to the item.';

create index if not exists item_actions_other_source_idx
on dpg.item_actions (source_item_id, action_status, updated_at)
where source_local_item_id is null;

comment on index dpg.item_actions_other_source_idx is
  'By source, where it is an item of another network or instance: for set_item_status with close_actions_as, and for
rules.';

create index if not exists item_actions_target_idx
on dpg.item_actions (target_item_id, source_item_id, action_status, updated_at);

comment on index dpg.item_actions_target_idx is
  'By target, then by source: for rules over pairs, counts, closing the actions of an item, find_actions with item_id,
and delete_item, which must know whether an action refers to the item.';
