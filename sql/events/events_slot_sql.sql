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

      create or replace function dpg_private.event_of_slot(
        slot dpg_private.slot_%1$s,
        partition_network text,
        action_type text,
        event_id uuid
      )
      returns dpg.action_events
      language plpgsql
      volatile
      security invoker
      set search_path = pg_catalog, pg_temp
      set plan_cache_mode = force_generic_plan
      set enable_seqscan = off
      as $of_slot$
      declare
        stored dpg.action_events;
      begin
        select *
        into stored
        from dpg.%2$I e
        where e.partition_network = event_of_slot.partition_network
          and e.action_type = event_of_slot.action_type
          and e.event_id = event_of_slot.event_id;
        return stored;
      end
      $of_slot$;

      comment on function dpg_private.event_of_slot(dpg_private.slot_%1$s, text, text, uuid) is
        'The event of this id in dpg.%2$I, as it is committed now, or nulls.';

      create or replace function dpg_private.event_of_update_of_slot(
        slot dpg_private.slot_%1$s,
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
      set search_path = pg_catalog, pg_temp
      set plan_cache_mode = force_generic_plan
      set enable_seqscan = off
      as $of_slot$
      declare
        stored dpg.action_events;
      begin
        select *
        into stored
        from dpg.%2$I e
        where e.partition_network = event_of_update_of_slot.partition_network
          and e.action_type = event_of_update_of_slot.action_type
          and e.origin_instance_domain = event_of_update_of_slot.origin_instance_domain
          and e.action_id = event_of_update_of_slot.action_id
          and e.update_count = event_of_update_of_slot.update_count;
        return stored;
      end
      $of_slot$;

      comment on function dpg_private.event_of_update_of_slot(dpg_private.slot_%1$s, text, text, text, uuid, integer) is
        'The event of this update of an action in dpg.%2$I, as it is committed now, or nulls.';
    $statements$,
    slot, leaf
  );
end
$body$;

comment on function dpg_private.events_slot_sql(smallint, text) is
  'The functions of a leaf of events that has a slot: what has to name the table. What returns the row of the table
reads it here, too: a kept statement over event_rows would not notice that an application has added a column.';

-- Where leaves have these functions already, they get them anew.
do $body$
begin
  if pg_catalog.to_regprocedure('dpg_private.give_slot(text, text, text)') is not null then
    perform dpg_private.give_slot(p.root, p.network, p.key)
    from dpg_private.partition_names p
    where p.root = 'action_events'
      and p.slot is not null;
  end if;
end
$body$;
