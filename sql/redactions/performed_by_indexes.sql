-- Erasing a user must find what the user has carried out for others, in every leaf. Rows that name nobody are not in
-- these indexes. In a file of their own, which comes after the columns.
create index if not exists item_actions_performed_by_idx
on dpg.item_actions (performed_by)
where performed_by is not null;

comment on index dpg.item_actions_performed_by_idx is
  'For erase_user: what a user has carried out for others. Has no entries where nobody is named.';

create index if not exists action_events_performed_by_idx
on dpg.action_events (performed_by)
where performed_by is not null;

comment on index dpg.action_events_performed_by_idx is
  'For erase_user: what a user has carried out for others. Has no entries where nobody is named.';

create index if not exists mirrored_actions_performed_by_idx
on dpg_private.mirrored_actions (performed_by)
where performed_by is not null;

comment on index dpg_private.mirrored_actions_performed_by_idx is
  'For erase_user: what a user has carried out for others. Has no entries where nobody is named.';
