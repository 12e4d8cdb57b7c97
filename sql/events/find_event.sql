create or replace function dpg_private.find_event(partition_network text, action_type text, event_id uuid)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass := dpg_private.find_leaf('action_events', partition_network, action_type);
  stored dpg.action_events;
begin
  if leaf is not null then
    execute format(
      'select * from %s e where e.partition_network = $1 and e.action_type = $2 and e.event_id = $3', leaf
    )
    into stored
    using partition_network, action_type, event_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.find_event(text, text, uuid) is
  'The event of this id as committed by now; all columns null where there is none.';

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
as $body$
declare
  leaf regclass := dpg_private.find_leaf('action_events', partition_network, action_type);
  stored dpg.action_events;
begin
  if leaf is not null then
    execute format(
      'select * from %s e
       where e.partition_network = $1 and e.action_type = $2 and e.origin_instance_domain = $3
         and e.action_id = $4 and e.update_count = $5',
      leaf
    )
    into stored
    using partition_network, action_type, origin_instance_domain, action_id, update_count;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.find_event_of_update(text, text, text, uuid, integer) is
  'The event of this update of an action as committed by now; all columns null where there is none.';

create or replace function dpg_private.refuse_different_event(stored dpg.action_events)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP008',
    message = dpg_private.text_for_client(format(
      'event %s of %L/%L is there already, with other content',
      stored.event_id, stored.partition_network, stored.action_type
    )),
    hint = 'Repeat a call with exactly what it said the first time; another change or event needs an id of its own.',
    -- no more than its id: it may belong to an action that is not the caller's
    detail = dpg_private.text_for_client(jsonb_build_object(
      'partition_network', stored.partition_network, 'action_type', stored.action_type, 'event_id', stored.event_id
    )::text);
end
$body$;

comment on function dpg_private.refuse_different_event(dpg.action_events) is
  'Raises DP008 for an event that is there with other content.';
