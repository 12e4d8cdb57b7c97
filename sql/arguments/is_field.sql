create or replace function dpg_private.is_field(kind text, value jsonb)
returns boolean
language plpgsql
stable -- not parallel safe: what asks a type by a cast does so in a subtransaction
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
      when 'schema' then jsonb_typeof(value) in ('object', 'boolean')
      else jsonb_typeof(value) = kind
    end,
    false
  );
end
$body$;

comment on function dpg_private.is_field(text, jsonb) is
  'The one reader of JSON fields: whether value is one of this kind, for items, changes, events and network documents alike. Kinds: key, url, uuid, latitude, longitude (degrees), count, remarks, time, schema; and object, array, boolean as in JSON. What a cast to the type of the column takes is one, such as every form of a UUID. False for null and for what is missing. How long and how deep an object may be, dpg_private.check_document says.';
