create table if not exists dpg_private.mirrored_actions (
  like dpg.item_actions including comments,
  origin_instance_domain text not null,
  remarks_update_count integer,
  constraint mirrored_actions_pkey primary key (action_id, partition_network, action_type, origin_instance_domain)
);

create index if not exists mirrored_actions_owner_idx
on dpg_private.mirrored_actions (source_item_owner, updated_at desc, action_id);

comment on table dpg_private.mirrored_actions is
  'Actions that live on other instances, from an item of this one, as their mirrored events tell of them: the columns of dpg.item_actions, then two more. Kept by dpg_private.note_mirrored_action, found by dpg.find_actions and get_action.';
comment on column dpg_private.mirrored_actions.requirements_snapshot is 'Not in an event, so {} here.';
comment on column dpg_private.mirrored_actions.remarks is 'The latest short note in the events that came; null when none had one.';
comment on column dpg_private.mirrored_actions.target_item_id is 'Id of the target item, on the other instance.';
comment on column dpg_private.mirrored_actions.origin_instance_domain is 'URL of the instance on which the action lives, as its events say.';
comment on column dpg_private.mirrored_actions.remarks_update_count is 'update_count of the event that had those remarks: an older one that comes later does not replace them.';
comment on index dpg_private.mirrored_actions_owner_idx is
  'For find_actions of the party that initiated, latest change first.';
