create or replace function dpg_private.check_network_part(document jsonb, path text[], kind text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  part constant jsonb := document #> path;
  is_right boolean;
begin
  is_right := case kind
    when 'key' then jsonb_typeof(part) = 'string' and dpg_private.is_key(part #>> '{}')
    when 'url' then jsonb_typeof(part) = 'string' and dpg_private.is_url(part #>> '{}')
    when 'schema' then jsonb_typeof(part) in ('object', 'boolean')
    else jsonb_typeof(part) = kind
  end;
  if is_right is not true then
    perform dpg_private.refuse_network_document(
      path,
      part,
      case when part is null then 'is missing' else 'is malformed' end,
      case kind
        when 'key' then 'A name is a JSON string of 1 to 120 characters that is not all white space.'
        when 'url' then 'A URL is a JSON string of 1 to 1,024 bytes that is not all white space.'
        when 'schema' then 'A JSON Schema is a JSON object, or true or false.'
        else format('Put a JSON %s here.', kind)
      end
    );
  end if;
end
$body$;

comment on function dpg_private.check_network_part(jsonb, text[], text) is
  'Raises DP001 unless the part of a network document at path is of this kind: key, url, schema, object or array.';
