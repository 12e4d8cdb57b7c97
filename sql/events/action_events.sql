create table if not exists dpg.action_events (
  partition_network text not null,
  action_type text not null,
  event_id uuid not null default gen_random_uuid(),
  origin_instance_domain text not null,
  action_id uuid not null,
  action_status text not null,
  update_count integer not null default 0,
  source_item_network text not null,
  source_item_domain text not null,
  source_item_type text not null,
  source_item_id uuid not null,
  source_item_instance_url text not null,
  source_item_owner text not null,
  source_item_latitude double precision,
  source_item_longitude double precision,
  target_item_network text not null,
  target_item_domain text not null,
  target_item_type text not null,
  target_item_id uuid not null,
  target_item_instance_url text not null,
  target_item_owner text not null,
  target_item_latitude double precision,
  target_item_longitude double precision,
  event_payload jsonb not null default '{}',
  remarks text,
  created_at timestamptz not null default clock_timestamp(),
  source_item_is_local boolean not null default true,
  target_item_is_local boolean not null default true,
  performed_by text,
  acting_side text,
  constraint action_events_pkey primary key (partition_network, action_type, event_id),
  constraint action_events_update_key unique (
    partition_network, action_type, origin_instance_domain, action_id, update_count
  ),
  constraint action_events_payload_check check (jsonb_typeof(event_payload) = 'object'),
  constraint action_events_update_count_check check (update_count >= 0)
)
partition by list (partition_network);

-- In databases of before 0.2.0. ACCESS EXCLUSIVE on the root and each leaf for a moment. Columns of these names that an
-- application added would be taken for ours.
do $body$
begin
  if exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = 'dpg.action_events'::pg_catalog.regclass
      and a.attname in ('performed_by', 'acting_side')
      and not a.attisdropped
      and (
        a.atttypid <> 'text'::pg_catalog.regtype
        or a.attnotnull
        or a.atthasdef
        or pg_catalog.col_description(a.attrelid, a.attnum) is null -- ours get one where they are made
      )
      and pg_catalog.obj_description(a.attrelid, 'pg_class') is not null
  ) then
    raise exception 'dpg.action_events has a column performed_by or acting_side that is not ours'
      using errcode = 'duplicate_column',
        hint = 'Rename it and migrate again: alter table dpg.action_events rename column acting_side to '
          'application_acting_side;';
  end if;
end
$body$;

alter table dpg.action_events
  add column if not exists performed_by text,
  add column if not exists acting_side text;

comment on table dpg.action_events is
  'Immutable events: one for the making and one for each change of an action, also those mirrored from other
instances. Listed by network, then by action type. Written together with the action, or by dpg.store_event; never
changed or removed (DP012).';
comment on column dpg.action_events.partition_network is 'The target''s network. First partition key.';
comment on column dpg.action_events.action_type is 'Kind of action, a key. Second partition key.';
comment on column dpg.action_events.event_id is 'Id of the event, unique within partition_network and action_type.';
comment on column dpg.action_events.origin_instance_domain is
  'URL of the instance that made the event: the one on which the action lives.';
comment on column dpg.action_events.action_id is 'The action that was created or changed.';
comment on column dpg.action_events.action_status is 'Status of the action after the change.';
comment on column dpg.action_events.update_count is
  'update_count of the action after the change, 0 for its making. Gapless within an action.';
comment on column dpg.action_events.source_item_network is 'Network of the source item.';
comment on column dpg.action_events.source_item_domain is 'Domain of the source item.';
comment on column dpg.action_events.source_item_type is 'Type of the source item.';
comment on column dpg.action_events.source_item_id is 'Id of the source item, on its own instance.';
comment on column dpg.action_events.source_item_instance_url is
  'URL of the source item''s instance when the action was created.';
comment on column dpg.action_events.source_item_owner is 'Owner of the source item when the action was created.';
comment on column dpg.action_events.source_item_latitude is
  'Degrees; where the source item was when the action was created.';
comment on column dpg.action_events.source_item_longitude is
  'Degrees; where the source item was when the action was created.';
comment on column dpg.action_events.target_item_network is 'Network of the target item.';
comment on column dpg.action_events.target_item_domain is 'Domain of the target item.';
comment on column dpg.action_events.target_item_type is 'Type of the target item.';
comment on column dpg.action_events.target_item_id is 'Id of the target item, on its own instance.';
comment on column dpg.action_events.target_item_instance_url is
  'URL of the target item''s instance when the action was created.';
comment on column dpg.action_events.target_item_owner is 'Owner of the target item when the action was created.';
comment on column dpg.action_events.target_item_latitude is
  'Degrees; where the target item was when the action was created.';
comment on column dpg.action_events.target_item_longitude is
  'Degrees; where the target item was when the action was created.';
comment on column dpg.action_events.event_payload is
  'The business event itself, a JSON object: whatever would change the meaning of the event. {"status": <status>}
unless given.';
comment on column dpg.action_events.remarks is
  'The short note that was given with this change, for people; null when none was given.';
comment on column dpg.action_events.created_at is
  'When the change was made; rises with update_count within an action.';
comment on column dpg.action_events.source_item_is_local is
  'Whether the source item is of this instance, so that source_item_owner is a user of this one.';
comment on column dpg.action_events.target_item_is_local is
  'Whether the event was created by this instance, so that target_item_owner is a user of this one; false for a
mirrored event.';
comment on column dpg.action_events.performed_by is
  'Who carried out the change for the party, a key: a service or an organisation. Null: the party itself, or an event of
before 0.2.0.';
comment on column dpg.action_events.acting_side is
  'Whose side the change came from: source or target. Null in events of before 0.2.0.';
comment on constraint action_events_pkey on dpg.action_events is 'One event of each key.';
comment on constraint action_events_update_key on dpg.action_events is 'One event for each update of an action.';
comment on constraint action_events_payload_check on dpg.action_events is 'A payload is a JSON object.';
comment on constraint action_events_update_count_check on dpg.action_events is 'update_count starts at 0.';
comment on index dpg.action_events_pkey is
  'For the repetition of transition_action, receive_transition and store_event, which name the event.';
comment on index dpg.action_events_update_key is
  'For the one event of each update: store_event, and the repetition of perform_action and receive_action, which is
compared with the first event.';
