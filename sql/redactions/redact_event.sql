create or replace function dpg.redact_event(
  actor text,
  partition_network text,
  action_type text,
  event_id uuid,
  reason text
)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  tombstone constant text := dpg_private.tombstone();
  event dpg.action_events;
  action dpg.item_actions;
  emptied dpg.action_events;
  emptied_action dpg.item_actions;
  action_leaf regclass;
  redaction dpg.redactions;
  is_beside boolean := false; -- whether only dpg.differing_events has the event
begin
  -- check
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_present('event_id', event_id is not null),
    dpg_private.check_reason(reason),
    dpg_private.check_here(partition_network);

  event := dpg_private.find_event(partition_network, action_type, event_id);
  if event.event_id is null then
    -- The event may be one that differs from the stored one and was accepted.
    select (dpg_private.parse_event(d.event)).*
    into event
    from dpg.differing_events d
    where d.event_id = redact_event.event_id
      and d.partition_network = redact_event.partition_network
      and d.action_type = redact_event.action_type
    limit 1;
    event.target_item_is_local := false;
    is_beside := event.event_id is not null;
  end if;
  if event.event_id is null then
    perform dpg_private.refuse_argument(
      'event_id', to_jsonb(event_id), 'is no event here', 'Check network, type and id of the event.'
    );
  end if;

  -- change. The record comes first: without it the triggers refuse every change of an event.
  insert into dpg.redactions (actor, kind, reason, partition_network, action_type, action_id, event_id)
  values (
    redact_event.actor, 'event', redact_event.reason,
    event.partition_network, event.action_type, event.action_id, event.event_id
  )
  returning * into redaction;

  -- change the action, or the mirrored action
  action_leaf := dpg_private.find_leaf('item_actions', partition_network, action_type);
  if event.target_item_is_local and action_leaf is not null then
    action := dpg_private.find_action(action_leaf, partition_network, action_type, event.action_id);
    execute format(
      'update %s a
       set remarks = null, requirements_snapshot = ''{}'',
         performed_by = case when a.update_count = $4 and a.performed_by is not null then $5 else a.performed_by end
       where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3',
      action_leaf
    )
    using partition_network, action_type, event.action_id, event.update_count, tombstone;
    emptied_action := dpg_private.find_action(action_leaf, partition_network, action_type, event.action_id);
    -- A trigger of the application may write something else there, but must not put back what was there.
    if emptied_action.remarks = action.remarks
      or (emptied_action.requirements_snapshot = action.requirements_snapshot and action.requirements_snapshot <> '{}')
      or (emptied_action.update_count = event.update_count and emptied_action.performed_by <> tombstone)
    then
      perform dpg_private.refuse_suppressed('update', action_leaf, jsonb_build_object('action_id', event.action_id));
    end if;
  end if;
  if not event.target_item_is_local then
    update dpg_private.mirrored_actions m
    set remarks = null,
      performed_by = case
        when m.update_count = event.update_count and m.performed_by is not null then tombstone else m.performed_by
      end
    where m.partition_network = redact_event.partition_network
      and m.action_type = redact_event.action_type
      and m.action_id = event.action_id
      and dpg_private.normalised_url(m.origin_instance_domain)
        = dpg_private.normalised_url(event.origin_instance_domain);
  end if;

  -- change the event
  update dpg.differing_events d
  set event = dpg_private.emptied_event(d.event)
  where d.event_id = redact_event.event_id
    and d.partition_network = redact_event.partition_network
    and d.action_type = redact_event.action_type;
  if is_beside then
    perform dpg_private.check_still_here(partition_network);
    return redaction;
  end if;
  execute format(
    'update %s e
     set event_payload = ''{}'', remarks = null,
       performed_by = case when e.performed_by is not null then $4 end
     where e.partition_network = $1 and e.action_type = $2 and e.event_id = $3
       and (e.event_payload <> ''{}'' or e.remarks is not null or e.performed_by <> $4)',
    dpg_private.find_leaf('action_events', partition_network, action_type)
  )
  using partition_network, action_type, event_id, tombstone;
  emptied := dpg_private.find_event(partition_network, action_type, event_id);
  if emptied.remarks = event.remarks
    or (emptied.event_payload = event.event_payload and event.event_payload <> '{}')
    or emptied.performed_by <> tombstone
  then
    perform dpg_private.refuse_suppressed(
      'update',
      dpg_private.find_leaf('action_events', partition_network, action_type),
      jsonb_build_object('event_id', event_id)
    );
  end if;
  -- A digest of what was taken away must not stay either.
  delete from dpg_private.sent_contents s
  where s.id in (redact_event.event_id, event.action_id)
    and s.network = redact_event.partition_network
    and s.key = redact_event.action_type
    and s.root in ('item_actions', 'action_events');
  perform dpg_private.check_still_here(partition_network);
  return redaction;
end
$body$;

comment on function dpg.redact_event(text, text, text, uuid, text) is
  'For dpg_admin: empties payload and remarks of an event, and remarks and requirements of its action. Puts the
tombstone user dpg_erased_user in the place of performed_by, also in the action where the event is its last. Keeps on
record who asked for it and why. Returns that record. dpg.store_event of the event does not restore them. An event in
dpg.differing_events is emptied there.
Raises DP001, DP018.
Example: select * from dpg.redact_event(
  ''dpo'', ''yellow_dot'', ''connect'', ''44444444-4444-4444-8444-444444444444'', ''request 17 under article 17''
)';
