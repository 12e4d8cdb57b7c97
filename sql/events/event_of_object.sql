create or replace function dpg_private.event_of_object(event jsonb)
returns dpg.action_events
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  fields constant text[] := dpg_private.event_fields();
  optional constant text[] := array[
    'source_item_latitude', 'source_item_longitude', 'target_item_latitude', 'target_item_longitude', 'event_payload', 'remarks'
  ];
  -- columns of a row that was read on another instance, true there: accepted, and found out anew
  locals constant text[] := array['source_item_is_local', 'target_item_is_local'];
  field text;
  value jsonb;
  kind text;
  result dpg.action_events;
begin
  if event is null or jsonb_typeof(event) <> 'object' then
    perform dpg_private.refuse_argument('event', event, 'is not a JSON object', 'Pass an object whose fields are column names of dpg.action_events.');
  end if;
  if event - fields - locals <> '{}' then
    perform dpg_private.check_other_fields(event - fields - locals);
    event := event - array(select k.field from jsonb_object_keys(event - fields - locals) k(field));
  end if;

  foreach field in array fields || locals loop
    value := nullif(event -> field, 'null');
    continue when value is null and field = any (optional || locals);
    kind := dpg_private.kind_of_field(field);
    if not dpg_private.is_field(kind, value) then
      perform dpg_private.check_field('event.' || field, kind, value);
    end if;
  end loop;
  perform
    dpg_private.check_document(
      'event.event_payload', coalesce(nullif(event -> 'event_payload', 'null'), dpg_private.default_payload(event ->> 'action_status'))
    ),
    dpg_private.check_coordinates(
      'event.source_item_latitude', (event ->> 'source_item_latitude')::double precision,
      'event.source_item_longitude', (event ->> 'source_item_longitude')::double precision
    ),
    dpg_private.check_coordinates(
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
  result.event_payload := coalesce(nullif(event -> 'event_payload', 'null'), dpg_private.default_payload(result.action_status));
  result.created_at := dpg_private.time_of_text(event ->> 'created_at');
  return result;
end
$body$;

comment on function dpg_private.event_of_object(jsonb) is
  'The row of an event that came as JSON. What dpg_private.check_other_fields lets pass beside the fields is left out. Raises DP001 for unknown, missing or malformed fields.';
