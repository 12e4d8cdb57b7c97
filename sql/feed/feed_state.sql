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
  'One row: what dpg_private.place_events remembers from one call to the next.';
comment on column dpg_private.feed_state.is_only is 'True: there is only one row.';
comment on column dpg_private.feed_state.home is
  'The dpg_private.database_identity at the time when events were placed last. Null when none were placed yet.';
comment on column dpg_private.feed_state.swept_seq is
  'Nothing more will come into the queue up to this seq. So nobody searches there, among dead rows.';
comment on column dpg_private.feed_state.sweeping_seq is
  'The next swept_seq: the highest seq that was drawn when sweeping_behind was noted.';
comment on column dpg_private.feed_state.sweeping_behind is
  'The transactions (pg_locks.virtualtransaction) that could have drawn a seq up to sweeping_seq and had not ended.';

create table if not exists dpg_private.feed_turn (
  is_empty boolean
);

comment on table dpg_private.feed_turn is
  'Has no rows. dpg_private.place_events locks it (SHARE UPDATE EXCLUSIVE) while it gives positions. It is a table and
not an advisory lock, because every login can take an advisory lock of any key.';
comment on column dpg_private.feed_turn.is_empty is 'Never used.';

create or replace function dpg_private.database_identity()
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return concat_ws(
    '/',
    (select c.system_identifier from pg_control_system() c),
    left(pg_walfile_name(pg_current_wal_lsn()), 8), -- the timeline, which changes with each promotion
    (select d.oid from pg_database d where d.datname = current_database())
  );
end
$body$;

comment on function dpg_private.database_identity() is
  'Names this database, of this cluster, on this timeline. The name changes after a restore and after the promotion of
a replica.';

create or replace function dpg_private.skip_positions_after_restore()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  here constant text := dpg_private.database_identity();
  last_position bigint;
begin
  if exists (select from dpg_private.feed_state s where s.is_only and s.home = here) then
    return;
  end if;
  select max(f."position") into last_position from dpg_private.feed_positions f;
  if last_position is not null then
    -- The former home has given out positions that are not here: after the dump was made, or before they reached this
    -- replica. A reader that remembers such a position must not find another event at it.
    perform setval('dpg_private.feed_positions_position_seq', last_position + 1000000000);
  end if;
  update dpg_private.feed_state s
  set home = here,
    swept_seq = 0,
    sweeping_seq = null,
    sweeping_behind = null
  where s.is_only;
end
$body$;

comment on function dpg_private.skip_positions_after_restore() is
  'After a restore or a promotion: skips a billion positions. Positions that were given out before, and are lost, are
then not given to other events.';
