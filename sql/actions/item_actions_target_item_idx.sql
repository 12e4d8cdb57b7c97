create index if not exists item_actions_target_item_idx
on dpg.item_actions (target_item_id);

comment on index dpg.item_actions_target_item_idx is
  'For delete_item, which must know whether an action refers to the item, and for find_actions with item_id.';
