create or replace function dpg_private.events_slot_sql(slot smallint, leaf text)
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return format(
    $statements$
      create or replace function dpg_private.event_rows(slot dpg_private.slot_%1$s)
      returns setof dpg.action_events
      language sql
      stable
      parallel safe
      security invoker
      as $of_slot$
        select * from dpg.%2$I
      $of_slot$;

      comment on function dpg_private.event_rows(dpg_private.slot_%1$s) is 'The rows of dpg.%2$I.';
    $statements$,
    slot, leaf
  );
end
$body$;

comment on function dpg_private.events_slot_sql(smallint, text) is
  'The function of a leaf of events that has a slot.';
