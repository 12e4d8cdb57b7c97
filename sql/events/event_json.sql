create or replace function dpg_private.event_fields()
returns text[]
language sql
immutable
parallel safe
security invoker
return array[
  'partition_network', 'action_type', 'event_id', 'origin_instance_domain', 'action_id', 'action_status',
  'update_count',
  'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_id', 'source_item_instance_url',
  'source_item_owner', 'source_item_latitude', 'source_item_longitude',
  'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_id', 'target_item_instance_url',
  'target_item_owner', 'target_item_latitude', 'target_item_longitude',
  'event_payload', 'remarks', 'created_at', 'performed_by', 'acting_side'
];

comment on function dpg_private.event_fields() is
  'The fields of an event that travels from one instance to another, in the order of the columns.';

create or replace function dpg_private.event_version()
returns integer
language sql
immutable
parallel safe
security invoker
return 2;

comment on function dpg_private.event_version() is
  'The version of events that this database knows. It rises when dpg_private.event_fields gets a field. 1 is what
0.1.0 sends, which names none. 2 has performed_by and acting_side.';

create or replace function dpg_private.check_unknown_fields(others jsonb)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  version constant jsonb := others -> 'version';
  unknown text;
begin
  if others ? 'version' and (not dpg_private.is_field('count', version) or version = '0') then
    perform dpg_private.refuse_argument(
      'event.version', version, 'is not a version',
      format(
        'The version of an event is a whole number from 1 on; this instance knows up to %s.',
        dpg_private.event_version()
      )
    );
  end if;
  if (version #>> '{}')::numeric > dpg_private.event_version() then
    return; -- what a newer version has more, we could not keep
  end if;
  -- Columns that an application has added to its table on both instances: here they take their default.
  select k.field
  into unknown
  from jsonb_object_keys(others) k(field)
  where k.field <> 'version'
    and not exists (
      select
      from pg_attribute a
      where a.attrelid = 'dpg.action_events'::regclass
        and a.attname = k.field
        and a.attnum > 0
        and not a.attisdropped
    )
  order by k.field
  limit 1;
  if found then
    perform dpg_private.refuse_argument(
      'event.' || left(unknown, 120), others -> unknown, 'is not a field of an event',
      format(
        'An event has the fields %s. Leave out what an application has added to the table on the other instance, '
          'as the rows of dpg.read_events do. Fields of a version that is newer than %s are ignored when the event '
          'names it: "version".',
        array_to_string(dpg_private.event_fields(), ', '), dpg_private.event_version()
      )
    );
  end if;
end
$body$;

comment on function dpg_private.check_unknown_fields(jsonb) is
  'What stands in an event beside its fields: its version, columns that an application has added to the table here,
whose values are not taken over, and, in a newer version than ours, anything. Raises DP001 for all else.';

create or replace function dpg_private.parse_event(event jsonb)
returns dpg.action_events
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  fields constant text[] := dpg_private.event_fields();
  optional constant text[] := array[
    'source_item_latitude', 'source_item_longitude', 'target_item_latitude', 'target_item_longitude', 'event_payload',
    'remarks', 'performed_by', 'acting_side'
  ];
  -- columns of a row that was read on another instance, true there: accepted, and found out anew
  locals constant text[] := array['source_item_is_local', 'target_item_is_local'];
  field text;
  value jsonb;
  kind text;
  result dpg.action_events;
begin
  if event is null or jsonb_typeof(event) <> 'object' then
    perform dpg_private.refuse_argument(
      'event', event, 'is not a JSON object', 'Pass an object whose fields are column names of dpg.action_events.'
    );
  end if;
  if event - fields - locals <> '{}' then
    perform dpg_private.check_unknown_fields(event - fields - locals);
    event := event - array(select k.field from jsonb_object_keys(event - fields - locals) k(field));
  end if;

  foreach field in array fields || locals loop
    value := nullif(event -> field, 'null');
    continue when value is null and field = any (optional || locals);
    kind := dpg_private.kind_of_field(field);
    if not dpg_private.is_field(kind, value) then
      perform dpg_private.refuse_field('event.' || field, kind, value);
    end if;
  end loop;
  perform
    dpg_private.check_document(
      'event.event_payload',
      coalesce(
        nullif(event -> 'event_payload', 'null'), dpg_private.default_payload(event ->> 'action_status')
      )
    ),
    dpg_private.check_coordinates_or_none(
      'event.source_item_latitude', (event ->> 'source_item_latitude')::double precision,
      'event.source_item_longitude', (event ->> 'source_item_longitude')::double precision
    ),
    dpg_private.check_coordinates_or_none(
      'event.target_item_latitude', (event ->> 'target_item_latitude')::double precision,
      'event.target_item_longitude', (event ->> 'target_item_longitude')::double precision
    );
  if event ->> 'partition_network' <> event ->> 'target_item_network' then
    perform dpg_private.refuse_argument(
      'event.partition_network', event -> 'partition_network', 'is not the target''s network',
      'partition_network is equal to target_item_network.'
    );
  end if;
  result := jsonb_populate_record(null::dpg.action_events, event - array['created_at', 'update_count'] - locals);
  result.update_count := (event -> 'update_count')::integer; -- 1.0 is 1
  result.event_payload := coalesce(
    nullif(event -> 'event_payload', 'null'), dpg_private.default_payload(result.action_status)
  );
  result.created_at := dpg_private.time_of_text(event ->> 'created_at');
  return result;
end
$body$;

comment on function dpg_private.parse_event(jsonb) is
  'The row of an event that came as JSON. What dpg_private.check_unknown_fields lets pass beside the fields is left
out. Raises DP001 for unknown, missing or malformed fields.';

create or replace function dpg_private.event_to_json(event dpg.action_events)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- the same digits of coordinates, and the same times, in every session
set timezone = 'UTC'
return (
  select jsonb_object_agg(f.field, f.value)
  from jsonb_each(to_jsonb(event)) f(field, value)
  where f.field = any (dpg_private.event_fields())
);

comment on function dpg_private.event_to_json(dpg.action_events) is
  'An event as the object that dpg.store_event takes, without what an application has added to the table.';

create or replace function dpg_private.fill_missing_fields(
  event jsonb,
  proposed dpg.action_events,
  stored dpg.action_events
)
returns dpg.action_events
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not event ? 'source_item_latitude' and not event ? 'source_item_longitude' then
    proposed.source_item_latitude := stored.source_item_latitude;
    proposed.source_item_longitude := stored.source_item_longitude;
  end if;
  if not event ? 'target_item_latitude' and not event ? 'target_item_longitude' then
    proposed.target_item_latitude := stored.target_item_latitude;
    proposed.target_item_longitude := stored.target_item_longitude;
  end if;
  if not event ? 'remarks' then
    proposed.remarks := stored.remarks;
  end if;
  if not event ? 'performed_by' then
    proposed.performed_by := stored.performed_by;
  end if;
  if not event ? 'acting_side' then
    proposed.acting_side := stored.acting_side;
  end if;
  return proposed;
end
$body$;

comment on function dpg_private.fill_missing_fields(jsonb, dpg.action_events, dpg.action_events) is
  'The event that came as this object, with the stored one''s value in each column that may be null and that the
object does not name: a sender of an older version does not know it, and so says nothing of it.';
