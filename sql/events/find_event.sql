create or replace function dpg_private.event_columns_sql(alias text)
returns text
language sql
immutable
parallel safe
security invoker
return replace(
  '@partition_network, @action_type, @event_id, @origin_instance_domain, @action_id, @action_status,
   @update_count, @source_item_network, @source_item_domain, @source_item_type, @source_item_id,
   @source_item_instance_url, @source_item_owner, @source_item_latitude, @source_item_longitude,
   @target_item_network, @target_item_domain, @target_item_type, @target_item_id, @target_item_instance_url,
   @target_item_owner, @target_item_latitude, @target_item_longitude, @event_payload, @remarks, @created_at,
   @source_item_is_local, @target_item_is_local, @performed_by, @acting_side',
  '@', alias
);

comment on function dpg_private.event_columns_sql(text) is
  'Our columns of dpg.action_events, in the order of dpg.found_event and dpg.feed_event. Named one by one, since an
application may add columns to the table. alias stands before each: ''e.'' or nothing.';

create or replace function dpg_private.find_event(partition_network text, action_type text, event_id uuid)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $body$
declare
  leaf regclass;
  slot smallint;
  stored dpg.action_events;
begin
  slot := dpg_private.slot_of('action_events', partition_network, action_type);
  leaf := dpg_private.find_leaf_by_slot('action_events', slot, partition_network, action_type);
  if leaf is null then
    return null;
  elsif slot is not null then
    return dpg_private.event_in_slot(slot, partition_network, action_type, event_id);
  end if;
  execute format(
    'select * from %s e where e.partition_network = $1 and e.action_type = $2 and e.event_id = $3', leaf
  )
  into stored
  using partition_network, action_type, event_id;
  return stored;
end
$body$;

comment on function dpg_private.find_event(text, text, uuid) is
  'The event of this id, as it is committed now. All columns are null where there is none.';

create or replace function dpg_private.find_event_of_update(
  partition_network text,
  action_type text,
  origin_instance_domain text,
  action_id uuid,
  update_count integer
)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $body$
declare
  leaf regclass;
  slot smallint;
  stored dpg.action_events;
begin
  slot := dpg_private.slot_of('action_events', partition_network, action_type);
  leaf := dpg_private.find_leaf_by_slot('action_events', slot, partition_network, action_type);
  if leaf is null then
    return null;
  elsif slot is not null then
    return dpg_private.event_of_update_in_slot(
      slot, partition_network, action_type, origin_instance_domain, action_id, update_count
    );
  end if;
  execute format(
    'select * from %s e
     where e.partition_network = $1 and e.action_type = $2 and e.origin_instance_domain = $3
       and e.action_id = $4 and e.update_count = $5',
    leaf
  )
  into stored
  using partition_network, action_type, origin_instance_domain, action_id, update_count;
  return stored;
end
$body$;

comment on function dpg_private.find_event_of_update(text, text, text, uuid, integer) is
  'The event of this update of an action, as it is committed now. All columns are null where there is none.';

create or replace function dpg_private.different_event_refusal(stored dpg.action_events)
returns dpg_private.refusal
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return row(
    'DP008',
    format(
      'event %s of %L/%L is there already, with other content',
      stored.event_id, stored.partition_network, stored.action_type
    ),
    'Repeat a call with exactly what it said the first time; another change or event needs an id of its own.',
    -- no more than its id: it may belong to an action that is not the caller's
    jsonb_build_object(
      'partition_network', stored.partition_network, 'action_type', stored.action_type, 'event_id', stored.event_id
    )
  )::dpg_private.refusal;
end
$body$;

comment on function dpg_private.different_event_refusal(dpg.action_events) is
  'DP008 for an event that is there with other content.';

create or replace function dpg_private.refuse_different_event(stored dpg.action_events)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.raise_refusal(dpg_private.different_event_refusal(stored));
end
$body$;

comment on function dpg_private.refuse_different_event(dpg.action_events) is
  'Raises dpg_private.different_event_refusal.';
