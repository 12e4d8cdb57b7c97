create or replace function dpg_private.actions_slot_sql(slot smallint, leaf text)
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return format(
    $statements$
      create or replace function dpg_private.action_rows(slot dpg_private.slot_%1$s)
      returns setof dpg.item_actions
      language sql
      stable
      parallel safe
      security invoker
      as $of_slot$
        select * from dpg.%2$I
      $of_slot$;

      comment on function dpg_private.action_rows(dpg_private.slot_%1$s) is 'The rows of dpg.%2$I.';

      create or replace function dpg_private.action_of_slot(
        slot dpg_private.slot_%1$s,
        partition_network text,
        action_type text,
        action_id uuid
      )
      returns dpg.item_actions
      language plpgsql
      stable
      security invoker
      set search_path = pg_catalog, pg_temp
      set plan_cache_mode = force_generic_plan
      set enable_seqscan = off
      as $of_slot$
      declare
        stored dpg.item_actions;
      begin
        select *
        into stored
        from dpg.%2$I a
        where a.partition_network = action_of_slot.partition_network
          and a.action_type = action_of_slot.action_type
          and a.action_id = action_of_slot.action_id;
        return stored;
      end
      $of_slot$;

      comment on function dpg_private.action_of_slot(dpg_private.slot_%1$s, text, text, uuid) is
        'The action of this key in dpg.%2$I; all columns are null where there is none.';

      create or replace function dpg_private.lock_action_of_slot(
        slot dpg_private.slot_%1$s,
        partition_network text,
        action_type text,
        action_id uuid,
        strength text
      )
      returns dpg.item_actions
      language plpgsql
      volatile
      security invoker
      set search_path = pg_catalog, pg_temp
      set enable_seqscan = off
      as $of_slot$
      declare
        stored dpg.item_actions;
      begin
        if strength = 'key share' then
          select *
          into stored
          from dpg.%2$I a
          where a.partition_network = lock_action_of_slot.partition_network
            and a.action_type = lock_action_of_slot.action_type
            and a.action_id = lock_action_of_slot.action_id
          for key share;
        else
          -- see dpg_private.lock_action
          lock table only dpg.item_actions, only dpg.action_events, only dpg.%2$I in row exclusive mode;
          select *
          into stored
          from dpg.%2$I a
          where a.partition_network = lock_action_of_slot.partition_network
            and a.action_type = lock_action_of_slot.action_type
            and a.action_id = lock_action_of_slot.action_id
          for no key update;
        end if;
        return stored;
      end
      $of_slot$;

      comment on function dpg_private.lock_action_of_slot(dpg_private.slot_%1$s, text, text, uuid, text) is
        'The action of this key in dpg.%2$I under a row lock (strength: key share or no key update).';

      create or replace function dpg_private.update_action_of_slot(
        slot dpg_private.slot_%1$s,
        changed dpg.item_actions
      )
      returns bigint
      language plpgsql
      volatile
      security invoker
      set search_path = pg_catalog, pg_temp
      as $of_slot$
      declare
        changed_rows bigint;
      begin
        update dpg.%2$I a
        set action_status = changed.action_status,
          update_count = changed.update_count,
          remarks = changed.remarks,
          updated_at = changed.updated_at
        where a.partition_network = changed.partition_network
          and a.action_type = changed.action_type
          and a.action_id = changed.action_id;
        get diagnostics changed_rows = row_count;
        return changed_rows;
      end
      $of_slot$;

      comment on function dpg_private.update_action_of_slot(dpg_private.slot_%1$s, dpg.item_actions) is
        'Writes status, update_count, remarks and updated_at of an action in dpg.%2$I. How many rows were changed.';
    $statements$,
    slot, leaf
  );
end
$body$;

comment on function dpg_private.actions_slot_sql(smallint, text) is
  'The functions of a leaf of actions that has a slot: what has to name the table, in statements whose plans are kept.
What returns the row of the table reads it here, too: a kept statement over action_rows would not notice that an
application has added a column.';

-- Where leaves have these functions already, they get them anew.
do $body$
begin
  if pg_catalog.to_regprocedure('dpg_private.give_slot(text, text, text)') is not null then
    perform dpg_private.give_slot(p.root, p.network, p.key)
    from dpg_private.partition_names p
    where p.root = 'item_actions'
      and p.slot is not null;
  end if;
end
$body$;
