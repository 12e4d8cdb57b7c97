create or replace function dpg_private.events_slot_sql(slot smallint, leaf text)
returns text
language sql
immutable
security invoker
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

comment on function dpg_private.events_slot_sql(smallint, text) is
  'The function of a leaf of events that has a slot: its rows, for statements whose plans are kept.';

create or replace function dpg_private.events_in_slots_sql(slots smallint[], leaves text[])
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return format(
    $statements$
      create or replace function dpg_private.event_in_slot(
        slot smallint,
        partition_network text,
        action_type text,
        event_id uuid
      )
      returns dpg.action_events
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      declare
        stored dpg.action_events;
      begin
        %1$s
        return stored;
      end
      $in_slots$;

      create or replace function dpg_private.event_of_update_in_slot(
        slot smallint,
        partition_network text,
        action_type text,
        origin_instance_domain text,
        action_id uuid,
        update_count integer
      )
      returns dpg.action_events
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      declare
        stored dpg.action_events;
      begin
        %2$s
        return stored;
      end
      $in_slots$;

      create or replace function dpg_private.has_event_additions_in_slot(slot smallint)
      returns boolean
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      begin
        %3$s
        return null;
      end
      $in_slots$;

      comment on function dpg_private.event_in_slot(smallint, text, text, uuid) is
        'The event of this id in the leaf of a slot, as it is committed now, or nulls.';
      comment on function dpg_private.event_of_update_in_slot(smallint, text, text, text, uuid, integer) is
        'The event of this update of an action in the leaf of a slot, as it is committed now, or nulls.';
      comment on function dpg_private.has_event_additions_in_slot(smallint) is
        'Whether an application has added columns or triggers to the root, or triggers to the leaf of a slot.';
    $statements$,
    dpg_private.slot_branches_sql(
      'select * into stored from dpg.%1$I e
       where e.partition_network = $2
         and e.action_type = $3
         and e.event_id = $4;',
      slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'select * into stored from dpg.%1$I e
       where e.partition_network = $2
         and e.action_type = $3
         and e.origin_instance_domain = $4
         and e.action_id = $5
         and e.update_count = $6;',
      slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'return dpg_private.has_additions(''dpg.action_events'', 30) or dpg_private.has_leaf_additions(''dpg.%1$I'');',
      slots, leaves
    )
  );
end
$body$;

comment on function dpg_private.events_in_slots_sql(smallint[], text[]) is
  'The functions that read one event in the leaf of a slot. See dpg_private.in_slots_sql.';
