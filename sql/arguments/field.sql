create or replace function dpg_private.is_degrees(value jsonb, most double precision)
returns boolean
language plpgsql
immutable -- not parallel safe: a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- compared as it would be stored: 90.00000000000000000001 is 90, and double precision has no 1e-400
  return case when jsonb_typeof(value) = 'number' then abs(value::double precision) <= most else false end;
exception
  when numeric_value_out_of_range then
    return false;
end
$body$;

comment on function dpg_private.is_degrees(jsonb, double precision) is
  'Whether value is a JSON number that double precision holds and that lies between -most and most.';

create or replace function dpg_private.is_uuid(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
-- 32 digits, with or without a hyphen after each four, all of it in braces or not: what the type itself accepts
return coalesce(
  value ~ '^([0-9A-Fa-f]{4}(-?[0-9A-Fa-f]{4}){7}|[{][0-9A-Fa-f]{4}(-?[0-9A-Fa-f]{4}){7}[}])$',
  false
);

comment on function dpg_private.is_uuid(text) is
  'Whether value is a UUID in any form that the type accepts: also in upper case, in braces, without hyphens. False
for null.';

create or replace function dpg_private.kind_of_field(field text)
returns text
language sql
immutable
parallel safe
security invoker
return case
  when field in (
    'item_network', 'item_domain', 'item_type', 'item_status', 'partition_network', 'action_type', 'action_status',
    'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_owner',
    'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_owner', 'performed_by'
  ) then 'key'
  when field in (
    'item_instance_url', 'item_schema_url', 'origin_instance_domain', 'source_item_instance_url',
    'target_item_instance_url'
  ) then 'url'
  when field in ('item_id', 'event_id', 'action_id', 'source_item_id', 'target_item_id') then 'uuid'
  when field in ('item_latitude', 'source_item_latitude', 'target_item_latitude') then 'latitude'
  when field in ('item_longitude', 'source_item_longitude', 'target_item_longitude') then 'longitude'
  when field in ('item_state', 'event_payload') then 'object'
  when field in ('source_item_is_local', 'target_item_is_local') then 'boolean'
  when field = 'update_count' then 'count'
  when field = 'remarks' then 'remarks'
  when field = 'created_at' then 'time'
  when field = 'acting_side' then 'side'
end;

comment on function dpg_private.kind_of_field(text) is
  'Which kind of dpg_private.is_field a field of an item or an event is; null for a field of neither.';

create or replace function dpg_private.is_field(kind text, value jsonb)
returns boolean
language plpgsql
stable -- not parallel safe: some kinds are tried by a cast, in a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return coalesce(
    case kind
      when 'key' then jsonb_typeof(value) = 'string' and dpg_private.is_key(value #>> '{}')
      when 'url' then jsonb_typeof(value) = 'string' and dpg_private.is_url(value #>> '{}')
      when 'uuid' then jsonb_typeof(value) = 'string' and dpg_private.is_uuid(value #>> '{}')
      when 'latitude' then dpg_private.is_degrees(value, 90)
      when 'longitude' then dpg_private.is_degrees(value, 180)
      -- 1.0 is 1 in JSON, and some languages write it so
      when 'count' then jsonb_typeof(value) = 'number' and case
        when (value #>> '{}')::numeric between 0 and 2147483647 then (value #>> '{}')::numeric % 1 = 0
      end
      when 'remarks' then jsonb_typeof(value) = 'string' and octet_length(value #>> '{}') <= 65536
      when 'time' then jsonb_typeof(value) = 'string' and dpg_private.time_of_text(value #>> '{}') is not null
      when 'side' then value in ('"source"', '"target"')
      when 'schema' then jsonb_typeof(value) in ('object', 'boolean')
      else jsonb_typeof(value) = kind
    end,
    false
  );
end
$body$;

comment on function dpg_private.is_field(text, jsonb) is
  'Whether value is a field of this kind. The one reader of JSON fields: of items, changes, events and network
documents. Kinds: key, url, uuid, latitude, longitude (degrees), count, remarks, time, side, schema; and object, array,
boolean as in JSON. A value that a cast to the type of its column accepts is one, such as every form of a UUID. False
for null and for a field that is missing. dpg_private.check_document limits the size of an object.';

create or replace function dpg_private.field_hint(kind text)
returns text
language sql
stable
parallel safe
security invoker
return case kind
  when 'key' then 'A key is a JSON string of 1 to 120 characters that is not all white space.'
  when 'url' then 'A URL is a JSON string of 1 to 1,024 bytes that is not all white space.'
  when 'uuid' then 'An id is a UUID, a JSON string such as "11111111-1111-4111-8111-111111111111".'
  when 'latitude' then 'A latitude is a JSON number of degrees from -90 to 90, in double precision.'
  when 'longitude' then 'A longitude is a JSON number of degrees from -180 to 180, in double precision.'
  when 'count' then 'A count is a whole number from 0 to 2,147,483,647.'
  when 'remarks' then 'Remarks are a JSON string of at most 65,536 bytes.'
  when 'time' then
    'A time is a JSON string in ISO 8601 with its offset, in the years 1 to 9999 of UTC, '
      'such as "2026-01-01T00:00:00.000000Z".'
  when 'side' then 'A side is "source" or "target".'
  when 'schema' then 'A JSON Schema is a JSON object, or true or false.'
  when 'object' then 'Pass a JSON object, {} when there is nothing to say.'
  when 'boolean' then 'Pass true or false.'
  else format('Put a JSON %s here.', kind)
end;

comment on function dpg_private.field_hint(text) is
  'What a field of this kind of dpg_private.is_field is, in a sentence.';

create or replace function dpg_private.field_refusal(argument text, kind text, value jsonb, index integer default null)
returns dpg_private.refusal
language sql
stable
parallel safe
security invoker
return dpg_private.argument_refusal(
  argument, value, case when value is null then 'is missing' else 'is malformed' end,
  dpg_private.field_hint(kind), index
);

comment on function dpg_private.field_refusal(text, text, jsonb, integer) is
  'DP001 for a value that is no field of this kind of dpg_private.is_field.
index is the position in an array, counted from 0.';

create or replace function dpg_private.refuse_field(argument text, kind text, value jsonb, index integer default null)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.raise_refusal(dpg_private.field_refusal(argument, kind, value, index));
end
$body$;

comment on function dpg_private.refuse_field(text, text, jsonb, integer) is
  'Raises dpg_private.field_refusal.';
