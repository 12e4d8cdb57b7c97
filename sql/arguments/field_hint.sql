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
  when 'time' then 'A time is a JSON string in ISO 8601 with its offset, in the years 1 to 9999 of UTC, such as "2026-01-01T00:00:00.000000Z".'
  when 'schema' then 'A JSON Schema is a JSON object, or true or false.'
  when 'object' then 'Pass a JSON object, {} when there is nothing to say.'
  when 'boolean' then 'Pass true or false.'
  else format('Put a JSON %s here.', kind)
end;

comment on function dpg_private.field_hint(text) is
  'What a field of this kind of dpg_private.is_field is, in a sentence.';
