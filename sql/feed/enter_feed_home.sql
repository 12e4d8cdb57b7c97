create or replace function dpg_private.enter_feed_home()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  here constant text := dpg_private.feed_home();
  last_position bigint;
begin
  if exists (select from dpg_private.feed_state s where s.is_only and s.home = here) then
    return;
  end if;
  select max(f."position") into last_position from dpg_private.event_feed f;
  if last_position is not null then
    -- What the former home gave out after the dump was made, or what never reached the replica, is not here. Whoever
    -- remembers such a position must not meet it again with another event behind it.
    perform setval('dpg_private.event_feed_position_seq', last_position + 1000000000);
  end if;
  update dpg_private.feed_state s
  set home = here,
    swept_seq = 0,
    sweeping_seq = null,
    sweeping_behind = null
  where s.is_only;
end
$body$;

comment on function dpg_private.enter_feed_home() is
  'After a restore or a promotion: leaves out a billion positions, so that none that was given out before and is lost is given to another event.';
