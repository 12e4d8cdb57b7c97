create or replace function dpg_private.is_repeated_move(
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  event_payload jsonb,
  remarks text,
  event_id uuid
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.action_events := dpg_private.get_event(action.partition_network, action.action_type, event_id);
begin
  if stored.event_id is null then
    return false;
  end if;
  if not stored.target_item_is_local
    or stored.update_count = 0
    or stored.update_count - 1 <> expected_update_count -- nothing to compare when null; + 1 on the other side could overflow
    or stored.action_id <> action.action_id
    or (
      (
        stored.action_status <> is_repeated_move.action_status
        or (
          (stored.event_payload, stored.remarks) is distinct from (is_repeated_move.event_payload, is_repeated_move.remarks)
          -- what was taken away since cannot be compared
          and not dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, stored.event_id)
        )
      )
      -- nor is it what was sent, of which a trigger of the application made what is stored
      and not dpg_private.was_sent(
        'action_events', stored.partition_network, stored.action_type, '', stored.event_id,
        dpg_private.digest_of_change(
          is_repeated_move.action_status, is_repeated_move.event_payload, is_repeated_move.remarks
        )
      )
    )
  then
    perform dpg_private.refuse_different_event(stored);
  end if;
  return true;
end
$body$;

comment on function dpg_private.is_repeated_move(dpg.item_actions, text, integer, jsonb, text, uuid) is
  'Whether this very change of the action was made before under this event_id. Raises DP008 when the id was used for something else.';
