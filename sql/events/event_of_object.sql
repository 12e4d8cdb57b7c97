create or replace function dpg_private.event_of_object(event jsonb)
returns dpg.action_events
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  keys constant text[] := array[
    'partition_network', 'action_type', 'action_status', 'source_item_network', 'source_item_domain', 'source_item_type',
    'source_item_owner', 'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_owner'
  ];
  urls constant text[] := array['origin_instance_domain', 'source_item_instance_url', 'target_item_instance_url'];
  ids constant text[] := array['event_id', 'action_id', 'source_item_id', 'target_item_id'];
  coordinates constant text[] := array[
    'source_item_latitude', 'source_item_longitude', 'target_item_latitude', 'target_item_longitude'
  ];
  others constant text[] := array['update_count', 'event_payload', 'remarks', 'created_at'];
  -- columns of a row that was read on another instance, true there: accepted, and found out anew
  locals constant text[] := array['source_item_is_local', 'target_item_is_local'];
  field text;
  value jsonb;
  hint text;
  result dpg.action_events;
begin
  if event is null or jsonb_typeof(event) <> 'object' then
    perform dpg_private.refuse_argument('event', event, 'is not a JSON object', 'Pass an object whose fields are column names of dpg.action_events.');
  end if;
  for field in select k.field from jsonb_object_keys(event) k(field) order by k.field loop
    if field <> all (keys || urls || ids || coordinates || others || locals) then
      perform dpg_private.refuse_argument(
        'event.' || left(field, 120), event -> field, 'is not a field of an event',
        format('An event has the fields %s.', array_to_string(keys || urls || ids || coordinates || others, ', '))
      );
    end if;
  end loop;

  foreach field in array keys || urls || ids || coordinates || others || locals loop
    value := nullif(event -> field, 'null');
    hint := case
      when field = any (keys) then
        case when jsonb_typeof(value) is distinct from 'string' or not dpg_private.is_key(value #>> '{}')
          then 'A key is text of 1 to 120 characters that is not all white space.' end
      when field = any (urls) then
        case when jsonb_typeof(value) is distinct from 'string' or not dpg_private.is_url(value #>> '{}')
          then 'A URL is text of 1 to 1,024 bytes that is not all white space.' end
      when field = any (ids) then
        case when jsonb_typeof(value) is distinct from 'string'
          or value #>> '{}' !~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$'
          then 'An id is a UUID in its usual form, such as 11111111-1111-4111-8111-111111111111.' end
      when field = any (coordinates) then
        case when jsonb_typeof(value) <> 'number'
          or not abs((value #>> '{}')::numeric) <= case when field like '%latitude' then 90 else 180 end
          or (value #>> '{}')::numeric <> 0 and abs((value #>> '{}')::numeric) < 1e-300 -- nothing that double precision holds
          then 'A latitude is a number of degrees from -90 to 90, a longitude from -180 to 180.' end
      when field = 'update_count' then
        case when jsonb_typeof(value) is distinct from 'number' or value #>> '{}' !~ '^[0-9]{1,10}$'
          or (value #>> '{}')::numeric > 2147483647
          then 'update_count is a whole number, 0 or more.' end
      when field = 'remarks' then
        case when jsonb_typeof(value) <> 'string' or octet_length(value #>> '{}') > 65536
          then 'remarks are text of at most 65,536 bytes, or null.' end
      when field = 'created_at' then
        case when jsonb_typeof(value) is distinct from 'string' or dpg_private.time_of_text(value #>> '{}') is null
          then 'A time is text in ISO 8601 with its offset, such as 2026-01-01T00:00:00.000000Z.' end
      when field = any (locals) then
        case when jsonb_typeof(value) <> 'boolean' then 'It is true or false on the instance that it was read from, and found out anew here.' end
    end;
    if hint is not null then
      perform dpg_private.refuse_argument(
        'event.' || field, value, case when value is null then 'is missing' else 'is malformed' end, hint
      );
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
  result := jsonb_populate_record(null::dpg.action_events, event - array['created_at'] - locals);
  result.event_payload := coalesce(nullif(event -> 'event_payload', 'null'), dpg_private.default_payload(result.action_status));
  result.created_at := dpg_private.time_of_text(event ->> 'created_at');
  return result;
end
$body$;

comment on function dpg_private.event_of_object(jsonb) is
  'The row of an event that came as JSON. Raises DP001 for unknown, missing or malformed fields.';
