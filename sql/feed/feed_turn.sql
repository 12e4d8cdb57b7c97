create table if not exists dpg_private.feed_turn (
  is_empty boolean
);

comment on table dpg_private.feed_turn is
  'Holds no rows: dpg_private.place_events locks it (SHARE UPDATE EXCLUSIVE) while it gives positions. A table and no advisory lock, because an advisory lock of any key is open to every login.';
comment on column dpg_private.feed_turn.is_empty is 'Never used.';
