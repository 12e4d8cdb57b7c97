create index if not exists item_actions_source_owner_idx
on dpg.item_actions (source_item_owner, updated_at desc, action_id)
where source_item_is_local;

comment on index dpg.item_actions_source_owner_idx is
  'For find_actions of the party that initiated, latest change first.';
