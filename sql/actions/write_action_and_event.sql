create or replace function dpg_private.check_event_is_stored(action dpg.item_actions)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  event constant dpg.action_events := dpg_private.find_event_of_update(
    action.partition_network, action.action_type, action.target_item_instance_url, action.action_id, action.update_count
  );
begin
  if event.event_id is null then
    raise exception using
      errcode = 'triggered_data_change_violation',
      message = dpg_private.text_for_client(
        format('action %s is being changed by the call that has fired this trigger', action.action_id)
      ),
      hint = 'Change it in an AFTER trigger: it runs when the action and its event are stored.',
      detail = dpg_private.text_for_client(
        jsonb_build_object('action_id', action.action_id, 'update_count', action.update_count)::text
      );
  end if;
end
$body$;

comment on function dpg_private.check_event_is_stored(dpg.item_actions) is
  'Raises 27000 where the present change of an action has no event yet. A BEFORE trigger of the application on the
events sees the action then, and the event of a next change would come before that of this one.';

create or replace function dpg_private.write_action_and_event(
  leaf regclass,
  action dpg.item_actions,
  event_id uuid,
  event_payload jsonb,
  remarks text,
  acting_side text
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  events_leaf constant regclass := dpg_private.find_leaf('action_events', action.partition_network, action.action_type);
  key constant jsonb := jsonb_build_object(
    'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id
  );
  -- what the statement wrote; null where there is no action
  is_action boolean; -- the action has the key and the update_count that it was given
  is_event boolean;
  is_event_of_action boolean; -- the event belongs to it
  queued_events bigint;
  stored dpg.item_actions;
  event dpg.action_events;
begin
  -- One statement writes action, event and queue. So the event says what BEFORE triggers made of the action. AFTER
  -- triggers run when the statement ends and find all three: where one calls a function of ours for the same
  -- action, that call begins from here, and its event comes later.
  execute format(
    'with action as (
       %s
       returning a.*
     ),
     event as (
       insert into dpg.action_events as e (
         %s
       )
       select
         a.partition_network, a.action_type, $2, a.target_item_instance_url, a.action_id, a.action_status,
           a.update_count, a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id,
           a.source_item_instance_url, a.source_item_owner, a.source_item_latitude, a.source_item_longitude,
           a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
           a.target_item_instance_url, a.target_item_owner, a.target_item_latitude, a.target_item_longitude, $3,
           $4, a.updated_at, a.source_item_is_local, true, a.performed_by, $5
       from action a
       on conflict do nothing
       returning e.*
     ),
     queued as (
       insert into dpg_private.event_queue (
         partition_network, action_type, event_id, source_item_instance_url, created_at
       )
       select e.partition_network, e.action_type, e.event_id, e.source_item_instance_url, e.created_at
       from event e
       returning 1
     )
     select
       (a.partition_network, a.action_type, a.action_id, a.update_count)
         is not distinct from (($1).partition_network, ($1).action_type, ($1).action_id, ($1).update_count)
         as is_action,
       e.event_id is not null as is_event,
       (select count(*) from queued) as queued_events,
       (e.event_id, e.action_id, e.update_count, e.action_status, e.source_item_owner, e.target_item_owner)
         is not distinct from (
           $2, a.action_id, a.update_count, a.action_status, a.source_item_owner, a.target_item_owner
         )
         as is_event_of_action
     from action a
     left join event e on true',
    case
      when action.update_count = 0 then
        format(
          'insert into dpg.item_actions as a (%s)
           select %s from (select ($1).*) a
           on conflict on constraint item_actions_pkey do nothing',
          dpg_private.action_columns_sql(''), dpg_private.action_columns_sql('a.')
        )
      else
        format(
          'update %s a
           set action_status = ($1).action_status, update_count = ($1).update_count, remarks = ($1).remarks,
             updated_at = ($1).updated_at, performed_by = ($1).performed_by
           where a.partition_network = ($1).partition_network and a.action_type = ($1).action_type
             and a.action_id = ($1).action_id',
          leaf
        )
    end,
    dpg_private.event_columns_sql('')
  )
  into is_action, is_event, queued_events, is_event_of_action
  using action, event_id, event_payload, remarks, acting_side;
  if is_action is null
    and action.update_count = 0
    and (
      dpg_private.find_action(leaf, action.partition_network, action.action_type, action.action_id)
    ).action_id is not null
  then
    return null; -- another session has used the id meanwhile
  end if;
  if is_action is null and action.update_count > 0 then
    return null; -- suppressed: neither action nor event was written
  end if;
  if is_action is not true then
    perform dpg_private.refuse_suppressed(case action.update_count when 0 then 'insert' else 'update' end, leaf, key);
  end if;
  if is_event_of_action is not true then
    event := dpg_private.find_event(action.partition_network, action.action_type, event_id);
    if event.event_id is null then
      event := dpg_private.find_event_of_update(
        action.partition_network, action.action_type, action.target_item_instance_url, action.action_id,
        action.update_count
      );
    end if;
    if not is_event and event.event_id is not null then
      perform dpg_private.refuse_different_event(event); -- its id or its place is taken
    end if;
    if not is_event then
      -- raises: for a unique index of the application, or since a trigger suppresses it again
      perform dpg_private.append_event(action, event_id, event_payload, remarks, acting_side);
    end if;
    perform dpg_private.refuse_suppressed('insert', events_leaf, key || jsonb_build_object('event_id', event_id));
  end if;
  if queued_events = 0 then
    perform dpg_private.refuse_suppressed(
      'insert', 'dpg_private.event_queue', key || jsonb_build_object('event_id', event_id)
    );
  end if;

  -- the result is what is stored now
  stored := dpg_private.lock_action(
    leaf, action.partition_network, action.action_type, action.action_id, 'no key update'
  );
  event := dpg_private.find_event(action.partition_network, action.action_type, event_id);
  if action.update_count = 0 then
    perform dpg_private.note_sent(
      'item_actions', action.partition_network, action.action_type, '', action.action_id,
      dpg_private.digest_of_action(action), dpg_private.digest_of_action(stored)
    );
  end if;
  perform dpg_private.note_sent(
    'action_events', action.partition_network, action.action_type, '', event_id,
    dpg_private.digest_of_change(action.action_status, event_payload, remarks, action.performed_by),
    dpg_private.digest_of_change(event.action_status, event.event_payload, event.remarks, event.performed_by)
  );
  return stored;
end
$body$;

comment on function dpg_private.write_action_and_event(regclass, dpg.item_actions, uuid, jsonb, text, text) is
  'Writes an action (a new one where its update_count is 0), its event and the place of the event in the queue, in
tables to which the application has added columns or triggers. Returns the action as it is stored. Null, and nothing
written: the id of a new one was used meanwhile, or a trigger suppressed the change of one that is there. Raises DP008.
Raises DP018 when something else was suppressed, or got another key or update_count.';
