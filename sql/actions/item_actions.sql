create table if not exists dpg.item_actions (
  partition_network text not null,
  action_type text not null,
  action_id uuid not null default gen_random_uuid(),
  action_status text not null,
  update_count integer not null default 0,
  requirements_snapshot jsonb not null default '{}',
  remarks text,
  source_item_network text not null,
  source_item_domain text not null,
  source_item_type text not null,
  source_item_id uuid not null,
  source_item_instance_url text not null,
  source_item_owner text not null,
  target_item_network text not null,
  target_item_domain text not null,
  target_item_type text not null,
  target_item_id uuid not null,
  target_item_instance_url text not null,
  target_item_owner text not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  source_item_latitude double precision,
  source_item_longitude double precision,
  target_item_latitude double precision,
  target_item_longitude double precision,
  source_item_is_local boolean not null default true,
  source_local_item_id uuid,
  performed_by text,
  constraint item_actions_pkey primary key (partition_network, action_type, action_id),
  constraint item_actions_partition_check check (partition_network = target_item_network),
  constraint item_actions_requirements_check check (jsonb_typeof(requirements_snapshot) = 'object'),
  constraint item_actions_update_count_check check (update_count >= 0),
  constraint item_actions_source_local_check check (
    source_local_item_id is null
    or (source_local_item_id = source_item_id and source_item_network = partition_network and source_item_is_local)
  )
)
partition by list (partition_network);

-- In databases of before 0.2.0. ACCESS EXCLUSIVE on the root and each leaf for a moment. A column of this name that an
-- application added would be taken for ours.
do $body$
begin
  if exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = 'dpg.item_actions'::pg_catalog.regclass
      and a.attname = 'performed_by'
      and not a.attisdropped
      and (
        a.atttypid <> 'text'::pg_catalog.regtype
        or a.attnotnull
        or a.atthasdef
        or pg_catalog.col_description(a.attrelid, a.attnum) is null -- ours gets one where it is made
      )
      and pg_catalog.obj_description(a.attrelid, 'pg_class') is not null
  ) then
    raise exception 'dpg.item_actions has a column performed_by that is not ours'
      using errcode = 'duplicate_column',
        hint = 'Rename it and migrate again: alter table dpg.item_actions rename column performed_by to '
          'application_performed_by;';
  end if;
end
$body$;

alter table dpg.item_actions add column if not exists performed_by text;

comment on table dpg.item_actions is
  'The current state of each action: a request from a source item to a target item of this instance. Listed by the
target''s network, then by action type. Written by dpg.perform_action, receive_action, transition_action and
receive_transition.';
comment on column dpg.item_actions.partition_network is 'The target''s network. First partition key.';
comment on column dpg.item_actions.action_type is 'Kind of action, a key, such as connect. Second partition key.';
comment on column dpg.item_actions.action_id is 'Id of the action, unique within partition_network and action_type.';
comment on column dpg.item_actions.action_status is 'Current status, a key.';
comment on column dpg.item_actions.update_count is
  'How often the action has changed: 0 when created, one more with each transition.';
comment on column dpg.item_actions.requirements_snapshot is
  'What the source asked for when the action was created, a JSON object.';
comment on column dpg.item_actions.remarks is 'The latest short note on the status, for people.';
comment on column dpg.item_actions.source_item_network is 'Network of the item that the action starts from.';
comment on column dpg.item_actions.source_item_domain is 'Domain of the source item.';
comment on column dpg.item_actions.source_item_type is 'Type of the source item.';
comment on column dpg.item_actions.source_item_id is 'Id of the source item, on its own instance.';
comment on column dpg.item_actions.source_item_instance_url is
  'URL of the source item''s instance when the action was created.';
comment on column dpg.item_actions.source_item_owner is
  'Owner of the source item when the action was created: the party that initiated.';
comment on column dpg.item_actions.target_item_network is
  'Network of the item that the action is for; equal to partition_network.';
comment on column dpg.item_actions.target_item_domain is 'Domain of the target item.';
comment on column dpg.item_actions.target_item_type is 'Type of the target item.';
comment on column dpg.item_actions.target_item_id is 'Id of the target item, an item of this instance.';
comment on column dpg.item_actions.target_item_instance_url is
  'URL of the target item''s instance when the action was created; the origin of the action''s events.';
comment on column dpg.item_actions.target_item_owner is
  'Owner of the target item when the action was created: the party that received.';
comment on column dpg.item_actions.created_at is 'When the action was created: the time of its first event.';
comment on column dpg.item_actions.updated_at is 'When the action last changed: the time of its last event.';
comment on column dpg.item_actions.source_item_latitude is
  'Degrees; where the source item was when the action was created. Copied to each event, so that a transition reads no
item.';
comment on column dpg.item_actions.source_item_longitude is
  'Degrees; where the source item was when the action was created.';
comment on column dpg.item_actions.target_item_latitude is
  'Degrees; where the target item was when the action was created.';
comment on column dpg.item_actions.target_item_longitude is
  'Degrees; where the target item was when the action was created.';
comment on column dpg.item_actions.source_item_is_local is
  'Whether the source item is of this instance. Where it is not, source_item_owner is a user of another instance,
and no user of this one is that party, whatever the id.';
comment on column dpg.item_actions.source_local_item_id is
  'source_item_id when the source is an item of this instance in the same network, else null: the part of the
foreign key to items that can be left unchecked. Set by the functions, never by callers.';
comment on column dpg.item_actions.performed_by is
  'Who carried out the last change for the party, a key: a service or an organisation. Null: the party itself.';
comment on constraint item_actions_pkey on dpg.item_actions is 'One action of each key.';
comment on constraint item_actions_partition_check on dpg.item_actions is 'An action lies in its target''s network.';
comment on constraint item_actions_requirements_check on dpg.item_actions is 'Requirements are a JSON object.';
comment on constraint item_actions_update_count_check on dpg.item_actions is 'update_count starts at 0.';
comment on constraint item_actions_source_local_check on dpg.item_actions is
  'source_local_item_id is null or the id of a source of this instance and network.';
comment on index dpg.item_actions_pkey is
  'For every call that names an action: get_action, transition_action and receive_transition; and for the repetition
of perform_action and receive_action.';
