create table if not exists dpg_private.feed_state (
  is_only boolean not null default true,
  home text,
  swept_seq bigint not null default 0,
  sweeping_seq bigint,
  sweeping_behind text[],
  constraint feed_state_pkey primary key (is_only),
  constraint feed_state_one_row_check check (is_only)
);

insert into dpg_private.feed_state (is_only)
values (true)
on conflict do nothing;

comment on table dpg_private.feed_state is
  'One row: what dpg_private.place_events remembers from one time to the next.';
comment on column dpg_private.feed_state.is_only is 'True: there is one row.';
comment on column dpg_private.feed_state.home is
  'What dpg_private.feed_home said when events were placed last; null when none were yet.';
comment on column dpg_private.feed_state.swept_seq is
  'Nothing more will come into the queue with a seq up to this one, so that nobody searches there, among rows that were taken away.';
comment on column dpg_private.feed_state.sweeping_seq is
  'The next swept_seq: the highest seq that was drawn when sweeping_behind was noted.';
comment on column dpg_private.feed_state.sweeping_behind is
  'The transactions (pg_locks.virtualtransaction) that could have drawn a seq up to sweeping_seq and had not ended.';
