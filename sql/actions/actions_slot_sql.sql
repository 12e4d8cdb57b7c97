create or replace function dpg_private.actions_slot_sql(slot smallint, leaf text)
returns text
language sql
immutable
security invoker
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
  $statements$,
  slot, leaf
);

comment on function dpg_private.actions_slot_sql(smallint, text) is
  'The function of a leaf of actions that has a slot: its rows, for statements whose plans are kept.';

create or replace function dpg_private.actions_in_slots_sql(slots smallint[], leaves text[])
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  is_action constant text :=
    'a.partition_network = $2
     and a.action_type = $3
     and a.action_id = $4';
begin
  return format(
    $statements$
      create or replace function dpg_private.action_in_slot(
        slot smallint,
        partition_network text,
        action_type text,
        action_id uuid
      )
      returns dpg.item_actions
      language plpgsql
      stable
      security invoker
      as $in_slots$
      declare
        stored dpg.item_actions;
      begin
        %1$s
        return stored;
      end
      $in_slots$;

      create or replace function dpg_private.lock_action_in_slot(
        slot smallint,
        partition_network text,
        action_type text,
        action_id uuid,
        strength text
      )
      returns dpg.item_actions
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      declare
        stored dpg.item_actions;
      begin
        if strength = 'key share' then
          %2$s
        else
          -- the locks: see dpg_private.lock_action
          %3$s
        end if;
        return stored;
      end
      $in_slots$;

      create or replace function dpg_private.update_action_in_slot(slot smallint, changed dpg.item_actions)
      returns bigint
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      declare
        changed_rows bigint;
      begin
        %4$s
        get diagnostics changed_rows = row_count;
        return changed_rows;
      end
      $in_slots$;

      create or replace function dpg_private.has_action_additions_in_slot(slot smallint)
      returns boolean
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      begin
        %5$s
        return null;
      end
      $in_slots$;

      comment on function dpg_private.action_in_slot(smallint, text, text, uuid) is
        'The action of this key in the leaf of a slot; all columns are null where there is none.';
      comment on function dpg_private.lock_action_in_slot(smallint, text, text, uuid, text) is
        'The action of this key in the leaf of a slot under a row lock (strength: key share or no key update).';
      comment on function dpg_private.update_action_in_slot(smallint, dpg.item_actions) is
        'Writes what a transition changes of an action in the leaf of a slot. How many rows changed.';
      comment on function dpg_private.has_action_additions_in_slot(smallint) is
        'Whether an application has added columns or triggers to the root, or triggers to the leaf of a slot.';
    $statements$,
    dpg_private.slot_branches_sql(
      'select * into stored from dpg.%1$I a where ' || is_action || ';', slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'select * into stored from dpg.%1$I a where ' || is_action || ' for key share;', slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'lock table only dpg.item_actions, only dpg.action_events, only dpg.%1$I in row exclusive mode;
       select * into stored from dpg.%1$I a where ' || is_action || ' for no key update;',
      slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'update dpg.%1$I a
       set action_status = changed.action_status,
         update_count = changed.update_count,
         remarks = changed.remarks,
         updated_at = changed.updated_at,
         performed_by = changed.performed_by
       where a.partition_network = changed.partition_network
         and a.action_type = changed.action_type
         and a.action_id = changed.action_id;',
      slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'return dpg_private.has_additions(''dpg.item_actions'', 28) or dpg_private.has_leaf_additions(''dpg.%1$I'');',
      slots, leaves
    )
  );
end
$body$;

comment on function dpg_private.actions_in_slots_sql(smallint[], text[]) is
  'The functions that read, lock and change one action in the leaf of a slot. See dpg_private.in_slots_sql.';
