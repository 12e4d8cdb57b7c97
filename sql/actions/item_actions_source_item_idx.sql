create index if not exists item_actions_source_item_idx
on dpg.item_actions (source_local_item_id)
where source_local_item_id is not null;

comment on index dpg.item_actions_source_item_idx is
  'For delete_item, which must know whether an action refers to the item.';
