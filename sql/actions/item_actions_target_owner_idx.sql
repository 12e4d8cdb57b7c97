create index if not exists item_actions_target_owner_idx
on dpg.item_actions (target_item_owner, updated_at desc, action_id);

comment on index dpg.item_actions_target_owner_idx is
  'For find_actions of the party that received, latest change first.';
